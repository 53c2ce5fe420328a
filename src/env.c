/* SPDX-License-Identifier: MIT */
/*
 * Settings from the environment, messages, and the few tools everybody needs:
 * futex, deadlines, spin locks, anonymous memory. Runs in the constructor; the
 * tools on any stack. Takes no lock and never allocates from the program's
 * heap.
 */
#include "mx.h"

#include <linux/futex.h>
#include <sys/auxv.h>

__thread struct mx_gt mx_me;

struct mx_env mx_env = {
	.helpers = 64,
	.handoff = 10 * 1000 * 1000,
};

/* Variables that mixio reads. All are ignored when AT_SECURE is set. */
static const struct {
	const char *name;
	bool *flag;
	unsigned *number;
	uint64_t *ms;
} vars[] = {
	{ "MIXIO_RUN", &mx_env.run, NULL, NULL },
	{ "MIXIO_FOLLOW", &mx_env.follow, NULL, NULL },
	{ "MIXIO_STATS", &mx_env.stats, NULL, NULL },
	{ "MIXIO_DEBUG", &mx_env.debug, NULL, NULL },
	{ "MIXIO_HELPERS", NULL, &mx_env.helpers, NULL },
	{ "MIXIO_HANDOFF_MS", NULL, NULL, &mx_env.handoff },
	{ "MIXIO_DUMP_SIGNAL", NULL, &mx_env.dump_signal, NULL },
};

void
mx_env_init(void)
{
	char *end, *value;
	unsigned long n, most;
	size_t i;

	if (getauxval(AT_SECURE))
		return;
	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++) {
		value = getenv(vars[i].name);
		if (!value || !*value)
			continue;
		if (vars[i].flag) {
			*vars[i].flag = strcmp(value, "0") != 0;
			continue;
		}
		n = strtoul(value, &end, 10);
		most = vars[i].number == &mx_env.dump_signal ? 64 : 30000;
		if (*value < '0' || *value > '9' || *end || n == 0 || n > most) {
			mx_say("%s=%s is not a number from 1 to %lu; ignored",
			    vars[i].name, value, most);
			continue;
		}
		if (vars[i].number)
			*vars[i].number = (unsigned)n;
		else
			*vars[i].ms = n * 1000000;
	}
}

static int out_fd = 2;

/* Where mx_say() writes. */
int
mx_say_fd(void)
{
	return out_fd;
}

/* Programs close stderr before our last line: keep a copy from the start. */
void
mx_say_keep(void)
{
	out_fd = mx_fd_high(real.fcntl(2, F_DUPFD_CLOEXEC, NULL));
	if (out_fd < 0)
		out_fd = 2;
	else
		mx_fd_own(out_fd);
}

/*
 * /proc, found before the program can leave it behind by chroot(2). "self" in
 * it is whoever looks, so that the child of a fork can use it, too.
 */
static _Atomic int proc_fd = -1;

void
mx_proc_keep(void)
{
	int fd, none = -1;

	if (atomic_load(&proc_fd) >= 0)
		return;
	fd = mx_fd_high(real.open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC,
	    0));
	if (fd < 0)
		return;
	mx_fd_own(fd);
	if (!atomic_compare_exchange_strong(&proc_fd, &none, fd)) {
		mx_fd_disown(fd);
		real.close(fd);
	}
}

/* Of our own descriptors these serve the child of a fork, too. */
bool
mx_fd_kept(int fd)
{
	return fd == out_fd || fd == atomic_load(&proc_fd);
}

/* A file below /proc; the descriptor, or -1 and errno. */
int
mx_proc_open(const char *name, int flags)
{
	int fd = atomic_load(&proc_fd);

	if (fd < 0) {
		errno = ENOENT;
		return -1;
	}
	return real.openat(fd, name, flags | O_CLOEXEC, 0);
}

/* One line on stderr by one write; keeps errno, needs no heap. */
void
mx_say(const char *fmt, ...)
{
	int saved = errno, n;
	char line[512];
	va_list ap;

	memcpy(line, "mixio: ", 7);
	va_start(ap, fmt);
	n = vsnprintf(line + 7, sizeof(line) - 8, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 9)
		n = (int)sizeof(line) - 9;
	line[7 + n] = '\n';
	(void)!real.write(out_fd, line, (size_t)n + 8);
	errno = saved;
}

/* Between two looks at a lock; turns counts from 0. */
void
mx_spin_pause(unsigned *turns)
{
	/* The holder may have lost its processor: do not burn ours. */
	if (++*turns % 64 == 0)
		real.sched_yield();
	else
		mx_arch_pause();
}

void
mx_spin_slow(_Atomic int *l)
{
	unsigned turns = 0;

	while (atomic_load_explicit(l, memory_order_relaxed) ||
	    atomic_exchange_explicit(l, 1, memory_order_acquire))
		mx_spin_pause(&turns);
}

/* Returns 0 or -errno; rel is relative, MX_NEVER waits for ever. */
MX_NO_ASAN long
mx_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t rel)
{
	struct timespec ts, *tsp = NULL;
	int saved = errno;
	long rc;

	if (rel != MX_NEVER) {
		ts.tv_sec = (time_t)(rel / MX_NS);
		ts.tv_nsec = (long)(rel % MX_NS);
		tsp = &ts;
	}
	rc = real.syscall(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value,
	    (long)tsp, 0, 0);
	if (rc < 0)
		rc = -errno;
	errno = saved;
	return rc;
}

void
mx_futex_wake(_Atomic uint32_t *word, int n)
{
	int saved = errno;

	real.syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, n, 0, 0, 0);
	errno = saved;
}

uint64_t
mx_deadline(clockid_t clock, const struct timespec *ts)
{
	struct timespec now;
	int64_t delta;

	if (ts->tv_nsec < 0 || ts->tv_nsec >= (long)MX_NS)
		return 0;
	if (ts->tv_sec < 0)
		return 1;
	if (clock == CLOCK_MONOTONIC) {
		if ((uint64_t)ts->tv_sec > MX_NEVER / MX_NS / 2)
			return MX_NEVER / 2;
		return (uint64_t)ts->tv_sec * MX_NS + (uint64_t)ts->tv_nsec + 1;
	}
	clock_gettime(clock, &now);
	if (ts->tv_sec - now.tv_sec > INT64_MAX / (int64_t)MX_NS / 2)
		return MX_NEVER / 2;
	delta = (ts->tv_sec - now.tv_sec) * (int64_t)MX_NS +
	    (ts->tv_nsec - now.tv_nsec);
	return delta <= 0 ? 1 : mx_now() + (uint64_t)delta + 1;
}

uint64_t
mx_after_ns(uint64_t rel)
{
	uint64_t now = mx_now();

	return rel > MX_NEVER / 2 - now ? MX_NEVER / 2 : now + rel;
}

void *
mx_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}
