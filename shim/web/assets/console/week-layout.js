/*
 * Where the meetings of a day stand in the week's grid: by the wall clock of the host's zone, beside one another where they
 * overlap. Pure: nothing of the page in here.
 */
import { addDays, dateIn, instantOf, wallClock } from '../time.js';

/* A row of the grid is 5 minutes; nothing is shown lower than this many of them, so that it can be read and hit. */
export const ROW = 5;
const LEAST = 25;

/* The part of a meeting that falls on a date: { meeting, from, to } in minutes of the day, null if none does. */
function partOn(meeting, date, zone) {
  const [start, end] = [wallClock(meeting.start, zone), wallClock(meeting.end, zone)];

  if (start.date > date || end.date < date || (end.date === date && end.minute === 0 && start.date < date)) return null;
  const from = start.date < date ? 0 : start.minute;
  const to = end.date > date ? 1440 : end.minute;

  /* an end that reads no later than the start: the clocks went back in between */
  return { meeting, from, to: to > from ? to : Math.min(1440, from + (meeting.end - meeting.start) / 60_000) };
}

/* Gives each part of a day its lane, and how many lanes its neighbours need. */
function lanes(parts) {
  const placed = [];
  let cluster = [];
  let clusterEnd = -1;
  const close = () => cluster.forEach((part) => (part.lanes = Math.max(...cluster.map(({ lane }) => lane)) + 1));

  for (const part of parts.sort((a, b) => a.from - b.from || b.to - a.to)) {
    const end = Math.max(part.to, part.from + LEAST);

    if (part.from >= clusterEnd) {
      close();
      cluster = [];
    }
    const taken = cluster.filter((other) => Math.max(other.to, other.from + LEAST) > part.from).map(({ lane }) => lane);

    part.lane = 0;
    while (taken.includes(part.lane)) part.lane++;
    cluster.push(part);
    placed.push(part);
    clusterEnd = Math.max(clusterEnd, end);
  }
  close();
  return placed;
}

/* The change of the clocks on a date: { kind: "back" | "on", from, to } in minutes of the day, null on all other days. */
function clockChange(date, zone) {
  /* from just before the day, which some zones begin by the change */
  const [start, end] = [date, addDays(date, 1)].map((day) => instantOf(day, 0, zone) - 60_000);
  const [before, after] = [wallClock(start, zone).offset, wallClock(end, zone).offset];

  if (before === after) return null;
  let [low, high] = [start, end];

  while (high - low > 60_000) {
    const middle = low + Math.floor((high - low) / 120_000) * 60_000;

    if (wallClock(middle, zone).offset === before) low = middle;
    else high = middle;
  }
  const minute = wallClock(high, zone).minute;
  const size = Math.abs(after - before);

  return after < before ? { kind: 'back', from: minute, to: minute + size } : { kind: 'on', from: minute - size, to: minute };
}

/* The days of a week that begins on a date: [{ date, parts, change }], and the hours to show, { first, last }. */
export function layOut(meetings, monday, zone) {
  const days = Array.from({ length: 7 }, (_, i) => addDays(monday, i)).map((date) => ({
    date, change: clockChange(date, zone), parts: lanes(meetings.map((meeting) => partOn(meeting, date, zone)).filter(Boolean)),
  }));
  const parts = days.flatMap((day) => day.parts);

  return {
    days,
    first: Math.min(8, ...parts.map(({ from }) => Math.floor(from / 60))),
    last: Math.max(18, ...parts.map(({ from, to }) => Math.min(24, Math.ceil(Math.max(to, from + LEAST) / 60)))),
  };
}

/* Where the time of now stands on a date, in minutes; null on other days. */
export const nowOn = (date, zone, now = Date.now()) => (dateIn(now, zone) === date ? wallClock(now, zone).minute : null);
