// The service's web page when something goes astray: people mistype, answers are late or do not come, storage has rubbish.

import { Person } from './libraries/xmpp-client.js';
import { AMYS_PHONE, assert, end, httpUrl, smsCode } from './script.js';
import { Visitor, xmppCode } from './visitor.js';

const address = `${await httpUrl()}/`;
const amyAtHome = new Person('amy');
await amyAtHome.login();

const amy = await Visitor.open(`${address}?lang=de`, { locale: 'fr-FR' });
const { page } = amy;
const own = amy.section('Gefunden werden');
const focused = () => page.evaluate(() => document.activeElement.textContent.trim().slice(0, 40));
const begins = async (jid) => {
  await own.getByLabel('Deine Jabber-ID').fill(jid);
  await own.getByRole('button', { name: 'Schick mir einen Code' }).click();
};

// Refusals are in the language of the page, not in that of the browser, and do not name the API's fields.
await begins('amy');
await amy.sees(own, /^Hier gehört eine Jabber-ID wie/);

// A Jabber ID that was mistyped can be removed, and another one entered.
await begins('amie@localhost');
await amy.entry('amie@localhost').getByRole('button', { name: 'Entfernen' }).click();
await own.getByRole('button', { name: 'Schick mir einen Code' }).waitFor();
assert.equal(await focused(), 'Gefunden werden', 'the focus is not lost');
await begins('amy@localhost');
const jid = amy.entry('amy@localhost');
await jid.getByLabel('Code').fill(await xmppCode(amyAtHome));
await jid.getByRole('button', { name: 'Bestätigen' }).click();
await amy.sees(jid, 'Darüber kannst du gefunden werden.');
assert.equal(await focused(), 'amy@localhost');

// A look-up that is answered late does not undo what was done in the meantime.
await own.getByLabel('Nummer, Adresse oder Name').fill(AMYS_PHONE);
await own.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
const phone = amy.entry(AMYS_PHONE);
const code = await smsCode(AMYS_PHONE);
let answer;
const isHeld = new Promise((resolve) => {
  page.route('**/v1/confirm', async (route) => {
    const response = await route.fetch();
    answer = () => route.fulfill({ response });
    resolve();
  }, { times: 1 });
});
await isHeld; // of the page's own look-ups, every ten seconds
await phone.getByLabel('Code').fill(code);
await phone.getByRole('button', { name: 'Bestätigen' }).click();
await amy.sees(phone, 'Darüber kannst du gefunden werden.');
await answer();
await page.reload();
await amy.sees(phone, 'Darüber kannst du gefunden werden.');

// Without a connection, the page says so, and goes on when there is one.
await page.route('**/v1/**', (route) => route.abort());
await own.getByLabel('Art').selectOption('email');
await own.getByLabel('Nummer, Adresse oder Name').fill('amy@example.org');
await own.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
await amy.sees(own, 'Der Dienst ist nicht erreichbar.');
await page.unroute('**/v1/**');
await own.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
const mail = amy.entry('amy@example.org');
await mail.getByLabel('Code').waitFor();

// A second code too early: the page shows for how long to wait, and then sends it.
await mail.getByRole('button', { name: /Neuer Code in \d s/ }).waitFor();
await mail.getByRole('button', { name: 'Neuen Code schicken' }).click();
await mail.getByRole('button', { name: /Neuer Code in \d s/ }).waitFor();

// A number that the gateway refuses: the page says why no code comes, and registering again is no mistake.
const REFUSED = '+447700900999';
await own.getByLabel('Art').selectOption('phone');
await own.getByLabel('Nummer, Adresse oder Name').fill(REFUSED);
await own.getByRole('button', { name: 'Hinzufügen', exact: true }).click();
const refused = amy.entry(REFUSED);
await refused.getByRole('button', { name: 'Neuen Code schicken' }).waitFor();
await refused.getByLabel('Code').fill('1234');
await refused.getByRole('button', { name: 'Bestätigen' }).click();
await amy.sees(refused, /^Der Code konnte nicht zugestellt werden/);

// A book with nobody in it.
const friends = amy.section('Freunde finden');
for (const buffer of [Buffer.from(''), Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 1])]) {
  await friends.getByLabel('Adressbuch (vCard').setInputFiles({ name: 'book.vcf', mimeType: 'text/vcard', buffer });
  await friends.getByRole('button', { name: 'Adressbuch lesen' }).click();
  await amy.sees(friends, 'Darin ist niemand.');
}

// The browser forgets, with all that the page shows.
await friends.getByLabel('Oder Nummern').fill('Eve: +52 1 55 1234 5678');
await page.getByRole('button', { name: 'Löschen, was dieser Browser behält' }).click();
await amy.sees(amy.section('Aufhören'), 'Gelöscht: Dieser Browser behält nichts.');
assert.equal(await friends.getByLabel('Oder Nummern').inputValue(), '');

// Whatever stands in the storage, the page works.
for (const rubbish of ['{', '[]', '{"details":null,"asked":[]}', '{"jid":1,"details":[null,{},{"hash":"a","provider":"x","id":"y","status":"?"}]}',
  '{"details":[{"hash":{"toString":null},"provider":"phone","id":{"toString":null},"status":"linked"}],"token":{}}']) {
  await page.evaluate((rubbish) => localStorage.setItem('itseme:/', rubbish), rubbish);
  await page.reload();
  await own.getByRole('button', { name: 'Schick mir einen Code' }).waitFor();
}
await begins('amy@localhost');
await amy.sees(jid, 'Darüber kannst du gefunden werden.');

end();
