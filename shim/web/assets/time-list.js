/*
 * The times of a day as one list of buttons. A time that the day's clock reads twice (the night on which the clocks go back)
 * has its offset behind it; whoever hears the button hears the date, too.
 */
import { h } from './view.js';
import { t } from './i18n.js';
import { formatDate, formatTime, instantOf, instantsOf, offsetText, wallClock } from './time.js';

/* Whether a zone has a change of its clocks on the day: only then is it looked at closely. */
function changesOffset(day, zone) {
  return wallClock(instantOf(day, 0, zone), zone).offset !== wallClock(instantOf(day, 1440, zone), zone).offset;
}

/* "UTC−4" of an instant whose wall clock time comes twice, else null. */
export function telltaleOffset(instant, zone) {
  const { date, minute, offset } = wallClock(instant, zone);

  return instantsOf(date, minute, zone).length > 1 ? offsetText(offset) : null;
}

function timeButton([instant, slot], { day, zone, selected, changes, onpick }) {
  const offset = changes && telltaleOffset(instant, zone);

  return h('li', { key: slot.startsAt }, h('button', {
    type: 'button', class: 'time', 'aria-current': selected && Date.parse(selected) === instant ? 'true' : null, onclick: () => onpick(slot),
  },
  h('span', { class: 'numbers strong' }, formatTime(instant, zone)),
  offset && h('small', { class: 'numbers' }, ' ', offset),
  slot.seatsLeft !== undefined && h('small', null, ' ', t('picker.seatsLeft', { count: slot.seatsLeft })),
  h('span', { class: 'unseen' }, ', ', formatDate(day))));
}

export function timeList({ day, zone, slots, selected, onpick }) {
  const changes = changesOffset(day, zone);

  return [
    h('h3', { class: 'day-name' }, formatDate(day, { weekday: 'long', day: 'numeric', month: 'short' })),
    changes && h('p', { class: 'small quiet' }, t('picker.clocksChange')),
    h('ul', { class: 'time-list', key: day }, slots.map((slot) => timeButton(slot, { day, zone, selected, changes, onpick }))),
  ];
}

/* Stands where the times will be. */
export function timesSkeleton() {
  return [
    h('p', { class: 'unseen' }, t('common.loading')),
    h('div', { class: 'ghost name' }),
    h('ul', { class: 'time-list', 'aria-hidden': 'true' }, Array.from({ length: 6 }, () => h('li', { class: 'ghost' }))),
  ];
}
