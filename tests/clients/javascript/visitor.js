// Somebody who visits the service's web page (web/), with Playwright and Chromium. Everything is found as people find it: by its label,
// its role or its words.

import { mkdirSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

import { PATIENCE } from './browser.js';
import { assert } from './script.js';

/** A phone in a hand, and a desk. */
export const NARROW = { width: 360, height: 740 };
export const WIDE = { width: 1280, height: 900 };

const { ITSEME_SCREENSHOTS: screenshots } = process.env;

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox', // it runs as root, too, and sees only what the tests serve
    '--disable-dev-shm-usage',
    '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  ],
});

/** The code of the next message that has one for programs. */
export async function xmppCode(person) {
  for (;;) {
    const { code: [code] } = await person.hears('verify');
    if (code) return code;
  }
}

export class Visitor {
  /** With a browser profile of its own; `options` are those of Playwright's contexts. */
  static async open(address, { viewport = WIDE, locale = 'en-GB', ...options } = {}) {
    const context = await browser.newContext({ viewport, locale, ...options });
    context.setDefaultTimeout(PATIENCE);
    const visitor = new Visitor();
    visitor.address = address;
    visitor.requests = []; // of which each has an address, and perhaps a body
    visitor.page = await context.newPage();
    visitor.page.on('request', (request) => visitor.requests.push({ url: request.url(), body: request.postData() ?? '' }));
    visitor.page.on('pageerror', fail);
    visitor.page.on('console', (message) => {
      // Chromium tells of refusals of the service, and of requests that a script here ends, as of errors.
      const isOurs = visitor.page.url().startsWith(new URL(address).origin); // and not a provider's
      if (isOurs && message.type() === 'error' && !/status of 4\d\d|ERR_FAILED/.test(message.text())) fail(new Error(message.text()));
    });
    await visitor.page.goto(address);
    return visitor;
  }

  /** What is under this heading. */
  section(heading) {
    return this.page.getByRole('region', { name: heading });
  }

  /** The list entry with these words. */
  entry(words) {
    return this.page.getByRole('listitem').filter({ hasText: words });
  }

  /** Waits until this says that. */
  async sees(where, words) {
    const found = where.getByText(words).first();
    await found.waitFor().catch(async (error) => {
      throw new Error(`${await where.first().innerText()}\nis all there is, and not: ${words}`, { cause: error });
    });
  }

  /** Fails unless everybody can use the page as it is now (WCAG 2.2 AA, as far as axe-core sees it), and all of it fits the window. */
  async isAccessible() {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
    assert.deepEqual(found, [], this.page.url());
    const [wide, window] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, `${this.page.url()} is ${wide} wide, the window ${window}`);
  }

  /** The same with text of twice the size. */
  async isAccessibleAtTwice() {
    await this.page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    await this.isAccessible();
    await this.page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  }

  /** Keeps a picture of the page, or of a part, if somebody wants pictures. */
  async shows(name, part = this.page) {
    if (!screenshots) return;
    mkdirSync(screenshots, { recursive: true });
    await part.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
  }
}

function fail(error) {
  console.error(error);
  process.exit(1);
}
