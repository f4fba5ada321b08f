-- The HTTP API of webhooks: a user's endpoints, what was sent to them, and sending it again. As in 78_api_organizer.sql;
-- what happens is 66_webhooks.sql's to say. A secret is told once, by the answer that sets it.

CREATE FUNCTION opencalendly.webhook_json(hook opencalendly.webhook_subscriptions) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT pg_catalog.jsonb_build_object('id', hook.id, 'url', hook.url, 'events', hook.events,
        'isActive', hook.is_active, 'pausedReason', hook.paused_reason,
        'failingSince', opencalendly.instant_text(hook.failing_since),
        'secondSecretUntil', CASE WHEN hook.old_secret_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()
            THEN opencalendly.instant_text(hook.old_secret_until) END,
        'createdAt', opencalendly.instant_text(hook.created_at), 'updatedAt', opencalendly.instant_text(hook.updated_at));
END;
COMMENT ON FUNCTION opencalendly.webhook_json(opencalendly.webhook_subscriptions) IS
    'internal: a webhook as its user sees it, without its secret; secondSecretUntil: how long the secret before signs, too';

CREATE FUNCTION opencalendly.webhooks_json(user_id uuid, subscription_id uuid DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(opencalendly.webhook_json(s) ORDER BY s.created_at, s.id)
        FROM opencalendly.webhook_subscriptions AS s
        WHERE s.user_id = webhooks_json.user_id
            AND (webhooks_json.subscription_id IS NULL OR s.id = webhooks_json.subscription_id)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.webhooks_json(uuid, uuid) IS
    'internal: a list of a user''s webhooks, newest last, or of the one that is named';

CREATE FUNCTION opencalendly.own_webhook_id(me uuid, id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('webhook', own_webhook_id.id);
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.webhook_subscriptions AS s WHERE s.id = wanted AND s.user_id = me) THEN
        PERFORM opencalendly.raise_unknown('webhook', 'id', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.own_webhook_id(uuid, text) IS 'internal: a webhook of the user; raises OC013';

CREATE FUNCTION opencalendly.own_delivery_id(me uuid, id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted constant uuid := opencalendly.id_parameter('delivery', own_delivery_id.id);
BEGIN
    IF NOT EXISTS (SELECT FROM opencalendly.webhook_deliveries AS d
                   JOIN opencalendly.webhook_subscriptions AS s ON s.id = d.subscription_id
                   WHERE d.id = wanted AND s.user_id = me)
    THEN
        PERFORM opencalendly.raise_unknown('delivery', 'id', wanted);
    END IF;
    RETURN wanted;
END
$$;
COMMENT ON FUNCTION opencalendly.own_delivery_id(uuid, text) IS
    'internal: a delivery to a webhook of the user; raises OC013';

--
-- Webhooks
--

CREATE FUNCTION opencalendly.webhook_answer(user_id uuid, subscription_id uuid, secret text DEFAULT NULL)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('webhook', opencalendly.webhooks_json(user_id, subscription_id) -> 0
        || CASE WHEN secret IS NOT NULL THEN jsonb_build_object('secret', secret) ELSE '{}' END));
END
$$;
COMMENT ON FUNCTION opencalendly.webhook_answer(uuid, uuid, text) IS
    'internal: a webhook of the user''s, with its secret if that has just been set';

CREATE FUNCTION opencalendly.api_webhooks(session text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('webhooks', opencalendly.webhooks_json(me.id)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_webhooks(text) IS 'GET /v0/webhooks: the caller''s webhooks, newest last; error OC012';

CREATE FUNCTION opencalendly.api_create_webhook(session text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    given constant jsonb := opencalendly.body_fields(body, '{"url": "text!", "events": "list!", "secret": "text"}');
    made record;
BEGIN
    SELECT c.* INTO made FROM opencalendly.create_webhook_subscription(me.id, given ->> 'url',
        opencalendly.wanted_events(given, NULL), given ->> 'secret') AS c;
    RETURN opencalendly.webhook_answer(me.id, made.subscription_id, made.secret);
END
$$;
COMMENT ON FUNCTION opencalendly.api_create_webhook(text, text) IS
    'POST /v0/webhooks: an endpoint to be told of bookings; its secret is in this answer and never again; errors OC006, OC008, OC011, OC012';

CREATE FUNCTION opencalendly.api_webhook(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
BEGIN
    RETURN opencalendly.webhook_answer(me.id, opencalendly.own_webhook_id(me.id, api_webhook.id));
END
$$;
COMMENT ON FUNCTION opencalendly.api_webhook(text, text) IS 'GET /v0/webhooks/:id: one of the caller''s; errors OC012, OC013';

CREATE FUNCTION opencalendly.api_update_webhook(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_update_webhook.id);
    given constant jsonb := opencalendly.cleared(opencalendly.body_fields(body,
        '{"url": "text", "events": "list", "isActive": "bool", "secret": "text", "rotateSecret": "bool"}'),
        '{"isActive": true, "rotateSecret": false}');
    rotates constant boolean := coalesce((given ->> 'rotateSecret')::boolean, false);
    told text;
BEGIN
    IF rotates AND given ->> 'secret' IS NOT NULL THEN
        PERFORM opencalendly.raise_bad_value('rotateSecret', 'must not be true where secret is given', given -> 'rotateSecret');
    ELSIF given -> 'secret' = 'null' THEN
        RAISE EXCEPTION USING ERRCODE = 'OC006', MESSAGE = 'secret must be given', DETAIL = 'Field "secret" is null.';
    END IF;
    PERFORM opencalendly.update_webhook_subscription(wanted,
        opencalendly.body_columns(given - ARRAY['secret', 'rotateSecret']));
    IF rotates OR given ? 'secret' THEN
        told := opencalendly.rotate_webhook_secret(wanted, given ->> 'secret');
    END IF;
    RETURN opencalendly.webhook_answer(me.id, wanted, told);
END
$$;
COMMENT ON FUNCTION opencalendly.api_update_webhook(text, text, text) IS
    'PATCH /v0/webhooks/:id: changes url, events, isActive (false: what is queued waits), secret or rotateSecret (true: one is made); a new secret is in the answer, the one before signs for 24 hours more; errors OC006, OC011, OC012, OC013';

CREATE FUNCTION opencalendly.api_delete_webhook(session text, id text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_delete_webhook.id);
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('deletedId', opencalendly.delete_webhook_subscription(wanted)));
END
$$;
COMMENT ON FUNCTION opencalendly.api_delete_webhook(text, text) IS
    'DELETE /v0/webhooks/:id: with all that was and was to be sent to it; errors OC012, OC013';

CREATE FUNCTION opencalendly.api_resume_webhook(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_resume_webhook.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    PERFORM opencalendly.resume_webhook(wanted);
    RETURN opencalendly.webhook_answer(me.id, wanted);
END
$$;
COMMENT ON FUNCTION opencalendly.api_resume_webhook(text, text, text) IS
    'POST /v0/webhooks/:id/resume: sends again what waits for a paused endpoint; errors OC006, OC012, OC013';

--
-- Deliveries
--

CREATE FUNCTION opencalendly.attempts_json(delivery_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object('attempt', a.attempt, 'startedAt', opencalendly.instant_text(a.started_at),
                'elapsedMs', a.elapsed_ms, 'phase', a.phase, 'status', a.status, 'error', a.error) ORDER BY a.attempt)
        FROM (SELECT * FROM opencalendly.delivery_attempts AS a WHERE a.delivery_id = attempts_json.delivery_id
            ORDER BY a.attempt DESC LIMIT 50) AS a), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.attempts_json(uuid) IS 'internal: the attempts of a delivery, of many the last 50';

CREATE FUNCTION opencalendly.deliveries_json(ids uuid[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN coalesce((
        SELECT jsonb_agg(jsonb_build_object('id', d.id, 'eventId', e.id, 'event', e.type, 'bookingId', e.booking_id,
                'status', d.status, 'attempt', d.attempt, 'maxAttempts', d.max_attempts,
                'nextAttemptAt', CASE WHEN d.status = 'pending'
                    THEN opencalendly.instant_text(greatest(d.due_at, d.created_at)) END,
                'lastError', d.last_error, 'createdAt', opencalendly.instant_text(d.created_at),
                'settledAt', opencalendly.instant_text(d.settled_at), 'body', e.body::jsonb, 'bodyText', e.body,
                'attempts', opencalendly.attempts_json(d.id))
            ORDER BY d.id DESC)
        FROM opencalendly.webhook_deliveries AS d JOIN opencalendly.outbox_events AS e ON e.id = d.event_id
        WHERE d.id = ANY (ids)), '[]');
END
$$;
COMMENT ON FUNCTION opencalendly.deliveries_json(uuid[]) IS 'internal: a list of deliveries, newest first, with their attempts';

-- Through the partial indexes, so that of a long log only what is open or stuck is read (what
-- is open lies there by due_at: it is gathered before it is put in order). An endpoint's rows are told as a range of both
-- columns: were it one value, the planner could go through everybody's rows in the order of their ids.
CREATE FUNCTION opencalendly.delivery_page(subscription_id uuid, wanted_status text, before uuid, most integer)
    RETURNS uuid[] LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    nobody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    IF wanted_status IN ('pending', 'leased') THEN
        RETURN ARRAY(
            WITH open AS MATERIALIZED (SELECT d.id FROM opencalendly.webhook_deliveries AS d
                WHERE d.subscription_id = delivery_page.subscription_id AND d.is_open
                    AND d.status = wanted_status AND d.id < before)
            SELECT o.id FROM open AS o ORDER BY o.id DESC LIMIT most);
    ELSIF wanted_status IN ('failed', 'paused') THEN
        RETURN ARRAY(SELECT d.id FROM opencalendly.webhook_deliveries AS d
            WHERE (d.subscription_id, d.id) < (delivery_page.subscription_id, before)
                AND (d.subscription_id, d.id) >= (delivery_page.subscription_id, nobody)
                AND d.is_stuck AND d.status = wanted_status
            ORDER BY d.subscription_id DESC, d.id DESC LIMIT most);
    END IF;
    RETURN ARRAY(SELECT d.id FROM opencalendly.webhook_deliveries AS d
        WHERE (d.subscription_id, d.id) < (delivery_page.subscription_id, before)
            AND (d.subscription_id, d.id) >= (delivery_page.subscription_id, nobody)
            AND (wanted_status IS NULL OR d.status = wanted_status)
        ORDER BY d.subscription_id DESC, d.id DESC LIMIT most);
END
$$;
COMMENT ON FUNCTION opencalendly.delivery_page(uuid, text, uuid, integer) IS
    'internal: the newest deliveries to an endpoint before one, of a status or (null) of any';

-- A place in the list is a delivery's id, 16 bytes as 22 characters of base64url.
CREATE FUNCTION opencalendly.delivery_cursor(delivery_id uuid) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN rtrim(translate(encode(uuid_send(delivery_id), 'base64'), '+/', '-_'), '=');
END
$$;
COMMENT ON FUNCTION opencalendly.delivery_cursor(uuid) IS 'internal: the cursor that continues a list after this delivery';

CREATE FUNCTION opencalendly.delivery_place(cursor text) RETURNS uuid
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(cursor, '') = '' THEN
        RETURN 'ffffffff-ffff-ffff-ffff-ffffffffffff';
    ELSIF cursor !~ '^[A-Za-z0-9_-]{22}$' THEN
        PERFORM opencalendly.raise_bad_value('cursor', 'must be one that a list gave', to_jsonb(cursor));
    END IF;
    RETURN encode(decode(translate(cursor, '-_', '+/') || '==', 'base64'), 'hex')::uuid;
END
$$;
COMMENT ON FUNCTION opencalendly.delivery_place(text) IS
    'internal: the delivery that a cursor stands for, after all others if it is absent; raises OC006';

CREATE FUNCTION opencalendly.api_webhook_deliveries(session text, id text, status text, cursor text, page_size text)
    RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_webhook_deliveries.id);
    before constant uuid := opencalendly.delivery_place(cursor);
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100, 25);
    ids uuid[];
    next_cursor text;
BEGIN
    IF status <> '' AND status NOT IN ('pending', 'leased', 'succeeded', 'failed', 'paused') THEN
        PERFORM opencalendly.raise_bad_value('status', 'must be pending, leased, succeeded, failed or paused', to_jsonb(status));
    END IF;
    ids := opencalendly.delivery_page(wanted, nullif(status, ''), before, most + 1);
    IF cardinality(ids) > most THEN
        ids := ids[1:most];
        next_cursor := opencalendly.delivery_cursor(ids[most]);
    END IF;
    RETURN opencalendly.answer(jsonb_build_object('deliveries', opencalendly.deliveries_json(ids),
        'nextCursor', next_cursor), next_cursor => next_cursor);
END
$$;
COMMENT ON FUNCTION opencalendly.api_webhook_deliveries(text, text, text, text, text) IS
    'GET /v0/webhooks/:id/deliveries?status&cursor&limit: what was and is to be sent to it, newest first, with every attempt; errors OC006, OC012, OC013';

CREATE FUNCTION opencalendly.delivery_answer(delivery_id uuid) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN opencalendly.answer(jsonb_build_object(
        'delivery', opencalendly.deliveries_json(ARRAY[delivery_id]) -> 0));
END
$$;
COMMENT ON FUNCTION opencalendly.delivery_answer(uuid) IS 'internal: one delivery';

CREATE FUNCTION opencalendly.api_ping_webhook(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_ping_webhook.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
    delivery_id constant uuid := opencalendly.ping_webhook(wanted);
BEGIN
    RETURN opencalendly.delivery_answer(delivery_id);
END
$$;
COMMENT ON FUNCTION opencalendly.api_ping_webhook(text, text, text) IS
    'POST /v0/webhooks/:id/ping: sends an event of type ping; errors OC005 (paused), OC006, OC012, OC013';

CREATE FUNCTION opencalendly.api_replay_delivery(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_delivery_id(me.id, api_replay_delivery.id);
    given constant jsonb := opencalendly.body_fields(body, '{}');
    delivery_id constant uuid := opencalendly.replay_webhook(wanted);
BEGIN
    RETURN opencalendly.delivery_answer(delivery_id);
END
$$;
COMMENT ON FUNCTION opencalendly.api_replay_delivery(text, text, text) IS
    'POST /v0/webhooks/deliveries/:id/replay: sends it again, under the same ids; errors OC005 (being sent at this moment), OC006, OC012, OC013';

CREATE FUNCTION opencalendly.api_replay_webhook(session text, id text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    wanted constant uuid := opencalendly.own_webhook_id(me.id, api_replay_webhook.id);
    given constant jsonb := opencalendly.body_fields(body, '{"since": "instant!", "includeSucceeded": "bool"}');
BEGIN
    RETURN opencalendly.answer(jsonb_build_object('replayed', opencalendly.replay_webhooks(wanted,
        (given ->> 'since')::timestamptz, coalesce((given ->> 'includeSucceeded')::boolean, false))));
END
$$;
COMMENT ON FUNCTION opencalendly.api_replay_webhook(text, text, text) IS
    'POST /v0/webhooks/:id/replay: sends again what has failed (includeSucceeded: all that is settled) since an instant; errors OC006, OC012, OC013';

--
-- For clients that used to push the queue themselves: the workers do, this only waits a moment to tell what they did.
--

CREATE FUNCTION opencalendly.due_deliveries(user_id uuid, most integer)
    RETURNS TABLE (delivery_id uuid, attempts_before integer)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT d.id, d.attempt - (d.status = 'leased')::integer
        FROM opencalendly.webhook_subscriptions AS s CROSS JOIN LATERAL (
            SELECT d.id, d.attempt, d.status, d.due_at FROM opencalendly.webhook_deliveries AS d
            WHERE d.subscription_id = s.id AND d.is_open
                AND (d.status = 'leased' OR d.due_at <= clock_timestamp())
            ORDER BY d.due_at, d.id LIMIT most) AS d
        WHERE s.user_id = due_deliveries.user_id AND opencalendly.sends(s)
        ORDER BY d.due_at, d.id LIMIT most;
END
$$;
COMMENT ON FUNCTION opencalendly.due_deliveries(uuid, integer) IS
    'internal: the user''s deliveries that are due or being sent, and how many attempts of each are over';

-- What became of them: whose next attempt is over is processed.
CREATE FUNCTION opencalendly.processed_deliveries(ids uuid[], attempts_before integer[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('processed', count(*),
            'succeeded', count(*) FILTER (WHERE d.status = 'succeeded'),
            'retried', count(*) FILTER (WHERE d.status IN ('pending', 'leased')),
            'failed', count(*) FILTER (WHERE d.status IN ('failed', 'paused')))
        FROM unnest(ids, attempts_before) AS b(delivery_id, attempt)
            JOIN opencalendly.webhook_deliveries AS d ON d.id = b.delivery_id
        WHERE EXISTS (SELECT FROM opencalendly.delivery_attempts AS a
                      WHERE a.delivery_id = b.delivery_id AND a.attempt > b.attempt));
END
$$;
COMMENT ON FUNCTION opencalendly.processed_deliveries(uuid[], integer[]) IS
    'internal: {processed, succeeded, retried, failed} of deliveries whose attempts before a moment are given';

-- What is due of a user's is sent by the workers; this waits up to a second for them.
CREATE FUNCTION opencalendly.run_due(user_id uuid, queue text, most integer) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- one of a user's requests at a time waits: more could take all of the shim's connections
    waits constant boolean := pg_try_advisory_xact_lock(hashtextextended('opencalendly run of ' || user_id, 0));
    ends_at constant timestamptz := clock_timestamp() + CASE WHEN waits THEN interval '1 second' ELSE interval '0' END;
    ids uuid[];
    attempts_before integer[];
    done jsonb;
BEGIN
    IF current_setting('transaction_read_only')::boolean THEN
        RAISE EXCEPTION USING ERRCODE = 'read_only_sql_transaction', MESSAGE = 'nothing is sent from here',
            DETAIL = 'The database takes no writes.';
    END IF;
    IF queue = 'mail' THEN
        SELECT array_agg(d.delivery_id), array_agg(d.attempts_before) INTO ids, attempts_before
            FROM opencalendly.due_mails(user_id, most) AS d;
    ELSIF queue = 'writeback' THEN
        SELECT array_agg(d.delivery_id), array_agg(d.attempts_before) INTO ids, attempts_before
            FROM opencalendly.due_writebacks(user_id, most) AS d;
    ELSE
        SELECT array_agg(d.delivery_id), array_agg(d.attempts_before) INTO ids, attempts_before
            FROM opencalendly.due_deliveries(user_id, most) AS d;
    END IF;
    PERFORM opencalendly.wake_workers();
    LOOP
        done := CASE queue WHEN 'mail' THEN opencalendly.processed_mails(ids, attempts_before)
                           WHEN 'writeback' THEN opencalendly.processed_writebacks(ids, attempts_before)
                           ELSE opencalendly.processed_deliveries(ids, attempts_before) END;
        EXIT WHEN (done ->> 'processed')::integer >= coalesce(cardinality(ids), 0) OR clock_timestamp() >= ends_at;
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN done;
END
$$;
COMMENT ON FUNCTION opencalendly.run_due(uuid, text, integer) IS
    'internal: wakes the workers and waits up to a second for what is due of a user''s in a queue (webhook, mail, writeback), by one request at a time (others do not wait): what became of it';

CREATE FUNCTION opencalendly.api_run_deliveries(session text, page_size text, body text) RETURNS opencalendly.api_answer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me constant opencalendly.users := opencalendly.signed_in(session);
    most constant integer := opencalendly.int_parameter('limit', page_size, 1, 100, 25);
    given constant jsonb := opencalendly.body_fields(body, '{}');
BEGIN
    RETURN opencalendly.answer(opencalendly.run_due(me.id, 'webhook', most));
END
$$;
COMMENT ON FUNCTION opencalendly.api_run_deliveries(text, text, text) IS
    'POST /v0/webhooks/deliveries/run?limit: wakes the workers and waits up to a second for what is due of the caller''s, by one request at a time (others do not wait); errors OC006, OC012';
