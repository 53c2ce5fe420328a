/* SPDX-License-Identifier: MIT */
/* Cancelled while blocked in each of many calls: handlers, result. */
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "t.h"

static int sv[2], pipefd[2], lsock, ep, full[2];
static sem_t sem;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static pthread_t sleeper;
static pid_t child;

static void
cleanup(void *arg)
{
	say("  cleanup of %s", (const char *)arg);
}

static void
unlock(void *arg)
{
	/* The mutex must be ours again here. */
	E(pthread_mutex_unlock(arg));
}

static void
do_recv(void)
{
	char b[8];

	recv(sv[0], b, sizeof(b), 0);
}

static void
do_recvmsg(void)
{
	char b[8];
	struct iovec iov = { b, sizeof(b) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	recvmsg(sv[0], &mh, 0);
}

static void
do_send(void)
{
	static char b[1 << 20];

	for (;;)
		send(full[0], b, sizeof(b), 0);
}

static void
do_read(void)
{
	char b[8];

	read(pipefd[0], b, sizeof(b));
}

static void
do_accept(void)
{
	accept(lsock, NULL, NULL);
}

static void
do_sleep(void)
{
	sleep(60);
}

static void
do_nanosleep(void)
{
	nanosleep(&(struct timespec){ 60, 0 }, NULL);
}

static void
do_clock_nanosleep(void)
{
	struct timespec ts = in_ms(CLOCK_MONOTONIC, 60000);

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void
do_usleep(void)
{
	usleep(60000000);
}

static void
do_poll(void)
{
	struct pollfd p = { sv[0], POLLIN, 0 };

	poll(&p, 1, -1);
}

static void
do_select(void)
{
	fd_set r;

	FD_ZERO(&r);
	FD_SET(sv[0], &r);
	select(sv[0] + 1, &r, NULL, NULL, NULL);
}

static void
do_epoll(void)
{
	struct epoll_event ev;

	epoll_wait(ep, &ev, 1, -1);
}

static void
do_sem(void)
{
	sem_wait(&sem);
}

static void
do_sem_timed(void)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 60000);

	sem_timedwait(&sem, &ts);
}

static void
do_cond(void)
{
	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	for (;;)
		pthread_cond_wait(&c, &m);
	pthread_cleanup_pop(0);
}

static void
do_cond_timed(void)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 60000);

	pthread_mutex_lock(&m);
	pthread_cleanup_push(unlock, &m);
	for (;;)
		pthread_cond_timedwait(&c, &m, &ts);
	pthread_cleanup_pop(0);
}

static void
do_join(void)
{
	pthread_join(sleeper, NULL);
}

static void
do_pause(void)
{
	pause();
}

static void
do_sigwait(void)
{
	sigset_t s;
	int sig;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	sigwait(&s, &sig);
}

static void
do_waitpid(void)
{
	waitpid(child, NULL, 0);
}

static void
do_testcancel(void)
{
	for (;;) {
		pthread_testcancel();
		sched_yield();
	}
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "recv", do_recv },
	{ "recvmsg", do_recvmsg },
	{ "send", do_send },
	{ "read", do_read },
	{ "accept", do_accept },
	{ "sleep", do_sleep },
	{ "usleep", do_usleep },
	{ "nanosleep", do_nanosleep },
	{ "clock_nanosleep", do_clock_nanosleep },
	{ "poll", do_poll },
	{ "select", do_select },
	{ "epoll_wait", do_epoll },
	{ "sem_wait", do_sem },
	{ "sem_timedwait", do_sem_timed },
	{ "pthread_cond_wait", do_cond },
	{ "pthread_cond_timedwait", do_cond_timed },
	{ "pthread_join", do_join },
	{ "pause", do_pause },
	{ "sigwait", do_sigwait },
	{ "waitpid", do_waitpid },
	{ "testcancel", do_testcancel },
};

static void *
work(void *arg)
{
	int i = (int)(intptr_t)arg;

	pthread_cleanup_push(cleanup, (void *)cases[i].name);
	cases[i].fn();
	say("%s returned", cases[i].name);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *
sleeps(void *arg)
{
	sem_wait(&sem);
	return arg;
}

int
main(void)
{
	struct sockaddr_in addr;
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, full) == 0);
	MUST(pipe(pipefd) == 0);
	lsock = listen_tcp(&addr, 1);
	ep = epoll_create1(0);
	sem_init(&sem, 0, 0);
	sleeper = spawn(sleeps, &sem);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	for (size_t i = 0; i < NELEM(cases); i++) {
		pthread_t t = spawn(work, (void *)i);
		int e, canceled;

		say("%s", cases[i].name);
		ms(30);
		e = pthread_cancel(t);
		canceled = join(t) == PTHREAD_CANCELED;
		say("  cancel %s, canceled %d", ename(e), canceled);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* The thread that was being joined can still be joined. */
	sem_post(&sem);
	say("sleeper %d", join(sleeper) == &sem);
	E(pthread_mutex_trylock(&m));
	return 0;
}
