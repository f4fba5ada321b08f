/*
 * The thread that libcurl runs in, so that the owner computes while the network is at work, and the way there and back.
 *
 * Words. The owner is whoever opened the transport; it alone calls the functions of the table. The thread is the
 * transport's own.
 *
 * Who owns what. A Transfer belongs to one of the two at a time: the owner takes an idle one, puts a request into it and
 * hands it over in the list `begun`; the thread gives it to libcurl, fills in the result, and hands it back in the list
 * `ended`. The two lists, the settings and the allow list belong to both and are touched under the lock alone; each list's
 * descriptor is readable as long as there is something in it, so whoever puts something into an empty one wakes the
 * other, and much that comes at a time costs one call. The lock is held for nothing longer than that, and no other is
 * taken under it.
 *
 * The thread calls libcurl and the C library, and nothing of the server. It hears no signals, and neither do the threads in
 * which libcurl looks names up, for they inherit that: the owner's signal handlers must not run there. SIGPIPE must be
 * ignored by the process, as PostgreSQL does.
 *
 * The process must not end before the thread does: what libraries do at exit would pull the ground from under it.
 * thread_stop() waits for the thread, and the thread for nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "net/transfer.h"

static void
raise_flag(int fd)
{
	uint64_t one = 1;

	(void) !write(fd, &one, sizeof(one));
}

static void
lower_flag(int fd)
{
	uint64_t count;

	(void) !read(fd, &count, sizeof(count));
}

/* Under the lock. */
static TransferList
take_all(TransferList *list, int fd)
{
	TransferList all = *list;

	if (all.first)
		lower_flag(fd);
	*list = (TransferList) { 0 };
	return all;
}

/* Under the lock. */
static void
put(TransferList *list, int fd, TransferList more)
{
	if (!more.first)
		return;
	if (!list->first)
	{
		*list = more;
		raise_flag(fd);
		return;
	}
	list->last->next = more.first;
	list->last = more.last;
}

/* --- the thread's side ------------------------------------------------------------------------------------------- */

void
transport_finish(Transfer *transfer)
{
	transfer_forget(transfer);
	transfer->transport->under_way--;
	transfer_list_add(&transfer->transport->over, transfer);
}

/* False = out of memory. */
static bool
begin_http(Transfer *transfer)
{
	CURLcode code = transfer_prepare(transfer, transfer->request);

	if (code == CURLE_OK)
		return curl_multi_add_handle(transfer->transport->multi, transfer->easy) == CURLM_OK;
	if (code == CURLE_OUT_OF_MEMORY)
		return false;
	verdict_reach(transfer, code);
	transport_finish(transfer);
	return true;
}

static void
begin(struct Transport *transport, Transfer *transfer)
{
	transport->under_way++;
	if (transfer->request->kind == REQUEST_MAIL ? !mailer_begin(transfer, transfer->request)
												: !begin_http(transfer))
	{
		verdict_set(transfer, TRANSFER_PREPARE, "out of memory");
		transport_finish(transfer);
	}
	mailer_make_room(transport);
}

/* Takes what has ended out of libcurl's hands. */
static void
collect(struct Transport *transport)
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
		verdict_reach(transfer, code);
		transport_finish(transfer);
	}
}

/* Hands over what is over, and takes what has begun. False = the transport is being closed. */
static bool
exchange(struct Transport *transport, TransferList *begun)
{
	bool goes_on;

	pthread_mutex_lock(&transport->lock);
	put(&transport->ended, transport->ended_fd, transport->over);
	*begun = take_all(&transport->begun, transport->begun_fd);
	transport->settings = transport->wanted;
	goes_on = !transport->is_closing;
	pthread_mutex_unlock(&transport->lock);
	transport->over = (TransferList) { 0 };
	return goes_on;
}

static void *
run(void *arg)
{
	struct Transport *transport = arg;
	TransferList begun;

	while (exchange(transport, &begun))
	{
		Transfer *transfer;

		while ((transfer = transfer_list_take(&begun)))
			begin(transport, transfer);
		loop_turn(transport);
		collect(transport);
		mailer_turn(transport);
	}
	return NULL;
}

/* --- the owner's side --------------------------------------------------------------------------------------------- */

bool
thread_start(struct Transport *transport)
{
	sigset_t all, before;
	bool has_started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	has_started = pthread_create(&transport->thread, NULL, run, transport) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return has_started;
}

void
thread_stop(struct Transport *transport)
{
	pthread_mutex_lock(&transport->lock);
	transport->is_closing = true;
	raise_flag(transport->begun_fd);
	pthread_mutex_unlock(&transport->lock);
	pthread_join(transport->thread, NULL);
}

void
thread_configure(struct Transport *transport, const TransportSettings *settings)
{
	TransferSettings *wanted = &transport->wanted;

	pthread_mutex_lock(&transport->lock);
	transport->allow = *settings->allow;
	wanted->timeout_ms = settings->timeout_ms;
	wanted->connect_timeout_ms = settings->connect_timeout_ms;
	wanted->most_mails = settings->mail_connections;
	snprintf(wanted->user_agent, sizeof(wanted->user_agent), "%s", settings->user_agent);
	snprintf(wanted->ca_file, sizeof(wanted->ca_file), "%s", settings->ca_file);
	snprintf(wanted->connect_to, sizeof(wanted->connect_to), "%s",
			 settings->connect_to ? settings->connect_to : "");
	pthread_mutex_unlock(&transport->lock);
}

void
thread_begin(struct Transport *transport, Transfer *transfer)
{
	TransferList one = { transfer, transfer };

	transfer->next = NULL;
	pthread_mutex_lock(&transport->lock);
	put(&transport->begun, transport->begun_fd, one);
	pthread_mutex_unlock(&transport->lock);
}

TransferList
thread_collect(struct Transport *transport)
{
	TransferList ended;

	pthread_mutex_lock(&transport->lock);
	ended = take_all(&transport->ended, transport->ended_fd);
	pthread_mutex_unlock(&transport->lock);
	return ended;
}
