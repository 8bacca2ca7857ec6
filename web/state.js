// What this browser remembers: the only place where details are kept. One object in localStorage:
//
//     { jid, token, details: [{ provider, id, hash, status, goto, again }], asked: { hash: time } }
//
// `status` is "waiting" for a code or a sign-in, "linked" or "lost"; `again` is when another code can be sent. Times are in
// milliseconds since 1970.

import { facts } from './facts.js';

const KEY = `itseme:${location.pathname}`; // several services may share an origin
const EMPTY = { jid: '', token: undefined, details: [], asked: {} };

function load() {
  try {
    return { ...structuredClone(EMPTY), ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    return structuredClone(EMPTY); // forbidden, or written by something else
  }
}

export const state = load();

const watchers = [];

/** Has `watcher` called now and whenever what is remembered changes. */
export function watch(watcher) {
  watchers.push(watcher);
  watcher();
}

/** Keeps what has changed, and shows it. */
export function changed() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // It lasts as long as the page.
  }
  for (const watcher of watchers) watcher();
}

/** Forgets everything. */
export function clear() {
  Object.assign(state, structuredClone(EMPTY));
  changed();
  localStorage.removeItem(KEY);
}

/** The details that people can find the user by. */
export const linked = () => state.details.filter(({ status }) => status === 'linked');

/** `true` for the user's Jabber ID itself. */
export const isOwnJid = ({ provider, id }) => provider === 'xmpp' && id === state.jid;

/** `true` once the service takes requests in the name of the Jabber ID from this browser. */
export const isConfirmed = () => linked().some(isOwnJid) && (Boolean(state.token) || !facts.needsToken);

// Another tab of this page.
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return;
  Object.assign(state, load());
  for (const watcher of watchers) watcher();
});
