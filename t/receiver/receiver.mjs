/*
 * A receiver of webhooks that verifies by the official libraries, and misbehaves if it is asked to. t/lib/Receiver.pm starts
 * it and tells what each path does.
 *
 *   node receiver.mjs [--host H] [--port N] [--key FILE --cert FILE [--tls VERSION]] [--idle MS]
 *
 * Standard output has one JSON object a line: first {port}; {opened} and {closed} with a connection's number; {path, …} for
 * each request, before it is answered; {sent, path} when an answer without end was broken off; {done, …} for each order.
 * Standard input takes orders, one JSON object a line: {do: secrets|switch|verify|drop, …}. It ends with standard input.
 */
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const { Webhook: Standard } = require('standardwebhooks');
const { Webhook: Svix } = require('svix');
const { values: options } = parseArgs({ options: {
  host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' }, idle: { type: 'string', default: '120000' },
  key: { type: 'string' }, cert: { type: 'string' }, tls: { type: 'string' } } });

const secrets = new Map(); // by ?key=: what this endpoint signs with, any number
const switches = new Map(); // by name: the path that /switch/NAME stands for
const seen = new Map(); // how often an id came to a path
let connections = 0;
let packed; // 100 MB of zeros as gzip

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/* --- Signatures ---------------------------------------------------------------------------------------------------- */

/* 'ok', or what the library says. */
function verdict(Library, secret, body, headers) {
  try {
    const library = secret.startsWith('whsec_') ? new Library(secret) : new Library(Buffer.from(secret), { format: 'raw' });

    library.verify(body, headers);
    return 'ok';
  } catch (error) {
    return error.message;
  }
}

/* X-OpenCalendly-Signature: t=SECONDS,v1=HEX[,v1=HEX]. */
function ownVerdict(secret, body, headers) {
  const [time, ...rest] = (headers['x-opencalendly-signature'] ?? '').split(',');
  const expected = crypto.createHmac('sha256', secret).update(`${time.slice(2)}.`).update(body).digest('hex');

  if (!/^t=\d+$/.test(time)) return 'no time';
  if (time.slice(2) !== headers['x-opencalendly-signature-timestamp']) return 'another time';
  return rest.includes(`v1=${expected}`) ? 'ok' : 'no matching signature';
}

/* With the verifiers' clock ahead by shift seconds. */
function check(secret, body, headers, shift = 0) {
  const { now } = Date;

  Date.now = () => now() + 1000 * shift;
  try {
    return {
      standard: verdict(Standard, secret, body, headers),
      svix: verdict(Svix, secret, body, headers),
      opencalendly: ownVerdict(secret, body, headers),
    };
  } finally {
    Date.now = now;
  }
}

/* --- Answers: each takes (response, what follows its name in the path, query, request) ------------------------------ */

const empty = (response, status, headers) => response.writeHead(status, headers).end();

/* Writes pieces until there are no more or the other side goes away. */
function pour(response, path, piece, limit) {
  let sent = 0;
  const more = () => {
    while (sent < limit) {
      sent += piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };

  response.on('close', () => say({ sent, path, complete: sent >= limit && response.writableFinished }));
  more();
}

/* One byte a second; the head first, unless it is part of it. */
function drip(response, text) {
  const { socket } = response;
  let n = 0;
  const timer = setInterval(() => socket.write(text[n++ % text.length]), 1000);

  socket.on('close', () => clearInterval(timer));
}

const answers = {
  ok: (response) => empty(response, 204),
  status: (response, [status], query) => empty(response, Number(status), {
    ...(query.has('retry-after') && { 'retry-after': query.get('retry-after') }),
    ...(query.has('location') && { location: query.get('location') }) }),
  gone: (response) => empty(response, 410),
  redirect: (response, [status], query) => empty(response, Number(status ?? 302), { location: query.get('to') }),
  'fail-then-ok': (response, [times], query, { n }) => (n > Number(times) ? empty(response, 204)
    : answers.status(response, [query.get('status') ?? 503], query)),
  sequence: (response, [list], query, { n }) => {
    const statuses = list.split(',');

    answers.status(response, [statuses[Math.min(n, statuses.length) - 1]], query);
  },
  switch: (response, [name], query, request) => answer(response, switches.get(name) ?? '/ok', request),
  echo: (response, rest, query, request) => response.end(JSON.stringify(request)),
  verified: (response, rest, query, request) => empty(response, request.standard === 'ok' && request.svix === 'ok' ? 204 : 401),
  slow: (response, [ms]) => setTimeout(() => empty(response, 204), Number(ms)),
  hang: () => {},
  drip: (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.flushHeaders();
    drip(response, 'x');
  },
  'drip-head': (response) => drip(response, 'HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
  big: (response, rest, query, { path }) => {
    response.writeHead(Number(query.get('status') ?? 200), { 'content-type': 'text/plain' });
    pour(response, path, Buffer.alloc(65536, 'x'), 100e6);
  },
  gzip: (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(packed ??= zlib.gzipSync(Buffer.alloc(100e6)));
  },
  cut: (response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('abc', () => response.socket.end());
  },
  close: (response) => response.socket.end(),
  reset: (response) => response.socket.resetAndDestroy(),
  headers: (response, [count]) => raw(response, `HTTP/1.1 200 OK\r\n${
    Array.from({ length: Number(count ?? 1000) }, (_, i) => `X-Header-${i}: ${'v'.repeat(100)}\r\n`).join('')}Content-Length: 0\r\n\r\n`),
  informational: (response, [count]) => raw(response,
    `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(Number(count ?? 1000))}HTTP/1.1 204 No Content\r\n\r\n`),
  garbage: (response) => raw(response, 'SSH-2.0-OpenSSH_9.2\r\n\r\n\x00\xff\xfe'),
};

function raw(response, bytes) {
  response.socket.end(Buffer.from(bytes, 'latin1'));
}

function answer(response, target, request) {
  const { pathname, searchParams } = new URL(target, 'http://receiver');
  const [, name, ...rest] = pathname.split('/');

  (answers[name] ?? answers.ok)(response, rest, searchParams, request);
}

/* --- Requests ------------------------------------------------------------------------------------------------------ */

function took(request, body, at) {
  const path = request.url;
  const id = request.headers['webhook-id'];
  const n = (seen.get(`${path} ${id}`) ?? 0) + 1;
  const key = new URL(path, 'http://receiver').searchParams.get('key') ?? '';
  const checks = (secrets.get(key) ?? []).map((secret) => check(secret, body, request.headers));

  seen.set(`${path} ${id}`, n);
  return {
    path, id, n, at_ms: at, method: request.method, version: request.httpVersion, connection: request.socket.number,
    timestamp: Number(request.headers['webhook-timestamp']),
    standard: checks[0]?.standard ?? null, svix: checks[0]?.svix ?? null, opencalendly: checks[0]?.opencalendly ?? null,
    checks, headers: request.headers, raw_headers: request.rawHeaders,
    body: body.toString(), body_base64: body.toString('base64') };
}

function receive(request, response) {
  const at = Date.now();
  const pieces = [];

  request.on('data', (piece) => pieces.push(piece));
  request.on('error', () => {});
  response.on('error', () => {});
  request.on('end', () => {
    const known = took(request, Buffer.concat(pieces), at);

    say(known);
    answer(response, known.path, known);
  });
}

function opened(socket) {
  const number = ++connections;

  socket.number = number;
  say({ opened: number, at_ms: Date.now() });
  socket.on('close', () => say({ closed: number, at_ms: Date.now() }));
  socket.on('error', () => {});
}

const tls = options.key && {
  key: readFileSync(options.key), cert: readFileSync(options.cert),
  ...(options.tls && { minVersion: 'TLSv1', maxVersion: options.tls, ciphers: 'DEFAULT@SECLEVEL=0' }) };
const server = tls ? https.createServer(tls, receive) : http.createServer(receive);

/* How long a connection may rest is the caller's to say, so that it is known who closes it. */
Object.assign(server, { keepAliveTimeout: Number(options.idle), headersTimeout: 0, requestTimeout: 0, timeout: 0 });
server.on('clientError', (error, socket) => socket.destroy());
server.on(tls ? 'secureConnection' : 'connection', opened);
server.on('tlsClientError', (error) => say({ refused: error.code ?? error.message, at_ms: Date.now() }));
server.listen(Number(options.port), options.host, () => say({ port: server.address().port }));

/* --- Orders -------------------------------------------------------------------------------------------------------- */

const orders = {
  secrets: ({ key, list }) => secrets.set(key, list) && null,
  switch: ({ name, to }) => switches.set(name, to) && null,
  verify: ({ secret, body, headers, shift }) => check(secret, Buffer.from(body, 'base64'), headers, shift),
  drop: () => server.closeAllConnections() ?? null,
};

readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);

    say({ done: order.number, result: orders[order.do](order) });
  })
  .on('close', () => process.exit());
