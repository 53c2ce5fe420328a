/* SPDX-License-Identifier: MIT */
/*
 * mixio.h - opt a thread in to asynchronous blocking calls.
 *
 * Header only: every call looks the runtime up when it is made, so a program
 * built with this header runs with and without the preloaded object. Without
 * it the calls say "not active" (ENOSYS, 0 or NULL) and change nothing. Link
 * with -ldl where libc is older than glibc 2.34.
 *
 * All calls may be made by any thread, opted in or not. None of them parks
 * unless its comment says so. None is async-signal-safe but mixio_entered().
 */
#ifndef MIXIO_H
#define MIXIO_H

#ifndef RTLD_DEFAULT
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#endif
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Counters of the calling thread's domain; of the process where it says so. */
struct mixio_stats {
	uint64_t size;		/* in: sizeof(struct mixio_stats) */
	uint64_t switches;	/* changes from one green thread to another */
	uint64_t parks;		/* waits that left the run queue */
	uint64_t hops;		/* calls made on a helper kernel thread */
	uint64_t handoffs;	/* times the domain left a busy thread */
	uint64_t created;	/* identities born (cold creation) */
	uint64_t reused;	/* threads that took a pooled identity */
	uint64_t live;		/* green threads alive now */
	uint64_t peak;		/* most green threads alive at once */
	uint64_t pooled;	/* identities waiting in the pool (process) */
	uint64_t helpers;	/* kernel threads of mixio now (process) */
	uint64_t helpers_peak;	/* most of them at once (process) */
};

#ifdef MIXIO_BUILDING

int mixio_enter(void);
int mixio_leave(void);
int mixio_entered(void);
int mixio_stats(struct mixio_stats *stats);
int mixio_dump(int fd);
int mixio_kernel_threads(int on);
int mixio_interrupt(pthread_t thread);
unsigned long mixio_domain(void);
const char *mixio_version(void);

#else

static inline void *
mixio_symbol_(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

/*
 * Opts the calling thread in: from now on its blocking calls park, and the
 * threads that it creates are green. Idempotent. Returns 0 or an errno value:
 * ENOSYS (libmixio.so is not preloaded), ENOTSUP (this libc is not supported,
 * or libev cannot be loaded), EAGAIN or ENOMEM (no memory or threads).
 */
static inline int
mixio_enter(void)
{
	int (*fn)(void) = (int (*)(void))mixio_symbol_("mixio_enter");

	return fn ? fn() : ENOSYS;
}

/*
 * Opts the calling thread out. Returns 0 or an errno value: ENOSYS, EINVAL
 * (not opted in, or the caller is a green thread), EBUSY (green threads of
 * its domain are alive). May park for as long as it takes to come back to the
 * thread's own kernel thread.
 */
static inline int
mixio_leave(void)
{
	int (*fn)(void) = (int (*)(void))mixio_symbol_("mixio_leave");

	return fn ? fn() : ENOSYS;
}

/* 1 in a green thread or an opted-in one, else 0. Async-signal-safe. */
static inline int
mixio_entered(void)
{
	int (*fn)(void) = (int (*)(void))mixio_symbol_("mixio_entered");

	return fn ? fn() : 0;
}

/*
 * Fills *stats, whose size member the caller has set. Returns 0 or an errno
 * value: ENOSYS, EINVAL (size, or the caller has not opted in).
 */
static inline int
mixio_stats(struct mixio_stats *stats)
{
	int (*fn)(struct mixio_stats *) =
	    (int (*)(struct mixio_stats *))mixio_symbol_("mixio_stats");

	return fn ? fn(stats) : ENOSYS;
}

/*
 * Writes every green thread of the caller's domain to descriptor fd: name,
 * state, what it waits for and for how long, its C stack and its Python stack.
 * Parks until that is done. Returns 0 or an errno value: ENOSYS, EINVAL (not
 * opted in), ENOMEM, EAGAIN (no process can be made), ETIMEDOUT (nobody reads
 * it), or write(2)'s.
 */
static inline int
mixio_dump(int fd)
{
	int (*fn)(int) = (int (*)(int))mixio_symbol_("mixio_dump");

	return fn ? fn(fd) : ENOSYS;
}

/*
 * While on is not 0, threads created by the calling thread are kernel threads.
 * Returns the value before, or -1 where mixio is not active.
 */
static inline int
mixio_kernel_threads(int on)
{
	int (*fn)(int) = (int (*)(int))mixio_symbol_("mixio_kernel_threads");

	return fn ? fn(on) : -1;
}

/*
 * Makes the blocking call in which a green or opted-in thread waits fail with
 * ECANCELED: those on descriptors, sleeps, waitpid of one child, sigwait; not
 * those for locks, conditions and joins, nor those made on a helper. thread
 * must not have been joined, nor have ended detached. Returns 0 or an errno
 * value: ENOSYS, ESRCH (the thread is neither green nor opted in), EAGAIN (it
 * does not wait in such a call now; nothing has changed).
 */
static inline int
mixio_interrupt(pthread_t thread)
{
	int (*fn)(pthread_t) =
	    (int (*)(pthread_t))mixio_symbol_("mixio_interrupt");

	return fn ? fn(thread) : ENOSYS;
}

/*
 * A number that the threads of a domain have in common, and no two domains at
 * a time; 0 in a thread that is neither green nor opted in.
 */
static inline unsigned long
mixio_domain(void)
{
	unsigned long (*fn)(void) =
	    (unsigned long (*)(void))mixio_symbol_("mixio_domain");

	return fn ? fn() : 0;
}

/* The version of the preloaded object, such as "0.1.0"; NULL without it. */
static inline const char *
mixio_version(void)
{
	const char *(*fn)(void) =
	    (const char *(*)(void))mixio_symbol_("mixio_version");

	return fn ? fn() : (const char *)0;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
