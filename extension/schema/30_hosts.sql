-- Who can be booked, when and for what. Every limit of a value is a constraint here, and the constraint's
-- comment is "field: what it must be": the functions in 60_manage.sql make their OC006 errors out of it.

CREATE TABLE opencalendly.users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    username text NOT NULL CONSTRAINT users_username_key UNIQUE,
    email text NOT NULL CONSTRAINT users_email_key UNIQUE,
    display_name text,
    timezone text NOT NULL DEFAULT 'UTC',
    language text NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT users_username_check CHECK (
        username ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND pg_catalog.length(username) BETWEEN 3 AND 64
        AND username <> ALL (ARRAY['admin', 'api', 'www', 'support', 'login', 'settings', 'assets', 'static',
            'demo-team', 'team', 'bookings', 'auth', 'console', 'health', 'ready', 'metrics', 'embed'])
        -- what a deleted user is called must be free when they go
        AND (username !~ '^deleted-[0-9a-f]{32}$' OR username = 'deleted-' || pg_catalog.translate(id::text, '-', ''))),
    CONSTRAINT users_email_check CHECK (
        email ~ '^[^\u0001-\u0020\u007f-\u009f@]+@[^\u0001-\u0020\u007f-\u009f@]+$' AND pg_catalog.length(email) <= 320
        AND email = pg_catalog.lower(email COLLATE "C")),
    CONSTRAINT users_display_name_check CHECK (
        pg_catalog.length(display_name) <= 120 AND pg_catalog.btrim(display_name) <> ''
        AND display_name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT users_timezone_check CHECK (opencalendly.is_timezone(timezone)),
    CONSTRAINT users_language_check CHECK (language IN ('en', 'de'))
);
COMMENT ON TABLE opencalendly.users IS 'hosts and organizers: people whose time can be booked';
COMMENT ON COLUMN opencalendly.users.timezone IS 'zone of the default schedule, of days in caps and of the host''s mails';
COMMENT ON CONSTRAINT users_username_check ON opencalendly.users IS
    'username: must be 3 to 64 characters of a-z, 0-9 and single hyphens between them, and not a reserved word';
COMMENT ON CONSTRAINT users_email_check ON opencalendly.users IS
    'email: must be an address of at most 320 characters, in lower case';
COMMENT ON CONSTRAINT users_display_name_check ON opencalendly.users IS
    'display_name: must be 1 to 120 characters without control characters';
COMMENT ON COLUMN opencalendly.users.language IS 'of mails to the user: en or de';
COMMENT ON CONSTRAINT users_timezone_check ON opencalendly.users IS
    'timezone: must be a zone name of the tz database';
COMMENT ON CONSTRAINT users_language_check ON opencalendly.users IS 'language: must be en or de';

-- A username that was given up stays its owner's: nobody else can take it, and links to it redirect.
CREATE TABLE opencalendly.former_usernames (
    username text CONSTRAINT former_usernames_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT former_usernames_user_id_fkey
        REFERENCES opencalendly.users ON DELETE CASCADE,
    released_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE opencalendly.former_usernames IS 'usernames that were given up; each stays reserved for its owner';
CREATE INDEX former_usernames_user_id_idx ON opencalendly.former_usernames (user_id);

CREATE TABLE opencalendly.schedules (
    id uuid CONSTRAINT schedules_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT schedules_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    name text NOT NULL,
    timezone text,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT schedules_id_user_id_key UNIQUE (id, user_id),
    CONSTRAINT schedules_user_id_name_key UNIQUE (user_id, name),
    CONSTRAINT schedules_name_check CHECK (
        pg_catalog.length(name) <= 120 AND pg_catalog.btrim(name) <> '' AND name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT schedules_timezone_check CHECK (
        CASE WHEN is_default THEN timezone IS NULL
             ELSE timezone IS NOT NULL AND opencalendly.is_timezone(timezone) END)
);
CREATE UNIQUE INDEX schedules_one_default ON opencalendly.schedules (user_id) WHERE is_default;
COMMENT ON TABLE opencalendly.schedules IS 'named weekly hours; each user has one default, an event type may name another';
COMMENT ON COLUMN opencalendly.schedules.timezone IS
    'zone of the wall-clock minutes of its rules; null in the default schedule, whose zone is users.timezone';
COMMENT ON CONSTRAINT schedules_name_check ON opencalendly.schedules IS
    'name: must be 1 to 120 characters without control characters';
COMMENT ON CONSTRAINT schedules_timezone_check ON opencalendly.schedules IS
    'timezone: must be a zone name of the tz database, and null in the default schedule (its zone is the user''s)';

CREATE TABLE opencalendly.event_types (
    id uuid CONSTRAINT event_types_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT event_types_user_id_fkey REFERENCES opencalendly.users,
    name text NOT NULL DEFAULT 'Meeting',
    slug text NOT NULL,
    description text,
    duration_minutes integer NOT NULL,
    location_type text NOT NULL DEFAULT 'video',
    location_value text,
    conference text,
    questions jsonb NOT NULL DEFAULT '[]',
    cancellation_policy text,
    slot_interval_minutes integer NOT NULL DEFAULT 15,
    buffer_before_minutes integer,
    buffer_after_minutes integer,
    min_notice_minutes integer NOT NULL DEFAULT 0,
    max_days_ahead integer,
    bookable_from date,
    bookable_until date,
    daily_booking_limit integer,
    weekly_booking_limit integer,
    monthly_booking_limit integer,
    seats integer NOT NULL DEFAULT 1,
    schedule_id uuid,
    is_active boolean NOT NULL DEFAULT true,
    is_hidden boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    deleted_at timestamptz,
    CONSTRAINT event_types_user_id_slug_key UNIQUE (user_id, slug),
    CONSTRAINT event_types_schedule_id_fkey FOREIGN KEY (schedule_id, user_id)
        REFERENCES opencalendly.schedules (id, user_id),
    CONSTRAINT event_types_name_check CHECK (
        pg_catalog.length(name) <= 120 AND pg_catalog.btrim(name) <> '' AND name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT event_types_slug_check CHECK (
        slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND pg_catalog.length(slug) BETWEEN 2 AND 80),
    CONSTRAINT event_types_description_check CHECK (pg_catalog.length(description) <= 2000),
    CONSTRAINT event_types_duration_minutes_check CHECK (duration_minutes BETWEEN 5 AND 1440),
    CONSTRAINT event_types_location_type_check CHECK (
        location_type IN ('video', 'phone', 'in_person', 'custom')),
    CONSTRAINT event_types_location_value_check CHECK (pg_catalog.length(location_value) <= 500),
    -- what is no type at all is the other constraint's to refuse
    CONSTRAINT event_types_conference_check CHECK (
        conference IS NULL OR conference = 'google_meet' AND location_type NOT IN ('phone', 'in_person', 'custom')),
    CONSTRAINT event_types_questions_check CHECK (opencalendly.are_questions(questions)),
    CONSTRAINT event_types_cancellation_policy_check CHECK (pg_catalog.length(cancellation_policy) <= 2000),
    CONSTRAINT event_types_slot_interval_minutes_check CHECK (slot_interval_minutes BETWEEN 5 AND 240),
    CONSTRAINT event_types_buffer_before_minutes_check CHECK (buffer_before_minutes BETWEEN 0 AND 180),
    CONSTRAINT event_types_buffer_after_minutes_check CHECK (buffer_after_minutes BETWEEN 0 AND 180),
    CONSTRAINT event_types_min_notice_minutes_check CHECK (min_notice_minutes BETWEEN 0 AND 43200),
    CONSTRAINT event_types_max_days_ahead_check CHECK (max_days_ahead BETWEEN 1 AND 366),
    CONSTRAINT event_types_bookable_from_check CHECK (
        pg_catalog.isfinite(bookable_from) AND bookable_from BETWEEN '1970-01-01' AND '9999-12-31'),
    CONSTRAINT event_types_bookable_until_check CHECK (
        pg_catalog.isfinite(bookable_until) AND bookable_until BETWEEN '1970-01-01' AND '9999-12-31'
        AND (bookable_from IS NULL OR bookable_until >= bookable_from)),
    CONSTRAINT event_types_daily_booking_limit_check CHECK (daily_booking_limit BETWEEN 1 AND 1000),
    CONSTRAINT event_types_weekly_booking_limit_check CHECK (weekly_booking_limit BETWEEN 1 AND 1000),
    CONSTRAINT event_types_monthly_booking_limit_check CHECK (monthly_booking_limit BETWEEN 1 AND 1000),
    CONSTRAINT event_types_seats_check CHECK (seats BETWEEN 1 AND 1000),
    CONSTRAINT event_types_deleted_at_check CHECK (deleted_at IS NULL OR NOT is_active)
);
COMMENT ON TABLE opencalendly.event_types IS 'what can be booked with a host, and under which limits';
COMMENT ON COLUMN opencalendly.event_types.slot_interval_minutes IS 'distance of the starts on the grid, minutes';
COMMENT ON COLUMN opencalendly.event_types.buffer_before_minutes IS
    'minutes that must be free of busy time before a slot; null = those of the rule that the slot comes from';
COMMENT ON COLUMN opencalendly.event_types.buffer_after_minutes IS
    'minutes that must be free of busy time after a slot; null = those of the rule that the slot comes from';
COMMENT ON COLUMN opencalendly.event_types.max_days_ahead IS
    'a slot''s local date is at most this many days after today''s, in the schedule''s zone; null = no horizon';
COMMENT ON COLUMN opencalendly.event_types.seats IS 'how many invitees share one meeting; more than 1 = group event';
COMMENT ON COLUMN opencalendly.event_types.cancellation_policy IS 'what invitees are told about canceling, before they book';
COMMENT ON COLUMN opencalendly.event_types.deleted_at IS
    'when it was deleted; the row stays for the bookings that name it, inactive, hidden and under another slug; null = not';
COMMENT ON COLUMN opencalendly.event_types.schedule_id IS 'a named schedule of the same user; null = the default one';
COMMENT ON CONSTRAINT event_types_name_check ON opencalendly.event_types IS
    'name: must be 1 to 120 characters without control characters';
COMMENT ON CONSTRAINT event_types_slug_check ON opencalendly.event_types IS
    'slug: must be 2 to 80 characters of a-z, 0-9 and single hyphens between them';
COMMENT ON CONSTRAINT event_types_description_check ON opencalendly.event_types IS
    'description: must be at most 2000 characters';
COMMENT ON CONSTRAINT event_types_duration_minutes_check ON opencalendly.event_types IS
    'duration_minutes: must be from 5 to 1440';
COMMENT ON CONSTRAINT event_types_location_type_check ON opencalendly.event_types IS
    'location_type: must be video, phone, in_person or custom';
COMMENT ON CONSTRAINT event_types_location_value_check ON opencalendly.event_types IS
    'location_value: must be at most 500 characters';
COMMENT ON CONSTRAINT event_types_conference_check ON opencalendly.event_types IS
    'conference: must be google_meet, of an event type by video';
COMMENT ON COLUMN opencalendly.event_types.conference IS
    'google_meet: each booking gets a link of its own, made with the event in the organizer''s calendar; null = location_value holds';
COMMENT ON CONSTRAINT event_types_questions_check ON opencalendly.event_types IS
    'questions: must be a list of at most 20 objects {id, label, required?, placeholder?}: id 1 to 64 of A-Z a-z 0-9 _ - and used once, label 1 to 120 characters, required a boolean, placeholder at most 160 characters';
COMMENT ON CONSTRAINT event_types_cancellation_policy_check ON opencalendly.event_types IS
    'cancellation_policy: must be at most 2000 characters';
COMMENT ON CONSTRAINT event_types_slot_interval_minutes_check ON opencalendly.event_types IS
    'slot_interval_minutes: must be from 5 to 240';
COMMENT ON CONSTRAINT event_types_buffer_before_minutes_check ON opencalendly.event_types IS
    'buffer_before_minutes: must be from 0 to 180';
COMMENT ON CONSTRAINT event_types_buffer_after_minutes_check ON opencalendly.event_types IS
    'buffer_after_minutes: must be from 0 to 180';
COMMENT ON CONSTRAINT event_types_min_notice_minutes_check ON opencalendly.event_types IS
    'min_notice_minutes: must be from 0 to 43200';
COMMENT ON CONSTRAINT event_types_max_days_ahead_check ON opencalendly.event_types IS
    'max_days_ahead: must be from 1 to 366';
COMMENT ON CONSTRAINT event_types_bookable_from_check ON opencalendly.event_types IS
    'bookable_from: must be a date from 1970-01-01 to 9999-12-31';
COMMENT ON CONSTRAINT event_types_bookable_until_check ON opencalendly.event_types IS
    'bookable_until: must be a date from 1970-01-01 to 9999-12-31, not before bookable_from';
COMMENT ON CONSTRAINT event_types_daily_booking_limit_check ON opencalendly.event_types IS
    'daily_booking_limit: must be from 1 to 1000';
COMMENT ON CONSTRAINT event_types_weekly_booking_limit_check ON opencalendly.event_types IS
    'weekly_booking_limit: must be from 1 to 1000';
COMMENT ON CONSTRAINT event_types_monthly_booking_limit_check ON opencalendly.event_types IS
    'monthly_booking_limit: must be from 1 to 1000';
COMMENT ON CONSTRAINT event_types_seats_check ON opencalendly.event_types IS
    'seats: must be from 1 to 1000';
COMMENT ON CONSTRAINT event_types_schedule_id_fkey ON opencalendly.event_types IS
    'schedule_id: must be a schedule of the same user';
CREATE INDEX event_types_schedule_id_idx ON opencalendly.event_types (schedule_id);

CREATE TABLE opencalendly.availability_rules (
    id uuid CONSTRAINT availability_rules_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    schedule_id uuid NOT NULL CONSTRAINT availability_rules_schedule_id_fkey
        REFERENCES opencalendly.schedules ON DELETE CASCADE,
    day_of_week integer NOT NULL,
    start_minute integer NOT NULL,
    end_minute integer NOT NULL,
    buffer_before_minutes integer NOT NULL DEFAULT 0,
    buffer_after_minutes integer NOT NULL DEFAULT 0,
    CONSTRAINT availability_rules_day_of_week_check CHECK (day_of_week BETWEEN 0 AND 6),
    CONSTRAINT availability_rules_start_minute_check CHECK (start_minute BETWEEN 0 AND 1439),
    CONSTRAINT availability_rules_end_minute_check CHECK (
        end_minute BETWEEN 1 AND 1440 AND end_minute > start_minute),
    CONSTRAINT availability_rules_buffer_before_minutes_check CHECK (buffer_before_minutes BETWEEN 0 AND 180),
    CONSTRAINT availability_rules_buffer_after_minutes_check CHECK (buffer_after_minutes BETWEEN 0 AND 180)
);
CREATE INDEX availability_rules_schedule_id_idx ON opencalendly.availability_rules (schedule_id);
COMMENT ON TABLE opencalendly.availability_rules IS
    'weekly hours: on each such weekday the instants whose wall clock in the schedule''s zone is in [start_minute, end_minute)';
COMMENT ON COLUMN opencalendly.availability_rules.day_of_week IS '0 = Sunday ... 6 = Saturday';
COMMENT ON CONSTRAINT availability_rules_day_of_week_check ON opencalendly.availability_rules IS
    'day_of_week: must be from 0 (Sunday) to 6 (Saturday)';
COMMENT ON CONSTRAINT availability_rules_start_minute_check ON opencalendly.availability_rules IS
    'start_minute: must be from 0 to 1439';
COMMENT ON CONSTRAINT availability_rules_end_minute_check ON opencalendly.availability_rules IS
    'end_minute: must be from 1 to 1440 and after the start';
COMMENT ON CONSTRAINT availability_rules_buffer_before_minutes_check ON opencalendly.availability_rules IS
    'buffer_before_minutes: must be from 0 to 180';
COMMENT ON CONSTRAINT availability_rules_buffer_after_minutes_check ON opencalendly.availability_rules IS
    'buffer_after_minutes: must be from 0 to 180';

CREATE TABLE opencalendly.availability_overrides (
    id uuid CONSTRAINT availability_overrides_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    user_id uuid NOT NULL CONSTRAINT availability_overrides_user_id_fkey
        REFERENCES opencalendly.users ON DELETE CASCADE,
    schedule_id uuid,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    is_available boolean NOT NULL,
    replaces_day boolean NOT NULL DEFAULT false,
    reason text,
    source text NOT NULL DEFAULT 'manual',
    source_key text,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT availability_overrides_schedule_id_fkey FOREIGN KEY (schedule_id, user_id)
        REFERENCES opencalendly.schedules (id, user_id) ON DELETE CASCADE,
    CONSTRAINT availability_overrides_starts_at_check CHECK (pg_catalog.isfinite(starts_at)),
    CONSTRAINT availability_overrides_ends_at_check CHECK (
        pg_catalog.isfinite(ends_at) AND ends_at > starts_at),
    CONSTRAINT availability_overrides_replaces_day_check CHECK (is_available OR NOT replaces_day),
    CONSTRAINT availability_overrides_reason_check CHECK (pg_catalog.length(reason) <= 300)
);
CREATE INDEX availability_overrides_user_id_ends_at_idx
    ON opencalendly.availability_overrides (user_id, ends_at);
CREATE INDEX availability_overrides_schedule_id_idx ON opencalendly.availability_overrides (schedule_id);
COMMENT ON TABLE opencalendly.availability_overrides IS
    'ranges of instants that add time to or block time of a schedule; with schedule_id null, of all the user''s schedules';
COMMENT ON COLUMN opencalendly.availability_overrides.replaces_day IS
    'on the local dates that this added range touches the weekly rules give nothing';
COMMENT ON CONSTRAINT availability_overrides_starts_at_check ON opencalendly.availability_overrides IS
    'starts_at: must be finite';
COMMENT ON CONSTRAINT availability_overrides_ends_at_check ON opencalendly.availability_overrides IS
    'ends_at: must be finite and after the start';
COMMENT ON CONSTRAINT availability_overrides_replaces_day_check ON opencalendly.availability_overrides IS
    'replaces_day: must be false on an override that blocks';
COMMENT ON CONSTRAINT availability_overrides_reason_check ON opencalendly.availability_overrides IS
    'reason: must be at most 300 characters';
