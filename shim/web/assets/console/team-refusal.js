/* Why a team or an event type cannot be deleted: the sentence, and the bookings that are in the way. */
import { h } from '../view.js';
import { errorText } from '../i18n.js';
import { bookingItems, bookingsOf } from './bookings-ahead.js';
import { currentUser } from './session.js';

/* What refusal() shows; ids: the event types whose bookings may be in the way; key: of the messages. */
export async function whyNot(error, ids, key) {
  const isInUse = error.code === 'OC005';
  const found = isInUse ? await Promise.all(ids.map((id) => bookingsOf(id).catch(() => []))) : [];
  const bookings = found.flat().sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));

  return { text: errorText(error, [key, 'teams.errors']), bookings };
}

export const refusal = ({ text, bookings }) => h('div', { class: 'note bad stack tight', role: 'alert', key: 'refusal' },
  h('p', null, text),
  bookings.length > 0 && h('ul', null, bookingItems(bookings, currentUser().timezone).map((item) => h('li', null, item))));
