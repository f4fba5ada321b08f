/*
 * Compression as HTTP wants it (RFC 1952).
 */
#ifndef SHIM_GZIP_H
#define SHIM_GZIP_H

#include "text.h"

/* Adds the bytes, compressed; level 1 (quick) to 9 (small). False: it would not be smaller, and out is as it was. */
extern bool gzip(const char *bytes, size_t len, int level, Text *out);

#endif
