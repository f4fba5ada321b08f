/*
 * Telling the outside; the words are in outbox.h.
 *
 * The endpoints are locked against deletion as the foreign key would lock them, but before it looks: one that is deleted at
 * the same moment is not told, instead of failing the booking.
 */
#include "verbs/outbox.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "data/values.h"
#include "utils/builtins.h"
#include "verbs/wake.h"

#define CONCAT " OPERATOR(pg_catalog.||) "

/* $1 the event's id, $2 its type, $3 the booking. The body is what API.md's "Webhooks" gives. */
static SavedQuery tell_query = {
	.text =
		/* clang-format off */
		"WITH told AS MATERIALIZED (SELECT s.id, s.paused_reason FROM opencalendly.bookings AS b"
		"  JOIN opencalendly.event_types AS e ON e.id" EQ "b.event_type_id"
		"  JOIN opencalendly.webhook_subscriptions AS s"
		"   ON s.user_id OPERATOR(pg_catalog.=) ANY (COALESCE(b.host_ids, ARRAY[b.organizer_id])" CONCAT "e.user_id)"
		"  WHERE b.id" EQ "$3 AND s.is_active AND $2 OPERATOR(pg_catalog.=) ANY (s.events)"
		"  FOR KEY SHARE OF s),"
		" event AS (INSERT INTO opencalendly.outbox_events (id, type, booking_id, body)"
		"  SELECT $1, $2, b.id, pg_catalog.json_build_object('id', $1, 'type', $2,"
		"    'createdAt', opencalendly.instant_text(opencalendly.current_instant()),"
		"    'payload', pg_catalog.json_build_object('bookingId', b.id, 'eventTypeId', b.event_type_id,"
		"     'organizerId', b.organizer_id, 'inviteeEmail', b.invitee_email, 'inviteeName', b.invitee_name,"
		"     'startsAt', opencalendly.instant_text(b.starts_at), 'endsAt', opencalendly.instant_text(b.ends_at),"
		"     'metadata', pg_catalog.jsonb_build_object('sequence',"
		"       CASE WHEN $2" EQ "'booking.canceled' THEN b.sequence OPERATOR(pg_catalog.+) 1 ELSE b.sequence END)"
		"      " CONCAT "CASE WHEN $2" EQ "'booking.canceled' THEN pg_catalog.jsonb_build_object("
		"       'cancellationReason', b.cancel_reason, 'canceledBy', b.canceled_by) ELSE '{}' END"
		"      " CONCAT "CASE WHEN $2" EQ "'booking.rescheduled' THEN pg_catalog.jsonb_build_object("
		"       'rescheduledFromBookingId', o.id, 'previousStartsAt', opencalendly.instant_text(o.starts_at),"
		"       'previousEndsAt', opencalendly.instant_text(o.ends_at)) ELSE '{}' END"
		"      " CONCAT "CASE WHEN t.team_id IS NOT NULL THEN pg_catalog.jsonb_build_object("
		"       'teamId', t.team_id, 'teamMode', t.mode, 'assignmentUserIds', b.host_ids) ELSE '{}' END))::text"
		"  FROM opencalendly.bookings AS b"
		"   LEFT JOIN opencalendly.team_event_types AS t ON t.event_type_id" EQ "b.event_type_id"
		"   LEFT JOIN opencalendly.bookings AS o ON o.id" EQ "b.rescheduled_from"
		"  WHERE b.id" EQ "$3 AND EXISTS (SELECT FROM told))"
		" INSERT INTO opencalendly.webhook_deliveries (event_id, subscription_id, status)"
		"  SELECT $1, t.id, CASE WHEN t.paused_reason IS NULL THEN 'pending' ELSE 'paused' END FROM told AS t",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDOID, TEXTOID, UUIDOID },
};

static const char *
event_type_name(OutboxEvent event)
{
	switch (event)
	{
		case BOOKING_CREATED:
			return "booking.created";
		case BOOKING_CANCELED:
			return "booking.canceled";
		case BOOKING_RESCHEDULED:
			return "booking.rescheduled";
	}
	pg_unreachable();
}

void
outbox_tell(OutboxEvent event, const pg_uuid_t *booking_id)
{
	pg_uuid_t event_id = new_id();
	uint64 deliveries =
		query_write(&tell_query, (QueryArg[]) { UUID_ARG(&event_id),
												ARG(CStringGetTextDatum(event_type_name(event))),
												UUID_ARG(booking_id) });

	if (deliveries > 0)
		wake_workers_when_committed();
}
