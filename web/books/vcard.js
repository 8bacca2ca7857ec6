// vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), read as programs write it.

import { Card } from './card.js';

/** Every contact of the file, also those within others (`AGENT` of vCard 2.1) and those that do not end. */
export function readVCards(text) {
  const contacts = [];
  const open = []; // the cards that have begun, each within the one before
  const close = () => contacts.push(open.pop().card.contact());
  for (const line of text.lines()) {
    const property = propertyOf(line);
    if (!property) continue;
    const { name, parameters, value } = property;
    const ofCard = /^\s*VCARD\s*$/i.test(value) && name;
    if (ofCard === 'BEGIN') {
      if (open.length && !open.at(-1).hasAgent) close(); // the card before has no end
      open.push({ card: new Card() });
    } else if (ofCard === 'END') {
      if (open.length) close();
    } else if (open.length) {
      const { card } = open.at(-1);
      open.at(-1).hasAgent = name === 'AGENT' && !value.trim();
      if (Card.isWanted(name)) card.addProperty(name, parameters, decoded(text, parameters, value));
    }
  }
  while (open.length) close();
  return contacts;
}

/** A line that is a property, `group.NAME;PARAMETER=value;TYPE:value`; undefined if it is none. */
function propertyOf(line) {
  let { value: colon } = outsideQuotes(line, ':').next();
  colon ??= line.indexOf(':'); // a quote without an end is an ordinary character
  if (colon < 0) return undefined;
  const head = line.slice(0, colon);
  const ends = [...outsideQuotes(head, ';'), colon];
  const [name, ...parameters] = ends.map((end, index) => head.slice(index ? ends[index - 1] + 1 : 0, end));
  return {
    name: name.trim().toUpperCase().split('.').at(-1).replaceAll(' ', '-'),
    parameters: parameters.map(parameterOf),
    value: line.slice(colon + 1),
  };
}

/** Where a sign stands outside quotes. */
function* outsideQuotes(text, sign) {
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === sign && !isQuoted) yield at;
  }
}

/** `NAME=value`, or in vCard 2.1 only a value. */
function parameterOf(text) {
  const unnamed = /^\s*(?:QUOTED-PRINTABLE|BASE64)\s*$/i.test(text) ? 'ENCODING' : 'TYPE';
  const [, name = unnamed, value] = /^(?:([^=]*)=)?(.*)$/s.exec(text);
  return [name.trim().toUpperCase(), value.trim().replaceAll('"', '')];
}

function decoded(text, parameters, value) {
  const parameter = (wanted) => parameters.find(([name]) => name === wanted)?.[1];
  const encoding = parameter('ENCODING')?.toUpperCase();
  let binary = value;
  if (encoding === 'QUOTED-PRINTABLE') {
    binary = value.replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  } else if (encoding === 'BASE64' || encoding === 'B') {
    binary = fromBase64(value) ?? value;
  }
  return text.decode(binary, parameter('CHARSET'));
}

/** The bytes of a text in Base64, binary; undefined if it is none. */
export function fromBase64(text) {
  try {
    return atob(text.trim());
  } catch {
    return undefined;
  }
}
