-- Creating and changing users, schedules, hours, overrides, event types: what they make, and how each bad value is refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup

SELECT opencalendly.create_user('manage-ada', 'Ada@Example.ORG', 'Ada', 'Europe/Berlin') AS ada \gset
SELECT username, email, display_name, timezone FROM opencalendly.users WHERE id = :'ada';
SELECT name, timezone, is_default FROM opencalendly.schedules WHERE user_id = :'ada';

-- hours
SELECT opencalendly.set_availability_rules(:'ada', '[
    {"dayOfWeek": 1, "startMinute": 540, "endMinute": 720},
    {"dayOfWeek": 1, "startMinute": 780, "endMinute": 1440, "bufferBeforeMinutes": 5, "bufferAfterMinutes": 10}]');
SELECT day_of_week, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes
    FROM opencalendly.availability_rules AS r JOIN opencalendly.schedules AS s ON s.id = r.schedule_id
    WHERE s.user_id = :'ada' ORDER BY 1, 2;

-- overrides: replaced as a whole, time off stays
SELECT opencalendly.add_time_off(:'ada', '2026-07-01 00:00+02', '2026-07-15 00:00+02', 'summer') AS off \gset
SELECT opencalendly.set_availability_overrides(:'ada', '[
    {"startAt": "2026-06-06T10:00:00+02:00", "endAt": "2026-06-06T12:00:00+02:00", "isAvailable": true, "replacesDay": true},
    {"startAt": "2026-06-08T10:00:00+02:00", "endAt": "2026-06-08T11:00:00+02:00", "isAvailable": false, "reason": "dentist"}]');
SELECT opencalendly.set_availability_overrides(:'ada', '[
    {"startAt": "2026-06-08T10:00:00+02:00", "endAt": "2026-06-08T11:00:00+02:00", "isAvailable": false, "reason": null}]');
SELECT starts_at, ends_at, is_available, replaces_day, reason, source, schedule_id IS NULL AS all_schedules
    FROM opencalendly.availability_overrides WHERE user_id = :'ada' ORDER BY starts_at;
SELECT opencalendly.remove_time_off(:'off') = :'off' AS removed;
SELECT pg_temp.try(format('SELECT opencalendly.remove_time_off(%L)', :'off'));

-- schedules: the default one's zone is the user's
SELECT opencalendly.create_schedule(:'ada', 'Travel', 'America/New_York', '[{"dayOfWeek": 2, "startMinute": 0, "endMinute": 1440}]') AS travel \gset
SELECT opencalendly.update_schedule(:'travel', '{"name": "On the road", "timezone": "America/Chicago"}') = :'travel' AS updated;
SELECT opencalendly.update_schedule(:'travel', '{"is_default": true}') = :'travel' AS updated;
SELECT name, timezone, is_default FROM opencalendly.schedules WHERE user_id = :'ada' ORDER BY name;
SELECT timezone FROM opencalendly.users WHERE id = :'ada';
SELECT opencalendly.update_user(:'ada', '{"timezone": "Europe/Berlin"}') = :'ada' AS updated;
SELECT name, timezone, is_default FROM opencalendly.schedules WHERE user_id = :'ada' ORDER BY name;

-- event types
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30) AS intro \gset
SELECT name, slug, duration_minutes, location_type, questions, slot_interval_minutes, buffer_before_minutes,
    min_notice_minutes, max_days_ahead, daily_booking_limit, seats, is_active, is_hidden
    FROM opencalendly.event_types WHERE id = :'intro';
SELECT opencalendly.update_event_type(:'intro', '{"duration_minutes": 45, "buffer_before_minutes": 10,
    "bookable_from": "2026-06-01", "questions": [{"id": "why", "label": "Why?", "required": true, "placeholder": null}]}') = :'intro' AS updated;
SELECT opencalendly.update_event_type(:'intro', '{"buffer_before_minutes": null}') = :'intro' AS updated;
SELECT duration_minutes, buffer_before_minutes, bookable_from, questions FROM opencalendly.event_types WHERE id = :'intro';

-- a released username stays its owner's, who may take it again
SELECT opencalendly.update_user(:'ada', '{"username": "manage-lovelace"}') = :'ada' AS updated;
SELECT pg_temp.try('SELECT opencalendly.create_user(''manage-ada'', ''other@example.org'')');
SELECT opencalendly.create_user('manage-bob', 'bob@example.org') AS bob \gset
SELECT pg_temp.try(format('SELECT opencalendly.update_user(%L, ''{"username": "manage-ada"}'')', :'bob'));
SELECT opencalendly.update_user(:'ada', '{"username": "manage-ada"}') = :'ada' AS updated;
SELECT username FROM opencalendly.former_usernames WHERE user_id = :'ada';

--
-- Invalid input
--
SELECT call, pg_temp.try('SELECT opencalendly.' || replace(replace(call, 'ADA', quote_literal(:'ada')), 'INTRO', quote_literal(:'intro')))
FROM (VALUES
    (1, $$create_user(NULL, 'x@y')$$), (2, $$create_user('ok-name', NULL)$$), (3, $$create_user('ok-name', 'x@y', timezone => NULL)$$),
    (4, $$create_user('', 'x@y')$$), (5, $$create_user('ab', 'x@y')$$), (6, $$create_user('Upper', 'x@y')$$),
    (7, $$create_user('a--b', 'x@y')$$), (8, $$create_user('-ab', 'x@y')$$), (9, $$create_user('console', 'x@y')$$),
    (10, $$create_user(repeat('a', 65), 'x@y')$$), (11, $$create_user('demo-team', 'x@y')$$),
    (12, $$create_user('ok-name', 'no address')$$), (13, $$create_user('ok-name', 'a@b@c')$$), (14, $$create_user('ok-name', E'a@b\nBcc: c@d')$$),
    (15, $$create_user('ok-name', 'x@y', '')$$), (16, $$create_user('ok-name', 'x@y', E'a\tb')$$), (17, $$create_user('ok-name', 'x@y', repeat('a', 121))$$),
    (18, $$create_user('ok-name', 'x@y', timezone => 'XYZ3')$$), (19, $$create_user('ok-name', 'x@y', timezone => 'Foo/Bar+5')$$),
    (20, $$create_user('ok-name', 'x@y', timezone => 'Mars/Olympus')$$), (21, $$create_user('ok-name', 'x@y', timezone => 'europe/berlin')$$),
    (22, $$create_user('ok-name', 'x@y', timezone => '')$$), (23, $$create_user('ok-name', 'x@y', timezone => repeat('A/', 150))$$),
    (24, $$create_user('ok-name', 'x@y', timezone => '../../etc/passwd')$$), (25, $$create_user('ok-name', 'x@y', timezone => 'posix/UTC')$$),
    (26, $$create_user('manage-ada', 'x@y')$$), (27, $$create_user('ok-name', 'Ada@example.org')$$),
    (28, $$update_user(NULL, '{}')$$), (29, $$update_user('00000000-0000-0000-0000-000000000000', '{}')$$),
    (35, $$create_user('deleted-0123456789abcdef0123456789abcdef', 'x@y')$$), (36, $$update_user(ADA, jsonb_build_object('username', 'deleted-' || md5('x')))$$),
    (30, $$update_user(ADA, NULL)$$), (31, $$update_user(ADA, '[]')$$), (32, $$update_user(ADA, '{"id": "x"}')$$),
    (33, $$update_user(ADA, '{"timezone": "XYZ3"}')$$), (34, $$update_user(ADA, '{"username": null}')$$),
    (40, $$create_schedule(NULL, 'x', 'UTC')$$), (41, $$create_schedule(ADA, NULL, 'UTC')$$), (42, $$create_schedule(ADA, 'x', NULL)$$),
    (43, $$create_schedule(ADA, 'x', 'XYZ3')$$), (44, $$create_schedule(ADA, 'Working hours', 'UTC')$$), (45, $$create_schedule(ADA, '   ', 'UTC')$$),
    (46, $$create_schedule(ADA, 'x', 'UTC', '{}')$$), (47, $$update_schedule(NULL, '{}')$$),
    (48, $$update_schedule('00000000-0000-0000-0000-000000000000', '{}')$$), (49, $$delete_schedule('00000000-0000-0000-0000-000000000000')$$),
    (60, $$set_availability_rules(NULL, '[]')$$), (61, $$set_availability_rules(ADA, NULL)$$), (62, $$set_availability_rules(ADA, '{}')$$),
    (63, $$set_availability_rules(ADA, '[1]')$$), (64, $$set_availability_rules(ADA, '[{}]')$$),
    (65, $$set_availability_rules(ADA, '[{"dayOfWeek": 7, "startMinute": 0, "endMinute": 60}]')$$),
    (66, $$set_availability_rules(ADA, '[{"dayOfWeek": 1, "startMinute": 60, "endMinute": 60}]')$$),
    (67, $$set_availability_rules(ADA, '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60}, {"dayOfWeek": 1, "startMinute": -1, "endMinute": 60}]')$$),
    (68, $$set_availability_rules(ADA, '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 1441}]')$$),
    (69, $$set_availability_rules(ADA, '[{"dayOfWeek": "x", "startMinute": 0, "endMinute": 60}]')$$),
    (70, $$set_availability_rules(ADA, '[{"dayOfWeek": 1.5, "startMinute": 0, "endMinute": 60}]')$$),
    (71, $$set_availability_rules(ADA, '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60, "bufferAfterMinutes": 181}]')$$),
    (72, $$set_availability_rules(ADA, '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60, "color": "red"}]')$$),
    (73, $$set_availability_rules(ADA, (SELECT jsonb_agg('{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60}'::jsonb) FROM generate_series(1, 51)))$$),
    (74, $$set_availability_rules(ADA, '[]', '00000000-0000-0000-0000-000000000000')$$),
    (76, $$set_availability_rules(ADA, '[{"dayOfWeek": "1", "startMinute": 0, "endMinute": 60}]')$$),
    (75, $$set_availability_rules(ADA, '[{"dayOfWeek": 99999999999, "startMinute": 0, "endMinute": 60}]')$$),
    (80, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (81, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (82, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T12:00Z", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (83, $$set_availability_overrides(ADA, '[{"startAt": "-infinity", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (84, $$set_availability_overrides(ADA, '[{"startAt": "soon", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (85, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z"}]')$$),
    (86, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": "perhaps"}]')$$),
    (87, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": false, "replacesDay": true}]')$$),
    (88, $$set_availability_overrides(ADA, jsonb_build_array(jsonb_build_object('startAt', '2026-06-06T10:00Z', 'endAt', '2026-06-06T12:00Z', 'isAvailable', true, 'reason', repeat('x', 301))))$$),
    (89, $$set_availability_overrides(ADA, (SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 201)))$$),
    (90, $$add_time_off(ADA, '2026-07-02', '2026-07-01')$$), (91, $$add_time_off(ADA, NULL, '2026-07-01')$$),
    (92, $$add_time_off(ADA, '2026-07-02', 'infinity')$$), (93, $$add_time_off(NULL, '2026-07-01', '2026-07-02')$$),
    (100, $$create_event_type(NULL, 'x', 'xx', 30)$$), (101, $$create_event_type('00000000-0000-0000-0000-000000000000', 'x', 'xx', 30)$$),
    (102, $$create_event_type(ADA, NULL, 'xx', 30)$$), (103, $$create_event_type(ADA, '', 'xx', 30)$$),
    (104, $$create_event_type(ADA, 'x', 'x', 30)$$), (105, $$create_event_type(ADA, 'x', 'Bad Slug', 30)$$), (106, $$create_event_type(ADA, 'x', NULL, 30)$$),
    (107, $$create_event_type(ADA, 'x', 'intro', 30)$$),
    (108, $$create_event_type(ADA, 'x', 'xx', 4)$$), (109, $$create_event_type(ADA, 'x', 'xx', 1441)$$), (110, $$create_event_type(ADA, 'x', 'xx', NULL)$$),
    (111, $$create_event_type(ADA, 'x', 'xx', 30, location_type => 'moon')$$), (112, $$create_event_type(ADA, 'x', 'xx', 30, location_value => repeat('x', 501))$$),
    (113, $$create_event_type(ADA, 'x', 'xx', 30, description => repeat('x', 1000000))$$),
    (114, $$create_event_type(ADA, 'x', 'xx', 30, slot_interval_minutes => 4)$$), (115, $$create_event_type(ADA, 'x', 'xx', 30, slot_interval_minutes => 241)$$),
    (116, $$create_event_type(ADA, 'x', 'xx', 30, buffer_before_minutes => -1)$$), (117, $$create_event_type(ADA, 'x', 'xx', 30, buffer_after_minutes => 181)$$),
    (118, $$create_event_type(ADA, 'x', 'xx', 30, min_notice_minutes => 43201)$$), (119, $$create_event_type(ADA, 'x', 'xx', 30, max_days_ahead => 367)$$),
    (120, $$create_event_type(ADA, 'x', 'xx', 30, bookable_from => 'infinity')$$),
    (121, $$create_event_type(ADA, 'x', 'xx', 30, bookable_from => '2026-06-02', bookable_until => '2026-06-01')$$),
    (122, $$create_event_type(ADA, 'x', 'xx', 30, daily_booking_limit => 0)$$), (123, $$create_event_type(ADA, 'x', 'xx', 30, weekly_booking_limit => 1001)$$),
    (124, $$create_event_type(ADA, 'x', 'xx', 30, monthly_booking_limit => -5)$$), (125, $$create_event_type(ADA, 'x', 'xx', 30, seats => 0)$$),
    (126, $$create_event_type(ADA, 'x', 'xx', 30, seats => 1001)$$), (127, $$create_event_type(ADA, 'x', 'xx', 30, schedule_id => '00000000-0000-0000-0000-000000000000')$$),
    (128, $$create_event_type(ADA, 'x', 'xx', 30, questions => '{}')$$), (129, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": "a"}]')$$),
    (130, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": "a b", "label": "x"}]')$$), (131, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": "a", "label": "x"}, {"id": "a", "label": "y"}]')$$),
    (132, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": "a", "label": "x", "type": "y"}]')$$), (133, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": "a", "label": "x", "required": "y"}]')$$),
    (134, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[{"id": 1, "label": "x"}]')$$), (135, $$create_event_type(ADA, 'x', 'xx', 30, questions => '[[]]')$$), (136, $$create_event_type(ADA, 'x', 'xx', 30, questions => NULL)$$),
    (137, $$create_event_type(ADA, 'x', 'xx', 30, questions => (SELECT jsonb_agg(jsonb_build_object('id', 'q' || n, 'label', 'x')) FROM generate_series(1, 21) AS n))$$),
    (140, $$update_event_type(NULL, '{}')$$), (141, $$update_event_type('00000000-0000-0000-0000-000000000000', '{}')$$),
    (142, $$update_event_type(INTRO, '{"duration_minutes": "long"}')$$), (143, $$update_event_type(INTRO, '{"duration_minutes": null}')$$),
    (144, $$update_event_type(INTRO, '{"user_id": null}')$$), (145, $$update_event_type(INTRO, '{"bookable_from": "2026-02-30"}')$$),
    (146, $$update_event_type(INTRO, '{"seats": 1e10}')$$), (147, $$update_event_type(INTRO, '{"duration_minutes": "45"}')$$),
    (148, $$update_event_type(INTRO, '{"name": {"a": 1}}')$$), (149, $$update_event_type(INTRO, '{"is_hidden": "yes"}')$$),
    (150, $$update_event_type(INTRO, '{"questions": "x"}')$$), (151, $$update_event_type(INTRO, NULL)$$),
    (152, $$update_event_type(INTRO, '{"bookable_from": "tomorrow"}')$$), (153, $$update_event_type(INTRO, '{"bookable_from": "02/03/2027"}')$$),
    (160, $$set_availability_overrides(ADA, '[{"startAt": "now", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]')$$),
    (161, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]')$$),
    (162, $$set_availability_overrides(ADA, '[{"startAt": "2026-06-06T10:00 XYZ3", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]')$$),
    (163, $$set_availability_overrides(ADA, '[{"startAt": "2026-02-30T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]')$$)
) AS calls(n, call) ORDER BY n;
-- another's schedule
SELECT s.id AS bobs FROM opencalendly.schedules AS s WHERE s.user_id = :'bob' \gset
SELECT pg_temp.try(format('SELECT opencalendly.create_event_type(%L, ''x'', ''xx'', 30, schedule_id => %L)', :'ada', :'bobs'));
SELECT pg_temp.try(format('SELECT opencalendly.set_availability_rules(%L, ''[]'', %L)', :'ada', :'bobs'));
SELECT pg_temp.try(format('SELECT opencalendly.delete_schedule(%L)', :'bobs'));
SELECT pg_temp.try(format('SELECT opencalendly.update_schedule(%L, ''{"is_default": false}'')', :'bobs'));
-- a refused list changes nothing
SELECT count(*) FROM opencalendly.availability_rules AS r JOIN opencalendly.schedules AS s ON s.id = r.schedule_id WHERE s.user_id = :'ada';
-- every zone of the tz database is taken, whatever it is called
SELECT name FROM pg_timezone_names
    WHERE name !~ '^(posix|right)/' AND name NOT IN ('localtime', 'posixrules') AND NOT opencalendly.is_timezone(name);
-- keys that have run out go on demand
SELECT opencalendly.prune_idempotency_keys();
