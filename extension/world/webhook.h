/*
 * Webhooks: what to send to whom, and what an answer means.
 *
 * Words. An endpoint is a row of webhook_subscriptions as a worker sees it: how many transfers to it are under way, and
 * how many may be (its window). A window begins at one, doubles with each success up to WINDOW_MAX, and falls back to one
 * with a failure; so an endpoint that does not answer has one place at most, and never the others'. Endpoints that
 * only fail may have three quarters of all places together.
 */
#ifndef OPENCALENDLY_WEBHOOK_H
#define OPENCALENDLY_WEBHOOK_H

#include "world/queue.h"

extern const Sender webhook_sender;

#endif
