/*
 * Telling the outside of a booking: an event and a delivery for each endpoint that wants it, the mails (verbs/mail_queue.h)
 * and what is to be written into the hosts' calendars (verbs/writeback_queue.h), all in the transaction of the change. So an
 * event is there if and only if what it tells is committed. Nothing is sent here; the workers do.
 */
#ifndef OPENCALENDLY_OUTBOX_H
#define OPENCALENDLY_OUTBOX_H

#include "compat.h"
#include "data/booking.h"

typedef enum NewsType
{
	BOOKING_CREATED,
	BOOKING_CANCELED,
	BOOKING_RESCHEDULED
} NewsType;

/* What has happened to a booking. */
typedef struct News
{
	NewsType type;
	const Booking *booking;
	const Booking *old;        /* rescheduled: whose place it takes */
	const char *canceled_by;   /* canceled */
	const char *cancel_reason; /* canceled; NULL: none was given */
	int64 at;
} News;

/*
 * Queues the news for the endpoints of the event type's owner and of each of the booking's hosts, the mails, and the hosts'
 * calendars; writes nothing if there are none. Needs an SPI connection.
 */
extern void outbox_tell(const News *news);

#endif
