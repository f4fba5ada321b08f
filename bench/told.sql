-- Which hosts of the database that load.sql made are told of their bookings, by three endpoints each; may be run again.
--
-- bench.sides has the free cells of bench.targets by side: told, of the hosts with endpoints, and untold, of the others.
-- bench.aim(port) points the endpoints at a receiver, bench.forget() empties the queue.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = bench, pg_catalog;
DROP TABLE IF EXISTS sides;
DROP SEQUENCE IF EXISTS next_told, next_untold;
SELECT opencalendly.delete_webhook_subscription(id) FROM opencalendly.webhook_subscriptions;

SELECT count(s.subscription_id)
    FROM hosts AS h, generate_series(1, 3) AS k,
        LATERAL opencalendly.create_webhook_subscription(h.host_id, 'https://example.com/' || k, ARRAY['booking.created']) AS s
    WHERE h.n % 2 = 1;

CREATE TABLE sides AS
    SELECT side, row_number() OVER (PARTITION BY side ORDER BY t.n) AS n, event_type_id, starts_at
    FROM targets AS t JOIN hosts AS h USING (event_type_id),
        LATERAL (SELECT CASE h.n % 2 WHEN 1 THEN 'told' ELSE 'untold' END AS side) AS s
    WHERE t.n >= (SELECT last_value FROM next_target);
ALTER TABLE sides ADD PRIMARY KEY (side, n);
CREATE SEQUENCE next_told;
CREATE SEQUENCE next_untold;

CREATE OR REPLACE FUNCTION aim(port integer) RETURNS void LANGUAGE sql AS $$
    UPDATE opencalendly.webhook_subscriptions SET url = format('http://127.0.0.1:%s/endpoint/%s', port, id)
$$;

CREATE OR REPLACE FUNCTION forget() RETURNS void LANGUAGE sql AS $$
    TRUNCATE opencalendly.webhook_deliveries, opencalendly.outbox_events, opencalendly.delivery_attempts
$$;
VACUUM (ANALYZE);
