-- compute_slots and explain_slot: the definition of time by example (t/010_oracle.pl compares it with an oracle), and invalid input.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('slots-ada', 'slots-ada@example.org', timezone => 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_event_type(:'ada', 'Quarter', 'quarter', 15) AS quarter \gset
SELECT opencalendly.create_event_type(:'ada', 'Hour', 'hour', 60) AS hour \gset

-- starts of a range as wall clock in Berlin
CREATE FUNCTION pg_temp.starts(event uuid, range_start text, range_end text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(to_char(s.starts_at AT TIME ZONE 'Europe/Berlin', 'HH24:MI'), ' ' ORDER BY s.starts_at)
    FROM opencalendly.compute_slots(event, range_start::timestamptz, range_end::timestamptz) AS s
$$;

-- the night the clocks go forward: a rule inside the gap gives nothing, one around it loses an hour
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 0, "startMinute": 135, "endMinute": 165}]');
SET opencalendly.clock = '2026-03-01 00:00+00';
SELECT pg_temp.starts(:'quarter', '2026-03-22 00:00 Europe/Berlin', '2026-03-23 00:00 Europe/Berlin') AS ordinary,
    pg_temp.starts(:'quarter', '2026-03-29 00:00 Europe/Berlin', '2026-03-30 00:00 Europe/Berlin') AS changing;
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 0, "startMinute": 60, "endMinute": 240}]');
SELECT pg_temp.starts(:'hour', '2026-03-29 00:00 Europe/Berlin', '2026-03-30 00:00 Europe/Berlin') AS changing;
-- the night they go back: the hour is there twice
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 0, "startMinute": 120, "endMinute": 180}]');
SELECT pg_temp.starts(:'quarter', '2026-10-25 00:00 Europe/Berlin', '2026-10-26 00:00 Europe/Berlin') AS changing;

-- windows that touch are one, across midnight too; the grid is each rule's own
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 1380, "endMinute": 1440},
    {"dayOfWeek": 2, "startMinute": 0, "endMinute": 60}, {"dayOfWeek": 3, "startMinute": 540, "endMinute": 610},
    {"dayOfWeek": 3, "startMinute": 555, "endMinute": 625}]');
SELECT opencalendly.update_event_type(:'hour', '{"slot_interval_minutes": 30}') IS NOT NULL AS updated;
SELECT pg_temp.starts(:'hour', '2026-06-08 00:00 Europe/Berlin', '2026-06-10 00:00 Europe/Berlin') AS across_midnight,
    pg_temp.starts(:'hour', '2026-06-10 00:00 Europe/Berlin', '2026-06-11 00:00 Europe/Berlin') AS two_grids;

-- overrides: add, block, replace a day
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 720}]');
SELECT opencalendly.set_availability_overrides(:'ada', '[
    {"startAt": "2026-06-08T14:07:00+02:00", "endAt": "2026-06-08T15:10:00+02:00", "isAvailable": true},
    {"startAt": "2026-06-08T10:00:00+02:00", "endAt": "2026-06-08T10:20:00+02:00", "isAvailable": false},
    {"startAt": "2026-06-15T14:00:00+02:00", "endAt": "2026-06-15T15:00:00+02:00", "isAvailable": true, "replacesDay": true}]');
SELECT pg_temp.starts(:'quarter', '2026-06-08 00:00 Europe/Berlin', '2026-06-09 00:00 Europe/Berlin') AS added_and_blocked,
    pg_temp.starts(:'quarter', '2026-06-15 00:00 Europe/Berlin', '2026-06-16 00:00 Europe/Berlin') AS replaced;
SELECT opencalendly.add_time_off(:'ada', '2026-06-15 14:00+02', '2026-06-15 14:30+02') IS NOT NULL AS off;
SELECT pg_temp.starts(:'quarter', '2026-06-15 00:00 Europe/Berlin', '2026-06-16 00:00 Europe/Berlin') AS replaced_and_off;

-- busy windows count however long they are and however far they go on: those that end a week after the range, and about there, too
CREATE FUNCTION pg_temp.offered_within(host uuid, event uuid, busy_from timestamptz, busy_until timestamptz) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (host, busy_from, busy_until);
    SELECT count(*) INTO n FROM opencalendly.compute_slots(event, '2026-06-22 00:00+02', '2026-06-23 00:00+02') AS s
        WHERE s.starts_at < busy_until AND s.ends_at > busy_from;
    DELETE FROM opencalendly.calendar_busy_windows WHERE user_id = host;
    RETURN n;
END
$$;
SELECT count(*) AS windows, sum(pg_temp.offered_within(:'ada', :'quarter', busy_from, busy_until)) AS offered_within
    FROM unnest(ARRAY['2025-01-01 00:00+00', '2026-06-15 00:00+02', '2026-06-21 23:59+02', '2026-06-22 10:00+02']::timestamptz[]) AS busy_from,
        unnest(ARRAY[interval '30 minutes', '6 days', '167:59:59.999999', '7 days', '168:00:00.000001', '8 days', '400 days', '30 years'])
            AS length,
        unnest(ARRAY[busy_from + length, '2026-06-23 00:00+02'::timestamptz + length]) AS busy_until;

-- busy time and buffers, the event type's or the rule's
SELECT opencalendly.set_availability_overrides(:'ada', '[]');
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
    VALUES (:'ada', '2026-06-08 10:00+02', '2026-06-08 10:30+02');
SELECT pg_temp.starts(:'quarter', '2026-06-08 00:00 Europe/Berlin', '2026-06-09 00:00 Europe/Berlin') AS no_buffer;
SELECT opencalendly.update_event_type(:'quarter', '{"buffer_before_minutes": 15, "buffer_after_minutes": 20}') IS NOT NULL AS updated;
SELECT pg_temp.starts(:'quarter', '2026-06-08 00:00 Europe/Berlin', '2026-06-09 00:00 Europe/Berlin') AS own_buffers;
SELECT opencalendly.update_event_type(:'quarter', '{"buffer_before_minutes": null, "buffer_after_minutes": null}') IS NOT NULL AS updated;
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 720, "bufferBeforeMinutes": 30}]');
SELECT pg_temp.starts(:'quarter', '2026-06-08 00:00 Europe/Berlin', '2026-06-09 00:00 Europe/Berlin') AS the_rules_buffer;

-- notice, horizon, page by page
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 600}, {"dayOfWeek": 2, "startMinute": 540, "endMinute": 600}]');
SET opencalendly.clock = '2026-06-15 09:10+02';
SELECT opencalendly.update_event_type(:'quarter', '{"min_notice_minutes": 20}') IS NOT NULL AS updated;
SELECT pg_temp.starts(:'quarter', '2026-06-15 00:00 Europe/Berlin', '2026-06-17 00:00 Europe/Berlin') AS notice;
SELECT opencalendly.update_event_type(:'quarter', '{"max_days_ahead": 7, "min_notice_minutes": 0}') IS NOT NULL AS updated;
SELECT min(starts_at), max(starts_at), count(*) FROM opencalendly.compute_slots(:'quarter', '2026-06-01', '2026-07-31');
SELECT opencalendly.update_event_type(:'quarter', '{"max_days_ahead": null, "bookable_from": "2026-06-22", "bookable_until": "2026-06-29"}') IS NOT NULL AS updated;
SELECT min(starts_at), max(starts_at), count(*) FROM opencalendly.compute_slots(:'quarter', '2026-06-01', '2026-07-31');
SELECT starts_at, ends_at, seats_left, host_ids = ARRAY[:'ada'::uuid] AS hers
    FROM opencalendly.compute_slots(:'quarter', '2026-06-01', '2026-07-31', 2);
SELECT starts_at FROM opencalendly.compute_slots(:'quarter', '2026-06-22 07:15:00.000001+00', '2026-07-31', 1);
SELECT opencalendly.update_event_type(:'quarter', '{"bookable_from": null, "bookable_until": null}') IS NOT NULL AS updated;

-- a named schedule with its own zone; time off holds there, too
SELECT opencalendly.create_schedule(:'ada', 'Kathmandu', 'Asia/Kathmandu', '[{"dayOfWeek": 1, "startMinute": 600, "endMinute": 660}]') AS kathmandu \gset
SELECT opencalendly.update_event_type(:'hour', jsonb_build_object('schedule_id', :'kathmandu')) IS NOT NULL AS updated;
SELECT starts_at, ends_at FROM opencalendly.compute_slots(:'hour', '2026-06-21', '2026-07-05');
SELECT opencalendly.add_time_off(:'ada', '2026-06-29', '2026-06-30') IS NOT NULL AS off;
SELECT starts_at, ends_at FROM opencalendly.compute_slots(:'hour', '2026-06-21', '2026-07-05');

-- what stands in the way
SET opencalendly.clock = '2026-06-15 09:10+02';
SELECT opencalendly.create_event_type(:'ada', 'Explained', 'explained', 30, buffer_after_minutes => 10, min_notice_minutes => 60,
    max_days_ahead => 14, daily_booking_limit => 1, slot_interval_minutes => 30) AS explained \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 720}]');
SELECT opencalendly.set_availability_overrides(:'ada', '[
    {"startAt": "2026-06-22T11:30:00+02:00", "endAt": "2026-06-22T12:00:00+02:00", "isAvailable": false},
    {"startAt": "2026-06-24T12:00:00+02:00", "endAt": "2026-06-24T13:00:00+02:00", "isAvailable": true, "replacesDay": true}]');
INSERT INTO opencalendly.claims (host_id, during) VALUES (:'ada', '[2026-06-22 10:00+02, 2026-06-22 10:30+02)');
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (:'ada', '2026-06-22 11:00+02', '2026-06-22 11:30+02');
SELECT at, e.verdict, e.reason, e.detail
    FROM unnest(ARRAY['2026-06-22 09:00+02', '2026-06-22 09:10+02', '2026-06-22 09:30+02', '2026-06-22 10:00+02', '2026-06-22 10:30+02',
        '2026-06-22 11:00+02', '2026-06-22 11:30+02', '2026-06-22 20:00+02', '2026-06-15 09:30+02', '2026-07-06 09:00+02',
        '2026-06-24 09:00+02']::timestamptz[]) AS at, LATERAL opencalendly.explain_slot(:'explained', at) AS e ORDER BY at, e.reason;
SELECT starts_at FROM opencalendly.book_slot(:'explained', '2026-06-22 09:00+02', 'Bob', 'bob@example.org');
SELECT verdict, reason FROM opencalendly.explain_slot(:'explained', '2026-06-22 09:00+02');
SELECT opencalendly.update_event_type(:'explained', '{"is_active": false}') IS NOT NULL AS updated;
SELECT verdict, reason FROM opencalendly.explain_slot(:'explained', '2026-06-29 09:00+02');

-- a user by plain DML has no schedule, and no slots but those of added overrides
INSERT INTO opencalendly.users (username, email, timezone) VALUES ('slots-dml', 'slots-dml@example.org', 'Asia/Tokyo') RETURNING id AS dml \gset
INSERT INTO opencalendly.event_types (user_id, slug, duration_minutes) VALUES (:'dml', 'plain', 30) RETURNING id AS plain \gset
SELECT count(*) FROM opencalendly.compute_slots(:'plain', '2026-06-16', '2026-06-17');
INSERT INTO opencalendly.availability_overrides (user_id, starts_at, ends_at, is_available)
    VALUES (:'dml', '2026-06-16 10:00:30+00', '2026-06-16 11:00+00', true);
SELECT starts_at FROM opencalendly.compute_slots(:'plain', '2026-06-16', '2026-06-17');

--
-- Invalid input
--
SELECT call, pg_temp.try('SELECT * FROM opencalendly.' || replace(call, 'EVENT', quote_literal(:'quarter')))
FROM (VALUES
    (1, $$compute_slots(NULL, '2026-06-01', '2026-06-02')$$), (2, $$compute_slots(EVENT, NULL, '2026-06-02')$$),
    (3, $$compute_slots(EVENT, '2026-06-01', NULL)$$), (4, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', NULL)$$),
    (5, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', 0)$$), (6, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', -2147483648)$$),
    (7, $$compute_slots(EVENT, '2026-06-02', '2026-06-01')$$), (8, $$compute_slots(EVENT, '2026-06-01', '2026-06-01')$$),
    (9, $$compute_slots(EVENT, '2026-01-01', '2027-01-02 00:00:01')$$), (10, $$compute_slots(EVENT, '2026-01-01', '2027-01-02')$$),
    (11, $$compute_slots(EVENT, '-infinity', '2026-06-02')$$), (12, $$compute_slots(EVENT, '2026-06-01', 'infinity')$$),
    (13, $$compute_slots(EVENT, '-infinity', 'infinity')$$), (14, $$compute_slots(EVENT, '1899-12-31', '1900-01-02')$$),
    (15, $$compute_slots(EVENT, '9999-12-31', '10000-01-01 00:00:01')$$), (16, $$compute_slots(EVENT, '294276-01-01', '294276-02-01')$$),
    (17, $$compute_slots('00000000-0000-0000-0000-000000000000', '2026-06-01', '2026-06-02')$$),
    (18, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', ignore_booking => '00000000-0000-0000-0000-000000000000')$$),
    (19, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', hold_token => '')$$), (20, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', hold_token => 'forged')$$),
    (21, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', hold_token => repeat('x', 1000000))$$),
    (22, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', hold_token => repeat('A', 43))$$),
    (23, $$compute_slots(EVENT, '2026-06-01', '2026-06-02', all_hosts => NULL)$$),
    (30, $$explain_slot(NULL, '2026-06-01')$$), (31, $$explain_slot(EVENT, NULL)$$), (32, $$explain_slot(EVENT, 'infinity')$$),
    (33, $$explain_slot('00000000-0000-0000-0000-000000000000', '2026-06-01')$$)
) AS calls(n, call) ORDER BY n;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.compute_slots(%L, ''2026-06-01'', ''2026-06-02'')', :'explained'));
SET opencalendly.clock = 'infinity';
SET opencalendly.clock = 'sometime';
SET opencalendly.base_url = 'ftp://example.org';
SET opencalendly.base_url = 'https://example.org/';
SET opencalendly.nonsense = 1;
