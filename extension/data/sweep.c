/*
 * The sweep over offered slots; the words are in sweep.h.
 */
#include "data/sweep.h"

#include "miscadmin.h"

static const TimeRange always = { PG_INT64_MIN, PG_INT64_MAX };

static void
begin_grid(Sweep *sweep)
{
	const EventType *event = sweep->request->event;
	size_t capacity = 1;
	size_t n = 0;
	GridRun *runs;

	for (int i = 0; i < event->nattendees; i++)
		capacity += sweep->schedules[i].hours.nruns;
	runs = palloc(capacity * sizeof(GridRun));
	if (sweep->request->by_organizer)
		runs[n++] = (GridRun) { sweep->request->range.start, sweep->request->range.end, 0 };
	else
		for (int i = 0; i < event->nattendees; i++)
			n = grid_add(runs, n, sweep->schedules[i].hours.runs, sweep->schedules[i].hours.nruns,
						 event->step);
	grid_init(&sweep->grid, runs, n, palloc(n * sizeof(size_t)), event->step);
}

void
sweep_begin(Sweep *sweep, const SlotRequest *request, int most_hosts)
{
	const EventType *event = request->event;

	*sweep = (Sweep) { .request = request,
					   .schedules = schedules_load(request),
					   .limits = limits_load(request),
					   .asked = palloc(event->nattendees * sizeof(OfferedHost)),
					   .is_free = palloc(event->nattendees * sizeof(bool)),
					   .until = palloc(event->nattendees * sizeof(int64)),
					   .hosts = palloc(event->nattendees * sizeof(OfferedHost *)),
					   .most_hosts = most_hosts };
	for (int i = 0; i < event->nattendees; i++)
		sweep->until[i] = PG_INT64_MIN;
	for (int i = 0; i < event->nattendees && request->by_organizer; i++)
	{
		sweep->schedules[i].time.open = &always;
		sweep->schedules[i].time.nopen = 1;
	}
	begin_grid(sweep);
}

bool
sweep_is_stale(const Sweep *sweep)
{
	const EventType *event = sweep->request->event;
	int nstale = 0;

	for (int i = 0; i < event->nattendees; i++)
	{
		if (i < event->nrequired && sweep->schedules[i].is_stale)
			return true;
		nstale += sweep->schedules[i].is_stale;
	}
	return nstale > 0 && nstale == event->nattendees - event->nrequired;
}

static void
ask(Sweep *sweep, int attendee, TimeRange slot)
{
	HostSchedule *schedule = &sweep->schedules[attendee];
	OfferedHost *host = &sweep->asked[attendee];
	const Meeting *joined;

	host->attendee = schedule->attendee;
	host->buffers = host_buffers(&schedule->time, slot.start);
	sweep->is_free[attendee] =
		host_is_free(&schedule->time, slot, host->buffers, &joined, &sweep->until[attendee]);
	host->meeting_id = joined ? &schedule->meeting_ids[joined->id] : NULL;
	host->seats_left = joined ? joined->seats_left : sweep->request->event->seats;
}

/* Adds an attendee to the hosts of the slot, if free for it. */
static inline bool
add_host(Sweep *sweep, int attendee, TimeRange slot)
{
	if (slot.start >= sweep->until[attendee])
		ask(sweep, attendee, slot);
	if (!sweep->is_free[attendee])
		return false;
	sweep->hosts[sweep->nhosts++] = &sweep->asked[attendee];
	return true;
}

static bool
in_one_meeting(const OfferedHost *a, const OfferedHost *b)
{
	if (!a->meeting_id || !b->meeting_id)
		return a->meeting_id == b->meeting_id;
	return memcmp(a->meeting_id, b->meeting_id, UUID_LEN) == 0;
}

/* Whether all required hosts are free together. False: *again is the first later instant that might do. */
static bool
required_are_free(Sweep *sweep, TimeRange slot, int64 *again)
{
	for (int i = 0; i < sweep->request->event->nrequired; i++)
	{
		if (!add_host(sweep, i, slot))
		{
			*again = sweep->until[i];
			return false;
		}
		if (!in_one_meeting(sweep->hosts[0], sweep->hosts[i]))
		{
			*again = slot.start + 1;
			return false;
		}
	}
	return true;
}

/* Whether one of the pool is free as well. With required hosts in a meeting, only who is in it counts. */
static bool
pool_is_free(Sweep *sweep, TimeRange slot, int64 *again)
{
	const EventType *event = sweep->request->event;
	int nrequired = event->nrequired;

	*again = PG_INT64_MAX;
	for (int i = nrequired; i < event->nattendees; i++)
	{
		/* whoever has a meeting to join must be found */
		if (event->seats == 1 && sweep->nhosts > nrequired && sweep->nhosts >= sweep->most_hosts)
			return true;
		if (!add_host(sweep, i, slot))
			*again = Min(*again, sweep->until[i]);
		else if (nrequired > 0 && !in_one_meeting(sweep->hosts[0], sweep->hosts[sweep->nhosts - 1]))
		{
			sweep->nhosts--;
			*again = slot.start + 1;
		}
	}
	return sweep->nhosts > nrequired;
}

static bool
hosts_are_free(Sweep *sweep, TimeRange slot, int64 *again)
{
	const EventType *event = sweep->request->event;

	sweep->nhosts = 0;
	*again = PG_INT64_MAX;
	if (!required_are_free(sweep, slot, again))
		return false;
	return event->mode == MODE_ROUND_ROBIN ? pool_is_free(sweep, slot, again)
										   : event->nrequired > 0;
}

static void
describe_slot(const Sweep *sweep, TimeRange during, OfferedSlot *slot)
{
	*slot = (OfferedSlot) { .during = during,
							.hosts = sweep->hosts,
							.nhosts = sweep->nhosts,
							.seats_left = sweep->request->event->seats };
	for (int i = 0; i < sweep->nhosts; i++)
		if (sweep->hosts[i]->meeting_id)
		{
			slot->seats_left = sweep->hosts[i]->seats_left;
			return;
		}
}

bool
sweep_next(Sweep *sweep, OfferedSlot *slot)
{
	const StartLimits *limits = sweep->limits;
	TimeRange during;

	while (grid_next(&sweep->grid, &during.start))
	{
		int64 again;

		CHECK_FOR_INTERRUPTS();
		during.end = during.start + sweep->request->event->duration;
		if (set_contains(limits->allowed, limits->nallowed, &sweep->allowed_at, during.start,
						 &again) &&
			hosts_are_free(sweep, during, &again))
		{
			describe_slot(sweep, during, slot);
			return true;
		}
		sweep->grid.floor = Max(sweep->grid.floor, again);
	}
	return false;
}
