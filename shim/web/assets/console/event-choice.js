/* All event types that the host may ask about: the own ones, and those of teams that the host owns. */
import { api } from './session.js';

/* [{ label, types: [EventType] }], own ones first with the label null; empty groups are left out. */
export async function eventGroups() {
  const [own, teams] = await Promise.all([api.get('/v0/event-types'), api.get('/v0/teams')]);
  const owned = teams.teams.filter(({ role }) => role === 'owner');
  const groups = await Promise.all(owned.map(async ({ id, name }) => {
    const { eventTypes } = await api.get(`/v0/teams/${id}/event-types`);

    return { label: name, teamId: id, types: eventTypes.map(({ eventType }) => eventType) };
  }));

  return [{ label: null, teamId: null, types: own.eventTypes }, ...groups].filter(({ types }) => types.length > 0);
}
