/*
 * Time as the pages show it. An instant is a number of milliseconds (Date.parse of the API's text); a date is a text
 * "2026-11-01", of a calendar, in no zone; a minute is one of the day, 0 to 1440. Which slots there are is the server's word:
 * here is only shown, in a zone, what it said, and a wall clock made an instant for what a host types in.
 */
import { hourCycle, locale, t } from './i18n.js';
import { nameNow, nameOfOld } from './zone-names.js';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const formats = new Map();

/* Making a format is slow, using one is quick. */
function format(options, of = locale) {
  const key = of + JSON.stringify(options);

  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(of, options));
  return formats.get(key);
}

export const ownZone = nameNow(Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC');

export function isZone(zone) {
  try {
    format({ timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/* --- dates of a calendar ------------------------------------------------------------------------------------------ */

const utc = (date) => Date.parse(`${date}T00:00:00Z`);
const dateOf = (year, month, day) => new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
export const addDays = (date, days) => new Date(utc(date) + days * DAY).toISOString().slice(0, 10);

/* 0 = Sunday, as in the API. */
export const weekdayOf = (date) => new Date(utc(date)).getUTCDay();
export const monthOf = (date) => date.slice(0, 7);
export const addMonths = (month, n) => {
  const [year, number] = month.split('-').map(Number);

  return dateOf(year, number + n, 1).slice(0, 7);
};

/* The first day of the week where the visitor lives, 0 = Sunday. */
export const firstWeekday = (() => {
  const own = new Intl.Locale(navigator.language).maximize();
  const info = own.getWeekInfo?.() ?? own.weekInfo;

  return info ? info.firstDay % 7 : 1;
})();

/* The weeks of a month as lists of 7 dates, with those of its neighbours. */
export function weeksOf(month) {
  const first = `${month}-01`;
  const start = addDays(first, -((weekdayOf(first) - firstWeekday + 7) % 7));
  const weeks = [];

  for (let day = start; day < addMonths(month, 1); day = addDays(day, 7))
    weeks.push(Array.from({ length: 7 }, (_, i) => addDays(day, i)));
  return weeks;
}

export const formatDate = (date, options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }) =>
  format({ ...options, timeZone: 'UTC' }).format(utc(date));
export const formatMonth = (month) => formatDate(`${month}-01`, { month: 'long', year: 'numeric' });
export const formatWeekday = (weekday, width = 'short') => formatDate(addDays('2023-01-01', weekday), { weekday: width });

/* --- instants ------------------------------------------------------------------------------------------------------ */

/* The wall clock in a zone: { date, minute, offset } with the offset from UTC in minutes. */
export function wallClock(instant, zone) {
  const parts = {};

  for (const { type, value } of format({
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
    second: '2-digit', era: 'short',
  }, 'en-US').formatToParts(instant)) parts[type] = value;
  const date = `${parts.year.padStart(4, '0')}-${parts.month}-${parts.day}`;
  const minute = Number(parts.hour) * 60 + Number(parts.minute);
  const local = utc(date) + minute * MINUTE + Number(parts.second) * 1000;

  return { date, minute, offset: Math.round((local - Math.floor(instant / 1000) * 1000) / MINUTE) };
}

export const dateIn = (instant, zone) => wallClock(instant, zone).date;

/* What a zone's clock reads at an instant, as if it were UTC. */
function reading(instant, zone) {
  const wall = wallClock(instant, zone);

  return utc(wall.date) + wall.minute * MINUTE;
}

/*
 * The instants whose wall clock in the zone reads date and minute (1440: the next midnight), in order: none where the clocks
 * skip it, two where it comes twice.
 */
export function instantsOf(date, minute, zone) {
  const local = utc(date) + minute * MINUTE;
  const offsets = new Set([-26, 0, 26].map((hours) => wallClock(local + hours * HOUR, zone).offset));

  return [...offsets].map((offset) => local - offset * MINUTE)
    .filter((instant) => reading(instant, zone) === local).sort((a, b) => a - b);
}

/* One instant for a wall clock: the first of two; for what is skipped the instant at which the clocks go on. */
export function instantOf(date, minute, zone) {
  const [first] = instantsOf(date, minute, zone);

  if (first !== undefined) return first;
  const local = utc(date) + minute * MINUTE;
  let [before, after] = [local - 26 * HOUR, local + 26 * HOUR];

  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;

    if (reading(middle, zone) < local) before = middle;
    else after = middle;
  }
  return after;
}

/* As the API takes and gives it. */
export const instantText = (instant) => new Date(instant).toISOString();

export const formatTime = (instant, zone) =>
  format({ hour: 'numeric', minute: '2-digit', hourCycle, timeZone: zone }).format(instant);

/* A minute of the day as a time, 1440 as the 24:00 that it is where hours go to 23. */
export function formatMinute(minute) {
  if (minute === 1440 && hourCycle.startsWith('h2')) return '24:00';
  return formatTime((minute % 1440) * MINUTE, 'UTC');
}

/* "UTC+5:30" */
export function offsetText(offset) {
  const size = Math.abs(offset);
  const minutes = size % 60 ? `:${String(size % 60).padStart(2, '0')}` : '';

  return offset === 0 ? 'UTC' : `UTC${offset < 0 ? '−' : '+'}${Math.floor(size / 60)}${minutes}`;
}

export const zoneOffsetText = (zone, instant = Date.now()) => offsetText(wallClock(instant, zone).offset);

/* "UTC−4" of an instant whose wall clock time comes twice (the clocks go back), else null. */
export function telltaleOffset(instant, zone) {
  const { date, minute, offset } = wallClock(instant, zone);

  return instantsOf(date, minute, zone).length > 1 ? offsetText(offset) : null;
}

/* "01:30", "01:30 UTC−4" if it comes twice. */
export function formatClearTime(instant, zone) {
  const offset = telltaleOffset(instant, zone);

  return offset ? `${formatTime(instant, zone)} ${offset}` : formatTime(instant, zone);
}

/* "Europe/Berlin" -> "Berlin", "America/Argentina/Buenos_Aires" -> "Buenos Aires" */
export const cityOf = (zone) => zone.split('/').at(-1).replaceAll('_', ' ');

/* "Thursday, 3 December 2026, 09:00 – 09:30", the second date only if it is another. */
export function formatRange(start, end, zone, dateOptions) {
  const [from, to] = [dateIn(start, zone), dateIn(end, zone)];
  const last = formatClearTime(end, zone);

  return t('time.range', {
    date: formatDate(from, dateOptions), start: formatClearTime(start, zone),
    end: from === to || wallClock(end, zone).minute === 0 && end - start < DAY ? last : `${formatDate(to, dateOptions)}, ${last}`,
  });
}

/* "1 h 30 min" */
export function formatDuration(minutes) {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];

  if (!hours) return t('time.minutes', { n: rest });
  return rest ? t('time.hoursMinutes', { hours, minutes: rest }) : t('time.hours', { n: hours });
}

/* "4:12" of milliseconds, for countdowns; never below 0:00. */
export function formatCountdown(left) {
  const seconds = Math.max(0, Math.ceil(left / 1000));

  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/* --- zones --------------------------------------------------------------------------------------------------------- */

let names;

/* All zones that the browser knows, the visitor's own and UTC among them. */
export function zones() {
  names ??= [...new Set([...(Intl.supportedValuesOf?.('timeZone') ?? []).map(nameNow), ownZone, 'UTC'])].sort();
  return names;
}

/* Zones whose city, region or offset at the instant has the words searched for. Offsets, slow at first, only if names do not do. */
export function findZones(words, instant = Date.now(), most = 60) {
  const plain = (text) => text.toLowerCase().replaceAll('−', '-').replaceAll('_', ' ');
  const wanted = plain(words).split(/[\s,/]+/).filter(Boolean);
  const found = [];

  for (const zone of zones()) {
    const name = plain(`${zone} ${nameOfOld(zone)}`);
    const missing = wanted.filter((word) => !name.includes(word));

    if (missing.length && !missing.every((word) => /^(utc|gmt|[-+]?\d)/.test(word))) continue;
    const offset = zoneOffsetText(zone, instant);
    const offsets = plain(`${offset} ${offset.replace('UTC', 'GMT')}`);

    if (missing.every((word) => offsets.includes(word))) found.push({ zone, city: cityOf(zone), offset });
    if (found.length === most) break;
  }
  return found;
}
