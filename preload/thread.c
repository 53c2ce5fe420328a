/* SPDX-License-Identifier: MIT */
/*
 * Threads. Calls about a green thread are ours, because libc would use the
 * kernel tid of its long gone kernel task; about any other thread, libc's.
 */
#include "preload.h"

#include <link.h>

/* Marks in glibc's struct pthread_attr.flags that libc does not use. */
#define ATTR_PROCESS 0x20000000	/* PTHREAD_SCOPE_PROCESS was asked for */
#define ATTR_KERNEL 0x40000000	/* and then PTHREAD_SCOPE_SYSTEM */

static int *
attr_flags(const pthread_attr_t *attr)
{
	/* struct sched_param (4), schedpolicy (4), flags */
	return (int *)(uintptr_t)attr + 2;
}

static bool
green(const struct mx_gt *gt)
{
	return gt->dom && !gt->is_main;
}

/*
 * Up to glibc 2.33 the parts of libc outside libc.so make their helpers by the
 * public name: for timers, aio and mq_notify in librt. They are kernel threads,
 * as where libc makes them inside: timer_create tells the kernel a helper's tid.
 */
#if __GLIBC_PREREQ(2, 34)
static bool
by_libc(const void *caller)
{
	(void)caller;
	return false;
}
#else
static struct {
	const char *low, *high;
} parts[2];	/* librt and libanl, which we are linked with */
static _Atomic bool parts_known;

static int
find_parts(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *high = NULL;
	int i;

	(void)size;
	(void)arg;
	i = strstr(info->dlpi_name, "/librt.so.1") ? 0 :
	    strstr(info->dlpi_name, "/libanl.so.1") ? 1 : -1;
	if (i < 0)
		return 0;
	parts[i].low = (const char *)info->dlpi_addr;
	for (int k = 0; k < info->dlpi_phnum; k++)
		if (info->dlpi_phdr[k].p_type == PT_LOAD)
			high = (const char *)info->dlpi_addr +
			    info->dlpi_phdr[k].p_vaddr +
			    info->dlpi_phdr[k].p_memsz;
	parts[i].high = high;
	return 0;
}

static bool
by_libc(const void *caller)
{
	const char *p = caller;

	/* Threads that do this at the same time store the same. */
	if (unlikely(!atomic_load_explicit(&parts_known,
	    memory_order_acquire))) {
		dl_iterate_phdr(find_parts, NULL);
		atomic_store_explicit(&parts_known, true,
		    memory_order_release);
	}
	return (p >= parts[0].low && p < parts[0].high) ||
	    (p >= parts[1].low && p < parts[1].high);
}
#endif

/* pthread_create(3): a green thread if the caller has opted in. */
int
pthread_create(pthread_t *pt, const pthread_attr_t *attr, mx_start_fn fn,
    void *arg)
{
	if (!mx_on() || mx_me.kernel_threads ||
	    (attr && (*attr_flags(attr) & ATTR_KERNEL)) ||
	    by_libc(__builtin_return_address(0)))
		return real.pthread_create(pt, attr, fn, arg);
	return mx_thread_create(pt, attr, fn, NULL, arg);
}

/*
 * Every program that cares sets PTHREAD_SCOPE_SYSTEM, because Linux has no
 * other, so that alone means nothing. Asking for PTHREAD_SCOPE_PROCESS first
 * (ENOTSUP natively) and then for PTHREAD_SCOPE_SYSTEM means a kernel thread.
 */
int
pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
	int *flags = attr_flags(attr);

	if (!mx_on())
		return real.pthread_attr_setscope(attr, scope);
	if (scope == PTHREAD_SCOPE_PROCESS) {
		*flags = (*flags | ATTR_PROCESS) & ~ATTR_KERNEL;
		return 0;
	}
	if (scope == PTHREAD_SCOPE_SYSTEM && (*flags & ATTR_PROCESS)) {
		*flags = (*flags | ATTR_KERNEL) & ~ATTR_PROCESS;
		return 0;
	}
	return real.pthread_attr_setscope(attr, scope);
}

int
pthread_attr_getscope(const pthread_attr_t *attr, int *scope)
{
	if (mx_on() && (*attr_flags(attr) & ATTR_PROCESS)) {
		*scope = PTHREAD_SCOPE_PROCESS;
		return 0;
	}
	return real.pthread_attr_getscope(attr, scope);
}

/* ---- the end of a thread ---- */

static int
try_done(void *arg)
{
	struct mx_gt *gt = arg;

	return atomic_load(&gt->fate) & MX_FATE_DONE ? 0 : -EAGAIN;
}

/*
 * What libc says of a join with a time that is none: at once, and even for the
 * caller itself (glibc 2.41); at once, but for the caller (2.31); or where it
 * would have to wait (2.36). For the caller it never waits, so it can be asked.
 * 0: go on.
 */
static int
join_bad_time(struct mx_gt *gt)
{
	static const struct timespec bad = { 0, (long)MX_NS };
	int rc = real.pthread_timedjoin_np(pthread_self(), NULL, &bad);

	if (rc == EINVAL || gt == &mx_me)
		return rc;
	return mx_real_has(_Fork) ? 0 : EINVAL;	/* which came with 2.34 */
}

/*
 * Joins green thread gt, waiting until dl, or until no time at all: EINVAL if it
 * would have to. errno value.
 */
static int
join(struct mx_gt *gt, void **retval, uint64_t dl, bool bad_time)
{
	int fate, rc, saved = errno;

	if (bad_time && (rc = join_bad_time(gt)) != 0)
		return rc;
	if (gt == &mx_me)
		return EDEADLK;
	mx_testcancel();
	fate = atomic_fetch_or(&gt->fate, MX_FATE_JOINED);
	if (fate & (MX_FATE_DETACHED | MX_FATE_JOINED)) {
		if (!(fate & MX_FATE_JOINED))
			atomic_fetch_and(&gt->fate, ~MX_FATE_JOINED);
		return EINVAL;
	}
	rc = try_done(gt);
	if (rc && bad_time) {
		rc = -EINVAL;
	} else if (rc) {
		mx_why("pthread_join", (uintptr_t)gt->pt);
		rc = mx_lot_wait(&gt->fate, try_done, gt, dl, MX_LOT_CANCEL);
	}
	if (rc) {
		atomic_fetch_and(&gt->fate, ~MX_FATE_JOINED);
		if (rc == -ECANCELED)
			mx_cancel_now();
		return -rc;
	}
	MX_HB_ACQUIRE(&gt->fate);
	if (retval)
		*retval = gt->retval;
	mx_thread_release(gt, true);
	errno = saved;
	return 0;
}

int
pthread_join(pthread_t pt, void **retval)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (green(gt))
		return join(gt, retval, MX_NEVER, false);
	if (!mx_on() || gt == &mx_me)
		return real.pthread_join(pt, retval);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.pthread_join(pt, retval));
}

int
pthread_tryjoin_np(pthread_t pt, void **retval)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!green(gt))
		return real.pthread_tryjoin_np(pt, retval);
	if (gt != &mx_me && try_done(gt) != 0)
		return EBUSY;
	return join(gt, retval, MX_NEVER, false);
}

int
pthread_clockjoin_np(pthread_t pt, void **retval, clockid_t clock,
    const struct timespec *abstime)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (green(gt)) {
		if (!abstime)
			return join(gt, retval, MX_NEVER, false);
		if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
			return EINVAL;
		return join(gt, retval, mx_deadline(clock, abstime),
		    abstime->tv_nsec < 0 || abstime->tv_nsec >= (long)MX_NS);
	}
	if (!mx_on() || gt == &mx_me)
		return real.pthread_clockjoin_np(pt, retval, clock, abstime);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.pthread_clockjoin_np(pt, retval, clock,
	    abstime));
}

int
pthread_timedjoin_np(pthread_t pt, void **retval,
    const struct timespec *abstime)
{
	if (!green(mx_thread_of(pt)) && !mx_on())
		return real.pthread_timedjoin_np(pt, retval, abstime);
	return pthread_clockjoin_np(pt, retval, CLOCK_REALTIME, abstime);
}

int
pthread_detach(pthread_t pt)
{
	struct mx_gt *gt = mx_thread_of(pt);
	int fate;

	if (!green(gt))
		return real.pthread_detach(pt);
	fate = atomic_fetch_or(&gt->fate, MX_FATE_DETACHED);
	if (fate & MX_FATE_DETACHED)
		return EINVAL;
	if (fate & MX_FATE_DONE) {
		MX_HB_ACQUIRE(&gt->fate);
		mx_thread_release(gt, false);
	}
	return 0;
}

/*
 * The process's first thread ends without having opted in: libc would not see
 * the end of the last one, because it counts identities and our kernel threads.
 */
static void
first_thread_ends(void)
{
	if (atomic_load(&mx_active) && real.gettid() == getpid()) {
		atomic_store(&mx_main_gone, 1);
		mx_monitor_start();
		mx_monitor_poke();
	}
}

void
pthread_exit(void *retval)
{
	if (mx_on())
		mx_thread_exit(retval);
	if (!mx_me.dom)
		first_thread_ends();
	real.pthread_exit(retval);
	__builtin_unreachable();
}

/* ---- cancellation ---- */

int
pthread_cancel(pthread_t pt)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_cancel(pt);
	if (mx_thread_over(gt))
		return mx_over_error;
	atomic_store(&gt->cancel, 1);
	if (gt == &mx_me) {
		if (gt->cancel_async)
			mx_testcancel();
	} else if (!MX_PEEK(gt->cancel_disabled)) {
		if (mx_wake(gt, -EINTR))
			return 0;
		if (MX_PEEK(gt->hopping) == MX_HOPPING_CANCEL) {
			mx_sig_kick(gt);
			atomic_store(&gt->dom->rekick, 1);
			if (atomic_load(&mx_monitor_asleep))
				mx_monitor_poke();
		} else if (MX_PEEK(gt->cancel_async)) {
			mx_sig_kick(gt);
		}
	}
	return 0;
}

void
pthread_testcancel(void)
{
	if (!mx_on()) {
		real.pthread_testcancel();
		return;
	}
	mx_testcancel();
}

int
pthread_setcancelstate(int state, int *old)
{
	struct mx_gt *gt = &mx_me;

	if (!gt->dom)
		return real.pthread_setcancelstate(state, old);
	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old)
		*old = gt->cancel_disabled ? PTHREAD_CANCEL_DISABLE :
		    PTHREAD_CANCEL_ENABLE;
	MX_POKE(gt->cancel_disabled, state == PTHREAD_CANCEL_DISABLE);
	if (gt->on && gt->cancel_async)
		mx_testcancel();
	return 0;
}

int
pthread_setcanceltype(int type, int *old)
{
	struct mx_gt *gt = &mx_me;

	if (!gt->dom)
		return real.pthread_setcanceltype(type, old);
	if (type != PTHREAD_CANCEL_DEFERRED &&
	    type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return EINVAL;
	if (old)
		*old = gt->cancel_async ? PTHREAD_CANCEL_ASYNCHRONOUS :
		    PTHREAD_CANCEL_DEFERRED;
	MX_POKE(gt->cancel_async, type == PTHREAD_CANCEL_ASYNCHRONOUS);
	if (gt->on && gt->cancel_async)
		mx_testcancel();
	return 0;
}

/* ---- names and scheduling ---- */

int
pthread_setname_np(pthread_t pt, const char *name)
{
	struct mx_gt *gt = mx_thread_of(pt);
	size_t len = strlen(name);

	if (!gt->dom)
		return real.pthread_setname_np(pt, name);
	if (len >= sizeof(gt->name))
		return ERANGE;
	if (mx_thread_over(gt))
		return ENOENT;
	memcpy(gt->name, name, len + 1);
	return 0;
}

int
pthread_getname_np(pthread_t pt, char *name, size_t len)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_getname_np(pt, name, len);
	if (len < sizeof(gt->name))
		return ERANGE;
	if (mx_thread_over(gt))
		return ENOENT;
	memcpy(name, gt->name, sizeof(gt->name));
	return 0;
}

/* libc reads what the kernel clears when a thread ends. */
pid_t
pthread_gettid_np(pthread_t pt)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (gt->dom && mx_thread_over(gt))
		return -1;
	return real.pthread_gettid_np(pt);
}

/* Processor time is a kernel thread's: of the carrier, for a green thread. */
int
pthread_getcpuclockid(pthread_t pt, clockid_t *clock)
{
	struct mx_gt *gt = mx_thread_of(pt);
	struct mx_kt *kt;

	if (!gt->dom)
		return real.pthread_getcpuclockid(pt, clock);
	if (mx_thread_over(gt))
		return ESRCH;
	/* The kernel's encoding: ~tid, then per thread (4) and sched (2). */
	kt = MX_PEEK(gt->kt);
	*clock = (clockid_t)(~(unsigned)(kt ? MX_PEEK(kt->tid) :
	    getpid()) << 3 | 6);
	return 0;
}

MX_NO_TSAN int
pthread_getattr_np(pthread_t pt, pthread_attr_t *attr)
{
	struct mx_gt *gt = mx_thread_of(pt);
	cpu_set_t cpus;
	int rc;

	if (!gt->dom || !gt->stack_low)
		return real.pthread_getattr_np(pt, attr);
	rc = pthread_attr_init(attr);
	if (rc)
		return rc;
	pthread_attr_setstack(attr, gt->stack_low, gt->stack_size);
	pthread_attr_setguardsize(attr, gt->guard);
	pthread_attr_setdetachstate(attr, atomic_load(&gt->fate) &
	    MX_FATE_DETACHED ? PTHREAD_CREATE_DETACHED :
	    PTHREAD_CREATE_JOINABLE);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		pthread_attr_setaffinity_np(attr, sizeof(cpus), &cpus);
	return 0;
}

int
pthread_setattr_default_np(const pthread_attr_t *attr)
{
	int rc = real.pthread_setattr_default_np(attr);
	pthread_attr_t now;
	size_t size;

	/* libc keeps the old size where the new one is 0. */
	if (rc == 0 && atomic_load(&mx_active) &&
	    pthread_getattr_default_np(&now) == 0) {
		pthread_attr_getstacksize(&now, &size);
		pthread_attr_destroy(&now);
		mx_thread_default(size);
	}
	return rc;
}

/*
 * The kernel thread that runs gt, or ran it last. A thread that has ended has
 * the number 0, which means the caller where libc does not look at it.
 */
static int
ktid(struct mx_gt *gt)
{
	struct mx_kt *kt = mx_thread_over(gt) ? NULL : MX_PEEK(gt->kt);

	return kt ? MX_PEEK(kt->tid) : 0;
}

int
pthread_setaffinity_np(pthread_t pt, size_t size, const cpu_set_t *set)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_setaffinity_np(pt, size, set);
	return sched_setaffinity(ktid(gt), size, set) < 0 ? errno : 0;
}

int
pthread_getaffinity_np(pthread_t pt, size_t size, cpu_set_t *set)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_getaffinity_np(pt, size, set);
	return sched_getaffinity(ktid(gt), size, set) < 0 ? errno : 0;
}

/* One kernel thread runs all: priorities among green threads have no effect. */
int
pthread_setschedparam(pthread_t pt, int policy, const struct sched_param *param)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_setschedparam(pt, policy, param);
	if (mx_thread_over(gt))
		return ESRCH;
	return sched_setscheduler(ktid(gt), policy, param) < 0 ? errno : 0;
}

int
pthread_getschedparam(pthread_t pt, int *policy, struct sched_param *param)
{
	struct mx_gt *gt = mx_thread_of(pt);

	if (!gt->dom)
		return real.pthread_getschedparam(pt, policy, param);
	if (mx_thread_over(gt))
		return ESRCH;
	*policy = sched_getscheduler(ktid(gt));
	if (*policy < 0 || sched_getparam(ktid(gt), param) < 0)
		return errno;
	return 0;
}

int
pthread_setschedprio(pthread_t pt, int prio)
{
	struct mx_gt *gt = mx_thread_of(pt);
	struct sched_param param = { .sched_priority = prio };

	if (!gt->dom)
		return real.pthread_setschedprio(pt, prio);
	if (mx_thread_over(gt))
		return ESRCH;
	return sched_setparam(ktid(gt), &param) < 0 ? errno : 0;
}

/* ---- thread-specific data: we must know the destructors ---- */

int
pthread_key_create(pthread_key_t *key, mx_dtor_fn dtor)
{
	return mx_key_create(key, dtor);
}
MX_ALIAS(__pthread_key_create, pthread_key_create);

int
pthread_key_delete(pthread_key_t key)
{
	return mx_key_delete(key);
}

int
tss_create(tss_t *key, tss_dtor_t dtor)
{
	return mx_key_create(key, dtor) ? thrd_error : thrd_success;
}

void
tss_delete(tss_t key)
{
	mx_key_delete(key);
}

/* ---- C11 ---- */

int
thrd_create(thrd_t *thr, mx_thrd_fn fn, void *arg)
{
	int rc;

	if (!mx_on() || mx_me.kernel_threads)
		return real.thrd_create(thr, fn, arg);
	rc = mx_thread_create(thr, NULL, NULL, fn, arg);
	return rc == 0 ? thrd_success : rc == ENOMEM ? thrd_nomem : thrd_error;
}

int
thrd_join(thrd_t thr, int *res)
{
	void *retval;

	if (!green(mx_thread_of(thr)))
		return mx_on() ? MX_HOP(MX_HOP_CANCEL, real.thrd_join(thr, res)) :
		    real.thrd_join(thr, res);
	if (pthread_join(thr, &retval) != 0)
		return thrd_error;
	if (res)
		*res = (int)(intptr_t)retval;
	return thrd_success;
}

int
thrd_detach(thrd_t thr)
{
	if (!green(mx_thread_of(thr)))
		return real.thrd_detach(thr);
	return pthread_detach(thr) ? thrd_error : thrd_success;
}

void
thrd_exit(int res)
{
	if (mx_on())
		mx_thread_exit((void *)(intptr_t)res);
	if (!mx_me.dom)
		first_thread_ends();
	real.thrd_exit(res);
	__builtin_unreachable();
}
