/*
 * Telling the outside of a booking: an event and a delivery for each endpoint that wants it, written in the transaction
 * of the change. So an event is there if and only if what it tells is committed. Nothing is sent here; the workers do.
 */
#ifndef OPENCALENDLY_OUTBOX_H
#define OPENCALENDLY_OUTBOX_H

#include "compat.h"
#include "utils/uuid.h"

typedef enum OutboxEvent
{
	BOOKING_CREATED,
	BOOKING_CANCELED,
	BOOKING_RESCHEDULED /* of the booking that took the old one's place */
} OutboxEvent;

/*
 * Queues the event for the endpoints of the event type's owner and of each of the booking's hosts; writes nothing if there
 * are none. The booking is as this transaction has left it. Needs an SPI connection.
 */
extern void outbox_tell(OutboxEvent event, const pg_uuid_t *booking_id);

#endif
