/*
 * Idempotency keys; the words are in idempotency.h. The key's lock comes before all others (claim.h), so two requests
 * under one key follow each other and the second sees the first one's answer. Keys and requests are stored as hashes.
 */
#include "data/idempotency.h"

#include "catalog/pg_type_d.h"
#include "data/claim.h"
#include "data/values.h"
#include "errors.h"
#include "pure/crypto.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define KEPT_FOR USECS_IN_DAY

static SavedQuery find_query = {
	/* clang-format off */
	.text =
		"SELECT k.request_hash, k.booking_id, k.status FROM opencalendly.idempotency_keys AS k"
		" WHERE k.operation" EQ "$1 AND k.subject_id" EQ "$2 AND k.key_hash" EQ "$3 AND k.expires_at" GT "$4",
	/* clang-format on */
	.nargs = 4,
	.types = { TEXTOID, UUIDOID, BYTEAOID, TIMESTAMPTZOID },
};

/* A row that has run out gives way. */
static SavedQuery keep_query = {
	.text =
		"INSERT INTO opencalendly.idempotency_keys AS k"
		" (operation, subject_id, key_hash, request_hash, booking_id, status, expires_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)"
		" ON CONFLICT (operation, subject_id, key_hash) DO UPDATE SET request_hash = EXCLUDED.request_hash,"
		" booking_id = EXCLUDED.booking_id, status = EXCLUDED.status, expires_at = EXCLUDED.expires_at",
	.nargs = 7,
	.types = { TEXTOID, UUIDOID, BYTEAOID, BYTEAOID, UUIDOID, TEXTOID, TIMESTAMPTZOID },
};

static bool
find_answer(const IdempotencyKey *key, int64 now, FirstAnswer *answer)
{
	bool isnull;
	Datum stored;

	if (query_read(&find_query, (QueryArg[]) { ARG(CStringGetTextDatum(key->operation)),
											   UUID_ARG(key->subject_id), ARG(key->key_hash),
											   ARG(TimestampTzGetDatum(now)) }) == 0)
		return false;
	stored = PointerGetDatum(PG_DETOAST_DATUM_PACKED(row_datum(0, 1, &isnull)));
	if (VARSIZE_ANY_EXHDR(DatumGetPointer(stored)) != CRYPTO_HASH_BYTES ||
		memcmp(VARDATA_ANY(DatumGetPointer(stored)), VARDATA(DatumGetPointer(key->request_hash)),
			   CRYPTO_HASH_BYTES) != 0)
		ereport(ERROR, errcode(ERRCODE_OC_KEY_REUSED),
				errmsg("idempotency key was used with other arguments"),
				errhint("Send a new key with a new request."));
	answer->booking_id = row_uuid(0, 2);
	answer->status = row_text(0, 3);
	return true;
}

bool
idempotency_begin(IdempotencyKey *key, const char *text, const StringInfo request, int64 now,
				  FirstAnswer *answer)
{
	char *subject = id_text(key->subject_id);
	bool found;

	lock_word(psprintf("%s %s", key->operation, subject), text);
	key->key_hash = sha256_datum(text, strlen(text));
	key->request_hash = sha256_datum(request->data, request->len);
	claim_read_begin();
	found = find_answer(key, now, answer);
	claim_read_end();
	return found;
}

void
idempotency_keep(const IdempotencyKey *key, const FirstAnswer *answer, int64 now)
{
	query_write(&keep_query, (QueryArg[]) { ARG(CStringGetTextDatum(key->operation)),
											UUID_ARG(key->subject_id), ARG(key->key_hash),
											ARG(key->request_hash), UUID_ARG(&answer->booking_id),
											ARG(CStringGetTextDatum(answer->status)),
											ARG(TimestampTzGetDatum(now + KEPT_FOR)) });
}
