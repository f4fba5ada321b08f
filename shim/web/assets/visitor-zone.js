/*
 * The zone in which a visitor sees times: the one chosen on a page of this tab, else the one that the address asks for
 * (?timezone=), else the browser's own.
 */
import { isZone, ownZone } from './time.js';
import { recall, remember } from './tab-memory.js';

const KEY = 'opencalendly.zone';

export function visitorZone(asked) {
  return [recall(KEY), asked].find((zone) => zone && isZone(zone)) ?? ownZone;
}

export function rememberZone(zone) {
  remember(KEY, zone);
}
