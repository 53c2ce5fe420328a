/* SPDX-License-Identifier: MIT */
/* FIFOs: open blocks until the other side comes; ENXIO; both kinds. */
#include <sys/stat.h>

#include "t.h"

static void *
opens_read(void *arg)
{
	int fd = open("fifo", O_RDONLY);
	char b[16];
	ssize_t n;

	say("open for reading %d", fd >= 0);
	n = read(fd, b, sizeof(b));
	say("%.*s", (int)n, b);
	n = read(fd, b, sizeof(b));
	say("then %zd", n);
	close(fd);
	return arg;
}

static void *
opens_write(void *arg)
{
	int fd = open("fifo", O_WRONLY);

	MUST(fd >= 0);
	MUST(write(fd, "by fifo", 7) == 7);
	ms(20);
	close(fd);
	return arg;
}

static void *
ticks(void *arg)
{
	int *n = arg;

	for (int i = 0; i < 10; i++) {
		ms(5);
		__atomic_add_fetch(n, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int
main(void)
{
	pthread_t r, w, t;
	int n = 0;

	R(mkfifo("fifo", 0600));
	R(open("fifo", O_WRONLY | O_NONBLOCK));
	t = spawn(ticks, &n);
	r = spawn(opens_read, NULL);
	join(t);
	say("ticks while open blocks: %d", n);
	w = spawn(opens_write, NULL);
	join(r);
	join(w);
	w = spawn_kernel(opens_write, NULL);
	settle();
	r = spawn(opens_read, NULL);
	join(r);
	join(w);
	r = spawn_kernel(opens_read, NULL);
	settle();
	w = spawn(opens_write, NULL);
	join(r);
	join(w);
	return 0;
}
