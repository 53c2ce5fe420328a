/* SPDX-License-Identifier: MIT */
/*
 * What belongs to a kernel thread, done by the only thread of the process: it
 * holds for the threads that are made later, whichever kernel thread runs
 * them. Namespaces: in the child of a fork.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "t.h"

static int denies;

static void
look(void)
{
	int fd = open("/etc/passwd", O_RDONLY);

	if (denies && (fd >= 0 || errno != EACCES))
		say("a file could be opened");
	if (fd >= 0)
		close(fd);
	if (setfsuid(-1) != 65533 || setfsgid(-1) != 65532)
		say("not this file system user");
	if ((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0)
		say("not this personality");
	if (geteuid() != 65533)
		say("not this user");
}

static void *
naps(void *arg)
{
	for (int i = 0; i < 20; i++) {
		double end = now() + (i % 10 == 0 ? 0.03 : 0);

		while (now() < end)
			;
		look();
		ms(2);
	}
	return arg;
}

static void
sandbox(void)
{
#ifdef SYS_landlock_create_ruleset
	uint64_t rights = 1 << 2; /* LANDLOCK_ACCESS_FS_READ_FILE */
	long fd, rc;

	fd = syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (fd < 0)
		return;
	rc = syscall(SYS_landlock_restrict_self, fd, 0);
	say("landlock %ld", rc);
	denies = rc == 0;
	close(fd);
#endif
}

int
main(void)
{
	char before[64] = "", after[64] = "";
	pthread_t t[4];
	int st;

	if (getuid() != 0) {
		say("needs root");
		return 0;
	}
	if (fork() == 0) {
		MUST(readlink("/proc/self/ns/uts", before, 63) > 0);
		R(unshare(0));
		R(unshare(CLONE_NEWUTS));
		MUST(readlink("/proc/self/ns/uts", after, 63) > 0);
		say("another namespace: %d", strcmp(before, after) != 0);
		if (fork() == 0) {
			MUST(readlink("/proc/self/ns/uts", before, 63) > 0);
			say("kept: %d", strcmp(before, after) == 0);
			_exit(0);
		}
		wait(&st);
		_exit(WEXITSTATUS(st));
	}
	wait(&st);
	say("status %d", st);
	R(system("true")); /* a second kernel thread under mixio */
	R(personality(ADDR_NO_RANDOMIZE) != -1);
	R(syscall(SYS_setresuid, -1, 65533, -1));
	R(syscall(SYS_setresuid, -1, 0, -1));
	R(syscall(SYS_setresuid, -1, 70000, 1, 2, 3));
	R(syscall(SYS_setresuid, -1, 0, -1));
	R(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
	R(setfsgid(65532));
	R(setfsgid(-1));
	R(syscall(SYS_setresuid, -1, 65533, 0));
	R(setfsuid(65533));
	sandbox();
	look();
	for (int i = 0; i < 4; i++)
		t[i] = spawn(naps, NULL);
	look();
	for (int i = 0; i < 4; i++)
		join(t[i]);
	look();
	return 0;
}
