-- Tokens of links and sessions: derived ones prove one thing each, random ones are random.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
SELECT opencalendly.create_user('links-ada', 'links-ada@example.org', 'Ada', 'UTC') AS ada \gset
SELECT opencalendly.set_availability_rules(:'ada', '[{"dayOfWeek": 1, "startMinute": 540, "endMinute": 1020}]');
SELECT opencalendly.create_event_type(:'ada', 'Intro', 'intro', 30) AS intro \gset
SELECT * FROM opencalendly.book_slot(:'intro', '2026-06-08 09:00', 'Bob', 'bob@example.org') \gset b_
\set link '01234567-89ab-7def-8123-456789abcdef'

-- a login link says its id again, and nothing else does
SELECT opencalendly.login_key_id();
SELECT opencalendly.login_token(:'link', opencalendly.login_key_id()) AS token \gset
SELECT length(:'token'), :'token' ~ '^[A-Za-z0-9_-]+$' AS plain, opencalendly.login_link_id(:'token') = :'link' AS read,
    opencalendly.login_token(:'link', opencalendly.login_key_id()) = :'token' AS same_again;
-- a booking's links are those that book_slot gave
SELECT l.cancel_token = :'b_cancel_token' AS cancels, l.reschedule_token = :'b_reschedule_token' AS reschedules
    FROM opencalendly.bookings AS b, opencalendly.booking_links(b.id, b.link_key_id) AS l WHERE b.id = :'b_booking_id';
-- sessions' tokens
SELECT count(DISTINCT opencalendly.random_token()), min(length(t)), max(length(t)), bool_and(t ~ '^[A-Za-z0-9_-]+$') AS plain
    FROM (SELECT opencalendly.random_token() AS t FROM generate_series(1, 100)) AS made;
-- links in the answer: nobody has switched that on
SELECT opencalendly.shows_login_links();
SET opencalendly.dev_login_links = on;
SELECT opencalendly.shows_login_links();
RESET opencalendly.dev_login_links;
-- all but making a token can be done where nothing can be written
BEGIN READ ONLY;
SELECT opencalendly.login_link_id(opencalendly.login_token(:'link', opencalendly.login_key_id())) = :'link' AS read;
COMMIT;

-- invalid input: a token of another kind, another key, a changed one, none
SELECT pg_temp.try(format('SELECT opencalendly.login_link_id(%L)', token)) FROM unnest(ARRAY[
    :'b_cancel_token', :'b_reschedule_token', overlay(:'token' placing CASE substr(:'token', 50, 1) WHEN 'A' THEN 'B' ELSE 'A' END from 50), overlay(:'token' placing 'x' from 10),
    left(:'token', 71), :'token' || 'A', :'token' || '=', :'token' || ' ', ' ' || :'token', '', 'x', repeat('A', 72), repeat('A', 100000), 'é', NULL]) AS token;
-- the action is proved, too: a login link that says it cancels
SELECT pg_temp.try(format('SELECT * FROM opencalendly.%s(%L)', f, t)) FROM unnest(ARRAY['cancel_booking', 'booking_action']) AS f,
    unnest(ARRAY[:'token', overlay(:'token' placing left(:'b_cancel_token', 4) from 1),
        opencalendly.login_token(:'b_booking_id', 1)]) AS t;
SELECT pg_temp.try(format('SELECT * FROM opencalendly.reschedule_booking(%L, ''2026-06-08 10:00'')', t))
    FROM unnest(ARRAY[:'token', opencalendly.login_token(:'b_booking_id', 1)]) AS t;
-- a key that is not there
SELECT pg_temp.try(format('SELECT opencalendly.login_token(%L, 77)', :'link'));
SELECT pg_temp.try(format('SELECT * FROM opencalendly.booking_links(%L, 77)', :'b_booking_id'));
SELECT opencalendly.login_token(NULL, 1) IS NULL AS no_id, opencalendly.login_token(:'link', NULL) IS NULL AS no_key,
    (SELECT count(*) FROM opencalendly.booking_links(NULL, 1)) AS no_links;
-- no key file
SET opencalendly.secret_key_file = '';
SELECT pg_temp.try('SELECT opencalendly.login_key_id()');
SELECT pg_temp.try(format('SELECT opencalendly.login_token(%L, 1)', :'link'));
SELECT pg_temp.try(format('SELECT opencalendly.login_link_id(%L)', :'token'));
RESET opencalendly.secret_key_file;
-- nobody else may call them or switch the setting on, not even before the library is there
CREATE ROLE links_anybody;
GRANT USAGE ON SCHEMA opencalendly TO links_anybody;
SET ROLE links_anybody;
SELECT pg_temp.try(s) FROM unnest(ARRAY['SET opencalendly.dev_login_links = on', 'SELECT opencalendly.login_key_id()',
    'SELECT opencalendly.login_token(opencalendly.uuid_generate_v7(), 1)', 'SELECT opencalendly.login_link_id('''')', 'SELECT * FROM opencalendly.booking_links(NULL, 1)',
    'SELECT opencalendly.random_token()', 'SELECT opencalendly.shows_login_links()']) AS s;
\c
SET ROLE links_anybody;
SET opencalendly.dev_login_links = on;
RESET ROLE;
SELECT opencalendly.shows_login_links();
REVOKE USAGE ON SCHEMA opencalendly FROM links_anybody;
DROP ROLE links_anybody;
