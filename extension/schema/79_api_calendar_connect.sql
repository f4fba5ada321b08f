-- The HTTP API of hosts' calendars: connecting an account, and leaving it (79_api_calendars.sql for the rest).
--
-- What the provider must be asked is the workers' to ask (world/calendar.c). A request for it is two functions, and the shim
-- calls them in transactions of their own: one writes down what is to be done, and answers without a body if that takes a
-- worker; the other, api_await_..., waits for what came of it. What cannot be waited for is not begun.

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
