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
#include "pure/iso.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "verbs/mail_queue.h"
#include "verbs/wake.h"
#include "verbs/writeback_queue.h"

/* A team's owner is told, too, whether or not they attend. */
static SavedQuery team_query = {
	.text =
		"SELECT e.user_id, t.team_id, t.mode FROM opencalendly.event_types AS e"
		" JOIN opencalendly.team_event_types AS t ON t.event_type_id" EQ "e.id WHERE e.id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

/* $1 users, $2 the event's type. */
static SavedQuery endpoints_query = {
	.text = "SELECT s.id, CASE WHEN s.paused_reason IS NULL THEN 'pending' ELSE 'paused' END"
			" FROM opencalendly.webhook_subscriptions AS s"
			" WHERE s.user_id OPERATOR(pg_catalog.=) ANY ($1) AND s.is_active"
			" AND $2 OPERATOR(pg_catalog.=) ANY (s.events) FOR KEY SHARE",
	.nargs = 2,
	.types = { UUIDARRAYOID, TEXTOID },
};

static SavedQuery queue_query = {
	.text = "WITH event AS (INSERT INTO opencalendly.outbox_events (id, type, booking_id, body)"
			"  VALUES ($1, $2, $3, $4))"
			" INSERT INTO opencalendly.webhook_deliveries (event_id, subscription_id, status)"
			"  SELECT $1, e.id, e.status"
			"  FROM ROWS FROM (pg_catalog.unnest($5), pg_catalog.unnest($6)) AS e (id, status)",
	.nargs = 6,
	.types = { UUIDOID, TEXTOID, UUIDOID, TEXTOID, UUIDARRAYOID, TEXTARRAYOID },
};

/* A team's meeting, as the event tells it. */
typedef struct TeamNews
{
	pg_uuid_t owner_id;
	pg_uuid_t team_id;
	char *mode;
} TeamNews;

static const char *
news_type_name(NewsType type)
{
	switch (type)
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

/* --- the body ------------------------------------------------------------------------------------------------------ */

static void
put_text(StringInfo json, const char *name, const char *value)
{
	appendStringInfo(json, ",\"%s\":", name);
	if (value)
		escape_json(json, value);
	else
		appendStringInfoString(json, "null");
}

static void
put_id(StringInfo json, const char *name, const pg_uuid_t *id)
{
	appendStringInfo(json, ",\"%s\":\"%s\"", name, id_text(id));
}

static void
put_instant(StringInfo json, const char *name, int64 instant)
{
	char text[ISO_MAX_LENGTH + 1];
	IsoDate cache = ISO_NO_DATE;

	*iso_write_utc(text, &cache, instant) = '\0';
	appendStringInfo(json, ",\"%s\":\"%s\"", name, text);
}

static void
put_team(StringInfo json, const TeamNews *team, const Booking *booking)
{
	put_id(json, "teamId", &team->team_id);
	put_text(json, "teamMode", team->mode);
	appendStringInfoString(json, ",\"assignmentUserIds\":[");
	for (int i = 0; i < booking->nhosts; i++)
		appendStringInfo(json, "%s\"%s\"", i > 0 ? "," : "", id_text(&booking->hosts[i]));
	appendStringInfoChar(json, ']');
}

/* What events differ in. A later event of the same meeting has a higher sequence. */
static void
put_metadata(StringInfo json, const News *news, const TeamNews *team)
{
	bool is_canceled = news->type == BOOKING_CANCELED;

	appendStringInfo(json, ",\"metadata\":{\"sequence\":%d",
					 news->booking->sequence + (is_canceled ? 1 : 0));
	if (is_canceled)
	{
		put_text(json, "cancellationReason", news->cancel_reason);
		put_text(json, "canceledBy", news->canceled_by);
	}
	if (news->type == BOOKING_RESCHEDULED)
	{
		put_id(json, "rescheduledFromBookingId", &news->old->id);
		put_instant(json, "previousStartsAt", news->old->starts_at);
		put_instant(json, "previousEndsAt", news->old->ends_at);
	}
	if (team)
		put_team(json, team, news->booking);
	appendStringInfoChar(json, '}');
}

/* The body to the byte; never a token in it. */
static char *
make_body(const News *news, const pg_uuid_t *event_id, const TeamNews *team)
{
	const Booking *booking = news->booking;
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"id\":\"%s\",\"type\":\"%s\"", id_text(event_id),
					 news_type_name(news->type));
	put_instant(&json, "createdAt", news->at - news->at % 1000);
	appendStringInfo(&json, ",\"payload\":{\"bookingId\":\"%s\"", id_text(&booking->id));
	put_id(&json, "eventTypeId", &booking->event_type_id);
	put_id(&json, "organizerId", &booking->organizer_id);
	put_text(&json, "inviteeEmail", booking->invitee_email);
	put_text(&json, "inviteeName", booking->invitee_name);
	put_instant(&json, "startsAt", booking->starts_at);
	put_instant(&json, "endsAt", booking->ends_at);
	put_metadata(&json, news, team);
	appendStringInfoString(&json, "}}");
	return json.data;
}

/* --- the queue ----------------------------------------------------------------------------------------------------- */

static TeamNews *
read_team(const Booking *booking)
{
	TeamNews *team = NULL;

	if (query_write(&team_query, (QueryArg[]) { UUID_ARG(&booking->event_type_id) }) > 0)
	{
		team = palloc(sizeof(TeamNews));
		*team = (TeamNews) { row_uuid(0, 1), row_uuid(0, 2), row_text(0, 3) };
	}
	SPI_freetuptable(SPI_tuptable);
	return team;
}

/* Whose endpoints are told. */
static Datum
concerned_users(const Booking *booking, const TeamNews *team)
{
	pg_uuid_t *users = palloc((booking->nhosts + 1) * sizeof(pg_uuid_t));
	int n = booking->nhosts;

	memcpy(users, booking->hosts, n * sizeof(pg_uuid_t));
	if (team)
		users[n++] = team->owner_id;
	return uuid_array(users, n);
}

/* The endpoints that want it, with the status that their deliveries begin with; returns how many. */
static int
lock_endpoints(Datum users, Datum type, Datum *ids, Datum *statuses)
{
	int n = (int) query_write(&endpoints_query, (QueryArg[]) { ARG(users), ARG(type) });
	Datum *id = palloc(n * sizeof(Datum));
	Datum *status = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		pg_uuid_t *copy = palloc(sizeof(pg_uuid_t));

		*copy = row_uuid(i, 1);
		id[i] = UUIDPGetDatum(copy);
		status[i] = CStringGetTextDatum(row_text(i, 2));
	}
	SPI_freetuptable(SPI_tuptable);
	*ids = array_of(UUIDOID, id, NULL, n);
	*statuses = array_of(TEXTOID, status, NULL, n);
	return n;
}

/* Queues the event for the endpoints that want it. */
static void
tell_endpoints(const News *news)
{
	const Booking *booking = news->booking;
	TeamNews *team = booking->is_team ? read_team(booking) : NULL;
	Datum type = CStringGetTextDatum(news_type_name(news->type));
	pg_uuid_t event_id;
	Datum ids;
	Datum statuses;

	if (lock_endpoints(concerned_users(booking, team), type, &ids, &statuses) == 0)
		return;
	event_id = new_id();
	query_write(&queue_query,
				(QueryArg[]) { UUID_ARG(&event_id), ARG(type), UUID_ARG(&booking->id),
							   ARG(CStringGetTextDatum(make_body(news, &event_id, team))), ARG(ids),
							   ARG(statuses) });
	wake_workers_when_committed();
}

void
outbox_tell(const News *news)
{
	tell_endpoints(news);
	mail_tell(news, writeback_tell(news));
}
