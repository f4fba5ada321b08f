/*
 * The route table: which function of the database answers which method and path.
 */
#ifndef SHIM_ROUTES_H
#define SHIM_ROUTES_H

#include <stdbool.h>

#include "limits.h"

#define MAX_ROUTES 128
#define MAX_PARAMS 12
#define MAX_SEGMENTS 8

typedef enum Auth
{
	AUTH_NONE,
	AUTH_SESSION, /* a bearer token, or the cookie; the function proves it */
} Auth;

typedef enum Cache
{
	CACHE_NO_STORE,
	CACHE_CHECK, /* no-cache, with an ETag */
} Cache;

typedef enum ParamSource
{
	PARAM_PATH,
	PARAM_QUERY,
	PARAM_BODY,
	PARAM_SESSION,
	PARAM_CLIENT,          /* the client's address; null where limits per client are off */
	PARAM_IDEMPOTENCY_KEY, /* headers, without quotes; null if absent */
	PARAM_IF_MATCH,
	PARAM_IF_NONE_MATCH,
	PARAM_USER_AGENT,
	PARAM_SESSION_MODE, /* X-Session */
	PARAM_HEADER,       /* any other, by its name */
	PARAM_ORIGINS,      /* those that the settings allow, space separated; null: none */
	PARAM_FORM,         /* the fields of a form, as JSON */
} ParamSource;

typedef struct Param
{
	ParamSource source;
	const char *name; /* of a path's or query's; of a header as it is written; "body" */
	int segment;      /* of the path */
} Param;

typedef struct Route
{
	const char *method;
	const char *path; /* ":name" stands for any one segment */
	const char *
		function; /* of schema opencalendly; answers an api_answer. NULL: a page that needs no data */
	const char *params; /* its arguments: words as in routes.c */
	/*
	 * Another function, NULL: none. It waits for what the first has begun: called with the same arguments in a transaction
	 * of its own, if the first has answered 200 without a body. The answer is the second's.
	 */
	const char *then;
	Auth auth;
	LimitClass limit;
	Cache cache;
	bool is_public;     /* any origin may call it (CORS) */
	bool makes_booking; /* a 200 counts against LIMIT_BOOKED */
	const char *type;   /* of the answer; NULL: JSON */
	const char *page;   /* the template of a page; NULL: it is a route of the API */
	bool is_private;    /* the page is for who has its link alone */
	bool is_embeddable; /* pages of other sites may show it in a frame */
	/* made by routes_start: */
	int number;
	Param param[MAX_PARAMS];
	int nparams;
	const char *segment[MAX_SEGMENTS];
	int nsegments;
	bool has_token; /* a link's token is in the path */
	const char *sql;
	const char *statement; /* its name when prepared */
	const char *then_sql;
	const char *then_statement;
} Route;

/* What a path has led to. */
typedef struct RouteMatch
{
	const Route *route; /* NULL: none for this method */
	char allow[64];     /* the methods that there are for the path; "": no such path */
} RouteMatch;

extern Route routes[];
extern int nroutes;

extern void routes_start(void);

/* segments are the path's, decoded. HEAD is looked up as GET. */
extern RouteMatch route_find(const char *method, char *const *segments, int nsegments);

/* Prints a line for each: method, path, function, parameters, auth, limit, cache, what it waits by. */
extern void routes_show(void);

#endif
