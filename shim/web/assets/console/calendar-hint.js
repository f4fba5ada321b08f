/*
 * <oc-calendar-hint>: what a host must know of their calendars wherever they look at what is booked or offered: an account that
 * cannot be read any more, slots that are kept back, bookings that were not written (until they have been seen in the section).
 * Nothing while all is well.
 */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { stateOf, statusOf, unseenFailures, writebacksOf } from './calendar-data.js';

const quietly = (promise) => promise.catch(() => null);

class CalendarHint extends View {
  status = null;
  writebacks = null;

  /* The page is of use without this. */
  async start() {
    const status = await quietly(statusOf());
    const writebacks = status?.connections.length ? await quietly(writebacksOf()) : null;

    this.set({ status, writebacks });
  }

  get hints() {
    const states = (this.status?.connections ?? []).map(stateOf);
    const count = this.writebacks ? unseenFailures(this.writebacks) : 0;
    const isStale = this.status?.connections.some((one) => one.isStale);

    return [
      isStale && ['bad', t('calendars.hint.stale')],
      states.includes('broken') && [isStale ? 'bad' : 'warn', t('calendars.hint.broken')],
      count > 0 && ['warn', t('calendars.hint.writebacks', { count })],
    ].filter(Boolean);
  }

  view() {
    const { hints } = this;

    return hints.length > 0 && h('div', { class: `note ${hints[0][0]} stack tight` },
      hints.map(([, text]) => h('p', { key: text }, text)),
      h('p', null, h('a', { href: '#/calendars' }, t('calendars.hint.link'))));
  }
}

customElements.define('oc-calendar-hint', CalendarHint);
