/*
 * What differs between PostgreSQL's versions. Built and tested on 15.
 */
#ifndef OPENCALENDLY_COMPAT_H
#define OPENCALENDLY_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 160000
#error "OpenCalendly is built for PostgreSQL 15"
#endif

#include "utils/guc.h"

/* A flag that came with the minor releases of November 2024. */
#ifndef GUC_ALLOW_IN_PARALLEL
#define GUC_ALLOW_IN_PARALLEL 0
#endif

#endif
