-- What the constraints below are made of: ids, zone names, questions.

CREATE FUNCTION opencalendly.uuid_generate_v7() RETURNS uuid
    AS 'MODULE_PATHNAME', 'uuid_generate_v7' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.uuid_generate_v7() IS
    'a new UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits; later ids sort later';

CREATE FUNCTION opencalendly.current_instant() RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'current_instant' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.current_instant() IS
    'the instant that the verbs take for now: opencalendly.clock if it is set, else the start of the transaction';

CREATE FUNCTION opencalendly.is_timezone(name text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'is_timezone' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.is_timezone(text) IS
    'whether the name is, to the letter, a zone of the tz database (not a POSIX rule such as XYZ3, not posix/... or right/...)';

-- A question: {"id", "label", "required"?, "placeholder"?}; at most 20, ids differ.
CREATE FUNCTION opencalendly.are_questions(questions jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN pg_catalog.jsonb_typeof(questions) IS DISTINCT FROM 'array' THEN false ELSE
        pg_catalog.jsonb_array_length(questions) <= 20
        AND (SELECT all_questions.good FROM (
                SELECT COALESCE(pg_catalog.bool_and(
                    CASE WHEN pg_catalog.jsonb_typeof(q) <> 'object' THEN false ELSE
                        q - ARRAY['id', 'label', 'required', 'placeholder'] = '{}'::jsonb
                        AND pg_catalog.jsonb_typeof(q -> 'id') IS NOT DISTINCT FROM 'string'
                        AND q ->> 'id' ~ '^[A-Za-z0-9_-]{1,64}$'
                        AND pg_catalog.jsonb_typeof(q -> 'label') IS NOT DISTINCT FROM 'string'
                        AND pg_catalog.length(q ->> 'label') BETWEEN 1 AND 120
                        AND COALESCE(pg_catalog.jsonb_typeof(q -> 'required'), 'boolean') = 'boolean'
                        AND COALESCE(pg_catalog.jsonb_typeof(q -> 'placeholder'), 'null') IN ('string', 'null')
                        AND COALESCE(pg_catalog.length(q ->> 'placeholder'), 0) <= 160
                    END), true) AND pg_catalog.count(*) = pg_catalog.count(DISTINCT q ->> 'id') AS good
                FROM pg_catalog.jsonb_array_elements(questions) AS e(q)) AS all_questions)
    END;
END;
COMMENT ON FUNCTION opencalendly.are_questions(jsonb) IS
    'whether the value is a list of at most 20 questions {id, label, required?, placeholder?} with different ids';
