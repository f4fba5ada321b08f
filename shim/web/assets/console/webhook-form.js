/*
 * The dialogs that make an endpoint, change it, and give it another secret. Each returns the endpoint, nothing if it was
 * left; with "secret" where there is one to be shown (webhook-secret.js).
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { api, openDialog } from './session.js';
import { Form, button } from './section-parts.js';
import { textField } from './setup-fields.js';
import { EVENTS, eventName, isAhead, timeText } from './webhook-data.js';

const isUrl = (text) => /^https?:\/\/[^\s/?#]/i.test(text);
const secretError = (secret) => (secret === '' || secret.length >= 8 ? null : t('webhooks.wrong.secret'));

/* What both forms share. */
class EndpointForm extends Form {
  errorKeys = ['webhooks.errors'];

  labelOf(name) {
    return t(`webhooks.fields.${name}`);
  }

  /* What the service says of a field is for programmers: the page has its own words for it. */
  refuse(error) {
    const [field] = error.field?.split(/[[.]/) ?? [];

    if (!(field in this.draft)) return super.refuse(error);
    this.set({ busy: false, errors: { [field]: t(`webhooks.wrong.${field}`) } });
    return this.showErrors();
  }

  secretField() {
    return textField(this.spec('secret', {
      hint: t('webhooks.hints.secret'), optional: true, maxlength: 200, autocomplete: 'off', autocapitalize: 'none',
      spellcheck: 'false',
    }));
  }
}

/* A new endpoint, or (property webhook) one that is there. */
class WebhookForm extends EndpointForm {
  webhook = null;

  start() {
    const { url = '', events = EVENTS } = this.webhook ?? {};

    this.draft = { url, events: [...events], secret: '' };
  }

  check() {
    const { url, events, secret } = this.draft;

    return {
      url: url.trim() === '' ? t('common.fillIn') : isUrl(url.trim()) ? null : t('webhooks.wrong.noUrl'),
      events: events.length ? null : t('webhooks.wrong.events'), secret: secretError(secret),
    };
  }

  async send() {
    const { events, secret } = this.draft;
    const body = { url: this.draft.url.trim(), events, ...(secret && { secret }) };
    const { webhook } = this.webhook ? await api.patch(`/v0/webhooks/${this.webhook.id}`, body)
      : await api.post('/v0/webhooks', body);

    return webhook;
  }

  choose(event, isOn) {
    const { events } = this.draft;

    this.draft.events = EVENTS.filter((one) => (one === event ? isOn : events.includes(one)));
  }

  view() {
    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      textField(this.spec('url', {
        hint: t('webhooks.hints.url'), type: 'url', inputmode: 'url', maxlength: 2000, autocomplete: 'off', autofocus: true,
        autocapitalize: 'none', spellcheck: 'false',
      })),
      this.events(),
      !this.webhook && this.secretField(),
      this.webhook && h('p', { key: 'rotate', class: 'quiet small' }, t('webhooks.hints.rotate')),
      this.buttons(t(this.webhook ? 'common.save' : 'webhooks.make')));
  }

  events() {
    const error = this.errors.events;

    return h('fieldset', { key: 'events', class: 'stack tight' },
      h('legend', null, t('webhooks.fields.events')),
      EVENTS.map((event, i) => h('label', { class: 'check', key: event },
        h('input', {
          type: 'checkbox', checked: this.draft.events.includes(event),
          onchange: ({ target }) => this.choose(event, target.checked),
          'aria-invalid': error && i === 0 ? 'true' : null, 'aria-describedby': error ? 'webhook-events-error' : null,
        }),
        h('span', null, eventName(event), ' ', h('code', { class: 'quiet' }, event)))),
      error && h('p', { class: 'error', id: 'webhook-events-error' }, error));
  }
}

/* Another secret for an endpoint. Property of: { webhook, zone }. */
class Rotation extends EndpointForm {
  of = null;
  draft = { secret: '' };

  check() {
    return { secret: secretError(this.draft.secret) };
  }

  async send() {
    const { secret } = this.draft;

    return (await api.patch(`/v0/webhooks/${this.of.webhook.id}`, secret ? { secret } : { rotateSecret: true })).webhook;
  }

  view() {
    const { webhook: { secondSecretUntil }, zone } = this.of;

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      h('p', null, t('webhooks.rotate.text')),
      isAhead(secondSecretUntil) &&
        h('p', { key: 'again', class: 'note warn' }, t('webhooks.rotate.again', { until: timeText(secondSecretUntil, zone) })),
      this.secretField(),
      this.buttons(t('webhooks.rotate.go'), button(t('common.cancel'), () => this.emit('done'))));
  }
}

customElements.define('oc-webhook-form', WebhookForm);
customElements.define('oc-webhook-rotation', Rotation);

export const openWebhookForm = (webhook = null) => openDialog({
  heading: t(webhook ? 'webhooks.change' : 'webhooks.add'),
  view: ({ close }) => h('oc-webhook-form', { webhook, ondone: ({ detail }) => close(detail) }),
});

export const openRotation = (webhook, zone) => openDialog({
  heading: t('webhooks.rotate.title'),
  view: ({ close }) => h('oc-webhook-rotation', { of: { webhook, zone }, ondone: ({ detail }) => close(detail) }),
});
