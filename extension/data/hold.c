/*
 * Finds holds; the words are in hold.h.
 */
#include "data/hold.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "utils/timestamp.h"

static SavedQuery find_query = {
	.text = "SELECT h.id, h.event_type_id, h.occurrence_id, h.created_at, h.expires_at, o.starts_at"
			" FROM opencalendly.holds AS h JOIN opencalendly.occurrences AS o ON o.id" EQ
			"h.occurrence_id"
			" WHERE h.token_hash" EQ "$1 AND h.expires_at" GT "$2",
	.nargs = 2,
	.types = { BYTEAOID, TIMESTAMPTZOID },
};

Datum
hold_token_hash(const char *token)
{
	bytea *hash = palloc(VARHDRSZ + CRYPTO_HASH_BYTES);

	SET_VARSIZE(hash, VARHDRSZ + CRYPTO_HASH_BYTES);
	if (!crypto_sha256(token, strlen(token), (uint8_t *) VARDATA(hash)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a hash"));
	return PointerGetDatum(hash);
}

Hold *
hold_find(const char *token, int64 now)
{
	Hold *hold = NULL;

	if (!token)
		return NULL;
	if (query_read(&find_query,
				   (QueryArg[]) { ARG(hold_token_hash(token)), ARG(TimestampTzGetDatum(now)) }) > 0)
	{
		hold = palloc(sizeof(Hold));
		*hold = (Hold) { .id = row_uuid(0, 1),
						 .event_type_id = row_uuid(0, 2),
						 .occurrence_id = row_uuid(0, 3),
						 .created_at = row_instant(0, 4),
						 .expires_at = row_instant(0, 5),
						 .starts_at = row_instant(0, 6) };
	}
	SPI_freetuptable(SPI_tuptable);
	return hold;
}
