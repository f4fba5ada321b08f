-- Random teams: 1 to 12 users, each made as the host of a solo case is (random.sql) but in zones of their own, who come
-- and go, are asked or required, and have solo bookings, another team's meetings and the team's own ones to attend. Load
-- after random.sql.

-- A user in the scene's zone or in another one, with hours there, and a solo event type. openness: of how many in a hundred
-- the hours are long; without them many would hardly ever have time together. trouble: of how many they are cut up.
CREATE FUNCTION oracle.make_member(scene oracle.scene, openness integer, trouble integer) RETURNS oracle.scene
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    member oracle.scene := scene;
    place integer := oracle.roll(1, (SELECT count(*)::integer FROM oracle.zones));
    moment constant integer := oracle.roll(1, (SELECT count(*)::integer FROM oracle.moments));
    first integer;
    schedule uuid;
    weekday integer;
BEGIN
    member.zone_name := CASE oracle.word('same', 'same', 'any', 'moment')
        WHEN 'any' THEN (SELECT z.name FROM oracle.zones AS z WHERE z.number = place)
        WHEN 'moment' THEN (SELECT m.zone FROM oracle.moments AS m WHERE m.number = moment)
        ELSE scene.zone_name END;
    member.zone := oracle.full_zone(member.zone_name);
    member := oracle.add_host(member);
    IF oracle.chance(openness) THEN
        first := oracle.one_of(0, 0, 0, 5, 10, 30, oracle.roll(0, 120));
        FOR schedule, weekday IN
            SELECT s, d FROM unnest(ARRAY[member.schedule_id, member.other_schedule_id]) AS s, generate_series(0, 6) AS d
            WHERE s IS NOT NULL
        LOOP
            member := oracle.add_rule(member, schedule, weekday, first, 1440);
        END LOOP;
    END IF;
    IF oracle.chance(greatest(trouble, 100 - openness)) THEN
        member := oracle.add_rules(member, member.schedule_id);
        member := oracle.add_rules(member, member.other_schedule_id);
        member := oracle.add_overrides(member);
    END IF;
    INSERT INTO opencalendly.event_types (user_id, slug, duration_minutes)
        VALUES (member.user_id, 'solo', oracle.one_of(15, 30, scene.duration)) RETURNING id INTO member.event_type_id;
    member.other_event_type_id := member.event_type_id;
    RETURN member;
END
$$;

-- A team of some of the users, the owner among them, in an order of its own, with gaps where somebody has left; it offers
-- the event type, and has picked before.
CREATE FUNCTION oracle.add_team(event_type_id uuid, owner_id uuid, users uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    team_id uuid;
    "position" integer := 0;
    member uuid;
BEGIN
    INSERT INTO opencalendly.teams (owner_id, name, slug) VALUES (owner_id, 'Team', event_type_id) RETURNING id INTO team_id;
    FOR member IN SELECT u.id FROM unnest(users) WITH ORDINALITY AS u (id, n) ORDER BY random() LOOP
        "position" := "position" + oracle.one_of(1, 1, 1, 2, 5);
        CONTINUE WHEN member <> owner_id AND oracle.chance(6);
        INSERT INTO opencalendly.team_members (team_id, user_id, role, status, position, weight, priority)
            VALUES (team_id, member, CASE member WHEN owner_id THEN 'owner' ELSE 'member' END,
                CASE WHEN member <> owner_id AND oracle.chance(8) THEN 'pending' ELSE 'active' END, "position",
                oracle.one_of(100, 100, 1, 50, 200, 1000), oracle.one_of(2, 2, 2, 1, 3));
    END LOOP;
    UPDATE opencalendly.teams AS t SET last_position = "position" WHERE t.id = team_id;
    INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode, assignment, all_members,
            round_robin_cursor, last_entry)
        VALUES (event_type_id, team_id, oracle.word('round_robin', 'round_robin', 'collective'),
            oracle.word('cursor', 'least_recent', 'weighted'), oracle.chance(60),
            oracle.roll(0, "position"), cardinality(users));
    INSERT INTO opencalendly.team_credits (event_type_id, user_id, credits, last_pick)
        SELECT event_type_id, u.id, oracle.roll(-300, 300), u.n
        FROM unnest(users) WITH ORDINALITY AS u (id, n) WHERE oracle.chance(60);
END
$$;

-- Parts in the event type: who is required in it, and by which schedule. required: of a hundred in a pool, and three times
-- as many in a collective.
CREATE FUNCTION oracle.add_parts(event_type_id uuid, required integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    member record;
BEGIN
    FOR member IN
        SELECT t.event_type_id, m.team_id, m.user_id, t.all_members, t.mode, s.id AS schedule_id
        FROM opencalendly.team_event_types AS t
            JOIN opencalendly.team_members AS m ON m.team_id = t.team_id
            LEFT JOIN opencalendly.schedules AS s ON s.user_id = m.user_id AND NOT s.is_default
        WHERE t.event_type_id = add_parts.event_type_id
        ORDER BY m.position
    LOOP
        CONTINUE WHEN oracle.chance(CASE WHEN member.schedule_id IS NULL THEN required ELSE 5 END);
        INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required, schedule_id, weight)
            VALUES (member.event_type_id, member.team_id, member.user_id,
                oracle.chance(CASE member.mode WHEN 'collective' THEN required * 3 ELSE required END),
                CASE WHEN oracle.chance(90) THEN member.schedule_id END, oracle.one_of(NULL, NULL, 10, 300));
    END LOOP;
END
$$;

-- Hosts of a meeting of an event type: as a booking would have them, one of the pool among those who are free if any is;
-- or as it might have had when others were in the team.
CREATE FUNCTION oracle.some_hosts(event_type_id uuid, free uuid[], users uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    pool constant uuid[] := ARRAY(SELECT h.id FROM oracle.hosts(event_type_id) AS h
        WHERE NOT h.is_required AND (free IS NULL OR h.id = ANY (free)));
    hosts uuid[] := ARRAY(SELECT h.id FROM oracle.hosts(event_type_id) AS h WHERE h.is_required);
BEGIN
    IF cardinality(pool) > 0 THEN
        hosts := hosts || pool[oracle.roll(1, cardinality(pool))];
    END IF;
    IF cardinality(hosts) > 0 AND oracle.chance(7) THEN
        hosts := array_remove(hosts, hosts[oracle.roll(1, cardinality(hosts))]);
    END IF;
    IF cardinality(hosts) = 0 OR oracle.chance(5) THEN
        hosts := array_remove(hosts, users[1]) || users[1];
    END IF;
    RETURN hosts;
END
$$;

-- Meetings of the team, most of them within a few hours and where there is a slot, some at one time: each may have its own
-- host of a pool; and meetings of the other team.
CREATE FUNCTION oracle.add_team_meetings(scene oracle.scene, users uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    around constant timestamptz := scene.range_start + random() * (scene.range_end - scene.range_start);
    slots constant oracle.slot[] := ARRAY(
        SELECT s FROM oracle.slots(scene.event_type_id, greatest(around - interval '2 hours', scene.range_start),
            least(around + interval '2 hours', scene.range_end), all_hosts => true) AS s);
    slot oracle.slot;
BEGIN
    FOR i IN 1 .. oracle.one_of(0, 1, 3, 6, 9, 12) LOOP
        IF i > 1 AND oracle.chance(45) THEN
            NULL; -- at the same time as the last one
        ELSIF cardinality(slots) > 0 AND oracle.chance(70) THEN
            slot := slots[oracle.roll(1, cardinality(slots))];
        ELSE
            slot := ROW(oracle.some_start(scene)
                + CASE WHEN oracle.chance(25) THEN oracle.roll(-20, 20) * interval '24 hours' ELSE '0' END);
        END IF;
        IF oracle.chance(85) THEN
            PERFORM oracle.add_meeting(scene, scene.event_type_id, slot.starts_at,
                oracle.some_hosts(scene.event_type_id, slot.host_ids, users));
        ELSE
            PERFORM oracle.add_meeting(scene, scene.other_event_type_id, slot.starts_at,
                oracle.some_hosts(scene.other_event_type_id, NULL, users));
        END IF;
    END LOOP;
END
$$;

-- Makes the team's case number of seed in the current transaction, sets opencalendly.clock for the rest of it. The scene is
-- that of the owner, with the team's event type, another team's, and the anchors of all hosts.
CREATE FUNCTION oracle.make_team(seed bigint, number integer) RETURNS oracle.scene LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    scene oracle.scene := oracle.begin_scene(seed, number);
    openness constant integer := oracle.one_of(40, 90, 100, 100, 100);
    trouble constant integer := oracle.one_of(0, 15, 40, 80);
    members oracle.scene[] := ARRAY(
        SELECT oracle.make_member(scene, openness, trouble)
        FROM generate_series(1, CASE WHEN oracle.chance(15) THEN 12 ELSE oracle.roll(1, 12) END));
    member oracle.scene;
    users constant uuid[] := ARRAY(SELECT m.user_id FROM unnest(members) AS m);
BEGIN
    IF scene.range_end - scene.range_start > interval '24 hours' AND oracle.chance(90) THEN
        scene.range_start := greatest(scene.range_start, scene.pivot - interval '12 hours');
        scene.range_end := least(scene.range_end, scene.pivot + interval '12 hours');
    END IF;
    scene.user_id := members[1].user_id;
    scene.schedule_id := members[1].schedule_id;
    SELECT u.timezone, oracle.full_zone(u.timezone) INTO scene.zone_name, scene.zone
        FROM opencalendly.users AS u WHERE u.id = scene.user_id;
    FOREACH member IN ARRAY members LOOP
        scene.anchors := scene.anchors || member.anchors;
        scene.lengths := scene.lengths || member.lengths;
    END LOOP;
    scene := oracle.add_event_type(scene);
    IF oracle.chance(60) THEN
        UPDATE opencalendly.event_types AS e SET min_notice_minutes = DEFAULT, max_days_ahead = DEFAULT,
                bookable_from = DEFAULT, bookable_until = DEFAULT, daily_booking_limit = DEFAULT,
                weekly_booking_limit = DEFAULT, monthly_booking_limit = DEFAULT
            WHERE e.id = scene.event_type_id;
    END IF;
    PERFORM oracle.add_team(scene.event_type_id, scene.user_id, users);
    PERFORM oracle.add_parts(scene.event_type_id, oracle.one_of(6, 10, 15, 25));
    PERFORM oracle.add_team(scene.other_event_type_id, scene.user_id, users[1:oracle.roll(1, cardinality(users))]);
    FOREACH member IN ARRAY members LOOP
        member.clock := scene.clock;
        IF oracle.chance(trouble) THEN
            PERFORM oracle.add_busy(member);
        END IF;
        IF oracle.chance(trouble / 2) THEN
            PERFORM oracle.add_meetings(member);
        END IF;
    END LOOP;
    PERFORM oracle.add_team_meetings(scene, users);
    FOREACH member IN ARRAY members LOOP
        member.clock := scene.clock;
        PERFORM oracle.add_calendars(member);
    END LOOP;
    RETURN scene;
END
$$;
