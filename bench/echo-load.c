/* SPDX-License-Identifier: MIT */
/*
 * Load for an echo server on the loopback: many connections, each with one
 * message of 64 bytes under way; every reply is compared with what was sent.
 *
 *	echo-load PORT PID CONNECTIONS MILLISECONDS
 *
 * PID is the server. The load begins once each connection has been answered, so
 * that it does not keep the server from accepting; the measurement after a
 * quarter of the time to warm up. Prints what the server used: us of CPU per
 * message, messages per second, how much of a CPU each side was busy, resident
 * KiB that a connection added before and after the load, and kernel threads;
 * and how long the replies took, in us.
 */

#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE 64
#define EVENTS 512
#define LIMIT_NS (INT64_C(60) * 1000000000) /* for everything */
#define LATENCIES 2000000 /* us, one counter each; what is longer is the last */

struct conn {
	int fd;
	uint32_t have; /* bytes of the reply that are here */
	uint64_t sequence; /* number of the message under way */
	int64_t at; /* when it was sent */
	char sent[MESSAGE];
	char got[MESSAGE];
};

static struct conn *conns;
static long connections, answered; /* a first time */
static uint64_t messages;
static uint32_t *latencies; /* messages by the us they took; NULL: not now */
static long draining = -1; /* replies still under way; -1: load goes on */

static void
message_send(struct conn *conn)
{
	uint64_t stamp[2] = { conn - conns, ++conn->sequence };

	memcpy(conn->sent, stamp, sizeof(stamp));
	conn->have = 0;
	conn->at = now_ns();
	if (send(conn->fd, conn->sent, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
		die("echo-load: send", errno);
}

static void
message_receive(struct conn *conn)
{
	ssize_t n = recv(conn->fd, conn->got + conn->have, MESSAGE - conn->have,
			 MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		die("echo-load: recv", errno);
	if (n == 0) {
		fprintf(stderr, "echo-load: the server closed\n");
		exit(1);
	}
	conn->have += n;
	if (conn->have < MESSAGE)
		return;
	if (memcmp(conn->sent, conn->got, MESSAGE) != 0) {
		fprintf(stderr, "echo-load: wrong reply on connection %zd\n",
			conn - conns);
		exit(1);
	}
	messages++;
	if (latencies) {
		int64_t us = (now_ns() - conn->at) / 1000;

		latencies[us < LATENCIES ? us : LATENCIES - 1]++;
	}
	if (draining >= 0) {
		draining--;
	} else if (answered == connections) {
		message_send(conn);
	} else if (++answered == connections) {
		for (long i = 0; i < connections; i++)
			message_send(&conns[i]);
	}
}

static double
cpu_seconds(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) < 0)
		die("echo-load: CPU clock", errno);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static long
status_line(pid_t pid, const char *name)
{
	char path[64], line[256];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	if (!file)
		die(path, errno);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name));
	fclose(file);
	return value;
}

/* The longest of the fastest @share of @count messages, in us. */
static long
percentile(const uint32_t *table, uint64_t count, double share)
{
	uint64_t rest = count * share;
	long us = 0;

	while (us < LATENCIES - 1 && table[us] <= rest)
		rest -= table[us++];
	return us;
}

static void
connect_all(int epfd, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct epoll_event ev = { .events = EPOLLIN };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	for (long i = 0; i < connections; i++) {
		struct conn *conn = &conns[i];

		conn->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (conn->fd < 0 ||
		    connect(conn->fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
			die("echo-load: connect", errno);
		memset(conn->sent, 'a' + i % 26, MESSAGE);
		ev.data.ptr = conn;
		if (epoll_ctl(epfd, EPOLL_CTL_ADD, conn->fd, &ev) < 0)
			die("echo-load: epoll_ctl", errno);
	}
	for (long i = 0; i < connections; i++)
		message_send(&conns[i]);
}

int
main(int argc, char **argv)
{
	int64_t begin = now_ns(), t = begin, period, start = 0, end = 0;
	double server = 0, self = 0, elapsed;
	struct epoll_event events[EVENTS];
	uint64_t counted = 0;
	uint32_t *table;
	long rss_kb, idle_kb = 0;
	clockid_t clock;
	struct rlimit fds;
	int epfd, patience;
	pid_t pid;

	if (argc != 5) {
		fprintf(stderr, "usage: echo-load PORT PID CONNECTIONS MS\n");
		return 2;
	}
	pid = arg_number(argc, argv, 2, 0);
	connections = arg_number(argc, argv, 3, 0);
	period = arg_number(argc, argv, 4, 0) * 1000000;
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	if (clock_getcpuclockid(pid, &clock))
		die("echo-load: server", ESRCH);
	rss_kb = status_line(pid, "VmRSS:");
	conns = allocate(connections, sizeof(*conns));
	table = allocate(LATENCIES, sizeof(*table));
	epfd = epoll_create1(0);
	if (epfd < 0)
		die("echo-load: epoll_create1", errno);
	connect_all(epfd, arg_number(argc, argv, 1, 0));

	/*
	 * Who sleeps has to be woken, and the kernel does that in the server's
	 * send(), at its expense: the slower the server, the more often. So
	 * the load does not sleep, unless it shares the one CPU there is.
	 */
	patience = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 0 : 1000;
	while (!end || t < end) {
		int n = epoll_wait(epfd, events, EVENTS, patience);

		for (int i = 0; i < n; i++)
			message_receive(events[i].data.ptr);
		t = now_ns();
		if (!start && answered == connections) {
			/* Each has had one message, few a second one. */
			idle_kb = status_line(pid, "VmRSS:") - rss_kb;
			start = t + period / 4;
		}
		if (start && !end && t >= start) {
			start = t;
			end = t + period;
			counted = messages;
			latencies = table;
			server = cpu_seconds(clock);
			self = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
		}
		if (t - begin > LIMIT_NS) {
			fprintf(stderr,
				"echo-load: %ld of %ld connections "
				"answered, no end in sight\n",
				answered, connections);
			return 1;
		}
	}
	latencies = NULL;
	counted = messages - counted;
	server = cpu_seconds(clock) - server;
	self = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - self;
	elapsed = (t - start) / 1e9;
	if (!counted) {
		fprintf(stderr, "echo-load: no message in %.1f s\n", elapsed);
		return 1;
	}
	/* The last replies too, so that nothing is cut off by a reset. */
	draining = connections;
	while (draining > 0) {
		int n = epoll_wait(epfd, events, EVENTS, 1000);

		for (int i = 0; i < n; i++)
			message_receive(events[i].data.ptr);
		if (now_ns() - begin > LIMIT_NS) {
			fprintf(stderr, "echo-load: %ld replies missing\n",
				draining);
			return 1;
		}
	}
	printf("us %.4f\n", server / counted * 1e6);
	printf("rate %.0f\n", counted / elapsed);
	printf("server_busy %.3f\n", server / elapsed);
	printf("load_busy %.3f\n", self / elapsed);
	printf("p50 %ld\n", percentile(table, counted, 0.5));
	printf("p99 %ld\n", percentile(table, counted, 0.99));
	printf("idle_kb %.3f\n", (double)idle_kb / connections);
	printf("rss_kb %.3f\n",
	       (double)(status_line(pid, "VmRSS:") - rss_kb) / connections);
	printf("threads %ld\n", status_line(pid, "Threads:"));
	return 0;
}
