/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt */
/*
 * Every call that takes a descriptor, with each kind of descriptor: none, a
 * closed one, files, directories, pipes, sockets, terminals, timers and so on.
 * Nothing here waits: ends are closed, or non-blocking.
 */
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <termios.h>

#include "t.h"

#ifndef P_PIDFD
#define P_PIDFD 3 /* older headers */
#endif

static char b[64], path[64];
static struct iovec iov = { b, 8 };
static struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
static struct mmsghdr mm[2];
static struct sockaddr_in refused;
static struct sockaddr_un nobody = { AF_UNIX, "/nonexistent/socket" };
static struct sockaddr_storage sa;
static socklen_t salen;
static struct timespec soon = { 0, 1000000 }, past = { 1, 0 };
static struct flock lock;
static struct termios tio;
static struct itimerspec its;
static struct epoll_event ev;
static sigset_t usr2;
static siginfo_t si;
/* A file to read, a pipe with something in it, one with room, an epoll set. */
static int file, full[2], room[2], ep, nul;
static eventfd_t value;
static struct timeval tv;

static void *
addr_of(void)
{
	salen = sizeof(sa);
	return &sa;
}

static struct mmsghdr *
two(void)
{
	mm[0].msg_hdr = mm[1].msg_hdr = mh;
	return mm;
}

static struct flock *
a_lock(int type)
{
	memset(&lock, 0, sizeof(lock));
	lock.l_type = type;
	return &lock;
}

static long
polled(int fd, int timeout)
{
	struct pollfd p[2] = { { fd, POLLIN | POLLOUT | POLLPRI, 0 },
			       { -1, POLLIN, 0 } };
	long rc = poll(p, 2, timeout);

	return rc < 0 ? rc : rc * 10000 + p[0].revents;
}

static long
ppolled(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };
	long rc = ppoll(&p, 1, &soon, NULL);

	return rc < 0 ? rc : rc * 100000 + p.revents;
}

static long
selected(int fd)
{
	struct timeval t = { 0, 1000 };
	fd_set r, w, e;
	long rc;

	if (fd < 0 || fd >= FD_SETSIZE)
		return 0;
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	FD_SET(fd, &e);
	rc = select(fd + 1, &r, &w, &e, &t);
	return rc < 0 ? rc : rc * 1000 + (FD_ISSET(fd, &r) != 0) * 100 +
	    (FD_ISSET(fd, &w) != 0) * 10 + (FD_ISSET(fd, &e) != 0);
}

/* What an epoll set says of it, by each way to wait. */
static long
epolled(int fd, int how)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT };
	long rc = epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);

	if (rc < 0)
		return rc;
	e.events = 0;
	rc = how == 0	? epoll_wait(ep, &e, 1, 1)
	     : how == 1 ? epoll_pwait(ep, &e, 1, 1, &usr2)
			: epoll_pwait2(ep, &e, 1, &soon, NULL);
	return rc < 0 ? rc : rc * 100000 + (e.events & 0xffff);
}

/* A new descriptor is only ever "new". */
#define NEW (1L << 40)

static long
new_fd(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return NEW;
}

static long
vdp(int fd, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vdprintf(fd, fmt, ap);
	va_end(ap);
	return rc;
}

static long
number(int fd)
{
	return fd == 700 ? 700 : new_fd(fd);
}

#define LIST \
	X(read(fd, b, 8)) \
	X(read(fd, b, 0)) \
	X(readv(fd, &iov, 1)) \
	X(readv(fd, &iov, 0)) \
	X(preadv2(fd, &iov, 1, -1, 0)) \
	X(preadv2(fd, &iov, 1, 0, 0)) \
	X(preadv2(fd, &iov, 1, -2, 0)) \
	X(preadv2(fd, &iov, 1, -1, 0x4000)) \
	X(write(fd, b, 8)) \
	X(write(fd, b, 0)) \
	X(writev(fd, &iov, 1)) \
	X(writev(fd, &iov, 0)) \
	X(pwritev2(fd, &iov, 1, -1, 0)) \
	X(pwritev2(fd, &iov, 1, 0, 0)) \
	X(pwritev2(fd, &iov, 1, -1, 0x4000)) \
	X(recv(fd, b, 8, 0)) \
	X(recv(fd, b, 0, 0)) \
	X(recv(fd, b, 8, MSG_PEEK)) \
	X(recv(fd, b, 8, MSG_WAITALL)) \
	X(recv(fd, b, 8, MSG_OOB)) \
	X(recv(fd, b, 8, MSG_ERRQUEUE)) \
	X(recvfrom(fd, b, 8, 0, addr_of(), &salen)) \
	X(recvfrom(fd, b, 8, MSG_WAITALL, addr_of(), &salen)) \
	X(recvmsg(fd, &mh, 0)) \
	X(recvmsg(fd, &mh, MSG_WAITALL)) \
	X(recvmmsg(fd, two(), 2, 0, NULL)) \
	X(recvmmsg(fd, two(), 0, 0, NULL)) \
	X(recvmmsg(fd, two(), 2, MSG_WAITFORONE, &soon)) \
	X(send(fd, b, 8, 0)) \
	X(send(fd, b, 0, 0)) \
	X(send(fd, b, 8, MSG_OOB)) \
	X(sendto(fd, b, 8, 0, (void *)&refused, sizeof(refused))) \
	X(sendto(fd, b, 8, 0, (void *)&nobody, sizeof(nobody))) \
	X(sendto(fd, b, 8, 0, (void *)&refused, 1)) \
	X(sendmsg(fd, &mh, 0)) \
	X(sendmmsg(fd, two(), 2, 0)) \
	X(sendmmsg(fd, two(), 0, 0)) \
	X(connect(fd, (void *)&refused, sizeof(refused))) \
	X(connect(fd, (void *)&refused, 1)) \
	X(connect(fd, (void *)&refused, 0)) \
	X(connect(fd, (void *)&nobody, sizeof(nobody))) \
	X(new_fd(accept(fd, addr_of(), &salen))) \
	X(new_fd(accept4(fd, NULL, NULL, SOCK_CLOEXEC))) \
	X(new_fd(accept4(fd, NULL, NULL, 0x55))) \
	X(shutdown(fd, SHUT_RD)) \
	X(shutdown(fd, SHUT_WR)) \
	X(shutdown(fd, 77)) \
	X(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv))) \
	X(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 1)) \
	X(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, b, 0)) \
	X(setsockopt(fd, SOL_SOCKET, 9999, &tv, sizeof(tv))) \
	X(eventfd_read(fd, &value)) \
	X(eventfd_write(fd, 1)) \
	X(eventfd_write(fd, UINT64_MAX)) \
	X(new_fd(openat(fd, "x", O_RDONLY))) \
	X(new_fd(openat(fd, ".", O_RDONLY | O_DIRECTORY))) \
	X(new_fd(openat(fd, "/dev/null", O_RDWR))) \
	X(sendfile(fd, file, NULL, 8)) \
	X(sendfile(fd, fd, NULL, 8)) \
	X(sendfile(nul, fd, NULL, 8)) \
	X(sendfile(room[1], fd, NULL, 8)) \
	X(splice(fd, NULL, room[1], NULL, 8, 0)) \
	X(splice(full[0], NULL, fd, NULL, 2, 0)) \
	X(splice(fd, NULL, nul, NULL, 2, 0)) \
	X(splice(fd, NULL, fd, NULL, 2, 0)) \
	X(splice(fd, NULL, room[1], NULL, 8, 0x700)) \
	X(tee(fd, room[1], 8, 0)) \
	X(tee(full[0], fd, 2, 0)) \
	X(tee(fd, fd, 2, 0)) \
	X(vmsplice(fd, &iov, 1, 0)) \
	X(vmsplice(fd, &iov, 1, 0x700)) \
	X(close(fd)) \
	X(close_range(fd, fd, 0)) \
	X(number(dup2(fd, 700))) \
	X(dup2(nul, fd) == fd) \
	X(dup2(fd, fd) == fd) \
	X(number(dup3(fd, 700, O_CLOEXEC))) \
	X(number(dup3(fd, 700, 0x55))) \
	X(dup3(nul, fd, 0) == fd) \
	X(dup3(fd, fd, 0)) \
	X(new_fd(dup(fd))) \
	X(fcntl(fd, F_GETFD)) \
	X(fcntl(fd, F_GETFL)) \
	X(fcntl(fd, F_SETFL, 0)) \
	X(new_fd(fcntl(fd, F_DUPFD, 600))) \
	X(new_fd(fcntl(fd, F_DUPFD_CLOEXEC, -1))) \
	X(fcntl(fd, F_SETLK, a_lock(F_RDLCK))) \
	X(fcntl(fd, F_SETLKW, a_lock(F_WRLCK))) \
	X(fcntl(fd, F_SETLKW, a_lock(77))) \
	X(fcntl(fd, F_OFD_SETLKW, a_lock(F_RDLCK))) \
	X(fcntl(fd, F_OFD_SETLKW, a_lock(F_UNLCK))) \
	X(fcntl(fd, 9999)) \
	X(flock(fd, LOCK_SH)) \
	X(flock(fd, 0)) \
	X(flock(fd, LOCK_UN)) \
	X(lockf(fd, F_LOCK, 4)) \
	X(lockf(fd, F_LOCK, -40)) \
	X(lockf(fd, F_TEST, 0)) \
	X(lockf(fd, 77, 0)) \
	X(ioctl(fd, FIONREAD, &value)) \
	X(ioctl(fd, TCGETS, &tio)) \
	X(ioctl(fd, 0x7777, 0)) \
	X(epolled(fd, 0)) \
	X(epolled(fd, 1)) \
	X(epolled(fd, 2)) \
	X(epoll_ctl(fd, EPOLL_CTL_ADD, nul, &ev)) \
	X(epoll_ctl(ep, 77, fd, &ev)) \
	X(epoll_wait(fd, &ev, 1, 1)) \
	X(epoll_wait(fd, &ev, 0, 1)) \
	X(epoll_pwait(fd, &ev, 1, 1, NULL)) \
	X(epoll_pwait2(fd, &ev, 1, &soon, NULL)) \
	X(polled(fd, 0)) \
	X(polled(fd, 1)) \
	X(ppolled(fd)) \
	X(selected(fd)) \
	X(signalfd(fd, &usr2, 0) == fd) \
	X(timerfd_settime(fd, 0, &its, NULL)) \
	X(timerfd_settime(fd, 99, &its, NULL)) \
	X(tcdrain(fd)) \
	X(tcflush(fd, TCIOFLUSH)) \
	X(tcflush(fd, 77)) \
	X(tcsetattr(fd, TCSADRAIN, &tio)) \
	X(tcsetattr(fd, 77, &tio)) \
	X(tcsendbreak(fd, 0)) \
	X(dprintf(fd, "%d", 5)) \
	X(vdp(fd, "%s", "text")) \
	X(mq_send(fd, b, 1, 0)) \
	X(mq_timedsend(fd, b, 1, 0, &past)) \
	X(mq_receive(fd, b, 64, NULL)) \
	X(mq_timedreceive(fd, b, 64, NULL, &past)) \
	X(waitid(P_PIDFD, fd, &si, WEXITED | WNOHANG)) \
	X(syscall(SYS_read, fd, b, 8)) \
	X(syscall(SYS_write, fd, b, 8)) \
	X(syscall(SYS_close, fd)) \
	X(syscall(SYS_recvfrom, fd, b, 8, 0, NULL, NULL))

enum { F = __COUNTER__ + 1 };
#define CAT2(a, b) a##b
#define CAT(a, b) CAT2(a, b)

/* One function with a number for each call; the text is in the table. */
static long
call(int which, int fd)
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

enum kind {
	NONE, CLOSED, BIG, MIN, READER, WRITER, DIRECTORY, PATH_ONLY, DEV_NULL,
	DEV_FULL, DEV_ZERO, PIPE_R, PIPE_W, UNIX, TCP, LISTENS, UDP, UNIX_UDP,
	EVENT, TIMER, SIGNALS, INOTIFY, EPOLL, MEMORY, PIDFD, MASTER, SLAVE,
	FIFO, KINDS
};
static const char *const names[] = {
	"none", "closed", "big", "min", "reader", "writer", "directory", "path",
	"null", "full", "zero", "pipe_r", "pipe_w", "unix", "tcp", "listens",
	"udp", "unix_udp", "event", "timer", "signals", "inotify", "epoll",
	"memory", "pidfd", "master", "slave", "fifo"
};

/* Makes one; *other is to be closed afterwards. */
static int
make(enum kind kind, int *other)
{
	int p[2], fd = -1;

	*other = -1;
	switch (kind) {
	case NONE:
		return -1;
	case CLOSED:
		fd = dup(nul);
		close(fd);
		return fd;
	case BIG:
		return 1000000;
	case MIN:
		return INT32_MIN;
	case READER:
		return open(path, O_RDONLY);
	case WRITER:
		return open("written", O_WRONLY | O_CREAT, 0600);
	case DIRECTORY:
		return open(".", O_RDONLY | O_DIRECTORY);
	case PATH_ONLY:
		return open(path, O_PATH);
	case DEV_NULL:
		return open("/dev/null", O_RDWR);
	case DEV_FULL:
		return open("/dev/full", O_RDWR);
	case DEV_ZERO:
		return open("/dev/zero", O_RDWR);
	case PIPE_R:
		MUST(pipe(p) == 0);
		close(p[1]);
		return p[0];
	case PIPE_W:
		MUST(pipe(p) == 0);
		close(p[0]);
		return p[1];
	case UNIX:
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
		close(p[1]);
		return p[0];
	case TCP:
		return socket(AF_INET, SOCK_STREAM, 0);
	case LISTENS:
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		MUST(listen(fd, 1) == 0);
		return fd;
	case UDP:
		return socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	case UNIX_UDP:
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	case EVENT:
		return eventfd(1, EFD_NONBLOCK);
	case TIMER:
		return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	case SIGNALS:
		return signalfd(-1, &usr2, SFD_NONBLOCK);
	case INOTIFY:
		return inotify_init1(IN_NONBLOCK);
	case EPOLL:
		return epoll_create1(0);
	case MEMORY:
		return memfd_create("twin", 0);
	case PIDFD:
		return syscall(SYS_pidfd_open, getpid(), 0);
	case MASTER:
	case SLAVE:
		fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		MUST(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
		*other = open(ptsname(fd), O_RDWR | O_NOCTTY | O_NONBLOCK);
		MUST(*other >= 0);
		tcgetattr(*other, &tio);
		if (kind == MASTER)
			return fd;
		p[0] = *other;
		*other = fd;
		return p[0];
	case FIFO:
		return open("fifo", O_RDONLY | O_NONBLOCK);
	default:
		return -1;
	}
}

static void *
work(void *arg)
{
	char line[256];
	int fd, other;
	size_t n;
	long rc;

	for (size_t i = 0; i < NELEM(texts); i++) {
		say("%s", texts[i]);
		n = 0;
		for (enum kind k = 0; k < KINDS; k++) {
			MUST(pipe(full) == 0 && pipe(room) == 0);
			MUST(write(full[1], "abcdef", 6) == 6);
			ep = epoll_create1(0);
			lseek(file, 0, SEEK_SET);
			fd = make(k, &other);
			MUST(fd >= 0 || k == NONE || k == MIN);
			errno = 0;
			rc = call((int)i, fd);
			n += sprintf(line + n, " %s=", names[k]);
			if (rc == -1)
				n += sprintf(line + n, "%s", ename(errno) + 1);
			else if (rc == NEW)
				n += sprintf(line + n, "+");
			else
				n += sprintf(line + n, "%ld", rc);
			/* A success leaves errno alone. */
			if (rc >= 0 && errno != 0)
				n += sprintf(line + n, "!");
			if (fd != 1000000 && fd >= 0)
				close(fd);
			close(other);
			close(full[0]);
			close(full[1]);
			close(room[0]);
			close(room[1]);
			close(ep);
			close(700);
			if (n > 60 || k == KINDS - 1) {
				say("   %s", line);
				n = 0;
			}
		}
	}
	return arg;
}

int
main(void)
{
	int s = listen_tcp(&refused, 1);

	/* A port that nobody listens at: bound, but not listening. */
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	refused.sin_port = 0;
	MUST(bind(s, (struct sockaddr *)&refused, sizeof(refused)) == 0);
	addr_of();
	MUST(getsockname(s, (struct sockaddr *)&refused, &salen) == 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	nul = open("/dev/null", O_RDWR);
	strcpy(path, "regular");
	file = open(path, O_RDWR | O_CREAT, 0600);
	MUST(write(file, "0123456789", 10) == 10);
	MUST(mkfifo("fifo", 0600) == 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
