/* SPDX-License-Identifier: MIT */
/* __thread variables: own copies, initial images, also in reused threads. */
#include "t.h"

static __thread int counter = 17;
static __thread long zeroed;
static __thread char text[40] = "initial";
static __thread double big[500];
static __thread struct {
	char c;
} __attribute__((aligned(64))) wide = { 'w' };
static int bad;

#define CHECK(c)                                                       \
	do {                                                           \
		if (!(c))                                              \
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST); \
	} while (0)

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;
	int *where = &counter;

	CHECK(counter == 17 && zeroed == 0 && !strcmp(text, "initial"));
	CHECK(big[0] == 0 && big[499] == 0 && wide.c == 'w');
	CHECK((uintptr_t)&wide % 64 == 0);
	counter = k;
	zeroed = -k;
	snprintf(text, sizeof(text), "thread %d", k);
	big[499] = k;
	wide.c = 'x';
	for (int i = 0; i < 10; i++) {
		char want[40];

		usleep(100);
		snprintf(want, sizeof(want), "thread %d", k);
		CHECK(counter == k + i && zeroed == -k);
		CHECK(!strcmp(text, want) && big[499] == k);
		CHECK(where == &counter);
		counter++;
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[50];

	counter = 5;
	for (int round = 0; round < 4; round++) {
		for (intptr_t i = 0; i < 50; i++)
			t[i] = i % 10 == 0 ? spawn_kernel(work, (void *)i)
					   : spawn(work, (void *)i);
		for (int i = 0; i < 50; i++)
			join(t[i]);
		say("bad %d", bad);
	}
	say("main %d %ld %s %c", counter, zeroed, text, wide.c);
	return 0;
}
