/* SPDX-License-Identifier: MIT */
/* UDP: sendto, recvfrom, connected sockets, refused ports, sizes. */
#include "t.h"

static int a, b;
static struct sockaddr_in addr_a, addr_b;

static int
udp(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(s, (void *)addr, len) == 0);
	MUST(getsockname(s, (void *)addr, &len) == 0);
	return s;
}

static void *
answers(void *arg)
{
	char buf[2000];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	for (int i = 0; i < 20; i++) {
		len = sizeof(from);
		n = recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len);
		if (n < 0 || from.sin_port != addr_a.sin_port)
			say("recvfrom: %s", ename(errno));
		sendto(b, buf, n, 0, (void *)&from, len);
	}
	return arg;
}

int
main(void)
{
	static char big[70000];
	char buf[2000];
	pthread_t t;
	int good = 0;

	a = udp(&addr_a);
	b = udp(&addr_b);
	t = spawn(answers, NULL);
	for (int i = 0; i < 20; i++) {
		memset(buf, i, sizeof(buf));
		sendto(a, buf, 100 * i, 0, (void *)&addr_b, sizeof(addr_b));
		if (recv(a, buf, sizeof(buf), 0) == 100 * i)
			good++;
	}
	join(t);
	say("good %d", good);
	R(sendto(a, big, sizeof(big), 0, (void *)&addr_b, sizeof(addr_b)));
	R(send(a, buf, 1, 0));
	R(recv(a, buf, 10, MSG_DONTWAIT));
	say("-- a port that nobody has");
	close(b);
	R(connect(a, (void *)&addr_b, sizeof(addr_b)));
	R(send(a, buf, 1, 0));
	R(recv(a, buf, 10, 0));
	R(recv(a, buf, 10, MSG_DONTWAIT));
	return 0;
}
