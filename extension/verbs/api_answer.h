/*
 * What an api_* function in C returns: a row of opencalendly.api_answer.
 */
#ifndef OPENCALENDLY_API_ANSWER_H
#define OPENCALENDLY_API_ANSWER_H

#include "compat.h"
#include "fmgr.h"

/* NULL: null. */
typedef struct ApiAnswer
{
	int status;
	text *body;
	const char *etag; /* without quotes */
	const char *next_cursor;
	const char *location; /* a path */
} ApiAnswer;

extern Datum api_answer(FunctionCallInfo fcinfo, const ApiAnswer *answer);

/* A text argument, palloc'ed; NULL if it is null or empty, which is how a parameter of a query is absent. */
extern char *api_parameter(FunctionCallInfo fcinfo, int arg);

#endif
