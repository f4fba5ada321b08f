/*
 * Endpoints and their deliveries, as the API tells them: what state they are in, and words for it. Times are the host's, to
 * the second: the first attempts are seconds apart.
 */
import { has, hourCycle, locale, t } from '../i18n.js';
import { api, query } from './session.js';

export const EVENTS = ['booking.created', 'booking.canceled', 'booking.rescheduled'];
/* As which deliveries can be listed; what is being sent this very moment is in none but "all". */
export const FILTERS = ['all', 'pending', 'succeeded', 'failed', 'paused'];
/* How often, and every how many milliseconds, a delivery is looked at after it was sent on its way. */
const LOOKS = 20;
const PAUSE = 400;

/* --- endpoints ----------------------------------------------------------------------------------------------------- */

/* "off", "paused", "failing" or "sending". */
export function stateOf({ isActive, pausedReason, failingSince }) {
  if (!isActive) return 'off';
  if (pausedReason) return 'paused';
  return failingSince ? 'failing' : 'sending';
}

/* The endpoint as it is kept: its secret is only ever in the dialog that shows it. */
export const withoutSecret = ({ secret, ...webhook }) => webhook;

export const eventName = (event) => t(`webhooks.events.${event.split('.').at(-1)}`);
export const eventNames = ({ events }) => EVENTS.filter((event) => events.includes(event)).map(eventName).join(' · ');

/* "14 Jun, 09:00:05" of a text of the API; the text itself if that is no time. */
export function timeText(instant, zone) {
  const at = Date.parse(instant);

  return Number.isNaN(at) ? instant : new Intl.DateTimeFormat(locale, {
    day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', second: '2-digit', hourCycle, timeZone: zone,
  }).format(at);
}

/* Whether an instant of the API, or none, is still to come. */
export const isAhead = (instant) => instant != null && Date.parse(instant) > Date.now();

/* Why nothing is sent: the service's reasons in words of the page, any other as it stands. */
export function pausedText({ pausedReason, failingSince }, zone) {
  if (/answered 410\b/.test(pausedReason)) return t('webhooks.paused.gone');
  return failingSince ? t('webhooks.paused.failing', { since: timeText(failingSince, zone) }) : pausedReason;
}

/* --- deliveries ---------------------------------------------------------------------------------------------------- */

/* A page of them, the latest first, of at least 25 and at most 100: { deliveries, nextCursor }. */
export const deliveriesOf = (id, status, cursor = null, count = 0) => api.get(`/v0/webhooks/${id}/deliveries${query({
  status: status === 'all' ? null : status, cursor, limit: Math.min(100, Math.max(25, count)),
})}`);

const isOpen = ({ status }) => status === 'pending' || status === 'leased';

/* Whether it is being sent, or will be at once. */
export const isUnderWay = (delivery) => isOpen(delivery) && !isAhead(delivery.nextAttemptAt);
export const lastAttempt = ({ attempts }) => attempts.at(-1) ?? null;

/*
 * Looks at a delivery that was just sent on its way, until its next attempt is over, it waits no more, or isWanted() says no.
 * Returns what it was at the last look: maybe still on its way, or further back in the log than "count".
 */
export async function follow(webhookId, delivery, isWanted, count) {
  let seen = delivery;

  for (let n = 0; n < LOOKS && isWanted() && isOpen(seen) && !(lastAttempt(seen)?.attempt > delivery.attempt); n += 1) {
    await new Promise((wake) => { setTimeout(wake, PAUSE); });
    if (!isWanted()) break;
    const answer = await deliveriesOf(webhookId, 'all', null, count).catch(() => null);

    seen = answer?.deliveries.find(({ id }) => id === delivery.id) ?? seen;
  }
  return seen;
}

/* Why an attempt has failed, in words of the page where there are some: "connection refused", "answered 301; redirects …". */
function reasonText(reason) {
  const [, status, more] = /^answered (\d+)(?:; (.+))?$/.exec(reason) ?? [];
  const key = `webhooks.failures.${reason.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

  if (status) return resultText({ status, error: more });
  return has(key) ? t(key) : reason;
}

/* What came of an attempt: "Answered 200", "No answer: connection refused". */
export function resultText({ status, error }) {
  if (error?.startsWith('answered ')) return reasonText(error);
  const answer = status && t('webhooks.answered', { status: String(status) });

  if (!error) return answer;
  return t(answer ? 'webhooks.answeredBut' : 'webhooks.noAnswer', { answer, error: reasonText(error) });
}
