/*
 * <oc-booking>: books a slot of an event type. Two steps: a time, then the form, while the slot is held (slot-choice.js).
 *
 * The tab remembers the slot, the hold, what was typed and the idempotency key, so a reload loses nothing. The key stays the
 * same as long as it is not known what became of a booking that was sent (offline, 503): should it have been made with other
 * words than those sent now (OC007), what was sent first is sent again, and answers with that booking.
 */
import { announce, focusOn, h } from './view.js';
import { errorText, t } from './i18n.js';
import { newKey, post } from './api.js';
import { addDays, dateIn, instantText } from './time.js';
import { bodyOf, bookingForm, formErrors, formFields } from './booking-form.js';
import { isOldCopy } from './server-clock.js';
import { SlotChoice } from './slot-choice.js';
import { forget, recall, remember } from './tab-memory.js';
import { tellBooked } from './embed.js';
import { showTimes } from './times.js';

const data = JSON.parse(document.getElementById('data').textContent);
const { eventSlug, eventType, teamSlug, username } = data;
const names = teamSlug ? { teamSlug, eventSlug } : { username, eventSlug };
const bookPath = teamSlug ? '/v0/team-bookings' : '/v0/bookings';
const MEMORY = `opencalendly.booking ${location.pathname}`;
const MINUTE = 60_000;
const KEPT = ['embed', 'theme', 'lang', 'timezone'];

/* The last date that is offered in any zone, undefined if there is no last one. */
function lastDate() {
  const { bookableUntil, maxDaysAhead } = eventType;
  const ends = [bookableUntil, maxDaysAhead && addDays(dateIn(Date.parse(data.now), 'UTC'), maxDaysAhead)].filter(Boolean).sort();

  return ends.length ? addDays(ends[0], 1) : undefined;
}

/* The first slots, which were served with the page: they are shown before any request. */
function servedSlots() {
  const { days, later } = data;

  if (isOldCopy || !days?.length || new URLSearchParams(location.search).has('start')) return undefined;
  const slots = days.flatMap(({ times }) => times).map(({ startsAt, seatsLeft }) => ({
    startsAt, seatsLeft, endsAt: instantText(Date.parse(startsAt) + eventType.durationMinutes * MINUTE),
  }));

  return { to: Date.parse(later), slots };
}

class Booking extends SlotChoice {
  values = {};
  errors = {};
  fields = formFields(eventType.questions ?? []);

  start() {
    super.start();
    this.prepare({
      names, path: `/v0/${teamSlug ? `teams/${teamSlug}` : `users/${username}`}/event-types/${eventSlug}/availability`,
      askedZone: data.timezone, known: servedSlots(), firstFree: isOldCopy ? undefined : data.firstFree, until: lastDate(), now: data.now,
    });
    this.restore();
  }

  /* --- over a reload ------------------------------------------------------------------------------------------------ */

  restore() {
    const kept = recall(MEMORY);

    if (!kept) return;
    Object.assign(this, { values: kept.values ?? {}, key: kept.key, sent: kept.sent });
    if (kept.hold) this.hold.restore(kept.hold);
    /* the slots that were served know nothing of the own hold */
    if (this.hold.isLive) this.source.known = undefined;
    if (!kept.slot || history.state?.step !== 'confirm') return;
    Object.assign(this, { slot: kept.slot, step: 'confirm' });
    if (!this.hold.isLive) this.holdSlot();
  }

  takenText() {
    return Object.values(this.values).some((text) => text.trim()) ? t('booking.taken') : super.takenText();
  }

  keep() {
    const { slot, values, key, sent, hold: { token, expiresAt, startsAt } } = this;

    if (this.isDone) return;
    remember(MEMORY, { slot, values, key, sent, hold: token && { token, expiresAt, startsAt } });
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
    await this.whenSettled(() => this.send(this.body()));
  }

  body() {
    return {
      ...names, startsAt: this.slot.startsAt, timezone: this.zone, language: t('common.mailLanguage'),
      ...bodyOf(this.fields, this.values), holdToken: this.holdToken,
    };
  }

  async send(body) {
    this.key ??= newKey();
    this.sent ??= body;
    this.keep();
    try {
      this.booked(await post(bookPath, body, { key: this.key }));
    } catch (error) {
      await this.failed(error, body);
    }
  }

  async failed(error, body) {
    if (error.status === 0 || error.status >= 500) this.tell(error);
    else if (error.code === 'OC007' && this.sent && this.sent !== body) await this.send(this.sent);
    else if (error.field === 'timezone' && body.timezone) {
      this.sent = undefined;
      await this.send({ ...body, timezone: undefined });
    } else {
      Object.assign(this, { key: undefined, sent: undefined });
      if (error.code === 'OC001') this.toPicker(t('booking.taken'));
      else this.refused(error);
    }
    this.keep();
  }

  refused(error) {
    const field = this.fields.find(({ name }) => name === error.field);

    if (error.status === 404) this.set({ step: 'gone', busy: false });
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
    tellBooked({ username, teamSlug, eventSlug, startsAt: booking.startsAt, endsAt: booking.endsAt });
    this.leave(`${location.pathname}?${to}`);
  }

  /* --- what is shown ------------------------------------------------------------------------------------------------ */

  view() {
    if (this.step === 'gone') return this.gone();
    return [
      this.pickStep(),
      this.slot && h('div', { key: 'confirm', class: 'confirm-step stack', hidden: this.step !== 'confirm' },
        this.chosen(t('booking.details')), this.form()),
    ];
  }

  form() {
    const { fields, values, errors, problem, busy } = this;

    return bookingForm({
      fields, values, errors, problem, busy, oninput: (name, value) => this.type(name, value), onsubmit: () => this.book(),
    });
  }

  gone() {
    return h('div', { key: 'gone', class: 'stack', role: 'alert' },
      h('h2', null, t('booking.goneTitle')),
      h('p', null, t('booking.gone')),
      h('div', null, h('button', { type: 'button', onclick: () => location.reload() }, t('booking.reload'))));
  }
}

showTimes();
customElements.define('oc-booking', Booking);
