/*
 * Google's calendars as a server that costs next to nothing: what "make bench" synchronizes with. It speaks TLS on a port of
 * the loopback interface, keeps connections alive, each in a thread, and stops at SIGTERM.
 *
 *   google PORT CERTIFICATE EVENTS
 *
 * writes its certificate, for www.googleapis.com, to the file. Asked for a calendar's events it tells of so many in the next
 * 60 days, the same of every calendar; asked with a syncToken, of two that have moved since the last request. Anything else is
 * 404.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NAME "www.googleapis.com"
#define REQUEST_BYTES 16384
#define EVENT_BYTES 256
#define EVENT_SECONDS 1500L
#define HEAD_BYTES 256
#define CHANGES 4 /* answers with changes that take turns */
#define CHANGED_EVENTS 2

typedef struct Answer
{
	char *text;
	size_t length;
} Answer;

static SSL_CTX *tls;
static Answer all, changes[CHANGES], none;
static unsigned asked;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- answers --------------------------------------------------------------------------------------------------------- */

static size_t
write_instant(char *out, const char *name, time_t at)
{
	struct tm utc;

	gmtime_r(&at, &utc);
	return (size_t) sprintf(out,
							",\"%s\":{\"dateTime\":\"%04d-%02d-%02dT%02d:%02d:00Z\","
							"\"timeZone\":\"UTC\"}",
							name, utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
							utc.tm_min);
}

/* The number's place among so many: evenly over 60 days from tomorrow, for 25 minutes. */
static size_t
write_event(char *out, int number, int nevents, int moved_minutes)
{
	time_t tomorrow = (time(NULL) / 86400 + 1) * 86400;
	time_t start =
		tomorrow + (time_t) number * 60 * 86400 / nevents / 60 * 60 + (time_t) moved_minutes * 60;
	size_t n = (size_t) sprintf(out, "%s{\"id\":\"event%05d\",\"status\":\"confirmed\"",
								number > 0 ? "," : "", number);

	n += write_instant(out + n, "start", start);
	n += write_instant(out + n, "end", start + EVENT_SECONDS);
	return n + (size_t) sprintf(out + n, "}");
}

static void
make_answer(Answer *answer, const char *status, const char *body, size_t length)
{
	answer->text = malloc(length + HEAD_BYTES);
	if (!answer->text)
		fail("answer");
	answer->length = (size_t) sprintf(answer->text,
									  "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
									  "Content-Length: %zu\r\n\r\n",
									  status, length);
	memcpy(answer->text + answer->length, body, length);
	answer->length += length;
}

/* The first so many of all events. */
static void
make_events(Answer *answer, int ntold, int nevents, int moved_minutes)
{
	char *body = malloc((size_t) (ntold + 2) * EVENT_BYTES);
	size_t n;

	if (!body)
		fail("events");
	n = (size_t) sprintf(body, "{\"kind\":\"calendar#events\",\"timeZone\":\"UTC\",\"items\":[");
	for (int i = 0; i < ntold; i++)
		n += write_event(body + n, i, nevents, moved_minutes);
	n += (size_t) sprintf(body + n, "],\"nextSyncToken\":\"bench\"}");
	make_answer(answer, "200 OK", body, n);
	free(body);
}

static void
make_answers(int nevents)
{
	make_answer(&none, "404 Not Found", "{}", 2);
	make_events(&all, nevents, nevents, 0);
	for (int i = 0; i < CHANGES; i++)
		make_events(&changes[i], CHANGED_EVENTS, nevents, 5 * (i + 1));
}

static const Answer *
choose_answer(const char *request)
{
	const char *end = strchr(request, '\r');
	const char *events = strstr(request, "/events?");
	const char *token = strstr(request, "syncToken=");

	if (strncmp(request, "GET /calendar/v3/calendars/", 27) != 0 || !events || events > end)
		return &none;
	if (!token || token > end)
		return &all;
	return &changes[__atomic_fetch_add(&asked, 1, __ATOMIC_RELAXED) % CHANGES];
}

/* --- connections ------------------------------------------------------------------------------------------------------- */

/* Answers one request after the other; none of them has a body. */
static void
talk(SSL *peer)
{
	char request[REQUEST_BYTES + 1];
	size_t length = 0;

	for (;;)
	{
		int n = SSL_read(peer, request + length, (int) (REQUEST_BYTES - length));
		const Answer *answer;

		if (n <= 0)
			return;
		length += (size_t) n;
		request[length] = 0;
		if (!strstr(request, "\r\n\r\n"))
			continue;
		answer = choose_answer(request);
		if (SSL_write(peer, answer->text, (int) answer->length) <= 0 || answer == &none)
			return;
		length = 0;
	}
}

static void *
serve(void *arg)
{
	SSL *peer = arg;
	int fd = SSL_get_fd(peer);

	if (SSL_accept(peer) == 1)
		talk(peer);
	SSL_free(peer);
	close(fd);
	return NULL;
}

static void
greet(int fd)
{
	SSL *peer = SSL_new(tls);
	pthread_t thread;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int) { 1 }, sizeof(int));
	if (!peer || SSL_set_fd(peer, fd) != 1 || pthread_create(&thread, NULL, serve, peer) != 0)
		fail("connection");
	pthread_detach(thread);
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
								   .sin_port = htons((uint16_t) port),
								   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int) { 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 1024) != 0)
		fail("port");
	return fd;
}

/* Signed by itself, good for a day, and written to the file. */
static void
make_tls(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *names =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, (char *) "DNS:" NAME);
	FILE *file = fopen(path, "w");

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) NAME, -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, names, -1);
	tls = SSL_CTX_new(TLS_server_method());
	if (X509_sign(certificate, key, EVP_sha256()) == 0 || !file ||
		PEM_write_X509(file, certificate) != 1 || fclose(file) != 0 ||
		SSL_CTX_use_certificate(tls, certificate) != 1 || SSL_CTX_use_PrivateKey(tls, key) != 1)
		fail(path);
	X509_EXTENSION_free(names);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

int
main(int argc, char **argv)
{
	int listener;

	if (argc != 4 || strtol(argv[3], NULL, 10) < CHANGED_EVENTS)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	make_tls(argv[2]);
	make_answers((int) strtol(argv[3], NULL, 10));
	listener = listen_on((int) strtol(argv[1], NULL, 10));
	for (;;)
	{
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			greet(fd);
	}
}
