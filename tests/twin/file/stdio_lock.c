/* SPDX-License-Identifier: MIT */
/* One FILE used by several threads while one of them waits in it. */
#include "t.h"

static FILE *in;
static int p[2], got;

static void *
reads(void *arg)
{
	char line[32];

	while (fgets(line, sizeof(line), in)) {
		if (strlen(line) != 5)
			say("torn: %s", line);
		__atomic_add_fetch(&got, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
prints(void *arg)
{
	FILE *out = arg;

	for (int i = 0; i < 100; i++)
		fprintf(out, "%04d\n", i);
	return NULL;
}

int
main(void)
{
	pthread_t r[4], w[4];
	FILE *out;

	MUST(pipe(p) == 0);
	in = fdopen(p[0], "r");
	out = fdopen(p[1], "w");
	setvbuf(out, NULL, _IOLBF, 0);
	for (int i = 0; i < 4; i++)
		r[i] = i == 3 ? spawn_kernel(reads, NULL) : spawn(reads, NULL);
	settle();
	for (int i = 0; i < 4; i++)
		w[i] = i == 3 ? spawn_kernel(prints, out) : spawn(prints, out);
	for (int i = 0; i < 4; i++)
		join(w[i]);
	fclose(out);
	for (int i = 0; i < 4; i++)
		join(r[i]);
	say("got %d", got);
	return 0;
}
