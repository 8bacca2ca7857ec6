// The service's pages in a browser without JavaScript: that of a mail's code, and that of stopping mails.

import { Person } from './libraries/xmpp-client.js';
import { ACCOUNT, SERVICE, assert, end, hashed, http, httpUrl, letter } from './script.js';
import { NARROW, Visitor } from './visitor.js';

const MAIL = 'amy@example.org';

const amyAtHome = new Person('amy');
await amyAtHome.login();
await amyAtHome.ask('set', SERVICE, 'register', { provider: 'email', id: MAIL });
const [verify, stop] = (await letter(MAIL)).match(/https?:\S+/g);

const reader = { viewport: NARROW, locale: 'fr-FR', javaScriptEnabled: false };
const front = await Visitor.open(`${await httpUrl()}/`, reader);
const hint = await front.page.locator('noscript p').innerText(); // which Playwright's getByText does not see
assert.ok(hint.includes(`écrivez « aide » à ${ACCOUNT}`), hint);

for (const scheme of ['light', 'dark']) {
  // axe-core itself is JavaScript.
  const looker = await Visitor.open(verify, { ...reader, javaScriptEnabled: true, colorScheme: scheme });
  await looker.isAccessible();
  await looker.isAccessibleAtTwice();
  await looker.page.goto(stop);
  await looker.isAccessible();
  await looker.isAccessibleAtTwice();
  await looker.shows(`page-stop-${scheme}`);
}

const amy = await Visitor.open(verify, reader);
await amy.page.getByRole('button').click();
await amy.sees(amy.page, 'amy@localhost');
const { confirmed } = await http(`/v1/confirm/${hashed('email', MAIL)}/amy@localhost`);
assert.equal(confirmed, true);

await amy.page.goto(stop);
await amy.page.getByRole('button').click();
await amy.sees(amy.page, 'On ne vous écrit plus');
await amy.page.getByRole('button').click();
await amy.sees(amy.page, /de nouveau/);

end();
