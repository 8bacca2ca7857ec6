// Address books of programs (client/tests/books) are read as by the reference client, and damaged ones are no trouble. Runs in a copy of
// the page, with the reader where the service has it.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const page = mkdtempSync(join(tmpdir(), 'itseme-web-'));
after(() => rmSync(page, { recursive: true }));
for (const name of ['package.json', 'books.js', 'reader.js', 'books', 'vendor']) {
  cpSync(path(`../${name}`), join(page, name), { recursive: true });
}
for (const name of ['itseme_identity.mjs', 'libphonenumber-js.mjs']) {
  cpSync(path(`../../identity/conformance/javascript/${name}`), join(page, name));
}
const { BookError, identities, parse, read } = await import(pathToFileURL(join(page, 'books.js')));
const { Reader } = await import(pathToFileURL(join(page, 'reader.js')));

const FOLDER = path('../../client/tests/books');
const FILES = readdirSync(FOLDER).filter((name) => extname(name) !== '.expected');
const content = (name) => readFileSync(join(FOLDER, name));
const reader = new Reader();

/** Files that are not read as by the reference client: why, and what is there instead of its lines. */
const KNOWN_DIFFERENCES = {
  'uris.vcf': {
    why: 'an address beyond ASCII is refused',
    with: (expected) => `${expected.replace(' xmpp:müller@example.org', '')}- Amy: not-plain\n`,
  },
};

/** As in a file .expected, without places. Impossible numbers are not used here. */
function described(contacts, region) {
  const all = contacts.map((contact) => ({ name: contact.name, ...identities(contact, reader, region) }));
  const named = (name) => name || '(no name)';
  const ids = ({ ids }) => ids.map(({ provider, id }) => ` ${provider}:${id}`).join('');
  const read = all.map((contact) => `${named(contact.name)}:${ids(contact)}\n`);
  const skipped = all.flatMap(({ skipped }) => skipped.map(({ name, reason }) => `- ${named(name)}: ${reason}\n`));
  return [...read, ...skipped].join('');
}

function expectedOf(file) {
  const text = content(`${basename(file, extname(file))}.expected`).toString();
  const [, region, lines] = /^(?:region (..)\n)?(.*)$/s.exec(text);
  const kebab = (reason) => reason.replace(/\B[A-Z]/g, '-$&').toLowerCase();
  const expected = lines
    .replace(/ \S+ \(impossible\)/g, '')
    .replace(/^(- .*) \(line \d+\): (\w+)$/gm, (_, name, reason) => `${name}: ${kebab(reason)}`);
  return { region, expected };
}

test('books are read as by the reference client', async (t) => {
  assert(FILES.length > 20);
  for (const file of FILES) {
    await t.test(file, () => {
      const { region, expected } = expectedOf(file);
      const found = described(parse(content(file)), region);
      const known = KNOWN_DIFFERENCES[file];
      if (known) assert.notEqual(found, expected, 'it is no known difference any more');
      assert.equal(found, known?.with(expected) ?? expected);
    });
  }
});

test('values are read as by the reference client', async () => {
  const { emails, messages, phones } = await import(pathToFileURL(join(page, 'books/value.js')));
  for (const [value, ...numbers] of [
    ['+447700900123, 07700 900124;(07700) 900125', '+447700900123', '07700 900124', '(07700) 900125'],
    ['+447700900123 ::: +447700900124', '+447700900123', '+447700900124'],
    ['253-2000 / 253-2001', '253-2000', '253-2001'],
    ['030/1234567', '030/1234567'],
    ['(05151) / 12345 67', '(05151) / 12345 67'],
    ['+49 33056 / 123 4567', '+49 33056 / 123 4567'],
    ['+447700900123,,07700900124', '+447700900123,,07700900124'],
    ['+447700900123,12345678', '+447700900123,12345678'],
    ['+447700900123;ext=1234567', '+447700900123;ext=1234567'],
    ['sip:+447700900123@example.org'],
  ]) {
    assert.deepEqual(phones(value), numbers);
  }
  for (const [value, ...addresses] of [
    ['"Amy, too" <amy@example.org>, <b@example.org>', 'amy@example.org', 'b@example.org'],
    ['amy@example.org / b@example.org c@example.org', 'amy@example.org', 'b@example.org', 'c@example.org'],
    ['a/b@example.org', 'a/b@example.org'],
    ['"a b"@example.org', '"a b"@example.org'],
    ['mailto:amy@example.org?subject=a,b', 'mailto:amy@example.org?subject=a,b'],
    ['nobody', 'nobody'],
  ]) {
    assert.deepEqual(emails(value), addresses);
  }
  for (const [value, services, ...ids] of [
    ['xmpp:amy', ['Facebook']],
    ['Jabber:amy@example.org', [], 'xmpp:amy@example.org'],
    ['x-apple:amy@example.org', ['Jabber'], 'xmpp:amy@example.org'],
    ['x-apple:amy@example.org', ['AIM']],
    ['amy@example.org', ['home', 'XMPP'], 'amy@example.org'],
    ['amy@example.org', ['home']],
    ['sip:amy@example.org', ['XMPP']],
  ]) {
    assert.deepEqual(messages(value, services), ids);
  }
});

test('what is typed is read', () => {
  for (const [typed, expected] of [
    ['Amy: +44 7700 900123', 'Amy: phone:+447700900123'],
    ['07700 900123', '(no name): phone:+447700900123'],
    ['amy@gmail.com\nmichael@example.org', '(no name): email:amy@gmail.com\n(no name): email:michael@example.org'],
    ['Amy Example <amy@example.org>', 'Amy Example: email:amy@example.org'],
    ['Amy, +44 7700 900123, amy@example.org', 'Amy: phone:+447700900123 email:amy@example.org'],
    ['Amy +44 7700 900123 / 07700 900124', 'Amy: phone:+447700900123 phone:+447700900124'],
    ['Amy - (07700) 900123', 'Amy: phone:+447700900123'],
    ['Amy: xmpp:amy@example.org\r\n\r\n tel:+44-7700-900123', 'Amy: xmpp:amy@example.org\n(no name): phone:+447700900123'],
    ['Jörg\tjoerg@example.org', 'Jörg: email:joerg@example.org'],
    ['Mobile: 07700 900123', 'Mobile: phone:+447700900123'],
    ['Name\tMobile\nAmy\t07700 900123', 'Amy: phone:+447700900123'],
    ['BEGIN:VCARD\nFN:Amy\nTEL:07700 900123\nEND:VCARD', 'Amy: phone:+447700900123'],
    ['ask Amy', '(no name):\n- (no name): phone-with-letters'],
  ]) {
    assert.equal(described(parse(typed), 'GB'), `${expected}\n`, typed);
  }
});

test('a file may have such lines, too', () => {
  assert.equal(described(parse(Buffer.from('Amy: 07700 900123\nand so on\n')), 'GB'), 'Amy: phone:+447700900123\n');
});

test('a file without anybody is refused in words', () => {
  for (const text of [
    '', 'hello', '\ufeff', '[[', '["vcard", 1]', 'dn: x\nmail:: =', '"', '\0\0\0\0', '[["vcard", [[1, null, 2, {}]]',
    'VERSION:3.0\nEMAIL:amy@exam\n ple.org\nEND:VCARD', // folded: no lines to be read
  ]) {
    assert.throws(() => parse(Buffer.from(text)), BookError, text);
  }
});

test('own forms come before other forms, and the first contact has them', async () => {
  const book = 'Amy: amy@gmail.com, +54 9 11 2345 6789\nMichael: amy@googlemail.com, amy@gmail.com\nZoë: 07700 900123';
  const done = [];
  const { hashes, skipped, contacts } = await read(parse(book), reader, undefined, (count) => done.push(count));
  const [phone, email, argentina] = await Promise.all([
    reader.hashes('phone', '+5491123456789'),
    reader.hashes('email', 'amy@gmail.com'),
    reader.hashes('phone', '+541123456789'),
  ]);
  assert.deepEqual([...hashes], [[phone[0], 'Amy'], [email[0], 'Amy'], [email[1], 'Michael'], [argentina[0], 'Amy']]);
  assert.deepEqual(skipped, [{ name: 'Zoë', text: '07700 900123', reason: 'phone-without-country' }]);
  assert.equal(contacts, 3);
  assert.deepEqual(done, [3]);
});

/** Random numbers that a seed gives again (mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = ['\r\n', '\r', '"', '\0', ':', ';', '=\n', '\\', '[', '{', '\xff\xfe', '\xc3', 'BEGIN:VCARD\n', 'END:VCARD\n', 'AGENT:\n',
  'ENCODING=b', 'CHARSET=UTF-16', 'CHARSET=x', '::', '%ff', '<', 'tel:'].map((piece) => Buffer.from(piece, 'latin1'));

/** Cut, changed, with something in it, or with a part of it once more. */
function damaged(bytes, number) {
  const at = () => Math.floor(number() * (bytes.length + 1));
  const [from, to] = [at(), at()].sort((a, b) => a - b);
  const piece = PIECES[Math.floor(number() * PIECES.length)];
  return [
    () => bytes.subarray(0, from),
    () => Buffer.concat([bytes.subarray(0, from), Buffer.from([number() * 256]), bytes.subarray(from + 1)]),
    () => Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)]),
    () => Buffer.concat([bytes, bytes.subarray(from, to)]),
  ][Math.floor(number() * 4)]();
}

test('damaged books are no trouble', () => {
  const seed = Number(process.env.BOOKS_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const number = random(seed);
  for (let times = 0; times < 3000; times++) {
    let bytes = content(FILES[Math.floor(number() * FILES.length)]);
    for (let damages = 1 + number() * 19; damages > 0; damages--) bytes = damaged(bytes, number);
    try {
      const contacts = parse(number() < 0.8 ? bytes : bytes.toString());
      for (const contact of contacts) identities(contact, reader, 'GB');
    } catch (error) {
      if (error instanceof BookError) continue;
      error.message += ` (BOOKS_SEED=${seed}, after ${times} books)`;
      throw error;
    }
  }
});

test('long books are no trouble', () => {
  const long = (piece) => piece.repeat(300_000 / piece.length);
  for (const [start, piece, end = ''] of [
    ['', '\r'], ['', ' '], ['', '"'], ['', '",'], ['', '\t'], ['', 'a:'], ['', '<'], ['', '1 '], ['', 'a'], ['', 'a@'], ['', '('],
    ['', 'xmpp:'], ['', '['],
    ['[', '['], ['["vcard",', '['], ['dn: ', ';'], ['dn: x\nmail:', '<'], ['BEGIN:VCARD\nTEL', ';"'], ['BEGIN:VCARD\nTEL:', '/'],
    ['BEGIN:VCARD\nTEL:', '+1 '], ['BEGIN:VCARD\nEMAIL:', '@ '], ['BEGIN:VCARD\nFN:a', ' '], ['BEGIN:VCARD\nFN:', '\\;'],
    ['', 'BEGIN:VCARD\n'], ['BEGIN:VCARD\nFN;QUOTED-PRINTABLE:', '=\n'], ['BEGIN:VCARD\nN:a', '\n b'], ['Name,Phone\n', '"\n'],
    ['BEGIN:VCARD\nTEL:1', ' ', '2'], ['BEGIN:VCARD\nEMAIL:a', ' ', '@'], ['BEGIN:VCARD\nORG:a', ' ', 'b'], ['', '@', 'xn-'],
    ['a', ' ', ': 1'], ['a', ' ', '1'], ['a', '-', '"1'], ['"', ' ', '"'],
  ]) {
    try {
      for (const contact of parse(Buffer.from(start + long(piece) + end))) identities(contact, reader, 'GB');
    } catch (error) {
      assert(error instanceof BookError, error);
    }
  }
});

test('the time for 5,000 contacts', async (t) => {
  const card = (index) => {
    const number = String(index).padStart(6, '0');
    return `BEGIN:VCARD\nVERSION:3.0\nFN:Contact ${index}\nTEL;TYPE=CELL:+44 7700 ${number}\nTEL:07911 ${number}\n`
      + `EMAIL:contact${index}@gmail.com\nEND:VCARD\n`;
  };
  const book = Buffer.from(Array.from({ length: 5000 }, (_, index) => card(index)).join(''));
  const begin = performance.now();
  const contacts = parse(book);
  const parsed = performance.now();
  const { hashes } = await read(contacts, reader, 'GB');
  const end = performance.now();
  assert.equal(hashes.size, 20_000);
  t.diagnostic(`parsed in ${Math.round(parsed - begin)} ms, read and hashed in ${Math.round(end - parsed)} ms`);
});
