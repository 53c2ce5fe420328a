/* SPDX-License-Identifier: MIT */
/* Process-shared mutex, condition, semaphore and barrier across a fork. */
#include <sys/mman.h>

#include "t.h"

struct shared {
	pthread_mutex_t m;
	pthread_cond_t c;
	sem_t s, back;
	pthread_barrier_t b;
	int count, turn;
};

static struct shared *sh;

static void *
work(void *arg)
{
	int me = arg != NULL;

	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&sh->m);
		int c = sh->count;
		if (i % 50 == 0)
			usleep(50);
		sh->count = c + 1;
		pthread_mutex_unlock(&sh->m);
	}
	pthread_barrier_wait(&sh->b);
	for (int i = 0; i < 10; i++) {
		pthread_mutex_lock(&sh->m);
		while (sh->turn % 2 != me)
			pthread_cond_wait(&sh->c, &sh->m);
		sh->turn++;
		pthread_cond_broadcast(&sh->c);
		pthread_mutex_unlock(&sh->m);
	}
	return NULL;
}

int
main(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;
	pthread_barrierattr_t ba;
	pid_t child;
	int st;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&sh->m, &ma);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&sh->c, &ca);
	pthread_barrierattr_init(&ba);
	pthread_barrierattr_setpshared(&ba, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&sh->b, &ba, 2);
	sem_init(&sh->s, 1, 0);
	sem_init(&sh->back, 1, 0);

	child = fork();
	if (child == 0) {
		for (int i = 0; i < 10; i++) {
			sem_wait(&sh->s);
			sem_post(&sh->back);
		}
		join(spawn(work, sh));
		_exit(7);
	}
	for (int i = 0; i < 10; i++) {
		sem_post(&sh->s);
		sem_wait(&sh->back);
	}
	say("semaphores done");
	join(spawn(work, NULL));
	waitpid(child, &st, 0);
	say("child %d, count %d, turn %d", WEXITSTATUS(st), sh->count,
	    sh->turn);
	return 0;
}
