-- The verbs, in C. SECURITY DEFINER: who may execute them needs no right on any table. Each checks its own
-- arguments, NULL too, and raises errors of class OC (docs/sql.md).

CREATE FUNCTION opencalendly.compute_slots(
    event_type_id uuid, range_start timestamptz, range_end timestamptz, max_slots integer DEFAULT 10000,
    ignore_booking uuid DEFAULT NULL, hold_token text DEFAULT NULL, all_hosts boolean DEFAULT false)
    RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, seats_left integer, host_ids uuid[])
    AS 'MODULE_PATHNAME', 'compute_slots' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp COST 10000 ROWS 500;
COMMENT ON FUNCTION opencalendly.compute_slots(uuid, timestamptz, timestamptz, integer, uuid, text, boolean) IS
    'open slots of an event type that start in [range_start, range_end), at most 366 days and max_slots rows, ordered; host_ids: who would attend, of a round robin everyone who is free, at most 10 unless all_hosts; ignore_booking: as if that booking were gone; hold_token: as if that hold were gone; errors OC002, OC003, OC006, OC013';

CREATE FUNCTION opencalendly.explain_slot(event_type_id uuid, starts_at timestamptz)
    RETURNS TABLE (host_id uuid, verdict text, reason text, detail text)
    AS 'MODULE_PATHNAME', 'explain_slot' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp COST 10000 ROWS 5;
COMMENT ON FUNCTION opencalendly.explain_slot(uuid, timestamptz) IS
    'why a start is or is not offered: one row ok, or a row for each reason that stands in the way; of a team that for each attendee, and with host_id null what concerns the event type; errors OC002, OC006';

CREATE FUNCTION opencalendly.hold_slot(
    event_type_id uuid, starts_at timestamptz, ttl interval DEFAULT '5 min', client text DEFAULT NULL)
    RETURNS TABLE (hold_token text, expires_at timestamptz)
    AS 'MODULE_PATHNAME', 'hold_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.hold_slot(uuid, timestamptz, interval, text) IS
    'keeps a slot for ttl (1 to 10 minutes) while the invitee types (in a round robin the slot, not the host); at most 20 live holds per event type and 3 per client; errors OC001, OC002, OC006, OC008';

CREATE FUNCTION opencalendly.hold_slot_to_move(
    event_type_id uuid, starts_at timestamptz, ttl interval, client text, booking_id uuid)
    RETURNS TABLE (hold_token text, expires_at timestamptz)
    AS 'MODULE_PATHNAME', 'hold_slot_to_move' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.hold_slot_to_move(uuid, timestamptz, interval, text, uuid) IS
    'internal: as hold_slot, for who is to move this booking of the event type: as if it were gone, also while the event type is inactive';

CREATE FUNCTION opencalendly.release_hold(hold_token text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'release_hold' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION opencalendly.release_hold(text) IS
    'gives a held slot back: true if there was such a hold; errors OC003, OC006';

CREATE FUNCTION opencalendly.book_slot(
    event_type_id uuid, starts_at timestamptz, invitee_name text, invitee_email text, timezone text DEFAULT 'UTC',
    answers jsonb DEFAULT '{}', idempotency_key text DEFAULT NULL, hold_token text DEFAULT NULL, language text DEFAULT 'en')
    RETURNS TABLE (booking_id uuid, event_type_id uuid, organizer_id uuid, host_ids uuid[], starts_at timestamptz,
        ends_at timestamptz, status text, cancel_token text, reschedule_token text, token_expires_at timestamptz,
        replayed boolean)
    AS 'MODULE_PATHNAME', 'book_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.book_slot(uuid, timestamptz, text, text, text, jsonb, text, text, text) IS
    'books a slot that compute_slots offers, or raises OC001; host_ids are all who attend, organizer_id the first of them; language (en, de) is that of the invitee''s mails; the same idempotency_key (16 to 200 characters, kept 24 hours) and arguments give the first answer again, replayed; errors OC001, OC002, OC003, OC006, OC007, OC011';

CREATE FUNCTION opencalendly.cancel_booking(token text, reason text DEFAULT NULL)
    RETURNS TABLE (booking_id uuid, status text, replayed boolean)
    AS 'MODULE_PATHNAME', 'cancel_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.cancel_booking(text, text) IS
    'cancels by the link''s token, until the booking starts; again gives the same answer, replayed; errors OC003, OC004, OC005, OC006, OC011';

CREATE FUNCTION opencalendly.reschedule_booking(
    token text, starts_at timestamptz, timezone text DEFAULT NULL, hold_token text DEFAULT NULL)
    RETURNS TABLE (booking_id uuid, event_type_id uuid, organizer_id uuid, host_ids uuid[], starts_at timestamptz,
        ends_at timestamptz, status text, cancel_token text, reschedule_token text, token_expires_at timestamptz,
        replayed boolean, old_booking_id uuid)
    AS 'MODULE_PATHNAME', 'reschedule_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.reschedule_booking(text, timestamptz, text, text) IS
    'moves a booking by the link''s token, until it starts: the old row stays as rescheduled, a new one takes its place; a round robin keeps the host if free; the same wish again gives the same answer, replayed; errors OC001, OC003, OC004, OC005, OC006, OC011';

CREATE FUNCTION opencalendly.booking_action(token text)
    RETURNS TABLE (action_type text, can_cancel boolean, can_reschedule boolean, booking_id uuid, status text,
        starts_at timestamptz, ends_at timestamptz, timezone text, invitee_name text, invitee_email text,
        rescheduled_to uuid, event_type_id uuid, event_slug text, event_name text, duration_minutes integer,
        organizer_id uuid, organizer_username text, organizer_display_name text, organizer_timezone text,
        team_id uuid, team_slug text, team_mode text, host_ids uuid[])
    AS 'MODULE_PATHNAME', 'booking_action' LANGUAGE C STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.booking_action(text) IS
    'what a link may do and the booking it names, until 30 days after the booking''s end; errors OC003, OC004, OC006, OC011';

CREATE FUNCTION opencalendly.organizer_cancel_booking(booking_id uuid, reason text DEFAULT NULL)
    RETURNS TABLE (booking_id uuid, status text, replayed boolean)
    AS 'MODULE_PATHNAME', 'organizer_cancel_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.organizer_cancel_booking(uuid, text) IS
    'cancels for the host, until the booking ends; again gives the same answer, replayed; errors OC005, OC006, OC013';

CREATE FUNCTION opencalendly.organizer_reschedule_booking(booking_id uuid, starts_at timestamptz)
    RETURNS TABLE (booking_id uuid, event_type_id uuid, organizer_id uuid, host_ids uuid[], starts_at timestamptz,
        ends_at timestamptz, status text, cancel_token text, reschedule_token text, token_expires_at timestamptz,
        replayed boolean, old_booking_id uuid)
    AS 'MODULE_PATHNAME', 'organizer_reschedule_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.organizer_reschedule_booking(uuid, timestamptz) IS
    'moves a booking for the host, who may leave hours, overrides, grid, notice, horizon and caps, but neither claims nor busy windows nor the future; errors OC001, OC005, OC006, OC011, OC013';

CREATE FUNCTION opencalendly.mark_no_show(booking_id uuid)
    RETURNS TABLE (booking_id uuid, no_show_at timestamptz, replayed boolean)
    AS 'MODULE_PATHNAME', 'mark_no_show' LANGUAGE C VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp ROWS 1;
COMMENT ON FUNCTION opencalendly.mark_no_show(uuid) IS
    'notes that the invitee did not come to a booking that has started; a round robin''s pick then counts no more; errors OC005, OC006, OC013';
