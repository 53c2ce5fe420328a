/* SPDX-License-Identifier: MIT */
/* Two processes: an owner that dies, time limits that pass. */
#include <sys/mman.h>

#include "t.h"

struct shared {
	pthread_mutex_t robust, plain;
	sem_t locked, s;
	int ticks;
};

static struct shared *sh;
static int ticks;

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(2);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

/* Locks, lets the parent wait for it, and unlocks or dies. */
static void
child(int how)
{
	if (how == 0) {
		MUST(pthread_mutex_lock(&sh->robust) == 0);
		sem_post(&sh->locked);
		settle();
		kill(getpid(), SIGKILL);
	}
	MUST(pthread_mutex_lock(&sh->plain) == 0);
	sem_post(&sh->locked);
	settle();
	settle();
	pthread_mutex_unlock(&sh->plain);
	_exit(0);
}

static void *
work(void *arg)
{
	struct timespec soon, past = { 1, 0 };
	pthread_t t;
	pid_t pid;
	int st;

	for (int how = 0; how < 2; how++) {
		pthread_mutex_t *m = how == 0 ? &sh->robust : &sh->plain;

		ticks = 0;
		pid = fork();
		if (pid == 0)
			child(how);
		while (sem_wait(&sh->locked) != 0)
			;
		E(pthread_mutex_trylock(m));
		soon = in_ms(CLOCK_REALTIME, 20);
		E(pthread_mutex_timedlock(m, &soon));
		E(pthread_mutex_timedlock(m, &past));
		t = spawn(tick, NULL);
		E(pthread_mutex_lock(m));
		say("ticks %d", __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
		if (how == 0)
			E(pthread_mutex_consistent(m));
		E(pthread_mutex_unlock(m));
		join(t);
		waitpid(pid, &st, 0);
		say("child: %s", WIFSIGNALED(st) ? "killed" : "ended");
		E(pthread_mutex_lock(m));
		E(pthread_mutex_unlock(m));
	}
	R(sem_timedwait(&sh->s, &past));
	return arg;
}

int
main(void)
{
	pthread_mutexattr_t ma;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&sh->plain, &ma);
	pthread_mutexattr_setrobust(&ma, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&sh->robust, &ma);
	sem_init(&sh->locked, 1, 0);
	sem_init(&sh->s, 1, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
