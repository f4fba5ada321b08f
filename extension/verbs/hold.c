/*
 * hold_slot and release_hold: a slot is kept for whoever has the token, which is random and stored as its hash. Who holds
 * a slot to move a booking there may hold what that booking's link offers: as if it were gone, but for its own time, which
 * it has until it moves.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/check.h"
#include "verbs/taking.h"

#define MAX_HOLDS_PER_EVENT_TYPE 20
#define MAX_HOLDS_PER_CLIENT 3
#define MAX_CLIENT_LENGTH 200

PG_FUNCTION_INFO_V1(hold_slot);
PG_FUNCTION_INFO_V1(hold_slot_to_move);
PG_FUNCTION_INFO_V1(release_hold);

static SavedQuery count_query = {
	.text = "SELECT (SELECT pg_catalog.count(*) FROM opencalendly.holds AS h"
			"   WHERE h.event_type_id" EQ "$1 AND h.expires_at" GT "$3),"
			" (SELECT pg_catalog.count(*) FROM opencalendly.holds AS h WHERE h.client" EQ
			"$2 AND h.expires_at" GT "$3)",
	.nargs = 3,
	.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID },
};

static SavedQuery insert_query = {
	.text =
		"INSERT INTO opencalendly.holds"
		" (id, token_hash, event_type_id, occurrence_id, seats, seat_no, client, created_at, expires_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
	.nargs = 9,
	.types = { UUIDOID, BYTEAOID, UUIDOID, UUIDOID, INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID,
			   TIMESTAMPTZOID },
};

/* The length of a hold in microseconds; months and years are refused by their size. */
static int64
check_ttl(FunctionCallInfo fcinfo, int arg)
{
	const Interval *ttl;
	char *shown;

	if (PG_ARGISNULL(arg))
		raise_bad_input("ttl", "must be given", NULL);
	ttl = PG_GETARG_INTERVAL_P(arg);
	if (ttl->month == 0 && ttl->day == 0 && ttl->time >= USECS_PER_MIN &&
		ttl->time <= 10 * USECS_PER_MIN)
		return ttl->time;
	shown = DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(ttl)));
	raise_bad_input("ttl", "must be from 1 to 10 minutes", shown);
}

static void
check_counts(const pg_uuid_t *event_type_id, const char *client, int64 now)
{
	int64 of_event_type;
	int64 of_client;

	claim_read_begin();
	query_read(&count_query,
			   (QueryArg[]) { UUID_ARG(event_type_id), ARG_IF(client, CStringGetTextDatum(client)),
							  ARG(TimestampTzGetDatum(now)) });
	of_event_type = row_int(0, 1);
	of_client = row_int(0, 2);
	claim_read_end();
	if (of_event_type >= MAX_HOLDS_PER_EVENT_TYPE)
		ereport(ERROR, errcode(ERRCODE_OC_LIMIT),
				errmsg("too many slots of this event type are held"),
				errdetail("At most %d can be held at once.", MAX_HOLDS_PER_EVENT_TYPE),
				errhint("Book without a hold."));
	if (of_client >= MAX_HOLDS_PER_CLIENT)
		ereport(ERROR, errcode(ERRCODE_OC_LIMIT), errmsg("this client holds too many slots"),
				errdetail("At most %d can be held at once.", MAX_HOLDS_PER_CLIENT),
				errhint("Release a hold, or book without one."));
}

static char *
new_token(void)
{
	uint8_t raw[RANDOM_TOKEN_BYTES];
	char *token = palloc(RANDOM_TOKEN_LENGTH + 1);

	if (!crypto_random(raw, sizeof(raw)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes"));
	base64url_encode(raw, sizeof(raw), token);
	return token;
}

static void
insert_hold(const SlotTaking *taking, const Seat *seat, const char *token, const char *client,
			int64 expires_at)
{
	pg_uuid_t id = new_id();

	claim_write(&insert_query,
				(QueryArg[]) {
					UUID_ARG(&id), ARG(hold_token_hash(token)), UUID_ARG(&taking->event->id),
					UUID_ARG(&seat->occurrence_id), ARG(Int32GetDatum(seat->seats)),
					ARG(Int32GetDatum(seat->seat_no)), ARG_IF(client, CStringGetTextDatum(client)),
					ARG(TimestampTzGetDatum(taking->now)), ARG(TimestampTzGetDatum(expires_at)) },
				1);
}

/* The booking that is to move; NULL: none. */
static const Booking *
find_old(const pg_uuid_t *booking_id)
{
	const Booking *old;

	if (!booking_id)
		return NULL;
	claim_read_begin();
	old = booking_find(booking_id);
	claim_read_end();
	return old;
}

static Datum
take_hold(FunctionCallInfo fcinfo, const pg_uuid_t *booking_id)
{
	const pg_uuid_t *event_type_id = check_uuid(fcinfo, 0, "event_type_id");
	int64 starts_at = check_instant(fcinfo, 1, "starts_at");
	int64 expires_at = settings_now() + check_ttl(fcinfo, 2);
	char *client = check_text_or_null(fcinfo, 3, "client", 1, MAX_CLIENT_LENGTH);
	char *token = new_token();
	SlotTaking taking;
	Seat seat;
	Datum values[2];
	bool nulls[2] = { false };

	SPI_connect();
	if (client)
		lock_word("hold client", client);
	taking_begin(&taking, &(Wish) { .event_type_id = event_type_id,
									.starts_at = starts_at,
									.old = find_old(booking_id) });
	check_counts(event_type_id, client, taking.now);
	seat = seat_take(taking.event, &taking.attendance, expires_at, taking.now);
	insert_hold(&taking, &seat, token, client, expires_at);
	if (taking.attendance.meeting_id)
		occurrence_settle(&seat.occurrence_id, taking.now);
	values[0] = CStringGetTextDatum(token);
	values[1] = TimestampTzGetDatum(expires_at);
	answer_row(fcinfo, values, nulls);
	SPI_finish();
	return (Datum) 0;
}

/* hold_slot(event_type_id, starts_at, ttl, client) -> (hold_token, expires_at). Errors: OC001, OC002, OC006, OC008. */
Datum
hold_slot(PG_FUNCTION_ARGS)
{
	return take_hold(fcinfo, NULL);
}

/* hold_slot_to_move(event_type_id, starts_at, ttl, client, booking_id) -> as hold_slot. */
Datum
hold_slot_to_move(PG_FUNCTION_ARGS)
{
	return take_hold(fcinfo, check_uuid(fcinfo, 4, "booking_id"));
}

/* release_hold(hold_token) -> whether there was such a live hold. Errors: OC003, OC006. */
Datum
release_hold(PG_FUNCTION_ARGS)
{
	char *token = check_hold_token_or_null(fcinfo, 0);
	int64 now = settings_now();
	Hold *hold;

	if (!token)
		raise_bad_input("hold_token", "must be given", NULL);
	SPI_connect();
	claim_read_begin();
	hold = hold_find(token, now);
	claim_read_end();
	if (hold)
	{
		taking_lock_old(&hold->event_type_id, NULL, token, false, now);
		claim_read_begin();
		hold = hold_find(token, now);
		claim_read_end();
		if (hold)
			hold_drop(hold, now);
	}
	SPI_finish();
	PG_RETURN_BOOL(hold != NULL);
}
