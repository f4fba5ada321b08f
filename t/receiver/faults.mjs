/*
 * A receiver that misbehaves on the wire (t/032_receivers.pl, t/034_worker.pl), byte by byte where receiver.mjs leaves
 * that to node's server: it reads a request as it should and then writes what the first part of its path says (manners,
 * below). t/lib/Receiver.pm starts it, with program => 'faults.mjs'; arguments, lines and orders are those of receiver.mjs
 * as far as they are used here. n of a request counts those of the same id at the same path, so n = 1 is what a receiver
 * that knows repeats by their id acts upon. Requests to /quiet are counted and not told.
 *
 * Orders: {do: "release", status, count} answers the first count of those that are held, or all; {do: "holding"} tells how
 * many are; {do: "mend"} ends what /gone-first does; {do: "quiet"} tells how many requests came to /quiet, and how many
 * different ids.
 */
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import tls from 'node:tls';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

const { values: options } = parseArgs({ options: {
  host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' }, idle: { type: 'string' },
  key: { type: 'string' }, cert: { type: 'string' }, tls: { type: 'string' } } });

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const held = [];
const seen = new Map();
const quiet = { requests: 0, ids: new Set() };
let mended = false;
const bomb = zlib.gzipSync(Buffer.alloc(50_000_000));

const answer = (status, headers = [], body = '') =>
  [`HTTP/1.1 ${status} Told`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');

/* Writes as fast as the other side reads, until it hangs up. */
function pour(socket, piece) {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };

  socket.on('drain', more);
  more();
}

function drip(socket, text) {
  let i = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || i === text.length) clearInterval(timer);
    else socket.write(text[i++]);
  }, 1000);
}

function cut(socket, text, how) {
  socket.write(text, () => setTimeout(() => socket[how](), 50));
}

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const manners = {
  ok: (socket) => socket.write(answer(204).replace('Content-Length: 0\r\n', '')),
  status: (socket, [status, retryAfter]) =>
    socket.write(answer(status, retryAfter ? [`Retry-After: ${retryAfter}`] : [])),
  late: (socket, [ms]) => setTimeout(() => socket.write(answer(200)), Number(ms)),
  hang: () => {},
  drip: (socket) => drip(socket, answer(200, [], 'slow')),
  'drip-body': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
    drip(socket, 'x'.repeat(100));
  },
  big: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    pour(socket, 'x'.repeat(100_000));
  },
  'big-refusal': (socket) => {
    socket.write('HTTP/1.1 500 No\r\nContent-Length: 100000000\r\n\r\n');
    pour(socket, 'x'.repeat(100_000));
  },
  endless: (socket) => {
    socket.write(chunked);
    pour(socket, `${(16384).toString(16)}\r\n${'x'.repeat(16384)}\r\n`);
  },
  'bad-chunk': (socket) => socket.write(`${chunked}zz\r\n`),
  gzip: (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  },
  cut: (socket) => cut(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 'end'),
  reset: (socket) => cut(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', 'resetAndDestroy'),
  'reset-at-once': (socket) => socket.resetAndDestroy(),
  close: (socket) => socket.end(),
  headers: (socket, [count, length]) =>
    socket.write(answer(200, Array.from({ length: count }, (_, i) => `X-${i}: ${'x'.repeat(length)}`))),
  'headers-endless': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    pour(socket, `X: ${'x'.repeat(1000)}\r\n`);
  },
  'no-status': (socket) => socket.write(`Hello\r\n\r\n`, () => socket.end()),
  'odd-status': (socket) => socket.write('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
  'odd-length': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'),
  http2: (socket) => socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), () => socket.end()),
  'http-0.9': (socket) => socket.write('<p>fine</p>', () => socket.end()),
  'http-1.0': (socket) => socket.write('HTTP/1.0 200 OK\r\n\r\nfine', () => socket.end()),
  'flood-1xx': (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'),
  'one-1xx': (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${answer(200)}`),
  upgrade: (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
  utf8: (socket) =>
    socket.write(Buffer.from('HTTP/1.1 500 \xff\xfe\xc3\r\nX-\xe9: \xff\xc0\x80\r\nContent-Length: 4\r\n\r\n\xff\xfe\x00\xc3', 'latin1')),
  redirect: (socket) => socket.write(answer(301, ['Location: http://169.254.169.254/latest/meta-data/'])),
  'redirect-here': (socket) => socket.write(answer(307, ['Location: /ok'])),
  twice: (socket) => socket.write(answer(200) + answer(500)),
  hold: (socket) => held.push(socket),
  /* holds the first request for each id, and answers the others */
  'hold-first': (socket, _, n) => (n === 1 ? held.push(socket) : socket.write(answer(200))),
  'gone-first': (socket) => socket.write(answer(mended ? 200 : 410)),
};

function tell(path, headers, body) {
  const id = headers['webhook-id'];
  const key = `${path} ${id}`;
  const n = (seen.get(key) ?? 0) + 1;

  seen.set(key, n);
  say({ path, id, n, at_ms: Date.now(), method: 'POST', timestamp: Number(headers['webhook-timestamp']), headers, body });
  return n;
}

function serve(socket, path, headers, body) {
  const [manner, ...rest] = path.slice(1).replace(/\?.*/, '').split('/').map(decodeURIComponent);

  if (manner !== 'quiet') return manners[manner](socket, rest, tell(path, headers, body));
  quiet.requests++;
  quiet.ids.add(`${path} ${headers['webhook-id']}`);
  return socket.write(answer(200));
}

/* The first whole request of the bytes: {path, headers, body, rest}; undefined if it is not all there. */
function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line);

    return [name.toLowerCase(), value];
  }));
  const length = Number(headers['content-length'] ?? 0);
  const body = bytes.subarray(end + 4, end + 4 + length);

  if (body.length < length) return undefined;
  return { path: first.split(' ')[1], headers, body: body.toString(), rest: bytes.subarray(end + 4 + length) };
}

function listen(socket) {
  let bytes = Buffer.alloc(0);

  socket.on('error', () => socket.destroy());
  socket.on('data', (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (let request = parse(bytes); request; request = parse(bytes)) {
      bytes = request.rest;
      serve(socket, request.path, request.headers, request.body);
    }
  });
}

const server = options.key
  ? tls.createServer({
    key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert),
    ...(options.tls && { minVersion: 'TLSv1', maxVersion: options.tls, ciphers: 'DEFAULT@SECLEVEL=0' }),
  }, listen)
  : net.createServer({ noDelay: true }, listen);

server.on('tlsClientError', () => {});
server.listen({ port: Number(options.port), host: options.host, backlog: 4096 }, () => say({ port: server.address().port }));

const orders = {
  release: ({ status, count }) => held.splice(0, count ?? held.length).map((socket) => socket.write(answer(status))).length,
  holding: () => held.length,
  mend: () => (mended = true),
  quiet: () => ({ requests: quiet.requests, ids: quiet.ids.size }),
};

/* Whoever started it holds its standard input open. */
readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);

    say({ done: order.number, result: orders[order.do](order) });
  })
  .on('close', () => process.exit());
