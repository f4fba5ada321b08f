-- GET .../invite.ics: the event, its life in a calendar, what must not be in it, and invalid input.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SET opencalendly.base_url = 'https://book.example.org/base';
SELECT opencalendly.create_user('invite-ada', 'invite-ada@example.org', 'Ada; Countess, "of" Lovelace', 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_user('invite-bo', 'invite-bo@example.org') AS bo \gset
SELECT count(opencalendly.set_availability_rules(id::uuid, '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020}]')) FROM unnest(ARRAY[:'ada', :'bo']) AS id;
SELECT opencalendly.create_event_type(:'ada', 'Größe, Gewicht; "und" Maße \ mehr: ein langer Titel, der gefaltet werden muß', 'intro', 30,
    location_type => 'in_person', location_value => E'Am Markt 1, Berlin\r\nATTENDEE:mailto:eve@example.org\nEND:VEVENT\r2. Stock') AS intro \gset
SELECT opencalendly.create_event_type(:'bo', 'Class', 'class', 60, seats => 3) AS class \gset
-- What of an answer is not of the moment, a line a row.
CREATE FUNCTION pg_temp.lines(body text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(line, '[0-9a-f]{8}-[0-9a-f-]{27}', '<id>'), '(/actions/)[A-Za-z0-9_-]{40,}', '\1<token>')
    FROM regexp_split_to_table(replace(body, E'\r\n ', ''), E'\r\n') AS line WHERE line <> ''
$$;

-- an event, unfolded
SELECT * FROM opencalendly.book_slot(:'intro', '2026-06-08 08:00', 'Bob "B" Müller, jr.', 'Bob+tag@Example.org', 'Asia/Kolkata') \gset b_
SELECT status, etag, next_cursor, location, cookie FROM opencalendly.api_action_invite(:'b_cancel_token');
SELECT pg_temp.lines(body) FROM opencalendly.api_action_invite(:'b_cancel_token');
-- both links tell the same but for themselves
SELECT replace(c.body, :'b_cancel_token', '') <> c.body OR replace(c.body, E'\r\n ', '') LIKE '%' || :'b_cancel_token' || '%' AS names_itself,
    replace(replace(c.body, E'\r\n ', ''), :'b_cancel_token', :'b_reschedule_token') = replace(r.body, E'\r\n ', '') AS same
    FROM opencalendly.api_action_invite(:'b_cancel_token') AS c, opencalendly.api_action_invite(:'b_reschedule_token') AS r;
-- its form: CRLF alone ends lines, none is over 75 octets, all of it is UTF-8
SELECT replace(body, E'\r\n', '') !~ E'[\r\n]' AS crlf, body LIKE E'%END:VCALENDAR\r\n' AS ended,
    (SELECT max(octet_length(line)) FROM regexp_split_to_table(body, E'\r\n') AS line) AS longest,
    (SELECT count(*) FROM regexp_split_to_table(body, E'\r\n') AS line WHERE line ~ '^(BEGIN|END|ATTENDEE|ORGANIZER|UID|SUMMARY|LOCATION)') AS properties
    FROM opencalendly.api_action_invite(:'b_cancel_token');
-- without a base_url there is no URL
SET opencalendly.base_url = '';
SELECT body LIKE '%URL:%' AS has_url FROM opencalendly.api_action_invite(:'b_cancel_token');
SET opencalendly.base_url = 'https://book.example.org/base';

-- moved, moved again, canceled: one event whose sequence rises, the same by every link
CREATE FUNCTION pg_temp.state(token text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(replace(line, 'UID:' || first.id, 'UID:<first>'), ' ' ORDER BY n) FROM opencalendly.api_action_invite(token) AS a,
        regexp_split_to_table(a.body, E'\r\n') WITH ORDINALITY AS l(line, n),
        (SELECT b.id FROM opencalendly.bookings AS b JOIN opencalendly.users AS u ON u.id = b.organizer_id
            WHERE u.username = 'invite-ada' AND b.rescheduled_from IS NULL) AS first
        WHERE line ~ '^(UID|SEQUENCE|DTSTART|DTEND|STATUS):'
$$;
SELECT pg_temp.state(:'b_cancel_token');
SELECT cancel_token AS c_cancel, reschedule_token AS c_move FROM opencalendly.reschedule_booking(:'b_reschedule_token', '2026-06-08 09:00') \gset
SELECT pg_temp.state(t) FROM unnest(ARRAY[:'b_cancel_token', :'c_cancel']) AS t;
SELECT cancel_token AS d_cancel FROM opencalendly.reschedule_booking(:'c_move', '2026-06-15 10:00') \gset
SELECT pg_temp.state(t) FROM unnest(ARRAY[:'b_cancel_token', :'b_reschedule_token', :'c_cancel', :'d_cancel']) AS t;
SELECT body LIKE '%LOCATION%' AS has_location FROM opencalendly.api_action_invite(:'d_cancel');
SELECT status FROM opencalendly.cancel_booking(:'d_cancel');
SELECT pg_temp.state(t) FROM unnest(ARRAY[:'b_cancel_token', :'c_cancel', :'d_cancel']) AS t;
SELECT body LIKE '%LOCATION%' AS has_location FROM opencalendly.api_action_invite(:'d_cancel');
-- until a host has approved, it is not certain
SELECT booking_id AS p_id, cancel_token AS p_cancel FROM opencalendly.book_slot(:'class', '2026-06-08 12:00', 'Pia', 'pia@example.org') \gset
UPDATE opencalendly.bookings SET status = 'pending' WHERE id = :'p_id';
SELECT line FROM opencalendly.api_action_invite(:'p_cancel'), pg_temp.lines(body) AS line WHERE line LIKE 'STATUS%';

-- a group: who else comes is not told, nor the host's address
SELECT cancel_token AS g_cancel FROM opencalendly.book_slot(:'class', '2026-06-08 10:00', 'Gil', 'gil@example.org') \gset
SELECT cancel_token AS h_cancel FROM opencalendly.book_slot(:'class', '2026-06-08 10:00', 'Hal', 'hal@example.org') \gset
SELECT body ~ 'CN=Gil|gil@' AS gil, body ~ 'CN=Hal|hal@' AS hal, body LIKE '%invite-bo@%' AS address, body LIKE '%LOCATION%' AS location, body LIKE '%CN=invite-bo:%' AS host
    FROM opencalendly.api_action_invite(:'g_cancel');
SELECT body ~ 'CN=Gil|gil@' AS gil, body ~ 'CN=Hal|hal@' AS hal FROM opencalendly.api_action_invite(:'h_cancel');
-- reading is all it does, for what the shim runs as
BEGIN READ ONLY;
SET LOCAL ROLE opencalendly_api;
SELECT status, length(body) > 100 AS has_body FROM opencalendly.api_action_invite(:'g_cancel');
COMMIT;

-- invalid input: no link of ours, none of a booking, none any more
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_invite(%L)', v)) FROM unnest(ARRAY[opencalendly.login_token(:'p_id', 1), left(:'g_cancel', 71), :'g_cancel' || 'A', ' ' || :'g_cancel',
    overlay(:'g_cancel' placing CASE substr(:'g_cancel', 50, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 50), '', 'x', repeat('A', 72), repeat('A', 43), repeat('A', 60000), 'é', :'p_id', :'g_cancel' || '.ics',
    E'x\r\nX: y', NULL]) AS v;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_invite(%L)', t)) FROM opencalendly.booking_links(opencalendly.uuid_generate_v7(), 1) AS l, unnest(ARRAY[l.cancel_token, l.reschedule_token]) AS t;
SELECT at, pg_temp.try(format('SELECT * FROM opencalendly.api_action_invite(%L)', :'g_cancel'))
    FROM unnest(ARRAY['2026-06-08 10:00', '2026-06-08 12:00', '2026-07-08 11:00', '2026-07-08 11:00:00.000001']) AS at, set_config('opencalendly.clock', at, false);
SET opencalendly.clock = '2026-06-01 06:00+00';
SET opencalendly.secret_key_file = '';
SELECT pg_temp.try(format('SELECT * FROM opencalendly.api_action_invite(%L)', :'g_cancel'));
RESET opencalendly.secret_key_file;
-- values that nobody can set by the functions, and a DBA might: nothing becomes a line
UPDATE opencalendly.users SET display_name = NULL WHERE id = :'bo';
UPDATE opencalendly.event_types SET location_value = repeat(E'\r\nX-EVIL:1;,\\"', 30) WHERE id = :'class';
SELECT count(*) FILTER (WHERE line LIKE 'X-EVIL%') AS evil, count(*) AS lines, max(octet_length(line)) AS longest FROM opencalendly.api_action_invite(:'g_cancel'), regexp_split_to_table(body, E'\r\n') AS line
    WHERE line NOT LIKE ' %';
-- nobody else may call it
CREATE ROLE invite_anybody;
GRANT USAGE ON SCHEMA opencalendly TO invite_anybody;
SET ROLE invite_anybody;
SELECT pg_temp.try('SELECT * FROM opencalendly.api_action_invite(''x'')');
RESET ROLE;
REVOKE USAGE ON SCHEMA opencalendly FROM invite_anybody;
DROP ROLE invite_anybody;
