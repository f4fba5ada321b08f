-- What the api_* functions are made of. They are the HTTP API (the shim calls nothing else): their arguments are text as
-- it came over the wire, null where it was absent; each proves the session or link token itself and sees its owner's rows
-- alone. Field names in errors are columns', the shim spells them in camelCase.

CREATE TYPE opencalendly.api_answer AS (
    status integer,
    body text,
    etag text,
    next_cursor text,
    location text,
    cookie text
);
COMMENT ON TYPE opencalendly.api_answer IS
    'an HTTP answer: status 200, 301 (location: a path) or 304; body: JSON, or text of the route''s type; etag without quotes; next_cursor: becomes Link; cookie: a session token to set, empty to clear it';

CREATE FUNCTION opencalendly.answer(value jsonb, etag text DEFAULT NULL, next_cursor text DEFAULT NULL)
    RETURNS opencalendly.api_answer LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ROW(200, (pg_catalog.jsonb_build_object('ok', true) OPERATOR(pg_catalog.||) value)::text,
        etag, next_cursor, NULL, NULL)::opencalendly.api_answer;
END;
COMMENT ON FUNCTION opencalendly.answer(jsonb, text, text) IS 'internal: status 200 with the value''s members and "ok"';

CREATE FUNCTION opencalendly.instant_text(instant timestamptz) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', instant), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
END;
COMMENT ON FUNCTION opencalendly.instant_text(timestamptz) IS 'internal: an instant as the API writes it, 2026-06-01T09:00:00.000Z';

CREATE FUNCTION opencalendly.is_instant_text(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT value OPERATOR(pg_catalog.~)
        '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)$';
END;
COMMENT ON FUNCTION opencalendly.is_instant_text(text) IS
    'internal: whether the value has the form of an instant, 2026-06-01T09:00:00Z or with an offset';

-- The value of one member, checked. kinds: text, int, bool, uuid, instant, date, object, list.
CREATE FUNCTION opencalendly.is_of_kind(value jsonb, kind text) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    plain constant text := value #>> '{}';
BEGIN
    IF jsonb_typeof(value) <> (CASE kind WHEN 'int' THEN 'number' WHEN 'bool' THEN 'boolean' WHEN 'object' THEN 'object'
                                         WHEN 'list' THEN 'array' ELSE 'string' END)
    THEN
        RETURN false;
    END IF;
    CASE kind
        WHEN 'int' THEN RETURN plain::numeric = trunc(plain::numeric) AND abs(plain::numeric) <= 2147483647;
        WHEN 'uuid' THEN RETURN plain ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
        WHEN 'instant' THEN RETURN opencalendly.is_instant_text(plain) AND plain::timestamptz IS NOT NULL;
        WHEN 'date' THEN RETURN plain ~ '^\d{4}-\d\d-\d\d$' AND plain::date IS NOT NULL;
        ELSE RETURN true;
    END CASE;
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION opencalendly.is_of_kind(jsonb, text) IS
    'internal: whether a JSON value is a text, int, bool, uuid, instant, date, object or list';

-- A request's body. An absent body is an empty object. Raises OC006 that names the field.
CREATE FUNCTION opencalendly.body_fields(body text, fields jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given jsonb;
    field text;
    kind text;
    message text;
BEGIN
    BEGIN
        given := coalesce(nullif(btrim(body, E' \t\r\n'), ''), '{}')::jsonb;
    EXCEPTION WHEN data_exception OR statement_too_complex THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'body must be valid JSON',
            DETAIL = format('Field "body": %s.', CASE SQLSTATE WHEN '54001' THEN 'it is nested too deeply' ELSE message END);
    END;
    -- of what has not the form expected the value is not told: it may be a token or an invitee's answer, and the details
    -- of errors are in the server's log
    IF jsonb_typeof(given) <> 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'body must be a JSON object',
            DETAIL = format('Field "body" is a JSON %s.', jsonb_typeof(given));
    END IF;
    FOR field IN SELECT jsonb_object_keys(given) LOOP
        kind := rtrim(fields ->> field, '!');
        IF kind IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('unknown field "%s"', left(field, 100)),
                DETAIL = format('Field "%s" is not known.', left(field, 100));
        ELSIF given -> field <> 'null' AND NOT opencalendly.is_of_kind(given -> field, kind) THEN
            message := 'must be ' || CASE kind
                WHEN 'text' THEN 'a text' WHEN 'int' THEN 'a whole number' WHEN 'bool' THEN 'true or false'
                WHEN 'uuid' THEN 'an id' WHEN 'instant' THEN 'an instant such as 2026-06-01T09:00:00Z'
                WHEN 'date' THEN 'a date such as 2026-06-01' WHEN 'object' THEN 'a JSON object' ELSE 'a JSON list' END;
            IF kind IN ('text', 'object') OR jsonb_typeof(given -> field) IN ('array', 'object') THEN
                RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s %s', field, message),
                    DETAIL = format('Field "%s" is a JSON %s.', field, jsonb_typeof(given -> field));
            END IF;
            PERFORM opencalendly.raise_bad_value(field, message, given -> field);
        ELSIF kind = 'int' AND given ->> field LIKE '%.%' THEN
            -- 30.0 is 30
            given := given || jsonb_build_object(field, (given ->> field)::numeric::integer);
        END IF;
    END LOOP;
    FOR field IN SELECT f.key FROM jsonb_each_text(fields) AS f WHERE f.value LIKE '%!' LOOP
        IF given ->> field IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be given', field),
                DETAIL = format('Field "%s" is %s.', field, CASE WHEN given ? field THEN 'null' ELSE 'absent' END);
        END IF;
    END LOOP;
    RETURN given;
END
$$;
COMMENT ON FUNCTION opencalendly.body_fields(text, jsonb) IS
    'internal: a request''s JSON object, its members checked against {"name": "kind"} (kind! = required, not null); raises OC006';

CREATE FUNCTION opencalendly.body_columns(given jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT COALESCE(pg_catalog.jsonb_object_agg(
            pg_catalog.lower(pg_catalog.regexp_replace(f.key, '([A-Z])', '_\1', 'g')), f.value), '{}')
        FROM pg_catalog.jsonb_each(given) AS f;
END;
COMMENT ON FUNCTION opencalendly.body_columns(jsonb) IS 'internal: an object''s members under their columns'' names: durationMinutes becomes duration_minutes';

-- Parameters of path and query.
CREATE FUNCTION opencalendly.int_parameter(field text, value text, lowest integer, highest integer, fallback integer)
    RETURNS integer LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF value IS NULL OR value = '' THEN
        RETURN fallback;
    ELSIF value !~ '^\d{1,9}$' OR value::integer NOT BETWEEN lowest AND highest THEN
        PERFORM opencalendly.raise_bad_value(field, format('must be from %s to %s', lowest, highest), to_jsonb(value));
    END IF;
    RETURN value::integer;
END
$$;
COMMENT ON FUNCTION opencalendly.int_parameter(text, text, integer, integer, integer) IS
    'internal: a number of a query, fallback if absent; raises OC006';

CREATE FUNCTION opencalendly.instant_parameter(field text, value text, fallback timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF value IS NULL OR value = '' THEN
        RETURN fallback;
    ELSIF NOT opencalendly.is_of_kind(to_jsonb(value), 'instant') THEN
        PERFORM opencalendly.raise_bad_value(field, 'must be an instant such as 2026-06-01T09:00:00Z', to_jsonb(value));
    END IF;
    RETURN value::timestamptz;
END
$$;
COMMENT ON FUNCTION opencalendly.instant_parameter(text, text, timestamptz) IS
    'internal: an instant of a query, fallback if absent; raises OC006';

CREATE FUNCTION opencalendly.id_parameter(what text, value text) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT coalesce(value ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', false) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = format('no such %s', what),
            DETAIL = format('Field "id" has the value %s.', coalesce(left(to_jsonb(value)::text, 200), 'null'));
    END IF;
    RETURN value::uuid;
END
$$;
COMMENT ON FUNCTION opencalendly.id_parameter(text, text) IS
    'internal: an id of a path; raises OC013, for what has no form of an id names nothing';

-- Whose session it is.
CREATE FUNCTION opencalendly.signed_in(session text) RETURNS opencalendly.users
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_user opencalendly.users;
BEGIN
    SELECT u.* INTO found_user FROM opencalendly.sessions AS s JOIN opencalendly.users AS u ON u.id = s.user_id
        WHERE s.token_hash = sha256(convert_to(session, 'UTF8')) AND s.expires_at > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OC012', MESSAGE = 'sign in first',
            DETAIL = 'The session is missing, unknown or has ended.';
    END IF;
    RETURN found_user;
END
$$;
COMMENT ON FUNCTION opencalendly.signed_in(text) IS 'internal: the user of a session''s token; raises OC012';
