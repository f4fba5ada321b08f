/*
 * The range of time that a "detail" of the API speaks of: "claimed from 2026-06-01 08:00:00+00 to 2026-06-01 08:30:00+00",
 * as { start, end } in instants; null if it speaks of none.
 */
const INSTANT = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(?::?(\d\d))?/g;

export function toldRange(detail) {
  const found = [...(detail ?? '').matchAll(INSTANT)]
    .map(([, date, time, hours, minutes]) => Date.parse(`${date}T${time}${hours}:${minutes ?? '00'}`));
  const [start, end] = found.slice(-2);

  return end > start ? { start, end } : null;
}
