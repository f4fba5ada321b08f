/*
 * iCalendar objects, written (RFC 5545): lines that end in CRLF and are folded at 75 octets, values escaped, so that
 * nothing that a person has typed can begin a line, a property or a parameter of its own.
 *
 * Words. A property is one logical line, name;parameter=value:value. It is begun by ical_property, may get parameters, and
 * is ended by one of the functions that write its value. Texts are UTF-8; control characters in them are left out, but for
 * line ends, which TEXT values and parameters can tell, and tabs, which become spaces.
 */
#ifndef OPENCALENDLY_ICAL_H
#define OPENCALENDLY_ICAL_H

#include <stddef.h>
#include <stdint.h>

#include "pure/sink.h"

typedef struct IcalWriter
{
	OctetSink sink;
	void *arg;
	size_t column; /* octets in the present line; 0 to begin with */
} IcalWriter;

/* BEGIN: and END: of a component, such as VCALENDAR or VEVENT. */
extern void ical_begin(IcalWriter *writer, const char *component);
extern void ical_end(IcalWriter *writer, const char *component);

/* Begins a property; the name is ours, of A-Z and -. */
extern void ical_property(IcalWriter *writer, const char *name);

/* A parameter; its value is put in quotes where it has to be, and told as RFC 6868 has it: ^n ^' ^^. */
extern void ical_parameter(IcalWriter *writer, const char *name, const char *value);

/* Values, each of which ends the line. TEXT: \\ \; \, \n (RFC 5545, 3.3.11). */
extern void ical_text(IcalWriter *writer, const char *text);

/* A word or a URI, as it is, but for spaces, too, which are left out. */
extern void ical_plain(IcalWriter *writer, const char *value);

/* mailto: of an address, percent-encoded (RFC 6068). */
extern void ical_mailto(IcalWriter *writer, const char *address);

/* A DATE-TIME in UTC, of microseconds since 2000-01-01; the fraction of a second is left out. */
extern void ical_instant(IcalWriter *writer, int64_t instant);

extern void ical_integer(IcalWriter *writer, int value);

#endif
