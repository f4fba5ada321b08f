-- The plans of the reads and writes at a million claims, as the saved plans run: through auto_explain.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SELECT event_type_id AS event_type, starts_at AS first, after_31 AS last FROM bench.hosts, bench.days WHERE n = 1 \gset
SELECT event_type_id AS team FROM bench.teams WHERE name = 'team-50' \gset
SELECT event_type_id AS target, starts_at AS start FROM bench.targets ORDER BY n DESC LIMIT 1 \gset
BEGIN;
-- once without, so that plans and caches are there
SELECT count(*) FROM opencalendly.compute_slots(:'event_type', :'first', :'last') \g /dev/null
SELECT min(starts_at) AS team_start, max(starts_at) AS team_other
    FROM opencalendly.compute_slots(:'team', :'first', :'last') \gset
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_buffers = on;
SET auto_explain.log_timing = off;
SET client_min_messages = log;
\echo compute_slots
SELECT count(*) FROM opencalendly.compute_slots(:'event_type', :'first', :'last');
UPDATE opencalendly.event_types SET daily_booking_limit = 100 WHERE id = :'event_type';
\echo compute_slots with a cap
SELECT count(*) FROM opencalendly.compute_slots(:'event_type', :'first', :'last');
UPDATE opencalendly.event_types SET daily_booking_limit = NULL, seats = 2 WHERE id = :'event_type';
\echo compute_slots of a group event
SELECT count(*) FROM opencalendly.compute_slots(:'event_type', :'first', :'last');
\echo hold_slot, then book_slot, reschedule_booking, cancel_booking
SELECT hold_token FROM opencalendly.hold_slot(:'target', :'start') \gset
SELECT reschedule_token AS token
    FROM opencalendly.book_slot(:'target', :'start', 'Ada', 'ada@example.com', 'UTC', '{}', 'explain-key-000001', :'hold_token') \gset
SELECT s.starts_at AS other FROM opencalendly.compute_slots(:'target', :'first', :'last') AS s OFFSET 100 LIMIT 1 \gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', :'other') \gset
SELECT status FROM opencalendly.cancel_booking(:'token');
\echo compute_slots of a team of 50
SELECT count(*) FROM opencalendly.compute_slots(:'team', :'first', :'last');
\echo book_slot of a team of 50, then reschedule_booking, cancel_booking
SELECT reschedule_token AS token
    FROM opencalendly.book_slot(:'team', :'team_start', 'Ada', 'ada@example.com', 'UTC') \gset
SELECT cancel_token AS token FROM opencalendly.reschedule_booking(:'token', :'team_other') \gset
SELECT status FROM opencalendly.cancel_booking(:'token');
ROLLBACK;
