/*
 * What a worker's sending is compared with: a bare curl multi handle that POSTs, and does nothing besides. The requests
 * have the size and the number of headers of a delivery; handles and connections are used again.
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
#include <time.h>

#define MAX_CONCURRENCY 1024

static CURLM *multi;
static int port, nurls, nrequests, nbegun, ndone;
static struct curl_slist *headers;
static char *body;

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
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

int
main(int argc, char **argv)
{
	long concurrency, body_bytes;
	int running;
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
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
	start = now();
	for (long i = 0; i < concurrency && nbegun < nrequests; i++)
		begin(make_easy(body_bytes));
	while (ndone < nrequests)
	{
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
		curl_multi_perform(multi, &running);
		if (!go_on())
		{
			fprintf(stderr, "a request was not answered by 204\n");
			return 1;
		}
	}
	printf("%.1f\n", nrequests / (now() - start));
	return 0;
}
