/*
 * The hosts of a team's event type.
 */
#ifndef OPENCALENDLY_TEAM_H
#define OPENCALENDLY_TEAM_H

#include "data/event_type.h"

/* Reads who attends, in the active snapshot. Active members only: who has not accepted is never scheduled. */
extern void team_load_attendees(EventType *event);

#endif
