/*
 * The ledger of a round robin: why each meeting has its host, and what was given back. Written under the lock of the team's
 * event type, so that entries follow each other without gaps and each rests on the one before.
 *
 * A meeting has one pick, however many seats it has: made with its first live booking, kept if that booking moves alone and
 * keeps its host, and returned when no live booking is left whose invitee is not known to have stayed away. A pick
 * that is returned counts no more: credits are as if it had not been, and the member's last pick is the last of those
 * that count.
 */
#ifndef OPENCALENDLY_LEDGER_H
#define OPENCALENDLY_LEDGER_H

#include "data/booking.h"

typedef enum PickReason
{
	PICK_BY_RULE,   /* of the event type */
	PICK_SAME_HOST, /* who had the booking that is moved */
	PICK_JOINED     /* who has a meeting of this time already */
} PickReason;

/* How a round robin found its host. */
typedef struct Pick
{
	PickReason reason;
	const Attendee *picked;
	const Attendee **candidates; /* the free members of the pool, by position */
	int ncandidates;
} Pick;

/* A pick that nothing keeps any more: to be kept by a booking that takes its place, or returned. */
typedef struct OpenPick
{
	bool exists;
	int64 pick_no;
	pg_uuid_t user_id;
} OpenPick;

/* The pick of a booking's meeting, if the booking is not live any more and no other one keeps it. */
extern OpenPick ledger_left_by(const Booking *booking);

/*
 * Writes what a new booking means. is_new: it opened its meeting; left: what the booking that it replaces has left behind,
 * found before the new one was written.
 */
extern void ledger_booked(const EventType *event, const Pick *pick, const Booking *booking,
						  bool is_new, const OpenPick *left, const Booking *old, int64 now);

/*
 * Returns the pick of the booking's meeting if it has none to keep it any more; reason: canceled, no_show. Of no effect
 * unless the booking is a round robin's.
 */
extern void ledger_give_back(const Booking *booking, const char *reason, int64 now);

#endif
