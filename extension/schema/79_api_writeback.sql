-- The HTTP API of what is written into the caller's calendars: how it goes, and pushing it. As in 79_api_mail.sql.

-- An event that waits for its link alone has not failed.
CREATE FUNCTION opencalendly.api_writeback_status(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object(
        'summary', (SELECT jsonb_build_object('pending', count(*) FILTER (WHERE w.status IN ('pending', 'leased', 'paused')),
                'succeeded', count(*) FILTER (WHERE w.status = 'succeeded'), 'failed', count(*) FILTER (WHERE w.status = 'failed'))
            FROM opencalendly.calendar_writebacks AS w WHERE w.user_id = me.id),
        'failures', coalesce((SELECT jsonb_agg(jsonb_build_object('id', f.id, 'provider', f.provider, 'operation', f.operation,
                'bookingId', f.booking_id, 'attemptCount', f.attempt, 'maxAttempts', f.max_attempts,
                'nextAttemptAt', CASE WHEN f.status <> 'failed' THEN opencalendly.instant_text(greatest(f.due_at, f.created_at)) END,
                'lastError', f.last_error) ORDER BY f.id DESC)
            FROM (SELECT w.*, n.provider FROM opencalendly.calendar_writebacks AS w
                    JOIN opencalendly.calendars AS c ON c.id = w.calendar_id
                    JOIN opencalendly.calendar_connections AS n ON n.id = c.connection_id
                WHERE w.user_id = me.id AND w.status <> 'succeeded' AND w.last_error IS NOT NULL
                    AND w.last_error <> 'the meeting link is being made'
                ORDER BY w.id DESC LIMIT 50) AS f), '[]')));
END
$$;
COMMENT ON FUNCTION opencalendly.api_writeback_status(text) IS
    'GET /v0/calendar/writeback/status: how many changes of the caller''s meetings are to be written into a calendar, were, have failed, and the last 50 that have failed so far, newest first; errors OC012';

-- What waits for its connection is not due.
CREATE FUNCTION opencalendly.due_writebacks(user_id uuid, most integer) RETURNS TABLE (delivery_id uuid, attempts_before integer)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT w.id, w.attempt - (w.status = 'leased')::integer
        FROM opencalendly.calendar_writebacks AS w JOIN opencalendly.calendars AS c ON c.id = w.calendar_id
            JOIN opencalendly.calendar_connections AS n ON n.id = c.connection_id
        WHERE w.user_id = due_writebacks.user_id AND w.is_open AND n.state = 'active'
            AND (w.status = 'leased' OR w.due_at <= clock_timestamp())
        ORDER BY w.due_at, w.id LIMIT most;
END
$$;
COMMENT ON FUNCTION opencalendly.due_writebacks(uuid, integer) IS
    'internal: what is due or being written into the user''s calendars, and how many attempts of each are over';

-- skipped: a later change was written instead.
CREATE FUNCTION opencalendly.processed_writebacks(ids uuid[], attempts_before integer[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('processed', count(*),
            'succeeded', count(*) FILTER (WHERE w.status = 'succeeded' AND w.is_tried),
            'retried', count(*) FILTER (WHERE w.status IN ('pending', 'leased')),
            'failed', count(*) FILTER (WHERE w.status = 'failed'),
            'skipped', count(*) FILTER (WHERE w.status = 'succeeded' AND NOT w.is_tried))
        FROM unnest(ids, attempts_before) AS b(delivery_id, attempt) CROSS JOIN LATERAL (
            SELECT d.status, EXISTS (SELECT FROM opencalendly.delivery_attempts AS a
                WHERE a.delivery_id = b.delivery_id AND a.attempt > b.attempt) AS is_tried
            FROM opencalendly.calendar_writebacks AS d WHERE d.id = b.delivery_id) AS w
        WHERE w.is_tried OR w.status IN ('succeeded', 'failed'));
END
$$;
COMMENT ON FUNCTION opencalendly.processed_writebacks(uuid[], integer[]) IS
    'internal: {processed, succeeded, retried, failed, skipped} of writes whose attempts before a moment are given; skipped: a later change of the event was written instead';

CREATE FUNCTION opencalendly.api_run_writeback(session text, page_size text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"limit": "int"}');
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100,
        opencalendly.int_parameter('limit', given ->> 'limit', 1, 100, 20));
BEGIN
    RETURN opencalendly.answer(opencalendly.run_due(me.id, 'writeback', most));
END
$$;
COMMENT ON FUNCTION opencalendly.api_run_writeback(text, text, text) IS
    'POST /v0/calendar/writeback/run?limit (or in the body): wakes the workers and waits up to a second for what is due into the caller''s calendars, as deliveries/run; errors OC006, OC012';
