/*
 * What a worker's sending of mails is compared with: a bare curl multi handle that sends mails as libcurl does it by itself, and
 * does nothing besides. Handles and connections are used again.
 *
 *   smtp_send PORT CONNECTIONS MAILS FILE
 *
 * prints how many mails a second were taken by the server on that port of the loopback interface, all with the message in
 * the file, and fails if one was not taken.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CONNECTIONS 64
#define MESSAGE_BYTES 262144

typedef struct Mail
{
	CURL *easy;
	size_t sent;
} Mail;

static CURLM *multi;
static char url[64];
static struct curl_slist *recipients;
static char message[MESSAGE_BYTES];
static size_t message_length;
static Mail mails[MAX_CONNECTIONS];
static int nmails, nbegun, ndone;

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static size_t
read_message(char *buffer, size_t size, size_t n, void *arg)
{
	Mail *mail = arg;
	size_t left = message_length - mail->sent;
	size_t length = size * n < left ? size * n : left;

	memcpy(buffer, message + mail->sent, length);
	mail->sent += length;
	return length;
}

static void
begin(Mail *mail)
{
	nbegun++;
	mail->sent = 0;
	curl_multi_add_handle(multi, mail->easy);
}

static void
make(Mail *mail)
{
	CURL *easy = curl_easy_init();

	mail->easy = easy;
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, mail);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "bookings@localhost");
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) message_length);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_message);
	curl_easy_setopt(easy, CURLOPT_READDATA, mail);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
}

/* Gives each handle whose mail was taken another one; 0 = one was not. */
static int
go_on(void)
{
	CURLMsg *answer;
	int left;

	while ((answer = curl_multi_info_read(multi, &left)))
	{
		CURLcode code = answer->data.result;
		Mail *mail;

		curl_easy_getinfo(answer->easy_handle, CURLINFO_PRIVATE, (char **) &mail);
		curl_multi_remove_handle(multi, mail->easy);
		if (code != CURLE_OK)
			return 0;
		ndone++;
		if (nbegun < nmails)
			begin(mail);
	}
	return 1;
}

static int
load_message(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	message_length = fread(message, 1, sizeof(message), file);
	fclose(file);
	return message_length > 0;
}

int
main(int argc, char **argv)
{
	long connections;
	int running;
	double start;

	if (argc != 5)
		return 2;
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%s/bench.example", argv[1]);
	connections = strtol(argv[2], NULL, 10);
	nmails = (int) strtol(argv[3], NULL, 10);
	if (connections < 1 || connections > MAX_CONNECTIONS || !load_message(argv[4]))
		return 2;
	recipients = curl_slist_append(NULL, "ada@example.com");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
	start = now();
	for (long i = 0; i < connections && nbegun < nmails; i++)
	{
		make(&mails[i]);
		begin(&mails[i]);
	}
	while (ndone < nmails)
	{
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
		curl_multi_perform(multi, &running);
		if (!go_on())
		{
			fprintf(stderr, "a mail was not taken\n");
			return 1;
		}
	}
	printf("%.1f\n", nmails / (now() - start));
	return 0;
}
