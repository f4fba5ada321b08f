/*
 * Ids of new rows, and hashes as rows hold them.
 */
#ifndef OPENCALENDLY_VALUES_H
#define OPENCALENDLY_VALUES_H

#include "compat.h"
#include "utils/uuid.h"

/* A new UUIDv7 of the present moment. */
extern pg_uuid_t new_id(void);

/* An id as text, palloc'ed. */
extern char *id_text(const pg_uuid_t *id);

/* SHA-256 of len bytes, as a bytea datum. */
extern Datum sha256_datum(const void *data, size_t len);

#endif
