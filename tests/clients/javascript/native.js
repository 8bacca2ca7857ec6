// The native path (docs/protocol.md), as a program takes it with any library. A library's Person, in libraries/, has
//
//   new Person(name), login()         comes online
//   ask(type, to, element, fields)    sends an IQ request, and returns the fields of the answer's element; throws
//                                     an error's {condition, type, text, code}, as far as the library has them
//   hears(element)                    the fields of that element in the next message of the service that has it
//
// Fields are attributes and children, by their names: an attribute is a text, and children are a list of texts.

import {
  AMYS_PHONE, CONDITIONS, MICHAELS_PHONE, NOBODYS_PHONE, SERVICE,
  assert, end, hashed, http, introduce, refuser, smsCode, step, wrong,
} from './script.js';

const AMY = 'amy@localhost';
const MICHAEL = 'michael@localhost';

/** What a request comes to that must be refused. */
const refused = (request) => request.then(() => assert.fail('this was not refused'), (error) => {
  if (!error.condition) throw error;
  return error;
});

/** Amy and Michael take the path; `keepsCode`: the library hands over the service's own code of an error. */
export async function nativePath(name, Person, { keepsCode = true } = {}) {
  introduce(name);
  const [amy, michael] = [new Person('amy'), new Person('michael')];
  const [amysHash, michaelsHash] = [hashed('phone', AMYS_PHONE), hashed('phone', MICHAELS_PHONE)];
  const itself = hashed('xmpp', AMY);
  const info = [JSON.stringify([{ provider: 'phone', id: MICHAELS_PHONE }])];
  const register = (person, id, more) => person.ask('set', SERVICE, 'register', { provider: 'phone', id, ...more });
  const verify = (person, code, hash) => person.ask('set', SERVICE, 'verify', { code: [code], hash: [hash] });
  const links = async () => (await amy.ask('get', SERVICE, 'links', {})).hash;

  await step('login', () => Promise.all([amy.login(), michael.login()]));

  await step('register', async () => {
    const { status, hash } = await register(amy, '+44 7700 900123');
    assert.deepEqual([status, hash], ['pending', [amysHash]]);
  });

  const code = await smsCode(AMYS_PHONE);
  await step('refusals', async () => {
    const many = Array.from({ length: 101 }, (_, number) => hashed('phone', `+4477009${number}`));
    const ofAmy = [JSON.stringify([{ provider: 'xmpp', id: AMY }])];
    for (const [condition, type, ask] of [
      ['not-acceptable', 'modify', () => verify(amy, wrong(code), amysHash)],
      ['resource-constraint', 'wait', () => register(amy, AMYS_PHONE, { resend: 'true' })],
      ['bad-request', 'modify', () => register(amy, '07700')],
      ['feature-not-implemented', 'cancel', () => register(amy, 'amy', { provider: 'nothing' })],
      ['item-not-found', 'cancel', () => verify(amy, code, hashed('phone', NOBODYS_PHONE))],
      ['not-acceptable', 'modify', () => amy.ask('set', SERVICE, 'contact', { info: ofAmy, hash: many })],
      ['not-acceptable', 'modify', () => amy.ask('set', SERVICE, 'contact', { info, hash: [amysHash] })],
      ['service-unavailable', 'cancel', () => amy.ask('set', SERVICE, 'refuse', {})],
    ]) {
      const error = await refused(ask());
      assert.deepEqual([error.condition, error.type], [condition, type]);
      assert.ok(error.text.length > 10, error.text);
    }
  });

  // Before Michael is linked by whatever else he does.
  await step('pushed-code', async () => {
    const { hash } = await http(`/v1/register/xmpp/${MICHAEL}/${MICHAEL}`);
    const pushed = await michael.hears('verify');
    assert.deepEqual(pushed.hash, [hash]);
    assert.deepEqual((await verify(michael, pushed.code[0], hash)).confirmed, ['true']);
  });

  await step('verify', async () => {
    assert.deepEqual((await verify(amy, code, amysHash)).confirmed, ['true']);
    await register(michael, MICHAELS_PHONE);
    await verify(michael, await smsCode(MICHAELS_PHONE), michaelsHash);
  });

  await step('contact', async () => {
    const { status } = await michael.ask('set', SERVICE, 'contact', { info, hash: [amysHash] });
    assert.equal(status, 'requests_send');
  });

  await step('contact-read', async () => {
    const asked = await amy.hears('contact');
    assert.deepEqual(asked.jid, [MICHAEL]);
    assert.deepEqual(JSON.parse(asked.info[0]), [{ provider: 'phone', id: MICHAELS_PHONE, confirmed: true }]);
  });

  await step('confirm', async () => {
    for (const [jid, expected] of [[AMY, 'true'], [MICHAEL, 'false']]) {
      const { confirmed } = await michael.ask('get', SERVICE, 'confirm', { jid: [jid], hash: [amysHash] });
      assert.deepEqual(confirmed, [expected]);
    }
  });

  await step('list', async () => assert.deepEqual((await links()).sort(), [amysHash, itself].sort()));

  await step('forget', async () => {
    await amy.ask('set', SERVICE, 'forget', { hash: [amysHash] });
    assert.deepEqual(await links(), [itself]);
    await amy.ask('set', SERVICE, 'forget', {});
    assert.deepEqual(await links(), []);
  });

  const nay = await refuser();
  for (const { condition, type, code } of CONDITIONS) {
    await step(`condition:${condition}`, async () => {
      const error = await refused(amy.ask('set', nay, 'refuse', { condition, type, code }));
      assert.deepEqual([error.condition, error.type, error.code], [condition, type, keepsCode ? code : undefined]);
    });
  }
  await step('code-of-error', () => (keepsCode ? undefined : 'it is dropped'));

  end();
}
