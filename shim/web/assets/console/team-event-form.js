/*
 * <oc-team-event-form>: an event type of a team, new or (property one) there: the fields of every event type, and for a new
 * one how its hosts are found, which its mode fixes for good. Properties team, one. Events: "done" with the team's event type,
 * "leave".
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { api, confirmDialog } from './session.js';
import { PROPOSED, bodyOf, changesOf, draftOf, errorsOf, textOf } from './event-type-draft.js';
import { slugOf, untaken } from './slug.js';
import { basics, groups } from './event-type-groups.js';
import { Rules, withoutRuleErrors } from './notification-rules.js';
import { Form, choiceCards, modePicture } from './team-view.js';

const ASSIGNMENTS = ['cursor', 'least_recent', 'weighted'];

export const assignmentCards = (value, oninput) => choiceCards(
  { name: 'assignment', legend: t('teams.assignment'), hint: t('teams.assignmentHint'), value, oninput },
  ASSIGNMENTS.map((rule) => [rule, t(`teams.assignments.${rule}.name`), t(`teams.assignments.${rule}.text`)]));

class TeamEventForm extends Form {
  team = null;
  one = null;
  taken = [];
  schedules = [];
  opened = {};
  mode = 'round_robin';
  assignment = 'cursor';
  errorKeys = ['teams.errors', 'eventTypes.errors'];

  /* What event-type-groups.js asks of a form, besides draft, errors, rules and their changes. */
  get base() {
    return this.one?.eventType ?? null;
  }

  get username() {
    return { name: `team/${this.team.slug}` };
  }

  start() {
    this.draft = draftOf(this.base ?? PROPOSED);
    this.draft.slugTyped = this.base !== null;
    this.begun = textOf(bodyOf(this.draft));
    this.rules = new Rules({ from: this.one?.id, isNew: !this.one, onchange: () => this.update() });
  }

  get unsaved() {
    return !this.isDone && (textOf(bodyOf(this.draft)) !== this.begun || this.rules.unsaved);
  }

  change(fields) {
    Object.assign(this.draft, fields);
    if ('name' in fields && !this.draft.slugTyped) this.draft.slug = untaken(slugOf(fields.name), this.taken);
    for (const name of Object.keys(fields)) delete this.errors[name === 'notice' ? 'minNoticeMinutes' : name];
    this.update();
  }

  changeRules(list) {
    this.rules.list = list;
    this.set({ errors: withoutRuleErrors(this.errors) });
  }

  changes() {
    const { scheduleId, ...body } = bodyOf(this.draft);

    return this.base ? changesOf(body, this.base) : body;
  }

  check() {
    return { ...errorsOf(this.draft, this.changes()), ...this.rules.errors() };
  }

  async send() {
    await this.save(this.changes());
    this.begun = textOf(bodyOf(this.draft));
    await this.rules.save(this.one.id);
    this.isDone = true;
    return this.one;
  }

  /* "one" is from then on what is there, with its reminders or without. */
  async save(changes) {
    const { team, mode, assignment, one } = this;

    if (!one) {
      const rule = mode === 'round_robin' ? { assignment } : {};
      ({ teamEventType: this.one } = await api.post('/v0/team-event-types', { teamId: team.id, mode, ...rule, ...changes }));
    } else if (Object.keys(changes).length) {
      const { eventType } = await api.patch(`/v0/event-types/${one.id}`, changes);
      this.one = { ...one, eventType };
    }
  }

  refuse(error) {
    super.refuse(error.code === 'OC014' && !error.field ? Object.assign(error, { field: 'slug' }) : error);
  }

  /* Opens the groups that have errors in them. */
  showErrors() {
    for (const details of this.querySelectorAll('details.group')) {
      if (!details.querySelector('[aria-invalid="true"]')) continue;
      details.open = true;
      this.opened[details.id] = true;
    }
    return super.showErrors();
  }

  view() {
    return h('form', { class: 'stack setup-form', novalidate: true, onsubmit: (event) => this.submit(event) },
      !this.one && this.modeCard(),
      h('div', { class: 'card stack', key: 'basics' }, basics(this)),
      groups(this).map((group) => this.group(group)),
      this.problem && h('p', { key: 'problem', class: 'note bad', role: 'alert', tabindex: '-1' }, this.problem),
      h('div', { key: 'acts', class: 'row form-acts' },
        h('button', { class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
          t(this.one ? 'common.save' : 'teams.makeEventType')),
        h('button', { type: 'button', onclick: () => this.leave() }, t('common.cancel'))));
  }

  async leave() {
    if (this.unsaved && !await confirmDialog({
      title: t('console.leave.title'), text: t('console.leave.text'), confirmLabel: t('console.leave.yes'), danger: true,
    })) return;
    this.isDone = true;
    this.emit('leave');
  }

  modeCard() {
    return h('div', { class: 'card stack', key: 'mode' },
      choiceCards({ name: 'mode', legend: t('teams.mode'), value: this.mode, oninput: (mode) => this.set({ mode }) },
        ['round_robin', 'collective'].map((mode) =>
          [mode, t(`teams.modes.${mode}.name`), t(`teams.modes.${mode}.text`), modePicture(mode)])),
      h('p', { class: 'quiet small' }, t('teams.modeFixed')),
      this.mode === 'round_robin' && assignmentCards(this.assignment, (assignment) => this.set({ assignment })));
  }

  /* A folded group; each host has own schedules, so there is none to choose here. */
  group({ id, title, told, content }) {
    return h('details', {
      class: 'card group', id, key: id, open: this.opened[id] ?? false,
      ontoggle: (event) => { this.opened[id] = event.currentTarget.open; },
    },
    h('summary', null, h('h2', null, title), h('span', { class: 'quiet small told' }, told)),
    h('div', { class: 'stack' }, content.flat().filter((node) => node && !node.querySelector?.('#scheduleId'))));
  }
}

customElements.define('oc-team-event-form', TeamEventForm);
