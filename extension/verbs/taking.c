/*
 * Taking a slot; the words are in taking.h, the rules of locking in data/claim.h.
 *
 * Whose time a solo event type takes is known before, so its host is locked first and the start is looked at once. Who
 * attends a team's meeting comes out of looking: so a team looks, locks those who would attend, and looks again. If
 * it is somebody else by then (a host's time was taken by another event type: this one is locked; or the team has
 * changed), it lets go of the locks, which a subtransaction held, and starts again. So nobody is locked who is not
 * needed, hosts are always locked in one order, and what is written is what was seen under the locks.
 */
#include "verbs/taking.h"

#include "access/xact.h"
#include "data/explain.h"
#include "errors.h"
#include "miscadmin.h"
#include "settings.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "verbs/check.h"

/* A list of hosts to lock. */
typedef struct HostList
{
	pg_uuid_t *ids;
	int n;
} HostList;

static bool
has_host(const HostList *list, const pg_uuid_t *host)
{
	for (int i = 0; i < list->n; i++)
		if (memcmp(&list->ids[i], host, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
}

static void
add_host(HostList *list, const pg_uuid_t *host)
{
	if (!has_host(list, host))
		list->ids[list->n++] = *host;
}

/* The hosts of a booking and of a hold; room is left for more. */
static HostList
old_hosts(const Booking *old, const char *hold_token, int more)
{
	int nheld = 0;
	pg_uuid_t *held = NULL;
	HostList list = { 0 };

	if (hold_token)
	{
		claim_read_begin();
		held = hold_hosts(hold_token, &nheld);
		claim_read_end();
	}
	list.ids = palloc((nheld + (old ? old->nhosts : 0) + more) * sizeof(pg_uuid_t));
	for (int i = 0; old && i < old->nhosts; i++)
		add_host(&list, &old->hosts[i]);
	for (int i = 0; i < nheld; i++)
		add_host(&list, &held[i]);
	return list;
}

static pg_uuid_t
find_user(const pg_uuid_t *event_type_id, bool *is_team)
{
	pg_uuid_t user;

	claim_read_begin();
	user = event_type_user(event_type_id, is_team);
	claim_read_end();
	return user;
}

static void raise_not_available(int64 starts_at, const char *why) pg_attribute_noreturn();

static void
raise_not_available(int64 starts_at, const char *why)
{
	ereport(ERROR, errcode(ERRCODE_OC_SLOT_UNAVAILABLE), errmsg("slot is not available"),
			errdetail("%s is not offered: %s.", show_instant(starts_at), why),
			errhint("compute_slots shows what is; explain_slot says all that stands in the way."));
}

/* A RefusalSink that raises with the first reason that concerns everybody. */
static void
raise_first_refusal(void *arg, const Attendee *attendee, const char *reason, const char *detail)
{
	if (!attendee || attendee->is_required)
		raise_not_available(*(int64 *) arg, psprintf("%s (%s)", reason, detail));
}

static void raise_refused(const Sweep *sweep) pg_attribute_noreturn();

static void
raise_refused(const Sweep *sweep)
{
	int64 starts_at = sweep->request->range.start;

	explain_refusals(sweep, raise_first_refusal, &starts_at);
	raise_not_available(starts_at, "no host of the pool is free");
}

/* Whom a round robin picks: who has the booking that is moved, who has a meeting to join, or by the rule. */
static const OfferedHost *
pick_host(SlotTaking *taking, const Wish *wish, const OfferedSlot *slot)
{
	const EventType *event = taking->event;
	int n = slot->nhosts - event->nrequired;
	const OfferedHost **pool = slot->hosts + event->nrequired;
	Candidate *standings = palloc(n * sizeof(Candidate));

	taking->pick.candidates = palloc(n * sizeof(Attendee *));
	taking->pick.ncandidates = n;
	for (int i = 0; i < n; i++)
	{
		taking->pick.candidates[i] = pool[i]->attendee;
		standings[i] = pool[i]->attendee->standing;
	}
	for (int i = 0; i < n && wish->old; i++)
		if (booking_is_picked(wish->old, &pool[i]->attendee->host_id))
		{
			taking->pick.reason = PICK_SAME_HOST;
			return pool[i];
		}
	for (int i = 0; i < n; i++)
		if (pool[i]->meeting_id)
		{
			taking->pick.reason = PICK_JOINED;
			return pool[i];
		}
	taking->pick.reason = PICK_BY_RULE;
	return pool[candidate_pick(event->assignment, standings, n, event->cursor)];
}

/* Who attends a meeting besides those who would have to now: the team has changed since it was opened. */
static int
add_others(OfferedHost *hosts, int n, const pg_uuid_t *ids, int nids, const pg_uuid_t *picked)
{
	for (int i = 0; i < nids; i++)
	{
		bool is_there = picked && memcmp(&ids[i], picked, sizeof(pg_uuid_t)) == 0;
		Attendee *other;

		for (int j = 0; j < n; j++)
			is_there |= memcmp(&ids[i], &hosts[j].attendee->host_id, sizeof(pg_uuid_t)) == 0;
		if (is_there)
			continue;
		other = palloc0(sizeof(Attendee));
		other->host_id = ids[i];
		hosts[n++] = (OfferedHost) { .attendee = other };
	}
	return n;
}

/* Who will attend, of those who are free: the required hosts, others who are in the meeting to join, the one picked. */
static void
choose(SlotTaking *taking, const Wish *wish, const OfferedSlot *slot)
{
	int nrequired = taking->event->nrequired;
	const OfferedHost *picked = NULL;
	const OfferedHost *last = slot->hosts[Max(nrequired, 1) - 1];
	pg_uuid_t *ids = NULL;
	int nids = 0;
	OfferedHost *hosts;
	int n = nrequired;

	if (taking->event->mode == MODE_ROUND_ROBIN)
	{
		last = picked = pick_host(taking, wish, slot);
		taking->pick.picked = picked->attendee;
	}
	if (last->meeting_id && taking->event->mode != MODE_SOLO)
		ids = meeting_hosts(last->meeting_id, &nids);
	hosts = palloc((nrequired + nids + 1) * sizeof(OfferedHost));
	for (int i = 0; i < nrequired; i++)
		hosts[i] = *slot->hosts[i];
	n = add_others(hosts, n, ids, nids, picked ? &picked->attendee->host_id : NULL);
	if (picked)
		hosts[n++] = *picked;
	taking->attendance = (Attendance) {
		.during = slot->during, .meeting_id = last->meeting_id, .hosts = hosts, .nhosts = n
	};
}

/* Looks at the start in a latest snapshot, and chooses who will attend; raises OC001. */
static void
look_and_choose(SlotTaking *taking, const Wish *wish)
{
	SlotRequest request = { .range = { wish->starts_at, wish->starts_at + 1 },
							.now = settings_now(),
							.ignore_booking = wish->old ? &wish->old->id : NULL,
							.by_organizer = wish->by_organizer };
	Sweep sweep;
	OfferedSlot slot;

	taking->state = claim_state();
	claim_read_begin();
	request.event = taking->event = event_type_load(wish->event_type_id, wish->old != NULL);
	request.hold = taking->hold = hold_find(wish->hold_token, request.now);
	taking->now = request.now;
	sweep_begin(&sweep, &request, PG_INT32_MAX);
	if (!sweep_next(&sweep, &slot))
		raise_refused(&sweep);
	choose(taking, wish, &slot);
	claim_read_end();
}

/* Chooses again, now that the hosts are locked, unless nothing can have changed; false: somebody else is to attend. */
static bool
choose_among(SlotTaking *taking, const Wish *wish, const HostList *locked)
{
	if (claim_state() == taking->state)
		return true;
	look_and_choose(taking, wish);
	for (int i = 0; i < taking->attendance.nhosts; i++)
		if (!has_host(locked, &taking->attendance.hosts[i].attendee->host_id))
			return false;
	return true;
}

/* In a subtransaction, whose end lets go of the locks if others are to attend by then. */
static bool
lock_and_choose(SlotTaking *taking, const Wish *wish, HostList hosts)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool is_chosen = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		lock_hosts(hosts.ids, hosts.n);
		is_chosen = choose_among(taking, wish, &hosts);
		if (is_chosen)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		ReThrowError(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return is_chosen;
}

static void
begin_team(SlotTaking *taking, const Wish *wish)
{
	HostList hosts;

	if (!try_lock_team_event_type(wish->event_type_id))
	{
		look_and_choose(taking, wish);
		lock_team_event_type(wish->event_type_id);
	}
	do
	{
		CHECK_FOR_INTERRUPTS();
		look_and_choose(taking, wish);
		hosts = old_hosts(wish->old, wish->hold_token, taking->attendance.nhosts);
		for (int i = 0; i < taking->attendance.nhosts; i++)
			add_host(&hosts, &taking->attendance.hosts[i].attendee->host_id);
	} while (!lock_and_choose(taking, wish, hosts));
	claims_drop_expired(hosts.ids, hosts.n, taking->now);
}

static void
begin_solo(SlotTaking *taking, const Wish *wish, const pg_uuid_t *organizer)
{
	HostList hosts = old_hosts(wish->old, wish->hold_token, 1);

	add_host(&hosts, organizer);
	if (!try_lock_hosts(hosts.ids, hosts.n))
	{
		look_and_choose(taking, wish);
		lock_hosts(hosts.ids, hosts.n);
	}
	claims_drop_expired(hosts.ids, hosts.n, settings_now());
	look_and_choose(taking, wish);
}

void
taking_begin(SlotTaking *taking, const Wish *wish)
{
	bool is_team;
	pg_uuid_t user = find_user(wish->event_type_id, &is_team);

	*taking = (SlotTaking) { 0 };
	if (is_team)
		begin_team(taking, wish);
	else
		begin_solo(taking, wish, &user);
}

void
taking_lock_old(const pg_uuid_t *event_type_id, const Booking *old, const char *hold_token,
				bool moves, int64 now)
{
	bool is_team;
	pg_uuid_t user = find_user(event_type_id, &is_team);
	HostList hosts;

	if (is_team)
		lock_team_event_type(event_type_id);
	if (is_team && moves)
		return;
	hosts = old_hosts(old, hold_token, 1);
	if (!is_team)
		add_host(&hosts, &user);
	lock_hosts(hosts.ids, hosts.n);
	claims_drop_expired(hosts.ids, hosts.n, now);
}

static void
set_hosts(const SlotTaking *taking, Booking *booking)
{
	int n = taking->attendance.nhosts;

	booking->is_team = taking->event->mode != MODE_SOLO;
	booking->hosts = palloc(n * sizeof(pg_uuid_t));
	booking->nhosts = n;
	for (int i = 0; i < n; i++)
		booking->hosts[i] = taking->attendance.hosts[i].attendee->host_id;
	booking->organizer_id = booking->hosts[0];
}

/* A link is its organizer's, and a group's is not taken along. */
static bool
keeps_link(const Booking *booking, const Booking *old)
{
	return old->seat.seats == 1 &&
		   memcmp(&booking->organizer_id, &old->organizer_id, sizeof(pg_uuid_t)) == 0;
}

void
taking_book(SlotTaking *taking, Booking *booking, const Booking *old)
{
	bool is_round_robin = taking->event->mode == MODE_ROUND_ROBIN;
	OpenPick left = old && is_round_robin ? ledger_left_by(old) : (OpenPick) { 0 };

	if (taking->hold)
		hold_drop(taking->hold, taking->now);
	set_hosts(taking, booking);
	if (old && !keeps_link(booking, old))
		booking->meeting_url = NULL;
	booking->starts_at = taking->attendance.during.start;
	booking->ends_at = taking->attendance.during.end;
	booking->seat = seat_take(taking->event, &taking->attendance, DT_NOEND, taking->now);
	booking_insert(booking, taking->now);
	if (taking->attendance.meeting_id)
		occurrence_settle(&booking->seat.occurrence_id, taking->now);
	if (is_round_robin)
		ledger_booked(taking->event, &taking->pick, booking, !taking->attendance.meeting_id, &left,
					  old, taking->now);
}
