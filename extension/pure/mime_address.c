/*
 * Addresses as they go over the wire, and mailboxes as operators write them; the words are in mime.h.
 *
 * Nothing is guessed: what is no address by RFC 5321, or would have to be told in other than ASCII, is refused, so that whoever
 * has typed it can be told so.
 */
#include "pure/mime.h"

#include <string.h>

#include "pure/utf8.h"

static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Of RFC 5322, 3.2.3. */
static bool
is_atext(char c)
{
	return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_quoted_string(const char *text, size_t n)
{
	if (n < 3 || text[0] != '"' || text[n - 1] != '"')
		return false;
	for (size_t i = 1; i < n - 1; i++)
	{
		bool is_escaped = text[i] == '\\';

		i += is_escaped;
		if (i == n - 1 || text[i] < ' ' || text[i] > '~' || (text[i] == '"' && !is_escaped))
			return false;
	}
	return true;
}

/* Dots where none may be ask for quotes: there are providers that give out such addresses. */
static size_t
put_local_part(const char *local, size_t n, char *out)
{
	bool needs_quotes = false;

	if (n == 0 || n > 64)
		return 0;
	if (is_quoted_string(local, n))
	{
		memcpy(out, local, n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
	{
		if (!is_atext(local[i]) && local[i] != '.')
			return 0;
		if (local[i] == '.' && (i == 0 || i == n - 1 || local[i - 1] == '.'))
			needs_quotes = true;
	}
	memcpy(out + needs_quotes, local, n);
	if (!needs_quotes)
		return n;
	out[0] = out[n + 1] = '"';
	return n + 2;
}

#define LABEL_OCTETS 63
#define DOMAIN_OCTETS 255

/* RFC 3492, 6.1. */
static uint32_t
adapt_bias(uint32_t delta, uint32_t points, bool is_first)
{
	uint32_t k = 0;

	delta = is_first ? delta / 700 : delta / 2;
	for (delta += delta / points; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* One delta as a number of variable length (RFC 3492, 3.3); the octets so far, which may be more than fit. */
static size_t
put_delta(uint32_t delta, uint32_t bias, char *out, size_t length)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t k = 36;; k += 36)
	{
		uint32_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		bool is_last = delta < threshold;
		uint32_t digit = is_last ? delta : threshold + (delta - threshold) % (36 - threshold);

		if (length < LABEL_OCTETS)
			out[length] = digits[digit];
		length++;
		if (is_last)
			return length;
		delta = (delta - threshold) / (36 - threshold);
	}
}

/*
 * An international label in ASCII: xn-- and its characters by RFC 3492, 6.3; the octets written, 0 if there are more than a
 * label has. There are at most 63 characters, so no sum overflows.
 */
static size_t
put_punycode(const uint32_t *characters, size_t n, char out[LABEL_OCTETS])
{
	uint32_t code = 0x80;
	uint32_t delta = 0;
	uint32_t bias = 72;
	size_t length = 4;
	size_t basic;
	size_t done = 0;

	memcpy(out, "xn--", length);
	for (size_t i = 0; i < n; i++)
		if (characters[i] < 0x80 && length < LABEL_OCTETS)
		{
			out[length++] = (char) characters[i];
			done++;
		}
	basic = done;
	if (basic > 0 && length < LABEL_OCTETS)
		out[length++] = '-';
	while (done < n && length < LABEL_OCTETS)
	{
		uint32_t least = UINT32_MAX;

		for (size_t i = 0; i < n; i++)
			if (characters[i] >= code && characters[i] < least)
				least = characters[i];
		delta += (least - code) * (uint32_t) (done + 1);
		code = least;
		for (size_t i = 0; i < n; i++)
		{
			delta += characters[i] < code;
			if (characters[i] != code)
				continue;
			length = put_delta(delta, bias, out, length);
			bias = adapt_bias(delta, (uint32_t) done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		code++;
	}
	return done < n || length > LABEL_OCTETS ? 0 : length;
}

/* Beyond ASCII: what could be in a name of a host, roughly; a server of names knows for sure. */
static bool
is_label_character(uint32_t character)
{
	if (character < 0x80)
		return is_letter_or_digit((char) character) || character == '-' || character == '_';
	return character > 0xa0 && character != UTF8_BROKEN && !utf8_is_invisible(character) &&
		   (character < 0x2000 || character > 0x206f) && character != 0x3000 &&
		   character != 0x3002 && character != 0xff0e && character != 0xff61;
}

/* One label of n octets in ASCII; the octets written, 0 if it is none. */
static size_t
put_label(const char *label, size_t n, char out[LABEL_OCTETS])
{
	uint32_t characters[LABEL_OCTETS];
	size_t count = 0;
	size_t length;

	for (size_t i = 0; i < n; i += length)
	{
		if (count == LABEL_OCTETS)
			return 0;
		characters[count] = utf8_read(label + i, &length);
		if (!is_label_character(characters[count++]))
			return 0;
	}
	if (count == 0 || label[0] == '-' || label[n - 1] == '-')
		return 0;
	if (count < n)
		return put_punycode(characters, count, out);
	memcpy(out, label, n);
	return n;
}

static size_t
put_domain(const char *domain, size_t n, char out[DOMAIN_OCTETS])
{
	size_t length = 0;

	for (size_t at = 0; at <= n; at++)
	{
		const char *dot = memchr(domain + at, '.', n - at);
		size_t label_length = (dot ? (size_t) (dot - domain) : n) - at;
		char label[LABEL_OCTETS];
		size_t written = put_label(domain + at, label_length, label);

		if (written == 0 || length + (at > 0) + written > DOMAIN_OCTETS)
			return 0;
		if (at > 0)
			out[length++] = '.';
		memcpy(out + length, label, written);
		length += written;
		at += label_length;
	}
	return length;
}

bool
mime_address(const char *address, size_t n, char out[MIME_ADDRESS_ROOM])
{
	const char *at = memrchr(address, '@', n);
	size_t local_length;
	size_t domain_length;

	if (!at)
		return false;
	local_length = put_local_part(address, (size_t) (at - address), out);
	if (local_length == 0)
		return false;
	out[local_length] = '@';
	domain_length = put_domain(at + 1, (size_t) (address + n - at - 1), out + local_length + 1);
	out[local_length + 1 + domain_length] = '\0';
	return domain_length > 0;
}

/* Takes blanks and then a pair of quotes off both ends of a name; false if there are quotes or control characters left. */
static bool
bare_name(MimeMailbox *mailbox)
{
	const char *name = mailbox->name;
	size_t n = mailbox->name_length;
	size_t length;

	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (; n > 0 && *name == ' '; name++)
		n--;
	if (n > 1 && name[0] == '"' && name[n - 1] == '"')
	{
		name++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i += length)
	{
		uint32_t character = utf8_read(name + i, &length);

		if (character == '"' || character == '\\' || character == '<' || character == '>' ||
			utf8_is_control(character) || utf8_is_line_end(character))
			return false;
	}
	mailbox->name = name;
	mailbox->name_length = n;
	return true;
}

bool
mime_read_mailbox(const char *text, MimeMailbox *mailbox)
{
	const char *open = strrchr(text, '<');
	size_t n = strlen(text);
	char address[MIME_ADDRESS_ROOM];

	*mailbox = (MimeMailbox) { .name = text, .address = text, .address_length = n };
	if (open)
	{
		if (text[n - 1] != '>')
			return false;
		mailbox->name_length = (size_t) (open - text);
		mailbox->address = open + 1;
		mailbox->address_length = (size_t) (text + n - 1 - mailbox->address);
	}
	return bare_name(mailbox) && mime_address(mailbox->address, mailbox->address_length, address);
}
