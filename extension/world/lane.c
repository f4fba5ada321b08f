/*
 * The lanes of a worker; the words are in lane.h.
 */
#include "world/lane.h"

void
lanes_make(Lanes *lanes, const Sender *const *senders, int n)
{
	lanes->n = n;
	for (int i = 0; i < n; i++)
		lanes->lane[i] = (Lane) { .sender = senders[i], .self = senders[i]->make() };
}

Outcome *
lane_add_outcome(Lane *lane)
{
	return &lane->outcomes[lane->noutcomes++];
}

int
lanes_unsettled(const Lanes *lanes)
{
	int n = 0;

	for (int i = 0; i < lanes->n; i++)
		n += lanes->lane[i].noutcomes - lanes->lane[i].nleft;
	return n;
}

int
lanes_left(const Lanes *lanes)
{
	int n = 0;

	for (int i = 0; i < lanes->n; i++)
		for (int j = 0; j < lanes->lane[i].noutcomes; j++)
			n += lanes->lane[i].is_left[j];
	return n;
}

bool
lanes_have_outcomes(const Lanes *lanes)
{
	for (int i = 0; i < lanes->n; i++)
		if (lanes->lane[i].noutcomes > 0)
			return true;
	return false;
}

void
lanes_heartbeat(Lanes *lanes)
{
	for (int i = 0; i < lanes->n; i++)
		queue_heartbeat(lanes->lane[i].sender->queue);
}

static void
settle(Lane *lane)
{
	const Sender *sender = lane->sender;

	if (lane->noutcomes == 0)
		return;
	if (sender->settle)
		sender->settle(lane->self, lane->outcomes, lane->noutcomes, lane->is_left);
	else
		queue_settle(sender->queue, lane->outcomes, lane->noutcomes, lane->is_left);
	sender->note_health(lane->self);
}

void
lanes_settle(Lanes *lanes)
{
	for (int i = 0; i < lanes->n; i++)
		settle(&lanes->lane[i]);
}

int
lanes_lease(Lanes *lanes, MemoryContext context, int most, int places, Delivery **leased)
{
	int n = 0;

	for (int i = 0; i < lanes->n && n < places; i++)
	{
		Lane *lane = &lanes->lane[i];
		int more = lane->sender->lease(lane->self, context, most, places - n, leased + n);

		for (int j = n; j < n + more; j++)
			leased[j]->lane = lane;
		n += more;
	}
	return n;
}

static void
forget_settled(Lane *lane)
{
	int n = 0;

	for (int i = 0; i < lane->noutcomes; i++)
		if (lane->is_left[i])
			lane->outcomes[n++] = lane->outcomes[i];
	lane->noutcomes = lane->nleft = n;
	lane->sender->health_noted(lane->self);
}

void
lanes_forget_settled(Lanes *lanes)
{
	for (int i = 0; i < lanes->n; i++)
		forget_settled(&lanes->lane[i]);
}
