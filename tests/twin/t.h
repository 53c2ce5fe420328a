/* SPDX-License-Identifier: MIT */
/*
 * Helpers for twin programs.  Every result becomes one line on standard
 * output, written by one write(2), so that lines survive fork, exec and exit
 * and can be written in a signal handler.  Nothing printed depends on time.
 */
#ifndef TWIN_T_H
#define TWIN_T_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What old libcs lack and the kernel has. */
#if !__GLIBC_PREREQ(2, 34)
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define close_range(first, last, flags) \
	(int)syscall(SYS_close_range, first, last, flags)
#define closefrom(first) (void)close_range(first, ~0u, 0)
#endif
#if !__GLIBC_PREREQ(2, 36) && !defined P_PIDFD
#define P_PIDFD ((idtype_t)3)
#endif
#if !__GLIBC_PREREQ(2, 35)
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#define epoll_pwait2(epfd, events, max, ts, mask) \
	(int)syscall(SYS_epoll_pwait2, epfd, events, max, ts, mask, 8)
#endif

/* The version that names have which this processor's libc had from the start. */
#ifdef __x86_64__
#define FIRST_LIBC "GLIBC_2.2.5"
#else
#define FIRST_LIBC "GLIBC_2.17"
#endif

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static inline void
say(const char *fmt, ...)
{
	char buf[512];
	int saved = errno, n, state;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf) - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(buf) - 2)
		n = sizeof(buf) - 2;
	buf[n++] = '\n';
	/* A cancelled thread may still say so. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	for (int done = 0; done < n;) {
		ssize_t w = write(1, buf + done, n - done);

		if (w > 0)
			done += w;
		else if (errno != EINTR)
			break;
	}
	pthread_setcancelstate(state, NULL);
	errno = saved;
}

static inline const char *
ename(int e)
{
	static const struct {
		int num;
		const char *name;
	} tbl[] = {
/* clang-format off */
#define N(x) { x, #x },
		N(EPERM) N(ENOENT) N(ESRCH) N(EINTR) N(EIO) N(ENXIO) N(E2BIG)
		N(ENOEXEC) N(EBADF) N(ECHILD) N(EAGAIN) N(ENOMEM) N(EACCES)
		N(EFAULT) N(EBUSY) N(EEXIST) N(ENOTDIR) N(EISDIR) N(EINVAL)
		N(ENFILE) N(EMFILE) N(ENOTTY) N(EFBIG) N(ENOSPC) N(ESPIPE)
		N(EROFS) N(EPIPE) N(EDOM) N(ERANGE) N(EDEADLK) N(ENOSYS)
		N(ELOOP) N(ENOTSOCK) N(EDESTADDRREQ) N(EMSGSIZE) N(EPROTOTYPE)
		N(ENOPROTOOPT) N(EPROTONOSUPPORT) N(EOPNOTSUPP) N(EAFNOSUPPORT)
		N(EADDRINUSE) N(EADDRNOTAVAIL) N(ENETUNREACH) N(ECONNABORTED)
		N(ECONNRESET) N(ENOBUFS) N(EISCONN) N(ENOTCONN) N(ETIMEDOUT)
		N(ECONNREFUSED) N(EALREADY) N(EINPROGRESS) N(ECANCELED)
		N(EOWNERDEAD) N(ENOTRECOVERABLE) N(EOVERFLOW) N(EBADFD)
#undef N
		/* clang-format on */
	};
	static __thread char other[16];

	if (e == 0)
		return "0";
	for (size_t i = 0; i < NELEM(tbl); i++)
		if (tbl[i].num == e)
			return tbl[i].name;
	snprintf(other, sizeof(other), "E%d", e);
	return other;
}

/*
 * An event of the program's trace: see "trace" in twin --help. Who it belongs to
 * is a thread's name, or "" for events whose order among all threads is certain.
 */
static inline void
trace_event(const char *who, const char *fmt, ...)
{
	const char *path = getenv("TWIN_TRACE");
	int saved = errno, fd, n, state;
	char text[400], line[512];
	va_list ap;

	if (!path)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = snprintf(line, sizeof(line), "%.100s\t%s\n", who, text);
	/* One write to the end: events of all threads, each whole. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, n) != n)
		say("no trace: %s", ename(errno));
	close(fd);
	pthread_setcancelstate(state, NULL);
	errno = saved;
}

static inline void
show_rc(const char *text, long rc, int err)
{
	if (rc == -1)
		say("%s = -1 %s", text, ename(err));
	else
		say("%s = %ld", text, rc);
}

/* A call that returns -1 and sets errno. */
#define R(expr)                            \
	do {                               \
		errno = 0;                 \
		long r_ = (long)(expr);    \
		show_rc(#expr, r_, errno); \
	} while (0)
/* A call that returns an errno value. */
#define E(expr)                                   \
	do {                                      \
		int e_ = (expr);                  \
		say("%s = %s", #expr, ename(e_)); \
	} while (0)
/* A condition. */
#define IS(cond) say("%s: %s", #cond, (cond) ? "yes" : "NO")
/* Something that must work for the test to make sense. */
#define MUST(cond)                                                     \
	do {                                                           \
		if (!(cond)) {                                         \
			say("line %d: %s failed: %s", __LINE__, #cond, \
			    ename(errno));                             \
			_exit(99);                                     \
		}                                                      \
	} while (0)

static inline double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline void
ms(int n)
{
	struct timespec ts = { n / 1000, n % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

/* Long enough for everybody else to have reached what they block in. */
static inline void
settle(void)
{
	ms(100);
}

static inline struct timespec
in_ms(clockid_t clock, int n)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_sec += n / 1000;
	ts.tv_nsec += n % 1000 * 1000000L;
	if (ts.tv_nsec >= 1000000000L) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000L;
	} else if (ts.tv_nsec < 0) {
		ts.tv_sec--;
		ts.tv_nsec += 1000000000L;
	}
	return ts;
}

typedef void *(*thread_fn)(void *);

static inline pthread_t
spawn(thread_fn fn, void *arg)
{
	pthread_t t;
	int e = pthread_create(&t, NULL, fn, arg);

	if (e != 0) {
		say("pthread_create: %s", ename(e));
		_exit(99);
	}
	return t;
}

/* A kernel thread, under mixio too. */
static inline pthread_t
spawn_kernel(thread_fn fn, void *arg)
{
	pthread_attr_t attr;
	pthread_t t;
	int e;

	pthread_attr_init(&attr);
	/* Both, in this order: see mixio(3). The first fails natively. */
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS);
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
	e = pthread_create(&t, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	if (e != 0) {
		say("pthread_create: %s", ename(e));
		_exit(99);
	}
	return t;
}

static inline void *
join(pthread_t t)
{
	void *ret = NULL;
	int e = pthread_join(t, &ret);

	if (e != 0)
		say("pthread_join: %s", ename(e));
	return ret;
}

/* A listening TCP socket on the loopback and its address. */
static inline int
listen_tcp(struct sockaddr_in *addr, int backlog)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(s >= 0);
	MUST(bind(s, (struct sockaddr *)addr, sizeof(*addr)) == 0);
	MUST(listen(s, backlog) == 0);
	MUST(getsockname(s, (struct sockaddr *)addr, &len) == 0);
	return s;
}

static inline int
connect_tcp(const struct sockaddr_in *addr)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	MUST(s >= 0);
	MUST(connect(s, (const struct sockaddr *)addr, sizeof(*addr)) == 0);
	return s;
}

/* Both ends of a TCP connection. */
static inline void
tcp_pair(int sv[2])
{
	struct sockaddr_in addr;
	int l = listen_tcp(&addr, 1);

	sv[0] = connect_tcp(&addr);
	sv[1] = accept(l, NULL, NULL);
	MUST(sv[1] >= 0);
	close(l);
}

static inline void
catch_signal(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = fn;
	sa.sa_flags = flags;
	sigemptyset(&sa.sa_mask);
	MUST(sigaction(sig, &sa, NULL) == 0);
}

/* Pseudo-random bytes that depend on the seed and the position alone. */
static inline unsigned char
noise(uint32_t seed, uint64_t pos)
{
	uint64_t x = pos * 0x9e3779b97f4a7c15ull + seed;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ull;
	return x >> 32;
}

static inline uint64_t
fnv(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = (const unsigned char *)data;

	if (h == 0)
		h = 0xcbf29ce484222325ull;
	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3ull;
	return h;
}

/* Write or read exactly n bytes; how many were done. */
static inline ssize_t
write_all(int fd, const void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t w = write(fd, (const char *)buf + done, n - done);

		if (w <= 0)
			break;
		done += w;
	}
	return done;
}

static inline ssize_t
read_all(int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, (char *)buf + done, n - done);

		if (r <= 0)
			break;
		done += r;
	}
	return done;
}

#endif
