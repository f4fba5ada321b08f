/*
 * Promises of extension/net, against servers on the loopback interface that behave well or badly by the path they are asked:
 * every transfer ends in time and with a verdict of its own, nothing but allowed addresses is connected to, and a name
 * server that hangs holds nobody up.
 *
 * getaddrinfo() and connect() are this program's own. The first knows names ending in .test; the second notes where
 * libcurl wants to connect to, and lets it get no further than the loopback interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loopback.h"
#include "net/transfer.h"

#define TIMEOUT_MS 400
#define AGENT "OpenCalendly/test"

static const TransportApi *const api = &transport_api;
static Transport *transport;
static int timeout_ms = TIMEOUT_MS;
static char ca_file[] = "/tmp/opencalendly-ca.XXXXXX";

/* --- the resolver and connect() ----------------------------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool resolver_hangs;
static int resolvers; /* threads that are in hang.test */
static bool resolver_hears_signals;
static int forbidden_connects;

static struct addrinfo *
address_info(const char *ip, const char *port, struct addrinfo *next)
{
	struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
	struct sockaddr_in *address = (struct sockaddr_in *) (info + 1);

	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t) strtol(port ? port : "0", NULL, 10));
	inet_pton(AF_INET, ip, &address->sin_addr);
	info->ai_family = AF_INET;
	info->ai_socktype = SOCK_STREAM;
	info->ai_addr = (struct sockaddr *) address;
	info->ai_addrlen = sizeof(*address);
	info->ai_next = next;
	return info;
}

static void
hang(void)
{
	struct timespec until = { time(NULL) + 5, 0 };
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	pthread_mutex_lock(&lock);
	resolver_hears_signals = !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGUSR1);
	resolvers++;
	pthread_cond_broadcast(&changed);
	while (resolver_hangs && pthread_cond_timedwait(&changed, &lock, &until) == 0)
		;
	resolvers--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* Ends the hanging look-ups, and waits for their threads to be through. */
static void
release_resolvers(void)
{
	pthread_mutex_lock(&lock);
	resolver_hangs = false;
	pthread_cond_broadcast(&changed);
	while (resolvers > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

int
getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
			struct addrinfo **found)
{
	static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (strcmp(name, "hang.test") == 0)
	{
		hang();
		return EAI_AGAIN;
	}
	if (strcmp(name, "good.test") == 0)
		*found = address_info("127.0.0.1", port, NULL);
	else if (strcmp(name, "rebound.test") == 0)
		*found = address_info("8.8.8.8", port, address_info("127.0.0.1", port, NULL));
	else if (strcmp(name + (strlen(name) > 5 ? strlen(name) - 5 : 0), ".test") == 0)
		return EAI_NONAME;
	else
	{
		if (!next)
			*(void **) &next = dlsym(RTLD_NEXT, "getaddrinfo");
		return next(name, port, hints, found);
	}
	return 0;
}

static bool
is_loopback(const struct sockaddr *address)
{
	return address->sa_family == AF_INET &&
		   ntohl(((const struct sockaddr_in *) address)->sin_addr.s_addr) == INADDR_LOOPBACK;
}

int
connect(int fd, const struct sockaddr *address, socklen_t len)
{
	EgressList none = { 0 };

	if (is_loopback(address))
	{
		if (!egress_is_listed(address, &transport->allow))
			forbidden_connects++;
		return (int) syscall(SYS_connect, fd, address, len);
	}
	if (!egress_is_allowed(address, &none))
		forbidden_connects++;
	errno = ENETUNREACH;
	return -1;
}

/* --- the server ----------------------------------------------------------------------------------------------------- */

typedef struct Server
{
	int fd;
	int port;
	SSL_CTX *tls; /* NULL = none */
	int connections;
	int64_t sent;
	char request[8192]; /* the last one: head and body */
} Server;

typedef struct Peer
{
	Server *server;
	int fd;
	SSL *tls;
} Peer;

static Server plain, secure;

static bool
put(Peer *peer, const char *data, size_t len)
{
	bool is_sent;

	if (peer->tls)
		is_sent = SSL_write(peer->tls, data, (int) len) == (int) len;
	else
		is_sent = send(peer->fd, data, len, MSG_NOSIGNAL) == (ssize_t) len;
	if (is_sent)
		__atomic_add_fetch(&peer->server->sent, len, __ATOMIC_RELAXED);
	return is_sent;
}

static bool
say(Peer *peer, const char *text)
{
	return put(peer, text, strlen(text));
}

static ssize_t
get(Peer *peer, char *data, size_t len)
{
	return peer->tls ? SSL_read(peer->tls, data, (int) len) : recv(peer->fd, data, len, 0);
}

/* Of the head that ends there. */
static size_t
body_length(const char *request, const char *end)
{
	const char *length = strstr(request, "\r\nContent-Length: ");

	return length && length < end ? strtoul(length + 18, NULL, 10) : 0;
}

/* Reads head and body of one request; false = it is none. */
static bool
read_request(Peer *peer, char *request, size_t size)
{
	size_t len = 0;
	const char *end;

	do
	{
		ssize_t n = get(peer, request + len, size - 1 - len);

		if (n <= 0 || !strchr("PGD", *request))
			return false;
		len += (size_t) n;
		request[len] = 0;
		end = strstr(request, "\r\n\r\n");
	} while (!end || len < (size_t) (end + 4 - request) + body_length(request, end));
	return true;
}

static void
drip(Peer *peer, const char *text)
{
	for (; *text && put(peer, text, 1); text++)
		wait_ms(50);
}

static void
pour(Peer *peer, const char *block, int64_t bytes)
{
	while (bytes > 0 && say(peer, block))
		bytes -= (int64_t) strlen(block);
}

/* /long/N: N octets, in pieces that do not end where the answer's limit does. */
static bool
answer_long(Peer *peer, size_t bytes)
{
	char block[1000];

	memset(block, 'a', sizeof(block));
	snprintf(block, sizeof(block), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", bytes);
	if (!say(peer, block))
		return false;
	memset(block, 'a', sizeof(block));
	for (size_t n; bytes > 0; bytes -= n)
	{
		n = bytes < sizeof(block) ? bytes : sizeof(block);
		if (!put(peer, block, n))
			return false;
	}
	return true;
}

/* Answers by the path. False = close the connection. */
static bool
answer(Peer *peer, const char *path)
{
	static const char line[] =
		"X-Line: 01234567890123456789012345678901234567890123456789012345678901234567\r\n";
	char text[512], value[128] = "";

	if (strcmp(path, "/ok") == 0)
		return say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	if (strncmp(path, "/status/", 8) == 0)
	{
		char *end;
		long status = strtol(path + 8, &end, 10);

		snprintf(value, sizeof(value), "%s", *end ? end + 1 : "");
		for (char *plus = value; *plus; plus++)
			*plus = *plus == '+' ? ' ' : *plus;
		snprintf(text, sizeof(text), "HTTP/1.1 %ld Status\r\n%s%s\r\n%s\r\n", status,
				 *value ? "Retry-After: " : "X: ", value,
				 status == 204 ? "" : "Content-Length: 0\r\n");
		return say(peer, text);
	}
	if (strncmp(path, "/long/", 6) == 0)
		return answer_long(peer, strtoul(path + 6, NULL, 10));
	if (strcmp(path, "/ok-then-gone") == 0)
		say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	else if (strcmp(path, "/hang") == 0)
		get(peer, text, sizeof(text));
	else if (strcmp(path, "/drip") == 0)
		drip(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(path, "/drip-body") == 0 &&
			 say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"))
		drip(peer, "0123456789012345678901234567890123456789");
	else if (strcmp(path, "/100MB") == 0 &&
			 say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"))
		pour(peer, line, 104857600);
	else if (strcmp(path, "/endless") == 0 && say(peer, "HTTP/1.1 503 No\r\n\r\n"))
		pour(peer, line, 104857600);
	else if (strcmp(path, "/headers") == 0 && say(peer, "HTTP/1.1 200 OK\r\n"))
		pour(peer, line, 10485760);
	else if (strcmp(path, "/continues") == 0)
		pour(peer, "HTTP/1.1 100 Continue\r\n\r\n", 10485760);
	else if (strcmp(path, "/cut") == 0)
		say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
	else if (strcmp(path, "/cut-chunk") == 0)
		say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort");
	else if (strcmp(path, "/cut-after-chunk") == 0)
		say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n");
	else if (strcmp(path, "/bad-chunk") == 0)
		say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nx\r\n");
	else if (strcmp(path, "/no-length") == 0)
		say(peer, "HTTP/1.1 200 OK\r\n\r\nshort");
	else if (strcmp(path, "/nothing") == 0)
		say(peer, "HTTP/1.1 200 OK\r\n\r\n");
	else if (strcmp(path, "/continues-without") == 0)
		say(peer, "HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\nshort");
	else if (strcmp(path, "/old") == 0)
		say(peer, "hello");
	else if (strcmp(path, "/redirect") == 0)
		say(peer,
			"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(path, "/reset") == 0)
	{
		struct linger now = { 1, 0 };

		setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	}
	return false;
}

static void *
serve_peer(void *arg)
{
	Peer peer = *(Peer *) arg;
	char *request = malloc(sizeof(peer.server->request)), path[256];

	free(arg);
	if (!peer.tls || SSL_accept(peer.tls) == 1)
	{
		while (read_request(&peer, request, sizeof(peer.server->request)))
		{
			pthread_mutex_lock(&lock);
			memcpy(peer.server->request, request, strlen(request) + 1);
			pthread_mutex_unlock(&lock);
			if (sscanf(request, "%*s %255s HTTP/1.1\r\n", path) != 1 || !answer(&peer, path))
				break;
		}
	}
	SSL_free(peer.tls);
	close(peer.fd);
	free(request);
	return NULL;
}

static void *
serve(void *arg)
{
	Server *server = arg;
	pthread_attr_t attributes;
	pthread_t thread;
	int fd;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 262144);
	while ((fd = accept(server->fd, NULL, NULL)) >= 0)
	{
		Peer *peer = calloc(1, sizeof(*peer));

		__atomic_add_fetch(&server->connections, 1, __ATOMIC_RELAXED);
		*peer = (Peer) { server, fd, NULL };
		if (server->tls)
		{
			peer->tls = SSL_new(server->tls);
			SSL_set_fd(peer->tls, fd);
		}
		pthread_create(&thread, &attributes, serve_peer, peer);
	}
	pthread_attr_destroy(&attributes);
	return NULL;
}

static void
start(Server *server)
{
	pthread_t thread;

	server->fd = listen_on_loopback(&server->port);
	pthread_create(&thread, NULL, serve, server);
	pthread_detach(thread);
}

/* --- driving the transport ------------------------------------------------------------------------------------------ */

static void
configure(const char *allow, const char *trusted)
{
	EgressList list;

	assert_true(egress_list_parse(allow, &list));
	api->configure(transport, &(TransportSettings) { .timeout_ms = timeout_ms,
													 .connect_timeout_ms = timeout_ms,
													 .user_agent = AGENT,
													 .allow = &list,
													 .ca_file = trusted });
}

static void
begin(const char *url, void *tag)
{
	static const char *const headers[] = { "Content-Type: application/json", "X-Test: yes", NULL };

	assert_true(api->begin(
		transport,
		&(TransportRequest) {
			.url = url, .headers = headers, .body = "{\"a\":1}", .body_length = 7, .tag = tag }));
}

/* Waits for one result, at most five seconds. */
static TransferResult
await_result(void)
{
	TransferResult result = { 0 };
	int64_t until = now_ms() + 5000;

	while (!api->next(transport, &result))
	{
		struct pollfd fd = { .fd = api->wait_fd(transport), .events = POLLIN };
		long ms = api->timeout_ms(transport);

		assert_true(now_ms() < until);
		poll(&fd, 1, ms < 0 || ms > 1000 ? 1000 : (int) ms);
		api->work(transport);
	}
	return result;
}

static TransferResult
post(const char *url)
{
	begin(url, NULL);
	return await_result();
}

static const char *
at(int port, const char *path)
{
	static char url[512];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
	return url;
}

static const char *
securely_at(const char *host, int port)
{
	static char url[512];

	snprintf(url, sizeof(url), "https://%s:%d/ok", host, port);
	return url;
}

static void
assert_result(TransferResult result, TransferPhase phase, int status, const char *error)
{
	assert_string_equal(result.error, error);
	assert_int_equal(result.phase, phase);
	assert_int_equal(result.status, status);
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void
test_a_request_arrives_as_it_was_given(void **state)
{
	char tag;
	TransferResult result;

	begin(at(plain.port, "/ok"), &tag);
	assert_int_equal(api->in_flight(transport), 1);
	result = await_result();
	assert_result(result, TRANSFER_DONE, 200, "");
	assert_ptr_equal(result.tag, &tag);
	assert_int_equal(api->in_flight(transport), 0);
	assert_int_equal(result.retry_after_s, -1);
	assert_non_null(strstr(plain.request, "POST /ok HTTP/1.1\r\n"));
	assert_non_null(strstr(plain.request, "\r\nUser-Agent: " AGENT "\r\n"));
	assert_non_null(strstr(plain.request, "\r\nContent-Type: application/json\r\nX-Test: yes\r\n"));
	assert_non_null(strstr(plain.request, "\r\n\r\n{\"a\":1}"));
	assert_null(strcasestr(plain.request, "\r\nExpect:"));
	assert_null(strcasestr(plain.request, "\r\nAccept-Encoding:"));
}

static void
test_every_receiver_has_its_verdict_in_time(void **state)
{
	static const struct
	{
		const char *path;
		TransferPhase phase;
		int status;
		const char *error;
	} cases[] = {
		{ "/status/204", TRANSFER_DONE, 204, "" },
		{ "/status/301", TRANSFER_DONE, 301, "" },
		{ "/redirect", TRANSFER_DONE, 302, "" },
		{ "/status/410", TRANSFER_DONE, 410, "" },
		{ "/status/429", TRANSFER_DONE, 429, "" },
		{ "/status/500", TRANSFER_DONE, 500, "" },
		{ "/hang", TRANSFER_RESPONSE, 0, "timed out" },
		{ "/drip", TRANSFER_RESPONSE, 0, "timed out" },
		{ "/drip-body", TRANSFER_RESPONSE, 200, "timed out" },
		{ "/100MB", TRANSFER_DONE, 200, "" },
		{ "/endless", TRANSFER_DONE, 503, "" },
		{ "/headers", TRANSFER_RESPONSE, 200, "response headers too long" },
		{ "/continues", TRANSFER_RESPONSE, 0, "response headers too long" },
		{ "/cut", TRANSFER_RESPONSE, 200, "answer cut short" },
		{ "/cut-chunk", TRANSFER_RESPONSE, 200, "answer cut short" },
		{ "/cut-after-chunk", TRANSFER_RESPONSE, 200, "answer cut short" },
		{ "/bad-chunk", TRANSFER_RESPONSE, 200, "connection lost" },
		{ "/no-length", TRANSFER_DONE, 200, "" },
		{ "/old", TRANSFER_RESPONSE, 0, "not an HTTP answer" },
		{ "/close", TRANSFER_RESPONSE, 0, "closed without an answer" },
		{ "/reset", TRANSFER_RESPONSE, 0, "connection lost" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		TransferResult result = post(at(plain.port, cases[i].path));

		assert_result(result, cases[i].phase, cases[i].status, cases[i].error);
		assert_in_range(result.elapsed_ms, 0, TIMEOUT_MS + 1000);
	}
}

static void
test_no_more_than_64_KiB_of_an_answer_are_read(void **state)
{
	int64_t before = plain.sent;

	assert_result(post(at(plain.port, "/100MB")), TRANSFER_DONE, 200, "");
	assert_in_range(plain.sent - before, ANSWER_LIMIT,
					8 << 20); /* what the sockets' buffers take */
}

static void
test_requests_that_cannot_be_made(void **state)
{
	static const char *const headers[] = { "X-Test: yes\r\nX-More: no", NULL };
	static const char *const urls[] = { "", "http://", "ftp://127.0.0.1/", "file:///etc/passwd",
										"http://u:p@127.0.0.1/" };

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_result(post(urls[i]), TRANSFER_PREPARE, 0, "the request cannot be sent");
	assert_true(api->begin(
		transport,
		&(TransportRequest) { .url = at(plain.port, "/ok"), .headers = headers, .body = "" }));
	assert_int_equal(poll(&(struct pollfd) { api->wait_fd(transport), POLLIN, 0 }, 1, 5000), 1);
	api->work(transport);
	assert_int_equal(api->timeout_ms(transport), 0);
	assert_result(await_result(), TRANSFER_PREPARE, 0, "the request cannot be sent");
}

static void
test_no_connection(void **state)
{
	int port;
	int fd = listen_on_loopback(&port);

	close(fd);
	assert_result(post(at(port, "/ok")), TRANSFER_CONNECT, 0, "connection refused");
	assert_result(post("http://nowhere.test/"), TRANSFER_RESOLVE, 0, "name could not be resolved");
	assert_result(post("https://8.8.8.8/"), TRANSFER_CONNECT, 0, "no route to the host");
}

static void
test_how_Retry_After_is_read(void **state)
{
	static const struct
	{
		const char *value;
		int64_t seconds;
	} cases[] = {
		{ "120", 120 },
		{ " 120 \r\n", 120 },
		{ "0", 0 },
		{ "1000000000000000000000", 1000000000 },
		{ "Mon, 23 Nov 2026 00:01:40 GMT", 100 },
		{ "Monday, 23-Nov-26 00:01:40 GMT", 100 },
		{ "Mon Nov 23 00:01:40 2026", 100 },
		{ "Sun, 22 Nov 2026 00:01:40 GMT", 0 },
		{ "-5", -1 },
		{ "+5", -1 },
		{ "", -1 },
		{ "1.5", -1 },
		{ "5s", -1 },
		{ "soon", -1 },
		{ "2026-11-24", -1 },
		{ "20261124", 20261124 },
		{ "Mon, 99 Nov 2026 99:99:99 GMT", -1 },
		{ "Mon", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(retry_after_seconds(cases[i].value, strlen(cases[i].value), 1795392000),
						 cases[i].seconds);
	assert_int_equal(post(at(plain.port, "/status/429/17")).retry_after_s, 17);
	assert_int_equal(
		post(at(plain.port, "/status/503/Fri,+31+Dec+1999+23:59:59+GMT")).retry_after_s, 0);
	assert_int_equal(post(at(plain.port, "/status/429/-17")).retry_after_s, -1);
	assert_int_equal(post(at(plain.port, "/status/429")).retry_after_s, -1);
}

static void
test_connections_are_used_again(void **state)
{
	int before;

	post(at(plain.port, "/close")); /* whatever is kept from before may be closed by now */
	post(at(plain.port, "/ok"));
	before = plain.connections;
	for (int i = 0; i < 50; i++)
		assert_result(post(at(plain.port, "/ok")), TRANSFER_DONE, 200, "");
	assert_int_equal(plain.connections, before);
}

/* The receiver closes what it has answered on: the next request goes out on a new connection. */
static void
test_a_dead_connection_is_no_failure(void **state)
{
	for (int i = 0; i < 50; i++)
		assert_result(post(at(plain.port, "/ok-then-gone")), TRANSFER_DONE, 200, "");
}

static void
test_hundreds_at_once_do_not_wait_for_each_other(void **state)
{
	int64_t start_ms = now_ms();
	int good = 0, hung = 0;
	char tag;

	for (int i = 0; i < 200; i++)
		begin(at(plain.port, "/hang"), NULL);
	for (int i = 0; i < 100; i++)
		begin(at(plain.port, "/ok"), &tag);
	assert_int_equal(api->in_flight(transport), 300);
	while (api->in_flight(transport) > 0)
	{
		TransferResult result = await_result();

		if (result.tag)
		{
			assert_result(result, TRANSFER_DONE, 200, "");
			assert_int_equal(hung, 0);
			good++;
		}
		else
		{
			assert_result(result, TRANSFER_RESPONSE, 0, "timed out");
			hung++;
		}
	}
	assert_int_equal(good, 100);
	assert_int_equal(hung, 200);
	assert_in_range(now_ms() - start_ms, TIMEOUT_MS, TIMEOUT_MS + 1000);
}

static void
assert_refused(const char *url)
{
	TransferResult result = post(url);

	assert_result(result, TRANSFER_ADDRESS, 0, "address not allowed");
	assert_int_equal(result.retry_after_s, -1);
}

static TransferResult
ask(const TransportRequest *request)
{
	int forbidden = forbidden_connects; /* to others, not to these */
	TransferResult result;

	assert_true(api->begin(transport, request));
	result = await_result();
	forbidden_connects = forbidden;
	return result;
}

/* The operator's own: to any address, and the answer is kept. */
static TransferResult
post_freely(const char *url)
{
	static const char *const headers[] = { "Authorization: Bearer key", NULL };

	return ask(&(TransportRequest) { .kind = REQUEST_OPERATOR,
									 .url = url,
									 .headers = headers,
									 .body = "{}",
									 .body_length = 2,
									 .keeps_answer = true });
}

static TransferResult
get_freely(const char *url, size_t limit)
{
	return ask(&(TransportRequest) { .kind = REQUEST_OPERATOR,
									 .method = "GET",
									 .url = url,
									 .keeps_answer = true,
									 .answer_limit = limit });
}

static void
test_the_operators_posts(void **state)
{
	TransferResult result;

	configure("", "");
	assert_result(post(at(plain.port, "/ok")), TRANSFER_ADDRESS, 0, "address not allowed");
	result = post_freely(at(plain.port, "/ok"));
	assert_result(result, TRANSFER_DONE, 200, "");
	assert_string_equal(result.answer, "ok");
	assert_int_equal(result.answer_length, 2);
	assert_non_null(strstr(plain.request, "\r\nAuthorization: Bearer key\r\n"));
	/* the connection is there now, and yet no user's */
	assert_result(post(at(plain.port, "/ok")), TRANSFER_ADDRESS, 0, "address not allowed");
	result = post_freely(at(plain.port, "/status/429/7"));
	assert_result(result, TRANSFER_DONE, 429, "");
	assert_int_equal(result.retry_after_s, 7);
	assert_int_equal(result.answer_length, 0);
	assert_result(post_freely(at(plain.port, "/redirect")), TRANSFER_DONE, 302, "");
	result = post_freely(at(plain.port, "/cut"));
	assert_result(result, TRANSFER_RESPONSE, 200, "answer cut short");
	assert_string_equal(result.answer, "short");
	assert_result(post_freely("smtp://127.0.0.1/"), TRANSFER_PREPARE, 0,
				  "the request cannot be sent");
	configure("127.0.0.0/8", "");
	result = post(at(plain.port, "/ok"));
	assert_null(result.answer);
}

static void
test_methods(void **state)
{
	static const struct
	{
		const char *method;
		const char *body;
		const char *sent; /* the request's line, and its end */
		const char *end;
	} cases[] = {
		{ "POST", "{}", "POST /ok HTTP/1.1\r\n", "\r\n\r\n{}" },
		{ "GET", NULL, "GET /ok HTTP/1.1\r\n", "\r\n\r\n" },
		{ "PATCH", "{}", "PATCH /ok HTTP/1.1\r\n", "\r\n\r\n{}" },
		{ "DELETE", NULL, "DELETE /ok HTTP/1.1\r\n", "\r\n\r\n" },
		{ "POST", NULL, "POST /ok HTTP/1.1\r\n", "\r\n\r\n" },
		{ NULL, "{}", "POST /ok HTTP/1.1\r\n", "\r\n\r\n{}" },
		{ "DELETE", NULL, "DELETE /ok HTTP/1.1\r\n", "\r\n\r\n" },
		{ "PATCH", "", "PATCH /ok HTTP/1.1\r\n", "\r\n\r\n" },
	};

	for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t n = i % (sizeof(cases) / sizeof(cases[0]));
		const char *body = cases[n].body;
		TransportRequest request = { .kind = REQUEST_OPERATOR,
									 .method = cases[n].method,
									 .url = at(plain.port, "/ok"),
									 .body = body,
									 .body_length = body ? strlen(body) : 0,
									 .keeps_answer = true };
		TransferResult result = ask(&request);
		bool may_have_body = *cases[n].sent == 'P';

		assert_result(result, TRANSFER_DONE, 200, "");
		assert_string_equal(result.answer, "ok");
		assert_memory_equal(plain.request, cases[n].sent, strlen(cases[n].sent));
		assert_string_equal(strstr(plain.request, "\r\n\r\n"), cases[n].end);
		assert_int_equal(strstr(plain.request, "\r\nContent-Length: ") != NULL, may_have_body);
		assert_null(strcasestr(plain.request, "\r\nTransfer-Encoding:"));
		assert_null(strcasestr(plain.request, "\r\nAccept-Encoding:"));
	}
	configure("127.0.0.0/8", "");
	/* of a handle that knew all of them */
	assert_result(post(at(plain.port, "/ok")), TRANSFER_DONE, 200, "");
	assert_memory_equal(plain.request, "POST /ok", 8);
}

static void
test_methods_that_there_are_not(void **state)
{
	static const TransportRequest requests[] = {
		{ .kind = REQUEST_OPERATOR, .method = "" },
		{ .kind = REQUEST_OPERATOR, .method = "get" },
		{ .kind = REQUEST_OPERATOR, .method = "PUT" },
		{ .kind = REQUEST_OPERATOR, .method = "GET /x HTTP/1.1\r\nX:" },
		{ .kind = REQUEST_OPERATOR, .method = "GET", .body = "{}", .body_length = 2 },
		{ .kind = REQUEST_OPERATOR, .method = "DELETE", .body = "{}", .body_length = 2 },
		{ .kind = REQUEST_GUARDED_POST, .method = "GET" },
	};

	*plain.request = 0;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
	{
		TransportRequest request = requests[i];

		request.url = at(plain.port, "/ok");
		assert_result(ask(&request), TRANSFER_PREPARE, 0, "the request cannot be sent");
	}
	assert_string_equal(plain.request, "");
}

static void
test_an_answer_is_whole_or_none(void **state)
{
	static const struct
	{
		const char *path;
		size_t limit;
		size_t length; /* 0 = it is too long */
	} cases[] = {
		{ "/long/65536", 0, 65536 },
		{ "/long/65537", 0, 0 },
		{ "/long/1000", 1000, 1000 },
		{ "/long/1001", 1000, 0 },
		{ "/long/1", 1, 1 },
		{ "/long/2", 1, 0 },
		{ "/long/70000", 1 << 20, 70000 },
		{ "/long/16777216", 99999999, MAX_ANSWER_LIMIT },
		{ "/long/16777217", 99999999, 0 },
		{ "/100MB", 1 << 20, 0 },
		{ "/endless", 1000, 0 },
	};

	timeout_ms = 5000;
	configure("", "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		TransferResult result = get_freely(at(plain.port, cases[i].path), cases[i].limit);

		if (cases[i].length == 0)
		{
			assert_int_equal(result.phase, TRANSFER_RESPONSE);
			assert_string_equal(result.error, "the answer is too long");
			continue;
		}
		assert_result(result, TRANSFER_DONE, 200, "");
		assert_int_equal(result.answer_length, cases[i].length);
		assert_int_equal(strspn(result.answer, "a"), cases[i].length);
		assert_int_equal(result.answer[cases[i].length], 0);
	}
	timeout_ms = TIMEOUT_MS;
	configure("", "");
}

static TransferResult
get_securely(const char *path)
{
	char url[128];

	snprintf(url, sizeof(url), "https://good.test:%d%s", secure.port, path);
	return get_freely(url, 0);
}

static void
test_a_cut_answer_is_none(void **state)
{
	static const struct
	{
		const char *path;
		const char *error;
	} cases[] = {
		{ "/cut", "answer cut short" },
		{ "/cut-chunk", "answer cut short" },
		{ "/cut-after-chunk", "answer cut short" },
		{ "/bad-chunk", "connection lost" },
		{ "/no-length", "the answer tells no length" },
		{ "/nothing", "the answer tells no length" },
		{ "/continues-without", "the answer tells no length" },
	};

	timeout_ms = 5000;
	configure("", ca_file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		assert_result(get_freely(at(plain.port, cases[i].path), 0), TRANSFER_RESPONSE, 200,
					  cases[i].error);
		assert_int_equal(get_securely(cases[i].path).phase, TRANSFER_RESPONSE);
	}
	assert_result(get_freely(at(plain.port, "/status/204"), 0), TRANSFER_DONE, 204, "");
	assert_result(get_securely("/ok"), TRANSFER_DONE, 200, "");
	timeout_ms = TIMEOUT_MS;
	configure("", "");
}

/* Answers are the last result's, whatever has begun since. */
static void
test_an_answer_is_there_until_the_next(void **state)
{
	TransferResult result = post_freely(at(plain.port, "/ok"));

	begin(at(plain.port, "/cut"), NULL);
	assert_string_equal(result.answer, "ok");
	await_result();
}

static void
test_where_to_connect_instead(void **state)
{
	static char pairs[128];
	EgressList none = { 0 };

	snprintf(pairs, sizeof(pairs), "mail.test:443:127.0.0.1:1,api.test:80:127.0.0.1:%d",
			 plain.port);
	api->configure(transport, &(TransportSettings) { .timeout_ms = TIMEOUT_MS,
													 .connect_timeout_ms = TIMEOUT_MS,
													 .user_agent = AGENT,
													 .allow = &none,
													 .ca_file = "",
													 .connect_to = pairs });
	assert_result(post_freely("http://api.test/ok"), TRANSFER_DONE, 200, "");
	assert_non_null(strstr(plain.request, "\r\nHost: api.test\r\n"));
	assert_refused("http://api.test/ok");
	assert_result(post_freely("https://mail.test/"), TRANSFER_CONNECT, 0, "connection refused");
	assert_result(post_freely("http://mail.test/"), TRANSFER_RESOLVE, 0,
				  "name could not be resolved");
	configure("", "");
	assert_result(post_freely("http://api.test/ok"), TRANSFER_RESOLVE, 0,
				  "name could not be resolved");
}

/* reference: every spelling of an address comes out as the address. */
static void
test_no_spelling_of_an_address_gets_through(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1",
		"127.1",
		"2130706433",
		"0x7f000001",
		"0x7f.0.0.1",
		"0177.0.0.1",
		"0",
		"localhost",
		"[::1]",
		"[::]",
		"[::ffff:127.0.0.1]",
		"[::ffff:7f00:1]",
		"[::7f00:1]",
		"[64:ff9b::7f00:1]",
		"[2002:7f00:1::]",
		"[2001:0:7f00:1::]",
		"[fe80::1%25lo]",
		"[fd00::1]",
		"[ff02::1]",
		"10.0.0.1",
		"172.16.0.1",
		"192.168.0.1",
		"169.254.169.254",
		"100.64.0.1",
		"224.0.0.1",
		"255.255.255.255",
		"good.test",
	};
	char url[128];

	configure("", "");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
	{
		snprintf(url, sizeof(url), "http://%s:%d/ok", hosts[i], plain.port);
		assert_refused(url);
		snprintf(url, sizeof(url), "https://%s:%d/ok", hosts[i], plain.port);
		assert_refused(url);
	}
	assert_refused("http://8.8.8.8/");
	assert_int_equal(forbidden_connects, 0);
}

static void
test_a_name_with_a_public_and_a_loopback_address(void **state)
{
	char url[128];
	int before = plain.connections;

	configure("", "");
	snprintf(url, sizeof(url), "https://rebound.test:%d/ok", plain.port);
	assert_refused(url);
	assert_int_equal(plain.connections, before);
	assert_int_equal(forbidden_connects, 0);
}

static void
test_a_connection_that_is_there_is_judged_again(void **state)
{
	int before;

	assert_result(post(at(plain.port, "/ok")), TRANSFER_DONE, 200, "");
	before = plain.connections;
	*plain.request = 0;
	configure("10.0.0.0/8", "");
	assert_refused(at(plain.port, "/ok"));
	assert_string_equal(plain.request, "");
	configure("127.0.0.0/8", "");
	assert_result(post(at(plain.port, "/ok")), TRANSFER_DONE, 200, "");
	assert_in_range(plain.connections - before, 0, 1);
}

static void
test_proxies_of_the_environment_change_nothing(void **state)
{
	char proxy[64];

	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", secure.port);
	setenv("http_proxy", proxy, 1);
	setenv("https_proxy", proxy, 1);
	setenv("ALL_PROXY", proxy, 1);
	assert_result(post(at(plain.port, "/ok")), TRANSFER_DONE, 200, "");
	assert_non_null(strstr(plain.request, "POST /ok HTTP/1.1\r\n"));
	configure("", "");
	assert_refused("http://10.0.0.1/");
	assert_refused("https://10.0.0.1/");
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("ALL_PROXY");
}

static void
test_only_good_certificates_are_trusted(void **state)
{
	static Server expired;
	int port;
	int silent = listen_on_loopback(&port);

	timeout_ms = 5000; /* a handshake may take its time on a machine that does other things, too */
	configure("127.0.0.1", "");
	expired.tls = make_tls(-3600, ca_file);
	start(&expired);
	assert_result(post(securely_at("good.test", secure.port)), TRANSFER_TLS, 0,
				  "certificate not trusted");
	configure("127.0.0.1", ca_file);
	assert_result(post(securely_at("good.test", secure.port)), TRANSFER_DONE, 200, "");
	assert_result(post(securely_at("127.0.0.1", secure.port)), TRANSFER_TLS, 0,
				  "certificate is for another name");
	assert_result(post(securely_at("good.test", expired.port)), TRANSFER_TLS, 0,
				  "certificate expired");
	assert_result(post(securely_at("good.test", plain.port)), TRANSFER_TLS, 0,
				  "TLS handshake failed");
	timeout_ms = TIMEOUT_MS;
	configure("127.0.0.1", ca_file);
	assert_result(post(securely_at("good.test", port)), TRANSFER_TLS, 0, "timed out");
	timeout_ms = 5000;
	configure("127.0.0.1", "/nonexistent");
	assert_result(post(securely_at("127.0.0.1", port)), TRANSFER_TLS, 0,
				  "trusted certificates cannot be read");
	configure("127.0.0.1", "");
	assert_result(post(securely_at("good.test", secure.port)), TRANSFER_TLS, 0,
				  "certificate not trusted");
	timeout_ms = TIMEOUT_MS;
	close(silent);
}

static void
await_resolvers(int n)
{
	pthread_mutex_lock(&lock);
	while (resolvers < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void
test_a_resolver_that_hangs_holds_up_nobody(void **state)
{
	int64_t start_ms = now_ms();
	char tag;

	resolver_hangs = true;
	for (int i = 0; i < 5; i++)
		begin("http://hang.test/", NULL);
	begin(at(plain.port, "/ok"), &tag);
	assert_ptr_equal(await_result().tag, &tag);
	assert_in_range(now_ms() - start_ms, 0, TIMEOUT_MS - 100);
	for (int i = 0; i < 5; i++)
		assert_result(await_result(), TRANSFER_RESOLVE, 0, "timed out");
	assert_in_range(now_ms() - start_ms, TIMEOUT_MS, TIMEOUT_MS + 500);
	assert_false(resolver_hears_signals);
	release_resolvers();
}

static void
test_closing_waits_for_nothing(void **state)
{
	int64_t start_ms;

	resolver_hangs = true;
	begin("http://hang.test/", NULL);
	for (int i = 0; i < 50; i++)
		begin(at(plain.port, "/hang"), NULL);
	begin(at(plain.port, "/100MB"), NULL);
	begin("", NULL); /* finished, not taken */
	api->work(transport);
	await_resolvers(1);
	start_ms = now_ms();
	api->close(transport);
	assert_in_range(now_ms() - start_ms, 0, 100);
	release_resolvers();
	transport = api->open();
}

/* In a process of its own, for a limit that was lowered stays so. */
static int
capacity_within(rlim_t descriptors)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
	{
		setrlimit(RLIMIT_NOFILE, &(struct rlimit) { descriptors, descriptors });
		_exit(api->capacity(api->open()));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_descriptors_are_left_to_the_owner(void **state)
{
	assert_int_equal(capacity_within(50), 1);
	assert_int_equal(capacity_within(256), (256 - 64) / 4);
	assert_in_range(api->capacity(transport), 1, 1000);
}

static void
test_signals_are_as_they_were(void **state)
{
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	post(at(plain.port, "/ok"));
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal < 32; signal++)
		assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
}

static int
setup(void **state)
{
	int fd = mkstemp(ca_file);

	signal(SIGPIPE, SIG_IGN);
	assert_return_code(fd, errno);
	close(fd);
	transport = api->open();
	assert_non_null(transport);
	secure.tls = make_tls(86400, ca_file);
	start(&plain);
	start(&secure);
	return 0;
}

static int
teardown(void **state)
{
	api->close(transport);
	unlink(ca_file);
	return 0;
}

static int
open_loopback(void **state)
{
	configure("127.0.0.0/8", "");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_request_arrives_as_it_was_given, open_loopback),
		cmocka_unit_test_setup(test_every_receiver_has_its_verdict_in_time, open_loopback),
		cmocka_unit_test_setup(test_no_more_than_64_KiB_of_an_answer_are_read, open_loopback),
		cmocka_unit_test_setup(test_requests_that_cannot_be_made, open_loopback),
		cmocka_unit_test_setup(test_no_connection, open_loopback),
		cmocka_unit_test_setup(test_how_Retry_After_is_read, open_loopback),
		cmocka_unit_test_setup(test_connections_are_used_again, open_loopback),
		cmocka_unit_test_setup(test_a_dead_connection_is_no_failure, open_loopback),
		cmocka_unit_test_setup(test_hundreds_at_once_do_not_wait_for_each_other, open_loopback),
		cmocka_unit_test_setup(test_the_operators_posts, open_loopback),
		cmocka_unit_test_setup(test_methods, open_loopback),
		cmocka_unit_test(test_methods_that_there_are_not),
		cmocka_unit_test(test_an_answer_is_whole_or_none),
		cmocka_unit_test(test_a_cut_answer_is_none),
		cmocka_unit_test_setup(test_an_answer_is_there_until_the_next, open_loopback),
		cmocka_unit_test_setup(test_where_to_connect_instead, open_loopback),
		cmocka_unit_test_setup(test_no_spelling_of_an_address_gets_through, open_loopback),
		cmocka_unit_test_setup(test_a_name_with_a_public_and_a_loopback_address, open_loopback),
		cmocka_unit_test_setup(test_a_connection_that_is_there_is_judged_again, open_loopback),
		cmocka_unit_test_setup(test_proxies_of_the_environment_change_nothing, open_loopback),
		cmocka_unit_test_setup(test_only_good_certificates_are_trusted, open_loopback),
		cmocka_unit_test_setup(test_a_resolver_that_hangs_holds_up_nobody, open_loopback),
		cmocka_unit_test_setup(test_closing_waits_for_nothing, open_loopback),
		cmocka_unit_test(test_descriptors_are_left_to_the_owner),
		cmocka_unit_test_setup(test_signals_are_as_they_were, open_loopback),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
