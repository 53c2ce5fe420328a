/* SPDX-License-Identifier: MIT */
/*
 * Signals. Every handler of the program is entered through handler() below,
 * which decides who shall run it:
 *
 *	a fault (SIGSEGV by the processor)	who caused it, at once
 *	sent to a thread			that thread
 *	sent to the process			the main thread if it opted in and
 *						does not block it (the kernel's own
 *						preference), else who was hit
 *
 * If that is the current thread, in user code, the handler runs right there,
 * as without us. In the runtime, or for another green thread, the signal is
 * queued on that thread and its wait ended with EINTR; it runs the handler on
 * its own stack before it goes on. So the runtime is never reentered, and a
 * handler may do whatever user code may.
 *
 * Masks belong to green threads; the kernel's follows at each switch when it
 * differs. The hub blocks what every thread blocks. Queueing takes no lock.
 * acts_lock is taken with handlers put off, and by a handler's prologue only
 * where its own thread cannot hold it.
 */
#include "mx.h"

#include <ucontext.h>

#define RECORDS 256

struct mx_sig {
	struct mx_sig *next;
	siginfo_t info;
};

static struct mx_sig records[RECORDS];
static _Atomic uint64_t records_used[RECORDS / 64];

static struct sigaction acts[_NSIG];	/* [acts_lock] the program's view */
static _Atomic int acts_lock;

/* si_value of a signal that only interrupts: the thread's queue says why. */
static char kick_cookie;

/* In a siginfo: see to_thread(). */
static const char thread_mark;

/* The kernel has its way with these two, libc with its own two. */
#define LIBC_SIGNALS (bit(SIGKILL) | bit(SIGSTOP) | bit(32) | bit(33))

static uint64_t
bit(int sig)
{
	return 1ull << (sig - 1);
}

/* The signal of --dump-signal: the program can neither handle nor block it. */
static uint64_t reserved;

/* ---- records: a lock-free pool ---- */

static struct mx_sig *
record_get(void)
{
	uint64_t used;
	unsigned w;
	int b;

	for (w = 0; w < RECORDS / 64; w++) {
		used = atomic_load(&records_used[w]);
		while (~used) {
			b = __builtin_ctzll(~used);
			if (atomic_compare_exchange_weak(&records_used[w],
			    &used, used | 1ull << b))
				return &records[w * 64 + (unsigned)b];
		}
	}
	return NULL;
}

static void
record_put(struct mx_sig *s)
{
	unsigned i = (unsigned)(s - records);

	atomic_fetch_and(&records_used[i / 64], ~(1ull << i % 64));
}

static void
record_push(_Atomic(struct mx_sig *) *head, struct mx_sig *s)
{
	struct mx_sig *old = atomic_load(head);

	do {
		s->next = old;
	} while (!atomic_compare_exchange_weak(head, &old, s));
}

static struct mx_sig *
record_take_all(_Atomic(struct mx_sig *) *head)
{
	struct mx_sig *l = atomic_exchange(head, NULL), *next, *fifo = NULL;

	for (; l; l = next) {
		next = l->next;
		l->next = fifo;
		fifo = l;
	}
	return fifo;
}

/* ---- masks ---- */

static void
hubmask_update(struct mx_domain *d)
{
	uint64_t mask = 0;
	int i;

	if (d->nmasked && d->nmasked >= atomic_load(&d->nlive))
		for (i = 0; i < 64; i++)
			if (d->nblock[i] >= atomic_load(&d->nlive))
				mask |= 1ull << i;
	atomic_store_explicit(&d->hubmask, mask, memory_order_relaxed);
}

/* [all_lock] A live gt with this mask came (by = 1) or went (by = -1). */
void
mx_sig_account(struct mx_domain *d, uint64_t mask, int by)
{
	uint64_t m;

	if (mask) {
		d->nmasked += (unsigned)by;
		for (m = mask; m; m &= m - 1)
			d->nblock[__builtin_ctzll(m)] += (unsigned)by;
	}
	if (d->nmasked || atomic_load(&d->hubmask))
		hubmask_update(d);
}

/* Sets the calling thread's mask; signals that it lets in are handled here. */
void
mx_sig_setmask(struct mx_gt *gt, uint64_t mask)
{
	struct mx_domain *d = gt->dom;
	uint64_t old = gt->mask;

	/* The kernel has these two, and libc's own two, its way. */
	mask &= ~(LIBC_SIGNALS | reserved);
	if (d && mask != old) {
		mx_crit_enter();
		mx_spin_lock(&d->all_lock);
		mx_sig_account(d, old, -1);
		mx_sig_account(d, mask, 1);
		mx_spin_unlock(&d->all_lock);
		gt->mask = mask;
		if (gt->kt)
			gt->kt->mask = mask;
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		    8, 0, 0);
		mx_crit_leave();
	} else {
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		    8, 0, 0);
	}
	/* Perhaps some of what was held back may come now. */
	if (gt->sighold && gt->depth == 0)
		mx_sig_run();
}

/*
 * Around libc's pthread_create(), whose child has the mask of its maker from the
 * start: nothing gets in. The making may park, in an allocator of the program's;
 * therefore it is the thread's mask, too, until mx_sig_open().
 */
void
mx_sig_shut(struct mx_sig_mask *old, uint64_t set)
{
	struct mx_gt *gt = &mx_me;

	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set,
	    (long)&old->kernel, 8, 0, 0);
	old->mask = gt->mask;
	if (gt->dom && gt->kt) {
		gt->mask = set;
		gt->kt->mask = set;
	}
}

void
mx_sig_open(const struct mx_sig_mask *old)
{
	struct mx_gt *gt = &mx_me;

	if (gt->dom && gt->kt) {
		gt->mask = old->mask;
		gt->kt->mask = old->kernel;
	}
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old->kernel, 0, 8,
	    0, 0);
	if (gt->dom && gt->depth == 0 && atomic_load(&gt->sigpend))
		mx_sig_run();
}

/* ---- for a thread, or for the process ---- */

/*
 * The kernel does not tell pthread_sigqueue(3) from sigqueue(3). What it carries
 * of a siginfo (48 bytes) has room behind sigqueue's fields, and it hands on what
 * it finds there.
 */
#define MARK_AT 40

static bool
to_thread(const siginfo_t *si)
{
	const void *mark;

	memcpy(&mark, (const char *)si + MARK_AT, sizeof(mark));
	return si->si_code == SI_TKILL ||
	    (si->si_code == SI_QUEUE && mark == &thread_mark);
}

/* It is for one thread. */
void
mx_sig_mark(siginfo_t *si)
{
	const void *mark = &thread_mark;

	memcpy((char *)si + MARK_AT, &mark, sizeof(mark));
}

/* Sent to the kernel thread that was hit, hence to what runs on it. */
static bool
for_thread(int sig, const siginfo_t *si)
{
	/* SIGPIPE comes from the thread's own write; a timer may name one. */
	return to_thread(si) || si->si_code == SI_TIMER ||
	    sig == SIGPROF || sig == SIGVTALRM ||
	    (sig == SIGPIPE && si->si_code == SI_USER &&
	    si->si_pid == getpid());
}

/* ---- running handlers ---- */

static void
act_get(int sig, struct sigaction *ret_act)
{
	mx_crit_enter();
	mx_spin_lock(&acts_lock);
	*ret_act = acts[sig];
	mx_spin_unlock(&acts_lock);
	mx_crit_leave();
}

/*
 * The same for a signal that did not come by the kernel, which would have
 * forgotten the handler as SA_RESETHAND asks for.
 */
static void
act_take(int sig, struct sigaction *ret_act)
{
	struct sigaction k;

	mx_crit_enter();
	mx_spin_lock(&acts_lock);
	*ret_act = acts[sig];
	if ((ret_act->sa_flags & (int)SA_RESETHAND) &&
	    ret_act->sa_handler != SIG_DFL && ret_act->sa_handler != SIG_IGN &&
	    mx_sig_handled(sig)) {
		k = *ret_act;
		k.sa_handler = SIG_DFL;
		real.sigaction(sig, &k, NULL);
		acts[sig].sa_handler = SIG_DFL;
	}
	mx_spin_unlock(&acts_lock);
	mx_crit_leave();
}

static void
call(const struct sigaction *act, int sig, siginfo_t *info, void *uc)
{
	if (act->sa_flags & SA_SIGINFO)
		act->sa_sigaction(sig, info, uc);
	else
		act->sa_handler(sig);
}

static uint64_t
mask_during(const struct sigaction *act, int sig, uint64_t mask)
{
	mask |= mx_sigbits(&act->sa_mask);
	if (!(act->sa_flags & SA_NODEFER))
		mask |= bit(sig);
	return mask & ~reserved;
}

static void
ran(struct mx_gt *gt, const struct sigaction *act)
{
	gt->sigran |= MX_SIGRAN_ANY;
	if (!(act->sa_flags & SA_RESTART))
		gt->sigran |= MX_SIGRAN_INTR;
}

/* What is sent to a thread and to the process pends side by side. */
static _Atomic uint64_t *
sigset_of(struct mx_gt *gt, const siginfo_t *info)
{
	return &gt->sigset[to_thread(info)];
}

static void
queueinfo(int tid, int sig, const siginfo_t *info)
{
	int saved = errno;

	real.syscall(SYS_rt_tgsigqueueinfo, (long)getpid(), tid, sig,
	    (long)info, 0, 0);
	errno = saved;
}

/* A signal that is only to interrupt: see handler(). */
static void
kick_make(siginfo_t *ret_info, int sig)
{
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->si_signo = sig;
	ret_info->si_code = SI_QUEUE;
	ret_info->si_pid = getpid();
	ret_info->si_value.sival_ptr = &kick_cookie;
}

/*
 * Only the kernel changes to the alternate stack, and knows then that it is in
 * use: it is asked to interrupt us with the same signal, and handler() finds
 * what is meant in sigalt. False: it would not, or there is no such stack.
 */
static bool
run_on_altstack(struct mx_gt *gt, struct mx_sig *s)
{
	int sig = s->info.si_signo;
	struct sigaction act;
	siginfo_t kick;

	act_get(sig, &act);
	if (!(act.sa_flags & SA_ONSTACK) || !gt->kt ||
	    (gt->ss.ss_flags & SS_DISABLE) || !gt->ss.ss_sp ||
	    gt->kt->ss_sp != gt->ss.ss_sp || !mx_sig_handled(sig))
		return false;
	kick_make(&kick, sig);
	gt->sigalt = s;
	queueinfo(MX_PEEK(gt->kt->tid), sig, &kick);
	/* It has come when that system call returns. */
	if (gt->sigalt != s)
		return true;
	gt->sigalt = NULL;
	return false;
}

/* A queued signal, on the stack of the thread that it is for. */
static void
run_queued(struct mx_gt *gt, struct mx_sig *s)
{
	int sig = s->info.si_signo, saved = errno;
	uint64_t old = gt->mask;
	siginfo_t info = s->info;
	struct sigaction act;
	ucontext_t uc;

	if (run_on_altstack(gt, s))
		return;
	record_put(s);
	atomic_fetch_and(sigset_of(gt, &info), ~bit(sig));
	act_take(sig, &act);
	if (act.sa_handler == SIG_DFL) {
		/* Another one took the handler with it. */
		kill(getpid(), sig);
		return;
	}
	if (act.sa_handler == SIG_IGN)
		return;
	if (!gt->dom)
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, (long)&old, 8,
		    0, 0);
	getcontext(&uc);
	memcpy(&uc.uc_sigmask, &old, sizeof(old));
	mx_sig_setmask(gt, mask_during(&act, sig, old));
	call(&act, sig, &info, &uc);
	mx_sig_setmask(gt, old);
	ran(gt, &act);
	errno = saved;
}

/*
 * [gt's own, or held] Puts a signal where the kernel would find it: what was sent
 * to the thread before what was sent to the process, then by number, and those of
 * one number in the order in which they came (signal(7)).
 */
static void
hold(struct mx_gt *gt, struct mx_sig *s)
{
	int sig = s->info.si_signo;
	bool mine = to_thread(&s->info);
	struct mx_sig **p, *o;

	for (p = &gt->sighold; (o = *p) != NULL; p = &o->next)
		if (to_thread(&o->info) != mine ? mine :
		    o->info.si_signo > sig)
			break;
	s->next = o;
	*p = s;
}

/*
 * [own] Takes the first signal of set that is queued for gt, or NULL. A handler
 * that comes meanwhile is put off, as it would take from the list, too; who calls
 * looks again for it.
 */
static struct mx_sig *
take(struct mx_gt *gt, uint64_t set)
{
	struct mx_sig *s, *next, **p;

	gt->depth++;
	atomic_signal_fence(memory_order_seq_cst);
	for (s = record_take_all(&gt->sigpend); s; s = next) {
		next = s->next;
		hold(gt, s);
	}
	for (p = &gt->sighold; (s = *p) != NULL; p = &s->next)
		if (set & bit(s->info.si_signo))
			break;
	if (s)
		*p = s->next;
	atomic_signal_fence(memory_order_seq_cst);
	gt->depth--;
	return s;
}

/* [user code, depth 0] Handles what is queued for the calling thread. */
void
mx_sig_run(void)
{
	struct mx_gt *gt = &mx_me;
	struct mx_sig *s;

	while (gt->depth == 0 && (atomic_load(&gt->sigpend) || gt->sighold)) {
		s = take(gt, ~gt->mask);
		/* One at a time: its handler may jump away. */
		if (s)
			run_queued(gt, s);
		else if (!atomic_load(&gt->sigpend))
			return;
	}
}

/* 0: no handler ran since the wait began; else what the call must return. */
int
mx_sig_restart(void)
{
	struct mx_gt *gt = &mx_me;

	if (gt->sigran & MX_SIGRAN_INTR)
		return -EINTR;
	return gt->sigran ? -ERESTART : 0;
}

/*
 * Queues a signal for gt, from anywhere, and ends its wait. Returns 0, or
 * EAGAIN when too many are queued.
 */
int
mx_sig_send(struct mx_gt *gt, int sig, const siginfo_t *info)
{
	struct mx_kt *kt;
	struct mx_sig *s;
	siginfo_t kick;

	/* Pending once at most for a standard signal (signal(7)). */
	if (sig >= 32 || !(atomic_fetch_or(sigset_of(gt, info), bit(sig)) &
	    bit(sig))) {
		s = record_get();
		if (!s) {
			atomic_fetch_and(sigset_of(gt, info), ~bit(sig));
			return EAGAIN;
		}
		s->info = *info;
		record_push(&gt->sigpend, s);
	}
	if (gt == &mx_me) {
		/* It may be about to park: end that wait as for any other. */
		if (gt->depth == 0)
			mx_sig_run();
		else if (!(gt->mask & bit(sig)) ||
		    (gt->sigwaiting & bit(sig)))
			mx_wake(gt, -EINTR);
		return 0;
	}
	if ((gt->mask & bit(sig)) && !(MX_PEEK(gt->sigwaiting) & bit(sig)))
		return 0;
	if (mx_wake(gt, -EINTR))
		return 0;
	/*
	 * Running or ready. If it sits in a system call of its own (hop,
	 * handoff), only a signal to that kernel thread gets it out; one that
	 * comes too late finds an empty queue.
	 */
	kt = MX_PEEK(gt->kt);
	if (kt && kt->cur == gt && !(gt->mask & bit(sig))) {
		kick_make(&kick, sig);
		queueinfo(MX_PEEK(kt->tid), sig, &kick);
	}
	return 0;
}

/*
 * [held] The kernel thread goes from from, which blocks signals that mask lets
 * in. One that is pending for this kernel thread was meant for from (SIGPIPE of
 * its write) and must not hit the next one: it waits in from's own queue. What
 * is pending for the process goes back and will be let in.
 */
void
mx_sig_shift(struct mx_gt *from, struct mx_kt *kt, uint64_t mask)
{
	static const struct timespec zero;
	uint64_t pending = 0, again = 0, one;
	struct mx_sig *s;
	siginfo_t si;
	long sig;

	real.syscall(SYS_rt_sigpending, (long)&pending, 8, 0, 0, 0, 0);
	pending &= kt->mask & ~mask & ~LIBC_SIGNALS;
	while (pending & ~again) {
		one = pending & ~again;
		sig = real.syscall(SYS_rt_sigtimedwait, (long)&one, (long)&si,
		    (long)&zero, 8, 0, 0);
		if (sig <= 0)
			break;
		if (from->dom && (to_thread(&si) || sig == SIGPIPE) &&
		    (s = record_get()) != NULL) {
			s->info = si;
			hold(from, s);
			continue;
		}
		again |= bit((int)sig);
		if (real.syscall(SYS_rt_sigqueueinfo, (long)getpid(), sig,
		    (long)&si, 0, 0, 0) == 0)
			continue;
		/* Only the first kernel thread may say that it was kill(2). */
		s = from->dom && mx_sig_handled((int)sig) ? record_get() : NULL;
		if (s) {
			s->info = si;
			record_push(&from->dom->sigq, s);
			mx_kick(from->dom);
		} else {
			kill(getpid(), (int)sig);
		}
	}
}

/*
 * [held] gt ends with signals that it never got to: what was sent to the
 * process is for somebody else, what was sent to the thread ends with it.
 */
void
mx_sig_bequeath(struct mx_gt *gt)
{
	struct mx_sig *s, *next, *held = gt->sighold;
	int round;

	gt->sighold = NULL;
	atomic_store(&gt->sigset[0], 0);
	atomic_store(&gt->sigset[1], 0);
	for (round = 0; round < 2; round++) {
		s = round ? held : record_take_all(&gt->sigpend);
		for (; s; s = next) {
			next = s->next;
			if (to_thread(&s->info))
				record_put(s);
			else
				record_push(&gt->dom->sigq, s);
		}
	}
	mx_kick(gt->dom);
}

/* ---- libc's two signals: kicks, and calls for every kernel thread ---- */

/*
 * libc's signal for cancellation, without SA_RESTART: the system call that it
 * finds ends. Its signal for setuid(2) has SA_RESTART, so that the others' calls
 * go on as they do natively. libc's own handlers get what is not ours.
 */
#define SIG_KICK 32
#define SIG_XID 33

/* The kernel's struct sigaction; libc's calls refuse these signals. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static void (*_Atomic libc_handler[2])(int, siginfo_t *, void *);

/* A system call that every kernel thread makes: see mx_xid(). */
static struct {
	_Atomic int busy;
	long number, arg[3];
	_Atomic uint32_t acks;
	_Atomic int failed;	/* a thread's errno, where it was refused */
} xid;
static char xid_cookie;

static void
kick_handler(int sig, siginfo_t *si, void *uc)
{
	void (*libc)(int, siginfo_t *, void *) = libc_handler[sig - SIG_KICK];
	void *cookie = si->si_code == SI_QUEUE ? si->si_value.sival_ptr : NULL;
	struct mx_gt *gt = &mx_me;
	int saved = errno;

	if (cookie == &xid_cookie) {
		if (real.syscall(xid.number, xid.arg[0], xid.arg[1],
		    xid.arg[2], 0, 0, 0) < 0)
			atomic_store(&xid.failed, errno);
		atomic_fetch_add(&xid.acks, 1);
		mx_futex_wake(&xid.acks, 1);
		errno = saved;
	} else if (mx_dump_is_stop(cookie)) {
		mx_dump_stop(cookie, uc);
		errno = saved;
	} else if (cookie == &kick_cookie) {
		if (gt->on && gt->depth == 0 && gt->cancel_async)
			mx_testcancel();
	} else if (libc && libc != (void *)SIG_IGN) {
		libc(sig, si, uc);
	}
}

static void
kick_send(int tid, int sig, void *cookie)
{
	struct kernel_action now, mine = {
		.handler = kick_handler,
		.flags = SA_SIGINFO | MX_ARCH_SA_RESTORER |
		    (sig == SIG_XID ? SA_RESTART | SA_ONSTACK : 0),
		.restorer = MX_ARCH_RESTORER,
	};
	siginfo_t kick;

	real.syscall(SYS_rt_sigaction, sig, 0, (long)&now, 8, 0, 0);
	if (now.handler != kick_handler) {
		libc_handler[sig - SIG_KICK] = now.handler;
		real.syscall(SYS_rt_sigaction, sig, (long)&mine, 0, 8, 0, 0);
	}
	memset(&kick, 0, sizeof(kick));
	kick.si_signo = sig;
	kick.si_code = SI_QUEUE;
	kick.si_pid = getpid();
	kick.si_value.sival_ptr = cookie;
	queueinfo(tid, sig, &kick);
}

/* Stops kernel thread tid, which computes, for a dump: see dump.c. */
void
mx_sig_stop(int tid, void *slot)
{
	kick_send(tid, SIG_XID, slot);
}

/*
 * Interrupts the system call, or the computation, that gt is in, if any.
 */
void
mx_sig_kick(struct mx_gt *gt)
{
	struct mx_kt *kt = MX_PEEK(gt->kt);

	if (kt && kt->cur == gt)
		kick_send(MX_PEEK(kt->tid), SIG_KICK, &kick_cookie);
}

/*
 * From the monitor: kicks those of d again that were cancelled in a call on a
 * helper and are still there, since the first kick may have come just before
 * their system call. True: there are such.
 */
bool
mx_sig_rekick(struct mx_domain *d)
{
	bool again = false;
	struct mx_list *l;
	struct mx_gt *gt;

	if (!atomic_exchange(&d->rekick, 0))
		return false;
	mx_crit_enter();
	mx_spin_lock(&d->all_lock);
	for (l = d->all.next; l != &d->all; l = l->next) {
		gt = mx_container(l, struct mx_gt, all);
		if (MX_PEEK(gt->hopping) == MX_HOPPING_CANCEL &&
		    mx_cancelled(gt)) {
			mx_sig_kick(gt);
			again = true;
		}
	}
	mx_spin_unlock(&d->all_lock);
	mx_crit_leave();
	if (again)
		atomic_store(&d->rekick, 1);
	return again;
}

/*
 * False for a main thread that has ended, and for what the kernel itself runs
 * in the process (io_uring, vhost): that is marked, and blocks everything. Others
 * block the signal for a while at most: who makes or ends a thread, forks.
 */
static bool
runs_handlers(int tid)
{
	const unsigned long marks = 0x4010; /* PF_USER_WORKER, PF_IO_WORKER */
	const unsigned long all = 0x7ffbfeff; /* of 31, but for SIGKILL, SIGSTOP */
	unsigned long flags = 0, blocked = 0;
	char path[64], text[1024], state = 0, *p;
	ssize_t len;
	int fd, i;

	snprintf(path, sizeof(path), "self/task/%d/stat", tid);
	fd = mx_proc_open(path, O_RDONLY);
	if (fd < 0) /* gone, or nobody may look (landlock) */
		return errno != ENOENT && errno != ESRCH;
	len = real.read(fd, text, sizeof(text) - 1);
	real.close(fd);
	text[len > 0 ? len : 0] = '\0';
	/* proc(5): the fields after the name; 3 state, 9 flags, 32 blocked. */
	p = strrchr(text, ')');
	for (i = 3; p && i <= 32; i++) {
		p = strchr(p + 1, ' ');
		if (p && i == 3)
			state = p[1];
		else if (p && i == 9)
			flags = strtoul(p, NULL, 10);
		else if (p && i == 32)
			blocked = strtoul(p, NULL, 10);
	}
	return state && state != 'Z' && state != 'X' &&
	    !((flags & marks) && blocked == all);
}

/* Until tid has acknowledged, or is gone; libc, too, waits as long as it takes. */
static void
xid_wait(int tid, uint32_t acks)
{
	int i;

	for (i = 0; atomic_load(&xid.acks) == acks; i++) {
		if (real.syscall(SYS_tgkill, (long)getpid(), tid, 0, 0, 0,
		    0) < 0)
			return;
		if (i == 10000)
			mx_say("still waiting for kernel thread %d to take "
			    "on the new credentials", tid);
		mx_futex_wait(&xid.acks, acks, 1000000);
	}
}

/*
 * [user code, any thread] setuid(2) and its kin: credentials belong to kernel
 * threads, POSIX wants them for the process. libc asks every thread on its list
 * to make the call, but which kernel thread runs which of ours it cannot know;
 * so every kernel thread of the process is asked here. 0, or -1 and errno; it
 * is EAGAIN where /proc does not tell which they are. A process of which some
 * kernel threads have other credentials than the rest does not go on.
 */
int
mx_xid(long number, long a, long b, long c)
{
	int me = (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	int saved = errno, tid, done[1024], n = 0, i, fd;
	struct dirent *e;
	bool again = true;
	uint32_t acks;
	DIR *dir;

	/* Before the call, which may forbid it (landlock). */
	fd = mx_proc_open("self/task", O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			real.close(fd);
		errno = EAGAIN;
		return -1;
	}
	/* Ours first: if it fails nothing has happened. */
	if (real.syscall(number, a, b, c, 0, 0, 0) < 0) {
		saved = errno;
		closedir(dir);
		errno = saved;
		return -1;
	}
	while (atomic_exchange(&xid.busy, 1))
		real.sched_yield();
	xid.number = number;
	xid.arg[0] = a;
	xid.arg[1] = b;
	xid.arg[2] = c;
	/* Until a look finds nobody new: others may make threads meanwhile. */
	atomic_store(&xid.failed, 0);
	while (again) {
		again = false;
		rewinddir(dir);
		while ((e = readdir(dir)) != NULL) {
			tid = atoi(e->d_name);
			for (i = 0; i < n && done[i] != tid; i++)
				;
			if (tid <= 0 || tid == me || i < n)
				continue;
			if (!runs_handlers(tid))
				continue;
			again = true;
			acks = atomic_load(&xid.acks);
			kick_send(tid, SIG_XID, &xid_cookie);
			xid_wait(tid, acks);
			if (atomic_load(&xid.failed)) {
				mx_say("kernel thread %d keeps its old "
				    "credentials", tid);
				abort();
			}
			if (n < (int)(sizeof(done) / sizeof(done[0])))
				done[n++] = tid;
			else
				again = false;
		}
	}
	closedir(dir);
	atomic_store(&xid.busy, 0);
	errno = saved;
	return 0;
}

/*
 * [held, hub] Everybody blocks a signal that the kernel had handed out already:
 * back to the kernel, where it waits for who lets it in first.
 */
static bool
hand_back(struct mx_gt *hub, const siginfo_t *info)
{
	uint64_t set = bit(info->si_signo);

	real.syscall(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, 8, 0, 0);
	hub->kt->mask |= set;
	/* Only the process's first thread may repeat what another sent. */
	return real.syscall(SYS_rt_sigqueueinfo, (long)getpid(),
	    info->si_signo, (long)info, 0, 0, 0) == 0;
}

/* Whom of d a signal to the process is for: one who lets it in, or waits for it. */
static struct mx_gt *
taker(struct mx_domain *d, uint64_t set)
{
	struct mx_gt *gt, *waits = NULL, *lets = NULL;
	struct mx_list *l;

	if (d->main && !(d->main->mask & set))
		return d->main;
	mx_spin_lock(&d->all_lock);
	for (l = d->all.next; l != &d->all; l = l->next) {
		gt = mx_container(l, struct mx_gt, all);
		if (!(gt->mask & set))
			lets = gt;
		else if (MX_PEEK(gt->sigwaiting) & set)
			waits = gt;
	}
	mx_spin_unlock(&d->all_lock);
	return lets ? lets : waits;
}

/* [held, hub] Finds somebody for signals that came while nobody ran. */
void
mx_sig_hub(struct mx_domain *d)
{
	struct mx_sig *s, *next;
	struct mx_gt *to;
	siginfo_t info;

	for (s = record_take_all(&d->sigq); s; s = next) {
		next = s->next;
		info = s->info;
		record_put(s);
		to = taker(d, bit(info.si_signo));
		if (!to && !hand_back(&mx_me, &info))
			to = d->main;
		if (to)
			mx_sig_send(to, info.si_signo, &info);
	}
}

static bool
is_fault(int sig, const siginfo_t *si)
{
	return (sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE ||
	    sig == SIGILL || sig == SIGTRAP || sig == SIGSYS) &&
	    si->si_code > 0;
}

/* The kernel has changed the calling thread's mask: take note. */
static void
mask_is(struct mx_gt *gt, uint64_t mask)
{
	mask &= ~LIBC_SIGNALS;
	mx_crit_enter();
	mx_spin_lock(&gt->dom->all_lock);
	mx_sig_account(gt->dom, gt->mask, -1);
	mx_sig_account(gt->dom, mask, 1);
	mx_spin_unlock(&gt->dom->all_lock);
	gt->mask = mask;
	gt->kt->mask = mask;
	/* Not mx_crit_leave(): what is queued waits for the handler's end. */
	gt->depth--;
}

/* --debug: says whose stack has come to its end. */
static void
name_overflow(struct mx_gt *gt, const siginfo_t *si)
{
	char *low = gt->stack_low, *addr = si->si_addr;

	if (low && addr >= low - gt->guard - 4096 && addr < low + 4096)
		mx_say("thread %d \"%s\" has overflowed its stack of %zu bytes",
		    gt->tid, gt->name, gt->stack_size);
}

static void
run_here(struct mx_gt *gt, int sig, siginfo_t *si, void *uc)
{
	uint64_t old = gt->mask, during;
	struct sigaction act;

	act_get(sig, &act);
	if (act.sa_handler == SIG_DFL || act.sa_handler == SIG_IGN)
		return;
	if (!gt->dom || !gt->kt) {
		call(&act, sig, si, uc);
		return;
	}
	/* The kernel has set the mask already; sigreturn restores it. */
	during = mask_during(&act, sig, old);
	mask_is(gt, during);
	call(&act, sig, si, uc);
	mask_is(gt, old);
	ran(gt, &act);
	if (gt->depth == 0)
		mx_sig_run();
}

static void
handler(int sig, siginfo_t *si, void *uc)
{
	struct mx_gt *gt = &mx_me, *to = gt, *main = MX_PEEK(mx_process_main);
	int saved = errno;
	struct mx_sig *s;
	bool directed;

	if (is_fault(sig, si) || gt->vfork) {
		struct sigaction act = acts[sig];

		if (mx_env.debug && !gt->vfork)
			name_overflow(gt, si);
		if (act.sa_handler != SIG_DFL && act.sa_handler != SIG_IGN &&
		    gt->dom && gt->depth == 0 && !gt->vfork)
			run_here(gt, sig, si, uc);
		else if (act.sa_handler != SIG_DFL && act.sa_handler != SIG_IGN)
			call(&act, sig, si, uc);
		else if (mx_env.debug)
			real.sigaction(sig, &act, NULL); /* faults again */
		goto out;
	}
	if (si->si_code == SI_QUEUE && si->si_value.sival_ptr == &kick_cookie) {
		s = gt->sigalt;
		if (s && s->info.si_signo == sig && gt->depth == 0) {
			siginfo_t info = s->info;

			gt->sigalt = NULL;
			record_put(s);
			atomic_fetch_and(sigset_of(gt, &info), ~bit(sig));
			run_here(gt, sig, &info, uc);
		} else if (gt->depth == 0) {
			mx_sig_run();
		}
		goto out;
	}
	directed = for_thread(sig, si);
	if (!directed && main && MX_PEEK(main->dom) &&
	    MX_PEEK(main->state) == MX_STATE_ALIVE &&
	    !(main->mask & bit(sig)))
		to = main;
	if (to == gt && !gt->dom && gt->kt) {
		/* The hub, or an idle loop: nobody's user code. */
		s = gt->role_arg && gt->role == mx_hub ? record_get() : NULL;
		if (s) {
			s->info = *si;
			record_push(&((struct mx_domain *)gt->role_arg)->sigq,
			    s);
			mx_kick(gt->role_arg);
		}
		goto out;
	}
	if (to == gt && !directed && gt->dom && (gt->mask & bit(sig))) {
		/* On the way to a thread that lets it in: the hub finds it. */
		s = record_get();
		if (s) {
			s->info = *si;
			record_push(&gt->dom->sigq, s);
			mx_kick(gt->dom);
			goto out;
		}
	}
	if (to == gt && gt->depth == 0) {
		run_here(gt, sig, si, uc);
		goto out;
	}
	if (mx_sig_send(to, sig, si) == EAGAIN)
		run_here(gt, sig, si, uc); /* better here than never */
out:
	errno = saved;
}

/* Whether the kernel calls us for it. */
bool
mx_sig_handled(int sig)
{
	struct sigaction act;

	if (real.sigaction(sig, NULL, &act) < 0)
		return false;
	return (act.sa_flags & SA_SIGINFO) && act.sa_sigaction == handler;
}

/*
 * --debug: faults come to handler() even if the program does not want them, on
 * a stack of their own. The program's dispositions stay what they look like.
 */
void
mx_sig_debug(struct mx_kt *kt)
{
	struct sigaction act, old;

	if (!kt->debug_ss)
		kt->debug_ss = mx_map(MX_DEBUG_SS);
	if (real.sigaction(SIGSEGV, NULL, &old) < 0 ||
	    old.sa_handler != SIG_DFL)
		return;
	memset(&act, 0, sizeof(act));
	act.sa_sigaction = handler;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	real.sigaction(SIGSEGV, &act, NULL);
}

/* mask, as far as the program may block signals (those it cannot do not count). */
uint64_t
mx_sig_allowed(uint64_t mask)
{
	return mask & ~reserved;
}

/* Takes sig away from the program, for act. 0, or -1 and errno. */
int
mx_sig_reserve(int sig, const struct sigaction *act)
{
	if (real.sigaction(sig, act, &acts[sig]) < 0)
		return -1;
	reserved = bit(sig);
	return 0;
}

/* sigaction(2) as the program sees it: 0, or -1 and errno. */
int
mx_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction k, kold, mine;
	int rc;

	if (sig <= 0 || sig >= _NSIG || mx_me.vfork)
		return real.sigaction(sig, act, old);
	if (act) {
		k = *act;
		if (unlikely(mx_env.dump_signal))
			sigdelset(&k.sa_mask, (int)mx_env.dump_signal);
		if (mx_env.debug && sig == SIGSEGV) {
			k.sa_sigaction = handler;
			k.sa_flags |= SA_SIGINFO | SA_ONSTACK;
		}
		if (act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN) {
			k.sa_sigaction = handler;
			k.sa_flags |= SA_SIGINFO;
		}
	}
	mx_crit_enter();
	mx_spin_lock(&acts_lock);
	mine = acts[sig];
	if (unlikely(reserved & bit(sig))) {
		/* Taken note of, and that is all. */
		if (act)
			acts[sig] = *act;
		mx_spin_unlock(&acts_lock);
		mx_crit_leave();
		if (old)
			*old = mine;
		return 0;
	}
	/* First the table: the handler may run as soon as it is set. */
	if (act && k.sa_sigaction == handler)
		acts[sig] = *act;
	rc = real.sigaction(sig, act ? &k : NULL, &kold);
	if (rc < 0)
		acts[sig] = mine;
	mx_spin_unlock(&acts_lock);
	mx_crit_leave();
	if (rc == 0 && old) {
		*old = kold;
		if (kold.sa_sigaction == handler)
			*old = mine;
	}
	return rc;
}

/* Signals that are queued for the calling thread and blocked by it. */
uint64_t
mx_sig_pending(void)
{
	struct mx_gt *gt = &mx_me;
	struct mx_sig *s;
	uint64_t set = 0;

	mx_sig_run();
	mx_crit_enter();
	for (s = gt->sighold; s; s = s->next)
		set |= bit(s->info.si_signo);
	mx_crit_leave();
	return set;
}

/*
 * A signal of set that is queued for the calling thread, for sigwait(): its
 * number, or 0.
 */
int
mx_sig_take(const sigset_t *set, siginfo_t *ret_info)
{
	struct mx_gt *gt = &mx_me;
	struct mx_sig *s;

	mx_sig_run();
	s = take(gt, mx_sigbits(set));
	if (!s)
		return 0;
	*ret_info = s->info;
	record_put(s);
	atomic_fetch_and(sigset_of(gt, ret_info), ~bit(ret_info->si_signo));
	return ret_info->si_signo;
}

/*
 * The child of a fork, forked by gt: it has no signal pending (fork(2)), and
 * nobody else who could hold a record or be in mx_xid().
 */
void
mx_sig_fork(struct mx_gt *gt)
{
	unsigned w;

	atomic_store(&gt->sigpend, NULL);
	gt->sighold = NULL;
	gt->sigalt = NULL;
	atomic_store(&gt->sigset[0], 0);
	atomic_store(&gt->sigset[1], 0);
	for (w = 0; w < RECORDS / 64; w++)
		atomic_store(&records_used[w], 0);
	atomic_store(&xid.busy, 0);
}

/* Around fork, so that the child finds the table whole. */
void
mx_signal_lock(bool on)
{
	if (on)
		mx_spin_lock(&acts_lock);
	else
		mx_spin_unlock(&acts_lock);
}
