/*
 * <oc-reminders>: the mails that invitees get around a meeting, one below the other, to be written, switched off and taken out.
 * Properties: list (of notification-rules.js), errors (by "KEY-length"). Event "rules" with the new list.
 */
import { View, announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import { UNITS } from './event-type-draft.js';
import { MOST, TYPES, proposedRule } from './notification-rules.js';
import { fieldProps, select, toggle } from './setup-fields.js';
import { icon, iconButton } from './icons.js';

const ADD = { reminder: 'reminders.addReminder', follow_up: 'reminders.addFollowUp' };

class Reminders extends View {
  list = [];
  errors = {};

  tell(list) {
    this.list = list;
    this.update();
    this.emit('rules', list);
  }

  change(key, fields) {
    this.tell(this.list.map((rule) => (rule.key === key ? { ...rule, ...fields } : rule)));
  }

  addOne(type) {
    const rule = proposedRule(this.list, type);

    this.tell([...this.list, rule]);
    focusOn(this, `[id="${rule.key}-length"]`);
  }

  takeOut(at) {
    const rest = this.list.filter((_, i) => i !== at);
    const next = rest[Math.min(at, rest.length - 1)];

    this.tell(rest);
    announce(t('reminders.removed'));
    focusOn(this, next ? `[id="${next.key}-length"]` : '.add');
  }

  view() {
    const isFull = this.list.length >= MOST;

    return h('div', { class: 'stack' },
      this.list.length === 0 && h('p', { key: 'none', class: 'quiet' }, t('reminders.none')),
      this.list.length > 0 && h('ol', { key: 'list', class: 'plain rules' }, this.list.map((rule, i) => this.item(rule, i + 1))),
      h('div', { class: 'row' }, TYPES.map((type) => h('button', {
        key: type, type: 'button', class: 'add small', disabled: isFull, onclick: () => this.addOne(type),
      }, icon('add'), t(ADD[type])))),
      isFull && h('p', { key: 'full', class: 'hint quiet small' }, t('reminders.most', { count: MOST })));
  }

  item({ key, type, length, isEnabled }, n) {
    const id = `${key}-length`;
    const error = this.errors[id];

    return h('li', { key, class: 'rule' },
      h('div', { class: 'row rule-line' },
        select({
          id: `${key}-type`, class: 'short', 'aria-label': t('reminders.type', { n }), value: type,
          oninput: (value) => this.change(key, { type: value }),
        }, TYPES.map((value) => [value, t(`reminders.types.${value}`)])),
        h('span', { class: 'row tight-row' },
          h('input', {
            class: 'count numbers', inputmode: 'decimal', autocomplete: 'off', maxlength: 8, value: length.value,
            'aria-label': t('reminders.length', { n }), ...fieldProps({ id, error }),
            oninput: (event) => this.change(key, { length: { ...length, value: event.target.value } }),
          }),
          select({
            id: `${key}-unit`, class: 'short', 'aria-label': t('reminders.unit', { n }), value: length.unit,
            oninput: (unit) => this.change(key, { length: { ...length, unit } }),
          }, Object.keys(UNITS).reverse().map((unit) => [unit, t(`setup.units.${unit}`)]))),
        h('span', { class: 'quiet grow' }, t(`reminders.when.${type}`)),
        h('span', { class: 'row tight-row rule-acts' },
          !isEnabled && h('span', { key: 'off', class: 'badge', 'aria-hidden': 'true' }, t('reminders.off')),
          toggle({ label: t('reminders.switch', { n }), checked: isEnabled, oninput: (on) => this.change(key, { isEnabled: on }) }),
          iconButton('bin', t('reminders.remove', { n }), () => this.takeOut(n - 1)))),
      error && h('p', { key: 'error', id: `${id}-error`, class: 'error' }, error));
  }
}

customElements.define('oc-reminders', Reminders);
