/*
 * What differs between PostgreSQL's versions. Built and tested on 15.
 */
#ifndef OPENCALENDLY_COMPAT_H
#define OPENCALENDLY_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "OpenCalendly needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif
