/* Endpoints, and the rows of deliveries that only a worker would write, by SQL. */
import { sql } from './lib.mjs';

const text = (value) => (value == null ? 'NULL' : `'${String(value).replaceAll('\'', '\'\'')}'`);

/* An endpoint of the host, with its secret. */
export async function makeWebhook(host, settings = {}) {
  const { webhook } = await host.call('POST', '/v0/webhooks', {
    url: 'https://hooks.example.com/bookings', events: ['booking.created', 'booking.canceled', 'booking.rescheduled'], ...settings,
  });

  return webhook;
}

/*
 * A delivery to the endpoint; returns its id. attempts: [phase, status, error, elapsed ms], the first at "at", each of the
 * others a minute later.
 */
export async function addDelivery({ id }, { type = 'booking.created', status = 'succeeded', attempts = [], at = '2026-06-01 07:00+00', due = '-infinity', bookingId = null } = {}) {
  const isSettled = status === 'succeeded' || status === 'failed';
  const error = attempts.at(-1)?.[2];
  const rows = attempts.map(([phase, answer, why, ms], i) =>
    `(${i + 1}, timestamptz ${text(at)} + interval '${i} min', ${ms}, ${text(phase)}, ${answer ?? 'NULL::int'}, ${text(why)}::text)`);
  const body = `json_build_object('id', id, 'type', ${text(type)}, 'createdAt', ${text(at)}, 'payload', json_build_object('inviteeName', 'Ann Example'))`;
  const inserted = rows.length ? `INSERT INTO opencalendly.delivery_attempts SELECT delivery.id, a.* FROM delivery, (VALUES ${rows.join()}) AS a` : 'SELECT';

  return sql(`
    WITH ids AS MATERIALIZED (SELECT opencalendly.uuid_generate_v7() AS id),
      event AS (INSERT INTO opencalendly.outbox_events (id, type, booking_id, body, created_at)
        SELECT id, ${text(type)}, ${text(bookingId)}::uuid, ${body}, ${text(at)} FROM ids RETURNING id),
      delivery AS (INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id, status, attempt, due_at, last_error, created_at, settled_at)
        SELECT ${text(id)}, id, ${text(status)}, ${attempts.length}, ${text(due)}, ${text(error)}, ${text(at)}, ${isSettled ? text(at) : 'NULL'} FROM event RETURNING id),
      attempts AS (${inserted} ${rows.length ? 'RETURNING 1' : ''})
    SELECT id FROM delivery`);
}

/* What only the worker decides about an endpoint: paused_reason, failing_since and the like, as SQL. */
export const setWebhook = ({ id }, assignments) =>
  sql(`UPDATE opencalendly.webhook_subscriptions SET ${assignments} WHERE id = '${id}'`);
