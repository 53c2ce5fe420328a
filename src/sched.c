/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: run queue, inbox, timers, park and wake, the hub. Everything
 * marked [held] in mx.h is touched only by the kernel thread that holds the
 * domain; mx_wake(), mx_ready() and mx_kick() may be called from anywhere,
 * signal handlers included, and take no lock.
 *
 * A gt is on one queue at most: whoever moves its wait word from ARMED to
 * FIRED puts it there, and a gt arms itself only while it holds its domain,
 * so nobody who holds the domain can find it armed but still running.
 */
#include "mx.h"

#define HOG 4		/* times that a thread is taken for busy */
#define BURST 64	/* switches before I/O gets a look */

#ifdef MX_TSAN
/* For objects that are not instrumented: see mx.h. */
int
mx_tsan_enter(struct mx_gt *gt)
{
	return mx_enter(gt);
}

void
mx_tsan_leave(struct mx_gt *gt)
{
	mx_leave(gt);
}

void
mx_tsan_arm(struct mx_gt *gt)
{
	mx_arm(gt);
}

void
mx_tsan_arm_intr(struct mx_gt *gt)
{
	mx_arm_intr(gt);
}

bool
mx_tsan_disarm(struct mx_gt *gt)
{
	return mx_disarm(gt);
}
#endif

/* ---- queues ---- */

static void
runq_add(struct mx_domain *d, struct mx_gt *gt)
{
	gt->next = NULL;
	if (d->runq)
		d->runq_tail->next = gt;
	else
		d->runq = gt;
	d->runq_tail = gt;
}

/*
 * A thread that computes runs after those that do not, as the kernel would have
 * it. This is more than a matter of latency: where an interpreter hands its lock
 * from one thread to the next, a busy one that comes back too early takes it
 * from under their noses, and they sit out another time slice (Ruby).
 */
void
mx_ready_held(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;

	if (likely(!gt->hog)) {
		runq_add(d, gt);
		return;
	}
	gt->next = NULL;
	if (d->hogq) {
		d->hogq_tail->next = gt;
	} else {
		d->hogq = gt;
		d->hog_since = d->clock;
	}
	d->hogq_tail = gt;
}

static struct mx_gt *
runq_pop(struct mx_domain *d)
{
	struct mx_gt *gt = d->runq;

	if (gt)
		d->runq = gt->next;
	return gt;
}

/*
 * From anywhere: ends the hub's sleep. What woke the domain may end it, too
 * (its last thread, woken by us, may be done while we are here), so the loop is
 * counted as in use before its sleep is ours to end; mx_loop_fini() waits.
 */
static void
rouse(struct mx_domain *d)
{
	atomic_fetch_add(&d->kickers, 1);
	if (atomic_exchange(&d->sleeping, 0))
		mx_loop_kick(d);
	atomic_fetch_sub(&d->kickers, 1);
}

static struct mx_gt *
hogq_pop(struct mx_domain *d)
{
	struct mx_gt *gt = d->hogq;

	d->hogq = gt->next;
	d->hog_since = d->clock;
	return gt;
}

/* For the hub. Busy threads have their turn now and then in any case. */
static struct mx_gt *
next_to_run(struct mx_domain *d)
{
	if (unlikely(d->hogq) && (!d->runq ||
	    d->clock - d->hog_since >= mx_env.handoff))
		return hogq_pop(d);
	return runq_pop(d);
}

/* From anywhere: the hub shall look around before it sleeps on. */
void
mx_kick(struct mx_domain *d)
{
	atomic_store(&d->kicked, 1);
	if (atomic_load(&d->sleeping))
		rouse(d);
}

/*
 * From anywhere. The push and the load of sleeping are sequentially
 * consistent, as are the hub's store of sleeping and its last look at the
 * inbox: one of the two sees the other.
 */
void
mx_ready(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	struct mx_gt *old;

	old = atomic_load_explicit(&d->inbox, memory_order_relaxed);
	do {
		gt->next = old;
	} while (!atomic_compare_exchange_weak(&d->inbox, &old, gt));
	if (unlikely(atomic_load(&d->sleeping)))
		rouse(d);
}

void
mx_inbox_drain(struct mx_domain *d)
{
	struct mx_gt *l, *next, *fifo = NULL;

	if (!atomic_load_explicit(&d->inbox, memory_order_relaxed))
		return;
	l = atomic_exchange_explicit(&d->inbox, NULL, memory_order_acquire);
	for (; l; l = next) {
		next = l->next;
		l->next = fifo;
		fifo = l;
	}
	for (; fifo; fifo = next) {
		next = fifo->next;
		mx_ready_held(fifo);
	}
}

/*
 * The same by a thread that runs on its domain's own kernel thread: it holds the
 * domain for the moment that the queue takes, if the monitor has not just taken
 * it away. The word becomes what it was: this is no sign that the thread lets go
 * now and then. [handlers put off: one that parked would take our hold with it]
 */
static inline bool
ready_here(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	struct mx_gt *me = &mx_me;
	uint64_t w;

	if (me->dom != d || me->depth == 0 || !me->kt)
		return false;
	w = atomic_load_explicit(&d->hold, memory_order_relaxed);
	if (MX_HOLD_KT(w) != me->kt->id || (w & MX_HOLD_RT) ||
	    !atomic_compare_exchange_strong_explicit(&d->hold, &w,
	    w | MX_HOLD_RT, memory_order_acquire, memory_order_relaxed))
		return false;
	mx_ready_held(gt);
	atomic_store_explicit(&d->hold, w, memory_order_release);
	return true;
}

/* True: the caller has woken gt, which will return rc from mx_park(). */
bool
mx_wake(struct mx_gt *gt, int rc)
{
	if (!mx_unarm(gt, MX_WAIT_FIRED))
		return false;
	gt->rc = rc;
	if (!ready_here(gt))
		mx_ready(gt);
	return true;
}

bool
mx_wake_held(struct mx_gt *gt, int rc)
{
	if (!mx_unarm(gt, MX_WAIT_FIRED))
		return false;
	gt->rc = rc;
	mx_ready_held(gt);
	return true;
}

/* From anywhere. True: gt's call will fail with ECANCELED. */
bool
mx_interrupt(struct mx_gt *gt)
{
	int armed = MX_WAIT_ARMED_INTR;

	if (!atomic_compare_exchange_strong(&gt->wait, &armed, MX_WAIT_FIRED))
		return false;
	gt->rc = -ECANCELED;
	mx_ready(gt);
	return true;
}

/* ---- timers: a binary heap of absolute deadlines ---- */

static void
heap_set(struct mx_domain *d, uint32_t i, struct mx_timer *t)
{
	d->heap[i] = t;
	t->slot = i + 1;
}

static void
heap_up(struct mx_domain *d, uint32_t i, struct mx_timer *t)
{
	uint32_t up;

	while (i > 0) {
		up = (i - 1) / 2;
		if (d->heap[up]->dl <= t->dl)
			break;
		heap_set(d, i, d->heap[up]);
		i = up;
	}
	heap_set(d, i, t);
}

static void
heap_down(struct mx_domain *d, uint32_t i, struct mx_timer *t)
{
	uint32_t child;

	while ((child = 2 * i + 1) < d->nheap) {
		if (child + 1 < d->nheap &&
		    d->heap[child + 1]->dl < d->heap[child]->dl)
			child++;
		if (t->dl <= d->heap[child]->dl)
			break;
		heap_set(d, i, d->heap[child]);
		i = child;
	}
	heap_set(d, i, t);
}

/*
 * Room for n timers, so that adding one cannot fail. Each live gt needs one at
 * most, hence called when a gt is added. Returns 0 or -ENOMEM.
 */
int
mx_timer_reserve(struct mx_domain *d, unsigned n)
{
	size_t cap = d->heap_cap;
	void *p;

	if (n <= cap)
		return 0;
	cap = cap ? cap : 512;
	while (cap < n)
		cap *= 2;
	p = d->heap ? mremap(d->heap, d->heap_cap * sizeof(*d->heap),
	    cap * sizeof(*d->heap), MREMAP_MAYMOVE) :
	    mx_map(cap * sizeof(*d->heap));
	if (!p || p == MAP_FAILED)
		return -ENOMEM;
	d->heap = p;
	MX_POKE(d->heap_cap, (uint32_t)cap);
	return 0;
}

void
mx_timer_add(struct mx_domain *d, struct mx_timer *t)
{
	heap_up(d, d->nheap++, t);
}

void
mx_timer_del(struct mx_domain *d, struct mx_timer *t)
{
	uint32_t i = t->slot - 1;
	struct mx_timer *last;

	last = d->heap[--d->nheap];
	t->slot = 0;
	if (last == t)
		return;
	if (i > 0 && last->dl < d->heap[(i - 1) / 2]->dl)
		heap_up(d, i, last);
	else
		heap_down(d, i, last);
}

static void
timers_fire(struct mx_domain *d)
{
	struct mx_timer *t;
	uint64_t now;

	if (d->nheap == 0)
		return;
	now = mx_now();
	while (d->nheap && d->heap[0]->dl <= now) {
		t = d->heap[0];
		mx_timer_del(d, t);
		mx_wake_held(mx_container(t, struct mx_gt, timer), -ETIMEDOUT);
	}
}

/* ---- switching ---- */

/* The alternate stack that gt shall have on kt. */
static void *
altstack_of(const struct mx_gt *gt, const struct mx_kt *kt)
{
	return gt->ss.ss_flags & SS_DISABLE ? kt->debug_ss : gt->ss.ss_sp;
}

/*
 * With a thousand connections every thread's lines are cold when its turn comes.
 * They are asked for while others run: of the second next its record, of the
 * next one, whose record is here by now, the stack. (gcc drops a call of what
 * does nothing but prefetch, unless it is inlined early.)
 */
static inline __attribute__((always_inline)) void
look_ahead(const struct mx_gt *to)
{
	const struct mx_gt *next = to->next;
	const char *p;

	if (!next)
		return;
	p = next->ctx.sp;
	__builtin_prefetch(p, 1);
	__builtin_prefetch(p + 64, 1);
	__builtin_prefetch(p + 128, 1);
	__builtin_prefetch(p + 192, 1);
	__builtin_prefetch(p + 256, 1);
	__builtin_prefetch(p + 320, 1);
	__builtin_prefetch(next->ctx.tp, 0);
	p = (const char *)next->next;
	if (!p)
		return;
	__builtin_prefetch(p, 1);
	__builtin_prefetch(p + 64, 1);
	__builtin_prefetch(p + 128, 1);
}

/*
 * Makes kernel thread kt leave from and run to. What from wanted done once
 * its registers are saved, kt->after, is run by whatever runs next on kt.
 */
void
mx_run_on(struct mx_kt *kt, struct mx_gt *from, struct mx_gt *to)
{
	static const uint64_t all = ~0ull;
	uint64_t mask;

	mask = atomic_load_explicit(&to->mask, memory_order_relaxed);
	if (unlikely(mask != kt->mask)) {
		int saved = errno;

		if (kt->mask & ~mask)
			mx_sig_shift(from, kt, mask);
		kt->mask = mask;
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		    8, 0, 0);
		errno = saved;
	}
	/*
	 * Until altstack() a handler would begin at the top of from's, where
	 * from may be parked in a handler of its own.
	 */
	if (unlikely(altstack_of(to, kt) != kt->ss_sp))
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8,
		    0, 0);
	MX_POKE(to->kt, kt);
	atomic_store_explicit(&kt->cur, to, memory_order_relaxed);
	MX_HB_RELEASE(to);
	mx_arch_switch(&from->ctx, &to->ctx);
}

/*
 * The alternate stack belongs to the thread. It is changed on the new stack: the
 * kernel refuses while one runs on the old one.
 */
static void
altstack(struct mx_gt *me, struct mx_kt *kt, void *ss_sp)
{
	stack_t ss = me->ss;
	int saved = errno;

	if (me->ss.ss_flags & SS_DISABLE) {
		ss.ss_sp = ss_sp;
		ss.ss_size = ss_sp ? MX_DEBUG_SS : 0;
		ss.ss_flags = ss_sp ? 0 : SS_DISABLE;
	}
	if (real.syscall(SYS_sigaltstack, (long)&ss, 0, 0, 0, 0, 0) == 0)
		kt->ss_sp = ss_sp;
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&kt->mask, 0, 8, 0,
	    0);
	errno = saved;
}

/* First thing on a stack that was switched to. */
void
mx_after(struct mx_gt *me)
{
	struct mx_kt *kt;
	void (*after)(void *);
	void *ss_sp;

	MX_HB_ACQUIRE(me);
	kt = me->kt;
	/* An identity that is revived to be buried has none. */
	if (unlikely(!kt))
		return;
	ss_sp = altstack_of(me, kt);
	if (unlikely(ss_sp != kt->ss_sp))
		altstack(me, kt, ss_sp);
	after = kt->after;
	if (after) {
		kt->after = NULL;
		after(kt->after_arg);
	}
}

/*
 * [held] Leaves gt, which somebody will put on the run queue again, and runs
 * the next one; after(arg) is called when gt's registers are saved. Returns
 * when gt runs again: holding its domain, unless after() gave it away.
 */
void
mx_switch(struct mx_gt *gt, void (*after)(void *), void *arg)
{
	struct mx_domain *d = gt->dom;
	struct mx_kt *kt = gt->kt;
	struct mx_gt *to;

	mx_inbox_drain(d);
	if (d->runq && d->burst < BURST) {
		to = runq_pop(d);
		d->burst++;
		MX_COUNT(d->switches);
		look_ahead(to);
		if (to == gt)
			return;
	} else {
		to = d->hub;
		atomic_store_explicit(&to->mask, atomic_load_explicit(
		    &d->hubmask, memory_order_relaxed), memory_order_relaxed);
	}
	kt->after = after;
	kt->after_arg = arg;
	mx_run_on(kt, gt, to);
	mx_after(gt);
}

static void
ready_after(void *arg)
{
	mx_ready(arg);
}

/*
 * The domain moved on while this gt was in user code (or on a helper): leave
 * the kernel thread to its idle loop and queue up. Returns holding the domain.
 */
int
mx_enter_slow(struct mx_gt *gt)
{
	struct mx_kt *kt = gt->kt;
	uint64_t now;

	if (unlikely(gt->dom->hub == NULL)) {
		int saved = errno;

		/* The child of a fork, for the first time. */
		mx_domain_revive(gt);
		errno = saved;
		return 1;
	}
	now = mx_now();
	kt->after = ready_after;
	kt->after_arg = gt;
	mx_run_on(kt, gt, kt->idle);
	mx_after(gt);
	/* Whoever took the domain wrote this before he gave it on. */
	if (gt->away) {
		/* So long without a call to us: expect more of it. */
		if (!gt->hopping && now - gt->away > mx_env.handoff / 2)
			gt->hog = HOG;
		gt->away = 0;
	}
	return 1;
}

/*
 * [held] Back to user code of a thread that is known to compute for long (a
 * Python loop that gives the GIL away now and then): the domain goes to a spare
 * kernel thread at once, without waiting for the monitor to find out again.
 * False: there is none.
 */
bool
mx_leave_hog(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	struct mx_kt *kt;
	uint64_t w;

	if (atomic_load(&d->nlive) < 2 || (kt = mx_kt_spare(false)) == NULL)
		return false;
	gt->hog--;
	gt->away = mx_now();
	MX_COUNT(d->handoffs);
	w = atomic_load_explicit(&d->hold, memory_order_relaxed);
	atomic_store(&d->hold, (w & ~(MX_HOLD_SEQ - 1)) + MX_HOLD_SEQ +
	    (MX_HOLD(kt) | MX_HOLD_RT));
	mx_kt_give(kt, MX_JOB_DOMAIN, d);
	gt->on = 1;
	mx_crit_leave();
	return true;
}

/*
 * [held, armed] Waits for a wake-up, until dl. Returns what the waker said:
 * 0, -ETIMEDOUT, -EINTR (a signal or a cancellation request), -EBADF,
 * -ECANCELED (mixio_interrupt, after mx_arm_intr only).
 */
int
mx_park(struct mx_gt *gt, uint64_t dl)
{
	struct mx_domain *d = gt->dom;

	MX_COUNT(d->parks);
	MX_POKE(gt->why.since, d->clock);
	if (dl != MX_NEVER) {
		gt->timer.dl = dl;
		mx_timer_add(d, &gt->timer);
	}
	mx_switch(gt, NULL, NULL);
	if (gt->timer.slot)
		mx_timer_del(d, &gt->timer);
	atomic_store_explicit(&gt->wait, MX_WAIT_NONE, memory_order_relaxed);
	return gt->rc;
}

/* [user code] Lets the others run; I/O too when nobody else is ready. */
void
mx_yield(void)
{
	struct mx_gt *gt = &mx_me;
	struct mx_domain *d = gt->dom;

	if (!mx_enter(gt)) {
		mx_inbox_drain(d);
		while (unlikely(d->hogq))
			runq_add(d, hogq_pop(d));
		if (!d->runq)
			d->burst = BURST;
		mx_ready_held(gt);
		mx_switch(gt, NULL, NULL);
	}
	mx_leave(gt);
	if (unlikely(gt->cancel_async))
		mx_testcancel();
}

/* ---- the hub ---- */

static void
unused_after(void *arg)
{
	struct mx_domain *d = arg;

	d->used = false;
}

/*
 * The thread that opted in has ended, and so has the last of its green ones: the
 * domain is given back. Returns when it is used again.
 */
static void
retire(struct mx_gt *hub, struct mx_domain *d)
{
	struct mx_kt *kt = hub->kt;

	mx_loop_fini(d);
	atomic_store(&d->hold, 0);
	kt->after = unused_after;
	kt->after_arg = d;
	mx_run_on(kt, hub, kt->idle);
}

/*
 * The loop of a domain, on an identity of its own. It always holds the domain,
 * so the monitor leaves it alone; it runs on whichever kernel thread is the
 * carrier.
 */
void
mx_hub(struct mx_gt *gt)
{
	struct mx_domain *d = gt->role_arg;
	struct mx_gt *to;

	for (;;) {
		mx_after(gt);
		d->burst = 0;
		d->clock = mx_now();
		/*
		 * By exchange: what was done before the kick that is taken
		 * back here is seen below. A store could take back, while it
		 * is still on its way to memory, a kick that came after the
		 * look at sigq.
		 */
		if (unlikely(atomic_load_explicit(&d->kicked,
		    memory_order_relaxed)))
			atomic_exchange(&d->kicked, 0);
		mx_inbox_drain(d);
		if (unlikely(atomic_load(&d->sigq) != NULL))
			mx_sig_hub(d);
		if (d->runq || d->hogq || d->last_n > 0)
			d->last_n = mx_fd_poll(d, 0);
		timers_fire(d);
		mx_inbox_drain(d);
		to = next_to_run(d);
		if (!to && !d->main && atomic_load(&d->nlive) == 0) {
			retire(gt, d);
			continue;
		}
		if (!to) {
			mx_thread_trim(16);
			atomic_store(&d->sleeping, 1);
			if (!atomic_load(&d->inbox) && !atomic_load(&d->kicked))
				mx_loop_wait(d);
			atomic_store(&d->sleeping, 0);
			d->clock = mx_now();
			/* After sleeping is 0: see the monitor's sleep. */
			if (unlikely(atomic_load(&mx_monitor_asleep)))
				mx_monitor_poke();
			timers_fire(d);
			mx_inbox_drain(d);
			to = next_to_run(d);
			if (!to)
				continue;
		}
		MX_COUNT(d->switches);
		look_ahead(to);
		mx_run_on(gt->kt, gt, to);
	}
}
