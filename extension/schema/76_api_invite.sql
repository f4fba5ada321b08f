-- GET .../invite.ics, in C.

CREATE FUNCTION opencalendly.api_action_invite(token text) RETURNS opencalendly.api_answer
    AS 'MODULE_PATHNAME', 'api_action_invite' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION opencalendly.api_action_invite(text) IS
    'GET /v0/bookings/actions/:token/invite.ics: the booking as text/calendar, METHOD:PUBLISH, with its invitee alone; moved or canceled it keeps its UID, and SEQUENCE rises; errors OC003, OC004, OC006, OC011';
