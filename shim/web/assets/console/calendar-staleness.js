/*
 * The dialog that chooses what is offered when an account cannot be read. Returns the connection; nothing if it was left.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { api, openDialog } from './session.js';
import { Form, button } from './section-parts.js';
import { field, fieldProps, rangeError, select } from './setup-fields.js';
import { UNITS, lengthOf, minutesOf } from './event-type-draft.js';

const MODES = ['refuse', 'trust'];
/* Minutes. */
const RANGE = [5, 43_200];

/* Property connection. */
class Staleness extends Form {
  connection = null;
  errorKeys = ['calendars.errors'];

  start() {
    const { mode, afterMinutes } = this.connection.staleness;

    this.draft = { mode, afterMinutes: lengthOf(afterMinutes) };
  }

  labelOf(name) {
    return t(`calendars.staleness.${name}`);
  }

  /* An empty length is no length. */
  get minutes() {
    const { afterMinutes } = this.draft;

    return afterMinutes.value.trim() === '' ? null : minutesOf(afterMinutes);
  }

  check() {
    const isWrong = this.draft.mode === 'refuse' && rangeError(this.minutes, RANGE, true);

    return { afterMinutes: isWrong ? t('calendars.staleness.wrong') : null };
  }

  async send() {
    const { mode } = this.draft;
    const staleness = mode === 'refuse' ? { mode, afterMinutes: this.minutes } : { mode };

    return (await api.patch(`/v0/calendar/connections/${this.connection.id}`, { staleness })).connection;
  }

  view() {
    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      h('p', null, t('calendars.staleness.text')),
      h('fieldset', { class: 'choices' },
        h('legend', { class: 'unseen' }, t('calendars.staleness.title')),
        MODES.map((mode) => this.choice(mode))),
      this.draft.mode === 'refuse' && this.after(),
      this.buttons(t('common.save'), button(t('common.cancel'), () => this.emit('done'))));
  }

  choice(mode) {
    const choose = () => {
      this.draft.mode = mode;
      this.set({ errors: {} });
    };

    return h('label', { class: 'choice', key: mode },
      h('input', { type: 'radio', name: 'staleness', value: mode, checked: mode === this.draft.mode, onchange: choose }),
      h('span', { class: 'choice-text stack tight' },
        h('span', { class: 'strong' }, t(`calendars.staleness.${mode}`)),
        h('span', { class: 'quiet small' }, t(`calendars.staleness.${mode}Text`))));
  }

  after() {
    const spec = this.spec('afterMinutes');
    const change = (part) => {
      Object.assign(this.draft.afterMinutes, part);
      this.update();
    };

    return field(spec, h('span', { class: 'with-unit' },
      h('input', {
        class: 'count numbers', inputmode: 'decimal', autocomplete: 'off', maxlength: 8, value: spec.value.value,
        ...fieldProps(spec), oninput: (event) => change({ value: event.target.value }),
      }),
      select({
        id: `${spec.id}-unit`, 'aria-label': t('calendars.staleness.unit'), class: 'short', value: spec.value.unit,
        oninput: (unit) => change({ unit }),
      }, Object.keys(UNITS).reverse().map((unit) => [unit, t(`setup.units.${unit}`)]))));
  }
}

customElements.define('oc-calendar-staleness', Staleness);

export const openStaleness = (connection) => openDialog({
  heading: t('calendars.staleness.title'),
  view: ({ close }) => h('oc-calendar-staleness', { connection, ondone: ({ detail }) => close(detail) }),
});
