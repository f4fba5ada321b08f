/*
 * Growing text, and the few things that the shim must know of the text that it passes on: percent-encoding, UTF-8, JSON
 * strings. Memory that is not to be had ends the process.
 */
#ifndef SHIM_TEXT_H
#define SHIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Text
{
	char *data; /* ends with a NUL that len does not count; NULL while nothing was added */
	size_t len;
	size_t size;
} Text;

extern void text_clear(Text *text);
extern void text_free(Text *text);
extern void text_add_bytes(Text *text, const char *bytes, size_t len);
extern void text_add(Text *text, const char *string);
extern void text_add_number(Text *text, unsigned long long number);

/* A number with leading zeroes, to width digits. */
extern void text_add_padded(Text *text, unsigned long long number, int width);
extern void text_addf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A JSON string with its quotes; the value is valid UTF-8 (other bytes become U+FFFD). NULL becomes null. */
extern void text_add_json(Text *text, const char *string);

/* The string as the value of an HTTP header: what is no printable ASCII is left out. */
extern void text_add_header_value(Text *text, const char *string);

extern bool is_utf8(const char *bytes, size_t len);

/*
 * Decodes len bytes of percent-encoding into out, which has room for len + 1; '+' is a space in a query. False for %
 * without two hex digits, for a NUL, and for what is not UTF-8.
 */
extern bool percent_decode(const char *in, size_t len, bool is_query, char *out);

/* Whether a header's comma-separated list has the token, letter case aside. */
extern bool list_has(const char *list, const char *token);

/* strdup that does not fail. */
extern char *copy_string(const char *string);
extern void *allocate(size_t size);

#endif
