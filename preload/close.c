/* SPDX-License-Identifier: MIT */
/*
 * Descriptor numbers that go away: waiters get EBADF before the number can be
 * used again. mixio's own descriptors look closed to the program and survive
 * its close-everything loops. In a vfork child all of this is libc's: the
 * tables that we would change are the parent's.
 */
#include "preload.h"

#include <linux/close_range.h>
#include <sys/stat.h>

static bool
plain(void)
{
	return mx_me.vfork ||
	    !atomic_load_explicit(&mx_active, memory_order_relaxed);
}

/* close(2). Does not park; async-signal-safe. */
int
close(int fd)
{
	int rc;

	if (plain())
		return real.close(fd);
	if (mx_on())
		mx_testcancel();
	if (mx_fd_ours(fd))
		return mx_fail(EBADF);
	mx_fd_closing(fd);
	rc = real.close(fd);
	mx_fd_closed(fd);
	return rc;
}
MX_ALIAS(__close, close);

/* The runs between our own descriptors, which a range must spare. */
int
close_range(unsigned first, unsigned last, int flags)
{
	unsigned fd, end = last < (1u << 21) ? last : (1u << 21);
	int rc = 0;

	if (plain() || first > last || (flags & CLOSE_RANGE_CLOEXEC))
		return real.close_range(first, last, flags);
	for (fd = first; fd <= end && rc == 0; fd++) {
		if (mx_fd_ours((int)fd)) {
			if (fd > first)
				rc = real.close_range(first, fd - 1, flags);
			first = fd + 1;
		} else {
			mx_fd_closing((int)fd);
		}
	}
	if (rc == 0 && first <= last)
		rc = real.close_range(first, last, flags);
	return rc;
}

void
closefrom(int lowfd)
{
	struct rlimit rl;
	int fd, max = 1 << 20;

	if (plain()) {
		real.closefrom(lowfd);
		return;
	}
	if (lowfd < 0)
		lowfd = 0;
	if (close_range((unsigned)lowfd, ~0u, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_max < 1 << 20)
		max = (int)rl.rlim_max;
	for (fd = lowfd; fd < max; fd++)
		close(fd);
}

/* A fresh number, but from now on a file with two of them. */
int
dup(int old)
{
	int fd;

	mx_fd_unsure(old);
	fd = real.dup(old);
	if (!plain())
		mx_fd_closed(fd);
	return fd;
}

int
dup3(int old, int fd, int flags)
{
	int rc;

	if (plain() || old == fd)
		return real.dup3(old, fd, flags);
	/* The number is ours and cannot be given up: as if above the limit. */
	if (mx_fd_ours(fd))
		return mx_fail(EBADF);
	mx_fd_unsure(old);
	/* Nothing happens to fd if old is bad. */
	if (real.fcntl(old, F_GETFD, NULL) < 0)
		return -1;
	mx_fd_closing(fd);
	rc = real.dup3(old, fd, flags);
	mx_fd_closed(fd);
	return rc;
}

int
dup2(int old, int fd)
{
	if (plain() || old == fd)
		return real.dup2(old, fd);
	return dup3(old, fd, 0);
}
MX_ALIAS(__dup2, dup2);

int
fclose(FILE *f)
{
	int fd, rc;

	if (plain())
		return real.fclose(f);
	fd = fileno_unlocked(f);
	mx_fd_closing(fd);
	rc = real.fclose(f);
	mx_fd_closed(fd);
	return rc;
}

/* freopen(3) closes the old file inside libc, and may reuse its number. */
FILE *
freopen(const char *path, const char *mode, FILE *f)
{
	FILE *now;
	int fd;

	if (plain())
		return real.freopen(path, mode, f);
	fd = fileno_unlocked(f);
	mx_fd_closing(fd);
	now = real.freopen(path, mode, f);
	mx_fd_closed(fd);
	return now;
}
MX_ALIAS(freopen64, freopen);

/* ---- flags that change what a read does; locks that wait ---- */

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (mx_on() && (cmd == F_SETLKW || cmd == F_OFD_SETLKW)) {
		mx_testcancel();
		return MX_HOP(MX_HOP_CANCEL, real.fcntl(fd, cmd, arg));
	}
	if (cmd == F_SETFL && !plain())
		mx_fd_touched(fd);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		mx_fd_unsure(fd);
	return real.fcntl(fd, cmd, arg);
}
MX_ALIAS(fcntl64, fcntl);
MX_ALIAS(__fcntl, fcntl);

int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == FIONBIO && !plain())
		mx_fd_touched(fd);
	return real.ioctl(fd, request, arg);
}

/* flock(2): hops unless it cannot wait. */
int
flock(int fd, int op)
{
	if (!mx_on() || (op & (LOCK_NB | LOCK_UN)))
		return real.flock(fd, op);
	return MX_HOP(MX_HOP_LOCK, real.flock(fd, op));
}

int
lockf(int fd, int op, off_t len)
{
	if (!mx_on() || op != F_LOCK)
		return real.lockf(fd, op, len);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.lockf(fd, op, len));
}
MX_ALIAS(lockf64, lockf);

/* open(2) of a FIFO waits for its other end: hops. */
static bool
is_fifo(int dir, const char *path, int flags)
{
	int saved = errno;
	struct stat st;
	bool yes;

	if (flags & (O_NONBLOCK | O_PATH | O_DIRECTORY))
		return false;
	if ((flags & O_ACCMODE) == O_RDWR)
		return false;
	if ((uintptr_t)path < 4096)
		return false;
	yes = fstatat(dir, path, &st, 0) == 0 && S_ISFIFO(st.st_mode);
	errno = saved;
	return yes;
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;
	int fd;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (mx_on())
		mx_testcancel();
	if (mx_on() && is_fifo(dir, path, flags)) {
		fd = MX_HOP(MX_HOP_CANCEL, real.openat(dir, path, flags, mode));
	} else {
		fd = real.openat(dir, path, flags, mode);
	}
	if (!plain())
		mx_fd_closed(fd);
	return fd;
}
MX_ALIAS(openat64, openat);

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat(AT_FDCWD, path, flags, mode);
}
MX_ALIAS(open64, open);
MX_ALIAS(__open, open);
MX_ALIAS(__open64, open);

/* ---- numbers that are new: see socket() ---- */

int
epoll_create1(int flags)
{
	int fd = real.epoll_create1(flags);

	mx_fd_closed(fd);
	return fd;
}

int
eventfd(unsigned count, int flags)
{
	int fd = real.eventfd(count, flags);

	mx_fd_closed(fd);
	return fd;
}
