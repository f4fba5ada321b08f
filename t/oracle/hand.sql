-- Cases worked out by hand, against which both the oracle and compute_slots are held. Load after compare.sql. Instants
-- are UTC; the promise says why the answer is right.

CREATE TYPE oracle.verdict AS (promise text, expected text, by_oracle text, by_engine text);

-- Starts as 'DD HH:MI[:SS]', with ' xN' behind those that have N seats left, if not one, and behind those of a team the
-- hosts: a is the member of position 1, b of position 2, and so on.
CREATE FUNCTION oracle.listed(event_type_id uuid, slots oracle.slot[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT COALESCE(string_agg(regexp_replace(to_char(s.starts_at AT TIME ZONE 'UTC', 'DD HH24:MI:SS'), ':00$', '')
        || CASE s.seats_left WHEN 1 THEN '' ELSE ' x' || s.seats_left END
        || COALESCE(' ' || (
            SELECT string_agg(chr(ascii('a') + m.position - 1), '' ORDER BY i.n)
            FROM unnest(s.host_ids) WITH ORDINALITY AS i (host_id, n)
                JOIN opencalendly.team_event_types AS t ON t.event_type_id = listed.event_type_id
                JOIN opencalendly.team_members AS m ON m.team_id = t.team_id AND m.user_id = i.host_id), ''),
        ', ' ORDER BY s.n), '')
    FROM unnest(slots) WITH ORDINALITY AS s (starts_at, ends_at, seats_left, host_ids, n)
$$;

-- Both answers for the starts in [range_start, range_end).
CREATE FUNCTION oracle.by_hand(
    promise text, event_type_id uuid, range_start timestamptz, range_end timestamptz, expected text,
    ignore_booking uuid DEFAULT NULL, hold_id uuid DEFAULT NULL, hold_token text DEFAULT NULL,
    all_hosts boolean DEFAULT false)
    RETURNS oracle.verdict LANGUAGE sql VOLATILE AS $$
    SELECT ROW(promise, expected, oracle.listed(event_type_id, oracle.expected(q)),
        oracle.listed(event_type_id, oracle.computed(q)))::oracle.verdict
    FROM (SELECT ROW(event_type_id, range_start, range_end, 10000, ignore_booking, hold_id, hold_token,
        all_hosts)::oracle.question) AS asked (q)
$$;

-- Rules out of 'sun 02:15-02:45, mon 09:00-12:00 10/20' (buffers before and after).
CREATE FUNCTION oracle.set_hours(schedule_id uuid, hours text) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO opencalendly.availability_rules (schedule_id, day_of_week, start_minute, end_minute,
            buffer_before_minutes, buffer_after_minutes)
        SELECT set_hours.schedule_id, strpos('sunmontuewedthufrisat', left(r.rule, 3)) / 3,
            extract(epoch FROM substr(r.rule, 5, 5)::interval) / 60,
            extract(epoch FROM substr(r.rule, 11, 5)::interval) / 60,
            COALESCE(substring(r.rule FROM ' (\d+)/')::integer, 0), COALESCE(substring(r.rule FROM '/(\d+)$')::integer, 0)
        FROM string_to_table(hours, ', ') AS r (rule)
$$;

-- A new user with these hours in the default schedule, which has the user's id (null: no such schedule).
CREATE FUNCTION oracle.example_host(zone text, hours text) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    user_id constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO opencalendly.users (id, username, email, timezone)
        VALUES (user_id, user_id, user_id || '@example.com', zone);
    IF hours IS NOT NULL THEN
        INSERT INTO opencalendly.schedules (id, user_id, name, is_default) VALUES (user_id, user_id, 'Hours', true);
        PERFORM oracle.set_hours(user_id, hours);
    END IF;
    RETURN user_id;
END
$$;

-- An event type of a new user with these hours.
CREATE FUNCTION oracle.example(zone text, hours text, duration integer, step integer) RETURNS uuid
    LANGUAGE sql VOLATILE AS $$
    INSERT INTO opencalendly.event_types (id, user_id, slug, duration_minutes, slot_interval_minutes)
        VALUES (gen_random_uuid(), oracle.example_host(zone, hours), 'example', duration, step)
        RETURNING id
$$;

-- The same host again, with an override of the default schedule.
CREATE FUNCTION oracle.host_with_override(
    host_id uuid, starts_at timestamptz, ends_at timestamptz, is_available boolean, replaces_day boolean DEFAULT false,
    of_all boolean DEFAULT false)
    RETURNS uuid LANGUAGE sql VOLATILE AS $$
    INSERT INTO opencalendly.availability_overrides (user_id, schedule_id, starts_at, ends_at, is_available, replaces_day)
        VALUES (host_id, CASE WHEN NOT of_all THEN host_id END, starts_at, ends_at, is_available, replaces_day)
        RETURNING user_id
$$;

-- The same host again, with a busy window from outside.
CREATE FUNCTION oracle.host_with_busy(host_id uuid, starts_at timestamptz, ends_at timestamptz) RETURNS uuid
    LANGUAGE sql VOLATILE AS $$
    INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (host_id, starts_at, ends_at)
        RETURNING user_id
$$;

-- The same host again, with a calendar of a new account that was last read then.
CREATE FUNCTION oracle.host_with_calendar(
    host_id uuid, read_at timestamptz, minutes integer DEFAULT 1440, staleness text DEFAULT 'refuse', state text DEFAULT 'active',
    is_busy_source boolean DEFAULT true, connected_at timestamptz DEFAULT '2026-01-01 00:00Z')
    RETURNS uuid LANGUAGE sql VOLATILE AS $$
    WITH connection AS (
        INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token,
                refresh_at, access_expires_at, state, staleness, stale_after_minutes, created_at)
            VALUES (host_id, gen_random_uuid(), 'ada@example.com', '{}', '', '', connected_at, connected_at, state, staleness,
                minutes, connected_at)
            RETURNING id)
    INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source, synced_at)
        SELECT c.id, host_id, 'primary', 'Calendar', 'owner', is_busy_source, read_at FROM connection AS c
        RETURNING user_id
$$;

-- The same event type again, its owner with an override or with a busy window.
CREATE FUNCTION oracle.with_override(
    event_type_id uuid, starts_at timestamptz, ends_at timestamptz, is_available boolean, replaces_day boolean DEFAULT false,
    of_all boolean DEFAULT false)
    RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT oracle.host_with_override(e.user_id, starts_at, ends_at, is_available, replaces_day, of_all)
        FROM opencalendly.event_types AS e WHERE e.id = event_type_id;
    SELECT event_type_id
$$;

CREATE FUNCTION oracle.with_busy(event_type_id uuid, starts_at timestamptz, ends_at timestamptz) RETURNS uuid
    LANGUAGE sql VOLATILE AS $$
    SELECT oracle.host_with_busy(e.user_id, starts_at, ends_at)
        FROM opencalendly.event_types AS e WHERE e.id = event_type_id;
    SELECT event_type_id
$$;

-- The same event type again, with other values in some columns.
CREATE FUNCTION oracle.with_values(event_type_id uuid, assignments text) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    EXECUTE format('UPDATE opencalendly.event_types SET %s WHERE id = %L', assignments, event_type_id);
    RETURN event_type_id;
END
$$;

-- The same event type again, with a meeting of its duration that has so many bookings, all of the given status, and a
-- claim of each host, of the owner if none are given, wider by buffer minutes on each side.
CREATE FUNCTION oracle.with_meeting(
    event_type_id uuid, starts_at timestamptz, booked integer DEFAULT 1, status text DEFAULT 'confirmed',
    buffer integer DEFAULT 0, hosts uuid[] DEFAULT NULL)
    RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    meeting opencalendly.occurrences;
    attending constant uuid[] := COALESCE(hosts,
        (SELECT ARRAY[e.user_id] FROM opencalendly.event_types AS e WHERE e.id = with_meeting.event_type_id));
BEGIN
    INSERT INTO opencalendly.occurrences (event_type_id, starts_at, ends_at, seats)
        SELECT e.id, with_meeting.starts_at, with_meeting.starts_at + e.duration_minutes * interval '1 minute', e.seats
        FROM opencalendly.event_types AS e WHERE e.id = with_meeting.event_type_id
        RETURNING * INTO meeting;
    INSERT INTO opencalendly.bookings (event_type_id, organizer_id, host_ids, occurrence_id, seats, seat_no, starts_at,
            ends_at, status, canceled_at, invitee_name, invitee_email, link_key_id, created_at)
        SELECT meeting.event_type_id, attending[1], hosts, meeting.id, meeting.seats, seat, meeting.starts_at,
            meeting.ends_at, with_meeting.status, CASE with_meeting.status WHEN 'canceled' THEN now() END, 'Ada',
            'ada@example.com', 1, now()
        FROM generate_series(1, booked) AS seat;
    IF status IN ('confirmed', 'pending') THEN
        INSERT INTO opencalendly.claims (host_id, occurrence_id, during)
            SELECT host_id, meeting.id, tstzrange(meeting.starts_at - buffer * interval '1 minute',
                meeting.ends_at + buffer * interval '1 minute')
            FROM unnest(attending) AS host_id;
    END IF;
    RETURN event_type_id;
END
$$;

-- Rule 1 and 4: what the clock on the wall shows.
CREATE FUNCTION oracle.hand_clocks() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('opencalendly.clock', '1970-01-01 00:00Z', true);
    RETURN NEXT oracle.by_hand('Berlin forward: 02:15 to 02:45 do not exist',
        oracle.example('Europe/Berlin', 'sun 02:15-02:45', 15, 15), '2026-03-29 00:00Z', '2026-03-30 00:00Z', '');
    RETURN NEXT oracle.by_hand('Berlin back: 02:00 to 03:00 is there twice',
        oracle.example('Europe/Berlin', 'sun 02:00-03:00', 15, 15), '2026-10-25 00:00Z', '2026-10-26 00:00Z',
        '25 00:00, 25 00:15, 25 00:30, 25 00:45, 25 01:00, 25 01:15, 25 01:30, 25 01:45');
    RETURN NEXT oracle.by_hand('Berlin back: both passes are one stretch of two hours',
        oracle.example('Europe/Berlin', 'sun 02:00-03:00', 90, 30), '2026-10-25 00:00Z', '2026-10-26 00:00Z',
        '25 00:00, 25 00:30');
    RETURN NEXT oracle.by_hand('windows that touch at midnight are one window',
        oracle.example('Europe/Berlin', 'sat 23:00-24:00, sun 00:00-01:00', 60, 30),
        '2026-07-04 00:00Z', '2026-07-06 00:00Z', '04 21:00, 04 21:30, 04 22:00');
    RETURN NEXT oracle.by_hand('New York back: 00:30 to 01:30 is an hour, and half of one again',
        oracle.example('America/New_York', 'sun 00:30-01:30', 30, 15), '2026-11-01 00:00Z', '2026-11-02 00:00Z',
        '01 04:30, 01 04:45, 01 05:00, 01 06:00');
    RETURN NEXT oracle.by_hand('New York forward: the skipped grid point is not there',
        oracle.example('America/New_York', 'sun 01:00-04:00', 30, 60), '2026-03-08 00:00Z', '2026-03-09 00:00Z',
        '08 06:00, 08 07:00');
    RETURN NEXT oracle.by_hand('New York forward: duration is elapsed time, 01:00 to 04:00 has two hours',
        oracle.example('America/New_York', 'sun 01:00-04:00', 90, 60), '2026-03-08 00:00Z', '2026-03-09 00:00Z',
        '08 06:00');
    RETURN NEXT oracle.by_hand('Lord Howe back by half an hour: 01:30 to 02:00 twice, in one stretch',
        oracle.example('Australia/Lord_Howe', 'sun 01:00-02:00', 15, 15), '2026-04-04 12:00Z', '2026-04-05 12:00Z',
        '04 14:00, 04 14:15, 04 14:30, 04 14:45, 04 15:00, 04 15:15');
    RETURN NEXT oracle.by_hand('Lord Howe forward by half an hour: the grid goes on by the wall clock',
        oracle.example('Australia/Lord_Howe', 'sun 02:00-03:00', 15, 20), '2026-10-03 12:00Z', '2026-10-04 12:00Z',
        '03 15:40');
    RETURN NEXT oracle.by_hand('Apia 2011-12-30 does not exist, and Thursday touches Saturday',
        oracle.example('Pacific/Apia', 'thu 23:00-24:00, fri 00:00-24:00, sat 00:00-01:00', 60, 30),
        '2011-12-29 12:00Z', '2011-12-30 12:00Z', '30 09:00, 30 09:30, 30 10:00');
    RETURN NEXT oracle.by_hand('Santiago has no midnight: 00:00 to 02:00 begins at 01:00',
        oracle.example('America/Santiago', 'sun 00:00-02:00', 30, 30), '2026-09-06 00:00Z', '2026-09-07 00:00Z',
        '06 04:00, 06 04:30');
    RETURN NEXT oracle.by_hand('Santiago has no midnight: 24:00 touches 01:00',
        oracle.example('America/Santiago', 'sat 23:30-24:00, sun 01:00-01:30', 60, 30),
        '2026-09-06 00:00Z', '2026-09-07 00:00Z', '06 03:30');
    RETURN NEXT oracle.by_hand('Santiago back from midnight: the last hour of Saturday twice',
        oracle.example('America/Santiago', 'sat 23:00-24:00', 30, 30), '2026-04-05 00:00Z', '2026-04-06 00:00Z',
        '05 02:00, 05 02:30, 05 03:00, 05 03:30');
    RETURN NEXT oracle.by_hand('Kathmandu: offset 5:45',
        oracle.example('Asia/Kathmandu', 'mon 00:00-00:30', 15, 15), '2026-03-01 00:00Z', '2026-03-02 00:00Z',
        '01 18:15, 01 18:30');
    RETURN NEXT oracle.by_hand('Casablanca back for Ramadan',
        oracle.example('Africa/Casablanca', 'sun 02:00-03:00', 30, 30), '2026-02-15 00:00Z', '2026-02-16 00:00Z',
        '15 01:00, 15 01:30, 15 02:00, 15 02:30');
    RETURN NEXT oracle.by_hand('Gaza forward on a Saturday',
        oracle.example('Asia/Gaza', 'sat 02:00-03:30', 30, 30), '2026-03-27 12:00Z', '2026-03-28 12:00Z', '28 00:00');
    RETURN NEXT oracle.by_hand('Havana: the first hour of the day twice',
        oracle.example('America/Havana', 'sun 00:00-01:00', 30, 30), '2026-11-01 00:00Z', '2026-11-02 00:00Z',
        '01 04:00, 01 04:30, 01 05:00, 01 05:30');
    RETURN NEXT oracle.by_hand('St. John''s back from 00:01: Saturday ends twice, a minute of Sunday between',
        oracle.example('America/St_Johns', 'sat 23:30-24:00', 30, 30), '2010-11-07 00:00Z', '2010-11-08 00:00Z',
        '07 02:00, 07 03:00');
    RETURN NEXT oracle.by_hand('Monrovia forward from an offset with seconds: the window begins at 00:44:30',
        oracle.example('Africa/Monrovia', 'fri 00:00-02:00', 15, 15), '1972-01-07 00:00Z', '1972-01-08 00:00Z',
        '07 00:45, 07 01:00, 07 01:15, 07 01:30, 07 01:45');
END
$$;

-- Rule 2 and 4: overrides. The host is in Berlin (UTC + 2), 6 July 2026 is a Monday.
CREATE FUNCTION oracle.hand_overrides() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    asked uuid;
    named uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '2010-01-01 00:00Z', true);
    RETURN NEXT oracle.by_hand('an added override that touches a rule makes one window',
        oracle.with_override(oracle.example('Europe/Berlin', 'mon 11:00-12:00', 45, 15),
            '2026-07-06 10:00Z', '2026-07-06 10:30Z', true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 09:00, 06 09:15, 06 09:30, 06 09:45');
    RETURN NEXT oracle.by_hand('an added override has a grid of its own, from its start with its seconds',
        oracle.with_override(oracle.example('Europe/Berlin', 'mon 11:00-12:00', 30, 20),
            '2026-07-06 12:00:30Z', '2026-07-06 13:00:30Z', true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 09:00, 06 09:20, 06 12:00:30, 06 12:20:30');
    RETURN NEXT oracle.by_hand('a block wins over an addition and over a rule',
        oracle.with_override(oracle.with_override(oracle.example('Europe/Berlin', 'mon 11:00-12:00', 30, 30),
            '2026-07-06 10:00Z', '2026-07-06 11:00Z', true), '2026-07-06 09:30Z', '2026-07-06 10:30Z', false),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 09:00, 06 10:30');
    RETURN NEXT oracle.by_hand('a block is tested against the bare slot, buffers apart',
        oracle.with_values(oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-12:00', 60, 60),
            '2026-07-06 07:00Z', '2026-07-06 08:00Z', false), 'buffer_before_minutes = 30'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 08:00, 06 09:00');
    RETURN NEXT oracle.by_hand('replaces_day up to midnight touches one date',
        oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-10:00, tue 09:00-10:00', 60, 60),
            '2026-07-06 21:00Z', '2026-07-06 22:00Z', true, true),
        '2026-07-06 00:00Z', '2026-07-08 00:00Z', '06 21:00, 07 07:00');
    RETURN NEXT oracle.by_hand('replaces_day over midnight touches both dates, wherever the range begins',
        oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-10:00, tue 09:00-10:00, wed 09:00-10:00', 60, 60),
            '2026-07-06 21:00Z', '2026-07-06 22:00:00.000001Z', true, true),
        '2026-07-07 00:00Z', '2026-07-09 00:00Z', '08 07:00');
    RETURN NEXT oracle.by_hand('St. John''s back from 00:01: the minute touches Sunday, not the end of Saturday after it',
        oracle.with_override(oracle.example('America/St_Johns', 'sat 23:30-24:00, sun 12:00-13:00', 30, 30),
            '2010-11-07 02:30:15Z', '2010-11-07 02:30:45Z', true, true),
        '2010-11-07 00:00Z', '2010-11-08 00:00Z', '07 02:00, 07 03:00');
    RETURN NEXT oracle.by_hand('St. John''s back from 00:01: from that minute into Saturday''s second end touches both',
        oracle.with_override(oracle.example('America/St_Johns', 'sat 23:30-24:00, sun 12:00-13:00, mon 12:00-12:30', 30, 30),
            '2010-11-07 02:30:30Z', '2010-11-07 02:32Z', true, true),
        '2010-11-07 00:00Z', '2010-11-09 00:00Z', '08 15:30');
    RETURN NEXT oracle.by_hand('on a replaced date other added overrides still add',
        oracle.with_override(oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-10:00', 60, 60),
            '2026-07-06 12:00Z', '2026-07-06 13:00Z', true, true), '2026-07-06 15:00Z', '2026-07-06 16:00Z', true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 12:00, 06 15:00');
    RETURN NEXT oracle.by_hand('without a default schedule the overrides of all schedules still count',
        oracle.with_override(oracle.example('Europe/Berlin', NULL, 60, 60),
            '2026-07-06 12:00Z', '2026-07-06 13:00Z', true, false, true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 12:00');

    asked := oracle.with_override(oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-12:00', 60, 60),
        '2026-07-06 07:00Z', '2026-07-06 08:00Z', false, false, true), '2026-07-06 09:00Z', '2026-07-06 10:00Z', false);
    RETURN NEXT oracle.by_hand('time off and the own schedule''s block count in the default schedule', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 08:00');
    INSERT INTO opencalendly.schedules (user_id, name, timezone)
        SELECT e.user_id, 'Named', 'Europe/London' FROM opencalendly.event_types AS e WHERE e.id = asked
        RETURNING schedules.id INTO named;
    PERFORM oracle.set_hours(named, 'mon 08:00-11:00');
    RETURN NEXT oracle.by_hand('a named schedule has its own zone, and no overrides of the default one but time off',
        oracle.with_values(asked, format('schedule_id = %L', named)),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 08:00, 06 09:00');
END
$$;

-- Rule 3 and 4: busy time, buffers, seats. The host is in Berlin (UTC + 2), 6 July 2026 is a Monday.
CREATE FUNCTION oracle.hand_busy() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    asked uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-01-01 00:00Z', true);
    RETURN NEXT oracle.by_hand('busy time takes slots away and does not move the grid',
        oracle.with_busy(oracle.example('Europe/Berlin', 'mon 09:00-11:00', 30, 30),
            '2026-07-06 07:45Z', '2026-07-06 08:10Z'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 08:30');
    RETURN NEXT oracle.by_hand('the buffers of two bookings add up, and need not lie in a window',
        oracle.with_values(oracle.with_meeting(oracle.example('Europe/Berlin', 'mon 09:00-12:00', 30, 15),
            '2026-07-06 08:00Z', 1, 'confirmed', 15), 'buffer_before_minutes = 15, buffer_after_minutes = 15'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 09:00, 06 09:15, 06 09:30');
    RETURN NEXT oracle.by_hand('a rule''s buffers count for the slots of its own grid',
        oracle.with_busy(oracle.example('Europe/Berlin', 'mon 09:00-12:00, mon 09:10-12:00 60/60', 10, 30),
            '2026-07-06 08:30Z', '2026-07-06 08:35Z'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:10, 06 07:30, 06 08:00, 06 09:00, 06 09:30, 06 09:40');
    RETURN NEXT oracle.by_hand('the larger of two rules'' buffers counts, before and after each',
        oracle.with_busy(oracle.example('Europe/Berlin', 'mon 09:00-12:00 0/60, mon 09:30-12:00 30/0', 30, 30),
            '2026-07-06 08:30Z', '2026-07-06 09:00Z'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 09:30');
    RETURN NEXT oracle.by_hand('the event type''s buffers stand in place of the rule''s, each by itself, 0 too',
        oracle.with_values(oracle.with_busy(oracle.example('Europe/Berlin', 'mon 09:00-12:00 60/60', 30, 30),
            '2026-07-06 08:30Z', '2026-07-06 09:00Z'), 'buffer_before_minutes = 0'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 09:00, 06 09:30');
    RETURN NEXT oracle.by_hand('a slot from an added override has no buffers',
        oracle.with_busy(oracle.with_override(oracle.example('Europe/Berlin', 'mon 09:00-10:00 60/60', 30, 30),
            '2026-07-06 12:00Z', '2026-07-06 13:30Z', true), '2026-07-06 12:30Z', '2026-07-06 13:00Z'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30, 06 12:00, 06 13:00');

    asked := oracle.with_values(oracle.example('Europe/Berlin', 'mon 09:00-10:30', 30, 15), 'seats = 3');
    RETURN NEXT oracle.by_hand('a part-filled meeting can be joined, and nothing else overlaps it',
        oracle.with_meeting(asked, '2026-07-06 07:15Z', 2), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:15, 06 07:45 x3, 06 08:00 x3');
    RETURN NEXT oracle.by_hand('a pending booking has its seat, a canceled one has not',
        oracle.with_meeting(oracle.with_meeting(asked, '2026-07-06 07:45Z', 1, 'pending'),
            '2026-07-06 08:15Z', 3, 'canceled'),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:15, 06 07:45 x2');
    RETURN NEXT oracle.by_hand('with fewer seats than are taken a meeting is full',
        oracle.with_values(asked, 'seats = 2'), '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:45');
    RETURN NEXT oracle.by_hand('more seats do not hold for a meeting that was made with less',
        oracle.with_values(asked, 'seats = 9'), '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:15, 06 07:45 x2');
    RETURN NEXT oracle.by_hand('a meeting of another length cannot be joined',
        oracle.with_values(asked, 'seats = 3, duration_minutes = 15'), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 x3, 06 08:15 x3');

    asked := oracle.with_meeting(oracle.example('Europe/Berlin', 'mon 09:00-10:30', 30, 15), '2026-07-06 07:15Z');
    RETURN NEXT oracle.by_hand('as if a booking were gone', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00, 06 07:15, 06 07:30, 06 07:45, 06 08:00',
        (SELECT b.id FROM opencalendly.bookings AS b WHERE b.event_type_id = asked));
    UPDATE opencalendly.claims AS c SET expires_at = '2026-07-01 00:00Z' FROM opencalendly.event_types AS e
        WHERE e.id = asked AND c.host_id = e.user_id;
    DELETE FROM opencalendly.bookings AS b WHERE b.event_type_id = asked;
    PERFORM set_config('opencalendly.clock', '2026-06-30 23:59:59.999999Z', true);
    RETURN NEXT oracle.by_hand('a claim counts until it runs out', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:45, 06 08:00');
    PERFORM set_config('opencalendly.clock', '2026-07-01 00:00Z', true);
    RETURN NEXT oracle.by_hand('at the instant at which it runs out a claim is gone', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:15, 06 07:30, 06 07:45, 06 08:00');
END
$$;

-- Rule 5: notice, horizon, caps, holds. The host is in Berlin (UTC + 2), 6 July 2026 is a Monday.
CREATE FUNCTION oracle.hand_limits() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    days constant text := 'sun 23:00-24:00, mon 00:00-01:00, tue 00:00-01:00';
    asked uuid;
    token text;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-07-05 21:00Z', true);
    asked := oracle.example('Europe/Berlin', days, 60, 30);
    RETURN NEXT oracle.by_hand('a slot that begins now is open', asked, '2026-07-05 00:00Z', '2026-07-07 00:00Z',
        '05 21:00, 05 21:30, 05 22:00, 06 22:00');
    RETURN NEXT oracle.by_hand('notice is met to the instant', oracle.with_values(asked, 'min_notice_minutes = 60'),
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '05 22:00, 06 22:00');
    RETURN NEXT oracle.by_hand('days ahead are local dates',
        oracle.with_values(asked, 'min_notice_minutes = 0, max_days_ahead = 1'),
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '05 21:00, 05 21:30, 05 22:00');
    RETURN NEXT oracle.by_hand('bookable dates are local, both included',
        oracle.with_values(asked, 'max_days_ahead = NULL, bookable_from = ''2026-07-06'', bookable_until = ''2026-07-06'''),
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '05 22:00');
    RETURN NEXT oracle.by_hand('the start lies in [from, to)',
        oracle.with_values(asked, 'bookable_from = NULL, bookable_until = NULL'),
        '2026-07-05 21:30Z', '2026-07-05 22:00Z', '05 21:30');
    PERFORM oracle.with_meeting(asked, '2026-07-06 23:00Z');
    RETURN NEXT oracle.by_hand('a cap counts by local day',
        oracle.with_values(asked, 'daily_booking_limit = 1'), '2026-07-05 00:00Z', '2026-07-07 00:00Z',
        '05 21:00, 05 21:30, 05 22:00');
    RETURN NEXT oracle.by_hand('a cap counts by ISO week, from Monday',
        oracle.with_values(asked, 'daily_booking_limit = NULL, weekly_booking_limit = 1'),
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '05 21:00, 05 21:30');
    RETURN NEXT oracle.by_hand('a cap counts by month',
        oracle.with_values(asked, 'weekly_booking_limit = NULL, monthly_booking_limit = 1'),
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '');
    RETURN NEXT oracle.by_hand('an ignored booking does not count', asked, '2026-07-05 00:00Z', '2026-07-07 00:00Z',
        '05 21:00, 05 21:30, 05 22:00, 06 22:00',
        (SELECT b.id FROM opencalendly.bookings AS b WHERE b.event_type_id = asked));

    asked := oracle.with_values(oracle.example('Europe/Berlin', days, 60, 30),
        'min_notice_minutes = 60, daily_booking_limit = 1');
    token := (SELECT h.hold_token FROM opencalendly.hold_slot(asked, '2026-07-05 22:00Z', '5 min') AS h);
    PERFORM set_config('opencalendly.clock', '2026-07-05 21:04:59Z', true);
    RETURN NEXT oracle.by_hand('a held slot is taken, and the hold counts in caps', asked,
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '06 22:00');
    RETURN NEXT oracle.by_hand('with its token it is open, and notice is judged at the hold''s making', asked,
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '05 22:00, 06 22:00', NULL,
        (SELECT h.id FROM opencalendly.holds AS h WHERE h.event_type_id = asked), token);
    PERFORM set_config('opencalendly.clock', '2026-07-05 21:05Z', true);
    RETURN NEXT oracle.by_hand('a hold that has run out is gone, and with it its notice', asked,
        '2026-07-05 00:00Z', '2026-07-07 00:00Z', '06 22:00');
END
$$;

-- What is known of hosts' calendars grows old.
CREATE FUNCTION oracle.hand_freshness() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    asked uuid;
    host uuid;
    old constant timestamptz := '2026-07-04 11:59:59.999999Z';
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-07-05 12:00Z', true);
    asked := oracle.example('Europe/Berlin', 'mon 09:00-10:00', 30, 30);
    host := (SELECT e.user_id FROM opencalendly.event_types AS e WHERE e.id = asked);
    PERFORM oracle.host_with_calendar(host, old + interval '1 us');
    RETURN NEXT oracle.by_hand('a calendar read 24 hours ago may be gone by', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM oracle.host_with_calendar(host, old, staleness => 'trust');
    RETURN NEXT oracle.by_hand('an older one, too, if its host trusts it', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM oracle.host_with_calendar(host, old, is_busy_source => false);
    RETURN NEXT oracle.by_hand('and one that does not count', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM oracle.host_with_calendar(host, old, state => 'leaving');
    RETURN NEXT oracle.by_hand('and one that is to be disconnected', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM oracle.host_with_calendar(host, NULL, connected_at => old + interval '1 us');
    RETURN NEXT oracle.by_hand('and one that is yet to be read', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM oracle.host_with_calendar(host, old, 1441);
    RETURN NEXT oracle.by_hand('each account says itself how old is too old', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00, 06 07:30');
    PERFORM set_config('opencalendly.clock', '2026-07-05 12:00:00.000001Z', true);
    RETURN NEXT oracle.by_hand('a microsecond later nothing is open', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');

    PERFORM set_config('opencalendly.clock', '2026-07-05 12:00Z', true);
    asked := oracle.example('Europe/Berlin', 'mon 09:00-10:00', 30, 30);
    PERFORM oracle.host_with_calendar((SELECT e.user_id FROM opencalendly.event_types AS e WHERE e.id = asked), old,
        state => 'broken');
    RETURN NEXT oracle.by_hand('an account whose grant is dead grows old like any other', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    asked := oracle.example('Europe/Berlin', 'mon 09:00-10:00', 30, 30);
    PERFORM oracle.host_with_calendar((SELECT e.user_id FROM opencalendly.event_types AS e WHERE e.id = asked), NULL,
        connected_at => old);
    RETURN NEXT oracle.by_hand('one that was never read is as old as its account is connected', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    asked := oracle.with_meeting(oracle.with_values(oracle.example('Europe/Berlin', 'mon 09:00-10:00', 30, 30), 'seats = 3'),
        '2026-07-06 07:00Z');
    PERFORM oracle.host_with_calendar((SELECT e.user_id FROM opencalendly.event_types AS e WHERE e.id = asked), old);
    RETURN NEXT oracle.by_hand('nor is a meeting with free seats open', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
END
$$;
