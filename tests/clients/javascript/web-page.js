// The service's web page: Amy and Michael are found, Michael asks for Amy, checks and removes; nothing of an address book but hashes
// leaves the browser.

import { Person } from './libraries/xmpp-client.js';
import {
  AMYS_PHONE, MICHAELS_PHONE, SERVICE, assert, end, hashed, httpUrl, mailCode, smsCode, wrong,
} from './script.js';
import { NARROW, Visitor, WIDE, xmppCode } from './visitor.js';

const AMYS_MAIL = 'amy@example.org';
const AMYS_NAME = 'Amy-Octo'; // at the provider octopus
const BOOK = `BEGIN:VCARD
VERSION:3.0
FN:Amy Example
item1.TEL;TYPE=CELL:07700 900 123
EMAIL:Amy@Example.org
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Joe Example
TEL:call me
TEL:(0770) 090-0789
END:VCARD
`;

const address = `${await httpUrl()}/`;
const [amyAtHome, michaelAtHome] = [new Person('amy'), new Person('michael')];
await amyAtHome.login();
await michaelAtHome.login();

// Amy, at a desk, in English.
const amy = await Visitor.open(address);
const own = amy.section('Be found');
await amy.isAccessible();
await amy.shows('page-begin');
// By keyboard alone.
await own.getByLabel('Your Jabber ID').focus();
await amy.page.keyboard.type(' Amy@localhost ');
await amy.page.keyboard.press('Tab');
await amy.page.keyboard.press('Enter');
const code = await xmppCode(amyAtHome);
await amy.sees(own, 'A code was sent there');
const [focused] = await amy.page.evaluate(() => [document.activeElement?.autocomplete]);
assert.equal(focused, 'one-time-code', 'the cursor is where the code goes');
await amy.page.keyboard.type(wrong(code));
await amy.page.keyboard.press('Enter');
await amy.sees(own, 'This code is wrong');
await amy.isAccessible();
await own.getByLabel('Code').fill(` ${code} `);
await own.getByRole('button', { name: 'Confirm' }).click();
await amy.sees(own, 'You can be found by this.');

// More of her details, each with its state.
const add = async (visitor, kind, id, words) => {
  await visitor.page.getByLabel(words.kind).first().selectOption(kind);
  await visitor.page.getByLabel(words.id).first().fill(id);
  await visitor.page.getByRole('button', { name: words.add, exact: true }).click();
};
const english = { kind: 'Kind', id: 'Number, address or name', add: 'Add' };
await add(amy, 'phone', '+44 (0)7700 900-123', english);
const phone = amy.entry('900-123');
await phone.getByRole('button', { name: /Another code in \d+ s/ }).waitFor();
await add(amy, 'email', 'nobody', english);
await amy.sees(own, 'An e-mail address like name@example.org is expected.');
await add(amy, 'email', AMYS_MAIL, english);
const mail = amy.entry(AMYS_MAIL);
await mail.getByLabel('Code').waitFor();
await amy.isAccessible();
await amy.shows('page-codes', own);

// What waits is there again when the page is.
await amy.page.reload();
await phone.getByLabel('Code').fill(await smsCode(AMYS_PHONE));
await phone.getByRole('button', { name: 'Confirm' }).click();
await amy.sees(phone, 'You can be found by this.');
await mail.getByLabel('Code').fill(await mailCode(AMYS_MAIL));
await mail.getByRole('button', { name: 'Confirm' }).click();
await amy.sees(mail, 'You can be found by this.');

// She signs in at a provider, and comes back.
await add(amy, 'octopus', AMYS_NAME, english);
await amy.entry(AMYS_NAME).getByRole('link', { name: 'Sign in' }).click();
await amy.page.locator('input[name=login]').fill(AMYS_NAME.toLowerCase());
await amy.page.locator('input[name=password]').fill('any');
await amy.page.locator('button[type=submit]').click();
await amy.page.locator('button[type=submit]').click();
await amy.page.getByRole('button', { name: 'Yes, that is mine' }).waitFor();
await amy.isAccessible();
await amy.shows('page-sign-in');
await amy.page.getByRole('button', { name: 'Yes, that is mine' }).click();
await amy.page.waitForURL(`${address}?lang=en`);
await amy.sees(amy.entry(AMYS_NAME), 'You can be found by this.');
await amy.isAccessible();
await amy.shows('page-linked', own);

// Michael, with a phone, in German, in the dark.
const michael = await Visitor.open(address, { viewport: NARROW, locale: 'de-AT', colorScheme: 'dark' });
const german = { kind: 'Art', id: 'Nummer, Adresse oder Name', add: 'Hinzufügen' };
await michael.isAccessible();
await michael.isAccessibleAtTwice();
await michael.page.getByLabel('Deine Jabber-ID').first().fill('michael@localhost');
await michael.page.getByRole('button', { name: 'Schick mir einen Code' }).click();
const [, michaelsCode] = await Promise.all([michael.page.getByLabel('Code').first().waitFor(), xmppCode(michaelAtHome)]);
await michael.page.getByLabel('Code').first().fill(michaelsCode);
await michael.page.getByRole('button', { name: 'Bestätigen' }).click();
await michael.sees(michael.entry('michael@localhost'), 'Darüber kannst du gefunden werden.');
await add(michael, 'phone', '+44 7700 900 456', german);
const number = michael.entry('900 456');
await number.getByLabel('Code').fill(await smsCode(MICHAELS_PHONE));
await number.getByRole('button', { name: 'Bestätigen' }).click();
await michael.sees(number, 'Darüber kannst du gefunden werden.');

// He opens his address book. Numbers without + are read as in his country.
const before = michael.requests.length;
const friends = michael.section('Freunde finden');
await friends.getByLabel('Adressbuch (vCard').setInputFiles({ name: 'book.vcf', mimeType: 'text/vcard', buffer: Buffer.from(BOOK) });
await friends.getByLabel('Oder Nummern').fill('Eve: +52 1 55 1234 5678');
await friends.getByRole('button', { name: 'Adressbuch lesen' }).click();
await michael.sees(friends, 'Kontakte: 3.');
await michael.sees(friends, 'Nicht gelesen: 1');
await friends.getByText('Nicht gelesen: 1').click();
await michael.sees(friends, 'Joe Example, call me: In dieser Telefonnummer stehen Buchstaben.');
await michael.sees(friends, 'Diesen Browser verlassen');
const peer = friends.getByText(/itseme\.example\.net/); // to which the request goes as well
await peer.waitFor();
const alone = friends.getByRole('checkbox', { name: 'Nur diesen Dienst fragen' });
await alone.check();
assert.equal(await peer.count(), 0);
await alone.uncheck();
await peer.waitFor();
await michael.isAccessible();
await michael.isAccessibleAtTwice();
await michael.shows('page-friends', friends);
await friends.getByRole('button', { name: 'Sie fragen' }).click();
await michael.sees(friends, /Gefragt: \d+/);
const introduction = await amyAtHome.hears('contact');
assert.equal(introduction.jid[0], 'michael@localhost');
assert.deepEqual(JSON.parse(introduction.info[0]), [
  { provider: 'xmpp', id: 'michael@localhost', confirmed: true }, { provider: 'phone', id: MICHAELS_PHONE, confirmed: true },
]);

// Nothing of the address book but hashes has left the browser, and all of it went to the service.
const asked = michael.requests.slice(before);
assert.ok(michael.requests.every(({ url }) => url.startsWith(address)), JSON.stringify(michael.requests));
const contacts = asked.filter(({ url }) => url === `${address}v1/contact`).map(({ body }) => JSON.parse(body));
assert.deepEqual(contacts.map(({ target, contact_info: info }) => [target, info]), [
  ['michael@localhost', [{ provider: 'xmpp', id: 'michael@localhost' }, { provider: 'phone', id: '+44 7700 900 456' }]],
]);
for (const hash of contacts.flatMap(({ contacts }) => contacts)) assert.match(hash, /^[0-9a-f]{128}$/);
for (const wanted of [hashed('phone', AMYS_PHONE), hashed('email', AMYS_MAIL), hashed('phone', '+525512345678')]) {
  assert.ok(contacts[0].contacts.includes(wanted), wanted);
}
for (const { url, body } of asked) {
  const rest = `${url} ${body.replace(/\b[0-9a-f]{128}\b/g, '')}`;
  for (const part of ['900123', '900 123', '0789', 'Example', 'xample.org', '1234 5678', 'call me']) {
    assert.ok(!rest.includes(part), `${part} in ${rest}`);
  }
}
for (const { url } of michael.requests) assert.ok(!/900|localhost%40|%40localhost|@/.test(url), url);

// The same people are not asked again.
await friends.getByRole('button', { name: 'Adressbuch lesen' }).click();
await michael.sees(friends, 'In den letzten 30 Tagen schon gefragt');
assert.equal(await friends.getByRole('button', { name: 'Sie fragen' }).count(), 0);

// Whoever is asked at this service alone can still be asked everywhere.
await friends.getByLabel('Oder Nummern').fill('Joe: +44 7700 900999');
for (const scope of ['here', undefined]) {
  await friends.getByRole('button', { name: 'Adressbuch lesen' }).click();
  await alone.setChecked(scope === 'here');
  await friends.getByRole('button', { name: 'Sie fragen' }).click();
  await michael.sees(friends, 'Gefragt: 1');
  assert.equal(JSON.parse(michael.requests.findLast(({ url }) => url === `${address}v1/contact`).body).scope, scope);
}

// Is Amy Amy?
const check = michael.section('Jemanden prüfen');
await check.getByLabel('Jabber-ID').fill('amy@localhost');
await check.getByLabel('Art').selectOption('phone');
await check.getByLabel('Nummer oder Adresse').fill('tel:+44-7700-900123');
await check.getByRole('button', { name: 'Prüfen' }).click();
await michael.sees(check, 'Ja, das gehört zu amy@localhost.');
await check.getByLabel('Nummer oder Adresse').fill('0700');
await check.getByRole('button', { name: 'Prüfen' }).click();
await michael.sees(check, 'Das Land dieser Telefonnummer ist nicht bekannt.');
await check.getByLabel('Nummer oder Adresse').fill('+447700900999');
await check.getByRole('button', { name: 'Prüfen' }).click();
await michael.sees(check, 'Nein');

// He removes his number, then everything, each with a code by XMPP; then the browser forgets.
const stop = michael.section('Aufhören');
const remove = async () => {
  await michael.sees(stop, 'Ein Code wurde als Nachricht an michael@localhost geschickt.');
  await michael.isAccessible();
  await stop.getByLabel('Code').fill(await forgetCode(michaelAtHome));
  await stop.getByRole('button', { name: 'Entfernen', exact: true }).click();
  await michael.sees(stop, 'Entfernt.');
};
await number.getByRole('button', { name: 'Entfernen' }).click();
await stop.getByRole('checkbox', { name: 'Telefonnummer: +44 7700 900 456', checked: true }).waitFor();
await stop.getByRole('button', { name: 'Angekreuztes entfernen' }).click();
await remove();
await number.waitFor({ state: 'detached' });
await michael.page.waitForTimeout(2000); // limits.resend_after
await stop.getByRole('button', { name: 'Alles entfernen' }).click();
await remove();
await michael.page.getByRole('button', { name: 'Schick mir einen Code' }).waitFor();
assert.deepEqual(await michael.page.evaluate(() => ({ ...localStorage })), {});
await check.getByLabel('Jabber-ID').fill('michael@localhost');
await check.getByLabel('Nummer oder Adresse').fill(MICHAELS_PHONE);
await check.getByRole('button', { name: 'Prüfen' }).click();
await michael.sees(check, 'Nein, das ist nicht mit michael@localhost verknüpft.');

// Amy's browser forgets: she is still found.
await amy.page.getByRole('button', { name: 'Delete what this browser keeps' }).click();
await own.getByRole('button', { name: 'Send me a code' }).waitFor();
await check.getByLabel('Jabber-ID').fill('amy@localhost');
await check.getByLabel('Nummer oder Adresse').fill(AMYS_PHONE);
await check.getByRole('button', { name: 'Prüfen' }).click();
await michael.sees(check, 'Ja');

// The first view is small.
const fresh = await Visitor.open(address, { viewport: WIDE });
const loaded = await fresh.page.evaluate(() => performance.getEntries().reduce((sum, { encodedBodySize = 0 }) => sum + encodedBodySize, 0));
assert.ok(loaded > 0 && loaded < 100_000, `${loaded} bytes`);
assert.ok(!fresh.requests.some(({ url }) => /vendor|books|reader/.test(url)), 'what reads address books is loaded later');

end();

/** The code of the oldest message about forgetting. */
async function forgetCode(person) {
  const message = await person.messages.next('a code', (stanza) => /\d{4,}/.test(stanza.getChildText('body') ?? ''));
  assert.ok(message.attrs.from.endsWith(SERVICE), message.toString());
  return /\d{4,}/.exec(message.getChildText('body'))[0];
}
