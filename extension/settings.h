/*
 * The extension's settings (docs/sql.md) as C sees them.
 */
#ifndef OPENCALENDLY_SETTINGS_H
#define OPENCALENDLY_SETTINGS_H

#include "compat.h"
#include "datatype/timestamp.h"
#include "pure/egress.h"

extern char *settings_secret_key_file;
extern char *settings_base_url; /* without a final slash; may be empty */
extern bool settings_allow_drop;
extern bool settings_dev_login_links;

/* Of what is sent; a worker sees changes while it runs. */
#define MAX_RETRY_DELAYS 32
typedef struct RetryDelays
{
	int n; /* at least 1 */
	int seconds[MAX_RETRY_DELAYS];
} RetryDelays;

extern EgressList settings_egress_allow;
extern RetryDelays settings_retry_delays;
extern int settings_delivery_timeout; /* milliseconds */
extern int settings_pause_after;      /* seconds */
extern int settings_max_transfers;
extern char *settings_ca_file;    /* empty: the system's */
extern char *settings_connect_to; /* for tests: host:port:address:port, ... */

/* Of mails. */
typedef enum MailTransport
{
	MAIL_BY_NONE, /* nothing is queued */
	MAIL_BY_FOLDER,
	MAIL_BY_SMTP,
	MAIL_BY_RESEND
} MailTransport;

extern int settings_mail_transport; /* a MailTransport */
extern char *settings_mail_from;
extern char *settings_mail_folder;
extern int settings_mail_connections;
extern char *settings_smtp_url;
extern char *settings_smtp_user; /* empty: nobody logs in */
extern bool settings_smtp_requires_tls;

/* Of calendars. */
extern char *settings_google_client_id; /* empty: no calendar can be connected */
extern int settings_calendar_days_ahead;
extern int settings_calendar_sync_interval; /* seconds */

/* For _PG_init: makes them known to the server. */
extern void settings_define(void);

/*
 * The instant that governs slots, holds, bookings and the expiry of links: opencalendly.clock if a superuser has set
 * it, else the start of the transaction.
 */
extern TimestampTz settings_now(void);

#endif
