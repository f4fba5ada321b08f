-- The HTTP API of hosts' calendars: having them read now, and what the provider pushes (79_api_calendars.sql for the rest).
-- Who asks for a sync waits for it as who connects does (79_api_calendar_connect.sql).

-- What the mirror has of the time between start and end, by the wall clock.
CREATE FUNCTION opencalendly.sync_window(given jsonb) RETURNS tstzrange
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    from_at constant timestamptz := clock_timestamp() - interval '1 day';
    until_at constant timestamptz := clock_timestamp()
        + make_interval(days => coalesce(current_setting('opencalendly.calendar_days_ahead', true), '60')::integer);
    start_at constant timestamptz := coalesce((given ->> 'start')::timestamptz, from_at);
    end_at constant timestamptz := coalesce((given ->> 'end')::timestamptz, until_at);
BEGIN
    IF start_at >= until_at THEN
        PERFORM opencalendly.raise_bad_value('start', 'must be before ' || opencalendly.instant_text(until_at)
            || ', up to which calendars are read', given -> 'start');
    ELSIF end_at <= from_at THEN
        PERFORM opencalendly.raise_bad_value('end', 'must be after ' || opencalendly.instant_text(from_at)
            || ', from which on calendars are read', given -> 'end');
    ELSIF end_at <= start_at THEN
        PERFORM opencalendly.raise_bad_value('end', 'must be after start', given -> 'end');
    END IF;
    RETURN tstzrange(greatest(start_at, from_at), least(end_at, until_at));
END
$$;
COMMENT ON FUNCTION opencalendly.sync_window(jsonb) IS
    'internal: the part of {"start", "end"} that calendars are read for; raises OC006';

CREATE FUNCTION opencalendly.raise_broken(connection opencalendly.calendar_connections) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = format('%s must be connected again', connection.account_email),
        DETAIL = coalesce(connection.last_error, 'Google does not accept the connection any more.');
END
$$;
COMMENT ON FUNCTION opencalendly.raise_broken(opencalendly.calendar_connections) IS
    'internal: raises OC005 for a connection that has ended at the provider''s';

-- Who has none is told so; if what was asked for has ended the last one, too.
CREATE FUNCTION opencalendly.active_connections(user_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    ids constant uuid[] := ARRAY(SELECT c.id FROM opencalendly.calendar_connections AS c
        WHERE c.user_id = active_connections.user_id AND c.state = 'active' AND c.provider = 'google'
        ORDER BY c.created_at, c.id);
    broken opencalendly.calendar_connections;
BEGIN
    IF ids <> '{}' THEN
        RETURN ids;
    END IF;
    SELECT c.* INTO broken FROM opencalendly.calendar_connections AS c
        WHERE c.user_id = active_connections.user_id AND c.state = 'broken' AND c.provider = 'google'
        ORDER BY c.created_at, c.id LIMIT 1;
    IF FOUND THEN
        PERFORM opencalendly.raise_broken(broken);
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = 'no calendar is connected',
        DETAIL = 'The caller has no connection to Google.';
END
$$;
COMMENT ON FUNCTION opencalendly.active_connections(uuid) IS
    'internal: the user''s connections to Google that are read; raises OC005 (they are all broken), OC013 (there are none)';

-- Every connection in turn, in the order of their ids.
CREATE FUNCTION opencalendly.ask_for_sync(user_id uuid, ids uuid[], given jsonb) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM opencalendly.sync_window(given);
    PERFORM opencalendly.check_google_is_set_up();
    PERFORM opencalendly.check_can_wait(user_id);
    PERFORM opencalendly.ask_calendar_sync(i.id, false) FROM unnest(ids) AS i (id) ORDER BY i.id;
    RETURN opencalendly.wait_answer();
END
$$;
COMMENT ON FUNCTION opencalendly.ask_for_sync(uuid, uuid[], jsonb) IS
    'internal: connections are read at once; errors OC006, OC008, OC011';

-- Waits until each connection has been read by a sync that began after the last wish for one. If one that was under way has
-- failed, and the next is not to begin so soon, there is nothing to wait for. A clock that is set back meanwhile takes the wish
-- along (world/calendar.c, end_sync), and what was read by the clock before says nothing.
CREATE FUNCTION opencalendly.await_syncs(user_id uuid, ids uuid[]) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gives_up_at constant timestamptz := opencalendly.begin_wait(user_id);
    asked_at constant timestamptz[] := ARRAY(SELECT coalesce(c.asked_at, '-infinity')
        FROM unnest(ids) WITH ORDINALITY AS i (id, n) LEFT JOIN opencalendly.calendar_connections AS c ON c.id = i.id ORDER BY i.n);
    failed opencalendly.calendar_connections;
BEGIN
    WHILE EXISTS (SELECT FROM unnest(ids, asked_at) AS w (id, asked_at)
                  JOIN opencalendly.calendar_connections AS c ON c.id = w.id
                  WHERE c.state = 'active'
                      AND coalesce(c.tried_at < least(w.asked_at, c.asked_at) OR c.tried_at > clock_timestamp(), true)
                      AND (c.failures = 0 OR c.leased_until IS NOT NULL OR c.next_sync_at < gives_up_at))
    LOOP
        IF clock_timestamp() >= gives_up_at THEN
            PERFORM opencalendly.raise_too_late('The calendars are read when it does.');
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    SELECT c.* INTO failed FROM opencalendly.calendar_connections AS c
        WHERE c.id = ANY (ids) AND (c.state = 'broken' OR c.state = 'active' AND c.failures > 0)
        ORDER BY c.created_at, c.id LIMIT 1;
    IF failed.state = 'broken' THEN
        PERFORM opencalendly.raise_broken(failed);
    ELSIF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OC010', MESSAGE = format('the calendars of %s could not be read', failed.account_email),
            DETAIL = failed.last_error;
    END IF;
    RETURN (SELECT min(a.at) FROM unnest(asked_at) AS a (at));
END
$$;
COMMENT ON FUNCTION opencalendly.await_syncs(uuid, uuid[]) IS
    'internal: waits for what ask_for_sync has asked for, returns when that was; errors OC005 (broken), OC008, OC010';

-- A token is fetched for so long as refresh_at is 80 percent of: so the row tells when that was.
CREATE FUNCTION opencalendly.sync_answer(user_id uuid, ids uuid[], asked_at timestamptz, given jsonb, more jsonb)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant tstzrange := opencalendly.sync_window(given);
    n bigint;
BEGIN
    SELECT count(*) INTO n
        FROM opencalendly.calendar_busy_windows AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id
        WHERE w.user_id = sync_answer.user_id AND w.ends_at > lower(wanted) AND w.starts_at < upper(wanted)
            AND c.connection_id = ANY (ids);
    RETURN opencalendly.answer(more || (
        SELECT jsonb_build_object(
            'syncWindow', jsonb_build_object('startIso', opencalendly.instant_text(lower(wanted)),
                'endIso', opencalendly.instant_text(upper(wanted))),
            'busyWindowCount', n,
            'refreshedAccessToken', coalesce(bool_or(CASE WHEN isfinite(c.refresh_at) AND isfinite(c.access_expires_at)
                THEN c.access_expires_at - (c.access_expires_at - c.refresh_at) * 5 >= sync_answer.asked_at END), false),
            'lastSyncedAt', opencalendly.instant_text(min(c.synced_at)),
            'nextSyncAt', opencalendly.instant_text(min(opencalendly.next_sync_of(c))))
        FROM opencalendly.calendar_connections AS c WHERE c.id = ANY (ids)));
END
$$;
COMMENT ON FUNCTION opencalendly.sync_answer(uuid, uuid[], timestamptz, jsonb, jsonb) IS
    'internal: what the mirror has of connections that have been read, beside other members';

CREATE FUNCTION opencalendly.api_sync_calendars(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"start": "instant", "end": "instant"}');
BEGIN
    RETURN opencalendly.ask_for_sync(me.id, opencalendly.active_connections(me.id), given);
END
$$;
COMMENT ON FUNCTION opencalendly.api_sync_calendars(text, text) IS
    'POST /v0/calendar/google/sync: all of the caller''s connections to Google are read at once; errors OC005 (broken), OC006, OC008, OC011, OC012, OC013 (none)';

CREATE FUNCTION opencalendly.api_await_sync(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"start": "instant", "end": "instant"}');
    ids constant uuid[] := opencalendly.active_connections(me.id);
    asked_at constant timestamptz := opencalendly.await_syncs(me.id, ids);
BEGIN
    RETURN opencalendly.sync_answer(me.id, ids, asked_at, given, '{}');
END
$$;
COMMENT ON FUNCTION opencalendly.api_await_sync(text, text) IS
    'POST /v0/calendar/google/sync, then: what has been read, of the time between start and end; errors OC005 (broken), OC006, OC008, OC010, OC012, OC013 (none)';

CREATE FUNCTION opencalendly.api_sync_connection(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    connection constant opencalendly.calendar_connections := opencalendly.own_connection(me.id, api_sync_connection.id);
    given constant jsonb := opencalendly.body_fields(body, '{"start": "instant", "end": "instant"}');
BEGIN
    IF connection.state = 'broken' THEN
        PERFORM opencalendly.raise_broken(connection);
    END IF;
    RETURN opencalendly.ask_for_sync(me.id, ARRAY[connection.id], given);
END
$$;
COMMENT ON FUNCTION opencalendly.api_sync_connection(text, text, text) IS
    'POST /v0/calendar/connections/:id/sync: one of the caller''s is read at once; errors OC005 (broken), OC006, OC008, OC011, OC012, OC013';

CREATE FUNCTION opencalendly.api_await_connection_sync(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    connection constant opencalendly.calendar_connections :=
        opencalendly.own_connection(me.id, api_await_connection_sync.id);
    given constant jsonb := opencalendly.body_fields(body, '{"start": "instant", "end": "instant"}');
    asked_at constant timestamptz := opencalendly.await_syncs(me.id, ARRAY[connection.id]);
BEGIN
    RETURN opencalendly.sync_answer(me.id, ARRAY[connection.id], asked_at, given,
        jsonb_build_object('connection', opencalendly.connections_json(me.id, connection.id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_await_connection_sync(text, text, text) IS
    'POST /v0/calendar/connections/:id/sync, then: what has been read; errors OC005 (broken), OC006, OC008, OC010, OC012, OC013';

--
-- What Google pushes
--

-- It only says that something has changed; the first word of a channel is "sync", and says nothing.
CREATE FUNCTION opencalendly.api_calendar_notify(channel_id text, channel_token text, resource_state text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    calendar opencalendly.calendars;
BEGIN
    IF api_calendar_notify.channel_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        SELECT c.* INTO calendar FROM opencalendly.calendars AS c WHERE c.channel_id = api_calendar_notify.channel_id::uuid;
    END IF;
    IF NOT coalesce(calendar.channel_token_hash = sha256(convert_to(channel_token, 'UTF8')), false) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = 'no such channel',
            DETAIL = 'X-Goog-Channel-ID and X-Goog-Channel-Token name none that is open.';
    END IF;
    IF resource_state IS DISTINCT FROM 'sync' THEN
        PERFORM opencalendly.ask_calendar_sync(calendar.connection_id, false, is_push => true);
    END IF;
    RETURN opencalendly.answer('{}');
END
$$;
COMMENT ON FUNCTION opencalendly.api_calendar_notify(text, text, text) IS
    'POST /v0/calendar/google/notify: a notification of Google''s that a calendar has changed: it is read soon; error OC013';
