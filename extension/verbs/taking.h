/*
 * Taking a slot: what booking, moving and holding share. The locks, the locked and latest view of one start, who will
 * attend, and what it means to book it.
 */
#ifndef OPENCALENDLY_TAKING_H
#define OPENCALENDLY_TAKING_H

#include "data/hold.h"
#include "data/ledger.h"

/* What a caller wants. */
typedef struct Wish
{
	const pg_uuid_t *event_type_id;
	int64 starts_at;
	const char *hold_token; /* NULL: none */
	const Booking *old;     /* that is to move; NULL: none */
	bool by_organizer;      /* who may leave all but claims, busy windows and the future */
} Wish;

/* What a writer works on, once it has its locks: as it is in a latest snapshot. */
typedef struct SlotTaking
{
	int64 now;
	EventType *event;
	Hold *hold; /* the caller's own live hold; NULL: none */
	Attendance attendance;
	Pick pick;    /* of a round robin */
	uint64 state; /* of the database, before it was looked at; see claim_state */
} SlotTaking;

/*
 * Locks what the wish concerns and loads it; the start is offered as compute_slots would show it with the hold and the old
 * booking left out. A round robin picks its host here. Who would have to wait looks first whether the start is offered at
 * all, so that many who want a time that is gone are told at once instead of one after the other. Raises OC001, OC002 (an
 * inactive event type counts unless there is an old booking).
 */
extern void taking_begin(SlotTaking *taking, const Wish *wish);

/*
 * Locks for who gives time back: a team's event type, then the hosts of the booking and of the hold; either may be NULL.
 * With moves true, of a team only the event type: taking_begin locks the hosts, together with the new ones. Drops the
 * hosts' expired holds.
 */
extern void taking_lock_old(const pg_uuid_t *event_type_id, const Booking *old,
							const char *hold_token, bool moves, int64 now);

/* Gives up the hold, takes the seat and writes the booking: booking has all fields but hosts, seat and times. */
extern void taking_book(SlotTaking *taking, Booking *booking, const Booking *old);

#endif
