/*
 * <oc-week-editor>: the hours of each weekday, to be typed, added, taken out and copied to other days. Property: windows (of
 * week-draft.js). Event "windows" with the new list. What is wrong in a field is told once it is left.
 */
import { View, announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import { firstWeekday, formatWeekday } from '../time.js';
import { openDialog } from './session.js';
import { numberField, toggle } from './setup-fields.js';
import { icon, iconButton } from './icons.js';
import { timeInput } from './time-input.js';
import { MOST_WINDOWS, copyTo, dayNotes, nextWindow, weekLength, windowErrors, windowOf } from './week-draft.js';

export const WEEK = Array.from({ length: 7 }, (_, i) => (firstWeekday + i) % 7);
const WEEKDAYS = [1, 2, 3, 4, 5];

class WeekEditor extends View {
  windows = [];
  /* the windows whose buffers are shown */
  unfolded = new Set();

  tell(windows) {
    this.windows = windows;
    this.update();
    this.emit('windows', windows);
  }

  change(key, fields) {
    this.tell(this.windows.map((window) => (window.key === key ? { ...window, ...fields } : window)));
  }

  of(day) {
    return this.windows.filter((window) => window.day === day);
  }

  get isFull() {
    return this.windows.length >= MOST_WINDOWS;
  }

  addTo(day) {
    const window = nextWindow(this.windows, day);

    this.tell([...this.windows, window]);
    focusOn(this, `[id="${window.key}-start"]`);
  }

  takeOut({ key, day }) {
    this.tell(this.windows.filter((window) => window.key !== key));
    announce(t('week.removed', { day: formatWeekday(day, 'long') }));
    focusOn(this, `[data-day="${day}"] .add`);
  }

  switchDay(day, on) {
    if (on) this.tell([...this.windows, nextWindow(this.windows, day)]);
    else this.tell(this.windows.filter((window) => window.day !== day));
  }

  fillWeek() {
    this.tell(WEEKDAYS.map((dayOfWeek) => windowOf({ dayOfWeek, startMinute: 540, endMinute: 1020 })));
    focusOn(this, '.clock-time');
  }

  unfold(key) {
    if (!this.unfolded.delete(key)) this.unfolded.add(key);
    this.update();
  }

  async copyDay(day) {
    const days = await askForDays(day);

    if (!days?.length) return;
    const others = this.windows.filter((window) => !days.includes(window.day));
    const copies = days.flatMap((to) => this.of(day).map((window) => copyTo(window, to)));

    if (others.length + copies.length > MOST_WINDOWS) return announce(t('week.most', { count: MOST_WINDOWS }));
    this.tell([...others, ...copies]);
    announce(t('week.copied', { count: days.length }));
  }

  view() {
    return h('div', { class: 'stack week-edit' },
      this.windows.length === 0 && this.emptyView(),
      h('div', { class: 'days', key: 'days' }, WEEK.map((day) => this.dayView(day))),
      this.windows.length > 0 && h('p', { class: 'quiet small', key: 'sum' }, t('week.sum', { length: weekLength(this.windows) }),
        this.isFull && ` ${t('week.most', { count: MOST_WINDOWS })}`));
  }

  emptyView() {
    return h('div', { class: 'empty teach', key: 'empty' },
      h('h3', null, t('week.empty.title')),
      h('p', null, t('week.empty.text')),
      h('p', null, h('button', { type: 'button', class: 'primary', onclick: () => this.fillWeek() }, t('week.empty.act'))));
  }

  dayView(day) {
    const name = formatWeekday(day, 'long');
    const windows = this.of(day);
    const notes = dayNotes(this.windows, day);

    return h('div', { class: 'weekday', key: day, 'data-day': day, role: 'group', 'aria-label': name },
      h('div', { class: 'day-name' },
        toggle({ label: t('week.open', { day: name }), checked: windows.length > 0, oninput: (on) => this.switchDay(day, on) }),
        h('span', { class: 'strong' }, name)),
      h('div', { class: 'stack tight grow' },
        windows.length === 0 && h('p', { class: 'quiet closed' }, t('week.closed')),
        windows.map((window) => this.windowView(window, name)),
        notes.map((note) => h('p', { class: 'small quiet told', key: note }, note))),
      h('div', { class: 'day-acts' },
        iconButton('add', t('week.add', { day: name }), () => this.addTo(day), { class: 'icon bare add', disabled: this.isFull }),
        iconButton('copy', t('week.copy', { day: name }), () => this.copyDay(day), { disabled: windows.length === 0 })));
  }

  windowView(window, name) {
    const { key } = window;
    const errors = windowErrors(window);
    for (const side of ['start', 'end']) if (document.activeElement?.id === `${key}-${side}`) errors[side] = null;
    const text = errors.start || errors.end;
    const isOpen = this.unfolded.has(key) || Boolean(errors.before || errors.after);
    const id = `${key}-error`;

    return h('div', { class: 'window', key },
      h('div', { class: 'window-times' },
        timeInput({
          id: `${key}-start`, label: t('week.from', { day: name }), text: window.start, error: errors.start,
          describedBy: text && id,
          oninput: (start) => this.change(key, { start }),
        }),
        h('span', { 'aria-hidden': 'true' }, '–'),
        timeInput({
          id: `${key}-end`, label: t('week.until', { day: name }), text: window.end, isEnd: true, error: errors.end,
          describedBy: text && id,
          oninput: (end) => this.change(key, { end }),
        }),
        this.bufferButton(window, isOpen),
        iconButton('close', t('week.remove', { day: name, start: window.start, end: window.end }), () => this.takeOut(window))),
      text && h('p', { class: 'error small', id }, text),
      isOpen && this.bufferView(window, errors));
  }

  bufferButton({ key, before, after }, isOpen) {
    const isSet = before !== '0' || after !== '0';
    const text = isSet ? t('week.buffersSet', { before: before || '0', after: after || '0' }) : t('week.buffers');

    return h('button', {
      type: 'button', class: `bare small buffers${isSet ? ' is-set' : ''}`, 'aria-expanded': String(isOpen),
      title: t('week.buffersHint'),
      onclick: () => this.unfold(key),
    }, icon('hours'), h('span', { class: isSet ? null : 'wide-only' }, text));
  }

  bufferView(window, errors) {
    const fieldOf = (name) => numberField({
      id: `${window.key}-${name}`, label: t(`week.${name}`), value: window[name], maxlength: 3, suffix: t('setup.min'),
      error: errors[name],
      oninput: (text) => this.change(window.key, { [name]: text }),
    });

    return h('div', { class: 'window-buffers' },
      h('div', { class: 'row' }, fieldOf('before'), fieldOf('after')), h('p', { class: 'quiet small' }, t('week.buffersHint')));
  }
}

/* Which other days shall have the hours of a day: a list of days, undefined if none is wanted. */
function askForDays(day) {
  const chosen = new Set(WEEKDAYS.includes(day) ? WEEKDAYS.filter((other) => other !== day) : []);

  return openDialog({
    heading: t('week.copyTitle', { day: formatWeekday(day, 'long') }),
    view: ({ close, update }) => h('form', {
      class: 'stack',
      onsubmit: (event) => {
        event.preventDefault();
        close([...chosen]);
      },
    },
    h('p', null, t('week.copyText')),
    h('fieldset', null, h('legend', { class: 'unseen' }, t('week.copyLegend')),
      WEEK.filter((other) => other !== day).map((other) => h('label', { class: 'check', key: other },
        h('input', {
          type: 'checkbox', checked: chosen.has(other),
          onchange: (event) => {
            if (event.target.checked) chosen.add(other);
            else chosen.delete(other);
            update();
          },
        }), formatWeekday(other, 'long')))),
    h('div', { class: 'row dialog-acts' },
      h('button', { type: 'button', onclick: () => close() }, t('common.cancel')),
      h('button', { class: 'primary', disabled: chosen.size === 0 }, t('week.copyAct')))),
  });
}

customElements.define('oc-week-editor', WeekEditor);
