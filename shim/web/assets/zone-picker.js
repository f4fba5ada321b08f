/*
 * <zone-picker>: one time zone, found by its city, region or offset ("new york", "asia", "UTC+5:30").
 *
 * Properties: zone (a name of the tz database), instant (milliseconds; the offsets are those of then, else of now), label.
 * Event: pick (detail: the name). The ARIA combobox pattern with a list: the focus stays in the input, the active option is
 * named by aria-activedescendant; leaving without a choice keeps the zone that was.
 */
import { View, h } from './view.js';
import { t } from './i18n.js';
import { cityOf, findZones, ownZone, zoneOffsetText } from './time.js';
import { textProperties } from './text-properties.js';
import { icon } from './icons.js';

const MOST = 60;
const ALL = 1000;
let made = 0;

const region = (zone) => zone.split('/').slice(0, -1).join(', ').replaceAll('_', ' ');
const plainWords = (words) => words.normalize('NFD').replace(/\p{Mark}/gu, '').trim();

/* "Berlin (UTC+2)" */
export function zoneText(zone, instant) {
  const [city, offset] = [cityOf(zone), zoneOffsetText(zone, instant)];

  return city === offset ? city : `${city} (${offset})`;
}

/* Before anything is typed: the visitor's own zone, the one in use, UTC and the visitor's part of the world. */
function proposals(zone, instant) {
  const near = findZones(ownZone.split('/')[0], instant, MOST).map((found) => found.zone);

  return [...new Set([ownZone, zone, 'UTC', ...near])]
    .map((name) => ({ zone: name, city: cityOf(name), offset: zoneOffsetText(name, instant) }));
}

/* Cities that begin with the words and the very offset come first. */
function search(words, instant) {
  const wanted = plainWords(words).toLowerCase();
  const begins = ({ city, offset }) =>
    city.toLowerCase().startsWith(wanted) || offset.replace('−', '-').toLowerCase() === wanted;

  return findZones(wanted, instant, ALL).sort((a, b) => begins(b) - begins(a)).slice(0, MOST);
}

class ZonePicker extends View {
  opened = false;
  words = '';
  active = -1;
  found = [];
  base = `zones-${++made}`;

  view() {
    const { base, opened, found } = this;
    const shown = opened && found.length > 0;

    return [
      h('label', { for: base }, this.label ?? t('zone.label')),
      h('div', { class: 'zone-box' },
        icon('globe'),
        h('input', {
          id: base, role: 'combobox', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
          placeholder: t('zone.search'),
          'aria-autocomplete': 'list', 'aria-expanded': String(shown), 'aria-controls': `${base}-list`,
          'aria-activedescendant': shown && this.active >= 0 ? `${base}-${this.active}` : null,
          value: opened ? this.words : zoneText(this.zone, this.instant),
          onfocus: (event) => event.target.select(), onclick: () => this.open(), onblur: () => this.close(),
          oninput: (event) => this.type(event.target.value), onkeydown: (event) => this.press(event),
        }),
        icon('down'),
        h('ul', {
          id: `${base}-list`, role: 'listbox', class: 'zone-list', 'aria-label': this.label ?? t('zone.label'), hidden: !shown,
          onmousedown: (event) => event.preventDefault(),
        }, found.map((option, index) => this.option(option, index))),
        h('p', { class: 'zone-list none', role: 'status', hidden: !opened || shown }, opened && !shown && t('zone.none'))),
    ];
  }

  option({ zone, city, offset }, index) {
    return h('li', {
      key: zone, id: `${this.base}-${index}`, role: 'option', 'aria-selected': String(zone === this.zone),
      class: index === this.active ? 'active' : null,
      onclick: () => this.pick(zone),
    },
    h('span', { class: 'grow' }, city, ' ', h('small', { class: 'quiet' }, zone === ownZone ? t('zone.own') : region(zone))),
    h('span', { class: 'numbers' }, offset));
  }

  focus() {
    this.querySelector('input')?.focus();
  }

  open() {
    if (this.opened) return;
    const found = proposals(this.zone, this.instant);

    this.set({
      opened: true, words: zoneText(this.zone, this.instant), found, active: found.findIndex(({ zone }) => zone === this.zone),
    });
    this.querySelector('input').select();
    this.reveal();
  }

  close() {
    if (this.opened) this.set({ opened: false, found: [], active: -1 });
  }

  type(words) {
    const found = plainWords(words) ? search(words, this.instant) : proposals(this.zone, this.instant);

    this.set({ opened: true, words, found, active: plainWords(words) && found.length ? 0 : -1 });
    this.reveal();
  }

  pick(zone) {
    this.set({ opened: false, found: [], active: -1 });
    if (zone === this.zone) return;
    this.zone = zone;
    this.emit('pick', zone);
  }

  press(event) {
    const { key } = event;

    if (key === 'ArrowDown' || key === 'ArrowUp') this.move(key === 'ArrowDown' ? 1 : -1);
    else if (key === 'Enter') this.opened ? this.accept() : this.open();
    else if (key === 'Escape' && this.opened) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  accept() {
    if (this.found[this.active]) this.pick(this.found[this.active].zone);
  }

  move(step) {
    if (!this.opened) {
      this.open();
      return;
    }
    const { length } = this.found;

    if (!length) return;
    this.set({ active: this.active < 0 && step < 0 ? length - 1 : (this.active + step + length) % length });
    this.reveal();
  }

  /* Scrolls the list alone, not the page around it. */
  reveal() {
    const list = this.querySelector('ul');
    const option = list.children[Math.max(this.active, 0)];

    if (!option) return;
    if (option.offsetTop < list.scrollTop) list.scrollTop = option.offsetTop;
    else list.scrollTop = Math.max(list.scrollTop, option.offsetTop + option.offsetHeight - list.clientHeight);
  }
}

textProperties(ZonePicker, ['zone', 'label']);
customElements.define('zone-picker', ZonePicker);
