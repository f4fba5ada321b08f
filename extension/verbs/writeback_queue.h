/*
 * Bookings into hosts' calendars, queued in the transaction of their change: for each host who attends the meeting's event
 * is to be written, for one who attends no more it is to be deleted. What is written is made when it is sent
 * (world/writeback.h).
 *
 * Words. An entry says in which calendar a meeting is, and as which event: in the one that was the host's write target when
 * the meeting was first queued for them, for as long as they attend. A meeting is a booking with all that it was moved to;
 * where there are several seats it is the occurrence, shared by its bookings: who joins or leaves it changes the event, and
 * the last one takes it away.
 *
 * Whoever has no calendars pays for one look at an index that does not know them.
 *
 * Locks: the hosts' are held by the verb, so nobody else changes the meeting's entries; the calendars are locked against
 * deletion as the foreign keys would lock them, but before they look: one that is deleted at the same moment is not
 * written to, instead of failing the booking.
 */
#ifndef OPENCALENDLY_WRITEBACK_QUEUE_H
#define OPENCALENDLY_WRITEBACK_QUEUE_H

#include "verbs/outbox.h"

/*
 * Queues what the news makes due. Returns whether the booking's meeting link is on its way, so that mails that tell of the
 * meeting had better wait for it. Needs an SPI connection. Raises 40001 where the transaction sees too little.
 */
extern bool writeback_tell(const News *news);

#endif
