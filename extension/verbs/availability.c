/*
 * compute_slots: the open slots of an event type. Read-only, in the caller's snapshot, so it works in any isolation
 * level and on a hot standby.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "data/hold.h"
#include "data/query.h"
#include "data/sweep.h"
#include "data/values.h"
#include "errors.h"
#include "funcapi.h"
#include "settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/check.h"

PG_FUNCTION_INFO_V1(compute_slots);

static SavedQuery ignored_query = {
	.text = "SELECT b.event_type_id" EQ
			"$2 AND " LIVE("b") " FROM opencalendly.bookings AS b WHERE b.id" EQ "$1",
	.nargs = 2,
	.types = { UUIDOID, UUIDOID },
};

static TimeRange
check_range(FunctionCallInfo fcinfo)
{
	TimeRange range = { check_instant(fcinfo, 1, "range_start"),
						check_instant(fcinfo, 2, "range_end") };

	if (range.end <= range.start)
		raise_bad_input("range_end", "must be after range_start", timestamptz_to_str(range.end));
	if (range.end - range.start > MAX_RANGE_DAYS * USECS_IN_DAY)
		raise_bad_input("range_end", "must be at most 366 days after range_start",
						timestamptz_to_str(range.end));
	return range;
}

static int64
check_max_slots(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(3))
		raise_bad_input("max_slots", "must be given", NULL);
	if (PG_GETARG_INT32(3) < 1)
		raise_bad_input("max_slots", "must be at least 1", psprintf("%d", PG_GETARG_INT32(3)));
	return PG_GETARG_INT32(3);
}

/* The booking to leave out; *moves says whether it is one that can be moved within the event type. */
static const pg_uuid_t *
check_ignored_booking(FunctionCallInfo fcinfo, const pg_uuid_t *event_type_id, bool *moves)
{
	const pg_uuid_t *id;

	*moves = false;
	if (PG_ARGISNULL(4))
		return NULL;
	id = PG_GETARG_UUID_P(4);
	if (query_read(&ignored_query, (QueryArg[]) { UUID_ARG(id), UUID_ARG(event_type_id) }) == 0)
		ereport(ERROR, errcode(ERRCODE_OC_NO_SUCH_THING), errmsg("no such booking"),
				errdetail("Field \"ignore_booking\" has the value %s.", id_text(id)));
	*moves = row_bool(0, 1);
	return id;
}

/* An array of uuid that is filled anew for each slot: it has room for n. */
static ArrayType *
make_host_array(int n)
{
	pg_uuid_t *none = palloc0(Max(n, 1) * sizeof(pg_uuid_t));

	return DatumGetArrayTypeP(uuid_array(none, Max(n, 1)));
}

static void
fill_host_array(ArrayType *array, const OfferedSlot *slot, int most)
{
	int n = Min(slot->nhosts, most);
	pg_uuid_t *ids = (pg_uuid_t *) ARR_DATA_PTR(array);

	for (int i = 0; i < n; i++)
		ids[i] = slot->hosts[i]->attendee->host_id;
	ARR_DIMS(array)[0] = n;
	SET_VARSIZE(array, ARR_OVERHEAD_NONULLS(1) + n * sizeof(pg_uuid_t));
}

static void
put_slots(Sweep *sweep, int64 most, ReturnSetInfo *rsinfo)
{
	int most_hosts = Min(sweep->most_hosts, sweep->request->event->nattendees);
	ArrayType *hosts = make_host_array(most_hosts);
	Datum values[4] = { [3] = PointerGetDatum(hosts) };
	bool nulls[4] = { false };
	OfferedSlot slot;

	for (int64 n = 0; n < most && sweep_next(sweep, &slot); n++)
	{
		fill_host_array(hosts, &slot, most_hosts);
		values[0] = TimestampTzGetDatum(slot.during.start);
		values[1] = TimestampTzGetDatum(slot.during.end);
		values[2] = Int32GetDatum(slot.seats_left);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * compute_slots(event_type_id, range_start, range_end, max_slots, ignore_booking, hold_token, all_hosts)
 * -> rows (starts_at, ends_at, seats_left, host_ids), ordered by starts_at. Errors: OC002, OC003, OC006, OC013.
 */
Datum
compute_slots(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *event_type_id = check_uuid(fcinfo, 0, "event_type_id");
	SlotRequest request = { .range = check_range(fcinfo), .now = settings_now() };
	int64 most = check_max_slots(fcinfo);
	char *token = check_hold_token_or_null(fcinfo, 5);
	bool may_be_inactive;
	Sweep sweep;

	if (PG_ARGISNULL(6))
		raise_bad_input("all_hosts", "must be given", NULL);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	request.ignore_booking = check_ignored_booking(fcinfo, event_type_id, &may_be_inactive);
	request.event = event_type_load(event_type_id, may_be_inactive);
	request.hold = hold_find(token, request.now);
	sweep_begin(&sweep, &request, PG_GETARG_BOOL(6) ? PG_INT32_MAX : LISTED_HOSTS);
	put_slots(&sweep, most, (ReturnSetInfo *) fcinfo->resultinfo);
	SPI_finish();
	return (Datum) 0;
}
