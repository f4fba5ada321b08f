/*
 * A month as a grid of days to choose from, by the ARIA grid pattern: one day is in the tab order, the keys move from it.
 * Days that cannot be chosen can be reached, and say so. There are six rows always, so that nothing below moves.
 *
 *   monthGrid({ month, focused, chosen, today, label, busy, isFree(date), dayText(date), onpick(date), onmove(date) })
 */
import { h } from './view.js';
import { addDays, addMonths, firstWeekday, formatWeekday, monthOf, weekdayOf, weeksOf } from './time.js';

const ROWS = 6;
const isMirrored = () => getComputedStyle(document.documentElement).direction === 'rtl';

/* The same day of a month n away, or that month's last. */
function monthsOn(date, n) {
  const month = addMonths(monthOf(date), n);
  const last = addDays(`${addMonths(month, 1)}-01`, -1);
  const same = `${month}-${date.slice(8)}`;

  return same < last ? same : last;
}

/* Where a key leads from a day; undefined for keys that are no business of the grid's. */
function dayByKey(date, key) {
  const forward = isMirrored() ? -1 : 1;
  const inWeek = (weekdayOf(date) - firstWeekday + 7) % 7;

  switch (key) {
    case 'ArrowLeft': return addDays(date, -forward);
    case 'ArrowRight': return addDays(date, forward);
    case 'ArrowUp': return addDays(date, -7);
    case 'ArrowDown': return addDays(date, 7);
    case 'Home': return addDays(date, -inWeek);
    case 'End': return addDays(date, 6 - inWeek);
    case 'PageUp': return monthsOn(date, -1);
    case 'PageDown': return monthsOn(date, 1);
    default: return undefined;
  }
}

function press(event, date, onmove) {
  const to = event.ctrlKey || event.metaKey || event.altKey ? undefined : dayByKey(date, event.key);

  if (to === undefined) return;
  event.preventDefault();
  onmove(to);
}

function weekdays() {
  return h('tr', null, Array.from({ length: 7 }, (_, i) => (firstWeekday + i) % 7).map((weekday) =>
    h('th', { scope: 'col' },
      h('span', { 'aria-hidden': 'true' }, formatWeekday(weekday, 'short')),
      h('span', { class: 'unseen' }, formatWeekday(weekday, 'long')))));
}

function day(date, grid) {
  const free = grid.isFree(date);

  return h('td', { 'aria-selected': date === grid.chosen ? 'true' : null }, h('button', {
    type: 'button', class: free ? 'day free' : 'day', 'data-date': date, tabindex: date === grid.focused ? 0 : -1,
    'aria-disabled': free ? null : 'true', 'aria-current': date === grid.today ? 'date' : null, 'aria-label': grid.dayText(date),
    onclick: () => free && grid.onpick(date), onkeydown: (event) => press(event, date, grid.onmove),
  }, String(Number(date.slice(8)))));
}

export function monthGrid(grid) {
  const weeks = weeksOf(grid.month);
  const empty = Array.from({ length: ROWS - weeks.length });

  return h('table', { class: 'month', role: 'grid', 'aria-label': grid.label, 'aria-busy': String(grid.busy) },
    h('thead', null, weekdays()),
    h('tbody', null,
      weeks.map((week) => h('tr', null, week.map((date) => (monthOf(date) === grid.month ? day(date, grid) : h('td'))))),
      empty.map(() => h('tr', { 'aria-hidden': 'true' }, h('td', { colspan: 7 })))));
}
