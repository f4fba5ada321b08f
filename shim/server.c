/*
 * CivetWeb's side; the words are in server.h.
 *
 * CivetWeb reads the headers and owns sockets and threads. Everything else is done in its begin_request callback, which
 * comes before all that the library would do by itself (files, preflights, websockets), and which always answers. There is
 * no document root, and TLS is nginx's. One worker thread owns a connection until it is closed, so idle ones are closed
 * after a second.
 */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "assets.h"
#include "clock.h"
#include "limits.h"
#include "log.h"
#include "metrics.h"
#include "page.h"
#include "pool.h"
#include "request.h"
#include "routes.h"

#define QUIET_MS 200
#define POLL_MS 20

/*
 * Threads besides those that may keep connections. While one of them is in use, others may be waiting for a thread, and
 * each answer ends its connection.
 */
#define SPARE_THREADS 2
#define RETRY_SECONDS "Retry-After: 1\r\n"

/* What a worker thread has, made once. */
typedef struct Worker
{
	Db *db;
	Request request;
	Answer answer;
	Text out;
} Worker;

static const Config *config;
static struct mg_context *api;
static struct mg_context *metrics;
static atomic_int_fast64_t draining_since; /* milliseconds of the monotonic clock; 0: not */
static atomic_int_fast64_t last_request;
static atomic_int waiting; /* requests of routes that wait for others */

/* --- answers ------------------------------------------------------------------------------------------------------ */

static const Refusal nothing_here = { 404, NULL, "there is nothing here" };

static void
answer_health(Worker *worker)
{
	static const char body[] = "{\"ok\":true,\"status\":\"ok\"}";

	answer_json(&worker->answer, 200, body, sizeof(body) - 1);
}

/* Whether requests will be answered: the database is there and has the extension in the shim's version. */
static void
answer_ready(Worker *worker)
{
	Text *body = &worker->answer.made;
	DbState state;

	if (atomic_load(&draining_since) != 0)
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 503, NULL, "the service is stopping" });
	else if (!db_check(worker->db, &state))
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 503, NULL, "the database is away" });
	else if (strcmp(state.version, SHIM_VERSION) != 0)
		answer_refusal(
			&worker->answer, &worker->request,
			(Refusal) { 503, NULL, "the database has another version of the extension" });
	else
	{
		text_addf(body, "{\"ok\":true,\"status\":\"ready\",\"version\":\"%s\"}", SHIM_VERSION);
		answer_json(&worker->answer, 200, body->data, body->len);
		return;
	}
	text_add(&worker->answer.headers, RETRY_SECONDS);
}

static void
answer_metrics(Worker *worker)
{
	Text *body = &worker->answer.made;

	metrics_write(body);
	text_addf(
		body,
		"# HELP opencalendly_db_up Whether the database answers.\n# TYPE opencalendly_db_up gauge\n"
		"opencalendly_db_up %d\n",
		db_metrics(worker->db, body));
	answer_json(&worker->answer, 200, body->data, body->len);
	worker->answer.type = "text/plain; version=0.0.4; charset=utf-8";
}

/* What a limit counts within its class. */
static void
limit_subject(const Request *request, char *subject, size_t size)
{
	const Route *route = request->match.route;
	size_t len;

	subject[0] = '\0';
	if (route->limit != LIMIT_PAGE && route->limit != LIMIT_BOOKING)
		return;
	len = (size_t) snprintf(subject, size, "%d", route->number);
	for (int i = 0; i < route->nsegments && len < size; i++)
		if (route->segment[i][0] == ':')
			len += (size_t) snprintf(subject + len, size - len, "/%s", request->segments[i]);
}

/* Counts the request; false: there was one too many, and the answer says so. */
static bool
take_limits(Worker *worker)
{
	const Route *route = worker->request.match.route;
	char subject[400];
	LimitState state;

	if (config->no_client_limits || route->limit == LIMIT_NONE)
		return true;
	limit_subject(&worker->request, subject, sizeof(subject));
	state = limit_take(route->limit, worker->request.client, subject);
	if (state.is_allowed && route->makes_booking)
	{
		LimitState booked = limit_take(LIMIT_BOOKED, worker->request.client, "");

		if (!booked.is_allowed)
			state = booked;
	}
	if (!state.is_allowed)
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 429, NULL, "too many requests, try again later" });
	answer_limit(&worker->answer, &state);
	return state.is_allowed;
}

/* Only bookings that were made count. A form that has made one leads to its confirmation. */
static void
settle_limits(Worker *worker)
{
	const Route *route = worker->request.match.route;
	int made = route->page ? 303 : 200;

	if (!config->no_client_limits && route->makes_booking && worker->answer.status != made)
		limit_return(LIMIT_BOOKED, worker->request.client, "");
}

static bool
is_own_origin(const char *origin)
{
	const char *base = pool_state().base_url;
	const char *host = strstr(base, "://");
	size_t len = host ? (size_t) (host + 3 - base) + strcspn(host + 3, "/") : 0;

	return len > 0 && strlen(origin) == len && strncasecmp(origin, base, len) == 0;
}

/*
 * Pages of other sites can make a browser send our cookie; they cannot make it send our origin. Forms have no cookie that
 * counts, so who sends no origin at all is let through.
 */
static bool
is_own_request(Worker *worker)
{
	const Route *route = worker->request.match.route;
	const char *method = worker->request.info->request_method;
	const char *origin = request_header(&worker->request, "Origin");
	bool is_cookie;

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return true;
	if (route->page)
		return !origin || !*pool_state().base_url || is_own_origin(origin);
	if (route->auth != AUTH_SESSION || !request_session(&worker->request, &is_cookie) || !is_cookie)
		return true;
	return origin && is_own_origin(origin);
}

/* What waits for others gets half of the threads, so that who need not wait need not wait for those. */
static bool
begin_waiting(void)
{
	int most = config->threads > 1 ? config->threads / 2 : 1;

	if (atomic_fetch_add(&waiting, 1) < most)
		return true;
	atomic_fetch_sub(&waiting, 1);
	return false;
}

static void
call_route(Worker *worker, const char *const *values)
{
	const Route *route = worker->request.match.route;
	DbAnswer result;

	if (route->then && !begin_waiting())
	{
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 503, NULL, "too many requests wait for others, try again" });
		text_add(&worker->answer.headers, RETRY_SECONDS);
		return;
	}
	result = db_call(worker->db, route, values, strcmp(route->method, "GET") == 0);
	answer_database(&worker->answer, &worker->request, config, &result);
	if (route->then)
		atomic_fetch_sub(&waiting, 1);
}

static void
answer_route(Worker *worker)
{
	const Route *route = worker->request.match.route;
	const char *values[MAX_PARAMS];
	Refusal refusal;

	refusal = request_read_values(&worker->request, config, values);
	if (refusal.status)
		answer_refusal(&worker->answer, &worker->request, refusal);
	else if (!is_own_request(worker))
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 403, "Origin",
								   "Origin must be this service's own where a cookie signs in, "
								   "and for forms" });
	else if (!route->function)
		page_answer(&worker->answer, &worker->request, route->page, NULL);
	else
		call_route(worker, values);
}

/* The route that a preflight asks about; any of the path will do if it does not say. */
static bool
is_public_path(Request *request)
{
	const char *method = request_header(request, "Access-Control-Request-Method");
	RouteMatch match = route_find(method ? method : "GET", request->segments, request->nsegments);

	return match.route && match.route->is_public;
}

static void
answer_options(Worker *worker)
{
	Request *request = &worker->request;

	answer_json(&worker->answer, 204, "", 0);
	text_addf(&worker->answer.headers, "Allow: %s\r\n", request->match.allow);
	answer_origin(&worker->answer, request, config, is_public_path(request));
}

static bool
is_method(const Worker *worker, const char *method)
{
	return strcmp(worker->request.info->request_method, method) == 0;
}

static bool
is_path(const Worker *worker, const char *path)
{
	return strcmp(worker->request.info->request_uri, path) == 0;
}

/* What is no route: the process' own state, and files. A page's route may have the same form. */
static bool
is_plain(const Worker *worker)
{
	bool is_immutable;

	return is_path(worker, "/health") || is_path(worker, "/ready") ||
		   asset_find(worker->request.info->request_uri, &is_immutable);
}

static void
answer_plain(Worker *worker)
{
	bool is_immutable;
	const Asset *asset = asset_find(worker->request.info->request_uri, &is_immutable);

	if (!is_method(worker, "GET") && !is_method(worker, "HEAD"))
	{
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 405, NULL, "this can only be read" });
		text_add(&worker->answer.headers, "Allow: GET, HEAD\r\n");
	}
	else if (asset)
		answer_asset(&worker->answer, &worker->request, asset, is_immutable);
	else if (is_path(worker, "/health"))
		answer_health(worker);
	else
		answer_ready(worker);
}

/* The method or the path is none of ours. */
static void
answer_stranger(Worker *worker)
{
	Request *request = &worker->request;

	if (!request->match.allow[0])
	{
		answer_refusal(&worker->answer, request, nothing_here);
		return;
	}
	answer_refusal(&worker->answer, request,
				   (Refusal) { 405, NULL, "this method is not for this path" });
	text_addf(&worker->answer.headers, "Allow: %s\r\n", request->match.allow);
}

/* Limits come before the body, so that who is over one costs no reading. */
static void
answer_api(Worker *worker)
{
	Request *request = &worker->request;
	Refusal refusal = request_read_path(request);
	bool is_public = false;

	if (!refusal.status && is_plain(worker))
		refusal = request_read_body(request);
	else if (!refusal.status)
	{
		request->match =
			route_find(request->info->request_method, request->segments, request->nsegments);
		is_public = request->match.route && request->match.route->is_public;
		if (request->match.route && !take_limits(worker))
		{
			answer_origin(&worker->answer, request, config, is_public);
			return;
		}
		refusal = request_read_body(request);
	}
	if (!refusal.status && is_plain(worker))
	{
		answer_plain(worker);
		return;
	}
	if (!refusal.status && request->match.allow[0] && is_method(worker, "OPTIONS"))
	{
		answer_options(worker);
		return;
	}
	if (refusal.status)
		answer_refusal(&worker->answer, request, refusal);
	else if (request->match.route)
		answer_route(worker);
	else
		answer_stranger(worker);
	if (request->match.route)
		settle_limits(worker);
	answer_origin(&worker->answer, request, config, is_public);
}

static void
answer_operator(Worker *worker)
{
	if (!is_method(worker, "GET") && !is_method(worker, "HEAD"))
		answer_refusal(&worker->answer, &worker->request,
					   (Refusal) { 405, NULL, "this can only be read" });
	else if (is_path(worker, "/metrics"))
		answer_metrics(worker);
	else if (is_path(worker, "/health"))
		answer_health(worker);
	else if (is_path(worker, "/ready"))
		answer_ready(worker);
	else
		answer_refusal(&worker->answer, &worker->request, nothing_here);
}

static void
answer_request(Worker *worker, bool is_operator)
{
	Request *request = &worker->request;
	int64_t draining = atomic_load(&draining_since);
	Refusal refusal = request_check_framing(request);

	if (draining || (!is_operator && metrics_gauge_value(GAUGE_CLIENTS) > config->threads))
		request->closes = true;
	if (refusal.status)
		answer_refusal(&worker->answer, request, refusal);
	else if (is_operator)
		answer_operator(worker);
	else if (draining && clock_ms() - draining > SERVER_GRACE_MS && !is_path(worker, "/health"))
	{
		answer_refusal(&worker->answer, request,
					   (Refusal) { 503, NULL, "the service is stopping" });
		text_add(&worker->answer.headers, RETRY_SECONDS);
	}
	else
		answer_api(worker);
}

static void
record_request(const Worker *worker, size_t bytes)
{
	const Request *request = &worker->request;
	const Route *route = request->match.route;
	bool is_immutable;
	const Asset *asset = route ? NULL : asset_find(request->info->request_uri, &is_immutable);
	int64_t duration = clock_us() - request->began_us;

	metrics_request(route ? route->number : -1, worker->answer.status, duration);
	log_request(&(RequestRecord) {
		.request_id = request->id,
		.client = request->client,
		.method = route ? route->method : "other",
		.route = route   ? route->path
				 : asset ? asset->path
						 : NULL,
		.status = worker->answer.status,
		.duration_us = duration,
		.bytes = bytes,
		.code = worker->answer.code,
		.sqlstate = worker->answer.sqlstate[0] ? worker->answer.sqlstate : NULL,
		.cause = worker->answer.cause,
	});
}

/* --- CivetWeb's callbacks ----------------------------------------------------------------------------------------- */

static int
begin_request(struct mg_connection *conn)
{
	Worker *worker = mg_get_thread_pointer(conn);
	bool is_operator = mg_get_user_context_data(conn) == &metrics;
	size_t bytes;

	metrics_gauge(GAUGE_IN_FLIGHT, 1);
	atomic_store(&last_request, clock_ms());
	answer_clear(&worker->answer);
	request_begin(&worker->request, conn, config);
	answer_request(worker, is_operator);
	bytes = answer_write(&worker->answer, &worker->request, &worker->out, pool_state().base_url);
	if (!is_operator)
		record_request(worker, bytes);
	metrics_gauge(GAUGE_IN_FLIGHT, -1);
	/* what CivetWeb makes of it: 401 alone would end the connection */
	return 200;
}

/* What the library refuses before there is a request: headers too long, not HTTP. */
static int
http_error(struct mg_connection *conn, int status, const char *message)
{
	char answer[512];
	char body[160];
	char code[16];
	int len;

	/* its "length required" is about one that is no number */
	if (status == 411)
		status = 400;
	len = snprintf(
		body, sizeof(body),
		"{\"ok\":false,\"error\":\"the request cannot be read\",\"code\":\"HTTP_%d\",\"status\":%d}",
		status, status);

	len = snprintf(
		answer, sizeof(answer),
		"HTTP/1.1 %d Refused\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
		status, len, body);
	mg_disable_connection_keep_alive(conn);
	mg_write(conn, answer, (size_t) len);
	metrics_request(-1, status, 0);
	snprintf(code, sizeof(code), "HTTP_%d", status);
	log_request(&(RequestRecord) { .method = "other", .status = status, .code = code });
	return 0;
}

static bool
is_client(const struct mg_connection *conn)
{
	return mg_get_user_context_data(conn) != &metrics;
}

/* A thread has taken the connection. */
static int
init_connection(const struct mg_connection *conn, void **data)
{
	if (is_client(conn))
		metrics_gauge(GAUGE_CLIENTS, 1);
	return 0;
}

static void
connection_closed(const struct mg_connection *conn)
{
	if (is_client(conn))
		metrics_gauge(GAUGE_CLIENTS, -1);
}

static void *
init_thread(const struct mg_context *context, int type)
{
	Worker *worker;

	if (type != 1)
		return NULL;
	worker = allocate(sizeof(Worker));
	worker->db = db_new();
	worker->request.arena = allocate(REQUEST_ARENA_BYTES);
	return worker;
}

static void
exit_thread(const struct mg_context *context, int type, void *pointer)
{
	Worker *worker = pointer;

	if (!worker)
		return;
	db_free(worker->db);
	free(worker->request.arena);
	text_free(&worker->request.body);
	text_free(&worker->request.form);
	text_free(&worker->answer.headers);
	text_free(&worker->answer.made);
	text_free(&worker->answer.gzipped);
	text_free(&worker->out);
	free(worker);
}

/* The library's own messages may have parts of a request in them: none is passed on. */
static int
swallow(const struct mg_connection *conn, const char *message)
{
	return 1;
}

static struct mg_context *
start_listener(const char *listen, int threads, void *user_data)
{
	const struct mg_callbacks callbacks = { .begin_request = begin_request,
											.http_error = http_error,
											.log_message = swallow,
											.init_connection = init_connection,
											.connection_closed = connection_closed,
											.init_thread = init_thread,
											.exit_thread = exit_thread };
	char number[16];
	char request_size[16];
	const char *options[] = { "listening_ports",
							  listen,
							  "num_threads",
							  number,
							  "tcp_nodelay",
							  "1",
							  "enable_keep_alive",
							  "yes",
							  "keep_alive_timeout_ms",
							  "1000",
							  "request_timeout_ms",
							  "5000",
							  "max_request_size",
							  request_size,
							  "connection_queue",
							  "128",
							  "listen_backlog",
							  "511",
							  "decode_url",
							  "no",
							  "access_control_allow_origin",
							  "",
							  "access_control_allow_methods",
							  "",
							  "access_control_allow_headers",
							  "",
							  "enable_directory_listing",
							  "no",
							  NULL };
	struct mg_context *context;

	snprintf(number, sizeof(number), "%d", threads);
	snprintf(request_size, sizeof(request_size), "%d", MAX_REQUEST_BYTES);
	context = mg_start(&callbacks, user_data, options);
	if (!context)
		log_message("error", "%s cannot be listened on", listen);
	return context;
}

bool
server_start(const Config *settings)
{
	config = settings;
	mg_init_library(0);
	metrics = start_listener(config->metrics_listen, 2, &metrics);
	if (!metrics)
		return false;
	api = start_listener(config->listen, config->threads + SPARE_THREADS, &api);
	if (api)
		return true;
	mg_stop(metrics);
	return false;
}

/* Nothing under way, nothing waiting for a thread, and nothing new for a moment. */
static bool
is_quiet(void)
{
	return metrics_gauge_value(GAUGE_IN_FLIGHT) == 0 &&
		   metrics_gauge_value(GAUGE_CLIENTS) < config->threads + SPARE_THREADS &&
		   clock_ms() - atomic_load(&last_request) > QUIET_MS;
}

static atomic_int stopping; /* listeners that are not stopped yet */

static void *
stop_listener(void *context)
{
	mg_stop(context);
	atomic_fetch_sub(&stopping, 1);
	return NULL;
}

static void
start_stopping(struct mg_context *context)
{
	pthread_t thread;

	atomic_fetch_add(&stopping, 1);
	if (pthread_create(&thread, NULL, stop_listener, context) != 0)
		stop_listener(context);
	else
		pthread_detach(thread);
}

/* Connects and hangs up. */
static void
knock(const char *listen)
{
	const char *colon = strrchr(listen, ':');
	struct sockaddr_in address = { .sin_family = AF_INET,
								   .sin_port = htons((uint16_t) strtol(colon + 1, NULL, 10)) };
	int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char host[INET_ADDRSTRLEN];

	snprintf(host, sizeof(host), "%.*s", (int) (colon - listen), listen);
	if (connection < 0)
		return;
	if (inet_pton(AF_INET, host, &address.sin_addr) == 1)
		(void) connect(connection, (struct sockaddr *) &address, sizeof(address));
	close(connection);
}

/* CivetWeb's listeners look every two seconds whether they shall stop, or when somebody comes. */
static void
stop_listeners(void)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };

	start_stopping(metrics);
	start_stopping(api);
	while (atomic_load(&stopping) > 0)
	{
		knock(config->metrics_listen);
		knock(config->listen);
		nanosleep(&pause, NULL);
	}
	mg_exit_library();
}

void
server_stop(void)
{
	const struct timespec pause = { 0, POLL_MS * 1000000L };
	int64_t began = clock_ms();

	atomic_store(&draining_since, began);
	while (clock_ms() - began < SERVER_DRAIN_MS)
	{
		bool grace_over = clock_ms() - began > SERVER_GRACE_MS;

		if (is_quiet() || (grace_over && metrics_gauge_value(GAUGE_IN_FLIGHT) == 0))
			break;
		nanosleep(&pause, NULL);
	}
	stop_listeners();
}
