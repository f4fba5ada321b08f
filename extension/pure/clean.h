/*
 * What people have typed, as it is shown to others in mails: without control and bidi characters, without characters that
 * cannot be seen, and, if wanted, without anything that a mail program would turn into a link. A blank goes into such words:
 * evil.com becomes evil. com, a@b.c becomes a @ b.c, https://x becomes https: //x; J.R.R. Tolkien and Dr. House stay.
 */
#ifndef OPENCALENDLY_CLEAN_H
#define OPENCALENDLY_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/utf8.h"

/* CLEAN_LINES: a text of several lines, each of which ends in LF; else one line, in which blanks are single. */
#define CLEAN_LINES 1
/* CLEAN_LINKS: links are broken up. */
#define CLEAN_LINKS 2

/* A text being read; nobody else looks inside. */
typedef struct CleanText
{
	const char *next;
	int how;
	uint32_t before;   /* the character told last; 0 to begin with */
	int www;           /* how many w are all that the present word has; -1: it has others */
	const char *queue; /* what comes before the next character */
} CleanText;

/* Begins; how is made of the above. Blanks and empty lines at both ends are left out. */
extern CleanText clean_begin(const char *text, int how);

/* Writes the next character, UTF-8 that is none replaced by U+FFFD, and tells its octets; 0 at the end. */
extern size_t clean_next(CleanText *clean, char out[UTF8_MAX_LENGTH]);

#endif
