/*
 * What the shim counts, for Prometheus.
 */
#ifndef SHIM_METRICS_H
#define SHIM_METRICS_H

#include <stdint.h>

#include "text.h"

typedef enum Gauge
{
	GAUGE_IN_FLIGHT,
	GAUGE_CLIENTS,     /* connections that have a thread */
	GAUGE_CONNECTIONS, /* to the database, open */
	GAUGES
} Gauge;

typedef enum Counter
{
	COUNTER_CONNECTS,
	COUNTER_CONNECT_FAILURES,
	COUNTER_RETRIES, /* of transactions that had to be repeated */
	COUNTERS
} Counter;

/* route: a route's number, or -1 for everything else. */
extern void metrics_request(int route, int status, int64_t duration_us);
extern void metrics_sqlstate(const char *sqlstate);
extern void metrics_gauge(Gauge gauge, int change);
extern int metrics_gauge_value(Gauge gauge);
extern void metrics_count(Counter counter);

/* The text format, version 0.0.4. */
extern void metrics_write(Text *out);

#endif
