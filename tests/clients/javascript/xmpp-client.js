// The native path with @xmpp/client, as a program of a client developer would take it.

import { client, xml } from '@xmpp/client';

import {
  AMYS_PHONE, CONDITIONS, DOMAIN, MICHAELS_PHONE, NOBODYS_PHONE, Queue, SERVICE, XMPP_PORT,
  assert, end, hashed, http, introduce, password, refuser, smsCode, step, within, wrong,
} from './script.js';

const REGISTER = 'it-se.me:register';
const VERIFY = 'it-se.me:verify';
const CONTACT = 'it-se.me:contact';
const CONFIRM = 'it-se.me:confirm';

class Person {
  constructor(name) {
    this.messages = new Queue();
    this.xmpp = client({
      service: `xmpp://127.0.0.1:${XMPP_PORT}`, domain: DOMAIN, username: name, password: password(name),
    });
    this.xmpp.on('stanza', (stanza) => stanza.is('message') && this.messages.put(stanza));
    this.xmpp.on('error', (error) => console.log(String(error)));
  }

  async login() {
    await within('a login', this.xmpp.start());
    await this.xmpp.send(xml('presence'));
    return this;
  }

  get(...payload) {
    return this.xmpp.iqCaller.get(xml(...payload), SERVICE);
  }

  set(...payload) {
    return this.xmpp.iqCaller.set(xml(...payload), SERVICE);
  }

  register(provider, id, more = {}) {
    return this.set('register', { xmlns: REGISTER, provider, id, ...more });
  }

  verify(code, hash) {
    return this.set('verify', { xmlns: VERIFY }, xml('code', {}, code), xml('hash', {}, hash));
  }

  contact(details, hashes) {
    const info = xml('info', {}, JSON.stringify(details));
    return this.set('contact', { xmlns: CONTACT }, info, ...hashes.map((hash) => xml('hash', {}, hash)));
  }

  /** The next message of the service with such an element. */
  async hears(name, xmlns) {
    const message = await this.messages.next(`<${name}/>`, (stanza) => stanza.getChild(name, xmlns));
    assert.ok(message.attrs.from.endsWith(SERVICE), message.toString());
    return message.getChild(name, xmlns);
  }
}

/** What the library makes of the error that a request is answered with. */
async function refused(request) {
  const error = await request.then(() => assert.fail('this was not refused'), (error) => error);
  assert.equal(error.name, 'StanzaError', error.stack);
  assert.ok(error.text, 'an error has words');
  return [error.condition, error.type, error.application?.name];
}

introduce('@xmpp/client');
const amy = new Person('amy');
const michael = new Person('michael');
const amysHash = hashed('phone', AMYS_PHONE);

await step('login', () => Promise.all([amy.login(), michael.login()]).then(() => {}));

await step('register', async () => {
  const answer = await amy.register('phone', '+44 7700 900123');
  assert.equal(answer.attrs.status, 'pending');
  assert.equal(answer.getChildText('hash'), amysHash);
});

await step('refusals', async () => {
  const code = await smsCode(AMYS_PHONE);
  assert.deepEqual(await refused(amy.verify(wrong(code), amysHash)), ['not-acceptable', 'modify', 'faulty-code']);
  const few = { resend: 'true' };
  assert.deepEqual(
    await refused(amy.register('phone', AMYS_PHONE, few)), ['resource-constraint', 'wait', 'request-limit-reached'],
  );
  assert.deepEqual(await refused(amy.register('phone', '07700')), ['bad-request', 'modify', 'value-error']);
  assert.deepEqual(
    await refused(amy.register('nothing', 'amy')), ['feature-not-implemented', 'cancel', 'unknown-provider'],
  );
  assert.deepEqual(await refused(amy.verify(code, hashed('phone', NOBODYS_PHONE))), ['item-not-found', 'cancel', 'not-found']);
  const many = Array.from({ length: 101 }, (_, number) => hashed('phone', `+4477009${number}`));
  const jid = [{ provider: 'xmpp', id: 'amy@localhost' }];
  assert.deepEqual(await refused(amy.contact(jid, many)), ['not-acceptable', 'modify', 'too-many-requested']);
  const unproven = [{ provider: 'phone', id: NOBODYS_PHONE }];
  assert.deepEqual(
    await refused(amy.contact(unproven, [amysHash])), ['not-acceptable', 'modify', 'insufficient-contact-info'],
  );
  assert.deepEqual(await refused(amy.set('dance', { xmlns: REGISTER })), ['service-unavailable', 'cancel', undefined]);
  amy.code = code;
});

await step('verify', async () => {
  const answer = await amy.verify(amy.code, amysHash);
  assert.equal(answer.getChildText('confirmed'), 'true');
  await michael.register('phone', MICHAELS_PHONE);
  await michael.verify(await smsCode(MICHAELS_PHONE), hashed('phone', MICHAELS_PHONE));
});

await step('pushed-code', async () => {
  const { hash } = await http('/v1/register/xmpp/michael@localhost/michael@localhost');
  const pushed = await michael.hears('verify', VERIFY);
  assert.equal(pushed.getChildText('hash'), hash);
  assert.equal((await michael.verify(pushed.getChildText('code'), hash)).getChildText('confirmed'), 'true');
});

const details = [{ provider: 'phone', id: MICHAELS_PHONE }];
await step('contact', async () => {
  assert.equal((await michael.contact(details, [amysHash])).attrs.status, 'requests_send');
});

await step('contact-read', async () => {
  const asked = await amy.hears('contact', CONTACT);
  assert.equal(asked.getChildText('jid'), 'michael@localhost');
  assert.deepEqual(JSON.parse(asked.getChildText('info')), [{ ...details[0], confirmed: true }]);
});

await step('confirm', async () => {
  for (const [jid, expected] of [['amy@localhost', 'true'], ['michael@localhost', 'false']]) {
    const answer = await michael.get('confirm', { xmlns: CONFIRM }, xml('jid', {}, jid), xml('hash', {}, amysHash));
    assert.equal(answer.getChildText('confirmed'), expected);
  }
});

const links = async () => (await amy.get('links', { xmlns: REGISTER })).getChildren('hash').map((hash) => hash.text());

await step('list', async () => {
  assert.deepEqual((await links()).sort(), [amysHash, hashed('xmpp', 'amy@localhost')].sort());
});

await step('forget', async () => {
  await amy.set('forget', { xmlns: REGISTER }, xml('hash', {}, amysHash));
  assert.deepEqual(await links(), [hashed('xmpp', 'amy@localhost')]);
  await amy.set('forget', { xmlns: REGISTER });
  assert.deepEqual(await links(), []);
});

const nay = await refuser();
for (const wish of CONDITIONS) {
  await step(`condition:${wish.condition}`, async () => {
    const asked = amy.xmpp.iqCaller.set(xml('refuse', { xmlns: 'it-se.me:tests', ...wish }), nay);
    assert.deepEqual(await refused(asked), [wish.condition, wish.type, wish.code]);
  });
}
await step('code-of-error', () => {}); // which each of them has just shown

end();
