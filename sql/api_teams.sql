-- The HTTP API of teams, function by function: what it answers, who may what, and how each bad value is refused.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir /sql/include/setup.inc
\i :setup
\set api :abs_srcdir /sql/include/api.inc
\i :api

SELECT pg_temp.sign_up('ada', 'at-'), pg_temp.sign_up('bob', 'at-', 'Asia/Kolkata'), pg_temp.sign_up('cyd', 'at-'), pg_temp.sign_up('eve', 'at-'), pg_temp.sign_up('zoe', 'at-');
SELECT count(opencalendly.set_availability_rules(pg_temp.id(n), (SELECT jsonb_agg(jsonb_build_object(
    'dayOfWeek', day, 'startMinute', 0, 'endMinute', 1440)) FROM generate_series(0, 6) AS day))) FROM unnest(ARRAY['ada', 'bob', 'cyd']) AS n;

--
-- Teams and members
--
SELECT pg_temp.api('teams(#ada)');
SELECT pg_temp.keep('team', $$create_team(#ada, '{"name": "Sales", "slug": "at-sales"}')$$, 'team', 'id');
SELECT pg_temp.keep('second', $$create_team(#ada, '{"name": "Second", "slug": "at-second"}')$$, 'team', 'id') ~ '"ok": true' AS made;
SELECT pg_temp.api('teams(#ada)'), pg_temp.api('teams(#bob)');
-- by id or by address, in whatever spelling; the address shows once they have agreed
SELECT pg_temp.api($$invite_member(#ada, '@team', '{"email": "AT-Bob@Example.com"}')$$);
SELECT pg_temp.api($$invite_member(#ada, '@team', '{"userId": "@cyd", "role": "owner", "email": null}')$$);
SELECT pg_temp.api($$invite_member(#ada, '@team', '{"userId": "@eve", "role": null}')$$, 'member', 'role');
SELECT pg_temp.api('teams(#bob)');
SELECT pg_temp.api($$team_members(#ada, '@team')$$);
SELECT pg_temp.api($$accept_invitation(#bob, '@team', NULL)$$);
SELECT pg_temp.api($$accept_invitation(#cyd, '@team', '{}')$$, 'team');
SELECT pg_temp.api($$decline_invitation(#eve, '@team', '{}')$$);
SELECT pg_temp.api('teams(#cyd)', 'teams'), pg_temp.api('teams(#eve)');
SELECT pg_temp.api($$team_members(#bob, '@team')$$);
SELECT pg_temp.api($$update_member(#cyd, '@team', '@bob', '{"weight": 50, "priority": 4}')$$);
SELECT pg_temp.api($$update_member(#ada, '@team', '@bob', '{"role": "owner"}')$$, 'member', 'role'), pg_temp.api($$update_member(#ada, '@team', '@bob', '{"role": "member"}')$$, 'member', 'role'),
    pg_temp.api($$update_member(#ada, '@team', '@bob', '{}')$$, 'member', 'weight'), pg_temp.api($$update_member(#ada, '@team', '@bob', '{"weight": null, "priority": null}')$$, 'member', 'weight');
-- an invitation is taken back
SELECT pg_temp.api($$invite_member(#ada, '@team', '{"email": "at-eve@example.com"}')$$, 'member', 'status'), pg_temp.api($$remove_member(#cyd, '@team', '@eve')$$), pg_temp.api('teams(#eve)', 'invitations');
SELECT pg_temp.api($$update_team(#cyd, '@team', '{"name": "Sales and support"}')$$);
SELECT pg_temp.api($$update_team(#ada, '@team', '{"slug": "at-sales-2"}')$$, 'team', 'slug'), pg_temp.api($$update_team(#ada, '@team', '{}')$$, 'team', 'name');

--
-- Event types. In a round robin those who are "required" take turns, the fixed ones attend always
--
SELECT pg_temp.keep('all', $$create_team_event_type(#ada, '{"teamId": "@team", "name": "All", "slug": "at-all", "durationMinutes": 30, "mode": "round_robin"}')$$, 'teamEventType', 'id');
SELECT pg_temp.keep('pool', $$create_team_event_type(#cyd, '{"teamId": "@team", "name": "Pool", "slug": "at-pool", "durationMinutes": 240, "mode": "round_robin", "assignment": "weighted",
    "requiredMemberUserIds": ["@bob", "@cyd", "@bob"], "fixedMemberUserIds": ["@ada"], "locationType": "phone", "locationValue": "+1 555 0100", "questions": [{"id": "q", "label": "Q"}], "description": "D",
    "seats": 3, "minNoticeMinutes": 60, "bookableFrom": "2026-06-01", "isHidden": true, "cancellationPolicy": "None", "maxDaysAhead": null}')$$, 'teamEventType', 'id');
SELECT pg_temp.keep('both', $$create_team_event_type(#ada, '{"teamId": "@team", "name": "Both", "slug": "at-both", "durationMinutes": 30, "mode": "collective",
    "requiredMemberUserIds": ["@ada", "@bob"], "fixedMemberUserIds": [], "isActive": false}')$$, 'teamEventType', 'id');
SELECT jsonb_agg((e - 'eventType') || jsonb_build_object('name', e #> '{eventType,name}')) IS NOT NULL AS listed,
        pg_temp.emptied(string_agg(concat_ws(' ', e #>> '{eventType,slug}', e ->> 'mode', e ->> 'assignment', e ->> 'allMembers', e ->> 'requiredMemberUserIds', e ->> 'fixedMemberUserIds'), E'\n' ORDER BY n))
    FROM pg_temp.answer_of($$team_event_types(#bob, '@team')$$) AS a, jsonb_array_elements(a.body -> 'eventTypes') WITH ORDINALITY AS e(e, n);
SELECT slug, user_id = pg_temp.id('ada') AS of_owner FROM opencalendly.event_types WHERE slug LIKE 'at-%' ORDER BY slug;
-- beside the owner's own, under the team alone
SELECT pg_temp.api('event_types(#ada)');
SELECT pg_temp.api('teams(#bob)', 'teams', '0', 'teamEventTypeCount'), pg_temp.api('teams(#bob)', 'teams', '0', 'memberCount');
-- changes: a list as a whole, the flag alone, the rule, the cursor by either name
CREATE FUNCTION pg_temp.parts(call text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.emptied(coalesce(a.refusal, concat_ws(' ', a.body #>> '{teamEventType,assignment}', a.body #>> '{teamEventType,roundRobinCursor}', a.body #>> '{teamEventType,allMembers}',
        a.body #>> '{teamEventType,requiredMemberUserIds}', a.body #>> '{teamEventType,fixedMemberUserIds}', a.body #>> '{teamEventType,members}'))) FROM pg_temp.answer_of(call) AS a
$$;
INSERT INTO ids SELECT 'late', opencalendly.create_schedule(pg_temp.id('bob'), 'Late', 'UTC', '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 1440}]');
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{"members": [{"userId": "@bob", "weight": 7, "priority": 0, "scheduleId": "@late"}, {"userId": "@ada", "isRequired": true}]}')$$);
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{"allMembers": true}')$$);
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{"allMembers": false, "assignment": "least_recent", "roundRobinCursor": 2}')$$);
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{"members": null, "cursor": 1, "assignment": null}')$$);
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{"members": [{"userId": "@bob", "weight": 7}], "allMembers": true, "cursor": null}')$$);
SELECT pg_temp.parts($$update_team_event_type(#ada, '@all', '{}')$$);
-- what GET shows, PATCH takes
SELECT pg_temp.parts(format($$update_team_event_type(#ada, '@all', %L)$$, (SELECT jsonb_build_object('members', e -> 'members')
    FROM pg_temp.answer_of($$team_event_types(#bob, '@team')$$) AS a, jsonb_array_elements(a.body -> 'eventTypes') AS e WHERE e ->> 'id' = pg_temp.id('all')::text)));
SELECT pg_temp.parts($$update_team_event_type(#ada, '@both', '{"members": [{"userId": "@bob"}, {"userId": "@cyd", "isRequired": false}]}')$$);
SELECT pg_temp.api($$update_event_type(#cyd, '@both', '{"isActive": true, "name": "Both of us"}')$$, 'eventType', 'name');

-- another team, to be booked
SELECT pg_temp.api($$invite_member(#ada, '@second', '{"userId": "@bob"}')$$, 'member', 'status'), pg_temp.api($$accept_invitation(#bob, '@second', NULL)$$, 'team', 'memberCount'),
    pg_temp.keep('turn', $$create_team_event_type(#ada, '{"teamId": "@second", "name": "Turn", "slug": "at-turn", "durationMinutes": 30, "mode": "round_robin"}')$$, 'teamEventType', 'id') ~ '"ok": true' AS made;

--
-- The ledger
--
SELECT count(*) FROM generate_series(0, 2) AS n, opencalendly.book_slot(pg_temp.id('turn'), timestamptz '2026-06-08 10:00+00' + n * interval '1 hour', 'Ann', 'ann@example.com');
INSERT INTO ids SELECT 'b' || row_number() OVER (ORDER BY starts_at), id FROM opencalendly.bookings WHERE event_type_id = pg_temp.id('turn');
SELECT pg_temp.api($$cancel_booking(#ada, '@b2', NULL)$$, 'booking', 'status');
SELECT pg_temp.api($$team_ledger(#bob, '@turn', NULL, '2')$$);
SELECT pg_temp.api($$team_ledger(#bob, '@turn', '3', NULL)$$, 'entries', '1'), pg_temp.api($$team_ledger(#bob, '@turn', '3', NULL)$$, 'nextCursor'), pg_temp.api($$team_ledger(#ada, '@turn', '1', NULL)$$);
SELECT jsonb_path_query_array(body, '$.entries[*].entryNo') AS entries, body ->> 'nextCursor' AS body_cursor, next_cursor
    FROM unnest(ARRAY[NULL, '', '9', '4', '3', '2', '999999999999999999']) AS c, pg_temp.answer_of(format($$team_ledger(#ada, '@turn', %L, '2')$$, c));

-- all that GET calls works in a transaction that cannot write
BEGIN READ ONLY;
SELECT call FROM unnest(ARRAY['teams(#ada)', $$team_members(#ada, '@team')$$, $$team_event_types(#ada, '@team')$$, $$team_ledger(#ada, '@turn', NULL, NULL)$$]) AS call
    WHERE pg_temp.api(call) NOT LIKE '{"ok": true%';
COMMIT;

--
-- The end: another owner, leaving, deleting
--
SELECT pg_temp.api($$update_team(#ada, '@second', '{"ownerUserId": "@bob", "name": "Bob''s"}')$$);
SELECT u.username FROM opencalendly.event_types AS e JOIN opencalendly.users AS u ON u.id = e.user_id WHERE e.id = pg_temp.id('turn');
SELECT pg_temp.api($$leave_team(#ada, '@second', '{}')$$);
SELECT pg_temp.api($$delete_team(#bob, '@second')$$);
SELECT pg_temp.api($$cancel_booking(#bob, '@b1', NULL)$$, 'booking', 'status'), pg_temp.api($$cancel_booking(#bob, '@b3', NULL)$$, 'booking', 'status'), pg_temp.api($$delete_team(#bob, '@second')$$);
SELECT pg_temp.api($$teams(#bob)$$, 'teams', '0', 'name'), pg_temp.api($$teams(#bob)$$, 'teams', '1');
SELECT pg_temp.api('event_types(#bob)'), pg_temp.api($$booking(#bob, '@b1')$$, 'booking', 'team');

--
-- Who may what. zoe is nobody there, eve was asked, bob is a member, cyd has the role owner, ada owns the team
--
SELECT pg_temp.api($$invite_member(#cyd, '@team', '{"userId": "@eve"}')$$, 'member', 'status');
SELECT call, pg_temp.api(replace(call, 'WHO', '#zoe')) AS zoe, pg_temp.api(replace(call, 'WHO', '#eve')) AS eve, pg_temp.api(replace(call, 'WHO', '#bob')) AS bob
FROM (VALUES
    (1, $$update_team(WHO, '@team', '{"name": "Mine"}')$$), (2, $$update_team(WHO, '@team', '{"ownerUserId": "@zoe"}')$$), (3, $$delete_team(WHO, '@team')$$), (4, $$invite_member(WHO, '@team', '{"userId": "@zoe"}')$$),
    (5, $$invite_member(WHO, '@team', '{"userId": "00000000-0000-0000-0000-000000000000"}')$$), (6, $$update_member(WHO, '@team', '@bob', '{"role": "owner"}')$$), (7, $$remove_member(WHO, '@team', '@cyd')$$),
    (8, $$remove_member(WHO, '@team', '@bob')$$), (9, $$create_team_event_type(WHO, '{"teamId": "@team", "name": "x", "slug": "xx", "durationMinutes": 30, "mode": "collective"}')$$),
    (10, $$update_team_event_type(WHO, '@pool', '{"assignment": "cursor"}')$$), (11, $$update_event_type(WHO, '@pool', '{"name": "Mine"}')$$), (12, $$delete_event_type(WHO, '@pool')$$), (13, $$explain(WHO, '@pool', '2026-06-02T14:00:00Z')$$))
    AS c(n, call) ORDER BY n;
SELECT call, pg_temp.api(replace(call, 'WHO', '#zoe')) AS zoe, pg_temp.api(replace(call, 'WHO', '#eve')) AS eve, pg_temp.api(replace(call, 'WHO', '#bob')) LIKE '{"ok": true%' AS bob, pg_temp.api(replace(call, 'WHO', '#cyd')) LIKE '{"ok": true%' AS cyd
    FROM unnest(ARRAY[$$team_members(WHO, '@team')$$, $$team_event_types(WHO, '@team')$$, $$team_ledger(WHO, '@pool', NULL, NULL)$$]) AS call;
SELECT pg_temp.api($$accept_invitation(#zoe, '@team', NULL)$$), pg_temp.api($$decline_invitation(#zoe, '@team', NULL)$$), pg_temp.api($$leave_team(#zoe, '@team', NULL)$$);
SELECT pg_temp.api($$accept_invitation(#bob, '@team', NULL)$$), pg_temp.api($$decline_invitation(#bob, '@team', NULL)$$), pg_temp.api($$leave_team(#eve, '@team', NULL)$$);
SELECT name, (SELECT string_agg(u.username || ' ' || m.role || ' ' || m.status, ', ' ORDER BY m.position) FROM opencalendly.team_members AS m JOIN opencalendly.users AS u ON u.id = m.user_id WHERE m.team_id = t.id) AS members
    FROM opencalendly.teams AS t WHERE id = pg_temp.id('team');
-- nor does the owner of one team reach another's
SELECT pg_temp.keep('zoes', $$create_team(#zoe, '{"name": "Zoe''s", "slug": "at-zoe"}')$$, 'team', 'id') ~ '"ok": true' AS made,
    pg_temp.keep('zoes-turn', $$create_team_event_type(#zoe, '{"teamId": "@zoes", "name": "x", "slug": "xx", "durationMinutes": 30, "mode": "collective"}')$$, 'teamEventType', 'id') ~ '"ok": true' AS too;
SELECT pg_temp.api($$update_team_event_type(#zoe, '@pool', '{}')$$), pg_temp.api($$update_member(#zoe, '@zoes', '@bob', '{}')$$), pg_temp.api($$remove_member(#zoe, '@zoes', '@bob')$$),
    pg_temp.api($$update_team_event_type(#zoe, '@zoes-turn', '{"members": [{"userId": "@bob"}]}')$$), pg_temp.api($$update_team(#zoe, '@zoes', '{"ownerUserId": "@bob"}')$$);

--
-- Invalid input
--
SELECT pg_temp.api(format('create_team(#ada, %L)', b)) FROM unnest(ARRAY[NULL, '[]', '{}', '{"name": "x"}', '{"slug": "xx"}', '{"name": null, "slug": "xx"}', '{"name": "", "slug": "xx"}', '{"name": "x", "slug": "X"}', '{"name": 1, "slug": "xx"}',
    '{"name": "x", "slug": "at-sales-2"}', '{"name": "x", "slug": "xx", "ownerUserId": "@bob"}', jsonb_build_object('name', repeat('x', 121), 'slug', 'xx')::text]) AS b;
SELECT pg_temp.api(format('update_team(#ada, %L, %L)', '@team', b)) FROM unnest(ARRAY['[]', '{"name": null}', '{"name": " "}', '{"slug": null}', '{"slug": "-"}', '{"slug": "at-zoe"}', '{"ownerUserId": null}', '{"ownerUserId": "bob"}', '{"ownerUserId": "@zoe"}', '{"ownerUserId": "@eve"}',
    '{"owner_id": "@bob"}', '{"id": "@zoes"}']) AS b;
SELECT pg_temp.api(format('invite_member(#ada, %L, %L)', '@team', b)) FROM unnest(ARRAY[NULL, '{}', '[]', '{"userId": null, "email": null}', '{"userId": "@zoe", "email": "at-zoe@example.com"}', '{"userId": "zoe"}', '{"userId": 1}', '{"email": 1}', '{"email": ""}', '{"email": "zoe"}', '{"email": "a b@c"}',
    '{"email": "nobody@example.com"}', '{"userId": "00000000-0000-0000-0000-000000000000"}', '{"userId": "@zoe", "role": "boss"}', '{"userId": "@zoe", "role": 1}', '{"userId": "@zoe", "status": "active"}', '{"userId": "@ada", "role": "owner"}', '{"userId": "@bob"}', '{"email": "at-eve@example.com"}',
    jsonb_build_object('email', repeat('x', 320) || '@y')::text]) AS b;
-- a deleted user cannot be asked
SELECT opencalendly.create_user('at-gone', 'at-gone@example.com') AS gone \gset
INSERT INTO ids VALUES ('gone', :'gone');
SELECT opencalendly.create_event_type(:'gone', 'x', 'xx', 30) AS event_type \gset
SELECT opencalendly.set_availability_rules(:'gone', '[{"dayOfWeek": 1, "startMinute": 0, "endMinute": 1440}]');
SELECT b.status FROM opencalendly.book_slot(:'event_type', '2026-06-01 10:00+00', 'Ann', 'ann@example.com') AS s, LATERAL opencalendly.organizer_cancel_booking(s.booking_id) AS b;
SELECT opencalendly.delete_user(:'gone') = :'gone' AS deleted, pg_temp.api($$invite_member(#ada, '@team', '{"userId": "@gone"}')$$),
    pg_temp.api(format($$invite_member(#ada, '@team', '{"email": "%s"}')$$, 'deleted-' || translate(:'gone', '-', '') || '@deleted.invalid')) ~ '^OC013 no such user' AS nor_by_address;
SELECT pg_temp.api(format('update_member(#ada, %L, %L, %L)', '@team', '@bob', b)) FROM unnest(ARRAY['[]', '{"role": null}', '{"role": "boss"}', '{"weight": 0}', '{"weight": 1001}', '{"weight": "1"}', '{"priority": 5}', '{"priority": -1}', '{"priority": 1.5}', '{"status": "active"}', '{"position": 1}']) AS b;
SELECT pg_temp.api($$update_member(#cyd, '@team', '@ada', '{"role": "member"}')$$), pg_temp.api($$remove_member(#cyd, '@team', '@ada')$$), pg_temp.api($$leave_team(#ada, '@team', NULL)$$);
SELECT pg_temp.api($$update_member(#ada, '@team', '@zoe', '{}')$$), pg_temp.api($$update_member(#ada, '@team', 'bob', '{}')$$), pg_temp.api($$remove_member(#ada, '@team', '@zoe')$$), pg_temp.api($$remove_member(#ada, '@team', NULL)$$);
SELECT pg_temp.api(c || b) FROM unnest(ARRAY['accept_invitation', 'decline_invitation', 'leave_team']) AS c, unnest(ARRAY[$$(#eve, '@team', '[]')$$, $$(#eve, '@team', '{"teamId": "x"}')$$, $$(#eve, 'x', NULL)$$, $$(#eve, '00000000-0000-0000-0000-000000000000', NULL)$$]) AS b;
-- event types: what is special of teams'
CREATE FUNCTION pg_temp.event_type_body(changes jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT (jsonb_build_object('teamId', pg_temp.id('team'), 'name', 'x', 'slug', 'xx', 'durationMinutes', 30, 'mode', 'round_robin') || changes)::text
$$;
SELECT value, pg_temp.api(format('create_team_event_type(#ada, %L)', pg_temp.event_type_body(pg_temp.filled(value)::jsonb)))
FROM (VALUES
    (1, '{"teamId": null}'), (2, '{"teamId": "x"}'), (3, '{"teamId": "00000000-0000-0000-0000-000000000000"}'), (4, '{"teamId": "@zoes"}'), (5, '{"mode": null}'), (6, '{"mode": "solo"}'), (7, '{"mode": 1}'), (8, '{"name": null}'), (9, '{"name": ""}'),
    (10, '{"slug": "at-pool"}'), (11, '{"slug": "x"}'), (12, '{"durationMinutes": 241}'), (13, '{"durationMinutes": null}'), (14, '{"assignment": "dice"}'), (15, '{"assignment": 1}'), (16, '{"locationType": "moon"}'), (17, '{"questions": [1]}'), (18, '{"seats": 0}'),
    (19, '{"minNoticeMinutes": -1}'), (20, '{"scheduleId": "@late"}'), (21, '{"requiredMemberUserIds": []}'), (22, '{"requiredMemberUserIds": {}}'), (23, '{"requiredMemberUserIds": ["x"]}'), (24, '{"requiredMemberUserIds": [null]}'), (25, '{"requiredMemberUserIds": ["@eve"]}'),
    (26, '{"requiredMemberUserIds": ["@ada", "@zoe"]}'), (28, '{"fixedMemberUserIds": "x"}'), (29, '{"fixedMemberUserIds": ["@zoe"]}'), (30, '{"requiredMemberUserIds": ["@ada", "@bob"], "fixedMemberUserIds": ["@bob"]}'),
    (31, '{"mode": "collective", "fixedMemberUserIds": ["@bob"]}'), (32, '{"members": []}'), (33, '{"roundRobinCursor": 1}'), (34, '{"allMembers": true}'))
    AS v(n, value) ORDER BY n;
SELECT pg_temp.api(format('create_team_event_type(#ada, %L)', pg_temp.event_type_body(jsonb_build_object('requiredMemberUserIds', (SELECT jsonb_agg(opencalendly.uuid_generate_v7()) FROM generate_series(1, 501))))));
SELECT pg_temp.parts(format('update_team_event_type(#ada, %L, %L)', '@pool', b)) FROM unnest(ARRAY['[]', '{"assignment": "dice"}', '{"assignment": 1}', '{"roundRobinCursor": -1}', '{"roundRobinCursor": "1"}', '{"cursor": 1.5}', '{"cursor": 1, "roundRobinCursor": 2}',
    '{"mode": "collective"}', '{"name": "x"}', '{"teamId": "@zoes"}', '{"members": {}}', '{"members": []}', '{"members": ["@bob"]}', '{"members": [{}]}', '{"members": [{"userId": "x"}]}', '{"members": [{"userId": "@zoe"}]}', '{"members": [{"userId": "@eve"}]}',
    '{"members": [{"userId": "@bob"}, {"userId": "@bob"}]}', '{"members": [{"userId": "@bob", "weight": 0}]}', '{"members": [{"userId": "@bob", "priority": 5}]}', '{"members": [{"userId": "@ada", "scheduleId": "@late"}]}', '{"members": [{"userId": "@bob", "role": "owner"}]}',
    '{"members": [{"userId": "@bob", "isRequired": true}]}', '{"allMembers": "yes"}']) AS b;
SELECT pg_temp.api(format($$team_ledger(#ada, '@pool', %s)$$, a)) FROM unnest(ARRAY[$$'x', NULL$$, $$'-1', NULL$$, $$'9999999999999999999', NULL$$, $$'1.5', NULL$$, $$NULL, '0'$$, $$NULL, '101'$$, $$NULL, 'x'$$]) AS a;
SELECT string_agg(DISTINCT pg_temp.api(call), '; '), count(*)
    FROM unnest(ARRAY['NULL', $$''$$, $$'x'$$]) AS id,
        LATERAL unnest(ARRAY[format('update_team(#ada, %s, NULL)', id), format('delete_team(#ada, %s)', id), format('team_members(#ada, %s)', id), format('invite_member(#ada, %s, NULL)', id), format('update_member(#ada, %s, NULL, NULL)', id),
            format('remove_member(#ada, %s, NULL)', id), format('accept_invitation(#ada, %s, NULL)', id), format('decline_invitation(#ada, %s, NULL)', id), format('leave_team(#ada, %s, NULL)', id), format('team_event_types(#ada, %s)', id),
            format('update_team_event_type(#ada, %s, NULL)', id), format('team_ledger(#ada, %s, NULL, NULL)', id)]) AS call
    GROUP BY id ORDER BY id;
-- a refused change changes nothing
SELECT assignment, round_robin_cursor, all_members, (SELECT count(*) FROM opencalendly.team_event_type_members AS m WHERE m.event_type_id = t.event_type_id) AS parts FROM opencalendly.team_event_types AS t WHERE t.event_type_id = pg_temp.id('pool');
-- other tests look at whole tables
SET client_min_messages = warning;
TRUNCATE opencalendly.users CASCADE;
