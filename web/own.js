// “Be found”: the Jabber ID, then numbers and addresses, each with its state.

import * as api from './api.js';
import { facts, phrase } from './facts.js';
import { $, onPress, onSubmit } from './form.js';
import { changed, drop, isConfirmed, isOwnJid, lacksToken, state, watch } from './state.js';
import { proposeToForget } from './stop.js';

const LOOK_EVERY = 10_000; // milliseconds
const LOOK_FOR = 86_400_000; // after which no code is valid any more
const FIELDS = { phone: 'tel', email: 'email' }; // the keyboard, and what browsers offer to fill in

const rows = new Map(); // the element of each detail, by hash

/** Registers a detail. What is linked already needs no code. */
async function register(provider, id, target, resend, how) {
  const request = { provider, id, target, resend, how };
  if (facts.providers[provider]?.isSignIn && facts.page === `${location.origin}${location.pathname}`) {
    request.next = `${facts.page}?lang=${document.documentElement.lang}`;
  }
  const { status, hash, goto, send } = await api.register(request);
  const found = state.details.find((detail) => detail.hash === hash);
  const detail = found ?? { provider, id, hash };
  if (!found) state.details.push(detail);
  detail.status = status === 'confirmed' ? 'linked' : 'waiting';
  detail.goto = goto;
  detail.send = send;
  detail.again = Date.now() + 1000 * facts.resendAfter;
  return detail;
}

/** Sends another code, or says for how long to wait. */
async function sendAgain(detail, how) {
  try {
    await register(detail.provider, detail.id, state.jid, true, how);
  } catch (error) {
    if (error.limit !== 'resend' || !error.seconds) throw error;
    detail.again = Date.now() + 1000 * error.seconds;
  } finally {
    changed();
  }
}

async function verify(detail, form) {
  try {
    const { token } = await api.verify(detail.hash, form.elements.code.value, state.jid);
    if (token) state.token = token;
  } catch (error) {
    // Perhaps the user's Jabber client has returned the code already.
    if (error.code !== 'not_found' || !(await api.isLinked(state.jid, detail.hash))) throw error;
  }
  form.reset();
  detail.status = 'linked';
  changed();
}

/** Asks the service if a detail is linked. */
async function look(detail) {
  const { status } = detail;
  const isLinked = await api.isLinked(state.jid, detail.hash);
  // In the meantime, the user may have done something.
  if (detail.status !== status) return;
  if (isLinked) detail.status = 'linked';
  else if (status === 'linked') detail.status = 'lost';
  if (detail.status !== status) changed();
}

/** Looks after the codes that the user's Jabber client, or a page in another tab, may have returned. */
async function lookAgain() {
  const mayCome = ({ again }) => again > Date.now() - LOOK_FOR;
  // Where this browser needs a token, it is the code that gives one.
  const isOpen = (detail) => detail.status === 'waiting' && mayCome(detail) && !(lacksToken() && isOwnJid(detail));
  if (!document.hidden) for (const detail of state.details.filter(isOpen)) await look(detail);
}

async function lookAtAll() {
  for (const detail of state.details) await look(detail);
}

/** What is not linked is only here: its code expires. */
async function remove(detail) {
  const isLinked = await api.isLinked(state.jid, detail.hash);
  if (!isLinked) return drop([detail.hash]);
  detail.status = 'linked';
  changed();
  proposeToForget(detail);
}

function newRow({ provider, id, hash }) {
  const row = $('detail').content.firstElementChild.cloneNode(true);
  const find = (selector) => row.querySelector(selector);
  find('.kind').textContent = facts.providers[provider]?.label ?? provider;
  find('.id').textContent = id;
  find('.id').id = `id-${hash}`;
  for (const each of row.querySelectorAll('input, button, a')) each.setAttribute('aria-describedby', `id-${hash}`);
  const detail = () => state.details.find((detail) => detail.hash === hash);
  onSubmit(find('form'), () => verify(detail(), find('form')));
  onPress(find('.resend'), row, () => sendAgain(detail()));
  onPress(find('.call'), row, () => sendAgain(detail(), 'call'));
  onPress(find('.remove'), row, () => remove(detail()));
  return row;
}

/** The address that opens the user's program for such messages, with the text in it. */
function toWrite(provider, { to, text }) {
  const body = encodeURIComponent(text);
  const address = encodeURIComponent(to).replace('%40', '@'); // RFC 6068, 2
  return provider === 'email' ? `mailto:${address}?subject=${body}&body=${body}` : `sms:${to}?body=${body}`;
}

function showRow(row, detail) {
  const { provider, status, goto, send, again } = detail;
  const find = (selector) => row.querySelector(selector);
  const isSignIn = facts.providers[provider]?.isSignIn;
  const waits = status === 'waiting';
  const needsCode = lacksToken() && isOwnJid(detail) && !waits;
  const waiting = send ? 'web_write' : isSignIn ? 'web_waits_sign_in' : 'web_waiting';
  const words = phrase(needsCode ? 'web_prove' : waits ? waiting : `web_${status}`, send);
  if (find('.state').textContent !== words) find('.state').textContent = words; // and is read out
  find('.state').classList.toggle('done', status === 'linked' && !needsCode);
  // Nobody loses a field while typing.
  find('form').hidden = isSignIn || Boolean(send) || !(waits || find('input').value);
  find('.goto').hidden = !waits || !goto;
  if (goto) find('.goto').href = goto;
  find('.write').hidden = !waits || !send;
  if (send) find('.write').href = toWrite(provider, send);
  const resend = find('.resend');
  const seconds = Math.ceil((again - Date.now()) / 1000);
  resend.hidden = status === 'linked' && !needsCode;
  resend.disabled = seconds > 0;
  find('.call').hidden = !waits || resend.disabled || !facts.providers[provider]?.canCall;
  resend.textContent = resend.disabled ? phrase('web_resend_wait', { seconds })
    : phrase(isSignIn ? 'web_sign_in_again' : status === 'lost' ? 'web_link_again' : 'web_resend');
}

function show() {
  const hashes = state.details.map(({ hash }) => hash);
  for (const [hash, row] of rows) if (!hashes.includes(hash)) row.remove(), rows.delete(hash);
  for (const detail of state.details) {
    if (!rows.has(detail.hash)) {
      rows.set(detail.hash, newRow(detail));
      $('details').append(rows.get(detail.hash));
    }
    showRow(rows.get(detail.hash), detail);
  }
  $('begin').hidden = state.details.some(isOwnJid);
  $('details').hidden = state.details.length === 0;
  $('add').hidden = !isConfirmed();
}

function showKind() {
  const { value, selectedOptions: [{ dataset }] } = $('add-provider');
  $('add-hint').textContent = dataset.hint;
  $('add-id').inputMode = FIELDS[value] ?? 'text';
  $('add-id').autocomplete = FIELDS[value] ?? 'off';
  $('add-call').hidden = !facts.providers[value]?.canCall;
  $('add-send').hidden = !facts.providers[value]?.canWrite;
}

/** Puts the cursor where the code goes, or on what else is to be done. */
function goTo({ hash }) {
  [...rows.get(hash).querySelectorAll('input, a, button')].find((each) => each.checkVisibility())?.focus();
}

/** Wires the section, and asks what has become of the details since the last visit. */
export function start() {
  onSubmit($('begin'), async ({ jid }) => {
    const target = jid.value.trim();
    // With tokens, only a code gives one, also when the Jabber ID is linked already.
    const own = await register('xmpp', target, target, facts.needsToken || undefined);
    [state.jid, own.id] = [target, target];
    changed();
    goTo(own);
  });
  onSubmit($('add'), async ({ provider, id, call, send }) => {
    const { canCall, canWrite } = facts.providers[provider.value] ?? {};
    const how = (call.checked && canCall && 'call') || (send.checked && canWrite && 'send') || undefined;
    const detail = await register(provider.value, id.value.trim(), state.jid, undefined, how);
    id.value = '';
    changed();
    goTo(detail);
  });
  $('add-provider').addEventListener('change', showKind);
  showKind();
  watch(show);
  setInterval(() => state.details.some(({ again }) => again > Date.now() - 2000) && show(), 1000);
  setInterval(() => lookAgain().catch(() => {}), LOOK_EVERY);
  lookAtAll().catch(() => {});
}
