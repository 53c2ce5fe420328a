/* SPDX-License-Identifier: MIT */
/* What all parts of the stress test share: slots, random numbers, naps. */
#ifndef STRESS_COMMON_H
#define STRESS_COMMON_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DIE(...) die(__LINE__, __VA_ARGS__)

/* What one thread is at: written by it, read by the watchdog. */
struct slot {
	int used;
	int kernel; /* it is a kernel thread */
	const char *volatile what;
	volatile long done, of; /* steps */
	volatile int channel;
	uint64_t seed;
	pthread_t thread;
};

static uint64_t progress, errors;
static int (*entered)(void);          /* mixio_entered(), if there is one */
static uint64_t seed;
/* Held for reading by whoever makes descriptors, for writing while a number
 * is closed and must not be reused. */
static pthread_rwlock_t numbers;

static void
die(int line, const char *fmt, ...)
{
	char buf[300];
	va_list ap;
	int n;

	n = snprintf(buf, sizeof(buf), "# line %d (seed %llu): ", line,
		     (unsigned long long)seed);
	va_start(ap, fmt);
	n += vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
	va_end(ap);
	buf[n++] = '\n';
	if (write(2, buf, n) < 0)
		_exit(3);
	__atomic_add_fetch(&errors, 1, __ATOMIC_SEQ_CST);
	abort();
}

static uint64_t
rnd(uint64_t *s)
{
	uint64_t x = *s += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Asks for a kernel thread, under mixio too: see mixio(3). */
static void
kernel_scope(pthread_attr_t *attr)
{
	pthread_attr_setscope(attr, PTHREAD_SCOPE_PROCESS);
	pthread_attr_setscope(attr, PTHREAD_SCOPE_SYSTEM);
}

/* Kernel threads make kernel threads, whatever is asked for. */
static int
is_green(void)
{
	return entered && entered();
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void
step(struct slot *s)
{
	s->done++;
	__atomic_add_fetch(&progress, 1, __ATOMIC_RELAXED);
}

static void
nap(uint64_t *r, int most_us)
{
	struct timespec ts = { 0, (long)(rnd(r) % most_us) * 1000 };
	double begin = now(), want = ts.tv_nsec / 1e9;

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
	if (now() - begin < want - 1e-6)
		DIE("woke early");
}

static void
sem_down(sem_t *s)
{
	while (sem_wait(s) != 0)
		if (errno != EINTR)
			DIE("sem_wait: %s", strerror(errno));
}

#endif
