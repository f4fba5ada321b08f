/*
 * <oc-local-time>: a date and a time of a zone's wall clock, made an instant: of a time that comes twice one is chosen, one
 * that the clocks skip is said to be none. Property: of, { zone, name (of the fields' ids), date, time ("HH:MM"), wrong (what
 * the owner has to say of it) }; the owner keeps date and time as "pick" tells them: { date, time, instant }, the instant
 * null while there is none.
 */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { formatTime, instantsOf, zoneOffsetText } from '../time.js';

/* The instants of a date and a time as typed, in order; null while one of the two is missing. */
function instantsTyped({ date, time, zone }) {
  const [hours, minutes] = time.split(':').map(Number);

  return /^\d{4}-\d\d-\d\d$/.test(date) && /^\d\d:\d\d/.test(time) ? instantsOf(date, hours * 60 + minutes, zone) : null;
}

class LocalTime extends View {
  of = { zone: 'UTC', name: 'time', date: '', time: '', wrong: null };
  which = 0;

  /* The instant chosen, null if there is none. */
  get instant() {
    const instants = instantsTyped(this.of);

    return instants?.[Math.min(this.which, instants.length - 1)] ?? null;
  }

  type(fields) {
    this.set({ of: { ...this.of, ...fields, wrong: null } });
    this.emit('pick', { date: this.of.date, time: this.of.time, instant: this.instant });
  }

  view() {
    const { name, zone, date, time } = this.of;
    const instants = instantsTyped(this.of);
    const skipped = instants?.length === 0 && t('console.time.skipped', { time, zone: zone.replaceAll('_', ' ') });
    const wrong = skipped || this.of.wrong || null;
    const told = { 'aria-invalid': wrong ? 'true' : null, 'aria-describedby': `${wrong ? `${name}-wrong ` : ''}${name}-zone` };

    return h('div', { class: 'stack tight' },
      h('div', { class: 'row local-time' },
        h('div', { class: 'field' }, h('label', { for: `${name}-date` }, t('console.time.date')),
          h('input', { id: `${name}-date`, type: 'date', required: true, value: date, ...told,
            oninput: (event) => this.type({ date: event.target.value }) })),
        h('div', { class: 'field' }, h('label', { for: `${name}-time` }, t('console.time.time')),
          h('input', { id: `${name}-time`, type: 'time', required: true, value: time, ...told,
            oninput: (event) => this.type({ time: event.target.value }) }))),
      h('p', { key: 'zone', id: `${name}-zone`, class: 'quiet small' },
        t('console.week.zone', { zone: zone.replaceAll('_', ' ') })),
      wrong && h('p', { key: 'wrong', id: `${name}-wrong`, class: 'error-text small', role: 'alert' }, wrong),
      instants?.length > 1 && this.choice(instants));
  }

  /* The clocks go back: which of the two? */
  choice(instants) {
    return h('fieldset', { key: 'twice', class: 'stack tight' },
      h('legend', null, t('console.time.twice')),
      instants.map((instant, i) => h('label', { class: 'check' },
        h('input', { type: 'radio', name: `${this.of.name}-which`, checked: this.which === i, onchange: () => this.choose(i) }),
        t(i === 0 ? 'console.time.first' : 'console.time.second', {
          time: formatTime(instant, this.of.zone), offset: zoneOffsetText(this.of.zone, instant),
        }))));
  }

  choose(which) {
    this.which = which;
    this.type({});
  }
}

customElements.define('oc-local-time', LocalTime);
