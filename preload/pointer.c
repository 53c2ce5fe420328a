/* SPDX-License-Identifier: MIT */
/*
 * Pointers that the kernel would look at and where we look first: a bad one is
 * EFAULT for the kernel, and must not become a crash of ours. Keeps errno;
 * async-signal-safe; takes no lock.
 */
#include "preload.h"

#define PAGE 4096ul
#define SET 8ul /* bytes of the kernel's sigset_t */

/*
 * rt_sigprocmask(2) copies the set in before it looks at how, which is none:
 * EINVAL or EFAULT, and nothing is changed.
 */
static bool
readable8(uintptr_t p)
{
	return p && (real.syscall(SYS_rt_sigprocmask, -1, (long)p, 0, SET, 0,
	    0) == 0 || errno != EFAULT);
}

bool
mx_readable_slow(const void *p, size_t n)
{
	/* Words that are not across the end of a page. */
	uintptr_t at = (uintptr_t)p & ~(SET - 1), last;
	int saved = errno;
	bool yes;

	last = ((uintptr_t)p + n - 1) & ~(SET - 1);
	yes = last >= at;
	while (yes && at < last) {
		yes = readable8(at);
		at = (at | (PAGE - 1)) + 1;
	}
	yes = yes && readable8(last);
	errno = saved;
	return yes;
}

/*
 * For words that are asked about again and again (futexes): a page that could
 * be read once is taken to be there, which is wrong only once it was unmapped.
 */
bool
mx_readable_often(const void *p)
{
	static _Atomic uintptr_t seen[64];
	uintptr_t page = (uintptr_t)p / PAGE;

	if (page && atomic_load_explicit(&seen[page % 64],
	    memory_order_relaxed) == page)
		return true;
	if (!mx_readable_slow(p, 1))
		return false;
	atomic_store_explicit(&seen[page % 64], page, memory_order_relaxed);
	return true;
}

/* Of what is about to be written as a whole: bytes at both ends change. */
bool
mx_writable(void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;
	int saved = errno;
	bool yes;

	if (mx_near_stack(p))
		return true;
	yes = real.syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)at, SET, 0,
	    0) == 0 && (n <= SET || real.syscall(SYS_rt_sigprocmask, SIG_BLOCK,
	    0, (long)(at + n - SET), SET, 0, 0) == 0);
	errno = saved;
	return yes;
}
