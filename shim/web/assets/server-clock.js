/*
 * The server's clock, however wrong the visitor's is: from what it read when the page was made. A page out of the browser's
 * cache (Back, without a request) was made some time ago: what this tab has learned of the clock from another one is taken.
 */
import { recall, remember } from './tab-memory.js';

const KEY = 'opencalendly.clock';
const [visit] = performance.getEntriesByType('navigation');

/* Whether the page, with all that it says, is as old as its copy in the cache. */
export const isOldCopy = visit?.type === 'back_forward' && visit.transferSize === 0;

let ahead;

function aheadOf(now) {
  if (isOldCopy || !now) return recall(KEY) ?? 0;
  const milliseconds = Date.parse(now) - Date.now();

  remember(KEY, milliseconds);
  return milliseconds;
}

/* Returns a function that tells the time in milliseconds. now: what the clock read when the page was made. */
export function serverClock(now) {
  ahead ??= aheadOf(now);
  return () => Date.now() + ahead;
}
