-- The oracle: a second, independent statement of which slots are open, used by tests only. It is written from the
-- definition in docs/design.md (Time), not from the C code: it looks at every minute, asks AT TIME ZONE what a clock on
-- the wall shows in that minute, and says in sets which starts are left. It is slow and has no cleverness to be wrong in.
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
        SELECT m.at, m.at AT TIME ZONE zone AS reading,
            date_trunc('minute', m.at AT TIME ZONE zone) = m.at AT TIME ZONE zone
                AND (m.at + interval '1 minute') AT TIME ZONE zone - m.at AT TIME ZONE zone = interval '1 minute'
                AS is_plain
        FROM generate_series(date_trunc('minute', range_start, 'UTC'), range_end, interval '1 minute') AS m (at)
    ), pieces AS (
        SELECT m.at, m.at + interval '1 minute' AS until, m.reading FROM minutes AS m WHERE m.is_plain
        UNION ALL
        SELECT s.at, s.at + interval '1 second', s.at AT TIME ZONE zone
        FROM minutes AS m
            CROSS JOIN generate_series(m.at, m.at + interval '59 seconds', interval '1 second') AS s (at)
        WHERE NOT m.is_plain
    )
    SELECT p.at, p.until, p.reading::date,
        (date_part('hour', p.reading) * 60 + date_part('minute', p.reading))::integer,
        date_part('second', p.reading) = 0
    FROM pieces AS p
$$;

-- The open slots of a solo or group event type that start in [range_start, range_end), ordered, with the seats that are
-- left. ignore_booking: as if that booking were gone. hold_id: as if that hold were gone, and notice for its slot is
-- judged at its making. Nothing for an event type that is unknown or inactive. Numbers in comments are those of
-- docs/design.md, Time.
CREATE FUNCTION oracle.slots(
    event_type_id uuid, range_start timestamptz, range_end timestamptz,
    ignore_booking uuid DEFAULT NULL, hold_id uuid DEFAULT NULL)
    RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, seats_left integer)
    LANGUAGE sql STABLE SET jit = off AS $$
    WITH asked AS MATERIALIZED (
        SELECT e.*, e.user_id AS host_id, s.id AS used_schedule_id,
            oracle.full_zone(COALESCE(s.timezone, u.timezone)) AS zone,
            e.duration_minutes * interval '1 minute' AS duration,
            e.slot_interval_minutes * interval '1 minute' AS step,
            e.min_notice_minutes * interval '1 minute' AS notice,
            oracle.clock() AS now
        FROM opencalendly.event_types AS e
            JOIN opencalendly.users AS u ON u.id = e.user_id
            LEFT JOIN opencalendly.schedules AS s ON s.user_id = e.user_id
                AND CASE WHEN e.schedule_id IS NULL THEN s.is_default ELSE s.id = e.schedule_id END
        WHERE e.id = slots.event_type_id AND e.is_active
    ), overrides AS MATERIALIZED (
        SELECT o.starts_at, o.ends_at, tstzrange(o.starts_at, o.ends_at) AS during, o.is_available, o.replaces_day
        FROM asked AS a JOIN opencalendly.availability_overrides AS o
            ON o.user_id = a.host_id AND (o.schedule_id IS NULL OR o.schedule_id = a.used_schedule_id)

    -- 1. Rules: the pieces whose wall clock is within a rule of that weekday; 2. none on a replaced date
    ), pieces AS MATERIALIZED (
        SELECT w.* FROM asked AS a
            CROSS JOIN LATERAL oracle.wall_clock(a.zone, slots.range_start, slots.range_end + a.duration) AS w
    ), replaced_days AS MATERIALIZED (
        SELECT DISTINCT w.day
        FROM asked AS a CROSS JOIN overrides AS o
            CROSS JOIN LATERAL oracle.wall_clock(a.zone, greatest(o.starts_at, slots.range_start - interval '3 days'),
                least(o.ends_at, slots.range_end + interval '5 days')) AS w
        WHERE o.replaces_day AND w.at < o.ends_at AND w.until > o.starts_at
    ), rules AS MATERIALIZED (
        SELECT d.day, r.start_minute, r.end_minute, r.buffer_before_minutes, r.buffer_after_minutes
        FROM (SELECT DISTINCT p.day FROM pieces AS p) AS d
            CROSS JOIN asked AS a
            JOIN opencalendly.availability_rules AS r
                ON r.schedule_id = a.used_schedule_id AND r.day_of_week = date_part('dow', d.day)
        WHERE d.day NOT IN (SELECT x.day FROM replaced_days AS x)
    ), ruled AS MATERIALIZED (
        SELECT p.at, p.until, p.is_whole, p.minute - r.start_minute AS rule_minute,
            r.buffer_before_minutes, r.buffer_after_minutes
        FROM pieces AS p JOIN rules AS r ON r.day = p.day AND p.minute >= r.start_minute AND p.minute < r.end_minute

    -- 2. Open, before busy time: (rules + added overrides) - blocking overrides
    ), open AS MATERIALIZED (
        SELECT COALESCE((SELECT range_agg(tstzrange(r.at, r.until)) FROM ruled AS r), '{}')
            + COALESCE((SELECT range_agg(o.during) FROM overrides AS o WHERE o.is_available), '{}')
            - COALESCE((SELECT range_agg(o.during) FROM overrides AS o WHERE NOT o.is_available), '{}') AS during

    -- 4. Grid of the rules and of the added overrides; 3. the larger buffers of the rules, 0 of an override
    ), grid AS (
        SELECT r.at, r.buffer_before_minutes, r.buffer_after_minutes
        FROM ruled AS r CROSS JOIN asked AS a
        WHERE r.is_whole AND r.rule_minute % a.slot_interval_minutes = 0
        UNION ALL
        SELECT o.starts_at + n * a.step, 0, 0
        FROM asked AS a CROSS JOIN overrides AS o
            CROSS JOIN LATERAL generate_series(
                greatest(0, floor(extract(epoch FROM slots.range_start - o.starts_at)
                    / extract(epoch FROM a.step)))::bigint,
                floor(extract(epoch FROM least(o.ends_at, slots.range_end) - o.starts_at)
                    / extract(epoch FROM a.step))::bigint
            ) AS n
        WHERE o.is_available AND o.starts_at + n * a.step < o.ends_at
    ), starts AS (
        SELECT g.at, g.at + a.duration AS until,
            COALESCE(a.buffer_before_minutes, max(g.buffer_before_minutes)) * interval '1 minute' AS buffer_before,
            COALESCE(a.buffer_after_minutes, max(g.buffer_after_minutes)) * interval '1 minute' AS buffer_after,
            (g.at AT TIME ZONE a.zone)::date AS day
        FROM grid AS g CROSS JOIN asked AS a
        WHERE g.at >= slots.range_start AND g.at < slots.range_end
        GROUP BY g.at, a.duration, a.buffer_before_minutes, a.buffer_after_minutes, a.zone

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
    ), meetings AS MATERIALIZED (
        SELECT o.id, o.starts_at, o.ends_at, least(o.seats, a.seats) - count(*) AS seats_left
        FROM asked AS a
            JOIN opencalendly.occurrences AS o ON o.event_type_id = a.id
            JOIN in_use AS i ON i.occurrence_id = o.id AND NOT i.is_ignored
        GROUP BY o.id, a.seats
    ), counted AS MATERIALIZED (
        SELECT (i.starts_at AT TIME ZONE a.zone)::date AS day
        FROM in_use AS i JOIN asked AS a ON a.id = i.event_type_id WHERE NOT i.is_ignored
    ), held AS (
        SELECT o.starts_at, o.ends_at, h.created_at
        FROM asked AS a
            JOIN opencalendly.holds AS h ON h.id = slots.hold_id AND h.event_type_id = a.id AND h.expires_at > a.now
            JOIN opencalendly.occurrences AS o ON o.id = h.occurrence_id

    -- 3. Busy: claims that are in force, with the meeting they belong to, and windows from outside
    ), busy AS MATERIALIZED (
        SELECT c.during, c.occurrence_id
        FROM asked AS a JOIN opencalendly.claims AS c ON c.host_id = a.host_id
        WHERE (c.expires_at IS NULL OR c.expires_at > a.now)
            AND NOT EXISTS (SELECT FROM given_up AS g WHERE g.occurrence_id = c.occurrence_id)
        UNION ALL
        SELECT tstzrange(b.starts_at, b.ends_at), NULL
        FROM asked AS a JOIN opencalendly.calendar_busy_windows AS b ON b.user_id = a.host_id
    )
    SELECT s.at, s.until, COALESCE(m.seats_left, a.seats)::integer
    FROM starts AS s CROSS JOIN asked AS a CROSS JOIN open AS o
        LEFT JOIN meetings AS m ON m.starts_at = s.at AND m.ends_at = s.until AND m.seats_left > 0
        LEFT JOIN held AS h ON h.starts_at = s.at AND h.ends_at = s.until
    WHERE o.during @> tstzrange(s.at, s.until)
        AND NOT EXISTS (
            SELECT FROM busy AS b
            WHERE b.during && tstzrange(s.at - s.buffer_before, s.until + s.buffer_after)
                AND (m.id IS NULL OR b.occurrence_id IS DISTINCT FROM m.id))
        -- 5. Notice, horizon, caps
        AND s.at >= COALESCE(h.created_at, a.now) + a.notice
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
    ORDER BY s.at
$$;
