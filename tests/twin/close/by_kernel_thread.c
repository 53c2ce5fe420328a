/* SPDX-License-Identifier: MIT */
/* twin: expect */
/*
 * A kernel thread that has not opted in closes what a green thread waits on,
 * and the other close calls do it: EBADF for the waiter (natively: stuck).
 */
#include <sys/syscall.h>

#include "t.h"

static int sv[2];

static void *
waits(void *arg)
{
	char b[8];

	R(recv(sv[0], b, sizeof(b), 0));
	return arg;
}

static void *
closes(void *arg)
{
	MUST(close(sv[0]) == 0);
	return arg;
}

int
main(void)
{
	pthread_t t;

	for (int how = 0; how < 3; how++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		t = spawn(waits, NULL);
		settle();
		switch (how) {
		case 0:
			join(spawn_kernel(closes, NULL));
			break;
		case 1:
			MUST(close_range(sv[0], sv[0], 0) == 0);
			break;
		case 2:
			MUST(dup3(sv[1], sv[0], O_CLOEXEC) == sv[0]);
			close(sv[0]);
			break;
		}
		join(t);
		close(sv[1]);
	}
	FILE *f;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	f = fdopen(sv[0], "w");
	t = spawn(waits, NULL);
	settle();
	MUST(fclose(f) == 0);
	join(t);
	return 0;
}
