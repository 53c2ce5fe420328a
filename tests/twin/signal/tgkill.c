/* SPDX-License-Identifier: MIT */
/* tgkill by the number that gettid gives: others, oneself, main, nobody. */
#include <sys/syscall.h>

#include "t.h"

static pthread_t who;
static volatile sig_atomic_t ran;
static int tids[2], ready;

static void
handler(int sig)
{
	ran = sig;
	who = pthread_self();
}

static void *
waits(void *arg)
{
	int me = (int)(intptr_t)arg;
	struct timespec ts = { 10, 0 };

	tids[me] = gettid();
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	errno = 0;
	if (nanosleep(&ts, NULL) < 0 && errno == EINTR)
		return (void *)(intptr_t)pthread_equal(who, pthread_self());
	return (void *)-1;
}

int
main(void)
{
	pthread_t t[2];

	catch_signal(SIGUSR1, handler, 0);
	for (int how = 0; how < 2; how++) {
		ready = 0;
		for (intptr_t i = 0; i < 2; i++)
			t[i] = spawn(waits, (void *)i);
		while (__atomic_load_n(&ready, __ATOMIC_SEQ_CST) < 2)
			ms(1);
		settle();
		for (int i = 1; i >= 0; i--) {
			if (how == 0)
				R(tgkill(getpid(), tids[i], SIGUSR1));
			else
				R(syscall(SYS_tgkill, getpid(), tids[i],
					  SIGUSR1));
			say("%d woke: %ld", i, (long)join(t[i]));
		}
		ms(20);
	}
	ran = 0;
	R(tgkill(getpid(), gettid(), SIGUSR1));
	say("ran %d", ran == SIGUSR1);
	ran = 0;
	R(syscall(SYS_tkill, syscall(SYS_gettid), SIGUSR1));
	say("ran %d", ran == SIGUSR1);
	IS(gettid() == getpid());
	R(tgkill(getpid(), gettid(), 0));
	R(tgkill(getpid(), gettid(), 1000));
	R(tgkill(getpid(), 0, SIGUSR1));
	R(tgkill(-1, gettid(), SIGUSR1));
	R(tgkill(getpid(), 0x7fffffff, SIGUSR1));
	R(tgkill(1, gettid(), 0));
	R(syscall(SYS_tkill, 0x7fffffff, SIGUSR1));
	return 0;
}
