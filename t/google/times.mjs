/* Instants of events, in milliseconds. */

const clocks = new Map();

function clock(zone) {
  if (!clocks.has(zone)) {
    clocks.set(zone, new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric',
      day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }));
  }
  return clocks.get(zone);
}

/* How far a zone's clocks are ahead at an instant. */
function ahead(instant, zone) {
  const parts = Object.fromEntries(clock(zone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));

  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - Math.floor(instant / 1000) * 1000;
}

/* When clocks in a zone show what they would in UTC at shown: the first time, if they do twice. */
function shownIn(zone, shown) {
  const before = shown - ahead(shown - 86400000, zone);

  return shown - ahead(before, zone) === before ? before : shown - ahead(shown - ahead(shown + 86400000, zone), zone);
}

/* The instant of a start or an end ({date}, {dateTime, timeZone}) in a calendar of that zone; NaN if it is none. */
export function instantOf(when, zone) {
  if (when?.date) return shownIn(zone, Date.parse(`${when.date}T00:00:00Z`));
  if (!when?.dateTime) return NaN;
  if (/(Z|[+-]\d\d:?\d\d)$/.test(when.dateTime)) return Date.parse(when.dateTime);
  return shownIn(when.timeZone ?? zone, Date.parse(`${when.dateTime}Z`));
}

export const isInstant = (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));

export const toText = (instant) => new Date(instant).toISOString().replace('.000Z', 'Z');
