/*
 * Booking rows: read, written, moved on.
 */
#ifndef OPENCALENDLY_BOOKING_H
#define OPENCALENDLY_BOOKING_H

#include "compat.h"
#include "data/claim.h"
#include "utils/jsonb.h"

typedef struct Booking
{
	pg_uuid_t id;
	pg_uuid_t event_type_id;
	pg_uuid_t organizer_id;
	pg_uuid_t *hosts; /* who attends, the one picked last; a solo event type's: the organizer */
	int nhosts;
	bool is_team;
	Seat seat;
	int64 starts_at;
	int64 ends_at;
	char *status;
	char *invitee_name;
	char *invitee_email;
	char *timezone;
	char *language; /* of the invitee's mails */
	Jsonb *answers;
	int32 link_key_id;
	bool is_successor;          /* of a moved booking */
	pg_uuid_t rescheduled_from; /* if is_successor */
	int sequence;               /* how many moves led to it */
	int64 no_show_at;           /* DT_NOBEGIN: none */
	char *meeting_url;          /* NULL: none of its own */
} Booking;

/* Reads a booking in the active snapshot, palloc'ed; NULL if there is none. */
extern Booking *booking_find(const pg_uuid_t *id);

/* The one that took a moved booking's place; NULL if there is none. */
extern Booking *booking_successor(const pg_uuid_t *id);

/* The first booking of the chain of moves that led to it: the meeting's name outside. */
extern pg_uuid_t booking_first(const Booking *booking);

extern void booking_insert(const Booking *booking, int64 now);

/* Takes its seat and its hosts' time away: status canceled, with by (invitee, host) and reason (or NULL), or rescheduled. */
extern void booking_cancel(const Booking *booking, const char *by, const char *reason, int64 now);
extern void booking_mark_rescheduled(const Booking *booking, int64 now);

extern void booking_mark_no_show(const Booking *booking, int64 now);

/* Whether the host is the one whom a round robin picked for it: the last of its hosts. */
extern bool booking_is_picked(const Booking *booking, const pg_uuid_t *host);

static inline bool
booking_is(const Booking *booking, const char *status)
{
	return strcmp(booking->status, status) == 0;
}

static inline bool
booking_is_live(const Booking *booking)
{
	return booking_is(booking, "confirmed") || booking_is(booking, "pending");
}

#endif
