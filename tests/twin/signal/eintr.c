/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * A signal for the process while main is blocked: which calls end with EINTR,
 * with and without SA_RESTART; green threads that wait are not disturbed.
 */
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "t.h"

static volatile sig_atomic_t handled;
static int sv[2], pi[2], lsock, ep, undisturbed;
static struct sockaddr_in addr;
static sem_t sem;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int go, fed_fd;

static void
on_alarm(int sig)
{
	handled++;
}

/* What ends the call if the signal does not. */
static void *
feeder(void *arg)
{
	struct timespec ts = { 0, 300000000 };

	nanosleep(&ts, NULL);
	MUST(write(sv[1], "x", 1) == 1);
	MUST(write(pi[1], "x", 1) == 1);
	fed_fd = connect_tcp(&addr);
	sem_post(&sem);
	pthread_mutex_lock(&m);
	go = 1;
	pthread_cond_broadcast(&c);
	pthread_mutex_unlock(&m);
	return arg;
}

/* Waits in the same calls as main; nothing of this may be interrupted. */
static void *
bystander(void *arg)
{
	struct timespec ts = { 0, 200000000 }, rem = { 0, 0 };

	if (nanosleep(&ts, &rem) == 0)
		__atomic_add_fetch(&undisturbed, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void
clean(int fed)
{
	char b[64];

	while (recv(sv[0], b, 64, MSG_DONTWAIT) > 0)
		;
	fcntl(pi[0], F_SETFL, O_NONBLOCK);
	while (read(pi[0], b, 64) > 0)
		;
	fcntl(pi[0], F_SETFL, 0);
	fcntl(lsock, F_SETFL, O_NONBLOCK);
	for (int fd; (fd = accept(lsock, NULL, NULL)) >= 0;)
		close(fd);
	fcntl(lsock, F_SETFL, 0);
	while (sem_trywait(&sem) == 0)
		;
	go = 0;
	if (fed)
		close(fed_fd);
}

#define CASE(expr)                                                 \
	do {                                                       \
		struct itimerval it = { { 0, 0 }, { 0, 100000 } }; \
		pthread_t f_ = spawn(feeder, NULL);                \
		pthread_t b_ = spawn(bystander, NULL);             \
		long r_;                                           \
		int e_;                                            \
		handled = 0;                                       \
		setitimer(ITIMER_REAL, &it, NULL);                 \
		errno = 0;                                         \
		r_ = (long)(expr);                                 \
		e_ = errno;                                        \
		say("%s: %ld %s, handled %d", #expr, r_,           \
		    r_ == -1 ? ename(e_) : "", (int)handled);      \
		join(f_);                                          \
		join(b_);                                          \
		clean(1);                                          \
	} while (0)

static int
cond(void)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 15000);
	int e = 0;

	pthread_mutex_lock(&m);
	while (!go && e == 0)
		e = pthread_cond_timedwait(&c, &m, &ts);
	pthread_mutex_unlock(&m);
	return e;
}

static int
accept_close(void)
{
	int fd = accept(lsock, NULL, NULL);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int
join_long(void)
{
	return pthread_join(spawn(bystander, NULL), NULL);
}

static void
all(int flags)
{
	struct timespec t1 = { 0, 300000000 }, r1 = { 0, 0 };
	struct timespec long_ = { 20, 0 };
	struct timeval tv = { 0, 300000 };
	struct pollfd p = { sv[0], POLLIN, 0 };
	struct epoll_event ev;
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	fd_set r;
	char b[16];

	say("-- %s", flags & SA_RESTART ? "SA_RESTART" : "no SA_RESTART");
	catch_signal(SIGALRM, on_alarm, flags);
	iov = (struct iovec){ b, 1 };
	CASE(recv(sv[0], b, 1, 0));
	CASE(recvmsg(sv[0], &mh, 0));
	CASE(read(sv[0], b, 1));
	CASE(readv(sv[0], &iov, 1));
	CASE(read(pi[0], b, 1));
	CASE(accept_close());
	CASE(sem_wait(&sem));
	struct timespec abs = in_ms(CLOCK_REALTIME, 15000);
	CASE(sem_timedwait(&sem, &abs));
	CASE(nanosleep(&t1, &r1));
	say("some remaining %d", r1.tv_nsec > 0 && r1.tv_nsec < 250000000);
	CASE(clock_nanosleep(CLOCK_MONOTONIC, 0, &t1, &r1));
	CASE(usleep(300000));
	CASE(sleep(1));
	CASE(poll(&p, 1, 5000));
	CASE(ppoll(&p, 1, &long_, NULL));
	FD_ZERO(&r);
	FD_SET(sv[0], &r);
	CASE(select(sv[0] + 1, &r, NULL, NULL, NULL));
	CASE(select(0, NULL, NULL, NULL, &tv));
	CASE(epoll_wait(ep, &ev, 1, 5000));
	CASE(cond());
	CASE(join_long());
	CASE(pause());
	/* With a receive timeout there is no restart. */
	tv = (struct timeval){ 5, 0 };
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	CASE(recv(sv[0], b, 1, 0));
	tv = (struct timeval){ 0, 0 };
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	say("undisturbed %d", undisturbed);
}

int
main(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(pipe(pi) == 0);
	lsock = listen_tcp(&addr, 8);
	sem_init(&sem, 0, 0);
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
	all(0);
	all(SA_RESTART);
	return 0;
}
