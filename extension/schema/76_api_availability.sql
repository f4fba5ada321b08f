-- GET .../availability, in C: the one answer that must be quick.

CREATE FUNCTION opencalendly.api_availability(
    username text, slug text, timezone text DEFAULT NULL, start text DEFAULT NULL, days text DEFAULT NULL,
    "limit" text DEFAULT NULL, cursor text DEFAULT NULL, hold text DEFAULT NULL, if_none_match text DEFAULT NULL)
    RETURNS opencalendly.api_answer
    AS 'MODULE_PATHNAME', 'api_availability' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp COST 10000;
COMMENT ON FUNCTION opencalendly.api_availability(text, text, text, text, text, text, text, text, text) IS
    'GET /v0/users/:username/event-types/:slug/availability: open slots that start in [start, start + days * 24 hours) (now; 1 to 31, 7), in one answer unless limit (at most 10000, also the most without it) leaves a nextCursor; hold: the caller''s own, as if gone; a former username redirects; errors OC002, OC006';

CREATE FUNCTION opencalendly.api_team_availability(
    team_slug text, slug text, timezone text DEFAULT NULL, start text DEFAULT NULL, days text DEFAULT NULL,
    "limit" text DEFAULT NULL, cursor text DEFAULT NULL, hold text DEFAULT NULL, if_none_match text DEFAULT NULL)
    RETURNS opencalendly.api_answer
    AS 'MODULE_PATHNAME', 'api_team_availability' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp COST 10000;
COMMENT ON FUNCTION opencalendly.api_team_availability(text, text, text, text, text, text, text, text, text) IS
    'GET /v0/teams/:teamSlug/event-types/:eventSlug/availability: as api_availability, with the mode, and for each slot who could attend: of a round robin at most 10; errors OC002, OC006';

CREATE FUNCTION opencalendly.api_action_availability(
    token text, timezone text DEFAULT NULL, start text DEFAULT NULL, days text DEFAULT NULL,
    "limit" text DEFAULT NULL, cursor text DEFAULT NULL, hold text DEFAULT NULL, if_none_match text DEFAULT NULL)
    RETURNS opencalendly.api_answer
    AS 'MODULE_PATHNAME', 'api_action_availability' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp COST 10000;
COMMENT ON FUNCTION opencalendly.api_action_availability(text, text, text, text, text, text, text, text) IS
    'GET /v0/bookings/actions/:token/availability: as api_availability, with the link''s booking as if gone, also while the event type is inactive; errors OC003, OC004, OC005 (canceled, moved or started), OC006, OC011';
