/*
 * <oc-explain>: "why is this time not offered?" for an event type, a date and a time of the host's clock: the API's verdicts
 * in words, and what to do about each.
 */
import { View, focusOn, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { dateIn, formatRange, instantText } from '../time.js';
import { api, query } from './session.js';
import { eventGroups } from './event-choice.js';
import { verdictsView } from './explain-verdicts.js';
import './local-time.js';

class Explain extends View {
  user = null;
  groups = null;
  chosen = '';
  date = '';
  time = '09:00';
  wrong = null;
  error = null;
  busy = false;
  answer = null;

  async start() {
    this.date = dateIn(Date.now() + 86_400_000, this.user.timezone);
    this.error = null;
    try {
      this.groups = await eventGroups();
      this.chosen ||= this.groups[0]?.types[0]?.id ?? '';
      this.set({});
    } catch (error) {
      this.set({ error });
    }
  }

  type(id) {
    return this.groups.flatMap(({ types }) => types).find((type) => type.id === id);
  }

  async ask(event) {
    event.preventDefault();
    if (this.busy) return undefined;
    const { instant } = this.querySelector('oc-local-time');

    if (instant === null) {
      this.set({ wrong: t('console.explain.noTime') });
      return focusOn(this, '[aria-invalid="true"]');
    }
    this.set({ busy: true, error: null, answer: null });
    try {
      const type = this.type(this.chosen);
      const { verdicts } = await api.get(`/v0/event-types/${type.id}/explain${query({ startsAt: instantText(instant) })}`);

      this.answer = { type, instant, verdicts, ...await this.context(type, instant) };
      this.set({ busy: false });
      focusOn(this, '#explain-answer');
    } catch (error) {
      this.set({ busy: false, error });
    }
    return undefined;
  }

  /* Of a team: the names of its hosts, and whether the time is offered, for not every refusal is in the way. */
  async context(type, instant) {
    const { team } = this.groups.find(({ types }) => types.includes(type));

    if (!team) return { isTeam: false };
    const [{ members }, isOffered] = await Promise.all(
      [api.get(`/v0/teams/${team.id}/members`), isOfferedBy(team, type, instant)]);
    const names = new Map(members.map(({ userId, user }) => [userId, user.displayName ?? user.username]));

    return { isTeam: true, isOffered, names };
  }

  view() {
    return h('div', { class: 'stack roomy' },
      h('div', { class: 'section-head stack tight' }, h('h1', null, t('console.explain.title')),
        h('p', { class: 'quiet' }, t('console.explain.text'))),
      this.error && h('div', { class: 'note bad row between', role: 'alert' }, h('p', null, errorText(this.error)),
        !this.groups && h('button', { type: 'button', class: 'small', onclick: () => this.start() }, t('common.retry'))),
      this.groups ? this.form() : !this.error && h('p', { class: 'quiet', role: 'status' }, t('common.loading')),
      this.answer && this.result());
  }

  form() {
    if (this.groups.length === 0)
      return h('div', { class: 'empty stack' }, h('p', null, t('console.explain.noTypes')),
        h('p', null, h('a', { class: 'button primary', href: '#/event-types/new' }, t('console.start.typesGo'))));
    const option = ({ id, name }) => h('option', { value: id, selected: id === this.chosen }, name);

    return h('form', { key: 'form', class: 'card row explain-form', novalidate: true, onsubmit: (event) => this.ask(event) },
      h('div', { class: 'field grow' }, h('label', { for: 'explain-type' }, t('console.explain.type')),
        h('select', { id: 'explain-type', onchange: (event) => this.set({ chosen: event.target.value, answer: null }) },
          this.groups.map(({ label, types }) => (label ? h('optgroup', { label }, types.map(option)) : types.map(option))))),
      h('oc-local-time', {
        of: { zone: this.user.timezone, name: 'explain', date: this.date, time: this.time, wrong: this.wrong },
        onpick: ({ detail }) => this.set({ date: detail.date, time: detail.time, wrong: null, answer: null }),
      }),
      h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null }, t('console.explain.go')));
  }

  result() {
    const { type, instant } = this.answer;
    const end = instant + type.durationMinutes * 60_000;

    return h('section', { key: 'result', class: 'stack', 'aria-labelledby': 'explain-answer' },
      h('h2', { id: 'explain-answer', tabindex: '-1' },
        t('console.explain.answer', { event: type.name, when: formatRange(instant, end, this.user.timezone) })),
      verdictsView(this.answer, this.user));
  }
}

/* What is not public, because it is switched off, is not offered. */
async function isOfferedBy(team, { slug }, instant) {
  const path = `/v0/teams/${team.slug}/event-types/${slug}/availability`;
  const answer = await api.get(path + query({ start: instantText(instant), days: 1, limit: 1 })).catch(() => null);

  return answer !== null && answer.slots.some(({ startsAt }) => Date.parse(startsAt) === instant);
}

customElements.define('oc-explain', Explain);
