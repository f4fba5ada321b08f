/*
 * Subjects and texts of mails, and whole messages; the words are in mail.h.
 *
 * The text says the same as the page of HTML, in the same order, and its links stand on lines of their own: it is what many
 * people read, and what programs read out.
 */
#include "pure/mail.h"

#include <string.h>

#include "pure/mail_writer.h"
#include "pure/mime.h"

/* Characters of a name in a subject: with two of usual length, the time and the words between, it has about one line. */
#define LONGEST_NAME_IN_SUBJECT 32

/* Characters of a name in an address header. */
#define LONGEST_NAME_IN_HEADER 120

void
mail_subject(const MailFacts *facts, OctetSink sink, void *arg)
{
	MailWriter writer = mail_writer(facts, FORM_LINE, sink, arg);

	writer.longest_name = LONGEST_NAME_IN_SUBJECT;
	mail_put_message(&writer, mail_words_of_kind(&writer)->subject);
}

void
mail_name(const char *name, OctetSink sink, void *arg)
{
	static const MailFacts nothing;
	MailWriter writer = mail_writer(&nothing, FORM_LINE, sink, arg);

	writer.longest_name = LONGEST_NAME_IN_HEADER;
	mail_put_bare_name(&writer, name);
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

/* "What it is called: ", or, of a text of several lines, that on a line of its own. */
static void
put_label(const MailWriter *writer, bool is_long)
{
	mail_put(writer, is_long ? ":\n  " : ": ");
}

/* Whether what a person has typed takes several lines. */
static bool
has_lines(const char *text)
{
	return text && strpbrk(text, "\r\n") != NULL;
}

static void
put_facts(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;
	MailWord told[MAIL_FACTS_MOST];
	int n = mail_facts_told(facts, told);

	for (int i = 0; i < n; i++)
	{
		mail_put_word(writer, told[i]);
		put_label(writer, (told[i] == WORD_POLICY && has_lines(facts->cancellation_policy)) ||
							  (told[i] == WORD_REASON && has_lines(facts->cancel_reason)));
		mail_put_fact(writer, told[i]);
		mail_put(writer, "\n");
	}
	mail_put(writer, n > 0 ? "\n" : "");
}

static void
put_answers(const MailWriter *writer)
{
	const MailFacts *facts = writer->facts;
	bool is_any = false;

	for (int i = 0; facts->is_to_host && i < facts->nanswers; i++)
	{
		const MailAnswer *answer = &facts->answers[i];

		if (!mail_is_told(answer->value))
			continue;
		mail_put_typed(writer, answer->label, false);
		mail_put(writer, "\n  ");
		mail_put_typed(writer, answer->value, true);
		mail_put(writer, "\n");
		is_any = true;
	}
	mail_put(writer, is_any ? "\n" : "");
}

static void
put_links(const MailWriter *writer)
{
	MailLink links[MAIL_LINKS_MOST];
	int n = mail_links(writer->facts, links);

	if (n > 0 && links[0].label == WORD_AGAIN)
	{
		mail_put_word(writer, WORD_AGAIN_TEXT);
		mail_put(writer, "\n\n");
	}
	for (int i = 0; i < n; i++)
	{
		mail_put_word(writer, links[i].label);
		mail_put(writer, ":\n");
		mail_put_address(writer, links[i].url);
		mail_put(writer, "\n\n");
	}
}

static void
put_sentence(const MailWriter *writer, MailWord word, const char *end)
{
	if (word == MAIL_WORDS)
		return;
	mail_put_word(writer, word);
	mail_put(writer, end);
}

void
mail_text(const MailFacts *facts, OctetSink sink, void *arg)
{
	MailWriter writer = mail_writer(facts, FORM_TEXT, sink, arg);
	const MailWordsOfKind *words = mail_words_of_kind(&writer);

	mail_put_word(&writer, mail_is_told(facts->reader_name) ? WORD_HELLO : WORD_HELLO_ANYBODY);
	mail_put(&writer, "\n\n");
	mail_put_message(&writer, words->lead);
	mail_put(&writer, "\n\n");
	put_facts(&writer);
	put_answers(&writer);
	put_links(&writer);
	put_sentence(&writer, mail_last_words(facts), "\n\n");
	mail_put(&writer, "-- \n");
	put_sentence(&writer, mail_reason_to_write(facts), "\n");
	put_sentence(&writer, WORD_RUNS_ON, "\n");
}

/* --- the whole message ----------------------------------------------------------------------------------------------- */

/* Text that is kept, as much of it as there is room for; whole characters, for these are what is put. */
typedef struct Kept
{
	char text[1024];
	size_t n;
} Kept;

static void
keep(void *arg, const char *octets, size_t n)
{
	Kept *kept = arg;

	if (kept->n + n >= sizeof(kept->text))
		return;
	memcpy(kept->text + kept->n, octets, n);
	kept->n += n;
	kept->text[kept->n] = '\0';
}

static void
put_mailbox(const char *header, const char *name, const char *address, OctetSink sink, void *arg)
{
	Kept kept = { .n = 0 };

	if (!address)
		return;
	mail_name(name, keep, &kept);
	mime_mailbox_header(header, &(MimeMailbox) { kept.text, kept.n, address, strlen(address) },
						sink, arg);
}

/* In < and >; nothing but what can be there. */
static void
put_message_id(const char *id, OctetSink sink, void *arg)
{
	Kept kept = { .n = 0 };

	keep(&kept, "<", 1);
	for (; *id && kept.n < 800; id++)
		if (*id > ' ' && *id <= '~' && !strchr("<>\"(),:;\\[]", *id))
			keep(&kept, id, 1);
	keep(&kept, ">", 1);
	mime_plain_header("Message-ID", kept.text, sink, arg);
}

/* Auto-Submitted keeps programs that are out of office from answering (RFC 3834). */
static void
put_head(const MailEnvelope *envelope, const char *subject, OctetSink sink, void *arg)
{
	MimeMailbox from;

	mime_date_header("Date", envelope->date, sink, arg);
	if (mime_read_mailbox(envelope->from, &from))
		mime_mailbox_header("From", &from, sink, arg);
	put_mailbox("To", envelope->to_name, envelope->to, sink, arg);
	put_mailbox("Reply-To", envelope->reply_to_name, envelope->reply_to, sink, arg);
	mime_header("Subject", subject, sink, arg);
	put_message_id(envelope->message_id, sink, arg);
	mime_plain_header("Auto-Submitted", "auto-generated", sink, arg);
	mime_plain_header("MIME-Version", "1.0", sink, arg);
}

static void
put_calendar_part(const MailParts *parts, OctetSink sink, void *arg)
{
	bool is_cancel = parts->method && strcmp(parts->method, "CANCEL") == 0;

	mime_part(is_cancel ? "text/calendar; charset=utf-8; method=CANCEL"
						: "text/calendar; charset=utf-8; method=REQUEST",
			  "", parts->calendar, sink, arg);
}

static void
put_alternatives(const MailEnvelope *envelope, const MailParts *parts, OctetSink sink, void *arg)
{
	static const char kind[] = "alternative";

	mime_multipart(kind, envelope->boundary, sink, arg);
	mime_delimiter(kind, envelope->boundary, false, sink, arg);
	mime_part("text/plain; charset=utf-8", "", parts->text, sink, arg);
	mime_delimiter(kind, envelope->boundary, false, sink, arg);
	mime_part("text/html; charset=utf-8", "", parts->html, sink, arg);
	if (parts->calendar)
	{
		mime_delimiter(kind, envelope->boundary, false, sink, arg);
		put_calendar_part(parts, sink, arg);
	}
	mime_delimiter(kind, envelope->boundary, true, sink, arg);
}

/* The calendar is there twice: where programs look that answer it, and where people look who have none of these. */
void
mail_message(const MailEnvelope *envelope, const MailParts *parts, OctetSink sink, void *arg)
{
	static const char kind[] = "mixed";

	put_head(envelope, parts->subject, sink, arg);
	if (!parts->calendar)
	{
		put_alternatives(envelope, parts, sink, arg);
		return;
	}
	mime_multipart(kind, envelope->boundary, sink, arg);
	mime_delimiter(kind, envelope->boundary, false, sink, arg);
	put_alternatives(envelope, parts, sink, arg);
	mime_delimiter(kind, envelope->boundary, false, sink, arg);
	mime_base64_part("application/ics; name=\"invite.ics\"",
					 "Content-Disposition: attachment; filename=\"invite.ics\"\r\n",
					 parts->calendar, strlen(parts->calendar), sink, arg);
	mime_delimiter(kind, envelope->boundary, true, sink, arg);
}
