/*
 * Webhooks; the words are in webhook.h.
 */
#include "world/webhook.h"

#include <time.h>

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "pure/signature.h"
#include "settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define WINDOW_MAX 8
#define LEASE_MARGIN_US (15 * USECS_PER_SEC)
#define HTTP_GONE 410
#define FOUND_MAX 1024
#define FOUND_MAX_OF_ONE 32
#define FOUND_FOR_US (50 * INT64CONST(1000))
#define LOST_ATTEMPTS 5 /* beyond max_attempts, of workers that died */

/* What is to be noted of an endpoint. */
typedef enum Health
{
	HEALTH_SAME,
	HEALTH_WELL,
	HEALTH_FAILS,
	HEALTH_GONE
} Health;

typedef struct Endpoint
{
	pg_uuid_t id; /* of the subscription; the key */
	int in_flight;
	int window;
	bool is_failing; /* as far as is known */
	Health health;   /* to be noted */
	int chosen;      /* of its deliveries, in this turn */
} Endpoint;

/* A delivery that was due when it was looked for. */
typedef struct Candidate
{
	ItemPointerData at;
	pg_uuid_t subscription_id;
	bool is_failing; /* the endpoint */
} Candidate;

/* The endpoints that a worker knows. */
typedef struct Endpoints
{
	HTAB *by_id;
	int failing_in_flight;

	/*
	 * What was found due and not leased yet, in the order in which it is to be. To look for it costs as much as to lease it, so
	 * it is used for some turns, but only as long as it fills all places and nobody else takes it.
	 */
	Candidate found[FOUND_MAX];
	int nfound;
	TimestampTz found_at;
} Endpoints;

typedef struct WebhookDelivery
{
	Delivery base;
	pg_uuid_t subscription_id;
	pg_uuid_t event_id;
	bool is_failing; /* the endpoint, when it was leased */
	char *url;
	char *event_type;
	char *body;
	bytea *secret;
	bytea *old_secret; /* NULL: none that still signs */
} WebhookDelivery;

static Queue webhook_queue = { .name = "webhook",
							   QUEUE_STATEMENTS("opencalendly.webhook_deliveries") };

/*
 * $1 now, $2 endpoints that have no place free, $3 how many deliveries are looked for, $4 how many of one endpoint at most.
 * The endpoints with open rows are found by skipping through their index, so that many rows of one do not matter, and no
 * more of each than its share are looked at. The order of all three columns is asked for, which only that index has.
 */
static SavedQuery find_query = {
	.text =
		/* clang-format off */
		"WITH RECURSIVE"
		" waiting AS ("
		"  (SELECT d.subscription_id FROM opencalendly.webhook_deliveries AS d"
		"   WHERE d.is_open"
		"   ORDER BY d.subscription_id, d.due_at, d.id LIMIT 1)"
		"  UNION ALL"
		"  SELECT (SELECT d.subscription_id FROM opencalendly.webhook_deliveries AS d"
		"   WHERE d.is_open"
		"    AND d.subscription_id" GT "w.subscription_id ORDER BY d.subscription_id, d.due_at, d.id LIMIT 1)"
		"  FROM waiting AS w WHERE w.subscription_id IS NOT NULL),"
		" ready AS MATERIALIZED (SELECT s.id, s.failing_since IS NOT NULL AS is_failing"
		"  FROM waiting AS w JOIN opencalendly.webhook_subscriptions AS s ON s.id" EQ "w.subscription_id"
		"  WHERE s.is_active AND s.paused_reason IS NULL"
		"   AND NOT EXISTS (SELECT FROM pg_catalog.unnest($2) AS f (id) WHERE f.id" EQ "s.id)),"
		" share AS (SELECT LEAST($4, 1 OPERATOR(pg_catalog.+)"
		"   ($3 OPERATOR(pg_catalog./) GREATEST(pg_catalog.count(*), 1))) AS places FROM ready)"
		" SELECT n.at, r.id, r.is_failing FROM ready AS r CROSS JOIN LATERAL ("
		"  SELECT d.ctid AS at, d.id, d.due_at, pg_catalog.row_number() OVER (ORDER BY d.due_at, d.id) AS place"
		"  FROM opencalendly.webhook_deliveries AS d"
		"  WHERE d.is_open"
		"   AND d.subscription_id" EQ "r.id AND d.due_at" LE "$1 AND (d.leased_until" LE "$1) IS NOT FALSE"
		"  ORDER BY d.due_at, d.id LIMIT (SELECT h.places FROM share AS h)) AS n"
		" ORDER BY r.is_failing, n.place, n.due_at, n.id LIMIT $3",
	/* clang-format on */
	.nargs = 4,
	.types = { TIMESTAMPTZOID, UUIDARRAYOID, INT4OID, INT4OID },
};

/*
 * $1 deliveries, $2 now, $3 the lease's end. Those that are not due any more, locked, or another endpoint's business by now
 * are left out. Rows whose lease has run out are due again; their attempt is told as lost. COALESCE keeps the planner from
 * looking rows up by their id in the index of open rows, which looks small whenever the queue was empty a while ago, and
 * OFFSET from reading all events for the same reason.
 */
static SavedQuery lease_query = {
	.text =
		/* clang-format off */
		"WITH locked AS MATERIALIZED (SELECT d.ctid AS at, d.id, d.attempt, d.leased_until, s.failing_since, s.url, s.secret,"
		"   CASE WHEN s.old_secret_until" GT "$2 THEN s.old_secret END AS old_secret"
		"  FROM opencalendly.webhook_deliveries AS d"
		"   JOIN opencalendly.webhook_subscriptions AS s ON s.id" EQ "d.subscription_id"
		"  WHERE d.ctid OPERATOR(pg_catalog.=) ANY ($1)"
		"   AND COALESCE(d.is_open, false) AND d.due_at" LE "$2 AND (d.leased_until" LE "$2) IS NOT FALSE"
		"   AND s.is_active AND s.paused_reason IS NULL"
		"  FOR UPDATE OF d SKIP LOCKED),"
		" lost AS (INSERT INTO opencalendly.delivery_attempts"
		"   (delivery_id, attempt, started_at, elapsed_ms, phase, error)"
		"  SELECT l.id, l.attempt, l.leased_until OPERATOR(pg_catalog.-) ($3 OPERATOR(pg_catalog.-) $2), 0, 'send',"
		"    'the worker did not come back'"
		"   FROM locked AS l WHERE l.leased_until IS NOT NULL ON CONFLICT DO NOTHING),"
		" leased AS (UPDATE opencalendly.webhook_deliveries AS d"
		"  SET status = 'leased', attempt = d.attempt OPERATOR(pg_catalog.+) 1, leased_until = $3"
		"  FROM locked AS l WHERE d.ctid" EQ "l.at"
		"  RETURNING d.id, d.attempt, d.max_attempts, d.subscription_id, d.event_id, l.failing_since, l.url, l.secret, l.old_secret)"
		" SELECT l.id, l.attempt, l.max_attempts, l.subscription_id, l.event_id, l.failing_since IS NOT NULL, l.url,"
		"   e.type, e.body, l.secret, l.old_secret"
		"  FROM leased AS l"
		"   CROSS JOIN LATERAL (SELECT v.type, v.body FROM opencalendly.outbox_events AS v WHERE v.id" EQ "l.event_id OFFSET 0) AS e"
		"  ORDER BY l.id",
	/* clang-format on */
	.nargs = 3,
	.types = { TIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery well_query = {
	.text =
		"UPDATE opencalendly.webhook_subscriptions AS s SET failing_since = NULL"
		" WHERE s.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT f.id FROM opencalendly.webhook_subscriptions AS f"
		"  WHERE f.id OPERATOR(pg_catalog.=) ANY ($1) AND f.failing_since IS NOT NULL"
		"  FOR NO KEY UPDATE SKIP LOCKED))",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

/*
 * $1 endpoints, $2 those of them that are gone, $3 the seconds of failures alone after which one is paused, whose owner is told
 * by mail.
 */
static SavedQuery fails_query = {
	.text =
		/* clang-format off */
		"WITH held AS MATERIALIZED (SELECT f.id, f.paused_reason IS NOT NULL AS was_paused"
		"  FROM opencalendly.webhook_subscriptions AS f"
		"  WHERE f.id OPERATOR(pg_catalog.=) ANY ($1) FOR NO KEY UPDATE SKIP LOCKED),"
		" failing AS (UPDATE opencalendly.webhook_subscriptions AS s"
		"  SET failing_since = COALESCE(s.failing_since, pg_catalog.clock_timestamp()),"
		"   paused_reason = CASE WHEN s.id OPERATOR(pg_catalog.=) ANY ($2) THEN 'The endpoint answered 410 Gone.'"
		"    WHEN s.failing_since" LT "(pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)"
		"      ($3 OPERATOR(pg_catalog.*) INTERVAL '1 second'))"
		"    THEN pg_catalog.format('No delivery has succeeded since %s.', opencalendly.instant_text(s.failing_since))"
		"    ELSE s.paused_reason END"
		"  FROM held AS h WHERE s.id" EQ "h.id"
		"  RETURNING s.id, s.user_id, s.failing_since, h.was_paused, s.paused_reason IS NOT NULL AS is_paused,"
		"   s.paused_reason IS NOT NULL OR NOT s.is_active AS is_halted),"
		" halted AS (UPDATE opencalendly.webhook_deliveries AS d SET status = 'paused'"
		"  WHERE d.id OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT p.id FROM opencalendly.webhook_deliveries AS p"
		"   JOIN failing AS f ON f.is_halted AND p.subscription_id" EQ "f.id WHERE p.status" EQ "'pending'"
		"   AND p.is_open FOR NO KEY UPDATE OF p SKIP LOCKED)))"
		" SELECT opencalendly.tell_of_pause(p.id, p.user_id, p.failing_since)"
		"  FROM failing AS p WHERE p.is_paused AND NOT p.was_paused",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDARRAYOID, UUIDARRAYOID, INT4OID },
};

static void *
make_endpoints(void)
{
	Endpoints *endpoints = palloc0(sizeof(Endpoints));
	HASHCTL control = { .keysize = sizeof(pg_uuid_t),
						.entrysize = sizeof(Endpoint),
						.hcxt = CurrentMemoryContext };

	endpoints->by_id =
		hash_create("webhook endpoints", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return endpoints;
}

static Endpoint *
find_endpoint(Endpoints *endpoints, const pg_uuid_t *id)
{
	bool found;
	Endpoint *endpoint = hash_search(endpoints->by_id, id, HASH_ENTER, &found);

	if (!found)
	{
		endpoint->in_flight = 0;
		endpoint->window = 1;
		endpoint->is_failing = false;
		endpoint->health = HEALTH_SAME;
		endpoint->chosen = 0;
	}
	return endpoint;
}

static bool
has_place(const Endpoint *endpoint)
{
	return endpoint->in_flight + endpoint->chosen < endpoint->window;
}

/* Nothing is chosen any more. Endpoints of which nothing is known are forgotten. */
static void
unchoose(Endpoints *endpoints)
{
	HASH_SEQ_STATUS scan;
	Endpoint *endpoint;

	hash_seq_init(&scan, endpoints->by_id);
	while ((endpoint = hash_seq_search(&scan)) != NULL)
	{
		endpoint->chosen = 0;
		if (endpoint->in_flight == 0 && endpoint->window == 1 && endpoint->health == HEALTH_SAME)
			hash_search(endpoints->by_id, &endpoint->id, HASH_REMOVE, NULL);
	}
}

/* Those that have no place free. */
static Datum
full_endpoints(Endpoints *endpoints)
{
	Datum *full = palloc(hash_get_num_entries(endpoints->by_id) * sizeof(Datum));
	HASH_SEQ_STATUS scan;
	Endpoint *endpoint;
	int n = 0;

	hash_seq_init(&scan, endpoints->by_id);
	while ((endpoint = hash_seq_search(&scan)) != NULL)
		if (!has_place(endpoint))
			full[n++] = UUIDPGetDatum(&endpoint->id);
	return array_of(UUIDOID, full, NULL, n);
}

static ItemPointerData
row_tid(uint64 row, int column)
{
	bool isnull;

	return *(ItemPointer) DatumGetPointer(row_datum(row, column, &isnull));
}

static Datum
tid_array(ItemPointerData *tids, int n)
{
	Datum *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = PointerGetDatum(&tids[i]);
	return array_of(TIDOID, elements, NULL, n);
}

/* Looks for what is due. */
static void
find(Endpoints *endpoints, TimestampTz now)
{
	int n;

	unchoose(endpoints);
	n = (int) query_write(&find_query, (QueryArg[]) { ARG(TimestampTzGetDatum(now)),
													  ARG(full_endpoints(endpoints)),
													  ARG(Int32GetDatum(FOUND_MAX)),
													  ARG(Int32GetDatum(FOUND_MAX_OF_ONE)) });
	for (int i = 0; i < n; i++)
		endpoints->found[i] = (Candidate) { .at = row_tid(i, 1),
											.subscription_id = row_uuid(i, 2),
											.is_failing = row_bool(i, 3) };
	endpoints->nfound = n;
	endpoints->found_at = now;
	SPI_freetuptable(SPI_tuptable);
}

/* Takes deliveries out of what was found, as many as there are places in all and for the endpoints that fail. */
static int
choose(Endpoints *endpoints, int nplaces, int nfailing_places, ItemPointerData *tids)
{
	int kept = 0;
	int n = 0;

	for (int i = 0; i < endpoints->nfound; i++)
	{
		Candidate *candidate = &endpoints->found[i];
		Endpoint *endpoint = find_endpoint(endpoints, &candidate->subscription_id);

		if (n < nplaces && has_place(endpoint) && (!candidate->is_failing || nfailing_places > 0))
		{
			endpoint->chosen++;
			nfailing_places -= candidate->is_failing;
			tids[n++] = candidate->at;
		}
		else
			endpoints->found[kept++] = *candidate;
	}
	endpoints->nfound = kept;
	return n;
}

/* The same of what was found lately or, if that does not fill the places, of what is found now. */
static int
choose_due(Endpoints *endpoints, TimestampTz now, int nplaces, int nfailing_places,
		   ItemPointerData *tids)
{
	bool is_fresh = now >= endpoints->found_at && now < endpoints->found_at + FOUND_FOR_US;

	if (is_fresh && endpoints->nfound >= nplaces)
	{
		unchoose(endpoints);
		if (choose(endpoints, nplaces, nfailing_places, tids) == nplaces)
			return nplaces;
	}
	find(endpoints, now);
	return choose(endpoints, nplaces, nfailing_places, tids);
}

static bytea *
row_bytea_or_null(uint64 row, int column)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);

	return isnull ? NULL : DatumGetByteaPCopy(value);
}

static WebhookDelivery *
read_delivery(uint64 row)
{
	WebhookDelivery *delivery = palloc0(sizeof(WebhookDelivery));

	delivery->base.id = row_uuid(row, 1);
	delivery->base.attempt = (int) row_int(row, 2);
	delivery->base.max_attempts = (int) row_int(row, 3);
	delivery->subscription_id = row_uuid(row, 4);
	delivery->event_id = row_uuid(row, 5);
	delivery->is_failing = row_bool(row, 6);
	delivery->url = row_text(row, 7);
	delivery->event_type = row_text(row, 8);
	delivery->body = row_text(row, 9);
	delivery->secret = row_bytea_or_null(row, 10);
	delivery->old_secret = row_bytea_or_null(row, 11);
	return delivery;
}

/* Each endpoint's first before anybody's second, and no more of one endpoint than its window lets. */
static int
lease(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries)
{
	Endpoints *endpoints = self;
	MemoryContext callers = CurrentMemoryContext;
	int failing_places = Max(Max(most * 3 / 4, 1) - endpoints->failing_in_flight, 0);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz lease_end = now + settings_delivery_timeout * INT64CONST(1000) + LEASE_MARGIN_US;
	ItemPointerData *tids = palloc(nplaces * sizeof(ItemPointerData));
	int nchosen = choose_due(endpoints, now, nplaces, failing_places, tids);
	int n;

	if (nchosen == 0)
		return 0;
	n = (int) query_write(&lease_query, (QueryArg[]) { ARG(tid_array(tids, nchosen)),
													   ARG(TimestampTzGetDatum(now)),
													   ARG(TimestampTzGetDatum(lease_end)) });
	if (n < nchosen)
		endpoints->nfound = 0; /* somebody else is at it */
	MemoryContextSwitchTo(context);
	for (int i = 0; i < n; i++)
		deliveries[i] = &read_delivery(i)->base;
	MemoryContextSwitchTo(callers);
	SPI_freetuptable(SPI_tuptable);
	return n;
}

static void
take_place(void *self, Delivery *base)
{
	Endpoints *endpoints = self;
	WebhookDelivery *delivery = (WebhookDelivery *) base;
	Endpoint *endpoint = find_endpoint(endpoints, &delivery->subscription_id);

	endpoint->in_flight++;
	endpoint->is_failing = delivery->is_failing;
	if (delivery->is_failing)
		endpoints->failing_in_flight++;
}

/*
 * The sealed secret's text; NULL if the key file or the seal is broken, with the reason in error. Nothing but memory is
 * held where that is raised, so no subtransaction is needed.
 */
static char *
open_secret(const WebhookDelivery *delivery, const bytea *sealed, char error[160])
{
	MemoryContext context = CurrentMemoryContext;
	char *volatile secret = NULL;

	PG_TRY();
	{
		secret = keys_unseal("webhook_subscriptions", &delivery->subscription_id, sealed);
	}
	PG_CATCH();
	{
		ErrorData *problem;

		MemoryContextSwitchTo(context);
		problem = CopyErrorData();
		FlushErrorState();
		snprintf(error, 160, "could not sign: %s", problem->message);
		FreeErrorData(problem);
	}
	PG_END_TRY();
	return secret;
}

static char *
uuid_text(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

/* Both families' signatures by one secret, added to the headers' values. */
static bool
sign(const WebhookDelivery *delivery, const bytea *sealed, int64 unix_s, StringInfo own,
	 StringInfo standard, char error[160])
{
	char hex[SIGNATURE_OPENCALENDLY_LENGTH + 1];
	char base64[SIGNATURE_STANDARD_LENGTH + 1];
	char *event_id = uuid_text(&delivery->event_id);
	char *secret = open_secret(delivery, sealed, error);
	size_t length = strlen(delivery->body);
	bool done;

	if (!secret)
		return false;
	done = signature_opencalendly(secret, unix_s, delivery->body, length, hex) &&
		   signature_standard(secret, event_id, unix_s, delivery->body, length, base64);
	crypto_forget(secret, strlen(secret));
	pfree(secret);
	if (!done)
	{
		strlcpy(error, "could not sign: the secret cannot be used", 160);
		return false;
	}
	appendStringInfo(own, ",v1=%s", hex);
	appendStringInfo(standard, "%sv1,%s", standard->len > 0 ? " " : "", base64);
	return true;
}

/* The request of an attempt, signed now. */
static bool
send_signed(const TransportApi *api, Transport *transport, WebhookDelivery *delivery,
			char error[160])
{
	int64 unix_s = (int64) time(NULL);
	StringInfoData own;
	StringInfoData standard;
	char *event_id = uuid_text(&delivery->event_id);
	const char *headers[10];
	int n = 0;

	initStringInfo(&own);
	initStringInfo(&standard);
	appendStringInfo(&own, "t=" INT64_FORMAT, unix_s);
	if (!sign(delivery, delivery->secret, unix_s, &own, &standard, error))
		return false;
	/* Where its key is lost, the new secret is the way out: it signs alone. */
	if (delivery->old_secret)
		sign(delivery, delivery->old_secret, unix_s, &own, &standard, error);
	headers[n++] = "Content-Type: application/json";
	headers[n++] = psprintf("X-OpenCalendly-Signature: %s", own.data);
	headers[n++] = psprintf("X-OpenCalendly-Signature-Timestamp: " INT64_FORMAT, unix_s);
	headers[n++] = psprintf("X-OpenCalendly-Delivery-Id: %s", uuid_text(&delivery->base.id));
	headers[n++] = psprintf("X-OpenCalendly-Event: %s", delivery->event_type);
	headers[n++] = psprintf("X-OpenCalendly-Event-Id: %s", event_id);
	headers[n++] = psprintf("webhook-id: %s", event_id);
	headers[n++] = psprintf("webhook-timestamp: " INT64_FORMAT, unix_s);
	headers[n++] = psprintf("webhook-signature: %s", standard.data);
	headers[n] = NULL;
	if (!api->begin(transport, &(TransportRequest) { .url = delivery->url,
													 .headers = headers,
													 .body = delivery->body,
													 .body_length = strlen(delivery->body),
													 .tag = delivery }))
	{
		strlcpy(error, "out of memory", 160);
		return false;
	}
	return true;
}

static bool
send_webhook(void *self, const TransportApi *api, Transport *transport, Delivery *base,
			 Outcome *outcome)
{
	WebhookDelivery *delivery = (WebhookDelivery *) base;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext work = AllocSetContextCreate(context, "webhook request", ALLOCSET_SMALL_SIZES);
	char error[160] = "";
	bool is_sent = false;

	base->started_at = GetCurrentTimestamp();
	MemoryContextSwitchTo(work);
	if (base->attempt > base->max_attempts + LOST_ATTEMPTS)
		strlcpy(error, "given up: workers did not come back from it", sizeof(error));
	else
		is_sent = send_signed(api, transport, delivery, error);
	MemoryContextSwitchTo(context);
	MemoryContextDelete(work);
	if (!is_sent)
		outcome_fail_to_send(base, error, outcome);
	return is_sent;
}

static bool
judge(void *self, const TransportApi *api, Transport *transport, Delivery *base,
	  const TransferResult *result, Outcome *outcome)
{
	*outcome = outcome_of_transfer(base, result);
	if (result->phase == TRANSFER_DONE && result->status >= 200 && result->status <= 299)
	{
		outcome->verdict = VERDICT_SUCCEEDED;
		return true;
	}
	if (result->phase == TRANSFER_DONE)
		snprintf(outcome->error, sizeof(outcome->error), "answered %d%s", result->status,
				 result->status >= 300 && result->status <= 399 ? "; redirects are not followed"
																: "");
	outcome_retry(base, result->retry_after_s, outcome);
	/* it waits for its endpoint to be resumed, however often it was tried */
	if (result->status == HTTP_GONE && outcome->verdict == VERDICT_FAILED)
	{
		outcome->verdict = VERDICT_RETRY;
		outcome->delay_us = queue_backoff_us(base->attempt, result->retry_after_s);
	}
	return true;
}

/* Of attempts that did not reach it an endpoint knows nothing. */
static bool
tells_of_endpoint(const Outcome *outcome)
{
	return outcome->verdict == VERDICT_SUCCEEDED ||
		   (strcmp(outcome->phase, "prepare") != 0 && !outcome_is_given_up(outcome));
}

static void
forget(void *self, Delivery *base, const Outcome *outcome)
{
	Endpoints *endpoints = self;
	WebhookDelivery *delivery = (WebhookDelivery *) base;
	Endpoint *endpoint = find_endpoint(endpoints, &delivery->subscription_id);

	endpoint->in_flight--;
	if (delivery->is_failing)
		endpoints->failing_in_flight--;
	if (outcome->verdict == VERDICT_SUCCEEDED)
	{
		endpoint->window = Min(endpoint->window * 2, WINDOW_MAX);
		if (endpoint->is_failing || endpoint->health == HEALTH_FAILS)
			endpoint->health = HEALTH_WELL;
	}
	else if (tells_of_endpoint(outcome))
	{
		endpoint->window = 1;
		if (outcome->status == HTTP_GONE)
			endpoint->health = HEALTH_GONE;
		else if (endpoint->health == HEALTH_SAME)
			endpoint->health = HEALTH_FAILS;
	}
	pfree(delivery->url);
	pfree(delivery->event_type);
	pfree(delivery->body);
	pfree(delivery->secret);
	if (delivery->old_secret)
		pfree(delivery->old_secret);
	pfree(delivery);
}

/* Since when endpoints fail, and whether they are paused for it. */
static void
note_health(void *self)
{
	Endpoints *endpoints = self;
	long n = hash_get_num_entries(endpoints->by_id);
	Datum *well = palloc(n * sizeof(Datum));
	Datum *failing = palloc(n * sizeof(Datum));
	Datum *gone = palloc(n * sizeof(Datum));
	int nwell = 0;
	int nfailing = 0;
	int ngone = 0;
	HASH_SEQ_STATUS scan;
	Endpoint *endpoint;

	hash_seq_init(&scan, endpoints->by_id);
	while ((endpoint = hash_seq_search(&scan)) != NULL)
	{
		if (endpoint->health == HEALTH_WELL)
			well[nwell++] = UUIDPGetDatum(&endpoint->id);
		if (endpoint->health == HEALTH_FAILS || endpoint->health == HEALTH_GONE)
			failing[nfailing++] = UUIDPGetDatum(&endpoint->id);
		if (endpoint->health == HEALTH_GONE)
			gone[ngone++] = UUIDPGetDatum(&endpoint->id);
	}
	if (nwell > 0)
		query_write(&well_query, (QueryArg[]) { ARG(array_of(UUIDOID, well, NULL, nwell)) });
	if (nfailing > 0)
		query_write(&fails_query, (QueryArg[]) { ARG(array_of(UUIDOID, failing, NULL, nfailing)),
												 ARG(array_of(UUIDOID, gone, NULL, ngone)),
												 ARG(Int32GetDatum(settings_pause_after)) });
}

static void
health_noted(void *self)
{
	Endpoints *endpoints = self;
	HASH_SEQ_STATUS scan;
	Endpoint *endpoint;

	hash_seq_init(&scan, endpoints->by_id);
	while ((endpoint = hash_seq_search(&scan)) != NULL)
	{
		if (endpoint->health == HEALTH_WELL)
			endpoint->is_failing = false;
		else if (endpoint->health != HEALTH_SAME)
			endpoint->is_failing = true;
		endpoint->health = HEALTH_SAME;
	}
}

const Sender webhook_sender = {
	.queue = &webhook_queue,
	.make = make_endpoints,
	.lease = lease,
	.take_place = take_place,
	.send = send_webhook,
	.judge = judge,
	.forget = forget,
	.note_health = note_health,
	.health_noted = health_noted,
};
