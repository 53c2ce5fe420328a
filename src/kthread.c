/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads that mixio made, or that opted in: their idle loops, and hop,
 * by which a green thread moves to one of them for a call that blocks.
 *
 * An idle loop has an identity of its own. Its kernel thread waits for a job:
 * run a green thread (hop), run a domain (handoff). A kernel thread that has
 * been idle for a while ends, but for the last one, which the monitor would need
 * at once.
 *
 * kt_lock guards the table, the idle list and the queue of hops; it is a leaf.
 */
#include "mx.h"

#define KTS 32000
#define IDLE_NS (5 * MX_NS)

_Atomic unsigned mx_kt_count, mx_kt_peak;

static struct mx_kt *table;	/* KTS records, never moved */
static _Atomic int kt_lock;
static _Atomic(struct mx_kt *) idle_list;
static unsigned idle_n;
static unsigned slots;		/* [kt_lock, peek] records ever used */
static unsigned hops_now;	/* helpers that count against the limit */
static struct mx_gt *hopq, *hopq_tail; /* wait for a helper */

static void
lock(void)
{
	mx_crit_enter();
	mx_spin_lock(&kt_lock);
}

static void
unlock(void)
{
	mx_spin_unlock(&kt_lock);
	mx_crit_leave();
}

struct mx_kt *
mx_kt_by_id(uint32_t id)
{
	return &table[id - 1];
}

/* How many there ever were: their ids are from 1 to this. */
unsigned
mx_kt_slots(void)
{
	return table ? MX_PEEK(slots) : 0;
}

static struct mx_kt *
slot_get(void)
{
	struct mx_kt *kt = NULL;
	unsigned i;
	void *p;

	if (!table) {
		p = mx_map(KTS * sizeof(*table));
		lock();
		if (!table)
			table = p;
		else if (p)
			munmap(p, KTS * sizeof(*table));
		unlock();
		if (!table)
			return NULL;
	}
	lock();
	for (i = 0; i < slots && !kt; i++)
		if (!table[i].used)
			kt = &table[i];
	if (!kt && slots < KTS)
		kt = &table[slots];
	if (kt) {
		/*
		 * cur and tid first, by themselves: a gt that was here last
		 * still points here, and who looks for it may come by.
		 */
		atomic_store(&kt->cur, NULL);
		MX_POKE(kt->tid, 0);
		kt->id = (uint32_t)(kt - table) + 1;
		kt->idle = NULL;
		kt->mask = 0;
		kt->ss_sp = NULL;
		kt->after = NULL;
		atomic_store(&kt->job, MX_JOB_NONE);
		atomic_store(&kt->want, NULL);
		kt->borrowed = kt->helper = kt->forked = kt->reserved = false;
		kt->is_idle = false;
		kt->used = true;
		if (kt->id > slots)
			MX_POKE(slots, kt->id);
	}
	unlock();
	if (kt && mx_env.debug)
		mx_sig_debug(kt);
	return kt;
}

static void
slot_put(struct mx_kt *kt)
{
	lock();
	kt->used = false;
	unlock();
}

/* [kt_lock] */
static struct mx_kt *
idle_pop(void)
{
	struct mx_kt *kt = idle_list;

	if (kt) {
		idle_list = kt->next;
		idle_n--;
		kt->is_idle = false;
	}
	return kt;
}

/* [kt_lock] False: it is not there any more, somebody gives it a job now. */
static bool
idle_remove(struct mx_kt *kt)
{
	struct mx_kt *prev = NULL, *k;

	for (k = idle_list; k; prev = k, k = k->next) {
		if (k != kt)
			continue;
		if (prev)
			prev->next = kt->next;
		else
			idle_list = kt->next;
		idle_n--;
		kt->is_idle = false;
		return true;
	}
	return false;
}

void
mx_kt_give(struct mx_kt *kt, enum mx_job job, void *arg)
{
	kt->job_arg = arg;
	atomic_store(&kt->job, job);
	mx_futex_wake(&kt->job, 1);
}

/*
 * Waits for a job. MX_JOB_LOOK: somebody wants just this kernel thread. MX_JOB_QUIT: idle
 * for so long that the kernel thread shall end.
 */
static enum mx_job
job_wait(struct mx_kt *kt)
{
	uint64_t rel = IDLE_NS;
	enum mx_job job;
	bool last;

	for (;;) {
		job = atomic_load(&kt->job);
		if (job != MX_JOB_NONE) {
			atomic_store(&kt->job, MX_JOB_NONE);
			return job;
		}
		if (kt->borrowed && atomic_load(&kt->want))
			return MX_JOB_LOOK;
		if (mx_futex_wait(&kt->job, MX_JOB_NONE, rel) != -ETIMEDOUT)
			continue;
		lock();
		last = idle_n <= 1 || kt->borrowed || kt->forked;
		if (!last && idle_remove(kt)) {
			unlock();
			return MX_JOB_QUIT;
		}
		unlock();
		/* The last spare sleeps without a limit: no wake-ups. */
		if (last)
			rel = MX_NEVER;
	}
}

static void
gt_run(struct mx_kt *kt, struct mx_gt *gt)
{
	mx_run_on(kt, kt->idle, gt);
	mx_after(kt->idle);
}

/* The loop; returns when the kernel thread shall end. */
static void
idle_loop(struct mx_kt *kt)
{
	struct mx_domain *d;
	struct mx_gt *gt;
	enum mx_job job;

	for (;;) {
		gt = atomic_exchange(&kt->want, NULL);
		if (gt) {
			/* Only its own main thread wants a kernel thread. */
			gt_run(kt, gt);
			continue;
		}
		if (kt->reserved) {
			/* Made for somebody who has a job for it. */
			kt->reserved = false;
			goto wait;
		}
		lock();
		if (kt->helper) {
			kt->helper = false;
			hops_now--;
		}
		if (kt->borrowed) {
			/* Its main thread may want it back at any time. */
			unlock();
			goto wait;
		}
		gt = hopq;
		if (gt && hops_now < mx_env.helpers) {
			hopq = gt->next;
			kt->helper = true;
			hops_now++;
		} else {
			gt = NULL;
			kt->next = idle_list;
			idle_list = kt;
			idle_n++;
			kt->is_idle = true;
		}
		unlock();
		if (gt) {
			gt_run(kt, gt);
			continue;
		}
wait:
		job = job_wait(kt);
		if (job == MX_JOB_QUIT)
			return;
		if (job == MX_JOB_GT)
			gt_run(kt, kt->job_arg);
		if (job == MX_JOB_DOMAIN) {
			d = kt->job_arg;
			gt_run(kt, d->hub);
		}
	}
}

/* Role of the identity on which a borrowed kernel thread idles. */
void
mx_kt_idle_role(struct mx_gt *gt)
{
	mx_after(gt);
	idle_loop(gt->role_arg);
}

static void *
kt_main(void *arg)
{
	struct mx_kt *kt = arg;

	/* A handler must never run on an idle loop; all signals are blocked. */
	mx_me.ctx.tp = mx_arch_tp();
	mx_me.depth = 1;
	mx_me.mask = MX_ALL_SIGNALS;
	mx_me.ss.ss_flags = SS_DISABLE;
	mx_me.kt = kt;
	kt->idle = &mx_me;
	kt->cur = &mx_me;
	kt->mask = MX_ALL_SIGNALS;
	MX_POKE(kt->tid, (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0));
	idle_loop(kt);
	atomic_fetch_sub(&mx_kt_count, 1);
	slot_put(kt);
	return NULL;
}

/* [user code] Starts a kernel thread; a reserved one is the caller's to use. */
static struct mx_kt *
kt_start(bool reserved, bool helper)
{
	struct mx_sig_mask old;
	pthread_attr_t attr;
	struct mx_kt *kt;
	unsigned n, peak;
	pthread_t pt;
	int rc;

	kt = slot_get();
	if (!kt)
		return NULL;
	kt->helper = helper;
	kt->reserved = reserved;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, MX_SMALL_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	mx_sig_shut(&old, MX_ALL_SIGNALS);
	rc = real.pthread_create(&pt, &attr, kt_main, kt);
	mx_sig_open(&old);
	pthread_attr_destroy(&attr);
	if (rc) {
		slot_put(kt);
		return NULL;
	}
	n = atomic_fetch_add(&mx_kt_count, 1) + 1;
	peak = atomic_load(&mx_kt_peak);
	while (n > peak && !atomic_compare_exchange_weak(&mx_kt_peak, &peak, n))
		;
	return kt;
}

/* An idle kernel thread, or a new one. It is the caller's to give a job. */
struct mx_kt *
mx_kt_spare(bool create)
{
	struct mx_kt *kt;

	lock();
	kt = idle_pop();
	unlock();
	if (!kt && create)
		kt = kt_start(true, false);
	return kt;
}

/* Gives a spare one back that got no job. */
void
mx_kt_unspare(struct mx_kt *kt)
{
	lock();
	kt->next = idle_list;
	idle_list = kt;
	idle_n++;
	kt->is_idle = true;
	unlock();
}

/* A record for the calling kernel thread, which opts in. */
struct mx_kt *
mx_kt_self_new(void)
{
	struct mx_kt *kt = slot_get();

	if (kt) {
		kt->borrowed = true;
		MX_POKE(kt->tid, (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0,
		    0));
		kt->cur = &mx_me;
		kt->mask = mx_me.mask;
		kt->ss_sp = mx_me.ss.ss_flags & SS_DISABLE ? NULL :
		    mx_me.ss.ss_sp;
	}
	return kt;
}

/* ---- hop ---- */

static void
give_after(void *arg)
{
	struct mx_gt *gt = arg;

	mx_kt_give(gt->hop_kt, MX_JOB_GT, gt);
}

/* All helpers are busy: the next one that is done takes us. */
static void
queue_after(void *arg)
{
	struct mx_gt *gt = arg;
	struct mx_kt *kt = NULL;
	bool again = false;

	lock();
	if (hops_now < mx_env.helpers && (kt = idle_pop()) != NULL) {
		kt->helper = true;
		hops_now++;
	} else if (hops_now < mx_env.helpers) {
		/* One has ended meanwhile, and nobody will look at the queue. */
		gt->hop_again = again = true;
	} else {
		gt->next = NULL;
		if (hopq)
			hopq_tail->next = gt;
		else
			hopq = gt;
		hopq_tail = gt;
	}
	unlock();
	/* In the queue gt may be on a helper already, or far beyond that. */
	if (kt)
		mx_kt_give(kt, MX_JOB_GT, gt);
	else if (again)
		mx_ready(gt);
}

static bool
is_carrier(const struct mx_gt *gt)
{
	return MX_HOLD_KT(atomic_load_explicit(&gt->dom->hold,
	    memory_order_relaxed)) == gt->kt->id;
}

/*
 * Where the call will be made. A request for cancellation that came before this
 * was said has kicked nobody, so look for one once more; one that comes between
 * the look and the system call kicks in vain, and is repeated by the monitor.
 */
static void
begun(struct mx_gt *gt, enum mx_hop kind)
{
	MX_POKE(gt->hopping, kind == MX_HOP_CANCEL ? MX_HOPPING_CANCEL :
	    MX_HOPPING_ON);
	if (kind != MX_HOP_CANCEL)
		return;
	mx_fence();
	if (unlikely(mx_cancelled(gt))) {
		mx_hop_end();
		mx_cancel_now();
	}
}

/*
 * [user code] Moves the calling green thread to a helper. Calls whose end
 * depends on other threads of the program (a lock, a FIFO's other end) must
 * not be bounded: with a limit, those who wait could keep out the one for whom
 * they wait. If no kernel thread can be had the call is made where we are, and
 * the monitor is the net. Keeps errno.
 */
void
mx_hop_begin(enum mx_hop kind)
{
	bool bounded = kind == MX_HOP_BOUNDED;
	struct mx_gt *gt = &mx_me;
	struct mx_kt *kt = NULL;
	bool queue = false, create = false;
	int saved = errno;

	atomic_fetch_add_explicit(&gt->dom->hops, 1, memory_order_relaxed);
	MX_POKE(gt->why.since, mx_now());
	if (!is_carrier(gt) || atomic_load_explicit(&gt->dom->nlive,
	    memory_order_relaxed) < 2) {
		/* Off the domain already, or nobody else is on it. */
		gt->on = 0;
		begun(gt, kind);
		return;
	}
	lock();
	if (bounded && hops_now >= mx_env.helpers) {
		queue = true;
	} else {
		kt = idle_pop();
		create = kt == NULL;
		if (bounded)
			hops_now++;
		if (kt)
			kt->helper = bounded;
	}
	unlock();
	if (create) {
		kt = kt_start(true, bounded);
		if (!kt && bounded) {
			lock();
			hops_now--;
			unlock();
		}
		if (!kt) {
			gt->on = 0;
			begun(gt, kind);
			errno = saved;
			return;
		}
	}
	mx_enter(gt);
	gt->hop_kt = kt;
	MX_POKE(gt->hopping, MX_HOPPING_ON);
	mx_switch(gt, queue ? queue_after : give_after, gt);
	if (unlikely(gt->hop_again)) {
		gt->hop_again = false;
		MX_POKE(gt->hopping, 0);
		mx_leave(gt);
		errno = saved;
		mx_hop_begin(kind);
		return;
	}
	/* On the helper, without the domain; on stays 0. */
	mx_crit_leave();
	begun(gt, kind);
	errno = saved;
}

/* Back to the domain. Keeps errno. */
void
mx_hop_end(void)
{
	struct mx_gt *gt = &mx_me;

	mx_enter(gt);
	MX_POKE(gt->hopping, 0);
	mx_leave(gt);
}

/* ---- going to one kernel thread ---- */

/* Kernel thread kt shall run gt as soon as it idles. */
void
mx_kt_want(struct mx_kt *kt, struct mx_gt *gt)
{
	uint32_t none = MX_JOB_NONE;

	atomic_store(&kt->want, gt);
	/* The word changes, so that nobody goes to sleep on the old one. */
	if (atomic_compare_exchange_strong(&kt->job, &none, MX_JOB_LOOK))
		mx_futex_wake(&kt->job, 1);
}

static void
want_after(void *arg)
{
	struct mx_gt *gt = arg;
	struct mx_kt *kt = gt->hop_kt;

	atomic_store_explicit(&gt->dom->hold, 0, memory_order_release);
	mx_kt_want(kt, gt);
}

/*
 * [held, main thread] Moves to kernel thread kt, giving the domain up: nobody
 * holds it when this returns.
 */
void
mx_kt_goto(struct mx_kt *kt)
{
	struct mx_gt *gt = &mx_me;

	if (gt->kt == kt) {
		atomic_store_explicit(&gt->dom->hold, 0, memory_order_release);
		return;
	}
	gt->hop_kt = kt;
	gt->kt->after = want_after;
	gt->kt->after_arg = gt;
	mx_run_on(gt->kt, gt, gt->kt->idle);
	mx_after(gt);
}

/* The child of a fork: one kernel thread is left, the caller's. */
void
mx_kt_fork(void)
{
	unsigned i;

	atomic_store(&kt_lock, 0);
	idle_list = NULL;
	idle_n = 0;
	hops_now = 0;
	hopq = NULL;
	for (i = 0; i < slots; i++)
		table[i].used = false;
	atomic_store(&mx_kt_count, 0);
}
