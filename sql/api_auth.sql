-- Signing in over HTTP, as the shim calls it: links that say nothing about who has an account, one use, sessions that can
-- be ended, names that are asked for where they are missing.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api_calls.inc
\i :api
-- Whatever the engine takes for now: doors open and close by the wall clock, whose instants are not shown.
INSERT INTO kept VALUES ('wall clock', 'yes');
SET opencalendly.dev_login_links = on;
SET opencalendly.base_url = 'https://book.example.org';
DELETE FROM opencalendly.sessions;
DELETE FROM opencalendly.login_links;
SELECT opencalendly.create_user('auth-ada', 'auth-ada@example.org', 'Ada', 'Europe/Berlin') AS ada \gset
-- How many rows each table has, so that what must not be made can be seen.
CREATE FUNCTION pg_temp.rows() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(c.relname, (xpath('/row/n/text()', query_to_xml(
            format('SELECT count(*) AS n FROM opencalendly.%I', c.relname), false, true, '')))[1]::text)
        FROM pg_class AS c WHERE c.relnamespace = 'opencalendly'::regnamespace AND c.relkind = 'r'
$$;
CREATE TEMP TABLE before AS SELECT pg_temp.rows() AS n;

-- Asking for a link: the same answer for who is known and who is not, whatever names come with it.
SELECT pg_temp.say('request_login_link', '{"email": "Auth-Ada@Example.org"}') AS known,
    pg_temp.say('request_login_link', '{"email": "auth-bob@example.org"}') AS unknown;
SELECT pg_temp.say('request_login_link', '{"email": "auth-eve@example.org", "username": "auth-ada", "displayName": "Eve", "timezone": "Asia/Kolkata"}') AS taken_name;
SELECT email, username, display_name, timezone, used_at, expires_at - created_at AS life, created_at > now() - interval '1 min' AS by_wall_clock
    FROM opencalendly.login_links WHERE email LIKE 'auth-%' ORDER BY id;
SELECT key, value::integer - (b.n ->> key)::integer AS more FROM before AS b, jsonb_each_text(pg_temp.rows()) WHERE value <> b.n ->> key ORDER BY key COLLATE "C";
-- a name that deleted users will need is nobody's
SELECT pg_temp.say('request_login_link', jsonb_build_object('email', 'auth-eve@example.org', 'username', 'deleted-' || translate(:'ada', '-', ''))::text) ~ '^OC006 username must' AS reserved;
-- the token is told in development alone
SET opencalendly.dev_login_links = off;
SELECT pg_temp.say('request_login_link', '{"email": "auth-ada@example.org"}') AS known, pg_temp.say('request_login_link', '{"email": "auth-bob@example.org"}') AS unknown;
SET opencalendly.dev_login_links = on;
-- at most 5 an hour for an address, in whatever spelling: the same answer but for the token, and no row
SELECT say FROM generate_series(3, 6), pg_temp.say('request_login_link', '{"email": "AUTH-ADA@example.org"}') ORDER BY length(say) DESC;
SELECT count(*) FROM opencalendly.login_links WHERE email = 'auth-ada@example.org';
SELECT pg_temp.say('request_login_link', '{"email": "auth-ada@example.org.uk"}') AS another_address;
UPDATE opencalendly.login_links SET created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour'
    WHERE id = (SELECT min(id::text)::uuid FROM opencalendly.login_links WHERE email = 'auth-ada@example.org');
SELECT pg_temp.say('request_login_link', '{"email": "auth-ada@example.org"}') AS an_hour_later, pg_temp.say('request_login_link', '{"email": "auth-ada@example.org"}') AS no_more;

-- Using it.
DELETE FROM opencalendly.login_links;
SELECT pg_temp.keep('first', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org"}'),
    pg_temp.keep('second', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org", "username": "auth-other", "timezone": "Asia/Tokyo"}'),
    pg_temp.keep('bob', '{magicLinkToken}', 'request_login_link', '{"email": "auth-bob@example.org"}');
SELECT length(value) FROM kept WHERE name IN ('first', 'second') ORDER BY 1;
SELECT pg_temp.keep('session', '{sessionToken}', 'verify_login_link', NULL, 'Firefox/140', '{"token": "@second@", "username": "auth-third"}');
SELECT email, used_at IS NOT NULL AS used FROM opencalendly.login_links ORDER BY id;
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@second@"}') AS used, pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@first@"}') AS voided;
-- who has an account keeps their names
SELECT pg_temp.say('me', '@session@');
SELECT length(token_hash), user_agent, expires_at - created_at AS life, created_at > now() - interval '1 min' AS by_wall_clock,
    token_hash = sha256(pg_temp.filled('@session@')::bytea) AS hashed FROM opencalendly.sessions;
SELECT pg_temp.filled('@session@') ~ '^[A-Za-z0-9_-]+$' AS form, length(pg_temp.filled('@session@')) BETWEEN 32 AND 256 AS length;
-- in a cookie: not in the body
SELECT pg_temp.keep('third', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org"}');
SELECT pg_temp.say('verify_login_link', 'cookie', E'\t' || repeat('x', 1000), '{"token": "@third@"}');
SELECT length(user_agent) FROM opencalendly.sessions ORDER BY 1;

-- No account: a name must be chosen, may be taken, and the link can be used again until it works.
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@bob@"}');
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@bob@", "username": "auth-ada"}');
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@bob@", "username": "support"}');
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@bob@", "username": "auth-bob", "timezone": "Mars/Base"}');
SELECT email, used_at FROM opencalendly.login_links WHERE email = 'auth-bob@example.org';
SELECT count(*) FROM opencalendly.users WHERE email = 'auth-bob@example.org';
SELECT pg_temp.say('verify_login_link', '', '', '{"token": "@bob@", "username": "auth-bob", "displayName": "Bob", "timezone": "Asia/Kolkata"}');
SELECT u.timezone, s.name, s.timezone, s.is_default FROM opencalendly.users AS u JOIN opencalendly.schedules AS s ON s.user_id = u.id WHERE u.username = 'auth-bob';
-- names that came with the request wait in the link; those given now come first; a name that was given up is taken, too
SELECT opencalendly.update_user(:'ada', '{"username": "auth-ada-2"}') IS NOT NULL AS renamed;
SELECT pg_temp.keep('eve', '{magicLinkToken}', 'request_login_link', '{"email": "auth-eve@example.org", "username": "auth-ada", "displayName": "Eve", "timezone": "Asia/Tokyo"}');
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@eve@"}');
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@eve@", "username": "auth-eve", "timezone": null}');

-- Changing oneself.
SELECT pg_temp.say('update_me', '@session@', '{"displayName": "Ada L.", "timezone": "Europe/London", "username": "auth-ada-3"}');
SELECT pg_temp.say('update_me', '@session@', '{"displayName": null}'), pg_temp.say('update_me', '@session@', '{}'), pg_temp.say('update_me', '@session@', NULL);
SELECT username FROM opencalendly.former_usernames WHERE user_id = :'ada' ORDER BY 1;
SELECT pg_temp.say('public_event_types', 'auth-ada');
SELECT pg_temp.say('update_me', '@session@', '{"username": "auth-bob"}') AS taken, pg_temp.say('update_me', '@session@', '{"username": "auth-ada"}') AS back;

-- Sessions: the list, ending one, ending this one, ending all.
SELECT pg_temp.keep('fourth', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org"}');
SELECT pg_temp.keep('other', '{cookie}', 'verify_login_link', 'cookie', 'Safari', '{"token": "@fourth@"}');
SELECT pg_temp.say('sessions', '@other@');
SELECT pg_temp.keep('safari', '{sessions,0,id}', 'sessions', '@other@'), pg_temp.keep('firefox', '{sessions,2,id}', 'sessions', '@other@');
SELECT session_token AS bob FROM opencalendly.users AS u, opencalendly.create_session(u.id) AS s WHERE u.username = 'auth-bob' \gset
INSERT INTO kept VALUES ('bobs', :'bob');
SELECT pg_temp.say('delete_session', '@bobs@', '@firefox@') AS of_another, pg_temp.say('delete_session', '@other@', 'x') AS no_id,
    pg_temp.say('delete_session', '@other@', NULL) AS null_id, pg_temp.say('delete_session', '@other@', '00000000-0000-0000-0000-000000000000') AS unknown;
SELECT pg_temp.say('me', '@session@') LIKE '200%' AS still_in;
SELECT pg_temp.say('delete_session', '@other@', '@firefox@'), pg_temp.say('delete_session', '@other@', '@firefox@') AS again, pg_temp.say('me', '@session@') AS out;
SELECT pg_temp.say('delete_session', '@other@', upper(pg_temp.filled('@safari@'))) AS itself, pg_temp.say('me', '@other@') AS out;
SELECT pg_temp.say('logout', '@bobs@', ''), pg_temp.say('logout', '@bobs@', '') AS again;
SELECT session_token AS a FROM opencalendly.create_session(:'ada', 'a') \gset
SELECT session_token AS b FROM opencalendly.create_session(:'ada', 'b') \gset
INSERT INTO kept VALUES ('a', :'a'), ('b', :'b');
SELECT pg_temp.say('logout', '@a@', '{"everywhere": false}'), pg_temp.say('me', '@a@') AS out, pg_temp.say('me', '@b@') LIKE '200%' AS other_stays;
SELECT pg_temp.say('logout', '@b@', '{"everywhere": true}'), pg_temp.say('me', '@b@') AS out;
SELECT count(*) FROM opencalendly.sessions WHERE user_id = :'ada';

-- What has run out, by the wall clock: the engine's clock moves nothing here.
DELETE FROM opencalendly.login_links;
SELECT pg_temp.keep('late', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org"}');
SET opencalendly.clock = '2099-01-01';
SELECT pg_temp.keep('session', '{sessionToken}', 'verify_login_link', NULL, NULL, '{"token": "@late@"}'), pg_temp.say('me', '@session@') LIKE '200%' AS in_2099;
SET opencalendly.clock = '2026-06-01 06:00+00';
SELECT pg_temp.keep('late', '{magicLinkToken}', 'request_login_link', '{"email": "auth-ada@example.org"}');
UPDATE opencalendly.login_links SET created_at = created_at - interval '15 min', expires_at = expires_at - interval '15 min';
SELECT pg_temp.say('verify_login_link', NULL, NULL, '{"token": "@late@"}') AS expired;
UPDATE opencalendly.sessions SET created_at = created_at - interval '30 days', expires_at = expires_at - interval '30 days';
SELECT pg_temp.say('me', '@session@') AS expired, pg_temp.say('sessions', '@session@') AS no_list, pg_temp.say('logout', '@session@', NULL) AS no_logout,
    pg_temp.say('update_me', '@session@', '{}') AS no_change, pg_temp.say('delete_session', '@session@', 'x') AS no_end;
-- pruning: what has run out goes; links of the last hour stay, for they are counted
SELECT opencalendly.create_session(:'ada') IS NOT NULL AS made;
SELECT opencalendly.prune_sessions() > 0 AS pruned;
SELECT opencalendly.prune_sessions() AS again, (SELECT count(*) FROM opencalendly.sessions) AS live;
SELECT opencalendly.prune_login_links() AS none;
SELECT count(*) AS kept FROM opencalendly.login_links;
UPDATE opencalendly.login_links SET created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour';
SELECT opencalendly.prune_login_links() AS pruned;
SELECT count(*) AS kept FROM opencalendly.login_links;

-- For DBAs.
SELECT length(login_token), expires_at - now() > interval '14 min' AS life FROM opencalendly.create_login_link('Auth-Zoe@example.org', 'auth-zoe', 'Zoe', 'UTC');
SELECT email, username, display_name, timezone FROM opencalendly.login_links;
SELECT opencalendly.revoke_sessions(:'ada') AS ended, opencalendly.revoke_sessions(:'ada') AS again;
SELECT pg_temp.try(call) FROM unnest(ARRAY[
    'SELECT * FROM opencalendly.create_login_link(NULL)',
    'SELECT * FROM opencalendly.create_login_link(''x'')',
    'SELECT * FROM opencalendly.create_login_link(''x@y'', ''api'')',
    'SELECT * FROM opencalendly.create_login_link(''x@y'', display_name => '' '')',
    'SELECT * FROM opencalendly.create_login_link(''x@y'', timezone => ''XYZ3'')',
    'SELECT * FROM opencalendly.create_session(NULL)',
    'SELECT * FROM opencalendly.create_session(''00000000-0000-0000-0000-000000000000'')',
    'SELECT opencalendly.revoke_sessions(NULL)',
    'SELECT opencalendly.revoke_sessions(''00000000-0000-0000-0000-000000000000'')']) AS call;

-- For the shim.
SET ROLE opencalendly_api;
SELECT version ~ '^\d' AS version, base_url, dev_login_links, is_restored_copy FROM opencalendly.api_hello();
SELECT name, kind, labels, value >= 0 AS has_value, help <> '' AS has_help FROM opencalendly.api_metrics();
RESET ROLE;
RESET opencalendly.base_url;
RESET opencalendly.dev_login_links;
SELECT base_url, dev_login_links FROM opencalendly.api_hello();
-- it can be asked on a standby
BEGIN READ ONLY;
SELECT count(*) FROM opencalendly.api_hello();
SELECT count(*) > 10 AS some FROM opencalendly.api_metrics();
COMMIT;
-- what is measured moves with what is there
SELECT value AS links FROM opencalendly.api_metrics() WHERE name = 'opencalendly_open_login_links' \gset
SELECT opencalendly.create_login_link('auth-zoe@example.org') IS NOT NULL AS made;
SELECT value - :links AS more FROM opencalendly.api_metrics() WHERE name = 'opencalendly_open_login_links';
SELECT pg_temp.say('request_login_link', '{"email": "auth-zoe@example.org"}') AS no_token;

-- Invalid input.
SET opencalendly.dev_login_links = on;
SELECT * FROM pg_temp.hostile('request_login_link', '{@body@}',
    '{"email": "auth-mia@example.org", "username": "auth-mia", "displayName": "Mia", "timezone": "UTC"}');
SELECT pg_temp.keep('mia', '{magicLinkToken}', 'request_login_link', '{"email": "auth-mia@example.org"}');
SELECT * FROM pg_temp.hostile('verify_login_link', '{NULL,x,@body@}',
    '{"token": "@mia@", "username": "auth-mia", "displayName": "Mia", "timezone": "UTC"}');
SELECT session_token AS mia FROM opencalendly.create_session(:'ada') \gset
INSERT INTO kept VALUES ('adas', :'mia');
SELECT * FROM pg_temp.hostile('update_me', '{@adas@,@body@}', '{"username": "auth-ada-4", "displayName": "Ada", "timezone": "UTC"}');
SELECT * FROM pg_temp.hostile('logout', '{@adas@,@body@}', '{"everywhere": false}');
-- addresses
SELECT email, pg_temp.dry('request_login_link', jsonb_build_object('email', email)::text) FROM unnest(ARRAY['a@b', 'Ä@ö.example', 'a', '@', 'a@',
    '@b', 'a@b@c', 'a b@c', ' a@b', E'a@b\n', repeat('a', 318) || '@b', repeat('a', 319) || '@b', 'a@b,c@d', 'a@b' || chr(160), 'a@b' || chr(133)]) AS email;
-- tokens: of a booking, of another key, of nothing, cut, longer, in another case
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020}]') AS rules,
    opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30) AS intro \gset
SELECT cancel_token FROM opencalendly.book_slot(:'intro', '2026-06-08 10:00', 'Bob', 'bob@example.org') \gset
SELECT what, pg_temp.dry('verify_login_link', NULL, NULL, jsonb_build_object('token', token, 'username', 'auth-mia')::text)
    FROM (SELECT pg_temp.filled('@mia@') AS good) AS g, LATERAL (VALUES (1, 'good', good), (2, 'a booking''s', :'cancel_token'),
        (3, 'of no link', opencalendly.login_token(opencalendly.uuid_generate_v7(), 1)), (4, 'cut', left(good, 71)), (5, 'longer', good || 'A'),
        (6, 'another case', translate(good, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')),
        (7, 'a session''s', pg_temp.filled('@adas@')), (8, 'a megabyte', repeat('A', 1000000)), (9, 'blanks around', ' ' || good || ' '),
        (10, 'not ASCII', repeat('ä', 72))) AS t (n, what, token) ORDER BY n;
SELECT email, used_at FROM opencalendly.login_links WHERE email = 'auth-mia@example.org';
-- sessions: absent, unknown, of the wrong kind
SELECT name, what, pg_temp.dry(name, VARIADIC ARRAY[token] || more)
    FROM (VALUES ('me', '{}'::text[]), ('sessions', '{}'), ('logout', '{""}'), ('delete_session', '{x}'), ('update_me', '{"{}"}')) AS f (name, more),
        (VALUES ('none', NULL), ('empty', ''), ('unknown', 'ocs_' || repeat('A', 43)), ('a link', pg_temp.filled('@mia@')), ('quotes', ''' OR true --'),
            ('the hash', (SELECT encode(token_hash, 'hex') FROM opencalendly.sessions LIMIT 1)), ('long', repeat('x', 100000))) AS s (what, token)
    ORDER BY name COLLATE "C", what COLLATE "C";
-- a username given up stays reserved, so there is an end to it; going back to one of them is none more
INSERT INTO opencalendly.former_usernames (username, user_id)
    SELECT 'auth-old-' || n, :'ada' FROM generate_series(1, 10 - (SELECT count(*) FROM opencalendly.former_usernames WHERE user_id = :'ada')) AS n;
SELECT pg_temp.dry('update_me', pg_temp.filled('@adas@'), '{"username": "auth-fresh"}') AS one_too_many,
    pg_temp.dry('update_me', pg_temp.filled('@adas@'), '{"username": "auth-old-1"}') AS back_to_an_old_one;
-- without a key file nobody signs in, and the answer is the setting's
SET opencalendly.secret_key_file = '';
SELECT pg_temp.dry('request_login_link', '{"email": "auth-ada@example.org"}') AS known, pg_temp.dry('request_login_link', '{"email": "auth-nobody@example.org"}') AS unknown,
    pg_temp.dry('verify_login_link', NULL, NULL, '{"token": "@mia@"}') AS verify;
RESET opencalendly.secret_key_file;
-- the role that calls can call nothing else
SET ROLE opencalendly_api;
SELECT pg_temp.try(call) FROM unnest(ARRAY['SELECT * FROM opencalendly.sessions', 'SELECT * FROM opencalendly.login_links',
    'SELECT opencalendly.create_session(NULL)', 'SELECT opencalendly.use_login_link(''x'')', 'SELECT opencalendly.signed_in(''x'')',
    'SELECT opencalendly.user_of_login_link(NULL, NULL)', 'SELECT opencalendly.login_token(opencalendly.uuid_generate_v7(), 1)', 'SET opencalendly.dev_login_links = on']) AS call;
RESET ROLE;
-- other tests look at whole tables
SET client_min_messages = warning;
TRUNCATE opencalendly.users, opencalendly.login_links CASCADE;
