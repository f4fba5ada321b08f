/*
 * Teams as the console reads them from the API, and the words for what is in them. A team is as GET /v0/teams has it; all:
 * { team, members, eventTypes } of one that the user is in.
 */
import { t } from '../i18n.js';
import { formatDuration } from '../time.js';
import { placeOf } from './event-type-draft.js';
import { api, query } from './session.js';

export const DEFAULT_WEIGHT = 100;
export const DEFAULT_PRIORITY = 2;

export const listTeams = () => api.get('/v0/teams');

/* All of a team; null if the user is not (or no more) in it. */
export async function loadTeam(id) {
  const { teams } = await listTeams();
  const team = teams.find((one) => one.id === id);

  if (!team) return null;
  const [{ members }, { eventTypes }] = await Promise.all([
    api.get(`/v0/teams/${id}/members`), api.get(`/v0/teams/${id}/event-types`),
  ]);

  return { team, members, eventTypes };
}

/* The newest entries of a ledger, up to "most" of them, and the cursor for more. */
export async function loadLedger(eventTypeId, cursor = null) {
  const { entries, nextCursor } = await api.get(`/v0/team-event-types/${eventTypeId}/ledger${query({ limit: 100, cursor })}`);

  return { entries, nextCursor };
}

export const isOwner = (team) => team.role === 'owner';
export const isActive = (member) => member.status === 'active';
export const nameOf = ({ user }) => user.displayName ?? user.username;

/* The name of a user of the team by id; whoever has left is told so. */
export const nameIn = (members, userId) => {
  const member = members.find((one) => one.userId === userId);

  return member ? nameOf(member) : t('teams.formerMember');
};

/* "AL" of "Ada Lovelace" */
export const initials = (name) => {
  const words = name.trim().split(/\s+/);

  return [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...word][0] ?? '').join('').toUpperCase();
};

export const pageOf = (team, eventType) => ({ teamSlug: team.slug, eventSlug: eventType.slug, name: eventType.name });

/* "30 min · Video call" */
export const summary = ({ durationMinutes, locationType, locationValue, conference }) => {
  const shown = ['in_person', 'custom'].includes(locationType) && locationValue;

  return [formatDuration(durationMinutes), shown || t(`place.${placeOf({ locationType, conference })}`)].join(' · ');
};

/*
 * The parts of a team's event type: of each active member { member, isIn, isRequired, weight, priority, scheduleId } with
 * the own values (null: the member's), and isIn telling whether the member attends or takes turns at all.
 */
export function partsOf({ mode, members: rows }, members) {
  return members.filter(isActive).map((member) => {
    const row = rows.find((one) => one.userId === member.userId);
    const { isRequired = false, weight = null, priority = null, scheduleId = null } = row ?? {};

    return { member, isIn: Boolean(row) && (mode === 'round_robin' || isRequired), isRequired, weight, priority, scheduleId };
  });
}

/* The names of the event types that a member takes part in. */
export const partIn = ({ eventTypes, members }, userId) => eventTypes
  .filter((one) => partsOf(one, members).some(({ member, isIn }) => isIn && member.userId === userId))
  .map(({ eventType }) => eventType.name);

/* Who takes turns, as team-turn.js has them. */
export const poolOf = (teamEventType, members) => partsOf(teamEventType, members)
  .filter(({ isIn, isRequired }) => isIn && !isRequired)
  .map(({ member, weight, priority }) => ({
    userId: member.userId, position: member.position, weight: weight ?? member.weight, priority: priority ?? member.priority,
  }));
