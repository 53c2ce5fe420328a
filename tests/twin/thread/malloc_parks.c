/* SPDX-License-Identifier: MIT */
/*
 * A program with an allocator of its own, which waits inside pthread_create for
 * another thread. A signal for the process is handled meanwhile.
 */
#include <sys/time.h>

#include "t.h"

extern void *__libc_calloc(size_t n, size_t size);

static sem_t asked, answered;
static pthread_t maker;
static int waits;
static volatile sig_atomic_t alarms;

/* The thread-local storage of new threads comes from here. */
void *
calloc(size_t n, size_t size)
{
	if (__atomic_load_n(&waits, __ATOMIC_SEQ_CST) &&
	    pthread_equal(pthread_self(), maker)) {
		__atomic_store_n(&waits, 0, __ATOMIC_SEQ_CST);
		sem_post(&asked);
		while (sem_wait(&answered) != 0)
			;
	}
	return __libc_calloc(n, size);
}

static void
on_alarm(int sig)
{
	alarms++;
}

static void *
answers(void *arg)
{
	struct itimerval it = { .it_value = { 0, 20000 } };

	while (sem_wait(&asked) != 0)
		;
	MUST(setitimer(ITIMER_REAL, &it, NULL) == 0);
	while (!alarms)
		ms(1);
	sem_post(&answered);
	return arg;
}

static void *
nothing(void *arg)
{
	return arg;
}

int
main(void)
{
	pthread_attr_t attr;
	pthread_t a, t;

	signal(SIGALRM, on_alarm);
	sem_init(&asked, 0, 0);
	sem_init(&answered, 0, 0);
	a = spawn(answers, NULL);
	maker = pthread_self();
	pthread_attr_init(&attr);
	/* Not one of those that libc or mixio keep. */
	pthread_attr_setstacksize(&attr, 3 << 20);
	__atomic_store_n(&waits, 1, __ATOMIC_SEQ_CST);
	E(pthread_create(&t, &attr, nothing, NULL));
	say("asked for memory: %d", !waits);
	if (waits)
		sem_post(&asked);
	join(t);
	if (waits)
		sem_post(&answered);
	join(a);
	say("alarms %d", alarms > 0);
	return 0;
}
