/*
 * <oc-time-off>: holidays and other time in which nothing can be booked, in all schedules. Property about: { timeOff, user }.
 * Event "timeoff" with the new list. Bookings inside are listed before and after: they stay until they are canceled or moved.
 */
import { View, announce, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { addDays, cityOf, dateIn, instantOf, instantText } from '../time.js';
import { api, confirmDialog, openDialog } from './session.js';
import { bookingItems, bookingsWithin } from './bookings-ahead.js';
import { check, textField } from './setup-fields.js';
import { icon, iconButton } from './icons.js';
import { minuteOf, minuteText } from './time-text.js';
import { byStart, endOf, typedInstant, whenText } from './override-days.js';

/* What was taken here, or by hand; else a calendar's name is told. */
const OWN_SOURCES = ['manual', 'time_off'];

class TimeOff extends View {
  about = null;
  /* the bookings inside what was just taken */
  inside = null;
  trouble = null;

  get zone() {
    return this.about.user.timezone;
  }

  async take() {
    const { user, timeOff } = this.about;
    const taken = await openTimeOffDialog(user);

    if (!taken) return;
    this.set({ inside: taken, trouble: null });
    this.emit('timeoff', [...timeOff, taken.timeOffBlock].sort(byStart));
    announce(t('timeOff.taken'));
    focusOn(this, '.inside');
  }

  async takeOut(block) {
    const sure = await confirmDialog({
      title: t('timeOff.delete.title'), text: t('timeOff.delete.text', { when: whenText(block, this.zone) }),
      confirmLabel: t('timeOff.delete.act'), danger: true,
    });

    if (!sure) return;
    try {
      await api.del(`/v0/me/time-off/${block.id}`);
    } catch (error) {
      if (error.status !== 404) return this.set({ trouble: errorText(error) });
    }
    this.set({ trouble: null, inside: null });
    this.emit('timeoff', this.about.timeOff.filter(({ id }) => id !== block.id));
    announce(t('timeOff.delete.done'));
    focusOn(this, 'h2');
  }

  view() {
    const { timeOff } = this.about;
    const ahead = timeOff.filter((block) => endOf(block) > Date.now());
    const past = timeOff.filter((block) => endOf(block) <= Date.now()).reverse();
    const act = () =>
      h('button', { type: 'button', class: 'primary', onclick: () => this.take() }, icon('add'), t('timeOff.take'));

    return h('section', { class: 'stack', 'aria-labelledby': 'time-off-title' },
      h('div', { class: 'row between' },
        h('h2', { id: 'time-off-title', tabindex: '-1' }, t('timeOff.title')), ahead.length > 0 && act()),
      h('p', { class: 'quiet' }, t('timeOff.text', { city: cityOf(this.zone) })),
      this.trouble && h('p', { class: 'note bad', role: 'alert' }, this.trouble),
      this.inside && this.insideView(),
      ahead.length === 0 ? h('div', { class: 'empty teach', key: 'empty' },
        h('p', null, t('timeOff.none')), h('p', null, act()))
        : h('ul', { class: 'plain card blocks', key: 'ahead' }, ahead.map((block) => this.item(block))),
      past.length > 0 && h('details', { key: 'past' },
        h('summary', { class: 'quiet' }, t('timeOff.past', { count: past.length })),
        h('ul', { class: 'plain card blocks' }, past.map((block) => this.item(block)))));
  }

  insideView() {
    const { bookings, bookingCount } = this.inside;

    if (!bookingCount) return h('p', { class: 'note good inside', tabindex: '-1', key: 'inside' }, t('timeOff.taken'));
    return h('div', { class: 'note warn stack tight inside', tabindex: '-1', key: 'inside' },
      h('p', { class: 'strong' }, t('timeOff.takenOver', { count: bookingCount })),
      h('ul', null, bookingItems(bookings, this.zone, 100).map((item) => h('li', null, item))),
      bookingCount > bookings.length && h('p', null, t('setup.andMore', { count: bookingCount - bookings.length })),
      h('p', null, t('setup.bookingsStay', { count: bookingCount })));
  }

  item(block) {
    const when = whenText(block, this.zone);
    const source = !OWN_SOURCES.includes(block.source) && t('timeOff.source', { source: block.source });
    const told = [block.reason, source].filter(Boolean).join(' · ');

    return h('li', { key: block.id, class: 'override' },
      h('span', { class: 'grow' }, h('span', { class: 'strong' }, when), told && h('span', { class: 'quiet small told' }, told)),
      iconButton('bin', t('timeOff.deleteIt', { when }), () => this.takeOut(block)));
  }
}

/* --- the dialog ---------------------------------------------------------------------------------------------------- */

/* Takes time off; resolves with the API's answer. */
function openTimeOffDialog(user) {
  const today = dateIn(Date.now(), user.timezone);
  const state = {
    from: addDays(today, 1), until: addDays(today, 1), timed: false, start: minuteText(540), end: minuteText(1020), reason: '',
    errors: {}, found: null, busy: false, trouble: null,
  };

  return openDialog({
    heading: t('timeOff.take'),
    view: ({ close, update, dialog }) => new TimeOffForm(user, state, { close, update, dialog }).view(),
  });
}

class TimeOffForm {
  constructor(user, state, acts) {
    Object.assign(this, { user, state, zone: user.timezone }, acts);
  }

  set(fields) {
    Object.assign(this.state, fields);
    this.update();
  }

  change(fields) {
    const { state } = this;
    const until = fields.from && fields.from > state.until ? { until: fields.from } : {};

    this.set({ found: null, trouble: null, errors: {}, ...fields, ...until });
  }

  /* [from, to) as instants; null with errors told. */
  range() {
    const { from, until, timed, start, end } = this.state;
    const [first, last] = [timed ? minuteOf(start) : 0, timed ? minuteOf(end, true) : 1440];
    const errors = {};

    if (!from) errors.from = t('common.fillIn');
    if (!until) errors.until = t('common.fillIn');
    if (first === null) errors.start = t('week.errors.time');
    if (last === null) errors.end = t('week.errors.time');
    const range = Object.keys(errors).length ? null : [
      timed ? typedInstant(from, first, this.zone, { isEnd: false }).instant : instantOf(from, 0, this.zone),
      timed ? typedInstant(until, last, this.zone, { isEnd: true }).instant : instantOf(until, 1440, this.zone)];
    if (range && range[1] <= range[0]) errors[until < from || !timed ? 'until' : 'end'] = t('timeOff.errors.order');
    this.state.errors = errors;
    return Object.keys(errors).length ? null : range;
  }

  async submit(event) {
    event.preventDefault();
    const { state } = this;
    const range = this.range();

    if (state.busy) return;
    if (!range) {
      this.update();
      focusOn(this.dialog, '[aria-invalid="true"]');
      return;
    }
    this.set({ busy: true, trouble: null });
    try {
      const found = state.found ?? await bookingsWithin(...range, this.user);
      if (!state.found && found.length) {
        this.set({ found });
        focusOn(this.dialog, '.found');
      } else this.close(await this.send(range));
    } catch (error) {
      this.set({ trouble: errorText(error) });
    }
    this.set({ busy: false });
  }

  send([from, to]) {
    const reason = this.state.reason.trim() || null;

    return api.post('/v0/me/time-off', { startAt: instantText(from), endAt: instantText(to), reason });
  }

  view() {
    const { state } = this;
    const text = (name, more) => textField({
      id: `off-${name}`, label: t(`timeOff.${name}`), value: state[name], error: state.errors[name],
      oninput: (value) => this.change({ [name]: value }), ...more,
    });

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      h('div', { class: 'columns' },
        text('from', { type: 'date', autofocus: true }), text('until', { type: 'date', min: state.from })),
      check({ id: 'off-timed', label: t('timeOff.timed'), checked: state.timed, oninput: (timed) => this.change({ timed }) }),
      state.timed && h('div', { class: 'columns', key: 'times' }, text('start'), text('end')),
      state.timed && this.clockNotes(),
      text('reason', {
        optional: true, maxlength: 300, hint: t('timeOff.reasonHint'), oninput: (reason) => Object.assign(state, { reason }),
      }),
      h('p', { class: 'quiet small' }, t('overrides.zone', { city: cityOf(this.zone) })),
      state.found && h('div', { class: 'note warn stack tight found', role: 'alert', tabindex: '-1', key: 'found' },
        h('p', { class: 'strong' }, t('overrides.found', { count: state.found.length })),
        h('ul', null, bookingItems(state.found, this.zone).map((item) => h('li', null, item))),
        h('p', null, t('setup.bookingsStay', { count: state.found.length }))),
      state.trouble && h('p', { class: 'note bad', role: 'alert' }, state.trouble),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => this.close() }, t('common.cancel')),
        h('button', {
          key: state.found ? 'anyway' : 'act', class: state.found ? 'danger' : 'primary', 'aria-disabled': state.busy ? 'true' : null,
        },
          t(state.found ? 'timeOff.anyway' : 'timeOff.take'))));
  }

  /* What the clocks do at the times typed. */
  clockNotes() {
    const { from, until, start, end } = this.state;
    const note = (date, minute, isEnd, text) => {
      const state = date && minute !== null && typedInstant(date, minute, this.zone, { isEnd }).state;

      return (state === 'skipped' || state === 'twice') && h('p', { class: 'note warn small', key: text },
        t(`timeOff.clock.${state}${isEnd ? 'End' : 'Start'}`, { time: text }));
    };

    return [note(from, minuteOf(start), false, start), note(until, minuteOf(end, true), true, end)];
  }
}

customElements.define('oc-time-off', TimeOff);
