/*
 * A mail server that costs next to nothing: what "make bench" sends mails to. It listens on a port of the loopback interface,
 * keeps connections alive, takes every mail as soon as it is there and forgets it, and stops at SIGTERM.
 *
 *   smtp_server PORT FILE    writes the first mail's message to the file, and when it stops how many mails and how many
 *                            connections there were to the standard output
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_BYTES 262144
#define EVENTS 256
#define MAX_PEERS 4096
#define OFFERS "250-bench\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250 8BITMIME\r\n"

typedef struct Peer
{
	int is_in_message;
	size_t length;
	char input[INPUT_BYTES + 1];
} Peer;

static volatile sig_atomic_t is_over;
static Peer *peers[MAX_PEERS]; /* by descriptor; kept for the next one with it */
static const char *message_file;
static long nmails, nconnections;

static void
stop(int number)
{
	is_over = 1;
}

static void
take_message(const char *message, size_t length)
{
	FILE *file;

	if (nmails++ > 0)
		return;
	file = fopen(message_file, "w");
	if (!file || fwrite(message, 1, length, file) != length || fclose(file) != 0)
		_exit(1);
}

static const char *
reply_to(Peer *peer, const char *line)
{
	if (strncasecmp(line, "EHLO", 4) == 0)
		return OFFERS;
	if (strncasecmp(line, "DATA", 4) == 0)
	{
		peer->is_in_message = 1;
		return "354 go on\r\n";
	}
	return strncasecmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 ok\r\n";
}

/* Takes one command or message from the beginning of the input; returns its length, 0 = it is not whole. */
static size_t
take_one(Peer *peer, char *begin, const char **reply)
{
	char *end = strstr(begin, peer->is_in_message ? "\r\n.\r\n" : "\r\n");

	if (!end)
		return 0;
	if (!peer->is_in_message)
	{
		*reply = reply_to(peer, begin);
		return (size_t) (end + 2 - begin);
	}
	take_message(begin, (size_t) (end + 2 - begin));
	peer->is_in_message = 0;
	*reply = "250 taken\r\n";
	return (size_t) (end + 5 - begin);
}

/* Replies to all that has come, at once; 0 = the connection is of no use. */
static int
reply_to_all(int fd, Peer *peer)
{
	char replies[4096];
	size_t nreplies = 0;
	size_t taken = 0;
	size_t n;
	const char *reply;

	while (nreplies < sizeof(replies) - 256 && (n = take_one(peer, peer->input + taken, &reply)))
	{
		taken += n;
		nreplies += (size_t) snprintf(replies + nreplies, sizeof(replies) - nreplies, "%s", reply);
	}
	peer->length -= taken;
	memmove(peer->input, peer->input + taken, peer->length + 1);
	return nreplies == 0 || send(fd, replies, nreplies, MSG_NOSIGNAL) == (ssize_t) nreplies;
}

static int
take_input(int fd, Peer *peer)
{
	ssize_t n = recv(fd, peer->input + peer->length, INPUT_BYTES - peer->length, 0);

	if (n <= 0)
		return 0;
	peer->length += (size_t) n;
	peer->input[peer->length] = 0;
	return reply_to_all(fd, peer);
}

static void
greet(int epoll_fd, int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || fd >= MAX_PEERS)
		_exit(1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int) { 1 }, sizeof(int));
	if (!peers[fd])
		peers[fd] = malloc(sizeof(Peer));
	if (!peers[fd] || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0 ||
		send(fd, "220 bench\r\n", 11, MSG_NOSIGNAL) != 11)
		_exit(1);
	peers[fd]->is_in_message = 0;
	peers[fd]->length = 0;
	nconnections++;
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
								   .sin_port = htons((uint16_t) port),
								   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int) { 1 }, sizeof(int));
	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(fd, 512) != 0)
	{
		perror("smtp_server");
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct epoll_event event = { .events = EPOLLIN };
	int epoll_fd = epoll_create1(0);

	if (argc != 3)
		return 2;
	message_file = argv[2];
	sigaction(SIGTERM, &(struct sigaction) { .sa_handler = stop }, NULL);
	event.data.fd = listen_on((int) strtol(argv[1], NULL, 10));
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
	while (!is_over)
	{
		int n = epoll_wait(epoll_fd, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
		{
			int fd = events[i].data.fd;

			if (fd == event.data.fd)
				greet(epoll_fd, fd);
			else if (!take_input(fd, peers[fd]))
				close(fd);
		}
	}
	printf("%ld mails, %ld connections\n", nmails, nconnections);
	return 0;
}
