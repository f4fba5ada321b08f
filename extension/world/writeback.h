/*
 * Bookings into hosts' calendars, as a worker writes them: leased like all deliveries (world/queue.h), with what is true then
 * (world/writeback_facts.h), put into the provider's words (world/writeback_body.h).
 *
 * What is written is the state and not the change: of several changes of one event that wait the last one is sent, and the
 * earlier ones have succeeded with it. Two changes of one event are never under way together. The event's id is ours, so a
 * repeat finds what the first attempt has made: an event that is there already is changed, one that is gone is made, and to
 * delete what is not there is done.
 *
 * Words. An account is a connection as the lane sees it: no more than ACCOUNT_WINDOW of its events are written at a time, and
 * none for a while once the provider has asked for less. The lane itself is careful, as that of mails is (world/mail.h),
 * while the provider does not answer.
 *
 * Rows of connections that are broken or whose access token has run out wait for the calendars' lane (world/calendar.h),
 * which alone fetches tokens; a token that the provider takes for dead is told to it.
 *
 * A meeting's link is made with its organizer's event. Until the provider has made it the delivery stays open, and comes
 * again every LINK_DELAY_US; in the transaction that settles it the link is put into the bookings, and mails that wait for
 * it are let go, with it or, if none can be had, without (keep_meeting_link()).
 */
#ifndef OPENCALENDLY_WRITEBACK_H
#define OPENCALENDLY_WRITEBACK_H

#include "world/queue.h"

extern const Sender writeback_sender;

#endif
