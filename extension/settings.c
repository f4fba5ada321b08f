/*
 * The library's settings. All of them are superusers'; none holds a secret. A parallel worker that is the
 * first to load the library takes them over from its leader, hence GUC_ALLOW_IN_PARALLEL.
 */
#include "compat.h"

#include "access/xact.h"
#include "settings.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

char *settings_secret_key_file = NULL;
char *settings_base_url = NULL;
bool settings_allow_drop = false;
bool settings_dev_login_links = false;
EgressList settings_egress_allow = { 0 };
RetryDelays settings_retry_delays = { 0 };
int settings_delivery_timeout = 15000;
int settings_pause_after = 3 * SECS_PER_DAY;
int settings_max_transfers = 256;
char *settings_ca_file = NULL;
char *settings_connect_to = NULL;
int settings_mail_transport = MAIL_BY_NONE;
char *settings_mail_from = NULL;
char *settings_mail_folder = NULL;
int settings_mail_connections = 4;
char *settings_smtp_url = NULL;
char *settings_smtp_user = NULL;
bool settings_smtp_requires_tls = true;
char *settings_google_client_id = NULL;
int settings_calendar_days_ahead = 60;
int settings_calendar_sync_interval = 15 * SECS_PER_MINUTE;

static const struct config_enum_entry mail_transports[] = { { "none", MAIL_BY_NONE, false },
															{ "folder", MAIL_BY_FOLDER, false },
															{ "smtp", MAIL_BY_SMTP, false },
															{ "resend", MAIL_BY_RESEND, false },
															{ NULL, 0, false } };
static const struct config_enum_entry smtp_tls_modes[] = { { "require", true, false },
														   { "none", false, false },
														   { NULL, 0, false } };
static int smtp_tls = true;

static char *egress_allow_text = NULL;
static char *retry_delays_text = NULL;
static char *clock_text = NULL;
static TimestampTz clock_instant = DT_NOEND;

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

static bool
check_egress_allow(char **newval, void **extra, GucSource source)
{
	EgressList *list = malloc(sizeof(EgressList));

	if (!list)
		return false;
	*extra = list;
	if (egress_list_parse(*newval ? *newval : "", list))
		return true;
	GUC_check_errdetail(
		"It must be a list of at most %d address ranges such as 10.0.0.0/8, ::1/128.",
		EGRESS_MAX_RANGES);
	return false;
}

static void
assign_egress_allow(const char *newval, void *extra)
{
	settings_egress_allow = extra ? *(EgressList *) extra : (EgressList) { 0 };
}

/* "5s, 30s, 2min" -> delays; false if it is no such list. */
static bool
parse_delays(const char *text, RetryDelays *delays)
{
	delays->n = 0;
	for (;;)
	{
		char item[32];
		size_t len = strcspn(text, ",");
		const char *start = text + strspn(text, " \t");

		if (delays->n >= MAX_RETRY_DELAYS || len - (start - text) >= sizeof(item))
			return false;
		strlcpy(item, start, len - (start - text) + 1);
		if (!parse_int(item, &delays->seconds[delays->n], GUC_UNIT_S, NULL) ||
			delays->seconds[delays->n] < 0 || delays->seconds[delays->n] > 30 * SECS_PER_DAY)
			return false;
		delays->n++;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static bool
check_retry_delays(char **newval, void **extra, GucSource source)
{
	RetryDelays *delays = malloc(sizeof(RetryDelays));

	if (!delays)
		return false;
	*extra = delays;
	if (*newval && parse_delays(*newval, delays))
		return true;
	GUC_check_errdetail("It must be a list of 1 to %d times up to 30 days, such as 5s, 2min, 12h.",
						MAX_RETRY_DELAYS);
	return false;
}

static void
assign_retry_delays(const char *newval, void *extra)
{
	settings_retry_delays = *(RetryDelays *) extra;
}

/* smtp[s]://host[:port][/name]; what must not be there is what would hide a password in a setting. */
static bool
check_smtp_url(char **newval, void **extra, GucSource source)
{
	const char *host = NULL;

	if (!*newval || !**newval)
		return true;
	if (strncmp(*newval, "smtps://", 8) == 0)
		host = *newval + 8;
	else if (strncmp(*newval, "smtp://", 7) == 0)
		host = *newval + 7;
	if (host && *host && *host != '/' && *host != ':' && !strpbrk(host, " \t\r\n?#@"))
		return true;
	GUC_check_errdetail("It must be smtp:// or smtps:// with a host, without user and password.");
	return false;
}

/* "Name <address>" or an address. */
static bool
check_mail_from(char **newval, void **extra, GucSource source)
{
	const char *text = *newval ? *newval : "";
	const char *open = strchr(text, '<');
	const char *address = open ? open + 1 : text;
	const char *at = strchr(address, '@');
	size_t len = strcspn(address, ">");

	for (const char *c = text; *c; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			at = NULL;
	if (at && at > address && at < address + len - 1 && !strpbrk(address, " ,;<") &&
		(open ? strcmp(address + len, ">") == 0 : address[len] == '\0') && !strchr(at + 1, '@'))
		return true;
	GUC_check_errdetail(
		"It must be an address, or a name and an address: Name <name@example.org>.");
	return false;
}

static void
assign_smtp_tls(int newval, void *extra)
{
	settings_smtp_requires_tls = newval;
}

/* Of mails. */
static void
define_mail(void)
{
	DefineCustomEnumVariable("opencalendly.mail_transport", "How mails are sent.",
							 "none: no mail is queued; folder: each is a file.",
							 &settings_mail_transport, MAIL_BY_NONE, mail_transports, PGC_SUSET,
							 GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomStringVariable("opencalendly.mail_from", "Whom mails are from.", NULL,
							   &settings_mail_from, "OpenCalendly <bookings@localhost>", PGC_SUSET,
							   GUC_ALLOW_IN_PARALLEL, check_mail_from, NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.mail_folder", "The folder that mails are written into, by transport folder.",
		NULL, &settings_mail_folder, "", PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.smtp_url", "The mail server, of transport smtp.",
		"smtp://host:587 or smtps://host:465; a path is the name to say EHLO with.",
		&settings_smtp_url, "smtp://localhost:25", PGC_SUSET, GUC_ALLOW_IN_PARALLEL, check_smtp_url,
		NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.smtp_user", "Who logs in at the mail server; empty: nobody.",
		"The password is in the file smtp_password beside the secret key file.",
		&settings_smtp_user, "", PGC_SUSET, GUC_SUPERUSER_ONLY | GUC_ALLOW_IN_PARALLEL, NULL, NULL,
		NULL);
	DefineCustomEnumVariable("opencalendly.smtp_tls",
							 "Whether mails may leave only encrypted (STARTTLS), of smtp://.", NULL,
							 &smtp_tls, true, smtp_tls_modes, PGC_SUSET, GUC_ALLOW_IN_PARALLEL,
							 NULL, assign_smtp_tls, NULL);
	DefineCustomIntVariable(
		"opencalendly.mail_connections", "How many mails a worker sends at the same time.", NULL,
		&settings_mail_connections, 4, 1, 64, PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.connect_to", "Where to connect to instead, for tests.",
		"A list of host:port:address:port. Of the operator's services, never of users' endpoints.",
		&settings_connect_to, "", PGC_SUSET, GUC_SUPERUSER_ONLY | GUC_ALLOW_IN_PARALLEL, NULL, NULL,
		NULL);
}

/* Of calendars. */
static void
define_calendars(void)
{
	DefineCustomStringVariable(
		"opencalendly.google_client_id",
		"This installation's name at Google; empty: no calendar can be connected.",
		"Its secret is in the file google_client_secret beside the secret key file.",
		&settings_google_client_id, "", PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomIntVariable("opencalendly.calendar_days_ahead",
							"How many days ahead hosts' calendars are read.", NULL,
							&settings_calendar_days_ahead, 60, 1, 366, PGC_SUSET,
							GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomIntVariable("opencalendly.calendar_sync_interval",
							"How often hosts' calendars are read.", "10 percent more or less.",
							&settings_calendar_sync_interval, 15 * SECS_PER_MINUTE, 1, SECS_PER_DAY,
							PGC_SUSET, GUC_UNIT_S | GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
}

/* Of what is sent. */
static void
define_sending(void)
{
	DefineCustomStringVariable("opencalendly.egress_allow",
							   "Address ranges that may be sent to although they are not public.",
							   "A list such as 10.0.0.0/8, ::1/128; empty: public addresses alone.",
							   &egress_allow_text, "", PGC_SUSET, GUC_ALLOW_IN_PARALLEL,
							   check_egress_allow, assign_egress_allow, NULL);
	DefineCustomStringVariable(
		"opencalendly.retry_delays",
		"How long to wait after each failed attempt, 20 percent more or less.",
		"The last one holds for all further attempts.", &retry_delays_text,
		"5s, 30s, 2min, 10min, 30min, 2h, 6h, 12h, 24h", PGC_SUSET, GUC_ALLOW_IN_PARALLEL,
		check_retry_delays, assign_retry_delays, NULL);
	DefineCustomIntVariable(
		"opencalendly.delivery_timeout",
		"How long an attempt may take, from the name's look-up to the answer's end.", NULL,
		&settings_delivery_timeout, 15000, 100, 60000, PGC_SUSET,
		GUC_UNIT_MS | GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"opencalendly.pause_after",
		"How long an endpoint may fail, without one success, before it is paused.", NULL,
		&settings_pause_after, 3 * SECS_PER_DAY, 1, 365 * SECS_PER_DAY, PGC_SUSET,
		GUC_UNIT_S | GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomIntVariable(
		"opencalendly.max_transfers", "How many attempts a worker makes at the same time.", NULL,
		&settings_max_transfers, 256, 1, 1000, PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL, NULL);
	DefineCustomStringVariable(
		"opencalendly.ca_file",
		"File with the certificate authorities that receivers are proved by.",
		"Empty: the system's.", &settings_ca_file, "", PGC_SUSET, GUC_ALLOW_IN_PARALLEL, NULL, NULL,
		NULL);
}

void
settings_define(void)
{
	DefineCustomStringVariable("opencalendly.clock",
							   "The instant that is taken for now, for tests and simulations.",
							   "Empty: the start of the transaction.", &clock_text, "", PGC_SUSET,
							   GUC_ALLOW_IN_PARALLEL, check_clock, assign_clock, NULL);
	DefineCustomStringVariable(
		"opencalendly.secret_key_file",
		"File with the keys that links are derived from and secrets are sealed under.",
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
	define_sending();
	define_mail();
	define_calendars();
	MarkGUCPrefixReserved("opencalendly");
}
