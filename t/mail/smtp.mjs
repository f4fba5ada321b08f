/*
 * A mail server (npm smtp-server), of which the reader's address says how it behaves; t/lib/Mail.pm starts it and tells what
 * for. A mail is told with all that a reader of mails (npm mailparser) makes of it.
 *
 * Orders: {do: "release"} answers the mails that are held; {do: "holding"} tells how many are; {do: "refuse", code, text}
 * answers MAIL so from now on, and as ever if there is no code; {do: "login", password} wants another password.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { obey, say } from './orders.mjs';
import { parse } from './parse.mjs';

const require = createRequire(`${process.env.OPENCALENDLY_TOOLS}/node_modules/`);
const { SMTPServer } = require('smtp-server');

const { values: options } = parseArgs({ options: {
  host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string', default: '0' }, idle: { type: 'string' },
  key: { type: 'string' }, cert: { type: 'string' }, tls: { type: 'string', default: 'starttls' },
  user: { type: 'string' }, password: { type: 'string' }, greet: { type: 'string' } } });

const held = [];
const seen = new Map();
const connections = new Map();
let refusal = null;
let { password } = options;

const no = (responseCode, text) => Object.assign(new Error(text), { responseCode });
const manner = (address) => /^([a-z-]+?)\d*(?:\+.*)?@/.exec(address)?.[1] ?? '';
const nth = (key) => {
  const n = (seen.get(key) ?? 0) + 1;

  seen.set(key, n);
  return n;
};

/* Numbers of connections, as they came. */
const numberOf = ({ id }) => {
  if (!connections.has(id)) connections.set(id, connections.size + 1);
  return connections.get(id);
};

/* What is said of a reader: nothing for most. Silence is no callback at all. */
const toReader = {
  greylist: (address, done) => done(nth(address) === 1 ? no(451, '4.7.1 greylisted, come back') : null),
  'never-now': (address, done) => done(no(450, '4.2.1 mailbox busy')),
  nobody: (address, done) => done(no(550, '5.1.1 no such user')),
  going: (address, done) => done(nth(address) === 1 ? no(421, '4.3.2 shutting down') : null),
  hang: (address, done) => (nth(address) === 1 ? undefined : done()),
};
/* Of the mail as a whole, when it is there. */
const toMail = {
  spam: (_, address, done) => done(no(554, '5.7.1 looks like spam')),
  full: (_, address, done) => done(nth(address) === 1 ? no(452, '4.3.1 no room') : null, 'queued'),
  cut: (socketOfIt, address, done) => (nth(address) === 1 ? socketOfIt().destroy() : done(null, 'queued')),
  silent: (_, address, done) => (nth(address) === 1 ? undefined : done(null, 'queued')),
  hold: (_, address, done) => (nth(address) === 1 ? held.push(done) : done(null, 'queued')),
};

async function tell(session, raw) {
  const { envelope: { mailFrom, rcptTo }, hostNameAppearsAs: helo } = session;

  say({
    method: 'MAIL', path: rcptTo[0].address, at_ms: Date.now(), connection: numberOf(session), secure: session.secure,
    user: session.user ?? null, helo, sender: mailFrom.address, readers: rcptTo.length, raw: raw.toString('base64'),
    ...await parse(raw),
  });
}

const server = new SMTPServer({
  ...(options.key && { key: fs.readFileSync(options.key), cert: fs.readFileSync(options.cert) }),
  secure: options.tls === 'always',
  authOptional: !options.user,
  allowInsecureAuth: options.tls === 'none',
  authMethods: ['PLAIN', 'LOGIN'],
  disabledCommands: [...(options.tls === 'starttls' ? [] : ['STARTTLS']), ...(options.user ? [] : ['AUTH'])],
  hideSMTPUTF8: true,
  banner: 'stand-in',
  disableReverseLookup: true,
  closeTimeout: 100,
  onConnect(session, done) {
    say({ opened: numberOf(session), at_ms: Date.now() });
    done(options.greet ? no(Number(options.greet), 'not today') : null);
  },
  onClose: (session) => say({ closed: numberOf(session), at_ms: Date.now() }),
  onAuth(auth, session, done) {
    const isRight = auth.username === options.user && auth.password === password;

    say({ login: isRight, connection: numberOf(session) });
    done(isRight ? null : no(535, '5.7.8 bad credentials'), { user: auth.username });
  },
  onMailFrom: (address, session, done) => done(refusal && no(refusal.code, refusal.text)),
  onRcptTo: ({ address }, session, done) => (toReader[manner(address)] ?? ((_, go) => go()))(address, done),
  onData(stream, session, done) {
    const { address } = session.envelope.rcptTo[0];
    const pieces = [];

    stream.on('data', (piece) => pieces.push(piece));
    stream.on('end', async () => {
      await tell(session, Buffer.concat(pieces));
      (toMail[manner(address)] ?? ((_, __, go) => go(null, 'queued')))(() => socketOf(session), address, done);
    });
  },
});

/* The socket of a session, to be cut. */
const socketOf = ({ id }) => [...server.connections].find((one) => one.session.id === id)._socket;

server.on('error', () => {});
server.listen(Number(options.port), options.host, () => say({ port: server.server.address().port }));

obey({
  release: () => held.splice(0).map((done) => done(null, 'queued')).length,
  holding: () => held.length,
  refuse: ({ code, text }) => {
    refusal = code ? { code, text } : null;
  },
  login: (order) => {
    ({ password } = order);
  },
});
