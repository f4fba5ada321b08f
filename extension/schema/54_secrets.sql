-- Webhooks' secrets, signatures and URLs, and what of calendars is sealed or derived, in C. The keys that secrets are sealed under stay in the file that
-- opencalendly.secret_key_file names (data/keys.h). There is no function that opens what is sealed: the workers alone do.

CREATE FUNCTION opencalendly.webhook_signature(secret text, body text, at timestamptz) RETURNS text
    AS 'MODULE_PATHNAME', 'webhook_signature' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.webhook_signature(text, text, timestamptz) IS
    'the value of the header X-OpenCalendly-Signature for a body sent at an instant: "t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>"; the key is the secret''s whole text; error OC006 (secret, at)';

CREATE FUNCTION opencalendly.webhook_secret_problem(secret text) RETURNS text
    AS 'MODULE_PATHNAME', 'webhook_secret_problem' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.webhook_secret_problem(text) IS
    'internal: what is wrong with a secret, to be said behind the field''s name and without the value; null = nothing';

CREATE FUNCTION opencalendly.webhook_url_problem(url text) RETURNS text
    AS 'MODULE_PATHNAME', 'webhook_url_problem' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.webhook_url_problem(text) IS
    'internal: what is wrong with an endpoint''s URL under opencalendly.egress_allow, to be said behind the field''s name; null = nothing';

CREATE FUNCTION opencalendly.new_webhook_secret() RETURNS text
    AS 'MODULE_PATHNAME', 'new_webhook_secret' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.new_webhook_secret() IS
    'internal: "whsec_" and base64 of 32 random bytes';

CREATE FUNCTION opencalendly.seal_webhook_secret(subscription_id uuid, secret text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'seal_webhook_secret' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.seal_webhook_secret(uuid, text) IS
    'internal: a secret as it rests in webhook_subscriptions, sealed for the row of this id under the key in use; errors OC006 (secret), OC011';

CREATE FUNCTION opencalendly.seal_calendar_code(consent_id uuid, code text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'seal_calendar_code' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.seal_calendar_code(uuid, text) IS
    'internal: what a provider gave for tokens as it rests in calendar_consents, sealed for the row of this id under the key in use; error OC011';

CREATE FUNCTION opencalendly.seal_calendar_token(connection_id uuid, token text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'seal_calendar_token' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.seal_calendar_token(uuid, text) IS
    'internal: a token as it rests in calendar_connections, sealed for the row of this id under the key in use; error OC011';

CREATE FUNCTION opencalendly.calendar_state(consent_id uuid, link_key_id integer) RETURNS text
    AS 'MODULE_PATHNAME', 'calendar_state' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.calendar_state(uuid, integer) IS
    'internal: the state that a provider hands back for a row in calendar_consents; error OC011';

CREATE FUNCTION opencalendly.read_calendar_state(state text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'read_calendar_state' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.read_calendar_state(text) IS
    'internal: the id in calendar_consents that a state proves, null if it is not one of ours; whether that row is there, open, not expired and the caller''s is for the caller to see; error OC011';

CREATE FUNCTION opencalendly.calendar_challenge(consent_id uuid, link_key_id integer) RETURNS text
    AS 'MODULE_PATHNAME', 'calendar_challenge' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION opencalendly.calendar_challenge(uuid, integer) IS
    'internal: the challenge of PKCE (S256) for a row in calendar_consents, whose verifier the worker derives again; error OC011';
