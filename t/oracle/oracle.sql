-- The oracle: a second, independent statement of which slots are open, used by tests only. It is written from the
-- definition in docs/design.md (Time) and docs/teams.md, not from the C code: it looks at every minute, asks AT TIME ZONE
-- what a clock on the wall shows in that minute, and says in sets which starts are left, and with whom. It is slow and has
-- no cleverness to be wrong in.
--
-- Words. piece: a stretch of time, at most a minute long, in which the wall clock stays within one minute of one date.
-- seat in use: a live booking (confirmed or pending) or a live hold. All ranges are [start, end).

CREATE SCHEMA oracle;

-- The instant that counts as now: opencalendly.clock if it is set, else the transaction's time.
CREATE FUNCTION oracle.clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT COALESCE(NULLIF(current_setting('opencalendly.clock', true), '')::timestamptz, now())
$$;

-- What AT TIME ZONE must be told to read a zone's clock: some names (CET, WET, ...) are abbreviations, too, which it takes
-- first and which know no summer time. Debian has each zone a second time under posix/.
CREATE FUNCTION oracle.full_zone(name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM pg_timezone_abbrevs AS a WHERE a.abbrev = upper(name))
        THEN 'posix/' || name ELSE name END
$$;

-- The pieces of [range_start, range_end), not cut at its ends, with the wall clock's date and minute of day (0 to 1439)
-- in the zone. is_whole: the wall clock shows :00 seconds at the piece's start. A minute within which the wall clock
-- jumps or turns over (zones whose offset has seconds, as all had once) is cut into seconds.
CREATE FUNCTION oracle.wall_clock(zone text, range_start timestamptz, range_end timestamptz)
    RETURNS TABLE (at timestamptz, until timestamptz, day date, minute integer, is_whole boolean)
    LANGUAGE sql STABLE AS $$
    WITH minutes AS MATERIALIZED (
        SELECT m.at, m.at AT TIME ZONE zone AS reading, (m.at + interval '1 minute') AT TIME ZONE zone AS next_reading
        FROM generate_series(date_trunc('minute', range_start, 'UTC'), range_end, interval '1 minute') AS m (at)
    ), pieces AS (
        SELECT m.at, m.at + interval '1 minute' AS until, m.reading FROM minutes AS m
        WHERE date_part('second', m.reading) = 0 AND m.next_reading - m.reading = interval '1 minute'
        UNION ALL
        SELECT s.at, s.at + interval '1 second', s.at AT TIME ZONE zone
        FROM minutes AS m
            CROSS JOIN generate_series(m.at, m.at + interval '59 seconds', interval '1 second') AS s (at)
        WHERE date_part('second', m.reading) <> 0 OR m.next_reading - m.reading <> interval '1 minute'
    )
    SELECT p.at, p.until, p.reading::date,
        (date_part('hour', p.reading) * 60 + date_part('minute', p.reading))::integer,
        date_part('second', p.reading) = 0
    FROM pieces AS p
$$;

-- 6. Who attends, by position: of a solo or group event type its owner, who must; of a collective the members who are
-- required; of a round robin the others, too, who are its pool. schedule_id: whose hours and overrides count (null: there
-- is none), zone: what its clocks show.
CREATE FUNCTION oracle.hosts(event_type_id uuid)
    RETURNS TABLE (id uuid, "position" integer, is_required boolean, schedule_id uuid, zone text)
    LANGUAGE sql STABLE AS $$
    WITH attending AS (
        SELECT e.user_id, 0 AS position, true AS is_required, e.schedule_id
        FROM opencalendly.event_types AS e
        WHERE e.id = hosts.event_type_id
            AND NOT EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id = e.id)
        UNION ALL
        SELECT m.user_id, m.position, COALESCE(p.is_required, t.mode = 'collective'), p.schedule_id
        FROM opencalendly.team_event_types AS t
            JOIN opencalendly.team_members AS m ON m.team_id = t.team_id AND m.status = 'active'
            LEFT JOIN opencalendly.team_event_type_members AS p
                ON p.event_type_id = t.event_type_id AND p.user_id = m.user_id
        WHERE t.event_type_id = hosts.event_type_id AND (t.all_members OR p.user_id IS NOT NULL)
            AND (t.mode = 'round_robin' OR p.is_required IS NOT FALSE)
    )
    SELECT u.id, a.position, a.is_required, s.id, oracle.full_zone(COALESCE(s.timezone, u.timezone))
    FROM attending AS a
        JOIN opencalendly.users AS u ON u.id = a.user_id
        LEFT JOIN opencalendly.schedules AS s ON s.user_id = u.id
            AND CASE WHEN a.schedule_id IS NULL THEN s.is_default ELSE s.id = a.schedule_id END
    ORDER BY a.position
$$;

CREATE TYPE oracle.slot AS (starts_at timestamptz, ends_at timestamptz, seats_left integer, host_ids uuid[]);

-- The open slots of an event type that start in [range_start, range_end), ordered, with the seats that are left and the
-- hosts: those who must attend, then those of a pool who are free, each by position; at most 10 unless all_hosts.
-- ignore_booking: as if that booking were gone. hold_id: as if that hold were gone, and notice for its slot is judged at
-- its making. Nothing for an event type that is unknown or inactive. Numbers in comments are those of docs/design.md, Time.
--
-- One definition serves all kinds: a solo or group event type is one that its owner alone must attend. The settings spare
-- planning at each call, and nested loops over rows whose number the planner cannot know.
CREATE FUNCTION oracle.slots(
    event_type_id uuid, range_start timestamptz, range_end timestamptz,
    ignore_booking uuid DEFAULT NULL, hold_id uuid DEFAULT NULL, all_hosts boolean DEFAULT false)
    RETURNS SETOF oracle.slot
    LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_generic_plan SET enable_nestloop = off
    SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY
    -- zone: whose days count for horizon and caps; the schedule's, of a team's event type the owner's
    WITH asked AS MATERIALIZED (
        SELECT e.*, t.mode,
            oracle.full_zone(COALESCE(s.timezone, u.timezone)) AS zone,
            e.duration_minutes * interval '1 minute' AS duration,
            e.slot_interval_minutes * interval '1 minute' AS step,
            e.min_notice_minutes * interval '1 minute' AS notice,
            oracle.clock() AS now
        FROM opencalendly.event_types AS e
            JOIN opencalendly.users AS u ON u.id = e.user_id
            LEFT JOIN opencalendly.team_event_types AS t ON t.event_type_id = e.id
            LEFT JOIN opencalendly.schedules AS s ON s.id = e.schedule_id AND t.mode IS NULL
        WHERE e.id = slots.event_type_id AND e.is_active
    ), hosts AS MATERIALIZED (
        SELECT h.* FROM asked AS a CROSS JOIN LATERAL oracle.hosts(a.id) AS h
    ), overrides AS MATERIALIZED (
        SELECT h.id AS host_id, h.zone, o.starts_at, o.ends_at, tstzrange(o.starts_at, o.ends_at) AS during,
            o.is_available, o.replaces_day
        FROM hosts AS h JOIN opencalendly.availability_overrides AS o
            ON o.user_id = h.id AND (o.schedule_id IS NULL OR o.schedule_id = h.schedule_id)

    -- 1. Rules: the pieces whose wall clock is within a rule of that weekday; 2. none on a replaced date
    ), pieces AS MATERIALIZED (
        SELECT z.zone, w.* FROM asked AS a CROSS JOIN (SELECT DISTINCT h.zone FROM hosts AS h) AS z
            CROSS JOIN LATERAL oracle.wall_clock(z.zone, slots.range_start, slots.range_end + a.duration) AS w
    ), replaced_days AS MATERIALIZED (
        SELECT DISTINCT o.host_id, w.day
        FROM overrides AS o
            CROSS JOIN LATERAL oracle.wall_clock(o.zone, greatest(o.starts_at, slots.range_start - interval '3 days'),
                least(o.ends_at, slots.range_end + interval '5 days')) AS w
        WHERE o.replaces_day AND w.at < o.ends_at AND w.until > o.starts_at
    ), rules AS MATERIALIZED (
        SELECT h.id AS host_id, h.zone, d.day, r.start_minute, r.end_minute, r.buffer_before_minutes,
            r.buffer_after_minutes
        FROM (SELECT DISTINCT p.zone, p.day FROM pieces AS p) AS d
            JOIN hosts AS h ON h.zone = d.zone
            JOIN opencalendly.availability_rules AS r
                ON r.schedule_id = h.schedule_id AND r.day_of_week = date_part('dow', d.day)
        WHERE (h.id, d.day) NOT IN (SELECT x.host_id, x.day FROM replaced_days AS x)
    ), ruled AS MATERIALIZED (
        SELECT r.host_id, p.at, p.until, p.is_whole, p.minute - r.start_minute AS rule_minute,
            r.buffer_before_minutes, r.buffer_after_minutes
        FROM pieces AS p
            JOIN rules AS r ON r.zone = p.zone AND r.day = p.day AND p.minute >= r.start_minute AND p.minute < r.end_minute

    -- 2. Open, before busy time: (rules + added overrides) - blocking overrides
    ), open AS MATERIALIZED (
        SELECT h.id AS host_id,
            COALESCE((SELECT range_agg(tstzrange(r.at, r.until)) FROM ruled AS r WHERE r.host_id = h.id), '{}')
            + COALESCE((SELECT range_agg(o.during) FROM overrides AS o
                        WHERE o.host_id = h.id AND o.is_available), '{}')
            - COALESCE((SELECT range_agg(o.during) FROM overrides AS o
                        WHERE o.host_id = h.id AND NOT o.is_available), '{}') AS during
        FROM hosts AS h

    -- 4. Grid of each host's rules and added overrides; 3. the larger buffers of the rules, 0 of an override
    ), grid AS MATERIALIZED (
        SELECT g.host_id, g.at, max(g.buffer_before_minutes) AS buffer_before_minutes,
            max(g.buffer_after_minutes) AS buffer_after_minutes
        FROM (
            SELECT r.host_id, r.at, r.buffer_before_minutes, r.buffer_after_minutes
            FROM ruled AS r CROSS JOIN asked AS a
            WHERE r.is_whole AND r.rule_minute % a.slot_interval_minutes = 0
            UNION ALL
            SELECT o.host_id, o.starts_at + n * a.step, 0, 0
            FROM asked AS a CROSS JOIN overrides AS o
                CROSS JOIN LATERAL generate_series(
                    greatest(0, floor(extract(epoch FROM slots.range_start - o.starts_at)
                        / extract(epoch FROM a.step)))::bigint,
                    floor(extract(epoch FROM least(o.ends_at, slots.range_end) - o.starts_at)
                        / extract(epoch FROM a.step))::bigint
                ) AS n
            WHERE o.is_available AND o.starts_at + n * a.step < o.ends_at) AS g
        WHERE g.at >= slots.range_start AND g.at < slots.range_end
        GROUP BY g.host_id, g.at

    -- Seats in use; what the ignored booking and the own hold leave behind
    ), in_use AS MATERIALIZED (
        SELECT b.occurrence_id, b.event_type_id, b.starts_at, b.id = slots.ignore_booking IS TRUE AS is_ignored
        FROM opencalendly.bookings AS b WHERE b.status IN ('confirmed', 'pending')
        UNION ALL
        SELECT h.occurrence_id, h.event_type_id, o.starts_at, h.id = slots.hold_id IS TRUE
        FROM opencalendly.holds AS h JOIN opencalendly.occurrences AS o ON o.id = h.occurrence_id
            CROSS JOIN asked AS a
        WHERE h.expires_at > a.now
    ), given_up AS MATERIALIZED (
        SELECT i.occurrence_id FROM in_use AS i GROUP BY i.occurrence_id HAVING bool_and(i.is_ignored)
    ), counted AS MATERIALIZED (
        SELECT (i.starts_at AT TIME ZONE a.zone)::date AS day
        FROM in_use AS i JOIN asked AS a ON a.id = i.event_type_id WHERE NOT i.is_ignored
    ), held AS (
        SELECT o.starts_at, o.ends_at, h.created_at
        FROM asked AS a
            JOIN opencalendly.holds AS h ON h.id = slots.hold_id AND h.event_type_id = a.id AND h.expires_at > a.now
            JOIN opencalendly.occurrences AS o ON o.id = h.occurrence_id

    -- 4. Starts: on the grid of any host; 5. notice, horizon, caps
    ), starts AS MATERIALIZED (
        SELECT g.at, g.at + a.duration AS until, (g.at AT TIME ZONE a.zone)::date AS day
        FROM (SELECT DISTINCT g.at FROM grid AS g) AS g CROSS JOIN asked AS a
    ), allowed AS MATERIALIZED (
        SELECT s.at, s.until
        FROM starts AS s CROSS JOIN asked AS a
            LEFT JOIN held AS h ON h.starts_at = s.at AND h.ends_at = s.until
        WHERE s.at >= COALESCE(h.created_at, a.now) + a.notice
            AND (a.max_days_ahead IS NULL OR s.day <= (a.now AT TIME ZONE a.zone)::date + a.max_days_ahead)
            AND (a.bookable_from IS NULL OR s.day >= a.bookable_from)
            AND (a.bookable_until IS NULL OR s.day <= a.bookable_until)
            AND (a.daily_booking_limit IS NULL OR a.daily_booking_limit >
                (SELECT count(*) FROM counted AS c WHERE c.day = s.day))
            AND (a.weekly_booking_limit IS NULL OR a.weekly_booking_limit >
                (SELECT count(*) FROM counted AS c
                 WHERE date_trunc('week', c.day::timestamp) = date_trunc('week', s.day::timestamp)))
            AND (a.monthly_booking_limit IS NULL OR a.monthly_booking_limit >
                (SELECT count(*) FROM counted AS c
                 WHERE date_trunc('month', c.day::timestamp) = date_trunc('month', s.day::timestamp)))

    -- 3. Busy: claims that are in force, with the meeting they belong to, and windows from outside
    ), busy AS MATERIALIZED (
        SELECT c.host_id, c.during, c.occurrence_id
        FROM asked AS a CROSS JOIN hosts AS h JOIN opencalendly.claims AS c ON c.host_id = h.id
        WHERE (c.expires_at IS NULL OR c.expires_at > a.now)
            AND NOT EXISTS (SELECT FROM given_up AS g WHERE g.occurrence_id = c.occurrence_id)
        UNION ALL
        SELECT h.id, tstzrange(b.starts_at, b.ends_at), NULL
        FROM hosts AS h JOIN opencalendly.calendar_busy_windows AS b ON b.user_id = h.id

    -- Hosts of whom nothing is known: a calendar that they let count was last read, or else connected, too long ago
    ), stale AS MATERIALIZED (
        SELECT c.user_id AS host_id
        FROM asked AS a CROSS JOIN hosts AS h
            JOIN opencalendly.calendar_connections AS c ON c.user_id = h.id
            JOIN opencalendly.calendars AS k ON k.connection_id = c.id
        WHERE c.staleness = 'refuse' AND c.state IN ('active', 'broken') AND k.is_busy_source
            AND extract(epoch FROM a.now - COALESCE(k.synced_at, k.chosen_at, c.created_at)) > 60 * c.stale_after_minutes

    -- Own meetings with a seat left, in which nobody is who does not attend any more, and the hosts who are in them
    ), meetings AS MATERIALIZED (
        SELECT o.id, o.starts_at, o.ends_at, least(o.seats, a.seats) - count(*) AS seats_left
        FROM asked AS a
            JOIN opencalendly.occurrences AS o ON o.event_type_id = a.id
            JOIN in_use AS i ON i.occurrence_id = o.id AND NOT i.is_ignored
        WHERE NOT EXISTS (SELECT FROM opencalendly.claims AS c
            WHERE c.occurrence_id = o.id AND c.host_id NOT IN (SELECT h.id FROM hosts AS h))
        GROUP BY o.id, a.seats
        HAVING least(o.seats, a.seats) > count(*)
    ), joinable AS MATERIALIZED (
        SELECT b.host_id, m.id, m.starts_at, m.ends_at FROM meetings AS m JOIN busy AS b ON b.occurrence_id = m.id

    -- Each host at each start. 3. Buffers: the event type's; else those of the own grid; else those of the rules that
    -- contain the start; else 0. Busy is what overlaps, but for an own meeting that can be joined
    ), containing AS MATERIALIZED (
        SELECT c.host_id, c.at, max(r.buffer_before_minutes) AS buffer_before_minutes,
            max(r.buffer_after_minutes) AS buffer_after_minutes
        FROM (SELECT h.id AS host_id, s.at, s.at AT TIME ZONE h.zone AS reading
              FROM hosts AS h CROSS JOIN allowed AS s) AS c
            JOIN rules AS r ON r.host_id = c.host_id AND r.day = c.reading::date
                AND date_part('hour', c.reading) * 60 + date_part('minute', c.reading) >= r.start_minute
                AND date_part('hour', c.reading) * 60 + date_part('minute', c.reading) < r.end_minute
        GROUP BY c.host_id, c.at
    ), in_hours AS (
        SELECT s.at, s.until, h.id AS host_id, h.position, h.is_required, j.id AS meeting_id,
            interval '1 minute' * COALESCE(a.buffer_before_minutes, g.buffer_before_minutes, c.buffer_before_minutes, 0)
                AS buffer_before,
            interval '1 minute' * COALESCE(a.buffer_after_minutes, g.buffer_after_minutes, c.buffer_after_minutes, 0)
                AS buffer_after
        FROM asked AS a CROSS JOIN allowed AS s CROSS JOIN hosts AS h
            JOIN open AS o ON o.host_id = h.id AND o.during @> tstzrange(s.at, s.until)
            LEFT JOIN grid AS g ON g.host_id = h.id AND g.at = s.at
            LEFT JOIN containing AS c ON c.host_id = h.id AND c.at = s.at
            LEFT JOIN joinable AS j ON j.host_id = h.id AND j.starts_at = s.at AND j.ends_at = s.until
        WHERE h.id NOT IN (SELECT x.host_id FROM stale AS x)
    ), free AS MATERIALIZED (
        SELECT i.at, i.until, i.host_id, i.position, i.is_required, i.meeting_id
        FROM in_hours AS i
        WHERE NOT EXISTS (
            SELECT FROM busy AS b
            WHERE b.host_id = i.host_id AND b.during && tstzrange(i.at - i.buffer_before, i.until + i.buffer_after)
                AND (i.meeting_id IS NULL OR b.occurrence_id IS DISTINCT FROM i.meeting_id))

    -- 6. All who must attend are free, all in one own meeting or all in none; of a round robin's pool there is one who is
    -- free, in their meeting or like them in none. Where nobody must attend, everybody of the pool who is free will do
    ), attended AS (
        SELECT s.at, count(f.host_id) > 0 AS is_fixed, (array_agg(f.meeting_id))[1] AS meeting_id
        FROM allowed AS s LEFT JOIN free AS f ON f.at = s.at AND f.is_required
        GROUP BY s.at
        HAVING count(f.host_id) = (SELECT count(*) FROM hosts AS h WHERE h.is_required)
            AND count(DISTINCT f.meeting_id) <= 1 AND count(f.meeting_id) IN (0, count(f.host_id))
    ), offered AS (
        SELECT f.at, f.until, array_agg(f.host_id ORDER BY f.is_required DESC, f.position) AS host_ids,
            (array_agg(f.meeting_id ORDER BY f.is_required DESC, f.position)
                FILTER (WHERE f.meeting_id IS NOT NULL))[1] AS meeting_id
        FROM asked AS a CROSS JOIN attended AS r
            JOIN free AS f ON f.at = r.at AND (NOT r.is_fixed OR f.meeting_id IS NOT DISTINCT FROM r.meeting_id)
        GROUP BY f.at, f.until, a.mode
        HAVING a.mode IS DISTINCT FROM 'round_robin' OR NOT bool_and(f.is_required)
    )
    SELECT o.at, o.until, COALESCE(m.seats_left, a.seats)::integer,
        CASE WHEN slots.all_hosts THEN o.host_ids ELSE o.host_ids[1:10] END
    FROM asked AS a CROSS JOIN offered AS o
        LEFT JOIN meetings AS m ON m.id = o.meeting_id
    ORDER BY o.at;
END
$$;
