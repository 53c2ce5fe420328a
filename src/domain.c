/* SPDX-License-Identifier: MIT */
/*
 * Domains: opting in and out, and what fork makes of them.
 *
 * Fork: our handlers are the first that were registered, so prepare runs last
 * and the others first. What belongs to other threads is dropped in the child,
 * which builds hub, loop and descriptors when it first waits: most children
 * exec before that. The parent's epoll set is shared with the child, so the
 * child must never change it, only close its copy.
 */
#include "mx.h"

_Atomic(struct mx_domain *) mx_domains;
_Atomic int mx_active;
struct mx_gt *mx_process_main;

static pthread_mutex_t enter_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t end_key;
static bool ready;

/* A thread that opted in ends by itself: let its domain go on without it. */
static void
on_thread_end(void *arg)
{
	struct mx_gt *gt = &mx_me;

	(void)arg;
	if (gt->dom)
		mx_domain_release(gt);
}

static struct mx_domain *
domain_get(void)
{
	struct mx_domain *d;

	for (d = atomic_load(&mx_domains); d; d = d->next)
		if (!d->used)
			break;
	if (!d) {
		d = mx_map(sizeof(*d));
		if (!d)
			return NULL;
		mx_list_init(&d->all);
		d->epfd = d->tfd = -1;
		d->next = atomic_load(&mx_domains);
		/* Lists of domains are walked without a lock; d is complete. */
		atomic_store(&mx_domains, d);
	}
	d->used = true;
	return d;
}

/* Hub, idle loop, epoll set and loop of d, for main thread gt. errno value. */
static int
build(struct mx_domain *d, struct mx_gt *gt)
{
	int rc;

	if (mx_timer_reserve(d, 4096) < 0)
		return ENOMEM;
	rc = mx_loop_init(d);
	if (rc == 0 && !d->hub)
		rc = -mx_thread_role(mx_hub, d, &d->hub);
	if (rc == 0 && !gt->home->idle)
		rc = -mx_thread_role(mx_kt_idle_role, gt->home,
		    &gt->home->idle);
	return -rc;
}

static int
enter(struct mx_gt *gt)
{
	struct mx_domain *d;
	int rc;

	if (!ready) {
		rc = mx_thread_init();
		if (rc < 0)
			return -rc;
		if (real.pthread_key_create(&end_key, on_thread_end))
			return EAGAIN;
		mx_proc_keep();
		ready = true;
	}
	mx_thread_adopt(gt);
	if (!gt->home)
		gt->home = mx_kt_self_new();
	if (!gt->home)
		return EAGAIN;
	d = domain_get();
	if (!d) {
		mx_thread_unadopt(gt);
		return ENOMEM;
	}
	rc = build(d, gt);
	if (rc) {
		mx_loop_fini(d);
		d->used = false;
		mx_thread_unadopt(gt);
		return rc;
	}
	MX_POKE(gt->kt, gt->home);
	gt->kt->cur = gt;
	gt->kt->mask = gt->mask;
	gt->kt->ss_sp = gt->ss.ss_flags & SS_DISABLE ? NULL : gt->ss.ss_sp;
	if (gt->kt->debug_ss && !gt->kt->ss_sp) {
		stack_t ss = { .ss_sp = gt->kt->debug_ss,
		    .ss_size = MX_DEBUG_SS };

		if (real.sigaltstack(&ss, NULL) == 0)
			gt->kt->ss_sp = ss.ss_sp;
	}
	d->main = gt;
	d->clock = mx_now();
	d->peak = 0;
	d->switches = d->parks = d->handoffs = 0;
	d->hops = d->created = d->reused = 0;
	MX_POKE(gt->dom, d);
	mx_thread_list(gt, true);
	pthread_setspecific(end_key, gt);
	if (gt->is_process_main)
		MX_POKE(mx_process_main, gt);
	atomic_store(&mx_active, 1);
	atomic_store(&d->hold, MX_HOLD(gt->kt));
	return 0;
}

/* [any thread] Opts the caller in. 0 or an errno value; keeps errno. */
int
mx_domain_enter(void)
{
	struct mx_gt *gt = &mx_me;
	int rc, saved = errno;

	if (gt->dom)
		return 0;
	real.pthread_mutex_lock(&enter_lock);
	rc = enter(gt);
	real.pthread_mutex_unlock(&enter_lock);
	errno = saved;
	if (rc == 0)
		gt->on = 1;
	return rc;
}

static void
detach(struct mx_gt *gt)
{
	MX_POKE(gt->dom, NULL);
	if (mx_process_main == gt)
		MX_POKE(mx_process_main, NULL);
	pthread_setspecific(end_key, NULL);
	mx_thread_unadopt(gt);
	gt->on = 0;
	/* Its signals are its own again. */
	MX_POKE(gt->kt, NULL);
}

int
mx_domain_leave(void)
{
	struct mx_gt *gt = &mx_me;
	struct mx_domain *d = gt->dom;
	int saved = errno;

	if (!d || !gt->is_main)
		return EINVAL;
	if (atomic_load(&d->nlive) > 1)
		return EBUSY;
	mx_enter(gt);
	mx_thread_list(gt, false);
	mx_kt_goto(gt->home);
	detach(gt);
	mx_crit_leave();
	real.pthread_mutex_lock(&enter_lock);
	mx_loop_fini(d);
	d->main = NULL;
	d->used = false;
	real.pthread_mutex_unlock(&enter_lock);
	errno = saved;
	return 0;
}

static void
home_after(void *arg)
{
	struct mx_gt *gt = arg;

	mx_kt_want(gt->home, gt);
}

/*
 * [user code of a main thread] The thread ends: it goes back to its own kernel
 * thread, and the domain, if anybody else is in it, goes on without.
 */
void
mx_domain_release(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	struct mx_kt *kt;

	if (mx_domain_leave() == 0)
		return;
	kt = mx_kt_spare(true);
	if (!kt) {
		mx_say("no kernel thread for a domain whose main thread ends");
		abort();
	}
	mx_enter(gt);
	mx_thread_list(gt, false);
	d->main = NULL;
	if (gt->kt == gt->home) {
		atomic_store(&d->hold, MX_HOLD(kt) | MX_HOLD_RT);
		mx_kt_give(kt, MX_JOB_DOMAIN, d);
	} else {
		mx_kt_unspare(kt);
		mx_switch(gt, home_after, gt);
	}
	detach(gt);
	mx_crit_leave();
}

/* ---- fork ---- */

/*
 * Taken here: the locks whose data the child goes on using, leaves all of them.
 * Blocked here: all signals, since a handler that ran in the child before it
 * has its own state would find the parent's.
 *
 * The domain is not taken. libc's fork goes on from here and waits for locks
 * of its own (stdio, heap), which may be held by a green thread of this domain
 * that is parked (in a fopencookie(3) function under fflush(NULL)), and to copy
 * a large process takes long: others go on meanwhile, after a handoff. So the
 * child must take all of the domain's state for torn.
 */
void
mx_domain_fork_prepare(void)
{
	struct mx_gt *gt = &mx_me;
	uint64_t all = ~0ull;

	mx_fd_shared();
	mx_crit_enter();
	gt->fork_on = gt->on;
	gt->on = 0;
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all,
	    (long)&gt->fork_mask, 8, 0, 0);
	mx_stack_lock(true);
	mx_signal_lock(true);
}

static void
unblock(struct mx_gt *gt)
{
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&gt->fork_mask, 0,
	    8, 0, 0);
}

/* Also when fork has failed. */
void
mx_domain_fork_parent(void)
{
	struct mx_gt *gt = &mx_me;

	mx_signal_lock(false);
	mx_stack_lock(false);
	/* A child may ask to die with the thread that made it: keep that one. */
	if (gt->kt)
		gt->kt->forked = true;
	unblock(gt);
	gt->on = gt->fork_on;
	mx_crit_leave();
}

static void
reset_domain(struct mx_domain *d, struct mx_gt *gt)
{
	d->runq = NULL;
	d->hogq = NULL;
	atomic_store(&d->inbox, NULL);
	atomic_store(&d->sleeping, 0);
	atomic_store(&d->kickers, 0);
	atomic_store(&d->kicked, 0);
	atomic_store(&d->sigq, NULL);
	atomic_store(&d->hold, 0);
	atomic_store(&d->all_lock, 0);
	/* Perhaps it was about to grow. */
	d->heap = NULL;
	d->heap_cap = d->nheap = 0;
	d->burst = 0;
	d->last_n = 0;
	d->hub = NULL;
	d->main = gt;
	mx_loop_fork(d);
	mx_list_init(&d->all);
	atomic_store(&d->nlive, 0);
	d->nmasked = 0;
	memset(d->nblock, 0, sizeof(d->nblock));
	atomic_store(&d->hubmask, 0);
	d->next = NULL;
}

static void
child(struct mx_gt *gt, struct mx_domain *d)
{
	/*
	 * The kernel goes on writing to the rseq area of the kernel thread that
	 * forked, on a stack that is free memory here.
	 */
	if (gt->dom && gt->kt && !gt->kt->borrowed)
		mx_rseq_forget(gt->kt->idle);
	mx_signal_lock(false);
	mx_stack_lock(false);
	mx_loader_fork();
	mx_sig_fork(gt);
	mx_lot_fork();
	mx_pages_fork();
	mx_kt_fork();
	mx_monitor_fork();
	mx_dump_fork();
	mx_thread_fork();
	mx_fd_fork(d);
	enter_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store(&mx_domains, d);
	mx_process_main = NULL;
	gt->hopping = false;
	if (d) {
		reset_domain(d, gt);
		gt->is_main = gt->is_process_main = true;
		gt->tid = gt->ktid = *gt->tidp;
		gt->timer.slot = 0;
		gt->home = gt->kt = mx_kt_self_new();
		mx_process_main = gt;
		mx_thread_list(gt, true);
		gt->fork_on = 1;
	} else {
		atomic_store(&mx_active, 0);
		gt->dom = NULL;
		gt->home = gt->kt = NULL;
		gt->is_main = false;
		gt->fork_on = 0;
	}
	unblock(gt);
	gt->on = gt->fork_on;
	gt->depth = 0;
}

void
mx_domain_fork_child(void)
{
	child(&mx_me, mx_me.dom);
}

/*
 * The child of _Fork(3), or of a system call of the program's own: without what
 * libc does in a child. Heap and thread creation may be locked for ever there,
 * so there can be no loop; and one thread without others needs none: it is not
 * opted in.
 */
void
mx_domain_fork_bare(void)
{
	child(&mx_me, NULL);
}

/*
 * [in the runtime] The child of a fork enters the runtime for the first time:
 * now it needs a loop. It has one thread, so libc and the heap are its own.
 */
void
mx_domain_revive(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	int rc;

	if (!gt->home)
		gt->home = gt->kt = mx_kt_self_new();
	if (d->loop)
		mx_loop_fini(d);
	rc = gt->home ? build(d, gt) : ENOMEM;
	if (rc) {
		mx_say("the child of a fork cannot have a loop: %s",
		    strerror(rc));
		abort();
	}
	atomic_store(&d->hold, MX_HOLD(gt->kt) | MX_HOLD_RT);
}

/* vfork: what the child does with our state must not last. */
pid_t
mx_vfork_child(void)
{
	mx_fd_shared(); /* the memory is the parent's, who still sleeps */
	mx_me.vfork = true;
	mx_me.vfork_on = mx_me.on;
	mx_me.on = 0;
	return 0;
}

/* The parent sleeps until the child is gone, so this is in order. */
pid_t
mx_vfork_parent(int rc)
{
	if (mx_me.vfork) {
		mx_me.vfork = false;
		mx_me.on = mx_me.vfork_on;
	}
	if (rc < 0) {
		errno = -rc;
		return -1;
	}
	return rc;
}
