/*
 * Bodies of messages: parts, how their texts are encoded, and what stands between them; the words are in mime.h.
 */
#include "pure/mime.h"

#include <stdio.h>
#include <string.h>

#include "pure/crypto.h"

/* Octets of a line of quoted-printable or base64, and of a line at all (RFC 5322, 2.1.1). */
#define BODY_OCTETS 76
#define BASE64_LINE_BYTES 57
#define LINE_OCTETS 998

/* Octets up to the line's end, and in *end those of the end: 0 (of the text), 1 or 2. */
static size_t
line_length(const char *line, size_t *end)
{
	size_t n = strcspn(line, "\n");

	*end = line[n] == '\n';
	if (*end && n > 0 && line[n - 1] == '\r')
	{
		*end = 2;
		n--;
	}
	return n;
}

/* Whether a line can stand as it is. "--" could begin a boundary, and "From " is no beginning that every store leaves alone. */
static bool
is_plain_line(const char *line, size_t n)
{
	if (n > LINE_OCTETS || (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t')) ||
		strncmp(line, "--", 2) == 0 || strncmp(line, "From ", 5) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
			return false;
	return true;
}

static bool
is_plain(const char *text)
{
	while (*text)
	{
		size_t end;
		size_t n = line_length(text, &end);

		if (!is_plain_line(text, n))
			return false;
		text += n + end;
	}
	return true;
}

static void
put_plain_lines(const char *text, OctetSink sink, void *arg)
{
	while (*text)
	{
		size_t end;
		size_t n = line_length(text, &end);

		sink(arg, text, n);
		sink(arg, "\r\n", end ? 2 : 0);
		text += n + end;
	}
}

/* One line in quoted-printable (RFC 2045, 6.7), without its end. */
static void
put_quoted_line(const char *line, size_t n, OctetSink sink, void *arg)
{
	char out[BODY_OCTETS];
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
	{
		unsigned char c = (unsigned char) line[i];
		bool is_last = i + 1 == n;
		bool is_blank = c == ' ' || c == '\t';
		bool is_plain = (c > ' ' && c <= '~' && c != '=') || (is_blank && !is_last);

		if (i == 0 && n > 4 && strncmp(line, "From ", 5) == 0)
			is_plain = false;
		/* only the line's last octet may take the place of the soft break's sign */
		if (length + (is_plain ? 1 : 3) + !is_last > BODY_OCTETS)
		{
			sink(arg, out, length);
			sink(arg, "=\r\n", 3);
			length = 0;
		}
		if (is_plain)
			out[length++] = (char) c;
		else
		{
			static const char hex[] = "0123456789ABCDEF";

			out[length++] = '=';
			out[length++] = hex[c >> 4];
			out[length++] = hex[c & 15];
		}
	}
	sink(arg, out, length);
}

static void
put_quoted_lines(const char *text, OctetSink sink, void *arg)
{
	while (*text)
	{
		size_t end;
		size_t n = line_length(text, &end);

		put_quoted_line(text, n, sink, arg);
		sink(arg, "\r\n", end ? 2 : 0);
		text += n + end;
	}
}

/* The head of a part, and the empty line after it. */
static void
put_part_head(const char *content_type, const char *more_headers, const char *encoding,
			  OctetSink sink, void *arg)
{
	mime_plain_header("Content-Type", content_type, sink, arg);
	mime_plain_header("Content-Transfer-Encoding", encoding, sink, arg);
	sink(arg, more_headers, strlen(more_headers));
	sink(arg, "\r\n", 2);
}

void
mime_part(const char *content_type, const char *more_headers, const char *text, OctetSink sink,
		  void *arg)
{
	bool plain = is_plain(text);

	put_part_head(content_type, more_headers, plain ? "7bit" : "quoted-printable", sink, arg);
	if (plain)
		put_plain_lines(text, sink, arg);
	else
		put_quoted_lines(text, sink, arg);
}

void
mime_base64_part(const char *content_type, const char *more_headers, const char *octets, size_t n,
				 OctetSink sink, void *arg)
{
	char line[BASE64_LENGTH(BASE64_LINE_BYTES) + 1];

	put_part_head(content_type, more_headers, "base64", sink, arg);
	for (size_t i = 0; i < n; i += BASE64_LINE_BYTES)
	{
		size_t bytes = n - i < BASE64_LINE_BYTES ? n - i : BASE64_LINE_BYTES;

		base64_encode((const uint8_t *) octets + i, bytes, line);
		sink(arg, line, BASE64_LENGTH(bytes));
		sink(arg, "\r\n", 2);
	}
}

/* --- multiparts ------------------------------------------------------------------------------------------------------ */

bool
mime_boundary(const char *key, char out[MIME_BOUNDARY_LENGTH + 1])
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	if (!crypto_sha256(key, strlen(key), hash))
		return false;
	base64url_encode(hash, sizeof(hash), out);
	return true;
}

/*
 * =_ is in no text of quoted-printable, and base64 has no line that begins with --, nor does plain text here. With the
 * subtype first, no boundary of a message is the beginning of another one.
 */
static void
write_boundary(const char *subtype, const char *boundary, char out[80])
{
	snprintf(out, 80, "=_%.12s_%.*s", subtype, MIME_BOUNDARY_LENGTH, boundary);
}

void
mime_multipart(const char *subtype, const char *boundary, OctetSink sink, void *arg)
{
	char whole[80];
	char value[128];

	write_boundary(subtype, boundary, whole);
	snprintf(value, sizeof(value), "multipart/%.12s; boundary=\"%s\"", subtype, whole);
	mime_plain_header("Content-Type", value, sink, arg);
}

void
mime_delimiter(const char *subtype, const char *boundary, bool is_last, OctetSink sink, void *arg)
{
	char whole[80];
	char line[96];
	int n;

	write_boundary(subtype, boundary, whole);
	n = snprintf(line, sizeof(line), "\r\n--%s%s\r\n", whole, is_last ? "--" : "");
	sink(arg, line, (size_t) n);
}
