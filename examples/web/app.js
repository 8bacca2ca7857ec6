// it-se.me in a web page: people find each other by their phone numbers, after docs/protocol.md and docs/identities.md.
import { Reader, hashOf } from './itseme_identity.mjs';
import { adapter } from './libphonenumber-js.mjs';
import { parse as parseToml } from './node_modules/smol-toml/dist/index.js';
const { client, xml } = XMPP, DAY = 86_400_000, $ = id => document.getElementById(id); // XMPP: of a script before this one
let me, state, reader, xmpp, service, addresses, own, linked = new Set(), queue = Promise.resolve(); // one request at a time
const say = words => $('log').append(words, '\n'), show = (id, lines) => { $(id).textContent = lines.join('\n'); };
const attempt = (action, button) => Promise.resolve().then(action).catch(error => {
  const seconds = error.element?.getChild('request-limit-reached', 'it-se.me:errors')?.attrs.seconds;
  if (seconds && button) setTimeout(() => { button.disabled = false; }, 1000 * seconds, button.disabled = true);
  say(error.text || error.message);
}).finally(() => state && save());
function save() {
  localStorage[`itseme:${me}`] = JSON.stringify(state);
  show('own', Object.entries(state.own).map(([hash, { id }]) => `${id} is ${linked.has(hash) ? '' : 'not '}linked`));
  show('found', Object.values(state.found));
  $('askers').replaceChildren(...Object.entries(state.askers).map(([jid, words]) => new Option(`${jid} (${words})`, jid)));
}
const details = async info => Promise.all(JSON.parse(info).map(async ({ protocol, provider = protocol, id }) => ({
  words: `${provider}: ${id}`, hashes: await reader.hashes(provider, provider === 'phone' ? reader.identity(provider, id) : id),
}))); // its own hash comes first, then those of its aliases
const words = list => list.map(({ words }) => words).join(', '), forms = list => list.flatMap(({ hashes }) => hashes);
const nameIn = list => forms(list).map(hash => state.book[hash]).find(Boolean);
const nodes = (name, texts) => [texts].flat().map(text => xml(name, {}, text));
const payload = (name, fields) => xml(name, `it-se.me:${name}`, ...Object.entries(fields).flatMap(field => nodes(...field)));
const ask = (type, iq, to = service) => queue = queue.catch(() => {}).then(save).then(() => xmpp.iqCaller[type](iq, to, 60_000));
const look = () => ask('get', xml('links', 'it-se.me:register'))
  .then(links => { linked = new Set(links.getChildren('hash').map(each => each.text())); });
const prove = (hash, code) => ask('set', payload('verify', { code, hash })).then(look, async error => {
  if (!error.element?.getChild('not-found', 'it-se.me:errors') || (await look(), !linked.has(hash))) throw error;
}); // unless another device was first
async function online(api) {
  const items = await ask('get', xml('query', 'http://jabber.org/protocol/disco#items'));
  addresses = [service, ...items.getChildren('item').filter(({ attrs }) => !attrs.node).map(({ attrs }) => attrs.jid)];
  state.own[own = await hashOf('xmpp', me)] = { provider: 'xmpp', id: me };
  await xmpp.send(xml('presence')).then(look);
  const body = JSON.stringify({ provider: 'xmpp', id: me, target: me }); // of which the code comes by XMPP
  const answer = linked.has(own) ? {} : await (await fetch(`${api}/v1/register`, { method: 'POST', body })).json();
  if (answer.error) say(answer.error.message);
  for (const [jid, info] of Object.entries(state.answers)) await check(jid, info);
}
async function received(stanza) {
  const { id, type, to, from } = stanza.attrs, sender = from?.split('/')[0], isKnown = state.found[sender] || state.told[sender];
  if (stanza.is('presence') && type === 'subscribe' && isKnown) xmpp.send(xml('presence', { to: sender, type: 'subscribed' }));
  if (!stanza.is('message') || type === 'error') return;
  const contact = stanza.getChild('contact', 'it-se.me:contact'), verify = stanza.getChild('verify', 'it-se.me:verify');
  const jid = contact?.getChildText('jid'), info = contact?.getChildText('info'), list = await details(info).catch(() => []);
  if (!addresses.includes(sender)) // an answer, or a trick
    return jid === sender && jid !== me && forms(list).some(hash => state.asked[hash] || state.book[hash]) && check(jid, info);
  if (state.seen[id]) return;
  state.seen[id] = Date.now();
  if (jid) return (state.askers[jid] = words(list)) && $('auto').checked && nameIn(list) && accept(jid);
  const code = verify?.getChildText('code'), isMine = verify?.getChildText('hash') === own && to.split('/')[0] === me;
  if (code && isMine && !linked.has(own) && !stanza.getChild('delay')) return prove(own, code);
  say(stanza.getChildText('body'));
  await look();
}
async function accept(jid) { // all that is linked now goes to the person, and not to the service
  await look();
  const info = JSON.stringify(Object.keys(state.own).filter(hash => linked.has(hash)).map(hash => state.own[hash]));
  const answer = [...nodes('body', `${me} is glad to be in contact with you.`), payload('contact', { info, jid: me })];
  await xmpp.sendMany([xml('message', { to: jid, type: 'chat' }, ...answer), xml('presence', { to: jid, type: 'subscribe' })]);
  state.told[jid] = delete state.askers[jid];
}
async function check(jid, info) {
  const list = await details(state.answers[jid] = info), name = nameIn(list) ?? jid;
  const answer = await ask('get', payload('confirm', { jid, hash: list.map(({ hashes }) => hashes[0]) }));
  delete state.answers[jid];
  if (answer.getChildText('confirmed') !== 'true') return;
  for (const hash of forms(list)) state.asked[hash] = Number.MAX_SAFE_INTEGER; // and never again
  state.found[jid] = `${name}: ${jid} (${words(list)})`;
  await ask('set', xml('query', 'jabber:iq:roster', xml('item', { jid, name })), me);
  await xmpp.sendMany(['subscribed', 'subscribe'].map(type => xml('presence', { to: jid, type })));
}
const actions = {
  async login({ jid, password: { value: password }, web, websocket }) {
    reader ??= new Reader(adapter(libphonenumber), parseToml(await (await fetch('numbering.toml')).text()).rule);
    const id = reader.identity('xmpp', jid.value), [username, domain] = id.split('@'), base = web.value || `https://${domain}`;
    const { links } = await (await fetch(`${base}/.well-known/host-meta.json`)).json();
    const link = name => links.find(({ rel }) => rel === name)?.href, old = JSON.parse(localStorage[`itseme:${me = id}`] ?? null);
    state = { own: {}, book: {}, asked: {}, seen: {}, askers: {}, told: {}, answers: {}, found: {}, ...old };
    for (const id in state.seen) if (state.seen[id] < Date.now() - 8 * DAY) delete state.seen[id];
    service = link('it-se.me:xmpp').replace('xmpp:', '');
    xmpp = client({ service: websocket.value || link('urn:xmpp:alt-connections:websocket'), domain, username, password });
    xmpp.on('online', () => attempt(() => online(link('it-se.me:http'))));
    xmpp.on('error', error => say(error.message));
    xmpp.on('stanza', stanza => attempt(() => received(stanza)));
    $('main').hidden = !await xmpp.start().catch(() => xmpp.stop());
  },
  async phone({ number }, { name }) {
    const id = reader.identity('phone', number.value), resend = name === 'resend' || undefined;
    state.own[state.number = await hashOf('phone', id)] = { provider: 'phone', id };
    await ask('set', xml('register', { xmlns: 'it-se.me:register', provider: 'phone', id, resend }));
  },
  code: ({ code }) => prove(state.number, code.value),
  async book({ text, file }, button, name, region = reader.regionOf(state.own[state.number]?.id ?? '')) {
    const lines = `${await file.files[0]?.text() ?? ''}\n${text.value}`, aliases = {}, names = state.book = {};
    for (const [, key, value] of lines.matchAll(/^(?:item\d+\.)?([^:\n]+):\s*(.+?)\s*$/gm)) {
      if (/^(begin|fn)\b/i.test(key)) name = value;
      if (!name || /^tel\b/i.test(key)) try {
        const hashes = await reader.hashes('phone', reader.identity('phone', value, region));
        hashes.forEach((hash, at) => { (at === 0 ? names : aliases)[hash] = name ?? key; });
      } catch (error) { say(`“${value}” is not used. ${error.message}`); }
    }
    for (const hash in aliases) names[hash] ??= aliases[hash]; // they are asked for last
  },
  async ask(ticks) {
    const owns = Object.values(state.own), mine = forms(await details(JSON.stringify(owns)));
    const info = JSON.stringify(owns.filter(({ provider }) => ticks[provider].checked));
    const when = hash => state.asked[hash] ?? 0, isDue = hash => !mine.includes(hash) && when(hash) < Date.now() - 30 * DAY;
    const due = Object.keys(state.book).filter(isDue).sort((a, b) => when(a) - when(b));
    for (let part; (part = due.splice(0, 100)).length;) {
      for (const hash of part) state.asked[hash] = Date.now();
      const takeBack = error => { throw error.element && part.forEach(hash => delete state.asked[hash]), error; };
      await ask('set', payload('contact', { info, hash: part })).then(() => say('You have asked.'), takeBack);
    }
  },
  decide: ({ askers }, { name }) => name === 'accept' ? accept(askers.value) : delete state.askers[askers.value],
};
document.onsubmit = ({ target, submitter }) => !attempt(() => actions[target.id](target.elements, submitter), submitter); // false
