/*
 * The shim's settings: flags, and for each an environment variable OPENCALENDLY_... that a flag overrides.
 */
#ifndef SHIM_CONFIG_H
#define SHIM_CONFIG_H

#include <stdbool.h>

#include "address.h"

#define MAX_ORIGINS 32
#define MAX_TRUSTED_PROXIES 32

typedef struct Config
{
	const char *listen; /* address:port, IPv4 */
	const char *metrics_listen;
	const char *database; /* a libpq connection string */
	const char *web;      /* the folder of the pages */
	int threads;
	int statement_timeout_ms;
	bool no_prepare;
	bool no_client_limits;
	const char *origins[MAX_ORIGINS]; /* that may call with a bearer token, NULL-terminated */
	const char *allowed_origins;      /* the same, space separated; NULL: none */
	Network trusted_proxies[MAX_TRUSTED_PROXIES];
	int ntrusted_proxies;
} Config;

typedef enum ConfigOutcome
{
	CONFIG_RUN,
	CONFIG_SHOW_ROUTES,
	CONFIG_DONE,  /* --help, --version: told */
	CONFIG_WRONG, /* told what is wrong */
} ConfigOutcome;

extern ConfigOutcome config_read(Config *config, int argc, char **argv);

/* Whether nobody but this machine can reach the listener: what opencalendly.dev_login_links asks for. */
extern bool config_is_private(const Config *config);

#endif
