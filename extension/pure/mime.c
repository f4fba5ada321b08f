/*
 * Header lines of messages; the words are in mime.h.
 *
 * A header's value is first read as words between single spaces, with nothing in it that could end a line; then it goes out
 * either as these words, folded between them, or as encoded words that tell the whole of it. So what decides whether a line
 * can end is never in the hands of who has typed the value.
 */
#include "pure/mime.h"

#include <stdio.h>
#include <string.h>

#include "pure/crypto.h"
#include "pure/iso.h"
#include "pure/utf8.h"

/* Octets of a header's line, CRLF not counted: what RFC 5322 asks for, and what RFC 2047 does where words are encoded. */
#define HEADER_OCTETS 78
#define ENCODED_HEADER_OCTETS 76
#define ENCODED_WORD_OCTETS 75
#define ENCODED_WORD_FRAME \
	(sizeof("=?UTF-8?Q?"   \
			"?=") -        \
	 1)

/* Words longer than this are encoded, so that they can be split; an ASCII word alone always has room in a line. */
#define LONGEST_PLAIN_WORD 60

typedef struct HeaderWriter
{
	OctetSink sink;
	void *arg;
	size_t column;
	size_t line_octets;
} HeaderWriter;

static void
put(HeaderWriter *writer, const char *octets, size_t n)
{
	writer->sink(writer->arg, octets, n);
	writer->column += n;
}

static void
put_text(HeaderWriter *writer, const char *text)
{
	put(writer, text, strlen(text));
}

/* The space before something of n octets, which begins a line of its own where the present one has no room. */
static void
put_space(HeaderWriter *writer, size_t n)
{
	if (writer->column + 1 + n > writer->line_octets)
	{
		writer->sink(writer->arg, "\r\n", 2);
		writer->column = 0;
	}
	put(writer, " ", 1);
}

static HeaderWriter
begin_header(const char *name, OctetSink sink, void *arg)
{
	HeaderWriter writer = { .sink = sink, .arg = arg, .line_octets = HEADER_OCTETS };

	put_text(&writer, name);
	put(&writer, ":", 1);
	return writer;
}

static void
end_header(HeaderWriter *writer)
{
	writer->sink(writer->arg, "\r\n", 2);
}

/* --- a value, character by character: what is no ink is a space, and spaces are single --------------------------------- */

typedef struct Value
{
	const char *next;
	const char *end;
	bool is_begun;
} Value;

static bool
is_space(uint32_t character)
{
	return character == ' ' || utf8_is_control(character) || utf8_is_line_end(character);
}

static Value
value_of(const char *text, size_t n)
{
	return n > 0 ? (Value) { .next = text, .end = text + n } : (Value) { 0 };
}

/* The next character's octets, in out; 0 at the end. What is no UTF-8 becomes U+FFFD. */
static size_t
next_character(Value *value, char out[UTF8_MAX_LENGTH])
{
	bool has_space = false;
	size_t n;

	for (; value->next < value->end; value->next += n)
	{
		uint32_t character = utf8_read(value->next, &n);

		if (is_space(character))
		{
			has_space = value->is_begun;
			continue;
		}
		if (has_space)
			break;
		value->is_begun = true;
		memcpy(out, n == 1 && character == UTF8_BROKEN ? "\xef\xbf\xbd" : value->next,
			   character == UTF8_BROKEN ? 3 : n);
		value->next += n;
		return character == UTF8_BROKEN ? 3 : n;
	}
	out[0] = ' ';
	return has_space && value->next < value->end ? 1 : 0;
}

typedef struct Shape
{
	size_t octets;
	size_t octets_in_q; /* as Q would write it */
	size_t longest_word;
	bool is_ascii;
	bool looks_encoded;
} Shape;

/* As itself in an encoded word of any header (RFC 2047, 5 (3)). */
static bool
is_plain_in_q(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		   (c && strchr("!*+-/", c) != NULL);
}

static size_t
length_in_q(unsigned char c)
{
	return c == ' ' || is_plain_in_q(c) ? 1 : 3;
}

static size_t
text_length_in_q(const char *octets, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length += length_in_q((unsigned char) octets[i]);
	return length;
}

static Shape
shape_of(Value value)
{
	Shape shape = { .is_ascii = true };
	char character[UTF8_MAX_LENGTH];
	char before = ' ';
	size_t word = 0;

	for (size_t n; (n = next_character(&value, character)) > 0; before = character[0])
	{
		shape.octets_in_q += text_length_in_q(character, n);
		shape.octets += n;
		shape.is_ascii = shape.is_ascii && n == 1;
		shape.looks_encoded = shape.looks_encoded || (before == '=' && character[0] == '?');
		/* in quotes, two characters have a backslash before them */
		word = character[0] == ' ' ? 0 : word + (strchr("\"\\", character[0]) ? 2 : n);
		if (word > shape.longest_word)
			shape.longest_word = word;
	}
	return shape;
}

static bool
needs_encoding(const Shape *shape)
{
	return !shape->is_ascii || shape->looks_encoded || shape->longest_word > LONGEST_PLAIN_WORD;
}

/* --- encoded words --------------------------------------------------------------------------------------------------- */

/* An encoded word in the making: the octets it tells. */
typedef struct EncodedWord
{
	char octets[ENCODED_WORD_OCTETS];
	size_t n;
	size_t length; /* of what tells them */
} EncodedWord;

static void
put_encoded_word(HeaderWriter *writer, const EncodedWord *word, bool is_q)
{
	char text[BASE64_LENGTH(ENCODED_WORD_OCTETS) + 1];

	put_space(writer, word->length + ENCODED_WORD_FRAME);
	put_text(writer, is_q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
	if (!is_q)
	{
		base64_encode((const uint8_t *) word->octets, word->n, text);
		put_text(writer, text);
	}
	for (size_t i = 0; is_q && i < word->n; i++)
	{
		unsigned char c = (unsigned char) word->octets[i];
		int n = snprintf(text, sizeof(text), c == ' ' ? "_" : is_plain_in_q(c) ? "%c" : "=%02X", c);

		put(writer, text, (size_t) n);
	}
	put_text(writer, "?=");
}

/* Octets that a word has room for: the first one shares its line with the header's name. */
static size_t
room_for_word(const HeaderWriter *writer, bool is_first)
{
	size_t room = ENCODED_WORD_OCTETS;

	if (is_first && ENCODED_HEADER_OCTETS - 1 - writer->column < room)
		room = ENCODED_HEADER_OCTETS - 1 - writer->column;
	return room - ENCODED_WORD_FRAME;
}

/*
 * The whole value; each word has whole characters, for each is decoded by itself (RFC 2047, 5). Q where it is not much longer
 * than B: people read it, too.
 */
static void
put_encoded(HeaderWriter *writer, Value value, const Shape *shape)
{
	bool is_q = 4 * shape->octets_in_q <= 5 * BASE64_LENGTH(shape->octets);
	EncodedWord word = { .n = 0 };
	char character[UTF8_MAX_LENGTH];
	bool is_first = true;

	writer->line_octets = ENCODED_HEADER_OCTETS;
	for (size_t n; (n = next_character(&value, character)) > 0;)
	{
		size_t alone = is_q ? text_length_in_q(character, n) : BASE64_LENGTH(n);
		size_t together = is_q ? word.length + alone : BASE64_LENGTH(word.n + n);

		if (together > room_for_word(writer, is_first))
		{
			put_encoded_word(writer, &word, is_q);
			word.n = 0;
			together = alone;
			is_first = false;
		}
		memcpy(word.octets + word.n, character, n);
		word.n += n;
		word.length = together;
	}
	if (word.n > 0)
		put_encoded_word(writer, &word, is_q);
}

/* --- values without encoding ------------------------------------------------------------------------------------------ */

/* The words of an ASCII value, none of which is longer than LONGEST_PLAIN_WORD; in quotes, or not. */
static void
put_words(HeaderWriter *writer, Value value, bool is_quoted)
{
	char word[LONGEST_PLAIN_WORD + 2];
	char character[UTF8_MAX_LENGTH];
	size_t length = 0;
	size_t n;

	if (is_quoted)
		word[length++] = '"';
	do
	{
		n = next_character(&value, character);
		if (n > 0 && character[0] != ' ')
		{
			if (is_quoted && strchr("\"\\", character[0]))
				word[length++] = '\\';
			word[length++] = character[0];
			continue;
		}
		if (n == 0 && is_quoted)
			word[length++] = '"';
		if (length > 0)
		{
			put_space(writer, length);
			put(writer, word, length);
		}
		length = 0;
	} while (n > 0);
}

static void
put_value(HeaderWriter *writer, Value value, bool is_phrase)
{
	Shape shape = shape_of(value);

	if (needs_encoding(&shape))
		put_encoded(writer, value, &shape);
	else
		put_words(writer, value, is_phrase);
}

void
mime_header(const char *name, const char *text, OctetSink sink, void *arg)
{
	HeaderWriter writer = begin_header(name, sink, arg);

	put_value(&writer, value_of(text, strlen(text)), false);
	end_header(&writer);
}

void
mime_plain_header(const char *name, const char *value, OctetSink sink, void *arg)
{
	HeaderWriter writer = begin_header(name, sink, arg);

	while (*value)
	{
		size_t n = strcspn(value, " ");

		put_space(&writer, n);
		put(&writer, value, n);
		value += n + strspn(value + n, " ");
	}
	end_header(&writer);
}

void
mime_mailbox_header(const char *name, const MimeMailbox *mailbox, OctetSink sink, void *arg)
{
	HeaderWriter writer;
	Value person = value_of(mailbox->name, mailbox->name_length);
	Value ahead = person;
	char address[MIME_ADDRESS_ROOM + 2] = "<";
	char first[UTF8_MAX_LENGTH];
	bool has_name = next_character(&ahead, first) > 0;

	if (!mime_address(mailbox->address, mailbox->address_length, address + has_name))
		return;
	writer = begin_header(name, sink, arg);
	if (has_name)
	{
		size_t n = strlen(address);

		put_value(&writer, person, true);
		memcpy(address + n, ">", 2);
	}
	put_space(&writer, strlen(address));
	put_text(&writer, address);
	end_header(&writer);
}

void
mime_date_header(const char *name, int64_t instant, OctetSink sink, void *arg)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char days[] = "SatSunMonTueWedThuFri"; /* 2000-01-01 was a Saturday */
	static const int64_t day = INT64_C(86400000000);
	char iso[ISO_MAX_LENGTH]; /* 20260601T090000Z */
	char text[48];
	int64_t weekday = (instant / day - (instant % day < 0)) % 7;
	int month = 0;

	*iso_write_basic(iso, instant) = '\0';
	weekday += weekday < 0 ? 7 : 0;
	month = (iso[4] - '0') * 10 + iso[5] - '0';
	snprintf(text, sizeof(text), "%.3s, %.2s %.3s %.4s %.2s:%.2s:%.2s +0000", days + 3 * weekday,
			 iso + 6, months + 3 * (size_t) (month - 1), iso, iso + 9, iso + 11, iso + 13);
	mime_plain_header(name, text, sink, arg);
}
