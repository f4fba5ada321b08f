/*
 * Waking the workers; the words are in wake.h.
 *
 * What is kept is the latch of the worker's PGPROC, which lies in shared memory as long as the server runs: to set one whose
 * worker has gone wakes another process for nothing, and harms nobody. A transaction callback is registered once a
 * backend, for one that is registered per transaction never goes away.
 */
#include "verbs/wake.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#define MAX_LISTENERS 16

typedef struct Listener
{
	Latch *latch; /* NULL: the place is free */
	Oid database;
} Listener;

typedef struct WakeState
{
	slock_t lock;
	Listener listeners[MAX_LISTENERS];
} WakeState;

static WakeState *wake_state = NULL; /* NULL: the library was not preloaded */
static int listener_place = -1;
static bool is_asked = false;
static bool is_registered = false;
static bool leaves_at_exit = false;
static shmem_request_hook_type earlier_request_hook = NULL;
static shmem_startup_hook_type earlier_startup_hook = NULL;

PG_FUNCTION_INFO_V1(wake_workers_at_commit);
PG_FUNCTION_INFO_V1(wake_workers);

static void
request_memory(void)
{
	if (earlier_request_hook)
		earlier_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(WakeState)));
}

static void
find_memory(void)
{
	bool found;

	if (earlier_startup_hook)
		earlier_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	wake_state = ShmemInitStruct("opencalendly", sizeof(WakeState), &found);
	if (!found)
	{
		memset(wake_state, 0, sizeof(WakeState));
		SpinLockInit(&wake_state->lock);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
wake_init(void)
{
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	earlier_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	earlier_startup_hook = shmem_startup_hook;
	shmem_startup_hook = find_memory;
}

/* Sets the latches of this database's workers. Raises nothing: it runs after a commit. */
static void
wake(void)
{
	Latch *latches[MAX_LISTENERS];
	int n = 0;

	if (!wake_state)
		return;
	SpinLockAcquire(&wake_state->lock);
	for (int i = 0; i < MAX_LISTENERS; i++)
	{
		const Listener *listener = &wake_state->listeners[i];

		if (listener->latch && listener->database == MyDatabaseId)
			latches[n++] = listener->latch;
	}
	SpinLockRelease(&wake_state->lock);
	for (int i = 0; i < n; i++)
		SetLatch(latches[i]);
}

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT && is_asked)
		wake();
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		is_asked = false;
}

void
wake_workers_when_committed(void)
{
	if (!wake_state)
		return;
	if (!is_registered)
	{
		RegisterXactCallback(at_end_of_transaction, NULL);
		is_registered = true;
	}
	is_asked = true;
}

static void
leave(int code, Datum arg)
{
	wake_unlisten();
}

void
wake_listen(void)
{
	if (!wake_state || listener_place >= 0)
		return;
	if (!leaves_at_exit)
	{
		before_shmem_exit(leave, (Datum) 0);
		leaves_at_exit = true;
	}
	SpinLockAcquire(&wake_state->lock);
	for (int i = 0; i < MAX_LISTENERS && listener_place < 0; i++)
		if (!wake_state->listeners[i].latch)
		{
			wake_state->listeners[i] = (Listener) { &MyProc->procLatch, MyDatabaseId };
			listener_place = i;
		}
	SpinLockRelease(&wake_state->lock);
}

void
wake_unlisten(void)
{
	if (listener_place < 0)
		return;
	SpinLockAcquire(&wake_state->lock);
	wake_state->listeners[listener_place].latch = NULL;
	SpinLockRelease(&wake_state->lock);
	listener_place = -1;
}

/* wake_workers_at_commit() -> void, for functions in SQL that have made something due. */
Datum
wake_workers_at_commit(PG_FUNCTION_ARGS)
{
	wake_workers_when_committed();
	PG_RETURN_VOID();
}

/* wake_workers() -> void, at once: for who waits for them in the same transaction. */
Datum
wake_workers(PG_FUNCTION_ARGS)
{
	wake();
	PG_RETURN_VOID();
}
