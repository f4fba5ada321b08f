/* Where the pure writers put their octets: nothing is allocated, whoever calls keeps them. */
#ifndef OPENCALENDLY_SINK_H
#define OPENCALENDLY_SINK_H

#include <stddef.h>

/* Takes n octets, in order; they are the caller's again when it returns. */
typedef void (*OctetSink)(void *arg, const char *octets, size_t n);

#endif
