-- Booking, holding, moving, canceling: the answers, what is left in the tables, and invalid input.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('booking-ada', 'booking-ada@example.org', 'Ada', 'UTC') AS ada \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020}]');
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30, buffer_after_minutes => 10) AS intro \gset
SELECT opencalendly.create_event_type(:'ada', 'Class', 'class', 60, seats => 2, slot_interval_minutes => 60) AS class \gset
SELECT opencalendly.create_event_type(:'ada', 'Asked', 'asked', 30, questions => '[
    {"id": "why", "label": "Why?", "required": true}, {"id": "note", "label": "Anything else?"}]') AS asked \gset
CREATE VIEW pg_temp.state AS
    SELECT b.starts_at, b.status, b.seat_no, b.invitee_email, c.during, c.expires_at FROM opencalendly.bookings AS b
    LEFT JOIN opencalendly.claims AS c USING (occurrence_id) WHERE b.organizer_id = (SELECT id FROM opencalendly.users WHERE username = 'booking-ada')
    ORDER BY b.starts_at, b.id;

-- book: one claim with the buffers, the same key again gives the same answer
SELECT * FROM opencalendly.book_slot(:'intro', '2026-06-08 09:00', ' Bob ', 'Bob@Example.org', 'Asia/Kolkata',
    idempotency_key => 'first-booking-0001') \gset b_
SELECT :'b_event_type_id' = :'intro' AS its_event, :'b_organizer_id' = :'ada' AS its_host, :'b_host_ids' = '{' || :'ada' || '}' AS its_hosts,
    :'b_starts_at', :'b_ends_at', :'b_status', :'b_token_expires_at', :'b_replayed', length(:'b_cancel_token'), length(:'b_reschedule_token');
SELECT b.booking_id = :'b_booking_id' AND b.cancel_token = :'b_cancel_token' AND b.reschedule_token = :'b_reschedule_token' AS same,
    b.starts_at, b.status, b.replayed
    FROM opencalendly.book_slot(:'intro', '2026-06-08 14:45+05:45', ' Bob ', 'bob@example.org', 'Asia/Kolkata', idempotency_key => 'first-booking-0001') AS b;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-08 10:00'', ''Bob'', ''bob@example.org'', idempotency_key => ''first-booking-0001'')', :'intro'));
TABLE pg_temp.state;
SELECT invitee_name, timezone, answers, link_key_id, seats FROM opencalendly.bookings WHERE organizer_id = :'ada';
-- the same key on another event type is another request
SELECT starts_at, replayed FROM opencalendly.book_slot(:'class', '2026-06-08 12:00', 'Bob', 'bob@example.org', idempotency_key => 'first-booking-0001');
-- taken: same, overlapping, within the buffer
SELECT at, pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, %L, ''Eve'', ''eve@example.org'')', :'intro', at))
    FROM unnest(ARRAY['2026-06-08 09:00', '2026-06-08 09:15', '2026-06-08 09:30', '2026-06-08 08:45', '2026-06-08 09:50', '2020-01-06 09:00']) AS at;
SELECT starts_at FROM opencalendly.book_slot(:'intro', '2026-06-08 09:45', 'Eve', 'eve@example.org');

-- seats: two of them, then none
SELECT seats_left FROM opencalendly.compute_slots(:'class', '2026-06-08 12:00', '2026-06-08 12:01');
SELECT starts_at FROM opencalendly.book_slot(:'class', '2026-06-08 12:00', 'Eve', 'eve@example.org');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-08 12:00'', ''Mia'', ''mia@example.org'')', :'class'));
SELECT verdict, reason FROM opencalendly.explain_slot(:'class', '2026-06-08 12:00');
SELECT count(*) AS meetings FROM opencalendly.occurrences WHERE event_type_id = :'class';
-- more seats hold for the meeting that is there; fewer take nobody's seat away
SELECT opencalendly.update_event_type(:'class', '{"seats": 3}') IS NOT NULL AS updated;
SELECT seats_left FROM opencalendly.compute_slots(:'class', '2026-06-08 12:00', '2026-06-08 12:01');
SELECT opencalendly.update_event_type(:'class', '{"seats": 1}') IS NOT NULL AS updated;
SELECT seats_left FROM opencalendly.compute_slots(:'class', '2026-06-08 12:00', '2026-06-08 12:01');
SELECT opencalendly.update_event_type(:'class', '{"seats": 2}') IS NOT NULL AS updated;

-- answers
SELECT starts_at FROM opencalendly.book_slot(:'asked', '2026-06-08 14:00', 'Bob', 'bob@example.org', answers => '{"why": "because"}');

-- links: what they may do
SELECT action_type, can_cancel, can_reschedule, status, starts_at, timezone, invitee_name, invitee_email, rescheduled_to, event_slug,
    event_name, duration_minutes, organizer_username, organizer_display_name, organizer_timezone FROM opencalendly.booking_action(:'b_reschedule_token');
-- move: to a time that overlaps the booking's own old one; the same wish again gives the same answer
SELECT * FROM opencalendly.reschedule_booking(:'b_reschedule_token', '2026-06-08 09:05') \gset n_
SELECT pg_temp.try(format('SELECT * FROM opencalendly.reschedule_booking(%L, ''2026-06-08 15:05'')', :'b_reschedule_token'));
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-08 09:00', '2026-06-08 09:45', ignore_booking => :'b_booking_id');
SELECT * FROM opencalendly.reschedule_booking(:'b_reschedule_token', '2026-06-08 15:00', 'Europe/London') \gset n_
SELECT :'n_old_booking_id' = :'b_booking_id' AS old, :'n_starts_at', :'n_status', :'n_replayed';
SELECT booking_id = :'n_booking_id' AND cancel_token = :'n_cancel_token' AND old_booking_id = :'b_booking_id' AS same, replayed
    FROM opencalendly.reschedule_booking(:'b_reschedule_token', '2026-06-08 15:00');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.reschedule_booking(%L, ''2026-06-08 15:30'')', :'b_reschedule_token'));
SELECT pg_temp.try(format('SELECT * FROM opencalendly.cancel_booking(%L)', :'b_cancel_token'));
SELECT can_reschedule, status, rescheduled_to = :'n_booking_id' AS moved_to FROM opencalendly.booking_action(:'b_reschedule_token');
SELECT starts_at FROM opencalendly.reschedule_booking(:'n_reschedule_token', '2026-06-08 15:15') \gset
SELECT booking_id AS third, reschedule_token AS third_token, cancel_token AS third_cancel FROM opencalendly.reschedule_booking(:'n_reschedule_token', '2026-06-08 15:15') \gset
TABLE pg_temp.state;
-- cancel: the claim goes, again is no error, the time is free once more
SELECT booking_id = :'third' AS it, status, replayed FROM opencalendly.cancel_booking(:'third_cancel', 'ill');
SELECT booking_id = :'third' AS it, status, replayed FROM opencalendly.cancel_booking(:'third_cancel', 'ill');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.reschedule_booking(%L, ''2026-06-08 16:00'')', :'third_token'));
SELECT status, cancel_reason, canceled_by, canceled_at FROM opencalendly.bookings WHERE id = :'third';
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-08 15:15', '2026-06-08 15:16');
-- a seat of a group: the others' claim stays until the last is gone
SELECT b.cancel_token AS c1 FROM opencalendly.book_slot(:'class', '2026-06-08 16:00', 'A', 'a@example.org') AS b \gset
SELECT b.cancel_token AS c2, b.reschedule_token AS r2 FROM opencalendly.book_slot(:'class', '2026-06-08 16:00', 'B', 'b@example.org') AS b \gset
SELECT status FROM opencalendly.cancel_booking(:'c1');
SELECT seat_no, status, during FROM pg_temp.state WHERE starts_at = '2026-06-08 16:00';
SELECT starts_at FROM opencalendly.reschedule_booking(:'r2', '2026-06-15 16:00');
SELECT count(*) FROM opencalendly.claims WHERE host_id = :'ada' AND during && '[2026-06-08 16:00, 2026-06-08 17:00)';

-- the organizer: may leave the hours, never claims, never go back in time
SELECT b.booking_id AS o FROM opencalendly.book_slot(:'intro', '2026-06-15 09:00', 'Bob', 'bob@example.org') AS b \gset
SELECT starts_at, old_booking_id = :'o' AS moved FROM opencalendly.organizer_reschedule_booking(:'o', '2026-06-16 22:05') \gset m_
SELECT :'m_starts_at';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.organizer_reschedule_booking(%L, ''2026-06-16 22:05'')', :'o'));
SELECT id AS m FROM opencalendly.bookings WHERE rescheduled_from = :'o' \gset
SELECT pg_temp.try(format('SELECT * FROM opencalendly.organizer_reschedule_booking(%L, %L)', :'m', at))
    FROM unnest(ARRAY['2026-06-08 09:45', '2026-06-15 16:30', '2026-06-01 05:00', '2026-06-16 22:10']) AS at;
SELECT id AS m FROM opencalendly.bookings WHERE rescheduled_from = :'m' \gset
SELECT status, replayed FROM opencalendly.organizer_cancel_booking(:'m', 'no time');
SELECT status, replayed FROM opencalendly.organizer_cancel_booking(:'m', 'no time');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.mark_no_show(%L)', :'m'));

-- holds: keep a slot from others, not from their owner
SELECT hold_token AS h, expires_at FROM opencalendly.hold_slot(:'intro', '2026-06-22 10:00', '2 min') \gset
SELECT :'expires_at';
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-22 10:00', '2026-06-22 10:01');
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-22 10:00', '2026-06-22 10:01', hold_token => :'h');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-06-22 10:00'', ''Eve'', ''eve@example.org'')', :'intro'));
SELECT starts_at FROM opencalendly.book_slot(:'intro', '2026-06-22 10:00', 'Bob', 'bob@example.org', hold_token => :'h');
SELECT count(*) AS holds_left FROM opencalendly.holds WHERE event_type_id = :'intro';
SELECT opencalendly.release_hold(:'h');
-- an expired one keeps nothing, and is no error
SELECT hold_token AS h FROM opencalendly.hold_slot(:'intro', '2026-06-22 11:00', '1 min') \gset
SET opencalendly.clock = '2026-06-01 06:01+00';
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-22 11:00', '2026-06-22 11:01');
SELECT starts_at FROM opencalendly.book_slot(:'intro', '2026-06-22 11:00', 'Bob', 'bob@example.org', hold_token => :'h');
SELECT count(*) AS holds_left FROM opencalendly.holds WHERE event_type_id = :'intro';
-- released
SELECT hold_token AS h FROM opencalendly.hold_slot(:'intro', '2026-06-22 13:00') \gset
SELECT opencalendly.release_hold(:'h');
SELECT opencalendly.release_hold(:'h');
SELECT count(*) AS claims_left FROM opencalendly.claims WHERE host_id = :'ada' AND during && '[2026-06-22 13:00, 2026-06-22 14:00)';
-- with a live hold, notice is judged at its making
SELECT opencalendly.update_event_type(:'intro', '{"min_notice_minutes": 60}') IS NOT NULL AS updated;
SET opencalendly.clock = '2026-06-29 08:59+00';
SELECT hold_token AS h FROM opencalendly.hold_slot(:'intro', '2026-06-29 10:00') \gset
SET opencalendly.clock = '2026-06-29 09:02+00';
SELECT count(*) FROM opencalendly.compute_slots(:'intro', '2026-06-29 10:00', '2026-06-29 10:01', hold_token => :'h');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.hold_slot(%L, ''2026-06-29 10:00'')', :'intro'));
SELECT starts_at, cancel_token AS late FROM opencalendly.book_slot(:'intro', '2026-06-29 10:00', 'Bob', 'bob@example.org', hold_token => :'h') \gset
SELECT opencalendly.update_event_type(:'intro', '{"min_notice_minutes": 0}') IS NOT NULL AS updated;
-- limits of holds
SELECT count(*) FROM generate_series(0, 2) AS n, LATERAL opencalendly.hold_slot(:'intro', '2026-07-06 09:00'::timestamptz + n * interval '1 hour', client => '192.0.2.1');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.hold_slot(%L, ''2026-07-06 15:00'', client => ''192.0.2.1'')', :'intro'));
SELECT count(*) FROM generate_series(0, 16) AS n, LATERAL opencalendly.hold_slot(:'intro', '2026-07-13 09:00'::timestamptz + n / 5 * interval '7 days' + n % 5 * interval '1 hour');
SELECT pg_temp.try(format('SELECT * FROM opencalendly.hold_slot(%L, ''2026-08-31 15:00'')', :'intro'));

-- links act until the booking starts, and are remembered until 30 days after its end
SET opencalendly.clock = '2026-06-29 10:00+00';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.cancel_booking(%L)', :'late'));
SELECT can_cancel, can_reschedule FROM opencalendly.booking_action(:'late');
SELECT no_show_at, replayed FROM opencalendly.mark_no_show((SELECT booking_id FROM opencalendly.booking_action(:'late')));
SET opencalendly.clock = '2026-07-29 10:30:00.000001+00';
SELECT no_show_at, replayed FROM opencalendly.mark_no_show((SELECT id FROM opencalendly.bookings WHERE event_type_id = :'intro' AND starts_at = '2026-06-29 10:00'));
SELECT pg_temp.try(format('SELECT * FROM opencalendly.booking_action(%L)', :'late'));
SELECT pg_temp.try(format('SELECT * FROM opencalendly.organizer_cancel_booking((SELECT id FROM opencalendly.bookings WHERE event_type_id = %L AND starts_at = ''2026-06-29 10:00''))', :'intro'));
-- moved while the event type is inactive: yes; booked: no
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT b.reschedule_token AS r FROM opencalendly.book_slot(:'asked', '2026-07-06 14:00', 'Bob', 'bob@example.org', answers => '{"why": "x"}') AS b \gset
SELECT opencalendly.update_event_type(:'asked', '{"is_active": false}') IS NOT NULL AS updated;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-07-06 15:00'', ''Bob'', ''bob@example.org'')', :'asked'));
SELECT booking_id AS moving, pg_temp.try(format('SELECT * FROM opencalendly.compute_slots(%L, ''2026-07-06'', ''2026-07-07'', ignore_booking => %L)', :'asked', booking_id)) AS picker
    FROM opencalendly.booking_action(:'r') \gset
SELECT :'picker' AS picker_of_its_booking, pg_temp.try(format('SELECT * FROM opencalendly.compute_slots(%L, ''2026-07-06'', ''2026-07-07'', ignore_booking => %L)', :'asked', :'b_booking_id')) AS of_another;
SELECT starts_at FROM opencalendly.reschedule_booking(:'r', '2026-07-06 15:00');
-- answers under keys are kept for 24 hours
SET opencalendly.clock = '2026-06-02 05:59+00';
SELECT replayed FROM opencalendly.book_slot(:'class', '2026-06-08 12:00', 'Bob', 'bob@example.org', idempotency_key => 'first-booking-0001');
SELECT opencalendly.prune_idempotency_keys();
SET opencalendly.clock = '2026-06-02 06:00+00';
SELECT opencalendly.prune_idempotency_keys();
-- the organizer moves within the hours, off the grid: the rule's buffers go along
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT opencalendly.create_user('booking-buffers', 'booking-buffers@example.org') AS buf \gset
SELECT opencalendly.set_availability_rules(:'buf', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020, "bufferBeforeMinutes": 15, "bufferAfterMinutes": 10}]');
SELECT opencalendly.create_event_type(:'buf', 'Buffered', 'buffered', 30) AS buffered \gset
SELECT b.booking_id AS o FROM opencalendly.book_slot(:'buffered', '2026-06-08 09:00', 'Bob', 'bob@example.org') AS b \gset
SELECT starts_at, booking_id AS o FROM opencalendly.organizer_reschedule_booking(:'o', '2026-06-08 11:07') \gset
SELECT starts_at FROM opencalendly.organizer_reschedule_booking(:'o', '2026-06-08 11:07:30');
SELECT during FROM opencalendly.claims WHERE host_id = :'buf';

--
-- Invalid input
--
SELECT call, pg_temp.try('SELECT * FROM opencalendly.' || replace(replace(replace(call, 'EVENT', quote_literal(:'intro')), 'LINK', quote_literal(:'c2')), 'MOVE', quote_literal(:'r2')))
FROM (VALUES
    (1, $$book_slot(NULL, '2026-06-08 09:00', 'B', 'b@c')$$), (2, $$book_slot(EVENT, NULL, 'B', 'b@c')$$),
    (3, $$book_slot(EVENT, '2026-06-08 09:00', NULL, 'b@c')$$), (4, $$book_slot(EVENT, '2026-06-08 09:00', 'B', NULL)$$),
    (5, $$book_slot(EVENT, 'infinity', 'B', 'b@c')$$), (6, $$book_slot(EVENT, '2026-06-08 09:00', '', 'b@c')$$),
    (7, $$book_slot(EVENT, '2026-06-08 09:00', '   ', 'b@c')$$), (8, $$book_slot(EVENT, '2026-06-08 09:00', E'B\r\nBcc: x@y', 'b@c')$$),
    (9, $$book_slot(EVENT, '2026-06-08 09:00', repeat('ü', 121), 'b@c')$$), (10, $$book_slot(EVENT, '2026-06-08 09:00', repeat('B', 1000000), 'b@c')$$),
    (11, $$book_slot(EVENT, '2026-06-08 09:00', 'B', '')$$), (12, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'nobody')$$),
    (13, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'a b@c')$$), (14, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'a@b@c')$$),
    (15, $$book_slot(EVENT, '2026-06-08 09:00', 'B', E'a@b\nc')$$), (16, $$book_slot(EVENT, '2026-06-08 09:00', 'B', repeat('a', 320) || '@b')$$),
    (17, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', 'XYZ3')$$), (18, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', '')$$),
    (19, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', repeat('x', 1000000))$$), (20, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', answers => NULL)$$),
    (21, $$book_slot(EVENT, '2026-06-08 10:30', 'B', 'b@c', answers => '[]')$$), (22, $$book_slot(EVENT, '2026-06-08 10:30', 'B', 'b@c', answers => '"x"')$$),
    (23, $$book_slot(EVENT, '2026-06-08 10:30', 'B', 'b@c', answers => '{"x": "y"}')$$),
    (24, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', idempotency_key => '')$$), (25, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', idempotency_key => repeat('k', 201))$$),
    (26, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', idempotency_key => repeat('k', 1000000))$$),
    (27, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', hold_token => 'forged')$$), (28, $$book_slot(EVENT, '2026-06-08 09:00', 'B', 'b@c', hold_token => '')$$),
    (29, $$book_slot('00000000-0000-0000-0000-000000000000', '2026-06-08 09:00', 'B', 'b@c')$$),
    (40, $$hold_slot(NULL, '2026-06-08 11:00')$$), (41, $$hold_slot(EVENT, NULL)$$), (42, $$hold_slot(EVENT, 'infinity')$$),
    (43, $$hold_slot(EVENT, '2026-06-08 11:00', NULL)$$), (44, $$hold_slot(EVENT, '2026-06-08 11:00', '59 s')$$), (45, $$hold_slot(EVENT, '2026-06-08 11:00', '10 min 1 s')$$),
    (46, $$hold_slot(EVENT, '2026-06-08 11:00', '1 month')$$), (47, $$hold_slot(EVENT, '2026-06-08 11:00', '-5 min')$$),
    (48, $$hold_slot(EVENT, '2026-06-08 11:00', client => '')$$), (49, $$hold_slot(EVENT, '2026-06-08 11:00', client => repeat('c', 201))$$),
    (50, $$hold_slot('00000000-0000-0000-0000-000000000000', '2026-06-08 11:00')$$),
    (51, $$release_hold(NULL)$$), (52, $$release_hold('')$$), (53, $$release_hold('x')$$), (54, $$release_hold(repeat('x', 1000000))$$),
    (60, $$cancel_booking(NULL)$$), (61, $$cancel_booking('')$$), (62, $$cancel_booking('forged')$$), (63, $$cancel_booking(repeat('A', 72))$$),
    (64, $$cancel_booking(repeat('A', 1000000))$$), (65, $$cancel_booking(overlay(LINK placing translate(substr(LINK, 40, 1), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A') from 40))$$), (66, $$cancel_booking(LINK || 'A')$$),
    (67, $$cancel_booking(MOVE)$$), (68, $$cancel_booking(LINK, repeat('r', 501))$$), (69, $$cancel_booking(upper(LINK))$$),
    (70, $$reschedule_booking(NULL, '2026-06-08 11:00')$$), (71, $$reschedule_booking(LINK, '2026-06-08 11:00')$$), (72, $$reschedule_booking(MOVE, NULL)$$),
    (73, $$reschedule_booking(MOVE, '-infinity')$$), (74, $$reschedule_booking(MOVE, '2026-06-08 11:00', 'XYZ3')$$), (75, $$reschedule_booking(MOVE, '2026-06-08 11:00', hold_token => 'forged')$$),
    (76, $$booking_action(NULL)$$), (77, $$booking_action('')$$), (78, $$booking_action(repeat('A', 72))$$), (79, $$booking_action(repeat('é', 100))$$),
    (80, $$organizer_cancel_booking(NULL)$$), (81, $$organizer_cancel_booking('00000000-0000-0000-0000-000000000000')$$),
    (82, $$organizer_cancel_booking('00000000-0000-0000-0000-000000000000', repeat('r', 501))$$),
    (83, $$organizer_reschedule_booking(NULL, '2026-06-08 11:00')$$), (84, $$organizer_reschedule_booking('00000000-0000-0000-0000-000000000000', '2026-06-08 11:00')$$),
    (85, $$organizer_reschedule_booking('00000000-0000-0000-0000-000000000000', NULL)$$), (86, $$mark_no_show(NULL)$$), (87, $$mark_no_show('00000000-0000-0000-0000-000000000000')$$)
) AS calls(n, call) ORDER BY n;
SELECT opencalendly.update_event_type(:'asked', '{"is_active": true}') IS NOT NULL AS updated;
SELECT answers, pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-08-03 11:00'', ''Bob'', ''bob@example.org'', answers => %L)', :'asked', answers))
    FROM unnest(ARRAY['{}', '{"why": ""}', '{"why": "  \n"}', '{"why": 1}', '{"why": null}', '{"why": ["x"]}', '{"why": "x", "who": "y"}', '{"note": "x"}']) AS answers;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-08-03 11:00'', ''Bob'', ''bob@example.org'', answers => jsonb_build_object(''why'', repeat(''x'', 2001)))', :'asked'));
-- without its key file there are no links, and nothing is booked
SET opencalendly.secret_key_file = '/nonexistent';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.book_slot(%L, ''2026-08-03 11:00'', ''Bob'', ''bob@example.org'')', :'intro'));
SET opencalendly.secret_key_file = '';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.cancel_booking(%L)', :'c2'));
SET opencalendly.secret_key_file = '/';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.booking_action(%L)', :'c2'));
RESET opencalendly.secret_key_file;

-- the constraints hold against any SQL
SELECT pg_temp.try($$INSERT INTO opencalendly.claims (host_id, during) SELECT host_id, during FROM opencalendly.claims LIMIT 1$$) ~ '^23P01' AS overlap_refused;
SELECT during, pg_temp.try(format('INSERT INTO opencalendly.claims (host_id, during) VALUES (%L, %L)', :'ada', during)) ~ '^23514' AS refused
    FROM unnest(ARRAY['empty', '[2026-01-01,2026-01-02]', '(2026-01-01,2026-01-02)', '[2026-01-01,)', '(,2026-01-01)', '[-infinity,2026-01-01)', '[2026-01-01,infinity)']) AS during;
SELECT pg_temp.try($$INSERT INTO opencalendly.bookings SELECT (b.*::opencalendly.bookings).* FROM (SELECT (jsonb_populate_record(b, jsonb_build_object('id', opencalendly.uuid_generate_v7(), 'seat_no', 9, 'rescheduled_from', NULL))).* FROM opencalendly.bookings AS b WHERE status = 'confirmed' LIMIT 1) AS b$$) ~ 'bookings_seat_no_check' AS oversold_refused;
