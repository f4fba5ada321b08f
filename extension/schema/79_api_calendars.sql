-- The HTTP API of hosts' calendars (46_calendars.sql): what is connected, and which calendars count. As in
-- 78_api_organizer.sql. A token, a code or a state is in no answer and no message, but for the one that begins a connection.
-- 79_api_calendar_connect.sql begins and ends connections, 79_api_calendar_sync.sql has them read.
--
-- The order of locks: the user's row, its connections by id, their calendars.

CREATE FUNCTION opencalendly.calendars_json(connection_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name, 'isPrimary', c.is_primary, 'accessRole', c.access_role,
                'isBusySource', c.is_busy_source, 'isWriteTarget', c.is_write_target,
                'lastSyncedAt', opencalendly.instant_text(c.synced_at), 'lastError', c.last_error)
            ORDER BY c.is_primary DESC, c.name, c.id)
        FROM opencalendly.calendars AS c WHERE c.connection_id = calendars_json.connection_id), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.calendars_json(uuid) IS
    'internal: a list of the calendars of a connection, the primary one first';

CREATE FUNCTION opencalendly.is_stale(connection opencalendly.calendar_connections) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN connection.state <> 'leaving' AND connection.staleness = 'refuse' AND EXISTS (
        SELECT FROM opencalendly.calendars AS c
        WHERE c.connection_id = connection.id AND c.is_busy_source
            AND coalesce(c.synced_at, c.chosen_at, connection.created_at) + make_interval(mins => connection.stale_after_minutes)
                < opencalendly.current_instant());
END
$$;
COMMENT ON FUNCTION opencalendly.is_stale(opencalendly.calendar_connections) IS
    'internal: whether its host is offered in nothing because a busy source of the connection is older than the host allows';

-- When a connection is to be read next: what is due since the beginning of time was asked for, or is new.
CREATE FUNCTION opencalendly.next_sync_of(connection opencalendly.calendar_connections) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN connection.state = 'active'
        THEN greatest(connection.next_sync_at, connection.asked_at, connection.created_at) END;
END
$$;
COMMENT ON FUNCTION opencalendly.next_sync_of(opencalendly.calendar_connections) IS
    'internal: when a connection is to be read next; null where it is not';

CREATE FUNCTION opencalendly.connection_json(connection opencalendly.calendar_connections) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('id', connection.id, 'provider', connection.provider,
        'externalEmail', connection.account_email, 'connected', connection.state <> 'leaving', 'state', connection.state,
        'lastSyncedAt', opencalendly.instant_text(connection.synced_at),
        'nextSyncAt', opencalendly.instant_text(opencalendly.next_sync_of(connection)),
        'lastError', connection.last_error, 'isStale', opencalendly.is_stale(connection),
        'staleness', jsonb_build_object('mode', connection.staleness, 'afterMinutes', connection.stale_after_minutes),
        'calendars', opencalendly.calendars_json(connection.id));
END
$$;
COMMENT ON FUNCTION opencalendly.connection_json(opencalendly.calendar_connections) IS
    'internal: a connection as its user sees it, without its tokens';

-- One that is to be revoked and deleted is not there any more.
CREATE FUNCTION opencalendly.connections_json(user_id uuid, connection_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(opencalendly.connection_json(c) ORDER BY c.created_at, c.id)
        FROM opencalendly.calendar_connections AS c
        WHERE c.user_id = connections_json.user_id AND c.state <> 'leaving'
            AND (connections_json.connection_id IS NULL OR c.id = connections_json.connection_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.connections_json(uuid, uuid) IS
    'internal: a list of a user''s connections, newest last, or of the one that is named';

-- For clients that know one account of a provider's: the first one, the oldest reading, the next one, the first error.
CREATE FUNCTION opencalendly.provider_json(user_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT jsonb_build_object('provider', 'google', 'connected', count(*) > 0,
            'externalEmail', (array_agg(c.account_email ORDER BY c.created_at, c.id))[1],
            'lastSyncedAt', CASE WHEN count(c.synced_at) = count(*) THEN opencalendly.instant_text(min(c.synced_at)) END,
            'nextSyncAt', opencalendly.instant_text(min(opencalendly.next_sync_of(c))),
            'lastError', (array_agg(c.last_error ORDER BY c.created_at, c.id) FILTER (WHERE c.last_error IS NOT NULL))[1])
        FROM opencalendly.calendar_connections AS c
        WHERE c.user_id = provider_json.user_id AND c.state <> 'leaving' AND c.provider = 'google');
END
$$;
COMMENT ON FUNCTION opencalendly.provider_json(uuid) IS
    'internal: Google as the user is connected to it, over all accounts';

CREATE FUNCTION opencalendly.own_connection(me uuid, id text, may_be_leaving boolean DEFAULT false)
    RETURNS opencalendly.calendar_connections
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('connection', own_connection.id);
    found_connection opencalendly.calendar_connections;
BEGIN
    SELECT c.* INTO found_connection FROM opencalendly.calendar_connections AS c
        WHERE c.id = wanted AND c.user_id = me AND (c.state <> 'leaving' OR may_be_leaving);
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('connection', 'id', wanted);
    END IF;
    RETURN found_connection;
END
$$;
COMMENT ON FUNCTION opencalendly.own_connection(uuid, text, boolean) IS
    'internal: a connection of the user; raises OC013';

CREATE FUNCTION opencalendly.connection_answer(user_id uuid, connection_id uuid) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('connection',
        opencalendly.connections_json(user_id, connection_id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.connection_answer(uuid, uuid) IS 'internal: a connection of the user''s';

CREATE FUNCTION opencalendly.google_is_set_up() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(current_setting('opencalendly.google_client_id', true), '') <> '';
END
$$;
COMMENT ON FUNCTION opencalendly.google_is_set_up() IS 'internal: whether this installation has a name at Google';

CREATE FUNCTION opencalendly.check_google_is_set_up() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT opencalendly.google_is_set_up() THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = 'Google Calendar is not set up here',
            DETAIL = 'opencalendly.google_client_id is empty.';
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_google_is_set_up() IS 'internal: raises OC011 while calendars of Google cannot be connected';

CREATE FUNCTION opencalendly.api_calendar_status(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('isConfigured', opencalendly.google_is_set_up(),
        'providers', jsonb_build_array(opencalendly.provider_json(me.id)),
        'connections', opencalendly.connections_json(me.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_calendar_status(text) IS
    'GET /v0/calendar/sync/status: the caller''s connections and their calendars, how fresh they are, and what went wrong; error OC012';

--
-- Which calendars count
--

-- The mirror of a calendar that does not count any more goes with its place in the provider's log, and so does its channel:
-- what comes by it is for nobody.
CREATE FUNCTION opencalendly.set_busy_source(calendar opencalendly.calendars, is_wanted boolean) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF is_wanted IS NULL OR is_wanted = calendar.is_busy_source THEN
        RETURN false;
    END IF;
    DELETE FROM opencalendly.calendar_busy_windows AS w WHERE w.calendar_id = calendar.id;
    DELETE FROM opencalendly.calendar_events AS e WHERE e.calendar_id = calendar.id;
    UPDATE opencalendly.calendars AS c
        SET is_busy_source = is_wanted, chosen_at = clock_timestamp(), sync_token = NULL, read_until = NULL, full_sync_at = NULL, synced_at = NULL,
            last_error = NULL, channel_id = NULL, channel_token_hash = NULL, channel_resource_id = NULL, channel_expires_at = NULL
        WHERE c.id = calendar.id;
    RETURN is_wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.set_busy_source(opencalendly.calendars, boolean) IS
    'internal: makes a calendar a busy source, or no longer one; null = as it is; true: it is to be read';

CREATE FUNCTION opencalendly.set_write_target(calendar opencalendly.calendars, is_wanted boolean, path text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF is_wanted AND calendar.access_role NOT IN ('writer', 'owner') THEN
        PERFORM opencalendly.raise_bad_value('isWriteTarget', 'must be of a calendar that the account may write to',
            to_jsonb(is_wanted), path || '.');
    ELSIF is_wanted THEN
        UPDATE opencalendly.calendars AS c SET is_write_target = false
            WHERE c.user_id = calendar.user_id AND c.is_write_target AND c.id <> calendar.id;
    END IF;
    UPDATE opencalendly.calendars AS c SET is_write_target = is_wanted
        WHERE c.id = calendar.id AND c.is_write_target <> is_wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.set_write_target(opencalendly.calendars, boolean, text) IS
    'internal: makes a calendar the one that its host''s bookings are written to, taking that from another, or no longer; null = as it is; raises OC006';

-- An item of the list, [n]: {"id", "isBusySource", "isWriteTarget"}.
CREATE FUNCTION opencalendly.change_calendar(connection_id uuid, item jsonb, n integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    path constant text := format('calendars[%s]', n);
    wanted opencalendly.calendars;
    calendar opencalendly.calendars;
BEGIN
    wanted := opencalendly.list_item(wanted, item, '{"id": ["id", "string"],
        "isBusySource": ["is_busy_source", "boolean"], "isWriteTarget": ["is_write_target", "boolean"]}', path);
    IF wanted.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'id must be given', DETAIL = format('Field "%s.id" is absent.', path);
    END IF;
    SELECT c.* INTO calendar FROM opencalendly.calendars AS c
        WHERE c.id = wanted.id AND c.connection_id = change_calendar.connection_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('calendar', path || '.id', wanted.id);
    END IF;
    PERFORM opencalendly.set_write_target(calendar, wanted.is_write_target, path);
    RETURN opencalendly.set_busy_source(calendar, wanted.is_busy_source);
END
$$;
COMMENT ON FUNCTION opencalendly.change_calendar(uuid, jsonb, integer) IS
    'internal: changes a calendar of a connection as an item of a list tells; true: it is to be read; raises OC006, OC013';

CREATE FUNCTION opencalendly.change_calendars(connection_id uuid, list jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_new boolean := false;
    item record;
BEGIN
    PERFORM opencalendly.check_list('calendars', list, 1000);
    FOR item IN SELECT e.item, (e.n - 1)::integer AS n, count(*) OVER (PARTITION BY e.item ->> 'id' ORDER BY e.n) AS nth,
            count(*) FILTER (WHERE e.item -> 'isWriteTarget' = 'true') OVER (ORDER BY e.n) AS targets
        FROM jsonb_array_elements(list) WITH ORDINALITY AS e (item, n) ORDER BY e.n
    LOOP
        IF item.nth > 1 AND item.item ->> 'id' IS NOT NULL THEN
            PERFORM opencalendly.raise_bad_value('id', 'must be named once', item.item -> 'id', format('calendars[%s].', item.n));
        ELSIF item.targets > 1 AND item.item -> 'isWriteTarget' = 'true' THEN
            PERFORM opencalendly.raise_bad_value('isWriteTarget', 'must be true of one calendar at most', to_jsonb(true),
                format('calendars[%s].', item.n));
        END IF;
        is_new := opencalendly.change_calendar(connection_id, item.item, item.n) OR is_new;
    END LOOP;
    RETURN is_new;
END
$$;
COMMENT ON FUNCTION opencalendly.change_calendars(uuid, jsonb) IS
    'internal: changes calendars of a connection; true: one of them is to be read; raises OC006, OC013';

CREATE FUNCTION opencalendly.change_staleness(connection opencalendly.calendar_connections, item jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed opencalendly.calendar_connections := connection;
BEGIN
    changed.staleness := NULL;
    changed := opencalendly.list_item(changed, item,
        '{"mode": ["staleness", "string"], "afterMinutes": ["stale_after_minutes", "number"]}', 'staleness');
    IF changed.staleness IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'mode must be given', DETAIL = 'Field "staleness.mode" is absent.';
    ELSIF changed.staleness NOT IN ('trust', 'refuse') THEN
        PERFORM opencalendly.raise_bad_value('mode', 'must be trust or refuse', item -> 'mode', 'staleness.');
    ELSIF changed.stale_after_minutes NOT BETWEEN 5 AND 43200 THEN
        PERFORM opencalendly.raise_bad_value('afterMinutes', 'must be from 5 to 43200', item -> 'afterMinutes', 'staleness.');
    END IF;
    UPDATE opencalendly.calendar_connections AS c
        SET staleness = changed.staleness, stale_after_minutes = changed.stale_after_minutes WHERE c.id = connection.id;
END
$$;
COMMENT ON FUNCTION opencalendly.change_staleness(opencalendly.calendar_connections, jsonb) IS
    'internal: what happens to slots when the connection is not read any more; raises OC006';

-- The user's row makes changes of their write target follow each other.
CREATE FUNCTION opencalendly.lock_own_connection(me uuid, connection_id uuid) RETURNS opencalendly.calendar_connections
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    locked opencalendly.calendar_connections;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = me FOR NO KEY UPDATE;
    SELECT c.* INTO locked FROM opencalendly.calendar_connections AS c
        WHERE c.id = lock_own_connection.connection_id AND c.user_id = me AND c.state <> 'leaving' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('connection', 'id', lock_own_connection.connection_id);
    END IF;
    RETURN locked;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_own_connection(uuid, uuid) IS
    'internal: a connection of the user, locked against syncs that would write what they have found; raises OC013';

CREATE FUNCTION opencalendly.api_update_connection(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := (opencalendly.own_connection(me.id, api_update_connection.id)).id;
    given constant jsonb := opencalendly.cleared(opencalendly.body_fields(body, '{"calendars": "list", "staleness": "object"}'),
        '{"calendars": [], "staleness": {"mode": "refuse", "afterMinutes": 1440}}');
    connection constant opencalendly.calendar_connections := opencalendly.lock_own_connection(me.id, wanted);
BEGIN
    IF given ? 'staleness' THEN
        PERFORM opencalendly.change_staleness(connection, given -> 'staleness');
    END IF;
    IF opencalendly.change_calendars(wanted, coalesce(given -> 'calendars', '[]')) AND connection.state = 'active' THEN
        PERFORM opencalendly.ask_calendar_sync(wanted, false);
    END IF;
    RETURN opencalendly.connection_answer(me.id, wanted);
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_connection(text, text, text) IS
    'PATCH /v0/calendar/connections/:id: which calendars are busy sources, and which one is written to (taken from another of the user''s), and staleness; a new busy source is read at once; errors OC006, OC012, OC013';
