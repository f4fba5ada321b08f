-- The tokens of links and sessions, in C, for the functions that make answers of them. The keys stay in the file that
-- opencalendly.secret_key_file names (data/keys.h).

CREATE FUNCTION opencalendly.login_key_id() RETURNS integer
    AS 'MODULE_PATHNAME', 'login_key_id' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.login_key_id() IS
    'internal: the id of the key in use, for link_key_id of a new login link; error OC011';

CREATE FUNCTION opencalendly.login_token(link_id uuid, link_key_id integer) RETURNS text
    AS 'MODULE_PATHNAME', 'login_token' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.login_token(uuid, integer) IS
    'internal: the token of a row in login_links; error OC011';

CREATE FUNCTION opencalendly.login_link_id(token text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'login_link_id' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.login_link_id(text) IS
    'internal: the id in login_links that a token proves; whether that link is there, open and not expired is for the caller to see; errors OC003 (null, malformed, forged, a booking''s link), OC011';

CREATE FUNCTION opencalendly.booking_links(booking_id uuid, link_key_id integer)
    RETURNS TABLE (cancel_token text, reschedule_token text)
    AS 'MODULE_PATHNAME', 'booking_links' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION opencalendly.booking_links(uuid, integer) IS
    'internal: the tokens of a booking''s links, as book_slot gave them; error OC011';

CREATE FUNCTION opencalendly.random_token() RETURNS text
    AS 'MODULE_PATHNAME', 'random_token' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.random_token() IS
    'internal: 32 random bytes as 43 characters of base64url, for a session';

CREATE FUNCTION opencalendly.shows_login_links() RETURNS boolean
    AS 'MODULE_PATHNAME', 'shows_login_links' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.shows_login_links() IS
    'internal: the setting opencalendly.dev_login_links, which nobody but a superuser can have set';
