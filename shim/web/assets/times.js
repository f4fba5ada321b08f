/*
 * Times that were served, written as the visitor writes them: <time datetime="…Z" data-zone="Europe/Berlin"
 * data-part="time|date|range" data-end="…Z">. The zone stays the one that was served. Until then css hides them.
 */
import { dateIn, formatDate, formatRange, formatTime, isZone } from './time.js';

function textOf({ dateTime, dataset: { zone, part, end } }) {
  const instant = Date.parse(dateTime);

  if (part === 'range' && end) return formatRange(instant, Date.parse(end), zone);
  return part === 'date' ? formatDate(dateIn(instant, zone)) : formatTime(instant, zone);
}

/* One that the browser does not know the zone of stays as it was served. */
export function showTimes(root = document) {
  for (const node of root.querySelectorAll('time[data-zone]:not([data-shown])')) {
    if (isZone(node.dataset.zone) && node.dateTime) node.textContent = textOf(node);
    node.dataset.shown = '';
  }
}
