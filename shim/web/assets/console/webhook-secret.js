/*
 * The dialog that shows a secret, this once: it stays before any section, and before the secret was copied neither it nor the
 * page is closed unasked.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { confirmDialog, copyText, openDialog } from './session.js';
import { button } from './section-parts.js';
import { icon } from './icons.js';
import { isAhead, timeText } from './webhook-data.js';

export function showSecret(webhook, zone) {
  const state = { isKept: false, told: '', isAsking: false };
  let dialog;

  const copy = async () => {
    const isDone = await copyText(webhook.secret);

    Object.assign(state, { isKept: state.isKept || isDone, told: t(isDone ? 'common.copied' : 'setup.copyByHand') });
    dialog.update();
    if (!isDone) dialog.dialog.querySelector('#webhook-secret').focus();
  };
  const ask = async () => {
    if (state.isAsking) return;
    state.isAsking = true;
    const isSure = await confirmDialog({
      title: t('webhooks.secret.leave'), text: t('webhooks.secret.leaveText'), danger: true,
      confirmLabel: t('webhooks.secret.leaveYes'),
    });

    state.isAsking = false;
    if (isSure) dialog.close();
  };
  const mayClose = () => {
    if (!state.isKept) ask();
    return state.isKept;
  };
  const guard = (event) => state.isKept || event.preventDefault();

  addEventListener('beforeunload', guard);
  return openDialog({
    heading: t('webhooks.secret.title'), size: 'wide', canClose: mayClose, staysOpen: true,
    view: (opened) => {
      dialog = opened;
      return secretView(webhook, zone, { told: state.told, copy, close: opened.close });
    },
  }).finally(() => removeEventListener('beforeunload', guard));
}

const secretView = ({ url, secret, secondSecretUntil }, zone, { told, copy, close }) => h('div', { class: 'stack' },
  h('p', null, t('webhooks.secret.text', { url })),
  h('div', { class: 'field' },
    h('label', { for: 'webhook-secret' }, t('webhooks.fields.secret')),
    h('input', {
      id: 'webhook-secret', class: 'snippet', readonly: true, value: secret, spellcheck: 'false',
      'aria-describedby': 'webhook-secret-once', onfocus: ({ target }) => target.select(),
    })),
  h('div', { class: 'row' },
    h('button', { type: 'button', onclick: copy }, icon('copy'), t('webhooks.secret.copy')),
    h('span', { class: 'quiet small', role: 'status' }, told)),
  h('p', { id: 'webhook-secret-once', class: 'note warn' }, t('webhooks.secret.once')),
  isAhead(secondSecretUntil) &&
    h('p', { key: 'old', class: 'quiet' }, t('webhooks.oldSecret', { until: timeText(secondSecretUntil, zone) })),
  h('div', { class: 'row dialog-acts' }, button(t('webhooks.secret.kept'), () => close(), { class: 'primary' })));
