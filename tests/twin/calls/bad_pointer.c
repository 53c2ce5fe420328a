/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt */
/*
 * Every call that takes a pointer which the kernel looks at, with pointers to
 * nothing: NULL, low and high addresses, a page that may not be touched, one
 * that may not be written, and what begins well and goes on behind the end of
 * a page. Calls where libc itself looks (and the program dies) are left out.
 */
#include <linux/capability.h>
#include <mqueue.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <threads.h>

#include "t.h"

static char b[256], *ro;
static struct iovec iov = { b, 8 };
static struct msghdr mh;
static struct mmsghdr mm[2];
static struct sockaddr_storage sa;
static socklen_t salen;
static struct timespec ms1 = { 0, 1000000 };
static struct epoll_event ev;
static struct sembuf down = { 0, -1, 0 };
static sigset_t usr2, nothing;
static siginfo_t si;
static stack_t ss;
static int status, msg, sem, other[2];
static mqd_t mq;
/* All of these have 6 bytes to read and room to write; a queue of one. */
static int pi[2], sv[2], dg[2], tc[2], lsock, file, ep, evfd, room[2];
static unsigned word;
static char *argv0[] = { (char *)"true", NULL };

static struct iovec *
base(void *p)
{
	iov.iov_base = p;
	return &iov;
}

enum part { NAME, VECTOR, BASE, CONTROL };

static struct msghdr *
message(enum part part, void *p)
{
	memset(&mh, 0, sizeof(mh));
	iov.iov_base = part == BASE ? p : b;
	mh.msg_iov = part == VECTOR ? p : &iov;
	mh.msg_iovlen = 1;
	if (part == NAME) {
		mh.msg_name = p;
		mh.msg_namelen = 16;
	}
	if (part == CONTROL) {
		mh.msg_control = p;
		mh.msg_controllen = 32;
	}
	return &mh;
}

static struct mmsghdr *
messages(enum part part, void *p)
{
	mm[0].msg_hdr = mm[1].msg_hdr = *message(BASE, b);
	mm[1].msg_hdr = *message(part, p);
	return mm;
}

static pid_t
child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	return pid;
}

/* A wait that must not be left behind. */
static long
reap(long rc, pid_t pid)
{
	int e = errno;

	waitpid(pid, NULL, 0);
	errno = e;
	return rc < 0 ? rc : rc == pid ? 1 : rc;
}

static long
waits(int how, void *p)
{
	pid_t pid = child();

	switch (how) {
	case 0:
		return reap(waitpid(pid, p, 0), pid);
	case 1:
		return reap(wait4(pid, NULL, 0, p), pid);
	case 2:
		return reap(wait3(p, 0, NULL), pid);
	case 3:
		return reap(wait(p), pid);
	default:
		return reap(waitid(P_PID, pid, p, WEXITED), pid);
	}
}

static long
err(int e)
{
	if (e == 0)
		return 0;
	errno = e;
	return -1;
}

static long
spawned(const char *path, char *const *argv, pid_t *pid)
{
	pid_t own = 0;
	int e = posix_spawn(pid ? pid : &own, path, NULL, NULL, argv, NULL);

	if (e == 0)
		waitpid(pid ? *pid : own, NULL, 0);
	return err(e);
}

static struct {
	const void *set;
	size_t size;
} six;

static void *
with_six(const void *p)
{
	six.set = p;
	six.size = 8;
	return &six;
}

static int
nfds(void)
{
	return pi[0] + 1;
}

static fd_set *
readable(void)
{
	static fd_set r;

	FD_ZERO(&r);
	FD_SET(pi[0], &r);
	return &r;
}

static struct pollfd *
pollfd(void)
{
	static struct pollfd p;

	p.fd = pi[0];
	p.events = POLLIN;
	return &p;
}

static long
opened(FILE *f)
{
	if (!f)
		return -1;
	fclose(f);
	return 0;
}

static long
new_fd(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static socklen_t *
lens(void)
{
	salen = sizeof(sa);
	return &salen;
}

/*
 * Z: with NULL too; other calls wait, or read nothing, or work, with NULL.
 * S: what can be read is a set for which they would wait.
 */
#define LIST \
	Z(read(pi[0], p, 6)) \
	Z(read(file, p, 6)) \
	Z(read(evfd, p, 8)) \
	Z(readv(pi[0], p, 1)) \
	Z(readv(pi[0], base(p), 1)) \
	Z(preadv2(pi[0], base(p), 1, -1, 0)) \
	Z(write(pi[1], p, 9)) \
	Z(write(file, p, 9)) \
	Z(write(sv[0], p, 9)) \
	Z(write(evfd, p, 8)) \
	Z(writev(pi[1], p, 1)) \
	Z(writev(pi[1], base(p), 1)) \
	Z(pwritev2(pi[1], base(p), 1, -1, 0)) \
	Z(recv(sv[0], p, 6, 0)) \
	Z(recv(dg[0], p, 6, 0)) \
	Z(recv(tc[0], p, 6, 0)) \
	Z(recv(tc[0], p, 6, MSG_WAITALL)) \
	Z(recv(sv[0], p, 6, MSG_PEEK)) \
	Z(recvfrom(sv[0], p, 6, 0, (void *)&sa, lens())) \
	Z(recvfrom(dg[0], b, 6, 0, p, lens())) \
	X(recvfrom(dg[0], b, 6, 0, (void *)&sa, p)) \
	X(recvmsg(sv[0], p, 0)) \
	Z(recvmsg(sv[0], message(VECTOR, p), 0)) \
	Z(recvmsg(sv[0], message(BASE, p), 0)) \
	Z(recvmsg(dg[0], message(NAME, p), 0)) \
	Z(recvmsg(sv[0], message(CONTROL, p), 0)) \
	Z(recvmsg(tc[0], message(BASE, p), MSG_WAITALL)) \
	X(recvmmsg(dg[0], p, 1, 0, NULL)) \
	Z(recvmmsg(dg[0], messages(BASE, p), 2, MSG_WAITFORONE, NULL)) \
	Z(recvmmsg(dg[0], messages(VECTOR, p), 2, MSG_WAITFORONE, NULL)) \
	X(recvmmsg(dg[0], messages(BASE, b), 1, 0, p)) \
	Z(send(sv[0], p, 9, 0)) \
	Z(send(dg[0], p, 9, 0)) \
	Z(send(tc[0], p, 9, 0)) \
	Z(sendto(sv[0], p, 9, 0, NULL, 0)) \
	X(sendto(dg[0], b, 9, 0, p, 16)) \
	X(sendmsg(sv[0], p, 0)) \
	Z(sendmsg(sv[0], message(VECTOR, p), 0)) \
	Z(sendmsg(sv[0], message(BASE, p), 0)) \
	Z(sendmsg(sv[0], message(CONTROL, p), 0)) \
	X(sendmsg(dg[0], message(NAME, p), 0)) \
	X(sendmmsg(dg[0], p, 2, 0)) \
	Z(sendmmsg(dg[0], messages(BASE, p), 2, 0)) \
	Z(sendmmsg(dg[0], messages(VECTOR, p), 2, 0)) \
	Z(connect(sv[0], p, 16)) \
	Z(new_fd(accept(lsock, p, lens()))) \
	X(new_fd(accept(lsock, (void *)&sa, p))) \
	Z(new_fd(accept4(lsock, p, lens(), SOCK_CLOEXEC))) \
	Z(socketpair(AF_UNIX, SOCK_STREAM, 0, p)) \
	Z(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, p, 16)) \
	Z(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, p, 4)) \
	Z(eventfd_read(evfd, p)) \
	Z(new_fd(open(p, O_RDONLY))) \
	Z(new_fd(openat(AT_FDCWD, p, O_RDONLY))) \
	Z(new_fd(openat(9999, p, O_RDONLY))) \
	Z(new_fd(creat(p, 0600))) \
	Z(opened(fopen(p, "r"))) \
	Z(opened(freopen(p ? p : "", "r", fopen("regular", "r")))) \
	X(sendfile(sv[0], file, p, 8)) \
	X(splice(file, p, room[1], NULL, 4, 0)) \
	X(splice(pi[0], NULL, file, p, 4, 0)) \
	Z(vmsplice(room[1], p, 1, 0)) \
	Z(vmsplice(room[1], base(p), 1, 0)) \
	Z(vmsplice(pi[0], base(p), 1, 0)) \
	Z(pipe(p)) \
	Z(pipe2(p, O_CLOEXEC)) \
	Z(fcntl(file, F_SETLKW, p)) \
	Z(fcntl(file, F_SETLK, p)) \
	Z(fcntl(file, F_OFD_SETLKW, p)) \
	Z(fcntl(file, F_GETLK, p)) \
	Z(ioctl(pi[0], FIONREAD, p)) \
	Z(ioctl(pi[0], FIONBIO, p)) \
	Z(new_fd(signalfd(-1, p, 0))) \
	Z(timerfd_settime(evfd, 0, p, NULL)) \
	Z(epoll_ctl(ep, EPOLL_CTL_ADD, evfd, p)) \
	Z(poll(p, 1, 0)) \
	Z(poll(p, 1, 10)) \
	Z(ppoll(p, 1, &ms1, NULL)) \
	X(ppoll(pollfd(), 1, &ms1, p)) \
	X(select(nfds(), p, NULL, NULL, NULL)) \
	X(select(nfds(), readable(), p, NULL, NULL)) \
	X(select(nfds(), readable(), NULL, p, NULL)) \
	X(pselect(nfds(), p, NULL, NULL, &ms1, NULL)) \
	X(pselect(nfds(), readable(), NULL, NULL, &ms1, p)) \
	Z(epoll_wait(ep, p, 1, 0)) \
	Z(epoll_wait(ep, p, 1, 10)) \
	Z(epoll_pwait(ep, p, 1, 10, NULL)) \
	X(epoll_pwait(ep, &ev, 1, 10, p)) \
	Z(epoll_pwait2(ep, p, 1, &ms1, NULL)) \
	X(epoll_pwait2(ep, &ev, 1, p, NULL)) \
	X(epoll_pwait2(ep, &ev, 1, &ms1, p)) \
	Z(nanosleep(p, NULL)) \
	Z(nanosleep(&ms1, p)) \
	Z(err(clock_nanosleep(CLOCK_MONOTONIC, 0, p, NULL))) \
	Z(err(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, p, NULL))) \
	Z(thrd_sleep(p, NULL)) \
	X(sigtimedwait(p, &si, &ms1)) \
	Z(sigtimedwait(&usr2, p, &ms1)) \
	Z(sigtimedwait(&usr2, &si, p)) \
	S(sigwaitinfo(p, &si)) \
	Z(sigwaitinfo(&usr2, p)) \
	S(err(sigwait(p, &status))) \
	S(sigsuspend(p)) \
	Z(sigpending(p)) \
	Z(sigaltstack(p, NULL)) \
	Z(sigaltstack(NULL, p)) \
	Z(waits(0, p)) \
	Z(waits(1, p)) \
	Z(waits(2, p)) \
	Z(waits(3, p)) \
	Z(waits(4, p)) \
	Z(spawned(p, argv0, NULL)) \
	Z(msgrcv(msg, p, 6, 0, 0)) \
	Z(msgrcv(msg, p, 6, 0, IPC_NOWAIT)) \
	Z(msgsnd(msg, p, 6, 0)) \
	Z(msgsnd(msg, p, 6, IPC_NOWAIT)) \
	Z(semop(sem, p, 1)) \
	Z(semtimedop(sem, p, 1, &ms1)) \
	X(semtimedop(sem, &down, 1, p)) \
	Z(mq_receive(mq, p, 64, NULL)) \
	Z(mq_receive(mq, b, 64, p)) \
	Z(mq_timedreceive(mq, p, 64, NULL, &ms1)) \
	X(mq_timedreceive(mq, b, 64, NULL, p)) \
	Z(mq_send(mq, p, 6, 0)) \
	X(mq_timedsend(mq, b, 6, 0, p)) \
	Z(prctl(PR_SET_NAME, p)) \
	Z(prctl(PR_GET_NAME, p)) \
	Z(err(pthread_setaffinity_np(pthread_self(), 8, p))) \
	Z(err(pthread_getaffinity_np(pthread_self(), 128, p))) \
	Z(syscall(SYS_read, pi[0], p, 6)) \
	Z(syscall(SYS_writev, pi[1], p, 1)) \
	Z(syscall(SYS_futex, p, FUTEX_WAIT_, 0, &ms1)) \
	X(syscall(SYS_futex, &word, FUTEX_WAIT_, 0, p)) \
	Z(syscall(SYS_futex, p, FUTEX_WAKE_, 1)) \
	X(syscall(SYS_rt_sigprocmask, SIG_BLOCK, p, NULL, 8)) \
	X(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8)) \
	S(syscall(SYS_rt_sigsuspend, p, 8)) \
	X(syscall(SYS_rt_sigpending, p, 8)) \
	X(syscall(SYS_rt_sigtimedwait, p, &si, &ms1, 8)) \
	Z(syscall(SYS_rt_sigtimedwait, &usr2, &si, p, 8)) \
	X(syscall(SYS_ppoll, pollfd(), 1, p, NULL, 8)) \
	X(syscall(SYS_ppoll, pollfd(), 1, &ms1, p, 8)) \
	X(syscall(SYS_pselect6, nfds(), readable(), 0, 0, p, NULL)) \
	X(syscall(SYS_pselect6, nfds(), readable(), 0, 0, &ms1, p)) \
	X(syscall(SYS_pselect6, nfds(), readable(), 0, 0, &ms1, with_six(p))) \
	X(syscall(SYS_epoll_pwait, ep, &ev, 1, 10, p, 8)) \
	X(syscall(SYS_epoll_pwait2, ep, &ev, 1, p, NULL, 8)) \
	Z(syscall(SYS_nanosleep, p, NULL)) \
	Z(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL)) \
	Z(syscall(SYS_capset, p, NULL)) \
	Z(syscall(SYS_sigaltstack, NULL, p)) \
	Z(syscall(SYS_wait4, -1, p, WNOHANG, NULL))

#define FUTEX_WAIT_ 128 /* private */
#define FUTEX_WAKE_ 129

enum { F = __COUNTER__ + 1 };

static long
call(int which, void *p)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - F: \
		return p ? (long)(expr) : -2;
#define S(expr) \
	case __COUNTER__ - F: \
		return p && p != ro ? (long)(expr) : -2;
#define Z(expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
#undef S
#undef Z
	}
	return -2;
}

static const char *const texts[] = {
#define X(expr) #expr,
#define S(expr) #expr,
#define Z(expr) #expr,
	LIST
#undef X
#undef S
#undef Z
};

static void
open_all(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct { long type; char text[8]; } m = { 1, "abcdef" };
	struct mq_attr attr = { .mq_maxmsg = 3, .mq_msgsize = 64 };
	struct epoll_event e = { .events = EPOLLIN };
	char name[32];
	int s;

	MUST(pipe(pi) == 0 && pipe(room) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dg) == 0);
	MUST(write(pi[1], "abcdef", 6) == 6 && write(sv[1], "abcdef", 6) == 6);
	MUST(write(dg[1], "abcdef", 6) == 6 && write(dg[1], "ghi", 3) == 3);
	MUST(write(tc[1], "abcdef", 6) == 6);
	while (ioctl(tc[0], FIONREAD, &s) == 0 && s < 6)
		ms(1);
	lsock = socket(AF_UNIX, SOCK_STREAM, 0);
	/* The kernel picks a name. */
	MUST(bind(lsock, (struct sockaddr *)&un, sizeof(sa_family_t)) == 0);
	MUST(listen(lsock, 2) == 0);
	salen = sizeof(un);
	MUST(getsockname(lsock, (struct sockaddr *)&un, &salen) == 0);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	MUST(connect(s, (struct sockaddr *)&un, salen) == 0);
	other[0] = s;
	lseek(file, 0, SEEK_SET);
	MUST(ftruncate(file, 100) == 0);
	ep = epoll_create1(0);
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, pi[0], &e) == 0);
	evfd = eventfd(7, 0);
	msg = msgget(IPC_PRIVATE, 0600);
	MUST(msgsnd(msg, &m, 6, 0) == 0);
	sem = semget(IPC_PRIVATE, 1, 0600);
	MUST(sem >= 0);
	snprintf(name, sizeof(name), "/twin.ptr.%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(mq != (mqd_t)-1);
	mq_unlink(name);
	MUST(mq_send(mq, "abcdef", 6, 3) == 0);
	raise(SIGUSR2);
}

static int
left(int fd)
{
	int n = -1;

	ioctl(fd, FIONREAD, &n);
	return n;
}

static void
close_all(void)
{
	int fds[] = { pi[0], pi[1], room[0], room[1], sv[0], sv[1], dg[0],
		      dg[1], lsock, other[0], ep, evfd };
	struct timespec no = { 0, 0 };
	sigset_t s;

	for (size_t i = 0; i < NELEM(fds); i++)
		close(fds[i]);
	while (recv(tc[0], b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	msgctl(msg, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	mq_close(mq);
	sigtimedwait(&usr2, NULL, &no);
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &s, NULL);
	ss.ss_flags = SS_DISABLE;
	sigaltstack(&ss, NULL);
}

static void *
work(void *arg)
{
	static const char *const names[] = { "null", "low", "none", "edge",
					     "ro", "kernel", "minus" };
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *bad[] = { NULL, (void *)8, page + 4096, page + 4092, page + 8192,
			(void *)0xffff800000000000, (void *)-1l };
	char line[256];
	size_t n;
	long rc;

	MUST(page != MAP_FAILED);
	memset(page, 1, 3 * 4096);
	mprotect(page + 4096, 4096, PROT_NONE);
	ro = page + 8192;
	mprotect(ro, 4096, PROT_READ);
	pthread_sigmask(SIG_SETMASK, &usr2, NULL);
	tcp_pair(tc);
	for (size_t i = 0; i < NELEM(texts); i++) {
		say("%s", texts[i]);
		n = 0;
		for (size_t k = 0; k < NELEM(bad); k++) {
			memset(page, 1, 4096);
			open_all();
			errno = 0;
			rc = call((int)i, bad[k]);
			if (rc == -1 || rc < -2)
				n += sprintf(line + n, " %s=%s", names[k],
				    ename(rc == -1 ? errno : (int)-rc) + 1);
			else if (rc != -2)
				n += sprintf(line + n, " %s=%ld", names[k], rc);
			/* What is gone is gone. */
			if (left(pi[0]) != 6)
				n += sprintf(line + n, " pipe %d", left(pi[0]));
			if (left(sv[0]) != 6)
				n += sprintf(line + n, " unix %d", left(sv[0]));
			if (left(dg[0]) != 6)
				n += sprintf(line + n, " dgram %d",
				    left(dg[0]));
			if (left(tc[0]) != 6)
				n += sprintf(line + n, " tcp %d", left(tc[0]));
			if (left(sv[1]) > 0)
				n += sprintf(line + n, " sent %d", left(sv[1]));
			close_all();
			if (n > 60 || k + 1 == NELEM(bad)) {
				say("   %s", line);
				n = 0;
			}
		}
	}
	close(tc[0]);
	close(tc[1]);
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&nothing);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	file = open("regular", O_RDWR | O_CREAT, 0600);
	MUST(file >= 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
