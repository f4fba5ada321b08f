/*
 * The step of a booking's dialog that moves it: a time that is offered, or any other. A host may leave the hours, the notice
 * and the limits, but cannot have a time at which something else is booked.
 */
import { h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { cityOf, formatRange, formatTime, instantText, wallClock } from '../time.js';
import { api, query } from './session.js';
import { endOf, startOf, theirZone, whenText } from './meetings.js';
import { toldRange } from './told-range.js';
import './local-time.js';

/* Where the open times of the booking's event type are; null while that is not public. */
const availabilityPath = ({ team, eventType }, user) => (team
  ? `/v0/teams/${team.teamSlug}/event-types/${eventType.slug}/availability`
  : `/v0/users/${user.username}/event-types/${eventType.slug}/availability`);

export class MoveStep {
  way = 'offered';
  source = null;
  problem = null;
  instant = null;

  /* owner: the BookingDialog. */
  constructor(owner) {
    const wall = wallClock(startOf(owner.booking), owner.user.timezone);

    Object.assign(this, { owner, zone: owner.user.timezone, date: wall.date, time: timeText(wall.minute) });
    this.load();
  }

  /* The picker, if the event type is offered at all. */
  async load() {
    const path = availabilityPath(this.owner.booking, this.owner.user);

    try {
      await import('../slot-picker.js');
      await api.get(path + query({ days: 1, limit: 1 }));
      this.source = {
        load: async ({ start, days, signal }) => {
          const { slots, calendarStale } = await api.get(path + query({ start, days }), { signal });

          this.source.isStale = calendarStale;
          return slots;
        },
      };
    } catch (error) {
      Object.assign(this, { way: 'other', problem: error });
    }
    this.owner.dialog.update();
  }

  choose(way) {
    Object.assign(this, { way, instant: null });
    this.owner.error = null;
    this.owner.dialog.update();
  }

  pick(instant) {
    this.instant = instant;
    this.owner.error = null;
    this.owner.dialog.update();
    this.owner.dialog.dialog.querySelector('.dialog-acts').scrollIntoView({ block: 'nearest' });
  }

  go(event) {
    const { owner } = this;

    event.preventDefault();
    if (this.instant === null) return;
    owner.act(async () => {
      const { newBooking, email } = await api.post(`/v0/bookings/${owner.booking.id}/reschedule`,
        { startsAt: instantText(this.instant) });
      const told = email?.queued ? 'console.move.mailed' : 'console.move.done';

      owner.show(newBooking, { look: 'good', text: t(told, { name: newBooking.inviteeName }) });
    });
  }

  view() {
    const { booking, user, busy } = this.owner;

    return h('form', { key: 'move', class: 'stack', novalidate: true, onsubmit: (event) => this.go(event) },
      h('p', null, t('console.move.now', { when: whenText(booking, user.timezone) })),
      h('div', { class: 'switch', role: 'group', 'aria-label': t('console.move.ways') },
        ['offered', 'other'].map((way) => h('button', {
        key: way, type: 'button', 'aria-pressed': String(this.way === way), onclick: () => this.choose(way),
      }, t(`console.move.${way}`)))),
      this.way === 'offered' ? this.offered() : this.other(),
      this.chosen(),
      this.refusal(),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => this.owner.goTo('detail') }, t('common.back')),
        h('button', { class: 'primary', disabled: this.instant === null, 'aria-disabled': busy ? 'true' : null },
          t('console.move.go'))));
  }

  offered() {
    if (!this.source) return h('p', { key: 'wait', class: 'quiet', role: 'status' }, t('common.loading'));
    return h('slot-picker', {
      key: 'picker', source: this.source, zone: this.zone,
      selected: this.instant === null ? null : instantText(this.instant),
      onpick: ({ detail }) => this.pick(Date.parse(detail.startsAt)),
      onzonechange: ({ detail }) => (this.zone = detail),
    });
  }

  other() {
    return h('div', { key: 'other', class: 'stack tight' },
      this.problem && h('p', { class: 'note warn' },
        this.problem.status === 404 ? t('console.move.notOffered') : errorText(this.problem)),
      h('p', { class: 'quiet' }, t('console.move.otherText')),
      h('oc-local-time', {
        of: { zone: this.owner.user.timezone, name: 'move', date: this.date, time: this.time, wrong: null },
        onpick: ({ detail }) => {
          Object.assign(this, { date: detail.date, time: detail.time });
          this.pick(detail.instant);
        },
      }));
  }

  chosen() {
    const { booking, user } = this.owner;

    if (this.instant === null) return null;
    const end = this.instant + endOf(booking) - startOf(booking);

    return h('div', { key: 'chosen', class: 'note', role: 'status' },
      h('p', { class: 'strong numbers' }, t('console.move.to', { when: formatRange(this.instant, end, user.timezone) })),
      theirZone(booking, user.timezone)
        && h('p', { class: 'small' }, t('console.move.theirs', {
          name: booking.inviteeName, city: cityOf(booking.timezone), when: formatRange(this.instant, end, booking.timezone),
        })));
  }

  /* Why it cannot be had: what stands in the way is the host's to know. */
  refusal() {
    const { error, user } = this.owner;

    if (!error) return null;
    const range = error.code === 'OC001' && toldRange(error.body?.detail);

    return h('div', { key: 'refusal', class: 'note bad stack tight', role: 'alert' },
      h('p', null, errorText(error, ['console.move.errors'])),
      range && h('p', null, t('console.move.taken', {
        start: formatTime(range.start, user.timezone), end: formatTime(range.end, user.timezone),
      })));
  }
}

const timeText = (minute) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
