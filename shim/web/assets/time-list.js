/*
 * The times of a day as one list of buttons. A time that the day's clock reads twice (the night on which the clocks go back)
 * has its offset behind it; whoever hears the button hears the date, too.
 */
import { h } from './view.js';
import { t } from './i18n.js';
import { formatDate, formatTime, instantOf, telltaleOffset, wallClock } from './time.js';

/* Whether a zone has a change of its clocks on the day: only then is it looked at closely. */
function changesOffset(day, zone) {
  return wallClock(instantOf(day, 0, zone), zone).offset !== wallClock(instantOf(day, 1440, zone), zone).offset;
}

function timeButton([instant, slot], offset, { day, zone, selected, onpick }) {
  const isSelected = selected && Date.parse(selected) === instant;

  return h('li', { key: slot.startsAt }, h('button', {
    type: 'button', class: 'time', 'aria-current': isSelected ? 'true' : null, onclick: () => onpick(slot),
  },
  h('span', { class: 'numbers strong' }, formatTime(instant, zone)),
  offset && h('small', { class: 'numbers' }, ' ', offset),
  slot.seatsLeft !== undefined && h('small', null, ' ', t('picker.seatsLeft', { count: slot.seatsLeft })),
  h('span', { class: 'unseen' }, ', ', formatDate(day))));
}

export function timeList(list) {
  const { day, zone, slots } = list;
  const changes = changesOffset(day, zone);
  const isRoomy = slots[0][1].seatsLeft !== undefined;
  const offsets = slots.map(([instant]) => (changes ? telltaleOffset(instant, zone) : null));

  return [
    h('h3', { class: 'times-head' }, formatDate(day, { weekday: 'long', day: 'numeric', month: 'short' })),
    offsets.some(Boolean) && h('p', { class: 'small quiet' }, t('picker.clocksChange')),
    h('ul', { class: isRoomy ? 'time-list roomy' : 'time-list', key: day },
      slots.map((slot, i) => timeButton(slot, offsets[i], list))),
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
