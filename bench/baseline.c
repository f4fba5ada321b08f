/*
 * What computing slots is measured against: the same reads, and as many rows.
 *
 * same_reads(event_type_id, range_start, range_end, nrows) runs the five queries that compute_slots runs for an event
 * type without caps (the event type with its schedule, rules, overrides, busy windows, claims), by the same saved
 * plans, looks at none of the results, and puts nrows equal rows of compute_slots' shape. The queries are not copied:
 * the files that own them are included. Built and loaded by scripts/bench only.
 */
/* NOLINTBEGIN(bugprone-suspicious-include): their static queries are what is measured */
#include "data/event_type.c"
#include "data/schedule.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "funcapi.h"
#include "utils/array.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(same_reads);

static void
read_and_forget(SavedQuery *query, const QueryArg *args)
{
	query_read(query, args);
	SPI_freetuptable(SPI_tuptable);
}

static void
put_constant_rows(ReturnSetInfo *rsinfo, pg_uuid_t *host, TimestampTz start, int nrows)
{
	Datum host_datum = UUIDPGetDatum(host);
	Datum values[4] = { TimestampTzGetDatum(start), TimestampTzGetDatum(start + 30 * USECS_PER_MIN),
						Int32GetDatum(1),
						PointerGetDatum(construct_array(&host_datum, 1, UUIDOID, UUID_LEN, false,
														TYPALIGN_CHAR)) };
	bool nulls[4] = { false };

	for (int i = 0; i < nrows; i++)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
same_reads(PG_FUNCTION_ARGS)
{
	pg_uuid_t *event_type_id = PG_GETARG_UUID_P(0);
	TimestampTz start = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz end = PG_GETARG_TIMESTAMPTZ(2);
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	pg_uuid_t host;
	pg_uuid_t schedule;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	if (query_read(&load_query, (QueryArg[]) { UUID_ARG(event_type_id) }) != 1)
		elog(ERROR, "no such event type");
	host = row_uuid(0, 1);
	schedule = row_uuid(0, 16);
	SPI_freetuptable(SPI_tuptable);
	read_and_forget(&rules_query, (QueryArg[]) { UUID_ARG(&schedule) });
	read_and_forget(&overrides_query,
					(QueryArg[]) { UUID_ARG(&host), UUID_ARG(&schedule),
								   ARG(TimestampTzGetDatum(start - HOURS_MARGIN)),
								   ARG(TimestampTzGetDatum(end + HOURS_MARGIN)) });
	read_and_forget(&busy_query, (QueryArg[]) { UUID_ARG(&host), ARG(TimestampTzGetDatum(start)),
												ARG(TimestampTzGetDatum(end)) });
	read_and_forget(&claims_query,
					(QueryArg[]) { UUID_ARG(&host), ARG(TimestampTzGetDatum(start)),
								   ARG(TimestampTzGetDatum(end)), ARG(TimestampTzGetDatum(now)) });
	put_constant_rows((ReturnSetInfo *) fcinfo->resultinfo, &host, start, PG_GETARG_INT32(3));
	SPI_finish();
	return (Datum) 0;
}
