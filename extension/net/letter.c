/*
 * Writing a letter: its addresses as the server is told them, and its message as it is sent.
 */
#include <stdlib.h>
#include <string.h>

#include "net/smtp.h"

#define ADDRESS_ERROR "the address cannot be written to"
#define MEMORY_ERROR "out of memory"

/* --- addresses --------------------------------------------------------------------------------------------------- */

static bool
is_ascii(const char *text, size_t length)
{
	unsigned char all = 0;

	for (size_t i = 0; i < length; i++)
		all |= (unsigned char) text[i];
	return all < 0x80;
}

/* What would end the address in a command. */
static bool
has_delimiter(const char *address)
{
	for (; *address; address++)
	{
		if ((unsigned char) *address <= ' ' || *address == 0x7f || strchr("<>", *address))
			return true;
	}
	return false;
}

/* False = it is no address, or not ASCII: its owner has brought it into the form that name servers know. */
static bool
write_address(char written[SMTP_ADDRESS_BYTES + 1], const char *address)
{
	const char *at = strrchr(address, '@');
	size_t length = strlen(address);

	if (!at || at == address || !at[1] || has_delimiter(address) || length > SMTP_ADDRESS_BYTES ||
		!is_ascii(address, length))
		return false;
	memcpy(written, address, length + 1);
	return true;
}

/* --- the message --------------------------------------------------------------------------------------------------- */

/* Where the line that begins here has its end: a CRLF, CR or LF, or the end of all. */
static const char *
line_end(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', (size_t) (end - line));
	const char *until = newline ? newline : end;
	const char *cr = memchr(line, '\r', (size_t) (until - line));

	return cr ? cr : until;
}

/* Line ends become CRLF, whatever they were; a server that takes a bare one for an end must not find a letter's end there. */
static size_t
write_message(char *written, const char *text, size_t length)
{
	const char *end = text + length;
	char *out = written;

	while (text < end)
	{
		const char *until = line_end(text, end);
		size_t n = (size_t) (until - text);

		if (*text == '.')
			*out++ = '.';
		memcpy(out, text, n);
		out += n;
		*out++ = '\r';
		*out++ = '\n';
		if (until == end)
			break;
		text = until + 1;
		if (*until == '\r' && text < end && *text == '\n')
			text++;
	}
	*out++ = '.';
	*out++ = '\r';
	*out++ = '\n';
	return (size_t) (out - written);
}

const char *
letter_write(Letter *letter, const char *from, const char *to, const char *message, size_t length)
{
	*letter = (Letter) { 0 };
	if (!write_address(letter->to, to))
		return ADDRESS_ERROR;
	if (*from && !write_address(letter->from, from))
		return "the sender's address cannot be used";
	letter->is_8bit = !is_ascii(message, length);
	letter->message = malloc(2 * length + 5);
	if (!letter->message)
		return MEMORY_ERROR;
	letter->message_length = write_message(letter->message, message, length);
	return NULL;
}

void
letter_forget(Letter *letter)
{
	free(letter->message);
	*letter = (Letter) { 0 };
}
