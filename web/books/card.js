// A contact of a vCard or a jCard, and the properties that say anything of it.

import { emails, jids, messages, phones } from './value.js';

const NAMES = ['FN', 'N', 'NICKNAME', 'ORG']; // the best first
const DETAILS = ['TEL', 'EMAIL', 'IMPP', 'SOCIALPROFILE', 'URL'];
/** They only ever have Jabber IDs: of most programs, of Google's and Android's, of KDE's older ones. */
const JABBER = ['X-JABBER', 'X-XMPP', 'X-GOOGLE-TALK', 'X-GTALK', 'X-MESSAGING/XMPP-ALL', 'X-EVOLUTION-JABBER'];
/** Parameters that name a messenger: vCard 4.0, RFC 9554, Apple's, KDE's. */
const SERVICE = ['TYPE', 'SERVICE-TYPE', 'X-SERVICE-TYPE', 'X-SERVICE', 'X-PROTOCOL'];

export class Card {
  #names = {};
  #details = [];

  /** Most properties, and all the large ones, say nothing that is looked for. */
  static isWanted(name) {
    return [NAMES, DETAILS, JABBER].some((list) => list.includes(name));
  }

  /** Adds a property: its name in upper case without the group, its parameters, and its value, decoded but not yet unescaped. */
  addProperty(name, parameters, value) {
    const text = unescaped(value);
    if (NAMES.includes(name)) this.#names[name] ??= nameOf(name, value);
    else if (name === 'TEL') this.#add('phone', phones(text));
    else if (name === 'EMAIL') this.#add('email', emails(text));
    else if (JABBER.includes(name)) this.#add('xmpp', jids(text));
    else if (name === 'URL') this.#add('xmpp', /^xmpp:/i.test(text) ? [text] : []);
    else {
      // Cards that were made of a JSContact card have Jabber IDs in either (RFC 9554, 3.5 and 4.10).
      const services = parameters.filter(([name]) => SERVICE.includes(name)).flatMap(([, value]) => value.split(','));
      const userNames = parameters.filter(([name]) => name === 'USERNAME').slice(0, 1);
      for (const address of [text, ...userNames.map(([, value]) => value)]) this.#add('xmpp', messages(address, services));
    }
  }

  contact() {
    const name = NAMES.map((name) => this.#names[name]).find(Boolean) ?? '';
    return { name, details: this.#details };
  }

  #add(provider, texts) {
    for (const text of texts) this.#details.push({ provider, text });
  }
}

/** `N` has family, given and additional names, then what stands before and after them (RFC 6350, 6.2.2). */
function nameOf(name, value) {
  if (name !== 'N' && name !== 'ORG') return oneLine(unescaped(value));
  const parts = components(value);
  return oneLine((name === 'N' ? [3, 1, 2, 0, 4].map((index) => parts[index] ?? '') : parts).join(' '));
}

/** The components of a structured value, unescaped. */
function components(value) {
  return value.replace(/\\.|;/gs, (found) => (found === ';' ? '\0' : found)).split('\0').map(unescaped);
}

/** Without backslashes that keep the next letter from being read otherwise; `\n` is a line's end (RFC 6350, 3.4). */
function unescaped(value) {
  return value.replace(/\\(.?)/gs, (_, letter) => (/n/i.test(letter) ? '\n' : letter));
}

function oneLine(text) {
  return text.trim().replace(/\s+/g, ' ');
}
