/*
 * Bookings' links as arguments: the token, and how long it says anything.
 */
#ifndef OPENCALENDLY_LINK_H
#define OPENCALENDLY_LINK_H

#include "data/booking.h"
#include "data/keys.h"
#include "fmgr.h"

/* Reads and proves the token in a text argument; raises OC003 or, for null, OC006. */
extern Link check_link(FunctionCallInfo fcinfo, int arg);

/* The same, of a link that reschedules; another one raises OC003. */
extern Link check_reschedule_link(FunctionCallInfo fcinfo, int arg);

/* Raises OC003 if there is no booking, OC004 from 30 days after its end on. */
extern void check_remembered(const Booking *booking, int64 now);

/* Raises OC005 unless the booking can be moved as far as its status goes: a moved one is not judged. */
extern void check_can_move(const Booking *booking);

/* Raises OC005: the booking was moved, to successor if that is not NULL. */
extern void raise_moved(const Booking *successor) pg_attribute_noreturn();

#endif
