// jCard (RFC 7095): vCard in JSON.

import { Card } from './card.js';

/** Every contact of the text: one card, or an array of them, wherever it stands. RDAP has them in `vcardArray`, for example. */
export function readJCards(text) {
  try {
    return cardsIn(JSON.parse(text.whole())).map(contactOf);
  } catch {
    return []; // no JSON, or nested as no address book is
  }
}

function cardsIn(value) {
  if (Array.isArray(value) && /^vcard$/i.test(value[0]) && Array.isArray(value[1])) return [value[1]];
  return value && typeof value === 'object' ? Object.values(value).flatMap(cardsIn) : [];
}

/** A property is `[name, parameters, type, value, ...]`. What the type says of numbers is not true of all programs. */
function contactOf(properties) {
  const card = new Card();
  for (const [name, parameters, , ...values] of properties.filter(Array.isArray)) {
    const property = String(name).toUpperCase();
    if (!Card.isWanted(property)) continue;
    const named = Object.entries(parameters ?? {}).map(([name, value]) => [name.toUpperCase(), texts(value).join()]);
    for (const value of values) card.addProperty(property, named, texts(value).map(escaped).join(';'));
  }
  return card.contact();
}

/** A text, or the texts of a structured value, whose components may have several. */
function texts(value) {
  if (Array.isArray(value)) return value.map((part) => texts(part).join(' '));
  return typeof value === 'string' ? [value] : [];
}

/** As in a vCard. */
function escaped(text) {
  return text.replace(/[\\;]/g, '\\$&');
}
