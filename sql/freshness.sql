-- Hosts whose calendars were read too long ago: nothing of theirs is offered, nor booked, held or moved by a link; the
-- answers and pages say why; the organizer is not bound by it. And what the settings of it refuse.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api_calls.inc
\i :api
SELECT opencalendly.create_user('fresh-ada', 'fresh-ada@example.org', 'Ada', 'UTC') AS ada \gset
SELECT opencalendly.create_user('fresh-bo', 'fresh-bo@example.org', 'Bo', 'UTC') AS bo \gset
SELECT opencalendly.create_user('fresh-cy', 'fresh-cy@example.org', 'Cy', 'UTC') AS cy \gset
SELECT count(opencalendly.set_availability_rules(id::uuid, '[{"dayOfWeek": 2, "startMinute": 540, "endMinute": 660}]'))
    FROM unnest(ARRAY[:'ada', :'bo', :'cy']) AS id;
SELECT opencalendly.create_event_type(:'ada', 'Talk', 'talk', 30, slot_interval_minutes => 30) AS talk \gset
SELECT opencalendly.create_event_type(:'ada', 'Class', 'class', 30, slot_interval_minutes => 30, seats => 3) AS class \gset
SELECT opencalendly.create_event_type(:'ada', 'Never', 'never', 30, bookable_until => '2026-05-01') AS never \gset
SELECT opencalendly.create_team(:'ada', 'Fresh team', 'fresh-team') AS team \gset
SELECT count(opencalendly.invite_team_member(:'team', id::uuid)), count(opencalendly.accept_team_invitation(:'team', id::uuid))
    FROM unnest(ARRAY[:'bo', :'cy']) AS id;
SELECT opencalendly.create_team_event_type(:'team', 'Turn', 'turn', 30, 'round_robin', slot_interval_minutes => 30) AS turn \gset
SELECT opencalendly.create_team_event_type(:'team', 'Lead', 'lead', 30, 'round_robin', fixed_member_ids => ARRAY[:'ada']::uuid[],
    slot_interval_minutes => 30) AS lead \gset
SELECT opencalendly.create_team_event_type(:'team', 'Both', 'both', 30, 'collective', member_ids => ARRAY[:'ada', :'bo']::uuid[],
    slot_interval_minutes => 30) AS both \gset
INSERT INTO kept VALUES ('ada', :'ada'), ('bo', :'bo'), ('cy', :'cy');

-- Who is offered at each start of the Tuesday.
CREATE FUNCTION pg_temp.offered(event uuid) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(to_char(s.starts_at, 'HH24:MI') || ' ' || (SELECT string_agg(u.display_name, '+' ORDER BY h.n)
            FROM unnest(s.host_ids) WITH ORDINALITY AS h (id, n) JOIN opencalendly.users AS u ON u.id = h.id), ', ' ORDER BY s.starts_at)
    FROM opencalendly.compute_slots(event, '2026-06-02', '2026-06-03') AS s
$$;
-- An account of the user, read so long ago.
CREATE FUNCTION pg_temp.connect(user_name text, age interval, staleness text DEFAULT 'refuse', minutes integer DEFAULT 1440) RETURNS uuid
    LANGUAGE sql AS $$
    WITH connection AS (
        INSERT INTO opencalendly.calendar_connections (user_id, account_id, account_email, scopes, refresh_token, access_token,
                refresh_at, access_expires_at, staleness, stale_after_minutes, created_at)
            SELECT k.value::uuid, gen_random_uuid(), 'ada@example.org', '{}', '', '', now(), now(), connect.staleness, minutes,
                '2026-05-01 06:00+00' FROM kept AS k WHERE k.name = user_name
            RETURNING id, user_id)
    INSERT INTO opencalendly.calendars (connection_id, user_id, external_id, name, access_role, is_busy_source, synced_at)
        SELECT c.id, c.user_id, n, 'Calendar', 'owner', n = 'busy', timestamptz '2026-06-01 06:00+00' - age
        FROM connection AS c, unnest(ARRAY['busy', 'other']) AS n
        RETURNING connection_id
$$;
CREATE FUNCTION pg_temp.read_again(user_name text, age interval DEFAULT '0') RETURNS bigint LANGUAGE sql AS $$
    WITH k AS (UPDATE opencalendly.calendars AS k SET synced_at = timestamptz '2026-06-01 06:00+00' - age
        WHERE k.user_id = (SELECT value::uuid FROM kept WHERE name = user_name) RETURNING k.id)
    SELECT count(*) FROM k
$$;

-- Not connected, connected and fresh, fresh to the microsecond, too old.
SELECT pg_temp.offered(:'talk') AS none, pg_temp.connect('ada', '0') AS connection \gset
SELECT :'none' AS none, pg_temp.offered(:'talk') AS fresh;
SELECT pg_temp.read_again('ada', '24:00:00'), pg_temp.offered(:'talk') AS to_the_limit;
SELECT pg_temp.read_again('ada', '24:00:00.000001'), pg_temp.offered(:'talk') AS too_old;
-- It grows old by itself, under who has just seen the slot.
SELECT pg_temp.read_again('ada', '23:59:59.999999'), pg_temp.offered(:'talk') AS at_the_look;
BEGIN;
SET LOCAL opencalendly.clock = '2026-06-01 06:00:00.000001+00';
SELECT status FROM opencalendly.book_slot(:'talk', '2026-06-02 10:30+00', 'Zoe', 'zoe@example.org');
ROLLBACK;
SET opencalendly.clock = '2026-06-01 06:00:00.000002+00';
SELECT pg_temp.try(format('SELECT opencalendly.book_slot(%L, ''2026-06-02 10:30+00'', ''Zoe'', ''zoe@example.org'')', :'talk'));
SET opencalendly.clock = '2026-06-01 06:00+00';
CREATE FUNCTION pg_temp.choose(connection uuid, is_wanted boolean) RETURNS boolean LANGUAGE sql AS $$
    SELECT opencalendly.set_busy_source(c, is_wanted) FROM opencalendly.calendars AS c WHERE c.connection_id = connection AND c.external_id = 'busy'
$$;
-- Any other busy source of any account makes the host stale; what does not count does not.
SELECT pg_temp.connect('ada', '2 days', 'trust') AS trusted \gset
SELECT pg_temp.offered(:'talk') AS trusted;
UPDATE opencalendly.calendar_connections SET staleness = 'refuse' WHERE id = :'trusted';
SELECT pg_temp.offered(:'talk') AS refused;
UPDATE opencalendly.calendar_connections SET stale_after_minutes = 43200 WHERE id = :'trusted';
SELECT pg_temp.offered(:'talk') AS refused_later;
UPDATE opencalendly.calendar_connections SET stale_after_minutes = DEFAULT, state = 'broken' WHERE id = :'trusted';
SELECT pg_temp.offered(:'talk') AS broken;
UPDATE opencalendly.calendar_connections SET state = 'leaving' WHERE id = :'trusted';
SELECT pg_temp.offered(:'talk') AS leaving;
UPDATE opencalendly.calendar_connections SET state = 'active' WHERE id = :'trusted';
UPDATE opencalendly.calendars SET is_busy_source = false WHERE connection_id = :'trusted';
SELECT pg_temp.offered(:'talk') AS no_source;
UPDATE opencalendly.calendars SET is_busy_source = true, synced_at = NULL WHERE connection_id = :'trusted' AND external_id = 'busy';
SELECT pg_temp.offered(:'talk') AS never_read;
-- one that was just made a source is no older than that
SELECT pg_temp.choose(:'trusted', false), pg_temp.choose(:'trusted', true), pg_temp.offered(:'talk') AS just_chosen;
UPDATE opencalendly.calendars SET chosen_at = NULL WHERE connection_id = :'trusted';
SELECT pg_temp.offered(:'talk') AS never_read;
UPDATE opencalendly.calendar_connections SET created_at = '2026-05-31 06:00+00' WHERE id = :'trusted';
SELECT pg_temp.offered(:'talk') AS new;
DELETE FROM opencalendly.calendar_connections WHERE id = :'trusted';

-- What was booked and held while it was fresh.
SELECT pg_temp.read_again('ada');
SELECT reschedule_token, cancel_token, booking_id AS booking
    FROM opencalendly.book_slot(:'talk', '2026-06-02 09:00+00', 'Zoe', 'zoe@example.org') \gset
SELECT hold_token FROM opencalendly.hold_slot(:'talk', '2026-06-02 09:30+00') \gset
SELECT status FROM opencalendly.book_slot(:'class', '2026-06-02 10:00+00', 'Yan', 'yan@example.org');
SELECT pg_temp.offered(:'talk') AS talk, pg_temp.offered(:'class') AS class;
INSERT INTO kept VALUES ('move', :'reschedule_token'), ('hold', :'hold_token'), ('talk', :'talk');

-- Stale: nothing is offered, and nothing is to be had.
SELECT pg_temp.read_again('ada', '30 hours'), pg_temp.offered(:'talk') AS talk, pg_temp.offered(:'class') AS class;
SELECT count(*) AS with_the_hold FROM opencalendly.compute_slots(:'talk', '2026-06-02', '2026-06-03', hold_token => :'hold_token');
SELECT count(*) AS as_if_it_were_gone FROM opencalendly.compute_slots(:'talk', '2026-06-02', '2026-06-03', ignore_booking => :'booking');
SELECT pg_temp.try(replace(replace(s, ':talk', quote_literal(:'talk')), ':class', quote_literal(:'class'))) AS said FROM unnest(ARRAY[
    $$SELECT opencalendly.book_slot(:talk, '2026-06-02 10:30+00', 'Zoe', 'zoe@example.org')$$,
    $$SELECT opencalendly.book_slot(:talk, '2026-06-02 09:30+00', 'Zoe', 'zoe@example.org', hold_token => (SELECT value FROM kept WHERE name = 'hold'))$$,
    $$SELECT opencalendly.book_slot(:class, '2026-06-02 10:00+00', 'Zoe', 'zoe@example.org')$$,
    $$SELECT opencalendly.hold_slot(:talk, '2026-06-02 10:30+00')$$,
    $$SELECT opencalendly.reschedule_booking((SELECT value FROM kept WHERE name = 'move'), '2026-06-02 10:30+00')$$]) AS s;
-- Why, beside whatever else stands in the way.
SELECT verdict, reason, detail FROM opencalendly.explain_slot(:'talk', '2026-06-02 10:30+00');
SELECT verdict, reason, detail FROM opencalendly.explain_slot(:'talk', '2026-06-02 09:00+00');
-- The answers of the API: not the etag of an answer that is empty for another reason, and another one when it is fresh.
SELECT pg_temp.say('availability', 'fresh-ada', 'talk');
SELECT etag AS stale_etag FROM pg_temp.api('availability', 'fresh-ada', 'never', NULL) \gset
SELECT status FROM pg_temp.api('availability', 'fresh-ada', 'never', NULL, NULL, NULL, NULL, NULL, NULL, :'stale_etag');
SELECT pg_temp.say('availability', 'fresh-ada', 'talk', 'Europe/Berlin', '2030-01-01T00:00:00Z', '31', '1');
SELECT pg_temp.say('action_availability', '@move@');
-- The pages.
SELECT page -> 'calendarStale' AS stale, page -> 'firstFree' AS first_free, page -> 'days' AS days, page -> 'later' AS later, page #>> '{error,code}' AS error
    FROM (VALUES (NULL, NULL), ('2026-07-01T00:00:00Z', NULL), (NULL, '2026-06-02T10:30:00Z')) AS v (start, at),
        LATERAL (SELECT (pg_temp.api('page_event', 'fresh-ada', 'talk', NULL, start, at, NULL, NULL)).body::jsonb) AS p (page);
SELECT page -> 'calendarStale' AS stale, page -> 'firstFree' AS first_free
    FROM (SELECT (pg_temp.api('page_action', '@move@', NULL, NULL, NULL)).body::jsonb) AS p (page);
-- The organizer may, and so may who cancels.
SELECT pg_temp.try(format('SELECT opencalendly.organizer_reschedule_booking(%L, ''2026-06-02 10:30+00'')', :'booking'));
SELECT pg_temp.try(format('SELECT opencalendly.organizer_reschedule_booking(%L, ''2026-06-02 10:10+00'')',
    (SELECT id FROM opencalendly.bookings WHERE rescheduled_from = :'booking')));
SELECT b.status, count(*) FROM opencalendly.bookings AS b WHERE b.event_type_id = :'talk' GROUP BY 1 ORDER BY 1;
SELECT status FROM opencalendly.organizer_cancel_booking((SELECT id FROM opencalendly.bookings WHERE rescheduled_from = :'booking'));

-- Read again: all is as before, and no page says anything.
SELECT pg_temp.read_again('ada'), pg_temp.offered(:'talk') AS talk, pg_temp.offered(:'class') AS class;
SELECT status, body, etag = :'stale_etag' AS same_etag
    FROM pg_temp.api('availability', 'fresh-ada', 'never', NULL, NULL, NULL, NULL, NULL, NULL, :'stale_etag');
SELECT (pg_temp.api('availability', 'fresh-ada', 'talk')).body::jsonb ? 'calendarStale' AS told, page ? 'calendarStale' AS page, page ->> 'firstFree' AS first_free
    FROM (SELECT (pg_temp.api('page_event', 'fresh-ada', 'talk', NULL, NULL, NULL, NULL, NULL)).body::jsonb) AS p (page);
SELECT status FROM opencalendly.book_slot(:'talk', '2026-06-02 09:30+00', 'Zoe', 'zoe@example.org', hold_token => :'hold_token');

-- Teams: who is stale is passed over; told is what keeps all from being offered.
SELECT pg_temp.connect('bo', '0') IS NOT NULL AS bo, pg_temp.connect('cy', '0') IS NOT NULL AS cy;
CREATE FUNCTION pg_temp.team(stale text[]) RETURNS TABLE (slug text, offered text, told boolean, mode text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.read_again(k.name, CASE WHEN k.name = ANY (stale) THEN interval '25 hours' ELSE '0' END)
        FROM kept AS k WHERE k.name IN ('ada', 'bo', 'cy');
    RETURN QUERY SELECT e.slug, split_part(pg_temp.offered(e.id), ',', 1), a.body::jsonb ? 'calendarStale', a.body::jsonb ->> 'mode'
        FROM opencalendly.event_types AS e CROSS JOIN LATERAL opencalendly.api_team_availability('fresh-team', e.slug) AS a
        WHERE e.id IN (SELECT x.event_type_id FROM opencalendly.team_event_types AS x JOIN opencalendly.teams AS t ON t.id = x.team_id WHERE t.slug = 'fresh-team')
        ORDER BY e.slug COLLATE "C";
END
$$;
SELECT * FROM unnest(ARRAY['{}', '{bo}', '{ada}', '{cy}', '{bo,cy}', '{ada,cy}', '{ada,bo,cy}']::text[]) AS stale, pg_temp.team(stale::text[]);
SELECT status, body FROM pg_temp.api('team_availability', 'fresh-team', 'turn', 'UTC', '2026-06-02T00:00:00Z', '1');
SELECT status, body FROM pg_temp.api('team_availability', 'fresh-team', 'both', 'UTC', '2026-06-02T00:00:00Z', '1');
SELECT page -> 'calendarStale' AS stale FROM (SELECT (pg_temp.api('page_team_event', 'fresh-team', 'turn', NULL, NULL, NULL, NULL, NULL)).body::jsonb) AS p (page);
SELECT pg_temp.try(format('SELECT opencalendly.book_slot(%L, ''2026-06-02 10:30+00'', ''Zoe'', ''zoe@example.org'')', :'turn'));
SELECT pg_temp.try(format('SELECT opencalendly.book_slot(%L, ''2026-06-02 10:30+00'', ''Zoe'', ''zoe@example.org'')', :'both'));
-- The round robin picks who is left; of whom it had picked who is stale now, it picks another one to move to.
SELECT pg_temp.read_again('bo'), pg_temp.read_again('cy', '25 hours');
SELECT booking_id AS turned, reschedule_token AS turn_token, host_ids = ARRAY[:'bo']::uuid[] AS bo
    FROM opencalendly.book_slot(:'turn', '2026-06-02 10:30+00', 'Zoe', 'zoe@example.org') \gset
SELECT :'bo' AS bo, pg_temp.read_again('bo', '25 hours'), pg_temp.read_again('cy');
SELECT u.display_name, e.verdict, e.reason, e.detail FROM opencalendly.explain_slot(:'turn', '2026-06-02 10:00+00') WITH ORDINALITY AS e (host_id, verdict, reason, detail, n)
    JOIN opencalendly.users AS u ON u.id = e.host_id ORDER BY e.n;
SELECT b.host_ids = ARRAY[:'cy']::uuid[] AS cy FROM opencalendly.reschedule_booking(:'turn_token', '2026-06-02 10:00+00') AS b;

-- Invalid input: what the settings of it may be.
SELECT s.setting, split_part(pg_temp.try(format('UPDATE opencalendly.calendar_connections SET %s', s.setting)), ' | ', 1) AS said FROM unnest(ARRAY[
    'staleness = NULL', 'staleness = ''''', 'staleness = ''Refuse''', 'staleness = ''never''', 'stale_after_minutes = NULL',
    'stale_after_minutes = 0', 'stale_after_minutes = -1', 'stale_after_minutes = 4', 'stale_after_minutes = 43201',
    'stale_after_minutes = 2147483647', 'state = ''stale''', 'state = NULL', 'created_at = NULL']) AS s (setting);
-- Whatever stands where the last reading is told: what never was is old, what is to come is not.
SELECT r.at, pg_temp.try(format('UPDATE opencalendly.calendars SET synced_at = %L WHERE user_id = %L', r.at, :'ada')) AS said, pg_temp.offered(:'talk') AS offered
    FROM unnest(ARRAY['-infinity', '0001-01-01', '1900-01-01', '2026-06-02', '9999-12-31', '294276-12-31', 'infinity']) AS r (at);
UPDATE opencalendly.calendars SET synced_at = '-infinity' WHERE user_id = :'ada';
SELECT reason, detail FROM opencalendly.explain_slot(:'talk', '2026-06-02 10:30+00');
-- What is asked wrongly is told as ever.
SELECT said FROM unnest(ARRAY[
    pg_temp.say('availability', 'fresh-ada', 'talk', 'Nowhere/None'), pg_temp.say('availability', 'fresh-ada', 'talk', 'UTC', 'soon'),
    pg_temp.say('availability', 'fresh-ada', 'talk', 'UTC', NULL, '32'), pg_temp.say('availability', 'fresh-ada', 'nothing'),
    pg_temp.say('availability', 'nobody', 'talk'), pg_temp.say('page_event', 'fresh-ada', 'talk', NULL, 'soon', NULL, NULL, NULL),
    pg_temp.say('action_availability', 'no-token')]) AS said;
SELECT pg_temp.try(replace(s, ':talk', quote_literal(:'talk'))) AS said FROM unnest(ARRAY[
    $$SELECT opencalendly.book_slot(:talk, NULL, 'Zoe', 'zoe@example.org')$$,
    $$SELECT opencalendly.book_slot(:talk, '2026-06-02 10:30+00', '', 'zoe@example.org')$$,
    $$SELECT opencalendly.hold_slot(:talk, '2026-06-02 10:30+00', '1 day')$$,
    $$SELECT opencalendly.compute_slots(:talk, '2026-06-03', '2026-06-02')$$,
    $$SELECT opencalendly.explain_slot(:talk, 'infinity')$$]) AS s;
