/*
 * SMTP as a client speaks it (RFC 5321): a letter, what a server offers, and the conversation about one letter with a server
 * that has let us in. No octet is sent or received here; talk.c does that.
 *
 * Words. A letter is a mail as it is sent: the two addresses of its envelope and its message, with every line ended by CRLF and
 * every line that begins with a dot given one more, so that nothing in it can end it early. A reply is a code and one or
 * more lines of text.
 */
#ifndef OPENCALENDLY_SMTP_H
#define OPENCALENDLY_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#define SMTP_ADDRESS_BYTES 320
#define SMTP_REPLY_BYTES 8192 /* longer ones are none */

typedef struct Letter
{
	char from[SMTP_ADDRESS_BYTES + 1]; /* ASCII */
	char to[SMTP_ADDRESS_BYTES + 1];
	bool is_8bit;  /* the message is not ASCII */
	char *message; /* with the dot that ends it */
	size_t message_length;
} Letter;

/* What the reply to EHLO names. */
typedef struct SmtpOffers
{
	bool has_login;
	bool has_pipelining;
	bool has_size;
	bool has_8bit;
} SmtpOffers;

/* What is awaited: the reply to which command, in their order. */
typedef enum SmtpStep
{
	SMTP_RESET,
	SMTP_MAIL,
	SMTP_RECIPIENT,
	SMTP_DATA,
	SMTP_MESSAGE
} SmtpStep;

#define SMTP_STEPS (SMTP_DATA + 1) /* those whose commands are made beforehand */

typedef struct SmtpTalk
{
	const Letter *letter;
	SmtpStep step;
	bool pipelines;
	char commands[1024];
	size_t ends[SMTP_STEPS]; /* where in them each step's command ends */
	const char *out;         /* what is to be sent now */
	size_t out_length;
	int skipped; /* replies that come before the awaited one, to commands that have become pointless */
} SmtpTalk;

typedef enum SmtpTurn
{
	SMTP_GOES_ON,
	SMTP_ANSWERED, /* the reply says what became of the letter */
	SMTP_CONFUSED  /* the reply makes no sense there */
} SmtpTurn;

/* Returns NULL, or what is wrong with it: the message is for the one who asked for the mail. */
extern const char *letter_write(Letter *letter, const char *from, const char *to,
								const char *message, size_t length);

extern void letter_forget(Letter *letter);

/* One line of a reply, with its line end: its code, 0 = it is none; whether it is the last, and where its text is. */
extern int smtp_reply_line(const char *line, size_t length, bool *is_last, const char **text,
						   size_t *text_length);

/* Notes what a line's text of the reply to EHLO offers. */
extern void smtp_note_offer(SmtpOffers *offers, const char *text, size_t length);

/* Begins to talk about a letter; it must live as long. needs_reset: the letter before it was refused. */
extern void smtp_begin(SmtpTalk *talk, const Letter *letter, const SmtpOffers *offers,
					   bool needs_reset);

/* A whole reply has come, with a letter under way or not. */
extern SmtpTurn smtp_take_reply(SmtpTalk *talk, int code);

/* Whether nothing that was said so far is known to have been heard. */
extern bool smtp_is_unheard(const SmtpTalk *talk);

/* Whether the server may have the whole letter. */
extern bool smtp_is_told(const SmtpTalk *talk);

#endif
