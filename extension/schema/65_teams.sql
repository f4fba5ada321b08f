-- Creating and changing teams, and deleting users. As in 60_manage.sql the limits stand in the tables' constraints;
-- here are the rules between rows: who is an active member, who owns, what is booked still.
--
-- The order of locks: an address (67_auth.sql), then those under which bookings are made, lock_event_type by id and then
-- lock_host, then the rows of teams by id, then all others. Whatever changes a team, its members or the set of its event
-- types has the team's row locked, so that such changes follow each other.

CREATE FUNCTION opencalendly.raise_bad_value(field text, rule text, value jsonb, path text DEFAULT '') RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s %s', field, rule),
        DETAIL = format('Field "%s" has the value %s.', path || field, left(coalesce(value::text, 'null'), 200));
END
$$;
COMMENT ON FUNCTION opencalendly.raise_bad_value(text, text, jsonb, text) IS
    'internal: raises OC006 for a value that breaks a rule no constraint holds';

-- A decision that nobody is booked must not be taken on an old snapshot: no row that this transaction writes would tell
-- it of a booking made since.
CREATE FUNCTION opencalendly.check_sees_latest() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'this needs a transaction at READ COMMITTED',
            DETAIL = format('This one is at %s and does not see what was booked since it began.',
                            upper(current_setting('transaction_isolation')));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_sees_latest() IS
    'internal: raises OC005 unless each statement of this transaction sees what was committed before it';

-- One statement for each, so that what was deleted during a wait is passed over.
CREATE FUNCTION opencalendly.lock_event_types_of(team_ids uuid[]) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted uuid;
    locked_ids uuid[] := '{}';
BEGIN
    FOR wanted IN SELECT t.event_type_id FROM opencalendly.team_event_types AS t
        WHERE t.team_id = ANY (team_ids) ORDER BY t.event_type_id
    LOOP
        PERFORM opencalendly.lock_event_type(t.event_type_id) FROM opencalendly.team_event_types AS t
            WHERE t.event_type_id = wanted;
        locked_ids := locked_ids || wanted;
    END LOOP;
    RETURN locked_ids;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_event_types_of(uuid[]) IS
    'internal: waits for the locks under which these teams'' event types are booked, until the end of the transaction; returns which';

CREATE FUNCTION opencalendly.lock_team(team_id uuid) RETURNS opencalendly.teams
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    team opencalendly.teams;
BEGIN
    SELECT t.* INTO team FROM opencalendly.teams AS t WHERE t.id = lock_team.team_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('team', 'team_id', lock_team.team_id);
    END IF;
    RETURN team;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_team(uuid) IS
    'internal: a team, its row locked until the end of the transaction; raises OC006, OC013';

CREATE FUNCTION opencalendly.lock_member(team_id uuid, user_id uuid) RETURNS opencalendly.team_members
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    member opencalendly.team_members;
BEGIN
    PERFORM opencalendly.lock_team(lock_member.team_id);
    SELECT m.* INTO member FROM opencalendly.team_members AS m
        WHERE m.team_id = lock_member.team_id AND m.user_id = lock_member.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('team member', 'user_id', lock_member.user_id);
    END IF;
    RETURN member;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_member(uuid, uuid) IS
    'internal: a member, pending or active, with the team''s row locked; raises OC006, OC013';

CREATE FUNCTION opencalendly.is_active_member(team_id uuid, user_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (SELECT FROM opencalendly.team_members AS m
                   WHERE m.team_id = is_active_member.team_id AND m.user_id = is_active_member.user_id
                       AND m.status = 'active');
END
$$;
COMMENT ON FUNCTION opencalendly.is_active_member(uuid, uuid) IS 'internal: whether the user is in the team by consent';

-- Gives back the hosts' time in those of the meetings that no live booking keeps. Claims are deleted before holds and
-- occurrences, a host's in the order of their ends, as bookings do with those that have run out.
CREATE FUNCTION opencalendly.drop_unbooked_meetings(meeting_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    meeting_ids := ARRAY(SELECT m.id FROM unnest(meeting_ids) AS m(id)
        WHERE NOT EXISTS (SELECT FROM opencalendly.bookings AS b
                          WHERE b.occurrence_id = m.id AND b.status IN ('confirmed', 'pending')));
    PERFORM FROM opencalendly.claims AS c WHERE c.occurrence_id = ANY (meeting_ids)
        ORDER BY c.host_id, c.expires_at FOR UPDATE;
    DELETE FROM opencalendly.claims AS c WHERE c.occurrence_id = ANY (meeting_ids);
    DELETE FROM opencalendly.holds AS h WHERE h.occurrence_id = ANY (meeting_ids);
    DELETE FROM opencalendly.occurrences AS o WHERE o.id = ANY (meeting_ids)
        AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id = o.id);
END
$$;
COMMENT ON FUNCTION opencalendly.drop_unbooked_meetings(uuid[]) IS
    'internal: deletes the claims and holds of meetings without a live booking, and those meetings that no booking names';

-- Their locks are held, and nobody is booked from now on.
CREATE FUNCTION opencalendly.retire_event_types(event_type_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM opencalendly.drop_unbooked_meetings(
        ARRAY(SELECT o.id FROM opencalendly.occurrences AS o WHERE o.event_type_id = ANY (event_type_ids)));
    DELETE FROM opencalendly.team_event_types AS t WHERE t.event_type_id = ANY (event_type_ids);
    DELETE FROM opencalendly.event_types AS e WHERE e.id = ANY (event_type_ids)
        AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.event_type_id = e.id);
    UPDATE opencalendly.event_types AS e SET is_active = false, is_hidden = true, schedule_id = NULL,
            slug = 'deleted-' || translate(opencalendly.uuid_generate_v7()::text, '-', ''), deleted_at = now()
        WHERE e.id = ANY (event_type_ids) AND e.deleted_at IS NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.retire_event_types(uuid[]) IS
    'internal: deletes event types with their holds; those that were ever booked stay as one user''s, inactive, hidden and under a slug of their own';

CREATE FUNCTION opencalendly.delete_event_type(event_type_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.event_types;
    n bigint;
    first_start timestamptz;
BEGIN
    PERFORM opencalendly.check_sees_latest();
    PERFORM opencalendly.lock_event_type(e.id) FROM opencalendly.event_types AS e WHERE e.id = delete_event_type.event_type_id;
    PERFORM opencalendly.lock_team(t.team_id) FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = delete_event_type.event_type_id;
    SELECT e.* INTO old FROM opencalendly.event_types AS e
        WHERE e.id = delete_event_type.event_type_id AND e.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('event type', 'event_type_id', delete_event_type.event_type_id);
    END IF;
    SELECT count(*), min(b.starts_at) INTO n, first_start FROM opencalendly.bookings AS b
        WHERE b.event_type_id = old.id AND b.status IN ('confirmed', 'pending')
            AND b.ends_at > opencalendly.current_instant();
    IF n > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'event type has bookings that are not over',
            DETAIL = format('Bookings that are not over: %s; the first starts at %s.', n, first_start),
            HINT = 'Cancel them first (organizer_cancel_booking), or make it inactive (update_event_type).';
    END IF;
    PERFORM opencalendly.retire_event_types(ARRAY[old.id]);
    RETURN old.id;
EXCEPTION WHEN foreign_key_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'event type is in use',
        DETAIL = 'It has just been given a booking.', HINT = 'Try again.';
END
$$;
COMMENT ON FUNCTION opencalendly.delete_event_type(uuid) IS
    'deletes an event type with its holds, and a team''s with its ledger, returns the id; one that was ever booked stays as a row that is inactive, hidden and gives its slug up; errors OC005 (bookings that are not over, or not at READ COMMITTED), OC006, OC013';

CREATE FUNCTION opencalendly.create_team(owner_id uuid, name text, slug text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = create_team.owner_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'owner_id', create_team.owner_id);
    END IF;
    INSERT INTO opencalendly.teams (owner_id, name, slug, last_position)
        VALUES (create_team.owner_id, create_team.name, create_team.slug, 1) RETURNING id INTO new_id;
    INSERT INTO opencalendly.team_members (team_id, user_id, role, status, position)
        VALUES (new_id, create_team.owner_id, 'owner', 'active', 1);
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con,
        jsonb_build_object('name', create_team.name, 'slug', create_team.slug));
END
$$;
COMMENT ON FUNCTION opencalendly.create_team(uuid, text, text) IS
    'makes a team with its owner as the first active member, returns the id; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.update_team(team_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.teams;
    new opencalendly.teams;
    moved opencalendly.event_types;
    state text; message text; col text; con text;
BEGIN
    IF changes ? 'owner_id' THEN
        PERFORM opencalendly.check_sees_latest();
        PERFORM opencalendly.lock_event_types_of(ARRAY[update_team.team_id]);
    END IF;
    old := opencalendly.lock_team(update_team.team_id);
    new := opencalendly.with_changes(old, changes, ARRAY['name', 'slug', 'owner_id']);
    IF new.owner_id <> old.owner_id AND NOT opencalendly.is_active_member(old.id, new.owner_id) THEN
        PERFORM opencalendly.raise_bad_value('owner_id', 'must be an active member of the team', changes -> 'owner_id');
    END IF;
    UPDATE opencalendly.teams AS t SET (name, slug, owner_id) = (new.name, new.slug, new.owner_id) WHERE t.id = old.id;
    IF new.owner_id <> old.owner_id THEN
        UPDATE opencalendly.team_members AS m SET role = 'owner' WHERE m.team_id = old.id AND m.user_id = new.owner_id;
        FOR moved IN SELECT e.* FROM opencalendly.event_types AS e
            JOIN opencalendly.team_event_types AS t ON t.event_type_id = e.id WHERE t.team_id = old.id ORDER BY e.id
        LOOP
            UPDATE opencalendly.event_types AS e SET user_id = new.owner_id, schedule_id = NULL WHERE e.id = moved.id;
        END LOOP;
    END IF;
    RETURN old.id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    IF con = 'event_types_user_id_slug_key' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC014', MESSAGE = 'slug is taken',
            DETAIL = format('The new owner has an event type "%s", and so has the team.', moved.slug),
            HINT = 'Give one of the two another slug.';
    END IF;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_team(uuid, jsonb) IS
    'changes name, slug, owner_id (to an active member, whose the team''s event types become): {"slug": "sales"}; errors OC005 (owner_id: not at READ COMMITTED), OC006, OC013, OC014';

CREATE FUNCTION opencalendly.delete_team(team_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.teams;
    event_type_ids uuid[];
    locked_ids uuid[];
    n bigint;
    first_start timestamptz;
BEGIN
    PERFORM opencalendly.check_sees_latest();
    locked_ids := opencalendly.lock_event_types_of(ARRAY[delete_team.team_id]);
    old := opencalendly.lock_team(delete_team.team_id);
    event_type_ids := ARRAY(SELECT t.event_type_id FROM opencalendly.team_event_types AS t WHERE t.team_id = old.id);
    IF NOT event_type_ids <@ locked_ids THEN
        RAISE foreign_key_violation;
    END IF;
    SELECT count(*), min(b.starts_at) INTO n, first_start FROM opencalendly.bookings AS b
        WHERE b.event_type_id = ANY (event_type_ids) AND b.status IN ('confirmed', 'pending')
            AND b.ends_at > opencalendly.current_instant();
    IF n > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'team has bookings that are not over',
            DETAIL = format('Bookings that are not over: %s; the first starts at %s.', n, first_start),
            HINT = 'Cancel them first (organizer_cancel_booking).';
    END IF;
    PERFORM opencalendly.retire_event_types(event_type_ids);
    DELETE FROM opencalendly.teams AS t WHERE t.id = old.id;
    RETURN old.id;
EXCEPTION WHEN foreign_key_violation THEN
    RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'team is in use',
        DETAIL = 'It has just been given an event type, or a booking.', HINT = 'Try again.';
END
$$;
COMMENT ON FUNCTION opencalendly.delete_team(uuid) IS
    'deletes a team with its memberships and ledger; event types that were ever booked stay the owner''s, as delete_event_type leaves them; errors OC005 (bookings that are not over, or not at READ COMMITTED), OC006, OC013';

CREATE FUNCTION opencalendly.invite_team_member(team_id uuid, user_id uuid, role text DEFAULT 'member') RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    team opencalendly.teams;
    status text;
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    team := opencalendly.lock_team(invite_team_member.team_id);
    PERFORM FROM opencalendly.users AS u WHERE u.id = invite_team_member.user_id FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', invite_team_member.user_id);
    END IF;
    SELECT m.status INTO status FROM opencalendly.team_members AS m
        WHERE m.team_id = team.id AND m.user_id = invite_team_member.user_id;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005',
            MESSAGE = CASE status WHEN 'active' THEN 'user is a member already' ELSE 'user has been invited already' END,
            DETAIL = format('Field "user_id" has the value %s.', invite_team_member.user_id);
    END IF;
    IF (SELECT count(*) >= 500 FROM opencalendly.team_members AS m WHERE m.team_id = team.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'team has too many members',
            DETAIL = 'At most 500 can be members or invited.';
    END IF;
    -- members that were put in by hand count, too
    UPDATE opencalendly.teams AS t SET last_position = greatest(t.last_position,
            (SELECT max(m.position) FROM opencalendly.team_members AS m WHERE m.team_id = t.id)) + 1
        WHERE t.id = team.id RETURNING t.last_position INTO team.last_position;
    INSERT INTO opencalendly.team_members (team_id, user_id, role, position)
        VALUES (team.id, invite_team_member.user_id, invite_team_member.role, team.last_position)
        RETURNING id INTO new_id;
    PERFORM opencalendly.enqueue_mail('team_invitation', concat_ws('/', 'team_invitation', team.id, invite_team_member.user_id,
        floor(extract(epoch FROM clock_timestamp()))::bigint), invite_team_member.user_id, NULL, team.id);
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, jsonb_build_object('role', invite_team_member.role));
END
$$;
COMMENT ON FUNCTION opencalendly.invite_team_member(uuid, uuid, text) IS
    'asks a user to join, by mail if that is on, returns the id of the pending membership; at most 500 in a team; errors OC005 (member or invited already), OC006, OC008, OC013';

CREATE FUNCTION opencalendly.accept_team_invitation(team_id uuid, user_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    member opencalendly.team_members;
BEGIN
    member := opencalendly.lock_member(accept_team_invitation.team_id, accept_team_invitation.user_id);
    IF member.status <> 'pending' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'invitation has been accepted already';
    END IF;
    UPDATE opencalendly.team_members AS m SET status = 'active' WHERE m.id = member.id;
    RETURN member.user_id;
END
$$;
COMMENT ON FUNCTION opencalendly.accept_team_invitation(uuid, uuid) IS
    'makes an invited user an active member, returns the user''s id; errors OC005 (accepted already), OC006, OC013';

CREATE FUNCTION opencalendly.decline_team_invitation(team_id uuid, user_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    member opencalendly.team_members;
BEGIN
    member := opencalendly.lock_member(decline_team_invitation.team_id, decline_team_invitation.user_id);
    IF member.status <> 'pending' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'invitation has been accepted already',
            HINT = 'A member leaves by leave_team.';
    END IF;
    DELETE FROM opencalendly.team_members AS m WHERE m.id = member.id;
    RETURN member.user_id;
END
$$;
COMMENT ON FUNCTION opencalendly.decline_team_invitation(uuid, uuid) IS
    'refuses an invitation, returns the user''s id; errors OC005 (accepted already), OC006, OC013';

CREATE FUNCTION opencalendly.remove_team_member(team_id uuid, user_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    member opencalendly.team_members;
BEGIN
    -- no booking is under way that counts on the member, who may be deleted next
    PERFORM opencalendly.lock_event_types_of(ARRAY[remove_team_member.team_id]);
    member := opencalendly.lock_member(remove_team_member.team_id, remove_team_member.user_id);
    IF EXISTS (SELECT FROM opencalendly.teams AS t WHERE t.id = member.team_id AND t.owner_id = member.user_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'the team''s owner must stay a member',
            HINT = 'Give the team to another member (update_team), or delete it (delete_team).';
    END IF;
    DELETE FROM opencalendly.team_members AS m WHERE m.id = member.id;
    RETURN member.user_id;
END
$$;
COMMENT ON FUNCTION opencalendly.remove_team_member(uuid, uuid) IS
    'ends a membership, or takes an invitation back, returns the user''s id; bookings stay as they were made; errors OC005 (the owner), OC006, OC013';

CREATE FUNCTION opencalendly.leave_team(team_id uuid, user_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    member opencalendly.team_members;
BEGIN
    PERFORM opencalendly.lock_event_types_of(ARRAY[leave_team.team_id]);
    member := opencalendly.lock_member(leave_team.team_id, leave_team.user_id);
    IF member.status <> 'active' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'invitation has not been accepted',
            HINT = 'It is refused by decline_team_invitation.';
    END IF;
    RETURN opencalendly.remove_team_member(member.team_id, member.user_id);
END
$$;
COMMENT ON FUNCTION opencalendly.leave_team(uuid, uuid) IS
    'ends an active member''s membership, returns the user''s id; bookings stay as they were made; errors OC005 (the owner, or not accepted yet), OC006, OC013';

CREATE FUNCTION opencalendly.update_team_member(team_id uuid, user_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.team_members;
    new opencalendly.team_members;
    state text; message text; col text; con text;
BEGIN
    old := opencalendly.lock_member(update_team_member.team_id, update_team_member.user_id);
    new := opencalendly.with_changes(old, changes, ARRAY['role', 'weight', 'priority']);
    UPDATE opencalendly.team_members AS m SET (role, weight, priority) = (new.role, new.weight, new.priority)
        WHERE m.id = old.id;
    IF new.role <> 'owner'
        AND EXISTS (SELECT FROM opencalendly.teams AS t WHERE t.id = old.team_id AND t.owner_id = old.user_id)
    THEN
        PERFORM opencalendly.raise_bad_value('role', 'must stay owner, for the team is theirs', changes -> 'role');
    END IF;
    RETURN old.user_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_team_member(uuid, uuid, jsonb) IS
    'changes role, weight (1 to 1000), priority (0 to 4), returns the user''s id: {"weight": 50}; errors OC006, OC013';

CREATE FUNCTION opencalendly.check_member_ids(team_id uuid, field text, ids uuid[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    bad uuid;
BEGIN
    IF cardinality(ids) = 0 THEN
        PERFORM opencalendly.raise_bad_value(field, 'must name at least one member', '[]');
    END IF;
    SELECT i.id INTO bad FROM unnest(ids) AS i(id)
        WHERE NOT opencalendly.is_active_member(check_member_ids.team_id, i.id) LIMIT 1;
    IF FOUND THEN
        PERFORM opencalendly.raise_bad_value(field, 'must name active members of the team', to_jsonb(bad));
    END IF;
    SELECT i.id INTO bad FROM unnest(ids) AS i(id) GROUP BY i.id HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        PERFORM opencalendly.raise_bad_value(field, 'must name each member once', to_jsonb(bad));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_member_ids(uuid, text, uuid[]) IS
    'internal: raises OC006 unless the list is null or names active members of the team, each once';

CREATE FUNCTION opencalendly.create_team_event_type(
    team_id uuid, name text, slug text, duration_minutes integer, mode text, member_ids uuid[] DEFAULT NULL,
    fixed_member_ids uuid[] DEFAULT NULL, assignment text DEFAULT 'cursor', location_type text DEFAULT 'video',
    location_value text DEFAULT NULL, questions jsonb DEFAULT '[]', description text DEFAULT NULL,
    slot_interval_minutes integer DEFAULT 15, buffer_before_minutes integer DEFAULT NULL,
    buffer_after_minutes integer DEFAULT NULL, min_notice_minutes integer DEFAULT 0,
    max_days_ahead integer DEFAULT NULL, bookable_from date DEFAULT NULL, bookable_until date DEFAULT NULL,
    daily_booking_limit integer DEFAULT NULL, weekly_booking_limit integer DEFAULT NULL,
    monthly_booking_limit integer DEFAULT NULL, seats integer DEFAULT 1,
    is_active boolean DEFAULT true, is_hidden boolean DEFAULT false, cancellation_policy text DEFAULT NULL,
    conference text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    team opencalendly.teams;
    new_id uuid;
    state text; message text; col text; con text;
BEGIN
    team := opencalendly.lock_team(team_id);
    new_id := opencalendly.create_event_type(team.owner_id, name, slug, duration_minutes, location_type, location_value,
        questions, description, slot_interval_minutes, buffer_before_minutes, buffer_after_minutes, min_notice_minutes,
        max_days_ahead, bookable_from, bookable_until, daily_booking_limit, weekly_booking_limit, monthly_booking_limit,
        seats, NULL, is_active, is_hidden, cancellation_policy, conference);
    INSERT INTO opencalendly.team_event_types (event_type_id, team_id, mode, assignment, all_members)
        VALUES (new_id, team.id, mode, assignment, member_ids IS NULL);
    IF mode = 'collective' AND fixed_member_ids IS NOT NULL THEN
        PERFORM opencalendly.raise_bad_value('fixed_member_ids', 'must be null in a collective, where all attend',
            to_jsonb(fixed_member_ids));
    END IF;
    PERFORM opencalendly.check_member_ids(team.id, 'member_ids', member_ids);
    PERFORM opencalendly.check_member_ids(team.id, 'fixed_member_ids', fixed_member_ids);
    IF member_ids && fixed_member_ids THEN
        PERFORM opencalendly.raise_bad_value('fixed_member_ids', 'must not name who is in member_ids, too',
            (SELECT to_jsonb(i.id) FROM unnest(fixed_member_ids) AS i(id) WHERE i.id = ANY (member_ids) LIMIT 1));
    END IF;
    INSERT INTO opencalendly.team_event_type_members (event_type_id, team_id, user_id, is_required)
        SELECT new_id, team.id, i.id, mode = 'collective' FROM unnest(member_ids) AS i(id)
        UNION ALL SELECT new_id, team.id, i.id, true FROM unnest(fixed_member_ids) AS i(id);
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con,
        jsonb_build_object('mode', mode, 'assignment', assignment));
END
$$;
COMMENT ON FUNCTION opencalendly.create_team_event_type(uuid, text, text, integer, text, uuid[], uuid[], text, text, text,
    jsonb, text, integer, integer, integer, integer, integer, date, date, integer, integer, integer, integer, boolean,
    boolean, text, text) IS
    'makes a team''s event type, returns the id; mode round_robin: one of member_ids is picked (null: of all members), fixed_member_ids always attend; collective: member_ids attend (null: all members); the rest as create_event_type; errors OC006, OC013, OC014';

CREATE FUNCTION opencalendly.lock_team_event_type(event_type_id uuid) RETURNS opencalendly.team_event_types
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_row opencalendly.team_event_types;
BEGIN
    PERFORM opencalendly.lock_event_type(t.event_type_id) FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = lock_team_event_type.event_type_id;
    PERFORM opencalendly.lock_team(t.team_id) FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = lock_team_event_type.event_type_id;
    SELECT t.* INTO found_row FROM opencalendly.team_event_types AS t
        WHERE t.event_type_id = lock_team_event_type.event_type_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('team event type', 'event_type_id', lock_team_event_type.event_type_id);
    END IF;
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_team_event_type(uuid) IS
    'internal: a team''s event type, once no booking of it is under way; raises OC006, OC013';

CREATE FUNCTION opencalendly.update_team_event_type(event_type_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.team_event_types;
    new opencalendly.team_event_types;
    state text; message text; col text; con text;
BEGIN
    old := opencalendly.lock_team_event_type(update_team_event_type.event_type_id);
    new := opencalendly.with_changes(old, changes, ARRAY['assignment', 'round_robin_cursor']);
    UPDATE opencalendly.team_event_types AS t
        SET (assignment, round_robin_cursor) = (new.assignment, new.round_robin_cursor)
        WHERE t.event_type_id = old.event_type_id;
    RETURN old.event_type_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, changes);
END
$$;
COMMENT ON FUNCTION opencalendly.update_team_event_type(uuid, jsonb) IS
    'changes assignment, round_robin_cursor (a member''s position; the next one is picked): {"assignment": "weighted"}; update_event_type changes the rest; errors OC006, OC013';

CREATE FUNCTION opencalendly.set_team_event_type_members(
    event_type_id uuid, members jsonb, all_members boolean DEFAULT false) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target opencalendly.team_event_types;
    item jsonb;
    n integer := 0;
    path text := '';
    part opencalendly.team_event_type_members;
    fields constant jsonb := '{"userId": ["user_id", "string"], "isRequired": ["is_required", "boolean"],
        "weight": ["weight", "number"], "priority": ["priority", "number"], "scheduleId": ["schedule_id", "string"]}';
    state text; message text; col text; con text;
BEGIN
    PERFORM opencalendly.check_list('members', members, 500);
    target := opencalendly.lock_team_event_type(set_team_event_type_members.event_type_id);
    UPDATE opencalendly.team_event_types AS t SET all_members = set_team_event_type_members.all_members
        WHERE t.event_type_id = target.event_type_id;
    DELETE FROM opencalendly.team_event_type_members AS m WHERE m.event_type_id = target.event_type_id;
    FOR item IN SELECT e FROM jsonb_array_elements(members) AS e LOOP
        path := format('members[%s].', n);
        part := NULL;
        part.is_required := target.mode = 'collective';
        part := opencalendly.list_item(part, item, fields, rtrim(path, '.'));
        IF part.user_id IS NOT NULL AND NOT opencalendly.is_active_member(target.team_id, part.user_id) THEN
            PERFORM opencalendly.raise_bad_value('userId', 'must be an active member of the team', item -> 'userId', path);
        ELSIF EXISTS (SELECT FROM opencalendly.team_event_type_members AS m
                      WHERE m.event_type_id = target.event_type_id AND m.user_id = part.user_id)
        THEN
            PERFORM opencalendly.raise_bad_value('userId', 'must be named once', item -> 'userId', path);
        END IF;
        INSERT INTO opencalendly.team_event_type_members
            (event_type_id, team_id, user_id, is_required, schedule_id, weight, priority)
            VALUES (target.event_type_id, target.team_id, part.user_id, part.is_required, part.schedule_id,
                part.weight, part.priority);
        n := n + 1;
    END LOOP;
    IF NOT set_team_event_type_members.all_members AND NOT EXISTS (
        SELECT FROM opencalendly.team_event_type_members AS m
            WHERE m.event_type_id = target.event_type_id AND m.is_required = (target.mode = 'collective'))
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006',
            MESSAGE = CASE target.mode WHEN 'collective' THEN 'members must have one who is required'
                                       ELSE 'members must have one who is not required, to be picked' END,
            DETAIL = format('Field "members" has %s entries, and all_members is false.', n);
    END IF;
    RETURN n;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, to_jsonb(part), path, fields);
END
$$;
COMMENT ON FUNCTION opencalendly.set_team_event_type_members(uuid, jsonb, boolean) IS
    'replaces who takes part in a team''s event type, and whether the other members do, too; returns how many: [{"userId", "isRequired"? (true in a collective, else false), "weight"?, "priority"?, "scheduleId"?}], at most 500; errors OC006, OC013';

CREATE FUNCTION opencalendly.delete_user(user_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.users;
    n bigint;
    first_start timestamptz;
    alias text;
    state text; message text; col text; con text;
BEGIN
    PERFORM opencalendly.check_sees_latest();
    PERFORM opencalendly.lock_address(u.email) FROM opencalendly.users AS u WHERE u.id = delete_user.user_id;
    PERFORM opencalendly.lock_event_types_of(
        ARRAY(SELECT m.team_id FROM opencalendly.team_members AS m WHERE m.user_id = delete_user.user_id));
    PERFORM opencalendly.lock_host(delete_user.user_id);
    PERFORM FROM opencalendly.teams AS t JOIN opencalendly.team_members AS m ON m.team_id = t.id
        WHERE m.user_id = delete_user.user_id ORDER BY t.id FOR NO KEY UPDATE OF t;
    SELECT u.* INTO old FROM opencalendly.users AS u WHERE u.id = delete_user.user_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', delete_user.user_id);
    END IF;
    SELECT count(*) INTO n FROM opencalendly.teams AS t WHERE t.owner_id = old.id;
    IF n > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'user owns a team', DETAIL = format('Teams owned: %s.', n),
            HINT = 'Give the team to another member (update_team), or delete it (delete_team).';
    END IF;
    SELECT count(*), min(b.starts_at) INTO n, first_start FROM opencalendly.bookings AS b
        WHERE b.id IN (SELECT o.id FROM opencalendly.bookings AS o WHERE o.organizer_id = old.id
                       UNION SELECT a.booking_id FROM opencalendly.team_booking_assignments AS a WHERE a.user_id = old.id)
            AND b.status IN ('confirmed', 'pending') AND b.ends_at > opencalendly.current_instant();
    IF n > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'user has bookings that are not over',
            DETAIL = format('Bookings that are not over: %s; the first starts at %s.', n, first_start),
            HINT = 'Cancel them first (organizer_cancel_booking).';
    END IF;

    DELETE FROM opencalendly.sessions AS s WHERE s.user_id = old.id;
    DELETE FROM opencalendly.webhook_subscriptions AS w WHERE w.user_id = old.id;
    DELETE FROM opencalendly.login_links AS l WHERE l.email = old.email;
    DELETE FROM opencalendly.email_deliveries AS m
        WHERE m.user_id = old.id OR m.email = old.email AND m.kind = 'login_link';
    -- thanks in the name of who is gone
    DELETE FROM opencalendly.email_deliveries AS m USING opencalendly.bookings AS b
        WHERE b.organizer_id = old.id AND m.booking_id = b.id AND m.status = 'pending';
    DELETE FROM opencalendly.team_members AS m WHERE m.user_id = old.id;
    PERFORM opencalendly.retire_event_types(
        ARRAY(SELECT e.id FROM opencalendly.event_types AS e WHERE e.user_id = old.id));
    PERFORM opencalendly.drop_unbooked_meetings(
        ARRAY(SELECT c.occurrence_id FROM opencalendly.claims AS c WHERE c.host_id = old.id));
    DELETE FROM opencalendly.claims AS c WHERE c.host_id = old.id AND c.occurrence_id IS NULL;
    DELETE FROM opencalendly.availability_overrides AS o WHERE o.user_id = old.id;
    DELETE FROM opencalendly.calendar_connections AS c WHERE c.user_id = old.id;
    DELETE FROM opencalendly.calendar_consents AS c WHERE c.user_id = old.id;
    DELETE FROM opencalendly.calendar_busy_windows AS w WHERE w.user_id = old.id;
    DELETE FROM opencalendly.schedules AS s WHERE s.user_id = old.id;

    -- what is left of these was booked
    IF EXISTS (SELECT FROM opencalendly.event_types AS e WHERE e.user_id = old.id)
        OR EXISTS (SELECT FROM opencalendly.claims AS c WHERE c.host_id = old.id)
        OR EXISTS (SELECT FROM opencalendly.team_booking_assignments AS a WHERE a.user_id = old.id)
        OR EXISTS (SELECT FROM opencalendly.team_ledger AS l WHERE l.user_id = old.id)
        OR EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.organizer_id = old.id)
        OR EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.host_ids @> ARRAY[old.id])
    THEN
        alias := 'deleted-' || translate(old.id::text, '-', '');
        UPDATE opencalendly.users AS u
            SET (username, email, display_name) = (alias, alias || '@deleted.invalid', NULL) WHERE u.id = old.id;
        IF old.username <> alias THEN
            INSERT INTO opencalendly.former_usernames (username, user_id) VALUES (old.username, old.id);
        END IF;
    ELSE
        DELETE FROM opencalendly.users AS u WHERE u.id = old.id;
    END IF;
    RETURN old.id;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'user is in use',
            DETAIL = 'Something has just been made that names the user.', HINT = 'Try again.';
    WHEN integrity_constraint_violation THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
        PERFORM opencalendly.raise_refusal(state, message, col, con, jsonb_build_object('username', alias));
END
$$;
COMMENT ON FUNCTION opencalendly.delete_user(uuid) IS
    'deletes a user with all that is theirs, returns the id; one whom past or canceled bookings name stays as a row without name and address; errors OC005 (bookings that are not over, teams owned, or not at READ COMMITTED), OC006, OC013';
