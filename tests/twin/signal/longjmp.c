/* SPDX-License-Identifier: MIT */
/* siglongjmp out of a handler while main waits; the wait is abandoned. */
#include <setjmp.h>
#include <sys/time.h>

#include "t.h"

static sigjmp_buf env;
static int sv[2];
static sem_t sem;

static void
handler(int sig)
{
	siglongjmp(env, 1);
}

static void
arm(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 60000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void *
ticks(void *arg)
{
	for (int i = 0; i < 10; i++)
		ms(5);
	return arg;
}

int
main(void)
{
	char b;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	sem_init(&sem, 0, 0);
	catch_signal(SIGALRM, handler, SA_RESTART);
	for (volatile int i = 0; i < 4; i++) {
		if (sigsetjmp(env, 1) == 0) {
			arm();
			switch (i) {
			case 0:
				recv(sv[0], &b, 1, 0);
				break;
			case 1:
				sleep(20);
				break;
			case 2:
				sem_wait(&sem);
				break;
			case 3:
				for (;;)
					;
			}
			say("returned from %d", i);
		} else {
			say("jumped out of %d", i);
		}
	}
	/* Nothing is left behind. */
	join(spawn(ticks, NULL));
	MUST(write(sv[1], "x", 1) == 1);
	R(recv(sv[0], &b, 1, 0));
	sem_post(&sem);
	R(sem_wait(&sem));
	return 0;
}
