/*
 * <oc-overrides>: the days on which the weekly hours do not hold: a month to choose a day from, and those ahead as a list.
 * Property about: { overrides, windows (of the week's draft), timeOff, zone, user, saved (JSON of those that are saved) }. Event
 * "overrides" with the new list.
 * Arrow keys go through the days, Page Up and Down through the months.
 */
import { View, announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import {
  addDays, addMonths, dateIn, firstWeekday, formatDate, formatMonth, formatWeekday, monthOf, weekdayOf, weeksOf,
} from '../time.js';
import { icon, iconButton } from './icons.js';
import { byStart, dayRange, endOf, kindOf, spanText, touching, whenText } from './override-days.js';
import { canEdit, openOverrideDialog } from './override-dialog.js';
import { dayText, rulesOf } from './week-draft.js';

export const MOST = 200;
const DRAWINGS = { off: 'off', block: 'close', add: 'add', replace: 'swap', timeOff: 'off' };
const STEPS = { ArrowUp: -7, ArrowDown: 7, ArrowLeft: -1, ArrowRight: 1 };

class Overrides extends View {
  about = null;
  month = null;
  /* the day that the keyboard is on */
  date = null;
  known = new WeakMap();

  get today() {
    return dateIn(Date.now(), this.about.zone);
  }

  tell({ drop, add }) {
    const overrides = [...this.about.overrides.filter((override) => !drop.includes(override)), ...add].sort(byStart);

    this.emit('overrides', overrides);
  }

  async open(date, editing) {
    const { overrides, timeOff, zone, user } = this.about;
    const changed = await openOverrideDialog({
      date, zone, user, editing, room: MOST - overrides.length,
      existing: touching(overrides, date, zone), timeOff: touching(timeOff, date, zone),
    });

    if (!changed) return;
    this.tell(changed);
    announce(t('overrides.changed'));
  }

  takeOut(override) {
    this.tell({ drop: [override], add: [] });
    announce(t('overrides.removed', { when: whenText(override, this.about.zone) }));
    focusOn(this, '.ahead h3');
  }

  goTo(month) {
    this.set({ month, date: null });
    announce(formatMonth(month));
  }

  onKey(event, date) {
    const isMirrored = getComputedStyle(this).direction === 'rtl' && ['ArrowLeft', 'ArrowRight'].includes(event.key);
    const step = STEPS[event.key];
    const months = { PageUp: -1, PageDown: 1 }[event.key];
    const day = Number(date.slice(8));

    if (!step && !months) return;
    event.preventDefault();
    let next = step ? addDays(date, isMirrored ? -step : step) : date;
    if (months) {
      const month = addMonths(monthOf(date), months);
      next = `${month}-${String(Math.min(day, daysIn(month))).padStart(2, '0')}`;
    }
    if (next < this.today) next = this.today;
    this.set({ date: next, month: monthOf(next) });
    this.querySelector(`[data-date="${next}"]`)?.focus();
  }

  view() {
    const month = this.month ?? monthOf(this.today);

    return h('div', { class: 'overrides' },
      h('div', { class: 'calendar', key: 'calendar' },
        h('div', { class: 'row between dates-head' },
          iconButton('previous', t('overrides.earlier'), () => this.goTo(addMonths(month, -1)),
            { disabled: month <= monthOf(this.today) }),
          h('h3', { 'aria-live': 'polite' }, formatMonth(month)),
          iconButton('next', t('overrides.later'), () => this.goTo(addMonths(month, 1)))),
        this.grid(month), this.legend()),
      this.list());
  }

  grid(month) {
    return h('table', { class: 'dates', 'aria-label': formatMonth(month) },
      h('thead', null, h('tr', null, Array.from({ length: 7 }, (_, i) => (firstWeekday + i) % 7).map((day) =>
        h('th', { scope: 'col', key: day }, h('span', { 'aria-hidden': 'true' }, formatWeekday(day, 'short')),
          h('span', { class: 'unseen' }, formatWeekday(day, 'long')))))),
      h('tbody', null, weeksOf(month).map((week) => h('tr', { key: week[0] }, week.map((date) => this.cell(date, month))))));
  }

  cell(date, month) {
    if (monthOf(date) !== month) return h('td', { key: date, class: 'other' });
    const { today } = this;
    const current = this.date && monthOf(this.date) === month ? this.date : monthOf(today) === month ? today : `${month}-01`;
    const marks = this.marks(date);
    const hours = dayText(rulesOf(this.about.windows.filter(({ day }) => day === weekdayOf(date))), weekdayOf(date));
    const told = marks.length ? marks.map(({ text }) => text).join(', ') : hours || t('week.closed');

    const looks = ['date', date === today && 'today', !hours && 'closed', marks[0]?.kind].filter(Boolean);

    return h('td', { key: date }, h('button', {
      type: 'button', class: looks.join(' '),
      'data-date': date, disabled: date < today, tabindex: date === current ? '0' : '-1',
      'aria-label': t('overrides.dayLabel', { date: formatDate(date), told }), 'aria-current': date === today ? 'date' : null,
      onclick: () => this.open(date), onkeydown: (event) => this.onKey(event, date),
    }, h('span', { class: 'numbers' }, Number(date.slice(8))),
    h('span', { class: 'marks' }, marks.slice(0, 2).map(({ kind }) => icon(DRAWINGS[kind])))));
  }

  /* What is otherwise on a day: [{ kind, text }]. */
  marks(date) {
    const { overrides, timeOff, zone } = this.about;
    const own = touching(overrides, date, zone).map((override) => {
      const kind = kindOf(override, zone);
      const name = t(`overrides.names.${kind}`);

      return { kind, text: kind === 'off' ? name : `${name} ${spanText(override, zone)}` };
    });

    return [...touching(timeOff, date, zone).map(() => ({ kind: 'timeOff', text: t('overrides.names.timeOff') })), ...own];
  }

  legend() {
    const item = (kind) => h('li', { key: kind, class: 'row tight-row' },
      h('span', { class: `swatch ${kind}` }, icon(DRAWINGS[kind])), t(`overrides.names.${kind}`));

    return h('ul', { class: 'plain row legend small quiet', 'aria-label': t('overrides.legend') },
      ['off', 'block', 'add', 'replace'].map(item));
  }

  /* --- those ahead ------------------------------------------------------------------------------------------------- */

  list() {
    const [from] = dayRange(this.today, this.about.zone);
    const { overrides } = this.about;
    const ahead = overrides.filter((override) => endOf(override) > from);
    const past = overrides.length - ahead.length;

    return h('div', { class: 'stack ahead', key: 'ahead' },
      h('h3', { tabindex: '-1' }, t('overrides.ahead')),
      ahead.length === 0 ? h('p', { class: 'quiet' }, t('overrides.none'))
        : h('ul', { class: 'plain' }, ahead.map((override) => this.item(override))),
      past > 0 && h('p', { class: 'small quiet row' }, t('overrides.past', { count: past }), h('button', {
        type: 'button', class: 'link small', onclick: () => this.emit('overrides', ahead),
      }, t('overrides.clearPast'))),
      overrides.length >= MOST && h('p', { class: 'note warn small' }, t('overrides.most', { count: MOST })));
  }

  /* Kind and words of an override, found once: there can be many, and the week beside is typed into. */
  wordsOf(override) {
    const { zone } = this.about;

    if (this.known.get(override)?.zone !== zone)
      this.known.set(override, { zone, kind: kindOf(override, zone), when: whenText(override, zone) });
    return this.known.get(override);
  }

  item(override) {
    const { zone, kind, when } = this.wordsOf(override);

    return h('li', { key: `${override.startAt} ${override.endAt} ${kind}`, class: 'override' },
      h('span', { class: `swatch ${kind}` }, icon(DRAWINGS[kind])),
      h('span', { class: 'grow' }, h('span', { class: 'strong' }, when),
        h('span', { class: 'quiet small told' }, [t(`overrides.names.${kind}`), override.reason].filter(Boolean).join(' · ')),
        !this.about.saved.includes(JSON.stringify(override)) && h('span', { class: 'badge warn' }, t('overrides.unsaved'))),
      canEdit(override, zone) && iconButton('edit', t('overrides.editIt', { when }),
        () => this.open(dateIn(Date.parse(override.startAt), zone), override)),
      iconButton('bin', t('overrides.removeIt', { when }), () => this.takeOut(override)));
  }
}

const daysIn = (month) => Number(addDays(`${addMonths(month, 1)}-01`, -1).slice(8));

customElements.define('oc-overrides', Overrides);
