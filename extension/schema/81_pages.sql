-- The pages (shim/web/pages): what their templates show, as JSON, and their forms for who has no JavaScript. All of it is the
-- API's own answers, put together for one page; wall-clock texts are of the page's zone. Members that only templates read
-- are: days, chosen, form, error, meeting, is; "data" is what scripts read.

-- 2026-06-01T09:00:00.000+02:00, as availability answers have it.
CREATE FUNCTION opencalendly.local_text(instant timestamptz, zone text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wall constant timestamp := instant AT TIME ZONE zone;
    seconds constant integer := extract(epoch FROM wall - (instant AT TIME ZONE 'UTC'));
BEGIN
    RETURN to_char(wall, 'YYYY-MM-DD"T"HH24:MI:SS.MS') || CASE WHEN seconds < 0 THEN '-' ELSE '+' END
        || to_char(make_interval(secs => abs(seconds)), 'HH24:MI');
END
$$;
COMMENT ON FUNCTION opencalendly.local_text(timestamptz, text) IS
    'internal: an instant in a zone with its offset, 2026-06-01T09:00:00.000+02:00';

CREATE FUNCTION opencalendly.clock_members(local text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- "+02:00", or "Z"
    zone_offset constant text[] := regexp_match(local, '([+-])0?(\d{1,2}):(\d\d)$');
BEGIN
    RETURN jsonb_build_object('date', left(local, 10), 'time', substr(local, 12, 5),
        'offset', 'UTC' || CASE WHEN zone_offset[2:3] <> '{0,00}' THEN replace(zone_offset[1], '-', '−') || zone_offset[2]
            || CASE zone_offset[3] WHEN '00' THEN '' ELSE ':' || zone_offset[3] END ELSE '' END);
END
$$;
COMMENT ON FUNCTION opencalendly.clock_members(text) IS
    'internal: {date, time, offset ("UTC+2")} of a local text such as startsAtLocal';

-- Whether the clocks of a zone change on a local date: its times then need their offsets to be told apart.
CREATE FUNCTION opencalendly.clocks_change(day date, zone text) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (day + 1)::timestamp AT TIME ZONE zone - day::timestamp AT TIME ZONE zone <> interval '24 hours';
END
$$;
COMMENT ON FUNCTION opencalendly.clocks_change(date, text) IS 'internal: whether a local date has other than 24 hours';

-- The first three days of an availability answer, and where the next page begins. Of an answer that was cut off the last day
-- is not whole, and waits for the next page unless it is the only one.
CREATE FUNCTION opencalendly.slot_days(available jsonb, zone text, range_end timestamptz) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most constant integer := 3;
    is_cut constant boolean := available ->> 'nextCursor' IS NOT NULL;
BEGIN
    RETURN (
        WITH slots AS MATERIALIZED (
            SELECT s.*, dense_rank() OVER (ORDER BY s.date) AS day
            FROM (SELECT s."startsAt" AS starts_at, s."startsAtLocal" AS local, left(s."startsAtLocal", 10) COLLATE "C" AS date,
                    s."seatsLeft" AS seats_left
                FROM jsonb_to_recordset(available -> 'slots') AS s ("startsAt" text, "startsAtLocal" text COLLATE "C", "seatsLeft" integer)) AS s),
        shown AS (SELECT least(most, greatest(1, max(s.day) - CASE WHEN is_cut THEN 1 ELSE 0 END)) AS days FROM slots AS s),
        dates AS MATERIALIZED (
            SELECT d.date, opencalendly.clocks_change(d.date::date, zone) AS changes
            FROM (SELECT DISTINCT s.date FROM slots AS s, shown AS w WHERE s.day <= w.days) AS d),
        days AS (
            SELECT s.date, jsonb_agg(CASE WHEN d.changes OR s.seats_left IS NOT NULL
                    THEN jsonb_strip_nulls(jsonb_build_object('startsAt', s.starts_at, 'time', substr(s.local, 12, 5), 'seatsLeft', s.seats_left,
                        'offset', CASE WHEN d.changes THEN opencalendly.clock_members(s.local) -> 'offset' END))
                    ELSE jsonb_build_object('startsAt', s.starts_at, 'time', substr(s.local, 12, 5)) END
                ORDER BY s.starts_at) AS times
            FROM slots AS s JOIN dates AS d ON d.date = s.date GROUP BY s.date)
        SELECT jsonb_build_object(
            'days', (SELECT coalesce(jsonb_agg(jsonb_build_object('date', d.date, 'times', d.times) ORDER BY d.date), '[]') FROM days AS d),
            'later', coalesce((SELECT min(s.starts_at) FROM slots AS s, shown AS w WHERE s.day > w.days),
                opencalendly.instant_text(CASE WHEN is_cut
                    THEN (SELECT max(s.starts_at)::timestamptz + interval '1 second' FROM slots AS s) ELSE range_end END))));
END
$$;
COMMENT ON FUNCTION opencalendly.slot_days(jsonb, text, timestamptz) IS
    'internal: {days[{date, times[{startsAt, time, seatsLeft?, offset? (on days on which the clocks change)}]}] (at most 3), later: where to go on} of an availability answer in a zone';

-- names: {username | teamSlug, eventSlug}; or {token} of a link.
CREATE FUNCTION opencalendly.page_availability(names jsonb, zone text, start timestamptz, days integer, most integer)
    RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since constant text := opencalendly.instant_text(start);
    answered opencalendly.api_answer;
BEGIN
    IF names ? 'token' THEN
        answered := opencalendly.api_action_availability(names ->> 'token', zone, since, days::text, most::text);
    ELSIF names ->> 'username' IS NOT NULL THEN
        answered := opencalendly.api_availability(names ->> 'username', names ->> 'eventSlug', zone, since, days::text, most::text);
    ELSE
        answered := opencalendly.api_team_availability(names ->> 'teamSlug', names ->> 'eventSlug', zone, since, days::text, most::text);
    END IF;
    RETURN answered.body::jsonb;
END
$$;
COMMENT ON FUNCTION opencalendly.page_availability(jsonb, text, timestamptz, integer, integer) IS
    'internal: the availability answer for a page of an event type {username | teamSlug, eventSlug} or a link {token}';

-- Month by month, so that no more is computed than up to the first.
CREATE FUNCTION opencalendly.first_free(names jsonb, since timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    start timestamptz := since;
    available jsonb;
BEGIN
    FOR month IN 1 .. 12 LOOP
        available := opencalendly.page_availability(names, 'UTC', start, 31, 1);
        EXIT WHEN available -> 'slots' <> '[]' OR available ? 'calendarStale';
        start := start + interval '744 hours';
    END LOOP;
    RETURN available #>> '{slots,0,startsAt}';
END
$$;
COMMENT ON FUNCTION opencalendly.first_free(jsonb, timestamptz) IS
    'internal: the first open start in the 372 days after an instant, null if there is none';

-- What a page's list of times is: from where, in which zone, and what is there. A stretch without any leads on to the next
-- free time, if there is one. Mostly the first month tells the first free time, too.
CREATE FUNCTION opencalendly.times_members(names jsonb, zone text, start text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month constant interval := interval '744 hours';
    now constant timestamptz := opencalendly.current_instant();
    since timestamptz := opencalendly.instant_parameter('start', start, NULL);
    available jsonb := CASE WHEN since IS NULL THEN opencalendly.page_availability(names, zone, now, 31, 200) END;
    first constant text := coalesce(available #>> '{slots,0,startsAt}',
        opencalendly.first_free(names, CASE WHEN since IS NULL THEN now + month ELSE now END));
    list jsonb := '{"days": []}';
BEGIN
    IF first IS NOT NULL THEN
        IF coalesce(available -> 'slots', '[]') = '[]' THEN
            since := coalesce(since, first::timestamptz);
            available := opencalendly.page_availability(names, zone, since, 31, 200);
        END IF;
        list := opencalendly.slot_days(available, zone, coalesce(since, now) + month);
        IF list -> 'days' = '[]' THEN
            list := list || jsonb_build_object('later', opencalendly.first_free(names, since + month));
        END IF;
    ELSIF coalesce(available, opencalendly.page_availability(names, zone, now, 1, 1)) ? 'calendarStale' THEN
        list := list || '{"calendarStale": true}';
    END IF;
    RETURN list || jsonb_build_object('firstFree', first, 'now', opencalendly.instant_text(now), 'zone', zone,
        'hasDays', list -> 'days' <> '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.times_members(jsonb, text, text) IS
    'internal: {firstFree, now, zone, days, hasDays, later: null if nothing comes later, calendarStale: true if stale calendars keep all from being offered} of a page; raises OC006 for a bad start';

CREATE FUNCTION opencalendly.page_error(sqlstate text, message text, detail text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    field constant text := substring(detail FROM '^Field "([^"]{1,100})"');
    name constant text := CASE field WHEN 'invitee_name' THEN 'inviteeName' WHEN 'invitee_email' THEN 'inviteeEmail'
        WHEN 'starts_at' THEN 'startsAt' ELSE field END;
BEGIN
    RETURN jsonb_build_object('code', sqlstate, 'message', message, 'field', name,
        'isField', name IN ('inviteeName', 'inviteeEmail', 'reason', 'timezone') OR name LIKE 'answers.%',
        'on', CASE WHEN name IS NULL THEN '{}' ELSE jsonb_build_object(name, true) END);
END
$$;
COMMENT ON FUNCTION opencalendly.page_error(text, text, text) IS
    'internal: what went wrong with a form: {code, message, field, isField: it is one that people fill in, on{field: true}}';

-- --- the page of a host ---

CREATE FUNCTION opencalendly.api_page_user(username text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    listed opencalendly.api_answer := opencalendly.api_public_event_types(username);
BEGIN
    IF listed.status = 301 THEN
        listed.location := '/' || (opencalendly.user_named(username)).username;
        RETURN listed;
    END IF;
    RETURN opencalendly.answer(listed.body::jsonb
        || jsonb_build_object('hasEventTypes', listed.body::jsonb -> 'eventTypes' <> '[]'));
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_user(text) IS
    'page /:username: what a user offers; a former username is 301; errors OC013';

-- --- the page of an event type ---

CREATE FUNCTION opencalendly.chosen_members(starts_at timestamptz, minutes integer, zone text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ends_at constant timestamptz := starts_at + make_interval(mins => minutes);
BEGIN
    RETURN opencalendly.clock_members(opencalendly.local_text(starts_at, zone)) || jsonb_build_object(
        'startsAt', opencalendly.instant_text(starts_at), 'endsAt', opencalendly.instant_text(ends_at), 'zone', zone,
        'endTime', opencalendly.clock_members(opencalendly.local_text(ends_at, zone)) -> 'time',
        -- midnight needs no date, unless it is that of another day
        'endDate', CASE WHEN (ends_at AT TIME ZONE zone)::date > (starts_at AT TIME ZONE zone)::date
            AND (minutes >= 1440 OR (ends_at AT TIME ZONE zone)::time <> '00:00') THEN ((ends_at AT TIME ZONE zone)::date)::text END);
END
$$;
COMMENT ON FUNCTION opencalendly.chosen_members(timestamptz, integer, text) IS
    'internal: a time in a zone: {startsAt, endsAt, zone, date, time, endTime, endDate (or null), offset}';

-- The visitor's zone, else the host's; a zone that is none is told and the host's is shown.
CREATE FUNCTION opencalendly.zone_members(asked text, hosts text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(asked, '') = '' THEN
        RETURN jsonb_build_object('zone', hosts, 'timezone', NULL);
    ELSIF opencalendly.is_timezone(asked) THEN
        RETURN jsonb_build_object('zone', asked, 'timezone', asked);
    END IF;
    RETURN jsonb_build_object('zone', hosts, 'timezone', NULL, 'askedZone', left(asked, 100),
        'error', opencalendly.page_error('OC006', 'timezone must be a name such as Europe/Berlin', 'Field "timezone"'));
END
$$;
COMMENT ON FUNCTION opencalendly.zone_members(text, text) IS
    'internal: {zone: to show, timezone: as asked for or null, error?}';

-- form: what was filled in, {} on a first visit; the questions get their answers and marks.
CREATE FUNCTION opencalendly.form_members(event_type jsonb, form jsonb, error jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('inviteeName', left(form ->> 'inviteeName', 1000), 'inviteeEmail', left(form ->> 'inviteeEmail', 1000),
        'key', coalesce(form ->> 'key', gen_random_uuid()::text),
        'questions', (SELECT coalesce(jsonb_agg(q.value || jsonb_build_object('name', 'answers.' || (q.value ->> 'id'),
                    'answer', form ->> ('answers.' || (q.value ->> 'id')),
                    'isRequired', (q.value ->> 'required')::boolean,
                    'isWrong', coalesce(error ->> 'field' = 'answers.' || (q.value ->> 'id'), false)) ORDER BY q.n), '[]')
            FROM jsonb_array_elements(event_type -> 'questions') WITH ORDINALITY AS q (value, n)));
END
$$;
COMMENT ON FUNCTION opencalendly.form_members(jsonb, jsonb, jsonb) IS
    'internal: the form of a booking, filled in again: {inviteeName, inviteeEmail, key, questions[{..., name, answer, isRequired, isWrong}]}';

-- published: the API's answer of the event type. at: the start that was chosen, null for the list alone.
CREATE FUNCTION opencalendly.event_page(
    published jsonb, names jsonb, asked_zone text, start text, at text, form jsonb, error jsonb) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event_type constant jsonb := published -> 'eventType';
    shown_zone constant jsonb := opencalendly.zone_members(asked_zone,
        coalesce(published #>> '{organizer,timezone}', published #>> '{members,0,user,timezone}', 'UTC'));
    zone constant text := shown_zone ->> 'zone';
    chosen constant timestamptz := opencalendly.instant_parameter('at', at, NULL);
    page jsonb := published || shown_zone || opencalendly.times_members(names, zone, start);
BEGIN
    page := page || jsonb_build_object('data', published - 'ok' || names || jsonb_build_object(
        'firstFree', page -> 'firstFree', 'now', page -> 'now', 'timezone', page -> 'timezone',
        'days', page -> 'days', 'later', page -> 'later'));
    IF chosen IS NOT NULL AND error IS NULL AND NOT EXISTS (SELECT FROM opencalendly.compute_slots(
        (event_type ->> 'id')::uuid, chosen, chosen + interval '1 microsecond', 1))
    THEN
        error := opencalendly.page_error('OC001', 'slot is not available', NULL);
    END IF;
    IF error IS NOT NULL THEN
        page := page || jsonb_build_object('error', error);
    END IF;
    -- a time that is gone cannot be filled in; what was typed goes along to the next one
    IF chosen IS NOT NULL AND coalesce(error ->> 'code', '') NOT IN ('OC001', 'OC002') THEN
        page := page || jsonb_build_object('chosen', opencalendly.chosen_members(chosen, (event_type ->> 'durationMinutes')::integer, zone));
    END IF;
    RETURN opencalendly.answer(page || jsonb_build_object('form', opencalendly.form_members(event_type, form, error),
        'isFilled', form <> '{}'));
END
$$;
COMMENT ON FUNCTION opencalendly.event_page(jsonb, jsonb, text, text, text, jsonb, jsonb) IS
    'internal: the page of an event type: the API''s answer for it, and firstFree, now, zone, timezone, days, later, calendarStale?, chosen?, form, error?';

-- --- a booking as its page shows it ---

CREATE FUNCTION opencalendly.link_path(token text, wanted_action text, booking uuid) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT '/bookings/actions/' || token FROM opencalendly.booking_action(token) AS a
            WHERE a.action_type = wanted_action AND a.booking_id = booking
                AND CASE wanted_action WHEN 'cancel' THEN a.can_cancel ELSE a.can_reschedule END);
EXCEPTION WHEN SQLSTATE 'OC003' OR SQLSTATE 'OC004' OR SQLSTATE 'OC006' THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.link_path(text, text, uuid) IS
    'internal: the page of a link that can cancel or reschedule (wanted_action) this booking now; else null';

-- Where a booking that was moved, perhaps again and again, is now.
CREATE FUNCTION opencalendly.moved_to(booking_id uuid) RETURNS opencalendly.bookings
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    successor opencalendly.bookings;
    last opencalendly.bookings;
BEGIN
    LOOP
        SELECT b.* INTO successor FROM opencalendly.bookings AS b WHERE b.rescheduled_from = coalesce(last.id, booking_id);
        EXIT WHEN NOT FOUND;
        last := successor;
    END LOOP;
    RETURN last;
END
$$;
COMMENT ON FUNCTION opencalendly.moved_to(uuid) IS 'internal: the last booking that took another''s place; null if it was not moved';

-- The mail about the booking as it is now; one that cannot be delivered is none. The words are messages of the pages.
CREATE FUNCTION opencalendly.mail_to_invitee(booking_id uuid, status text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    kinds constant text[] := CASE WHEN mail_to_invitee.status = 'canceled' THEN ARRAY['booking_canceled']
        WHEN mail_to_invitee.status IN ('confirmed', 'pending') THEN ARRAY['booking_confirmed', 'booking_rescheduled'] END;
BEGIN
    RETURN (SELECT substr(d.kind, length('booking_') + 1) || CASE d.status WHEN 'succeeded' THEN '_sent' ELSE '_coming' END
            FROM opencalendly.email_deliveries AS d
            WHERE d.booking_id = mail_to_invitee.booking_id AND d.kind = ANY (kinds) AND d.email IS NOT NULL
                AND d.status IN ('pending', 'leased', 'succeeded')
            ORDER BY d.id DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION opencalendly.mail_to_invitee(uuid, text) IS
    'internal: what is mailed to the invitee about a booking of this status: confirmed_coming, canceled_sent and the like; null if nothing is';

-- Only while a worker is to make it: where none can be had, none is promised.
CREATE FUNCTION opencalendly.is_link_coming(booking_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (SELECT FROM opencalendly.bookings AS b JOIN opencalendly.event_types AS e ON e.id = b.event_type_id
            JOIN opencalendly.calendar_writebacks AS w ON w.booking_id = b.id AND w.user_id = b.organizer_id
        WHERE b.id = is_link_coming.booking_id AND b.status IN ('confirmed', 'pending') AND e.conference IS NOT NULL
            AND b.meeting_url IS NULL AND w.is_open);
END
$$;
COMMENT ON FUNCTION opencalendly.is_link_coming(uuid) IS
    'internal: whether the link that a booking''s meeting takes place at is being made';

-- action: the API's answer for a link.
CREATE FUNCTION opencalendly.meeting_members(action jsonb, token text, other_token text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    booking constant jsonb := action -> 'booking';
    starts_at constant timestamptz := booking ->> 'startsAt';
    minutes constant integer := extract(epoch FROM (booking ->> 'endsAt')::timestamptz - starts_at) / 60;
    zone constant text := coalesce(booking ->> 'timezone', 'UTC');
    host_zone constant text := action #>> '{organizer,timezone}';
    successor constant opencalendly.bookings := opencalendly.moved_to((booking ->> 'id')::uuid);
    tokens constant text[] := CASE action ->> 'actionType' WHEN 'cancel' THEN ARRAY[token, other_token] ELSE ARRAY[other_token, token] END;
BEGIN
    RETURN jsonb_build_object('visitor', opencalendly.chosen_members(starts_at, minutes, zone),
        'host', CASE WHEN host_zone <> zone THEN opencalendly.chosen_members(starts_at, minutes, host_zone) END,
        'movedTo', CASE WHEN successor.status IN ('confirmed', 'pending') THEN opencalendly.chosen_members(successor.starts_at,
            (extract(epoch FROM successor.ends_at - successor.starts_at) / 60)::integer, zone) END,
        'linkComes', opencalendly.is_link_coming((booking ->> 'id')::uuid),
        'mail', opencalendly.mail_to_invitee((booking ->> 'id')::uuid, booking ->> 'status'),
        'icsPath', CASE WHEN booking ->> 'status' IN ('confirmed', 'pending') THEN '/v0/bookings/actions/' || token || '/invite.ics' END,
        'placeUrl', CASE WHEN action #>> '{eventType,locationValue}' ~ '^https?://[^\s<>"]+$' THEN action #>> '{eventType,locationValue}'
            WHEN action #>> '{eventType,locationType}' = 'phone' AND action #>> '{eventType,locationValue}' ~ '^\+?[0-9 ()/.-]{3,40}$'
                THEN 'tel:' || regexp_replace(action #>> '{eventType,locationValue}', '[^0-9+]', '', 'g') END,
        'title', format('%s – %s', action #>> '{eventType,name}', action #>> '{organizer,displayName}'),
        'calendarDates', to_char(starts_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"') || '/'
            || to_char((booking ->> 'endsAt')::timestamptz AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'),
        'cancelPath', opencalendly.link_path(tokens[1], 'cancel', (booking ->> 'id')::uuid),
        'reschedulePath', opencalendly.link_path(tokens[2], 'reschedule', (booking ->> 'id')::uuid));
END
$$;
COMMENT ON FUNCTION opencalendly.meeting_members(jsonb, text, text) IS
    'internal: a booking''s times in the visitor''s and (if another) the host''s zone, and its links: {visitor, host?, movedTo?, linkComes, mail?, placeUrl?, title, icsPath?, calendarDates, cancelPath?, reschedulePath?}';

-- What has become of a booking, for its page: open, started, canceled or moved.
CREATE FUNCTION opencalendly.action_state(action jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE action #>> '{booking,status}' WHEN 'canceled' THEN 'canceled' WHEN 'rescheduled' THEN 'moved'
        ELSE CASE WHEN (action #>> '{booking,startsAt}')::timestamptz <= opencalendly.current_instant() THEN 'started' ELSE 'open' END END;
END
$$;
COMMENT ON FUNCTION opencalendly.action_state(jsonb) IS 'internal: open, started, canceled or moved, of an answer of api_action';

CREATE FUNCTION opencalendly.booked_page(names jsonb, cancel_token text, reschedule_token text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    action constant jsonb := (opencalendly.api_action(cancel_token)).body::jsonb;
BEGIN
    RETURN opencalendly.answer(action || names || jsonb_build_object('page', 'booked', 'isPrivate', true,
        'isOpen', action #>> '{booking,status}' IN ('confirmed', 'pending'), 'is', jsonb_build_object(opencalendly.action_state(action), true),
        'meeting', opencalendly.meeting_members(action, cancel_token, coalesce(reschedule_token, ''))));
END
$$;
COMMENT ON FUNCTION opencalendly.booked_page(jsonb, text, text) IS
    'internal: the confirmation of a booking, by its links; raises OC003, OC004';

CREATE FUNCTION opencalendly.api_page_event(
    username text, slug text, timezone text, start text, at text, booked text, move text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names constant jsonb := jsonb_build_object('username', username, 'teamSlug', NULL, 'eventSlug', slug);
    published opencalendly.api_answer;
BEGIN
    IF booked <> '' THEN
        RETURN opencalendly.booked_page(names, booked, move);
    END IF;
    published := opencalendly.api_public_event_type(username, slug);
    IF published.status = 301 THEN
        published.location := format('/%s/%s', (opencalendly.user_named(username)).username, slug);
        RETURN published;
    END IF;
    RETURN opencalendly.event_page(published.body::jsonb, names, timezone, start, at, '{}', NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_event(text, text, text, text, text, text, text) IS
    'page /:username/:slug: an event type and its next open times; at: with the form for that start; booked and move: the links of a booking just made, confirmed; a former username is 301; errors OC002, OC003, OC004, OC006';

CREATE FUNCTION opencalendly.api_page_team_event(
    team_slug text, slug text, timezone text, start text, at text, booked text, move text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names constant jsonb := jsonb_build_object('username', NULL, 'teamSlug', team_slug, 'eventSlug', slug);
BEGIN
    IF booked <> '' THEN
        RETURN opencalendly.booked_page(names, booked, move);
    END IF;
    RETURN opencalendly.event_page((opencalendly.api_public_team_event_type(team_slug, slug)).body::jsonb, names, timezone,
        start, at, '{}', NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_team_event(text, text, text, text, text, text, text) IS
    'page /team/:teamSlug/:slug: as api_page_event, for a team''s event type; errors OC002, OC003, OC004, OC006';

-- --- the forms ---

-- The body of the API's route that a form's fields are.
CREATE FUNCTION opencalendly.booking_body(names jsonb, form jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_strip_nulls(names || jsonb_build_object('startsAt', form -> 'startsAt',
        'timezone', nullif(form ->> 'timezone', ''), 'language', form -> 'language', 'inviteeName', form -> 'inviteeName', 'inviteeEmail', form -> 'inviteeEmail',
        'answers', (SELECT coalesce(jsonb_object_agg(substr(f.key, 9), f.value), '{}') FROM jsonb_each_text(form) AS f
                    WHERE f.key LIKE 'answers.%' AND f.value <> '')))::text;
END
$$;
COMMENT ON FUNCTION opencalendly.booking_body(jsonb, jsonb) IS
    'internal: the JSON body of POST /v0/bookings or /v0/team-bookings that a form means; answers left empty are absent';

CREATE FUNCTION opencalendly.answer_see_other(location text) RETURNS opencalendly.api_answer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ROW(303, '{"ok": true}', NULL, NULL, location, NULL)::opencalendly.api_answer;
END;
COMMENT ON FUNCTION opencalendly.answer_see_other(text) IS 'internal: status 303 to a path of a page';

CREATE FUNCTION opencalendly.check_step(step text, steps text[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF step IS NULL OR step <> ALL (steps) THEN
        PERFORM opencalendly.raise_bad_value('step', 'must be ' || array_to_string(steps, ' or '), to_jsonb(step));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_step(text, text[]) IS 'internal: raises OC006 if a form does not say what it is for';

-- step "book" books. "fill" shows the page with what was typed: with the form for another start (startsAt), or with the times
-- from another instant on (start), in another zone.
CREATE FUNCTION opencalendly.book_by_form(published jsonb, names jsonb, path text, form jsonb) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    booked opencalendly.api_answer;
    detail text;
    error jsonb;
BEGIN
    PERFORM opencalendly.check_step(form ->> 'step', ARRAY['book', 'fill']);
    IF form ->> 'step' = 'book' THEN
        BEGIN
            booked := CASE WHEN names ->> 'username' IS NOT NULL
                THEN opencalendly.api_create_booking(form ->> 'key', opencalendly.booking_body(names, form))
                ELSE opencalendly.api_create_team_booking(form ->> 'key', opencalendly.booking_body(names, form)) END;
            RETURN opencalendly.answer_see_other(format('%s?booked=%s&move=%s', path,
                booked.body::jsonb #>> '{actions,cancel,token}', booked.body::jsonb #>> '{actions,reschedule,token}'));
        EXCEPTION WHEN SQLSTATE 'OC001' OR SQLSTATE 'OC005' OR SQLSTATE 'OC006' OR SQLSTATE 'OC007' OR SQLSTATE 'OC008' THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
            error := opencalendly.page_error(SQLSTATE, SQLERRM, detail);
        END;
    END IF;
    RETURN opencalendly.event_page(published, names, form ->> 'timezone',
        CASE WHEN opencalendly.is_of_kind(form -> 'start', 'instant') THEN form ->> 'start' END,
        CASE WHEN opencalendly.is_of_kind(form -> 'startsAt', 'instant') THEN form ->> 'startsAt' END,
        -- a key that was used for something else is no use for what comes now
        CASE WHEN error ->> 'code' = 'OC007' THEN form - 'key' ELSE form END, error);
END
$$;
COMMENT ON FUNCTION opencalendly.book_by_form(jsonb, jsonb, text, jsonb) IS
    'internal: books by a page''s form: 303 to the confirmation, or the page again with error and what was filled in; raises OC006 for another step';

CREATE FUNCTION opencalendly.api_page_event_form(username text, slug text, form text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    published constant opencalendly.api_answer := opencalendly.api_public_event_type(username, slug);
    name constant text := (opencalendly.user_named(username)).username;
BEGIN
    RETURN opencalendly.book_by_form(
        CASE published.status WHEN 301 THEN (opencalendly.api_public_event_type(name, slug)).body ELSE published.body END::jsonb,
        jsonb_build_object('username', name, 'teamSlug', NULL, 'eventSlug', slug), format('/%s/%s', name, slug), form::jsonb);
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_event_form(text, text, text) IS
    'POST of the page /:username/:slug: form: step (book, or fill, which only shows the page with what was typed), startsAt, start, timezone, language, inviteeName, inviteeEmail, answers.ID, key; 303 to the confirmation, else the page with an error; errors OC002, OC006 (step), OC011';

CREATE FUNCTION opencalendly.api_page_team_event_form(team_slug text, slug text, form text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.book_by_form((opencalendly.api_public_team_event_type(team_slug, slug)).body::jsonb,
        jsonb_build_object('username', NULL, 'teamSlug', team_slug, 'eventSlug', slug), format('/team/%s/%s', team_slug, slug),
        form::jsonb);
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_team_event_form(text, text, text) IS
    'POST of the page /team/:teamSlug/:slug: as api_page_event_form; errors OC002, OC011';

-- --- the page of a link ---

CREATE FUNCTION opencalendly.action_page(token text, done text, other text, start text, form jsonb, error jsonb)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    action constant jsonb := (opencalendly.api_action(token)).body::jsonb - 'ok';
    state constant text := opencalendly.action_state(action);
    -- a link that has just moved the booking can move it again, but not on the page that tells so
    is_moved constant boolean := state = 'open' AND coalesce(done, '') = 'moved';
    moves constant boolean := state = 'open' AND NOT is_moved AND action ->> 'actionType' = 'reschedule';
    page jsonb := action || jsonb_build_object(
        'is', jsonb_build_object(CASE WHEN is_moved THEN 'done' ELSE state END, true, action ->> 'actionType', true),
        'meeting', opencalendly.meeting_members(action, token, coalesce(other, '')),
        'form', jsonb_build_object('reason', left(form ->> 'reason', 2000), 'key', gen_random_uuid()),
        'again', CASE WHEN action #> '{booking,team}' = 'null' THEN '/' || (action #>> '{organizer,username}')
            ELSE '/team/' || (action #>> '{booking,team,teamSlug}') END || '/' || (action #>> '{eventType,slug}'));
BEGIN
    IF moves THEN
        page := page || opencalendly.times_members(jsonb_build_object('token', token),
            coalesce(action #>> '{booking,timezone}', 'UTC'), start);
    END IF;
    IF error IS NOT NULL THEN
        page := page || jsonb_build_object('error', error);
    END IF;
    RETURN opencalendly.answer(page || jsonb_build_object('data', action || jsonb_build_object('token', token, 'state', state,
        'username', CASE WHEN action #> '{booking,team}' = 'null' THEN action #> '{organizer,username}' END,
        'teamSlug', action #> '{booking,team,teamSlug}', 'firstFree', page -> 'firstFree',
        'now', opencalendly.instant_text(opencalendly.current_instant()))));
END
$$;
COMMENT ON FUNCTION opencalendly.action_page(text, text, text, text, jsonb, jsonb) IS
    'internal: the page of a link: the API''s answer for it, and state, is, meeting, form, error?, and of a link that can move: firstFree, days, later, calendarStale?';

CREATE FUNCTION opencalendly.api_page_action(token text, done text, other text, start text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.action_page(token, done, other, start, '{}', NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_action(text, text, text, text) IS
    'page /bookings/actions/:token: a booking and what its link can do; done: what it has just done; other: the booking''s other link; errors OC003, OC004, OC006, OC011';

CREATE FUNCTION opencalendly.act_by_form(token text, form jsonb) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    acted opencalendly.api_answer;
    path constant text := '/bookings/actions/';
BEGIN
    PERFORM opencalendly.check_step(form ->> 'step', ARRAY['cancel', 'move']);
    IF form ->> 'step' = 'move' THEN
        acted := opencalendly.api_action_reschedule(token, form ->> 'key',
            jsonb_strip_nulls(jsonb_build_object('startsAt', form -> 'startsAt'))::text);
        IF acted.status = 200 THEN
            RETURN opencalendly.answer_see_other(format('%s%s?done=moved&other=%s', path,
                acted.body::jsonb #>> '{actions,reschedule,token}', acted.body::jsonb #>> '{actions,cancel,token}'));
        END IF;
    ELSE
        acted := opencalendly.api_action_cancel(token,
            jsonb_strip_nulls(jsonb_build_object('reason', nullif(form ->> 'reason', '')))::text);
        IF acted.status = 200 THEN
            RETURN opencalendly.answer_see_other(format('%s%s?done=canceled', path, token));
        END IF;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'booking was moved';
END
$$;
COMMENT ON FUNCTION opencalendly.act_by_form(text, jsonb) IS
    'internal: cancels, or with step "move" reschedules, and leads to the page that tells; raises as the API''s routes, OC005 for a moved booking';

CREATE FUNCTION opencalendly.api_page_action_form(token text, form text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    detail text;
BEGIN
    RETURN opencalendly.act_by_form(token, form::jsonb);
EXCEPTION WHEN SQLSTATE 'OC001' OR SQLSTATE 'OC004' OR SQLSTATE 'OC005' OR SQLSTATE 'OC006' OR SQLSTATE 'OC008' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN opencalendly.action_page(token, NULL, NULL, NULL, form::jsonb, opencalendly.page_error(SQLSTATE, SQLERRM, detail));
END
$$;
COMMENT ON FUNCTION opencalendly.api_page_action_form(text, text) IS
    'POST of the page /bookings/actions/:token: form: step (cancel with reason, or move with startsAt and key); 303 to the page that tells, else the page with an error; errors OC003, OC004 (30 days after the booking), OC011';
