/*
 * What a worker's sending is compared with: a bare curl multi handle on epoll that POSTs, and does nothing besides. The
 * requests have the size and the number of headers of a delivery; handles and connections are used again.
 *
 *   send PORT URLS CONCURRENCY REQUESTS BODY-BYTES
 *
 * prints how many requests a second were answered by the receiver on that port of the loopback interface, and fails if one was
 * not answered by 204.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS 256
#define MAX_CONCURRENCY 1024

static CURLM *multi;
static int epoll_fd;
static int port, nurls, nrequests, nbegun, ndone;
static long timer_ms = -1;
static struct curl_slist *headers;
static char *body;

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct epoll_event event = { .events = (what & CURL_POLL_IN ? (uint32_t) EPOLLIN : 0) |
										   (what & CURL_POLL_OUT ? (uint32_t) EPOLLOUT : 0),
								 .data.fd = fd };

	if (what == CURL_POLL_REMOVE)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
		epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event);
	return 0;
}

static int
set_timer(CURLM *handle, long timeout_ms, void *arg)
{
	timer_ms = timeout_ms;
	return 0;
}

static void
begin(CURL *easy)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/endpoint/%d", port, nbegun++ % nurls);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_multi_add_handle(multi, easy);
}

static CURL *
make_easy(long body_bytes)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, body_bytes);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
	return easy;
}

static void
add_headers(void)
{
	static const char *const lines[] = {
		"Expect:",
		"User-Agent: OpenCalendly/0.0.0",
		"Content-Type: application/json",
		"X-OpenCalendly-Signature: t=1790000000,v1=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"X-OpenCalendly-Signature-Timestamp: 1790000000",
		"X-OpenCalendly-Delivery-Id: 01234567-89ab-7cde-8f01-23456789abcd",
		"X-OpenCalendly-Event: booking.created",
		"X-OpenCalendly-Event-Id: 01234567-89ab-7cde-8f01-23456789abcd",
		"webhook-id: 01234567-89ab-7cde-8f01-23456789abcd",
		"webhook-timestamp: 1790000000",
		"webhook-signature: v1,0123456789abcdefghijklmnopqrstuvwxyzABCDEFG=",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		headers = curl_slist_append(headers, lines[i]);
}

/* Gives each handle whose request was answered another one; 0 = a request has failed. */
static int
go_on(void)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)))
	{
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		long status = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (code != CURLE_OK || status != 204)
			return 0;
		ndone++;
		curl_multi_remove_handle(multi, easy);
		if (nbegun < nrequests)
			begin(easy);
	}
	return 1;
}

static int
turn(void)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS,
					   timer_ms < 0 || timer_ms > 1000 ? 1000 : (int) timer_ms);
	int running;

	for (int i = 0; i < n; i++)
		curl_multi_socket_action(
			multi, events[i].data.fd,
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				(events[i].events & ~(uint32_t) EPOLLOUT ? CURL_CSELECT_IN : 0),
			&running);
	if (n == 0 || timer_ms == 0)
	{
		timer_ms = -1;
		curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	return go_on();
}

int
main(int argc, char **argv)
{
	long concurrency, body_bytes;
	double start;

	if (argc != 6)
		return 2;
	port = (int) strtol(argv[1], NULL, 10);
	nurls = (int) strtol(argv[2], NULL, 10);
	concurrency = strtol(argv[3], NULL, 10);
	nrequests = (int) strtol(argv[4], NULL, 10);
	body_bytes = strtol(argv[5], NULL, 10);
	body = calloc(1, (size_t) body_bytes + 1);
	if (!body || nurls < 1 || concurrency < 1 || concurrency > MAX_CONCURRENCY)
		return 2;
	memset(body, 'x', (size_t) body_bytes);
	add_headers();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
	start = now();
	for (long i = 0; i < concurrency && nbegun < nrequests; i++)
		begin(make_easy(body_bytes));
	while (ndone < nrequests)
	{
		if (!turn())
		{
			fprintf(stderr, "a request was not answered by 204\n");
			return 1;
		}
	}
	printf("%.1f\n", nrequests / (now() - start));
	return 0;
}
