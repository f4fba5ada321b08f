/*
 * Canceling and moving bookings: by an invitee through a link's token, by the host through the booking's id.
 *
 * A link acts until its booking starts (OC004 after that); what it did is told again for 30 days after the booking's
 * end. The state is judged under the hosts' locks, in a latest snapshot.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/book.h"
#include "verbs/link.h"
#include "verbs/outbox.h"
#include "verbs/taking.h"

#define MAX_REASON_LENGTH 500

PG_FUNCTION_INFO_V1(cancel_booking);
PG_FUNCTION_INFO_V1(reschedule_booking);
PG_FUNCTION_INFO_V1(booking_action);
PG_FUNCTION_INFO_V1(organizer_cancel_booking);
PG_FUNCTION_INFO_V1(organizer_reschedule_booking);
PG_FUNCTION_INFO_V1(mark_no_show);

static SavedQuery context_query = {
	.text = "SELECT e.slug, e.name, e.duration_minutes, u.username, u.display_name, u.timezone,"
			" t.id, t.slug, x.mode"
			" FROM opencalendly.event_types AS e JOIN opencalendly.users AS u ON u.id" EQ "$2"
			" LEFT JOIN opencalendly.team_event_types AS x ON x.event_type_id" EQ "e.id"
			" LEFT JOIN opencalendly.teams AS t ON t.id" EQ "x.team_id"
			" WHERE e.id" EQ "$1",
	.nargs = 2,
	.types = { UUIDOID, UUIDOID },
};

static Booking *
find_latest(const pg_uuid_t *id)
{
	Booking *booking;

	claim_read_begin();
	booking = booking_find(id);
	claim_read_end();
	return booking;
}

static void
check_not_started(const Booking *booking, int64 now)
{
	if (now >= booking->starts_at)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_EXPIRED), errmsg("link has expired"),
				errdetail("The booking started at %s.", timestamptz_to_str(booking->starts_at)));
}

static void
check_not_ended(const Booking *booking, int64 now)
{
	if (now >= booking->ends_at)
		ereport(ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("booking is over"),
				errdetail("It ended at %s.", timestamptz_to_str(booking->ends_at)));
}

static void raise_moved_from(const Booking *booking) pg_attribute_noreturn();

static void
raise_moved_from(const Booking *booking)
{
	Booking *successor;

	claim_read_begin();
	successor = booking_successor(&booking->id);
	claim_read_end();
	raise_moved(successor);
}

static void
check_found(const Booking *booking, const pg_uuid_t *id, bool by_link, int64 now)
{
	if (by_link)
		check_remembered(booking, now);
	else if (!booking)
		ereport(ERROR, errcode(ERRCODE_OC_NO_SUCH_THING), errmsg("no such booking"),
				errdetail("Field \"booking_id\" has the value %s.", id_text(id)));
}

/*
 * The booking as it is now that nobody else changes it; it may be gone by then. moves: it is to be moved, and
 * taking_begin will lock what that takes. Raises OC003 or, for organizers, OC013.
 */
static Booking *
lock_booking(const pg_uuid_t *id, bool by_link, bool moves, const char *hold_token, int64 now)
{
	Booking *booking = find_latest(id);

	check_found(booking, id, by_link, now);
	taking_lock_old(&booking->event_type_id, booking, hold_token, moves, now);
	booking = find_latest(id);
	check_found(booking, id, by_link, now);
	return booking;
}

static void
answer_cancel(FunctionCallInfo fcinfo, const Booking *booking, bool replayed)
{
	Datum values[] = { UUIDPGetDatum(&booking->id), CStringGetTextDatum("canceled"),
					   BoolGetDatum(replayed) };
	bool nulls[lengthof(values)] = { false };

	answer_row(fcinfo, values, nulls);
}

/* Cancels for by; again is no error. check_time raises if it is too late. */
static void
cancel(FunctionCallInfo fcinfo, const Booking *booking, const char *by, const char *reason,
	   int64 now, void (*check_time)(const Booking *, int64))
{
	bool replayed = booking_is(booking, "canceled");

	if (booking_is(booking, "rescheduled"))
		raise_moved_from(booking);
	if (!replayed)
	{
		check_time(booking, now);
		booking_cancel(booking, by, reason, now);
		ledger_give_back(booking, "canceled", now);
		outbox_tell(&(News) { .type = BOOKING_CANCELED,
							  .booking = booking,
							  .canceled_by = by,
							  .cancel_reason = reason,
							  .at = now });
	}
	answer_cancel(fcinfo, booking, replayed);
}

/* cancel_booking(token, reason) -> (booking_id, status, replayed). Errors: OC003, OC004, OC005, OC006, OC011. */
Datum
cancel_booking(PG_FUNCTION_ARGS)
{
	Link link = check_link(fcinfo, 0);
	char *reason = check_text_or_null(fcinfo, 1, "reason", 0, MAX_REASON_LENGTH);
	int64 now = settings_now();

	if (link.action != LINK_CANCEL)
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token does not cancel"));
	SPI_connect();
	cancel(fcinfo, lock_booking((pg_uuid_t *) link.id, true, false, NULL, now), "invitee", reason,
		   now, check_not_started);
	SPI_finish();
	return (Datum) 0;
}

/* organizer_cancel_booking(booking_id, reason) -> (booking_id, status, replayed). Errors: OC005, OC006, OC013. */
Datum
organizer_cancel_booking(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = check_uuid(fcinfo, 0, "booking_id");
	char *reason = check_text_or_null(fcinfo, 1, "reason", 0, MAX_REASON_LENGTH);
	int64 now = settings_now();

	SPI_connect();
	cancel(fcinfo, lock_booking(id, false, false, NULL, now), "host", reason, now, check_not_ended);
	SPI_finish();
	return (Datum) 0;
}

/* Writes the booking that takes old's place. */
static void
move(FunctionCallInfo fcinfo, SlotTaking *taking, const Booking *old, char *timezone)
{
	Booking booking = *old;

	booking.id = new_id();
	booking.link_key_id = keys_active_id();
	booking.is_successor = true;
	booking.rescheduled_from = old->id;
	booking.sequence = old->sequence + 1;
	if (timezone)
		booking.timezone = timezone;
	booking_mark_rescheduled(old, taking->now);
	taking_book(taking, &booking, old);
	outbox_tell(&(News) {
		.type = BOOKING_RESCHEDULED, .booking = &booking, .old = old, .at = taking->now });
	answer_booking(fcinfo, &booking, booking.status, false, old);
}

/* Tells again what a moved booking's link did, if the wish is the same; else raises OC005. */
static void
move_again(FunctionCallInfo fcinfo, const Booking *old, int64 starts_at)
{
	Booking *successor;

	claim_read_begin();
	successor = booking_successor(&old->id);
	claim_read_end();
	if (!successor || successor->starts_at != starts_at)
		raise_moved_from(old);
	/* the answer of then: whatever became of it, it was live */
	answer_booking(fcinfo, successor, booking_is_live(successor) ? successor->status : "confirmed",
				   true, old);
}

/*
 * reschedule_booking(token, starts_at, timezone, hold_token) -> one row.
 * Errors: OC001, OC003, OC004, OC005, OC006, OC011.
 */
Datum
reschedule_booking(PG_FUNCTION_ARGS)
{
	Link link = check_reschedule_link(fcinfo, 0);
	int64 starts_at = check_instant(fcinfo, 1, "starts_at");
	char *timezone = check_zone_or_null(fcinfo, 2, "timezone");
	char *hold_token = check_hold_token_or_null(fcinfo, 3);
	int64 now = settings_now();
	Booking *old;
	SlotTaking taking;

	SPI_connect();
	old = lock_booking((pg_uuid_t *) link.id, true, true, hold_token, now);
	if (booking_is(old, "rescheduled"))
		move_again(fcinfo, old, starts_at);
	else
	{
		check_can_move(old);
		check_not_started(old, now);
		taking_begin(&taking, &(Wish) { .event_type_id = &old->event_type_id,
										.starts_at = starts_at,
										.hold_token = hold_token,
										.old = old });
		move(fcinfo, &taking, old, timezone);
	}
	SPI_finish();
	return (Datum) 0;
}

/* organizer_reschedule_booking(booking_id, starts_at) -> one row. Errors: OC001, OC005, OC006, OC011, OC013. */
Datum
organizer_reschedule_booking(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = check_uuid(fcinfo, 0, "booking_id");
	int64 starts_at = check_instant(fcinfo, 1, "starts_at");
	int64 now = settings_now();
	Booking *old;
	SlotTaking taking;

	SPI_connect();
	old = lock_booking(id, false, true, NULL, now);
	if (booking_is(old, "rescheduled"))
		raise_moved_from(old);
	check_can_move(old);
	check_not_ended(old, now);
	taking_begin(&taking, &(Wish) { .event_type_id = &old->event_type_id,
									.starts_at = starts_at,
									.old = old,
									.by_organizer = true });
	move(fcinfo, &taking, old, NULL);
	SPI_finish();
	return (Datum) 0;
}

/* mark_no_show(booking_id) -> (booking_id, no_show_at, replayed). Errors: OC005, OC006, OC013. */
Datum
mark_no_show(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = check_uuid(fcinfo, 0, "booking_id");
	int64 now = settings_now();
	Booking *booking;
	bool replayed;
	Datum values[3];
	bool nulls[3] = { false };

	SPI_connect();
	booking = lock_booking(id, false, false, NULL, now);
	replayed = booking->no_show_at != DT_NOBEGIN;
	if (!booking_is_live(booking) || now < booking->starts_at)
		ereport(ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("booking has not taken place"),
				errdetail("Its status is %s and it starts at %s.", booking->status,
						  timestamptz_to_str(booking->starts_at)));
	if (!replayed)
	{
		booking_mark_no_show(booking, now);
		ledger_give_back(booking, "no_show", now);
	}
	values[0] = UUIDPGetDatum(&booking->id);
	values[1] = TimestampTzGetDatum(replayed ? booking->no_show_at : now);
	values[2] = BoolGetDatum(replayed);
	answer_row(fcinfo, values, nulls);
	SPI_finish();
	return (Datum) 0;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
answer_action(FunctionCallInfo fcinfo, LinkAction action, const Booking *booking, int64 now)
{
	bool acts = booking_is_live(booking) && now < booking->starts_at;
	Booking *successor =
		booking_is(booking, "rescheduled") ? booking_successor(&booking->id) : NULL;
	Datum values[23] = { CStringGetTextDatum(action == LINK_CANCEL ? "cancel" : "reschedule"),
						 BoolGetDatum(acts && action == LINK_CANCEL),
						 BoolGetDatum(acts && action == LINK_RESCHEDULE),
						 UUIDPGetDatum(&booking->id),
						 CStringGetTextDatum(booking->status),
						 TimestampTzGetDatum(booking->starts_at),
						 TimestampTzGetDatum(booking->ends_at),
						 CStringGetTextDatum(booking->timezone),
						 CStringGetTextDatum(booking->invitee_name),
						 CStringGetTextDatum(booking->invitee_email),
						 successor ? UUIDPGetDatum(&successor->id) : (Datum) 0,
						 UUIDPGetDatum(&booking->event_type_id) };
	bool nulls[lengthof(values)] = { false };

	nulls[10] = successor == NULL;
	query_read(&context_query, (QueryArg[]) { UUID_ARG(&booking->event_type_id),
											  UUID_ARG(&booking->organizer_id) });
	values[12] = CStringGetTextDatum(row_text(0, 1));
	values[13] = CStringGetTextDatum(row_text(0, 2));
	values[14] = Int32GetDatum((int32) row_int(0, 3));
	values[15] = UUIDPGetDatum(&booking->organizer_id);
	values[16] = CStringGetTextDatum(row_text(0, 4));
	values[17] = text_or_null(row_text_or_null(0, 5), &nulls[17]);
	values[18] = CStringGetTextDatum(row_text(0, 6));
	values[19] = row_datum(0, 7, &nulls[19]);
	values[20] = text_or_null(row_text_or_null(0, 8), &nulls[20]);
	values[21] = text_or_null(row_text_or_null(0, 9), &nulls[21]);
	values[22] = uuid_array(booking->hosts, booking->nhosts);
	answer_row(fcinfo, values, nulls);
}

/*
 * booking_action(token) -> what the link may do, with the booking's context; read-only, in the caller's snapshot.
 * Errors: OC003, OC004, OC006, OC011.
 */
Datum
booking_action(PG_FUNCTION_ARGS)
{
	Link link = check_link(fcinfo, 0);
	int64 now = settings_now();
	Booking *booking;

	SPI_connect();
	booking = booking_find((pg_uuid_t *) link.id);
	check_remembered(booking, now);
	answer_action(fcinfo, link.action, booking, now);
	SPI_finish();
	return (Datum) 0;
}
