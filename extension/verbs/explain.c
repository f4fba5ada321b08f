/*
 * explain_slot: which rule stands in the way of a start, for whoever wonders.
 */
#include "compat.h"

#include "data/explain.h"
#include "data/query.h"
#include "funcapi.h"
#include "settings.h"
#include "utils/builtins.h"
#include "verbs/check.h"

PG_FUNCTION_INFO_V1(explain_slot);

typedef struct Verdicts
{
	ReturnSetInfo *rsinfo;
	const pg_uuid_t *host_id;
	int refusals;
} Verdicts;

static void
put_verdict(const Verdicts *verdicts, const char *verdict, const char *reason, const char *detail)
{
	Datum values[4] = { UUIDPGetDatum(verdicts->host_id), CStringGetTextDatum(verdict) };
	bool nulls[4] = { false, false, reason == NULL, detail == NULL };

	if (reason)
		values[2] = CStringGetTextDatum(reason);
	if (detail)
		values[3] = CStringGetTextDatum(detail);
	tuplestore_putvalues(verdicts->rsinfo->setResult, verdicts->rsinfo->setDesc, values, nulls);
}

static void
put_refusal(void *arg, const char *reason, const char *detail)
{
	Verdicts *verdicts = arg;

	put_verdict(verdicts, "refused", reason, detail);
	verdicts->refusals++;
}

/* explain_slot(event_type_id, starts_at) -> rows (host_id, verdict, reason, detail). Errors: OC002, OC006. */
Datum
explain_slot(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *event_type_id = check_uuid(fcinfo, 0, "event_type_id");
	int64 starts_at = check_instant(fcinfo, 1, "starts_at");
	SlotRequest request = { .range = { starts_at, starts_at + 1 }, .now = settings_now() };
	Verdicts verdicts = { .rsinfo = (ReturnSetInfo *) fcinfo->resultinfo };
	Sweep sweep;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	request.event = event_type_load(event_type_id, true);
	sweep_begin(&sweep, &request);
	verdicts.host_id = &sweep.schedule->host_id;
	explain_refusals(&sweep, put_refusal, &verdicts);
	if (verdicts.refusals == 0)
		put_verdict(&verdicts, "ok", NULL, NULL);
	SPI_finish();
	return (Datum) 0;
}
