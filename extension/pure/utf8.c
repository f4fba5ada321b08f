/* Characters of UTF-8 texts; the words are in utf8.h. */
#include "pure/utf8.h"

/* Octets of a character that begins so; 0 for none. */
static size_t
expected_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Overlong forms, surrogates, and what is beyond Unicode (RFC 3629). */
static bool
is_misspelled(uint32_t character, size_t n)
{
	return (n == 3 && (character < 0x800 || (character >= 0xd800 && character < 0xe000))) ||
		   (n == 4 && (character < 0x10000 || character > 0x10ffff));
}

uint32_t
utf8_read(const char *text, size_t *n)
{
	const unsigned char *octets = (const unsigned char *) text;
	size_t length = expected_length(octets[0]);
	uint32_t character = length == 1 ? octets[0] : octets[0] & (0xffu >> (length + 1));

	*n = 1;
	if (length == 0)
		return UTF8_BROKEN;
	for (size_t i = 1; i < length; i++)
	{
		if ((octets[i] & 0xc0) != 0x80)
			return UTF8_BROKEN;
		character = character << 6 | (octets[i] & 0x3f);
	}
	if (is_misspelled(character, length))
		return UTF8_BROKEN;
	*n = length;
	return character;
}

bool
utf8_is_line_end(uint32_t character)
{
	return (character >= '\n' && character <= '\r') || character == 0x85 || character == 0x2028 ||
		   character == 0x2029;
}

bool
utf8_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

bool
utf8_is_bidi_control(uint32_t character)
{
	return character == 0x61c || character == 0x200e || character == 0x200f ||
		   (character >= 0x202a && character <= 0x202e) ||
		   (character >= 0x2066 && character <= 0x2069);
}

bool
utf8_is_invisible(uint32_t character)
{
	return character == 0xad || character == 0x180e || character == 0x200b ||
		   (character >= 0x2060 && character <= 0x2064) ||
		   (character >= 0x206a && character <= 0x206f) || character == 0xfeff ||
		   (character >= 0xfff9 && character <= 0xfffb);
}

bool
utf8_runs_left(const char *text)
{
	for (size_t n; *text; text += n)
	{
		uint32_t character = utf8_read(text, &n);

		if ((character >= 0x590 && character <= 0x8ff) ||
			(character >= 0xfb1d && character <= 0xfdff) ||
			(character >= 0xfe70 && character <= 0xfefc) ||
			(character >= 0x10800 && character <= 0x10fff) ||
			(character >= 0x1e800 && character <= 0x1efff))
			return true;
	}
	return false;
}
