/*
 * The parts of the transport among themselves. A Transfer is made once, and used again for one request after another,
 * because an easy handle with its options set is dear to make.
 *
 *   transport.c  opens, takes requests, hands out results, closes
 *   transfer.c   one request in libcurl's terms: the options, and what the callbacks see
 *   loop.c       epoll and the timer under curl_multi_socket_action
 *   verdict.c    what came of it: phase, error, Retry-After
 */
#ifndef OPENCALENDLY_TRANSFER_H
#define OPENCALENDLY_TRANSFER_H

#include <curl/curl.h>

#include "net/transport.h"

/* More of an answer than that is not read. */
#define ANSWER_BODY_BYTES 65536
#define ANSWER_HEADER_BYTES 65536

typedef struct Transfer
{
	struct Transport *transport;
	struct Transfer *next_made; /* all that were made */
	struct Transfer *next;      /* idle ones, or finished ones in their order */
	CURL *easy;
	bool is_ready; /* has the options that hold for every request */
	struct curl_slist *headers;
	size_t body_length;
	bool is_https;
	int64_t begun_ms;

	/* What the callbacks have seen. */
	bool was_refused;  /* an address that may not be connected to */
	bool has_address;  /* the name was found: a socket was opened, or refused */
	bool is_in_tls;    /* connected */
	bool is_connected; /* to an allowed address, TLS included */
	int tries;         /* connections that were good until the request was sent */
	bool is_long;      /* the body goes on behind ANSWER_BODY_BYTES */
	bool is_flooded;   /* the headers go on behind ANSWER_HEADER_BYTES */
	size_t body_bytes;
	size_t header_bytes;
	int64_t retry_after_s;

	TransferResult result;
} Transfer;

struct Transport
{
	CURLM *multi;
	int epoll_fd;
	int64_t timer_ms; /* when libcurl wants to be called, by now_ms(); -1 = not at all */
	Transfer *made;
	Transfer *idle;
	Transfer *finished;
	Transfer **finished_end;
	int capacity;
	int in_flight;
	long timeout_ms;
	long connect_timeout_ms;
	char user_agent[128];
	char ca_file[1024];
	EgressList allow;
};

/* The monotonic clock. */
extern int64_t now_ms(void);

/* transfer.c: a new one without a request; NULL = out of memory. */
extern Transfer *transfer_make(struct Transport *transport);

/* Gives it a request by the settings of now. */
extern CURLcode transfer_prepare(Transfer *transfer, const TransportRequest *request);

/* Forgets the request. */
extern void transfer_forget(Transfer *transfer);

extern void transfer_free(Transfer *transfer);

/* loop.c: gives the multi handle its callbacks; false = it cannot be. */
extern bool loop_attach(struct Transport *transport);

/* Tells libcurl of the sockets that are ready, and of the time. */
extern void loop_turn(struct Transport *transport);

/* verdict.c: fills in the result of a transfer that libcurl has ended with this code. */
extern void verdict_reach(Transfer *transfer, CURLcode code);

/* Seconds from `now` (Unix time) by the value of a Retry-After header, len bytes (RFC 9110, 10.2.3); -1 = it makes no sense. */
extern int64_t retry_after_seconds(const char *value, size_t len, int64_t now);

#endif
