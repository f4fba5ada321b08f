/*
 * The answer about a booking, which booking and moving share.
 */
#ifndef OPENCALENDLY_BOOK_H
#define OPENCALENDLY_BOOK_H

#include "data/booking.h"
#include "verbs/check.h"

/* Answers one row about a booking, with its links; old: the booking that it replaces, or NULL. */
extern void answer_booking(FunctionCallInfo fcinfo, const Booking *booking, const char *status,
						   bool replayed, const Booking *old);

#endif
