// The calls of the HTTP API (openapi.json). Everything goes in bodies: addresses are logged.

import { phrase } from './facts.js';
import { changed, state } from './state.js';

const PATIENCE = 30_000; // milliseconds

/** The errors whose message is for programs, and the phrases for people. */
const PHRASES = { not_found: 'web_code_gone', target_unconfirmed: 'web_prove' };

/** The service refused, or was not reached. */
export class Refused extends Error {
  /** `code` and `limit` as in the API's errors; `seconds` to wait before the next try, if it said so. */
  constructor({ code, message, limit }, seconds) {
    super(PHRASES[code] ? phrase(PHRASES[code]) : message.replace(/^'\w+': /, ''));
    Object.assign(this, { code, limit, seconds });
  }
}

async function call(path, body) {
  const headers = { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang };
  const shown = body.target === state.jid ? state.token : undefined;
  if (shown) headers.Authorization = `Bearer ${shown}`;
  const request = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) };
  const response = await fetch(path, request).catch(() => { throw unreachable(); });
  const answer = await response.json().catch(() => { throw unreachable(); });
  if (!answer.error) return answer;
  if (response.status === 401 && shown && shown === state.token) { // it is no longer valid
    state.token = undefined;
    changed();
  }
  throw new Refused(answer.error, Number(response.headers.get('Retry-After')) || undefined);
}

const unreachable = () => new Refused({ code: 'unreachable', message: phrase('web_unreachable') });

/** Asks again after the pause that the service names, if only the number of requests at once was too large. */
async function patiently(path, body) {
  for (;;) {
    try {
      return await call(path, body);
    } catch (error) {
      if (error.limit !== 'requests') throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * (error.seconds ?? 1)));
    }
  }
}

/** → { status: "pending" | "confirmed", hash, goto?, send?: { to, text } } */
export const register = (detail) => patiently('v1/register', detail);
/** → { confirmed: true, token? } */
export const verify = (hash, code, target) => patiently('v1/verify', { hash, code, target });
/** → { confirmed: true if all hashes belong to `target`, service? } with the peer that says so, if the service does not know it */
export const confirm = (target, hashes) => patiently('v1/confirm', { target, hashes });
/** → true if the service itself has linked the hash to `target`: what a peer has is neither proven nor removed here */
export async function isLinked(target, hash) {
  const { confirmed, service } = await confirm(target, [hash]);
  return confirmed && !service;
}
/** Sends one's own details to whoever is behind each hash; with the scope "here", the peers are not asked. */
export const contact = (target, info, contacts, scope) => patiently('v1/contact', { target, contact_info: info, contacts, scope });
/** → { status: "pending" | "forgotten" }; without `hashes`, everything is meant. */
export const forget = (request) => patiently('v1/forget', request);
