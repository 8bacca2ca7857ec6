// Reads ids as it-se.me does (docs/identities.md): phone numbers as people write them, on top of a port of libphonenumber, and
// e-mail addresses, Jabber IDs and user names of plain ASCII. What it cannot read for sure is refused: a wrong hash is another
// person's.
//
//     const reader = new Reader(adapter(libphonenumber), table.rule);
//     reader.identity("phone", "+44 (0)7700 900123")       "+447700900123"
//     reader.identity("phone", "07700 900123", "GB")       the same
//     reader.aliases("phone", "+525512345678")             the other forms that address books have
//     await reader.hashes("phone", "+525512345678")        the hash that everybody exchanges, then those of the aliases
//
// The adapter is that of google-libphonenumber.mjs or libphonenumber-js.mjs; the table is identity/numbering.toml, parsed by any
// library for TOML. Free to copy, with these two. It imports nothing, so that web pages can use it as well as Node.js. Hashes are
// WebCrypto's, which browsers give to pages from https: and from the own machine.

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
const UNSEEN_AT_ENDS = /^[\s\x85\p{Cf}]+|[\s\x85\p{Cf}]+$/gu;

/** Hosts whose labels look like this, of at most 253 characters. */
const hosts = (label) => `(?!.{254})${label}(?:\\.${label})*`;
const MAIL_HOSTS = hosts("(?!-)[a-z0-9-]{1,63}(?<!-)");
const XMPP_HOSTS = hosts("(?!-|..--)[-a-z0-9!\"$&'()*+,;=_`{}~]{1,63}(?<!-)");
const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
const MAILBOX = new RegExp(`^(?!.{255})(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${MAIL_HOSTS}$`);
const QUOTED_MAILBOX = new RegExp(`^".+"@${MAIL_HOSTS}$`, "s");
const JID = new RegExp(`^[!#-%(-.0-9;=?[-~]{1,1023}@${XMPP_HOSTS}$`);
const USER_NAME = /^(?!@)[ -~]{1,256}$/;
const SAME_MAILBOX = { "gmail.com": "googlemail.com", "googlemail.com": "gmail.com" };

const REASONS = {
  phone: "This is no phone number.",
  "phone-with-letters": "There are letters that belong to no phone number.",
  "phone-without-country": "This number has neither + nor a country.",
  email: "This is no e-mail address.",
  "quoted-email": "An address in quotation marks cannot be used.",
  jid: "This is no Jabber ID.",
  "user-name": "This is no user name.",
  provider: "There is no such provider.",
  "not-plain": "This has letters that are not read here.",
};

/** Why there is no canonical id. `reason` is one of those of the vectors, or `not-plain`, of what is beyond ASCII. */
export class Refused extends Error {
  constructor(reason) {
    super(REASONS[reason]);
    this.reason = reason;
  }
}

/** The hash of a canonical id. */
export async function hashOf(provider, id) {
  const hash = await crypto.subtle.digest("SHA-512", new TextEncoder().encode(`${provider}:${id}`));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Reader {
  #library;
  #rules;

  /** Reads by a library, as its adapter gives it, and by the rules of the numbering table. */
  constructor(library, rules) {
    this.#library = library;
    this.#rules = rules.map(({ from, to, alias_only: isAliasOnly }) => ({
      isAliasOnly,
      forwards: rewriting(from, to),
      backwards: rewriting(...reversed(from, to)),
    }));
  }

  /** The canonical id. A number without + is read as it is dialled in the owner's region. Throws `Refused` if there is none. */
  identity(provider, text, region) {
    if (provider === "phone") return this.#phone(text, region);
    if (provider === "email") return email(idOf("mailto", text));
    if (provider === "xmpp") return jid(idOf("xmpp", text).split("/")[0]);
    if (!provider || provider.includes(":")) throw new Refused("provider");
    return userName(text);
  }

  /** The other forms of a canonical id. They are for hashes only, and not to be read again. */
  aliases(provider, id) {
    if (provider === "phone") {
      const former = this.#rules.map((rule) => rule.backwards(id));
      const both = this.#rules.filter((rule) => rule.isAliasOnly).map((rule) => rule.forwards(id));
      return [...former, ...both].filter(Boolean);
    }
    const [local, domain] = id.split("@");
    return provider === "email" && domain in SAME_MAILBOX ? [`${local}@${SAME_MAILBOX[domain]}`] : [];
  }

  /** The hash of a canonical id, then those of its aliases. */
  hashes(provider, id) {
    return Promise.all([id, ...this.aliases(provider, id)].map((form) => hashOf(provider, form)));
  }

  /** The region of a number in E.164, in which its owner dials without +; undefined if it is of none. */
  regionOf(number) {
    return this.#library.regionOf(number);
  }

  #phone(text, region) {
    let number = digitsOf(this.#library, text, region);
    if (!number.startsWith("+")) {
      if (!region) throw new Refused("phone-without-country");
      number = this.#library.e164(number, region);
    }
    number &&= this.#settled(number);
    if (!/^\+[0-9]{7,15}$/.test(number ?? "")) throw new Refused("phone");
    return number;
  }

  /** The form that changes no more, neither by the library nor by the table: two trunk zeros come off one at a time. */
  #settled(number) {
    for (let times = 0; times < 20; times++) {
      const again = this.#library.e164(number) ?? number;
      const next = again === number ? this.#renumbered(number) : again;
      if (next === undefined) return number;
      number = next;
    }
  }

  #renumbered(number) {
    return this.#rules.map((rule) => !rule.isAliasOnly && rule.forwards(number)).find(Boolean);
  }
}

// The numbering table.

/** What makes the current number of a former one, and undefined of any other. */
function rewriting(from, to) {
  const former = new RegExp(`^${from.replace("+", "\\+")}$`);
  return (number) => {
    const match = former.exec(number);
    return match ? to.replace(/\$\{?(\d)\}?/g, (_, group) => match[group]) : undefined;
  };
}

/** The rule that makes the former number of the current one. */
function reversed(from, to) {
  const groups = from.match(/\(.*?\)/g);
  let count = 0;
  return [to.replace(/\$\{?\d\}?/g, () => groups.shift()), from.replace(/\(.*?\)/g, () => `\${${++count}}`)];
}

// Addresses, Jabber IDs and names.

function email(text) {
  const address = plain(text).replace(/\.$/, "");
  if (QUOTED_MAILBOX.test(address)) throw new Refused("quoted-email");
  if (!MAILBOX.test(address)) throw new Refused("email");
  return address;
}

function jid(text) {
  const address = plain(text).replace(/\.$/, "");
  if (address.includes("@[")) throw new Refused("not-plain"); // IPv6
  if (!JID.test(address)) throw new Refused("jid");
  return address;
}

function userName(text) {
  const name = plain(trimmed(trimmed(text).replace(/^@/, "")));
  if (!USER_NAME.test(name)) throw new Refused("user-name");
  return name;
}

/** In lower case, if that is all that has to be done. */
function plain(text) {
  if (!/^[\0-\x7f]*$/.test(text) || /@.*xn--/is.test(text)) throw new Refused("not-plain");
  return text.toLowerCase();
}

/** The text, or what a URI of this scheme is about: Amy, in `xmpp://me@example.net/amy@example.org`. */
function idOf(scheme, text) {
  text = trimmed(text);
  const [, about] = new RegExp(`^${scheme}:\\s*([^?#]*)`, "i").exec(text) ?? [];
  if (about === undefined) return text;
  const id = about.replace(/^\/\/(?:[^/]*\/(?=.*@)|\/)?/s, "");
  return trimmed(decoded(scheme === "xmpp" ? id.split("/")[0] : id) ?? text);
}

function trimmed(text) {
  return text.replace(UNSEEN_AT_ENDS, "");
}

/** Percent-decoded; undefined if that is no text. */
function decoded(text) {
  try {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => decodeURIComponent(bytes));
  } catch {
    return undefined;
  }
}

// Phone numbers: libphonenumber is given digits, with or without +, and nothing else.

function digitsOf(library, text, region) {
  text = folded(text).trim();
  const uri = /^(?:tel|sms):\/*([^?]*)/.exec(text);
  if (uri) {
    const [number, ...parameters] = uri[1].split(";").map((part) => decoded(part) ?? part);
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
