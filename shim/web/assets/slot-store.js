/*
 * The slots that the server has told, kept so that no range is asked for twice: a month that was seen and another zone cost
 * nothing. Instants are milliseconds, ranges are [from, to).
 *
 * load({ start, days, signal }) asks the server for the slots that start in [start, start + days × 24 h), days at most 31.
 */
import { instantText } from './time.js';

const DAY = 86_400_000;
const MOST_DAYS = 31;

export class SlotStore {
  slots = new Map();
  covered = [];
  version = 0;

  constructor(load) {
    this.load = load;
  }

  /* What is not known of the range. */
  gaps(from, to) {
    const gaps = [];
    let at = from;

    for (const [start, end] of this.covered) {
      if (end <= at || start >= to) continue;
      if (start > at) gaps.push([at, start]);
      at = Math.max(at, end);
    }
    if (at < to) gaps.push([at, to]);
    return gaps;
  }

  covers(from, to) {
    return this.gaps(from, to).length === 0;
  }

  /* Asks for what is not known of the range. Throws what load() throws. */
  async fetch(from, to, signal) {
    const parts = [];

    for (const [start, end] of this.gaps(from, to))
      for (let at = start; at < end; at += MOST_DAYS * DAY)
        parts.push(this.fetchPart(at, Math.min(MOST_DAYS, Math.ceil((end - at) / DAY)), signal));
    await Promise.all(parts);
  }

  async fetchPart(start, days, signal) {
    const { covered } = this;
    const end = start + days * DAY;
    const slots = await this.load({ start: instantText(start), days, signal });

    this.put(start, end, slots, covered);
  }

  /* These are all the slots of the range. covered: what was known when they were asked for. */
  put(from, to, slots, covered = this.covered) {
    for (const at of this.slots.keys()) if (at >= from && at < to) this.slots.delete(at);
    for (const slot of slots) this.slots.set(Date.parse(slot.startsAt), slot);
    covered.push([from, to]);
    covered.sort((a, b) => a[0] - b[0]);
    this.version += 1;
  }

  /* The slots of the range as [instant, slot], in order. */
  between(from, to) {
    return [...this.slots].filter(([at]) => at >= from && at < to).sort((a, b) => a[0] - b[0]);
  }

  /* What is known may be old: it stays to be shown, and is asked for again. */
  forget() {
    this.covered = [];
  }
}
