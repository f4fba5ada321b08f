-- GET .../availability: the slots of compute_slots as JSON, pages, etags, redirections, and invalid input.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('avail-ada', 'avail-ada@example.org', 'Ada', 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_user('avail-bo', 'avail-bo@example.org', 'Bo', 'Asia/Kolkata') AS bo \gset
SELECT opencalendly.create_user('avail-cy', 'avail-cy@example.org', 'Cy', 'America/New_York') AS cy \gset
SELECT opencalendly.create_user('avail-dee', 'avail-dee@example.org', 'Dee', 'UTC') AS dee \gset
SELECT count(opencalendly.set_availability_rules(id::uuid, '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 600},
    {"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}, {"dayOfWeek": 0, "startMinute": 0, "endMinute": 300}]'))
    FROM unnest(ARRAY[:'ada', :'bo', :'cy']) AS id;
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30) AS intro \gset
SELECT opencalendly.create_event_type(:'ada', 'Class', 'class', 60, seats => 3, slot_interval_minutes => 60) AS class \gset
SELECT opencalendly.create_event_type(:'ada', 'Secret', 'secret', 30, is_hidden => true) AS secret \gset
SELECT opencalendly.create_event_type(:'ada', 'Off', 'off', 30, is_active => false) AS off \gset
SELECT opencalendly.create_team(:'ada', 'Crew', 'avail-crew') AS crew \gset
SELECT count(opencalendly.invite_team_member(:'crew', id::uuid)), count(opencalendly.accept_team_invitation(:'crew', id::uuid))
    FROM unnest(ARRAY[:'bo', :'cy']) AS id;
SELECT opencalendly.create_team_event_type(:'crew', 'Turns', 'turns', 30, 'round_robin') AS turns \gset
SELECT opencalendly.create_team_event_type(:'crew', 'Fixed', 'fixed', 30, 'round_robin', fixed_member_ids => ARRAY[:'ada']::uuid[]) AS fixed \gset
SELECT opencalendly.create_team_event_type(:'crew', 'Both', 'both', 30, 'collective', member_ids => ARRAY[:'ada', :'bo']::uuid[]) AS both \gset
SELECT count(opencalendly.set_availability_overrides(id::uuid,
        '[{"startAt": "2026-06-03T10:00:00Z", "endAt": "2026-06-03T12:00:00Z", "isAvailable": true}]'))
    FROM unnest(ARRAY[:'ada', :'bo', :'cy']) AS id;

-- What the answer should be, made of compute_slots by PostgreSQL's own functions.
CREATE FUNCTION pg_temp.local_text(at timestamptz, zone text) RETURNS text LANGUAGE sql AS $$
    SELECT to_char(at AT TIME ZONE zone, 'YYYY-MM-DD"T"HH24:MI:SS')
        || CASE WHEN o < interval '0' THEN '-' ELSE '+' END || to_char(greatest(o, -o), 'HH24:MI')
    FROM (SELECT (at AT TIME ZONE zone) - (at AT TIME ZONE 'UTC') AS o) AS shift
$$;
CREATE FUNCTION pg_temp.expected(event uuid, zone text, first timestamptz, until timestamptz, shows_hosts boolean = false, ignored uuid = NULL, held text = NULL)
    RETURNS jsonb LANGUAGE sql AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('startsAt', opencalendly.instant_text(s.starts_at), 'endsAt', opencalendly.instant_text(s.ends_at),
            'startsAtLocal', pg_temp.local_text(s.starts_at, zone))
        || CASE WHEN e.seats > 1 THEN jsonb_build_object('seatsLeft', s.seats_left) ELSE '{}' END
        || CASE WHEN shows_hosts THEN jsonb_build_object('assignmentUserIds', s.host_ids) ELSE '{}' END ORDER BY s.starts_at), '[]')
    FROM opencalendly.event_types AS e, opencalendly.compute_slots(e.id, first, until, ignore_booking => ignored, hold_token => held) AS s
    WHERE e.id = event
$$;

-- an answer, in full
SELECT * FROM opencalendly.api_availability('avail-ada', 'intro', 'America/New_York', '2026-06-01T06:00:00Z', '1') \gset a_
SELECT :'a_status' AS status, :'a_body' AS body, length(:'a_etag'), :'a_etag' ~ '^[A-Za-z0-9_-]+$' AS plain;
SELECT next_cursor, location, cookie FROM opencalendly.api_availability('avail-ada', 'intro', 'America/New_York', '2026-06-01T06:00:00Z', '1');
-- nothing asked for: UTC, from now on, seven days, all of them
SELECT body::jsonb ->> 'timezone' AS timezone, jsonb_array_length(body::jsonb -> 'slots') AS slots,
    body::jsonb -> 'slots' = pg_temp.expected(:'intro', 'UTC', '2026-06-01 06:00', '2026-06-08 06:00') AS as_computed
    FROM opencalendly.api_availability('avail-ada', 'intro');
-- empty is absent; a fraction and another offset are the same instant; the clock is the setting's
SELECT body::jsonb ->> 'timezone' AS timezone, jsonb_array_length(body::jsonb -> 'slots') AS slots
    FROM opencalendly.api_availability('avail-ada', 'intro', '', '', '', '', '', '', '');
SELECT count(DISTINCT etag), count(*) FROM unnest(ARRAY['2026-06-08T07:00:00Z', '2026-06-08T07:00Z', '2026-06-08T07:00:00.000000Z', '2026-06-08T09:00:00+02:00',
    '2026-06-08T09:00:00+0200', '2026-06-08T02:30:00.0-04:30', '2026-06-07T23:00:00-08:00']) AS at,
    opencalendly.api_availability('avail-ada', 'intro', NULL, at, '31');
-- every zone, also where and when clocks change
SELECT zone, first, until - first AS days, jsonb_array_length(body::jsonb -> 'slots') AS slots,
    body::jsonb -> 'slots' = pg_temp.expected(:'intro', zone, first, until) AS as_computed
    FROM unnest(ARRAY['Europe/Berlin', 'UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Kiritimati', 'Etc/GMT+12']) AS zone,
    (VALUES ('2026-10-04 00:00'::timestamptz, '2026-11-04 00:00'::timestamptz), ('2027-03-14 00:00', '2027-04-14 00:00')) AS r(first, until),
    opencalendly.api_availability('avail-ada', 'intro', zone, to_char(first, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '31');
-- the nights of the changes in Berlin: an hour is skipped, an hour is there twice
SELECT s ->> 'startsAt' AS starts_at, s ->> 'startsAtLocal' AS starts_at_local
    FROM unnest(ARRAY['2026-10-24T23:30:00Z', '2027-03-28T00:30:00Z']) AS first,
    opencalendly.api_availability('avail-ada', 'class', 'Europe/Berlin', first, '1'), jsonb_array_elements(body::jsonb -> 'slots') AS s;

-- pages: one after the other they are the whole, each start once
CREATE FUNCTION pg_temp.paged(page_size text) RETURNS TABLE (pages integer, slots jsonb) LANGUAGE plpgsql AS $$
DECLARE
    answer opencalendly.api_answer;
BEGIN
    pages := 0;
    slots := '[]';
    LOOP
        answer := opencalendly.api_availability('avail-ada', 'intro', 'Europe/Berlin', '2026-06-08T00:00:00Z', '31', page_size, answer.next_cursor);
        pages := pages + 1;
        slots := slots || (answer.body::jsonb -> 'slots');
        ASSERT jsonb_array_length(answer.body::jsonb -> 'slots') <= page_size::integer;
        ASSERT answer.body::jsonb ->> 'nextCursor' IS NOT DISTINCT FROM answer.next_cursor;
        EXIT WHEN answer.next_cursor IS NULL;
    END LOOP;
    RETURN NEXT;
END
$$;
SELECT page_size, pages, jsonb_array_length(slots) AS slots, slots = pg_temp.expected(:'intro', 'Europe/Berlin', '2026-06-08', '2026-07-09') AS as_computed
    FROM unnest(ARRAY['1', '7', '100', '10000']) AS page_size, pg_temp.paged(page_size);
-- exactly as many as there are: no next page; a cursor at or beyond the end: nothing; before the start: from the start
SELECT jsonb_array_length(body::jsonb -> 'slots') AS slots, next_cursor FROM opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-01T06:00:00Z', '1', '3');
SELECT next_cursor AS june_cursor FROM opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-01T06:00:00Z', '1', '2') \gset
SELECT days, jsonb_array_length(body::jsonb -> 'slots') AS slots FROM (VALUES ('2026-05-31T00:00:00Z', '1'), ('2026-06-01T07:15:00Z', '1'), ('2026-06-01T07:16:00Z', '1'), ('2026-06-02T07:00:00Z', '1')) AS r(first, days),
    opencalendly.api_availability('avail-ada', 'intro', NULL, first, days, NULL, :'june_cursor');

-- group: seats left; hidden ones are reachable by their link
SELECT opencalendly.book_slot(:'class', '2026-06-08 07:00', 'Bob', 'bob@example.org') IS NOT NULL AS booked;
SELECT body FROM opencalendly.api_availability('avail-ada', 'class', NULL, '2026-06-08T00:00:00Z', '1');
SELECT body::jsonb -> 'slots' = pg_temp.expected(:'class', 'UTC', '2026-06-08', '2026-07-09') AS as_computed
    FROM opencalendly.api_availability('avail-ada', 'class', NULL, '2026-06-08T00:00:00Z', '31');
SELECT status, jsonb_array_length(body::jsonb -> 'slots') AS slots FROM opencalendly.api_availability('avail-ada', 'secret', NULL, NULL, '2');
-- an added window that begins within a millisecond: its starts are told so exactly that they can be booked
SELECT opencalendly.set_availability_overrides(:'dee', '[{"startAt": "2026-06-12T10:00:00.000250Z", "endAt": "2026-06-12T10:30:00.000250Z", "isAvailable": true},
    {"startAt": "2026-06-12T12:00:00.250Z", "endAt": "2026-06-12T12:30:00.250Z", "isAvailable": true}]') IS NOT NULL AS set;
SELECT opencalendly.create_event_type(:'dee', 'Odd', 'odd', 30) AS odd \gset
SELECT body FROM opencalendly.api_availability('avail-dee', 'odd', 'Asia/Kolkata', '2026-06-12T00:00:00Z', '1');
SELECT starts_at FROM opencalendly.book_slot(:'odd', (SELECT body::jsonb #>> '{slots,0,startsAt}'
    FROM opencalendly.api_availability('avail-dee', 'odd', NULL, '2026-06-12T00:00:00Z', '1'))::timestamptz, 'Bob', 'bob@example.org');

-- holds: one's own slot is shown
SELECT * FROM opencalendly.hold_slot(:'intro', '2026-06-09 07:00') \gset h_
SELECT who, body::jsonb #>> '{slots,0,startsAt}' AS first FROM (VALUES ('nobody', NULL), ('holder', :'h_hold_token'), ('another', repeat('A', 43))) AS w(who, token),
    opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-09T00:00:00Z', '1', NULL, NULL, token);
SET opencalendly.clock = '2026-06-01 06:10+00';
SELECT who, body::jsonb #>> '{slots,0,startsAt}' AS first FROM (VALUES ('nobody', NULL), ('holder', :'h_hold_token')) AS w(who, token),
    opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-09T00:00:00Z', '1', NULL, NULL, token);
SET opencalendly.clock = '2026-06-01 06:00+00';

-- teams
CREATE FUNCTION pg_temp.named(body text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(replace(body, (SELECT id::text FROM opencalendly.users WHERE username = 'avail-ada'), '<ada>'),
        (SELECT id::text FROM opencalendly.users WHERE username = 'avail-bo'), '<bo>'), (SELECT id::text FROM opencalendly.users WHERE username = 'avail-cy'), '<cy>')
$$;
SELECT slug, pg_temp.named(body) FROM unnest(ARRAY['turns', 'fixed', 'both']) AS slug,
    opencalendly.api_team_availability('avail-crew', slug, 'Asia/Kolkata', '2026-06-01T06:00:00Z', '31', '2');
SELECT slug, jsonb_array_length(body::jsonb -> 'slots') AS slots, body::jsonb -> 'slots' = pg_temp.expected(event, 'UTC', '2026-06-08', '2026-07-09', true) AS as_computed
    FROM (VALUES ('turns', :'turns'::uuid), ('fixed', :'fixed'), ('both', :'both')) AS t(slug, event),
    opencalendly.api_team_availability('avail-crew', slug, 'UTC', '2026-06-08T00:00:00Z', '31');
-- by the owner's page: the same slots, nobody named
SELECT slug, body::jsonb ? 'mode' AS says_mode, body::jsonb -> 'slots' = pg_temp.expected(event, 'UTC', '2026-06-08', '2026-07-09') AS as_computed
    FROM (VALUES ('turns', :'turns'::uuid), ('fixed', :'fixed'), ('both', :'both')) AS t(slug, event),
    opencalendly.api_availability('avail-ada', slug, 'UTC', '2026-06-08T00:00:00Z', '31');
-- a round robin tells at most ten, a collective all
SELECT count(opencalendly.create_user('avail-m' || n, 'avail-m' || n || '@example.org', NULL, 'Europe/Berlin')) FROM generate_series(1, 12) AS n;
SELECT count(opencalendly.set_availability_rules(u.id, '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]')),
    count(opencalendly.invite_team_member(:'crew', u.id)), count(opencalendly.accept_team_invitation(:'crew', u.id))
    FROM (SELECT id FROM opencalendly.users WHERE username LIKE 'avail-m%' ORDER BY length(username), username) AS u;
SELECT opencalendly.create_team_event_type(:'crew', 'All', 'all', 30, 'collective',
    member_ids => (SELECT array_agg(id) FROM opencalendly.users WHERE username LIKE 'avail-m%')) AS all \gset
SELECT slug, jsonb_array_length(body::jsonb -> 'slots') AS slots, max(jsonb_array_length(s -> 'assignmentUserIds')) AS most,
    jsonb_agg(s - 'assignmentUserIds') = pg_temp.expected(event, 'UTC', '2026-06-09', '2026-06-10') AS as_computed
    FROM (VALUES ('turns', :'turns'::uuid), ('all', :'all')) AS t(slug, event),
    opencalendly.api_team_availability('avail-crew', slug, 'UTC', '2026-06-09T00:00:00Z', '1'), jsonb_array_elements(body::jsonb -> 'slots') AS s GROUP BY slug, event, body ORDER BY slug;

-- etags: the same answer has the same, and is not told again
SELECT etag AS tag FROM opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-08T00:00:00Z', '31') \gset
SELECT n, status, body IS NULL AS no_body, etag = :'tag' AS same FROM unnest(ARRAY[:'tag', 'x,' || :'tag' || ',y', 'x, ' || :'tag', :'tag' || ' ,x', '*',
        NULL, '', 'x', ',', ',,', :'tag' || 'x', 'x' || :'tag', left(:'tag', 21), '*,x', repeat(',', 10000)]) WITH ORDINALITY AS g(given, n),
    opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-08T00:00:00Z', '31', NULL, NULL, NULL, given) ORDER BY n;
-- one etag for each body, whatever was asked: zone, limit, cursor, range, route, hold, event type, seats, hosts
CREATE TEMP TABLE answers (what text, body text, etag text);
CREATE FUNCTION pg_temp.keep(what text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO answers
    SELECT what || ' ' || slug || ' ' || zone || ' ' || size, a.body, a.etag
    FROM unnest(ARRAY['intro', 'class', 'secret', 'turns', 'fixed', 'both']) AS slug, unnest(ARRAY['UTC', 'Etc/UTC', 'Europe/Berlin', 'Europe/Paris']) AS zone,
        unnest(ARRAY['1', '2', '3', NULL]) AS size, unnest(ARRAY['1', '9']) AS days,
        LATERAL (SELECT * FROM opencalendly.api_availability('avail-ada', slug, zone, '2026-06-15T00:00:00Z', days, size)
            UNION ALL SELECT * FROM opencalendly.api_team_availability('avail-crew', slug, zone, '2026-06-15T00:00:00Z', days, size) WHERE slug IN ('turns', 'fixed', 'both')) AS a
$$;
SELECT pg_temp.keep('at first');
SELECT pg_temp.keep('again');
SELECT count(*) AS kept, count(DISTINCT body) AS bodies, count(DISTINCT etag) AS etags, count(DISTINCT (body, etag)) AS pairs FROM answers;
SELECT opencalendly.book_slot(:'class', '2026-06-15 07:00', 'Bob', 'bob@example.org') IS NOT NULL AS booked;
SELECT pg_temp.keep('a seat less');
SELECT opencalendly.create_event_type(:'bo', 'Chat', 'chat', 30) AS chat \gset
SELECT opencalendly.book_slot(:'chat', '2026-06-16 09:00+05:30', 'Bob', 'bob@example.org') IS NOT NULL AS booked;
SELECT pg_temp.keep('a host less');
SELECT opencalendly.update_event_type(:'intro', '{"duration_minutes": 35}') IS NOT NULL AS changed;
SELECT pg_temp.keep('longer');
SELECT count(*) AS kept, count(DISTINCT body) AS bodies, count(DISTINCT etag) AS etags, count(DISTINCT (body, etag)) AS pairs FROM answers;
SELECT opencalendly.update_event_type(:'intro', '{"duration_minutes": 30}') IS NOT NULL AS changed;
-- of two hosts who are free for the same slots one goes and another comes
SELECT etag AS with_bo FROM opencalendly.api_team_availability('avail-crew', 'both', NULL, '2026-06-03T00:00:00Z', '1') \gset
SELECT opencalendly.set_availability_overrides(:'bo', '[{"startAt": "2026-06-03T10:00:00Z", "endAt": "2026-06-03T12:00:00Z", "isAvailable": true}]') IS NOT NULL AS set;
SELECT etag AS with_bo FROM opencalendly.api_team_availability('avail-crew', 'both', NULL, '2026-06-03T00:00:00Z', '1') \gset
SELECT opencalendly.set_team_event_type_members(:'both', jsonb_build_array(jsonb_build_object('userId', :'ada'), jsonb_build_object('userId', :'cy')));
SELECT etag <> :'with_bo' AS another, jsonb_array_length(body::jsonb -> 'slots') AS slots FROM opencalendly.api_team_availability('avail-crew', 'both', NULL, '2026-06-03T00:00:00Z', '1');

-- the link that moves a booking: as if it were gone, also while the event type is inactive
SELECT * FROM opencalendly.book_slot(:'intro', '2026-06-16 09:00', 'Bob', 'bob@example.org') \gset b_
SELECT what, body::jsonb -> 'slots' @> '[{"startsAt": "2026-06-16T09:15:00.000Z"}]' AS shows_it, body::jsonb -> 'slots' = pg_temp.expected(:'intro', 'UTC', '2026-06-15', '2026-07-16', false, ignored) AS as_computed
    FROM (SELECT 'page' AS what, NULL::uuid AS ignored, a.* FROM opencalendly.api_availability('avail-ada', 'intro', NULL, '2026-06-15T00:00:00Z', '31') AS a
        UNION ALL SELECT 'link', :'b_booking_id', a.* FROM opencalendly.api_action_availability(:'b_reschedule_token', NULL, '2026-06-15T00:00:00Z', '31') AS a) AS both_;
SELECT opencalendly.update_event_type(:'intro', '{"is_active": false}') IS NOT NULL AS off;
SELECT jsonb_array_length(body::jsonb -> 'slots') AS slots, body::jsonb ->> 'timezone' AS timezone, next_cursor IS NOT NULL AS has_more
    FROM opencalendly.api_action_availability(:'b_reschedule_token', 'Asia/Kolkata', '2026-06-15T00:00:00Z', '31', '5');
SELECT opencalendly.update_event_type(:'intro', '{"is_active": true}') IS NOT NULL AS on;
SELECT a.etag = b.etag AS same, b.status FROM opencalendly.api_action_availability(:'b_reschedule_token') AS a, opencalendly.api_action_availability(:'b_reschedule_token', if_none_match => a.etag) AS b;
-- a team's: nobody is named, whom a move would keep is not left out
SELECT * FROM opencalendly.book_slot(:'turns', '2026-06-16 09:00', 'Bob', 'bob@example.org') \gset t_
SELECT body::jsonb ? 'mode' AS says_mode, body::jsonb -> 'slots' = pg_temp.expected(:'turns', 'UTC', '2026-06-15', '2026-07-16', false, :'t_booking_id') AS as_computed
    FROM opencalendly.api_action_availability(:'t_reschedule_token', NULL, '2026-06-15T00:00:00Z', '31');

-- a former username leads to the present one
SELECT opencalendly.update_user(:'cy', '{"username": "avail-cyd"}') IS NOT NULL AS renamed;
SELECT opencalendly.create_event_type(:'cy', 'Chat', 'chat', 30) IS NOT NULL AS made;
SELECT opencalendly.create_event_type(:'cy', 'Closed', 'closed', 30, is_active => false) IS NOT NULL AS made;
SELECT status, body, etag, location FROM opencalendly.api_availability('avail-cy', 'chat', 'UTC');
SELECT status, location FROM opencalendly.api_availability('avail-cyd', 'chat', 'UTC');

-- reading is all it does
BEGIN READ ONLY;
SELECT status FROM opencalendly.api_availability('avail-ada', 'intro', NULL, NULL, NULL, NULL, NULL, :'h_hold_token');
SELECT status FROM opencalendly.api_team_availability('avail-crew', 'turns');
SELECT status FROM opencalendly.api_action_availability(:'b_reschedule_token');
SELECT status FROM opencalendly.api_availability('avail-cy', 'chat');
COMMIT;
-- what the shim runs as may call them, and nothing else; another user's search_path does not matter
BEGIN;
SET LOCAL ROLE opencalendly_api;
SET LOCAL search_path = pg_temp;
SELECT status FROM opencalendly.api_availability('avail-ada', 'intro');
SELECT status FROM opencalendly.api_team_availability('avail-crew', 'turns');
SELECT status FROM opencalendly.api_action_availability(:'b_reschedule_token');
SELECT has_function_privilege('opencalendly.compute_slots(uuid, timestamptz, timestamptz, integer, uuid, text, boolean)', 'execute') AS computes,
    has_table_privilege('opencalendly.users', 'select') AS reads;
COMMIT;

-- invalid input: names
SELECT CASE u WHEN :'ada' THEN '<id>' ELSE u END AS u, CASE s WHEN :'intro' THEN '<id>' ELSE s END AS s, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(%L, %L)', u, s)) FROM (VALUES
    ('avail-ada', 'off'), ('avail-ada', 'nothing'), ('nobody-here', 'intro'), ('AVAIL-ADA', 'intro'), ('avail-ada', 'INTRO'), (' avail-ada', 'intro'), ('avail-ada', 'intro '),
    ('', 'intro'), ('avail-ada', ''), (NULL, 'intro'), ('avail-ada', NULL), ('avail_ada', 'intro'), ('../avail-ada', 'intro'), ('avail-ada''; --', 'intro'), ('é', 'é'),
    (:'ada', :'intro'), ('avail-crew', 'turns'), ('avail-bo', 'turns'), ('avail-cy', 'nothing'), ('avail-cy', 'closed'), ('avail-cy', E'chat\r\nX: y'), ('avail-cy', 'chat/../..'),
    ('avail-cyd', 'closed')) AS n(u, s);
SELECT count(*) FROM generate_series(1, 3) WHERE pg_temp.try(format('SELECT * FROM opencalendly.api_availability(%L, %L)', repeat('a', 60000), repeat('b', 60000))) LIKE 'OC002%';
SELECT t, s, pg_temp.try(format('SELECT * FROM opencalendly.api_team_availability(%L, %L)', t, s)) FROM (VALUES
    ('avail-crew', 'intro'), ('avail-crew', 'nothing'), ('nobody', 'turns'), ('avail-ada', 'turns'), ('', ''), (NULL, NULL), ('AVAIL-crew', 'turns')) AS n(t, s);
SELECT opencalendly.update_event_type(:'turns', '{"is_active": false}') IS NOT NULL AS off;
SELECT pg_temp.try('SELECT * FROM opencalendly.api_team_availability(''avail-crew'', ''turns'')'), pg_temp.try('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''turns'')');
SELECT opencalendly.update_event_type(:'turns', '{"is_active": true}') IS NOT NULL AS on;
-- timezone
SELECT v, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', %L)', v)) FROM unnest(ARRAY['Berlin', 'europe/berlin', 'CEST', 'XYZ3', 'Europe/Berlin ', '+02:00', 'UTC+2',
    'posix/UTC', 'right/UTC', 'localtime', '../../etc/passwd', '/etc/passwd', 'Foo/Bar+5', 'Europe/Berlin"', E'UTC\n', 'é', 'Factory']) AS v;
SELECT left(pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', %L)', repeat('Z', 60000))), 120);
-- start
SELECT v, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', NULL, %L)', v)) FROM unnest(ARRAY['now', 'tomorrow', 'infinity', '-infinity', 'epoch', '2026-06-01', '2026-06-01T09:00:00',
    '2026-06-01 09:00:00Z', '2026-06-01T09:00:00 02:00', '2026-06-01T09Z', '2026-06-01T09:00:00.Z', '2026-06-01T09:00:00.1234567Z', '2026-06-01T09:00:00z', '2026-06-01t09:00:00Z', '2026-06-01T09:00:00+2', '2026-06-01T09:00:00+02',
    '2026-06-01T09:00:00+02:60', '2026-06-01T09:00:00+16:00', '2026-06-01T09:00:00Z ', ' 2026-06-01T09:00:00Z', '2026-6-1T09:00:00Z', '2026-02-29T09:00:00Z', '2026-13-01T09:00:00Z', '2026-00-01T09:00:00Z', '2026-06-31T09:00:00Z',
    '2026-06-00T09:00:00Z', '2026-06-01T24:00:00Z', '2026-06-01T09:60:00Z', '2026-06-01T09:00:60Z', '1899-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '-2026-06-01T09:00:00Z',
    '1780300800', '9999-12-31T23:59:59-10:00', E'2026-06-01T09:00:00Z\n', 'é']) AS v;
-- the ends of time, and leap days, are no error
SELECT v, status, jsonb_array_length(body::jsonb -> 'slots') AS slots, body::jsonb #>> '{slots,-1,startsAtLocal}' AS last FROM unnest(ARRAY['1900-01-01T00:00:00Z', '2028-02-29T00:00:00Z', '9999-11-30T00:00:00Z', '9999-12-28T00:00:00Z', '9999-12-31T23:59:59.999999Z']) AS v,
    opencalendly.api_availability('avail-ada', 'intro', 'Pacific/Kiritimati', v, '31');
-- days, limit
SELECT v, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', days => %L)', v)), pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', "limit" => %L)', v))
    FROM unnest(ARRAY['0', '32', '-1', '+7', '7.0', '1e1', ' 7', '7 ', '0x7', '10001', '999999999', '99999999999999999999', '4294967303', 'seven', 'NaN', '٧', E'7\n', '٣']) AS v;
SELECT status, next_cursor FROM opencalendly.api_availability('avail-ada', 'intro', days => '031', "limit" => '0010000');
-- cursor
SELECT v, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', cursor => %L)', v)) FROM unnest(ARRAY['x', 'AAAAAAAAAA', 'AAAAAAAAAAAA', 'AAAAAAAAAAB', 'AAAAAAAAAA=', 'AAAAAAAAAA ', 'f_________8',
    'gAAAAAAAAAA', '2026-06-01T09:00:00Z', '1', 'é', :'june_cursor' || 'A']) AS v;
SELECT v, jsonb_array_length(body::jsonb -> 'slots') AS slots FROM unnest(ARRAY['AAAAAAAAAAA', :'june_cursor']) AS v, opencalendly.api_availability('avail-ada', 'intro', cursor => v);
-- hold
SELECT v, pg_temp.try(format('SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'', hold => %L)', v)) FROM unnest(ARRAY['x', repeat('A', 42), repeat('A', 44), repeat('A', 42) || '=', 'é', repeat('A', 43), NULL]) AS v;
-- the first wrong one is told, before the names are looked at
SELECT pg_temp.try('SELECT * FROM opencalendly.api_availability(''nobody'', ''nothing'', ''x'', ''x'', ''x'', ''x'', ''x'', ''x'')');
SELECT pg_temp.try('SELECT * FROM opencalendly.api_team_availability(''nobody'', ''nothing'', NULL, NULL, ''x'')');
-- links: another kind, none of ours
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_availability(%L)', v)) FROM unnest(ARRAY[:'b_cancel_token', opencalendly.login_token(:'b_booking_id', 1), :'h_hold_token',
    left(:'b_reschedule_token', 71), :'b_reschedule_token' || 'A', overlay(:'b_reschedule_token' placing CASE substr(:'b_reschedule_token', 50, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 50), '', 'x', repeat('A', 72), repeat('A', 60000), 'é', :'b_booking_id', NULL]) AS v;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_availability(%L, %L, %L, %L)', :'b_reschedule_token', z, s, d)) FROM (VALUES ('X', NULL, NULL), (NULL, 'x', NULL), (NULL, NULL, '32')) AS v(z, s, d);
-- links whose booking cannot be moved any more: moved, canceled, started, long over
SELECT booking_id AS n_id, reschedule_token AS n_token, cancel_token AS n_cancel FROM opencalendly.reschedule_booking(:'b_reschedule_token', '2026-06-16 10:00') \gset
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_availability(%L)', :'b_reschedule_token'));
SELECT status FROM opencalendly.cancel_booking(:'n_cancel');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_availability(%L)', :'n_token'));
SELECT at, pg_temp.try(format('SELECT * FROM opencalendly.api_action_availability(%L)', :'t_reschedule_token'))
    FROM unnest(ARRAY['2026-06-16 08:59:59', '2026-06-16 09:00', '2026-07-16 09:30', '2026-07-16 09:30:00.000001']) AS at, set_config('opencalendly.clock', at, false);
SET opencalendly.clock = '2026-06-01 06:00+00';
-- nobody else may call them
CREATE ROLE avail_anybody;
GRANT USAGE ON SCHEMA opencalendly TO avail_anybody;
SET ROLE avail_anybody;
SELECT pg_temp.try(s) FROM unnest(ARRAY['SELECT * FROM opencalendly.api_availability(''avail-ada'', ''intro'')',
    'SELECT * FROM opencalendly.api_team_availability(''avail-crew'', ''turns'')', 'SELECT * FROM opencalendly.api_action_availability(''x'')']) AS s;
RESET ROLE;
REVOKE USAGE ON SCHEMA opencalendly FROM avail_anybody;
DROP ROLE avail_anybody;
