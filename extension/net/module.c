/*
 * The transport as a library of the server: it names itself, and hands out the table of its functions. Loaded by
 * load_external_function("$libdir/opencalendly_net", "opencalendly_transport", ...), in worker processes only. libcurl is
 * set up by transport_api.open(), at first use, and not here: a library that is preloaded by mistake must not do that in
 * the postmaster.
 */
#include "postgres.h"

#include "fmgr.h"

#include "net/transport.h"

PG_MODULE_MAGIC;

PGDLLEXPORT const TransportApi *opencalendly_transport(void);

const TransportApi *
opencalendly_transport(void)
{
	return &transport_api;
}
