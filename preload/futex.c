/* SPDX-License-Identifier: MIT */
/*
 * syscall(2): futex as Rust's std and libstdc++ use it, and numbers that have
 * a call of their own in the table. Every other number is libc's business.
 */
#include "preload.h"

#include <limits.h>
#include <linux/futex.h>

struct expect {
	const volatile uint32_t *word;
	uint32_t value;
};

static int
check(void *arg)
{
	struct expect *x = arg;

	return *x->word == x->value ? 0 : -EWOULDBLOCK;
}

/* FUTEX_WAIT and FUTEX_WAIT_BITSET on a private word. -1 and errno, or 0. */
static long
futex_wait(uint32_t *word, uint32_t value, uint64_t dl, uint32_t bits)
{
	struct mx_lot_node n = { .gt = &mx_me };
	struct mx_gt *gt = &mx_me;
	int rc;

	mx_why("futex", (uintptr_t)word);
	mx_enter(gt);
	mx_sig_begin(gt);
	mx_arm(gt);
	mx_lot_enrol(&n, (uintptr_t)word, bits);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
		mx_lot_unenrol(&n, -1);
		if (!mx_disarm(gt))
			mx_park(gt, MX_NEVER);
		mx_leave(gt);
		return mx_fail(EAGAIN);
	}
	if (mx_interrupted(gt) && mx_disarm(gt))
		rc = -EINTR;
	else
		rc = mx_park(gt, dl);
	mx_lot_unenrol(&n, rc);
	mx_leave(gt);
	if (rc == -EINTR)
		mx_testcancel();
	return rc ? mx_fail(-rc) : 0;
}

/* Green waiters first, then the kernel's; how many were woken. */
static long
futex_wake(uint32_t *word, int op, uint32_t n, uint32_t bits)
{
	long woken, more;

	woken = n ? mx_lot_wake_slow((uintptr_t)word, n > INT_MAX ? INT_MAX :
	    (int)n, bits) : 0;
	if (woken >= (long)n)
		return woken;
	more = real.syscall(SYS_futex, (long)word, op, (long)n - woken, 0, 0,
	    (long)bits);
	return more < 0 && woken == 0 ? more : woken + (more > 0 ? more : 0);
}

/* The same for those who shall wait elsewhere; how many were woken or moved. */
static long
futex_requeue(uint32_t *word, int op, uint32_t nwake, uint32_t nmove,
    uint32_t *to, uint32_t value)
{
	struct expect x = { .word = word, .value = value };
	bool compare = (op & FUTEX_CMD_MASK) == FUTEX_CMP_REQUEUE;
	int woken, moved;
	long more;

	woken = mx_lot_requeue((uintptr_t)word, (uintptr_t)to,
	    nwake > INT_MAX ? INT_MAX : (int)nwake,
	    nmove > INT_MAX ? INT_MAX : (int)nmove, compare ? check : NULL, &x,
	    &moved);
	if (woken < 0)
		return mx_fail(-woken);
	more = real.syscall(SYS_futex, (long)word, op, (long)nwake - woken,
	    (long)nmove - moved, (long)to, (long)value);
	if (more < 0)
		return woken + moved ? woken + moved : more;
	return woken + moved + more;
}

static long
do_futex(uint32_t *word, int op, uint32_t value, const struct timespec *ts,
    uint32_t *word2, uint32_t value3)
{
	int cmd = op & FUTEX_CMD_MASK;
	clockid_t clock = op & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME :
	    CLOCK_MONOTONIC;
	uint64_t dl = MX_NEVER;
	long rc;

	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		if (!mx_on())
			break;
		mx_testcancel();
		/* Perhaps shared with a process that we cannot see. */
		if (!(op & FUTEX_PRIVATE_FLAG))
			return MX_HOP(MX_HOP_CANCEL, real.syscall(SYS_futex, (long)word,
			    op, value, (long)ts, (long)word2, value3));
		if (((uintptr_t)word & 3) || !word ||
		    (cmd == FUTEX_WAIT_BITSET && value3 == 0))
			break;
		if (ts && (ts->tv_nsec < 0 || ts->tv_nsec >= (long)MX_NS ||
		    ts->tv_sec < 0))
			break;
		if (ts && cmd == FUTEX_WAIT)
			dl = mx_after_ns((uint64_t)ts->tv_sec * MX_NS +
			    (uint64_t)ts->tv_nsec);
		else if (ts)
			dl = mx_deadline(clock, ts);
		return futex_wait(word, value, dl,
		    cmd == FUTEX_WAIT ? ~0u : value3);
	case FUTEX_WAKE:
		return futex_wake(word, op, value, ~0u);
	case FUTEX_WAKE_BITSET:
		return futex_wake(word, op, value, value3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(word, op, value, (uint32_t)(uintptr_t)ts,
		    word2, value3);
	case FUTEX_WAKE_OP:
		/* The kernel does the operation; ours may wake up in vain. */
		rc = real.syscall(SYS_futex, (long)word, op, value, (long)ts,
		    (long)word2, value3);
		mx_lot_wake_slow((uintptr_t)word, INT_MAX, ~0u);
		mx_lot_wake_slow((uintptr_t)word2, INT_MAX, ~0u);
		return rc;
	default:
		break;
	}
	return real.syscall(SYS_futex, (long)word, op, value, (long)ts,
	    (long)word2, value3);
}

/* syscall(2). Parks where the call of that name parks. */
long
syscall(long number, ...)
{
	long a, b, c, d, e, f;
	va_list ap;

	va_start(ap, number);
	a = va_arg(ap, long);
	b = va_arg(ap, long);
	c = va_arg(ap, long);
	d = va_arg(ap, long);
	e = va_arg(ap, long);
	f = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex && !mx_me.vfork && mx_me.depth == 0 &&
	    atomic_load_explicit(&mx_active, memory_order_relaxed))
		return do_futex((uint32_t *)a, (int)b, (uint32_t)c,
		    (const struct timespec *)d, (uint32_t *)e, (uint32_t)f);
	if (number == SYS_close && !mx_me.vfork)
		return close((int)a);
	if (!mx_on())
		return real.syscall(number, a, b, c, d, e, f);
	switch (number) {
	case SYS_gettid:
		return gettid();
	case SYS_read:
		return read((int)a, (void *)b, (size_t)c);
	case SYS_write:
		return write((int)a, (const void *)b, (size_t)c);
	case SYS_readv:
		return readv((int)a, (const struct iovec *)b, (int)c);
	case SYS_writev:
		return writev((int)a, (const struct iovec *)b, (int)c);
	case SYS_recvfrom:
		return recvfrom((int)a, (void *)b, (size_t)c, (int)d,
		    (struct sockaddr *)e, (socklen_t *)f);
	case SYS_sendto:
		return sendto((int)a, (const void *)b, (size_t)c, (int)d,
		    (const struct sockaddr *)e, (socklen_t)f);
	case SYS_recvmsg:
		return recvmsg((int)a, (struct msghdr *)b, (int)c);
	case SYS_sendmsg:
		return sendmsg((int)a, (const struct msghdr *)b, (int)c);
	case SYS_connect:
		return connect((int)a, (const struct sockaddr *)b,
		    (socklen_t)c);
	case SYS_accept4:
		return accept4((int)a, (struct sockaddr *)b, (socklen_t *)c,
		    (int)d);
	case SYS_nanosleep:
		return nanosleep((const struct timespec *)a,
		    (struct timespec *)b);
	case SYS_sched_yield:
		return sched_yield();
	default:
		return real.syscall(number, a, b, c, d, e, f);
	}
}
