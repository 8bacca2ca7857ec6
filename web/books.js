// Address books in the browser: from a file, or from what is typed, to contacts; from contacts to the hashes that are asked for.
//
//     const contacts = parse(await file.arrayBuffer());           [{ name: 'Amy', details: [{ provider: 'phone', text: '07700 900123' }] }]
//     const { hashes, skipped } = await read(contacts, new Reader(), 'GB');
//
// It follows the reference client (client/src/books), and leaves out what is beyond ASCII in addresses: see README.md.

import { readJCards } from './books/jcard.js';
import { readLdif } from './books/ldif.js';
import { readTable } from './books/table.js';
import { Text } from './books/text.js';
import { readTyped } from './books/typed.js';
import { readVCards } from './books/vcard.js';
import { Refused } from './reader.js';

/** Contacts between two pauses, in which the page does other things. */
const CONTACTS_AT_ONCE = 100;
/** What is longer is no number and no address, however it is encoded, and would take long to read. */
const LONGEST = 4096;
const NONE = { phone: 'phone', email: 'email', xmpp: 'jid' };

/** There is nobody in a file. */
export class BookError extends Error {
  constructor() {
    super('There is nobody in this file. It can be vCard, jCard, CSV or LDIF, or have a name and a number in each line.');
  }
}

/**
 * The contacts of an address book, in its order: each with the name, empty if there is none, and what is written of numbers and addresses.
 *
 * @param {ArrayBuffer | Uint8Array | string} book - the content of a file, or what was typed
 * @returns {{ name: string, details: { provider: 'phone' | 'email' | 'xmpp', text: string }[] }[]}
 * @throws {BookError} if there is nobody in it
 */
export function parse(book) {
  const isTyped = typeof book === 'string';
  const text = new Text(isTyped ? new TextEncoder().encode(book) : new Uint8Array(book));
  const contacts = readerOf(text.binary)?.(text) ?? tableOrLines(text, isTyped);
  if (!contacts.length) throw new BookError();
  return contacts;
}

/** What reads the format; undefined of a table and of lines, which nothing distinguishes from other text. */
function readerOf(binary) {
  const first = /^[ \t\f]*([^\s#].*)/m.exec(binary)?.[1] ?? ''; // # begins a comment
  if (/^[[{]/.test(first)) return readJCards;
  if (/^(?:dn:|version: )/i.test(first)) return readLdif;
  return /^[ \t\f]*BEGIN:VCARD/im.test(binary) ? readVCards : undefined;
}

/** A file is a table, unless there is nobody in it. Nobody types a table without titles. A damaged vCard is neither. */
function tableOrLines(text, isTyped) {
  const contacts = readTable(text, { needsTitles: isTyped }) ?? [];
  if (contacts.length || /VCARD|^VERSION:/im.test(text.binary)) return contacts;
  return readTyped(text).filter(({ details }) => isTyped || details.some(({ text }) => /@|(?:\p{N}\P{N}*){7}/u.test(text)));
}

/**
 * The canonical ids of a contact, and what cannot be used.
 *
 * @param {{ name: string, details: { provider: string, text: string }[] }} contact
 * @param {import('./reader.js').Reader} reader
 * @param {string} [region] - where numbers without + are dialled, like `GB`
 * @returns {{ ids: { provider: string, id: string }[], skipped: { name: string, text: string, reason: string }[] }} each reason is one of
 *   those of identity/vectors.json, `possible-phone` (no such number is possible in its country), or `not-plain` (beyond ASCII)
 */
export function identities({ name, details }, reader, region) {
  const ids = new Map();
  const skipped = [];
  for (const { provider, text } of details) {
    const skip = (reason) => skipped.push({ name, text, reason });
    try {
      if (text.length > LONGEST) throw new Refused(NONE[provider]);
      const id = reader.identity(provider, text, region);
      if (reader.isPossible(provider, id)) ids.set(`${provider}:${id}`, { provider, id });
      else skip('possible-phone');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      skip(error.reason);
    }
  }
  return { ids: [...ids.values()], skipped };
}

/**
 * The hashes of contacts, each with the name of its first contact: those of what is in the book, then those of other forms of it. Asked
 * for in this order, the likeliest are asked for first.
 *
 * @param {ReturnType<typeof parse>} contacts
 * @param {import('./reader.js').Reader} reader
 * @param {string} [region] - where numbers without + are dialled, like `GB`
 * @param {(done: number) => void} [progress] - is told how many contacts are done
 * @returns {Promise<{ hashes: Map<string, string>, skipped: { name: string, text: string, reason: string }[], contacts: number }>}
 */
export async function read(contacts, reader, region, progress = () => {}) {
  const hashes = new Map();
  const aliases = new Map();
  const skipped = [];
  for (let at = 0; at < contacts.length;) {
    const part = contacts.slice(at, at + CONTACTS_AT_ONCE).map((contact) => ({ contact, ...identities(contact, reader, region) }));
    for (const { contact: { name }, ids, skipped: refused } of part) {
      const forms = await Promise.all(ids.map(({ provider, id }) => reader.hashes(provider, id)));
      for (const [own, ...others] of forms) {
        if (!hashes.has(own)) hashes.set(own, name);
        for (const other of others) if (!aliases.has(other)) aliases.set(other, name);
      }
      refused.forEach((each) => skipped.push(each));
    }
    at += part.length;
    progress(at);
    await new Promise((resolve) => setTimeout(resolve));
  }
  for (const [hash, name] of aliases) if (!hashes.has(hash)) hashes.set(hash, name);
  return { hashes, skipped, contacts: contacts.length };
}
