/*
 * Google for tests: accounts.google.com, oauth2.googleapis.com and www.googleapis.com behind one TLS front, which tells each
 * request and answers as it was told to, or else by npm's emulate (accounts and tokens: oauth.mjs) and either a stand-in for
 * Google Calendar (calendars.mjs) or the emulator's calendars (--emulated; emulated.mjs). t/lib/Google.pm starts it, and its
 * head says what it can be told.
 */
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';
import { obey, say } from '../mail/orders.mjs';
import { Calendars } from './calendars.mjs';
import { Emulated } from './emulated.mjs';
import { error, oauthError } from './errors.mjs';
import { Accounts } from './oauth.mjs';

const { values: options } = parseArgs({ options: {
  host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' }, idle: { type: 'string' },
  key: { type: 'string' }, cert: { type: 'string' }, account: { type: 'string', multiple: true, default: [] },
  id: { type: 'string' }, secret: { type: 'string' }, emulated: { type: 'boolean', default: false } } });

/* The emulator listens wherever it can. */
const { listen } = net.Server.prototype;
net.Server.prototype.listen = function listenHere(port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, options.host, ...rest.filter((one) => typeof one === 'function'))
    : listen.call(this, { ...port, host: options.host }, ...rest);
};

const freePort = () => new Promise((resolve) => {
  const probe = net.createServer().listen({ port: 0 }, () => {
    const { port } = probe.address();

    probe.close(() => resolve(port));
  });
});

const emulatorPort = await freePort();
const { createEmulator } = await import(`${process.env.OPENCALENDLY_TOOLS}/node_modules/emulate/dist/api.js`);
await createEmulator({ service: 'google', port: emulatorPort, baseUrl: 'https://accounts.google.com', seed: {
  tokens: Object.fromEntries(options.account.map((email) => [`of-${email}`, { login: email }])),
  google: {
    users: options.account.map((email) => ({ email, name: email.split('@')[0] })),
    calendars: options.account.map((email) => ({ id: email, user_email: email, summary: email, primary: true, time_zone: 'Europe/Berlin' })),
  } } });

async function emulate(method, path, headers, body) {
  const response = await fetch(`http://${options.host}:${emulatorPort}${path}`, { method, headers, redirect: 'manual',
    ...method !== 'GET' && body && { body } });
  const passed = ['content-type', 'location'].flatMap((name) => (response.headers.has(name) ? [[name, response.headers.get(name)]] : []));
  const isText = !/^font|image/.test(response.headers.get('content-type') ?? '');

  return { status: response.status, headers: Object.fromEntries(passed),
    body: isText ? await response.text() : Buffer.from(await response.arrayBuffer()) };
}

const settings = { expiresIn: 3600, pageSize: Infinity, emptyPage: false, conference: 'success', conferencePolls: 2,
  freeBusyErrors: {}, channelSeconds: 7 * 86400, gzip: true };
const accounts = new Accounts(emulate, { id: options.id, secret: options.secret }, settings);
const calendars = options.emulated ? new Emulated(accounts, emulate) : new Calendars(accounts, settings);
const samples = [];
let order = 0;
let rules = [];
let held = [];

const parsed = (read) => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

function understood({ method, host, url, headers, body }) {
  const { pathname, searchParams } = new URL(url, 'https://any');
  const type = headers['content-type'] ?? '';

  return { method, host, url, path: pathname, headers, body, query: Object.fromEntries(searchParams),
    ...type.startsWith('application/x-www-form-urlencoded') && { form: Object.fromEntries(new URLSearchParams(body)) },
    ...type.startsWith('application/json') && { json: parsed(() => JSON.parse(body)) } };
}

const serve = (request) => (request.host === 'www.googleapis.com' ? calendars : accounts).answer(request);

/* The rule for a request, if there is one: the first that fits and is not used up. */
function ruleFor({ method, host, url, body }) {
  const line = `${method} https://${host}${url} ${body}`;
  const rule = rules.find(({ when, times }) => times > 0 && new RegExp(when).test(line));

  if (rule?.skip > 0) rule.skip -= 1;
  else if (rule) { rule.times -= 1; return rule; }
  return undefined;
}

/* What a request is answered: by its rule, or as it is; after: what the rule says, when it has been done. */
async function answerTo(request, rule) {
  const reason = rule?.error;
  const isOauth = request.host === 'oauth2.googleapis.com';
  const told = !rule || rule.after || rule.status === undefined ? await serve(request) : undefined;
  const status = rule?.status ?? told.status;

  if (reason) return { ...isOauth ? oauthError(status, reason) : error(status, reason), ...rule.headers && { headers: rule.headers } };
  return { status, headers: rule?.headers ?? told?.headers ?? {}, body: rule?.body ?? (rule?.status === undefined ? told.body : '') };
}

const bytesOf = (body) => (Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

async function write(response, { status, headers, body }, rule, isPacked) {
  const bytes = bytesOf(body);
  const sent = isPacked && bytes.length > 0 ? zlib.gzipSync(bytes) : bytes;
  const step = Math.ceil(sent.length / 10);
  let at = 0;

  if (rule?.reset) return response.destroy();
  response.writeHead(status, { ...bytes.length && { 'content-type': 'application/json; charset=UTF-8' },
    ...isPacked && bytes.length > 0 && { 'content-encoding': 'gzip' },
    ...status !== 204 && { 'content-length': sent.length }, ...headers });
  if (rule?.cut) {
    response.write(sent.subarray(0, sent.length / 2));
    return setTimeout(() => response.destroy(), 20);
  }
  for (; rule?.drip_ms && at + step < sent.length; at += step) {
    response.write(sent.subarray(at, at + step));
    await new Promise((resolve) => setTimeout(resolve, rule.drip_ms));
  }
  return response.end(sent.subarray(at));
}

const server = https.createServer({ key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) }, (incoming, response) => {
  const pieces = [];

  incoming.on('data', (piece) => pieces.push(piece)).on('end', async () => {
    const request = understood({ method: incoming.method, host: (incoming.headers.host ?? '').replace(/:\d+$/, ''), url: incoming.url,
      headers: incoming.headers, body: Buffer.concat(pieces).toString() });
    const rule = ruleFor(request);

    say({ ...request, path: request.url, pathname: request.path, at_ms: Date.now(), order: order += 1,
      connection: incoming.socket.number });
    if (rule?.hold && !rule.after) await new Promise((resolve) => held.push(resolve));
    const answer = await answerTo(request, rule);

    if (rule?.hold && rule.after) await new Promise((resolve) => held.push(resolve));
    if (rule?.delay_ms) await new Promise((resolve) => setTimeout(resolve, rule.delay_ms));
    if (!rule && samples.length < 500) samples.push({ request, answer });
    await write(response, answer, rule, settings.gzip && /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''));
    say({ answered: `${request.method} ${request.url}`, status: answer.status, at_ms: Date.now(), order: order += 1 });
  });
});
let connections = 0;

server.on('secureConnection', (socket) => { socket.number = connections += 1; });
server.on('tlsClientError', (problem) => say({ refused: problem.code ?? problem.message }));
server.keepAliveTimeout = Number(options.idle ?? 120000);
server.listen(Number(options.port), options.host, () => say({ port: server.address().port }));

/* As a browser would: the page, and a click on the account. */
async function consent({ url, email }) {
  const { host, pathname, search, searchParams } = new URL(url);
  const page = await serve(understood({ method: 'GET', host, url: pathname + search, headers: {}, body: '' }));

  if (page.status !== 200) return { status: page.status };
  const form = new URLSearchParams([...searchParams, ['email', email]]);
  const answer = await serve(understood({ method: 'POST', host, url: '/o/oauth2/v2/auth/callback', body: String(form),
    headers: { 'content-type': 'application/x-www-form-urlencoded' } }));
  const back = new URL(answer.headers.location);

  return { status: answer.status, asked: Object.fromEntries(searchParams), location: back.href, ...Object.fromEntries(back.searchParams) };
}

const of = (object, ...names) => Object.fromEntries(names.filter((name) => object[name])
  .map((name) => [name, (told) => object[name](told)]));

obey({
  ...of(accounts, 'grant', 'grants', 'expire', 'withdraw'),
  ...of(calendars, 'entries', 'calendar', 'unlist', 'event', 'put', 'events', 'busy', 'remove', 'forget', 'channels', 'notify'),
  consent,
  settings: ({ values }) => { Object.assign(settings, values); },
  setting: ({ name }) => settings[name],
  rule: ({ rule }) => { rules.push({ times: 1, ...rule }); },
  clear: () => { rules = []; },
  holding: () => held.length,
  release: () => held.splice(0).map((go) => go()).length,
  samples: () => samples,
});
