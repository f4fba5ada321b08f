/*
 * <oc-webhooks>: the console's section of webhooks. #/webhooks lists the endpoints that are told of bookings, with a way to add
 * one; #/webhooks/ID is an endpoint with the log of its deliveries, #/webhooks/ID/failed those of them that have failed.
 */
import { View, announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import { api, mailIsOn } from './session.js';
import { Loaded } from './section-parts.js';
import { icon } from './icons.js';
import { FILTERS, withoutSecret } from './webhook-data.js';
import { openWebhookForm } from './webhook-form.js';
import { showSecret } from './webhook-secret.js';
import './webhook-card.js';
import './webhook-log.js';

class Webhooks extends View {
  rest = [];
  user = null;

  view() {
    const { rest: [id, status], user } = this;

    if (!id) return h('oc-webhook-list', { key: 'list', user });
    return h('oc-webhook-page', { key: id, path: { id, status: FILTERS.includes(status) ? status : FILTERS[0] }, user });
  }

  comeBack() {
    return this.firstElementChild?.lookAgain();
  }
}

class WebhookList extends Loaded {
  user = null;
  errorKeys = ['webhooks.errors'];

  async load() {
    return (await api.get('/v0/webhooks')).webhooks;
  }

  async add() {
    const webhook = await openWebhookForm();

    if (!webhook) return;
    this.set({ data: [...this.data, withoutSecret(webhook)] });
    await showSecret(webhook, this.user.timezone);
    announce(t('webhooks.added'));
    if (document.activeElement === document.body) focusOn(this, 'h1');
  }

  changed(id, webhook) {
    this.set({ data: this.data.flatMap((old) => (old.id === id ? webhook ?? [] : old)) });
    if (!webhook) focusOn(this, 'h1');
  }

  view() {
    if (this.data) return super.view();
    return [h('h1', { key: 'h1' }, t('webhooks.title')), super.view()];
  }

  content(webhooks) {
    const zone = this.user.timezone;

    return [
      h('header', { key: 'head', class: 'stack tight section-head' },
        h('div', { class: 'row between' },
          h('h1', null, t('webhooks.title')),
          webhooks.length > 0 && h('button', { type: 'button', class: 'primary', onclick: () => this.add() },
            icon('add'), t('webhooks.add'))),
        webhooks.length > 0 && h('p', { class: 'quiet' }, t('webhooks.text'), mailIsOn() && ` ${t('webhooks.told')}`)),
      webhooks.length === 0 && noWebhooks(() => this.add()),
      webhooks.length > 0 && h('ul', { key: 'list', class: 'plain stack' }, webhooks.map((webhook) =>
        h('li', { key: webhook.id }, h('oc-webhook', {
          of: { webhook, zone, isListed: true }, onchanged: ({ detail }) => this.changed(webhook.id, detail),
        })))),
    ];
  }
}

/* Teaches what an endpoint is for, and the first steps. */
const noWebhooks = (onclick) => h('div', { key: 'none', class: 'empty teach' },
  h('h2', null, t('webhooks.empty.title')),
  h('p', null, t('webhooks.empty.text')),
  h('ol', { class: 'plain teach-steps' },
    ['one', 'two', 'three'].map((step) => h('li', { key: step }, t(`webhooks.empty.${step}`)))),
  h('p', null, h('button', { type: 'button', class: 'primary', onclick }, icon('add'), t('webhooks.empty.act'))));

customElements.define('oc-webhook-list', WebhookList);
customElements.define('oc-webhooks', Webhooks);
