/*
 * What the three forms of a mail's words have in common: a line (subjects), text, and HTML. A message of mail_words.h goes
 * out with its placeholders filled; whatever a person has typed goes out cleaned (clean.h) and, in HTML, escaped.
 */
#ifndef OPENCALENDLY_MAIL_WRITER_H
#define OPENCALENDLY_MAIL_WRITER_H

#include "pure/mail.h"
#include "pure/mail_words.h"

typedef enum MailForm
{
	FORM_LINE,
	FORM_TEXT,
	FORM_HTML
} MailForm;

typedef struct MailWriter
{
	const MailFacts *facts;
	const MailLanguage *language;
	OctetSink sink;
	void *arg;
	MailForm form;
	int longest_name;     /* characters; what is beyond becomes "…"; 0 = as long as it is */
	const MailTime *time; /* that {weekday}, {day}, {month}, {year} and {time} tell */
	bool has_short_names; /* of days and months */
	int count;            /* {count} */
} MailWriter;

extern MailWriter mail_writer(const MailFacts *facts, MailForm form, OctetSink sink, void *arg);

/* Octets that are ours, as they are. */
extern void mail_put(const MailWriter *writer, const char *octets);

/*
 * A message, with {event} {host} {invitee} {reader} {team} {inviter} {endpoint} {minutes} {date} {when}, and those of the
 * writer's members.
 */
extern void mail_put_message(const MailWriter *writer, const char *message);
extern void mail_put_word(const MailWriter *writer, MailWord word);

/* What the mail's kind says to its reader. */
extern const MailWordsOfKind *mail_words_of_kind(const MailWriter *writer);

/* A name within other words: cleaned, a dash if nothing is left of it, and kept apart from them if it runs the other way. */
extern void mail_put_name(const MailWriter *writer, const char *name);

/* A name by itself: cleaned. */
extern void mail_put_bare_name(const MailWriter *writer, const char *name);

/* All hosts; of more than most, the first ones and how many others there are. */
extern void mail_put_hosts(const MailWriter *writer, int most);

/* A text of several lines; is_strange: links in it are broken up. */
extern void mail_put_typed(const MailWriter *writer, const char *text, bool is_strange);

/* An address of the web or of mail, on one line without blanks; in HTML escaped, also for attributes. */
extern void mail_put_address(const MailWriter *writer, const char *address);

/* Whether there is anything in a text but blanks. */
extern bool mail_is_told(const char *text);

/* Whether the text is an address that a link may lead to: https, and no blanks or control characters in it. */
extern bool mail_is_link(const char *text);

/* "Tuesday, December 1, 2026, 2:00 – 2:30 PM"; both dates or offsets where they differ. */
extern void mail_put_range(const MailWriter *writer, const MailTime *starts, const MailTime *ends);

/* "America/New_York (UTC−05:00)"; without the offset where mail_put_range has told two. */
extern void mail_put_zone(const MailWriter *writer, const MailTime *starts, const MailTime *ends);

/* Of mail_content.c. The facts of a mail, in order: what they are called, up to MAIL_FACTS_MOST; answers come after them. */
#define MAIL_FACTS_MOST 12
extern int mail_facts_told(const MailFacts *facts, MailWord told[MAIL_FACTS_MOST]);

/* What such a fact is; its place begins a line of its own where it is a link. */
extern void mail_put_fact(const MailWriter *writer, MailWord fact);

typedef struct MailLink
{
	MailWord label;
	const char *url;
} MailLink;

/* Where the reader can go from here, the first is the likeliest. */
#define MAIL_LINKS_MOST 3
extern int mail_links(const MailFacts *facts, MailLink links[MAIL_LINKS_MOST]);

/* The sentence after the links, and why the reader gets this mail; MAIL_WORDS: there is none. */
extern MailWord mail_last_words(const MailFacts *facts);
extern MailWord mail_reason_to_write(const MailFacts *facts);

#endif
