/*
 * <oc-team-members>: who is in a team and who has been asked; owners invite, change and remove. Property all: see team-data.js;
 * event "changed" when the team must be read anew.
 */
import { View, announce, h } from '../view.js';
import { errorText, t } from '../i18n.js';
import { api, confirmDialog, mailIsOn, openDialog } from './session.js';
import { DEFAULT_PRIORITY, DEFAULT_WEIGHT, isActive, isOwner, nameOf, partIn } from './team-data.js';
import { numberField, numberOf, rangeError, selectField, textField } from './setup-fields.js';
import { button } from './section-parts.js';
import { Form, avatar } from './team-view.js';

const PRIORITIES = ['4', '3', '2', '1', '0'];
const IS_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const priorityChoices = () => PRIORITIES.map((value) => [value, t(`teams.priorities.${value}`)]);

class Members extends View {
  all = null;
  user = null;
  problem = null;
  told = null;

  view() {
    const { team, members } = this.all;

    return h('section', { class: 'card stack', 'aria-labelledby': 'team-members' },
      h('h2', { id: 'team-members' }, t('teams.members')),
      this.problem && h('p', { class: 'note bad', role: 'alert' }, this.problem),
      h('ul', { class: 'plain rows' }, members.map((member) => this.row(team, member))),
      this.told && h('p', { key: 'told', class: 'note good' }, this.told),
      isOwner(team) && h('oc-team-invite', { key: 'invite', team, ondone: ({ detail }) => this.invited(detail) }));
  }

  row(team, member) {
    const isMe = member.userId === this.user?.id;

    return h('li', { key: member.userId, class: 'row between member-row' },
      avatar(member, isActive(member) ? '' : 'pending'),
      h('div', { class: 'grow' },
        h('p', { class: 'row name-line' },
          h('span', { class: 'strong' }, nameOf(member)), isMe && h('span', { class: 'quiet' }, t('teams.you')),
          memberBadges(team, member)),
        h('p', { class: 'quiet small' },
          [member.user.email ?? `@${member.user.username}`, standing(member)].filter(Boolean).join(' · '))),
      isOwner(team) && h('div', { class: 'row' }, this.acts(team, member)));
  }

  acts(team, member) {
    const name = nameOf(member);
    const verb = isActive(member) ? 'remove' : 'withdraw';
    const change = () => this.change(team, member);
    const remove = () => this.removeMember(team, member);

    return [
      isActive(member) && button(t('teams.member.change'), change,
        { key: 'change', class: 'small', 'aria-label': t('teams.member.changeOf', { name }) }),
      member.userId !== team.ownerUserId && button(t(`teams.member.${verb}`), remove,
        { key: 'remove', class: 'small danger', 'aria-label': t(`teams.member.${verb}Of`, { name }) }),
    ];
  }

  invited(member) {
    const told = t(mailIsOn() ? 'teams.invite.mailed' : 'teams.invite.done', { name: nameOf(member) });

    this.set({ told });
    announce(told);
    this.emit('changed');
  }

  async change(team, member) {
    const changed = await openDialog({
      heading: t('teams.member.changeOf', { name: nameOf(member) }),
      view: ({ close }) => h('oc-team-member-form', { job: { team, member, all: this.all }, ondone: () => close(true) }),
    });

    if (changed) this.emit('changed');
  }

  async removeMember(team, member) {
    const kind = isActive(member) ? 'removal' : 'withdrawal';
    const items = partIn(this.all, member.userId);
    const ask = {
      title: t(`teams.${kind}.title`, { name: nameOf(member) }), text: t(`teams.${kind}.${items.length ? 'partIn' : 'text'}`),
      items, confirmLabel: t(`teams.${kind}.confirm`), danger: true,
    };

    this.set({ problem: null, told: null });
    if (!await confirmDialog(ask)) return;
    try {
      await api.del(`/v0/teams/${team.id}/members/${member.userId}`);
      announce(t(`teams.${kind}.done`, { name: nameOf(member) }));
      this.emit('changed');
    } catch (error) {
      this.set({ problem: errorText(error, ['teams.errors']) });
    }
  }
}

const memberBadges = (team, member) => [
  !isActive(member) && h('span', { key: 'pending', class: 'badge warn' }, t('teams.pending')),
  isActive(member) && member.role === 'owner' &&
    h('span', { key: 'role', class: 'badge' }, t(member.userId === team.ownerUserId ? 'teams.holder' : 'teams.roles.owner')),
];

/* What of a member's place in round robins is not as with everybody. */
const standing = (member) => [
  member.weight !== DEFAULT_WEIGHT && t('teams.weightIs', { weight: member.weight }),
  member.priority !== DEFAULT_PRIORITY && t('teams.priorityIs', { priority: t(`teams.priorities.${member.priority}`) }),
].filter(Boolean).join(' · ');

/* Asks somebody to join, by mail address or by the id of their account. */
class Invite extends Form {
  team = null;
  draft = { email: '', role: 'member' };
  errorKeys = ['teams.invite.errors', 'teams.errors'];

  check() {
    const email = this.draft.email.trim();

    if (!email) return { email: t('common.fillIn') };
    return { email: IS_ID.test(email) || /^[^@\s]+@[^@\s]+$/.test(email) ? null : t('teams.invite.bad') };
  }

  async send() {
    const who = this.draft.email.trim();
    const { member } = await api.post(`/v0/teams/${this.team.id}/members`,
      { [IS_ID.test(who) ? 'userId' : 'email']: who, role: this.draft.role });

    this.draft = { email: '', role: 'member' };
    return member;
  }

  /* What the invited do not have is said at the address. */
  refuse(error) {
    if (['OC013', 'OC005'].includes(error.code) || error.field === 'userId') error.field = 'email';
    super.refuse(error);
  }

  view() {
    return h('form', { class: 'stack invite', novalidate: true, onsubmit: (event) => this.submit(event) },
      h('h3', null, t('teams.invite.title')),
      h('div', { class: 'form-row' },
        textField(this.spec('email', {
          label: t('teams.invite.email'), hint: t('teams.invite.hint'), type: 'email', inputmode: 'email', autocomplete: 'off',
        })),
        selectField(this.spec('role'), ['member', 'owner'].map((role) => [role, t(`teams.roles.${role}`)])),
        this.buttons(t('teams.invite.button'))));
  }
}

/* Role, weight and priority of a member. Property job: { team, member, all }. */
class MemberForm extends Form {
  job = null;

  start() {
    const { role, weight, priority } = this.job.member;

    this.draft = { role, weight: String(weight), priority: String(priority) };
  }

  check() {
    return { weight: rangeError(numberOf(this.draft.weight), [1, 1000], true) };
  }

  async send() {
    const { team, member } = this.job;
    const { role, weight, priority } = this.draft;

    await api.patch(`/v0/teams/${team.id}/members/${member.userId}`, {
      ...(role === member.role ? {} : { role }), weight: numberOf(weight), priority: Number(priority),
    });
    announce(t('common.saved'));
  }

  view() {
    const { team, member } = this.job;
    const isHolder = member.userId === team.ownerUserId;

    return h('form', { class: 'stack', novalidate: true, onsubmit: (event) => this.submit(event) },
      selectField(this.spec('role', { hint: t(isHolder ? 'teams.roleOfHolder' : 'teams.roleHint'), disabled: isHolder }),
        ['member', 'owner'].map((role) => [role, t(`teams.roles.${role}`)])),
      h('p', { class: 'quiet small' }, t('teams.member.turns')),
      numberField(this.spec('weight', {
        hint: t('teams.weightHint', { share: this.share() }),
        oninput: (weight) => {
          this.draft.weight = weight;
          this.update();
        },
      })),
      selectField(this.spec('priority', { hint: t('teams.priorityHint') }), priorityChoices()),
      this.buttons(t('common.save')));
  }

  /* "33 %" of the meetings of all members, by the weight as typed. */
  share() {
    const own = numberOf(this.draft.weight);
    const others = this.job.all.members.filter((one) => isActive(one) && one.userId !== this.job.member.userId)
      .reduce((sum, { weight }) => sum + weight, 0);

    return own > 0 ? percent(own / (own + others)) : '–';
  }
}

export const percent = (share) => new Intl.NumberFormat(document.documentElement.lang, { style: 'percent' }).format(share);

customElements.define('oc-team-invite', Invite);
customElements.define('oc-team-member-form', MemberForm);
customElements.define('oc-team-members', Members);
