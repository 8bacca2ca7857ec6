// The values in which numbers and addresses stand. One value may have several, or a name around them.

/** Digits of the shortest number that is looked for in a list: fewer may be an extension. */
const LISTED_DIGITS = 7;
/** The separators of several values: `:::` in Google's CSV, U+E000 in KDE's address book. */
const SEPARATORS = [':::', '\n', '\ue000', ';', ','];

/** The numbers of a value. */
export function phones(value) {
  value = value.trim();
  if (!value || /^(?:sips?|skype|https?|xmpp):/i.test(value)) return [];
  // A comma or a semicolon may also be a pause, and the digits behind it are dialled after it.
  if (/^tel:|,,|;;/i.test(value)) return [value];
  return list(value, (part) => /^tel:/i.test(part) || isNumber(part)).flatMap(betweenSlashes);
}

/** A slash may also stand behind an area code: that is shorter than a number, unless its country's code stands in front of it. */
function betweenSlashes(value) {
  const parts = value.split('/').map((part) => part.trim());
  const isFromAbroad = /^(?:[+＋]|00)/.test(value);
  return parts.every((part) => isNumber(part) && (!isFromAbroad || /^[+＋0(]/.test(part))) ? parts : [value];
}

/** Whether it is a whole number, and no extension or code to dial behind one. */
function isNumber(part) {
  const digits = part.match(/\p{N}/gu)?.length ?? 0;
  return digits >= LISTED_DIGITS && /^[+0(]|[ -]/.test(part) && !/[#*=]/.test(part);
}

/** The addresses of a value. Names around them are dropped. */
export function emails(value) {
  value = value.trim();
  const bracketed = value.split('<').slice(1).map((part) => part.split('>')[0]);
  if (bracketed.length || !value) return bracketed;
  return list(value, isAddress).flatMap(betweenSpaces);
}

const isAddress = (part) => part.includes('@');

/** The addresses between spaces and slashes, which an address may have as well. */
function betweenSpaces(value) {
  const parts = value.split(/[ \t/]/).filter(Boolean);
  return parts.every(isAddress) ? parts : [value];
}

/** The Jabber IDs of a value that is known to have some. Schemes that no standard knows become the one that is. */
export function jids(value) {
  const found = list(value.trim(), isAddress).filter(Boolean);
  return found.map((jid) => jid.replace(/^(?:jabber|x-apple|gtalk):/i, 'xmpp:'));
}

/**
 * The Jabber IDs of a value that may be an address of any messenger: what has no scheme is one if a service, the name of a
 * messenger, says so. Those of other messengers are none.
 */
export function messages(value, services) {
  const isNamed = services.some(isJabber);
  const isOther = !isNamed && services.some((name) => /^\s*(?:facebook(?: messenger)?|skype)\s*$/i.test(name)); // by Apple, as xmpp:
  const scheme = /^\s*([a-z0-9+.-]*):/i.exec(value)?.[1].toLowerCase();
  const isOurs = ['xmpp', 'jabber', 'gtalk'].includes(scheme) ? !isOther : isNamed && [undefined, 'x-apple'].includes(scheme);
  return isOurs ? jids(value) : [];
}

/** Whether a messenger is XMPP, as address books name it. */
export function isJabber(service) {
  return /^\s*(?:xmpp|jabber|google ?talk|gtalk|conversations)\s*$/i.test(service);
}

/** The parts of a list, if each of them is one by itself. */
function list(value, isOne) {
  for (const separator of SEPARATORS) {
    const parts = value.split(separator).map((part) => part.trim()).filter(Boolean);
    const isList = parts.length !== 1 || parts[0] !== value;
    if (isList && parts.every(isOne)) return parts.flatMap((part) => list(part, isOne));
  }
  return [value];
}
