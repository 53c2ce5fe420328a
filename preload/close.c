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

/* libc's, which is the system call; that is there without it (glibc 2.33). */
static int
range(unsigned first, unsigned last, int flags)
{
	int saved = errno, rc = real.close_range(first, last, flags);

	if (rc == 0 || errno != ENOSYS)
		return rc;
	errno = saved;
	return (int)real.syscall(SYS_close_range, first, last, flags, 0, 0, 0);
}

/* The runs between our own descriptors, which a range must spare. */
int
close_range(unsigned first, unsigned last, int flags)
{
	unsigned fd, end = last < (1u << 21) ? last : (1u << 21);
	int rc = 0;

	if (plain() || first > last || (flags & CLOSE_RANGE_CLOEXEC))
		return range(first, last, flags);
	for (fd = first; fd <= end && rc == 0; fd++) {
		if (mx_fd_ours((int)fd)) {
			if (fd > first)
				rc = range(first, fd - 1, flags);
			first = fd + 1;
		} else {
			mx_fd_closing((int)fd);
		}
	}
	if (rc == 0 && first <= last)
		rc = range(first, last, flags);
	return rc;
}

void
closefrom(int lowfd)
{
	struct rlimit rl;
	int fd, max = 1 << 20;

	if (plain() && mx_real_has(closefrom)) {
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

	if (plain() || old == fd || (flags & ~O_CLOEXEC))
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
	if (mx_on() && mx_stdio_flush_waits(f))
		MX_HOP(MX_HOP_LOCK, real.fflush(f));
	mx_fd_closing(fd);
	rc = real.fclose(f);
	mx_fd_closed(fd);
	return rc;
}
int _IO_fclose(FILE *f);
MX_ALIAS(_IO_fclose, fclose);

static bool is_fifo(int dir, const char *path, int flags);
static bool fopen_waits(const char *path, const char *mode);

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
	now = mx_on() && fopen_waits(path, mode) ?
	    MX_HOP(MX_HOP_CANCEL, real.freopen(path, mode, f)) :
	    real.freopen(path, mode, f);
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
		mx_why("fcntl", (uintptr_t)fd);
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
	mx_why("flock", (uintptr_t)fd);
	return MX_HOP(MX_HOP_LOCK, real.flock(fd, op));
}

int
lockf(int fd, int op, off_t len)
{
	if (!mx_on() || op != F_LOCK)
		return real.lockf(fd, op, len);
	mx_testcancel();
	mx_why("lockf", (uintptr_t)fd);
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

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/*
 * openat2(2). Also what syscall(2) with its number calls, so it is asked from
 * the kernel: libc has had it only since 2.43. The flags are not looked at:
 * they are behind a pointer that may be bad, and a FIFO is rare.
 */
int
openat2(int dir, const char *path, const struct open_how *how, size_t size)
{
	long fd;

	if (mx_on())
		mx_testcancel();
	if (mx_on() && is_fifo(dir, path, O_RDONLY)) {
		fd = MX_HOP(MX_HOP_CANCEL, real.syscall(SYS_openat2, dir,
		    (long)path, (long)how, (long)size, 0, 0));
	} else {
		fd = real.syscall(SYS_openat2, dir, (long)path, (long)how,
		    (long)size, 0, 0);
	}
	if (!plain())
		mx_fd_closed((int)fd);
	return (int)fd;
}

int
creat(const char *path, mode_t mode)
{
	return openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
MX_ALIAS(creat64, creat);

/* Fortified: libc ends the program if a mode is missing. */
int
__openat_2(int dir, const char *path, int flags)
{
	if (!mx_on() || (flags & O_CREAT) ||
	    (flags & O_TMPFILE) == O_TMPFILE)
		return real.__openat_2(dir, path, flags);
	return openat(dir, path, flags);
}
MX_ALIAS(__openat64_2, __openat_2);

int
__open_2(const char *path, int flags)
{
	if (!mx_on() || (flags & O_CREAT) ||
	    (flags & O_TMPFILE) == O_TMPFILE)
		return real.__open_2(path, flags);
	return openat(AT_FDCWD, path, flags);
}
MX_ALIAS(__open64_2, __open_2);

static bool
fopen_waits(const char *path, const char *mode)
{
	if ((uintptr_t)mode < 4096 || strchr(mode, '+'))
		return false;
	return is_fifo(AT_FDCWD, path, *mode == 'r' ? O_RDONLY : O_WRONLY);
}

/* fopen(3) opens where we do not see it: a FIFO hops here. */
FILE *
fopen(const char *path, const char *mode)
{
	FILE *f;

	if (mx_on() && fopen_waits(path, mode)) {
		mx_testcancel();
		f = MX_HOP(MX_HOP_CANCEL, real.fopen(path, mode));
	} else {
		f = real.fopen(path, mode);
	}
	if (f && !plain())
		mx_fd_closed(fileno_unlocked(f));
	return f;
}
MX_ALIAS(fopen64, fopen);
FILE *_IO_fopen(const char *path, const char *mode);
MX_ALIAS(_IO_fopen, fopen);

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

int
epoll_create(int size)
{
	int fd = real.epoll_create(size);

	mx_fd_closed(fd);
	return fd;
}

int
timerfd_create(clockid_t clock, int flags)
{
	int fd = real.timerfd_create(clock, flags);

	mx_fd_closed(fd);
	return fd;
}

/* With a number it changes the mask of that one, which stays what it was. */
int
signalfd(int fd, const sigset_t *mask, int flags)
{
	int got = real.signalfd(fd, mask, flags);

	if (fd == -1)
		mx_fd_closed(got);
	return got;
}

int
inotify_init1(int flags)
{
	int fd = real.inotify_init1(flags);

	mx_fd_closed(fd);
	return fd;
}

int
inotify_init(void)
{
	int fd = real.inotify_init();

	mx_fd_closed(fd);
	return fd;
}

int
pipe2(int p[2], int flags)
{
	int rc = real.pipe2(p, flags);

	if (rc == 0) {
		mx_fd_closed(p[0]);
		mx_fd_closed(p[1]);
	}
	return rc;
}

int
pipe(int p[2])
{
	int rc = real.pipe(p);

	if (rc == 0) {
		mx_fd_closed(p[0]);
		mx_fd_closed(p[1]);
	}
	return rc;
}
int __pipe(int p[2]);
MX_ALIAS(__pipe, pipe);
