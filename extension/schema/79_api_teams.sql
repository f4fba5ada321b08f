-- The HTTP API of teams, for who is signed in. Who is not an active member does not see a team (OC013), but for the
-- invitation; only members with the role owner change it (OC009).

--
-- What is shown
--

CREATE FUNCTION opencalendly.teams_json(me uuid, membership text, team_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'id', t.id, 'ownerUserId', t.owner_id, 'name', t.name, 'slug', t.slug, 'role', m.role, 'status', m.status,
                'memberCount', (SELECT count(*) FROM opencalendly.team_members AS o
                                WHERE o.team_id = t.id AND o.status = 'active'),
                'teamEventTypeCount', (SELECT count(*) FROM opencalendly.team_event_types AS x WHERE x.team_id = t.id),
                'createdAt', opencalendly.instant_text(t.created_at))
            ORDER BY t.created_at, t.id)
        FROM opencalendly.team_members AS m JOIN opencalendly.teams AS t ON t.id = m.team_id
        WHERE m.user_id = me AND m.status = membership
            AND (teams_json.team_id IS NULL OR t.id = teams_json.team_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.teams_json(uuid, text, uuid) IS
    'internal: a list of the teams that the user is in (active) or was asked to join (pending), or the one that is named';

-- An address is its owner's to show: who was asked and has not accepted shows none.
CREATE FUNCTION opencalendly.members_json(team_id uuid, user_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'id', m.id, 'teamId', m.team_id, 'userId', m.user_id, 'role', m.role, 'status', m.status,
                'position', m.position, 'weight', m.weight, 'priority', m.priority,
                'createdAt', opencalendly.instant_text(m.created_at),
                'user', jsonb_build_object('id', u.id, 'username', u.username, 'displayName', u.display_name,
                    'email', CASE m.status WHEN 'active' THEN u.email END))
            ORDER BY m.position)
        FROM opencalendly.team_members AS m JOIN opencalendly.users AS u ON u.id = m.user_id
        WHERE m.team_id = members_json.team_id
            AND (members_json.user_id IS NULL OR m.user_id = members_json.user_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.members_json(uuid, uuid) IS
    'internal: a list of a team''s members and of those who were asked, by position, or of the one who is named';

-- Who takes part: members with a row of the event type, and with all_members the others, too. Whom "required" names is
-- what clients of old ask for: in a collective those who attend, in a round robin those who take turns.
CREATE FUNCTION opencalendly.team_event_types_json(team_id uuid, event_type_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'id', t.event_type_id, 'teamId', t.team_id, 'mode', t.mode, 'assignment', t.assignment,
                'allMembers', t.all_members, 'roundRobinCursor', t.round_robin_cursor,
                'requiredMemberUserIds', coalesce(p.required_ids, '[]'), 'fixedMemberUserIds', coalesce(p.fixed_ids, '[]'),
                'members', coalesce(p.list, '[]'), 'eventType', opencalendly.event_type_json(e))
            ORDER BY e.created_at, e.id)
        FROM opencalendly.team_event_types AS t JOIN opencalendly.event_types AS e ON e.id = t.event_type_id
            CROSS JOIN LATERAL (
                SELECT jsonb_agg(a.user_id ORDER BY a.position)
                        FILTER (WHERE a.is_required = (t.mode = 'collective')) AS required_ids,
                    jsonb_agg(a.user_id ORDER BY a.position)
                        FILTER (WHERE a.is_required AND t.mode = 'round_robin') AS fixed_ids,
                    jsonb_agg(jsonb_build_object('userId', a.user_id, 'isRequired', a.is_required, 'weight', a.weight,
                        'priority', a.priority, 'scheduleId', a.schedule_id) ORDER BY a.position) AS list
                FROM (
                    SELECT m.user_id, m.position, coalesce(x.is_required, t.mode = 'collective') AS is_required,
                        x.weight, x.priority, x.schedule_id
                    FROM opencalendly.team_members AS m
                        LEFT JOIN opencalendly.team_event_type_members AS x
                            ON x.event_type_id = t.event_type_id AND x.user_id = m.user_id
                    WHERE m.team_id = t.team_id AND m.status = 'active'
                        AND (t.all_members OR x.user_id IS NOT NULL)) AS a) AS p
        WHERE t.team_id = team_event_types_json.team_id
            AND (team_event_types_json.event_type_id IS NULL OR t.event_type_id = team_event_types_json.event_type_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.team_event_types_json(uuid, uuid) IS
    'internal: a list of a team''s event types, oldest first, or of the one that is named, with who takes part';

--
-- Whose it is
--

CREATE FUNCTION opencalendly.visible_team_id(me uuid, team_id uuid, field text DEFAULT 'id') RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT opencalendly.is_active_member(team_id, me) THEN
        PERFORM opencalendly.raise_unknown('team', field, team_id);
    END IF;
    RETURN team_id;
END
$$;
COMMENT ON FUNCTION opencalendly.visible_team_id(uuid, uuid, text) IS
    'internal: a team that the user is an active member of; raises OC013';

CREATE FUNCTION opencalendly.own_team_id(me uuid, team_id uuid, field text DEFAULT 'id') RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM opencalendly.visible_team_id(me, team_id, field);
    IF NOT opencalendly.has_owner_role(team_id, me) THEN
        PERFORM opencalendly.raise_not_owner();
    END IF;
    RETURN team_id;
END
$$;
COMMENT ON FUNCTION opencalendly.own_team_id(uuid, uuid, text) IS
    'internal: a team that the user is an owner of; raises OC009, OC013';

CREATE FUNCTION opencalendly.member_team_id(me uuid, id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('team', member_team_id.id);
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.team_members AS m WHERE m.team_id = wanted AND m.user_id = me) THEN
        PERFORM opencalendly.raise_unknown('team', 'id', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.member_team_id(uuid, text) IS
    'internal: a team that the user is in or was asked to join; raises OC013';

CREATE FUNCTION opencalendly.visible_team_event_type(me uuid, id text) RETURNS opencalendly.team_event_types
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('team event type', visible_team_event_type.id);
    found_row opencalendly.team_event_types;
BEGIN
    SELECT t.* INTO found_row FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = wanted AND opencalendly.is_active_member(t.team_id, me);
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('team event type', 'id', wanted);
    END IF;
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION opencalendly.visible_team_event_type(uuid, text) IS
    'internal: an event type of a team that the user is an active member of; raises OC013';

-- A list of ids out of a body, each once; null if it is absent.
CREATE FUNCTION opencalendly.id_list(field text, list jsonb) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad jsonb;
BEGIN
    IF list IS NULL OR list = 'null' THEN
        RETURN NULL;
    END IF;
    PERFORM opencalendly.check_list(field, list, 500);
    SELECT e.item INTO bad FROM jsonb_array_elements(list) AS e(item)
        WHERE NOT opencalendly.is_of_kind(e.item, 'uuid') LIMIT 1;
    IF FOUND THEN
        PERFORM opencalendly.raise_bad_value(field, 'must be a list of ids', bad);
    END IF;
    RETURN ARRAY(SELECT e.item::uuid FROM jsonb_array_elements_text(list) WITH ORDINALITY AS e(item, n)
                 GROUP BY e.item::uuid ORDER BY min(e.n));
END
$$;
COMMENT ON FUNCTION opencalendly.id_list(text, jsonb) IS
    'internal: the ids in a JSON list of at most 500, each once; null if there is no list; raises OC006';

--
-- Teams
--

CREATE FUNCTION opencalendly.api_teams(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('teams', opencalendly.teams_json(me.id, 'active'),
        'invitations', opencalendly.teams_json(me.id, 'pending')));
END
$$;
COMMENT ON FUNCTION opencalendly.api_teams(text) IS
    'GET /v0/teams: the teams that the caller is in, and beside them those that have asked the caller; errors OC012';

CREATE FUNCTION opencalendly.api_create_team(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"name": "text!", "slug": "text!"}');
    new_id uuid;
BEGIN
    new_id := opencalendly.create_team(me.id, given ->> 'name', given ->> 'slug');
    RETURN opencalendly.answer(jsonb_build_object('team', opencalendly.teams_json(me.id, 'active', new_id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_team(text, text) IS
    'POST /v0/teams: makes a team of the caller''s; errors OC006, OC012, OC014';

CREATE FUNCTION opencalendly.api_update_team(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.own_team_id(me.id, opencalendly.id_parameter('team', api_update_team.id));
    given constant jsonb := opencalendly.body_fields(body, '{"name": "text", "slug": "text", "ownerUserId": "uuid"}');
BEGIN
    IF given ? 'ownerUserId' AND NOT opencalendly.is_active_member(team, (given ->> 'ownerUserId')::uuid) THEN
        PERFORM opencalendly.raise_bad_value('ownerUserId', 'must be an active member of the team', given -> 'ownerUserId');
    END IF;
    PERFORM opencalendly.update_team(team, given - 'ownerUserId'
        || CASE WHEN given ? 'ownerUserId' THEN jsonb_build_object('owner_id', given -> 'ownerUserId') ELSE '{}' END);
    RETURN opencalendly.answer(jsonb_build_object('team', opencalendly.teams_json(me.id, 'active', team) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_team(text, text, text) IS
    'PATCH /v0/teams/:id: changes name, slug, ownerUserId (to an active member); errors OC006, OC009, OC012, OC013, OC014';

CREATE FUNCTION opencalendly.api_delete_team(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.own_team_id(me.id, opencalendly.id_parameter('team', api_delete_team.id));
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.delete_team(team)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_team(text, text) IS
    'DELETE /v0/teams/:id: deletes it unless bookings are not over; errors OC005, OC009, OC012, OC013';

--
-- Members
--

CREATE FUNCTION opencalendly.api_team_members(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.visible_team_id(me.id, opencalendly.id_parameter('team', api_team_members.id));
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('members', opencalendly.members_json(team)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_team_members(text, text) IS
    'GET /v0/teams/:id/members: members and invitations, by position; addresses of active members only; errors OC012, OC013';

-- Only who has an account can be asked; an address without one is OC013. Deleted users have none.
CREATE FUNCTION opencalendly.invited_user_id(given jsonb) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    field constant text := CASE WHEN given ? 'userId' THEN 'userId' ELSE 'email' END;
    found_id uuid;
BEGIN
    IF (given ? 'userId') = (given ? 'email') THEN
        PERFORM opencalendly.raise_bad_value('userId', 'or email must be given, and not both', given -> 'userId');
    ELSIF length(given ->> 'email') > 320 OR given ->> 'email' !~ '^[^@\s]+@[^@\s]+$' THEN
        PERFORM opencalendly.raise_bad_value('email', 'must be an address of at most 320 characters', given -> 'email');
    END IF;
    SELECT u.id INTO found_id FROM opencalendly.users AS u
        WHERE (u.id = (given ->> 'userId')::uuid OR u.email = lower((given ->> 'email') COLLATE "C"))
            AND u.email NOT LIKE '%@deleted.invalid';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = 'no such user',
            DETAIL = format('Field "%s" has the value %s.', field, left((given -> field)::text, 200));
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION opencalendly.invited_user_id(jsonb) IS
    'internal: the user whom a body names by userId or email; raises OC006, OC013';

CREATE FUNCTION opencalendly.api_invite_member(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.own_team_id(me.id, opencalendly.id_parameter('team', api_invite_member.id));
    given constant jsonb := opencalendly.without_nulls(
        opencalendly.body_fields(body, '{"userId": "uuid", "email": "text", "role": "text"}'));
    invited constant uuid := opencalendly.invited_user_id(given);
BEGIN
    PERFORM opencalendly.invite_team_member(team, invited, coalesce(given ->> 'role', 'member'));
    RETURN opencalendly.answer(jsonb_build_object('member', opencalendly.members_json(team, invited) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_invite_member(text, text, text) IS
    'POST /v0/teams/:id/members: asks a user, by userId or email, to join: pending until they accept; errors OC005, OC006, OC008, OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_update_member(session text, id text, user_id text, body text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.own_team_id(me.id, opencalendly.id_parameter('team', api_update_member.id));
    member constant uuid := opencalendly.id_parameter('team member', api_update_member.user_id);
    given constant jsonb := opencalendly.cleared(opencalendly.body_fields(body,
        '{"role": "text", "weight": "int", "priority": "int"}'), '{"weight": 100, "priority": 2}');
BEGIN
    PERFORM opencalendly.update_team_member(team, member, given);
    RETURN opencalendly.answer(jsonb_build_object('member', opencalendly.members_json(team, member) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_member(text, text, text, text) IS
    'PATCH /v0/teams/:id/members/:userId: changes role, weight, priority; errors OC006, OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_remove_member(session text, id text, user_id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.own_team_id(me.id, opencalendly.id_parameter('team', api_remove_member.id));
    member constant uuid := opencalendly.id_parameter('team member', api_remove_member.user_id);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.remove_team_member(team, member)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_remove_member(text, text, text) IS
    'DELETE /v0/teams/:id/members/:userId: ends a membership or takes an invitation back, answers with the user''s id; errors OC005, OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_accept_invitation(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.member_team_id(me.id, api_accept_invitation.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    PERFORM opencalendly.accept_team_invitation(team, me.id);
    RETURN opencalendly.answer(jsonb_build_object('team', opencalendly.teams_json(me.id, 'active', team) -> 0,
        'member', opencalendly.members_json(team, me.id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_accept_invitation(text, text, text) IS
    'POST /v0/teams/:id/accept: the caller, who was asked, is an active member from now on; errors OC005, OC006, OC012, OC013';

CREATE FUNCTION opencalendly.api_decline_invitation(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.member_team_id(me.id, api_decline_invitation.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('teamId', team,
        'userId', opencalendly.decline_team_invitation(team, me.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_decline_invitation(text, text, text) IS
    'POST /v0/teams/:id/decline: the caller refuses an invitation; errors OC005, OC006, OC012, OC013';

CREATE FUNCTION opencalendly.api_leave_team(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.member_team_id(me.id, api_leave_team.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('teamId', team, 'userId', opencalendly.leave_team(team, me.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_leave_team(text, text, text) IS
    'POST /v0/teams/:id/leave: ends the caller''s membership; bookings stay; errors OC005, OC006, OC012, OC013';

--
-- Teams' event types
--

CREATE FUNCTION opencalendly.api_team_event_types(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    team constant uuid := opencalendly.visible_team_id(me.id, opencalendly.id_parameter('team', api_team_event_types.id));
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('eventTypes', opencalendly.team_event_types_json(team)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_team_event_types(text, text) IS
    'GET /v0/teams/:id/event-types: the team''s event types and who takes part; errors OC012, OC013';

-- Who is to take part, by the API's names. Both lists null: all members.
CREATE FUNCTION opencalendly.check_parts(team_id uuid, mode text, required_ids uuid[], fixed_ids uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF mode = 'collective' AND fixed_ids IS NOT NULL THEN
        PERFORM opencalendly.raise_bad_value('fixedMemberUserIds', 'must be null in a collective, where all attend',
            to_jsonb(fixed_ids));
    END IF;
    PERFORM opencalendly.check_member_ids(team_id, 'requiredMemberUserIds', required_ids);
    PERFORM opencalendly.check_member_ids(team_id, 'fixedMemberUserIds', fixed_ids);
    IF required_ids && fixed_ids THEN
        PERFORM opencalendly.raise_bad_value('fixedMemberUserIds', 'must not name who is in requiredMemberUserIds, too',
            to_jsonb(fixed_ids));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_parts(uuid, text, uuid[], uuid[]) IS
    'internal: raises OC006 unless the lists name active members, each in one of them';

CREATE FUNCTION opencalendly.api_create_team_event_type(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.without_nulls(opencalendly.body_fields(body,
        opencalendly.event_type_fields() - 'scheduleId' || '{"teamId": "uuid!", "name": "text!", "slug": "text!",
            "durationMinutes": "int!", "mode": "text!", "assignment": "text", "requiredMemberUserIds": "list",
            "fixedMemberUserIds": "list"}'));
    team constant uuid := opencalendly.own_team_id(me.id, (given ->> 'teamId')::uuid, 'teamId');
    required_ids constant uuid[] := opencalendly.id_list('requiredMemberUserIds', given -> 'requiredMemberUserIds');
    fixed_ids constant uuid[] := nullif(opencalendly.id_list('fixedMemberUserIds', given -> 'fixedMemberUserIds'), '{}');
    new_id uuid;
BEGIN
    PERFORM opencalendly.check_duration(given);
    PERFORM opencalendly.check_parts(team, given ->> 'mode', required_ids, fixed_ids);
    new_id := opencalendly.create_team_event_type(team, given ->> 'name', given ->> 'slug',
        (given ->> 'durationMinutes')::numeric::integer, given ->> 'mode', required_ids, fixed_ids,
        coalesce(given ->> 'assignment', 'cursor'), seats => coalesce((given ->> 'seats')::numeric::integer, 1));
    PERFORM opencalendly.update_event_type(new_id, opencalendly.body_columns(given - ARRAY['teamId', 'name', 'slug',
        'durationMinutes', 'mode', 'assignment', 'requiredMemberUserIds', 'fixedMemberUserIds', 'seats']));
    RETURN opencalendly.answer(jsonb_build_object(
        'teamEventType', opencalendly.team_event_types_json(team, new_id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_team_event_type(text, text) IS
    'POST /v0/team-event-types: requiredMemberUserIds attend a collective, and take turns in a round robin, which fixedMemberUserIds attend always; absent: all members; errors OC006, OC009, OC012, OC013, OC014';

-- Who takes part in an event type after a PATCH: a list replaces all of them, null is all members; all_members alone
-- leaves the list.
CREATE FUNCTION opencalendly.patch_parts(event_type_id uuid, given jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    list jsonb := nullif(given -> 'members', 'null');
    all_members constant boolean := coalesce((given ->> 'allMembers')::boolean, given -> 'members' = 'null', false);
BEGIN
    IF NOT given ? 'members' THEN
        SELECT jsonb_agg(jsonb_build_object('userId', m.user_id, 'isRequired', m.is_required, 'weight', m.weight,
                'priority', m.priority, 'scheduleId', m.schedule_id))
            INTO list FROM opencalendly.team_event_type_members AS m WHERE m.event_type_id = patch_parts.event_type_id;
    END IF;
    PERFORM opencalendly.set_team_event_type_members(patch_parts.event_type_id, coalesce(list, '[]'), all_members);
END
$$;
COMMENT ON FUNCTION opencalendly.patch_parts(uuid, jsonb) IS
    'internal: sets who takes part by the members and allMembers of a body; raises OC006, OC013';

CREATE FUNCTION opencalendly.api_update_team_event_type(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    old opencalendly.team_event_types := opencalendly.visible_team_event_type(me.id, api_update_team_event_type.id);
    team constant uuid := opencalendly.own_team_id(me.id, old.team_id);
    given constant jsonb := opencalendly.cleared(opencalendly.body_fields(body,
        '{"assignment": "text", "members": "list", "allMembers": "bool", "roundRobinCursor": "int", "cursor": "int"}'),
        '{"assignment": "cursor", "roundRobinCursor": 0, "cursor": 0}');
    changes jsonb := given - ARRAY['members', 'allMembers', 'roundRobinCursor', 'cursor'];
BEGIN
    IF given ? 'cursor' AND given ? 'roundRobinCursor' AND given -> 'cursor' <> given -> 'roundRobinCursor' THEN
        PERFORM opencalendly.raise_bad_value('cursor', 'is another name of roundRobinCursor', given -> 'cursor');
    ELSIF given ?| ARRAY['cursor', 'roundRobinCursor'] THEN
        changes := changes || jsonb_build_object('round_robin_cursor',
            coalesce(given -> 'cursor', given -> 'roundRobinCursor'));
    END IF;
    old := opencalendly.lock_team_event_type(old.event_type_id);
    PERFORM opencalendly.update_team_event_type(old.event_type_id, changes);
    IF given ?| ARRAY['members', 'allMembers'] THEN
        PERFORM opencalendly.patch_parts(old.event_type_id, given);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object(
        'teamEventType', opencalendly.team_event_types_json(team, old.event_type_id) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_team_event_type(text, text, text) IS
    'PATCH /v0/team-event-types/:id: changes assignment, members (as a whole), allMembers, roundRobinCursor (also "cursor"); PATCH /v0/event-types/:id the rest; errors OC006, OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_team_ledger(session text, id text, cursor text, page_size text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    old constant opencalendly.team_event_types := opencalendly.visible_team_event_type(me.id, api_team_ledger.id);
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100, 50);
    before bigint := 9223372036854775807;
    numbers bigint[];
    next_cursor text;
BEGIN
    IF cursor <> '' AND cursor !~ '^\d{1,18}$' THEN
        PERFORM opencalendly.raise_bad_value('cursor', 'must be one that a list gave', to_jsonb(cursor));
    ELSIF cursor <> '' THEN
        before := cursor;
    END IF;
    numbers := ARRAY(SELECT l.entry_no FROM opencalendly.team_ledger AS l
        WHERE l.event_type_id = old.event_type_id AND l.entry_no < before ORDER BY l.entry_no DESC LIMIT most + 1);
    IF cardinality(numbers) > most THEN
        numbers := numbers[1:most];
        next_cursor := numbers[most];
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('nextCursor', next_cursor, 'entries', coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'entryNo', l.entry_no, 'kind', l.kind, 'reason', l.reason, 'pickNo', l.pick_no, 'userId', l.user_id,
                'bookingId', l.booking_id, 'occurrenceId', l.occurrence_id, 'candidates', coalesce(c.list, '[]'),
                'cursorBefore', l.cursor_before, 'cursorAfter', l.cursor_after, 'creditsBefore', l.credits_before,
                'creditsAfter', l.credits_after, 'createdAt', opencalendly.instant_text(l.created_at))
            ORDER BY l.entry_no DESC)
        FROM opencalendly.team_ledger AS l CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('userId', c.user_id, 'position', c.position, 'priority', c.priority,
                    'weight', c.weight, 'credits', c.credits, 'lastPick', c.last_pick) ORDER BY c.position) AS list
            FROM unnest(l.candidate_ids, l.candidate_positions, l.candidate_priorities, l.candidate_weights,
                l.candidate_credits, l.candidate_last_picks)
                AS c(user_id, position, priority, weight, credits, last_pick)) AS c
        WHERE l.event_type_id = old.event_type_id AND l.entry_no = ANY (numbers)), '[]')), next_cursor => next_cursor);
END
$$;
COMMENT ON FUNCTION opencalendly.api_team_ledger(text, text, text, text) IS
    'GET /v0/team-event-types/:id/ledger: who was picked, among whom and why, newest first; errors OC006, OC012, OC013';
