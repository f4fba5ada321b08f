/*
 * <slot-picker>: a day of a month, then one of its times. What is free is the server's word; here it is put into the days of
 * the zone chosen.
 *
 * Properties
 *   source     { load({ start, days, signal }) -> [{ startsAt, endsAt, seatsLeft? }] }
 *   zone       in which days and times are shown
 *   firstFree  the first instant that is offered, null if there is none within a year; not given: looked for
 *   until      the last date that can be offered, if that is known
 *   now        the server's clock when the page was made
 *   selected   the start of the slot that is chosen, if one is
 * Events: pick (detail: the slot as it was told), zonechange (detail: the zone). refresh() asks for all anew.
 */
import { View, announce, focusOn, h } from './view.js';
import { errorText, t } from './i18n.js';
import { addDays, addMonths, dateIn, formatDate, formatMonth, instantOf, isZone, monthOf, ownZone } from './time.js';
import { serverClock } from './server-clock.js';
import { SlotStore } from './slot-store.js';
import { monthGrid } from './month-grid.js';
import { timeList, timesSkeleton } from './time-list.js';
import { icon } from './icons.js';
import { textProperties } from './text-properties.js';
import './zone-picker.js';

const HOUR = 3_600_000;
const ONE_CALL = 31 * 24 * HOUR;
const MARGIN = 26 * HOUR;
const MONTHS_AHEAD = 12;
/* What is older when the visitor comes back is asked for again. */
const STALE = 60_000;

class SlotPicker extends View {
  status = 'loading';
  search = null;
  turn = 0;

  start() {
    this.leaving = new AbortController();
    const { signal } = this.leaving;

    document.addEventListener('visibilitychange', () => this.comeBack(), { signal });
    window.addEventListener('pageshow', (event) => event.persisted && this.comeBack(), { signal });
    window.addEventListener('online', () => this.status === 'error' && this.refresh(), { signal });
  }

  stop() {
    this.leaving.abort();
  }

  /* Another source or zone begins anew; all else is only shown. */
  update() {
    if (!this.isConnected || !this.source || !this.shownZone) return;
    if (this.seenSource !== this.source) this.begin();
    else if (this.seenZone !== this.shownZone) this.changeZone();
    else super.update();
  }

  get shownZone() {
    return this.zone && isZone(this.zone) ? this.zone : ownZone;
  }

  get today() {
    return dateIn(this.clock(), this.shownZone);
  }

  get lastMonth() {
    const last = addMonths(monthOf(this.today), MONTHS_AHEAD);
    const own = this.until ? monthOf(this.until) : last;

    return own < monthOf(this.today) ? monthOf(this.today) : own < last ? own : last;
  }

  begin() {
    const first = this.selected ?? this.firstFree;

    this.seenSource = this.source;
    this.clock = serverClock(this.now);
    this.seenZone = this.shownZone;
    this.store = new SlotStore((wanted) => this.source.load(wanted));
    this.day = first ? dateIn(Date.parse(first), this.shownZone) : null;
    this.month = monthOf(this.day ?? this.today);
    this.focused = this.day;
    this.search = null;
    this.isDoubted = false;
    this.load();
  }

  changeZone() {
    this.seenZone = this.shownZone;
    if (this.month < monthOf(this.today)) this.month = monthOf(this.today);
    this.load();
  }

  /* --- what is known ------------------------------------------------------------------------------------------------ */

  /* What of a month is still to come. */
  range(month) {
    const now = Math.floor(this.clock() / HOUR) * HOUR;

    return [Math.max(now, instantOf(`${month}-01`, 0, this.shownZone)), instantOf(`${addMonths(month, 1)}-01`, 0, this.shownZone)];
  }

  /* Asks for a month; where one call has room for more, for as much more as it is a month in other zones. */
  fetchMonth(month) {
    const [from, to] = this.range(month);
    const more = Math.min(to + MARGIN, from + ONE_CALL);

    return this.store.covers(from, to) ? undefined : this.store.fetch(from, Math.max(to, more), this.leaving.signal);
  }

  /* The month's slots by their dates in the zone: Map of date to [[instant, slot]]. */
  daysOf(month) {
    const key = `${month} ${this.shownZone} ${this.store.version}`;

    if (this.daysKey === key) return this.days;
    const days = new Map();
    const [from, to] = this.range(month);

    for (const slot of this.store.between(from, to)) {
      const date = dateIn(slot[0], this.shownZone);

      if (monthOf(date) !== month) continue;
      if (days.has(date)) days.get(date).push(slot);
      else days.set(date, [slot]);
    }
    Object.assign(this, { daysKey: key, days });
    return days;
  }

  async load() {
    const turn = ++this.turn;

    if (!this.store.covers(...this.range(this.month))) {
      this.set({ status: 'loading', error: null });
      try {
        await this.fetchMonth(this.month);
      } catch (error) {
        if (turn === this.turn && error.name !== 'AbortError') this.set({ status: 'error', error });
        return;
      }
      this.loadedAt = Date.now();
    }
    if (turn === this.turn) this.showLoaded();
  }

  showLoaded() {
    const days = this.daysOf(this.month);
    const first = days.keys().next().value ?? null;

    if (!days.has(this.day)) this.day = first;
    if (!this.focused || monthOf(this.focused) !== this.month) this.focused = this.day ?? this.firstDay;
    this.set({ status: 'ready', error: null });
    if (this.told === undefined) this.told = this.month;
    else if (this.told !== this.month) announce(t('picker.monthTold', { month: formatMonth(this.month), count: days.size }));
    this.told = this.month;
  }

  /* The day that the keys begin at where none is chosen. */
  get firstDay() {
    const first = `${this.month}-01`;

    return this.today > first ? this.today : first;
  }

  refresh() {
    this.store.forget();
    this.search = null;
    return this.load();
  }

  comeBack() {
    if (document.visibilityState === 'visible' && this.store && Date.now() - (this.loadedAt ?? 0) > STALE) this.refresh();
  }

  /* --- moving about ------------------------------------------------------------------------------------------------- */

  goTo(month, day = null) {
    if (month < monthOf(this.today) || month > this.lastMonth) return;
    Object.assign(this, { month, day, focused: day, search: null });
    this.load();
  }

  moveFocus(date) {
    const last = addDays(`${addMonths(this.lastMonth, 1)}-01`, -1);
    const to = date < this.today ? this.today : date > last ? last : date;

    if (monthOf(to) !== this.month) {
      this.goTo(monthOf(to));
      this.focused = to;
    }
    this.set({ focused: to });
    focusOn(this, '.month [tabindex="0"]');
  }

  chooseDay(day) {
    const times = this.daysOf(this.month).get(day).length;

    this.set({ day, focused: day });
    announce(t('picker.dayTold', { date: formatDate(day), count: times }));
    this.querySelector('.times').scrollIntoView({ block: 'nearest' });
  }

  chooseZone(event) {
    const zone = event.detail;

    event.stopPropagation();
    this.zone = zone;
    this.emit('zonechange', zone);
  }

  /* Month by month, at most a year ahead. */
  async findNext() {
    const { turn } = this;
    const known = this.firstFree && monthOf(dateIn(Date.parse(this.firstFree), this.shownZone));

    this.set({ search: 'looking' });
    try {
      for (let month = known > this.month ? known : addMonths(this.month, 1); month <= this.lastMonth; month = addMonths(month, 1)) {
        await this.fetchMonth(month);
        if (turn !== this.turn) return;
        const [day] = this.daysOf(month).keys();

        if (day) {
          this.goTo(month, day);
          focusOn(this, '.month [tabindex="0"]');
          return;
        }
      }
      this.set({ search: 'none' });
      announce(t('picker.noneLater'));
    } catch (error) {
      if (turn === this.turn && error.name !== 'AbortError') this.set({ search: null, status: 'error', error });
    }
  }

  /* --- what is shown ------------------------------------------------------------------------------------------------ */

  view() {
    const days = this.daysOf(this.month);
    const waiting = this.status === 'loading' && days.size === 0;

    return h('div', { class: waiting ? 'slot-picker waiting' : 'slot-picker', 'aria-busy': String(this.status === 'loading') },
      h('zone-picker', { zone: this.shownZone, instant: this.instantShown(), onpick: (event) => this.chooseZone(event) }),
      h('div', { class: 'calendar' }, this.head(), this.grid(days)),
      h('section', { class: 'times' }, this.side(days, waiting)));
  }

  /* The offset that the zone picker shows is that of the day chosen. */
  instantShown() {
    return instantOf(this.day ?? this.firstDay, 720, this.shownZone);
  }

  head() {
    const turn = (name, months, label, off) => h('button', {
      type: 'button', class: 'icon', 'aria-label': label, 'aria-disabled': off ? 'true' : null,
      onclick: () => this.goTo(addMonths(this.month, months)),
    }, icon(name));

    return h('div', { class: 'calendar-head' },
      turn('before', -1, t('picker.previousMonth'), this.month <= monthOf(this.today)),
      h('h3', null, formatMonth(this.month)),
      turn('after', 1, t('picker.nextMonth'), this.month >= this.lastMonth));
  }

  grid(days) {
    return monthGrid({
      month: this.month, chosen: this.day, today: this.today, focused: this.focused ?? this.firstDay,
      label: formatMonth(this.month), busy: this.status === 'loading',
      isFree: (date) => days.has(date),
      dayText: (date) => this.dayText(date, days.get(date)?.length ?? 0),
      onpick: (date) => this.chooseDay(date), onmove: (date) => this.moveFocus(date),
    });
  }

  dayText(date, count) {
    if (!count && this.status === 'loading') return formatDate(date);
    return t(count ? 'picker.dayFree' : 'picker.dayFull', { date: formatDate(date), count });
  }

  side(days, waiting) {
    if (this.status === 'error') return [this.failure(), days.has(this.day) && this.times(days)];
    if (waiting) return timesSkeleton();
    if (days.has(this.day)) return this.times(days);
    return days.size || this.status === 'loading' ? h('p', { class: 'quiet' }, t('picker.chooseDay')) : this.noDay();
  }

  times(days) {
    return timeList({
      day: this.day, zone: this.shownZone, slots: days.get(this.day), selected: this.selected, onpick: (slot) => this.emit('pick', slot),
    });
  }

  failure() {
    return h('div', { class: 'note bad stack tight', role: 'alert' },
      h('p', null, errorText(this.error, ['picker.errors'])),
      h('div', null, h('button', { type: 'button', class: 'small', onclick: () => this.refresh() }, t('common.retry'))));
  }

  noDay() {
    const none = this.isKnownNone || this.search === 'none';
    const looking = this.search === 'looking';

    return h('div', { class: 'nothing stack' },
      h('p', { class: 'strong' }, t(none ? this.noneKey() : 'picker.noneInMonth', { month: formatMonth(this.month) })),
      none && h('p', { class: 'quiet' }, t('picker.noneHint')),
      none
        ? h('button', { type: 'button', onclick: () => this.checkAgain() }, t('picker.checkAgain'))
        : h('button', { type: 'button', class: 'primary', 'aria-disabled': looking ? 'true' : null, onclick: () => !looking && this.findNext() },
          t(looking ? 'picker.looking' : 'picker.nextFree')));
  }

  get isKnownNone() {
    return this.firstFree === null && !this.isDoubted;
  }

  noneKey() {
    return this.month === monthOf(this.today) || this.isKnownNone ? 'picker.noneAtAll' : 'picker.noneLater';
  }

  /* Whatever was known to be none may have changed. */
  async checkAgain() {
    this.isDoubted = true;
    await this.refresh();
    if (this.status === 'ready' && !this.daysOf(this.month).size) await this.findNext();
  }
}

textProperties(SlotPicker, ['zone', 'firstFree', 'until', 'now', 'selected']);
customElements.define('slot-picker', SlotPicker);
