// Somebody with stanza, over a WebSocket. It reads and writes what was defined, and nothing else.

import { createClient } from 'stanza';
import jxt from 'stanza/jxt/index.js';

import { DOMAIN, Queue, SERVICE, assert, password, websocket, within } from '../script.js';
import { ELEMENTS } from './elements.js';

/** What the library calls an element: some of the names are its own already. */
const key = (name) => `itse${name}`;

const definitions = ELEMENTS.map(({ name, xmlns, attributes, children }) => ({
  element: name,
  namespace: xmlns,
  aliases: [`iq.${key(name)}`, `message.${key(name)}`],
  fields: Object.fromEntries([
    ...attributes.map((name) => [name, jxt.attribute(name)]),
    ...children.map((name) => [name, jxt.multipleChildText(null, name)]),
  ]),
}));

export class Person {
  constructor(name) {
    this.name = name;
    this.messages = new Queue();
  }

  async login() {
    this.xmpp = createClient({
      jid: `${this.name}@${DOMAIN}`,
      password: password(this.name),
      transports: { websocket: await websocket(), bosh: false },
    });
    this.xmpp.stanzas.define(definitions);
    this.xmpp.on('message', (message) => this.messages.put(message));
    const started = new Promise((resolve, reject) => {
      this.xmpp.on('session:started', resolve);
      this.xmpp.on('auth:failed', () => reject(new Error('the password was refused')));
    });
    this.xmpp.connect();
    await within('a login', started);
    this.xmpp.sendPresence();
  }

  async ask(type, to, name, fields) {
    try {
      return (await this.xmpp.sendIQ({ type, to, [key(name)]: fields }))[key(name)] ?? {};
    } catch (answer) {
      throw answer.error ?? answer;
    }
  }

  async hears(name) {
    const message = await this.messages.next(`<${name}/>`, (message) => message[key(name)]);
    assert.ok(message.from.endsWith(SERVICE), JSON.stringify(message));
    return message[key(name)];
  }
}
