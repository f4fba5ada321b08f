/*
 * The conversation about a letter. Where the server offers PIPELINING (RFC 2920), MAIL and RCPT are said in one breath; DATA waits
 * for the recipient's being taken, so that there never is a letter without one.
 */
#include "net/smtp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- replies ------------------------------------------------------------------------------------------------------- */

int
smtp_reply_line(const char *line, size_t length, bool *is_last, const char **text,
				size_t *text_length)
{
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	if (length < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '9' ||
		line[2] < '0' || line[2] > '9' || (length > 3 && line[3] != ' ' && line[3] != '-'))
		return 0;
	*is_last = length == 3 || line[3] == ' ';
	*text = length > 4 ? line + 4 : "";
	*text_length = length > 4 ? length - 4 : 0;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* Whether the text is the word, alone or with parameters. */
static bool
is_offer(const char *text, size_t length, const char *word)
{
	size_t n = strlen(word);

	return length >= n && strncasecmp(text, word, n) == 0 && (length == n || text[n] == ' ');
}

void
smtp_note_offer(SmtpOffers *offers, const char *text, size_t length)
{
	offers->has_login |= is_offer(text, length, "AUTH");
	offers->has_pipelining |= is_offer(text, length, "PIPELINING");
	offers->has_size |= is_offer(text, length, "SIZE");
	offers->has_8bit |= is_offer(text, length, "8BITMIME");
}

/* --- the conversation ---------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void
add_command(SmtpTalk *talk, SmtpStep step, const char *format, ...)
{
	size_t begin = step > SMTP_RESET ? talk->ends[step - 1] : 0;
	va_list args;

	va_start(args, format);
	talk->ends[step] = begin + (size_t) vsnprintf(talk->commands + begin,
												  sizeof(talk->commands) - begin, format, args);
	va_end(args);
}

/* The lengths of addresses are bounded, so all of it fits. */
static void
make_commands(SmtpTalk *talk, const Letter *letter, const SmtpOffers *offers)
{
	char size[32] = "";

	if (offers->has_size)
		snprintf(size, sizeof(size), " SIZE=%zu", letter->message_length);
	add_command(talk, SMTP_RESET, "RSET\r\n");
	add_command(talk, SMTP_MAIL, "MAIL FROM:<%s>%s%s\r\n", letter->from, size,
				offers->has_8bit && letter->is_8bit ? " BODY=8BITMIME" : "");
	add_command(talk, SMTP_RECIPIENT, "RCPT TO:<%s>\r\n", letter->to);
	add_command(talk, SMTP_DATA, "DATA\r\n");
}

/* Says the commands from one step to another, and awaits the first's reply. */
static void
say(SmtpTalk *talk, SmtpStep first, SmtpStep last)
{
	size_t begin = first > SMTP_RESET ? talk->ends[first - 1] : 0;

	talk->step = first;
	talk->out = talk->commands + begin;
	talk->out_length = talk->ends[last] - begin;
}

void
smtp_begin(SmtpTalk *talk, const Letter *letter, const SmtpOffers *offers, bool needs_reset)
{
	SmtpStep first = needs_reset ? SMTP_RESET : SMTP_MAIL;

	talk->letter = letter;
	talk->pipelines = offers->has_pipelining;
	make_commands(talk, letter, offers);
	say(talk, first, talk->pipelines ? SMTP_RECIPIENT : first);
}

/* The reply lets it go on: to the next command, which may have been said already. */
static void
go_on(SmtpTalk *talk)
{
	SmtpStep next = talk->step + 1;

	if (next == SMTP_MESSAGE)
	{
		talk->step = next;
		talk->out = talk->letter->message;
		talk->out_length = talk->letter->message_length;
	}
	else if (talk->pipelines && next <= SMTP_RECIPIENT)
		talk->step = next;
	else
		say(talk, next, next);
}

SmtpTurn
smtp_take_reply(SmtpTalk *talk, int code)
{
	int wanted = talk->step == SMTP_DATA ? 3 : 2;

	if (talk->skipped > 0)
	{
		talk->skipped--;
		return SMTP_GOES_ON;
	}
	if (code / 100 == wanted && talk->step < SMTP_MESSAGE)
	{
		go_on(talk);
		return SMTP_GOES_ON;
	}
	if (code / 100 == wanted && talk->step == SMTP_MESSAGE && talk->out_length > 0)
		return SMTP_CONFUSED; /* it cannot have the letter yet */
	if (talk->pipelines && talk->step < SMTP_RECIPIENT)
		talk->skipped = SMTP_RECIPIENT - (int) talk->step;
	return code / 100 == wanted || code >= 400 ? SMTP_ANSWERED : SMTP_CONFUSED;
}

bool
smtp_is_unheard(const SmtpTalk *talk)
{
	return talk->step <= SMTP_MAIL;
}

bool
smtp_is_told(const SmtpTalk *talk)
{
	return talk->step == SMTP_MESSAGE && talk->out_length == 0;
}
