/*
 * Idempotency keys: the first answer to a request is given again for 24 hours.
 */
#ifndef OPENCALENDLY_IDEMPOTENCY_H
#define OPENCALENDLY_IDEMPOTENCY_H

#include "compat.h"
#include "lib/stringinfo.h"
#include "utils/uuid.h"

typedef struct IdempotencyKey
{
	const char *operation;
	const pg_uuid_t *subject_id;
	Datum key_hash;
	Datum request_hash;
} IdempotencyKey;

typedef struct FirstAnswer
{
	pg_uuid_t booking_id;
	char *status;
} FirstAnswer;

/*
 * Waits until nobody else works under the key, then looks up its answer: true if there is one. Raises OC007 if it was
 * an answer to another request. request: what makes two requests the same.
 */
extern bool idempotency_begin(IdempotencyKey *key, const char *text, const StringInfo request,
							  int64 now, FirstAnswer *answer);

/* Keeps the answer for 24 hours. */
extern void idempotency_keep(const IdempotencyKey *key, const FirstAnswer *answer, int64 now);

#endif
