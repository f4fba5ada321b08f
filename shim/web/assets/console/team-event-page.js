/*
 * <oc-team-event-page>: an event type of a team: its link, who gets the next booking and why, who takes part; for owners the
 * forms to make one ("new" in place of an id), to change who takes part, and to change the rest.
 */
import { announce, focusOn, h } from '../view.js';
import { t } from '../i18n.js';
import { api, confirmDialog } from './session.js';
import { openEmbedDialog, pageUrl } from './embed-dialog.js';
import { isOwner, loadLedger, loadTeam, nameOf, pageOf, partsOf, summary } from './team-data.js';
import { backLink, button } from './section-parts.js';
import { Loaded, avatar, modeBadge, modePicture, noTeam } from './team-view.js';
import { refusal, whyNot } from './team-refusal.js';
import './team-event-form.js';
import './team-hosts-form.js';
import './team-turns.js';

class TeamEventPage extends Loaded {
  path = null;
  user = null;
  editing = null;
  problem = null;

  async load() {
    const all = await loadTeam(this.path.teamId);
    const one = all?.eventTypes.find(({ id }) => id === this.path.eventTypeId);

    if (!one) return all ?? false;
    const [ledger, { schedules }] = await Promise.all([
      one.mode === 'round_robin' ? loadLedger(one.id) : null, isOwner(all.team) ? api.get('/v0/me/schedules') : { schedules: [] },
    ]);
    return { ...all, one, ledger, schedules };
  }

  content(all) {
    if (!all || (!all.one && this.path.eventTypeId !== 'new')) return noTeam();
    const back = backLink(`#/teams/${all.team.id}`, all.team.name);

    if (!all.one) return [back, this.newForm(all)];
    return [back, this.head(all), ...(this.editing === 'rest' ? [this.restForm(all)] : this.parts(all))];
  }

  newForm({ team, eventTypes }) {
    return h('section', { class: 'stack', key: 'new' },
      h('h1', null, t('teams.newEventType')),
      h('oc-team-event-form', {
        team, taken: eventTypes.map(({ eventType }) => eventType.slug),
        ondone: ({ detail }) => { location.hash = `#/teams/${team.id}/${detail.id}`; },
        onleave: () => { location.hash = `#/teams/${team.id}`; },
      }));
  }

  head({ team, one: { id, mode, eventType } }) {
    const page = pageOf(team, eventType);
    const url = pageUrl(page);

    return h('header', { class: 'stack section-head', key: 'head' },
      h('div', { class: 'row event-title' }, modePicture(mode), h('h1', null, eventType.name)),
      h('p', { class: 'row quiet' }, h('span', null, summary(eventType)), modeBadge(mode),
        !eventType.isActive && h('span', { class: 'badge warn' }, t('teams.inactive')),
        eventType.isHidden && h('span', { class: 'badge' }, t('teams.hidden'))),
      eventType.description && h('p', { class: 'lines' }, eventType.description),
      h('div', { class: 'row page-link' },
        h('a', { href: url, target: '_blank' }, url.replace(/^https?:\/\//, '')),
        h('oc-copy', { key: id, copy: { text: url, label: t('teams.copyLink') } }),
        button(t('teams.embed'), () => openEmbedDialog(page, eventType.name), { class: 'small' }),
        isOwner(team) && this.editing !== 'rest' &&
          button(t('teams.editEventType'), () => this.edit('rest'), { class: 'small' })));
  }

  parts(all) {
    const { one, team } = all;

    return [
      one.mode === 'round_robin' && h('oc-team-turns', { key: 'turns', job: { one, members: all.members, ledger: all.ledger } }),
      this.who(all),
      isOwner(team) && this.removal(one),
    ];
  }

  edit(what) {
    this.set({ editing: what });
    focusOn(this, what ? 'form input, form select' : 'h1');
  }

  /* Something of it may be saved all the same. */
  leave() {
    this.edit(null);
    this.lookAgain();
  }

  async saved() {
    this.editing = null;
    announce(t('common.saved'));
    await this.reload();
    focusOn(this, 'h1');
  }

  restForm({ team, one, eventTypes }) {
    const taken = eventTypes.filter(({ id }) => id !== one.id).map(({ eventType }) => eventType.slug);

    return h('section', { key: 'rest', class: 'stack' },
      h('h2', { class: 'unseen' }, t('teams.editEventType')),
      h('oc-team-event-form', { team, one, taken, ondone: () => this.saved(), onleave: () => this.leave() }));
  }

  /* --- who takes part --- */

  who(all) {
    const isChanging = this.editing === 'hosts';

    return h('section', { class: 'card stack', key: 'who', 'aria-labelledby': 'team-who' },
      h('div', { class: 'row between' },
        h('h2', { id: 'team-who' }, t('teams.hosts.title')),
        isOwner(all.team) && !isChanging && button(t('teams.hosts.change'), () => this.edit('hosts'), { class: 'small' }),
        isChanging && button(t('common.cancel'), () => this.edit(null), { class: 'small' })),
      isChanging
        ? h('oc-team-hosts-form', { key: 'form', job: all, ondone: () => this.saved() })
        : this.whoList(all));
  }

  whoList({ one, members }) {
    const parts = partsOf(one, members).filter(({ isIn }) => isIn);
    const always = parts.filter(({ isRequired }) => isRequired);
    const inTurn = parts.filter(({ isRequired }) => !isRequired);

    return [
      h('p', { class: 'quiet', key: 'told' }, t(`teams.modes.${one.mode}.text`)),
      parts.length === 0 && h('p', { class: 'note warn', key: 'nobody' }, t('teams.hosts.nobodyLeft')),
      group(one.mode === 'collective' ? 'together' : 'always', always),
      group('turn', inTurn),
      h('p', { class: 'quiet small', key: 'all' }, t(one.allMembers ? 'teams.hosts.allIn' : 'teams.hosts.onlyThese')),
    ];
  }

  /* --- deletion --- */

  removal({ id, eventType }) {
    return h('section', { class: 'card stack', key: 'removal', 'aria-labelledby': 'team-event-removal' },
      h('h2', { id: 'team-event-removal' }, t('teams.removeEvent.title')),
      this.problem && refusal(this.problem),
      h('div', { class: 'row between' },
        h('p', { class: 'quiet grow' }, t('teams.removeEvent.hint', { group: t('eventTypes.groups.shown') })),
        button(t('teams.removeEvent.button'), () => this.deleteEventType(id, eventType), { class: 'danger' })));
  }

  async deleteEventType(id, { name }) {
    this.set({ problem: null });
    if (!await confirmDialog({
      title: t('teams.removeEvent.ask', { event: name }), text: t('teams.removeEvent.text'),
      confirmLabel: t('common.delete'), danger: true,
    })) return;
    try {
      await api.del(`/v0/event-types/${id}`);
      announce(t('teams.removeEvent.done', { event: name }));
      location.hash = `#/teams/${this.path.teamId}`;
    } catch (error) {
      this.set({ problem: await whyNot(error, [id], 'teams.removeEvent.errors') });
    }
  }
}

const group = (kind, parts) => parts.length > 0 && h('div', { class: 'stack tight', key: kind },
  h('h3', null, t(`teams.hosts.${kind}`)),
  h('ul', { class: 'plain people' }, parts.map(({ member }) =>
    h('li', { key: member.userId, class: 'person' }, avatar(member), h('span', null, nameOf(member))))));

customElements.define('oc-team-event-page', TeamEventPage);
