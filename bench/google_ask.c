/*
 * What a worker's synchronizing is compared with: a bare curl multi handle that asks for the same, and does nothing besides.
 * Handles and connections are used again.
 *
 *   google_ask PORT CERTIFICATE CONCURRENCY CALENDARS all|changes
 *
 * prints how many calendars a second were told by the server on that port of the loopback interface (google.c), and fails if
 * one was not.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CONCURRENCY 1024
#define EVENTS                                                                                \
	"https://www.googleapis.com/calendar/v3/calendars/host-%d%%40example.com/events"          \
	"?singleEvents=true&maxResults=2500&prettyPrint=false&fields=nextPageToken,"              \
	"nextSyncToken,timeZone,items(id,status,transparency,eventType,start,end,attendees(self," \
	"responseStatus),extendedProperties/private/opencalendly)%s"

static CURLM *multi;
static struct curl_slist *headers, *connect_to;
static const char *certificate, *token;
static int ncalendars, nbegun, ndone;

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
	char url[1024];

	snprintf(url, sizeof(url), EVENTS, nbegun++, token);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_multi_add_handle(multi, easy);
}

static size_t
forget(const char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

static CURL *
make_easy(void)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
	curl_easy_setopt(easy, CURLOPT_CAINFO, certificate);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 300L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, forget);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
	return easy;
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
		if (code != CURLE_OK || status != 200)
			return 0;
		ndone++;
		curl_multi_remove_handle(multi, easy);
		if (nbegun < ncalendars)
			begin(easy);
	}
	return 1;
}

int
main(int argc, char **argv)
{
	char pair[64];
	long concurrency;
	int running;
	double start;

	if (argc != 6)
		return 2;
	snprintf(pair, sizeof(pair), "www.googleapis.com:443:127.0.0.1:%s", argv[1]);
	certificate = argv[2];
	concurrency = strtol(argv[3], NULL, 10);
	ncalendars = (int) strtol(argv[4], NULL, 10);
	token = strcmp(argv[5], "changes") == 0 ? "&syncToken=bench" : "";
	if (concurrency < 1 || concurrency > MAX_CONCURRENCY)
		return 2;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	connect_to = curl_slist_append(NULL, pair);
	headers = curl_slist_append(NULL, "Authorization: Bearer bench-token-of-some-forty-characters");
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING);
	start = now();
	for (long i = 0; i < concurrency && nbegun < ncalendars; i++)
		begin(make_easy());
	while (ndone < ncalendars)
	{
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
		curl_multi_perform(multi, &running);
		if (!go_on())
		{
			fprintf(stderr, "a request was not answered by 200\n");
			return 1;
		}
	}
	printf("%.1f\n", ncalendars / (now() - start));
	return 0;
}
