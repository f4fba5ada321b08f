/*
 * Where the event type's own limits let a slot start: the asked range, minimum notice, horizon, caps. A set of
 * instants, whatever the hosts' hours are.
 */
#ifndef OPENCALENDLY_LIMITS_H
#define OPENCALENDLY_LIMITS_H

#include "data/schedule.h"

typedef struct StartLimits
{
	TimeRange *notice; /* starts that are late enough */
	size_t nnotice;
	TimeRange *horizon; /* starts on dates that may be booked */
	size_t nhorizon;
	TimeRange *capped; /* starts in a day, week or month whose cap is used up */
	size_t ncapped;
	TimeRange *allowed; /* notice and horizon, less capped, within the range */
	size_t nallowed;
} StartLimits;

/* Reads in the active snapshot, and only if there are caps. */
extern StartLimits *limits_load(const SlotRequest *request);

#endif
