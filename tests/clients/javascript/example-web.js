// The web page of examples/web, in Chromium: Amy and Michael find each other, Eve does not come between them. Everything on the page
// is found by the name that it has for people who do not see it.

import { readFile } from 'node:fs/promises';

import { PATIENCE, launch, serve } from './browser.js';
import { Person } from './libraries/xmpp-client.js';
import {
  AMYS_PHONE, MICHAELS_PHONE, SERVICE,
  assert, end, hashed, httpUrl, password, smsCode, websocket, wrong,
} from './script.js';

const PAUSE = 100; // milliseconds: pages that are not in front draw nothing
const EVES_PHONE = '+525512345678'; // of Mexico, where numbers have changed
const LOG = 'What happened';
const OWN = 'What people can find you by[role="status"]'; // and not the title
const ASKERS = 'People who ask';
const FOUND = 'Who was found[role="status"]';

/** Somebody in front of the page. */
class Screen {
  static async open(browser, address) {
    const context = await browser.createBrowserContext(); // with a storage of its own
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', fail);
    page.on('console', (message) => message.type() === 'error' && fail(new Error(message.text())));
    await page.goto(address);
    return new Screen(page);
  }

  constructor(page) {
    this.page = page;
  }

  async fills(fields) {
    for (const [name, text] of Object.entries(fields)) {
      const field = await this.page.waitForSelector(`aria/${name}`);
      await field.evaluate((field, text) => { field.value = text; }, text);
    }
  }

  async clicks(name) {
    await (await this.page.waitForSelector(`aria/${name}`)).click();
  }

  async reads(name) {
    return (await this.page.waitForSelector(`aria/${name}`)).evaluate((element) => element.textContent);
  }

  /** Waits until what has this name says what is wanted. */
  async sees(name, words, isThere = true) {
    const element = await this.page.waitForSelector(`aria/${name}`);
    const says = (element, words, isThere) => element.textContent.includes(words) === isThere;
    await this.page.waitForFunction(says, { polling: PAUSE }, element, words, isThere).catch(async (error) => {
      const text = await this.page.evaluate(() => document.body.textContent);
      throw new Error(`${name}: ${words} (${isThere}); there is\n${text}`, { cause: error });
    });
  }

  async logsIn(name) {
    await this.clicks('Where the service is, if the Jabber ID does not tell');
    await this.fills({
      'Jabber ID': `${name}@localhost`, Password: password(name), 'Web address of the service': new URL(this.page.url()).origin,
    });
    await this.clicks('Log in');
    await this.sees(OWN, `${name}@localhost is linked`);
  }

  async links(typed, number) {
    await this.fills({ 'Your phone number, with + and country': typed });
    await this.clicks('Link this number');
    await this.sees(OWN, `${number} is not linked`);
    return smsCode(number);
  }

  async confirms(code) {
    await this.fills({ 'Code of the text message': code });
    await this.clicks('Confirm the code');
  }

  async hasBook(book) {
    await this.fills({ 'vCards, or lines like “Amy: +44 7700 900123”': book });
    await this.clicks('Use this address book');
  }
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

const browser = await launch();
const links = [ // as an admin copies them to where the XMPP domain has its WebSocket (XEP-0156)
  { rel: 'it-se.me:http', href: await httpUrl() },
  { rel: 'it-se.me:xmpp', href: `xmpp:${SERVICE}` },
  { rel: 'urn:xmpp:alt-connections:websocket', href: await websocket() },
];
const made = { '/.well-known/host-meta.json': JSON.stringify({ links }) };
for (const file of ['conformance/javascript/itseme_identity.mjs', 'conformance/javascript/libphonenumber-js.mjs', 'numbering.toml']) {
  made[`/${file.split('/').at(-1)}`] = await readFile(new URL(`../../../identity/${file}`, import.meta.url)); // as README.md tells
}
const address = await serve(new URL('../../../examples/web/', import.meta.url), made);
const [amy, michael] = [await Screen.open(browser, address), await Screen.open(browser, address)];

// Both link what is theirs. Their Jabber IDs are registered over HTTP, and the codes that come by XMPP are returned.
await amy.logsIn('amy');
const code = await amy.links('+44 (0)7700 900-123', AMYS_PHONE);
await amy.confirms(wrong(code));
await amy.sees(LOG, 'This code is wrong');
await amy.confirms(code);
await amy.sees(OWN, `${AMYS_PHONE} is linked`);
await michael.logsIn('michael');
await michael.confirms(await michael.links('+44 7700 900 456', MICHAELS_PHONE));
await michael.sees(OWN, `${MICHAELS_PHONE} is linked`);

// Each has the others in an address book, in a way of writing of its own; Michael has Eve's number of before 2019.
await amy.hasBook(`BEGIN:VCARD\nVERSION:3.0\nFN:Michael\nN:;Michael;;;\nEMAIL:michael@example.org\n`
  + `item1.TEL;TYPE=CELL:07700 900456\nEND:VCARD`);
await amy.clicks('Accept people of my address book without asking me');
await michael.hasBook('Amy: 0044 7700/900.123\nEve: tel:+52-1-55-1234-5678;ext=9\nJoe: call me');
await michael.sees(LOG, '“call me” is not used. There are letters that belong to no phone number.');

// Amy declines a stranger.
const eve = new Person('eve');
const heard = [];
eve.xmpp.on('stanza', (stanza) => heard.push(stanza));
await eve.login();
const asEve = { provider: 'phone', id: EVES_PHONE };
await eve.ask('set', SERVICE, 'register', asEve);
await eve.ask('set', SERVICE, 'verify', { code: [await smsCode(EVES_PHONE)], hash: [hashed('phone', EVES_PHONE)] });
await eve.ask('set', SERVICE, 'contact', { info: [JSON.stringify([asEve])], hash: [hashed('phone', AMYS_PHONE)] });
await amy.sees(ASKERS, 'eve@localhost');
await amy.page.select('#askers', 'eve@localhost');
await amy.clicks('Decline');
await amy.sees(ASKERS, 'eve@localhost', false);

// Michael finds Amy, and does not believe what Eve says before that. What Eve says at last is true.
const says = (jid, id) => eve.answers('michael@localhost', jid, [{ provider: 'phone', id }]);
await says('eve@localhost', AMYS_PHONE);
await says('amy@localhost', AMYS_PHONE);
await says('eve@localhost', MICHAELS_PHONE);
await michael.clicks('Ask for introductions');
await michael.sees(FOUND, 'Amy: amy@localhost');
await says('eve@localhost', EVES_PHONE);
await michael.sees(FOUND, 'Eve: eve@localhost');
const found = `Amy: amy@localhost (xmpp: amy@localhost, phone: ${AMYS_PHONE})\nEve: eve@localhost (phone: ${EVES_PHONE})`;
assert.deepEqual((await michael.reads(FOUND)).split('\n').sort(), found.split('\n'));
assert.ok(!heard.some(({ attrs }) => attrs.from?.startsWith('amy@localhost')), 'Amy tells Eve nothing');

// Everything is there again when the page is.
await michael.page.reload();
await michael.logsIn('michael');
await michael.sees(FOUND, 'Amy: amy@localhost');
await michael.sees(OWN, `${MICHAELS_PHONE} is linked`);

end();
