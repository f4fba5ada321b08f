/*
 * GET .../invite.ics: a booking as an iCalendar object that its invitee can put into a calendar (RFC 5545; METHOD:PUBLISH
 * of RFC 5546). It names the invitee who has the link, and of the host what the link's page shows: other invitees of a
 * group are not there, nor is the host's address, whose place the URI invalid:nomail takes.
 *
 * A booking that is moved becomes another row, but stays the same event: its UID is made of the first row of the chain, it
 * tells where the last one is, whichever link is asked, and SEQUENCE counts the moves and the cancelation. So a calendar
 * that reads it again changes the event it has. A canceled event has no LOCATION: how to reach the host is for those who
 * are expected.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "data/values.h"
#include "lib/stringinfo.h"
#include "pure/ical.h"
#include "settings.h"
#include "utils/timestamp.h"
#include "verbs/api_answer.h"
#include "verbs/link.h"

PG_FUNCTION_INFO_V1(api_action_invite);

static SavedQuery chain_query = {
	/* clang-format off */
	.text =
		"WITH RECURSIVE earlier AS ("
		"  SELECT b.id, b.rescheduled_from, 0 AS moves FROM opencalendly.bookings AS b WHERE b.id" EQ "$1"
		"  UNION ALL SELECT p.id, p.rescheduled_from, c.moves OPERATOR(pg_catalog.+) 1"
		"   FROM earlier AS c JOIN opencalendly.bookings AS p ON p.id" EQ "c.rescheduled_from),"
		" later AS (SELECT b.id, 0 AS moves FROM opencalendly.bookings AS b WHERE b.id" EQ "$1"
		"  UNION ALL SELECT n.id, c.moves OPERATOR(pg_catalog.+) 1"
		"   FROM later AS c JOIN opencalendly.bookings AS n ON n.rescheduled_from" EQ "c.id)"
		" SELECT f.id, f.moves OPERATOR(pg_catalog.+) l.moves, b.starts_at, b.ends_at, b.status, b.invitee_name,"
		" b.invitee_email, e.name, CASE WHEN b.status OPERATOR(pg_catalog.<>) 'canceled'"
		"  THEN COALESCE(b.meeting_url, e.location_value) END,"
		" COALESCE(u.display_name, u.username)"
		" FROM (SELECT * FROM earlier ORDER BY moves DESC LIMIT 1) AS f,"
		" (SELECT * FROM later ORDER BY moves DESC LIMIT 1) AS l"
		" JOIN opencalendly.bookings AS b ON b.id" EQ "l.id"
		" JOIN opencalendly.event_types AS e ON e.id" EQ "b.event_type_id"
		" JOIN opencalendly.users AS u ON u.id" EQ "b.organizer_id",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDOID },
};

/* An event as it is told. */
typedef struct Invite
{
	pg_uuid_t first_booking;
	int sequence;
	int64 starts_at;
	int64 ends_at;
	const char *status;
	const char *invitee_name;
	const char *invitee_email;
	const char *summary;
	const char *location; /* NULL: none */
	const char *organizer_name;
} Invite;

static const char *
status_in_calendars(const char *status)
{
	if (strcmp(status, "canceled") == 0)
		return "CANCELLED";
	return strcmp(status, "pending") == 0 ? "TENTATIVE" : "CONFIRMED";
}

static void
read_invite(const Booking *booking, Invite *invite)
{
	const char *status;

	query_read(&chain_query, (QueryArg[]) { UUID_ARG(&booking->id) });
	status = row_text(0, 5);
	*invite = (Invite) { .first_booking = row_uuid(0, 1),
						 .sequence = (int) row_int(0, 2) + (strcmp(status, "canceled") == 0),
						 .starts_at = row_instant(0, 3),
						 .ends_at = row_instant(0, 4),
						 .status = status_in_calendars(status),
						 .invitee_name = row_text(0, 6),
						 .invitee_email = row_text(0, 7),
						 .summary = row_text(0, 8),
						 .location = row_text_or_null(0, 9),
						 .organizer_name = row_text(0, 10) };
	SPI_freetuptable(SPI_tuptable);
}

static void
put_plain(IcalWriter *writer, const char *name, const char *value)
{
	ical_property(writer, name);
	ical_plain(writer, value);
}

static void
put_text(IcalWriter *writer, const char *name, const char *value)
{
	ical_property(writer, name);
	ical_text(writer, value);
}

static void
put_instant(IcalWriter *writer, const char *name, int64 instant)
{
	ical_property(writer, name);
	ical_instant(writer, instant);
}

static void
put_people(IcalWriter *writer, const Invite *invite)
{
	ical_property(writer, "ORGANIZER");
	ical_parameter(writer, "CN", invite->organizer_name);
	ical_plain(writer, "invalid:nomail");
	ical_property(writer, "ATTENDEE");
	ical_parameter(writer, "CN", invite->invitee_name);
	ical_parameter(writer, "ROLE", "REQ-PARTICIPANT");
	ical_parameter(writer, "PARTSTAT", "ACCEPTED");
	ical_mailto(writer, invite->invitee_email);
}

/* The UID has no host in it: base_url may change, the event stays. */
static void
put_event(IcalWriter *writer, const Invite *invite, const char *token, int64 now)
{
	ical_begin(writer, "VEVENT");
	put_plain(writer, "UID", psprintf("%s@opencalendly", id_text(&invite->first_booking)));
	ical_property(writer, "SEQUENCE");
	ical_integer(writer, invite->sequence);
	put_instant(writer, "DTSTAMP", now);
	put_instant(writer, "DTSTART", invite->starts_at);
	put_instant(writer, "DTEND", invite->ends_at);
	put_text(writer, "SUMMARY", invite->summary);
	if (invite->location)
		put_text(writer, "LOCATION", invite->location);
	put_people(writer, invite);
	put_plain(writer, "STATUS", invite->status);
	put_plain(writer, "TRANSP", "OPAQUE");
	if (settings_base_url && *settings_base_url)
		put_plain(writer, "URL", psprintf("%s/bookings/actions/%s", settings_base_url, token));
	ical_end(writer, "VEVENT");
}

static void
keep_octets(void *arg, const char *octets, size_t n)
{
	appendBinaryStringInfo(arg, octets, (int) n);
}

/* Palloc'ed in the context that was current at SPI_connect. */
static text *
write_calendar(const Invite *invite, const char *token, int64 now)
{
	StringInfo octets = makeStringInfo();
	IcalWriter writer = { .sink = keep_octets, .arg = octets };
	text *body;

	ical_begin(&writer, "VCALENDAR");
	put_plain(&writer, "VERSION", "2.0");
	put_plain(&writer, "PRODID", "-//OpenCalendly//Bookings//EN");
	put_plain(&writer, "CALSCALE", "GREGORIAN");
	put_plain(&writer, "METHOD", "PUBLISH");
	put_event(&writer, invite, token, now);
	ical_end(&writer, "VCALENDAR");
	body = SPI_palloc(VARHDRSZ + octets->len);
	SET_VARSIZE(body, VARHDRSZ + octets->len);
	memcpy(VARDATA(body), octets->data, octets->len);
	return body;
}

/* api_action_invite(token) -> api_answer, whose body is text/calendar. Errors: OC003, OC004, OC006, OC011. */
Datum
api_action_invite(PG_FUNCTION_ARGS)
{
	Link link = check_link(fcinfo, 0);
	int64 now = settings_now();
	ApiAnswer answer = { .status = 200 };
	Booking *booking;
	Invite invite;

	SPI_connect();
	booking = booking_find((pg_uuid_t *) link.id);
	check_remembered(booking, now);
	read_invite(booking, &invite);
	answer.body = write_calendar(&invite, api_parameter(fcinfo, 0), now);
	SPI_finish();
	return api_answer(fcinfo, &answer);
}
