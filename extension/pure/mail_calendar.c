/*
 * The calendar part of mails (RFC 5545, RFC 5546): METHOD:REQUEST for a meeting that was booked or moved, CANCEL for one that
 * is canceled. UID stays over moves and SEQUENCE grows, so a calendar changes the event that it has.
 *
 * The invitee is asked to answer (NEEDS-ACTION, RSVP), although they have booked themselves: this is what makes mail programs
 * show the buttons by which the event gets into a calendar, and whoever presses No writes to the organizer, a host. To hosts
 * the invitee is one who has accepted. A canceled event has no place, and only the invitee's has links: they are secrets.
 */
#include "pure/mail.h"

#include <string.h>

#include "pure/clean.h"
#include "pure/ical.h"
#include "pure/mail_writer.h"
#include "pure/mime.h"

/* Room for the values that are made before they are written: two links and the words before them, or a place. */
#define VALUE_ROOM 4096

typedef struct Value
{
	char text[VALUE_ROOM];
	size_t n;
} Value;

static void
keep(void *arg, const char *octets, size_t n)
{
	Value *value = arg;

	if (value->n + n >= VALUE_ROOM)
		return;
	memcpy(value->text + value->n, octets, n);
	value->n += n;
	value->text[value->n] = '\0';
}

const char *
mail_calendar_method(const MailFacts *facts)
{
	if (!facts->has_calendar)
		return NULL;
	switch (facts->kind)
	{
		case MAIL_BOOKING_CONFIRMED:
		case MAIL_BOOKING_RESCHEDULED:
			return "REQUEST";
		case MAIL_BOOKING_CANCELED:
			return "CANCEL";
		default:
			return NULL;
	}
}

static void
put_plain(IcalWriter *writer, const char *name, const char *value)
{
	ical_property(writer, name);
	ical_plain(writer, value);
}

static void
put_instant(IcalWriter *writer, const char *name, int64_t instant)
{
	ical_property(writer, name);
	ical_instant(writer, instant);
}

/* In ASCII, if the address can be told so. */
static void
put_mailto(IcalWriter *writer, const char *address)
{
	char ascii[MIME_ADDRESS_ROOM];

	ical_mailto(writer, mime_address(address, strlen(address), ascii) ? ascii : address);
}

static void
put_common_name(IcalWriter *writer, const char *name)
{
	Value value = { .n = 0 };

	mail_name(name, keep, &value);
	if (value.n > 0)
		ical_parameter(writer, "CN", value.text);
}

static void
put_people(IcalWriter *writer, const MailFacts *facts)
{
	ical_property(writer, "ORGANIZER");
	put_common_name(writer, facts->organizer_name);
	put_mailto(writer, facts->organizer_email ? facts->organizer_email : "");
	ical_property(writer, "ATTENDEE");
	put_common_name(writer, facts->invitee_name);
	ical_parameter(writer, "CUTYPE", "INDIVIDUAL");
	ical_parameter(writer, "ROLE", "REQ-PARTICIPANT");
	ical_parameter(writer, "PARTSTAT", facts->is_to_host ? "ACCEPTED" : "NEEDS-ACTION");
	ical_parameter(writer, "RSVP", facts->is_to_host ? "FALSE" : "TRUE");
	put_mailto(writer, facts->invitee_email ? facts->invitee_email : "");
}

static void
put_summary(IcalWriter *writer, const MailFacts *facts)
{
	Value value = { .n = 0 };
	MailWriter words = mail_writer(facts, FORM_LINE, keep, &value);

	mail_put_word(&words, facts->is_to_host ? WORD_WITH_INVITEE : WORD_WITH);
	ical_property(writer, "SUMMARY");
	ical_text(writer, value.text);
}

static void
put_location(IcalWriter *writer, const MailFacts *facts)
{
	Value value = { .n = 0 };
	MailWriter words = mail_writer(facts, FORM_LINE, keep, &value);

	if (!mail_is_told(facts->location))
		return;
	mail_put_typed(&words, facts->location, false);
	ical_property(writer, "LOCATION");
	ical_text(writer, value.text);
}

static void
put_links(IcalWriter *writer, const MailFacts *facts)
{
	MailLink links[MAIL_LINKS_MOST];
	int n = facts->is_to_host ? 0 : mail_links(facts, links);
	Value value = { .n = 0 };
	MailWriter words = mail_writer(facts, FORM_LINE, keep, &value);

	for (int i = 0; i < n; i++)
	{
		mail_put(&words, i > 0 ? "\n\n" : "");
		mail_put_word(&words, links[i].label);
		mail_put(&words, ":\n");
		mail_put_address(&words, links[i].url);
	}
	if (n == 0)
		return;
	ical_property(writer, "DESCRIPTION");
	ical_text(writer, value.text);
}

static void
put_event(IcalWriter *writer, const MailFacts *facts, bool is_canceled)
{
	ical_begin(writer, "VEVENT");
	put_plain(writer, "UID", facts->uid);
	ical_property(writer, "SEQUENCE");
	ical_integer(writer, facts->sequence);
	put_instant(writer, "DTSTAMP", facts->stamp);
	put_instant(writer, "DTSTART", facts->starts_at);
	put_instant(writer, "DTEND", facts->ends_at);
	put_summary(writer, facts);
	if (!is_canceled)
	{
		put_location(writer, facts);
		put_links(writer, facts);
	}
	put_people(writer, facts);
	put_plain(writer, "STATUS", is_canceled ? "CANCELLED" : "CONFIRMED");
	put_plain(writer, "TRANSP", is_canceled ? "TRANSPARENT" : "OPAQUE");
	ical_end(writer, "VEVENT");
}

void
mail_calendar(const MailFacts *facts, OctetSink sink, void *arg)
{
	const char *method = mail_calendar_method(facts);
	IcalWriter writer = { .sink = sink, .arg = arg };

	if (!method)
		return;
	ical_begin(&writer, "VCALENDAR");
	put_plain(&writer, "VERSION", "2.0");
	put_plain(&writer, "PRODID", "-//OpenCalendly//Bookings//EN");
	put_plain(&writer, "CALSCALE", "GREGORIAN");
	put_plain(&writer, "METHOD", method);
	put_event(&writer, facts, strcmp(method, "CANCEL") == 0);
	ical_end(&writer, "VCALENDAR");
}
