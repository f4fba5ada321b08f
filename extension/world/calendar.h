/*
 * Calendars: connecting them, and reading them when they are due (schema/46_calendars.sql). The parts:
 *
 *   calendar.c          the lane: leases consents and connections, writes what came of them
 *   calendar_task.c     what all tasks have in common
 *   calendar_token.c    tokens: exchanging, renewing
 *   calendar_consent.c  a consent becomes a connection
 *   calendar_read.c     a sync: what is busy in a connection's calendars
 *   calendar_push.c     channels, by which Google tells of changes
 *   calendar_leave.c    the end of a connection
 *   google.c            what Google's answers mean
 *
 * Who leases a row adds one to its attempt, and what is written for another attempt writes nothing: a worker that comes too
 * late, or after the host has left, changes nothing.
 */
#ifndef OPENCALENDLY_CALENDAR_H
#define OPENCALENDLY_CALENDAR_H

#include "world/queue.h"

extern const Sender calendar_sender;

#endif
