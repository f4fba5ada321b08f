-- The mirror: busy windows out of what calendars tell. The fence and the order of locks are 67_calendar_connections.sql's.
--
-- What is busy. An event that is not cancelled, not transparent, not declined by the host, neither a place to work at nor a
-- birthday, and not ours. Ours is an event of a meeting that is booked here and that this host attends or attended: one that
-- bears our id (calendar_entries.external_id) and our mark, for whichever of its hosts it was written into the calendar, or
-- the invitation to it that the host was mailed. A copy of it, another installation's, or one of a booking that is not known
-- here, as after a restore, is an event like any.
--   all day    from where the first date begins in the calendar's zone to where the end's date begins; no end after: one day
--   no offset  the wall clock of the time's own zone, else the calendar's; of a reading that the clock shows twice a start is
--              the first, an end the last; one that it skips counts from before the gap (RFC 5545, 3.3.5)
--   no length  takes no time
-- What has been read is kept event by event, for the provider tells what has changed alone; the windows are their union.
--
-- Nothing that cannot be read counts as free. A busy event whose time is no time, an answer with an error in it, a list
-- without its end: that calendar has failed, keeps its windows as they were and its place in the list of changes, and says
-- so in last_error, until it is too old (staleness). The others of the connection go on.

--
-- Reading what was answered
--

-- Dates and times as RFC 3339 writes them, each part within its bounds, so that no cast fails.
CREATE FUNCTION opencalendly.is_leap_year(day text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT EXTRACT(day FROM pg_catalog.make_date(pg_catalog.substr(day, 1, 4)::integer, 3, 1) - 1) = 29;
END;
COMMENT ON FUNCTION opencalendly.is_leap_year(text) IS 'internal: whether the year that a text begins with has a 29th of February';

CREATE FUNCTION opencalendly.is_date(day text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT day ~ ('^[1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
                 '|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$')
        AND (day NOT LIKE '____-02-29%' OR opencalendly.is_leap_year(day));
END;
COMMENT ON FUNCTION opencalendly.is_date(text) IS 'internal: whether a text is a date, yyyy-mm-dd';

CREATE FUNCTION opencalendly.is_wall_clock(at text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT at ~ ('^[1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
                 '|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))'
                 'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?$')
        AND (at NOT LIKE '____-02-29%' OR opencalendly.is_leap_year(at));
END;
COMMENT ON FUNCTION opencalendly.is_wall_clock(text) IS 'internal: whether a text is a date and time without offset';

CREATE FUNCTION opencalendly.is_instant(at text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT at ~ ('^[1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
                 '|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))'
                 'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])$')
        AND (at NOT LIKE '____-02-29%' OR opencalendly.is_leap_year(at));
END;
COMMENT ON FUNCTION opencalendly.is_instant(text) IS 'internal: whether a text is a date and time with offset';

-- Of a reading that is there twice PostgreSQL takes the later one. No clock goes back more than three hours at once.
CREATE FUNCTION opencalendly.first_reading(at timestamp, zone text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    later constant timestamptz := at AT TIME ZONE zone;
    before constant timestamptz := later - interval '3 hours';
    earlier constant timestamptz := (at - ((before AT TIME ZONE zone) - (before AT TIME ZONE 'UTC'))) AT TIME ZONE 'UTC';
BEGIN
    RETURN CASE WHEN earlier < later AND earlier AT TIME ZONE zone = at THEN earlier ELSE later END;
END
$$;
COMMENT ON FUNCTION opencalendly.first_reading(timestamp, text) IS
    'internal: the first instant at which a zone''s clock shows this; one that it never shows counts from before the gap';

-- An object {"date"} or {"dateTime", "timeZone"?}.
CREATE FUNCTION opencalendly.event_time(at jsonb, calendar_zone text, is_end boolean) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said constant text := coalesce(at ->> 'dateTime', at ->> 'date');
    zone text;
BEGIN
    IF opencalendly.is_instant(said) THEN
        RETURN said::timestamptz;
    END IF;
    zone := CASE WHEN at ? 'dateTime' THEN coalesce(at ->> 'timeZone', calendar_zone) ELSE calendar_zone END;
    IF NOT coalesce(opencalendly.is_timezone(zone), false) THEN
        RETURN NULL;
    ELSIF opencalendly.is_date(said) THEN
        RETURN opencalendly.first_reading(said::timestamp, zone);
    ELSIF opencalendly.is_wall_clock(said) THEN
        RETURN CASE WHEN is_end THEN said::timestamp AT TIME ZONE zone
                    ELSE opencalendly.first_reading(said::timestamp, zone) END;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.event_time(jsonb, text, boolean) IS
    'internal: when an event begins or ends; null = it cannot be read, or its zone is not known';

CREATE FUNCTION opencalendly.is_busy_event(event jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE(event ->> 'status', '') <> 'cancelled' AND COALESCE(event ->> 'transparency', '') <> 'transparent'
        AND COALESCE(event ->> 'eventType', '') NOT IN ('workingLocation', 'birthday')
        AND NOT COALESCE(event -> 'attendees' @> '[{"self": true, "responseStatus": "declined"}]', false);
END;
COMMENT ON FUNCTION opencalendly.is_busy_event(jsonb) IS
    'internal: whether an event, as the provider tells it, makes the host busy, if it is not ours';

-- A date that ends where it begins is that one day.
CREATE FUNCTION opencalendly.event_end(event jsonb, calendar_zone text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    day constant text := event #>> '{end,date}';
BEGIN
    IF day = event #>> '{start,date}' AND opencalendly.is_date(day) THEN
        RETURN opencalendly.event_time(jsonb_build_object('date', (day::date + 1)::text), calendar_zone, true);
    END IF;
    RETURN opencalendly.event_time(event -> 'end', calendar_zone, true);
END
$$;
COMMENT ON FUNCTION opencalendly.event_end(jsonb, text) IS 'internal: when an event ends; null = it cannot be read';

-- Our id is made of the booking for which the event was first written (verbs/writeback_queue.c). An invitation that a host got
-- by mail (world/mail.c) may have found its way into the calendar: it bears the name of the first booking of its meeting.
CREATE FUNCTION opencalendly.booking_of_event(event jsonb) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN event ->> 'id' ~ '^oc[0-9a-f]{40}$' AND event #> '{extendedProperties,private,opencalendly}' IS NOT NULL
            THEN pg_catalog.substr(event ->> 'id', 3, 32)::uuid
        WHEN event ->> 'iCalUID' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@opencalendly$'
            THEN pg_catalog."left"(event ->> 'iCalUID', 36)::uuid END;
END;
COMMENT ON FUNCTION opencalendly.booking_of_event(jsonb) IS
    'internal: the booking, maybe of another installation, that an event says it is of; null = it says nothing';

-- Whoever joins a meeting of several seats gets the hosts that it has: so a booking that has gone from it says who attends. An
-- invitee's copy counts, be they a host, too: their time is given nowhere else. One row after the other is looked up, however
-- the caller is planned (put_events).
CREATE FUNCTION opencalendly.attended_bookings(ids uuid[], owner_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_nestloop = on AS $$
BEGIN
    IF ids = '{}' THEN
        RETURN ids;
    END IF;
    RETURN ARRAY(
        WITH RECURSIVE moved AS (
            SELECT b.id AS first_id, b.id, b.host_ids, b.organizer_id FROM opencalendly.bookings AS b WHERE b.id = ANY (ids)
            UNION ALL
            SELECT m.first_id, b.id, b.host_ids, b.organizer_id
                FROM moved AS m JOIN opencalendly.bookings AS b ON b.rescheduled_from = m.id)
        SELECT DISTINCT m.first_id FROM moved AS m WHERE owner_id = ANY (coalesce(m.host_ids, ARRAY[m.organizer_id])));
END
$$;
COMMENT ON FUNCTION opencalendly.attended_bookings(uuid[], uuid) IS
    'internal: which of these bookings are known here, and attended by this host, or were, then or after a move';

-- If an event is told of twice, as it may be while the pages are read, the last word counts.
CREATE FUNCTION opencalendly.told_events(pages jsonb, calendar_zone text, owner_id uuid)
    RETURNS TABLE (external_id text, is_busy boolean, starts_at timestamptz, ends_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH told AS MATERIALIZED (
            SELECT DISTINCT ON (e.event ->> 'id') e.event, e.event ->> 'id' AS id, e.event #>> '{start,dateTime}' AS start_said,
                e.event #>> '{end,dateTime}' AS end_said, opencalendly.booking_of_event(e.event) AS booking_id
            FROM jsonb_array_elements(pages) WITH ORDINALITY AS p (page, n),
                jsonb_array_elements(p.page -> 'items') WITH ORDINALITY AS e (event, n)
            ORDER BY e.event ->> 'id', p.n DESC, e.n DESC),
        ours AS MATERIALIZED (
            SELECT o.id FROM unnest(opencalendly.attended_bookings(
                ARRAY(SELECT t.booking_id FROM told AS t WHERE t.booking_id IS NOT NULL), owner_id)) AS o (id))
        SELECT t.id, opencalendly.is_busy_event(t.event) AND (t.booking_id IN (SELECT o.id FROM ours AS o)) IS NOT TRUE,
            CASE WHEN opencalendly.is_instant(t.start_said) THEN t.start_said::timestamptz
                 ELSE opencalendly.event_time(t.event -> 'start', calendar_zone, false) END,
            CASE WHEN opencalendly.is_instant(t.end_said) THEN t.end_said::timestamptz
                 ELSE opencalendly.event_end(t.event, calendar_zone) END
        FROM told AS t;
END
$$;
COMMENT ON FUNCTION opencalendly.told_events(jsonb, text, uuid) IS
    'internal: the events in answers of events.list, each once; of one whose time cannot be read starts_at or ends_at is null';

--
-- The mirror
--

-- What is as it was is not written again, and what has changed is moved rather than made anew, which spares the foreign keys.
-- How many windows come is not known when it is planned, nor how many there are: each side is hashed, or a thousand would be
-- compared with a thousand.
CREATE FUNCTION opencalendly.put_busy_windows(calendar opencalendly.calendars, busy tstzmultirange) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off AS $$
BEGIN
    WITH wanted AS MATERIALIZED (SELECT lower(r) AS starts_at, upper(r) AS ends_at FROM unnest(busy) AS r),
    present AS MATERIALIZED (
        SELECT w.id, w.starts_at, w.ends_at FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = calendar.id),
    gone AS MATERIALIZED (
        SELECT p.id, row_number() OVER () AS n FROM present AS p
            WHERE NOT EXISTS (SELECT FROM wanted AS w WHERE w.starts_at = p.starts_at AND w.ends_at = p.ends_at)),
    fresh AS MATERIALIZED (
        SELECT w.starts_at, w.ends_at, row_number() OVER () AS n FROM wanted AS w
            WHERE NOT EXISTS (SELECT FROM present AS p WHERE p.starts_at = w.starts_at AND p.ends_at = w.ends_at)),
    moved AS (
        UPDATE opencalendly.calendar_busy_windows AS w SET starts_at = f.starts_at, ends_at = f.ends_at
            FROM gone AS g JOIN fresh AS f ON f.n = g.n WHERE w.id = g.id),
    dropped AS (
        DELETE FROM opencalendly.calendar_busy_windows AS w USING gone AS g
            WHERE w.id = g.id AND g.n > (SELECT count(*) FROM fresh))
    INSERT INTO opencalendly.calendar_busy_windows (user_id, calendar_id, starts_at, ends_at)
        SELECT calendar.user_id, calendar.id, f.starts_at, f.ends_at FROM fresh AS f WHERE f.n > (SELECT count(*) FROM gone);
END
$$;
COMMENT ON FUNCTION opencalendly.put_busy_windows(opencalendly.calendars, tstzmultirange) IS
    'internal: the windows of a calendar are these; null = none';

-- One event that cannot be read is enough for none to be written. What is over, or begins after what was read, is not kept.
-- It is planned as put_busy_windows is.
CREATE FUNCTION opencalendly.put_events(
    calendar opencalendly.calendars, pages jsonb, is_full boolean, window_start timestamptz, window_end timestamptz,
    OUT problem text, OUT n_changed bigint)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
    WITH told AS MATERIALIZED (
        SELECT t.* FROM opencalendly.told_events(pages, calendar.timezone, calendar.user_id) AS t),
    unread AS MATERIALIZED (
        SELECT CASE WHEN t.external_id IS NULL THEN 'an event has no id' ELSE format('the time of event %s cannot be read',
                regexp_replace(left(t.external_id, 80), '[^A-Za-z0-9_.@-]', '?', 'g')) END AS problem
            FROM told AS t
            WHERE t.external_id IS NULL OR t.is_busy AND (t.ends_at >= t.starts_at) IS NOT TRUE
            ORDER BY t.external_id LIMIT 1),
    kept AS MATERIALIZED (
        SELECT t.* FROM told AS t WHERE t.is_busy AND t.ends_at > t.starts_at
            AND t.ends_at > window_start AND t.starts_at < window_end),
    gone AS (
        DELETE FROM opencalendly.calendar_events AS e WHERE e.calendar_id = calendar.id
            AND NOT EXISTS (SELECT FROM unread)
            AND (is_full OR e.ends_at <= window_start OR EXISTS (SELECT FROM told AS t WHERE t.external_id = e.external_id))
            AND NOT EXISTS (SELECT FROM kept AS k WHERE k.external_id = e.external_id)
        RETURNING 1),
    moved AS (
        UPDATE opencalendly.calendar_events AS e SET starts_at = k.starts_at, ends_at = k.ends_at FROM kept AS k
            WHERE e.calendar_id = calendar.id AND e.external_id = k.external_id
                AND (e.starts_at <> k.starts_at OR e.ends_at <> k.ends_at) AND NOT EXISTS (SELECT FROM unread)
        RETURNING 1),
    fresh AS (
        INSERT INTO opencalendly.calendar_events (calendar_id, external_id, starts_at, ends_at)
            SELECT calendar.id, k.external_id, k.starts_at, k.ends_at FROM kept AS k
            WHERE NOT EXISTS (SELECT FROM unread) AND NOT EXISTS (
                SELECT FROM opencalendly.calendar_events AS e WHERE e.calendar_id = calendar.id AND e.external_id = k.external_id)
        RETURNING 1)
    SELECT (SELECT u.problem FROM unread AS u), (SELECT count(*) FROM gone) + (SELECT count(*) FROM moved) + (SELECT count(*) FROM fresh)
        INTO put_events.problem, put_events.n_changed;
END
$$;
COMMENT ON FUNCTION opencalendly.put_events(opencalendly.calendars, jsonb, boolean, timestamptz, timestamptz) IS
    'internal: keeps the busy events of answers: all there are, or what has changed; problem: one of them cannot be read, and nothing is kept; else null, and how many have changed';

-- A full reading goes two days further than what is offered, so that the next ones may be of changes. In another zone than
-- before all-day events are other times: all is to be read anew, at once.
CREATE FUNCTION opencalendly.apply_events(
    calendar opencalendly.calendars, pages jsonb, is_full boolean, began_at timestamptz, window_start timestamptz,
    window_end timestamptz) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    end_of_reading constant timestamptz := CASE WHEN is_full THEN window_end + interval '2 days' ELSE calendar.read_until END;
    zone constant text := coalesce(pages -> -1 ->> 'timeZone', calendar.timezone);
    is_moved constant boolean := NOT is_full AND zone <> calendar.timezone;
    done record;
BEGIN
    IF NOT opencalendly.is_whole_list(pages) THEN
        RETURN 'the list of events is not whole';
    END IF;
    calendar.timezone := zone;
    done := opencalendly.put_events(calendar, pages, is_full, window_start, end_of_reading);
    IF done.problem IS NOT NULL THEN
        RETURN done.problem;
    ELSIF is_full OR done.n_changed > 0 THEN
        PERFORM opencalendly.put_busy_windows(calendar,
            (SELECT range_agg(tstzrange(e.starts_at, e.ends_at)) FROM opencalendly.calendar_events AS e
             WHERE e.calendar_id = calendar.id));
    END IF;
    UPDATE opencalendly.calendars AS c
        SET sync_token = CASE WHEN NOT is_moved THEN pages -> -1 ->> 'nextSyncToken' END, timezone = zone,
            read_until = end_of_reading, full_sync_at = CASE WHEN is_full THEN began_at ELSE c.full_sync_at END
        WHERE c.id = calendar.id;
    IF is_moved THEN
        UPDATE opencalendly.calendar_connections AS c SET asked_at = clock_timestamp() WHERE c.id = calendar.connection_id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.apply_events(opencalendly.calendars, jsonb, boolean, timestamptz, timestamptz, timestamptz) IS
    'internal: a calendar is as answers of events.list tell, all there is or what has changed; returns what is wrong with them (and nothing is changed), or null';

-- All that was asked for must have been answered, without an error. A second is left for how times are rounded.
CREATE FUNCTION opencalendly.apply_free_busy(
    calendar opencalendly.calendars, answers jsonb, window_start timestamptz, window_end timestamptz) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told constant jsonb := (SELECT jsonb_agg(a || (a #> ARRAY['calendars', calendar.external_id]))
        FROM jsonb_array_elements(answers) AS a WHERE a -> 'calendars' ? calendar.external_id);
    reason constant text := (SELECT coalesce(e.error ->> 'reason', 'without reason')
        FROM jsonb_array_elements(told) AS a, jsonb_array_elements(a -> 'errors') AS e (error) LIMIT 1);
    busy constant jsonb := (SELECT jsonb_agg(b) FROM jsonb_array_elements(told) AS a, jsonb_array_elements(a -> 'busy') AS b);
BEGIN
    IF told IS NULL THEN
        RETURN 'the provider told nothing of this calendar';
    ELSIF reason IS NOT NULL THEN
        RETURN format('the provider answered with an error (%s)', coalesce(substring(reason FROM '^[A-Za-z ]{1,60}$'), 'in other words'));
    ELSIF EXISTS (SELECT FROM jsonb_array_elements(told) AS a
                  WHERE (opencalendly.is_instant(a ->> 'timeMin') AND opencalendly.is_instant(a ->> 'timeMax')
                      AND jsonb_typeof(a -> 'busy') = 'array') IS NOT TRUE)
        OR EXISTS (SELECT FROM jsonb_array_elements(busy) AS b
                   WHERE (opencalendly.is_instant(b ->> 'start') AND opencalendly.is_instant(b ->> 'end')) IS NOT TRUE)
    THEN
        RETURN 'a busy time cannot be read';
    ELSIF NOT (SELECT range_agg(tstzrange((a ->> 'timeMin')::timestamptz, (a ->> 'timeMax')::timestamptz))
               FROM jsonb_array_elements(told) AS a)
        @> tstzrange(window_start + interval '1 second', window_end - interval '1 second')
    THEN
        RETURN 'the provider did not tell of the whole time';
    END IF;
    DELETE FROM opencalendly.calendar_events AS e WHERE e.calendar_id = calendar.id;
    UPDATE opencalendly.calendars AS c SET sync_token = NULL WHERE c.id = calendar.id AND c.sync_token IS NOT NULL;
    PERFORM opencalendly.put_busy_windows(calendar,
        (SELECT range_agg(tstzrange((b ->> 'start')::timestamptz, (b ->> 'end')::timestamptz)) FROM jsonb_array_elements(busy) AS b));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.apply_free_busy(opencalendly.calendars, jsonb, timestamptz, timestamptz) IS
    'internal: a calendar is as answers of freeBusy.query tell; returns what is wrong with them (and nothing is changed), or null';

-- What has come of one calendar: an error of the worker's, its events, or its busy times. A list of changes says nothing
-- where all is to be read anew since, nor does silence about a calendar that was chosen since: both are asked for again.
CREATE FUNCTION opencalendly.apply_calendar(
    calendar opencalendly.calendars, findings jsonb, began_at timestamptz, is_asked boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mark constant jsonb := jsonb_build_array(jsonb_build_object('calendarId', calendar.id));
    window_start constant timestamptz := findings ->> 'from';
    window_end constant timestamptz := findings ->> 'until';
    entry jsonb;
BEGIN
    IF findings -> 'errors' @> mark THEN
        RETURN (SELECT e ->> 'error' FROM jsonb_array_elements(findings -> 'errors') AS e WHERE e @> (mark -> 0) LIMIT 1);
    ELSIF findings -> 'events' @> mark THEN
        entry := (SELECT e FROM jsonb_array_elements(findings -> 'events') AS e WHERE e @> (mark -> 0) LIMIT 1);
        IF calendar.sync_token IS NULL AND NOT entry @> '{"isFull": true}' THEN
            RETURN '';
        END IF;
        RETURN opencalendly.apply_events(
            calendar, entry -> 'pages', entry @> '{"isFull": true}', began_at, window_start, window_end);
    ELSIF is_asked AND NOT EXISTS (SELECT FROM jsonb_array_elements(findings -> 'freeBusy') AS a
                                   WHERE a -> 'calendars' ? calendar.external_id)
    THEN
        RETURN '';
    END IF;
    RETURN opencalendly.apply_free_busy(calendar, coalesce(findings -> 'freeBusy', '[]'), window_start, window_end);
EXCEPTION WHEN data_exception THEN
    RETURN 'the answer cannot be read';
END
$$;
COMMENT ON FUNCTION opencalendly.apply_calendar(opencalendly.calendars, jsonb, timestamptz, boolean) IS
    'internal: writes what a sync has found of a busy source; returns what is wrong with it (and nothing is changed), null = nothing, or '' = it tells nothing of this calendar';

-- A channel that does not say when it ends is made anew soon.
CREATE FUNCTION opencalendly.put_channels(connection_id uuid, channels jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE opencalendly.calendars AS c
        SET channel_id = (n ->> 'channelId')::uuid, channel_token_hash = decode(n ->> 'tokenHash', 'hex'),
            channel_resource_id = n ->> 'resourceId',
            channel_expires_at = CASE WHEN n ->> 'expiresAt' ~ '^[0-9]{1,14}$' THEN to_timestamp((n ->> 'expiresAt')::bigint / 1000.0)
                                      ELSE clock_timestamp() + interval '2 days' END
        FROM jsonb_array_elements(channels) AS n
        WHERE c.connection_id = put_channels.connection_id AND c.id = (n ->> 'calendarId')::uuid AND c.is_busy_source;
END
$$;
COMMENT ON FUNCTION opencalendly.put_channels(uuid, jsonb) IS
    'internal: by which channels the provider tells of changes in busy sources from now on';

CREATE FUNCTION opencalendly.calendar_sync_interval() RETURNS interval
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- loads the library: from then on the setting is there
    PERFORM opencalendly.current_instant();
    RETURN current_setting('opencalendly.calendar_sync_interval')::interval;
END
$$;
COMMENT ON FUNCTION opencalendly.calendar_sync_interval() IS
    'internal: how often calendars are read, the setting opencalendly.calendar_sync_interval';

-- A wish from the future was told by a clock that has been set back since: it counts as fulfilled, or each sync would bring about
-- the next. When the clock was set back after the sync began, nobody can tell: that is one sync more.
CREATE FUNCTION opencalendly.is_asked_since(connection opencalendly.calendar_connections, began_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at constant timestamptz := clock_timestamp();
BEGIN
    RETURN began_at > at OR coalesce(connection.asked_at > began_at AND connection.asked_at <= at, false);
END
$$;
COMMENT ON FUNCTION opencalendly.is_asked_since(opencalendly.calendar_connections, timestamptz) IS
    'internal: whether another sync was asked for after one began, as far as clocks tell';

-- The end of a sync, good or bad. Who asks while it is under way is answered by another one, at once; after a failure only if
-- that was the first, so that nobody can ask without end for what fails. Nothing is noted that lies in the future: who asks waits
-- for a sync that was begun later (79_api_calendar_sync.sql).
CREATE FUNCTION opencalendly.end_sync(connection_id uuid, began_at timestamptz, is_good boolean, error text, delay interval)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    noted_at constant timestamptz := least(began_at, clock_timestamp());
    is_asked_again constant boolean := (SELECT opencalendly.is_asked_since(c, began_at)
        FROM opencalendly.calendar_connections AS c WHERE c.id = end_sync.connection_id);
BEGIN
    UPDATE opencalendly.calendar_connections AS c
        SET tried_at = noted_at, leased_until = NULL, last_error = left(end_sync.error, 300),
            failures = CASE WHEN is_good THEN 0 ELSE c.failures + 1 END,
            synced_at = CASE WHEN is_good THEN noted_at ELSE c.synced_at END,
            asked_at = CASE WHEN c.asked_at > noted_at AND NOT is_asked_again THEN noted_at ELSE c.asked_at END,
            next_sync_at = clock_timestamp()
                + CASE WHEN is_asked_again AND (is_good OR c.failures = 0) THEN interval '0' ELSE delay END
        WHERE c.id = end_sync.connection_id;
    IF is_asked_again THEN
        PERFORM opencalendly.wake_workers_at_commit();
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.end_sync(uuid, timestamptz, boolean, text, interval) IS
    'internal: a sync that began then is over, the next one begins after a delay; returns true';

-- One calendar that fails does not make the others wait, but they all are read again soon: if the provider wants to be left alone
-- for longer, when they would have been anyway. A sync in which all have failed has failed, and is tried again after a delay that
-- grows, the worker's.
CREATE FUNCTION opencalendly.apply_calendar_sync(connection_id uuid, attempt integer, began_at timestamptz, findings jsonb)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    connection constant opencalendly.calendar_connections := opencalendly.lock_connection(connection_id, attempt, 'active');
    calendar opencalendly.calendars;
    problem text;
    problems text[];
    n_good integer := 0;
    delay interval := opencalendly.calendar_sync_interval() * (0.9 + 0.2 * random());
    retry_delay constant interval := (findings ->> 'retryMs')::bigint * interval '1 millisecond';
    asked_delay constant interval := (findings ->> 'askedMs')::bigint * interval '1 millisecond';
BEGIN
    IF connection.id IS NULL THEN
        RETURN false;
    ELSIF opencalendly.put_calendars(connection, findings -> 'calendarList') THEN
        UPDATE opencalendly.calendar_connections AS c SET listed_at = began_at WHERE c.id = connection.id;
    END IF;
    FOR calendar IN SELECT c.* FROM opencalendly.calendars AS c
        WHERE c.connection_id = connection.id AND c.is_busy_source ORDER BY c.id FOR NO KEY UPDATE
    LOOP
        problem := opencalendly.apply_calendar(calendar, findings, began_at, opencalendly.is_asked_since(connection, began_at));
        CONTINUE WHEN problem = '';
        UPDATE opencalendly.calendars AS c
            SET last_error = left(problem, 300),
                synced_at = CASE WHEN problem IS NULL THEN least(began_at, clock_timestamp()) ELSE c.synced_at END
            WHERE c.id = calendar.id;
        IF problem IS NULL THEN
            n_good := n_good + 1;
        ELSE
            problems := problems || format('%s: %s', calendar.name, problem);
        END IF;
    END LOOP;
    PERFORM opencalendly.put_channels(connection.id, findings -> 'channels');
    IF n_good = 0 AND problems IS NOT NULL THEN
        delay := coalesce(retry_delay, delay);
    ELSIF problems IS NOT NULL THEN
        delay := least(delay, greatest(interval '5 minutes', asked_delay));
    END IF;
    RETURN opencalendly.end_sync(connection.id, began_at, n_good > 0 OR problems IS NULL, problems[1], delay);
END
$$;
COMMENT ON FUNCTION opencalendly.apply_calendar_sync(uuid, integer, timestamptz, jsonb) IS
    'internal: writes what a sync has found: {"from", "until", "calendarList"?: [answer], "freeBusy"?: [answer], "events"?: [{"calendarId", "isFull", "pages": [answer]}], "errors"?: [{"calendarId", "error"}], "channels"?: [{"calendarId", "channelId", "tokenHash", "resourceId", "expiresAt"}], "retryMs"?: how long it is left alone if all have failed, "askedMs"?: for how long the provider wants to be}, for workers; false if the attempt is not theirs any more';

CREATE FUNCTION opencalendly.fail_calendar_sync(
    connection_id uuid, attempt integer, began_at timestamptz, error text, delay_ms bigint, is_broken boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    connection constant opencalendly.calendar_connections := opencalendly.lock_connection(connection_id, attempt, 'active');
BEGIN
    IF connection.id IS NULL THEN
        RETURN false;
    ELSIF is_broken THEN
        UPDATE opencalendly.calendar_connections AS c SET state = 'broken' WHERE c.id = connection.id;
        PERFORM opencalendly.enqueue_mail('calendar_broken',
            concat_ws('/', 'calendar_broken', connection.id, floor(extract(epoch FROM clock_timestamp()))),
            connection.user_id, NULL, connection.id);
    END IF;
    RETURN opencalendly.end_sync(connection.id, began_at, false, error, delay_ms * interval '1 millisecond');
END
$$;
COMMENT ON FUNCTION opencalendly.fail_calendar_sync(uuid, integer, timestamptz, text, bigint, boolean) IS
    'internal: a sync has come to nothing, for the reason given, and is tried again after a delay; or the grant is dead: the connection is broken, and its user is told by mail; for workers; false if the attempt is not theirs any more';
