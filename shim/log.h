/*
 * The log: one JSON object a line on the standard error. Never a path, a query, a header, a body or a token: of a request
 * it tells the route's pattern.
 */
#ifndef SHIM_LOG_H
#define SHIM_LOG_H

#include <stddef.h>
#include <stdint.h>

/* What is told of a request. */
typedef struct RequestRecord
{
	const char *request_id;
	const char *client;
	const char *method;
	const char *route; /* its pattern; NULL: none was found */
	int status;
	int64_t duration_us;
	size_t bytes;
	const char *code;     /* of an error answer: OC001, HTTP_404; NULL: none */
	const char *sqlstate; /* what the database said; NULL: nothing */
	const char *cause;    /* of a 5xx, for the operator; NULL: none */
} RequestRecord;

extern void log_request(const RequestRecord *record);

/* level: info, warning or error. */
extern void log_message(const char *level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
