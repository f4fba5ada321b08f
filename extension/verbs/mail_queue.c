/*
 * Queueing of mails; the words are in mail_queue.h.
 */
#include "verbs/mail_queue.h"

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "data/query.h"
#include "data/values.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "verbs/wake.h"

/* As enqueue_mail() has it (schema/66_mail.sql). */
#define MAILS_A_DAY 20

#define LINK_WAIT "INTERVAL '60 seconds'"

#define STRINGIFIED(number) #number
#define TEXT_OF(number) STRINGIFIED(number)

/* How many mails of the address $1 are so near to a time that a window of 24 hours has both. */
#define MAILS_NEAR(address, time)                                                                  \
	"(SELECT pg_catalog.count(*) FROM opencalendly.email_deliveries AS d WHERE d.email" EQ address \
	" AND d.sends_at" GT "(" time " OPERATOR(pg_catalog.-) INTERVAL '24 hours')"                   \
	" AND d.sends_at" LT "(" time " OPERATOR(pg_catalog.+) INTERVAL '24 hours'))"

static SavedQuery is_user_query = {
	.text = "SELECT FROM opencalendly.users AS u WHERE u.email" EQ "$1",
	.nargs = 1,
	.types = { TEXTOID },
};

static SavedQuery has_room_query = {
	.text = "SELECT " MAILS_NEAR("$1", "$2") LT TEXT_OF(MAILS_A_DAY),
	.nargs = 2,
	.types = { TEXTOID, TIMESTAMPTZOID },
};

/* $1 kind, $2 booking, $3 sequence, $4 meeting, $5 the invitee's address or null, $6 hosts, $7 whether they wait for a link. */
static SavedQuery queue_query = {
	/* clang-format off */
	.text =
		"INSERT INTO opencalendly.email_deliveries (kind, idempotency_key, user_id, email, booking_id, meeting_id, due_at)"
		" SELECT $1, pg_catalog.concat_ws('/', $1, $2, $3, COALESCE(r.user_id::pg_catalog.text, 'invitee')),"
		"   r.user_id, r.email, $2, $4, CASE WHEN $7 THEN pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) " LINK_WAIT
		"    ELSE '-infinity' END"
		"  FROM (SELECT NULL::pg_catalog.uuid AS user_id, $5 AS email WHERE $5 IS NOT NULL"
		"   UNION ALL SELECT h.id, NULL FROM pg_catalog.unnest($6) AS h(id)) AS r",
	/* clang-format on */
	.nargs = 7,
	.types = { TEXTOID, UUIDOID, INT4OID, UUIDOID, TEXTOID, UUIDARRAYOID, BOOLOID },
};

/*
 * The mails that the rules of event type $1 ask for: $2 the invitee's address, $3 whether it is a user's, $4 start, $5 end.
 */
static SavedQuery wanted_query = {
	/* clang-format off */
	.text =
		"SELECT r.id, r.notification_type, r.offset_minutes, t.at"
		"  FROM opencalendly.notification_rules AS r CROSS JOIN LATERAL ("
		"   SELECT CASE WHEN r.notification_type" EQ "'reminder'"
		"     THEN $4 OPERATOR(pg_catalog.-) (r.offset_minutes OPERATOR(pg_catalog.*) INTERVAL '1 minute')"
		"     ELSE $5 OPERATOR(pg_catalog.+) (r.offset_minutes OPERATOR(pg_catalog.*) INTERVAL '1 minute') END AS at) AS t"
		"  WHERE r.event_type_id" EQ "$1 AND r.is_enabled AND t.at" GT "pg_catalog.clock_timestamp()"
		"   AND ($3 OR (" MAILS_NEAR("$2", "t.at") " OPERATOR(pg_catalog.+)"
		"     (SELECT pg_catalog.count(*) FROM opencalendly.notification_rules AS o"
		"      WHERE o.event_type_id" EQ "$1 AND o.is_enabled AND o.id" LT "r.id))" LT TEXT_OF(MAILS_A_DAY) ")",
	/* clang-format on */
	.nargs = 5,
	.types = { UUIDOID, TEXTOID, BOOLOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

/* $1 booking, $2 meeting, $3 the invitee's address, then of each mail rule, kind, minutes and time. */
static SavedQuery plan_query = {
	/* clang-format off */
	.text =
		"INSERT INTO opencalendly.email_deliveries"
		"  (kind, idempotency_key, email, booking_id, meeting_id, subject_id, sends_at, due_at)"
		" SELECT p.kind, pg_catalog.concat_ws('/', p.kind, $1, p.minutes, 'invitee'), $3, $1, $2, p.rule_id, p.at, p.at"
		"  FROM ROWS FROM (pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7))"
		"   AS p (rule_id, kind, minutes, at)",
	/* clang-format on */
	.nargs = 7,
	.types = { UUIDOID, UUIDOID, TEXTOID, UUIDARRAYOID, TEXTARRAYOID, INT4ARRAYOID,
			   TIMESTAMPTZARRAYOID },
};

static SavedQuery unplan_query = {
	.text = "DELETE FROM opencalendly.email_deliveries AS d WHERE d.booking_id" EQ
			"$1 AND d.status" EQ "'pending'"
			" AND d.kind OPERATOR(pg_catalog.=) ANY (ARRAY['reminder', 'follow_up'])",
	.nargs = 1,
	.types = { UUIDOID },
};

/* The key of a lock that functions in SQL take, too: hashtextextended(kind || ' ' || word, 0). */
static Datum
lock_key(const char *kind, const char *word)
{
	char *text = psprintf("opencalendly %s %s", kind, word);
	Datum key = hash_any_extended((unsigned char *) text, (int) strlen(text), 0);

	pfree(text);
	return key;
}

/* The lock under which an event type's reminders are written, shared with other bookings. */
static void
lock_notifications(const pg_uuid_t *event_type_id)
{
	DirectFunctionCall1(pg_advisory_xact_lock_shared_int8,
						lock_key("notifications", id_text(event_type_id)));
}

/* lock_address() of schema/67_auth.sql. */
static void
lock_address(const char *email)
{
	DirectFunctionCall1(pg_advisory_xact_lock_int8, lock_key("address", email));
}

static bool
is_user(const char *email)
{
	bool found = query_write(&is_user_query, (QueryArg[]) { ARG(CStringGetTextDatum(email)) }) > 0;

	SPI_freetuptable(SPI_tuptable);
	return found;
}

static bool
has_room(const char *email)
{
	bool answer;

	query_read(&has_room_query, (QueryArg[]) { ARG(CStringGetTextDatum(email)),
											   ARG(TimestampTzGetDatum(GetCurrentTimestamp())) });
	answer = row_bool(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return answer;
}

/* Whether the invitee may be sent one more now; waits for others who ask the same for the address. */
static bool
may_mail_now(const char *email, bool is_known)
{
	bool may;

	if (is_known)
		return true;
	lock_address(email);
	claim_read_begin();
	may = has_room(email);
	claim_read_end();
	return may;
}

static void
queue(const char *kind, const pg_uuid_t *booking_id, int sequence, const pg_uuid_t *meeting_id,
	  const char *invitee, const pg_uuid_t *hosts, int nhosts, bool waits_for_link)
{
	if (!invitee && nhosts == 0)
		return;
	query_write(&queue_query,
				(QueryArg[]) { ARG(CStringGetTextDatum(kind)), UUID_ARG(booking_id),
							   ARG(Int32GetDatum(sequence)), UUID_ARG(meeting_id),
							   ARG_IF(invitee, CStringGetTextDatum(invitee)),
							   ARG(uuid_array(hosts, nhosts)), ARG(BoolGetDatum(waits_for_link)) });
}

/* The mails that the rules ask for, read in a latest snapshot, in the order of plan_query's arrays; returns how many. */
static int
read_wanted(const Booking *booking, bool is_known, Datum columns[4])
{
	static const Oid types[] = { UUIDOID, TEXTOID, INT4OID, TIMESTAMPTZOID };
	int n;

	claim_read_begin();
	n = (int) query_read(&wanted_query,
						 (QueryArg[]) { UUID_ARG(&booking->event_type_id),
										ARG(CStringGetTextDatum(booking->invitee_email)),
										ARG(BoolGetDatum(is_known)),
										ARG(TimestampTzGetDatum(booking->starts_at)),
										ARG(TimestampTzGetDatum(booking->ends_at)) });
	for (int i = 0; i < (int) lengthof(types) && n > 0; i++)
	{
		Datum *values = palloc(n * sizeof(Datum));
		bool isnull;

		for (int row = 0; row < n; row++)
			values[row] = row_datum(row, i + 1, &isnull);
		columns[i] = array_of(types[i], values, NULL, n);
	}
	SPI_freetuptable(SPI_tuptable);
	claim_read_end();
	return n;
}

static void
plan_reminders(const Booking *booking, const pg_uuid_t *meeting_id, bool is_known)
{
	Datum columns[4];

	if (read_wanted(booking, is_known, columns) == 0)
		return;
	query_write(&plan_query,
				(QueryArg[]) { UUID_ARG(&booking->id), UUID_ARG(meeting_id),
							   ARG(CStringGetTextDatum(booking->invitee_email)), ARG(columns[0]),
							   ARG(columns[1]), ARG(columns[2]), ARG(columns[3]) });
}

static void
unplan_reminders(const Booking *booking)
{
	query_write(&unplan_query, (QueryArg[]) { UUID_ARG(&booking->id) });
}

static bool
attends(const Booking *booking, const pg_uuid_t *host)
{
	for (int i = 0; i < booking->nhosts; i++)
		if (memcmp(&booking->hosts[i], host, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
}

/* The hosts of one booking who attend the other, too, or who do not; palloc'ed. */
static pg_uuid_t *
hosts_who(const Booking *booking, const Booking *other, bool attend_other, int *n)
{
	pg_uuid_t *hosts = palloc(booking->nhosts * sizeof(pg_uuid_t));

	*n = 0;
	for (int i = 0; i < booking->nhosts; i++)
		if (attends(other, &booking->hosts[i]) == attend_other)
			hosts[(*n)++] = booking->hosts[i];
	return hosts;
}

/* A round robin may have found another host: to one it is a new meeting, to the other it is gone. */
static void
queue_move(const News *news, const pg_uuid_t *meeting_id, const char *invitee, bool waits_for_link)
{
	const Booking *booking = news->booking;
	int nstay, ncome, ngo;
	pg_uuid_t *stay = hosts_who(booking, news->old, true, &nstay);
	pg_uuid_t *come = hosts_who(booking, news->old, false, &ncome);
	pg_uuid_t *go = hosts_who(news->old, booking, false, &ngo);

	queue("booking_rescheduled", &booking->id, booking->sequence, meeting_id, invitee, stay, nstay,
		  waits_for_link);
	queue("booking_confirmed", &booking->id, booking->sequence, meeting_id, NULL, come, ncome,
		  waits_for_link);
	queue("booking_canceled", &news->old->id, booking->sequence, meeting_id, NULL, go, ngo, false);
}

void
mail_tell(const News *news, bool waits_for_link)
{
	const Booking *booking = news->booking;
	bool is_known;
	const char *invitee;
	pg_uuid_t meeting_id;

	if (settings_mail_transport == MAIL_BY_NONE)
		return;
	meeting_id = booking_first(booking);
	is_known = is_user(booking->invitee_email);
	lock_notifications(&booking->event_type_id);
	invitee = may_mail_now(booking->invitee_email, is_known) ? booking->invitee_email : NULL;
	switch (news->type)
	{
		case BOOKING_CREATED:
			queue("booking_confirmed", &booking->id, booking->sequence, &meeting_id, invitee,
				  booking->hosts, booking->nhosts, waits_for_link);
			plan_reminders(booking, &meeting_id, is_known);
			break;
		case BOOKING_RESCHEDULED:
			unplan_reminders(news->old);
			queue_move(news, &meeting_id, invitee, waits_for_link);
			plan_reminders(booking, &meeting_id, is_known);
			break;
		case BOOKING_CANCELED:
			unplan_reminders(booking);
			queue("booking_canceled", &booking->id, booking->sequence + 1, &meeting_id, invitee,
				  booking->hosts, booking->nhosts, false);
			break;
	}
	wake_workers_when_committed();
}
