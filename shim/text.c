/*
 * Text; the words are in text.h.
 */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
out_of_memory(void)
{
	fputs("{\"level\":\"error\",\"message\":\"out of memory\"}\n", stderr);
	abort();
}

void *
allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		out_of_memory();
	return memory;
}

char *
copy_string(const char *string)
{
	char *copy = strdup(string);

	if (!copy)
		out_of_memory();
	return copy;
}

/* Room for len more bytes and a NUL. */
static void
reserve(Text *text, size_t len)
{
	size_t size = text->size ? text->size : 256;
	char *data;

	while (size < text->len + len + 1)
		size *= 2;
	if (size == text->size)
		return;
	data = realloc(text->data, size);
	if (!data)
	{
		out_of_memory();
		return;
	}
	text->data = data;
	text->size = size;
}

void
text_clear(Text *text)
{
	text->len = 0;
	if (text->data)
		text->data[0] = '\0';
}

void
text_free(Text *text)
{
	free(text->data);
	*text = (Text) { 0 };
}

void
text_add_bytes(Text *text, const char *bytes, size_t len)
{
	reserve(text, len);
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_add(Text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void
text_add_padded(Text *text, unsigned long long number, int width)
{
	char digits[24];
	int at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + number % 10);
		number /= 10;
	} while (number > 0 || (int) sizeof(digits) - at < width);
	text_add_bytes(text, digits + at, sizeof(digits) - (size_t) at);
}

void
text_add_number(Text *text, unsigned long long number)
{
	text_add_padded(text, number, 1);
}

void
text_addf(Text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return;
	reserve(text, (size_t) len);
	va_start(args, format);
	vsnprintf(text->data + text->len, (size_t) len + 1, format, args);
	va_end(args);
	text->len += (size_t) len;
}

/* The length of the UTF-8 character at s, 0 if it is none (RFC 3629: no surrogates, no overlong forms). */
static size_t
utf8_length(const unsigned char *s, size_t len)
{
	size_t n = s[0] < 0x80   ? 1
			   : s[0] < 0xC2 ? 0
			   : s[0] < 0xE0 ? 2
			   : s[0] < 0xF0 ? 3
			   : s[0] < 0xF5 ? 4
							 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
		(s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

bool
is_utf8(const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len)
	{
		size_t n = utf8_length((const unsigned char *) bytes + at, len - at);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

/* How many of the first characters stand for themselves in JSON: printable ASCII but quote and backslash. */
static size_t
plain_length(const char *string)
{
	size_t n = 0;

	while (string[n] >= ' ' && string[n] < 0x7F && string[n] != '"' && string[n] != '\\')
		n++;
	return n;
}

void
text_add_json(Text *text, const char *string)
{
	if (!string)
	{
		text_add(text, "null");
		return;
	}
	text_add_bytes(text, "\"", 1);
	while (*string)
	{
		unsigned char c = (unsigned char) *string;
		size_t n = plain_length(string);

		if (n == 0)
			n = utf8_length((const unsigned char *) string, strnlen(string, 4));
		if (n == 0)
			text_add(text, "\xEF\xBF\xBD");
		else if (c == '"' || c == '\\')
			text_addf(text, "\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			text_addf(text, "\\u%04x", c);
		else
			text_add_bytes(text, string, n);
		string += n ? n : 1;
	}
	text_add_bytes(text, "\"", 1);
}

void
text_add_header_value(Text *text, const char *string)
{
	for (; *string; string++)
		if (*string >= ' ' && *string < 0x7F)
			text_add_bytes(text, string, 1);
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
		   : c >= 'a' && c <= 'f' ? c - 'a' + 10
		   : c >= 'A' && c <= 'F' ? c - 'A' + 10
								  : -1;
}

bool
percent_decode(const char *in, size_t len, bool is_query, char *out)
{
	size_t n = 0;

	for (size_t at = 0; at < len; at++)
	{
		char c = in[at];

		if (c == '+' && is_query)
			c = ' ';
		else if (c == '%')
		{
			int high = at + 2 < len ? hex_value(in[at + 1]) : -1;
			int low = at + 2 < len ? hex_value(in[at + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char) (high * 16 + low);
			at += 2;
		}
		if (c == '\0')
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return is_utf8(out, n);
}

bool
list_has(const char *list, const char *token)
{
	size_t len = strlen(token);

	while (list && *list)
	{
		size_t item;

		list += strspn(list, " \t,");
		item = strcspn(list, " \t,");
		if (item == len && strncasecmp(list, token, len) == 0)
			return true;
		list += item;
	}
	return false;
}
