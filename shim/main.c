/*
 * opencalendly-shim: OpenCalendly's HTTP API, and its pages, from a PostgreSQL database. Everything that is decided is
 * decided there; this process maps routes to functions, keeps what is not HTTP out, and counts.
 *
 *   main, config        settings, start and stop
 *   server              CivetWeb: threads, one callback for every request
 *   request, address    what came, from whom; refusals of what is no proper request
 *   routes              the one table: method and path -> function and parameters
 *   limits              how often a client may ask
 *   pool                the database: one connection a thread, one round trip a request
 *   answer, assets      what goes back
 *   log, metrics, text
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "assets.h"
#include "config.h"
#include "limits.h"
#include "log.h"
#include "page.h"
#include "pool.h"
#include "routes.h"
#include "server.h"

/* Signals are taken by sigwait in this thread alone; threads that are started later inherit the mask. */
static void
block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Returns when it is time to stop. A hang-up changes nothing: settings are read at the start. */
static void
wait_for_end(const sigset_t *signals)
{
	int caught;

	do
		sigwait(signals, &caught);
	while (caught == SIGHUP);
}

/* A first look at the database, so that what must not be served never is; that it is away is no reason not to start. */
static bool
may_start(void)
{
	Db *db = db_new();
	DbState state;

	db_check(db, &state);
	db_free(db);
	if (pool_objection())
		log_message("error", "%s", pool_objection());
	else if (!*pool_state().base_url)
		log_message("warning", "opencalendly.base_url is not known: without it links are paths "
							   "alone and nobody can use the console");
	return pool_objection() == NULL;
}

int
main(int argc, char **argv)
{
	static Config config;
	ConfigOutcome outcome = config_read(&config, argc, argv);
	sigset_t signals;

	routes_start();
	if (outcome == CONFIG_SHOW_ROUTES)
		routes_show();
	if (outcome != CONFIG_RUN)
		return outcome == CONFIG_WRONG ? EXIT_FAILURE : EXIT_SUCCESS;
	block_signals(&signals);
	limits_start();
	if (!pool_start(&config) || !assets_start(config.web) || !pages_start() || !may_start() ||
		!server_start(&config))
		return EXIT_FAILURE;
	log_message("info", "serving on http://%s, metrics on http://%s/metrics, %d threads",
				config.listen, config.metrics_listen, config.threads);
	sd_notify(0, "READY=1");
	wait_for_end(&signals);
	sd_notify(0, "STOPPING=1");
	log_message("info", "stopping");
	server_stop();
	if (pool_objection())
		log_message("error", "%s", pool_objection());
	log_message("info", "stopped");
	return pool_objection() ? EXIT_FAILURE : EXIT_SUCCESS;
}
