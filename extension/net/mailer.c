/*
 * Mails: one letter after the other over connections to mail servers.
 *
 * libcurl opens the connection (connection.c), smtp.c knows what to say, and this part says it, through curl_easy_send and
 * curl_easy_recv: libcurl's own way of sending mail waits for the reply to the message without giving the thread back, for as
 * long as the server takes, and everybody else's transfers with it.
 *
 * A connection is idle between letters; the next letter for the same server, with the same login and demands on TLS, takes
 * it up again. If such an old connection turns out to be dead, or the server has had enough of it (421), before it
 * has heard anything of the letter, the letter gets a new one.
 *
 * With as many connections under way as the settings say, letters wait for one that has their key, first come, first
 * served, though not for long: the owner has taken them for a certain time.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "net/connection.h"

#define IDLE_MS 60000 /* after that a connection is closed */
#define WAIT_MS 5000  /* so long a letter waits for a connection at most */
#define EVENTS_PER_TURN 64

typedef struct WaitingLetter
{
	struct WaitingLetter *next;
	Transfer *transfer;
	Letter letter;
	char *key;
	int64_t until_ms;
} WaitingLetter;

/* --- what came of a letter --------------------------------------------------------------------------------------------- */

/* The letter is through, and its verdict is there. The connection is idle then; whoever knows better closes it. */
static void
conclude(MailConnection *connection, int status)
{
	Transfer *transfer = connection->transfer;

	transfer->result.status = status;
	transfer->result.elapsed_ms = (int) (now_ms() - transfer->begun_ms);
	letter_forget(&connection->letter);
	connection->transfer = NULL;
	connection->until_ms = now_ms() + IDLE_MS;
	connection->is_old = true;
	transport_finish(transfer);
}

static void
settle(MailConnection *connection, TransferPhase phase, int status, const char *error)
{
	verdict_set(connection->transfer, phase, error);
	conclude(connection, status);
}

/* Where the letter was when it was cut off. */
static TransferPhase
reached_phase(const MailConnection *connection)
{
	if (connection->state == CONNECTION_OPENING)
		return connection_phase(connection);
	return smtp_is_told(&connection->talk) ? TRANSFER_RESPONSE : TRANSFER_SEND;
}

/* The code of the last reply, if it was a refusal. */
static int
refusal(const MailConnection *connection)
{
	return connection->reply_code >= 400 ? connection->reply_code : 0;
}

/* Why libcurl could not open the connection. */
static void
settle_unopened(MailConnection *connection, CURLcode code)
{
	TransferPhase reached = connection_phase(connection);
	bool is_refused = refusal(connection) > 0;
	Transfer *transfer = connection->transfer;

	if (connection->is_garbled)
		verdict_set(transfer, reached, "not an SMTP answer");
	else if (is_refused && reached == TRANSFER_CONNECT)
		verdict_set(transfer, reached, "refused by the server");
	else if (code == CURLE_LOGIN_DENIED && connection->has_address)
		verdict_set(transfer, TRANSFER_LOGIN,
					is_refused ? "login refused" : "the server offers no login");
	else if (code == CURLE_USE_SSL_FAILED)
		verdict_set(transfer, TRANSFER_TLS,
					is_refused ? "STARTTLS refused" : "the server offers no STARTTLS");
	else if (code == CURLE_SEND_ERROR)
		verdict_set(transfer, reached, "connection lost");
	else if (verdict_on_connection(transfer, connection->easy, code, reached))
		;
	else if (code == CURLE_WEIRD_SERVER_REPLY)
		verdict_set(transfer, reached, "not an SMTP answer");
	else
		verdict_set(transfer, TRANSFER_PREPARE, "the request cannot be sent");
	conclude(connection, refusal(connection));
}

/* The connection is of no use any more, whatever was under way on it. */
static void
lose(MailConnection *connection, const char *error)
{
	bool begins_anew = connection->transfer && connection->is_old &&
					   connection->state == CONNECTION_OPEN && smtp_is_unheard(&connection->talk);
	TransferPhase reached = reached_phase(connection);

	connection_close(connection);
	if (begins_anew && connection_open(connection))
		return;
	if (connection->transfer)
		settle(connection, reached, 0, error);
}

/* --- talking --------------------------------------------------------------------------------------------------------- */

/* Sends what is to be said, as far as it goes; false = the connection is lost. */
static bool
push(MailConnection *connection)
{
	SmtpTalk *talk = &connection->talk;

	while (talk->out_length > 0)
	{
		size_t sent = 0;
		CURLcode code = curl_easy_send(connection->easy, talk->out, talk->out_length, &sent);

		if (code == CURLE_AGAIN)
			return true;
		if (code != CURLE_OK)
			return false;
		talk->out += sent;
		talk->out_length -= sent;
	}
	return true;
}

/* A whole reply has come. */
static void
take_reply(MailConnection *connection)
{
	SmtpTalk *talk = &connection->talk;
	int code = connection->reply_code;
	SmtpTurn turn;

	if (!connection->transfer && talk->skipped == 0)
	{
		lose(connection, ""); /* nobody has asked */
		return;
	}
	turn = smtp_take_reply(talk, code);
	if (turn == SMTP_GOES_ON)
		return;
	if (turn == SMTP_CONFUSED)
		lose(connection, "not an SMTP answer");
	else if (code == 421 && connection->is_old && smtp_is_unheard(talk))
		lose(connection, "connection lost");
	else if (talk->step == SMTP_RESET)
		lose(connection, "connection lost");
	else
	{
		connection->needs_reset = talk->step < SMTP_MESSAGE;
		talk->out_length = 0;
		settle(connection, TRANSFER_DONE, code, "");
		if (code == 421)
			connection_close(connection);
	}
}

/* Takes the lines that have come; the rest of one stays. False = it was no reply. */
static bool
take_lines(MailConnection *connection)
{
	char *line = connection->line;
	const char *end = line + connection->line_length;
	char *newline;

	while ((newline = memchr(line, '\n', (size_t) (end - line))))
	{
		if (connection_take_line(connection, line, (size_t) (newline + 1 - line)))
			take_reply(connection);
		if (connection->state != CONNECTION_OPEN)
			return true;
		if (connection->is_garbled)
			return false;
		line = newline + 1;
	}
	connection->line_length = (size_t) (end - line);
	memmove(connection->line, line, connection->line_length);
	connection->is_garbled = connection->line_length == sizeof(connection->line);
	return !connection->is_garbled;
}

/* Reads what has come; false = the connection is lost. */
static bool
pull(MailConnection *connection)
{
	while (connection->state == CONNECTION_OPEN)
	{
		size_t n = 0;
		CURLcode code = curl_easy_recv(connection->easy, connection->line + connection->line_length,
									   sizeof(connection->line) - connection->line_length, &n);

		if (code == CURLE_AGAIN)
			return true;
		if (code != CURLE_OK || n == 0)
			return false;
		connection->line_length += n;
		if (!take_lines(connection))
			return false;
	}
	return true;
}

/* Says and hears what can be without waiting. */
static void
converse(MailConnection *connection)
{
	const SmtpTalk *talk = &connection->talk;
	size_t unsaid;

	do
	{
		bool is_lost = !push(connection);

		unsaid = talk->out_length;
		is_lost |= !pull(connection); /* what came before the end may tell why */
		if (connection->state != CONNECTION_OPEN)
			return;
		if (is_lost)
		{
			lose(connection, connection->is_garbled ? "not an SMTP answer" : "connection lost");
			return;
		}
	} while (talk->out_length > 0 && talk->out_length != unsaid);
	if (!connection_watch(connection,
						  (uint32_t) EPOLLIN | (talk->out_length > 0 ? (uint32_t) EPOLLOUT : 0)))
		lose(connection, "connection lost");
}

/*
 * To commands that are said in one breath a server may reply in several segments, and wait with the second until the first
 * is acknowledged, which TCP otherwise puts off for 40 ms.
 */
static void
acknowledge_at_once(const MailConnection *connection)
{
	if (connection->state == CONNECTION_OPEN && connection->talk.pipelines)
		setsockopt(connection->sockets[0], IPPROTO_TCP, TCP_QUICKACK, &(int) { 1 }, sizeof(int));
}

/* Begins with the letter on a connection that is open. */
static void
begin_letter(MailConnection *connection)
{
	if (connection->letter.needs_utf8 && !connection->offers.has_utf8)
		settle(connection, TRANSFER_PREPARE, 0, "the address needs a server that speaks SMTPUTF8");
	else
		smtp_begin(&connection->talk, &connection->letter, &connection->offers,
				   connection->needs_reset);
	converse(connection);
	acknowledge_at_once(connection);
}

/* libcurl is through with opening it. */
static void
take_opened(MailConnection *connection, CURLcode code)
{
	if (code == CURLE_OK && connection->logs_in && connection->step != OPENING_LOGIN)
		code = CURLE_LOGIN_DENIED; /* libcurl does without, if no login is offered */
	if (code != CURLE_OK || connection->nsockets != 1)
	{
		settle_unopened(connection, code);
		connection_close(connection);
		return;
	}
	connection->state = CONNECTION_OPEN;
	begin_letter(connection);
}

/* --- beginning --------------------------------------------------------------------------------------------------------- */

static bool
logs_in(const TransportRequest *request)
{
	return request->username && *request->username;
}

/* NULL = out of memory. */
static char *
make_key(const struct Transport *transport, const TransportRequest *request)
{
	char *key;

	if (asprintf(&key, "%s\n%s\n%s\n%d\n%s\n%s", request->url, transport->settings.ca_file,
				 transport->settings.connect_to, request->requires_tls,
				 logs_in(request) ? request->username : "",
				 logs_in(request) && request->password ? request->password : "") < 0)
		return NULL;
	return key;
}

static bool
is_waited_for(const MailConnection *connection)
{
	for (const WaitingLetter *one = connection->transport->waiting; one; one = one->next)
	{
		if (connection->key && strcmp(one->key, connection->key) == 0)
			return true;
	}
	return false;
}

/* One that is open and idle, with the key; otherwise one that is closed; otherwise NULL. */
static MailConnection *
find_connection(const struct Transport *transport, const char *key)
{
	MailConnection *closed = NULL;

	for (MailConnection *one = transport->mail_connections; one; one = one->next)
	{
		if (one->transfer)
			continue;
		if (one->state == CONNECTION_OPEN && strcmp(one->key, key) == 0)
			return one;
		if (one->state == CONNECTION_CLOSED && !is_waited_for(one))
			closed = one;
	}
	return closed;
}

/* Whether a letter with the key has to wait until a connection is through with another. */
static bool
has_to_wait(const struct Transport *transport, const char *key)
{
	int nbusy = 0;

	for (const MailConnection *one = transport->mail_connections; one; one = one->next)
		nbusy += one->transfer && strcmp(one->key, key) == 0;
	return transport->settings.most_mails > 0 && nbusy >= transport->settings.most_mails;
}

/* A closed connection is given to those who have this key. */
static CURLcode
give_connection(MailConnection *connection, char *key, const TransportRequest *request)
{
	free(connection->key);
	connection->key = key;
	connection->logs_in = logs_in(request);
	return connection_set_server(connection, request);
}

/* Before a letter is given to an idle connection: reads what has come meanwhile, which closes it if it is dead. */
static void
look_at_idle(MailConnection *connection)
{
	if (connection->state == CONNECTION_OPEN && !pull(connection))
		connection_close(connection);
}

/* The connection takes the letter over. */
static void
take_letter(MailConnection *connection, Transfer *transfer, Letter *letter)
{
	connection->transfer = transfer;
	connection->letter = *letter;
	*letter = (Letter) { 0 };
	transfer->begun_ms = now_ms();
	connection->until_ms = transfer->begun_ms + transfer->transport->settings.timeout_ms;
	if (connection->state == CONNECTION_OPEN)
		begin_letter(connection);
	else if (!connection_open(connection))
	{
		connection_close(connection);
		settle(connection, TRANSFER_PREPARE, 0, "the request cannot be sent");
	}
}

/* False = out of memory. Takes letter and key over. */
static bool
wait_for_connection(Transfer *transfer, Letter *letter, char *key)
{
	WaitingLetter **end = &transfer->transport->waiting;
	long timeout_ms = transfer->transport->settings.timeout_ms;
	WaitingLetter *waiting = malloc(sizeof(*waiting));

	if (!waiting)
	{
		free(key);
		return false;
	}
	while (*end)
		end = &(*end)->next;
	*waiting = (WaitingLetter) { .transfer = transfer,
								 .letter = *letter,
								 .key = key,
								 .until_ms = transfer->begun_ms +
											 (timeout_ms < WAIT_MS ? timeout_ms : WAIT_MS) };
	*letter = (Letter) { 0 };
	*end = waiting;
	return true;
}

/* False = out of memory, and nothing has begun. Takes the key over. */
static bool
send_letter(Transfer *transfer, const TransportRequest *request, Letter *letter, char *key)
{
	MailConnection *connection;
	CURLcode code = CURLE_OK;

	if (has_to_wait(transfer->transport, key))
		return wait_for_connection(transfer, letter, key);
	connection = find_connection(transfer->transport, key);
	if (!connection)
		connection = connection_make(transfer->transport);
	if (!connection)
	{
		free(key);
		return false;
	}
	look_at_idle(connection);
	if (connection->state == CONNECTION_OPEN)
		free(key);
	else
		code = give_connection(connection, key, request);
	if (code == CURLE_OUT_OF_MEMORY)
		return false;
	if (code == CURLE_OK)
		take_letter(connection, transfer, letter);
	else
	{
		verdict_set(transfer, TRANSFER_PREPARE, "the request cannot be sent");
		transport_finish(transfer);
	}
	return true;
}

/* A connection for a letter that has waited: idle, with its key; NULL = none. */
static MailConnection *
find_free(const struct Transport *transport, const char *key)
{
	MailConnection *closed = NULL;

	for (MailConnection *one = transport->mail_connections; one; one = one->next)
	{
		if (one->transfer || !one->key || strcmp(one->key, key) != 0)
			continue;
		if (one->state == CONNECTION_OPEN)
			return one;
		closed = one;
	}
	return closed;
}

static void
forget_waiting(WaitingLetter *waiting)
{
	letter_forget(&waiting->letter);
	free(waiting->key);
	free(waiting);
}

/* Whether the letter need not wait any more: it has a connection, or its time is over. */
static bool
serve_waiting(WaitingLetter *waiting)
{
	Transfer *transfer = waiting->transfer;
	MailConnection *connection = find_free(transfer->transport, waiting->key);

	if (connection && !has_to_wait(transfer->transport, waiting->key))
	{
		look_at_idle(connection);
		take_letter(connection, transfer, &waiting->letter);
		return true;
	}
	if (now_ms() < waiting->until_ms)
		return false;
	verdict_set(transfer, TRANSFER_PREPARE, "no connection was free in time");
	transfer->result.elapsed_ms = (int) (now_ms() - transfer->begun_ms);
	transport_finish(transfer);
	return true;
}

static void
serve_all_waiting(struct Transport *transport)
{
	WaitingLetter **link = &transport->waiting;

	while (*link)
	{
		WaitingLetter *waiting = *link;

		if (serve_waiting(waiting))
		{
			*link = waiting->next;
			forget_waiting(waiting);
		}
		else
			link = &waiting->next;
	}
}

bool
mailer_begin(Transfer *transfer, const TransportRequest *request)
{
	const char *error;
	Letter letter = { 0 };
	char *key;
	bool has_begun;

	transfer_begin(transfer, request);
	if (transfer_has_control_character(request->url) ||
		(logs_in(request) && transfer_has_control_character(request->username)))
		error = "the request cannot be sent";
	else
		error = letter_write(&letter, request->mail_from, request->mail_to, request->body,
							 request->body_length);
	if (error)
	{
		verdict_set(transfer, TRANSFER_PREPARE, error);
		transport_finish(transfer);
		return true;
	}
	key = make_key(transfer->transport, request);
	has_begun = key && send_letter(transfer, request, &letter, key);
	letter_forget(&letter);
	serve_all_waiting(transfer->transport);
	return has_begun;
}

/* --- the transport's side ------------------------------------------------------------------------------------------------ */

bool
mailer_open(struct Transport *transport)
{
	struct epoll_event event = { .events = EPOLLIN };

	transport->mail_fd = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = transport->mail_fd;
	return transport->mail_fd >= 0 &&
		   epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, transport->mail_fd, &event) == 0;
}

void
mailer_make_room(struct Transport *transport)
{
	MailConnection *oldest = NULL;
	int nidle = 0;

	for (MailConnection *one = transport->mail_connections; one; one = one->next)
	{
		if (one->state == CONNECTION_CLOSED || one->transfer)
			continue;
		nidle++;
		if (!oldest || one->until_ms < oldest->until_ms)
			oldest = one;
	}
	if (oldest && transport->under_way + nidle > transport->capacity)
		connection_close(oldest);
}

int64_t
mailer_timer_ms(const struct Transport *transport)
{
	int64_t timer_ms = transport->waiting ? transport->waiting->until_ms : -1;

	for (const MailConnection *one = transport->mail_connections; one; one = one->next)
	{
		if (one->state == CONNECTION_CLOSED)
			continue;
		if (timer_ms < 0 || one->until_ms < timer_ms)
			timer_ms = one->until_ms;
		if (one->timer_ms >= 0 && one->timer_ms < timer_ms)
			timer_ms = one->timer_ms;
	}
	return timer_ms;
}

static MailConnection *
numbered(const struct Transport *transport, uint32_t number)
{
	MailConnection *one = transport->mail_connections;

	while (one && one->number != number)
		one = one->next;
	return one;
}

static void
turn_opening(MailConnection *connection, curl_socket_t fd, int events)
{
	CURLcode code;

	if (connection_turn(connection, fd, events, &code))
		take_opened(connection, code);
}

static void
take_event(MailConnection *connection, int fd, uint32_t events)
{
	if (connection->state == CONNECTION_OPENING)
		turn_opening(connection, fd, loop_curl_events(events));
	else if (connection->state == CONNECTION_OPEN && connection->transfer)
		converse(connection);
	else
		look_at_idle(connection);
}

static void
take_time(MailConnection *connection)
{
	if (connection->state != CONNECTION_CLOSED && now_ms() >= connection->until_ms)
	{
		TransferPhase reached = reached_phase(connection);

		connection_close(connection);
		if (connection->transfer)
			settle(connection, reached, 0, "timed out");
	}
	else if (connection->timer_ms >= 0 && now_ms() >= connection->timer_ms)
		turn_opening(connection, CURL_SOCKET_TIMEOUT, 0);
}

void
mailer_turn(struct Transport *transport)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = 0;

	if (transport->mail_connections)
		n = epoll_wait(transport->mail_fd, events, EVENTS_PER_TURN, 0);
	for (int i = 0; i < n; i++)
	{
		MailConnection *connection = numbered(transport, (uint32_t) (events[i].data.u64 >> 32));

		if (connection)
			take_event(connection, (int) (uint32_t) events[i].data.u64, events[i].events);
	}
	for (MailConnection *one = transport->mail_connections; one; one = one->next)
		take_time(one);
	serve_all_waiting(transport);
}

void
mailer_close(struct Transport *transport)
{
	MailConnection *next;

	for (MailConnection *one = transport->mail_connections; one; one = next)
	{
		next = one->next;
		if (one->state != CONNECTION_CLOSED)
			connection_close(one);
		letter_forget(&one->letter);
		connection_free(one);
	}
	transport->mail_connections = NULL;
	while (transport->waiting)
	{
		WaitingLetter *waiting = transport->waiting;

		transport->waiting = waiting->next;
		forget_waiting(waiting);
	}
}
