-- Asks compute_slots and the oracle the same question and compares the answers, row for row. A difference is reported
-- with the smallest case that still shows it, as SQL that makes it again. Load after random.sql and, for teams, after
-- team_random.sql.

CREATE TYPE oracle.question AS (
    event_type_id uuid, range_start timestamptz, range_end timestamptz, max_slots integer, ignore_booking uuid,
    hold_id uuid, hold_token text, all_hosts boolean);

-- The right answer, in order.
CREATE FUNCTION oracle.expected(q oracle.question) RETURNS oracle.slot[] LANGUAGE sql STABLE AS $$
    SELECT COALESCE(array_agg(s::oracle.slot ORDER BY s.starts_at), '{}')
    FROM (SELECT * FROM oracle.slots(q.event_type_id, q.range_start, q.range_end, q.ignore_booking, q.hold_id,
              q.all_hosts)
          ORDER BY starts_at LIMIT q.max_slots) AS s
$$;

-- The rows of compute_slots, in the order in which they come.
CREATE FUNCTION oracle.computed(q oracle.question) RETURNS oracle.slot[] LANGUAGE sql STABLE AS $$
    SELECT COALESCE(array_agg(ROW(c.starts_at, c.ends_at, c.seats_left, c.host_ids)::oracle.slot ORDER BY c.n), '{}')
    FROM opencalendly.compute_slots(q.event_type_id, q.range_start, q.range_end, q.max_slots, q.ignore_booking,
        q.hold_token, q.all_hosts) WITH ORDINALITY AS c (starts_at, ends_at, seats_left, host_ids, n)
$$;

-- What is wrong with the answer of compute_slots; null if nothing is. first: the first start that differs.
CREATE FUNCTION oracle.difference(q oracle.question, OUT message text, OUT first timestamptz, OUT slots integer)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    expected constant oracle.slot[] := oracle.expected(q);
    computed oracle.slot[];
BEGIN
    slots := cardinality(expected);
    BEGIN
        computed := oracle.computed(q);
    EXCEPTION WHEN OTHERS THEN
        message := format('compute_slots raised %s: %s', SQLSTATE, SQLERRM);
        RETURN;
    END;
    IF computed IS NOT DISTINCT FROM expected THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%s %s to %s, seats left %s, hosts %s', d.side, d.starts_at, d.ends_at, d.seats_left,
            d.host_ids), E'\n' ORDER BY d.starts_at, d.side), min(d.starts_at)
        INTO message, first
        FROM (
            SELECT * FROM (SELECT 'only in compute_slots:' AS side, * FROM unnest(computed)
                EXCEPT ALL SELECT 'only in compute_slots:', * FROM unnest(expected)) AS c
            UNION ALL
            SELECT * FROM (SELECT 'only in the oracle:' AS side, * FROM unnest(expected)
                EXCEPT ALL SELECT 'only in the oracle:', * FROM unnest(computed)) AS e
            ORDER BY starts_at LIMIT 8) AS d;
    message := COALESCE(message, 'the rows are in another order');
END
$$;

-- Statements that make the rows that are in the tables now, and ask the question.
CREATE FUNCTION oracle.as_sql(q oracle.question) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    tab text;
    rows text;
    statements text := format(E'BEGIN;\nSET LOCAL TIME ZONE ''UTC'';\nSET LOCAL opencalendly.clock = %L;\n', oracle.clock());
BEGIN
    FOREACH tab IN ARRAY ARRAY['users', 'schedules', 'event_types', 'availability_rules', 'availability_overrides',
        'calendar_connections', 'calendars', 'calendar_busy_windows', 'teams', 'team_members', 'team_event_types', 'team_event_type_members', 'team_credits',
        'occurrences', 'claims', 'holds', 'bookings', 'team_booking_assignments']
    LOOP
        EXECUTE format($query$
            SELECT string_agg(format('INSERT INTO opencalendly.%1$I SELECT * FROM jsonb_populate_record('
                'NULL::opencalendly.%1$I, %%L);', jsonb_strip_nulls(to_jsonb(t))) || E'\n', '')
            FROM opencalendly.%1$I AS t$query$, tab) INTO rows;
        statements := statements || COALESCE(rows, '');
    END LOOP;
    RETURN statements || format(E'SELECT * FROM opencalendly.compute_slots(%L, %L, %L, %L, %L, %L, %L);\n',
            q.event_type_id, q.range_start, q.range_end, q.max_slots, q.ignore_booking, q.hold_token, q.all_hosts)
        || format(E'SELECT * FROM oracle.slots(%L, %L, %L, %L, %L, %L);\nROLLBACK;',
            q.event_type_id, q.range_start, q.range_end, q.ignore_booking, q.hold_id, q.all_hosts);
END
$$;

-- Statements each of which makes the case a little smaller, those first that take away most.
CREATE FUNCTION oracle.smaller(q oracle.question) RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('DELETE FROM opencalendly.bookings WHERE occurrence_id = %1$L;'
            'DELETE FROM opencalendly.holds WHERE occurrence_id = %1$L;'
            'DELETE FROM opencalendly.claims WHERE occurrence_id = %1$L;'
            'DELETE FROM opencalendly.occurrences WHERE id = %1$L', o.id)
        FROM opencalendly.occurrences AS o
        WHERE NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id = o.id AND b.id = q.ignore_booking)
            AND NOT EXISTS (SELECT FROM opencalendly.holds AS h WHERE h.occurrence_id = o.id AND h.id = q.hold_id)
    UNION ALL
    SELECT format('DELETE FROM opencalendly.event_types WHERE id = %L', e.id) FROM opencalendly.event_types AS e
        WHERE e.id <> q.event_type_id
    UNION ALL
    SELECT format('DELETE FROM opencalendly.teams WHERE id = %L', t.id) FROM opencalendly.teams AS t
    UNION ALL
    SELECT format('DELETE FROM opencalendly.team_members WHERE id = %L', m.id) FROM opencalendly.team_members AS m
    UNION ALL
    SELECT format('DELETE FROM opencalendly.team_event_type_members WHERE user_id = %L', p.user_id)
        FROM opencalendly.team_event_type_members AS p
    UNION ALL
    SELECT 'UPDATE opencalendly.team_event_types SET all_members = DEFAULT, assignment = DEFAULT'
    UNION ALL
    SELECT 'DELETE FROM opencalendly.team_credits'
    UNION ALL
    SELECT 'DELETE FROM opencalendly.team_booking_assignments'
    UNION ALL
    -- not the last one of a meeting
    SELECT format('DELETE FROM opencalendly.claims AS c WHERE c.id = %L AND (c.occurrence_id IS NULL OR EXISTS ('
            'SELECT FROM opencalendly.claims AS o WHERE o.occurrence_id = c.occurrence_id AND o.id <> c.id))', c.id)
        FROM opencalendly.claims AS c
    UNION ALL
    SELECT format('DELETE FROM opencalendly.users WHERE id = %L', u.id) FROM opencalendly.users AS u
    UNION ALL
    SELECT format('DELETE FROM opencalendly.calendar_busy_windows WHERE id = %L', b.id)
        FROM opencalendly.calendar_busy_windows AS b
    UNION ALL
    SELECT format('DELETE FROM opencalendly.calendar_connections WHERE id = %L', c.id)
        FROM opencalendly.calendar_connections AS c
    UNION ALL
    SELECT format('DELETE FROM opencalendly.calendars WHERE id = %L', k.id) FROM opencalendly.calendars AS k
    UNION ALL
    SELECT format('DELETE FROM opencalendly.availability_overrides WHERE id = %L', o.id)
        FROM opencalendly.availability_overrides AS o
    UNION ALL
    SELECT format('DELETE FROM opencalendly.availability_rules WHERE id = %L', r.id)
        FROM opencalendly.availability_rules AS r
    UNION ALL
    SELECT format('UPDATE opencalendly.availability_rules SET %I = DEFAULT', c)
        FROM unnest(ARRAY['buffer_before_minutes', 'buffer_after_minutes']) AS c
    UNION ALL
    SELECT format('UPDATE opencalendly.event_types SET %I = DEFAULT', c)
        FROM unnest(ARRAY['buffer_before_minutes', 'buffer_after_minutes', 'min_notice_minutes', 'max_days_ahead',
            'bookable_from', 'bookable_until', 'daily_booking_limit', 'weekly_booking_limit',
            'monthly_booking_limit', 'slot_interval_minutes']) AS c
    UNION ALL
    SELECT format('DELETE FROM opencalendly.schedules WHERE id = %L', s.id) FROM opencalendly.schedules AS s
$$;

-- Takes away what the difference does not need, and returns the question, narrowed to the first start that differs.
CREATE FUNCTION oracle.shrink(q oracle.question) RETURNS oracle.question LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    statement text;
    narrow oracle.question := q;
BEGIN
    narrow.range_start := (oracle.difference(q)).first;
    narrow.range_end := narrow.range_start + interval '1 microsecond';
    IF (oracle.difference(narrow)).first IS NOT NULL THEN
        q := narrow;
    END IF;
    FOR statement IN SELECT oracle.smaller(q) LOOP
        BEGIN
            EXECUTE statement;
            IF (oracle.difference(q)).message IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'ZZ001';
            END IF;
        EXCEPTION WHEN SQLSTATE 'ZZ001' OR integrity_constraint_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN q;
END
$$;

-- What was compared so far; failure: the report of the first difference.
CREATE TYPE oracle.tally AS (failure text, comparisons integer, slots integer);

-- One comparison: adds to the sums, or makes the report.
CREATE FUNCTION oracle.compare(scene oracle.scene, q oracle.question, tally oracle.tally) RETURNS oracle.tally
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found record;
BEGIN
    IF tally.failure IS NOT NULL THEN
        RETURN tally;
    END IF;
    SELECT * INTO found FROM oracle.difference(q);
    tally.comparisons := tally.comparisons + 1;
    tally.slots := tally.slots + found.slots;
    IF found.message IS NOT NULL THEN
        q := oracle.shrink(q);
        tally.failure := format(E'seed %s, case %s, %s around %s\n%s\nthe smallest case found:\n%s\n%s', scene.seed,
            scene.number, scene.zone_name, scene.pivot, found.message, (oracle.difference(q)).message, oracle.as_sql(q));
    END IF;
    RETURN tally;
END
$$;

-- A live booking of the case, often of the event type; null if there is none.
CREATE FUNCTION oracle.some_booking(scene oracle.scene) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT b.id
    FROM (SELECT b.id, b.event_type_id = scene.event_type_id AS is_own
          FROM opencalendly.bookings AS b WHERE b.status IN ('confirmed', 'pending')
          ORDER BY b.starts_at, b.ends_at, is_own, b.seat_no, b.id) AS b
    ORDER BY random() * CASE WHEN b.is_own THEN 1 ELSE 3 END LIMIT 1
$$;

-- Holds one of the slots in hold_slot's way, lets some of the hold's time pass, and puts the hold into the question.
CREATE FUNCTION oracle.hold_some(scene oracle.scene, INOUT q oracle.question, OUT failure text)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    slots constant oracle.slot[] := oracle.expected(q);
    slot oracle.slot;
    ttl integer;
    before uuid[];
BEGIN
    IF cardinality(slots) = 0 THEN
        RETURN;
    END IF;
    slot := slots[oracle.roll(1, cardinality(slots))];
    ttl := oracle.roll(60, 600);
    IF oracle.chance(40) THEN
        -- notice that the slot meets now and will not meet when some time has passed
        UPDATE opencalendly.event_types AS e
            SET min_notice_minutes = least(floor(extract(epoch FROM slot.starts_at - oracle.clock()) / 60), 43200)
            WHERE e.id = q.event_type_id;
    END IF;
    before := ARRAY(SELECT h.id FROM opencalendly.holds AS h);
    BEGIN
        SELECT h.hold_token INTO q.hold_token
            FROM opencalendly.hold_slot(q.event_type_id, slot.starts_at, ttl * interval '1 second') AS h;
    EXCEPTION WHEN OTHERS THEN
        failure := format(E'seed %s, case %s: hold_slot of %s raised %s: %s\n%s', scene.seed, scene.number,
            slot.starts_at, SQLSTATE, SQLERRM, oracle.as_sql(q));
        RETURN;
    END;
    SELECT h.id INTO STRICT q.hold_id FROM opencalendly.holds AS h WHERE h.id <> ALL (before);
    PERFORM set_config('opencalendly.clock', (scene.clock + oracle.roll(0, ttl - 1) * interval '1 second')::text, true);
END
$$;

-- Makes a case and compares: as it is; as if a booking were gone; after a hold, with the hold's token and without.
CREATE FUNCTION oracle.check_case(seed bigint, number integer, of_teams boolean) RETURNS oracle.tally
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    scene oracle.scene;
    q oracle.question;
    tally oracle.tally;
    held record;
BEGIN
    IF of_teams THEN
        scene := oracle.make_team(seed, number);
    ELSE
        scene := oracle.make(seed, number);
    END IF;
    q := ROW(scene.event_type_id, scene.range_start, scene.range_end,
        CASE WHEN oracle.chance(10) THEN oracle.roll(1, 20) ELSE 10000 END, NULL, NULL, NULL, oracle.chance(50));
    tally := oracle.compare(scene, q, ROW(NULL, 0, 0));
    q.ignore_booking := CASE WHEN oracle.chance(40) THEN oracle.some_booking(scene) END;
    IF q.ignore_booking IS NOT NULL THEN
        tally := oracle.compare(scene, q, tally);
        q.ignore_booking := NULL;
    END IF;
    IF tally.failure IS NULL AND oracle.chance(25) THEN
        SELECT * INTO held FROM oracle.hold_some(scene, q);
        tally.failure := held.failure;
        IF (held.q).hold_id IS NOT NULL THEN
            tally := oracle.compare(scene, held.q, tally);
            tally := oracle.compare(scene, q, tally);
        END IF;
    END IF;
    RETURN tally;
END
$$;

-- Checks the cases first to last, of solo and group event types or of teams, up to the first that fails, and leaves
-- nothing behind. failure: its report, or null; cases, comparisons, open_cases (those with a slot) and slots say how much
-- was compared.
CREATE PROCEDURE oracle.run(
    seed bigint, first integer, last integer, of_teams boolean DEFAULT false, INOUT cases integer DEFAULT 0,
    INOUT comparisons integer DEFAULT 0, INOUT open_cases integer DEFAULT 0, INOUT slots integer DEFAULT 0,
    INOUT failure text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    tally oracle.tally;
BEGIN
    FOR number IN first .. last LOOP
        tally := oracle.check_case(seed, number, of_teams);
        ROLLBACK;
        cases := cases + 1;
        comparisons := comparisons + tally.comparisons;
        open_cases := open_cases + (tally.slots > 0)::integer;
        slots := slots + tally.slots;
        failure := tally.failure;
        EXIT WHEN failure IS NOT NULL;
    END LOOP;
END
$$;
