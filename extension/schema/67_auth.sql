-- Signing in: links, sessions. The wall clock counts here, clock_timestamp(), never opencalendly.clock; so a session or a
-- link that was made within a transaction lasts from that moment, not from the transaction's start.
--
-- The order of locks: first the address (lock_address), then rows. Whoever makes or uses a link holds its address's lock,
-- so the limit is exact, and two links of one address cannot make two accounts or wait for each other in a circle.

CREATE FUNCTION opencalendly.lock_address(email text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('opencalendly address ' || email, 0));
END
$$;
COMMENT ON FUNCTION opencalendly.lock_address(text) IS
    'internal: waits for the lock under which an address''s links are made and used, until the end of the transaction';

-- The limits of a user's values stand in the constraints of users alone; what is not stored there yet is measured by the
-- same conditions. A value that is absent passes, as null passes a constraint.
CREATE FUNCTION opencalendly.check_user_values(given jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    candidate constant opencalendly.users := jsonb_populate_record(NULL::opencalendly.users,
        given || jsonb_build_object('id', opencalendly.uuid_generate_v7()));
    rule record;
    is_met boolean;
BEGIN
    FOR rule IN SELECT c.conname, pg_get_expr(c.conbin, c.conrelid) AS condition FROM pg_constraint AS c
        WHERE c.conrelid = 'opencalendly.users'::regclass AND c.contype = 'c' ORDER BY c.conname
    LOOP
        EXECUTE format('SELECT %s FROM (SELECT ($1).*) AS candidate', rule.condition) INTO is_met USING candidate;
        IF NOT is_met THEN
            PERFORM opencalendly.raise_refusal('23514', '', '', rule.conname, given);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION opencalendly.check_user_values(jsonb) IS
    'internal: raises OC006 unless a user may have these values: {"email", "username", "display_name", "timezone", "language"}';

CREATE FUNCTION opencalendly.create_login_link(
    email text, username text DEFAULT NULL, display_name text DEFAULT NULL, timezone text DEFAULT NULL,
    language text DEFAULT 'en')
    RETURNS TABLE (login_token text, expires_at timestamptz)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    link opencalendly.login_links;
BEGIN
    link.email := lower(create_login_link.email COLLATE "C");
    link.username := create_login_link.username;
    link.display_name := create_login_link.display_name;
    link.timezone := create_login_link.timezone;
    link.language := create_login_link.language;
    IF link.email IS NULL OR link.language IS NULL THEN
        PERFORM opencalendly.raise_refusal('23502', '', CASE WHEN link.email IS NULL THEN 'email' ELSE 'language' END, '', '{}');
    END IF;
    PERFORM opencalendly.check_user_values(jsonb_strip_nulls(jsonb_build_object('email', link.email,
        'username', link.username, 'display_name', link.display_name, 'timezone', link.timezone, 'language', link.language)));
    link.id := opencalendly.uuid_generate_v7();
    link.link_key_id := opencalendly.login_key_id();
    link.created_at := clock_timestamp();
    link.expires_at := link.created_at + interval '15 minutes';
    INSERT INTO opencalendly.login_links SELECT link.*;
    RETURN QUERY SELECT opencalendly.login_token(link.id, link.link_key_id), link.expires_at;
END
$$;
COMMENT ON FUNCTION opencalendly.create_login_link(text, text, text, text, text) IS
    'makes a link to sign in with, which is for the caller to tell: one use, 15 minutes; the names and the language are used only if the address has no account by then; errors OC006, OC011';

CREATE FUNCTION opencalendly.create_session(user_id uuid, user_agent text DEFAULT NULL)
    RETURNS TABLE (session_token text, expires_at timestamptz)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    token constant text := 'ocs_' || opencalendly.random_token();
    started constant timestamptz := clock_timestamp();
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = create_session.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', create_session.user_id);
    END IF;
    INSERT INTO opencalendly.sessions (user_id, token_hash, user_agent, created_at, expires_at)
        VALUES (create_session.user_id, sha256(convert_to(token, 'UTF8')),
            nullif(left(create_session.user_agent, 300), ''), started, started + interval '30 days');
    RETURN QUERY SELECT token, started + interval '30 days';
END
$$;
COMMENT ON FUNCTION opencalendly.create_session(uuid, text) IS
    'signs a user in for 30 days; the token is told here and never again; errors OC006, OC013';

CREATE FUNCTION opencalendly.revoke_sessions(user_id uuid) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    n bigint;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = revoke_sessions.user_id;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', revoke_sessions.user_id);
    END IF;
    DELETE FROM opencalendly.sessions AS s WHERE s.user_id = revoke_sessions.user_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION opencalendly.revoke_sessions(uuid) IS
    'signs a user out everywhere, returns how many sessions that ended; errors OC006, OC013';

CREATE FUNCTION opencalendly.prune_sessions() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM opencalendly.sessions AS s WHERE s.expires_at <= clock_timestamp() RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION opencalendly.prune_sessions() IS
    'deletes the sessions that have run out, returns how many; run it daily';

-- The last hour's links are counted, whatever became of them.
CREATE FUNCTION opencalendly.prune_login_links() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM opencalendly.login_links AS l
                  WHERE l.created_at <= clock_timestamp() - interval '1 hour' RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION opencalendly.prune_login_links() IS
    'deletes the links to sign in with that are older than an hour, returns how many; run it daily';

CREATE FUNCTION opencalendly.has_link_to_spare(email text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM opencalendly.lock_address(has_link_to_spare.email);
    RETURN (SELECT count(*) < 5 FROM opencalendly.login_links AS l
            WHERE l.email = has_link_to_spare.email AND l.created_at > clock_timestamp() - interval '1 hour');
END
$$;
COMMENT ON FUNCTION opencalendly.has_link_to_spare(text) IS
    'internal: whether the address may be sent another link, 5 an hour; takes the address''s lock';

-- Uses a link up, and with it all other open ones of its address. What follows must happen in the same transaction: if
-- that raises, the link is open still.
CREATE FUNCTION opencalendly.use_login_link(token text) RETURNS opencalendly.login_links
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted uuid;
    link opencalendly.login_links;
BEGIN
    BEGIN
        wanted := opencalendly.login_link_id(token);
    EXCEPTION WHEN SQLSTATE 'OC003' THEN
        wanted := NULL;
    END;
    PERFORM opencalendly.lock_address((SELECT l.email FROM opencalendly.login_links AS l WHERE l.id = wanted));
    SELECT l.* INTO link FROM opencalendly.login_links AS l WHERE l.id = wanted FOR UPDATE;
    IF NOT FOUND OR link.used_at IS NOT NULL OR link.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION USING ERRCODE = 'OC012', MESSAGE = 'this link to sign in is not valid',
            DETAIL = 'It is unknown, was used, or has expired.', HINT = 'Ask for a new one.';
    END IF;
    UPDATE opencalendly.login_links AS l SET used_at = clock_timestamp() WHERE l.email = link.email AND l.used_at IS NULL;
    RETURN link;
END
$$;
COMMENT ON FUNCTION opencalendly.use_login_link(text) IS
    'internal: the link that a token proves, used up with all other open ones of its address; raises OC012, OC011';
