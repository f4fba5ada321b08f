/*
 * One request as it came: what CivetWeb's parser lets through and must not is refused here, path and query are decoded, the
 * body is read with a deadline. ../docs/http.md tells what is refused and why.
 */
#ifndef SHIM_REQUEST_H
#define SHIM_REQUEST_H

#include <civetweb.h>
#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "config.h"
#include "routes.h"
#include "text.h"

#define MAX_REQUEST_BYTES 16384 /* without the body: the size of CivetWeb's buffer */
#define MAX_BODY_BYTES 65536
#define BODY_SECONDS 10
#define REQUEST_ARENA_BYTES 65536
#define REQUEST_ID_SIZE 65

typedef struct Request
{
	struct mg_connection *conn;
	const struct mg_request_info *info;
	const char *buffer; /* where CivetWeb puts this thread's requests, as far as is known */
	int64_t began_us;   /* of the monotonic clock */
	char id[REQUEST_ID_SIZE];
	char client[CLIENT_KEY_SIZE];
	bool is_head;
	bool closes; /* the connection ends with the answer */
	char *segments[MAX_SEGMENTS];
	int nsegments;
	RouteMatch match;
	Text body;
	Text form;            /* its fields as JSON */
	bool has_unread_body; /* the connection cannot go on */
	char *arena;          /* decoded values */
	size_t arena_used;
} Request;

/* Why a request is refused; status 0: it is not. */
typedef struct Refusal
{
	int status;
	const char *field; /* NULL: none in particular */
	const char *message;
} Refusal;

/* Takes the request over from CivetWeb; the body is not read yet. */
extern void request_begin(Request *request, struct mg_connection *conn, const Config *config);

/* Shapes that are no single request to every reader; they end the connection. */
extern Refusal request_check_framing(Request *request);

/* Splits and decodes the path. */
extern Refusal request_read_path(Request *request);

extern Refusal request_read_body(Request *request);

/* A header's value, NULL if it is absent. */
extern const char *request_header(const Request *request, const char *name);

/* The values of the route's parameters, NULL where they are absent. */
extern Refusal request_read_values(Request *request, const Config *config, const char **values);

/* The session's token: of the Authorization header, or else of the cookie. */
extern const char *request_session(Request *request, bool *is_cookie);

#endif
