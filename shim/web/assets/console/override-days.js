/*
 * Overrides as a calendar of days in the schedule's zone. An override is a range of instants; what is shown, and what is typed,
 * is the wall clock of that zone. Kinds: "off" (whole days blocked), "block" (a part), "add", "replace" (instead of the weekly
 * hours of its day).
 */
import { t } from '../i18n.js';
import { dateIn, formatDate, formatMinute, formatTime, instantOf, instantsOf, offsetText, wallClock } from '../time.js';

export const SHORT = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' };

/* The instants [from, to) of a local day. */
export const dayRange = (date, zone) => [instantOf(date, 0, zone), instantOf(date, 1440, zone)];

export const startOf = (override) => Date.parse(override.startAt);
export const endOf = (override) => Date.parse(override.endAt);

/* The first and the last local date that a range touches. */
export const datesOf = (override, zone) => [dateIn(startOf(override), zone), dateIn(endOf(override) - 1, zone)];

/* The API's overrides without their ids, members and list always in the same order. */
export const plainOverrides = (overrides) => overrides
  .map(({ startAt, endAt, isAvailable, replacesDay, reason }) => ({ startAt, endAt, isAvailable, replacesDay, reason }))
  .sort(byStart);

export function kindOf(override, zone) {
  if (override.isAvailable) return override.replacesDay ? 'replace' : 'add';
  const [first, last] = datesOf(override, zone);

  return startOf(override) === dayRange(first, zone)[0] && endOf(override) === dayRange(last, zone)[1] ? 'off' : 'block';
}

export const touching = (overrides, date, zone) => {
  const [from, to] = dayRange(date, zone);

  return overrides.filter((override) => startOf(override) < to && endOf(override) > from);
};

export const byStart = (a, b) => startOf(a) - startOf(b) || endOf(a) - endOf(b);

/* A time with its offset where the clocks show it twice that night. */
export function timeText(instant, zone) {
  const { date, minute, offset } = wallClock(instant, zone);
  const time = formatTime(instant, zone);

  return instantsOf(date, minute, zone).length > 1 ? t('overrides.timeOffset', { time, offset: offsetText(offset) }) : time;
}

/* "09:00 – 12:00", to the end of the day "18:00 – 24:00" */
export function spanText(override, zone) {
  const end = wallClock(endOf(override), zone);
  const last = end.minute === 0 ? formatMinute(1440) : timeText(endOf(override), zone);

  return t('setup.span', { start: timeText(startOf(override), zone), end: last });
}

/* When an override is, in words: a day, days, or a day and times. */
export function whenText(override, zone) {
  const [first, last] = datesOf(override, zone);
  const days = first === last ? formatDate(first, SHORT)
    : t('overrides.days', { first: formatDate(first, SHORT), last: formatDate(last, SHORT) });

  if (kindOf(override, zone) === 'off') return days;
  if (first === last) return t('overrides.dayTimes', { day: days, times: spanText(override, zone) });
  return t('overrides.days', {
    first: t('overrides.dayTimes', { day: formatDate(first, SHORT), times: timeText(startOf(override), zone) }),
    last: t('overrides.dayTimes', { day: formatDate(last, SHORT), times: timeText(endOf(override), zone) }),
  });
}

/*
 * The instant of a typed time, for the start or the end of a range: { instant, state }. state "twice": the clocks show it two
 * times, which (0 or 1) chooses; by itself the first for a start, the last for an end, as weekly hours have it. "skipped":
 * they jump over it, so the range begins or ends at the jump.
 */
export function typedInstant(date, minute, zone, { isEnd, which = null }) {
  const found = instantsOf(date, minute, zone);

  if (found.length === 0) return { instant: instantOf(date, minute, zone), state: 'skipped' };
  if (found.length === 1) return { instant: found[0], state: 'once' };
  return { instant: found[which ?? (isEnd ? found.length - 1 : 0)], state: 'twice', choices: found };
}
