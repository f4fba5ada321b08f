/*
 * Booking rows; the words are in booking.h.
 */
#include "data/booking.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define BOOKING_COLUMNS                                                                                          \
	"SELECT b.id, b.event_type_id, b.organizer_id, b.occurrence_id, b.seats, b.seat_no, b.starts_at, b.ends_at," \
	" b.status, b.invitee_name, b.invitee_email, b.timezone, b.answers, b.link_key_id, b.rescheduled_from,"      \
	" b.no_show_at, b.host_ids, b.sequence, b.language, b.meeting_url FROM opencalendly.bookings AS b"

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

static SavedQuery first_query = {
	.text = "WITH RECURSIVE earlier AS (SELECT b.id, b.rescheduled_from, 0 AS moves"
			"  FROM opencalendly.bookings AS b WHERE b.id" EQ "$1"
			" UNION ALL SELECT p.id, p.rescheduled_from, e.moves OPERATOR(pg_catalog.+) 1"
			"  FROM earlier AS e JOIN opencalendly.bookings AS p ON p.id" EQ "e.rescheduled_from)"
			" SELECT e.id FROM earlier AS e ORDER BY e.moves DESC LIMIT 1",
	.nargs = 1,
	.types = { UUIDOID },
};

/* Who joins a meeting of several meets where the others do. */
static SavedQuery insert_query = {
	.text =
		"INSERT INTO opencalendly.bookings (id, event_type_id, organizer_id, occurrence_id, seats, seat_no, starts_at,"
		" ends_at, status, invitee_name, invitee_email, timezone, answers, link_key_id, rescheduled_from, created_at,"
		" host_ids, sequence, language, meeting_url)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,"
		"  CASE WHEN $5" GT "1 THEN (SELECT o.meeting_url FROM opencalendly.bookings AS o"
		"   WHERE o.occurrence_id" EQ
		"$4 AND " LIVE("o") " AND o.meeting_url IS NOT NULL LIMIT 1) ELSE $20 END)",
	.nargs = 20,
	.types = { UUIDOID,        UUIDOID,        UUIDOID,        UUIDOID, INT4OID,
			   INT4OID,        TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID,
			   TEXTOID,        TEXTOID,        JSONBOID,       INT4OID, UUIDOID,
			   TIMESTAMPTZOID, UUIDARRAYOID,   INT4OID,        TEXTOID, TEXTOID },
};

static SavedQuery assign_query = {
	.text = "INSERT INTO opencalendly.team_booking_assignments (booking_id, user_id)"
			" SELECT $1, h.id FROM pg_catalog.unnest($2) AS h(id)",
	.nargs = 2,
	.types = { UUIDOID, UUIDARRAYOID },
};

static SavedQuery unassign_query = {
	.text = "DELETE FROM opencalendly.team_booking_assignments AS a WHERE a.booking_id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
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

/* The hosts of a team's booking; of any other the organizer. */
static void
read_hosts(Booking *booking, int column)
{
	bool is_solo;
	Datum ids = row_datum(0, column, &is_solo);
	ArrayType *array;

	booking->is_team = !is_solo;
	booking->nhosts = 1;
	booking->hosts = &booking->organizer_id;
	if (is_solo)
		return;
	array = DatumGetArrayTypePCopy(ids);
	booking->nhosts = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	booking->hosts = (pg_uuid_t *) ARR_DATA_PTR(array);
}

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
	read_hosts(booking, 17);
	booking->sequence = (int) row_int(0, 18);
	booking->language = row_text(0, 19);
	booking->meeting_url = row_text_or_null(0, 20);
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

pg_uuid_t
booking_first(const Booking *booking)
{
	pg_uuid_t first;

	if (!booking->is_successor)
		return booking->id;
	query_write(&first_query, (QueryArg[]) { UUID_ARG(&booking->rescheduled_from) });
	first = row_uuid(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return first;
}

bool
booking_is_picked(const Booking *booking, const pg_uuid_t *host)
{
	return booking->is_team &&
		   memcmp(&booking->hosts[booking->nhosts - 1], host, sizeof(pg_uuid_t)) == 0;
}

void
booking_insert(const Booking *booking, int64 now)
{
	QueryArg hosts = ARG_IF(booking->is_team, uuid_array(booking->hosts, booking->nhosts));

	claim_write(
		&insert_query,
		(QueryArg[]) { UUID_ARG(&booking->id),
					   UUID_ARG(&booking->event_type_id),
					   UUID_ARG(&booking->organizer_id),
					   UUID_ARG(&booking->seat.occurrence_id),
					   ARG(Int32GetDatum(booking->seat.seats)),
					   ARG(Int32GetDatum(booking->seat.seat_no)),
					   ARG(TimestampTzGetDatum(booking->starts_at)),
					   ARG(TimestampTzGetDatum(booking->ends_at)),
					   ARG(CStringGetTextDatum(booking->status)),
					   ARG(CStringGetTextDatum(booking->invitee_name)),
					   ARG(CStringGetTextDatum(booking->invitee_email)),
					   ARG(CStringGetTextDatum(booking->timezone)),
					   ARG(JsonbPGetDatum(booking->answers)),
					   ARG(Int32GetDatum(booking->link_key_id)),
					   ARG_IF(booking->is_successor, UUIDPGetDatum(&booking->rescheduled_from)),
					   ARG(TimestampTzGetDatum(now)),
					   hosts,
					   ARG(Int32GetDatum(booking->sequence)),
					   ARG(CStringGetTextDatum(booking->language)),
					   ARG_IF(booking->meeting_url, CStringGetTextDatum(booking->meeting_url)) },
		1);
	if (booking->is_team)
		query_write(&assign_query, (QueryArg[]) { UUID_ARG(&booking->id), hosts });
}

/* Gives back what it kept: its hosts, its seat. */
static void
give_back(const Booking *booking, int64 now)
{
	if (booking->is_team)
		query_write(&unassign_query, (QueryArg[]) { UUID_ARG(&booking->id) });
	occurrence_settle(&booking->seat.occurrence_id, now);
}

void
booking_cancel(const Booking *booking, const char *by, const char *reason, int64 now)
{
	claim_write(&cancel_query,
				(QueryArg[]) { UUID_ARG(&booking->id), ARG(CStringGetTextDatum(by)),
							   ARG_IF(reason, CStringGetTextDatum(reason)),
							   ARG(TimestampTzGetDatum(now)) },
				1);
	give_back(booking, now);
}

void
booking_mark_rescheduled(const Booking *booking, int64 now)
{
	claim_write(&rescheduled_query, (QueryArg[]) { UUID_ARG(&booking->id) }, 1);
	give_back(booking, now);
}

void
booking_mark_no_show(const Booking *booking, int64 now)
{
	claim_write(&no_show_query,
				(QueryArg[]) { UUID_ARG(&booking->id), ARG(TimestampTzGetDatum(now)) }, 1);
}
