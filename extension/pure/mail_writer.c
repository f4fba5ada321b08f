/* What a line, a text and a page have in common; the words are in mail_writer.h. */
#include "pure/mail_writer.h"

#include <stdio.h>
#include <string.h>

#include "pure/clean.h"

/* Hosts that a subject or a sentence names. */
#define HOSTS_IN_LINE 2
#define HOSTS_IN_SENTENCE 3

MailWriter
mail_writer(const MailFacts *facts, MailForm form, OctetSink sink, void *arg)
{
	return (MailWriter) { .facts = facts,
						  .language = mail_find_language(facts->language),
						  .sink = sink,
						  .arg = arg,
						  .form = form };
}

void
mail_put(const MailWriter *writer, const char *octets)
{
	writer->sink(writer->arg, octets, strlen(octets));
}

/* --- what is typed --------------------------------------------------------------------------------------------------- */

static const char *
escaped_in_html(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		case '\'':
			return "&#39;";
		case '\n':
			return "<br>\n";
		default:
			return NULL;
	}
}

static void
put_character(const MailWriter *writer, const char *octets, size_t n)
{
	const char *instead = NULL;

	if (writer->form == FORM_HTML && n == 1)
		instead = escaped_in_html(*octets);
	if (instead)
		mail_put(writer, instead);
	else
		writer->sink(writer->arg, octets, n);
}

static bool
is_at_end(CleanText clean)
{
	char octets[UTF8_MAX_LENGTH];

	return clean_next(&clean, octets) == 0;
}

/* longest: characters, 0 = all. In a text, lines after the first are indented. */
static void
put_cleaned(const MailWriter *writer, const char *text, int how, int longest)
{
	CleanText clean = clean_begin(text, how);
	char octets[UTF8_MAX_LENGTH];
	bool begins_line = false;
	int count = 0;

	for (size_t n; (n = clean_next(&clean, octets)) > 0;)
	{
		if (longest > 0 && ++count >= longest && !is_at_end(clean))
		{
			mail_put(writer, "…");
			return;
		}
		if (begins_line && *octets != '\n' && writer->form == FORM_TEXT)
			mail_put(writer, "  ");
		begins_line = *octets == '\n';
		put_character(writer, octets, n);
	}
}

bool
mail_is_told(const char *text)
{
	return text && !is_at_end(clean_begin(text, CLEAN_LINES));
}

void
mail_put_bare_name(const MailWriter *writer, const char *name)
{
	if (mail_is_told(name))
		put_cleaned(writer, name, CLEAN_LINKS, writer->longest_name);
}

void
mail_put_name(const MailWriter *writer, const char *name)
{
	bool is_page = writer->form == FORM_HTML;
	bool is_apart = !is_page && name && utf8_runs_left(name);

	mail_put(writer, is_page ? "<bdi>" : is_apart ? "\u2068" : "");
	if (mail_is_told(name))
		mail_put_bare_name(writer, name);
	else
		mail_put(writer, "–");
	mail_put(writer, is_page ? "</bdi>" : is_apart ? "\u2069" : "");
}

void
mail_put_typed(const MailWriter *writer, const char *text, bool is_strange)
{
	put_cleaned(writer, text, CLEAN_LINES | (is_strange ? CLEAN_LINKS : 0), 0);
}

void
mail_put_address(const MailWriter *writer, const char *address)
{
	CleanText clean = clean_begin(address, 0);
	char octets[UTF8_MAX_LENGTH];

	for (size_t n; (n = clean_next(&clean, octets)) > 0;)
		if (*octets != ' ')
			put_character(writer, octets, n);
}

bool
mail_is_link(const char *text)
{
	size_t n;

	if (!text || strncasecmp(text, "https://", 8) != 0 || !text[8])
		return false;
	for (; *text; text += n)
	{
		uint32_t character = utf8_read(text, &n);

		if (character <= ' ' || character == UTF8_BROKEN || strchr("<>\"\\", *text) ||
			utf8_is_control(character) || utf8_is_line_end(character) ||
			utf8_is_bidi_control(character) || utf8_is_invisible(character))
			return false;
	}
	return true;
}

/* --- messages -------------------------------------------------------------------------------------------------------- */

static void
put_number(const MailWriter *writer, const char *format, int number)
{
	char text[16];

	snprintf(text, sizeof(text), format, number);
	mail_put(writer, text);
}

void
mail_put_hosts(const MailWriter *writer, int most)
{
	const MailFacts *facts = writer->facts;
	int named = facts->nhosts <= most ? facts->nhosts : most - 1;
	MailWriter others = *writer;

	if (facts->nhosts == 0)
		mail_put_name(writer, facts->team_name);
	for (int i = 0; i < named; i++)
	{
		if (i > 0)
		{
			bool is_last = i == facts->nhosts - 1;

			mail_put(writer, is_last ? writer->language->words[WORD_AND] : ", ");
		}
		mail_put_name(writer, facts->host_names[i]);
	}
	if (named == facts->nhosts)
		return;
	others.count = facts->nhosts - named;
	mail_put_word(writer, WORD_AND);
	mail_put_word(&others, WORD_OTHERS);
}

static void
put_event(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->event_name);
}

static void
put_hosts(const MailWriter *writer)
{
	mail_put_hosts(writer, writer->form == FORM_LINE ? HOSTS_IN_LINE : HOSTS_IN_SENTENCE);
}

static void
put_invitee(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->invitee_name);
}

static void
put_reader(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->reader_name);
}

static void
put_team(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->team_name);
}

static void
put_inviter(const MailWriter *writer)
{
	mail_put_name(writer, writer->facts->inviter_name);
}

/* The host in the webhook's URL. */
static void
put_endpoint(const MailWriter *writer)
{
	const char *url = writer->facts->webhook_url ? writer->facts->webhook_url : "";
	const char *host = strstr(url, "://");
	char name[256];

	host = host ? host + 3 : url;
	snprintf(name, sizeof(name), "%.*s", (int) strcspn(host, "/?#:"), host);
	put_cleaned(writer, name, 0, writer->longest_name);
}

/* The account of a calendar: an address, and not to be taken for one to write to. */
static void
put_account(const MailWriter *writer)
{
	const char *account = writer->facts->calendar_account;

	put_cleaned(writer, account ? account : "", 0, writer->longest_name);
}

static void
put_minutes(const MailWriter *writer)
{
	put_number(writer, "%d", writer->facts->login_minutes);
}

static void
put_count(const MailWriter *writer)
{
	put_number(writer, "%d", writer->count);
}

static void
put_weekday(const MailWriter *writer)
{
	const MailLanguage *language = writer->language;

	mail_put(writer, (writer->has_short_names ? language->short_weekdays
											  : language->weekdays)[writer->time->weekday]);
}

static void
put_day(const MailWriter *writer)
{
	put_number(writer, "%d", writer->time->day);
}

static void
put_month(const MailWriter *writer)
{
	const MailLanguage *language = writer->language;

	mail_put(writer, (writer->has_short_names ? language->short_months
											  : language->months)[writer->time->month - 1]);
}

static void
put_year(const MailWriter *writer)
{
	put_number(writer, "%d", writer->time->year);
}

/* Hour and minute; 12 hours without saying which half of the day. */
static void
put_clock(const MailWriter *writer, const MailTime *time)
{
	int hour = time->minute / 60;

	if (writer->language->has_12_hours)
		put_number(writer, "%d:", (hour + 11) % 12 + 1);
	else
		put_number(writer, "%02d:", hour);
	put_number(writer, "%02d", time->minute % 60);
}

static void
put_whole_clock(const MailWriter *writer, const MailTime *time)
{
	put_clock(writer, time);
	if (writer->language->has_12_hours)
		mail_put(writer, time->minute < 720 ? " AM" : " PM");
	mail_put(writer, writer->language->after_time);
}

static void
put_time(const MailWriter *writer)
{
	put_whole_clock(writer, writer->time);
}

static void
put_short(const MailWriter *writer, MailWord word)
{
	MailWriter within = *writer;

	within.time = &writer->facts->starts;
	within.has_short_names = true;
	mail_put_word(&within, word);
}

static void
put_short_date(const MailWriter *writer)
{
	put_short(writer, WORD_SHORT_DATE);
}

static void
put_short_when(const MailWriter *writer)
{
	put_short(writer, WORD_SHORT_WHEN);
}

typedef struct Placeholder
{
	const char *name;
	void (*put)(const MailWriter *writer);
} Placeholder;

static const Placeholder placeholders[] = {
	{ "event", put_event },       { "host", put_hosts },      { "invitee", put_invitee },
	{ "reader", put_reader },     { "team", put_team },       { "inviter", put_inviter },
	{ "endpoint", put_endpoint }, { "account", put_account }, { "minutes", put_minutes },
	{ "count", put_count },       { "weekday", put_weekday }, { "day", put_day },
	{ "month", put_month },       { "year", put_year },       { "time", put_time },
	{ "date", put_short_date },   { "when", put_short_when },
};

/* Of n characters; one that is unknown stays as it is written, and is found by the tests. */
static void
put_placeholder(const MailWriter *writer, const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
		if (strlen(placeholders[i].name) == n && strncmp(placeholders[i].name, name, n) == 0)
		{
			placeholders[i].put(writer);
			return;
		}
	writer->sink(writer->arg, name - 1, n + 2);
}

void
mail_put_message(const MailWriter *writer, const char *message)
{
	while (*message)
	{
		size_t n = strcspn(message, "{}");

		for (size_t i = 0; i < n; i++)
			put_character(writer, message + i, 1);
		message += n;
		if (!*message)
			return;
		n = strcspn(message, "}");
		put_placeholder(writer, message + 1, n - 1);
		message += n + 1;
	}
}

void
mail_put_word(const MailWriter *writer, MailWord word)
{
	mail_put_message(writer, writer->language->words[word]);
}

/* Nobody has canceled it, but this host is none of its hosts any more. */
static bool
is_handed_over(const MailFacts *facts)
{
	return facts->kind == MAIL_BOOKING_CANCELED && facts->is_to_host && !facts->canceled_by;
}

const MailWordsOfKind *
mail_words_of_kind(const MailWriter *writer)
{
	const MailWordsOfKind *words = writer->language->kinds[writer->facts->kind];

	if (is_handed_over(writer->facts))
		return &writer->language->handed_over;
	return writer->facts->is_to_host && words[1].subject ? &words[1] : &words[0];
}

/* --- times ----------------------------------------------------------------------------------------------------------- */

static bool
is_same_day(const MailTime *a, const MailTime *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

static void
put_date(const MailWriter *writer, const MailTime *time)
{
	MailWriter within = *writer;

	within.time = time;
	mail_put_word(&within, WORD_DATE);
	mail_put(writer, ", ");
}

static void
put_offset(const MailWriter *writer, const MailTime *time)
{
	int minutes = time->utc_offset_minutes;
	char text[32];

	snprintf(text, sizeof(text), "UTC%s%02d:%02d", minutes < 0 ? "−" : "+",
			 (minutes < 0 ? -minutes : minutes) / 60, (minutes < 0 ? -minutes : minutes) % 60);
	mail_put(writer, text);
}

static void
put_clock_with_offset(const MailWriter *writer, const MailTime *time, bool has_offset)
{
	put_whole_clock(writer, time);
	if (!has_offset)
		return;
	mail_put(writer, " (");
	put_offset(writer, time);
	mail_put(writer, ")");
}

void
mail_put_range(const MailWriter *writer, const MailTime *starts, const MailTime *ends)
{
	bool has_offsets = starts->utc_offset_minutes != ends->utc_offset_minutes;
	bool is_one_day = is_same_day(starts, ends);
	bool is_one_half =
		!writer->language->has_12_hours || (starts->minute < 720) == (ends->minute < 720);

	put_date(writer, starts);
	if (is_one_day && is_one_half && !has_offsets)
		put_clock(writer, starts);
	else
		put_clock_with_offset(writer, starts, has_offsets);
	mail_put(writer, " – ");
	if (!is_one_day)
		put_date(writer, ends);
	put_clock_with_offset(writer, ends, has_offsets);
}

void
mail_put_zone(const MailWriter *writer, const MailTime *starts, const MailTime *ends)
{
	const char *zone = writer->facts->timezone;

	if (mail_is_told(zone))
		put_cleaned(writer, zone, 0, 0);
	if (starts->utc_offset_minutes != ends->utc_offset_minutes ||
		(zone && strcmp(zone, "UTC") == 0))
		return;
	mail_put(writer, mail_is_told(zone) ? " (" : "");
	put_offset(writer, starts);
	mail_put(writer, mail_is_told(zone) ? ")" : "");
}
