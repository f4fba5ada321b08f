/*
 * The transport's table of functions: opening, requests in, results out, closing.
 *
 * All signals are blocked wherever libcurl is at work: it looks names up in threads of their own, which inherit the mask, and
 * in which the owner's signal handlers must not run. SIGPIPE must be ignored by the process, as PostgreSQL does.
 */
#include "net/transport.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "net/transfer.h"

/* Connections that are kept for later. */
#define KEPT_CONNECTIONS 256

/*
 * Of the process's descriptors: what its owner keeps for itself, and what a transfer may need, a look-up in a thread of its
 * own or two addresses tried at a time, beside a connection that is kept. Where a server runs out of them while it writes its
 * log ahead, it goes down.
 */
#define OWN_DESCRIPTORS 64
#define TRANSFER_DESCRIPTORS 4
#define MAX_CAPACITY 1000

int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static sigset_t
block_signals(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	return before;
}

static void
restore_signals(sigset_t before)
{
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* libcurl's own set-up, once a process and never undone. */
static bool
global_init(void)
{
	static bool is_done = false;

	if (!is_done)
		is_done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	return is_done;
}

/* How many transfers there are descriptors for; asks for more of them, as far as the process may have more. */
static int
find_capacity(void)
{
	const rlim_t wanted = OWN_DESCRIPTORS + (rlim_t) MAX_CAPACITY * TRANSFER_DESCRIPTORS;
	struct rlimit limit;
	rlim_t before;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1;
	before = limit.rlim_cur;
	if (before < wanted)
	{
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			limit.rlim_cur = before;
	}
	if (limit.rlim_cur >= wanted)
		return MAX_CAPACITY;
	if (limit.rlim_cur < OWN_DESCRIPTORS + TRANSFER_DESCRIPTORS)
		return 1;
	return (int) (limit.rlim_cur - OWN_DESCRIPTORS) / TRANSFER_DESCRIPTORS;
}

static void
free_transport(Transport *transport)
{
	if (transport->multi)
		curl_multi_cleanup(transport->multi);
	if (transport->mail_fd >= 0)
		close(transport->mail_fd);
	if (transport->epoll_fd >= 0)
		close(transport->epoll_fd);
	free(transport->answer);
	free(transport);
}

static Transport *
make_transport(void)
{
	Transport *transport = calloc(1, sizeof(*transport));
	long kept;

	if (!transport)
		return NULL;
	transport->capacity = find_capacity();
	kept = transport->capacity < KEPT_CONNECTIONS ? transport->capacity : KEPT_CONNECTIONS;
	transport->finished_end = &transport->finished;
	transport->timer_ms = -1;
	transport->mail_fd = -1;
	transport->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	transport->multi = curl_multi_init();
	if (transport->epoll_fd >= 0 && transport->multi && loop_attach(transport) &&
		mailer_open(transport) &&
		curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, kept) == CURLM_OK &&
		curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK)
		return transport;
	free_transport(transport);
	return NULL;
}

static Transport *
transport_open(void)
{
	sigset_t before = block_signals();
	Transport *transport = global_init() ? make_transport() : NULL;

	restore_signals(before);
	return transport;
}

static void
transport_configure(Transport *transport, const TransportSettings *settings)
{
	transport->timeout_ms = settings->timeout_ms;
	transport->connect_timeout_ms = settings->connect_timeout_ms;
	transport->allow = *settings->allow;
	snprintf(transport->user_agent, sizeof(transport->user_agent), "%s", settings->user_agent);
	snprintf(transport->ca_file, sizeof(transport->ca_file), "%s", settings->ca_file);
	snprintf(transport->connect_to, sizeof(transport->connect_to), "%s",
			 settings->connect_to ? settings->connect_to : "");
}

static Transfer *
take_idle(Transport *transport)
{
	Transfer *transfer = transport->idle;

	if (transfer)
	{
		transport->idle = transfer->next;
		return transfer;
	}
	transfer = transfer_make(transport);
	if (!transfer)
		return NULL;
	transfer->next_made = transport->made;
	transport->made = transfer;
	return transfer;
}

static void
give_back(Transfer *transfer)
{
	transfer_forget(transfer);
	transfer->next = transfer->transport->idle;
	transfer->transport->idle = transfer;
}

void
transport_finish(Transfer *transfer)
{
	Transport *transport = transfer->transport;

	transfer->next = NULL;
	*transport->finished_end = transfer;
	transport->finished_end = &transfer->next;
}

/* Of a POST that libcurl has ended with this code. */
static void
finish(Transfer *transfer, CURLcode code)
{
	verdict_reach(transfer, code);
	transport_finish(transfer);
}

/* False = out of memory. */
static bool
begin_post(Transfer *transfer, const TransportRequest *request)
{
	CURLcode code = transfer_prepare(transfer, request);
	CURLMcode added = CURLM_OK;

	if (code == CURLE_OK)
		added = curl_multi_add_handle(transfer->transport->multi, transfer->easy);
	if (code == CURLE_OUT_OF_MEMORY || added != CURLM_OK)
		return false;
	if (code != CURLE_OK)
		finish(transfer, code);
	return true;
}

static bool
begin(Transport *transport, const TransportRequest *request)
{
	Transfer *transfer = take_idle(transport);

	if (!transfer)
		return false;
	if (request->kind == REQUEST_MAIL ? !mailer_begin(transfer, request)
									  : !begin_post(transfer, request))
	{
		give_back(transfer);
		return false;
	}
	transport->in_flight++;
	mailer_make_room(transport);
	return true;
}

static bool
transport_begin(Transport *transport, const TransportRequest *request)
{
	sigset_t before = block_signals();
	bool has_begun = begin(transport, request);

	restore_signals(before);
	return has_begun;
}

static int
transport_wait_fd(Transport *transport)
{
	return transport->epoll_fd;
}

static long
transport_timeout_ms(Transport *transport)
{
	int64_t timer_ms = transport->timer_ms;
	int64_t mailer_ms = mailer_timer_ms(transport);
	int64_t left;

	if (transport->finished)
		return 0;
	if (timer_ms < 0 || (mailer_ms >= 0 && mailer_ms < timer_ms))
		timer_ms = mailer_ms;
	if (timer_ms < 0)
		return -1;
	left = timer_ms - now_ms();
	return left > 0 ? (long) left : 0;
}

static void
forget_answer(Transport *transport)
{
	free(transport->answer);
	transport->answer = NULL;
}

/* Takes what has ended out of libcurl's hands. */
static void
collect(Transport *transport)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transport->multi, &left)))
	{
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		Transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &transfer);
		curl_multi_remove_handle(transport->multi, easy);
		finish(transfer, code);
	}
}

static void
transport_work(Transport *transport)
{
	sigset_t before = block_signals();

	forget_answer(transport);
	loop_turn(transport);
	collect(transport);
	mailer_turn(transport);
	restore_signals(before);
}

static bool
transport_next(Transport *transport, TransferResult *result)
{
	Transfer *transfer = transport->finished;

	forget_answer(transport);
	if (!transfer)
		return false;
	transport->finished = transfer->next;
	if (!transport->finished)
		transport->finished_end = &transport->finished;
	*result = transfer->result;
	result->answer = transport->answer = transfer->answer;
	result->answer_length = transfer->answer_length;
	transfer->answer = NULL;
	give_back(transfer);
	transport->in_flight--;
	return true;
}

static int
transport_capacity(Transport *transport)
{
	return transport->capacity;
}

static int
transport_in_flight(Transport *transport)
{
	return transport->in_flight;
}

static void
transport_close(Transport *transport)
{
	sigset_t before = block_signals();
	Transfer *next;

	mailer_close(transport);
	for (Transfer *transfer = transport->made; transfer; transfer = next)
	{
		next = transfer->next_made;
		curl_multi_remove_handle(transport->multi, transfer->easy);
		transfer_free(transfer);
	}
	free_transport(transport);
	restore_signals(before);
}

const TransportApi transport_api = {
	.open = transport_open,
	.configure = transport_configure,
	.begin = transport_begin,
	.wait_fd = transport_wait_fd,
	.timeout_ms = transport_timeout_ms,
	.work = transport_work,
	.next = transport_next,
	.capacity = transport_capacity,
	.in_flight = transport_in_flight,
	.close = transport_close,
};
