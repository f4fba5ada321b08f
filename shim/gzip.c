/*
 * Compression; the words are in gzip.h.
 */
#include "gzip.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16)
#define MEMORY_LEVEL 8

bool
gzip(const char *bytes, size_t len, int level, Text *out)
{
	z_stream stream = { 0 };
	char *room;
	bool is_smaller;

	if (len == 0 || deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW_BITS, MEMORY_LEVEL,
								 Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	room = allocate(len);
	stream.next_in = (unsigned char *) bytes;
	stream.avail_in = (uInt) len;
	stream.next_out = (unsigned char *) room;
	stream.avail_out = (uInt) len;
	is_smaller = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	if (is_smaller)
		text_add_bytes(out, room, stream.total_out);
	deflateEnd(&stream);
	free(room);
	return is_smaller;
}
