/*
 * Calendars: connecting them, and reading them when they are due.
 */
#include "world/calendar.h"

#include "catalog/pg_type_d.h"

static Queue calendar_queue = {
	.name = "calendar", .shift = { .text = "SELECT $1", .nargs = 1, .types = { INT8OID } }
};

static void *
make_lane(void)
{
	return palloc0(8);
}

static int
lease(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries)
{
	return 0;
}

static void
note_nothing(void *self)
{
}

const Sender calendar_sender = {
	.queue = &calendar_queue,
	.make = make_lane,
	.lease = lease,
	.note_health = note_nothing,
	.health_noted = note_nothing,
};
