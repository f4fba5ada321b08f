-- Mails, and the rules by which invitees are reminded. A mail's row tells to whom, about what and when; its words are made
-- when it is sent (world/mail.c), so no link and no address more than needed rests here. Due times are the wall clock's.

CREATE TABLE opencalendly.notification_rules (
    id uuid CONSTRAINT notification_rules_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    event_type_id uuid NOT NULL CONSTRAINT notification_rules_event_type_id_fkey
        REFERENCES opencalendly.event_types ON DELETE CASCADE,
    notification_type text NOT NULL,
    offset_minutes integer NOT NULL,
    is_enabled boolean NOT NULL DEFAULT true,
    CONSTRAINT notification_rules_event_type_id_key UNIQUE (event_type_id, notification_type, offset_minutes),
    CONSTRAINT notification_rules_notification_type_check CHECK (notification_type IN ('reminder', 'follow_up')),
    CONSTRAINT notification_rules_offset_minutes_check CHECK (offset_minutes BETWEEN 1 AND 10080)
);
COMMENT ON TABLE opencalendly.notification_rules IS
    'mails to the invitees of an event type: a reminder so many minutes before the start, a follow_up so many after the end';
COMMENT ON CONSTRAINT notification_rules_event_type_id_key ON opencalendly.notification_rules IS
    'rules: must not have the same notification_type and offset_minutes twice';
COMMENT ON CONSTRAINT notification_rules_notification_type_check ON opencalendly.notification_rules IS
    'notification_type: must be reminder or follow_up';
COMMENT ON CONSTRAINT notification_rules_offset_minutes_check ON opencalendly.notification_rules IS
    'offset_minutes: must be from 1 to 10080';

-- A mail for one reader: a user, whose address and language are asked for when it is sent, or an address.
CREATE TABLE opencalendly.email_deliveries (
    id uuid CONSTRAINT email_deliveries_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    kind text NOT NULL,
    idempotency_key text NOT NULL CONSTRAINT email_deliveries_idempotency_key_key UNIQUE,
    user_id uuid CONSTRAINT email_deliveries_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    email text,
    booking_id uuid CONSTRAINT email_deliveries_booking_id_fkey REFERENCES opencalendly.bookings ON DELETE CASCADE,
    meeting_id uuid,
    subject_id uuid,
    sends_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
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
    CONSTRAINT email_deliveries_kind_check CHECK (kind IN ('booking_confirmed', 'booking_rescheduled', 'booking_canceled',
        'reminder', 'follow_up', 'login_link', 'webhook_paused', 'team_invitation',
        'calendar_broken')),
    CONSTRAINT email_deliveries_idempotency_key_check CHECK (
        pg_catalog.length(idempotency_key) BETWEEN 8 AND 200 AND idempotency_key ~ '^[a-z0-9_/-]+$'),
    CONSTRAINT email_deliveries_email_check CHECK ((email IS NULL) = (user_id IS NOT NULL)),
    CONSTRAINT email_deliveries_booking_id_check CHECK ((booking_id IS NULL) = (meeting_id IS NULL)),
    CONSTRAINT email_deliveries_status_check CHECK (status IN ('pending', 'leased', 'succeeded', 'failed', 'paused')),
    CONSTRAINT email_deliveries_attempt_check CHECK (attempt >= 0),
    CONSTRAINT email_deliveries_max_attempts_check CHECK (max_attempts > 0),
    CONSTRAINT email_deliveries_leased_until_check CHECK ((leased_until IS NOT NULL) = (status = 'leased')),
    CONSTRAINT email_deliveries_settled_at_check CHECK ((settled_at IS NOT NULL) = (status IN ('succeeded', 'failed')))
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX email_deliveries_open_idx ON opencalendly.email_deliveries (due_at, id) WHERE is_open;
CREATE INDEX email_deliveries_meeting_id_idx ON opencalendly.email_deliveries (meeting_id) WHERE is_open;
CREATE INDEX email_deliveries_booking_id_idx ON opencalendly.email_deliveries (booking_id);
CREATE INDEX email_deliveries_email_idx ON opencalendly.email_deliveries (email, sends_at) WHERE email IS NOT NULL;
CREATE INDEX email_deliveries_user_id_idx ON opencalendly.email_deliveries (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX email_deliveries_stuck_idx ON opencalendly.email_deliveries (id) WHERE is_stuck;
COMMENT ON TABLE opencalendly.email_deliveries IS 'a mail for one reader: a queue, and afterwards the log';
COMMENT ON COLUMN opencalendly.email_deliveries.idempotency_key IS
    'kind, what it is about, sequence and reader: the mail''s Message-ID and the provider''s key are made of it, in every attempt the same';
COMMENT ON COLUMN opencalendly.email_deliveries.email IS 'the reader''s address; null = user_id''s at the time of sending';
COMMENT ON COLUMN opencalendly.email_deliveries.meeting_id IS
    'the first booking of the chain of moves: a reader gets the mails about it one after the other';
COMMENT ON COLUMN opencalendly.email_deliveries.subject_id IS
    'what it is about besides a booking: a login link, a webhook subscription, a team, a notification rule';
COMMENT ON COLUMN opencalendly.email_deliveries.sends_at IS 'when it is meant to be sent: the Date in its head, in every attempt the same';
COMMENT ON COLUMN opencalendly.email_deliveries.due_at IS
    'not to be sent before; -infinity = from the start, whatever the clock says';
COMMENT ON COLUMN opencalendly.email_deliveries.leased_until IS 'when the lease is over; null = none has it';
