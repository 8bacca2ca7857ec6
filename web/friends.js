// “Find friends”: reads an address book here, and has the service ask those who can be found.

import * as api from './api.js';
import { facts, phrase } from './facts.js';
import { $, onPress, onSubmit } from './form.js';
import { open, reasonInWords } from './reading.js';
import { AGAIN_AFTER, changed, isConfirmed, isOwnJid, linked, state, watch } from './state.js';
import { Ticks } from './ticks.js';

let contacts = []; // of the address book that was opened last
let hashes = []; // that can be asked for
let ticks;

const say = (place, name, values) => { $(place).textContent = phrase(name, values); };

/** Opens the file, or what was typed, and reads it. */
async function openBook({ file, text }) {
  const parts = [await file.files[0]?.arrayBuffer(), text.value.trim()].filter(Boolean);
  const { books } = await open();
  await readBook(() => parts.flatMap((part) => books.parse(part)));
}

/** Has the user choose from the contacts of the device (Contact Picker API). */
async function pickContacts() {
  const picked = await navigator.contacts.select(['name', 'tel', 'email'], { multiple: true });
  const details = (provider, texts = []) => texts.map((text) => ({ provider, text }));
  await readBook(() => picked.map(({ name, tel, email }) => ({
    name: name?.[0] ?? '', details: [...details('phone', tel), ...details('email', email)],
  })));
}

/** Reads the contacts that `parse` returns, and shows for how many can be asked. */
async function readBook(parse) {
  [contacts, hashes] = [[], []];
  show({ skipped: [] });
  const { books, reader } = await open();
  try {
    contacts = parse();
  } catch (error) {
    if (!(error instanceof books.BookError)) throw error;
  }
  if (!contacts.some(({ details }) => details.length > 0)) throw new Error(phrase('web_book_empty'));
  await readContacts(books, reader);
}

async function readContacts(books, reader) {
  fillRegions(reader);
  const bar = $('book-progress');
  Object.assign(bar, { hidden: false, max: contacts.length, value: 0 });
  const found = await books.read(contacts, reader, $('book-region').value || undefined, (done) => { bar.value = done; });
  bar.hidden = true;
  const mine = state.details.map(({ hash }) => hash);
  const others = [...found.hashes.keys()].filter((hash) => !mine.includes(hash));
  hashes = others.filter((hash) => !(state.asked[hash] > Date.now() - AGAIN_AFTER));
  say('book-read', 'web_book_found', { contacts: contacts.length, hashes: hashes.length });
  const before = others.length - hashes.length;
  if (before > 0) $('book-read').append(' ', phrase('web_book_asked', { count: before }));
  show(found);
}

/** Shows what could not be read, and what can be asked. */
function show({ skipped }) {
  if (contacts.length === 0) $('book-read').textContent = '';
  $('ask-done').textContent = '';
  const needsCountry = skipped.some(({ reason }) => reason === 'phone-without-country');
  $('book-country').hidden = !needsCountry && !$('book-region').value;
  $('book-skipped').hidden = skipped.length === 0;
  $('book-skipped').querySelector('summary').textContent = phrase('web_book_skipped', { count: skipped.length });
  $('book-skipped').querySelector('ul').replaceChildren(...skipped.map(({ name, text, reason }) => {
    const item = document.createElement('li');
    item.textContent = `${[name, text].filter(Boolean).join(', ')}: ${reasonInWords(reason)}`;
    return item;
  }));
  showAsk();
}

/** Offers the countries by their names in the reader's language; that of the user's own number is chosen. */
function fillRegions(reader) {
  const select = $('book-region');
  const { lang } = document.documentElement;
  if (select.options.length === 0) {
    const names = new Intl.DisplayNames(lang, { type: 'region' });
    const regions = reader.regions.map((region) => [names.of(region) ?? region, region]);
    regions.sort(([one], [other]) => one.localeCompare(other, lang));
    select.append(new Option('–', ''), ...regions.map(([name, region]) => new Option(name, region)));
  }
  const own = linked().find(({ provider }) => provider === 'phone');
  if (!select.value && own) select.value = reader.regionOf(own.id) ?? '';
}

/** `true` if the peers are not asked. */
const isHere = () => $('ask').elements.here.checked;

function showAsk() {
  $('ask').hidden = hashes.length === 0;
  const details = linked().filter((detail) => !isOwnJid(detail));
  ticks.show(details.map(({ hash, provider, id }) => [hash, `${facts.providers[provider]?.label ?? provider}: ${id}`]));
  $('ask-leaves').textContent = isConfirmed() ? phrase('web_ask_leaves', { count: hashes.length }) : phrase('web_ask_first');
  const hasPeers = facts.peersAskedFor.includes(state.jid.split('@').pop());
  $('ask-here').hidden = !hasPeers;
  const peers = !hasPeers || isHere() ? [] : facts.peers;
  if (peers.length > 0) $('ask-leaves').append(' ', phrase('introduce_peers', { services: peers.join(', ') }));
  $('ask').querySelector('button').disabled = !isConfirmed();
}

/** Asks in parts, as many at once as the service takes. What was asked for is not asked for again soon, unless here alone. */
async function ask() {
  const isSent = (detail) => isOwnJid(detail) || ticks.ticked().includes(detail.hash);
  const info = linked().filter(isSent).map(({ provider, id }) => ({ provider, id }));
  const [all, bar, scope] = [hashes.length, $('ask-progress'), isHere() ? 'here' : undefined];
  $('ask-done').textContent = '';
  Object.assign(bar, { hidden: false, max: all, value: 0 });
  try {
    while (hashes.length > 0) {
      const part = hashes.slice(0, facts.hashesPerContact);
      await api.contact(state.jid, info, part, scope);
      if (!scope) for (const hash of part) state.asked[hash] = Date.now();
      hashes = hashes.slice(part.length);
      bar.value = all - hashes.length;
      changed();
    }
  } finally {
    bar.hidden = true;
    if (all > hashes.length) say('ask-done', 'web_ask_done', { count: all - hashes.length });
    if (hashes.length > 0) $('ask-done').append(' ', phrase('web_ask_left', { count: hashes.length }));
  }
}

/** Wires the section. */
export function start() {
  ticks = new Ticks($('ask-details'), true);
  onSubmit($('book'), openBook);
  onSubmit($('ask'), ask);
  $('ask-here').addEventListener('change', showAsk);
  $('book').addEventListener('reset', () => {
    [contacts, hashes] = [[], []];
    show({ skipped: [] });
  });
  const [picker, region] = [$('book-picker'), $('book-region')];
  picker.hidden = !navigator.contacts?.select;
  onPress(picker, $('book'), pickContacts);
  region.addEventListener('change', async () => {
    const { books, reader } = await open();
    if (contacts.length > 0) await readContacts(books, reader);
  });
  watch(showAsk);
}
