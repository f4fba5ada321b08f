-- The HTTP API of organizers, function by function: what it answers, that nobody reaches what is another's, and how each
-- bad value is refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api.inc
\i :api

SELECT pg_temp.sign_up('ada', 'ao-', 'Europe/Berlin'), pg_temp.sign_up('bob', 'ao-'), pg_temp.sign_up('cyd', 'ao-'), pg_temp.sign_up('eve', 'ao-');

--
-- Event types
--
SELECT pg_temp.api('event_types(#ada)');
SELECT pg_temp.keep('intro', $$create_event_type(#ada, '{"name": "Intro", "slug": "intro", "durationMinutes": 30, "locationType": "video"}')$$, 'eventType', 'id');
SELECT pg_temp.keep('late', $$create_schedule(#ada, '{"name": "Late", "timezone": "Asia/Tokyo", "rules": null, "isDefault": null}')$$, 'schedule', 'id');
SELECT pg_temp.keep('full', $$create_event_type(#ada, '{"name": "Full", "slug": "full", "durationMinutes": 240, "locationType": "phone",
    "locationValue": "+1 555 0100", "questions": [{"id": "q", "label": "Why?", "required": true, "placeholder": "so"}], "description": "All of it",
    "slotIntervalMinutes": 20, "bufferBeforeMinutes": 1, "bufferAfterMinutes": 2, "minNoticeMinutes": 3, "maxDaysAhead": 4,
    "bookableFrom": "2026-06-01", "bookableUntil": "2026-07-01", "dailyBookingLimit": 5, "weeklyBookingLimit": 6, "monthlyBookingLimit": 7,
    "seats": 8, "scheduleId": "@late", "isActive": false, "isHidden": true, "cancellationPolicy": "A day before."}')$$, 'eventType', 'id');
-- null is absent
SELECT pg_temp.keep('nulls', $$create_event_type(#ada, '{"name": "Nulls", "slug": "nulls", "durationMinutes": 5, "locationType": "custom", "locationValue": null,
    "questions": null, "description": null, "slotIntervalMinutes": null, "bufferBeforeMinutes": null, "minNoticeMinutes": null, "seats": null,
    "scheduleId": null, "isActive": null, "isHidden": null, "cancellationPolicy": null}')$$, 'eventType', 'id');
SELECT pg_temp.api($$event_types(#ada)$$, 'eventTypes');
SELECT pg_temp.api($$event_types(#bob)$$, 'eventTypes');
-- absent stays, null clears: what has a default, to it
SELECT pg_temp.api($$update_event_type(#ada, '@full', '{"name": "Fuller", "slug": "fuller", "durationMinutes": 45, "isActive": true}')$$);
SELECT pg_temp.api($$update_event_type(#ada, '@full', '{"locationValue": null, "questions": null, "description": null, "slotIntervalMinutes": null,
    "bufferBeforeMinutes": null, "bufferAfterMinutes": null, "minNoticeMinutes": null, "maxDaysAhead": null, "bookableFrom": null,
    "bookableUntil": null, "dailyBookingLimit": null, "weeklyBookingLimit": null, "monthlyBookingLimit": null, "seats": null,
    "scheduleId": null, "isHidden": null, "cancellationPolicy": null}')$$, 'eventType');
-- a whole number may have been written with a fraction of zero
SELECT pg_temp.api($$update_event_type(#ada, '@full', '{"durationMinutes": 45.0, "minNoticeMinutes": 6e1, "seats": null}')$$, 'eventType', 'durationMinutes');
SELECT pg_temp.api($$update_event_type(#ada, '@full', '{}')$$, 'eventType', 'name'), pg_temp.api($$update_event_type(#ada, '@full', NULL)$$, 'eventType', 'name');
-- the slug of a deleted one is free
SELECT pg_temp.api($$delete_event_type(#ada, '@nulls')$$);
SELECT pg_temp.keep('nulls', $$create_event_type(#ada, '{"name": "Nulls", "slug": "nulls", "durationMinutes": 5, "locationType": "custom"}')$$, 'eventType', 'id') ~ '"ok": true' AS made;

--
-- Hours
--
SELECT pg_temp.api('hours(#ada, NULL)');
SELECT pg_temp.api($$set_rules(#ada, NULL, '{"rules": [{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020, "bufferBeforeMinutes": 0, "bufferAfterMinutes": 0},
    {"dayOfWeek": 1, "startMinute": 600, "endMinute": 1440, "bufferAfterMinutes": 10}]}')$$);
SELECT pg_temp.api($$set_overrides(#ada, NULL, '{"overrides": [{"startAt": "2026-06-06T10:00:00+02:00", "endAt": "2026-06-06T12:00:00.500Z", "isAvailable": true, "replacesDay": true},
    {"startAt": "2026-06-05T10:00Z", "endAt": "2026-06-05T11:00Z", "isAvailable": false, "reason": "dentist"}]}')$$, 'overrides');
-- two tabs: who has read an older state is refused and changes nothing
CREATE TEMP TABLE tab AS SELECT 'one' AS name, etag FROM pg_temp.answer_of('hours(#ada, NULL)');
SELECT status, body IS NULL AS empty, etag = (SELECT etag FROM tab) AS same FROM pg_temp.answer_of(format('hours(#ada, %L)', (SELECT etag FROM tab)));
SELECT status, body IS NULL AS empty FROM pg_temp.answer_of(format('hours(#ada, %L)', (SELECT 'other,' || etag || ',more' FROM tab)));
SELECT status FROM pg_temp.answer_of($$hours(#ada, '*')$$);
SELECT status FROM pg_temp.answer_of($$hours(#ada, 'other')$$);
SELECT status, etag <> (SELECT etag FROM tab) AS changed, jsonb_array_length(body -> 'rules') AS rules, jsonb_array_length(body -> 'overrides') AS overrides
    FROM pg_temp.answer_of(format($$set_rules(#ada, %L, '{"rules": [{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]}')$$, (SELECT etag FROM tab)));
SELECT status, body, etag <> (SELECT etag FROM tab) AS changed FROM pg_temp.answer_of(format($$set_rules(#ada, %L, '{"rules": []}')$$, (SELECT etag FROM tab)));
SELECT status FROM pg_temp.answer_of(format($$set_overrides(#ada, %L, '{"overrides": []}')$$, (SELECT etag FROM tab)));
SELECT status FROM pg_temp.answer_of($$set_overrides(#ada, '', '{"overrides": []}')$$);
SELECT jsonb_array_length(body -> 'rules') AS rules, jsonb_array_length(body -> 'overrides') AS overrides FROM pg_temp.answer_of('hours(#ada, NULL)');
SELECT status, jsonb_array_length(body -> 'overrides') AS overrides FROM pg_temp.answer_of($$set_overrides(#ada, '*', '{"overrides": []}')$$);
-- what GET shows, PUT takes
SELECT status, body -> 'rules' -> 0 ->> 'startMinute' AS start FROM pg_temp.answer_of(format('set_rules(#ada, NULL, %L)',
    (SELECT jsonb_build_object('rules', body -> 'rules') FROM pg_temp.answer_of('hours(#ada, NULL)'))));
-- without a default schedule there is nothing, until something is put there
DELETE FROM opencalendly.schedules WHERE user_id = pg_temp.id('eve');
SELECT pg_temp.api('hours(#eve, NULL)'), pg_temp.api('schedules(#eve)');
SELECT status FROM pg_temp.answer_of(format($$set_rules(#eve, %L, '{"rules": []}')$$, (SELECT etag FROM pg_temp.answer_of('hours(#eve, NULL)'))));
SELECT body -> 'schedules' -> 0 ->> 'name' AS name FROM pg_temp.answer_of('schedules(#eve)');

-- schedules
SELECT pg_temp.keep('night', $$create_schedule(#ada, '{"name": "Night", "timezone": "Europe/Berlin", "rules": [{"dayOfWeek": 0, "startMinute": 0, "endMinute": 60}],
    "overrides": [{"startAt": "2026-06-06T10:00:00Z", "endAt": "2026-06-06T12:00:00Z", "isAvailable": false}], "isDefault": false}')$$, 'schedule', 'id');
SELECT jsonb_agg(s - ARRAY['rules', 'overrides', 'id']) FROM pg_temp.answer_of('schedules(#ada)') AS a, jsonb_array_elements(a.body -> 'schedules') AS s;
SELECT pg_temp.api($$schedule(#ada, '@late', NULL)$$);
SELECT status FROM pg_temp.answer_of(format($$schedule(#ada, '@night', %L)$$, (SELECT etag FROM pg_temp.answer_of($$schedule(#ada, '@night', NULL)$$))));
UPDATE tab SET etag = (SELECT a.etag FROM pg_temp.answer_of($$schedule(#ada, '@night', NULL)$$) AS a);
SELECT status, body #>> '{schedule,name}' AS name, body #>> '{schedule,timezone}' AS zone, body #> '{schedule,rules}' AS rules, jsonb_array_length(body #> '{schedule,overrides}') AS overrides
    FROM pg_temp.answer_of(format($$update_schedule(#ada, '@night', %L, '{"name": "Nights", "timezone": "UTC", "rules": null}')$$, (SELECT etag FROM tab)));
SELECT status, body FROM pg_temp.answer_of(format($$update_schedule(#ada, '@night', %L, '{"name": "Lost", "overrides": []}')$$, (SELECT etag FROM tab)));
SELECT pg_temp.api($$update_schedule(#ada, '@night', NULL, '{}')$$, 'schedule', 'name');
UPDATE tab SET etag = (SELECT a.etag FROM pg_temp.answer_of('hours(#ada, NULL)') AS a);
SELECT pg_temp.api($$update_schedule(#ada, '@night', NULL, '{"isDefault": true, "timezone": "Asia/Kolkata"}')$$, 'schedule');
-- a tab that has read the hours of the schedule that was the default one
SELECT status FROM pg_temp.answer_of(format($$set_rules(#ada, %L, '{"rules": []}')$$, (SELECT etag FROM tab)));
SELECT timezone FROM opencalendly.users WHERE id = pg_temp.id('ada');
SELECT jsonb_agg(s - ARRAY['rules', 'overrides', 'id']) FROM pg_temp.answer_of('schedules(#ada)') AS a, jsonb_array_elements(a.body -> 'schedules') AS s;
SELECT pg_temp.api($$delete_schedule(#ada, '@night')$$);
SELECT pg_temp.keep('day', $$create_schedule(#ada, '{"name": "Day", "timezone": "UTC", "isDefault": true, "rules": [
    {"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020}, {"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}, {"dayOfWeek": 3, "startMinute": 540, "endMinute": 1020}]}')$$, 'schedule', 'id') ~ '"isDefault": true' AS made;
SELECT pg_temp.api($$delete_schedule(#ada, '@night')$$);
SELECT pg_temp.api($$update_event_type(#ada, '@intro', '{"scheduleId": "@late"}')$$, 'eventType', 'scheduleId'), pg_temp.api($$delete_schedule(#ada, '@late')$$);
SELECT pg_temp.api($$update_event_type(#ada, '@intro', '{"scheduleId": null}')$$, 'eventType', 'scheduleId'), pg_temp.api($$delete_schedule(#ada, '@late')$$);

--
-- Bookings: ada's own; those of a team, whose owner is bob and in which ada and cyd attend
--
SELECT count(opencalendly.set_availability_rules(pg_temp.id(n), (SELECT jsonb_agg(jsonb_build_object(
    'dayOfWeek', day, 'startMinute', 540, 'endMinute', 1020)) FROM generate_series(0, 6) AS day))) FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n;
INSERT INTO ids SELECT 'team', opencalendly.create_team(pg_temp.id('bob'), 'Team', 'ao-team');
SELECT count(opencalendly.invite_team_member(pg_temp.id('team'), pg_temp.id(n))) + count(opencalendly.accept_team_invitation(pg_temp.id('team'), pg_temp.id(n)))
    FROM unnest(ARRAY['ada', 'cyd']) AS n;
INSERT INTO ids SELECT 'panel', opencalendly.create_team_event_type(pg_temp.id('team'), 'Panel', 'panel', 30, 'collective', ARRAY[pg_temp.id('ada'), pg_temp.id('cyd')]);
SELECT opencalendly.update_event_type(pg_temp.id('panel'), '{"location_value": "Room 1", "questions": [{"id": "q", "label": "Q"}]}') IS NOT NULL AS updated;
INSERT INTO ids SELECT 'b1', booking_id FROM opencalendly.book_slot(pg_temp.id('intro'), '2026-06-02 09:00+00', 'Ann', 'Ann@Example.com', 'America/Lima');
INSERT INTO ids SELECT 'b2', booking_id FROM opencalendly.book_slot(pg_temp.id('panel'), '2026-06-02 10:00+00', 'Ben', 'ben@example.com', answers => '{"q": "because"}');
INSERT INTO ids SELECT 'b3', booking_id FROM opencalendly.book_slot(pg_temp.id('intro'), '2026-06-02 11:00+00', 'Cal', 'cal@example.com');
INSERT INTO ids SELECT 'b4', booking_id FROM opencalendly.book_slot(pg_temp.id('intro'), '2026-06-03 09:00+00', 'Dee', 'dee@example.com');
-- the same start, so that the id decides
INSERT INTO ids SELECT 'own', opencalendly.create_event_type(pg_temp.id('bob'), 'Own', 'own', 30);
INSERT INTO ids SELECT 'b5', booking_id FROM opencalendly.book_slot(pg_temp.id('own'), '2026-06-02 10:00+00', 'Eli', 'eli@example.com');
CREATE FUNCTION pg_temp.listed(call text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(a.refusal, concat_ws(' ', (SELECT string_agg(i.name, ' ' ORDER BY b.n) FROM jsonb_array_elements(a.body -> 'bookings') WITH ORDINALITY AS b(booking, n)
        JOIN ids AS i ON i.id = b.booking ->> 'id'), CASE WHEN a.next_cursor IS NOT NULL THEN '...' END, CASE WHEN a.next_cursor IS DISTINCT FROM a.body ->> 'nextCursor' THEN 'cursors differ' END))
    FROM pg_temp.answer_of(call) AS a
$$;
SELECT pg_temp.api($$bookings(#cyd, NULL, NULL, NULL, NULL, NULL)$$);
SELECT n AS who, pg_temp.listed('bookings(#' || n || ', NULL, NULL, NULL, NULL, NULL)') FROM unnest(ARRAY['ada', 'bob', 'cyd', 'eve']) AS n;
-- page by page
CREATE FUNCTION pg_temp.pages(who text, size text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    a record;
    place text;
    shown text := '';
BEGIN
    LOOP
        SELECT * INTO a FROM pg_temp.answer_of(format('bookings(#%s, NULL, NULL, NULL, %L, %L)', who, place, size));
        place := a.next_cursor;
        shown := shown || (SELECT string_agg(i.name, ' ' ORDER BY b.n) FROM jsonb_array_elements(a.body -> 'bookings') WITH ORDINALITY AS b(booking, n)
            JOIN ids AS i ON i.id = b.booking ->> 'id') || ' | ';
        EXIT WHEN place IS NULL OR length(shown) > 1000;
    END LOOP;
    RETURN shown;
END
$$;
SELECT pg_temp.pages(n, s) FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n, unnest(ARRAY['1', '2', '3', '100']) AS s ORDER BY n, s::int;
-- from and to
SELECT pg_temp.listed($$bookings(#ada, NULL, '2026-06-02T10:00:00Z', '2026-06-03T09:00:00Z', NULL, NULL)$$);
SELECT pg_temp.listed($$bookings(#ada, NULL, '2026-06-02T06:00:00-04:00', NULL, NULL, NULL)$$);
SELECT pg_temp.listed($$bookings(#ada, '', '', '', '', '')$$);

-- what may be done with them
SELECT pg_temp.api($$booking(#ada, '@b1')$$);
SELECT pg_temp.api($$cancel_booking(#ada, '@b1', '{"reason": "ill"}')$$);
SELECT pg_temp.api($$cancel_booking(#ada, '@b1', NULL)$$, 'replayed');
SELECT pg_temp.api($$booking(#ada, '@b1')$$, 'booking', 'cancelReason');
SELECT pg_temp.keep('b6', $$reschedule_booking(#cyd, '@b2', '{"startsAt": "2026-06-06T20:10:00+02:00"}')$$, 'newBooking', 'id');
SELECT pg_temp.api($$booking(#bob, '@b2')$$, 'booking', 'rescheduledTo');
SELECT pg_temp.api($$reschedule_booking(#ada, '@b3', '{"startsAt": "2026-06-03T09:15:00Z"}')$$);
SELECT pg_temp.api($$no_show(#ada, '@b3', '{}')$$);
SET opencalendly.clock = '2026-06-02 11:05+00';
SELECT pg_temp.api($$no_show(#ada, '@b3', '')$$, 'booking', 'noShowAt'), pg_temp.api($$no_show(#ada, '@b3', '{}')$$, 'replayed');
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT n AS who, s AS status, pg_temp.listed(format('bookings(#%s, %L, NULL, NULL, NULL, NULL)', n, s))
    FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n, unnest(ARRAY['confirmed', 'pending', 'canceled', 'rescheduled']) AS s;
-- a start that is taken: the host is told why
SELECT pg_temp.api($$explain(#ada, '@intro', '2026-06-03T09:15:00Z')$$);
SELECT pg_temp.api($$explain(#ada, '@intro', '2026-06-02T14:00:00Z')$$, 'verdicts');
SELECT pg_temp.api($$explain(#bob, '@panel', '2026-06-03T09:15:00Z')$$, 'verdicts');

-- the owner of a team sees its bookings for as long as there is a team; a host for ever
SELECT pg_temp.api($$cancel_booking(#bob, '@b6', '{"reason": null}')$$, 'booking', 'canceledBy');
SELECT opencalendly.leave_team(pg_temp.id('team'), pg_temp.id('cyd')) IS NOT NULL AS cyd_left;
SELECT n AS who, pg_temp.listed('bookings(#' || n || ', NULL, NULL, NULL, NULL, NULL)') FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n;
SELECT opencalendly.update_team(pg_temp.id('team'), jsonb_build_object('owner_id', pg_temp.id('ada'))) IS NOT NULL AS adas_now;
SELECT n AS who, pg_temp.listed('bookings(#' || n || ', NULL, NULL, NULL, NULL, NULL)') FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n; -- bob has the role still
SELECT opencalendly.update_team_member(pg_temp.id('team'), pg_temp.id('bob'), '{"role": "member"}') IS NOT NULL AS bob_is_member;
SELECT n AS who, pg_temp.listed('bookings(#' || n || ', NULL, NULL, NULL, NULL, NULL)') FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n;
-- PATCH of the team's event type: by owners; members may look at the team and not do this
SELECT pg_temp.api($$update_event_type(#ada, '@panel', '{"name": "Big panel"}')$$, 'eventType', 'name'), pg_temp.api($$update_event_type(#bob, '@panel', '{"name": "Mine"}')$$);
SELECT pg_temp.api($$delete_event_type(#bob, '@panel')$$), pg_temp.api($$explain(#bob, '@panel', '2026-06-02T14:00:00Z')$$);
SELECT pg_temp.api($$delete_event_type(#ada, '@panel')$$);
SELECT n AS who, pg_temp.listed('bookings(#' || n || ', NULL, NULL, NULL, NULL, NULL)'), pg_temp.api($$booking(#$$ || n || $$, '@b2')$$, 'booking', 'team')
    FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n;

--
-- Time off
--
SELECT pg_temp.api('time_off(#ada)');
SELECT pg_temp.keep('off', $$create_time_off(#ada, '{"startAt": "2026-06-03T09:10:00+00:00", "endAt": "2026-06-04T00:00:00Z", "reason": "away"}')$$, 'timeOffBlock', 'id');
SELECT pg_temp.keep('off2', $$create_time_off(#ada, '{"startAt": "2026-06-03T08:00:00Z", "endAt": "2026-06-03T09:00:00Z", "reason": null}')$$, 'timeOffBlock', 'id');
SELECT pg_temp.api('time_off(#ada)'), pg_temp.api('time_off(#bob)');
SELECT pg_temp.api($$set_overrides(#ada, NULL, '{"overrides": []}')$$, 'overrides');
SELECT pg_temp.api($$delete_time_off(#ada, '@off2')$$);
SELECT pg_temp.api('time_off(#ada)', 'timeOffBlocks', '0', 'id');
-- ada's bookings stay, an event type with bookings, too
SELECT pg_temp.api($$booking(#ada, '@b4')$$, 'booking', 'status'), pg_temp.api($$delete_event_type(#ada, '@intro')$$);

-- all that GET calls works in a transaction that cannot write
BEGIN READ ONLY;
SELECT call FROM unnest(ARRAY['event_types(#ada)', 'hours(#ada, NULL)', 'schedules(#ada)', $$schedule(#ada, '@day', NULL)$$, 'time_off(#ada)', 'bookings(#ada, NULL, NULL, NULL, NULL, NULL)',
    $$booking(#ada, '@b4')$$, $$explain(#ada, '@intro', '2026-06-02T14:00:00Z')$$]) AS call WHERE pg_temp.api(call) NOT LIKE '{"ok": true%';
COMMIT;

--
-- Others' things are not there, for anybody
--
SELECT call, pg_temp.api(call) FROM (VALUES
    (1, $$update_event_type(#bob, '@intro', '{"name": "Mine"}')$$), (2, $$delete_event_type(#bob, '@intro')$$), (3, $$explain(#bob, '@intro', '2026-06-02T14:00:00Z')$$),
    (4, $$schedule(#bob, '@day', NULL)$$), (5, $$update_schedule(#bob, '@day', NULL, '{"name": "Mine"}')$$), (6, $$update_schedule(#bob, '@day', 'x', '{}')$$), (7, $$delete_schedule(#bob, '@day')$$),
    (8, $$delete_time_off(#bob, '@off')$$), (9, $$booking(#bob, '@b1')$$), (10, $$cancel_booking(#bob, '@b4', '{}')$$), (11, $$reschedule_booking(#bob, '@b4', '{"startsAt": "2026-06-06T10:00:00Z"}')$$),
    (12, $$no_show(#bob, '@b4', '{}')$$), (13, $$booking(#eve, '@b2')$$), (14, $$cancel_booking(#eve, '@b2', '{}')$$), (15, $$update_event_type(#ada, '@panel', '{"name": "Back"}')$$),
    (16, $$create_event_type(#bob, '{"name": "x", "slug": "xx", "durationMinutes": 30, "locationType": "video", "scheduleId": "@day"}')$$),
    (17, $$update_event_type(#bob, '@own', '{"scheduleId": "@day"}')$$)) AS c(n, call) ORDER BY n;
SELECT status, cancel_reason FROM opencalendly.bookings WHERE id = pg_temp.id('b4');

--
-- Invalid input
--
-- no session: missing, unknown, ended
CREATE FUNCTION pg_temp.calls_of(session text) RETURNS text[] LANGUAGE sql AS $$
    SELECT ARRAY(SELECT format('%s(%s%s)', substr(p.proname, 5), session, repeat(', NULL', p.pronargs - 1)) FROM pg_proc AS p
        WHERE p.pronamespace = 'opencalendly'::regnamespace AND p.proname ~ '^api_' AND p.proargnames[1] = 'session' ORDER BY 1)
$$;
SELECT count(*) > 40 AS many, string_agg(DISTINCT pg_temp.api(c), '; ') FROM unnest(pg_temp.calls_of('NULL') || pg_temp.calls_of($$''$$) || pg_temp.calls_of($$'unknown-token-of-32-characters-and-more'$$)) AS c;
UPDATE opencalendly.sessions SET created_at = clock_timestamp() - interval '2 days', expires_at = clock_timestamp() - interval '1 second' WHERE user_id = pg_temp.id('eve');
SELECT string_agg(DISTINCT pg_temp.api(c), '; ') FROM unnest(pg_temp.calls_of('#eve')) AS c;
-- ids that are none
SELECT string_agg(DISTINCT pg_temp.api(call), '; '), count(*)
    FROM unnest(ARRAY['NULL', $$''$$, $$'x'$$, $$'../x'$$, $$'00000000-0000-0000-0000-00000000000'$$, $$' 00000000-0000-0000-0000-000000000000'$$]) AS id,
        LATERAL unnest(ARRAY[format('update_event_type(#ada, %s, NULL)', id), format('delete_event_type(#ada, %s)', id), format('explain(#ada, %s, NULL)', id),
            format('schedule(#ada, %s, NULL)', id), format('update_schedule(#ada, %s, NULL, NULL)', id), format('delete_schedule(#ada, %s)', id), format('delete_time_off(#ada, %s)', id),
            format('booking(#ada, %s)', id), format('cancel_booking(#ada, %s, NULL)', id), format('reschedule_booking(#ada, %s, NULL)', id), format('no_show(#ada, %s, NULL)', id)]) AS call
    GROUP BY id ORDER BY id;
-- a body for each field of an event type
CREATE FUNCTION pg_temp.event_type_body(changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls('{"name": "x", "slug": "xx", "durationMinutes": 30, "locationType": "video"}' || changes)::text
$$;
SELECT value, pg_temp.api(format('create_event_type(#ada, %L)', pg_temp.event_type_body(value::jsonb))) AS created,
        pg_temp.api(format('update_event_type(#ada, %L, %L)', '@intro', value)) AS updated
FROM (VALUES
    (1, '{"name": ""}'), (2, '{"name": "  "}'), (3, '{"name": 5}'), (4, '{"name": "a\tb"}'), (5, '{"slug": "x"}'), (6, '{"slug": "Big"}'), (7, '{"slug": "fuller"}'), (8, '{"slug": ["a"]}'),
    (10, '{"durationMinutes": 4}'), (11, '{"durationMinutes": 241}'), (12, '{"durationMinutes": 30.5}'), (13, '{"durationMinutes": "30"}'), (14, '{"durationMinutes": 1e300}'), (15, '{"durationMinutes": -30}'),
    (20, '{"locationType": "moon"}'), (21, '{"locationType": true}'), (22, '{"locationValue": 7}'), (30, '{"questions": {}}'), (31, '{"questions": [1]}'), (32, '{"questions": [{"id": "a b", "label": "x"}]}'),
    (33, '{"questions": [{"id": "a", "label": ""}]}'), (34, '{"questions": [{"id": "a", "label": "x"}, {"id": "a", "label": "y"}]}'), (35, '{"questions": [{"id": "a", "label": "x", "color": "red"}]}'),
    (40, '{"slotIntervalMinutes": 4}'), (41, '{"slotIntervalMinutes": 241}'), (42, '{"bufferBeforeMinutes": -1}'), (43, '{"bufferAfterMinutes": 181}'), (44, '{"minNoticeMinutes": 43201}'), (45, '{"minNoticeMinutes": -1}'),
    (46, '{"maxDaysAhead": 0}'), (47, '{"maxDaysAhead": 367}'), (48, '{"bookableFrom": "tomorrow"}'), (49, '{"bookableFrom": "2026-02-30"}'), (50, '{"bookableFrom": "2026-06-02", "bookableUntil": "2026-06-01"}'), (51, '{"bookableUntil": "infinity"}'),
    (52, '{"dailyBookingLimit": 0}'), (53, '{"weeklyBookingLimit": 1001}'), (54, '{"monthlyBookingLimit": "many"}'), (55, '{"seats": 0}'), (56, '{"seats": 1001}'), (57, '{"scheduleId": "x"}'), (58, '{"scheduleId": "00000000-0000-0000-0000-000000000000"}'),
    (59, '{"isActive": "yes"}'), (60, '{"isHidden": 1}'), (61, '{"id": "x"}'), (62, '{"userId": "@bob"}'), (63, '{"duration_minutes": 30}'), (64, '{"deletedAt": null, "createdAt": "2026-06-01T00:00:00Z"}'))
    AS v(n, value) ORDER BY n;
SELECT pg_temp.api(format('create_event_type(#ada, %L)', pg_temp.event_type_body(jsonb_build_object(f, repeat('x', n)))))
    FROM (VALUES ('name', 121), ('slug', 81), ('description', 2001), ('locationValue', 501), ('cancellationPolicy', 2001)) AS v(f, n);
SELECT pg_temp.api(format('create_event_type(#ada, %L)', b)) FROM unnest(ARRAY[NULL, '', '{}', 'null', '[]', '"x"', '{', '{"a":1}{', '{"name": "\u0000"}',
    '{"slug": "xx", "durationMinutes": 30, "locationType": "video"}', '{"name": "x", "durationMinutes": 30, "locationType": "video"}', '{"name": "x", "slug": "xx", "locationType": "video"}',
    '{"name": "x", "slug": "xx", "durationMinutes": 30}', '{"name": null, "slug": "xx", "durationMinutes": 30, "locationType": "video"}']) AS b;
SELECT pg_temp.api(format('update_event_type(#ada, %L, %L)', '@intro', b)) FROM unnest(ARRAY['{"name": null}', '{"slug": null}', '{"durationMinutes": null}', '{"locationType": null}', '{"isActive": null}', '[]', 'x']) AS b;
SELECT name, slug, duration_minutes, is_active FROM opencalendly.event_types WHERE id = pg_temp.id('intro');
SELECT pg_temp.api(format('explain(#ada, %L, %L)', '@intro', s)) FROM unnest(ARRAY[NULL, '', 'now', '2026-06-02', '2026-06-02T14:00:00', '2026-06-02T25:00:00Z', 'infinity', '0001-01-01T00:00:00Z']) AS s;
-- hours
SELECT pg_temp.api(format('set_rules(#ada, NULL, %L)', b)) FROM unnest(ARRAY[NULL, '', '[]', '{"rules": null}', '{"rules": {}}', '{"rules": "x"}', '{"rules": [], "overrides": []}', '{"rules": [1]}', '{"rules": [null]}', '{"rules": [{}]}',
    '{"rules": [{"dayOfWeek": 7, "startMinute": 0, "endMinute": 60}]}', '{"rules": [{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60}, {"dayOfWeek": 1, "startMinute": 60, "endMinute": 60}]}',
    '{"rules": [{"dayOfWeek": 1, "startMinute": 0, "endMinute": 1441}]}', '{"rules": [{"dayOfWeek": "1", "startMinute": 0, "endMinute": 60}]}', '{"rules": [{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60, "bufferAfterMinutes": 181}]}',
    '{"rules": [{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60, "color": "red"}]}', '{"rules": [{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60, "scheduleId": "@day"}]}',
    (SELECT jsonb_build_object('rules', jsonb_agg('{"dayOfWeek": 1, "startMinute": 0, "endMinute": 60}'::jsonb))::text FROM generate_series(1, 51))]) AS b;
SELECT pg_temp.api(format('set_overrides(#ada, NULL, %L)', b)) FROM unnest(ARRAY['{}', '{"overrides": 1}', '{"overrides": [{"startAt": "2026-06-06T10:00Z", "isAvailable": true}]}', '{"overrides": [{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z"}]}',
    '{"overrides": [{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T10:00Z", "isAvailable": true}]}', '{"overrides": [{"startAt": "2026-06-06T10:00", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]}', '{"overrides": [{"startAt": "-infinity", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]}',
    '{"overrides": [{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": false, "replacesDay": true}]}', '{"overrides": [{"startAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": "no"}]}',
    '{"overrides": [{"startsAt": "2026-06-06T10:00Z", "endAt": "2026-06-06T12:00Z", "isAvailable": true}]}',
    (SELECT jsonb_build_object('overrides', jsonb_agg('{}'::jsonb))::text FROM generate_series(1, 201)),
    jsonb_build_object('overrides', jsonb_build_array(jsonb_build_object('startAt', '2026-06-06T10:00Z', 'endAt', '2026-06-06T12:00Z', 'isAvailable', true, 'reason', repeat('x', 301))))::text]) AS b;
SELECT pg_temp.api(format('create_schedule(#ada, %L)', b)) FROM unnest(ARRAY['{}', '{"name": "x"}', '{"timezone": "UTC"}', '{"name": "", "timezone": "UTC"}', '{"name": "x", "timezone": "XYZ3"}', '{"name": "x", "timezone": 1}', '{"name": "Day", "timezone": "UTC"}',
    '{"name": "x", "timezone": "UTC", "rules": {}}', '{"name": "x", "timezone": "UTC", "rules": [{}]}', '{"name": "x", "timezone": "UTC", "overrides": [{}]}', '{"name": "x", "timezone": "UTC", "isDefault": "yes"}', '{"name": "x", "timezone": "UTC", "id": "x"}']) AS b;
SELECT pg_temp.api(format('update_schedule(#ada, %L, NULL, %L)', '@day', b)) FROM unnest(ARRAY['[]', '{"name": null}', '{"name": " "}', '{"name": "Working hours"}', '{"timezone": null}', '{"timezone": "Mars/Olympus"}', '{"isDefault": false}', '{"isDefault": null}',
    '{"rules": [{"dayOfWeek": 9}]}', '{"name": "Kept out", "overrides": [7]}', '{"userId": "@bob"}']) AS b;
SELECT body #>> '{schedule,name}' AS name, jsonb_array_length(body #> '{schedule,rules}') AS rules FROM pg_temp.answer_of($$schedule(#ada, '@day', NULL)$$);
-- time off
SELECT pg_temp.api(format('create_time_off(#ada, %L)', b)) FROM unnest(ARRAY[NULL, '{}', '{"startAt": "2026-06-06T10:00:00Z"}', '{"endAt": "2026-06-06T10:00:00Z"}', '{"startAt": "2026-06-06T10:00:00Z", "endAt": "2026-06-06T10:00:00Z"}',
    '{"startAt": "2026-06-06T10:00:00Z", "endAt": "2026-06-06T11:00:00+02:00"}', '{"startAt": "2026-06-06", "endAt": "2026-06-07"}', '{"startAt": "infinity", "endAt": "infinity"}', '{"startAt": null, "endAt": "2026-06-06T10:00:00Z"}', '{"startAt": 1, "endAt": 2}',
    '{"startAt": "2026-06-06T10:00:00Z", "endAt": "2026-06-06T11:00:00Z", "reason": 1}', '{"startAt": "2026-06-06T10:00:00Z", "endAt": "2026-06-06T11:00:00Z", "source": "x"}',
    jsonb_build_object('startAt', '2026-06-06T10:00Z', 'endAt', '2026-06-06T12:00Z', 'reason', repeat('x', 301))::text]) AS b;
SELECT pg_temp.api($$delete_time_off(#ada, '@off2')$$), pg_temp.api($$delete_time_off(#ada, '@intro')$$);
-- bookings
SELECT pg_temp.api($$bookings(#ada, $$ || a || ')') FROM unnest(ARRAY[$$'done', NULL, NULL, NULL, NULL$$, $$'Confirmed', NULL, NULL, NULL, NULL$$, $$NULL, 'yesterday', NULL, NULL, NULL$$, $$NULL, NULL, '2026-06-02', NULL, NULL$$,
    $$NULL, '2026-06-02T10:00:00Z', '2026-06-02T10:00:00Z', NULL, NULL$$, $$NULL, '2026-06-02T10:00:00Z', '2026-06-01T10:00:00Z', NULL, NULL$$,
    $$NULL, NULL, NULL, 'x', NULL$$, $$NULL, NULL, NULL, '00000000-0000-0000-0000-000000000000', NULL$$, $$NULL, NULL, NULL, '@b1', NULL$$, $$NULL, NULL, NULL, 'AAMD7WzxCAABogTEgJRyarNqaWnx2pL-=', NULL$$,
    $$NULL, NULL, NULL, 'f_________________________8AAAAA', NULL$$, $$NULL, NULL, NULL, 'gAAAAAAAAAD_________________8AAA', NULL$$,
    $$NULL, NULL, NULL, NULL, '0'$$, $$NULL, NULL, NULL, NULL, '101'$$, $$NULL, NULL, NULL, NULL, '-1'$$, $$NULL, NULL, NULL, NULL, 'all'$$, $$NULL, NULL, NULL, NULL, '1e1'$$, $$NULL, NULL, NULL, NULL, '99999999999999999999'$$]) AS a;
SELECT pg_temp.api(format('cancel_booking(#ada, %L, %L)', '@b4', b)) FROM unnest(ARRAY['[]', '{"reason": 5}', '{"token": "x"}', jsonb_build_object('reason', repeat('x', 501))::text]) AS b;
SELECT pg_temp.api(format('reschedule_booking(#ada, %L, %L)', '@b4', b)) FROM unnest(ARRAY[NULL, '{}', '{"startsAt": null}', '{"startsAt": "soon"}', '{"startsAt": "2026-06-06T10:00:00"}', '{"startsAt": 1}', '{"startsAt": "2026-06-06T10:00:00Z", "timezone": "UTC"}', '{"startsAt": "2026-05-01T10:00:00Z"}']) AS b;
SELECT pg_temp.api(call) FROM unnest(ARRAY[$$cancel_booking(#cyd, '@b2', '{}')$$, $$reschedule_booking(#ada, '@b1', '{"startsAt": "2026-06-06T10:00:00Z"}')$$, $$reschedule_booking(#cyd, '@b2', '{"startsAt": "2026-06-07T10:00:00Z"}')$$,
    $$no_show(#ada, '@b1', '{}')$$, $$no_show(#ada, '@b4', '{"at": "x"}')$$, $$no_show(#ada, '@b4', NULL)$$]) AS call;
SELECT status, starts_at FROM opencalendly.bookings WHERE id = pg_temp.id('b4');
-- other tests look at whole tables
SET client_min_messages = warning;
TRUNCATE opencalendly.users CASCADE;
