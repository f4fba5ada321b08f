/*
 * The dialog for one day of the calendar: block it (or days on end), block a part, add hours, or have other hours instead of
 * the weekly ones. Resolves with { drop, add }: the overrides to take out and those to put in, undefined if nothing shall change.
 * Before time is blocked, the bookings in it are listed.
 */
import { focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { cityOf, formatDate, formatTime, instantText, offsetText, wallClock } from '../time.js';
import { openDialog } from './session.js';
import { bookingItems, bookingsWithin } from './bookings-ahead.js';
import { areaField, fieldProps, textField } from './setup-fields.js';
import { icon, iconButton } from './icons.js';
import { timeInput } from './time-input.js';
import { minuteOf, minuteText } from './time-text.js';
import { dayRange, datesOf, endOf, kindOf, startOf, typedInstant, whenText } from './override-days.js';

const KINDS = ['off', 'block', 'add', 'replace'];
let made = 0;

const newSpan = (start = 540, end = 720) => ({
  key: `s${++made}`, start: minuteText(start), end: minuteText(end), whichStart: null, whichEnd: null,
});

/* There are fields for whole days and for times within one day; other ranges can be taken out, not edited here. */
export function canEdit(override, zone) {
  const [first, last] = datesOf(override, zone);

  return kindOf(override, zone) === 'off' || first === last;
}

/* Which of the two an instant is whose wall clock comes twice; null otherwise. */
function whichOf(instant, zone) {
  const { date, minute } = wallClock(instant, zone);
  const { choices } = typedInstant(date, minute, zone, { isEnd: false });

  return choices ? choices.indexOf(instant) : null;
}

function spanOf(override, zone) {
  const [start, end] = [wallClock(startOf(override), zone), wallClock(endOf(override), zone)];

  return {
    ...newSpan(start.minute, end.minute || 1440),
    whichStart: whichOf(startOf(override), zone), whichEnd: whichOf(endOf(override), zone),
  };
}

const begin = ({ date, zone, editing, kind = 'off' }) => {
  const state = {
    date, until: date, kind, spans: [newSpan()], reason: '', errors: {}, drop: [], found: null, busy: false, trouble: null,
  };

  if (!editing) return state;
  const [first, last] = datesOf(editing, zone);
  const isOff = kindOf(editing, zone) === 'off';

  return {
    ...state, date: first, until: last, kind: kindOf(editing, zone), reason: editing.reason ?? '', drop: [editing],
    spans: isOff ? state.spans : [spanOf(editing, zone)],
  };
};

/* asked: { date, zone, user, existing and timeOff (of that date), editing? (one of them), room (how many more there may be) } */
export function openOverrideDialog(asked) {
  const state = begin(asked);

  return openDialog({
    heading: () => formatDate(state.date),
    view: ({ close, update, dialog }) => {
      const form = new DayForm(asked, state, { close, update, dialog });
      return form.view();
    },
  });
}

class DayForm {
  constructor(asked, state, acts) {
    Object.assign(this, asked, { state }, acts);
  }

  /* Whatever is changed, the bookings found are those of before. */
  change(fields) {
    Object.assign(this.state, { found: null, trouble: null, errors: {} }, fields);
    this.update();
  }

  changeSpan(key, fields) {
    this.change({ spans: this.state.spans.map((span) => (span.key === key ? { ...span, ...fields } : span)) });
  }

  times(span) {
    const { date } = this.state;
    const [start, end] = [minuteOf(span.start), minuteOf(span.end, true)];

    return {
      start: start === null ? null : typedInstant(date, start, this.zone, { isEnd: false, which: span.whichStart }),
      end: end === null ? null : typedInstant(date, end, this.zone, { isEnd: true, which: span.whichEnd }),
    };
  }

  /* The overrides that the form stands for; errors are told and null is the answer. */
  result() {
    const { kind, date, until, spans, reason } = this.state;
    const isAvailable = kind === 'add' || kind === 'replace';
    const common = { isAvailable, replacesDay: kind === 'replace', reason: reason.trim() || null };
    const made = (from, to) => ({ startAt: instantText(from), endAt: instantText(to), ...common });
    const errors = {};

    if (kind === 'off') {
      if (until < date) errors.until = t('overrides.errors.until');
      else return [made(dayRange(date, this.zone)[0], dayRange(until, this.zone)[1])];
    }
    const ranges = kind === 'off' ? [] : spans.map((span) => {
      const { start, end } = this.times(span);

      if (!start || !end) errors[span.key] = t('week.errors.time');
      else if (end.instant <= start.instant) errors[span.key] = t('week.errors.order');
      else return made(start.instant, end.instant);
      return null;
    });
    this.state.errors = errors;
    return Object.keys(errors).length ? null : ranges;
  }

  async submit(event) {
    event.preventDefault();
    const add = this.result();
    const { state } = this;

    if (!add) {
      this.update();
      return focusOn(this.dialog, '[aria-invalid="true"]');
    }
    if (add.length > this.room + state.drop.length) return this.set({ trouble: t('overrides.most', { count: 200 }) });
    if (state.busy) return undefined;
    if (add[0].isAvailable || state.found) return this.close({ drop: state.drop, add });
    await this.look(add);
    return undefined;
  }

  /* Looks for bookings in what would be blocked; where there are none it is done. */
  async look(add) {
    const { state } = this;

    this.set({ busy: true, trouble: null });
    try {
      const within = await Promise.all(add.map((override) => bookingsWithin(startOf(override), endOf(override), this.user)));
      const found = within.flat();

      state.busy = false;
      if (!found.length) return this.close({ drop: state.drop, add });
      this.set({ found });
      focusOn(this.dialog, '.found');
    } catch (error) {
      this.set({ busy: false, trouble: errorText(error) });
    }
    return undefined;
  }

  set(fields) {
    Object.assign(this.state, fields);
    this.update();
  }

  view() {
    const { state } = this;

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      this.existingView(),
      this.timeOff.length > 0 && h('p', { class: 'note', key: 'time-off' }, t('overrides.inTimeOff', {
        when: this.timeOff.map((block) => whenText(block, this.zone)).join(', '),
      })),
      h('fieldset', { class: 'choices' }, h('legend', { class: 'unseen' }, t('overrides.kind')),
        KINDS.map((kind) => h('label', { class: 'choice', key: kind },
          h('input', {
            type: 'radio', name: 'kind', value: kind, checked: state.kind === kind, onchange: () => this.change({ kind }),
          }),
          h('span', null, h('span', { class: 'strong' }, t(`overrides.kinds.${kind}`)),
            h('span', { class: 'quiet small told' }, t(`overrides.kindHints.${kind}`)))))),
      state.kind === 'off' ? this.untilView() : this.spansView(),
      areaField({
        id: 'override-reason', label: t('overrides.reason'), hint: t('overrides.reasonHint'), optional: true, value: state.reason,
        maxlength: 300, rows: 2, oninput: (reason) => Object.assign(state, { reason }),
      }),
      state.found && this.foundView(),
      state.trouble && h('p', { class: 'note bad', role: 'alert' }, state.trouble),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => this.close() }, t('common.cancel')),
        h('button', {
          key: state.found ? 'anyway' : 'act', class: state.found ? 'danger' : 'primary', 'aria-disabled': state.busy ? 'true' : null,
        },
          t(state.found ? 'overrides.anyway' : `overrides.acts.${state.kind}`))));
  }

  existingView() {
    const there = this.existing.filter((override) => !this.state.drop.includes(override));

    return there.length > 0 && h('div', { class: 'note stack tight', key: 'existing' },
      h('p', { class: 'strong' }, t('overrides.already')),
      h('ul', { class: 'plain' }, there.map((override) => this.existingItem(override))));
  }

  existingItem(override) {
    return h('li', { class: 'row between', key: override.startAt + override.endAt },
      h('span', { class: 'small' }, `${t(`overrides.names.${kindOf(override, this.zone)}`)}: ${whenText(override, this.zone)}`),
      h('button', {
        type: 'button', class: 'link small', onclick: () => this.close({ drop: [override], add: [] }),
      }, t('overrides.remove')));
  }

  untilView() {
    const { date, until, errors } = this.state;

    return textField({
      id: 'override-until', key: 'until', type: 'date', label: t('overrides.until'), value: until, min: date,
      error: errors.until, width: 'half',
      oninput: (text) => this.change({ until: text || date }),
    });
  }

  spansView() {
    const { spans, kind } = this.state;

    return h('div', { class: 'stack tight', key: 'spans' },
      spans.map((span) => this.spanView(span)),
      !this.editing && spans.length < 10 && h('div', null, h('button', {
        type: 'button', class: 'small', onclick: () => this.change({ spans: [...spans, newSpan(780, 1020)] }),
      }, icon('add'), t(kind === 'block' ? 'overrides.addBlock' : 'overrides.addSpan'))),
      h('p', { class: 'hint quiet small' }, t('overrides.zone', { city: cityOf(this.zone) })));
  }

  spanView(span) {
    const { spans, errors } = this.state;
    const { start, end } = this.times(span);
    const error = errors[span.key];
    const id = `${span.key}-error`;

    return h('div', { key: span.key, class: 'stack tight' },
      h('div', { class: 'window-times' },
        timeInput({
          id: `${span.key}-start`, label: t('overrides.from'), text: span.start, error: error && !start, describedBy: error && id,
          oninput: (text) => this.changeSpan(span.key, { start: text, whichStart: null }),
        }),
        h('span', { 'aria-hidden': 'true' }, '–'),
        timeInput({
          id: `${span.key}-end`, label: t('overrides.to'), text: span.end, isEnd: true,
          error: error && (!end || start), describedBy: error && id,
          oninput: (text) => this.changeSpan(span.key, { end: text, whichEnd: null }),
        }),
        spans.length > 1 && iconButton('close', t('overrides.removeSpan', { start: span.start, end: span.end }),
          () => this.change({ spans: spans.filter(({ key }) => key !== span.key) }))),
      this.clockNote(span, 'start', start), this.clockNote(span, 'end', end),
      error && h('p', { class: 'error small', id }, error));
  }

  /* What the clocks do at a typed time on that night. */
  clockNote(span, side, typed) {
    const which = side === 'start' ? 'whichStart' : 'whichEnd';
    const id = `${span.key}-${side}-which`;

    if (typed?.state === 'skipped')
      return h('p', { class: 'note warn small', key: id },
        t('overrides.skipped', { time: span[side], real: formatTime(typed.instant, this.zone) }));
    if (typed?.state !== 'twice') return null;
    return h('div', { class: 'note small field', key: id },
      h('label', { for: id }, t('overrides.twice', { time: span[side] })),
      h('select', {
        class: 'short', ...fieldProps({ id }), value: String(typed.choices.indexOf(typed.instant)),
        oninput: (event) => this.changeSpan(span.key, { [which]: Number(event.target.value) }),
      }, typed.choices.map((instant, i) => h('option', { value: String(i), key: i },
        t(`overrides.${i === 0 ? 'firstTime' : 'secondTime'}`, { offset: offsetText(wallClock(instant, this.zone).offset) })))));
  }

  foundView() {
    const { found } = this.state;

    return h('div', { class: 'note warn stack tight found', role: 'alert', tabindex: '-1', key: 'found' },
      h('p', { class: 'strong' }, t('overrides.found', { count: found.length })),
      h('ul', null, bookingItems(found, this.zone).map((item) => h('li', null, item))),
      h('p', null, t('setup.bookingsStay', { count: found.length })));
  }
}
