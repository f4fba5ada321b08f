/*
 * Instants as text: ISO 8601 in the forms of RFC 3339 and of RFC 5545, in the proleptic Gregorian calendar, years 0000 to
 * 9999. Instants are microseconds since 2000-01-01 00:00 UTC. The writers put no NUL and return where they stopped.
 */
#ifndef OPENCALENDLY_ISO_H
#define OPENCALENDLY_ISO_H

#include <stdbool.h>
#include <stdint.h>

/* Room that every writer's text fits into; of an instant without a fraction of a second. */
#define ISO_MAX_LENGTH 36
#define ISO_WHOLE_LENGTH 28

/*
 * Reads 2026-06-01T09:00Z, seconds and a fraction of up to six digits optional, Z or an offset of at most 15:59 such as
 * +02:00 or +0200; nothing before or after. False if it is not of that form or no such date or time exists.
 */
extern bool iso_read(const char *text, int64_t *instant);

/* The date that was written last, to be written again without computing it; begins as ISO_NO_DATE. */
typedef struct IsoDate
{
	int64_t date; /* counted from 2000-01-01 */
	char text[10];
} IsoDate;

#define ISO_NO_DATE ((IsoDate) { .date = INT64_MIN })

/* 2026-06-01T09:00:00.000Z; with six digits if the instant is not one of whole milliseconds, so that it can be told again. */
extern char *iso_write_utc(char *out, IsoDate *cache, int64_t instant);

/* 2026-06-01T11:00:00+02:00; with six digits of a second's fraction if there is one, and the offset's seconds if any. */
extern char *iso_write_local(char *out, IsoDate *cache, int64_t instant, int64_t offset);

/* 20260601T090000Z, the fraction of a second left out (RFC 5545, 3.3.5). */
extern char *iso_write_basic(char *out, int64_t instant);

#endif
