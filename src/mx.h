/* SPDX-License-Identifier: MIT */
/*
 * The runtime's types and calls, for src/ and preload/.
 *
 * Words (doc/architecture.md explains them): a kernel thread (kt) runs a green
 * thread (gt); a domain has one loop and the green threads of one opted-in
 * thread; the kt that holds the domain is its carrier.
 *
 * A gt is either in user code ("green") or in the runtime (depth > 0). Only
 * the holder of a domain touches what is marked [held]. Fields marked [lock]
 * need the lock named there; [atomic] fields need nothing; [peek] fields are
 * read by others at any time, see MX_PEEK.
 */
#ifndef MX_H
#define MX_H

#include "mx_types.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "arch.h"
#include "real.h"

#define MX_NEVER UINT64_MAX		/* deadline: wait for ever */
#define MX_NS 1000000000ull
/* All signals but the two that libc keeps for itself (setuid, cancel). */
#define MX_ALL_SIGNALS (~(3ull << 31))
#define MX_TID_BASE ((1 << 22) + 1)	/* above the kernel's PID_MAX_LIMIT */

/*
 * ThreadSanitizer (configure --with-sanitizer=thread; -DMX_SANITIZED: in an
 * object that is not instrumented itself). It keeps what it knows of a thread
 * in the thread's TLS block, so that moves along with the green thread at every
 * switch, and each green thread is a thread of its own to it. Its interface for
 * fibers is for those that share one TLS block; we have no use for it. What has
 * to be told is order that it cannot see:
 *
 * - the assembly: a switch comes before the first thing on the next stack, a
 *   donor's end before its creator's going on (MX_HB_RELEASE, MX_HB_ACQUIRE);
 * - preload/, which it calls in threads that it does not know yet, so that it
 *   must not be instrumented: what orders memory is not inlined there but called
 *   in the runtime (mx_tsan_enter() and so on).
 */
#if defined __SANITIZE_THREAD__ || defined MX_SANITIZED
#define MX_TSAN 1
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#define MX_HB_RELEASE(p) __tsan_release(p)
#define MX_HB_ACQUIRE(p) __tsan_acquire(p)
#define MX_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define MX_NO_TSAN
#define MX_HB_RELEASE(p) ((void)0)
#define MX_HB_ACQUIRE(p) ((void)0)
#endif
/*
 * In the runtime, where a kernel thread may be cancelled: AddressSanitizer would
 * take what a frame leaves behind for a part of the frames that come after it.
 * And where a dump reads what belongs to others.
 */
#ifdef __SANITIZE_ADDRESS__
#define MX_NO_ASAN __attribute__((no_sanitize("address")))
#else
#define MX_NO_ASAN
#endif
/* Sanitizers want larger stacks for the runtime's own identities. */
#if defined MX_TSAN || defined __SANITIZE_ADDRESS__
#define MX_SMALL_STACK (4096 * 1024)
#else
#define MX_SMALL_STACK (256 * 1024)
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * A field that its owner writes while others may look: they find one whole
 * value, old or new, and nothing is ordered by it. The owner reads it plainly.
 */
#define MX_PEEK(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define MX_POKE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define MX_COUNT(x) MX_POKE(x, (x) + 1)

struct mx_gt;
struct mx_kt;
struct mx_domain;
struct mx_sig;

/* ---- doubly linked lists ---- */

struct mx_list {
	struct mx_list *next, *prev;
};

static inline void
mx_list_init(struct mx_list *l)
{
	l->next = l->prev = l;
}

static inline bool
mx_list_empty(const struct mx_list *l)
{
	return l->next == l;
}

static inline void
mx_list_add(struct mx_list *head, struct mx_list *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void
mx_list_del(struct mx_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = n;
}

#define mx_container(p, type, member) \
	((type *)((char *)(p)-offsetof(type, member)))

/* ---- green threads ---- */

/* The wait word. Whoever moves it from ARMED to FIRED owns the wake-up. */
enum mx_wait {
	MX_WAIT_NONE,
	MX_WAIT_ARMED,
	MX_WAIT_ARMED_INTR,	/* armed, and mixio_interrupt() may fire it */
	MX_WAIT_FIRED,
};

/* struct mx_gt's fate: whoever completes DONE + DETACHED frees the identity. */
#define MX_FATE_DONE 1		/* retval is final */
#define MX_FATE_DETACHED 2
#define MX_FATE_JOINED 4	/* somebody joins it */

#define MX_HOPPING_ON 1
#define MX_HOPPING_CANCEL 2	/* and the call is a cancellation point */

enum mx_state {
	MX_STATE_NEW,		/* has an identity, not started */
	MX_STATE_ALIVE,
	MX_STATE_DONE,		/* ended, not joined */
	MX_STATE_POOLED,
};

/* What a gt waits for, for mixio_dump(). */
struct mx_why {
	const char *call;	/* [peek] "recv", "pthread_mutex_lock", ... */
	uintptr_t object;	/* [peek] descriptor or address */
	uint64_t since;		/* [peek] its domain's clock when it parked */
};

struct mx_timer {
	uint64_t dl;		/* absolute, CLOCK_MONOTONIC */
	uint32_t slot;		/* index in the heap + 1; 0: not in it */
};

/*
 * One for every thread of the process, in its TLS block; for threads that have
 * not opted in it stays zero. Its offset from the thread pointer is the same
 * in every thread (initial-exec model), which is how a pthread_t leads to it.
 */
struct mx_gt {
	/* What each park and wake touches: three cache lines. */
	struct mx_ctx ctx;	/* saved registers while nobody runs it */
	int on;			/* 1: in user code of a green thread */
	int depth;		/* > 0: signal handlers must wait */
	struct mx_domain *dom;	/* NULL: not opted in */
	struct mx_kt *kt;	/* [peek] runs it now (or did last) */
	struct mx_gt *next;	/* link in one queue: run, inbox, hop, pool */
	_Atomic int wait;	/* enum mx_wait */
	int rc;			/* why it woke: 0 or -errno; by the waker */
	_Atomic uint64_t mask;	/* signal mask, bit sig - 1; own or [held] */

	struct mx_timer timer;	/* [held] */
	_Atomic(struct mx_sig *) sigpend; /* signals to handle, newest first */
	struct mx_why why;	/* by the gt itself before it parks */
	int sigran;		/* MX_SIGRAN_*: handlers run since the last arm */
	_Atomic int cancel;	/* [atomic] pthread_cancel was called */
	bool sigkeep;		/* a call that swaps the mask is under way */
	uint8_t cancel_disabled; /* [peek] */
	uint8_t cancel_async;	/* [peek] */
	bool exiting;		/* [peek] unwinding: acts on no cancellation */
	uint8_t hog;		/* leaves the domain at once when it runs next */
	uint8_t hopping;	/* [peek] MX_HOPPING_*: on a helper, for one call */
	uint8_t state;		/* [peek] enum mx_state */

	stack_t ss;		/* alternate signal stack */
	_Atomic uint64_t sigset[2]; /* queued standard signals: process, thread */
	struct mx_sig *sighold;	/* came for us while we block them; own */
	struct mx_sig *sigalt;	/* to be run on the alternate stack; own */
	uint64_t away;		/* [held] when its domain moved on without it */
	uint64_t sigwaiting;	/* [peek] set of the sigwait() under way */
	uint64_t fork_mask;	/* the kernel's mask before the fork under way */
	int fork_on;		/* what on was before it */
	bool vfork;		/* this is a vfork child's borrowed record */
	bool vfork_on;		/* what on was before vfork */
	bool is_main;		/* lent by the thread that opted in */
	bool is_process_main;	/* the process's first thread */
	bool kernel_threads;	/* pthread_create makes kernel threads */
	bool hop_again;		/* no helper was to be had: ask once more */
	bool unclean;		/* its TLS is not back to its image yet */
	_Atomic int fate;	/* MX_FATE_*; join waits on this word */
	mx_start_fn fn;
	mx_thrd_fn fn11;	/* C11 start routine, else NULL */
	void *arg;
	void *retval;
	pthread_t pt;
	int tid;
	int ktid;		/* kernel tid that it was born with, main only */
	int *tidp;		/* glibc's copy of the tid in the TCB */
	int *cancelp;		/* glibc's cancelhandling word, or NULL */
	int cancel_init;	/* its value in a new thread */
	char name[16];
	void *stack;		/* slab stack, or NULL: the caller's own */
	size_t stack_size;
	size_t guard;
	void *stack_low;	/* lowest address, whoever owns the stack */
	void *robust;		/* struct robust_list_head in the TCB */
	void *stack_hot;	/* pages below this were given back */
	struct mx_kt *hop_kt;	/* helper for the hop under way */
	const char *hop_call;	/* [peek] what is called there, as in the source */
	struct mx_kt *home;	/* main: the kernel thread that it came with */
	struct mx_list all;	/* [dom->all_lock] live threads of the domain */
	void (*role)(struct mx_gt *); /* what the identity does: gt, hub, idle */
	void *role_arg;
} __attribute__((aligned(64)));

extern __thread struct mx_gt mx_me
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* One TLS load and a branch: what a thread that has not opted in pays. */
#define mx_on() unlikely(mx_me.on)

/* ---- kernel threads ---- */

enum mx_job {
	MX_JOB_NONE,
	MX_JOB_GT,
	MX_JOB_DOMAIN,
	MX_JOB_LOOK,
	MX_JOB_QUIT,
};

struct mx_kt {
	uint32_t id;		/* index + 1 in the table of kernel threads */
	int tid;		/* [peek] */
	struct mx_gt *idle;	/* identity of its idle loop */
	_Atomic(struct mx_gt *) cur; /* what runs on it */
	uint64_t mask;		/* the kernel's signal mask for it */
	void *debug_ss;		/* --debug: where threads without one fault */
	void *ss_sp;		/* alternate stack that the kernel knows */
	void (*after)(void *);	/* to do once the switch is complete */
	void *after_arg;
	_Atomic uint32_t job;	/* enum mx_job; futex word */
	void *job_arg;
	struct mx_kt *next;	/* [kt_lock] idle list */
	_Atomic(struct mx_gt *) want; /* gts that must run on just this one */
	bool borrowed;		/* the program's own kernel thread */
	bool helper;		/* [kt_lock] counted against the limit now */
	bool forked;		/* children may depend on its life (prctl) */
	bool reserved;		/* not to be listed before its first job */
	bool is_idle;		/* [kt_lock] in the idle list */
	bool used;		/* [kt_lock] slot taken */
};

/* ---- domains ---- */

/*
 * dom->hold: who holds the domain, and whether it is in the runtime.
 *
 *	bits 0      1: in the runtime, 0: in a green thread's user code
 *	bits 1-15   kt id
 *	bits 16-63  counts the returns to user code
 */
#define MX_HOLD_RT 1ull
#define MX_HOLD_KT(w) ((uint32_t)((w) >> 1) & 0x7fff)
#define MX_HOLD_SEQ (1ull << 16)
#define MX_HOLD(kt) ((uint64_t)(kt)->id << 1)

struct mx_fdtab;

struct mx_domain {
	_Atomic uint64_t hold;
	struct mx_gt *runq, *runq_tail; /* [held] */
	struct mx_gt *hogq, *hogq_tail; /* [held] busy ones: run last */
	uint64_t hog_since;	/* [held] the first of them waits since then */
	unsigned burst;		/* [held] switches since the last look at I/O */
	struct mx_gt *hub;
	struct mx_gt *main;
	_Atomic(struct mx_gt *) inbox __attribute__((aligned(64)));
	_Atomic int sleeping;	/* the hub waits in the loop */
	_Atomic int kicked;	/* the hub must look around */
	_Atomic int kickers;	/* who is about to touch the loop to end it */
	struct mx_timer **heap __attribute__((aligned(64))); /* [held] */
	uint32_t nheap;		/* [held] */
	uint32_t heap_cap;	/* [held, peek] */
	uint64_t armed;		/* [held] what the timerfd is set to */
	int epfd, tfd;		/* our edge-triggered set; timer */
	_Atomic uint32_t evseq;	/* events of all its descriptors */
	bool loop_ready;	/* [held] libev's own epoll set has an event */
	int last_n;		/* [held] events of the last look */
	_Atomic(struct mx_fdtab *) fdtab; /* made once */
	_Atomic int fdlock;
	struct ev_loop *loop;
	void *ev;		/* the watcher that ends its sleep (ev_async) */
	_Atomic(struct mx_sig *) sigq; /* signals that found only the hub */
	_Atomic int all_lock;
	struct mx_list all;	/* [all_lock] live gts, main included */
	unsigned nmasked;	/* [all_lock] live gts that block any signal */
	unsigned nblock[64];	/* [all_lock] live gts that block signal i */
	_Atomic uint64_t hubmask; /* signals that every gt blocks */
	_Atomic unsigned nlive;	/* main included */
	unsigned peak;		/* [all_lock, peek] */
	uint64_t clock;		/* [held] mx_now() when the hub last ran */
	uint64_t switches, parks, handoffs; /* [held, peek] */
	_Atomic uint64_t hops, created, reused;
	_Atomic int rekick;	/* a call on a helper is being cancelled */
	uint64_t mon_last;	/* monitor only: hold at its last look */
	uint64_t mon_cpu_since;	/* monitor only: mon_since when it read mon_cpu */
	uint64_t mon_cpu;	/* monitor only: the carrier's processor time */
	uint64_t mon_since;	/* monitor only: when it first saw that value */
	_Atomic bool used;	/* false: its hub is off the stack, take it */
	struct mx_domain *next;	/* all domains; never freed */
};

extern _Atomic(struct mx_domain *) mx_domains;
extern _Atomic int mx_active;	/* a domain has existed in this process */
extern struct mx_gt *mx_process_main; /* [peek] */

/* ---- env ---- */

struct mx_env {
	bool run, follow, stats, debug;
	unsigned dump_signal;	/* its number; 0: none */
	unsigned helpers;	/* soft limit of helper kernel threads */
	uint64_t handoff;	/* ns in one gt before the domain moves on */
};
extern struct mx_env mx_env;
void mx_env_init(void);
void mx_say_keep(void);
int mx_say_fd(void);
bool mx_fd_kept(int fd);
void mx_proc_keep(void);
int mx_proc_open(const char *name, int flags);
void mx_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- small tools ---- */

/* A full barrier, in a form that ThreadSanitizer understands. */
static inline void
mx_fence(void)
{
#ifdef MX_TSAN
	_Atomic int word = 0;

	atomic_fetch_add(&word, 0);
#else
	atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Nobody may interrupt with a handler while a spin lock is held. */
static inline void
mx_crit_enter(void)
{
	mx_me.depth++;
	atomic_signal_fence(memory_order_seq_cst);
}

void mx_sig_run(void);

static inline void
mx_crit_leave(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	mx_me.depth--;
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(atomic_load_explicit(&mx_me.sigpend,
	    memory_order_relaxed) != NULL) && mx_me.depth == 0)
		mx_sig_run();
}

void mx_spin_slow(_Atomic int *l);
void mx_spin_pause(unsigned *turns);

/* Spin locks are held for a few instructions, inside mx_crit. */
static inline void
mx_spin_lock(_Atomic int *l)
{
	if (unlikely(atomic_exchange_explicit(l, 1, memory_order_acquire)))
		mx_spin_slow(l);
}

static inline void
mx_spin_unlock(_Atomic int *l)
{
	atomic_store_explicit(l, 0, memory_order_release);
}

long mx_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t rel);
void mx_futex_wake(_Atomic uint32_t *word, int n);

static inline uint64_t
mx_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * MX_NS + (uint64_t)ts.tv_nsec;
}

/* Absolute monotonic deadline of ts on clock; 0 when it is invalid (EINVAL). */
uint64_t mx_deadline(clockid_t clock, const struct timespec *ts);
uint64_t mx_after_ns(uint64_t rel);
void *mx_map(size_t len);

/* ---- stack ---- */

void *mx_stack_get(size_t size, size_t guard);
void mx_stack_put(void *stack, size_t size, size_t guard);
void mx_stack_lock(bool on);

/* ---- loader ---- */

void mx_loader_init(int tid);
bool mx_loader_try(void);
void mx_loader_done(void);
void mx_loader_fork(void);

/* ---- thread: identities ---- */

int mx_thread_init(void);
struct mx_gt *mx_thread_of(pthread_t pt);

/* Ended, and not joined yet: pthread_t is valid and names no thread. */
static inline bool
mx_thread_over(struct mx_gt *gt)
{
	return atomic_load(&gt->fate) & MX_FATE_DONE;
}

int mx_thread_role(void (*role)(struct mx_gt *), void *arg,
    struct mx_gt **ret_gt);
int mx_thread_create(pthread_t *ret_pt, const pthread_attr_t *attr,
    mx_start_fn fn, mx_thrd_fn fn11, void *arg);
void mx_thread_release(struct mx_gt *gt, bool joined);
void mx_thread_exit(void *retval) __attribute__((noreturn));
void mx_thread_adopt(struct mx_gt *gt);
void mx_thread_unadopt(struct mx_gt *gt);
void mx_thread_default(size_t size);
void mx_thread_trim(unsigned most);
void mx_thread_fork(void);
int mx_thread_tid(pthread_t pt);
void mx_thread_list(struct mx_gt *gt, bool add);
void mx_rseq_forget(struct mx_gt *gt);
void mx_robust_run(struct mx_gt *gt);
extern _Atomic int mx_main_gone;
extern _Atomic unsigned mx_pooled;
extern int mx_over_error; /* of a signal to a thread that has ended */
extern bool mx_started;	/* our constructor has run */

int mx_key_create(pthread_key_t *key, mx_dtor_fn dtor);
int mx_key_delete(pthread_key_t key);

/* Cancellation: points call mx_testcancel() before and after they wait. */
void mx_cancel_now(void) __attribute__((noreturn));

static inline bool
mx_cancelled(const struct mx_gt *gt)
{
	return atomic_load_explicit(&gt->cancel, memory_order_relaxed) &&
	    !MX_PEEK(gt->cancel_disabled) && !MX_PEEK(gt->exiting);
}

static inline void
mx_testcancel(void)
{
	if (unlikely(mx_cancelled(&mx_me)))
		mx_cancel_now();
}

/* ---- sched ---- */

int mx_enter_slow(struct mx_gt *gt);
void mx_switch(struct mx_gt *gt, void (*after)(void *), void *arg);
int mx_park(struct mx_gt *gt, uint64_t dl);
bool mx_wake(struct mx_gt *gt, int rc);
bool mx_wake_held(struct mx_gt *gt, int rc);
bool mx_interrupt(struct mx_gt *gt);
void mx_ready(struct mx_gt *gt);
void mx_ready_held(struct mx_gt *gt);
void mx_yield(void);
void mx_after(struct mx_gt *me);
void mx_run_on(struct mx_kt *kt, struct mx_gt *from, struct mx_gt *to);
void mx_hub(struct mx_gt *gt);
void mx_inbox_drain(struct mx_domain *d);
void mx_kick(struct mx_domain *d);
void mx_timer_add(struct mx_domain *d, struct mx_timer *t);
void mx_timer_del(struct mx_domain *d, struct mx_timer *t);
int mx_timer_reserve(struct mx_domain *d, unsigned n);

/*
 * Into the runtime: from here to mx_leave() the caller holds its domain.
 * Returns 1 when the domain was lost (handoff) and had to be won back, so
 * that what the caller saw before may be out of date; else 0.
 */
static inline int
mx_enter(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	uint64_t w;

	gt->depth++;
	gt->on = 0;
	atomic_signal_fence(memory_order_seq_cst);
	w = atomic_load_explicit(&d->hold, memory_order_relaxed);
	if (likely(MX_HOLD_KT(w) == gt->kt->id &&
	    atomic_compare_exchange_strong_explicit(&d->hold, &w,
	    w | MX_HOLD_RT, memory_order_acquire, memory_order_relaxed)))
		return 0;
	return mx_enter_slow(gt);
}

bool mx_leave_hog(struct mx_gt *gt);

/*
 * Back to user code. Between the two stores the monitor may take the domain
 * already; nothing below them needs it.
 */
static inline void
mx_leave(struct mx_gt *gt)
{
	struct mx_domain *d = gt->dom;
	uint64_t w;

	if (unlikely(gt->hog) && mx_leave_hog(gt))
		return;
	w = atomic_load_explicit(&d->hold, memory_order_relaxed);
	atomic_store_explicit(&d->hold, (w & ~MX_HOLD_RT) + MX_HOLD_SEQ,
	    memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	gt->on = 1;
	mx_crit_leave();
}

static inline void
mx_arm(struct mx_gt *gt)
{
	atomic_store_explicit(&gt->wait, MX_WAIT_ARMED, memory_order_release);
}

/* Likewise, for a call that can fail with ECANCELED: not for locks. */
static inline void
mx_arm_intr(struct mx_gt *gt)
{
	atomic_store_explicit(&gt->wait, MX_WAIT_ARMED_INTR,
	    memory_order_release);
}

/* Moves the wait word away from ARMED, of either kind. False: it was not. */
static inline bool
mx_unarm(struct mx_gt *gt, int to)
{
	int w = atomic_load_explicit(&gt->wait, memory_order_relaxed);

	do {
		if (w != MX_WAIT_ARMED && w != MX_WAIT_ARMED_INTR)
			return false;
	} while (!atomic_compare_exchange_weak(&gt->wait, &w, to));
	return true;
}

/* True: nobody woke us, nothing to wait for. False: mx_park() must be called. */
static inline bool
mx_disarm(struct mx_gt *gt)
{
	return mx_unarm(gt, MX_WAIT_NONE);
}

#ifdef MX_TSAN
int mx_tsan_enter(struct mx_gt *gt);
void mx_tsan_leave(struct mx_gt *gt);
void mx_tsan_arm(struct mx_gt *gt);
void mx_tsan_arm_intr(struct mx_gt *gt);
bool mx_tsan_disarm(struct mx_gt *gt);
#endif
#ifdef MX_SANITIZED
#define mx_enter mx_tsan_enter
#define mx_leave mx_tsan_leave
#define mx_arm mx_tsan_arm
#define mx_arm_intr mx_tsan_arm_intr
#define mx_disarm mx_tsan_disarm
#endif

/*
 * A signal or a cancellation request that came before the caller armed itself
 * would find nobody to wake: look once more after arming.
 */
static inline bool
mx_interrupted(struct mx_gt *gt)
{
	/* Arming came before a lock or fence; so these loads come after it. */
	mx_arch_fence_after_rmw();
	return atomic_load(&gt->sigpend) != NULL || mx_cancelled(gt) ||
	    (gt->sigkeep && gt->sigran);
}

/* A wait begins: only handlers from now on end it. */
static inline void
mx_sig_begin(struct mx_gt *gt)
{
	if (likely(!gt->sigkeep))
		gt->sigran = 0;
}

/* ---- lot: parking by address ---- */

#define MX_LOT_BUCKETS 4096

/*
 * The word is the lock and twice the number of nodes in the list, so that a
 * waiter locks and counts by one instruction. It changes only while it is
 * locked, but for the locking itself; 0: nobody waits.
 */
#define MX_LOT_LOCKED 1u
#define MX_LOT_NODE 2u

struct mx_lot_bucket {
	_Atomic unsigned word;
	struct mx_list list;	/* [lock] */
} __attribute__((aligned(32)));

extern struct mx_lot_bucket mx_lot[MX_LOT_BUCKETS];

/* Flags of mx_lot_wait(). */
#define MX_LOT_INTR 1		/* signals end the wait: -EINTR */
#define MX_LOT_CANCEL 2		/* a cancellation request ends it: -ECANCELED */

struct mx_lot_node {
	struct mx_list link;	/* [bucket lock] */
	uintptr_t key;		/* [bucket lock, peek] requeue changes it */
	struct mx_gt *gt;	/* NULL: a kernel thread waits on word */
	_Atomic uint32_t word;	/* kernel waiter: 1 when woken */
	uint32_t bits;		/* FUTEX_WAIT_BITSET */
	_Atomic bool linked;	/* [bucket lock]; read without: see unenrol */
	unsigned fork_gen;	/* forks before it was linked */
};

/* 0: got it; -EAGAIN: keep waiting; anything else ends the wait. */
typedef int (*mx_try_fn)(void *arg);

static inline struct mx_lot_bucket *
mx_lot_bucket(uintptr_t key)
{
	uint64_t h = (uint64_t)key * 0x9e3779b97f4a7c15ull;

	return &mx_lot[h >> 52];
}

int mx_lot_wait(const volatile void *addr, mx_try_fn try, void *arg,
    uint64_t dl, int flags);
void mx_lot_enrol(struct mx_lot_node *n, uintptr_t key, uint32_t bits);
bool mx_lot_unenrol(struct mx_lot_node *n, int slept);
int mx_lot_sleep(struct mx_lot_node *n, uint64_t dl, int flags);
int mx_lot_wake_counted(uintptr_t key, int n, uint32_t bits);
int mx_lot_wake_slow(uintptr_t key, int n, uint32_t bits);
int mx_lot_requeue(uintptr_t from, uintptr_t to, int nwake, int nmove,
    mx_try_fn check, void *arg, int *ret_moved);
void mx_lot_fork(void);

/*
 * After the real, waking operation on addr (which is a full barrier on x86):
 * waiters count themselves before they try for the last time.
 */
static inline void
mx_lot_wake(const volatile void *addr, int n)
{
	mx_arch_fence_after_rmw();
	if (unlikely(atomic_load_explicit(
	    &mx_lot_bucket((uintptr_t)addr)->word, memory_order_relaxed)))
		mx_lot_wake_counted((uintptr_t)addr, n, ~0u);
}

/* ---- pages: whether other processes see a piece of memory ---- */

bool mx_pages_private(const volatile void *addr);
void mx_pages_fork(void);

/* ---- fd: waiting for descriptors ---- */

struct mx_fdw {
	struct mx_list link;	/* [fdlock] */
	struct mx_gt *gt;
	int fd;
	bool linked;		/* [fdlock] */
};

/*
 * What a short read proves: with neither bit nobody has asked yet. PLAIN comes
 * only where nothing has been heard since the question: an event, a close or
 * setsockopt() may come in between when the asker has lost the domain.
 */
#define MX_FD_PLAIN 1u		/* a plain TCP socket: there was no more */
#define MX_FD_OTHER 2u		/* nothing, or nothing any more */
#define MX_FD_NEW(gen) ((gen) << 2)

/*
 * What is known about a descriptor number that some gt has waited for. The
 * counters tell whether an event came between a look and the wait.
 */
struct mx_fd {
	/* What each wait touches: one cache line. */
	_Atomic uint32_t rseq, wseq; /* events so far, per direction */
	_Atomic uint32_t drained; /* rseq + 1 of a short read; 0: none */
	_Atomic uint32_t closes; /* times that the number was closed */
	struct mx_list rd, wr;	/* [fdlock] waiters, struct mx_fdw */
	uint32_t gen;		/* [fdlock] tells stale events */
	_Atomic uint32_t stream; /* MX_FD_*, and gen above these bits */
	_Atomic uint32_t tmo_gen; /* mx_tmo_gen when the timeouts were read */
	uint16_t mask;		/* [fdlock, peek] what epoll watches; 0: nothing */
	bool has_tmo;		/* [peek] one of the timeouts is not 0 */

	uint64_t rcvtimeo, sndtimeo; /* [peek] ns, 0: none */
} __attribute__((aligned(64)));

#define MX_FD_CHUNK 512
#define MX_FD_CHUNKS 4096	/* two million descriptors */

struct mx_fdtab {
	_Atomic(struct mx_fd *) chunk[MX_FD_CHUNKS];
};

/* What d knows of fd; NULL: nobody has waited for it or its neighbours. */
static inline struct mx_fd *
mx_fd_peek(struct mx_domain *d, int fd)
{
	struct mx_fdtab *tab;
	struct mx_fd *c;

	if (unlikely((unsigned)fd >= MX_FD_CHUNK * MX_FD_CHUNKS))
		return NULL;
	tab = atomic_load_explicit(&d->fdtab, memory_order_acquire);
	if (unlikely(!tab))
		return NULL; /* a domain that is only being made */
	c = atomic_load_explicit(&tab->chunk[fd / MX_FD_CHUNK],
	    memory_order_acquire);
	return c ? &c[fd % MX_FD_CHUNK] : NULL;
}

struct mx_fd *mx_fd_get(struct mx_domain *d, int fd);
int mx_fd_watch(struct mx_domain *d, int fd, uint32_t events);
int mx_fd_enrol(struct mx_domain *d, struct mx_fdw *w, int fd,
    uint32_t events);
void mx_fd_unenrol(struct mx_domain *d, struct mx_fdw *w, int woken);
int mx_fd_poll(struct mx_domain *d, int timeout);
int mx_fd_nest(struct mx_domain *d, int loopfd);
int mx_fd_wait(int fd, uint32_t events, uint32_t seq, uint32_t closes,
    uint64_t dl);
void mx_fd_wake(int fd);
void mx_fd_closing(int fd);
void mx_fd_closed(int fd);
void mx_fd_touched(int fd);
void mx_fd_born(int fd, bool blocking);
bool mx_fd_blocking(int fd);
void mx_fd_unsure(int fd);
void mx_fd_shared(void);
int mx_fd_high(int fd);
bool mx_fd_ours(int fd);
void mx_fd_own(int fd);
void mx_fd_disown(int fd);
int mx_fd_init(struct mx_domain *d);
void mx_fd_forget_all(struct mx_domain *d);
void mx_fd_fini(struct mx_domain *d);
void mx_fd_fork(struct mx_domain *d);
extern _Atomic uint32_t mx_tmo_gen;

/* ---- kthread: kernel threads, hop ---- */

struct mx_kt *mx_kt_self_new(void);
struct mx_kt *mx_kt_spare(bool create);
void mx_kt_give(struct mx_kt *kt, enum mx_job job, void *arg);
void mx_kt_idle_role(struct mx_gt *gt);
struct mx_kt *mx_kt_by_id(uint32_t id);
unsigned mx_kt_slots(void);
/* What a hop is for. */
enum mx_hop {
	MX_HOP_LOCK,		/* may last; not a cancellation point */
	MX_HOP_BOUNDED,		/* ends by itself: helpers take turns */
	MX_HOP_CANCEL,		/* may last; a cancellation point */
};

void mx_kt_want(struct mx_kt *kt, struct mx_gt *gt);
void mx_hop_begin(enum mx_hop kind);
void mx_hop_end(void);
void mx_kt_goto(struct mx_kt *kt);
void mx_kt_unspare(struct mx_kt *kt);
void mx_kt_fork(void);
extern _Atomic unsigned mx_kt_count, mx_kt_peak;

/* Runs expr on a helper. */
#define MX_HOP(kind, expr) ({ \
	MX_POKE(mx_me.hop_call, #expr); \
	mx_hop_begin(kind); \
	__typeof__(expr) mx_hop_r_ = (expr); \
	mx_hop_end(); \
	if ((kind) == MX_HOP_CANCEL && (intptr_t)mx_hop_r_ == -1 && \
	    errno == EINTR) \
		mx_testcancel(); \
	mx_hop_r_; \
})

/* ---- monitor ---- */

int mx_monitor_start(void);
void mx_monitor_poke(void);
void mx_monitor_fork(void);
extern _Atomic uint32_t mx_monitor_asleep;

/* ---- signal ---- */

int mx_sigaction(int sig, const struct sigaction *act, struct sigaction *old);
void mx_sig_setmask(struct mx_gt *gt, uint64_t mask);
int mx_sig_send(struct mx_gt *gt, int sig, const siginfo_t *info);
void mx_sig_hub(struct mx_domain *d);
void mx_sig_account(struct mx_domain *d, uint64_t mask, int by);
bool mx_sig_handled(int sig);
#define MX_DEBUG_SS (64 * 1024)
void mx_sig_debug(struct mx_kt *kt);
int mx_sig_reserve(int sig, const struct sigaction *act);
uint64_t mx_sig_allowed(uint64_t mask);
void mx_sig_stop(int tid, void *slot);
void mx_sig_shift(struct mx_gt *from, struct mx_kt *kt, uint64_t mask);
void mx_sig_bequeath(struct mx_gt *gt);
void mx_sig_mark(siginfo_t *si);
struct mx_sig_mask {
	uint64_t mask, kernel;
};
void mx_sig_shut(struct mx_sig_mask *old, uint64_t set);
void mx_sig_open(const struct mx_sig_mask *old);
int mx_xid(long number, long a, long b, long c);
void mx_sig_kick(struct mx_gt *gt);
bool mx_sig_rekick(struct mx_domain *d);
uint64_t mx_sig_pending(void);
int mx_sig_take(const sigset_t *set, siginfo_t *ret_info);
#define MX_SIGRAN_ANY 1
#define MX_SIGRAN_INTR 2		/* one of them without SA_RESTART */
int mx_sig_restart(void);
void mx_signal_lock(bool on);
void mx_sig_fork(struct mx_gt *gt);

static inline uint64_t
mx_sigbits(const sigset_t *set)
{
	uint64_t m;

	memcpy(&m, set, sizeof(m));
	return m;
}

/* ---- domain ---- */

int mx_domain_enter(void);
int mx_domain_leave(void);
void mx_domain_revive(struct mx_gt *gt);
void mx_domain_release(struct mx_gt *gt);
void mx_domain_fork_prepare(void);
void mx_domain_fork_parent(void);
void mx_domain_fork_child(void);
pid_t mx_vfork_child(void) __attribute__((visibility("hidden"), used));
pid_t mx_vfork_parent(int rc) __attribute__((visibility("hidden"), used));
void mx_domain_fork_bare(void);
int mx_loop_init(struct mx_domain *d);
void mx_loop_wait(struct mx_domain *d);
void mx_loop_kick(struct mx_domain *d);
void mx_loop_made(int loopfd);
int mx_loop_poll(int loopfd, struct epoll_event *ev, int n, int timeout);
void mx_loop_fini(struct mx_domain *d);
void mx_loop_fork(struct mx_domain *d);

/* ---- stats ---- */

void mx_stats_print(void);

/* ---- dump ---- */

void mx_dump_init(void);
void mx_dump_fork(void);
bool mx_dump_is_stop(const void *cookie);
void mx_dump_stop(void *cookie, const void *uc);

/* What the calling thread is about to wait for, for mixio_dump(). */
static inline void
mx_why(const char *call, uintptr_t object)
{
	MX_POKE(mx_me.why.call, call);
	MX_POKE(mx_me.why.object, object);
}

#endif
