/*
 * Holds: a seat kept for a few minutes by whoever has the token.
 */
#ifndef OPENCALENDLY_HOLD_H
#define OPENCALENDLY_HOLD_H

#include "data/schedule.h"
#include "pure/crypto.h"

/* The hash under which a well-formed token is stored, as a bytea datum. */
extern Datum hold_token_hash(const char *token);

/* The hosts whose time a token's hold takes, live or not, palloc'ed; *nhosts says how many. */
extern pg_uuid_t *hold_hosts(const char *token, int *nhosts);

/*
 * The live hold of a token in the active snapshot, palloc'ed; NULL for a null token and for one that is unknown or has
 * run out, which is no error anywhere: the slot may still be free.
 */
extern Hold *hold_find(const char *token, int64 now);

#endif
