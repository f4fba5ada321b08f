-- The plans of what synchronizes calendars, at 1,000 calendars of 200 events: through auto_explain. A worker does a turn, with
-- the provider that scripts/bench has started; then the sync of 1,000 windows, and slots of a host with 5,000 windows in a year.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SELECT event_type_id AS event_type, starts_at AS first, after_31 AS last FROM bench.hosts, bench.days WHERE n = 1003 \gset
-- the checks of foreign keys row by row would hide the rest
SET session_replication_role = replica;
UPDATE opencalendly.calendar_connections AS c SET next_sync_at = '-infinity' FROM bench.calendars AS b
    WHERE b.connection_id = c.id AND b.n <= 2;
UPDATE opencalendly.calendars AS c SET sync_token = NULL FROM bench.calendars AS b WHERE b.calendar_id = c.id AND b.n = 1;
SELECT bench.apply(0) \g /dev/null
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_buffers = on;
SET auto_explain.log_timing = off;
SET client_min_messages = log;
\echo run_calendar_sync
CALL opencalendly.run_calendar_sync(0);
\echo apply_calendar_sync
SELECT bench.apply(1);
\echo ask_calendar_sync
SELECT opencalendly.ask_calendar_sync(connection_id, false, true) FROM bench.calendars WHERE n = 3;
\echo compute_slots
SELECT count(*) FROM opencalendly.compute_slots(:'event_type', :'first', :'last');
