/* SPDX-License-Identifier: MIT */
/*
 * Processes. Waiting for one child parks on its pidfd (SIGCHLD stays the
 * program's); any other wait hops. fork() is libc's: our atfork handlers do
 * the work, see init.c. vfork() is in arch/, because no C function can be it.
 */
#include "preload.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Also when the wait is cancelled, which unwinds. */
static void
pidfd_undo(int *fd)
{
	int saved = errno;

	if (*fd >= 0) {
		mx_fd_closing(*fd);
		real.close(*fd);
	}
	errno = saved;
}

/* Parks until pid has ended. 0: look again; else an errno value. */
static int
wait_pidfd(pid_t pid)
{
	struct mx_io io = { .saved = errno };
	int rc, fd __attribute__((cleanup(pidfd_undo))) = -1;

	fd = mx_fd_high((int)real.syscall(SYS_pidfd_open, pid, 0, 0, 0, 0, 0));
	if (fd < 0)
		return ENOSYS;
	/* A fresh number, though nobody told the table. */
	mx_fd_closed(fd);
	io.fd = fd;
	mx_io_look(&io);
	rc = mx_io_block(&io, EPOLLIN, MX_NEVER, "waitpid");
	mx_testcancel();
	errno = io.saved;
	return rc == -EINTR || rc == -ECANCELED ? -rc : 0;
}

/* wait4(2). Parks for a single child, else hops. */
pid_t
wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	pid_t got;
	int rc;

	if (!mx_on() || (options & WNOHANG))
		return real.wait4(pid, status, options, ru);
	mx_testcancel();
	if (pid <= 0 || options)
		return MX_HOP(MX_HOP_CANCEL, real.wait4(pid, status, options, ru));
	for (;;) {
		got = real.wait4(pid, status, WNOHANG, ru);
		if (got != 0)
			return got;
		rc = wait_pidfd(pid);
		if (rc == ENOSYS)
			return MX_HOP(MX_HOP_CANCEL, real.wait4(pid, status, options,
			    ru));
		if (rc)
			return mx_fail(rc);
	}
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	if (!mx_on())
		return real.waitpid(pid, status, options);
	return wait4(pid, status, options, NULL);
}
MX_ALIAS(__waitpid, waitpid);

pid_t
wait(int *status)
{
	if (!mx_on())
		return real.wait(status);
	return wait4(-1, status, 0, NULL);
}
pid_t __wait(int *status);
MX_ALIAS(__wait, wait);

pid_t
wait3(int *status, int options, struct rusage *ru)
{
	if (!mx_on())
		return real.wait3(status, options, ru);
	return wait4(-1, status, options, ru);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	if (!mx_on() || (options & WNOHANG))
		return real.waitid(type, id, info, options);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.waitid(type, id, info, options));
}

int
system(const char *command)
{
	mx_fd_shared();
	if (!mx_on() || !command)
		return real.system(command);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.system(command));
}

int
pclose(FILE *f)
{
	int fd, rc;

	if (!mx_on())
		return real.pclose(f);
	fd = fileno_unlocked(f);
	mx_fd_closing(fd);
	rc = MX_HOP(MX_HOP_CANCEL, real.pclose(f));
	mx_fd_closed(fd);
	return rc;
}

/* libc forgets no number of its own here: the pipe's is fresh. */
FILE *
popen(const char *command, const char *mode)
{
	FILE *f;

	mx_fd_shared();
	if (!mx_on())
		return real.popen(command, mode);
	f = MX_HOP(MX_HOP_BOUNDED, real.popen(command, mode));
	if (f)
		mx_fd_closed(fileno_unlocked(f));
	return f;
}
FILE *_IO_popen(const char *command, const char *mode);
MX_ALIAS(_IO_popen, popen);

/* wordexp(3): a command in the words is run by a shell. */
int
wordexp(const char *words, wordexp_t *ret, int flags)
{
	if (!mx_on())
		return real.wordexp(words, ret, flags);
	return MX_HOP(MX_HOP_LOCK, real.wordexp(words, ret, flags));
}

/* daemon(3): its fork runs our atfork handlers, its dup2 is libc's own. */
int
daemon(int nochdir, int noclose)
{
	int rc = real.daemon(nochdir, noclose), fd;

	for (fd = 0; fd < 3 && rc == 0 && !noclose; fd++)
		mx_fd_closed(fd);
	return rc;
}

int
posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    mx_argv argv, mx_argv env)
{
	mx_fd_shared();
	if (!mx_on())
		return real.posix_spawn(pid, path, fa, attr, argv, env);
	return MX_HOP(MX_HOP_BOUNDED, real.posix_spawn(pid, path, fa, attr, argv, env));
}

int
posix_spawnp(pid_t *pid, const char *file,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    mx_argv argv, mx_argv env)
{
	mx_fd_shared();
	if (!mx_on())
		return real.posix_spawnp(pid, file, fa, attr, argv, env);
	return MX_HOP(MX_HOP_BOUNDED, real.posix_spawnp(pid, file, fa, attr, argv, env));
}

/* pidfd_spawn(3): as posix_spawn, and there is a new descriptor. */
int
pidfd_spawn(int *pidfd, const char *path,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    mx_argv argv, mx_argv env)
{
	int rc;

	mx_fd_shared();
	if (!mx_on())
		return real.pidfd_spawn(pidfd, path, fa, attr, argv, env);
	rc = MX_HOP(MX_HOP_BOUNDED,
	    real.pidfd_spawn(pidfd, path, fa, attr, argv, env));
	if (rc == 0)
		mx_fd_closed(*pidfd);
	return rc;
}

int
pidfd_spawnp(int *pidfd, const char *file,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    mx_argv argv, mx_argv env)
{
	int rc;

	mx_fd_shared();
	if (!mx_on())
		return real.pidfd_spawnp(pidfd, file, fa, attr, argv, env);
	rc = MX_HOP(MX_HOP_BOUNDED,
	    real.pidfd_spawnp(pidfd, file, fa, attr, argv, env));
	if (rc == 0)
		mx_fd_closed(*pidfd);
	return rc;
}

/*
 * _Fork(3) runs no atfork handlers, so ours are called here. Its child may call
 * what is async-signal-safe, and gets that from libc: see mx_domain_fork_bare().
 */
pid_t
_Fork(void)
{
	pid_t pid;

	mx_domain_fork_prepare();
	pid = real._Fork();
	if (pid == 0)
		mx_domain_fork_bare();
	else
		mx_domain_fork_parent();
	return pid;
}

/* ---- clone(2) ---- */

struct start {
	mx_clone_fn fn;
	void *arg;
};

/* The child of a clone that copies memory: as that of a fork. */
static void
in_copy(void)
{
	mx_domain_fork_child();
	/* Nobody told libc: its own record of the number stays the parent's. */
	if (mx_me.dom)
		mx_me.tid = mx_me.ktid = real.gettid();
}

static int
start_copy(void *arg)
{
	struct start s = *(struct start *)arg;

	in_copy();
	/* libc would end the first thread only; others of ours may have come. */
	_exit(s.fn(s.arg));
}

/* The child that uses our memory while we wait: as that of a vfork. */
static int
start_borrowed(void *arg)
{
	struct start s = *(struct start *)arg;

	mx_vfork_child();
	return s.fn(s.arg);
}

/*
 * clone(2). A child that shares memory and thread pointer with the thread that
 * goes on beside it would be one of two kernel threads on one of our records:
 * ENOTSUP.
 */
int
clone(mx_clone_fn fn, void *stack, int flags, void *arg, ...)
{
	struct start s = { .fn = fn, .arg = arg };
	void *ptid, *tls, *ctid;
	va_list ap;
	int rc;

	va_start(ap, arg);
	ptid = va_arg(ap, void *);
	tls = va_arg(ap, void *);
	ctid = va_arg(ap, void *);
	va_end(ap);
	mx_fd_shared();
	if (!mx_on() || !fn || !stack ||
	    ((flags & CLONE_VM) && (flags & CLONE_SETTLS)))
		return real.clone(fn, stack, flags, arg, ptid, tls, ctid);
	if (!(flags & CLONE_VM)) {
		mx_domain_fork_prepare();
		rc = real.clone(start_copy, stack, flags, &s, ptid, tls, ctid);
		mx_domain_fork_parent();
		return rc;
	}
	if (!(flags & CLONE_VFORK))
		return mx_fail(ENOTSUP);
	rc = real.clone(start_borrowed, stack, flags, &s, ptid, tls, ctid);
	mx_vfork_parent(0);
	return rc;
}
MX_ALIAS(__clone, clone);

/* The system calls that return twice; sharing memory that way cannot work. */
long
mx_clone_raw(long number, long a, long b, long c, long d, long e)
{
	uint64_t flags = 0;
	long rc;

	if (number == SYS_clone)
		flags = (uint64_t)a;
	else if (number == SYS_clone3 && (unsigned long)a >= 4096)
		flags = *(const uint64_t *)a;
	if (flags & CLONE_VM)
		return real.syscall(number, a, b, c, d, e, 0);
	mx_domain_fork_prepare();
	rc = real.syscall(number, a, b, c, d, e, 0);
	if (rc == 0)
		in_copy();
	else
		mx_domain_fork_parent();
	return rc;
}

pid_t
gettid(void)
{
	return mx_me.dom && !mx_me.vfork ? mx_me.tid : real.gettid();
}

/* ---- credentials: see mx_xid() ---- */

static bool
libc_does_it(void)
{
	return mx_me.vfork ||
	    !atomic_load_explicit(&mx_active, memory_order_relaxed);
}

int
setuid(uid_t uid)
{
	if (libc_does_it())
		return real.setuid(uid);
	return mx_xid(SYS_setuid, (long)uid, 0, 0);
}

int
setgid(gid_t gid)
{
	if (libc_does_it())
		return real.setgid(gid);
	return mx_xid(SYS_setgid, (long)gid, 0, 0);
}

int
setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	if (libc_does_it())
		return real.setresuid(ruid, euid, suid);
	return mx_xid(SYS_setresuid, (long)ruid, (long)euid, (long)suid);
}

int
setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	if (libc_does_it())
		return real.setresgid(rgid, egid, sgid);
	return mx_xid(SYS_setresgid, (long)rgid, (long)egid, (long)sgid);
}

int
seteuid(uid_t uid)
{
	if (libc_does_it())
		return real.seteuid(uid);
	if (uid == (uid_t)-1)
		return mx_fail(EINVAL);
	return mx_xid(SYS_setresuid, -1, (long)uid, -1);
}

int
setegid(gid_t gid)
{
	if (libc_does_it())
		return real.setegid(gid);
	if (gid == (gid_t)-1)
		return mx_fail(EINVAL);
	return mx_xid(SYS_setresgid, -1, (long)gid, -1);
}

int
setreuid(uid_t ruid, uid_t euid)
{
	if (libc_does_it())
		return real.setreuid(ruid, euid);
	return mx_xid(SYS_setreuid, (long)ruid, (long)euid, 0);
}

int
setregid(gid_t rgid, gid_t egid)
{
	if (libc_does_it())
		return real.setregid(rgid, egid);
	return mx_xid(SYS_setregid, (long)rgid, (long)egid, 0);
}

int
setgroups(size_t n, const gid_t *groups)
{
	if (libc_does_it())
		return real.setgroups(n, groups);
	return mx_xid(SYS_setgroups, (long)n, (long)groups, 0);
}

/*
 * ---- what else the kernel keeps a thread: capabilities and their kin ----
 *
 * Which kernel thread runs a green thread next is not known, so all have them.
 */

int
capset(void *head, const void *data)
{
	if (!mx_on())
		return real.capset(head, data);
	return mx_xid(SYS_capset, (long)head, (long)data, 0);
}

/* PR_SET_NAME reads up to the string's end, and no further. */
static bool
name_from(char name[16], const char *from)
{
	int i;

	for (i = 0; i < 15; i++) {
		if ((i == 0 || ((uintptr_t)(from + i) & 4095) == 0) &&
		    !mx_readable(from + i, 1))
			return false;
		name[i] = from[i];
		if (!name[i])
			break;
	}
	name[15] = '\0';
	return true;
}

int
prctl(int op, ...)
{
	unsigned long a, b, c, d;
	char name[16];
	va_list ap;

	va_start(ap, op);
	a = va_arg(ap, unsigned long);
	b = va_arg(ap, unsigned long);
	c = va_arg(ap, unsigned long);
	d = va_arg(ap, unsigned long);
	va_end(ap);
	if (!mx_on())
		return real.prctl(op, a, b, c, d);
	switch (op) {
	case PR_SET_NAME:
		if (!name_from(name, (const char *)a))
			break;
		pthread_setname_np(pthread_self(), name);
		return 0;
	case PR_GET_NAME:
		if (!mx_writable((char *)a, sizeof(name)))
			break;
		pthread_getname_np(pthread_self(), (char *)a, sizeof(name));
		return 0;
	case PR_CAP_AMBIENT:
		if (a == PR_CAP_AMBIENT_IS_SET)
			break;
		/* FALLTHROUGH */
	case PR_SET_KEEPCAPS:
	case PR_SET_SECUREBITS:
	case PR_SET_NO_NEW_PRIVS:
	case PR_CAPBSET_DROP:
		if (c || d)
			break;
		return mx_xid(SYS_prctl, op, (long)a, (long)b);
	case PR_SET_SECCOMP:
		if (a != SECCOMP_MODE_FILTER)
			break;
		return real.syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_TSYNC, (long)b, 0, 0, 0) ? -1 : 0;
	default:
		break;
	}
	return real.prctl(op, a, b, c, d);
}
