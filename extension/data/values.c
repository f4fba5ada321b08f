/*
 * Small functions that constraints and defaults call: ids and zone names.
 */
#include "compat.h"

#include "data/values.h"
#include "fmgr.h"
#include "pure/crypto.h"
#include "settings.h"
#include "time/civil.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(uuid_generate_v7);
PG_FUNCTION_INFO_V1(is_timezone);
PG_FUNCTION_INFO_V1(current_instant);

pg_uuid_t
new_id(void)
{
	pg_uuid_t id = { 0 };
	int64 unix_us =
		GetCurrentTimestamp() + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

	if (!uuid_v7((uint64_t) (unix_us / 1000), (unsigned) (unix_us % 1000 * 4096 / 1000), id.data))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes"));
	return id;
}

char *
id_text(const pg_uuid_t *id)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(id)));
}

Datum
sha256_datum(const void *data, size_t len)
{
	bytea *hash = palloc(VARHDRSZ + CRYPTO_HASH_BYTES);

	SET_VARSIZE(hash, VARHDRSZ + CRYPTO_HASH_BYTES);
	if (!crypto_sha256(data, len, (uint8_t *) VARDATA(hash)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a hash"));
	return PointerGetDatum(hash);
}

/* uuid_generate_v7() -> uuid; any caller. */
Datum
uuid_generate_v7(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	*id = new_id();
	PG_RETURN_UUID_P(id);
}

/* is_timezone(name) -> boolean; called by constraints. */
Datum
is_timezone(PG_FUNCTION_ARGS)
{
	text *name = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(VARSIZE_ANY_EXHDR(name) <= TZ_STRLEN_MAX &&
				   civil_is_zone_name(text_to_cstring(name)));
}

/* current_instant() -> timestamptz, the instant that the verbs take for now. */
Datum
current_instant(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(settings_now());
}
