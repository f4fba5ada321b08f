/*
 * An answer: status, headers and body in one write.
 */
#ifndef SHIM_ANSWER_H
#define SHIM_ANSWER_H

#include "assets.h"
#include "config.h"
#include "limits.h"
#include "pool.h"
#include "request.h"

typedef struct Answer
{
	int status;
	const char *type;
	const char *body;
	size_t body_len;
	const char *cache_control;
	const char *code;   /* of an error, for the log */
	char sqlstate[6];   /* "": the database has said nothing */
	const char *cause;  /* of a 5xx, for the log */
	bool is_page;       /* of the pages, not of the API: another security policy */
	bool is_private;    /* for who has the link alone: search engines shall leave it out */
	bool is_embeddable; /* other sites' pages may show it in a frame, or load it */
	Text headers;       /* further ones, each with its CRLF */
	Text made;          /* the body of an error, or a page */
	Text gzipped;       /* and that compressed */
} Answer;

extern void answer_clear(Answer *answer);

/* A JSON body that stands as long as the answer. */
extern void answer_json(Answer *answer, int status, const char *body, size_t len);

/* An error of the shim's own: code HTTP_404 and so on. field may be NULL. */
extern void answer_refusal(Answer *answer, const Request *request, Refusal refusal);

/* What the database has answered to a route's call: rows, an error, or nothing. */
extern void answer_database(Answer *answer, const Request *request, const Config *config,
							const DbAnswer *result);

/* Limits as they stand: RateLimit, RateLimit-Policy. */
extern void answer_limit(Answer *answer, const LimitState *limit);

/* Retry-After, if the status is one of those that have it. */
extern void answer_add_retry(Answer *answer);

/* The status of an error of the database's. */
extern int answer_status(const char *sqlstate);

/* A file, or 304 if the client has it. */
extern void answer_asset(Answer *answer, const Request *request, const Asset *asset,
						 bool is_immutable);

/* Access-Control-...: origin is the request's, may be NULL. */
extern void answer_origin(Answer *answer, const Request *request, const Config *config,
						  bool is_public);

/* Writes it to the client; returns how many bytes the body had. */
extern size_t answer_write(Answer *answer, Request *request, Text *out, const char *base_url);

#endif
