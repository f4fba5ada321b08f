/*
 * A bare CivetWeb server: what "make bench" compares the shim's /health with. It takes a port and a number of threads, is
 * set up as the shim's listener, answers every request with 26 bytes, and stops at SIGTERM.
 */
#include <civetweb.h>
#include <signal.h>
#include <stdio.h>

static int
hello(struct mg_connection *conn, void *data)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n"
		"Connection: keep-alive\r\n\r\n{\"ok\":true,\"status\":\"ok\"}\n";

	mg_write(conn, answer, sizeof(answer) - 1);
	return 200;
}

int
main(int argc, char **argv)
{
	const char *options[] = { "listening_ports",
							  argv[argc > 2 ? 1 : 0],
							  "num_threads",
							  argv[argc > 2 ? 2 : 0],
							  "tcp_nodelay",
							  "1",
							  "enable_keep_alive",
							  "yes",
							  "keep_alive_timeout_ms",
							  "1000",
							  NULL };
	struct mg_callbacks callbacks = { 0 };
	struct mg_context *context;
	sigset_t signals;
	int caught;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	context = mg_start(&callbacks, NULL, options);
	if (!context)
		return 1;
	mg_set_request_handler(context, "**", hello, NULL);
	sigwait(&signals, &caught);
	mg_stop(context);
	return 0;
}
