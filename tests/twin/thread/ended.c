/* SPDX-License-Identifier: MIT */
/* What calls say of a thread that has ended and has not been joined. */
#include "t.h"

static void *
ends(void *arg)
{
	return arg;
}

int
main(void)
{
	struct sched_param param;
	union sigval value = { .sival_int = 1 };
	char name[16];
	void *ret = NULL;
	cpu_set_t set;
	clockid_t clock;
	pthread_t t;
	struct timespec bad = { 0, 1000000000 };
	int policy, rc;

	t = spawn(ends, &t);
	settle();
	E(pthread_kill(t, 0));
	E(pthread_kill(t, SIGUSR1));
	E(pthread_kill(t, 1000));
	E(pthread_sigqueue(t, 0, value));
	E(pthread_sigqueue(t, SIGUSR1, value));
	E(pthread_getcpuclockid(t, &clock));
	E(pthread_getschedparam(t, &policy, &param));
	param.sched_priority = 0;
	E(pthread_setschedparam(t, SCHED_OTHER, &param));
	E(pthread_setschedprio(t, 0));
	E(pthread_setname_np(t, "ended"));
	E(pthread_getname_np(t, name, sizeof(name)));
	E(pthread_getaffinity_np(t, sizeof(set), &set));
	E(pthread_setaffinity_np(t, sizeof(set), &set));
	E(pthread_cancel(t));
	E(pthread_join(t, &ret));
	say("its own value: %d", ret == &t);
	/* A time that is none: libcs differ in when they look at it. */
	t = spawn(ends, &t);
	settle();
	rc = pthread_timedjoin_np(t, &ret, &bad);
	say("with a bad time: %s", ename(rc));
	if (rc)
		E(pthread_join(t, &ret));
	return 0;
}
