/* Characters of UTF-8 texts, and which of them are more than ink. */
#ifndef OPENCALENDLY_UTF8_H
#define OPENCALENDLY_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is read where there is no UTF-8. */
#define UTF8_BROKEN 0xfffd

/* The most octets of a character. */
#define UTF8_MAX_LENGTH 4

/* The character there, and in *n its octets: 1 and UTF8_BROKEN for what is no UTF-8. Never reads beyond a NUL. */
extern uint32_t utf8_read(const char *text, size_t *n);

/* LF, VT, FF, CR, NEL (U+0085), and Unicode's separators of lines and paragraphs (U+2028, U+2029). */
extern bool utf8_is_line_end(uint32_t character);

/* C0, DEL and C1: line ends and tabs, too. */
extern bool utf8_is_control(uint32_t character);

/* Marks, embeddings, overrides and isolates, which turn the text around them. */
extern bool utf8_is_bidi_control(uint32_t character);

/* Characters without any ink that can hide within a word; not the joiners, which scripts and emoji need. */
extern bool utf8_is_invisible(uint32_t character);

/* Whether the text has letters that run from right to left. */
extern bool utf8_runs_left(const char *text);

#endif
