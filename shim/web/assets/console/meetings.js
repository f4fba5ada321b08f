/*
 * Bookings as a host looks at them: those of one event type at one time are one meeting (a workshop with seats). Instants
 * here are numbers; the booking keeps the API's texts.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { addDays, cityOf, dateIn, formatClearTime, formatDate, formatRange, formatTime, isZone } from '../time.js';

export const startOf = (booking) => Date.parse(booking.startsAt);
export const endOf = (booking) => Date.parse(booking.endsAt);

/* [{ key, start, end, eventType, team, bookings }] in the order of the bookings; canceled ones stay by themselves. */
export function meetingsOf(bookings) {
  const meetings = new Map();

  for (const booking of bookings) {
    const key = booking.status === 'confirmed' ? `${booking.eventType.id} ${booking.startsAt} ${booking.hostIds.join()}`
      : booking.id;
    const meeting = meetings.get(key);

    if (meeting) meeting.bookings.push(booking);
    else meetings.set(key, { key, start: startOf(booking), end: endOf(booking), eventType: booking.eventType, team: booking.team,
      bookings: [booking] });
  }
  return [...meetings.values()];
}

/* [{ date, meetings }] by the zone's days, in the order given. */
export function byDay(meetings, zone) {
  const days = new Map();

  for (const meeting of meetings) {
    const date = dateIn(meeting.start, zone);

    days.set(date, [...(days.get(date) ?? []), meeting]);
  }
  return [...days].map(([date, list]) => ({ date, meetings: list }));
}

/* "Ada", or "3 people" */
export const whoText = ({ bookings }) =>
  (bookings.length === 1 ? bookings[0].inviteeName : t('console.bookings.people', { count: bookings.length }));

/* "10:00 – 10:30", with the offset where a time comes twice */
export const hoursText = ({ start, end }, zone) =>
  t('console.bookings.hours', { start: formatClearTime(start, zone), end: formatClearTime(end, zone) });

export const whenText = (booking, zone) => formatRange(startOf(booking), endOf(booking), zone);

/* "Today", "Tomorrow", "Yesterday", or null */
export function nearText(date, today) {
  if (date === today) return t('console.bookings.today');
  if (date === addDays(today, 1)) return t('console.bookings.tomorrow');
  return date === addDays(today, -1) ? t('console.bookings.yesterday') : null;
}

/* The invitee's zone where it is another than the host's, and one that this browser knows. */
export const theirZone = (booking, zone) => (booking.timezone !== zone && isZone(booking.timezone) ? booking.timezone : null);

/* The invitee's own clock where it reads otherwise: "04:00 in New York", with the day if that is another. */
export function theirTimeText(booking, zone) {
  if (!theirZone(booking, zone)) return null;
  const start = startOf(booking);
  const date = dateIn(start, booking.timezone);
  const time = formatTime(start, booking.timezone);

  if (date === dateIn(start, zone) && time === formatTime(start, zone)) return null;
  return t('console.bookings.theirTime', {
    city: cityOf(booking.timezone),
    time: date === dateIn(start, zone) ? time : `${formatDate(date, { weekday: 'short' })} ${time}`,
  });
}

/* Where: the kind, and what the host wrote; a link where that is one. */
export function placeNode({ locationType, locationValue }) {
  const isLink = /^https:\/\/\S+$/.test(locationValue ?? '');

  return [t(`place.${locationType}`), locationValue && ': ',
    isLink ? h('a', { href: locationValue, target: '_blank', rel: 'noreferrer' }, locationValue) : locationValue];
}

/* The state of a booking as a badge; none for one that is simply ahead. */
export function stateBadge(booking, now = Date.now()) {
  if (booking.status === 'canceled') return badge('bad', 'canceled');
  if (booking.status === 'rescheduled') return badge('warn', 'moved');
  if (booking.noShowAt) return badge('warn', 'noShow');
  if (startOf(booking) <= now && now < endOf(booking)) return badge('good', 'running');
  return null;
}

const badge = (look, name) => h('span', { class: `badge ${look}` }, t(`console.state.${name}`));
