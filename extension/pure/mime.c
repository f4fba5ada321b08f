/*
 * Messages as SMTP carries them; the words are in mime.h.
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

/* Octets of a line of quoted-printable or base64, and of a line at all (RFC 5322, 2.1.1). */
#define BODY_OCTETS 76
#define BASE64_LINE_BYTES 57
#define LINE_OCTETS 998

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

/* --- addresses ------------------------------------------------------------------------------------------------------- */

static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Of RFC 5322, 3.2.3. */
static bool
is_atext(char c)
{
	return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_quoted_string(const char *text, size_t n)
{
	if (n < 3 || text[0] != '"' || text[n - 1] != '"')
		return false;
	for (size_t i = 1; i < n - 1; i++)
	{
		bool is_escaped = text[i] == '\\';

		i += is_escaped;
		if (i == n - 1 || text[i] < ' ' || text[i] > '~' || (text[i] == '"' && !is_escaped))
			return false;
	}
	return true;
}

/* Dots where none may be ask for quotes: there are providers that give out such addresses. */
static size_t
put_local_part(const char *local, size_t n, char *out)
{
	bool needs_quotes = false;

	if (n == 0 || n > 64)
		return 0;
	if (is_quoted_string(local, n))
	{
		memcpy(out, local, n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
	{
		if (!is_atext(local[i]) && local[i] != '.')
			return 0;
		if (local[i] == '.' && (i == 0 || i == n - 1 || local[i - 1] == '.'))
			needs_quotes = true;
	}
	memcpy(out + needs_quotes, local, n);
	if (!needs_quotes)
		return n;
	out[0] = out[n + 1] = '"';
	return n + 2;
}

#define LABEL_OCTETS 63
#define DOMAIN_OCTETS 255

/* RFC 3492, 6.1. */
static uint32_t
adapt_bias(uint32_t delta, uint32_t points, bool is_first)
{
	uint32_t k = 0;

	delta = is_first ? delta / 700 : delta / 2;
	for (delta += delta / points; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

/* One delta as a number of variable length (RFC 3492, 3.3); the octets so far, which may be more than fit. */
static size_t
put_delta(uint32_t delta, uint32_t bias, char *out, size_t length)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t k = 36;; k += 36)
	{
		uint32_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		bool is_last = delta < threshold;
		uint32_t digit = is_last ? delta : threshold + (delta - threshold) % (36 - threshold);

		if (length < LABEL_OCTETS)
			out[length] = digits[digit];
		length++;
		if (is_last)
			return length;
		delta = (delta - threshold) / (36 - threshold);
	}
}

/*
 * An international label in ASCII: xn-- and its characters by RFC 3492, 6.3; the octets written, 0 if there are more than a
 * label has. There are at most 63 characters, so no sum overflows.
 */
static size_t
put_punycode(const uint32_t *characters, size_t n, char out[LABEL_OCTETS])
{
	uint32_t code = 0x80;
	uint32_t delta = 0;
	uint32_t bias = 72;
	size_t length = 4;
	size_t basic;
	size_t done = 0;

	memcpy(out, "xn--", length);
	for (size_t i = 0; i < n; i++)
		if (characters[i] < 0x80 && length < LABEL_OCTETS)
		{
			out[length++] = (char) characters[i];
			done++;
		}
	basic = done;
	if (basic > 0 && length < LABEL_OCTETS)
		out[length++] = '-';
	while (done < n && length < LABEL_OCTETS)
	{
		uint32_t least = UINT32_MAX;

		for (size_t i = 0; i < n; i++)
			if (characters[i] >= code && characters[i] < least)
				least = characters[i];
		delta += (least - code) * (uint32_t) (done + 1);
		code = least;
		for (size_t i = 0; i < n; i++)
		{
			delta += characters[i] < code;
			if (characters[i] != code)
				continue;
			length = put_delta(delta, bias, out, length);
			bias = adapt_bias(delta, (uint32_t) done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		code++;
	}
	return done < n || length > LABEL_OCTETS ? 0 : length;
}

/* Beyond ASCII: what could be in a name of a host, roughly; a server of names knows for sure. */
static bool
is_label_character(uint32_t character)
{
	if (character < 0x80)
		return is_letter_or_digit((char) character) || character == '-' || character == '_';
	return character > 0xa0 && character != UTF8_BROKEN && !utf8_is_invisible(character) &&
		   (character < 0x2000 || character > 0x206f) && character != 0x3000 &&
		   character != 0x3002 && character != 0xff0e && character != 0xff61;
}

/* One label of n octets in ASCII; the octets written, 0 if it is none. */
static size_t
put_label(const char *label, size_t n, char out[LABEL_OCTETS])
{
	uint32_t characters[LABEL_OCTETS];
	size_t count = 0;
	size_t length;

	for (size_t i = 0; i < n; i += length)
	{
		if (count == LABEL_OCTETS)
			return 0;
		characters[count] = utf8_read(label + i, &length);
		if (!is_label_character(characters[count++]))
			return 0;
	}
	if (count == 0 || label[0] == '-' || label[n - 1] == '-')
		return 0;
	if (count < n)
		return put_punycode(characters, count, out);
	memcpy(out, label, n);
	return n;
}

static size_t
put_domain(const char *domain, size_t n, char out[DOMAIN_OCTETS])
{
	size_t length = 0;

	for (size_t at = 0; at <= n; at++)
	{
		const char *dot = memchr(domain + at, '.', n - at);
		size_t label_length = (dot ? (size_t) (dot - domain) : n) - at;
		char label[LABEL_OCTETS];
		size_t written = put_label(domain + at, label_length, label);

		if (written == 0 || length + (at > 0) + written > DOMAIN_OCTETS)
			return 0;
		if (at > 0)
			out[length++] = '.';
		memcpy(out + length, label, written);
		length += written;
		at += label_length;
	}
	return length;
}

bool
mime_address(const char *address, size_t n, char out[MIME_ADDRESS_ROOM])
{
	const char *at = memrchr(address, '@', n);
	size_t local_length;
	size_t domain_length;

	if (!at)
		return false;
	local_length = put_local_part(address, (size_t) (at - address), out);
	if (local_length == 0)
		return false;
	out[local_length] = '@';
	domain_length = put_domain(at + 1, (size_t) (address + n - at - 1), out + local_length + 1);
	out[local_length + 1 + domain_length] = '\0';
	return domain_length > 0;
}

/* Takes blanks and then a pair of quotes off both ends of a name; false if there are quotes or control characters left. */
static bool
bare_name(MimeMailbox *mailbox)
{
	const char *name = mailbox->name;
	size_t n = mailbox->name_length;
	size_t length;

	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (; n > 0 && *name == ' '; name++)
		n--;
	if (n > 1 && name[0] == '"' && name[n - 1] == '"')
	{
		name++;
		n -= 2;
	}
	for (size_t i = 0; i < n; i += length)
	{
		uint32_t character = utf8_read(name + i, &length);

		if (character == '"' || character == '\\' || character == '<' || character == '>' ||
			utf8_is_control(character) || utf8_is_line_end(character))
			return false;
	}
	mailbox->name = name;
	mailbox->name_length = n;
	return true;
}

bool
mime_read_mailbox(const char *text, MimeMailbox *mailbox)
{
	const char *open = strrchr(text, '<');
	size_t n = strlen(text);
	char address[MIME_ADDRESS_ROOM];

	*mailbox = (MimeMailbox) { .name = text, .address = text, .address_length = n };
	if (open)
	{
		if (text[n - 1] != '>')
			return false;
		mailbox->name_length = (size_t) (open - text);
		mailbox->address = open + 1;
		mailbox->address_length = (size_t) (text + n - 1 - mailbox->address);
	}
	return bare_name(mailbox) && mime_address(mailbox->address, mailbox->address_length, address);
}

/* --- bodies ---------------------------------------------------------------------------------------------------------- */

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
