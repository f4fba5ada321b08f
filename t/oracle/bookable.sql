-- Offered and bookable are the same set: what compute_slots returns is booked by book_slot, with hosts that the slot names,
-- every other instant is refused with OC001, and explain_slot says the same. Load after compare.sql; the cases are those
-- of random.sql and team_random.sql.

-- Whom a round robin picks by its rule among the free members of its pool (docs/teams.md, Who is picked).
CREATE FUNCTION oracle.pick(event_type_id uuid, free uuid[]) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH candidates AS (
        SELECT m.user_id, m.position, t.assignment, t.round_robin_cursor, COALESCE(p.weight, m.weight) AS weight,
            COALESCE(p.priority, m.priority) AS priority, COALESCE(c.credits, 0) AS credits,
            COALESCE(c.last_pick, 0) AS last_pick
        FROM opencalendly.team_event_types AS t
            JOIN opencalendly.team_members AS m ON m.team_id = t.team_id AND m.user_id = ANY (free)
            LEFT JOIN opencalendly.team_event_type_members AS p
                ON p.event_type_id = t.event_type_id AND p.user_id = m.user_id
            LEFT JOIN opencalendly.team_credits AS c ON c.event_type_id = t.event_type_id AND c.user_id = m.user_id
        WHERE t.event_type_id = pick.event_type_id
    ), sharers AS (
        SELECT c.*, sum(c.weight) OVER () AS weights, sum(c.credits) OVER () AS sum_of_credits
        FROM candidates AS c
        WHERE c.assignment = 'cursor' OR c.priority = (SELECT max(p.priority) FROM candidates AS p)
    )
    SELECT s.user_id
    FROM sharers AS s
    WHERE s.assignment <> 'weighted' OR s.weights * s.credits + (s.weights - s.sum_of_credits) * s.weight > 0
    ORDER BY CASE s.assignment
            WHEN 'cursor' THEN (s.position <= s.round_robin_cursor)::integer
            WHEN 'least_recent' THEN s.last_pick
            ELSE (s.weights - s.credits)::numeric / s.weight END,
        s.position
    LIMIT 1
$$;

-- Who must have a booking of the slot besides those who must attend: kept, if still free (who had the booking that is
-- moved); whom the rule picks, if it opens a meeting; null: anybody of the pool who is free, or there is no pool.
CREATE FUNCTION oracle.due(event_type_id uuid, slot oracle.slot, kept uuid DEFAULT NULL) RETURNS uuid
    LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN kept = ANY (f.pool) THEN kept
        WHEN slot.seats_left = (SELECT e.seats FROM opencalendly.event_types AS e WHERE e.id = event_type_id)
            THEN oracle.pick(event_type_id, f.pool) END
    FROM (SELECT ARRAY(SELECT h.id FROM oracle.hosts(event_type_id) AS h
                       WHERE NOT h.is_required AND h.id = ANY (slot.host_ids))) AS f (pool)
$$;

-- What is wrong with a new booking of the slot, as the slot was offered before; null if nothing is. due: as above.
CREATE FUNCTION oracle.flaw(booking_id uuid, host_ids uuid[], slot oracle.slot, due uuid, is_moved boolean)
    RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (WITH booked AS (
        SELECT b.*, e.seats AS event_seats, o.seats AS meeting_seats,
            EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id = b.event_type_id) AS is_team,
            ARRAY(SELECT h.id FROM oracle.hosts(b.event_type_id) AS h WHERE h.is_required) AS required,
            (SELECT count(*) FROM opencalendly.bookings AS s
             WHERE s.occurrence_id = b.occurrence_id AND s.status IN ('confirmed', 'pending'))
            + (SELECT count(*) FROM opencalendly.holds AS h
               WHERE h.occurrence_id = b.occurrence_id AND h.expires_at > oracle.clock()) AS in_use
        FROM opencalendly.bookings AS b
            JOIN opencalendly.event_types AS e ON e.id = b.event_type_id
            JOIN opencalendly.occurrences AS o ON o.id = b.occurrence_id
        WHERE b.id = flaw.booking_id
    ), pool AS (
        SELECT ARRAY(SELECT f.id FROM unnest(slot.host_ids) AS f (id), booked AS b WHERE f.id <> ALL (b.required)) AS free
    ), promises AS (
        SELECT p.* FROM booked AS b CROSS JOIN pool CROSS JOIN LATERAL (VALUES
            ('who must attend comes first', flaw.host_ids[1:cardinality(b.required)] = b.required),
            ('one of the pool who is free comes next', CASE WHEN cardinality(pool.free) = 0
                THEN cardinality(flaw.host_ids) = cardinality(b.required)
                ELSE cardinality(flaw.host_ids) = cardinality(b.required) + 1
                    AND flaw.host_ids[cardinality(flaw.host_ids)] = ANY (pool.free) END),
            ('it is the one who is due', due IS NULL OR due = flaw.host_ids[cardinality(flaw.host_ids)]),
            ('the organizer is the first', b.organizer_id = flaw.host_ids[1]),
            ('the booking keeps its hosts', CASE WHEN b.is_team THEN b.host_ids = flaw.host_ids
                ELSE b.host_ids IS NULL END),
            ('a claim for each, of all of the meeting', NOT EXISTS (
                SELECT FROM unnest(flaw.host_ids) AS h (id) WHERE NOT EXISTS (
                    SELECT FROM opencalendly.claims AS c
                    WHERE c.occurrence_id = b.occurrence_id AND c.host_id = h.id AND c.expires_at IS NULL
                        AND c.during @> tstzrange(b.starts_at, b.ends_at)))),
            ('and for nobody else, if the meeting is new', b.in_use > 1 OR cardinality(flaw.host_ids) = (
                SELECT count(*) FROM opencalendly.claims AS c WHERE c.occurrence_id = b.occurrence_id)),
            ('an assignment for each', ARRAY(
                SELECT a.user_id FROM opencalendly.team_booking_assignments AS a
                WHERE a.booking_id = b.id ORDER BY a.user_id)
                = ARRAY(SELECT h.id FROM unnest(flaw.host_ids) AS h (id) WHERE b.is_team ORDER BY h.id)),
            ('none is left of the booking that was moved', NOT EXISTS (
                SELECT FROM opencalendly.team_booking_assignments AS a WHERE a.booking_id = b.rescheduled_from)),
            ('the slot has a seat less', is_moved
                OR least(b.meeting_seats, b.event_seats) - b.in_use = slot.seats_left - 1)
        ) AS p (promise, is_kept)
    )
    SELECT string_agg('not kept: ' || p.promise, ', ') FROM promises AS p WHERE p.is_kept IS NOT TRUE);
END
$$;

-- What book_slot says to an instant, nothing of it kept: 'booked', what is wrong with the booking, or the SQLSTATE. slot:
-- what compute_slots offers there, null if nothing.
CREATE FUNCTION oracle.try_book(q oracle.question, at timestamptz, slot oracle.slot) RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    due constant uuid := CASE WHEN (slot).starts_at IS NOT NULL THEN oracle.due(q.event_type_id, slot) END;
    said text;
BEGIN
    SELECT COALESCE(oracle.flaw(b.booking_id, b.host_ids, slot, due, false), 'booked') INTO said
        FROM opencalendly.book_slot(q.event_type_id, at, 'Ada', 'ada@example.com', hold_token => q.hold_token) AS b;
    RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ001' THEN said ELSE SQLSTATE END;
END
$$;

-- The same of reschedule_booking; kept: the host whom the round robin had picked.
CREATE FUNCTION oracle.try_reschedule(q oracle.question, token text, kept uuid, at timestamptz, slot oracle.slot)
    RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    due constant uuid := CASE WHEN (slot).starts_at IS NOT NULL THEN oracle.due(q.event_type_id, slot, kept) END;
    said text;
BEGIN
    SELECT COALESCE(oracle.flaw(b.booking_id, b.host_ids, slot, due, true), 'booked') INTO said
        FROM opencalendly.reschedule_booking(token, at) AS b;
    RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ001' THEN said ELSE SQLSTATE END;
END
$$;

-- What explain_slot's rows amount to: 'booked', 'OC001', or the rows that make no sense. Each host has one row ok, or
-- reasons; a team's rows without a host concern everybody, inactive among them if nobody is there whom its mode needs; of a
-- pool one who is ok is enough.
CREATE FUNCTION oracle.explained(event_type_id uuid, at timestamptz, slot oracle.slot) RETURNS text
    LANGUAGE sql VOLATILE AS $$
    WITH said AS MATERIALIZED (
        SELECT e.* FROM opencalendly.explain_slot(explained.event_type_id, at) AS e
    ), hosts AS (
        SELECT h.id, h.position, h.is_required, count(s.host_id) AS n, COALESCE(bool_and(s.verdict = 'ok'), false) AS is_ok,
            COALESCE(bool_or(s.verdict = 'ok'), false) AS has_ok
        FROM oracle.hosts(explained.event_type_id) AS h LEFT JOIN said AS s ON s.host_id = h.id
        GROUP BY h.id, h.position, h.is_required
    ), team AS (
        SELECT t.mode FROM opencalendly.team_event_types AS t WHERE t.event_type_id = explained.event_type_id
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM said AS s WHERE NOT CASE s.verdict
                WHEN 'ok' THEN s.reason IS NULL AND s.host_id IS NOT NULL
                WHEN 'refused' THEN s.reason IN ('outside_hours', 'override', 'claim', 'busy_window', 'buffer', 'notice',
                    'horizon', 'cap', 'grid', 'seats', 'calendar_stale')
                    OR s.reason = 'inactive' AND NOT EXISTS (
                        SELECT FROM hosts AS h CROSS JOIN team AS t WHERE h.is_required = (t.mode = 'collective')) END)
            OR EXISTS (SELECT FROM said AS s WHERE s.host_id IS NULL AND NOT EXISTS (SELECT FROM team))
            OR EXISTS (SELECT FROM said AS s WHERE s.host_id IS NOT NULL AND s.host_id NOT IN (SELECT h.id FROM hosts AS h))
            OR EXISTS (SELECT FROM hosts AS h WHERE h.n = 0 OR h.has_ok AND h.n > 1)
            OR (slot).starts_at IS NOT NULL AND (slot).host_ids <> ARRAY(
                SELECT h.id FROM hosts AS h WHERE h.is_ok ORDER BY h.is_required DESC, h.position)
            THEN format('rows %s', (SELECT array_agg(s) FROM said AS s))
        WHEN EXISTS (SELECT FROM said AS s WHERE s.host_id IS NULL)
            OR EXISTS (SELECT FROM hosts AS h WHERE h.is_required AND NOT h.is_ok)
            OR EXISTS (SELECT FROM team AS t WHERE t.mode = 'round_robin')
                AND NOT EXISTS (SELECT FROM hosts AS h WHERE NOT h.is_required AND h.is_ok)
            THEN 'OC001'
        ELSE 'booked' END
$$;

-- What is offered in a range, with all hosts.
CREATE FUNCTION oracle.offered(q oracle.question, range_start timestamptz, range_end timestamptz)
    RETURNS SETOF oracle.slot LANGUAGE sql STABLE AS $$
    SELECT * FROM opencalendly.compute_slots(q.event_type_id, range_start, range_end, 10000, q.ignore_booking,
        q.hold_token, true)
$$;

-- Instants of the question's range: each whole minute, each point on a grid, some anywhere, and the starts that are
-- offered with their near neighbours; and what is offered.
CREATE FUNCTION oracle.instants(scene oracle.scene, q oracle.question)
    RETURNS TABLE (at timestamptz, slot oracle.slot) LANGUAGE sql VOLATILE AS $$
    WITH offered AS MATERIALIZED (
        SELECT o.starts_at AS at, o::oracle.slot AS slot FROM oracle.offered(q, q.range_start, q.range_end) AS o
    ), candidates AS (
        SELECT g.at FROM generate_series(date_trunc('minute', q.range_start, 'UTC'), q.range_end, '1 minute') AS g (at)
        UNION
        SELECT a.at + n * scene.step * interval '1 minute'
            FROM unnest(scene.anchors, scene.lengths) AS a (at, minutes)
                CROSS JOIN generate_series(0, a.minutes / scene.step) AS n
            WHERE a.at < q.range_end AND a.at + a.minutes * interval '1 minute' > q.range_start
        UNION
        SELECT q.range_start + random() * (q.range_end - q.range_start) FROM generate_series(1, 10)
        UNION
        SELECT o.at + n * i FROM offered AS o
            CROSS JOIN generate_series(-1, 1) AS n
            CROSS JOIN unnest(ARRAY['1 microsecond', '1 second']::interval[]) AS i
    )
    SELECT c.at, o.slot
    FROM candidates AS c LEFT JOIN offered AS o ON o.at = c.at
    WHERE c.at >= q.range_start AND c.at < q.range_end
    ORDER BY c.at
$$;

-- How many event types and instants were tried, how many of them were offered; failure: the report of the first instant
-- at which book_slot or explain_slot does not agree with compute_slots.
CREATE TYPE oracle.trial AS (failure text, event_types integer, instants integer, offered integer);

-- Adds an instant to the sums, or makes the report.
CREATE FUNCTION oracle.judge(
    scene oracle.scene, q oracle.question, what text, at timestamptz, slot oracle.slot, said text, explained text,
    INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    expected constant text := CASE WHEN (slot).starts_at IS NULL THEN 'OC001' ELSE 'booked' END;
BEGIN
    trial.instants := trial.instants + 1;
    trial.offered := trial.offered + (expected = 'booked')::integer;
    IF trial.failure IS NULL AND (said <> expected OR explained <> expected) THEN
        trial.failure := format(E'seed %s, case %s, %s: %s: compute_slots says %s %s, the booking %s, explain_slot %s\n%s',
            scene.seed, scene.number, what, at, expected, slot, said, COALESCE(explained, 'was not asked'),
            oracle.as_sql(q));
    END IF;
END
$$;

-- Tries one of so many instants that are not offered, and of those that are.
CREATE FUNCTION oracle.try_all(
    scene oracle.scene, q oracle.question, of_others integer, of_offered integer, what text, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    is_offered boolean;
    n integer := oracle.roll(1, of_others);
BEGIN
    FOR i IN SELECT * FROM oracle.instants(scene, q) LOOP
        EXIT WHEN trial.failure IS NOT NULL;
        n := n + 1;
        is_offered := (i.slot).starts_at IS NOT NULL;
        CONTINUE WHEN n % CASE WHEN is_offered THEN of_offered ELSE of_others END <> 0;
        trial := oracle.judge(scene, q, what, i.at, i.slot, oracle.try_book(q, i.at, i.slot),
            CASE WHEN q.hold_token IS NULL AND (is_offered OR oracle.chance(12))
                THEN oracle.explained(q.event_type_id, i.at, i.slot) END, trial);
    END LOOP;
END
$$;

-- Books a start for real and says how that went, as try_book does.
CREATE FUNCTION oracle.book(q oracle.question, at timestamptz, slot oracle.slot) RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    due constant uuid := CASE WHEN (slot).starts_at IS NOT NULL THEN oracle.due(q.event_type_id, slot) END;
    booked record;
BEGIN
    SELECT * INTO booked FROM opencalendly.book_slot(q.event_type_id, at, 'Ada', 'ada@example.com');
    RETURN COALESCE(oracle.flaw(booked.booking_id, booked.host_ids, slot, due, false), 'booked');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

-- Books offered slots for real, in random order: each is bookable as long as compute_slots still has it.
CREATE FUNCTION oracle.book_some(scene oracle.scene, q oracle.question, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    slot oracle.slot;
BEGIN
    FOR i IN SELECT o.at FROM oracle.instants(scene, q) AS o WHERE (o.slot).starts_at IS NOT NULL
        ORDER BY random() LIMIT 10
    LOOP
        SELECT * INTO slot FROM oracle.offered(q, i.at, i.at + '1 us');
        trial := oracle.judge(scene, q, 'after bookings', i.at, slot, oracle.book(q, i.at, slot), NULL, trial);
    END LOOP;
END
$$;

-- How many bookings a start takes, as long as no cap is used up: the seats of the one meeting of those who must attend; or
-- of a meeting of each of the pool who is free, those counted once who are in one.
CREATE FUNCTION oracle.capacity(q oracle.question, slot oracle.slot) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM oracle.hosts(q.event_type_id) AS h WHERE h.is_required) THEN slot.seats_left
        ELSE (SELECT sum(m.seats_left) FROM (
            SELECT DISTINCT COALESCE(o.id, f.id),
                CASE WHEN o.id IS NULL THEN e.seats ELSE least(o.seats, e.seats) - (
                    SELECT count(*) FROM opencalendly.bookings AS b
                    WHERE b.occurrence_id = o.id AND b.status IN ('confirmed', 'pending')) - (
                    SELECT count(*) FROM opencalendly.holds AS h
                    WHERE h.occurrence_id = o.id AND h.expires_at > oracle.clock()) END AS seats_left
            FROM unnest(slot.host_ids) AS f (id)
                JOIN opencalendly.event_types AS e ON e.id = q.event_type_id
                LEFT JOIN (opencalendly.claims AS c JOIN opencalendly.occurrences AS o ON o.id = c.occurrence_id)
                    ON c.host_id = f.id AND c.during && tstzrange(slot.starts_at, slot.ends_at)
                        AND (c.expires_at IS NULL OR c.expires_at > oracle.clock())) AS m) END
$$;

-- Books one start until it is full: just as many times as it has seats.
CREATE FUNCTION oracle.fill_one(scene oracle.scene, q oracle.question, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    at timestamptz;
    slot oracle.slot;
    left_over bigint;
BEGIN
    UPDATE opencalendly.event_types AS e
        SET daily_booking_limit = NULL, weekly_booking_limit = NULL, monthly_booking_limit = NULL
        WHERE e.id = q.event_type_id;
    SELECT o.starts_at INTO at FROM oracle.offered(q, q.range_start, q.range_end) AS o ORDER BY random() LIMIT 1;
    LOOP
        SELECT * INTO slot FROM oracle.offered(q, at, at + '1 us');
        left_over := COALESCE(left_over - 1, oracle.capacity(q, slot));
        trial := oracle.judge(scene, q, format('%s left', left_over), at, slot, oracle.book(q, at, slot), NULL, trial);
        IF (slot.starts_at IS NULL) <> (left_over = 0) AND trial.failure IS NULL THEN
            trial.failure := format(E'seed %s, case %s: %s has %s seats left, compute_slots offers %s\n%s', scene.seed,
                scene.number, at, left_over, slot, oracle.as_sql(q));
        END IF;
        EXIT WHEN slot.starts_at IS NULL OR trial.failure IS NOT NULL;
    END LOOP;
END
$$;

-- Books one slot and tries to move it: to what is offered as if it were gone, and to nothing else. Once it is canceled,
-- the same is offered as before.
CREATE FUNCTION oracle.move_one(scene oracle.scene, q oracle.question, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    before constant oracle.slot[] := ARRAY(SELECT o::oracle.slot FROM oracle.offered(q, q.range_start, q.range_end) AS o);
    i record;
    booking record;
    problem text;
BEGIN
    SELECT b.* INTO booking
        FROM (SELECT o.starts_at FROM oracle.offered(q, q.range_start, q.range_end) AS o
              WHERE o.starts_at > oracle.clock() ORDER BY random() LIMIT 1) AS s
            CROSS JOIN LATERAL opencalendly.book_slot(q.event_type_id, s.starts_at, 'Ada', 'ada@example.com') AS b;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    q.ignore_booking := booking.booking_id;
    FOR i IN SELECT * FROM oracle.instants(scene, q) AS o
        WHERE o.at <> booking.starts_at ORDER BY (o.slot).starts_at IS NOT NULL AND random() < 0.5 DESC, random() LIMIT 40
    LOOP
        trial := oracle.judge(scene, q, format('moving %s', booking.starts_at), i.at, i.slot,
            oracle.try_reschedule(q, booking.reschedule_token, booking.host_ids[cardinality(booking.host_ids)], i.at,
                i.slot), NULL, trial);
    END LOOP;
    q.ignore_booking := NULL;
    PERFORM opencalendly.cancel_booking(booking.cancel_token);
    problem := CASE
        WHEN before <> ARRAY(SELECT o::oracle.slot FROM oracle.offered(q, q.range_start, q.range_end) AS o)
            THEN 'what is offered is not as before'
        WHEN EXISTS (SELECT FROM opencalendly.team_booking_assignments AS a WHERE a.booking_id = booking.booking_id)
            THEN 'assignments are left' END;
    IF problem IS NOT NULL AND trial.failure IS NULL THEN
        trial.failure := format(E'seed %s, case %s, %s booked and canceled: %s\n%s', scene.seed, scene.number,
            booking.starts_at, problem, oracle.as_sql(q));
    END IF;
END
$$;

-- What is wrong with the claims of a hold that opened a meeting, whom they should be of; null if nothing is.
CREATE FUNCTION oracle.hold_flaw(q oracle.question) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT format('the hold of %s has claims of %s, whereas %s would be booked', slot.starts_at, h.claimed, h.due)
    FROM (SELECT h.occurrence_id, o.starts_at FROM opencalendly.holds AS h
              JOIN opencalendly.occurrences AS o ON o.id = h.occurrence_id
          WHERE h.id = q.hold_id) AS m
        CROSS JOIN LATERAL oracle.offered(q, m.starts_at, m.starts_at + '1 us') AS slot
        CROSS JOIN LATERAL (SELECT
            ARRAY(SELECT c.host_id FROM opencalendly.claims AS c WHERE c.occurrence_id = m.occurrence_id
                  ORDER BY c.host_id) AS claimed,
            ARRAY(SELECT a.id FROM (SELECT a.id FROM oracle.hosts(q.event_type_id) AS a WHERE a.is_required
                      UNION ALL SELECT oracle.due(q.event_type_id, slot)) AS a
                  WHERE a.id IS NOT NULL ORDER BY a.id) AS due) AS h
    WHERE slot.seats_left = (SELECT e.seats FROM opencalendly.event_types AS e WHERE e.id = q.event_type_id)
        AND h.claimed <> h.due
$$;

-- One event type: as it is; then after one of: a hold, with its token and without; real bookings; a start booked until it
-- is full; a move. of_others, of_offered: as in try_all.
CREATE FUNCTION oracle.check_bookable(scene oracle.scene, of_others integer, of_offered integer) RETURNS oracle.trial
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    q oracle.question := ROW(scene.event_type_id, scene.range_start,
        least(scene.range_end, scene.range_start + interval '24 hours' * oracle.one_of(1, 1, 1, 1, 2, 3)), 10000,
        NULL, NULL, NULL, true);
    trial oracle.trial := ROW(NULL, 0, 0, 0);
    held record;
BEGIN
    IF NOT EXISTS (SELECT FROM oracle.offered(q, q.range_start, q.range_end)) THEN
        RETURN oracle.try_all(scene, q, 50, 50, 'nothing offered', trial);
    END IF;
    trial.event_types := 1;
    trial := oracle.try_all(scene, q, of_others, of_offered, 'as it is', trial);
    CASE oracle.word('hold', 'book', 'fill', 'move')
    WHEN 'hold' THEN
        SELECT * INTO held FROM oracle.hold_some(scene, q);
        trial.failure := COALESCE(trial.failure, held.failure, oracle.hold_flaw(held.q));
        trial := oracle.try_all(scene, held.q, of_others * 20, of_offered, 'with a hold', trial);
        trial := oracle.try_all(scene, q, of_others * 20, of_offered, 'beside a hold', trial);
    WHEN 'book' THEN
        trial := oracle.book_some(scene, q, trial);
        trial := oracle.try_all(scene, q, of_others * 20, of_offered, 'after bookings', trial);
    WHEN 'fill' THEN
        trial := oracle.fill_one(scene, q, trial);
        trial := oracle.try_all(scene, q, of_others * 20, of_offered * 5, 'with a full start', trial);
    ELSE
        trial := oracle.move_one(scene, q, trial);
    END CASE;
    RETURN trial;
END
$$;

-- Checks the cases from first on until so many event types with slots are tried, or one fails; leaves nothing behind.
-- next: where to go on.
CREATE PROCEDURE oracle.run_bookable(
    seed bigint, first integer, wanted integer, of_teams boolean, INOUT next integer DEFAULT 0,
    INOUT event_types integer DEFAULT 0, INOUT instants integer DEFAULT 0, INOUT offered integer DEFAULT 0,
    INOUT failure text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    trial oracle.trial;
BEGIN
    next := first;
    WHILE event_types < wanted AND failure IS NULL LOOP
        IF of_teams THEN
            trial := oracle.check_bookable(oracle.make_team(seed, next), 5, 4);
        ELSE
            trial := oracle.check_bookable(oracle.make(seed, next), 1, 1);
        END IF;
        ROLLBACK;
        next := next + 1;
        event_types := event_types + trial.event_types;
        instants := instants + trial.instants;
        offered := offered + trial.offered;
        failure := trial.failure;
    END LOOP;
END
$$;
