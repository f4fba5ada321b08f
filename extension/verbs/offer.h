/*
 * An offer: the slots of one answer of the API, in flat arrays. They are found first, then told apart from what the
 * client has by their tag, and only then written as JSON, if at all.
 */
#ifndef OPENCALENDLY_OFFER_H
#define OPENCALENDLY_OFFER_H

#include "data/sweep.h"

/* The most slots of one answer. */
#define MAX_OFFERED 10000

/* What is asked for; the route says what is told of each slot. */
typedef struct OfferForm
{
	const char *zone_name; /* proven to be one: it needs no escaping in JSON */
	pg_tz *zone;
	int most;         /* slots, from 1 to MAX_OFFERED */
	bool shows_hosts; /* the mode, and who would attend each slot */
} OfferForm;

typedef struct Offer
{
	const OfferForm *form;
	const EventType *event;
	int64 *starts;
	int32 *seats_left; /* NULL: one seat, not told */
	int32 *
		hosts; /* listed for each slot, indexes of attendees, -1: no more; NULL: not told, or all of them */
	int listed;
	bool has_fractions; /* of seconds: a start has, so its texts are longer */
	int nslots;
	int room;
	bool has_more;
	bool is_stale;   /* for want of hosts whose calendars are fresh enough there are no slots */
	ZoneSpan *spans; /* of the zone, from the first start to the last */
	size_t nspans;
} Offer;

/* Computes it, in the active snapshot; an empty range has no slots. */
extern Offer *offer_make(const SlotRequest *request, const OfferForm *form);

/* 128 bits in base64url that change whenever the JSON does. */
#define OFFER_TAG_LENGTH 22
extern void offer_tag(const Offer *offer, char tag[OFFER_TAG_LENGTH + 1]);

/* The start of the last slot, to go on from there: base64url. */
#define OFFER_CURSOR_LENGTH 11
extern void offer_cursor(const Offer *offer, char cursor[OFFER_CURSOR_LENGTH + 1]);
extern bool offer_read_cursor(const char *cursor, int64 *last_start);

/* The answer's body, palloc'ed in the context that was current at SPI_connect. */
extern text *offer_json(const Offer *offer);

#endif
