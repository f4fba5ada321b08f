-- Teams: who is in them, which event types they offer, who was picked and why. References go one way: everything here ->
-- users, schedules, event_types, bookings.

CREATE TABLE opencalendly.teams (
    id uuid CONSTRAINT teams_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    owner_id uuid NOT NULL CONSTRAINT teams_owner_id_fkey REFERENCES opencalendly.users,
    name text NOT NULL,
    slug text NOT NULL CONSTRAINT teams_slug_key UNIQUE,
    last_position integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT teams_name_check CHECK (
        pg_catalog.length(name) <= 120 AND pg_catalog.btrim(name) <> '' AND name !~ '[\u0001-\u001f\u007f-\u009f]'),
    CONSTRAINT teams_slug_check CHECK (
        slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND pg_catalog.length(slug) BETWEEN 2 AND 80),
    CONSTRAINT teams_last_position_check CHECK (last_position >= 0)
);
CREATE INDEX teams_owner_id_idx ON opencalendly.teams (owner_id);
COMMENT ON TABLE opencalendly.teams IS 'hosts who are booked together or in turn';
COMMENT ON COLUMN opencalendly.teams.owner_id IS
    'a member, and whose the team''s event types are (kept so by the functions: a foreign key would go round in a circle)';
COMMENT ON COLUMN opencalendly.teams.last_position IS 'the highest position ever given to a member';
COMMENT ON CONSTRAINT teams_name_check ON opencalendly.teams IS
    'name: must be 1 to 120 characters without control characters';
COMMENT ON CONSTRAINT teams_slug_check ON opencalendly.teams IS
    'slug: must be 2 to 80 characters of a-z, 0-9 and single hyphens between them';

-- Membership is by consent: a pending member is neither scheduled nor required.
CREATE TABLE opencalendly.team_members (
    id uuid CONSTRAINT team_members_pkey PRIMARY KEY DEFAULT opencalendly.uuid_generate_v7(),
    team_id uuid NOT NULL CONSTRAINT team_members_team_id_fkey REFERENCES opencalendly.teams ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT team_members_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    role text NOT NULL DEFAULT 'member',
    status text NOT NULL DEFAULT 'pending',
    position integer NOT NULL,
    weight integer NOT NULL DEFAULT 100,
    priority integer NOT NULL DEFAULT 2,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT team_members_team_id_user_id_key UNIQUE (team_id, user_id),
    CONSTRAINT team_members_team_id_position_key UNIQUE (team_id, position),
    CONSTRAINT team_members_role_check CHECK (role IN ('owner', 'member')),
    CONSTRAINT team_members_status_check CHECK (status IN ('pending', 'active')),
    CONSTRAINT team_members_position_check CHECK (position > 0),
    CONSTRAINT team_members_weight_check CHECK (weight BETWEEN 1 AND 1000),
    CONSTRAINT team_members_priority_check CHECK (priority BETWEEN 0 AND 4)
);
CREATE INDEX team_members_user_id_idx ON opencalendly.team_members (user_id);
COMMENT ON TABLE opencalendly.team_members IS 'who is in a team (active), or has been asked (pending)';
COMMENT ON COLUMN opencalendly.team_members.position IS
    'place in the round robin''s order; never given again, so that members may come and go';
COMMENT ON COLUMN opencalendly.team_members.weight IS 'share of a weighted round robin, relative to the others''';
COMMENT ON COLUMN opencalendly.team_members.priority IS
    'level of a least_recent or weighted round robin: only the free members of the highest one are picked from';
COMMENT ON CONSTRAINT team_members_role_check ON opencalendly.team_members IS 'role: must be owner or member';
COMMENT ON CONSTRAINT team_members_weight_check ON opencalendly.team_members IS 'weight: must be from 1 to 1000';
COMMENT ON CONSTRAINT team_members_priority_check ON opencalendly.team_members IS 'priority: must be from 0 to 4';

-- An event type of a team is an event type of the team's owner and a row here, under the same id.
CREATE TABLE opencalendly.team_event_types (
    event_type_id uuid CONSTRAINT team_event_types_pkey PRIMARY KEY
        CONSTRAINT team_event_types_event_type_id_fkey REFERENCES opencalendly.event_types ON DELETE CASCADE,
    team_id uuid NOT NULL CONSTRAINT team_event_types_team_id_fkey REFERENCES opencalendly.teams,
    mode text NOT NULL,
    assignment text NOT NULL DEFAULT 'cursor',
    all_members boolean NOT NULL DEFAULT true,
    round_robin_cursor integer NOT NULL DEFAULT 0,
    last_entry bigint NOT NULL DEFAULT 0,
    CONSTRAINT team_event_types_event_type_id_team_id_key UNIQUE (event_type_id, team_id),
    CONSTRAINT team_event_types_mode_check CHECK (mode IN ('round_robin', 'collective')),
    CONSTRAINT team_event_types_assignment_check CHECK (assignment IN ('cursor', 'least_recent', 'weighted')),
    CONSTRAINT team_event_types_round_robin_cursor_check CHECK (round_robin_cursor >= 0),
    CONSTRAINT team_event_types_last_entry_check CHECK (last_entry >= 0)
);
CREATE INDEX team_event_types_team_id_idx ON opencalendly.team_event_types (team_id);
COMMENT ON TABLE opencalendly.team_event_types IS 'how a team''s event type finds its hosts';
COMMENT ON COLUMN opencalendly.team_event_types.mode IS
    'collective: every required member attends; round_robin: every required member, and one of the others in turn';
COMMENT ON COLUMN opencalendly.team_event_types.assignment IS
    'which free member a round robin picks: the next by position (cursor), the one not picked for longest (least_recent), by weight (weighted)';
COMMENT ON COLUMN opencalendly.team_event_types.all_members IS
    'whether active members without a row in team_event_type_members take part, too: in the pool of a round robin, required in a collective';
COMMENT ON COLUMN opencalendly.team_event_types.round_robin_cursor IS
    'position of the member whom the rule cursor has picked last; 0 = none yet';
COMMENT ON COLUMN opencalendly.team_event_types.last_entry IS 'entry_no of the last entry in team_ledger';
COMMENT ON CONSTRAINT team_event_types_mode_check ON opencalendly.team_event_types IS
    'mode: must be round_robin or collective';
COMMENT ON CONSTRAINT team_event_types_assignment_check ON opencalendly.team_event_types IS
    'assignment: must be cursor, least_recent or weighted';
COMMENT ON CONSTRAINT team_event_types_round_robin_cursor_check ON opencalendly.team_event_types IS
    'round_robin_cursor: must be 0 or more';

CREATE TABLE opencalendly.team_event_type_members (
    event_type_id uuid NOT NULL,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    is_required boolean NOT NULL,
    schedule_id uuid,
    weight integer,
    priority integer,
    CONSTRAINT team_event_type_members_pkey PRIMARY KEY (event_type_id, user_id),
    CONSTRAINT team_event_type_members_event_type_id_fkey FOREIGN KEY (event_type_id, team_id)
        REFERENCES opencalendly.team_event_types (event_type_id, team_id) ON DELETE CASCADE,
    CONSTRAINT team_event_type_members_user_id_fkey FOREIGN KEY (team_id, user_id)
        REFERENCES opencalendly.team_members (team_id, user_id) ON DELETE CASCADE,
    CONSTRAINT team_event_type_members_schedule_id_fkey FOREIGN KEY (schedule_id, user_id)
        REFERENCES opencalendly.schedules (id, user_id),
    CONSTRAINT team_event_type_members_weight_check CHECK (weight BETWEEN 1 AND 1000),
    CONSTRAINT team_event_type_members_priority_check CHECK (priority BETWEEN 0 AND 4)
);
CREATE INDEX team_event_type_members_user_id_idx ON opencalendly.team_event_type_members (team_id, user_id);
CREATE INDEX team_event_type_members_schedule_id_idx ON opencalendly.team_event_type_members (schedule_id);
COMMENT ON TABLE opencalendly.team_event_type_members IS 'members'' parts in a team''s event type';
COMMENT ON COLUMN opencalendly.team_event_type_members.is_required IS
    'true: attends every meeting; false: in the pool of a round robin, not needed in a collective';
COMMENT ON COLUMN opencalendly.team_event_type_members.schedule_id IS
    'a named schedule of the member; null = their default one';
COMMENT ON COLUMN opencalendly.team_event_type_members.weight IS 'null = the one in team_members';
COMMENT ON COLUMN opencalendly.team_event_type_members.priority IS 'null = the one in team_members';
COMMENT ON CONSTRAINT team_event_type_members_user_id_fkey ON opencalendly.team_event_type_members IS
    'user_id: must be a member of the team';
COMMENT ON CONSTRAINT team_event_type_members_schedule_id_fkey ON opencalendly.team_event_type_members IS
    'schedule_id: must be a schedule of the member';
COMMENT ON CONSTRAINT team_event_type_members_weight_check ON opencalendly.team_event_type_members IS
    'weight: must be from 1 to 1000';
COMMENT ON CONSTRAINT team_event_type_members_priority_check ON opencalendly.team_event_type_members IS
    'priority: must be from 0 to 4';

-- One row for each host of a live booking of a team, beside the host's claim; both go when the booking is canceled or
-- moved. Whom a booking was made with stays in bookings.host_ids.
CREATE TABLE opencalendly.team_booking_assignments (
    booking_id uuid NOT NULL CONSTRAINT team_booking_assignments_booking_id_fkey
        REFERENCES opencalendly.bookings ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT team_booking_assignments_user_id_fkey REFERENCES opencalendly.users,
    CONSTRAINT team_booking_assignments_pkey PRIMARY KEY (booking_id, user_id)
);
CREATE INDEX team_booking_assignments_user_id_idx ON opencalendly.team_booking_assignments (user_id);
COMMENT ON TABLE opencalendly.team_booking_assignments IS 'the hosts of each live booking of a team';

-- What the rules of a round robin remember of a member. Absent members neither gain nor lose credits.
CREATE TABLE opencalendly.team_credits (
    event_type_id uuid NOT NULL CONSTRAINT team_credits_event_type_id_fkey
        REFERENCES opencalendly.team_event_types ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT team_credits_user_id_fkey REFERENCES opencalendly.users ON DELETE CASCADE,
    credits bigint NOT NULL DEFAULT 0,
    last_pick bigint NOT NULL DEFAULT 0,
    CONSTRAINT team_credits_pkey PRIMARY KEY (event_type_id, user_id)
);
CREATE INDEX team_credits_user_id_idx ON opencalendly.team_credits (user_id);
COMMENT ON TABLE opencalendly.team_credits IS 'where each member stands in a round robin';
COMMENT ON COLUMN opencalendly.team_credits.credits IS
    'of the rule weighted: each pick gives every free member of the level their weight and takes the sum from the one picked';
COMMENT ON COLUMN opencalendly.team_credits.last_pick IS 'entry_no of this member''s last pick in team_ledger that has not been returned; 0 = none';

-- Why each meeting of a round robin has its host: append-only, in the order of entry_no. A pick can be replayed from its
-- row alone, and the rows in their order give team_credits.
CREATE TABLE opencalendly.team_ledger (
    event_type_id uuid NOT NULL CONSTRAINT team_ledger_event_type_id_fkey
        REFERENCES opencalendly.team_event_types ON DELETE CASCADE,
    entry_no bigint NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    pick_no bigint NOT NULL,
    user_id uuid NOT NULL CONSTRAINT team_ledger_user_id_fkey REFERENCES opencalendly.users,
    booking_id uuid NOT NULL,
    occurrence_id uuid NOT NULL,
    credits_before bigint NOT NULL,
    credits_after bigint NOT NULL,
    last_pick_before bigint NOT NULL,
    cursor_before integer NOT NULL,
    cursor_after integer NOT NULL,
    candidate_ids uuid[],
    candidate_positions integer[],
    candidate_priorities integer[],
    candidate_weights integer[],
    candidate_credits bigint[],
    candidate_last_picks bigint[],
    created_at timestamptz NOT NULL,
    CONSTRAINT team_ledger_pkey PRIMARY KEY (event_type_id, entry_no),
    CONSTRAINT team_ledger_kind_check CHECK (kind IN ('pick', 'keep', 'return')),
    CONSTRAINT team_ledger_reason_check CHECK (CASE kind
        WHEN 'pick' THEN reason IN ('cursor', 'least_recent', 'weighted', 'same_host', 'joined')
        WHEN 'keep' THEN reason = 'rescheduled'
        ELSE reason IN ('canceled', 'rescheduled', 'no_show') END),
    CONSTRAINT team_ledger_pick_no_check CHECK (CASE kind WHEN 'pick' THEN pick_no = entry_no ELSE pick_no < entry_no END),
    CONSTRAINT team_ledger_candidates_check CHECK ((kind = 'pick') = (candidate_ids IS NOT NULL))
);
CREATE UNIQUE INDEX team_ledger_returned_once ON opencalendly.team_ledger (event_type_id, pick_no) WHERE kind = 'return';
CREATE INDEX team_ledger_pick_no_idx ON opencalendly.team_ledger (event_type_id, pick_no, entry_no);
CREATE INDEX team_ledger_occurrence_id_idx ON opencalendly.team_ledger (occurrence_id);
CREATE INDEX team_ledger_user_id_idx ON opencalendly.team_ledger (user_id, event_type_id, entry_no);
COMMENT ON TABLE opencalendly.team_ledger IS
    'append-only: who was picked for which meeting of a round robin, among whom and why; and what was given back';
COMMENT ON COLUMN opencalendly.team_ledger.entry_no IS 'from 1, without gaps in each event type';
COMMENT ON COLUMN opencalendly.team_ledger.kind IS
    'pick: user_id got the meeting; keep: kept it at another time; return: lost it, and the pick counts no more';
COMMENT ON COLUMN opencalendly.team_ledger.reason IS
    'of a pick: the rule that chose among the candidates, or same_host (rescheduled beside others'' meeting), or joined (a meeting that only holds had kept)';
COMMENT ON COLUMN opencalendly.team_ledger.pick_no IS 'entry_no of the pick that is made, kept or returned';
COMMENT ON COLUMN opencalendly.team_ledger.booking_id IS 'the booking at whose making or end it happened; it may be erased since';
COMMENT ON COLUMN opencalendly.team_ledger.credits_before IS 'user_id''s credits before this entry';
COMMENT ON COLUMN opencalendly.team_ledger.candidate_ids IS 'the free members of the pool, by position';
COMMENT ON COLUMN opencalendly.team_ledger.candidate_credits IS 'the candidates'' credits before this entry';
COMMENT ON COLUMN opencalendly.team_ledger.candidate_last_picks IS 'the candidates'' last picks before this entry; 0 = never';
