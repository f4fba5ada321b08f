-- The HTTP API of mails, function by function: rules, what bookings say of mails, links to sign in with, languages, that
-- nobody reaches what is another's, and how each bad value is refused. No worker is at work here; mails are due by the wall
-- clock, so the meetings are far from it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api.inc
\i :api
SET opencalendly.clock = '2100-06-01 06:00+00';

-- what others have left
DELETE FROM opencalendly.email_deliveries;
SELECT pg_temp.sign_up('ada', 'am-'), pg_temp.sign_up('bob', 'am-'), pg_temp.sign_up('cyd', 'am-'), pg_temp.sign_up('eve', 'am-');
SELECT opencalendly.set_availability_rules(pg_temp.id(u), jsonb_agg(jsonb_build_object('dayOfWeek', d, 'startMinute', 0, 'endMinute', 1440))) AS rules FROM unnest(ARRAY['ada', 'bob']) AS u, generate_series(0, 6) AS d GROUP BY u;
INSERT INTO ids SELECT 'talk', opencalendly.create_event_type(pg_temp.id('ada'), 'Talk', 'talk', 30);
-- mails by kind and reader
CREATE FUNCTION pg_temp.mails() RETURNS TABLE (kind text, reader text, n bigint) LANGUAGE sql AS $$
    SELECT d.kind, coalesce(d.email, u.username), count(*) FROM opencalendly.email_deliveries AS d LEFT JOIN opencalendly.users AS u ON u.id = d.user_id GROUP BY 1, 2 ORDER BY 1, 2
$$;

--
-- Rules
--
SELECT pg_temp.api($$notification_rules(#ada, '@talk')$$);
SELECT pg_temp.keep('rule', $$set_notification_rules(#ada, '@talk', '{"rules": [{"notificationType": "reminder", "offsetMinutes": 1440, "isEnabled": true}]}')$$, 'rules', '0', 'id');
SELECT pg_temp.api($$set_notification_rules(#ada, '@talk', '{"rules": [{"notificationType": "follow_up", "offsetMinutes": 60}, {"id": "@rule", "notificationType": "reminder", "offsetMinutes": 120, "isEnabled": true},
    {"id": null, "notificationType": "reminder", "offsetMinutes": 30, "isEnabled": false}]}')$$);
SELECT pg_temp.api($$notification_rules(#ada, '@talk')$$) = pg_temp.api(format('set_notification_rules(#ada, ''@talk'', %L)', jsonb_build_object('rules', body -> 'rules'))) AS as_it_was FROM pg_temp.answer_of($$notification_rules(#ada, '@talk')$$);
-- a team's: its owners may
SELECT pg_temp.keep('team', $$create_team(#ada, '{"name": "Crew", "slug": "am-crew"}')$$, 'team', 'id') IS NOT NULL AS team;
SELECT opencalendly.accept_team_invitation(pg_temp.id('team'), i.id) IS NOT NULL AS joined FROM (SELECT pg_temp.id('bob') AS id, opencalendly.invite_team_member(pg_temp.id('team'), pg_temp.id('bob')) AS asked OFFSET 0) AS i WHERE i.asked IS NOT NULL;
SELECT pg_temp.keep('turn', $$create_team_event_type(#ada, '{"teamId": "@team", "name": "Turn", "slug": "am-turn", "durationMinutes": 30, "mode": "round_robin"}')$$, 'teamEventType', 'id') IS NOT NULL AS turn;
SELECT pg_temp.api($$set_notification_rules(#ada, '@turn', '{"rules": [{"notificationType": "reminder", "offsetMinutes": 1}]}')$$);
SELECT pg_temp.api($$set_notification_rules(#bob, '@turn', '{"rules": []}')$$), pg_temp.api($$notification_rules(#bob, '@turn')$$);

--
-- What bookings say
--
CREATE FUNCTION pg_temp.told(call text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(a.refusal, (SELECT jsonb_object_agg(k, a.body -> k) FROM unnest(ARRAY['email', 'notifications']) AS k WHERE a.body ? k)::text) FROM pg_temp.answer_of(call) AS a
$$;
-- off
SELECT pg_temp.told($$create_booking(NULL, '{"username": "am-ada", "eventSlug": "talk", "startsAt": "2100-06-09T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-ann@example.com"}')$$);
SELECT opencalendly.organizer_cancel_booking(b.id) IS NOT NULL AS canceled FROM opencalendly.bookings AS b WHERE b.starts_at = '2100-06-09 09:00+00';
-- on
SET opencalendly.mail_transport = 'resend';
CREATE FUNCTION pg_temp.book(name text, day text, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    a record;
BEGIN
    SELECT * INTO a FROM pg_temp.answer_of(format('create_booking(NULL, %L)',
        format('{"username": "am-ada", "eventSlug": "talk", "startsAt": "2100-06-%sT09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-ann@example.com"%s}', day, more)));
    INSERT INTO ids VALUES (name, a.body #>> '{booking,id}'), (name || ' cancel', a.body #>> '{actions,cancel,token}'), (name || ' move', a.body #>> '{actions,reschedule,token}');
    RETURN coalesce(a.refusal, (a.body -> 'email')::text || ' ' || (a.body -> 'notifications')::text);
END
$$;
SELECT pg_temp.book('one', '10'), pg_temp.book('two', '11', ', "language": "de"'), pg_temp.book('three', '12', ', "language": null');
SELECT b.starts_at::date AS day, b.language FROM opencalendly.bookings AS b WHERE b.invitee_email = 'am-ann@example.com' AND b.status = 'confirmed' ORDER BY 1;
SELECT * FROM pg_temp.mails();
-- by links
SELECT pg_temp.told($$action_reschedule('@one move', NULL, '{"startsAt": "2100-06-13T09:00:00Z"}')$$), pg_temp.told($$action_reschedule('@one move', NULL, '{"startsAt": "2100-06-13T09:00:00Z"}')$$) AS again;
SELECT pg_temp.told($$action_cancel('@two cancel', NULL)$$), pg_temp.told($$action_cancel('@two cancel', NULL)$$) AS again;
-- by the host
SELECT pg_temp.told($$reschedule_booking(#ada, '@three', '{"startsAt": "2100-06-14T09:00:00Z"}')$$);
INSERT INTO ids SELECT 'moved', b.id FROM opencalendly.bookings AS b WHERE b.rescheduled_from = pg_temp.id('three');
SELECT pg_temp.told($$cancel_booking(#ada, '@moved', '{}')$$), pg_temp.told($$cancel_booking(#ada, '@moved', '{}')$$) AS again;
SELECT * FROM pg_temp.mails();
-- with a team
SELECT pg_temp.told($$create_team_booking(NULL, '{"teamSlug": "am-crew", "eventSlug": "am-turn", "startsAt": "2100-06-15T09:00:00Z", "inviteeName": "Dan", "inviteeEmail": "am-dan@example.com", "language": "de"}')$$);
SELECT b.language FROM opencalendly.bookings AS b WHERE b.invitee_email = 'am-dan@example.com';
-- an address that has had enough
INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, email) SELECT 'login_link', 'login_link/filler-' || n, 'am-ann@example.com' FROM generate_series(1, 20) AS n;
SELECT pg_temp.book('four', '16');
-- the same key again: without a language it is en
SELECT pg_temp.told($$create_booking('a key of this test 1', '{"username": "am-ada", "eventSlug": "talk", "startsAt": "2100-06-17T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-fay@example.com"}')$$);
SELECT pg_temp.told($$create_booking('a key of this test 1', '{"username": "am-ada", "eventSlug": "talk", "startsAt": "2100-06-17T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-fay@example.com", "language": "en"}')$$);
SELECT count(*) FROM opencalendly.email_deliveries AS d WHERE d.email = 'am-fay@example.com' AND d.kind = 'booking_confirmed';

--
-- Signing in; invitations
--
DELETE FROM opencalendly.email_deliveries;
SELECT pg_temp.api($$request_login_link('{"email": "AM-Eve@example.com", "language": "de"}')$$, 'email');
SELECT pg_temp.api($$request_login_link('{"email": "am-new@example.com", "username": "am-new", "language": "de"}')$$, 'email'), pg_temp.api($$request_login_link('{"email": "am-new@example.com", "language": null}')$$, 'email');
SELECT * FROM pg_temp.mails();
SELECT d.idempotency_key = 'login_link/' || l.id AS key, d.subject_id = l.id AS of_the_link, l.email, l.language FROM opencalendly.email_deliveries AS d JOIN opencalendly.login_links AS l ON l.id = d.subject_id ORDER BY l.email, l.language;
-- the limit of links is that of their mails
SELECT count(*) FROM generate_series(1, 10) AS n, pg_temp.answer_of($$request_login_link('{"email": "am-new@example.com"}')$$ || repeat(' ', n)) AS a WHERE a.status = 200;
SELECT * FROM pg_temp.mails();
-- who signs up has the link's language
INSERT INTO ids SELECT 'link', opencalendly.login_token(l.id, l.link_key_id) FROM opencalendly.login_links AS l WHERE l.email = 'am-new@example.com' AND l.language = 'de';
SELECT pg_temp.api($$verify_login_link(NULL, NULL, '{"token": "@link"}')$$, 'user', 'language');
-- an invitation goes to the account
SELECT pg_temp.api($$invite_member(#ada, '@team', '{"userId": "@cyd"}')$$, 'member', 'status');
SELECT * FROM pg_temp.mails();
SELECT pg_temp.api($$me(#ada)$$, 'email'), pg_temp.api($$me(#ada)$$, 'user', 'language');
SELECT pg_temp.api($$update_me(#ada, '{"language": "de"}')$$, 'user', 'language'), pg_temp.api($$update_me(#ada, '{"displayName": "Ada"}')$$, 'user', 'language'), pg_temp.api($$update_me(#ada, '{"language": null}')$$, 'user', 'language');

--
-- Pushing the queue: nobody is at work
--
DELETE FROM opencalendly.email_deliveries;
SELECT pg_temp.api($$run_notifications(#ada, NULL, NULL)$$), pg_temp.api($$run_notifications(#eve, '100', '{}')$$);
SELECT pg_temp.book('five', '18');
INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, user_id) VALUES ('team_invitation', 'team_invitation/run', pg_temp.id('ada')), ('team_invitation', 'team_invitation/other', pg_temp.id('bob'));
SELECT count(*), min(attempts_before) FROM opencalendly.due_mails(pg_temp.id('ada'), 100);
SELECT count(*) FROM opencalendly.due_mails(pg_temp.id('ada'), 2);
SELECT d.kind, coalesce(d.email, 'a user') AS reader FROM opencalendly.due_mails(pg_temp.id('ada'), 100) AS m JOIN opencalendly.email_deliveries AS d ON d.id = m.delivery_id ORDER BY 1, 2;
SELECT count(*) FROM opencalendly.due_mails(pg_temp.id('eve'), 100);
SELECT pg_temp.api($$run_notifications(#ada, '1', '{}')$$), pg_temp.api($$run_notifications(#ada, '', '{"limit": 1}')$$), pg_temp.api($$run_notifications(#ada, NULL, '{"limit": null}')$$);
-- what became of them
UPDATE opencalendly.email_deliveries SET status = 'succeeded', attempt = 1, settled_at = now() WHERE kind = 'booking_confirmed' AND user_id IS NULL;
UPDATE opencalendly.email_deliveries SET status = 'failed', attempt = 1, settled_at = now(), last_error = '550 no such user' WHERE kind = 'booking_confirmed' AND user_id IS NOT NULL;
UPDATE opencalendly.email_deliveries SET status = 'failed', settled_at = now(), last_error = 'not sent: it was declined' WHERE idempotency_key = 'team_invitation/run';
UPDATE opencalendly.email_deliveries SET attempt = 1, last_error = '451 later' WHERE idempotency_key = 'team_invitation/other';
SELECT opencalendly.processed_mails(array_agg(d.id), array_agg(0)) FROM opencalendly.email_deliveries AS d WHERE d.kind IN ('booking_confirmed', 'team_invitation');
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase, status) SELECT d.id, 1, now(), 1, 'done', 451 FROM opencalendly.email_deliveries AS d WHERE d.idempotency_key = 'team_invitation/other';
SELECT opencalendly.processed_mails(array_agg(d.id), array_agg(0)), opencalendly.processed_mails(array_agg(d.id), array_agg(1)) FROM opencalendly.email_deliveries AS d WHERE d.kind IN ('booking_confirmed', 'team_invitation');
SELECT opencalendly.processed_mails(NULL, NULL);
-- measures
SELECT name, labels, value FROM opencalendly.api_metrics() WHERE name = 'opencalendly_deliveries' AND labels LIKE '%mail%';
DELETE FROM opencalendly.delivery_attempts;

--
-- Invalid input: sessions and ids
--
SELECT pg_temp.api(call) AS said, call FROM unnest(ARRAY['notification_rules(NULL, NULL)', 'set_notification_rules(''x'', NULL, NULL)', 'run_notifications(NULL, NULL, NULL)', 'run_notifications('''', NULL, NULL)']) AS call;
SELECT pg_temp.api(replace(call, '$1', coalesce(quote_literal(id), 'NULL'))) AS said, count(*)
    FROM unnest(ARRAY['notification_rules(#eve, $1)', 'set_notification_rules(#eve, $1, ''{"rules": []}'')']) AS call, unnest(ARRAY[NULL, '', 'x', '@talk', '@turn', '@rule', '@ada', '01900000-0000-7000-8000-000000000000']) AS id
    GROUP BY 1 ORDER BY (pg_temp.api(replace(call, '$1', coalesce(quote_literal(id), 'NULL')))) COLLATE "C";
-- bodies
SELECT pg_temp.api(format('set_notification_rules(#ada, %L, %L)', '@talk', body)) AS said, left(body, 110) AS body
    FROM unnest(ARRAY[NULL, '', '{}', '[]', 'x', '{"rules": null}', '{"rules": {}}', '{"rules": "x"}', '{"rules": 5}', '{"rule": []}', '{"rules": [], "eventTypeId": "x"}', '{"rules": [5]}', '{"rules": [null]}', '{"rules": [{}]}',
        '{"rules": [{"notificationType": "reminder"}]}', '{"rules": [{"offsetMinutes": 5}]}', '{"rules": [{"notificationType": "sms", "offsetMinutes": 5}]}', '{"rules": [{"notificationType": 5, "offsetMinutes": 5}]}',
        '{"rules": [{"notificationType": "reminder", "offsetMinutes": 0}]}', '{"rules": [{"notificationType": "reminder", "offsetMinutes": 10081}]}', '{"rules": [{"notificationType": "reminder", "offsetMinutes": 1.5}]}', '{"rules": [{"notificationType": "reminder", "offsetMinutes": "5"}]}',
        '{"rules": [{"notificationType": "reminder", "offsetMinutes": 5, "isEnabled": "yes"}]}', '{"rules": [{"notificationType": "reminder", "offsetMinutes": 5, "enabled": true}]}', '{"rules": [{"id": "x", "notificationType": "reminder", "offsetMinutes": 5}]}',
        '{"rules": [{"notificationType": "reminder", "offsetMinutes": 5}, {"notificationType": "reminder", "offsetMinutes": 5}]}']) AS body;
SELECT pg_temp.api(format('set_notification_rules(#ada, %L, %L)', '@talk', jsonb_build_object('rules', jsonb_agg(jsonb_build_object('notificationType', 'reminder', 'offsetMinutes', n))))) FROM generate_series(1, 21) AS n;
SELECT pg_temp.api(format('run_notifications(#ada, %L, %L)', size, body)) AS said FROM (VALUES ('0', NULL), ('101', NULL), ('1.5', NULL), ('x', NULL), (NULL, '{"limit": 0}'), ('', '{"limit": 101}'), (NULL, '{"limit": -5}'), (NULL, '{"limit": 1.5}'), (NULL, '{"limit": "5"}'), ('0', '{"limit": 5}'), (NULL, '{"most": 5}'), (NULL, '[]'), (NULL, 'x')) AS v(size, body);
-- languages
SELECT pg_temp.api(format(call, '{"language": ' || l || replace(more, '$', ', ') || '}')) AS said, count(*), min(call) || ' ' || min(l) AS such_as
    FROM (VALUES ('update_me(#ada, %L)', ''), ('request_login_link(%L)', '$"email": "am-gus@example.com"'),
            ('create_booking(NULL, %L)', '$"username": "am-ada", "eventSlug": "talk", "startsAt": "2100-06-20T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-gus@example.com"'),
            ('create_team_booking(NULL, %L)', '$"teamSlug": "am-crew", "eventSlug": "am-turn", "startsAt": "2100-06-20T09:00:00Z", "inviteeName": "Ann", "inviteeEmail": "am-gus@example.com"')) AS c(call, more),
        unnest(ARRAY['"fr"', '"DE"', '""', '" de"', '5', 'true', '["de"]', '{}', '"de\u0000"']) AS l
    GROUP BY 1 ORDER BY min(l) COLLATE "C", min(call) COLLATE "C";
SELECT pg_temp.api($$verify_login_link(NULL, NULL, '{"token": "@link", "language": "de"}')$$);
SELECT count(*) FROM opencalendly.bookings AS b WHERE b.invitee_email = 'am-gus@example.com';

-- for others
DELETE FROM opencalendly.email_deliveries;
