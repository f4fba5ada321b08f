/*
 * Connected calendars as the API tells them: what state they are in, words for it, and the way to Google and back. Times are the
 * host's, to the second, as in webhook-data.js.
 */
import { has, language, t } from '../i18n.js';
import { post } from '../api.js';
import { api } from './session.js';

/* Where Google sends the host back to: the page of calendar-callback.js. */
export const redirectUri = `${location.origin}/settings/calendar/google/callback`;
/* In the session's store: the language that a host leaves for Google in, for Google keeps no more of us than the address. */
const LANGUAGE = 'opencalendly-connect-language';
/* In the browser's store: ids of the failures that were given up and that the host has seen in the section. */
const SEEN = 'opencalendly-seen-writebacks';

/* What work() with a store of the browser returns; null where the browser forbids it. */
function stored(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/* --- connections --------------------------------------------------------------------------------------------------- */

/* { isConfigured, connections } */
export async function statusOf() {
  const { isConfigured, connections } = await api.get('/v0/calendar/sync/status');

  return { isConfigured, connections };
}

/* { summary, failures } of what is written into calendars. */
export const writebacksOf = () => api.get('/v0/calendar/writeback/status');

const givenUp = ({ failures }) => failures.filter(({ nextAttemptAt }) => !nextAttemptAt).map(({ id }) => id);
const seen = () => stored(() => JSON.parse(localStorage.getItem(SEEN))) ?? [];

/* How many writes were given up that the host has not seen in the section yet. */
export const unseenFailures = (writebacks) => givenUp(writebacks).filter((id) => !seen().includes(id)).length;
export const rememberFailures = (writebacks) => stored(() => localStorage.setItem(SEEN, JSON.stringify(givenUp(writebacks))));

/* "broken", "stale", "failing", "reading" (for the first time) or "fresh". */
export function stateOf({ state, isStale, lastError, lastSyncedAt }) {
  if (state === 'broken') return 'broken';
  if (isStale) return 'stale';
  if (lastError) return 'failing';
  return lastSyncedAt ? 'fresh' : 'reading';
}

const ROLES = ['writer', 'owner'];

/* The calendars that bookings can be written into, each with its connection. */
export const writableOf = (connections) => connections.flatMap((connection) => connection.calendars
  .filter(({ accessRole }) => ROLES.includes(accessRole)).map((calendar) => ({ calendar, connection })));

export const writeTargetOf = (connections) =>
  writableOf(connections).find(({ calendar }) => calendar.isWriteTarget) ?? null;

/* In the order of a list, which no choice changes: the account's own first, then by name. */
export const inOrder = (calendars) => [...calendars].sort((a, b) => b.isPrimary - a.isPrimary
  || a.name.localeCompare(b.name, language));

/* The page's words of what the service says, null where there are none. */
function wordsFor(group, text) {
  const key = `${group}.${text.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

  return has(key) ? t(key) : null;
}

/*
 * Why something has failed, "events could not be read: answered 403 (rateLimitExceeded)": in sentences of the page where there
 * are words for it, all else as the service says it.
 */
export function failureText(error) {
  const [, what, why] = /^([^:]+): (.+)$/.exec(error) ?? [null, error];
  const [, status, reason] = /^answered (\d+)(?: \(([^)]+)\))?$/.exec(error) ?? [];

  if (status) return t(reason ? 'calendars.answeredBecause' : 'calendars.answered', { status, reason });
  const known = wordsFor('calendars.failures', what);

  if (known) return why ? `${known} ${failureText(why)}` : known;
  const away = wordsFor('webhooks.failures', error);

  return away ? t('calendars.noAnswer', { error: away }) : t('calendars.failed', { error });
}

/* Why an account could not be connected, as failureText(); a permission that was not given is named by what it is for. */
export function refusalText(error) {
  const [, permission] = /^the permission "([^"]+)" was not given$/.exec(error) ?? [];

  return permission ? t('calendars.refused', { permission: wordsFor('calendars.permissions', permission) ?? permission })
    : failureText(error);
}

/* --- to Google and back -------------------------------------------------------------------------------------------- */

/* The language in which the host left; null if that is not known. For the page that they come back to, once. */
export const takeLanguage = () => stored(() => {
  const value = sessionStorage.getItem(LANGUAGE);

  sessionStorage.removeItem(LANGUAGE);
  return value;
});

/* Leads to Google's page that asks the host; raises what the API does. */
export async function leaveForGoogle(call = api.post) {
  const { authUrl } = await call('/v0/calendar/google/connect/start', { redirectUri });
  const url = new URL(authUrl);

  if (url.protocol !== 'https:') throw new Error(`no address to go to: ${url.origin}`);
  stored(() => sessionStorage.setItem(LANGUAGE, language));
  location.assign(url);
}

/* What Google has sent back is handed on: the connection. Not by the console's own way, which asks to sign in and waits. */
export const completeConnection = ({ code, state }) =>
  post('/v0/calendar/google/connect/complete', { code, state, redirectUri });
