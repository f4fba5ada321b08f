/* Endpoints, and the rows of deliveries that only a worker would write, by SQL. */
import { sql } from './lib.mjs';

const EVENTS = ['booking.created', 'booking.canceled', 'booking.rescheduled'];
const text = (value) => (value == null ? 'NULL' : `'${String(value).replaceAll('\'', '\'\'')}'`);

/* An endpoint of the host, with its secret. */
export async function makeWebhook(host, settings = {}) {
  const { webhook } = await host.call('POST', '/v0/webhooks',
    { url: 'https://hooks.example.com/bookings', events: EVENTS, ...settings });

  return webhook;
}

/* The attempts of what "delivery" has inserted: [phase, status, error, elapsed ms], a minute apart. */
function attemptRows(attempts, at) {
  const rows = attempts.map(([phase, status, error, elapsed], i) => `(${i + 1}, timestamptz ${text(at)} + interval '${i} min',
    ${elapsed}, ${text(phase)}, ${status ?? 'NULL::int'}, ${text(error)}::text)`);

  return rows.length ? `attempts AS (INSERT INTO opencalendly.delivery_attempts
    SELECT delivery.id, a.* FROM delivery, (VALUES ${rows.join()}) AS a RETURNING 1)` : 'attempts AS (SELECT 1)';
}

/* A delivery to the endpoint; returns its id. at: when it was made, and attempted first; due: when it is next; leasedUntil: of a leased one. */
export async function addDelivery(webhook, { type = 'booking.created', status = 'succeeded', attempts = [],
  at = '2026-06-01 07:00+00', due = '-infinity', leasedUntil = null, bookingId = null } = {}) {
  const isSettled = status === 'succeeded' || status === 'failed';

  return sql(`
    WITH new AS MATERIALIZED (
        SELECT opencalendly.uuid_generate_v7() AS id, ${text(type)} AS type, ${text(at)}::timestamptz AS at),
      event AS (INSERT INTO opencalendly.outbox_events (id, type, booking_id, created_at, body)
        SELECT id, type, ${text(bookingId)}::uuid, at, json_build_object('id', id, 'type', type, 'createdAt', at,
            'payload', json_build_object('inviteeName', 'Ann Example'))
          FROM new RETURNING id),
      delivery AS (INSERT INTO opencalendly.webhook_deliveries
          (subscription_id, event_id, status, attempt, due_at, leased_until, last_error, created_at, settled_at)
        SELECT ${text(webhook.id)}, new.id, ${text(status)}, ${attempts.length}, ${text(due)},
            ${text(leasedUntil)}, ${text(attempts.at(-1)?.[2])},
            at, ${isSettled ? 'at' : 'NULL'}
          FROM new JOIN event USING (id) RETURNING id),
      ${attemptRows(attempts, at)}
    SELECT id FROM delivery`);
}

/* What only the worker decides about an endpoint: paused_reason, failing_since and the like, as SQL. */
export const setWebhook = ({ id }, assignments) =>
  sql(`UPDATE opencalendly.webhook_subscriptions SET ${assignments} WHERE id = '${id}'`);
