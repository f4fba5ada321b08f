/*
 * The slots by months and days of a zone: which months can be looked at, what of one is known, what to ask for. A month is
 * "2026-11", a date "2026-11-01".
 */
import { addDays, addMonths, dateIn, instantOf, monthOf } from './time.js';
import { SlotStore } from './slot-store.js';

const HOUR = 3_600_000;
const ONE_CALL = 31 * 24 * HOUR;
const MARGIN = 26 * HOUR;
const MONTHS_AHEAD = 12;
const floorHour = (instant) => Math.floor(instant / HOUR) * HOUR;

export class SlotMonths {
  /* source: the slot-picker's; clock: the server's; zone may be changed at any time. */
  constructor(source, clock, zone) {
    this.store = new SlotStore((wanted) => source.load(wanted));
    if (source.known) this.store.put(floorHour(clock()), source.known.to, source.known.slots);
    Object.assign(this, { clock, zone });
  }

  get today() {
    return dateIn(this.clock(), this.zone);
  }

  get first() {
    return monthOf(this.today);
  }

  /* The last month to look at: a year ahead, or that of the last date that can be offered (until), if it is known. */
  last(until) {
    const last = addMonths(this.first, MONTHS_AHEAD);
    const own = until ? monthOf(until) : last;

    return own < this.first ? this.first : own < last ? own : last;
  }

  /* What of a month is still to come, [from, to) in milliseconds. */
  range(month) {
    const from = instantOf(`${month}-01`, 0, this.zone);

    return [Math.max(from, floorHour(this.clock())), instantOf(`${addMonths(month, 1)}-01`, 0, this.zone)];
  }

  knows(month) {
    return this.store.covers(...this.range(month));
  }

  /* Asks for a month; where one call has room for more, for as much more as it is a month in other zones. */
  async fetch(month, signal) {
    const [from, to] = this.range(month);
    const more = Math.min(to + MARGIN, from + ONE_CALL);

    if (!this.knows(month)) await this.store.fetch(from, Math.max(to, more), signal);
  }

  /* The month's slots by date: Map of date to [[instant, slot]], in order. */
  days(month) {
    const key = `${month} ${this.zone} ${this.store.version}`;

    if (this.key === key) return this.found;
    const found = new Map();

    for (const slot of this.store.between(...this.range(month))) {
      const date = dateIn(slot[0], this.zone);

      if (monthOf(date) !== month) continue;
      if (found.has(date)) found.get(date).push(slot);
      else found.set(date, [slot]);
    }
    Object.assign(this, { key, found });
    return found;
  }

  /* The day of a month where keys begin when none is chosen. */
  firstDay(month) {
    const first = `${month}-01`;

    return this.today > first ? this.today : first;
  }

  /* The date, or the nearest that can be looked at. */
  within(date, until) {
    const last = addDays(`${addMonths(this.last(until), 1)}-01`, -1);

    return date < this.today ? this.today : date > last ? last : date;
  }

  forget() {
    this.store.forget();
  }
}
