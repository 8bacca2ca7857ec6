// Somebody with @xmpp/client.

import { client, xml } from '@xmpp/client';

import { DOMAIN, Queue, SERVICE, XMPP_PORT, assert, password, within } from '../script.js';
import { element } from './elements.js';

export class Person {
  constructor(name) {
    this.messages = new Queue();
    this.xmpp = client({
      service: `xmpp://127.0.0.1:${XMPP_PORT}`, domain: DOMAIN, username: name, password: password(name),
    });
    this.xmpp.on('stanza', (stanza) => stanza.is('message') && this.messages.put(stanza));
    this.xmpp.on('error', (error) => console.log(String(error)));
  }

  async login() {
    await within('a login', this.xmpp.start());
    await this.xmpp.send(xml('presence'));
  }

  async ask(type, to, name, fields) {
    const { xmlns, attributes, children } = element(name);
    const attrs = Object.fromEntries(attributes.map((name) => [name, fields[name]]));
    const texts = children.flatMap((name) => (fields[name] ?? []).map((text) => xml(name, {}, text)));
    const iq = xml('iq', { type, to }, xml(name, { xmlns, ...attrs }, ...texts));
    try {
      return read((await this.xmpp.iqCaller.request(iq)).getChild(name, xmlns), name);
    } catch (error) {
      throw Object.assign(error, { code: error.application?.name });
    }
  }

  /** Answers an introduction, or claims to. */
  async answers(to, jid, details) {
    const { xmlns } = element('contact');
    const children = [xml('info', {}, JSON.stringify(details)), xml('jid', {}, jid)];
    await this.xmpp.send(xml('message', { to, type: 'chat' }, xml('contact', { xmlns }, ...children)));
  }

  async hears(name) {
    const { xmlns } = element(name);
    const message = await this.messages.next(`<${name}/>`, (stanza) => stanza.getChild(name, xmlns));
    assert.ok(message.attrs.from.endsWith(SERVICE), message.toString());
    return read(message.getChild(name, xmlns), name);
  }
}

/** The fields of an element, if there is one. */
function read(found, name) {
  const texts = element(name).children.map((name) => [name, found?.getChildren(name).map((child) => child.text())]);
  return { ...found?.attrs, ...Object.fromEntries(texts) };
}
