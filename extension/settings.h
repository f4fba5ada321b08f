/*
 * The extension's settings (docs/sql.md) as C sees them.
 */
#ifndef OPENCALENDLY_SETTINGS_H
#define OPENCALENDLY_SETTINGS_H

#include "compat.h"
#include "datatype/timestamp.h"

extern char *settings_secret_key_file;
extern char *settings_base_url; /* without a final slash; may be empty */
extern bool settings_allow_drop;
extern bool settings_dev_login_links;

/*
 * The instant that governs slots, holds, bookings and the expiry of links: opencalendly.clock if a superuser has set
 * it, else the start of the transaction.
 */
extern TimestampTz settings_now(void);

#endif
