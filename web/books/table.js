// CSV, as Google, Outlook, Thunderbird and others export it: a contact a line, with what each column is in the first.
//
// Programs translate and rename their columns. A column is known by words of its name; in one that is not, only what cannot be anything
// else is read: a whole e-mail address, or a number with `+`.

import papaparse from '../vendor/papaparse.min.js';
import { columnsOf } from './titles.js';
import { emails, jids, messages, phones } from './value.js';

const READ = { email: emails, phone: phones, xmpp: jids };
/** What cannot be anything else. */
const ADDRESS = /^(?:mailto:)?[^\s@":]+@[^\s@":]+$/i;
const NUMBER = /^\+(?:\P{N}*\p{N}){7}/u;

/** Every line that has something; undefined if the table has to have titles, and has none. */
export function readTable(text, { needsTitles = false } = {}) {
  text = text.whole().replace(/\r\n?/g, '\n');
  const { data } = papaparse.parse(text, { delimiter: delimiterOf(text), newline: '\n', skipEmptyLines: true });
  // In files for Excel, the first line may name the delimiter.
  if (/^sep=$/i.test(data[0]?.[0])) data.shift();
  const columns = columnsOf(data[0] ?? []);
  const hasTitles = columns.some(({ is }) => is);
  if (needsTitles && (!hasTitles || columns.length < 2)) return undefined;
  const contacts = data.slice(hasTitles ? 1 : 0).map((record) => contactOf(record, columns));
  return contacts.filter(({ name, details }) => name || details.length);
}

/** The most frequent one of the first line; a quoted text may have some, too. */
function delimiterOf(text) {
  const first = /^.*\S.*$/m.exec(text)?.[0] ?? '';
  const count = (delimiter) => first.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, next) => (count(next) > count(best) ? next : best));
}

function contactOf(record, columns) {
  const details = [];
  const parts = [];
  let whole = '';
  record.map(cell).forEach((text, index) => {
    const { is, service } = columns[index] ?? {};
    const put = (provider, texts) => texts.forEach((text) => details.push({ provider, text }));
    if (!text || is === 'nothing') return;
    if (is === 'name') whole ||= text;
    else if (is === 'part') parts.push(text);
    else if (is === 'message') put('xmpp', messages(text, [record[service] ?? '']));
    else if (is) put(is, READ[is](text));
    else unmistakable(text, put);
  });
  return { name: whole || parts.join(' '), details };
}

/** Puts what cannot be anything else. abook has all addresses in one column; behind `mailto:`, a comma may separate other recipients. */
function unmistakable(text, put) {
  const addresses = ADDRESS.test(text) ? [text] : text.split(',').map((part) => part.trim());
  if (addresses.every((part) => ADDRESS.test(part))) put('email', addresses);
  else if (NUMBER.test(text)) put('phone', [text]);
}

/** Without what keeps a spreadsheet from reading a number as a formula or an amount: `'+44 …`, `="0770…"`. */
function cell(text) {
  return text.trim().replace(/^="(.*)"$/s, '$1').replace(/^'(?=[+\d])/, '');
}
