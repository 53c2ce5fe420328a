/* SPDX-License-Identifier: MIT */
/*
 * An allocator that calls libc while it holds its lock, as jemalloc does when
 * it starts: before the first constructor of any object. Looking a function
 * up must not allocate then.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"

static int lock; /* of our own: the first call of libc is to be in start() */
static char heap[64 << 20] __attribute__((aligned(16)));
static size_t used;
static int started, nested;
static volatile int inside; /* start(): there is one thread then */

/* What allocators ask the system when they start. */
static void
start(void)
{
	struct timespec ts = { 0, 1 };
	char c;
	int fd;

	started = 1;
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/stat",
			  O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		read(fd, &c, 1);
		close(fd);
	}
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		write(fd, "x", 1);
		close(fd);
	}
	nanosleep(&ts, NULL);
	sched_yield();
}

/* A second lock by the thread that holds it natively hangs for ever. */
static void *
get(size_t n)
{
	void *p = NULL;

	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
		if (!inside) {
			sched_yield();
			continue;
		}
		static const char text[] =
			"the allocator is called by itself\n";

		syscall(SYS_write, 1, text, sizeof(text) - 1);
		_exit(3);
	}
	if (!started) {
		inside = 1;
		start();
		inside = 0;
	}
	n = (n + 31) & ~(size_t)15;
	if (n < sizeof(heap) - used) {
		p = heap + used + 16;
		memcpy(heap + used, &n, sizeof(n));
		used += n;
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	if (!p)
		errno = ENOMEM;
	return p;
}

void *
malloc(size_t n)
{
	return get(n);
}

void
free(void *p)
{
	(void)p;
}

void *
calloc(size_t n, size_t size)
{
	return get(n * size); /* the heap is used once: zero already */
}

void *
realloc(void *p, size_t n)
{
	void *q = get(n);
	size_t old;

	if (q && p) {
		memcpy(&old, (char *)p - 16, sizeof(old));
		memcpy(q, p, old - 16 < n ? old - 16 : n);
	}
	return q;
}

/* Before every constructor. */
static void
first(int argc, char **argv, char **envp)
{
	void *volatile p;

	(void)argc, (void)argv, (void)envp;
	p = malloc(10);
	nested = p != NULL;
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const hook)(int, char **, char **) = first;

static void *
body(void *arg)
{
	usleep(1000);
	return strdup(arg);
}

int
main(void)
{
	pthread_t pt;
	void *ret;
	int status;
	pid_t pid;

	printf("started %d early %d\n", started, nested);
	pthread_create(&pt, NULL, body, "from a thread");
	pthread_join(pt, &ret);
	printf("%s\n", (char *)ret);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		ret = strdup("from a child");
		printf("%s\n", (char *)ret);
		return 0;
	}
	waitpid(pid, &status, 0);
	printf("status %d\n", status);
	return 0;
}
