/* SPDX-License-Identifier: MIT */
/*
 * syscall(2): numbers that have a call of their own in the table take its row.
 * The kernel's sets of signals are 8 bytes long, libc's are longer. Every other
 * number is libc's business.
 */
#include "preload.h"

#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

struct args {
	long a, b, c, d, e, f;
};

/* An address where the kernel would fail: it is left to it. */
static bool
bad(long p, size_t n)
{
	return p && !mx_readable((const void *)p, n);
}

/* The same for a set that is written. */
static bool
bad_out(long p)
{
	return p && !mx_writable((void *)p, 8);
}

/* libc's set of the kernel's at address p, or NULL. */
static const sigset_t *
set_from(sigset_t *set, long p)
{
	if (!p)
		return NULL;
	sigemptyset(set);
	memcpy(set, (const void *)p, 8);
	return set;
}

/* Calls with a set: they pass where the size is not the kernel's. */
static bool
with_set(long number, const struct args *x, long *ret)
{
	const sigset_t *in;
	sigset_t set, old;
	struct {
		long set;
		long size;
	} six;

	switch (number) {
	case SYS_rt_sigprocmask:
		if (x->d != 8 || bad(x->b, 8) || bad_out(x->c))
			return false;
		*ret = sigprocmask((int)x->a, set_from(&set, x->b),
		    x->c ? &old : NULL);
		if (*ret == 0 && x->c)
			memcpy((void *)x->c, &old, 8);
		return true;
	case SYS_rt_sigpending:
		if (x->b != 8 || !x->a || bad_out(x->a))
			return false;
		*ret = sigpending(&old);
		if (*ret == 0)
			memcpy((void *)x->a, &old, 8);
		return true;
	case SYS_rt_sigsuspend:
		if (x->b != 8 || !x->a || bad(x->a, 8))
			return false;
		*ret = sigsuspend(set_from(&set, x->a));
		return true;
	case SYS_rt_sigtimedwait:
		if (x->d != 8 || !x->a || bad(x->a, 8))
			return false;
		*ret = sigtimedwait(set_from(&set, x->a), (siginfo_t *)x->b,
		    (const struct timespec *)x->c);
		return true;
	case SYS_ppoll:
		if (bad(x->c, sizeof(struct timespec)) || bad(x->d, 8) ||
		    (x->d && x->e != 8))
			return false;
		in = set_from(&set, x->d);
		*ret = ppoll((struct pollfd *)x->a, (nfds_t)x->b,
		    (const struct timespec *)x->c, in);
		return true;
	case SYS_pselect6:
		six.set = 0;
		six.size = 8;
		if (bad(x->e, sizeof(struct timespec)) ||
		    bad(x->f, sizeof(six)))
			return false;
		if (x->f)
			memcpy(&six, (const void *)x->f, sizeof(six));
		if (bad(six.set, 8) || (six.set && six.size != 8))
			return false;
		in = set_from(&set, six.set);
		*ret = pselect((int)x->a, (fd_set *)x->b, (fd_set *)x->c,
		    (fd_set *)x->d, (const struct timespec *)x->e, in);
		return true;
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		if (bad(x->e, 8) || (x->e && x->f != 8))
			return false;
		in = set_from(&set, x->e);
		if (number == SYS_epoll_pwait)
			*ret = epoll_pwait((int)x->a,
			    (struct epoll_event *)x->b, (int)x->c, (int)x->d,
			    in);
		else
			*ret = epoll_pwait2((int)x->a,
			    (struct epoll_event *)x->b, (int)x->c,
			    (const struct timespec *)x->d, in);
		return true;
	default:
		return false;
	}
}

/* Descriptors: what fills a number or frees one, from any thread. */
static bool
with_number(long number, const struct args *x, long *ret)
{
	switch (number) {
	case SYS_close:
		*ret = close((int)x->a);
		return true;
	case SYS_dup3:
		*ret = dup3((int)x->a, (int)x->b, (int)x->c);
		return true;
#ifdef SYS_dup2
	case SYS_dup2:
		*ret = dup2((int)x->a, (int)x->b);
		return true;
#endif
#ifdef SYS_close_range
	case SYS_close_range:
		*ret = close_range((unsigned)x->a, (unsigned)x->b, (int)x->c);
		return true;
#endif
	default:
		return false;
	}
}

/* Processes and threads; numbers that name one of ours. */
static bool
with_thread(long number, const struct args *x, long *ret)
{
	switch (number) {
	case SYS_gettid:
		*ret = gettid();
		return true;
	case SYS_tgkill:
		*ret = tgkill((pid_t)x->a, (pid_t)x->b, (int)x->c);
		return true;
	case SYS_tkill:
		*ret = tgkill(getpid(), (pid_t)x->a, (int)x->b);
		if (*ret < 0 && errno == ESRCH)
			return false; /* another process's */
		return true;
	case SYS_exit:
		/* The kernel's thread is not this one's to end. */
		if (atomic_load(&mx_me.dom->nlive) == 1 && mx_me.is_main)
			_exit((int)x->a);
		mx_thread_exit(NULL);
	case SYS_prctl:
		*ret = prctl((int)x->a, (unsigned long)x->b,
		    (unsigned long)x->c, (unsigned long)x->d,
		    (unsigned long)x->e);
		return true;
	case SYS_capset:
		*ret = capset((void *)x->a, (const void *)x->b);
		return true;
	case SYS_seccomp:
		/* A filter is for all that may run this thread. */
		if (x->a != SECCOMP_SET_MODE_FILTER)
			return false;
		*ret = real.syscall(number, x->a,
		    x->b | SECCOMP_FILTER_FLAG_TSYNC, x->c, 0, 0, 0);
		return true;
	case SYS_wait4:
		*ret = wait4((pid_t)x->a, (int *)x->b, (int)x->c,
		    (struct rusage *)x->d);
		return true;
	case SYS_waitid:
		if (x->e || (x->d & WNOHANG))
			return false;
		*ret = waitid((idtype_t)x->a, (id_t)x->b, (siginfo_t *)x->c,
		    (int)x->d);
		return true;
	case SYS_sigaltstack:
		*ret = sigaltstack((const stack_t *)x->a, (stack_t *)x->b);
		return true;
	default:
		return false;
	}
}

/* What waits, by its own name. */
static bool
with_wait(long number, const struct args *x, long *ret)
{
	int fd = (int)x->a, rc;

	switch (number) {
#ifdef SYS_poll
	case SYS_poll:
		*ret = poll((struct pollfd *)x->a, (nfds_t)x->b, (int)x->c);
		return true;
	case SYS_select:
		if (bad(x->e, sizeof(struct timeval)))
			return false;
		*ret = select((int)x->a, (fd_set *)x->b, (fd_set *)x->c,
		    (fd_set *)x->d, (struct timeval *)x->e);
		return true;
	case SYS_epoll_wait:
		*ret = epoll_wait(fd, (struct epoll_event *)x->b, (int)x->c,
		    (int)x->d);
		return true;
	case SYS_pause:
		*ret = pause();
		return true;
	case SYS_open:
		*ret = open((const char *)x->a, (int)x->b, (mode_t)x->c);
		return true;
	case SYS_creat:
		*ret = creat((const char *)x->a, (mode_t)x->b);
		return true;
#endif
	case SYS_openat:
		*ret = openat(fd, (const char *)x->b, (int)x->c, (mode_t)x->d);
		return true;
	case SYS_openat2:
		*ret = openat2(fd, (const char *)x->b,
		    (const struct open_how *)x->c, (size_t)x->d);
		return true;
	case SYS_nanosleep:
		*ret = nanosleep((const struct timespec *)x->a,
		    (struct timespec *)x->b);
		return true;
	case SYS_clock_nanosleep:
		rc = clock_nanosleep((clockid_t)x->a, (int)x->b,
		    (const struct timespec *)x->c, (struct timespec *)x->d);
		*ret = rc ? mx_fail(rc) : 0;
		return true;
	case SYS_sched_yield:
		*ret = sched_yield();
		return true;
	case SYS_flock:
		*ret = flock(fd, (int)x->b);
		return true;
	case SYS_fcntl:
		*ret = fcntl(fd, (int)x->b, x->c);
		return true;
	case SYS_sendfile:
		*ret = sendfile(fd, (int)x->b, (off_t *)x->c, (size_t)x->d);
		return true;
	case SYS_splice:
		*ret = splice(fd, (off64_t *)x->b, (int)x->c, (off64_t *)x->d,
		    (size_t)x->e, (unsigned)x->f);
		return true;
	case SYS_tee:
		*ret = tee(fd, (int)x->b, (size_t)x->c, (unsigned)x->d);
		return true;
	case SYS_vmsplice:
		*ret = vmsplice(fd, (const struct iovec *)x->b, (size_t)x->c,
		    (unsigned)x->d);
		return true;
	case SYS_msgrcv:
		*ret = msgrcv(fd, (void *)x->b, (size_t)x->c, x->d, (int)x->e);
		return true;
	case SYS_msgsnd:
		*ret = msgsnd(fd, (const void *)x->b, (size_t)x->c, (int)x->d);
		return true;
	case SYS_semop:
		*ret = semop(fd, (struct sembuf *)x->b, (size_t)x->c);
		return true;
	case SYS_semtimedop:
		*ret = semtimedop(fd, (struct sembuf *)x->b, (size_t)x->c,
		    (const struct timespec *)x->d);
		return true;
	case SYS_mq_timedreceive:
	case SYS_mq_timedsend:
		*ret = MX_HOP(MX_HOP_CANCEL, real.syscall(number, x->a, x->b,
		    x->c, x->d, x->e, 0));
		return true;
	case SYS_futex_waitv:
		*ret = MX_HOP(MX_HOP_LOCK, real.syscall(number, x->a, x->b,
		    x->c, x->d, x->e, 0));
		return true;
	default:
		return false;
	}
}

/* Bytes. */
static bool
with_data(long number, const struct args *x, long *ret)
{
	int fd = (int)x->a;

	switch (number) {
	case SYS_read:
		*ret = read(fd, (void *)x->b, (size_t)x->c);
		return true;
	case SYS_write:
		*ret = write(fd, (const void *)x->b, (size_t)x->c);
		return true;
	case SYS_readv:
		*ret = readv(fd, (const struct iovec *)x->b, (int)x->c);
		return true;
	case SYS_writev:
		*ret = writev(fd, (const struct iovec *)x->b, (int)x->c);
		return true;
	case SYS_preadv2:
		*ret = preadv2(fd, (const struct iovec *)x->b, (int)x->c,
		    (off_t)x->d, (int)x->f);
		return true;
	case SYS_pwritev2:
		*ret = pwritev2(fd, (const struct iovec *)x->b, (int)x->c,
		    (off_t)x->d, (int)x->f);
		return true;
	case SYS_recvfrom:
		*ret = recvfrom(fd, (void *)x->b, (size_t)x->c, (int)x->d,
		    (struct sockaddr *)x->e, (socklen_t *)x->f);
		return true;
	case SYS_sendto:
		*ret = sendto(fd, (const void *)x->b, (size_t)x->c, (int)x->d,
		    (const struct sockaddr *)x->e, (socklen_t)x->f);
		return true;
	case SYS_recvmsg:
		*ret = recvmsg(fd, (struct msghdr *)x->b, (int)x->c);
		return true;
	case SYS_sendmsg:
		*ret = sendmsg(fd, (const struct msghdr *)x->b, (int)x->c);
		return true;
	case SYS_recvmmsg:
		*ret = recvmmsg(fd, (struct mmsghdr *)x->b, (unsigned)x->c,
		    (int)x->d, (struct timespec *)x->e);
		return true;
	case SYS_sendmmsg:
		*ret = sendmmsg(fd, (struct mmsghdr *)x->b, (unsigned)x->c,
		    (int)x->d);
		return true;
	case SYS_connect:
		*ret = connect(fd, (const struct sockaddr *)x->b,
		    (socklen_t)x->c);
		return true;
	case SYS_accept:
		*ret = accept(fd, (struct sockaddr *)x->b, (socklen_t *)x->c);
		return true;
	case SYS_accept4:
		*ret = accept4(fd, (struct sockaddr *)x->b, (socklen_t *)x->c,
		    (int)x->d);
		return true;
	default:
		return false;
	}
}

/* Calls by which a descriptor gets out of hand: see mx_fd_blocking(). */
static void
shares(long number)
{
	switch (number) {
	case SYS_clone:
	case SYS_clone3:
#ifdef SYS_fork
	case SYS_fork:
	case SYS_vfork:
#endif
	case SYS_fcntl:
	case SYS_ioctl:
	case SYS_dup:
	case SYS_dup3:
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_sendmsg:
	case SYS_sendmmsg:
	case SYS_io_uring_enter:
		mx_fd_shared();
		break;
	default:
		break;
	}
}

/* syscall(2). Parks where the call of that name parks. */
long
syscall(long number, ...)
{
	struct args x;
	va_list ap;
	long ret;

	va_start(ap, number);
	x.a = va_arg(ap, long);
	x.b = va_arg(ap, long);
	x.c = va_arg(ap, long);
	x.d = va_arg(ap, long);
	x.e = va_arg(ap, long);
	x.f = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_futex && !mx_me.vfork && mx_me.depth == 0 &&
	    atomic_load_explicit(&mx_active, memory_order_relaxed))
		return mx_futex_call((uint32_t *)x.a, (int)x.b, (uint32_t)x.c,
		    (const struct timespec *)x.d, (uint32_t *)x.e,
		    (uint32_t)x.f);
	if (!mx_me.vfork && with_number(number, &x, &ret))
		return ret;
	shares(number);
	if (!mx_on())
		return real.syscall(number, x.a, x.b, x.c, x.d, x.e, x.f);
	if (with_data(number, &x, &ret) || with_wait(number, &x, &ret) ||
	    with_set(number, &x, &ret) || with_thread(number, &x, &ret) ||
	    mx_bound_number(number, x.a, x.b, x.c, &ret))
		return ret;
	switch (number) {
#ifdef SYS_fork
	case SYS_fork:
#endif
	case SYS_clone:
	case SYS_clone3:
		return mx_clone_raw(number, x.a, x.b, x.c, x.d, x.e);
	default:
		return real.syscall(number, x.a, x.b, x.c, x.d, x.e, x.f);
	}
}
