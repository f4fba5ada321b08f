-- The HTTP API of organizers: their event types, hours and time off. As in 75_api.sql: each function proves the
-- session first; what is not the caller's is not there (OC013). The rules of values stand in the tables' constraints and in
-- the functions that are called here; checked here is only what HTTP bounds tighter, or names otherwise than a column.

-- The members that were given a value: on create null is the same as absent.
CREATE FUNCTION opencalendly.without_nulls(given jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') FROM jsonb_each(given) AS f WHERE f.value <> 'null');
END
$$;
COMMENT ON FUNCTION opencalendly.without_nulls(jsonb) IS 'internal: an object''s members that are not null';

-- On PATCH null clears, and clears what cannot be null to its default.
CREATE FUNCTION opencalendly.cleared(given jsonb, defaults jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT given || coalesce(jsonb_object_agg(d.key, d.value), '{}') FROM jsonb_each(defaults) AS d
            WHERE given -> d.key = 'null');
END
$$;
COMMENT ON FUNCTION opencalendly.cleared(jsonb, jsonb) IS 'internal: an object with the default of each member that is null';

-- The ids in what GET shows may come back with a PUT; they mean nothing there, for a list is replaced as a whole.
CREATE FUNCTION opencalendly.without_ids(list jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(CASE jsonb_typeof(e.item) WHEN 'object' THEN e.item - 'id' ELSE e.item END
                ORDER BY e.n), '[]')
            FROM jsonb_array_elements(list) WITH ORDINALITY AS e(item, n));
END
$$;
COMMENT ON FUNCTION opencalendly.without_ids(jsonb) IS 'internal: a list of objects without their member "id"';

--
-- Versions (RFC 9110, 8.8.3 and 13.1): the tag of a content is a hash of it.
--

CREATE FUNCTION opencalendly.etag_of(content jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN translate(encode(substr(sha256(convert_to(content::text, 'UTF8')), 1, 15), 'base64'), '+/', '-_');
END
$$;
COMMENT ON FUNCTION opencalendly.etag_of(jsonb) IS 'internal: a content''s entity tag, 20 characters';

CREATE FUNCTION opencalendly.names_etag(tags text, etag text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN tags = '*' OR etag = ANY (string_to_array(tags, ','));
END
$$;
COMMENT ON FUNCTION opencalendly.names_etag(text, text) IS
    'internal: whether the tags of an If-Match or If-None-Match header (joined by commas, or *) name this one; null without one';

CREATE FUNCTION opencalendly.versioned_answer(content jsonb, if_none_match text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    etag constant text := opencalendly.etag_of(content);
BEGIN
    IF opencalendly.names_etag(if_none_match, etag) THEN
        RETURN ROW(304, NULL, etag, NULL, NULL, NULL)::opencalendly.api_answer;
    END IF;
    RETURN opencalendly.answer(content, etag);
END
$$;
COMMENT ON FUNCTION opencalendly.versioned_answer(jsonb, text) IS
    'internal: the content with its tag, or status 304 if the header If-None-Match names it';

-- A refusal that is no error: nothing was written, and the answer has the present tag.
CREATE FUNCTION opencalendly.changed_answer(etag text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ROW(412, jsonb_build_object('ok', false, 'error', 'this was changed meanwhile: read it again', 'code', 'HTTP_412',
            'type', 'about:blank', 'title', 'Precondition Failed', 'status', 412)::text,
        etag, NULL, NULL, NULL)::opencalendly.api_answer;
END
$$;
COMMENT ON FUNCTION opencalendly.changed_answer(text) IS 'internal: status 412, for an If-Match that does not name the present tag';

-- Whoever changes a user's hours through the API has this lock while comparing tags, so two tabs cannot both be right.
CREATE FUNCTION opencalendly.lock_hours(user_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = lock_hours.user_id FOR NO KEY UPDATE;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_hours(uuid) IS 'internal: the user''s row locked until the end of the transaction, as whoever changes hours does';

--
-- What is shown
--

CREATE FUNCTION opencalendly.event_type_json(e opencalendly.event_types) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object(
        'id', e.id, 'name', e.name, 'slug', e.slug, 'description', e.description,
        'durationMinutes', e.duration_minutes, 'locationType', e.location_type, 'locationValue', e.location_value,
        'questions', e.questions, 'isActive', e.is_active, 'isHidden', e.is_hidden,
        'slotIntervalMinutes', e.slot_interval_minutes, 'bufferBeforeMinutes', e.buffer_before_minutes,
        'bufferAfterMinutes', e.buffer_after_minutes, 'minNoticeMinutes', e.min_notice_minutes,
        'maxDaysAhead', e.max_days_ahead, 'bookableFrom', e.bookable_from, 'bookableUntil', e.bookable_until,
        'dailyBookingLimit', e.daily_booking_limit, 'weeklyBookingLimit', e.weekly_booking_limit,
        'monthlyBookingLimit', e.monthly_booking_limit, 'seats', e.seats, 'scheduleId', e.schedule_id,
        'cancellationPolicy', e.cancellation_policy, 'conference', e.conference, 'createdAt', opencalendly.instant_text(e.created_at));
END;
COMMENT ON FUNCTION opencalendly.event_type_json(opencalendly.event_types) IS 'internal: an event type as its organizer sees it';

CREATE FUNCTION opencalendly.schedules_json(user_id uuid, schedule_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'id', s.id, 'name', s.name, 'timezone', coalesce(s.timezone, u.timezone), 'isDefault', s.is_default,
                'rules', coalesce(r.list, '[]'), 'overrides', coalesce(o.list, '[]'))
            ORDER BY s.is_default DESC, s.created_at, s.id)
        FROM opencalendly.schedules AS s JOIN opencalendly.users AS u ON u.id = s.user_id
            CROSS JOIN LATERAL (
                SELECT jsonb_agg(jsonb_build_object('id', r.id, 'dayOfWeek', r.day_of_week, 'startMinute', r.start_minute,
                        'endMinute', r.end_minute, 'bufferBeforeMinutes', r.buffer_before_minutes,
                        'bufferAfterMinutes', r.buffer_after_minutes)
                    ORDER BY r.day_of_week, r.start_minute, r.end_minute, r.id) AS list
                FROM opencalendly.availability_rules AS r WHERE r.schedule_id = s.id) AS r
            CROSS JOIN LATERAL (
                SELECT jsonb_agg(jsonb_build_object('id', o.id, 'startAt', opencalendly.instant_text(o.starts_at),
                        'endAt', opencalendly.instant_text(o.ends_at), 'isAvailable', o.is_available,
                        'replacesDay', o.replaces_day, 'reason', o.reason)
                    ORDER BY o.starts_at, o.ends_at, o.id) AS list
                FROM opencalendly.availability_overrides AS o WHERE o.schedule_id = s.id) AS o
        WHERE s.user_id = schedules_json.user_id
            AND (schedules_json.schedule_id IS NULL OR s.id = schedules_json.schedule_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.schedules_json(uuid, uuid) IS
    'internal: a list of a user''s schedules, the default one first, or of the one that is named; without time off';

-- With the schedule and its zone, for without them the hours mean nothing: who puts hours in the place of what was read
-- before another schedule became the default one is told.
CREATE FUNCTION opencalendly.hours_json(user_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_id uuid;
    hours jsonb;
BEGIN
    SELECT s.id INTO found_id FROM opencalendly.schedules AS s WHERE s.user_id = hours_json.user_id AND s.is_default;
    IF FOUND THEN
        hours := opencalendly.schedules_json(hours_json.user_id, found_id) -> 0;
    END IF;
    RETURN jsonb_build_object('scheduleId', found_id,
        'timezone', (SELECT u.timezone FROM opencalendly.users AS u WHERE u.id = hours_json.user_id),
        'rules', coalesce(hours -> 'rules', '[]'), 'overrides', coalesce(hours -> 'overrides', '[]'));
END
$$;
COMMENT ON FUNCTION opencalendly.hours_json(uuid) IS 'internal: a user''s default schedule: rules, overrides, its id and zone';

CREATE FUNCTION opencalendly.time_off_json(o opencalendly.availability_overrides) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object('id', o.id, 'startAt', opencalendly.instant_text(o.starts_at),
        'endAt', opencalendly.instant_text(o.ends_at), 'reason', o.reason, 'source', o.source,
        'sourceKey', o.source_key, 'createdAt', opencalendly.instant_text(o.created_at));
END;
COMMENT ON FUNCTION opencalendly.time_off_json(opencalendly.availability_overrides) IS 'internal: a block of time off';

--
-- Whose it is
--

CREATE FUNCTION opencalendly.has_owner_role(team_id uuid, user_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (SELECT FROM opencalendly.team_members AS m
                   WHERE m.team_id = has_owner_role.team_id AND m.user_id = has_owner_role.user_id
                       AND m.status = 'active' AND m.role = 'owner');
END
$$;
COMMENT ON FUNCTION opencalendly.has_owner_role(uuid, uuid) IS 'internal: whether the user is an active member of the team, with the role owner';

CREATE FUNCTION opencalendly.raise_not_owner() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC009', MESSAGE = 'only the team''s owners may do this',
        DETAIL = 'Your role in the team is member.';
END
$$;
COMMENT ON FUNCTION opencalendly.raise_not_owner() IS 'internal: raises OC009';

-- One's own, or one of a team whose owner one is; a team's other members see it, but may not (OC009).
CREATE FUNCTION opencalendly.own_event_type(me uuid, id text) RETURNS opencalendly.event_types
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('event type', own_event_type.id);
    found_row opencalendly.event_types;
    team uuid;
BEGIN
    SELECT e.* INTO found_row FROM opencalendly.event_types AS e WHERE e.id = wanted AND e.deleted_at IS NULL;
    SELECT t.team_id INTO team FROM opencalendly.team_event_types AS t WHERE t.event_type_id = wanted;
    IF found_row.id IS NULL
        OR team IS NULL AND found_row.user_id <> me
        OR team IS NOT NULL AND NOT opencalendly.is_active_member(team, me)
    THEN
        PERFORM opencalendly.raise_unknown('event type', 'id', wanted);
    ELSIF team IS NOT NULL AND NOT opencalendly.has_owner_role(team, me) THEN
        PERFORM opencalendly.raise_not_owner();
    END IF;
    RETURN found_row;
END
$$;
COMMENT ON FUNCTION opencalendly.own_event_type(uuid, text) IS
    'internal: an event type of the user, or of a team that the user is an owner of; raises OC009, OC013';

CREATE FUNCTION opencalendly.own_schedule_id(me uuid, id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('schedule', own_schedule_id.id);
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.schedules AS s WHERE s.id = wanted AND s.user_id = me) THEN
        PERFORM opencalendly.raise_unknown('schedule', 'id', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.own_schedule_id(uuid, text) IS 'internal: a schedule of the user; raises OC013';

--
-- Event types
--

CREATE FUNCTION opencalendly.event_type_fields() RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT '{"name": "text", "slug": "text", "durationMinutes": "int", "locationType": "text", "locationValue": "text",
        "questions": "list", "description": "text", "slotIntervalMinutes": "int", "bufferBeforeMinutes": "int",
        "bufferAfterMinutes": "int", "minNoticeMinutes": "int", "maxDaysAhead": "int", "bookableFrom": "date",
        "bookableUntil": "date", "dailyBookingLimit": "int", "weeklyBookingLimit": "int", "monthlyBookingLimit": "int",
        "seats": "int", "scheduleId": "uuid", "isActive": "bool", "isHidden": "bool", "cancellationPolicy": "text",
        "conference": "text"}'::jsonb;
END;
COMMENT ON FUNCTION opencalendly.event_type_fields() IS 'internal: what can be set of an event type, as body_fields takes it';

-- HTTP bounds the duration tighter than the table does.
CREATE FUNCTION opencalendly.check_duration(given jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (given ->> 'durationMinutes')::numeric NOT BETWEEN 5 AND 240 THEN
        PERFORM opencalendly.raise_bad_value('durationMinutes', 'must be from 5 to 240', given -> 'durationMinutes');
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_duration(jsonb) IS 'internal: raises OC006 for a durationMinutes that is not from 5 to 240';

CREATE FUNCTION opencalendly.api_event_types(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('eventTypes', coalesce((
        SELECT jsonb_agg(opencalendly.event_type_json(e) ORDER BY e.created_at, e.id) FROM opencalendly.event_types AS e
        WHERE e.user_id = me.id AND e.deleted_at IS NULL
            AND NOT EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id = e.id)), '[]')));
END
$$;
COMMENT ON FUNCTION opencalendly.api_event_types(text) IS
    'GET /v0/event-types: the caller''s own, oldest first; teams'' are listed with their team; errors OC012';

CREATE FUNCTION opencalendly.api_create_event_type(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.without_nulls(opencalendly.body_fields(body, opencalendly.event_type_fields()
        || '{"name": "text!", "slug": "text!", "durationMinutes": "int!", "locationType": "text!"}'));
    new_id uuid;
BEGIN
    PERFORM opencalendly.check_duration(given);
    -- with its seats, for they cannot be changed without waiting for bookings
    new_id := opencalendly.create_event_type(me.id, given ->> 'name', given ->> 'slug',
        (given ->> 'durationMinutes')::numeric::integer, seats => coalesce((given ->> 'seats')::numeric::integer, 1));
    PERFORM opencalendly.update_event_type(new_id,
        opencalendly.body_columns(given - ARRAY['name', 'slug', 'durationMinutes', 'seats']));
    RETURN opencalendly.answer(jsonb_build_object('eventType',
        (SELECT opencalendly.event_type_json(e) FROM opencalendly.event_types AS e WHERE e.id = new_id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_event_type(text, text) IS
    'POST /v0/event-types: makes an event type of the caller''s; errors OC006, OC012, OC014';

CREATE FUNCTION opencalendly.api_update_event_type(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    old constant opencalendly.event_types := opencalendly.own_event_type(me.id, api_update_event_type.id);
    given constant jsonb := opencalendly.cleared(
        opencalendly.body_fields(body, opencalendly.event_type_fields()),
        '{"questions": [], "slotIntervalMinutes": 15, "minNoticeMinutes": 0, "seats": 1, "isHidden": false}');
BEGIN
    PERFORM opencalendly.check_duration(given);
    PERFORM opencalendly.update_event_type(old.id, opencalendly.body_columns(given));
    RETURN opencalendly.answer(jsonb_build_object('eventType',
        (SELECT opencalendly.event_type_json(e) FROM opencalendly.event_types AS e WHERE e.id = old.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_event_type(text, text, text) IS
    'PATCH /v0/event-types/:id: changes an event type of the caller''s, or of a team that the caller is an owner of; errors OC006, OC009, OC012, OC013, OC014';

CREATE FUNCTION opencalendly.api_delete_event_type(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    old constant opencalendly.event_types := opencalendly.own_event_type(me.id, api_delete_event_type.id);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.delete_event_type(old.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_event_type(text, text) IS
    'DELETE /v0/event-types/:id: deletes it unless bookings are not over; its slug is free again; errors OC005, OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_explain(session text, id text, starts_at text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    old constant opencalendly.event_types := opencalendly.own_event_type(me.id, api_explain.id);
    start constant timestamptz := opencalendly.instant_parameter('startsAt', api_explain.starts_at, NULL);
BEGIN
    IF start IS NULL THEN
        PERFORM opencalendly.raise_bad_value('startsAt', 'must be given', NULL);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('verdicts', coalesce((
        SELECT jsonb_agg(jsonb_build_object('hostId', v.host_id, 'verdict', v.verdict, 'reason', v.reason,
            -- when another host of the team is busy, and so long, is theirs alone to know
            'detail', CASE WHEN v.host_id <> me.id AND v.reason IN ('claim', 'busy_window', 'buffer') THEN NULL
                           ELSE v.detail END)
            ORDER BY v.n)
        FROM opencalendly.explain_slot(old.id, start) WITH ORDINALITY AS v(host_id, verdict, reason, detail, n)), '[]')));
END
$$;
COMMENT ON FUNCTION opencalendly.api_explain(text, text, text) IS
    'GET /v0/event-types/:id/explain: why a start is or is not offered, of other hosts without their busy times; errors OC006, OC009, OC012, OC013';

--
-- Hours
--

CREATE FUNCTION opencalendly.api_hours(session text, if_none_match text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.versioned_answer(opencalendly.hours_json(me.id), if_none_match);
END
$$;
COMMENT ON FUNCTION opencalendly.api_hours(text, text) IS
    'GET /v0/me/availability: rules and overrides of the default schedule; errors OC012';

CREATE FUNCTION opencalendly.api_set_rules(session text, if_match text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"rules": "list!"}');
    etag text;
BEGIN
    PERFORM opencalendly.lock_hours(me.id);
    etag := opencalendly.etag_of(opencalendly.hours_json(me.id));
    IF NOT opencalendly.names_etag(if_match, etag) THEN
        RETURN opencalendly.changed_answer(etag);
    END IF;
    PERFORM opencalendly.set_availability_rules(me.id, opencalendly.without_ids(given -> 'rules'));
    RETURN opencalendly.versioned_answer(opencalendly.hours_json(me.id), NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_set_rules(text, text, text) IS
    'PUT /v0/me/availability/rules: replaces the default schedule''s rules, answers as GET; status 412 if If-Match does not name what is there; errors OC006, OC012';

CREATE FUNCTION opencalendly.api_set_overrides(session text, if_match text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"overrides": "list!"}');
    etag text;
BEGIN
    PERFORM opencalendly.lock_hours(me.id);
    etag := opencalendly.etag_of(opencalendly.hours_json(me.id));
    IF NOT opencalendly.names_etag(if_match, etag) THEN
        RETURN opencalendly.changed_answer(etag);
    END IF;
    PERFORM opencalendly.set_availability_overrides(me.id, opencalendly.without_ids(given -> 'overrides'));
    RETURN opencalendly.versioned_answer(opencalendly.hours_json(me.id), NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_set_overrides(text, text, text) IS
    'PUT /v0/me/availability/overrides: replaces the default schedule''s overrides, time off stays; as for rules; errors OC006, OC012';

CREATE FUNCTION opencalendly.api_schedules(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('schedules', opencalendly.schedules_json(me.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_schedules(text) IS
    'GET /v0/me/schedules: the caller''s schedules with rules and overrides, the default one first; errors OC012';

CREATE FUNCTION opencalendly.api_schedule(session text, id text, if_none_match text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_schedule_id(me.id, api_schedule.id);
BEGIN
    RETURN opencalendly.versioned_answer(
        jsonb_build_object('schedule', opencalendly.schedules_json(me.id, wanted) -> 0), if_none_match);
END
$$;
COMMENT ON FUNCTION opencalendly.api_schedule(text, text, text) IS
    'GET /v0/me/schedules/:id: a schedule of the caller''s; errors OC012, OC013';

-- What a body gives of a schedule besides its name and zone.
CREATE FUNCTION opencalendly.set_schedule_parts(me uuid, schedule_id uuid, given jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF given ? 'rules' THEN
        PERFORM opencalendly.set_availability_rules(me, opencalendly.without_ids(given -> 'rules'), schedule_id);
    END IF;
    IF given ? 'overrides' THEN
        PERFORM opencalendly.set_availability_overrides(me, opencalendly.without_ids(given -> 'overrides'), schedule_id);
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.set_schedule_parts(uuid, uuid, jsonb) IS
    'internal: replaces a schedule''s rules and overrides by those of a body, as far as it has them; raises OC006';

CREATE FUNCTION opencalendly.api_create_schedule(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.without_nulls(opencalendly.body_fields(body,
        '{"name": "text!", "timezone": "text!", "rules": "list", "overrides": "list", "isDefault": "bool"}'));
    new_id uuid;
BEGIN
    PERFORM opencalendly.lock_hours(me.id);
    new_id := opencalendly.create_schedule(me.id, given ->> 'name', given ->> 'timezone');
    PERFORM opencalendly.set_schedule_parts(me.id, new_id, given);
    IF (given ->> 'isDefault')::boolean THEN
        PERFORM opencalendly.update_schedule(new_id, '{"is_default": true}');
    END IF;
    RETURN opencalendly.versioned_answer(
        jsonb_build_object('schedule', opencalendly.schedules_json(me.id, new_id) -> 0), NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_schedule(text, text) IS
    'POST /v0/me/schedules: makes a named schedule with a zone of its own; errors OC006, OC012, OC014';

CREATE FUNCTION opencalendly.api_update_schedule(session text, id text, if_match text, body text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_schedule_id(me.id, api_update_schedule.id);
    given constant jsonb := opencalendly.cleared(opencalendly.body_fields(body,
        '{"name": "text", "timezone": "text", "rules": "list", "overrides": "list", "isDefault": "bool"}'),
        '{"rules": [], "overrides": []}');
    etag text;
BEGIN
    PERFORM opencalendly.lock_hours(me.id);
    etag := opencalendly.etag_of(jsonb_build_object('schedule', opencalendly.schedules_json(me.id, wanted) -> 0));
    IF NOT opencalendly.names_etag(if_match, etag) THEN
        RETURN opencalendly.changed_answer(etag);
    END IF;
    PERFORM opencalendly.update_schedule(wanted, opencalendly.body_columns(given - ARRAY['rules', 'overrides']));
    PERFORM opencalendly.set_schedule_parts(me.id, wanted, given);
    RETURN opencalendly.versioned_answer(
        jsonb_build_object('schedule', opencalendly.schedules_json(me.id, wanted) -> 0), NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_schedule(text, text, text, text) IS
    'PATCH /v0/me/schedules/:id: changes name, timezone, isDefault (to true), rules, overrides; status 412 as for rules; errors OC006, OC012, OC013, OC014';

CREATE FUNCTION opencalendly.api_delete_schedule(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_schedule_id(me.id, api_delete_schedule.id);
BEGIN
    PERFORM opencalendly.lock_hours(me.id);
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.delete_schedule(wanted)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_schedule(text, text) IS
    'DELETE /v0/me/schedules/:id: not the default one nor one in use; errors OC005, OC012, OC013';

--
-- Time off
--

CREATE FUNCTION opencalendly.api_time_off(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('timeOffBlocks', coalesce((
        SELECT jsonb_agg(opencalendly.time_off_json(o) ORDER BY o.starts_at, o.id)
        FROM opencalendly.availability_overrides AS o
        WHERE o.user_id = me.id AND o.schedule_id IS NULL AND NOT o.is_available), '[]')));
END
$$;
COMMENT ON FUNCTION opencalendly.api_time_off(text) IS 'GET /v0/me/time-off: the caller''s blocks, by start; errors OC012';

-- The bookings inside stay; the caller is told which. Found by the host's claims.
CREATE FUNCTION opencalendly.api_create_time_off(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body,
        '{"startAt": "instant!", "endAt": "instant!", "reason": "text"}');
    block opencalendly.availability_overrides;
    ids uuid[];
BEGIN
    block.starts_at := given ->> 'startAt';
    block.ends_at := given ->> 'endAt';
    IF block.ends_at <= block.starts_at THEN
        PERFORM opencalendly.raise_bad_value('endAt', 'must be after startAt', given -> 'endAt');
    END IF;
    block.id := opencalendly.add_time_off(me.id, block.starts_at, block.ends_at, given ->> 'reason');
    SELECT o.* INTO block FROM opencalendly.availability_overrides AS o WHERE o.id = block.id;
    ids := ARRAY(SELECT b.id FROM opencalendly.claims AS c
        JOIN opencalendly.bookings AS b ON b.occurrence_id = c.occurrence_id
        WHERE c.host_id = me.id AND c.during && tstzrange(block.starts_at, block.ends_at)
            AND b.status IN ('confirmed', 'pending') AND b.starts_at < block.ends_at AND b.ends_at > block.starts_at
        ORDER BY b.starts_at, b.id);
    RETURN opencalendly.answer(jsonb_build_object('timeOffBlock', opencalendly.time_off_json(block),
        'bookings', opencalendly.bookings_json(ids[1:100]), 'bookingCount', cardinality(ids)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_time_off(text, text) IS
    'POST /v0/me/time-off: blocks a range in all schedules; tells the bookings inside, the first 100 of bookingCount; errors OC006, OC012';

CREATE FUNCTION opencalendly.api_delete_time_off(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.id_parameter('time off', api_delete_time_off.id);
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.availability_overrides AS o
                   WHERE o.id = wanted AND o.user_id = me.id AND o.schedule_id IS NULL AND NOT o.is_available)
    THEN
        PERFORM opencalendly.raise_unknown('time off', 'id', wanted);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.remove_time_off(wanted)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_time_off(text, text) IS
    'DELETE /v0/me/time-off/:id: takes a block of the caller''s back; errors OC012, OC013';
