/*
 * Guards for the arguments of the verbs: each returns the argument in C's form, or raises OC006 with a DETAIL that
 * names the field and the value. Also the parts that rows of answers are made of.
 */
#ifndef OPENCALENDLY_CHECK_H
#define OPENCALENDLY_CHECK_H

#include "compat.h"
#include "fmgr.h"
#include "pure/interval.h"
#include "utils/uuid.h"

#define MAX_RANGE_DAYS 366
#define MAX_TOKEN_LENGTH 256

/* Argument number arg; null raises. */
extern const pg_uuid_t *check_uuid(FunctionCallInfo fcinfo, int arg, const char *field);

/* 1900-01-01 and 10000-01-01, from 2000-01-01: sums of instants and lengths cannot overflow. */
#define EARLIEST_INSTANT (-36524 * USECS_IN_DAY)
#define LATEST_INSTANT (2921940 * USECS_IN_DAY)

static inline bool
is_instant_in_bounds(int64 instant)
{
	return instant >= EARLIEST_INSTANT && instant < LATEST_INSTANT;
}

/* A finite instant from 1900 to 9999. */
extern int64 check_instant(FunctionCallInfo fcinfo, int arg, const char *field);

/* Raises unless the text argument has from min to max characters. */
extern char *check_text(FunctionCallInfo fcinfo, int arg, const char *field, int min, int max);
extern char *check_text_or_null(FunctionCallInfo fcinfo, int arg, const char *field, int min,
								int max);

/* A name that people read: 1 to 120 characters, not blank, no control characters. */
extern char *check_name(FunctionCallInfo fcinfo, int arg, const char *field);

/* An address of at most 320 characters, given back in lower case. */
extern char *check_email(FunctionCallInfo fcinfo, int arg, const char *field);

extern char *check_zone_or_null(FunctionCallInfo fcinfo, int arg, const char *field);

/* A well-formed hold token or NULL for null; raises OC003. */
extern char *check_hold_token_or_null(FunctionCallInfo fcinfo, int arg);

/* Raises OC006: "<field> <rule>", with the value, cut short, as detail. */
extern void raise_bad_input(const char *field, const char *rule, const char *value)
	pg_attribute_noreturn();

/* An instant for a message, palloc'ed. */
extern char *show_instant(int64 instant);

/* The one row that a set-returning verb answers. */
extern void answer_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

#endif
