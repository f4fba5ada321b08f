-- Offered and bookable are the same set: what compute_slots returns is booked by book_slot, every other instant is refused
-- with OC001, and explain_slot says the same. Load after compare.sql; the cases are those of random.sql.

-- What book_slot says to an instant, nothing of it kept: 'booked', or the SQLSTATE.
CREATE FUNCTION oracle.try_book(event_type_id uuid, at timestamptz, hold_token text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM opencalendly.book_slot(event_type_id, at, 'Ada', 'ada@example.com', hold_token => hold_token);
    RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ001' THEN 'booked' ELSE SQLSTATE END;
END
$$;

-- What reschedule_booking says to an instant, nothing of it kept: 'booked', or the SQLSTATE.
CREATE FUNCTION oracle.try_reschedule(token text, at timestamptz) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM opencalendly.reschedule_booking(token, at);
    RAISE EXCEPTION USING ERRCODE = 'ZZ001';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ001' THEN 'booked' ELSE SQLSTATE END;
END
$$;

-- Whether explain_slot says ok in one row and nothing else, or gives reasons that it may give.
CREATE FUNCTION oracle.explained(event_type_id uuid, at timestamptz) RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT CASE
        WHEN count(*) = 1 AND bool_and(e.verdict = 'ok') THEN 'booked'
        WHEN count(*) > 0 AND bool_and(e.verdict = 'refused' AND e.reason IN ('outside_hours', 'override', 'claim',
            'busy_window', 'buffer', 'notice', 'horizon', 'cap', 'grid', 'seats')) THEN 'OC001'
        ELSE format('rows %s', array_agg(e)) END
    FROM opencalendly.explain_slot(event_type_id, at) AS e
$$;

-- Instants of the question's range: each whole minute, each point on a grid, some anywhere, and the starts that are
-- offered with their near neighbours; and what is offered.
CREATE FUNCTION oracle.instants(scene oracle.scene, q oracle.question)
    RETURNS TABLE (at timestamptz, is_offered boolean) LANGUAGE sql VOLATILE AS $$
    WITH offered AS MATERIALIZED (
        SELECT c.starts_at AS at FROM opencalendly.compute_slots(q.event_type_id, q.range_start, q.range_end,
            10000, q.ignore_booking, q.hold_token) AS c
    ), candidates AS (
        SELECT g.at FROM generate_series(date_trunc('minute', q.range_start, 'UTC'), q.range_end, '1 minute') AS g (at)
        UNION
        SELECT a.at + n * scene.step * interval '1 minute'
            FROM unnest(scene.anchors, scene.lengths) AS a (at, minutes)
                CROSS JOIN generate_series(0, a.minutes / scene.step) AS n
        UNION
        SELECT q.range_start + random() * (q.range_end - q.range_start) FROM generate_series(1, 10)
        UNION
        SELECT o.at + n * i FROM offered AS o
            CROSS JOIN generate_series(-1, 1) AS n
            CROSS JOIN unnest(ARRAY['1 microsecond', '1 second']::interval[]) AS i
    )
    SELECT c.at, EXISTS (SELECT FROM offered AS o WHERE o.at = c.at)
    FROM candidates AS c WHERE c.at >= q.range_start AND c.at < q.range_end
    ORDER BY c.at
$$;

-- How many event types and instants were tried, how many of them were offered; failure: the report of the first instant
-- at which book_slot or explain_slot does not agree with compute_slots.
CREATE TYPE oracle.trial AS (failure text, event_types integer, instants integer, offered integer);

-- Tries every_nth of the instants that are not offered, and all that are.
CREATE FUNCTION oracle.try_all(
    scene oracle.scene, q oracle.question, every_nth integer, what text, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    expected text;
    booked text;
    explained text;
    n integer := oracle.roll(1, every_nth);
BEGIN
    FOR i IN SELECT * FROM oracle.instants(scene, q) LOOP
        EXIT WHEN trial.failure IS NOT NULL;
        n := n + 1;
        CONTINUE WHEN NOT i.is_offered AND n % every_nth <> 0;
        expected := CASE WHEN i.is_offered THEN 'booked' ELSE 'OC001' END;
        booked := oracle.try_book(q.event_type_id, i.at, q.hold_token);
        explained := CASE WHEN q.hold_token IS NULL AND (i.is_offered OR n % 8 = 0)
            THEN oracle.explained(q.event_type_id, i.at) ELSE expected END;
        trial.instants := trial.instants + 1;
        trial.offered := trial.offered + i.is_offered::integer;
        IF booked <> expected OR explained <> expected THEN
            trial.failure := format(E'seed %s, case %s, %s: %s: compute_slots says %s, book_slot %s, explain_slot %s\n%s',
                scene.seed, scene.number, what, i.at, expected, booked, explained, oracle.as_sql(q));
        END IF;
    END LOOP;
END
$$;

-- Books offered slots for real, in random order: each is bookable as long as compute_slots still has it.
CREATE FUNCTION oracle.book_some(scene oracle.scene, q oracle.question, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    expected text;
    booked text;
BEGIN
    FOR i IN SELECT o.at FROM oracle.instants(scene, q) AS o WHERE o.is_offered ORDER BY random() LIMIT 10 LOOP
        expected := CASE WHEN EXISTS (SELECT FROM opencalendly.compute_slots(q.event_type_id, i.at, i.at + '1 us'))
            THEN 'booked' ELSE 'OC001' END;
        BEGIN
            PERFORM opencalendly.book_slot(q.event_type_id, i.at, 'Ada', 'ada@example.com');
            booked := 'booked';
        EXCEPTION WHEN OTHERS THEN
            booked := SQLSTATE;
        END;
        trial.instants := trial.instants + 1;
        trial.offered := trial.offered + (expected = 'booked')::integer;
        IF booked <> expected AND trial.failure IS NULL THEN
            trial.failure := format(E'seed %s, case %s, after bookings: %s: compute_slots says %s, book_slot %s\n%s',
                scene.seed, scene.number, i.at, expected, booked, oracle.as_sql(q));
        END IF;
    END LOOP;
END
$$;

-- Books one slot and tries to move it: to what is offered as if it were gone, and to nothing else.
CREATE FUNCTION oracle.move_one(scene oracle.scene, q oracle.question, INOUT trial oracle.trial)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    i record;
    booking record;
    expected text;
    moved text;
BEGIN
    SELECT b.* INTO booking
        FROM (SELECT o.at FROM oracle.instants(scene, q) AS o
              WHERE o.is_offered AND o.at > oracle.clock() ORDER BY random() LIMIT 1) AS s
            CROSS JOIN LATERAL opencalendly.book_slot(q.event_type_id, s.at, 'Ada', 'ada@example.com') AS b;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    q.ignore_booking := booking.booking_id;
    FOR i IN SELECT * FROM oracle.instants(scene, q) AS o
        WHERE o.at <> booking.starts_at ORDER BY o.is_offered AND random() < 0.5 DESC, random() LIMIT 40
    LOOP
        expected := CASE WHEN i.is_offered THEN 'booked' ELSE 'OC001' END;
        moved := oracle.try_reschedule(booking.reschedule_token, i.at);
        trial.instants := trial.instants + 1;
        trial.offered := trial.offered + i.is_offered::integer;
        IF moved <> expected AND trial.failure IS NULL THEN
            trial.failure := format(E'seed %s, case %s, moving %s: %s: compute_slots says %s, reschedule_booking %s\n%s',
                scene.seed, scene.number, booking.starts_at, i.at, expected, moved, oracle.as_sql(q));
        END IF;
    END LOOP;
END
$$;

-- One event type: as it is; then after one of: a hold, with its token and without; real bookings; a move.
CREATE FUNCTION oracle.check_bookable(seed bigint, number integer) RETURNS oracle.trial LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    scene constant oracle.scene := oracle.make(seed, number);
    q oracle.question := ROW(scene.event_type_id, scene.range_start,
        least(scene.range_end, scene.range_start + interval '24 hours' * oracle.one_of(1, 1, 1, 1, 2, 3)), 10000);
    trial oracle.trial := ROW(NULL, 0, 0, 0);
    held record;
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.compute_slots(q.event_type_id, q.range_start, q.range_end)) THEN
        RETURN oracle.try_all(scene, q, 50, 'nothing offered', trial);
    END IF;
    trial.event_types := 1;
    trial := oracle.try_all(scene, q, 1, 'as it is', trial);
    CASE oracle.word('hold', 'book', 'move')
    WHEN 'hold' THEN
        SELECT * INTO held FROM oracle.hold_some(scene, q);
        trial.failure := COALESCE(trial.failure, held.failure);
        trial := oracle.try_all(scene, held.q, 20, 'with a hold', trial);
        trial := oracle.try_all(scene, q, 20, 'beside a hold', trial);
    WHEN 'book' THEN
        trial := oracle.book_some(scene, q, trial);
        trial := oracle.try_all(scene, q, 20, 'after bookings', trial);
    ELSE
        trial := oracle.move_one(scene, q, trial);
    END CASE;
    RETURN trial;
END
$$;

-- Checks the cases from first on until so many event types with slots are tried, or one fails; leaves nothing behind.
-- next: where to go on.
CREATE PROCEDURE oracle.run_bookable(
    seed bigint, first integer, wanted integer, INOUT next integer DEFAULT 0, INOUT event_types integer DEFAULT 0,
    INOUT instants integer DEFAULT 0, INOUT offered integer DEFAULT 0, INOUT failure text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    trial oracle.trial;
BEGIN
    next := first;
    WHILE event_types < wanted AND failure IS NULL LOOP
        trial := oracle.check_bookable(seed, next);
        ROLLBACK;
        next := next + 1;
        event_types := event_types + trial.event_types;
        instants := instants + trial.instants;
        offered := offered + trial.offered;
        failure := trial.failure;
    END LOOP;
END
$$;
