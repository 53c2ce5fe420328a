/* SPDX-License-Identifier: MIT */
/* stdio locks: recursive, exclusive across parks, lines not torn. */
#include "t.h"

static FILE *f;
/* flockfile is a leaf function to gcc, which may keep a plain int over it. */
static volatile int inside;
static int bad;

static void *
work(void *arg)
{
	for (int i = 0; i < 10; i++) {
		flockfile(f);
		flockfile(f);
		if (inside++)
			bad++;
		for (int k = 0; k < 5; k++) {
			fputc_unlocked('a' + (int)(intptr_t)arg, f);
			if (k == 2)
				usleep(100);
		}
		fputc('\n', f);
		inside--;
		funlockfile(f);
		funlockfile(f);
	}
	return NULL;
}

static void *
try_it(void *arg)
{
	say("ftrylockfile is zero: %d", ftrylockfile(f) == 0);
	return arg;
}

int
main(void)
{
	pthread_t t[10];
	char line[64];
	int good = 0;

	f = tmpfile();
	MUST(f);
	for (intptr_t i = 0; i < 10; i++)
		t[i] = i % 4 == 0 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	for (int i = 0; i < 10; i++)
		join(t[i]);
	flockfile(f);
	join(spawn(try_it, NULL));
	join(spawn_kernel(try_it, NULL));
	funlockfile(f);
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		int same = strlen(line) == 6;

		for (int k = 1; k < 5; k++)
			same &= line[k] == line[0];
		good += same;
	}
	say("whole lines %d, overlapping %d", good, bad);
	return 0;
}
