// What this browser remembers: the only place where details are kept. One object in localStorage:
//
//     { jid, token, details: [{ provider, id, hash, status, goto, send, again }], asked: { hash: time } }
//
// `send` is the message that proves the detail, { to, text }. `status` is "waiting" for a code, that message or a sign-in, "linked" or "lost"; `again` is when another code can be sent; `asked` is when a hash
// was asked for. Times are in milliseconds since 1970.

import { facts } from './facts.js';

/** Milliseconds until somebody is asked for again. */
export const AGAIN_AFTER = 30 * 86_400_000;

const KEY = `itseme:${location.pathname}`; // several services may share an origin
const STATUSES = ['waiting', 'linked', 'lost'];

const isText = (value) => typeof value === 'string' && value !== '';

const isDetail = (detail) => [detail?.hash, detail?.provider, detail?.id].every(isText) && STATUSES.includes(detail.status);

/** What is usable of what is kept: something else may have written it. */
function usable({ jid = '', token, details, asked }) {
  const isDue = ([, time]) => !(time > Date.now() - AGAIN_AFTER);
  return {
    jid: isText(jid) ? jid : '',
    token: isText(token) ? token : undefined,
    details: Array.isArray(details) ? details.filter(isDetail) : [],
    asked: Object.fromEntries(Object.entries(asked ?? {}).filter((each) => !isDue(each))),
  };
}

function load() {
  try {
    return usable(JSON.parse(localStorage.getItem(KEY)) ?? {});
  } catch {
    return usable({}); // forbidden, or no JSON
  }
}

export const state = load();

const watchers = [];

/** Has `watcher` called now and whenever what is remembered changes. */
export function watch(watcher) {
  watchers.push(watcher);
  watcher();
}

const tell = () => watchers.forEach((watcher) => watcher());

/** Keeps what has changed, and shows it. */
export function changed() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // It lasts as long as the page.
  }
  tell();
}

/** Forgets everything. */
export function clear() {
  Object.assign(state, usable({}));
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There is nothing.
  }
  tell();
}

/** Forgets these details, and with the last one the Jabber ID. */
export function drop(hashes) {
  state.details = state.details.filter(({ hash }) => !hashes.includes(hash));
  if (state.details.length === 0) state.jid = '';
  changed();
}

/** The details that people can find the user by. */
export const linked = () => state.details.filter(({ status }) => status === 'linked');

/** `true` for the user's Jabber ID itself. */
export const isOwnJid = ({ provider, id }) => provider === 'xmpp' && id === state.jid;

/** `true` if this browser needs a token, and has none. */
export const lacksToken = () => facts.needsToken && !state.token;

/** `true` once the service takes requests in the name of the Jabber ID from this browser. */
export const isConfirmed = () => linked().some(isOwnJid) && !lacksToken();

// Another tab of this page.
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return;
  Object.assign(state, load());
  tell();
});
