/*
 * Answers; the words are in answer.h.
 *
 * Errors are JSON for people and programs: "ok", "error" (a sentence) and "code" as API version 0 has them, beside the
 * members of RFC 9457. Of what the database says, only messages of class OC are told; all else could say too much.
 */
#include "answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "page.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define MAX_FIELD 200
#define EMBED "/v0/embed/" /* what other sites' pages load */
#define AWAY_RETRY_SECONDS 1

static const struct
{
	const char *sqlstate; /* or its class */
	int status;
} statuses[] = {
	{ "OC001", 409 }, { "OC002", 404 }, { "OC003", 404 }, { "OC004", 410 }, { "OC005", 409 },
	{ "OC006", 400 }, { "OC007", 409 }, { "OC008", 429 }, { "OC009", 403 }, { "OC010", 502 },
	{ "OC011", 503 }, { "OC012", 401 }, { "OC013", 404 }, { "OC014", 409 }, { "54001", 400 },
	{ "25006", 503 }, { "40001", 503 }, { "40P01", 503 }, { "22", 400 },    { "53", 503 },
	{ "57", 503 },    { "08", 503 },
};

static const char *
reason_of(int status)
{
	static const struct
	{
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 204, "No Content" },
		{ 301, "Moved Permanently" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 417, "Expectation Failed" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

void
answer_clear(Answer *answer)
{
	text_clear(&answer->headers);
	text_clear(&answer->made);
	text_clear(&answer->gzipped);
	*answer =
		(Answer) { .headers = answer->headers, .made = answer->made, .gzipped = answer->gzipped };
}

void
answer_json(Answer *answer, int status, const char *body, size_t len)
{
	answer->status = status;
	answer->type = JSON_TYPE;
	answer->body = body;
	answer->body_len = len;
	answer->cache_control = "no-store";
}

static void
add_member(Text *body, const char *name, const char *value)
{
	if (!value)
		return;
	text_addf(body, ",\"%s\":", name);
	text_add_json(body, value);
}

static void
answer_error(Answer *answer, const Request *request, int status, const char *code,
			 const char *error, const char *detail, const char *field)
{
	Text *body = &answer->made;

	if (page_is_wanted(request))
	{
		page_answer_error(answer, request, status, code);
		answer->code = code;
		return;
	}
	text_clear(body);
	text_add(body, "{\"ok\":false,\"error\":");
	text_add_json(body, error);
	add_member(body, "code", code);
	add_member(body, "type", "about:blank");
	add_member(body, "title", reason_of(status));
	text_addf(body, ",\"status\":%d", status);
	add_member(body, "detail", detail);
	add_member(body, "field", field);
	add_member(body, "requestId", request->id);
	text_add(body, "}");
	answer_json(answer, status, body->data, body->len);
	answer->code = code;
	if (status == 401)
		text_add(&answer->headers, "WWW-Authenticate: Bearer\r\n");
}

void
answer_refusal(Answer *answer, const Request *request, Refusal refusal)
{
	static _Thread_local char code[16];
	static _Thread_local char message[256];

	snprintf(code, sizeof(code), "HTTP_%d", refusal.status);
	/* a rule without its subject is about the field */
	if (refusal.field &&
		(strncmp(refusal.message, "must ", 5) == 0 || strncmp(refusal.message, "is ", 3) == 0))
		snprintf(message, sizeof(message), "%s %s", refusal.field, refusal.message);
	else
		snprintf(message, sizeof(message), "%s", refusal.message);
	answer_error(answer, request, refusal.status, code, message, NULL, refusal.field);
}

/* --- the database's errors ---------------------------------------------------------------------------------------- */

int
answer_status(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strncmp(sqlstate, statuses[i].sqlstate, strlen(statuses[i].sqlstate)) == 0)
			return statuses[i].status;
	return 500;
}

/* "duration_minutes" -> "durationMinutes"; what is inside of something, answers.my_question, has its own name. */
static void
add_camel_case(Text *out, const char *name, size_t len)
{
	if (memchr(name, '.', len))
	{
		text_add_bytes(out, name, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
	{
		bool raises =
			name[i] == '_' && i > 0 && i + 1 < len && islower((unsigned char) name[i + 1]);
		char c = raises ? (char) toupper((unsigned char) name[++i]) : name[i];

		text_add_bytes(out, &c, 1);
	}
}

/* The field that a detail such as 'Field "duration_minutes" has the value 1.' is about; its length, 0 if none. */
static size_t
find_field(const char *detail, const char **field)
{
	static const char mark[] = "Field \"";
	size_t len;

	if (!detail || strncmp(detail, mark, strlen(mark)) != 0)
		return 0;
	*field = detail + strlen(mark);
	len = strcspn(*field, "\"");
	return len > 0 && len <= MAX_FIELD && (*field)[len] == '"' ? len : 0;
}

/* The database's names of fields are columns'; the API's are the same in camel case. */
static void
answer_told(Answer *answer, const Request *request, int status, const DbAnswer *result)
{
	static _Thread_local Text message;
	static _Thread_local Text detail;
	static _Thread_local Text field;
	static _Thread_local char code[6];
	const char *name = NULL;
	size_t len = find_field(result->detail, &name);
	bool tells_detail =
		strcmp(result->sqlstate, "OC001") != 0 || request->match.route->auth == AUTH_SESSION;

	text_clear(&message);
	text_clear(&detail);
	text_clear(&field);
	snprintf(code, sizeof(code), "%s", result->sqlstate);
	if (len > 0)
	{
		size_t start = strncmp(result->message, name, len) == 0 ? len : 0;

		/* an unknown field has the name that the client gave it */
		if (strcmp(name + len, "\" is not known.") == 0)
			text_add_bytes(&field, name, len);
		else
			add_camel_case(&field, name, len);
		add_camel_case(&message, result->message, start);
		text_add(&message, result->message + start);
		text_addf(&detail, "Field \"%s%s", field.data, name + len);
	}
	else
	{
		text_add(&message, result->message ? result->message : "");
		text_add(&detail, result->detail ? result->detail : "");
	}
	answer_error(answer, request, status, code, message.data,
				 tells_detail && detail.len ? detail.data : NULL, len ? field.data : NULL);
}

static void
answer_untold(Answer *answer, const Request *request, int status, const DbAnswer *result)
{
	static _Thread_local char code[16];
	const char *error = status == 400   ? "the request has a value that the database cannot read"
						: status == 503 ? "the service is busy or restarting, try again"
										: "something went wrong here";

	snprintf(code, sizeof(code), "HTTP_%d", status);
	answer_error(answer, request, status, code, error, NULL, NULL);
	answer->cause = status >= 500 ? result->message : NULL;
}

void
answer_add_retry(Answer *answer)
{
	if (answer->status == 503)
		text_addf(&answer->headers, "Retry-After: %d\r\n", AWAY_RETRY_SECONDS);
	else if (answer->status == 429)
		text_add(&answer->headers, "Retry-After: 60\r\n");
}

static void
answer_db_error(Answer *answer, const Request *request, const DbAnswer *result)
{
	int status = answer_status(result->sqlstate);

	if (strncmp(result->sqlstate, "OC", 2) == 0 && status != 500)
		answer_told(answer, request, status, result);
	else
		answer_untold(answer, request, status, result);
	memcpy(answer->sqlstate, result->sqlstate, sizeof(answer->sqlstate));
	answer_add_retry(answer);
}

/* --- the database's answers --------------------------------------------------------------------------------------- */

/* Link: the same URL with the cursor of the next page. */
static void
add_link(Answer *answer, const Request *request, const char *cursor)
{
	const char *rest = request->info->query_string;

	text_add(&answer->headers, "Link: <");
	text_add_header_value(&answer->headers, request->info->request_uri);
	text_add(&answer->headers, "?");
	while (rest && *rest)
	{
		size_t len = strcspn(rest, "&");
		char item[1024];

		if (len > 0 && len < sizeof(item) && strncmp(rest, "cursor=", 7) != 0)
		{
			memcpy(item, rest, len);
			item[len] = '\0';
			if (!strpbrk(item, "<>\""))
			{
				text_add_header_value(&answer->headers, item);
				text_add(&answer->headers, "&");
			}
		}
		rest += len;
		rest += *rest == '&';
	}
	text_add(&answer->headers, "cursor=");
	text_add_header_value(&answer->headers, cursor);
	text_add(&answer->headers, ">; rel=\"next\"\r\n");
}

/* What goes along from a form to the page that it leads to. */
static void
add_kept(Answer *answer, const Request *request, const char *location)
{
	static _Thread_local Text query;

	text_clear(&query);
	page_add_kept(request, &query);
	if (query.len == 0)
		return;
	text_add(&answer->headers, strchr(location, '?') ? "&" : "?");
	text_add_header_value(&answer->headers, query.data);
}

static void
add_location(Answer *answer, const Request *request, const char *location)
{
	text_add(&answer->headers, "Location: ");
	text_add_header_value(&answer->headers, location);
	if (answer->status == 301 && request->info->query_string && *request->info->query_string)
	{
		text_add(&answer->headers, "?");
		text_add_header_value(&answer->headers, request->info->query_string);
	}
	else if (answer->status == 303)
		add_kept(answer, request, location);
	text_add(&answer->headers, "\r\n");
}

/*
 * The cookie of our own pages. Its name asks browsers for Secure, which they grant to https and to loopback hosts; where
 * the pages are served by plain http from elsewhere, browsers will not keep it.
 */
static void
add_cookie(Answer *answer, const char *token)
{
	text_add(&answer->headers, "Set-Cookie: __Host-session=");
	text_add_header_value(&answer->headers, token);
	text_addf(&answer->headers, "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d\r\n",
			  *token ? 30 * 24 * 3600 : 0);
}

static void
add_quoted(Answer *answer, const char *name, const char *value)
{
	text_addf(&answer->headers, "%s: \"", name);
	text_add_header_value(&answer->headers, value);
	text_add(&answer->headers, "\"\r\n");
}

/* The database has written the error itself, {...}: the request's id is put into it, as into all others. */
static void
answer_written_error(Answer *answer, const Request *request)
{
	static _Thread_local char code[16];

	snprintf(code, sizeof(code), "HTTP_%d", answer->status);
	answer->code = code;
	if (answer->body_len < 2 || answer->body[answer->body_len - 1] != '}')
		return;
	text_clear(&answer->made);
	text_add_bytes(&answer->made, answer->body, answer->body_len - 1);
	add_member(&answer->made, "requestId", request->id);
	text_add(&answer->made, "}");
	answer->body = answer->made.data;
	answer->body_len = answer->made.len;
}

void
answer_database(Answer *answer, const Request *request, const Config *config,
				const DbAnswer *result)
{
	const Route *route = request->match.route;

	if (result->outcome == DB_AWAY)
	{
		answer_refusal(answer, request, (Refusal) { 503, NULL, "the database is away, try again" });
		text_addf(&answer->headers, "Retry-After: %d\r\n", AWAY_RETRY_SECONDS);
		return;
	}
	if (result->outcome == DB_REFUSED)
	{
		answer_db_error(answer, request, result);
		return;
	}
	if (route->page && result->status == 200)
	{
		page_answer(answer, request, route->page, result->body);
		return;
	}
	answer_json(answer, result->status, result->body ? result->body : "",
				result->body ? result->body_len : 0);
	if (route->type && result->status == 200)
		answer->type = route->type;
	if (result->status >= 400)
		answer_written_error(answer, request);
	if (route->cache == CACHE_CHECK)
		answer->cache_control = "no-cache";
	if (result->etag)
		add_quoted(answer, "ETag", result->etag);
	if (result->next_cursor)
		add_link(answer, request, result->next_cursor);
	if (result->location)
		add_location(answer, request, result->location);
	if (result->cookie)
		add_cookie(answer, result->cookie);
}

void
answer_limit(Answer *answer, const LimitState *limit)
{
	text_addf(&answer->headers,
			  "RateLimit-Policy: \"%s\";q=%d;w=%d\r\n"
			  "RateLimit: \"%s\";r=%d;t=%d\r\n",
			  limit->name, limit->limit, limit->window_seconds, limit->name, limit->remaining,
			  limit->reset_seconds);
	if (!limit->is_allowed)
		text_addf(&answer->headers, "Retry-After: %d\r\n", limit->reset_seconds);
}

void
answer_asset(Answer *answer, const Request *request, const Asset *asset, bool is_immutable)
{
	const char *known = request_header(request, "If-None-Match");
	bool zips = asset->gzipped && list_has(request_header(request, "Accept-Encoding"), "gzip");
	char tag[64];

	/* one representation each: the tag must tell them apart */
	snprintf(tag, sizeof(tag), "\"%s%s\"", asset->etag, zips ? "-gz" : "");
	answer->status = known && (strcmp(known, "*") == 0 || strstr(known, tag)) ? 304 : 200;
	answer->type = asset->type;
	answer->body = zips ? asset->gzipped : asset->bytes;
	answer->body_len = zips ? asset->gzipped_len : asset->len;
	answer->cache_control = is_immutable ? "public, max-age=31536000, immutable" : "no-cache";
	answer->is_page = true;
	answer->is_embeddable = strncmp(asset->path, EMBED, strlen(EMBED)) == 0;
	text_addf(&answer->headers, "ETag: %s\r\nVary: Accept-Encoding\r\n", tag);
	if (zips && answer->status == 200)
		text_add(&answer->headers, "Content-Encoding: gzip\r\n");
}

static bool
is_allowed_origin(const Config *config, const char *origin)
{
	for (int i = 0; i < MAX_ORIGINS && config->origins[i]; i++)
		if (strcmp(config->origins[i], origin) == 0)
			return true;
	return false;
}

void
answer_origin(Answer *answer, const Request *request, const Config *config, bool is_public)
{
	const char *origin = request_header(request, "Origin");

	text_add(&answer->headers, "Vary: Origin\r\n");
	if (!origin || (!is_public && !is_allowed_origin(config, origin)))
		return;
	text_add(&answer->headers, "Access-Control-Allow-Origin: ");
	text_add_header_value(&answer->headers, is_public ? "*" : origin);
	text_add(
		&answer->headers,
		"\r\nAccess-Control-Expose-Headers: ETag, Link, Retry-After, RateLimit, RateLimit-Policy, "
		"X-Request-Id\r\n");
	if (strcmp(request->info->request_method, "OPTIONS") == 0)
		text_add(
			&answer->headers,
			"Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
			"Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match\r\n"
			"Access-Control-Max-Age: 7200\r\n");
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void
add_date(Text *out)
{
	static _Thread_local time_t last;
	static _Thread_local char text[40];
	time_t now = time(NULL);
	struct tm utc;

	if (now != last)
	{
		gmtime_r(&now, &utc);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
		last = now;
	}
	text_add(out, "Date: ");
	text_add(out, text);
	text_add(out, "\r\n");
}

/* The same for every answer, but for who may embed it and what a page may load. */
#define SECURITY_HEADERS                  \
	"X-Content-Type-Options: nosniff\r\n" \
	"Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=()\r\n"
#define PAGE_POLICY "default-src 'self'; base-uri 'none'; form-action 'self'; object-src 'none'"

static void
add_security_headers(Text *out, const Answer *answer, const Request *request, const char *base_url)
{
	bool has_token = request->match.route && request->match.route->has_token;
	bool is_public = request->match.route && request->match.route->is_public;

	text_add(out, SECURITY_HEADERS);
	text_add(out, answer->is_page ? "Referrer-Policy: same-origin\r\n"
								  : "Referrer-Policy: no-referrer\r\n");
	text_add(out, answer->is_embeddable ? "" : "X-Frame-Options: DENY\r\n");
	text_add(out, "Cross-Origin-Resource-Policy: ");
	text_add(out, is_public || answer->is_embeddable ? "cross-origin\r\n" : "same-origin\r\n");
	text_add(out, "Content-Security-Policy: ");
	text_add(out, answer->is_page ? PAGE_POLICY : "default-src 'none'; base-uri 'none'");
	text_add(out,
			 answer->is_embeddable ? "; frame-ancestors *\r\n" : "; frame-ancestors 'none'\r\n");
	if (strncmp(base_url, "https://", 8) == 0)
		text_add(out, "Strict-Transport-Security: max-age=31536000\r\n");
	if (has_token || answer->is_private)
		text_add(out, "X-Robots-Tag: noindex\r\n");
}

static void
add_header(Text *out, const char *name, const char *value)
{
	text_add(out, name);
	text_add(out, value);
	text_add(out, "\r\n");
}

size_t
answer_write(Answer *answer, Request *request, Text *out, const char *base_url)
{
	bool has_body = answer->status != 204 && answer->status != 304;

	request->closes |= request->has_unread_body;
	text_clear(out);
	text_add(out, "HTTP/1.1 ");
	text_add_number(out, (unsigned) answer->status);
	text_add(out, " ");
	text_add(out, reason_of(answer->status));
	text_add(out, "\r\n");
	add_date(out);
	if (has_body)
	{
		add_header(out, "Content-Type: ", answer->type ? answer->type : JSON_TYPE);
		text_add(out, "Content-Length: ");
		text_add_number(out, answer->body_len);
		text_add(out, "\r\n");
	}
	add_header(out, "Cache-Control: ", answer->cache_control ? answer->cache_control : "no-store");
	add_header(out, "X-Request-Id: ", request->id);
	add_header(out, "Connection: ", request->closes ? "close" : "keep-alive");
	add_security_headers(out, answer, request, base_url);
	if (answer->headers.len)
		text_add_bytes(out, answer->headers.data, answer->headers.len);
	text_add(out, "\r\n");
	if (has_body && !request->is_head)
		text_add_bytes(out, answer->body, answer->body_len);
	if (request->closes)
		mg_disable_connection_keep_alive(request->conn);
	/* who does not read would take the next answer for the rest of this one */
	if (mg_write(request->conn, out->data, out->len) != (int) out->len)
		mg_disable_connection_keep_alive(request->conn);
	return has_body ? answer->body_len : 0;
}
