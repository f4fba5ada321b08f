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
	const EventType *event;
	int next; /* the first attendee without a row */
	int refusals;
} Verdicts;

static void
put_verdict(const Verdicts *verdicts, const Attendee *attendee, const char *verdict,
			const char *reason, const char *detail)
{
	Datum values[4] = { attendee ? UUIDPGetDatum(&attendee->host_id) : (Datum) 0,
						CStringGetTextDatum(verdict) };
	bool nulls[4] = { attendee == NULL, false, reason == NULL, detail == NULL };

	if (reason)
		values[2] = CStringGetTextDatum(reason);
	if (detail)
		values[3] = CStringGetTextDatum(detail);
	tuplestore_putvalues(verdicts->rsinfo->setResult, verdicts->rsinfo->setDesc, values, nulls);
}

/* A row ok for each attendee before this one who has no row yet: refusals come in the attendees' order. */
static void
put_free(Verdicts *verdicts, const Attendee *before)
{
	while (&verdicts->event->attendees[verdicts->next] < before)
		put_verdict(verdicts, &verdicts->event->attendees[verdicts->next++], "ok", NULL, NULL);
}

static void
put_refusal(void *arg, const Attendee *attendee, const char *reason, const char *detail)
{
	Verdicts *verdicts = arg;

	if (attendee)
	{
		put_free(verdicts, attendee);
		verdicts->next = (int) (attendee - verdicts->event->attendees) + 1;
	}
	else if (verdicts->event->mode == MODE_SOLO)
		attendee = verdicts->event->attendees;
	put_verdict(verdicts, attendee, "refused", reason, detail);
	verdicts->refusals++;
}

/*
 * explain_slot(event_type_id, starts_at) -> rows (host_id, verdict, reason, detail): of each attendee ok or what stands in
 * the way, and what stands in the way of the event type (of a team: with host_id null). Errors: OC002, OC006.
 */
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
	request.event = verdicts.event = event_type_load(event_type_id, true);
	sweep_begin(&sweep, &request, PG_INT32_MAX);
	explain_refusals(&sweep, put_refusal, &verdicts);
	if (verdicts.event->mode != MODE_SOLO || verdicts.refusals == 0)
		put_free(&verdicts, verdicts.event->attendees + verdicts.event->nattendees);
	SPI_finish();
	return (Datum) 0;
}
