/*
 * The two listeners: the API with its pages, and the metrics.
 */
#ifndef SHIM_SERVER_H
#define SHIM_SERVER_H

#include <stdbool.h>

#include "config.h"

/* Starts both; false, and it is told why, if one cannot be. */
extern bool server_start(const Config *config);

/*
 * Answers what is under way, then stops. Requests that come meanwhile are answered for SERVER_GRACE_MS, then refused with
 * 503; after SERVER_DRAIN_MS it stops whatever is under way.
 */
extern void server_stop(void);

#define SERVER_GRACE_MS 2000
#define SERVER_DRAIN_MS 25000

#endif
