-- Webhooks' secrets, signatures and URLs, in C. The keys that secrets are sealed under stay in the file that
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
