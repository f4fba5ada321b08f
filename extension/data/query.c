/*
 * Saved plans; the words are in query.h.
 */
#include "data/query.h"

#include "catalog/pg_type_d.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

static void
query_prepare(SavedQuery *query)
{
	SPIPlanPtr plan =
		SPI_prepare_cursor(query->text, query->nargs, query->types, CURSOR_OPT_GENERIC_PLAN);

	if (!plan)
		elog(ERROR, "could not prepare \"%s\": %s", query->text,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan");
	query->plan = plan;
}

static uint64
query_execute(SavedQuery *query, const QueryArg *args, bool read_only)
{
	MemoryContext callers = CurrentMemoryContext; /* SPI leaves its own behind */
	Datum values[QUERY_MAX_ARGS];
	char nulls[QUERY_MAX_ARGS];
	int rc;

	if (!query->plan)
		query_prepare(query);
	for (int i = 0; i < query->nargs; i++)
	{
		values[i] = args[i].value;
		nulls[i] = args[i].isnull ? 'n' : ' ';
	}
	rc = SPI_execute_plan(query->plan, values, nulls, read_only, 0);
	MemoryContextSwitchTo(callers);
	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", query->text, SPI_result_code_string(rc));
	return SPI_processed;
}

Datum
array_of(Oid element_type, const Datum *elements, const bool *nulls, int n)
{
	int lower_bound = 1;
	int16 length;
	bool by_value;
	char align;

	get_typlenbyvalalign(element_type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array((Datum *) elements, (bool *) nulls, 1, &n,
											  &lower_bound, element_type, length, by_value, align));
}

Datum
uuid_array(const pg_uuid_t *ids, int n)
{
	Datum *elements = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elements[i] = UUIDPGetDatum(&ids[i]);
	return array_of(UUIDOID, elements, NULL, n);
}

/* Where query_each's rows go. */
typedef struct SinkReceiver
{
	DestReceiver receiver;
	RowSink sink;
	void *sink_arg;
	MemoryContext context; /* the caller's, which the sink allocates in */
} SinkReceiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	SinkReceiver *to = (SinkReceiver *) self;
	MemoryContext executors;

	slot_getallattrs(slot);
	executors = MemoryContextSwitchTo(to->context);
	to->sink(to->sink_arg, slot->tts_values, slot->tts_isnull);
	MemoryContextSwitchTo(executors);
	return true;
}

static void
receive_start(DestReceiver *self, int operation, TupleDesc row)
{
	(void) self;
	(void) operation;
	(void) row;
}

static void
receive_end(DestReceiver *self)
{
	(void) self;
}

void
query_each(SavedQuery *query, const QueryArg *args, RowSink sink, void *sink_arg)
{
	SinkReceiver to = { .receiver = { .receiveSlot = receive_row,
									  .rStartup = receive_start,
									  .rShutdown = receive_end,
									  .rDestroy = receive_end,
									  .mydest = DestNone },
						.sink = sink,
						.sink_arg = sink_arg,
						.context = CurrentMemoryContext };
	SPIExecuteOptions options = { .params = makeParamList(query->nargs),
								  .read_only = true,
								  .dest = &to.receiver };
	int rc;

	if (!query->plan)
		query_prepare(query);
	for (int i = 0; i < query->nargs; i++)
		options.params->params[i] = (ParamExternData) { .value = args[i].value,
														.isnull = args[i].isnull,
														.pflags = PARAM_FLAG_CONST,
														.ptype = query->types[i] };
	rc = SPI_execute_plan_extended(query->plan, &options);
	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", query->text, SPI_result_code_string(rc));
}

uint64
query_read(SavedQuery *query, const QueryArg *args)
{
	return query_execute(query, args, true);
}

uint64
query_write(SavedQuery *query, const QueryArg *args)
{
	return query_execute(query, args, false);
}

Datum
row_datum(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

static Datum
row_required(uint64 row, int column)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);

	if (isnull)
		elog(ERROR, "unexpected null in column %d", column);
	return value;
}

/* An integer of the column's own width. */
static int64
integer_of(Datum value, int column)
{
	return SPI_gettypeid(SPI_tuptable->tupdesc, column) == INT8OID ? DatumGetInt64(value)
																   : DatumGetInt32(value);
}

int64
row_int(uint64 row, int column)
{
	return integer_of(row_required(row, column), column);
}

int64
row_int_or(uint64 row, int column, int64 if_null)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);

	return isnull ? if_null : integer_of(value, column);
}

int64
row_instant(uint64 row, int column)
{
	return DatumGetTimestampTz(row_required(row, column));
}

bool
row_bool(uint64 row, int column)
{
	return DatumGetBool(row_required(row, column));
}

pg_uuid_t
row_uuid(uint64 row, int column)
{
	return *DatumGetUUIDP(row_required(row, column));
}

char *
row_text(uint64 row, int column)
{
	return TextDatumGetCString(row_required(row, column));
}

char *
row_text_or_null(uint64 row, int column)
{
	bool isnull;
	Datum value = row_datum(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}
