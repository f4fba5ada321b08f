/*
 * The words of mails, a table for each language. A message may have placeholders, such as {event}; the same ones in every
 * language. mail.c tells which there are and what takes their places.
 */
#ifndef OPENCALENDLY_MAIL_WORDS_H
#define OPENCALENDLY_MAIL_WORDS_H

#include <stdbool.h>

#include "pure/mail.h"

typedef enum MailWord
{
	WORD_HELLO,         /* {reader} */
	WORD_HELLO_ANYBODY, /* whose name is not known */
	WORD_WITH,          /* the title of a calendar's event: {event} {host} */
	WORD_WITH_INVITEE,  /* the same for hosts: {event} {invitee} */

	/* names of facts */
	WORD_EVENT,
	WORD_INVITEE,
	WORD_HOSTS,
	WORD_TEAM,
	WORD_WHEN,
	WORD_BEFORE,
	WORD_WHERE,
	WORD_CANCELED_BY,
	WORD_REASON,
	WORD_POLICY,
	WORD_ENDPOINT,
	WORD_ACCOUNT,

	/* kinds of places */
	WORD_VIDEO,
	WORD_PHONE,
	WORD_IN_PERSON,
	WORD_CUSTOM,

	/* links */
	WORD_JOIN,
	WORD_MOVE,
	WORD_CANCEL,
	WORD_OPEN,
	WORD_AGAIN,
	WORD_SIGN_IN,
	WORD_SEE_WEBHOOKS,
	WORD_SEE_INVITATION,
	WORD_SEE_CALENDARS,

	/* further sentences */
	WORD_AGAIN_TEXT,  /* of a follow-up, and of a canceled meeting: {host} */
	WORD_BY_HAND,     /* before a link that can be copied */
	WORD_NOT_ASKED,   /* nobody has to follow a login link */
	WORD_NOT_WANTED,  /* nor an invitation */
	WORD_WHY_INVITEE, /* why the reader gets this mail */
	WORD_WHY_HOST,
	WORD_WHY_WEBHOOK,
	WORD_WHY_CALENDAR,
	WORD_RUNS_ON,
	WORD_A_HOST, /* who has canceled, where there are several */

	/* times */
	WORD_DATE,       /* {weekday} {day} {month} {year} */
	WORD_SHORT_DATE, /* {weekday} {day} {month} */
	WORD_SHORT_WHEN, /* {date} {time} */

	/* lists of names */
	WORD_AND,   /* between the last two */
	WORD_OTHERS /* {count} of them, at least two */
} MailWord;

#define MAIL_WORDS (WORD_OTHERS + 1)

/* Of a kind of mail: NULL where hosts get none of that kind. */
typedef struct MailWordsOfKind
{
	const char *subject;
	const char *title;
	const char *lead;
} MailWordsOfKind;

typedef struct MailLanguage
{
	const char *code;
	bool has_12_hours;
	const char *after_time; /* such as " Uhr" */
	const char *words[MAIL_WORDS];
	MailWordsOfKind kinds[MAIL_KINDS]
						 [2];    /* to the invitee or to who else is the reader; to hosts */
	MailWordsOfKind handed_over; /* to a host: it was moved, and is another host's now */
	const char *weekdays[7];     /* Sunday first */
	const char *short_weekdays[7];
	const char *months[12];
	const char *short_months[12];
} MailLanguage;

/* All of them, English first. */
#define MAIL_LANGUAGES 2
extern const MailLanguage mail_languages[MAIL_LANGUAGES];

/* The one of this code, or English. */
extern const MailLanguage *mail_find_language(const char *code);

#endif
