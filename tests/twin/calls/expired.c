/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt glibc=2.34 */
/*
 * Every call with a deadline: deadlines that are over, long over, before the
 * epoch, or no time at all, on what is free and on what is not. Nothing waits:
 * older libcs do for some that are none.
 */
#include <aio.h>
#include <limits.h>
#include <mqueue.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <threads.h>

#include "t.h"

static pthread_mutex_t m, held, mine, shared, shared_held;
static pthread_cond_t c, mono, shared_c;
static pthread_rwlock_t rw, read_held, write_held;
static sem_t one, none;
static mtx_t mtx, mtx_held;
static cnd_t cnd;
static mqd_t mq, full;
static int semid, ep, pi[2];
static pthread_t running;
static const struct timespec *ts;
static struct timespec rel;
static struct sembuf down = { 0, -1, 0 }, zero = { 0, 0, 0 };
static struct pollfd pfd;
static struct epoll_event ev;
static fd_set set;
static char b[64];
static sigset_t usr2;
static siginfo_t si;

/* An errno value becomes one, so that all rows read alike. */
static long
v(int e)
{
	if (e == 0)
		return 0;
	errno = e;
	return -1;
}

static long
c11(int e)
{
	return e == thrd_success    ? 0
	       : e == thrd_timedout ? v(ETIMEDOUT)
	       : e == thrd_busy	    ? v(EBUSY)
				    : v(EIO);
}

/* Takes what was got back, so that the next row finds it as it was. */
static long
lock(int e, pthread_mutex_t *l)
{
	if (e == 0)
		pthread_mutex_unlock(l);
	return v(e);
}

static long
rwl(int e)
{
	if (e == 0)
		pthread_rwlock_unlock(&rw);
	return v(e);
}

static long
sem(int rc)
{
	int e = errno;

	if (rc == 0)
		sem_post(&one);
	errno = e;
	return rc;
}

static long
cond(int e, pthread_mutex_t *l)
{
	/* It is locked in any case. */
	if (pthread_mutex_trylock(l) != EBUSY)
		say("not locked");
	pthread_mutex_unlock(l);
	return v(e);
}

static pthread_mutex_t *
locked(pthread_mutex_t *l)
{
	pthread_mutex_lock(l);
	return l;
}

static long
c11_locked(int e)
{
	if (e == thrd_success)
		mtx_unlock(&mtx);
	return c11(e);
}

static long
c11_cond(void)
{
	int e;

	mtx_lock(&mtx);
	e = cnd_timedwait(&cnd, &mtx, ts);
	mtx_unlock(&mtx);
	return c11(e);
}

static int
a_time(void)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000;
}

static long
readable(void)
{
	FD_ZERO(&set);
	FD_SET(pi[0], &set);
	return pi[0] + 1;
}

/* libc's own joins never end with a deadline that is none. */
#define ANY(X) \
	X(lock(pthread_mutex_timedlock(&m, ts), &m)) \
	X(v(pthread_mutex_timedlock(&held, ts))) \
	X(v(pthread_mutex_timedlock(&mine, ts))) \
	X(lock(pthread_mutex_timedlock(&shared, ts), &shared)) \
	X(v(pthread_mutex_timedlock(&shared_held, ts))) \
	X(lock(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, ts), &m)) \
	X(v(pthread_mutex_clocklock(&held, CLOCK_MONOTONIC, ts))) \
	X(v(pthread_mutex_clocklock(&held, CLOCK_REALTIME, ts))) \
	X(v(pthread_mutex_clocklock(&mine, CLOCK_MONOTONIC, ts))) \
	X(v(pthread_mutex_clocklock(&shared_held, CLOCK_MONOTONIC, ts))) \
	X(v(pthread_mutex_clocklock(&held, CLOCK_BOOTTIME, ts))) \
	X(v(pthread_mutex_clocklock(&held, -1, ts))) \
	X(v(pthread_mutex_clocklock(&m, 99, ts))) \
	X(cond(pthread_cond_timedwait(&c, locked(&m), ts), &m)) \
	X(cond(pthread_cond_timedwait(&mono, locked(&m), ts), &m)) \
	X(cond(pthread_cond_timedwait(&shared_c, locked(&shared), ts), \
	       &shared)) \
	X(cond(pthread_cond_clockwait(&c, locked(&m), CLOCK_MONOTONIC, ts), \
	       &m)) \
	X(cond(pthread_cond_clockwait(&mono, locked(&m), CLOCK_REALTIME, ts), \
	       &m)) \
	X(cond(pthread_cond_clockwait(&c, locked(&m), CLOCK_BOOTTIME, ts), \
	       &m)) \
	X(cond(pthread_cond_clockwait(&c, locked(&m), -1, ts), &m)) \
	X(rwl(pthread_rwlock_timedrdlock(&rw, ts))) \
	X(rwl(pthread_rwlock_timedwrlock(&rw, ts))) \
	X(v(pthread_rwlock_timedwrlock(&read_held, ts))) \
	X(v(pthread_rwlock_timedrdlock(&write_held, ts))) \
	X(v(pthread_rwlock_timedwrlock(&write_held, ts))) \
	X(rwl(pthread_rwlock_clockrdlock(&rw, CLOCK_MONOTONIC, ts))) \
	X(rwl(pthread_rwlock_clockwrlock(&rw, CLOCK_REALTIME, ts))) \
	X(v(pthread_rwlock_clockrdlock(&write_held, CLOCK_MONOTONIC, ts))) \
	X(v(pthread_rwlock_clockwrlock(&read_held, CLOCK_MONOTONIC, ts))) \
	X(v(pthread_rwlock_clockwrlock(&write_held, CLOCK_REALTIME, ts))) \
	X(v(pthread_rwlock_clockrdlock(&rw, CLOCK_BOOTTIME, ts))) \
	X(v(pthread_rwlock_clockwrlock(&write_held, -1, ts))) \
	X(sem(sem_timedwait(&one, ts))) \
	X(sem_timedwait(&none, ts)) \
	X(sem(sem_clockwait(&one, CLOCK_MONOTONIC, ts))) \
	X(sem_clockwait(&none, CLOCK_MONOTONIC, ts)) \
	X(sem_clockwait(&none, CLOCK_REALTIME, ts)) \
	X(sem_clockwait(&none, CLOCK_BOOTTIME, ts)) \
	X(sem_clockwait(&one, 99, ts)) \
	X(c11_locked(mtx_timedlock(&mtx, ts))) \
	X(c11(mtx_timedlock(&mtx_held, ts))) \
	X(c11_cond()) \
	X(!a_time() ? 0 : v(pthread_timedjoin_np(running, NULL, ts))) \
	X(!a_time() ? 0 : v(pthread_clockjoin_np(running, NULL, CLOCK_MONOTONIC, ts))) \
	X(!a_time() ? 0 : v(pthread_clockjoin_np(running, NULL, CLOCK_REALTIME, ts))) \
	X(v(pthread_clockjoin_np(running, NULL, CLOCK_BOOTTIME, ts))) \
	X(v(pthread_timedjoin_np(pthread_self(), NULL, ts))) \
	X(v(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, ts, NULL))) \
	X(v(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, ts, &rel))) \
	X(v(clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, ts, NULL))) \
	X(v(clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, ts, NULL))) \
	X(mq_timedreceive(mq, b, 64, NULL, ts)) \
	X(mq_timedsend(full, b, 1, 0, ts)) \
	X(syscall(SYS_futex, &word, 9 | 128, 0, ts, NULL, ~0)) \
	X(syscall(SYS_futex, &word, 9 | 128 | 256, 0, ts, NULL, ~0)) \
	X(syscall(SYS_futex, &word, 9, 0, ts, NULL, ~0)) \
	X(syscall(SYS_futex, &word, 9 | 128, 1, ts, NULL, ~0))

/* The same values as a time to wait: those that are times come to nothing. */
#define RELATIVE(X) \
	X(nanosleep(ts, NULL)) \
	X(thrd_sleep(ts, NULL)) \
	X(v(clock_nanosleep(CLOCK_MONOTONIC, 0, ts, NULL))) \
	X(ppoll(&pfd, 1, ts, NULL)) \
	X(pselect(readable(), &set, NULL, NULL, ts, NULL)) \
	X(epoll_pwait2(ep, &ev, 1, ts, NULL)) \
	X(sigtimedwait(&usr2, &si, ts)) \
	X(semtimedop(semid, &down, 1, ts)) \
	X(semtimedop(semid, &zero, 1, ts)) \
	X(syscall(SYS_futex, &word, 0 | 128, 0, ts)) \
	X(syscall(SYS_futex, &word, 0, 0, ts))

static unsigned word;

enum { A = __COUNTER__ + 1 };
static long
absolute(int which)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - A: \
		return (long)(expr);
		ANY(X)
#undef X
	}
	return -2;
}

enum { B = __COUNTER__ + 1 };
static long
relative(int which)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - B: \
		return (long)(expr);
		RELATIVE(X)
#undef X
	}
	return -2;
}

#define X(expr) #expr,
static const char *const any_texts[] = { ANY(X) };
static const char *const rel_texts[] = { RELATIVE(X) };
#undef X

static const struct {
	const char *name;
	struct timespec ts;
} over[] = {
	{ "min", { LONG_MIN, 0 } },
	{ "before", { -1, 999999999 } },
	{ "epoch", { 0, 0 } },
	{ "early", { 0, 1 } },
	{ "ns<0", { 1, -1 } },
	{ "ns=1e9", { 1, 1000000000 } },
	{ "ns=max", { LONG_MAX, LONG_MAX } },
	{ "ns=min", { LONG_MAX, LONG_MIN } },
}, now_over[] = { { "just", { 0, 0 } } };

static void
row(const char *text, long (*fn)(int), int i, int relative_too)
{
	struct timespec just = in_ms(CLOCK_MONOTONIC, -1);
	char line[256];
	size_t n = 0;
	long rc;

	for (size_t k = 0; k < NELEM(over) + !relative_too; k++) {
		/* Over for the monotonic clock is over for the others. */
		ts = k < NELEM(over) ? &over[k].ts : &just;
		errno = 0;
		rc = fn(i);
		n += sprintf(line + n, " %s=%s", k < NELEM(over) ?
		    over[k].name : now_over[0].name,
		    rc == -1 ? ename(errno) : rc == 0 ? "0" : "other");
	}
	say("%s:\n   %s", text, line);
}

static void *
work(void *arg)
{
	pthread_mutex_lock(&mine);
	for (size_t i = 0; i < NELEM(any_texts); i++)
		row(any_texts[i], absolute, (int)i, 0);
	for (size_t i = 0; i < NELEM(rel_texts); i++)
		row(rel_texts[i], relative, (int)i, 1);
	pthread_mutex_unlock(&mine);
	return arg;
}

static sem_t ready, go;

static void *
holds(void *arg)
{
	pthread_mutex_lock(&held);
	pthread_mutex_lock(&shared_held);
	pthread_rwlock_rdlock(&read_held);
	pthread_rwlock_wrlock(&write_held);
	mtx_lock(&mtx_held);
	sem_post(&ready);
	sem_wait(&go);
	mtx_unlock(&mtx_held);
	pthread_rwlock_unlock(&write_held);
	pthread_rwlock_unlock(&read_held);
	pthread_mutex_unlock(&shared_held);
	pthread_mutex_unlock(&held);
	return arg;
}

static mqd_t
queue(int n)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 64 };
	char name[32];
	mqd_t q;

	snprintf(name, sizeof(name), "/twin.over.%d.%d", getpid(), n);
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(q != (mqd_t)-1);
	mq_unlink(name);
	return q;
}

int
main(void)
{
	pthread_mutexattr_t ma;
	pthread_condattr_t ca;

	pthread_mutex_init(&m, NULL);
	pthread_mutex_init(&held, NULL);
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&mine, &ma);
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_setpshared(&ma, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared, &ma);
	pthread_mutex_init(&shared_held, &ma);
	pthread_cond_init(&c, NULL);
	pthread_condattr_init(&ca);
	pthread_condattr_setclock(&ca, CLOCK_MONOTONIC);
	pthread_cond_init(&mono, &ca);
	pthread_condattr_init(&ca);
	pthread_condattr_setpshared(&ca, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared_c, &ca);
	pthread_rwlock_init(&rw, NULL);
	pthread_rwlock_init(&read_held, NULL);
	pthread_rwlock_init(&write_held, NULL);
	sem_init(&one, 0, 1);
	sem_init(&none, 0, 0);
	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	mtx_init(&mtx, mtx_timed);
	mtx_init(&mtx_held, mtx_timed);
	cnd_init(&cnd);
	mq = queue(0);
	full = queue(1);
	MUST(mq_send(full, "x", 1, 0) == 0);
	semid = semget(IPC_PRIVATE, 1, 0600);
	MUST(semid >= 0 && pipe(pi) == 0);
	ep = epoll_create1(0);
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, pi[0], &ev) == 0);
	pfd = (struct pollfd){ pi[0], POLLIN, 0 };
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &usr2, NULL);
	running = spawn(holds, NULL);
	sem_wait(&ready);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	sem_post(&go);
	join(running);
	semctl(semid, 0, IPC_RMID);
	return 0;
}
