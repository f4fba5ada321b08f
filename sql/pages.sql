-- What the pages show and what their forms do, as the shim calls it: open times in the visitor's zone, a booking by a form,
-- its confirmation, the page of a link in each state; and what is said to input that is none.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api_calls.inc
\i :api
SET opencalendly.base_url = 'https://book.example.org';
SELECT opencalendly.create_user('page-ada', 'page-ada@example.org', 'Ada', 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_user('page-bob', 'page-bob@example.org', 'Bob', 'America/New_York') AS bob \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 630}, {"dayOfWeek": 4, "startMinute": 540, "endMinute": 600}]');
SELECT opencalendly.set_availability_rules(:'bob', '[{"dayOfWeek": 0, "startMinute": 30, "endMinute": 180}]');
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30, 'phone', '+49 30 1234',
    '[{"id": "topic", "label": "Topic?", "required": true}, {"id": "note", "label": "Note"}]') AS talk \gset
SELECT opencalendly.create_event_type(:'ada', 'Off', 'off', 30, is_active => false) AS off \gset
SELECT opencalendly.create_event_type(:'bob', 'Night', 'night', 30, slot_interval_minutes => 30) AS night \gset
SELECT opencalendly.create_event_type(:'ada', 'July', 'july', 30, bookable_from => '2026-08-10', bookable_until => '2026-08-12') AS july \gset
SELECT opencalendly.create_team(:'ada', 'Page team', 'page-team') AS team \gset
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin') AS turn \gset
INSERT INTO kept VALUES ('ada', :'ada'), ('talk', :'talk');
CREATE FUNCTION pg_temp.page(name text, VARIADIC arguments text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT (pg_temp.api('page_' || name, VARIADIC arguments)).body::jsonb $$;
-- A page's days in one line: "date time time ..."
CREATE FUNCTION pg_temp.days(page jsonb) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT d ->> 'date' || ': ' || (SELECT string_agg(t ->> 'time' || CASE WHEN t ? 'offset' THEN ' (' || (t ->> 'offset') || ')' ELSE '' END, ', ')
        FROM jsonb_array_elements(d -> 'times') AS t)
    FROM jsonb_array_elements(page -> 'days') AS d $$;
-- Fields of a form.
CREATE FUNCTION pg_temp.form(VARIADIC fields text[]) RETURNS text LANGUAGE sql AS $$ SELECT jsonb_object(fields)::text $$;

-- The list, in the host's zone and in others, and its next page.
SELECT page ->> 'zone' AS zone, page ->> 'timezone' AS asked, page ->> 'firstFree' AS first_free, page ->> 'later' AS later, page ? 'chosen' AS chosen
    FROM pg_temp.page('event', 'page-ada', 'talk', NULL, NULL, NULL, NULL, NULL) AS page;
SELECT pg_temp.days(pg_temp.page('event', 'page-ada', 'talk', NULL, NULL, NULL, NULL, NULL));
SELECT pg_temp.days(pg_temp.page('event', 'page-ada', 'talk', 'Pacific/Auckland', NULL, NULL, NULL, NULL));
SELECT pg_temp.days(pg_temp.page('event', 'page-ada', 'talk', '', '2026-06-09T07:45:00.000Z', NULL, NULL, NULL));
SELECT jsonb_pretty((page -> 'data') - 'now' #- '{eventType,id}') FROM pg_temp.page('event', 'page-ada', 'talk', 'Asia/Kathmandu', NULL, NULL, NULL, NULL) AS page;
-- The nights on which the clocks change: what comes twice has its offset, what is skipped is not there.
SELECT pg_temp.days(pg_temp.page('event', 'page-bob', 'night', NULL, '2026-10-31T00:00:00Z', NULL, NULL, NULL));
SELECT pg_temp.days(pg_temp.page('event', 'page-bob', 'night', NULL, '2027-03-13T00:00:00Z', NULL, NULL, NULL));
-- A long list is cut between days.
SELECT opencalendly.set_availability_rules(:'bob', '[{"dayOfWeek": 0, "startMinute": 0, "endMinute": 1440}, {"dayOfWeek": 1, "startMinute": 0, "endMinute": 1440}]');
SELECT opencalendly.create_event_type(:'bob', 'Tiny', 'tiny', 5, slot_interval_minutes => 5) AS tiny \gset
SELECT jsonb_array_length(page -> 'days') AS days, jsonb_array_length(page #> '{days,0,times}') AS times, page ->> 'later' AS later
    FROM pg_temp.page('event', 'page-bob', 'tiny', NULL, NULL, NULL, NULL, NULL) AS page;
SELECT left(d, 40) AS day FROM pg_temp.days(pg_temp.page('event', 'page-bob', 'tiny', NULL, '2026-06-01T22:35:01.000Z', NULL, NULL, NULL)) AS d;
-- Nothing free in the month asked for: the next free time is told, or that there is none.
SELECT page -> 'hasDays' AS days, page ->> 'later' AS later FROM unnest(ARRAY['2026-07-01T00:00:00Z', '2030-01-01T00:00:00Z']) AS t,
    pg_temp.page('event', 'page-ada', 'july', NULL, t, NULL, NULL, NULL) AS page;
-- No free time at all, and a team's page.
SELECT opencalendly.set_availability_rules(:'bob', '[]');
SELECT page -> 'firstFree' AS first_free, page -> 'days' AS days FROM pg_temp.page('event', 'page-bob', 'tiny', NULL, NULL, NULL, NULL, NULL) AS page;
SELECT page ->> 'zone' AS zone, page ->> 'mode' AS mode, page #>> '{data,teamSlug}' AS team FROM pg_temp.page('team_event', 'page-team', 'turn', NULL, NULL, NULL, NULL, NULL) AS page;
SELECT page -> 'hasEventTypes' AS has, jsonb_array_length(page -> 'eventTypes') AS types FROM pg_temp.page('user', 'page-ada') AS page;

-- The form.
SELECT page -> 'chosen' AS chosen, page -> 'error' AS error, page #> '{form,questions}' AS questions
    FROM pg_temp.page('event', 'page-ada', 'talk', 'Europe/London', NULL, '2026-06-04T07:00:00Z', NULL, NULL) AS page;
-- Not offered: told at once, and no form for it.
SELECT page ? 'chosen' AS chosen, page #>> '{error,code}' AS error FROM pg_temp.page('event', 'page-ada', 'talk', NULL, NULL, '2026-06-04T07:01:00Z', NULL, NULL) AS page;
-- Wrong input: the page again, filled in.
SELECT page -> 'error' AS error, page #>> '{form,inviteeName}' AS name, page #>> '{form,questions,0,answer}' AS topic, page #>> '{form,questions,0,isWrong}' AS wrong, page #>> '{chosen,time}' AS time
    FROM unnest(ARRAY[
        pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000001', 'inviteeName', 'Zoe', 'inviteeEmail', 'zoe', 'answers.topic', 'tea'),
        pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000001', 'inviteeName', '', 'inviteeEmail', 'zoe@example.org', 'answers.topic', 'tea'),
        pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000001', 'inviteeName', 'Zoe', 'inviteeEmail', 'zoe@example.org', 'answers.topic', ''),
        pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'short', 'inviteeName', 'Zoe', 'inviteeEmail', 'zoe@example.org', 'answers.topic', 'tea'),
        pg_temp.form('step', 'book', 'startsAt', 'soon', 'key', 'page-key-0000000001', 'inviteeName', 'Zoe', 'inviteeEmail', 'zoe@example.org', 'answers.topic', 'tea'),
        pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000001', 'inviteeName', 'Zoe', 'inviteeEmail', 'zoe@example.org', 'answers.topic', 'tea', 'timezone', 'Nowhere/None'),
        pg_temp.form('step', 'book')]) AS f, pg_temp.page('event_form', 'page-ada', 'talk', f) AS page;
SELECT count(*) AS bookings FROM opencalendly.bookings WHERE event_type_id = :'talk';
-- Booked: 303 to the confirmation, and the same form again to the same one.
SELECT pg_temp.say('page_event_form', 'page-ada', 'talk', f) FROM (VALUES (pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000001',
    'inviteeName', 'Zoe', 'inviteeEmail', 'zoe@example.org', 'answers.topic', E'tea\nor coffee', 'answers.note', '', 'timezone', 'Europe/London'))) AS v (f), generate_series(1, 2);
SELECT b.answers, b.timezone, count(*) OVER () AS bookings FROM opencalendly.bookings AS b WHERE b.event_type_id = :'talk';
-- Taken: the list, and what was typed goes along to the next time, by step "fill", which books nothing.
SELECT page #>> '{error,code}' AS error, page ? 'chosen' AS chosen, page -> 'isFilled' AS filled, page #>> '{form,inviteeName}' AS name, page #>> '{form,key}' AS key
    FROM pg_temp.page('event_form', 'page-ada', 'talk', pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:00:00Z', 'key', 'page-key-0000000002',
        'inviteeName', 'Yan', 'inviteeEmail', 'yan@example.org', 'answers.topic', 'tea')) AS page;
SELECT page -> 'error' AS error, page #>> '{chosen,time}' AS time, page #>> '{form,inviteeName}' AS name
    FROM pg_temp.page('event_form', 'page-ada', 'talk', pg_temp.form('step', 'fill', 'startsAt', '2026-06-04T07:30:00Z', 'key', 'page-key-0000000002',
        'inviteeName', 'Yan', 'inviteeEmail', 'yan@example.org', 'answers.topic', 'tea')) AS page;
-- Later times and another zone, what was typed along.
SELECT page -> 'isFilled' AS filled, page #>> '{form,inviteeName}' AS name, page #>> '{days,0,date}' AS first_day, page #>> '{days,0,times,0,time}' AS first_time, page ->> 'zone' AS zone
    FROM pg_temp.page('event_form', 'page-ada', 'talk', pg_temp.form('step', 'fill', 'start', '2026-06-20T00:00:00Z', 'timezone', 'Asia/Tokyo', 'key', 'page-key-0000000002', 'inviteeName', 'Yan')) AS page;
SELECT count(*) AS bookings FROM opencalendly.bookings WHERE event_type_id = :'talk';
-- A key that was used for something else: told, and a new one comes with the page.
SELECT page #>> '{error,code}' AS error, page #>> '{form,key}' <> 'page-key-0000000001' AS new_key
    FROM pg_temp.page('event_form', 'page-ada', 'talk', pg_temp.form('step', 'book', 'startsAt', '2026-06-04T07:30:00Z', 'key', 'page-key-0000000001',
        'inviteeName', 'Yan', 'inviteeEmail', 'yan@example.org', 'answers.topic', 'tea')) AS page;
SELECT pg_temp.say('page_team_event_form', 'page-team', 'turn', pg_temp.form('step', 'book', 'startsAt', '2026-06-09T07:00:00Z', 'key', 'page-key-0000000003', 'inviteeName', 'Xiu', 'inviteeEmail', 'xiu@example.org'));

-- The confirmation.
SELECT l.cancel_token AS cancel, l.reschedule_token AS move FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) AS l WHERE b.event_type_id = :'talk' \gset
INSERT INTO kept VALUES ('cancel', :'cancel'), ('move', :'move');
SELECT pg_temp.masked(jsonb_pretty(page -> 'meeting')), page ->> 'page' AS page, page -> 'isPrivate' AS private, page -> 'isOpen' AS open, page #>> '{eventType,locationValue}' AS "where"
    FROM pg_temp.page('event', 'page-ada', 'talk', NULL, NULL, NULL, '@cancel@', '@move@') AS page;
-- Links of other kinds are not shown as what they are not.
SELECT page #>> '{meeting,cancelPath}' IS NOT NULL AS cancels, page #>> '{meeting,reschedulePath}' IS NOT NULL AS moves
    FROM unnest(ARRAY['@move@', '@cancel@', 'nothing', NULL]) AS t, pg_temp.page('event', 'page-ada', 'talk', NULL, NULL, NULL, '@cancel@', t) AS page;
SELECT pg_temp.say('page_event', 'page-ada', 'talk', NULL, NULL, NULL, 'nothing', NULL);

-- The page of a link.
SELECT page -> 'is' AS "is", page #>> '{data,state}' AS state, jsonb_array_length(page -> 'days') AS days, page #>> '{data,username}' AS username
    FROM unnest(ARRAY['@cancel@', '@move@']) AS t, pg_temp.page('action', t, NULL, NULL, NULL) AS page;
SELECT page #> '{error}' AS error, page #>> '{form,reason}' = repeat('x', 501) AS kept FROM pg_temp.page('action_form', '@cancel@', pg_temp.form('step', 'cancel', 'reason', repeat('x', 501))) AS page;
SELECT page #>> '{error,code}' AS error FROM pg_temp.page('action_form', '@move@', pg_temp.form('step', 'move', 'key', 'page-key-0000000004', 'startsAt', '2026-06-04T07:10:00Z')) AS page;
SELECT pg_temp.say('page_action_form', '@move@', pg_temp.form('step', 'move', 'key', 'page-key-0000000004', 'startsAt', '2026-06-04T07:30:00Z'));
SELECT page -> 'is' AS "is", page #>> '{data,state}' AS state, page #>> '{meeting,movedTo,startsAt}' AS moved_to FROM pg_temp.page('action', '@move@', NULL, NULL, NULL) AS page;
SELECT page #>> '{error,code}' AS error FROM pg_temp.page('action_form', '@cancel@', pg_temp.form('step', 'cancel')) AS page;
SELECT l.cancel_token AS cancel, l.reschedule_token AS move FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) AS l WHERE b.event_type_id = :'talk' AND b.status = 'confirmed' \gset
UPDATE kept SET value = CASE name WHEN 'cancel' THEN :'cancel' ELSE :'move' END WHERE name IN ('cancel', 'move');
SELECT page -> 'is' AS "is", page ? 'days' AS days, page #>> '{meeting,cancelPath}' IS NOT NULL AS cancels FROM pg_temp.page('action', '@move@', 'moved', '@cancel@', NULL) AS page;
SET opencalendly.clock = '2026-06-04 07:31:00+00';
SELECT page -> 'is' AS "is", page #>> '{data,state}' AS state, page ? 'days' AS days FROM pg_temp.page('action', '@move@', NULL, NULL, NULL) AS page;
SELECT page #>> '{error,code}' AS error FROM pg_temp.page('action_form', '@cancel@', '{"step": "cancel"}') AS page;
SET opencalendly.clock = '2026-07-10 00:00:00+00';
SELECT pg_temp.say('page_action', '@move@', NULL, NULL, NULL);
SET opencalendly.clock = '2026-06-01 08:00:00+00';
SELECT pg_temp.say('page_action_form', '@cancel@', '{"step": "cancel", "reason": "rain"}');
SELECT page -> 'is' AS "is", page #>> '{meeting,icsPath}' AS ics, page ->> 'again' AS again FROM pg_temp.page('action', '@cancel@', 'canceled', NULL, NULL) AS page;

-- Invalid input.
SELECT pg_temp.say('page_event', u, s, NULL, NULL, NULL, NULL, NULL) FROM (VALUES ('page-ada', 'off'), ('page-ada', 'none'), ('nobody', 'talk'), (NULL, NULL), ('page-ada', NULL)) AS v (u, s);
SELECT pg_temp.say('page_team_event', u, s, NULL, NULL, NULL, NULL, NULL) FROM (VALUES ('page-team', 'none'), ('nobody', 'turn'), (NULL, NULL)) AS v (u, s);
SELECT pg_temp.say('page_user', u) FROM unnest(ARRAY['nobody', '', NULL]) AS u;
SELECT pg_temp.say('page_event', 'page-ada', 'talk', NULL, s, a, NULL, NULL) FROM (VALUES ('soon', NULL), ('2026-06-04', NULL), ('9999999-01-01T00:00:00Z', NULL), (NULL, 'x'), (NULL, '2026-13-01T00:00:00Z')) AS v (s, a);
SELECT page -> 'error' AS error, page ->> 'zone' AS zone, page ->> 'askedZone' AS asked FROM unnest(ARRAY['Nowhere/None', 'CET+1', 'europe/berlin']) AS z, pg_temp.page('event', 'page-ada', 'talk', z, NULL, NULL, NULL, NULL) AS page;
SELECT pg_temp.say('page_event_form', 'page-ada', s, '{"step": "book"}') FROM unnest(ARRAY['off', 'none']) AS s;
SELECT pg_temp.say('page_event_form', 'page-ada', 'talk', f) FROM unnest(ARRAY['{}', '{"step": ""}', '{"step": "cancel"}']) AS f;
SELECT pg_temp.say('page_action', t, NULL, NULL, NULL) FROM unnest(ARRAY['nothing', '', NULL]) AS t;
SELECT pg_temp.say('page_action', '@move@', NULL, NULL, 'soon');
SELECT pg_temp.say('page_action_form', t, '{"step": "cancel"}') FROM unnest(ARRAY['nothing', NULL]) AS t;
-- A name that was given up leads on.
UPDATE opencalendly.users SET username = 'page-ada-two' WHERE username = 'page-ada';
INSERT INTO opencalendly.former_usernames (username, user_id) VALUES ('page-ada', :'ada') ON CONFLICT DO NOTHING;
SELECT (pg_temp.api('page_event', 'page-ada', 'talk', NULL, NULL, NULL, NULL, NULL)).location AS event, (pg_temp.api('page_user', 'page-ada')).location AS "user";
SELECT page #>> '{error,code}' AS error FROM pg_temp.page('event_form', 'page-ada', 'talk', '{"step": "book"}') AS page;
SELECT page #>> '{error,code}' AS error, page #>> '{error,field}' AS field FROM unnest(ARRAY['{}', '{"step": "book"}']) AS f, pg_temp.page('action_form', '@cancel@', f) AS page;
