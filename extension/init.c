/*
 * The library's entry: its settings, and the memory that workers and committing transactions share.
 */
#include "compat.h"

#include "fmgr.h"
#include "settings.h"
#include "verbs/wake.h"

PG_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	settings_define();
	wake_init();
}
