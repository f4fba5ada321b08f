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

#include "compat.h"
#include "net/transport.h"
#include "world/queue.h"

extern Queue webhook_queue;

/* The endpoints that a worker knows. */
typedef struct Endpoints Endpoints;

/* A leased delivery that is under way; allocated by webhook_lease, freed by webhook_forget. */
typedef struct WebhookDelivery WebhookDelivery;

extern Endpoints *endpoints_make(void);

/*
 * Leases at most nplaces due deliveries, of the most that may be under way, in the current transaction: each endpoint's
 * first before anybody's second, and no more of one endpoint than its window lets. Returns how many; deliveries has room
 * for nplaces. They live in context.
 */
extern int webhook_lease(Endpoints *endpoints, MemoryContext context, int most, int nplaces,
						 WebhookDelivery **deliveries);

/* The endpoints' places are taken once the lease is committed. */
extern void webhook_take_place(Endpoints *endpoints, WebhookDelivery *delivery);

/*
 * Begins the transfer, freshly signed. False: it could not be begun, and what came of it is in outcome.
 */
extern bool webhook_send(const TransportApi *transport_api, Transport *transport,
						 WebhookDelivery *delivery, Outcome *outcome);

/* What the answer means. */
extern void webhook_judge(const WebhookDelivery *delivery, const TransferResult *result,
						  Outcome *outcome);

/* What it is when the worker has to let go of it. */
extern void webhook_give_up(const WebhookDelivery *delivery, Outcome *outcome);

/* The delivery is over: gives its place back, and frees it. */
extern void webhook_forget(Endpoints *endpoints, WebhookDelivery *delivery, const Outcome *outcome);

/*
 * Writes what the outcomes mean for their endpoints, in the transaction that settles them: since when they fail, and
 * whether they are paused for it.
 */
extern void webhook_note_health(Endpoints *endpoints);

/* The transaction that noted it is committed: it need not be noted again. */
extern void webhook_health_noted(Endpoints *endpoints);

#endif
