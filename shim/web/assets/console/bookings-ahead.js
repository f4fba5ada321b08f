/* Bookings that a change would touch: found by the API, shown as a list of links. */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { formatRange, instantText } from '../time.js';
import { api, query } from './session.js';

const DAY = 86_400_000;
const SHORT = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' };

/* Confirmed bookings that start in [from, to); to null: for ever. At most so many; more: whether there are others. */
async function starting(from, to, most = 100) {
  const range = { from: instantText(from), to: to === null ? null : instantText(to) };
  const path = `/v0/bookings${query({ status: 'confirmed', ...range, limit: 100 })}`;
  const found = [];
  let cursor = null;

  do {
    const { bookings, nextCursor } = await api.get(cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path);
    found.push(...bookings);
    cursor = nextCursor;
  } while (cursor && found.length < most);
  return { bookings: found, more: cursor !== null };
}

/* Those of a host that are under way at some instant of [from, to); one may have begun a day before. */
export async function bookingsWithin(from, to, user) {
  const { bookings } = await starting(from - DAY, to, 1000);

  return bookings.filter((booking) => Date.parse(booking.endsAt) > from && booking.hostIds.includes(user.id));
}

/* Those to come of a host, and whether there are more than are told. */
export async function bookingsAhead(user) {
  const { bookings, more } = await starting(Date.now(), null);

  return { bookings: bookings.filter((booking) => booking.hostIds.includes(user.id)), more };
}

/* Those to come, or under way, of an event type. */
export async function bookingsOf(eventTypeId) {
  const { bookings } = await starting(Date.now() - DAY, null, 1000);

  return bookings.filter((booking) => booking.eventType.id === eventTypeId && Date.parse(booking.endsAt) > Date.now());
}

/* "Thu, 3 Dec 2026, 09:00 – 09:30: Ada, Intro call", a link to the booking in a tab of its own. */
const bookingLink = (booking, zone) => h('a', { href: `#/bookings/${booking.id}`, target: '_blank' },
  t('setup.booking', {
    when: formatRange(Date.parse(booking.startsAt), Date.parse(booking.endsAt), zone, SHORT),
    name: booking.inviteeName, event: booking.eventType.name,
  }), h('span', { class: 'unseen' }, ' ', t('setup.newTab')));

/* The first of them as list items, and how many there are besides. */
export function bookingItems(bookings, zone, shown = 8) {
  const items = bookings.slice(0, shown).map((booking) => bookingLink(booking, zone));

  if (bookings.length > shown) items.push(t('setup.andMore', { count: bookings.length - shown }));
  return items;
}
