-- Mails by SQL: what is queued for whom, the rules by which invitees are reminded, and the limit of an address. No worker
-- is at work here: what one does to mails is done by hand. Mails are due by the wall clock, so the meetings are far from it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SET opencalendly.clock = '2100-06-01 06:00+00';

-- what others have left
DELETE FROM opencalendly.webhook_subscriptions;
DELETE FROM opencalendly.email_deliveries;
SELECT opencalendly.create_user('ml-ada', 'ml-ada@example.com', 'Ada', language => 'de') AS ada \gset
SELECT opencalendly.create_user('ml-bob', 'ml-bob@example.com') AS bob \gset
SELECT opencalendly.set_availability_rules(:'ada', jsonb_agg(jsonb_build_object('dayOfWeek', d, 'startMinute', 0, 'endMinute', 1440))) AS rules FROM generate_series(0, 6) AS d;
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30) AS talk \gset
SELECT opencalendly.create_event_type(:'ada', 'Class', 'class', 60, seats => 40) AS class \gset
-- who gets what about which booking (told by its day, and that of the first one of its moves), when: "now", or the time
CREATE FUNCTION pg_temp.mails() RETURNS TABLE (about text, kind text, reader text, at text, status text) LANGUAGE sql AS $$
    SELECT to_char(b.starts_at, 'MM-DD') || CASE WHEN m.id <> b.id THEN ' of ' || to_char(m.starts_at, 'MM-DD') ELSE '' END, d.kind, coalesce(d.email, u.username),
        CASE WHEN d.sends_at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() AND d.due_at = '-infinity' THEN 'now'
             WHEN d.sends_at = d.due_at THEN to_char(d.due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') ELSE 'somewhen' END, d.status
    FROM opencalendly.email_deliveries AS d LEFT JOIN opencalendly.users AS u ON u.id = d.user_id
        LEFT JOIN opencalendly.bookings AS b ON b.id = d.booking_id LEFT JOIN opencalendly.bookings AS m ON m.id = d.meeting_id
    ORDER BY b.starts_at, d.sends_at > '2100-01-01', d.due_at, d.kind, 3
$$;
CREATE FUNCTION pg_temp.reminders() RETURNS TABLE (about text, kind text, reader text, at text, status text) LANGUAGE sql AS $$
    SELECT m.* FROM pg_temp.mails() AS m WHERE m.kind IN ('reminder', 'follow_up')
$$;
CREATE FUNCTION pg_temp.rules(event uuid) RETURNS TABLE (kind text, minutes integer, is_enabled boolean) LANGUAGE sql AS $$
    SELECT r.notification_type, r.offset_minutes, r.is_enabled FROM opencalendly.notification_rules AS r WHERE r.event_type_id = event ORDER BY 1 DESC, 2
$$;

--
-- Off: nothing is queued
--
SELECT opencalendly.mail_is_on(), opencalendly.mail_transport();
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 60}]');
SELECT cancel_token FROM opencalendly.book_slot(:'talk', '2100-06-20 09:00+00', 'Zoe', 'ml-zoe@example.com') \gset
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/off', :'ada', NULL, NULL);
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 30}]');
SELECT status FROM opencalendly.cancel_booking(:'cancel_token');
SELECT * FROM pg_temp.mails();
SELECT opencalendly.set_notification_rules(:'talk', '[]');

--
-- On
--
SET opencalendly.mail_transport = 'folder';
SELECT opencalendly.mail_is_on(), opencalendly.mail_transport();
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/one', :'ada', NULL, :'bob') AS queued,
    opencalendly.enqueue_mail('team_invitation', 'team_invitation/one', :'bob', NULL, NULL) AS same_key;
SELECT opencalendly.enqueue_mail('login_link', 'login_link/one', NULL, 'ml-cyd@example.com', :'bob');
SELECT * FROM pg_temp.mails();
SELECT d.idempotency_key, d.user_id = :'ada' AS to_ada, d.subject_id = :'bob' AS about_bob, d.attempt, d.max_attempts FROM opencalendly.email_deliveries AS d ORDER BY 1;
DELETE FROM opencalendly.email_deliveries;

--
-- Rules: as a whole; what stays keeps its id
--
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "follow_up", "offsetMinutes": 60, "isEnabled": null},
    {"notificationType": "reminder", "offsetMinutes": 1440, "isEnabled": true}, {"notificationType": "reminder", "offsetMinutes": 10080, "isEnabled": false}]');
SELECT * FROM pg_temp.rules(:'talk');
SELECT r.id AS day FROM opencalendly.notification_rules AS r WHERE r.offset_minutes = 1440 \gset
SELECT r.id AS week FROM opencalendly.notification_rules AS r WHERE r.offset_minutes = 10080 \gset
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 10080}, {"notificationType": "reminder", "offsetMinutes": 1440}, {"notificationType": "reminder", "offsetMinutes": 1}]');
SELECT r.offset_minutes, r.id = :'day' AS is_day, r.id = :'week' AS is_week, r.is_enabled FROM opencalendly.notification_rules AS r WHERE r.event_type_id = :'talk' ORDER BY 1;
-- by their ids they change places; an id of something else is none
SELECT opencalendly.set_notification_rules(:'talk', jsonb_build_array(jsonb_build_object('notificationType', 'reminder', 'offsetMinutes', 1440),
    jsonb_build_object('id', :'day', 'notificationType', 'reminder', 'offsetMinutes', 10080), jsonb_build_object('id', :'talk', 'notificationType', 'follow_up', 'offsetMinutes', 1440)));
SELECT r.notification_type, r.offset_minutes, r.id = :'day' AS is_day, r.id = :'week' AS is_week, r.id = :'talk' AS is_talk FROM opencalendly.notification_rules AS r WHERE r.event_type_id = :'talk' ORDER BY 1, 2;
-- another event type's rules are its own
SELECT opencalendly.set_notification_rules(:'class', jsonb_build_array(jsonb_build_object('id', :'day', 'notificationType', 'reminder', 'offsetMinutes', 1440)));
SELECT r.id = :'day' AS is_day FROM opencalendly.notification_rules AS r WHERE r.event_type_id = :'class';
SELECT count(*) FROM pg_temp.rules(:'talk');
SELECT opencalendly.set_notification_rules(:'class', '[]'), opencalendly.set_notification_rules(:'talk', '[]');
SELECT * FROM pg_temp.rules(:'talk');

--
-- What is queued for bookings, and again after other rules
--
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 1440}, {"notificationType": "reminder", "offsetMinutes": 60, "isEnabled": false}, {"notificationType": "follow_up", "offsetMinutes": 30}]');
SELECT cancel_token AS cancel_a FROM opencalendly.book_slot(:'talk', '2100-06-10 09:00+00', 'Ann', 'ml-ann@example.com', language => 'de') \gset
SELECT reschedule_token AS move_b FROM opencalendly.book_slot(:'talk', '2100-06-11 09:00+00', 'Bob', 'ml-bob@example.com') \gset
SELECT * FROM pg_temp.mails();
SELECT d.idempotency_key = format('reminder/%s/1440/invitee', d.booking_id) AS key, d.subject_id = r.id AS of_its_rule, d.email = b.invitee_email AS to_the_invitee, d.max_attempts
    FROM opencalendly.email_deliveries AS d JOIN opencalendly.bookings AS b ON b.id = d.booking_id JOIN opencalendly.notification_rules AS r ON r.event_type_id = b.event_type_id AND r.offset_minutes = 1440
    WHERE d.kind = 'reminder';
-- the same rules: the same mails
SELECT array_agg(d.id ORDER BY d.id) AS before FROM opencalendly.email_deliveries AS d \gset
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 1440}, {"notificationType": "reminder", "offsetMinutes": 60, "isEnabled": false}, {"notificationType": "follow_up", "offsetMinutes": 30}]');
SELECT array_agg(d.id ORDER BY d.id) = :'before' AS same FROM opencalendly.email_deliveries AS d;
-- one on, one off, one moved
SELECT r.id AS day FROM opencalendly.notification_rules AS r WHERE r.offset_minutes = 1440 \gset
SELECT opencalendly.set_notification_rules(:'talk', jsonb_build_array(jsonb_build_object('id', :'day', 'notificationType', 'reminder', 'offsetMinutes', 2880),
    '{"notificationType": "reminder", "offsetMinutes": 60}'::jsonb, '{"notificationType": "follow_up", "offsetMinutes": 30, "isEnabled": false}'::jsonb));
SELECT * FROM pg_temp.reminders();
SELECT bool_and(d.idempotency_key = format('reminder/%s/%s/invitee', d.booking_id, r.offset_minutes)) AS keys, count(*) FILTER (WHERE r.id = :'day') AS of_the_first
    FROM opencalendly.email_deliveries AS d JOIN opencalendly.notification_rules AS r ON r.id = d.subject_id WHERE d.kind = 'reminder';
-- a rule of the same offset in the place of another is another rule
SELECT opencalendly.set_notification_rules(:'talk', jsonb_build_array(jsonb_build_object('id', :'day', 'notificationType', 'reminder', 'offsetMinutes', 60)));
SELECT m.*, d.subject_id = :'day' AS its_rule FROM pg_temp.reminders() AS m, opencalendly.email_deliveries AS d WHERE d.kind = 'reminder' AND to_char(d.due_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') = m.at;
-- what was sent is not sent again, and what a worker has is the worker's
UPDATE opencalendly.email_deliveries SET status = 'succeeded', settled_at = now() WHERE kind = 'reminder' AND email = 'ml-ann@example.com';
UPDATE opencalendly.email_deliveries SET status = 'leased', leased_until = '-infinity', attempt = 1 WHERE kind = 'reminder' AND email = 'ml-bob@example.com';
SELECT opencalendly.set_notification_rules(:'talk', '[]');
SELECT * FROM pg_temp.reminders();
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 60}, {"notificationType": "follow_up", "offsetMinutes": 10080}]');
SELECT * FROM pg_temp.reminders();
-- a move, then other rules: about the meeting that was booked first
SELECT starts_at FROM opencalendly.reschedule_booking(:'move_b', '2100-06-12 09:00+00');
SELECT starts_at FROM opencalendly.organizer_reschedule_booking((SELECT b.id FROM opencalendly.bookings AS b WHERE b.starts_at = '2100-06-12 09:00+00'), '2100-06-13 09:00+00');
SELECT status FROM opencalendly.cancel_booking(:'cancel_a');
SELECT * FROM pg_temp.mails();
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 15}]');
SELECT * FROM pg_temp.reminders();
SELECT d.meeting_id = (SELECT b.id FROM opencalendly.bookings AS b WHERE b.starts_at = '2100-06-11 09:00+00') AS the_first FROM opencalendly.email_deliveries AS d WHERE d.kind = 'reminder' AND d.status = 'pending';
-- a meeting that goes on at the moment by the wall clock has its follow-ups only; one that is over keeps those that are wanted
BEGIN;
DELETE FROM opencalendly.email_deliveries WHERE status = 'pending';
UPDATE opencalendly.bookings SET starts_at = clock_timestamp() - interval '10 min', ends_at = clock_timestamp() + interval '20 min' WHERE starts_at = '2100-06-13 09:00+00';
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 15}, {"notificationType": "reminder", "offsetMinutes": 1}, {"notificationType": "follow_up", "offsetMinutes": 15}, {"notificationType": "follow_up", "offsetMinutes": 30}]');
SELECT d.kind, d.sends_at = b.ends_at + interval '15 min' AS first, d.sends_at = b.ends_at + interval '30 min' AS second FROM opencalendly.email_deliveries AS d JOIN opencalendly.bookings AS b ON b.id = d.booking_id
    WHERE d.status = 'pending' AND d.kind IN ('reminder', 'follow_up') ORDER BY 1, 2 DESC;
UPDATE opencalendly.bookings SET starts_at = clock_timestamp() - interval '2 days', ends_at = clock_timestamp() - interval '1 day 23 hours' WHERE id IN (SELECT booking_id FROM opencalendly.email_deliveries WHERE kind = 'follow_up' AND status = 'pending');
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "follow_up", "offsetMinutes": 30}, {"notificationType": "follow_up", "offsetMinutes": 10080}]');
SELECT split_part(d.idempotency_key, '/', 3) AS minutes FROM opencalendly.email_deliveries AS d WHERE d.kind = 'follow_up' AND d.status = 'pending';
ROLLBACK;
-- while mail is off, rules still take away
SELECT count(*) FROM pg_temp.reminders() AS r WHERE r.status = 'pending';
SET opencalendly.mail_transport = 'none';
SELECT opencalendly.set_notification_rules(:'talk', '[{"notificationType": "reminder", "offsetMinutes": 20}]');
SELECT count(*) FROM pg_temp.reminders() AS r WHERE r.status = 'pending';
SET opencalendly.mail_transport = 'smtp';
SELECT opencalendly.mail_transport();

--
-- The limit: 20 in any 24 hours to an address that is no user's
--
DELETE FROM opencalendly.email_deliveries;
SELECT bool_and(opencalendly.enqueue_mail('team_invitation', 'team_invitation/u' || n, NULL, 'ml-bob@example.com', NULL)) AS a_user FROM generate_series(1, 25) AS n;
SELECT count(*) FILTER (WHERE opencalendly.enqueue_mail('team_invitation', 'team_invitation/x' || n, NULL, 'ml-eve@example.com', NULL)) AS another FROM generate_series(1, 25) AS n;
SELECT opencalendly.has_mail_to_spare('ml-eve@example.com', clock_timestamp() + interval '25 hours') AS next_day, opencalendly.has_mail_to_spare('ml-eve@example.com', clock_timestamp() - interval '25 hours') AS day_before,
    opencalendly.has_mail_to_spare('ml-eve@example.com', clock_timestamp() + interval '23 hours') AS same_day;
UPDATE opencalendly.email_deliveries SET sends_at = sends_at - interval '23 hours 58 min' WHERE email = 'ml-eve@example.com';
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/y1', NULL, 'ml-eve@example.com', NULL) AS within;
UPDATE opencalendly.email_deliveries SET sends_at = sends_at - interval '2 min', status = 'failed', settled_at = now() WHERE email = 'ml-eve@example.com';
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/y2', NULL, 'ml-eve@example.com', NULL) AS after;
-- links to sign in with are counted, too
SELECT count(*) FILTER (WHERE opencalendly.enqueue_mail('login_link', 'login_link/' || n, NULL, 'ml-eve@example.com', NULL)) AS links FROM generate_series(1, 25) AS n;
-- a booking beyond it is made without mails to the invitee
SELECT count(*) FROM opencalendly.book_slot(:'class', '2100-06-14 09:00+00', 'Eve', 'ml-eve@example.com');
SELECT about IS NOT NULL AS of_a_booking, kind, reader, at FROM pg_temp.mails() WHERE about IS NOT NULL;
-- rules: an address in many seats of a class, its mails of a day counted together; a user's are all there
DELETE FROM opencalendly.email_deliveries;
SELECT count(*) FROM generate_series(1, 22) AS n, opencalendly.book_slot(:'class', '2100-07-01 09:00+00', 'Fay ' || n, 'ml-fay@example.com');
SELECT count(*) FROM generate_series(1, 3) AS n, opencalendly.book_slot(:'class', '2100-07-03 09:00+00', 'Fay ' || n, 'ml-fay@example.com');
SELECT count(*) FROM generate_series(1, 12) AS n, opencalendly.book_slot(:'class', '2100-07-05 09:00+00', 'Bob ' || n, 'ml-bob@example.com');
SELECT reader, kind, count(*) FROM pg_temp.mails() GROUP BY 1, 2 ORDER BY 1, 2;
DELETE FROM opencalendly.email_deliveries;
SELECT opencalendly.set_notification_rules(:'class', '[{"notificationType": "reminder", "offsetMinutes": 60}, {"notificationType": "reminder", "offsetMinutes": 120}]');
SELECT reader, at, count(*) FROM pg_temp.mails() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT max(n) FROM (SELECT count(*) OVER (PARTITION BY d.email ORDER BY d.sends_at RANGE BETWEEN interval '24 hours' PRECEDING AND CURRENT ROW) AS n FROM opencalendly.email_deliveries AS d WHERE d.email = 'ml-fay@example.com') AS any_day;
-- 12 hours apart: 20 within a day all the same
SELECT opencalendly.set_notification_rules(:'class', '[{"notificationType": "reminder", "offsetMinutes": 60}, {"notificationType": "reminder", "offsetMinutes": 780}, {"notificationType": "reminder", "offsetMinutes": 1500}, {"notificationType": "reminder", "offsetMinutes": 2940}]');
SELECT reader, at, count(*) FROM pg_temp.mails() GROUP BY 1, 2 ORDER BY 1, 2;
SELECT max(n) FROM (SELECT count(*) OVER (PARTITION BY d.email ORDER BY d.sends_at RANGE BETWEEN interval '23:59:59' PRECEDING AND CURRENT ROW) AS n FROM opencalendly.email_deliveries AS d WHERE d.email = 'ml-fay@example.com') AS any_day;
DELETE FROM opencalendly.email_deliveries;

--
-- Others' mails
--
-- invitations
SELECT opencalendly.create_team(:'ada', 'Crew', 'ml-crew') AS team \gset
SELECT opencalendly.invite_team_member(:'team', :'bob') IS NOT NULL AS asked;
SELECT d.kind, d.user_id = :'bob' AS to_bob, d.subject_id = :'team' AS of_the_team, d.idempotency_key ~ format('^team_invitation/%s/%s/\d{10}$', :'team', :'bob') AS key FROM opencalendly.email_deliveries AS d;
-- who goes gets none
SELECT opencalendly.create_user('ml-gus', 'ml-gus@example.com') AS gus \gset
SELECT opencalendly.enqueue_mail('team_invitation', 'team_invitation/gus', :'gus', NULL, NULL), opencalendly.enqueue_mail('login_link', 'login_link/gus', NULL, 'ml-gus@example.com', NULL);
SELECT count(*) FROM opencalendly.email_deliveries WHERE user_id = :'gus' OR email = 'ml-gus@example.com';
SELECT opencalendly.delete_user(:'gus') = :'gus' AS deleted;
SELECT count(*) FROM opencalendly.email_deliveries WHERE user_id = :'gus' OR email = 'ml-gus@example.com';

--
-- Watching, sending again, pruning
--
DELETE FROM opencalendly.email_deliveries;
INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, user_id, email, status, attempt, due_at, leased_until, settled_at, last_error)
    SELECT 'login_link', 'login_link/state-' || n, CASE WHEN n < 3 THEN :'ada'::uuid END, CASE WHEN n >= 3 THEN 'ml-ann@example.com' END, v.status, v.attempt, CASE WHEN v.status <> 'leased' THEN v.due_at ELSE '-infinity' END, CASE v.status WHEN 'leased' THEN v.due_at END, CASE WHEN v.status IN ('succeeded', 'failed') THEN now() END, v.error
    FROM (VALUES (1, 'pending', 0, timestamptz '-infinity', NULL), (2, 'pending', 2, '2100-01-01', '451 try later'), (3, 'pending', 0, '2100-01-01', NULL), (4, 'leased', 1, '2100-01-01', NULL), (5, 'leased', 1, '2026-01-01', NULL),
        (6, 'succeeded', 1, '-infinity', NULL), (7, 'failed', 1, '-infinity', '550 no such user'), (8, 'failed', 1, '-infinity', 'not sent: the link was used'), (9, 'failed', 3, '-infinity', NULL)) AS v(n, status, attempt, due_at, error);
SELECT queue, due, waiting, leased, paused, failed, oldest_due_at <= clock_timestamp() AS past FROM opencalendly.outbox_queues ORDER BY 1;
SELECT state, due, waiting, leased, paused, failed FROM opencalendly.outbox_status;
SELECT queue, status, receiver_id, receiver, event_type, attempts, last_error, settled_at IS NOT NULL AS settled FROM opencalendly.failed_deliveries ORDER BY last_error;
CREATE FUNCTION pg_temp.mail(n integer) RETURNS uuid LANGUAGE sql AS $$ SELECT d.id FROM opencalendly.email_deliveries AS d WHERE d.idempotency_key = 'login_link/state-' || n $$;
SELECT n, pg_temp.try(format('SELECT opencalendly.replay_mail(%L)', pg_temp.mail(n))) FROM generate_series(1, 9) AS n;
SELECT right(d.idempotency_key, 1) AS n, d.status, d.attempt, d.max_attempts, greatest(d.due_at, d.leased_until) <= clock_timestamp() AS due, d.settled_at IS NULL AS open FROM opencalendly.email_deliveries AS d ORDER BY 1;
-- only what is settled and old goes, with its attempts; a mail of the last day is counted still
DELETE FROM opencalendly.delivery_attempts;
UPDATE opencalendly.email_deliveries AS d SET id = opencalendly.first_id_of(clock_timestamp() - interval '40 days' + right(d.idempotency_key, 1)::integer * interval '1 second'), sends_at = clock_timestamp() - interval '40 days',
    status = CASE WHEN d.idempotency_key < 'login_link/state-4' THEN 'pending' ELSE 'succeeded' END, leased_until = NULL, settled_at = CASE WHEN d.idempotency_key < 'login_link/state-4' THEN NULL ELSE clock_timestamp() - interval '39 days' END;
UPDATE opencalendly.email_deliveries SET settled_at = now() WHERE idempotency_key = 'login_link/state-5';
UPDATE opencalendly.email_deliveries SET sends_at = clock_timestamp() - interval '23 hours' WHERE idempotency_key = 'login_link/state-6';
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status)
    SELECT d.id, 1, now(), 5, 'login', 250 FROM opencalendly.email_deliveries AS d UNION ALL SELECT opencalendly.uuid_generate_v7(), 1, now(), 5, 'done', 250;
CALL opencalendly.prune_outbox();
SELECT string_agg(right(d.idempotency_key, 1), ' ' ORDER BY d.idempotency_key) AS left, count(a) AS attempts, (SELECT count(*) FROM opencalendly.delivery_attempts) AS all_attempts
    FROM opencalendly.email_deliveries AS d LEFT JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = d.id;
CALL opencalendly.prune_outbox('0');
SELECT string_agg(right(d.idempotency_key, 1), ' ' ORDER BY d.idempotency_key) AS left FROM opencalendly.email_deliveries AS d;
DELETE FROM opencalendly.email_deliveries;
DELETE FROM opencalendly.delivery_attempts;

--
-- Languages
--
SELECT u.username, u.language FROM opencalendly.users AS u WHERE u.username LIKE 'ml-%' ORDER BY 1;
SELECT opencalendly.update_user(:'bob', '{"language": "de"}') = :'bob' AS changed;
SELECT u.language FROM opencalendly.users AS u WHERE u.id = :'bob';
SELECT b.language FROM opencalendly.bookings AS b WHERE b.invitee_email = 'ml-ann@example.com';
SELECT count(*) FROM opencalendly.book_slot(:'talk', '2100-06-25 09:00+00', 'Ann', 'ml-ann@example.com', language => NULL);
SELECT b.language FROM opencalendly.bookings AS b WHERE b.starts_at = '2100-06-25 09:00+00';
SELECT count(*) FROM opencalendly.create_login_link('ml-hal@example.com', language => 'de');
SELECT count(*) FROM opencalendly.create_login_link('ml-ike@example.com');
SELECT l.email, l.language FROM opencalendly.login_links AS l WHERE l.email LIKE 'ml-%' ORDER BY 1;

--
-- Invalid input
--
SELECT pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, %L)', :'talk', rules)), left(rules, 110) AS rules
    FROM unnest(ARRAY[NULL, 'null', '{}', '"x"', '5', '[5]', '[null]', '[[]]', '["reminder"]', '[{}]',
        '[{"offsetMinutes": 5}]', '[{"notificationType": "reminder"}]', '[{"notificationType": null, "offsetMinutes": 5}]', '[{"notificationType": "reminder", "offsetMinutes": null}]',
        '[{"notificationType": "sms", "offsetMinutes": 5}]', '[{"notificationType": "Reminder", "offsetMinutes": 5}]', '[{"notificationType": "", "offsetMinutes": 5}]', '[{"notificationType": 5, "offsetMinutes": 5}]', '[{"notificationType": ["reminder"], "offsetMinutes": 5}]',
        '[{"notificationType": "reminder", "offsetMinutes": 0}]', '[{"notificationType": "reminder", "offsetMinutes": -5}]', '[{"notificationType": "reminder", "offsetMinutes": 10081}]', '[{"notificationType": "reminder", "offsetMinutes": 1.5}]',
        '[{"notificationType": "reminder", "offsetMinutes": 1e300}]', '[{"notificationType": "reminder", "offsetMinutes": "60"}]', '[{"notificationType": "reminder", "offsetMinutes": 99999999999}]', '[{"notificationType": "reminder", "offsetMinutes": {}}]',
        '[{"notificationType": "reminder", "offsetMinutes": 5, "isEnabled": 1}]', '[{"notificationType": "reminder", "offsetMinutes": 5, "isEnabled": "true"}]', '[{"notificationType": "reminder", "offsetMinutes": 5, "isEnabled": "no"}]',
        '[{"id": "x", "notificationType": "reminder", "offsetMinutes": 5}]', '[{"id": 5, "notificationType": "reminder", "offsetMinutes": 5}]', '[{"id": "", "notificationType": "reminder", "offsetMinutes": 5}]',
        '[{"notificationType": "reminder", "offsetMinutes": 5, "event_type_id": "01900000-0000-7000-8000-000000000000"}]', '[{"notification_type": "reminder", "offset_minutes": 5}]', '[{"notificationType": "reminder", "offsetMinutes": 5, "isActive": true}]',
        '[{"notificationType": "reminder", "offsetMinutes": 5}, {"notificationType": "reminder", "offsetMinutes": 5}]', '[{"notificationType": "reminder", "offsetMinutes": 5}, {"notificationType": "follow_up", "offsetMinutes": 5}, {"notificationType": "reminder", "offsetMinutes": 5, "isEnabled": false}]',
        '[{"notificationType": "reminder", "offsetMinutes": 5}, {"notificationType": "reminder", "offsetMinutes": 0}]']) AS rules;
-- nothing of a list that is refused is kept
SELECT * FROM pg_temp.rules(:'talk');
SELECT r.id AS rule FROM opencalendly.notification_rules AS r WHERE r.event_type_id = :'talk' \gset
SELECT pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, %L)', :'talk', jsonb_build_array(jsonb_build_object('id', :'rule', 'notificationType', 'reminder', 'offsetMinutes', 5), jsonb_build_object('id', :'rule', 'notificationType', 'reminder', 'offsetMinutes', 6))));
SELECT n, pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, %L)', :'class', jsonb_agg(jsonb_build_object('notificationType', 'reminder', 'offsetMinutes', m)))) FROM unnest(ARRAY[20, 21]) AS n, generate_series(1, n) AS m GROUP BY 1 ORDER BY 1;
SELECT opencalendly.create_event_type(:'ada', 'Gone', 'gone', 30) AS gone \gset
SELECT count(*) FROM opencalendly.book_slot(:'gone', '2100-06-26 09:00+00', 'Ann', 'ml-ann@example.com') AS b, opencalendly.organizer_cancel_booking(b.booking_id) AS c;
SELECT opencalendly.delete_event_type(:'gone') = :'gone' AS deleted;
SELECT pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, ''[]'')', id)), what FROM (VALUES (NULL, 'null'), ('01900000-0000-7000-8000-000000000000', 'nothing'), (:'ada', 'a user'), (:'gone', 'deleted')) AS v(id, what);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, ''[]'')', :'talk'));
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.try(format('SELECT opencalendly.set_notification_rules(%L, ''[]'')', :'talk'));
ROLLBACK;
SELECT pg_temp.try(format('SELECT opencalendly.replay_mail(%L)', id)) FROM unnest(ARRAY[NULL, '01900000-0000-7000-8000-000000000000']) AS id;
-- languages
SELECT pg_temp.try(format('SELECT opencalendly.create_user(''ml-ian'', ''ml-ian@example.com'', language => %L)', l)), pg_temp.try(format('SELECT opencalendly.create_login_link(''ml-ian@example.com'', language => %L)', l)),
    pg_temp.try(format('SELECT opencalendly.book_slot(%L, ''2100-06-27 09:00+00'', ''Ann'', ''ml-ann@example.com'', language => %L)', :'talk', l)), l AS language FROM unnest(ARRAY['fr', 'EN', 'en ', '', 'de-AT', 'en;de']) AS l;
SELECT pg_temp.try('SELECT opencalendly.create_user(''ml-ian'', ''ml-ian@example.com'', language => NULL)'), pg_temp.try('SELECT opencalendly.create_login_link(''ml-ian@example.com'', language => NULL)');
SELECT pg_temp.try(format('SELECT opencalendly.update_user(%L, %L)', :'bob', changes)), changes FROM unnest(ARRAY['{"language": "fr"}', '{"language": null}', '{"language": ""}', '{"language": 5}', '{"language": ["de"]}']) AS changes;
-- the tables themselves
CREATE FUNCTION pg_temp.put(changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.try(format('INSERT INTO opencalendly.email_deliveries (id, kind, idempotency_key, user_id, email, booking_id, meeting_id, subject_id, sends_at, status, attempt, max_attempts, due_at, leased_until, last_error, created_at, settled_at) SELECT r.id, r.kind, r.idempotency_key, r.user_id, r.email, r.booking_id, r.meeting_id, r.subject_id, r.sends_at, r.status, r.attempt, r.max_attempts, r.due_at, r.leased_until, r.last_error, r.created_at, r.settled_at FROM jsonb_populate_record(NULL::opencalendly.email_deliveries, %L) AS r',
        '{"id": "01900000-0000-7000-8000-000000000000", "kind": "login_link", "idempotency_key": "login_link/x", "email": "x@example.com", "sends_at": "2026-01-01", "status": "pending", "attempt": 0, "max_attempts": 10, "due_at": "-infinity", "created_at": "2026-01-01"}'::jsonb || changes))
$$;
BEGIN;
SELECT regexp_replace(pg_temp.put(changes), ' \| .*', '') AS said, changes FROM unnest(ARRAY['{"kind": "newsletter"}', '{"kind": null}', '{"idempotency_key": "short"}', '{"idempotency_key": "login_link/X"}', '{"idempotency_key": "login_link/a b"}',
    '{"idempotency_key": "login_link/<x>"}', '{"email": null}', '{"user_id": "01900000-0000-7000-8000-000000000000"}', '{"email": null, "user_id": "01900000-0000-7000-8000-000000000000"}', '{"booking_id": "01900000-0000-7000-8000-000000000000"}',
    '{"meeting_id": "01900000-0000-7000-8000-000000000000"}', '{"status": "sent"}', '{"attempt": -1}', '{"max_attempts": 0}', '{"status": "failed"}', '{"settled_at": "2026-01-01"}']::jsonb[]) AS changes;
SELECT pg_temp.put('{}'), pg_temp.put('{"id": "01900000-0000-7000-8000-000000000001"}');
ROLLBACK;
SELECT regexp_replace(pg_temp.try(format('UPDATE opencalendly.notification_rules SET %s WHERE offset_minutes = 20 AND event_type_id = %L', s, :'talk')), ' \| .*', ''), s FROM unnest(ARRAY['notification_type = ''x''', 'offset_minutes = 0', 'offset_minutes = 10081', 'offset_minutes = NULL', 'is_enabled = NULL', 'event_type_id = ''01900000-0000-7000-8000-000000000000''']) AS s;
SELECT regexp_replace(pg_temp.try(format('UPDATE opencalendly.%I SET language = %L', t, l)), ' \| .*', '') FROM unnest(ARRAY['users', 'bookings', 'login_links']) AS t, unnest(ARRAY['fr', NULL]) AS l;

-- for others
DELETE FROM opencalendly.webhook_subscriptions;
DELETE FROM opencalendly.email_deliveries;
