/*
 * Mails, as a worker sends them: leased like all deliveries (world/queue.h), put into words (world/mail_facts.h,
 * pure/mail.h), and handed to the operator's transport (world/mail_post.h).
 *
 * Words. The lane is the way to the mail server: it takes as many mails at a time as opencalendly.mail_connections says,
 * and one only, after a pause, once the server could not be reached, could not be logged in to, or asked to wait. What the
 * server says of one mail (no such mailbox) is that mail's alone.
 *
 * A reader's mails about one meeting go one after the other, so that nobody reads of a cancelation before the confirmation;
 * reminders and follow-ups have their own time.
 */
#ifndef OPENCALENDLY_WORLD_MAIL_H
#define OPENCALENDLY_WORLD_MAIL_H

#include "world/queue.h"

extern const Sender mail_sender;

#endif
