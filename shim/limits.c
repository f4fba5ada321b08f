/*
 * Limits; the words are in limits.h. A window is found by a keyed 64-bit hash; two subjects of one hash would share a
 * window, which does no harm and cannot be brought about without the key.
 */
#include "limits.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define NEIGHBOURHOODS 8192
#define WAYS 8
#define LOCKS 64

typedef struct Window
{
	uint64_t key;  /* 0: unused */
	int64_t began; /* seconds of the monotonic clock */
	uint32_t count;
	uint32_t class;
} Window;

static const struct
{
	const char *name;
	int limit;
	int seconds;
} rules[LIMIT_CLASSES] = {
	[LIMIT_NONE] = { "none", 0, 1 },         [LIMIT_PAGE] = { "page", 120, 60 },
	[LIMIT_BOOKING] = { "booking", 30, 60 }, [LIMIT_MAGIC] = { "magic-link", 30, 600 },
	[LIMIT_AUTH] = { "session", 600, 60 },   [LIMIT_BOOKED] = { "booked", 60, 3600 },
};

static Window windows[NEIGHBOURHOODS][WAYS];
static pthread_mutex_t locks[LOCKS];
static unsigned char secret[16];

void
limits_start(void)
{
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&locks[i], NULL);
	if (getrandom(secret, sizeof(secret), 0) != (ssize_t) sizeof(secret))
		abort();
}

static uint64_t
hash_of(LimitClass class, const char *client, const char *subject)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "%d %s %s", (int) class, client, subject);
	uint64_t hash[2];
	size_t size = 0;

	if (len >= (int) sizeof(text))
		len = (int) sizeof(text) - 1;
	if (!EVP_Q_mac(NULL, "SIPHASH", NULL, NULL, NULL, secret, sizeof(secret),
				   (const unsigned char *) text, (size_t) len, (unsigned char *) hash, sizeof(hash),
				   &size))
		abort();
	return hash[0] | 1;
}

static int64_t
now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int64_t
end_of(const Window *window)
{
	return window->key == 0 ? 0 : window->began + rules[window->class].seconds;
}

/*
 * The key's window, begun anew if it has ended. The one that ends first gives way to a new key: who asks for thousands of
 * pages pushes out windows of pages, not the hour of the bookings.
 */
static Window *
find_window(uint64_t key, LimitClass class, int64_t now)
{
	Window *neighbours = windows[(key >> 8) % NEIGHBOURHOODS];
	Window *chosen = &neighbours[0];

	for (int i = 0; i < WAYS; i++)
	{
		if (neighbours[i].key == key && end_of(&neighbours[i]) > now)
			return &neighbours[i];
		if (end_of(&neighbours[i]) < end_of(chosen))
			chosen = &neighbours[i];
	}
	*chosen = (Window) { key, now, 0, class };
	return chosen;
}

static pthread_mutex_t *
lock_of(uint64_t key)
{
	return &locks[(key >> 8) % NEIGHBOURHOODS % LOCKS];
}

LimitState
limit_take(LimitClass class, const char *client, const char *subject)
{
	LimitState state = { rules[class].name, rules[class].limit, rules[class].seconds, true, 0, 1 };
	uint64_t key = hash_of(class, client, subject);
	int64_t now = now_seconds();
	Window *window;

	pthread_mutex_lock(lock_of(key));
	window = find_window(key, class, now);
	state.is_allowed = window->count < (uint32_t) state.limit;
	if (state.is_allowed)
		window->count++;
	state.remaining = state.limit - (int) window->count;
	state.reset_seconds = (int) (window->began + state.window_seconds - now);
	pthread_mutex_unlock(lock_of(key));
	return state;
}

void
limit_return(LimitClass class, const char *client, const char *subject)
{
	uint64_t key = hash_of(class, client, subject);
	Window *window;

	pthread_mutex_lock(lock_of(key));
	window = find_window(key, class, now_seconds());
	if (window->count > 0)
		window->count--;
	pthread_mutex_unlock(lock_of(key));
}
