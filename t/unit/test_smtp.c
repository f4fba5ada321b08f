/*
 * Promises of extension/net about mail, against a server on the loopback interface that behaves as each test wants it to:
 * every mail ends in time with a verdict that tells how far it got, none goes where it must not, connections are used
 * again by those who may, and a server that takes its time holds up nobody else.
 *
 * getaddrinfo() is this program's own: good.test is the loopback interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "loopback.h"
#include "net/transfer.h"

#define TIMEOUT_MS 250 /* where it is waited for */
#define SHORT_MS 100   /* where a server that has the message is waited for, */
#define JUDGING_MS (SHORT_MS * MAIL_JUDGING_TIMEOUTS) /* so long */
#define PASSWORD "Geheimnis"
#define OFFERS "250-here\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN\r\n"
#define PLAIN_OFFERS "250 here\r\n"
#define TLS_OFFERS "250-here\r\n250 STARTTLS\r\n"
#define MESSAGE "Subject: x\r\n\r\nHello\r\n.\r\n..dots\r\n"

static const TransportApi *const api = &transport_api;
static Transport *transport;
static char ca_file[] = "/tmp/opencalendly-ca.XXXXXX";

int
getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
			struct addrinfo **found)
{
	struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
	struct sockaddr_in *address = (struct sockaddr_in *) (info + 1);

	if (strcmp(name, "good.test") != 0 && inet_addr(name) == INADDR_NONE)
	{
		free(info);
		return EAI_NONAME;
	}
	address->sin_family = AF_INET;
	address->sin_port = htons((uint16_t) strtol(port ? port : "0", NULL, 10));
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	info->ai_family = AF_INET;
	info->ai_socktype = SOCK_STREAM;
	info->ai_addr = (struct sockaddr *) address;
	info->ai_addrlen = sizeof(*address);
	*found = info;
	return 0;
}

/* --- the server ----------------------------------------------------------------------------------------------------- */

/* What a server can do instead of replying. */
#define HANG "hang"
#define DRIP "drip"
#define CLOSE "close"
#define POUR "pour"

typedef enum Stage
{
	GREETING,
	EHLO,
	STARTTLS,
	AUTH,
	RSET,
	MAIL,
	RCPT,
	DATA,
	LETTER,
	AFTER, /* said without being asked, once a letter was taken */
	STAGES
} Stage;

static const char *const usual[STAGES] = {
	[GREETING] = "220 here\r\n",
	[EHLO] = OFFERS,
	[STARTTLS] = "220 go on\r\n",
	[AUTH] = "235 welcome\r\n",
	[RSET] = "250 ok\r\n",
	[MAIL] = "250 ok\r\n",
	[RCPT] = "250 ok\r\n",
	[DATA] = "354 go on\r\n",
	[LETTER] = "250 2.0.0 taken\r\n",
	[AFTER] = "",
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *replies[STAGES]; /* NULL = the usual */
static bool is_smtps;
static bool refuses_twice; /* the second mail on a connection gets 421 */
static int port;
static SSL_CTX *tls;
static int connections;
static int letters;
static char heard[16384]; /* of all connections, as long as there is room */

typedef struct Peer
{
	int fd;
	SSL *tls;
	int mails;
	char line[4096];
	size_t length;
} Peer;

static bool
put(Peer *peer, const char *data, size_t length)
{
	if (peer->tls)
		return SSL_write(peer->tls, data, (int) length) == (int) length;
	return send(peer->fd, data, length, MSG_NOSIGNAL) == (ssize_t) length;
}

static void
note(const char *text)
{
	size_t length;

	pthread_mutex_lock(&lock);
	length = strlen(heard);
	snprintf(heard + length, sizeof(heard) - length, "%s\n", text);
	pthread_mutex_unlock(&lock);
}

/* A line without its end; false = there are no more. */
static bool
get_line(Peer *peer, char *line)
{
	char *end;

	while (!(end = memchr(peer->line, '\n', peer->length)))
	{
		char *room = peer->line + peer->length;
		size_t size = sizeof(peer->line) - peer->length;
		ssize_t n =
			peer->tls ? SSL_read(peer->tls, room, (int) size) : recv(peer->fd, room, size, 0);

		if (n <= 0)
			return false;
		peer->length += (size_t) n;
	}
	memcpy(line, peer->line, (size_t) (end - peer->line));
	line[end - peer->line] = 0;
	peer->length -= (size_t) (end + 1 - peer->line);
	memmove(peer->line, end + 1, peer->length);
	note(line);
	return true;
}

/* Replies so, or does what the word says instead; false = the connection is to be closed. */
static bool
say(Peer *peer, Stage stage, const char *text)
{
	char block[1024];

	if (strcmp(text, CLOSE) == 0)
		return false;
	if (strcmp(text, HANG) == 0)
	{
		while (recv(peer->fd, block, sizeof(block), 0) > 0)
			;
		return false;
	}
	if (strcmp(text, DRIP) == 0)
	{
		for (text = usual[stage]; *text && put(peer, text, 1); text++)
			wait_ms(60);
		return false;
	}
	if (strcmp(text, POUR) == 0)
	{
		for (int i = 0; i < 10000 && put(peer, "250-more and more and more\r\n", 28); i++)
			;
		return false;
	}
	return put(peer, text, strlen(text)) && strncmp(text, "421", 3) != 0;
}

static bool
reply(Peer *peer, Stage stage)
{
	return say(peer, stage, replies[stage] ? replies[stage] : usual[stage]);
}

static bool
take_letter(Peer *peer)
{
	char line[4096];
	const char *text;

	do
	{
		if (!get_line(peer, line))
			return false;
	} while (strcmp(line, ".\r") != 0);
	text = replies[LETTER] ? replies[LETTER] : usual[LETTER];
	__atomic_add_fetch(&letters, 1, __ATOMIC_SEQ_CST);
	return say(peer, LETTER, text) && (!replies[AFTER] || reply(peer, AFTER));
}

static bool
begin_tls(Peer *peer)
{
	peer->tls = SSL_new(tls);
	SSL_set_fd(peer->tls, peer->fd);
	return SSL_accept(peer->tls) == 1;
}

/* False = the connection is to be closed. */
static bool
obey(Peer *peer, const char *line)
{
	const char *data = replies[DATA] ? replies[DATA] : usual[DATA];

	if (strncmp(line, "EHLO", 4) == 0 || strncmp(line, "HELO", 4) == 0)
		return reply(peer, EHLO);
	if (strncmp(line, "STARTTLS", 8) == 0)
		return reply(peer, STARTTLS) && (replies[STARTTLS] || begin_tls(peer));
	if (strncmp(line, "AUTH", 4) == 0)
		return reply(peer, AUTH);
	if (strncmp(line, "RSET", 4) == 0)
		return reply(peer, RSET);
	if (strncmp(line, "MAIL", 4) == 0 && ++peer->mails > 1 && refuses_twice)
		return put(peer, "421 enough\r\n", 12) && false;
	if (strncmp(line, "MAIL", 4) == 0)
		return reply(peer, MAIL);
	if (strncmp(line, "RCPT", 4) == 0)
		return reply(peer, RCPT);
	if (strncmp(line, "DATA", 4) == 0)
		return reply(peer, DATA) && (strncmp(data, "354", 3) != 0 || take_letter(peer));
	return strncmp(line, "QUIT", 4) != 0;
}

static void *
serve_peer(void *arg)
{
	Peer *peer = arg;
	char line[4096];

	if ((!is_smtps || begin_tls(peer)) && reply(peer, GREETING))
	{
		while (get_line(peer, line) && obey(peer, line))
			;
	}
	SSL_free(peer->tls);
	close(peer->fd);
	free(peer);
	return NULL;
}

static void *
serve(void *arg)
{
	int listener = *(int *) arg;
	pthread_t thread;
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
	{
		Peer *peer = calloc(1, sizeof(*peer));

		__atomic_add_fetch(&connections, 1, __ATOMIC_RELAXED);
		peer->fd = fd;
		pthread_create(&thread, NULL, serve_peer, peer);
		pthread_detach(thread);
	}
	return NULL;
}

/* --- driving the transport ------------------------------------------------------------------------------------------ */

static void
configure(int timeout_ms, const char *trusted, const char *connect_to)
{
	EgressList none = { 0 };

	api->configure(transport, &(TransportSettings) { .timeout_ms = timeout_ms,
													 .connect_timeout_ms = timeout_ms,
													 .user_agent = "test",
													 .allow = &none,
													 .ca_file = trusted,
													 .connect_to = connect_to });
}

static const char *
at(const char *scheme, const char *host)
{
	static char url[128];

	snprintf(url, sizeof(url), "%s://%s:%d/me.test", scheme, host, port);
	return url;
}

/* Gives it what it does not have. */
static const TransportRequest *
complete(TransportRequest *request)
{
	request->kind = REQUEST_MAIL;
	request->url = request->url ? request->url : at("smtp", "good.test");
	request->body = request->body ? request->body : MESSAGE;
	request->body_length = strlen(request->body);
	request->mail_from = request->mail_from ? request->mail_from : "from@a.test";
	request->mail_to = request->mail_to ? request->mail_to : "to@b.test";
	return request;
}

/* A mail to the server, with what differs. */
#define MAIL_WITH(...) complete(&(TransportRequest) { __VA_ARGS__ })

/* Waits for one result, at most ten seconds. */
static TransferResult
await_result(void)
{
	TransferResult result = { 0 };
	int64_t until = now_ms() + 10000;

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
send_mail(const TransportRequest *request)
{
	assert_true(api->begin(transport, request));
	return await_result();
}

static void
assert_result(TransferResult result, TransferPhase phase, int status, const char *error)
{
	assert_string_equal(result.error, error);
	assert_int_equal(result.phase, phase);
	assert_int_equal(result.status, status);
	assert_int_equal(result.retry_after_s, -1);
}

static void
assert_delivered(const TransportRequest *request)
{
	assert_result(send_mail(request), TRANSFER_DONE, 250, "");
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

static void
test_a_mail_arrives_as_it_was_given(void **state)
{
	char tag;
	TransferResult result = send_mail(MAIL_WITH(.tag = &tag, .keeps_answer = true));

	assert_result(result, TRANSFER_DONE, 250, "");
	assert_ptr_equal(result.tag, &tag);
	assert_string_equal(result.answer, "2.0.0 taken\n");
	assert_int_equal(result.answer_length, strlen(result.answer));
	assert_int_equal(api->in_flight(transport), 0);
	assert_string_equal(heard, "EHLO me.test\r\nMAIL FROM:<from@a.test> SIZE=37\r\n"
							   "RCPT TO:<to@b.test>\r\nDATA\r\n"
							   "Subject: x\r\n\r\nHello\r\n..\r\n...dots\r\n.\r\n");
	result = send_mail(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_null(result.answer);
	assert_int_equal(result.answer_length, 0);
}

static void
test_no_line_of_the_message_ends_it(void **state)
{
	static const struct
	{
		const char *body;
		const char *sent;
	} cases[] = {
		{ "", "DATA\r\n.\r\n" },
		{ "x", "DATA\r\nx\r\n.\r\n" },
		{ ".", "DATA\r\n..\r\n.\r\n" },
		{ "a\n.\nb", "DATA\r\na\r\n..\r\nb\r\n.\r\n" },
		{ "a\r.\rb", "DATA\r\na\r\n..\r\nb\r\n.\r\n" },
		{ "a\r\n.\r.\n\r\n", "DATA\r\na\r\n..\r\n..\r\n\r\n.\r\n" },
		{ "a\r\r\n", "DATA\r\na\r\n\r\n.\r\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		*heard = 0;
		assert_delivered(MAIL_WITH(.body = cases[i].body));
		assert_string_equal(strstr(heard, "DATA"), cases[i].sent);
	}
	assert_int_equal(connections, 1);
}

static void
test_a_long_message(void **state)
{
	static char body[3000001];

	for (size_t i = 0; i < sizeof(body) - 1; i++)
		body[i] = i % 50 == 49 ? '\n' : '.';
	assert_delivered(MAIL_WITH(.body = body));
	assert_int_equal(letters, 1);
}

/* At each stage: it hangs, drips, closes, talks nonsense, talks without end, and has had enough. */
static void
test_every_server_has_its_verdict_in_time(void **state)
{
	static const struct
	{
		Stage stage;
		TransferPhase phase;
	} stages[] = {
		{ GREETING, TRANSFER_CONNECT }, { EHLO, TRANSFER_CONNECT }, { AUTH, TRANSFER_LOGIN },
		{ MAIL, TRANSFER_SEND },        { RCPT, TRANSFER_SEND },    { DATA, TRANSFER_SEND },
		{ LETTER, TRANSFER_RESPONSE },
	};
	static const struct
	{
		const char *reply;
		const char *error;
	} cases[] = {
		{ HANG, "timed out" },
		{ DRIP, "timed out" },
		{ CLOSE, "connection lost" },
		{ "HTTP/1.1 400 Bad Request\r\n", "not an SMTP answer" },
		{ "250ok\r\n", "not an SMTP answer" },
		{ "150 ok\r\n", "not an SMTP answer" },
		{ POUR, "not an SMTP answer" },
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
	{
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		{
			bool is_waited_for = strcmp(cases[k].error, "timed out") == 0;
			bool judges = is_waited_for && stages[i].stage == LETTER;
			TransferResult result;
			const char *error;

			replies[stages[i].stage] = cases[k].reply;
			configure(judges ? SHORT_MS : is_waited_for ? TIMEOUT_MS : 5000, "", "");
			result = send_mail(MAIL_WITH(.username = "u", .password = PASSWORD));
			/* a reply to EHLO that goes on and on libcurl cuts off by itself */
			error = stages[i].stage == EHLO && strcmp(cases[k].reply, POUR) == 0 ? "connection lost"
																				 : cases[k].error;
			if (judges && strcmp(cases[k].reply, DRIP) == 0)
			{
				assert_result(result, TRANSFER_DONE, 250, ""); /* slow, but in time */
				continue;
			}
			assert_result(result, stages[i].phase, 0, error);
			assert_in_range(result.elapsed_ms, judges ? JUDGING_MS : 0,
							(judges ? JUDGING_MS : TIMEOUT_MS) + 1000);
			assert_null(strstr(result.error, PASSWORD));
		}
		replies[stages[i].stage] = NULL;
	}
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
}

static void
test_every_refusal_has_its_phase_and_its_code(void **state)
{
	static const struct
	{
		Stage stage;
		TransferPhase phase;
		const char *error;
	} stages[] = {
		{ GREETING, TRANSFER_CONNECT, "refused by the server" },
		{ EHLO, TRANSFER_CONNECT, "refused by the server" },
		{ AUTH, TRANSFER_LOGIN, "login refused" },
		{ MAIL, TRANSFER_DONE, "" },
		{ RCPT, TRANSFER_DONE, "" },
		{ DATA, TRANSFER_DONE, "" },
		{ LETTER, TRANSFER_DONE, "" },
	};
	static const struct
	{
		const char *reply;
		int status;
	} cases[] = {
		{ "421 4.3.2 closing\r\n", 421 },
		{ "451-4.3.0 later\r\n451 4.3.0 perhaps\r\n", 451 },
		{ "550 5.7.1 no\r\n", 550 },
		{ "554\r\n", 554 },
	};

	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
	{
		for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++)
		{
			char text[64];

			replies[stages[i].stage] = cases[k].reply;
			/* each with a login of its own: none on a connection that is there */
			snprintf(text, sizeof(text), "u%zu-%zu", i, k);
			assert_result(send_mail(MAIL_WITH(.username = text, .password = PASSWORD)),
						  stages[i].phase, cases[k].status, stages[i].error);
		}
		replies[stages[i].stage] = NULL;
	}
}

static void
test_the_answer_is_the_text_of_the_last_reply(void **state)
{
	TransferResult result;

	replies[RCPT] = "550-5.1.1 nobody\r\n550 5.1.1 of that name\r\n";
	result = send_mail(MAIL_WITH(.keeps_answer = true));
	assert_string_equal(result.answer, "5.1.1 nobody\n5.1.1 of that name\n");
	replies[RCPT] = NULL;
	replies[GREETING] = "554 5.7.1 go away\r\n";
	result = send_mail(MAIL_WITH(.username = "u", .keeps_answer = true));
	assert_string_equal(result.answer, "5.7.1 go away\n");
}

/* None of them says that the mail was taken. */
static void
test_replies_that_make_no_sense_there(void **state)
{
	static const struct
	{
		Stage stage;
		const char *reply;
		TransferPhase phase;
	} cases[] = {
		{ MAIL, "354 go on\r\n", TRANSFER_SEND },
		{ RCPT, "354 go on\r\n", TRANSFER_SEND },
		{ DATA, "250 taken\r\n", TRANSFER_SEND },
		{ DATA, "354 go on\r\n250 taken\r\n", TRANSFER_SEND }, /* before it has heard anything */
		{ LETTER, "354 go on\r\n", TRANSFER_RESPONSE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		replies[cases[i].stage] = cases[i].reply;
		assert_result(send_mail(MAIL_WITH(.kind = REQUEST_MAIL)), cases[i].phase, 0,
					  "not an SMTP answer");
		replies[cases[i].stage] = NULL;
	}
}

/* What was not told to the end must not go on with the next mail's commands. */
static void
test_a_refusal_before_the_end_of_the_message(void **state)
{
	replies[DATA] = "354 go on\r\n552 too much\r\n";
	assert_result(send_mail(MAIL_WITH(.kind = REQUEST_MAIL)), TRANSFER_DONE, 552, "");
	replies[DATA] = NULL;
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(connections, 2);
}

static void
test_connections_are_used_again(void **state)
{
	for (int i = 0; i < 50; i++)
		assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(connections, 1);
	assert_int_equal(letters, 50);
}

/* What was refused is taken back, so that the next mail has nothing of it. */
static void
test_a_refused_mail_leaves_the_connection_as_it_was(void **state)
{
	static const Stage stages[] = { MAIL, RCPT, DATA, LETTER };
	static const char *const offers[] = { OFFERS, PLAIN_OFFERS };

	for (size_t k = 0; k < 2; k++)
	{
		replies[EHLO] = offers[k];
		for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		{
			replies[stages[i]] = "550 no\r\n";
			for (int n = 0; n < 3; n++)
				assert_result(send_mail(MAIL_WITH(.requires_tls = false)), TRANSFER_DONE, 550, "");
			replies[stages[i]] = NULL;
			*heard = 0;
			assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
			assert_true(stages[i] == LETTER || strncmp(heard, "RSET\r\nMAIL", 10) == 0);
		}
		assert_int_equal(connections, k + 1);
		replies[RSET] = "421 no\r\n"; /* the next offers want another connection */
		replies[RCPT] = "550 no\r\n";
		send_mail(MAIL_WITH(.kind = REQUEST_MAIL));
		replies[RCPT] = replies[RSET] = NULL;
		api->close(transport);
		transport = api->open();
		configure(5000, "", "");
	}
}

static void
test_nobody_gets_the_connection_of_another_login(void **state)
{
	replies[EHLO] = OFFERS;
	assert_delivered(MAIL_WITH(.username = "ada", .password = PASSWORD));
	assert_non_null(strstr(heard, "AUTH PLAIN AGFkYQBHZWhlaW1uaXM=\r\n"));
	assert_delivered(MAIL_WITH(.username = "bob", .password = PASSWORD));
	assert_int_equal(connections, 2);
	assert_delivered(MAIL_WITH(.username = "ada", .password = "another"));
	assert_int_equal(connections, 3);
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(connections, 4);
	assert_result(send_mail(MAIL_WITH(.requires_tls = true)), TRANSFER_TLS, 0,
				  "the server offers no STARTTLS");
	assert_int_equal(connections, 5);
	assert_delivered(MAIL_WITH(.url = at("smtp", "127.0.0.1")));
	assert_int_equal(connections, 6);
	assert_delivered(MAIL_WITH(.username = "bob", .password = PASSWORD));
	assert_delivered(MAIL_WITH(.username = "ada", .password = PASSWORD));
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(connections, 6);
}

static void
test_an_old_connection_that_is_dead_is_no_failure(void **state)
{
	refuses_twice = true;
	for (int i = 0; i < 5; i++)
		assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(connections, 5);
	refuses_twice = false;
	replies[AFTER] = "421 bye\r\n";
	for (int i = 0; i < 5; i++)
		assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	replies[AFTER] = CLOSE;
	for (int i = 0; i < 5; i++)
		assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	assert_int_equal(letters, 15);
	assert_in_range(connections, 14, 15);
}

/* Once the server may know of the mail, it is not sent anew behind the owner's back. */
static void
test_a_mail_that_was_heard_of_is_sent_once(void **state)
{
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	replies[LETTER] = CLOSE;
	assert_result(send_mail(MAIL_WITH(.kind = REQUEST_MAIL)), TRANSFER_RESPONSE, 0,
				  "connection lost");
	assert_int_equal(letters, 2);
	replies[LETTER] = NULL;
	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	replies[RCPT] = CLOSE;
	assert_result(send_mail(MAIL_WITH(.kind = REQUEST_MAIL)), TRANSFER_SEND, 0, "connection lost");
	assert_int_equal(connections, 2);
}

static void
test_STARTTLS(void **state)
{
	replies[EHLO] = TLS_OFFERS;
	assert_delivered(MAIL_WITH(.requires_tls = false));
	assert_null(strstr(heard, "STARTTLS"));
	assert_result(send_mail(MAIL_WITH(.requires_tls = true)), TRANSFER_TLS, 0,
				  "certificate not trusted");
	configure(5000, ca_file, "");
	*heard = 0;
	assert_delivered(MAIL_WITH(.requires_tls = true));
	assert_string_equal(heard, "EHLO me.test\r\nSTARTTLS\r\nEHLO me.test\r\n"
							   "MAIL FROM:<from@a.test>\r\nRCPT TO:<to@b.test>\r\nDATA\r\n"
							   "Subject: x\r\n\r\nHello\r\n..\r\n...dots\r\n.\r\n");
	assert_result(send_mail(MAIL_WITH(.requires_tls = true, .url = at("smtp", "127.0.0.1"))),
				  TRANSFER_TLS, 0, "certificate is for another name");
	connections = 0;
	for (int i = 0; i < 5; i++)
		assert_delivered(MAIL_WITH(.requires_tls = true));
	assert_int_equal(connections, 0);
}

static void
test_STARTTLS_that_goes_wrong(void **state)
{
	static const struct
	{
		const char *reply;
		int status;
		const char *error;
	} cases[] = {
		{ "454 not now\r\n", 454, "STARTTLS refused" },
		{ HANG, 0, "timed out" },
		{ DRIP, 0, "timed out" },
		{ CLOSE, 0, "connection lost" },
		{ "what?\r\n", 0, "not an SMTP answer" },
		{ "220 go on\r\n250 what was said before TLS\r\n", 0, "not an SMTP answer" },
		{ "220 but nothing follows\r\n", 0, "timed out" },
	};

	replies[EHLO] = TLS_OFFERS;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		TransferResult result;

		replies[STARTTLS] = cases[i].reply;
		configure(strcmp(cases[i].error, "timed out") == 0 ? TIMEOUT_MS : 5000, ca_file, "");
		result = send_mail(MAIL_WITH(.requires_tls = true, .username = "u", .password = PASSWORD));
		assert_result(result, TRANSFER_TLS, cases[i].status, cases[i].error);
		assert_in_range(result.elapsed_ms, 0, TIMEOUT_MS + 1000);
	}
	assert_null(strstr(heard, "AUTH"));
	assert_int_equal(letters, 0);
}

static void
test_smtps(void **state)
{
	configure(5000, ca_file, "");
	is_smtps = true;
	for (int i = 0; i < 5; i++)
		assert_delivered(MAIL_WITH(.url = at("smtps", "good.test"), .requires_tls = true));
	assert_int_equal(connections, 1);
	assert_result(send_mail(MAIL_WITH(.url = at("smtps", "127.0.0.1"))), TRANSFER_TLS, 0,
				  "certificate is for another name");
	replies[GREETING] = HANG;
	configure(TIMEOUT_MS, ca_file, "");
	assert_result(send_mail(MAIL_WITH(.url = at("smtps", "good.test"), .username = "u")),
				  TRANSFER_CONNECT, 0, "timed out");
	replies[GREETING] = NULL;
	is_smtps = false;
	assert_result(send_mail(MAIL_WITH(.url = at("smtps", "good.test"), .username = "u")),
				  TRANSFER_TLS, 0, "TLS handshake failed");
}

static void
test_a_login_that_is_not_offered(void **state)
{
	static const char *const offers[] = { PLAIN_OFFERS, "250 AUTH GSSAPI\r\n",
										  "250-AUTH\r\n250 X\r\n" };

	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++)
	{
		replies[EHLO] = offers[i];
		assert_result(send_mail(MAIL_WITH(.username = "u", .password = PASSWORD)), TRANSFER_LOGIN,
					  0, "the server offers no login");
	}
	assert_null(strstr(heard, "MAIL"));
}

static void
test_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"a",
		"@b.test",
		"a@",
		"a b@c.test",
		"a@b.test>",
		"a@b.test\r\nX",
		"<a@b.test",
		"a@b.test SIZE=1",
		"a\t@b.test",
		"a@b\x7f.test",
	};
	char long_one[400];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_result(send_mail(MAIL_WITH(.mail_to = bad[i])), TRANSFER_PREPARE, 0,
					  "the address cannot be written to");
	assert_result(send_mail(MAIL_WITH(.mail_from = "a@b.test> SIZE=1")), TRANSFER_PREPARE, 0,
				  "the sender's address cannot be used");
	snprintf(long_one, sizeof(long_one), "%0330d@b.test", 0);
	assert_result(send_mail(MAIL_WITH(.mail_to = long_one)), TRANSFER_PREPARE, 0,
				  "the address cannot be written to");
	assert_int_equal(connections, 0);
	snprintf(long_one, sizeof(long_one), "%0310d@b.test", 0);
	assert_delivered(MAIL_WITH(.mail_to = long_one, .mail_from = long_one));
	assert_non_null(strstr(heard, long_one));
}

static void
test_addresses_that_are_not_ASCII(void **state)
{
	static const char *const bad[] = { "Ada@B\xc3\xbc"
									   "cher.test",
									   "a@b\xef\xbc\x9e.test", "j\xc3\xbcrgen@b.test",
									   "\xff@b.test" };

	replies[EHLO] = "250-here\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n";
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_result(send_mail(MAIL_WITH(.mail_to = bad[i])), TRANSFER_PREPARE, 0,
					  "the address cannot be written to");
	assert_result(send_mail(MAIL_WITH(.mail_from = bad[0])), TRANSFER_PREPARE, 0,
				  "the sender's address cannot be used");
	assert_int_equal(connections, 0);
	assert_delivered(MAIL_WITH(.mail_to = "Ada@xn--bcher-kva.test"));
	assert_non_null(strstr(heard, "RCPT TO:<Ada@xn--bcher-kva.test>\r\n"));
	assert_null(strstr(heard, " SMTPUTF8"));
}

static void
test_requests_that_cannot_be_made(void **state)
{
	static const char *const urls[] = { "",
										"smtp://",
										"http://127.0.0.1/",
										"file:///x",
										"smtp://u:p@127.0.0.1/",
										"smtp://127.0.0.1/a\nb" };

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_result(send_mail(MAIL_WITH(.url = urls[i])), TRANSFER_PREPARE, 0,
					  "the request cannot be sent");
	assert_result(send_mail(MAIL_WITH(.username = "a\nb")), TRANSFER_PREPARE, 0,
				  "the request cannot be sent");
	assert_int_equal(connections, 0);
}

static void
test_no_connection(void **state)
{
	char url[64];
	int free_port;

	close(listen_on_loopback(&free_port));
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", free_port);
	assert_result(send_mail(MAIL_WITH(.url = url)), TRANSFER_CONNECT, 0, "connection refused");
	assert_result(send_mail(MAIL_WITH(.url = "smtp://nowhere.test")), TRANSFER_RESOLVE, 0,
				  "name could not be resolved");
}

static void
test_where_to_connect_instead(void **state)
{
	char pairs[128];

	snprintf(pairs, sizeof(pairs), "other.test:1:127.0.0.1:2, mail.test:25:127.0.0.1:%d", port);
	configure(5000, "", pairs);
	assert_delivered(MAIL_WITH(.url = "smtp://mail.test:25/me.test"));
	configure(5000, "", "");
	assert_result(send_mail(MAIL_WITH(.url = "smtp://mail.test:25/me.test")), TRANSFER_RESOLVE, 0,
				  "name could not be resolved");
}

/* The server's thought about a message is nobody's wait but the message's. */
static void
test_a_server_that_thinks_holds_up_nobody(void **state)
{
	int64_t start_ms = now_ms();
	char tag;

	configure(2 * SHORT_MS, "", "");
	replies[LETTER] = HANG;
	for (int i = 0; i < 20; i++)
		assert_true(api->begin(transport, MAIL_WITH(.kind = REQUEST_MAIL)));
	while (__atomic_load_n(&letters, __ATOMIC_RELAXED) < 20)
	{
		assert_true(now_ms() - start_ms < 1000);
		api->work(transport);
	}
	replies[LETTER] = NULL;
	for (int i = 0; i < 20; i++)
	{
		TransferResult result = send_mail(MAIL_WITH(.tag = &tag, .keeps_answer = true));

		assert_ptr_equal(result.tag, &tag);
		assert_result(result, TRANSFER_DONE, 250, "");
	}
	assert_int_equal(connections, 21);
	assert_in_range(now_ms() - start_ms, 0, 2 * JUDGING_MS - 50);
	for (int i = 0; i < 20; i++)
		assert_result(await_result(), TRANSFER_RESPONSE, 0, "timed out");
	assert_in_range(now_ms() - start_ms, 2 * JUDGING_MS, 2 * JUDGING_MS + 1000);
}

static void
configure_connections(int n, int timeout_ms)
{
	EgressList none = { 0 };

	api->configure(transport, &(TransportSettings) { .timeout_ms = timeout_ms,
													 .connect_timeout_ms = timeout_ms,
													 .user_agent = "test",
													 .allow = &none,
													 .ca_file = "",
													 .mail_connections = n });
}

static void
test_mails_wait_for_a_connection(void **state)
{
	configure_connections(2, 5000);
	for (int i = 0; i < 50; i++)
		assert_true(api->begin(transport, MAIL_WITH(.kind = REQUEST_MAIL)));
	for (int i = 0; i < 10; i++)
		assert_true(api->begin(transport, MAIL_WITH(.username = "another")));
	assert_int_equal(api->in_flight(transport), 60);
	for (int i = 0; i < 60; i++)
		assert_result(await_result(), TRANSFER_DONE, 250, "");
	assert_int_equal(connections, 4);
	assert_int_equal(letters, 60);
}

/* Their time begins when they have a connection, opened anew if it has to be; and for that they do not wait longer. */
static void
test_mails_that_wait_for_a_server_that_hangs(void **state)
{
	TransferResult result;

	configure_connections(1, SHORT_MS);
	replies[LETTER] = HANG;
	for (int i = 0; i < 4; i++)
		assert_true(api->begin(transport, MAIL_WITH(.kind = REQUEST_MAIL)));
	for (int i = 0; i < 3; i++)
	{
		result = await_result();
		assert_result(result, TRANSFER_PREPARE, 0, "no connection was free in time");
		assert_in_range(result.elapsed_ms, SHORT_MS, SHORT_MS + 500);
	}
	result = await_result();
	assert_result(result, TRANSFER_RESPONSE, 0, "timed out");
	assert_in_range(result.elapsed_ms, JUDGING_MS, JUDGING_MS + 500);
	assert_int_equal(connections, 1);
}

/* Neither for a reply to QUIT, which this server never gives, nor for anything else. */
static void
test_closing_waits_for_nothing(void **state)
{
	int64_t start_ms;

	assert_delivered(MAIL_WITH(.kind = REQUEST_MAIL));
	replies[LETTER] = HANG;
	assert_true(api->begin(transport, MAIL_WITH(.username = "u")));
	replies[GREETING] = HANG;
	assert_true(api->begin(transport, MAIL_WITH(.username = "v")));
	assert_true(api->begin(transport, MAIL_WITH(.mail_to = "nobody"))); /* finished, not taken */
	api->work(transport);
	start_ms = now_ms();
	api->close(transport);
	assert_in_range(now_ms() - start_ms, 0, 100);
	transport = api->open();
}

static void
test_idle_connections_give_way(void **state)
{
	char name[16];
	int capacity = api->capacity(transport);

	assert_in_range(capacity, 1, 1000);
	transport->capacity = 5;
	for (int i = 0; i < 10; i++)
	{
		snprintf(name, sizeof(name), "u%d", i);
		assert_delivered(MAIL_WITH(.username = name));
	}
	transport->capacity = capacity;
	for (int i = 0; i < 3; i++)
	{
		snprintf(name, sizeof(name), "u%d", i);
		assert_delivered(MAIL_WITH(.username = name));
	}
	assert_int_equal(connections, 13);
	assert_delivered(MAIL_WITH(.username = "u9"));
	assert_int_equal(connections, 13);
}

static int
setup(void **state)
{
	static int listener;
	pthread_t thread;
	int fd = mkstemp(ca_file);

	signal(SIGPIPE, SIG_IGN);
	assert_return_code(fd, errno);
	close(fd);
	tls = make_tls(86400, ca_file);
	listener = listen_on_loopback(&port);
	pthread_create(&thread, NULL, serve, &listener);
	pthread_detach(thread);
	return 0;
}

static int
teardown(void **state)
{
	unlink(ca_file);
	return 0;
}

static int
begin_test(void **state)
{
	memset(replies, 0, sizeof(replies));
	is_smtps = refuses_twice = false;
	connections = letters = 0;
	*heard = 0;
	transport = api->open();
	assert_non_null(transport);
	configure(5000, "", "");
	return 0;
}

static int
end_test(void **state)
{
	api->close(transport);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_mail_arrives_as_it_was_given),
		TEST(test_no_line_of_the_message_ends_it),
		TEST(test_a_long_message),
		TEST(test_every_server_has_its_verdict_in_time),
		TEST(test_every_refusal_has_its_phase_and_its_code),
		TEST(test_the_answer_is_the_text_of_the_last_reply),
		TEST(test_replies_that_make_no_sense_there),
		TEST(test_a_refusal_before_the_end_of_the_message),
		TEST(test_connections_are_used_again),
		TEST(test_a_refused_mail_leaves_the_connection_as_it_was),
		TEST(test_nobody_gets_the_connection_of_another_login),
		TEST(test_an_old_connection_that_is_dead_is_no_failure),
		TEST(test_a_mail_that_was_heard_of_is_sent_once),
		TEST(test_STARTTLS),
		TEST(test_STARTTLS_that_goes_wrong),
		TEST(test_smtps),
		TEST(test_a_login_that_is_not_offered),
		TEST(test_addresses),
		TEST(test_addresses_that_are_not_ASCII),
		TEST(test_requests_that_cannot_be_made),
		TEST(test_no_connection),
		TEST(test_where_to_connect_instead),
		TEST(test_a_server_that_thinks_holds_up_nobody),
		TEST(test_mails_wait_for_a_connection),
		TEST(test_mails_that_wait_for_a_server_that_hangs),
		TEST(test_closing_waits_for_nothing),
		TEST(test_idle_connections_give_way),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
