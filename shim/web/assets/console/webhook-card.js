/*
 * <oc-webhook>: an endpoint: its state, and what can be done with it. Property of: { webhook, zone, isListed }; in a list its
 * heading leads to its page. Events: "changed" with the endpoint as it is by now, null when it is deleted; "sent" when there is
 * something new in its log.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api, confirmDialog, mailIsOn } from './session.js';
import { toggle } from './setup-fields.js';
import { icon } from './icons.js';
import {
  eventNames, follow, isAhead, lastAttempt, pausedText, resultText, stateOf, timeText, withoutSecret,
} from './webhook-data.js';
import { openRotation, openWebhookForm } from './webhook-form.js';
import { showSecret } from './webhook-secret.js';

const LOOKS = { sending: 'good', off: '', paused: 'bad', failing: 'warn' };

export const webhookPage = ({ id }) => `#/webhooks/${id}`;

class Webhook extends View {
  of = null;
  /* the act that is under way */
  busy = null;
  /* what became of the last one: { text, look } */
  told = null;

  get path() {
    return `/v0/webhooks/${this.of.webhook.id}`;
  }

  tell(text, look = '') {
    this.set({ told: { text, look } });
    if (look !== 'bad') announce(text);
  }

  /* One act at a time. */
  async act(name, work) {
    if (this.busy) return this.update();
    this.set({ busy: name, told: null });
    try {
      await work();
    } catch (error) {
      this.tell(errorText(error, ['webhooks.errors']), 'bad');
    }
    this.set({ busy: null });
    /* the button that was pressed may be gone */
    return document.activeElement === document.body && focusOn(this, 'h1, h2 a');
  }

  /* --- acts -------------------------------------------------------------------------------------------------------- */

  switchTo(isActive) {
    return this.act('switch', async () => {
      this.emit('changed', (await api.patch(this.path, { isActive })).webhook);
      this.tell(t(isActive ? 'webhooks.switchedOn' : 'webhooks.switchedOff'));
      this.emit('sent');
    });
  }

  resume() {
    return this.act('resume', async () => {
      this.emit('changed', (await api.post(`${this.path}/resume`)).webhook);
      this.tell(t('webhooks.resumed'), 'good');
      this.emit('sent');
    });
  }

  ping() {
    return this.act('ping', async () => {
      const { delivery } = await api.post(`${this.path}/ping`);

      this.tell(t('webhooks.ping.sent'));
      this.emit('sent');
      const seen = await follow(this.of.webhook.id, delivery, () => this.isConnected);

      this.tell(...pingText(seen));
      this.emit('sent');
      this.emit('changed', (await api.get(this.path)).webhook);
    });
  }

  async change() {
    const webhook = await openWebhookForm(this.of.webhook);

    if (!webhook) return;
    this.emit('changed', webhook);
    this.tell(t('common.saved'), 'good');
  }

  async rotate() {
    const { zone } = this.of;
    const webhook = await openRotation(this.of.webhook, zone);

    if (!webhook) return;
    this.emit('changed', withoutSecret(webhook));
    await showSecret(webhook, zone);
    this.tell(t('webhooks.rotate.done'), 'good');
  }

  async takeOut() {
    const { url } = this.of.webhook;
    const isSure = await confirmDialog({
      title: t('webhooks.delete.title'), text: t('webhooks.delete.text', { url }), confirmLabel: t('common.delete'), danger: true,
    });

    if (!isSure) return;
    await this.act('delete', async () => {
      await api.del(this.path);
      announce(t('webhooks.delete.done', { url }));
      this.emit('changed', null);
    });
  }

  /* --- what is shown ----------------------------------------------------------------------------------------------- */

  view() {
    const { webhook, isListed } = this.of;
    const state = stateOf(webhook);

    return h('div', { class: `card webhook is-${state}` },
      h('div', { class: 'event-head' },
        h('div', { class: 'grow' },
          isListed ? h('h2', null, h('a', { href: webhookPage(webhook) }, webhook.url)) : h('h1', null, webhook.url),
          h('p', { class: 'quiet small' }, eventNames(webhook))),
        h('span', { class: 'switched' },
          h('span', { class: `badge ${LOOKS[state]}` }, t(`webhooks.states.${state}`)),
          toggle({
            label: t('webhooks.switch', { url: webhook.url }), checked: webhook.isActive, oninput: (on) => this.switchTo(on),
          }))),
      this.notes(state),
      h('div', { class: 'row acts' }, this.acts()),
      this.told && h('p', { key: 'told', class: `note ${this.told.look}`, role: this.told.look === 'bad' ? 'alert' : null },
        this.told.text));
  }

  notes(state) {
    const { webhook, zone } = this.of;
    const { failingSince, secondSecretUntil } = webhook;

    return [
      state === 'off' && h('p', { key: 'off', class: 'quiet small' }, t('webhooks.offText')),
      state === 'paused' && h('div', { key: 'paused', class: 'note bad stack tight' },
        h('p', null, pausedText(webhook, zone)),
        h('p', null, t('webhooks.paused.kept')),
        h('p', null, h('button', {
          type: 'button', class: 'small', 'aria-disabled': this.busy ? 'true' : null, onclick: () => this.resume(),
        }, t('webhooks.resume'), this.unseenUrl()))),
      state === 'failing' && h('p', { key: 'failing', class: 'note warn' },
        t('webhooks.failing', { since: timeText(failingSince, zone) }), mailIsOn() && ` ${t('webhooks.toldThen')}`),
      isAhead(secondSecretUntil) && h('p', { key: 'old', class: 'quiet small' },
        t('webhooks.oldSecret', { until: timeText(secondSecretUntil, zone) })),
    ];
  }

  /* Said with the words of a button where there are several endpoints. */
  unseenUrl() {
    return this.of.isListed && h('span', { class: 'unseen' }, `: ${this.of.webhook.url}`);
  }

  acts() {
    const { webhook, isListed } = this.of;
    const button = (drawing, text, onclick, props = {}) =>
      h('button', { type: 'button', class: 'small', onclick, ...props }, icon(drawing), text, this.unseenUrl());

    return [
      isListed && h('a', { key: 'log', class: 'button small', href: webhookPage(webhook) },
        icon('eventTypes'), t('webhooks.log'), this.unseenUrl()),
      button('edit', t('common.edit'), () => this.change()),
      stateOf(webhook) !== 'off' && stateOf(webhook) !== 'paused' && button('send', t('webhooks.ping.go'), () => this.ping(),
        { key: 'ping', 'aria-disabled': this.busy ? 'true' : null }),
      button('key', t('webhooks.rotate.act'), () => this.rotate()),
      button('bin', t('common.delete'), () => this.takeOut(), { class: 'small danger-quiet' }),
    ];
  }
}

/* What became of a ping, and how that looks. */
function pingText(delivery) {
  const attempt = lastAttempt(delivery);

  if (!attempt) return [t('webhooks.ping.waiting')];
  const values = { result: resultText(attempt), ms: attempt.elapsedMs };

  if (!attempt.error) return [t('webhooks.ping.arrived', values), 'good'];
  const again = delivery.status === 'pending' && t('webhooks.ping.again');

  return [[t('webhooks.ping.failed', values), again].filter(Boolean).join(' '), 'bad'];
}

customElements.define('oc-webhook', Webhook);
