/* SPDX-License-Identifier: MIT */
/* setuid and its kin in a program with threads: all threads follow. */
#include "t.h"

static sem_t go;

static void *
parked(void *arg)
{
	sem_wait(&go);
	return (void *)(intptr_t)(geteuid() == 65534 && getegid() == 65534);
}

int
main(void)
{
	pthread_t t[6];
	intptr_t n = 0;

	if (getuid() != 0) {
		say("needs root");
		return 0;
	}
	sem_init(&go, 0, 0);
	for (int i = 0; i < 6; i++)
		t[i] = i % 3 == 0 ? spawn_kernel(parked, NULL)
				  : spawn(parked, NULL);
	settle();
	R(setegid(65534));
	R(seteuid(65534));
	for (int i = 0; i < 6; i++)
		sem_post(&go);
	for (int i = 0; i < 6; i++)
		n += (intptr_t)join(t[i]);
	say("threads that followed: %ld", (long)n);
	R(seteuid(0));
	R(setuid(65534));
	R(setuid(0));
	return 0;
}
