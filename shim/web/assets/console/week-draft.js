/*
 * Weekly hours while they are edited: windows { key, day, start, end, before, after } with the times and buffers as the texts
 * that stand in the fields; and back to the API's rules. Windows may overlap or touch, which is told.
 */
import { t } from '../i18n.js';
import { formatDuration, formatWeekday } from '../time.js';
import { numberOf, rangeError } from './setup-fields.js';
import { minuteOf, minuteText } from './time-text.js';

export const MOST_WINDOWS = 50;
const BUFFER = [0, 180];
let made = 0;

export const windowOf = ({ dayOfWeek, startMinute, endMinute, bufferBeforeMinutes = 0, bufferAfterMinutes = 0 }) => ({
  key: `w${++made}`, day: dayOfWeek, start: minuteText(startMinute), end: minuteText(endMinute),
  before: String(bufferBeforeMinutes ?? 0), after: String(bufferAfterMinutes ?? 0),
});

export const copyTo = (window, day) => ({ ...window, key: `w${++made}`, day });

/* As the API takes it; null for a time that is none. */
const ruleOf = ({ day, start, end, before, after }) => ({
  dayOfWeek: day, startMinute: minuteOf(start), endMinute: minuteOf(end, true),
  bufferBeforeMinutes: numberOf(before) ?? 0, bufferAfterMinutes: numberOf(after) ?? 0,
});

const inOrder = (a, b) => a.dayOfWeek - b.dayOfWeek || a.startMinute - b.startMinute || a.endMinute - b.endMinute
  || a.bufferBeforeMinutes - b.bufferBeforeMinutes || a.bufferAfterMinutes - b.bufferAfterMinutes;
export const rulesOf = (windows) => windows.map(ruleOf).sort(inOrder);

/* The API's rules without their ids, members and list in the same order. */
export const plainRules = (rules) => rules.map(({ dayOfWeek, startMinute, endMinute, bufferBeforeMinutes, bufferAfterMinutes }) =>
  ({ dayOfWeek, startMinute, endMinute, bufferBeforeMinutes, bufferAfterMinutes })).sort(inOrder);

/* { start, end, before, after } of what is wrong in a window. */
export function windowErrors(window) {
  const { startMinute, endMinute, bufferBeforeMinutes, bufferAfterMinutes } = ruleOf(window);
  const errors = {
    start: startMinute === null && t('week.errors.time'), end: endMinute === null && t('week.errors.time'),
    before: rangeError(bufferBeforeMinutes, BUFFER), after: rangeError(bufferAfterMinutes, BUFFER),
  };

  if (startMinute !== null && endMinute !== null && endMinute <= startMinute) errors.end = t('week.errors.order');
  return errors;
}

export const isRight = (window) => Object.values(windowErrors(window)).every((error) => !error);

/* What is to be told of a day's windows: those that overlap or touch, and a day that runs on into the next. */
export function dayNotes(windows, day) {
  const right = windows.filter(isRight).map(ruleOf).sort(inOrder);
  const here = right.filter((rule) => rule.dayOfWeek === day);
  const notes = [];

  here.forEach((rule, i) => {
    const next = here[i + 1];

    if (next && next.startMinute < rule.endMinute) notes.push(t('week.overlap', { time: minuteText(next.startMinute) }));
    else if (next && next.startMinute === rule.endMinute) notes.push(t('week.touch', { time: minuteText(next.startMinute) }));
  });
  const tomorrow = (day + 1) % 7;
  if (here.some((rule) => rule.endMinute === 1440) && right.some((rule) => rule.dayOfWeek === tomorrow && rule.startMinute === 0))
    notes.push(t('week.runsOn', { day: formatWeekday(tomorrow, 'long') }));
  return notes;
}

/* How long a week is open in all, where windows overlap counted once: "40 h". */
export function weekLength(windows) {
  let minutes = 0;
  let until = -1;

  for (const { dayOfWeek, startMinute, endMinute } of rulesOf(windows.filter(isRight))) {
    const [from, to] = [dayOfWeek * 1440 + startMinute, dayOfWeek * 1440 + endMinute];

    minutes += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return formatDuration(minutes);
}

/* A new window of a day: after its last one if there is room, else the usual nine to five. */
export function nextWindow(windows, day) {
  const ends = windows.filter((window) => window.day === day).map(ruleOf).map((rule) => rule.endMinute ?? 1440);
  const last = Math.max(...ends);

  if (!ends.length || last > 1380) return windowOf({ dayOfWeek: day, startMinute: 540, endMinute: 1020 });
  return windowOf({ dayOfWeek: day, startMinute: Math.min(last + 60, 1380), endMinute: Math.min(last + 180, 1440) });
}

const spanText = ({ startMinute, endMinute }) => t('setup.span', { start: minuteText(startMinute), end: minuteText(endMinute) });

/* "09:00 – 12:00, 13:00 – 17:00" of a day. */
export const dayText = (rules, day) => rules.filter((rule) => rule.dayOfWeek === day).map(spanText).join(', ');

/* The same with the buffers, where there are any. */
export const fullDayText = (rules, day) => rules.filter((rule) => rule.dayOfWeek === day).map((rule) => {
  const { bufferBeforeMinutes: before, bufferAfterMinutes: after } = rule;

  return before || after ? `${spanText(rule)} (${t('week.buffersSet', { before, after })})` : spanText(rule);
}).join(', ');
