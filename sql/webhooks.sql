-- Webhooks by SQL: endpoints, what is queued for them, and sending again. No worker is at work here: what one does to
-- deliveries is done by hand.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup

-- what others have left
DELETE FROM opencalendly.webhook_subscriptions;
SELECT opencalendly.create_user('wh-ada', 'wh-ada@example.com') AS ada \gset
SELECT opencalendly.create_user('wh-bob', 'wh-bob@example.com') AS bob \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]') AS rules;
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30) AS talk \gset
-- what is queued for an endpoint: oldest first, and what it waits for
CREATE FUNCTION pg_temp.queue_of(hook uuid) RETURNS TABLE (event text, status text, attempt integer, max_attempts integer, due boolean, settled boolean)
    LANGUAGE sql AS $$
    SELECT e.type, d.status, d.attempt, d.max_attempts, greatest(d.due_at, d.leased_until) <= clock_timestamp(), d.settled_at IS NOT NULL
    FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id
    WHERE d.subscription_id = hook ORDER BY d.id
$$;
CREATE FUNCTION pg_temp.hook(hook uuid) RETURNS TABLE (url text, events text[], active boolean, paused text, failing boolean, secrets text, overlap interval, changed boolean)
    LANGUAGE sql AS $$
    SELECT s.url, s.events, s.is_active, s.paused_reason, s.failing_since IS NOT NULL, concat_ws(' and ', length(s.secret), length(s.old_secret)),
        date_trunc('hour', s.old_secret_until - clock_timestamp() + interval '1 minute'), s.updated_at > s.created_at
    FROM opencalendly.webhook_subscriptions AS s WHERE s.id = hook
$$;

--
-- Made, changed, deleted
--
SELECT subscription_id AS hook, secret FROM opencalendly.create_webhook_subscription(:'ada', 'https://hooks.example.com/ada?a=b', '{booking.created,booking.created,booking.canceled}') \gset
SELECT :'secret' ~ '^whsec_[A-Za-z0-9+/]{43}=$' AS made;
SELECT * FROM pg_temp.hook(:'hook');
SELECT secret FROM opencalendly.create_webhook_subscription(:'ada', 'https://192.0.1.1:8443', '{booking.rescheduled}', 'one of my own');
SELECT secret FROM opencalendly.create_webhook_subscription(:'ada', 'https://[2606:4700::1111]/', '{booking.rescheduled}', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
-- a secret rests sealed, each in its own way
SELECT count(DISTINCT s.secret) AS different, bool_or(position('my own'::bytea IN s.secret) > 0) AS plain FROM opencalendly.webhook_subscriptions AS s WHERE s.user_id = :'ada';
-- an intranet's
BEGIN;
SET LOCAL opencalendly.egress_allow = '127.0.0.0/8, 10.1.0.0/16';
SELECT pg_temp.try(format('SELECT opencalendly.create_webhook_subscription(%L, %L, ''{booking.created}'')', :'ada', url)) AS said, url
    FROM unnest(ARRAY['http://127.0.0.1:8080/x', 'https://10.1.2.3/', 'http://10.2.0.1/', 'https://10.2.0.1/', 'http://wiki.example/']) AS url;
ROLLBACK;
SELECT opencalendly.update_webhook_subscription(:'hook', '{}') = :'hook' AS unchanged;
SELECT * FROM pg_temp.hook(:'hook');
SELECT opencalendly.update_webhook_subscription(:'hook', '{"url": "https://hooks.example.com/new", "events": ["booking.rescheduled", "booking.created", "booking.rescheduled"]}') = :'hook' AS changed;
SELECT * FROM pg_temp.hook(:'hook');
-- what failed was the other URL's; the same one again has failed still
UPDATE opencalendly.webhook_subscriptions SET failing_since = now() WHERE id = :'hook';
SELECT opencalendly.update_webhook_subscription(:'hook', '{"url": "https://hooks.example.com/new"}') = :'hook' AS same;
SELECT failing FROM pg_temp.hook(:'hook');
SELECT opencalendly.update_webhook_subscription(:'hook', '{"url": "https://hooks.example.com/ada"}') = :'hook' AS other;
SELECT failing FROM pg_temp.hook(:'hook');

-- rotation: the one before signs for a day, the one before that no more
SELECT s.secret AS first_sealed FROM opencalendly.webhook_subscriptions AS s WHERE s.id = :'hook' \gset
SELECT opencalendly.rotate_webhook_secret(:'hook') ~ '^whsec_' AS made;
SELECT s.old_secret = :'first_sealed' AS kept, s.secret <> s.old_secret AS another FROM opencalendly.webhook_subscriptions AS s WHERE s.id = :'hook';
SELECT * FROM pg_temp.hook(:'hook');
SELECT opencalendly.rotate_webhook_secret(:'hook', 'as I like it');
SELECT s.old_secret = :'first_sealed' AS kept FROM opencalendly.webhook_subscriptions AS s WHERE s.id = :'hook';
SELECT opencalendly.update_webhook_subscription(:'hook', '{"secret": true}') = :'hook' AS rotated, opencalendly.update_webhook_subscription(:'hook', '{"secret": "mine again"}') = :'hook' AS again;
SELECT secrets, overlap FROM pg_temp.hook(:'hook');

--
-- What is queued
--
SELECT opencalendly.update_webhook_subscription(:'hook', '{"events": ["booking.created", "booking.canceled", "booking.rescheduled"]}') = :'hook' AS all_events;
SELECT cancel_token, reschedule_token FROM opencalendly.book_slot(:'talk', '2026-06-02 09:00+00', 'Ann', 'ann@example.com') \gset
SELECT opencalendly.ping_webhook(:'hook') AS ping \gset
SELECT * FROM pg_temp.queue_of(:'hook');
SELECT e.type, e.booking_id IS NULL AS of_none, (e.body::jsonb ->> 'id')::uuid = e.id AS same_id, e.body::jsonb - 'id' - 'payload' AS body,
        (e.body::jsonb #>> '{payload,webhookId}')::uuid = :'hook' AS its_own
    FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id WHERE d.id = :'ping';
SELECT state, due, waiting, leased, paused, failed, oldest_due_at <= clock_timestamp() AS past, worker_seen_at FROM opencalendly.outbox_status;
SELECT * FROM opencalendly.failed_deliveries;

-- off: it waits, and nothing new comes; what a worker has at the moment stays the worker's
UPDATE opencalendly.webhook_deliveries SET status = 'leased', attempt = 1, leased_until = clock_timestamp() + interval '1 minute' WHERE id = :'ping';
SELECT opencalendly.update_webhook_subscription(:'hook', '{"is_active": false}') = :'hook' AS off;
SELECT opencalendly.cancel_booking(:'cancel_token') IS NOT NULL AS canceled;
SELECT * FROM pg_temp.queue_of(:'hook');
SELECT state, due, waiting, leased, paused, failed, oldest_due_at FROM opencalendly.outbox_status;
SELECT queue, status, receiver, event_type, attempts, last_error, settled_at FROM opencalendly.failed_deliveries;
-- the worker gives it back, too late to be paused with the others
UPDATE opencalendly.webhook_deliveries SET status = 'pending', leased_until = NULL, due_at = clock_timestamp() + interval '1 hour', last_error = 'timed out' WHERE id = :'ping';
SELECT due, waiting, leased, paused, failed, oldest_due_at FROM opencalendly.outbox_status;
-- on: all of it is due
SELECT opencalendly.update_webhook_subscription(:'hook', '{"is_active": true}') = :'hook' AS "on";
SELECT * FROM pg_temp.queue_of(:'hook');
-- paused by the system: the same
UPDATE opencalendly.webhook_subscriptions SET paused_reason = 'The endpoint answered 410 Gone.', failing_since = now() WHERE id = :'hook';
UPDATE opencalendly.webhook_deliveries SET status = 'paused', attempt = max_attempts WHERE subscription_id = :'hook';
SELECT opencalendly.update_webhook_subscription(:'hook', '{"is_active": true}') = :'hook' AS still_paused;
SELECT active, paused, failing FROM pg_temp.hook(:'hook');
SELECT opencalendly.update_webhook_subscription(:'hook', '{"is_active": false}') = :'hook' AS off;
SELECT active, paused, failing FROM pg_temp.hook(:'hook');
SELECT opencalendly.resume_webhook(:'hook') = :'hook' AS resumed;
SELECT active, paused, failing FROM pg_temp.hook(:'hook');
SELECT * FROM pg_temp.queue_of(:'hook');
SELECT opencalendly.resume_webhook(:'hook') = :'hook' AS again;

--
-- Sent again
--
UPDATE opencalendly.webhook_deliveries SET status = 'succeeded', attempt = 3, max_attempts = 10, settled_at = now() WHERE subscription_id = :'hook';
SELECT opencalendly.replay_webhook(:'ping') = :'ping' AS replayed;
SELECT * FROM pg_temp.queue_of(:'hook');
-- one that waits for its next attempt does not wait
UPDATE opencalendly.webhook_deliveries SET due_at = clock_timestamp() + interval '6 hours' WHERE id = :'ping';
SELECT waiting FROM opencalendly.outbox_status;
SELECT opencalendly.replay_webhook(:'ping') = :'ping' AS replayed;
SELECT * FROM pg_temp.queue_of(:'hook');
-- many
UPDATE opencalendly.webhook_deliveries SET status = 'failed', attempt = 10, max_attempts = 10, settled_at = now(), last_error = 'status 500' WHERE id = :'ping';
SELECT status, event_type, attempts, last_error, settled_at IS NOT NULL AS settled FROM opencalendly.failed_deliveries;
SELECT failed FROM opencalendly.outbox_status;
SELECT opencalendly.replay_webhooks(:'hook', clock_timestamp());
SELECT opencalendly.replay_webhooks(:'hook', 'infinity'), opencalendly.replay_webhooks(:'hook', clock_timestamp() - interval '1 hour');
SELECT * FROM pg_temp.queue_of(:'hook');
UPDATE opencalendly.webhook_deliveries SET status = 'failed', settled_at = now() WHERE id = :'ping';
SELECT opencalendly.replay_webhooks(:'hook', '-infinity', include_succeeded => true), opencalendly.replay_webhooks(:'hook', '-infinity', include_succeeded => true) AS again;
-- to a paused endpoint it waits
UPDATE opencalendly.webhook_subscriptions SET paused_reason = 'No delivery has succeeded.' WHERE id = :'hook';
UPDATE opencalendly.webhook_deliveries SET status = CASE WHEN id = :'ping' THEN 'failed' ELSE 'succeeded' END, settled_at = now() WHERE subscription_id = :'hook';
SELECT opencalendly.replay_webhook(:'ping') = :'ping' AS replayed, opencalendly.replay_webhooks(:'hook', '-infinity', true);
SELECT * FROM pg_temp.queue_of(:'hook');

-- with the endpoint all of it goes
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, error)
    VALUES (:'ping', 1, now(), 15000, 'response', 'timed out');
SELECT opencalendly.delete_webhook_subscription(:'hook') = :'hook' AS deleted;
SELECT count(*) FROM pg_temp.queue_of(:'hook');
SELECT count(*) FROM opencalendly.delivery_attempts WHERE delivery_id = :'ping';
SELECT opencalendly.delete_user(:'bob') = :'bob' AS deleted;

--
-- At higher isolation levels: what becomes of a whole queue is not decided on an old snapshot
--
SELECT subscription_id AS hook FROM opencalendly.create_webhook_subscription(:'ada', 'https://hooks.example.com/', '{booking.created}') \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format(s, :'hook')), s FROM unnest(ARRAY['SELECT opencalendly.update_webhook_subscription(%L, ''{"is_active": false}'')',
    'SELECT opencalendly.resume_webhook(%L)', 'SELECT opencalendly.delete_webhook_subscription(%L)',
    'SELECT opencalendly.update_webhook_subscription(%L, ''{"events": ["booking.canceled"]}'')', 'SELECT opencalendly.rotate_webhook_secret(%L)',
    'SELECT opencalendly.ping_webhook(%L)', 'SELECT opencalendly.replay_webhooks(%L, ''-infinity'', true)']) AS s;
ROLLBACK;

--
-- Invalid input. Neither a URL nor a secret is told back.
--
CREATE FUNCTION pg_temp.make(url text, events text DEFAULT '{booking.created}', secret text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.try(format('SELECT opencalendly.create_webhook_subscription(%L, %L, %L, %L)',
        (SELECT id FROM opencalendly.users WHERE username = 'wh-ada'), url, events, secret))
$$;
SELECT pg_temp.make(url) AS said, coalesce(left(url, 60), 'null') AS url
    FROM unnest(ARRAY[NULL, '', 'hooks.example.com', '//hooks.example.com/', 'ftp://hooks.example.com/', 'javascript:alert(1)', 'http://hooks.example.com/', 'HTTP://hooks.example.com/',
        'https://', 'https:///x', 'https://:443/', 'https://ada:password@hooks.example.com/', 'https://ada@hooks.example.com/',
        'https://hooks.example.com/#part', 'https://hooks.example.com/a b', E'https://hooks.example.com/\r\nHost: x', 'https://hooks.example.com\@other.example/',
        'https://hooks.example.com:0/', 'https://hooks.example.com:65536/', 'https://hooks.example.com:x/',
        'https://127.0.0.1/', 'https://10.0.0.1/', 'https://169.254.169.254/latest', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/', 'https://[fe80::1]/',
        'https://hooks.example.com/' || repeat('x', 1975), 'https://' || repeat('x', 254) || '/']) AS url;
SELECT pg_temp.make('https://hooks.example.com/' || repeat('x', 1974)) AS of_2000_characters;
SELECT pg_temp.make('https://hooks.example.com/', events), events
    FROM unnest(ARRAY[NULL, '{}', '{booking.made}', '{booking.created,NULL}', '{ping}', '{"Booking.Created"}', '{booking.created,booking.canceled,booking.rescheduled,x}']) AS events;
SELECT pg_temp.make('https://hooks.example.com/', secret => secret), left(secret, 20) AS secret
    FROM unnest(ARRAY['', 'seven c', repeat('x', 201), 'whsec_', 'whsec_c2hvcnQ=', 'whsec_not base64, but long enough to be', 'whsec_' || encode(repeat('x', 65)::bytea, 'hex')]) AS secret;
SELECT pg_temp.try('SELECT opencalendly.create_webhook_subscription(NULL, ''https://a.example'', ''{booking.created}'')');
SELECT pg_temp.try(format('SELECT opencalendly.create_webhook_subscription(%L, ''https://a.example'', ''{booking.created}'')', :'bob'));
-- more than 20
SELECT said, count(*) FROM generate_series(1, 20) AS n, pg_temp.make('https://hooks.example.com/' || n) AS said GROUP BY 1 ORDER BY 1 DESC;
SELECT count(*) FROM opencalendly.webhook_subscriptions WHERE user_id = :'ada';
-- changes
SELECT pg_temp.try(format('SELECT opencalendly.update_webhook_subscription(%L, %L)', :'hook', changes)), left(changes, 60) AS changes
    FROM unnest(ARRAY[NULL, 'null', '[]', '"x"', '{"nonsense": 1}', '{"user_id": "x"}', '{"paused_reason": null}', '{"url": null}', '{"url": 5}', '{"url": "http://hooks.example.com/"}',
        '{"url": "https://hooks.example.com/#x"}', '{"url": ["https://hooks.example.com"]}', '{"events": null}', '{"events": []}', '{"events": "booking.created"}', '{"events": [1]}', '{"events": ["x"]}', '{"events": [null]}',
        '{"is_active": null}', '{"is_active": "yes"}', '{"is_active": 1}', '{"secret": null}', '{"secret": false}', '{"secret": 12345678}', '{"secret": ["a long secret"]}', '{"secret": "short"}']) AS changes;
SELECT pg_temp.try(format(s, id)), s, id FROM unnest(ARRAY['SELECT opencalendly.update_webhook_subscription(%L, ''{"is_active": true}'')', 'SELECT opencalendly.update_webhook_subscription(%L, ''{}'')',
        'SELECT opencalendly.rotate_webhook_secret(%L)', 'SELECT opencalendly.delete_webhook_subscription(%L)', 'SELECT opencalendly.resume_webhook(%L)',
        'SELECT opencalendly.ping_webhook(%L)', 'SELECT opencalendly.replay_webhook(%L)', 'SELECT opencalendly.replay_webhooks(%L, ''-infinity'')']) AS s,
    unnest(ARRAY[NULL, '01900000-0000-7000-8000-000000000000']) AS id;
SELECT pg_temp.try(format('SELECT opencalendly.replay_webhooks(%L, NULL)', :'hook'));
SELECT pg_temp.try(format('SELECT opencalendly.rotate_webhook_secret(%L, %L)', :'hook', 'short'));
-- states
SELECT opencalendly.ping_webhook(:'hook') AS ping \gset
UPDATE opencalendly.webhook_deliveries SET status = 'leased', leased_until = clock_timestamp() + interval '1 minute' WHERE id = :'ping';
SELECT pg_temp.try(format('SELECT opencalendly.replay_webhook(%L)', :'ping'));
UPDATE opencalendly.webhook_subscriptions SET paused_reason = 'The endpoint answered 410 Gone.' WHERE id = :'hook';
SELECT pg_temp.try(format('SELECT opencalendly.ping_webhook(%L)', :'hook'));
UPDATE opencalendly.webhook_subscriptions SET paused_reason = NULL, is_active = false WHERE id = :'hook';
SELECT pg_temp.try(format('SELECT opencalendly.ping_webhook(%L)', :'hook'));
-- by hand, past the functions, the tables refuse, too
SELECT split_part(pg_temp.try(format('UPDATE opencalendly.webhook_subscriptions SET %s', s)), ' | ', 1) AS said, s
    FROM unnest(ARRAY['events = ''{}''', 'events = ''{ping}''', 'old_secret = secret', 'paused_reason = ''''']) AS s;
DELETE FROM opencalendly.webhook_subscriptions WHERE user_id = :'ada';
SELECT count(*) AS left_over FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id;
