/* SPDX-License-Identifier: MIT */
/* Detached threads run on and their resources are reused. */
#include "t.h"

static sem_t done;
static int ran;

static void *
work(void *arg)
{
	usleep(200);
	__atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
	sem_post(&done);
	return arg;
}

static void *
self_detach(void *arg)
{
	if (pthread_detach(pthread_self()) != 0)
		say("could not detach itself");
	return work(arg);
}

int
main(void)
{
	pthread_attr_t attr;
	pthread_t t;

	sem_init(&done, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < 3000; i++) {
		switch (i % 3) {
		case 0:
			MUST(pthread_create(&t, &attr, work, NULL) == 0);
			break;
		case 1:
			t = spawn(work, NULL);
			/* Mostly still running, sometimes not. */
			if (i % 2)
				usleep(300);
			MUST(pthread_detach(t) == 0);
			break;
		case 2:
			spawn(self_detach, NULL);
		}
		if (i % 100 == 99)
			for (int k = 0; k < 100; k++)
				sem_wait(&done);
	}
	say("ran %d", ran);
	return 0;
}
