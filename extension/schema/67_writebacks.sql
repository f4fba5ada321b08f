-- Bookings in hosts' calendars: what the queue's other ends need. The verbs queue them (verbs/writeback_queue.c), the workers
-- write them (world/writeback.c).

CREATE FUNCTION opencalendly.queued_writebacks(booking_id uuid, event text) RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- a group's event is changed where a solo's is deleted
    other constant text := CASE event WHEN 'booking.created' THEN 'cancel' WHEN 'booking.canceled' THEN 'create' ELSE '' END;
BEGIN
    RETURN (SELECT count(DISTINCT w.user_id) FROM opencalendly.calendar_writebacks AS w
            WHERE w.booking_id = queued_writebacks.booking_id AND w.operation <> other);
END
$$;
COMMENT ON FUNCTION opencalendly.queued_writebacks(uuid, text) IS
    'internal: into how many calendars an event of a booking is written, whether by now or not yet';

-- A meeting of one seat is named by its first booking, one of several by its occurrence: those that get more seats are
-- renamed, and keep their events.
CREATE FUNCTION opencalendly.regroup_calendar_entries(event_type_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE opencalendly.calendar_entries AS e SET meeting_id = o.id
        FROM opencalendly.occurrences AS o JOIN opencalendly.bookings AS b ON b.occurrence_id = o.id
        WHERE o.event_type_id = regroup_calendar_entries.event_type_id AND o.seats = 1
            AND o.starts_at > opencalendly.current_instant() AND b.status IN ('confirmed', 'pending')
            AND e.user_id = ANY (coalesce(b.host_ids, ARRAY[b.organizer_id]))
            AND e.meeting_id = opencalendly.first_booking_of(b);
END
$$;
COMMENT ON FUNCTION opencalendly.regroup_calendar_entries(uuid) IS
    'internal: names the calendar entries of an event type''s meetings that are to get more seats by their occurrences; its lock is held';

-- meeting_id as in calendar_entries.
CREATE FUNCTION opencalendly.live_bookings_of(meeting_id uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT b.id FROM opencalendly.bookings AS b
            WHERE b.occurrence_id = meeting_id AND b.status IN ('confirmed', 'pending')
        UNION ALL
        (WITH RECURSIVE later AS (
            SELECT meeting_id AS id
            UNION ALL
            SELECT b.id FROM later AS l JOIN opencalendly.bookings AS b ON b.rescheduled_from = l.id)
        SELECT b.id FROM later AS l JOIN opencalendly.bookings AS b ON b.id = l.id
            WHERE b.status IN ('confirmed', 'pending')));
END
$$;
COMMENT ON FUNCTION opencalendly.live_bookings_of(uuid) IS
    'internal: the live bookings of a meeting: the last one of a chain of moves, or those that share an occurrence';

-- The other hosts' events tell the place, too.
CREATE FUNCTION opencalendly.tell_other_calendars(entry opencalendly.calendar_entries, booking_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO opencalendly.calendar_writebacks (user_id, calendar_id, meeting_id, external_id, booking_id, operation)
        SELECT e.user_id, e.calendar_id, e.meeting_id, e.external_id, tell_other_calendars.booking_id, 'reschedule'
        FROM opencalendly.bookings AS b
            JOIN opencalendly.calendar_entries AS e ON e.user_id = ANY (b.host_ids) AND e.meeting_id = entry.meeting_id
            JOIN opencalendly.calendars AS c ON c.id = e.calendar_id
        WHERE b.id = tell_other_calendars.booking_id AND e.id <> entry.id
        FOR KEY SHARE OF c SKIP LOCKED;
END
$$;
COMMENT ON FUNCTION opencalendly.tell_other_calendars(opencalendly.calendar_entries, uuid) IS
    'internal: queues a meeting''s event in its other hosts'' calendars to be written again';

-- A worker waits for nobody: who changes a booking at the moment may wait for what the worker has locked.
CREATE FUNCTION opencalendly.keep_meeting_link(delivery_id uuid, attempt integer, url text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    entry opencalendly.calendar_entries;
    ids uuid[];
    n bigint;
BEGIN
    SELECT e.* INTO entry FROM opencalendly.calendar_writebacks AS w JOIN opencalendly.calendar_entries AS e
            ON e.calendar_id = w.calendar_id AND e.external_id = w.external_id
        WHERE w.id = keep_meeting_link.delivery_id AND w.attempt = keep_meeting_link.attempt AND w.status = 'leased';
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    ids := opencalendly.live_bookings_of(entry.meeting_id);
    SELECT count(*) INTO n FROM (SELECT FROM opencalendly.bookings AS b WHERE b.id = ANY (ids)
                                 FOR NO KEY UPDATE SKIP LOCKED) AS l;
    IF n < cardinality(ids) THEN
        RETURN false;
    END IF;
    UPDATE opencalendly.bookings AS b SET meeting_url = keep_meeting_link.url
        WHERE b.id = ANY (ids) AND b.meeting_url IS DISTINCT FROM coalesce(keep_meeting_link.url, b.meeting_url);
    IF FOUND THEN
        PERFORM opencalendly.tell_other_calendars(entry, ids[1]);
    END IF;
    UPDATE opencalendly.email_deliveries AS d SET due_at = '-infinity'
        WHERE d.id = ANY (ARRAY(SELECT m.id FROM opencalendly.email_deliveries AS m
            WHERE m.meeting_id = ANY (ARRAY(SELECT opencalendly.first_booking_of(b) FROM opencalendly.bookings AS b WHERE b.id = ANY (ids)))
                AND m.is_open AND m.status = 'pending' AND m.attempt = 0 AND m.due_at > clock_timestamp()
                AND m.kind IN ('booking_confirmed', 'booking_rescheduled')
            FOR NO KEY UPDATE SKIP LOCKED));
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN true;
END
$$;
COMMENT ON FUNCTION opencalendly.keep_meeting_link(uuid, integer, text) IS
    'internal: puts the link that a leased write has made into the live bookings of its meeting (null: it made none), and lets mails go that wait for it, for workers; false if somebody else has one of the bookings locked';

CREATE FUNCTION opencalendly.replay_writeback(delivery_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.calendar_writebacks;
BEGIN
    PERFORM FROM opencalendly.calendar_writebacks AS w WHERE w.id = replay_writeback.delivery_id;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('delivery', 'delivery_id', replay_writeback.delivery_id);
    END IF;
    SELECT w.* INTO old FROM opencalendly.calendar_writebacks AS w
        WHERE w.id = replay_writeback.delivery_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND OR old.status = 'leased' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'delivery is being sent',
            DETAIL = 'A worker has it at this moment.', HINT = 'Wait until this attempt is over.';
    ELSIF old.status = 'succeeded' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'event was written',
            DETAIL = 'The calendar has it, or a later change of it.';
    END IF;
    UPDATE opencalendly.calendar_writebacks AS w SET status = 'pending', due_at = clock_timestamp(), settled_at = NULL,
            max_attempts = CASE w.status WHEN 'failed' THEN w.attempt + 10 ELSE w.max_attempts END
        WHERE w.id = old.id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN old.id;
END
$$;
COMMENT ON FUNCTION opencalendly.replay_writeback(uuid) IS
    'writes an event into a calendar again, as its meeting is by now, after that has failed or while it waits for its next attempt; errors OC005 (written, or a worker has it), OC006, OC013';
