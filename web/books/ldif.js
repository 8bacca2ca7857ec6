// LDIF (RFC 2849), as Thunderbird and directory servers export it.

import { emails, jids, phones } from './value.js';
import { fromBase64 } from './vcard.js';

// Attributes in lower case: RFC 4519, RFC 4524, Thunderbird's, gammu's (workphone), KDE's (othermailbox); no standard names those with
// Jabber IDs.
const EMAIL = ['mail', 'rfc822mailbox', 'mozillasecondemail', 'mailalternateaddress', 'othermailbox', 'email'];
const PHONE = `telephonenumber workphone homephone hometelephonenumber mobile mobiletelephonenumber cellphone facsimiletelephonenumber fax pager
  pagertelephonenumber othermobile othertelephone`.split(/\s+/);
const JABBER = ['jabberid', 'xmpp', 'xmppaddress', 'jabber'];
const NAMES = { displayname: 'display', cn: 'common', commonname: 'common', givenname: 'given', sn: 'family', surname: 'family' };

/** A contact for each record that has a name, a number or an address. */
export function readLdif(text) {
  const contacts = [];
  let record = { names: {}, details: [] };
  for (const line of [...text.lines(), '']) {
    if (line.trim()) {
      add(record, line, text);
      continue;
    }
    const { names: { display, common, given, family }, details } = record;
    const name = display || common || [given, family].filter(Boolean).join(' ');
    if (name || details.length) contacts.push({ name, details });
    record = { names: {}, details: [] };
  }
  return contacts;
}

/** Adds an attribute: `name: text` or `name:: base64`, the name perhaps with options such as `;lang-de`. */
function add({ names, details }, line, text) {
  const [, attribute, isEncoded, rest] = /^([^#:;][^:;]*)(?:;[^:]*)?:(:?)(.*)$/s.exec(line) ?? [];
  const binary = isEncoded ? fromBase64(rest) : rest;
  if (binary === undefined) return;
  const key = attribute.trim().toLowerCase();
  const value = text.decode(binary).trim();
  const put = (provider, texts) => texts.forEach((text) => details.push({ provider, text }));
  if (Object.hasOwn(NAMES, key)) names[NAMES[key]] ??= value;
  else if (EMAIL.includes(key)) put('email', emails(value));
  else if (PHONE.includes(key)) put('phone', phones(value));
  else if (JABBER.includes(key)) put('xmpp', jids(value));
  else if (key === 'labeleduri' && /^xmpp:/i.test(value)) put('xmpp', [value.split(' ')[0]]);
}
