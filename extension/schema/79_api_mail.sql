-- The HTTP API of mails: the rules by which invitees are reminded, and pushing the queue. As in 78_api_organizer.sql; what
-- rules do is 66_mail.sql's to say.

CREATE FUNCTION opencalendly.notification_rules_json(event_type_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', r.id, 'notificationType', r.notification_type,
                'offsetMinutes', r.offset_minutes, 'isEnabled', r.is_enabled)
            ORDER BY r.notification_type DESC, r.offset_minutes)
        FROM opencalendly.notification_rules AS r WHERE r.event_type_id = notification_rules_json.event_type_id), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.notification_rules_json(uuid) IS
    'internal: a list of an event type''s notification rules, reminders first, each kind by its offset';

CREATE FUNCTION opencalendly.api_notification_rules(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    event constant opencalendly.event_types := opencalendly.own_event_type(me.id, api_notification_rules.id);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('rules', opencalendly.notification_rules_json(event.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_notification_rules(text, text) IS
    'GET /v0/event-types/:id/notification-rules: by which invitees are reminded; errors OC009, OC012, OC013';

CREATE FUNCTION opencalendly.api_set_notification_rules(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    event constant opencalendly.event_types := opencalendly.own_event_type(me.id, api_set_notification_rules.id);
    given constant jsonb := opencalendly.body_fields(body, '{"rules": "list!"}');
BEGIN
    PERFORM opencalendly.set_notification_rules(event.id, given -> 'rules');
    RETURN opencalendly.answer(jsonb_build_object('rules', opencalendly.notification_rules_json(event.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_set_notification_rules(text, text, text) IS
    'PUT /v0/event-types/:id/notification-rules: replaces them all, also for bookings that are there; ids are kept; errors OC006, OC009, OC012, OC013';

--
-- For clients that used to push the queue themselves: the workers do, this only waits a moment to tell what they did.
--

-- Of a long queue the beginning is looked through, which is what goes next.
CREATE FUNCTION opencalendly.due_mails(user_id uuid, most integer) RETURNS TABLE (delivery_id uuid, attempts_before integer)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT d.id, d.attempt - (d.status = 'leased')::integer
        FROM (SELECT * FROM opencalendly.email_deliveries AS d
                WHERE d.is_open AND (d.status = 'leased' OR d.due_at <= clock_timestamp())
                ORDER BY d.due_at, d.id LIMIT 10000) AS d
            LEFT JOIN opencalendly.bookings AS b ON b.id = d.booking_id
        WHERE d.user_id = due_mails.user_id OR b.organizer_id = due_mails.user_id OR b.host_ids @> ARRAY[due_mails.user_id]
        ORDER BY d.due_at, d.id LIMIT most;
END
$$;
COMMENT ON FUNCTION opencalendly.due_mails(uuid, integer) IS
    'internal: mails to the user, and about bookings that the user hosts, that are due or being sent, and how many attempts of each are over';

-- What became of them: whose next attempt is over, or which needs none any more, is processed.
CREATE FUNCTION opencalendly.processed_mails(ids uuid[], attempts_before integer[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('processed', count(*),
            'succeeded', count(*) FILTER (WHERE d.status = 'succeeded'),
            'retried', count(*) FILTER (WHERE d.status IN ('pending', 'leased')),
            'failed', count(*) FILTER (WHERE d.status = 'failed' AND NOT d.is_skipped),
            'skipped', count(*) FILTER (WHERE d.status = 'failed' AND d.is_skipped))
        FROM unnest(ids, attempts_before) AS b(delivery_id, attempt) CROSS JOIN LATERAL (
            SELECT m.status, coalesce(m.last_error, '') LIKE 'not sent: %' AS is_skipped
            FROM opencalendly.email_deliveries AS m WHERE m.id = b.delivery_id) AS d
        WHERE d.status IN ('succeeded', 'failed')
            OR EXISTS (SELECT FROM opencalendly.delivery_attempts AS a
                       WHERE a.delivery_id = b.delivery_id AND a.attempt > b.attempt));
END
$$;
COMMENT ON FUNCTION opencalendly.processed_mails(uuid[], integer[]) IS
    'internal: {processed, succeeded, retried, failed, skipped} of mails whose attempts before a moment are given; skipped: made no sense any more';

CREATE FUNCTION opencalendly.api_run_notifications(session text, page_size text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"limit": "int"}');
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100,
        opencalendly.int_parameter('limit', given ->> 'limit', 1, 100, 20));
BEGIN
    RETURN opencalendly.answer(opencalendly.run_due(me.id, 'mail', most));
END
$$;
COMMENT ON FUNCTION opencalendly.api_run_notifications(text, text, text) IS
    'POST /v0/notifications/run?limit (or in the body): wakes the workers and waits up to a second for mails that are due, to the caller and about their bookings, as deliveries/run; errors OC006, OC012';
