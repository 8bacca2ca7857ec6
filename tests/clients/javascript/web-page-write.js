// The service's web page: Amy proves her number by a message from it, which comes to the service over a gateway.

import { Person } from './libraries/xmpp-client.js';
import { AMYS_PHONE, assert, end, httpUrl, smsCode } from './script.js';
import { Visitor, xmppCode } from './visitor.js';

const url = await httpUrl();
const atHome = new Person('amy');
await atHome.login();
const amy = await Visitor.open(`${url}/`);
const own = amy.section('Be found');
await own.getByLabel('Your Jabber ID').fill('amy@localhost');
await own.getByLabel('Your Jabber ID').press('Enter');
const code = await xmppCode(atHome);
await own.getByLabel('Code').fill(code);
await own.getByRole('button', { name: 'Confirm' }).click();
await amy.sees(own, 'You can be found by this.');

// Only for numbers: the admin has named no address.
const tick = own.getByLabel('I send a message from there myself');
await own.getByLabel('Kind').selectOption('email');
assert.equal(await tick.isVisible(), false);
const callTick = own.getByLabel('Call me instead of sending a message');
assert.equal(await callTick.isVisible(), false);
await own.getByLabel('Kind').selectOption('phone');
await tick.check();
await amy.isAccessible();
const add = async () => {
  await own.getByLabel('Number, address or name').fill(AMYS_PHONE);
  await own.getByRole('button', { name: 'Add', exact: true }).click();
};
await add();
const phone = amy.entry(AMYS_PHONE);
await amy.sees(phone, 'Send this text from there to');
const link = new URL(await phone.getByRole('link', { name: 'Write the message' }).getAttribute('href'));
assert.equal(link.protocol + link.pathname, 'sms:+447700900999');
const text = link.searchParams.get('body');
assert.match(text, /^[0-9]{8} amy@localhost$/);
assert.equal(await phone.getByLabel('Code').isVisible(), false, 'there is no code to enter');
await amy.isAccessible();

// She would rather have a code, and thinks better of it.
await phone.getByRole('button', { name: 'Send another code' }).click({ timeout: 20_000 });
await phone.getByLabel('Code').waitFor();
await smsCode(AMYS_PHONE);
await phone.getByRole('button', { name: 'Send another code' }).waitFor({ timeout: 20_000 });
await amy.page.waitForFunction(() => !document.querySelector('.resend:disabled'));
await phone.getByRole('button', { name: 'Call me instead' }).click();
await amy.page.waitForFunction(() => document.querySelector('.resend:disabled'));
await phone.getByLabel('Code').waitFor();
await amy.page.waitForFunction(() => !document.querySelector('.resend:disabled'));
await tick.check();
await add();
await amy.sees(phone, 'Send this text from there to');
assert.equal(await callTick.isVisible(), true);
const again = new URL(await phone.getByRole('link', { name: 'Write the message' }).getAttribute('href')).searchParams.get('body');
assert.notEqual(again, text);
for (const [written, status] of [[text, 200], [again, 200]]) {
  const query = new URLSearchParams({ from: AMYS_PHONE, text: written });
  const answer = await fetch(`${url}/inbound/own/0123456789abcdef?${query}`);
  assert.deepEqual([answer.status, await answer.text()], [status, '']);
}
await amy.sees(phone, 'You can be found by this.');
end();
