/*
 * What Google's answers mean, and how it is asked; for reading calendars (world/calendar.h) and for writing into them
 * (world/writeback.h).
 *
 * What Google says in words is not shown to anybody, for it may hold what was sent: errors are told by status and reason, a
 * word of a known form.
 */
#ifndef OPENCALENDLY_GOOGLE_H
#define OPENCALENDLY_GOOGLE_H

#include "compat.h"
#include "lib/stringinfo.h"
#include "net/transport.h"
#include "utils/jsonb.h"

typedef enum GoogleVerdict
{
	GOOGLE_DONE,         /* 2xx */
	GOOGLE_RETRY,        /* no whole answer, trouble of its own, too many requests */
	GOOGLE_UNAUTHORIZED, /* 401: the access token is dead */
	GOOGLE_CONFLICT,     /* 409: it is there already */
	GOOGLE_GONE,         /* 404, 410 */
	GOOGLE_REFUSED
} GoogleVerdict;

/* What a transfer has come to; error says it in words for people, "" if it is done. Raises nothing. */
extern GoogleVerdict google_judge(const TransferResult *result, char *error, size_t size);

/*
 * The word by which an answer tells why it is none: of the Calendar API error.errors[0].reason, of OAuth error (RFC 6749,
 * 5.2). Palloc'ed; NULL: it tells none, or none of a word's form.
 */
extern char *google_reason(const TransferResult *result);

/* The answer as a JSON object, palloc'ed; NULL: it is none. Raises nothing. */
extern Jsonb *google_json(const TransferResult *result);

/* The same of a text that is not from the wire's end: len bytes. */
extern Jsonb *google_json_of(const char *text, size_t len);

/*
 * The string or number at a path of members, as text, palloc'ed; NULL: there is none. The names are arguments, a NULL ends
 * them: google_json_text(object, "start", "dateTime", NULL).
 */
#define google_json_text(object, ...) \
	google_json_text_at(object, (const char *const[]) { __VA_ARGS__ })
extern char *google_json_text_at(const Jsonb *object, const char *const *names);

/* Whether it has a member of that name that is an array, an object. */
extern bool google_json_has_array(const Jsonb *object, const char *name);
extern bool google_json_has_object(const Jsonb *object, const char *name);

/* Overwrites it, for it holds secrets. */
extern void google_json_forget(Jsonb *object);

/* Adds a text in which all but the unreserved characters of RFC 3986 are escaped. */
extern void google_append_escaped(StringInfo to, const char *text);

/* https://www.googleapis.com/calendar/v3/calendars/<calendar, escaped>/<rest>, palloc'ed. */
extern char *google_calendar_url(const char *calendar, const char *rest);

/*
 * Begins a request, whose answer is kept. access_token, content_type and body may be NULL; whatever of them is a secret is
 * the caller's to forget. False: out of memory.
 */
extern bool google_begin(const TransportApi *api, Transport *transport, void *tag,
						 const char *method, const char *url, const char *access_token,
						 const char *content_type, const char *body);

#endif
