/*
 * Modal dialogs of the console: shown until they are closed, then gone; the focus returns to where it was. What they show
 * is made anew by view() whenever update() is called, and typed text stays, as in every View.
 */
import { announce, h, render } from '../view.js';
import { t } from '../i18n.js';
import { icon } from './icons.js';

let count = 0;

/*
 * Opens a dialog. heading: its h2. view({ close, update, dialog }) returns the nodes below the heading. Resolves with what
 * close() was given, undefined for Escape and where the address leads on to another section. canClose(): whether Escape and
 * the closing button close it now; staysOpen: whether it stays before any section.
 */
export function openDialog({ heading, view, size = '', canClose = () => true, staysOpen = false }) {
  const dialog = h('dialog', { class: `dialog ${size}`, 'aria-labelledby': `dialog-${++count}` });
  const id = `dialog-${count}`;
  const content = h('div');
  const back = document.activeElement;
  let value;

  return new Promise((resolve) => {
    const close = (answer) => {
      value = answer;
      dialog.close();
    };
    const leave = () => staysOpen || close();
    const update = () => render(content,
      h('header', { class: 'dialog-head' },
        h('h2', { id, tabindex: '-1' }, typeof heading === 'function' ? heading() : heading),
        !staysOpen && closeButton(() => canClose() && close())),
      view({ close, update, dialog }));

    dialog.addEventListener('cancel', (event) => canClose() || event.preventDefault());
    /* browsers close on the second Escape whatever becomes of "cancel" */
    dialog.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !canClose()) event.preventDefault();
    });
    window.addEventListener('hashchange', leave);
    dialog.addEventListener('close', () => {
      window.removeEventListener('hashchange', leave);
      dialog.remove();
      giveBackFocus(back);
      resolve(value);
    });
    /* what is announced behind a dialog is not heard */
    dialog.append(content, h('div', { class: 'unseen announcements', 'aria-live': 'polite' }));
    document.body.append(dialog);
    update();
    dialog.showModal();
    (dialog.querySelector('[autofocus]') ?? dialog.querySelector('h2')).focus();
  });
}

const closeButton = (onclick) => h('button', { type: 'button', class: 'icon bare', 'aria-label': t('common.close'), onclick },
  icon('close'));

/* A dialog in front of another gives the focus back to that one; where the opener is gone, the page's heading gets it. */
function giveBackFocus(back) {
  if (back?.isConnected && back !== document.body) return back.focus();
  const heading = [...document.querySelectorAll('dialog[open]')].at(-1)?.querySelector('h2') ?? document.querySelector('main h1');

  if (heading) {
    heading.tabIndex = -1;
    heading.focus();
  }
}

/* Asks before something is done: true for yes. items: what would be hit, as texts or nodes. */
export function confirmDialog({ title, text, items = [], confirmLabel, danger = false }) {
  return openDialog({
    heading: title,
    view: ({ close }) => h('div', { class: 'stack' },
      text && h('p', null, text),
      items.length > 0 && h('ul', { class: 'hit-list' }, items.map((item) => h('li', null, item))),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', autofocus: danger, onclick: () => close(false) }, t('common.cancel')),
        h('button', { type: 'button', class: danger ? 'danger' : 'primary', autofocus: !danger, onclick: () => close(true) },
          confirmLabel ?? t('common.yes')))),
  }).then((answer) => answer === true);
}

/* Puts a text on the clipboard, and says so; false where the browser does not let us. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copyBySelection(text)) return false;
  }
  announce(t('common.copied'));
  return true;
}

function copyBySelection(text) {
  const area = h('textarea', { class: 'unseen', readonly: true, value: text });
  const back = document.activeElement;

  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  back?.focus();
  return done;
}
