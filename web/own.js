// “Be found”: the Jabber ID, then numbers and addresses, each with its state.

import * as api from './api.js';
import { facts, phrase } from './facts.js';
import { $, attempt, onSubmit } from './form.js';
import { changed, isConfirmed, isOwnJid, state, watch } from './state.js';
import { askToForget } from './stop.js';

const LOOK_EVERY = 10_000; // milliseconds
const rows = new Map(); // the element of each detail, by provider and id

/** Registers a detail. What is linked already needs no code. */
async function register(provider, id, target, resend) {
  const request = { provider, id, target, resend };
  if (facts.origin === location.origin) request.next = location.href.split('#')[0];
  const { status, hash, goto } = await api.register(request);
  const found = state.details.find((detail) => detail.hash === hash);
  const detail = found ?? { provider, id, hash };
  if (!found) state.details.push(detail);
  detail.status = status === 'confirmed' ? 'linked' : 'waiting';
  detail.goto = goto;
  detail.again = Date.now() + 1000 * facts.resendAfter;
  return detail;
}

/** Sends another code, or says for how long to wait. */
async function sendAgain(detail) {
  try {
    await register(detail.provider, detail.id, state.jid, true);
  } catch (error) {
    if (error.limit !== 'resend' || !error.seconds) throw error;
    detail.again = Date.now() + 1000 * error.seconds;
  } finally {
    changed();
  }
}

async function verify(detail, code) {
  try {
    const { token } = await api.verify(detail.hash, code, state.jid);
    if (token) state.token = token;
  } catch (error) {
    // Perhaps the user's Jabber client has returned the code already.
    if (error.code !== 'not_found' || !(await api.confirm(state.jid, [detail.hash]))) throw error;
  }
  detail.status = 'linked';
  changed();
}

/** Asks the service which details are linked; those that wait only, or all. */
async function look(onlyWaiting) {
  let hasChanged = false;
  for (const detail of state.details) {
    if (onlyWaiting && detail.status !== 'waiting') continue;
    const isLinked = await api.confirm(state.jid, [detail.hash]);
    const status = isLinked ? 'linked' : detail.status === 'waiting' ? 'waiting' : 'lost';
    hasChanged ||= status !== detail.status;
    detail.status = status;
  }
  if (hasChanged) changed();
}

function newRow(detail) {
  const row = $('detail').content.firstElementChild.cloneNode(true);
  const find = (selector) => row.querySelector(selector);
  find('.kind').textContent = facts.providers[detail.provider]?.label ?? detail.provider;
  find('.id').textContent = detail.id;
  const now = () => state.details.find(({ hash }) => hash === detail.hash);
  onSubmit(find('form'), ({ code }) => verify(now(), code.value));
  // The complaint of the row is that of its buttons, too.
  find('.resend').addEventListener('click', (event) => attempt(row, () => sendAgain(now()), event.target));
  find('.remove').addEventListener('click', (event) => attempt(row, () => askToForget(now()), event.target));
  return row;
}

function showRow(row, detail) {
  const { provider, status, goto, again } = detail;
  const find = (selector) => row.querySelector(selector);
  const isSignIn = facts.providers[provider]?.isSignIn;
  const waits = status === 'waiting';
  const state = find('.state');
  const words = waits && isSignIn ? phrase('web_waits_sign_in') : phrase(`web_${status}`);
  if (state.textContent !== words) state.textContent = words; // and is read out
  state.classList.toggle('done', status === 'linked');
  find('form').hidden = !waits || isSignIn;
  find('.goto').hidden = !waits || !isSignIn;
  if (goto) find('.goto').href = goto;
  const resend = find('.resend');
  const seconds = Math.ceil((again - Date.now()) / 1000);
  // With tokens, only another code gives one to this browser.
  resend.hidden = status === 'linked' && (isConfirmed() || !isOwnJid(detail));
  resend.disabled = waits && seconds > 0;
  resend.textContent = status === 'lost' ? phrase('web_link_again')
    : resend.disabled ? phrase('web_resend_wait', { seconds }) : phrase('web_resend');
}

function show() {
  const keys = state.details.map(({ hash }) => hash);
  for (const [key, row] of rows) if (!keys.includes(key)) row.remove(), rows.delete(key);
  for (const detail of state.details) {
    if (!rows.has(detail.hash)) {
      rows.set(detail.hash, newRow(detail));
      $('details').append(rows.get(detail.hash));
    }
    showRow(rows.get(detail.hash), detail);
  }
  $('begin').hidden = Boolean(state.jid);
  $('details').hidden = !state.jid;
  $('add').hidden = !isConfirmed();
}

function showHint() {
  $('add-hint').textContent = $('add-provider').selectedOptions[0].dataset.hint;
}

/** Wires the section, and asks what has become of the details since the last visit. */
export function start() {
  onSubmit($('begin'), async ({ jid }) => {
    const target = jid.value.trim();
    // With tokens, only a code gives one, also when the Jabber ID is linked already.
    const own = await register('xmpp', target, target, facts.needsToken || undefined);
    [state.jid, own.id] = [target, target];
    changed();
    rows.get(own.hash).querySelector('input').focus();
  });
  onSubmit($('add'), async ({ provider, id }) => {
    const detail = await register(provider.value, id.value.trim(), state.jid);
    id.value = '';
    changed();
    rows.get(detail.hash).querySelector('input:not([hidden])')?.focus();
  });
  $('add-provider').addEventListener('change', showHint);
  showHint();
  watch(show);
  setInterval(() => state.details.some(({ status }) => status === 'waiting') && show(), 1000);
  setInterval(() => !document.hidden && look(true).catch(() => {}), LOOK_EVERY);
  look(false).catch(() => {});
}
