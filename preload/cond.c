/* SPDX-License-Identifier: MIT */
/*
 * Condition variables. A green thread waits under the condition's address and
 * libc's object is not touched. libc's own wait unlocks the mutex where we
 * cannot see it and would leave green waiters for the mutex asleep, so once a
 * domain exists kernel threads wait here, too. A signal does libc's part for
 * those who began before that, and wakes one of ours; waking too many is
 * allowed (POSIX: at least one).
 */
#include "preload.h"

#include <limits.h>

/* glibc since 2.25: bit 0 of wrefs shared, bit 1 CLOCK_MONOTONIC. */
#define COND_SHARED 1
#define COND_MONOTONIC 2
#define WREFS(c) ((c)->__data.__wrefs)

struct kernel_wait {
	struct mx_lot_node *node;
	pthread_mutex_t *m;
};

/* A kernel thread that is cancelled while it waits: POSIX wants the mutex. */
static void
kernel_cleanup(void *arg)
{
	struct kernel_wait *w = arg;

	if (!mx_lot_unenrol(w->node, -1))
		mx_lot_wake_slow(w->node->key, 1, ~0u);
	pthread_mutex_lock(w->m);
}

static int
kernel_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, uint64_t dl)
{
	struct mx_lot_node n = { .gt = NULL };
	struct kernel_wait w = { .node = &n, .m = m };
	int rc, type;

	pthread_testcancel();
	mx_lot_enrol(&n, (uintptr_t)c, ~0u);
	rc = pthread_mutex_unlock(m);
	if (rc) {
		mx_lot_unenrol(&n, -1);
		return rc;
	}
	pthread_cleanup_push(kernel_cleanup, &w);
	real.pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	rc = mx_lot_sleep(&n, dl, 0);
	real.pthread_setcanceltype(type, NULL);
	pthread_cleanup_pop(0);
	if (!mx_lot_unenrol(&n, rc) && rc)
		rc = 0; /* a signal came with the timeout: take it */
	pthread_mutex_lock(m);
	return -rc;
}

static int
green_cond_wait(pthread_cond_t *c, pthread_mutex_t *m, uint64_t dl)
{
	struct mx_gt *gt = &mx_me;
	struct mx_lot_node n = { .gt = gt };
	int rc, saved = errno;

	mx_testcancel();
	mx_why("pthread_cond_wait", (uintptr_t)c);
	mx_enter(gt);
	mx_sig_begin(gt);
	mx_arm(gt);
	mx_lot_enrol(&n, (uintptr_t)c, ~0u);
	/* Whoever signals holds or held the mutex after us: it finds us. */
	rc = real.pthread_mutex_unlock(m);
	if (rc) {
		mx_lot_unenrol(&n, -1);
		if (!mx_disarm(gt))
			mx_park(gt, MX_NEVER);
		mx_leave(gt);
		return rc;
	}
	mx_lot_wake(m, 1);
	if (mx_interrupted(gt) && mx_disarm(gt))
		rc = -EINTR;
	else
		rc = mx_park(gt, dl);
	mx_lot_unenrol(&n, rc);
	mx_leave(gt);
	pthread_mutex_lock(m);
	errno = saved;
	/* A handler ran: returning is a wake-up for nothing, which may be. */
	if (rc == -EINTR) {
		mx_testcancel();
		rc = 0;
	}
	return -rc;
}

static bool
libc_only(const pthread_cond_t *c, const pthread_mutex_t *m)
{
	/* Shared, or robust: other processes take part. */
	return (WREFS(c) & COND_SHARED) || (m->__data.__kind & (16 | 128));
}

static bool
native(void)
{
	return !mx_me.on && (mx_me.depth || mx_me.vfork ||
	    !atomic_load_explicit(&mx_active, memory_order_relaxed));
}

static int
cond_wait(pthread_cond_t *c, pthread_mutex_t *m, uint64_t dl)
{
	return mx_me.on ? green_cond_wait(c, m, dl) :
	    kernel_cond_wait(c, m, dl);
}

/* pthread_cond_wait(3). Parks; cancellation point. */
int
pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (native())
		return real.pthread_cond_wait(c, m);
	if (libc_only(c, m)) {
		if (!mx_on())
			return real.pthread_cond_wait(c, m);
		return MX_HOP(MX_HOP_CANCEL, real.pthread_cond_wait(c, m));
	}
	return cond_wait(c, m, MX_NEVER);
}

int
pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
    const struct timespec *abstime)
{
	clockid_t clock = WREFS(c) & COND_MONOTONIC ? CLOCK_MONOTONIC :
	    CLOCK_REALTIME;

	if (native() || abstime->tv_nsec < 0 || abstime->tv_nsec >= (long)MX_NS)
		return real.pthread_cond_timedwait(c, m, abstime);
	if (libc_only(c, m)) {
		if (!mx_on())
			return real.pthread_cond_timedwait(c, m, abstime);
		return MX_HOP(MX_HOP_CANCEL, real.pthread_cond_timedwait(c, m,
		    abstime));
	}
	return cond_wait(c, m, mx_deadline(clock, abstime));
}

int
pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
    const struct timespec *abstime)
{
	if (native() || abstime->tv_nsec < 0 ||
	    abstime->tv_nsec >= (long)MX_NS ||
	    (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
		return real.pthread_cond_clockwait(c, m, clock, abstime);
	if (libc_only(c, m)) {
		if (!mx_on())
			return real.pthread_cond_clockwait(c, m, clock,
			    abstime);
		return MX_HOP(MX_HOP_CANCEL, real.pthread_cond_clockwait(c, m, clock,
		    abstime));
	}
	return cond_wait(c, m, mx_deadline(clock, abstime));
}

int
pthread_cond_signal(pthread_cond_t *c)
{
	int rc = real.pthread_cond_signal(c);

	mx_lot_wake(c, 1);
	return rc;
}

int
pthread_cond_broadcast(pthread_cond_t *c)
{
	int rc = real.pthread_cond_broadcast(c);

	mx_lot_wake(c, INT_MAX);
	return rc;
}

/* ---- C11: glibc's cnd_t is a pthread_cond_t ---- */

int
cnd_wait(cnd_t *c, mtx_t *m)
{
	if (native())
		return real.cnd_wait(c, m);
	return pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m) ?
	    thrd_error : thrd_success;
}

int
cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *abstime)
{
	int rc;

	if (native())
		return real.cnd_timedwait(c, m, abstime);
	rc = pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m,
	    abstime);
	return rc == 0 ? thrd_success : rc == ETIMEDOUT ? thrd_timedout :
	    thrd_error;
}

int
cnd_signal(cnd_t *c)
{
	pthread_cond_signal((pthread_cond_t *)c);
	return thrd_success;
}

int
cnd_broadcast(cnd_t *c)
{
	pthread_cond_broadcast((pthread_cond_t *)c);
	return thrd_success;
}
