/* SPDX-License-Identifier: MIT */
/*
 * Signals: dispositions go through src/signal.c, masks and alternate stacks
 * belong to the green thread, sending to a green thread is ours, and waiting
 * for a signal hops: the kernel then picks the helper as it would the thread.
 */
#include "preload.h"

int
sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	return mx_sigaction(sig, act, old);
}
MX_ALIAS(__sigaction, sigaction);

static mx_handler_fn
set(int sig, mx_handler_fn handler, int flags)
{
	struct sigaction act, old;

	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	act.sa_flags = flags;
	sigemptyset(&act.sa_mask);
	if (!(flags & SA_NODEFER))
		sigaddset(&act.sa_mask, sig);
	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	return mx_sigaction(sig, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
}

static _Atomic uint64_t interrupting;	/* siginterrupt(sig, 1) */

mx_handler_fn
signal(int sig, mx_handler_fn handler)
{
	bool intr = sig > 0 && sig < 65 &&
	    (atomic_load(&interrupting) >> (sig - 1) & 1);

	return set(sig, handler, intr ? 0 : SA_RESTART);
}
mx_handler_fn bsd_signal(int sig, mx_handler_fn handler);
MX_ALIAS(bsd_signal, signal);
MX_ALIAS(ssignal, signal);

mx_handler_fn
sysv_signal(int sig, mx_handler_fn handler)
{
	return set(sig, handler, SA_RESETHAND | SA_NODEFER);
}
MX_ALIAS(__sysv_signal, sysv_signal);

int
siginterrupt(int sig, int on)
{
	struct sigaction act;

	if (mx_sigaction(sig, NULL, &act) < 0)
		return -1;
	if (on) {
		atomic_fetch_or(&interrupting, 1ull << (sig - 1));
		act.sa_flags &= ~SA_RESTART;
	} else {
		atomic_fetch_and(&interrupting, ~(1ull << (sig - 1)));
		act.sa_flags |= SA_RESTART;
	}
	return mx_sigaction(sig, &act, NULL);
}

/* ---- masks ---- */

/* errno value. */
static int
mask_change(int how, const sigset_t *set, sigset_t *old)
{
	struct mx_gt *gt = &mx_me;
	uint64_t was = gt->mask, bits;

	if (set && how != SIG_BLOCK && how != SIG_UNBLOCK &&
	    how != SIG_SETMASK)
		return EINVAL;
	if (set) {
		bits = mx_sigbits(set);
		if (how == SIG_BLOCK)
			bits |= was;
		else if (how == SIG_UNBLOCK)
			bits = was & ~bits;
	}
	if (old) {
		sigemptyset(old);
		memcpy(old, &was, sizeof(was));
	}
	if (set && bits != was)
		mx_sig_setmask(gt, bits);
	return 0;
}

int
pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	if (!mx_on())
		return real.pthread_sigmask(how, set, old);
	return mask_change(how, set, old);
}

int
sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	int rc;

	if (!mx_on())
		return real.sigprocmask(how, set, old);
	rc = mask_change(how, set, old);
	return rc ? mx_fail(rc) : 0;
}

/* sigsuspend(2). Parks with another mask until a handler has run. */
int
sigsuspend(const sigset_t *mask)
{
	uint64_t old = mx_me.mask;

	if (!mx_on() || !mx_readable(mask, 8))
		return real.sigsuspend(mask);
	/* A handler that runs from now on ends the call, before the wait too. */
	mx_me.sigran = 0;
	mx_me.sigkeep = true;
	mx_sig_setmask(&mx_me, mx_sigbits(mask));
	if (!mx_me.sigran)
		pause();
	mx_me.sigkeep = false;
	mx_sig_setmask(&mx_me, old);
	return mx_fail(EINTR);
}
MX_ALIAS(__sigsuspend, sigsuspend);

/*
 * BSD's and System V's names for the same: libc's would change the mask, and
 * install handlers, where we do not see it.
 */

static void
set_of(sigset_t *set, uint64_t bits)
{
	sigemptyset(set);
	memcpy(set, &bits, sizeof(bits));
}

int __sigpause(int sig_or_mask, int is_sig);
int
__sigpause(int sig_or_mask, int is_sig)
{
	uint64_t bits = (uint32_t)sig_or_mask;
	sigset_t set;

	if (!mx_on() || (is_sig && (sig_or_mask <= 0 || sig_or_mask >= _NSIG)))
		return real.__sigpause(sig_or_mask, is_sig);
	if (is_sig)
		bits = mx_me.mask & ~(1ull << (sig_or_mask - 1));
	set_of(&set, bits);
	return sigsuspend(&set);
}

/* The name that programs with XPG's sigpause call. */
int __xpg_sigpause(int sig);
int
__xpg_sigpause(int sig)
{
	return __sigpause(sig, 1);
}

int sigpause_(int mask) __asm__("sigpause");
int
sigpause_(int mask)
{
	return __sigpause(mask, 0);
}

static int
change(int how, uint64_t bits)
{
	uint64_t old = mx_me.mask;
	sigset_t set;

	set_of(&set, bits);
	mask_change(how, &set, NULL);
	return (int)(uint32_t)old;
}

int
sigblock(int mask)
{
	return mx_on() ? change(SIG_BLOCK, (uint32_t)mask) :
	    real.sigblock(mask);
}

int
sigsetmask(int mask)
{
	return mx_on() ? change(SIG_SETMASK, (uint32_t)mask) :
	    real.sigsetmask(mask);
}

int
siggetmask(void)
{
	return mx_on() ? change(SIG_BLOCK, 0) : real.siggetmask();
}

/* libc keeps two signals for itself. */
static bool
is_signal(int sig)
{
	return sig > 0 && sig < _NSIG && sig != 32 && sig != 33;
}

int
sighold(int sig)
{
	if (!mx_on() || !is_signal(sig))
		return real.sighold(sig);
	change(SIG_BLOCK, 1ull << (sig - 1));
	return 0;
}

int
sigrelse(int sig)
{
	if (!mx_on() || !is_signal(sig))
		return real.sigrelse(sig);
	change(SIG_UNBLOCK, 1ull << (sig - 1));
	return 0;
}

int
sigignore(int sig)
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_IGN;
	sigemptyset(&act.sa_mask);
	return mx_sigaction(sig, &act, NULL);
}

mx_handler_fn
sigset(int sig, mx_handler_fn disp)
{
	struct sigaction act, old;
	sigset_t set, was;

	if (!is_signal(sig)) {
		errno = EINVAL;
		return SIG_ERR;
	}
	sigemptyset(&set);
	sigaddset(&set, sig);
	memset(&act, 0, sizeof(act));
	act.sa_handler = disp;
	sigemptyset(&act.sa_mask);
	if (mx_sigaction(sig, disp == SIG_HOLD ? NULL : &act, &old) < 0)
		return SIG_ERR;
	if (sigprocmask(disp == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &set,
	    &was) < 0)
		return SIG_ERR;
	return sigismember(&was, sig) ? SIG_HOLD : old.sa_handler;
}

int
sigaltstack(const stack_t *ss, stack_t *old)
{
	struct mx_gt *gt = &mx_me;
	int rc;

	if (!mx_on())
		return real.sigaltstack(ss, old);
	rc = real.sigaltstack(ss, old);
	/* The one that --debug lends is not the program's. */
	if (rc == 0 && old && old->ss_sp && old->ss_sp == gt->kt->debug_ss) {
		memset(old, 0, sizeof(*old));
		old->ss_flags = SS_DISABLE;
	}
	if (rc == 0 && ss) {
		gt->ss = *ss;
		gt->kt->ss_sp = ss->ss_flags & SS_DISABLE ? NULL : ss->ss_sp;
	}
	return rc;
}

/* The mask that a jump restores is set by libc where we do not see it. */
static void
jump_mask(struct __jmp_buf_tag *env)
{
	struct mx_gt *gt = &mx_me;

	if (!gt->dom || gt->depth || gt->vfork)
		return;
	/* Out of a call on a helper, such as a lock with a time limit. */
	if (gt->hopping)
		mx_hop_end();
	if (env->__mask_was_saved)
		mx_sig_setmask(gt, mx_sigbits((sigset_t *)
		    &env->__saved_mask));
}

void
longjmp(struct __jmp_buf_tag env[1], int value)
{
	jump_mask(env);
	real.longjmp(env, value);
	__builtin_unreachable();
}
MX_ALIAS(_longjmp, longjmp);
MX_ALIAS(siglongjmp, longjmp);

void __longjmp_chk(struct __jmp_buf_tag env[1], int value)
    __attribute__((noreturn));
void
__longjmp_chk(struct __jmp_buf_tag env[1], int value)
{
	jump_mask(env);
	real.__longjmp_chk(env, value);
	__builtin_unreachable();
}

/* ---- waiting for a signal ---- */

/* Also when the wait is cancelled, which unwinds. */
static void
sigwait_undo(int *fd)
{
	MX_POKE(mx_me.sigwaiting, 0);
	if (*fd < 0)
		return;
	mx_fd_closing(*fd);
	real.close(*fd);
}

/*
 * sigtimedwait(2). Parks on a signalfd for what is sent to the process; what is
 * sent to the thread is in its own queue. Not restarted after a handler.
 */
int
sigtimedwait(const sigset_t *set, siginfo_t *info,
    const struct timespec *timeout)
{
	struct timespec zero = { 0, 0 };
	struct mx_io io = { .saved = errno };
	uint64_t dl = MX_NEVER;
	siginfo_t mine;
	int sig, rc = 0, fd __attribute__((cleanup(sigwait_undo))) = -1;

	if (!mx_on() || !mx_readable(set, 8) || (timeout &&
	    (!mx_readable(timeout, sizeof(*timeout)) || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= (long)MX_NS || timeout->tv_sec < 0)))
		return real.sigtimedwait(set, info, timeout);
	mx_testcancel();
	if (timeout)
		dl = mx_after_ns((uint64_t)timeout->tv_sec * MX_NS +
		    (uint64_t)timeout->tv_nsec);
	io.fd = fd = mx_fd_high(real.signalfd(-1, set,
	    SFD_NONBLOCK | SFD_CLOEXEC));
	if (fd < 0)
		return MX_HOP(MX_HOP_CANCEL, real.sigtimedwait(set, info, timeout));
	mx_fd_closed(io.fd);
	MX_POKE(mx_me.sigwaiting, mx_sigbits(set));
	for (;;) {
		mx_io_look(&io);
		sig = mx_sig_take(set, &mine);
		if (!sig)
			sig = real.sigtimedwait(set, &mine, &zero);
		if (sig > 0 || errno != EAGAIN)
			break;
		if (rc == -ETIMEDOUT || dl <= mx_now())
			break;
		rc = mx_io_block(&io, EPOLLIN, dl, "sigwait");
		if (rc == -EINTR || rc == -ERESTART || rc == -ECANCELED) {
			sig = mx_sig_take(set, &mine);
			if (!sig)
				sig = mx_fail(rc == -ECANCELED ? -rc : EINTR);
			break;
		}
	}
	rc = errno;
	sigwait_undo(&fd);
	fd = -1;
	errno = sig > 0 ? io.saved : rc;
	if (sig > 0 && info) {
		/* The signal is gone all the same. */
		if (!mx_writable(info, sizeof(*info)))
			return mx_fail(EFAULT);
		*info = mine;
	}
	return sig;
}

/* sigpending(2): the kernel's, and what is queued for this thread. */
int
sigpending(sigset_t *set)
{
	uint64_t mine, bits;
	int rc = real.sigpending(set);

	if (rc == 0 && mx_on()) {
		mine = mx_sig_pending();
		bits = mx_sigbits(set) | mine;
		memcpy(set, &bits, sizeof(bits));
	}
	return rc;
}

int
sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	if (!mx_on())
		return real.sigwaitinfo(set, info);
	return sigtimedwait(set, info, NULL);
}

int
sigwait(const sigset_t *set, int *sig)
{
	int got, saved = errno;

	if (!mx_on())
		return real.sigwait(set, sig);
	do {
		got = sigtimedwait(set, NULL, NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	*sig = got;
	errno = saved;
	return 0;
}

/* ---- sending ---- */

static void
info_make(siginfo_t *info, int sig, int code, const union sigval *value)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = getpid();
	info->si_uid = getuid();
	if (value) {
		/* pthread_sigqueue(3) */
		info->si_value = *value;
		mx_sig_mark(info);
	}
}

static int
send_info(struct mx_gt *gt, int sig, int code, const union sigval *value)
{
	siginfo_t info;

	if (sig == 32 || sig == 33)
		return EINVAL;
	if (mx_thread_over(gt))
		return code == SI_QUEUE ? ESRCH : mx_over_error;
	if (sig < 0 || sig >= _NSIG)
		return EINVAL;
	if (sig == 0)
		return 0;
	info_make(&info, sig, code, value);
	if (!mx_sig_handled(sig) && !(gt->mask & 1ull << (sig - 1))) {
		/* Default action or ignored: the kernel's, for the process. */
		return kill(getpid(), sig) < 0 ? errno : 0;
	}
	return mx_sig_send(gt, sig, &info);
}

/* pthread_kill(3), for green threads and those that opted in. */
int
pthread_kill(pthread_t pt, int sig)
{
	if (!mx_thread_of(pt)->dom)
		return real.pthread_kill(pt, sig);
	return send_info(mx_thread_of(pt), sig, SI_TKILL, NULL);
}

int
pthread_sigqueue(pthread_t pt, int sig, const union sigval value)
{
	siginfo_t info;
	int tid, rc, saved;

	if (!mx_thread_of(pt)->dom) {
		tid = sig > 0 && sig < _NSIG && sig != 32 && sig != 33 &&
		    atomic_load_explicit(&mx_active, memory_order_relaxed) ?
		    mx_thread_tid(pt) : 0;
		if (tid <= 0)
			return real.pthread_sigqueue(pt, sig, value);
		info_make(&info, sig, SI_QUEUE, &value);
		saved = errno;
		rc = real.syscall(SYS_rt_tgsigqueueinfo, (long)getpid(), tid,
		    sig, (long)&info, 0, 0) < 0 ? errno : 0;
		errno = saved;
		return rc;
	}
	return send_info(mx_thread_of(pt), sig, SI_QUEUE, &value);
}

/* A live thread that opted in or is green, by the number that gettid() gives. */
static struct mx_gt *
by_tid(int tid)
{
	struct mx_gt *gt, *found = NULL;
	struct mx_domain *d;
	struct mx_list *l;

	for (d = atomic_load(&mx_domains); d && !found; d = d->next) {
		mx_crit_enter();
		mx_spin_lock(&d->all_lock);
		for (l = d->all.next; l && l != &d->all; l = l->next) {
			gt = mx_container(l, struct mx_gt, all);
			if (gt->tid == tid)
				found = gt;
		}
		mx_spin_unlock(&d->all_lock);
		mx_crit_leave();
	}
	return found;
}

/* tgkill(2), from any thread: the kernel does not know green threads. */
int
tgkill(pid_t pid, pid_t tid, int sig)
{
	struct mx_gt *gt = NULL;
	int rc;

	if (atomic_load_explicit(&mx_active, memory_order_relaxed) &&
	    !mx_me.vfork && pid == getpid())
		gt = tid == mx_me.tid && mx_me.dom ? &mx_me : by_tid(tid);
	if (!gt)
		return mx_real_has(tgkill) ? real.tgkill(pid, tid, sig) :
		    (int)real.syscall(SYS_tgkill, pid, tid, sig, 0, 0, 0);
	rc = send_info(gt, sig, SI_TKILL, NULL);
	return rc ? mx_fail(rc) : 0;
}
