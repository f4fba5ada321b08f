-- What the measures of webhooks work on, in an empty database with the extension: psql -v settled= -f webhooks.sql
--
-- settled   so many deliveries were sent long ago, each with its event and its one attempt.
--
-- 200 endpoints of ten users; bench.aim(port) points them at a receiver. bench.make_due(n) queues so many events, each for
-- one endpoint in turn, with the body of a booking; bench.drained(n) says how many of them a second were settled since;
-- bench.forget() takes away what is not among the settled.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS opencalendly CASCADE;
CREATE SCHEMA bench;
SET search_path = bench, pg_catalog;
SET synchronous_commit = off;
SET session_replication_role = replica;

CREATE TABLE endpoints AS
    SELECT u.n * 20 + k AS n, s.subscription_id AS id
    FROM (SELECT n, opencalendly.create_user('user-' || n, 'user-' || n || '@example.com') AS id
            FROM generate_series(0, 9) AS n OFFSET 0) AS u,
        generate_series(0, 19) AS k,
        LATERAL opencalendly.create_webhook_subscription(u.id, 'https://example.com/' || u.n * 20 + k,
            ARRAY['booking.created']) AS s;
ALTER TABLE endpoints ADD PRIMARY KEY (n);

CREATE FUNCTION aim(port integer) RETURNS void LANGUAGE sql AS $$
    UPDATE opencalendly.webhook_subscriptions AS s SET url = format('http://127.0.0.1:%s/endpoint/%s', port, e.n)
    FROM bench.endpoints AS e WHERE e.id = s.id
$$;

CREATE FUNCTION body(event_id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('id', event_id, 'type', 'booking.created', 'createdAt', '2026-11-22T12:00:00.000Z',
        'payload', jsonb_build_object('bookingId', event_id, 'eventTypeId', event_id, 'organizerId', event_id,
            'inviteeName', 'Ada Lovelace', 'inviteeEmail', 'ada@example.com', 'startsAt', '2026-12-22T12:00:00.000Z',
            'endsAt', '2026-12-22T12:30:00.000Z', 'metadata', jsonb_build_object('sequence', 0)))::text
$$;

CREATE FUNCTION make_due(wanted integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
        SELECT n, opencalendly.uuid_generate_v7() AS id FROM generate_series(1, wanted) AS n;
    INSERT INTO opencalendly.outbox_events (id, type, booking_id, body)
        SELECT id, 'booking.created', id, bench.body(id) FROM made ORDER BY n;
    INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id)
        SELECT e.id, m.id FROM made AS m JOIN bench.endpoints AS e ON e.n = m.n % 200 ORDER BY m.n;
    PERFORM opencalendly.wake_workers_at_commit();
END
$$;

INSERT INTO opencalendly.outbox_events (id, type, booking_id, body, created_at)
    SELECT id, 'booking.created', id, body(id), now() - interval '1 day'
    FROM (SELECT opencalendly.uuid_generate_v7() AS id FROM generate_series(1, :settled)) AS made;
INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id, status, attempt, created_at, settled_at)
    SELECT e.id, v.id, 'succeeded', 1, v.created_at, v.created_at
    FROM (SELECT id, created_at, row_number() OVER (ORDER BY id) AS n FROM opencalendly.outbox_events) AS v
        JOIN endpoints AS e ON e.n = v.n % 200 ORDER BY v.n;
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status)
    SELECT id, 1, created_at, 20, 'done', 204 FROM opencalendly.webhook_deliveries ORDER BY id;

-- From the commit to the last one's being settled. Fails if one of them has not succeeded.
CREATE FUNCTION drained(wanted integer) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    committed_at timestamptz;
    settled_at timestamptz;
    succeeded bigint;
BEGIN
    SELECT pg_xact_commit_timestamp(v.xmin) INTO committed_at FROM opencalendly.outbox_events AS v ORDER BY v.id DESC LIMIT 1;
    SELECT max(d.settled_at), count(*) FILTER (WHERE d.status = 'succeeded' AND d.attempt = 1) INTO settled_at, succeeded
        FROM opencalendly.webhook_deliveries AS d WHERE d.created_at >= committed_at - interval '1 minute';
    IF succeeded <> wanted THEN
        RAISE EXCEPTION 'only % have succeeded', succeeded;
    END IF;
    RETURN round(wanted / extract(epoch FROM settled_at - committed_at), 1);
END
$$;

-- Without settled ones the tables are as in a new database again.
CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.webhook_deliveries AS d WHERE d.created_at < now() - interval '12 hours') THEN
        TRUNCATE opencalendly.webhook_deliveries, opencalendly.outbox_events, opencalendly.delivery_attempts;
    END IF;
    DELETE FROM opencalendly.delivery_attempts WHERE started_at > now() - interval '12 hours';
    DELETE FROM opencalendly.webhook_deliveries WHERE created_at > now() - interval '12 hours';
    DELETE FROM opencalendly.outbox_events WHERE created_at > now() - interval '12 hours';
END
$$;

RESET synchronous_commit;
SELECT :settled > 0 AS is_full \gset
VACUUM (FREEZE, ANALYZE) opencalendly.webhook_subscriptions;
\if :is_full
VACUUM (FREEZE, ANALYZE);
\endif
