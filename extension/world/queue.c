/*
 * What all queues have in common; the words are in queue.h.
 */
#include "world/queue.h"

#include "catalog/pg_type_d.h"
#include "common/pg_prng.h"
#include "settings.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define MIN_RETRY_AFTER_S 1
#define MAX_RETRY_AFTER_S SECS_PER_DAY
#define SHORT_RETRY_ATTEMPTS 3
#define JITTER 0.2
#define HEARTBEAT_US (4 * USECS_PER_SEC)
#define CLOCK_STEP_US USECS_PER_SEC

static SavedQuery seen_query = {
	.text = "SELECT h.seen_at FROM opencalendly.worker_heartbeats AS h WHERE h.queue" EQ
			"$1 FOR UPDATE",
	.nargs = 1,
	.types = { TEXTOID },
};

static SavedQuery seen_now_query = {
	.text = "INSERT INTO opencalendly.worker_heartbeats AS h (queue, seen_at) VALUES ($1, $2)"
			" ON CONFLICT (queue) DO UPDATE SET seen_at = EXCLUDED.seen_at",
	.nargs = 2,
	.types = { TEXTOID, TIMESTAMPTZOID },
};

static SavedQuery copy_query = { .text = "SELECT opencalendly.is_restored_copy()" };

static const char stopped[] = "the worker was stopped";

Outcome
outcome_begin(const Delivery *delivery, const char *phase)
{
	return (Outcome) { .delivery_id = delivery->id,
					   .attempt = delivery->attempt,
					   .started_at = delivery->started_at,
					   .phase = phase };
}

Outcome
outcome_of_transfer(const Delivery *delivery, const TransferResult *result)
{
	static const char *const phases[] = {
		[TRANSFER_PREPARE] = "prepare", [TRANSFER_ADDRESS] = "address",
		[TRANSFER_RESOLVE] = "resolve", [TRANSFER_CONNECT] = "connect",
		[TRANSFER_TLS] = "tls",         [TRANSFER_LOGIN] = "login",
		[TRANSFER_SEND] = "send",       [TRANSFER_RESPONSE] = "response",
		[TRANSFER_DONE] = "done",
	};
	Outcome outcome = outcome_begin(delivery, phases[result->phase]);

	outcome.elapsed_ms = result->elapsed_ms;
	outcome.status = result->status;
	strlcpy(outcome.error, result->error, sizeof(outcome.error));
	return outcome;
}

void
outcome_retry(const Delivery *delivery, int64 retry_after_s, Outcome *outcome)
{
	bool is_last = delivery->attempt >= delivery->max_attempts;

	outcome->verdict = is_last ? VERDICT_FAILED : VERDICT_RETRY;
	outcome->delay_us = is_last ? 0 : queue_backoff_us(delivery->attempt, retry_after_s);
}

void
outcome_fail_to_send(const Delivery *delivery, const char *error, Outcome *outcome)
{
	*outcome = outcome_begin(delivery, "prepare");
	strlcpy(outcome->error, error, sizeof(outcome->error));
	outcome_retry(delivery, -1, outcome);
}

void
outcome_give_up(const Delivery *delivery, Outcome *outcome)
{
	*outcome = outcome_begin(delivery, "send");
	outcome->verdict = VERDICT_RETRY;
	outcome->elapsed_ms = (int) ((GetCurrentTimestamp() - delivery->started_at) / 1000);
	strlcpy(outcome->error, stopped, sizeof(outcome->error));
}

bool
outcome_is_given_up(const Outcome *outcome)
{
	return strcmp(outcome->error, stopped) == 0;
}

static const char *
status_of(Verdict verdict)
{
	switch (verdict)
	{
		case VERDICT_SUCCEEDED:
			return "succeeded";
		case VERDICT_RETRY:
			return "pending";
		case VERDICT_FAILED:
			return "failed";
	}
	pg_unreachable();
}

/* Marks those of the outcomes whose ids the query has returned. */
static int
mark_left(uint64 nleft, const Outcome *outcomes, int n, bool *is_left)
{
	memset(is_left, false, n * sizeof(bool));
	for (uint64 row = 0; row < nleft; row++)
	{
		pg_uuid_t id = row_uuid(row, 1);

		for (int i = 0; i < n; i++)
			if (memcmp(&outcomes[i].delivery_id, &id, sizeof(id)) == 0)
				is_left[i] = true;
	}
	SPI_freetuptable(SPI_tuptable);
	return (int) nleft;
}

int
queue_settle(Queue *queue, const Outcome *outcomes, int n, bool *is_left)
{
	enum
	{
		ID,
		ATTEMPT,
		STATUS,
		DELAY,
		PHASE,
		ANSWER,
		ERROR_TEXT,
		STARTED,
		ELAPSED,
		NCOLUMNS
	};
	Datum *column[NCOLUMNS];
	bool *no_answer = palloc(n * sizeof(bool));
	bool *no_error = palloc(n * sizeof(bool));
	uint64 nleft;

	for (int i = 0; i < NCOLUMNS; i++)
		column[i] = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const Outcome *outcome = &outcomes[i];

		column[ID][i] = UUIDPGetDatum(&outcome->delivery_id);
		column[ATTEMPT][i] = Int32GetDatum(outcome->attempt);
		column[STATUS][i] = CStringGetTextDatum(status_of(outcome->verdict));
		column[DELAY][i] = Int64GetDatum(outcome->delay_us);
		column[PHASE][i] = CStringGetTextDatum(outcome->phase);
		column[ANSWER][i] = Int32GetDatum(outcome->status);
		column[ERROR_TEXT][i] = CStringGetTextDatum(outcome->error);
		column[STARTED][i] = TimestampTzGetDatum(outcome->started_at);
		column[ELAPSED][i] = Int32GetDatum(outcome->elapsed_ms);
		no_answer[i] = outcome->status == 0;
		no_error[i] = outcome->error[0] == '\0';
	}
	nleft = query_write(&queue->settle,
						(QueryArg[]) { ARG(array_of(UUIDOID, column[ID], NULL, n)),
									   ARG(array_of(INT4OID, column[ATTEMPT], NULL, n)),
									   ARG(array_of(TEXTOID, column[STATUS], NULL, n)),
									   ARG(array_of(INT8OID, column[DELAY], NULL, n)),
									   ARG(array_of(TEXTOID, column[PHASE], NULL, n)),
									   ARG(array_of(INT4OID, column[ANSWER], no_answer, n)),
									   ARG(array_of(TEXTOID, column[ERROR_TEXT], no_error, n)),
									   ARG(array_of(TIMESTAMPTZOID, column[STARTED], NULL, n)),
									   ARG(array_of(INT4OID, column[ELAPSED], NULL, n)) });
	return mark_left(nleft, outcomes, n, is_left);
}

int64
queue_backoff_us(int attempt, int64 retry_after_s)
{
	const RetryDelays *delays = &settings_retry_delays;
	double jitter = 1 + JITTER * (2 * pg_prng_double(&pg_global_prng_state) - 1);
	int64 delay_us =
		(int64) (delays->seconds[Min(attempt, delays->n) - 1] * jitter * USECS_PER_SEC);
	int64 asked_us = Max(Min(retry_after_s, MAX_RETRY_AFTER_S), MIN_RETRY_AFTER_S) * USECS_PER_SEC;

	if (retry_after_s >= 0 && (attempt <= SHORT_RETRY_ATTEMPTS || asked_us > delay_us))
		return asked_us;
	return delay_us;
}

void
queue_heartbeat(Queue *queue)
{
	Datum name = CStringGetTextDatum(queue->name);
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz seen = DT_NOBEGIN;

	if (query_write(&seen_query, (QueryArg[]) { ARG(name) }) > 0)
		seen = row_instant(0, 1);
	SPI_freetuptable(SPI_tuptable);
	if (seen <= now && seen > now - HEARTBEAT_US)
		return;
	if (seen > now + CLOCK_STEP_US)
		query_write(&queue->shift, (QueryArg[]) { ARG(Int64GetDatum(seen - now)) });
	query_write(&seen_now_query, (QueryArg[]) { ARG(name), ARG(TimestampTzGetDatum(now)) });
}

bool
queue_is_copy(void)
{
	bool is_copy;

	query_write(&copy_query, NULL);
	is_copy = row_bool(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return is_copy;
}
