/* SPDX-License-Identifier: MIT */
/*
 * Locks. The object and its fast path are libc's: try, and only where a
 * blocking call would sleep wait under the object's address. So static
 * initialisers, kernel waiters and objects shared with threads that have not
 * opted in work as they are. Objects shared between processes, whose waker may
 * be out of sight, hop.
 */
#include "preload.h"

#include <limits.h>

/* glibc's mutex kinds; layout checked by the twin tests on every libc. */
#define KIND_TYPE 3
#define KIND_ERRORCHECK 2
#define KIND_ROBUST 16
#define KIND_INHERIT 32
#define NOTRECOVERABLE (INT_MAX - 1)
#define KIND_PSHARED 128
#define KIND(m) ((m)->__data.__kind)

/*
 * libc's trylock keeps a robust mutex that is beyond recovery locked when it
 * says so (glibc 2.36); its lock does not, and cannot wait then.
 */
static int
trylock(pthread_mutex_t *m)
{
	if (unlikely(KIND(m) & KIND_ROBUST) &&
	    m->__data.__owner == NOTRECOVERABLE)
		return real.pthread_mutex_lock(m);
	return real.pthread_mutex_trylock(m);
}

static int
try_mutex(void *m)
{
	int rc = trylock(m);

	return rc == EBUSY ? -EAGAIN : rc;
}

static bool
foreign(const pthread_mutex_t *m)
{
	return KIND(m) & KIND_PSHARED;
}

/*
 * Shared between processes and with priority inheritance: the kernel wants an
 * owner that it knows, and would let the other process wait for ever.
 */
static bool
no_owner(const pthread_mutex_t *m)
{
	return unlikely(KIND(m) & KIND_INHERIT) && foreign(m);
}

static bool
bad_abstime(const struct timespec *ts)
{
	return ts->tv_nsec < 0 || ts->tv_nsec >= (long)MX_NS;
}

/* Results of mx_lot_wait() for calls that return errno values. */
static int
lot_result(int rc)
{
	return rc < 0 ? -rc : rc;
}

static int
mutex_slow(pthread_mutex_t *m, uint64_t dl, bool bad_time)
{
	if ((KIND(m) & KIND_TYPE) == KIND_ERRORCHECK &&
	    m->__data.__owner == mx_me.tid)
		return EDEADLK;
	if (bad_time)
		return EINVAL;
	mx_why("pthread_mutex_lock", (uintptr_t)m);
	return lot_result(mx_lot_wait(m, try_mutex, m, dl, 0));
}

/*
 * Priority inheritance is between kernel threads: the kernel would look for an
 * owner that is none of its own. Once there are green threads such a mutex is
 * made a plain one, unless it is shared between processes.
 */
int
pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	pthread_mutexattr_t mine;
	int protocol, shared;

	if (!attr || !atomic_load_explicit(&mx_active, memory_order_relaxed) ||
	    pthread_mutexattr_getprotocol(attr, &protocol) ||
	    protocol != PTHREAD_PRIO_INHERIT ||
	    pthread_mutexattr_getpshared(attr, &shared) ||
	    shared == PTHREAD_PROCESS_SHARED)
		return real.pthread_mutex_init(m, attr);
	mine = *attr;
	pthread_mutexattr_setprotocol(&mine, PTHREAD_PRIO_NONE);
	return real.pthread_mutex_init(m, &mine);
}
int __pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
MX_ALIAS(__pthread_mutex_init, pthread_mutex_init);

/* pthread_mutex_lock(3). Parks; not a cancellation point. */
int
pthread_mutex_lock(pthread_mutex_t *m)
{
	int rc;

	if (!mx_on())
		return real.pthread_mutex_lock(m);
	if (no_owner(m))
		return ENOTSUP;
	rc = trylock(m);
	if (likely(rc != EBUSY))
		return rc;
	if (foreign(m))
		return MX_HOP(MX_HOP_LOCK, real.pthread_mutex_lock(m));
	return mutex_slow(m, MX_NEVER, false);
}
int __pthread_mutex_lock(pthread_mutex_t *m);
MX_ALIAS(__pthread_mutex_lock, pthread_mutex_lock);

int
pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock,
    const struct timespec *abstime)
{
	int rc;

	if (!mx_on() || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return real.pthread_mutex_clocklock(m, clock, abstime);
	if (no_owner(m))
		return ENOTSUP;
	rc = trylock(m);
	if (rc != EBUSY)
		return rc;
	if (foreign(m))
		return MX_HOP(MX_HOP_LOCK, real.pthread_mutex_clocklock(m, clock,
		    abstime));
	return mutex_slow(m, mx_deadline(clock, abstime),
	    bad_abstime(abstime));
}

int
pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *abstime)
{
	if (!mx_on())
		return real.pthread_mutex_timedlock(m, abstime);
	return pthread_mutex_clocklock(m, CLOCK_REALTIME, abstime);
}

int
pthread_mutex_unlock(pthread_mutex_t *m)
{
	int rc = real.pthread_mutex_unlock(m);

	mx_lot_wake(m, 1);
	return rc;
}
int __pthread_mutex_unlock(pthread_mutex_t *m);
MX_ALIAS(__pthread_mutex_unlock, pthread_mutex_unlock);

/* ---- C11 ---- */

static int
c11(int rc)
{
	switch (rc) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	default:
		return thrd_error;
	}
}

/* glibc's mtx_t is a pthread_mutex_t, its once_flag a pthread_once_t. */
int
mtx_lock(mtx_t *m)
{
	if (!mx_on())
		return real.mtx_lock(m);
	return c11(pthread_mutex_lock((pthread_mutex_t *)m));
}

int
mtx_timedlock(mtx_t *m, const struct timespec *abstime)
{
	if (!mx_on())
		return real.mtx_timedlock(m, abstime);
	return c11(pthread_mutex_timedlock((pthread_mutex_t *)m, abstime));
}

int
mtx_unlock(mtx_t *m)
{
	return c11(pthread_mutex_unlock((pthread_mutex_t *)m));
}

/* ---- read-write locks ---- */

static int
try_rd(void *l)
{
	int rc = real.pthread_rwlock_tryrdlock(l);

	return rc == EBUSY ? -EAGAIN : rc;
}

static int
try_wr(void *l)
{
	int rc = real.pthread_rwlock_trywrlock(l);

	return rc == EBUSY ? -EAGAIN : rc;
}

static int
rw_wait(pthread_rwlock_t *l, mx_try_fn try, uint64_t dl)
{
	int saved = errno, rc;

	mx_why("pthread_rwlock", (uintptr_t)l);
	rc = lot_result(mx_lot_wait(l, try, l, dl, 0));
	errno = saved;
	return rc;
}

static bool
rw_mine(const pthread_rwlock_t *l)
{
	return l->__data.__cur_writer == mx_me.tid;
}

int
pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	int rc;

	if (!mx_on())
		return real.pthread_rwlock_rdlock(l);
	rc = real.pthread_rwlock_tryrdlock(l);
	if (rc != EBUSY)
		return rc;
	if (l->__data.__shared)
		return MX_HOP(MX_HOP_LOCK, real.pthread_rwlock_rdlock(l));
	return rw_mine(l) ? EDEADLK : rw_wait(l, try_rd, MX_NEVER);
}
int __pthread_rwlock_rdlock(pthread_rwlock_t *l);
MX_ALIAS(__pthread_rwlock_rdlock, pthread_rwlock_rdlock);

int
pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	int rc;

	if (!mx_on())
		return real.pthread_rwlock_wrlock(l);
	rc = real.pthread_rwlock_trywrlock(l);
	if (rc != EBUSY)
		return rc;
	if (l->__data.__shared)
		return MX_HOP(MX_HOP_LOCK, real.pthread_rwlock_wrlock(l));
	return rw_mine(l) ? EDEADLK : rw_wait(l, try_wr, MX_NEVER);
}
int __pthread_rwlock_wrlock(pthread_rwlock_t *l);
MX_ALIAS(__pthread_rwlock_wrlock, pthread_rwlock_wrlock);

int
pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock,
    const struct timespec *abstime)
{
	int rc;

	if (!mx_on() || bad_abstime(abstime) ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return real.pthread_rwlock_clockrdlock(l, clock, abstime);
	rc = real.pthread_rwlock_tryrdlock(l);
	if (rc != EBUSY)
		return rc;
	if (l->__data.__shared)
		return MX_HOP(MX_HOP_LOCK, real.pthread_rwlock_clockrdlock(l, clock,
		    abstime));
	return rw_mine(l) ? EDEADLK : rw_wait(l, try_rd, mx_deadline(clock,
	    abstime));
}

int
pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock,
    const struct timespec *abstime)
{
	int rc;

	if (!mx_on() || bad_abstime(abstime) ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return real.pthread_rwlock_clockwrlock(l, clock, abstime);
	rc = real.pthread_rwlock_trywrlock(l);
	if (rc != EBUSY)
		return rc;
	if (l->__data.__shared)
		return MX_HOP(MX_HOP_LOCK, real.pthread_rwlock_clockwrlock(l, clock,
		    abstime));
	return rw_mine(l) ? EDEADLK : rw_wait(l, try_wr, mx_deadline(clock,
	    abstime));
}

int
pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *abstime)
{
	if (!mx_on())
		return real.pthread_rwlock_timedrdlock(l, abstime);
	return pthread_rwlock_clockrdlock(l, CLOCK_REALTIME, abstime);
}

int
pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *abstime)
{
	if (!mx_on())
		return real.pthread_rwlock_timedwrlock(l, abstime);
	return pthread_rwlock_clockwrlock(l, CLOCK_REALTIME, abstime);
}

int
pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	int rc = real.pthread_rwlock_unlock(l);

	/* Readers come in together, so everybody tries. */
	mx_lot_wake(l, INT_MAX);
	return rc;
}
int __pthread_rwlock_unlock(pthread_rwlock_t *l);
MX_ALIAS(__pthread_rwlock_unlock, pthread_rwlock_unlock);

/* ---- spin locks: nobody says when they are free, so take turns ---- */

int
pthread_spin_lock(pthread_spinlock_t *l)
{
	int i;

	if (!mx_on())
		return real.pthread_spin_lock(l);
	for (i = 0; real.pthread_spin_trylock(l) != 0; i++) {
		if (i < 32)
			mx_arch_pause();
		else
			sched_yield();
	}
	return 0;
}

/* ---- barriers ---- */

/*
 * glibc's layout: arrivals, current round, count, shared, departures. A barrier
 * that is not shared between processes is ours alone, for threads of all kinds:
 * one word holds the arrivals of this round (low half) and the number of rounds
 * so far, so that both change at once.
 */
struct barrier {
	_Atomic uint64_t state;
	unsigned count;
	int shared;
	_Atomic unsigned inside; /* waiters that have not left; destroy waits */
};

struct barrier_wait {
	struct barrier *b;
	uint32_t round;
};

static int
try_barrier(void *arg)
{
	struct barrier_wait *w = arg;

	return atomic_load(&w->b->state) >> 32 == w->round ? -EAGAIN : 0;
}

int
pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;
	struct barrier_wait w = { .b = b };
	int saved = errno;
	uint64_t s, next;
	bool last;

	if (b->shared) {
		if (!mx_on())
			return real.pthread_barrier_wait(barrier);
		return MX_HOP(MX_HOP_LOCK, real.pthread_barrier_wait(barrier));
	}
	MX_HB_RELEASE(b);
	atomic_fetch_add(&b->inside, 1);
	s = atomic_load(&b->state);
	do {
		w.round = (uint32_t)(s >> 32);
		last = (uint32_t)s + 1 == b->count;
		next = last ? (uint64_t)(w.round + 1) << 32 : s + 1;
	} while (!atomic_compare_exchange_weak(&b->state, &s, next));
	if (last) {
		mx_lot_wake_slow((uintptr_t)b, INT_MAX, ~0u);
	} else {
		mx_why("pthread_barrier_wait", (uintptr_t)b);
		mx_lot_wait(b, try_barrier, &w, MX_NEVER, 0);
	}
	MX_HB_ACQUIRE(b);
	/* Our last access: from here on destroy may return. */
	atomic_fetch_sub(&b->inside, 1);
	mx_lot_wake_slow((uintptr_t)&b->inside, INT_MAX, ~0u);
	errno = saved;
	return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

static int
try_empty(void *arg)
{
	struct barrier *b = arg;

	return atomic_load(&b->inside) ? -EAGAIN : 0;
}

/* pthread_barrier_destroy(3): waits until the last ones have left, as libc's. */
int
pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;

	if (!b->shared) {
		if (try_empty(b) != 0)
			mx_lot_wait(&b->inside, try_empty, b, MX_NEVER, 0);
		/* libc's counters, as it left them: nobody is in there. */
		atomic_store(&b->state, 0);
	}
	return real.pthread_barrier_destroy(barrier);
}

/* ---- once ---- */

/*
 * glibc's encoding: 0 new, 2 done, else 1 + 4 * generation while it runs; the
 * generation is the number of forks, so that a child does not wait for a
 * thread that stayed in the parent. Ours for threads of all kinds, because
 * libc's internal wake-up could not be seen.
 */
#define ONCE_DONE 2

static _Atomic int once_gen = 1;

void mx_once_fork(void) __attribute__((visibility("hidden")));
void
mx_once_fork(void)
{
	atomic_fetch_add(&once_gen, 4);
}

static int
try_once(void *arg)
{
	int v = atomic_load_explicit((_Atomic int *)arg, memory_order_acquire);

	return v == atomic_load(&once_gen) ? -EAGAIN : 0;
}

/* The initialiser was unwound (exception, cancellation): start over. */
static void
once_undo(void *arg)
{
	_Atomic int **word = arg;

	if (*word) {
		MX_HB_RELEASE(*word);
		atomic_store(*word, 0);
		mx_lot_wake_slow((uintptr_t)*word, INT_MAX, ~0u);
	}
}

int
pthread_once(pthread_once_t *once, mx_void_fn fn)
{
	_Atomic int *word = (_Atomic int *)once;
	int v, gen;

	for (;;) {
		v = atomic_load_explicit(word, memory_order_acquire);
		if (likely(v & ONCE_DONE)) {
			MX_HB_ACQUIRE(word);
			return 0;
		}
		gen = atomic_load(&once_gen);
		if (v == gen) {
			mx_lot_wait(word, try_once, word, MX_NEVER, 0);
			continue;
		}
		if (!atomic_compare_exchange_strong(word, &v, gen))
			continue;
		MX_HB_ACQUIRE(word);
		{
			_Atomic int *undo
			    __attribute__((cleanup(once_undo))) = word;

			fn();
			undo = NULL;
		}
		MX_HB_RELEASE(word);
		atomic_store_explicit(word, ONCE_DONE, memory_order_release);
		mx_lot_wake_slow((uintptr_t)word, INT_MAX, ~0u);
		return 0;
	}
}
int __pthread_once(pthread_once_t *once, mx_void_fn fn);
MX_ALIAS(__pthread_once, pthread_once);

void
call_once(once_flag *once, mx_void_fn fn)
{
	pthread_once((pthread_once_t *)once, fn);
}

/* ---- semaphores ---- */

/* glibc's sem_t: value and waiters (8 bytes), then nonzero if shared. */
static bool
sem_shared(const sem_t *s)
{
	return ((const int *)s)[2] != 0;
}

/*
 * sem_trywait without errno and its calls: the value is the low half. If this
 * libc keeps it elsewhere (sem_layout()) libc's own is used.
 */
static bool plain_layout;

__attribute__((constructor)) static void
sem_layout(void)
{
	sem_t a, b;

#ifdef MX_TSAN
	return; /* libc's own, since ThreadSanitizer sees that */
#endif
	if (sem_init(&a, 0, 5) == 0 && sem_init(&b, 1, 7) == 0)
		plain_layout = (uint32_t)*(uint64_t *)&a == 5 &&
		    (uint32_t)*(uint64_t *)&b == 7 && !sem_shared(&a) &&
		    sem_shared(&b);
}

static int
try_sem(void *sem)
{
	_Atomic uint64_t *data = sem;
	uint64_t v;

	if (unlikely(!plain_layout)) {
		int saved = errno, rc = real.sem_trywait(sem);

		rc = rc == 0 ? 0 : errno == EAGAIN ? -EAGAIN : errno;
		errno = saved;
		return rc;
	}
	v = atomic_load_explicit(data, memory_order_relaxed);
	do {
		if ((uint32_t)v == 0)
			return -EAGAIN;
	} while (!atomic_compare_exchange_weak_explicit(data, &v, v - 1,
	    memory_order_acquire, memory_order_relaxed));
	return 0;
}

static int
sem_slow(sem_t *s, uint64_t dl)
{
	int rc;

	mx_why("sem_wait", (uintptr_t)s);
	do {
		rc = mx_lot_wait(s, try_sem, s, dl, MX_LOT_INTR |
		    MX_LOT_CANCEL);
	} while (rc == -ERESTART && dl == MX_NEVER);
	/* futex(2) with a timeout is not restarted, whatever the handler. */
	if (rc == -ERESTART)
		rc = -EINTR;
	if (rc == -ECANCELED)
		mx_cancel_now();
	return rc ? mx_fail(lot_result(rc)) : 0;
}

/* sem_wait(3). Parks; restarted after a handler with SA_RESTART. */
int
sem_wait(sem_t *s)
{
	if (!mx_on())
		return real.sem_wait(s);
	mx_testcancel();
	if (try_sem(s) == 0)
		return 0;
	if (sem_shared(s))
		return MX_HOP(MX_HOP_CANCEL, real.sem_wait(s));
	return sem_slow(s, MX_NEVER);
}

int
sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *abstime)
{
	if (!mx_on() || bad_abstime(abstime) ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return real.sem_clockwait(s, clock, abstime);
	mx_testcancel();
	if (try_sem(s) == 0)
		return 0;
	if (sem_shared(s))
		return MX_HOP(MX_HOP_CANCEL, real.sem_clockwait(s, clock, abstime));
	return sem_slow(s, mx_deadline(clock, abstime));
}

int
sem_timedwait(sem_t *s, const struct timespec *abstime)
{
	if (!mx_on() || bad_abstime(abstime))
		return real.sem_timedwait(s, abstime);
	return sem_clockwait(s, CLOCK_REALTIME, abstime);
}

/* sem_post(3). Does not park; async-signal-safe. */
int
sem_post(sem_t *s)
{
	int rc = real.sem_post(s);

	mx_lot_wake(s, 1);
	return rc;
}
