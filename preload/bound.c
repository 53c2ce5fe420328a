/* SPDX-License-Identifier: MIT */
/*
 * What the kernel keeps for a kernel thread alone and what a green thread
 * therefore cannot have: namespaces, credentials of its own, a tracee, a
 * sandbox. Several green threads share a kernel thread and change it; done
 * natively, such a call would take effect for strangers now and be missing
 * later. So:
 *
 * - what can be done to every kernel thread is done to all while the process
 *   has one thread, since then the thread is the process;
 * - what cannot is libc's while the process has one kernel thread, as the child
 *   of a fork does until it first waits: all others descend from it;
 * - else it is refused with EPERM, which programs must expect of each.
 */
#include "preload.h"

#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

/* The caller is the process's only thread of the program's. */
static bool
one_thread(void)
{
	struct mx_domain *d = atomic_load(&mx_domains);

	return d == mx_me.dom && !d->next && atomic_load(&d->nlive) == 1;
}

/* ... and no kernel thread of ours is there beside it. */
static bool
one_task(void)
{
	struct stat st;
	int fd, rc;

	if (!one_thread())
		return false;
	fd = mx_proc_open("self/task", O_PATH | O_DIRECTORY);
	rc = fd < 0 ? -1 : fstat(fd, &st);
	if (fd >= 0)
		real.close(fd);
	/* A folder has two links, and one for each folder in it. */
	return rc == 0 && st.st_nlink == 3;
}

static int
refuse(const char *call)
{
	if (mx_env.debug)
		mx_say("%s: refused, it acts on a kernel thread; see "
		       "LIMITATIONS in mixio(1)",
		       call);
	return mx_fail(EPERM);
}

/* By number: for every kernel thread, or refused. */
static long
for_all(long number, long a, long b, long c, const char *call)
{
	return one_thread() ? mx_xid(number, a, b, c) : refuse(call);
}

/* unshare(2), setns(2): refused where other kernel threads are. */
int
unshare(int flags)
{
	if (!mx_on() || flags == 0 || one_task())
		return real.unshare(flags);
	return refuse("unshare");
}

int
setns(int fd, int flags)
{
	if (!mx_on() || one_task())
		return real.setns(fd, flags);
	return refuse("setns");
}

/*
 * ptrace(2): refused. A tracer is a kernel thread, and a green thread has none
 * of its own; waiting for a tracee to stop could not be told from waiting for
 * its end. A child must not ask for it, either: its parent is such a tracer.
 */
long
ptrace(enum __ptrace_request request, ...)
{
	va_list ap;
	pid_t pid;
	void *addr, *data;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);
	if (!mx_on() && !(mx_me.vfork && mx_me.vfork_on))
		return real.ptrace((int)request, pid, addr, data);
	return refuse("ptrace");
}

/* setfsuid(2), setfsgid(2): who asks -1 learns whether it was done. */
int
setfsuid(uid_t uid)
{
	int old;

	if (!mx_on() || uid == (uid_t)-1)
		return real.setfsuid(uid);
	old = real.setfsuid((uid_t)-1);
	(void)for_all(SYS_setfsuid, (long)uid, 0, 0, "setfsuid");
	return old;
}

int
setfsgid(gid_t gid)
{
	int old;

	if (!mx_on() || gid == (gid_t)-1)
		return real.setfsgid(gid);
	old = real.setfsgid((gid_t)-1);
	(void)for_all(SYS_setfsgid, (long)gid, 0, 0, "setfsgid");
	return old;
}

/* personality(2) */
int
personality(unsigned long persona)
{
	int old;

	if (!mx_on() || (uint32_t)persona == UINT32_MAX)
		return real.personality(persona);
	old = real.personality(UINT32_MAX);
	if (for_all(SYS_personality, (long)persona, 0, 0, "personality") < 0)
		return -1;
	return old;
}

/* For syscall(2), in a green thread: true, and the result, if it is one. */
bool
mx_bound_number(long number, long a, long b, long c, long *ret)
{
	switch (number) {
	case SYS_unshare:
		*ret = unshare((int)a);
		return true;
	case SYS_setns:
		*ret = setns((int)a, (int)b);
		return true;
	case SYS_ptrace:
		*ret = refuse("ptrace");
		return true;
	case SYS_personality:
		*ret = personality((unsigned long)a);
		return true;
	case SYS_setfsuid:
		*ret = setfsuid((uid_t)a);
		return true;
	case SYS_setfsgid:
		*ret = setfsgid((gid_t)a);
		return true;
	/* libc's calls are for the process, these numbers for a thread. */
	case SYS_setuid:
	case SYS_setgid:
	case SYS_setreuid:
	case SYS_setregid:
	case SYS_setresuid:
	case SYS_setresgid:
	case SYS_setgroups:
	case SYS_landlock_restrict_self:
		*ret = for_all(number, a, b, c,
			       "a system call for this "
			       "thread's credentials");
		return true;
	default:
		return false;
	}
}
