/* SPDX-License-Identifier: MIT */
/* makecontext and swapcontext within threads that park in between. */
#include <ucontext.h>

#include "t.h"

struct coro {
	ucontext_t back, self;
	int id, step, bad;
	pthread_t owner;
	char stack[65536];
};

static void
body(unsigned lo, unsigned hi)
{
	struct coro *c = (struct coro *)((uintptr_t)hi << 32 | lo);

	for (c->step = 1; c->step <= 5; c->step++) {
		errno = c->id;
		usleep(200);
		if (errno != c->id || !pthread_equal(c->owner, pthread_self()))
			c->bad++;
		swapcontext(&c->self, &c->back);
	}
}

static void *
work(void *arg)
{
	struct coro *c = calloc(2, sizeof(*c));
	intptr_t bad = 0;

	for (int i = 0; i < 2; i++) {
		c[i].id = (int)(intptr_t)arg * 2 + i + 1;
		c[i].owner = pthread_self();
		getcontext(&c[i].self);
		c[i].self.uc_stack.ss_sp = c[i].stack;
		c[i].self.uc_stack.ss_size = sizeof(c[i].stack);
		c[i].self.uc_link = &c[i].back;
		makecontext(&c[i].self, (void (*)(void))body, 2,
			    (unsigned)(uintptr_t)&c[i],
			    (unsigned)((uintptr_t)&c[i] >> 32));
	}
	for (int r = 0; r < 5; r++)
		for (int i = 0; i < 2; i++) {
			swapcontext(&c[i].back, &c[i].self);
			usleep(50);
		}
	bad = c[0].bad + c[1].bad + (c[0].step != 5) + (c[1].step != 5);
	free(c);
	return (void *)bad;
}

int
main(void)
{
	pthread_t t[20];
	intptr_t bad = 0;

	for (intptr_t i = 0; i < 20; i++)
		t[i] = i % 5 == 0 ? spawn_kernel(work, (void *)i)
				  : spawn(work, (void *)i);
	for (int i = 0; i < 20; i++)
		bad += (intptr_t)join(t[i]);
	say("bad %ld", (long)bad);
	return 0;
}
