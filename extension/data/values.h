/*
 * Ids of new rows.
 */
#ifndef OPENCALENDLY_VALUES_H
#define OPENCALENDLY_VALUES_H

#include "compat.h"
#include "utils/uuid.h"

/* A new UUIDv7 of the present moment. */
extern pg_uuid_t new_id(void);

#endif
