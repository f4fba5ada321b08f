-- Random cases: a host with hours, overrides, busy time, meetings and holds, and an event type with limits, made by plain
-- DML around an instant at which something happens to the clocks of a zone; then compute_slots is compared with the
-- oracle, row for row. Load after oracle.sql.
--
-- A case is (seed, number): it comes out the same each time, alone or in a run. Numbers 1 to Z are the zones of the tz
-- database, each at one of its transitions; then come the named moments, ten cases each; what is above is anything.
-- oracle.run(seed, first, last) checks and rolls back; oracle.make(seed, number) leaves a case to look at.

-- The dice. All randomness comes from random() and so from setseed().
CREATE FUNCTION oracle.throw(seed bigint, number integer) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT setseed(hashtextextended(seed || '/' || number, 0)::double precision / 9223372036854775808)
$$;

CREATE FUNCTION oracle.chance(percent integer) RETURNS boolean LANGUAGE sql VOLATILE AS $$
    SELECT random() * 100 < percent
$$;

-- A whole number from low to high, both included.
CREATE FUNCTION oracle.roll(low integer, high integer) RETURNS integer LANGUAGE sql VOLATILE AS $$
    SELECT low + floor(random() * (high - low + 1))::integer
$$;

CREATE FUNCTION oracle.one_of(VARIADIC choices anyarray) RETURNS anyelement LANGUAGE sql VOLATILE AS $$
    SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;

CREATE FUNCTION oracle.word(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT choices[oracle.roll(1, cardinality(choices))]
$$;

CREATE TABLE oracle.zones (number integer PRIMARY KEY, name text NOT NULL);
INSERT INTO oracle.zones (number, name)
    SELECT row_number() OVER (ORDER BY z.name COLLATE "C"), z.name FROM pg_timezone_names AS z
    WHERE z.name !~ '^(posix|right)/' AND z.name NOT IN ('localtime', 'posixrules');

CREATE TABLE oracle.moments (number integer PRIMARY KEY, zone text NOT NULL, at timestamptz NOT NULL, why text NOT NULL);
INSERT INTO oracle.moments (number, zone, at, why) VALUES
    (1, 'Australia/Lord_Howe', '2026-04-04 15:00Z', 'half an hour back'),
    (2, 'Australia/Lord_Howe', '2026-10-03 15:30Z', 'half an hour forward'),
    (3, 'Pacific/Apia', '2011-12-30 10:00Z', '30 December does not exist'),
    (4, 'Africa/Casablanca', '2026-02-15 02:00Z', 'back for Ramadan'),
    (5, 'Africa/Casablanca', '2026-03-22 02:00Z', 'forward after Ramadan'),
    (6, 'Asia/Gaza', '2026-03-28 00:00Z', 'forward on a Saturday'),
    (7, 'Asia/Kathmandu', '2026-03-01 18:15Z', 'offset 5:45, midnight'),
    (8, 'America/Santiago', '2026-04-05 03:00Z', 'back from midnight: a date ends twice'),
    (9, 'America/Santiago', '2026-09-06 04:00Z', 'no midnight'),
    (10, 'America/New_York', '2026-03-08 07:00Z', 'forward'),
    (11, 'America/New_York', '2026-11-01 06:00Z', 'back'),
    (12, 'Europe/Berlin', '2026-03-29 01:00Z', 'forward'),
    (13, 'Europe/Berlin', '2026-10-25 01:00Z', 'back'),
    (14, 'Africa/Cairo', '2026-04-23 22:00Z', 'no midnight'),
    (15, 'Africa/Cairo', '2026-10-29 21:00Z', 'back from midnight'),
    (16, 'America/Havana', '2026-03-08 05:00Z', 'no midnight'),
    (17, 'America/Havana', '2026-11-01 05:00Z', 'midnight twice'),
    (18, 'America/St_Johns', '2010-11-07 02:31Z', 'back at 00:01: a date begins, the one before ends again'),
    (19, 'Antarctica/Troll', '2026-03-29 01:00Z', 'two hours forward'),
    (20, 'Pacific/Kwajalein', '1993-08-21 12:00Z', '21 August does not exist');

-- The distance of the zone's wall clock from UTC at an instant.
CREATE FUNCTION oracle.utc_offset(zone text, at timestamptz) RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT at AT TIME ZONE zone - at AT TIME ZONE 'UTC'
$$;

-- The first instant after range_start and up to range_end at which the zone's offset changes; null if there is none.
-- Looks at each week, then at the days, hours and minutes of the first one in which it changes.
CREATE FUNCTION oracle.transition(zone text, range_start timestamptz, range_end timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    step interval;
    first timestamptz := date_trunc('minute', range_start, 'UTC');
    last timestamptz := range_end;
BEGIN
    FOREACH step IN ARRAY ARRAY['168 hours', '24 hours', '1 hour', '1 minute']::interval[] LOOP
        SELECT s.at, s.at + step INTO first, last
            FROM generate_series(first, last, step) AS s (at)
            WHERE oracle.utc_offset(zone, s.at) <> oracle.utc_offset(zone, s.at + step)
            ORDER BY s.at LIMIT 1;
    END LOOP;
    RETURN last;
END
$$;

-- A transition of the zone between 2020 and 2040, not always the same one; null if it has none.
CREATE FUNCTION oracle.some_transition(zone text) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    after constant timestamptz := '2020-01-01 00:00Z'::timestamptz + oracle.roll(0, 21 * 365) * interval '24 hours';
BEGIN
    RETURN COALESCE(oracle.transition(zone, after, '2040-12-31 00:00Z'),
        oracle.transition(zone, '2020-01-01 00:00Z', after));
END
$$;

-- A case in the making. zone_name is stored, zone is what AT TIME ZONE takes for it. anchors[i] is where a rule or an
-- added override begins, lengths[i] its minutes: whatever is placed "at a start" lies on a grid. schedule_id: the one that
-- counts; null = the user has none.
CREATE TYPE oracle.scene AS (
    seed bigint, number integer, zone_name text, zone text, pivot timestamptz, range_start timestamptz,
    range_end timestamptz, clock timestamptz, user_id uuid, schedule_id uuid, other_schedule_id uuid,
    event_type_id uuid, other_event_type_id uuid, duration integer, step integer, seats integer,
    anchors timestamptz[], lengths integer[]);

-- An instant where a slot of the case may well start.
CREATE FUNCTION oracle.some_start(scene oracle.scene) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i integer;
BEGIN
    IF COALESCE(cardinality(scene.anchors), 0) = 0 THEN
        RETURN scene.pivot + oracle.roll(-24, 24) * scene.step * interval '1 minute';
    END IF;
    i := oracle.roll(1, cardinality(scene.anchors));
    RETURN scene.anchors[i] + oracle.roll(0, scene.lengths[i] / scene.step) * scene.step * interval '1 minute';
END
$$;

-- The instant of the local date's first minute, or of what stands for it where midnight is skipped.
CREATE FUNCTION oracle.midnight(scene oracle.scene, at timestamptz, days integer) RETURNS timestamptz
    LANGUAGE sql STABLE AS $$
    SELECT ((at AT TIME ZONE scene.zone)::date + days)::timestamp AT TIME ZONE scene.zone
$$;

-- Zone, pivot, range, and the lengths that the rest is placed by.
CREATE FUNCTION oracle.begin_scene(seed bigint, number integer) RETURNS oracle.scene LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    scene oracle.scene;
    zones constant integer := (SELECT count(*) FROM oracle.zones);
    moments constant integer := (SELECT count(*) FROM oracle.moments);
    around interval;
    place integer;
BEGIN
    PERFORM oracle.throw(seed, number);
    scene.seed := seed;
    scene.number := number;
    IF number > zones AND number <= zones + 10 * moments THEN
        SELECT m.zone, m.at INTO scene.zone_name, scene.pivot FROM oracle.moments AS m
            WHERE m.number = (begin_scene.number - zones + 9) / 10;
    ELSE
        place := CASE WHEN number <= zones THEN number ELSE oracle.roll(1, zones) END;
        SELECT z.name INTO scene.zone_name FROM oracle.zones AS z WHERE z.number = place;
        IF number <= zones OR oracle.chance(60) THEN
            scene.pivot := oracle.some_transition(oracle.full_zone(scene.zone_name));
        END IF;
        scene.pivot := COALESCE(scene.pivot, CASE
            WHEN oracle.chance(30) THEN make_timestamptz(oracle.roll(2020, 2040), oracle.roll(1, 12), 1, 0, 0, 0, 'UTC')
            ELSE '2020-01-01 00:00Z'::timestamptz + oracle.roll(0, 21 * 365 * 1440) * interval '1 minute' END);
    END IF;

    scene.zone := oracle.full_zone(scene.zone_name);
    around := oracle.one_of(3, 6, 12, 24, 24, 36) * interval '1 hour';
    scene.range_start := scene.pivot - around;
    scene.range_end := scene.pivot + around;
    IF number > zones AND oracle.chance(40) THEN
        scene.range_start := scene.pivot + oracle.roll(-36 * 60, 0) * interval '1 minute';
        scene.range_end := scene.range_start + oracle.roll(60, 48 * 60) * interval '1 minute';
    END IF;
    IF number > zones AND oracle.chance(2) THEN
        scene.range_end := scene.range_start + oracle.roll(4 * 1440, 14 * 1440) * interval '1 minute';
    END IF;
    IF oracle.chance(20) THEN
        scene.range_start := scene.range_start + oracle.roll(1, 59999) * interval '1 millisecond';
        scene.range_end := scene.range_end + oracle.roll(1, 59999) * interval '1 millisecond';
    END IF;
    scene.duration := oracle.one_of(5, 5, 7, 10, 15, 15, 15, 20, 23, 25, 30, 30, 30, 30, 45, 45, 60, 60, 90, 120,
        240, 1440, oracle.roll(5, 240), oracle.roll(5, 1440));
    scene.step := oracle.one_of(5, 7, 10, 11, 13, 15, 15, 15, 20, 25, 30, 30, 45, 50, 60, 90, 120, 240,
        oracle.roll(5, 240));
    scene.seats := CASE WHEN oracle.chance(60) THEN 1 ELSE oracle.roll(2, 5) END;
    scene.anchors := '{}';
    scene.lengths := '{}';
    RETURN scene;
END
$$;

-- The host and the schedules: a default one, a named one in the zone with a default one elsewhere, or none.
CREATE FUNCTION oracle.add_host(INOUT scene oracle.scene) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    kind constant text := oracle.word('default', 'default', 'default', 'default', 'default', 'named', 'named', 'named',
        'named', 'none');
    elsewhere constant text := oracle.word('Asia/Kolkata', 'America/Los_Angeles', 'UTC', 'Pacific/Kiritimati');
    default_id uuid;
    named_id uuid;
BEGIN
    INSERT INTO opencalendly.users (username, email, timezone)
        SELECT n.name, n.name || '@example.com', CASE kind WHEN 'named' THEN elsewhere ELSE scene.zone_name END
        FROM (SELECT gen_random_uuid()::text) AS n (name)
        RETURNING id INTO scene.user_id;
    IF kind <> 'none' OR oracle.chance(70) THEN
        INSERT INTO opencalendly.schedules (user_id, name, is_default) VALUES (scene.user_id, 'Hours', true)
            RETURNING id INTO default_id;
    END IF;
    IF kind = 'named' OR oracle.chance(30) THEN
        INSERT INTO opencalendly.schedules (user_id, name, timezone)
            VALUES (scene.user_id, 'Named', CASE kind WHEN 'named' THEN scene.zone_name ELSE elsewhere END)
            RETURNING id INTO named_id;
    END IF;
    scene.schedule_id := CASE kind WHEN 'named' THEN named_id ELSE default_id END;
    scene.other_schedule_id := CASE kind WHEN 'named' THEN default_id ELSE named_id END;
END
$$;

-- One rule, and its anchors on the local dates around the range if the schedule is the one that counts.
CREATE FUNCTION oracle.add_rule(INOUT scene oracle.scene, schedule_id uuid, weekday integer, first integer, last integer)
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    first := least(greatest(first, 0), 1439);
    last := least(greatest(last, first + 1), 1440);
    INSERT INTO opencalendly.availability_rules (schedule_id, day_of_week, start_minute, end_minute,
            buffer_before_minutes, buffer_after_minutes)
        VALUES (schedule_id, weekday, first, last,
            oracle.one_of(0, 0, 0, 0, 5, 10, 15, 30, 60, 180), oracle.one_of(0, 0, 0, 0, 5, 10, 15, 30, 60, 180));
    IF schedule_id = scene.schedule_id THEN
        SELECT scene.anchors || array_agg((d.day + first * interval '1 minute') AT TIME ZONE scene.zone ORDER BY d.day),
                scene.lengths || array_agg(last - first)
            INTO scene.anchors, scene.lengths
            FROM generate_series(date_trunc('day', scene.range_start AT TIME ZONE scene.zone),
                date_trunc('day', scene.range_end AT TIME ZONE scene.zone), interval '1 day') AS d (day)
            WHERE date_part('dow', d.day) = weekday;
    END IF;
END
$$;

-- Rules, most of them near the wall clock at the pivot, before or after it turns.
CREATE FUNCTION oracle.add_rules(INOUT scene oracle.scene, schedule_id uuid) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    reading timestamp;
    weekday integer;
    first integer;
BEGIN
    IF schedule_id IS NULL OR oracle.chance(3) THEN
        RETURN;
    END IF;
    -- what is long needs whole days to fit in
    IF scene.duration > 240 AND oracle.chance(70) THEN
        FOR weekday IN 0 .. 6 LOOP
            scene := oracle.add_rule(scene, schedule_id, weekday, 0, 1440);
        END LOOP;
    END IF;
    FOR i IN 1 .. oracle.one_of(1, 2, 3, 4, 6) LOOP
        reading := (scene.pivot - oracle.one_of(0, 0, 1) * interval '1 second') AT TIME ZONE scene.zone;
        weekday := (date_part('dow', reading)::integer + oracle.one_of(0, 0, 0, 6, 1)) % 7;
        first := date_part('hour', reading)::integer * 60 + date_part('minute', reading)::integer + oracle.roll(-90, 60);
        first := CASE WHEN oracle.chance(50) THEN first - first % 15 ELSE first END;
        CASE oracle.word('week', 'day', 'midnight', 'midnight', 'near', 'near', 'near', 'near', 'office', 'anywhere')
        WHEN 'week' THEN
            FOR weekday IN 0 .. 6 LOOP
                scene := oracle.add_rule(scene, schedule_id, weekday, 0, 1440);
            END LOOP;
        WHEN 'day' THEN
            scene := oracle.add_rule(scene, schedule_id, weekday, 0, 1440);
        WHEN 'midnight' THEN
            scene := oracle.add_rule(scene, schedule_id, weekday, oracle.roll(1200, 1439), 1440);
            scene := oracle.add_rule(scene, schedule_id, (weekday + 1) % 7, 0, oracle.roll(1, 240));
        WHEN 'near' THEN
            scene := oracle.add_rule(scene, schedule_id, weekday, first,
                first + oracle.one_of(1, 30, 60, 120, 240, scene.duration, oracle.roll(1, 300)));
        WHEN 'office' THEN
            FOR weekday IN 0 .. 6 LOOP
                scene := oracle.add_rule(scene, schedule_id, weekday, 540, 1020);
            END LOOP;
        ELSE
            first := oracle.roll(0, 1439);
            scene := oracle.add_rule(scene, schedule_id, weekday, first, oracle.roll(first + 1, 1440));
        END CASE;
    END LOOP;
END
$$;

-- Added and blocking overrides; some of another schedule, some of all of them, some that end at midnight.
CREATE FUNCTION oracle.add_overrides(INOUT scene oracle.scene) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    starts timestamptz;
    ends timestamptz;
    is_added boolean;
    target uuid;
BEGIN
    FOR i IN 1 .. oracle.one_of(0, 0, 1, 1, 2, 3, 5) LOOP
        starts := CASE oracle.roll(1, 5)
            WHEN 1 THEN oracle.midnight(scene, scene.pivot, oracle.roll(-1, 1))
                + oracle.one_of(0, -120, -60, -1, 1, 60, 600) * interval '1 minute'
            WHEN 2 THEN oracle.some_start(scene)
            WHEN 3 THEN oracle.some_start(scene) + scene.duration * interval '1 minute'
            WHEN 4 THEN scene.pivot + oracle.roll(-120, 120) * interval '1 minute'
            ELSE scene.range_start + random() * (scene.range_end - scene.range_start) END;
        IF oracle.chance(80) THEN
            starts := date_trunc('minute', starts, 'UTC') + oracle.one_of(0, 0, 0, oracle.roll(1, 59)) * interval '1 second';
        END IF;
        ends := starts + oracle.one_of(1, 7, 15, 30, 45, 60, 90, 120, 240, 600, oracle.roll(10, 3000)) * interval '1 minute'
            + oracle.one_of(0, 0, 0, oracle.roll(1, 59)) * interval '1 second';
        IF oracle.chance(15) AND oracle.midnight(scene, starts, 1) > starts THEN
            ends := oracle.midnight(scene, starts, 1);
        END IF;
        is_added := oracle.chance(65);
        IF is_added AND oracle.chance(4) THEN
            starts := starts - oracle.roll(0, 20 * 1440) * interval '1 minute';
            ends := ends + oracle.roll(0, 20 * 1440) * interval '1 minute';
        END IF;
        target := oracle.one_of(NULL, scene.schedule_id, scene.schedule_id, scene.schedule_id, scene.other_schedule_id);
        INSERT INTO opencalendly.availability_overrides
            (user_id, schedule_id, starts_at, ends_at, is_available, replaces_day)
            VALUES (scene.user_id, target, starts, ends, is_added, is_added AND oracle.chance(40));
        IF is_added AND (target IS NULL OR target = scene.schedule_id) THEN
            scene.anchors := scene.anchors || starts;
            scene.lengths := scene.lengths || floor(extract(epoch FROM ends - starts) / 60)::integer;
        END IF;
    END LOOP;
END
$$;

-- The clock, and the event type with its limits; boundaries fall on starts where that can be. Also another event type.
CREATE FUNCTION oracle.add_event_type(INOUT scene oracle.scene) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    e opencalendly.event_types;
    today date;
    target date;
BEGIN
    scene.clock := CASE oracle.roll(1, 10)
        WHEN 1 THEN oracle.some_start(scene)
        WHEN 2 THEN scene.range_start + random() * (scene.range_end - scene.range_start)
        WHEN 3 THEN scene.range_start - oracle.roll(0, 120) * interval '1 minute'
        ELSE scene.range_start - oracle.roll(1, 30 * 1440) * interval '1 minute' END
        + oracle.one_of(0, 0, 0, oracle.roll(-59, 59)) * interval '1 second';
    PERFORM set_config('opencalendly.clock', scene.clock::text, true);
    today := (scene.clock AT TIME ZONE scene.zone)::date;

    e.buffer_before_minutes := oracle.one_of(NULL, NULL, NULL, NULL, 0, 5, 10, 15, 60, 180);
    e.buffer_after_minutes := oracle.one_of(NULL, NULL, NULL, NULL, 0, 5, 10, 15, 60, 180);
    e.min_notice_minutes := least(greatest(CASE oracle.roll(1, 8)
        WHEN 1 THEN oracle.one_of(5, 60, 240, 1440)
        WHEN 2 THEN oracle.roll(0, 7200)
        WHEN 3 THEN ceil(extract(epoch FROM oracle.some_start(scene) - scene.clock) / 60)::integer
        ELSE 0 END, 0), 43200);
    target := (oracle.some_start(scene) AT TIME ZONE scene.zone)::date;
    e.max_days_ahead := CASE WHEN oracle.chance(15)
        THEN least(greatest(target - today + oracle.roll(-1, 1), 1), 366) END;
    e.bookable_from := CASE WHEN oracle.chance(10) THEN target + oracle.roll(-1, 1) END;
    e.bookable_until := CASE WHEN oracle.chance(10) THEN COALESCE(e.bookable_from, target - 1) + oracle.roll(0, 2) END;
    e.daily_booking_limit := CASE WHEN oracle.chance(15) THEN oracle.roll(1, 4) END;
    e.weekly_booking_limit := CASE WHEN oracle.chance(12) THEN oracle.roll(1, 6) END;
    e.monthly_booking_limit := CASE WHEN oracle.chance(12) THEN oracle.roll(1, 8) END;
    INSERT INTO opencalendly.event_types (user_id, slug, duration_minutes, slot_interval_minutes, buffer_before_minutes,
            buffer_after_minutes, min_notice_minutes, max_days_ahead, bookable_from, bookable_until,
            daily_booking_limit, weekly_booking_limit, monthly_booking_limit, seats, schedule_id)
        VALUES (scene.user_id, 'asked', scene.duration, scene.step, e.buffer_before_minutes,
            e.buffer_after_minutes, e.min_notice_minutes, e.max_days_ahead, e.bookable_from, e.bookable_until,
            e.daily_booking_limit, e.weekly_booking_limit, e.monthly_booking_limit, scene.seats,
            (SELECT s.id FROM opencalendly.schedules AS s
             WHERE s.id = scene.schedule_id AND (NOT s.is_default OR oracle.chance(20))))
        RETURNING id INTO scene.event_type_id;
    INSERT INTO opencalendly.event_types (user_id, slug, duration_minutes, seats)
        VALUES (scene.user_id, 'other', oracle.one_of(15, 30, scene.duration), oracle.roll(1, 3))
        RETURNING id INTO scene.other_event_type_id;
END
$$;

-- Windows from outside, and claims that belong to no meeting, in force or run out.
CREATE FUNCTION oracle.add_busy(scene oracle.scene) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    starts timestamptz;
    ends timestamptz;
BEGIN
    FOR i IN 1 .. oracle.one_of(0, 0, 1, 2, 4) LOOP
        starts := oracle.some_start(scene) + oracle.one_of(0, 0, scene.duration, oracle.roll(-60, 60)) * interval '1 minute'
            + oracle.one_of(0, 0, 0, oracle.roll(1, 59)) * interval '1 second';
        ends := starts + oracle.one_of(1, 5, 15, 15, 30, 30, 60, 120, oracle.roll(1, 1500)) * interval '1 minute'
            + oracle.one_of(0, 0, 0, oracle.roll(1, 59)) * interval '1 second';
        IF oracle.chance(65) THEN
            INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at)
                VALUES (scene.user_id, starts, ends);
        ELSE
            INSERT INTO opencalendly.claims (host_id, during, expires_at)
                VALUES (scene.user_id, tstzrange(starts, ends), scene.clock
                    + oracle.one_of(NULL, NULL, 0, 0, oracle.roll(-600, 600)) * interval '1 second')
                ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END
$$;

-- Accounts with calendars, read just before or after they are too old to go by, if the account has them refused then.
CREATE FUNCTION oracle.add_calendars(scene oracle.scene) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    c opencalendly.calendar_connections;
BEGIN
    FOR i IN 1 .. oracle.one_of(0, 0, 0, 0, 0, 0, 1, 1, 2) LOOP
        c.stale_after_minutes := oracle.one_of(5, 60, 1440, 43200);
        INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token,
                refresh_at, access_expires_at, state, staleness, stale_after_minutes, created_at)
            VALUES (scene.user_id, gen_random_uuid(), 'ada@example.com', '{}', '', '', scene.clock, scene.clock,
                oracle.word('active', 'active', 'broken', 'leaving'), oracle.word('refuse', 'refuse', 'trust'),
                c.stale_after_minutes, scene.clock - oracle.word('1 minute', '1 minute', '60 days')::interval)
            RETURNING * INTO c;
        INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source, synced_at)
            SELECT c.id, c.user_id, n, 'Calendar', 'reader', oracle.chance(60), CASE WHEN oracle.chance(80) THEN scene.clock
                - c.stale_after_minutes * interval '1 minute' + oracle.word('1 hour', '1 us', '0', '0', '-1 us')::interval END
            FROM generate_series(1, oracle.roll(1, 3)) AS n;
    END LOOP;
END
$$;

-- The bookings of a meeting with its hosts, and the holds on it; each live one has a seat of its own.
CREATE FUNCTION oracle.fill_meeting(
    scene oracle.scene, meeting opencalendly.occurrences, hosts uuid[], booked integer, held integer)
    RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    is_team constant boolean := EXISTS (SELECT FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = meeting.event_type_id);
    ends timestamptz;
BEGIN
    FOR seat IN 1 .. booked + 1 LOOP
        -- the last one of them is dead, if there is one, and its seat given to a hold or to nobody
        CONTINUE WHEN seat > booked AND (seat > meeting.seats OR oracle.chance(70));
        INSERT INTO opencalendly.bookings (event_type_id, organizer_id, host_ids, occurrence_id, seats, seat_no,
                starts_at, ends_at, status, canceled_at, invitee_name, invitee_email, link_key_id, created_at)
            SELECT meeting.event_type_id, hosts[1], CASE WHEN is_team THEN hosts END, meeting.id, meeting.seats, seat,
                meeting.starts_at, meeting.ends_at, s.status, CASE s.status WHEN 'canceled' THEN scene.clock END, 'Ada',
                'ada@example.com', 1, scene.clock - interval '1 hour'
            FROM (SELECT CASE WHEN seat > booked THEN oracle.word('canceled', 'rescheduled')
                ELSE oracle.word('confirmed', 'confirmed', 'pending') END) AS s (status);
    END LOOP;
    INSERT INTO opencalendly.team_booking_assignments (booking_id, user_id)
        SELECT b.id, unnest(b.host_ids) FROM opencalendly.bookings AS b
        WHERE b.occurrence_id = meeting.id AND b.status IN ('confirmed', 'pending');
    FOR seat IN booked + 1 .. booked + held LOOP
        ends := scene.clock + oracle.one_of(0, 1, 59, 300, oracle.roll(-500, 0)) * interval '1 second';
        INSERT INTO opencalendly.holds (token_hash, event_type_id, occurrence_id, seats, seat_no, created_at, expires_at)
            VALUES (sha256(convert_to(format('%s/%s', meeting.id, seat), 'UTF8')), meeting.event_type_id, meeting.id,
                meeting.seats, seat, least(scene.clock, ends - oracle.roll(60, 600) * interval '1 second'), ends);
    END LOOP;
END
$$;

-- A meeting of the event type with these hosts: full, part-filled, held, run out or canceled, with a claim of each of them
-- if it needs one; if the time of one is taken, there is no such meeting.
CREATE FUNCTION oracle.add_meeting(scene oracle.scene, event_type_id uuid, starts_at timestamptz, hosts uuid[])
    RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    meeting opencalendly.occurrences;
    booked integer;
    held integer;
    claimed integer;
BEGIN
    meeting.ends_at := starts_at + interval '1 minute'
        * CASE WHEN oracle.chance(80) THEN scene.duration ELSE oracle.one_of(5, 15, 30, 60) END;
    meeting.seats := CASE WHEN event_type_id = scene.event_type_id AND oracle.chance(80)
        THEN scene.seats ELSE oracle.roll(1, 5) END;
    booked := oracle.roll(0, meeting.seats);
    held := CASE WHEN oracle.chance(40) THEN oracle.roll(0, meeting.seats - booked) ELSE 0 END;
    INSERT INTO opencalendly.occurrences (event_type_id, starts_at, ends_at, seats)
        VALUES (event_type_id, starts_at, meeting.ends_at, meeting.seats) RETURNING * INTO meeting;
    PERFORM oracle.fill_meeting(scene, meeting, hosts, booked, held);
    IF booked + held = 0 THEN
        RETURN;
    END IF;
    INSERT INTO opencalendly.claims (host_id, occurrence_id, during, expires_at)
        SELECT host_id, meeting.id,
            tstzrange(meeting.starts_at - oracle.one_of(0, 0, 5, 15, 60) * interval '1 minute',
                meeting.ends_at + oracle.one_of(0, 0, 5, 15, 60) * interval '1 minute'),
            CASE WHEN booked = 0 THEN
                (SELECT max(h.expires_at) FROM opencalendly.holds AS h WHERE h.occurrence_id = meeting.id) END
        FROM unnest(hosts) AS host_id
        ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    IF claimed < cardinality(hosts) THEN
        DELETE FROM opencalendly.bookings AS b WHERE b.occurrence_id = meeting.id;
        DELETE FROM opencalendly.occurrences AS o WHERE o.id = meeting.id;
    END IF;
END
$$;

-- Meetings of both event types, near the range or weeks away (for caps).
CREATE FUNCTION oracle.add_meetings(scene oracle.scene) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    FOR i IN 1 .. oracle.one_of(0, 1, 2, 3, 4, 6) LOOP
        PERFORM oracle.add_meeting(scene,
            CASE WHEN oracle.chance(75) THEN scene.event_type_id ELSE scene.other_event_type_id END,
            oracle.some_start(scene)
                + CASE WHEN oracle.chance(25) THEN oracle.roll(-20, 20) * interval '24 hours' ELSE '0' END,
            ARRAY[scene.user_id]);
    END LOOP;
END
$$;

-- Makes case number of seed in the current transaction, sets opencalendly.clock for the rest of it.
CREATE FUNCTION oracle.make(seed bigint, number integer) RETURNS oracle.scene LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    scene oracle.scene := oracle.begin_scene(seed, number);
BEGIN
    scene := oracle.add_host(scene);
    scene := oracle.add_rules(scene, scene.schedule_id);
    scene := oracle.add_rules(scene, scene.other_schedule_id);
    scene := oracle.add_overrides(scene);
    scene := oracle.add_event_type(scene);
    PERFORM oracle.add_busy(scene);
    PERFORM oracle.add_meetings(scene);
    PERFORM oracle.add_calendars(scene);
    RETURN scene;
END
$$;
