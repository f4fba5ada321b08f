-- Hosts' calendars outside: the accounts, which of their calendars count, the mirror of their busy time, and what we have
-- written into them. Slots read the mirror alone; the workers (world/calendar.c) keep it fresh, by the wall clock.
--
-- Words. A connection is a host's account at a provider. A calendar is one of those that the account sees: it may be a busy
-- source (its events keep slots from being offered) and the host's write target (bookings are written into it; a host has
-- one at most). The mirror is calendar_busy_windows. A consent is the way to a connection: from the button to the tokens.
--
-- The tokens rest sealed (data/keys.h), for their row alone.

CREATE TABLE opencalendly.calendar_connections (
    id uuid CONSTRAINT calendar_connections_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT calendar_connections_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    provider text NOT NULL DEFAULT 'google',
    account_id text NOT NULL,
    account_email text NOT NULL,
    scopes text[] NOT NULL,
    refresh_token bytea NOT NULL,
    access_token bytea NOT NULL,
    refresh_at timestamptz NOT NULL,
    access_expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'active',
    staleness text NOT NULL DEFAULT 'refuse',
    stale_after_minutes integer NOT NULL DEFAULT 1440,
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    next_sync_at timestamptz NOT NULL DEFAULT '-infinity',
    leased_until timestamptz,
    asked_at timestamptz,
    tried_at timestamptz,
    synced_at timestamptz,
    listed_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT calendar_connections_provider_account_id_key UNIQUE (provider, account_id),
    CONSTRAINT calendar_connections_id_user_id_key UNIQUE (id, user_id),
    CONSTRAINT calendar_connections_provider_check CHECK (provider = 'google'),
    CONSTRAINT calendar_connections_state_check CHECK (state IN ('active', 'broken', 'leaving')),
    CONSTRAINT calendar_connections_staleness_check CHECK (staleness IN ('trust', 'refuse')),
    CONSTRAINT calendar_connections_stale_after_minutes_check CHECK (stale_after_minutes BETWEEN 5 AND 43200)
);
CREATE INDEX calendar_connections_user_id_idx ON opencalendly.calendar_connections (user_id);
CREATE INDEX calendar_connections_next_sync_at_idx ON opencalendly.calendar_connections (next_sync_at, id)
    WHERE state <> 'broken';
CREATE INDEX calendar_connections_state_idx ON opencalendly.calendar_connections (state) WHERE state <> 'active';
COMMENT ON TABLE opencalendly.calendar_connections IS 'a host''s account at a provider of calendars, and how its synchronization goes';
COMMENT ON COLUMN opencalendly.calendar_connections.account_id IS 'the provider''s lasting name of the account (of Google: sub)';
COMMENT ON COLUMN opencalendly.calendar_connections.refresh_at IS 'when a new access token is to be fetched: at 80 percent of its life';
COMMENT ON COLUMN opencalendly.calendar_connections.state IS
    'active; broken: the grant is dead, the host must connect again; leaving: to be revoked and deleted';
COMMENT ON COLUMN opencalendly.calendar_connections.staleness IS
    'trust: slots are offered from the mirror however old; refuse: none while a busy source is older than stale_after_minutes';
COMMENT ON COLUMN opencalendly.calendar_connections.attempt IS 'how many syncs have begun: only who holds the last one may write what came of it';
COMMENT ON COLUMN opencalendly.calendar_connections.failures IS 'how many syncs have failed since the last good one';
COMMENT ON COLUMN opencalendly.calendar_connections.asked_at IS 'when somebody last asked for a sync: one that began before does not answer it';
COMMENT ON COLUMN opencalendly.calendar_connections.tried_at IS 'when the last sync that has ended began';
COMMENT ON COLUMN opencalendly.calendar_connections.listed_at IS 'when the account''s list of calendars was last read';
COMMENT ON CONSTRAINT calendar_connections_staleness_check ON opencalendly.calendar_connections IS
    'staleness: must be trust or refuse';
COMMENT ON CONSTRAINT calendar_connections_stale_after_minutes_check ON opencalendly.calendar_connections IS
    'stale_after_minutes: must be from 5 to 43200';

CREATE TABLE opencalendly.calendars (
    id uuid CONSTRAINT calendars_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    connection_id uuid NOT NULL,
    user_id uuid NOT NULL,
    external_id text NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    access_role text NOT NULL,
    is_primary boolean NOT NULL DEFAULT false,
    is_busy_source boolean NOT NULL DEFAULT false,
    is_write_target boolean NOT NULL DEFAULT false,
    chosen_at timestamptz,
    sync_token text,
    read_until timestamptz,
    full_sync_at timestamptz,
    synced_at timestamptz,
    last_error text,
    channel_id uuid,
    channel_token_hash bytea,
    channel_resource_id text,
    channel_expires_at timestamptz,
    CONSTRAINT calendars_connection_id_fkey FOREIGN KEY (connection_id, user_id)
        REFERENCES opencalendly.calendar_connections (id, user_id) ON DELETE CASCADE,
    CONSTRAINT calendars_connection_id_external_id_key UNIQUE (connection_id, external_id),
    CONSTRAINT calendars_id_user_id_key UNIQUE (id, user_id),
    CONSTRAINT calendars_channel_id_key UNIQUE (channel_id),
    CONSTRAINT calendars_access_role_check CHECK (access_role IN ('freeBusyReader', 'reader', 'writer', 'owner')),
    CONSTRAINT calendars_is_write_target_check CHECK (NOT is_write_target OR access_role IN ('writer', 'owner'))
);
CREATE UNIQUE INDEX calendars_write_target_idx ON opencalendly.calendars (user_id) WHERE is_write_target;
CREATE INDEX calendars_busy_source_idx ON opencalendly.calendars (user_id) WHERE is_busy_source;
COMMENT ON TABLE opencalendly.calendars IS 'the calendars that a connection''s account sees';
COMMENT ON COLUMN opencalendly.calendars.timezone IS 'of its all-day events, as the provider says it';
COMMENT ON COLUMN opencalendly.calendars.chosen_at IS
    'when it was last made a busy source, or none; null = it is what it was made at first: until it is read, it is as old as that, or as its connection';
COMMENT ON COLUMN opencalendly.calendars.sync_token IS 'from where the provider tells what has changed; null = all is read anew';
COMMENT ON COLUMN opencalendly.calendars.read_until IS 'how far ahead the last full reading went';
COMMENT ON COLUMN opencalendly.calendars.synced_at IS 'when the mirror of it was last known to be right';
COMMENT ON COLUMN opencalendly.calendars.channel_token_hash IS 'SHA-256 of what the provider must say with each notification';
COMMENT ON CONSTRAINT calendars_is_write_target_check ON opencalendly.calendars IS
    'is_write_target: must be a calendar that the account may write to';

-- The busy events of a calendar that is read event by event; what is not busy, or ours, is not in it.
CREATE TABLE opencalendly.calendar_events (
    calendar_id uuid NOT NULL CONSTRAINT calendar_events_calendar_id_fkey REFERENCES opencalendly.calendars ON DELETE CASCADE,
    external_id text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT calendar_events_pkey PRIMARY KEY (calendar_id, external_id),
    CONSTRAINT calendar_events_ends_at_check CHECK (ends_at > starts_at)
);
COMMENT ON TABLE opencalendly.calendar_events IS
    'busy events of calendars that are read incrementally, without their words: [starts_at, ends_at)';

CREATE TABLE opencalendly.calendar_busy_windows (
    id uuid CONSTRAINT calendar_busy_windows_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT calendar_busy_windows_user_id_fkey
        REFERENCES opencalendly.users ON DELETE CASCADE,
    calendar_id uuid,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT calendar_busy_windows_calendar_id_fkey FOREIGN KEY (calendar_id, user_id)
        REFERENCES opencalendly.calendars (id, user_id) ON DELETE CASCADE,
    CONSTRAINT calendar_busy_windows_starts_at_check CHECK (pg_catalog.isfinite(starts_at)),
    CONSTRAINT calendar_busy_windows_ends_at_check CHECK (
        pg_catalog.isfinite(ends_at) AND ends_at > starts_at)
);
CREATE INDEX calendar_busy_windows_user_id_idx ON opencalendly.calendar_busy_windows (user_id, ends_at, starts_at);
CREATE INDEX calendar_busy_windows_long_idx ON opencalendly.calendar_busy_windows (user_id, ends_at, starts_at)
    WHERE ends_at - starts_at >= interval '168:00';
CREATE INDEX calendar_busy_windows_calendar_id_idx ON opencalendly.calendar_busy_windows (calendar_id, starts_at)
    WHERE calendar_id IS NOT NULL;
COMMENT ON TABLE opencalendly.calendar_busy_windows IS
    'the mirror: busy time of a host from outside, [starts_at, ends_at); those of one calendar do not overlap';
COMMENT ON COLUMN opencalendly.calendar_busy_windows.calendar_id IS 'null = put there by hand; no sync touches it';
COMMENT ON CONSTRAINT calendar_busy_windows_starts_at_check ON opencalendly.calendar_busy_windows IS
    'starts_at: must be finite';
COMMENT ON CONSTRAINT calendar_busy_windows_ends_at_check ON opencalendly.calendar_busy_windows IS
    'ends_at: must be finite and after the start';

-- The state that the provider hands back is a link token over the id (pure/crypto.h, LINK_CONNECT), and the verifier of PKCE
-- is derived from it, so neither rests here.
CREATE TABLE opencalendly.calendar_consents (
    id uuid CONSTRAINT calendar_consents_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT calendar_consents_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    provider text NOT NULL DEFAULT 'google',
    redirect_uri text NOT NULL,
    link_key_id integer NOT NULL,
    status text NOT NULL DEFAULT 'asked',
    code bytea,
    attempt integer NOT NULL DEFAULT 0,
    leased_until timestamptz,
    connection_id uuid,
    error_code text,
    error text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT calendar_consents_provider_check CHECK (provider = 'google'),
    CONSTRAINT calendar_consents_status_check CHECK (status IN ('asked', 'pending', 'succeeded', 'failed')),
    CONSTRAINT calendar_consents_code_check CHECK ((code IS NOT NULL) = (status = 'pending'))
);
CREATE INDEX calendar_consents_user_id_idx ON opencalendly.calendar_consents (user_id);
CREATE INDEX calendar_consents_pending_idx ON opencalendly.calendar_consents (id) WHERE status = 'pending';
CREATE INDEX calendar_consents_expires_at_idx ON opencalendly.calendar_consents (expires_at);
COMMENT ON TABLE opencalendly.calendar_consents IS 'hosts on their way to a connection; good for 10 minutes and one use';
COMMENT ON COLUMN opencalendly.calendar_consents.status IS
    'asked: the host is at the provider; pending: a worker is to exchange the code; succeeded: connection_id is there; failed: error_code and error say why';
COMMENT ON COLUMN opencalendly.calendar_consents.code IS 'what the provider gave, sealed, until a worker has exchanged it';

-- A meeting's event in a host's calendar, from when it is to be written until it is to be deleted. The name of the event is
-- made once; whoever writes it again writes the same event.
CREATE TABLE opencalendly.calendar_entries (
    id uuid CONSTRAINT calendar_entries_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    external_id text NOT NULL,
    CONSTRAINT calendar_entries_calendar_id_fkey FOREIGN KEY (calendar_id, user_id)
        REFERENCES opencalendly.calendars (id, user_id) ON DELETE CASCADE,
    CONSTRAINT calendar_entries_user_id_meeting_id_key UNIQUE (user_id, meeting_id),
    CONSTRAINT calendar_entries_external_id_check CHECK (
        external_id ~ '^[a-v0-9]+$' AND pg_catalog.length(external_id) BETWEEN 5 AND 1024)
);
CREATE INDEX calendar_entries_calendar_id_idx ON opencalendly.calendar_entries (calendar_id, external_id);
COMMENT ON TABLE opencalendly.calendar_entries IS 'meetings in hosts'' calendars, until they are over for a month (prune_outbox)';
COMMENT ON COLUMN opencalendly.calendar_entries.meeting_id IS
    'the first booking of the chain of moves; of an event type with several seats the occurrence';
COMMENT ON COLUMN opencalendly.calendar_entries.external_id IS
    'the event''s id at the provider, made by us: "oc", the hex digits of the id of the booking for which it was first written, and the last 8 of the user''s';

CREATE TABLE opencalendly.calendar_writebacks (
    id uuid CONSTRAINT calendar_writebacks_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL,
    calendar_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    external_id text NOT NULL,
    booking_id uuid NOT NULL CONSTRAINT calendar_writebacks_booking_id_fkey REFERENCES opencalendly.bookings ON DELETE CASCADE,
    operation text NOT NULL,
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
    CONSTRAINT calendar_writebacks_calendar_id_fkey FOREIGN KEY (calendar_id, user_id)
        REFERENCES opencalendly.calendars (id, user_id) ON DELETE CASCADE,
    CONSTRAINT calendar_writebacks_operation_check CHECK (operation IN ('create', 'reschedule', 'cancel')),
    CONSTRAINT calendar_writebacks_status_check CHECK (status IN ('pending', 'leased', 'succeeded', 'failed', 'paused')),
    CONSTRAINT calendar_writebacks_attempt_check CHECK (attempt >= 0),
    CONSTRAINT calendar_writebacks_max_attempts_check CHECK (max_attempts > 0),
    CONSTRAINT calendar_writebacks_leased_until_check CHECK ((leased_until IS NOT NULL) = (status = 'leased')),
    CONSTRAINT calendar_writebacks_settled_at_check CHECK ((settled_at IS NOT NULL) = (status IN ('succeeded', 'failed')))
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX calendar_writebacks_open_idx ON opencalendly.calendar_writebacks (calendar_id, due_at, id) WHERE is_open;
CREATE INDEX calendar_writebacks_external_id_idx ON opencalendly.calendar_writebacks (calendar_id, external_id, id) WHERE is_open;
CREATE INDEX calendar_writebacks_booking_id_idx ON opencalendly.calendar_writebacks (booking_id);
CREATE INDEX calendar_writebacks_user_id_idx ON opencalendly.calendar_writebacks (user_id, id);
CREATE INDEX calendar_writebacks_stuck_idx ON opencalendly.calendar_writebacks (user_id, id) WHERE is_stuck;
COMMENT ON TABLE opencalendly.calendar_writebacks IS
    'what is to be written into a host''s calendar: a queue (48_outbox.sql), and afterwards the log; the words are made when it is sent';
COMMENT ON COLUMN opencalendly.calendar_writebacks.operation IS
    'create or reschedule: the event is to be as the booking is; cancel: it is to be gone';
