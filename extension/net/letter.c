/*
 * Writing a letter: its addresses as the server is told them, and its message as it is sent.
 */
#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
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

/* As name servers know it (RFC 5891); NULL = it is none. To be given to curl_free. */
static char *
domain_to_ascii(const char *domain)
{
	CURLU *url = curl_url();
	char *ascii = NULL;

	if (url && curl_url_set(url, CURLUPART_SCHEME, "smtp", 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_HOST, domain, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &ascii, CURLU_PUNYCODE) != CURLUE_OK)
		ascii = NULL;
	curl_url_cleanup(url);
	return ascii;
}

/* libcurl takes it for text of the locale, and the owner's may be any. */
static char *
utf8_domain_to_ascii(const char *domain)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	locale_t before;
	char *ascii;

	if (!utf8)
		return NULL;
	before = uselocale(utf8);
	ascii = domain_to_ascii(domain);
	uselocale(before);
	freelocale(utf8);
	return ascii;
}

/* Its domain in ASCII; false = it is no address. */
static bool
write_address(char written[SMTP_ADDRESS_BYTES + 1], const char *address)
{
	const char *at = strrchr(address, '@');
	char *domain = NULL;
	int n;

	if (!at || at == address || !at[1] || has_delimiter(address))
		return false;
	if (!is_ascii(at, strlen(at)))
	{
		domain = utf8_domain_to_ascii(at + 1);
		if (!domain)
			return false;
	}
	n = snprintf(written, SMTP_ADDRESS_BYTES + 1, "%.*s@%s", (int) (at - address), address,
				 domain ? domain : at + 1);
	curl_free(domain);
	return n <= SMTP_ADDRESS_BYTES && !has_delimiter(written); /* a wide > has become one */
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
	letter->needs_utf8 =
		!is_ascii(letter->from, strlen(letter->from)) || !is_ascii(letter->to, strlen(letter->to));
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
