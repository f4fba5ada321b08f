-- Booking over HTTP by people without an account: published event types, holds, bookings, and the links in mails. The
-- rules of booking are the verbs' (50_verbs.sql); here are names, shapes and the limit of open bookings.

-- Who goes by a name, or went by it before. A deleted user does no more.
CREATE FUNCTION opencalendly.user_named(name text) RETURNS opencalendly.users
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    host opencalendly.users;
BEGIN
    SELECT u.* INTO host FROM opencalendly.users AS u WHERE u.username = name;
    IF NOT FOUND THEN
        SELECT u.* INTO host FROM opencalendly.former_usernames AS f JOIN opencalendly.users AS u ON u.id = f.user_id
            WHERE f.username = name;
    END IF;
    RETURN CASE WHEN host.username <> 'deleted-' || translate(host.id::text, '-', '') THEN host END;
END
$$;
COMMENT ON FUNCTION opencalendly.user_named(text) IS
    'internal: the user of a username, present or former; null if there is none';

CREATE FUNCTION opencalendly.raise_not_offered() RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC002', MESSAGE = 'no such event type',
        DETAIL = 'Nothing of that name is offered, or not at the moment.';
END
$$;
COMMENT ON FUNCTION opencalendly.raise_not_offered() IS 'internal: raises OC002 for names that lead to no event type';

-- The event type of a page. Exactly one of username and team_slug is given.
CREATE FUNCTION opencalendly.event_type_named(username text, team_slug text, event_slug text)
    RETURNS opencalendly.event_types
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event opencalendly.event_types;
BEGIN
    IF team_slug IS NULL THEN
        SELECT e.* INTO event FROM opencalendly.event_types AS e
            WHERE e.user_id = (SELECT (opencalendly.user_named(username)).id) AND e.slug = event_slug;
    ELSE
        SELECT e.* INTO event FROM opencalendly.event_types AS e
            JOIN opencalendly.team_event_types AS x ON x.event_type_id = e.id
            JOIN opencalendly.teams AS t ON t.id = x.team_id
            WHERE t.slug = team_slug AND e.slug = event_slug;
    END IF;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_not_offered();
    END IF;
    RETURN event;
END
$$;
COMMENT ON FUNCTION opencalendly.event_type_named(text, text, text) IS
    'internal: the event type of a user''s or a team''s page, active or not; raises OC002';

CREATE FUNCTION opencalendly.published_members(event opencalendly.event_types) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('id', event.id, 'name', event.name, 'slug', event.slug,
        'description', event.description, 'cancellationPolicy', event.cancellation_policy,
        'durationMinutes', event.duration_minutes,
        'locationType', event.location_type,
        'locationValue', CASE WHEN event.location_type IN ('in_person', 'custom') THEN event.location_value END,
        'questions', CASE WHEN event.questions = '[]' THEN event.questions ELSE
            (SELECT jsonb_agg(jsonb_build_object('id', q.value -> 'id', 'label', q.value -> 'label',
                    'required', coalesce(q.value -> 'required', 'false'), 'placeholder', q.value -> 'placeholder') ORDER BY q.n)
                FROM jsonb_array_elements(event.questions) WITH ORDINALITY AS q (value, n)) END,
        'seats', event.seats, 'minNoticeMinutes', event.min_notice_minutes, 'maxDaysAhead', event.max_days_ahead,
        'bookableFrom', event.bookable_from, 'bookableUntil', event.bookable_until);
END
$$;
COMMENT ON FUNCTION opencalendly.published_members(opencalendly.event_types) IS
    'internal: an event type as everybody sees it; how to reach a video or phone meeting is told once it is booked';

CREATE FUNCTION opencalendly.organizer_members(host opencalendly.users) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object('username', host.username, 'displayName', host.display_name,
        'timezone', host.timezone);
END;
COMMENT ON FUNCTION opencalendly.organizer_members(opencalendly.users) IS
    'internal: a host as everybody sees them: {username, displayName, timezone}';

-- Who would attend, as data/team.c loads them: the required ones first, each in the order of the round robin.
CREATE FUNCTION opencalendly.team_page_members(event_type_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT jsonb_build_object(
                'team', jsonb_build_object('id', t.id, 'slug', t.slug, 'name', t.name), 'mode', e.mode,
                'members', (SELECT coalesce(jsonb_agg(jsonb_build_object('userId', u.id, 'role', m.role,
                            'isRequired', coalesce(x.is_required, e.mode = 'collective'),
                            'user', jsonb_build_object('id', u.id, 'username', u.username,
                                'displayName', u.display_name, 'timezone', u.timezone))
                        ORDER BY coalesce(x.is_required, e.mode = 'collective') DESC, m.position), '[]')
                    FROM opencalendly.team_members AS m JOIN opencalendly.users AS u ON u.id = m.user_id
                    LEFT JOIN opencalendly.team_event_type_members AS x
                        ON x.event_type_id = e.event_type_id AND x.user_id = m.user_id
                    WHERE m.team_id = e.team_id AND m.status = 'active' AND (e.all_members OR x.user_id IS NOT NULL)
                        AND (e.mode = 'round_robin' OR coalesce(x.is_required, true))))
            FROM opencalendly.team_event_types AS e JOIN opencalendly.teams AS t ON t.id = e.team_id
            WHERE e.event_type_id = team_page_members.event_type_id);
END
$$;
COMMENT ON FUNCTION opencalendly.team_page_members(uuid) IS
    'internal: what the page of a team''s event type tells beside it: {team, mode, members[{userId, role, isRequired, user}]} of those who take part; null if it is no team''s';

CREATE FUNCTION opencalendly.answer_moved_page(location text) RETURNS opencalendly.api_answer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ROW(301, pg_catalog.jsonb_build_object('ok', true, 'location', location)::text, NULL, NULL, location,
        NULL)::opencalendly.api_answer;
END;
COMMENT ON FUNCTION opencalendly.answer_moved_page(text) IS 'internal: status 301 to a path of the API';

CREATE FUNCTION opencalendly.api_public_event_types(username text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    host constant opencalendly.users := opencalendly.user_named(username);
BEGIN
    IF host.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC013', MESSAGE = 'no such user', DETAIL = 'Nobody goes by that username.';
    ELSIF host.username <> username THEN
        RETURN opencalendly.answer_moved_page(format('/v0/users/%s/event-types', host.username));
    END IF;
    RETURN (SELECT opencalendly.answer(jsonb_build_object('organizer', opencalendly.organizer_members(host),
            'eventTypes', coalesce(jsonb_agg(opencalendly.published_members(e) ORDER BY e.created_at, e.id), '[]')))
        FROM opencalendly.event_types AS e WHERE e.user_id = host.id AND e.is_active AND NOT e.is_hidden);
END
$$;
COMMENT ON FUNCTION opencalendly.api_public_event_types(text) IS
    'GET /v0/users/:username/event-types: what a user offers, hidden ones excepted; a former username is 301; errors OC013';

CREATE FUNCTION opencalendly.api_public_event_type(username text, slug text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    host constant opencalendly.users := opencalendly.user_named(api_public_event_type.username);
    event opencalendly.event_types;
BEGIN
    SELECT e.* INTO event FROM opencalendly.event_types AS e
        WHERE e.user_id = host.id AND e.slug = api_public_event_type.slug AND e.is_active;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_not_offered();
    ELSIF host.username <> api_public_event_type.username THEN
        RETURN opencalendly.answer_moved_page(format('/v0/users/%s/event-types/%s', host.username, event.slug));
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('eventType', opencalendly.published_members(event),
            'organizer', opencalendly.organizer_members(host))
        || coalesce(opencalendly.team_page_members(event.id), '{}'));
END
$$;
COMMENT ON FUNCTION opencalendly.api_public_event_type(text, text) IS
    'GET /v0/users/:username/event-types/:slug: an event type and its organizer, with team, mode and members if it is a team''s; a former username is 301; errors OC002';

CREATE FUNCTION opencalendly.api_public_team_event_type(team_slug text, event_slug text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event constant opencalendly.event_types := opencalendly.event_type_named(NULL, coalesce(team_slug, ''), event_slug);
BEGIN
    IF NOT event.is_active THEN
        PERFORM opencalendly.raise_not_offered();
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('eventType', opencalendly.published_members(event))
        || opencalendly.team_page_members(event.id));
END
$$;
COMMENT ON FUNCTION opencalendly.api_public_team_event_type(text, text) IS
    'GET /v0/teams/:teamSlug/event-types/:eventSlug: a team''s event type, its mode and who takes part; errors OC002';

-- Tokens and keys of a body or header. A hold's token is 32 bytes in base64url, without stray bits.
CREATE FUNCTION opencalendly.is_hold_token(token text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT token OPERATOR(pg_catalog.~) '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$';
END;
COMMENT ON FUNCTION opencalendly.is_hold_token(text) IS 'internal: whether the text has the form of a hold''s token';

CREATE FUNCTION opencalendly.check_hold_token(field text, token text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT opencalendly.is_hold_token(token) THEN
        -- a token of another kind may have come here: its text does not go into the server's log
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = format('%s must be the token of a hold', field),
            DETAIL = format('Field "%s" has another form.', field);
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_hold_token(text, text) IS
    'internal: raises OC006 for a text that is no hold''s token; null passes';

CREATE FUNCTION opencalendly.check_idempotency_key(key text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF length(key) NOT BETWEEN 16 AND 200 THEN
        PERFORM opencalendly.raise_bad_value('Idempotency-Key', 'must have from 16 to 200 characters', to_jsonb(key));
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_idempotency_key(text) IS
    'internal: raises OC006 for a header Idempotency-Key of another length; null passes';

-- Holds. One client's follow each other: the verb counts them under a lock that comes before the hosts', and a hold that
-- is replaced has locked those already.
CREATE FUNCTION opencalendly.can_reschedule(action_token text, event_type_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.can_reschedule AND a.event_type_id = can_reschedule.event_type_id
            FROM opencalendly.booking_action(action_token) AS a);
EXCEPTION WHEN SQLSTATE 'OC003' OR SQLSTATE 'OC004' THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION opencalendly.can_reschedule(text, uuid) IS
    'internal: whether the token is of a link that can move a booking of the event type now; raises OC011';

CREATE FUNCTION opencalendly.event_type_to_hold(given jsonb) RETURNS opencalendly.event_types
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event opencalendly.event_types;
BEGIN
    IF (given ->> 'username' IS NULL) = (given ->> 'teamSlug' IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'either username or teamSlug must be given',
            DETAIL = format('Field "username" is %s.', CASE WHEN given ->> 'username' IS NULL THEN 'absent, and so is teamSlug'
                                                            ELSE 'given together with teamSlug' END);
    END IF;
    event := opencalendly.event_type_named(given ->> 'username', given ->> 'teamSlug', given ->> 'eventSlug');
    IF given ->> 'actionToken' IS NOT NULL AND NOT opencalendly.can_reschedule(given ->> 'actionToken', event.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006',
            MESSAGE = 'actionToken must be of a link that can move a booking of this event type',
            DETAIL = 'Field "actionToken" is of no such link.';
    END IF;
    RETURN event;
END
$$;
COMMENT ON FUNCTION opencalendly.event_type_to_hold(jsonb) IS
    'internal: the event type that a body of POST /v0/holds names; raises OC002, OC006, OC011';

CREATE FUNCTION opencalendly.api_create_hold(client text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_fields(body, '{"username": "text", "teamSlug": "text",
        "eventSlug": "text!", "startsAt": "instant!", "actionToken": "text", "replaces": "text"}');
    event opencalendly.event_types;
    hold record;
BEGIN
    PERFORM opencalendly.check_hold_token('replaces', given ->> 'replaces');
    event := opencalendly.event_type_to_hold(given);
    PERFORM pg_advisory_xact_lock(hashtextextended('opencalendly holds of ' || client, 0));
    IF given ->> 'replaces' IS NOT NULL THEN
        PERFORM opencalendly.release_hold(given ->> 'replaces');
    END IF;
    IF given ->> 'actionToken' IS NULL THEN
        SELECT h.* INTO hold
            FROM opencalendly.hold_slot(event.id, (given ->> 'startsAt')::timestamptz, client => client) AS h;
    ELSE
        SELECT h.* INTO hold FROM opencalendly.booking_action(given ->> 'actionToken') AS a,
            opencalendly.hold_slot_to_move(event.id, (given ->> 'startsAt')::timestamptz, '5 min', client, a.booking_id) AS h;
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('holdToken', hold.hold_token,
        'expiresAt', opencalendly.instant_text(hold.expires_at)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_hold(text, text) IS
    'POST /v0/holds: keeps a slot for 5 minutes, another hold of the same visitor given back first; with the link of a booking that is to move as if that were gone; without a client no limit per client; errors OC001, OC002, OC006, OC008, OC011';

CREATE FUNCTION opencalendly.api_delete_hold(token text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('released',
        CASE WHEN opencalendly.is_hold_token(token) THEN opencalendly.release_hold(token) ELSE false END));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_hold(text) IS
    'DELETE /v0/holds/:token: gives a hold back; released tells whether there was one';

-- What answers to bookings are made of.
CREATE FUNCTION opencalendly.link_members(token text, expires_at timestamptz, verb text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    base constant text := coalesce(current_setting('opencalendly.base_url', true), '');
BEGIN
    RETURN jsonb_build_object('token', token, 'expiresAt', opencalendly.instant_text(expires_at),
        'pageUrl', format('%s/bookings/actions/%s', base, token),
        'lookupUrl', format('%s/v0/bookings/actions/%s', base, token),
        'url', format('%s/v0/bookings/actions/%s/%s', base, token, verb));
END
$$;
COMMENT ON FUNCTION opencalendly.link_members(text, timestamptz, text) IS
    'internal: a booking''s link: {token, expiresAt, pageUrl, lookupUrl, url}; paths alone while opencalendly.base_url is not set';

CREATE FUNCTION opencalendly.actions_members(cancel_token text, reschedule_token text, expires_at timestamptz)
    RETURNS jsonb LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object('actions', pg_catalog.jsonb_build_object(
        'cancel', opencalendly.link_members(cancel_token, expires_at, 'cancel'),
        'reschedule', opencalendly.link_members(reschedule_token, expires_at, 'reschedule')));
END;
COMMENT ON FUNCTION opencalendly.actions_members(text, text, timestamptz) IS
    'internal: {actions{cancel, reschedule}} of a booking';

-- Reminders and follow-ups of a booking that are still to come.
CREATE FUNCTION opencalendly.pending_notifications(booking_id uuid) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (SELECT count(*) FROM opencalendly.email_deliveries AS d
            WHERE d.booking_id = pending_notifications.booking_id AND d.kind IN ('reminder', 'follow_up')
                AND d.status = 'pending');
END
$$;
COMMENT ON FUNCTION opencalendly.pending_notifications(uuid) IS
    'internal: how many reminders and follow-ups of a booking are to be sent';

-- Mails in the queue are as good as sent: nothing that is committed there is lost.
CREATE FUNCTION opencalendly.email_members(booking_id uuid, event text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted_kind constant text := CASE event WHEN 'booking.created' THEN 'booking_confirmed'
        WHEN 'booking.rescheduled' THEN 'booking_rescheduled' ELSE 'booking_canceled' END;
    is_queued constant boolean := EXISTS (SELECT FROM opencalendly.email_deliveries AS d
        WHERE d.booking_id = email_members.booking_id AND d.email IS NOT NULL AND d.kind = wanted_kind);
BEGIN
    RETURN jsonb_build_object('queued', is_queued, 'sent', is_queued, 'provider', opencalendly.mail_transport());
END
$$;
COMMENT ON FUNCTION opencalendly.email_members(uuid, text) IS
    'internal: whether the invitee is told of an event of a booking by mail: {queued, sent, provider}';

-- What is told of one event of a booking, whether by now or not yet; gone: reminders that the event has taken away.
CREATE FUNCTION opencalendly.queued_members(booking_id uuid, event text, gone bigint DEFAULT 0) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    coming constant bigint := opencalendly.pending_notifications(queued_members.booking_id);
BEGIN
    RETURN jsonb_build_object('email', opencalendly.email_members(queued_members.booking_id, event),
        'webhooks', jsonb_build_object('queued',
            (SELECT count(*) FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id
             WHERE e.booking_id = queued_members.booking_id AND e.type = event)),
        'calendarWriteback', jsonb_build_object('queued', opencalendly.queued_writebacks(queued_members.booking_id, event)),
        'notifications', jsonb_build_object('queued', coming) || CASE event
            WHEN 'booking.canceled' THEN jsonb_build_object('canceled', gone)
            WHEN 'booking.rescheduled' THEN jsonb_build_object('canceledForOldBooking', gone, 'queuedForNewBooking', coming)
            ELSE '{}' END);
END
$$;
COMMENT ON FUNCTION opencalendly.queued_members(uuid, text, bigint) IS
    'internal: what a change of a booking has set off, told by the type of its event: {email, webhooks, calendarWriteback, notifications}';

CREATE FUNCTION opencalendly.team_booking_members(event_type_id uuid, host_ids uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((SELECT jsonb_build_object('assignmentUserIds', host_ids, 'teamMode', t.mode)
                     FROM opencalendly.team_event_types AS t
                     WHERE t.event_type_id = team_booking_members.event_type_id), '{}');
END
$$;
COMMENT ON FUNCTION opencalendly.team_booking_members(uuid, uuid[]) IS
    'internal: {assignmentUserIds, teamMode} of a team''s booking, else {}';

-- An address has at most 5 bookings with one host that are to come. Counted after booking, in the statement after: the
-- hosts' locks are held by then and this statement sees what was committed before, so two callers cannot both be the fifth.
CREATE FUNCTION opencalendly.check_open_bookings(invitee_email text, host_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM unnest(host_ids) AS h (id)
        WHERE 5 < (SELECT count(*) FROM opencalendly.bookings AS b
            WHERE b.invitee_email = check_open_bookings.invitee_email AND b.status IN ('confirmed', 'pending')
                AND b.starts_at > opencalendly.current_instant()
                AND (b.organizer_id = h.id OR h.id = ANY (b.host_ids))))
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'too many open bookings',
            DETAIL = 'One address can have at most 5 bookings with a host that are to come.',
            HINT = 'Cancel one of them first.';
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_open_bookings(text, uuid[]) IS
    'internal: raises OC008 if the address has more than 5 bookings to come with one of the hosts, whose locks are held';

CREATE FUNCTION opencalendly.book_for_invitee(event_type_id uuid, idempotency_key text, given jsonb)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    taken record;
    booking opencalendly.bookings;
BEGIN
    PERFORM opencalendly.check_hold_token('holdToken', given ->> 'holdToken');
    SELECT b.* INTO taken FROM opencalendly.book_slot(book_for_invitee.event_type_id, (given ->> 'startsAt')::timestamptz,
        given ->> 'inviteeName', given ->> 'inviteeEmail', given ->> 'timezone',
        coalesce(jsonb_strip_nulls(nullif(given -> 'answers', 'null')), '{}'), book_for_invitee.idempotency_key,
        given ->> 'holdToken', given ->> 'language') AS b;
    SELECT b.* INTO STRICT booking FROM opencalendly.bookings AS b WHERE b.id = taken.booking_id;
    IF NOT taken.replayed THEN
        PERFORM opencalendly.check_open_bookings(booking.invitee_email, taken.host_ids);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('booking', jsonb_build_object(
            'id', booking.id, 'eventTypeId', booking.event_type_id, 'organizerId', booking.organizer_id,
            'inviteeName', booking.invitee_name, 'inviteeEmail', booking.invitee_email,
            'startsAt', opencalendly.instant_text(booking.starts_at), 'endsAt', opencalendly.instant_text(booking.ends_at),
            'timezone', booking.timezone, 'status', taken.status)
            || opencalendly.team_booking_members(booking.event_type_id, taken.host_ids))
        || opencalendly.actions_members(taken.cancel_token, taken.reschedule_token, taken.token_expires_at)
        || opencalendly.team_booking_members(booking.event_type_id, taken.host_ids)
        || opencalendly.queued_members(booking.id, 'booking.created'));
END
$$;
COMMENT ON FUNCTION opencalendly.book_for_invitee(uuid, text, jsonb) IS
    'internal: books for POST /v0/bookings and /v0/team-bookings; raises as book_slot, OC006, OC008';

CREATE FUNCTION opencalendly.api_create_booking(idempotency_key text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_fields(body, '{"username": "text!", "eventSlug": "text!",
        "startsAt": "instant!", "timezone": "text", "inviteeName": "text!", "inviteeEmail": "text!",
        "language": "text", "answers": "object", "holdToken": "text"}');
BEGIN
    PERFORM opencalendly.check_idempotency_key(idempotency_key);
    RETURN opencalendly.book_for_invitee(
        (opencalendly.event_type_named(given ->> 'username', NULL, given ->> 'eventSlug')).id, idempotency_key, given);
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_booking(text, text) IS
    'POST /v0/bookings: books a slot, of a team''s event type with the team; the same Idempotency-Key gives the first answer again; errors OC001, OC002, OC006, OC007, OC008 (5 open bookings per address and host), OC011';

-- Keys are kept per route: on this one the verb is given the key's hash.
CREATE FUNCTION opencalendly.api_create_team_booking(idempotency_key text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_fields(body, '{"teamSlug": "text!", "eventSlug": "text!",
        "startsAt": "instant!", "timezone": "text", "inviteeName": "text!", "inviteeEmail": "text!",
        "language": "text", "answers": "object", "holdToken": "text"}');
BEGIN
    PERFORM opencalendly.check_idempotency_key(idempotency_key);
    RETURN opencalendly.book_for_invitee(
        (opencalendly.event_type_named(NULL, given ->> 'teamSlug', given ->> 'eventSlug')).id,
        encode(sha256(convert_to('POST /v0/team-bookings ' || idempotency_key, 'UTF8')), 'hex'), given);
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_team_booking(text, text) IS
    'POST /v0/team-bookings: books a slot with a team; as POST /v0/bookings, with assignmentUserIds and teamMode; errors OC001, OC002, OC006, OC007, OC008, OC011';

-- Links.
CREATE FUNCTION opencalendly.api_action(token text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link record;
    event opencalendly.event_types;
    meeting_url text;
BEGIN
    SELECT a.* INTO link FROM opencalendly.booking_action(token) AS a;
    SELECT e.* INTO STRICT event FROM opencalendly.event_types AS e WHERE e.id = link.event_type_id;
    meeting_url := (SELECT b.meeting_url FROM opencalendly.bookings AS b WHERE b.id = link.booking_id);
    RETURN opencalendly.answer(jsonb_build_object(
        'actionType', link.action_type,
        'booking', jsonb_build_object('id', link.booking_id, 'status', link.status,
            'startsAt', opencalendly.instant_text(link.starts_at), 'endsAt', opencalendly.instant_text(link.ends_at),
            'timezone', link.timezone, 'inviteeName', link.invitee_name, 'inviteeEmail', link.invitee_email,
            'rescheduledTo', link.rescheduled_to,
            'team', CASE WHEN link.team_id IS NOT NULL THEN jsonb_build_object('teamId', link.team_id,
                'teamSlug', link.team_slug, 'teamEventTypeId', link.event_type_id, 'mode', link.team_mode,
                'assignmentUserIds', to_jsonb(link.host_ids)) END),
        'eventType', jsonb_build_object('slug', link.event_slug, 'name', link.event_name,
            'durationMinutes', link.duration_minutes, 'cancellationPolicy', event.cancellation_policy,
            'locationType', event.location_type,
            'locationValue', CASE WHEN link.status IN ('confirmed', 'pending') OR event.location_type IN ('in_person', 'custom')
                                  THEN coalesce(meeting_url, event.location_value) END),
        'organizer', jsonb_build_object('username', link.organizer_username,
            'displayName', link.organizer_display_name, 'timezone', link.organizer_timezone),
        'actions', jsonb_build_object('canCancel', link.can_cancel, 'canReschedule', link.can_reschedule)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_action(text) IS
    'GET /v0/bookings/actions/:token: what a link may do and the booking it names, where it takes place included (how to reach a video or phone meeting, unless it is canceled or moved); errors OC003, OC004, OC011';

-- A link whose booking was moved leads on: 409 with the successor's id, which an error could not carry. Nothing was
-- written by then: what raised is undone.
CREATE FUNCTION opencalendly.answer_moved_booking(token text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    successor constant uuid := (SELECT a.rescheduled_to FROM opencalendly.booking_action(token) AS a);
    result opencalendly.api_answer;
BEGIN
    IF successor IS NOT NULL THEN
        result.status := 409;
        result.body := jsonb_build_object('ok', false, 'error', 'booking was moved', 'code', 'OC005',
            'type', 'about:blank', 'title', 'Conflict', 'status', 409, 'rescheduledTo', successor);
    END IF;
    RETURN result;
END
$$;
COMMENT ON FUNCTION opencalendly.answer_moved_booking(text) IS
    'internal: status 409 with rescheduledTo, or null if the link''s booking was not moved';

-- Asked before the booking is changed, which takes them away.
CREATE FUNCTION opencalendly.notifications_of_link(token text) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT opencalendly.mail_is_on() THEN
        RETURN 0;
    END IF;
    RETURN (SELECT opencalendly.pending_notifications(a.booking_id) FROM opencalendly.booking_action(token) AS a);
END
$$;
COMMENT ON FUNCTION opencalendly.notifications_of_link(text) IS
    'internal: how many reminders and follow-ups of a link''s booking are to be sent; raises OC003, OC004, OC006, OC011';

CREATE FUNCTION opencalendly.api_action_cancel(token text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_fields(body, '{"reason": "text"}');
    gone constant bigint := opencalendly.notifications_of_link(token);
    canceled record;
    moved opencalendly.api_answer;
BEGIN
    SELECT c.* INTO canceled FROM opencalendly.cancel_booking(token, given ->> 'reason') AS c;
    RETURN opencalendly.answer(jsonb_build_object('replayed', canceled.replayed,
            'booking', jsonb_build_object('id', canceled.booking_id, 'status', canceled.status))
        || opencalendly.queued_members(canceled.booking_id, 'booking.canceled', gone));
EXCEPTION WHEN SQLSTATE 'OC005' THEN
    moved := opencalendly.answer_moved_booking(token);
    IF moved.status IS NULL THEN
        RAISE;
    END IF;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION opencalendly.api_action_cancel(text, text) IS
    'POST /v0/bookings/actions/:token/cancel: cancels, again: replayed; a moved booking is 409 with rescheduledTo; errors OC003, OC004, OC006, OC011';

-- The same wish again gives the same answer by itself, so the key is only looked at for its form.
CREATE FUNCTION opencalendly.api_action_reschedule(token text, idempotency_key text, body text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given constant jsonb := opencalendly.body_fields(body,
        '{"startsAt": "instant!", "timezone": "text", "holdToken": "text"}');
    moved record;
    elsewhere opencalendly.api_answer;
    gone bigint;
BEGIN
    PERFORM opencalendly.check_idempotency_key(idempotency_key);
    PERFORM opencalendly.check_hold_token('holdToken', given ->> 'holdToken');
    gone := opencalendly.notifications_of_link(token);
    SELECT b.* INTO moved FROM opencalendly.reschedule_booking(token, (given ->> 'startsAt')::timestamptz,
        given ->> 'timezone', given ->> 'holdToken') AS b;
    -- a team's may have come to other hosts; with who has it still it is none more
    IF NOT moved.replayed THEN
        PERFORM opencalendly.check_open_bookings(b.invitee_email,
                ARRAY(SELECT unnest(moved.host_ids) EXCEPT SELECT unnest(coalesce(b.host_ids, ARRAY[b.organizer_id]))))
            FROM opencalendly.bookings AS b WHERE b.id = moved.old_booking_id;
    END IF;
    RETURN opencalendly.answer(jsonb_build_object(
            'oldBooking', jsonb_build_object('id', moved.old_booking_id, 'status', 'rescheduled'),
            'newBooking', jsonb_build_object('id', moved.booking_id, 'status', moved.status,
                'rescheduledFromBookingId', moved.old_booking_id,
                'startsAt', opencalendly.instant_text(moved.starts_at),
                'endsAt', opencalendly.instant_text(moved.ends_at)))
        || opencalendly.actions_members(moved.cancel_token, moved.reschedule_token, moved.token_expires_at)
        || opencalendly.team_booking_members(moved.event_type_id, moved.host_ids)
        || opencalendly.queued_members(moved.booking_id, 'booking.rescheduled', gone));
EXCEPTION WHEN SQLSTATE 'OC005' THEN
    elsewhere := opencalendly.answer_moved_booking(token);
    IF elsewhere.status IS NULL THEN
        RAISE;
    END IF;
    RETURN elsewhere;
END
$$;
COMMENT ON FUNCTION opencalendly.api_action_reschedule(text, text, text) IS
    'POST /v0/bookings/actions/:token/reschedule: moves the booking, the same wish again: replayed; a booking that was moved to another time is 409 with rescheduledTo; errors OC001, OC003, OC004, OC005 (canceled), OC006, OC008 (5 open bookings with a new host), OC011';
