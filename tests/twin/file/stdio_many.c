/* SPDX-License-Identifier: MIT */
/* A hundred threads, each in fgets and fprintf on a socket of its own. */
#include "t.h"

#define N 100

static int sv[N][2];

static void *
server(void *arg)
{
	int fd = *(int *)arg;
	FILE *in = fdopen(dup(fd), "r"), *out = fdopen(dup(fd), "w");
	char line[64];
	long n = 0;

	while (fgets(line, sizeof(line), in)) {
		fprintf(out, "echo %s", line);
		fflush(out);
		n++;
	}
	fclose(in);
	fclose(out);
	return (void *)n;
}

static void *
client(void *arg)
{
	int fd = *(int *)arg;
	FILE *in = fdopen(dup(fd), "r"), *out = fdopen(dup(fd), "w");
	char line[64], want[64];
	long good = 0;

	for (int i = 0; i < 10; i++) {
		fprintf(out, "line %d of %d\n", i, fd);
		fflush(out);
		snprintf(want, sizeof(want), "echo line %d of %d\n", i, fd);
		good += fgets(line, sizeof(line), in) && !strcmp(line, want);
	}
	shutdown(fd, SHUT_WR);
	fclose(in);
	fclose(out);
	return (void *)good;
}

int
main(void)
{
	pthread_t s[N], c[N];
	long good = 0, lines = 0;

	for (int i = 0; i < N; i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv[i]) == 0);
		s[i] = spawn(server, &sv[i][0]);
		c[i] = spawn(client, &sv[i][1]);
	}
	for (int i = 0; i < N; i++) {
		good += (long)join(c[i]);
		lines += (long)join(s[i]);
	}
	say("lines %ld, good %ld", lines, good);
	return 0;
}
