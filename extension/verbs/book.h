/*
 * What booking, moving and holding share: the locked, latest view of one slot, and the answer about a booking.
 */
#ifndef OPENCALENDLY_BOOK_H
#define OPENCALENDLY_BOOK_H

#include "data/booking.h"
#include "data/hold.h"
#include "verbs/check.h"

/* What a writer works on, once it has its locks: loaded in a latest snapshot. */
typedef struct SlotTaking
{
	int64 now;
	EventType *event;
	Hold *hold; /* the caller's own live hold; NULL: none */
	OfferedSlot slot;
	pg_uuid_t hosts[1]; /* who attends */
	int nhosts;
} SlotTaking;

/*
 * Locks what a start of the event type concerns, and loads it: taking_lock and taking_load for who has nothing locked
 * yet. If it would have to wait it looks first whether the start is offered at all, so that many who want a time that
 * is gone are told at once instead of one after the other.
 */
extern void taking_begin(SlotTaking *taking, const pg_uuid_t *event_type_id, int64 starts_at,
						 const char *hold_token);

/*
 * Locks the hosts that a start of the event type and the caller's hold concern, and drops their expired holds. old: a
 * booking that is to move, whose hosts are locked, too; or NULL.
 */
extern void taking_lock(const pg_uuid_t *event_type_id, const char *hold_token, const Booking *old,
						int64 now);

/*
 * After taking_lock: loads event type and hold, checks that the start is offered as compute_slots would show it with
 * the hold and the old booking left out. Raises OC001, OC002 (inactive counts unless there is an old booking).
 */
extern void taking_load(SlotTaking *taking, const pg_uuid_t *event_type_id, int64 starts_at,
						const char *hold_token, const Booking *old);

/* The same for an organizer, who may leave all but claims, busy windows and the future. */
extern void taking_load_for_organizer(SlotTaking *taking, int64 starts_at, const Booking *old);

/* Gives up the hold, takes the seat and writes the booking: booking has all fields but seat and times. */
extern void taking_book(SlotTaking *taking, Booking *booking);

/* Raises OC001 for a start that is not offered. */
extern void raise_not_available(int64 starts_at, const char *why) pg_attribute_noreturn();

/* Answers one row about a booking, with its links; old: the booking that it replaces, or NULL. */
extern void answer_booking(FunctionCallInfo fcinfo, const Booking *booking, const char *status,
						   bool replayed, const Booking *old);

#endif
