/*
 * protect_bookings: an event trigger that refuses, while bookings exist, the commands that would take this extension
 * with them: DROP EXTENSION, DROP SCHEMA and DROP OWNED of the extension itself, of its schema, and of what it stands
 * on (the extensions that it requires, and their schemas). It reads the command's parse tree before anything is
 * dropped, so unrelated drops pass. The setting opencalendly.allow_drop lets all through.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "commands/event_trigger.h"
#include "data/claim.h"
#include "data/query.h"
#include "errors.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "settings.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(protect_bookings);

/* This extension and those that it requires, with their schemas and owners. */
#define GUARDED                                                                                              \
	"WITH guarded AS (SELECT e.oid, e.extname, e.extnamespace, e.extowner FROM pg_catalog.pg_extension AS e" \
	"  WHERE e.extname" EQ "'opencalendly' OR EXISTS ("                                                      \
	"   SELECT FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS o ON o.oid" EQ                 \
	"d.objid"                                                                                                \
	"   WHERE o.extname" EQ "'opencalendly' AND d.classid" EQ                                                \
	"'pg_catalog.pg_extension'::pg_catalog.regclass"                                                         \
	"   AND d.refclassid" EQ "'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid" EQ              \
	"e.oid))"

static SavedQuery drops_extension_query = {
	.text = GUARDED " SELECT FROM guarded AS g WHERE g.extname" EQ "ANY ($1)",
	.nargs = 1,
	.types = { TEXTARRAYOID },
};

static SavedQuery drops_schema_query = {
	.text = GUARDED " SELECT FROM guarded AS g JOIN pg_catalog.pg_namespace AS n ON n.oid" EQ
					"g.extnamespace"
					" WHERE n.nspname" EQ "ANY ($1)",
	.nargs = 1,
	.types = { TEXTARRAYOID },
};

static SavedQuery drops_owned_query = {
	.text = GUARDED
	" SELECT FROM guarded AS g JOIN pg_catalog.pg_namespace AS n ON n.oid" EQ "g.extnamespace"
	" JOIN pg_catalog.pg_roles AS r ON r.oid" EQ "g.extowner OR r.oid" EQ "n.nspowner"
	" WHERE r.rolname" EQ "ANY ($1)"
	" UNION ALL SELECT FROM pg_catalog.pg_roles AS r JOIN pg_catalog.pg_class AS c ON c.relowner" EQ
	"r.oid"
	" WHERE r.rolname" EQ "ANY ($1) AND c.oid" EQ "'opencalendly.bookings'::pg_catalog.regclass",
	.nargs = 1,
	.types = { TEXTARRAYOID },
};

static SavedQuery bookings_query = {
	.text = "SELECT FROM opencalendly.bookings AS b LIMIT 1",
};

static Datum
name_array(List *names, char *(*name_of)(void *) )
{
	Datum *elements = palloc(list_length(names) * sizeof(Datum));
	int n = list_length(names);

	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(name_of(list_nth(names, i)));
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static char *
string_name(void *node)
{
	return strVal(node);
}

static char *
role_name(void *node)
{
	return get_rolespec_name(node);
}

/* The query that tells whether the command concerns us, with its names; NULL for other commands. */
static SavedQuery *
query_for(Node *parsetree, Datum *names)
{
	if (IsA(parsetree, DropOwnedStmt))
	{
		*names = name_array(((DropOwnedStmt *) parsetree)->roles, role_name);
		return &drops_owned_query;
	}
	if (!IsA(parsetree, DropStmt))
		return NULL;
	switch (((DropStmt *) parsetree)->removeType)
	{
		case OBJECT_EXTENSION:
			*names = name_array(((DropStmt *) parsetree)->objects, string_name);
			return &drops_extension_query;
		case OBJECT_SCHEMA:
			*names = name_array(((DropStmt *) parsetree)->objects, string_name);
			return &drops_schema_query;
		default:
			return NULL;
	}
}

static Oid
relation_owner(Oid relation)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Runs the query, and then looks for bookings, as the tables' owner: whoever drops need not be allowed to read them.
 * The lock waits for bookings in flight, and the latest snapshot sees those that were committed meanwhile.
 */
static bool
drops_bookings(SavedQuery *query, Datum names)
{
	Oid bookings = get_relname_relid("bookings", get_namespace_oid("opencalendly", true));
	Oid user;
	int context;
	bool found;

	if (!OidIsValid(bookings))
		return false;
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(relation_owner(bookings), context | SECURITY_LOCAL_USERID_CHANGE);
	found = query_write(query, (QueryArg[]) { ARG(names) }) > 0;
	if (found)
	{
		LockRelationOid(bookings, AccessExclusiveLock);
		claim_read_begin();
		found = query_read(&bookings_query, NULL) > 0;
		claim_read_end();
	}
	SetUserIdAndSecContext(user, context);
	return found;
}

/* Event trigger on ddl_command_start. Error: OC005. */
Datum
protect_bookings(PG_FUNCTION_ARGS)
{
	SavedQuery *query;
	Datum names;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("protect_bookings is an event trigger function"));
	if (settings_allow_drop)
		PG_RETURN_NULL();
	SPI_connect();
	query = query_for(((EventTriggerData *) fcinfo->context)->parsetree, &names);
	if (query && drops_bookings(query, names))
		ereport(
			ERROR, errcode(ERRCODE_OC_WRONG_STATE), errmsg("bookings would be dropped"),
			errdetail(
				"The command would take the extension opencalendly with it, which holds bookings."),
			errhint("If that is meant, a superuser sets opencalendly.allow_drop to on first."));
	SPI_finish();
	PG_RETURN_NULL();
}
