/* SPDX-License-Identifier: MIT */
/*
 * The heap of deadlines in sched.c, on a domain that nobody runs: order, the
 * slot of every timer, removal from anywhere, growth, and no memory.
 */
#include "mx.h"

#include <criterion/criterion.h>
#include <sys/resource.h>

#define N 2000

static struct mx_domain dom;
static struct mx_timer timers[N];
static uint64_t seed = 88172645463325252ull;

static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Every timer knows its place, and none is due before the one above it. */
static void
check_heap(void)
{
	uint32_t i;

	for (i = 0; i < dom.nheap; i++) {
		cr_assert_eq(dom.heap[i]->slot, i + 1, "slot %u of %u", i,
		    dom.nheap);
		if (i > 0)
			cr_assert_leq(dom.heap[(i - 1) / 2]->dl,
			    dom.heap[i]->dl, "order at %u", i);
	}
}

static void
add(struct mx_timer *t, uint64_t dl)
{
	t->dl = dl;
	mx_timer_add(&dom, t);
	cr_assert_neq(t->slot, 0);
	check_heap();
}

static struct mx_timer *
pop(void)
{
	struct mx_timer *t = dom.heap[0];

	mx_timer_del(&dom, t);
	cr_assert_eq(t->slot, 0);
	check_heap();
	return t;
}

static void
start(void)
{
	cr_assert_eq(mx_timer_reserve(&dom, N), 0);
}

TestSuite(timer, .init = start, .timeout = 60);

Test(timer, one)
{
	add(&timers[0], 5);
	cr_expect_eq(dom.nheap, 1);
	cr_expect_eq(dom.heap[0], &timers[0]);
	cr_expect_eq(pop(), &timers[0]);
	cr_expect_eq(dom.nheap, 0);
	add(&timers[0], 6);
	cr_expect_eq(pop(), &timers[0]);
}

Test(timer, ascending)
{
	unsigned i;

	for (i = 0; i < N; i++)
		add(&timers[i], i);
	for (i = 0; i < N; i++)
		cr_assert_eq(pop(), &timers[i], "timer %u", i);
}

Test(timer, descending)
{
	unsigned i;

	for (i = N; i-- > 0;)
		add(&timers[i], i);
	for (i = 0; i < N; i++)
		cr_assert_eq(pop(), &timers[i], "timer %u", i);
}

Test(timer, any_order)
{
	uint64_t last = 0;
	struct mx_timer *t;
	unsigned i;

	for (i = 0; i < N; i++)
		add(&timers[i], rnd());
	for (i = 0; i < N; i++) {
		t = pop();
		cr_assert_geq(t->dl, last);
		last = t->dl;
	}
	cr_expect_eq(dom.nheap, 0);
}

Test(timer, extremes)
{
	add(&timers[0], MX_NEVER);
	add(&timers[1], 1);
	add(&timers[2], MX_NEVER / 2);
	add(&timers[3], MX_NEVER - 1);
	cr_expect_eq(pop(), &timers[1]);
	cr_expect_eq(pop(), &timers[2]);
	cr_expect_eq(pop(), &timers[3]);
	cr_expect_eq(pop(), &timers[0]);
}

Test(timer, equal)
{
	bool seen[100] = { false };
	unsigned i, at;

	for (i = 0; i < 100; i++)
		add(&timers[i], 7);
	for (i = 0; i < 100; i++) {
		at = (unsigned)(pop() - timers);
		cr_assert(at < 100 && !seen[at]);
		seen[at] = true;
	}
	cr_expect_eq(dom.nheap, 0);
}

/* Removal at every place of heaps of every small size. */
Test(timer, removal)
{
	unsigned n, at, i, round;
	uint64_t last;

	for (n = 1; n <= 40; n++) {
		for (at = 0; at < n; at++) {
			for (round = 0; round < 4; round++) {
				for (i = 0; i < n; i++)
					add(&timers[i], rnd() % 50);
				mx_timer_del(&dom, &timers[at]);
				cr_assert_eq(timers[at].slot, 0);
				cr_assert_eq(dom.nheap, n - 1);
				check_heap();
				for (last = 0; dom.nheap;) {
					i = (unsigned)(pop() - timers);
					cr_assert_neq(i, at);
					cr_assert_geq(timers[i].dl, last);
					last = timers[i].dl;
				}
			}
		}
	}
}

Test(timer, at_random)
{
	unsigned i, n = 0, round;
	uint64_t least;

	for (round = 0; round < 100000; round++) {
		i = (unsigned)(rnd() % 300);
		if (timers[i].slot) {
			mx_timer_del(&dom, &timers[i]);
			cr_assert_eq(timers[i].slot, 0);
			n--;
		} else {
			timers[i].dl = rnd() % 1000;
			mx_timer_add(&dom, &timers[i]);
			n++;
		}
		cr_assert_eq(dom.nheap, n);
		if (n == 0)
			continue;
		for (least = MX_NEVER, i = 0; i < 300; i++)
			if (timers[i].slot && timers[i].dl < least)
				least = timers[i].dl;
		cr_assert_eq(dom.heap[0]->dl, least);
		if (round % 64 == 0)
			check_heap();
	}
}

Test(timer, reserve)
{
	uint32_t cap = dom.heap_cap;
	unsigned i;

	cr_expect_geq(cap, N);
	cr_expect_eq(mx_timer_reserve(&dom, 1), 0);
	cr_expect_eq(mx_timer_reserve(&dom, cap), 0);
	cr_expect_eq(dom.heap_cap, cap, "there was room");
	for (i = 0; i < N; i++)
		add(&timers[i], N - i);
	cr_assert_eq(mx_timer_reserve(&dom, 1000 * 1000), 0);
	cr_assert_geq(dom.heap_cap, 1000 * 1000);
	cr_expect_eq(dom.nheap, N);
	check_heap();
	dom.heap[dom.heap_cap - 1] = &timers[0];
	cr_expect_eq(dom.heap[dom.heap_cap - 1], &timers[0]);
	for (i = N; i-- > 0;)
		cr_assert_eq(pop(), &timers[i]);
}

/* Room for exactly as many as were asked for, from the first one on. */
Test(timer, reserve_small)
{
	struct mx_domain d = { .nheap = 0 };
	unsigned i;

	cr_assert_eq(mx_timer_reserve(&d, 0), 0);
	for (i = 1; i < 5000; i++) {
		cr_assert_eq(mx_timer_reserve(&d, i), 0);
		cr_assert_geq(d.heap_cap, i);
		d.heap[i - 1] = &timers[0];
	}
}

Test(timer, no_memory)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };
	struct mx_timer **heap = dom.heap;
	uint32_t cap = dom.heap_cap;

	add(&timers[0], 2);
	add(&timers[1], 1);
	cr_assert_eq(setrlimit(RLIMIT_AS, &rl), 0);
	cr_expect_eq(mx_timer_reserve(&dom, 1 << 24), -ENOMEM);
	cr_expect_eq(dom.heap, heap);
	cr_expect_eq(dom.heap_cap, cap);
	cr_expect_eq(dom.nheap, 2);
	cr_expect_eq(pop(), &timers[1]);
	cr_expect_eq(pop(), &timers[0]);
}
