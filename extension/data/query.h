/*
 * Saved plans. A SavedQuery stands next to its SQL text as a static variable; its plan is made at first use and kept. Plans
 * are generic: planning at every call would cost more than the call. All names and operators in the texts are
 * qualified, for a kept plan is made anew under the search_path of whoever runs it.
 */
#ifndef OPENCALENDLY_QUERY_H
#define OPENCALENDLY_QUERY_H

#include "compat.h"
#include "executor/spi.h"
#include "utils/uuid.h"

#define EQ " OPERATOR(pg_catalog.=) "
#define NE " OPERATOR(pg_catalog.<>) "
#define LT " OPERATOR(pg_catalog.<) "
#define LE " OPERATOR(pg_catalog.<=) "
#define GT " OPERATOR(pg_catalog.>) "
#define GE " OPERATOR(pg_catalog.>=) "
/* What keeps a seat: the predicate of bookings' partial indexes, to the letter. */
#define LIVE(alias) alias ".status OPERATOR(pg_catalog.=) ANY (ARRAY['confirmed', 'pending'])"

#define QUERY_MAX_ARGS 24

typedef struct SavedQuery
{
	const char *text;
	int nargs;
	Oid types[QUERY_MAX_ARGS];
	SPIPlanPtr plan;
} SavedQuery;

/* An argument: a datum, or null. */
typedef struct QueryArg
{
	Datum value;
	bool isnull;
} QueryArg;

#define ARG(datum) ((QueryArg) { (datum), false })
#define NULL_ARG ((QueryArg) { (Datum) 0, true })
#define ARG_IF(present, datum) ((present) ? ARG(datum) : NULL_ARG)
#define UUID_ARG(uuid) ARG(UUIDPGetDatum(uuid))
#define UUID_ARG_OR_NULL(uuid) ARG_IF((uuid) != NULL, UUIDPGetDatum(uuid))

/* Arrays to pass as arguments; a null datum in elements is a null element if nulls says so, and nulls may be NULL. */
extern Datum uuid_array(const pg_uuid_t *ids, int n);
extern Datum array_of(Oid element_type, const Datum *elements, const bool *nulls, int n);

/* Reads in the active snapshot and returns the number of rows, which are in SPI_tuptable. */
extern uint64 query_read(SavedQuery *query, const QueryArg *args);

/* The same, row by row: the sink is given each row's values, which are gone when it returns, and which of them are null. */
typedef void (*RowSink)(void *sink_arg, const Datum *values, const bool *nulls);
extern void query_each(SavedQuery *query, const QueryArg *args, RowSink sink, void *sink_arg);

/* Writes, sees what this transaction wrote before; returns the number of rows written or returned. */
extern uint64 query_write(SavedQuery *query, const QueryArg *args);

/* Columns of a row of SPI_tuptable, from 1. The integer and text forms raise XX000 on null. */
extern Datum row_datum(uint64 row, int column, bool *isnull);
extern int64 row_int(uint64 row, int column);
extern int64 row_int_or(uint64 row, int column, int64 if_null);
extern int64 row_instant(uint64 row, int column);
extern bool row_bool(uint64 row, int column);
extern pg_uuid_t row_uuid(uint64 row, int column);
extern char *row_text(uint64 row, int column);
extern char *row_text_or_null(uint64 row, int column);

#endif
