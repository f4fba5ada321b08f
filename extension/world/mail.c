/*
 * The mails' sender; the words are in mail.h.
 */
#include "world/mail.h"

#include "catalog/pg_type_d.h"
#include "settings.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "world/mail_facts.h"
#include "world/mail_post.h"

#define LEASE_MARGIN_US (15 * USECS_PER_SEC)
#define LOST_ATTEMPTS 5 /* beyond max_attempts, of workers that died */
#define AHEAD_MAX 32    /* mails for each connection, the one that is under way among them */
#define AHEAD_MS 1000   /* that the server needs for them, as its last answers were */
#define PAUSE_MIN_US (2 * USECS_PER_SEC)
#define PAUSE_MAX_US (60 * USECS_PER_SEC)

typedef struct MailLane
{
	int in_flight;
	int ahead;          /* mails for each connection */
	bool is_in_trouble; /* the last attempt failed by the server, not by the mail */
	int64 pause_us;     /* after the next trouble */
	TimestampTz open_at;
} MailLane;

static Queue mail_queue = { .name = "mail", QUEUE_STATEMENTS("opencalendly.email_deliveries") };

/* Rows whose time has its own, and that nobody waits for. */
#define IS_PLANNED(alias) alias ".kind OPERATOR(pg_catalog.=) ANY (ARRAY['reminder', 'follow_up'])"
#define IS_OPEN(alias) alias ".is_open"

/*
 * $1 places, $2 now, $3 the lease's end. Rows whose lease has run out are due again; their attempt is told as lost. For
 * COALESCE see webhook.c.
 */
static SavedQuery lease_query = {
	.text =
		/* clang-format off */
		"WITH due AS (SELECT d.id FROM opencalendly.email_deliveries AS d"
		"  WHERE " IS_OPEN("d") " AND d.due_at" LE "$2 AND (d.leased_until" LE "$2) IS NOT FALSE"
		"   AND (d.meeting_id IS NULL OR " IS_PLANNED("d") " OR NOT EXISTS ("
		"    SELECT FROM opencalendly.email_deliveries AS o WHERE o.meeting_id" EQ "d.meeting_id AND " IS_OPEN("o")
		"     AND NOT (" IS_PLANNED("o") ")"
		"     AND COALESCE(o.email, o.user_id::pg_catalog.text)" EQ "COALESCE(d.email, d.user_id::pg_catalog.text)"
		"     AND (o.sends_at" LT "d.sends_at OR (o.sends_at" EQ "d.sends_at AND o.id" LT "d.id))))"
		"  ORDER BY d.due_at, d.id LIMIT $1),"
		" locked AS MATERIALIZED (SELECT d.ctid AS at, d.id, d.attempt, d.leased_until"
		"  FROM opencalendly.email_deliveries AS d"
		"  WHERE d.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT u.id FROM due AS u))"
		"   AND COALESCE(d.is_open, false) AND d.due_at" LE "$2 AND (d.leased_until" LE "$2) IS NOT FALSE"
		"  FOR UPDATE SKIP LOCKED),"
		" lost AS (INSERT INTO opencalendly.delivery_attempts"
		"   (delivery_id, attempt, started_at, elapsed_ms, phase, error)"
		"  SELECT l.id, l.attempt, l.leased_until OPERATOR(pg_catalog.-) ($3 OPERATOR(pg_catalog.-) $2), 0, 'send',"
		"    'the worker did not come back'"
		"   FROM locked AS l WHERE l.leased_until IS NOT NULL ON CONFLICT DO NOTHING)"
		" UPDATE opencalendly.email_deliveries AS d"
		"  SET status = 'leased', attempt = d.attempt OPERATOR(pg_catalog.+) 1, leased_until = $3"
		"  FROM locked AS l WHERE d.ctid" EQ "l.at RETURNING d.id",
	/* clang-format on */
	.nargs = 3,
	.types = { INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static void *
make_lane(void)
{
	MailLane *lane = palloc0(sizeof(MailLane));

	lane->ahead = 1;
	lane->pause_us = PAUSE_MIN_US;
	lane->open_at = DT_NOBEGIN;
	return lane;
}

static int
count_places(const MailLane *lane, TimestampTz now)
{
	if (settings_mail_transport == MAIL_BY_NONE || now < lane->open_at)
		return 0;
	if (lane->is_in_trouble)
		return 1 - lane->in_flight;
	/* of what is given to Resend nothing waits for a connection */
	return settings_mail_connections * (settings_mail_transport == MAIL_BY_SMTP ? lane->ahead : 1) -
		   lane->in_flight;
}

/* The ids that the lease has returned, as an array. */
static Datum
leased_ids(int n)
{
	pg_uuid_t *ids = palloc((n + 1) * sizeof(pg_uuid_t));

	for (int i = 0; i < n; i++)
		ids[i] = row_uuid(i, 1);
	return uuid_array(ids, n);
}

/* How long a mail may be under way. */
static int64
under_way_us(void)
{
	int64 timeout_us = settings_delivery_timeout * INT64CONST(1000);

	if (settings_mail_transport != MAIL_BY_SMTP)
		return timeout_us;
	return timeout_us * (1 + MAIL_JUDGING_TIMEOUTS) + MAIL_WAIT_MS * INT64CONST(1000);
}

static int
lease(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries)
{
	MailLane *lane = self;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz lease_end = now + under_way_us() + LEASE_MARGIN_US;
	int places = Min(count_places(lane, now), nplaces);
	int n;
	Datum ids;

	if (places <= 0)
		return 0;
	n = (int) query_write(&lease_query,
						  (QueryArg[]) { ARG(Int32GetDatum(places)), ARG(TimestampTzGetDatum(now)),
										 ARG(TimestampTzGetDatum(lease_end)) });
	ids = leased_ids(n);
	SPI_freetuptable(SPI_tuptable);
	return n > 0 ? mail_facts_load(ids, context, deliveries) : 0;
}

static void
take_place(void *self, Delivery *delivery)
{
	MailLane *lane = self;

	lane->in_flight++;
}

/* Never to be sent again. */
static void
fail(const Delivery *delivery, const char *error, Outcome *outcome)
{
	outcome_fail_to_send(delivery, error, outcome);
	outcome->verdict = VERDICT_FAILED;
	outcome->delay_us = 0;
}

/*
 * The server's trouble closes the lane for a while: for as long as the server asks, or longer each time. Of mails that were
 * under way together the first one tells; the others say nothing new.
 */
static void
note_trouble(MailLane *lane, bool is_trouble, int64 retry_after_s)
{
	TimestampTz now = GetCurrentTimestamp();
	bool was_in_trouble = lane->is_in_trouble;
	int64 pause_us =
		retry_after_s >= 0 ? Min(retry_after_s * USECS_PER_SEC, PAUSE_MAX_US) : lane->pause_us;

	lane->is_in_trouble = is_trouble;
	if (!is_trouble)
		lane->pause_us = PAUSE_MIN_US;
	else if (!was_in_trouble || now >= lane->open_at)
	{
		lane->open_at = now + pause_us;
		lane->pause_us = Min(lane->pause_us * 2, PAUSE_MAX_US);
	}
}

static bool
send_mail(void *self, const TransportApi *api, Transport *transport, Delivery *base,
		  Outcome *outcome)
{
	MailDelivery *mail = (MailDelivery *) base;

	base->started_at = GetCurrentTimestamp();
	if (mail->why_not)
	{
		fail(base, mail->why_not, outcome);
		return false;
	}
	if (mail->problem)
	{
		outcome_fail_to_send(base, mail->problem, outcome);
		return false;
	}
	if (base->attempt > base->max_attempts + LOST_ATTEMPTS)
	{
		fail(base, "given up: workers did not come back from it", outcome);
		return false;
	}
	if (mail_post(api, transport, mail, outcome))
		return true;
	/* what is wrong with the settings is so for every mail */
	if (outcome->verdict == VERDICT_RETRY)
		note_trouble(self, true, -1);
	return false;
}

/* A server that answers soon is given more than it has connections for; the mails wait for these in the transport. */
static void
note_pace(MailLane *lane, const TransferResult *result)
{
	int64 needed_ms = (int64) result->elapsed_ms * lane->ahead;

	if (result->phase != TRANSFER_DONE || needed_ms > AHEAD_MS)
		lane->ahead = Max(lane->ahead / 2, 1);
	else if (needed_ms * 2 <= AHEAD_MS)
		lane->ahead = Min(lane->ahead * 2, AHEAD_MAX);
}

static bool
judge(void *self, const TransportApi *api, Transport *transport, Delivery *delivery,
	  const TransferResult *result, Outcome *outcome)
{
	bool is_trouble = mail_judge_answer((const MailDelivery *) delivery, result, outcome);

	note_pace(self, result);
	if (result->phase != TRANSFER_PREPARE) /* of the server it says nothing */
		note_trouble(self, is_trouble, result->retry_after_s);
	return true;
}

static void
forget(void *self, Delivery *delivery, const Outcome *outcome)
{
	MailLane *lane = self;

	lane->in_flight--;
	MemoryContextDelete(((MailDelivery *) delivery)->context);
}

/* A mail server's health is the operator's to see, in the attempts. */
static void
note_nothing(void *self)
{
}

const Sender mail_sender = {
	.queue = &mail_queue,
	.make = make_lane,
	.lease = lease,
	.take_place = take_place,
	.send = send_mail,
	.judge = judge,
	.forget = forget,
	.note_health = note_nothing,
	.health_noted = note_nothing,
};
