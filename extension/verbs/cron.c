/*
 * pg_cron's settings, for schedule_workers() (schema/68_workers.sql): only superusers may SHOW them, but who may schedule the
 * workers must know where pg_cron is. None of them is a secret.
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(cron_setting);

/* cron_setting(name text) -> text: of "cron.NAME"; null where pg_cron is not loaded. opencalendly_worker. */
Datum
cron_setting(PG_FUNCTION_ARGS)
{
	const char *name = psprintf("cron.%s", text_to_cstring(PG_GETARG_TEXT_PP(0)));
	const char *value = GetConfigOption(name, true, false);

	if (!value)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}
