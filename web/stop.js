// “Stop”: removes what is linked, proved by a code that comes by XMPP, and forgets what this browser keeps.

import * as api from './api.js';
import { phrase } from './facts.js';
import { $, attempt, onSubmit } from './form.js';
import { changed, clear, state, watch } from './state.js';

/** What is to be forgotten: { target, hashes? }, as the API takes it. */
let request;

/** Asks for the code to forget this detail, or everything of the Jabber ID. */
export async function askToForget(detail, target = state.jid) {
  if (detail?.status === 'waiting' || detail?.status === 'lost') return forgetHere(detail);
  const wanted = { target, hashes: detail && [detail.hash] };
  await api.forget(wanted);
  request = wanted;
  $('forget-done').textContent = '';
  const form = $('forget-code');
  form.querySelector('[role=status]').textContent = phrase('web_forget_code', { jid: target });
  form.hidden = false;
  form.scrollIntoView({ block: 'center' });
  $('forget-digits').focus({ preventScroll: true });
}

/** What is not linked waits here only: its code expires. */
function forgetHere(detail) {
  state.details = state.details.filter((other) => other !== detail);
  changed();
}

function forgotten() {
  const { target, hashes } = request;
  $('forget-code').reset();
  $('forget-code').hidden = true;
  $('forget-done').textContent = phrase('web_forgotten');
  if (target !== state.jid) return;
  if (!hashes) return clear();
  state.details = state.details.filter(({ hash }) => !hashes.includes(hash));
  changed();
}

/** Wires the section. */
export function start() {
  onSubmit($('forget'), ({ jid }) => askToForget(undefined, jid.value.trim()));
  onSubmit($('forget-code'), async ({ code }) => {
    await api.forget({ ...request, code: code.value });
    forgotten();
  });
  $('forget-resend').addEventListener('click', ({ target }) =>
    attempt($('forget-code'), () => api.forget({ ...request, resend: true }), target));
  $('clear').addEventListener('click', clear);
  watch(() => { $('forget-jid').value ||= state.jid; });
}
