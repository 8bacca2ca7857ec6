// The service's web page where HTTP needs a token: a code gives one, which is kept and shown.

import { Person } from './libraries/xmpp-client.js';
import { AMYS_PHONE, assert, end, httpUrl, smsCode } from './script.js';
import { Visitor, xmppCode } from './visitor.js';

const amyAtHome = new Person('amy');
await amyAtHome.login();
const amy = await Visitor.open(`${await httpUrl()}/`);
const own = amy.section('Be found');

const begin = async () => {
  await own.getByLabel('Your Jabber ID').fill('amy@localhost');
  await own.getByRole('button', { name: 'Send me a code' }).click();
  await own.getByLabel('Code').fill(await xmppCode(amyAtHome));
  await own.getByRole('button', { name: 'Confirm' }).click();
  await own.getByLabel('Number, address or name').waitFor();
};
await begin();
await own.getByLabel('Kind').selectOption('phone');
await own.getByLabel('Number, address or name').fill(AMYS_PHONE);
await own.getByRole('button', { name: 'Add', exact: true }).click();
const phone = amy.entry(AMYS_PHONE);
await phone.getByLabel('Code').fill(await smsCode(AMYS_PHONE));
await phone.getByRole('button', { name: 'Confirm' }).click();
await amy.sees(phone, 'You can be found by this.');

// In another browser, the Jabber ID is linked already, and only a code gives another token.
await amy.page.getByRole('button', { name: 'Delete what this browser keeps' }).click();
assert.equal(await own.getByLabel('Number, address or name').isVisible(), false);
await begin();

end();
