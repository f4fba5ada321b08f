/*
 * The verdicts of GET /v0/event-types/:id/explain in words: whether the time is offered, and for each host and for the event
 * type itself what stands in the way and where that is changed.
 */
import { h } from '../view.js';
import { has, t } from '../i18n.js';
import { dateIn, formatRange } from '../time.js';
import { icon } from './icons.js';
import { toldRange } from './told-range.js';

const WITHOUT_YEAR = { weekday: 'short', day: 'numeric', month: 'short' };

/* Where each reason is changed. */
const PLACES = {
  outside_hours: '#/hours', override: '#/hours', claim: 'week', buffer: 'week', notice: 'type', horizon: 'type', cap: 'type',
  grid: 'type', seats: 'type', inactive: 'type', busy_window: '#/calendars', calendar_stale: '#/calendars',
};

/* answer: { type, instant, verdicts, isTeam, and of a team: isOffered, names (by user id) } */
export function verdictsView(answer, user) {
  const { type, verdicts, isTeam } = answer;
  const isOffered = isTeam ? answer.isOffered : verdicts.every(({ verdict }) => verdict === 'ok');
  const groups = Object.values(Object.groupBy(verdicts, ({ hostId }) => hostId ?? ''));

  return h('div', { class: 'stack' },
    h('div', { class: `note ${isOffered ? 'good' : 'warn'}` },
      h('p', { class: 'strong' }, t(isOffered ? 'console.explain.offered' : 'console.explain.refused')),
      isTeam && h('p', null, t(`console.explain.${type.mode}`))),
    groups.map((group) => (isTeam ? hostView(group, answer, user) : reasonsView(group, answer, user))));
}

function hostView(group, answer, user) {
  const [{ hostId }] = group;
  const own = hostId === null ? 'console.explain.eventType' : hostId === user.id && 'console.explain.you';
  const name = own ? t(own) : answer.names.get(hostId) ?? t('console.booking.formerMember');

  return h('section', { key: hostId ?? 'type', class: 'stack tight' }, h('h3', null, name), reasonsView(group, answer, user));
}

const reasonsView = (group, answer, user) => h('ul', { class: 'plain card verdicts' }, group.map((verdict) =>
  h('li', { class: `verdict ${verdict.verdict}` }, verdict.verdict === 'ok' ? free() : reason(verdict, answer, user))));

const free = () => [mark('check'), h('p', { class: 'strong' }, t('console.explain.free'))];
const mark = (name) => h('span', { class: 'verdict-mark', 'aria-hidden': 'true' }, icon(name, 16));

function reason(verdict, answer, user) {
  const key = `console.explain.reasons.${variant(verdict, answer)}`;
  const range = toldRange(verdict.detail);
  const isMine = verdict.hostId === null || verdict.hostId === user.id;

  return [mark('close'), h('div', { class: 'stack tight' },
    h('p', { class: 'strong' }, has(key) ? t(`${key}.what`) : verdict.detail ?? verdict.reason),
    range && h('p', { class: 'numbers' }, formatRange(range.start, range.end, user.timezone, WITHOUT_YEAR),
      verdict.reason === 'claim' && ` (${t('console.explain.withBuffers')})`),
    has(key) && h('p', { class: 'quiet' }, t(isMine || !has(`${key}.theirs`) ? `${key}.todo` : `${key}.theirs`)),
    isMine && has(`${key}.link`) && h('p', null, h('a', { href: placeOf(verdict.reason, answer, user) }, t(`${key}.link`))))];
}

/* Some reasons have more than one face. */
function variant({ reason: name, hostId, detail }, { instant, isTeam }) {
  if (name === 'notice' && instant < Date.now()) return 'past';
  if (name === 'inactive' && isTeam && detail?.includes('member')) return 'nobody';
  if (name === 'override' && !toldRange(detail)) return 'replaced';
  return name === 'claim' && (hostId === null || detail?.includes('required')) ? 'together' : name;
}

function placeOf(name, { type, instant, isTeam }, user) {
  if (PLACES[name] === 'week') return `#/bookings/week/${dateIn(instant, user.timezone)}`;
  if (PLACES[name] !== 'type') return PLACES[name];
  return isTeam ? '#/teams' : `#/event-types/${type.id}`;
}
