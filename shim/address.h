/*
 * Internet addresses: networks in CIDR form, and who a request's client is.
 */
#ifndef SHIM_ADDRESS_H
#define SHIM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* IPv4 is kept as ::ffff:a.b.c.d. */
typedef struct Address
{
	uint8_t bytes[16];
} Address;

typedef struct Network
{
	Address address;
	int bits; /* of the 128 */
} Network;

/* "10.0.0.0/8", "::1/128", or an address alone. */
extern bool network_read(const char *text, Network *network);
extern bool address_read(const char *text, Address *address);
extern bool address_is_in(const Address *address, const Network *networks, int n);

/*
 * Who sent the request: the peer, or if that is a trusted proxy, the right-most entry of X-Forwarded-For that is none. An
 * entry that is no address ends the search at the proxy that wrote it. Written as the limits count: IPv6 by its /64.
 */
extern void client_key(const char *peer, const char *forwarded_for, const Network *proxies,
					   int nproxies, char *out, unsigned size);

#define CLIENT_KEY_SIZE 64

#endif
