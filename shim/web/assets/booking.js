/*
 * <oc-booking>: books a slot of an event type. Two steps: a time (slot-picker), then the form, while the slot is held.
 *
 * The tab remembers the slot, the hold, what was typed and the idempotency key, so a reload loses nothing. The key stays the
 * same as long as it is not known what became of a booking that was sent (offline, 503): should it have been made with other
 * words than those sent now (OC007), what was sent first is sent again, and answers with that booking.
 */
import { View, announce, focusOn, h } from './view.js';
import { errorText, t } from './i18n.js';
import { get, newKey, post, query } from './api.js';
import { formatRange } from './time.js';
import { bodyOf, bookingForm, formErrors, formFields } from './booking-form.js';
import { Hold } from './hold.js';
import { forget, recall, remember } from './tab-memory.js';
import { rememberZone, visitorZone } from './visitor-zone.js';
import { serverClock } from './server-clock.js';
import { tellBooked } from './embed.js';
import { showTimes } from './times.js';
import { zoneText } from './zone-picker.js';
import { icon } from './icons.js';
import './slot-picker.js';
import './hold-status.js';

const data = JSON.parse(document.getElementById('data').textContent);
const { eventSlug, eventType } = data;
const names = data.teamSlug ? { teamSlug: data.teamSlug, eventSlug } : { username: data.username, eventSlug };
const slotsPath = data.teamSlug
  ? `/v0/teams/${data.teamSlug}/event-types/${eventSlug}/availability`
  : `/v0/users/${data.username}/event-types/${eventSlug}/availability`;
const bookPath = data.teamSlug ? '/v0/team-bookings' : '/v0/bookings';
const MEMORY = `opencalendly.booking ${location.pathname}`;
const KEPT = ['embed', 'theme', 'lang', 'timezone'];

class Booking extends View {
  step = 'pick';
  slot = null;
  values = {};
  errors = {};
  problem = null;
  notice = null;
  busy = false;
  zone = visitorZone(data.timezone);
  fields = formFields(eventType.questions ?? []);
  clock = serverClock(data.now);
  hold = new Hold(names, this.clock, () => this.holdChanged());
  source = { load: (wanted) => this.loadSlots(wanted) };

  start() {
    this.leaving = new AbortController();
    window.addEventListener('popstate', () => this.onBack(), { signal: this.leaving.signal });
    this.restore();
  }

  stop() {
    this.leaving.abort();
  }

  async loadSlots({ start, days, signal }) {
    const hold = this.hold.isLive ? this.hold.token : null;

    return (await get(slotsPath + query({ start, days, hold }), { signal })).slots;
  }

  /* --- over a reload ------------------------------------------------------------------------------------------------ */

  restore() {
    const kept = recall(MEMORY);

    if (!kept) return;
    Object.assign(this, { values: kept.values ?? {}, key: kept.key, sent: kept.sent });
    if (kept.hold) this.hold.restore(kept.hold);
    if (!kept.slot || !(this.hold.isLive || history.state?.step === 'form')) return;
    Object.assign(this, { slot: kept.slot, step: 'form' });
    if (!this.hold.isLive) this.holdSlot();
  }

  keep() {
    const { slot, values, key, sent, hold: { token, expiresAt, startsAt } } = this;

    remember(MEMORY, { slot, values, key, sent, hold: token && { token, expiresAt, startsAt } });
  }

  /* --- a time ------------------------------------------------------------------------------------------------------- */

  choose(slot) {
    this.set({ slot, step: 'form', notice: null, problem: null, errors: {} });
    if (history.state?.step !== 'form') history.pushState({ step: 'form' }, '');
    focusOn(this, '.form-step h2');
    this.holdSlot();
  }

  async holdSlot() {
    const { startsAt } = this.slot;

    this.isFree = false;
    try {
      await this.hold.take(startsAt);
    } catch (error) {
      if (this.step === 'form' && this.slot?.startsAt === startsAt) this.refused(error);
    }
  }

  holdChanged() {
    this.keep();
    this.update();
    this.querySelector('hold-status')?.update();
  }

  /* The hold ran out: told, and looked whether the slot is still there. */
  async onRunOut() {
    const { slot } = this;

    this.hold.end();
    try {
      const [first] = (await get(slotsPath + query({ start: slot.startsAt, days: 1, limit: 1 }))).slots;

      if (this.slot !== slot || this.hold.state !== 'ended') return;
      if (first?.startsAt === slot.startsAt) this.set({ isFree: true });
      else this.toPicker(t('booking.takenWhileTyping'));
    } catch { /* the hold can be asked for again by the button */ }
  }

  goBack() {
    if (history.state?.step === 'form') history.back();
    else this.showPicker();
  }

  onBack() {
    if (history.state?.step === 'form' && this.slot) this.set({ step: 'form' });
    else this.showPicker();
  }

  showPicker() {
    this.set({ step: 'pick' });
    focusOn(this, this.querySelector('.time[aria-current]') ? '.time[aria-current]' : '.pick-step h2');
  }

  /* Back to the times, which are asked for anew, with the reason told; what was typed stays. */
  toPicker(notice) {
    if (history.state?.step === 'form') history.replaceState(null, '');
    this.set({ step: 'pick', slot: null, busy: false, notice });
    this.keep();
    this.querySelector('slot-picker').refresh();
    focusOn(this, '.pick-step .note');
  }

  chooseZone(zone) {
    rememberZone(zone);
    this.set({ zone });
  }

  /* --- booking ------------------------------------------------------------------------------------------------------ */

  type(name, value) {
    this.values[name] = value;
    if (this.errors[name]) this.set({ errors: { ...this.errors, [name]: undefined } });
    this.keep();
    if (this.hold.state === 'ended') this.holdSlot();
  }

  async book() {
    const errors = formErrors(this.fields, this.values);

    this.set({ errors, problem: null });
    if (Object.keys(errors).length) {
      focusOn(this, '[aria-invalid="true"]');
      return;
    }
    this.set({ busy: true });
    announce(t('booking.sending'));
    await this.hold.last?.catch(() => {});
    if (this.step === 'form') await this.send(this.body());
  }

  body() {
    return {
      ...names, startsAt: this.slot.startsAt, timezone: this.zone, ...bodyOf(this.fields, this.values),
      holdToken: this.hold.startsAt === this.slot.startsAt ? this.hold.token : undefined,
    };
  }

  async send(body) {
    this.key ??= newKey();
    this.keep();
    try {
      this.booked(await post(bookPath, body, { key: this.key }));
    } catch (error) {
      await this.failed(error, body);
    }
  }

  async failed(error, body) {
    if (error.status === 0 || error.status >= 500) {
      this.sent ??= body;
      this.tell(error);
    } else if (error.code === 'OC007' && this.sent && this.sent !== body) await this.send(this.sent);
    else if (error.field === 'timezone' && body.timezone) await this.send({ ...body, timezone: undefined });
    else {
      Object.assign(this, { key: undefined, sent: undefined });
      this.refused(error);
    }
    this.keep();
  }

  /* What was sent, or the hold, is refused for good. */
  refused(error) {
    const field = this.fields.find(({ name }) => name === error.field);

    if (error.code === 'OC001') this.toPicker(t('booking.taken'));
    else if (error.status === 404) this.set({ step: 'gone', busy: false });
    else if (field) {
      this.set({ busy: false, errors: { [field.name]: t('booking.fieldWrong', { message: error.message }) } });
      focusOn(this, '[aria-invalid="true"]');
    } else this.tell(error);
  }

  tell(error) {
    this.set({ busy: false, problem: errorText(error, ['booking.errors']) });
  }

  booked({ booking, actions }) {
    const asked = new URLSearchParams(location.search);
    const to = new URLSearchParams({ booked: actions.cancel.token, move: actions.reschedule.token });

    for (const name of KEPT) if (asked.has(name)) to.set(name, asked.get(name));
    forget(MEMORY);
    tellBooked({ username: data.username, teamSlug: data.teamSlug, eventSlug, startsAt: booking.startsAt, endsAt: booking.endsAt });
    location.replace(`${location.pathname}?${to}`);
  }

  /* --- what is shown ------------------------------------------------------------------------------------------------ */

  view() {
    if (this.step === 'gone') return this.gone();
    return [
      h('div', { key: 'pick', class: 'pick-step stack', hidden: this.step !== 'pick' },
        h('h2', null, t('booking.chooseTime')),
        this.notice && h('p', { class: 'note warn', role: 'alert' }, this.notice),
        h('slot-picker', {
          source: this.source, zone: this.zone, firstFree: data.firstFree, now: data.now, selected: this.slot?.startsAt ?? null,
          onpick: (event) => this.choose(event.detail),
          onzonechange: (event) => this.chooseZone(event.detail),
        })),
      this.slot && h('div', { key: 'form', class: 'form-step stack', hidden: this.step !== 'form' }, this.formStep()),
    ];
  }

  formStep() {
    const { slot, zone, fields, values, errors, problem, busy } = this;
    const start = Date.parse(slot.startsAt);

    return [
      h('div', null, h('button', { type: 'button', class: 'link back', onclick: () => this.goBack() }, icon('before'), t('booking.otherTime'))),
      h('h2', null, t('booking.details')),
      h('p', { class: 'chosen' },
        h('span', { class: 'strong' }, formatRange(start, Date.parse(slot.endsAt), zone)), ' ', h('span', { class: 'quiet' }, zoneText(zone, start))),
      h('hold-status', { hold: this.hold, isFree: this.isFree, onrunout: () => this.onRunOut(), onagain: () => this.holdSlot() }),
      bookingForm({
        fields, values, errors, problem, busy, oninput: (name, value) => this.type(name, value), onsubmit: () => this.book(),
      }),
    ];
  }

  gone() {
    return h('div', { class: 'stack', role: 'alert' },
      h('h2', null, t('booking.goneTitle')),
      h('p', null, t('booking.gone')),
      h('div', null, h('button', { type: 'button', onclick: () => location.reload() }, t('booking.reload'))));
  }
}

showTimes();
customElements.define('oc-booking', Booking);
