// A person in front of a real browser: Chromium, driven by puppeteer-core.
//
//   node browser.js FOLDER
//
//   POST /sign-in   {"url", "user", "consent", "languages"} as JSON: opens the address, signs in and allows (or, unless
//                   "consent", denies) wherever it is asked to, presses the button of the service's own page if it
//                   is asked there, after it has opened that once more, and answers that question and the page where all of it ends:
//                   {"question", "url", "status", "text", "html", "lang"}, or {"failure"}
//
//   POST /visit     {"html"}: shows that page, of another site than the service's (localhost, for 127.0.0.1), and waits
//                   until nothing has been loaded for a while
//
// Each request has cookies of its own. The browser keeps its files in the folder, asks only 127.0.0.1 and
// localhost for anything, and ends when this does. Prints "listening on 127.0.0.1:PORT" once it does.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import puppeteer from 'puppeteer-core';

const PATIENCE = 20_000; // milliseconds, for one page
const MOST_STEPS = 5;

// What the pages of both providers have.
const NAME = 'input[name=login]';
const PASSWORD = 'input[name=password]';
const SUBMIT = 'button[type=submit]';
const ABORT = 'a[href$="abort"]';

// What the service's page has.
const BUTTON = 'main form[method=post] button';

const [folder] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: '/usr/bin/chromium',
  userDataDir: `${folder}/profile`,
  env: { ...process.env, HOME: folder },
  pipe: true, // which Chromium does not outlive
  handleSIGTERM: false,
  args: [
    '--no-sandbox', // it runs as root, too, and sees only what the tests serve
    '--disable-dev-shm-usage',
    '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
  ],
});

async function signIn({ url, user, consent, languages }) {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.setExtraHTTPHeaders({ 'Accept-Language': languages });
    let response = await page.goto(url);
    for (let steps = 0; await page.$(ABORT); steps += 1) {
      if (steps === MOST_STEPS) throw new Error(`still asked at ${page.url()}`);
      const asksWho = await page.$(NAME);
      if (asksWho) await page.type(NAME, user);
      if (await page.$(PASSWORD)) await page.type(PASSWORD, 'any');
      const next = asksWho || consent ? SUBMIT : ABORT;
      [response] = await Promise.all([page.waitForNavigation(), page.click(next)]);
    }
    let question = '';
    if (await page.$(BUTTON)) {
      await page.reload(); // as people do
      question = await page.evaluate(() => document.body.innerText);
      [response] = await Promise.all([page.waitForNavigation(), page.click(BUTTON)]);
    }
    return {
      question,
      url: page.url(),
      status: response?.status() ?? 0,
      text: await page.evaluate(() => document.body.innerText),
      html: await page.content(),
      lang: await page.evaluate(() => document.documentElement.lang),
    };
  } finally {
    await context.close();
  }
}

let shown = '';

async function visit({ html }) {
  shown = html;
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://localhost:${server.address().port}/`, { waitUntil: 'networkidle0', timeout: PATIENCE });
    return {};
  } finally {
    await context.close();
  }
}

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html');
    return response.end(shown);
  }
  const work = request.url === '/visit' ? visit : signIn;
  const answer = await json(request).then(work).catch((error) => ({ failure: String(error) }));
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer));
}).listen(0, '127.0.0.1');

process.on('SIGTERM', async () => {
  await browser.close();
  process.exit();
});

await once(server, 'listening');
console.log(`listening on 127.0.0.1:${server.address().port}`);
