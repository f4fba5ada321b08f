-- Signing in over HTTP, and what the shim asks for itself.

CREATE FUNCTION opencalendly.user_members(account opencalendly.users) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object('id', account.id, 'email', account.email, 'username', account.username,
        'displayName', account.display_name, 'timezone', account.timezone, 'language', account.language);
END;
COMMENT ON FUNCTION opencalendly.user_members(opencalendly.users) IS
    'internal: a user as the user themself sees it: {id, email, username, displayName, timezone, language}';

-- The answer is the same whether the address has an account or not, and whether the limit is reached or not: what is
-- answered depends on neither. What is given is measured before the limit is, so that only a well-formed request is counted.
CREATE FUNCTION opencalendly.api_request_login_link(body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given jsonb := opencalendly.body_columns(opencalendly.body_fields(body,
        '{"email": "text!", "username": "text", "displayName": "text", "timezone": "text", "language": "text"}'));
    link_token text;
    link_expires_at timestamptz := clock_timestamp() + interval '15 minutes';
BEGIN
    given := given || jsonb_build_object('email', lower(given ->> 'email' COLLATE "C"));
    PERFORM opencalendly.check_user_values(given);
    IF opencalendly.has_link_to_spare(given ->> 'email') THEN
        SELECT l.login_token, l.expires_at INTO link_token, link_expires_at FROM opencalendly.create_login_link(
            given ->> 'email', given ->> 'username', given ->> 'display_name', given ->> 'timezone',
            coalesce(given ->> 'language', 'en')) AS l;
        PERFORM opencalendly.enqueue_mail('login_link', 'login_link/' || k.id, NULL, given ->> 'email', k.id)
            FROM opencalendly.login_link_id(link_token) AS k(id);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('expiresAt', opencalendly.instant_text(link_expires_at),
            'email', jsonb_build_object('provider', opencalendly.mail_transport()))
        || CASE WHEN link_token IS NOT NULL AND opencalendly.shows_login_links()
                THEN jsonb_build_object('magicLinkToken', link_token) ELSE '{}' END);
END
$$;
COMMENT ON FUNCTION opencalendly.api_request_login_link(text) IS
    'POST /v0/auth/magic-link: mails a link to sign in with to the address, at most 5 an hour, and says no more but how mails are sent; errors OC006, OC011';

-- Who used the link: the account of its address, or one that is made now. Names given now come before the link's.
CREATE FUNCTION opencalendly.user_of_login_link(link opencalendly.login_links, given jsonb) RETURNS opencalendly.users
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account opencalendly.users;
    username constant text := coalesce(given ->> 'username', link.username);
    new_id uuid;
BEGIN
    SELECT u.* INTO account FROM opencalendly.users AS u WHERE u.email = link.email;
    IF FOUND THEN
        RETURN account;
    ELSIF username IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'username must be chosen',
            DETAIL = 'Field "username" is absent.', HINT = 'The address has no account yet; the link can be used again.';
    END IF;
    new_id := opencalendly.create_user(username, link.email, coalesce(given ->> 'display_name', link.display_name),
        coalesce(given ->> 'timezone', link.timezone, 'UTC'), link.language);
    SELECT u.* INTO account FROM opencalendly.users AS u WHERE u.id = new_id;
    RETURN account;
END
$$;
COMMENT ON FUNCTION opencalendly.user_of_login_link(opencalendly.login_links, jsonb) IS
    'internal: the account of a link''s address, made if there is none; raises OC005 (no username), OC006, OC014';

CREATE FUNCTION opencalendly.api_verify_login_link(session_mode text, user_agent text, body text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_columns(opencalendly.body_fields(body,
        '{"token": "text!", "username": "text", "displayName": "text", "timezone": "text"}'));
    account opencalendly.users;
    session record;
    result opencalendly.api_answer;
BEGIN
    PERFORM opencalendly.check_user_values(given - 'token');
    account := opencalendly.user_of_login_link(opencalendly.use_login_link(given ->> 'token'), given);
    SELECT s.* INTO session FROM opencalendly.create_session(account.id, user_agent) AS s;
    result := opencalendly.answer(jsonb_build_object(
            'expiresAt', opencalendly.instant_text(session.expires_at), 'user', opencalendly.user_members(account))
        || CASE WHEN session_mode = 'cookie' THEN '{}'
                ELSE jsonb_build_object('sessionToken', session.session_token) END);
    IF session_mode = 'cookie' THEN
        result.cookie := session.session_token;
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION opencalendly.api_verify_login_link(text, text, text) IS
    'POST /v0/auth/verify: uses a link up and begins a session of 30 days; session_mode cookie: the token goes into the cookie alone; errors OC005 (username missing), OC006, OC011, OC012, OC014; after any of them the link can be used still';

CREATE FUNCTION opencalendly.api_me(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('user', opencalendly.user_members(me),
        'email', jsonb_build_object('provider', opencalendly.mail_transport())));
END
$$;
COMMENT ON FUNCTION opencalendly.api_me(text) IS
    'GET /v0/auth/me: who is signed in, and how this server sends mails (email.provider: none, folder, smtp, resend); errors OC012';

CREATE FUNCTION opencalendly.api_update_me(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me opencalendly.users := opencalendly.signed_in(session);
    changes constant jsonb := opencalendly.body_columns(opencalendly.cleared(opencalendly.body_fields(body,
        '{"displayName": "text", "timezone": "text", "username": "text", "language": "text"}'), '{"language": "en"}'));
BEGIN
    PERFORM opencalendly.update_user(me.id, changes);
    -- each stays reserved: nobody may reserve names by the thousand
    IF changes ? 'username'
        AND (SELECT count(*) > 10 FROM opencalendly.former_usernames AS f WHERE f.user_id = me.id)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'username was changed too often',
            DETAIL = 'Field "username" has been changed 10 times already.', HINT = 'A name given up stays reserved.';
    END IF;
    SELECT u.* INTO me FROM opencalendly.users AS u WHERE u.id = me.id;
    RETURN opencalendly.answer(jsonb_build_object('user', opencalendly.user_members(me)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_me(text, text) IS
    'PATCH /v0/me: changes displayName, timezone (and the default schedule''s zone), language (of mails: en, de), username (the old one stays reserved and redirects; 10 of them at most); errors OC006, OC008, OC012, OC014';

CREATE FUNCTION opencalendly.api_logout(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    everywhere constant boolean := coalesce(
        (opencalendly.body_fields(body, '{"everywhere": "bool"}') ->> 'everywhere')::boolean, false);
    result opencalendly.api_answer := opencalendly.answer('{}');
BEGIN
    DELETE FROM opencalendly.sessions AS s
        WHERE s.user_id = me.id AND (everywhere OR s.token_hash = sha256(convert_to(session, 'UTF8')));
    result.cookie := '';
    RETURN result;
END
$$;
COMMENT ON FUNCTION opencalendly.api_logout(text, text) IS
    'POST /v0/auth/logout: ends this session, or all of the user''s; errors OC006, OC012';

CREATE FUNCTION opencalendly.api_sessions(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN (SELECT opencalendly.answer(jsonb_build_object('sessions', coalesce(jsonb_agg(jsonb_build_object(
                'id', s.id, 'createdAt', opencalendly.instant_text(s.created_at),
                'expiresAt', opencalendly.instant_text(s.expires_at), 'userAgent', s.user_agent,
                'isCurrent', s.token_hash = sha256(convert_to(session, 'UTF8')))
                ORDER BY s.created_at DESC, s.id DESC), '[]')))
            FROM opencalendly.sessions AS s WHERE s.user_id = me.id AND s.expires_at > clock_timestamp());
END
$$;
COMMENT ON FUNCTION opencalendly.api_sessions(text) IS
    'GET /v0/auth/sessions: where the user is signed in, latest first; errors OC012';

CREATE FUNCTION opencalendly.api_delete_session(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.id_parameter('session', api_delete_session.id);
    hash bytea;
    result opencalendly.api_answer := opencalendly.answer(jsonb_build_object('deletedId', wanted));
BEGIN
    DELETE FROM opencalendly.sessions AS s
        WHERE s.id = wanted AND s.user_id = me.id AND s.expires_at > clock_timestamp() RETURNING s.token_hash INTO hash;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('session', 'id', wanted);
    ELSIF hash = sha256(convert_to(session, 'UTF8')) THEN
        result.cookie := '';
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_session(text, text) IS
    'DELETE /v0/auth/sessions/:id: ends one of the user''s sessions; errors OC012, OC013';

-- What the shim wants to know when it connects. The first call loads the library, so that the settings are the server's.
CREATE FUNCTION opencalendly.api_hello()
    RETURNS TABLE (version text, base_url text, dev_login_links boolean, is_restored_copy boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    dev_login_links := opencalendly.shows_login_links();
    base_url := current_setting('opencalendly.base_url');
    version := (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'opencalendly');
    is_restored_copy := opencalendly.is_restored_copy();
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION opencalendly.api_hello() IS
    'for the shim, when it connects: the extension''s version and the settings that it needs';

-- What the database can tell at any size without reading much: small tables are counted through their indexes, large ones
-- are told as the planner estimates them. A new measure is a row more in the list.
CREATE FUNCTION opencalendly.api_metrics()
    RETURNS TABLE (name text, kind text, help text, labels text, value double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH outbox AS MATERIALIZED (SELECT q.* FROM opencalendly.outbox_queues AS q)
    SELECT m.* FROM (
        SELECT 'opencalendly_restored_copy', 'gauge', 'Whether the database is a restored copy, which sends nothing.', '',
            opencalendly.is_restored_copy()::integer::double precision
        UNION ALL
        SELECT 'opencalendly_deliveries', 'gauge', 'Webhooks, mails and entries in calendars by what they wait for.',
            format('queue="%s",state="%s"', o.queue, k.state), k.n
            FROM outbox AS o CROSS JOIN LATERAL (VALUES ('due', o.due), ('waiting', o.waiting), ('leased', o.leased),
                ('paused', o.paused), ('failed', o.failed)) AS k (state, n)
        UNION ALL
        SELECT 'opencalendly_oldest_due_seconds', 'gauge', 'How long the oldest due delivery has been due; 0 if none is.',
            format('queue="%s"', o.queue), coalesce(greatest(extract(epoch FROM clock_timestamp() - o.oldest_due_at), 0), 0)
            FROM outbox AS o
        UNION ALL
        SELECT 'opencalendly_worker_seen_seconds', 'gauge', 'How long ago a worker was last at work; absent if none ever was.',
            format('queue="%s"', h.queue), greatest(extract(epoch FROM clock_timestamp() - h.seen_at), 0)
            FROM opencalendly.worker_heartbeats AS h
        UNION ALL
        SELECT 'opencalendly_calendar_connections', 'gauge', 'Connections to calendars that are broken, or are being left.',
            format('state="%s"', k.state), (SELECT count(*) FROM opencalendly.calendar_connections AS n
                                            WHERE n.state = k.state AND n.state <> 'active')
            FROM (VALUES ('broken'), ('leaving')) AS k (state)
        UNION ALL
        SELECT 'opencalendly_calendar_oldest_due_seconds', 'gauge',
            'How long the calendars that are due longest have been due to be read; 0 if none are.', '',
            coalesce(extract(epoch FROM max(clock_timestamp() - greatest(n.next_sync_at, n.asked_at, n.created_at))), 0)
            FROM opencalendly.calendar_connections AS n
            WHERE n.state <> 'broken' AND n.next_sync_at <= clock_timestamp()
        UNION ALL
        SELECT 'opencalendly_live_holds', 'gauge', 'Slots kept for an invitee who is typing.', '', count(*)
            FROM opencalendly.holds AS h WHERE h.expires_at > opencalendly.current_instant()
        UNION ALL
        SELECT 'opencalendly_open_login_links', 'gauge', 'Links to sign in with that can be used.', '', count(*)
            FROM opencalendly.login_links AS l
            WHERE l.created_at > clock_timestamp() - interval '15 minutes' AND l.expires_at > clock_timestamp()
                AND l.used_at IS NULL
        UNION ALL
        SELECT 'opencalendly_rows_estimate', 'gauge', 'Rows of a table, as the planner estimates them.',
            format('table="%s"', c.relname), greatest(c.reltuples, 0)
            FROM pg_class AS c
            WHERE c.oid = ANY (ARRAY['opencalendly.users', 'opencalendly.event_types', 'opencalendly.bookings',
                'opencalendly.claims', 'opencalendly.sessions', 'opencalendly.idempotency_keys',
                'opencalendly.outbox_events', 'opencalendly.webhook_deliveries', 'opencalendly.email_deliveries',
                'opencalendly.delivery_attempts', 'opencalendly.calendar_connections', 'opencalendly.calendar_busy_windows',
                'opencalendly.calendar_writebacks']::regclass[])
        UNION ALL
        SELECT 'opencalendly_bookings_estimate', 'gauge', 'Bookings by status, as the planner estimates them.',
            format('status="%s"', k.status), greatest(c.reltuples, 0) * coalesce(f.frequency, 0)
            FROM unnest(ARRAY['confirmed', 'pending', 'canceled', 'rescheduled']) AS k (status)
                JOIN pg_class AS c ON c.oid = 'opencalendly.bookings'::regclass
                LEFT JOIN (SELECT v.status, v.frequency FROM pg_stats AS s,
                        ROWS FROM (unnest(s.most_common_vals::text::text[]), unnest(s.most_common_freqs))
                            AS v (status, frequency)
                    WHERE s.schemaname = 'opencalendly' AND s.tablename = 'bookings' AND s.attname = 'status') AS f
                    ON f.status = k.status
    ) AS m (name, kind, help, labels, value)
    ORDER BY m.name, m.labels
$$;
COMMENT ON FUNCTION opencalendly.api_metrics() IS
    'for the shim''s /metrics, in the words of Prometheus: as cheap as what waits in the queues is short; labels such as table="bookings", or empty';
