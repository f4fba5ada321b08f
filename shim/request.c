/*
 * Requests; the words are in request.h.
 */
#include "request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "form.h"

#define COOKIE_NAME "__Host-session"
#define MAX_SESSION_LENGTH 256
#define MAX_USER_AGENT_LENGTH 300
#define MAX_SOCKET 65536
#define BODY_BEFORE_SOCKET 1024 /* shorter bodies need no socket looked for */

static const Refusal accepted = { 0, NULL, NULL };

const char *
request_header(const Request *request, const char *name)
{
	for (int i = 0; i < request->info->num_headers; i++)
		if (strcasecmp(request->info->http_headers[i].name, name) == 0)
			return request->info->http_headers[i].value;
	return NULL;
}

static int
count_headers(const Request *request, const char *name)
{
	int n = 0;

	for (int i = 0; i < request->info->num_headers; i++)
		n += strcasecmp(request->info->http_headers[i].name, name) == 0;
	return n;
}

/* --- who asks ----------------------------------------------------------------------------------------------------- */

static bool
is_request_id(const char *id)
{
	size_t len = strlen(id);

	return len >= 8 && len < REQUEST_ID_SIZE &&
		   strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

/* An id need not be guessed, only be nobody else's: 64 random bits of the thread, and a count. */
static void
make_id(char *id)
{
	static const char digits[] = "0123456789abcdef";
	static _Thread_local uint64_t number[2];

	if (number[1]++ == 0 && getrandom(number, sizeof(number[0]), 0) != (ssize_t) sizeof(number[0]))
		number[0] = (uint64_t) clock_us() ^ (uintptr_t) number;
	for (int i = 0; i < 32; i++)
		id[i] = digits[number[i / 16] >> (60 - 4 * (i % 16)) & 15];
	id[32] = '\0';
}

static void
choose_id(Request *request, bool may_be_given)
{
	const char *given = may_be_given ? request_header(request, "X-Request-Id") : NULL;

	if (given && is_request_id(given))
		snprintf(request->id, sizeof(request->id), "%s", given);
	else
		make_id(request->id);
}

/* All X-Forwarded-For headers as one list. */
static const char *
forwarded_for(Request *request, Text *list)
{
	for (int i = 0; i < request->info->num_headers; i++)
		if (strcasecmp(request->info->http_headers[i].name, "X-Forwarded-For") == 0)
			text_addf(list, "%s%s", list->len ? "," : "", request->info->http_headers[i].value);
	return list->data;
}

/* As CivetWeb will decide, so that the answer's Connection header says what happens. */
static bool
may_keep_alive(const Request *request)
{
	const char *connection = request_header(request, "Connection");
	const char *version = request->info->http_version;

	return connection ? list_has(connection, "keep-alive") : version && strcmp(version, "1.1") == 0;
}

/* As the header says; 0 if there is none. */
static long
body_length(const Request *request)
{
	const char *length = request_header(request, "Content-Length");

	return length ? strtol(length, NULL, 10) : 0;
}

/* Who asks, and by what id: a proxy's word counts if it is a trusted one. */
static void
find_client(Request *request, const Config *config)
{
	Text list = { 0 };
	Address peer;
	bool is_trusted = config->ntrusted_proxies > 0 &&
					  address_read(request->info->remote_addr, &peer) &&
					  address_is_in(&peer, config->trusted_proxies, config->ntrusted_proxies);

	choose_id(request, is_trusted);
	client_key(request->info->remote_addr, is_trusted ? forwarded_for(request, &list) : NULL,
			   config->trusted_proxies, config->ntrusted_proxies, request->client,
			   sizeof(request->client));
	text_free(&list);
}

void
request_begin(Request *request, struct mg_connection *conn, const Config *config)
{
	request->conn = conn;
	request->info = mg_get_request_info(conn);
	request->began_us = clock_us();
	request->is_head = strcmp(request->info->request_method, "HEAD") == 0;
	request->nsegments = 0;
	request->match = (RouteMatch) { NULL, "" };
	request->arena_used = 0;
	text_clear(&request->body);
	request->has_unread_body = body_length(request) != 0;
	request->closes = !may_keep_alive(request);
	find_client(request, config);
}

/* --- framing ------------------------------------------------------------------------------------------------------ */

static Refusal
refuse_framing(Request *request, int status, const char *field, const char *message)
{
	request->closes = true;
	return (Refusal) { status, field, message };
}

static Refusal
check_length(Request *request)
{
	const char *length = request_header(request, "Content-Length");
	size_t digits;

	if (!length)
		return accepted;
	digits = strspn(length, "0123456789");
	if (count_headers(request, "Content-Length") > 1)
		return refuse_framing(request, 400, "Content-Length", "Content-Length is given twice");
	if (digits == 0 || length[digits] != '\0')
		return refuse_framing(request, 400, "Content-Length", "Content-Length must be a number");
	if (digits > 9 || strtol(length, NULL, 10) > MAX_BODY_BYTES)
		return refuse_framing(request, 413, "body", "body must have at most 65536 bytes");
	return accepted;
}

/*
 * CivetWeb passes over white space before a request, but takes an empty line there for the headers' end, and then reads what
 * an earlier client of the thread has left in the buffer. The buffer is the thread's own, malloc made it, and it begins
 * where the lowest request so far did.
 */
static bool
is_at_start(Request *request)
{
	const char *method = request->info->request_method;

	if ((uintptr_t) method % _Alignof(max_align_t) != 0)
		return false;
	if (!request->buffer || method < request->buffer)
		request->buffer = method;
	return method == request->buffer;
}

/* Whether the colon came right after the name, and CR LF after the value: CivetWeb writes NULs over them. */
static bool
is_plain_header(const struct mg_header *header)
{
	const char *after_name = header->name + strlen(header->name) + 1;

	return !memchr(after_name, '\0', (size_t) (header->value - after_name)) &&
		   header->value[strlen(header->value) + 1] == '\0';
}

/*
 * The headers end for CivetWeb at the first line that does not begin as one, though a Content-Length may stand below it:
 * after a folded line, one that begins with a colon, or half a line end. Only an empty line may be there.
 */
static bool
has_plain_headers(const Request *request)
{
	int n = request->info->num_headers;
	const struct mg_header *headers = request->info->http_headers;
	const char *end;

	for (int i = 0; i < n; i++)
		if (!is_plain_header(&headers[i]))
			return false;
	if (n == 0)
		return true;
	end = headers[n - 1].value + strlen(headers[n - 1].value) + 2;
	/* two bare line feeds may be the last that the buffer has room for */
	if (end + 2 > request->buffer + MAX_REQUEST_BYTES)
		return false;
	return end[0] == '\r' && (end[1] == '\n' || end[1] == '\0');
}

/*
 * CivetWeb keeps 64 headers and drops the rest, takes the first of several lengths, lets Transfer-Encoding beat
 * Content-Length: what a proxy in front may read in another way is refused, and so is chunked coding, whose sizes
 * CivetWeb reads byte by byte without a deadline.
 */
Refusal
request_check_framing(Request *request)
{
	const char *version = request->info->http_version;
	const char *expect = request_header(request, "Expect");
	int hosts = count_headers(request, "Host");

	if (!is_at_start(request))
		return refuse_framing(request, 400, NULL, "the request must begin with its method");
	if (request->info->num_headers >= MG_MAX_HEADERS)
		return refuse_framing(request, 431, NULL, "the request must have at most 63 headers");
	if (!has_plain_headers(request))
		return refuse_framing(request, 400, NULL,
							  "each header must be a line of its own, as name: value");
	if (!version || (strcmp(version, "1.1") != 0 && strcmp(version, "1.0") != 0))
		return refuse_framing(request, 400, NULL, "the protocol must be HTTP/1.1");
	if (hosts > 1 || (hosts == 0 && strcmp(version, "1.1") == 0))
		return refuse_framing(request, 400, "Host", "Host must be given once");
	if (request_header(request, "Transfer-Encoding"))
		return refuse_framing(request, 400, "Transfer-Encoding",
							  "Transfer-Encoding is not supported; send Content-Length instead");
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return refuse_framing(request, 417, "Expect", "Expect must be 100-continue");
	return check_length(request);
}

/* --- path --------------------------------------------------------------------------------------------------------- */

static char *
arena_take(Request *request, size_t size)
{
	char *memory = request->arena + request->arena_used;

	if (size > REQUEST_ARENA_BYTES - request->arena_used)
		return NULL;
	request->arena_used += size;
	return memory;
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char) *text < 0x20 || *text == 0x7F)
			return true;
	return false;
}

static bool
is_path_segment(const char *segment)
{
	return !has_control(segment) && !strchr(segment, '/') && !strchr(segment, '\\') &&
		   strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0;
}

Refusal
request_read_path(Request *request)
{
	const Refusal bad = {
		400, "path", "path must be percent-encoded UTF-8 without empty, dot or control parts"
	};
	const char *rest = request->info->request_uri;

	if (!rest || rest[0] != '/')
		return bad;
	for (rest++; *rest; rest++)
	{
		size_t len = strcspn(rest, "/");
		char *segment = arena_take(request, len + 1);

		if (!segment)
			return (Refusal) { 431, NULL, "the request is too long" };
		if (len == 0 || !percent_decode(rest, len, false, segment) || !is_path_segment(segment))
			return bad;
		if (request->nsegments == MAX_SEGMENTS)
			return accepted; /* longer than any route */
		request->segments[request->nsegments++] = segment;
		rest += len;
		if (*rest == '\0')
			break;
		if (rest[1] == '\0')
			return (Refusal) { 404, NULL, "there is nothing here" };
	}
	return accepted;
}

/* --- body --------------------------------------------------------------------------------------------------------- */

/* The socket of the request, which CivetWeb does not tell: the one with its peer. -1: not found. */
static int
find_socket(const Request *request)
{
	for (int fd = 0; fd < MAX_SOCKET; fd++)
	{
		struct sockaddr_in peer = { 0 };
		socklen_t size = sizeof(peer);
		char address[INET_ADDRSTRLEN];

		if (getpeername(fd, (struct sockaddr *) &peer, &size) == 0 && peer.sin_family == AF_INET &&
			ntohs(peer.sin_port) == request->info->remote_port &&
			inet_ntop(AF_INET, &peer.sin_addr, address, sizeof(address)) &&
			strcmp(address, request->info->remote_addr) == 0)
			return fd;
	}
	return -1;
}

/* How many bytes can be read without waiting; at least 1, which may have to be waited for. */
static long
ready_bytes(int fd, long wanted)
{
	int ready = 0;

	if (fd < 0 || ioctl(fd, FIONREAD, &ready) != 0 || ready < 1)
		return 1;
	return ready < wanted ? ready : wanted;
}

/*
 * Asked for more than is there, mg_read goes on until it has all, and who sends a byte every few seconds would hold the
 * thread for hours. So it is asked for what has come already, and else for one byte. Most bodies are in CivetWeb's buffer
 * with the headers: they are taken byte by byte, which costs no system call.
 */
static bool
read_bytes(Request *request, long length)
{
	int64_t deadline = clock_us() + BODY_SECONDS * 1000000L;
	char bytes[4096];
	int fd = -1;

	for (long done = 0; done < length; done = (long) request->body.len)
	{
		long wanted = length - done < (long) sizeof(bytes) ? length - done : (long) sizeof(bytes);

		if (done == BODY_BEFORE_SOCKET)
			fd = find_socket(request);
		wanted = ready_bytes(fd, wanted);
		if (mg_read(request->conn, bytes, (size_t) wanted) != wanted || clock_us() > deadline)
			return false;
		text_add_bytes(&request->body, bytes, (size_t) wanted);
	}
	return true;
}

Refusal
request_read_body(Request *request)
{
	const char *expect = request_header(request, "Expect");
	long size = body_length(request);

	request->has_unread_body = false;
	if (size == 0)
		return accepted;
	if (expect && strcmp(request->info->http_version, "1.1") == 0)
		mg_write(request->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	if (!read_bytes(request, size))
	{
		request->closes = true;
		return (Refusal) { 408, "body", "body did not arrive in time" };
	}
	if (strlen(request->body.data) != request->body.len ||
		!is_utf8(request->body.data, request->body.len))
		return (Refusal) { 400, "body", "body must be UTF-8 text without NUL" };
	return accepted;
}

/* --- parameters --------------------------------------------------------------------------------------------------- */

/* Finds the parameter's value in the query and decodes it. */
static Refusal
read_query(Request *request, const char *name, const char **value)
{
	const char *rest = request->info->query_string;
	size_t name_len = strlen(name);
	char *decoded;

	*value = NULL;
	while (rest && *rest)
	{
		size_t len = strcspn(rest, "&");
		size_t key_len = strcspn(rest, "=&");

		if (key_len == name_len && strncmp(rest, name, name_len) == 0)
		{
			size_t value_at = key_len < len ? key_len + 1 : key_len;

			if (*value)
				return (Refusal) { 400, name, "is given twice" };
			decoded = arena_take(request, len - value_at + 1);
			if (!decoded)
				return (Refusal) { 431, NULL, "the request is too long" };
			if (!percent_decode(rest + value_at, len - value_at, true, decoded) ||
				has_control(decoded))
				return (Refusal) { 400, name,
								   "must be percent-encoded UTF-8 without control characters" };
			*value = decoded;
		}
		rest += len;
		rest += *rest == '&';
	}
	return accepted;
}

static const char *
arena_copy(Request *request, const char *text, size_t len)
{
	char *copy = arena_take(request, len + 1);

	if (copy)
	{
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

static const char *
read_cookie(Request *request)
{
	const char *cookies = request_header(request, "Cookie");
	size_t name_len = strlen(COOKIE_NAME);

	while (cookies && *cookies)
	{
		size_t len;

		cookies += strspn(cookies, "; ");
		len = strcspn(cookies, ";");
		if (len > name_len && strncmp(cookies, COOKIE_NAME "=", name_len + 1) == 0)
			return arena_copy(request, cookies + name_len + 1, len - name_len - 1);
		cookies += len;
	}
	return NULL;
}

const char *
request_session(Request *request, bool *is_cookie)
{
	const char *authorization = request_header(request, "Authorization");
	const char *session;

	*is_cookie = authorization == NULL;
	if (authorization)
	{
		if (strncasecmp(authorization, "Bearer ", 7) != 0)
			return NULL;
		session = authorization + 7 + strspn(authorization + 7, " ");
	}
	else
		session = read_cookie(request);
	return session && *session && strlen(session) <= MAX_SESSION_LENGTH &&
				   is_utf8(session, strlen(session))
			   ? session
			   : NULL;
}

/* "abc", W/"def" -> abc,def: what the database compares with. */
static const char *
read_tags(Request *request, const char *name)
{
	const char *header = request_header(request, name);
	char *tags;
	size_t n = 0;

	if (!header)
		return NULL;
	tags = arena_take(request, strlen(header) + 1);
	if (!tags)
		return NULL;
	for (const char *c = header; *c; c++)
	{
		if (c[0] == 'W' && c[1] == '/')
			c++;
		else if (*c != '"' && *c != ' ' && *c != '\t')
			tags[n++] = *c;
	}
	tags[n] = '\0';
	return tags;
}

static const char *
read_key(Request *request)
{
	const char *key = request_header(request, "Idempotency-Key");
	size_t len = key ? strlen(key) : 0;

	if (len >= 2 && key[0] == '"' && key[len - 1] == '"')
		return arena_copy(request, key + 1, len - 2);
	return key;
}

static const char *
read_user_agent(Request *request)
{
	const char *agent = request_header(request, "User-Agent");
	size_t len = agent ? strnlen(agent, MAX_USER_AGENT_LENGTH) : 0;
	char *copy = agent ? arena_take(request, len + 1) : NULL;

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = (char) (agent[i] >= ' ' && agent[i] < 0x7F ? agent[i] : '?');
	if (copy)
		copy[len] = '\0';
	return copy;
}

static Refusal
read_value(Request *request, const Config *config, const Param *param, const char **value)
{
	Refusal refusal;
	bool is_cookie;

	switch (param->source)
	{
		case PARAM_PATH:
			*value = request->segments[param->segment];
			return accepted;
		case PARAM_QUERY:
			return read_query(request, param->name, value);
		case PARAM_BODY:
			*value = request->body.len ? request->body.data : NULL;
			return accepted;
		case PARAM_FORM:
			text_clear(&request->form);
			refusal = form_read(request, &request->form);
			*value = request->form.data;
			return refusal;
		case PARAM_SESSION:
			*value = request_session(request, &is_cookie);
			return accepted;
		case PARAM_CLIENT:
			*value = config->no_client_limits ? NULL : request->client;
			return accepted;
		case PARAM_IDEMPOTENCY_KEY:
			*value = read_key(request);
			break;
		case PARAM_IF_MATCH:
		case PARAM_IF_NONE_MATCH:
			*value = read_tags(request, param->name);
			break;
		case PARAM_USER_AGENT:
			*value = read_user_agent(request);
			break;
		case PARAM_SESSION_MODE:
		case PARAM_HEADER:
			*value = request_header(request, param->name);
			break;
		case PARAM_ORIGINS:
			*value = config->allowed_origins;
			return accepted;
	}
	if (*value && (!is_utf8(*value, strlen(*value)) || has_control(*value)))
		return (Refusal) { 400, param->name, "must be UTF-8 text without control characters" };
	return accepted;
}

Refusal
request_read_values(Request *request, const Config *config, const char **values)
{
	const Route *route = request->match.route;

	for (int i = 0; i < route->nparams; i++)
	{
		Refusal refusal = read_value(request, config, &route->param[i], &values[i]);

		if (refusal.status)
			return refusal;
	}
	return accepted;
}
