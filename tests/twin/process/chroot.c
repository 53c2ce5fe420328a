/* SPDX-License-Identifier: MIT */
/*
 * A daemon locks itself in and then gives root up. From then on no thread is
 * root at any time, whichever kernel thread runs it: /proc, which names these,
 * is out of reach by then.
 */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "t.h"

static void
spin(int n)
{
	double end = now() + n / 1e3;

	while (now() < end)
		;
}

static void *
naps(void *arg)
{
	intptr_t bad = 0;

	for (int i = 0; i < 40; i++) {
		ms(3);
		bad |= syscall(SYS_geteuid) != 65534;
	}
	(void)arg;
	return (void *)bad;
}

int
main(void)
{
	char dir[] = "/tmp/twin-XXXXXX";
	int bad = 0, lock;
	pthread_t t;

	if (getuid() != 0) {
		say("needs root");
		return 0;
	}
	/* Several kernel threads: the others go on while this one spins. */
	t = spawn(naps, NULL);
	for (int i = 0; i < 3; i++) {
		spin(40);
		ms(1);
	}
	join(t);
	MUST(mkdtemp(dir));
	MUST((lock = open(dir, O_RDONLY | O_DIRECTORY)) >= 0);
	R(chroot(dir));
	R(chdir("/"));
	R(access("/proc", F_OK));
	R(setgid(65534));
	R(setuid(65534));
	t = spawn(naps, NULL);
	for (int i = 0; i < 4; i++) {
		spin(40);
		bad |= syscall(SYS_geteuid) != 65534;
		ms(1);
		bad |= syscall(SYS_geteuid) != 65534;
	}
	bad |= join(t) != NULL;
	say("root at times: %d", bad);
	R(setuid(0));
	if (fork() == 0) {
		R(setuid(0));
		R(setuid(65534));
		_exit(0);
	}
	wait(NULL);
	close(lock);
	return 0;
}
