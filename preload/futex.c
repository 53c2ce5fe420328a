/* SPDX-License-Identifier: MIT */
/*
 * futex(2) as Rust's std and libstdc++ use it, through syscall(2).
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

/* FUTEX_WAIT and FUTEX_WAIT_BITSET on a private word: 0 or -errno. */
static int
wait_once(uint32_t *word, uint32_t value, uint64_t dl, uint32_t bits)
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
		return -EAGAIN;
	}
	if (mx_interrupted(gt) && mx_disarm(gt))
		rc = -EINTR;
	else
		rc = mx_park(gt, dl);
	mx_lot_unenrol(&n, rc);
	mx_leave(gt);
	return rc;
}

/* The same, -1 and errno; a handler ends it as it does in the kernel. */
static long
futex_wait(uint32_t *word, uint32_t value, uint64_t dl, uint32_t bits)
{
	int rc, why;

	do {
		rc = wait_once(word, value, dl, bits);
		if (rc != -EINTR)
			break;
		mx_testcancel();
		why = mx_sig_restart();
		/* Without a limit SA_RESTART counts, with one it does not. */
	} while (why == 0 || (why == -ERESTART && dl == MX_NEVER));
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

/* futex(2), in any thread once a domain exists. */
long
mx_futex_call(uint32_t *word, int op, uint32_t value, const struct timespec *ts,
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
		/* The kernel faults on a bad address, and tells what else is wrong. */
		if (((uintptr_t)word & 3) || !mx_readable_often(word) ||
		    (ts && !mx_readable(ts, sizeof(*ts))) ||
		    (cmd == FUTEX_WAIT_BITSET && value3 == 0))
			break;
		/*
		 * Perhaps shared with a process that we cannot see. libstdc++
		 * waits this way for words that are not.
		 */
		if (!(op & FUTEX_PRIVATE_FLAG) && !mx_pages_private(word))
			return MX_HOP(MX_HOP_CANCEL, real.syscall(SYS_futex, (long)word,
			    op, value, (long)ts, (long)word2, value3));
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
