// it-se.me in a web page: people find each other by their phone numbers, after docs/protocol.md and docs/identities.md.
const { client, xml } = XMPP, { parsePhoneNumberFromString: parse } = libphonenumber; // of the scripts before this one
let me, state, xmpp, service, addresses, own, linked = new Set(), queue = Promise.resolve();
const $ = id => document.getElementById(id), say = words => $('log').append(words, '\n'), DAY = 86_400_000;
const attempt = (action, button) => Promise.resolve().then(action).catch(error => {
  const seconds = error.element?.getChild('request-limit-reached', 'it-se.me:errors')?.attrs.seconds;
  if (seconds && button) setTimeout(() => { button.disabled = false; }, 1000 * seconds, button.disabled = true);
  say(error.text || error.message);
}).finally(() => state && save());
function save() {
  localStorage[`itseme:${me}`] = JSON.stringify(state);
  $('own').textContent = Object.entries(state.own).map(([hash, { id }]) => `${id} is ${linked.has(hash) ? '' : 'not '}linked`).join('\n');
  $('askers').replaceChildren(...Object.entries(state.askers).map(([jid, words]) => new Option(`${jid} (${words})`, jid)));
  $('found').textContent = Object.values(state.found).join('\n');
}
function read(text, region) { // numbers of digits and separators, and nothing else: a wrong hash is another person's
  const e164 = (number, defaultCountry) => parse(number, { defaultCountry, extract: false })?.number ?? number;
  const settled = (number, again = e164(number)) => again === number ? number : settled(again);
  const digits = text.replace(/\p{Cf}|^\s*(tel|sms):/giu, '').replace(/[\s\p{Pd}./\\()[\]{}]/gu, ''), number = settled(e164(digits, region));
  if (/^\+?\d+$/.test(digits) && /^\+\d{7,15}$/.test(number)) return number;
  throw new Error(`“${text}” is not used: it is no phone number, has more than digits, or neither + nor a country.`);
}
const hash = async (...id) => new Uint8Array(await crypto.subtle.digest('SHA-512', new TextEncoder().encode(id.join(':')))).toHex();
const details = async info => Promise.all(JSON.parse(info).map(async ({ protocol, provider = protocol, id }) => // its ids are canonical
  ({ hash: await hash(provider, id), words: `${provider}: ${id}` })));
const words = list => list.map(({ words }) => words).join(', '), nameIn = list => list.map(({ hash }) => state.book[hash]).find(Boolean);

const node = (name, text) => xml(name, {}, text), nodes = hashes => hashes.map(hash => node('hash', hash));
const ask = (type, payload, to = service) => // one at a time, and written down before
  queue = queue.catch(() => {}).then(save).then(() => xmpp.iqCaller[type](payload, to, 60_000));
const look = () => ask('get', xml('links', 'it-se.me:register'))
  .then(links => { linked = new Set(links.getChildren('hash').map(each => each.text())); });
const prove = (hash, code) => ask('set', xml('verify', 'it-se.me:verify', node('code', code), node('hash', hash))).then(look, async error => {
  if (!error.element?.getChild('not-found', 'it-se.me:errors') || (await look(), !linked.has(hash))) throw error; // or a device was first
});
async function online(api) {
  const items = await ask('get', xml('query', 'http://jabber.org/protocol/disco#items'));
  addresses = [service, ...items.getChildren('item').filter(({ attrs }) => !attrs.node).map(({ attrs }) => attrs.jid)];
  state.own[own = await hash('xmpp', me)] = { provider: 'xmpp', id: me };
  await xmpp.send(xml('presence'));
  await look();
  const body = JSON.stringify({ provider: 'xmpp', id: me, target: me }); // of which the code comes by XMPP
  const answer = linked.has(own) ? {} : await (await fetch(`${api}/v1/register`, { method: 'POST', body })).json();
  if (answer.error) say(answer.error.message);
  for (const [jid, info] of Object.entries(state.answers)) await check(jid, info);
}
async function received(stanza) {
  const { id, type, to, from } = stanza.attrs, [sender] = (from ?? '').split('/'), isKnown = state.found[sender] || state.told[sender];
  if (stanza.is('presence') && type === 'subscribe' && isKnown) xmpp.send(xml('presence', { to: sender, type: 'subscribed' }));
  if (!stanza.is('message') || type === 'error') return;
  const contact = stanza.getChild('contact', 'it-se.me:contact'), verify = stanza.getChild('verify', 'it-se.me:verify');
  const jid = contact?.getChildText('jid'), info = contact?.getChildText('info'), list = await details(info ?? '[]').catch(() => []);
  if (!addresses.includes(sender)) // an answer, or a trick
    return jid === sender && list.some(({ hash }) => state.asked[hash] || state.book[hash]) && check(jid, info);
  if (state.seen[id]) return;
  state.seen[id] = Date.now();
  if (jid) return (state.askers[jid] = words(list)) && $('auto').checked && nameIn(list) && accept(jid);
  const code = verify?.getChildText('code'), isAwaited = verify?.getChildText('hash') === own && !linked.has(own) && to.split('/')[0] === me;
  if (code && isAwaited && !stanza.getChild('delay')) return prove(own, code);
  say(stanza.getChildText('body'));
  await look();
}
async function accept(jid) { // all that is linked now goes to the person, and not to the service
  await look();
  const info = JSON.stringify(Object.keys(state.own).filter(hash => linked.has(hash)).map(hash => state.own[hash]));
  await xmpp.sendMany([xml('message', { to: jid, type: 'chat' }, node('body', `${me} is glad to be in contact with you.`),
    xml('contact', 'it-se.me:contact', node('info', info), node('jid', me))), xml('presence', { to: jid, type: 'subscribe' })]);
  state.told[jid] = delete state.askers[jid];
}
async function check(jid, info) {
  const list = await details(state.answers[jid] = info), hashes = list.map(({ hash }) => hash), name = nameIn(list) ?? jid;
  const answer = await ask('get', xml('confirm', 'it-se.me:confirm', node('jid', jid), ...nodes(hashes)));
  delete state.answers[jid];
  if (answer.getChildText('confirmed') !== 'true') return;
  for (const hash of hashes) state.asked[hash] = Number.MAX_SAFE_INTEGER; // and never again
  state.found[jid] = `${name}: ${jid} (${words(list)})`;
  await ask('set', xml('query', 'jabber:iq:roster', xml('item', { jid, name })), me);
  await xmpp.sendMany(['subscribed', 'subscribe'].map(type => xml('presence', { to: jid, type })));
}
const forms = {
  async login({ jid, password, web, websocket }) {
    const [username, domain] = (me = jid.value.toLowerCase()).split('@'), base = web.value || `https://${domain}`;
    const { links } = await (await fetch(`${base}/.well-known/host-meta.json`)).json(), link = name => links.find(({ rel }) => rel === name)?.href;
    service = link('it-se.me:xmpp').replace('xmpp:', '');
    state = { own: {}, book: {}, asked: {}, seen: {}, askers: {}, told: {}, answers: {}, found: {}, ...JSON.parse(localStorage[`itseme:${me}`] ?? null) };
    for (const id in state.seen) if (state.seen[id] < Date.now() - 8 * DAY) delete state.seen[id];
    xmpp = client({ service: websocket.value || link('urn:xmpp:alt-connections:websocket'), domain, username, password: password.value });
    xmpp.on('online', () => attempt(() => online(link('it-se.me:http'))));
    xmpp.on('error', error => say(error.message));
    xmpp.on('stanza', stanza => attempt(() => received(stanza)));
    $('main').hidden = !await xmpp.start().catch(() => xmpp.stop());
  },
  async phone({ number }, { name }) {
    const id = read(number.value), resend = name === 'resend' || undefined;
    state.own[state.number = await hash('phone', id)] = { provider: 'phone', id };
    await ask('set', xml('register', { xmlns: 'it-se.me:register', provider: 'phone', id, resend }));
  },
  code: ({ code }) => prove(state.number, code.value),
  async book({ text, file }, button, name) {
    const book = `${await file.files[0]?.text() ?? ''}\n${text.value}`, number = state.own[state.number]?.id;
    const [region] = parse(number ?? '')?.getPossibleCountries() ?? [];
    state.book = {};
    for (const [, key, value] of book.matchAll(/^(?:item\d+\.)?([^:\n]+):\s*(.+?)\s*$/gm)) {
      if (/^(begin|fn)\b/i.test(key)) name = value;
      if (!name || /^tel\b/i.test(key)) await attempt(async () => { state.book[await hash('phone', read(value, region))] = name ?? key; });
    }
  },
  async ask(ticks) {
    const info = JSON.stringify(Object.values(state.own).filter(({ provider }) => ticks[provider].checked)), when = hash => state.asked[hash] ?? 0;
    const due = Object.keys(state.book).filter(hash => !state.own[hash] && when(hash) < Date.now() - 30 * DAY).sort((a, b) => when(a) - when(b));
    for (let part; (part = due.splice(0, 100)).length;) {
      for (const hash of part) state.asked[hash] = Date.now();
      const takeBack = error => { throw error.element && part.forEach(hash => delete state.asked[hash]), error; };
      await ask('set', xml('contact', 'it-se.me:contact', node('info', info), ...nodes(part))).then(() => say('You have asked.'), takeBack);
    }
  },
  decide: ({ askers }, { name }) => name === 'accept' ? accept(askers.value) : delete state.askers[askers.value],
};
document.addEventListener('submit', event => event.preventDefault());
document.addEventListener('submit', ({ target, submitter }) => attempt(() => forms[target.id](target.elements, submitter), submitter));
