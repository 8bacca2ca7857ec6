// Chromium, without a window, and what it is shown.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import puppeteer from 'puppeteer-core';

export const PATIENCE = 30_000; // milliseconds, for whatever is to be seen

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Starts it; it ends with this program. */
export async function launch() {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const browser = await puppeteer.launch({
    executablePath: '/usr/bin/chromium',
    userDataDir: profile,
    env: { ...process.env, HOME: profile },
    pipe: true, // which Chromium does not outlive
    args: [
      '--no-sandbox', // it runs as root, too, and sees only what the tests serve
      '--disable-dev-shm-usage',
      '--no-proxy-server',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  process.on('exit', () => {
    browser.process().kill('SIGKILL');
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  return browser;
}

/** Serves the files of a folder, and `made` by their paths, before those; returns the address, without a final slash. */
export async function serve(folder, made = {}) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    const file = made[path] ?? (await readFile(new URL(`.${path}`, folder)).catch(() => null));
    response.writeHead(file ? 200 : 404, { 'Content-Type': TYPES[extname(path)] ?? 'text/html' });
    response.end(file);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://localhost:${server.address().port}`;
}
