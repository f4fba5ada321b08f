/* Connected calendars as workers would have left them: rows by SQL. No worker is at work here, and no token is one. */
import { sql } from './lib.mjs';

const text = (value) => (value === null ? 'NULL' : `'${String(value).replaceAll('\'', '\'\'')}'`);

/*
 * A connection of the host. more: state, syncedAt, failures, lastError, staleness, afterMinutes; calendars: [name, more] with role,
 * busy, target, main, lastError.
 */
export async function connect(host, email, { state = 'active', syncedAt = '2026-06-01 08:35:07+00', lastError = null,
  staleness = 'refuse', afterMinutes = 1440 } = {}, calendars = [[email, { main: true, busy: true }]]) {
  const rows = calendars.map(([name, { role = 'owner', busy = false, target = false, main = false, lastError: why = null } = {}]) =>
    `(${text(`${email} ${name}`)}, ${text(name)}, '${role}', ${main}, ${busy}, ${target}, ${text(why)})`);

  await sql(`
    WITH c AS (INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token,
        refresh_at, access_expires_at, state, staleness, stale_after_minutes, failures, next_sync_at, synced_at, last_error, created_at)
      VALUES ('${host.user.id}', ${text(`${host.username} ${email}`)}, ${text(email)}, '{}', '', '', 'infinity', 'infinity', '${state}',
        '${staleness}', ${afterMinutes}, ${lastError ? 3 : 0}, '2026-06-01 08:50:00+00', ${text(syncedAt)}, ${text(lastError)},
        ${text(syncedAt ?? '2026-06-01 08:39:00+00')}) RETURNING id, user_id)
    INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_primary, is_busy_source,
        is_write_target, last_error, synced_at)
      SELECT c.id, c.user_id, r.external_id, r.name, r.role, r.is_main, r.is_busy, r.is_target, r.last_error, ${text(syncedAt)}
      FROM c, (VALUES ${rows.join(', ')}) AS r (external_id, name, role, is_main, is_busy, is_target, last_error)`);
}

/* What was to be written of a booking into the host's calendar, and was not: status and attempt tell how often it was tried. */
export const addWriteback = (host, bookingId, { operation = 'create', status = 'failed', attempt = 10, lastError }) => sql(`
  INSERT INTO opencalendly.calendar_writebacks (user_id, calendar_id, meeting_id, external_id, booking_id, operation, status, attempt,
      due_at, last_error, created_at, settled_at)
    SELECT c.user_id, c.id, '${bookingId}', 'oc12345', '${bookingId}', '${operation}', '${status}', ${attempt}, '2026-06-01 09:00+00',
      ${text(lastError)}, '2026-06-01 08:00+00', CASE WHEN '${status}' = 'failed' THEN timestamptz '2026-06-01 08:30+00' END
    FROM opencalendly.calendars AS c WHERE c.user_id = '${host.user.id}' AND c.is_write_target`);

export const disconnect = (host) => sql(`DELETE FROM opencalendly.calendar_connections WHERE user_id = '${host.user.id}'`);
