/*
 * Bookings into hosts' calendars.
 */
#include "world/writeback.h"

#include "catalog/pg_type_d.h"

static Queue writeback_queue = { .name = "writeback",
								 QUEUE_STATEMENTS("opencalendly.calendar_writebacks") };

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

const Sender writeback_sender = {
	.queue = &writeback_queue,
	.make = make_lane,
	.lease = lease,
	.note_health = note_nothing,
	.health_noted = note_nothing,
};
