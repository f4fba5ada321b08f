/*
 * GET .../availability: the open slots of an event type, as the API tells them. Three routes: a user's page, a team's
 * page, the link that moves a booking. Read-only, in the caller's snapshot, so they work on a hot standby.
 *
 * Every argument is text as it came over the wire; null and empty both mean that it was absent. The answer's etag is that
 * of what was found (offer.h); a client that has it already is told so (304) without anything being written.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "data/hold.h"
#include "data/query.h"
#include "errors.h"
#include "pure/crypto.h"
#include "pure/iso.h"
#include "settings.h"
#include "time/civil.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/api_answer.h"
#include "verbs/check.h"
#include "verbs/link.h"
#include "verbs/offer.h"

PG_FUNCTION_INFO_V1(api_availability);
PG_FUNCTION_INFO_V1(api_team_availability);
PG_FUNCTION_INFO_V1(api_action_availability);

#define DEFAULT_DAYS 7
#define MAX_DAYS 31

/* The present page of an event type whose owner has taken another username. */
static SavedQuery moved_query = {
	/* clang-format off */
	.text =
		"SELECT u.username FROM opencalendly.former_usernames AS f JOIN opencalendly.users AS u ON u.id" EQ "f.user_id"
		" JOIN opencalendly.event_types AS e ON e.user_id" EQ "u.id AND e.slug" EQ "$2 AND e.is_active"
		" WHERE f.username" EQ "$1",
	/* clang-format on */
	.nargs = 2,
	.types = { TEXTOID, TEXTOID },
};

/* What the parameters of the query say. */
typedef struct Question
{
	OfferForm form;
	TimeRange range;
	int64 now;
	const char *hold_token;
	const char *if_none_match;
} Question;

static int
read_number(const char *field, const char *value, int fallback, int most)
{
	size_t length = value ? strlen(value) : 0;
	long number;

	if (length == 0)
		return fallback;
	number = length <= 9 && strspn(value, "0123456789") == length ? strtol(value, NULL, 10) : 0;
	if (number < 1 || number > most)
		raise_bad_input(field, psprintf("must be from 1 to %d", most), value);
	return (int) number;
}

static int64
read_start(const char *value, int64 now)
{
	int64 start;

	if (!value)
		return now;
	if (!iso_read(value, &start))
		raise_bad_input("start", "must be an instant such as 2026-06-01T09:00:00Z", value);
	if (!is_instant_in_bounds(start))
		raise_bad_input("start", "must be an instant from the year 1900 to 9999", value);
	return start;
}

/* Where to go on: just after the slot that was told last. */
static int64
read_cursor(const char *value, int64 start)
{
	int64 last;

	if (!value)
		return start;
	if (!offer_read_cursor(value, &last) || !is_instant_in_bounds(last))
		raise_bad_input("cursor", "must be the nextCursor of an answer", value);
	return Max(start, last + 1);
}

static const char *
read_zone(const char *value)
{
	if (!value)
		return "UTC";
	if (!civil_is_zone_name(value))
		raise_bad_input("timezone", "must be a zone name of the tz database", value);
	return value;
}

/* A hold that has ended is none; what cannot be one is refused, and its text does not go into the server's log. */
static const char *
read_hold(const char *value)
{
	uint8_t raw[RANDOM_TOKEN_BYTES];

	if (!base64url_decode(value, strlen(value), raw, sizeof(raw)))
		ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("hold must be the token of a hold"),
				errdetail("Field \"hold\" has another form."));
	return value;
}

/* Reads timezone, start, days, limit, cursor, hold, if_none_match, the first of which is argument number arg. */
static void
read_question(FunctionCallInfo fcinfo, int arg, Question *question)
{
	int64 start;
	int days;

	*question = (Question) { .now = settings_now() };
	question->form.zone_name = read_zone(api_parameter(fcinfo, arg));
	question->form.zone = civil_zone(question->form.zone_name);
	start = read_start(api_parameter(fcinfo, arg + 1), question->now);
	days = read_number("days", api_parameter(fcinfo, arg + 2), DEFAULT_DAYS, MAX_DAYS);
	question->form.most =
		read_number("limit", api_parameter(fcinfo, arg + 3), MAX_OFFERED, MAX_OFFERED);
	/* a slot ends, and its local date is, before the year 10000 */
	question->range.end = Min(start + days * USECS_IN_DAY, LATEST_INSTANT - 2 * USECS_IN_DAY);
	question->range.start = read_cursor(api_parameter(fcinfo, arg + 4), start);
	if (api_parameter(fcinfo, arg + 5))
		question->hold_token = read_hold(api_parameter(fcinfo, arg + 5));
	question->if_none_match = api_parameter(fcinfo, arg + 6);
}

/* Whether the tag is one of a list, which commas part; * is any. */
static bool
has_tag(const char *list, const char *tag)
{
	size_t length = strlen(tag);

	if (!list)
		return false;
	if (strcmp(list, "*") == 0)
		return true;
	for (;; list++)
	{
		list += strspn(list, " ");
		if (strncmp(list, tag, length) == 0 && strchr(", ", list[length]))
			return true;
		list = strchr(list, ',');
		if (!list)
			return false;
	}
}

/* Ends what SPI_connect began. */
static Datum
answer_offer(FunctionCallInfo fcinfo, const Question *question, const EventType *event,
			 const pg_uuid_t *ignore_booking)
{
	SlotRequest request = { .event = event,
							.range = question->range,
							.now = question->now,
							.ignore_booking = ignore_booking,
							.hold = hold_find(question->hold_token, question->now) };
	Offer *offer = offer_make(&request, &question->form);
	char tag[OFFER_TAG_LENGTH + 1];
	char cursor[OFFER_CURSOR_LENGTH + 1];
	ApiAnswer answer = { .status = 200, .etag = tag };

	offer_tag(offer, tag);
	if (offer->has_more)
	{
		offer_cursor(offer, cursor);
		answer.next_cursor = cursor;
	}
	if (has_tag(question->if_none_match, tag))
		answer.status = 304;
	else
		answer.body = offer_json(offer);
	SPI_finish();
	return api_answer(fcinfo, &answer);
}

static void raise_no_page(const EventPage *page) pg_attribute_noreturn();

static void
raise_no_page(const EventPage *page)
{
	ereport(ERROR, errcode(ERRCODE_OC_NO_EVENT_TYPE), errmsg("no such event type"),
			page->is_team
				? errdetail("There is no such team, or none of its event types has this slug.")
				: errdetail("There is no such user, or none of theirs has this slug."));
}

/* A redirection to where the owner of a former username is now. Ends what SPI_connect began. */
static Datum
answer_moved(FunctionCallInfo fcinfo, const EventPage *page)
{
	ApiAnswer answer = { .status = 301 };
	char *username;

	if (query_read(&moved_query, (QueryArg[]) { ARG(CStringGetTextDatum(page->owner)),
												ARG(CStringGetTextDatum(page->slug)) }) == 0)
		raise_no_page(page);
	username = row_text(0, 1);
	answer.location = SPI_palloc(strlen(username) + strlen(page->slug) + 64);
	sprintf((char *) answer.location, "/v0/users/%s/event-types/%s/availability", username,
			page->slug);
	SPI_finish();
	return api_answer(fcinfo, &answer);
}

static Datum
answer_page(FunctionCallInfo fcinfo, EventPage page)
{
	Question question;
	EventType *event;

	read_question(fcinfo, 2, &question);
	if (!page.owner || !page.slug)
		raise_no_page(&page);
	SPI_connect();
	event = event_type_find(page);
	if (!event && !page.is_team)
		return answer_moved(fcinfo, &page);
	if (!event)
		raise_no_page(&page);
	question.form.shows_hosts = page.is_team;
	return answer_offer(fcinfo, &question, event, NULL);
}

/*
 * api_availability(username, slug, timezone, start, days, limit, cursor, hold, if_none_match) -> api_answer.
 * Errors: OC002, OC006.
 */
Datum
api_availability(PG_FUNCTION_ARGS)
{
	return answer_page(fcinfo, (EventPage) { .owner = api_parameter(fcinfo, 0),
											 .slug = api_parameter(fcinfo, 1) });
}

/* api_team_availability(team_slug, slug, and as api_availability) -> api_answer. Errors: OC002, OC006. */
Datum
api_team_availability(PG_FUNCTION_ARGS)
{
	return answer_page(fcinfo, (EventPage) { .is_team = true,
											 .owner = api_parameter(fcinfo, 0),
											 .slug = api_parameter(fcinfo, 1) });
}

/* Raises unless reschedule_booking would look for a new time. */
static void
check_movable(const Booking *booking, int64 now)
{
	check_remembered(booking, now);
	if (booking_is(booking, "rescheduled"))
		raise_moved(booking_successor(&booking->id));
	check_can_move(booking);
	if (now >= booking->starts_at)
		ereport(ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("booking has started"),
				errdetail("It started at %s.", timestamptz_to_str(booking->starts_at)));
}

/*
 * api_action_availability(token, and as api_availability) -> api_answer: where the booking could be moved to.
 * Errors: OC003, OC004, OC005, OC006, OC011.
 */
Datum
api_action_availability(PG_FUNCTION_ARGS)
{
	Question question;
	Link link;
	Booking *booking;

	read_question(fcinfo, 1, &question);
	link = check_reschedule_link(fcinfo, 0);
	SPI_connect();
	booking = booking_find((pg_uuid_t *) link.id);
	check_movable(booking, question.now);
	return answer_offer(fcinfo, &question, event_type_load(&booking->event_type_id, true),
						&booking->id);
}
