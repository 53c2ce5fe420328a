/* SPDX-License-Identifier: MIT */
/* RLIMIT_NOFILE reached: EMFILE for the program, waits go on working. */
#include <sys/resource.h>

#include "t.h"

static int sv[2];

static void *
echo(void *arg)
{
	char b[8];
	ssize_t n;

	while ((n = recv(sv[1], b, sizeof(b), 0)) > 0)
		send(sv[1], b, n, 0);
	return arg;
}

int
main(void)
{
	struct rlimit rl = { 64, 64 };
	int fds[64], n = 0, p[2];
	char b[8];
	pthread_t t;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(setrlimit(RLIMIT_NOFILE, &rl) == 0);
	while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	say("opened %d, then %s", n, ename(errno));
	t = spawn(echo, NULL);
	for (int i = 0; i < 3; i++) {
		usleep(1000);
		MUST(send(sv[0], "full", 4, 0) == 4);
		R(recv(sv[0], b, sizeof(b), 0));
	}
	R(pipe(p));
	R(socket(AF_INET, SOCK_STREAM, 0));
	R(dup(0));
	close(sv[0]);
	join(t);
	while (n > 0)
		close(fds[--n]);
	R(pipe(p) < 0);
	return 0;
}
