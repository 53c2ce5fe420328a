/* SPDX-License-Identifier: MIT */
/*
 * Alternate stacks: each thread has its own, also while it waits and another one
 * runs; faults are handled on them and jumped out of; what is refused.
 */
#include <setjmp.h>
#include <sys/mman.h>

#include "t.h"

#define SIZE 65536

static __thread char *mine;
static __thread sigjmp_buf env;
static __thread volatile int on_mine, flag, code;
static void *none;
static int p[2];

static void
handler(int sig, siginfo_t *si, void *uc)
{
	char here;
	stack_t now;

	on_mine = &here >= mine && &here < mine + SIZE;
	sigaltstack(NULL, &now);
	flag = now.ss_flags;
	code = si->si_code;
}

static void
faults(int sig, siginfo_t *si, void *uc)
{
	handler(sig, si, uc);
	siglongjmp(env, sig);
}

static void
set(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn,
				.sa_flags = SA_SIGINFO | flags };

	MUST(sigaction(sig, &sa, NULL) == 0);
}

static void
use_stack(void)
{
	stack_t ss = { .ss_size = SIZE };

	mine = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ss.ss_sp = mine;
	MUST(sigaltstack(&ss, NULL) == 0);
}

/* Sees its own stack, though others set theirs meanwhile. */
static void *
owns(void *arg)
{
	intptr_t bad = 0;
	stack_t now;

	use_stack();
	for (int i = 0; i < 10; i++) {
		usleep(100);
		sigaltstack(NULL, &now);
		bad += now.ss_sp != mine || now.ss_size != SIZE ||
		    now.ss_flags != 0;
		on_mine = 0;
		pthread_kill(pthread_self(), SIGUSR1);
		bad += !on_mine || flag != SS_ONSTACK;
	}
	return (void *)bad;
}

static sem_t ready;

/* Is hit while it waits. */
static void *
waits(void *arg)
{
	char b;

	use_stack();
	on_mine = flag = 0;
	sem_post(&ready);
	R(read(p[0], &b, 1));
	say("on its stack %d, flag %d", on_mine, flag);
	return arg;
}

static void *
fresh(void *arg)
{
	stack_t now;

	R(sigaltstack(NULL, &now));
	say("a new thread has none: %d", now.ss_flags == SS_DISABLE);
	return arg;
}

static volatile int zero;

static void
fault(int how)
{
	static char *page;

	switch (how) {
	case 0:
		*(volatile char *)none = 1;
		break;
	case 1:
		page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		*(volatile char *)page = 1;
		break;
	case 2:
		/* Behind the end of a file. */
		page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE,
			    open("empty", O_RDWR | O_CREAT, 0600), 0);
		(void)*(volatile char *)page;
		break;
	case 3:
#ifdef __x86_64__
		__asm__ volatile("ud2");
#else
		__asm__ volatile("udf #0");
#endif
		break;
	case 4:
#ifdef __x86_64__
		__asm__ volatile("int3");
#else
		__asm__ volatile("brk #0");
#endif
		break;
	case 5:
#ifdef __x86_64__
		zero = 77 / zero;
#else
		raise(SIGFPE);
#endif
		break;
	}
}

static void *
work(void *arg)
{
	static const int sigs[] = { SIGSEGV, SIGSEGV, SIGBUS, SIGILL, SIGTRAP,
				    SIGFPE };
	stack_t ss = { .ss_size = 1000, .ss_sp = &ss }, now;
	sigset_t s;
	int rc;

	use_stack();
	for (int how = 0; how < 6; how++) {
		set(sigs[how], faults, SA_ONSTACK);
		on_mine = code = 0;
		rc = sigsetjmp(env, 1);
		if (rc == 0) {
			fault(how);
			say("no fault");
		}
		pthread_sigmask(SIG_BLOCK, NULL, &s);
		say("%d: signal %d, on its stack %d, code %d, blocked %d", how,
		    rc, on_mine, sigs[how] == SIGFPE ? 0 : code,
		    sigismember(&s, sigs[how]));
		signal(sigs[how], SIG_DFL);
	}
	/* Off it again, though it was left by a jump. */
	R(sigaltstack(NULL, &now));
	say("on it still %d", now.ss_flags == SS_ONSTACK);
	R(sigaltstack(&ss, NULL));
	ss.ss_size = SIZE;
	ss.ss_flags = 77;
	R(sigaltstack(&ss, NULL));
	ss.ss_flags = SS_DISABLE;
	R(sigaltstack(&ss, &now));
	say("had %d", now.ss_sp == mine);
	R(sigaltstack(NULL, &now));
	say("disabled %d", now.ss_flags == SS_DISABLE);
	/* Without one SA_ONSTACK means nothing. */
	on_mine = 7;
	pthread_kill(pthread_self(), SIGUSR1);
	say("on it %d, flag %d", on_mine, flag == SS_DISABLE);
	join(spawn(fresh, NULL));
	return arg;
}

static __thread int inner;

static void
changes(int sig, siginfo_t *si, void *uc)
{
	stack_t ss = { .ss_size = SIZE, .ss_sp = mine };

	/* Not while it is in use. */
	inner = sigaltstack(&ss, NULL) == 0 ? 0 : errno;
}

static void *
in_use(void *arg)
{
	use_stack();
	pthread_kill(pthread_self(), SIGUSR2);
	say("changed in use: %s", ename(inner));
	return arg;
}

int
main(void)
{
	pthread_t t[6];
	intptr_t bad = 0;

	sem_init(&ready, 0, 0);
	MUST(pipe(p) == 0);
	set(SIGUSR1, handler, SA_ONSTACK | SA_RESTART);
	set(SIGUSR2, changes, SA_ONSTACK);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	for (int i = 0; i < 6; i++)
		t[i] = i % 3 == 2 ? spawn_kernel(owns, NULL) : spawn(owns, NULL);
	for (int i = 0; i < 6; i++)
		bad += (intptr_t)join(t[i]);
	say("bad %d", (int)bad);
	in_use(NULL);
	join(spawn(in_use, NULL));
	for (int i = 0; i < 2; i++) {
		t[0] = i ? spawn_kernel(waits, NULL) : spawn(waits, NULL);
		sem_wait(&ready);
		settle();
		E(pthread_kill(t[0], SIGUSR1));
		settle();
		MUST(write(p[1], "x", 1) == 1);
		join(t[0]);
	}
	return 0;
}
