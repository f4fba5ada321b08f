/*
 * Waking the workers when something to send has been committed.
 *
 * With the library in shared_preload_libraries, a waiting worker leaves its latch in shared memory, and the commit of a
 * transaction that has asked for it sets the latch: what is due leaves within milliseconds. Without it, workers find
 * what is due by looking once a second. Nothing depends on being woken: a wake-up too many costs a look, one too few a
 * second.
 */
#ifndef OPENCALENDLY_WAKE_H
#define OPENCALENDLY_WAKE_H

#include "compat.h"

/* For _PG_init: asks for the shared memory, if the library is being preloaded. */
extern void wake_init(void);

/* Workers of this database are woken once the current transaction has committed. */
extern void wake_workers_when_committed(void);

/* A worker, while it waits for something to do; wake_unlisten does nothing if it does not listen. */
extern void wake_listen(void);
extern void wake_unlisten(void);

#endif
