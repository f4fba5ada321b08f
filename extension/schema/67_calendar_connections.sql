-- Writing down what the workers have learned of hosts' calendars (world/calendar.c): connections and calendars. The mirror is
-- in 67_calendar_mirror.sql.
-- Nothing here talks to anybody; what a provider has answered comes as it was answered. Times are the wall clock's.
--
-- The fence. A sync, and the exchange of a code, is known by its attempt: who has begun it later, or has disconnected
-- meanwhile, holds another one, and then nothing is written and false is returned.
--
-- The order of locks: the user's row, the connection's, its calendars'.

--
-- Connecting
--

CREATE FUNCTION opencalendly.lock_consent(consent_id uuid, attempt integer) RETURNS opencalendly.calendar_consents
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    consent opencalendly.calendar_consents;
BEGIN
    PERFORM FROM opencalendly.users AS u
        WHERE u.id = (SELECT c.user_id FROM opencalendly.calendar_consents AS c WHERE c.id = lock_consent.consent_id)
        FOR NO KEY UPDATE;
    SELECT c.* INTO consent FROM opencalendly.calendar_consents AS c
        WHERE c.id = lock_consent.consent_id AND c.attempt = lock_consent.attempt AND c.status = 'pending'
        FOR NO KEY UPDATE;
    RETURN consent;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_consent(uuid, integer) IS
    'internal: a pending consent of that attempt, it and its user locked until the end of the transaction; null = it is not any more';

CREATE FUNCTION opencalendly.end_consent(consent_id uuid, connection_id uuid, error_code text, error text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE opencalendly.calendar_consents AS c
        SET status = CASE WHEN end_consent.connection_id IS NULL THEN 'failed' ELSE 'succeeded' END, code = NULL,
            leased_until = NULL, connection_id = end_consent.connection_id, error_code = end_consent.error_code,
            error = end_consent.error
        WHERE c.id = end_consent.consent_id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.end_consent(uuid, uuid, text, text) IS
    'internal: a consent has come to a connection, or, if that is null, to an error; returns true';

CREATE FUNCTION opencalendly.fail_consent(consent_id uuid, attempt integer, error_code text, error text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (opencalendly.lock_consent(consent_id, attempt)).id IS NULL THEN
        RETURN false;
    END IF;
    RETURN opencalendly.end_consent(consent_id, NULL, error_code, error);
END
$$;
COMMENT ON FUNCTION opencalendly.fail_consent(uuid, integer, text, text) IS
    'internal: a consent has come to nothing, with the SQLSTATE and the words that the host is told, for workers; false if the attempt is not theirs any more';

-- When an access token is to be renewed (80 percent of its life) and when it is dead.
CREATE FUNCTION opencalendly.token_times(expires_in integer, OUT refresh_at timestamptz, OUT access_expires_at timestamptz)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.at + 0.8 * n.life, n.at + n.life
    FROM (SELECT clock_timestamp() AS at, greatest(coalesce(expires_in, 0), 0) * interval '1 second' AS life) AS n
$$;
COMMENT ON FUNCTION opencalendly.token_times(integer) IS
    'internal: the times of an access token that lives so many seconds from now; null = none';

-- Returns null if the account is somebody else's; what is there, leaving, if a worker is at taking back its grant, which
-- would take the new one with it. Who had the connection's attempt has lost it.
CREATE FUNCTION opencalendly.put_connection(
    owner_id uuid, account_id text, account_email text, scopes text[], refresh_token text, access_token text, expires_in integer)
    RETURNS opencalendly.calendar_connections
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- the id is needed before the row, for the tokens are sealed for it
    wanted_id uuid := opencalendly.uuid_generate_v7();
    present opencalendly.calendar_connections;
    connection opencalendly.calendar_connections;
BEGIN
    LOOP
        SELECT c.* INTO present FROM opencalendly.calendar_connections AS c
            WHERE c.provider = 'google' AND c.account_id = put_connection.account_id;
        IF present.user_id <> owner_id THEN
            RETURN NULL;
        ELSIF present.state = 'leaving' AND present.leased_until > clock_timestamp() THEN
            RETURN present;
        END IF;
        wanted_id := coalesce(present.id, wanted_id);
        INSERT INTO opencalendly.calendar_connections AS c
                (id, user_id, account_id, account_email, scopes, refresh_token, access_token, refresh_at, access_expires_at,
                 asked_at, listed_at)
            SELECT wanted_id, owner_id, put_connection.account_id, put_connection.account_email, put_connection.scopes,
                opencalendly.seal_calendar_token(wanted_id, put_connection.refresh_token),
                opencalendly.seal_calendar_token(wanted_id, put_connection.access_token),
                t.refresh_at, t.access_expires_at, clock_timestamp(), clock_timestamp()
            FROM opencalendly.token_times(expires_in) AS t
            ON CONFLICT (provider, account_id) DO UPDATE
            SET account_email = EXCLUDED.account_email, scopes = EXCLUDED.scopes, refresh_token = EXCLUDED.refresh_token,
                access_token = EXCLUDED.access_token, refresh_at = EXCLUDED.refresh_at,
                access_expires_at = EXCLUDED.access_expires_at, state = 'active', attempt = c.attempt + 1, failures = 0,
                next_sync_at = '-infinity', leased_until = NULL, asked_at = EXCLUDED.asked_at,
                listed_at = EXCLUDED.listed_at, last_error = NULL
            WHERE c.id = EXCLUDED.id AND (c.state = 'leaving' AND c.leased_until > clock_timestamp()) IS NOT TRUE
            RETURNING c.* INTO connection;
        -- none: somebody has just made it, or made it anew, or has begun to end it
        EXIT WHEN FOUND;
        wanted_id := opencalendly.uuid_generate_v7();
    END LOOP;
    RETURN connection;
END
$$;
COMMENT ON FUNCTION opencalendly.put_connection(uuid, text, text, text[], text, text, integer) IS
    'internal: makes a connection or brings it back to life, due at once; null if another user has the account; error OC011';

-- The pages of a list, one after the other, as the provider answered them. The last page of a whole list names no next one.
CREATE FUNCTION opencalendly.is_whole_list(pages jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(jsonb_typeof(pages) = 'array' AND NOT pages -> -1 ? 'nextPageToken'
        AND (SELECT bool_and(jsonb_typeof(p) = 'object' AND coalesce(jsonb_typeof(p -> 'items') = 'array',
                             p ?| ARRAY['kind', 'nextPageToken', 'nextSyncToken']))
             FROM jsonb_array_elements(CASE jsonb_typeof(pages) WHEN 'array' THEN pages END) AS p), false);
END
$$;
COMMENT ON FUNCTION opencalendly.is_whole_list(jsonb) IS
    'internal: whether answers are all pages of a list; one without entries may leave items out';

-- A role that is not known is told by its beginning, or lets see when somebody is busy. The zone of a calendar that is read
-- by its changes comes with them (apply_events), lest one change passes unseen.
CREATE FUNCTION opencalendly.put_calendars(connection opencalendly.calendar_connections, pages jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT opencalendly.is_whole_list(pages) OR jsonb_path_query_first(pages, '$[*].items[*].id') IS NULL THEN
        RETURN false;
    END IF;
    WITH entry AS MATERIALIZED (
        SELECT DISTINCT ON (i ->> 'id') i ->> 'id' AS external_id,
            left(coalesce(nullif(i ->> 'summaryOverride', ''), nullif(i ->> 'summary', ''), i ->> 'id'), 200) AS name,
            coalesce(i ->> 'timeZone', 'UTC') AS timezone,
            CASE WHEN i ->> 'accessRole' IN ('owner', 'reader') THEN i ->> 'accessRole'
                 WHEN i ->> 'accessRole' LIKE 'writer%' THEN 'writer' ELSE 'freeBusyReader' END AS access_role,
            i @> '{"primary": true}' AS is_primary
        FROM jsonb_array_elements(pages) AS p, jsonb_array_elements(p -> 'items') AS i
        WHERE i ->> 'id' <> '' AND NOT i @> '{"deleted": true}'),
    gone AS (
        DELETE FROM opencalendly.calendars AS c WHERE c.connection_id = connection.id
            AND NOT EXISTS (SELECT FROM entry AS e WHERE e.external_id = c.external_id))
    INSERT INTO opencalendly.calendars AS c (connection_id, user_id, external_id, name, timezone, access_role, is_primary)
        SELECT connection.id, connection.user_id, e.external_id, e.name, e.timezone, e.access_role, e.is_primary FROM entry AS e
        ON CONFLICT (connection_id, external_id) DO UPDATE
        SET name = EXCLUDED.name, access_role = EXCLUDED.access_role, is_primary = EXCLUDED.is_primary,
            timezone = CASE WHEN c.sync_token IS NULL THEN EXCLUDED.timezone ELSE c.timezone END,
            is_write_target = c.is_write_target AND EXCLUDED.access_role IN ('writer', 'owner')
        WHERE (c.name, c.access_role, c.is_primary) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.access_role, EXCLUDED.is_primary)
            OR c.sync_token IS NULL AND c.timezone <> EXCLUDED.timezone;
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.put_calendars(opencalendly.calendar_connections, jsonb) IS
    'internal: a connection''s calendars are those of a list (answers of calendarList.list), what is gone from it is deleted; false, and nothing is changed, if it is not whole or empty';

-- What counts from the start: busy is who is busy in the primary calendar, and it is written to if nothing else is.
CREATE FUNCTION opencalendly.choose_calendars(connection opencalendly.calendar_connections) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    UPDATE opencalendly.calendars AS c
        SET is_busy_source = true, is_write_target = c.access_role IN ('writer', 'owner') AND NOT EXISTS (
            SELECT FROM opencalendly.calendars AS o WHERE o.user_id = connection.user_id AND o.is_write_target)
        WHERE c.connection_id = connection.id AND c.is_primary
$$;
COMMENT ON FUNCTION opencalendly.choose_calendars(opencalendly.calendar_connections) IS
    'internal: what a new connection is for; its user is locked';

CREATE FUNCTION opencalendly.finish_consent(
    consent_id uuid, attempt integer, account_id text, account_email text, scopes text[], refresh_token text,
    access_token text, expires_in integer, calendar_list jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    consent constant opencalendly.calendar_consents := opencalendly.lock_consent(consent_id, attempt);
    connection opencalendly.calendar_connections;
BEGIN
    IF consent.id IS NULL THEN
        RETURN false;
    ELSIF refresh_token IS NULL THEN
        RETURN opencalendly.end_consent(consent.id, NULL, 'OC006', 'the provider gave no refresh token');
    END IF;
    connection := opencalendly.put_connection(
        consent.user_id, account_id, account_email, scopes, refresh_token, access_token, expires_in);
    IF connection.id IS NULL THEN
        RETURN opencalendly.end_consent(consent.id, NULL, 'OC014', 'this account is connected by another user');
    ELSIF connection.state = 'leaving' THEN
        RETURN opencalendly.end_consent(
            consent.id, NULL, 'OC005', 'this account is just being disconnected; try again in a minute');
    ELSIF NOT opencalendly.put_calendars(connection, calendar_list) THEN
        UPDATE opencalendly.calendar_connections AS c SET listed_at = NULL WHERE c.id = connection.id;
    END IF;
    IF connection.attempt = 0 THEN
        PERFORM opencalendly.choose_calendars(connection);
    END IF;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN opencalendly.end_consent(consent.id, connection.id, NULL, NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.finish_consent(uuid, integer, text, text, text[], text, text, integer, jsonb) IS
    'internal: a consent has come to an account: connects it (or fails with OC014: it is another user''s, or OC005: it is just being disconnected), with its calendars (answers of calendarList.list), due at once, for workers; false if the attempt is not theirs any more; error OC011';

--
-- Connections
--

CREATE FUNCTION opencalendly.lock_connection(connection_id uuid, attempt integer, state text)
    RETURNS opencalendly.calendar_connections
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    connection opencalendly.calendar_connections;
BEGIN
    PERFORM FROM opencalendly.users AS u
        WHERE u.id = (SELECT c.user_id FROM opencalendly.calendar_connections AS c WHERE c.id = lock_connection.connection_id)
        FOR KEY SHARE;
    SELECT c.* INTO connection FROM opencalendly.calendar_connections AS c
        WHERE c.id = lock_connection.connection_id AND c.attempt = lock_connection.attempt AND c.state = lock_connection.state
        FOR NO KEY UPDATE;
    RETURN connection;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_connection(uuid, integer, text) IS
    'internal: a connection of that attempt and state, locked until the end of the transaction; null = it is not any more';

-- What waits for the token (world/writeback.c) goes on.
CREATE FUNCTION opencalendly.renew_access_token(
    connection_id uuid, attempt integer, access_token text, refresh_token text, expires_in integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (opencalendly.lock_connection(connection_id, attempt, 'active')).id IS NULL THEN
        RETURN false;
    END IF;
    UPDATE opencalendly.calendar_connections AS c
        SET access_token = opencalendly.seal_calendar_token(c.id, renew_access_token.access_token),
            refresh_token = coalesce(opencalendly.seal_calendar_token(c.id, renew_access_token.refresh_token), c.refresh_token),
            refresh_at = t.refresh_at, access_expires_at = t.access_expires_at
        FROM opencalendly.token_times(expires_in) AS t WHERE c.id = connection_id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.renew_access_token(uuid, integer, text, text, integer) IS
    'internal: keeps a new access token that lives expires_in seconds, and a new refresh token if there is one, for workers; false if the attempt is not theirs any more; error OC011';

-- Who asks while a sync is under way is answered by the next one, which apply_calendar_sync sees to. A provider that pushes
-- does not cut short what a failure has put off.
CREATE FUNCTION opencalendly.ask_calendar_sync(connection_id uuid, token_is_dead boolean, is_push boolean DEFAULT false)
    RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE opencalendly.calendar_connections AS c
        SET asked_at = clock_timestamp(),
            refresh_at = CASE WHEN token_is_dead THEN '-infinity' ELSE c.refresh_at END,
            access_expires_at = CASE WHEN token_is_dead THEN '-infinity' ELSE c.access_expires_at END,
            next_sync_at = CASE WHEN is_push AND c.failures > 0 OR c.leased_until > clock_timestamp() THEN c.next_sync_at
                                ELSE least(c.next_sync_at, clock_timestamp()) END
        WHERE c.id = ask_calendar_sync.connection_id AND c.state = 'active';
    IF FOUND THEN
        PERFORM opencalendly.wake_workers_at_commit();
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.ask_calendar_sync(uuid, boolean, boolean) IS
    'internal: a connection that is active is to be synchronized at once, with a new access token if the one there is dead; asked by a push not before a failed one is to be tried again; wakes workers';

CREATE FUNCTION opencalendly.leave_calendar(connection_id uuid, attempt integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (opencalendly.lock_connection(connection_id, attempt, 'leaving')).id IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM opencalendly.calendar_connections AS c WHERE c.id = connection_id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.leave_calendar(uuid, integer) IS
    'internal: deletes a connection that is being left, with its calendars, windows, entries and writebacks, for workers; false if the attempt is not theirs any more';
