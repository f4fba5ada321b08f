-- Deleting event types: what goes, what stays for the bookings that name it, when it is refused; and that the slug can be
-- used again.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup

SELECT opencalendly.create_user('de-ada', 'de-ada@example.com') AS ada \gset
SELECT opencalendly.create_user('de-bob', 'de-bob@example.com') AS bob \gset
SELECT count(opencalendly.set_availability_rules(u.id, (SELECT jsonb_agg(jsonb_build_object(
        'dayOfWeek', day, 'startMinute', 540, 'endMinute', 1020)) FROM generate_series(0, 6) AS day)))
    FROM opencalendly.users AS u WHERE u.id IN (:'ada', :'bob');
SELECT opencalendly.create_team(:'ada', 'Team', 'de-team') AS team \gset
SELECT opencalendly.invite_team_member(:'team', :'bob') IS NOT NULL AS asked, opencalendly.accept_team_invitation(:'team', :'bob') = :'bob' AS came;
CREATE VIEW pg_temp.event_types_now AS
    SELECT e.name, regexp_replace(e.slug, '^deleted-[0-9a-f]{32}$', 'deleted-<id>') AS slug,
        e.is_active, e.is_hidden, e.schedule_id IS NULL AS no_schedule, e.deleted_at IS NOT NULL AS deleted,
        EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id = e.id) AS of_team,
        (SELECT count(*) FROM opencalendly.occurrences AS o WHERE o.event_type_id = e.id) AS meetings,
        (SELECT count(*) FROM opencalendly.holds AS h WHERE h.event_type_id = e.id) AS holds,
        (SELECT string_agg(b.status, ' ' ORDER BY b.starts_at, b.status) FROM opencalendly.bookings AS b WHERE b.event_type_id = e.id) AS bookings
    FROM opencalendly.event_types AS e JOIN opencalendly.users AS u ON u.id = e.user_id
    WHERE u.username LIKE 'de-%' ORDER BY e.created_at, e.id;
CREATE VIEW pg_temp.claims_now AS
    SELECT u.username, c.during, c.expires_at FROM opencalendly.claims AS c JOIN opencalendly.users AS u ON u.id = c.host_id
    WHERE u.username LIKE 'de-%' ORDER BY 1, 2;

-- the policy is set, changed, cleared
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30, cancellation_policy => 'A day before, please.') AS intro \gset
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin', cancellation_policy => 'Not at all.') AS turn \gset
SELECT slug, cancellation_policy FROM opencalendly.event_types WHERE user_id = :'ada' ORDER BY slug;
SELECT opencalendly.update_event_type(:'intro', '{"cancellation_policy": "Any time."}') = :'intro' AS updated;
SELECT cancellation_policy FROM opencalendly.event_types WHERE id = :'intro';
SELECT opencalendly.update_event_type(:'intro', '{"cancellation_policy": null}') = :'intro' AS updated;
SELECT cancellation_policy FROM opencalendly.event_types WHERE id = :'intro';

-- never booked: it goes, with its holds
SELECT count(hold_token) FROM opencalendly.hold_slot(:'intro', '2026-06-02 10:00+00');
SELECT count(hold_token) FROM opencalendly.hold_slot(:'turn', '2026-06-02 10:00+00');
SELECT * FROM pg_temp.event_types_now;
SELECT opencalendly.delete_event_type(:'intro') = :'intro' AS deleted;
SELECT opencalendly.delete_event_type(:'turn') = :'turn' AS deleted;
SELECT * FROM pg_temp.event_types_now;
SELECT * FROM pg_temp.claims_now;

-- ever booked: the row stays, under another slug and without its schedule; the old one is free at once
SELECT opencalendly.create_schedule(:'ada', 'Late', 'UTC', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]') AS late \gset
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30, schedule_id => :'late') AS intro \gset
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin') AS turn \gset
SELECT booking_id AS canceled FROM opencalendly.book_slot(:'intro', '2026-06-02 09:00+00', 'Ann', 'ann@example.com') \gset
SELECT booking_id AS moved FROM opencalendly.book_slot(:'intro', '2026-06-02 10:00+00', 'Ann', 'ann@example.com') \gset
SELECT booking_id AS turned, cancel_token FROM opencalendly.book_slot(:'turn', '2026-06-02 12:00+00', 'Ann', 'ann@example.com') \gset
SELECT status FROM opencalendly.organizer_cancel_booking(:'canceled');
SELECT booking_id AS successor FROM opencalendly.organizer_reschedule_booking(:'moved', '2026-06-02 11:00+00') \gset
SELECT count(*) AS ledger FROM opencalendly.team_ledger WHERE event_type_id = :'turn';
SELECT pg_temp.try(format('SELECT opencalendly.delete_event_type(%L)', :'intro')), pg_temp.try(format('SELECT opencalendly.delete_event_type(%L)', :'turn'));
SELECT opencalendly.update_event_type(:'intro', '{"is_active": false}') = :'intro' AS inactive;
SET opencalendly.clock = '2026-06-02 11:29:59+00'; -- the last one has not ended
SELECT pg_temp.try(format('SELECT opencalendly.delete_event_type(%L)', :'intro'));
SET opencalendly.clock = '2026-06-02 11:30+00'; -- and has
SELECT opencalendly.delete_event_type(:'intro') = :'intro' AS deleted;
SELECT status FROM opencalendly.organizer_cancel_booking(:'turned');
SELECT opencalendly.delete_event_type(:'turn') = :'turn' AS deleted;
SELECT * FROM pg_temp.event_types_now;
SELECT * FROM pg_temp.claims_now; -- the time that was spent stays spent
SELECT count(*) AS ledger FROM opencalendly.team_ledger WHERE event_type_id = :'turn';
SELECT opencalendly.delete_schedule(:'late') = :'late' AS schedule_deleted;
SELECT opencalendly.create_event_type(:'ada', 'Intro again', 'intro', 30) IS NOT NULL AS again, opencalendly.create_event_type(:'ada', 'Turn again', 'turn', 30) IS NOT NULL AS too;
-- its links still tell of the booking
SELECT status, event_name, can_cancel FROM opencalendly.booking_action(:'cancel_token');
SET opencalendly.clock = '2026-06-01 06:00+00';

-- the team can go afterwards, and so can the user, who stays for the bookings
SELECT opencalendly.delete_team(:'team') = :'team' AS team_deleted;
SET opencalendly.clock = '2026-06-02 12:00+00';
INSERT INTO opencalendly.login_links (email, link_key_id, expires_at)
    SELECT e, 1, clock_timestamp() + interval '10 minutes' FROM unnest(ARRAY['de-ada@example.com', 'de-bob@example.com']) AS e;
INSERT INTO opencalendly.sessions (user_id, token_hash, expires_at)
    VALUES (:'ada', sha256('de-session-of-ada-with-32-characters'), clock_timestamp() + interval '1 day');
SELECT opencalendly.delete_user(:'ada') = :'ada' AS user_deleted;
SELECT (SELECT count(*) FROM opencalendly.sessions WHERE user_id = :'ada') AS sessions, (SELECT string_agg(email, ' ') FROM opencalendly.login_links WHERE email LIKE 'de-%') AS links;
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT name, slug ~ '^deleted-' AS slug_is_free, is_active FROM opencalendly.event_types WHERE user_id = :'ada' ORDER BY created_at, id;

--
-- Invalid input
--
SELECT pg_temp.try(c) FROM unnest(ARRAY[
    'SELECT opencalendly.delete_event_type(NULL)',
    'SELECT opencalendly.delete_event_type(''00000000-0000-0000-0000-000000000000'')',
    format('SELECT opencalendly.delete_event_type(%L)', :'intro'), -- deleted already
    format('SELECT opencalendly.delete_event_type(%L)', :'turn'),
    format('SELECT opencalendly.update_event_type(%L, ''{"is_active": true}'')', :'intro'),
    format('SELECT opencalendly.update_event_type(%L, ''{"slug": "intro"}'')', :'intro'),
    format('SELECT opencalendly.book_slot(%L, ''2026-06-03 10:00+00'', ''Ann'', ''ann@example.com'')', :'intro'),
    format('SELECT opencalendly.hold_slot(%L, ''2026-06-03 10:00+00'')', :'turn'),
    format('SELECT opencalendly.compute_slots(%L, ''2026-06-03'', ''2026-06-04'')', :'turn'),
    format('SELECT opencalendly.organizer_reschedule_booking(%L, ''2026-06-03 10:00+00'')', :'turned'),
    format('SELECT opencalendly.set_team_event_type_members(%L, ''[]'', true)', :'turn'),
    format('SELECT opencalendly.create_event_type(%L, ''x'', ''xx'', 30, cancellation_policy => repeat(''x'', 2001))', :'bob')]) AS c;
SELECT left(pg_temp.try(format('UPDATE opencalendly.event_types SET is_active = true WHERE id = %L', :'intro')), 5);
-- a snapshot that may be old decides nothing
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT opencalendly.delete_event_type(%L)', :'intro'));
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.try(format('SELECT opencalendly.delete_event_type(%L)', :'intro'));
ROLLBACK;
SELECT opencalendly.create_event_type(:'bob', 'Call', 'call', 30) AS call \gset
-- 2000 characters are fine
SELECT opencalendly.update_event_type(:'call', jsonb_build_object('cancellation_policy', repeat('x', 2000))) = :'call' AS updated;
-- other tests look at whole tables
SET client_min_messages = warning;
TRUNCATE opencalendly.users, opencalendly.login_links CASCADE;
