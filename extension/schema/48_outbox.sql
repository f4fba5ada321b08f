-- What is told to whom outside, and how far it got. The verbs write events and deliveries in their own transactions; the
-- workers (world/worker.c) lease, send and settle them. Times here are the wall clock's (clock_timestamp()), never
-- opencalendly.clock's.
--
-- The columns status, is_open, is_stuck, attempt, max_attempts, due_at, leased_until, last_error, created_at and settled_at
-- are the queue's common part (world/queue.h): each queue's table has them, by these names and with this meaning.
--   pending    waits until due_at (-infinity: from the start)
--   leased     a worker has it; at leased_until the lease is over and anybody may take it again
--   succeeded, failed   settled
--   paused     waits until its receiver is resumed
-- A lease adds one to attempt, and only who still holds that attempt may settle it.
--
-- A lease writes no index (a HOT update): status, attempt and leased_until are in none, nor in the predicate of one, which is
-- what is_open and is_stuck are for; and fillfactor leaves room for the leased row on the page of the pending one.

CREATE TABLE opencalendly.webhook_subscriptions (
    id uuid CONSTRAINT webhook_subscriptions_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT webhook_subscriptions_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    url text NOT NULL,
    events text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    paused_reason text,
    failing_since timestamptz,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT webhook_subscriptions_url_check CHECK (
        pg_catalog.length(url) <= 2000 AND url ~ '^https?://[^[:space:][:cntrl:]\\@/?#]+([/?][^[:space:][:cntrl:]\\#]*)?$'),
    CONSTRAINT webhook_subscriptions_events_check CHECK (
        pg_catalog.cardinality(events) BETWEEN 1 AND 3
        AND events <@ ARRAY['booking.created', 'booking.canceled', 'booking.rescheduled']
        AND pg_catalog.array_position(events, NULL) IS NULL),
    CONSTRAINT webhook_subscriptions_old_secret_check CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CONSTRAINT webhook_subscriptions_paused_reason_check CHECK (pg_catalog.length(paused_reason) BETWEEN 1 AND 300)
);
CREATE INDEX webhook_subscriptions_user_id_idx ON opencalendly.webhook_subscriptions (user_id);
COMMENT ON TABLE opencalendly.webhook_subscriptions IS 'endpoints that a user wants told of bookings';
COMMENT ON COLUMN opencalendly.webhook_subscriptions.is_active IS
    'the user''s own switch: off, nothing new is queued and what is queued waits';
COMMENT ON COLUMN opencalendly.webhook_subscriptions.secret IS
    'what deliveries are signed with, sealed (data/keys.h); create_webhook_subscription shows it once';
COMMENT ON COLUMN opencalendly.webhook_subscriptions.old_secret IS
    'the secret before, sealed; until old_secret_until deliveries are signed with both';
COMMENT ON COLUMN opencalendly.webhook_subscriptions.paused_reason IS
    'why the system has stopped sending: the queue is kept until resume_webhook; null = it sends';
COMMENT ON COLUMN opencalendly.webhook_subscriptions.failing_since IS
    'when the first of the attempts failed that have all failed since; null = the last one succeeded, or there was none';
COMMENT ON CONSTRAINT webhook_subscriptions_url_check ON opencalendly.webhook_subscriptions IS
    'url: must be an absolute https URL of at most 2000 characters without user name, fragment, spaces or backslashes';
COMMENT ON CONSTRAINT webhook_subscriptions_events_check ON opencalendly.webhook_subscriptions IS
    'events: must be one or more of booking.created, booking.canceled, booking.rescheduled';
COMMENT ON CONSTRAINT webhook_subscriptions_paused_reason_check ON opencalendly.webhook_subscriptions IS
    'paused_reason: must be 1 to 300 characters';

-- One row an event, however many endpoints are told: the bytes that are sent and signed.
CREATE TABLE opencalendly.outbox_events (
    id uuid CONSTRAINT outbox_events_pkey PRIMARY KEY,
    type text NOT NULL,
    booking_id uuid,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT outbox_events_type_check CHECK (type ~ '^[a-z_]+(\.[a-z_]+)*$')
);
CREATE INDEX outbox_events_booking_id_idx ON opencalendly.outbox_events (booking_id) WHERE booking_id IS NOT NULL;
COMMENT ON TABLE opencalendly.outbox_events IS 'what has happened, in the words that endpoints are told it';
COMMENT ON COLUMN opencalendly.outbox_events.id IS 'webhook-id: the same in every attempt, for receivers to know repeats by';
COMMENT ON COLUMN opencalendly.outbox_events.body IS 'the request''s body, to the byte; never with a token in it';

CREATE TABLE opencalendly.webhook_deliveries (
    id uuid CONSTRAINT webhook_deliveries_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    subscription_id uuid NOT NULL CONSTRAINT webhook_deliveries_subscription_id_fkey
        REFERENCES opencalendly.webhook_subscriptions ON DELETE CASCADE,
    event_id uuid NOT NULL CONSTRAINT webhook_deliveries_event_id_fkey REFERENCES opencalendly.outbox_events,
    status text NOT NULL DEFAULT 'pending',
    is_open boolean NOT NULL GENERATED ALWAYS AS (status IN ('pending', 'leased')) STORED,
    is_stuck boolean NOT NULL GENERATED ALWAYS AS (status IN ('failed', 'paused')) STORED,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 10,
    due_at timestamptz NOT NULL DEFAULT '-infinity',
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    settled_at timestamptz,
    CONSTRAINT webhook_deliveries_event_id_subscription_id_key UNIQUE (event_id, subscription_id),
    CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'leased', 'succeeded', 'failed', 'paused')),
    CONSTRAINT webhook_deliveries_attempt_check CHECK (attempt >= 0),
    CONSTRAINT webhook_deliveries_max_attempts_check CHECK (max_attempts > 0),
    CONSTRAINT webhook_deliveries_leased_until_check CHECK ((leased_until IS NOT NULL) = (status = 'leased')),
    CONSTRAINT webhook_deliveries_settled_at_check CHECK ((settled_at IS NOT NULL) = (status IN ('succeeded', 'failed')))
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
-- What a worker looks through: each endpoint's open rows in their order. Leased ones are in it, for their leases run out.
CREATE INDEX webhook_deliveries_open_idx ON opencalendly.webhook_deliveries (subscription_id, due_at, id)
    WHERE is_open;
CREATE INDEX webhook_deliveries_stuck_idx ON opencalendly.webhook_deliveries (subscription_id, id)
    WHERE is_stuck;
CREATE INDEX webhook_deliveries_subscription_id_idx ON opencalendly.webhook_deliveries (subscription_id, id);
COMMENT ON TABLE opencalendly.webhook_deliveries IS 'an event for one endpoint: a queue, and afterwards the log';
COMMENT ON COLUMN opencalendly.webhook_deliveries.due_at IS
    'not to be sent before; -infinity = from the start, whatever the clock says';
COMMENT ON COLUMN opencalendly.webhook_deliveries.leased_until IS 'when the lease is over; null = none has it';
COMMENT ON COLUMN opencalendly.webhook_deliveries.attempt IS 'how many attempts have begun';

-- No foreign key: three queues share it, and each attempt would pay for the check. prune_outbox() takes away what has lost
-- its delivery.
CREATE TABLE opencalendly.delivery_attempts (
    delivery_id uuid NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL,
    elapsed_ms integer NOT NULL,
    phase text NOT NULL,
    status integer,
    error text,
    CONSTRAINT delivery_attempts_pkey PRIMARY KEY (delivery_id, attempt),
    CONSTRAINT delivery_attempts_phase_check CHECK (
        phase IN ('prepare', 'address', 'resolve', 'connect', 'tls', 'login', 'send', 'response', 'done'))
);
COMMENT ON TABLE opencalendly.delivery_attempts IS 'each attempt of each delivery of every queue, once it is over';
COMMENT ON COLUMN opencalendly.delivery_attempts.phase IS 'how far it got; done = a whole answer came';
COMMENT ON COLUMN opencalendly.delivery_attempts.status IS 'the answer''s status; null = none came';
COMMENT ON COLUMN opencalendly.delivery_attempts.error IS 'why it has failed; null = it succeeded';

-- When a worker was last at work, by the wall clock. A worker that finds it in the future knows that the clock was set
-- back, and moves what waits by as much.
CREATE TABLE opencalendly.worker_heartbeats (
    queue text CONSTRAINT worker_heartbeats_pkey PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE opencalendly.worker_heartbeats IS 'when the workers of a queue were last at work';
