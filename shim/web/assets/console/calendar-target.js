/*
 * <oc-calendar-target>: the calendar that bookings are written into, and what could not be written. Property of: { connections,
 * writebacks (null: not known), zone }. Event: "changed" when there is something new to be read.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { selectField } from './setup-fields.js';
import { timeText } from './webhook-data.js';
import { failureText, writableOf, writeTargetOf } from './calendar-data.js';

class CalendarTarget extends View {
  of = null;
  /* the calendar's id that was chosen and is being saved, '' for none */
  wish = null;
  /* what became of the last act: { text, look } */
  told = null;
  isRunning = false;

  tell(text, look = '') {
    this.set({ told: { text, look } });
    if (look !== 'bad') announce(text);
  }

  /* One call at a time: what was chosen last is sent when the call before is answered. */
  async choose(id) {
    const isUnderWay = this.wish !== null;

    this.set({ wish: id, told: null });
    if (isUnderWay) return;
    try {
      for (let sent = null; sent !== this.wish;) {
        sent = this.wish;
        await this.save(sent);
      }
      this.emit('changed');
      this.tell(t(this.wish ? 'calendars.target.saved' : 'calendars.target.savedNone'), 'good');
    } catch (error) {
      this.tell(errorText(error, ['calendars.errors']), 'bad');
    }
    this.set({ wish: null });
  }

  /* Which one it was until now is no longer so by itself. */
  save(id) {
    const { calendar, connection } = writableOf(this.of.connections).find((one) => one.calendar.id === id)
      ?? writeTargetOf(this.of.connections) ?? {};

    return calendar && api.patch(`/v0/calendar/connections/${connection.id}`,
      { calendars: [{ id: calendar.id, isWriteTarget: id !== '' }] });
  }

  async run() {
    if (this.isRunning) return;
    this.set({ isRunning: true, told: null });
    try {
      const { processed, retried, failed } = await api.post('/v0/calendar/writeback/run');
      const left = retried + failed;

      if (processed === 0) this.tell(t('calendars.writebacks.ranNone'));
      else this.tell(t('calendars.writebacks.ran', { written: processed - left, left }), left ? '' : 'good');
    } catch (error) {
      this.tell(errorText(error, ['calendars.errors']), 'bad');
    }
    this.set({ isRunning: false });
    this.emit('changed');
  }

  view() {
    const { connections } = this.of;
    const all = writableOf(connections);
    const target = this.wish ?? writeTargetOf(connections)?.calendar.id ?? '';
    const several = connections.length > 1;

    return h('section', { class: 'card stack', 'aria-labelledby': 'calendar-target-title' },
      h('h2', { id: 'calendar-target-title' }, t('calendars.target.title')),
      all.length === 0 && h('p', { key: 'none', class: 'quiet' }, t('calendars.target.noneThere')),
      all.length > 0 && selectField({
        id: 'calendar-target', label: t('calendars.target.label'), hint: t('calendars.target.hint'), value: target,
        oninput: (id) => this.choose(id),
      }, [['', t('calendars.target.none')], ...all.map((one) => [one.calendar.id, nameOf(one, several)])]),
      this.told && h('p', { key: 'told', class: `note ${this.told.look}`, role: this.told.look === 'bad' ? 'alert' : null },
        this.told.text),
      this.failures());
  }

  failures() {
    const { writebacks, zone } = this.of;

    if (!writebacks) return null;
    const { summary, failures } = writebacks;

    return [
      summary.pending > 0 && failures.length === 0 && h('p', { key: 'pending', class: 'quiet small' },
        t('calendars.writebacks.pending', { count: summary.pending })),
      failures.length > 0 && h('div', { key: 'failures', class: 'note warn stack tight' },
        h('h3', null, t('calendars.writebacks.title')),
        h('ul', { class: 'plain stack tight' }, failures.map((one) => h('li', { key: one.id }, failureNode(one, zone)))),
        failures.some(({ nextAttemptAt }) => nextAttemptAt) && h('p', null, h('button', {
          type: 'button', class: 'small', 'aria-disabled': this.isRunning ? 'true' : null, onclick: () => this.run(),
        }, t(this.isRunning ? 'common.busy' : 'calendars.writebacks.run')))),
    ];
  }
}

/* The main calendar of an account is called as the account is. */
const nameOf = ({ calendar: { name }, connection: { externalEmail: email } }, several) =>
  (several && name !== email ? t('calendars.target.of', { name, email }) : name);

/* What was to be written, why it is not, and whether it is tried again. */
function failureNode({ operation, attemptCount, maxAttempts, nextAttemptAt, lastError, bookingId }, zone) {
  return [
    h('span', { class: 'strong' }, t(`calendars.writebacks.operations.${operation}`)),
    bookingId && [' (', h('a', { href: `#/bookings/${bookingId}` }, t('calendars.writebacks.booking')), ')'], ': ',
    lastError ? failureText(lastError) : '', ' ',
    nextAttemptAt ? t('calendars.writebacks.again', { n: attemptCount, most: maxAttempts, at: timeText(nextAttemptAt, zone) })
      : t('calendars.writebacks.givenUp', { n: attemptCount }),
  ];
}

customElements.define('oc-calendar-target', CalendarTarget);
