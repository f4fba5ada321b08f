/*
 * What a worker sends its requests with: many transfers at a time, HTTP and SMTP, in a thread of its
 * own, so that the owner never waits for the network.
 *
 * Words. A transfer is one HTTP request or one mail, and what came of it. Its phase is how far it got: TRANSFER_DONE when a
 * whole answer came (or, of one that is not kept, as much of it as is read), otherwise the step that failed. The owner waits until wait_fd() is readable or
 * timeout_ms() has passed, calls work(), and takes what has finished by next(). Each transfer that begin() has taken comes
 * out of next() once, unless the transport is closed first.
 *
 * Targets. A guarded POST goes where a user wants: an https URL may lead to public addresses and to those of the allow list,
 * an http URL to those of the list alone, and the address that is judged is the one that is connected to. Other requests and
 * mails go where the operator wants, to any address. Redirects are not followed, and no proxy is used.
 *
 * Answers. One that is kept is whole, or the transfer is not done: an answer that breaks off before its end is no answer, and
 * neither is one that is longer than its request allows, or that tells no length and ends with the connection, for nobody can
 * tell that from a cut one. None is asked for compressed: libcurl does not notice that what is packed in one has no end.
 *
 * Mails. One recipient each. A server's replies to MAIL, RCPT, DATA and to the data itself are answers, good or bad:
 * TRANSFER_DONE, and the status is the reply's code. What it says before that is a step that failed: TRANSFER_CONNECT if it
 * is not willing to talk (a greeting or EHLO refused), TRANSFER_TLS, TRANSFER_LOGIN; the status is the reply's code, or 0.
 * TRANSFER_RESPONSE means that all was sent, and nobody knows whether the server has taken the mail. A connection is used
 * for one mail after the other, but never with another login or other demands on TLS.
 *
 * This part knows libcurl and nothing of PostgreSQL: it is the library opencalendly_net, which workers alone load. Only
 * module.c knows the server.
 */
#ifndef OPENCALENDLY_TRANSPORT_H
#define OPENCALENDLY_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/egress.h"

typedef enum RequestKind
{
	REQUEST_GUARDED_POST, /* to a user's URL, http or https */
	REQUEST_OPERATOR,     /* to the operator's, http or https, by any method */
	REQUEST_MAIL          /* to the operator's mail server, smtp or smtps */
} RequestKind;

/* How much of an answer is kept and read, in bytes: unless the request says more, and at most. */
#define ANSWER_LIMIT 65536
#define MAX_ANSWER_LIMIT 16777216

/* All of it is copied but for the tag, which comes back with the result. */
typedef struct TransportRequest
{
	RequestKind kind;
	const char
		*method; /* of the operator's: GET, POST, PATCH, DELETE; NULL = POST, as of all others */
	const char *url; /* of a mail smtp[s]://host[:port][/name that EHLO tells] */
	const char *const
		*headers;     /* of HTTP: "Name: value", NULL ends; none may hold a line end; NULL = none */
	const char *body; /* of a mail the message; line ends become CRLF; GET and DELETE have none */
	size_t body_length;
	bool keeps_answer;
	size_t answer_limit; /* bytes; 0 = ANSWER_LIMIT */
	void *tag;

	/* Of a mail. */
	const char *mail_from; /* bare addresses, ASCII */
	const char *mail_to;
	const char *username; /* NULL = no login */
	const char *password;
	bool requires_tls; /* of smtp: STARTTLS, or nothing is sent */
} TransportRequest;

/* Where a transfer has ended, in the order in which they come. */
typedef enum TransferPhase
{
	TRANSFER_PREPARE, /* the request itself */
	TRANSFER_ADDRESS, /* an address that may not be connected to, and no other answered */
	TRANSFER_RESOLVE, /* the look-up of the name */
	TRANSFER_CONNECT,
	TRANSFER_TLS,
	TRANSFER_LOGIN, /* of a mail */
	TRANSFER_SEND,
	TRANSFER_RESPONSE,
	TRANSFER_DONE
} TransferPhase;

typedef struct TransferResult
{
	void *tag;
	TransferPhase phase;
	int status; /* the answer's, of a mail the last reply's; 0 = none came */
	int elapsed_ms;
	int64_t retry_after_s; /* from now, of seconds or of an HTTP date; -1 = none that makes sense */
	char error[160]; /* "" if the phase is TRANSFER_DONE; never an address, a name or a secret */

	/*
	 * Of a request that keeps its answer: the body as far as it came, or the text of the last reply to a mail, lines
	 * ended by LF, without its code. Ends in a NUL beyond its length; there until next(), work() or close() is called.
	 */
	const char *answer;
	size_t answer_length;
} TransferResult;

/*
 * How many times the time of a transfer a mail server has to judge a message that it has been told (RFC 5321, 4.5.3.2.6, says
 * ten minutes), and how long a mail waits for a connection at most, milliseconds: a mail may be under way so much longer.
 */
#define MAIL_JUDGING_TIMEOUTS 20
#define MAIL_WAIT_MS 5000

/* Copied. The lengths of time are of the whole transfer and of the look-up with the connection, in milliseconds. */
typedef struct TransportSettings
{
	int timeout_ms;
	int connect_timeout_ms;
	const char *user_agent;
	const EgressList *allow;
	const char *ca_file; /* certificates to trust, PEM; "" = the system's */

	/*
	 * How many mails may be under way to a server at a time, with the same login; 0 = any number. More of them wait for a
	 * connection, as long as timeout_ms and at most five seconds; the time of a mail is counted from when it has one.
	 */
	int mail_connections;

	/* "host:port:host:port, ...": where to connect to instead, as of CURLOPT_CONNECT_TO; "" or NULL = nowhere else. */
	const char *connect_to;
} TransportSettings;

typedef struct Transport Transport;

typedef struct TransportApi
{
	/* NULL = out of memory. Sends nothing before it is configured. */
	Transport *(*open)(void);

	/* For what begins from now on; the allow list holds at once, for the connections that are there, too. */
	void (*configure)(Transport *transport, const TransportSettings *settings);

	/* False = out of memory; whatever else is wrong comes out of next(). */
	bool (*begin)(Transport *transport, const TransportRequest *request);

	/* A descriptor that is readable when work() has something to do. */
	int (*wait_fd)(Transport *transport);

	/* Milliseconds until work() has something to do anyway; -1 = nothing is planned. */
	long (*timeout_ms)(Transport *transport);

	/* Does what can be done without waiting. */
	void (*work)(Transport *transport);

	/* Takes one finished transfer; false = there is none. */
	bool (*next)(Transport *transport, TransferResult *result);

	/* How many may be under way at a time, so that the process's descriptors suffice for them and for its owner. */
	int (*capacity)(Transport *transport);

	/* How many have begun and were not taken yet. */
	int (*in_flight)(Transport *transport);

	/* Abandons what is under way; waits for nothing, not for a resolver either. */
	void (*close)(Transport *transport);
} TransportApi;

extern const TransportApi transport_api;

/* For load_external_function. */
extern const TransportApi *opencalendly_transport(void);

#endif
