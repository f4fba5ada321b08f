/*
 * Facts of what is written into calendars; the words are in writeback_facts.h.
 */
#include "world/writeback_facts.h"

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "data/values.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* The columns of facts_query, in its order. */
enum
{
	ID = 1,
	ATTEMPT,
	MAX_ATTEMPTS,
	OPERATION,
	EVENT,
	LAST_ERROR,
	CALENDAR,
	CONNECTION_ID,
	ACCESS_TOKEN,
	TIMEZONE,
	IS_BLOCKED,
	MEETING_ID,
	BOOKING_ID,
	IS_GROUP,
	STARTS_AT,
	ENDS_AT,
	EVENT_NAME,
	PLACE,
	WANTS_LINK,
	ATTENDEE_EMAILS,
	ATTENDEE_NAMES,
	ANSWER_LABELS,
	ANSWER_VALUES
};

/*
 * The entry tells whether the event is to be there, and of which meeting: a booking's last successor, or of an occurrence
 * the bookings that are live. The one who makes the link has a place without it.
 */
static SavedQuery facts_query = {
	/* clang-format off */
	.text =
		"SELECT d.id, d.attempt, d.max_attempts, d.operation, d.external_id, d.last_error,"
		" c.external_id, n.id, n.access_token, u.timezone,"
		" EXISTS (SELECT FROM opencalendly.calendar_writebacks AS o WHERE o.calendar_id" EQ "d.calendar_id"
		"  AND o.external_id" EQ "d.external_id AND o.id" LT "d.id AND o.is_open),"
		" e.meeting_id, b.id, b.occurrence_id" EQ "e.meeting_id, b.starts_at, b.ends_at, v.name,"
		" CASE WHEN v.conference IS NULL OR b.organizer_id" NE "d.user_id THEN COALESCE(b.meeting_url, v.location_value)"
		"  ELSE v.location_value END,"
		" v.conference IS NOT NULL AND b.meeting_url IS NULL AND b.organizer_id" EQ "d.user_id,"
		" ARRAY(SELECT a.invitee_email FROM opencalendly.bookings AS a WHERE a.occurrence_id" EQ "b.occurrence_id"
		"  AND " LIVE("a") " ORDER BY a.seat_no LIMIT $2),"
		" ARRAY(SELECT a.invitee_name FROM opencalendly.bookings AS a WHERE a.occurrence_id" EQ "b.occurrence_id"
		"  AND " LIVE("a") " ORDER BY a.seat_no LIMIT $2),"
		" ARRAY(SELECT q.question OPERATOR(pg_catalog.->>) 'label' FROM"
		"   pg_catalog.jsonb_array_elements(v.questions) WITH ORDINALITY AS q (question, place)"
		"   WHERE b.answers OPERATOR(pg_catalog.?) (q.question OPERATOR(pg_catalog.->>) 'id') ORDER BY q.place),"
		" ARRAY(SELECT b.answers OPERATOR(pg_catalog.->>) (q.question OPERATOR(pg_catalog.->>) 'id') FROM"
		"   pg_catalog.jsonb_array_elements(v.questions) WITH ORDINALITY AS q (question, place)"
		"   WHERE b.answers OPERATOR(pg_catalog.?) (q.question OPERATOR(pg_catalog.->>) 'id') ORDER BY q.place)"
		" FROM opencalendly.calendar_writebacks AS d"
		"  JOIN opencalendly.calendars AS c ON c.id" EQ "d.calendar_id"
		"  JOIN opencalendly.calendar_connections AS n ON n.id" EQ "c.connection_id"
		"  JOIN opencalendly.users AS u ON u.id" EQ "d.user_id"
		"  LEFT JOIN opencalendly.calendar_entries AS e ON e.calendar_id" EQ "d.calendar_id AND e.external_id" EQ "d.external_id"
		"  LEFT JOIN LATERAL ("
		"   (WITH RECURSIVE later AS (SELECT e.meeting_id AS id"
		"     UNION ALL SELECT s.id FROM later AS l JOIN opencalendly.bookings AS s ON s.rescheduled_from" EQ "l.id)"
		"    SELECT l.id FROM later AS l JOIN opencalendly.bookings AS f ON f.id" EQ "l.id WHERE " LIVE("f") " LIMIT 1)"
		"   UNION ALL"
		"   (SELECT f.id FROM opencalendly.bookings AS f WHERE f.occurrence_id" EQ "e.meeting_id AND " LIVE("f")
		"    ORDER BY f.seat_no LIMIT 1)) AS m ON true"
		"  LEFT JOIN opencalendly.bookings AS b ON b.id" EQ "m.id"
		"  LEFT JOIN opencalendly.event_types AS v ON v.id" EQ "b.event_type_id"
		" WHERE d.id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY d.id",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDARRAYOID, INT4OID },
};

/* An array's texts, palloc'ed; a null is "". */
static char **
row_texts(uint64 row, int column, int *n)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);
	Datum *elements;
	bool *nulls;
	char **texts;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, n);
	texts = palloc((*n + 1) * sizeof(char *));
	for (int i = 0; i < *n; i++)
		texts[i] = nulls[i] ? "" : TextDatumGetCString(elements[i]);
	return texts;
}

static char *
row_id_text(uint64 row, int column)
{
	pg_uuid_t id = row_uuid(row, column);

	return id_text(&id);
}

/* NULL: the meeting is none of the host's any more, or nobody is left in it. */
static EventFacts *
read_event(uint64 row)
{
	EventFacts *facts;
	bool is_gone;
	int n;

	row_datum(row, BOOKING_ID, &is_gone);
	if (is_gone)
		return NULL;
	facts = palloc0(sizeof(EventFacts));
	facts->meeting_id = row_id_text(row, MEETING_ID);
	facts->booking_id = row_id_text(row, BOOKING_ID);
	facts->is_group = row_bool(row, IS_GROUP);
	facts->name = row_text(row, EVENT_NAME);
	facts->starts_at = row_instant(row, STARTS_AT);
	facts->ends_at = row_instant(row, ENDS_AT);
	facts->timezone = row_text(row, TIMEZONE);
	facts->place = row_text_or_null(row, PLACE);
	facts->wants_link = row_bool(row, WANTS_LINK);
	facts->attendee_emails = row_texts(row, ATTENDEE_EMAILS, &facts->nattendees);
	facts->attendee_names = row_texts(row, ATTENDEE_NAMES, &n);
	facts->answer_labels = row_texts(row, ANSWER_LABELS, &facts->nanswers);
	facts->answer_values = row_texts(row, ANSWER_VALUES, &n);
	return facts;
}

/* In the write's own context. */
static void
read_writeback(uint64 row, Writeback *writeback)
{
	const char *last_error = row_text_or_null(row, LAST_ERROR);
	bool isnull;

	writeback->base.id = row_uuid(row, ID);
	writeback->base.attempt = (int) row_int(row, ATTEMPT);
	writeback->base.max_attempts = (int) row_int(row, MAX_ATTEMPTS);
	writeback->connection_id = row_uuid(row, CONNECTION_ID);
	writeback->calendar = row_text(row, CALENDAR);
	writeback->event = row_text(row, EVENT);
	writeback->is_new = strcmp(row_text(row, OPERATION), "create") == 0;
	writeback->is_blocked = row_bool(row, IS_BLOCKED);
	writeback->awaits_link = last_error && strcmp(last_error, LINK_IS_COMING) == 0;
	writeback->facts = read_event(row);
	writeback->access_token = keys_unseal("calendar_connections", &writeback->connection_id,
										  DatumGetByteaPP(row_datum(row, ACCESS_TOKEN, &isnull)));
}

/*
 * What is wrong with one write's rows must not keep the others from being sent: it is that write's failure. Nothing but
 * memory is held where something is raised, so no subtransaction is needed.
 */
static void
read_writeback_or_problem(uint64 row, Writeback *writeback)
{
	PG_TRY();
	{
		read_writeback(row, writeback);
	}
	PG_CATCH();
	{
		ErrorData *problem;

		MemoryContextSwitchTo(writeback->context);
		problem = CopyErrorData();
		FlushErrorState();
		writeback->problem = problem->message;
	}
	PG_END_TRY();
}

int
writeback_facts_load(Datum ids, MemoryContext context, Delivery **deliveries)
{
	MemoryContext callers = CurrentMemoryContext;
	int n = (int) query_write(&facts_query,
							  (QueryArg[]) { ARG(ids), ARG(Int32GetDatum(ATTENDEES_MAX)) });

	for (int i = 0; i < n; i++)
	{
		MemoryContext own = AllocSetContextCreate(context, "writeback", ALLOCSET_SMALL_SIZES);
		Writeback *writeback = MemoryContextAllocZero(own, sizeof(Writeback));

		MemoryContextSwitchTo(own);
		writeback->context = own;
		read_writeback_or_problem(i, writeback);
		deliveries[i] = &writeback->base;
	}
	MemoryContextSwitchTo(callers);
	SPI_freetuptable(SPI_tuptable);
	return n;
}
