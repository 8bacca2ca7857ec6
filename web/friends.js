// “Find friends”: reads an address book here, and has the service ask those who can be found.

import * as api from './api.js';
import { facts, phrase } from './facts.js';
import { $, attempt, onSubmit } from './form.js';
import { open, reasonInWords } from './reading.js';
import { changed, isConfirmed, linked, state, watch } from './state.js';

const AGAIN_AFTER = 30 * 86_400_000; // milliseconds until somebody is asked again

let contacts = []; // of the address book that was opened last
let hashes = []; // that can be asked for

/** Opens the file, or what was typed, and reads it. */
async function openBook({ file, text }) {
  const { books } = await open();
  const parts = [await file.files[0]?.arrayBuffer(), text.value.trim()].filter(Boolean);
  try {
    contacts = parts.flatMap((part) => books.parse(part));
  } catch (error) {
    throw error instanceof books.BookError ? new Error(phrase('web_book_empty'), { cause: error }) : error;
  }
  await readBook();
}

/** Has the user choose from the contacts of the device (Contact Picker API). */
async function pickContacts() {
  const picked = await navigator.contacts.select(['name', 'tel', 'email'], { multiple: true });
  contacts = picked.map(({ name, tel, email }) => ({
    name: name?.[0] ?? '',
    details: [...(tel ?? []).map((text) => ({ provider: 'phone', text })), ...(email ?? []).map((text) => ({ provider: 'email', text }))],
  }));
  await readBook();
}

async function readBook() {
  const { books, reader } = await open();
  const own = linked().find(({ provider }) => provider === 'phone');
  fillRegions(reader, own && reader.regionOf(own.id));
  const progress = (done) => say('book-read', 'web_book_reading', { done, all: contacts.length });
  const found = await books.read(contacts, reader, $('book-region').value || undefined, progress);
  const mine = new Set(state.details.map(({ hash }) => hash));
  const isNew = (hash) => !(state.asked[hash] > Date.now() - AGAIN_AFTER);
  const others = [...found.hashes.keys()].filter((hash) => !mine.has(hash));
  hashes = others.filter(isNew);
  say('book-read', 'web_book_found', { contacts: contacts.length, hashes: hashes.length });
  if (hashes.length < others.length) {
    $('book-read').append(' ', phrase('web_book_asked', { count: others.length - hashes.length }));
  }
  showSkipped(found.skipped);
  $('ask-done').textContent = '';
  showAsk();
}

function showSkipped(skipped) {
  $('book-country').hidden = !skipped.some(({ reason }) => reason === 'phone-without-country') && !$('book-region').value;
  const list = $('book-skipped');
  list.hidden = skipped.length === 0;
  list.querySelector('summary').textContent = phrase('web_book_skipped', { count: skipped.length });
  list.querySelector('ul').replaceChildren(...skipped.map(({ name, reason }) => {
    const item = document.createElement('li');
    item.textContent = `${name}: ${reasonInWords(reason)}`;
    return item;
  }));
}

/** Offers the countries by their names in the reader's language. */
function fillRegions(reader, own) {
  const select = $('book-region');
  if (select.options.length > 0) return;
  const names = new Intl.DisplayNames(document.documentElement.lang, { type: 'region' });
  const regions = reader.regions.map((region) => [names.of(region) ?? region, region]);
  regions.sort(([one], [other]) => one.localeCompare(other, document.documentElement.lang));
  select.append(new Option('–', ''), ...regions.map(([name, region]) => new Option(name, region)));
  select.value = own ?? '';
}

/** The details that those who are asked get. */
function ticked() {
  const ticks = [...$('ask-details').querySelectorAll('input:checked')].map(({ value }) => value);
  return linked().filter(({ hash }) => ticks.includes(hash));
}

function showAsk() {
  $('ask').hidden = hashes.length === 0;
  const known = new Map([...$('ask-details').querySelectorAll('input')].map((tick) => [tick.value, tick.checked]));
  $('ask-details').replaceChildren(...linked().map(({ hash, provider, id }) => {
    const [label, tick] = [document.createElement('label'), document.createElement('input')];
    Object.assign(tick, { type: 'checkbox', value: hash, checked: known.get(hash) ?? true });
    label.className = 'tick';
    label.append(tick, ` ${facts.providers[provider]?.label ?? provider}: ${id}`);
    return label;
  }));
  const words = isConfirmed() ? phrase('web_ask_leaves', { count: hashes.length }) : phrase('web_ask_first');
  $('ask-leaves').textContent = words;
  $('ask').querySelector('button').disabled = !isConfirmed();
}

/** Asks in parts, as many at once as the service takes. What was asked for is not asked for again soon. */
async function ask() {
  const info = ticked().map(({ provider, id }) => ({ provider, id }));
  const progress = $('ask').querySelector('progress');
  const all = hashes.length;
  Object.assign(progress, { max: all, value: 0, hidden: false });
  try {
    while (hashes.length > 0) {
      const part = hashes.slice(0, facts.hashesPerContact);
      await api.contact(state.jid, info, part);
      for (const hash of part) state.asked[hash] = Date.now();
      hashes = hashes.slice(part.length);
      progress.value = all - hashes.length;
    }
  } finally {
    progress.hidden = true;
    changed();
    if (all > hashes.length) say('ask-done', 'web_ask_done', { count: all - hashes.length });
    if (hashes.length > 0) $('ask-done').append(' ', phrase('web_ask_left', { count: hashes.length }));
  }
}

function say(place, name, values) {
  $(place).textContent = phrase(name, values);
}

/** Wires the section. */
export function start() {
  onSubmit($('book'), openBook);
  onSubmit($('ask'), ask);
  const picker = $('book-picker');
  picker.hidden = !navigator.contacts?.select;
  picker.addEventListener('click', () => attempt($('book'), pickContacts, picker));
  watch(showAsk);
}
