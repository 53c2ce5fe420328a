/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/*
 * FILEs on sockets: conversations in lines, many at once, TCP and Unix; a time
 * limit, an end, an error; one FILE for both directions, and two for one socket.
 */
#include "t.h"

#define PAIRS 24
#define LINES 30

/* Answers each line with what it is, and the number of the line. */
static void *
answers(void *arg)
{
	int fd = (int)(intptr_t)arg, n = 0;
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	char line[256];

	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		fprintf(out, "%d:%s\n", n++, line);
		fflush(out);
	}
	fclose(out);
	fclose(in);
	return (void *)(intptr_t)n;
}

static void *
asks(void *arg)
{
	int fd = (int)(intptr_t)arg, k;
	FILE *f = fdopen(fd, "r+");
	char *line = NULL, want[64];
	size_t size = 0;
	intptr_t bad = 0;

	for (int i = 0; i < LINES; i++) {
		bad += fprintf(f, "question %d of %d\n", i, fd) < 0;
		/* Between writing and reading. */
		bad += fflush(f) != 0;
		if (i % 3 == 2) {
			bad += fscanf(f, "%d:question", &k) != 1 || k != i;
			bad += getline(&line, &size, f) <= 0;
		} else {
			snprintf(want, sizeof(want), "%d:question %d of %d\n",
				 i, i, fd);
			bad += getline(&line, &size, f) <= 0 ||
			    strcmp(line, want) != 0;
		}
		fseek(f, 0, SEEK_CUR);
	}
	free(line);
	shutdown(fd, SHUT_WR);
	bad += getc(f) != EOF || !feof(f);
	fclose(f);
	return (void *)bad;
}

static void *
work(void *arg)
{
	struct timeval tv = { 0, 30000 };
	pthread_t a[PAIRS], b[PAIRS];
	intptr_t bad = 0, n = 0;
	char big[100000];
	int sv[2];
	FILE *f;

	for (intptr_t i = 0; i < PAIRS; i++) {
		if (i % 2)
			tcp_pair(sv);
		else
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
		a[i] = spawn(answers, (void *)(intptr_t)sv[0]);
		b[i] = spawn(asks, (void *)(intptr_t)sv[1]);
	}
	for (int i = 0; i < PAIRS; i++) {
		bad += (intptr_t)join(b[i]);
		n += (intptr_t)join(a[i]);
	}
	say("answered %ld, bad %ld", (long)n, (long)bad);

	/* A time limit. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	f = fdopen(sv[0], "r+");
	MUST(write(sv[1], "half", 4) == 4);
	R(fgets(big, 100, f) != NULL);
	R(ferror(f) != 0);
	say("so far \"%.4s\"", big);
	clearerr(f);
	MUST(write(sv[1], " a line\n", 8) == 8);
	R(fgets(big, 100, f) != NULL);
	say("then \"%s\"", strtok(big, "\n"));
	/* More than fits, to one that reads late; what is left at the end. */
	a[0] = spawn(answers, (void *)(intptr_t)dup(sv[1]));
	memset(big, 'b', sizeof(big));
	for (int i = 99; i < (int)sizeof(big); i += 100)
		big[i] = '\n';
	fseek(f, 0, SEEK_CUR);
	b[0] = spawn_kernel(answers, (void *)(intptr_t)dup(sv[1]));
	shutdown(sv[1], SHUT_WR);
	R(fwrite(big, 1, sizeof(big), f));
	R(fclose(f));
	close(sv[1]);
	join(b[0]);
	join(a[0]);

	/* Nobody there any more. */
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	f = fdopen(sv[0], "w");
	close(sv[1]);
	R(fputs("to nobody", f) >= 0);
	R(fclose(f));
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
