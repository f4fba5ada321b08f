-- Whether this database is where its rows were written, or a restored copy of it.

CREATE FUNCTION opencalendly.is_restored_copy() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT coalesce(bool_and(i.system_identifier = c.system_identifier AND i.database_oid = d.oid), false)
    FROM pg_control_system() AS c
        CROSS JOIN (SELECT oid FROM pg_database WHERE datname = current_database()) AS d
        CROSS JOIN opencalendly.installations AS i
$$;
COMMENT ON FUNCTION opencalendly.is_restored_copy() IS
    'whether these rows came here by a dump from another cluster or database and have not been adopted';

CREATE FUNCTION opencalendly.adopt_outbox() RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was_copy constant boolean := opencalendly.is_restored_copy();
BEGIN
    DELETE FROM opencalendly.installations;
    INSERT INTO opencalendly.installations (system_identifier, database_oid)
        SELECT c.system_identifier, d.oid FROM pg_control_system() AS c, pg_database AS d
        WHERE d.datname = current_database();
    RETURN was_copy;
END
$$;
COMMENT ON FUNCTION opencalendly.adopt_outbox() IS
    'makes a restored copy the one that sends: returns whether it was a copy';

-- Reads what is open or stuck, through the partial indexes, and nothing of what is settled well. What is pending for an
-- endpoint that is paused or switched off (it was queued just then) waits with the paused, and so does what is pending for a
-- calendar whose connection is broken or being left. Mails that made no sense any more have not failed. What is leased is due
-- again when its lease is over.
CREATE VIEW opencalendly.outbox_queues AS
    SELECT 'webhook' AS queue, o.due, o.waiting, o.leased, o.held + k.paused AS paused, k.failed, o.oldest_due_at
    FROM (
        SELECT pg_catalog.count(*) FILTER (WHERE d.sends AND d.due_at <= d.now_at) AS due,
            pg_catalog.count(*) FILTER (WHERE d.sends AND d.status = 'pending' AND d.due_at > d.now_at) AS waiting,
            pg_catalog.count(*) FILTER (WHERE d.status = 'leased' AND d.due_at > d.now_at) AS leased,
            pg_catalog.count(*) FILTER (WHERE NOT d.sends AND (d.status = 'pending' OR d.due_at <= d.now_at)) AS held,
            pg_catalog.min(GREATEST(d.due_at, d.created_at)) FILTER (WHERE d.sends AND d.due_at <= d.now_at)
                AS oldest_due_at
        FROM (SELECT d.status, GREATEST(d.due_at, d.leased_until) AS due_at, d.created_at, s.is_active AND s.paused_reason IS NULL AS sends, c.now_at
            FROM (SELECT pg_catalog.clock_timestamp() AS now_at OFFSET 0) AS c
                CROSS JOIN opencalendly.webhook_deliveries AS d
                JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id
            WHERE d.is_open) AS d) AS o
    CROSS JOIN (
        SELECT pg_catalog.count(*) FILTER (WHERE d.status = 'paused') AS paused,
            pg_catalog.count(*) FILTER (WHERE d.status = 'failed') AS failed
        FROM opencalendly.webhook_deliveries AS d WHERE d.is_stuck) AS k
    UNION ALL
    SELECT 'mail', o.due, o.waiting, o.leased, 0, k.failed, o.oldest_due_at
    FROM (
        SELECT pg_catalog.count(*) FILTER (WHERE d.due_at <= c.now_at) AS due,
            pg_catalog.count(*) FILTER (WHERE d.status = 'pending' AND d.due_at > c.now_at) AS waiting,
            pg_catalog.count(*) FILTER (WHERE d.status = 'leased' AND d.due_at > c.now_at) AS leased,
            pg_catalog.min(GREATEST(d.due_at, d.created_at)) FILTER (WHERE d.due_at <= c.now_at) AS oldest_due_at
        FROM (SELECT pg_catalog.clock_timestamp() AS now_at OFFSET 0) AS c CROSS JOIN (
            SELECT d.status, GREATEST(d.due_at, d.leased_until) AS due_at, d.created_at
            FROM opencalendly.email_deliveries AS d WHERE d.is_open) AS d) AS o
    CROSS JOIN (
        SELECT pg_catalog.count(*) AS failed FROM opencalendly.email_deliveries AS d
        WHERE d.is_stuck AND d.status = 'failed' AND COALESCE(d.last_error, '') NOT LIKE 'not sent: %') AS k
    UNION ALL
    SELECT 'writeback', o.due, o.waiting, o.leased, o.held + k.paused, k.failed, o.oldest_due_at
    FROM (
        SELECT pg_catalog.count(*) FILTER (WHERE d.sends AND d.due_at <= d.now_at) AS due,
            pg_catalog.count(*) FILTER (WHERE d.sends AND d.status = 'pending' AND d.due_at > d.now_at) AS waiting,
            pg_catalog.count(*) FILTER (WHERE d.status = 'leased' AND d.due_at > d.now_at) AS leased,
            pg_catalog.count(*) FILTER (WHERE NOT d.sends AND (d.status = 'pending' OR d.due_at <= d.now_at)) AS held,
            pg_catalog.min(GREATEST(d.due_at, d.created_at)) FILTER (WHERE d.sends AND d.due_at <= d.now_at)
                AS oldest_due_at
        FROM (SELECT d.status, GREATEST(d.due_at, d.leased_until) AS due_at, d.created_at, n.state = 'active' AS sends, c.now_at
            FROM (SELECT pg_catalog.clock_timestamp() AS now_at OFFSET 0) AS c
                CROSS JOIN opencalendly.calendar_writebacks AS d
                JOIN opencalendly.calendars AS k ON k.id = d.calendar_id
                JOIN opencalendly.calendar_connections AS n ON n.id = k.connection_id
            WHERE d.is_open) AS d) AS o
    CROSS JOIN (
        SELECT pg_catalog.count(*) FILTER (WHERE d.status = 'paused') AS paused,
            pg_catalog.count(*) FILTER (WHERE d.status = 'failed') AS failed
        FROM opencalendly.calendar_writebacks AS d WHERE d.is_stuck) AS k;
COMMENT ON VIEW opencalendly.outbox_queues IS
    'a row for webhook, one for mail and one for writeback (what is written into hosts'' calendars): how many deliveries are due, wait for their next attempt or (reminders, follow-ups) their time, are being sent, are paused with their endpoint or their connection, have failed; since when the oldest due one is due';

CREATE VIEW opencalendly.outbox_status AS
    SELECT CASE WHEN opencalendly.is_restored_copy() THEN 'restored copy' ELSE 'ready' END AS state,
        pg_catalog.sum(q.due)::bigint AS due, pg_catalog.sum(q.waiting)::bigint AS waiting,
        pg_catalog.sum(q.leased)::bigint AS leased, pg_catalog.sum(q.paused)::bigint AS paused,
        pg_catalog.sum(q.failed)::bigint AS failed, pg_catalog.min(q.oldest_due_at) AS oldest_due_at,
        (SELECT pg_catalog.max(h.seen_at) FROM opencalendly.worker_heartbeats AS h WHERE h.queue <> 'calendar') AS worker_seen_at
    FROM opencalendly.outbox_queues AS q;
COMMENT ON VIEW opencalendly.outbox_status IS
    'one row: state ready, or restored copy (nothing is sent from here) until adopt_outbox(); the sums of outbox_queues; since when the oldest due delivery is due; when a worker of run_deliveries was last seen';

CREATE VIEW opencalendly.failed_deliveries AS
    SELECT 'webhook' AS queue, d.id AS delivery_id, d.status, s.id AS receiver_id, s.url AS receiver, e.type AS event_type,
        d.attempt AS attempts, d.last_error, d.created_at, d.settled_at
    FROM opencalendly.webhook_deliveries AS d
        JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id
        JOIN opencalendly.outbox_events AS e ON e.id = d.event_id
    WHERE d.is_stuck
    UNION ALL
    SELECT 'mail', d.id, d.status, d.user_id, COALESCE(d.email, u.email), d.kind, d.attempt, d.last_error, d.created_at,
        d.settled_at
    FROM opencalendly.email_deliveries AS d LEFT JOIN opencalendly.users AS u ON u.id = d.user_id
    WHERE d.is_stuck AND d.status = 'failed' AND COALESCE(d.last_error, '') NOT LIKE 'not sent: %'
    UNION ALL
    SELECT 'writeback', d.id, d.status, k.id, n.account_email, d.operation, d.attempt, d.last_error, d.created_at, d.settled_at
    FROM opencalendly.calendar_writebacks AS d
        JOIN opencalendly.calendars AS k ON k.id = d.calendar_id
        JOIN opencalendly.calendar_connections AS n ON n.id = k.connection_id
    WHERE d.is_stuck;
COMMENT ON VIEW opencalendly.failed_deliveries IS
    'what was not delivered and is not tried any more: webhooks that failed (replay_webhook sends one again), or are paused with their endpoint (resume_webhook of receiver_id); mails that failed (replay_mail), but for those that made no sense any more; bookings that could not be written into a host''s calendar';

-- As the slots see it (data/schedule.c): a calendar that was never read is as old as the choice of it, or its connection.
CREATE VIEW opencalendly.calendar_status AS
    SELECT n.id AS connection_id, n.user_id, u.username, n.provider, n.account_email, n.state, n.synced_at AS last_synced_at,
        CASE WHEN n.state <> 'broken' THEN GREATEST(n.next_sync_at, n.created_at) END AS next_sync_at,
        c.now_at - k.read_at AS mirror_age, n.staleness, n.stale_after_minutes,
        n.state <> 'leaving' AND n.staleness = 'refuse'
            AND COALESCE(k.read_at + n.stale_after_minutes * INTERVAL '1 minute' < c.now_at, false) AS is_stale,
        n.failures, n.last_error, k.calendars, k.busy_sources, k.write_target, k.windows,
        (SELECT h.seen_at FROM opencalendly.worker_heartbeats AS h WHERE h.queue = 'calendar') AS worker_seen_at
    FROM (SELECT pg_catalog.clock_timestamp() AS now_at OFFSET 0) AS c
        CROSS JOIN opencalendly.calendar_connections AS n JOIN opencalendly.users AS u ON u.id = n.user_id
        CROSS JOIN LATERAL (
            SELECT pg_catalog.count(*) AS calendars, pg_catalog.count(*) FILTER (WHERE k.is_busy_source) AS busy_sources,
                pg_catalog.min(COALESCE(k.synced_at, k.chosen_at, n.created_at)) FILTER (WHERE k.is_busy_source) AS read_at,
                pg_catalog.min(k.name) FILTER (WHERE k.is_write_target) AS write_target,
                COALESCE(pg_catalog.sum((SELECT pg_catalog.count(*) FROM opencalendly.calendar_busy_windows AS w
                                         WHERE w.calendar_id = k.id)), 0)::bigint AS windows
            FROM opencalendly.calendars AS k WHERE k.connection_id = n.id) AS k;
COMMENT ON VIEW opencalendly.calendar_status IS
    'a row a connection of a calendar account: whose, its state, when it was last synchronized and is to be next (in the past: no worker does it), how old the mirror of its oldest busy source is, whether slots are refused for that, how many syncs have failed since the last good one and why; how many calendars, busy sources and windows; when a worker of run_calendar_sync was last seen';
