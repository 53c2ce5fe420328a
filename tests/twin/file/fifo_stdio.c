/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O2 cflags=-D_FORTIFY_SOURCE=2 */
/* Opening a FIFO by every call that does: others run until it has two ends. */
#include <sys/stat.h>

#include "t.h"

static int ticks, how;

static void *
opens(void *arg)
{
	FILE *f = NULL;
	int fd = -1;

	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	if (how % 2 == 0) {
		f = fopen("fifo", "w");
		fd = f ? fileno(f) : -1;
	} else {
		fd = open("fifo", O_RDONLY);
	}
	MUST(fd >= 0);
	settle();
	if (f)
		fclose(f);
	else
		close(fd);
	return arg;
}

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
work(void *arg)
{
	/* What gcc does not know becomes a fortified call. */
	volatile int rd = O_RDONLY, wr = O_WRONLY;

	for (how = 0; how < 6; how++) {
		pthread_t a, b;
		FILE *f = NULL;
		int fd = -1;

		ticks = 0;
		a = spawn(opens, NULL);
		b = spawn(tick, NULL);
		switch (how) {
		case 0:
			f = fopen("fifo", "r");
			break;
		case 1:
			f = fopen("fifo", "a");
			break;
		case 2:
			fd = open("fifo", rd);
			break;
		case 3:
			fd = openat(AT_FDCWD, "fifo", wr);
			break;
		case 4:
			f = freopen("fifo", "r", fopen("/dev/null", "r"));
			break;
		case 5:
			fd = creat("fifo", 0600);
			break;
		}
		say("%d: %s, ticks %d", how, f || fd >= 0 ? "open" : "failed",
		    __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
		join(a);
		join(b);
		if (f)
			fclose(f);
		else
			close(fd);
	}
	R(fopen("no/such", "r") != NULL);
	R(fopen("fifo", "?") != NULL);
	R(creat("no/such", 0600));
	R(creat((char *)8, 0600));
	return arg;
}

int
main(void)
{
	MUST(mkfifo("fifo", 0600) == 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
