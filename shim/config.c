/*
 * Settings; the words are in config.h.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#ifndef SHIM_WEB_DIR
#define SHIM_WEB_DIR "shim/web"
#endif

typedef enum Kind
{
	KIND_TEXT,
	KIND_LISTEN,
	KIND_COUNT,
	KIND_SWITCH,
	KIND_ORIGINS,
	KIND_PROXIES,
} Kind;

typedef struct Setting
{
	const char *flag;
	const char *variable;
	Kind kind;
	void *value;
	int lowest; /* of a count */
	int highest;
	const char *argument;
	const char *help;
} Setting;

#define MAX_SETTINGS 16
#define MAX_FLAG 64

static const char usage_head[] =
	"opencalendly-shim: serves OpenCalendly's HTTP API from a PostgreSQL database\n\n"
	"Each setting is also taken from the environment; a flag overrides it.\n\n";

static int
list_settings(Config *config, Setting *settings)
{
	const Setting all[] = {
		{ "listen", "OPENCALENDLY_LISTEN", KIND_LISTEN, &config->listen, 0, 0, "ADDRESS:PORT",
		  "where to serve (127.0.0.1:8080)" },
		{ "metrics-listen", "OPENCALENDLY_METRICS_LISTEN", KIND_LISTEN, &config->metrics_listen, 0,
		  0, "ADDRESS:PORT", "where to serve /metrics (127.0.0.1:9187)" },
		{ "database", "OPENCALENDLY_DATABASE", KIND_TEXT, &config->database, 0, 0, "CONNINFO",
		  "libpq connection string of a member of opencalendly_api" },
		{ "threads", "OPENCALENDLY_THREADS", KIND_COUNT, &config->threads, 1, 1000, "N",
		  "clients' connections at a time; up to 4 more to the database (32)" },
		{ "statement-timeout", "OPENCALENDLY_STATEMENT_TIMEOUT", KIND_COUNT,
		  &config->statement_timeout_ms, 1, 600000, "MS",
		  "what a request may take in the database (5000)" },
		{ "web", "OPENCALENDLY_WEB", KIND_TEXT, &config->web, 0, 0, "DIR",
		  "folder of the pages, read once (" SHIM_WEB_DIR ")" },
		{ "allow-origin", "OPENCALENDLY_ALLOW_ORIGIN", KIND_ORIGINS, config->origins, 0, 0,
		  "ORIGINS", "space separated origins that may call with a bearer token" },
		{ "trusted-proxy", "OPENCALENDLY_TRUSTED_PROXY", KIND_PROXIES, config, 0, 0, "CIDRS",
		  "space separated networks whose X-Forwarded-For counts" },
		{ "no-client-limits", "OPENCALENDLY_NO_CLIENT_LIMITS", KIND_SWITCH,
		  &config->no_client_limits, 0, 0, NULL, "for development: no limits per client address" },
		{ "no-prepare", "OPENCALENDLY_NO_PREPARE", KIND_SWITCH, &config->no_prepare, 0, 0, NULL,
		  "no prepared statements, for PgBouncer in transaction mode" },
	};

	memcpy(settings, all, sizeof(all));
	return (int) (sizeof(all) / sizeof(all[0]));
}

/* "127.0.0.1:8080"; CivetWeb speaks IPv4 only. */
static bool
is_listen(const char *value)
{
	char address[32];
	const char *colon = strrchr(value, ':');
	Address parsed;
	char *end;
	long port;

	if (!colon || (size_t) (colon - value) >= sizeof(address))
		return false;
	memcpy(address, value, (size_t) (colon - value));
	address[colon - value] = '\0';
	port = strtol(colon + 1, &end, 10);
	return strchr(address, ':') == NULL && address_read(address, &parsed) && end != colon + 1 &&
		   !*end && port > 0 && port < 65536;
}

/* "https://host" or "http://host:port", as browsers write it. */
static bool
is_origin(const char *value)
{
	const char *host = strncmp(value, "https://", 8) == 0  ? value + 8
					   : strncmp(value, "http://", 7) == 0 ? value + 7
														   : NULL;

	return host && *host && strcspn(host, "/?#@*\"\\, ") == strlen(host);
}

static bool
read_origins(Config *config, char *list)
{
	int n = 0;
	char *rest = NULL;

	Text joined = { 0 };

	memset(config->origins, 0, sizeof(config->origins));
	for (char *item = strtok_r(list, " ,", &rest); item; item = strtok_r(NULL, " ,", &rest))
	{
		if (n == MAX_ORIGINS - 1 || !is_origin(item))
			return false;
		text_addf(&joined, "%s%s", n ? " " : "", item);
		config->origins[n++] = item;
	}
	config->allowed_origins = joined.data;
	return true;
}

static bool
read_proxies(Config *config, char *list)
{
	char *rest = NULL;

	config->ntrusted_proxies = 0;
	for (char *item = strtok_r(list, " ,", &rest); item; item = strtok_r(NULL, " ,", &rest))
	{
		if (config->ntrusted_proxies == MAX_TRUSTED_PROXIES ||
			!network_read(item, &config->trusted_proxies[config->ntrusted_proxies]))
			return false;
		config->ntrusted_proxies++;
	}
	return true;
}

static bool
read_count(const Setting *setting, const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < setting->lowest || n > setting->highest)
		return false;
	*(int *) setting->value = (int) n;
	return true;
}

static bool
read_switch(const Setting *setting, const char *value)
{
	bool on = strcmp(value, "1") == 0 || strcmp(value, "on") == 0 || strcmp(value, "true") == 0;

	if (!on && *value && strcmp(value, "0") != 0 && strcmp(value, "off") != 0 &&
		strcmp(value, "false") != 0)
		return false;
	*(bool *) setting->value = on;
	return true;
}

static bool
take(Config *config, const Setting *setting, const char *value, const char *name)
{
	bool good = true;

	switch (setting->kind)
	{
		case KIND_TEXT:
		case KIND_LISTEN:
			good = setting->kind == KIND_TEXT
					   ? *value != '\0' || setting->value == &config->database
					   : is_listen(value);
			*(const char **) setting->value = copy_string(value);
			break;
		case KIND_COUNT:
			good = read_count(setting, value);
			break;
		case KIND_SWITCH:
			good = read_switch(setting, value);
			break;
		case KIND_ORIGINS:
			good = read_origins(config, copy_string(value));
			break;
		case KIND_PROXIES:
			good = read_proxies(config, copy_string(value));
			break;
	}
	if (!good)
		fprintf(stderr, "opencalendly-shim: %s has a bad value: \"%s\"; %s\n", name, value,
				setting->help);
	return good;
}

static void
show_usage(const Setting *settings, int n)
{
	fputs(usage_head, stdout);
	for (int i = 0; i < n; i++)
		printf("  --%s%s%s\n      %s\n      %s\n", settings[i].flag,
			   settings[i].argument ? " " : "", settings[i].argument ? settings[i].argument : "",
			   settings[i].help, settings[i].variable);
	puts("  --routes\n      print the route table and exit\n  --version\n  --help");
}

static bool
read_environment(Config *config, const Setting *settings, int n)
{
	for (int i = 0; i < n; i++)
	{
		const char *value = getenv(settings[i].variable);

		if (value && !take(config, &settings[i], value, settings[i].variable))
			return false;
	}
	return true;
}

/* "--threads", as it is written. */
static const char *
flag_name(const Setting *setting, char *name)
{
	snprintf(name, MAX_FLAG, "--%s", setting->flag);
	return name;
}

ConfigOutcome
config_read(Config *config, int argc, char **argv)
{
	Setting settings[MAX_SETTINGS];
	struct option options[MAX_SETTINGS + 4] = { { 0 } };
	int n;
	char name[MAX_FLAG];
	int option;
	int index = 0;

	*config = (Config) { .listen = "127.0.0.1:8080",
						 .metrics_listen = "127.0.0.1:9187",
						 .database = "",
						 .web = SHIM_WEB_DIR,
						 .threads = 32,
						 .statement_timeout_ms = 5000 };
	n = list_settings(config, settings);
	for (int i = 0; i < n; i++)
		options[i] =
			(struct option) { settings[i].flag,
							  settings[i].argument ? required_argument : no_argument, NULL, 's' };
	options[n] = (struct option) { "routes", no_argument, NULL, 'r' };
	options[n + 1] = (struct option) { "version", no_argument, NULL, 'v' };
	options[n + 2] = (struct option) { "help", no_argument, NULL, 'h' };
	if (!read_environment(config, settings, n))
		return CONFIG_WRONG;
	while ((option = getopt_long(argc, argv, "", options, &index)) != -1)
	{
		if (option == 'r')
			return CONFIG_SHOW_ROUTES;
		if (option == 'v' || option == 'h')
		{
			if (option == 'v')
				puts("opencalendly-shim " SHIM_VERSION);
			else
				show_usage(settings, n);
			return CONFIG_DONE;
		}
		if (option != 's' || !take(config, &settings[index], optarg ? optarg : "1",
								   flag_name(&settings[index], name)))
			return CONFIG_WRONG;
	}
	if (optind < argc)
	{
		fprintf(stderr, "opencalendly-shim: what is \"%s\"? --help tells the flags\n",
				argv[optind]);
		return CONFIG_WRONG;
	}
	return CONFIG_RUN;
}

bool
config_is_private(const Config *config)
{
	return strncmp(config->listen, "127.", 4) == 0 && config->ntrusted_proxies == 0;
}
