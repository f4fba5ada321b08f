/*
 * The dialog for hours that were changed elsewhere while they were edited here: what is there now beside what would be saved.
 * Resolves with "theirs", "mine", or undefined to go on editing.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { formatWeekday } from '../time.js';
import { openDialog } from './session.js';
import { endOf, kindOf, whenText } from './override-days.js';
import { WEEK } from './week-editor.js';
import { fullDayText } from './week-draft.js';

/* theirs, mine: { rules, overrides }; mine lacks what was not changed here. */
export function askWhichHours({ theirs, mine, zone }) {
  const rows = [...weekRows(theirs, mine), ...overrideRows(theirs, mine, zone)];

  return openDialog({
    heading: t('hours.conflict.title'),
    size: 'wide',
    view: ({ close }) => h('div', { class: 'stack' },
      h('p', null, t('hours.conflict.text')),
      rows.length > 0 ? compared(rows) : h('p', { class: 'note' }, t('hours.conflict.same')),
      h('div', { class: 'row dialog-acts' },
        h('button', { type: 'button', onclick: () => close() }, t('hours.conflict.edit')),
        h('button', { type: 'button', onclick: () => close('theirs') }, t('hours.conflict.theirs')),
        h('button', { type: 'button', class: 'primary', onclick: () => close('mine') }, t('hours.conflict.mine')))),
  });
}

const compared = (rows) =>
  h('div', { class: 'scroll-inline', tabindex: '0', role: 'region', 'aria-label': t('hours.conflict.table') },
    h('table', { class: 'compared' },
      h('thead', null, h('tr', null, ['what', 'now', 'yours'].map((name) =>
        h('th', { scope: 'col', key: name }, t(`hours.conflict.${name}`))))),
      h('tbody', null, rows.map(([what, now, yours]) =>
        h('tr', { key: what }, h('th', { scope: 'row' }, what), h('td', null, now), h('td', null, yours))))));

function weekRows(theirs, mine) {
  if (!mine.rules) return [];
  const told = ({ rules }, day) => fullDayText(rules, day) || t('week.closed');

  return WEEK.map((day) => [formatWeekday(day, 'long'), told(theirs, day), told(mine, day)])
    .filter(([, now, yours]) => now !== yours);
}

function overrideRows(theirs, mine, zone) {
  if (!mine.overrides) return [];
  const tell = (override) => `${whenText(override, zone)}: ${t(`overrides.names.${kindOf(override, zone)}`)}`;
  const told = ({ overrides }) => overrides.filter((override) => endOf(override) > Date.now()).map(tell);
  const [there, here] = [told(theirs), told(mine)];
  const rows = there.filter((text) => !here.includes(text)).map((text) => [text, true, false]);

  rows.push(...here.filter((text) => !there.includes(text)).map((text) => [text, false, true]));
  return rows.map(([text, ...sides]) => [text, ...sides.map((is) => t(is ? 'common.yes' : 'common.no'))]);
}
