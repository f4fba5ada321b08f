/*
 * The sweep over offered slots; the words are in sweep.h.
 */
#include "data/sweep.h"

#include "miscadmin.h"

void
sweep_begin(Sweep *sweep, const SlotRequest *request)
{
	HostSchedule *schedule = schedule_load(request);

	sweep->request = request;
	sweep->schedule = schedule;
	sweep->limits = limits_load(request, schedule->spans, schedule->nspans);
	sweep->allowed_at = 0;
	grid_init(&sweep->grid, schedule->hours.runs, schedule->hours.nruns,
			  palloc(schedule->hours.nruns * sizeof(size_t)));
}

bool
sweep_next(Sweep *sweep, OfferedSlot *slot)
{
	const EventType *event = sweep->request->event;
	const StartLimits *limits = sweep->limits;
	GridStart at;

	while (grid_next(&sweep->grid, &at))
	{
		const Meeting *joined;
		int64 again;

		CHECK_FOR_INTERRUPTS();
		if (!set_contains(limits->allowed, limits->nallowed, &sweep->allowed_at, at.start,
						  &again) ||
			!host_is_free(&sweep->schedule->time, &at, event->duration, &joined, &again))
		{
			sweep->grid.floor = Max(sweep->grid.floor, again);
			continue;
		}
		*slot = (OfferedSlot) { .during = { at.start, at.start + event->duration },
								.buffer_before = at.buffer_before,
								.buffer_after = at.buffer_after,
								.seats_left = joined ? joined->seats_left : event->seats,
								.meeting_id =
									joined ? &sweep->schedule->meeting_ids[joined->id] : NULL };
		return true;
	}
	return false;
}
