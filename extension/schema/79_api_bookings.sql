-- The HTTP API of organizers: their bookings. As in 78_api_organizer.sql.

CREATE FUNCTION opencalendly.bookings_json(ids uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object(
                'id', b.id, 'status', b.status, 'startsAt', opencalendly.instant_text(b.starts_at),
                'endsAt', opencalendly.instant_text(b.ends_at), 'timezone', b.timezone,
                'inviteeName', b.invitee_name, 'inviteeEmail', b.invitee_email, 'answers', b.answers,
                'eventType', jsonb_build_object('id', e.id, 'name', e.name, 'slug', e.slug,
                    'durationMinutes', e.duration_minutes, 'locationType', e.location_type,
                    'locationValue', coalesce(b.meeting_url, e.location_value)),
                'organizerId', b.organizer_id, 'hostIds', coalesce(b.host_ids, ARRAY[b.organizer_id]),
                'team', CASE WHEN t.id IS NOT NULL THEN jsonb_build_object('teamId', t.id, 'teamSlug', t.slug,
                    'teamEventTypeId', x.event_type_id, 'mode', x.mode,
                    'assignmentUserIds', coalesce(b.host_ids, ARRAY[b.organizer_id])) END,
                'rescheduledFrom', b.rescheduled_from, 'rescheduledTo', s.id, 'cancelReason', b.cancel_reason,
                'canceledBy', b.canceled_by, 'canceledAt', opencalendly.instant_text(b.canceled_at),
                'noShowAt', opencalendly.instant_text(b.no_show_at), 'createdAt', opencalendly.instant_text(b.created_at))
            ORDER BY b.starts_at, b.id)
        FROM opencalendly.bookings AS b JOIN opencalendly.event_types AS e ON e.id = b.event_type_id
            LEFT JOIN opencalendly.team_event_types AS x ON x.event_type_id = e.id
            LEFT JOIN opencalendly.teams AS t ON t.id = x.team_id
            LEFT JOIN opencalendly.bookings AS s ON s.rescheduled_from = b.id
        WHERE b.id = ANY (ids)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.bookings_json(uuid[]) IS
    'internal: a list of bookings as their hosts see them, by start and id; no link tokens';

-- A place in a list: the start in microseconds and the id, 24 bytes as 32 characters of base64url.
CREATE FUNCTION opencalendly.booking_cursor(booking_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT translate(encode(timestamptz_send(b.starts_at) || uuid_send(b.id), 'base64'), '+/', '-_')
            FROM opencalendly.bookings AS b WHERE b.id = booking_cursor.booking_id);
END
$$;
COMMENT ON FUNCTION opencalendly.booking_cursor(uuid) IS 'internal: the cursor that continues a list after this booking';

CREATE FUNCTION opencalendly.cursor_place(cursor text, OUT starts_at timestamptz, OUT id uuid)
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place bytea;
    microseconds bigint;
BEGIN
    IF coalesce(cursor, '') = '' THEN
        starts_at := '-infinity';
        id := '00000000-0000-0000-0000-000000000000';
        RETURN;
    ELSIF cursor !~ '^[A-Za-z0-9_-]{32}$' THEN
        RAISE data_exception;
    END IF;
    place := decode(translate(cursor, '-_', '+/'), 'base64');
    microseconds := ('x' || encode(substr(place, 1, 8), 'hex'))::bit(64)::bigint;
    starts_at := timestamptz '2000-01-01 00:00:00+00' + make_interval(
        hours => (microseconds / 3600000000)::integer, secs => (microseconds % 3600000000) / 1000000.0);
    id := encode(substr(place, 9), 'hex')::uuid;
EXCEPTION WHEN data_exception THEN
    PERFORM opencalendly.raise_bad_value('cursor', 'must be one that a list gave', to_jsonb(cursor));
END
$$;
COMMENT ON FUNCTION opencalendly.cursor_place(text) IS
    'internal: the start and id that a cursor stands for, before all others if it is absent; raises OC006';

-- Of every host who attends or attended, of the event type's owner and of the team's.
CREATE FUNCTION opencalendly.visible_booking_id(me uuid, id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('booking', visible_booking_id.id);
BEGIN
    IF NOT EXISTS (
        SELECT FROM opencalendly.bookings AS b JOIN opencalendly.event_types AS e ON e.id = b.event_type_id
            LEFT JOIN opencalendly.team_event_types AS t ON t.event_type_id = e.id
        WHERE b.id = wanted AND (b.organizer_id = me OR b.host_ids @> ARRAY[me] OR e.user_id = me
            OR opencalendly.has_owner_role(t.team_id, me)))
    THEN
        PERFORM opencalendly.raise_unknown('booking', 'id', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.visible_booking_id(uuid, text) IS
    'internal: a booking that the user hosts, or whose event type or team is the user''s; raises OC013';

-- One page of each of the three ways to a booking, each from an index in the order of starts or (those whom the caller
-- attends without being the organizer) by hosts; then the first of all.
CREATE FUNCTION opencalendly.booking_page(
    me uuid, statuses text[], earliest timestamptz, latest timestamptz, after_start timestamptz, after_id uuid, most integer)
    RETURNS uuid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    event_type_ids constant uuid[] := ARRAY(
        SELECT t.event_type_id FROM opencalendly.team_members AS m
            JOIN opencalendly.team_event_types AS t ON t.team_id = m.team_id
            WHERE m.user_id = me AND m.status = 'active' AND m.role = 'owner'
        UNION SELECT e.id FROM opencalendly.event_types AS e WHERE e.user_id = me AND e.deleted_at IS NOT NULL);
BEGIN
    earliest := greatest(earliest, after_start);
    RETURN ARRAY(
        SELECT p.id FROM (
            (SELECT b.starts_at, b.id FROM opencalendly.bookings AS b
                WHERE b.organizer_id = me AND b.starts_at >= earliest AND b.starts_at < latest
                    AND (b.starts_at, b.id) > (after_start, after_id) AND b.status = ANY (statuses)
                ORDER BY b.starts_at, b.id LIMIT most)
            UNION
            (SELECT b.starts_at, b.id FROM opencalendly.bookings AS b
                WHERE b.host_ids @> ARRAY[me] AND b.starts_at >= earliest AND b.starts_at < latest
                    AND (b.starts_at, b.id) > (after_start, after_id) AND b.status = ANY (statuses)
                ORDER BY b.starts_at, b.id LIMIT most)
            UNION
            (SELECT o.starts_at, o.id FROM unnest(event_type_ids) AS e(id) CROSS JOIN LATERAL (
                SELECT o.starts_at, b.id
                FROM opencalendly.occurrences AS o JOIN opencalendly.bookings AS b ON b.occurrence_id = o.id
                WHERE o.event_type_id = e.id AND o.starts_at >= earliest AND o.starts_at < latest
                    AND (o.starts_at, b.id) > (after_start, after_id) AND b.status = ANY (statuses)
                ORDER BY o.starts_at, b.id LIMIT most) AS o)) AS p
        ORDER BY p.starts_at, p.id LIMIT most);
END
$$;
COMMENT ON FUNCTION opencalendly.booking_page(uuid, text[], timestamptz, timestamptz, timestamptz, uuid, integer) IS
    'internal: the first bookings by start and id after a place, of those that visible_booking_id knows, with starts in [earliest, latest)';

CREATE FUNCTION opencalendly.api_bookings(
    session text, status text, earliest text, latest text, cursor text, page_size text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    statuses constant text[] := ARRAY['confirmed', 'pending', 'canceled', 'rescheduled'];
    first constant timestamptz := opencalendly.instant_parameter('from', earliest, '-infinity');
    last constant timestamptz := opencalendly.instant_parameter('to', latest, 'infinity');
    after constant record := opencalendly.cursor_place(cursor);
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100, 50);
    ids uuid[];
    next_cursor text;
BEGIN
    IF status <> '' AND status <> ALL (statuses) THEN
        PERFORM opencalendly.raise_bad_value('status', 'must be confirmed, pending, canceled or rescheduled', to_jsonb(status));
    ELSIF last <= first THEN
        PERFORM opencalendly.raise_bad_value('to', 'must be after from', to_jsonb(latest));
    END IF;
    ids := opencalendly.booking_page(me.id, CASE WHEN status <> '' THEN ARRAY[status] ELSE statuses END, first, last,
        after.starts_at, after.id, most + 1);
    IF cardinality(ids) > most THEN
        ids := ids[1:most];
        next_cursor := opencalendly.booking_cursor(ids[most]);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('bookings', opencalendly.bookings_json(ids), 'nextCursor', next_cursor),
        next_cursor => next_cursor);
END
$$;
COMMENT ON FUNCTION opencalendly.api_bookings(text, text, text, text, text, text) IS
    'GET /v0/bookings?status&from&to&cursor&limit: bookings that the caller hosts, or whose event type or team is the caller''s, by start; errors OC006, OC012';

CREATE FUNCTION opencalendly.api_booking(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.visible_booking_id(me.id, api_booking.id);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('booking', opencalendly.bookings_json(ARRAY[wanted]) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.api_booking(text, text) IS 'GET /v0/bookings/:id: one of those; errors OC012, OC013';

CREATE FUNCTION opencalendly.api_cancel_booking(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.visible_booking_id(me.id, api_cancel_booking.id);
    given constant jsonb := opencalendly.body_fields(body, '{"reason": "text"}');
    gone constant bigint := opencalendly.pending_notifications(wanted);
    done record;
BEGIN
    SELECT c.* INTO done FROM opencalendly.organizer_cancel_booking(wanted, given ->> 'reason') AS c;
    RETURN opencalendly.answer(jsonb_build_object(
            'booking', opencalendly.bookings_json(ARRAY[wanted]) -> 0, 'replayed', done.replayed)
        || opencalendly.queued_members(wanted, 'booking.canceled', gone));
END
$$;
COMMENT ON FUNCTION opencalendly.api_cancel_booking(text, text, text) IS
    'POST /v0/bookings/:id/cancel: cancels for the host, until the booking ends; again: replayed; errors OC005, OC006, OC012, OC013';

CREATE FUNCTION opencalendly.api_reschedule_booking(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.visible_booking_id(me.id, api_reschedule_booking.id);
    given constant jsonb := opencalendly.body_fields(body, '{"startsAt": "instant!"}');
    gone constant bigint := opencalendly.pending_notifications(wanted);
    done record;
BEGIN
    SELECT r.* INTO done FROM opencalendly.organizer_reschedule_booking(wanted, (given ->> 'startsAt')::timestamptz) AS r;
    RETURN opencalendly.answer(jsonb_build_object(
            'oldBooking', opencalendly.bookings_json(ARRAY[wanted]) -> 0,
            'newBooking', opencalendly.bookings_json(ARRAY[done.booking_id]) -> 0
                || jsonb_build_object('rescheduledFromBookingId', wanted))
        || opencalendly.queued_members(done.booking_id, 'booking.rescheduled', gone));
END
$$;
COMMENT ON FUNCTION opencalendly.api_reschedule_booking(text, text, text) IS
    'POST /v0/bookings/:id/reschedule: moves for the host, who may leave hours, notice, horizon and caps; errors OC001, OC005, OC006, OC011, OC012, OC013';

CREATE FUNCTION opencalendly.api_no_show(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.visible_booking_id(me.id, api_no_show.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
    done record;
BEGIN
    SELECT n.* INTO done FROM opencalendly.mark_no_show(wanted) AS n;
    RETURN opencalendly.answer(jsonb_build_object(
        'booking', opencalendly.bookings_json(ARRAY[wanted]) -> 0, 'replayed', done.replayed));
END
$$;
COMMENT ON FUNCTION opencalendly.api_no_show(text, text, text) IS
    'POST /v0/bookings/:id/no-show: notes that nobody came to a booking that has started; errors OC005, OC006, OC012, OC013';
