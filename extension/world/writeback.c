/*
 * The sender of what is written into calendars; the words are in writeback.h.
 */
#include "world/writeback.h"

#include "catalog/pg_type_d.h"
#include "lib/ilist.h"
#include "pure/crypto.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "world/google.h"
#include "world/writeback_body.h"
#include "world/writeback_facts.h"

#define LANE_WINDOW 64
#define ACCOUNT_WINDOW 2
#define TRANSFERS_MAX 5 /* of one attempt */
#define TOKEN_MARGIN "INTERVAL '30 seconds'"
#define LEASE_MARGIN_US (15 * USECS_PER_SEC)
#define LOST_ATTEMPTS 5 /* beyond max_attempts, of workers that died */
#define PAUSE_MIN_US (2 * USECS_PER_SEC)
#define PAUSE_MAX_US (64 * USECS_PER_SEC)
#define BLOCKED_DELAY_US USECS_PER_SEC
#define TOKEN_DELAY_US (5 * USECS_PER_SEC)
#define LINK_DELAY_US (2 * USECS_PER_SEC)

/* What is being asked for. */
enum
{
	STEP_INSERT,
	STEP_UPDATE,
	STEP_DELETE,
	STEP_READ
};

typedef struct Account
{
	pg_uuid_t id; /* of the connection; the key */
	int in_flight;
	bool has_dead_token; /* to be told */
	int64 pause_us;      /* the last one; 0: none since it last answered well */
	TimestampTz open_at;
} Account;

/* A link, or that there is none, to be told with the delivery's outcome. */
typedef struct LinkNews
{
	slist_node node;
	pg_uuid_t delivery_id;
	int attempt;
	char *link; /* NULL: none */
	bool is_told;
} LinkNews;

typedef struct WritebackLane
{
	MemoryContext context;
	HTAB *accounts;
	slist_head links;
	int in_flight;
	bool is_in_trouble; /* the provider has not answered the last time */
	int64 pause_us;     /* after the next trouble */
	TimestampTz open_at;
} WritebackLane;

static Queue writeback_queue = { .name = "writeback",
								 QUEUE_STATEMENTS("opencalendly.calendar_writebacks") };

/* Of the same event. */
#define SAME_EVENT(a, b) \
	a ".calendar_id" EQ b ".calendar_id AND " a ".external_id" EQ b ".external_id"

/*
 * $1 places, $2 now, $3 the lease's end, $4 connections that have no place free, $5 how many of one connection. The last
 * change of each event, unless an earlier one is under way. Calendars are stepped through, so that what waits in one that
 * cannot be written is not looked at. Rows whose lease has run out are due again; their attempt is told as lost. For COALESCE
 * see webhook.c.
 */
static SavedQuery lease_query = {
	/* clang-format off */
	.text =
		"WITH RECURSIVE waiting (calendar_id) AS ("
		"   (SELECT d.calendar_id FROM opencalendly.calendar_writebacks AS d WHERE d.is_open"
		"    ORDER BY d.calendar_id LIMIT 1)"
		"   UNION ALL SELECT (SELECT d.calendar_id FROM opencalendly.calendar_writebacks AS d"
		"    WHERE d.is_open AND d.calendar_id" GT "w.calendar_id ORDER BY d.calendar_id LIMIT 1)"
		"   FROM waiting AS w WHERE w.calendar_id IS NOT NULL),"
		" due AS (SELECT r.id FROM ("
		"   SELECT f.id, f.due_at, pg_catalog.row_number() OVER (PARTITION BY n.id ORDER BY f.due_at, f.id) AS place"
		"   FROM waiting AS w JOIN opencalendly.calendars AS c ON c.id" EQ "w.calendar_id"
		"    JOIN opencalendly.calendar_connections AS n ON n.id" EQ "c.connection_id"
		"    CROSS JOIN LATERAL (SELECT d.id, d.due_at FROM opencalendly.calendar_writebacks AS d"
		"     WHERE d.calendar_id" EQ "c.id AND d.is_open AND d.due_at" LE "$2 AND (d.leased_until" LE "$2) IS NOT FALSE"
		"      AND NOT EXISTS (SELECT FROM opencalendly.calendar_writebacks AS o WHERE " SAME_EVENT("o", "d")
		"       AND o.is_open AND (o.id" GT "d.id OR o.id" LT "d.id AND o.leased_until" GT "$2))"
		"     ORDER BY d.due_at, d.id LIMIT $5) AS f"
		"   WHERE n.state" EQ "'active' AND n.access_expires_at" GT "($2 OPERATOR(pg_catalog.+) " TOKEN_MARGIN ")"
		"    AND NOT EXISTS (SELECT FROM pg_catalog.unnest($4) AS b (id) WHERE b.id" EQ "n.id)) AS r"
		"  WHERE r.place" LE "$5 ORDER BY r.due_at, r.id LIMIT $1),"
		" locked AS MATERIALIZED (SELECT d.ctid AS at, d.id, d.attempt, d.leased_until"
		"  FROM opencalendly.calendar_writebacks AS d"
		"  WHERE d.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT u.id FROM due AS u))"
		"   AND COALESCE(d.is_open, false) AND d.due_at" LE "$2 AND (d.leased_until" LE "$2) IS NOT FALSE"
		"  FOR UPDATE SKIP LOCKED),"
		" lost AS (INSERT INTO opencalendly.delivery_attempts"
		"   (delivery_id, attempt, started_at, elapsed_ms, phase, error)"
		"  SELECT l.id, l.attempt, l.leased_until OPERATOR(pg_catalog.-) ($3 OPERATOR(pg_catalog.-) $2), 0, 'send',"
		"    'the worker did not come back'"
		"   FROM locked AS l WHERE l.leased_until IS NOT NULL ON CONFLICT DO NOTHING)"
		" UPDATE opencalendly.calendar_writebacks AS d"
		"  SET status = 'leased', attempt = d.attempt OPERATOR(pg_catalog.+) 1, leased_until = $3"
		"  FROM locked AS l WHERE d.ctid" EQ "l.at RETURNING d.id",
	/* clang-format on */
	.nargs = 5,
	.types = { INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDARRAYOID, INT4OID },
};

/*
 * $1 leased, $2 now. Earlier changes of the same events have succeeded with them. One that somebody else has just leased
 * stays, and blocks (writeback_facts.h).
 */
static SavedQuery supersede_query = {
	/* clang-format off */
	.text =
		"UPDATE opencalendly.calendar_writebacks AS e"
		"  SET status = 'succeeded', leased_until = NULL, last_error = NULL, settled_at = pg_catalog.clock_timestamp()"
		"  WHERE e.id OPERATOR(pg_catalog.=) ANY (ARRAY("
		"   SELECT o.id FROM opencalendly.calendar_writebacks AS d JOIN opencalendly.calendar_writebacks AS o"
		"     ON " SAME_EVENT("o", "d") " AND o.id" LT "d.id AND o.is_open AND (o.leased_until" LE "$2) IS NOT FALSE"
		"    WHERE d.id OPERATOR(pg_catalog.=) ANY ($1) FOR UPDATE OF o SKIP LOCKED))"
		"   AND (e.leased_until" LE "$2) IS NOT FALSE",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID },
};

/* False: somebody else has the bookings locked. */
static SavedQuery keep_link_query = {
	.text = "SELECT opencalendly.keep_meeting_link($1, $2, $3)",
	.nargs = 3,
	.types = { UUIDOID, INT4OID, TEXTOID },
};

static SavedQuery dead_token_query = {
	.text =
		"SELECT opencalendly.ask_calendar_sync(c.id, true) FROM pg_catalog.unnest($1) AS c (id)",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

static void *
make_lane(void)
{
	WritebackLane *lane = palloc0(sizeof(WritebackLane));
	HASHCTL control = { .keysize = sizeof(pg_uuid_t),
						.entrysize = sizeof(Account),
						.hcxt = CurrentMemoryContext };

	lane->context = CurrentMemoryContext;
	lane->accounts =
		hash_create("calendar accounts", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	slist_init(&lane->links);
	lane->pause_us = PAUSE_MIN_US;
	lane->open_at = DT_NOBEGIN;
	return lane;
}

/* --- accounts ------------------------------------------------------------------------------------------------------ */

static Account *
find_account(WritebackLane *lane, const pg_uuid_t *id)
{
	bool found;
	Account *account = hash_search(lane->accounts, id, HASH_ENTER, &found);

	if (!found)
	{
		account->in_flight = 0;
		account->has_dead_token = false;
		account->pause_us = 0;
		account->open_at = DT_NOBEGIN;
	}
	return account;
}

static bool
is_open(const Account *account, TimestampTz now)
{
	return account->in_flight < ACCOUNT_WINDOW && now >= account->open_at;
}

/* Those that have no place free. Accounts of which nothing is known are forgotten. */
static Datum
full_accounts(WritebackLane *lane, TimestampTz now)
{
	Datum *full = palloc((hash_get_num_entries(lane->accounts) + 1) * sizeof(Datum));
	HASH_SEQ_STATUS scan;
	Account *account;
	int n = 0;

	hash_seq_init(&scan, lane->accounts);
	while ((account = hash_seq_search(&scan)) != NULL)
		if (!is_open(account, now))
			full[n++] = UUIDPGetDatum(&account->id);
		else if (account->in_flight == 0 && account->pause_us == 0 && !account->has_dead_token)
			hash_search(lane->accounts, &account->id, HASH_REMOVE, NULL);
	return array_of(UUIDOID, full, NULL, n);
}

/* It has been asked for less: for as long as the provider asks, or longer each time. */
static void
pause_account(Account *account, int64 retry_after_s)
{
	account->pause_us = Min(Max(account->pause_us * 2, PAUSE_MIN_US), PAUSE_MAX_US);
	account->open_at =
		GetCurrentTimestamp() +
		(retry_after_s >= 0 ? Min(retry_after_s * USECS_PER_SEC, PAUSE_MAX_US) : account->pause_us);
}

/* As the lane of mails does (mail.c). */
static void
note_trouble(WritebackLane *lane, bool is_trouble)
{
	TimestampTz now = GetCurrentTimestamp();
	bool was_in_trouble = lane->is_in_trouble;

	lane->is_in_trouble = is_trouble;
	if (!is_trouble)
		lane->pause_us = PAUSE_MIN_US;
	else if (!was_in_trouble || now >= lane->open_at)
	{
		lane->open_at = now + lane->pause_us;
		lane->pause_us = Min(lane->pause_us * 2, PAUSE_MAX_US);
	}
}

/* What an answer tells of the account and of the provider. */
static void
note_answer(WritebackLane *lane, const Writeback *writeback, const TransferResult *result,
			GoogleVerdict verdict)
{
	Account *account = find_account(lane, &writeback->connection_id);
	bool asks_for_less = verdict == GOOGLE_RETRY && result->status >= 400 && result->status <= 499;

	if (asks_for_less)
		pause_account(account, result->retry_after_s);
	else if (verdict != GOOGLE_RETRY)
		account->pause_us = 0;
	if (verdict == GOOGLE_UNAUTHORIZED)
		account->has_dead_token = true;
	if (result->phase != TRANSFER_PREPARE)
		note_trouble(lane, verdict == GOOGLE_RETRY && !asks_for_less);
}

/* --- leasing ------------------------------------------------------------------------------------------------------- */

static int
count_places(const WritebackLane *lane, int most, TimestampTz now)
{
	if (now < lane->open_at)
		return 0;
	if (lane->is_in_trouble)
		return 1 - lane->in_flight;
	return Max(Min(most / 2, LANE_WINDOW), 1) - lane->in_flight;
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

static int
lease(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries)
{
	WritebackLane *lane = self;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz lease_end =
		now + settings_delivery_timeout * INT64CONST(1000) * TRANSFERS_MAX + LEASE_MARGIN_US;
	int places = Min(count_places(lane, most, now), nplaces);
	int n;
	Datum ids;

	if (places <= 0)
		return 0;
	n = (int) query_write(&lease_query,
						  (QueryArg[]) { ARG(Int32GetDatum(places)), ARG(TimestampTzGetDatum(now)),
										 ARG(TimestampTzGetDatum(lease_end)),
										 ARG(full_accounts(lane, now)),
										 ARG(Int32GetDatum(ACCOUNT_WINDOW)) });
	ids = leased_ids(n);
	SPI_freetuptable(SPI_tuptable);
	if (n == 0)
		return 0;
	query_write(&supersede_query, (QueryArg[]) { ARG(ids), ARG(TimestampTzGetDatum(now)) });
	return writeback_facts_load(ids, context, deliveries);
}

static void
take_place(void *self, Delivery *delivery)
{
	WritebackLane *lane = self;

	lane->in_flight++;
	find_account(lane, &((Writeback *) delivery)->connection_id)->in_flight++;
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

static bool
begin_step(const TransportApi *api, Transport *transport, Writeback *writeback, int step)
{
	static const char *const methods[] = {
		[STEP_INSERT] = "POST",
		[STEP_UPDATE] = "PATCH",
		[STEP_DELETE] = "DELETE",
		[STEP_READ] = "GET",
	};
	bool has_body = step == STEP_INSERT || step == STEP_UPDATE;
	StringInfoData rest;

	initStringInfo(&rest);
	appendStringInfoString(&rest, "events");
	if (step != STEP_INSERT)
		appendStringInfo(&rest, "/%s", writeback->event);
	if (step != STEP_READ)
		appendStringInfoString(&rest, "?sendUpdates=none");
	if (has_body && writeback->asks_link)
		appendStringInfoString(&rest, "&conferenceDataVersion=1");
	writeback->step = step;
	writeback->was_inserted |= step == STEP_INSERT;
	writeback->was_updated |= step == STEP_UPDATE;
	return google_begin(api, transport, writeback, methods[step],
						google_calendar_url(writeback->calendar, rest.data),
						writeback->access_token, has_body ? "application/json" : NULL,
						has_body ? writeback_body(writeback, step == STEP_INSERT) : NULL);
}

static int
first_step(const Writeback *writeback)
{
	if (!writeback->facts)
		return STEP_DELETE;
	if (writeback->awaits_link && writeback->facts->wants_link)
		return STEP_READ;
	return writeback->is_new ? STEP_INSERT : STEP_UPDATE;
}

/* Pending again, after a while, however often it was tried. */
static void
put_off(Outcome *outcome, int64 delay_us)
{
	outcome->verdict = VERDICT_RETRY;
	outcome->delay_us = delay_us;
}

static void
fail(Outcome *outcome)
{
	outcome->verdict = VERDICT_FAILED;
	outcome->delay_us = 0;
}

static bool
send_writeback(void *self, const TransportApi *api, Transport *transport, Delivery *base,
			   Outcome *outcome)
{
	Writeback *writeback = (Writeback *) base;
	MemoryContext callers = MemoryContextSwitchTo(writeback->context);
	const char *problem = base->attempt > base->max_attempts + LOST_ATTEMPTS
							  ? "given up: workers did not come back from it"
							  : writeback->problem;

	base->started_at = GetCurrentTimestamp();
	writeback->has_attendees = true;
	writeback->asks_link = writeback->facts && writeback->facts->wants_link;
	if (!problem && !writeback->is_blocked &&
		!begin_step(api, transport, writeback, first_step(writeback)))
		problem = "out of memory";
	MemoryContextSwitchTo(callers);
	if (!problem && !writeback->is_blocked)
		return true;
	outcome_fail_to_send(base, problem ? problem : "an earlier change is being written", outcome);
	if (!problem)
		put_off(outcome, BLOCKED_DELAY_US);
	return false;
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

/* The event is as it is to be; its link may be still to come. */
static void
judge_done(Writeback *writeback, const TransferResult *result, Outcome *outcome)
{
	Jsonb *event = writeback->asks_link ? google_json(result) : NULL;
	LinkState state = event ? writeback_link(event, &writeback->link) : LINK_NONE;

	outcome->verdict = VERDICT_SUCCEEDED;
	if (state != LINK_PENDING || writeback->base.attempt >= writeback->base.max_attempts)
		return;
	put_off(outcome, LINK_DELAY_US);
	strlcpy(outcome->error, LINK_IS_COMING, sizeof(outcome->error));
}

/*
 * What to try next instead of what was not taken; -1: nothing. What the provider takes for wrong in an event is left out: a
 * link that its calendar does not make, an address that it does not take for one.
 */
static int
other_step(Writeback *writeback, const TransferResult *result, GoogleVerdict verdict)
{
	if (verdict == GOOGLE_CONFLICT && writeback->step == STEP_INSERT && !writeback->was_updated)
		return STEP_UPDATE;
	if (verdict == GOOGLE_GONE && writeback->step != STEP_INSERT && !writeback->was_inserted)
		return STEP_INSERT;
	if (verdict != GOOGLE_REFUSED || result->status != 400)
		return -1;
	if (writeback->asks_link)
		writeback->asks_link = false;
	else if (writeback->has_attendees)
		writeback->has_attendees = false;
	else
		return -1;
	return writeback->step;
}

static void
judge_trouble(const Writeback *writeback, const TransferResult *result, GoogleVerdict verdict,
			  const char *error, Outcome *outcome)
{
	strlcpy(outcome->error, error, sizeof(outcome->error));
	outcome_retry(&writeback->base, result->retry_after_s, outcome);
	if (verdict != GOOGLE_RETRY && verdict != GOOGLE_UNAUTHORIZED)
		fail(outcome);
	else if (verdict == GOOGLE_UNAUTHORIZED && outcome->verdict == VERDICT_RETRY)
		put_off(outcome, TOKEN_DELAY_US);
}

static bool
judge_in_context(WritebackLane *lane, const TransportApi *api, Transport *transport,
				 Writeback *writeback, const TransferResult *result, Outcome *outcome)
{
	char error[sizeof(outcome->error)];
	GoogleVerdict verdict = google_judge(result, error, sizeof(error));
	int next = -1;

	*outcome = outcome_of_transfer(&writeback->base, result);
	note_answer(lane, writeback, result, verdict);
	if (verdict == GOOGLE_DONE || (verdict == GOOGLE_GONE && writeback->step == STEP_DELETE))
	{
		outcome->error[0] = '\0';
		judge_done(writeback, result, outcome);
		return true;
	}
	if (writeback->step != STEP_DELETE)
		next = other_step(writeback, result, verdict);
	if (next >= 0 && begin_step(api, transport, writeback, next))
		return false;
	judge_trouble(writeback, result, verdict, error, outcome);
	return true;
}

static bool
judge(void *self, const TransportApi *api, Transport *transport, Delivery *delivery,
	  const TransferResult *result, Outcome *outcome)
{
	Writeback *writeback = (Writeback *) delivery;
	MemoryContext callers = MemoryContextSwitchTo(writeback->context);
	bool is_over = judge_in_context(self, api, transport, writeback, result, outcome);

	MemoryContextSwitchTo(callers);
	return is_over;
}

/* --- settling ------------------------------------------------------------------------------------------------------ */

static void
keep_link_news(WritebackLane *lane, const Writeback *writeback)
{
	LinkNews *news = MemoryContextAllocZero(lane->context, sizeof(LinkNews));

	news->delivery_id = writeback->base.id;
	news->attempt = writeback->base.attempt;
	if (writeback->link)
		news->link = MemoryContextStrdup(lane->context, writeback->link);
	slist_push_head(&lane->links, &news->node);
}

static void
forget(void *self, Delivery *delivery, const Outcome *outcome)
{
	WritebackLane *lane = self;
	Writeback *writeback = (Writeback *) delivery;

	lane->in_flight--;
	find_account(lane, &writeback->connection_id)->in_flight--;
	if (writeback->facts && writeback->facts->wants_link && outcome->verdict != VERDICT_RETRY)
		keep_link_news(lane, writeback);
	if (writeback->access_token)
		crypto_forget(writeback->access_token, strlen(writeback->access_token));
	MemoryContextDelete(writeback->context);
}

/* False: it has to wait. */
static bool
tell_link(WritebackLane *lane, const Outcome *outcome)
{
	slist_iter iter;

	slist_foreach(iter, &lane->links)
	{
		LinkNews *news = slist_container(LinkNews, node, iter.cur);

		if (memcmp(&news->delivery_id, &outcome->delivery_id, sizeof(pg_uuid_t)) != 0 ||
			news->attempt != outcome->attempt)
			continue;
		query_write(&keep_link_query,
					(QueryArg[]) { UUID_ARG(&news->delivery_id), ARG(Int32GetDatum(news->attempt)),
								   ARG_IF(news->link, CStringGetTextDatum(news->link)) });
		news->is_told = row_bool(0, 1);
		SPI_freetuptable(SPI_tuptable);
		return news->is_told;
	}
	return true;
}

/* Deliveries whose links have to wait are left as those are whose rows are locked. */
static int
settle(void *self, const Outcome *outcomes, int n, bool *is_left)
{
	WritebackLane *lane = self;
	Outcome *told = palloc(n * sizeof(Outcome));
	int *place = palloc(n * sizeof(int));
	bool *is_told_left = palloc(n * sizeof(bool));
	int ntold = 0;
	int nleft = 0;

	for (int i = 0; i < n; i++)
	{
		is_left[i] = !tell_link(lane, &outcomes[i]);
		nleft += is_left[i];
		if (is_left[i])
			continue;
		place[ntold] = i;
		told[ntold++] = outcomes[i];
	}
	if (ntold == 0)
		return nleft;
	nleft += queue_settle(&writeback_queue, told, ntold, is_told_left);
	for (int i = 0; i < ntold; i++)
		is_left[place[i]] = is_told_left[i];
	return nleft;
}

static void
note_health(void *self)
{
	WritebackLane *lane = self;
	Datum *dead = palloc((hash_get_num_entries(lane->accounts) + 1) * sizeof(Datum));
	HASH_SEQ_STATUS scan;
	Account *account;
	int n = 0;

	hash_seq_init(&scan, lane->accounts);
	while ((account = hash_seq_search(&scan)) != NULL)
		if (account->has_dead_token)
			dead[n++] = UUIDPGetDatum(&account->id);
	if (n == 0)
		return;
	query_write(&dead_token_query, (QueryArg[]) { ARG(array_of(UUIDOID, dead, NULL, n)) });
	SPI_freetuptable(SPI_tuptable);
}

static void
health_noted(void *self)
{
	WritebackLane *lane = self;
	HASH_SEQ_STATUS scan;
	Account *account;
	slist_mutable_iter iter;

	hash_seq_init(&scan, lane->accounts);
	while ((account = hash_seq_search(&scan)) != NULL)
		account->has_dead_token = false;
	slist_foreach_modify(iter, &lane->links)
	{
		LinkNews *news = slist_container(LinkNews, node, iter.cur);

		if (!news->is_told)
			continue;
		slist_delete_current(&iter);
		if (news->link)
			pfree(news->link);
		pfree(news);
	}
}

const Sender writeback_sender = {
	.queue = &writeback_queue,
	.make = make_lane,
	.lease = lease,
	.take_place = take_place,
	.send = send_writeback,
	.judge = judge,
	.settle = settle,
	.forget = forget,
	.note_health = note_health,
	.health_noted = health_noted,
};
