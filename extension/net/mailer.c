/*
 * Mails: one letter after the other over connections to mail servers. libcurl opens a connection (connection.c), and talk.c
 * tells the server a letter.
 *
 * A connection is idle between letters; the next letter for the same server, with the same login and demands on TLS, takes
 * it up again. With as many connections under way as the settings say, letters wait for one that has their key, first come,
 * first served, though not for long: the owner has taken them for a certain time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "net/connection.h"

#define EVENTS_PER_TURN 64

typedef struct WaitingLetter
{
	struct WaitingLetter *next;
	Transfer *transfer;
	Letter letter;
	char *key;
	int64_t until_ms;
} WaitingLetter;

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
		talk_begin(connection);
	else if (!connection_open(connection))
	{
		connection_close(connection);
		talk_end(connection, TRANSFER_PREPARE, 0, "the request cannot be sent");
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
	*waiting =
		(WaitingLetter) { .transfer = transfer,
						  .letter = *letter,
						  .key = key,
						  .until_ms = transfer->begun_ms +
									  (timeout_ms < MAIL_WAIT_MS ? timeout_ms : MAIL_WAIT_MS) };
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
	talk_look(connection);
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
		talk_look(connection);
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
		talk_opened(connection, code);
}

static void
take_event(MailConnection *connection, int fd, uint32_t events)
{
	if (connection->state == CONNECTION_OPENING)
		turn_opening(connection, fd, loop_curl_events(events));
	else if (connection->state == CONNECTION_OPEN && connection->transfer)
		talk_go_on(connection);
	else
		talk_look(connection);
}

static void
take_time(MailConnection *connection)
{
	if (connection->state != CONNECTION_CLOSED && now_ms() >= connection->until_ms)
	{
		TransferPhase reached = talk_phase(connection);

		connection_close(connection);
		if (connection->transfer)
			talk_end(connection, reached, 0, "timed out");
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
