/*
 * What computing slots is measured against: the same reads, and as many rows.
 *
 * same_reads(event_type_id, range_start, range_end, nrows) runs the queries that compute_slots runs for an event type
 * without caps (the event type with its schedule; a team's attendees; then the hosts' rules, overrides, busy windows, stale
 * calendars and claims, one query each), by the same saved plans, looks at nothing but the hosts' ids, and puts nrows equal rows of
 * compute_slots' shape. The queries are not copied: the files that own them are included. Built and loaded by
 * scripts/bench only.
 */
/* NOLINTBEGIN(bugprone-suspicious-include): their static queries are what is measured */
#include "data/event_type.c"
#include "data/schedule.c"
#include "data/team.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "data/sweep.h"
#include "data/values.h"
#include "funcapi.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(same_reads);

/* data/values.c would bring the extension's settings along. Only an error would call this. */
char *
id_text(const pg_uuid_t *id)
{
	elog(ERROR, "no such event type");
}

typedef struct Hosts
{
	pg_uuid_t *ids;
	pg_uuid_t *schedule_ids;
	int n;
} Hosts;

static Hosts
read_hosts(pg_uuid_t *event_type_id)
{
	QueryArg args[] = { UUID_ARG(event_type_id) };
	Hosts hosts = { .n = 1 };
	int schedule_column = 16;
	bool is_solo;

	if (query_read(&load_query, args) != 1)
		elog(ERROR, "no such event type");
	row_datum(0, 18, &is_solo);
	if (!is_solo)
	{
		SPI_freetuptable(SPI_tuptable);
		hosts.n = (int) query_read(&attendees_query, args);
		schedule_column = 3;
	}
	hosts.ids = palloc(hosts.n * sizeof(pg_uuid_t));
	hosts.schedule_ids = palloc(hosts.n * sizeof(pg_uuid_t));
	for (int i = 0; i < hosts.n; i++)
	{
		hosts.ids[i] = row_uuid(i, 1);
		hosts.schedule_ids[i] = row_uuid(i, schedule_column);
	}
	SPI_freetuptable(SPI_tuptable);
	return hosts;
}

static void
forget(void *arg, const Datum *values, const bool *nulls)
{
	(void) arg;
	(void) values;
	(void) nulls;
}

static void
read_and_forget(SavedQuery *query, const QueryArg *args)
{
	query_each(query, args, forget, NULL);
}

static void
read_schedules(const Hosts *hosts, TimestampTz start, TimestampTz end)
{
	QueryArg ids = ARG(uuid_array(hosts->ids, hosts->n));
	QueryArg schedule_ids = ARG(uuid_array(hosts->schedule_ids, hosts->n));
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	read_and_forget(&rules_query, &schedule_ids);
	read_and_forget(&overrides_query,
					(QueryArg[]) { ids, schedule_ids,
								   ARG(TimestampTzGetDatum(start - HOURS_MARGIN)),
								   ARG(TimestampTzGetDatum(end + HOURS_MARGIN)) });
	read_and_forget(&busy_query, (QueryArg[]) { ids, ARG(TimestampTzGetDatum(start)),
												ARG(TimestampTzGetDatum(end)) });
	read_and_forget(&stale_query, (QueryArg[]) { ids, ARG(TimestampTzGetDatum(now)) });
	read_and_forget(&claims_query,
					(QueryArg[]) { ids, ARG(TimestampTzGetDatum(start)),
								   ARG(TimestampTzGetDatum(end)), ARG(TimestampTzGetDatum(now)) });
}

static void
put_constant_rows(ReturnSetInfo *rsinfo, const Hosts *hosts, TimestampTz start, int nrows)
{
	Datum values[4] = { TimestampTzGetDatum(start), TimestampTzGetDatum(start + 30 * USECS_PER_MIN),
						Int32GetDatum(1), uuid_array(hosts->ids, Min(hosts->n, LISTED_HOSTS)) };
	bool nulls[4] = { false };

	for (int i = 0; i < nrows; i++)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
same_reads(PG_FUNCTION_ARGS)
{
	TimestampTz start = PG_GETARG_TIMESTAMPTZ(1);
	Hosts hosts;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	hosts = read_hosts(PG_GETARG_UUID_P(0));
	read_schedules(&hosts, start, PG_GETARG_TIMESTAMPTZ(2));
	put_constant_rows((ReturnSetInfo *) fcinfo->resultinfo, &hosts, start, PG_GETARG_INT32(3));
	SPI_finish();
	return (Datum) 0;
}
