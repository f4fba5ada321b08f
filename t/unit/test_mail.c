/*
 * The words of mails: complete in each language, right about times, silent about what is not the reader's, and harmless
 * whatever people have typed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/clean.h"
#include "pure/mail.h"
#include "pure/mail_words.h"
#include "pure/mime.h"

#define ROOM (1 << 20)

typedef void (*Writer)(const MailFacts *facts, OctetSink sink, void *arg);

typedef struct Out
{
	char text[ROOM];
	size_t n;
} Out;

static void
keep(void *arg, const char *octets, size_t n)
{
	Out *out = arg;

	assert_true(out->n + n < ROOM);
	memcpy(out->text + out->n, octets, n);
	out->n += n;
	out->text[out->n] = '\0';
}

/* The last writer's; each has its own room. */
static const char *
written(Writer write, const MailFacts *facts)
{
	static Out outs[4];
	Out *out = &outs[write == mail_subject ? 0
					 : write == mail_text  ? 1
					 : write == mail_html  ? 2
										   : 3];

	out->n = 0;
	out->text[0] = '\0';
	write(facts, keep, out);
	assert_int_equal(strlen(out->text), out->n);
	return out->text;
}

static void
assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void
assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static const char *const ada[] = { "Ada Lovelace" };
static const MailAnswer answers[] = { { "Your question?", "The <b>engine</b>\r\nand more" },
									  { "Your site", "https://evil.example/x" },
									  { "Nothing", " \n " } };

static MailFacts
meeting(MailKind kind, bool is_to_host)
{
	return (MailFacts) {
		.kind = kind,
		.is_to_host = is_to_host,
		.language = "en",
		.reader_name = is_to_host ? "Ada Lovelace" : "Ann Visitor",
		.event_name = "Intro call",
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
		.location = "https://meet.example.com/ada",
		.canceled_by = "invitee",
		.answers = answers,
		.nanswers = 3,
		.cancel_url = "https://book.example.com/bookings/actions/C",
		.reschedule_url = "https://book.example.com/bookings/actions/R",
		.booking_url =
			is_to_host ? "https://book.example.com/console" : "https://book.example.com/ada/intro",
		.has_calendar = true,
		.uid = "019f0a73-7247-7c7d-9077-4a39630d6ed2@opencalendly",
		.sequence = 1,
		.stamp = INT64_C(848736000000000),
		.starts_at = INT64_C(849466800000000),
		.ends_at = INT64_C(849468600000000),
		.organizer_name = "Ada Lovelace",
		.organizer_email = "ada@example.com",
	};
}

static MailFacts
account(MailKind kind)
{
	return (MailFacts) {
		.kind = kind,
		.language = "en",
		.login_url = "https://book.example.com/auth/verify?token=T",
		.login_minutes = 15,
		.webhook_url = "https://hooks.example.com:8443/in?key=1",
		.pause_reason = "The endpoint answered 410 Gone.",
		.webhooks_url = "https://book.example.com/console#/webhooks",
		.inviter_name = "Ada Lovelace",
		.team_name = "Engines & Co.",
		.teams_url = "https://book.example.com/console#/teams",
		.calendar_account = "ada@gmail.example",
		.calendars_url = "https://book.example.com/console#/calendars",
	};
}

static bool
is_to_somebody(MailKind kind, bool is_to_host)
{
	return mail_languages[0].kinds[kind][is_to_host].subject != NULL;
}

static MailFacts
facts_of(MailKind kind, bool is_to_host)
{
	return kind <= MAIL_FOLLOW_UP ? meeting(kind, is_to_host) : account(kind);
}

/* --- languages ----------------------------------------------------------------------------------------------------------- */

/* The next placeholder, with its length; NULL: no more. */
static const char *
next_placeholder(const char *text, size_t *n)
{
	const char *open = strchr(text, '{');

	if (open)
		*n = strcspn(open, "}") + 1;
	return open;
}

static void
assert_same_placeholders(const char *a, const char *b)
{
	char name[40];
	size_t n;

	assert_int_equal(a == NULL, b == NULL);
	for (const char *at = a; at && (at = next_placeholder(at, &n)) != NULL; at += n)
	{
		snprintf(name, sizeof(name), "%.*s", (int) n, at);
		assert_has(b, name);
	}
}

static void
each_language_has_every_message(void **state)
{
	const MailLanguage *en = &mail_languages[0];

	(void) state;
	for (int l = 0; l < MAIL_LANGUAGES; l++)
	{
		const MailLanguage *other = &mail_languages[l];

		for (int w = 0; w < MAIL_WORDS; w++)
		{
			assert_non_null(other->words[w]);
			assert_same_placeholders(en->words[w], other->words[w]);
			assert_same_placeholders(other->words[w], en->words[w]);
		}
		for (int k = 0; k < MAIL_KINDS; k++)
			for (int r = 0; r < 2; r++)
			{
				const char *const *a = (const char *const *) &en->kinds[k][r];
				const char *const *b = (const char *const *) &other->kinds[k][r];

				for (int i = 0; i < 3; i++)
				{
					assert_same_placeholders(a[i], b[i]);
					assert_same_placeholders(b[i], a[i]);
				}
			}
		for (int i = 0; i < 3; i++)
			assert_same_placeholders(((const char *const *) &en->handed_over)[i],
									 ((const char *const *) &other->handed_over)[i]);
		for (int i = 0; i < 7; i++)
			assert_true(*other->weekdays[i] && *other->short_weekdays[i]);
		for (int i = 0; i < 12; i++)
			assert_true(*other->months[i] && *other->short_months[i]);
	}
}

static void
every_mail_is_written_in_every_language(void **state)
{
	(void) state;
	for (int l = 0; l < MAIL_LANGUAGES; l++)
		for (int k = 0; k < MAIL_KINDS; k++)
			for (int r = 0; r < 2; r++)
			{
				MailFacts facts = facts_of((MailKind) k, r != 0);

				if (!is_to_somebody((MailKind) k, r != 0))
					continue;
				facts.language = mail_languages[l].code;
				/* no gap is left, nothing is in the wrong place */
				assert_has_not(written(mail_subject, &facts), "{");
				assert_has_not(written(mail_text, &facts), "{");
				assert_has_not(written(mail_text, &facts), "–.");
				assert_has(written(mail_html, &facts), "</html>");
				assert_true(strlen(written(mail_html, &facts)) < 16384);
			}
	assert_string_equal(mail_language("de"), "de");
	assert_string_equal(mail_language("en"), "en");
	assert_string_equal(mail_language("xx"), "en");
	assert_string_equal(mail_language(NULL), "en");
}

/* --- what is typed ------------------------------------------------------------------------------------------------------- */

static const char *
cleaned(const char *text, int how)
{
	static char value[4096];
	CleanText clean = clean_begin(text, how);
	size_t length = 0;

	for (size_t n; (n = clean_next(&clean, value + length)) > 0; length += n)
		assert_true(length < sizeof(value) - 8);
	value[length] = '\0';
	return value;
}

static void
links_are_broken_up_and_names_stay(void **state)
{
	static const char *const cases[][2] = {
		{ "J.R.R. Tolkien", NULL },
		{ "Dr. House", NULL },
		{ "Ph.D. z.B. i.d.R. 3.14 1.000,00 12.30-13.00", NULL },
		{ "@ada, ada @ work", NULL },
		{ "Wait... what?", NULL },
		{ "Jr.", NULL },
		{ "a/b and c: d // e", NULL },
		{ "你好。我们", NULL },
		{ "evil.com", "evil. com" },
		{ "evil.com/x", "evil. com/x" },
		{ "a@b.c", "a @ b.c" },
		{ "ann@example.net", "ann @ example. net" },
		{ "https://x", "https: //x" },
		{ "HTTPS://EVIL.EXAMPLE", "HTTPS: //EVIL. EXAMPLE" },
		{ "www.x", "www. x" },
		{ "WwW.9.9", "WwW. 9.9" },
		{ "(www.evil.example)", "(www. evil. example)" },
		{ "x.xn--p1ai", "x. xn--p1ai" },
		{ "пример.рф", "пример. рф" },
		{ "evil。com evil．com evil․com", "evil。 com evil． com evil․ com" },
		/* what cannot be seen does not part what belongs together */
		{ "evil\xe2\x80\x8b.\xe2\x80\x8b"
		  "com",
		  "evil. com" },
		{ "evil.\xe2\x80\xae"
		  "com",
		  "evil. com" },
		{ "ht\xc2\xadtps:/\x01/x", "https: //x" },
		{ "evil\xe2\x80\x8d.\xe2\x80\x8d"
		  "com",
		  "evil\xe2\x80\x8d. \xe2\x80\x8d"
		  "com" },
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *expected = cases[i][1] ? cases[i][1] : cases[i][0];
		char once[256];

		snprintf(once, sizeof(once), "%s", cleaned(cases[i][0], CLEAN_LINKS));
		assert_string_equal(once, expected);
		/* cleaned again it stays */
		assert_string_equal(cleaned(once, CLEAN_LINKS), expected);
	}
}

static void
what_is_no_ink_goes(void **state)
{
	char one[3];

	(void) state;
	for (int c = 1; c < 0x20; c++)
	{
		snprintf(one, sizeof(one), "%c", c);
		assert_string_equal(cleaned(one, 0), "");
	}
	assert_string_equal(cleaned("a\r\nb\nc\rd\te\xc2\x85"
								"f\xe2\x80\xa8g\xe2\x80\xa9h",
								0),
						"a b c d e f g h");
	assert_string_equal(cleaned("\n a\r\nb\n\nc \n", CLEAN_LINES), "a\nb\n\nc");
	assert_string_equal(cleaned("a\x01"
								"b\x7f"
								"c\xc2\x80"
								"d\xe2\x80\xae"
								"e\xe2\x81\xa6"
								"f\xd8\x9c"
								"g\xef\xbb\xbf"
								"h\xc2\xad"
								"i",
								0),
						"abcdefghi");
	assert_string_equal(cleaned("👩\xe2\x80\x8d🚀 می\xe2\x80\x8cخواهم", 0),
						"👩\xe2\x80\x8d🚀 می\xe2\x80\x8cخواهم");
	assert_string_equal(cleaned("a\xff\xc3", 0), "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void
anything_can_be_cleaned(void **state)
{
	static const char *const pieces[] = {
		"a",    ".",  "com", "@", ":", "//",           "www.",         " ",
		"\n",   "\t", "é",   "ש", "😀", "\xe2\x80\x8b", "\xe2\x80\xae", "\xff",
		"\x01", "/",  "W"
	};
	uint32_t seed = 7;
	char text[512];

	(void) state;
	for (int i = 0; i < 20000; i++)
	{
		char once[2048];
		char *end = text;

		for (int k = 0; k < 20; k++)
		{
			seed = seed * 1664525u + 1013904223u;
			end = stpcpy(end, pieces[(seed >> 10) % (sizeof(pieces) / sizeof(pieces[0]))]);
		}
		snprintf(once, sizeof(once), "%s", cleaned(text, CLEAN_LINKS));
		assert_has_not(once, "://");
		for (const char *dot = once; (dot = strstr(dot, ".com")) != NULL; dot++)
			assert_true(dot == once || dot[-1] == ' ');
		assert_has_not(once, "\n");
		assert_has_not(once, "  ");
		assert_string_equal(cleaned(once, CLEAN_LINKS), once);
		(void) cleaned(text, CLEAN_LINES | CLEAN_LINKS);
	}
}

/* --- times ----------------------------------------------------------------------------------------------------------------- */

static void
assert_when(const char *language, MailTime starts, MailTime ends, const char *zone,
			const char *expected)
{
	MailFacts facts = meeting(MAIL_REMINDER, false);

	facts.language = language;
	facts.starts = starts;
	facts.ends = ends;
	facts.timezone = zone;
	assert_has(written(mail_text, &facts), expected);
}

static void
times_are_told_as_people_read_them(void **state)
{
	const MailTime nine = { 2026, 3, 8, 0, 9 * 60, -240 };
	const MailTime ten = { 2026, 3, 8, 0, 10 * 60 + 5, -240 };
	const MailTime half_past_noon = { 2026, 3, 8, 0, 12 * 60 + 30, -240 };
	const MailTime before_change = { 2026, 3, 8, 0, 90, -300 };
	const MailTime after_change = { 2026, 3, 8, 0, 180, -240 };
	const MailTime late = { 2026, 12, 31, 4, 23 * 60 + 30, 330 };
	const MailTime early = { 2027, 1, 1, 5, 0, 330 };

	(void) state;
	assert_when("en", nine, ten, "America/New_York",
				"When: Sunday, March 8, 2026, 9:00 – 10:05 AM\n  America/New_York (UTC−04:00)\n");
	assert_when("en", nine, half_past_noon, "America/New_York", "8, 2026, 9:00 AM – 12:30 PM\n");
	assert_when("en", half_past_noon, half_past_noon, "X", "12:30 – 12:30 PM\n");
	assert_when("en", before_change, after_change, "America/New_York",
				"8, 2026, 1:30 AM (UTC−05:00) – 3:00 AM (UTC−04:00)\n  America/New_York\n");
	assert_when("en", late, early, "Asia/Kolkata",
				"Thursday, December 31, 2026, 11:30 PM – Friday, January 1, 2027, 12:00 AM\n"
				"  Asia/Kolkata (UTC+05:30)\n");
	assert_when("de", nine, ten, "America/New_York",
				"Wann: Sonntag, 8. März 2026, 09:00 – 10:05 Uhr\n  America/New_York (UTC−04:00)\n");
	assert_when("de", nine, half_past_noon, "X", "2026, 09:00 – 12:30 Uhr\n");
	assert_when("de", before_change, after_change, "X",
				"2026, 01:30 Uhr (UTC−05:00) – 03:00 Uhr (UTC−04:00)\n  X\n");
	assert_when("de", late, early, "UTC",
				"Donnerstag, 31. Dezember 2026, 23:30 Uhr – Freitag, 1. Januar 2027, 00:00 Uhr\n"
				"  UTC\n");
	assert_when("de", nine, ten, NULL, "\n  UTC−04:00\n");
}

/* --- what is in a mail ------------------------------------------------------------------------------------------------------ */

static void
a_confirmation_reads_well(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_CONFIRMED, false);

	(void) state;
	assert_string_equal(written(mail_subject, &facts),
						"Booked: Intro call with Ada Lovelace on Tue, Dec 1, 2:00 PM");
	assert_string_equal(
		written(mail_text, &facts),
		"Hello Ann Visitor,\n\n"
		"Your meeting with Ada Lovelace is set. Below is all that you need.\n\n"
		"What: Intro call\n"
		"When: Tuesday, December 1, 2026, 2:00 – 2:30 PM\n"
		"  America/New_York (UTC−05:00)\n"
		"Where: Video call\n"
		"https://meet.example.com/ada\n"
		"With: Ada Lovelace\n\n"
		"Move it:\nhttps://book.example.com/bookings/actions/R\n\n"
		"Cancel it:\nhttps://book.example.com/bookings/actions/C\n\n"
		"-- \n"
		"You get this mail because your address was given when this meeting was booked.\n"
		"Runs on OpenCalendly\n");
}

static void
a_host_reads_the_answers(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_CONFIRMED, true);

	(void) state;
	facts.language = "de";
	assert_string_equal(written(mail_subject, &facts),
						"Neue Buchung: Intro call mit Ann Visitor am Di., 1. Dez., 14:00 Uhr");
	assert_string_equal(written(mail_text, &facts),
						"Guten Tag Ada Lovelace,\n\n"
						"Ann Visitor hat einen Termin bei Ihnen gebucht.\n\n"
						"Was: Intro call\n"
						"Wann: Dienstag, 1. Dezember 2026, 14:00 – 14:30 Uhr\n"
						"  America/New_York (UTC−05:00)\n"
						"Wo: Videoanruf\n"
						"https://meet.example.com/ada\n"
						"Gebucht von: Ann Visitor, ann@example.net\n\n"
						"Your question?\n"
						"  The <b>engine</b>\n"
						"  and more\n"
						"Your site\n"
						"  https: //evil. example/x\n\n"
						"Buchung öffnen:\nhttps://book.example.com/console\n\n"
						"-- \n"
						"Sie bekommen diese Mail, weil dieser Termin bei Ihnen stattfindet.\n"
						"Läuft mit OpenCalendly\n");
	assert_has(written(mail_html, &facts), "The &lt;b&gt;engine&lt;/b&gt;<br>\nand more");
	assert_has(written(mail_html, &facts), "href=\"mailto:ann@example.net\"");
}

static void
invitees_never_read_answers_and_hosts_no_links_of_theirs(void **state)
{
	(void) state;
	for (int k = 0; k <= MAIL_FOLLOW_UP; k++)
	{
		MailFacts facts = meeting((MailKind) k, false);

		assert_has_not(written(mail_text, &facts), "engine");
		assert_has_not(written(mail_html, &facts), "engine");
		assert_has_not(written(mail_calendar, &facts), "engine");
		if (!is_to_somebody((MailKind) k, true))
			continue;
		facts = meeting((MailKind) k, true);
		assert_has_not(written(mail_text, &facts), "/actions/");
		assert_has_not(written(mail_html, &facts), "/actions/");
		assert_has_not(written(mail_calendar, &facts), "/actions/");
	}
}

static void
a_canceled_meeting_has_no_place(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_CANCELED, false);

	(void) state;
	facts.cancel_reason = "Ill.\nSee www.evil.example";
	assert_has_not(written(mail_text, &facts), "meet.example.com");
	assert_has_not(written(mail_html, &facts), "meet.example.com");
	assert_has_not(written(mail_text, &facts), "/actions/");
	assert_has(written(mail_text, &facts), "Reason:\n  Ill.\n  See www. evil. example\n");
	assert_has(written(mail_text, &facts),
			   "Book another time:\nhttps://book.example.com/ada/intro\n");
	assert_has(written(mail_text, &facts), "Canceled by: Ann Visitor\n");
	facts.canceled_by = "host";
	assert_has(written(mail_text, &facts), "Canceled by: Ada Lovelace\n");
	assert_has(written(mail_text, &facts), "  See www. evil. example\n");
	facts.booking_url = NULL;
	assert_has_not(written(mail_text, &facts), "another time");
}

/* It takes place, without this host. */
static void
a_meeting_that_is_handed_over_is_not_canceled(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_CANCELED, true);

	(void) state;
	facts.canceled_by = NULL;
	assert_has(written(mail_subject, &facts), "Handed over: ");
	assert_has(written(mail_text, &facts), "another host of the team takes it");
	assert_has_not(written(mail_text, &facts), "will not take place");
	assert_has_not(written(mail_text, &facts), "Canceled by");
	assert_string_equal(mail_calendar_method(&facts), "CANCEL");
	facts.language = "de";
	assert_has(written(mail_subject, &facts), "Abgegeben: ");
	assert_has_not(written(mail_html, &facts), "findet nicht statt");
}

static void
a_moved_meeting_tells_both_times(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_RESCHEDULED, false);

	(void) state;
	assert_has(written(mail_text, &facts), "When: Tuesday, December 1, 2026, 2:00 – 2:30 PM\n");
	assert_has(written(mail_text, &facts),
			   "Before: Monday, November 30, 2026, 11:45 AM – 12:15 PM\n");
	assert_has(written(mail_html, &facts), "line-through\">Monday, November 30, 2026");
}

static void
only_https_places_are_links(void **state)
{
	static const char *const bad[] = {
		"http://meet.example", "javascript:alert(1)",  "https://", "https://a b", "https://a\"b",
		"see https://a",       "https://a\xe2\x80\xae"
	};
	MailFacts facts = meeting(MAIL_BOOKING_CONFIRMED, false);

	(void) state;
	assert_has(written(mail_html, &facts), "href=\"https://meet.example.com/ada\"");
	facts.location = "https://meet.example/?a=1&b='2'";
	assert_has(written(mail_html, &facts), "href=\"https://meet.example/?a=1&amp;b=&#39;2&#39;\"");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		facts.location = bad[i];
		assert_has_not(written(mail_html, &facts), "href=\"http:");
		assert_has_not(written(mail_html, &facts), "href=\"java");
		assert_has_not(written(mail_html, &facts), "href=\"https://a");
		assert_has_not(written(mail_html, &facts), "href=\"https://\"");
	}
}

static void
mails_about_accounts_say_what_to_do(void **state)
{
	MailFacts facts = account(MAIL_LOGIN_LINK);

	(void) state;
	assert_string_equal(written(mail_subject, &facts), "Sign in to OpenCalendly");
	assert_string_equal(written(mail_text, &facts),
						"Hello,\n\nThis link signs you in. It works once, for 15 minutes.\n\n"
						"Sign in:\nhttps://book.example.com/auth/verify?token=T\n\n"
						"If you did not ask for this link, you can ignore this mail: nothing "
						"happens unless it is used.\n\n"
						"-- \nRuns on OpenCalendly\n");
	facts = account(MAIL_WEBHOOK_PAUSED);
	assert_string_equal(written(mail_subject, &facts), "Webhook paused: hooks.example.com");
	assert_has(written(mail_text, &facts), "Reason: The endpoint answered 410 Gone.\n");
	facts = account(MAIL_CALENDAR_BROKEN);
	assert_string_equal(written(mail_subject, &facts),
						"Calendar no longer connected: ada@gmail.example");
	assert_has(written(mail_text, &facts),
			   "Connect it again:\nhttps://book.example.com/console#/calendars\n");
	facts = account(MAIL_TEAM_INVITATION);
	assert_string_equal(written(mail_subject, &facts),
						"Ada Lovelace invites you to the team Engines & Co.");
	assert_has(written(mail_html, &facts), "<bdi>Engines &amp; Co.</bdi>");
}

static void
many_hosts_are_counted(void **state)
{
	static const char *const hosts[] = {
		"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"
	};
	MailFacts facts = meeting(MAIL_BOOKING_CONFIRMED, false);

	(void) state;
	facts.host_names = hosts;
	facts.nhosts = 2;
	assert_has(written(mail_subject, &facts), "with A and B on");
	facts.nhosts = 3;
	assert_has(written(mail_subject, &facts), "with A and 2 others on");
	assert_has(written(mail_text, &facts), "meeting with A, B and C is set");
	facts.nhosts = 4;
	assert_has(written(mail_text, &facts), "meeting with A, B and 2 others is set");
	facts.nhosts = 12;
	assert_has(written(mail_text, &facts), "With: A, B, C, D, E, F, G, H, I and 3 others\n");
	facts.nhosts = 0;
	facts.team_name = "Engines";
	assert_has(written(mail_text, &facts), "meeting with Engines is set");
}

static void
names_do_no_harm(void **state)
{
	static const char *const evil[] = {
		"x\r\nBcc: y <a href=\"https://evil.example\">&\xe2\x80\xae"
	};
	MailFacts facts = meeting(MAIL_BOOKING_CONFIRMED, true);
	const char *html;
	char name[1300];
	char *end = name;

	(void) state;
	facts.host_names = evil;
	facts.event_name = facts.invitee_name = facts.reader_name = facts.team_name = evil[0];
	html = written(mail_html, &facts);
	assert_has(html, "<bdi>x Bcc: y &lt;a href=&quot;https: //evil. example&quot;&gt;&amp;</bdi>");
	assert_has_not(html, "evil.example\"");
	assert_has_not(html, "\xe2\x80\xae");
	assert_has_not(written(mail_subject, &facts), "\n");
	/* from right to left: kept apart in what has no markup */
	facts.invitee_name = "שרה";
	assert_has(written(mail_subject, &facts), "with \xe2\x81\xa8שרה\xe2\x81\xa9 on");
	assert_has(written(mail_text, &facts), "Booked by: \xe2\x81\xa8שרה\xe2\x81\xa9, ann");
	assert_has(written(mail_html, &facts), "<bdi>שרה</bdi>");
	/* nothing but what goes */
	facts.invitee_name = "\xe2\x80\xae \x01";
	assert_has(written(mail_text, &facts), "\n– has booked");
	/* 300 characters: whole in the text; the first 31, of 94 octets, in the subject */
	for (int i = 0; i < 300; i++)
		end = stpcpy(end, i % 2 ? "ü" : "😀");
	facts.invitee_name = name;
	assert_has(written(mail_text, &facts), name);
	stpcpy(name + 94, "… on");
	assert_has(written(mail_subject, &facts), name);
}

static void
pages_have_nothing_remote(void **state)
{
	static const char *const remote[] = { "<img",    "src=",    "url(",  "<link",  "<script",
										  "@import", "<iframe", "<form", "onclick" };

	(void) state;
	for (int k = 0; k < MAIL_KINDS; k++)
		for (int r = 0; r < 2; r++)
		{
			MailFacts facts = facts_of((MailKind) k, r != 0);

			for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
				assert_has_not(written(mail_html, &facts), remote[i]);
		}
}

/* --- calendars --------------------------------------------------------------------------------------------------------------- */

static void
an_invitation_is_what_calendars_expect(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_RESCHEDULED, false);

	(void) state;
	assert_string_equal(mail_calendar_method(&facts), "REQUEST");
	assert_string_equal(
		written(mail_calendar, &facts),
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//OpenCalendly//Bookings//EN\r\n"
		"CALSCALE:GREGORIAN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
		"UID:019f0a73-7247-7c7d-9077-4a39630d6ed2@opencalendly\r\nSEQUENCE:1\r\n"
		"DTSTAMP:20261123T080000Z\r\nDTSTART:20261201T190000Z\r\nDTEND:20261201T193000Z\r\n"
		"SUMMARY:Intro call with Ada Lovelace\r\nLOCATION:https://meet.example.com/ada\r\n"
		"DESCRIPTION:Move it:\\nhttps://book.example.com/bookings/actions/R\\n\\nCancel\r\n"
		"  it:\\nhttps://book.example.com/bookings/actions/C\r\n"
		"ORGANIZER;CN=Ada Lovelace:mailto:ada@example.com\r\n"
		"ATTENDEE;CN=Ann Visitor;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEE\r\n"
		" DS-ACTION;RSVP=TRUE:mailto:ann@example.net\r\n"
		"STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	facts = meeting(MAIL_BOOKING_CONFIRMED, true);
	assert_has(written(mail_calendar, &facts), "SUMMARY:Intro call with Ann Visitor\r\n");
	assert_has(written(mail_calendar, &facts), "PARTSTAT=ACC\r\n EPTED;RSVP=FALSE");
	assert_has_not(written(mail_calendar, &facts), "DESCRIPTION");
}

static void
a_cancelation_takes_the_event_away(void **state)
{
	MailFacts facts = meeting(MAIL_BOOKING_CANCELED, false);

	(void) state;
	facts.sequence = 2;
	assert_string_equal(mail_calendar_method(&facts), "CANCEL");
	assert_has(written(mail_calendar, &facts), "METHOD:CANCEL\r\n");
	assert_has(written(mail_calendar, &facts), "SEQUENCE:2\r\n");
	assert_has(written(mail_calendar, &facts), "STATUS:CANCELLED\r\n");
	assert_has_not(written(mail_calendar, &facts), "LOCATION");
	assert_has_not(written(mail_calendar, &facts), "DESCRIPTION");
}

static void
other_mails_have_no_calendar(void **state)
{
	(void) state;
	for (int k = 0; k < MAIL_KINDS; k++)
	{
		MailFacts facts = facts_of((MailKind) k, false);

		facts.has_calendar = k > MAIL_BOOKING_CANCELED;
		assert_null(mail_calendar_method(&facts));
		assert_string_equal(written(mail_calendar, &facts), "");
	}
}

/* --- messages ---------------------------------------------------------------------------------------------------------------- */

static const char *
message_of(const MailParts *parts)
{
	static Out out;

	out.n = 0;
	mail_message(
		&(MailEnvelope) { .from = "OpenCalendly <bookings@example.com>",
						  .to_name = "Ann\r\nBcc: x",
						  .to = "ann@bücher.example",
						  .reply_to_name = NULL,
						  .reply_to = "not an address",
						  .message_id = "booking_confirmed.1.0.invitee@example.com>\r\nX: y",
						  .boundary = "B",
						  .date = INT64_C(848736000000000) },
		parts, keep, &out);
	return out.text;
}

#define HEAD                                                        \
	"Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n"                     \
	"From: \"OpenCalendly\" <bookings@example.com>\r\n"             \
	"To: \"Ann Bcc: x\" <ann@xn--bcher-kva.example>\r\n"            \
	"Subject: =?UTF-8?Q?F=C3=BCr?=\r\n"                             \
	"Message-ID: <booking_confirmed.1.0.invitee@example.comXy>\r\n" \
	"Auto-Submitted: auto-generated\r\n"                            \
	"MIME-Version: 1.0\r\n"

#define ALTERNATIVES                                                                     \
	"Content-Type: multipart/alternative; boundary=\"=_alternative_B\"\r\n"              \
	"\r\n--=_alternative_B\r\n"                                                          \
	"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" \
	"text\r\n"                                                                           \
	"\r\n--=_alternative_B\r\n"                                                          \
	"Content-Type: text/html; charset=utf-8\r\n"                                         \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"                                \
	"<p>=C3=BC\r\n"

static void
a_message_is_its_parts(void **state)
{
	(void) state;
	assert_string_equal(
		message_of(&(MailParts) { .subject = "Für", .text = "text\n", .html = "<p>ü\n" }),
		HEAD ALTERNATIVES "\r\n--=_alternative_B--\r\n");
	assert_string_equal(message_of(&(MailParts) { .subject = "Für",
												  .text = "text\n",
												  .html = "<p>ü\n",
												  .calendar = "A:b\r\n",
												  .method = "CANCEL" }),
						HEAD "Content-Type: multipart/mixed; boundary=\"=_mixed_B\"\r\n"
							 "\r\n--=_mixed_B\r\n" ALTERNATIVES "\r\n--=_alternative_B\r\n"
							 "Content-Type: text/calendar; charset=utf-8; method=CANCEL\r\n"
							 "Content-Transfer-Encoding: 7bit\r\n\r\n"
							 "A:b\r\n"
							 "\r\n--=_alternative_B--\r\n"
							 "\r\n--=_mixed_B\r\n"
							 "Content-Type: application/ics; name=\"invite.ics\"\r\n"
							 "Content-Transfer-Encoding: base64\r\n"
							 "Content-Disposition: attachment; filename=\"invite.ics\"\r\n\r\n"
							 "QTpiDQo=\r\n"
							 "\r\n--=_mixed_B--\r\n");
}

static void
names_in_headers_are_cleaned(void **state)
{
	static Out out;
	char name[600];

	(void) state;
	out.n = 0;
	mail_name("Ann\r\n  www.evil.example \xe2\x80\xae", keep, &out);
	assert_string_equal(out.text, "Ann www. evil. example");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	out.n = 0;
	mail_name(name, keep, &out);
	assert_int_equal(out.n, 119 + strlen("…"));
	out.n = 0;
	out.text[0] = '\0';
	mail_name(NULL, keep, &out);
	mail_name(" \n", keep, &out);
	assert_string_equal(out.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_language_has_every_message),
		cmocka_unit_test(every_mail_is_written_in_every_language),
		cmocka_unit_test(links_are_broken_up_and_names_stay),
		cmocka_unit_test(what_is_no_ink_goes),
		cmocka_unit_test(anything_can_be_cleaned),
		cmocka_unit_test(times_are_told_as_people_read_them),
		cmocka_unit_test(a_confirmation_reads_well),
		cmocka_unit_test(a_host_reads_the_answers),
		cmocka_unit_test(invitees_never_read_answers_and_hosts_no_links_of_theirs),
		cmocka_unit_test(a_canceled_meeting_has_no_place),
		cmocka_unit_test(a_meeting_that_is_handed_over_is_not_canceled),
		cmocka_unit_test(a_moved_meeting_tells_both_times),
		cmocka_unit_test(only_https_places_are_links),
		cmocka_unit_test(mails_about_accounts_say_what_to_do),
		cmocka_unit_test(many_hosts_are_counted),
		cmocka_unit_test(names_do_no_harm),
		cmocka_unit_test(pages_have_nothing_remote),
		cmocka_unit_test(an_invitation_is_what_calendars_expect),
		cmocka_unit_test(a_cancelation_takes_the_event_away),
		cmocka_unit_test(other_mails_have_no_calendar),
		cmocka_unit_test(a_message_is_its_parts),
		cmocka_unit_test(names_in_headers_are_cleaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
