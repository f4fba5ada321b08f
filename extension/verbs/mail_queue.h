/*
 * Mails about a booking, queued in the transaction of its change: to the invitee and to each host who attends, and, at
 * times that the event type's notification rules give, reminders and follow-ups to the invitee. What they say is made when
 * they are sent (world/mail.c). Nothing is queued while opencalendly.mail_transport is none.
 *
 * An address that is no user's gets at most MAILS_A_DAY mails in any 24 hours; beyond that nothing is queued for it, so that
 * nobody's inbox can be filled by booking in their name.
 *
 * A meeting whose link is on its way (verbs/writeback_queue.h) is not told before it is there, but for LINK_WAIT at most.
 *
 * Locks: an event type's notification rules, shared, and then the address, both until the end of the transaction; they come
 * after all locks of bookings (data/claim.h). set_notification_rules takes the first exclusively.
 */
#ifndef OPENCALENDLY_MAIL_QUEUE_H
#define OPENCALENDLY_MAIL_QUEUE_H

#include "verbs/outbox.h"

/*
 * Queues the mails that the news makes due, and takes away those that it makes wrong; those that tell of the meeting wait for
 * its link, if that is on its way. Needs an SPI connection.
 */
extern void mail_tell(const News *news, bool waits_for_link);

#endif
