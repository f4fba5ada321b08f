/*
 * Why a start is not offered: the rules that stand in the way of it.
 */
#ifndef OPENCALENDLY_EXPLAIN_H
#define OPENCALENDLY_EXPLAIN_H

#include "data/sweep.h"

/*
 * Is given each reason, one of explain_slot's, with a sentence of facts: of an attendee, or (attendee NULL) of the event
 * type. An attendee about whom nothing is said is free.
 */
typedef void (*RefusalSink)(void *arg, const Attendee *attendee, const char *reason,
							const char *detail);

/* The sweep was begun for a range of one microsecond, the start to explain; it may have been asked for slots since. */
extern void explain_refusals(const Sweep *sweep, RefusalSink sink, void *sink_arg);

#endif
