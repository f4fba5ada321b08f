/*
 * <oc-local-time>: a date and a time of a zone's wall clock, made an instant: of a time that comes twice one is chosen, one
 * that the clocks skip is said to be none. Properties: zone, name (of the fields' ids), date, time ("HH:MM"), wrong (what the
 * owner has to say). Emits "pick" with { instant } (null: none yet).
 */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { formatTime, instantsOf, zoneOffsetText } from '../time.js';

class LocalTime extends View {
  zone = 'UTC';
  name = 'time';
  date = '';
  time = '';
  wrong = null;
  which = 0;

  get instants() {
    const [hours, minutes] = this.time.split(':').map(Number);

    if (!/^\d{4}-\d\d-\d\d$/.test(this.date) || !/^\d\d:\d\d/.test(this.time)) return null;
    return instantsOf(this.date, hours * 60 + minutes, this.zone);
  }

  type(fields) {
    this.set({ ...fields, wrong: null });
    const { instants } = this;

    this.emit('pick', { instant: instants?.[Math.min(this.which, instants.length - 1)] ?? null, date: this.date, time: this.time });
  }

  view() {
    const { instants, name } = this;
    const wrong = this.wrong ?? (instants?.length === 0 ? t('console.time.skipped', { time: this.time, zone: this.zone.replaceAll('_', ' ') }) : null);
    const told = { 'aria-invalid': wrong ? 'true' : null, 'aria-describedby': wrong ? `${name}-wrong` : null };

    return h('div', { class: 'stack tight' },
      h('div', { class: 'row local-time' },
        h('div', { class: 'field' }, h('label', { for: `${name}-date` }, t('console.time.date')),
          h('input', { id: `${name}-date`, type: 'date', required: true, value: this.date, ...told, oninput: (event) => this.type({ date: event.target.value }) })),
        h('div', { class: 'field' }, h('label', { for: `${name}-time` }, t('console.time.time')),
          h('input', { id: `${name}-time`, type: 'time', required: true, value: this.time, ...told, oninput: (event) => this.type({ time: event.target.value }) }))),
      wrong && h('p', { id: `${name}-wrong`, class: 'error-text small', role: 'alert' }, wrong),
      instants?.length > 1 && this.choice(instants));
  }

  /* The clocks go back: which of the two? */
  choice(instants) {
    return h('fieldset', { class: 'stack tight' },
      h('legend', null, t('console.time.twice')),
      instants.map((instant, i) => h('label', { class: 'check' },
        h('input', { type: 'radio', name: `${this.name}-which`, checked: this.which === i, onchange: () => this.type({ which: i }) }),
        t(i === 0 ? 'console.time.first' : 'console.time.second', { time: formatTime(instant, this.zone), offset: zoneOffsetText(this.zone, instant) }))));
  }
}

customElements.define('oc-local-time', LocalTime);
