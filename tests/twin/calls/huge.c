/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt */
/*
 * Sizes and numbers at the ends of their ranges and beyond: SIZE_MAX bytes,
 * negative counts, more vectors, descriptors, messages than there can be.
 */
#include <grp.h>
#include <limits.h>
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "t.h"

#ifndef P_PIDFD
#define P_PIDFD 3 /* older headers */
#endif

/* Something to read and room to write: pipe, stream, datagrams, file. */
static int pi[2], room[2], sv[2], dg[2], file, ep, msg, sem, nul;
static mqd_t mq;
static char b[8192];
static struct iovec many[2048];
static struct msghdr mh;
static struct mmsghdr mm[1100];
static struct sockaddr_storage sa;
static struct epoll_event evs[8];
static struct pollfd pfds[4];
static struct timespec ms1 = { 0, 1000000 };
static struct timeval tv;
static struct sembuf ops[1024];
static fd_set set;
static off_t off;
static struct flock lock;
/* The compiler need not know: it would warn, or check by itself. */
static volatile size_t all = SIZE_MAX, half = SSIZE_MAX, over = (size_t)1 << 63;
static volatile int max = INT_MAX, min = INT_MIN, neg = -1;
static volatile unsigned umax = UINT_MAX;

static struct iovec *
two(size_t first, size_t second)
{
	many[0] = (struct iovec){ b, first };
	many[1] = (struct iovec){ b, second };
	return many;
}

static struct iovec *
ones(void)
{
	for (size_t i = 0; i < NELEM(many); i++)
		many[i] = (struct iovec){ b, 1 };
	return many;
}

static struct msghdr *
vectors(struct iovec *iov, size_t n)
{
	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = iov;
	mh.msg_iovlen = n;
	return &mh;
}

static struct msghdr *
named(size_t n)
{
	vectors(two(4, 0), 1);
	mh.msg_name = &sa;
	mh.msg_namelen = n;
	return &mh;
}

static struct msghdr *
controlled(size_t n)
{
	vectors(two(4, 0), 1);
	mh.msg_control = b;
	mh.msg_controllen = n;
	return &mh;
}

static struct mmsghdr *
messages(size_t n)
{
	for (size_t i = 0; i < NELEM(mm); i++) {
		mm[i].msg_hdr = *vectors(ones(), n);
		mm[i].msg_len = 77;
	}
	return mm;
}

static socklen_t *
len(int n)
{
	static socklen_t l;

	l = n;
	return &l;
}

static struct pollfd *
polls(void)
{
	for (size_t i = 0; i < NELEM(pfds); i++)
		pfds[i] = (struct pollfd){ pi[0], POLLIN, 0 };
	return pfds;
}

static fd_set *
bits(void)
{
	FD_ZERO(&set);
	FD_SET(pi[0], &set);
	return &set;
}

static struct timeval *
usec(long sec, long us)
{
	tv = (struct timeval){ sec, us };
	return &tv;
}

static struct timespec *
nsec(long sec, long ns)
{
	static struct timespec ts;

	ts = (struct timespec){ sec, ns };
	return &ts;
}

static off_t *
at(off_t o)
{
	off = o;
	return &off;
}

static struct flock *
lock_at(off_t start, off_t length, int whence)
{
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = whence,
			       .l_start = start, .l_len = length };
	return &lock;
}

static struct sembuf *
up(int n, int value)
{
	for (size_t i = 0; i < NELEM(ops); i++)
		ops[i] = (struct sembuf){ n, value, 0 };
	return ops;
}

static long
new_fd(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

#define LIST \
	X(read(pi[0], b, half) > 0) \
	X(read(pi[0], b, over)) \
	X(read(pi[0], b, all)) \
	X(read(file, b, over)) \
	X(read(nul, b, all)) \
	X(readv(pi[0], ones(), 1024)) \
	X(readv(pi[0], ones(), 1025)) \
	X(readv(pi[0], ones(), max)) \
	X(readv(pi[0], ones(), min)) \
	X(readv(pi[0], two(4, half), 2)) \
	X(readv(pi[0], two(4, over), 2)) \
	X(readv(pi[0], two(half, half), 2)) \
	X(readv(sv[0], two(all, 1), 2)) \
	X(preadv2(pi[0], ones(), 1025, -1, 0)) \
	X(preadv2(file, ones(), 4, LLONG_MAX, 0)) \
	X(preadv2(file, ones(), 4, LLONG_MIN, 0)) \
	X(write(room[1], b, over)) \
	X(write(room[1], b, all)) \
	X(write(nul, b, half)) \
	X(write(nul, b, all)) \
	X(writev(room[1], ones(), 1024)) \
	X(writev(room[1], ones(), 1025)) \
	X(writev(room[1], ones(), neg)) \
	X(writev(nul, two(half, half), 2)) \
	X(writev(room[1], two(4, over), 2)) \
	X(writev(sv[0], two(4, all), 2)) \
	X(pwritev2(room[1], ones(), 1025, -1, 0)) \
	X(pwritev2(file, ones(), 4, LLONG_MAX, 0)) \
	X(recv(sv[0], b, half, 0)) \
	X(recv(sv[0], b, over, 0)) \
	X(recv(sv[0], b, all, MSG_DONTWAIT)) \
	X(recv(dg[0], b, all, 0)) \
	X(recv(sv[0], b, 4, neg & ~MSG_OOB & ~MSG_PEEK)) \
	X(recvfrom(dg[0], b, 4, 0, (void *)&sa, len(-1))) \
	X(recvfrom(dg[0], b, 4, 0, (void *)&sa, len(INT_MAX))) \
	X(recvfrom(dg[0], b, 4, 0, (void *)&sa, len(0))) \
	X(recvmsg(sv[0], vectors(ones(), 1024), 0)) \
	X(recvmsg(sv[0], vectors(ones(), 1025), 0)) \
	X(recvmsg(sv[0], vectors(ones(), all), 0)) \
	X(recvmsg(sv[0], vectors(two(over, 1), 2), 0)) \
	X(recvmsg(dg[0], named(-1), 0)) \
	X(recvmsg(dg[0], named(INT_MAX), 0)) \
	X(recvmsg(sv[0], controlled(all), 0)) \
	X(recvmmsg(dg[0], messages(1), umax, MSG_WAITFORONE, NULL)) \
	X(recvmmsg(dg[0], messages(1025), 2, 0, NULL)) \
	X(recvmmsg(dg[0], messages(1), 2, 0, nsec(-1, 0))) \
	X(recvmmsg(dg[0], messages(1), 2, 0, nsec(0, -1))) \
	X(recvmmsg(dg[0], messages(1), 2, 0, nsec(0, 1000000000))) \
	X(recvmmsg(dg[0], messages(1), 1, 0, nsec(LONG_MAX, 0))) \
	X(recvmmsg(dg[0], messages(1), 1, 0, nsec(0, 0))) \
	X(send(sv[0], b, over, 0)) \
	X(send(sv[0], b, all, MSG_NOSIGNAL)) \
	X(send(dg[0], b, 1 << 30, 0)) \
	X(send(dg[0], b, all, 0)) \
	X(sendto(dg[0], b, 4, 0, (void *)&sa, -1)) \
	X(sendto(dg[0], b, 4, 0, (void *)&sa, 1000)) \
	X(sendmsg(sv[0], vectors(ones(), 1024), 0)) \
	X(sendmsg(sv[0], vectors(ones(), 1025), 0)) \
	X(sendmsg(sv[0], vectors(ones(), all), 0)) \
	X(sendmsg(sv[0], vectors(two(4, over), 2), 0)) \
	X(sendmsg(sv[0], vectors(NULL, 0), 0)) \
	X(sendmsg(dg[0], named(-1), 0)) \
	X(sendmsg(dg[0], named(1000), 0)) \
	X(sendmsg(sv[0], controlled(all), 0)) \
	X(sendmsg(sv[0], controlled((size_t)INT_MAX + 1), 0)) \
	X(sendmsg(sv[0], controlled(3), 0)) \
	X(sendmmsg(dg[0], messages(1025), 2, 0)) \
	X(connect(sv[0], (void *)&sa, -1)) \
	X(connect(sv[0], (void *)&sa, INT_MAX)) \
	X(new_fd(accept4(sv[0], (void *)&sa, len(-1), 0))) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, usec(0, 1000000), 16)) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, usec(0, -1), 16)) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, usec(-1, 0), 16)) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, usec(LONG_MAX, 0), 16)) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, len(INT_MAX), 4)) \
	X(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, len(-1), 4)) \
	X(setsockopt(sv[0], neg, neg, len(0), neg)) \
	X(socket(neg, SOCK_STREAM, 0)) \
	X(socket(AF_INET, neg, 0)) \
	X(socketpair(AF_UNIX, SOCK_STREAM, neg, pipe_out)) \
	X(sendfile(nul, file, NULL, all)) \
	X(sendfile(sv[0], file, NULL, all)) \
	X(sendfile(sv[0], file, at(-1), 4)) \
	X(sendfile(sv[0], file, at(LLONG_MAX), 4)) \
	X(sendfile(sv[0], file, at(9000), all)) \
	X(splice(pi[0], NULL, room[1], NULL, all, 0)) \
	X(splice(file, (off64_t *)at(-1), room[1], NULL, 4, 0)) \
	X(splice(file, (off64_t *)at(LLONG_MAX), room[1], NULL, 4, 0)) \
	X(splice(file, (off64_t *)at(9000), room[1], NULL, all, 0)) \
	X(splice(pi[0], (off64_t *)at(0), room[1], NULL, 4, 0)) \
	X(splice(pi[0], NULL, room[1], NULL, 4, umax)) \
	X(tee(pi[0], room[1], all, 0)) \
	X(vmsplice(room[1], ones(), 1025, 0)) \
	X(vmsplice(room[1], ones(), all, 0)) \
	X(vmsplice(room[1], two(4, all), 2, 0)) \
	X(vmsplice(room[1], ones(), 0, 0)) \
	X(close(max)) \
	X(close(min)) \
	X(close_range(umax, 0, 0)) \
	X(close_range(5000, umax, 0)) \
	X(close_range(5000, 6000, neg)) \
	X(new_fd(dup2(nul, max))) \
	X(new_fd(dup3(nul, max, 0))) \
	X(new_fd(dup3(nul, 5, neg))) \
	X(new_fd(fcntl(nul, F_DUPFD, max))) \
	X(new_fd(fcntl(nul, F_DUPFD, neg))) \
	X(fcntl(nul, neg, neg)) \
	X(fcntl(file, F_SETLKW, lock_at(-1, 0, SEEK_SET))) \
	X(fcntl(file, F_SETLKW, lock_at(0, -1, SEEK_SET))) \
	X(fcntl(file, F_SETLKW, lock_at(LLONG_MAX, 2, SEEK_SET))) \
	X(fcntl(file, F_SETLKW, lock_at(0, 0, 77))) \
	X(fcntl(file, F_SETLKW, lock_at(0, LLONG_MAX, SEEK_END))) \
	X(lockf(file, F_LOCK, LLONG_MAX)) \
	X(lockf(file, F_LOCK, LLONG_MIN)) \
	X(lockf(file, neg, 0)) \
	X(flock(file, neg)) \
	X(new_fd(epoll_create(0))) \
	X(new_fd(epoll_create(min))) \
	X(new_fd(epoll_create(max))) \
	X(new_fd(epoll_create1(neg))) \
	X(new_fd(eventfd(umax, 0))) \
	X(new_fd(eventfd(1, neg))) \
	X(new_fd(pipe2(pipe_out, neg))) \
	X(poll(polls(), 4, min)) \
	X(poll(polls(), all, 10)) \
	X(poll(polls(), max, 10)) \
	X(ppoll(polls(), 4, nsec(LONG_MAX, 999999999), NULL)) \
	X(ppoll(polls(), 4, nsec(-1, 0), NULL)) \
	X(ppoll(polls(), 4, nsec(0, -1), NULL)) \
	X(select(max, bits(), NULL, NULL, usec(0, 0))) \
	X(select(max, bits(), NULL, NULL, NULL)) \
	X(select(100000, bits(), NULL, NULL, usec(1, 0))) \
	X(select(min, bits(), NULL, NULL, NULL)) \
	X(select(pi[0] + 1, bits(), NULL, NULL, usec(LONG_MAX, 0))) \
	X(select(pi[0] + 1, bits(), NULL, NULL, usec(1, 3000000))) \
	X(select(pi[0] + 1, bits(), NULL, NULL, usec(-1, 0))) \
	X(select(pi[0] + 1, bits(), NULL, NULL, usec(0, -1))) \
	X(select(0, bits(), bits(), bits(), usec(0, 1))) \
	X(pselect(max, bits(), NULL, NULL, nsec(1, 0), NULL)) \
	X(pselect(pi[0] + 1, bits(), NULL, NULL, nsec(LONG_MAX, 0), NULL)) \
	X(epoll_wait(ep, evs, max, 10)) \
	X(epoll_wait(ep, evs, max / 12, 10)) \
	X(epoll_wait(ep, evs, min, 10)) \
	X(epoll_wait(ep, evs, 8, min)) \
	X(epoll_pwait2(ep, evs, 8, nsec(LONG_MAX, 999999999), NULL)) \
	X(epoll_pwait2(ep, evs, 8, nsec(LONG_MIN, 0), NULL)) \
	X(nanosleep(nsec(LONG_MIN, 0), NULL)) \
	X(nanosleep(nsec(0, LONG_MAX), NULL)) \
	X(usleep(0)) \
	X(clock_nanosleep(neg, 0, nsec(0, 1), NULL)) \
	X(clock_nanosleep(max, 0, nsec(0, 1), NULL)) \
	X(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, nsec(LONG_MIN, 0), \
			  NULL)) \
	X(clock_nanosleep(CLOCK_MONOTONIC, ~TIMER_ABSTIME, nsec(0, 1), NULL)) \
	X(waitpid(max, NULL, 0)) \
	X(waitpid(min, NULL, 0)) \
	X(waitpid(getpid(), NULL, 0)) \
	X(waitpid(-1, NULL, neg)) \
	X(wait4(max, NULL, neg, NULL)) \
	X(waitid(neg, 0, NULL, WEXITED)) \
	X(waitid(P_ALL, 0, NULL, 0)) \
	X(waitid(P_PID, max, NULL, WEXITED)) \
	X(waitid(P_PID, 0, NULL, WEXITED)) \
	X(waitid(P_PIDFD, neg, NULL, WEXITED)) \
	X(waitid(P_PGID, max, NULL, WEXITED | WNOHANG)) \
	X(msgrcv(msg, b, all, 0, 0)) \
	X(msgrcv(msg, b, 4, LONG_MIN, IPC_NOWAIT)) \
	X(msgrcv(max, b, 4, 0, 0)) \
	X(msgsnd(msg, "\1\0\0\0\0\0\0\0", all, 0)) \
	X(msgsnd(msg, "\1\0\0\0\0\0\0\0", 1 << 20, 0)) \
	X(msgsnd(max, b, 4, 0)) \
	X(semop(sem, up(0, 1), 1024)) \
	X(semop(sem, up(0, 1), all)) \
	X(semop(sem, up(99, 1), 1)) \
	X(semop(sem, up(0, SHRT_MAX), 2)) \
	X(semop(max, up(0, 1), 1)) \
	X(semtimedop(sem, up(0, -1), 1, nsec(-1, 0))) \
	X(semtimedop(sem, up(0, -1), all, &ms1)) \
	X(mq_send(mq, b, all, 0)) \
	X(mq_send(mq, b, 4, umax)) \
	X(mq_receive(mq, b, all, NULL)) \
	X(mq_receive(mq, b, 63, NULL)) \
	X(mq_timedreceive(mq, b, 64, NULL, nsec(0, -1))) \
	X(mq_timedsend(mq, b, 4, 0, nsec(-5, 0))) \
	X(pthread_kill(pthread_self(), max)) \
	X(pthread_kill(pthread_self(), neg)) \
	X(pthread_kill(pthread_self(), 65)) \
	X(pthread_kill(pthread_self(), 32)) \
	X(tgkill(getpid(), max, 0)) \
	X(tgkill(getpid(), gettid(), 99)) \
	X(tgkill(-1, gettid(), 0)) \
	X(tgkill(getpid(), 0, 0)) \
	X(sigaction(max, NULL, NULL)) \
	X(sigaction(SIGKILL, &(struct sigaction){ .sa_handler = SIG_IGN }, \
		    NULL)) \
	X(pthread_setaffinity_np(pthread_self(), 0, (void *)b)) \
	X(pthread_getaffinity_np(pthread_self(), 1, (void *)b)) \
	X(setgroups(all, gids))

static int pipe_out[2];

static gid_t gids[4];

enum { F = __COUNTER__ + 1 };

static long
call(int which)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const char *const texts[] = {
#define X(expr) #expr,
	LIST
#undef X
};

static void
open_all(void)
{
	struct mq_attr attr = { .mq_maxmsg = 3, .mq_msgsize = 64 };
	struct { long type; char text[8]; } m = { 1, "abcdef" };
	struct epoll_event e = { .events = EPOLLIN };
	char name[32];

	MUST(pipe(pi) == 0 && pipe(room) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dg) == 0);
	MUST(write(pi[1], "abcdef", 6) == 6 && write(sv[1], "abcdef", 6) == 6);
	for (int i = 0; i < 4; i++)
		MUST(write(dg[1], "abcdef", 6) == 6);
	ep = epoll_create1(0);
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, pi[0], &e) == 0);
	lseek(file, 0, SEEK_SET);
	ftruncate(file, 10000);
	msg = msgget(IPC_PRIVATE, 0600);
	MUST(msgsnd(msg, &m, 6, 0) == 0);
	sem = semget(IPC_PRIVATE, 1, 0600);
	snprintf(name, sizeof(name), "/twin.huge.%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(mq != (mqd_t)-1);
	mq_unlink(name);
	MUST(mq_send(mq, "abcdef", 6, 3) == 0);
}

static void
close_all(void)
{
	int fds[] = { pi[0], pi[1], room[0], room[1], sv[0], sv[1],
		      dg[0], dg[1], ep };

	for (size_t i = 0; i < NELEM(fds); i++)
		close(fds[i]);
	msgctl(msg, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	mq_close(mq);
}

static void *
work(void *arg)
{
	long rc;

	for (size_t i = 0; i < NELEM(texts); i++) {
		open_all();
		memset(b, 1, sizeof(b));
		memset(&sa, 0, sizeof(sa));
		errno = 0;
		rc = call((int)i);
		show_rc(texts[i], rc, errno);
		close_all();
	}
	return arg;
}

int
main(void)
{
	struct rlimit rl = { 1024, 1024 };

	signal(SIGPIPE, SIG_IGN);
	/* The same everywhere: poll and dup2 look at it. */
	setrlimit(RLIMIT_NOFILE, &rl);
	nul = open("/dev/null", O_RDWR);
	file = open("regular", O_RDWR | O_CREAT, 0600);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
