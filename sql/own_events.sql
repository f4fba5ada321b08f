-- What is written into a host's calendar for a booking and read back from there never keeps that booking from being moved,
-- whether the calendar tells of its old time, its new one or both; whatever else is in the calendar does. No worker is at
-- work here: the events are as world/writeback_body.c makes them, and what Google would answer is written by hand.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('own-ada', 'own-ada@example.org', 'Ada', 'UTC') AS ada \gset
SELECT opencalendly.create_user('own-bo', 'own-bo@example.org', 'Bo', 'UTC') AS bo \gset
SELECT count(opencalendly.set_availability_rules(id::uuid, '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 720}]')) FROM unnest(ARRAY[:'ada', :'bo']) AS id;
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30) AS talk \gset
SELECT opencalendly.create_event_type(:'ada', 'Class', 'class', 30, seats => 3) AS class \gset
SELECT opencalendly.create_team(:'ada', 'Own team', 'own-team') AS team \gset
SELECT opencalendly.invite_team_member(:'team', :'bo') IS NOT NULL AS invited, opencalendly.accept_team_invitation(:'team', :'bo') IS NOT NULL AS accepted;
SELECT opencalendly.create_team_event_type(:'team', 'Both', 'both', 30, 'collective') AS both \gset
-- Each has an account whose calendar is read and written to.
INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at)
    SELECT u.id, u.username, u.email, '{}', '', '', now(), now() FROM opencalendly.users AS u WHERE u.id IN (:'ada', :'bo');
INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source, is_write_target)
    SELECT c.id, c.user_id, c.account_email, 'Calendar', 'owner', true, true FROM opencalendly.calendar_connections AS c WHERE c.user_id IN (:'ada', :'bo');

-- The event of an entry at a time of June 2, as it is written.
CREATE FUNCTION pg_temp.event(entry opencalendly.calendar_entries, start time) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('id', entry.external_id, 'status', 'confirmed', 'summary', 'Talk with Zoe',
        'start', jsonb_build_object('dateTime', format('2026-06-02T%sZ', start), 'timeZone', 'UTC'),
        'end', jsonb_build_object('dateTime', format('2026-06-02T%sZ', start + interval '30 minutes'), 'timeZone', 'UTC'),
        'extendedProperties', jsonb_build_object('private', jsonb_build_object('opencalendly', entry.meeting_id)))
$$;
CREATE FUNCTION pg_temp.entry(who uuid, meeting uuid) RETURNS opencalendly.calendar_entries LANGUAGE sql AS $$
    SELECT e FROM opencalendly.calendar_entries AS e WHERE e.user_id = who AND e.meeting_id = meeting
$$;
-- The host's calendar is read: these events are all there are, or what has changed. The busy windows of it by then.
CREATE FUNCTION pg_temp.read(who uuid, is_full boolean, VARIADIC events jsonb[] DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    k opencalendly.calendars;
    n integer;
BEGIN
    SELECT c.* INTO k FROM opencalendly.calendars AS c WHERE c.user_id = who;
    UPDATE opencalendly.calendar_connections AS c SET attempt = c.attempt + 1 WHERE c.id = k.connection_id RETURNING c.attempt INTO n;
    PERFORM opencalendly.apply_calendar_sync(k.connection_id, n, clock_timestamp(), jsonb_build_object('from', '2026-06-01T00:00:00Z', 'until', '2026-07-01T00:00:00Z',
        'events', jsonb_build_array(jsonb_build_object('calendarId', k.id, 'isFull', is_full, 'pages', jsonb_build_array(jsonb_build_object('kind', 'calendar#events',
            'timeZone', 'UTC', 'nextSyncToken', 'next', 'items', to_jsonb(events)))))));
    RETURN (SELECT string_agg(to_char(w.starts_at, 'HH24:MI'), ' ' ORDER BY w.starts_at) FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = k.id);
END
$$;
CREATE FUNCTION pg_temp.offered(event uuid, moved uuid DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(to_char(s.starts_at, 'HH24:MI'), ' ' ORDER BY s.starts_at)
    FROM opencalendly.compute_slots(event, '2026-06-02', '2026-06-03', ignore_booking => moved) AS s
$$;

-- Booked, written, read back: it is the booking that takes the time, and nothing else.
SELECT booking_id AS first, reschedule_token AS token FROM opencalendly.book_slot(:'talk', '2026-06-02 09:30+00', 'Zoe', 'zoe@example.org') \gset
SELECT w.operation, w.external_id = (pg_temp.entry(:'ada', :'first')).external_id AS of_the_entry FROM opencalendly.calendar_writebacks AS w WHERE w.meeting_id = :'first';
SELECT pg_temp.read(:'ada', true, pg_temp.event(pg_temp.entry(:'ada', :'first'), '09:30')) AS windows, pg_temp.offered(:'talk') AS offered, pg_temp.offered(:'talk', :'first') AS to_move_to;
-- Moved by its link onto its own old time; then on, while the calendar still has the old one.
SELECT booking_id AS second, reschedule_token AS token FROM opencalendly.reschedule_booking(:'token', '2026-06-02 09:45+00') \gset
SELECT w.operation, w.external_id = (pg_temp.entry(:'ada', :'first')).external_id AS of_the_entry FROM opencalendly.calendar_writebacks AS w WHERE w.meeting_id = :'first' ORDER BY w.id;
SELECT pg_temp.read(:'ada', true, pg_temp.event(pg_temp.entry(:'ada', :'first'), '09:30')) AS windows, pg_temp.offered(:'talk', :'second') AS to_move_to;
SELECT booking_id AS third, reschedule_token AS token FROM opencalendly.reschedule_booking(:'token', '2026-06-02 09:30+00') \gset
SELECT pg_temp.read(:'ada', false, pg_temp.event(pg_temp.entry(:'ada', :'first'), '09:45')) AS windows, pg_temp.read(:'ada', false, pg_temp.event(pg_temp.entry(:'ada', :'first'), '09:30')) AS changed,
    pg_temp.offered(:'talk', :'third') AS to_move_to;
-- So does the organizer, to any time of it.
SELECT booking_id AS fourth FROM opencalendly.organizer_reschedule_booking(:'third', '2026-06-02 09:37+00') \gset
SELECT to_char(b.starts_at, 'HH24:MI') AS starts, b.status FROM opencalendly.bookings AS b WHERE b.event_type_id = :'talk' ORDER BY b.id;

-- Any other event does: a new one, a copy of ours, ours when its mark is gone, one of a booking that is not known here, as if it
-- was made after the backup that was restored; until it is deleted. By which host's digits it is named says nothing.
SELECT reschedule_token AS token FROM opencalendly.book_slot(:'talk', '2026-06-02 10:30+00', 'Yan', 'yan@example.org') \gset
SELECT what, pg_temp.read(:'ada', false, event) AS windows, pg_temp.offered(:'talk', :'fourth') AS to_move_to, pg_temp.read(:'ada', false, jsonb_build_object('id', event -> 'id', 'status', 'cancelled')) AS deleted
    FROM pg_temp.entry(:'ada', :'first') AS e, pg_temp.event(e, '09:30') AS ours,
        LATERAL (VALUES ('new', '{"id": "theirs", "extendedProperties": null}'), ('copy', '{"id": "copied"}'), ('unmarked', '{"extendedProperties": {"shared": {"a": "b"}}}'),
            ('of a booking unknown', jsonb_build_object('id', 'oc' || repeat('0', 32) || right(e.external_id, 8))::text),
            ('by another host', jsonb_build_object('id', left(e.external_id, -8) || '00000000')::text)) AS v (what, change), LATERAL (SELECT ours || change::jsonb) AS j (event);
SELECT pg_temp.read(:'ada', false, pg_temp.event(pg_temp.entry(:'ada', :'first'), '09:30') || '{"id": "theirs"}') AS windows;
SELECT pg_temp.try(format('SELECT opencalendly.reschedule_booking(%L, ''2026-06-02 09:45+00'')', :'token'));
SELECT pg_temp.try(format('SELECT opencalendly.organizer_reschedule_booking(%L, ''2026-06-02 09:45+00'')', :'fourth'));
SELECT count(*) AS windows FROM opencalendly.calendar_busy_windows WHERE user_id = :'ada';
SELECT pg_temp.read(:'ada', true) AS nothing;

-- A group's event stands for the occurrence: it can be joined, and left for a time that overlaps it.
SELECT booking_id AS one, reschedule_token AS token FROM opencalendly.book_slot(:'class', '2026-06-02 09:00+00', 'Zoe', 'zoe@example.org') \gset
SELECT occurrence_id AS meeting FROM opencalendly.bookings WHERE id = :'one' \gset
SELECT pg_temp.read(:'ada', true, pg_temp.event(pg_temp.entry(:'ada', :'meeting'), '09:00')) AS windows, pg_temp.offered(:'class') AS offered;
SELECT status FROM opencalendly.book_slot(:'class', '2026-06-02 09:00+00', 'Yan', 'yan@example.org');
SELECT opencalendly.organizer_cancel_booking(:'fourth') IS NOT NULL AS canceled;
SELECT pg_temp.offered(:'class', :'one') AS to_move_to;
SELECT status FROM opencalendly.reschedule_booking(:'token', '2026-06-02 09:30+00');
SELECT pg_temp.read(:'ada', false) AS windows, pg_temp.offered(:'class') AS offered;
-- It is named by a booking that has gone from it, and stays ours while others are there, and when none is.
SELECT b.status, b.id = :'one' AS has_named FROM opencalendly.bookings AS b WHERE b.occurrence_id = :'meeting' ORDER BY b.id;
SELECT pg_temp.entry(:'ada', :'meeting') AS entry \gset
SELECT substr((e).external_id, 3, 32) = translate(:'one', '-', '') AS named, pg_temp.read(:'ada', true, pg_temp.event(e, '09:00')) AS windows FROM (SELECT (:'entry'::opencalendly.calendar_entries).*) AS e;
SELECT c.status FROM opencalendly.bookings AS b, opencalendly.organizer_cancel_booking(b.id) AS c WHERE b.occurrence_id = :'meeting' AND b.status = 'confirmed';
SELECT pg_temp.entry(:'ada', :'meeting') IS NULL AS is_gone, pg_temp.read(:'ada', true, pg_temp.event(e, '09:00')) AS windows FROM (SELECT (:'entry'::opencalendly.calendar_entries).*) AS e;

-- Of a team's booking each host has an event of their own.
SELECT pg_temp.read(:'ada', true) AS ada, pg_temp.read(:'bo', true) AS bo;
SELECT booking_id AS team_booking, reschedule_token AS token FROM opencalendly.book_slot(:'both', '2026-06-02 11:15+00', 'Zoe', 'zoe@example.org') \gset
SELECT count(DISTINCT e.external_id) AS events FROM opencalendly.calendar_entries AS e WHERE e.meeting_id = :'team_booking';
SELECT pg_temp.read(:'ada', true, pg_temp.event(pg_temp.entry(:'ada', :'team_booking'), '11:15')) AS ada, pg_temp.read(:'bo', true, pg_temp.event(pg_temp.entry(:'bo', :'team_booking'), '11:15')) AS bo;
SELECT pg_temp.offered(:'both') AS offered, pg_temp.offered(:'both', :'team_booking') AS to_move_to;
-- In a calendar that both see each sees both events; it is moved all the same, and once more.
SELECT pg_temp.read(:'ada', true, pg_temp.event(a, '11:15'), pg_temp.event(b, '11:15')) AS ada, pg_temp.read(:'bo', true, pg_temp.event(a, '11:15'), pg_temp.event(b, '11:15')) AS bo
    FROM pg_temp.entry(:'ada', :'team_booking') AS a, pg_temp.entry(:'bo', :'team_booking') AS b;
SELECT pg_temp.offered(:'both', :'team_booking') AS to_move_to;
SELECT status FROM opencalendly.reschedule_booking(:'token', '2026-06-02 11:30+00');
SELECT pg_temp.read(:'ada', false, pg_temp.event(b, '11:30')) AS ada FROM pg_temp.entry(:'bo', :'team_booking') AS b;
-- A host who attends only since a move sees the event of one who did before, named by the first booking.
SELECT opencalendly.create_team_event_type(:'team', 'Grown', 'grown', 30, 'collective', ARRAY[:'ada']::uuid[]) AS grown \gset
SELECT booking_id AS grown_booking, reschedule_token AS token FROM opencalendly.book_slot(:'grown', '2026-06-02 10:00+00', 'Zoe', 'zoe@example.org') \gset
SELECT pg_temp.read(:'bo', true, pg_temp.event(pg_temp.entry(:'ada', :'grown_booking'), '10:00')) AS not_yet, opencalendly.set_team_event_type_members(:'grown', jsonb_build_array(jsonb_build_object('userId', :'ada'), jsonb_build_object('userId', :'bo'))) AS members, pg_temp.read(:'bo', true) AS bo;
SELECT booking_id AS grown_last, cardinality(host_ids) AS hosts FROM opencalendly.reschedule_booking(:'token', '2026-06-02 11:00+00') \gset
SELECT :hosts AS hosts, pg_temp.read(:'bo', true, pg_temp.event(pg_temp.entry(:'ada', :'grown_booking'), '11:00')) AS bo, pg_temp.read(:'bo', true) AS none;
SELECT status FROM opencalendly.organizer_cancel_booking(:'grown_last');
-- Whose meeting it is not is kept busy by it.
SELECT pg_temp.read(:'bo', true, pg_temp.event(e, '09:30')) AS bo FROM pg_temp.entry(:'ada', (SELECT b.occurrence_id FROM opencalendly.bookings AS b WHERE b.event_type_id = :'class' AND b.status = 'confirmed' ORDER BY b.id LIMIT 1)) AS e;

-- An invitation that was mailed to a host, and came into the calendar by itself, bears the name of the meeting's first booking.
CREATE FUNCTION pg_temp.invitation(uid text, start time) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('id', 'imported' || md5(uid), 'iCalUID', uid, 'start', jsonb_build_object('dateTime', format('2026-06-02T%sZ', start)),
        'end', jsonb_build_object('dateTime', format('2026-06-02T%sZ', start + interval '30 minutes')))
$$;
SELECT what, pg_temp.read(who::uuid, true, pg_temp.invitation(uid, '10:00')) AS windows FROM (VALUES
    ('a host''s', :'ada', :'team_booking' || '@opencalendly'), ('the other host''s', :'bo', :'team_booking' || '@opencalendly'), ('moved since', :'ada', :'first' || '@opencalendly'),
    ('of who is no host of it', :'bo', :'first' || '@opencalendly'), ('of another installation', :'ada', gen_random_uuid() || '@opencalendly'),
    ('of another program', :'ada', :'first' || '@example.org'), ('no name', :'ada', 'x' || :'first' || '@opencalendly')) AS v (what, who, uid);

-- for others
DELETE FROM opencalendly.calendar_connections;
