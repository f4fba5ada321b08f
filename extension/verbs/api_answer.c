/*
 * Rows of opencalendly.api_answer; the words are in api_answer.h.
 */
#include "verbs/api_answer.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"

static Datum
text_or_null(const char *value, bool *isnull)
{
	*isnull = value == NULL;
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

Datum
api_answer(FunctionCallInfo fcinfo, const ApiAnswer *answer)
{
	Datum values[6] = { Int32GetDatum(answer->status), PointerGetDatum(answer->body) };
	bool nulls[lengthof(values)] = { [1] = answer->body == NULL, [5] = true };
	TupleDesc row;

	values[2] = text_or_null(answer->etag, &nulls[2]);
	values[3] = text_or_null(answer->next_cursor, &nulls[3]);
	values[4] = text_or_null(answer->location, &nulls[4]);
	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE ||
		row->natts != lengthof(values))
		elog(ERROR, "function does not return opencalendly.api_answer");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

char *
api_parameter(FunctionCallInfo fcinfo, int arg)
{
	text *value;

	if (PG_ARGISNULL(arg))
		return NULL;
	value = PG_GETARG_TEXT_PP(arg);
	return VARSIZE_ANY_EXHDR(value) == 0 ? NULL : text_to_cstring(value);
}
