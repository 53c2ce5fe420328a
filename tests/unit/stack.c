/* SPDX-License-Identifier: MIT */
/*
 * stack.c: what a stack is good for from end to end, that its guard faults
 * (also when the stack is used again), who gets it next, and many of them.
 */
#include "mx.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MANY 10000
#define KIB 1024ul
#define MIB (1024ul * 1024)

static size_t page;

static void
start(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
}

TestSuite(stack, .init = start, .timeout = 120);

/* The signal that ends a child which writes to p; 0: it may write there. */
static int
fault(volatile char *p)
{
	struct rlimit none = { 0, 0 };
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);
		*p = 1;
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static char *
get(size_t size, size_t guard)
{
	char *low;

	errno = 4711;
	low = mx_stack_get(size, guard);
	cr_assert_not_null(low, "%zu + %zu", size, guard);
	cr_expect_eq(errno, 4711, "errno is kept");
	cr_expect_eq((uintptr_t)low % page, 0, "it begins with a page");
	return low;
}

static unsigned
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned n = 0;
	int c;

	cr_assert_not_null(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Resident memory in KiB. */
static long
resident(void)
{
	long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	cr_assert_not_null(f);
	cr_assert_eq(fscanf(f, "%ld %ld", &size, &pages), 2);
	fclose(f);
	return pages * (long)page / 1024;
}

static bool
guards_split(void)
{
	bool split;
	char *p = mx_map(4 * page);

	split = madvise(p, page, 102 /* MADV_GUARD_INSTALL */) != 0;
	munmap(p, 4 * page);
	return split;
}

Test(stack, sizes)
{
	static const size_t sizes[] = { 16 * KIB, 20 * KIB, 64 * KIB, 1 * MIB,
		8 * MIB, 100 * MIB, 1024 * MIB, 1536 * MIB };
	size_t guards[] = { 0, page, 4 * page, 1 * MIB };
	unsigned i, j, k;
	char *low;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (j = 0; j < 4; j++) {
			for (k = 0; k < 3; k++) {
				low = get(sizes[i], guards[j]);
				cr_assert_eq(low[0], 0, "fresh memory");
				cr_assert_eq(low[sizes[i] - 1], 0);
				low[0] = low[sizes[i] / 2] = 1;
				low[sizes[i] - 1] = 1;
			}
			if (sizes[i] > 100 * MIB)
				break;
		}
	}
}

Test(stack, guard)
{
	size_t guards[] = { page, 4 * page, 1 * MIB };
	char *low, *next;
	unsigned i;

	for (i = 0; i < 3; i++) {
		low = get(64 * KIB, guards[i]);
		next = get(64 * KIB, guards[i]);
		cr_expect_eq(fault(low), 0, "its own lowest byte");
		cr_expect_eq(fault(low + 64 * KIB - 1), 0, "its highest");
		cr_expect_eq(fault(low - 1), SIGSEGV, "below the stack");
		cr_expect_eq(fault(low - guards[i]), SIGSEGV,
		    "the far end of the guard");
		cr_expect_eq(fault(next - 1), SIGSEGV, "of the second stack");
		cr_expect_eq(fault(next), 0);
	}
}

Test(stack, guard_when_reused)
{
	char *low = get(64 * KIB, page);
	unsigned i;

	for (i = 0; i < 3; i++) {
		memset(low, 0xa5, 64 * KIB);
		mx_stack_put(low, 64 * KIB, page);
		cr_assert_eq(get(64 * KIB, page), low);
		cr_assert_eq(fault(low - 1), SIGSEGV);
		cr_assert_eq(fault(low - page), SIGSEGV);
		cr_assert_eq(fault(low), 0);
	}
}

/* Without a guard the byte below is the next stack's, or nobody's. */
Test(stack, no_guard)
{
	char *a = get(64 * KIB, 0), *b = get(64 * KIB, 0);

	memset(a, 1, 64 * KIB);
	memset(b, 2, 64 * KIB);
	cr_expect_eq(a[0], 1);
	cr_expect_eq(a[64 * KIB - 1], 1);
}

/* The one that was put last is warm: it comes first. */
Test(stack, reuse)
{
	char *a = get(64 * KIB, page), *b = get(64 * KIB, page), *c;

	cr_assert_neq(a, b);
	mx_stack_put(a, 64 * KIB, page);
	mx_stack_put(b, 64 * KIB, page);
	c = get(128 * KIB, page);
	cr_expect(c != a && c != b, "another size");
	c = get(64 * KIB, 2 * page);
	cr_expect(c != a && c != b, "another guard");
	c = get(64 * KIB, 0);
	cr_expect(c != a && c != b, "no guard");
	cr_expect_eq(get(64 * KIB, page), b);
	cr_expect_eq(get(64 * KIB, page), a);
	c = get(64 * KIB, page);
	cr_expect(c != a && c != b, "both are taken");
}

Test(stack, put_and_get_need_no_memory)
{
	unsigned before, i;

	mx_stack_put(get(1 * MIB, page), 1 * MIB, page);
	before = mappings();
	for (i = 0; i < 100000; i++)
		mx_stack_put(mx_stack_get(1 * MIB, page), 1 * MIB, page);
	cr_expect_eq(mappings(), before);
}

static int
by_address(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

Test(stack, many)
{
	static char *all[MANY];
	unsigned i, before = mappings(), most;
	long used = resident();
	size_t size = 8 * MIB;

	/* Slabs of 64 stacks, or of 1 GiB. */
	most = guards_split() ? MANY * 2 + 1000 : MANY / 8;
	for (i = 0; i < MANY; i++)
		all[i] = get(size, page);
	cr_expect_leq(mappings() - before, most, "%u mappings",
	    mappings() - before);
	cr_expect_leq(resident() - used, 64 * 1024l, "%ld KiB",
	    resident() - used);
	qsort(all, MANY, sizeof(*all), by_address);
	for (i = 0; i + 1 < MANY; i++)
		cr_assert_geq((size_t)(all[i + 1] - all[i]), size + page);
	for (i = 0; i < MANY; i++)
		all[i][size - 1] = (char)i;
	/* One touched page each, and page tables: no huge pages. */
	cr_expect_leq(resident() - used, MANY * 16l, "%ld KiB",
	    resident() - used);
	for (i = 0; i < MANY; i += 997) {
		cr_assert_eq(all[i][size - 1], (char)i);
		cr_assert_eq(fault(all[i] - 1), SIGSEGV);
		cr_assert_eq(fault(all[i]), 0);
	}
	for (i = 0; i < MANY; i++)
		mx_stack_put(all[i], size, page);
	before = mappings();
	for (i = 0; i < MANY; i++)
		all[i] = get(size, page);
	cr_expect_eq(mappings(), before, "all of them are used again");
}

/* More sizes than there are classes: slower, but they work. */
Test(stack, many_sizes)
{
	static char *all[100];
	unsigned char vec;
	size_t size;
	unsigned i;

	for (i = 0; i < 100; i++) {
		size = 64 * KIB + i * page;
		all[i] = get(size, page);
		memset(all[i], (int)i, size);
	}
	for (i = 0; i < 100; i++) {
		size = 64 * KIB + i * page;
		cr_assert_eq(all[i][0], (char)i);
		cr_assert_eq(all[i][size - 1], (char)i);
	}
	cr_expect_eq(fault(all[99] - 1), SIGSEGV);
	for (i = 0; i < 100; i++)
		mx_stack_put(all[i], 64 * KIB + i * page, page);
	cr_expect_eq(mincore(all[99], page, &vec), -1, "it is unmapped");
	for (i = 0; i < 100; i++)
		memset(get(64 * KIB + i * page, page), 1, 64 * KIB + i * page);
}

Test(stack, no_memory)
{
	struct rlimit rl = { 1 << 20, 1 << 20 };

	mx_stack_put(get(64 * KIB, page), 64 * KIB, page);
	cr_assert_eq(setrlimit(RLIMIT_AS, &rl), 0);
	errno = 4711;
	cr_expect_null(mx_stack_get(64 * MIB, page));
	cr_expect_eq(errno, 4711);
	cr_expect_null(mx_stack_get(64 * MIB, 0));
	cr_expect_not_null(mx_stack_get(64 * KIB, page), "from its free list");
}

static void *
churn(void *arg)
{
	char *mine[16] = { NULL };
	uintptr_t bad = 0;
	unsigned i, at, x = (unsigned)(uintptr_t)arg * 2654435761u + 1;

	for (i = 0; i < 50000; i++) {
		x = x * 1664525 + 1013904223;
		at = x >> 28;
		if (mine[at]) {
			bad += *(void **)mine[at] != arg;
			bad += *(void **)(mine[at] + 32 * KIB) != arg;
			mx_stack_put(mine[at], 64 * KIB, page);
			mine[at] = NULL;
		} else {
			mine[at] = mx_stack_get(64 * KIB, page);
			if (!mine[at])
				return (void *)1;
			*(void **)mine[at] = arg;
			*(void **)(mine[at] + 32 * KIB) = arg;
		}
	}
	return (void *)bad;
}

Test(stack, owners)
{
	pthread_t t[4];
	uintptr_t i;
	void *bad;

	for (i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, churn,
		    (void *)(i + 1)), 0);
	for (i = 0; i < 4; i++) {
		cr_assert_eq(pthread_join(t[i], &bad), 0);
		cr_expect_eq(bad, NULL, "a stack had two owners");
	}
}
