/*
 * Messages as SMTP carries them: byte by byte where the standards are exact, and, for whatever a person may have typed, what
 * an independent decoder reads of it. The decoder is as simple as can be, and refuses what is not allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/mime.h"

#define ROOM (1 << 18)

typedef struct Out
{
	char text[ROOM];
	size_t n;
} Out;

static Out out;

static void
keep(void *arg, const char *octets, size_t n)
{
	assert_true(out.n + n < ROOM);
	memcpy(out.text + out.n, octets, n);
	out.n += n;
	out.text[out.n] = '\0';
}

static void
clear(void)
{
	out.n = 0;
	out.text[0] = '\0';
}

static const char *
header_of(const char *value)
{
	clear();
	mime_header("Subject", value, keep, NULL);
	assert_int_equal(strlen(out.text), out.n);
	return out.text;
}

static const char *
mailbox_of(const char *name, const char *address)
{
	clear();
	mime_mailbox_header("To", &(MimeMailbox) { name, strlen(name), address, strlen(address) }, keep,
						NULL);
	return out.text;
}

static const char *
part_of(const char *text)
{
	static const char type[] = "Content-Type: text/plain; charset=utf-8\r\n";

	clear();
	mime_part("text/plain; charset=utf-8", "", text, keep, NULL);
	assert_memory_equal(out.text, type, sizeof(type) - 1);
	return out.text + sizeof(type) - 1;
}

#define PLAIN "Content-Transfer-Encoding: 7bit\r\n\r\n"
#define QUOTED "Content-Transfer-Encoding: quoted-printable\r\n\r\n"

/* --- a decoder --------------------------------------------------------------------------------------------------------- */

/* The value of a header with its folds taken out; each line is checked. */
static const char *
unfolded(const char *header)
{
	static char value[ROOM];
	size_t n = 0;
	size_t column = 0;
	size_t most = strstr(header, "=?UTF-8?") ? 76 : 78;
	const char *c = strchr(header, ':');

	assert_non_null(c);
	column = (size_t) (++c - header);
	for (; *c; c++)
	{
		assert_true((*c >= ' ' && *c <= '~') || *c == '\r' || *c == '\n');
		if (*c != '\r')
		{
			assert_int_not_equal(*c, '\n');
			value[n++] = *c;
			column++;
			continue;
		}
		assert_true(column <= most);
		assert_int_equal(*++c, '\n');
		column = 0;
		if (!c[1])
			break;
		/* a fold, and something on the line */
		assert_int_equal(c[1], ' ');
		assert_true(c[2] > ' ');
	}
	assert_int_equal(c[1], '\0');
	value[n] = '\0';
	return value[0] == ' ' ? value + 1 : value;
}

static unsigned
hex_digit(char c)
{
	assert_true((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'));
	return (unsigned) (c <= '9' ? c - '0' : c - 'A' + 10);
}

static unsigned
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	assert_non_null(at);
	return (unsigned) (at - digits);
}

static void
assert_whole_characters(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n)
	{
		unsigned char first = (unsigned char) text[i];
		size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

		assert_true(first < 0x80 || first >= 0xc2);
		assert_true(i + length <= n);
		for (size_t k = 1; k < length; k++)
			assert_int_equal((unsigned char) text[i + k] & 0xc0, 0x80);
		i += length;
	}
}

/* Appends what an encoded word tells; returns where it ends. */
static const char *
decode_word(const char *word, char *value, size_t *n)
{
	const char *end = strstr(word + 10, "?=");
	size_t before = *n;

	assert_non_null(end);
	assert_true(end + 2 - word <= 75);
	assert_true(end > word + 10);
	if (word[8] == 'Q')
		for (const char *c = word + 10; c < end; c++)
		{
			assert_true(*c > ' ');
			if (*c != '=')
			{
				value[(*n)++] = *c == '_' ? ' ' : *c;
				continue;
			}
			value[(*n)++] = (char) (hex_digit(c[1]) << 4 | hex_digit(c[2]));
			c += 2;
		}
	else
		for (const char *c = word + 10; c < end; c += 4)
		{
			unsigned bits = base64_digit(c[0]) << 18 | base64_digit(c[1]) << 12;

			value[(*n)++] = (char) (bits >> 16);
			if (c[2] == '=')
				break;
			bits |= base64_digit(c[2]) << 6;
			value[(*n)++] = (char) (bits >> 8);
			if (c[3] == '=')
				break;
			value[(*n)++] = (char) (bits | base64_digit(c[3]));
		}
	assert_whole_characters(value + before, *n - before);
	return end + 2;
}

/* What an unstructured header tells (RFC 2047, 6.2). */
static const char *
decoded(const char *header)
{
	static char value[ROOM];
	const char *c = unfolded(header);
	size_t n = 0;

	while (*c)
	{
		if (strncmp(c, "=?UTF-8?", 8) != 0)
		{
			value[n++] = *c++;
			continue;
		}
		c = decode_word(c, value, &n);
		if (strncmp(c, " =?UTF-8?", 9) == 0)
			c++;
	}
	value[n] = '\0';
	return value;
}

/* What a body in quoted-printable tells; CRLF becomes LF. */
static const char *
unquoted(const char *body)
{
	static char value[ROOM];
	size_t n = 0;
	size_t column = 0;

	for (const char *c = body; *c; c++)
	{
		if (*c == '\r')
		{
			assert_int_equal(*++c, '\n');
			assert_true(column <= 76);
			/* blanks at a line's end may get lost */
			assert_true(column == 0 || (c[-2] != ' ' && c[-2] != '\t'));
			value[n++] = '\n';
			column = 0;
			continue;
		}
		assert_true((*c >= ' ' && *c <= '~') || *c == '\t');
		column++;
		if (*c != '=')
		{
			value[n++] = *c;
			continue;
		}
		if (c[1] == '\r' && c[2] == '\n')
		{
			assert_true(column <= 76);
			c += 2;
			column = 0;
			continue;
		}
		value[n++] = (char) (hex_digit(c[1]) << 4 | hex_digit(c[2]));
		c += 2;
		column += 2;
	}
	assert_true(column <= 76);
	value[n] = '\0';
	return value;
}

/* --- headers ----------------------------------------------------------------------------------------------------------- */

static void
plain_values_stand_as_they_are(void **state)
{
	(void) state;
	assert_string_equal(header_of("Booked: Intro call"), "Subject: Booked: Intro call\r\n");
	assert_string_equal(header_of("  a   b  "), "Subject: a b\r\n");
	assert_string_equal(header_of(""), "Subject:\r\n");
	assert_string_equal(header_of("a = ?b?="), "Subject: a = ?b?=\r\n");
}

static void
lines_are_folded_at_78_octets(void **state)
{
	(void) state;
	/* "Subject:" is 8 octets, a blank and 59 more make 68, a blank and 9 more 78 */
	assert_string_equal(
		header_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbb ccc"),
		"Subject: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbb\r\n ccc\r\n");
	assert_string_equal(
		header_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbb ccc"),
		"Subject: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
		" bbbbbbbbbb ccc\r\n");
}

static void
what_is_not_ascii_is_encoded(void **state)
{
	(void) state;
	assert_string_equal(header_of("Für Sie"), "Subject: =?UTF-8?Q?F=C3=BCr_Sie?=\r\n");
	assert_string_equal(header_of("שרה"), "Subject: =?UTF-8?B?16nXqNeU?=\r\n");
	assert_string_equal(header_of("🎉"), "Subject: =?UTF-8?B?8J+OiQ==?=\r\n");
	assert_string_equal(header_of("a_b?=é (x)"), "Subject: =?UTF-8?B?YV9iPz3DqSAoeCk=?=\r\n");
	/* what looks encoded is not taken for it */
	assert_string_equal(header_of("=?UTF-8?Q?a?="),
						"Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fa=3F=3D?=\r\n");
	/* one word that is too long for a line */
	assert_string_equal(
		header_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		"Subject: =?UTF-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\n"
		" =?UTF-8?Q?aaaaaa?=\r\n");
}

static void
encoded_words_have_whole_characters_at_every_split(void **state)
{
	static const char *const units[] = { "ü", "€", "ש", "😀", "👩‍🚀", "é" };
	char value[512];

	(void) state;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
		for (size_t before = 0; before < 160; before++)
		{
			memset(value, 'x', before);
			snprintf(value + before, sizeof(value) - before, "%s%s%s yy %s", units[u], units[u],
					 units[u], units[u]);
			assert_string_equal(decoded(header_of(value)), value);
		}
	for (size_t count = 1; count < 60; count++)
	{
		value[0] = '\0';
		for (size_t i = 0; i < count; i++)
			snprintf(value + strlen(value), 8, "%s", units[i % 4]);
		assert_string_equal(decoded(header_of(value)), value);
	}
}

static void
nothing_typed_begins_a_line(void **state)
{
	static const char *const ends[] = {
		"\r\n", "\n",       "\r",           "\x0b",         "\x0c",
		"\x1c", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\x7f"
	};
	char value[128];

	(void) state;
	for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++)
	{
		snprintf(value, sizeof(value), "a%sBcc: x@evil.example%s%s", ends[e], ends[e], ends[e]);
		assert_string_equal(header_of(value), "Subject: a Bcc: x@evil.example\r\n");
		snprintf(value, sizeof(value), "%sü%s%sBcc: x", ends[e], ends[e], ends[e]);
		assert_string_equal(decoded(header_of(value)), "ü Bcc: x");
		snprintf(value, sizeof(value), "Ann%sBcc: x", ends[e]);
		assert_string_equal(mailbox_of(value, "a@b.example"),
							"To: \"Ann Bcc: x\" <a@b.example>\r\n");
		snprintf(value, sizeof(value), "a%s@b.example", ends[e]);
		assert_string_equal(mailbox_of("Ann", value), "");
		snprintf(value, sizeof(value), "a@b.example%s", ends[e]);
		assert_string_equal(mailbox_of("Ann", value), "");
	}
	/* 8 bits that are no UTF-8 cannot be told, and stay one character */
	assert_string_equal(decoded(header_of("a\x85\xff"
										  "b")),
						"a\xef\xbf\xbd\xef\xbf\xbd"
						"b");
}

static void
names_are_quoted_or_encoded(void **state)
{
	(void) state;
	assert_string_equal(mailbox_of("Ann Visitor", "ann@example.net"),
						"To: \"Ann Visitor\" <ann@example.net>\r\n");
	assert_string_equal(mailbox_of("", "ann@example.net"), "To: ann@example.net\r\n");
	assert_string_equal(mailbox_of(" \t ", "ann@example.net"), "To: ann@example.net\r\n");
	assert_string_equal(mailbox_of("a\" <b@c>, \\", "ann@example.net"),
						"To: \"a\\\" <b@c>, \\\\\" <ann@example.net>\r\n");
	assert_string_equal(mailbox_of("Søren", "s@example.net"),
						"To: =?UTF-8?Q?S=C3=B8ren?= <s@example.net>\r\n");
	assert_string_equal(mailbox_of("ü\" <b@c>", "s@example.net"),
						"To: =?UTF-8?B?w7wiIDxiQGM+?= <s@example.net>\r\n");
	assert_string_equal(
		mailbox_of("Anna Maria Theodora Wilhelmina von und zu Hohenlohe-Bartenstein-Jagsberg",
				   "anna@example.net"),
		"To: \"Anna Maria Theodora Wilhelmina von und zu Hohenlohe-Bartenstein-Jagsberg\"\r\n"
		" <anna@example.net>\r\n");
	assert_null(strstr(mailbox_of("x", "not an address"), "To"));
}

static void
dates_are_those_of_the_calendar(void **state)
{
	(void) state;
	clear();
	mime_date_header("Date", INT64_C(848736000000000), keep, NULL);
	mime_date_header("Date", 0, keep, NULL);
	mime_date_header("Date", INT64_C(-1), keep, NULL);
	mime_date_header("Date", INT64_C(761961599999999), keep, NULL);
	assert_string_equal(out.text, "Date: Mon, 23 Nov 2026 08:00:00 +0000\r\n"
								  "Date: Sat, 01 Jan 2000 00:00:00 +0000\r\n"
								  "Date: Fri, 31 Dec 1999 23:59:59 +0000\r\n"
								  "Date: Thu, 22 Feb 2024 23:59:59 +0000\r\n");
}

/* --- addresses --------------------------------------------------------------------------------------------------------- */

static const char *
address_of(const char *address)
{
	static char text[MIME_ADDRESS_ROOM];

	return mime_address(address, strlen(address), text) ? text : NULL;
}

static void
addresses_become_ascii(void **state)
{
	(void) state;
	assert_string_equal(address_of("ann@example.net"), "ann@example.net");
	assert_string_equal(address_of("o'neil+x/y=z@sub.example.net"), "o'neil+x/y=z@sub.example.net");
	assert_string_equal(address_of("bookings@localhost"), "bookings@localhost");
	assert_string_equal(address_of("\"a b\\\"c@\"@example.net"), "\"a b\\\"c@\"@example.net");
	assert_string_equal(address_of("a..b.@example.net"), "\"a..b.\"@example.net");
	/* by RFC 3492, 7.1 and the names in common use */
	assert_string_equal(address_of("x@bücher.example"), "x@xn--bcher-kva.example");
	assert_string_equal(address_of("x@münchen-ost.de"), "x@xn--mnchen-ost-9db.de");
	assert_string_equal(address_of("x@пример.рф"), "x@xn--e1afmkfd.xn--p1ai");
	assert_string_equal(address_of("x@例え.テスト"), "x@xn--r8jz45g.xn--zckzah");
	assert_string_equal(address_of("x@他们为什么不说中文"), "x@xn--ihqwcrb4cv8a8dqg056pqjye");
	assert_string_equal(address_of("x@למההםפשוטלאמדבריםעברית"),
						"x@xn--4dbcagdahymbxekheh6e0a7fei0b");
	assert_string_equal(address_of("x@😀.example"), "x@xn--e28h.example");
}

static void
addresses_that_nobody_has_are_refused(void **state)
{
	static const char *const bad[] = { "",
									   "@",
									   "a",
									   "a@",
									   "@b",
									   "a@b@c",
									   "a b@c",
									   "a@b c",
									   "a<b>@c",
									   "a,b@c",
									   "a@b,c",
									   "a@b>",
									   "a@-b",
									   "a@b-",
									   "a@b..c",
									   "a@.b",
									   "a@b.",
									   "a@[127.0.0.1]",
									   "ü@example.net",
									   "\"@x",
									   "\"\"@x",
									   "\"a\\\"@x",
									   "\"a\\\\\"b\"@x",
									   "\"a\"b\"@x",
									   "a@b\xe2\x80\xa8x",
									   "a@b\xe2\x80\xaex",
									   "a@\xff",
									   "a@\xc2\xa0" };
	char longest[400];

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (address_of(bad[i]))
			fail_msg("%s is taken as %s", bad[i], address_of(bad[i]));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + 64, "@b", 3);
	assert_non_null(address_of(longest));
	memcpy(longest + 64, "a@b", 4);
	assert_null(address_of(longest));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "x@", 2);
	longest[65] = '\0';
	assert_non_null(address_of(longest));
	longest[65] = 'a';
	longest[66] = '\0';
	assert_null(address_of(longest));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "x@", 2);
	for (size_t i = 62; i < 300; i += 61)
		longest[i] = '.';
	longest[2 + 255] = '\0';
	assert_non_null(address_of(longest));
	longest[2 + 255] = 'a';
	longest[2 + 256] = '\0';
	assert_null(address_of(longest));
	/* a label that becomes too long in ASCII */
	assert_null(
		address_of("x@üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüabcdefghijklmnopqrstuvwxyzabcdef.example"));
}

static void
assert_mailbox(const char *text, const char *name, const char *address)
{
	MimeMailbox mailbox;

	assert_true(mime_read_mailbox(text, &mailbox));
	assert_int_equal(mailbox.name_length, strlen(name));
	assert_memory_equal(mailbox.name, name, strlen(name));
	assert_int_equal(mailbox.address_length, strlen(address));
	assert_memory_equal(mailbox.address, address, strlen(address));
}

static void
mailboxes_are_read(void **state)
{
	static const char *const bad[] = { "",          "Ann",      "Ann <>",         "Ann <a@b> x",
									   "<a@b",      "a@b>",     "\"a\"b\" <a@b>", "a\nb <a@b>",
									   "A <a b@c>", "<b> <a@c>" };
	MimeMailbox mailbox;

	(void) state;
	assert_mailbox("OpenCalendly <bookings@localhost>", "OpenCalendly", "bookings@localhost");
	assert_mailbox("\"Acme, Inc.\" <a@b.example>", "Acme, Inc.", "a@b.example");
	assert_mailbox("Müller & Söhne<a@b>", "Müller & Söhne", "a@b");
	assert_mailbox("<a@b>", "", "a@b");
	assert_mailbox("a@b", "", "a@b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (mime_read_mailbox(bad[i], &mailbox))
			fail_msg("%s is taken", bad[i]);
}

/* --- bodies ------------------------------------------------------------------------------------------------------------ */

static void
ascii_stays_as_it_is(void **state)
{
	char line[1100];

	(void) state;
	assert_string_equal(part_of("a\nb\r\n\n.\n..c"), PLAIN "a\r\nb\r\n\r\n.\r\n..c");
	assert_string_equal(part_of(""), PLAIN "");
	memset(line, 'x', sizeof(line));
	line[998] = '\0';
	assert_memory_equal(part_of(line), PLAIN, sizeof(PLAIN) - 1);
	line[998] = 'x';
	line[999] = '\0';
	assert_memory_equal(part_of(line), QUOTED, sizeof(QUOTED) - 1);
	assert_string_equal(unquoted(part_of(line) + sizeof(QUOTED) - 1), line);
}

static void
what_may_not_stand_so_is_quoted(void **state)
{
	(void) state;
	assert_string_equal(part_of("ü = x\n"), QUOTED "=C3=BC =3D x\r\n");
	assert_string_equal(part_of("a \nb\t\nc"), QUOTED "a=20\r\nb=09\r\nc");
	assert_string_equal(part_of("-- \n"), QUOTED "--=20\r\n");
	assert_string_equal(part_of("--=_mixed_x\n"), QUOTED "--=3D_mixed_x\r\n");
	assert_string_equal(part_of("From here\n"), QUOTED "=46rom here\r\n");
	assert_string_equal(part_of("a\rb\x01"), QUOTED "a=0Db=01");
	assert_string_equal(part_of("\x7f."), QUOTED "=7F.");
}

static void
soft_breaks_are_where_they_must_be(void **state)
{
	char line[400];
	char expected[500];

	(void) state;
	for (size_t n = 70; n < 160; n++)
	{
		/* one that needs quoting at the beginning takes three octets */
		memset(line, 'x', n);
		line[0] = '\x7f';
		line[n] = '\0';
		assert_string_equal(unquoted(part_of(line) + sizeof(QUOTED) - 1), line);
		line[n - 1] = ' ';
		assert_string_equal(unquoted(part_of(line) + sizeof(QUOTED) - 1), line);
		line[n - 1] = '\x7f';
		assert_string_equal(unquoted(part_of(line) + sizeof(QUOTED) - 1), line);
		line[n / 2] = '\n';
		assert_string_equal(unquoted(part_of(line) + sizeof(QUOTED) - 1), line);
	}
	/* 3 + 73 = 76 fill a line that ends; 3 + 72 = 75 and the sign one that goes on */
	memset(line, 'x', sizeof(line));
	line[0] = '\x7f';
	line[74] = '\0';
	snprintf(expected, sizeof(expected), QUOTED "=7F%.73s", line + 1);
	assert_string_equal(part_of(line), expected);
	line[74] = 'x';
	line[75] = '\0';
	snprintf(expected, sizeof(expected), QUOTED "=7F%.72s=\r\nxx", line + 1);
	assert_string_equal(part_of(line), expected);
}

static void
attachments_are_base64(void **state)
{
	char octets[58];

	(void) state;
	memset(octets, 0, sizeof(octets));
	clear();
	mime_base64_part("application/ics; name=\"invite.ics\"",
					 "Content-Disposition: attachment; filename=\"invite.ics\"\r\n", octets, 58,
					 keep, NULL);
	assert_string_equal(
		out.text, "Content-Type: application/ics; name=\"invite.ics\"\r\n"
				  "Content-Transfer-Encoding: base64\r\n"
				  "Content-Disposition: attachment; filename=\"invite.ics\"\r\n\r\n"
				  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n"
				  "AA==\r\n");
}

static void
boundaries_come_of_the_key_alone(void **state)
{
	char one[MIME_BOUNDARY_LENGTH + 1];
	char again[MIME_BOUNDARY_LENGTH + 1];
	char other[MIME_BOUNDARY_LENGTH + 1];

	(void) state;
	assert_true(mime_boundary("booking_confirmed/x/0/invitee", one));
	assert_true(mime_boundary("booking_confirmed/x/0/invitee", again));
	assert_true(mime_boundary("booking_confirmed/x/1/invitee", other));
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	assert_int_equal(strlen(one), MIME_BOUNDARY_LENGTH);
	/* printf '' | sha256sum, in base64url */
	assert_true(mime_boundary("", one));
	assert_string_equal(one, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
	clear();
	mime_multipart("alternative", one, keep, NULL);
	mime_delimiter("alternative", one, false, keep, NULL);
	mime_delimiter("alternative", one, true, keep, NULL);
	assert_string_equal(
		out.text, "Content-Type: multipart/alternative;\r\n"
				  " boundary=\"=_alternative_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"\r\n"
				  "\r\n--=_alternative_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\r\n"
				  "\r\n--=_alternative_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU--\r\n");
}

/* --- anything at all --------------------------------------------------------------------------------------------------- */

static uint32_t seed = 20261123;

static uint32_t
dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

static void
make_text(char *text, size_t pieces)
{
	static const char *const all[] = { "a",
									   "Word",
									   " ",
									   "  ",
									   "=",
									   "?",
									   "=?",
									   "?=",
									   "_",
									   "\"",
									   "\\",
									   "é",
									   "ש",
									   "€",
									   "😀",
									   "\r\n",
									   "\n",
									   "\t",
									   "\x01",
									   "\x7f",
									   "\xe2\x80\xa8",
									   ".",
									   "From ",
									   "--",
									   "<",
									   ">",
									   "@",
									   ",",
									   ";",
									   ":",
									   "longwordlongword" };

	text[0] = '\0';
	for (size_t i = 0; i < pieces; i++)
		text = stpcpy(text, all[dice(sizeof(all) / sizeof(all[0]))]);
}

/* What a header's value is: blanks for all that is no ink, single, none at the ends. */
static const char *
as_header(const char *text)
{
	static char value[ROOM];
	size_t n = 0;

	for (const char *c = text; *c; c++)
	{
		bool is_separator = strncmp(c, "\xe2\x80\xa8", 3) == 0;
		bool is_blank = (unsigned char) *c <= ' ' || *c == '\x7f' || is_separator;

		c += is_separator ? 2 : 0;
		if (!is_blank)
			value[n++] = *c;
		else if (n > 0 && value[n - 1] != ' ')
			value[n++] = ' ';
	}
	if (n > 0 && value[n - 1] == ' ')
		n--;
	value[n] = '\0';
	return value;
}

static const char *
as_body(const char *text)
{
	static char value[ROOM];
	size_t n = 0;

	for (const char *c = text; *c; c++)
		if (c[0] != '\r' || c[1] != '\n')
			value[n++] = *c;
	value[n] = '\0';
	return value;
}

static void
anything_comes_back(void **state)
{
	static char text[8192];

	(void) state;
	for (int i = 0; i < 20000; i++)
	{
		const char *body;

		make_text(text, dice(i % 100 == 0 ? 400 : 30));
		assert_string_equal(decoded(header_of(text)), as_header(text));
		body = strstr(part_of(text), "\r\n\r\n") + 4;
		assert_string_equal(unquoted(strstr(out.text, ": 7bit") ? as_header("") : body),
							strstr(out.text, ": 7bit") ? "" : as_body(text));
		if (strstr(out.text, ": 7bit"))
			assert_string_equal(as_body(body), as_body(text));
		/* no line of a part can be a boundary */
		assert_null(strstr(body, "\r\n--=_"));
		(void) unfolded(mailbox_of(text, "ann@example.net"));
		assert_non_null(strstr(out.text, "ann@example.net"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_values_stand_as_they_are),
		cmocka_unit_test(lines_are_folded_at_78_octets),
		cmocka_unit_test(what_is_not_ascii_is_encoded),
		cmocka_unit_test(encoded_words_have_whole_characters_at_every_split),
		cmocka_unit_test(nothing_typed_begins_a_line),
		cmocka_unit_test(names_are_quoted_or_encoded),
		cmocka_unit_test(dates_are_those_of_the_calendar),
		cmocka_unit_test(addresses_become_ascii),
		cmocka_unit_test(addresses_that_nobody_has_are_refused),
		cmocka_unit_test(mailboxes_are_read),
		cmocka_unit_test(ascii_stays_as_it_is),
		cmocka_unit_test(what_may_not_stand_so_is_quoted),
		cmocka_unit_test(soft_breaks_are_where_they_must_be),
		cmocka_unit_test(attachments_are_base64),
		cmocka_unit_test(boundaries_come_of_the_key_alone),
		cmocka_unit_test(anything_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
