/*
 * The egress guard: every spelling of an address that must not be reached, the edges of every range, lists and URLs that
 * are none.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "pure/egress.h"

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

static const EgressList nothing = { 0 };

static EgressList
list_of(const char *text)
{
	EgressList list;

	if (!egress_list_parse(text, &list))
		fail_msg("\"%s\" was not read", text);
	return list;
}

/* An address in any spelling that the system's resolver takes for one, as it would be connected to. */
static struct sockaddr_storage
address_of(const char *spelling)
{
	struct addrinfo wish = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	struct sockaddr_storage address = { 0 };

	if (getaddrinfo(spelling, NULL, &wish, &found) != 0)
		fail_msg("\"%s\" is no address", spelling);
	memcpy(&address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return address;
}

static bool
is_allowed(const char *spelling, const EgressList *list)
{
	struct sockaddr_storage address = address_of(spelling);

	return egress_is_allowed((struct sockaddr *) &address, list);
}

static bool
is_listed(const char *spelling, const char *ranges)
{
	struct sockaddr_storage address = address_of(spelling);
	EgressList list = list_of(ranges);

	return egress_is_listed((struct sockaddr *) &address, &list);
}

static void
no_spelling_of_a_closed_address_is_allowed(void **state)
{
	static const char *const spellings[] = {
		"127.0.0.1",
		"127.1",
		"127.0.1",
		"2130706433",
		"0x7f000001",
		"0x7f.1",
		"0177.0.0.1",
		"017700000001",
		"127.255.255.254",
		"0",
		"0.0.0.0",
		"::",
		"::1",
		"0:0:0:0:0:0:0:1",
		"::127.0.0.1", /* "compatible" */
		"::ffff:127.0.0.1",
		"::ffff:7f00:1",
		"::ffff:0:127.0.0.1", /* translated */
		"64:ff9b::7f00:1",    /* NAT64 */
		"64:ff9b:1::7f00:1",  /* of one's own network */
		"2002:7f00:1::",      /* 6to4 */
		"2001:0:7f00:1::",    /* Teredo: its server, and its client, whose bits are flipped */
		"2001:0:c000:227:0:0:80ff:fffe",
		"fe80::1%lo",
		"fe80::5efe:127.0.0.1", /* ISATAP */
		"169.254.169.254",
		"::ffff:169.254.169.254",
		"64:ff9b::169.254.169.254",
		"fd00:ec2::254",
		"100.64.0.1",
		"100.100.100.200",
		"192.0.0.192",
		"10.0.0.1",
		"::ffff:10.0.0.1",
		"172.16.0.1",
		"192.168.1.1",
		"3232235777",
		"fd00::1",
		"fec0::1",
		"ff02::1",
		"ff0e::1",
		"224.0.0.1",
		"239.255.255.255",
		"255.255.255.255",
		"4294967295",
		"100::1",
		"5f00::1",
		"2001:db8::1",
		"3fff::1",
	};

	(void) state;
	for (size_t i = 0; i < lengthof(spellings); i++)
		if (is_allowed(spellings[i], &nothing))
			fail_msg("%s was allowed", spellings[i]);
}

static void
public_addresses_are_allowed(void **state)
{
	static const char *const spellings[] = { "8.8.8.8",
											 "1.1.1.1",
											 "134744072",
											 "::ffff:8.8.8.8",
											 "2606:4700:4700::1111",
											 "2a00:1450:4001:830::200e",
											 "2400:cb00:2048::1",
											 "2620:fe::fe" };

	(void) state;
	for (size_t i = 0; i < lengthof(spellings); i++)
		if (!is_allowed(spellings[i], &nothing))
			fail_msg("%s was not allowed", spellings[i]);
}

/* Ranges one after the other: everything from the first address to the next line's is as that line says. */
static const struct
{
	const char *first;
	bool is_public;
} ipv4_space[] = {
	{ "0.0.0.0", false },     { "1.0.0.0", true },       { "10.0.0.0", false },
	{ "11.0.0.0", true },     { "100.64.0.0", false },   { "100.128.0.0", true },
	{ "127.0.0.0", false },   { "128.0.0.0", true },     { "169.254.0.0", false },
	{ "169.255.0.0", true },  { "172.16.0.0", false },   { "172.32.0.0", true },
	{ "192.0.0.0", false },   { "192.0.1.0", true },     { "192.0.2.0", false },
	{ "192.0.3.0", true },    { "192.88.99.0", false },  { "192.88.100.0", true },
	{ "192.168.0.0", false }, { "192.169.0.0", true },   { "198.18.0.0", false },
	{ "198.20.0.0", true },   { "198.51.100.0", false }, { "198.51.101.0", true },
	{ "203.0.113.0", false }, { "203.0.114.0", true },   { "224.0.0.0", false },
};

static const struct
{
	const char *first;
	bool is_public;
} ipv6_space[] = {
	{ "::", false },
	{ "::ffff:1.0.0.0", true },
	{ "::ffff:10.0.0.0", false },
	{ "::ffff:203.0.114.0", true },
	{ "::ffff:224.0.0.0", false },
	{ "::1:0:0:0", false },
	{ "2000::", true },
	{ "2001::", false },
	{ "2001:200::", true },
	{ "2001:db8::", false },
	{ "2001:db9::", true },
	{ "2002::", false },
	{ "2003::", true },
	{ "3fff::", false },
	{ "3fff:1000::", true },
	{ "4000::", false },
};

static void
subtract_one(uint8_t *address, int len)
{
	while (len > 0 && address[--len]-- == 0)
		;
}

static void
assert_edge(struct sockaddr *address, bool expected, const char *where)
{
	if (egress_is_allowed(address, &nothing) != expected)
		fail_msg("%s is%s allowed", where, expected ? " not" : "");
}

static void
every_range_ends_where_it_should(void **state)
{
	(void) state;
	for (size_t i = 0; i < lengthof(ipv4_space); i++)
	{
		struct sockaddr_in address = { .sin_family = AF_INET };

		assert_int_equal(inet_pton(AF_INET, ipv4_space[i].first, &address.sin_addr), 1);
		assert_edge((struct sockaddr *) &address, ipv4_space[i].is_public, ipv4_space[i].first);
		subtract_one((uint8_t *) &address.sin_addr, 4);
		if (i > 0)
			assert_edge((struct sockaddr *) &address, ipv4_space[i - 1].is_public,
						ipv4_space[i].first);
	}
	for (size_t i = 0; i < lengthof(ipv6_space); i++)
	{
		struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

		assert_int_equal(inet_pton(AF_INET6, ipv6_space[i].first, &address.sin6_addr), 1);
		assert_edge((struct sockaddr *) &address, ipv6_space[i].is_public, ipv6_space[i].first);
		subtract_one(address.sin6_addr.s6_addr, 16);
		if (i > 0)
			assert_edge((struct sockaddr *) &address, ipv6_space[i - 1].is_public,
						ipv6_space[i].first);
	}
}

/* Some 16 addresses of every /16 of IPv4, and one of every /16 of IPv6, against the lines above. */
static void
there_are_no_other_ranges(void **state)
{
	size_t line = 0;

	(void) state;
	for (uint64_t at = 0; at < (UINT64_C(1) << 32); at += 4099)
	{
		struct sockaddr_in address = { .sin_family = AF_INET,
									   .sin_addr.s_addr = htonl((uint32_t) at) };

		while (line + 1 < lengthof(ipv4_space) &&
			   ntohl(inet_addr(ipv4_space[line + 1].first)) <= at)
			line++;
		assert_edge((struct sockaddr *) &address, ipv4_space[line].is_public,
					inet_ntoa(address.sin_addr));
	}
	for (unsigned net = 0; net <= 0xffff; net++)
	{
		struct sockaddr_in6 address = { .sin6_family = AF_INET6,
										.sin6_addr.s6_addr = { (uint8_t) (net >> 8), (uint8_t) net,
															   0xff, 0xff, [15] = 1 } };

		assert_edge((struct sockaddr *) &address, net >= 0x2000 && net < 0x4000 && net != 0x2002,
					"an address of IPv6");
	}
}

static void
only_the_internet_is_allowed(void **state)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/tmp/.s.PGSQL.5432" };
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	EgressList all = list_of("0.0.0.0/0, ::/0");

	(void) state;
	assert_false(egress_is_allowed((struct sockaddr *) &local, &all));
	assert_false(egress_is_listed((struct sockaddr *) &local, &all));
	for (int family = 0; family < 64; family++)
	{
		address.ss_family = (sa_family_t) family;
		if (family == AF_INET || family == AF_INET6)
			continue;
		assert_false(egress_is_allowed((struct sockaddr *) &address, &all));
		assert_false(egress_is_listed((struct sockaddr *) &address, &all));
	}
}

/* Callers keep an address behind other things, in no more room than its family needs. */
static void
an_address_may_lie_anywhere(void **state)
{
	struct sockaddr_storage address = address_of("127.0.0.1");
	EgressList list = list_of("127.0.0.1/32");

	(void) state;
	for (size_t shift = 0; shift < 8; shift += 2)
	{
		char *room = malloc(shift + sizeof(struct sockaddr_in));

		memcpy(room + shift, &address, sizeof(struct sockaddr_in));
		assert_true(egress_is_listed((struct sockaddr *) (void *) (room + shift), &list));
		assert_false(egress_is_allowed((struct sockaddr *) (void *) (room + shift), &nothing));
		free(room);
	}
}

static void
a_list_opens_its_ranges_alone(void **state)
{
	EgressList list = list_of("127.0.0.0/8, fd00::/8 10.1.2.3");

	(void) state;
	assert_true(is_allowed("127.0.0.1", &list));
	assert_true(is_allowed("127.255.255.255", &list));
	assert_true(is_allowed("::ffff:127.0.0.1", &list));
	assert_true(is_allowed("fd12:3456::1", &list));
	assert_true(is_allowed("10.1.2.3", &list));
	assert_true(is_allowed("8.8.8.8", &list)); /* and what is public stays open */
	assert_false(is_allowed("10.1.2.2", &list));
	assert_false(is_allowed("10.1.2.4", &list));
	assert_false(is_listed("128.0.0.0", "127.0.0.0/8"));
	assert_false(is_allowed("::1", &list));
	assert_false(is_allowed("fc00::1", &list));
	/* nor what leads there by another way */
	assert_false(is_allowed("64:ff9b::127.0.0.1", &list));
	assert_false(is_allowed("2002:7f00:1::", &list));
	assert_false(is_allowed("::127.0.0.1", &list));
}

static void
listed_is_what_a_range_holds(void **state)
{
	(void) state;
	assert_true(is_listed("8.8.8.8", "8.8.8.0/24"));
	assert_false(is_listed("8.8.8.8", ""));
	assert_false(is_listed("8.8.8.8", "8.8.9.0/24"));
	assert_true(is_listed("10.255.255.255", "10.0.0.0/8"));
	assert_false(is_listed("11.0.0.0", "10.0.0.0/8"));
	assert_true(is_listed("10.127.255.255", "10.0.0.0/9"));
	assert_false(is_listed("10.128.0.0", "10.0.0.0/9"));
	assert_true(is_listed("10.0.0.1", "10.0.0.0/31"));
	assert_false(is_listed("10.0.0.2", "10.0.0.0/31"));
	assert_true(is_listed("255.255.255.255", "0.0.0.0/0"));
	assert_true(is_listed("::1", "::1"));
	assert_true(is_listed("::1", "::1/128"));
	assert_false(is_listed("::2", "::1/128"));
	assert_true(is_listed("fe80::1%lo", "fe80::/10"));
	assert_true(is_listed("febf:ffff::", "fe80::/10"));
	assert_false(is_listed("fec0::", "fe80::/10"));
	assert_true(is_listed("10.0.0.1", "::ffff:10.0.0.0/104"));
	assert_true(is_listed("10.0.0.1", "::ffff:0:0/96"));
}

/* IPv6's ranges do not hold IPv4, although its addresses are written within them here. */
static void
a_range_of_ipv6_opens_no_ipv4(void **state)
{
	static const char *const wide[] = { "::/0", "::/64", "::/80", "::/95", "::fffe:0:0/95" };

	(void) state;
	for (size_t i = 0; i < lengthof(wide); i++)
	{
		assert_false(is_listed("127.0.0.1", wide[i]));
		assert_false(is_listed("::ffff:127.0.0.1", wide[i]));
	}
	assert_true(is_listed("::1", "::/0"));
	assert_true(is_listed("fd00::1", "::/0"));
	assert_false(is_listed("::1", "0.0.0.0/0"));
	assert_false(is_listed("fd00::1", "0.0.0.0/0"));
	assert_false(is_listed("::127.0.0.1", "0.0.0.0/0"));
}

static void
lists_are_read_with_any_separators(void **state)
{
	static const char *const two[] = { "10.0.0.0/8,::1/128",        "10.0.0.0/8, ::1/128",
									   "10.0.0.0/8 ::1/128",        "  10.0.0.0/8  ,  ::1/128  ",
									   "10.0.0.0/8\n\t::1/128\r\n", "10.0.0.0/8 ,::1" };
	static const char *const none[] = { "", " ", "\t\r\n " };

	(void) state;
	for (size_t i = 0; i < lengthof(two); i++)
		assert_int_equal(list_of(two[i]).n, 2);
	for (size_t i = 0; i < lengthof(none); i++)
		assert_int_equal(list_of(none[i]).n, 0);
	assert_int_equal(list_of("0.0.0.0/0").ranges[0].prefix, 96);
	assert_int_equal(list_of("10.0.0.1/32").ranges[0].prefix, 128);
	assert_int_equal(list_of("10.0.0.1").ranges[0].prefix, 128);
	assert_int_equal(list_of("::/0").ranges[0].prefix, 0);
	assert_int_equal(list_of("2001:DB8::/32").ranges[0].prefix, 32);
}

static void
what_is_no_list_is_not_read(void **state)
{
	static const char *const wrong[] = {
		",",
		",,",
		"10.0.0.0/8,",
		",10.0.0.0/8",
		"10.0.0.0/8,,::1",
		"10.0.0.0/8, ,::1",
		"10.0.0.0/8;::1",
		"10.0.0.0/8::1",
		"10.0.0.1/8",
		"10.0.0.0/7x",
		"128.0.0.0/0",
		"10.0.0.1/31",
		"::1/127",
		"::1/0",
		"fe80::1/64",
		"::ffff:10.0.0.1/104",
		"8000::/0",
		"10.0.0.0/",
		"10.0.0.0/ 8",
		"10.0.0.0 /8",
		"10.0.0.0//8",
		"10.0.0.0/8/8",
		"/8",
		"/",
		"8",
		"10.0.0.0/33",
		"10.0.0.0/128",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/08",
		"10.0.0.0/00",
		"10.0.0.0/0x8",
		"10.0.0.0/8.0",
		"10.0.0.0/255.0.0.0",
		"10.0.0.0/99999999999999999999",
		"10.0.0.0/4294967304",
		"::/129",
		"::/1000",
		"::/256",
		"10/8",
		"10.0/16",
		"10.0.0/24",
		"010.0.0.0/8",
		"0x0a.0.0.0/8",
		"167772160/8",
		"256.0.0.0/8",
		"10.0.0.0.0/8",
		"10..0.0/8",
		"10.0.0.0./8",
		".10.0.0.0/8",
		":::/0",
		"::1::/128",
		"1:2:3:4:5:6:7:8:9/128",
		"12345::/16",
		"g::/16",
		"[::1]/128",
		"[::1]",
		"fe80::1%lo/128",
		"fe80::%1/64",
		"localhost",
		"example.com/32",
		"*",
		"all",
		"none",
		"off",
		"0.0.0.0-255.255.255.255",
		"!10.0.0.0/8",
		"\"10.0.0.0/8\"",
		"10.0.0.0/8\v::1",
		"10.0.0.0/8\xc2\xa0::1",
		"\xef\xbb\xbf::/0",
		"\xd9\xa1\xd9\xa0.0.0.0/8",
		"10.0.0.0/8 x",
		"x 10.0.0.0/8",
		"0000:0000:0000:0000:0000:0000:255.255.255.255/1280",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/0",
	};

	(void) state;
	for (size_t i = 0; i < lengthof(wrong); i++)
	{
		EgressList list = { .n = 7 };
		char *copy = strdup(wrong[i]); /* so that the sanitizer sees a step beyond its end */

		if (egress_list_parse(copy, &list))
			fail_msg("\"%s\" was read", copy);
		assert_int_equal(list.n, 0);
		free(copy);
	}
}

static void
a_list_has_64_ranges_at_most(void **state)
{
	char text[65 * 16 + 1] = "";
	size_t len = 0;
	EgressList list;

	(void) state;
	for (int n = 1; n <= 65; n++)
	{
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%s10.0.%d.0/24",
								 n > 1 ? ", " : "", n);
		assert_int_equal(egress_list_parse(text, &list), n <= EGRESS_MAX_RANGES);
		assert_int_equal(list.n, n <= EGRESS_MAX_RANGES ? n : 0);
	}
}

static void
assert_url(const char *url, const char *ranges, const char *problem)
{
	EgressList list = list_of(ranges);
	char *copy = strdup(url);
	const char *found = egress_url_problem(copy, &list);

	if (strcmp(found ? found : "", problem ? problem : "") != 0)
		fail_msg("\"%s\" with \"%s\": %s", url, ranges, found ? found : "(no problem)");
	free(copy);
}

static void
urls_of_endpoints_may_be_used(void **state)
{
	static const char *const urls[] = { "https://example.com",
										"https://example.com/",
										"https://example.com?a=b",
										"https://example.com/hook?to=a@b:c&x=[1]&y=%20",
										"https://hooks.example.com:8443/x",
										"https://EXAMPLE.com:1",
										"https://example.com:65535",
										"https://xn--bcher-kva.example/%E2%98%83",
										"https://example.com./",
										"https://a_b.example",
										"https://intranet",
										"https://8.8.8.8/x",
										"https://8.8.8.8:443",
										"https://[2606:4700::1111]",
										"https://[2606:4700::1111]:8443/x",
										"https://[::ffff:8.8.8.8]/",
										"https://example.com/\xe2\x98\x83" };

	(void) state;
	for (size_t i = 0; i < lengthof(urls); i++)
	{
		assert_url(urls[i], "", NULL);
		assert_url(urls[i], "10.0.0.0/8", NULL);
	}
}

static void
http_needs_a_list(void **state)
{
	(void) state;
	assert_url("http://example.com/", "", "must be https");
	assert_url("http://127.0.0.1/", "", "must be https");
	assert_url("http://[::1]/", "", "must be https");
	/* a name's addresses are judged when it is connected to */
	assert_url("http://example.com/", "10.0.0.0/8", NULL);
	assert_url("http://localhost:8080/x", "127.0.0.1/32", NULL);
	/* an address must be listed; that it is public does not suffice */
	assert_url("http://127.0.0.1:8080/x", "127.0.0.1/32", NULL);
	assert_url("http://[::1]:8080", "::1/128", NULL);
	assert_url("http://[::ffff:127.0.0.1]", "127.0.0.1/32", NULL);
	assert_url("http://127.0.0.2/", "127.0.0.1/32", "address not allowed");
	assert_url("http://8.8.8.8/", "127.0.0.1/32", "address not allowed");
	assert_url("http://[::1]/", "127.0.0.1/32", "address not allowed");
	assert_url("http://[2606:4700::1111]/", "::1", "address not allowed");
}

static void
addresses_in_urls_must_be_allowed(void **state)
{
	static const char *const urls[] = { "https://127.0.0.1",
										"https://127.0.0.1/",
										"https://127.0.0.1:443/",
										"https://127.0.0.1?x",
										"https://10.0.0.1/",
										"https://169.254.169.254/latest/meta-data/",
										"https://0.0.0.0/",
										"https://100.64.0.1/",
										"https://255.255.255.255/",
										"https://[::1]/",
										"https://[::]/",
										"https://[0:0:0:0:0:0:0:1]:443",
										"https://[::ffff:7f00:1]/",
										"https://[::ffff:127.0.0.1]?",
										"https://[64:ff9b::7f00:1]/",
										"https://[2002:7f00:1::]/",
										"https://[fd00::1]/",
										"https://[FE80::1]/" };

	(void) state;
	for (size_t i = 0; i < lengthof(urls); i++)
		assert_url(urls[i], "", "address not allowed");
	assert_url("https://127.0.0.1/", "127.0.0.0/8", NULL);
	assert_url("https://[::1]/", "::1", NULL);
	assert_url("https://127.0.0.1/", "::/0", "address not allowed");
}

static void
what_is_no_url_of_an_endpoint_is_refused(void **state)
{
	static const char scheme[] = "must be an absolute https URL";
	static const char unsafe[] =
		"must not have spaces, control characters, backslashes or a fragment";
	static const char user[] = "must not have a user name or password";
	static const char port[] = "must have a port from 1 to 65535";
	static const char brackets[] = "must have an IPv6 address in its brackets";
	static const char empty[] = "must have a host";
	static const char host[] =
		"must have a host of ASCII letters, digits, hyphens and dots (xn-- for others)";
	static const struct
	{
		const char *url;
		const char *problem;
	} wrong[] = {
		{ "", scheme },
		{ "https", scheme },
		{ "https:", scheme },
		{ "https:/", scheme },
		{ "https:/example.com", scheme },
		{ "https:example.com", scheme },
		{ "http:", scheme },
		{ "//example.com", scheme },
		{ "example.com", scheme },
		{ "/hook", scheme },
		{ " https://example.com", scheme },
		{ "HTTPS://example.com", scheme },
		{ "ftp://example.com", scheme },
		{ "file:///etc/passwd", scheme },
		{ "gopher://127.0.0.1:6379/_x", scheme },
		{ "unix:///tmp/x", scheme },
		{ "javascript:alert(1)", scheme },
		{ "httpss://example.com", scheme },
		{ "https://", empty },
		{ "https:///x", empty },
		{ "https://?x", empty },
		{ "https://:443/", empty },
		{ "https://:", empty },
		{ "https://example.com\n", unsafe },
		{ "https://example.com/\r\nHost: x", unsafe },
		{ "https://exam\tple.com/", unsafe },
		{ "https://example.com/a b", unsafe },
		{ "https://example.com/\x7f", unsafe },
		{ "https://example.com/\x01", unsafe },
		{ "https://example.com\\@127.0.0.1/", unsafe },
		{ "https://example.com/#x", unsafe },
		{ "https://example.com#@127.0.0.1/", unsafe },
		{ "https://user@example.com/", user },
		{ "https://user:secret@example.com/", user },
		{ "https://@example.com/", user },
		{ "https://:@example.com/", user },
		{ "https://127.0.0.1:1@8.8.8.8:1/", user },
		{ "https://8.8.8.8@127.0.0.1/", user },
		{ "https://8.8.8.8:80@127.0.0.1:80?x", user },
		{ "https://[::1]@8.8.8.8/", user },
		{ "https://[user@::1]/", user },
		{ "https://example.com:/", port },
		{ "https://example.com:0/", port },
		{ "https://example.com:00/", port },
		{ "https://example.com:0443/", port },
		{ "https://example.com:65536/", port },
		{ "https://example.com:99999", port },
		{ "https://example.com:4294967739/", port },
		{ "https://example.com:-1/", port },
		{ "https://example.com:+443/", port },
		{ "https://example.com:443x/", port },
		{ "https://example.com:https/", port },
		{ "https://example.com:443:443/", port },
		{ "https://example.com::443/", port },
		{ "https://8.8.8.8:0", port },
		{ "https://[2606:4700::1111]:0/", port },
		{ "https://[2606:4700::1111]:/", port },
		{ "https://[2606:4700::1111]x/", port },
		{ "https://[2606:4700::1111]443/", port },
		{ "https://[2606:4700::1111]]/", port },
		{ "https://[2606:4700::1111].example/", port },
		{ "https://[", brackets },
		{ "https://[/", brackets },
		{ "https://[::1", brackets },
		{ "https://[::1/]", brackets },
		{ "https://[example.com]/", brackets },
		{ "https://[8.8.8.8]/", brackets },
		{ "https://[fe80::1%25lo]/", brackets },
		{ "https://[fe80::1%lo]/", brackets },
		{ "https://[v1.x]/", brackets },
		{ "https://[[::1]]/", brackets },
		{ "https://[1:2:3:4:5:6:7:8:9]/", brackets },
		{ "https://[]/", empty },
		{ "https://[]:443/", empty },
		{ "https://]/", host },
		{ "https://::1/", empty },
		{ "https://127%2e0.0.1/", host },
		{ "https://example.com%00.org/", host },
		{ "https://exa*mple.com/", host },
		{ "https://a,b.example/", host },
		{ "https://a;b.example/", host },
		{ "https://a&b.example/", host },
		{ "https://\"example.com\"/", host },
		{ "https://<x>/", host },
		{ "https://${jndi}/", host },
		/* circled and fullwidth digits, a fullwidth and an ideographic dot, a letter that is none of ASCII */
		{ "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/", host },
		{ "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", host },
		{ "https://127\xef\xbc\x8e"
		  "0.0.1/",
		  host },
		{ "https://127\xe3\x80\x82"
		  "0.0.1/",
		  host },
		{ "https://b\xc3\xbc"
		  "cher.example/",
		  host },
		{ "https://\xff/", host },
	};

	(void) state;
	for (size_t i = 0; i < lengthof(wrong); i++)
	{
		assert_url(wrong[i].url, "", wrong[i].problem);
		assert_url(wrong[i].url, "0.0.0.0/0 ::/0", wrong[i].problem);
	}
}

static void
a_host_has_253_characters_at_most(void **state)
{
	char url[8 + 254 + 2] = "https://";

	(void) state;
	for (int n = 1; n <= 254; n++)
	{
		memset(url + 8, 'a', (size_t) n);
		url[8 + n] = '/';
		url[9 + n] = '\0';
		assert_url(url, "", n <= 253 ? NULL : "must have a host of at most 253 characters");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_spelling_of_a_closed_address_is_allowed),
		cmocka_unit_test(public_addresses_are_allowed),
		cmocka_unit_test(every_range_ends_where_it_should),
		cmocka_unit_test(there_are_no_other_ranges),
		cmocka_unit_test(only_the_internet_is_allowed),
		cmocka_unit_test(an_address_may_lie_anywhere),
		cmocka_unit_test(a_list_opens_its_ranges_alone),
		cmocka_unit_test(listed_is_what_a_range_holds),
		cmocka_unit_test(a_range_of_ipv6_opens_no_ipv4),
		cmocka_unit_test(lists_are_read_with_any_separators),
		cmocka_unit_test(what_is_no_list_is_not_read),
		cmocka_unit_test(a_list_has_64_ranges_at_most),
		cmocka_unit_test(urls_of_endpoints_may_be_used),
		cmocka_unit_test(http_needs_a_list),
		cmocka_unit_test(addresses_in_urls_must_be_allowed),
		cmocka_unit_test(what_is_no_url_of_an_endpoint_is_refused),
		cmocka_unit_test(a_host_has_253_characters_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
