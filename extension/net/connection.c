/*
 * The opening of a connection to a mail server in libcurl's terms. While it opens, the callbacks note how far it got and what the
 * server offers.
 */
#include "net/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 3600000L /* the transfer's own comes first */

/* Those that need no more than a password; libcurl takes the best of them that is offered. */
#define LOGIN_WAYS "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5"

/* --- what libcurl tells while it opens a connection ----------------------------------------------------------------- */

/* CURLOPT_OPENSOCKETFUNCTION. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	MailConnection *connection = arg;
	int fd;

	connection->has_address = true;
	if (purpose != CURLSOCKTYPE_IPCXN || connection->nsockets == CONNECTION_SOCKETS)
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
				address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	connection->sockets[connection->nsockets++] = fd;
	return fd;
}

/* CURLOPT_CLOSESOCKETFUNCTION. */
static int
close_socket(void *arg, curl_socket_t fd)
{
	MailConnection *connection = arg;

	for (int i = 0; i < connection->nsockets; i++)
	{
		if (connection->sockets[i] == fd)
		{
			connection->sockets[i] = connection->sockets[--connection->nsockets];
			break;
		}
	}
	return close(fd);
}

/* CURLOPT_SSL_CTX_FUNCTION: TLS begins. */
static CURLcode
before_tls(CURL *easy, void *tls, void *arg)
{
	MailConnection *connection = arg;

	connection->is_in_tls = true;
	return CURLE_OK;
}

static bool
begins_with(const char *data, size_t length, const char *beginning)
{
	size_t n = strlen(beginning);

	return length >= n && memcmp(data, beginning, n) == 0;
}

/*
 * CURLOPT_DEBUGFUNCTION: of what libcurl says its first word, so that it is known what a reply is for. After a QUIT libcurl would
 * wait for the reply, and nothing else would go on.
 */
static int
hear_command(CURL *easy, curl_infotype type, char *data, size_t length, void *arg)
{
	MailConnection *connection = arg;

	if (type != CURLINFO_HEADER_OUT)
		return 0;
	if (begins_with(data, length, "EHLO ") || begins_with(data, length, "HELO "))
	{
		connection->step = OPENING_HELLO;
		connection->offers = (SmtpOffers) { 0 };
	}
	else if (begins_with(data, length, "STARTTLS"))
		connection->step = OPENING_STARTTLS;
	else if (begins_with(data, length, "AUTH "))
		connection->step = OPENING_LOGIN;
	else if (begins_with(data, length, "QUIT"))
	{
		for (int i = 0; i < connection->nsockets; i++)
			shutdown(connection->sockets[i], SHUT_RDWR);
	}
	return 0;
}

bool
connection_take_line(MailConnection *connection, const char *line, size_t length)
{
	Transfer *transfer = connection->transfer;
	const char *text = "";
	size_t text_length = 0;
	bool is_last = false;

	if (!connection->is_in_reply)
		connection->reply_bytes = 0;
	connection->reply_bytes += length;
	connection->reply_code = smtp_reply_line(line, length, &is_last, &text, &text_length);
	if (connection->reply_code == 0 || connection->reply_bytes > SMTP_REPLY_BYTES)
	{
		connection->is_garbled = true;
		return false;
	}
	if (connection->state == CONNECTION_OPENING && connection->step == OPENING_HELLO)
		smtp_note_offer(&connection->offers, text, text_length);
	if (transfer)
	{
		if (!connection->is_in_reply)
			transfer->answer_length = 0;
		transfer_keep(transfer, text, text_length);
		transfer_keep(transfer, "\n", 1);
	}
	connection->is_in_reply = !is_last;
	return is_last;
}

/* CURLOPT_HEADERFUNCTION: a line of a reply. */
static size_t
read_header(const char *line, size_t size, size_t n, void *arg)
{
	MailConnection *connection = arg;

	connection_take_line(connection, line, size * n);
	return connection->is_garbled ? 0 : size * n;
}

/* --- connections ----------------------------------------------------------------------------------------------------- */

static uint64_t
epoll_name(const MailConnection *connection, int fd)
{
	return (uint64_t) connection->number << 32 | (uint32_t) fd;
}

/* Watches a socket for such events; false = it cannot be. */
static bool
watch(const MailConnection *connection, int fd, uint32_t events)
{
	int epoll_fd = connection->transport->mail_fd;
	struct epoll_event event = { .events = events, .data.u64 = epoll_name(connection, fd) };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
		   (errno == EEXIST && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0);
}

/* CURLMOPT_SOCKETFUNCTION. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	const MailConnection *connection = arg;

	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(connection->transport->mail_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	return watch(connection, fd, loop_epoll_events(what)) ? 0 : -1;
}

/* CURLMOPT_TIMERFUNCTION. */
static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	MailConnection *connection = arg;

	connection->timer_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	return 0;
}

/* What holds for every mail. */
static CURLcode
set_options(MailConnection *connection)
{
	CURL *easy = connection->easy;
	CURLcode code = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* a resolver that hangs is left behind */
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_PROXY, ""); /* not the environment's either */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SASL_IR, 1L);
	SET(CURLOPT_LOGIN_OPTIONS, LOGIN_WAYS);
	SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(CURLOPT_OPENSOCKETDATA, connection);
	SET(CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	SET(CURLOPT_CLOSESOCKETDATA, connection);
	SET(CURLOPT_SSL_CTX_FUNCTION, before_tls);
	SET(CURLOPT_SSL_CTX_DATA, connection);
	SET(CURLOPT_HEADERFUNCTION, read_header);
	SET(CURLOPT_HEADERDATA, connection);
	SET(CURLOPT_VERBOSE, 1L); /* hear_command hears of it, and nobody else */
	SET(CURLOPT_DEBUGFUNCTION, hear_command);
	SET(CURLOPT_DEBUGDATA, connection);
	return code;
}

CURLcode
connection_set_server(MailConnection *connection, const TransportRequest *request)
{
	const TransferSettings *settings = &connection->transport->settings;
	CURL *easy = connection->easy;
	CURLcode code;
	bool is_made;

	curl_easy_reset(easy);
	curl_slist_free_all(connection->connect_to);
	connection->connect_to = transfer_connect_to(settings->connect_to, &is_made);
	if (!is_made)
		return CURLE_OUT_OF_MEMORY;
	code = set_options(connection);
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_CONNECT_TO, connection->connect_to);
	SET(CURLOPT_USE_SSL, (long) (request->requires_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (connection->logs_in)
	{
		SET(CURLOPT_USERNAME, request->username);
		SET(CURLOPT_PASSWORD, request->password ? request->password : "");
	}
	return code == CURLE_OK ? transfer_set_certificates(easy, settings->ca_file) : code;
}

void
connection_free(MailConnection *connection)
{
	curl_easy_cleanup(connection->easy);
	curl_multi_cleanup(connection->multi);
	curl_slist_free_all(connection->connect_to);
	free(connection->key);
	free(connection);
}

MailConnection *
connection_make(struct Transport *transport)
{
	MailConnection *connection = calloc(1, sizeof(*connection));
	CURLM *multi;

	if (!connection)
		return NULL;
	connection->transport = transport;
	connection->number = transport->mail_connections ? transport->mail_connections->number + 1 : 0;
	connection->timer_ms = -1;
	connection->easy = curl_easy_init();
	connection->multi = multi = curl_multi_init();
	if (!connection->easy || !multi ||
		curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
		curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, connection) != CURLM_OK ||
		curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
		curl_multi_setopt(multi, CURLMOPT_TIMERDATA, connection) != CURLM_OK)
	{
		connection_free(connection);
		return NULL;
	}
	connection->next = transport->mail_connections;
	transport->mail_connections = connection;
	return connection;
}

bool
connection_open(MailConnection *connection)
{
	connection->step = OPENING_NOTHING;
	connection->has_address = false;
	connection->is_in_tls = false;
	connection->offers = (SmtpOffers) { 0 };
	connection->is_in_reply = false;
	connection->is_garbled = false;
	connection->reply_code = 0;
	connection->line_length = 0;
	connection->is_old = false;
	connection->needs_reset = false;
	connection->talk = (SmtpTalk) { 0 };
	connection->state = CONNECTION_OPENING;
	return curl_multi_add_handle(connection->multi, connection->easy) == CURLM_OK;
}

bool
connection_turn(MailConnection *connection, curl_socket_t fd, int events, CURLcode *code)
{
	const CURLMsg *message;
	int n;

	if (fd == CURL_SOCKET_TIMEOUT)
		connection->timer_ms = -1;
	curl_multi_socket_action(connection->multi, fd, events, &n);
	message = curl_multi_info_read(connection->multi, &n);
	if (!message || message->msg != CURLMSG_DONE)
		return false;
	*code = message->data.result;
	connection->timer_ms = -1;
	return true;
}

TransferPhase
connection_phase(const MailConnection *connection)
{
	curl_off_t handshake_us = 0;

	if (!connection->has_address)
		return TRANSFER_RESOLVE;
	if (connection->step == OPENING_LOGIN)
		return TRANSFER_LOGIN;
	if (connection->step == OPENING_STARTTLS)
		return TRANSFER_TLS;
	curl_easy_getinfo(connection->easy, CURLINFO_APPCONNECT_TIME_T, &handshake_us);
	return connection->is_in_tls && handshake_us == 0 ? TRANSFER_TLS : TRANSFER_CONNECT;
}

bool
connection_watch(const MailConnection *connection, uint32_t events)
{
	return watch(connection, connection->sockets[0], events);
}

void
connection_close(MailConnection *connection)
{
	size_t sent;

	if (connection->state == CONNECTION_OPEN && !connection->transfer)
		curl_easy_send(connection->easy, "QUIT\r\n", 6, &sent);
	curl_multi_remove_handle(connection->multi, connection->easy);
	connection->state = CONNECTION_CLOSED;
	connection->timer_ms = -1;
}
