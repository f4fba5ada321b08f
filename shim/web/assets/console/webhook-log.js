/*
 * <oc-webhook-page>: an endpoint and its log; <oc-deliveries>: the deliveries in it, a page at a time, all or those of a
 * status. Property path: { id, status }, user.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { Loaded, backLink, button } from './section-parts.js';
import { icon } from './icons.js';
import { FILTERS, deliveriesOf, isUnderWay, stateOf } from './webhook-data.js';
import { webhookPage } from './webhook-card.js';
import { openReplay } from './webhook-replay.js';
import './webhook-delivery.js';

/* How often, and every how many milliseconds, the log is looked at again after an act. */
const LOOKS = 10;
const PAUSE = 1000;

class WebhookPage extends Loaded {
  path = null;
  user = null;
  told = null;
  errorKeys = ['webhooks.errors'];

  /* false for one that is not there */
  async load() {
    try {
      return (await api.get(`/v0/webhooks/${encodeURIComponent(this.path.id)}`)).webhook;
    } catch (error) {
      if (error.status === 404 || error.status === 400) return false;
      throw error;
    }
  }

  lookAgain() {
    return Promise.all([super.lookAgain(), this.deliveries()?.lookAgain()]);
  }

  deliveries() {
    return this.querySelector('oc-deliveries');
  }

  /* Looks again for a while, as long as something shown is on its way. */
  async watch() {
    const turn = this.watching = (this.watching ?? 0) + 1;

    for (let n = 0; n < LOOKS && turn === this.watching && this.isConnected; n += 1) {
      await this.lookAgain();
      if (!this.deliveries()?.deliveries.some(isUnderWay)) return;
      await new Promise((wake) => { setTimeout(wake, PAUSE); });
    }
  }

  async refresh() {
    await this.lookAgain();
    if (!this.deliveries()?.error) announce(t('webhooks.upToDate'));
  }

  changed(webhook) {
    if (webhook) return this.set({ data: webhook });
    location.hash = '#/webhooks';
    return undefined;
  }

  async replay() {
    const count = await openReplay(this.data, this.user.timezone);

    if (typeof count !== 'number') return;
    const isSent = ['sending', 'failing'].includes(stateOf(this.data));

    this.set({ told: t(isSent ? 'webhooks.replay.done' : 'webhooks.replay.doneLater', { count }) });
    announce(this.told);
    await this.watch();
  }

  view() {
    if (this.data) return super.view();
    return [backLink('#/webhooks', t('webhooks.all')), h('h1', { key: 'h1' }, t('webhooks.title')), super.view()];
  }

  content(webhook) {
    if (!webhook) return h('p', { key: 'gone', class: 'note warn' }, t('webhooks.gone'));
    const zone = this.user.timezone;

    return [
      backLink('#/webhooks', t('webhooks.all')),
      h('oc-webhook', {
        key: 'head', of: { webhook, zone, isListed: false },
        onchanged: ({ detail }) => this.changed(detail), onsent: () => this.watch(),
      }),
      h('section', { key: 'log', class: 'stack', 'aria-labelledby': 'webhook-log' },
        h('div', { class: 'row between' },
          h('h2', { id: 'webhook-log' }, t('webhooks.log')),
          h('div', { class: 'row' },
            button(t('webhooks.lookAgain'), () => this.refresh(), { class: 'small' }),
            button([icon('swap'), t('webhooks.replay.act')], () => this.replay(), { class: 'small' }))),
        this.told && h('p', { key: 'told', class: 'note good' }, this.told),
        this.filters(webhook),
        h('oc-deliveries', {
          key: this.path.status, of: { webhook, status: this.path.status, zone },
          /* one that was sent again may have changed how the endpoint stands */
          ondelivery: ({ detail }) => !isUnderWay(detail) && super.lookAgain(),
        }),
        h('p', { key: 'zone', class: 'quiet small' }, t('console.week.zone', { zone: zone.replaceAll('_', ' ') }))),
    ];
  }

  filters(webhook) {
    const { status } = this.path;

    return h('nav', { key: 'filters', 'aria-label': t('webhooks.which') }, h('ul', { class: 'plain tabs' }, FILTERS.map((one) =>
      h('li', { key: one }, h('a', {
        href: webhookPage(webhook) + (one === 'all' ? '' : `/${one}`), 'aria-current': one === status ? 'page' : null,
      }, t(`webhooks.filters.${one}`))))));
  }
}

/* Property of: { webhook, status, zone }. */
class Deliveries extends View {
  of = null;
  deliveries = [];
  cursor = null;
  busy = false;
  error = null;
  retry = null;

  start() {
    this.more();
  }

  /* What is shown, as it is by now, and what has come since; older pages stay as they were read. */
  async lookAgain() {
    if (this.busy) return;
    const { webhook, status } = this.of;
    const turn = this.turn = (this.turn ?? 0) + 1;

    try {
      const { deliveries, nextCursor } = await deliveriesOf(webhook.id, status, null, this.deliveries.length);
      const last = deliveries.at(-1)?.id;
      const older = nextCursor ? this.deliveries.filter(({ id }) => id < last) : [];

      if (turn !== this.turn) return;
      this.set({ deliveries: [...deliveries, ...older], cursor: older.length ? this.cursor : nextCursor, error: null });
    } catch (error) {
      if (turn === this.turn) this.set({ error, retry: () => this.lookAgain() });
    }
  }

  async more() {
    const { webhook, status } = this.of;
    const known = this.deliveries.length;

    this.turn = (this.turn ?? 0) + 1;
    this.set({ busy: true, error: null });
    try {
      const { deliveries, nextCursor } = await deliveriesOf(webhook.id, status, this.cursor);

      Object.assign(this, { deliveries: [...this.deliveries, ...deliveries], cursor: nextCursor });
      if (known > 0) announce(t('webhooks.loaded', { count: deliveries.length }));
    } catch (error) {
      Object.assign(this, { error, retry: () => this.more() });
    }
    this.set({ busy: false });
    /* the button that was pressed may be gone */
    if (known > 0 && document.activeElement === document.body) this.querySelectorAll('summary')[known]?.focus();
  }

  put(delivery) {
    this.set({ deliveries: this.deliveries.map((old) => (old.id === delivery.id ? delivery : old)) });
  }

  view() {
    const { webhook, zone } = this.of;

    return [
      this.deliveries.length > 0 && h('ul', { key: 'list', class: 'plain stack tight' }, this.deliveries.map((delivery) =>
        h('li', { key: delivery.id }, h('oc-delivery', {
          of: { delivery, webhook, zone }, ondelivery: ({ detail }) => this.put(detail),
        })))),
      this.foot(),
    ];
  }

  foot() {
    if (this.error)
      return h('div', { key: 'error', class: 'note bad stack tight', role: 'alert' },
        h('p', null, errorText(this.error, ['webhooks.errors'])),
        h('p', null, button(t('common.retry'), this.retry, { class: 'small' })));
    if (this.busy) return h('p', { key: 'busy', class: 'quiet center', role: 'status' }, t('common.loading'));
    if (this.cursor)
      return h('p', { key: 'more', class: 'center' }, button(t('webhooks.more'), () => this.more()));
    return this.deliveries.length === 0 && h('p', { key: 'none', class: 'empty' },
      t(this.of.status === 'all' ? 'webhooks.none' : 'webhooks.noneSuch'));
  }
}

customElements.define('oc-deliveries', Deliveries);
customElements.define('oc-webhook-page', WebhookPage);
