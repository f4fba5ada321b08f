/* What the views of teams share, besides section-parts.js: small pieces, and their words. */
import { h } from '../view.js';
import { t } from '../i18n.js';
import * as parts from './section-parts.js';
import { initials, nameOf } from './team-data.js';

export class Loaded extends parts.Loaded {
  errorKeys = ['teams.errors'];
}

export class Form extends parts.Form {
  errorKeys = ['teams.errors'];

  labelOf(name) {
    return t(`teams.fields.${name}`);
  }
}

export const noTeam = () => h('section', { class: 'card stack', key: 'gone' },
  h('h1', null, t('teams.gone.title')), h('p', null, t('teams.gone.text')),
  h('p', null, h('a', { href: '#/teams' }, t('teams.all'))));

export const avatar = (member, classes = '') =>
  h('span', { class: `avatar ${classes}`, 'aria-hidden': 'true' }, initials(nameOf(member)));

/* Three hosts, and who of them attends: what a mode means at a glance. */
export function modePicture(mode) {
  const seats = [14, 36, 58];
  const isIn = (i) => mode === 'collective' || i === 1;

  return h('svg', { viewBox: '0 0 72 40', width: 72, height: 40, class: `mode-picture ${mode}`, 'aria-hidden': 'true' },
    mode === 'collective' && h('path', { class: 'tie', d: 'M14 30 H58' }),
    mode !== 'collective' && h('path', { class: 'way', d: 'M14 12 C22 2 28 2 35 9 M31 3.5 L35.3 9.3 L28.4 9.7' }),
    seats.map((x, i) => h('g', { class: isIn(i) ? 'in' : 'out' },
      h('circle', { cx: x, cy: 17, r: 5 }), h('path', { d: `M${x - 9} 36 C${x - 9} 21 ${x + 9} 21 ${x + 9} 36 Z` }))));
}

export const modeBadge = (mode) => h('span', { class: 'badge' }, t(`teams.modes.${mode}.name`));

/* A choice of one, each with what it means. choices: [value, name, text, picture?] */
export const choiceCards = ({ name, legend, hint, value, oninput }, choices) => h('fieldset', { class: 'choices', key: name },
  h('legend', null, legend),
  hint && h('p', { class: 'hint quiet small' }, hint),
  h('div', { class: 'choice-cards' }, choices.map(([one, title, text, picture]) =>
    h('label', { class: 'choice', key: one },
      h('input', { type: 'radio', name, value: one, checked: one === value, onchange: () => oninput(one) }),
      h('span', { class: 'choice-text' }, h('span', { class: 'strong' }, title), h('span', { class: 'quiet small' }, text)),
      picture))));
