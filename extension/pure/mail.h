/*
 * The words of mails: who is told what, in which language, as text, as HTML and as iCalendar object (RFC 5546), and the
 * message made of these. Nothing here asks the clock or the database: the same facts make the same octets, so that a mail
 * sent twice is the same mail.
 *
 * Words. The reader is the invitee or a host, in the language and zone that the facts are told in. What people have typed is
 * cleaned before it is shown: control and bidi characters go, names, reasons and answers are kept from becoming links.
 * What hosts say of their events, the place and the rules, stays as they typed it; a place that is an https address is a link.
 */
#ifndef OPENCALENDLY_MAIL_H
#define OPENCALENDLY_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/sink.h"

/* In SQL: the same in lower case, without mail_. */
typedef enum MailKind
{
	MAIL_BOOKING_CONFIRMED,
	MAIL_BOOKING_RESCHEDULED,
	MAIL_BOOKING_CANCELED,
	MAIL_REMINDER,
	MAIL_FOLLOW_UP,
	MAIL_LOGIN_LINK,
	MAIL_WEBHOOK_PAUSED,
	MAIL_TEAM_INVITATION,
	MAIL_CALENDAR_BROKEN
} MailKind;

#define MAIL_KINDS (MAIL_CALENDAR_BROKEN + 1)

/* A wall clock's reading, in the reader's zone. */
typedef struct MailTime
{
	int year;
	int month;   /* 1 to 12 */
	int day;     /* 1 to 31 */
	int weekday; /* 0 is Sunday */
	int minute;  /* of the day, 0 to 1439 */
	int utc_offset_minutes;
} MailTime;

typedef struct MailAnswer
{
	const char *label;
	const char *value;
} MailAnswer;

/*
 * What a mail is about. Texts are UTF-8 as they were typed, or NULL where they make no sense or are not there. Instants are
 * microseconds since 2000-01-01 UTC.
 */
typedef struct MailFacts
{
	MailKind kind;
	bool is_to_host;
	const char *language;    /* of mail_language */
	const char *reader_name; /* or NULL */

	const char *event_name;
	const char *const *host_names;
	int nhosts;
	const char *team_name; /* or NULL */
	const char *invitee_name;
	const char *invitee_email;
	MailTime starts, ends, old_starts, old_ends; /* old: of a rescheduled booking */
	const char *timezone;                        /* that the times are told in */
	const char *location_type;                   /* video, phone, in_person or custom */
	const char *location;                        /* or NULL */
	const char *cancellation_policy;
	const char *canceled_by; /* invitee or host; NULL to a host: moved, and another one's now */
	const char *cancel_reason;
	const MailAnswer *answers; /* shown to hosts alone */
	int nanswers;
	const char *cancel_url, *reschedule_url; /* the invitee's */
	const char
		*booking_url; /* host: the console; invitee of a follow-up or cancelation: to book again */

	const char *login_url;
	int login_minutes; /* how long it holds */
	const char *webhook_url, *pause_reason, *webhooks_url;
	const char *inviter_name, *teams_url;
	const char *calendar_account, *calendars_url;

	bool has_calendar;
	const char *uid;
	int sequence;
	int64_t stamp, starts_at, ends_at;
	const char *organizer_name, *organizer_email;
} MailFacts;

/* Who is written to by whom. Names and reply_to may be NULL; addresses must be such that mime_address takes. */
typedef struct MailEnvelope
{
	const char *from; /* a mailbox, as the operator has set it */
	const char *to_name, *to;
	const char *reply_to_name, *reply_to;
	const char *message_id; /* without < and > */
	const char *boundary;   /* of mime_boundary */
	int64_t date;           /* microseconds since 2000-01-01 UTC */
} MailEnvelope;

/* What the functions below have written. */
typedef struct MailParts
{
	const char *subject;
	const char *text;
	const char *html;
	const char *calendar; /* or NULL */
	const char *method;   /* of mail_calendar_method; NULL with calendar */
} MailParts;

/* The language that mails are written in for who wants this one: "en" or "de"; English for NULL and for any other. */
extern const char *mail_language(const char *wanted);

/* One line of UTF-8, without its end; not encoded. */
extern void mail_subject(const MailFacts *facts, OctetSink sink, void *arg);

/* UTF-8; lines end in LF. */
extern void mail_text(const MailFacts *facts, OctetSink sink, void *arg);
extern void mail_html(const MailFacts *facts, OctetSink sink, void *arg);

/* REQUEST or CANCEL; NULL: this mail has no calendar part, and mail_calendar writes nothing. */
extern const char *mail_calendar_method(const MailFacts *facts);

/* UTF-8; lines end in CRLF. */
extern void mail_calendar(const MailFacts *facts, OctetSink sink, void *arg);

/* A name as mails show it, such as in the name of a sender: cleaned, on one line, and no link in it. */
extern void mail_name(const char *name, OctetSink sink, void *arg);

/* The whole message, in ASCII; lines end in CRLF. What cannot be in a header (mime.h) is left out. */
extern void mail_message(const MailEnvelope *envelope, const MailParts *parts, OctetSink sink,
						 void *arg);

#endif
