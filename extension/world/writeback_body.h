/*
 * A meeting as an event of the provider's: what is sent, and what of the answer matters.
 */
#ifndef OPENCALENDLY_WRITEBACK_BODY_H
#define OPENCALENDLY_WRITEBACK_BODY_H

#include "compat.h"
#include "utils/jsonb.h"
#include "world/writeback_facts.h"

/*
 * The event as JSON, palloc'ed: all that we say of it, so that it can be sent to make it (with its id) or to change it. It
 * asks for a link and names attendees if the write says so.
 */
extern char *writeback_body(const Writeback *writeback, bool with_id);

/* How far the provider is with the link. */
typedef enum LinkState
{
	LINK_NONE, /* it makes none */
	LINK_PENDING,
	LINK_MADE
} LinkState;

/* Of an event that the provider has answered with; the link, palloc'ed, only if it is made. */
extern LinkState writeback_link(const Jsonb *event, char **link);

#endif
