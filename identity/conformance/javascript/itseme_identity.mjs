// Reads phone numbers as it-se.me does, on top of any port of libphonenumber (docs/identities.md). Free to copy, with the file of
// the library that you use: google-libphonenumber.mjs or libphonenumber-js.mjs.
//
//     identity(library, "phone", "+44 (0)7700 900123")    "+447700900123"
//     identity(library, "phone", "07700 900123", "GB")    the same
//     hashOf("phone", "+447700900123")                    what everybody exchanges
//     aliases("phone", "+525512345678")                   the other forms that address books have
//
// Run with the name of a library, it compares what it reads with ../../vectors.json, and exits with 1 if there is a difference that
// is not among the library's KNOWN_DIFFERENCES. Other providers than phone are left out.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { parse as parseToml } from "smol-toml";

const LABELS = new Set(
  `t m f tel telephone phone ph mobile mob cell cellphone cellular home work office fax voice main direct sms call no
  number telefon handy mobil mobiltelefon festnetz privat büro zuhause arbeit geschäftlich téléphone tél portable fixe
  bureau domicile travail teléfono telefono móvil movil celular cel casa trabajo oficina fijo telefone telemóvel
  cellulare ufficio telefoon mobiel telefonnummer тел телефон моб мобильный дом раб факс 電話 电话 手机 手機 携帯 携帯電話
  전화 휴대폰 هاتف جوال موبايل फ़ोन फोन मोबाइल`.split(/\s+/),
);
const EXTENSIONS = new Set("x ext extn extension extensión anexo int доб".split(" "));
const SEPARATORS = " \\t\\n\\v\\f\\r\\-./\\\\()[\\]{}";
const SEPARATOR = new RegExp(`[${SEPARATORS}]`);
const SEPARATORS_ONLY = new RegExp(`^[${SEPARATORS}]*$`);
const SEPARATORS_BEHIND = new RegExp(`[${SEPARATORS}]+$`);
const KEYPAD = "22233344455566677778889999";

/** Why there is no canonical id: `reason` is one of the reasons of the vectors. */
export class Refused extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** The canonical id. A number without + is read as it is dialled in the owner's region. */
export function identity(library, provider, text, region) {
  if (provider !== "phone") throw new TypeError(provider);
  let number = digitsOf(library, text, region);
  if (!number.startsWith("+")) {
    if (!region) throw new Refused("phone-without-country");
    number = library.e164(number, region);
  }
  number &&= settled(library, number);
  if (!/^\+[0-9]{7,15}$/.test(number ?? "")) throw new Refused("phone");
  return renumbered(number);
}

/** The hash of a canonical id. */
export function hashOf(provider, id) {
  return createHash("sha512").update(`${provider}:${id}`).digest("hex");
}

/** E.164, again until it no longer changes: two trunk zeros come off one at a time. */
function settled(library, number) {
  for (let times = 0; times < 20; times++) {
    const again = library.e164(number);
    if (again === undefined || again === number) return number;
    number = again;
  }
}

// Cleaning: libphonenumber is given digits, with or without +, and nothing else.

function digitsOf(library, text, region) {
  text = folded(text).trim();
  const uri = /^(?:tel|sms):\/*([^?]*)/.exec(text);
  if (uri) {
    const [number, ...parameters] = uri[1].split(";").map(decoded);
    const context = parameters.find((p) => p.startsWith("phone-context="))?.slice(14) ?? "";
    text = folded(context.startsWith("+") && !/^\s*[+＋]/.test(number) ? context + number : number);
  }
  const begin = text.search(/[+0-9]/);
  if (begin < 0) throw lettersOr(text);
  const label = text.slice(0, begin);
  text = text.slice(begin);
  const colon = label.lastIndexOf(":");
  const isLabel = colon < 0 ? words(label).every((word) => LABELS.has(word)) : SEPARATORS_ONLY.test(label.slice(colon + 1));
  if (!isLabel) throw lettersOr(label);
  const vanity = vanityNumber(library, text, region);
  if (vanity) return vanity;
  text = withoutLabel(withoutExtension(withoutLabel(text)));
  const number = [...text].filter((c) => !SEPARATOR.test(c)).join("");
  if (!/^\+*[0-9]*$/.test(number)) throw lettersOr(number);
  return number.replace(/^\++/, "+");
}

function lettersOr(text) {
  return new Refused(/\p{L}/u.test(text) ? "phone-with-letters" : "phone");
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** In lower case, with ASCII's digits and separators for those of Unicode, and without format characters. */
function folded(text) {
  return [...text].map(fold).join("").toLowerCase();
}

function fold(c) {
  if (c <= "\x7f") return c;
  if (/\p{Nd}/u.test(c)) return digit(c);
  if (/\p{Cf}/u.test(c)) return "";
  if (/[\p{Pd}−ーｰ]/u.test(c)) return "-";
  if (/\p{Ps}/u.test(c)) return "(";
  if (/\p{Pe}/u.test(c)) return ")";
  if (/[·•․‧∙⋅・･。｡]/u.test(c)) return ".";
  if (/[⁄∕⧸]/u.test(c)) return "/";
  if (c >= "！" && c <= "～") return String.fromCharCode(c.charCodeAt(0) - 0xfee0);
  return /[\s\x85]/.test(c) ? " " : c;
}

/** Decimal digits stand in tens, from 0 to 9. */
function digit(c) {
  let zero = c.codePointAt(0);
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String((c.codePointAt(0) - zero) % 10);
}

function words(text) {
  return text.split(SEPARATOR).filter(Boolean);
}

/** Without the labels behind the number, which stand apart from it. */
function withoutLabel(text) {
  let rest = text.replace(SEPARATORS_BEHIND, "");
  for (;;) {
    const word = rest.split(SEPARATOR).at(-1);
    if (word === rest || !LABELS.has(word)) return rest;
    rest = rest.slice(0, -word.length).replace(SEPARATORS_BEHIND, "");
  }
}

function withoutExtension(text) {
  text = text.split(/[,;#]/)[0];
  const extension = new RegExp(`^([^\\p{L}]*)(\\p{L}+)([0-9pw*:=${SEPARATORS}]*)$`, "u").exec(text);
  if (!extension) return text;
  const [, number, word, behind] = extension;
  return (EXTENSIONS.has(word) || /^[pw]+$/.test(word)) && /[0-9]/.test(behind) ? number : text;
}

/** Of the countries that have such numbers, each of which has a length of its own: a name behind a number is none. */
function vanityNumber(library, text, region) {
  const keys = [...text].filter((c) => !SEPARATOR.test(c)).join("");
  const found = /^[+0-9]*(?:([a-z]{3,})[0-9]+|([a-z]{4,}))$/.exec(keys);
  const word = found?.[1] ?? found?.[2];
  // No word for digits: what is about the number, and one letter for a zero or for any digit.
  if (!word || (word.length > 4 && LABELS.has(word)) || EXTENSIONS.has(word) || /^(?:(.)\1*|[pw]+)$/.test(word)) return undefined;
  const number = keys.replace(/[a-z]/g, (letter) => KEYPAD[letter.charCodeAt(0) - 97]);
  let code = region && library.callingCode(region);
  let national = number;
  if (number.startsWith("+")) [, code, national] = /^\+(1|61|64|)(.*)$/.exec(number);
  const lengths = {
    1: /^1?[0-9]{10}$/,
    61: /^(?:1[38]00[0-9]{6}|13[0-9]{4})$/,
    64: /^0?(?:800|508)[0-9]{6,7}$/,
  };
  return lengths[code]?.test(national) ? number : undefined;
}

// The numbering table.

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const RULES = parseToml(read("numbering.toml")).rule;

/** What a number becomes by a rule, or undefined. */
function apply(from, to, number) {
  const match = new RegExp(`^${from.replace("+", "\\+")}$`).exec(number);
  return match ? to.replace(/\$\{?(\d)\}?/g, (_, group) => match[group]) : undefined;
}

/** The rule that makes the former number of the current one. */
function backwards({ from, to }) {
  const groups = from.match(/\(.*?\)/g);
  let count = 0;
  return [to.replace(/\$\{?\d\}?/g, () => groups.shift()), from.replace(/\(.*?\)/g, () => `\${${++count}}`)];
}

function renumbered(number) {
  const changed = RULES.filter((rule) => !rule.alias_only).map((rule) => apply(rule.from, rule.to, number));
  return changed.find(Boolean) ?? number;
}

/** The other forms of a canonical id: the table backwards, and both ways where both forms are in use. */
export function aliases(provider, id) {
  if (provider !== "phone") throw new TypeError(provider);
  const former = RULES.map((rule) => apply(...backwards(rule), id));
  const both = RULES.filter((rule) => rule.alias_only).map((rule) => apply(rule.from, rule.to, id));
  return [...former, ...both].filter(Boolean);
}

/** What this reader makes of a vector, in the vector's own form. */
function outcome(library, { provider, input, region }) {
  let id;
  try {
    id = identity(library, provider, input, region);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.reason };
    throw error;
  }
  const others = aliases(provider, id).sort().map((alias) => ({ id: alias, hash: hashOf(provider, alias) }));
  return { id, hash: hashOf(provider, id), ...(others.length && { aliases: others }) };
}

function compare(library) {
  const { LIBRARY, KNOWN_DIFFERENCES } = library;
  const vectors = JSON.parse(read("vectors.json")).filter(({ provider }) => provider === "phone");
  let different = 0;
  for (const vector of vectors) {
    const { id, hash, aliases, refused } = vector;
    const expected = JSON.stringify(refused ? { refused } : { id, hash, aliases });
    const found = JSON.stringify(outcome(library, vector));
    const known = KNOWN_DIFFERENCES.has(`${vector.region ?? ""} ${vector.input}`);
    if ((found === expected) !== known) continue;
    different++;
    const what = known ? "is read alike, and is no known difference any more" : `${found} instead of ${expected}`;
    console.error(`${JSON.stringify(vector.input)} ${vector.region ?? ""}: ${what}`);
  }
  const alike = vectors.length - KNOWN_DIFFERENCES.size - different;
  console.log(`${LIBRARY}: ${alike} of ${vectors.length} numbers read alike, known differences: ${KNOWN_DIFFERENCES.size}`);
  process.exitCode = different ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) compare(await import(`./${process.argv[2]}.mjs`));
