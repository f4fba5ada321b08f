-- Webhooks' secrets are sealed and never shown again, signatures are those that a receiver computes, URLs lead nowhere inside.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set id '01234567-89ab-7def-8123-456789abcdef'
\set secret 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

-- a signature, as another program computes it: of the body's bytes, under the secret's whole text, to the whole second
SELECT opencalendly.webhook_signature(:'secret', '{"test": 2432232314}', to_timestamp(1614265330));
SELECT opencalendly.webhook_signature('Größe, not base64', '{"test": 2432232314}', to_timestamp(1614265330));
SELECT opencalendly.webhook_signature(:'secret', '', 'epoch');
SELECT DISTINCT split_part(opencalendly.webhook_signature(:'secret', 'x', at), ',', 1) AS t FROM unnest(ARRAY[
    '2026-06-01 12:00+00', '2026-06-01 12:00:00.999999+00', '2026-06-01 14:00+02', '1969-12-31 23:59:59.5+00', '1900-01-01 00:00+00',
    '9999-12-31 23:59:59.999999+00']::timestamptz[]) AS at ORDER BY t;
SELECT count(DISTINCT opencalendly.webhook_signature(s, b, to_timestamp(t))) AS all_differ
    FROM unnest(ARRAY['secret-1', 'secret-2', 'Secret-1']) AS s, unnest(ARRAY['', ' ', U&'\00e9', U&'e\0301', E'e\n', '{}']) AS b,
    unnest(ARRAY[0, 1]) AS t;
SET timezone = 'Asia/Kolkata';
SELECT opencalendly.webhook_signature(:'secret', '{"test": 2432232314}', '2021-02-25 15:02:10+00');
SET timezone = 'UTC';
SELECT length(opencalendly.webhook_signature(:'secret', repeat('é', 1000000), to_timestamp(1614265330)));
-- nothing of nothing
SELECT opencalendly.webhook_signature(NULL, 'x', now()) IS NULL AS no_secret, opencalendly.webhook_signature(:'secret', NULL,
    now()) IS NULL AS no_body,
    opencalendly.webhook_signature(:'secret', 'x', NULL) IS NULL AS no_instant,
    opencalendly.webhook_secret_problem(NULL) IS NULL AS no_problem,
    opencalendly.webhook_url_problem(NULL) IS NULL AS no_url, opencalendly.seal_webhook_secret(NULL, :'secret') IS NULL AS no_row,
    opencalendly.seal_webhook_secret(:'id', NULL) IS NULL AS nothing_sealed;

-- secrets that are made can be used, and each is another
SELECT count(DISTINCT s), bool_and(s ~ '^whsec_[A-Za-z0-9+/]{43}=$') AS well_formed, bool_and(length(decode(substr(s, 7),
    'base64')) = 32) AS of_32_bytes,
    bool_and(opencalendly.webhook_secret_problem(s) IS NULL) AS usable FROM (SELECT opencalendly.new_webhook_secret() AS s FROM generate_series(1, 100)) AS made;

-- what is sealed: the key's id, a nonce, as many bytes as the secret has, a tag; another each time; nothing of the secret
SELECT length(sealed) - octet_length(s) AS more,
    ('x' || encode(substr(sealed, 1, 4), 'hex'))::bit(32)::integer = opencalendly.login_key_id() AS names_the_key, position(convert_to(s, 'UTF8') IN sealed) AS found,
        position(convert_to(left(s, 4), 'UTF8') IN sealed) AS found_in_part
    FROM (SELECT s, opencalendly.seal_webhook_secret(:'id', s) AS sealed
          FROM unnest(ARRAY[:'secret', 'eight...', repeat('x', 200), repeat('é', 200), repeat('🗓', 200)]) AS s) AS all_sealed;
SELECT count(DISTINCT sealed), count(DISTINCT substr(sealed, 5, 12)) AS nonces
    FROM (SELECT opencalendly.seal_webhook_secret(:'id', :'secret') AS sealed FROM generate_series(1, 1000)) AS again;
-- nothing opens it in SQL
SELECT count(*) FROM pg_proc WHERE pronamespace = 'opencalendly'::regnamespace AND 'bytea'::regtype = ANY (proargtypes::oid[]) AND proname ~ 'secret|open|seal';

-- a secret: 8 to 200 characters, and base64 of 24 to 64 bytes behind the prefix
SELECT problem, count(*), string_agg(left(s, 12) || ' ' || length(s), ', ' ORDER BY n) AS secrets
    FROM unnest(ARRAY['', 'seven..', 'eight...', repeat('x', 200), repeat('x', 201), repeat('é', 7), repeat('é', 8), repeat('🗓',
    200), repeat('🗓', 201), '        ',
        'whsec_', 'whsec_A', 'whsec_AA', 'whsec_' || repeat('A', 31), 'whsec_' || repeat('A', 32), 'whsec_' || repeat('A', 86),
        'whsec_' || repeat('A', 86) || '==',
        'whsec_' || repeat('A', 86) || '=', 'whsec_' || repeat('A', 87), 'whsec_' || repeat('A', 88), 'whsec_' || repeat('A', 33),
        'whsec_' || repeat('A', 34),
        'whsec_' || repeat('A', 33) || 'B', 'whsec_' || repeat('A', 33) || 'B==', 'whsec_' || repeat('_', 32),
        'whsec_' || repeat('A', 31) || E'\n', 'whsec_' || repeat('é', 32),
        'WHSEC_' || repeat('_', 32), 'whsec', 'whsec-12', 'whpk_' || repeat('A', 32), repeat('x',
        1000000)]) WITH ORDINALITY AS u (s, n),
        opencalendly.webhook_secret_problem(s) AS problem
    GROUP BY problem ORDER BY problem COLLATE "C" NULLS FIRST;

-- a URL: https, and no address inside, unless the superuser has opened it
CREATE FUNCTION pg_temp.urls(VARIADIC urls text[]) RETURNS TABLE (problem text, urls text) LANGUAGE sql AS $$
    SELECT p, string_agg(u, '  ' ORDER BY n) FROM unnest(urls) WITH ORDINALITY AS given (u, n),
    opencalendly.webhook_url_problem(u) AS p
    GROUP BY p ORDER BY p COLLATE "C" NULLS FIRST
$$;
SHOW opencalendly.egress_allow;
SELECT * FROM pg_temp.urls('https://example.com', 'https://example.com/hook?x=1', 'https://example.com:8443', 'https://8.8.8.8/',
    'https://[2606:4700::1111]:443/',
    'https://127.0.0.1/', 'https://10.0.0.1', 'https://169.254.169.254/latest/meta-data', 'https://[::1]:8443/',
    'https://[::ffff:127.0.0.1]', 'https://[64:ff9b::7f00:1]/',
    'https://[fd00::1]', 'https://0.0.0.0', 'http://example.com', 'http://127.0.0.1:8080/', 'http://localhost', 'http://[::1]');
SET opencalendly.egress_allow = '127.0.0.0/8, ::1/128';
SELECT * FROM pg_temp.urls('https://example.com', 'https://8.8.8.8/', 'https://127.0.0.1/', 'https://10.0.0.1',
    'https://[::1]:8443/', 'https://[::ffff:127.0.0.1]',
    'https://[64:ff9b::7f00:1]/', 'https://[fd00::1]', 'http://example.com', 'http://127.0.0.1:8080/', 'http://127.255.255.255',
    'http://128.0.0.1', 'http://8.8.8.8/',
    'http://localhost', 'http://[::1]', 'http://[::2]');
SET opencalendly.egress_allow = '::/0';
SELECT * FROM pg_temp.urls('https://127.0.0.1/', 'https://[::ffff:127.0.0.1]', 'https://[::1]/', 'https://[64:ff9b::7f00:1]/');
RESET opencalendly.egress_allow;
SELECT * FROM pg_temp.urls('https://127.0.0.1/', 'https://[::1]/');

-- invalid input: URLs that are none, or that programs read differently
SELECT * FROM pg_temp.urls('', 'example.com', '//example.com', 'HTTPS://example.com', 'https:example.com', 'https:/example.com',
    ' https://example.com', 'ftp://example.com',
    'file:///etc/passwd', 'gopher://127.0.0.1:6379/_x', 'javascript:alert(1)', 'https://', 'https:///x', 'https://?x',
    'https://:443', 'https://user@example.com',
    'https://user:secret@example.com/', 'https://@example.com', 'https://127.0.0.1:1@8.8.8.8:1/', 'https://example.com:0',
    'https://example.com:65536', 'https://example.com:',
    'https://example.com:1x', 'https://example.com:-1', 'https://[::1', 'https://[]', 'https://[example.com]',
    'https://[fe80::1%25lo]', 'https://[::1]x', 'https://exam%70le.com',
    'https://①②⑦.0.0.1', 'https://127。0.0.1', 'https://bücher.example', 'https://xn--bcher-kva.example', 'https://example.com/é');
SELECT * FROM pg_temp.urls(E'https://example.com/\r\nHost: x', E'https://example.com\t/', 'https://example.com/a b',
    E'https://example.com/\x7f', 'https://example.com\@127.0.0.1/',
    'https://example.com/#x', 'https://example.com#@127.0.0.1/');
SELECT opencalendly.webhook_url_problem('https://' || repeat('a', n) || '/'), n FROM unnest(ARRAY[1, 253, 254, 1000000]) AS n;
-- a secret that cannot be used is not told, nor a part of it
CREATE FUNCTION pg_temp.tells(statement text, secret text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; facts text; advice text; place text;
BEGIN
    EXECUTE statement USING secret;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, facts = PG_EXCEPTION_DETAIL, advice = PG_EXCEPTION_HINT,
    place = PG_EXCEPTION_CONTEXT;
    RETURN concat_ws(' | ', SQLSTATE || ' ' || message, nullif(facts, ''), nullif(advice, ''),
        CASE WHEN secret <> '' AND position(left(secret, 7) IN concat(message, facts, advice, place)) > 0 THEN 'AND THE SECRET' END);
END
$$;
SELECT f, told, count(*) FROM unnest(ARRAY['SELECT opencalendly.webhook_signature($1, ''x'', now())',
        format('SELECT opencalendly.seal_webhook_secret(%L, $1)', :'id')]) AS f,
    unnest(ARRAY['', 'tell-me', repeat('tell-me-', 26), 'whsec_tell-me', 'whsec_' || repeat('tell-me-', 4),
    'whsec_' || repeat('tellme', 20)]) AS s,
    pg_temp.tells(f, s) AS told GROUP BY f, told ORDER BY f COLLATE "C", told COLLATE "C";
-- instants that no clock shows
SELECT pg_temp.try(format('SELECT opencalendly.webhook_signature(%L, ''x'', %L)', :'secret', at))
    FROM unnest(ARRAY['infinity', '-infinity', '1899-12-31 23:59:59.999999+00', '10000-01-01 00:00+00',
    '294276-12-31 23:59:59.999999+00', '4713-11-24 00:00+00 BC']) AS at;
-- no key file: nothing is sealed, all else works
SET opencalendly.secret_key_file = '';
SELECT pg_temp.try(format('SELECT opencalendly.seal_webhook_secret(%L, %L)', :'id', :'secret'));
SELECT pg_temp.try(s) FROM unnest(ARRAY['SELECT opencalendly.new_webhook_secret()', 'SELECT opencalendly.webhook_url_problem(''x'')',
    format('SELECT opencalendly.webhook_signature(%L, ''x'', now())', :'secret')]) AS s;
SET opencalendly.secret_key_file = '/nowhere/keys';
SELECT pg_temp.try(format('SELECT opencalendly.seal_webhook_secret(%L, %L)', :'id', :'secret'));
RESET opencalendly.secret_key_file;
-- lists that are none open nothing
SELECT pg_temp.try(format('SET opencalendly.egress_allow = %L', list)) FROM unnest(ARRAY['all', '*', 'localhost', '10.0.0.1/8',
    '10.0.0.0/33', '10.0.0.0/-1', '10/8', '::1/127',
    '10.0.0.0/8,', ',', '10.0.0.0/8;::1', '127.0.0.1 or so', '[::1]', '010.0.0.0/8', (SELECT string_agg('10.0.' || n || '.0/24',
    ',') FROM generate_series(1, 65) AS n)]) AS list;
SHOW opencalendly.egress_allow;
SELECT pg_temp.try(format('SET opencalendly.egress_allow = %L', (SELECT string_agg('10.0.' || n || '.0/24',
    ',') FROM generate_series(1, 64) AS n)));
SELECT opencalendly.webhook_url_problem('http://10.0.64.1'), opencalendly.webhook_url_problem('http://10.0.65.1');
RESET opencalendly.egress_allow;
-- nobody else may call them or open a range (an admin computes signatures, as receivers do), not even before the library is there
CREATE ROLE secrets_anybody;
GRANT USAGE ON SCHEMA opencalendly TO secrets_anybody;
SET ROLE secrets_anybody;
SELECT pg_temp.try(s) FROM unnest(ARRAY['SET opencalendly.egress_allow = ''127.0.0.1''',
    'SELECT opencalendly.webhook_signature(''secret-1'', ''x'', ''epoch'')',
    'SELECT opencalendly.webhook_secret_problem(''x'')', 'SELECT opencalendly.webhook_url_problem(''x'')',
    'SELECT opencalendly.new_webhook_secret()',
    'SELECT opencalendly.seal_webhook_secret(''01234567-89ab-7def-8123-456789abcdef'', ''secret-1'')']) AS s;
SET ROLE opencalendly_admin;
SELECT pg_temp.try(s) FROM unnest(ARRAY['SELECT opencalendly.webhook_signature(''secret-1'', ''x'', ''epoch'')',
    'SELECT opencalendly.webhook_secret_problem(''x'')', 'SELECT opencalendly.webhook_url_problem(''x'')',
    'SELECT opencalendly.new_webhook_secret()',
    'SELECT opencalendly.seal_webhook_secret(''01234567-89ab-7def-8123-456789abcdef'', ''secret-1'')']) AS s;
\c
SET ROLE secrets_anybody;
SET opencalendly.egress_allow = '127.0.0.1';
RESET ROLE;
SELECT opencalendly.webhook_url_problem('https://127.0.0.1');
REVOKE USAGE ON SCHEMA opencalendly FROM secrets_anybody;
DROP ROLE secrets_anybody;
