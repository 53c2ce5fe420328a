/* SPDX-License-Identifier: MIT */
/*
 * Parking by address: one table for the process, keyed by address as the
 * kernel's futex is. Green and kernel threads of any domain wait side by side.
 *
 * Waiting: enrol (count, then link), try once more, park. Waking: the real,
 * waking operation, then look at the count. Both sides have a full barrier
 * between their two steps, so one of them sees the other.
 *
 * Bucket locks are leaves, but for mx_lot_requeue(), which takes two in the
 * order of their addresses. They are held with signal handlers put off
 * (mx_crit), so that sem_post() in a handler cannot meet a lock of its own
 * thread.
 */
#include "mx.h"

struct mx_lot_bucket mx_lot[MX_LOT_BUCKETS];

static unsigned forks;		/* from the first process to this one */

/*
 * The child of a fork: all waiters were other threads, but for a kernel thread
 * that forks in a signal handler which came while it waited: its node tells by
 * fork_gen that it is linked nowhere any more. Most buckets are empty, and what
 * is not written to need not be copied.
 */
void
mx_lot_fork(void)
{
	struct mx_lot_bucket *b;

	forks++;
	for (b = mx_lot; b < mx_lot + MX_LOT_BUCKETS; b++) {
		if (!atomic_load_explicit(&b->word, memory_order_relaxed) &&
		    (!b->list.next || mx_list_empty(&b->list)))
			continue;
		atomic_store(&b->word, 0);
		mx_list_init(&b->list);
	}
}

static void __attribute__((noinline, cold))
lock_slow(struct mx_lot_bucket *b, unsigned more)
{
	unsigned w, turns = 0;

	for (;;) {
		w = atomic_load_explicit(&b->word, memory_order_relaxed);
		if (!(w & MX_LOT_LOCKED) && atomic_compare_exchange_strong(
		    &b->word, &w, (w + more) | MX_LOT_LOCKED))
			return;
		mx_spin_pause(&turns);
	}
}

/* [handlers put off] Locks and counts more (0 or MX_LOT_NODE) at once. */
static inline void
lock(struct mx_lot_bucket *b, unsigned more)
{
	unsigned w = atomic_load_explicit(&b->word, memory_order_relaxed);

	if (unlikely((w & MX_LOT_LOCKED) || !atomic_compare_exchange_strong(
	    &b->word, &w, (w + more) | MX_LOT_LOCKED)))
		lock_slow(b, more);
}

static inline void
unlock(struct mx_lot_bucket *b)
{
	atomic_store_explicit(&b->word, atomic_load_explicit(&b->word,
	    memory_order_relaxed) & ~MX_LOT_LOCKED, memory_order_release);
}

/* [bucket lock] Down needs no barrier, so no locked instruction either. */
static inline void
count_down(struct mx_lot_bucket *b)
{
	atomic_store_explicit(&b->word, atomic_load_explicit(&b->word,
	    memory_order_relaxed) - MX_LOT_NODE, memory_order_relaxed);
}

/* [handlers put off: in the runtime, or in mx_crit] */
static inline void
enrol(struct mx_lot_node *n, uintptr_t key, uint32_t bits)
{
	struct mx_lot_bucket *b = mx_lot_bucket(key);

	n->key = key;
	n->bits = bits;
	n->fork_gen = forks;
	lock(b, MX_LOT_NODE);
	/* Other objects' constructors come here before any of ours. */
	if (unlikely(!b->list.next))
		mx_list_init(&b->list);
	atomic_store_explicit(&n->linked, true, memory_order_relaxed);
	mx_list_add(&b->list, &n->link);
	unlock(b);
	/* The count is up before the caller tries for the last time. */
	mx_arch_fence_after_rmw();
}

void
mx_lot_enrol(struct mx_lot_node *n, uintptr_t key, uint32_t bits)
{
	mx_crit_enter();
	enrol(n, key, bits);
	mx_crit_leave();
}

/*
 * True: n was still waiting; false: a waker has taken it out. slept is what the
 * sleep returned (not 0 if there was none): only if it was this waker that ended
 * it has the waker let go of n, and the lock is not needed.
 */
bool
mx_lot_unenrol(struct mx_lot_node *n, int slept)
{
	struct mx_lot_bucket *b;
	bool linked;

	if (slept == 0 && !atomic_load_explicit(&n->linked,
	    memory_order_acquire))
		return false;
	if (unlikely(n->fork_gen != forks))
		return false;
	for (;;) {
		b = mx_lot_bucket(MX_PEEK(n->key));
		mx_crit_enter();
		lock(b, 0);
		if (b == mx_lot_bucket(n->key))
			break;
		unlock(b); /* requeued meanwhile */
		mx_crit_leave();
	}
	linked = n->linked;
	if (linked) {
		atomic_store_explicit(&n->linked, false,
		    memory_order_release);
		mx_list_del(&n->link);
		count_down(b);
	}
	unlock(b);
	mx_crit_leave();
	return linked;
}

/* [bucket lock] True when the node's thread was waiting and is awake now. */
static bool
node_wake(struct mx_lot_node *n)
{
	_Atomic uint32_t *word = &n->word;

	if (n->gt)
		return mx_wake(n->gt, 0);
	/*
	 * From the store on the node may be gone; the futex call then wakes
	 * nobody or, at worst, somebody for nothing.
	 */
	if (atomic_exchange(word, 1) == 0) {
		mx_futex_wake(word, 1);
		return true;
	}
	return false;
}

/*
 * Wakes up to n waiters under key whose bits meet bits; returns how many. The
 * caller has seen the bucket's count.
 */
int
mx_lot_wake_counted(uintptr_t key, int n, uint32_t bits)
{
	struct mx_lot_bucket *b = mx_lot_bucket(key);
	struct mx_lot_node *node;
	struct mx_list *l, *next;
	int woken = 0;

	mx_crit_enter();
	lock(b, 0);
	for (l = b->list.next; l != &b->list && woken < n; l = next) {
		next = l->next;
		node = mx_container(l, struct mx_lot_node, link);
		if (node->key != key || !(node->bits & bits))
			continue;
		atomic_store_explicit(&node->linked, false,
		    memory_order_release);
		mx_list_del(l);
		count_down(b);
		if (node_wake(node))
			woken++;
	}
	unlock(b);
	mx_crit_leave();
	return woken;
}

/* The same, for a caller whose own operation was no full barrier. */
int
mx_lot_wake_slow(uintptr_t key, int n, uint32_t bits)
{
	mx_fence();
	if (!atomic_load_explicit(&mx_lot_bucket(key)->word, memory_order_relaxed))
		return 0;
	return mx_lot_wake_counted(key, n, bits);
}

/*
 * FUTEX_CMP_REQUEUE: wakes nwake waiters under from and moves nmove others to
 * to, after check(arg) returned 0 under the lock. Returns how many were woken,
 * or check's error.
 */
int
mx_lot_requeue(uintptr_t from, uintptr_t to, int nwake, int nmove,
    mx_try_fn check, void *arg, int *ret_moved)
{
	struct mx_lot_bucket *a = mx_lot_bucket(from), *b = mx_lot_bucket(to);
	struct mx_lot_node *node;
	struct mx_list *l, *next;
	int rc, woken = 0, moved = 0;

	mx_crit_enter();
	lock(a < b ? a : b, 0);
	if (a != b)
		lock(a < b ? b : a, 0);
	if (!a->list.next)
		mx_list_init(&a->list);
	if (!b->list.next)
		mx_list_init(&b->list);
	rc = check ? check(arg) : 0;
	for (l = a->list.next; rc == 0 && l != &a->list; l = next) {
		next = l->next;
		node = mx_container(l, struct mx_lot_node, link);
		if (node->key != from)
			continue;
		if (woken < nwake) {
			atomic_store_explicit(&node->linked, false,
		    memory_order_release);
			mx_list_del(l);
			count_down(a);
			if (node_wake(node))
				woken++;
		} else if (moved < nmove && from != to) {
			mx_list_del(l);
			count_down(a);
			MX_POKE(node->key, to);
			atomic_fetch_add(&b->word, MX_LOT_NODE);
			mx_list_add(&b->list, l);
			moved++;
		}
	}
	unlock(a);
	if (a != b)
		unlock(b);
	mx_crit_leave();
	*ret_moved = moved;
	return rc ? rc : woken;
}

MX_NO_ASAN static int
kernel_sleep(struct mx_lot_node *n, uint64_t dl, int flags)
{
	uint64_t now;
	long rc;

	while (!atomic_load(&n->word)) {
		now = dl == MX_NEVER ? 0 : mx_now();
		if (dl != MX_NEVER && now >= dl)
			return -ETIMEDOUT;
		rc = mx_futex_wait(&n->word, 0,
		    dl == MX_NEVER ? MX_NEVER : dl - now);
		if (rc == -EINTR && (flags & MX_LOT_INTR))
			return -EINTR;
		if (unlikely(n->fork_gen != forks))
			return 0; /* a handler has forked: nobody has us */
	}
	return 0;
}

/*
 * [enrolled; a gt also holds its domain and is armed] Sleeps until woken.
 * Returns 0, -ETIMEDOUT, -EINTR. The node may still be linked.
 */
MX_NO_ASAN int
mx_lot_sleep(struct mx_lot_node *n, uint64_t dl, int flags)
{
	if (!n->gt)
		return kernel_sleep(n, dl, flags);
	return mx_park(n->gt, dl);
}

/* A kernel thread's side of mx_lot_wait(). */
static int
kernel_wait(uintptr_t key, mx_try_fn try, void *arg, uint64_t dl, int flags)
{
	struct mx_lot_node n = { .gt = NULL };
	int rc, slept;

	for (;;) {
		atomic_store(&n.word, 0);
		mx_lot_enrol(&n, key, ~0u);
		rc = try(arg);
		if (rc != -EAGAIN) {
			/* Woken for nothing: pass the wake-up on. */
			if (!mx_lot_unenrol(&n, -1))
				mx_lot_wake_slow(key, 1, ~0u);
			return rc;
		}
		slept = kernel_sleep(&n, dl, flags);
		mx_lot_unenrol(&n, slept);
		rc = try(arg);
		if (rc != -EAGAIN)
			return rc;
		if (slept != 0)
			return slept;
	}
}

/*
 * Waits under addr until try(arg) is content (anything but -EAGAIN), or until
 * dl. Called in user code, by threads of any kind, after try() has failed once;
 * try() is called in the runtime and must not park. Returns try's result, or
 * -ETIMEDOUT; with MX_LOT_INTR -EINTR or -ERESTART after a signal handler has
 * run; with MX_LOT_CANCEL -ECANCELED.
 */
int
mx_lot_wait(const volatile void *addr, mx_try_fn try, void *arg, uint64_t dl,
    int flags)
{
	struct mx_lot_node n = { .gt = &mx_me };
	uintptr_t key = (uintptr_t)addr;
	struct mx_gt *gt = &mx_me;
	int rc, slept;

	if (!gt->on)
		return kernel_wait(key, try, arg, dl, flags);
	for (;;) {
		if ((flags & MX_LOT_CANCEL) && mx_cancelled(gt))
			return -ECANCELED;
		mx_enter(gt);
		mx_sig_begin(gt);
		mx_arm(gt);
		enrol(&n, key, ~0u);
		rc = try(arg);
		if (rc != -EAGAIN) {
			if (!mx_lot_unenrol(&n, -1))
				mx_lot_wake_slow(key, 1, ~0u);
			if (!mx_disarm(gt))
				mx_park(gt, MX_NEVER);
			mx_leave(gt);
			return rc;
		}
		if (mx_interrupted(gt) && mx_disarm(gt))
			slept = -EINTR;
		else
			slept = mx_park(gt, dl);
		mx_lot_unenrol(&n, slept);
		rc = try(arg);
		mx_leave(gt);
		if (rc != -EAGAIN)
			return rc;
		if (slept == -ETIMEDOUT)
			return slept;
		if (slept == -EINTR && (flags & MX_LOT_INTR)) {
			rc = mx_sig_restart();
			if (rc)
				return rc;
		}
	}
}
