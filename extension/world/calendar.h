/*
 * Calendars: connecting them, and reading them when they are due.
 */
#ifndef OPENCALENDLY_CALENDAR_H
#define OPENCALENDLY_CALENDAR_H

#include "world/queue.h"

extern const Sender calendar_sender;

#endif
