// Somebody with strophe.js, over a WebSocket.

import { $iq, $pres, Strophe } from 'strophe.js';

import { DOMAIN, Queue, SERVICE, assert, password, websocket, within } from '../script.js';
import { element } from './elements.js';

const STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
const ERRORS = 'it-se.me:errors';

export class Person {
  constructor(name) {
    this.name = name;
    this.messages = new Queue();
  }

  async login() {
    this.xmpp = new Strophe.Connection(await websocket());
    const hear = (message) => {
      this.messages.put(message);
      return true; // and the next one
    };
    this.xmpp.addHandler(hear, null, 'message');
    const connected = new Promise((resolve, reject) => {
      this.xmpp.connect(`${this.name}@${DOMAIN}`, password(this.name), (status, condition) => {
        if (status === Strophe.Status.CONNECTED) resolve();
        if ([Strophe.Status.AUTHFAIL, Strophe.Status.CONNFAIL].includes(status)) reject(new Error(condition));
      });
    });
    await within('a login', connected);
    this.xmpp.send($pres());
  }

  ask(type, to, name, fields) {
    const { xmlns, attributes, children } = element(name);
    const attrs = attributes.filter((name) => fields[name]).map((name) => [name, fields[name]]);
    const iq = $iq({ type, to }).c(name, { xmlns, ...Object.fromEntries(attrs) });
    for (const name of children) {
      for (const text of fields[name] ?? []) iq.c(name).t(text).up();
    }
    const answered = new Promise((resolve, reject) => {
      this.xmpp.sendIQ(iq, (answer) => resolve(read(answer, name)), (answer) => reject(refusal(answer)));
    });
    return within(`an answer to <${name}/>`, answered);
  }

  async hears(name) {
    const message = await this.messages.next(`<${name}/>`, (stanza) => find(stanza, name));
    assert.ok(message.getAttribute('from').endsWith(SERVICE), Strophe.serialize(message));
    return read(message, name);
  }
}

const find = (stanza, name) => stanza.getElementsByTagNameNS(element(name).xmlns, name)[0];

/** The fields of an element, if the stanza has it. */
function read(stanza, name) {
  const found = find(stanza, name);
  const all = [...(found?.childNodes ?? [])];
  const texts = (name) => all.filter((child) => child.nodeName === name).map((child) => child.textContent);
  const { attributes, children } = element(name);
  return Object.fromEntries([
    ...attributes.map((name) => [name, found?.getAttribute(name) ?? undefined]),
    ...children.map((name) => [name, texts(name)]),
  ]);
}

/** The library hands over the stanza, or nothing when nobody has answered. */
function refusal(stanza) {
  if (!stanza) return new Error('nobody has answered');
  const error = stanza.getElementsByTagName('error')[0];
  const parts = [...error.childNodes];
  const named = (xmlns, wanted) => parts.find((part) => part.namespaceURI === xmlns && wanted(part.localName));
  return {
    type: error.getAttribute('type'),
    condition: named(STANZAS, (name) => name !== 'text')?.localName,
    text: named(STANZAS, (name) => name === 'text')?.textContent,
    code: named(ERRORS, () => true)?.localName,
  };
}
