/* SPDX-License-Identifier: MIT */
/* stdio on pipes and sockets: a reader waits, the others run meanwhile. */
#include "t.h"

static int p[2], sv[2], ticks;

static void *
reads_lines(void *arg)
{
	FILE *f = fdopen(p[0], "r");
	char line[64];
	int n, a, b;

	while (fgets(line, sizeof(line), f) && line[0] != '#')
		say("line %.*s", (int)strcspn(line, "\n"), line);
	n = fscanf(f, "%d %d", &a, &b);
	say("scanned %d: %d %d", n, a, b);
	a = getc(f);
	b = getc(f);
	say("characters %d %d, eof %d", a, b, getc(f) == EOF);
	fclose(f);
	return arg;
}

static void *
writes_lines(void *arg)
{
	FILE *f = fdopen(p[1], "w");

	for (int i = 0; i < 3; i++) {
		ms(30);
		fprintf(f, "number %d\n", i);
		fflush(f);
	}
	ms(30);
	fprintf(f, "#\n12 34");
	fflush(f);
	ms(30);
	fputs("\nx", f);
	fclose(f);
	return arg;
}

static void *
tick(void *arg)
{
	for (int i = 0; i < 10; i++) {
		ms(10);
		ticks++;
	}
	return arg;
}

static void *
echo(void *arg)
{
	FILE *in = fdopen(dup(sv[1]), "r"), *out = fdopen(sv[1], "w");
	char line[64];

	while (fgets(line, sizeof(line), in)) {
		fprintf(out, "echo %s", line);
		fflush(out);
	}
	fclose(in);
	fclose(out);
	return arg;
}

int
main(void)
{
	pthread_t t[3];
	FILE *in, *out;
	char line[64];

	MUST(pipe(p) == 0);
	t[0] = spawn(reads_lines, NULL);
	t[1] = spawn(writes_lines, NULL);
	t[2] = spawn(tick, NULL);
	for (int i = 0; i < 3; i++)
		join(t[i]);
	say("ticks %d", ticks);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	t[0] = spawn(echo, NULL);
	in = fdopen(dup(sv[0]), "r");
	out = fdopen(sv[0], "w");
	for (int i = 0; i < 5; i++) {
		fprintf(out, "line %d\n", i);
		fflush(out);
		MUST(fgets(line, sizeof(line), in));
		say("%.*s", (int)strcspn(line, "\n"), line);
	}
	shutdown(sv[0], SHUT_WR);
	say("eof %d", fgets(line, sizeof(line), in) == NULL);
	join(t[0]);
	fclose(in);
	fclose(out);
	return 0;
}
