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
	for (size_t i = 0; i < length; i++)
	{
		if ((unsigned char) text[i] >= 0x80)
			return false;
	}
	return true;
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

/* Line ends become CRLF, whatever they were; a server that takes a bare one for an end must not find a letter's end there. */
static size_t
write_message(char *written, const char *text, size_t length)
{
	char *end = written;
	bool begins_line = true;

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
			continue;
		if (text[i] == '\r' || text[i] == '\n')
		{
			*end++ = '\r';
			*end++ = '\n';
			begins_line = true;
			continue;
		}
		if (begins_line && text[i] == '.')
			*end++ = '.';
		*end++ = text[i];
		begins_line = false;
	}
	if (!begins_line)
	{
		*end++ = '\r';
		*end++ = '\n';
	}
	*end++ = '.';
	*end++ = '\r';
	*end++ = '\n';
	return (size_t) (end - written);
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
