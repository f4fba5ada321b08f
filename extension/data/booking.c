/*
 * Booking rows; the words are in booking.h.
 */
#include "data/booking.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define BOOKING_COLUMNS                                                                                          \
	"SELECT b.id, b.event_type_id, b.organizer_id, b.occurrence_id, b.seats, b.seat_no, b.starts_at, b.ends_at," \
	" b.status, b.invitee_name, b.invitee_email, b.timezone, b.answers, b.link_key_id, b.rescheduled_from,"      \
	" b.no_show_at FROM opencalendly.bookings AS b"

static SavedQuery find_query = {
	.text = BOOKING_COLUMNS " WHERE b.id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery successor_query = {
	.text = BOOKING_COLUMNS " WHERE b.rescheduled_from" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery insert_query = {
	.text =
		"INSERT INTO opencalendly.bookings (id, event_type_id, organizer_id, occurrence_id, seats, seat_no, starts_at,"
		" ends_at, status, invitee_name, invitee_email, timezone, answers, link_key_id, rescheduled_from, created_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
	.nargs = 16,
	.types = { UUIDOID, UUIDOID, UUIDOID, UUIDOID, INT4OID, INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID,
			   TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT4OID, UUIDOID, TIMESTAMPTZOID },
};

static SavedQuery cancel_query = {
	.text =
		"UPDATE opencalendly.bookings AS b SET status = 'canceled', canceled_by = $2, cancel_reason = $3, canceled_at = $4"
		" WHERE b.id" EQ "$1 AND " LIVE("b"),
	.nargs = 4,
	.types = { UUIDOID, TEXTOID, TEXTOID, TIMESTAMPTZOID },
};

static SavedQuery rescheduled_query = {
	.text = "UPDATE opencalendly.bookings AS b SET status = 'rescheduled' WHERE b.id" EQ
			"$1 AND " LIVE("b"),
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery no_show_query = {
	.text =
		"UPDATE opencalendly.bookings AS b SET no_show_at = $2 WHERE b.id" EQ "$1 AND " LIVE("b"),
	.nargs = 2,
	.types = { UUIDOID, TIMESTAMPTZOID },
};

static Booking *
read_booking(SavedQuery *query, const pg_uuid_t *id)
{
	Booking *booking;
	bool isnull;
	Datum value;

	if (query_read(query, (QueryArg[]) { UUID_ARG(id) }) == 0)
		return NULL;
	booking = palloc0(sizeof(Booking));
	booking->id = row_uuid(0, 1);
	booking->event_type_id = row_uuid(0, 2);
	booking->organizer_id = row_uuid(0, 3);
	booking->seat = (Seat) { row_uuid(0, 4), (int) row_int(0, 5), (int) row_int(0, 6) };
	booking->starts_at = row_instant(0, 7);
	booking->ends_at = row_instant(0, 8);
	booking->status = row_text(0, 9);
	booking->invitee_name = row_text(0, 10);
	booking->invitee_email = row_text(0, 11);
	booking->timezone = row_text(0, 12);
	booking->answers = DatumGetJsonbPCopy(row_datum(0, 13, &isnull));
	booking->link_key_id = (int32) row_int(0, 14);
	value = row_datum(0, 15, &isnull);
	booking->is_successor = !isnull;
	if (booking->is_successor)
		booking->rescheduled_from = *DatumGetUUIDP(value);
	value = row_datum(0, 16, &isnull);
	booking->no_show_at = isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
	SPI_freetuptable(SPI_tuptable);
	return booking;
}

Booking *
booking_find(const pg_uuid_t *id)
{
	return read_booking(&find_query, id);
}

Booking *
booking_successor(const pg_uuid_t *id)
{
	return read_booking(&successor_query, id);
}

void
booking_insert(const Booking *booking, int64 now)
{
	claim_write(
		&insert_query,
		(QueryArg[]) {
			UUID_ARG(&booking->id), UUID_ARG(&booking->event_type_id),
			UUID_ARG(&booking->organizer_id), UUID_ARG(&booking->seat.occurrence_id),
			ARG(Int32GetDatum(booking->seat.seats)), ARG(Int32GetDatum(booking->seat.seat_no)),
			ARG(TimestampTzGetDatum(booking->starts_at)),
			ARG(TimestampTzGetDatum(booking->ends_at)), ARG(CStringGetTextDatum(booking->status)),
			ARG(CStringGetTextDatum(booking->invitee_name)),
			ARG(CStringGetTextDatum(booking->invitee_email)),
			ARG(CStringGetTextDatum(booking->timezone)), ARG(JsonbPGetDatum(booking->answers)),
			ARG(Int32GetDatum(booking->link_key_id)),
			ARG_IF(booking->is_successor, UUIDPGetDatum(&booking->rescheduled_from)),
			ARG(TimestampTzGetDatum(now)) },
		1);
}

void
booking_cancel(const Booking *booking, const char *by, const char *reason, int64 now)
{
	claim_write(&cancel_query,
				(QueryArg[]) { UUID_ARG(&booking->id), ARG(CStringGetTextDatum(by)),
							   ARG_IF(reason, CStringGetTextDatum(reason)),
							   ARG(TimestampTzGetDatum(now)) },
				1);
	occurrence_settle(&booking->seat.occurrence_id, now);
}

void
booking_mark_rescheduled(const Booking *booking)
{
	claim_write(&rescheduled_query, (QueryArg[]) { UUID_ARG(&booking->id) }, 1);
}

void
booking_mark_no_show(const Booking *booking, int64 now)
{
	claim_write(&no_show_query,
				(QueryArg[]) { UUID_ARG(&booking->id), ARG(TimestampTzGetDatum(now)) }, 1);
}
