/* SPDX-License-Identifier: MIT */
/* twin: glibc=2.42 */
/* pthread_gettid_np: the number that gettid gives; none once it has ended. */
#include "t.h"

static pid_t seen;

static void *
says(void *arg)
{
	seen = gettid();
	say("its own: %d", pthread_gettid_np(pthread_self()) == seen);
	if (arg)
		sem_wait(arg);
	return NULL;
}

int
main(void)
{
	pthread_t t, main_thread = pthread_self();
	sem_t sem;

	sem_init(&sem, 0, 0);
	IS(pthread_gettid_np(main_thread) == getpid());
	for (int i = 0; i < 2; i++) {
		t = i ? spawn_kernel(says, &sem) : spawn(says, &sem);
		settle();
		IS(pthread_gettid_np(t) == seen);
		IS(seen != getpid());
		sem_post(&sem);
		settle();
		R(pthread_gettid_np(t));
		join(t);
	}
	return 0;
}
