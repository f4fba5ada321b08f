/*
 * What people have typed, cleaned; the words are in clean.h. All decisions are made on what is told, not on what was typed:
 * characters that are left out cannot part what belongs together.
 */
#include "pure/clean.h"

#include <string.h>

static bool
is_blank(uint32_t character)
{
	return character == 0 || character == ' ' || character == '\n' || character == 0xa0 ||
		   character == 0x1680 || (character >= 0x2000 && character <= 0x200a) ||
		   character == 0x202f || character == 0x205f || character == 0x3000;
}

/* What could be in the last part of a host's name. */
static bool
is_letter(uint32_t character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
		   (character >= 0x80 && !is_blank(character));
}

/* The dots that some programs take for one in a host's name; the ideographic ones only between what is no ideograph. */
static bool
is_dot(uint32_t character, uint32_t before)
{
	return character == '.' || character == 0x2024 || character == 0xff0e ||
		   ((character == 0x3002 || character == 0xff61) && before < 0x80);
}

/* The next character that is told; 0 at the end. */
static uint32_t
read_character(const char **text, int how)
{
	size_t n;

	for (; **text; *text += n)
	{
		uint32_t character = utf8_read(*text, &n);

		if (character >= ' ' && character <= '~')
		{
			*text += n;
			return character;
		}
		if (character == '\r' && (*text)[1] == '\n')
			continue;
		if (!utf8_is_line_end(character) && character != '\t' &&
			(utf8_is_control(character) || utf8_is_bidi_control(character) ||
			 utf8_is_invisible(character)))
			continue;
		*text += n;
		if (utf8_is_line_end(character))
			return how & CLEAN_LINES ? '\n' : ' ';
		return character == '\t' ? ' ' : character;
	}
	return 0;
}

/* Whether nothing but blanks is to come. */
static bool
is_over(const char *text, int how)
{
	uint32_t character;

	do
		character = read_character(&text, how);
	while (character == ' ' || character == '\n');
	return character == 0;
}

CleanText
clean_begin(const char *text, int how)
{
	return (CleanText) { .next = text, .how = how, .queue = "" };
}

/* Blanks and line ends at both ends of the text, and a second blank in what is one line. */
static bool
is_too_much(const CleanText *clean, uint32_t character)
{
	if (character != ' ' && character != '\n')
		return false;
	if (clean->before == 0 || is_over(clean->next, clean->how))
		return true;
	return character == ' ' && clean->before == ' ' && !(clean->how & CLEAN_LINES);
}

/* What goes in behind the character, so that it is no link with what follows. */
static const char *
breaker(const CleanText *clean, uint32_t character)
{
	const char *ahead = clean->next;
	uint32_t first;
	uint32_t second;

	if (character != ':' &&
		(is_blank(clean->before) || !(character == '@' || is_dot(character, clean->before))))
		return "";
	first = read_character(&ahead, clean->how);
	second = first ? read_character(&ahead, clean->how) : 0;
	if (character == '@')
		return is_blank(first) ? "" : "@ ";
	if (character == ':')
		return first == '/' && second == '/' ? " " : "";
	return (is_letter(first) && is_letter(second)) || (clean->www == 3 && !is_blank(first)) ? " "
																							: "";
}

static int
count_www(const CleanText *clean, uint32_t character)
{
	bool is_w = character == 'w' || character == 'W';

	if (is_blank(character))
		return 0;
	if (is_blank(clean->before))
		return is_w ? 1 : -1;
	return is_w && clean->www >= 0 ? clean->www + 1 : -1;
}

static size_t
write_character(uint32_t c, char out[UTF8_MAX_LENGTH])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1)
		out[0] = (char) c;
	else
		out[0] = (char) ((0xf00u >> n & 0xffu) | c >> 6 * (n - 1));
	for (size_t i = 1; i < n; i++)
		out[i] = (char) (0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
	return n;
}

size_t
clean_next(CleanText *clean, char out[UTF8_MAX_LENGTH])
{
	uint32_t character;

	if (*clean->queue)
	{
		out[0] = *clean->queue++;
		clean->before = (unsigned char) out[0];
		clean->www = 0;
		return 1;
	}
	do
		character = read_character(&clean->next, clean->how);
	while (character && is_too_much(clean, character));
	if (!character)
		return 0;
	if (clean->how & CLEAN_LINKS)
		clean->queue = breaker(clean, character);
	if (*clean->queue == '@')
		character = ' ';
	clean->www = count_www(clean, character);
	clean->before = character;
	return write_character(character, out);
}
