/*
 * Counters; the words are in metrics.h. All are relaxed atomics: a scrape may see a request's counter before its histogram.
 */
#include "metrics.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "routes.h"

#define OTHER (MAX_ROUTES - 1) /* stands for what is no route */
#define FIRST_STATUS 200
#define LAST_STATUS 599
#define BUCKETS 13
#define SQLSTATE_CLASSES (36 * 36)

static const double bounds[BUCKETS] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
										0.25,  0.5,    1,     2.5,  5,     10 };

static atomic_uint_fast64_t requests[MAX_ROUTES][LAST_STATUS - FIRST_STATUS + 1];
static atomic_uint_fast64_t
	durations[MAX_ROUTES][BUCKETS + 1]; /* not cumulated; the last: longer than all bounds */
static atomic_uint_fast64_t duration_sums[MAX_ROUTES]; /* microseconds */
static atomic_uint_fast64_t sqlstates[SQLSTATE_CLASSES];
static atomic_int gauges[GAUGES];
static atomic_uint_fast64_t counters[COUNTERS];

static const char *const gauge_texts[GAUGES][2] = {
	[GAUGE_IN_FLIGHT] = { "opencalendly_http_requests_in_flight", "Requests being answered." },
	[GAUGE_CLIENTS] = { "opencalendly_http_connections",
						"Clients' connections that have a thread." },
	[GAUGE_CONNECTIONS] = { "opencalendly_db_connections", "Open connections to the database." },
};

static const char *const counter_texts[COUNTERS][2] = {
	[COUNTER_CONNECTS] = { "opencalendly_db_connects_total",
						   "Connections to the database that were made." },
	[COUNTER_CONNECT_FAILURES] = { "opencalendly_db_connect_failures_total",
								   "Attempts to connect to the database that failed." },
	[COUNTER_RETRIES] = { "opencalendly_db_retries_total", "Transactions that were repeated." },
};

static int
slot_of(int route)
{
	return route >= 0 && route < OTHER ? route : OTHER;
}

void
metrics_request(int route, int status, int64_t duration_us)
{
	int bucket = 0;

	if (status < FIRST_STATUS || status > LAST_STATUS)
		status = LAST_STATUS;
	while (bucket < BUCKETS && (double) duration_us > bounds[bucket] * 1e6)
		bucket++;
	route = slot_of(route);
	atomic_fetch_add_explicit(&requests[route][status - FIRST_STATUS], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&durations[route][bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&duration_sums[route], (uint64_t) duration_us, memory_order_relaxed);
}

static int
digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 0;
}

void
metrics_sqlstate(const char *sqlstate)
{
	int class = sqlstate[0] ? digit_of(sqlstate[0]) * 36 + digit_of(sqlstate[1]) : 0;

	atomic_fetch_add_explicit(&sqlstates[class], 1, memory_order_relaxed);
}

void
metrics_gauge(Gauge gauge, int change)
{
	atomic_fetch_add(&gauges[gauge], change);
}

int
metrics_gauge_value(Gauge gauge)
{
	return atomic_load(&gauges[gauge]);
}

void
metrics_count(Counter counter)
{
	atomic_fetch_add_explicit(&counters[counter], 1, memory_order_relaxed);
}

static uint64_t
value_of(atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void
write_head(Text *out, const char *name, const char *kind, const char *help)
{
	text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void
write_labels(Text *out, int slot)
{
	if (slot < nroutes)
		text_addf(out, "method=\"%s\",route=\"%s\"", routes[slot].method, routes[slot].path);
	else
		text_add(out, "method=\"\",route=\"other\"");
}

static void
write_requests(Text *out)
{
	write_head(out, "opencalendly_http_requests_total", "counter",
			   "Requests answered, by route and status.");
	for (int slot = 0; slot < MAX_ROUTES; slot++)
		for (int status = FIRST_STATUS; status <= LAST_STATUS; status++)
		{
			uint64_t n = value_of(&requests[slot][status - FIRST_STATUS]);

			if (n == 0)
				continue;
			text_add(out, "opencalendly_http_requests_total{");
			write_labels(out, slot);
			text_addf(out, ",status=\"%d\"} %llu\n", status, (unsigned long long) n);
		}
}

static void
write_histogram(Text *out, int slot)
{
	uint64_t sum = 0;
	uint64_t all = 0;

	for (int i = 0; i <= BUCKETS; i++)
		all += value_of(&durations[slot][i]);
	if (all == 0)
		return;
	for (int i = 0; i < BUCKETS; i++)
	{
		sum += value_of(&durations[slot][i]);
		text_add(out, "opencalendly_http_request_duration_seconds_bucket{");
		write_labels(out, slot);
		text_addf(out, ",le=\"%g\"} %llu\n", bounds[i], (unsigned long long) sum);
	}
	text_add(out, "opencalendly_http_request_duration_seconds_bucket{");
	write_labels(out, slot);
	text_addf(out, ",le=\"+Inf\"} %llu\n", (unsigned long long) all);
	text_add(out, "opencalendly_http_request_duration_seconds_sum{");
	write_labels(out, slot);
	text_addf(out, "} %.6f\n", (double) value_of(&duration_sums[slot]) / 1e6);
	text_add(out, "opencalendly_http_request_duration_seconds_count{");
	write_labels(out, slot);
	text_addf(out, "} %llu\n", (unsigned long long) all);
}

static void
write_sqlstates(Text *out)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	write_head(out, "opencalendly_db_errors_total", "counter",
			   "Errors that the database has answered, by the class of their SQLSTATE.");
	for (int i = 0; i < SQLSTATE_CLASSES; i++)
		if (value_of(&sqlstates[i]) > 0)
			text_addf(out, "opencalendly_db_errors_total{class=\"%c%c\"} %llu\n", digits[i / 36],
					  digits[i % 36], (unsigned long long) value_of(&sqlstates[i]));
}

void
metrics_write(Text *out)
{
	write_requests(out);
	write_head(out, "opencalendly_http_request_duration_seconds", "histogram",
			   "From the request's last header to the answer's last byte, by route.");
	for (int slot = 0; slot < MAX_ROUTES; slot++)
		write_histogram(out, slot);
	for (int i = 0; i < GAUGES; i++)
	{
		write_head(out, gauge_texts[i][0], "gauge", gauge_texts[i][1]);
		text_addf(out, "%s %d\n", gauge_texts[i][0], atomic_load(&gauges[i]));
	}
	for (int i = 0; i < COUNTERS; i++)
	{
		write_head(out, counter_texts[i][0], "counter", counter_texts[i][1]);
		text_addf(out, "%s %llu\n", counter_texts[i][0],
				  (unsigned long long) value_of(&counters[i]));
	}
	write_sqlstates(out);
}
