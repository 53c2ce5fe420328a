/* SPDX-License-Identifier: MIT */
/* syscall(SYS_futex) as language runtimes use it. */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "t.h"

static uint32_t word, word2;
static int woken;

static long
futex(uint32_t *p, int op, uint32_t v, const void *ts, uint32_t *p2,
      uint32_t v3)
{
	return syscall(SYS_futex, p, op, v, ts, p2, v3);
}

static void *
waiter(void *arg)
{
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0)
		futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void *
one_wait(void *arg)
{
	uint32_t bits = (uint32_t)(uintptr_t)arg;
	long r = futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 7, NULL, NULL, bits);

	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return (void *)r;
}

static void *
errors(void *arg)
{
	struct timespec rel = { 0, 50000000 }, abs, neg = { 0, -1 };
	double begin = now();

	R(futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	R(futex(&word, FUTEX_WAIT_PRIVATE, 7, &rel, NULL, 0));
	say("not early: %d", now() - begin >= 0.050);
	begin = now();
	abs = in_ms(CLOCK_MONOTONIC, 50);
	R(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 7, &abs, NULL, ~0u));
	say("not early: %d", now() - begin >= 0.049);
	abs = in_ms(CLOCK_REALTIME, 50);
	R(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 7,
		&abs, NULL, ~0u));
	R(futex(&word, FUTEX_WAIT_PRIVATE, 7, &neg, NULL, 0));
	R(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 7, NULL, NULL, 0));
	R(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	R(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 0, NULL,
		NULL, 0));
	return arg;
}

static long
wait_for(int n)
{
	for (int i = 0; i < 300 && woken < n; i++)
		ms(10);
	return woken;
}

int
main(void)
{
	pthread_t t[8];
	long n = 0;

	for (int i = 0; i < 8; i++)
		t[i] = i % 4 == 3 ? spawn_kernel(waiter, NULL)
				  : spawn(waiter, NULL);
	settle();
	__atomic_store_n(&word, 7, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 8; i++)
		n += futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	say("wake said %ld", n);
	for (int i = 0; i < 8; i++)
		join(t[i]);
	say("-- errors, green");
	join(spawn(errors, NULL));
	say("-- errors, kernel");
	join(spawn_kernel(errors, NULL));

	say("-- bitset");
	woken = 0;
	for (intptr_t i = 0; i < 4; i++)
		t[i] = i == 1 ? spawn_kernel(one_wait, (void *)(1l << i))
			      : spawn(one_wait, (void *)(1l << i));
	settle();
	R(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 16));
	R(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 1 | 2));
	say("woken %ld", wait_for(2));
	R(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	for (int i = 0; i < 4; i++)
		say("returned %ld", (long)join(t[i]));

	say("-- requeue");
	woken = 0;
	for (int i = 0; i < 4; i++)
		t[i] = i == 1 ? spawn_kernel(one_wait, (void *)~0ul)
			      : spawn(one_wait, (void *)~0ul);
	settle();
	R(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)9l, &word2, 8));
	R(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)9l, &word2, 7));
	say("woken %ld", wait_for(1));
	R(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	R(futex(&word2, FUTEX_REQUEUE_PRIVATE, 0, (void *)1l, &word, 0));
	R(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	R(futex(&word2, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
	for (int i = 0; i < 4; i++)
		say("returned %ld", (long)join(t[i]));
	return 0;
}
