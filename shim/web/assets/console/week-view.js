/*
 * <oc-week>: a week of meetings, days beside hours, in the host's zone. On small screens one day at a time. Properties: user,
 * rest (of the address: ["week", a date within it]). Emits "openmeeting" with the meeting.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import {
  addDays, dateIn, firstWeekday, formatDate, formatMinute, formatTime, instantOf, telltaleOffset, weekdayOf,
} from '../time.js';
import { bookingsIn } from './booking-lists.js';
import { hoursText, meetingsOf, whoText } from './meetings.js';
import { ROW, layOut, nowOn } from './week-layout.js';
import { icon } from './icons.js';

const DAY = 86_400_000;
/* Date.parse() takes the 31st of any month. */
const isThere = (date) => !Number.isNaN(Date.parse(date)) && addDays(date, 0) === date;
const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isThere(text);

class Week extends View {
  user = null;
  rest = [];
  first = null;
  chosen = null;
  meetings = [];
  busy = true;
  error = null;

  start() {
    this.ticking = setInterval(() => this.update(), 60_000);
  }

  stop() {
    clearInterval(this.ticking);
  }

  get zone() {
    return this.user.timezone;
  }

  update() {
    if (!this.isConnected) return;
    const date = isDate(this.rest[1]) ? this.rest[1] : dateIn(Date.now(), this.zone);
    const first = addDays(date, -((weekdayOf(date) - firstWeekday + 7) % 7));

    if (first !== this.first || this.zone !== this.loadedZone) {
      Object.assign(this, { first, chosen: date, meetings: [], loadedZone: this.zone });
      this.load();
    } else if (this.rest !== this.routed) this.chosen = date;
    this.routed = this.rest;
    super.update();
  }

  async load() {
    const { first, zone } = this;

    Object.assign(this, { busy: true, error: null });
    try {
      /* what began the day before may last into the week */
      const bookings = await bookingsIn(instantOf(first, 0, zone) - DAY, instantOf(addDays(first, 7), 0, zone), 'confirmed');

      if (first !== this.first) return;
      this.meetings = meetingsOf(bookings).filter(({ end }) => end > instantOf(first, 0, zone));
      announce(t('console.week.loaded', { count: this.meetings.length, week: this.title() }));
    } catch (error) {
      if (first === this.first) this.error = error;
    }
    if (first === this.first) this.set({ busy: false });
  }

  title() {
    const last = addDays(this.first, 6);
    const day = { day: 'numeric', month: 'long' };
    const isOneYear = this.first.slice(0, 4) === last.slice(0, 4);

    return t('console.week.title', { first: formatDate(this.first, isOneYear ? day : { ...day, year: 'numeric' }),
      last: formatDate(last, { ...day, year: 'numeric' }) });
  }

  view() {
    const { days, first, last } = layOut(this.meetings, this.first, this.zone);
    const today = dateIn(Date.now(), this.zone);

    return h('section', { class: 'week stack', 'aria-labelledby': 'week-title', 'aria-busy': String(this.busy) },
      h('div', { class: 'row between' }, h('h2', { id: 'week-title' }, this.title()), this.turner()),
      this.error && h('div', { key: 'error', class: 'note bad row between', role: 'alert' }, h('p', null, errorText(this.error)),
        h('button', { type: 'button', class: 'small', onclick: () => this.load() }, t('common.retry'))),
      days.filter(({ change }) => change).map(({ date, change }) => h('p', { key: `change ${date}`, class: 'note warn small' },
        changeText(date, change))),
      this.strip(days, today),
      h('div', { key: 'grid', class: 'week-grid card', style: { '--rows': (last - first) * 12 } },
        h('div', { class: 'week-hours numbers', 'aria-hidden': 'true' },
          Array.from({ length: last - first }, (_, i) => h('span', { style: { '--row': i * 12 + 1 } },
            formatMinute((first + i) * 60)))),
        days.map((day) => this.day(day, first, today))),
      !this.busy && !this.error && this.meetings.length === 0 && h('p', { class: 'quiet center' }, t('console.week.none')),
      h('p', { class: 'quiet small' }, t('console.week.zone', { zone: this.zone.replaceAll('_', ' ') })));
  }

  turner() {
    const today = dateIn(Date.now(), this.zone);
    const link = (to, label, child) => h('a', {
      class: 'button small', href: `#/bookings/week/${to}`, 'aria-label': label,
      onclick: () => to === this.rest[1] && this.set({ chosen: to }),
    }, child);

    return h('div', { class: 'row' },
      link(addDays(this.first, -7), t('console.week.previous'), icon('previous', 16)),
      link(today, null, t('console.bookings.today')),
      link(addDays(this.first, 7), t('console.week.next'), icon('next', 16)));
  }

  /* On small screens: which day is shown. */
  strip(days, today) {
    return h('div', { key: 'strip', class: 'day-strip', role: 'group', 'aria-label': t('console.week.day') },
      days.map(({ date, parts }) => h('button', {
      key: date, type: 'button', class: date === today ? 'today' : '', 'aria-pressed': String(date === this.chosen),
      onclick: () => this.set({ chosen: date }),
    }, h('span', { class: 'unseen' }, `${formatDate(date)}: ${t('console.week.count', { count: parts.length })}`),
    h('span', { class: 'small', 'aria-hidden': 'true' }, formatDate(date, { weekday: 'narrow' })),
    h('span', { class: 'strong', 'aria-hidden': 'true' }, Number(date.slice(8))),
    h('span', { class: `dot${parts.length ? ' some' : ''}` }))));
  }

  day({ date, parts, change }, first, today) {
    const now = nowOn(date, this.zone);

    return h('section', {
      key: date, class: `week-day${date === today ? ' today' : ''}${date === this.chosen ? ' chosen' : ''}`,
      'aria-labelledby': `day-${date}`,
    },
    h('h3', { id: `day-${date}` },
      h('span', { class: 'day-word' }, formatDate(date, { weekday: 'short' })), ' ',
      h('span', { class: 'day-number' }, formatDate(date, { day: 'numeric', month: 'short' })),
      date === today && h('span', { class: 'unseen' }, ` (${t('console.bookings.today')})`)),
    h('ol', { class: 'plain week-slots' },
      change && h('li', { class: 'change-band', 'aria-hidden': 'true', style: place({ ...change, first }) }),
      now !== null && now >= first * 60 && h('li',
        { class: 'now', 'aria-hidden': 'true', style: { '--row': Math.floor((now - first * 60) / ROW) + 1 } }),
      parts.map((part) => h('li', { key: `${part.meeting.key} ${date}`, class: 'entry-place', style: place({ ...part, first }) },
        this.entry(part)))));
  }

  /* Beside others there is room for the start alone, or for what tells it from its twin. */
  timeText(meeting, lanes) {
    if (lanes === 1) return hoursText(meeting, this.zone);
    return telltaleOffset(meeting.start, this.zone) ?? formatTime(meeting.start, this.zone);
  }

  entry({ meeting, from, to, lanes }) {
    return h('button', {
      type: 'button', class: `entry${lookOf(to - from)}${meeting.end <= Date.now() ? ' over' : ''}`,
      onclick: () => this.emit('openmeeting', meeting),
    },
    h('span', { class: 'entry-who strong' }, whoText(meeting)), h('span', { class: 'unseen' }, ', '),
    h('span', { class: 'unseen' }, hoursText(meeting, this.zone), ', '),
    h('span', { class: 'entry-time numbers', 'aria-hidden': 'true' }, this.timeText(meeting, lanes)),
    h('span', { class: 'entry-event' }, meeting.eventType.name));
  }
}

/* What there is room for: a line, two, or all. */
const lookOf = (minutes) => (minutes < 30 ? ' flat' : minutes < 45 ? ' short' : '');

/* A place in the grid of a day that shows hours from "first" on. */
const place = ({ from, to, first, lane = 0, lanes = 1 }) => ({
  '--row': Math.max(1, Math.round((from - first * 60) / ROW) + 1),
  '--span': Math.max(1, Math.round((to - Math.max(from, first * 60)) / ROW)), '--lane': lane, '--lanes': lanes,
});

const changeText = (date, { kind, from, to }) => t(kind === 'back' ? 'console.week.clocksBack' : 'console.week.clocksOn',
  { date: formatDate(date, { weekday: 'long', day: 'numeric', month: 'long' }), from: formatMinute(from), to: formatMinute(to) });

customElements.define('oc-week', Week);
