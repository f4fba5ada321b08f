/*
 * PROVISIONAL, until the words are here: replaced as a whole.
 */
#include "pure/mail.h"

#include <string.h>

#include "pure/mime.h"

const char *
mail_language(const char *wanted)
{
	return wanted && strcmp(wanted, "de") == 0 ? "de" : "en";
}

void
mail_subject(const MailFacts *facts, OctetSink sink, void *arg)
{
	sink(arg, facts->event_name ? facts->event_name : "mail",
		 strlen(facts->event_name ? facts->event_name : "mail"));
}

void
mail_text(const MailFacts *facts, OctetSink sink, void *arg)
{
	const char *url = facts->login_url ? facts->login_url : facts->cancel_url;

	sink(arg, url ? url : "text", strlen(url ? url : "text"));
}

void
mail_html(const MailFacts *facts, OctetSink sink, void *arg)
{
	sink(arg, "<p>text", 7);
}

const char *
mail_calendar_method(const MailFacts *facts)
{
	return facts->has_calendar ? facts->kind == MAIL_BOOKING_CANCELED ? "CANCEL" : "REQUEST" : NULL;
}

void
mail_calendar(const MailFacts *facts, OctetSink sink, void *arg)
{
	sink(arg, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", 32);
}

void
mail_name(const char *name, OctetSink sink, void *arg)
{
	sink(arg, name, strlen(name));
}

void
mail_message(const MailEnvelope *envelope, const MailParts *parts, OctetSink sink, void *arg)
{
	mime_plain_header("From", envelope->from, sink, arg);
	mime_header("Subject", parts->subject, sink, arg);
	mime_plain_header("Message-ID", envelope->message_id, sink, arg);
	mime_part("text/plain; charset=utf-8", "", parts->text, sink, arg);
}
