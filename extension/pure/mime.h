/*
 * Messages as SMTP carries them (RFC 5322, RFC 2045 to 2047): header lines of at most 78 octets, bodies in 7bit or
 * quoted-printable, parts between boundaries. Everything that is written is ASCII, ends its lines with CRLF and has no line
 * over 998 octets; dots at the beginning of lines are for the transport to double.
 *
 * Words. A mailbox is an address with or without a name: Ada Lovelace <ada@example.org>. An encoded word tells in ASCII
 * what is not: =?UTF-8?Q?=C3=84rger?= (RFC 2047). Texts are UTF-8; control characters and line ends in a header's value, the
 * line and paragraph separators of Unicode among them, become a space, so no value can begin a line of its own.
 */
#ifndef OPENCALENDLY_MIME_H
#define OPENCALENDLY_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/sink.h"

/* What a mailbox is made of; neither ends in NUL. */
typedef struct MimeMailbox
{
	const char *name;   /* as it is meant: no quotes around it, nothing encoded */
	size_t name_length; /* 0: none */
	const char *address;
	size_t address_length;
} MimeMailbox;

/*
 * Reads Name <address>, "Name" <address> or address, as an operator writes it; false if it is none of these, mime_address
 * would not take the address, or the name has control characters in it.
 */
extern bool mime_read_mailbox(const char *text, MimeMailbox *mailbox);

/* Room for every address that mime_address writes, the NUL included: 64 octets, two quotes, @, 255 octets. */
#define MIME_ADDRESS_ROOM 323

/*
 * An address of n octets as it goes over the wire: in ASCII, an international domain as xn-- (RFC 3492), and a NUL. False
 * if nobody can be written to there: a local part that is not ASCII, neither words and dots nor a quoted string (RFC 5321,
 * 4.1.2), or over 64 octets; a domain that has other characters than names of hosts have, over 63 octets between dots or
 * over 255 in all.
 */
extern bool mime_address(const char *address, size_t n, char out[MIME_ADDRESS_ROOM]);

/* A header whose value is text, such as Subject; the name is ours. */
extern void mime_header(const char *name, const char *text, OctetSink sink, void *arg);

/* A header whose value is ours and ASCII: folded only at its spaces, nothing is encoded. */
extern void mime_plain_header(const char *name, const char *value, OctetSink sink, void *arg);

/* A header with one mailbox. Nothing is written if mime_address does not take the address. */
extern void mime_mailbox_header(const char *name, const MimeMailbox *mailbox, OctetSink sink,
								void *arg);

/* A Date header, of microseconds since 2000-01-01 UTC. */
extern void mime_date_header(const char *name, int64_t instant, OctetSink sink, void *arg);

/*
 * A part: its Content-Type (ours, with parameters), further header lines (ours, each with its CRLF; "" = none), the transfer
 * encoding that its text asks for, an empty line, and the text encoded. The text's line ends may be LF or CRLF.
 */
extern void mime_part(const char *content_type, const char *more_headers, const char *text,
					  OctetSink sink, void *arg);

/* The same in base64, for attachments: octets as they are. */
extern void mime_base64_part(const char *content_type, const char *more_headers, const char *octets,
							 size_t n, OctetSink sink, void *arg);

/* Characters of a boundary's end, the NUL not counted. */
#define MIME_BOUNDARY_LENGTH 43

/* What the boundaries of the mail with this key end in, and a NUL: always the same. False if it cannot be computed. */
extern bool mime_boundary(const char *key, char out[MIME_BOUNDARY_LENGTH + 1]);

/* Content-Type: multipart/subtype with its boundary, =_subtype_ and the given end. */
extern void mime_multipart(const char *subtype, const char *boundary, OctetSink sink, void *arg);

/*
 * What stands before each part of that multipart, or, is_last, after all of them. No part that is written here has such a
 * line, whoever knows the boundary.
 */
extern void mime_delimiter(const char *subtype, const char *boundary, bool is_last, OctetSink sink,
						   void *arg);

#endif
