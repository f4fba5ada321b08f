/*
 * Addresses; the words are in address.h.
 */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_BITS 96

bool
address_read(const char *text, Address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };

	if (inet_pton(AF_INET6, text, address->bytes) == 1)
		return true;
	memcpy(address->bytes, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, address->bytes + sizeof(mapped)) == 1;
}

static bool
is_ipv4(const Address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };

	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

bool
network_read(const char *text, Network *network)
{
	char address[64];
	size_t len = strcspn(text, "/");
	char *end;
	long bits;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!address_read(address, &network->address))
		return false;
	network->bits = 128;
	if (text[len] == '\0')
		return true;
	bits = strtol(text + len + 1, &end, 10);
	if (end == text + len + 1 || *end || bits < 0 || bits > 128)
		return false;
	if (strchr(address, ':') == NULL)
		bits += IPV4_BITS;
	if (bits > 128)
		return false;
	network->bits = (int) bits;
	return true;
}

static bool
is_in(const Address *address, const Network *network)
{
	int whole = network->bits / 8;
	int rest = network->bits % 8;
	uint8_t mask = (uint8_t) (0xFF << (8 - rest));

	return memcmp(address->bytes, network->address.bytes, (size_t) whole) == 0 &&
		   (rest == 0 || ((address->bytes[whole] ^ network->address.bytes[whole]) & mask) == 0);
}

bool
address_is_in(const Address *address, const Network *networks, int n)
{
	for (int i = 0; i < n; i++)
		if (is_in(address, &networks[i]))
			return true;
	return false;
}

/* The last entry of the list's first len characters; *len becomes what is left before it. */
static bool
last_entry(const char *list, size_t *len, Address *address)
{
	size_t end = *len;
	size_t start;
	char entry[64];

	while (end > 0 && strchr(" \t", list[end - 1]))
		end--;
	start = end;
	while (start > 0 && list[start - 1] != ',')
		start--;
	*len = start > 0 ? start - 1 : 0;
	while (start < end && strchr(" \t", list[start]))
		start++;
	if (end == start || end - start >= sizeof(entry))
		return false;
	memcpy(entry, list + start, end - start);
	entry[end - start] = '\0';
	return address_read(entry, address);
}

void
client_key(const char *peer, const char *forwarded_for, const Network *proxies, int nproxies,
		   char *out, unsigned size)
{
	Address client;
	Address entry;
	size_t len = forwarded_for ? strlen(forwarded_for) : 0;
	char text[INET6_ADDRSTRLEN];

	if (!address_read(peer, &client))
	{
		snprintf(out, size, "unknown");
		return;
	}
	while (len > 0 && address_is_in(&client, proxies, nproxies) &&
		   last_entry(forwarded_for, &len, &entry))
		client = entry;
	if (is_ipv4(&client))
	{
		inet_ntop(AF_INET, client.bytes + 12, text, sizeof(text));
		snprintf(out, size, "%s", text);
		return;
	}
	memset(client.bytes + 8, 0, 8);
	inet_ntop(AF_INET6, client.bytes, text, sizeof(text));
	snprintf(out, size, "%s/64", text);
}
