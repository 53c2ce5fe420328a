/* SPDX-License-Identifier: MIT */
/* Several readers of one descriptor; a reader and a writer on one. */
#include "t.h"

#define MSGS 2000

static int sv[2], got[8];
static unsigned char seen[MSGS];

static void *
reader(void *arg)
{
	int k = (int)(intptr_t)arg, x;

	while (recv(sv[0], &x, sizeof(x), 0) == sizeof(x)) {
		if (x < 0)
			break;
		__atomic_add_fetch(&seen[x], 1, __ATOMIC_SEQ_CST);
		got[k]++;
	}
	return NULL;
}

static void *
writer(void *arg)
{
	for (int i = 0; i < MSGS; i++) {
		send(sv[1], &i, sizeof(i), 0);
		if (i % 100 == 0)
			usleep(200);
	}
	return arg;
}

static int both[2];

static void *
both_read(void *arg)
{
	intptr_t sum = 0;
	char b[100];
	ssize_t n;

	while ((n = recv(both[(intptr_t)arg], b, sizeof(b), 0)) > 0)
		sum += n;
	return (void *)sum;
}

static void *
both_write(void *arg)
{
	int fd = both[(intptr_t)arg];
	static const char b[3000];

	for (int i = 0; i < 300; i++)
		if (send(fd, b, sizeof(b), 0) != sizeof(b))
			say("short send");
	shutdown(fd, SHUT_WR);
	return NULL;
}

int
main(void)
{
	pthread_t t[8], w;
	int once = 0, total = 0, stop = -1;

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	for (intptr_t i = 0; i < 8; i++)
		t[i] = i == 3 ? spawn_kernel(reader, (void *)i)
			      : spawn(reader, (void *)i);
	w = spawn(writer, NULL);
	join(w);
	for (int i = 0; i < 8; i++)
		send(sv[1], &stop, sizeof(stop), 0);
	for (int i = 0; i < 8; i++)
		join(t[i]);
	for (int i = 0; i < MSGS; i++)
		once += seen[i] == 1;
	for (int i = 0; i < 8; i++)
		total += got[i];
	say("exactly once %d, total %d", once, total);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
	t[0] = spawn(both_read, (void *)0);
	t[1] = spawn(both_read, (void *)1);
	t[2] = spawn(both_write, (void *)0);
	t[3] = spawn(both_write, (void *)1);
	join(t[2]);
	join(t[3]);
	say("%ld", (long)(intptr_t)join(t[0]));
	say("%ld", (long)(intptr_t)join(t[1]));
	return 0;
}
