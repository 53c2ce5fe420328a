/* SPDX-License-Identifier: MIT */
/* twin: expect */
/*
 * What belongs to a kernel thread is refused where other green threads would
 * get it, too, or lose it; libc's setuid, which is for the process, is not.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "t.h"

static sem_t go;

static void *
parked(void *arg)
{
	sem_wait(&go);
	say("others: %d %d %d", (int)geteuid() == (int)(intptr_t)arg,
	    setfsuid(-1) == (int)geteuid(),
	    (personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0);
	return NULL;
}

int
main(void)
{
	int self, st;
	pthread_t t;
	pid_t pid;

	MUST((self = open("/proc/self/ns/uts", O_RDONLY)) >= 0);
	sem_init(&go, 0, 0);
	t = spawn(parked, (void *)(intptr_t)geteuid());
	R(unshare(CLONE_NEWUTS));
	R(unshare(0));
	R(syscall(SYS_unshare, CLONE_NEWNET));
	R(setns(self, 0));
	R(syscall(SYS_setns, self, 0));
	R(ptrace(PTRACE_TRACEME, 0, 0, 0));
	R(syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0));
	R(syscall(SYS_setresuid, -1, 65534, -1));
	R(syscall(SYS_setgroups, 0, NULL));
	R(personality(ADDR_NO_RANDOMIZE));
	IS(personality(0xffffffff) != -1);
	IS(setfsuid(65534) == (int)geteuid());
	IS(setfsuid(-1) == (int)geteuid());
	IS(setfsgid(65534) == (int)getegid());
	IS(setfsgid(-1) == (int)getegid());
	sem_post(&go);
	join(t);
	/* The parent could not wait for it as a tracer does. */
	pid = fork();
	if (pid == 0) {
		R(ptrace(PTRACE_TRACEME, 0, 0, 0));
		_exit(0);
	}
	waitpid(pid, &st, 0);
	return 0;
}
