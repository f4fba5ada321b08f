/*
 * How often a client may ask. A limit is so many requests in a window that begins with the first of them. Kept in memory
 * of a fixed size: when it is full, those windows of a neighbourhood are forgotten that end first. Several shims count
 * each for itself.
 */
#ifndef SHIM_LIMITS_H
#define SHIM_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum LimitClass
{
	LIMIT_NONE,
	LIMIT_PAGE,    /* reading a booking page: by client and page */
	LIMIT_BOOKING, /* holding, booking, canceling: by client and route */
	LIMIT_MAGIC,   /* asking for a sign-in link: by client */
	LIMIT_AUTH,    /* all that needs a session: by client */
	LIMIT_BOOKED,  /* bookings that were made: by client */
	LIMIT_CLASSES
} LimitClass;

typedef struct LimitState
{
	const char *name;
	int limit;
	int window_seconds;
	bool is_allowed;
	int remaining;
	int reset_seconds; /* until the window ends, at least 1 */
} LimitState;

extern void limits_start(void);

/* Counts one, if there is one left. subject: what is counted within the class. */
extern LimitState limit_take(LimitClass class, const char *client, const char *subject);

/* Gives back what limit_take has counted. */
extern void limit_return(LimitClass class, const char *client, const char *subject);

#endif
