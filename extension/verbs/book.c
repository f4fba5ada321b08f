/*
 * book_slot, and what moving and holding share with it; the words are in book.h, the rules of locking in data/claim.h.
 */
#include "verbs/book.h"

#include "catalog/pg_type_d.h"
#include "data/answers.h"
#include "data/explain.h"
#include "data/idempotency.h"
#include "data/keys.h"
#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(book_slot);

void
raise_not_available(int64 starts_at, const char *why)
{
	ereport(ERROR, errcode(ERRCODE_OC_SLOT_UNAVAILABLE), errmsg("slot is not available"),
			errdetail("%s is not offered: %s.", show_instant(starts_at), why),
			errhint("compute_slots shows what is; explain_slot says all that stands in the way."));
}

/* A RefusalSink that raises with the first reason. */
static void
raise_first_refusal(void *arg, const char *reason, const char *detail)
{
	raise_not_available(*(int64 *) arg, psprintf("%s (%s)", reason, detail));
}

static int
add_host(pg_uuid_t *hosts, int nhosts, const pg_uuid_t *host)
{
	for (int i = 0; i < nhosts; i++)
		if (memcmp(&hosts[i], host, sizeof(pg_uuid_t)) == 0)
			return nhosts;
	hosts[nhosts] = *host;
	return nhosts + 1;
}

/* The hosts to lock, palloc'ed: the event type's, the old booking's, those of the caller's hold. */
static pg_uuid_t *
hosts_concerned(const pg_uuid_t *event_type_id, const char *hold_token, const Booking *old,
				int *nhosts)
{
	pg_uuid_t *held = NULL;
	int nheld = 0;
	pg_uuid_t *hosts;

	claim_read_begin();
	if (hold_token)
		held = hold_hosts(hold_token, &nheld);
	hosts = palloc((nheld + 2) * sizeof(pg_uuid_t));
	hosts[0] = event_type_host(event_type_id);
	*nhosts = 1;
	if (old)
		*nhosts = add_host(hosts, *nhosts, &old->organizer_id);
	for (int i = 0; i < nheld; i++)
		*nhosts = add_host(hosts, *nhosts, &held[i]);
	claim_read_end();
	return hosts;
}

void
taking_lock(const pg_uuid_t *event_type_id, const char *hold_token, const Booking *old, int64 now)
{
	int nhosts;
	pg_uuid_t *hosts = hosts_concerned(event_type_id, hold_token, old, &nhosts);

	lock_hosts(hosts, nhosts);
	claims_drop_expired(hosts, nhosts, now);
}

void
taking_begin(SlotTaking *taking, const pg_uuid_t *event_type_id, int64 starts_at,
			 const char *hold_token)
{
	int nhosts;
	pg_uuid_t *hosts = hosts_concerned(event_type_id, hold_token, NULL, &nhosts);

	if (!try_lock_hosts(hosts, nhosts))
	{
		taking_load(taking, event_type_id, starts_at, hold_token, NULL);
		lock_hosts(hosts, nhosts);
	}
	claims_drop_expired(hosts, nhosts, settings_now());
	taking_load(taking, event_type_id, starts_at, hold_token, NULL);
}

void
taking_load(SlotTaking *taking, const pg_uuid_t *event_type_id, int64 starts_at,
			const char *hold_token, const Booking *old)
{
	SlotRequest request = { .range = { starts_at, starts_at + 1 } };
	Sweep sweep;

	taking->now = request.now = settings_now();
	claim_read_begin();
	request.event = taking->event = event_type_load(event_type_id, old != NULL);
	request.hold = taking->hold = hold_find(hold_token, taking->now);
	request.ignore_booking = old ? &old->id : NULL;
	sweep_begin(&sweep, &request);
	if (!sweep_next(&sweep, &taking->slot))
	{
		explain_refusals(&sweep, raise_first_refusal, &starts_at);
		elog(ERROR, "a start is refused without a reason");
	}
	claim_read_end();
	taking->hosts[0] = taking->event->organizer_id;
	taking->nhosts = 1;
}

void
taking_load_for_organizer(SlotTaking *taking, int64 starts_at, const Booking *old)
{
	SlotRequest request = { .range = { starts_at, starts_at + 1 }, .ignore_booking = &old->id };
	EventType any_instant;
	HostSchedule *schedule;
	GridStart at;
	Grid grid;
	TimeRange everything;
	const Meeting *joined;
	int64 again;

	taking->now = request.now = settings_now();
	taking->hold = NULL;
	if (starts_at < taking->now)
		raise_not_available(starts_at, "it has passed");
	claim_read_begin();
	taking->event = event_type_load(&old->event_type_id, true);
	/* on the finest grid a start has the buffers of all rules that hold it; outside the hours the event type's remain */
	any_instant = *taking->event;
	any_instant.step = 1;
	request.event = &any_instant;
	schedule = schedule_load(&request);
	grid_init(&grid, schedule->hours.runs, schedule->hours.nruns,
			  palloc(schedule->hours.nruns * sizeof(size_t)));
	if (!grid_next(&grid, &at))
		at = (GridStart) { starts_at, Max(request.event->buffer_before, 0),
						   Max(request.event->buffer_after, 0) };
	everything = (TimeRange) { PG_INT64_MIN, PG_INT64_MAX };
	schedule->time.open = &everything;
	schedule->time.nopen = 1;
	schedule->time.longest_before = at.buffer_before;
	if (!host_is_free(&schedule->time, &at, request.event->duration, &joined, &again))
		raise_not_available(starts_at, "it is taken");
	claim_read_end();
	taking->slot =
		(OfferedSlot) { .during = { at.start, at.start + request.event->duration },
						.buffer_before = at.buffer_before,
						.buffer_after = at.buffer_after,
						.meeting_id = joined ? &schedule->meeting_ids[joined->id] : NULL };
	taking->hosts[0] = taking->event->organizer_id;
	taking->nhosts = 1;
}

void
taking_book(SlotTaking *taking, Booking *booking)
{
	if (taking->hold)
		hold_drop(taking->hold, taking->now);
	booking->starts_at = taking->slot.during.start;
	booking->ends_at = taking->slot.during.end;
	booking->seat = seat_take(taking->event, &taking->slot, taking->hosts, taking->nhosts, DT_NOEND,
							  taking->now);
	booking_insert(booking, taking->now);
	if (taking->slot.meeting_id)
		occurrence_settle(&booking->seat.occurrence_id, taking->now);
}

void
answer_booking(FunctionCallInfo fcinfo, const Booking *booking, const char *status, bool replayed,
			   const Booking *old)
{
	Datum host = UUIDPGetDatum(&booking->organizer_id);
	Datum values[] = {
		UUIDPGetDatum(&booking->id),
		UUIDPGetDatum(&booking->event_type_id),
		UUIDPGetDatum(&booking->organizer_id),
		PointerGetDatum(construct_array(&host, 1, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR)),
		TimestampTzGetDatum(booking->starts_at),
		TimestampTzGetDatum(booking->ends_at),
		CStringGetTextDatum(status),
		CStringGetTextDatum(keys_link_token(LINK_CANCEL, &booking->id, booking->link_key_id)),
		CStringGetTextDatum(keys_link_token(LINK_RESCHEDULE, &booking->id, booking->link_key_id)),
		TimestampTzGetDatum(booking->starts_at),
		BoolGetDatum(replayed),
		old ? UUIDPGetDatum(&old->id) : (Datum) 0
	};
	bool nulls[lengthof(values)] = { false };

	answer_row(fcinfo, values, nulls);
}

static Jsonb *
check_answers_given(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		raise_bad_input("answers", "must be given", NULL);
	return PG_GETARG_JSONB_P(arg);
}

/* What makes two requests the same: all that is booked, in one spelling. */
static StringInfo
describe_request(const Booking *booking, int64 starts_at)
{
	StringInfo request = makeStringInfo();

	appendStringInfo(request, INT64_FORMAT "%c%s%c%s%c%s%c", starts_at, '\0', booking->invitee_name,
					 '\0', booking->invitee_email, '\0', booking->timezone, '\0');
	appendBinaryStringInfo(request, VARDATA(booking->answers),
						   VARSIZE(booking->answers) - VARHDRSZ);
	return request;
}

static void
answer_again(FunctionCallInfo fcinfo, const FirstAnswer *answer)
{
	Booking *booking;

	claim_read_begin();
	booking = booking_find(&answer->booking_id);
	claim_read_end();
	if (!booking)
		raise_serialization_failure();
	answer_booking(fcinfo, booking, answer->status, true, NULL);
}

/*
 * book_slot(event_type_id, starts_at, invitee_name, invitee_email, timezone, answers, idempotency_key, hold_token)
 * -> one row. Errors: OC001, OC002, OC003, OC006, OC007, OC011.
 */
Datum
book_slot(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *event_type_id = check_uuid(fcinfo, 0, "event_type_id");
	int64 starts_at = check_instant(fcinfo, 1, "starts_at");
	Booking booking = { .event_type_id = *event_type_id,
						.status = "confirmed",
						.invitee_name = check_name(fcinfo, 2, "invitee_name"),
						.invitee_email = check_email(fcinfo, 3, "invitee_email"),
						.timezone = check_zone_or_null(fcinfo, 4, "timezone"),
						.answers = check_answers_given(fcinfo, 5),
						.link_key_id = keys_active_id() };
	char *key_text = check_text_or_null(fcinfo, 6, "idempotency_key", 16, 200);
	char *hold_token = check_hold_token_or_null(fcinfo, 7);
	IdempotencyKey key = { .operation = "book_slot", .subject_id = event_type_id };
	FirstAnswer answer;
	SlotTaking taking;

	if (!booking.timezone)
		booking.timezone = "UTC";
	SPI_connect();
	if (key_text && idempotency_begin(&key, key_text, describe_request(&booking, starts_at),
									  settings_now(), &answer))
	{
		answer_again(fcinfo, &answer);
		SPI_finish();
		return (Datum) 0;
	}
	taking_begin(&taking, event_type_id, starts_at, hold_token);
	check_answers(booking.answers, taking.event->questions);
	booking.id = new_id();
	booking.organizer_id = taking.event->organizer_id;
	taking_book(&taking, &booking);
	answer = (FirstAnswer) { booking.id, booking.status };
	if (key_text)
		idempotency_keep(&key, &answer, taking.now);
	answer_booking(fcinfo, &booking, booking.status, false, NULL);
	SPI_finish();
	return (Datum) 0;
}
