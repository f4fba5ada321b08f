-- Booking over HTTP by people without an account, as the shim calls it: pages, holds, bookings, links; names that were given
-- up; the limit of open bookings; and what is said to input that is none.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api_calls.inc
\i :api
SET opencalendly.base_url = 'https://book.example.org';
SELECT opencalendly.create_user('public-ada', 'public-ada@example.org', 'Ada', 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_user('public-bob', 'public-bob@example.org', 'Bob', 'Asia/Kolkata') AS bob \gset
SELECT opencalendly.create_user('public-zoe', 'public-zoe@example.org') AS zoe \gset
SELECT opencalendly.set_availability_rules(u, '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 1440}]') FROM unnest(ARRAY[:'ada', :'bob', :'zoe']::uuid[]) AS u;
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30, 'video', 'https://meet.example.org/ada', '[
    {"id": "why", "label": "Why?", "required": true}, {"id": "note_2", "label": "Anything else?", "placeholder": "Say it"}]', 'About it') AS intro \gset
SELECT opencalendly.create_event_type(:'ada', 'Visit', 'visit', 60, 'in_person', 'Main Street 1', seats => 6, bookable_until => '2027-01-01', max_days_ahead => 60, min_notice_minutes => 120) AS visit \gset
SELECT opencalendly.create_event_type(:'ada', 'Call', 'call', 30, 'phone', '+49 30 1234') AS call \gset
SELECT opencalendly.create_event_type(:'ada', 'Secret', 'secret', 30, is_hidden => true) AS secret \gset
SELECT opencalendly.create_event_type(:'ada', 'Gone', 'gone', 30, is_active => false) AS gone \gset
SELECT opencalendly.create_team(:'ada', 'Public team', 'public-team') AS team \gset
SELECT opencalendly.invite_team_member(:'team', u) IS NOT NULL AS asked FROM unnest(ARRAY[:'bob', :'zoe']::uuid[]) AS u;
SELECT opencalendly.accept_team_invitation(:'team', :'bob') IS NOT NULL AS joined;
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin') AS turn \gset
SELECT opencalendly.create_team_event_type(:'team', 'Both', 'both', 30, 'collective', is_hidden => true) AS both \gset
INSERT INTO kept VALUES ('ada', :'ada'), ('bob', :'bob'), ('intro', :'intro'), ('turn', :'turn'), ('both', :'both'), ('team', :'team');
-- Ids that are known are told apart.
CREATE FUNCTION pg_temp.named(said text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    item kept;
BEGIN
    FOR item IN SELECT * FROM kept WHERE value ~ '^[0-9a-f]{8}-' LOOP
        said := replace(said, item.value, '<' || item.name || '>');
    END LOOP;
    RETURN said;
END
$$;

-- Pages. Where a video or phone meeting takes place is told once it is booked.
SELECT jsonb_pretty((pg_temp.api('public_event_type', 'public-ada', 'intro')).body::jsonb - 'id' #- '{eventType,id}');
SELECT e ->> 'slug' AS slug, e ->> 'locationType' AS location_type, e ->> 'locationValue' AS location_value, e ->> 'seats' AS seats,
        e ->> 'bookableUntil' AS until, e ->> 'maxDaysAhead' AS days, e ->> 'minNoticeMinutes' AS notice
    FROM jsonb_array_elements((pg_temp.api('public_event_types', 'public-ada')).body::jsonb -> 'eventTypes') AS e;
SELECT pg_temp.say('public_event_types', 'public-bob');
SELECT pg_temp.say('public_event_type', 'public-ada', 'secret') LIKE '200 %' AS hidden_has_a_page, pg_temp.say('public_event_type', 'public-ada', 'gone') AS inactive;
-- of a team: those who take part, not who was asked; the same by the owner's name
SELECT pg_temp.named((pg_temp.api('public_team_event_type', 'public-team', 'turn')).body::jsonb::text);
SELECT jsonb_path_query_array(body::jsonb, '$.members[*].user.username') AS members, jsonb_path_query_array(body::jsonb, '$.members[*].isRequired') AS required,
    body::jsonb -> 'mode' AS mode, body::jsonb #> '{eventType,slug}' AS slug FROM pg_temp.api('public_team_event_type', 'public-team', 'both');
SELECT opencalendly.set_team_event_type_members(:'turn', jsonb_build_array(jsonb_build_object('userId', :'bob', 'isRequired', true)), true) AS parts;
SELECT jsonb_path_query_array(body::jsonb, '$.members[*].user.username') AS members, jsonb_path_query_array(body::jsonb, '$.members[*].isRequired') AS required
    FROM pg_temp.api('public_team_event_type', 'public-team', 'turn');
SELECT opencalendly.set_team_event_type_members(:'turn', '[]', true) AS parts;
SELECT (body::jsonb - 'organizer') = (pg_temp.api('public_team_event_type', 'public-team', 'turn')).body::jsonb AS same, body::jsonb #>> '{organizer,username}' AS organizer
    FROM pg_temp.api('public_event_type', 'public-ada', 'turn');
-- names that were given up lead on; those of nobody, of a deleted user, and inactive event types do not
SELECT opencalendly.update_user(:'ada', '{"username": "public-ada-2"}') IS NOT NULL AS renamed;
SELECT pg_temp.say('public_event_types', 'public-ada'), pg_temp.say('public_event_type', 'public-ada', 'intro');
SELECT pg_temp.say('public_event_type', 'public-ada', 'gone') AS inactive, pg_temp.say('public_event_type', 'public-ada', E'x\r\nSet-Cookie: a=b') AS no_slug;
SELECT opencalendly.create_user('public-old', 'public-old@example.org') AS old \gset
SELECT opencalendly.create_event_type(:'old', 'Intro', 'intro', 30) AS olds \gset
INSERT INTO opencalendly.occurrences (event_type_id, starts_at, ends_at, seats) VALUES (:'olds', '2026-05-01 10:00', '2026-05-01 10:30', 1) RETURNING id AS meeting \gset
INSERT INTO opencalendly.bookings (event_type_id, organizer_id, occurrence_id, seats, seat_no, starts_at, ends_at, invitee_name, invitee_email, link_key_id, created_at)
    VALUES (:'olds', :'old', :'meeting', 1, 1, '2026-05-01 10:00', '2026-05-01 10:30', 'Ann', 'ann@example.com', 1, '2026-04-01');
SELECT opencalendly.delete_user(:'old') IS NOT NULL AS deleted, (SELECT count(*) FROM opencalendly.users WHERE id = :'old') AS stays;
SELECT replace(name, translate(:'old', '-', ''), '<id>') AS name, pg_temp.say('public_event_types', name) AS list, pg_temp.say('public_event_type', name, 'intro') AS one
    FROM unnest(ARRAY['public-old', 'deleted-' || translate(:'old', '-', ''), 'public-nobody', 'Public-Ada-2', ' public-ada-2', 'public-ada-2/', '', NULL, '../etc', ''' OR true --', 'öäü', E'a\nb']) WITH ORDINALITY AS u (name, n) ORDER BY n;
SELECT slug, pg_temp.say('public_event_type', 'public-ada-2', slug) AS user_page, pg_temp.say('public_team_event_type', 'public-team', slug) AS team_page
    FROM unnest(ARRAY['nothing', 'INTRO', '', NULL, 'intro ', ''' OR true --', '%', 'gone']) WITH ORDINALITY AS u (slug, n) ORDER BY n;
SELECT slug, pg_temp.say('public_team_event_type', slug, 'turn') FROM unnest(ARRAY['no-team', 'public-ada-2', 'PUBLIC-TEAM', '', NULL]) WITH ORDINALITY AS u (slug, n) ORDER BY n;
SELECT opencalendly.update_event_type(:'both', '{"is_active": false}') IS NOT NULL AS inactive;
SELECT pg_temp.say('public_team_event_type', 'public-team', 'both');
SELECT opencalendly.update_event_type(:'both', '{"is_active": true}') IS NOT NULL AS active;

-- Holds.
SELECT pg_temp.say('create_hold', '192.0.2.1', '{"username": "public-ada-2", "eventSlug": "call", "startsAt": "2026-06-08T07:00:00Z"}');
SELECT pg_temp.say('create_hold', '192.0.2.2', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T09:00:00+02:00"}') AS taken;
SELECT pg_temp.keep('hold', '{holdToken}', 'create_hold', '192.0.2.1', '{"teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-08T08:00:00Z"}');
SELECT pg_temp.keep('hold2', '{holdToken}', 'create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T12:00:00Z"}');
-- three for a client, unless one is given back for it; without a client no such limit
SELECT pg_temp.say('create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T13:00:00Z"}');
SELECT pg_temp.say('create_hold', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T13:00:00Z"}');
SELECT pg_temp.keep('hold3', '{holdToken}', 'create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T12:00:00Z", "replaces": "@hold2@"}') AS same_time;
SELECT pg_temp.say('delete_hold', '@hold2@') AS replaced;
-- taken: the old one is kept
SELECT pg_temp.say('create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T07:00:00Z", "replaces": "@hold3@"}');
SELECT pg_temp.say('delete_hold', '@hold3@') AS kept, pg_temp.say('delete_hold', '@hold3@') AS again, pg_temp.say('delete_hold', '@hold@') AS another;
SELECT pg_temp.say('create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T12:00:00Z", "replaces": "@hold3@"}') AS unknown_is_ignored;
SELECT token, pg_temp.say('delete_hold', token) FROM unnest(ARRAY['', NULL, 'x', repeat('A', 43), repeat('B', 43), repeat('A', 44), ''' OR true --', 'ä', repeat('x', 300)]) WITH ORDINALITY AS u (token, n) ORDER BY n;
DELETE FROM opencalendly.claims WHERE host_id IN (:'ada', :'bob', :'zoe');
DELETE FROM opencalendly.holds WHERE event_type_id IN (:'call', :'turn');

-- Booking: the answer has what clients read.
SELECT opencalendly.update_user(:'ada', '{"username": "public-ada"}') IS NOT NULL AS back;
SELECT pg_temp.keep('hold', '{holdToken}', 'create_hold', '192.0.2.1', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T07:00:00Z"}');
SELECT body AS answer, pg_temp.named(pg_temp.masked(jsonb_pretty(body::jsonb))) FROM pg_temp.api('create_booking', 'first-booking-0001', '{
    "username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T09:00:00+02:00", "timezone": "Asia/Tokyo", "inviteeName": "Eve", "inviteeEmail": "Eve@Example.org",
    "answers": {"why": "because", "note_2": null}, "holdToken": "@hold@"}') \gset a_
\echo :a_named
INSERT INTO kept SELECT 'cancel', :'a_answer'::jsonb #>> '{actions,cancel,token}' UNION ALL SELECT 'reschedule', :'a_answer'::jsonb #>> '{actions,reschedule,token}';
INSERT INTO kept SELECT 'booking', :'a_answer'::jsonb #>> '{booking,id}';
SELECT starts_at, timezone, answers, status FROM opencalendly.bookings WHERE invitee_email = 'eve@example.org';
-- the same again, in another spelling: the same answer; with other arguments an error; on the other route another key
SELECT body = :'a_answer' AS same FROM pg_temp.api('create_booking', 'first-booking-0001', '{
    "holdToken": null, "answers": {"why": "because"}, "startsAt": "2026-06-08T07:00:00.000Z", "username": "public-ada", "eventSlug": "intro", "timezone": "Asia/Tokyo", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}');
SELECT pg_temp.say('create_booking', 'first-booking-0001', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T10:00:00Z", "timezone": "Asia/Tokyo", "inviteeName": "Eve", "inviteeEmail": "eve@example.org", "answers": {"why": "because"}}') AS other;
SELECT pg_temp.say('create_booking', NULL, '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T07:00:00Z", "inviteeName": "Bob", "inviteeEmail": "bob@example.org", "answers": {"why": "because"}}') AS taken;
-- without a base URL links are paths
SET opencalendly.base_url = '';
SELECT pg_temp.masked(body::jsonb #>> '{actions,cancel}') FROM pg_temp.api('create_booking', NULL, '{"username": "public-ada", "eventSlug": "visit", "startsAt": "2026-06-08T10:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}');
SET opencalendly.base_url = 'https://book.example.org';
-- an expired hold is no error while the slot is free
SELECT pg_temp.keep('hold', '{holdToken}', 'create_hold', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T12:00:00Z"}');
SET opencalendly.clock = '2026-06-01 06:30+00';
SELECT left(pg_temp.say('create_booking', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T12:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org", "holdToken": "@hold@"}'), 3) AS status;
-- teams: by either route, whoever is next, or both
SELECT body AS answer, pg_temp.named(jsonb_build_array(body::jsonb #> '{booking,organizerId}', body::jsonb -> 'assignmentUserIds', body::jsonb -> 'teamMode')::text) AS who FROM pg_temp.api('create_team_booking', 'team-booking-0001', '{
    "teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-15T10:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') \gset t_
\echo :t_who
INSERT INTO kept SELECT 'team cancel', :'t_answer'::jsonb #>> '{actions,cancel,token}' UNION ALL SELECT 'team reschedule', :'t_answer'::jsonb #>> '{actions,reschedule,token}';
SELECT body = :'t_answer' AS same FROM pg_temp.api('create_team_booking', 'team-booking-0001', '{
    "teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-15T10:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}');
SELECT pg_temp.named(jsonb_build_array(body::jsonb #> '{booking,organizerId}', body::jsonb -> 'assignmentUserIds', body::jsonb -> 'teamMode')::text) AS same_key_other_route FROM pg_temp.api('create_booking', 'team-booking-0001', '{
    "username": "public-ada", "eventSlug": "turn", "startsAt": "2026-06-15T10:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}');
SELECT pg_temp.named(jsonb_build_array(body::jsonb -> 'assignmentUserIds', body::jsonb -> 'teamMode')::text) FROM pg_temp.api('create_team_booking', repeat('k', 200), '{
    "teamSlug": "public-team", "eventSlug": "both", "startsAt": "2026-06-15T11:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}');
SELECT pg_temp.say('create_team_booking', NULL, '{"teamSlug": "public-team", "eventSlug": "call", "startsAt": "2026-06-15T12:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') AS not_the_teams;

-- Five open bookings of an address with a host, whatever the event type: by now Eve has 5 with Ada, 2 with Bob.
SELECT u.username, count(*) FROM opencalendly.bookings AS b JOIN opencalendly.users AS u ON u.id = b.organizer_id OR u.id = ANY (b.host_ids)
    WHERE b.invitee_email = 'eve@example.org' GROUP BY u.username ORDER BY 1;
SELECT pg_temp.say('create_booking', 'the-sixth-of-eve', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "EVE@example.org"}') AS sixth;
SELECT pg_temp.say('create_team_booking', NULL, '{"teamSlug": "public-team", "eventSlug": "both", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') AS sixth_with_one_of_two;
SELECT count(*) AS nothing_left FROM opencalendly.claims WHERE during && tstzrange('2026-06-15 15:00', '2026-06-15 16:00');
SELECT left(pg_temp.say('create_booking', 'first-booking-0001', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T07:00:00Z", "timezone": "Asia/Tokyo", "inviteeName": "Eve", "inviteeEmail": "eve@example.org", "answers": {"why": "because"}}'), 3) AS replayed;
SELECT left(pg_temp.dry('create_booking', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve2@example.org"}'), 3) AS another_address;
-- those that have begun are not open, and a canceled one neither
SET opencalendly.clock = '2026-06-08 07:00+00';
SELECT pg_temp.dry('create_booking', 'the-sixth-of-eve', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') AS one_has_begun;
SET opencalendly.clock = '2026-06-08 06:59+00';
SELECT pg_temp.dry('create_booking', 'the-sixth-of-eve', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') AS none_has_begun;
BEGIN;
SELECT left(pg_temp.say('action_cancel', '@cancel@', NULL), 3) AS canceled;
SELECT pg_temp.dry('create_booking', 'the-sixth-of-eve', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-15T15:00:00Z", "inviteeName": "Eve", "inviteeEmail": "eve@example.org"}') AS one_less;
ROLLBACK;
SET opencalendly.clock = '2026-06-01 06:30+00';

-- Links.
SELECT pg_temp.named(pg_temp.masked(jsonb_pretty((pg_temp.api('action', '@cancel@')).body::jsonb)));
SELECT body::jsonb -> 'actionType' AS type, body::jsonb -> 'actions' AS actions, pg_temp.named(pg_temp.masked(body::jsonb #>> '{booking,team}')) AS team FROM pg_temp.api('action', '@team reschedule@');
-- a hold for the moved booking's time; at a time that overlaps its own there can be none
SELECT pg_temp.say('create_hold', '192.0.2.9', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T07:15:00Z", "actionToken": "@reschedule@"}') AS overlaps_its_own;
SELECT pg_temp.keep('hold', '{holdToken}', 'create_hold', '192.0.2.9', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T08:00:00Z", "actionToken": "@reschedule@"}');
SELECT what, pg_temp.dry('create_hold', '192.0.2.9', format('{"username": "public-ada", "eventSlug": %s, "startsAt": "2026-06-08T09:00:00Z", "actionToken": %s}', to_json(slug), to_json(token)))
    FROM (VALUES (1, 'of another event type', 'call', '@reschedule@'), (2, 'that cancels', 'intro', '@cancel@'), (3, 'malformed', 'intro', 'x'), (4, 'unknown', 'intro', repeat('A', 72))) AS t (n, what, slug, token) ORDER BY n;
SELECT pg_temp.say('action_reschedule', '@reschedule@', NULL, '{"startsAt": "2026-06-08T08:15:00Z"}') AS held_by_another;
-- moving: overlapping its own time, and the same wish again
SELECT pg_temp.say('action_reschedule', '@cancel@', NULL, '{"startsAt": "2026-06-08T07:15:00Z"}') AS wrong_kind;
SELECT opencalendly.update_event_type(:'intro', '{"is_active": false}') IS NOT NULL AS inactive;
SELECT body AS answer, pg_temp.named(pg_temp.masked(jsonb_pretty(body::jsonb - 'actions'))) FROM pg_temp.api('action_reschedule', '@reschedule@', 'the-first-wish-01', '{"startsAt": "2026-06-08T08:00:00Z", "timezone": "Europe/London", "holdToken": "@hold@"}') \gset m_
\echo :m_named
SELECT body = :'m_answer' AS same FROM pg_temp.api('action_reschedule', '@reschedule@', NULL, '{"startsAt": "2026-06-08T10:00:00+02:00"}');
SELECT opencalendly.update_event_type(:'intro', '{"is_active": true}') IS NOT NULL AS active;
INSERT INTO kept SELECT 'moved', :'m_answer'::jsonb #>> '{newBooking,id}' UNION ALL SELECT 'moved cancel', :'m_answer'::jsonb #>> '{actions,cancel,token}'
    UNION ALL SELECT 'moved reschedule', :'m_answer'::jsonb #>> '{actions,reschedule,token}';
SELECT b.timezone, old.status AS old_status FROM opencalendly.bookings AS b JOIN opencalendly.bookings AS old ON old.id = b.rescheduled_from WHERE b.id = (SELECT value::uuid FROM kept WHERE name = 'moved');
-- a moved booking's links lead on, and change nothing
CREATE TEMP TABLE before AS SELECT b.*, c.during FROM opencalendly.bookings AS b LEFT JOIN opencalendly.claims AS c USING (occurrence_id);
SELECT pg_temp.named((pg_temp.api('action_reschedule', '@reschedule@', NULL, '{"startsAt": "2026-06-08T09:00:00Z"}'))::text) AS another_wish;
SELECT pg_temp.named((pg_temp.api('action_cancel', '@cancel@', '{"reason": "no more"}'))::text) AS cancel;
SELECT count(*) AS changed FROM (TABLE before EXCEPT SELECT b.*, c.during FROM opencalendly.bookings AS b LEFT JOIN opencalendly.claims AS c USING (occurrence_id)) AS d;
SELECT body::jsonb #> '{booking,status}' AS status, pg_temp.named(body::jsonb #>> '{booking,rescheduledTo}') AS rescheduled_to, body::jsonb -> 'actions' AS actions FROM pg_temp.api('action', '@cancel@');
-- of a team: who has it keeps it
SELECT pg_temp.named(jsonb_build_array(body::jsonb -> 'assignmentUserIds', body::jsonb -> 'teamMode', body::jsonb #> '{newBooking,startsAt}')::text) FROM pg_temp.api('action_reschedule', '@team reschedule@', NULL, '{"startsAt": "2026-06-15T13:00:00Z"}');
-- the move of a round robin's booking to another host counts there: five of Max's are with Ada; with Bob, who has it, it is none more
BEGIN;
SELECT left(pg_temp.say('create_booking', NULL, format('{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-22T0%s:00:00Z", "inviteeName": "Max", "inviteeEmail": "max@example.org"}', n)), 3) AS with_ada FROM generate_series(1, 5) AS n;
SELECT opencalendly.add_time_off(:'ada', '2026-06-22 10:00+00', '2026-06-22 12:00+00') IS NOT NULL AS ada_away, opencalendly.add_time_off(:'bob', '2026-06-22 14:00+00', '2026-06-22 15:00+00') IS NOT NULL AS bob_away;
SELECT pg_temp.keep('max', '{actions,reschedule,token}', 'create_team_booking', NULL, '{"teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-22T10:00:00Z", "inviteeName": "Max", "inviteeEmail": "max@example.org"}');
SELECT at, pg_temp.dry('action_reschedule', '@max@', NULL, format('{"startsAt": "2026-06-22T%s:00Z"}', at)) FROM unnest(ARRAY['11:00', '14:00', '15:00']) AS at;
SELECT count(c.status) AS canceled
    FROM opencalendly.bookings AS b, opencalendly.organizer_cancel_booking(b.id) AS c WHERE b.starts_at = '2026-06-22 05:00+00';
SELECT pg_temp.dry('action_reschedule', '@max@', NULL, '{"startsAt": "2026-06-22T14:00:00Z"}') AS one_less;
ROLLBACK;
-- canceling, and again; then it can no more be moved
SELECT pg_temp.say('action_cancel', '@moved reschedule@', NULL) AS wrong_kind;
SELECT pg_temp.named(pg_temp.say('action_cancel', '@moved cancel@', '{"reason": "ill"}')) AS canceled;
SELECT pg_temp.named(pg_temp.say('action_cancel', '@moved cancel@', '{"reason": "other"}')) AS again;
SELECT status, cancel_reason, canceled_by FROM opencalendly.bookings WHERE id = (SELECT value::uuid FROM kept WHERE name = 'moved');
SELECT pg_temp.say('action_reschedule', '@moved reschedule@', NULL, '{"startsAt": "2026-06-08T09:00:00Z"}') AS moved;
SELECT body::jsonb #>> '{booking,status}' AS status, body::jsonb -> 'actions' AS actions FROM pg_temp.api('action', '@moved cancel@');
-- its video room is told no more, nor by the link of the booking that it was moved from
SELECT t.token, body::jsonb -> 'eventType' ->> 'locationValue' AS location FROM unnest(ARRAY['@cancel@', '@moved cancel@']) AS t(token), pg_temp.api('action', t.token);
-- life of a link: until the start, then what it was for 30 days after the end, then no more
SELECT pg_temp.keep('late cancel', '{actions,cancel,token}', 'create_booking', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T15:00:00Z", "inviteeName": "Mia", "inviteeEmail": "mia@example.org"}');
SELECT cancel_token, reschedule_token FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) WHERE b.invitee_email = 'mia@example.org' \gset
INSERT INTO kept VALUES ('late reschedule', :'reschedule_token');
SELECT at, set_config('opencalendly.clock', at, false) IS NOT NULL AS set, (pg_temp.api('action', '@late cancel@')).body::jsonb -> 'actions' AS actions, left(pg_temp.dry('action_cancel', '@late cancel@', NULL), 30) AS cancel,
        left(pg_temp.dry('action_reschedule', '@late reschedule@', NULL, '{"startsAt": "2026-08-03T09:00:00Z"}'), 30) AS reschedule
    FROM unnest(ARRAY['2026-06-08 14:59:59.999999+00', '2026-06-08 15:00+00', '2026-07-08 15:30+00']) WITH ORDINALITY AS u (at, n) ORDER BY n;
SET opencalendly.clock = '2026-07-08 15:30:00.000001+00';
SELECT pg_temp.say('action', '@late cancel@'), pg_temp.say('action_cancel', '@late cancel@', NULL), pg_temp.say('action_reschedule', '@late reschedule@', NULL, '{"startsAt": "2026-08-03T09:00:00Z"}');
SET opencalendly.clock = '2026-06-01 06:30+00';

-- What only reads can be asked on a standby.
BEGIN READ ONLY;
SELECT left(pg_temp.say('public_event_types', 'public-ada'), 3), left(pg_temp.say('public_event_type', 'public-ada', 'intro'), 3), left(pg_temp.say('public_team_event_type', 'public-team', 'turn'), 3), left(pg_temp.say('action', '@cancel@'), 3);
COMMIT;

-- Invalid input.
SELECT * FROM pg_temp.hostile('create_hold', '{192.0.2.7,@body@}', '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T17:00:00Z", "replaces": "@hold@"}');
SELECT * FROM pg_temp.hostile('create_hold', '{192.0.2.7,@body@}', '{"teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-08T17:00:00Z", "actionToken": "@team reschedule@"}');
SELECT pg_temp.say('create_hold', NULL, '{"username": "public-ada", "teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-08T17:00:00Z"}') AS two,
    pg_temp.say('create_hold', NULL, '{"eventSlug": "turn", "startsAt": "2026-06-08T17:00:00Z"}') AS none, pg_temp.say('create_hold', NULL, '{"username": "public-ada", "eventSlug": "gone", "startsAt": "2026-06-08T17:00:00Z"}') AS inactive;
SELECT * FROM pg_temp.hostile('create_booking', '{NULL,@body@}', '{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T17:00:00Z", "timezone": "UTC", "inviteeName": "Leo",
    "inviteeEmail": "leo@example.org", "answers": {"why": "x"}, "holdToken": "@hold@"}');
SELECT * FROM pg_temp.hostile('create_team_booking', '{NULL,@body@}', '{"teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-08T17:00:00Z", "timezone": "UTC", "inviteeName": "Leo",
    "inviteeEmail": "leo@example.org", "answers": {}, "holdToken": "@hold@"}');
SELECT * FROM pg_temp.hostile('action_reschedule', '{@late reschedule@,NULL,@body@}', '{"startsAt": "2026-06-08T17:00:00Z", "timezone": "UTC", "holdToken": "@hold@"}');
SELECT * FROM pg_temp.hostile('action_cancel', '{@late cancel@,@body@}', '{"reason": "x"}');
-- answers
SELECT answers, pg_temp.say('create_booking', NULL, format('{"username": "public-ada", "eventSlug": "intro", "startsAt": "2026-06-08T17:00:00Z", "inviteeName": "Leo", "inviteeEmail": "leo@example.org", "answers": %s}', answers))
    FROM unnest(ARRAY['{}', '{"why": ""}', '{"why": null}', '{"why": " \n"}', '{"why": 1}', '{"why": ["x"]}', '{"why": {"a": null}}', '{"why": "x", "what": "y"}', '{"why": "x", "note_2": true}', '{"why": "x", "": "y"}']) WITH ORDINALITY AS u (answers, n) ORDER BY n;
SELECT n, left(pg_temp.dry('create_booking', NULL, jsonb_build_object('username', 'public-ada', 'eventSlug', 'intro', 'startsAt', '2026-06-08T17:00:00Z', 'inviteeName', 'Leo',
    'inviteeEmail', 'leo@example.org', 'answers', jsonb_build_object('why', repeat('ä', n)))::text), 80) FROM unnest(ARRAY[2000, 2001]) AS n;
-- the key of a request
SELECT length(key), pg_temp.dry('create_booking', key, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T17:00:00Z", "inviteeName": "Leo", "inviteeEmail": "leo@example.org"}') AS booking,
        pg_temp.dry('create_team_booking', key, '{"teamSlug": "public-team", "eventSlug": "turn", "startsAt": "2026-06-08T17:00:00Z", "inviteeName": "Leo", "inviteeEmail": "leo@example.org"}') AS team_booking,
        pg_temp.dry('action_reschedule', '@late reschedule@', key, '{"startsAt": "2026-06-08T17:00:00Z"}') AS reschedule
    FROM unnest(ARRAY[NULL, '', repeat('k', 15), repeat('k', 16), repeat('ä', 16), repeat('k', 200), repeat('k', 201), repeat('k', 8000)]) WITH ORDINALITY AS u (key, n) ORDER BY n;
-- starts
SELECT start, pg_temp.dry('create_booking', NULL, format('{"username": "public-ada", "eventSlug": "call", "startsAt": %s, "inviteeName": "Leo", "inviteeEmail": "leo@example.org"}', to_json(start)))
    FROM unnest(ARRAY['2026-06-08T17:00Z', '2026-06-08T17:00:00.000000+00:00', '2026-06-08T17:00:00.0000001Z', '2026-06-08 17:00:00Z', '2026-06-08T17:00:00', '2026-06-08', '1e3', 'now', 'tomorrow', 'epoch', '-infinity',
        '2026-06-08T24:00:00Z', '2026-06-08T17:60:00Z', '2026-06-08T17:00:00+99:99', '0001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '1899-12-31T23:59:59Z', '9999-12-31T23:59:59Z', '2026-06-08T17:01:00Z', '2025-06-08T17:00:00Z']) WITH ORDINALITY AS u (start, n) ORDER BY n;
-- names
SELECT username, slug, pg_temp.dry('create_booking', NULL, format('{"username": %s, "eventSlug": %s, "startsAt": "2026-06-08T17:00:00Z", "inviteeName": "Leo", "inviteeEmail": "leo@example.org"}', to_json(username), to_json(slug))) AS booking,
        pg_temp.dry('create_hold', NULL, format('{"username": %s, "eventSlug": %s, "startsAt": "2026-06-08T17:00:00Z"}', to_json(username), to_json(slug))) AS hold
    FROM (VALUES (1, 'public-ada', 'gone'), (2, 'public-ada', 'nothing'), (3, 'public-nobody', 'call'), (4, 'public-old', 'intro'), (5, 'public-team', 'turn'), (6, '', ''), (7, 'PUBLIC-ADA', 'call'), (8, 'public-ada-2', 'call')) AS t (n, username, slug) ORDER BY n;
-- tokens
SELECT what, pg_temp.dry('action', token) AS look, pg_temp.dry('action_cancel', token, NULL) AS cancel, pg_temp.dry('action_reschedule', token, NULL, '{"startsAt": "2026-06-08T17:00:00Z"}') AS reschedule
    FROM (SELECT pg_temp.filled('@late cancel@') AS good) AS g, LATERAL (VALUES (1, 'good', good), (2, 'absent', NULL), (3, 'empty', ''), (4, 'short', 'x'), (5, 'cut', left(good, 71)), (6, 'longer', good || 'A'),
        (7, 'of nothing', repeat('A', 72)), (8, 'long', repeat('A', 100000)), (9, 'to sign in', opencalendly.login_token(:'ada', 1)), (10, 'quotes', ''' OR true; --' || repeat(' ', 60)), (11, 'not ASCII', repeat('ä', 72)),
        (12, 'of a booking that is gone', (SELECT cancel_token FROM opencalendly.booking_links(:'ada', 1)))) AS t (n, what, token) ORDER BY n;
-- nothing came of all that
SELECT count(*) AS bookings FROM opencalendly.bookings WHERE invitee_email = 'leo@example.org';
SELECT starts_at, status FROM opencalendly.bookings WHERE invitee_email = 'mia@example.org';
-- without a key file nothing is booked
SET opencalendly.secret_key_file = '';
SELECT pg_temp.dry('create_booking', NULL, '{"username": "public-ada", "eventSlug": "call", "startsAt": "2026-06-08T17:00:00Z", "inviteeName": "Leo", "inviteeEmail": "leo@example.org"}') AS booking, pg_temp.dry('action', '@late cancel@') AS look;
RESET opencalendly.secret_key_file;
RESET opencalendly.base_url;
-- the role that calls can call nothing else
SET ROLE opencalendly_api;
SELECT pg_temp.try(call) FROM unnest(ARRAY['SELECT * FROM opencalendly.bookings', 'SELECT opencalendly.user_named(''public-ada'')', 'SELECT opencalendly.event_type_named(''public-ada'', NULL, ''call'')',
    'SELECT opencalendly.book_for_invitee(NULL, NULL, NULL)', 'SELECT opencalendly.check_open_bookings(NULL, NULL)', 'SELECT opencalendly.release_hold(''x'')', 'SELECT * FROM opencalendly.booking_action(''x'')']) AS call;
RESET ROLE;
-- other tests look at whole tables
SET client_min_messages = warning;
TRUNCATE opencalendly.users, opencalendly.login_links CASCADE;
