-- Who has taken which time. References go one way: bookings, holds and claims -> occurrences -> event_types.

CREATE TABLE opencalendly.occurrences (
    id uuid CONSTRAINT occurrences_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    event_type_id uuid NOT NULL CONSTRAINT occurrences_event_type_id_fkey REFERENCES opencalendly.event_types,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    seats integer NOT NULL,
    CONSTRAINT occurrences_id_seats_key UNIQUE (id, seats),
    CONSTRAINT occurrences_starts_at_check CHECK (pg_catalog.isfinite(starts_at)),
    CONSTRAINT occurrences_ends_at_check CHECK (pg_catalog.isfinite(ends_at) AND ends_at > starts_at),
    CONSTRAINT occurrences_seats_check CHECK (seats BETWEEN 1 AND 1000)
);
CREATE INDEX occurrences_event_type_id_starts_at_idx ON opencalendly.occurrences (event_type_id, starts_at);
COMMENT ON TABLE opencalendly.occurrences IS
    'one meeting [starts_at, ends_at), shared by its bookings; it owns one claim for each attending host';

-- The invariant of the whole system: a host's time is given once. No other unique key than id, no generated
-- column, so that INSERT ... ON CONFLICT DO NOTHING needs no arbiter but the exclusion constraint.
CREATE TABLE opencalendly.claims (
    id uuid CONSTRAINT claims_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    host_id uuid NOT NULL CONSTRAINT claims_host_id_fkey REFERENCES opencalendly.users,
    during tstzrange NOT NULL,
    occurrence_id uuid CONSTRAINT claims_occurrence_id_fkey REFERENCES opencalendly.occurrences ON DELETE CASCADE,
    expires_at timestamptz,
    CONSTRAINT claims_during_check CHECK (
        NOT pg_catalog.isempty(during)
        AND pg_catalog.lower_inc(during) AND NOT pg_catalog.upper_inc(during)
        AND NOT pg_catalog.lower_inf(during) AND NOT pg_catalog.upper_inf(during)
        AND pg_catalog.isfinite(pg_catalog.lower(during)) AND pg_catalog.isfinite(pg_catalog.upper(during))),
    CONSTRAINT claims_no_overlap EXCLUDE USING gist (host_id WITH =, during WITH &&)
);
-- Hosts' busy time is read from this index alone: in half the time that the constraint's own takes. The ends are keys, so
-- that what the range does not meet is passed over in the index; during is there for the planner to see that it need not
-- look at the table.
CREATE INDEX claims_host_id_idx ON opencalendly.claims
    (host_id, pg_catalog.upper(during), pg_catalog.lower(during)) INCLUDE (during, occurrence_id, expires_at);
CREATE INDEX claims_occurrence_id_idx ON opencalendly.claims (occurrence_id);
CREATE INDEX claims_expiring_idx ON opencalendly.claims (host_id, expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE opencalendly.claims IS
    'a host''s time taken by a booking or a hold, buffers included; no two claims of one host overlap';
COMMENT ON COLUMN opencalendly.claims.during IS '[start - buffer before, end + buffer after), both ends finite';
COMMENT ON COLUMN opencalendly.claims.occurrence_id IS 'the meeting it belongs to; null = put in by hand';
COMMENT ON COLUMN opencalendly.claims.expires_at IS
    'while holds alone keep it: when the last of them ends, and with it the claim; null once booked';

CREATE TABLE opencalendly.holds (
    id uuid CONSTRAINT holds_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    token_hash bytea NOT NULL CONSTRAINT holds_token_hash_key UNIQUE,
    event_type_id uuid NOT NULL CONSTRAINT holds_event_type_id_fkey REFERENCES opencalendly.event_types,
    occurrence_id uuid NOT NULL,
    seats integer NOT NULL,
    seat_no integer NOT NULL,
    client text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT holds_occurrence_id_fkey FOREIGN KEY (occurrence_id, seats)
        REFERENCES opencalendly.occurrences (id, seats) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT holds_seat_key UNIQUE (occurrence_id, seat_no),
    CONSTRAINT holds_seat_no_check CHECK (seat_no BETWEEN 1 AND seats),
    CONSTRAINT holds_token_hash_check CHECK (pg_catalog.length(token_hash) = 32),
    CONSTRAINT holds_client_check CHECK (pg_catalog.length(client) BETWEEN 1 AND 200),
    CONSTRAINT holds_expires_at_check CHECK (
        expires_at > created_at AND expires_at <= created_at + interval '10 minutes')
);
CREATE INDEX holds_event_type_id_idx ON opencalendly.holds (event_type_id, expires_at);
CREATE INDEX holds_client_idx ON opencalendly.holds (client, expires_at);
COMMENT ON TABLE opencalendly.holds IS
    'a seat kept for a few minutes while the invitee types; the token is stored as its SHA-256';

CREATE TABLE opencalendly.bookings (
    id uuid CONSTRAINT bookings_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    event_type_id uuid NOT NULL CONSTRAINT bookings_event_type_id_fkey REFERENCES opencalendly.event_types,
    organizer_id uuid NOT NULL CONSTRAINT bookings_organizer_id_fkey REFERENCES opencalendly.users,
    host_ids uuid[],
    occurrence_id uuid NOT NULL,
    seats integer NOT NULL,
    seat_no integer NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'confirmed',
    invitee_name text NOT NULL,
    invitee_email text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    language text NOT NULL DEFAULT 'en',
    answers jsonb NOT NULL DEFAULT '{}',
    link_key_id integer NOT NULL,
    rescheduled_from uuid CONSTRAINT bookings_rescheduled_from_fkey REFERENCES opencalendly.bookings,
    sequence integer NOT NULL DEFAULT 0,
    cancel_reason text,
    canceled_by text,
    canceled_at timestamptz,
    no_show_at timestamptz,
    meeting_url text,
    created_at timestamptz NOT NULL,
    CONSTRAINT bookings_occurrence_id_fkey FOREIGN KEY (occurrence_id, seats)
        REFERENCES opencalendly.occurrences (id, seats) ON UPDATE CASCADE,
    CONSTRAINT bookings_rescheduled_from_key UNIQUE (rescheduled_from),
    CONSTRAINT bookings_host_ids_check CHECK (
        host_ids IS NULL OR pg_catalog.cardinality(host_ids) > 0 AND host_ids[1] = organizer_id
        AND pg_catalog.array_position(host_ids, NULL) IS NULL),
    CONSTRAINT bookings_seat_no_check CHECK (seat_no BETWEEN 1 AND seats),
    CONSTRAINT bookings_starts_at_check CHECK (pg_catalog.isfinite(starts_at)),
    CONSTRAINT bookings_ends_at_check CHECK (pg_catalog.isfinite(ends_at) AND ends_at > starts_at),
    CONSTRAINT bookings_status_check CHECK (status IN ('confirmed', 'pending', 'canceled', 'rescheduled')),
    CONSTRAINT bookings_invitee_name_check CHECK (
        pg_catalog.length(invitee_name) <= 120 AND pg_catalog.btrim(invitee_name) <> ''
        AND invitee_name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT bookings_invitee_email_check CHECK (
        invitee_email ~ '^[^\u0001-\u0020\u007f-\u009f@]+@[^\u0001-\u0020\u007f-\u009f@]+$'
        AND pg_catalog.length(invitee_email) <= 320
        AND invitee_email = pg_catalog.lower(invitee_email COLLATE "C")),
    CONSTRAINT bookings_timezone_check CHECK (opencalendly.is_timezone(timezone)),
    CONSTRAINT bookings_language_check CHECK (language IN ('en', 'de')),
    CONSTRAINT bookings_answers_check CHECK (pg_catalog.jsonb_typeof(answers) = 'object'),
    CONSTRAINT bookings_cancel_reason_check CHECK (pg_catalog.length(cancel_reason) <= 500),
    CONSTRAINT bookings_canceled_by_check CHECK (canceled_by IN ('invitee', 'host')),
    CONSTRAINT bookings_meeting_url_check CHECK (pg_catalog.length(meeting_url) <= 500 AND meeting_url ~ '^https://[^[:space:][:cntrl:]]+$'),
    CONSTRAINT bookings_canceled_at_check CHECK ((status = 'canceled') = (canceled_at IS NOT NULL))
);
-- A seat is sold once. (That a live hold has another seat than every live booking is kept by the writers, under the
-- hosts' locks.)
CREATE UNIQUE INDEX bookings_seat_key ON opencalendly.bookings (occurrence_id, seat_no)
    WHERE status IN ('confirmed', 'pending');
CREATE INDEX bookings_occurrence_id_idx ON opencalendly.bookings (occurrence_id);
CREATE INDEX bookings_event_type_id_starts_at_idx ON opencalendly.bookings (event_type_id, starts_at)
    WHERE status IN ('confirmed', 'pending');
CREATE INDEX bookings_organizer_id_starts_at_idx ON opencalendly.bookings (organizer_id, starts_at);
CREATE INDEX bookings_invitee_email_idx ON opencalendly.bookings (invitee_email, starts_at)
    WHERE status IN ('confirmed', 'pending');
CREATE INDEX bookings_host_ids_idx ON opencalendly.bookings USING gin (host_ids) WHERE host_ids IS NOT NULL;
COMMENT ON TABLE opencalendly.bookings IS
    'who has booked what; a moved booking stays as rescheduled, and its successor names it in rescheduled_from';
COMMENT ON COLUMN opencalendly.bookings.meeting_url IS
    'of an event type with a conference: where it takes place, once the organizer''s calendar has made it';
COMMENT ON COLUMN opencalendly.bookings.organizer_id IS 'the host; of a team''s booking the first one';
COMMENT ON COLUMN opencalendly.bookings.host_ids IS
    'the hosts that a team''s booking was made with, whatever became of it; null = organizer_id alone';
COMMENT ON COLUMN opencalendly.bookings.sequence IS
    'how often the meeting has been moved up to here; what tells of it (webhooks) counts a cancelation as one more';
COMMENT ON COLUMN opencalendly.bookings.language IS 'what the invitee''s mails are written in';
COMMENT ON COLUMN opencalendly.bookings.link_key_id IS
    'the key of the secret key file from which this booking''s links are derived';

CREATE TABLE opencalendly.idempotency_keys (
    operation text NOT NULL,
    subject_id uuid NOT NULL,
    key_hash bytea NOT NULL,
    request_hash bytea NOT NULL,
    booking_id uuid NOT NULL CONSTRAINT idempotency_keys_booking_id_fkey
        REFERENCES opencalendly.bookings ON DELETE CASCADE,
    status text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (operation, subject_id, key_hash)
);
CREATE INDEX idempotency_keys_booking_id_idx ON opencalendly.idempotency_keys (booking_id);
CREATE INDEX idempotency_keys_expires_at_idx ON opencalendly.idempotency_keys (expires_at);
COMMENT ON TABLE opencalendly.idempotency_keys IS
    'answers given under an idempotency key, kept 24 hours; key and request are stored as SHA-256, tokens are derived again';
COMMENT ON COLUMN opencalendly.idempotency_keys.subject_id IS 'what the key was used on: an event type';
COMMENT ON COLUMN opencalendly.idempotency_keys.status IS 'the booking''s status in the first answer';

-- Which clusters this database's rows have lived in. A fresh install has one row, its own; a restored dump brings
-- another, and is a copy that sends nothing until adopt_outbox(). No key: a dump restored where it came from brings the
-- row that CREATE EXTENSION has just made, and is no copy.
CREATE TABLE opencalendly.installations (
    system_identifier bigint NOT NULL,
    database_oid oid NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE opencalendly.installations IS 'clusters and databases that these rows have lived in';
INSERT INTO opencalendly.installations (system_identifier, database_oid)
    SELECT c.system_identifier, d.oid
    FROM pg_catalog.pg_control_system() AS c, pg_catalog.pg_database AS d
    WHERE d.datname = pg_catalog.current_database();
