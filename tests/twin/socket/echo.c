/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Thread-per-connection echo over socketpairs, TCP, TCP6 and unix sockets. */
#include "t.h"

#define CLIENTS 20
#define ROUNDS 50

static int bad;

static void *
server(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[512];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		if (write_all(fd, buf, n) != n)
			break;
	if (n != 0)
		__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	close(fd);
	return NULL;
}

static void *
client(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char out[300], in[300];
	intptr_t good = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int n = 1 + (i * 37 + fd) % 299;

		for (int k = 0; k < n; k++)
			out[k] = noise(fd, i * 300 + k);
		if (write_all(fd, out, n) == n &&
		    recv(fd, in, n, MSG_WAITALL) == n && !memcmp(in, out, n))
			good++;
		if (i % 10 == 0)
			usleep(100);
	}
	close(fd);
	return (void *)good;
}

static void
run(const char *name, int domain)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *in = (void *)&ss;
	struct sockaddr_in6 *in6 = (void *)&ss;
	struct sockaddr_un *un = (void *)&ss;
	socklen_t len = sizeof(ss);
	pthread_t c[CLIENTS], s[CLIENTS];
	intptr_t good = 0;
	int l = -1;

	memset(&ss, 0, sizeof(ss));
	if (domain == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(*in);
	} else if (domain == AF_INET6) {
		in6->sin6_addr = in6addr_loopback;
		len = sizeof(*in6);
	} else if (domain == AF_UNIX) {
		strcpy(un->sun_path, "echo.sock");
		len = sizeof(*un);
	}
	ss.ss_family = domain;
	if (domain) {
		l = socket(domain, SOCK_STREAM, 0);
		if (l < 0 || bind(l, (void *)&ss, len) != 0 ||
		    listen(l, CLIENTS) != 0) {
			say("%s: not here", name);
			close(l);
			return;
		}
		len = sizeof(ss);
		getsockname(l, (void *)&ss, &len);
	}
	for (int i = 0; i < CLIENTS; i++) {
		int sv[2];

		if (domain) {
			sv[0] = socket(domain, SOCK_STREAM, 0);
			MUST(connect(sv[0], (void *)&ss, len) == 0);
			sv[1] = accept(l, NULL, NULL);
			MUST(sv[1] >= 0);
		} else {
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		}
		s[i] = (i % 7 == 0 ? spawn_kernel
				   : spawn)(server, (void *)(intptr_t)sv[1]);
		c[i] = (i % 5 == 0 ? spawn_kernel
				   : spawn)(client, (void *)(intptr_t)sv[0]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		good += (intptr_t)join(c[i]);
		join(s[i]);
	}
	close(l);
	say("%s: good %ld, bad %d", name, (long)good, bad);
}

int
main(void)
{
	run("socketpair", 0);
	run("tcp", AF_INET);
	run("tcp6", AF_INET6);
	run("unix", AF_UNIX);
	return 0;
}
