/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* Many signals while many threads work: all is done, nothing is lost. */
#include <sys/time.h>

#include "t.h"

static volatile sig_atomic_t ticks;
static int sv[10][2];

static void
on_tick(int sig)
{
	int saved = errno;

	ticks++;
	errno = saved;
}

static void *
sends(void *arg)
{
	int fd = sv[(intptr_t)arg][0];
	char b[3000];

	for (int i = 0; i < 400; i++) {
		memset(b, i, sizeof(b));
		if (write_all(fd, b, sizeof(b)) != sizeof(b))
			say("short write: %s", ename(errno));
		if (i % 50 == 0)
			usleep(300);
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

static void *
receives(void *arg)
{
	int fd = sv[(intptr_t)arg][1];
	intptr_t total = 0;
	char b[5000];
	ssize_t n;

	while ((n = recv(fd, b, sizeof(b), 0)) > 0)
		total += n;
	if (n < 0)
		say("recv: %s", ename(errno));
	return (void *)total;
}

int
main(void)
{
	struct itimerval it = { { 0, 500 }, { 0, 500 } }, off = { 0 };
	pthread_t s[10], r[10];
	int good = 0;

	catch_signal(SIGALRM, on_tick, SA_RESTART);
	for (intptr_t i = 0; i < 10; i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv[i]) == 0);
		s[i] = i == 4 ? spawn_kernel(sends, (void *)i)
			      : spawn(sends, (void *)i);
		r[i] = i == 5 ? spawn_kernel(receives, (void *)i)
			      : spawn(receives, (void *)i);
	}
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < 10; i++) {
		join(s[i]);
		good += (intptr_t)join(r[i]) == 400 * 3000;
	}
	ms(50);
	setitimer(ITIMER_REAL, &off, NULL);
	say("good %d, some ticks %d", good, ticks > 10);
	return 0;
}
