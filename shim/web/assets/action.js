/*
 * <oc-action>: what the link of a booking can do, cancel or move it. All else, why it can do nothing included, is served.
 * Whenever the server says that the booking is no longer what the page shows (409, 410), the page is loaded anew and tells.
 */
import { h } from './view.js';
import { errorText, t } from './i18n.js';
import { newKey, post } from './api.js';
import { formatRange, isZone } from './time.js';
import { zoneText } from './zone-picker.js';
import { isOldCopy } from './server-clock.js';
import { SlotChoice } from './slot-choice.js';
import { showTimes } from './times.js';
import './embed.js';

const data = JSON.parse(document.getElementById('data').textContent);
const { token, booking, eventType, organizer, actions, teamSlug, username } = data;
const api = `/v0/bookings/actions/${encodeURIComponent(token)}`;
const asked = new URLSearchParams(location.search);
const hosts = teamSlug ? { teamSlug } : { username };
const KEPT = ['embed', 'theme', 'lang'];

/* The time that the booking has, in the zone that the page served it in. */
function presentTime() {
  const start = Date.parse(booking.startsAt);
  const zone = isZone(booking.timezone) ? booking.timezone : 'UTC';

  return `${formatRange(start, Date.parse(booking.endsAt), zone)}, ${zoneText(zone, start)}`;
}

class Action extends SlotChoice {
  reason = '';
  /* A page that tells of what was just done proposes nothing. */
  canAct = data.state === 'open' && !asked.has('done');

  start() {
    super.start();
    this.prepare({
      names: { ...hosts, eventSlug: eventType.slug, actionToken: token }, path: `${api}/availability`,
      askedZone: asked.get('timezone'), firstFree: isOldCopy ? undefined : data.firstFree, now: data.now,
    });
  }

  /* Not the time that it has. */
  async loadSlots(wanted) {
    return (await super.loadSlots(wanted)).filter(({ startsAt }) => startsAt !== booking.startsAt);
  }

  view() {
    if (this.canAct && actions.canCancel) return this.cancelStep();
    if (!this.canAct || !actions.canReschedule) return [];
    return [
      this.pickStep(),
      this.slot && h('div', { key: 'confirm', class: 'confirm-step stack', hidden: this.step !== 'confirm' },
        this.chosen(t('action.moveTo')), this.confirmForm()),
    ];
  }

  takenText() {
    return t('action.taken');
  }

  /* --- cancel ------------------------------------------------------------------------------------------------------- */

  cancelStep() {
    return [
      h('form', { class: 'stack', onsubmit: (event) => this.askFirst(event) },
        h('div', { class: 'field' },
          h('label', { for: 'reason' }, t('action.reason', { name: organizer.displayName }),
            h('span', { class: 'quiet' }, ` (${t('common.optional')})`)),
          h('textarea', {
            id: 'reason', maxlength: 500, rows: 3, value: this.reason, oninput: (event) => { this.reason = event.target.value; },
          })),
        this.problem && h('p', { class: 'note bad', role: 'alert' }, this.problem),
        h('button', { class: 'danger', 'aria-disabled': this.busy ? 'true' : null },
          t(this.busy ? 'action.canceling' : 'action.cancel'))),
      this.dialog(),
    ];
  }

  dialog() {
    return h('dialog', { 'aria-labelledby': 'sure' },
      h('form', { method: 'dialog', class: 'stack', onsubmit: (event) => this.answer(event) },
        h('h2', { id: 'sure' }, t('action.sure')),
        h('p', null, t('action.sureText', { event: eventType.name, name: organizer.displayName, when: presentTime() })),
        h('div', { class: 'row' },
          h('button', { class: 'danger', value: 'cancel' }, t('action.cancel')),
          h('button', { value: 'keep', autofocus: true }, t('action.keep')))));
  }

  askFirst(event) {
    event.preventDefault();
    if (!this.busy) this.querySelector('dialog').showModal();
  }

  async answer(event) {
    if (event.submitter?.value !== 'cancel') return;
    this.set({ busy: true, problem: null });
    try {
      await post(`${api}/cancel`, this.reason.trim() ? { reason: this.reason.trim() } : {});
      location.reload();
    } catch (error) {
      this.failed(error);
    }
  }

  /* --- move --------------------------------------------------------------------------------------------------------- */

  choose(slot) {
    this.key = newKey();
    super.choose(slot);
  }

  confirmForm() {
    const when = formatRange(Date.parse(booking.startsAt), Date.parse(booking.endsAt), this.zone);

    return h('form', { class: 'stack', onsubmit: (event) => this.move(event) },
      h('p', { class: 'quiet' }, t('action.instead', { when })),
      this.problem && h('p', { class: 'note bad', role: 'alert' }, this.problem),
      h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
        t(this.busy ? 'action.moving' : 'action.move')));
  }

  async move(event) {
    event.preventDefault();
    if (this.busy) return;
    this.set({ busy: true, problem: null });
    await this.whenSettled(() => this.sendMove());
  }

  async sendMove() {
    try {
      await this.send({ startsAt: this.slot.startsAt, timezone: this.zone, holdToken: this.holdToken });
    } catch (error) {
      if (error.code === 'OC001') this.toPicker(t('action.taken'));
      else this.failed(error);
    }
  }

  async send(body) {
    try {
      this.moved(await post(`${api}/reschedule`, body, { key: this.key }));
    } catch (error) {
      if (error.field !== 'timezone' || !body.timezone) throw error;
      await this.send({ ...body, timezone: undefined });
    }
  }

  moved({ actions: { cancel, reschedule } }) {
    const to = new URLSearchParams({ done: 'moved', other: cancel.token });

    for (const name of KEPT) if (asked.has(name)) to.set(name, asked.get(name));
    this.leave(`/bookings/actions/${reschedule.token}?${to}`);
  }

  /* --- what goes wrong ---------------------------------------------------------------------------------------------- */

  failed(error) {
    if (error.code === 'OC005' || error.status === 410) location.reload();
    else this.set({ busy: false, problem: errorText(error, ['action.errors']) });
  }

  refused(error) {
    this.failed(error);
  }
}

showTimes();
customElements.define('oc-action', Action);
