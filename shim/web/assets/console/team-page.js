/* <oc-team-page>: a team: its event types, members and settings. Owners change them, members see them and may leave. */
import { announce, h } from '../view.js';
import { t } from '../i18n.js';
import { api, confirmDialog } from './session.js';
import { isActive, isOwner, loadTeam, nameOf, pageOf, partIn, summary } from './team-data.js';
import { backLink } from './section-parts.js';
import { Loaded, modeBadge, modePicture, noTeam } from './team-view.js';
import { pageUrl } from './embed-dialog.js';
import { select } from './setup-fields.js';
import { refusal, whyNot } from './team-refusal.js';
import './team-form.js';
import './team-members.js';

class TeamPage extends Loaded {
  path = null;
  user = null;
  problem = null;
  heir = '';

  async load() {
    return await loadTeam(this.path.teamId) ?? false;
  }

  content(all) {
    if (!all) return noTeam();
    const { team } = all;

    return [
      backLink('#/teams', t('teams.all')),
      h('header', { class: 'stack tight section-head', key: 'head' },
        h('h1', null, team.name),
        h('p', { class: 'row quiet' },
          h('span', null, `/team/${team.slug}`), h('span', { class: 'badge' }, t(`teams.roles.${team.role}`)))),
      this.eventTypes(all),
      h('oc-team-members', { key: 'members', all, user: this.user, onchanged: () => this.reload() }),
      isOwner(team) ? this.settings(all) : this.leaving(team),
    ];
  }

  /* --- event types --- */

  eventTypes({ team, eventTypes, members }) {
    return h('section', { class: 'card stack', key: 'event-types', 'aria-labelledby': 'team-event-types' },
      h('div', { class: 'row between' },
        h('h2', { id: 'team-event-types' }, t('teams.eventTypes')),
        isOwner(team) && eventTypes.length > 0 && newLink(team, 'button primary')),
      eventTypes.length > 0
        ? h('ul', { class: 'plain rows' }, eventTypes.map((one) => eventTypeRow(team, one)))
        : noEventTypes(team, members.filter(isActive).length));
  }

  /* --- settings --- */

  settings({ team, members }) {
    const heirs = members.filter((member) => isActive(member) && member.userId !== team.ownerUserId);

    return h('section', { class: 'card stack', key: 'settings', 'aria-labelledby': 'team-settings' },
      h('h2', { id: 'team-settings' }, t('teams.settings')),
      h('oc-team-form', { key: `${team.name}/${team.slug}`, team, ondone: () => this.saved() }),
      team.ownerUserId === this.user?.id && heirs.length > 0 && this.handOver(team, heirs),
      h('hr', null),
      this.problem && refusal(this.problem),
      h('div', { class: 'row between' },
        h('p', { class: 'quiet grow small' }, t('teams.remove.hint')),
        h('button', { type: 'button', class: 'danger', onclick: () => this.deleteTeam(team) }, t('teams.remove.button'))));
  }

  handOver(team, heirs) {
    return h('div', { class: 'field hand-over', key: 'hand-over' },
      h('label', { for: 'team-heir' }, t('teams.handOver.label')),
      h('div', { class: 'row' },
        select({ id: 'team-heir', class: 'short', value: this.heir, oninput: (heir) => this.set({ heir }) },
          [['', t('teams.handOver.choose')], ...heirs.map((member) => [member.userId, nameOf(member)])]),
        this.heir && h('button', { type: 'button', onclick: () => this.give(team, heirs) }, t('teams.handOver.button'))),
      h('p', { class: 'hint' }, t('teams.handOver.hint')));
  }

  async saved() {
    announce(t('common.saved'));
    await this.reload();
  }

  give(team, heirs) {
    const heir = heirs.find(({ userId }) => userId === this.heir);
    const ask = {
      title: t('teams.handOver.title', { name: nameOf(heir) }), text: t('teams.handOver.text'),
      confirmLabel: t('teams.handOver.button'),
    };

    return this.act(ask, async () => {
      await api.patch(`/v0/teams/${team.id}`, { ownerUserId: heir.userId });
      this.heir = '';
      await this.saved();
    });
  }

  deleteTeam(team) {
    const ask = {
      title: t('teams.remove.title', { team: team.name }), text: t('teams.remove.text'),
      confirmLabel: t('common.delete'), danger: true, items: this.data.eventTypes.map(({ eventType }) => eventType.name),
    };

    return this.act(ask, async () => {
      await api.del(`/v0/teams/${team.id}`);
      announce(t('teams.remove.done', { team: team.name }));
      location.hash = '#/teams';
    }, 'teams.remove.errors', this.data.eventTypes.map(({ id }) => id));
  }

  leaving(team) {
    return h('section', { class: 'card stack', key: 'leaving', 'aria-labelledby': 'team-leave' },
      h('h2', { id: 'team-leave' }, t('teams.leave.title')),
      this.problem && refusal(this.problem),
      h('div', { class: 'row between' },
        h('p', { class: 'quiet grow' }, t('teams.leave.text')),
        h('button', { type: 'button', class: 'danger', onclick: () => this.leave(team) }, t('teams.leave.button'))));
  }

  leave(team) {
    const items = partIn(this.data, this.user.id);
    const ask = {
      title: t('teams.leave.ask', { team: team.name }), text: t(items.length ? 'teams.leave.partIn' : 'teams.leave.text'), items,
      confirmLabel: t('teams.leave.button'), danger: true,
    };

    return this.act(ask, async () => {
      await api.post(`/v0/teams/${team.id}/leave`);
      announce(t('teams.leave.done', { team: team.name }));
      location.hash = '#/teams';
    });
  }

  /* Asks, does, and shows what went wrong. */
  async act(ask, work, key = 'teams.errors', ids = []) {
    this.set({ problem: null });
    if (!await confirmDialog(ask)) return;
    try {
      await work();
    } catch (error) {
      this.set({ problem: await whyNot(error, ids, key) });
    }
  }
}

const newLink = (team, classes) => h('a', { class: classes, href: `#/teams/${team.id}/new` }, t('teams.newEventType'));

function eventTypeRow(team, { id, mode, eventType }) {
  const url = pageUrl(pageOf(team, eventType));
  const named = t('teams.openPageOf', { event: eventType.name });

  return h('li', { key: id, class: 'row between' },
    modePicture(mode),
    h('div', { class: 'grow stack tight' },
      h('h3', null, h('a', { href: `#/teams/${team.id}/${id}` }, eventType.name)),
      h('p', { class: 'row small quiet' }, h('span', null, summary(eventType)), modeBadge(mode),
        !eventType.isActive && h('span', { class: 'badge warn' }, t('teams.inactive')),
        eventType.isHidden && h('span', { class: 'badge' }, t('teams.hidden')))),
    h('div', { class: 'row' },
      h('oc-copy', { copy: { text: url, label: t('teams.copyLink'), name: t('teams.copyLinkOf', { event: eventType.name }) } }),
      h('a', { class: 'button small', href: url, target: '_blank', 'aria-label': named }, t('teams.openPage'))));
}

const noEventTypes = (team, memberCount) => h('div', { class: 'empty stack' },
  h('p', null, t(isOwner(team) ? 'teams.noEventTypes.owner' : 'teams.noEventTypes.member')),
  isOwner(team) && memberCount < 2 && h('p', null, t('teams.noEventTypes.alone')),
  isOwner(team) && h('p', null, newLink(team, 'button primary')));

customElements.define('oc-team-page', TeamPage);
