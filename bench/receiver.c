/*
 * A receiver of webhooks that costs next to nothing: what "make bench" sends to. It listens on a port of the loopback
 * interface, keeps connections alive, answers every POST with 204 as soon as its body is there, and stops at SIGTERM.
 *
 *   receiver PORT          answers
 *   receiver PORT times    writes a line a request when it stops: the bookingId of the body, and when its head had arrived,
 *                          microseconds of Unix time
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES 65536
#define EVENTS 256
#define MAX_PEERS 4096
#define UUID_LENGTH 36

typedef struct Peer
{
	size_t len;
	char request[REQUEST_BYTES + 1];
} Peer;

static volatile sig_atomic_t is_over;
static int tells_times;
static Peer *peers[MAX_PEERS]; /* by descriptor; kept for the next one with it */

static void
stop(int number)
{
	is_over = 1;
}

static long long
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (long long) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* How long the first request in the buffer is; 0 = not all of it is there. */
static size_t
request_length(const Peer *peer)
{
	const char *end = strstr(peer->request, "\r\n\r\n");
	const char *length = end ? strcasestr(peer->request, "\r\nContent-Length:") : NULL;
	size_t whole;

	if (!end)
		return 0;
	whole = (size_t) (end - peer->request) + 4;
	if (length && length < end)
		whole += strtoul(length + 17, NULL, 10);
	return whole <= peer->len ? whole : 0;
}

static void
tell_time(const char *request, long long arrived_us)
{
	const char *name = strstr(request, "\"bookingId\"");
	const char *value = name ? strchr(name + 11, '"') : NULL;

	if (value)
		printf("%.*s %lld\n", UUID_LENGTH, value + 1, arrived_us);
}

/* Answers what is there; -1 = the connection is over. */
static int
answer(int fd)
{
	static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
	Peer *peer = peers[fd];
	long long arrived_us = tells_times ? now_us() : 0;
	ssize_t n = recv(fd, peer->request + peer->len, REQUEST_BYTES - peer->len, 0);
	size_t length;

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	peer->len += (size_t) n;
	peer->request[peer->len] = 0;
	while ((length = request_length(peer)) > 0)
	{
		if (tells_times)
			tell_time(peer->request, arrived_us);
		peer->len -= length;
		memmove(peer->request, peer->request + length, peer->len + 1);
		if (send(fd, no_content, sizeof(no_content) - 1, MSG_NOSIGNAL) < 0)
			return -1;
	}
	return peer->len < REQUEST_BYTES ? 0 : -1;
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
								   .sin_port = htons((uint16_t) port),
								   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0 && listen(fd, 1024) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void
accept_peers(int epoll_fd, int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
	{
		if (fd < MAX_PEERS && !peers[fd])
			peers[fd] = malloc(sizeof(Peer));
		if (fd >= MAX_PEERS || !peers[fd])
			abort();
		peers[fd]->len = 0;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(epoll_fd, fd);
	}
}

static void
serve(int epoll_fd, int listener)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(epoll_fd, events, EVENTS, -1);

	for (int i = 0; i < n; i++)
	{
		int fd = events[i].data.fd;

		if (fd == listener)
			accept_peers(epoll_fd, listener);
		else if (answer(fd) < 0)
			close(fd);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction on_stop = { .sa_handler = stop };
	int listener = argc > 1 ? listen_on((int) strtol(argv[1], NULL, 10)) : -1;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	tells_times = argc > 2 && strcmp(argv[2], "times") == 0;
	if (listener < 0 || epoll_fd < 0)
	{
		perror("receiver");
		return 1;
	}
	sigaction(SIGTERM, &on_stop, NULL);
	watch(epoll_fd, listener);
	while (!is_over)
		serve(epoll_fd, listener);
	return 0;
}
