/*
 * Queueing of bookings for hosts' calendars; the words are in writeback_queue.h.
 */
#include "verbs/writeback_queue.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "utils/builtins.h"
#include "verbs/wake.h"

/* Nearly all bookings end here, so nothing is joined. */
static SavedQuery has_connection_query = {
	.text = "SELECT FROM opencalendly.calendar_connections AS n"
			" WHERE n.user_id OPERATOR(pg_catalog.=) ANY ($1) LIMIT 1",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

/*
 * Where the meeting $3 is, or is to be, of the users $1, who attend it by now as $2 says; and whether the booking $4 still
 * needs its link. A connection that its host is leaving takes nothing new.
 */
static SavedQuery places_query = {
	/* clang-format off */
	.text =
		"SELECT u.id, u.attends, e.id, c.id, e.external_id, n.state" EQ "'active',"
		"  (SELECT v.conference IS NOT NULL AND b.meeting_url IS NULL FROM opencalendly.bookings AS b"
		"    JOIN opencalendly.event_types AS v ON v.id" EQ "b.event_type_id WHERE b.id" EQ "$4)"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS u (id, attends)"
		"  LEFT JOIN opencalendly.calendar_entries AS e ON e.user_id" EQ "u.id AND e.meeting_id" EQ "$3"
		"  LEFT JOIN opencalendly.calendars AS t ON t.user_id" EQ "u.id AND t.is_write_target"
		"  JOIN opencalendly.calendars AS c ON c.id" EQ "COALESCE(e.calendar_id, t.id)"
		"  JOIN opencalendly.calendar_connections AS n ON n.id" EQ "c.connection_id"
		" WHERE e.id IS NOT NULL OR u.attends AND n.state" NE "'leaving'",
	/* clang-format on */
	.nargs = 4,
	.types = { UUIDARRAYOID, BOOLARRAYOID, UUIDOID, UUIDOID },
};

static SavedQuery lock_query = {
	.text =
		"SELECT c.id FROM opencalendly.calendars AS c WHERE c.id OPERATOR(pg_catalog.=) ANY ($1)"
		" FOR KEY SHARE",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

/* $1 meeting, $2 booking, then of each change user, calendar, event, what is to be done, and the entry that is there. */
static SavedQuery queue_query = {
	/* clang-format off */
	.text =
		"WITH changed AS (SELECT * FROM ROWS FROM (pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5),"
		"   pg_catalog.unnest($6), pg_catalog.unnest($7)) AS c (user_id, calendar_id, external_id, operation, entry_id)),"
		" gone AS (DELETE FROM opencalendly.calendar_entries AS e USING changed AS c"
		"  WHERE e.id" EQ "c.entry_id AND c.operation" EQ "'cancel'),"
		" made AS (INSERT INTO opencalendly.calendar_entries (user_id, meeting_id, calendar_id, external_id)"
		"  SELECT c.user_id, $1, c.calendar_id, c.external_id FROM changed AS c WHERE c.operation" EQ "'create'"
		"  ON CONFLICT ON CONSTRAINT calendar_entries_user_id_meeting_id_key DO NOTHING)"
		" INSERT INTO opencalendly.calendar_writebacks"
		"   (user_id, calendar_id, meeting_id, external_id, booking_id, operation)"
		"  SELECT c.user_id, c.calendar_id, $1, c.external_id, $2, c.operation FROM changed AS c",
	/* clang-format on */
	.nargs = 7,
	.types = { UUIDOID, UUIDOID, UUIDARRAYOID, UUIDARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
			   UUIDARRAYOID },
};

static SavedQuery is_attended_query = {
	.text = "SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id" EQ
			"$1 AND " LIVE("b") " LIMIT 1",
	.nargs = 1,
	.types = { UUIDOID },
};

/* A user's calendar in which a meeting is or is to be. */
typedef struct Place
{
	pg_uuid_t user_id;
	bool attends;
	bool has_entry;
	pg_uuid_t entry_id; /* if has_entry */
	pg_uuid_t calendar_id;
	char *external_id;
	bool is_active;  /* the connection */
	bool needs_link; /* the booking, whoever makes it */
} Place;

/* A meeting, and who attends it after the news; the others did before. */
typedef struct Attended
{
	const Booking *booking; /* whose change it is */
	pg_uuid_t meeting_id;
	pg_uuid_t *users;
	bool *attends;
	int nusers;
} Attended;

static bool
is_group(const Booking *booking)
{
	return booking->seat.seats > 1;
}

static pg_uuid_t
meeting_of(const Booking *booking)
{
	return is_group(booking) ? booking->seat.occurrence_id : booking_first(booking);
}

/* The event's name at the provider: made of the booking for which it is first written, so that no other ever has it. */
static char *
event_name(const Booking *booking, const pg_uuid_t *user_id)
{
	StringInfoData name;

	initStringInfo(&name);
	appendStringInfoString(&name, "oc");
	for (int i = 0; i < UUID_LEN; i++)
		appendStringInfo(&name, "%02x", booking->id.data[i]);
	for (int i = UUID_LEN - 4; i < UUID_LEN; i++)
		appendStringInfo(&name, "%02x", user_id->data[i]);
	return name.data;
}

static Place
read_place(uint64 row, const Booking *booking)
{
	Place place = { .user_id = row_uuid(row, 1),
					.attends = row_bool(row, 2),
					.calendar_id = row_uuid(row, 4),
					.external_id = row_text_or_null(row, 5),
					.is_active = row_bool(row, 6),
					.needs_link = row_bool(row, 7) };

	place.has_entry = place.external_id != NULL;
	if (place.has_entry)
		place.entry_id = row_uuid(row, 3);
	else
		place.external_id = event_name(booking, &place.user_id);
	return place;
}

/* The places of a meeting, in a latest snapshot; returns how many. There is at most one for each user. */
static int
read_places(const Attended *meeting, Place *places)
{
	Datum *attends = palloc(meeting->nusers * sizeof(Datum));
	int n;

	for (int i = 0; i < meeting->nusers; i++)
		attends[i] = BoolGetDatum(meeting->attends[i]);
	claim_read_begin();
	n = (int) query_read(&places_query,
						 (QueryArg[]) { ARG(uuid_array(meeting->users, meeting->nusers)),
										ARG(array_of(BOOLOID, attends, NULL, meeting->nusers)),
										UUID_ARG(&meeting->meeting_id),
										UUID_ARG(&meeting->booking->id) });
	for (int i = 0; i < n; i++)
		places[i] = read_place(i, meeting->booking);
	SPI_freetuptable(SPI_tuptable);
	claim_read_end();
	return n;
}

/* Keeps the places whose calendars are there to stay; returns how many. */
static int
lock_places(Place *places, int n)
{
	pg_uuid_t *calendars = palloc(n * sizeof(pg_uuid_t));
	int kept = 0;
	uint64 nlocked;

	for (int i = 0; i < n; i++)
		calendars[i] = places[i].calendar_id;
	nlocked = query_write(&lock_query, (QueryArg[]) { ARG(uuid_array(calendars, n)) });
	for (int i = 0; i < n; i++)
		for (uint64 row = 0; row < nlocked; row++)
		{
			pg_uuid_t calendar_id = row_uuid(row, 1);

			if (memcmp(&calendar_id, &places[i].calendar_id, sizeof(calendar_id)) == 0)
				places[kept++] = places[i];
		}
	SPI_freetuptable(SPI_tuptable);
	if (kept < n && IsolationUsesXactSnapshot())
		raise_serialization_failure();
	return kept;
}

static const char *
operation_at(const Place *place)
{
	if (!place->attends)
		return "cancel";
	return place->has_entry ? "reschedule" : "create";
}

static void
queue(const Attended *meeting, Place *places, int n)
{
	Datum *column[5];
	bool *has_no_entry = palloc(n * sizeof(bool));

	for (int i = 0; i < (int) lengthof(column); i++)
		column[i] = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		column[0][i] = UUIDPGetDatum(&places[i].user_id);
		column[1][i] = UUIDPGetDatum(&places[i].calendar_id);
		column[2][i] = CStringGetTextDatum(places[i].external_id);
		column[3][i] = CStringGetTextDatum(operation_at(&places[i]));
		column[4][i] = UUIDPGetDatum(&places[i].entry_id);
		has_no_entry[i] = !places[i].has_entry;
	}
	claim_write(&queue_query,
				(QueryArg[]) { UUID_ARG(&meeting->meeting_id), UUID_ARG(&meeting->booking->id),
							   ARG(array_of(UUIDOID, column[0], NULL, n)),
							   ARG(array_of(UUIDOID, column[1], NULL, n)),
							   ARG(array_of(TEXTOID, column[2], NULL, n)),
							   ARG(array_of(TEXTOID, column[3], NULL, n)),
							   ARG(array_of(UUIDOID, column[4], has_no_entry, n)) },
				n);
	wake_workers_when_committed();
}

/* A link is made with the organizer's event. */
static bool
makes_link(const Place *place, const Booking *booking)
{
	return place->attends && place->is_active && place->needs_link &&
		   memcmp(&place->user_id, &booking->organizer_id, sizeof(pg_uuid_t)) == 0;
}

/* Returns whether a link is on its way. */
static bool
tell(const Attended *meeting)
{
	Place *places = palloc(meeting->nusers * sizeof(Place));
	int n = read_places(meeting, places);
	bool has_link_coming = false;

	if (n > 0)
		n = lock_places(places, n);
	if (n == 0)
		return false;
	queue(meeting, places, n);
	for (int i = 0; i < n; i++)
		has_link_coming |= makes_link(&places[i], meeting->booking);
	return has_link_coming;
}

static bool
tell_all(const Booking *booking, const pg_uuid_t *meeting_id, bool attends)
{
	bool *all = palloc(booking->nhosts * sizeof(bool));

	for (int i = 0; i < booking->nhosts; i++)
		all[i] = attends;
	return tell(&(Attended) { .booking = booking,
							  .meeting_id = *meeting_id,
							  .users = booking->hosts,
							  .attends = all,
							  .nusers = booking->nhosts });
}

/* The booking has gone from its meeting, which goes on if others are left. */
static void
leave(const Booking *booking, const pg_uuid_t *meeting_id)
{
	bool is_attended = false;

	if (is_group(booking))
	{
		claim_read_begin();
		is_attended = query_read(&is_attended_query, (QueryArg[]) { UUID_ARG(meeting_id) }) > 0;
		SPI_freetuptable(SPI_tuptable);
		claim_read_end();
	}
	tell_all(booking, meeting_id, is_attended);
}

static bool
has_host(const Booking *booking, const pg_uuid_t *host)
{
	for (int i = 0; i < booking->nhosts; i++)
		if (memcmp(&booking->hosts[i], host, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
}

/* The same meeting at another time; a round robin may have found another host. */
static bool
tell_move(const Booking *booking, const Booking *old, const pg_uuid_t *meeting_id)
{
	int most = booking->nhosts + old->nhosts;
	Attended meeting = { .booking = booking,
						 .meeting_id = *meeting_id,
						 .users = palloc(most * sizeof(pg_uuid_t)),
						 .attends = palloc(most * sizeof(bool)) };

	for (int i = 0; i < booking->nhosts; i++)
	{
		meeting.attends[meeting.nusers] = true;
		meeting.users[meeting.nusers++] = booking->hosts[i];
	}
	for (int i = 0; i < old->nhosts; i++)
		if (!has_host(booking, &old->hosts[i]))
		{
			meeting.attends[meeting.nusers] = false;
			meeting.users[meeting.nusers++] = old->hosts[i];
		}
	return tell(&meeting);
}

static bool
is_connected(const Booking *booking)
{
	bool is;

	claim_read_begin();
	is = query_read(&has_connection_query,
					(QueryArg[]) { ARG(uuid_array(booking->hosts, booking->nhosts)) }) > 0;
	SPI_freetuptable(SPI_tuptable);
	claim_read_end();
	return is;
}

bool
writeback_tell(const News *news)
{
	pg_uuid_t meeting_id;
	pg_uuid_t old_meeting_id;

	if (!is_connected(news->booking) && !(news->old && is_connected(news->old)))
		return false;
	meeting_id = meeting_of(news->booking);
	switch (news->type)
	{
		case BOOKING_CREATED:
			return tell_all(news->booking, &meeting_id, true);
		case BOOKING_CANCELED:
			leave(news->booking, &meeting_id);
			return false;
		case BOOKING_RESCHEDULED:
			old_meeting_id = meeting_of(news->old);
			if (memcmp(&old_meeting_id, &meeting_id, sizeof(meeting_id)) == 0)
				return tell_move(news->booking, news->old, &meeting_id);
			leave(news->old, &old_meeting_id);
			return tell_all(news->booking, &meeting_id, true);
	}
	pg_unreachable();
}
