-- The data of the benchmarks, in an empty database: psql -v hosts= -v measured= -v team= -v claims= -f load.sql
--
-- hosts     how many hosts, numbered from 1, in four time zones, each with one event type of 30 minutes on a grid of
--           15, and open from 08:00 to 18:00 every day. That is 20 half-hour cells a day; everything lies in cells.
-- measured  the first so many of them are the measured ones: in the 31 days that are asked they have 200 claims and
--           100 busy windows, and 100 more claims later. About 480 slots are left. They are a team, too.
-- team      the next so many are the members of the measured teams: each has 3 claims and 1 busy window on every one of
--           the 31 days, and 100 claims later.
-- claims    how many claims there are in all; the rest is spread evenly over the other hosts and a year.
--
-- Every ten of the other hosts are a crew, a round robin that has had one meeting with each, after that year; every
-- tenth crew names its members, and of every tenth the last meeting was canceled. Every claim has its occurrence and its
-- booking. Rows are written in random order, as bookings come in, so that a host's claims lie all over the table.
-- bench.hosts and bench.teams say who is who; bench.targets has free cells of the other hosts, to be booked. The first
-- day is 30 days from now. No table that is read is empty: overrides of the past, idempotency keys and some holds that
-- have run out are there, too.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS opencalendly CASCADE;
CREATE SCHEMA bench;
SET search_path = bench, pg_catalog;
SET synchronous_commit = off;
SET work_mem = '512MB';
SET maintenance_work_mem = '512MB';
-- foreign keys are not checked row by row: everything below refers to what is there
SET session_replication_role = replica;
SELECT setseed(0.42);

CREATE TABLE days (first_day date, starts_at timestamptz, after_7 timestamptz, after_31 timestamptz);
INSERT INTO days
    SELECT d::date, d AT TIME ZONE 'UTC', (d + interval '7 days') AT TIME ZONE 'UTC', (d + interval '31 days') AT TIME ZONE 'UTC'
    FROM date_trunc('day', (now() + interval '30 days') AT TIME ZONE 'UTC') AS d;

CREATE TABLE hosts AS
    SELECT n, opencalendly.uuid_generate_v7() AS host_id, opencalendly.uuid_generate_v7() AS schedule_id,
        opencalendly.uuid_generate_v7() AS event_type_id,
        (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'UTC'])[1 + n % 4] AS zone
    FROM generate_series(1, :hosts) AS n;
ALTER TABLE hosts ADD PRIMARY KEY (n);

INSERT INTO opencalendly.users (id, username, email, timezone)
    SELECT host_id, 'host-' || n, 'host-' || n || '@example.com', zone FROM hosts;
INSERT INTO opencalendly.schedules (id, user_id, name, is_default)
    SELECT schedule_id, host_id, 'Working hours', true FROM hosts;
INSERT INTO opencalendly.availability_rules (schedule_id, day_of_week, start_minute, end_minute)
    SELECT schedule_id, day, 480, 1080 FROM hosts, generate_series(0, 6) AS day ORDER BY n, day;
INSERT INTO opencalendly.availability_overrides (user_id, schedule_id, starts_at, ends_at, is_available)
    SELECT host_id, schedule_id, at, at + interval '4 hours', k % 2 = 0
    FROM hosts, generate_series(1, 4) AS k, LATERAL (SELECT now() - (n % 7 + 7 * k) * interval '1 day' AS at) AS past;
INSERT INTO opencalendly.event_types (id, user_id, slug, duration_minutes)
    SELECT event_type_id, host_id, 'half-hour', 30 FROM hosts;

-- The measured teams, then the crews; each has one event type.
SELECT :measured + :team + 1 AS first_other, (:hosts - :measured - :team) / 10 AS crews \gset
CREATE TABLE teams AS
    SELECT name, first, size, mode,
        opencalendly.uuid_generate_v7() AS team_id, opencalendly.uuid_generate_v7() AS event_type_id
    FROM (VALUES ('measured', 1, :measured, 'round_robin'), ('team-10', :measured + 1, 10, 'round_robin'),
            ('team-50', :measured + 1, 50, 'round_robin'), ('team-250', :measured + 1, 250, 'round_robin'),
            ('collective-50', :measured + 1, 50, 'collective')
        UNION ALL SELECT 'crew-' || k, :first_other + 10 * k, 10, 'round_robin' FROM generate_series(0, :crews - 1) AS k)
        AS t(name, first, size, mode)
    WHERE first + size <= CASE WHEN name LIKE 'crew-%' THEN :hosts + 1 ELSE :first_other END;
CREATE TABLE members AS
    SELECT t.*, h.host_id, h.zone, h.n - t.first + 1 AS position
    FROM teams AS t JOIN hosts AS h ON h.n BETWEEN t.first AND t.first + t.size - 1;
INSERT INTO opencalendly.event_types (id, user_id, slug, duration_minutes)
    SELECT event_type_id, host_id, name, 30 FROM members WHERE position = 1;
INSERT INTO opencalendly.teams (id, owner_id, name, slug, last_position)
    SELECT team_id, host_id, name, name, size FROM members WHERE position = 1;
INSERT INTO opencalendly.team_members (team_id, user_id, role, status, position)
    SELECT team_id, host_id, CASE position WHEN 1 THEN 'owner' ELSE 'member' END, 'active', position
    FROM members ORDER BY random();
INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode, all_members, round_robin_cursor, last_entry)
    SELECT event_type_id, team_id, mode, name NOT LIKE 'crew-%0', past, past
    FROM teams, LATERAL (SELECT CASE WHEN name LIKE 'crew-%' THEN 10 ELSE 0 END) AS c(past);
INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required)
    SELECT event_type_id, team_id, host_id, false FROM members WHERE name LIKE 'crew-%0';
ANALYZE hosts, members;

-- When a host's cell starts: days from the first one, half-hour of the day.
CREATE FUNCTION cell_start(cell integer, zone text) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN (SELECT (first_day + cell / 20 + time '08:00' + cell % 20 * interval '30 minutes') AT TIME ZONE zone FROM days);

-- The measured hosts' cells within the 31 days, in random order: 1 to 200 are claims, 201 to 300 busy windows.
CREATE TABLE measured_cells AS
    SELECT n, cell, row_number() OVER (PARTITION BY n ORDER BY random()) AS place
    FROM generate_series(1, :measured) AS n, generate_series(0, 619) AS cell;
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
    SELECT host_id, s, s + interval '30 minutes'
    FROM measured_cells JOIN hosts USING (n), cell_start(cell, zone) AS s WHERE place BETWEEN 201 AND 300;

-- The members' cells, in random order within each day: 1 to 3 are claims, 4 is a busy window.
CREATE TABLE team_cells AS
    SELECT n, day * 20 + cell AS cell, row_number() OVER (PARTITION BY n, day ORDER BY random()) AS place
    FROM generate_series(:measured + 1, :measured + :team) AS n,
        generate_series(0, 30) AS day, generate_series(0, 19) AS cell;
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
    SELECT host_id, s, s + interval '30 minutes'
    FROM team_cells JOIN hosts USING (n), cell_start(cell, zone) AS s WHERE place = 4 ORDER BY random();

-- The k-th of several claims of a host lies somewhere in the k-th part of its time.
CREATE TABLE cells AS
    SELECT n, cell FROM measured_cells WHERE place <= 200
    UNION ALL
    SELECT n, cell FROM team_cells WHERE place <= 3
    UNION ALL
    SELECT n, 620 + k * 66 + (random() * 65)::int
    FROM generate_series(1, :measured + :team) AS n, generate_series(0, 99) AS k
    UNION ALL
    SELECT n, k * 73 + (random() * 72)::int
    FROM (SELECT :first_other + i % o.hosts AS n, i / o.hosts AS k FROM (VALUES (:hosts - :first_other + 1)) AS o(hosts),
        generate_series(0, :claims - 300 * :measured - 193 * :team - 10 * :crews - 1) AS i) AS spread;

CREATE TABLE meetings AS
    SELECT opencalendly.uuid_generate_v7() AS id, opencalendly.uuid_generate_v7() AS booking_id, *
    FROM (SELECT host_id, event_type_id, host_ids, s AS starts_at, s + interval '30 minutes' AS ends_at
        FROM (SELECT host_id, event_type_id, NULL::uuid[] AS host_ids, zone, cell FROM cells JOIN hosts USING (n)
            UNION ALL SELECT host_id, event_type_id, ARRAY[host_id], zone, 20 * (370 + position) FROM members
                WHERE name LIKE 'crew-%') AS solo_and_crews,
            cell_start(cell, zone) AS s
        ORDER BY random()) AS shuffled;

INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)
    SELECT id, event_type_id, starts_at, ends_at, 1 FROM meetings;
INSERT INTO opencalendly.claims (host_id, during, occurrence_id)
    SELECT host_id, tstzrange(starts_at, ends_at), id FROM meetings;
INSERT INTO opencalendly.bookings (id, event_type_id, organizer_id, host_ids, occurrence_id, seats, seat_no, starts_at,
        ends_at, invitee_name, invitee_email, timezone, link_key_id, created_at)
    SELECT booking_id, event_type_id, host_id, host_ids, id, 1, 1, starts_at, ends_at,
        'Ada Lovelace', 'ada@example.com', 'Europe/Berlin', 1, now() FROM meetings;

INSERT INTO opencalendly.team_booking_assignments (booking_id, user_id)
    SELECT booking_id, host_id FROM meetings WHERE host_ids IS NOT NULL;
INSERT INTO opencalendly.team_credits (event_type_id, user_id, last_pick)
    SELECT event_type_id, host_id, position FROM members WHERE name LIKE 'crew-%' ORDER BY random();
INSERT INTO opencalendly.team_ledger (event_type_id, entry_no, kind, reason, pick_no, user_id, booking_id, occurrence_id,
        credits_before, credits_after, last_pick_before, cursor_before, cursor_after, candidate_ids, candidate_positions,
        candidate_priorities, candidate_weights, candidate_credits, candidate_last_picks, created_at)
    SELECT m.event_type_id, p.position, 'pick', 'cursor', p.position, m.host_id, m.booking_id, m.id, 0, 0, 0, p.position - 1,
        p.position, c.ids, c.positions, array_fill(2, ARRAY[10]), array_fill(100, ARRAY[10]), array_fill(0, ARRAY[10]),
        ARRAY(SELECT CASE WHEN i < p.position THEN i ELSE 0 END FROM generate_series(1, 10) AS i), now()
    FROM meetings AS m JOIN members AS p USING (event_type_id, host_id)
        JOIN (SELECT event_type_id, array_agg(host_id ORDER BY position) AS ids, array_agg(position ORDER BY position) AS positions
            FROM members GROUP BY event_type_id) AS c USING (event_type_id)
    WHERE m.host_ids IS NOT NULL ORDER BY p.position, random();

INSERT INTO opencalendly.idempotency_keys
    (operation, subject_id, key_hash, request_hash, booking_id, status, expires_at)
    SELECT 'book_slot', event_type_id, sha256(booking_id::text::bytea), sha256(id::text::bytea), booking_id, 'confirmed',
        now() + random() * interval '24 hours' FROM meetings LIMIT :claims / 20;

CREATE TABLE targets AS
    SELECT row_number() OVER (ORDER BY random()) AS n, event_type_id, host_id, starts_at
    FROM (SELECT n, k * 121 + (random() * 120)::int AS cell
        FROM generate_series(:first_other, :hosts) AS n, generate_series(0, 59) AS k
        EXCEPT SELECT n, cell FROM cells) AS free_cells
        JOIN hosts USING (n), cell_start(cell, zone) AS starts_at;
ALTER TABLE targets ADD PRIMARY KEY (n);
CREATE SEQUENCE next_target;

CREATE TABLE held AS
    SELECT opencalendly.uuid_generate_v7() AS id, * FROM targets WHERE n <= :hosts / 50;
DELETE FROM targets WHERE n <= :hosts / 50;
SELECT setval('next_target', :hosts / 50 + 1, false);
INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)
    SELECT id, event_type_id, starts_at, starts_at + interval '30 minutes', 1 FROM held;
INSERT INTO opencalendly.claims (host_id, during, occurrence_id, expires_at)
    SELECT host_id, tstzrange(starts_at, starts_at + interval '30 minutes'), id, now() - interval '1 hour' FROM held;
INSERT INTO opencalendly.holds
    (token_hash, event_type_id, occurrence_id, seats, seat_no, client, created_at, expires_at)
    SELECT sha256(id::text::bytea), event_type_id, id, 1, 1, 'client-' || n, now() - interval '65 minutes', now() - interval '1 hour'
    FROM held;

SET session_replication_role = origin;
SELECT count(*) FROM (SELECT m.booking_id FROM members AS p JOIN meetings AS m USING (event_type_id, host_id)
    WHERE p.name LIKE 'crew-%5' AND p.position = 10 OFFSET 0) AS last, opencalendly.organizer_cancel_booking(last.booking_id);

-- VACUUM marks as visible to all only what commits have brought to the disk
RESET synchronous_commit;
DROP TABLE held, meetings, members, cells, measured_cells, team_cells;
VACUUM (FREEZE, ANALYZE);
