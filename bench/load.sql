-- The data of the benchmarks, in an empty database: psql -v hosts= -v measured= -v claims= -f load.sql
--
-- hosts     how many hosts, numbered from 1, in four time zones, each with one event type of 30 minutes on a grid of
--           15, and open from 08:00 to 18:00 every day. That is 20 half-hour cells a day; everything lies in cells.
-- measured  the first so many of them are the measured ones: in the 31 days that are asked they have 200 claims and
--           100 busy windows, and 100 more claims later. About 480 slots are left.
-- claims    how many claims there are in all; the rest is spread evenly over the other hosts and a year.
--
-- Every claim has its occurrence and its booking. Rows are written in random order, as bookings come in, so that a
-- host's claims lie all over the table. bench.hosts says who is who; bench.targets has free cells of the hosts that are
-- not measured, to be booked. The first day is 30 days from now. No table that is read is empty: overrides of the past,
-- idempotency keys and some holds that have run out are there, too.
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
    SELECT schedule_id, day, 480, 1080 FROM hosts, generate_series(0, 6) AS day;
INSERT INTO opencalendly.availability_overrides (user_id, schedule_id, starts_at, ends_at, is_available)
    SELECT host_id, schedule_id, at, at + interval '4 hours', k % 2 = 0
    FROM hosts, generate_series(1, 4) AS k, LATERAL (SELECT now() - (n % 7 + 7 * k) * interval '1 day' AS at) AS past;
INSERT INTO opencalendly.event_types (id, user_id, slug, duration_minutes)
    SELECT event_type_id, host_id, 'half-hour', 30 FROM hosts;

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

-- The k-th of several claims of a host lies somewhere in the k-th part of its time.
CREATE TABLE cells AS
    SELECT n, cell FROM measured_cells WHERE place <= 200
    UNION ALL
    SELECT n, 620 + k * 66 + (random() * 65)::int FROM generate_series(1, :measured) AS n, generate_series(0, 99) AS k
    UNION ALL
    SELECT n, k * 73 + (random() * 72)::int
    FROM (SELECT :measured + 1 + i % (:hosts - :measured) AS n, i / (:hosts - :measured) AS k
        FROM generate_series(0, :claims - 300 * :measured - 1) AS i) AS spread;

CREATE TABLE meetings AS
    SELECT opencalendly.uuid_generate_v7() AS id, opencalendly.uuid_generate_v7() AS booking_id, *
    FROM (SELECT host_id, event_type_id, s AS starts_at, s + interval '30 minutes' AS ends_at
        FROM cells JOIN hosts USING (n), cell_start(cell, zone) AS s ORDER BY random()) AS shuffled;

INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)
    SELECT id, event_type_id, starts_at, ends_at, 1 FROM meetings;
INSERT INTO opencalendly.claims (host_id, during, occurrence_id)
    SELECT host_id, tstzrange(starts_at, ends_at), id FROM meetings;
INSERT INTO opencalendly.bookings (id, event_type_id, organizer_id, occurrence_id, seats, seat_no, starts_at, ends_at,
        invitee_name, invitee_email, timezone, link_key_id, created_at)
    SELECT booking_id, event_type_id, host_id, id, 1, 1, starts_at, ends_at,
        'Ada Lovelace', 'ada@example.com', 'Europe/Berlin', 1, now() FROM meetings;

INSERT INTO opencalendly.idempotency_keys
    (operation, subject_id, key_hash, request_hash, booking_id, status, expires_at)
    SELECT 'book_slot', event_type_id, sha256(booking_id::text::bytea), sha256(id::text::bytea), booking_id, 'confirmed',
        now() + random() * interval '24 hours' FROM meetings LIMIT :claims / 20;

CREATE TABLE targets AS
    SELECT row_number() OVER (ORDER BY random()) AS n, event_type_id, host_id, starts_at
    FROM (SELECT n, k * 121 + (random() * 120)::int AS cell
        FROM generate_series(:measured + 1, :hosts) AS n, generate_series(0, 59) AS k
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

DROP TABLE held, meetings, cells, measured_cells;
VACUUM (FREEZE, ANALYZE);
