-- Creating and changing webhooks, and sending again what was sent. As in 60_manage.sql limits stand in the tables'
-- constraints; whether a URL or a secret is fit is C's to say (54_secrets.sql). Neither is ever in a message: a URL may
-- hold a password, and the messages are in the server's log.
--
-- The order of locks: the subscription's row, then rows of its deliveries. Who decides what becomes of all that waits for
-- an endpoint has the subscription FOR UPDATE: an event that is being queued for it has the row FOR KEY SHARE
-- (verbs/outbox.c), so each is either seen here or sees what was decided. A leased delivery is its worker's, and stays so.

CREATE FUNCTION opencalendly.raise_unshown(field text, rule text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'OC006',
        MESSAGE = CASE WHEN rule LIKE 'must %' THEN field || ' ' || rule ELSE format('%s refused: %s', field, rule) END,
        DETAIL = format('Field "%s" has a value that is not shown.', field);
END
$$;
COMMENT ON FUNCTION opencalendly.raise_unshown(text, text) IS
    'internal: raises OC006 for a value that is no message''s to tell';

CREATE FUNCTION opencalendly.check_webhook_secret(secret text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem constant text := opencalendly.webhook_secret_problem(secret);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM opencalendly.raise_unshown('secret', problem);
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_webhook_secret(text) IS
    'internal: raises OC006 for a secret that nothing can be signed with; null is none';

CREATE FUNCTION opencalendly.check_webhook_url(url text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem constant text := opencalendly.webhook_url_problem(url);
BEGIN
    IF problem IS NOT NULL THEN
        PERFORM opencalendly.raise_unshown('url', problem);
    END IF;
END
$$;
COMMENT ON FUNCTION opencalendly.check_webhook_url(text) IS
    'internal: raises OC006 for a URL to which nothing would be sent; null is none';

-- What the tables' constraints refuse of a subscription.
CREATE FUNCTION opencalendly.raise_webhook_refusal(
    refusal_state text, refusal_message text, column_name text, constraint_name text, given jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF constraint_name = 'webhook_subscriptions_url_check' THEN
        PERFORM opencalendly.raise_unshown('url', (SELECT substr(obj_description(c.oid, 'pg_constraint'), length('url: ') + 1)
            FROM pg_constraint AS c
            WHERE c.connamespace = 'opencalendly'::regnamespace AND c.conname = constraint_name));
    END IF;
    PERFORM opencalendly.raise_refusal(refusal_state, refusal_message, column_name, constraint_name, given);
END
$$;
COMMENT ON FUNCTION opencalendly.raise_webhook_refusal(text, text, text, text, jsonb) IS
    'internal: as raise_refusal, without a URL in it';

-- Each event once, in the order given.
CREATE FUNCTION opencalendly.distinct_events(events text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN events IS NOT NULL THEN
        ARRAY(SELECT e.event FROM unnest(events) WITH ORDINALITY AS e(event, n) GROUP BY e.event ORDER BY min(e.n)) END;
END
$$;
COMMENT ON FUNCTION opencalendly.distinct_events(text[]) IS 'internal: a list of events without repeats';

CREATE FUNCTION opencalendly.lock_webhook(subscription_id uuid) RETURNS opencalendly.webhook_subscriptions
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hook opencalendly.webhook_subscriptions;
BEGIN
    SELECT s.* INTO hook FROM opencalendly.webhook_subscriptions AS s
        WHERE s.id = lock_webhook.subscription_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('webhook', 'subscription_id', lock_webhook.subscription_id);
    END IF;
    RETURN hook;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_webhook(uuid) IS
    'internal: a subscription, its row locked until the end of the transaction; events go on being queued for it; raises OC006, OC013';

CREATE FUNCTION opencalendly.lock_webhook_queue(subscription_id uuid) RETURNS opencalendly.webhook_subscriptions
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hook opencalendly.webhook_subscriptions;
BEGIN
    PERFORM opencalendly.check_sees_latest();
    SELECT s.* INTO hook FROM opencalendly.webhook_subscriptions AS s
        WHERE s.id = lock_webhook_queue.subscription_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('webhook', 'subscription_id', lock_webhook_queue.subscription_id);
    END IF;
    RETURN hook;
END
$$;
COMMENT ON FUNCTION opencalendly.lock_webhook_queue(uuid) IS
    'internal: the same, once all that was being queued for it is committed, and nothing more is until the end of the transaction; raises OC005 (not at READ COMMITTED), OC006, OC013';

CREATE FUNCTION opencalendly.sends(hook opencalendly.webhook_subscriptions) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT hook.is_active AND hook.paused_reason IS NULL;
END;
COMMENT ON FUNCTION opencalendly.sends(opencalendly.webhook_subscriptions) IS
    'internal: whether deliveries to an endpoint are sent, neither paused nor switched off';

-- Two at once are counted one after the other, by the user's row; at REPEATABLE READ the second may not see the first.
CREATE FUNCTION opencalendly.add_webhook_subscription(user_id uuid, url text, events text[], secret text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    most constant integer := 20;
    new_id constant uuid := opencalendly.uuid_generate_v7();
    made_at constant timestamptz := clock_timestamp();
    state text; message text; col text; con text;
BEGIN
    PERFORM FROM opencalendly.users AS u WHERE u.id = add_webhook_subscription.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('user', 'user_id', add_webhook_subscription.user_id);
    END IF;
    PERFORM opencalendly.check_webhook_url(add_webhook_subscription.url);
    PERFORM opencalendly.check_webhook_secret(add_webhook_subscription.secret);
    IF (SELECT count(*) FROM opencalendly.webhook_subscriptions AS s
        WHERE s.user_id = add_webhook_subscription.user_id) >= most
    THEN
        RAISE EXCEPTION USING ERRCODE = 'OC008', MESSAGE = 'too many webhooks',
            DETAIL = format('A user has at most %s.', most), HINT = 'Delete one first (delete_webhook_subscription).';
    END IF;
    INSERT INTO opencalendly.webhook_subscriptions (id, user_id, url, events, secret, created_at, updated_at)
        VALUES (new_id, add_webhook_subscription.user_id, add_webhook_subscription.url,
            opencalendly.distinct_events(add_webhook_subscription.events),
            opencalendly.seal_webhook_secret(new_id, add_webhook_subscription.secret), made_at, made_at);
    RETURN new_id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_webhook_refusal(state, message, col, con,
        jsonb_build_object('events', add_webhook_subscription.events));
END
$$;
COMMENT ON FUNCTION opencalendly.add_webhook_subscription(uuid, text, text[], text) IS
    'internal: create_webhook_subscription with a secret; raises OC006, OC008, OC011, OC013';

-- In SQL, where an argument and a column of the result may have one name.
CREATE FUNCTION opencalendly.create_webhook_subscription(
    user_id uuid, url text, events text[], secret text DEFAULT NULL)
    RETURNS TABLE (subscription_id uuid, secret text)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
    WITH told AS MATERIALIZED (SELECT coalesce($4, opencalendly.new_webhook_secret()) AS secret)
    SELECT opencalendly.add_webhook_subscription($1, $2, $3, t.secret), t.secret FROM told AS t
$$;
COMMENT ON FUNCTION opencalendly.create_webhook_subscription(uuid, text, text[], text) IS
    'an endpoint to be told of a user''s bookings (events: booking.created, booking.canceled, booking.rescheduled), at most 20 a user; the secret that deliveries are signed with is told here and never again, and made if none is given; errors OC006, OC008, OC011, OC013';

--
-- What waits for an endpoint
--

-- What a worker takes at this moment is not waited for: it is leased, or comes back too late, and waits as pending.
CREATE FUNCTION opencalendly.pause_deliveries(subscription_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE opencalendly.webhook_deliveries AS d SET status = 'paused'
        FROM (SELECT p.id FROM opencalendly.webhook_deliveries AS p
            WHERE p.subscription_id = pause_deliveries.subscription_id AND p.status = 'pending'
                AND p.is_open
            FOR NO KEY UPDATE SKIP LOCKED) AS p
        WHERE d.id = p.id;
END
$$;
COMMENT ON FUNCTION opencalendly.pause_deliveries(uuid) IS
    'internal: what is pending for an endpoint becomes paused; its queue is locked';

-- What waits for its next attempt does not wait any longer, either. At least one attempt is left to each.
CREATE FUNCTION opencalendly.release_deliveries(subscription_id uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    UPDATE opencalendly.webhook_deliveries AS d SET due_at = clock_timestamp()
        FROM (SELECT p.id FROM opencalendly.webhook_deliveries AS p
            WHERE p.subscription_id = release_deliveries.subscription_id AND p.status = 'pending'
                AND p.is_open AND p.due_at > clock_timestamp()
            FOR NO KEY UPDATE SKIP LOCKED) AS p
        WHERE d.id = p.id;
    UPDATE opencalendly.webhook_deliveries AS d
        SET status = 'pending', due_at = clock_timestamp(), max_attempts = greatest(d.max_attempts, d.attempt + 1)
        WHERE d.subscription_id = release_deliveries.subscription_id AND d.status = 'paused'
            AND d.is_stuck;
    PERFORM opencalendly.wake_workers_at_commit();
END
$$;
COMMENT ON FUNCTION opencalendly.release_deliveries(uuid) IS
    'internal: what is paused or pending for an endpoint becomes pending and due at once; its queue is locked';

--
-- Changing
--

-- The secret before stays valid for a day; one that was replaced within that day is gone.
CREATE FUNCTION opencalendly.replace_webhook_secret(subscription_id uuid, secret text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    changed_at constant timestamptz := clock_timestamp();
BEGIN
    PERFORM opencalendly.check_webhook_secret(replace_webhook_secret.secret);
    UPDATE opencalendly.webhook_subscriptions AS s
        SET secret = opencalendly.seal_webhook_secret(s.id, replace_webhook_secret.secret),
            old_secret = s.secret, old_secret_until = changed_at + interval '24 hours', updated_at = changed_at
        WHERE s.id = replace_webhook_secret.subscription_id;
END
$$;
COMMENT ON FUNCTION opencalendly.replace_webhook_secret(uuid, text) IS
    'internal: another secret for a subscription whose row is locked; raises OC006, OC011';

CREATE FUNCTION opencalendly.rotate_webhook_secret(subscription_id uuid, secret text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    told constant text := coalesce(rotate_webhook_secret.secret, opencalendly.new_webhook_secret());
BEGIN
    PERFORM opencalendly.lock_webhook(rotate_webhook_secret.subscription_id);
    PERFORM opencalendly.replace_webhook_secret(rotate_webhook_secret.subscription_id, told);
    RETURN told;
END
$$;
COMMENT ON FUNCTION opencalendly.rotate_webhook_secret(uuid, text) IS
    'gives an endpoint another secret, made if none is given, and tells it; for 24 hours deliveries are signed with the one before, too; errors OC006, OC011, OC013';

-- What a change asks of the secret: null (nothing), a new one, or the one given.
CREATE FUNCTION opencalendly.wanted_secret(changes jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE jsonb_typeof(changes -> 'secret')
        WHEN 'string' THEN RETURN changes ->> 'secret';
        WHEN 'boolean' THEN
            IF (changes ->> 'secret')::boolean THEN
                RETURN opencalendly.new_webhook_secret();
            END IF;
        ELSE NULL;
    END CASE;
    IF changes ? 'secret' THEN
        PERFORM opencalendly.raise_unshown('secret', 'must be a text, or true for one to be made');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION opencalendly.wanted_secret(jsonb) IS
    'internal: the secret that the changes of a subscription ask for, null if none; raises OC006';

CREATE FUNCTION opencalendly.wanted_url(changes jsonb, present text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(changes -> 'url') NOT IN ('string', 'null') THEN
        PERFORM opencalendly.raise_unshown('url', 'must be a text');
    END IF;
    RETURN CASE WHEN changes ? 'url' THEN changes ->> 'url' ELSE present END;
END
$$;
COMMENT ON FUNCTION opencalendly.wanted_url(jsonb, text) IS
    'internal: the URL that the changes of a subscription ask for, or the present one; raises OC006';

CREATE FUNCTION opencalendly.wanted_events(changes jsonb, present text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    list constant jsonb := changes -> 'events';
BEGIN
    IF list IS NULL THEN
        RETURN present;
    ELSIF jsonb_typeof(list) = 'null' THEN
        RETURN NULL;
    ELSIF jsonb_typeof(list) <> 'array'
        OR EXISTS (SELECT FROM jsonb_array_elements(list) AS e(item) WHERE jsonb_typeof(e.item) <> 'string')
    THEN
        PERFORM opencalendly.raise_bad_value('events', 'must be a list of texts', list);
    END IF;
    RETURN opencalendly.distinct_events(ARRAY(SELECT jsonb_array_elements_text(list)));
END
$$;
COMMENT ON FUNCTION opencalendly.wanted_events(jsonb, text[]) IS
    'internal: the events that the changes of a subscription ask for, or those at present; raises OC006';

CREATE FUNCTION opencalendly.update_webhook_subscription(subscription_id uuid, changes jsonb) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old opencalendly.webhook_subscriptions;
    new opencalendly.webhook_subscriptions;
    told text;
    state text; message text; col text; con text;
BEGIN
    IF changes ? 'is_active' THEN
        old := opencalendly.lock_webhook_queue(update_webhook_subscription.subscription_id);
    ELSE
        old := opencalendly.lock_webhook(update_webhook_subscription.subscription_id);
    END IF;
    new := opencalendly.with_changes(old,
        CASE jsonb_typeof(changes) WHEN 'object' THEN changes - ARRAY['url', 'events', 'secret'] ELSE changes END,
        ARRAY['url', 'events', 'is_active', 'secret']);
    new.url := opencalendly.wanted_url(changes, old.url);
    new.events := opencalendly.wanted_events(changes, old.events);
    told := opencalendly.wanted_secret(changes);
    IF new.url IS DISTINCT FROM old.url THEN
        PERFORM opencalendly.check_webhook_url(new.url);
        -- what failed was another receiver
        new.failing_since := NULL;
    END IF;
    IF new IS DISTINCT FROM old THEN
        UPDATE opencalendly.webhook_subscriptions AS s
            SET (url, events, is_active, failing_since, updated_at)
                = (new.url, new.events, new.is_active, new.failing_since, clock_timestamp())
            WHERE s.id = old.id;
    END IF;
    IF told IS NOT NULL THEN
        PERFORM opencalendly.replace_webhook_secret(old.id, told);
    END IF;
    IF old.is_active AND NOT new.is_active THEN
        PERFORM opencalendly.pause_deliveries(old.id);
    ELSIF new.is_active AND NOT old.is_active THEN
        PERFORM opencalendly.resume_webhook(old.id);
    END IF;
    RETURN old.id;
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, col = COLUMN_NAME, con = CONSTRAINT_NAME;
    PERFORM opencalendly.raise_webhook_refusal(state, message, col, con, changes - ARRAY['url', 'secret']);
END
$$;
COMMENT ON FUNCTION opencalendly.update_webhook_subscription(uuid, jsonb) IS
    'changes url, events, is_active (false: what is queued waits, true: as resume_webhook), secret (a text, or true for one to be made; rotate_webhook_secret tells it): {"events": ["booking.created"]}; errors OC005 (is_active: not at READ COMMITTED), OC006, OC011, OC013';

CREATE FUNCTION opencalendly.delete_webhook_subscription(subscription_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old constant opencalendly.webhook_subscriptions
        := opencalendly.lock_webhook_queue(delete_webhook_subscription.subscription_id);
BEGIN
    WITH gone AS (DELETE FROM opencalendly.webhook_deliveries AS d WHERE d.subscription_id = old.id RETURNING d.id)
    DELETE FROM opencalendly.delivery_attempts AS a USING gone WHERE a.delivery_id = gone.id;
    DELETE FROM opencalendly.webhook_subscriptions AS s WHERE s.id = old.id;
    RETURN old.id;
END
$$;
COMMENT ON FUNCTION opencalendly.delete_webhook_subscription(uuid) IS
    'deletes an endpoint with its deliveries and their attempts, returns the id; errors OC005 (not at READ COMMITTED), OC006, OC013';

CREATE FUNCTION opencalendly.resume_webhook(subscription_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    old constant opencalendly.webhook_subscriptions := opencalendly.lock_webhook_queue(resume_webhook.subscription_id);
BEGIN
    IF NOT old.is_active OR old.paused_reason IS NOT NULL OR old.failing_since IS NOT NULL THEN
        UPDATE opencalendly.webhook_subscriptions AS s
            SET (is_active, paused_reason, failing_since, updated_at) = (true, NULL, NULL, clock_timestamp())
            WHERE s.id = old.id;
    END IF;
    PERFORM opencalendly.release_deliveries(old.id);
    RETURN old.id;
END
$$;
COMMENT ON FUNCTION opencalendly.resume_webhook(uuid) IS
    'sends to an endpoint again that was paused or switched off: all that waits for it is due at once; errors OC005 (not at READ COMMITTED), OC006, OC013';

--
-- Sending on demand
--

CREATE FUNCTION opencalendly.ping_webhook(subscription_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hook constant opencalendly.webhook_subscriptions := opencalendly.lock_webhook(ping_webhook.subscription_id);
    event_id constant uuid := opencalendly.uuid_generate_v7();
    delivery_id uuid;
BEGIN
    IF NOT opencalendly.sends(hook) THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'webhook is paused',
            DETAIL = coalesce(hook.paused_reason, 'It is switched off.'), HINT = 'Resume it first (resume_webhook).';
    END IF;
    INSERT INTO opencalendly.outbox_events (id, type, body)
        VALUES (event_id, 'ping', json_build_object('id', event_id, 'type', 'ping',
            'createdAt', opencalendly.instant_text(opencalendly.current_instant()),
            'payload', json_build_object('webhookId', hook.id))::text);
    INSERT INTO opencalendly.webhook_deliveries (subscription_id, event_id) VALUES (hook.id, event_id)
        RETURNING id INTO delivery_id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN delivery_id;
END
$$;
COMMENT ON FUNCTION opencalendly.ping_webhook(uuid) IS
    'sends an event of type ping to an endpoint, whatever events it wants, returns the delivery''s id; errors OC005 (paused or switched off), OC006, OC013';

-- Who has the delivery's row now, and not its subscription's, is a worker, and is not waited for.
CREATE FUNCTION opencalendly.replay_webhook(delivery_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hook opencalendly.webhook_subscriptions;
    old opencalendly.webhook_deliveries;
BEGIN
    SELECT l.* INTO hook FROM opencalendly.webhook_deliveries AS d
        CROSS JOIN LATERAL opencalendly.lock_webhook(d.subscription_id) AS l WHERE d.id = replay_webhook.delivery_id;
    IF NOT FOUND THEN
        PERFORM opencalendly.raise_unknown('delivery', 'delivery_id', replay_webhook.delivery_id);
    END IF;
    SELECT d.* INTO old FROM opencalendly.webhook_deliveries AS d
        WHERE d.id = replay_webhook.delivery_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND OR old.status = 'leased' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC005', MESSAGE = 'delivery is being sent',
            DETAIL = 'A worker has it at this moment.', HINT = 'Wait until this attempt is over.';
    END IF;
    UPDATE opencalendly.webhook_deliveries AS d
        SET status = CASE WHEN opencalendly.sends(hook) THEN 'pending' ELSE 'paused' END, due_at = clock_timestamp(),
            settled_at = NULL,
            max_attempts = CASE WHEN d.status IN ('succeeded', 'failed') THEN d.attempt + 10 ELSE d.max_attempts END
        WHERE d.id = old.id;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN old.id;
END
$$;
COMMENT ON FUNCTION opencalendly.replay_webhook(uuid) IS
    'sends a delivery again, under the same ids, whether it failed, succeeded or waits for its next attempt; to a paused endpoint it waits until that is resumed; errors OC005 (a worker has it), OC006, OC013';

CREATE FUNCTION opencalendly.replay_webhooks(
    subscription_id uuid, since timestamptz, include_succeeded boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    hook constant opencalendly.webhook_subscriptions := opencalendly.lock_webhook(replay_webhooks.subscription_id);
    n bigint;
BEGIN
    IF since IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'since must be given', DETAIL = 'Field "since" is null.';
    END IF;
    UPDATE opencalendly.webhook_deliveries AS d
        SET status = CASE WHEN opencalendly.sends(hook) THEN 'pending' ELSE 'paused' END, due_at = clock_timestamp(),
            settled_at = NULL, max_attempts = d.attempt + 10
        WHERE d.subscription_id = hook.id AND d.created_at >= since
            AND (d.status = 'failed' OR include_succeeded AND d.status = 'succeeded');
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM opencalendly.wake_workers_at_commit();
    RETURN n;
END
$$;
COMMENT ON FUNCTION opencalendly.replay_webhooks(uuid, timestamptz, boolean) IS
    'sends an endpoint''s deliveries again that were made at or after an instant and have failed (include_succeeded: those that succeeded, too), returns how many; errors OC006, OC013';
