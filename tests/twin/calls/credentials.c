/* SPDX-License-Identifier: MIT */
/*
 * The calls that set who a process is: each changes what it says for every
 * thread, by whichever thread it is made, and refuses what it may not do.
 */
#include <grp.h>
#include <sys/fsuid.h>

#include "t.h"

#define ID 65534

static sem_t go, seen;
static char before[128];

/* What this thread is, as the kernel tells it. */
static void
show(char *b, size_t n)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	snprintf(b, n, "%d %d %d, %d %d %d, %d groups", (int)r, (int)e, (int)s,
		 (int)rg, (int)eg, (int)sg, getgroups(0, NULL));
}

/* Waits; has it what the others have now? */
static void *
follows(void *arg)
{
	char now[128];

	for (;;) {
		sem_wait(&go);
		if (!before[0])
			break;
		show(now, sizeof(now));
		if (strcmp(now, before) != 0)
			say("   a thread stayed: %s", now);
		sem_post(&seen);
	}
	return arg;
}

#define LIST \
	X(setgid(ID)) \
	X(setegid(ID)) \
	X(setregid(ID, -1)) \
	X(setregid(-1, ID)) \
	X(setresgid(-1, ID, -1)) \
	X(setresgid(ID, ID, ID)) \
	X(setgroups(2, groups)) \
	X(setgroups(0, NULL)) \
	X(setgroups(1 << 20, groups)) \
	X(setgid(-1)) \
	X(setegid(-1)) \
	X(setregid(-1, -1)) \
	X(setresgid(-1, -1, -1)) \
	X(setuid(ID)) \
	X(seteuid(ID)) \
	X(setreuid(ID, -1)) \
	X(setreuid(-1, ID)) \
	X(setresuid(-1, ID, -1)) \
	X(setresuid(ID, ID, ID)) \
	X(setuid(-1)) \
	X(seteuid(-1)) \
	X(setreuid(-1, -1)) \
	X(setresuid(-1, -1, -1)) \
	X(setresuid(ID, ID, 0) || setuid(0)) \
	X(setresuid(ID, ID, 0) || seteuid(0)) \
	X(setresuid(ID, ID, ID) || setuid(0)) \
	X(setresuid(ID, ID, ID) || setreuid(0, -1)) \
	X(setresuid(ID, ID, ID) || setgid(0)) \
	X(setresuid(ID, ID, ID) || setgroups(1, groups)) \
	X(setfsuid(-1)) \
	X(setfsgid(-1))

static gid_t groups[2] = { 5, 6 };

enum { F = __COUNTER__ + 1 };
static long
call(int which)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const char *const texts[] = {
#define X(expr) #expr,
	LIST
#undef X
};

static int which;

static void *
calls(void *arg)
{
	long rc;

	errno = 0;
	rc = call(which);
	show_rc(texts[which], rc, errno);
	return arg;
}

/* One row in a process of its own: made by main, or by a thread. */
static void
row(int how)
{
	pid_t pid = fork();
	pthread_t t[3];
	int st = -1;

	if (pid == 0) {
		sem_init(&go, 0, 0);
		sem_init(&seen, 0, 0);
		for (int i = 0; i < 3; i++)
			t[i] = i == 1 ? spawn_kernel(follows, NULL)
				      : spawn(follows, NULL);
		if (how)
			join(spawn(calls, NULL));
		else
			calls(NULL);
		show(before, sizeof(before));
		say("   %s", before);
		/* Three looks, by whoever comes. */
		for (int i = 0; i < 3; i++)
			sem_post(&go);
		for (int i = 0; i < 3; i++)
			sem_wait(&seen);
		before[0] = '\0';
		for (int i = 0; i < 3; i++)
			sem_post(&go);
		for (int i = 0; i < 3; i++)
			join(t[i]);
		_exit(0);
	}
	MUST(waitpid(pid, &st, 0) == pid);
	if (st != 0)
		say("status %x", st);
}

static void *
work(void *arg)
{
	for (size_t i = 0; i < NELEM(texts); i++) {
		which = (int)i;
		row(arg != NULL);
	}
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, groups));
	return 0;
}
