/* SPDX-License-Identifier: MIT */
/* vfork with close, dup2, open and exec in the child: nothing of ours moves. */
#include "t.h"

static int sv[2];

static void *
parked(void *arg)
{
	char b[16];
	ssize_t n = recv(sv[0], b, sizeof(b), 0);

	return (void *)(intptr_t)n;
}

static void *
work(void *arg)
{
	char *argv[] = { "sh", "-c", "cat; echo done; exit 5", NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", NULL };
	int in[2], out[2], st;
	char b[100];
	ssize_t n, total = 0;
	pid_t p;

	MUST(pipe(in) == 0);
	MUST(pipe(out) == 0);
	p = vfork();
	if (p == 0) {
		/* Closes what another thread of the parent waits on, too. */
		close(sv[0]);
		dup2(in[0], 0);
		dup2(out[1], 1);
		for (int fd = 3; fd < 100; fd++)
			close(fd);
		execve("/bin/sh", argv, envp);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	MUST(write(in[1], "to the child\n", 13) == 13);
	close(in[1]);
	while ((n = read(out[0], b + total, sizeof(b) - total)) > 0)
		total += n;
	close(out[0]);
	R(waitpid(p, &st, 0) == p);
	say("status %d, %zd bytes: %.12s", WEXITSTATUS(st), total, b);
	p = vfork();
	if (p == 0) {
		execve("/no/such/program", argv, envp);
		_exit(126);
	}
	R(waitpid(p, &st, 0) == p);
	say("status %d", WEXITSTATUS(st));
	return arg;
}

int
main(void)
{
	pthread_t t;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t = spawn(parked, NULL);
	settle();
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	R(send(sv[1], "still there", 11, 0));
	say("parked got %ld", (long)(intptr_t)join(t));
	return 0;
}
