/*
 * Bookings into hosts' calendars.
 */
#ifndef OPENCALENDLY_WRITEBACK_H
#define OPENCALENDLY_WRITEBACK_H

#include "world/queue.h"

extern const Sender writeback_sender;

#endif
