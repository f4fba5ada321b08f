/*
 * <slot-picker>: a day of a month, then one of its times. What is free is the server's word; here it is put into the days of
 * the zone chosen.
 *
 * Properties
 *   source     { load({ start, days, signal }) -> [{ startsAt, endsAt, seatsLeft? }], known?, isStale? }; known: { to, slots },
 *              all the slots from now to that instant (milliseconds), which need not be asked for; isStale: as load was told
 *              last, a calendar is too old for any to be offered
 *   zone       in which days and times are shown
 *   firstFree  the first instant that is offered, null if there is none within a year; not given: looked for
 *   until      the last date that can be offered, if that is known
 *   now        the server's clock when the page was made
 *   selected   the start of the slot that is chosen, if one is
 * Events: pick (detail: the slot as it was told), zonechange (detail: the zone). refresh() asks for all anew.
 */
import { View, announce, focusOn, h } from './view.js';
import { errorText, t } from './i18n.js';
import { addMonths, dateIn, formatDate, formatMonth, instantOf, isZone, monthOf, ownZone } from './time.js';
import { serverClock } from './server-clock.js';
import { SlotMonths } from './slot-months.js';
import { monthGrid } from './month-grid.js';
import { timeList, timesSkeleton } from './time-list.js';
import { icon } from './icons.js';
import { textProperties } from './text-properties.js';
import './zone-picker.js';

/* What is older when the visitor comes back is asked for again, milliseconds. */
const STALE = 60_000;
const NOON = 720;

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

  get shownZone() {
    return this.zone && isZone(this.zone) ? this.zone : ownZone;
  }

  /* Another source or zone begins anew; all else is only shown. */
  update() {
    if (!this.isConnected || !this.source) return;
    if (this.seenSource !== this.source) this.begin();
    else if (this.months.zone !== this.shownZone) this.changeZone();
    else super.update();
  }

  begin() {
    const first = this.selected ?? this.firstFree;

    this.seenSource = this.source;
    this.months = new SlotMonths(this.source, serverClock(this.now), this.shownZone);
    this.day = first ? dateIn(Date.parse(first), this.shownZone) : null;
    this.month = monthOf(this.day ?? this.months.today);
    this.focused = this.day;
    this.search = null;
    this.isDoubted = false;
    this.load();
  }

  changeZone() {
    this.months.zone = this.shownZone;
    if (this.month < this.months.first) this.month = this.months.first;
    this.load();
  }

  /* --- loading ------------------------------------------------------------------------------------------------------ */

  async load() {
    const turn = ++this.turn;

    if (!this.months.knows(this.month)) {
      this.set({ status: 'loading', error: null });
      try {
        await this.months.fetch(this.month, this.leaving.signal);
      } catch (error) {
        if (turn === this.turn && error.name !== 'AbortError') this.set({ status: 'error', error });
        return;
      }
      this.loadedAt = Date.now();
      this.isDoubted ||= Boolean(this.source.isStale);
    }
    if (turn === this.turn) this.showLoaded();
  }

  showLoaded() {
    const days = this.months.days(this.month);

    if (!days.has(this.day)) this.day = days.keys().next().value ?? null;
    if (!this.focused || monthOf(this.focused) !== this.month) this.focused = this.day ?? this.months.firstDay(this.month);
    this.set({ status: 'ready', error: null });
    if (this.told !== undefined && this.told !== this.month)
      announce(t('picker.monthTold', { month: formatMonth(this.month), count: days.size }));
    this.told = this.month;
  }

  refresh() {
    this.source.known = undefined;
    this.months.forget();
    this.search = null;
    return this.load();
  }

  /* By a button that goes away: the focus must not get lost with it. */
  async retry() {
    await this.refresh();
    focusOn(this, this.status === 'error' ? '.slot-times button' : '.month [tabindex="0"]');
  }

  comeBack() {
    if (document.visibilityState === 'visible' && this.months && Date.now() - (this.loadedAt ?? 0) > STALE) this.refresh();
  }

  /* --- moving about ------------------------------------------------------------------------------------------------- */

  goTo(month, day = null) {
    if (month < this.months.first || month > this.months.last(this.until)) return;
    Object.assign(this, { month, day, focused: day, search: null });
    this.load();
  }

  moveFocus(date) {
    const to = this.months.within(date, this.until);

    if (monthOf(to) !== this.month) this.goTo(monthOf(to));
    this.set({ focused: to });
    focusOn(this, '.month [tabindex="0"]');
  }

  chooseDay(day) {
    this.set({ day, focused: day });
    announce(t('picker.dayTold', { date: formatDate(day), count: this.months.days(this.month).get(day).length }));
    this.querySelector('.slot-times').scrollIntoView({ block: 'nearest' });
  }

  chooseZone(event) {
    const zone = event.detail;

    event.stopPropagation();
    this.zone = zone;
    this.emit('zonechange', zone);
  }

  /* Month by month, at most a year ahead. */
  async findNext() {
    const { turn, months } = this;
    const known = this.firstFree && monthOf(dateIn(Date.parse(this.firstFree), this.shownZone));
    const last = months.last(this.until);

    this.set({ search: 'looking' });
    try {
      for (let month = known > this.month ? known : addMonths(this.month, 1); month <= last; month = addMonths(month, 1)) {
        await months.fetch(month, this.leaving.signal);
        if (turn !== this.turn) return;
        const [day] = months.days(month).keys();

        if (day) {
          this.goTo(month, day);
          focusOn(this, '.month [tabindex="0"]');
          return;
        }
      }
      this.set({ search: 'none' });
      announce(t(this.noneKey()));
    } catch (error) {
      if (turn === this.turn && error.name !== 'AbortError') this.set({ search: null, status: 'error', error });
    }
  }

  /* Whatever was known to be none may have changed. */
  async checkAgain() {
    this.isDoubted = true;
    await this.refresh();
    if (this.status === 'ready' && this.source.isStale) announce(t(this.noneKey()));
    else if (this.status === 'ready' && !this.months.days(this.month).size) await this.findNext();
    focusOn(this, this.source.isStale || this.search === 'none' || this.status === 'error' ? '.slot-times button' : '.month [tabindex="0"]');
  }

  /* --- what is shown ------------------------------------------------------------------------------------------------ */

  view() {
    const days = this.months.days(this.month);
    const isWaiting = this.status === 'loading' && days.size === 0;
    const noon = instantOf(this.day ?? this.months.firstDay(this.month), NOON, this.shownZone);

    return h('div', { class: isWaiting ? 'slot-picker waiting' : 'slot-picker', 'aria-busy': String(this.status === 'loading') },
      h('zone-picker', { zone: this.shownZone, instant: noon, onpick: (event) => this.chooseZone(event) }),
      h('div', { class: 'calendar' }, this.head(), this.grid(days)),
      h('section', { class: 'slot-times' }, this.side(days, isWaiting)));
  }

  head() {
    const turn = (name, by, label, isEnd) => h('button', {
      type: 'button', class: 'icon', 'aria-label': label, 'aria-disabled': isEnd ? 'true' : null,
      onclick: () => this.goTo(addMonths(this.month, by)),
    }, icon(name));

    return h('div', { class: 'calendar-head' },
      turn('before', -1, t('picker.previousMonth'), this.month <= this.months.first),
      h('h3', null, formatMonth(this.month)),
      turn('after', 1, t('picker.nextMonth'), this.month >= this.months.last(this.until)));
  }

  grid(days) {
    return monthGrid({
      month: this.month, chosen: this.day, today: this.months.today, focused: this.focused ?? this.months.firstDay(this.month),
      label: formatMonth(this.month), busy: this.status === 'loading',
      isFree: (date) => days.has(date),
      dayText: (date) => this.dayText(date, days.get(date)?.length ?? 0),
      onpick: (date) => this.chooseDay(date), onmove: (date) => this.moveFocus(date),
    });
  }

  dayText(date, count) {
    if (!count && !this.months.knows(this.month)) return formatDate(date);
    return t(count ? 'picker.dayFree' : 'picker.dayFull', { date: formatDate(date), count });
  }

  side(days, isWaiting) {
    if (this.status === 'error') return [this.failure(), days.has(this.day) && this.times(days)];
    if (isWaiting) return timesSkeleton();
    if (days.has(this.day)) return this.times(days);
    return days.size || this.status === 'loading' ? h('p', { class: 'quiet' }, t('picker.chooseDay')) : this.noDay();
  }

  times(days) {
    return timeList({
      day: this.day, zone: this.shownZone, slots: days.get(this.day), selected: this.selected,
      onpick: (slot) => this.emit('pick', slot),
    });
  }

  failure() {
    return h('div', { class: 'note bad stack tight', role: 'alert' },
      h('p', null, errorText(this.error, ['picker.errors'])),
      h('div', null, h('button', { type: 'button', class: 'small', onclick: () => this.retry() }, t('common.retry'))));
  }

  get isKnownNone() {
    return this.firstFree === null && !this.isDoubted;
  }

  noneKey() {
    if (this.source.isStale) return 'picker.stale';
    return this.month === this.months.first || this.isKnownNone ? 'picker.noneAtAll' : 'picker.noneLater';
  }

  noDay() {
    const { isStale } = this.source;

    if (isStale || this.isKnownNone || this.search === 'none') {
      return h('div', { class: 'nothing stack' },
        h('p', { class: 'strong' }, t(this.noneKey())),
        h('p', { class: 'quiet' }, t(isStale ? 'picker.staleHint' : 'picker.noneHint')),
        h('button', { type: 'button', onclick: () => this.checkAgain() }, t('picker.checkAgain')));
    }
    const isLooking = this.search === 'looking';

    return h('div', { class: 'nothing stack' },
      h('p', { class: 'strong' }, t('picker.noneInMonth', { month: formatMonth(this.month) })),
      h('button', {
        type: 'button', class: 'primary', 'aria-disabled': isLooking ? 'true' : null,
        onclick: () => !isLooking && this.findNext(),
      }, t(isLooking ? 'picker.looking' : 'picker.nextFree')));
  }
}

textProperties(SlotPicker, ['zone', 'firstFree', 'until', 'now', 'selected']);
customElements.define('slot-picker', SlotPicker);
