-- Queueing mails, and the rules by which invitees are reminded. A booking queues its own mails in its verb
-- (verbs/mail_queue.c), as these functions do; due times are the wall clock's.
--
-- The order of locks: the locks of bookings, then that of an event type's notifications (bookings share it), then the
-- addresses'. Who changes the rules has the second one alone: each booking, move and cancelation of the event type is either
-- seen here or sees the new rules. What a worker has leased is the worker's, who looks again whether the mail makes sense.

CREATE FUNCTION opencalendly.mail_transport() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- loads the library: from then on the setting is the server's
    PERFORM opencalendly.current_instant();
    RETURN coalesce(nullif(current_setting('opencalendly.mail_transport', true), ''), 'none');
END
$$;
COMMENT ON FUNCTION opencalendly.mail_transport() IS
    'internal: how mails are sent, the setting opencalendly.mail_transport: none, folder, smtp or resend';

CREATE FUNCTION opencalendly.mail_is_on() RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.mail_transport() <> 'none';
END
$$;
COMMENT ON FUNCTION opencalendly.mail_is_on() IS 'internal: whether mails are queued and sent';

-- Whatever became of a mail, it counts. A day before and a day after, so that it holds for any 24 hours, whichever mail
-- is queued first.
CREATE FUNCTION opencalendly.has_mail_to_spare(email text, sends_at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (SELECT FROM opencalendly.users AS u WHERE u.email = has_mail_to_spare.email) THEN
        RETURN true;
    END IF;
    PERFORM opencalendly.lock_address(has_mail_to_spare.email);
    RETURN (SELECT count(*) < 20 FROM opencalendly.email_deliveries AS d
            WHERE d.email = has_mail_to_spare.email
                AND d.sends_at > has_mail_to_spare.sends_at - interval '24 hours'
                AND d.sends_at < has_mail_to_spare.sends_at + interval '24 hours');
END
$$;
COMMENT ON FUNCTION opencalendly.has_mail_to_spare(text, timestamptz) IS
    'internal: whether an address may be sent another mail then: a user''s always, any other 20 in any 24 hours; takes the latter''s lock';

-- Links to sign in with are counted, too, beside their own limit of 5 an hour; that users' are not is seen by nobody, for the
-- answer says nothing of it.
CREATE FUNCTION opencalendly.enqueue_mail(kind text, key text, user_id uuid, email text, subject_id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    n bigint;
BEGIN
    IF NOT opencalendly.mail_is_on()
        OR email IS NOT NULL AND NOT opencalendly.has_mail_to_spare(email, clock_timestamp())
    THEN
        RETURN false;
    END IF;
    INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, user_id, email, subject_id)
        VALUES (kind, key, user_id, email, subject_id)
        ON CONFLICT ON CONSTRAINT email_deliveries_idempotency_key_key DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
        PERFORM opencalendly.wake_workers_at_commit();
    END IF;
    RETURN n > 0;
END
$$;
COMMENT ON FUNCTION opencalendly.enqueue_mail(text, text, uuid, text, uuid) IS
    'internal: queues a mail to a user or to an address, to be sent at once; false if mail is off, the address has had enough for a day, or there is one of that key';

-- A worker must not wait for who changes the user at the moment: what is paused is told in the console, too.
CREATE FUNCTION opencalendly.tell_of_pause(subscription_id uuid, user_id uuid, failing_since timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = user_id FOR KEY SHARE SKIP LOCKED;
    RETURN FOUND AND opencalendly.enqueue_mail('webhook_paused',
        concat_ws('/', 'webhook_paused', subscription_id, floor(extract(epoch FROM failing_since))), user_id, NULL, subscription_id);
END
$$;
COMMENT ON FUNCTION opencalendly.tell_of_pause(uuid, uuid, timestamptz) IS
    'internal: queues the mail that tells the owner of an endpoint that it is paused, for workers; false if none was queued';

--
-- Notification rules
--

CREATE FUNCTION opencalendly.lock_notifications(event_type_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('opencalendly notifications ' || event_type_id, 0));
END
$$;
COMMENT ON FUNCTION opencalendly.lock_notifications(uuid) IS
    'internal: waits until nobody books, cancels or moves with mails of the event type, and keeps others from it until the end of the transaction';

CREATE FUNCTION opencalendly.first_booking_of(booking opencalendly.bookings) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF booking.rescheduled_from IS NULL THEN
        RETURN booking.id;
    END IF;
    RETURN (
        WITH RECURSIVE earlier AS (
            SELECT b.id, b.rescheduled_from FROM opencalendly.bookings AS b WHERE b.id = booking.rescheduled_from
            UNION ALL
            SELECT b.id, b.rescheduled_from FROM earlier AS e JOIN opencalendly.bookings AS b ON b.id = e.rescheduled_from)
        SELECT e.id FROM earlier AS e WHERE e.rescheduled_from IS NULL);
END
$$;
COMMENT ON FUNCTION opencalendly.first_booking_of(opencalendly.bookings) IS
    'internal: the first booking of the chain of moves that led to one: the meeting''s name outside';

-- Reminders and follow-ups of meetings that are not over, by the rules that are on, as far as their time is still to come.
CREATE FUNCTION opencalendly.planned_mails(event_type_id uuid)
    RETURNS TABLE (kind text, key text, email text, booking_id uuid, meeting_id uuid, rule_id uuid, sends_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- a constant, so that bookings that are over are not looked at
    now_at constant timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
        SELECT r.notification_type, concat_ws('/', r.notification_type, b.id, r.offset_minutes, 'invitee'), b.invitee_email,
            b.id, opencalendly.first_booking_of(b), r.id, t.sends_at
        FROM opencalendly.bookings AS b CROSS JOIN opencalendly.notification_rules AS r
            CROSS JOIN LATERAL (SELECT CASE r.notification_type
                WHEN 'reminder' THEN b.starts_at - r.offset_minutes * interval '1 minute'
                ELSE b.ends_at + r.offset_minutes * interval '1 minute' END AS sends_at) AS t
        WHERE b.event_type_id = planned_mails.event_type_id AND b.status = 'confirmed'
            -- no meeting is longer than a day
            AND b.starts_at > now_at - interval '25 hours' AND b.ends_at > now_at
            AND r.event_type_id = planned_mails.event_type_id AND r.is_enabled AND t.sends_at > now_at;
END
$$;
COMMENT ON FUNCTION opencalendly.planned_mails(uuid) IS
    'internal: the reminders and follow-ups that the rules of an event type ask for, of confirmed bookings that are not over';

-- The addresses of whom there may be too many mails, by their locks' keys, so that nobody waits in a circle. There can be
-- thousands of invitees, and only so many locks: those with most mails are locked, who are nearest to the limit.
CREATE FUNCTION opencalendly.lock_planned_addresses(event_type_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text;
BEGIN
    FOR address IN
        SELECT p.email FROM (SELECT m.email FROM opencalendly.planned_mails(event_type_id) AS m
                WHERE NOT EXISTS (SELECT FROM opencalendly.users AS u WHERE u.email = m.email)
                GROUP BY m.email ORDER BY count(*) DESC, m.email LIMIT 1000) AS p
            ORDER BY hashtextextended('opencalendly address ' || p.email, 0)
    LOOP
        PERFORM opencalendly.lock_address(address);
    END LOOP;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_planned_addresses(uuid) IS
    'internal: takes the locks of addresses that are no user''s and are to be reminded, of at most 1,000';

-- Of the new mails to an address each counts those that were there within a day of it, and the new ones before it. All is
-- counted before the first one is written, which is what the order is for, too.
CREATE FUNCTION opencalendly.plan_mails(event_type_id uuid) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    n bigint;
BEGIN
    IF NOT opencalendly.mail_is_on() THEN
        RETURN 0;
    END IF;
    PERFORM opencalendly.lock_planned_addresses(plan_mails.event_type_id);
    WITH fresh AS (
        SELECT p.*, EXISTS (SELECT FROM opencalendly.users AS u WHERE u.email = p.email) AS is_users,
            (SELECT count(*) FROM opencalendly.email_deliveries AS d WHERE d.email = p.email
                AND d.sends_at > p.sends_at - interval '24 hours' AND d.sends_at < p.sends_at + interval '24 hours') AS there,
            count(*) OVER (PARTITION BY p.email ORDER BY p.sends_at RANGE BETWEEN interval '24 hours' PRECEDING AND CURRENT ROW)
                - count(*) OVER same_time + row_number() OVER (same_time ORDER BY p.key) AS nth
        FROM opencalendly.planned_mails(plan_mails.event_type_id) AS p
        WHERE NOT EXISTS (SELECT FROM opencalendly.email_deliveries AS d WHERE d.idempotency_key = p.key)
        WINDOW same_time AS (PARTITION BY p.email, p.sends_at))
    INSERT INTO opencalendly.email_deliveries
            (kind, idempotency_key, email, booking_id, meeting_id, subject_id, sends_at, due_at)
        SELECT f.kind, f.key, f.email, f.booking_id, f.meeting_id, f.rule_id, f.sends_at, f.sends_at
        FROM fresh AS f WHERE f.is_users OR f.there + f.nth <= 20
        ORDER BY f.sends_at, f.key;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
        PERFORM opencalendly.wake_workers_at_commit();
    END IF;
    RETURN n;
END
$$;
COMMENT ON FUNCTION opencalendly.plan_mails(uuid) IS
    'internal: queues the planned mails that are not there yet, within the limit of each address, returns how many; the event type''s notifications are locked';

-- A booking is not long over when its last follow-up goes: at most a week after a day.
CREATE FUNCTION opencalendly.unplan_mails(event_type_id uuid) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    a_while_ago constant timestamptz := clock_timestamp() - interval '9 days';
    n bigint;
BEGIN
    DELETE FROM opencalendly.email_deliveries AS d USING opencalendly.bookings AS b
        WHERE b.event_type_id = unplan_mails.event_type_id AND b.status IN ('confirmed', 'pending')
            AND b.starts_at > a_while_ago
            AND d.booking_id = b.id AND d.status = 'pending' AND d.kind IN ('reminder', 'follow_up')
            AND NOT EXISTS (SELECT FROM opencalendly.notification_rules AS r
                WHERE r.id = d.subject_id AND r.is_enabled
                    AND d.idempotency_key = concat_ws('/', r.notification_type, b.id, r.offset_minutes, 'invitee'));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
COMMENT ON FUNCTION opencalendly.unplan_mails(uuid) IS
    'internal: takes away pending reminders and follow-ups that no rule of the event type asks for any more, returns how many; its notifications are locked';

-- An id that is not of the event type's rules means nothing; without one a rule of the same kind and offset keeps its own.
CREATE FUNCTION opencalendly.rule_id_of(rule opencalendly.notification_rules, rules jsonb, old jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present constant uuid := old ->> concat_ws('/', rule.notification_type, rule.offset_minutes);
BEGIN
    IF rule.id IS NOT NULL THEN
        RETURN CASE WHEN rule.id::text IN (SELECT o.value FROM jsonb_each_text(old) AS o) THEN rule.id
                    ELSE opencalendly.uuid_generate_v7() END;
    ELSIF rules @> jsonb_build_array(jsonb_build_object('id', present)) THEN
        RETURN opencalendly.uuid_generate_v7();
    END IF;
    RETURN coalesce(present, opencalendly.uuid_generate_v7());
END
$$;
COMMENT ON FUNCTION opencalendly.rule_id_of(opencalendly.notification_rules, jsonb, jsonb) IS
    'internal: the id of a rule in a list that replaces others: {"reminder/60": id}';

CREATE FUNCTION opencalendly.add_notification_rule(rule opencalendly.notification_rules, item jsonb, path text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM opencalendly.notification_rules AS r WHERE r.id = rule.id) THEN
        PERFORM opencalendly.raise_bad_value('id', 'must not be there twice', item -> 'id', path || '.');
    ELSIF EXISTS (SELECT FROM opencalendly.notification_rules AS r WHERE r.event_type_id = rule.event_type_id
        AND r.notification_type = rule.notification_type AND r.offset_minutes = rule.offset_minutes)
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'rules must not have the same notificationType and offsetMinutes twice',
            DETAIL = format('Field "%s" has the value %s.', path, left(item::text, 200));
    END IF;
    INSERT INTO opencalendly.notification_rules SELECT rule.*;
END
$$;
COMMENT ON FUNCTION opencalendly.add_notification_rule(opencalendly.notification_rules, jsonb, text) IS
    'internal: writes a rule of a list; raises OC006 if the list has it twice';

CREATE FUNCTION opencalendly.set_notification_rules(event_type_id uuid, rules jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    target constant uuid := set_notification_rules.event_type_id;
    item jsonb;
    n integer := 0;
    path text;
    rule opencalendly.notification_rules;
    old jsonb;
    fields constant jsonb := '{"id": ["id", "string"], "notificationType": ["notification_type", "string"],
        "offsetMinutes": ["offset_minutes", "number"], "isEnabled": ["is_enabled", "boolean"]}';
    state text; message text; col text; con text;
BEGIN
    PERFORM opencalendly.check_sees_latest();
    PERFORM opencalendly.check_list('rules', rules, 20);
    PERFORM FROM opencalendly.event_types AS e WHERE e.id = target AND e.deleted_at IS NULL FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('event type', 'event_type_id', target);
    END IF;
    PERFORM opencalendly.lock_notifications(target);
    WITH gone AS (DELETE FROM opencalendly.notification_rules AS r WHERE r.event_type_id = target RETURNING r.*)
    SELECT coalesce(jsonb_object_agg(concat_ws('/', g.notification_type, g.offset_minutes), g.id), '{}') INTO old FROM gone AS g;
    FOR item IN SELECT e FROM jsonb_array_elements(rules) AS e LOOP
        path := format('rules[%s]', n);
        rule := NULL;
        rule.event_type_id := target;
        rule.is_enabled := true;
        rule := opencalendly.list_item(rule, item, fields, path);
        rule.id := opencalendly.rule_id_of(rule, rules, old);
        PERFORM opencalendly.add_notification_rule(rule, item, path);
        n := n + 1;
    END LOOP;
    PERFORM opencalendly.unplan_mails(target);
    PERFORM opencalendly.plan_mails(target);
    RETURN n;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_refusal(state, message, col, con, to_jsonb(rule), path || '.', fields);
END
$$;
COMMENT ON FUNCTION opencalendly.set_notification_rules(uuid, jsonb) IS
    'replaces all notification rules of an event type, returns how many: [{"id"?, "notificationType": "reminder" or "follow_up", "offsetMinutes": 1440, "isEnabled"?}], at most 20; bookings that are not over are reminded by the new ones from now on; errors OC005 (not at READ COMMITTED), OC006, OC013';

-- Whose row a worker has now is not waited for.
CREATE FUNCTION opencalendly.replay_mail(delivery_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.email_deliveries;
BEGIN
    PERFORM FROM opencalendly.email_deliveries AS d WHERE d.id = replay_mail.delivery_id;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('delivery', 'delivery_id', replay_mail.delivery_id);
    END IF;
    SELECT d.* INTO old FROM opencalendly.email_deliveries AS d
        WHERE d.id = replay_mail.delivery_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND OR old.status = 'leased' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'delivery is being sent',
            DETAIL = 'A worker has it at this moment.', HINT = 'Wait until this attempt is over.';
    ELSIF old.status = 'succeeded' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'mail was sent', DETAIL = 'Nobody gets the same mail twice.';
    ELSIF old.attempt = 0 AND old.due_at > clock_timestamp() THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'mail is not due yet',
            DETAIL = format('It is to be sent at %s.', opencalendly.instant_text(old.due_at));
    END IF;
    UPDATE opencalendly.email_deliveries AS d SET status = 'pending', due_at = clock_timestamp(), settled_at = NULL,
            max_attempts = CASE d.status WHEN 'failed' THEN d.attempt + 10 ELSE d.max_attempts END
        WHERE d.id = old.id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN old.id;
END
$$;
COMMENT ON FUNCTION opencalendly.replay_mail(uuid) IS
    'sends a mail again, under the same Message-ID, that has failed or waits for its next attempt; one that makes no sense any more is left unsent again; errors OC005 (sent, not due yet, or a worker has it), OC006, OC013';
