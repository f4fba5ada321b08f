/*
 * Who is signed in, and the API as the console calls it. When a session has ended, a call waits in a dialog until the person
 * has signed in again by the mailed link in another tab, and is then repeated: what stands in a form stays.
 */
import * as plain from '../api.js';
import { h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { openDialog } from './dialog.js';

export { confirmDialog, copyText, openDialog } from './dialog.js';
export { query, newKey, ApiError } from '../api.js';

let user = null;

/* The user of GET /v0/auth/me, null before it is known. */
export const currentUser = () => user;

let mail;

/* What sends this server's mails, as GET /v0/auth/me tells it: { provider }, "none" if nothing does. */
export function setMail(told) {
  mail = told;
}

const isMailed = (told) => told?.provider !== undefined && told.provider !== 'none';

export const mailIsOff = () => mail?.provider === 'none';
export const mailIsOn = () => isMailed(mail);

/* Tells the console that the user is another, or has other names; "userchange" at window. */
export function setUser(next) {
  user = next;
  window.dispatchEvent(new CustomEvent('userchange', { detail: next }));
}

/* Tabs tell each other of a sign-in. */
const CHANNEL = 'opencalendly-session';

/* null where the browser has none, or forbids it. */
function openChannel() {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return null;
  }
}

export function tellSignedIn() {
  const channel = openChannel();

  channel?.postMessage('signed-in');
  channel?.close();
}

/* Calls back when another tab has signed in; returns what ends that. */
export function onSignedIn(callback) {
  const channel = openChannel();

  if (channel) channel.onmessage = callback;
  return () => channel?.close();
}

/*
 * Runs a call of the API; while the answer is "sign in first", asks to sign in again and repeats it. Raises the error of
 * the call if that is declined.
 */
export async function save(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error.status !== 401 || !await signInAgain()) throw error;
    }
  }
}

export const api = Object.fromEntries(['get', 'post', 'put', 'patch', 'del']
  .map((name) => [name, (...args) => save(() => plain[name](...args))]));

/* Asks for a link, in this page's language. The answer has magicLinkToken on development servers. */
export const askForLink = (email) => plain.post('/v0/auth/magic-link', { email, language: t('common.mailLanguage') });

/* What becomes of a link that was asked for: keys has "mailed" and "sent", which is for a server that may send no mail. */
export const linkText = ({ email }, keys, address) =>
  t(isMailed(email) ? `${keys}.mailed` : `${keys}.sent`, { email: address });

/* --- sign in again ------------------------------------------------------------------------------------------------- */

let asking = null;

/*
 * Another account may have signed in in another tab: then nothing here may go on writing under its name. Looked for when a tab
 * tells of a sign-in, and when this one is looked at again.
 */
export function watchUser() {
  let isOpen = false;
  const look = async () => {
    if (isOpen || asking || !user || document.visibilityState !== 'visible') return;
    const now = await plain.get('/v0/auth/me').then((answer) => answer.user, () => null);

    if (isOpen || !now || now.id === user.id) return;
    isOpen = true;
    await openDialog({
      heading: t('console.again.otherTitle'),
      canClose: () => false,
      staysOpen: true,
      view: () => h('div', { class: 'stack' },
        h('p', null, t('console.again.otherText', { now: now.email, email: user.email })),
        h('div', { class: 'row dialog-acts' }, h('button', {
          type: 'button', class: 'primary', autofocus: true, onclick: () => location.reload(),
        }, t('console.again.reload')))),
    });
  };

  document.addEventListener('visibilitychange', look);
  onSignedIn(look);
}

/* One dialog for all calls that wait; true once the same user is signed in again. */
function signInAgain() {
  asking ??= openSignIn().finally(() => {
    asking = null;
  });
  return asking;
}

/* Who is signed in by now: "same", "other" or "none". */
async function whoIsIn() {
  const { user: now } = await plain.get('/v0/auth/me');

  return !user || now.id === user.id ? 'same' : 'other';
}

function openSignIn() {
  const state = { busy: false, sent: null, error: null };
  let close;
  let update;

  const act = async (work) => {
    if (state.busy) return;
    Object.assign(state, { busy: true, error: null });
    update();
    try {
      await work();
    } catch (error) {
      state.error = error.status === 401 ? t('console.again.notYet') : errorText(error);
    }
    state.busy = false;
    update();
  };
  const check = () => act(async () => {
    if (await whoIsIn() === 'same') close(true);
    else state.error = t('console.again.other', { email: user.email });
  });
  const send = () => act(async () => {
    state.sent = await askForLink(user.email);
  });
  const stopHearing = onSignedIn(check);

  return openDialog({
    heading: t('console.again.title'),
    view: (dialog) => {
      ({ close, update } = dialog);
      return signInView(state, { check, send, close });
    },
  }).then((answer) => {
    stopHearing();
    return answer === true;
  });
}

const signInView = (state, { check, send, close }) => h('div', { class: 'stack' },
  h('p', null, t('console.again.text')),
  state.sent
    ? h('div', { class: 'note', role: 'status' }, h('p', null, linkText(state.sent, 'console.again', user.email)),
      state.sent.magicLinkToken && h('p', null, developmentLink(state.sent.magicLinkToken, true)))
    : h('p', null, t('console.again.mail', { email: user.email })),
  state.error && h('p', { class: 'note bad', role: 'alert' }, state.error),
  h('div', { class: 'row dialog-acts' },
    h('button', { type: 'button', onclick: () => close(false) }, t('console.again.later')),
    !state.sent && h('button', { key: 'send', type: 'button', class: 'primary', autofocus: true, onclick: send },
      t('console.again.send')),
    state.sent && h('button', { key: 'go', type: 'button', class: 'primary', onclick: check }, t('console.again.go'))));

/* The link that a development server tells, as the mail would have it. */
export const developmentLink = (token, elsewhere = false) =>
  h('a', { href: `/auth/verify?token=${encodeURIComponent(token)}`, target: elsewhere ? '_blank' : null },
    t('console.signIn.development'));
