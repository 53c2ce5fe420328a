/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Writes of up to PIPE_BUF bytes are not interleaved, also when blocking. */
#include <limits.h>
#include <sys/uio.h>

#include "t.h"

#define WRITERS 12

static int p[2];

static void *
writes(void *arg)
{
	char b[PIPE_BUF];
	int k = (int)(intptr_t)arg;

	memset(b, 'a' + k, sizeof(b));
	for (int i = 0; i < 100; i++) {
		struct iovec iov[2] = { { b, 1000 },
					{ b + 1000, sizeof(b) - 1000 } };
		ssize_t n = k % 2 ? write(p[1], b, sizeof(b))
				  : writev(p[1], iov, 2);

		if (n != sizeof(b))
			say("wrote %zd", n);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[WRITERS];
	char b[PIPE_BUF];
	int torn = 0, whole = 0;

	MUST(pipe(p) == 0);
	for (intptr_t i = 0; i < WRITERS; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(writes, (void *)i)
				  : spawn(writes, (void *)i);
	for (int i = 0; i < WRITERS * 100; i++) {
		if (read_all(p[0], b, sizeof(b)) != sizeof(b))
			break;
		for (size_t k = 1; k < sizeof(b); k++)
			if (b[k] != b[0]) {
				torn++;
				break;
			}
		whole++;
		if (i % 100 == 0)
			usleep(500);
	}
	for (int i = 0; i < WRITERS; i++)
		join(t[i]);
	say("read %d, torn %d", whole, torn);
	return 0;
}
