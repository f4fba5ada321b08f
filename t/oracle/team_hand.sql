-- Cases of teams worked out by hand. Load after hand.sql. A team's hosts are a, b, c, ... by position; a owns the team and
-- its event type. Instants are UTC; the promise says why the answer is right.

-- An event type of a new team of these hosts, all of them active members.
CREATE FUNCTION oracle.example_team(mode text, duration integer, step integer, VARIADIC hosts uuid[]) RETURNS uuid
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    team_id uuid;
    event_type_id constant uuid := gen_random_uuid();
BEGIN
    INSERT INTO opencalendly.teams (owner_id, name, slug, last_position)
        VALUES (hosts[1], 'Team', event_type_id, cardinality(hosts)) RETURNING id INTO team_id;
    INSERT INTO opencalendly.team_members (team_id, user_id, role, status, position)
        SELECT example_team.team_id, h.id, CASE h.n WHEN 1 THEN 'owner' ELSE 'member' END, 'active', h.n
        FROM (SELECT team_id) AS example_team, unnest(hosts) WITH ORDINALITY AS h (id, n);
    INSERT INTO opencalendly.event_types (id, user_id, slug, duration_minutes, slot_interval_minutes)
        VALUES (event_type_id, hosts[1], event_type_id, duration, step);
    INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode) VALUES (event_type_id, team_id, mode);
    RETURN event_type_id;
END
$$;

-- The hosts of a team's event type that the letters name.
CREATE FUNCTION oracle.lettered(event_type_id uuid, letters text) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(m.user_id ORDER BY m.position)
    FROM opencalendly.team_event_types AS t JOIN opencalendly.team_members AS m ON m.team_id = t.team_id
    WHERE t.event_type_id = lettered.event_type_id AND strpos(letters, chr(ascii('a') + m.position - 1)) > 0
$$;

-- The same event type again: these members are required, or these are not; or: members without a part stay out.
CREATE FUNCTION oracle.with_part(event_type_id uuid, letters text, is_required boolean) RETURNS uuid
    LANGUAGE sql VOLATILE AS $$
    INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required)
        SELECT t.event_type_id, t.team_id, unnest(oracle.lettered(t.event_type_id, letters)), with_part.is_required
        FROM opencalendly.team_event_types AS t WHERE t.event_type_id = with_part.event_type_id;
    SELECT event_type_id
$$;

CREATE FUNCTION oracle.of_listed_only(event_type_id uuid) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    UPDATE opencalendly.team_event_types AS t SET all_members = false
        WHERE t.event_type_id = of_listed_only.event_type_id RETURNING t.event_type_id
$$;

-- An event type of half hours and so many seats, of a new team of so many members in Berlin, open on Mondays 09:00 to 10:00.
CREATE FUNCTION oracle.example_hour(mode text, members integer, seats integer) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT oracle.with_values(oracle.example_team(mode, 30, 30, VARIADIC ARRAY(
            SELECT oracle.example_host('Europe/Berlin', 'mon 09:00-10:00') FROM generate_series(1, members))),
        format('seats = %s', seats))
$$;

-- The same event type again, with a meeting of the hosts that the letters name.
CREATE FUNCTION oracle.with_team_meeting(event_type_id uuid, starts_at timestamptz, letters text, booked integer DEFAULT 1)
    RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT oracle.with_meeting(event_type_id, starts_at, booked, hosts => oracle.lettered(event_type_id, letters))
$$;

-- Rule 6: each member's own clocks and hours, one grid of all.
CREATE FUNCTION oracle.hand_team_times() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    berlin constant text := 'Europe/Berlin';
    asked uuid;
    named uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '1970-01-01 00:00Z', true);
    -- Berlin 07:00 to 15:00 UTC, Kolkata 03:30 to 11:30 UTC
    asked := oracle.example_team('collective', 60, 60, oracle.example_host(berlin, 'mon 09:00-17:00'),
        oracle.example_host('Asia/Kolkata', 'mon 09:00-17:00'));
    RETURN NEXT oracle.by_hand('Berlin and Kolkata: on the grid of either, in the hours of both', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ab, 06 07:30 ab, 06 08:00 ab, 06 08:30 ab, 06 09:00 ab, '
        '06 09:30 ab, 06 10:00 ab, 06 10:30 ab');
    UPDATE opencalendly.team_event_types AS t SET mode = 'round_robin' WHERE t.event_type_id = asked;
    RETURN NEXT oracle.by_hand('round robin: whoever is free, morning of Berlin', asked,
        '2026-07-06 05:30Z', '2026-07-06 08:00Z', '06 05:30 b, 06 06:30 b, 06 07:00 ab, 06 07:30 ab');
    RETURN NEXT oracle.by_hand('round robin: whoever is free, evening of Kolkata', asked,
        '2026-07-06 10:00Z', '2026-07-06 12:30Z', '06 10:00 ab, 06 10:30 ab, 06 11:00 a, 06 12:00 a');
    -- Kathmandu 08:15 to 12:15 UTC, London 09:00 to 11:00 UTC
    RETURN NEXT oracle.by_hand('Kathmandu (5:45) and London: two grids a quarter of an hour apart',
        oracle.example_team('collective', 30, 30, oracle.example_host('Asia/Kathmandu', 'mon 14:00-18:00'),
            oracle.example_host('Europe/London', 'mon 10:00-12:00')), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 09:00 ab, 06 09:15 ab, 06 09:30 ab, 06 09:45 ab, 06 10:00 ab, 06 10:15 ab, 06 10:30 ab');
    RETURN NEXT oracle.by_hand('Chatham (12:45) and Eucla (8:45) have one grid',
        oracle.example_team('collective', 60, 60, oracle.example_host('Pacific/Chatham', 'mon 20:00-22:00'),
            oracle.example_host('Australia/Eucla', 'mon 16:00-18:00')), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:15 ab, 06 08:15 ab');
    -- Berlin 00:00 to 02:00 UTC: 01:00 to 04:00 without 02:00 to 03:00; New York, in summer time already, 00:30 to 02:30
    asked := oracle.example_team('collective', 30, 60, oracle.example_host(berlin, 'sun 01:00-04:00'),
        oracle.example_host('America/New_York', 'sat 20:30-22:30'));
    RETURN NEXT oracle.by_hand('Berlin forward, New York not', asked, '2026-03-28 12:00Z', '2026-03-29 12:00Z',
        '29 00:30 ab, 29 01:00 ab, 29 01:30 ab');
    UPDATE opencalendly.event_types AS e SET duration_minutes = 60 WHERE e.id = asked;
    RETURN NEXT oracle.by_hand('Berlin forward: over the hour that is not there', asked,
        '2026-03-28 12:00Z', '2026-03-29 12:00Z', '29 00:30 ab, 29 01:00 ab');
    -- Berlin 00:00 to 02:00 UTC: 02:00 to 03:00 twice; New York still in summer time, 00:30 to 02:30
    RETURN NEXT oracle.by_hand('Berlin back, New York not',
        oracle.example_team('round_robin', 60, 30, oracle.example_host(berlin, 'sun 02:00-03:00'),
            oracle.example_host('America/New_York', 'sat 20:30-22:30')), '2026-10-24 12:00Z', '2026-10-25 12:00Z',
        '25 00:00 a, 25 00:30 ab, 25 01:00 ab, 25 01:30 b');
    -- Lord Howe back by half an hour at 15:00 UTC: 14:00 to 15:30; Sydney back by an hour at 16:00 UTC: 14:00 to 17:00
    RETURN NEXT oracle.by_hand('Lord Howe and Sydney back in one night, by half an hour and by an hour',
        oracle.example_team('round_robin', 30, 30, oracle.example_host('Australia/Lord_Howe', 'sun 01:00-02:00'),
            oracle.example_host('Australia/Sydney', 'sun 01:00-03:00')), '2026-04-04 12:00Z', '2026-04-05 12:00Z',
        '04 14:00 ab, 04 14:30 ab, 04 15:00 ab, 04 15:30 b, 04 16:00 b, 04 16:30 b');
    -- a until 08:00, from 07:00; b from 07:10 until 08:10
    RETURN NEXT oracle.by_hand('grids of different phases: a start of one is a start of all',
        oracle.example_team('round_robin', 20, 20, oracle.example_host(berlin, 'mon 09:00-10:00'),
            oracle.example_host(berlin, 'mon 09:10-10:10')), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 a, 06 07:10 ab, 06 07:20 ab, 06 07:30 ab, 06 07:40 ab, 06 07:50 b');
    RETURN NEXT oracle.by_hand('an added override''s grid, with its seconds, is everybody''s, too',
        oracle.example_team('collective', 20, 30,
            oracle.host_with_override(oracle.example_host(berlin, NULL), '2026-07-06 07:05:30Z', '2026-07-06 08:00Z', true,
                of_all => true),
            oracle.example_host(berlin, 'mon 09:00-10:00')), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:05:30 ab, 06 07:30 ab, 06 07:35:30 ab');
    RETURN NEXT oracle.by_hand('a member''s time off and replaced day are that member''s alone',
        oracle.example_team('round_robin', 60, 60,
            oracle.host_with_override(oracle.example_host(berlin, 'mon 09:00-11:00'),
                '2026-07-06 07:30Z', '2026-07-06 07:31Z', false, of_all => true),
            oracle.host_with_override(oracle.example_host(berlin, 'mon 09:00-11:00'),
                '2026-07-06 10:00Z', '2026-07-06 11:00Z', true, true),
            oracle.example_host('Asia/Kolkata', 'mon 12:30-13:30')), '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 c, 06 08:00 a, 06 10:00 b');

    asked := oracle.example_team('collective', 60, 60, oracle.example_host(berlin, 'mon 09:00-12:00'),
        oracle.example_host(berlin, 'mon 09:00-10:00'));
    INSERT INTO opencalendly.schedules (user_id, name, timezone)
        VALUES ((oracle.lettered(asked, 'b'))[1], 'Named', 'Europe/London') RETURNING id INTO named;
    PERFORM oracle.set_hours(named, 'mon 09:30-11:00');
    RETURN NEXT oracle.by_hand('without a part the default schedule counts', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ab');
    PERFORM oracle.with_part(asked, 'b', true);
    UPDATE opencalendly.team_event_type_members AS p SET schedule_id = named WHERE p.event_type_id = asked;
    RETURN NEXT oracle.by_hand('a part may name another schedule of the member, in its own zone', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 08:30 ab, 06 09:00 ab');
    UPDATE opencalendly.event_types AS e SET schedule_id = e.user_id WHERE e.id = asked;
    UPDATE opencalendly.availability_rules AS r SET end_minute = 660 WHERE r.schedule_id = (oracle.lettered(asked, 'a'))[1];
    UPDATE opencalendly.users AS u SET timezone = 'Europe/London' WHERE u.id = (oracle.lettered(asked, 'a'))[1];
    RETURN NEXT oracle.by_hand('a member''s zone moves the hours of the default schedule', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 08:30 ab, 06 09:00 ab');
END
$$;

-- Rule 6: who takes part. All hosts are in Berlin (UTC + 2), 6 July 2026 is a Monday.
CREATE FUNCTION oracle.hand_team_parts() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    berlin constant text := 'Europe/Berlin';
    open_hour constant text := '06 07:00 ab, 06 07:30 ab';
    asked uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-01-01 00:00Z', true);
    asked := oracle.example_team('collective', 30, 30, oracle.example_host(berlin, 'mon 09:00-10:00'),
        oracle.example_host(berlin, 'mon 09:00-10:00'));
    UPDATE opencalendly.team_members AS m SET status = 'pending' WHERE m.user_id = (oracle.lettered(asked, 'b'))[1];
    RETURN NEXT oracle.by_hand('who is only asked is not required', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 a, 06 07:30 a');
    RETURN NEXT oracle.by_hand('not even by a part', oracle.with_part(asked, 'b', true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 a, 06 07:30 a');
    UPDATE opencalendly.team_members AS m SET status = 'active' WHERE m.user_id = (oracle.lettered(asked, 'b'))[1];
    RETURN NEXT oracle.by_hand('who has accepted is', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', open_hour);
    RETURN NEXT oracle.by_hand('of listed members only', oracle.of_listed_only(asked),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 b, 06 07:30 b');
    DELETE FROM opencalendly.team_members AS m WHERE m.user_id = (oracle.lettered(asked, 'b'))[1];
    RETURN NEXT oracle.by_hand('nobody is listed any more: no slot', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');

    asked := oracle.with_part(oracle.example_team('collective', 30, 30, oracle.example_host(berlin, 'mon 09:00-10:00'),
        oracle.example_host(berlin, 'mon 09:10-09:40')), 'b', false);
    RETURN NEXT oracle.by_hand('who is not required in a collective has no part in it, nor in its grid', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 a, 06 07:30 a');
    RETURN NEXT oracle.by_hand('a collective without required members has no slot', oracle.with_part(asked, 'a', false),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    UPDATE opencalendly.team_event_types AS t SET mode = 'round_robin' WHERE t.event_type_id = asked;
    RETURN NEXT oracle.by_hand('the same two as a pool', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 a, 06 07:10 ab, 06 07:30 a');
    UPDATE opencalendly.team_event_type_members AS p SET is_required = true WHERE p.event_type_id = asked;
    RETURN NEXT oracle.by_hand('a round robin without a pool has no slot', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');

    asked := oracle.with_part(oracle.example_team('round_robin', 30, 30, oracle.example_host(berlin, 'mon 09:00-09:30'),
        oracle.example_host(berlin, 'mon 09:00-10:30'), oracle.example_host(berlin, 'mon 09:15-10:00')), 'b', true);
    RETURN NEXT oracle.by_hand('a fixed host comes first, then those of the pool who are free; the pool alone is not enough',
        asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ba, 06 07:15 bc, 06 07:30 bc');
    RETURN NEXT oracle.by_hand('a fixed host''s busy time is everybody''s',
        oracle.with_meeting(oracle.with_values(asked, 'slot_interval_minutes = 15'), '2026-07-06 07:40Z',
            hosts => oracle.lettered(asked, 'b')), '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ba');
    DELETE FROM opencalendly.availability_rules AS r WHERE r.schedule_id = (oracle.lettered(asked, 'b'))[1];
    RETURN NEXT oracle.by_hand('a fixed host without hours: no slot', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');

    asked := oracle.example_team('round_robin', 30, 30, VARIADIC ARRAY(
        SELECT oracle.example_host(berlin, 'mon 09:00-09:30') FROM generate_series(1, 12)));
    RETURN NEXT oracle.by_hand('ten hosts are told', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 abcdefghij');
    RETURN NEXT oracle.by_hand('or all of them', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 abcdefghijkl', all_hosts => true);
    RETURN NEXT oracle.by_hand('the fixed ones are among the ten', oracle.with_part(asked, 'cl', true),
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 clabdefghi');
    UPDATE opencalendly.team_event_types AS t SET mode = 'collective' WHERE t.event_type_id = asked;
    RETURN NEXT oracle.by_hand('ten of a collective are told, too', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z',
        '06 07:00 abcdefghij');
END
$$;

-- Rule 3 for each host: buffers. All hosts are in Berlin (UTC + 2), 6 July 2026 is a Monday.
CREATE FUNCTION oracle.hand_team_buffers() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    berlin constant text := 'Europe/Berlin';
    asked uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-01-01 00:00Z', true);
    -- a's buffer before, from 07:30 on at 08:00 and from 07:40 on at 08:10, off a's grid; b has none
    asked := oracle.example_team('round_robin', 10, 60,
        oracle.host_with_busy(oracle.example_host(berlin, 'mon 09:00-12:00 30/0'), '2026-07-06 06:00Z', '2026-07-06 07:35Z'),
        oracle.example_host(berlin, 'mon 09:10-12:00'));
    RETURN NEXT oracle.by_hand('each host has the buffers of their own rules, also off their own grid', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:10 b, 06 08:00 b, 06 08:10 ab, 06 09:00 ab, 06 09:10 ab');
    UPDATE opencalendly.calendar_busy_windows AS w SET ends_at = '2026-07-06 07:41Z';
    RETURN NEXT oracle.by_hand('a minute more is too much for the start off the own grid, too', asked,
        '2026-07-06 08:00Z', '2026-07-06 09:10Z', '06 08:00 b, 06 08:10 b, 06 09:00 ab');
    RETURN NEXT oracle.by_hand('the event type''s buffers stand in place of every host''s',
        oracle.with_values(asked, 'buffer_before_minutes = 0'), '2026-07-06 00:00Z', '2026-07-06 09:00Z',
        '06 07:10 b, 06 08:00 ab, 06 08:10 ab');
    -- a's grids: 07:00, 07:30, ... without buffers, 07:10, 07:40, ... with an hour; b's: 07:05, 07:35, ...
    RETURN NEXT oracle.by_hand('off the grid the larger buffers of all the rules around the start',
        oracle.example_team('round_robin', 10, 30,
            oracle.host_with_busy(oracle.example_host(berlin, 'mon 09:00-12:00, mon 09:10-12:00 60/60'),
                '2026-07-06 08:30Z', '2026-07-06 08:35Z'),
            oracle.example_host(berlin, 'mon 09:05-12:00')), '2026-07-06 00:00Z', '2026-07-06 08:30Z',
        '06 07:00 a, 06 07:05 ab, 06 07:10 ab, 06 07:30 ab, 06 07:35 b, 06 07:40 b, 06 08:00 ab, 06 08:05 b, 06 08:10 b');
    -- a's rule ends at 12:00 UTC, the override goes on from there: at 11:50 the rule is around the start, at 12:10 it is not
    RETURN NEXT oracle.by_hand('off the grid in an added override alone: no buffers',
        oracle.example_team('round_robin', 10, 20,
            oracle.host_with_busy(oracle.host_with_override(oracle.example_host(berlin, 'mon 13:00-14:00 60/60'),
                '2026-07-06 12:00Z', '2026-07-06 13:00Z', true), '2026-07-06 12:30Z', '2026-07-06 12:40Z'),
            oracle.example_host(berlin, 'mon 13:50-15:10')), '2026-07-06 11:40Z', '2026-07-06 13:00Z',
        '06 11:50 b, 06 12:00 ab, 06 12:10 ab, 06 12:20 ab, 06 12:30 b, 06 12:40 ab, 06 12:50 ab');
    RETURN NEXT oracle.by_hand('a claim counts with the buffers it was made with, against its own host',
        oracle.with_meeting(asked, '2026-07-06 08:20Z', 1, 'confirmed', 5, oracle.lettered(asked, 'b')),
        '2026-07-06 08:00Z', '2026-07-06 10:00Z', '06 08:00 ab, 06 08:10 a, 06 09:00 ab, 06 09:10 ab');
    RETURN NEXT oracle.by_hand('both bookings'' buffers add up',
        oracle.with_values(asked, 'buffer_before_minutes = 30'), '2026-07-06 08:00Z', '2026-07-06 10:00Z',
        '06 08:00 b, 06 09:00 a, 06 09:10 ab');
END
$$;

-- Rule 3 for teams: meetings and their seats. All hosts are in Berlin (UTC + 2) and open from 07:00 to 08:00, 6 July 2026
-- is a Monday.
CREATE FUNCTION oracle.hand_team_meetings() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    monday constant timestamptz := '2026-07-06 00:00Z';
    tuesday constant timestamptz := '2026-07-07 00:00Z';
    asked uuid;
    solo uuid;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-01-01 00:00Z', true);

    asked := oracle.with_team_meeting(oracle.example_hour('round_robin', 2, 1), '2026-07-06 07:00Z', 'a');
    RETURN NEXT oracle.by_hand('who is in a meeting is not free for another', asked, monday, tuesday,
        '06 07:00 b, 06 07:30 ab');
    RETURN NEXT oracle.by_hand('as if the booking were gone', asked, monday, tuesday, '06 07:00 ab, 06 07:30 ab',
        (SELECT b.id FROM opencalendly.bookings AS b WHERE b.event_type_id = asked));
    asked := oracle.with_team_meeting(oracle.example_hour('collective', 3, 1), '2026-07-06 07:00Z', 'abc');
    RETURN NEXT oracle.by_hand('a meeting of all takes the time of all', asked, monday, tuesday, '06 07:30 abc');
    RETURN NEXT oracle.by_hand('and gives it back to all', asked, monday, tuesday, '06 07:00 abc, 06 07:30 abc',
        (SELECT b.id FROM opencalendly.bookings AS b WHERE b.event_type_id = asked));
    INSERT INTO opencalendly.event_types (user_id, slug, duration_minutes)
        VALUES ((oracle.lettered(asked, 'b'))[1], 'solo', 5) RETURNING id INTO solo;
    PERFORM oracle.with_meeting(solo, '2026-07-06 07:55Z');
    RETURN NEXT oracle.by_hand('a member''s solo booking takes the team''s time', asked, monday, tuesday, '');
    UPDATE opencalendly.team_event_types AS t SET mode = 'round_robin' WHERE t.event_type_id = asked;
    RETURN NEXT oracle.by_hand('but not that of the others', asked, monday, tuesday, '06 07:30 ac');

    asked := oracle.with_team_meeting(oracle.with_team_meeting(oracle.example_hour('round_robin', 2, 3),
        '2026-07-06 07:00Z', 'b', 2), '2026-07-06 07:30Z', 'b', 1);
    RETURN NEXT oracle.by_hand('a meeting that can be joined comes before a new one', asked, monday, tuesday,
        '06 07:00 ab, 06 07:30 x2 ab');
    RETURN NEXT oracle.by_hand('of two meetings that of the lower position',
        oracle.with_team_meeting(asked, '2026-07-06 07:00Z', 'a', 1), monday, tuesday, '06 07:00 x2 ab, 06 07:30 x2 ab');
    RETURN NEXT oracle.by_hand('a full one is not joined',
        oracle.with_team_meeting(asked, '2026-07-06 07:30Z', 'a', 3), monday, tuesday, '06 07:00 x2 ab, 06 07:30 x2 b');
    PERFORM oracle.host_with_busy((oracle.lettered(asked, 'a'))[1], '2026-07-06 07:10Z', '2026-07-06 07:20Z');
    RETURN NEXT oracle.by_hand('nor one whose host has become busy', asked, monday, tuesday,
        '06 07:00 b, 06 07:30 x2 b');

    asked := oracle.with_team_meeting(oracle.with_part(oracle.example_hour('round_robin', 3, 3), 'a', true),
        '2026-07-06 07:00Z', 'ab', 1);
    RETURN NEXT oracle.by_hand('with a fixed host in a meeting only those of the pool who are in it count', asked,
        monday, tuesday, '06 07:00 x2 ab, 06 07:30 x3 abc');
    RETURN NEXT oracle.by_hand('with a fixed host in none only those who are in none',
        oracle.with_team_meeting(asked, '2026-07-06 07:30Z', 'c', 2), monday, tuesday, '06 07:00 x2 ab, 06 07:30 x3 ab');
    DELETE FROM opencalendly.team_members AS m WHERE m.user_id = (oracle.lettered(asked, 'b'))[1];
    RETURN NEXT oracle.by_hand('so when the one picked has left the team, nobody can join the fixed host''s meeting', asked,
        monday, tuesday, '');

    asked := oracle.with_part(oracle.with_team_meeting(oracle.example_hour('round_robin', 3, 3),
        '2026-07-06 07:00Z', 'ac', 1), 'ab', true);
    RETURN NEXT oracle.by_hand('one fixed host in a meeting, one in none: not offered', asked, monday, tuesday,
        '06 07:30 x3 abc');
    RETURN NEXT oracle.by_hand('fixed hosts in different meetings: not offered',
        oracle.with_team_meeting(asked, '2026-07-06 07:00Z', 'b', 1), monday, tuesday, '06 07:30 x3 abc');

    asked := oracle.with_team_meeting(oracle.with_team_meeting(oracle.example_hour('collective', 2, 2),
        '2026-07-06 07:00Z', 'ab', 1), '2026-07-06 07:30Z', 'b', 1);
    RETURN NEXT oracle.by_hand('a meeting of all the required can be joined, one of some of them not', asked,
        monday, tuesday, '06 07:00 ab');
    RETURN NEXT oracle.by_hand('unless the others are not required; then not one with them in it',
        oracle.with_part(asked, 'a', false), monday, tuesday, '06 07:30 b');
END
$$;

-- Rule 5 for teams: days are those of the owner, who is in Kolkata (UTC + 5:30) and has no hours; b is in Berlin and open
-- from 18:00 to 20:00 on Sunday, 5 July 2026. In Kolkata Monday begins at 18:30.
CREATE FUNCTION oracle.hand_team_limits() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    sunday constant timestamptz := '2026-07-05 00:00Z';
    tuesday constant timestamptz := '2026-07-07 00:00Z';
    asked constant uuid := oracle.example_team('round_robin', 30, 30, oracle.example_host('Asia/Kolkata', NULL),
        oracle.example_host('Europe/Berlin', 'sun 20:00-22:00'), oracle.example_host('Europe/Berlin', 'sun 20:00-20:30'));
    token text;
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-07-04 18:29Z', true);
    RETURN NEXT oracle.by_hand('no limit', asked, sunday, tuesday, '05 18:00 bc, 05 18:30 b, 05 19:00 b, 05 19:30 b');
    RETURN NEXT oracle.by_hand('bookable dates are the owner''s', oracle.with_values(asked, 'bookable_from = ''2026-07-06'''),
        sunday, tuesday, '05 18:30 b, 05 19:00 b, 05 19:30 b');
    RETURN NEXT oracle.by_hand('days ahead are, too',
        oracle.with_values(asked, 'bookable_from = NULL, max_days_ahead = 1'), sunday, tuesday, '05 18:00 bc');
    PERFORM set_config('opencalendly.clock', '2026-07-04 18:30Z', true);
    RETURN NEXT oracle.by_hand('a minute later it is the owner''s Sunday', asked, sunday, tuesday,
        '05 18:00 bc, 05 18:30 b, 05 19:00 b, 05 19:30 b');
    PERFORM oracle.with_team_meeting(asked, '2026-07-05 19:00Z', 'b');
    RETURN NEXT oracle.by_hand('a cap counts by the owner''s day',
        oracle.with_values(asked, 'max_days_ahead = NULL, daily_booking_limit = 1'), sunday, tuesday, '05 18:00 bc');
    RETURN NEXT oracle.by_hand('and week',
        oracle.with_values(asked, 'daily_booking_limit = NULL, weekly_booking_limit = 1'), sunday, tuesday, '05 18:00 bc');
    RETURN NEXT oracle.by_hand('one booking counts once, whatever the number of its hosts',
        oracle.with_values(oracle.with_team_meeting(asked, '2026-07-05 18:00Z', 'abc'),
            'weekly_booking_limit = NULL, monthly_booking_limit = 3'), sunday, tuesday, '05 18:30 b, 05 19:30 b');
    DELETE FROM opencalendly.bookings AS b WHERE b.event_type_id = asked;
    DELETE FROM opencalendly.claims;

    PERFORM oracle.with_values(asked, 'monthly_booking_limit = NULL, weekly_booking_limit = 1, min_notice_minutes = 30');
    PERFORM set_config('opencalendly.clock', '2026-07-05 17:30Z', true);
    token := (SELECT h.hold_token FROM opencalendly.hold_slot(asked, '2026-07-05 18:00Z', '5 min') AS h);
    PERFORM set_config('opencalendly.clock', '2026-07-05 17:34:59Z', true);
    RETURN NEXT oracle.by_hand('a hold counts in caps', asked, sunday, tuesday, '05 18:30 b, 05 19:00 b, 05 19:30 b');
    RETURN NEXT oracle.by_hand('with its token the start is open, and notice is judged at the hold''s making', asked,
        sunday, tuesday, '05 18:00 bc, 05 18:30 b, 05 19:00 b, 05 19:30 b', NULL,
        (SELECT h.id FROM opencalendly.holds AS h WHERE h.event_type_id = asked), token);
    PERFORM oracle.with_values(asked, 'weekly_booking_limit = NULL, min_notice_minutes = 0');
    RETURN NEXT oracle.by_hand('a hold takes the time of the one whom the rule would pick', asked, sunday, tuesday,
        '05 18:00 c, 05 18:30 b, 05 19:00 b, 05 19:30 b');
    PERFORM set_config('opencalendly.clock', '2026-07-05 17:35Z', true);
    RETURN NEXT oracle.by_hand('until it runs out', asked, sunday, tuesday,
        '05 18:00 bc, 05 18:30 b, 05 19:00 b, 05 19:30 b');
END
$$;

-- What is known of members' calendars grows old, of each by itself.
CREATE FUNCTION oracle.hand_team_freshness() RETURNS SETOF oracle.verdict LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    asked uuid;
    old constant timestamptz := '2026-07-04 11:59:59.999999Z';
BEGIN
    PERFORM set_config('opencalendly.clock', '2026-07-05 12:00Z', true);
    asked := oracle.example_hour('round_robin', 3, 1);
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'b')) AS h (id);
    RETURN NEXT oracle.by_hand('a round robin passes over who is stale', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ac, 06 07:30 ac');
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'ac')) AS h (id);
    RETURN NEXT oracle.by_hand('and has nothing to offer if all of its pool are', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    asked := oracle.with_part(oracle.example_hour('round_robin', 3, 1), 'a', true);
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'a')) AS h (id);
    RETURN NEXT oracle.by_hand('or if a required host is', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    asked := oracle.with_team_meeting(oracle.example_hour('round_robin', 3, 2), '2026-07-06 07:00Z', 'b');
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'b')) AS h (id);
    RETURN NEXT oracle.by_hand('a meeting of a stale host is not to be joined', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 x2 ac, 06 07:30 x2 ac');
    asked := oracle.example_hour('collective', 3, 1);
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'c')) AS h (id);
    RETURN NEXT oracle.by_hand('a collective cannot do without anybody', asked, '2026-07-06 00:00Z', '2026-07-07 00:00Z', '');
    asked := oracle.with_part(oracle.example_hour('collective', 3, 1), 'c', false);
    PERFORM oracle.host_with_calendar(h.id, old) FROM unnest(oracle.lettered(asked, 'c')) AS h (id);
    RETURN NEXT oracle.by_hand('but it can without who does not take part', asked,
        '2026-07-06 00:00Z', '2026-07-07 00:00Z', '06 07:00 ab, 06 07:30 ab');
END
$$;
