/*
 * <oc-delivery>: a delivery in the log of its endpoint: what it is and how it stands; open, its attempts, its body, and a way
 * to send it again. Property of: { delivery, webhook, zone }; event "delivery" with what it is by now.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { button } from './section-parts.js';
import { icon } from './icons.js';
import { eventName, follow, isAhead, lastAttempt, resultText, timeText } from './webhook-data.js';

const LOOKS = { succeeded: 'good', failed: 'bad', paused: 'warn' };

class Delivery extends View {
  of = null;
  busy = false;
  told = null;

  tell(text, look = '') {
    this.set({ told: { text, look } });
    if (look !== 'bad') announce(text);
  }

  async replay() {
    const { delivery, webhook } = this.of;

    if (this.busy) return;
    this.set({ busy: true, told: null });
    try {
      const answer = await api.post(`/v0/webhooks/deliveries/${delivery.id}/replay`);

      this.emit('delivery', answer.delivery);
      if (answer.delivery.status === 'paused') this.tell(t('webhooks.replay.kept'));
      else {
        this.tell(t('webhooks.replay.sent'));
        await this.wait(webhook.id, answer.delivery);
      }
    } catch (error) {
      this.tell(errorText(error, ['webhooks.errors']), 'bad');
    }
    this.set({ busy: false });
  }

  async wait(webhookId, delivery) {
    const seen = await follow(webhookId, delivery, () => this.isConnected, 100);
    const last = lastAttempt(seen);

    this.emit('delivery', seen);
    if (last?.attempt > delivery.attempt) this.tell(resultText(last), last.error ? 'bad' : 'good');
    else this.tell(t('webhooks.ping.waiting'));
  }

  view() {
    const { delivery, zone } = this.of;

    return h('details', { class: 'card group delivery' },
      h('summary', null,
        h('span', { class: 'delivery-what' },
          h('h3', null, eventName(delivery.event)),
          h('span', { class: 'quiet small numbers' }, timeText(delivery.createdAt, zone))),
        h('span', { class: 'delivery-how small' },
          delivery.attempt > 0 && h('span', { class: 'quiet' }, t('webhooks.attempts', { count: delivery.attempt })),
          h('span', { class: `badge ${LOOKS[delivery.status] ?? ''}` }, t(`webhooks.statuses.${delivery.status}`)))),
      h('div', { class: 'stack' }, this.standing(), this.attempts(), this.body(), this.acts()));
  }

  /* What is to come, or why it has come to its end. */
  standing() {
    const { delivery, zone } = this.of;
    const { status, nextAttemptAt, lastError, maxAttempts, attempt } = delivery;

    const result = resultText(lastAttempt(delivery) ?? { error: lastError });

    if (status === 'failed') return result && h('p', null, t('webhooks.gaveUp', { result }));
    if (status === 'paused') return h('p', null, t('webhooks.onHold'));
    if (status !== 'pending') return null;
    return h('p', null, isAhead(nextAttemptAt)
      ? t('webhooks.next', { when: timeText(nextAttemptAt, zone), count: maxAttempts - attempt }) : t('webhooks.nextNow'));
  }

  attempts() {
    const { delivery: { attempts }, zone } = this.of;

    return attempts.length > 0 && h('section', { key: 'attempts', class: 'stack tight' },
      h('h4', null, t('webhooks.attemptsTitle')),
      h('ol', { class: 'plain attempts' }, attempts.map((attempt) => attemptRow(attempt, zone))));
  }

  body() {
    const { bodyText, eventId, id } = this.of.delivery;

    return h('section', { key: 'body', class: 'stack tight' },
      h('div', { class: 'row between' }, h('h4', null, t('webhooks.body')),
        h('oc-copy', { copy: { text: bodyText, label: t('webhooks.copyBody') } })),
      h('pre', { class: 'payload' }, h('code', null, JSON.stringify(JSON.parse(bodyText), null, 2))),
      h('p', { class: 'quiet small' }, t('webhooks.ids', { event: eventId, delivery: id })));
  }

  acts() {
    const { delivery } = this.of;
    const mayReplay = delivery.status !== 'leased' && delivery.status !== 'paused';
    const text = t(delivery.status === 'pending' ? 'webhooks.replay.now' : 'webhooks.replay.one');

    return (mayReplay || delivery.bookingId || this.told) && h('div', { key: 'acts', class: 'row' },
      delivery.bookingId && h('a', { key: 'booking', class: 'button small', href: `#/bookings/${delivery.bookingId}` },
        icon('bookings'), t('webhooks.booking')),
      mayReplay && button([icon('swap'), text], () => this.replay(),
        { key: 'replay', class: 'small', 'aria-disabled': this.busy ? 'true' : null }),
      this.told && h('p', { key: 'told', class: `small ${this.told.look === 'bad' ? 'error-text' : 'quiet'}`,
        role: this.told.look === 'bad' ? 'alert' : null }, this.told.text));
  }
}

const attemptRow = (attempt, zone) => h('li', { key: attempt.attempt },
  h('span', { class: 'numbers quiet' }, t('webhooks.attempt', { n: attempt.attempt })),
  h('span', { class: 'numbers' }, timeText(attempt.startedAt, zone)),
  h('span', { class: attempt.error ? 'error-text' : 'strong' }, resultText(attempt)),
  h('span', { class: 'quiet' }, t('webhooks.took', { ms: attempt.elapsedMs, phase: t(`webhooks.phases.${attempt.phase}`) })));

customElements.define('oc-delivery', Delivery);
