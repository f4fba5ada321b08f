-- The HTTP API of hosts' calendars (46_calendars.sql): connecting an account, which of its calendars count, reading them now,
-- leaving. As in 78_api_organizer.sql. A token, a code or a state is in no answer and no message, but for the one that begins
-- a connection.
--
-- What the provider must be asked is the workers' to ask (world/calendar.c). A request for it is two functions, and the shim
-- calls them in transactions of their own: one writes down what is to be done, and answers without a body if that takes a
-- worker; the other, api_await_..., waits for what came of it.
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
            AND coalesce(c.synced_at, connection.created_at) + make_interval(mins => connection.stale_after_minutes)
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
-- Waiting for the workers
--

-- One of a user's requests at a time waits: more could take all of the shim's threads.
CREATE FUNCTION opencalendly.begin_wait(user_id uuid) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('opencalendly calendars of ' || user_id, 0)) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'another request waits for your calendars already, try again',
            DETAIL = 'One at a time does.';
    END IF;
    RETURN clock_timestamp() + interval '20 seconds';
END
$$;
COMMENT ON FUNCTION opencalendly.begin_wait(uuid) IS
    'internal: until when a request may wait for the workers; raises OC008 while another one of the user''s waits';

-- What cannot be waited for is not begun.
CREATE FUNCTION opencalendly.check_can_wait(user_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM opencalendly.begin_wait(user_id);
    IF NOT EXISTS (SELECT FROM opencalendly.worker_heartbeats AS h
                   WHERE h.queue = 'calendar' AND h.seen_at > clock_timestamp() - interval '10 seconds')
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC011', MESSAGE = 'no worker is running',
            DETAIL = 'Nobody has called run_calendar_sync() in the last 10 seconds.';
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_can_wait(uuid) IS
    'internal: raises OC008 while another request of the user''s waits, OC011 where no worker would do what is to be waited for';

CREATE FUNCTION opencalendly.raise_too_late(detail text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC010', MESSAGE = 'Google did not answer in time', DETAIL = detail;
END
$$;
COMMENT ON FUNCTION opencalendly.raise_too_late(text) IS 'internal: raises OC010 for what was waited for in vain';

-- The rest is for who waits.
CREATE FUNCTION opencalendly.wait_answer() RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result opencalendly.api_answer;
BEGIN
    result.status := 200;
    RETURN result;
END
$$;
COMMENT ON FUNCTION opencalendly.wait_answer() IS
    'internal: status 200 without a body, for the shim to call the function that waits';

--
-- Connecting
--

-- All but the unreserved characters of RFC 3986, 2.3.
CREATE FUNCTION opencalendly.percent_encoded(value text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT string_agg(CASE WHEN c.character ~ '^[A-Za-z0-9._~-]$' THEN c.character
                ELSE regexp_replace(upper(encode(convert_to(c.character, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY c.n)
            FROM regexp_split_to_table(value, '') WITH ORDINALITY AS c (character, n));
END
$$;
COMMENT ON FUNCTION opencalendly.percent_encoded(text) IS 'internal: a text as a value of a URL''s query';

-- Google itself wants it to be one that the installation has registered.
CREATE FUNCTION opencalendly.check_redirect_uri(uri text, origins text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    path constant text := '/settings/calendar/google/callback';
    base constant text := coalesce(current_setting('opencalendly.base_url', true), '');
    own constant text := nullif(base, '') || path;
BEGIN
    IF uri IS DISTINCT FROM own AND NOT EXISTS (
        SELECT FROM regexp_split_to_table(coalesce(origins, ''), ' ') AS o (origin) WHERE o.origin || path = uri AND o.origin <> '')
    THEN
        PERFORM opencalendly.raise_bad_value('redirectUri', coalesce('must be ' || own || ', or that path on an allowed origin',
            'must have the path ' || path || ' on an allowed origin'), to_jsonb(uri));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_redirect_uri(text, text) IS
    'internal: raises OC006 unless it is the page of ours that ends a connection, or that path on one of the origins (space separated)';

CREATE FUNCTION opencalendly.consent_url(consent opencalendly.calendar_consents, login_hint text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    scopes constant text := 'openid email https://www.googleapis.com/auth/calendar.events '
        'https://www.googleapis.com/auth/calendar.freebusy https://www.googleapis.com/auth/calendar.calendarlist.readonly';
BEGIN
    RETURN 'https://accounts.google.com/o/oauth2/v2/auth?' || (
        SELECT string_agg(p.name || '=' || opencalendly.percent_encoded(p.value), '&' ORDER BY p.n)
        FROM (VALUES (1, 'client_id', current_setting('opencalendly.google_client_id')),
                (2, 'redirect_uri', consent.redirect_uri), (3, 'response_type', 'code'), (4, 'scope', scopes),
                (5, 'access_type', 'offline'), (6, 'prompt', 'consent'), (7, 'include_granted_scopes', 'true'),
                (8, 'state', opencalendly.calendar_state(consent.id, consent.link_key_id)),
                (9, 'code_challenge', opencalendly.calendar_challenge(consent.id, consent.link_key_id)),
                (10, 'code_challenge_method', 'S256'), (11, 'login_hint', login_hint)) AS p (n, name, value));
END
$$;
COMMENT ON FUNCTION opencalendly.consent_url(opencalendly.calendar_consents, text) IS
    'internal: where a host tells Google that we may read and write their calendars; PKCE with S256; error OC011';

CREATE FUNCTION opencalendly.api_start_connect(session text, origins text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"redirectUri": "text!"}');
    most constant integer := 20;
    consent opencalendly.calendar_consents;
BEGIN
    PERFORM opencalendly.check_google_is_set_up();
    PERFORM opencalendly.check_redirect_uri(given ->> 'redirectUri', origins);
    IF (SELECT count(*) FROM opencalendly.calendar_consents AS c
        WHERE c.user_id = me.id AND c.status = 'asked' AND c.expires_at > clock_timestamp()) >= most
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'too many connections were begun, try again later',
            DETAIL = format('At most %s are under way, for 10 minutes each.', most);
    END IF;
    INSERT INTO opencalendly.calendar_consents (user_id, redirect_uri, link_key_id, expires_at)
        VALUES (me.id, given ->> 'redirectUri', opencalendly.login_key_id(), clock_timestamp() + interval '10 minutes')
        RETURNING * INTO consent;
    RETURN opencalendly.answer(jsonb_build_object('authUrl', opencalendly.consent_url(consent, me.email),
        'state', opencalendly.calendar_state(consent.id, consent.link_key_id),
        'expiresAt', opencalendly.instant_text(consent.expires_at)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_start_connect(text, text, text) IS
    'POST /v0/calendar/google/connect/start: where to send the host to, and the state that comes back: good for 10 minutes and one use; errors OC006, OC008, OC011, OC012';

-- What the state proves. It stands for one host's wish to connect, from one place; whose it is not, is told nothing of it.
CREATE FUNCTION opencalendly.own_consent(me uuid, given jsonb) RETURNS opencalendly.calendar_consents
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    consent opencalendly.calendar_consents;
BEGIN
    SELECT c.* INTO consent FROM opencalendly.calendar_consents AS c
        WHERE c.id = opencalendly.read_calendar_state(given ->> 'state') AND c.user_id = me FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unshown('state', 'must be one that was given to you here, at most 10 minutes ago');
    ELSIF consent.redirect_uri <> given ->> 'redirectUri' THEN
        PERFORM opencalendly.raise_bad_value('redirectUri', 'must be the one that the connection was begun with',
            given -> 'redirectUri');
    END IF;
    RETURN consent;
END
$$;
COMMENT ON FUNCTION opencalendly.own_consent(uuid, jsonb) IS
    'internal: the user''s consent that a state proves, locked; raises OC006 (state, redirectUri)';

CREATE FUNCTION opencalendly.api_complete_connect(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"code": "text!", "state": "text!", "redirectUri": "text!"}');
    consent constant opencalendly.calendar_consents := opencalendly.own_consent(me.id, given);
BEGIN
    IF consent.status <> 'asked' THEN
        PERFORM opencalendly.raise_unshown('state', 'must not have been used before');
    ELSIF consent.expires_at <= clock_timestamp() THEN
        PERFORM opencalendly.raise_unshown('state', 'must be used within 10 minutes');
    ELSIF given ->> 'code' !~ '^[\x21-\x7e]+$' OR length(given ->> 'code') > 2000 THEN
        PERFORM opencalendly.raise_unshown('code', 'must have from 1 to 2000 characters of ASCII, without spaces');
    END IF;
    PERFORM opencalendly.check_google_is_set_up();
    PERFORM opencalendly.check_can_wait(me.id);
    UPDATE opencalendly.calendar_consents AS c
        SET status = 'pending', code = opencalendly.seal_calendar_code(c.id, given ->> 'code') WHERE c.id = consent.id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN opencalendly.wait_answer();
END
$$;
COMMENT ON FUNCTION opencalendly.api_complete_connect(text, text) IS
    'POST /v0/calendar/google/connect/complete: takes what Google has sent the host back with, for a worker to exchange; errors OC006, OC008, OC011, OC012';

CREATE FUNCTION opencalendly.api_await_connect(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"code": "text!", "state": "text!", "redirectUri": "text!"}');
    wanted constant uuid := opencalendly.read_calendar_state(given ->> 'state');
    gives_up_at constant timestamptz := opencalendly.begin_wait(me.id);
    consent opencalendly.calendar_consents;
BEGIN
    LOOP
        SELECT c.* INTO consent FROM opencalendly.calendar_consents AS c WHERE c.id = wanted AND c.user_id = me.id;
        EXIT WHEN consent.status IS DISTINCT FROM 'pending';
        IF clock_timestamp() >= gives_up_at THEN
            PERFORM opencalendly.raise_too_late('The account is connected when it does.');
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    IF consent.status IS DISTINCT FROM 'succeeded' THEN
        RAISE EXCEPTION USING ERRCODE = coalesce(consent.error_code, 'OC010'),
            MESSAGE = coalesce(consent.error, 'the account could not be connected'),
            DETAIL = CASE consent.error_code WHEN 'OC006' THEN 'Field "code" has a value that is not shown.'
                ELSE 'The account is not connected.' END;
    END IF;
    RETURN opencalendly.connection_answer(me.id, consent.connection_id);
END
$$;
COMMENT ON FUNCTION opencalendly.api_await_connect(text, text) IS
    'POST /v0/calendar/google/connect/complete, then: the connection, when a worker has made it; errors OC006 (code, scopes, no refresh token), OC010, OC011, OC012, OC014 (the account is another user''s)';

--
-- Reading now
--

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

CREATE FUNCTION opencalendly.active_connections(user_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(SELECT c.id FROM opencalendly.calendar_connections AS c
        WHERE c.user_id = active_connections.user_id AND c.state = 'active' AND c.provider = 'google'
        ORDER BY c.created_at, c.id);
END
$$;
COMMENT ON FUNCTION opencalendly.active_connections(uuid) IS 'internal: the user''s connections to Google that are read';

CREATE FUNCTION opencalendly.raise_broken(connection opencalendly.calendar_connections) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = format('%s must be connected again', connection.account_email),
        DETAIL = coalesce(connection.last_error, 'Google does not accept the connection any more.');
END
$$;
COMMENT ON FUNCTION opencalendly.raise_broken(opencalendly.calendar_connections) IS
    'internal: raises OC005 for a connection that has ended at the provider''s';

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
-- failed, and the next is not to begin so soon, there is nothing to wait for.
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
                  WHERE c.state = 'active' AND coalesce(c.tried_at < w.asked_at, true)
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
    ids constant uuid[] := opencalendly.active_connections(me.id);
    broken opencalendly.calendar_connections;
BEGIN
    IF ids = '{}' THEN
        SELECT c.* INTO broken FROM opencalendly.calendar_connections AS c
            WHERE c.user_id = me.id AND c.state = 'broken' AND c.provider = 'google' ORDER BY c.created_at, c.id LIMIT 1;
        IF FOUND THEN
            PERFORM opencalendly.raise_broken(broken);
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = 'no calendar is connected',
            DETAIL = 'The caller has no connection to Google.';
    END IF;
    RETURN opencalendly.ask_for_sync(me.id, ids, given);
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
    'POST /v0/calendar/google/sync, then: what has been read, of the time between start and end; errors OC005 (broken), OC006, OC008, OC010, OC012';

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
        SET is_busy_source = is_wanted, sync_token = NULL, read_until = NULL, full_sync_at = NULL, synced_at = NULL,
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

--
-- Leaving
--

-- A sync that is under way writes nothing any more. The mirror stays until the provider has been told.
CREATE FUNCTION opencalendly.begin_leaving(user_id uuid, ids uuid[]) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM opencalendly.check_can_wait(begin_leaving.user_id);
    PERFORM FROM opencalendly.users AS u WHERE u.id = begin_leaving.user_id FOR NO KEY UPDATE;
    PERFORM FROM opencalendly.calendar_connections AS c WHERE c.id = ANY (ids) ORDER BY c.id FOR NO KEY UPDATE;
    UPDATE opencalendly.calendar_connections AS c
        SET state = 'leaving', attempt = c.attempt + 1, leased_until = NULL, next_sync_at = '-infinity', failures = 0
        WHERE c.id = ANY (ids) AND c.user_id = begin_leaving.user_id AND c.state <> 'leaving';
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN opencalendly.wait_answer();
END
$$;
COMMENT ON FUNCTION opencalendly.begin_leaving(uuid, uuid[]) IS
    'internal: connections of the user''s are revoked and deleted by a worker; errors OC008, OC011';

CREATE FUNCTION opencalendly.await_leaving(user_id uuid, connection_id uuid) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    gives_up_at constant timestamptz := opencalendly.begin_wait(await_leaving.user_id);
BEGIN
    WHILE EXISTS (SELECT FROM opencalendly.calendar_connections AS c
                  WHERE c.user_id = await_leaving.user_id AND c.state = 'leaving'
                      AND (await_leaving.connection_id IS NULL OR c.id = await_leaving.connection_id))
    LOOP
        IF clock_timestamp() >= gives_up_at THEN
            PERFORM opencalendly.raise_too_late('The account is given back and forgotten when it does.');
        END IF;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN opencalendly.answer('{"provider": "google", "disconnected": true}');
END
$$;
COMMENT ON FUNCTION opencalendly.await_leaving(uuid, uuid) IS
    'internal: waits until a connection of the user''s, or (null) every one that is leaving, is gone; errors OC008, OC010';

CREATE FUNCTION opencalendly.api_disconnect_calendars(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{}');
    ids uuid[];
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = me.id FOR NO KEY UPDATE;
    ids := ARRAY(SELECT c.id FROM opencalendly.calendar_connections AS c WHERE c.user_id = me.id AND c.provider = 'google');
    IF ids = '{}' THEN
        RETURN opencalendly.answer('{"provider": "google", "disconnected": false}');
    END IF;
    RETURN opencalendly.begin_leaving(me.id, ids);
END
$$;
COMMENT ON FUNCTION opencalendly.api_disconnect_calendars(text, text) IS
    'POST /v0/calendar/google/disconnect: gives all of the caller''s connections to Google back, disconnected: false if there was none; errors OC006, OC008, OC011, OC012';

CREATE FUNCTION opencalendly.api_await_disconnect(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.await_leaving(me.id, NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_await_disconnect(text, text) IS
    'POST /v0/calendar/google/disconnect, then: when they are revoked and deleted with all that was read; errors OC008, OC010, OC012';

CREATE FUNCTION opencalendly.api_disconnect_connection(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    connection constant opencalendly.calendar_connections :=
        opencalendly.own_connection(me.id, api_disconnect_connection.id, may_be_leaving => true);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    RETURN opencalendly.begin_leaving(me.id, ARRAY[connection.id]);
END
$$;
COMMENT ON FUNCTION opencalendly.api_disconnect_connection(text, text, text) IS
    'POST /v0/calendar/connections/:id/disconnect: gives one of the caller''s back; errors OC006, OC008, OC011, OC012, OC013';

CREATE FUNCTION opencalendly.api_await_connection_disconnect(session text, id text, body text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.await_leaving(me.id,
        opencalendly.id_parameter('connection', api_await_connection_disconnect.id));
END
$$;
COMMENT ON FUNCTION opencalendly.api_await_connection_disconnect(text, text, text) IS
    'POST /v0/calendar/connections/:id/disconnect, then: when it is revoked and deleted with all that was read; errors OC008, OC010, OC012, OC013';

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
