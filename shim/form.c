/*
 * Forms; the words are in form.h.
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_FIELDS 64

typedef struct Field
{
	char *name;
	char *value;
} Field;

static const char type[] = "application/x-www-form-urlencoded";

/* Texts of several lines are fine, other control characters are not. CR LF becomes LF. */
static bool
tidy(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
	{
		if (from[0] == '\r' && from[1] == '\n')
			continue;
		if (((unsigned char) *from < 0x20 && *from != '\n' && *from != '\t') || *from == 0x7F)
			return false;
		*to++ = *from;
	}
	*to = '\0';
	return true;
}

static bool
read_field(const char *item, size_t len, Field *field, char *memory)
{
	const char *equals = memchr(item, '=', len);
	size_t name_len = equals ? (size_t) (equals - item) : len;

	field->name = memory;
	field->value = memory + name_len + 1;
	field->value[0] = '\0';
	return percent_decode(item, name_len, true, field->name) &&
		   (!equals || percent_decode(equals + 1, len - name_len - 1, true, field->value)) &&
		   tidy(field->name) && tidy(field->value);
}

static bool
is_known(const Field *fields, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

static void
add_object(Text *json, const Field *fields, int n)
{
	text_add(json, "{");
	for (int i = 0; i < n; i++)
	{
		text_add(json, i ? "," : "");
		text_add_json(json, fields[i].name);
		text_add(json, ":");
		text_add_json(json, fields[i].value);
	}
	text_add(json, "}");
}

static Refusal
read_fields(const char *rest, char *memory, Text *json)
{
	Field fields[MAX_FIELDS];
	int n = 0;

	while (rest && *rest)
	{
		size_t len = strcspn(rest, "&");

		if (len > 0)
		{
			if (n == MAX_FIELDS)
				return (Refusal) { 400, "form", "must have at most 64 fields" };
			if (!read_field(rest, len, &fields[n], memory))
				return (Refusal) { 400, "form",
								   "must be percent-encoded UTF-8 without control characters" };
			if (is_known(fields, n, fields[n].name))
				return (Refusal) { 400, "form", "must have each field once" };
			/* two texts and their ends; nothing decodes to more than it was */
			memory += len + 2;
			n++;
		}
		rest += len;
		rest += *rest == '&';
	}
	add_object(json, fields, n);
	return (Refusal) { 0, NULL, NULL };
}

Refusal
form_read(const Request *request, Text *json)
{
	const char *given = request_header(request, "Content-Type");
	char *memory;
	Refusal refusal;

	if (!given || strncasecmp(given, type, strlen(type)) != 0 ||
		!strchr("; \t", given[strlen(type)]))
		return (Refusal) { 400, "Content-Type", "must be application/x-www-form-urlencoded" };
	memory = allocate(2 * request->body.len + 2);
	refusal = read_fields(request->body.data, memory, json);
	free(memory);
	return refusal;
}
