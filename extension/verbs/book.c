/*
 * book_slot: one call, one row, or one error.
 */
#include "verbs/book.h"

#include "catalog/pg_type_d.h"
#include "data/answers.h"
#include "data/idempotency.h"
#include "data/keys.h"
#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/outbox.h"
#include "verbs/taking.h"

PG_FUNCTION_INFO_V1(book_slot);

void
answer_booking(FunctionCallInfo fcinfo, const Booking *booking, const char *status, bool replayed,
			   const Booking *old)
{
	Datum values[] = {
		UUIDPGetDatum(&booking->id),
		UUIDPGetDatum(&booking->event_type_id),
		UUIDPGetDatum(&booking->organizer_id),
		uuid_array(booking->hosts, booking->nhosts),
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

/* The languages that mails are written in; null is the first. */
static char *
check_language(FunctionCallInfo fcinfo, int arg)
{
	char *language = check_text_or_null(fcinfo, arg, "language", 0, 80);

	if (!language)
		return "en";
	if (strcmp(language, "en") != 0 && strcmp(language, "de") != 0)
		raise_bad_input("language", "must be en or de", language);
	return language;
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
 * book_slot(event_type_id, starts_at, invitee_name, invitee_email, timezone, answers, idempotency_key, hold_token, language)
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
						.language = check_language(fcinfo, 8),
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
	taking_begin(&taking, &(Wish) { .event_type_id = event_type_id,
									.starts_at = starts_at,
									.hold_token = hold_token });
	check_answers(booking.answers, taking.event->questions);
	booking.id = new_id();
	taking_book(&taking, &booking, NULL);
	outbox_tell(&(News) { .type = BOOKING_CREATED, .booking = &booking, .at = taking.now });
	answer = (FirstAnswer) { booking.id, booking.status };
	if (key_text)
		idempotency_keep(&key, &answer, taking.now);
	answer_booking(fcinfo, &booking, booking.status, false, NULL);
	SPI_finish();
	return (Datum) 0;
}
