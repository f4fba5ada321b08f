/*
 * The files of the web folder, read once at the start: a request's path is only ever compared with their names.
 */
#ifndef SHIM_ASSETS_H
#define SHIM_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Asset
{
	char *path; /* in the URL, with its slash */
	const char *type;
	char *bytes;
	size_t len;
	char *gzipped; /* NULL: it would not be smaller */
	size_t gzipped_len;
	char etag[44];
} Asset;

/* Reads the folder; false, and it is told why, if it cannot be read. */
extern bool assets_start(const char *folder);

/*
 * NULL: there is none of this path. Those of /assets/ are asked for as /assets/HASH/..., where HASH is of all of them: with
 * the present one they never change (*is_immutable); with that of another version they are what there is.
 */
extern const Asset *asset_find(const char *path, bool *is_immutable);

/* The i-th of all, those that are not served too; NULL behind the last. */
extern const Asset *asset_number(int i);

/* "/assets/HASH" */
extern const char *assets_folder(void);

#endif
