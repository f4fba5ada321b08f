/*
 * The egress guard; what it promises is in egress.h.
 *
 * What is public unicast follows the IANA registries of special-purpose addresses (RFC 6890), strictly: of IPv6 only
 * what is handed out, 2000::/3, without the ranges that an IPv4 address is reached through. So 64:ff9b::/96 (NAT64),
 * fc00::/7, fe80::/10, ff00::/8, ::/96 and all else outside 2000::/3 need no line of their own. Addresses mapped from
 * IPv4 are judged as IPv4.
 */
#include "pure/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#define SPACES " \t\r\n"
#define SEPARATORS SPACES ","
/* "address/prefix", the longest that can be one */
#define MAX_RANGE_LENGTH (INET6_ADDRSTRLEN + 4)
#define MAX_HOST_LENGTH 253
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

#define MAPPED_BITS 96
#define IPV4(a, b, c, d, bits)                                                        \
	{                                                                                 \
		{ [10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d) }, \
			MAPPED_BITS + (bits)                                                      \
	}
#define IPV6(first, second, bits)                                              \
	{                                                                          \
		{ (first) >> 8, (first) &0xff, (second) >> 8, (second) &0xff }, (bits) \
	}

static const EgressRange unicast[] = { IPV4(0, 0, 0, 0, 0), IPV6(0x2000, 0, 3) };

static const EgressRange not_public[] = {
	IPV4(0, 0, 0, 0, 8),       /* this network */
	IPV4(10, 0, 0, 0, 8),      /* private */
	IPV4(100, 64, 0, 0, 10),   /* shared by a carrier's customers */
	IPV4(127, 0, 0, 0, 8),     /* loopback */
	IPV4(169, 254, 0, 0, 16),  /* link-local; clouds' metadata */
	IPV4(172, 16, 0, 0, 12),   /* private */
	IPV4(192, 0, 0, 0, 24),    /* protocol assignments */
	IPV4(192, 0, 2, 0, 24),    /* documentation */
	IPV4(192, 88, 99, 0, 24),  /* relays of 6to4 */
	IPV4(192, 168, 0, 0, 16),  /* private */
	IPV4(198, 18, 0, 0, 15),   /* benchmarks */
	IPV4(198, 51, 100, 0, 24), /* documentation */
	IPV4(203, 0, 113, 0, 24),  /* documentation */
	IPV4(224, 0, 0, 0, 4),     /* multicast */
	IPV4(240, 0, 0, 0, 4),     /* reserved; broadcast */
	IPV6(0x2001, 0, 23),       /* protocol assignments: Teredo, benchmarks, ORCHID */
	IPV6(0x2001, 0x0db8, 32),  /* documentation */
	IPV6(0x2002, 0, 16),       /* 6to4 */
	IPV6(0x3fff, 0, 20),       /* documentation */
};

static bool
is_in_range(const uint8_t address[16], const EgressRange *range)
{
	int bytes = range->prefix / 8;
	int bits = range->prefix % 8;

	return memcmp(address, range->address, (size_t) bytes) == 0 &&
		   (bits == 0 || ((address[bytes] ^ range->address[bytes]) >> (8 - bits)) == 0);
}

static bool
is_in_any(const uint8_t address[16], const EgressRange *ranges, int n)
{
	for (int i = 0; i < n; i++)
		if (is_in_range(address, &ranges[i]))
			return true;
	return false;
}

static bool
is_public(const uint8_t address[16])
{
	return is_in_any(address, unicast, sizeof(unicast) / sizeof(unicast[0])) &&
		   !is_in_any(address, not_public, sizeof(not_public) / sizeof(not_public[0]));
}

static bool
is_listed(const uint8_t address[16], const EgressList *list)
{
	bool is_ipv4 = is_in_range(address, &unicast[0]);

	for (int i = 0; i < list->n; i++)
		if (is_in_range(address, &list->ranges[i]) &&
			(!is_ipv4 || list->ranges[i].prefix >= MAPPED_BITS))
			return true;
	return false;
}

static void
map_ipv4(const void *ipv4, uint8_t address[16])
{
	memset(address, 0, 10);
	memset(address + 10, 0xff, 2);
	memcpy(address + 12, ipv4, 4);
}

/* Copies: what a caller has need not be aligned for its family. */
static bool
read_sockaddr(const struct sockaddr *given, uint8_t address[16])
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	switch (given->sa_family)
	{
		case AF_INET:
			memcpy(&ipv4, given, sizeof(ipv4));
			map_ipv4(&ipv4.sin_addr, address);
			return true;
		case AF_INET6:
			memcpy(&ipv6, given, sizeof(ipv6));
			memcpy(address, &ipv6.sin6_addr, 16);
			return true;
		default:
			return false;
	}
}

bool
egress_is_listed(const struct sockaddr *address, const EgressList *list)
{
	uint8_t bytes[16];

	return read_sockaddr(address, bytes) && is_listed(bytes, list);
}

bool
egress_is_allowed(const struct sockaddr *address, const EgressList *list)
{
	uint8_t bytes[16];

	return read_sockaddr(address, bytes) && (is_listed(bytes, list) || is_public(bytes));
}

/* Up to ndigits decimal digits and nothing else, no zero in front of others; false if it is not that. */
static bool
read_number(const char *text, size_t len, size_t ndigits, int *number)
{
	*number = 0;
	if (len == 0 || len > ndigits || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return true;
}

/* Whether no bit behind the prefix is set. */
static bool
is_whole_range(const EgressRange *range)
{
	for (int bit = range->prefix; bit < 128; bit++)
		if (range->address[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	return true;
}

static bool
parse_range(const char *text, size_t len, EgressRange *range)
{
	char copy[MAX_RANGE_LENGTH + 1];
	struct in_addr ipv4;
	int first_bit = 0;
	char *slash;

	if (len > MAX_RANGE_LENGTH)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, copy, &ipv4) == 1)
	{
		map_ipv4(&ipv4, range->address);
		first_bit = MAPPED_BITS;
	}
	else if (inet_pton(AF_INET6, copy, range->address) != 1)
		return false;
	range->prefix = 128 - first_bit;
	if (slash && !read_number(slash, strlen(slash), 3, &range->prefix))
		return false;
	range->prefix += first_bit;
	return range->prefix <= 128 && is_whole_range(range);
}

bool
egress_list_parse(const char *text, EgressList *list)
{
	const char *at = text + strspn(text, SPACES);
	int n = 0;

	list->n = 0;
	while (*at)
	{
		size_t len = strcspn(at, SEPARATORS);

		if (n == EGRESS_MAX_RANGES || !parse_range(at, len, &list->ranges[n++]))
			return false;
		at += len;
		at += strspn(at, SPACES);
		if (*at != ',')
			continue;
		at++;
		at += strspn(at, SPACES);
		if (!*at)
			return false;
	}
	list->n = n;
	return true;
}

/* A host as it stands in a URL, without the brackets that an IPv6 address has around it. */
typedef struct Host
{
	char text[MAX_HOST_LENGTH + 1];
	bool is_address;
	uint8_t address[16];
} Host;

static const char *
read_host(const char *at, size_t len, bool in_brackets, Host *host)
{
	struct in_addr ipv4;

	if (len == 0)
		return "must have a host";
	if (len > MAX_HOST_LENGTH)
		return "must have a host of at most 253 characters";
	memcpy(host->text, at, len);
	host->text[len] = '\0';
	host->is_address = true;
	if (in_brackets)
		return inet_pton(AF_INET6, host->text, host->address) == 1
				   ? NULL
				   : "must have an IPv6 address in its brackets";
	if (inet_pton(AF_INET, host->text, &ipv4) == 1)
		map_ipv4(&ipv4, host->address);
	else
		host->is_address = false;
	return strspn(host->text, NAME_CHARACTERS) == len
			   ? NULL
			   : "must have a host of ASCII letters, digits, "
				 "hyphens and dots (xn-- for others)";
}

static const char *
read_authority(const char *at, size_t len, Host *host)
{
	bool in_brackets = at[0] == '[';
	const char *end = in_brackets ? memchr(at, ']', len) : memchr(at, ':', len);
	const char *rest;
	const char *problem;
	int port = 0;

	if (memchr(at, '@', len))
		return "must not have a user name or password";
	if (in_brackets && !end)
		return "must have an IPv6 address in its brackets";
	if (!end)
		return read_host(at, len, false, host);
	problem = read_host(at + in_brackets, (size_t) (end - at) - in_brackets, in_brackets, host);
	if (problem)
		return problem;
	rest = end + in_brackets;
	if (rest == at + len)
		return NULL;
	if (*rest != ':' || !read_number(rest + 1, len - (size_t) (rest + 1 - at), 5, &port) ||
		port < 1 || port > 65535)
		return "must have a port from 1 to 65535";
	return NULL;
}

static bool
has_unsafe_characters(const char *url)
{
	for (const unsigned char *c = (const unsigned char *) url; *c; c++)
		if (*c <= ' ' || *c == 0x7f || *c == '\\' || *c == '#')
			return true;
	return false;
}

const char *
egress_url_problem(const char *url, const EgressList *list)
{
	bool is_http = strncmp(url, "http://", 7) == 0;
	const char *authority = url + (is_http ? 7 : 8);
	const char *problem;
	Host host;

	if (!is_http && strncmp(url, "https://", 8) != 0)
		return "must be an absolute https URL";
	if (is_http && list->n == 0)
		return "must be https";
	if (has_unsafe_characters(url))
		return "must not have spaces, control characters, backslashes or a fragment";
	problem = read_authority(authority, strcspn(authority, "/?"), &host);
	if (problem || !host.is_address)
		return problem;
	if (is_listed(host.address, list) || (!is_http && is_public(host.address)))
		return NULL;
	return "address not allowed";
}
