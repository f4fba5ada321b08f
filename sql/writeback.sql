-- Bookings into hosts' calendars: what is queued for whom, which meeting is which event, and who is told of a link. No worker is
-- at work here: what one does is done by hand.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SET opencalendly.clock = '2100-06-01 06:00+00';
SET opencalendly.mail_transport = 'folder';

-- what others have left
DELETE FROM opencalendly.webhook_subscriptions;
DELETE FROM opencalendly.email_deliveries;
DELETE FROM opencalendly.calendar_connections;
SELECT opencalendly.create_user('wb-ada', 'wb-ada@example.com', 'Ada') AS ada \gset
SELECT opencalendly.create_user('wb-bob', 'wb-bob@example.com', 'Bob') AS bob \gset
SELECT count(opencalendly.set_availability_rules(u, days)) FROM unnest(ARRAY[:'ada', :'bob']::uuid[]) AS u,
    (SELECT jsonb_agg(jsonb_build_object('dayOfWeek', d, 'startMinute', 0, 'endMinute', 1440)) AS days FROM generate_series(0, 6) AS d) AS w;
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30) AS talk, opencalendly.create_event_type(:'ada', 'Class', 'class', 60, seats => 3) AS class,
    opencalendly.create_event_type(:'ada', 'Meet', 'meet', 30, conference => 'google_meet') AS meet,
    opencalendly.create_event_type(:'ada', 'Circle', 'circle', 30, seats => 3, conference => 'google_meet') AS circle,
    opencalendly.create_team(:'ada', 'Wb', 'wb-team') AS team \gset
SELECT opencalendly.invite_team_member(:'team', :'bob') IS NOT NULL AS asked, opencalendly.accept_team_invitation(:'team', :'bob') IS NOT NULL AS is_member;
SELECT opencalendly.create_team_event_type(:'team', 'Both', 'both', 30, 'collective', conference => 'google_meet') AS both,
    opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin', conference => 'google_meet') AS turn \gset

-- a connection with two calendars, of which the second is written to
CREATE FUNCTION pg_temp.connect(name text, state text DEFAULT 'active') RETURNS uuid LANGUAGE sql AS $$
    WITH n AS (INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at, state)
        SELECT u.id, name, name || '@gmail.example', '{}', '', '', now(), now(), connect.state FROM opencalendly.users AS u WHERE u.username = name RETURNING id, user_id),
    c AS (INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_write_target)
        SELECT n.id, n.user_id, name || '/' || i, 'Calendar ' || i, 'owner', i = 2 FROM n, generate_series(1, 2) AS i)
    SELECT id FROM n
$$;
-- into whose calendar what is to be written about which booking (told by its day), and whether it is one event with what came before
CREATE FUNCTION pg_temp.queue() RETURNS TABLE (calendar text, operation text, about text, event bigint, status text) LANGUAGE sql AS $$
    SELECT c.external_id, w.operation, to_char(b.starts_at, 'MM-DD'), dense_rank() OVER (ORDER BY f.first), w.status
    FROM opencalendly.calendar_writebacks AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id JOIN opencalendly.bookings AS b ON b.id = w.booking_id
        CROSS JOIN LATERAL (SELECT min(o.id::text) AS first FROM opencalendly.calendar_writebacks AS o WHERE o.external_id = w.external_id) AS f
    ORDER BY b.created_at, w.id
$$;
CREATE FUNCTION pg_temp.entries() RETURNS TABLE (calendar text, named_by text, is_known_by text) LANGUAGE sql AS $$
    SELECT c.external_id, CASE WHEN b.id IS NOT NULL THEN 'booking ' || to_char(b.starts_at, 'MM-DD') ELSE 'occurrence ' || to_char(o.starts_at, 'MM-DD') END,
        regexp_replace(e.external_id, '[0-9a-f]', 'x', 'g')
    FROM opencalendly.calendar_entries AS e JOIN opencalendly.calendars AS c ON c.id = e.calendar_id
        LEFT JOIN opencalendly.bookings AS b ON b.id = e.meeting_id LEFT JOIN opencalendly.occurrences AS o ON o.id = e.meeting_id ORDER BY 1, 2
$$;
CREATE FUNCTION pg_temp.forget() RETURNS void LANGUAGE sql AS $$ DELETE FROM opencalendly.calendar_writebacks; DELETE FROM opencalendly.email_deliveries $$;
CREATE FUNCTION pg_temp.mails() RETURNS TABLE (kind text, reader text, at text) LANGUAGE sql AS $$
    SELECT d.kind, coalesce(d.email, u.username), CASE WHEN d.due_at = '-infinity' THEN 'now' WHEN d.due_at BETWEEN clock_timestamp() + interval '50 s' AND clock_timestamp() + interval '60 s' THEN 'in a minute' ELSE 'somewhen' END
    FROM opencalendly.email_deliveries AS d LEFT JOIN opencalendly.users AS u ON u.id = d.user_id ORDER BY 1, 2
$$;
-- as a worker does
CREATE FUNCTION pg_temp.lease(calendar text) RETURNS TABLE (id uuid, attempt integer) LANGUAGE sql AS $$
    UPDATE opencalendly.calendar_writebacks AS w SET status = 'leased', attempt = w.attempt + 1, leased_until = now() + interval '1 hour'
        WHERE w.id = (SELECT max(o.id::text)::uuid FROM opencalendly.calendar_writebacks AS o JOIN opencalendly.calendars AS c ON c.id = o.calendar_id
            WHERE c.external_id = calendar AND o.is_open) RETURNING w.id, w.attempt
$$;
CREATE FUNCTION pg_temp.keep_link(calendar text, url text) RETURNS boolean LANGUAGE sql AS $$
    SELECT opencalendly.keep_meeting_link(l.id, l.attempt, url) FROM pg_temp.lease(calendar) AS l
$$;

--
-- Whom nobody connects nobody writes to
--
SELECT booking_id, cancel_token FROM opencalendly.book_slot(:'meet', '2100-06-10 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT * FROM pg_temp.queue();
SELECT * FROM pg_temp.mails();

--
-- One meeting: the calendar that was the target when it was booked has it for good
--
SELECT pg_temp.connect('wb-ada') AS connection \gset
SELECT cancel_token, reschedule_token FROM opencalendly.book_slot(:'talk', '2100-06-11 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
UPDATE opencalendly.calendars SET is_write_target = external_id = 'wb-ada/1' WHERE external_id = 'wb-ada/2';
UPDATE opencalendly.calendars SET is_write_target = true WHERE external_id = 'wb-ada/1';
SELECT cancel_token, reschedule_token FROM opencalendly.reschedule_booking(:'reschedule_token', '2100-06-12 09:00+00') \gset
SELECT * FROM pg_temp.entries();
SELECT status FROM opencalendly.cancel_booking(:'cancel_token');
SELECT replayed FROM opencalendly.cancel_booking(:'cancel_token');
SELECT * FROM pg_temp.queue();
SELECT * FROM pg_temp.entries();
SELECT kind, at FROM pg_temp.mails() WHERE kind <> 'booking_confirmed' GROUP BY 1, 2 ORDER BY 1;
-- one that was booked before is written when it is moved
SELECT booking_id FROM opencalendly.organizer_reschedule_booking(:'booking_id', '2100-06-10 11:00+00') \gset
SELECT opencalendly.organizer_cancel_booking(:'booking_id', NULL) IS NOT NULL AS canceled;
SELECT calendar, operation, about FROM pg_temp.queue() WHERE about = '06-10';
-- a broken connection's rows wait; who leaves takes nothing new, and what is there goes with the connection
SELECT pg_temp.forget();
UPDATE opencalendly.calendar_connections SET state = 'broken';
SELECT cancel_token, reschedule_token FROM opencalendly.book_slot(:'talk', '2100-06-13 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
UPDATE opencalendly.calendar_connections SET state = 'leaving';
SELECT booking_id FROM opencalendly.book_slot(:'talk', '2100-06-13 10:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT cancel_token, reschedule_token FROM opencalendly.reschedule_booking(:'reschedule_token', '2100-06-14 09:00+00') \gset
SELECT calendar, operation, about FROM pg_temp.queue();
DELETE FROM opencalendly.calendar_connections;
SELECT * FROM pg_temp.queue();
SELECT status FROM opencalendly.cancel_booking(:'cancel_token');
SELECT * FROM pg_temp.queue();

--
-- A group is one event
--
SELECT pg_temp.connect('wb-ada') AS connection \gset
SELECT cancel_token AS first FROM opencalendly.book_slot(:'class', '2100-06-15 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT reschedule_token AS second FROM opencalendly.book_slot(:'class', '2100-06-15 09:00+00', 'Yan', 'wb-yan@example.org') \gset
SELECT status FROM opencalendly.cancel_booking(:'first');
SELECT cancel_token AS second FROM opencalendly.reschedule_booking(:'second', '2100-06-16 09:00+00') \gset
SELECT * FROM pg_temp.entries();
SELECT * FROM pg_temp.queue();
SELECT status FROM opencalendly.cancel_booking(:'second');
SELECT count(*) FROM pg_temp.entries();
-- a meeting of one that gets more seats stays the same event
SELECT pg_temp.forget();
SELECT reschedule_token AS first FROM opencalendly.book_slot(:'talk', '2100-06-17 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT cancel_token AS first FROM opencalendly.reschedule_booking(:'first', '2100-06-17 10:00+00') \gset
SELECT opencalendly.update_event_type(:'talk', '{"seats": 2}') IS NOT NULL AS grown;
SELECT * FROM pg_temp.entries();
SELECT cancel_token AS second FROM opencalendly.book_slot(:'talk', '2100-06-17 10:00+00', 'Yan', 'wb-yan@example.org') \gset
SELECT status FROM opencalendly.cancel_booking(:'first') UNION ALL SELECT status FROM opencalendly.cancel_booking(:'second');
SELECT operation, event FROM pg_temp.queue();

--
-- Several hosts: who is passed over by a move loses it, in the same transaction
--
SELECT pg_temp.forget();
SELECT pg_temp.connect('wb-bob') AS bobs \gset
SELECT booking_id AS both_id FROM opencalendly.book_slot(:'both', '2100-06-18 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT calendar, operation FROM pg_temp.queue() ORDER BY 1;
SELECT * FROM pg_temp.mails();
SELECT host_ids[1] = :'ada' AS is_adas, reschedule_token FROM opencalendly.book_slot(:'turn', '2100-06-19 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT CASE WHEN :'is_adas' THEN 'wb-ada/2' ELSE 'wb-bob/2' END AS one, CASE WHEN :'is_adas' THEN 'wb-bob/2' ELSE 'wb-ada/2' END AS other,
    CASE WHEN :'is_adas' THEN :'ada' ELSE :'bob' END AS one_id \gset
SELECT pg_temp.forget();
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (:'one_id', '2100-06-19 10:00+00', '2100-06-19 11:00+00');
UPDATE opencalendly.bookings SET meeting_url = 'https://meet.example/one' WHERE starts_at = '2100-06-19 09:00+00';
SELECT booking_id AS turn_id FROM opencalendly.reschedule_booking(:'reschedule_token', '2100-06-19 10:00+00') \gset
SELECT operation FROM pg_temp.queue() WHERE calendar = :'one';
SELECT operation FROM pg_temp.queue() WHERE calendar = :'other';
SELECT meeting_url FROM opencalendly.bookings WHERE id = :'turn_id';
-- mails of those who lose it do not wait, those of the others do
SELECT kind, at FROM pg_temp.mails() ORDER BY 1, 2;

--
-- Links
--
SELECT pg_temp.forget();
SELECT booking_id, cancel_token, reschedule_token FROM opencalendly.book_slot(:'meet', '2100-06-20 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT kind, reader, at FROM pg_temp.mails();
SELECT pg_temp.keep_link('wb-ada/2', 'https://meet.google.example/abc');
SELECT kind, reader, at FROM pg_temp.mails();
SELECT (opencalendly.api_action(:'cancel_token')).body::jsonb #>> '{eventType,locationValue}' AS place,
    opencalendly.bookings_json(ARRAY[:'booking_id']::uuid[]) #>> '{0,eventType,locationValue}' AS hosts,
    (opencalendly.api_action_invite(:'cancel_token')).body ~ 'LOCATION:https://meet.google.example/abc' AS is_in_calendar;
SELECT booking_id, cancel_token FROM opencalendly.reschedule_booking(:'reschedule_token', '2100-06-20 10:00+00') \gset
SELECT meeting_url FROM opencalendly.bookings WHERE id = :'booking_id';
SELECT kind, at FROM pg_temp.mails() WHERE kind = 'booking_rescheduled';
SELECT status FROM opencalendly.cancel_booking(:'cancel_token');
SELECT (opencalendly.api_action(:'cancel_token')).body::jsonb #>> '{eventType,locationValue}' AS place;
-- none can be had: mails go without
SELECT pg_temp.forget();
SELECT booking_id, cancel_token FROM opencalendly.book_slot(:'meet', '2100-06-21 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT pg_temp.keep_link('wb-ada/2', NULL);
SELECT kind, reader, at FROM pg_temp.mails();
SELECT meeting_url FROM opencalendly.bookings WHERE id = :'booking_id';
-- an attempt that is another's by now tells nothing
SELECT opencalendly.keep_meeting_link(w.id, w.attempt - 1, 'https://meet.google.example/late'), opencalendly.keep_meeting_link('01900000-0000-7000-8000-000000000000', 1, 'https://meet.google.example/late')
    FROM opencalendly.calendar_writebacks AS w;
SELECT meeting_url FROM opencalendly.bookings WHERE id = :'booking_id';
-- a group meets at one place; who leaves it for another time meets elsewhere
SELECT pg_temp.forget();
SELECT booking_id AS first FROM opencalendly.book_slot(:'circle', '2100-06-22 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT pg_temp.keep_link('wb-ada/2', 'https://meet.google.example/circle');
UPDATE opencalendly.calendar_writebacks SET status = 'succeeded', leased_until = NULL, settled_at = now();
SELECT booking_id AS second, reschedule_token FROM opencalendly.book_slot(:'circle', '2100-06-22 09:00+00', 'Yan', 'wb-yan@example.org') \gset
SELECT kind, reader, at FROM pg_temp.mails();
SELECT booking_id AS third FROM opencalendly.reschedule_booking(:'reschedule_token', '2100-06-22 10:00+00') \gset
SELECT meeting_url FROM opencalendly.bookings WHERE id IN (:'first', :'second', :'third') ORDER BY id;
-- the other hosts' events are written again once there is a link
DELETE FROM opencalendly.calendar_writebacks;
UPDATE opencalendly.bookings SET status = 'canceled', canceled_at = now() WHERE starts_at = '2100-06-18 09:00+00';
SELECT booking_id AS both_id FROM opencalendly.book_slot(:'both', '2100-06-23 09:00+00', 'Zoe', 'wb-zoe@example.org') \gset
SELECT CASE WHEN organizer_id = :'ada' THEN 'wb-ada/2' ELSE 'wb-bob/2' END AS organizers FROM opencalendly.bookings WHERE id = :'both_id' \gset
SELECT pg_temp.keep_link(:'organizers', 'https://meet.google.example/both');
SELECT operation, status FROM pg_temp.queue() WHERE calendar <> :'organizers';
SELECT operation, status FROM pg_temp.queue() WHERE calendar = :'organizers';

--
-- The API
--
SELECT session_token AS session FROM opencalendly.create_session(:'ada') \gset
SELECT session_token AS zoes FROM opencalendly.create_session(opencalendly.create_user('wb-zoe', 'wb-zoe@example.com')) \gset
SELECT pg_temp.forget();
SELECT (opencalendly.api_create_booking('wb-1234567890123456', jsonb_build_object('username', 'wb-ada', 'eventSlug', 'meet', 'startsAt', '2100-06-24T09:00:00Z', 'timezone', 'UTC', 'inviteeName', 'Zoe', 'inviteeEmail', 'wb-zoe@example.org')::text)).body::jsonb AS booked \gset
SELECT :'booked'::jsonb -> 'calendarWriteback' AS queued, :'booked'::jsonb #>> '{booking,id}' AS booking_id \gset
SELECT :'queued' AS queued;
SELECT (opencalendly.api_cancel_booking(:'session', :'booking_id', '{}')).body::jsonb -> 'calendarWriteback' AS queued;
SELECT (opencalendly.api_writeback_status(:'session')).body::jsonb - 'ok' AS status, (opencalendly.api_writeback_status(:'zoes')).body::jsonb - 'ok' AS of_another;
UPDATE opencalendly.calendar_writebacks SET status = CASE operation WHEN 'cancel' THEN 'failed' ELSE 'pending' END, attempt = 3, last_error = CASE operation WHEN 'cancel' THEN 'answered 403 (forbidden)' ELSE 'the meeting link is being made' END,
    settled_at = CASE operation WHEN 'cancel' THEN now() END;
SELECT (opencalendly.api_writeback_status(:'session')).body::jsonb -> 'summary' AS summary, f - 'id' - 'bookingId' AS failure, f ->> 'bookingId' = :'booking_id' AS is_of_it
    FROM jsonb_array_elements((opencalendly.api_writeback_status(:'session')).body::jsonb -> 'failures') AS f;
SELECT opencalendly.processed_writebacks(array_agg(w.id), array_agg(2)) FROM opencalendly.calendar_writebacks AS w;
SELECT count(opencalendly.replay_writeback(w.id)) FROM opencalendly.calendar_writebacks AS w;
SELECT operation, status, attempt, max_attempts, settled_at FROM opencalendly.calendar_writebacks ORDER BY id;
SELECT (opencalendly.api_create_event_type(:'session', '{"name": "N", "slug": "wb-n", "durationMinutes": 30, "locationType": "video", "conference": "google_meet"}')).body::jsonb #>> '{eventType,conference}' AS conference;
SELECT (opencalendly.api_update_event_type(:'session', :'meet', '{"conference": null}')).body::jsonb #>> '{eventType,conference}' AS conference;
SELECT (opencalendly.api_update_event_type(:'session', :'meet', '{"conference": "google_meet"}')).body::jsonb #>> '{eventType,conference}' AS conference;

--
-- Pruned: the names of what is over for longer than the month that is kept, moved or shared, however long ago they were made
--
SET opencalendly.clock = '2020-06-01 06:00+00';
SELECT booking_id AS past, reschedule_token AS token FROM opencalendly.book_slot(:'meet', '2020-06-02 10:00+00', 'Zoe', 'zoe@example.org') \gset
SELECT status FROM opencalendly.reschedule_booking(:'token', '2020-06-03 10:00+00');
SELECT count(*) FROM generate_series(1, 2) AS n, opencalendly.book_slot(:'class', '2020-06-04 10:00+00', 'Zoe', format('zoe%s@example.org', n));
SELECT reschedule_token AS token FROM opencalendly.book_slot(:'meet', '2020-06-05 10:00+00', 'Yan', 'yan@example.org') \gset
SET opencalendly.clock = '2020-06-05 09:59+00';
SELECT status FROM opencalendly.reschedule_booking(:'token', '2100-06-27 10:00+00');
SET opencalendly.clock = '2100-06-01 06:00+00';
SELECT calendar, named_by FROM pg_temp.entries();
CALL opencalendly.prune_outbox();
SELECT count(*) FROM opencalendly.calendar_entries;
UPDATE opencalendly.calendar_entries AS e SET id = opencalendly.first_id_of(clock_timestamp() - n * interval '1 day')
    FROM (SELECT o.id, 30 + row_number() OVER (ORDER BY o.id) AS n FROM opencalendly.calendar_entries AS o) AS o WHERE o.id = e.id;
CALL opencalendly.prune_outbox();
SELECT calendar, named_by FROM pg_temp.entries();
DELETE FROM opencalendly.calendar_writebacks AS w USING opencalendly.bookings AS b WHERE b.id = w.booking_id AND b.invitee_email !~ '^wb-';

--
-- Those who are gone
--
SELECT opencalendly.organizer_cancel_booking(b.id, NULL) IS NOT NULL AS canceled FROM opencalendly.bookings AS b WHERE b.host_ids @> ARRAY[:'bob'::uuid] AND b.status = 'confirmed';
SELECT opencalendly.delete_user(:'bob') = :'bob' AS deleted;
SELECT count(*) FROM opencalendly.calendar_connections WHERE user_id = :'bob';

--
-- Invalid input
--
SELECT pg_temp.try(format('SELECT opencalendly.create_event_type(%L, ''x'', ''wb-x'', 30, location_type => %L, conference => %L)', :'ada', l, c)), l, c
    FROM (VALUES ('phone', 'google_meet'), ('video', 'zoom'), ('video', ''), ('in_person', 'google_meet')) AS v(l, c);
SELECT pg_temp.try(format('SELECT opencalendly.update_event_type(%L, %L)', :'meet', c)), c FROM unnest(ARRAY['{"conference": "zoom"}', '{"conference": ""}', '{"conference": 1}', '{"conference": true}', '{"location_type": "phone"}']) AS c;
SELECT pg_temp.try(format('SELECT opencalendly.api_update_event_type(%L, %L, %L)', :'session', :'meet', c)), c FROM unnest(ARRAY['{"conference": "zoom"}', '{"conference": ""}', '{"conference": 1}', '{"conference": ["google_meet"]}', '{"locationType": "phone"}']) AS c;
SELECT pg_temp.try(format('SELECT opencalendly.replay_writeback(%L)', id)) FROM unnest(ARRAY[NULL, '01900000-0000-7000-8000-000000000000']) AS id;
UPDATE opencalendly.calendar_writebacks SET status = 'succeeded', settled_at = now() WHERE operation = 'create';
UPDATE opencalendly.calendar_writebacks SET status = 'leased', leased_until = now() WHERE operation = 'cancel';
SELECT DISTINCT regexp_replace(pg_temp.try(format('SELECT opencalendly.replay_writeback(%L)', id)), '[0-9a-f-]{36}', 'ID') FROM opencalendly.calendar_writebacks ORDER BY 1;
SELECT pg_temp.try(format('SELECT opencalendly.api_writeback_status(%L)', s)), pg_temp.try(format('SELECT opencalendly.api_run_writeback(%L, '''', '''')', s)) FROM unnest(ARRAY[NULL, '', 'x']) AS s;
SELECT pg_temp.try(format('SELECT opencalendly.api_run_writeback(%L, %L, %L)', :'session', l, b)), l, b FROM (VALUES ('0', ''), ('101', ''), ('x', ''), ('', '{"limit": 0}'), ('', '{"limit": "1"}'), ('', '{"more": 1}'), ('', '[]')) AS v(l, b);
-- the tables themselves
CREATE FUNCTION pg_temp.put(what text, changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(pg_temp.try(format('INSERT INTO opencalendly.calendar_%s SELECT r.* FROM jsonb_populate_record(NULL::opencalendly.calendar_%1$s, %L) AS r', what,
        (SELECT jsonb_build_object('id', '01900000-0000-7000-8000-000000000000', 'user_id', c.user_id, 'calendar_id', c.id, 'meeting_id', c.id, 'external_id', 'ocean')
            FROM opencalendly.calendars AS c ORDER BY c.external_id LIMIT 1) || changes)), ' \| .*', '')
$$;
SELECT pg_temp.put('entries', c), c FROM unnest(ARRAY['{"external_id": "oc"}', '{"external_id": "OCEAN"}', '{"external_id": "ocean-1"}', '{"external_id": "wxyz1"}', '{"meeting_id": null}', '{"user_id": "01900000-0000-7000-8000-000000000000"}',
    '{"calendar_id": "01900000-0000-7000-8000-000000000000"}']::jsonb[]) AS c;
SELECT pg_temp.put('entries', jsonb_build_object('external_id', repeat('a', n))), n FROM unnest(ARRAY[4, 1025]) AS n;
SELECT regexp_replace(pg_temp.try(format('UPDATE opencalendly.calendar_writebacks SET %s', s)), ' \| .*', ''), s FROM unnest(ARRAY['operation = ''delete''', 'status = ''sent'', leased_until = NULL, settled_at = NULL', 'attempt = -1', 'max_attempts = 0', 'booking_id = id', 'calendar_id = id']) AS s;
SELECT regexp_replace(pg_temp.try(format('UPDATE opencalendly.bookings SET meeting_url = %L WHERE id = %L', u, :'both_id')), ' \| .*', ''), left(u, 40) FROM unnest(ARRAY['http://meet.example/', 'https://', 'https://a b', 'javascript:alert(1)', 'https://' || repeat('x', 500), '']) AS u;

-- for others
DELETE FROM opencalendly.calendar_connections;
DELETE FROM opencalendly.email_deliveries;
