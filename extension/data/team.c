/*
 * Loads a team's hosts; the words are in team.h.
 */
#include "data/team.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "time/civil.h"

static SavedQuery attendees_query = {
	/* clang-format off */
	.text =
		"SELECT m.user_id, COALESCE(x.is_required, t.mode" EQ "'collective') AS is_required, s.id,"
		" COALESCE(s.timezone, u.timezone), m.position, COALESCE(x.priority, m.priority), COALESCE(x.weight, m.weight),"
		" COALESCE(c.credits, 0), COALESCE(c.last_pick, 0)"
		" FROM opencalendly.team_event_types AS t"
		" JOIN opencalendly.team_members AS m ON m.team_id" EQ "t.team_id AND m.status" EQ "'active'"
		" JOIN opencalendly.users AS u ON u.id" EQ "m.user_id"
		" LEFT JOIN opencalendly.team_event_type_members AS x"
		"  ON x.event_type_id" EQ "t.event_type_id AND x.user_id" EQ "m.user_id"
		" LEFT JOIN opencalendly.schedules AS s ON s.user_id" EQ "m.user_id"
		"  AND CASE WHEN x.schedule_id IS NULL THEN s.is_default ELSE s.id" EQ "x.schedule_id END"
		" LEFT JOIN opencalendly.team_credits AS c"
		"  ON c.event_type_id" EQ "t.event_type_id AND c.user_id" EQ "m.user_id"
		" WHERE t.event_type_id" EQ "$1 AND (t.all_members OR x.user_id IS NOT NULL)"
		"  AND (t.mode" EQ "'round_robin' OR COALESCE(x.is_required, true))"
		" ORDER BY is_required DESC, m.position",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDOID },
};

static Attendee
read_attendee(uint64 row)
{
	bool has_no_schedule;
	Datum schedule_id = row_datum(row, 3, &has_no_schedule);
	Attendee attendee = { .host_id = row_uuid(row, 1),
						  .is_required = row_bool(row, 2),
						  .has_schedule = !has_no_schedule,
						  .zone = civil_zone(row_text(row, 4)),
						  .standing = { .position = (int) row_int(row, 5),
										.priority = (int) row_int(row, 6),
										.weight = (int) row_int(row, 7),
										.credits = row_int(row, 8),
										.last_pick = row_int(row, 9) } };

	if (attendee.has_schedule)
		attendee.schedule_id = *DatumGetUUIDP(schedule_id);
	return attendee;
}

void
team_load_attendees(EventType *event)
{
	uint64 rows = query_read(&attendees_query, (QueryArg[]) { UUID_ARG(&event->id) });

	event->attendees = palloc(rows * sizeof(Attendee));
	event->nattendees = (int) rows;
	event->nrequired = 0;
	for (uint64 i = 0; i < rows; i++)
	{
		event->attendees[i] = read_attendee(i);
		event->nrequired += event->attendees[i].is_required;
	}
	SPI_freetuptable(SPI_tuptable);
}
