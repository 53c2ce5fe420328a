/* SPDX-License-Identifier: MIT */
/*
 * Sleeping. All deadlines are monotonic; a handler ends every sleep, whatever
 * its SA_RESTART says (signal(7)).
 */
#include "preload.h"

/* [user code] Sleeps until dl. 0, EINTR, or ECANCELED (mixio_interrupt). */
static int
sleep_until(uint64_t dl, const char *call)
{
	struct mx_gt *gt = &mx_me;
	int rc;

	mx_why(call, 0);
	for (;;) {
		mx_testcancel();
		mx_enter(gt);
		mx_sig_begin(gt);
		mx_arm_intr(gt);
		mx_fence();
		if (mx_interrupted(gt) && mx_disarm(gt))
			rc = -EINTR;
		else
			rc = mx_park(gt, dl);
		mx_leave(gt);
		if (rc == -ETIMEDOUT)
			return 0;
		if (rc == -ECANCELED)
			return ECANCELED;
		if (gt->sigran) {
			mx_testcancel();
			return EINTR;
		}
	}
}

static bool
bad_time(const struct timespec *ts)
{
	/* The kernel says EFAULT. */
	if (!mx_readable(ts, sizeof(*ts)))
		return true;
	return ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long)MX_NS;
}

static uint64_t
relative(const struct timespec *ts)
{
	if ((uint64_t)ts->tv_sec > MX_NEVER / MX_NS / 4)
		return MX_NEVER / 2;
	return mx_after_ns((uint64_t)ts->tv_sec * MX_NS +
	    (uint64_t)ts->tv_nsec);
}

/* What is left until dl, after rc; EFAULT where the kernel would say so. */
static int
left(uint64_t dl, struct timespec *rem, int rc)
{
	uint64_t now = mx_now();

	now = dl > now ? dl - now : 0;
	if (!rem)
		return rc;
	if (!mx_writable(rem, sizeof(*rem)))
		return EFAULT;
	rem->tv_sec = (time_t)(now / MX_NS);
	rem->tv_nsec = (long)(now % MX_NS);
	return rc;
}

/* clock_nanosleep(2): 0 or an errno value. Parks. */
int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *req,
    struct timespec *rem)
{
	int saved = errno, rc;
	struct timespec now;
	uint64_t dl;

	if (!mx_on() || bad_time(req))
		return real.clock_nanosleep(clock, flags, req, rem);
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_TAI) {
		mx_testcancel();
		return MX_HOP(MX_HOP_CANCEL, real.clock_nanosleep(clock, flags, req,
		    rem));
	}
	if (!(flags & TIMER_ABSTIME)) {
		dl = relative(req);
		rc = sleep_until(dl, "clock_nanosleep");
		if (rc)
			rc = left(dl, rem, rc);
		errno = saved;
		return rc;
	}
	do {
		dl = mx_deadline(clock, req);
		rc = sleep_until(dl, "clock_nanosleep");
		if (rc || clock == CLOCK_MONOTONIC)
			break;
		/* Set back meanwhile? Never early. */
		clock_gettime(clock, &now);
	} while (now.tv_sec < req->tv_sec || (now.tv_sec == req->tv_sec &&
	    now.tv_nsec < req->tv_nsec));
	errno = saved;
	return rc;
}

int
nanosleep(const struct timespec *req, struct timespec *rem)
{
	int rc;

	if (!mx_on() || bad_time(req))
		return real.nanosleep(req, rem);
	rc = clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);
	return rc ? mx_fail(rc) : 0;
}
MX_ALIAS(__nanosleep, nanosleep);

/* C11: 0, -1 after a signal, other negative values for errors. */
int
thrd_sleep(const struct timespec *req, struct timespec *rem)
{
	int rc;

	if (!mx_on() || bad_time(req))
		return real.thrd_sleep(req, rem);
	rc = clock_nanosleep(CLOCK_REALTIME, 0, req, rem);
	return rc == EINTR ? -1 : rc ? -2 : 0;
}

unsigned
sleep(unsigned seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds }, rem = { 0, 0 };

	if (!mx_on())
		return real.sleep(seconds);
	if (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &rem) == 0)
		return 0;
	/* libc: whole seconds, cut off. */
	errno = EINTR;
	return (unsigned)rem.tv_sec;
}

int
usleep(useconds_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000,
	    .tv_nsec = (long)(us % 1000000) * 1000 };

	if (!mx_on())
		return real.usleep(us);
	return nanosleep(&ts, NULL);
}

int
pause(void)
{
	if (!mx_on())
		return real.pause();
	return mx_fail(sleep_until(MX_NEVER, "pause"));
}

/* ---- yielding ---- */

int
sched_yield(void)
{
	int saved = errno;

	if (!mx_on())
		return real.sched_yield();
	mx_yield();
	errno = saved;
	return 0;
}
MX_ALIAS(__sched_yield, sched_yield);

int pthread_yield_(void) __asm__("pthread_yield");
int
pthread_yield_(void)
{
	return sched_yield();
}

void
thrd_yield(void)
{
	sched_yield();
}
