/* All event types that the host may ask about: the own ones, and those of teams that the host owns. */
import { api } from './session.js';

/* [{ label, team, types: [EventType] }], own ones first with label and team null; empty groups are left out. */
export async function eventGroups() {
  const [own, teams] = await Promise.all([api.get('/v0/event-types'), api.get('/v0/teams')]);
  const owned = teams.teams.filter(({ role }) => role === 'owner');
  const groups = await Promise.all(owned.map(async (team) => {
    const { eventTypes } = await api.get(`/v0/teams/${team.id}/event-types`);

    return { label: team.name, team, types: eventTypes.map(({ eventType, mode }) => ({ ...eventType, mode })) };
  }));

  return [{ label: null, team: null, types: own.eventTypes }, ...groups].filter(({ types }) => types.length > 0);
}
