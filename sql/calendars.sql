-- The mirror by SQL: what the functions of the calendars' worker write. No worker is at work here: what Google would answer
-- is written by hand.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup

-- what others have left
DELETE FROM opencalendly.calendar_connections;
SELECT opencalendly.create_user('ca-ada', 'ca-ada@example.com', timezone => 'Europe/Berlin') AS ada \gset
SELECT opencalendly.create_user('ca-bob', 'ca-bob@example.com') AS bob \gset
-- a user who comes back from the provider's page, and the worker that exchanges the code
CREATE FUNCTION pg_temp.come_back(who uuid, attempt integer DEFAULT 1) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO opencalendly.calendar_consents (user_id, redirect_uri, link_key_id, status, code, attempt, expires_at)
        VALUES (who, 'http://localhost/', 1, 'pending', 'sealed', attempt, clock_timestamp() + interval '10 min') RETURNING id
$$;
CREATE FUNCTION pg_temp.finish(consent uuid, account text, list jsonb, attempt integer DEFAULT 1, refresh text DEFAULT 'refresh') RETURNS boolean LANGUAGE sql AS $$
    SELECT opencalendly.finish_consent(consent, attempt, account, account || '@gmail.example', '{openid,email}', refresh, 'access', 3600, list)
$$;
CREATE FUNCTION pg_temp.consents(who uuid) RETURNS TABLE (status text, connected boolean, code boolean, error_code text, error text) LANGUAGE sql AS $$
    SELECT c.status, c.connection_id IS NOT NULL, c.code IS NOT NULL, c.error_code, c.error FROM opencalendly.calendar_consents AS c WHERE c.user_id = who ORDER BY c.id
$$;
CREATE FUNCTION pg_temp.list(VARIADIC entries jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array(jsonb_build_object('kind', 'calendar#calendarList', 'items', to_jsonb(entries)))
$$;
CREATE FUNCTION pg_temp.calendars(account text) RETURNS TABLE (external_id text, name text, zone text, access_role text, is_primary boolean, busy boolean, target boolean, token text, error text, synced boolean) LANGUAGE sql AS $$
    SELECT k.external_id, k.name, k.timezone, k.access_role, k.is_primary, k.is_busy_source, k.is_write_target, k.sync_token, k.last_error, k.synced_at IS NOT NULL
    FROM opencalendly.calendars AS k JOIN opencalendly.calendar_connections AS c ON c.id = k.connection_id WHERE c.account_id = account ORDER BY k.external_id
$$;
CREATE FUNCTION pg_temp.connection(account text) RETURNS TABLE (state text, attempt integer, failures integer, due boolean, leased boolean, synced boolean, tried boolean, listed boolean, error text, token_lives boolean) LANGUAGE sql AS $$
    SELECT c.state, c.attempt, c.failures, c.next_sync_at <= clock_timestamp(), c.leased_until IS NOT NULL, c.synced_at IS NOT NULL, c.tried_at IS NOT NULL, c.listed_at IS NOT NULL, c.last_error,
        c.access_expires_at > clock_timestamp() FROM opencalendly.calendar_connections AS c WHERE c.account_id = account
$$;
\set own '{"id": "own", "summary": "Own", "timeZone": "Europe/Berlin", "accessRole": "owner", "primary": true}'
\set shared '{"id": "shared", "summary": "Shared", "summaryOverride": "As I call it", "timeZone": "Asia/Tokyo", "accessRole": "writer"}'
\set team '{"id": "team", "summary": "Team", "timeZone": "UTC", "accessRole": "freeBusyReader"}'

--
-- Connecting
--
SELECT pg_temp.come_back(:'ada') AS consent \gset
SELECT pg_temp.finish(:'consent', 'a', pg_temp.list(:'own', :'shared', :'team'));
SELECT * FROM pg_temp.consents(:'ada');
SELECT * FROM pg_temp.calendars('a');
SELECT * FROM pg_temp.connection('a');
SELECT c.refresh_at - c.created_at BETWEEN interval '47 min 59 s' AND interval '48 min 1 s' AS at_80_percent, c.account_email, c.scopes, c.staleness, c.stale_after_minutes,
    position('refresh'::bytea IN c.refresh_token) + position('access'::bytea IN c.access_token) AS plain FROM opencalendly.calendar_connections AS c WHERE c.account_id = 'a';
-- once
SELECT pg_temp.finish(:'consent', 'a', pg_temp.list(:'own'));
-- a second account: busy, too, but what is written to is chosen already
SELECT pg_temp.finish(pg_temp.come_back(:'ada'), 'b', pg_temp.list('{"id": "b", "summary": "", "accessRole": "owner", "primary": true}'));
SELECT * FROM pg_temp.calendars('b');
-- nobody connects another's account
SELECT pg_temp.finish(pg_temp.come_back(:'bob'), 'a', pg_temp.list(:'own'));
SELECT * FROM pg_temp.consents(:'bob');
SELECT user_id = :'ada' AS still FROM opencalendly.calendar_connections WHERE account_id = 'a';
-- again: alive, due, and whoever was at it has lost it; what was chosen stays
UPDATE opencalendly.calendar_connections SET state = 'broken', failures = 3, last_error = 'the grant is dead', attempt = 7, leased_until = clock_timestamp() + interval '1 min', next_sync_at = 'infinity' WHERE account_id = 'a';
UPDATE opencalendly.calendars SET is_busy_source = external_id = 'team' WHERE external_id IN ('own', 'team');
SELECT pg_temp.finish(pg_temp.come_back(:'ada'), 'a', pg_temp.list(:'own', :'shared', :'team'));
SELECT * FROM pg_temp.connection('a');
SELECT external_id, busy, target FROM pg_temp.calendars('a');
UPDATE opencalendly.calendars SET is_busy_source = external_id = 'own' WHERE external_id IN ('own', 'team');
-- while it is being left
UPDATE opencalendly.calendar_connections SET state = 'leaving' WHERE account_id = 'b';
SELECT pg_temp.finish(pg_temp.come_back(:'ada'), 'b', pg_temp.list('{"id": "b", "summary": "B", "accessRole": "owner", "primary": true}'));
SELECT state, attempt, due FROM pg_temp.connection('b');
SELECT id AS b FROM opencalendly.calendar_connections WHERE account_id = 'b' \gset
SELECT opencalendly.leave_calendar(:'b', 0);
-- no list: it is read in the first sync
SELECT pg_temp.finish(pg_temp.come_back(:'bob'), 'c', '[]');
SELECT due, listed FROM pg_temp.connection('c');
SELECT * FROM pg_temp.calendars('c');
-- what does not connect
SELECT pg_temp.finish(pg_temp.come_back(:'bob'), 'd', '[]', refresh => NULL), pg_temp.finish(pg_temp.come_back(:'bob'), 'd', '[]', attempt => 2), pg_temp.finish(gen_random_uuid(), 'd', '[]');
SELECT pg_temp.come_back(:'bob', 5) AS consent \gset
SELECT opencalendly.fail_consent(:'consent', 4, 'OC010', 'too late'), opencalendly.fail_consent(:'consent', 5, 'OC006', 'the code is not accepted'), opencalendly.fail_consent(:'consent', 5, 'OC010', 'again');
SELECT * FROM pg_temp.consents(:'bob');
DELETE FROM opencalendly.calendar_connections WHERE account_id IN ('b', 'c');

--
-- When an event makes busy, worked out by hand
--
SELECT t.external_id, t.is_busy, t.starts_at, t.ends_at FROM opencalendly.told_events(jsonb_build_array(jsonb_build_object('items', '[
    {"id": "a1 with offset", "start": {"dateTime": "2026-03-29T01:30:00+01:00"}, "end": {"dateTime": "2026-03-29T03:30:00+02:00"}},
    {"id": "a2 in UTC, with a fraction", "start": {"dateTime": "2026-06-01T10:00:00.250Z"}, "end": {"dateTime": "2026-06-01T10:00:00.500000Z"}},
    {"id": "a3 offset beats the zone", "start": {"dateTime": "2026-06-01T10:00:00-03:30", "timeZone": "Asia/Tokyo"}, "end": {"dateTime": "2026-06-01T23:59:59+14:00"}},
    {"id": "b1 all day", "start": {"date": "2026-06-01"}, "end": {"date": "2026-06-02"}},
    {"id": "b2 the day of 23 hours", "start": {"date": "2026-03-29"}, "end": {"date": "2026-03-30"}},
    {"id": "b3 the day of 25 hours", "start": {"date": "2026-10-25"}, "end": {"date": "2026-10-26"}},
    {"id": "b4 ends where it begins", "start": {"date": "2026-10-25"}, "end": {"date": "2026-10-25"}},
    {"id": "b5 leap day", "start": {"date": "2028-02-29"}, "end": {"date": "2028-03-01"}},
    {"id": "c1 zone of its own", "start": {"dateTime": "2026-06-01T10:00:00", "timeZone": "America/New_York"}, "end": {"dateTime": "2026-06-01T11:00:00", "timeZone": "America/New_York"}},
    {"id": "c2 the calendar''s zone", "start": {"dateTime": "2026-06-01T10:00:00"}, "end": {"dateTime": "2026-06-01T11:00:00"}},
    {"id": "c3 shown twice", "start": {"dateTime": "2026-10-25T02:15:00"}, "end": {"dateTime": "2026-10-25T02:45:00"}},
    {"id": "c4 never shown", "start": {"dateTime": "2026-03-29T02:15:00"}, "end": {"dateTime": "2026-03-29T02:45:00"}},
    {"id": "c5 half an hour twice", "start": {"dateTime": "2026-04-05T01:45:00", "timeZone": "Australia/Lord_Howe"}, "end": {"dateTime": "2026-04-05T02:00:00", "timeZone": "Australia/Lord_Howe"}},
    {"id": "d1 no length", "start": {"dateTime": "2026-06-01T10:00:00Z"}, "end": {"dateTime": "2026-06-01T10:00:00Z"}},
    {"id": "e1 cancelled", "status": "cancelled"},
    {"id": "e2 cancelled exception", "status": "cancelled", "recurringEventId": "e2", "originalStartTime": {"dateTime": "2026-06-01T10:00:00Z"}}]'::jsonb)), 'Europe/Berlin', :'ada') AS t;
-- midnights that are there twice, or not at all
SELECT zone, opencalendly.event_time('{"date": "2026-11-01"}', zone, false) AS november, opencalendly.event_time('{"date": "2026-04-24"}', zone, false) AS april FROM unnest(ARRAY['America/Havana', 'Africa/Cairo']) AS zone;
-- what makes busy
SELECT e ->> 'id' AS id, opencalendly.is_busy_event(e) AS is_busy FROM jsonb_array_elements(('[
    {"id": "plain"}, {"id": "confirmed", "status": "confirmed"}, {"id": "tentative", "status": "tentative"}, {"id": "cancelled", "status": "cancelled"},
    {"id": "opaque", "transparency": "opaque"}, {"id": "transparent", "transparency": "transparent"},
    {"id": "declined", "attendees": [{"self": true, "responseStatus": "declined"}]}, {"id": "declined by another", "attendees": [{"responseStatus": "declined"}, {"self": true, "responseStatus": "needsAction"}]},
    {"id": "away", "eventType": "outOfOffice"}, {"id": "focus", "eventType": "focusTime"}, {"id": "home", "eventType": "workingLocation"}, {"id": "birthday", "eventType": "birthday"}]')::jsonb) WITH ORDINALITY AS j (e, n) ORDER BY n;
-- of which booking an event says it is; whether that is one of ours is another question (own_events.sql)
SELECT e -> 'id' AS id, opencalendly.booking_of_event(e) AS booking FROM jsonb_array_elements(('[
    {"id": "oc0123456789abcdef0123456789abcdeffeedbeef", "extendedProperties": {"private": {"opencalendly": "x"}}},
    {"id": "oc0123456789abcdef0123456789abcdeffeedbeef", "extendedProperties": {"shared": {"opencalendly": "no mark"}}},
    {"id": "oc0123456789abcdef0123456789abcdeffeedbee", "extendedProperties": {"private": {"opencalendly": "too short"}}},
    {"id": "oc0123456789ABCDEF0123456789abcdeffeedbeef", "extendedProperties": {"private": {"opencalendly": "not as we write it"}}},
    {"id": "a copy", "extendedProperties": {"private": {"opencalendly": "x"}}}, {"id": {"a": 1}},
    {"id": "invitation", "iCalUID": "01a20000-0000-7000-8000-000000000001@opencalendly"}, {"id": "another''s", "iCalUID": "01a20000-0000-7000-8000-000000000001@example.org"}]')::jsonb) WITH ORDINALITY AS j (e, n) ORDER BY n;

--
-- Applying what was read
--
SELECT id AS con FROM opencalendly.calendar_connections WHERE account_id = 'a' \gset
SELECT id AS own_id FROM opencalendly.calendars WHERE connection_id = :'con' AND external_id = 'own' \gset
SELECT id AS team_id FROM opencalendly.calendars WHERE connection_id = :'con' AND external_id = 'team' \gset
-- a lease that began before or after the host asked, and what it found from June 1 to 10; "event" is [id, start, end] in June
CREATE FUNCTION pg_temp.sync(connection uuid, findings jsonb, began interval DEFAULT '0') RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    UPDATE opencalendly.calendar_connections AS c SET attempt = c.attempt + 1, leased_until = clock_timestamp() + interval '1 min' WHERE c.id = connection RETURNING c.attempt INTO n;
    RETURN opencalendly.apply_calendar_sync(connection, n, clock_timestamp() + began, jsonb_build_object('from', '2026-06-01T00:00:00Z', 'until', '2026-06-10T00:00:00Z') || findings);
END
$$;
CREATE FUNCTION pg_temp.events(calendar uuid, is_full boolean, VARIADIC items text[] DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('events', jsonb_build_array(jsonb_build_object('calendarId', calendar, 'isFull', is_full, 'pages', jsonb_build_array(jsonb_build_object('kind', 'calendar#events',
        'timeZone', 'Europe/Berlin', 'nextSyncToken', 'after ' || coalesce(items[1], 'nothing'), 'items', (SELECT coalesce(jsonb_agg(CASE WHEN i LIKE '{%' THEN i::jsonb ELSE jsonb_build_object('id', split_part(i, ' ', 1),
            'start', jsonb_build_object('dateTime', '2026-06-' || split_part(i, ' ', 2) || ':00Z'), 'end', jsonb_build_object('dateTime', '2026-06-' || split_part(i, ' ', 3) || ':00Z')) END), '[]')
            FROM unnest(items) AS i WHERE i <> '')))))) $$;
CREATE FUNCTION pg_temp.windows(calendar uuid) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz) LANGUAGE sql AS $$
    SELECT w.starts_at, w.ends_at FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = calendar ORDER BY w.starts_at
$$;
INSERT INTO opencalendly.calendar_busy_windows (user_id, starts_at, ends_at) VALUES (:'ada', '2026-06-05 10:00+00', '2026-06-05 11:00+00');
-- all: overlapping ones are one, so are those that touch; what is over, or comes after all that was read, is left out
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', true, 'a 02T09:00 02T10:00', 'b 02T09:30 02T11:00', 'c 02T11:00 02T11:30', 'd 03T09:00 03T10:00', 'e 03T09:15 03T09:30', 'f 01T00:00 01T00:00', 'g 12T00:00 12T01:00', 'h 11T23:00 13T00:00',
    '{"id": "i", "start": {"date": "2026-05-30"}, "end": {"date": "2026-06-01"}}', '{"id": "j", "start": {"date": "2026-05-31"}, "end": {"date": "2026-06-02"}}'));
SELECT * FROM pg_temp.windows(:'own_id');
SELECT * FROM pg_temp.calendars('a');
SELECT * FROM pg_temp.connection('a');
SELECT c.next_sync_at - clock_timestamp() BETWEEN interval '13 min' AND interval '17 min' AS in_a_quarter, k.read_until, k.full_sync_at = k.synced_at AND c.synced_at = k.synced_at AS all_at_once
    FROM opencalendly.calendar_connections AS c JOIN opencalendly.calendars AS k ON k.connection_id = c.id WHERE k.id = :'own_id';
-- changes: one moved, one cancelled, one new, one that is free now; the windows that stay are the same rows
CREATE TEMP TABLE before AS SELECT w.* FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = :'own_id';
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', false, 'd 04T09:00 04T10:00', '{"id": "b", "status": "cancelled"}', 'k 08T09:00 08T10:00', '{"id": "h", "transparency": "transparent"}', '{"id": "unheard", "status": "cancelled"}'));
SELECT w.starts_at, w.ends_at, b.id IS NOT NULL AS as_before FROM opencalendly.calendar_busy_windows AS w LEFT JOIN before AS b ON b.id = w.id AND (b.starts_at, b.ends_at) = (w.starts_at, w.ends_at) WHERE w.calendar_id = :'own_id' ORDER BY w.starts_at;
SELECT external_id, token FROM pg_temp.calendars('a') WHERE external_id = 'own';
-- nothing has changed: nothing is written
CREATE TEMP TABLE rows_before AS SELECT e.ctid AS at, e.xmin AS by, e.external_id FROM opencalendly.calendar_events AS e UNION ALL SELECT w.ctid, w.xmin, w.id::text FROM opencalendly.calendar_busy_windows AS w;
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', false));
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', true, 'a 02T09:00 02T10:00', 'c 02T11:00 02T11:30', 'd 04T09:00 04T10:00', 'e 03T09:15 03T09:30', 'k 08T09:00 08T10:00', '{"id": "j", "start": {"date": "2026-05-31"}, "end": {"date": "2026-06-02"}}'));
SELECT count(*) FILTER (WHERE b.external_id IS NULL) AS written, count(*) AS rows FROM (SELECT e.ctid AS at, e.xmin AS by, e.external_id FROM opencalendly.calendar_events AS e UNION ALL SELECT w.ctid, w.xmin, w.id::text FROM opencalendly.calendar_busy_windows AS w) AS r
    LEFT JOIN rows_before AS b ON b.at = r.at AND b.by = r.by AND b.external_id = r.external_id;
-- wholly again: what is not told any more is gone; by hand stays by hand
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', true, 'k 08T09:00 08T10:00'));
SELECT * FROM pg_temp.windows(:'own_id');
SELECT count(*) FROM opencalendly.calendar_busy_windows AS w WHERE w.user_id = :'ada' AND w.calendar_id IS NULL;
-- the calendar is in another zone now: all-day events are read anew, at once
SELECT pg_temp.sync(:'con', jsonb_set(pg_temp.events(:'own_id', false), '{events,0,pages,0,timeZone}', '"Asia/Tokyo"'));
SELECT external_id, zone, token, error FROM pg_temp.calendars('a') WHERE external_id = 'own';
SELECT due FROM pg_temp.connection('a');
-- without a token the next changes cannot be told
SELECT pg_temp.sync(:'con', pg_temp.events(:'own_id', false, 'l 09T09:00 09T10:00'));
SELECT * FROM pg_temp.windows(:'own_id');
SELECT due, error FROM pg_temp.connection('a');

-- free and busy, in two answers
UPDATE opencalendly.calendars SET is_busy_source = true WHERE id = :'team_id';
CREATE FUNCTION pg_temp.free_busy(calendar text, from_day text, until_day text, told jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('kind', 'calendar#freeBusy', 'timeMin', format('2026-06-%sT00:00:00.000Z', from_day), 'timeMax', format('2026-06-%sT00:00:00Z', until_day), 'calendars', jsonb_build_object('other', '{"busy": []}'::jsonb, calendar, told)) $$;
\set mine 'pg_temp.events(''' :own_id ''', true, ''k 08T09:00 08T10:00'')'
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('freeBusy', jsonb_build_array(
    pg_temp.free_busy('team', '05', '10', '{"busy": [{"start": "2026-06-05T00:00:00Z", "end": "2026-06-05T01:00:00Z"}]}'),
    pg_temp.free_busy('team', '01', '05', '{"busy": [{"start": "2026-06-04T23:00:00Z", "end": "2026-06-05T00:00:00Z"}, {"start": "2026-06-02T12:00:00+02:00", "end": "2026-06-02T11:00:00Z"}]}'))));
SELECT * FROM pg_temp.windows(:'team_id');
SELECT external_id, zone, token, error, synced FROM pg_temp.calendars('a') WHERE busy;

--
-- What cannot be believed: the calendar has failed, its windows stay; the other one goes on
--
CREATE FUNCTION pg_temp.refused(connection uuid, findings jsonb, calendar uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before constant text := (SELECT string_agg(w::text, ',' ORDER BY w.id) FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = calendar);
    old constant opencalendly.calendars := (SELECT c FROM opencalendly.calendars AS c WHERE c.id = calendar);
    new opencalendly.calendars;
BEGIN
    PERFORM pg_temp.sync(connection, findings);
    new := (SELECT c FROM opencalendly.calendars AS c WHERE c.id = calendar);
    RETURN concat_ws(', ', coalesce(new.last_error, 'no error'), CASE WHEN (new.synced_at, new.sync_token, new.full_sync_at) IS DISTINCT FROM (old.synced_at, old.sync_token, old.full_sync_at) THEN 'SYNCED' END,
        CASE WHEN before IS DISTINCT FROM (SELECT string_agg(w::text, ',' ORDER BY w.id) FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = calendar) THEN 'WRITTEN' END);
END
$$;
\set theirs 'jsonb_build_object(''freeBusy'', jsonb_build_array(pg_temp.free_busy(''team'', ''01'', ''10'', ''{"busy": []}'')))'
SELECT i AS item, pg_temp.refused(:'con', pg_temp.events(:'own_id', true, 'k 09T09:00 09T10:00', i) || :theirs, :'own_id') FROM unnest(ARRAY[
    '{"id": "x"}', '{"id": "x", "start": {}, "end": {}}', '{"id": "x", "start": {"dateTime": "soon"}, "end": {"dateTime": "later"}}', '{"start": {"date": "2026-06-01"}, "end": {"date": "2026-06-02"}}',
    '{"id": "x", "start": {"dateTime": "2026-02-30T10:00:00Z"}, "end": {"dateTime": "2026-06-01T10:00:00Z"}}', '{"id": "x", "start": {"dateTime": "2026-06-01T10:00:00Z"}, "end": {"dateTime": "2026-06-01T09:00:00Z"}}',
    '{"id": "x", "start": {"dateTime": "2026-06-01T24:00:00Z"}, "end": {"dateTime": "2026-06-02T10:00:00Z"}}', '{"id": "x", "start": {"dateTime": "2026-06-01T10:00:00+25:00"}, "end": {"dateTime": "2026-06-02T10:00:00Z"}}',
    '{"id": "x", "start": {"dateTime": "infinity"}, "end": {"dateTime": "2026-06-02T10:00:00Z"}}', '{"id": "x", "start": {"dateTime": "2026-06-01T10:00:00Z"}, "end": {"dateTime": "99999-06-01T10:00:00Z"}}',
    '{"id": "x", "start": {"date": "2026-06-31"}, "end": {"date": "2026-07-02"}}', '{"id": "x", "start": {"date": "2026-06-02"}, "end": {"date": "2026-06-01"}}', '{"id": "x", "start": {"date": 20260601}, "end": {"date": "2026-06-02"}}',
    '{"id": "x", "start": {"dateTime": "2026-06-01T10:00:00", "timeZone": "Mars/Olympus"}, "end": {"dateTime": "2026-06-01T11:00:00Z"}}', '{"id": "x", "start": {"dateTime": "2026-06-01T10:00:00", "timeZone": "XYZ3"}, "end": {"dateTime": "2026-06-01T11:00:00Z"}}',
    '{"id": "x", "start": "2026-06-01T10:00:00Z", "end": "2026-06-01T11:00:00Z"}', '{"id": "x", "start": {"dateTime": ["2026-06-01T10:00:00Z"]}, "end": {"dateTime": null}}', '{"id": {"a": 1}, "start": {"date": "2026-06-01"}}']) AS i;
-- one that makes nobody busy may be what it likes
SELECT pg_temp.refused(:'con', pg_temp.events(:'own_id', true, 'k 08T09:00 08T10:00', '{"id": "x", "transparency": "transparent", "start": {"dateTime": "soon"}}', '{"id": "y", "status": "cancelled", "start": 1}') || :theirs, :'own_id');
-- lists that are not whole
SELECT why, pg_temp.refused(:'con', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('calendarId', :'own_id', 'isFull', true, 'pages', pages))) || :theirs, :'own_id') FROM (VALUES
    ('no page', '[]'::jsonb), ('no pages', NULL), ('none', 'null'), ('the last is not there', '[{"items": [], "nextPageToken": "2"}]'), ('no page but a text', '["x"]'), ('no list', '[{"error": {"code": 500}}]'), ('an object of items', '[{"items": {}}]'),
    ('an item that is none', '[{"kind": "calendar#events", "items": [1]}]')) AS p (why, pages);
-- the worker's own errors, and unreadable ones
SELECT pg_temp.refused(:'con', pg_temp.events(:'own_id', true) || :theirs || jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('calendarId', :'own_id', 'error', 'answered 403 (forbidden)'))), :'own_id');
SELECT * FROM pg_temp.connection('a');
SELECT why, pg_temp.refused(:'con', :mine || jsonb_build_object('freeBusy', answers), :'team_id') FROM (VALUES
    ('silence', '[]'::jsonb), ('an error', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}'))),
    ('an error in half of it', jsonb_build_array(pg_temp.free_busy('team', '01', '05', '{"busy": []}'), pg_temp.free_busy('team', '05', '10', '{"errors": [{"reason": "internalError"}]}'))),
    ('an error without reason', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"errors": [{}], "busy": []}'))), ('an error in other words', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"errors": [{"reason": "<b>x</b>"}], "busy": []}'))),
    ('half of it', jsonb_build_array(pg_temp.free_busy('team', '01', '05', '{"busy": []}'))), ('a hole', jsonb_build_array(pg_temp.free_busy('team', '01', '04', '{"busy": []}'), pg_temp.free_busy('team', '05', '10', '{"busy": []}'))),
    ('no busy', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{}'))), ('no object', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '7'))), ('a time that is none', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"busy": [{"start": "soon", "end": "later"}]}'))),
    ('backwards', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"busy": [{"start": "2026-06-02T10:00:00Z", "end": "2026-06-02T09:00:00Z"}]}'))), ('no times', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"busy": []}') - 'timeMin'))) AS f (why, answers);
SELECT failures, synced, error FROM pg_temp.connection('a');
-- all have failed: so has the sync, and what was known stays
SELECT pg_temp.sync(:'con', '{}');
SELECT failures, error FROM pg_temp.connection('a');
SELECT * FROM pg_temp.windows(:'own_id');
-- when they are tried again: all have failed, and by how long the worker leaves them alone; one has, and the provider wants to be left alone for a while, or for longer than ever; none
CREATE FUNCTION pg_temp.retried(connection uuid, findings jsonb) RETURNS TABLE (synced boolean, failures integer, minutes numeric) LANGUAGE plpgsql AS $$
BEGIN
    synced := pg_temp.sync(connection, findings);
    RETURN QUERY SELECT synced, c.failures, round(extract(epoch FROM c.next_sync_at - clock_timestamp()) / 300) * 5 FROM opencalendly.calendar_connections AS c WHERE c.id = connection;
END
$$;
SELECT * FROM pg_temp.retried(:'con', '{"retryMs": "2400000"}');
SELECT * FROM pg_temp.retried(:'con', :mine || '{"retryMs": "2400000", "askedMs": "1000"}');
SELECT * FROM pg_temp.retried(:'con', :mine || '{"retryMs": "600000", "askedMs": "600000"}');
SELECT * FROM pg_temp.retried(:'con', :mine || '{"retryMs": "86400000", "askedMs": "86400000"}');
SELECT * FROM pg_temp.retried(:'con', :mine || :theirs || '{"retryMs": "2400000", "askedMs": "0"}');
-- a calendar that was chosen while the sync was under way is left to the next one
SELECT pg_temp.sync(:'con', :mine || :theirs);
SELECT opencalendly.ask_calendar_sync(:'con', false);
SELECT pg_temp.sync(:'con', :mine, '-1 s');
SELECT external_id, error FROM pg_temp.calendars('a') WHERE busy;
SELECT due, failures, error FROM pg_temp.connection('a');
-- by a clock that was set back since: the wish is fulfilled, and does not bring about sync after sync
UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp() + interval '1 hour' WHERE id = :'con';
SELECT pg_temp.sync(:'con', :mine || :theirs);
SELECT c.next_sync_at > clock_timestamp() AS waits, c.asked_at = c.tried_at AS answered FROM opencalendly.calendar_connections AS c WHERE c.id = :'con';
UPDATE opencalendly.calendar_connections SET asked_at = clock_timestamp() + interval '1 hour' WHERE id = :'con';
SELECT opencalendly.fail_calendar_sync(:'con', attempt, clock_timestamp(), 'answered 500', 60000, false) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT c.next_sync_at > clock_timestamp() AS waits, c.asked_at = c.tried_at AS answered FROM opencalendly.calendar_connections AS c WHERE c.id = :'con';
-- and that was set back while the sync was under way: nothing is noted that lies in the future, and there is one sync more
SELECT pg_temp.sync(:'con', :mine || :theirs, '1 hour');
SELECT due, failures, error FROM pg_temp.connection('a');
SELECT c.tried_at <= clock_timestamp() AND c.synced_at <= clock_timestamp() AS past, (SELECT max(k.synced_at) <= clock_timestamp() FROM opencalendly.calendars AS k WHERE k.connection_id = c.id) AS calendars_past
    FROM opencalendly.calendar_connections AS c WHERE c.id = :'con';
SELECT pg_temp.sync(:'con', :mine || :theirs);
SELECT due, failures, error FROM pg_temp.connection('a');
-- one that was given up meanwhile is left alone
UPDATE opencalendly.calendars SET is_busy_source = false WHERE id = :'team_id';
DELETE FROM opencalendly.calendar_busy_windows WHERE calendar_id = :'team_id';
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('freeBusy', jsonb_build_array(pg_temp.free_busy('team', '01', '10', '{"busy": [{"start": "2026-06-02T10:00:00Z", "end": "2026-06-02T11:00:00Z"}]}')),
    'channels', jsonb_build_array(jsonb_build_object('calendarId', :'team_id', 'channelId', gen_random_uuid(), 'tokenHash', 'ff', 'resourceId', 'r', 'expiresAt', '1780000000000'))));
SELECT * FROM pg_temp.windows(:'team_id');
SELECT channel_id IS NULL AS none FROM opencalendly.calendars WHERE id = :'team_id';
-- channels
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('channels', jsonb_build_array(jsonb_build_object('calendarId', :'own_id', 'channelId', '01a20000-0000-7000-8000-000000000001', 'tokenHash', '00ff', 'resourceId', 'r1', 'expiresAt', '1780000000000'))));
SELECT channel_id, channel_token_hash, channel_resource_id, channel_expires_at FROM opencalendly.calendars WHERE id = :'own_id';

--
-- The list of calendars
--
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('calendarList', pg_temp.list(:'own', '{"id": "shared", "accessRole": "reader"}', '{"id": "new", "summary": "New", "accessRole": "writerWithoutPrivateAccess"}', '{"id": "odd", "accessRole": "something else"}', '{"id": "team", "accessRole": "owner", "deleted": true}')));
SELECT external_id, name, zone, access_role, busy FROM pg_temp.calendars('a');
-- who may write no more is not written to
UPDATE opencalendly.calendars SET is_write_target = false WHERE connection_id = :'con';
UPDATE opencalendly.calendars SET is_write_target = true WHERE connection_id = :'con' AND external_id = 'new';
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('calendarList', pg_temp.list(:'own', '{"id": "new", "summary": "New", "accessRole": "reader"}')));
SELECT external_id, access_role, target FROM pg_temp.calendars('a');
-- a list that is not whole, or none, takes nothing away
SELECT pg_temp.sync(:'con', :mine || jsonb_build_object('calendarList', l)) FROM unnest(ARRAY['[]', 'null', '[{"items": []}]', '[{"kind": "calendar#calendarList"}]', '[{"items": [{"id": "own", "accessRole": "owner"}], "nextPageToken": "x"}]', '[{"items": [{"summary": "no id"}]}]', '7']::jsonb[]) AS l;
SELECT external_id FROM pg_temp.calendars('a');

--
-- Asking, failing, breaking, renewing
--
CREATE FUNCTION pg_temp.state_of(connection uuid) RETURNS TABLE (failures integer, due boolean, leased boolean, token_lives boolean, waits boolean, error text) LANGUAGE sql AS $$
    SELECT c.failures, c.next_sync_at <= clock_timestamp(), c.leased_until IS NOT NULL, c.access_expires_at > clock_timestamp(), c.refresh_at > clock_timestamp(), c.last_error FROM opencalendly.calendar_connections AS c WHERE c.id = connection
$$;
CREATE FUNCTION pg_temp.fail(connection uuid, began interval DEFAULT '0', is_broken boolean DEFAULT false) RETURNS boolean LANGUAGE sql AS $$
    SELECT opencalendly.fail_calendar_sync(connection, c.attempt, clock_timestamp() + began, 'answered 500', 60000, is_broken) FROM opencalendly.calendar_connections AS c WHERE c.id = connection
$$;
SELECT pg_temp.sync(:'con', :mine);
SELECT opencalendly.ask_calendar_sync(:'con', true, true);
SELECT * FROM pg_temp.state_of(:'con');
SELECT opencalendly.renew_access_token(:'con', attempt, 'access 2', NULL, 100) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT * FROM pg_temp.state_of(:'con');
SELECT refresh_token AS old_refresh_token FROM opencalendly.calendar_connections WHERE id = :'con' \gset
SELECT opencalendly.renew_access_token(:'con', attempt, 'access 3', 'refresh 3', NULL) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT refresh_token <> :'old_refresh_token' AS changed FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT * FROM pg_temp.state_of(:'con');
-- a failure puts it off; asked for meanwhile it is tried again once, and by a push not at all
SELECT pg_temp.sync(:'con', :mine);
SELECT pg_temp.fail(:'con');
SELECT * FROM pg_temp.state_of(:'con');
SELECT opencalendly.ask_calendar_sync(:'con', false, true);
SELECT failures, due FROM pg_temp.state_of(:'con');
SELECT opencalendly.ask_calendar_sync(:'con', false);
SELECT failures, due FROM pg_temp.state_of(:'con');
SELECT pg_temp.fail(:'con', '-1 min');
SELECT failures, due FROM pg_temp.state_of(:'con');
SELECT pg_temp.sync(:'con', :mine);
SELECT opencalendly.ask_calendar_sync(:'con', false);
SELECT pg_temp.fail(:'con', '-1 min');
SELECT failures, due FROM pg_temp.state_of(:'con');
-- it is not due while somebody has it
SELECT pg_temp.sync(:'con', :mine);
UPDATE opencalendly.calendar_connections SET leased_until = clock_timestamp() + interval '1 min' WHERE id = :'con';
SELECT opencalendly.ask_calendar_sync(:'con', false);
SELECT due, leased FROM pg_temp.state_of(:'con');
-- whoever has lost it writes nothing
SELECT opencalendly.apply_calendar_sync(:'con', 0, clock_timestamp(), '{}'), opencalendly.fail_calendar_sync(:'con', 0, clock_timestamp(), 'x', 0, true), opencalendly.renew_access_token(:'con', 0, 'x', 'y', 60),
    opencalendly.leave_calendar(:'con', 0), opencalendly.apply_calendar_sync(gen_random_uuid(), 0, clock_timestamp(), '{}');
SELECT opencalendly.leave_calendar(:'con', attempt) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT * FROM pg_temp.state_of(:'con');
-- broken: told once, by mail
BEGIN;
SET LOCAL opencalendly.mail_transport = 'folder';
SELECT pg_temp.fail(:'con', is_broken => true);
SELECT state, failures, error FROM pg_temp.connection('a');
SELECT kind, user_id = :'ada' AS to_her, subject_id = :'con' AS of_it, email FROM opencalendly.email_deliveries WHERE kind = 'calendar_broken';
SELECT pg_temp.fail(:'con', is_broken => true), pg_temp.sync(:'con', :mine);
SELECT opencalendly.ask_calendar_sync(:'con', true);
SELECT state, failures, token_lives FROM pg_temp.connection('a');
SELECT state, next_sync_at, is_stale FROM opencalendly.calendar_status;
ROLLBACK;

--
-- What is told of it
--
SELECT pg_temp.sync(:'con', :mine);
SELECT username, provider, account_email, state, last_synced_at <= clock_timestamp() AS synced, next_sync_at > clock_timestamp() AS later, mirror_age < interval '1 min' AS fresh, staleness, stale_after_minutes, is_stale, failures, last_error, calendars, busy_sources, write_target, windows, worker_seen_at FROM opencalendly.calendar_status;
UPDATE opencalendly.calendars SET synced_at = clock_timestamp() - interval '25 hours' WHERE id = :'own_id';
SELECT is_stale, mirror_age > interval '1 day' AS old FROM opencalendly.calendar_status;
UPDATE opencalendly.calendar_connections SET staleness = 'trust' WHERE id = :'con';
SELECT is_stale FROM opencalendly.calendar_status;
UPDATE opencalendly.calendar_connections SET staleness = 'refuse', state = 'leaving' WHERE id = :'con';
SELECT is_stale, state FROM opencalendly.calendar_status;
UPDATE opencalendly.calendar_connections SET state = 'active' WHERE id = :'con';
-- never read: as old as the connection
UPDATE opencalendly.calendars SET synced_at = NULL WHERE id = :'own_id';
UPDATE opencalendly.calendar_connections SET created_at = created_at - interval '2 days' WHERE id = :'con';
SELECT is_stale FROM opencalendly.calendar_status;
UPDATE opencalendly.calendars SET is_busy_source = false WHERE id = :'own_id';
SELECT is_stale, mirror_age FROM opencalendly.calendar_status;
-- what is written into calendars: due, later, being sent, failed; with a broken connection it waits
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30) AS talk \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 1020}]') AS rules;
UPDATE opencalendly.calendars SET is_write_target = false WHERE connection_id = :'con';
SELECT booking_id AS booking FROM opencalendly.book_slot(:'talk', '2026-06-02 08:00+00', 'Ann', 'ann@example.com') \gset
INSERT INTO opencalendly.calendar_writebacks (user_id, calendar_id, meeting_id, external_id, booking_id, operation, status, due_at, leased_until, settled_at, last_error, attempt)
    SELECT :'ada', :'own_id', :'booking', 'oc' || n, :'booking', o, s, d, l, e, CASE WHEN s = 'failed' THEN 'answered 403 (forbidden)' END, 1
    FROM (VALUES (1, 'create', 'pending', '-infinity', NULL, NULL), (2, 'create', 'pending', clock_timestamp() + interval '1 h', NULL, NULL), (3, 'cancel', 'leased', '-infinity', clock_timestamp() + interval '1 h', NULL),
        (4, 'reschedule', 'failed', '-infinity', NULL, clock_timestamp()), (5, 'create', 'succeeded', '-infinity', NULL, clock_timestamp() - interval '31 days'), (6, 'cancel', 'succeeded', '-infinity', NULL, clock_timestamp())) AS v (n, o, s, d, l, e);
SELECT queue, due, waiting, leased, paused, failed, oldest_due_at IS NOT NULL AS since FROM opencalendly.outbox_queues WHERE queue = 'writeback';
SELECT queue, status, receiver, event_type, attempts, last_error FROM opencalendly.failed_deliveries WHERE queue = 'writeback';
SELECT labels, value FROM opencalendly.api_metrics() WHERE name = 'opencalendly_deliveries' AND labels LIKE '%writeback%' OR name = 'opencalendly_calendar_connections';
UPDATE opencalendly.calendar_connections SET state = 'broken' WHERE id = :'con';
SELECT queue, due, waiting, leased, paused, failed, oldest_due_at IS NOT NULL AS since FROM opencalendly.outbox_queues WHERE queue = 'writeback';
SELECT labels, value FROM opencalendly.api_metrics() WHERE name = 'opencalendly_calendar_connections';
UPDATE opencalendly.calendar_connections SET state = 'active', next_sync_at = clock_timestamp() - interval '1 h', asked_at = NULL WHERE id = :'con';
SELECT value BETWEEN 3600 AND 3700 AS an_hour FROM opencalendly.api_metrics() WHERE name = 'opencalendly_calendar_oldest_due_seconds';
-- a worker of calendars is none that sends
INSERT INTO opencalendly.worker_heartbeats (queue, seen_at) VALUES ('calendar', clock_timestamp());
SELECT s.worker_seen_at IS NOT NULL AS seen, o.worker_seen_at IS NOT DISTINCT FROM (SELECT max(h.seen_at) FROM opencalendly.worker_heartbeats AS h WHERE h.queue <> 'calendar') AS not_there FROM opencalendly.calendar_status AS s, opencalendly.outbox_status AS o;
DELETE FROM opencalendly.worker_heartbeats WHERE queue = 'calendar';
-- pruned: what is settled for a month, with its attempts, and consents that ran out a day ago
INSERT INTO opencalendly.delivery_attempts (delivery_id, attempt, started_at, elapsed_ms, phase) SELECT w.id, 1, now(), 1, 'done' FROM opencalendly.calendar_writebacks AS w WHERE w.user_id = :'ada';
-- ids are made when the row is; this one is old
UPDATE opencalendly.delivery_attempts AS a SET delivery_id = opencalendly.first_id_of(clock_timestamp() - interval '32 days') FROM opencalendly.calendar_writebacks AS w WHERE w.external_id = 'oc5' AND a.delivery_id = w.id;
UPDATE opencalendly.calendar_writebacks SET id = opencalendly.first_id_of(clock_timestamp() - interval '32 days') WHERE external_id = 'oc5';
UPDATE opencalendly.delivery_attempts AS a SET delivery_id = w.id FROM opencalendly.calendar_writebacks AS w WHERE w.external_id = 'oc5' AND a.delivery_id < opencalendly.first_id_of(clock_timestamp() - interval '31 days');
UPDATE opencalendly.calendar_consents SET expires_at = clock_timestamp() - interval '23 hours' WHERE user_id = :'ada';
UPDATE opencalendly.calendar_consents SET expires_at = clock_timestamp() - interval '25 hours' WHERE user_id = :'bob';
CALL opencalendly.prune_outbox();
SELECT w.external_id, w.status, count(a.delivery_id) AS attempts FROM opencalendly.calendar_writebacks AS w LEFT JOIN opencalendly.delivery_attempts AS a ON a.delivery_id = w.id WHERE w.user_id = :'ada' GROUP BY w.id ORDER BY w.external_id;
SELECT count(*) FILTER (WHERE user_id = :'ada') AS adas, count(*) FILTER (WHERE user_id = :'bob') AS bobs FROM opencalendly.calendar_consents;

--
-- Leaving: nothing stays
--
SELECT pg_temp.sync(:'con', '{}');
UPDATE opencalendly.calendar_connections SET state = 'leaving', attempt = attempt + 1, leased_until = NULL WHERE id = :'con';
-- a sync that was under way comes too late
SELECT opencalendly.apply_calendar_sync(:'con', attempt - 1, clock_timestamp(), '{}'), opencalendly.apply_calendar_sync(:'con', attempt, clock_timestamp(), '{}'), opencalendly.fail_calendar_sync(:'con', attempt, clock_timestamp(), 'x', 0, true),
    opencalendly.renew_access_token(:'con', attempt, 'x', NULL, 60) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT opencalendly.ask_calendar_sync(:'con', true);
SELECT state, token_lives FROM pg_temp.connection('a');
SELECT opencalendly.leave_calendar(:'con', attempt) FROM opencalendly.calendar_connections WHERE id = :'con';
SELECT (SELECT count(*) FROM opencalendly.calendar_connections) AS connections, (SELECT count(*) FROM opencalendly.calendars) AS calendars, (SELECT count(*) FROM opencalendly.calendar_events) AS events,
    (SELECT count(*) FROM opencalendly.calendar_writebacks WHERE user_id = :'ada') AS writebacks, (SELECT count(*) FROM opencalendly.calendar_busy_windows WHERE user_id = :'ada') AS by_hand;
SELECT opencalendly.leave_calendar(:'con', 1);
-- and with the user, of whom bookings are kept
SELECT pg_temp.finish(pg_temp.come_back(:'ada'), 'a', pg_temp.list(:'own'));
SELECT status FROM opencalendly.organizer_cancel_booking(:'booking');
SELECT opencalendly.delete_user(:'ada') = :'ada' AS deleted;
SELECT (SELECT count(*) FROM opencalendly.users WHERE id = :'ada') AS users, (SELECT count(*) FROM opencalendly.calendar_connections) AS connections, (SELECT count(*) FROM opencalendly.calendar_consents WHERE user_id = :'ada') AS consents;
SELECT opencalendly.delete_user(:'bob') = :'bob' AS deleted;
