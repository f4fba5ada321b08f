-- The HTTP API of webhooks, function by function: what it answers, that nobody reaches what is another's, and how each bad
-- value is refused. No worker is at work here.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api.inc
\i :api

-- As api.inc's, with secrets as <secret> and all instants of the wall clock as <now>.
CREATE FUNCTION pg_temp.say(call text, VARIADIC path text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(pg_temp.api(call, VARIADIC path), '(?<="secret": )"whsec_[A-Za-z0-9+/]{43}="', '<secret>', 'g'),
        '"(?!2026-06-0)\d{4}-\d\d-\d\dT[0-9:.]+Z"', '<now>', 'g')
$$;
CREATE FUNCTION pg_temp.keep_hook(name text, call text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(pg_temp.keep(name, call, 'webhook', 'id'), '(?<="secret": )"whsec_[A-Za-z0-9+/]{43}="', '<secret>', 'g'),
        '"(?!2026-06-0)\d{4}-\d\d-\d\dT[0-9:.]+Z"', '<now>', 'g')
$$;
-- what others have left
DELETE FROM opencalendly.webhook_subscriptions;
SELECT pg_temp.sign_up('ada', 'aw-'), pg_temp.sign_up('eve', 'aw-');

--
-- Webhooks
--
SELECT pg_temp.say('webhooks(#ada)');
SELECT pg_temp.keep_hook('hook', $$create_webhook(#ada, '{"url": "https://hooks.example.com/ada", "events": ["booking.canceled", "booking.created", "booking.canceled"]}')$$);
SELECT pg_temp.keep_hook('own', $$create_webhook(#ada, '{"url": "https://hooks.example.com:8443", "events": ["booking.rescheduled"], "secret": "a secret of mine"}')$$);
SELECT pg_temp.keep_hook('nulls', $$create_webhook(#ada, '{"url": "https://hooks.example.com/?a=b", "events": ["booking.rescheduled"], "secret": null}')$$);
SELECT pg_temp.say('webhooks(#ada)');
SELECT pg_temp.say('webhooks(#eve)');
SELECT pg_temp.say($$webhook(#ada, '@own')$$);
-- absent stays; a secret that is set is told
SELECT pg_temp.say($$update_webhook(#ada, '@own', NULL)$$), pg_temp.say($$update_webhook(#ada, '@own', '{}')$$) = pg_temp.say($$webhook(#ada, '@own')$$) AS same;
SELECT pg_temp.say($$update_webhook(#ada, '@own', '{"url": "https://other.example", "events": ["booking.created"]}')$$, 'webhook');
SELECT pg_temp.say($$update_webhook(#ada, '@own', '{"rotateSecret": true}')$$, 'webhook');
SELECT pg_temp.say($$update_webhook(#ada, '@own', '{"secret": "another of mine", "rotateSecret": false}')$$, 'webhook');
SELECT pg_temp.say($$webhook(#ada, '@own')$$, 'webhook');
UPDATE opencalendly.webhook_subscriptions SET old_secret_until = clock_timestamp() - interval '1 second' WHERE id = pg_temp.id('own');
SELECT pg_temp.say($$webhook(#ada, '@own')$$, 'webhook', 'secondSecretUntil');
SELECT pg_temp.say($$update_webhook(#ada, '@own', '{"isActive": false}')$$, 'webhook', 'isActive'), pg_temp.say($$update_webhook(#ada, '@own', '{"isActive": null, "rotateSecret": null}')$$, 'webhook', 'isActive');
SELECT pg_temp.say($$delete_webhook(#ada, '@nulls')$$);
SELECT pg_temp.say($$webhook(#ada, '@nulls')$$), pg_temp.say($$delete_webhook(#ada, '@nulls')$$);

--
-- Deliveries
--
SELECT pg_temp.say($$webhook_deliveries(#ada, '@hook', NULL, NULL, NULL)$$);
SELECT pg_temp.keep('ping', $$ping_webhook(#ada, '@hook', NULL)$$, 'delivery', 'id') ~ '"ok": true' AS pinged;
INSERT INTO ids SELECT 'pinged', d.event_id FROM opencalendly.webhook_deliveries AS d WHERE d.id = pg_temp.id('ping');
SELECT pg_temp.say($$webhook_deliveries(#ada, '@hook', '', '', '')$$);
-- a worker has tried twice
UPDATE opencalendly.webhook_deliveries SET attempt = 2, due_at = clock_timestamp() + interval '1 hour', last_error = 'timed out' WHERE id = pg_temp.id('ping');
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status, error)
    VALUES (pg_temp.id('ping'), 2, now(), 15000, 'response', NULL, 'timed out'), (pg_temp.id('ping'), 1, now(), 12, 'done', 503, 'status 503');
SELECT pg_temp.say($$webhook_deliveries(#ada, '@hook', 'pending', NULL, '1')$$, 'deliveries', '0');
SELECT (body #>> '{deliveries,0,nextAttemptAt}')::timestamptz BETWEEN clock_timestamp() + interval '59 min' AND clock_timestamp() + interval '61 min' AS in_an_hour
    FROM pg_temp.answer_of($$webhook_deliveries(#ada, '@hook', 'pending', NULL, '1')$$);
SELECT pg_temp.say($$replay_delivery(#ada, '@ping', '{}')$$, 'delivery', 'status');
SELECT (body #>> '{deliveries,0,nextAttemptAt}')::timestamptz <= clock_timestamp() AS at_once FROM pg_temp.answer_of($$webhook_deliveries(#ada, '@hook', 'pending', NULL, '1')$$);
UPDATE opencalendly.webhook_deliveries SET status = 'succeeded', settled_at = now() WHERE id = pg_temp.id('ping');
SELECT pg_temp.say($$replay_webhook(#ada, '@hook', '{"since": "2026-01-01T00:00:00Z"}')$$), pg_temp.say($$replay_webhook(#ada, '@hook', '{"since": "2026-01-01T02:00:00+02:00", "includeSucceeded": true}')$$);
SELECT pg_temp.say($$webhook_deliveries(#ada, '@hook', NULL, NULL, NULL)$$, 'deliveries', '0', 'maxAttempts');
-- of many attempts the last 50
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status)
    SELECT pg_temp.id('ping'), n, now(), n, 'done', 200 FROM generate_series(3, 60) AS n;
SELECT jsonb_array_length(d -> 'attempts') AS n, d #>> '{attempts,0,attempt}' AS first, d #>> '{attempts,-1,attempt}' AS last
    FROM pg_temp.answer_of($$webhook_deliveries(#ada, '@hook', NULL, NULL, NULL)$$) AS a, jsonb_path_query(a.body, '$.deliveries[0]') AS d;
DELETE FROM opencalendly.delivery_attempts WHERE delivery_id = pg_temp.id('ping') AND attempt > 2;

-- pages, newest first, of each status
DO $$
DECLARE
    status text;
    new_id uuid;
BEGIN
    FOREACH status IN ARRAY ARRAY['pending', 'leased', 'succeeded', 'failed', 'paused', 'succeeded', 'failed'] LOOP
        new_id := opencalendly.ping_webhook(pg_temp.id('own'));
        INSERT INTO ids SELECT status || count(*), new_id FROM ids WHERE name LIKE status || '_';
        UPDATE opencalendly.webhook_deliveries AS d SET status = ids.name, attempt = 1, leased_until = CASE ids.name WHEN 'leased' THEN '-infinity'::timestamptz END, settled_at = CASE WHEN ids.name IN ('succeeded', 'failed') THEN now() END
            FROM (SELECT rtrim(i.name, '0123456789') AS name FROM ids AS i WHERE i.id = new_id::text) AS ids WHERE d.id = new_id;
        -- ids of one millisecond have no order
        PERFORM pg_sleep(0.002);
    END LOOP;
END
$$;
CREATE FUNCTION pg_temp.listed(status text, size text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    a record;
    place text;
    shown text := '';
BEGIN
    LOOP
        SELECT * INTO a FROM pg_temp.answer_of(format('webhook_deliveries(#ada, %L, %L, %L, %L)', '@own', status, place, size));
        place := a.next_cursor;
        shown := shown || coalesce((SELECT string_agg(i.name, ' ' ORDER BY d.n) FROM jsonb_array_elements(a.body -> 'deliveries') WITH ORDINALITY AS d(item, n)
            JOIN ids AS i ON i.id = d.item ->> 'id'), a.refusal, 'none') || CASE WHEN place IS DISTINCT FROM a.body ->> 'nextCursor' THEN ' (cursors differ)' ELSE '' END || ' | ';
        EXIT WHEN place IS NULL OR length(shown) > 1000;
    END LOOP;
    RETURN shown;
END
$$;
SELECT coalesce(status, 'any') AS status, size, pg_temp.listed(status, size) FROM unnest(ARRAY[NULL, 'pending', 'leased', 'succeeded', 'failed', 'paused']) AS status, unnest(ARRAY['1', '3', '100', '']) AS size;
SELECT nullif(body #>> '{deliveries,0,nextAttemptAt}', '') AS next_attempt, body #>> '{deliveries,0,settledAt}' IS NOT NULL AS settled
    FROM unnest(ARRAY['leased', 'succeeded', 'failed', 'paused']) AS status, pg_temp.answer_of(format('webhook_deliveries(#ada, %L, %L, NULL, NULL)', '@own', status));

-- a page of an endpoint that was told much a while ago does not go through what others were told since
BEGIN;
INSERT INTO opencalendly.outbox_events (id, type, body) VALUES ('00000000-0000-7000-8000-000000000000', 'ping', '{}');
ALTER TABLE opencalendly.webhook_deliveries DROP CONSTRAINT webhook_deliveries_event_id_subscription_id_key;
INSERT INTO opencalendly.webhook_deliveries (id, subscription_id, event_id, status, settled_at)
    SELECT overlay(md5(n::text) PLACING lpad(to_hex(n), 12, '0') FROM 1)::uuid,
        CASE WHEN n <= 10000 THEN pg_temp.id('own') ELSE pg_temp.id('hook') END, '00000000-0000-7000-8000-000000000000',
        CASE n % 2 WHEN 0 THEN 'failed' ELSE 'succeeded' END, now()
    FROM generate_series(1, 30000) AS n;
ANALYZE opencalendly.webhook_deliveries;
CREATE FUNCTION pg_temp.buffers_of(status text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT json) SELECT opencalendly.delivery_page(%L, %L, %L, 100)',
        pg_temp.id('own'), status, '00000001-0000-0000-0000-000000000000') INTO plan;
    RETURN (plan #>> '{0,Plan,Shared Hit Blocks}')::integer + (plan #>> '{0,Plan,Shared Read Blocks}')::integer;
END
$$;
SELECT status, pg_temp.buffers_of(status) < 300 AS few FROM unnest(ARRAY[NULL, 'succeeded', 'failed']) AS status;
ROLLBACK;

-- what is queued for a booking is told with it
SELECT opencalendly.set_availability_rules(pg_temp.id('ada'), '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]') AS rules;
INSERT INTO ids SELECT 'talk', opencalendly.create_event_type(pg_temp.id('ada'), 'Talk', 'talk', 30);
SELECT pg_temp.say($$update_webhook(#ada, '@own', '{"events": ["booking.created", "booking.canceled"]}')$$, 'webhook', 'events');
SELECT pg_temp.keep('booked', $$create_booking(NULL, '{"username": "aw-ada", "eventSlug": "talk", "startsAt": "2026-06-02T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "ann@example.com"}')$$, 'booking', 'id') ~ '"webhooks": {"queued": 2}' AS two;
SELECT pg_temp.say($$webhook_deliveries(#ada, '@own', NULL, NULL, '1')$$, 'deliveries', '0', 'bookingId'), pg_temp.say($$webhook_deliveries(#ada, '@own', NULL, NULL, '1')$$, 'deliveries', '0', 'event');
SELECT (body #> '{deliveries,0,body}') - ARRAY['id', 'createdAt', 'payload'] AS body, body #> '{deliveries,0,body,payload,metadata}' AS metadata, body #>> '{deliveries,0,body,payload,bookingId}' = pg_temp.id('booked')::text AS its_own
    FROM pg_temp.answer_of($$webhook_deliveries(#ada, '@own', NULL, NULL, '1')$$);
SELECT a.body #>> '{deliveries,0,bodyText}' = e.body AS to_the_byte FROM pg_temp.answer_of($$webhook_deliveries(#ada, '@own', NULL, NULL, '1')$$) AS a JOIN opencalendly.outbox_events AS e ON e.id = (a.body #>> '{deliveries,0,eventId}')::uuid;
INSERT INTO ids SELECT 'link', l.cancel_token FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) AS l WHERE b.id = pg_temp.id('booked');
SELECT pg_temp.say($$action_cancel('@link', NULL)$$, 'webhooks');
SELECT pg_temp.say($$webhook_deliveries(#ada, '@own', NULL, NULL, '1')$$, 'deliveries', '0', 'event');
-- of an event that nobody wants to hear nothing is, whatever was of the booking's others
BEGIN;
UPDATE opencalendly.webhook_subscriptions SET events = '{booking.created}';
SELECT pg_temp.keep('booked later', $$create_booking(NULL, '{"username": "aw-ada", "eventSlug": "talk", "startsAt": "2026-06-02T10:00:00Z", "inviteeName": "Ann", "inviteeEmail": "ann@example.com"}')$$, 'booking', 'id') ~ '"webhooks": {"queued": 2}' AS two;
INSERT INTO ids SELECT 'later link', l.cancel_token FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) AS l WHERE b.id = pg_temp.id('booked later');
SELECT pg_temp.say($$action_cancel('@later link', NULL)$$, 'webhooks');
ROLLBACK;

-- nobody is at work: a second is waited for nothing, and not at all when nothing is due
SELECT pg_temp.say($$run_deliveries(#ada, NULL, NULL)$$), pg_temp.say($$run_deliveries(#eve, '100', '{}')$$);
-- what became of them meanwhile
SELECT opencalendly.processed_deliveries(array_agg(d.id), array_agg(0)) FROM opencalendly.webhook_deliveries AS d WHERE d.subscription_id = pg_temp.id('own');
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status)
    SELECT d.id, 1, now(), 1, 'done', 200 FROM opencalendly.webhook_deliveries AS d WHERE d.subscription_id = pg_temp.id('own');
SELECT opencalendly.processed_deliveries(array_agg(d.id), array_agg(0)), opencalendly.processed_deliveries(array_agg(d.id), array_agg(1))
    FROM opencalendly.webhook_deliveries AS d WHERE d.subscription_id = pg_temp.id('own');
SELECT count(*), min(attempts_before) FROM opencalendly.due_deliveries(pg_temp.id('ada'), 3);
SELECT count(*) FROM opencalendly.due_deliveries(pg_temp.id('eve'), 100);

-- paused by the system
UPDATE opencalendly.webhook_subscriptions SET paused_reason = 'The endpoint answered 410 Gone.', failing_since = '2026-12-01' WHERE id = pg_temp.id('hook');
SELECT pg_temp.say($$webhook(#ada, '@hook')$$, 'webhook');
SELECT pg_temp.say($$ping_webhook(#ada, '@hook', '{}')$$);
SELECT pg_temp.say($$replay_delivery(#ada, '@ping', NULL)$$, 'delivery', 'status');
SELECT pg_temp.say($$resume_webhook(#ada, '@hook', '{}')$$, 'webhook');
SELECT pg_temp.say($$webhook_deliveries(#ada, '@hook', NULL, NULL, NULL)$$, 'deliveries', '0', 'status');

-- measures for /metrics
SELECT name, labels, value FROM opencalendly.api_metrics() WHERE name = 'opencalendly_deliveries';
SELECT count(*) FROM opencalendly.api_metrics() WHERE name = 'opencalendly_worker_seen_seconds';
INSERT INTO opencalendly.worker_heartbeats VALUES ('webhook', clock_timestamp() - interval '1 minute') ON CONFLICT ON CONSTRAINT worker_heartbeats_pkey DO UPDATE SET seen_at = EXCLUDED.seen_at;
UPDATE opencalendly.webhook_deliveries SET due_at = clock_timestamp() - interval '2 minutes', created_at = '2026-01-01' WHERE id = pg_temp.id('ping');
SELECT name, labels, value BETWEEN 60 AND 150 AS well FROM opencalendly.api_metrics() WHERE name LIKE '%\_seconds' ORDER BY 1;
DELETE FROM opencalendly.worker_heartbeats;

--
-- Invalid input: sessions and ids
--
SELECT pg_temp.say(call) AS said, call FROM unnest(ARRAY['webhooks(NULL)', 'create_webhook(NULL, NULL)', 'webhook(NULL, NULL)', 'update_webhook(''x'', NULL, NULL)', 'delete_webhook(NULL, NULL)', 'ping_webhook(NULL, NULL, NULL)',
    'resume_webhook(NULL, NULL, NULL)', 'replay_webhook(NULL, NULL, NULL)', 'webhook_deliveries(NULL, NULL, NULL, NULL, NULL)', 'replay_delivery(NULL, NULL, NULL)', 'run_deliveries(NULL, NULL, NULL)']) AS call;
SELECT pg_temp.say(replace(call, '$1', coalesce(quote_literal(id), 'NULL'))) AS said, count(*)
    FROM unnest(ARRAY['webhook(#eve, $1)', 'update_webhook(#eve, $1, ''{"isActive": false}'')', 'delete_webhook(#eve, $1)', 'ping_webhook(#eve, $1, NULL)', 'resume_webhook(#eve, $1, NULL)', 'replay_webhook(#eve, $1, ''{"since": "2026-01-01T00:00:00Z"}'')',
        'webhook_deliveries(#eve, $1, NULL, NULL, NULL)', 'replay_delivery(#eve, $1, NULL)']) AS call,
    unnest(ARRAY[NULL, '', 'x', '@hook', '@ping', '01900000-0000-7000-8000-000000000000']) AS id
    GROUP BY 1 ORDER BY (pg_temp.say(replace(call, '$1', coalesce(quote_literal(id), 'NULL')))) COLLATE "C";
-- bodies
SELECT pg_temp.say(format('create_webhook(#ada, %L)', body)) AS said, left(body, 100) AS body
    FROM unnest(ARRAY[NULL, '{}', '[]', 'x', '{"url": "https://a.example"}', '{"events": ["booking.created"]}', '{"url": null, "events": ["booking.created"]}', '{"url": "https://a.example", "events": null}',
        '{"url": "https://a.example", "events": ["booking.created"], "secrets": "x"}', '{"url": 1, "events": []}', '{"url": {}, "events": []}', '{"url": "https://a.example", "events": {}}', '{"url": "https://a.example", "events": "booking.created"}',
        '{"url": "https://a.example", "events": []}', '{"url": "https://a.example", "events": ["x"]}', '{"url": "https://a.example", "events": [null]}', '{"url": "https://a.example", "events": [["booking.created"]]}',
        '{"url": "http://a.example", "events": ["booking.created"]}', '{"url": "https://u:p@a.example", "events": ["booking.created"]}', '{"url": "https://10.0.0.1", "events": ["booking.created"]}',
        '{"url": "https://a.example", "events": ["booking.created"], "secret": ["a secret, long"]}', '{"url": "https://a.example", "events": ["booking.created"], "secret": true}', '{"url": "https://a.example", "events": ["booking.created"], "secret": ""}',
        '{"url": "https://a.example", "events": ["booking.created"], "secret": "whsec_AAAA"}', '{"url": "https://a.example", "events": ["booking.created"], "isActive": false}']) AS body;
SELECT pg_temp.say(format('update_webhook(#ada, %L, %L)', '@hook', body)) AS said, left(body, 100) AS body
    FROM unnest(ARRAY['[]', '{"paused": true}', '{"url": null}', '{"url": 5}', '{"url": "https://127.0.0.1"}', '{"events": null}', '{"events": []}', '{"events": [5]}', '{"isActive": "no"}', '{"secret": null}', '{"secret": 5}', '{"secret": "5"}',
        '{"rotateSecret": "yes"}', '{"rotateSecret": true, "secret": "a secret of mine"}', '{"pausedReason": null}']) AS body;
SELECT pg_temp.say(format('%s(#ada, %L, %L)', f, CASE f WHEN 'replay_delivery' THEN '@ping' ELSE '@hook' END, body)) AS said, f, body
    FROM unnest(ARRAY['ping_webhook', 'resume_webhook', 'replay_delivery']) AS f, unnest(ARRAY['[]', '{"a": 1}', '{']) AS body;
SELECT pg_temp.say(format('replay_webhook(#ada, %L, %L)', '@hook', body)) AS said, body
    FROM unnest(ARRAY[NULL, '{}', '{"since": null}', '{"since": "yesterday"}', '{"since": "infinity"}', '{"since": "2026-01-01"}', '{"since": "2026-01-01T00:00:00"}', '{"since": 5}',
        '{"since": "2026-01-01T00:00:00Z", "includeSucceeded": "yes"}', '{"since": "2026-01-01T00:00:00Z", "until": null}']) AS body;
-- queries
SELECT pg_temp.say(format('webhook_deliveries(#ada, %L, %L, %L, %L)', '@hook', status, cursor, size)) AS said
    FROM (VALUES ('sent', NULL, NULL), ('Pending', NULL, NULL), (NULL, 'x', NULL), (NULL, repeat('A', 23), NULL), (NULL, repeat('!', 22), NULL), (NULL, NULL, '0'), (NULL, NULL, '101'), (NULL, NULL, 'x'), (NULL, NULL, '-1')) AS v(status, cursor, size);
SELECT pg_temp.say(format('run_deliveries(#ada, %L, %L)', size, body)) AS said FROM (VALUES ('0', NULL), ('101', NULL), ('1.5', NULL), (NULL, '{"limit": 5}'), (NULL, '[]')) AS v(size, body);
-- states
UPDATE opencalendly.webhook_deliveries SET status = 'leased', leased_until = '-infinity' WHERE id = pg_temp.id('ping');
SELECT pg_temp.say($$replay_delivery(#ada, '@ping', NULL)$$);
-- too many
SELECT regexp_replace(said, 'hooks/\d+', 'hooks/N'), count(*) FROM generate_series(1, 20) AS n,
        pg_temp.say(format('create_webhook(#eve, %L)', format('{"url": "https://a.example/hooks/%s", "events": ["booking.created"]}', n)), 'webhook', 'isActive') AS said
    GROUP BY 1;
SELECT pg_temp.say($$create_webhook(#eve, '{"url": "https://a.example/", "events": ["booking.created"]}')$$);
DELETE FROM opencalendly.webhook_subscriptions;
