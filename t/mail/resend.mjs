/*
 * Resend (npm emulate), behind a TLS front that tells each request; t/lib/Mail.pm starts it. It answers as the emulator does, or
 * as it was told to.
 *
 * Orders: {do: "answer", list: [{status, headers, body}]} is for the next requests; an answer with after: true comes after the
 * emulator has done what it was asked for, with hold: true when {do: "release"} is ordered; {do: "holding"} tells how many
 * wait for that; {do: "sent"} what the emulator has sent, the oldest first.
 */
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { parseArgs } from 'node:util';
import { obey, say } from './orders.mjs';

const { values: options } = parseArgs({ options: {
  host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' }, idle: { type: 'string' },
  key: { type: 'string' }, cert: { type: 'string' } } });

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

const { createEmulator } = await import(`${process.env.OPENCALENDLY_TOOLS}/node_modules/emulate/dist/api.js`);
const emulator = await createEmulator({ service: 'resend', port: await freePort() });
const emulated = emulator.url.replace('localhost', options.host);
const answers = [];
const held = [];
const connections = new Map();

async function emulate(method, path, headers, body) {
  const passed = Object.fromEntries(['authorization', 'content-type', 'idempotency-key'].flatMap((name) =>
    (headers[name] === undefined ? [] : [[name, headers[name]]])));
  const response = await fetch(emulated + path, { method, headers: passed, body });

  return { status: response.status, headers: { 'Content-Type': 'application/json' }, body: await response.text() };
}

async function answer(request, response, body) {
  const { method, url: path, headers } = request;
  const told = answers.shift();
  const { status, headers: lines, body: text } = !told || told.after ? await emulate(method, path, headers, body) : told;
  const send = () => {
    if (told?.cut) return response.destroy();
    response.writeHead(told?.after ? told.status ?? status : status, lines ?? {});
    return response.end(typeof text === 'string' ? text : JSON.stringify(text ?? {}));
  };

  if (told?.hold) held.push(send);
  else send();
}

const server = https.createServer({ key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) },
  (request, response) => {
    const pieces = [];

    request.on('data', (piece) => pieces.push(piece)).on('end', () => {
      const body = Buffer.concat(pieces).toString();

      say({
        method: request.method, path: request.url, host: request.headers.host, at_ms: Date.now(), body,
        headers: request.headers, key: request.headers['idempotency-key'], connection: connections.get(request.socket),
      });
      answer(request, response, body);
    });
  });

server.on('secureConnection', (socket) => connections.set(socket, connections.size + 1));
server.on('tlsClientError', (error) => say({ refused: error.code ?? error.message }));
server.listen(Number(options.port), options.host, () => say({ port: server.address().port }));

obey({
  answer: ({ list }) => answers.push(...list),
  holding: () => held.length,
  release: () => held.splice(0).map((send) => send()).length,
  sent: async () => JSON.parse((await emulate('GET', '/emails', { authorization: 'Bearer x' })).body).data,
});
