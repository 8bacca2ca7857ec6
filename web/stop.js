// “Stop”: removes what is linked, proved by a code that comes by XMPP, and forgets what this browser keeps.

import * as api from './api.js';
import { facts, phrase } from './facts.js';
import { $, onPress, onSubmit } from './form.js';
import { clear, drop, linked, state, watch } from './state.js';
import { Ticks } from './ticks.js';

/** What is to be forgotten: { target, hashes? }, as the API takes it. */
let request;

let ticks;

/** Shows this detail as one to remove; others can be added before a code is sent for all of them. */
export function proposeToForget({ hash }) {
  ticks.tick(hash);
  $('forget-some').scrollIntoView({ block: 'center' });
  $('forget-some').querySelector('button').focus({ preventScroll: true });
}

/** Asks for the code to forget these details, or everything of the Jabber ID. */
async function ask(target, details) {
  const wanted = { target, hashes: details?.map(({ hash }) => hash) };
  await api.forget(wanted);
  request = wanted;
  $('forget-done').textContent = '';
  const names = details?.map(({ id }) => id).join(', ');
  $('forget-what').textContent = details ? phrase('web_forget_code_some', { jid: target, details: names })
    : phrase('web_forget_code_all', { jid: target });
  $('forget-code').hidden = false;
  $('forget-digits').focus();
}

function forgotten() {
  const { target, hashes } = request;
  $('forget-code').reset();
  $('forget-code').hidden = true;
  $('forget-done').textContent = phrase('web_forgotten');
  if (target !== state.jid) return;
  if (hashes) drop(hashes);
  else clear();
}

/** Forgets all that this page keeps and shows; what is linked stays linked. */
function forgetHere() {
  for (const form of document.forms) form.reset();
  for (const answer of document.querySelectorAll('[data-answer]')) answer.textContent = '';
  $('forget-code').hidden = true;
  clear();
  $('clear-done').textContent = phrase('web_cleared');
}

/** Wires the section. */
export function start() {
  $('clear').addEventListener('click', forgetHere); // first: it helps against whatever is kept
  ticks = new Ticks($('forget-details'), false);
  watch(() => {
    ticks.show(linked().map(({ hash, provider, id }) => [hash, `${facts.providers[provider]?.label ?? provider}: ${id}`]));
    $('forget-some').hidden = linked().length === 0;
    $('forget-jid').value ||= state.jid;
  });
  onSubmit($('forget-some'), async () => {
    const details = linked().filter(({ hash }) => ticks.ticked().includes(hash));
    if (details.length === 0) throw new Error(phrase('forget_nothing'));
    await ask(state.jid, details);
  });
  onSubmit($('forget'), ({ jid }) => ask(jid.value.trim()));
  onSubmit($('forget-code'), async ({ code }) => {
    await api.forget({ ...request, code: code.value });
    forgotten();
  });
  onPress($('forget-resend'), $('forget-code'), () => api.forget({ ...request, resend: true }));
}
