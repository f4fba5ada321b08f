/*
 * <oc-teams>: the console's section of teams. #/teams lists them, with invitations and a way to make one; #/teams/TEAM is a
 * team's page, #/teams/TEAM/new the form of a new event type, #/teams/TEAM/EVENT the page of one.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api } from './session.js';
import { listTeams } from './team-data.js';
import { Loaded, modePicture } from './team-view.js';
import { openTeamForm } from './team-form.js';
import './team-page.js';
import './team-event-page.js';

class Teams extends View {
  rest = [];
  user = null;

  view() {
    const { rest: [teamId, eventTypeId], user } = this;

    if (!teamId) return h('oc-team-list', { key: 'list' });
    const path = { teamId, eventTypeId };

    if (!eventTypeId) return h('oc-team-page', { key: teamId, path, user });
    return h('oc-team-event-page', { key: `${teamId}/${eventTypeId}`, path, user });
  }

  /* Whether leaving would lose what was typed; the console asks. */
  get unsaved() {
    return [...this.querySelectorAll('oc-team-form, oc-team-event-form, oc-team-hosts-form')].some(({ unsaved }) => unsaved);
  }
}

class TeamList extends Loaded {
  load() {
    return listTeams();
  }

  async answer(team, verb) {
    await api.post(`/v0/teams/${team.id}/${verb}`);
    announce(t(verb === 'accept' ? 'teams.accepted' : 'teams.declined', { team: team.name }));
    if (verb === 'accept') location.hash = `#/teams/${team.id}`;
    else await this.reload();
  }

  async make() {
    const team = await openTeamForm();

    if (team) location.hash = `#/teams/${team.id}`;
  }

  content({ teams, invitations }) {
    return [
      h('header', { class: 'row between section-head', key: 'head' },
        h('h1', null, t('teams.title')),
        teams.length > 0 && h('button', { type: 'button', class: 'primary', onclick: () => this.make() }, t('teams.make'))),
      invitations.map((team) =>
        h('oc-team-invitation', { key: `i-${team.id}`, team, answer: (verb) => this.answer(team, verb) })),
      teams.length > 0
        ? h('ul', { class: 'plain team-cards', key: 'teams' }, teams.map(teamCard))
        : noTeams(() => this.make()),
    ];
  }
}

const teamCard = (team) => h('li', { key: team.id, class: 'card team-card' },
  h('h2', null, h('a', { href: `#/teams/${team.id}` }, team.name)),
  h('p', { class: 'quiet' }, [
    t('teams.memberCount', { count: team.memberCount }), t('teams.eventTypeCount', { count: team.teamEventTypeCount }),
  ].join(' · ')),
  h('p', null, h('span', { class: 'badge' }, t(`teams.roles.${team.role}`))));

/* Teaches what a team is for, and the first step. */
const noTeams = (onclick) => h('section', { class: 'card stack no-teams', key: 'none' },
  h('h2', null, t('teams.none.title')),
  h('p', null, t('teams.none.text')),
  h('ul', { class: 'plain mode-explained' }, ['round_robin', 'collective'].map((mode) => h('li', { key: mode },
    modePicture(mode),
    h('div', null, h('h3', null, t(`teams.modes.${mode}.name`)), h('p', { class: 'quiet' }, t(`teams.modes.${mode}.example`)))))),
  h('p', null, h('button', { type: 'button', class: 'primary', onclick }, t('teams.none.make'))));

/* Somebody asks: property team, answer(verb). */
class Invitation extends View {
  team = null;
  answer = null;
  busy = false;
  error = null;

  async act(verb) {
    if (this.busy) return;
    this.set({ busy: true, error: null });
    try {
      await this.answer(verb);
    } catch (error) {
      this.error = error;
    }
    this.set({ busy: false });
  }

  view() {
    return h('section', { class: 'card stack invitation' },
      h('h2', null, t('teams.invitation.title', { team: this.team.name })),
      h('p', null, t('teams.invitation.text', { count: this.team.memberCount })),
      this.error && h('p', { class: 'note bad', role: 'alert' }, errorText(this.error, ['teams.errors'])),
      h('div', { class: 'row' },
        h('button', { type: 'button', class: 'primary', onclick: () => this.act('accept') }, t('teams.invitation.accept')),
        h('button', { type: 'button', onclick: () => this.act('decline') }, t('teams.invitation.decline'))));
  }
}

customElements.define('oc-team-invitation', Invitation);
customElements.define('oc-team-list', TeamList);
customElements.define('oc-teams', Teams);
