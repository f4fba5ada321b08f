/*
 * What it means to move to another zone, asked before it is done: weekly hours keep their wall-clock times and so become
 * others for everybody else; what is booked stays at its instant and so reads otherwise.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { formatDate, formatTime, dateIn, instantText } from '../time.js';
import { api, openDialog, query } from './session.js';
import { startOf } from './meetings.js';

const SHOWN = 5;
const place = (zone) => zone.replaceAll('_', ' ');

/* True if the host wants it. */
export async function confirmZone(from, to) {
  const [{ bookings, nextCursor }, { schedules }] = await Promise.all([
    api.get(`/v0/bookings${query({ status: 'confirmed', from: instantText(Date.now()), limit: 100 })}`),
    api.get('/v0/me/schedules')]);
  const schedule = schedules.find(({ isDefault }) => isDefault);

  return await openDialog({
    heading: t('console.zone.title', { zone: place(to) }),
    view: ({ close }) => h('div', { class: 'stack' },
      h('p', null, t('console.zone.hours', { schedule: schedule?.name ?? '', from: place(from), to: place(to) })),
      schedules.length > 1 && h('p', { class: 'quiet small' }, t('console.zone.others')),
      ahead(bookings, nextCursor !== null, from, to),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => close(false) }, t('common.cancel')),
        h('button', { type: 'button', class: 'primary', onclick: () => close(true) }, t('console.zone.go')))),
  }) === true;
}

/* The meetings ahead, with the times they have and will have. */
function ahead(bookings, isMore, from, to) {
  const day = { weekday: 'short', day: 'numeric', month: 'short' };
  const whenIn = (booking, zone) =>
    `${formatDate(dateIn(startOf(booking), zone), day)}, ${formatTime(startOf(booking), zone)}`;

  if (bookings.length === 0) return h('p', null, t('console.zone.none'));
  return h('div', { class: 'stack tight' },
    h('p', null, isMore ? t('console.zone.many', { n: bookings.length }) : t('console.zone.ahead', { count: bookings.length })),
    h('ul', { class: 'plain hit-list' }, bookings.slice(0, SHOWN).map((booking) => h('li', { key: booking.id },
      h('span', { class: 'strong' }, booking.inviteeName), h('span', { class: 'quiet' }, `, ${booking.eventType.name}`), h('br'),
      h('span', { class: 'numbers' }, t('console.zone.fromTo', { from: whenIn(booking, from), to: whenIn(booking, to) }))))),
    bookings.length > SHOWN && h('p', { class: 'quiet small' }, t('console.zone.more', { count: bookings.length - SHOWN })));
}
