/* SPDX-License-Identifier: MIT */
/* syscall(2): what waits by number lets the others run, and answers alike. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "t.h"

static int p[2], sv[2], ticks;

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
writes(void *arg)
{
	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	settle();
	MUST(write(*(int *)arg, "x", 1) == 1);
	return NULL;
}

#define WAITS(fd, expr) \
	do { \
		pthread_t a_, b_; \
		ticks = 0; \
		a_ = spawn(writes, fd); \
		b_ = spawn(tick, NULL); \
		R(expr); \
		say("ticks %d", __atomic_load_n(&ticks, __ATOMIC_SEQ_CST)); \
		join(a_); \
		join(b_); \
	} while (0)

static void
handler(int sig)
{
	(void)sig;
}

/* Until the caller is through: a first signal may come before it waits. */
static int through;

static void *
kills(void *arg)
{
	do {
		settle();
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	} while (!__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	return NULL;
}

#define INTR(expr) \
	do { \
		pthread_t me_ = pthread_self(), t_; \
		through = 0; \
		t_ = spawn(kills, &me_); \
		R(expr); \
		__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST); \
		join(t_); \
	} while (0)

static void *
work(void *arg)
{
	struct pollfd f = { .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };
	struct timespec ts = { 0, 20000000 }, bad = { 0, -1 };
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	uint64_t set = 1ull << (SIGUSR2 - 1), old = 0, none = 0;
	struct { void *set; size_t size; } six = { &none, 8 };
	int ep = epoll_create1(0);
	siginfo_t info;
	fd_set r;
	char b[8];

	iov.iov_base = b;
	iov.iov_len = sizeof(b);
	MUST(pipe(p) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	f.fd = p[0];
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
	FD_ZERO(&r);
	FD_SET(p[0], &r);

	WAITS(&p[1], syscall(SYS_read, p[0], b, 8));
	WAITS(&p[1], syscall(SYS_readv, p[0], &iov, 1));
	WAITS(&p[1], syscall(SYS_preadv2, p[0], &iov, 1, -1, -1, 0));
	WAITS(&sv[1], syscall(SYS_recvfrom, sv[0], b, 8, 0, 0, 0));
	WAITS(&sv[1], syscall(SYS_recvmsg, sv[0], &mh, 0));
	WAITS(&p[1], syscall(SYS_ppoll, &f, 1, 0, 0, 8));
	read(p[0], b, 8);
	WAITS(&p[1], syscall(SYS_pselect6, p[0] + 1, &r, 0, 0, 0, &six));
	read(p[0], b, 8);
	WAITS(&p[1], syscall(SYS_epoll_pwait, ep, &ev, 1, -1, 0, 8));
	WAITS(&p[1], syscall(SYS_splice, p[0], 0, sv[1], 0, 1, 0));
	read(p[0], b, 8);
	R(syscall(SYS_tee, p[0], p[1], 0, 0));
#ifdef SYS_poll
	WAITS(&p[1], syscall(SYS_poll, &f, 1, -1));
	read(p[0], b, 8);
	WAITS(&p[1], syscall(SYS_select, p[0] + 1, &r, 0, 0, 0));
	read(p[0], b, 8);
	WAITS(&p[1], syscall(SYS_epoll_wait, ep, &ev, 1, -1));
	read(p[0], b, 8);
	INTR(syscall(SYS_pause));
#endif
	INTR(syscall(SYS_ppoll, &f, 1, 0, &none, 8));
	INTR(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0,
		     (&(struct timespec){ 10, 0 }), &ts));
	IS(ts.tv_sec == 9);
	INTR(syscall(SYS_rt_sigsuspend, &none, 8));

	ts.tv_sec = 0;
	ts.tv_nsec = 20000000;
	R(syscall(SYS_ppoll, &f, 1, &ts, 0, 8));
	R(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, 0));
	R(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, 8, 0));
	R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8));
	R(raise(SIGUSR2));
	R(syscall(SYS_rt_sigpending, &old, 8));
	IS(old == set);
	R(syscall(SYS_rt_sigtimedwait, &set, &info, &ts, 8) == SIGUSR2);
	R(syscall(SYS_rt_sigtimedwait, &set, &info, &ts, 8));
	R(syscall(SYS_rt_sigtimedwait, &set, &info, &ts, 7));
	R(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8));
	R(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 7));
	R(syscall(SYS_rt_sigprocmask, 77, &set, &old, 8));
	R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, &old, 8));
	R(syscall(SYS_ppoll, &f, 1, &ts, &none, 7));
	R(syscall(SYS_ppoll, 8, 1, 0, 0, 8));
	R(syscall(SYS_read, -1, b, 1));
	R(syscall(SYS_read, p[0], 8, 0));
	R(syscall(SYS_write, p[1], 8, 1));
	R(syscall(SYS_wait4, -1, 0, 0, 0));
	R(syscall(SYS_waitid, P_ALL, 0, &info, WEXITED, 0));
	R(syscall(SYS_dup3, p[0], p[0], 0));
	R(syscall(SYS_close, -1));
	R(syscall(SYS_flock, -1, 2));
	R(syscall(SYS_fcntl, -1, F_GETFL, 0));
	R(syscall(SYS_sched_yield));
	R(syscall(100000));
	R(syscall(-1));
	close(p[0]);
	close(p[1]);
	close(sv[0]);
	close(sv[1]);
	close(ep);
	return arg;
}

int
main(void)
{
	catch_signal(SIGUSR1, handler, 0);
	signal(SIGUSR2, SIG_DFL);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
