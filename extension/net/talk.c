/*
 * The conversation over a connection: smtp.c knows what to say, and this part says it, through curl_easy_send and
 * curl_easy_recv, hears the replies, and tells what came of the letter.
 *
 * libcurl's own way of sending mail waits for the reply to the message without giving the thread back, for as long as the
 * server takes, and everybody else's transfers with it.
 *
 * If an old connection turns out to be dead, or the server has had enough of it (421), before it has heard anything of the
 * letter, the letter gets a new one.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#include "net/connection.h"

#define IDLE_MS 60000 /* after that a connection is closed */

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

void
talk_end(MailConnection *connection, TransferPhase phase, int status, const char *error)
{
	verdict_set(connection->transfer, phase, error);
	conclude(connection, status);
}

TransferPhase
talk_phase(const MailConnection *connection)
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
	TransferPhase reached = talk_phase(connection);

	connection_close(connection);
	if (begins_anew && connection_open(connection))
		return;
	if (connection->transfer)
		talk_end(connection, reached, 0, error);
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
		bool is_cut = talk->step == SMTP_MESSAGE && talk->out_length > 0; /* it may read on */

		connection->needs_reset = talk->step < SMTP_MESSAGE;
		talk->out_length = 0;
		talk_end(connection, TRANSFER_DONE, code, "");
		if (code == 421 || is_cut)
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

/* A server that has the whole message may look at it for minutes; to send it again meanwhile would double it. */
static void
give_time_to_judge(MailConnection *connection)
{
	int64_t judged_ms =
		now_ms() + (int64_t) MAIL_JUDGING_TIMEOUTS * connection->transport->settings.timeout_ms;

	if (connection->has_told || !connection->transfer || !smtp_is_told(&connection->talk))
		return;
	connection->has_told = true;
	connection->until_ms = judged_ms;
}

void
talk_go_on(MailConnection *connection)
{
	const SmtpTalk *talk = &connection->talk;
	size_t unsaid;

	do
	{
		bool is_lost = !push(connection);

		unsaid = talk->out_length;
		give_time_to_judge(connection);
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

void
talk_begin(MailConnection *connection)
{
	connection->has_told = false;
	smtp_begin(&connection->talk, &connection->letter, &connection->offers,
			   connection->needs_reset);
	talk_go_on(connection);
	acknowledge_at_once(connection);
}

void
talk_opened(MailConnection *connection, CURLcode code)
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
	talk_begin(connection);
}

void
talk_look(MailConnection *connection)
{
	if (connection->state == CONNECTION_OPEN && !pull(connection))
		connection_close(connection);
}
