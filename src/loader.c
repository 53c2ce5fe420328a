/* SPDX-License-Identifier: MIT */
/*
 * The loader's list lock. dl_iterate_phdr(3) holds it, over its callback, too,
 * and dlopen(3) while it links an object in. Natively the end of a thread has
 * nothing to do with it; here it has (tls_reset() in thread.c), so that
 *
 * - a thread's end must not wait for it: who holds it may wait for that end;
 * - the child of a fork must find it free. glibc's fork resets the loader's
 *   other locks in the child, but not this one (as of 2.43).
 *
 * The lock is a recursive mutex in ld.so's variable _rtld_global, at an offset
 * that differs from version to version. It is found by what it does: the one
 * mutex in there that is the calling thread's during dl_iterate_phdr() and
 * nobody's of ours after it. The child makes it new; what it guards is then as
 * whole as what glibc's own reset gives the child.
 */
#include "mx.h"

#include <dlfcn.h>
#include <link.h>

#define HELD 8
#define TRIES 20

static pthread_mutex_t *list_lock; /* NULL: not found */

struct look {
	char *from, *to;	/* _rtld_global */
	int tid;		/* the caller's, as libc's mutexes know it */
	pthread_mutex_t *held[HELD];
	unsigned n;
};

static bool
is_held(const pthread_mutex_t *m, int tid)
{
	return m->__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP &&
	    m->__data.__owner == tid && m->__data.__lock != 0 &&
	    m->__data.__count > 0;
}

static int
look(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct look *l = arg;
	char *p;

	(void)info;
	(void)size;
	for (p = l->from; p + sizeof(pthread_mutex_t) <= l->to;
	    p += _Alignof(pthread_mutex_t))
		if (is_held((pthread_mutex_t *)p, l->tid) && l->n < HELD)
			l->held[l->n++] = (pthread_mutex_t *)p;
	return 1;
}

/* [user code] tid: the caller's in its TCB. */
void
mx_loader_init(int tid)
{
	struct look l = { .tid = tid };
	pthread_mutex_t *found = NULL;
	const ElfW(Sym) *sym = NULL;
	Dl_info info;
	unsigned i, n = 0;

	l.from = dlvsym(RTLD_DEFAULT, "_rtld_global", "GLIBC_PRIVATE");
	if (!l.from || !dladdr1(l.from, &info, (void **)&sym, RTLD_DL_SYMENT) ||
	    !sym || info.dli_saddr != l.from)
		return;
	l.to = l.from + sym->st_size;
	dl_iterate_phdr(look, &l);
	/* In a constructor of dlopen's the caller holds another one, too. */
	for (i = 0; i < l.n; i++) {
		if (is_held(l.held[i], tid))
			continue;
		found = l.held[i];
		n++;
	}
	if (n == 1)
		list_lock = found;
}

/*
 * Takes the lock, so that dl_iterate_phdr() will not wait. False: somebody has
 * it, and not for the few moments that others need. If it is not known nobody
 * can tell, and dl_iterate_phdr() waits.
 */
bool
mx_loader_try(void)
{
	int i;

	for (i = 0; list_lock && real.pthread_mutex_trylock(list_lock); i++) {
		if (i == TRIES)
			return false;
		real.sched_yield();
	}
	return true;
}

void
mx_loader_done(void)
{
	if (list_lock)
		real.pthread_mutex_unlock(list_lock);
}

/* The child of a fork. */
void
mx_loader_fork(void)
{
	static const pthread_mutex_t new =
	    PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	if (list_lock)
		*list_lock = new;
}
