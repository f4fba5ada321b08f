/*
 * Claims: how every writer takes a host's time and gives it back.
 *
 * The order of locks is the same for all: idempotency key (or a hold's client), then a team's event type, then the hosts,
 * sorted by their 64-bit lock key. Under these nobody else changes what they cover (the event type's meetings, the hosts'
 * claims, seats and holds), so what is then read in a latest snapshot (claim_read_begin) stays true until commit. Decisions
 * are taken on such reads alone; the writes that follow run in the transaction's own snapshot, and where that is too
 * old to see a row (REPEATABLE READ, SERIALIZABLE) they raise 40001.
 */
#ifndef OPENCALENDLY_CLAIM_H
#define OPENCALENDLY_CLAIM_H

#include "compat.h"
#include "data/query.h"
#include "data/sweep.h"

/* A seat of a meeting, as bookings and holds name it. */
typedef struct Seat
{
	pg_uuid_t occurrence_id;
	int seats; /* of the occurrence */
	int seat_no;
} Seat;

/* Waits for the lock of a word, such as an idempotency key, until the end of the transaction. */
extern void lock_word(const char *kind, const char *word);

/* What is taken: a slot, for the hosts who will attend. */
typedef struct Attendance
{
	TimeRange during;
	const pg_uuid_t *meeting_id; /* the own meeting to join; NULL: a new one */
	const OfferedHost *hosts;
	int nhosts;
} Attendance;

/* Waits for the lock of a team's event type; try: does not wait, says whether it has it. */
extern void lock_team_event_type(const pg_uuid_t *event_type_id);
extern bool try_lock_team_event_type(const pg_uuid_t *event_type_id);

/* Waits for the hosts' locks, in the order of their keys. Sorts hosts. */
extern void lock_hosts(pg_uuid_t *hosts, int nhosts);

/* The same without waiting: false if a lock is somebody else's; those before it are then held, and lock_hosts goes on. */
extern bool try_lock_hosts(pg_uuid_t *hosts, int nhosts);

/* Makes the latest committed state and what this transaction wrote the active snapshot; end pops it. */
extern void claim_read_begin(void);
extern void claim_read_end(void);

/* A number that another transaction changes by ending, if it wrote anything: while it stands, so does all that can be read. */
extern uint64 claim_state(void);

/* Raises 40001: the transaction sees too little to go on, and might succeed if retried. */
extern void raise_serialization_failure(void) pg_attribute_noreturn();

/* Writes, and raises 40001 unless just so many rows were written. */
extern void claim_write(SavedQuery *query, const QueryArg *args, uint64 expected);

/* Drops the hosts' claims that nothing but holds that have run out kept. The hosts are locked. */
extern void claims_drop_expired(const pg_uuid_t *hosts, int nhosts, int64 now);

/* The hosts whose time a meeting takes, in the active snapshot, palloc'ed. */
extern pg_uuid_t *meeting_hosts(const pg_uuid_t *occurrence_id, int *nhosts);

/*
 * Raises 40001 if the transaction's own snapshot is too old to see one of the users (an array of n ids), as the foreign
 * keys of what is to be written will ask.
 */
extern void claim_see_users(Datum user_ids, int n);

/*
 * Takes a seat at an offered slot: joins the own meeting, or makes one with a claim for each host, as wide as the host's
 * buffers. expires_at: of a hold; DT_NOEND for a booking. Raises OC001 if a claim is in the way after all.
 */
extern Seat seat_take(const EventType *event, const Attendance *attendance, int64 expires_at,
					  int64 now);

/* After a seat of a meeting was given back or changed hands: its claims go with the last seat, and expire with holds. */
extern void occurrence_settle(const pg_uuid_t *occurrence_id, int64 now);

/* Deletes a hold and settles its meeting. */
extern void hold_drop(const Hold *hold, int64 now);

#endif
