/* SPDX-License-Identifier: MIT */
/* twin: libs=-ldl */
/*
 * SYS_futex without FUTEX_PRIVATE_FLAG: on memory of the process alone, as
 * libstdc++ does for std::future, on memory that it shares with another one,
 * and on an address that is first the one and then the other.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "t.h"

#define N 100

static uint32_t word;		/* .bss */
static uint32_t data = 7;	/* .data: a file's page until it is written */
static int waiting, woken;

static long
futex(uint32_t *p, int op, uint32_t v, const void *ts)
{
	return syscall(SYS_futex, p, op, v, ts, NULL, 0);
}

static void *
waiter(void *arg)
{
	uint32_t *p = arg;

	__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(p, __ATOMIC_SEQ_CST) == 0)
		futex(p, FUTEX_WAIT, 0, NULL);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Kernel threads; under mixio green ones are none. */
static int
tasks(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	MUST(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* N threads wait for a word of the process's own; somebody there wakes them. */
static void
private(uint32_t *p, const char *what)
{
	bool green = dlsym(RTLD_DEFAULT, "mixio_entered") != NULL;
	pthread_t t[N];
	long n = 0;

	waiting = woken = 0;
	__atomic_store_n(p, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < N; i++)
		t[i] = i % 50 == 3 ? spawn_kernel(waiter, p)
				   : spawn(waiter, p);
	while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < N)
		ms(1);
	settle();
	say("%s", what);
	IS(!green || tasks() <= 8);
	__atomic_store_n(p, 1, __ATOMIC_SEQ_CST);
	n += futex(p, FUTEX_WAKE, 1, NULL);
	n += futex(p, FUTEX_WAKE, N / 2, NULL);
	n += futex(p, FUTEX_WAKE, INT_MAX, NULL);
	for (int i = 0; i < N; i++)
		join(t[i]);
	say("woken %d, said %ld", woken, n);
}

/* A child wakes a thread of ours, then waits until one of ours wakes it. */
static void
shared(uint32_t *p, const char *what)
{
	pthread_t t;
	pid_t pid;
	int status;

	p[0] = p[1] = 0;
	t = spawn(waiter, p);
	settle();
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		long n;

		__atomic_store_n(&p[0], 1, __ATOMIC_SEQ_CST);
		n = futex(&p[0], FUTEX_WAKE, INT_MAX, NULL);
		while (__atomic_load_n(&p[1], __ATOMIC_SEQ_CST) == 0)
			futex(&p[1], FUTEX_WAIT, 0, NULL);
		_exit(10 + (int)n);
	}
	join(t);
	__atomic_store_n(&p[1], 1, __ATOMIC_SEQ_CST);
	futex(&p[1], FUTEX_WAKE, 1, NULL);
	MUST(waitpid(pid, &status, 0) == pid);
	say("%s: child %d", what, WEXITSTATUS(status));
}

static void *
errors(void *arg)
{
	struct timespec rel = { 0, 20000000 }, bad = { 0, -1 };
	uint32_t *p = arg;

	R(futex(p, FUTEX_WAIT, *p + 1, NULL));
	R(futex(p, FUTEX_WAIT, *p, &rel));
	R(futex(p, FUTEX_WAIT, *p, &bad));
	R(futex((uint32_t *)((char *)p + 1), FUTEX_WAIT, 0, NULL));
	R(futex(NULL, FUTEX_WAIT, 0, NULL));
	R(futex((uint32_t *)16, FUTEX_WAIT, 0, &rel));
	R(syscall(SYS_futex, p, FUTEX_WAIT_BITSET, *p, NULL, NULL, 0));
	R(futex(p, FUTEX_WAKE, 1, NULL));
	return NULL;
}

int
main(void)
{
	uint32_t *heap = calloc(1, 4096), stack = 0, *map, *both;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	pid_t pid;
	int status;

	alarm(60);
	private(&word, "-- .bss");
	private(heap, "-- heap");
	private(&stack, "-- stack");
	private(&data, "-- .data");

	map = mmap(NULL, page, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(map != MAP_FAILED);
	shared(map, "shared");

	say("-- one address, private, shared, private");
	both = mmap(NULL, page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(both != MAP_FAILED);
	private(both, "private");
	MUST(mmap(both, page, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == both);
	shared(both, "shared");
	MUST(mmap(both, page, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == both);
	private(both, "private");

	say("-- in a child, whose memory is another");
	MUST(mmap(both, page, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == both);
	fflush(NULL);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		MUST(mmap(both, page, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_FIXED, -1, 0) == both);
		private(both, "private in the child");
		shared(map, "shared with a grandchild");
		_exit(5);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("child %d", WEXITSTATUS(status));

	say("-- errors, green, private");
	join(spawn(errors, heap));
	say("-- errors, green, shared");
	join(spawn(errors, map));
	say("-- errors, kernel");
	join(spawn_kernel(errors, heap));
	return 0;
}
