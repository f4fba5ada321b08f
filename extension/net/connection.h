/*
 * A connection to a mail server: how it is opened, what is known of it, and how a letter goes over it. mailer.c has them all.
 *
 * libcurl finds the server, connects, speaks TLS and logs in (CURLOPT_CONNECT_ONLY), and then leaves the connection to us. Each
 * has a multi handle of its own: from a shared one libcurl would take it away as soon as the server says something while
 * nobody reads.
 */
#ifndef OPENCALENDLY_CONNECTION_H
#define OPENCALENDLY_CONNECTION_H

#include "net/smtp.h"
#include "net/transfer.h"

#define CONNECTION_SOCKETS 4 /* that libcurl tries at a time for one connection */
#define CONNECTION_LINE_BYTES 4096

typedef enum ConnectionState
{
	CONNECTION_CLOSED,
	CONNECTION_OPENING, /* in libcurl's hands */
	CONNECTION_OPEN
} ConnectionState;

/* What libcurl has said last while it opens a connection. */
typedef enum OpeningStep
{
	OPENING_NOTHING,
	OPENING_HELLO,
	OPENING_STARTTLS,
	OPENING_LOGIN
} OpeningStep;

struct MailConnection
{
	struct Transport *transport;
	struct MailConnection *next;
	uint32_t number; /* epoll tells it */
	CURLM *multi;
	CURL *easy;
	struct curl_slist *connect_to;
	char *key; /* who may use it: server, settings, TLS and login */
	bool logs_in;
	ConnectionState state;
	int sockets[CONNECTION_SOCKETS];
	int nsockets;

	/* While it opens. */
	int64_t timer_ms; /* when libcurl wants to be called; -1 = not at all */
	OpeningStep step;
	bool has_address;
	bool is_in_tls;
	SmtpOffers offers;

	/* What the server says. */
	bool is_in_reply; /* more lines of it follow */
	bool is_garbled;
	int reply_code;
	size_t reply_bytes;
	char line[CONNECTION_LINE_BYTES];
	size_t line_length;

	/* The letter that is under way. */
	Transfer *transfer; /* NULL = none: it is idle, or closed */
	int64_t until_ms;   /* the letter's end, or the idle connection's */
	Letter letter;
	SmtpTalk talk;
	bool is_old;   /* has had a letter before */
	bool has_told; /* the whole of the letter */
	bool needs_reset;
};

/* A closed one without a server, among the transport's; NULL = out of memory. */
extern MailConnection *connection_make(struct Transport *transport);

extern void connection_free(MailConnection *connection);

/* Sets what holds for all who have the connection's key; it must be closed. */
extern CURLcode connection_set_server(MailConnection *connection, const TransportRequest *request);

/* Begins to open it; false = it cannot be. */
extern bool connection_open(MailConnection *connection);

/* Lets libcurl go on opening it; true = it is through, and *code says with what. */
extern bool connection_turn(MailConnection *connection, curl_socket_t fd, int events,
							CURLcode *code);

/* What the opening was at. */
extern TransferPhase connection_phase(const MailConnection *connection);

/* Waits for nothing, not for the reply to QUIT either. */
extern void connection_close(MailConnection *connection);

/* Has an open one watched for such events; false = it cannot be. */
extern bool connection_watch(const MailConnection *connection, uint32_t events);

/*
 * Takes a line of a reply; true = the reply is whole. Its text is the answer of the transfer that is under way, instead of the
 * reply's before. A line that is none leaves is_garbled.
 */
extern bool connection_take_line(MailConnection *connection, const char *line, size_t length);

/* talk.c: begins with the connection's letter; the connection is open. */
extern void talk_begin(MailConnection *connection);

/* Says and hears what can be without waiting. */
extern void talk_go_on(MailConnection *connection);

/* Looks at an idle connection: reads what has come meanwhile, which closes it if it is dead. */
extern void talk_look(MailConnection *connection);

/* libcurl is through with opening it: begins with the letter, or tells why not. */
extern void talk_opened(MailConnection *connection, CURLcode code);

/* Where the letter is. */
extern TransferPhase talk_phase(const MailConnection *connection);

/* The letter is through, and the connection idle; whoever knows better closes it. */
extern void talk_end(MailConnection *connection, TransferPhase phase, int status,
					 const char *error);

#endif
