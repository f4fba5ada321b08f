/*
 * <oc-team-hosts-form>: who takes part in a team's event type, and by which rule the next one is found. Property job:
 * { one, members, schedules }: schedules are the own ones of who looks, for nobody else's are known. Event "done".
 */
import { announce, h } from '../view.js';
import { t } from '../i18n.js';
import { api, currentUser } from './session.js';
import { nameOf, partsOf } from './team-data.js';
import { check, numberOf, rangeError, select } from './setup-fields.js';
import { Form, avatar } from './team-view.js';
import { assignmentCards } from './team-event-form.js';
import { priorityChoices } from './team-members.js';

const partName = ({ isIn, isRequired }) => (isIn ? (isRequired ? 'always' : 'turn') : 'none');

const partChoices = (isRoundRobin) => (isRoundRobin
  ? ['turn', 'always', 'none'].map((one) => [one, t(`teams.parts.${one}`)])
  : ['always', 'none'].map((one) => [one, t(`teams.parts.${one}Collective`)]));

const teamsPriority = ({ priority }) => t('teams.hosts.ownPriority', { priority: t(`teams.priorities.${priority}`) });

const described = (error, id) => (error ? { 'aria-invalid': 'true', 'aria-describedby': id } : {});

class HostsForm extends Form {
  job = null;

  start() {
    const { one, members } = this.job;
    const parts = partsOf(one, members).map((part) => ({
      ...part, name: partName(part), weight: String(part.weight ?? ''), priority: String(part.priority ?? ''),
      scheduleId: part.scheduleId ?? '',
    }));

    this.draft = { assignment: one.assignment, allMembers: one.allMembers, members: parts };
    this.begun = JSON.stringify(this.body());
  }

  get isRoundRobin() {
    return this.job.one.mode === 'round_robin';
  }

  get unsaved() {
    return !this.isDone && JSON.stringify(this.body()) !== this.begun;
  }

  /* In a round robin who joins later cannot take part by itself where somebody is left out: the list would bring them back. */
  get takesAll() {
    return this.draft.allMembers && (!this.isRoundRobin || this.draft.members.every(({ name }) => name !== 'none'));
  }

  body() {
    const isUsual = ({ name, weight, priority, scheduleId }) =>
      name === (this.isRoundRobin ? 'turn' : 'always') && !weight && !priority && !scheduleId;
    const isListed = (part) => (this.takesAll ? !isUsual(part) : part.name !== 'none');

    return {
      ...(this.isRoundRobin ? { assignment: this.draft.assignment } : {}),
      allMembers: this.takesAll,
      members: this.draft.members.filter(isListed).map(({ member, name, weight, priority, scheduleId }) => ({
        userId: member.userId, isRequired: name === 'always', weight: numberOf(weight), priority: numberOf(priority),
        scheduleId: scheduleId || null,
      })),
    };
  }

  check() {
    const errors = {};
    const wanted = this.isRoundRobin ? 'turn' : 'always';

    for (const { member, weight } of this.draft.members)
      errors[`weight-${member.userId}`] = rangeError(numberOf(weight), [1, 1000]);
    if (!this.takesAll && !this.draft.members.some(({ name }) => name === wanted))
      errors.members = t(this.isRoundRobin ? 'teams.hosts.noTurn' : 'teams.hosts.nobody');
    return errors;
  }

  async send() {
    await api.patch(`/v0/team-event-types/${this.job.one.id}`, this.body());
    this.isDone = true;
    announce(t('common.saved'));
  }

  changePart(part, fields) {
    Object.assign(part, fields);
    this.errors = {};
    this.update();
  }

  takeAll(allMembers) {
    this.draft.allMembers = allMembers;
    if (allMembers && this.isRoundRobin)
      for (const part of this.draft.members) if (part.name === 'none') part.name = 'turn';
    this.update();
  }

  view() {
    const { isRoundRobin, draft, errors } = this;

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      isRoundRobin && assignmentCards(draft.assignment, (assignment) => {
        draft.assignment = assignment;
        this.update();
      }),
      h('fieldset', { class: 'stack tight hosts', tabindex: '-1', ...described(errors.members, 'hosts-error') },
        h('legend', null, t('teams.hosts.who')),
        h('p', { class: 'quiet small' }, t(`teams.hosts.${this.job.one.mode}`)),
        errors.members && h('p', { class: 'error', id: 'hosts-error' }, errors.members),
        h('ul', { class: 'plain rows' }, draft.members.map((part) => this.row(part)))),
      check({
        id: 'hosts-all', label: t('teams.hosts.all'), checked: this.takesAll,
        hint: t(isRoundRobin && draft.members.some(({ name }) => name === 'none') ? 'teams.hosts.notAll' : 'teams.hosts.allHint'),
        oninput: (allMembers) => this.takeAll(allMembers),
      }),
      this.buttons(t('common.save')));
  }

  row(part) {
    const name = nameOf(part.member);

    return h('li', { key: part.member.userId, class: 'host-row' },
      h('p', { class: 'row host-name' }, avatar(part.member), h('span', { class: 'strong' }, name)),
      labelled('part', t('teams.hosts.part'), select({
        'aria-label': t('teams.hosts.partOf', { name }), value: part.name,
        oninput: (value) => this.changePart(part, { name: value }),
      }, partChoices(this.isRoundRobin))),
      part.name === 'turn' && this.turnFields(part, name),
      part.name !== 'none' && this.scheduleField(part, name));
  }

  turnFields(part, name) {
    const id = `weight-${part.member.userId}`;
    const error = this.errors[id];
    const { assignment } = this.draft;

    return [
      assignment === 'weighted' && labelled('weight', t('teams.fields.weight'), h('input', {
        id, class: 'numbers', inputmode: 'numeric', autocomplete: 'off', value: part.weight,
        placeholder: String(part.member.weight), 'aria-label': t('teams.hosts.weightOf', { name }),
        ...described(error, `${id}-error`), oninput: (event) => this.changePart(part, { weight: event.target.value }),
      }), error && h('span', { class: 'error', id: `${id}-error` }, error)),
      assignment !== 'cursor' && labelled('priority', t('teams.fields.priority'), select({
        'aria-label': t('teams.hosts.priorityOf', { name }), value: part.priority,
        oninput: (priority) => this.changePart(part, { priority }),
      }, [['', teamsPriority(part.member)], ...priorityChoices()])),
    ];
  }

  /* Own schedules are for oneself to choose; another's can only be given up for the default one. */
  scheduleField(part, name) {
    const isMe = part.member.userId === currentUser()?.id;
    const choices = [['', t(isMe ? 'teams.hosts.ownHours' : 'teams.hosts.defaultSchedule')]];

    if (isMe) for (const schedule of this.job.schedules) if (!schedule.isDefault) choices.push([schedule.id, schedule.name]);
    if (!choices.some(([id]) => id === part.scheduleId)) choices.push([part.scheduleId, t('teams.hosts.otherSchedule')]);

    return choices.length > 1 && labelled('schedule', t('teams.hosts.schedule'), select({
      'aria-label': t('teams.hosts.scheduleOf', { name }), value: part.scheduleId,
      oninput: (scheduleId) => this.changePart(part, { scheduleId }),
    }, choices));
  }
}

const labelled = (kind, text, ...control) => h('div', { class: `labelled ${kind}`, key: kind },
  h('span', { class: 'quiet small', 'aria-hidden': 'true' }, text), control);

customElements.define('oc-team-hosts-form', HostsForm);
