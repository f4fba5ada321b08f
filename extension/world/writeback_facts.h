/*
 * What is written into a host's calendar, read from the tables when it is leased, so that it is what is true then: the
 * meeting as it is by now, or nothing any more.
 */
#ifndef OPENCALENDLY_WRITEBACK_FACTS_H
#define OPENCALENDLY_WRITEBACK_FACTS_H

#include "world/queue.h"

/* The last error of a delivery that is all written but for its link, which the provider is making. */
#define LINK_IS_COMING "the meeting link is being made"

/* How many invitees an event names: what the provider takes. */
#define ATTENDEES_MAX 200

/* A meeting as a calendar's event has it. */
typedef struct EventFacts
{
	char *meeting_id;
	char *booking_id; /* of a group: its first booking's */
	bool is_group;
	char *name; /* of the event type */
	int64 starts_at;
	int64 ends_at;
	char *timezone; /* the host's */
	char *place;    /* NULL: none is known */
	char **attendee_emails;
	char **attendee_names;
	int nattendees;
	char **answer_labels;
	char **answer_values;
	int nanswers;
	bool wants_link; /* it is to be made with this event */
} EventFacts;

/* A leased write; everything that it points to is in its context, and goes with it. */
typedef struct Writeback
{
	Delivery base;
	MemoryContext context;
	const char
		*problem; /* its rows could not be read, or its token not be opened; NULL: they could */
	pg_uuid_t connection_id;
	char *calendar; /* the provider's name of it */
	char *event;    /* the same, ours */
	char *access_token;
	bool is_new;       /* it is most likely not there yet */
	bool is_blocked;   /* an earlier change of the event is under way */
	bool awaits_link;  /* it is written, but for its link */
	EventFacts *facts; /* NULL: it is to be gone */

	/* What became of it so far; the lane's. */
	int step;
	bool was_inserted; /* that was tried, or updated */
	bool was_updated;
	bool asks_link;
	bool has_attendees;
	char *link; /* NULL: none came */
} Writeback;

/* Reads the writes of n ids; returns how many there are. They live in context. */
extern int writeback_facts_load(Datum ids, MemoryContext context, Delivery **deliveries);

#endif
