-- Booking with teams: who is offered, who is picked, what is written, what is given back.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('teams-ada', 'teams-ada@example.org', timezone => 'Europe/Berlin') AS ada,
    opencalendly.create_user('teams-bob', 'teams-bob@example.org') AS bob,
    opencalendly.create_user('teams-cem', 'teams-cem@example.org', timezone => 'Asia/Kolkata') AS cem,
    opencalendly.create_user('teams-dan', 'teams-dan@example.org') AS dan \gset
SELECT opencalendly.set_availability_rules(u.id, (
        SELECT jsonb_agg(jsonb_build_object('dayOfWeek', day, 'startMinute', 540, 'endMinute', 1020))
        FROM generate_series(1, 5) AS day)) AS rules
    FROM opencalendly.users AS u WHERE u.username LIKE 'teams-%' \g /dev/null
SELECT opencalendly.create_team(:'ada', 'Team', 'teams-team') AS team \gset
SELECT opencalendly.invite_team_member(:'team', u.id), opencalendly.accept_team_invitation(:'team', u.id)
    FROM opencalendly.users AS u WHERE u.username IN ('teams-bob', 'teams-cem') ORDER BY u.username \g /dev/null
SELECT opencalendly.invite_team_member(:'team', :'dan') \g /dev/null
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin') AS turn,
    opencalendly.create_team_event_type(:'team', 'All', 'all', 30, 'collective', buffer_after_minutes => 10) AS everybody,
    opencalendly.create_team_event_type(:'team', 'Share', 'share', 30, 'round_robin', assignment => 'weighted') AS share,
    opencalendly.create_team_event_type(:'team', 'Class', 'class', 30, 'round_robin', seats => 2) AS class,
    opencalendly.create_team_event_type(:'team', 'Lead', 'lead', 30, 'round_robin', ARRAY[:'bob', :'cem']::uuid[],
        ARRAY[:'ada']::uuid[]) AS lead,
    opencalendly.create_event_type(:'bob', 'Solo', 'solo', 30) AS solo \gset

-- names for ids
CREATE FUNCTION pg_temp.who(ids uuid[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(replace(u.username, 'teams-', ''), ' ' ORDER BY i.n) FROM unnest(ids) WITH ORDINALITY AS i (id, n)
        JOIN opencalendly.users AS u ON u.id = i.id
$$;
CREATE VIEW pg_temp.taken AS
    SELECT e.slug, to_char(o.starts_at, 'DD HH24:MI') AS start,
        (SELECT string_agg(pg_temp.who(ARRAY[u.id]) || to_char(upper(c.during), ' HH24:MI'), ', ' ORDER BY u.username)
            FROM opencalendly.claims AS c JOIN opencalendly.users AS u ON u.id = c.host_id
            WHERE c.occurrence_id = o.id) AS claimed_until,
        (SELECT count(*) FROM opencalendly.team_booking_assignments AS a
            JOIN opencalendly.bookings AS b ON b.id = a.booking_id WHERE b.occurrence_id = o.id) AS assignments
    FROM opencalendly.occurrences AS o JOIN opencalendly.event_types AS e ON e.id = o.event_type_id
        JOIN opencalendly.users AS u ON u.id = e.user_id AND u.username LIKE 'teams-%'
    ORDER BY o.starts_at, e.slug, claimed_until;
CREATE VIEW pg_temp.ledger AS
    SELECT e.slug, l.entry_no AS no, l.kind, l.reason, l.pick_no AS pick, pg_temp.who(ARRAY[l.user_id]) AS who,
        l.credits_before AS before, l.credits_after AS after, l.cursor_before || '>' || l.cursor_after AS cursor,
        pg_temp.who(l.candidate_ids) AS candidates
    FROM opencalendly.team_ledger AS l JOIN opencalendly.event_types AS e ON e.id = l.event_type_id
        JOIN opencalendly.users AS u ON u.id = e.user_id AND u.username LIKE 'teams-%'
    ORDER BY e.slug, l.entry_no;

-- common times: Berlin 9 to 17 (7:00 to 15:00 UTC), UTC 9 to 17, Kolkata 9 to 17 (3:30 to 11:30 UTC)
SELECT min(starts_at), max(starts_at), count(*), pg_temp.who(min(host_ids)) FROM opencalendly.compute_slots(:'everybody', '2026-06-02', '2026-06-03');
SELECT pg_temp.who(host_ids), min(starts_at), max(starts_at), count(*)
    FROM opencalendly.compute_slots(:'turn', '2026-06-02', '2026-06-03') GROUP BY host_ids ORDER BY 2, 1;
SELECT pg_temp.who(host_ids), min(starts_at), max(starts_at), count(*)
    FROM opencalendly.compute_slots(:'lead', '2026-06-02', '2026-06-03') GROUP BY host_ids ORDER BY 2, 1;

-- in turn, each at the same time; then nobody is left
SELECT pg_temp.who(host_ids), organizer_id = host_ids[1] AS first_is_organizer
    FROM opencalendly.book_slot(:'turn', '2026-06-02 10:00', 'Eve', 'eve@example.org') \g
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'turn', '2026-06-02 10:00', 'Eve', 'eve@example.org', idempotency_key => 'the-second-booking');
SELECT cancel_token AS cancel, reschedule_token AS move, pg_temp.who(host_ids)
    FROM opencalendly.book_slot(:'turn', '2026-06-02 10:00', 'Eve', 'eve@example.org') \gset
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', :'turn', '2026-06-02 10:00', 'Eve', 'eve@example.org'));
SELECT pg_temp.who(ARRAY[host_id]), verdict, reason, detail FROM opencalendly.explain_slot(:'turn', '2026-06-02 10:00');
-- replayed with the same host
SELECT pg_temp.who(host_ids), replayed FROM opencalendly.book_slot(:'turn', '2026-06-02 10:00', 'Eve', 'eve@example.org', idempotency_key => 'the-second-booking');

-- a member's time is taken for everything else: the own event type, the collective, the other round robin
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', e, '2026-06-02 10:00', 'Eve', 'eve@example.org'))
    FROM unnest(ARRAY[:'solo', :'everybody', :'lead']) AS e;
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'solo', '2026-06-02 11:00', 'Eve', 'eve@example.org');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', :'everybody', '2026-06-02 11:00', 'Eve', 'eve@example.org'));
SELECT pg_temp.who(ARRAY[host_id]), verdict, reason FROM opencalendly.explain_slot(:'everybody', '2026-06-02 11:00');

-- the same host keeps a moved booking; where that host is not free, another one gets it
SELECT pg_temp.who(host_ids), starts_at, replayed, reschedule_token AS move FROM opencalendly.reschedule_booking(:'move', '2026-06-02 11:00') \gset m_
SELECT :'m_who', :'m_starts_at', :'m_replayed';
SELECT pg_temp.who(host_ids), starts_at, replayed FROM opencalendly.reschedule_booking(:'move', '2026-06-02 11:00');
SELECT pg_temp.who(host_ids), starts_at, cancel_token AS cancel FROM opencalendly.reschedule_booking(:'m_move', '2026-06-02 15:00') \gset m_
SELECT :'m_who', :'m_starts_at';
SELECT status, replayed FROM opencalendly.cancel_booking(:'m_cancel', 'not needed');
SELECT status, replayed FROM opencalendly.cancel_booking(:'m_cancel');

-- a collective takes everybody's time with the buffer, and gives all of it back
SELECT pg_temp.who(host_ids), cancel_token AS cancel FROM opencalendly.book_slot(:'everybody', '2026-06-03 10:00', 'Eve', 'eve@example.org') \gset c_
SELECT :'c_who';
-- a fixed host and one of the pool, by the cursor of this event type
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'lead', '2026-06-03 11:00', 'Eve', 'eve@example.org');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', :'lead', '2026-06-03 11:00', 'Eve', 'eve@example.org'));
TABLE pg_temp.taken;
SELECT action_type, team_slug, team_mode, pg_temp.who(host_ids) FROM opencalendly.booking_action(:'c_cancel');
SELECT status FROM opencalendly.cancel_booking(:'c_cancel');
SELECT action_type, can_cancel, team_slug, team_mode, pg_temp.who(host_ids) FROM opencalendly.booking_action(:'c_cancel');
SELECT slug, claimed_until, assignments FROM pg_temp.taken WHERE start = '03 10:00';

-- a hold keeps the slot, not the host, and moves nothing
SELECT hold_token AS held FROM opencalendly.hold_slot(:'turn', '2026-06-04 10:00') \gset
SELECT pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'turn', '2026-06-04 10:00', '2026-06-04 10:01');
SELECT pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'turn', '2026-06-04 10:00', '2026-06-04 10:01', hold_token => :'held');
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'turn', '2026-06-04 10:00', 'Eve', 'eve@example.org');
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'turn', '2026-06-04 10:00', 'Mia', 'mia@example.org', hold_token => :'held');

-- seats: a meeting is filled before another host opens one
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'class', '2026-06-05 10:00', 'Eve', 'eve@example.org');
SELECT seats_left, pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'class', '2026-06-05 10:00', '2026-06-05 10:01');
SELECT pg_temp.who(host_ids), booking_id AS second FROM opencalendly.book_slot(:'class', '2026-06-05 10:00', 'Mia', 'mia@example.org') \gset s_
SELECT :'s_who';
SELECT seats_left, pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'class', '2026-06-05 10:00', '2026-06-05 10:01');
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'class', '2026-06-05 10:00', 'Noa', 'noa@example.org');
SELECT status FROM opencalendly.organizer_cancel_booking(:'s_second');
TABLE pg_temp.ledger;

-- credits: half the weight, half the share; canceled and not shown up for: as if not picked
SELECT opencalendly.update_team_member(:'team', :'bob', '{"weight": 50}') \g /dev/null
SELECT string_agg(pg_temp.who(b.host_ids), ' ') FROM generate_series(0, 9) AS n CROSS JOIN LATERAL opencalendly.book_slot(
    :'share', '2026-06-08 09:00'::timestamptz + n * interval '1 day' + n / 5 * interval '2 days', 'Eve', 'eve@example.org') AS b;
SELECT pg_temp.who(ARRAY[user_id]), credits, last_pick FROM opencalendly.team_credits WHERE event_type_id = :'share' ORDER BY 1;
SELECT status FROM opencalendly.organizer_cancel_booking((SELECT id FROM opencalendly.bookings WHERE event_type_id = :'share' AND starts_at = '2026-06-19 09:00'));
SET opencalendly.clock = '2026-06-08 09:05';
SELECT b.id AS missed FROM opencalendly.bookings AS b WHERE event_type_id = :'share' AND starts_at = '2026-06-08 09:00' \gset
SELECT replayed FROM opencalendly.mark_no_show(:'missed');
SELECT replayed FROM opencalendly.mark_no_show(:'missed');
SELECT status FROM opencalendly.organizer_cancel_booking(:'missed');
SELECT * FROM pg_temp.ledger WHERE slug = 'share';
SELECT pg_temp.who(ARRAY[user_id]), credits, last_pick FROM opencalendly.team_credits WHERE event_type_id = :'share' ORDER BY 1;
SET opencalendly.clock = '2026-06-01 06:00+00';

-- a pick goes with the booking that keeps it, and what is returned is not counted in any order
SELECT opencalendly.create_team_event_type(:'team', 'Pair', 'pair', 30, 'round_robin', ARRAY[:'ada', :'bob']::uuid[],
        seats => 2, assignment => 'weighted') AS pair,
    opencalendly.create_team_event_type(:'team', 'Oldest', 'oldest', 30, 'round_robin', ARRAY[:'ada', :'bob']::uuid[],
        assignment => 'least_recent') AS oldest \gset
-- onto its own time, which somebody holds a seat of
SELECT reschedule_token AS move FROM opencalendly.book_slot(:'pair', '2026-06-22 10:00', 'Eve', 'eve@example.org') \gset
SELECT hold_token IS NOT NULL AS held FROM opencalendly.hold_slot(:'pair', '2026-06-22 10:00');
SELECT cancel_token AS cancel FROM opencalendly.reschedule_booking(:'move', '2026-06-22 10:00') \gset
SELECT status FROM opencalendly.cancel_booking(:'cancel');
-- one of two does not show up, the other moves on with the host, the first one is canceled after all
SELECT booking_id AS one FROM opencalendly.book_slot(:'pair', '2026-06-23 10:00', 'Eve', 'eve@example.org') \gset
SELECT booking_id AS other FROM opencalendly.book_slot(:'pair', '2026-06-23 10:00', 'Mia', 'mia@example.org') \gset
SET opencalendly.clock = '2026-06-23 10:10';
SELECT replayed FROM opencalendly.mark_no_show(:'one');
SELECT pg_temp.who(host_ids) FROM opencalendly.organizer_reschedule_booking(:'other', '2026-06-24 10:00');
SELECT status FROM opencalendly.organizer_cancel_booking(:'one');
SET opencalendly.clock = '2026-06-01 06:00+00';
-- two picks of one member are returned, the older first
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'oldest', '2026-06-25 10:00', 'Eve', 'eve@example.org');
SELECT cancel_token AS older, pg_temp.who(host_ids) FROM opencalendly.book_slot(:'oldest', '2026-06-25 11:00', 'Eve', 'eve@example.org') \gset
SELECT opencalendly.add_time_off(:'ada', '2026-06-25 12:00', '2026-06-25 13:00') \g /dev/null
SELECT cancel_token AS newer, pg_temp.who(host_ids) FROM opencalendly.book_slot(:'oldest', '2026-06-25 12:00', 'Eve', 'eve@example.org') \gset
SELECT status FROM opencalendly.cancel_booking(:'older');
SELECT status FROM opencalendly.cancel_booking(:'newer');
SELECT pg_temp.who(ARRAY[user_id]), last_pick FROM opencalendly.team_credits WHERE event_type_id = :'oldest' ORDER BY 1;
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'oldest', '2026-06-25 14:00', 'Eve', 'eve@example.org');
SELECT * FROM pg_temp.ledger WHERE slug IN ('pair', 'oldest');

-- joining what somebody's hold has opened is a turn like any other
SELECT opencalendly.create_team_event_type(:'team', 'Held', 'held', 30, 'round_robin', ARRAY[:'ada', :'bob']::uuid[], seats => 2) AS held,
    opencalendly.create_team_event_type(:'team', 'Held by weight', 'held-weight', 30, 'round_robin', ARRAY[:'ada', :'bob']::uuid[],
        seats => 2, assignment => 'weighted') AS held_weight \gset
UPDATE opencalendly.team_members SET weight = 100 WHERE team_id = :'team';
SELECT e.slug, string_agg(pg_temp.who(b.host_ids), ' ' ORDER BY n) FROM opencalendly.event_types AS e
    CROSS JOIN generate_series(0, 3) AS n
    CROSS JOIN LATERAL (SELECT '2026-07-06 09:00'::timestamptz + n * interval '1 day'
        + CASE e.slug WHEN 'held' THEN interval '2 hours' ELSE '0' END AS start) AS s
    CROSS JOIN LATERAL opencalendly.hold_slot(e.id, s.start) AS h
    CROSS JOIN LATERAL opencalendly.book_slot(e.id, s.start, 'Eve', 'eve@example.org', hold_token => left(h.hold_token, 0) || NULL) AS b
    CROSS JOIN LATERAL opencalendly.release_hold(h.hold_token) AS r
    WHERE e.id IN (:'held', :'held_weight') GROUP BY e.slug ORDER BY e.slug;

-- a start may be on the grid of one, and another one be picked for it
SELECT opencalendly.set_availability_rules(:'bob', '[{"dayOfWeek": 1, "startMinute": 547, "endMinute": 1020}]') \g /dev/null
SELECT pg_temp.who(host_ids), starts_at FROM opencalendly.book_slot(:'turn', '2026-06-29 09:07', 'Eve', 'eve@example.org');
SELECT pg_temp.who(host_ids), starts_at FROM opencalendly.book_slot(:'turn', '2026-06-29 09:07', 'Eve', 'eve@example.org');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', :'turn', '2026-06-29 09:08', 'Eve', 'eve@example.org'));

-- members come and go: who leaves keeps bookings, and is not offered any more; who accepts is
SELECT opencalendly.leave_team(:'team', :'bob') \g /dev/null
SELECT opencalendly.accept_team_invitation(:'team', :'dan') \g /dev/null
SELECT count(*) FROM opencalendly.bookings WHERE organizer_id = :'bob' AND status = 'confirmed' AND starts_at > '2026-06-02';
SELECT pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'turn', '2026-06-15 10:00', '2026-06-15 10:01');
SELECT string_agg(pg_temp.who(b.host_ids), ' ') FROM generate_series(0, 3) AS n CROSS JOIN LATERAL opencalendly.book_slot(
    :'turn', '2026-06-15 10:00'::timestamptz + n * interval '1 day', 'Eve', 'eve@example.org') AS b;

-- nobody is booked into a meeting with somebody who has left
SELECT opencalendly.create_team_event_type(:'team', 'Duo', 'duo', 30, 'round_robin', ARRAY[:'ada']::uuid[], ARRAY[:'dan']::uuid[], seats => 3) AS duo \gset
SELECT pg_temp.who(host_ids) FROM opencalendly.book_slot(:'duo', '2026-07-13 10:00', 'Eve', 'eve@example.org');
SELECT opencalendly.leave_team(:'team', :'dan') \g /dev/null
SELECT pg_temp.who(host_ids) FROM opencalendly.compute_slots(:'duo', '2026-07-13 10:00', '2026-07-13 10:31');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, %L, %L)', :'duo', '2026-07-13 10:00', 'Mia', 'mia@example.org'));

-- invalid input
SELECT pg_temp.try('SELECT ' || call) FROM unnest(ARRAY[
    format('* FROM opencalendly.book_slot(%L, NULL, ''Eve'', ''eve@example.org'')', :'turn'),
    format('* FROM opencalendly.book_slot(%L, ''infinity'', ''Eve'', ''eve@example.org'')', :'turn'),
    format('* FROM opencalendly.book_slot(%L, ''2026-06-06 10:00'', ''Eve'', ''eve@example.org'')', :'turn'),
    format('* FROM opencalendly.book_slot(%L, ''2026-06-22 10:07'', ''Eve'', ''eve@example.org'')', :'everybody'),
    format('* FROM opencalendly.book_slot(%L, ''2020-06-15 10:00'', ''Eve'', ''eve@example.org'')', :'turn'),
    format('* FROM opencalendly.book_slot(%L, ''2026-06-15 10:00'', '''', ''eve@example.org'')', :'turn'),
    format('* FROM opencalendly.hold_slot(%L, ''2026-06-06 10:00'')', :'everybody'),
    format('* FROM opencalendly.book_slot(%L, ''2026-06-15 10:00'', ''Eve'', ''eve@example.org'')', :'team'),
    format('* FROM opencalendly.explain_slot(%L, ''2026-06-15 10:00'')', :'team'),
    format('* FROM opencalendly.compute_slots(%L, ''2026-06-15'', ''2026-06-16'', all_hosts => NULL)', :'turn'),
    format('* FROM opencalendly.organizer_reschedule_booking(%L, ''2026-06-15 03:00'')', :'missed')
    ]) AS call;
-- nobody to attend
UPDATE opencalendly.team_event_types SET all_members = false WHERE event_type_id IN (:'turn', :'everybody');
SELECT count(*) FROM opencalendly.compute_slots(:'turn', '2026-06-15', '2026-06-20');
SELECT count(*) FROM opencalendly.compute_slots(:'everybody', '2026-06-15', '2026-06-20');
SELECT verdict, reason, detail FROM opencalendly.explain_slot(:'turn', '2026-06-15 10:00');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-22 10:00'', ''Eve'', ''eve@example.org'')', e))
    FROM unnest(ARRAY[:'turn', :'everybody']) AS e;
-- a fixed host without time: nothing, rather than a meeting without them
SELECT opencalendly.set_availability_rules(:'ada', '[]') \g /dev/null
SELECT count(*) FROM opencalendly.compute_slots(:'lead', '2026-06-15', '2026-06-20');
SELECT pg_temp.who(ARRAY[host_id]), verdict, reason FROM opencalendly.explain_slot(:'lead', '2026-06-22 10:00');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-22 10:00'', ''Eve'', ''eve@example.org'')', :'lead'));
-- inactive: not to be booked, but what is booked can be moved
SELECT opencalendly.update_event_type(:'share', '{"is_active": false}') \g /dev/null
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-22 10:00'', ''Eve'', ''eve@example.org'')', :'share'));
