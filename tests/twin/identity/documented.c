/* SPDX-License-Identifier: MIT */
/* twin: expect libs=-ldl libs=-lrt */
/*
 * What doc/limits.md says about numbers of kernel threads: a green thread's is
 * nobody's, so whoever names it is told, and never reaches a stranger.
 */
#include <dlfcn.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "t.h"

static void *
green(void *arg)
{
	struct sigevent se = { .sigev_notify = SIGEV_THREAD_ID,
			       .sigev_signo = SIGUSR1 };
	struct sched_param sp;
	cpu_set_t cpus;
	int p[2], st;
	pid_t tid = gettid(), pid = getpid(), child;
	struct f_owner_ex owner = { F_OWNER_TID, tid };
	timer_t timer;
	char path[64];
	struct stat sb;

	(void)arg;
	IS(tid > 1 << 22);
	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	R(stat(path, &sb));
	R(sched_getparam(tid, &sp));
	R(sched_getaffinity(tid, sizeof(cpus), &cpus));
	R(getpriority(PRIO_PROCESS, tid));
	se._sigev_un._tid = tid;
	R(timer_create(CLOCK_MONOTONIC, &se, &timer));
	MUST(pipe(p) == 0);
	R(fcntl(p[0], F_SETOWN_EX, &owner));
	child = fork();
	if (child == 0) {
		/* From another process: there the number is nobody's. */
		st = (int)syscall(SYS_tgkill, pid, tid, SIGKILL);
		_exit(st == 0 ? 0 : errno);
	}
	waitpid(child, &st, 0);
	say("tgkill from elsewhere: %s", ename(WEXITSTATUS(st)));
	return NULL;
}

/* libc's own function, asked from libc: not ours, and the others go on. */
static void *
naps(void *arg)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	void *fn = dlsym(libc, "usleep"), *all = dlsym(RTLD_DEFAULT, "usleep");
	int (*nap)(useconds_t);

	memcpy(&nap, &fn, sizeof(nap));
	IS(fn != all);
	nap(700000);
	*(volatile int *)arg = 1;
	return NULL;
}

int
main(void)
{
	volatile int woken = 0;
	pthread_t t;
	int n;

	join(spawn(green, NULL));
	t = spawn(naps, (void *)&woken);
	for (n = 0; n < 20 && !woken; n++)
		ms(2);
	IS(n == 20);
	join(t);
	return 0;
}
