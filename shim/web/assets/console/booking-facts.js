/*
 * What a booking's dialog tells: when in both zones, who, where, the answers, who attends, and what became of it. load()
 * fetches what the booking itself does not have: names of hosts, labels of questions, the bookings it was moved from and to.
 */
import { h } from '../view.js';
import { t } from '../i18n.js';
import { formatRange, zoneOffsetText } from '../time.js';
import { api } from './session.js';
import { placeNode, startOf, stateBadge, theirZone, whenText } from './meetings.js';

const quietly = (promise) => promise.catch(() => null);
const booking = (id) => (id ? quietly(api.get(`/v0/bookings/${id}`)).then((answer) => answer?.booking ?? null) : null);

/* { hosts: [names], questions: [...], from, to } */
export async function loadFacts({ hostIds, team, eventType, rescheduledFrom, rescheduledTo }) {
  const [members, types, from, to] = await Promise.all([
    team && quietly(api.get(`/v0/teams/${team.teamId}/members`)),
    quietly(api.get(team ? `/v0/teams/${team.teamId}/event-types` : '/v0/event-types')),
    booking(rescheduledFrom), booking(rescheduledTo),
  ]);
  const nameOf = (id) => {
    const user = members?.members.find(({ userId }) => userId === id)?.user;

    return user?.displayName ?? user?.username ?? t('console.booking.formerMember');
  };
  const type = types?.eventTypes.map((each) => each.eventType ?? each).find(({ id }) => id === eventType.id);

  return { hosts: team ? hostIds.map(nameOf) : [], questions: type?.questions ?? [], from, to };
}

/* The facts as a list; open(booking) shows one that this was moved from or to. */
export function factsView(one, user, facts, open) {
  return h('dl', { class: 'facts' },
    fact('when', h('span', { class: 'strong numbers' }, whenText(one, user.timezone)), ' ', stateBadge(one),
      h('p', { class: 'quiet small' }, zoneText(user.timezone, one))),
    theirZone(one, user.timezone) && fact('theirs', formatRange(startOf(one), Date.parse(one.endsAt), one.timezone),
      h('p', { class: 'quiet small' }, zoneText(one.timezone, one))),
    fact('who', one.inviteeName, h('br'), h('a', { href: `mailto:${encodeURIComponent(one.inviteeEmail)}` }, one.inviteeEmail)),
    fact('where', placeNode(one.eventType)),
    facts?.hosts.length > 0 && fact('hosts', facts.hosts.join(', ')),
    Object.entries(one.answers).map(([id, text]) => [
      h('dt', null, facts?.questions.find((question) => question.id === id)?.label ?? id), h('dd', { class: 'answer' }, text)]),
    fact('history', h('ul', { class: 'plain stack tight' },
      history(one, user.timezone, facts, open).map((entry) => h('li', null, entry)))));
}

const fact = (name, ...children) => [h('dt', null, t(`console.booking.${name}`)), h('dd', null, ...children)];
const zoneText = (zone, one) => `${zone.replaceAll('_', ' ')}, ${zoneOffsetText(zone, startOf(one))}`;

/* What became of it, in order of time. */
function history(one, zone, facts, open) {
  const at = (text) => formatRange(Date.parse(text), Date.parse(text), zone,
    { day: 'numeric', month: 'short', year: 'numeric' }).replace(/ – .*$/, '');
  const by = one.canceledBy === 'host' ? 'canceledByHost' : 'canceledByInvitee';
  const link = (other) => other && h('button', { type: 'button', class: 'link', onclick: () => open(other) },
    whenText(other, zone));

  return [
    one.rescheduledFrom ? [t('console.booking.movedFrom', { at: at(one.createdAt) }), ' ', link(facts?.from)]
      : t('console.booking.bookedAt', { at: at(one.createdAt) }),
    one.rescheduledTo && [t('console.booking.movedTo'), ' ', link(facts?.to)],
    one.canceledAt && [t(`console.booking.${by}`, { at: at(one.canceledAt) }),
      one.cancelReason && h('q', { class: 'reason' }, one.cancelReason)],
    one.noShowAt && t('console.booking.noShowAt', { at: at(one.noShowAt) }),
  ].filter(Boolean);
}
