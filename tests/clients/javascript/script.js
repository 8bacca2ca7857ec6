// What the scripts of this folder share: who plays, what the test that runs them does for them, and what they print
// (../steps.tsv).
//
//   node SCRIPT XMPP-PORT HELP-PORT
//
// Both ports are on 127.0.0.1; at the second one the test answers what a script cannot find out itself.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

export const [XMPP_PORT, HELP_PORT] = process.argv.slice(2).map(Number);
export const DOMAIN = 'localhost';
export const SERVICE = 'itseme.localhost';
export const ACCOUNT = `itseme@${SERVICE}`;

export const AMYS_PHONE = '+447700900123';
export const MICHAELS_PHONE = '+447700900456';
export const NOBODYS_PHONE = '+447700900001';

const PATIENCE = 30_000; // milliseconds; it only matters when something is broken

export const password = (name) => `${name}-password`;

export const hashed = (provider, id) => createHash('sha512').update(`${provider}:${id}`).digest('hex');

/** A code that is not this one, of the same length. */
export const wrong = (code) => (code.startsWith('0') ? '1' : '0').repeat(code.length);

// Nothing that was not awaited may go wrong unseen.
process.on('unhandledRejection', (error) => {
  console.error(error);
  process.exit(1);
});

const help = connect(HELP_PORT, '127.0.0.1');
const answers = createInterface({ input: help })[Symbol.asyncIterator]();

async function ask(question) {
  help.write(`${question}\n`);
  const { value, done } = await within(`an answer to ${question}`, answers.next());
  if (done) throw new Error(`the test did not answer ${question}`);
  return value;
}

/** The code of the oldest SMS to this number that was not read yet. */
export const smsCode = (number) => ask(`sms ${number}`);

/** The code of the oldest mail to this address that was not read yet. */
export const mailCode = (address) => ask(`mail ${address}`);

/** The text of the oldest mail to this address that was not read yet. */
export const letter = async (address) => JSON.parse(await ask(`letter ${address}`));

/** Where browsers connect to the XMPP server. */
export const websocket = () => ask('websocket');

/** Where the service's HTTP API is. */
export const httpUrl = () => ask('http');

/** What the service answers to a GET. */
export const http = async (path) => JSON.parse(await ask(`get ${path}`));

/** Ends the service, and starts it again. */
export const restart = async () => {
  await ask('stop');
  await ask('start');
};

/** Has somebody log in who answers each IQ with the error that its payload names; returns the JID. */
export const refuser = () => ask('refuser');

/** Says which client is tried, in the version that is installed. */
export function introduce(name, folder = name) {
  const path = new URL(`node_modules/${folder}/package.json`, import.meta.url);
  console.log(`CLIENT ${name} ${JSON.parse(readFileSync(path, 'utf8')).version}`);
}

/** Takes a step: `work` returns words where the client is known to differ, and else none. */
export async function step(key, work) {
  const differs = await work();
  console.log(`STEP ${key} ${typeof differs === 'string' ? `differs: ${differs}` : 'ok'}`);
}

/** Every stanza error that the service sends: condition, type, and the service's own code if there is one. */
export const CONDITIONS = readFileSync(new URL('../conditions.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.split('\t'))
  .map(([condition, type, code]) => ({ condition, type, code }));

/** What `work` comes to, soon enough. */
export async function within(what, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting for ${what} after ${PATIENCE / 1000} seconds`)), PATIENCE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is put in, in order, for whoever waits for something that is as wanted; what comes before it is dropped. */
export class Queue {
  #waiting = [];
  #wake = () => {};

  put(item) {
    this.#waiting.push(item);
    this.#wake();
  }

  async next(what, wanted = () => true) {
    const found = async () => {
      for (;;) {
        while (this.#waiting.length) {
          const item = this.#waiting.shift();
          if (wanted(item)) return item;
        }
        await new Promise((resolve) => (this.#wake = resolve));
      }
    };
    return within(what, found());
  }
}

/** The end of a script: no connection may keep it running. */
export const end = () => process.exit();

export { assert };
