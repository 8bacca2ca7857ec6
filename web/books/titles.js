// The words of column titles in tables, in the languages of Outlook that are spoken most.

import { isJabber } from './value.js';

const words = (text) => text.split(/\s*[|\n]\s*/);

const WHOLE = words(`name|display name|full name|file as
  anzeigename|nom complet|nombre completo|contact|kontakt|氏名|姓名|полное имя`);
const PARTS = words(`first name|given name|middle name|additional name|last name|family name|surname|vorname|weitere vornamen|nachname
  prénom|deuxième prénom|nom|nombre|segundo nombre|apellido|apellidos|nome|secondo nome|cognome|nome do meio|sobrenome|apelido
  voornaam|tweede naam|middelste naam|tussenvoegsel|achternaam|förnamn|efternamn|fornavn|etternavn|efternavn
  imię|drugie imię|nazwisko|имя|отчество|фамилия|姓|名`);
/** Beginnings of words in titles of columns that are not used. */
const ABOUT = words(`type|typ|tipo|label|service|display|angezeigter|assistant|manager|telegram|telex`);
const MAIL = words(`mail|messagerie|correo|posta elettronica|почт|メール|邮件|郵件|이메일|بريد`);
/** Parts of titles, within any word: in some languages, there are no spaces between words. */
const NUMBERS = words(`phone|telefo|téléphone|teléfo|mobil|телефон|мобил
  電話|电话|手机|手機|携帯|전화|휴대|هاتف|جوال`);
/** Beginnings of words. */
const NUMBER = words(`móvil|movil|handy|cell|celular|tel|tél|fax|pager`);

/** What is in the columns with these titles; see `columnOf`. A column may be about the messenger that another column names. */
export function columnsOf(titles) {
  const names = titles.map((title) => title.trim().toLowerCase());
  return names.map((name) => {
    const service = name.endsWith('value') ? names.indexOf(`${name.slice(0, -5)}service`) : -1;
    return service < 0 ? { is: columnOf(name) } : { is: 'message', service };
  });
}

/** `name`, `part` of a name, `email`, `phone`, `xmpp`, `nothing` of interest, or undefined: unknown. */
function columnOf(name) {
  const words = name.split(/[^\p{Alphabetic}\p{N}]+/u).filter(Boolean);
  const has = (starts) => words.some((word) => starts.some((start) => word.startsWith(start)));
  const isWithin = (parts) => parts.some((part) => name.includes(part));
  if (name.includes('@')) return undefined; // an address, and no title
  const spaced = name.replaceAll('_', ' '); // Evolution's
  if (WHOLE.includes(spaced)) return 'name';
  if (PARTS.includes(spaced)) return 'part';
  if (has(ABOUT)) return 'nothing';
  if (words.some(isJabber)) return 'xmpp';
  if (isWithin(MAIL)) return 'email';
  return has(NUMBER) || isWithin(NUMBERS) ? 'phone' : undefined;
}
