// What people type: a contact a line, like `Amy: +44 7700 900123`, or only a number or an address.

import { jids, phones } from './value.js';

const WORDS = /[^\s<>()"',;|]+/g;
/** Runs of what may stand around numbers and addresses, and between them and a name. */
const BETWEEN = /[\s<>",;|/=–-]+/g;
const IS_URI = /^(?:xmpp|jabber|mailto|tel|sms):/i;

/** A contact for each line that has something. */
export function readTyped(text) {
  return text.whole().split(/[\r\n]+/).filter((line) => line.trim()).map(contactOf);
}

function contactOf(line) {
  const { name, rest } = divided(line.trim());
  const addresses = [];
  const numbers = rest.replace(WORDS, (word) => {
    if (!word.includes('@')) return word;
    const isJabber = /^(?:xmpp|jabber):/i.test(word);
    addresses.push(isJabber ? { provider: 'xmpp', text: jids(word)[0] } : { provider: 'email', text: word });
    return ' ';
  });
  // A line that has neither is shown as one that is not read.
  const ofNumbers = /\p{N}/u.test(numbers) || !addresses.length ? phones(trimmed(numbers) || line) : [];
  return { name, details: [...ofNumbers.map((text) => ({ provider: 'phone', text })), ...addresses] };
}

/** The name before a colon, or before the first number or address. */
function divided(line) {
  const [, name, rest] = (!IS_URI.test(line) && /^([^:@]*):(.*)$/s.exec(line)) || [];
  if (name !== undefined) return { name: trimmed(name), rest };
  const words = [...line.matchAll(WORDS)];
  const begin = words.find(([word]) => /[@+＋\p{N}]/u.test(word) || IS_URI.test(word))?.index ?? 0;
  return { name: trimmed(line.slice(0, begin).replace(/\($/, '')), rest: line.slice(begin) };
}

/** Without what stands at its ends; a run is looked at once, however long it is. */
function trimmed(text) {
  return text.replace(BETWEEN, (run, at) => (at === 0 || at + run.length === text.length ? '' : run));
}
