// A person in front of converse.js, in Chromium, over the XMPP server's WebSocket. What is looked at is the screen.

import { PATIENCE, launch, serve } from './browser.js';
import { Person } from './libraries/xmpp-client.js';
import {
  ACCOUNT, AMYS_PHONE, MICHAELS_PHONE, SERVICE,
  assert, end, hashed, http, introduce, password, restart, smsCode, step, websocket, wrong,
} from './script.js';

const DIST = new URL('node_modules/converse.js/dist/', import.meta.url);

/** The page that has converse.js, with nothing set that an admin would not have to set. */
async function page() {
  const settings = { assets_path: '/', view_mode: 'fullscreen', i18n: 'en', websocket_url: await websocket() };
  return `<!DOCTYPE html><title>Chat</title><link rel="stylesheet" href="/converse.min.css"><script type="module">
    import '/converse.min.js';
    converse.initialize(${JSON.stringify({ ...settings, discover_connection_methods: false })});
  </script>`;
}

/** What somebody sees and does. */
class Screen {
  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
  }

  /** Waits until an element is to be seen that has these words, whatever the white space between them. */
  async sees(selector, words = '') {
    const found = (selector, words) => {
      const flat = (text) => text.replace(/\s+/g, ' ').trim();
      return [...document.querySelectorAll(selector)].find(
        (element) => element.checkVisibility() && flat(element.innerText ?? '').includes(flat(words)),
      );
    };
    try {
      return (await this.page.waitForFunction(found, {}, selector, words)).asElement();
    } catch (error) {
      const text = await this.page.evaluate(() => document.body.innerText);
      throw new Error(`no ${selector} with ${JSON.stringify(words)}; what is to be seen is\n${text}`, { cause: error });
    }
  }

  /** The words of all such elements that are to be seen now. */
  reads(selector) {
    return this.page.$$eval(selector, (elements) =>
      elements.filter((element) => element.checkVisibility()).map((element) => element.innerText.trim()),
    );
  }

  async clicks(selector, words = '') {
    // As a mouse does where nothing is in the way: menus and modals move while they open.
    await (await this.sees(selector, words)).evaluate((element) => element.click());
  }

  async types(selector, text) {
    // At once: what opens meanwhile takes the keyboard away.
    await (await this.sees(selector)).evaluate((field, text) => {
      field.focus();
      field.value = text;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }, text);
  }

  async logsIn(name) {
    await this.types('#converse-login-jid', `${name}@localhost`);
    await this.types('#converse-login-password', password(name));
    await this.clicks('#converse-login button[type=submit]');
    await this.sees('#converse-roster');
  }

  async adds(jid) {
    await this.clicks('.dropdown--contacts button');
    await this.clicks('.add-contact');
    await this.types('.add-xmpp-contact input[name=jid]', jid);
    await this.clicks('.add-xmpp-contact button[type=submit]');
    await this.sees(`.open-chat[data-jid="${jid}"]`);
  }

  async opensChat(jid) {
    await this.clicks(`.open-chat[data-jid="${jid}"]`);
    await this.sees(CHAT(jid));
  }

  async writes(text) {
    await this.types('.chat-textarea', text);
    await this.clicks('.send-button');
  }

  /** Writes something, and reads the answer. */
  async asks(text) {
    const before = (await this.hears()).length;
    await this.writes(text);
    await this.hearsMoreThan(before);
    return (await this.hears()).at(-1);
  }

  /** Waits until the other side of the chat has written more than so many messages. */
  async hearsMoreThan(before) {
    const more = (selector, before) => document.querySelectorAll(selector).length > before;
    await this.page.waitForFunction(more, {}, HEARD, before);
  }

  /** What the other side of the chat that is open has written. */
  hears() {
    return this.reads(HEARD);
  }

  async opensCommands(jid) {
    await this.clicks('.show-client-info');
    await this.clicks('#commands-tab');
    await this.types('converse-adhoc-commands input[name=jid]', jid);
    await this.clicks('converse-adhoc-commands input[type=submit]');
  }

  async chooses(node) {
    await this.clicks(`[data-command-node="${node}"]`);
  }

  async acts(action) {
    await this.clicks(`converse-adhoc-commands [data-action=${action}]`);
  }
}

const AMYS_OTHER_PHONE = '+447700900124';
const NAME = 'it-se.me';
const OF_SERVICE = `.open-chat[data-jid="${ACCOUNT}"]`;
const MESSAGE = 'converse-chat-message';
const CHAT = (jid) => `converse-chat[jid="${jid}"] .chat-textarea`;
const HEARD = '.chat-msg__content--them .chat-msg__text';
const COMMANDS = 'converse-adhoc-commands';
const FORM = `${COMMANDS} .list-group form`;

const browser = await launch();

introduce('converse.js');
const amy = new Screen(await browser.newPage());
await amy.page.setViewport({ width: 1200, height: 900 });
await amy.page.goto(await serve(DIST, { '/index.html': await page() }));
await amy.logsIn('amy');

await step('add', () => amy.adds(ACCOUNT));
await step('online', () => amy.sees(`${OF_SERVICE} .contact-name--online`));
await step('name', () => amy.sees(OF_SERVICE, NAME));
await step('avatar', () => amy.sees(`${OF_SERVICE} converse-avatar svg image`));

await amy.opensChat(ACCOUNT);
await step('help', async () => {
  assert.match(await amy.asks('help'), /link phone \+44/);
});
// Before Amy is linked by whatever else she does.
await step('correction', async () => {
  const before = (await amy.hears()).length;
  const code = '/v1/register/xmpp/amy@localhost/amy@localhost';
  await http(code);
  await amy.hearsMoreThan(before);
  await http(`${code}?resend=1`);
  await amy.sees(`${MESSAGE}:last-of-type .chat-msg__edit-modal`);
  assert.equal((await amy.hears()).length, before + 1);
});
await step('chat-link', async () => {
  assert.match(await amy.asks('link phone +44 7700 900123'), /code is on its way/i);
  const code = await smsCode(AMYS_PHONE);
  assert.match(await amy.asks(wrong(code)), /This code is wrong/);
  assert.match(await amy.asks(code), /that is proven/);
});
await step('links', async () => {
  const links = await amy.asks('links');
  assert.ok(links.includes(hashed('phone', AMYS_PHONE).slice(0, 8)), links);
});
const michael = new Person('michael');
await michael.login();
const asMichael = { provider: 'phone', id: MICHAELS_PHONE };
await michael.ask('set', SERVICE, 'register', asMichael);
const proof = { code: [await smsCode(MICHAELS_PHONE)], hash: [hashed('phone', MICHAELS_PHONE)] };
await michael.ask('set', SERVICE, 'verify', proof);
await step('introduction', async () => {
  const before = (await amy.hears()).length;
  const wanted = { info: [JSON.stringify([asMichael])], hash: [hashed('phone', AMYS_PHONE)] };
  await michael.ask('set', SERVICE, 'contact', wanted);
  await amy.hearsMoreThan(before);
  const shown = (await amy.hears()).at(-1);
  assert.ok(shown.includes('michael@localhost') && shown.includes(MICHAELS_PHONE), shown);
  await amy.adds('michael@localhost');
  await amy.opensChat('michael@localhost');
  await amy.writes('Hello, Michael');
  await michael.messages.next('a greeting', (message) => message.getChildText('body') === 'Hello, Michael');
});

// Commands stand behind a cog wheel, for any address.
await amy.opensCommands(ACCOUNT);
await step('commands', () => amy.sees(`${COMMANDS} .list-group`, 'Link a number or an address'));
await step('missing', async () => {
  await amy.chooses('check');
  await amy.acts('complete');
  await amy.sees(FORM, 'Please fill in “Jabber ID”.');
  await amy.sees(`${FORM} input[name=detail]`);
});
await step('forms', async () => {
  await amy.chooses('link');
  await amy.acts('next'); // a phone number is what is chosen already
  await amy.types(`${FORM} input[name=id]`, '+44 7700 900124');
  await amy.acts('next');
  const code = await smsCode(AMYS_OTHER_PHONE);
  await step('mistake', async () => {
    await amy.types(`${FORM} input[name=code]`, wrong(code));
    await amy.acts('complete');
    await amy.sees(FORM, 'This code is wrong.');
  });
  await amy.types(`${FORM} input[name=code]`, code);
  await amy.acts('complete');
  await step('done', () => amy.sees(COMMANDS, 'Done: you can be found by it now.'));
});

await step('error-text', async () => {
  await amy.chooses('check');
  await restart(); // which ends the session
  await amy.acts('complete');
  await amy.sees(`${FORM} .alert`, 'Completed');
  return 'a command that is refused is said to be “Completed”';
});

end();
