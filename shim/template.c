/*
 * Templates; the words are in template.h. A template is compiled once into a list of tags and the texts between them; a
 * section knows where it ends. Rendering walks the list with a chain of scopes, one for each section around.
 */
#include "template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_DEPTH 32
#define MAX_WORDS 12

typedef enum Kind
{
	TAG_TEXT,
	TAG_VALUE,
	TAG_SECTION,
	TAG_INVERTED,
	TAG_END,
	TAG_PARTIAL,
	TAG_MESSAGE,
	TAG_MESSAGES,
	TAG_DATE,
	TAG_URL,
	TAG_JSON,
} Kind;

typedef struct Tag
{
	Kind kind;
	const char *text; /* of TAG_TEXT */
	size_t len;
	char *words[MAX_WORDS]; /* of others: names and arguments */
	int nwords;
	int end; /* of a section: where its end is */
} Tag;

struct Template
{
	Tag *tags;
	int ntags;
};

/* The value of a section, and the sections around it. */
typedef struct Scope
{
	json_t *value;
	const struct Scope *outer;
	const json_t *messages;
	TemplateFinder find;
	int depth;
} Scope;

/* --- compiling ---------------------------------------------------------------------------------------------------- */

static Tag *
add_tag(Template *template, Kind kind)
{
	Tag *tags = realloc(template->tags, sizeof(Tag) * (size_t) (template->ntags + 1));

	if (!tags)
		abort();
	template->tags = tags;
	tags[template->ntags] = (Tag) { .kind = kind };
	return &tags[template->ntags++];
}

static void
split_words(Tag *tag, const char *text, size_t len)
{
	char *copy = allocate(len + 1);
	char *rest = NULL;

	memcpy(copy, text, len);
	for (char *word = strtok_r(copy, " \t\n", &rest); word && tag->nwords < MAX_WORDS;
		 word = strtok_r(NULL, " \t\n", &rest))
		tag->words[tag->nwords++] = copy_string(word);
	free(copy);
}

/* The kind of a tag by its first characters, which *text is moved behind. */
static Kind
tag_kind(const char **text, size_t *len)
{
	static const struct
	{
		const char *mark;
		Kind kind;
	} marks[] = {
		{ "#", TAG_SECTION },  { "^", TAG_INVERTED }, { "/", TAG_END },
		{ ">", TAG_PARTIAL },  { "t ", TAG_MESSAGE }, { "messages ", TAG_MESSAGES },
		{ "date ", TAG_DATE }, { "json ", TAG_JSON }, { "url ", TAG_URL },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
	{
		size_t mark_len = strlen(marks[i].mark);

		if (*len > mark_len && strncmp(*text, marks[i].mark, mark_len) == 0)
		{
			*text += mark_len;
			*len -= mark_len;
			return marks[i].kind;
		}
	}
	return TAG_VALUE;
}

/* Ends the innermost open section. */
static bool
close_section(Template *template, int *open, int *nopen, const char **error)
{
	const Tag *end = &template->tags[template->ntags - 1];
	Tag *begin;

	*error = end->words[0];
	if (*nopen == 0)
		return false;
	begin = &template->tags[open[--*nopen]];
	begin->end = template->ntags - 1;
	return strcmp(begin->words[0], end->words[0]) == 0;
}

static bool
compile_tag(Template *template, const char *text, size_t len, int *open, int *nopen,
			const char **error)
{
	Kind kind;
	Tag *tag;

	*error = "a tag";
	if (len > 0 && text[0] == '!')
		return true;
	kind = tag_kind(&text, &len);
	tag = add_tag(template, kind);
	split_words(tag, text, len);
	if (tag->nwords == 0 || (tag->nwords > 1 && kind != TAG_MESSAGE && kind != TAG_MESSAGES))
		return false;
	if (kind == TAG_END)
		return close_section(template, open, nopen, error);
	if (kind != TAG_SECTION && kind != TAG_INVERTED)
		return true;
	if (*nopen == MAX_DEPTH)
		return false;
	open[(*nopen)++] = template->ntags - 1;
	return true;
}

static void
add_text(Template *template, const char *text, size_t len)
{
	Tag *tag;

	if (len == 0)
		return;
	tag = add_tag(template, TAG_TEXT);
	tag->text = text;
	tag->len = len;
}

void
template_free(Template *template)
{
	for (int i = 0; i < template->ntags; i++)
		for (int j = 0; j < template->tags[i].nwords; j++)
			free(template->tags[i].words[j]);
	free(template->tags);
	free(template);
}

/* Frees it, but keeps the error's text, which may be one of its words. */
static Template *
refuse_template(Template *template, const char **error)
{
	static char wrong[64];

	snprintf(wrong, sizeof(wrong), "%s", *error);
	*error = wrong;
	template_free(template);
	return NULL;
}

Template *
template_compile(const char *source, size_t len, const char **error)
{
	Template *template = allocate(sizeof(Template));
	const char *end = source + len;
	int open[MAX_DEPTH];
	int nopen = 0;

	while (source < end)
	{
		const char *begins = memmem(source, (size_t) (end - source), "{{", 2);
		const char *ends = begins ? memmem(begins, (size_t) (end - begins), "}}", 2) : NULL;

		add_text(template, source, (size_t) ((begins ? begins : end) - source));
		if (!begins)
			break;
		*error = "{{ without }}";
		if (!ends ||
			!compile_tag(template, begins + 2, (size_t) (ends - begins - 2), open, &nopen, error))
			return refuse_template(template, error);
		source = ends + 2;
	}
	*error = nopen > 0 ? template->tags[open[nopen - 1]].words[0] : NULL;
	return nopen > 0 ? refuse_template(template, error) : template;
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

/* A member of members: "b.c" of what "a" is. */
static json_t *
walk(json_t *value, const char *path)
{
	char name[64];

	while (value && path && *path)
	{
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		value = json_object_get(value, name);
		path += len;
		path += *path == '.';
	}
	return value;
}

static json_t *
look_up(const Scope *scope, const char *path)
{
	char first[64];
	size_t len = strcspn(path, ".");

	if (strcmp(path, ".") == 0)
		return scope->value;
	if (len >= sizeof(first))
		return NULL;
	memcpy(first, path, len);
	first[len] = '\0';
	for (; scope; scope = scope->outer)
		if (json_object_get(scope->value, first))
			return walk(scope->value, path);
	return NULL;
}

static bool
shows(const json_t *value)
{
	if (!value)
		return false;
	switch (json_typeof(value))
	{
		case JSON_OBJECT:
			return json_object_size(value) > 0;
		case JSON_ARRAY:
			return json_array_size(value) > 0;
		case JSON_STRING:
			return json_string_length(value) > 0;
		case JSON_INTEGER:
			return json_integer_value(value) != 0;
		case JSON_REAL:
		case JSON_TRUE:
			return true;
		default:
			return false;
	}
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void
add_escaped(Text *out, const char *text, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < len; i++)
	{
		const char *entity = text[i] == '&'    ? "&amp;"
							 : text[i] == '<'  ? "&lt;"
							 : text[i] == '>'  ? "&gt;"
							 : text[i] == '"'  ? "&quot;"
							 : text[i] == '\'' ? "&#39;"
											   : NULL;

		if (!entity)
			continue;
		text_add_bytes(out, text + done, i - done);
		text_add(out, entity);
		done = i + 1;
	}
	text_add_bytes(out, text + done, len - done);
}

static void
add_value(Text *out, const json_t *value)
{
	if (json_is_string(value))
		add_escaped(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		text_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		text_addf(out, "%g", json_real_value(value));
}

static void
add_url(Text *out, const json_t *value)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const char *text = json_string_value(value);

	for (; text && *text; text++)
	{
		if (strchr(plain, *text))
			text_add_bytes(out, text, 1);
		else
			text_addf(out, "%%%02X", (unsigned char) *text);
	}
}

/* No character in it can end the script element or begin a comment. */
static void
add_json(Text *out, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	for (const char *c = text ? text : "null"; *c; c++)
	{
		if (*c == '<' || *c == '>' || *c == '&')
			text_addf(out, "\\u%04x", (unsigned char) *c);
		else
			text_add_bytes(out, c, 1);
	}
	free(text);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

/* The value that stands for {name} in a message: what the tag says, else what the name itself means. */
static const json_t *
argument(const Tag *tag, const Scope *scope, const char *name, size_t len)
{
	char own[64];

	for (int i = 1; i < tag->nwords; i++)
		if (strncmp(tag->words[i], name, len) == 0 && tag->words[i][len] == '=')
			return look_up(scope, tag->words[i] + len + 1);
	if (len >= sizeof(own))
		return NULL;
	memcpy(own, name, len);
	own[len] = '\0';
	return look_up(scope, own);
}

/* Whether a text has letters that run from right to left, or marks that turn what is around it. */
static bool
turns(const char *text)
{
	const unsigned char *c = (const unsigned char *) text;

	for (; *c; c++)
	{
		/* U+0590 to U+08FF; U+FB1D to U+FEFC */
		if ((c[0] >= 0xD6 && c[0] <= 0xDF) || (c[0] == 0xE0 && c[1] >= 0xA0 && c[1] <= 0xA3) ||
			(c[0] == 0xEF && c[1] >= 0xAC && c[1] <= 0xBB))
			return true;
		/* U+200E, U+200F, U+202A to U+202E; U+2066 to U+2069 */
		if (c[0] == 0xE2 &&
			((c[1] == 0x80 && ((c[2] >= 0x8E && c[2] <= 0x8F) || (c[2] >= 0xAA && c[2] <= 0xAE))) ||
			 (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9)))
			return true;
	}
	return false;
}

/* A value within a sentence. One that runs the other way is kept apart from it (Unicode's isolates). */
static void
add_argument(Text *out, const json_t *value)
{
	bool is_apart = json_is_string(value) && turns(json_string_value(value));

	text_add(out, is_apart ? "\u2068" : "");
	add_value(out, value);
	text_add(out, is_apart ? "\u2069" : "");
}

static const char *
find_message(const Tag *tag, const Scope *scope)
{
	const char *key = tag->words[0];
	size_t len = strlen(key);
	json_t *messages = (json_t *) scope->messages;
	char whole[128];

	if (len > 0 && key[len - 1] == '*')
	{
		const char *value = tag->nwords > 1 ? json_string_value(look_up(scope, tag->words[1])) : "";

		snprintf(whole, sizeof(whole), "%.*s%s", (int) (len - 1), key, value ? value : "");
		key = whole;
	}
	return json_string_value(walk(messages, key));
}

static void
add_message(Text *out, const Tag *tag, const Scope *scope)
{
	const char *text = find_message(tag, scope);

	while (text && *text)
	{
		size_t plain = strcspn(text, "{");
		size_t name = text[plain] ? strcspn(text + plain, "}") : 0;

		add_escaped(out, text, plain);
		text += plain;
		if (*text == '\0')
			return;
		add_argument(out, argument(tag, scope, text + 1, name - 1));
		text += name;
		text += *text == '}';
	}
}

/* The sections that the tag names. */
static void
add_messages(Text *out, const Tag *tag, const Scope *scope)
{
	json_t *chosen = json_object();

	for (int i = 0; i < tag->nwords; i++)
		json_object_set(chosen, tag->words[i], json_object_get(scope->messages, tag->words[i]));
	add_json(out, chosen);
	json_decref(chosen);
}

/* {weekday}, {day}, {month} and {year} of the message time.date. */
static void
add_date(Text *out, const json_t *value, const Scope *scope)
{
	static const Tag pattern = { .kind = TAG_MESSAGE, .words = { "time.date" }, .nwords = 1 };
	json_t *messages = (json_t *) scope->messages;
	struct tm date = { 0 };
	json_t *parts;
	const char *end =
		json_is_string(value) ? strptime(json_string_value(value), "%Y-%m-%d", &date) : NULL;

	if (!end || *end)
		return;
	parts =
		json_pack("{s:i, s:i, s:O?, s:O?}", "day", date.tm_mday, "year", date.tm_year + 1900,
				  "weekday", json_array_get(walk(messages, "time.weekdays"), (size_t) date.tm_wday),
				  "month", json_array_get(walk(messages, "time.months"), (size_t) date.tm_mon));
	if (parts)
		add_message(out, &pattern,
					&(Scope) { .value = parts, .outer = scope, .messages = scope->messages });
	json_decref(parts);
}

/* --- rendering ---------------------------------------------------------------------------------------------------- */

static void render_tags(const Template *template, int from, int to, const Scope *scope, Text *out);

static void
render_section(const Template *template, int at, const Scope *scope, Text *out)
{
	const Tag *tag = &template->tags[at];
	json_t *value = look_up(scope, tag->words[0]);
	Scope inner = {
		.outer = scope, .messages = scope->messages, .find = scope->find, .depth = scope->depth
	};

	if (tag->kind == TAG_INVERTED)
	{
		if (!shows(value))
			render_tags(template, at + 1, tag->end, scope, out);
		return;
	}
	for (size_t i = 0; i < (json_is_array(value) ? json_array_size(value) : shows(value)); i++)
	{
		inner.value = json_is_array(value) ? json_array_get(value, i) : value;
		render_tags(template, at + 1, tag->end, &inner, out);
	}
}

static void
render_partial(const Tag *tag, const Scope *scope, Text *out)
{
	const Template *partial = scope->depth < MAX_DEPTH ? scope->find(tag->words[0]) : NULL;
	Scope inner = *scope;

	inner.depth++;
	if (partial)
		render_tags(partial, 0, partial->ntags, &inner, out);
}

static void
render_tags(const Template *template, int from, int to, const Scope *scope, Text *out)
{
	for (int i = from; i < to; i++)
	{
		const Tag *tag = &template->tags[i];

		switch (tag->kind)
		{
			case TAG_TEXT:
				text_add_bytes(out, tag->text, tag->len);
				break;
			case TAG_VALUE:
				add_value(out, look_up(scope, tag->words[0]));
				break;
			case TAG_SECTION:
			case TAG_INVERTED:
				render_section(template, i, scope, out);
				i = tag->end;
				break;
			case TAG_PARTIAL:
				render_partial(tag, scope, out);
				break;
			case TAG_MESSAGE:
				add_message(out, tag, scope);
				break;
			case TAG_MESSAGES:
				add_messages(out, tag, scope);
				break;
			case TAG_DATE:
				add_date(out, look_up(scope, tag->words[0]), scope);
				break;
			case TAG_URL:
				add_url(out, look_up(scope, tag->words[0]));
				break;
			case TAG_JSON:
				add_json(out, look_up(scope, tag->words[0]));
				break;
			case TAG_END:
				break;
		}
	}
}

void
template_render(const Template *template, TemplateFinder find, json_t *value,
				const json_t *messages, Text *out)
{
	Scope scope = { .value = value, .messages = messages, .find = find };

	render_tags(template, 0, template->ntags, &scope, out);
}

bool
template_check(const Template *template, TemplateFinder find, const json_t *messages,
			   const char **missing)
{
	Scope scope = { .messages = messages };

	for (int i = 0; i < template->ntags; i++)
	{
		const Tag *tag = &template->tags[i];

		*missing = tag->words[0];
		if (tag->kind == TAG_PARTIAL && !find(tag->words[0]))
			return false;
		for (int j = 0; tag->kind == TAG_MESSAGES && j < tag->nwords; j++)
		{
			*missing = tag->words[j];
			if (!json_object_get(messages, tag->words[j]))
				return false;
		}
		if (tag->kind == TAG_MESSAGE && !strchr(tag->words[0], '*') && !find_message(tag, &scope))
			return false;
	}
	return true;
}
