/*
 * The library's entry and its settings. All of them are superusers'; none holds a secret. A parallel worker that is the
 * first to load the library takes them over from its leader, hence GUC_ALLOW_IN_PARALLEL.
 */
#include "compat.h"

#include "access/xact.h"
#include "fmgr.h"
#include "settings.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

char *settings_secret_key_file = NULL;
char *settings_base_url = NULL;
bool settings_allow_drop = false;
bool settings_dev_login_links = false;

static char *clock_text = NULL;
static TimestampTz clock_instant = DT_NOEND;

void _PG_init(void);

TimestampTz
settings_now(void)
{
	return clock_instant != DT_NOEND ? clock_instant : GetCurrentTransactionStartTimestamp();
}

/* A finite timestamp with time zone as PostgreSQL reads it; false if it is none. Raises nothing. */
static bool
parse_instant(const char *text, TimestampTz *instant)
{
	char work[MAXDATELEN + MAXDATEFIELDS];
	char *field[MAXDATEFIELDS];
	int ftype[MAXDATEFIELDS];
	int nfields;
	int dtype;
	fsec_t fsec;
	int tz;
	struct pg_tm tm;

	return ParseDateTime(text, work, sizeof(work), field, ftype, MAXDATEFIELDS, &nfields) == 0 &&
		   DecodeDateTime(field, ftype, nfields, &dtype, &tm, &fsec, &tz) == 0 &&
		   dtype == DTK_DATE && tm2timestamp(&tm, fsec, &tz, instant) == 0;
}

static bool
check_clock(char **newval, void **extra, GucSource source)
{
	TimestampTz instant = DT_NOEND;

	if (*newval && **newval && !parse_instant(*newval, &instant))
	{
		GUC_check_errdetail("It must be empty or a finite timestamp with time zone.");
		return false;
	}
	*extra = malloc(sizeof(TimestampTz));
	if (!*extra)
		return false;
	*(TimestampTz *) *extra = instant;
	return true;
}

static void
assign_clock(const char *newval, void *extra)
{
	clock_instant = extra ? *(TimestampTz *) extra : DT_NOEND;
}

static bool
check_base_url(char **newval, void **extra, GucSource source)
{
	const char *host = NULL;

	if (!*newval || !**newval)
		return true;
	if (strncmp(*newval, "https://", 8) == 0)
		host = *newval + 8;
	else if (strncmp(*newval, "http://", 7) == 0)
		host = *newval + 7;
	if (host && *host && *host != '/' && host[strlen(host) - 1] != '/' &&
		!strpbrk(host, " \t\r\n?#@"))
		return true;
	GUC_check_errdetail(
		"It must be empty, or http:// or https:// with a host, without user, query or final slash.");
	return false;
}

void
_PG_init(void)
{
	DefineCustomStringVariable("opencalendly.clock",
							   "The instant that is taken for now, for tests and simulations.",
							   "Empty: the start of the transaction.", &clock_text, "", PGC_SUSET,
							   GUC_ALLOW_IN_PARALLEL, check_clock, assign_clock, NULL);
	DefineCustomStringVariable(
		"opencalendly.secret_key_file", "File with the keys that links are derived from.",
		"One key a line, \"id hexdigits\"; the last line is in use. Mode 0600.",
		&settings_secret_key_file, "", PGC_SUSET, GUC_SUPERUSER_ONLY | GUC_ALLOW_IN_PARALLEL, NULL,
		NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.base_url", "The public address of the pages that links lead to.", NULL,
		&settings_base_url, "", PGC_SUSET, GUC_ALLOW_IN_PARALLEL, check_base_url, NULL, NULL);
	DefineCustomBoolVariable(
		"opencalendly.allow_drop", "Lets the extension be dropped while it holds bookings.", NULL,
		&settings_allow_drop, false, PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomBoolVariable("opencalendly.dev_login_links",
							 "Gives links to sign in to whoever asks for them, for development.",
							 "Anybody can then sign in as anybody.", &settings_dev_login_links,
							 false, PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	MarkGUCPrefixReserved("opencalendly");
}
