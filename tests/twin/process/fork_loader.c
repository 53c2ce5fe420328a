/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * fork while other threads are in the middle of something: one walks the list
 * of loaded objects, one flushes all files into a stream of its own that waits.
 * The child makes threads, and they come to their end.
 */
#include "t.h"

#include <link.h>

static sem_t inside, go_on;
static int counted;

static int
visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	sem_post(&inside);
	sem_wait(&go_on);
	return 1;
}

static void *
walks(void *arg)
{
	dl_iterate_phdr(visit, NULL);
	return arg;
}

static ssize_t
writes(void *cookie, const char *buf, size_t len)
{
	sem_post(&inside);
	settle();
	return (ssize_t)len;
}

static void *
flushes(void *arg)
{
	cookie_io_functions_t io = { .write = writes };
	FILE *f = fopencookie(NULL, "w", io);

	MUST(f != NULL);
	fputs("text", f);
	fflush(NULL);
	fclose(f);
	return arg;
}

static void *
counts(void *arg)
{
	ms(1);
	__atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void
fork_now(const char *what)
{
	pthread_t t[4];
	pid_t p = fork();
	int st = 0;

	if (p == 0) {
		alarm(30);
		counted = 0;
		for (int i = 0; i < 4; i++)
			t[i] = i == 3 ? spawn_kernel(counts, NULL)
				      : spawn(counts, NULL);
		for (int i = 0; i < 4; i++)
			join(t[i]);
		_exit(40 + counted);
	}
	MUST(waitpid(p, &st, 0) == p);
	say("%s: signal %d, status %d", what, WTERMSIG(st), WEXITSTATUS(st));
}

static void *
forks(void *arg)
{
	fork_now(arg);
	return NULL;
}

static void
down(void)
{
	while (sem_wait(&inside) != 0)
		;
}

int
main(void)
{
	pthread_t t;

	sem_init(&inside, 0, 0);
	sem_init(&go_on, 0, 0);
	for (int kernel = 0; kernel < 2; kernel++) {
		t = kernel ? spawn_kernel(walks, NULL) : spawn(walks, NULL);
		down();
		fork_now("main, while a thread is in the loader");
		join(spawn(forks, "a thread, likewise"));
		join(spawn_kernel(forks, "a kernel thread, likewise"));
		sem_post(&go_on);
		join(t);
	}
	for (int kernel = 0; kernel < 2; kernel++) {
		t = kernel ? spawn_kernel(flushes, NULL) : spawn(flushes, NULL);
		down();
		fork_now("while a thread flushes");
		join(t);
	}
	return 0;
}
