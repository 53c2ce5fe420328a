/* SPDX-License-Identifier: MIT */
/*
 * env.c: deadlines (never early, no overflow, invalid times), the futex's
 * relative ones, and what is said of bad values in the environment.
 */
#include "mx.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define YEARS (100ull * 365 * 24 * 3600 * MX_NS)
#define SLACK (5 * MX_NS)	/* the machine may be busy */

static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME,
	CLOCK_BOOTTIME };

TestSuite(deadline, .timeout = 60);

static uint64_t
at(clockid_t clock, time_t sec, long nsec)
{
	struct timespec ts = { sec, nsec };

	return mx_deadline(clock, &ts);
}

/* Of a time that is sec seconds from now on that clock. */
static uint64_t
from_now(clockid_t clock, time_t sec)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	ts.tv_sec += sec;
	return mx_deadline(clock, &ts);
}

Test(deadline, monotonic)
{
	cr_expect_geq(at(CLOCK_MONOTONIC, 5, 7), 5 * MX_NS + 7);
	cr_expect_leq(at(CLOCK_MONOTONIC, 5, 7), 5 * MX_NS + 1007);
	cr_expect_geq(at(CLOCK_MONOTONIC, 5, 999999999), 6 * MX_NS - 1);
	cr_expect_geq(at(CLOCK_MONOTONIC, 4000000000, 1),
	    4000000000 * MX_NS + 1);
}

Test(deadline, order)
{
	uint64_t last = 0, dl;
	time_t sec;
	long nsec;

	for (sec = 0; sec < 5000000000; sec = sec * 2 + 1) {
		for (nsec = 0; nsec < 1000000000; nsec += 111111111) {
			dl = at(CLOCK_MONOTONIC, sec, nsec);
			cr_assert_gt(dl, last, "%ld.%09ld", (long)sec, nsec);
			last = dl;
		}
	}
}

/* 0 means EINVAL, so a valid time must never give 0. */
Test(deadline, invalid)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		cr_expect_eq(at(clocks[i], 1, -1), 0);
		cr_expect_eq(at(clocks[i], 1, 1000000000), 0);
		cr_expect_eq(at(clocks[i], 1, LONG_MAX), 0);
		cr_expect_eq(at(clocks[i], 1, LONG_MIN), 0);
		cr_expect_eq(at(clocks[i], -1, -1), 0);
		cr_expect_eq(at(clocks[i], LONG_MAX, 1000000000), 0);
		cr_expect_neq(at(clocks[i], 0, 0), 0);
		cr_expect_neq(at(clocks[i], 1, 999999999), 0);
	}
}

Test(deadline, past)
{
	uint64_t now = mx_now();
	unsigned i;

	for (i = 0; i < 3; i++) {
		cr_expect_leq(at(clocks[i], 0, 0), now);
		cr_expect_leq(at(clocks[i], 0, 1), now);
		cr_expect_leq(at(clocks[i], -1, 0), now);
		cr_expect_leq(at(clocks[i], LONG_MIN, 0), now);
		cr_expect_leq(at(clocks[i], LONG_MIN, 999999999), now);
		cr_expect_neq(at(clocks[i], -1, 0), 0, "late, not invalid");
		cr_expect_neq(at(clocks[i], LONG_MIN, 0), 0);
		cr_expect_leq(from_now(clocks[i], -1), mx_now());
	}
}

Test(deadline, future)
{
	uint64_t before, dl;
	unsigned i;

	for (i = 0; i < 3; i++) {
		before = mx_now();
		dl = from_now(clocks[i], 10);
		/* Clocks are read one after the other: a ms of leeway. */
		cr_expect_geq(dl + 1000000, before + 10 * MX_NS);
		cr_expect_leq(dl, before + 10 * MX_NS + SLACK);
	}
}

/* What is far away stays away, and is no wait for ever. */
Test(deadline, far)
{
	static const time_t secs[] = { 9300000000, 20000000000, LONG_MAX / 2,
		LONG_MAX - 1, LONG_MAX };
	uint64_t now = mx_now(), dl;
	unsigned i, j;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < sizeof(secs) / sizeof(*secs); j++) {
			dl = at(clocks[i], secs[j], 999999999);
			cr_expect_gt(dl, now + YEARS, "clock %d, %ld s",
			    clocks[i], (long)secs[j]);
			cr_expect_leq(dl, (uint64_t)INT64_MAX,
			    "clock %d, %ld s", clocks[i], (long)secs[j]);
		}
	}
}

Test(deadline, after)
{
	static const uint64_t rels[] = { 0, 1, 999, MX_NS, 3600 * MX_NS };
	uint64_t before, dl;
	unsigned i;

	for (i = 0; i < sizeof(rels) / sizeof(*rels); i++) {
		before = mx_now();
		dl = mx_after_ns(rels[i]);
		cr_expect_geq(dl, before + rels[i]);
		cr_expect_leq(dl, before + rels[i] + SLACK);
	}
}

Test(deadline, after_far)
{
	static const uint64_t rels[] = { MX_NEVER, MX_NEVER - 1,
		MX_NEVER / 2 + 1, MX_NEVER / 2, MX_NEVER / 2 - 1,
		MX_NEVER / 4 };
	unsigned i;

	for (i = 0; i < sizeof(rels) / sizeof(*rels); i++) {
		cr_expect_gt(mx_after_ns(rels[i]), mx_now() + YEARS, "%u", i);
		cr_expect_leq(mx_after_ns(rels[i]), (uint64_t)INT64_MAX, "%u",
		    i);
	}
}

Test(deadline, futex)
{
	_Atomic uint32_t word = 1;
	uint64_t before;

	errno = 4711;
	cr_expect_eq(mx_futex_wait(&word, 2, MX_NEVER), -EAGAIN);
	before = mx_now();
	cr_expect_eq(mx_futex_wait(&word, 1, 20 * 1000 * 1000), -ETIMEDOUT);
	cr_expect_geq(mx_now(), before + 20 * 1000 * 1000);
	cr_expect_eq(mx_futex_wait(&word, 1, 0), -ETIMEDOUT);
	mx_futex_wake(&word, 1);
	cr_expect_eq(errno, 4711);
}

/* ---- the environment ---- */

static char said[1024];

/* mx_env_init() with name=value; what it says is in said. */
static void
env(const char *name, const char *value)
{
	int out = memfd_create("stderr", 0), keep = dup(2);
	ssize_t n;

	cr_assert_geq(out, 0);
	clearenv();
	setenv(name, value, 1);
	dup2(out, 2);
	mx_env_init();
	dup2(keep, 2);
	close(keep);
	n = pread(out, said, sizeof(said) - 1, 0);
	cr_assert_geq(n, 0);
	said[n] = 0;
	close(out);
}

Test(deadline, env_numbers)
{
	env("MIXIO_HELPERS", "1");
	cr_expect_eq(mx_env.helpers, 1);
	env("MIXIO_HELPERS", "30000");
	cr_expect_eq(mx_env.helpers, 30000);
	env("MIXIO_HANDOFF_MS", "25");
	cr_expect_eq(mx_env.handoff, 25 * 1000 * 1000);
	env("MIXIO_HANDOFF_MS", "30000");
	cr_expect_eq(mx_env.handoff, 30 * MX_NS);
	cr_expect_str_empty(said);
}

Test(deadline, env_bad_numbers)
{
	static const char *const bad[] = { "0", "-1", "30001", "12x", "x",
		"1.5", "0x10", "1 ", " ", "-18446744073709551615",
		"99999999999999999999999999" };
	unsigned i, helpers = mx_env.helpers;
	uint64_t handoff = mx_env.handoff;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		env("MIXIO_HELPERS", bad[i]);
		cr_expect_eq(mx_env.helpers, helpers, "\"%s\"", bad[i]);
		cr_expect(strstr(said, "MIXIO_HELPERS="), "\"%s\": said %s",
		    bad[i], said);
		cr_expect_eq(strchr(said, '\n'), said + strlen(said) - 1,
		    "one line");
		env("MIXIO_HANDOFF_MS", bad[i]);
		cr_expect_eq(mx_env.handoff, handoff, "\"%s\"", bad[i]);
		cr_expect(strstr(said, "MIXIO_HANDOFF_MS="));
		mx_env.helpers = helpers;
		mx_env.handoff = handoff;
	}
	env("MIXIO_HELPERS", "");
	cr_expect_eq(mx_env.helpers, helpers);
	cr_expect_str_empty(said, "empty is like not set");
}

Test(deadline, env_flags)
{
	cr_expect_not(mx_env.stats || mx_env.run || mx_env.debug);
	env("MIXIO_STATS", "");
	cr_expect_not(mx_env.stats);
	env("MIXIO_STATS", "1");
	cr_expect(mx_env.stats);
	cr_expect_not(mx_env.run || mx_env.debug || mx_env.follow);
	env("MIXIO_STATS", "0");
	cr_expect_not(mx_env.stats);
	env("MIXIO_RUN", "yes");
	cr_expect(mx_env.run);
	cr_expect_str_empty(said);
}

/* A message that does not fit is cut, and still one line; errno is kept. */
Test(deadline, long_message)
{
	char value[2000] = { 0 };

	memset(value, 'x', sizeof(value) - 1);
	errno = 4711;
	env("MIXIO_HELPERS", value);
	cr_expect_eq(strncmp(said, "mixio: MIXIO_HELPERS=xxx", 24), 0);
	cr_expect_leq(strlen(said), 512);
	cr_expect_eq(strchr(said, '\n'), said + strlen(said) - 1);
	errno = 4711;
	mx_say("%s", "");
	cr_expect_eq(errno, 4711);
}
