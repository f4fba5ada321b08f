/*
 * The parts of the transport among themselves. A Transfer is made once, and used again for one request after another,
 * because an easy handle with its options set is dear to make.
 *
 *   transport.c  the owner's side: opens, takes requests, hands out results, closes
 *   request.c    the copy of a request that is handed over
 *   thread.c     the thread that all the following runs in, and the way there and back
 *   transfer.c   one HTTP request in libcurl's terms: the options, and what the callbacks see
 *   mailer.c     mails, and the connections to mail servers (connection.c) that they go over
 *   talk.c       the telling of a mail (letter.c) over a connection, in SMTP's words (smtp.c)
 *   loop.c       epoll and the timer under curl_multi_socket_action
 *   verdict.c    what came of it: phase, error, Retry-After
 */
#ifndef OPENCALENDLY_TRANSFER_H
#define OPENCALENDLY_TRANSFER_H

#include <curl/curl.h>
#include <pthread.h>

#include "net/transport.h"

/* More headers than that are not read. */
#define ANSWER_HEADER_BYTES 65536

typedef struct Transfer
{
	struct Transport *transport;
	struct Transfer *next_made; /* all that were made */
	struct Transfer *next;      /* of the list that it is in */
	TransportRequest *request;  /* NULL = it is idle */
	CURL *easy;                 /* of a mail its connection has one */
	bool is_ready;              /* has the options that hold for every request */
	RequestKind kind;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	size_t body_length;
	bool is_https;
	int64_t begun_ms;

	/* What the callbacks have seen. */
	bool was_refused;  /* an address that may not be connected to */
	bool has_address;  /* the name was found: a socket was opened, or refused */
	bool is_in_tls;    /* connected */
	bool is_connected; /* to an allowed address, TLS included */
	int tries;         /* connections that were good until the request was sent */
	bool is_long;      /* the body goes on behind the answer's limit */
	bool tells_end;    /* the answer has a length, or chunks */
	bool is_flooded;   /* the headers go on behind ANSWER_HEADER_BYTES */
	size_t body_bytes;
	size_t header_bytes;
	int64_t retry_after_s;

	bool keeps_answer;
	size_t answer_limit;
	char *answer; /* NULL = nothing was kept */
	size_t answer_length;
	size_t answer_room; /* that it has, beside its NUL */
	TransferResult result;
} Transfer;

typedef struct MailConnection MailConnection;

/* In the order in which they came. */
typedef struct TransferList
{
	Transfer *first;
	Transfer *last;
} TransferList;

typedef struct TransferSettings
{
	long timeout_ms;
	long connect_timeout_ms;
	char user_agent[128];
	char ca_file[1024];
	char connect_to[1024];
	int most_mails; /* under way to a server at a time; 0 = any number */
} TransferSettings;

/* Of what is whose, thread.c tells more. */
struct Transport
{
	/* The owner's. */
	Transfer *made;
	Transfer *idle;
	Transfer *told; /* whose result the owner has taken last */
	TransferList finished;
	int in_flight;
	int capacity; /* before the thread is there */
	pthread_t thread;

	/* Both's, under the lock. */
	pthread_mutex_t lock;
	TransferList begun;
	TransferList ended;
	int begun_fd; /* readable while there is something in `begun`, or is_closing */
	int ended_fd; /* readable while there is something in `ended` */
	TransferSettings wanted;
	EgressList allow;
	bool is_closing;

	/* The thread's, as long as it is there. */
	TransferSettings settings; /* for what begins now */
	TransferList over;         /* to be handed back */
	int under_way;
	CURLM *multi;
	int epoll_fd;
	int mail_fd; /* epoll of the mails' connections; among epoll_fd's */
	MailConnection *mail_connections;
	struct WaitingLetter *waiting; /* for a connection, in their order */
	int64_t timer_ms; /* when libcurl wants to be called, by now_ms(); -1 = not at all */
};

/* Sets an option of `easy`; the first error counts, and stays in `code`. */
#define SET(option, value)                                \
	do                                                    \
	{                                                     \
		if (code == CURLE_OK)                             \
			code = curl_easy_setopt(easy, option, value); \
	} while (0)

/* The monotonic clock. */
extern int64_t now_ms(void);

extern void transfer_list_add(TransferList *list, Transfer *transfer);

/* Takes the first one out; NULL = there is none. */
extern Transfer *transfer_list_take(TransferList *list);

/* request.c: a copy in one piece, for free(); NULL = out of memory. */
extern TransportRequest *request_copy(const TransportRequest *request);

/* thread.c, for the owner. False = there is no thread. */
extern bool thread_start(struct Transport *transport);

/* Abandons what is under way. Then all of the transport is the owner's. */
extern void thread_stop(struct Transport *transport);

extern void thread_configure(struct Transport *transport, const TransportSettings *settings);

/* Hands it over, with its request. */
extern void thread_begin(struct Transport *transport, Transfer *transfer);

/* Takes over what is over, if there is something. */
extern TransferList thread_collect(struct Transport *transport);

/* transfer.c: a new one without a request; NULL = out of memory. */
extern Transfer *transfer_make(struct Transport *transport);

/* What holds for HTTP and a mail: it begins now, and nothing is known of it. */
extern void transfer_begin(Transfer *transfer, const TransportRequest *request);

/* Gives it a request by the settings of now. */
extern CURLcode transfer_prepare(Transfer *transfer, const TransportRequest *request);

/* The file of the settings, or the certificates that libcurl was built with. */
extern CURLcode transfer_set_certificates(CURL *easy, const char *ca_file);

/* The setting's pairs, one each; NULL = none, and *is_made tells whether that is for want of memory. */
extern struct curl_slist *transfer_connect_to(const char *pairs, bool *is_made);

extern bool transfer_has_control_character(const char *text);

/* Keeps more of the answer, if it is wanted, up to its limit; false = out of memory. */
extern bool transfer_keep(Transfer *transfer, const char *data, size_t length);

/* Forgets what libcurl was given. */
extern void transfer_forget(Transfer *transfer);

extern void transfer_free(Transfer *transfer);

/* thread.c, for the thread: its result is there, and it goes back to the owner. */
extern void transport_finish(Transfer *transfer);

/* mailer.c: the transport's side of it. False = it cannot be. */
extern bool mailer_open(struct Transport *transport);

/* Begins a mail; false = out of memory. What comes of it comes by transport_finish. */
extern bool mailer_begin(Transfer *transfer, const TransportRequest *request);

/* Closes the connection that has been idle for longest, if there are as many as places are left. */
extern void mailer_make_room(struct Transport *transport);

/* When mailer_turn() has something to do anyway, by now_ms(); -1 = never. */
extern int64_t mailer_timer_ms(const struct Transport *transport);

/* Does what can be done without waiting. */
extern void mailer_turn(struct Transport *transport);

/* Abandons what is under way. */
extern void mailer_close(struct Transport *transport);

/* loop.c: gives the multi handle its callbacks; false = it cannot be. */
extern bool loop_attach(struct Transport *transport);

/* What epoll calls events, in libcurl's words, and the other way round. */
extern uint32_t loop_epoll_events(int what);
extern int loop_curl_events(uint32_t events);

/* Waits for sockets, the time or the owner, and tells libcurl of it. */
extern void loop_turn(struct Transport *transport);

/* verdict.c: fills in the result of a transfer that libcurl has ended with this code. */
extern void verdict_reach(Transfer *transfer, CURLcode code);

extern void verdict_set(Transfer *transfer, TransferPhase phase, const char *error);

/*
 * A verdict on what libcurl says of any protocol: the look-up, the connection, TLS, and a connection that is lost in the
 * phase that was reached. False = it says something else.
 */
extern bool verdict_on_connection(Transfer *transfer, CURL *easy, CURLcode code,
								  TransferPhase reached);

/* Seconds from `now` (Unix time) by the value of a Retry-After header, len bytes (RFC 9110, 10.2.3); -1 = it makes no sense. */
extern int64_t retry_after_seconds(const char *value, size_t len, int64_t now);

#endif
