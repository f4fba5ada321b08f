/*
 * The dialog that writes the embed snippet of a booking page: inline, popup or floating button, in the visitor's or a fixed
 * theme. The snippet is what docs/embed.md tells; widget.js reads it.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { copyText, openDialog } from './session.js';
import { select, textField } from './setup-fields.js';
import { icon } from './icons.js';

const MODES = ['inline', 'popup', 'button'];
const THEMES = ['', 'light', 'dark'];
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/* page: { username | teamSlug, eventSlug }. */
export const pagePath = ({ username, teamSlug, eventSlug }) =>
  (teamSlug ? `/team/${teamSlug}/${eventSlug}` : `/${username}/${eventSlug}`);
export const pageUrl = (page) => location.origin + pagePath(page);

function snippetOf(page, { mode, theme, label }) {
  const who = page.teamSlug ? `teamSlug=${page.teamSlug}` : `username=${page.username}`;
  const source = `${location.origin}/v0/embed/widget.js?${who}&eventSlug=${page.eventSlug}${theme && `&theme=${theme}`}`;
  const own = label.trim() || t('embedding.label');
  const link = `<a href="${pageUrl(page)}" data-opencalendly-open>${escaped(own)}</a>\n`;
  const rest = { inline: '', popup: ' data-mode="popup"', button: ` data-mode="button" data-label="${escaped(own)}"` }[mode];

  return `${mode === 'popup' ? link : ''}<script src="${source}"${rest}></script>`;
}

/* Shows the dialog for a page; name: what is booked there. */
export function openEmbedDialog(page, name) {
  const chosen = { mode: 'inline', theme: '', label: '' };
  let told = '';

  return openDialog({
    heading: t('embedding.title', { name }),
    size: 'wide',
    view: ({ update }) => {
      const change = (fields) => {
        Object.assign(chosen, fields);
        told = '';
        update();
      };
      const copy = async () => {
        told = t(await copyText(snippetOf(page, chosen)) ? 'common.copied' : 'setup.copyByHand');
        update();
      };
      return embedView(page, chosen, { change, copy, told });
    },
  });
}

const embedView = (page, chosen, { change, copy, told }) => h('div', { class: 'stack' },
  h('fieldset', { class: 'stack tight' }, h('legend', null, t('embedding.mode')),
    h('div', { class: 'choices' }, MODES.map((mode) => h('label', { class: 'choice', key: mode },
      h('input', { type: 'radio', name: 'mode', value: mode, checked: chosen.mode === mode, onchange: () => change({ mode }) }),
      h('span', null, h('span', { class: 'strong' }, t(`embedding.modes.${mode}`)),
        h('span', { class: 'quiet small told' }, t(`embedding.told.${mode}`))))))),
  h('div', { class: 'columns' },
    h('div', { class: 'field' }, h('label', { for: 'embed-theme' }, t('embedding.theme')),
      select({ id: 'embed-theme', value: chosen.theme, oninput: (theme) => change({ theme }) },
        THEMES.map((theme) => [theme, t(`embedding.themes.${theme || 'system'}`)]))),
    chosen.mode !== 'inline' && textField({
      id: 'embed-label', label: t('embedding.labelField'), value: chosen.label, placeholder: t('embedding.label'), maxlength: 60,
      oninput: (label) => change({ label }),
    })),
  h('div', { class: 'field' }, h('label', { for: 'embed-snippet' }, t('embedding.snippet')),
    h('textarea', {
      id: 'embed-snippet', class: 'snippet', readonly: true, rows: 5, spellcheck: 'false', value: snippetOf(page, chosen),
      'aria-describedby': 'embed-snippet-hint', onfocus: (event) => event.target.select(),
    }),
    h('p', { class: 'hint', id: 'embed-snippet-hint' }, t('embedding.hint'))),
  h('div', { class: 'row dialog-acts' },
    h('span', { class: 'quiet small grow', role: 'status' }, told),
    h('a', { class: 'button', href: pageUrl(page), target: '_blank' }, icon('open'), t('eventTypes.preview')),
    h('button', { type: 'button', class: 'primary', onclick: copy }, icon('copy'), t('embedding.copy'))));
