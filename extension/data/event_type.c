/*
 * Loads event types; the words are in event_type.h.
 */
#include "data/event_type.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "data/team.h"
#include "data/values.h"
#include "errors.h"
#include "time/civil.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"

/* clang-format off */
#define EVENT_TYPES_WHERE                                                                                                 \
	"SELECT e.user_id, e.duration_minutes, e.slot_interval_minutes, e.buffer_before_minutes, e.buffer_after_minutes,"     \
	" e.min_notice_minutes, e.max_days_ahead, e.bookable_from, e.bookable_until, e.daily_booking_limit,"                  \
	" e.weekly_booking_limit, e.monthly_booking_limit, e.seats, e.is_active, e.questions, s.id,"                          \
	" COALESCE(s.timezone, u.timezone), t.mode, t.assignment, t.round_robin_cursor, t.last_entry, e.id"                   \
	" FROM opencalendly.event_types AS e"                                                                                 \
	" JOIN opencalendly.users AS u ON u.id" EQ "e.user_id"                                                                \
	" LEFT JOIN opencalendly.team_event_types AS t ON t.event_type_id" EQ "e.id"                                          \
	" LEFT JOIN opencalendly.schedules AS s ON t.event_type_id IS NULL AND s.user_id" EQ "e.user_id"                      \
	" AND CASE WHEN e.schedule_id IS NULL THEN s.is_default ELSE s.id" EQ "e.schedule_id END"                             \
	" WHERE "
/* clang-format on */

static SavedQuery load_query = {
	.text = EVENT_TYPES_WHERE "e.id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery page_query = {
	.text = EVENT_TYPES_WHERE "u.username" EQ "$1 AND e.slug" EQ "$2",
	.nargs = 2,
	.types = { TEXTOID, TEXTOID },
};

static SavedQuery team_page_query = {
	.text =
		EVENT_TYPES_WHERE "t.team_id" EQ "(SELECT m.id FROM opencalendly.teams AS m WHERE m.slug" EQ
						  "$1) AND e.slug" EQ "$2",
	.nargs = 2,
	.types = { TEXTOID, TEXTOID },
};

static SavedQuery user_query = {
	/* clang-format off */
	.text =
		"SELECT e.user_id, EXISTS (SELECT FROM opencalendly.team_event_types AS t WHERE t.event_type_id" EQ "e.id)"
		" FROM opencalendly.event_types AS e WHERE e.id" EQ "$1",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDOID },
};

static void
raise_no_event_type(const pg_uuid_t *id, const char *why)
{
	char *text = id_text(id);

	ereport(ERROR, errcode(ERRCODE_OC_NO_EVENT_TYPE), errmsg("%s", why),
			errdetail("Field \"event_type_id\" has the value %s.", text));
}

static int64
row_minutes(int column, int64 if_null)
{
	int64 minutes = row_int_or(0, column, if_null);

	return minutes < 0 ? minutes : minutes * USECS_PER_MIN;
}

static int64
row_date(int column, int64 if_null)
{
	bool isnull;
	Datum value = row_datum(0, column, &isnull);

	return isnull ? if_null : DatumGetDateADT(value);
}

/* The organizer, with the schedule of the row. */
static void
read_organizer(EventType *event)
{
	bool isnull;
	Datum schedule_id = row_datum(0, 16, &isnull);
	Attendee *organizer = palloc0(sizeof(Attendee));

	*organizer = (Attendee) {
		.host_id = event->user_id, .is_required = true, .has_schedule = !isnull, .zone = event->zone
	};
	if (organizer->has_schedule)
		organizer->schedule_id = *DatumGetUUIDP(schedule_id);
	event->attendees = organizer;
	event->nattendees = event->nrequired = 1;
}

static Assignment
assignment_named(const char *name)
{
	if (strcmp(name, "cursor") == 0)
		return ASSIGN_CURSOR;
	return strcmp(name, "weighted") == 0 ? ASSIGN_WEIGHTED : ASSIGN_LEAST_RECENT;
}

/* How it finds its hosts, but for the hosts of a team. */
static void
read_mode(EventType *event)
{
	char *mode = row_text_or_null(0, 18);

	if (!mode)
	{
		event->mode = MODE_SOLO;
		read_organizer(event);
		return;
	}
	event->mode = strcmp(mode, "collective") == 0 ? MODE_COLLECTIVE : MODE_ROUND_ROBIN;
	event->assignment = assignment_named(row_text(0, 19));
	event->cursor = (int) row_int(0, 20);
	event->last_entry = row_int(0, 21);
}

/* The event type of the row that the query has found; raises OC002 if it is not active and must be. */
static EventType *
read_event_type(bool may_be_inactive)
{
	EventType *event = palloc0(sizeof(EventType));
	bool isnull;

	event->id = row_uuid(0, 22);
	event->user_id = row_uuid(0, 1);
	event->duration = row_minutes(2, -1);
	event->step = row_minutes(3, -1);
	event->buffers = (Buffers) { row_minutes(4, -1), row_minutes(5, -1) };
	event->min_notice = row_minutes(6, 0);
	event->max_days_ahead = row_int_or(0, 7, NO_LIMIT);
	event->bookable_from = row_date(8, PG_INT64_MIN);
	event->bookable_until = row_date(9, PG_INT64_MAX);
	event->daily_limit = row_int_or(0, 10, NO_LIMIT);
	event->weekly_limit = row_int_or(0, 11, NO_LIMIT);
	event->monthly_limit = row_int_or(0, 12, NO_LIMIT);
	event->seats = (int) row_int(0, 13);
	event->is_active = row_bool(0, 14);
	event->questions = DatumGetJsonbPCopy(row_datum(0, 15, &isnull));
	event->zone = civil_zone(row_text(0, 17));
	read_mode(event);
	SPI_freetuptable(SPI_tuptable);
	if (!event->is_active && !may_be_inactive)
		raise_no_event_type(&event->id, "event type is not active");
	if (event->mode != MODE_SOLO)
		team_load_attendees(event);
	return event;
}

EventType *
event_type_load(const pg_uuid_t *id, bool may_be_inactive)
{
	if (query_read(&load_query, (QueryArg[]) { UUID_ARG(id) }) == 0)
		raise_no_event_type(id, "no such event type");
	return read_event_type(may_be_inactive);
}

EventType *
event_type_find(EventPage page)
{
	SavedQuery *query = page.is_team ? &team_page_query : &page_query;

	if (query_read(query, (QueryArg[]) { ARG(CStringGetTextDatum(page.owner)),
										 ARG(CStringGetTextDatum(page.slug)) }) == 0)
		return NULL;
	return read_event_type(false);
}

pg_uuid_t
event_type_user(const pg_uuid_t *id, bool *is_team)
{
	pg_uuid_t user;

	if (query_read(&user_query, (QueryArg[]) { UUID_ARG(id) }) == 0)
		raise_no_event_type(id, "no such event type");
	user = row_uuid(0, 1);
	*is_team = row_bool(0, 2);
	SPI_freetuptable(SPI_tuptable);
	return user;
}
