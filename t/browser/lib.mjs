/*
 * What the browser tests share. A script is a list of steps:
 *
 *   import { step, visitor, finish, is } from './lib.mjs';
 *   const ann = await visitor({ zone: 'America/New_York' });
 *   await step('the page names the event', async () => {
 *     await ann.open('/ada/intro');
 *     is(await ann.page.title(), 'Intro', 'title');
 *   });
 *   await finish();
 *
 * A step passes if it throws nothing and no page has had trouble meanwhile: an error in the console, an exception, a breach
 * of the content security policy, an answer of 400 or above that the visitor was not told to expect. When it fails, all open
 * pages are photographed. The clock of the database and that of all pages is one: moveClock().
 */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse } from '../mail/parse.mjs';

const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export { words } from './words.mjs';
export const url = process.env.BROWSER_URL;
export const data = JSON.parse(process.env.BROWSER_DATA || '{}');
const screenshots = process.env.BROWSER_SCREENSHOTS;
const script = process.env.BROWSER_SCRIPT;
const mails = process.env.BROWSER_MAILS;
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--force-color-profile=srgb',
  /* data.hostRules: where hosts are to be found by their names, with certificates that nobody knows */
  ...(data.hostRules ? [`--host-resolver-rules=${data.hostRules}`] : [])];
const patience = 10_000;

let now = '2026-06-01T08:00:00Z';
let browser;
const visitors = new Set();
let pictures = 0;

/* --- TAP ----------------------------------------------------------------------------------------------------------- */

const say = (line) => process.stdout.write(`${line}\n`);
export const note = (text) => String(text).split('\n').forEach((line) => say(`# ${line}`));
const complain = (text) => String(text).split('\n').forEach((line) => say(`  ${line}`));

export function ok(passed, name, why = '') {
  say(`${passed ? 'ok' : 'not ok'} ${String(name).replaceAll('#', '\\#').replaceAll('\n', ' ')}`);
  if (!passed && why) complain(why);
  return passed;
}

/* Inside of a step: throws unless it holds. */
export function must(condition, what) {
  if (!condition) throw new Error(what);
}

export function is(found, expected, what) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));

  must(a === b, `${what}: ${a}, expected ${b}`);
}

export function like(found, pattern, what) {
  must(pattern.test(found), `${what}: ${JSON.stringify(found)} is not like ${pattern}`);
}

/* Asks again and again until the answer is truthy; returns it. */
export async function until(what, ask, timeout = patience) {
  const end = Date.now() + timeout;

  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`it did not come to this: ${what}`);
    await new Promise((wake) => { setTimeout(wake, 30); });
  }
}

function within(milliseconds, work) {
  let timer;
  const end = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${milliseconds / 1000} s`)), milliseconds);
  });

  return Promise.race([work, end]).finally(() => clearTimeout(timer));
}

/*
 * work() may call mine(visitor): the visitor is of this step alone, and goes with it. Steps that run side by side judge only
 * their own visitors; else all are judged.
 */
export async function step(name, work) {
  const began = Date.now();
  const own = [];
  let failure;

  try {
    await within(60_000, work((visitor) => own.push(visitor)));
  } catch (error) {
    failure = (error.stack ?? String(error)).replace(/\u001b\[\d+m/g, '');
  }
  const judged = own.length ? own : [...visitors];
  const troubles = judged.flatMap((visitor) => visitor.takeTroubles());
  if (troubles.length) failure = [failure, ...troubles].filter(Boolean).join('\n');
  ok(!failure, name, failure);
  if (failure) for (const visitor of judged) await visitor.photograph(`${script}-${name}`);
  for (const visitor of own) await visitor.close();
  if (Date.now() - began > 5000) note(`${name}: ${Date.now() - began} ms`);
}

let answers;

/* What the calling script says to a question (Browser::script); one at a time. */
export async function ask(what, values = {}) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  say(`ask ${what} ${JSON.stringify(values)}`);
  const { value } = await answers.next();

  return JSON.parse(value)[0];
}

export async function finish() {
  await (await browser)?.close();
  say('done');
  process.exit(0);
}

process.on('unhandledRejection', (error) => {
  complain(error.stack ?? error);
  process.exit(1);
});

/* --- the service behind the pages ------------------------------------------------------------------------------------ */

const run = promisify(execFile);

/* Rows of psql, as text, by a superuser. */
export async function sql(text) {
  const { stdout } = await run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text], { encoding: 'utf8' });

  return stdout.trim();
}

/*
 * The shim's answer. Each request has a connection of its own: one that waits for the next may be closed by the shim at the
 * moment in which that is sent.
 */
export function request(path, { headers, ...options } = {}) {
  return fetch(new URL(path, url), { headers: { Connection: 'close', ...headers }, ...options });
}

/* The JSON of the API's answer, with its status; throws if it is not ok, unless options.any. */
export async function api(method, path, body, { token, any, headers = {} } = {}) {
  const response = await request(path, {
    method,
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const json = await response.json();

  must(any || json.ok, `${method} ${path}: ${response.status} ${JSON.stringify(json)}`);
  return { status: response.status, ...json };
}

/* The token of a fresh sign-in link. */
export async function signInLink(email, names = {}) {
  return (await api('POST', '/v0/auth/magic-link', { email, ...names })).magicLinkToken;
}

const weekly = (from, to) => [0, 1, 2, 3, 4, 5, 6].map((dayOfWeek) => ({ dayOfWeek, startMinute: from, endMinute: to }));

/*
 * A host with hours from 9 to 17 on all days (hours: [from, to] in minutes, null for none): {username, token, user, call}.
 * call(method, path, body) is the API with the host's session.
 */
export async function makeHost(username, { zone = 'UTC', name, hours = [540, 1020] } = {}) {
  const email = `${username}@example.com`;
  const displayName = name ?? username[0].toUpperCase() + username.slice(1);
  const token = await signInLink(email, { username, displayName, timezone: zone });
  const { sessionToken, user } = await api('POST', '/v0/auth/verify', { token });
  const call = (method, path, body, options) => api(method, path, body, { token: sessionToken, ...options });

  if (hours) await call('PUT', '/v0/me/availability/rules', { rules: weekly(...hours) }, { headers: { 'If-Match': '*' } });
  return { username, email, token: sessionToken, user, call };
}

export async function makeEventType(host, settings = {}) {
  const { eventType } = await host.call('POST', '/v0/event-types',
    { name: 'Intro', slug: 'intro', durationMinutes: 30, locationType: 'video', ...settings });

  return eventType;
}

let invitees = 0;

/* Books by the API. what: username or teamSlug, eventSlug, startsAt, and whatever else is to be different. */
export async function book(what) {
  invitees += 1;
  return api('POST', what.teamSlug ? '/v0/team-bookings' : '/v0/bookings',
    { inviteeName: 'Ann', inviteeEmail: `ann${invitees}@example.net`, ...what });
}

/* The time of the database and of all pages from now on; between() runs when only the database has it. */
export async function moveClock(instant, between) {
  now = instant;
  await sql(`ALTER SYSTEM SET opencalendly.clock = '${instant}'`);
  await sql('SELECT pg_reload_conf()');
  await until('the database\'s clock moves', async () => (await sql('SHOW opencalendly.clock')) === instant);
  await between?.();
  await Promise.all([...visitors].map((visitor) => visitor.context.clock.setFixedTime(now)));
}

/* How the database sends mails from now on: "none", or "folder", which is for workers to write into. */
export async function setMail(transport) {
  await sql(`ALTER SYSTEM SET opencalendly.mail_transport = '${transport}'`);
  await sql('SELECT pg_reload_conf()');
  await until('mails are sent otherwise', async () => (await sql('SHOW opencalendly.mail_transport')) === transport);
}

/* The last mail to the reader, as a reader of mails has it: {subject, text, html, ...}. A worker runs until it is in the folder. */
export async function mailTo(reader) {
  return until(`there is a mail to ${reader}`, async () => {
    await sql('CALL opencalendly.run_deliveries(1)');
    const files = readdirSync(mails).filter((name) => name.endsWith('.eml')).sort();
    const all = await Promise.all(files.map((name) => parse(readFileSync(`${mails}/${name}`))));

    return all.findLast(({ to }) => to[0].address === reader);
  });
}

/* While work() runs, the database takes no connections of the shim. */
export async function withoutDatabase(work) {
  await sql('ALTER ROLE shim NOLOGIN');
  await sql('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = \'shim\'');
  try {
    await work();
  } finally {
    await sql('ALTER ROLE shim LOGIN');
    await until('the service is back', async () => (await request('/ready')).ok);
  }
}

/* --- visitors -------------------------------------------------------------------------------------------------------- */

const desktop = { viewport: { width: 1280, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

class Visitor {
  constructor(context) {
    this.context = context;
    this.troubles = [];
    this.expected = new Set();
    /* what was expected when a request was made */
    this.asked = new WeakMap();
  }

  async addPage() {
    const page = await this.context.newPage();

    this.page ??= page;
    return page;
  }

  watch(page) {
    page.on('request', (request) => this.asked.set(request, this.expected));
    page.on('console', (message) => {
      /* answers and failed requests are judged below */
      const isOurs = message.type() === 'error' && !/^Failed to load resource/.test(message.text());
      const isExpected = this.expected.has('refused') && /Framing|Refused to|frame-ancestors/.test(message.text());

      if (isOurs && !isExpected) this.troubles.push(`console: ${message.text()} (${message.location().url})`);
    });
    /* only pages with something unsaved ask */
    page.on('dialog', (dialog) => dialog.accept().catch(() => null));
    page.on('pageerror', (error) => this.troubles.push(`exception: ${error.stack}`));
    page.on('response', (response) => {
      if (response.status() >= 400 && !this.expects(response.status(), response.request()))
        this.troubles.push(`answer: ${response.status()} ${response.request().method()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';

      if (!this.expects('offline', request) && !/ERR_ABORTED|^csp$/.test(why)) this.troubles.push(`request: ${why} ${request.url()}`);
    });
  }

  takeTroubles() {
    return this.troubles.splice(0);
  }

  /* For requests from now on these are no trouble: statuses, 'offline' (requests that fail), 'refused' (frames that may not be). */
  expect(...statuses) {
    this.expected = new Set(statuses);
  }

  /* An answer may come late, when other things are expected already. */
  expects(what, request) {
    return this.expected.has(what) || Boolean(this.asked.get(request)?.has(what));
  }

  async open(path) {
    return this.page.goto(new URL(path, url).href);
  }

  /* Waits until it can be seen; a locator, or a text. */
  async sees(what) {
    const locator = typeof what === 'string' || what instanceof RegExp ? this.page.getByText(what).first() : what.first();

    await locator.waitFor({ state: 'visible' });
    return locator;
  }

  /* For who has to find out why a step failed: a picture of each page, its address and the beginning of its text. */
  async photograph(name) {
    for (const page of this.context.pages().filter((one) => one.url() !== 'about:blank')) {
      pictures += 1;
      const file = `${screenshots}/${name.toLowerCase().replace(/[^a-z0-9-]+/g, '_').slice(0, 80)}-${pictures}.png`;
      const text = await within(5000, page.innerText('body')).catch(() => '');

      await within(6000, page.screenshot({ path: file, fullPage: true, timeout: 5000 })).then(() => note(`see ${file}`), () => null);
      complain(`${page.url()}\n${text.replace(/\s+/g, ' ').slice(0, 700)}`);
    }
  }

  async close() {
    visitors.delete(this);
    await this.context.close();
  }
}

/*
 * Somebody with a browser of their own. options: zone, locale, phone, dark, script (false: no JavaScript), size [width, height],
 * host (of makeHost: signed in by cookie), expect (what is no trouble), isTimed (the real clock, which moveClock() would end).
 */
export async function visitor(options = {}) {
  browser ??= chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  const context = await (await browser).newContext({
    ...(options.phone ? phone : desktop),
    ...(options.size && { viewport: { width: options.size[0], height: options.size[1] } }),
    timezoneId: options.zone ?? 'UTC',
    locale: options.locale ?? 'en-GB',
    colorScheme: options.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    javaScriptEnabled: options.script ?? true,
    ignoreHTTPSErrors: data.hostRules !== undefined,
    permissions: options.script === false ? [] : ['clipboard-read', 'clipboard-write'],
  });
  const result = new Visitor(context);

  visitors.add(result);
  context.setDefaultTimeout(patience);
  context.setDefaultNavigationTimeout(patience);
  context.on('page', (page) => result.watch(page));
  if (!options.isTimed) await context.clock.setFixedTime(now);
  await context.addInitScript(() => addEventListener('securitypolicyviolation', (event) => {
    console.error(`violates ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
  }));
  if (options.host) await signIn(result, options.host);
  result.expect(...(options.expect ?? []));
  await result.addPage();
  return result;
}

/* By cookie; whoever was signed in before is so no more. */
export async function signIn(who, host) {
  await who.context.addCookies([{
    name: '__Host-session', value: host.token, url: url.replace('http:', 'https:'), httpOnly: true, secure: true, sameSite: 'Lax',
  }]);
}

/* --- what is judged on every page ------------------------------------------------------------------------------------- */

/* Violations of the rules of axe-core, as text; '' if there is none. options: of axe.run(). */
export async function axe(page, options = {}) {
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(axeSource);
  const { violations } = await page.evaluate((how) => globalThis.axe.run(document, how), { resultTypes: ['violations'], ...options });

  return violations.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help}\n`
    + nodes.slice(0, 5).map((node) => `    ${node.target.join(' ')}  ${node.failureSummary?.split('\n').slice(1, 3).join(' ')}`).join('\n'))
    .join('\n');
}

/* What sticks out of the page sideways, as text; '' if nothing does. */
export async function overflow(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    const width = root.clientWidth;

    if (root.scrollWidth <= width) return '';
    const out = [...document.querySelectorAll('body *')].filter((node) => {
      const box = node.getBoundingClientRect();
      return box.width && (box.right > width + 1 || box.left < -1);
    });
    return `${root.scrollWidth} > ${width}: ${out.slice(-5).map((node) => `${node.localName}.${node.className}`).join(', ')}`;
  });
}
