-- Creating, changing and deleting teams, their members and event types, and deleting users: what is made, and how each
-- bad value and each wrong moment is refused. Booking with teams is tested elsewhere; bookings here are put in by hand.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup

-- @name in a call stands for the id kept under that name.
CREATE TEMP TABLE ids (name text PRIMARY KEY, id uuid);
CREATE FUNCTION pg_temp.id(wanted text) RETURNS uuid LANGUAGE sql STABLE AS 'SELECT id FROM ids WHERE name = wanted';
CREATE FUNCTION pg_temp.call(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    item ids;
BEGIN
    FOR item IN SELECT * FROM ids LOOP
        statement := regexp_replace(statement, '@' || item.name || '\M', item.id::text, 'g');
    END LOOP;
    RETURN pg_temp.try('SELECT opencalendly.' || statement);
END
$$;
-- A booking of an event type, its meeting, and a claim for each host; of a team's event type with what belongs to it.
CREATE FUNCTION pg_temp.book(event_name text, host_names text[], starts_at timestamptz, status text DEFAULT 'confirmed')
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    event_type uuid := pg_temp.id(event_name);
    hosts uuid[] := ARRAY(SELECT pg_temp.id(h) FROM unnest(host_names) WITH ORDINALITY AS n(h, i) ORDER BY i);
    is_team boolean := EXISTS (SELECT FROM opencalendly.team_event_types WHERE event_type_id = event_type);
    meeting uuid := opencalendly.uuid_generate_v7();
    booking uuid := opencalendly.uuid_generate_v7();
BEGIN
    INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)
        VALUES (meeting, event_type, book.starts_at, book.starts_at + interval '30 min', 1);
    INSERT INTO opencalendly.bookings (id, event_type_id, organizer_id, host_ids, occurrence_id, seats, seat_no, starts_at,
            ends_at, status, invitee_name, invitee_email, link_key_id, created_at, canceled_at, canceled_by)
        VALUES (booking, event_type, hosts[1], CASE WHEN is_team THEN hosts END, meeting, 1, 1, book.starts_at,
            book.starts_at + interval '30 min', book.status, 'Ann', 'ann@example.com', 1, '2026-05-01',
            CASE WHEN book.status = 'canceled' THEN timestamptz '2026-05-02' END,
            CASE WHEN book.status = 'canceled' THEN 'host' END);
    IF book.status = 'confirmed' THEN
        INSERT INTO opencalendly.claims (host_id, during, occurrence_id)
            SELECT h, tstzrange(book.starts_at, book.starts_at + interval '30 min'), meeting FROM unnest(hosts) AS h;
        INSERT INTO opencalendly.team_booking_assignments (booking_id, user_id)
            SELECT booking, h FROM unnest(hosts) AS h WHERE is_team;
    END IF;
END
$$;
-- A hold with its meeting and claims.
CREATE FUNCTION pg_temp.hold(event_name text, host_names text[], starts_at timestamptz, expires_at timestamptz)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    event_type uuid := pg_temp.id(event_name);
    meeting uuid := opencalendly.uuid_generate_v7();
BEGIN
    INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)
        VALUES (meeting, event_type, hold.starts_at, hold.starts_at + interval '30 min', 1);
    INSERT INTO opencalendly.claims (host_id, during, occurrence_id, expires_at)
        SELECT pg_temp.id(h), tstzrange(hold.starts_at, hold.starts_at + interval '30 min'), meeting, hold.expires_at
        FROM unnest(host_names) AS h;
    INSERT INTO opencalendly.holds (token_hash, event_type_id, occurrence_id, seats, seat_no, created_at, expires_at)
        VALUES (sha256(uuid_send(meeting)), event_type, meeting, 1, 1, hold.expires_at - interval '5 min', hold.expires_at);
END
$$;
-- What a team's event types look like, and who takes part.
CREATE FUNCTION pg_temp.event_types(team_name text) RETURNS TABLE (slug text, owner text, mode text, assignment text,
    all_members boolean, cursor integer, is_active boolean, is_hidden boolean, schedule text)
    LANGUAGE sql AS $$
    SELECT e.slug, u.username, t.mode, t.assignment, t.all_members, t.round_robin_cursor, e.is_active, e.is_hidden, s.name
    FROM opencalendly.team_event_types AS t JOIN opencalendly.event_types AS e ON e.id = t.event_type_id
        JOIN opencalendly.users AS u ON u.id = e.user_id LEFT JOIN opencalendly.schedules AS s ON s.id = e.schedule_id
    WHERE t.team_id = pg_temp.id(team_name) ORDER BY e.slug
$$;
CREATE FUNCTION pg_temp.members(team_name text) RETURNS TABLE (username text, role text, status text, "position" integer,
    weight integer, priority integer) LANGUAGE sql AS $$
    SELECT u.username, m.role, m.status, m.position, m.weight, m.priority
    FROM opencalendly.team_members AS m JOIN opencalendly.users AS u ON u.id = m.user_id
    WHERE m.team_id = pg_temp.id(team_name) ORDER BY m.position
$$;
CREATE FUNCTION pg_temp.parts(event_name text) RETURNS TABLE (username text, is_required boolean, schedule text,
    weight integer, priority integer) LANGUAGE sql AS $$
    SELECT u.username, p.is_required, s.name, p.weight, p.priority
    FROM opencalendly.team_event_type_members AS p JOIN opencalendly.users AS u ON u.id = p.user_id
        LEFT JOIN opencalendly.schedules AS s ON s.id = p.schedule_id
    WHERE p.event_type_id = pg_temp.id(event_name) ORDER BY u.username
$$;

INSERT INTO ids SELECT n, opencalendly.create_user('tm-' || n, 'tm-' || n || '@example.org')
    FROM unnest(ARRAY['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus']) AS n;

-- a team has its owner in it; others are asked and accept
INSERT INTO ids SELECT 'team', opencalendly.create_team(pg_temp.id('ada'), 'Sales', 'tm-sales');
SELECT name, slug, owner_id = pg_temp.id('ada') AS is_ada, last_position FROM opencalendly.teams WHERE id = pg_temp.id('team');
INSERT INTO ids SELECT n || '-asked', opencalendly.invite_team_member(pg_temp.id('team'), pg_temp.id(n), r)
    FROM (VALUES ('bob', 'member'), ('cyd', 'owner'), ('dan', 'member'), ('eve', 'member'), ('fay', 'member')) AS v(n, r);
SELECT count(*) AS invited FROM ids AS i JOIN opencalendly.team_members AS m USING (id) WHERE pg_temp.id(split_part(i.name, '-', 1)) = m.user_id;
SELECT opencalendly.accept_team_invitation(pg_temp.id('team'), pg_temp.id(n)) = pg_temp.id(n) AS accepted
    FROM unnest(ARRAY['bob', 'cyd', 'dan']) AS n;
SELECT opencalendly.decline_team_invitation(pg_temp.id('team'), pg_temp.id('fay')) = pg_temp.id('fay') AS declined;
SELECT opencalendly.update_team_member(pg_temp.id('team'), pg_temp.id('bob'), '{"weight": 300, "priority": 4, "role": "owner"}')
    = pg_temp.id('bob') AS updated;
SELECT opencalendly.update_team_member(pg_temp.id('team'), pg_temp.id('ada'), '{"role": "owner", "weight": 1}')
    = pg_temp.id('ada') AS updated;
-- a position is never given again, not even the last one
SELECT opencalendly.invite_team_member(pg_temp.id('team'), pg_temp.id('fay')) IS NOT NULL AS invited;
SELECT * FROM pg_temp.members('team');
SELECT opencalendly.update_team(pg_temp.id('team'), '{"name": "Sales and support"}') = pg_temp.id('team') AS updated;
SELECT name, slug, last_position FROM opencalendly.teams WHERE id = pg_temp.id('team');

-- event types: all members, a pool, a pool and a fixed host, a collective of some
INSERT INTO ids SELECT 'all', opencalendly.create_team_event_type(pg_temp.id('team'), 'All', 'tm-all', 30, 'round_robin');
INSERT INTO ids SELECT 'pool', opencalendly.create_team_event_type(pg_temp.id('team'), 'Pool', 'tm-pool', 45, 'round_robin',
    ARRAY[pg_temp.id('bob'), pg_temp.id('cyd')], ARRAY[pg_temp.id('dan')], 'weighted',
    location_type => 'phone', location_value => '+1 555 0100', questions => '[{"id": "q", "label": "Q"}]',
    description => 'with all settings', slot_interval_minutes => 20, buffer_before_minutes => 1, buffer_after_minutes => 2,
    min_notice_minutes => 3, max_days_ahead => 4, bookable_from => '2026-06-05', bookable_until => '2026-06-06',
    daily_booking_limit => 7, weekly_booking_limit => 8, monthly_booking_limit => 9, seats => 10, is_hidden => true);
INSERT INTO ids SELECT 'fixed', opencalendly.create_team_event_type(pg_temp.id('team'), 'Fixed', 'tm-fixed', 30, 'round_robin',
    fixed_member_ids => ARRAY[pg_temp.id('ada')], assignment => 'least_recent', is_active => false);
INSERT INTO ids SELECT 'both', opencalendly.create_team_event_type(pg_temp.id('team'), 'Both', 'tm-both', 30, 'collective',
    ARRAY[pg_temp.id('ada'), pg_temp.id('bob')]);
SELECT * FROM pg_temp.event_types('team');
SELECT n, p.* FROM unnest(ARRAY['all', 'pool', 'fixed', 'both']) WITH ORDINALITY AS e(n, i), pg_temp.parts(n) AS p ORDER BY i, username;
SELECT name, duration_minutes, location_type, location_value, questions, description, slot_interval_minutes,
    buffer_before_minutes, buffer_after_minutes, min_notice_minutes, max_days_ahead, bookable_from, bookable_until,
    daily_booking_limit, weekly_booking_limit, monthly_booking_limit, seats
    FROM opencalendly.event_types WHERE id = pg_temp.id('pool');

-- who takes part is replaced as a whole
INSERT INTO ids SELECT 'evening', opencalendly.create_schedule(pg_temp.id('bob'), 'Evening', 'Europe/Berlin');
INSERT INTO ids SELECT 'adas', opencalendly.create_schedule(pg_temp.id('ada'), 'Ada''s', 'UTC');
SELECT opencalendly.set_team_event_type_members(pg_temp.id('pool'), jsonb_build_array(
    jsonb_build_object('userId', pg_temp.id('ada'), 'isRequired', true),
    jsonb_build_object('userId', pg_temp.id('bob'), 'weight', 7, 'priority', 0, 'scheduleId', pg_temp.id('evening')),
    jsonb_build_object('userId', pg_temp.id('cyd'), 'isRequired', null, 'weight', null)));
SELECT * FROM pg_temp.parts('pool');
SELECT opencalendly.set_team_event_type_members(pg_temp.id('both'), jsonb_build_array(
    jsonb_build_object('userId', pg_temp.id('bob')), jsonb_build_object('userId', pg_temp.id('cyd'), 'isRequired', false)), true);
SELECT * FROM pg_temp.parts('both');
SELECT opencalendly.set_team_event_type_members(pg_temp.id('fixed'), '[]', true);
SELECT opencalendly.update_team_event_type(pg_temp.id('fixed'), '{"assignment": "cursor", "round_robin_cursor": 2}')
    = pg_temp.id('fixed') AS updated;
SELECT slug, assignment, all_members, cursor FROM pg_temp.event_types('team');
SELECT opencalendly.update_event_type(pg_temp.id('fixed'), '{"is_active": true, "schedule_id": null}') IS NOT NULL AS updated;

-- another owner: the event types are theirs now
UPDATE opencalendly.event_types SET schedule_id = pg_temp.id('adas') WHERE id = pg_temp.id('both'); -- by hand; it counts for nothing
SELECT opencalendly.update_team(pg_temp.id('team'), jsonb_build_object('owner_id', pg_temp.id('bob'), 'slug', 'tm-sales-2'))
    = pg_temp.id('team') AS updated;
SELECT slug, owner, schedule FROM pg_temp.event_types('team');
SELECT t.slug, u.username FROM opencalendly.teams AS t JOIN opencalendly.users AS u ON u.id = t.owner_id WHERE t.id = pg_temp.id('team');

-- who leaves keeps their bookings and loses their parts; whoever is sent away, too
SELECT pg_temp.book('pool', '{ada,cyd}', '2026-06-03 09:00+00');
SELECT opencalendly.leave_team(pg_temp.id('team'), pg_temp.id('ada')) = pg_temp.id('ada') AS "left";
SELECT opencalendly.remove_team_member(pg_temp.id('team'), pg_temp.id('cyd')) = pg_temp.id('cyd') AS removed;
SELECT opencalendly.remove_team_member(pg_temp.id('team'), pg_temp.id('eve')) = pg_temp.id('eve') AS uninvited;
SELECT * FROM pg_temp.members('team');
SELECT n, p.* FROM unnest(ARRAY['all', 'pool', 'fixed', 'both']) WITH ORDINALITY AS e(n, i), pg_temp.parts(n) AS p ORDER BY i, username;
SELECT b.status, u.username FROM opencalendly.bookings AS b JOIN opencalendly.team_booking_assignments AS a ON a.booking_id = b.id
    JOIN opencalendly.claims AS c ON c.occurrence_id = b.occurrence_id AND c.host_id = a.user_id
    JOIN opencalendly.users AS u ON u.id = a.user_id WHERE b.event_type_id = pg_temp.id('pool') ORDER BY 2;

-- a team with bookings to come stays; without, its event types go, but for those that were booked
SELECT pg_temp.call('delete_team(''@team'')');
SELECT pg_temp.hold('all', '{dan}', '2026-06-02 10:00+00', '2026-06-01 06:05+00'), -- live
    pg_temp.hold('all', '{dan,bob}', '2026-06-02 11:00+00', '2026-06-01 05:00+00'), -- has run out
    pg_temp.hold('pool', '{bob}', '2026-06-02 12:00+00', '2026-06-01 06:05+00'),
    pg_temp.book('pool', '{bob}', '2026-06-02 13:00+00', 'canceled');
BEGIN;
SET opencalendly.clock = '2026-06-03 09:30+00'; -- the last booking ends
SELECT opencalendly.delete_team(pg_temp.id('team')) = pg_temp.id('team') AS deleted;
ROLLBACK;
SET opencalendly.clock = '2026-06-03 09:29:59+00'; -- and has not ended
SELECT pg_temp.call('delete_team(''@team'')');
SET opencalendly.clock = '2026-06-03 09:30+00';
SELECT opencalendly.delete_team(pg_temp.id('team')) = pg_temp.id('team') AS deleted;
SELECT (SELECT count(*) FROM opencalendly.teams WHERE id = pg_temp.id('team')) AS teams,
    (SELECT count(*) FROM opencalendly.team_members WHERE team_id = pg_temp.id('team')) AS members,
    (SELECT count(*) FROM opencalendly.team_event_types WHERE team_id = pg_temp.id('team')) AS team_event_types,
    (SELECT count(*) FROM opencalendly.team_event_type_members WHERE team_id = pg_temp.id('team')) AS parts;
SELECT e.name, e.slug ~ '^deleted-' AS slug_is_free, u.username, e.is_active, e.is_hidden,
    e.deleted_at IS NOT NULL AS deleted FROM opencalendly.event_types AS e JOIN opencalendly.users AS u ON u.id = e.user_id
    WHERE e.id IN (SELECT id FROM ids) AND e.user_id = pg_temp.id('bob');
SELECT u.username, lower(c.during) AS start, c.expires_at FROM opencalendly.claims AS c JOIN opencalendly.users AS u ON u.id = c.host_id
    WHERE u.username LIKE 'tm-%' ORDER BY 1, 2;
SELECT count(*) AS holds FROM opencalendly.holds WHERE event_type_id IN (SELECT id FROM ids);
SELECT o.starts_at, b.status, b.host_ids IS NOT NULL AS of_team FROM opencalendly.occurrences AS o
    LEFT JOIN opencalendly.bookings AS b ON b.occurrence_id = o.id WHERE o.event_type_id IN (SELECT id FROM ids) ORDER BY 1;
SET opencalendly.clock = '2026-06-01 06:00+00';

-- a user whom nobody booked goes with all that is theirs
INSERT INTO ids SELECT 'gus-call', opencalendly.create_event_type(pg_temp.id('gus'), 'Call', 'gus-call', 30,
    schedule_id => opencalendly.create_schedule(pg_temp.id('gus'), 'Other', 'UTC'));
INSERT INTO ids SELECT 'team2', opencalendly.create_team(pg_temp.id('dan'), 'Two', 'tm-two');
SELECT count(opencalendly.invite_team_member(pg_temp.id('team2'), pg_temp.id(n))) FROM unnest(ARRAY['gus', 'eve', 'fay', 'bob']) AS n;
SELECT count(opencalendly.accept_team_invitation(pg_temp.id('team2'), pg_temp.id(n))) FROM unnest(ARRAY['gus', 'eve', 'bob']) AS n;
INSERT INTO ids SELECT 'two', opencalendly.create_team_event_type(pg_temp.id('team2'), 'Two', 'tm-two', 30, 'round_robin');
SELECT opencalendly.set_team_event_type_members(pg_temp.id('two'), jsonb_build_array(jsonb_build_object('userId', pg_temp.id('gus'),
    'scheduleId', (SELECT id FROM opencalendly.schedules WHERE user_id = pg_temp.id('gus') AND NOT is_default))), true);
SELECT opencalendly.update_user(pg_temp.id('gus'), '{"username": "tm-gustav"}') IS NOT NULL AS renamed,
    opencalendly.add_time_off(pg_temp.id('gus'), '2026-07-01', '2026-07-02') IS NOT NULL AS away;
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (pg_temp.id('gus'), '2026-07-03', '2026-07-04');
INSERT INTO opencalendly.claims (host_id, during) VALUES (pg_temp.id('gus'), '[2026-07-05 00:00+00, 2026-07-06 00:00+00)');
INSERT INTO opencalendly.team_credits (event_type_id, user_id, credits) VALUES (pg_temp.id('two'), pg_temp.id('gus'), 100);
SELECT pg_temp.hold('gus-call', '{gus}', '2026-06-02 10:00+00', '2026-06-01 06:05+00'),
    pg_temp.hold('two', '{gus,eve}', '2026-06-02 11:00+00', '2026-06-01 06:05+00'),
    pg_temp.hold('two', '{bob}', '2026-06-02 11:00+00', '2026-06-01 06:05+00');
SELECT opencalendly.delete_user(pg_temp.id('gus')) = pg_temp.id('gus') AS deleted;
SELECT (SELECT count(*) FROM opencalendly.users WHERE id = pg_temp.id('gus')) AS users,
    (SELECT count(*) FROM opencalendly.former_usernames WHERE username LIKE 'tm-gus%') AS names,
    (SELECT count(*) FROM opencalendly.event_types WHERE slug = 'gus-call') AS event_types,
    (SELECT count(*) FROM opencalendly.team_event_type_members WHERE event_type_id = pg_temp.id('two')) AS parts,
    (SELECT count(*) FROM opencalendly.team_credits WHERE event_type_id = pg_temp.id('two')) AS credits;
SELECT o.starts_at, u.username FROM opencalendly.occurrences AS o JOIN opencalendly.holds AS h ON h.occurrence_id = o.id
    JOIN opencalendly.claims AS c ON c.occurrence_id = o.id JOIN opencalendly.users AS u ON u.id = c.host_id
    WHERE o.event_type_id IN (SELECT id FROM ids) ORDER BY 1, 2;

-- one who is named by past bookings stays as a row, without the person
INSERT INTO ids SELECT 'eve-call', opencalendly.create_event_type(pg_temp.id('eve'), 'Call', 'eve-call', 30,
    schedule_id => opencalendly.create_schedule(pg_temp.id('eve'), 'Other', 'UTC'));
INSERT INTO ids SELECT 'eve-free', opencalendly.create_event_type(pg_temp.id('eve'), 'Never booked', 'eve-free', 30);
SELECT opencalendly.update_user(pg_temp.id('eve'), '{"username": "tm-eva", "display_name": "Eva"}') IS NOT NULL AS renamed,
    opencalendly.add_time_off(pg_temp.id('eve'), '2026-07-01', '2026-07-02') IS NOT NULL AS away;
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (pg_temp.id('eve'), '2026-07-03', '2026-07-04');
INSERT INTO opencalendly.claims (host_id, during) VALUES (pg_temp.id('eve'), '[2026-07-05 00:00+00, 2026-07-06 00:00+00)');
SELECT pg_temp.book('eve-call', '{eve}', '2026-06-01 09:00+00'), pg_temp.book('two', '{dan,eve}', '2026-06-01 10:00+00'),
    pg_temp.book('eve-call', '{eve}', '2026-06-05 09:00+00', 'canceled'), pg_temp.book('two', '{dan}', '2026-06-05 10:00+00');
SELECT pg_temp.call('delete_user(''@eve'')');
SET opencalendly.clock = '2026-06-01 10:29+00';
SELECT pg_temp.call('delete_user(''@eve'')');
SET opencalendly.clock = '2026-06-01 10:30+00';
SELECT pg_temp.hold('eve-call', '{eve}', '2026-06-02 10:00+00', '2026-06-01 10:35+00');
SELECT opencalendly.delete_user(pg_temp.id('eve')) = pg_temp.id('eve') AS deleted;
SELECT username = 'deleted-' || replace(id::text, '-', '') AS is_alias, email = username || '@deleted.invalid' AS is_mail, display_name
    FROM opencalendly.users WHERE id = pg_temp.id('eve');
SELECT username FROM opencalendly.former_usernames WHERE user_id = pg_temp.id('eve') ORDER BY 1;
SELECT name, slug ~ '^deleted-' AS slug_is_free, is_active, is_hidden, schedule_id
    FROM opencalendly.event_types WHERE user_id = pg_temp.id('eve');
SELECT (SELECT count(*) FROM opencalendly.schedules WHERE user_id = pg_temp.id('eve')) AS schedules,
    (SELECT count(*) FROM opencalendly.availability_overrides WHERE user_id = pg_temp.id('eve')) AS overrides,
    (SELECT count(*) FROM opencalendly.calendar_busy_windows WHERE user_id = pg_temp.id('eve')) AS busy,
    (SELECT count(*) FROM opencalendly.team_members WHERE user_id = pg_temp.id('eve')) AS memberships,
    (SELECT count(*) FROM opencalendly.team_booking_assignments WHERE user_id = pg_temp.id('eve')) AS assignments,
    (SELECT count(*) FROM opencalendly.holds WHERE event_type_id = pg_temp.id('eve-call')) AS holds;
SELECT lower(during) AS start FROM opencalendly.claims WHERE host_id = pg_temp.id('eve') ORDER BY 1;
SELECT opencalendly.create_user('tm-eva-2', 'tm-eve@example.org') IS NOT NULL AS address_is_free;
SELECT pg_temp.call('create_user(''tm-eva'', ''tm-eva@example.org'')');
-- again is no error; a name alone in host_ids, or in a ledger, keeps the row, too
SELECT opencalendly.delete_user(pg_temp.id('eve')) = pg_temp.id('eve') AS deleted;
SELECT count(*) FROM opencalendly.former_usernames WHERE user_id = pg_temp.id('eve');
SELECT pg_temp.book('two', '{dan,fay}', '2026-06-06 10:00+00', 'canceled');
SELECT opencalendly.delete_user(pg_temp.id('fay')) = pg_temp.id('fay') AS deleted;
INSERT INTO opencalendly.team_ledger (event_type_id, entry_no, kind, reason, pick_no, user_id, booking_id, occurrence_id, credits_before,
        credits_after, last_pick_before, cursor_before, cursor_after, candidate_ids, created_at)
    VALUES (pg_temp.id('two'), 1, 'pick', 'cursor', 1, pg_temp.id('cyd'), pg_temp.id('two'), pg_temp.id('two'), 0, 0, 0, 0, 3, '{}', '2026-05-01');
DELETE FROM opencalendly.claims WHERE host_id = pg_temp.id('cyd');
DELETE FROM opencalendly.bookings WHERE pg_temp.id('cyd') = ANY (host_ids);
SELECT opencalendly.delete_user(pg_temp.id('cyd')) = pg_temp.id('cyd') AS deleted;
SELECT i.name, u.username ~ '^deleted-[0-9a-f]{32}$' AS stays FROM ids AS i JOIN opencalendly.users AS u USING (id)
    WHERE i.name IN ('eve', 'fay', 'cyd') ORDER BY 1;
SET opencalendly.clock = '2026-06-01 06:00+00';

--
-- Invalid input
--
-- The team of these: ada its owner, bob a member, dan invited; cyd, eve and fay are gone, and hal is a stranger. @call is
-- ada's own event type.
INSERT INTO ids SELECT 'hal', opencalendly.create_user('tm-hal', 'tm-hal@example.org');
INSERT INTO ids SELECT 'call', opencalendly.create_event_type(pg_temp.id('ada'), 'Call', 'tm-call', 30);
INSERT INTO ids SELECT 'bobs-call', opencalendly.create_event_type(pg_temp.id('bob'), 'Call', 'tm-call', 30);
INSERT INTO ids SELECT 't', opencalendly.create_team(pg_temp.id('ada'), 'Three', 'tm-three');
INSERT INTO ids VALUES ('none', '00000000-0000-0000-0000-000000000000');
SELECT opencalendly.invite_team_member(pg_temp.id('t'), pg_temp.id('bob')) IS NOT NULL
    AND opencalendly.invite_team_member(pg_temp.id('t'), pg_temp.id('dan')) IS NOT NULL AS invited;
SELECT opencalendly.accept_team_invitation(pg_temp.id('t'), pg_temp.id('bob')) IS NOT NULL AS accepted;
INSERT INTO ids SELECT 'robin', opencalendly.create_team_event_type(pg_temp.id('t'), 'R', 'tm-robin', 30, 'round_robin', ARRAY[pg_temp.id('bob')]);
INSERT INTO ids SELECT 'coll', opencalendly.create_team_event_type(pg_temp.id('t'), 'C', 'tm-coll', 30, 'collective');
SELECT n, call, pg_temp.call(call) FROM (VALUES
    (1, $$create_team(NULL, 'x', 'xx')$$), (2, $$create_team('@none', 'x', 'xx')$$), (3, $$create_team('@ada', NULL, 'xx')$$),
    (4, $$create_team('@ada', '', 'xx')$$), (5, $$create_team('@ada', repeat('x', 121), 'xx')$$), (6, $$create_team('@ada', E'a\nb', 'xx')$$),
    (7, $$create_team('@ada', 'x', NULL)$$), (8, $$create_team('@ada', 'x', 'x')$$), (9, $$create_team('@ada', 'x', 'Bad Slug')$$),
    (10, $$create_team('@ada', 'x', 'a--b')$$), (11, $$create_team('@ada', 'x', repeat('a', 81))$$), (12, $$create_team('@bob', 'x', 'tm-three')$$),
    (20, $$update_team(NULL, '{}')$$), (21, $$update_team('@none', '{}')$$), (22, $$update_team('@none', '{"owner_id": null}')$$),
    (23, $$update_team('@t', NULL)$$), (24, $$update_team('@t', '[]')$$), (25, $$update_team('@t', '["owner_id"]')$$),
    (26, $$update_team('@t', '{"id": "@none"}')$$), (27, $$update_team('@t', '{"last_position": 1}')$$),
    (28, $$update_team('@t', '{"name": null}')$$), (29, $$update_team('@t', '{"name": " "}')$$), (30, $$update_team('@t', '{"name": 5}')$$),
    (31, $$update_team('@t', '{"slug": "tm-two"}')$$), (32, $$update_team('@t', '{"slug": "-"}')$$),
    (33, $$update_team('@t', '{"owner_id": null}')$$), (34, $$update_team('@t', '{"owner_id": "bob"}')$$), (35, $$update_team('@t', '{"owner_id": 1}')$$),
    (36, $$update_team('@t', '{"owner_id": "@dan"}')$$), (37, $$update_team('@t', '{"owner_id": "@hal"}')$$), (38, $$update_team('@t', '{"owner_id": "@none"}')$$),
    (40, $$delete_team(NULL)$$), (41, $$delete_team('@none')$$), (42, $$delete_team('@team')$$),
    (50, $$invite_team_member(NULL, '@hal')$$), (51, $$invite_team_member('@none', '@hal')$$), (52, $$invite_team_member('@t', NULL)$$),
    (53, $$invite_team_member('@t', '@none')$$), (54, $$invite_team_member('@t', '@hal', NULL)$$), (55, $$invite_team_member('@t', '@hal', 'boss')$$),
    (56, $$invite_team_member('@t', '@bob')$$), (57, $$invite_team_member('@t', '@dan')$$), (58, $$invite_team_member('@t', '@ada')$$),
    (60, $$accept_team_invitation(NULL, '@dan')$$), (61, $$accept_team_invitation('@none', '@dan')$$), (62, $$accept_team_invitation('@t', NULL)$$),
    (63, $$accept_team_invitation('@t', '@hal')$$), (64, $$accept_team_invitation('@t', '@bob')$$), (65, $$accept_team_invitation('@t', '@ada')$$),
    (70, $$decline_team_invitation(NULL, '@dan')$$), (71, $$decline_team_invitation('@none', '@dan')$$), (72, $$decline_team_invitation('@t', NULL)$$),
    (73, $$decline_team_invitation('@t', '@hal')$$), (74, $$decline_team_invitation('@t', '@bob')$$), (75, $$decline_team_invitation('@t', '@ada')$$),
    (80, $$leave_team(NULL, '@bob')$$), (81, $$leave_team('@none', '@bob')$$), (82, $$leave_team('@t', NULL)$$),
    (83, $$leave_team('@t', '@hal')$$), (84, $$leave_team('@t', '@dan')$$), (85, $$leave_team('@t', '@ada')$$),
    (90, $$remove_team_member(NULL, '@bob')$$), (91, $$remove_team_member('@none', '@bob')$$), (92, $$remove_team_member('@t', NULL)$$),
    (93, $$remove_team_member('@t', '@hal')$$), (94, $$remove_team_member('@t', '@ada')$$),
    (100, $$update_team_member(NULL, '@bob', '{}')$$), (101, $$update_team_member('@none', '@bob', '{}')$$), (102, $$update_team_member('@t', NULL, '{}')$$),
    (103, $$update_team_member('@t', '@hal', '{}')$$), (104, $$update_team_member('@t', '@bob', NULL)$$), (105, $$update_team_member('@t', '@bob', '"x"')$$),
    (106, $$update_team_member('@t', '@bob', '{"status": "active"}')$$), (107, $$update_team_member('@t', '@bob', '{"position": 9}')$$),
    (108, $$update_team_member('@t', '@bob', '{"role": null}')$$), (109, $$update_team_member('@t', '@bob', '{"role": "boss"}')$$), (110, $$update_team_member('@t', '@bob', '{"role": true}')$$),
    (111, $$update_team_member('@t', '@bob', '{"weight": 0}')$$), (112, $$update_team_member('@t', '@bob', '{"weight": 1001}')$$), (113, $$update_team_member('@t', '@bob', '{"weight": null}')$$),
    (114, $$update_team_member('@t', '@bob', '{"weight": "50"}')$$), (115, $$update_team_member('@t', '@bob', '{"weight": 1e10}')$$),
    (116, $$update_team_member('@t', '@bob', '{"priority": -1}')$$), (117, $$update_team_member('@t', '@bob', '{"priority": 5}')$$), (118, $$update_team_member('@t', '@bob', '{"priority": 1.5}')$$),
    (119, $$update_team_member('@t', '@ada', '{"role": "member"}')$$),
    (130, $$create_team_event_type(NULL, 'x', 'xx', 30, 'collective')$$), (131, $$create_team_event_type('@none', 'x', 'xx', 30, 'collective')$$),
    (132, $$create_team_event_type('@t', NULL, 'xx', 30, 'collective')$$), (133, $$create_team_event_type('@t', 'x', 'X', 30, 'collective')$$),
    (134, $$create_team_event_type('@t', 'x', 'tm-call', 30, 'collective')$$), (135, $$create_team_event_type('@t', 'x', 'xx', 0, 'collective')$$),
    (136, $$create_team_event_type('@t', 'x', 'xx', NULL, 'collective')$$), (137, $$create_team_event_type('@t', 'x', 'xx', 30, NULL)$$),
    (138, $$create_team_event_type('@t', 'x', 'xx', 30, 'solo')$$), (139, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', assignment => 'dice')$$),
    (140, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', assignment => NULL)$$),
    (141, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{}')$$), (142, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', '{}')$$),
    (143, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', NULL, '{}')$$), (144, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{NULL}')$$),
    (145, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{@dan}')$$), (146, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{@ada,@hal}')$$),
    (147, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', '{@bob,@none}')$$), (148, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', '{@bob,@ada,@bob}')$$),
    (149, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', NULL, '{@dan}')$$), (150, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', NULL, '{@ada,@ada}')$$),
    (151, $$create_team_event_type('@t', 'x', 'xx', 30, 'round_robin', '{@ada,@bob}', '{@bob}')$$), (152, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{@ada}', '{@bob}')$$),
    (153, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', NULL, '{}')$$), (154, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', location_type => 'moon')$$),
    (155, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', questions => '{}')$$), (156, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', slot_interval_minutes => NULL)$$),
    (157, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', seats => 0)$$), (158, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', is_active => NULL)$$),
    (159, $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', bookable_from => '2026-06-02', bookable_until => '2026-06-01')$$),
    (170, $$update_team_event_type(NULL, '{}')$$), (171, $$update_team_event_type('@none', '{}')$$), (172, $$update_team_event_type('@call', '{}')$$),
    (173, $$update_team_event_type('@robin', NULL)$$), (174, $$update_team_event_type('@robin', '[]')$$), (175, $$update_team_event_type('@robin', '{"mode": "collective"}')$$),
    (176, $$update_team_event_type('@robin', '{"last_entry": 1}')$$), (177, $$update_team_event_type('@robin', '{"all_members": true}')$$),
    (178, $$update_team_event_type('@robin', '{"assignment": "dice"}')$$), (179, $$update_team_event_type('@robin', '{"assignment": null}')$$),
    (180, $$update_team_event_type('@robin', '{"assignment": 1}')$$), (181, $$update_team_event_type('@robin', '{"round_robin_cursor": -1}')$$),
    (182, $$update_team_event_type('@robin', '{"round_robin_cursor": null}')$$), (183, $$update_team_event_type('@robin', '{"round_robin_cursor": "1"}')$$),
    (184, $$update_team_event_type('@robin', '{"round_robin_cursor": 3000000000}')$$), (185, $$update_event_type('@robin', '{"schedule_id": "@adas"}')$$),
    (190, $$set_team_event_type_members(NULL, '[]', true)$$), (191, $$set_team_event_type_members('@none', '[]', true)$$), (192, $$set_team_event_type_members('@call', '[]', true)$$),
    (193, $$set_team_event_type_members('@robin', NULL)$$), (194, $$set_team_event_type_members('@robin', '{}')$$), (195, $$set_team_event_type_members('@robin', '[]', NULL)$$),
    (196, $$set_team_event_type_members('@robin', '[]')$$), (197, $$set_team_event_type_members('@coll', '[]')$$),
    (198, $$set_team_event_type_members('@robin', (SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 501)))$$),
    (199, $$set_team_event_type_members('@robin', '["@bob"]')$$), (200, $$set_team_event_type_members('@robin', '[{}]')$$), (201, $$set_team_event_type_members('@robin', '[{"userId": null}]')$$),
    (202, $$set_team_event_type_members('@robin', '[{"userId": "bob"}]')$$), (203, $$set_team_event_type_members('@robin', '[{"userId": 7}]')$$),
    (204, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@ada", "color": "red"}]')$$), (205, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@dan"}]')$$),
    (206, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@hal"}]')$$), (207, $$set_team_event_type_members('@robin', '[{"userId": "@none"}]')$$),
    (208, $$set_team_event_type_members('@coll', '[{"userId": "@ada"}, {"userId": "@dan", "isRequired": true}]')$$),
    (209, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@ada"}, {"userId": "@bob"}]')$$), (210, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "isRequired": "no"}]')$$),
    (211, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "weight": 0}]')$$), (212, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@ada", "weight": 1001}]')$$),
    (213, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "weight": "1"}]')$$), (214, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "priority": 5}]')$$),
    (215, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "priority": 99999999999}]')$$), (216, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "scheduleId": "@adas"}]')$$),
    (217, $$set_team_event_type_members('@robin', '[{"userId": "@bob"}, {"userId": "@ada", "scheduleId": "@none"}]')$$), (218, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "scheduleId": "x"}]')$$),
    (219, $$set_team_event_type_members('@robin', '[{"userId": "@bob", "isRequired": true}]')$$), (220, $$set_team_event_type_members('@coll', '[{"userId": "@bob", "isRequired": false}]')$$),
    (230, $$delete_user(NULL)$$), (231, $$delete_user('@none')$$), (232, $$delete_user('@gus')$$), (233, $$delete_user('@ada')$$)
) AS calls(n, call) ORDER BY n;

-- refused calls change nothing
SELECT name, slug, last_position FROM opencalendly.teams WHERE id = pg_temp.id('t');
SELECT * FROM pg_temp.members('t');
SELECT * FROM pg_temp.event_types('t');
SELECT n, p.* FROM unnest(ARRAY['robin', 'coll']) AS n, pg_temp.parts(n) AS p;
SELECT count(*) FROM opencalendly.event_types WHERE slug = 'xx';

-- the new owner has the slug of one of the team's event types
UPDATE opencalendly.event_types SET slug = 'tm-robin' WHERE id = pg_temp.id('bobs-call');
SELECT pg_temp.call('update_team(''@t'', ''{"owner_id": "@bob"}'')');
SELECT slug, owner FROM pg_temp.event_types('t');
UPDATE opencalendly.event_types SET slug = 'tm-call' WHERE id = pg_temp.id('bobs-call');

-- the owner can leave once the team is another's, who then cannot
SELECT pg_temp.call('update_team(''@t'', ''{"owner_id": "@bob"}'')'), pg_temp.call('leave_team(''@t'', ''@ada'')'),
    pg_temp.call('leave_team(''@t'', ''@bob'')'), pg_temp.call('remove_team_member(''@t'', ''@bob'')'), pg_temp.call('delete_user(''@bob'')');
SELECT slug, owner FROM pg_temp.event_types('t');
SELECT * FROM pg_temp.members('t');
-- having left, ada is a stranger
SELECT pg_temp.call(c) FROM unnest(ARRAY[$$leave_team('@t', '@ada')$$, $$accept_team_invitation('@t', '@ada')$$,
    $$create_team_event_type('@t', 'x', 'xx', 30, 'collective', '{@bob,@ada}')$$,
    $$set_team_event_type_members('@coll', '[{"userId": "@bob"}, {"userId": "@ada"}]')$$]) AS c;

-- a schedule that a member brings along is in use; one that goes with the membership is not
SELECT pg_temp.call($$set_team_event_type_members('@coll', '[{"userId": "@bob", "scheduleId": "@evening"}]')$$), pg_temp.call($$delete_schedule('@evening')$$);
SELECT pg_temp.call($$set_team_event_type_members('@coll', '[{"userId": "@bob"}]')$$), pg_temp.call($$delete_schedule('@evening')$$);

-- bookings of another's event type count, too: by assignment, and only while they are live
SELECT pg_temp.call('accept_team_invitation(''@t'', ''@dan'')'), pg_temp.call('invite_team_member(''@t'', ''@hal'')'),
    pg_temp.call('accept_team_invitation(''@t'', ''@hal'')');
SELECT pg_temp.book('coll', '{bob,hal}', '2026-06-08 09:00+00'), pg_temp.book('coll', '{bob,hal}', '2026-06-08 10:00+00'),
    pg_temp.book('coll', '{hal}', '2026-06-08 08:00+00', 'canceled');
SELECT pg_temp.call('leave_team(''@t'', ''@hal'')'), pg_temp.call('delete_user(''@hal'')'), pg_temp.call('delete_team(''@t'')');
UPDATE opencalendly.bookings SET status = 'pending' WHERE event_type_id = pg_temp.id('coll') AND status = 'confirmed';
SELECT pg_temp.call('delete_user(''@hal'')'), pg_temp.call('delete_team(''@t'')');

-- with a snapshot of before a wait nothing is deleted or given to another
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.call(c) FROM unnest(ARRAY[$$delete_user('@hal')$$, $$delete_team('@t')$$, $$update_team('@t', '{"owner_id": "@dan"}')$$,
    $$update_team('@t', '{"name": "Four"}')$$]) AS c;
COMMIT;

-- the 501st member
INSERT INTO opencalendly.users (username, email) SELECT 'tm-many-' || n, 'tm-many-' || n || '@example.org' FROM generate_series(1, 497) AS n;
INSERT INTO opencalendly.team_members (team_id, user_id, position)
    SELECT pg_temp.id('t'), u.id, 1000 + row_number() OVER (ORDER BY u.id) FROM opencalendly.users AS u WHERE u.username LIKE 'tm-many-%';
SELECT count(*) FROM opencalendly.team_members WHERE team_id = pg_temp.id('t');
SELECT pg_temp.call('invite_team_member(''@t'', ''@hal'')'), pg_temp.call('invite_team_member(''@t'', ''@ada'')'), pg_temp.call('invite_team_member(''@t'', ''@bob'')');
SELECT last_position FROM opencalendly.teams WHERE id = pg_temp.id('t');

-- plain DML ends in the same constraints
CREATE FUNCTION pg_temp.dml(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    item ids;
    broken text;
BEGIN
    FOR item IN SELECT * FROM ids LOOP
        statement := regexp_replace(statement, '@' || item.name || '\M', item.id::text, 'g');
    END LOOP;
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
    RETURN broken;
END
$$;
SELECT statement, pg_temp.dml(statement) FROM unnest(ARRAY[
    $$UPDATE opencalendly.teams SET slug = 'tm-two' WHERE id = '@t'$$,
    $$UPDATE opencalendly.teams SET owner_id = '@none' WHERE id = '@t'$$,
    $$UPDATE opencalendly.teams SET last_position = -1 WHERE id = '@t'$$,
    $$DELETE FROM opencalendly.teams WHERE id = '@t'$$,
    $$DELETE FROM opencalendly.users WHERE id = '@bob'$$,
    $$DELETE FROM opencalendly.users WHERE id = '@hal'$$,
    $$DELETE FROM opencalendly.users WHERE id = '@cyd'$$,
    $$UPDATE opencalendly.team_members SET position = 3 WHERE team_id = '@t' AND user_id = '@bob'$$,
    $$UPDATE opencalendly.team_members SET position = 0 WHERE team_id = '@t' AND user_id = '@bob'$$,
    $$UPDATE opencalendly.team_members SET status = 'absent' WHERE team_id = '@t' AND user_id = '@bob'$$,
    $$UPDATE opencalendly.team_members SET role = 'boss' WHERE team_id = '@t' AND user_id = '@bob'$$,
    $$UPDATE opencalendly.team_members SET weight = 0 WHERE team_id = '@t' AND user_id = '@bob'$$,
    $$INSERT INTO opencalendly.team_members (team_id, user_id, position) VALUES ('@t', '@bob', 5000)$$,
    $$INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode) VALUES ('@robin', '@team2', 'collective')$$,
    $$INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode) VALUES ('@call', '@t', 'solo')$$,
    $$INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode) VALUES ('@none', '@t', 'collective')$$,
    $$UPDATE opencalendly.team_event_types SET team_id = '@team2' WHERE event_type_id = '@robin'$$,
    $$INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required) VALUES ('@robin', '@t', '@ada', true)$$,
    $$INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required) VALUES ('@robin', '@team2', '@dan', true)$$,
    $$INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required, schedule_id) VALUES ('@robin', '@t', '@dan', true, '@adas')$$,
    $$INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required, priority) VALUES ('@robin', '@t', '@dan', true, 5)$$]) AS d(statement);
