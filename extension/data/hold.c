/*
 * Finds holds; the words are in hold.h.
 */
#include "data/hold.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "data/values.h"
#include "utils/timestamp.h"

static SavedQuery find_query = {
	.text = "SELECT h.id, h.event_type_id, h.occurrence_id, h.created_at, o.starts_at"
			" FROM opencalendly.holds AS h JOIN opencalendly.occurrences AS o ON o.id" EQ
			"h.occurrence_id"
			" WHERE h.token_hash" EQ "$1 AND h.expires_at" GT "$2",
	.nargs = 2,
	.types = { BYTEAOID, TIMESTAMPTZOID },
};

static SavedQuery hosts_query = {
	.text =
		"SELECT c.host_id FROM opencalendly.holds AS h JOIN opencalendly.claims AS c ON c.occurrence_id" EQ
		"h.occurrence_id"
		" WHERE h.token_hash" EQ "$1",
	.nargs = 1,
	.types = { BYTEAOID },
};

Datum
hold_token_hash(const char *token)
{
	return sha256_datum(token, strlen(token));
}

pg_uuid_t *
hold_hosts(const char *token, int *nhosts)
{
	uint64 rows = query_read(&hosts_query, (QueryArg[]) { ARG(hold_token_hash(token)) });
	pg_uuid_t *hosts = palloc(rows * sizeof(pg_uuid_t));

	for (uint64 i = 0; i < rows; i++)
		hosts[i] = row_uuid(i, 1);
	*nhosts = (int) rows;
	SPI_freetuptable(SPI_tuptable);
	return hosts;
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
						 .starts_at = row_instant(0, 5) };
	}
	SPI_freetuptable(SPI_tuptable);
	return hold;
}
