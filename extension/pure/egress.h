/*
 * The egress guard: where the server may send a request that a user has given the URL of. Addresses are judged as they
 * are connected to, never as they are spelt: by default public unicast addresses alone, so that nobody reaches the
 * server itself, its network or a cloud's metadata through it. A list of ranges, the superuser's setting
 * opencalendly.egress_allow, opens others, for tests and intranets.
 */
#ifndef OPENCALENDLY_EGRESS_H
#define OPENCALENDLY_EGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define EGRESS_MAX_RANGES 64

/* The addresses whose first prefix bits are those of address. IPv4 is ::ffff:a.b.c.d, its prefix 96 longer. */
typedef struct EgressRange
{
	uint8_t address[16];
	int prefix;
} EgressRange;

typedef struct EgressList
{
	int n;
	EgressRange ranges[EGRESS_MAX_RANGES];
} EgressList;

/*
 * Reads ranges such as "10.0.0.0/8, ::1/128", with commas or spaces between them; an address without a prefix is that
 * address alone, no text an empty list. False, and an empty list, if one of them is none, has bits set behind its prefix,
 * or if there are more than EGRESS_MAX_RANGES.
 */
extern bool egress_list_parse(const char *text, EgressList *list);

/*
 * Whether the address is in one of the ranges. An IPv4 address (also one written ::ffff:a.b.c.d) is only in ranges of
 * IPv4: "::/0" does not open 127.0.0.1.
 */
extern bool egress_is_listed(const struct sockaddr *address, const EgressList *list);

/* Whether the address is listed or a public unicast one; false for any family but AF_INET and AF_INET6. */
extern bool egress_is_allowed(const struct sockaddr *address, const EgressList *list);

/*
 * What is wrong with a URL that a user gives, to be said behind the field's name; NULL = it may be used. It must be
 * https, or http if the list opens anything; a host that is an IP address must be allowed, and listed if it is http. What
 * a name resolves to is seen only when it is connected to.
 */
extern const char *egress_url_problem(const char *url, const EgressList *list);

#endif
