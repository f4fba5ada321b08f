/*
 * Writes samples of mails into a folder: every kind in every language to every reader it is for, about four meetings: a
 * plain one, a team's, one in the night when clocks change, and one whose people have typed what they should not.
 *
 *   mail-samples FOLDER
 *
 * Each sample is five files: NAME.eml, and what went into it: NAME.subject, NAME.text, NAME.html, and NAME.ics if it has a
 * calendar part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pure/mail.h"
#include "pure/mail_words.h"
#include "pure/mime.h"

#define ROOM (1 << 20)

/* What a writer has written. */
typedef struct Text
{
	char octets[ROOM];
	size_t n;
} Text;

static const char *folder;

static const char *const kind_names[MAIL_KINDS] = {
	[MAIL_BOOKING_CONFIRMED] = "booking_confirmed",
	[MAIL_BOOKING_RESCHEDULED] = "booking_rescheduled",
	[MAIL_BOOKING_CANCELED] = "booking_canceled",
	[MAIL_REMINDER] = "reminder",
	[MAIL_FOLLOW_UP] = "follow_up",
	[MAIL_LOGIN_LINK] = "login_link",
	[MAIL_WEBHOOK_PAUSED] = "webhook_paused",
	[MAIL_TEAM_INVITATION] = "team_invitation",
	[MAIL_CALENDAR_BROKEN] = "calendar_broken",
};

static const char token[] =
	"AQIAAAABAZ8Kc3JHfH2Qd0o5Yw1u0m1sYv9k3lq2Q0c7tF4d8hX6nB2pR5wT1zE3gK9jL4";

/* Whom a meeting is between, and when. */
typedef struct Meeting
{
	const char *name;
	MailFacts facts;
} Meeting;

static const char *const ada[] = { "Ada Lovelace" };
static const char *const team[] = { "Ada Lovelace", "Jürgen Müller", "J.R.R. Tolkien", "Zoë" };
#define HOSTILE_NAME "Dr. House\r\nBcc: x@evil.example \xe2\x80\xae www.evil.example"

static const char *const hostile[] = { HOSTILE_NAME };

static const MailAnswer answers[] = {
	{ "What would you like to talk about?", "The engine.\nAnd <b>notes</b> & \"tables\"." },
	{ "Your website", "https://evil.example/path?x=1" },
	{ "Not answered", "" },
};

static Meeting meetings[] = {
	{ .name = "plain",
	  .facts = { .event_name = "Intro call",
				 .host_names = ada,
				 .nhosts = 1,
				 .invitee_name = "Ann Visitor",
				 .invitee_email = "ann@example.net",
				 .starts = { 2026, 12, 1, 2, 14 * 60, -300 },
				 .ends = { 2026, 12, 1, 2, 14 * 60 + 30, -300 },
				 .old_starts = { 2026, 11, 30, 1, 11 * 60 + 45, -300 },
				 .old_ends = { 2026, 11, 30, 1, 12 * 60 + 15, -300 },
				 .timezone = "America/New_York",
				 .location_type = "video",
				 .location = "https://meet.example.com/ada-lovelace?pwd=4711&x=1",
				 .canceled_by = "invitee",
				 .starts_at = INT64_C(849466800000000),
				 .ends_at = INT64_C(849468600000000),
				 .organizer_name = "Ada Lovelace",
				 .organizer_email = "ada@example.com" } },
	{ .name = "team",
	  .facts = { .event_name = "Vorstellungsgespräch: Analytische Maschine 🎉",
				 .host_names = team,
				 .nhosts = 4,
				 .team_name = "Difference & Engine, Inc.",
				 .invitee_name = "Søren Æbelø",
				 .invitee_email = "soren+jobs@bücher.example",
				 .starts = { 2026, 7, 8, 3, 9 * 60, 120 },
				 .ends = { 2026, 7, 8, 3, 12 * 60 + 45, 120 },
				 .old_starts = { 2026, 7, 6, 1, 9 * 60, 120 },
				 .old_ends = { 2026, 7, 6, 1, 12 * 60 + 45, 120 },
				 .timezone = "Europe/Berlin",
				 .location_type = "in_person",
				 .location = "Hauptstraße 12; 3. Stock,\n10827 Berlin",
				 .cancellation_policy =
					 "Please tell us a day before.\n\nOur rules: https://example.com/rules",
				 .canceled_by = "host",
				 .cancel_reason = "The engine does not turn.\nWe are sorry.",
				 .answers = answers,
				 .nanswers = 3,
				 .starts_at = INT64_C(836809200000000),
				 .ends_at = INT64_C(836822700000000),
				 .organizer_name = "Ada Lovelace",
				 .organizer_email = "ada@example.com" } },
	{ .name = "night",
	  .facts = { .event_name = "Night shift",
				 .host_names = ada,
				 .nhosts = 1,
				 .invitee_name = "Ann Visitor",
				 .invitee_email = "ann@example.net",
				 .starts = { 2026, 10, 31, 6, 23 * 60 + 30, -240 },
				 .ends = { 2026, 11, 1, 0, 75, -300 },
				 .old_starts = { 2026, 10, 30, 5, 23 * 60 + 30, -240 },
				 .old_ends = { 2026, 10, 31, 6, 0, -240 },
				 .timezone = "America/New_York",
				 .location_type = "phone",
				 .location = "+1 555 0100",
				 .canceled_by = "invitee",
				 .starts_at = INT64_C(846819000000000),
				 .ends_at = INT64_C(846828900000000),
				 .organizer_name = "Ada Lovelace",
				 .organizer_email = "ada@example.com" } },
	{ .name = "hostile",
	  .facts = { .event_name = "Win at evil.example/prize <script>alert(1)</script>",
				 .host_names = hostile,
				 .nhosts = 1,
				 .team_name = "קבוצה",
				 .invitee_name = "שרה כהן\r\nBcc: victim@example.org",
				 .invitee_email = "o'neil?cc=x%26\"<b>@example.org",
				 .starts = { 2026, 12, 1, 2, 0, 0 },
				 .ends = { 2026, 12, 1, 2, 15, 0 },
				 .old_starts = { 2026, 12, 1, 2, 15, 0 },
				 .old_ends = { 2026, 12, 1, 2, 30, 0 },
				 .timezone = "UTC",
				 .location_type = "custom",
				 .location = "javascript:alert(1)",
				 .cancellation_policy = "--=_alternative_x\nFrom here on\n.\n",
				 .canceled_by = "invitee",
				 .cancel_reason = "Call 1-800.evil.example or mail me@evil.example\xe2\x80\xa8"
								  "https://evil.example \xe2\x80\xae reversed",
				 .answers = answers,
				 .nanswers = 3,
				 .starts_at = INT64_C(849398400000000),
				 .ends_at = INT64_C(849399300000000),
				 .organizer_name = HOSTILE_NAME,
				 .organizer_email = "ada@example.com" } },
};

static void
keep(void *arg, const char *octets, size_t n)
{
	Text *text = arg;

	if (text->n + n >= ROOM)
		abort();
	memcpy(text->octets + text->n, octets, n);
	text->n += n;
	text->octets[text->n] = '\0';
}

static Text *
empty(Text *text)
{
	text->n = 0;
	text->octets[0] = '\0';
	return text;
}

static void
write_file(const char *name, const char *ending, const Text *text)
{
	char path[1024];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, ending);
	file = fopen(path, "wb");
	if (!file || fwrite(text->octets, 1, text->n, file) != text->n || fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

/* What all mails about a meeting have. */
static void
complete(MailFacts *facts, const char *language, MailKind kind, bool is_to_host)
{
	static char cancel_url[200];
	static char reschedule_url[200];
	static char login_url[200];

	snprintf(cancel_url, sizeof(cancel_url), "https://book.example.com/bookings/actions/%sC",
			 token);
	snprintf(reschedule_url, sizeof(reschedule_url),
			 "https://book.example.com/bookings/actions/%sR", token);
	snprintf(login_url, sizeof(login_url), "https://book.example.com/auth/verify?token=%sL", token);
	facts->kind = kind;
	facts->is_to_host = is_to_host;
	facts->language = language;
	facts->reader_name = is_to_host ? facts->host_names[0] : facts->invitee_name;
	facts->cancel_url = cancel_url;
	facts->reschedule_url = reschedule_url;
	facts->booking_url = is_to_host ? "https://book.example.com/console#/bookings"
									: "https://book.example.com/ada/intro";
	facts->has_calendar = true;
	facts->uid = "019f0a73-7247-7c7d-9077-4a39630d6ed2@opencalendly";
	facts->sequence = kind == MAIL_BOOKING_CONFIRMED ? 0 : kind == MAIL_BOOKING_RESCHEDULED ? 1 : 2;
	facts->stamp = INT64_C(848736000000000);
	facts->login_url = login_url;
	facts->login_minutes = 15;
	facts->webhook_url = "https://hooks.example.com/opencalendly?key=4711";
	facts->pause_reason = "The endpoint answered 410 Gone.";
	facts->webhooks_url = "https://book.example.com/console#/webhooks";
	facts->inviter_name = facts->host_names[0];
	facts->teams_url = "https://book.example.com/console#/teams";
	facts->calendar_account = "ada.lovelace@gmail.example";
	facts->calendars_url = "https://book.example.com/console#/calendars";
	if (!facts->team_name && kind == MAIL_TEAM_INVITATION)
		facts->team_name = "Difference & Engine, Inc.";
}

static void
write_sample(const char *name, const MailFacts *facts)
{
	static Text subject;
	static Text text;
	static Text html;
	static Text calendar;
	static Text message;
	char boundary[MIME_BOUNDARY_LENGTH + 1];
	char id[300];
	const char *method = mail_calendar_method(facts);
	MailParts parts = { .subject = subject.octets, .text = text.octets, .html = html.octets };

	mail_subject(facts, keep, empty(&subject));
	mail_text(facts, keep, empty(&text));
	mail_html(facts, keep, empty(&html));
	mail_calendar(facts, keep, empty(&calendar));
	if (method)
	{
		parts.calendar = calendar.octets;
		parts.method = method;
		write_file(name, "ics", &calendar);
	}
	if (!mime_boundary(name, boundary))
		abort();
	snprintf(id, sizeof(id), "%s.019f0a73-7247-7c7d-9077-4a39630d6ed2.0@book.example.com", name);
	mail_message(&(MailEnvelope) { .from = "OpenCalendly <bookings@book.example.com>",
								   .to_name = facts->reader_name,
								   .to = facts->is_to_host ? "ada@example.com" : "ann@example.net",
								   .reply_to_name = facts->is_to_host ? facts->invitee_name
																	  : facts->organizer_name,
								   .reply_to = facts->is_to_host ? facts->invitee_email
																 : facts->organizer_email,
								   .message_id = id,
								   .boundary = boundary,
								   .date = facts->stamp },
				 &parts, keep, empty(&message));
	write_file(name, "subject", &subject);
	write_file(name, "text", &text);
	write_file(name, "html", &html);
	write_file(name, "eml", &message);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: mail-samples FOLDER\n");
		return 2;
	}
	folder = argv[1];
	for (size_t m = 0; m < sizeof(meetings) / sizeof(meetings[0]); m++)
		for (int l = 0; l < MAIL_LANGUAGES; l++)
			for (int kind = 0; kind < MAIL_KINDS; kind++)
				for (int host = 0; host < 2; host++)
				{
					const MailLanguage *language = &mail_languages[l];
					MailFacts facts = meetings[m].facts;
					char name[200];

					if (!language->kinds[kind][host].subject)
						continue;
					complete(&facts, language->code, (MailKind) kind, host != 0);
					snprintf(name, sizeof(name), "%s-%s-%s-%s", meetings[m].name, kind_names[kind],
							 host ? "host" : "invitee", language->code);
					write_sample(name, &facts);
				}
	return 0;
}
