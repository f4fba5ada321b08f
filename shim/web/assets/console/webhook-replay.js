/* The dialog that sends again what an endpoint did not take since an instant; returns how many deliveries that were. */
import { View, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { dateIn, instantText, wallClock } from '../time.js';
import { api, openDialog } from './session.js';
import { button } from './section-parts.js';
import { check } from './setup-fields.js';
import './local-time.js';

const DAY = 86_400_000;

const clockText = (minute) => [Math.floor(minute / 60), minute % 60].map((n) => String(n).padStart(2, '0')).join(':');

/* Property of: { webhook, zone }. Proposes what may be since when: since it fails, else within a day. */
class Replay extends View {
  of = null;
  date = '';
  time = '';
  wrong = null;
  includeSucceeded = false;
  busy = false;
  error = null;

  start() {
    const { webhook: { failingSince }, zone } = this.of;
    const since = failingSince ? Date.parse(failingSince) : Date.now() - DAY;

    this.date = dateIn(since, zone);
    this.time = clockText(wallClock(since, zone).minute);
  }

  async send(event) {
    event.preventDefault();
    if (this.busy) return undefined;
    const { instant } = this.querySelector('oc-local-time');

    if (instant === null) {
      this.set({ wrong: t('console.explain.noTime') });
      return focusOn(this, '[aria-invalid="true"]');
    }
    this.set({ busy: true, error: null });
    try {
      const { of: { webhook }, includeSucceeded } = this;
      const { replayed } = await api.post(`/v0/webhooks/${webhook.id}/replay`, { since: instantText(instant), includeSucceeded });

      return this.emit('done', replayed);
    } catch (error) {
      return this.set({ busy: false, error });
    }
  }

  view() {
    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.send(event) },
      h('p', null, t('webhooks.replay.text')),
      h('oc-local-time', {
        of: { zone: this.of.zone, name: 'replay', date: this.date, time: this.time, wrong: this.wrong },
        onpick: ({ detail }) => this.set({ date: detail.date, time: detail.time, wrong: null }),
      }),
      check({
        id: 'replay-all', label: t('webhooks.replay.includeSucceeded'), hint: t('webhooks.replay.twice'),
        checked: this.includeSucceeded, oninput: (includeSucceeded) => this.set({ includeSucceeded }),
      }),
      this.error && h('p', { class: 'note bad', role: 'alert' }, errorText(this.error, ['webhooks.errors'])),
      h('div', { class: 'row dialog-acts' },
        button(t('common.cancel'), () => this.emit('done')),
        h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null }, t('webhooks.replay.go'))));
  }
}

customElements.define('oc-webhook-replay', Replay);

export const openReplay = (webhook, zone) => openDialog({
  heading: t('webhooks.replay.title'),
  view: ({ close }) => h('oc-webhook-replay', { of: { webhook, zone }, ondone: ({ detail }) => close(detail) }),
});
