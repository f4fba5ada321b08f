/*
 * The owner's side of the transport: the table of functions, and the Transfers that are idle or have finished.
 */
#include "net/transport.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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

void
transfer_list_add(TransferList *list, Transfer *transfer)
{
	transfer->next = NULL;
	if (list->first)
		list->last->next = transfer;
	else
		list->first = transfer;
	list->last = transfer;
}

Transfer *
transfer_list_take(TransferList *list)
{
	Transfer *transfer = list->first;

	if (transfer)
		list->first = transfer->next;
	return transfer;
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
close_descriptor(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* There is no thread. */
static void
free_transport(Transport *transport)
{
	Transfer *next;

	mailer_close(transport);
	for (Transfer *transfer = transport->made; transfer; transfer = next)
	{
		next = transfer->next_made;
		curl_multi_remove_handle(transport->multi, transfer->easy);
		transfer_free(transfer);
	}
	if (transport->multi)
		curl_multi_cleanup(transport->multi);
	close_descriptor(transport->mail_fd);
	close_descriptor(transport->epoll_fd);
	close_descriptor(transport->begun_fd);
	close_descriptor(transport->ended_fd);
	pthread_mutex_destroy(&transport->lock);
	free(transport);
}

static bool
set_up(Transport *transport)
{
	long kept;

	transport->capacity = find_capacity();
	kept = transport->capacity < KEPT_CONNECTIONS ? transport->capacity : KEPT_CONNECTIONS;
	transport->timer_ms = -1;
	transport->mail_fd = -1;
	transport->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	transport->begun_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	transport->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	transport->multi = curl_multi_init();
	pthread_mutex_init(&transport->lock, NULL);
	return transport->epoll_fd >= 0 && transport->begun_fd >= 0 && transport->ended_fd >= 0 &&
		   transport->multi && loop_attach(transport) && mailer_open(transport) &&
		   curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, kept) == CURLM_OK &&
		   curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK;
}

static Transport *
transport_open(void)
{
	Transport *transport = global_init() ? calloc(1, sizeof(*transport)) : NULL;

	if (!transport)
		return NULL;
	if (set_up(transport) && thread_start(transport))
		return transport;
	free_transport(transport);
	return NULL;
}

static void
give_back(Transport *transport, Transfer *transfer)
{
	free(transfer->request);
	free(transfer->answer);
	transfer->request = NULL;
	transfer->answer = NULL;
	transfer->answer_length = 0;
	transfer->answer_room = 0;
	transfer->next = transport->idle;
	transport->idle = transfer;
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

static bool
transport_begin(Transport *transport, const TransportRequest *request)
{
	Transfer *transfer = take_idle(transport);

	if (!transfer)
		return false;
	transfer->request = request_copy(request);
	if (!transfer->request)
	{
		give_back(transport, transfer);
		return false;
	}
	transport->in_flight++;
	thread_begin(transport, transfer);
	return true;
}

static int
transport_wait_fd(Transport *transport)
{
	return transport->ended_fd;
}

static long
transport_timeout_ms(Transport *transport)
{
	return transport->finished.first ? 0 : -1;
}

static void
forget_told(Transport *transport)
{
	if (transport->told)
		give_back(transport, transport->told);
	transport->told = NULL;
}

/* What the owner has not taken yet stays before what comes now. */
static void
transport_work(Transport *transport)
{
	TransferList ended = thread_collect(transport);
	Transfer *transfer;

	forget_told(transport);
	while ((transfer = transfer_list_take(&ended)))
		transfer_list_add(&transport->finished, transfer);
}

static bool
transport_next(Transport *transport, TransferResult *result)
{
	Transfer *transfer = transfer_list_take(&transport->finished);

	forget_told(transport);
	if (!transfer)
		return false;
	*result = transfer->result;
	result->answer = transfer->answer;
	result->answer_length = transfer->answer_length;
	transport->told = transfer;
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
	thread_stop(transport);
	free_transport(transport);
}

const TransportApi transport_api = {
	.open = transport_open,
	.configure = thread_configure,
	.begin = transport_begin,
	.wait_fd = transport_wait_fd,
	.timeout_ms = transport_timeout_ms,
	.work = transport_work,
	.next = transport_next,
	.capacity = transport_capacity,
	.in_flight = transport_in_flight,
	.close = transport_close,
};
