/*
 * iCalendar objects, written; the words are in ical.h.
 *
 * Everything goes out in units: a character, or what stands for one. A line is folded before a unit that does not fit
 * any more, so neither a character of several octets nor an escape is ever split.
 */
#include "pure/ical.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pure/iso.h"

/* Octets of a line, CRLF not counted (RFC 5545, 3.1). */
#define LINE_OCTETS 75

static void
put_unit(IcalWriter *writer, const char *unit, size_t n)
{
	if (writer->column + n > LINE_OCTETS)
	{
		writer->sink(writer->arg, "\r\n ", 3);
		writer->column = 1;
	}
	writer->sink(writer->arg, unit, n);
	writer->column += n;
}

/* What is ours and ASCII. */
static void
put_word(IcalWriter *writer, const char *word)
{
	for (; *word; word++)
		put_unit(writer, word, 1);
}

static void
end_line(IcalWriter *writer)
{
	writer->sink(writer->arg, "\r\n", 2);
	writer->column = 0;
}

/* How many octets the character there has; 1 for what is no UTF-8. */
static size_t
character_length(const char *text)
{
	unsigned char first = (unsigned char) *text;
	size_t n = first >= 0xf0 && first < 0xf8   ? 4
			   : first >= 0xe0 && first < 0xf0 ? 3
			   : first >= 0xc2 && first < 0xe0 ? 2
											   : 1;

	for (size_t i = 1; i < n; i++)
		if (((unsigned char) text[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* C0 and DEL, and C1, which is two octets of UTF-8. */
static bool
is_control(const char *character, size_t n)
{
	unsigned char first = (unsigned char) character[0];

	return (n == 1 && (first < 0x20 || first == 0x7f)) ||
		   (n == 2 && first == 0xc2 && (unsigned char) character[1] < 0xa0);
}

/* Whether a line ends there; *text then stands on the last octet of its end. */
static bool
is_line_end(const char **text)
{
	if (**text == '\r' && (*text)[1] == '\n')
		(*text)++;
	return **text == '\r' || **text == '\n';
}

/* What stands for a character in some kind of value; NULL: it stands for itself. */
typedef const char *(*Escape)(char c);

/* Each character of the text, or what stands for it; newline stands for a line's end. */
static void
put_escaped(IcalWriter *writer, const char *text, Escape escape, const char *newline)
{
	size_t n;

	for (; *text; text += n)
	{
		const char *instead = NULL;

		n = 1;
		if (is_line_end(&text))
			instead = newline;
		else if (*text == '\t')
			instead = " ";
		else
		{
			n = character_length(text);
			if (is_control(text, n))
				continue;
			instead = n == 1 ? escape(*text) : NULL;
		}
		put_unit(writer, instead ? instead : text, instead ? strlen(instead) : n);
	}
}

static const char *
escape_in_text(char c)
{
	switch (c)
	{
		case '\\':
			return "\\\\";
		case ';':
			return "\\;";
		case ',':
			return "\\,";
		default:
			return NULL;
	}
}

static const char *
escape_in_parameter(char c)
{
	switch (c)
	{
		case '^':
			return "^^";
		case '"':
			return "^'";
		default:
			return NULL;
	}
}

void
ical_begin(IcalWriter *writer, const char *component)
{
	ical_property(writer, "BEGIN");
	ical_plain(writer, component);
}

void
ical_end(IcalWriter *writer, const char *component)
{
	ical_property(writer, "END");
	ical_plain(writer, component);
}

void
ical_property(IcalWriter *writer, const char *name)
{
	put_word(writer, name);
}

void
ical_parameter(IcalWriter *writer, const char *name, const char *value)
{
	bool is_quoted = strpbrk(value, ":;,") != NULL;

	put_word(writer, ";");
	put_word(writer, name);
	put_word(writer, is_quoted ? "=\"" : "=");
	put_escaped(writer, value, escape_in_parameter, "^n");
	if (is_quoted)
		put_word(writer, "\"");
}

void
ical_text(IcalWriter *writer, const char *text)
{
	put_word(writer, ":");
	put_escaped(writer, text, escape_in_text, "\\n");
	end_line(writer);
}

void
ical_plain(IcalWriter *writer, const char *value)
{
	put_word(writer, ":");
	for (size_t n; *value; value += n)
	{
		n = character_length(value);
		if (*value != ' ' && !is_control(value, n))
			put_unit(writer, value, n);
	}
	end_line(writer);
}

void
ical_mailto(IcalWriter *writer, const char *address)
{
	static const char safe[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'*+@=";

	put_word(writer, ":mailto:");
	for (; *address; address++)
	{
		char encoded[4];

		snprintf(encoded, sizeof(encoded), "%%%02X", (unsigned char) *address);
		if (strchr(safe, *address))
			put_unit(writer, address, 1);
		else
			put_unit(writer, encoded, 3);
	}
	end_line(writer);
}

void
ical_instant(IcalWriter *writer, int64_t instant)
{
	char text[ISO_MAX_LENGTH];

	put_word(writer, ":");
	put_unit(writer, text, (size_t) (iso_write_basic(text, instant) - text));
	end_line(writer);
}

void
ical_integer(IcalWriter *writer, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	ical_plain(writer, text);
}
