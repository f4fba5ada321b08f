/*
 * <oc-getting-started>: what a new host has yet to do, with the state of each step; nothing once hours and an event type
 * are there.
 */
import { View, h } from '../view.js';
import { t } from '../i18n.js';
import { api } from './session.js';
import { icon } from './icons.js';
import './share-link.js';

const PATHS = ['/v0/me/availability', '/v0/event-types', '/v0/me/schedules', '/v0/teams'];

class GettingStarted extends View {
  user = null;
  known = null;

  /* The page is of use without this: errors are those of the lists, which tell them. */
  async start() {
    const [hours, types, schedules, teams] = await Promise.all(PATHS.map((path) => api.get(path).catch(() => null)));

    if (!hours || !types) return;
    const all = [hours, ...(schedules?.schedules ?? [])];

    this.set({ known: {
      hours: all.some(({ rules, overrides }) => rules?.length > 0 || overrides?.some((override) => override.isAvailable)),
      types: types.eventTypes.some((type) => type.isActive)
        || (teams?.teams ?? []).some((team) => team.status !== 'pending' && team.teamEventTypeCount > 0),
    } });
  }

  view() {
    if (!this.known) return null;
    const steps = [
      !this.user.displayName && { name: 'name', href: '#/profile', done: false },
      { name: 'hours', href: '#/hours', done: this.known.hours },
      { name: 'types', href: '#/event-types/new', done: this.known.types },
      { name: 'share', href: null, done: false },
    ].filter(Boolean);

    if (this.known.hours && this.known.types && this.user.displayName) return null;
    const next = steps.find(({ done }) => !done);

    return h('section', { class: 'card stack getting-started', 'aria-labelledby': 'getting-started' },
      h('h2', { id: 'getting-started' }, t('console.start.title')),
      h('p', { class: 'quiet' }, t('console.start.text')),
      h('ol', { class: 'plain steps' }, steps.map((step, i) => this.step(step, i + 1, step === next))));
  }

  step({ name, href, done }, number, isNext) {
    const state = done ? 'done' : isNext ? 'next' : 'later';

    return h('li', { key: name, class: `step ${state}`, 'aria-current': isNext ? 'step' : null },
      h('span', { class: 'step-mark', 'aria-hidden': 'true' }, done ? icon('check') : number),
      h('div', { class: 'grow' },
        h('h3', null, t(`console.start.${name}`), done && h('span', { class: 'unseen' }, ` (${t('console.start.done')})`)),
        h('p', { class: 'quiet small' }, t(`console.start.${name}Text`)),
        name === 'share' && this.known.types && this.known.hours && h('oc-share-link', { user: this.user })),
      href && !done && h('a', { class: `button small${isNext ? ' primary' : ''}`, href }, t(`console.start.${name}Go`)));
  }
}

customElements.define('oc-getting-started', GettingStarted);
