/*
 * The event loop's part of the transport: libcurl tells which sockets it waits for and until when, and epoll watches the
 * sockets, and the descriptor by which the owner calls.
 */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>

#include "net/transfer.h"

#define EVENTS_PER_TURN 256

uint32_t
loop_epoll_events(int what)
{
	return (what & CURL_POLL_IN ? (uint32_t) EPOLLIN : 0) |
		   (what & CURL_POLL_OUT ? (uint32_t) EPOLLOUT : 0);
}

/* CURLMOPT_SOCKETFUNCTION. A socket that is closed has left epoll by itself. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	const struct Transport *transport = arg;
	struct epoll_event event = { .events = loop_epoll_events(what), .data.fd = fd };

	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(transport->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	if (errno == EEXIST && epoll_ctl(transport->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return -1;
}

/* CURLMOPT_TIMERFUNCTION. */
static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct Transport *transport = arg;

	transport->timer_ms = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	return 0;
}

bool
loop_attach(struct Transport *transport)
{
	CURLM *multi = transport->multi;
	struct epoll_event event = { .events = EPOLLIN, .data.fd = transport->begun_fd };

	return epoll_ctl(transport->epoll_fd, EPOLL_CTL_ADD, transport->begun_fd, &event) == 0 &&
		   curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket) == CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transport) == CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
		   curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transport) == CURLM_OK;
}

int
loop_curl_events(uint32_t events)
{
	return (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
}

/* Milliseconds, as epoll has them. */
static int
wait_ms(const struct Transport *transport)
{
	int64_t timer_ms = transport->timer_ms;
	int64_t mailer_ms = mailer_timer_ms(transport);
	int64_t left;

	if (transport->over.first)
		return 0;
	if (timer_ms < 0 || (mailer_ms >= 0 && mailer_ms < timer_ms))
		timer_ms = mailer_ms;
	if (timer_ms < 0)
		return -1;
	left = timer_ms - now_ms();
	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int) left : INT_MAX;
}

void
loop_turn(struct Transport *transport)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = epoll_wait(transport->epoll_fd, events, EVENTS_PER_TURN, wait_ms(transport));
	int running;

	for (int i = 0; i < n; i++)
	{
		int fd = events[i].data.fd;

		if (fd != transport->mail_fd && fd != transport->begun_fd)
			curl_multi_socket_action(transport->multi, fd, loop_curl_events(events[i].events),
									 &running);
	}
	if (transport->timer_ms >= 0 && transport->timer_ms <= now_ms())
	{
		transport->timer_ms = -1;
		curl_multi_socket_action(transport->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
}
