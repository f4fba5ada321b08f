/*
 * The lists of bookings, a page at a time. The API lists by start, the earliest first: what lies ahead is read on by its
 * cursor; what lies behind is read by windows of time that go back, each shown the latest first.
 */
import { api, query } from './session.js';
import { endOf } from './meetings.js';
import { addDays, dateIn, instantOf, instantText } from '../time.js';

const DAY = 86_400_000;
const WINDOW = 31 * DAY;
const PAGE = 50;

const page = (values) => api.get(`/v0/bookings${query(values)}`);

/* All bookings with starts in [from, to), instants or null. */
export async function bookingsIn(from, to, status) {
  const found = [];
  let cursor = null;

  do {
    const answer = await page({ status, limit: 100, cursor, from: from === null ? null : instantText(from),
      to: to === null ? null : instantText(to) });

    found.push(...answer.bookings);
    cursor = answer.nextCursor;
  } while (cursor);
  return found;
}

/* A list that begins at an instant and goes on; only what has not ended at "alive". */
class Forward {
  bookings = [];
  hasMore = true;
  cursor = null;

  constructor(from, to, alive) {
    Object.assign(this, { from, to, alive });
  }

  async more() {
    const { bookings, nextCursor } = await page({
      status: 'confirmed', limit: PAGE, cursor: this.cursor, from: instantText(this.from), to: this.to && instantText(this.to),
    });

    this.bookings = [...this.bookings, ...bookings.filter((booking) => endOf(booking) > this.alive)];
    this.cursor = nextCursor;
    this.hasMore = nextCursor !== null;
  }
}

/* A list that goes back from an instant (null: from the last booking there is), only what ended by "over". */
class Backward {
  bookings = [];
  hasMore = true;

  constructor(status, to, over) {
    Object.assign(this, { status, to, over, edge: to ?? Date.now() });
  }

  async more() {
    const { bookings: [oldest] } = await page({ status: this.status, limit: 1, to: this.to && instantText(this.to) });
    const first = oldest ? Date.parse(oldest.startsAt) : this.edge;
    let found = [];

    for (let width = WINDOW; found.length === 0 && first < (this.to ?? Infinity); width *= 2) {
      const from = Math.max(first, this.edge - width);

      found = (await bookingsIn(from, this.to, this.status)).filter((booking) => endOf(booking) <= this.over);
      this.to = this.edge = from;
    }
    this.bookings = [...this.bookings, ...found.reverse()];
    this.hasMore = first < (this.to ?? -Infinity);
  }
}

/* The list of a view: more() reads on and adds to bookings; hasMore says whether that is worth it. */
export function listOf(view, zone, now = Date.now()) {
  const today = dateIn(now, zone);

  /* a meeting lasts a day at the most: what began within the last one may be going on */
  if (view === 'upcoming') return new Forward(now - DAY, null, now);
  if (view === 'today') return new Forward(instantOf(today, 0, zone), instantOf(addDays(today, 1), 0, zone), -Infinity);
  return view === 'past' ? new Backward('confirmed', now, now) : new Backward('canceled', null, Infinity);
}
