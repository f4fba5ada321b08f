/*
 * Pages; the words are in page.h.
 */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "assets.h"
#include "gzip.h"
#include "log.h"
#include "template.h"

#define MAX_TEMPLATES 32
#define MAX_LANGUAGES 16
#define LANGUAGE_SIZE 9
#define QUICK 3
#define PAGES "/pages/"
#define MESSAGES "/assets/messages/"

static struct
{
	char name[32];
	Template *template;
} templates[MAX_TEMPLATES];
static int ntemplates;

typedef struct Language
{
	char code[LANGUAGE_SIZE];
	json_t *messages;
} Language;

static Language languages[MAX_LANGUAGES];
static int nlanguages;
static const Language *fallback; /* English */

/* --- start -------------------------------------------------------------------------------------------------------- */

static const Template *
find_template(const char *name)
{
	for (int i = 0; i < ntemplates; i++)
		if (strcmp(templates[i].name, name) == 0)
			return templates[i].template;
	return NULL;
}

/* "/pages/event.html" -> "event"; false if the path is of another form. */
static bool
name_of(const char *path, const char *folder, const char *suffix, char *name, size_t size)
{
	size_t len = strlen(path);
	size_t before = strlen(folder);
	size_t after = strlen(suffix);

	if (len <= before + after || strncmp(path, folder, before) != 0 ||
		strcmp(path + len - after, suffix) != 0 || strchr(path + before, '/'))
		return false;
	snprintf(name, size, "%.*s", (int) (len - before - after), path + before);
	return strlen(name) == len - before - after;
}

static bool
add_template(const Asset *asset)
{
	const char *error;

	if (ntemplates == MAX_TEMPLATES ||
		!name_of(asset->path, PAGES, ".html", templates[ntemplates].name,
				 sizeof(templates[ntemplates].name)))
		return true;
	templates[ntemplates].template = template_compile(asset->bytes, asset->len, &error);
	if (!templates[ntemplates].template)
		log_message("error", "template %s: %s is wrong", asset->path, error);
	return templates[ntemplates++].template != NULL;
}

static bool
add_language(const Asset *asset)
{
	Language *language = &languages[nlanguages];
	json_error_t error;

	if (nlanguages == MAX_LANGUAGES ||
		!name_of(asset->path, MESSAGES, ".json", language->code, sizeof(language->code)))
		return true;
	language->messages = json_loadb(asset->bytes, asset->len, 0, &error);
	if (!language->messages)
	{
		log_message("error", "%s, line %d: %s", asset->path, error.line, error.text);
		return false;
	}
	if (strcmp(language->code, "en") == 0)
		fallback = language;
	nlanguages++;
	return true;
}

static bool
check_templates(void)
{
	const char *missing;

	for (int i = 0; i < ntemplates; i++)
		for (int j = 0; j < nlanguages; j++)
			if (!template_check(templates[i].template, find_template, languages[j].messages,
								&missing))
			{
				log_message("error", "template %s, language %s: %s is missing", templates[i].name,
							languages[j].code, missing);
				return false;
			}
	return true;
}

bool
pages_start(void)
{
	const Asset *asset;

	for (int i = 0; (asset = asset_number(i)); i++)
		if (!add_template(asset) || !add_language(asset))
			return false;
	if (!fallback)
	{
		log_message("error", "the web folder has no " MESSAGES "en.json");
		return false;
	}
	return check_templates();
}

/* --- what the visitor asks for ------------------------------------------------------------------------------------ */

/* The decoded value of a parameter; "" if it is absent, too long or no text. */
static void
query_value(const Request *request, const char *name, char *value, size_t size)
{
	const char *rest = request->info->query_string;
	size_t name_len = strlen(name);

	value[0] = '\0';
	while (rest && *rest)
	{
		size_t len = strcspn(rest, "&");

		if (len > name_len && len - name_len <= size && strncmp(rest, name, name_len) == 0 &&
			rest[name_len] == '=')
		{
			if (!percent_decode(rest + name_len + 1, len - name_len - 1, true, value))
				value[0] = '\0';
			return;
		}
		rest += len;
		rest += *rest == '&';
	}
}

static const Language *
find_language(const char *code, size_t len)
{
	for (int i = 0; i < nlanguages; i++)
		if (strlen(languages[i].code) == len && strncasecmp(languages[i].code, code, len) == 0)
			return &languages[i];
	return NULL;
}

/* The weight of "de-AT; q=0.9", len characters; 1 if it has none. */
static double
weight_of(const char *item, size_t len)
{
	const char *q = memchr(item, ';', len);

	if (!q)
		return 1;
	q += 1 + strspn(q + 1, " \t");
	return strncasecmp(q, "q=", 2) == 0 ? strtod(q + 2, NULL) : 1;
}

/* Of "de-AT,de;q=0.9,en;q=0.8" the language with messages that the visitor likes best (RFC 9110, 12.5.4). */
static const Language *
accepted_language(const char *accept)
{
	const Language *best = NULL;
	double best_weight = 0;

	while (accept && *accept)
	{
		const char *item = accept + strspn(accept, " \t,");
		size_t len = strcspn(item, ",");
		double weight = weight_of(item, len);
		const Language *language = find_language(item, strcspn(item, "-,; \t"));

		if (language && weight > best_weight)
		{
			best = language;
			best_weight = weight;
		}
		accept = item + len;
	}
	return best;
}

static const Language *
choose_language(const Request *request)
{
	const Language *language;
	char code[LANGUAGE_SIZE];

	query_value(request, "lang", code, sizeof(code));
	language = find_language(code, strlen(code));
	if (!language)
		language = accepted_language(request_header(request, "Accept-Language"));
	return language ? language : fallback;
}

/* "https://host:port" and nothing more. */
static bool
is_origin(const char *text)
{
	const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
					   : strncmp(text, "http://", 7) == 0 ? text + 7
														  : "";

	return *host && strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
								 "-.:[]") == strlen(host);
}

bool
page_is_wanted(const Request *request)
{
	const char *accept = request_header(request, "Accept");
	const char *uri = request->info->request_uri;

	if (request->match.route)
		return request->match.route->page != NULL;
	return accept && strstr(accept, "text/html") && uri && strncmp(uri, "/v0/", 4) != 0;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static void
add_kept(Text *keep, const char *name, const char *value)
{
	if (!*value)
		return;
	text_addf(keep, "%s%s=", keep->len ? "&" : "", name);
	for (; *value; value++)
		text_addf(keep, strchr(":/[]", *value) ? "%%%02X" : "%c", (unsigned char) *value);
}

/* The page's own query in another language: its other parameters as they came, but for forms that were sent. */
static void
add_language_query(Text *out, const Request *request, const char *code)
{
	const char *rest =
		strcmp(request->info->request_method, "POST") == 0 ? NULL : request->info->query_string;

	text_add(out, "?");
	while (rest && *rest)
	{
		size_t len = strcspn(rest, "&");

		if (len > 0 && strncmp(rest, "lang=", 5) != 0)
		{
			text_add_bytes(out, rest, len);
			text_add(out, "&");
		}
		rest += len;
		rest += *rest == '&';
	}
	text_addf(out, "lang=%s", code);
}

static json_t *
language_list(const Request *request, const Language *current)
{
	json_t *list = json_array();
	Text query = { 0 };

	for (int i = 0; i < nlanguages; i++)
	{
		text_clear(&query);
		add_language_query(&query, request, languages[i].code);
		json_array_append_new(
			list, json_pack("{s:s, s:O?, s:s, s:b}", "code", languages[i].code, "name",
							json_object_get(languages[i].messages, "languageName"), "query",
							query.data, "isCurrent", &languages[i] == current));
	}
	text_free(&query);
	return list;
}

typedef struct Kept
{
	char lang[LANGUAGE_SIZE];
	char theme[16];
	char embed[256];
} Kept;

/* The parameters that go along from page to page; "" where they are absent or none of ours. */
static void
read_kept(const Request *request, Kept *kept)
{
	bool may_embed = request->match.route && request->match.route->is_embeddable;

	memset(kept, 0, sizeof(*kept));
	query_value(request, "lang", kept->lang, sizeof(kept->lang));
	if (!find_language(kept->lang, strlen(kept->lang)))
		kept->lang[0] = '\0';
	query_value(request, "theme", kept->theme, sizeof(kept->theme));
	if (strcmp(kept->theme, "light") != 0 && strcmp(kept->theme, "dark") != 0)
		kept->theme[0] = '\0';
	query_value(request, "embed", kept->embed, sizeof(kept->embed));
	if (!may_embed || !is_origin(kept->embed))
		kept->embed[0] = '\0';
}

void
page_add_kept(const Request *request, Text *query)
{
	Kept kept;

	read_kept(request, &kept);
	add_kept(query, "lang", kept.lang);
	add_kept(query, "theme", kept.theme);
	add_kept(query, "embed", kept.embed);
}

static json_t *
make_frame(const Request *request, const Language *language)
{
	Text query = { 0 };
	const char *text;
	json_t *frame;
	Kept kept;

	read_kept(request, &kept);
	page_add_kept(request, &query);
	text = query.len ? query.data : "";
	frame = json_pack("{s:s, s:s, s:O?, s:o, s:s, s:s, s:s}", "assets", assets_folder(), "lang",
					  language->code, "dir", json_object_get(language->messages, "dir"),
					  "languages", language_list(request, language), "path",
					  request->info->request_uri, "theme", kept.theme, "embed", kept.embed);
	json_object_set_new(frame, "query", json_sprintf("%s%s", *text ? "?" : "", text));
	json_object_set_new(frame, "keep", json_sprintf("%s%s", *text ? "&" : "", text));
	text_free(&query);
	return frame;
}

/* Pages that are for one reader alone are not: their size would tell what is in them. */
static void
compress(Answer *answer, const Request *request)
{
	if (answer->is_private || !list_has(request_header(request, "Accept-Encoding"), "gzip"))
		return;
	if (!gzip(answer->made.data, answer->made.len, QUICK, &answer->gzipped))
		return;
	answer->body = answer->gzipped.data;
	answer->body_len = answer->gzipped.len;
	text_add(&answer->headers, "Content-Encoding: gzip\r\n");
}

static void
render(Answer *answer, const Request *request, const char *name, int status, json_t *data)
{
	const Language *language = choose_language(request);
	const char *variant = json_string_value(json_object_get(data, "page"));

	json_object_set_new(data, "frame", make_frame(request, language));
	text_clear(&answer->made);
	template_render(find_template(variant ? variant : name), find_template, data,
					language->messages, &answer->made);
	answer_json(answer, status, answer->made.data, answer->made.len);
	answer->type = "text/html; charset=utf-8";
	answer->is_page = true;
	answer->is_embeddable = request->match.route && request->match.route->is_embeddable;
	answer->is_private = (request->match.route && request->match.route->is_private) ||
						 json_is_true(json_object_get(data, "isPrivate"));
	/* what holds for a moment alone is not to come back out of a browser's history */
	answer->cache_control = answer->is_private || status >= 400 || !request->match.route ||
									request->match.route->function
								? "no-store"
								: "no-cache";
	text_add(&answer->headers, "Vary: Accept-Language, Accept-Encoding\r\n");
	compress(answer, request);
}

void
page_answer(Answer *answer, const Request *request, const char *name, const char *data)
{
	json_t *value = data ? json_loads(data, 0, NULL) : NULL;
	const char *code;

	if (!value)
		value = json_object();
	code = json_string_value(json_object_get(json_object_get(value, "error"), "code"));
	render(answer, request, name, code ? answer_status(code) : 200, value);
	if (code)
	{
		snprintf(answer->sqlstate, sizeof(answer->sqlstate), "%s", code);
		answer->code = answer->sqlstate;
		answer_add_retry(answer);
	}
	json_decref(value);
}

/* Whether there are words for the code or status. */
static bool
has_words(const char *key)
{
	return json_object_get(json_object_get(json_object_get(fallback->messages, "page"), "error"),
						   key) != NULL;
}

void
page_answer_error(Answer *answer, const Request *request, int status, const char *code)
{
	char number[8];
	const char *key = number;
	json_t *data;

	snprintf(number, sizeof(number), "%d", status);
	if (has_words(code))
		key = code;
	else if (!has_words(number))
		key = status >= 500 ? "500" : "400";
	data = json_pack("{s:s, s:b, s:s}", "words", key, "isMissing", status == 404, "requestId",
					 request->id);
	render(answer, request, "error", status, data);
	json_decref(data);
}
