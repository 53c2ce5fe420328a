/* SPDX-License-Identifier: MIT */
/*
 * The monitor: a kernel thread that gives a domain to a spare kernel thread
 * when its carrier has been in one green thread for too long.
 *
 * It looks twice per handoff time, and only while some domain is busy: a
 * domain whose hub sleeps in its loop needs no monitor. When all have slept
 * for a few looks it waits on a futex, which the next hub to wake up touches.
 */
#include "mx.h"

#define IDLE_LOOKS 4

_Atomic uint32_t mx_monitor_asleep;

/*
 * The process's main thread has ended: 1, together with its kernel thread; 2,
 * its kernel thread goes on as a carrier (fork in a green thread).
 */
_Atomic int mx_main_gone;

static _Atomic uint32_t started;

/* From a hub that was woken: somebody may run for long from now on. */
void
mx_monitor_poke(void)
{
	if (atomic_exchange(&mx_monitor_asleep, 0))
		mx_futex_wake(&mx_monitor_asleep, 1);
}

/* The letter of ps(1) for a kernel thread: R, S, D, Z; 0: no such thread. */
static char
task_state(int tid)
{
	char path[64], stat[512], *p;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "self/task/%d/stat", tid);
	fd = mx_proc_open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	len = real.read(fd, stat, sizeof(stat) - 1);
	real.close(fd);
	stat[len > 0 ? len : 0] = '\0';
	p = strrchr(stat, ')');
	return p && p[1] ? p[2] : 0;
}

/* Kernel threads of the process that have not ended. */
static int
count_tasks(void)
{
	struct dirent *e;
	DIR *dir;
	int n = 0, fd;

	fd = mx_proc_open("self/task", O_RDONLY | O_DIRECTORY);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			real.close(fd);
		return 0; /* no /proc at all: most likely there are only ours */
	}
	while ((e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	closedir(dir);
	/* A main thread that ended stays on the list as a zombie. */
	return task_state(getpid()) == 'Z' ? n - 1 : n;
}

/*
 * Whether kernel thread kt is ready to run but was not given a processor: then
 * another kernel thread would not run either. After a while it counts as stuck
 * all the same.
 */
static bool
starved(struct mx_domain *d, struct mx_kt *kt, uint64_t now)
{
	clockid_t clock = (clockid_t)(~(unsigned)MX_PEEK(kt->tid) << 3 | 6);
	struct timespec ts;
	uint64_t cpu;
	bool first;

	if (now - d->mon_since > 20 * mx_env.handoff ||
	    clock_gettime(clock, &ts) < 0)
		return false;
	cpu = (uint64_t)ts.tv_sec * MX_NS + (uint64_t)ts.tv_nsec;
	first = d->mon_cpu_since != d->mon_since;
	if (first) {
		d->mon_cpu_since = d->mon_since;
		d->mon_cpu = cpu;
	}
	/* Half of the time since then on a processor: it is busy. */
	if (!first && cpu - d->mon_cpu >= mx_env.handoff / 4)
		return false;
	return task_state(MX_PEEK(kt->tid)) == 'R';
}

/*
 * Who is in user code is asked first: if the word has not changed after that it
 * was the right one. It cannot go far before the domain is given on, because it
 * needs the domain even to end, and reads away when it has it back.
 */
static void
take(struct mx_domain *d, uint64_t w)
{
	struct mx_kt *kt = mx_kt_spare(true);
	struct mx_gt *gt;
	uint64_t mine;

	if (!kt)
		return; /* no kernel thread to be had: try again later */
	mine = (w & ~(MX_HOLD_SEQ - 1)) | MX_HOLD(kt) | MX_HOLD_RT;
	gt = mx_kt_by_id(MX_HOLD_KT(w))->cur;
	if (!atomic_compare_exchange_strong(&d->hold, &w, mine)) {
		mx_kt_unspare(kt);
		return;
	}
	MX_COUNT(d->handoffs);
	gt->away = d->mon_since;
	mx_kt_give(kt, MX_JOB_DOMAIN, d);
}

/* Returns true when the domain is at work. */
static bool
look(struct mx_domain *d, uint64_t now)
{
	uint64_t w = atomic_load(&d->hold);

	if (unlikely(atomic_load(&d->rekick)) && mx_sig_rekick(d))
		return true;
	if (!d->used || atomic_load(&d->sleeping) || w == 0)
		return false;
	if (w != d->mon_last || (w & MX_HOLD_RT)) {
		d->mon_last = w;
		d->mon_since = now;
		return true;
	}
	if (now - d->mon_since >= mx_env.handoff / 2 && d->mon_since !=
	    d->mon_cpu_since)
		starved(d, mx_kt_by_id(MX_HOLD_KT(w)), now); /* reads the clock */
	if (now - d->mon_since >= mx_env.handoff &&
	    atomic_load(&d->nlive) > 1 &&
	    !starved(d, mx_kt_by_id(MX_HOLD_KT(w)), now))
		take(d, w);
	return atomic_load(&d->nlive) > 1;
}

/*
 * When no thread of the program is left the process ends as by exit(0)
 * (pthread_exit(3)). libc cannot tell, because it counts us.
 */
static void
end_of_process(void)
{
	struct mx_domain *d;
	int ours = (int)atomic_load(&mx_kt_count) + 1;

	for (d = atomic_load(&mx_domains); d; d = d->next)
		if (atomic_load(&d->nlive))
			return;
	if (atomic_load(&mx_main_gone) == 2)
		ours++;
	if (count_tasks() <= ours)
		exit(0);
}

static void *
monitor(void *arg)
{
	struct timespec ts;
	struct mx_domain *d;
	uint64_t tick, now;
	int quiet = 0;
	bool busy;

	(void)arg;
	mx_me.depth = 1;
	tick = mx_env.handoff / 2;
	ts.tv_sec = (time_t)(tick / MX_NS);
	ts.tv_nsec = (long)(tick % MX_NS);
	for (;;) {
		real.clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		now = mx_now();
		busy = false;
		for (d = atomic_load(&mx_domains); d; d = d->next)
			busy |= look(d, now);
		if (unlikely(atomic_load(&mx_main_gone))) {
			end_of_process();
			busy = true;
		}
		if (busy) {
			quiet = 0;
			continue;
		}
		if (++quiet < IDLE_LOOKS)
			continue;
		quiet = 0;
		/*
		 * Announce the sleep, then look again: a hub that woke up in
		 * between either is seen here or sees the announcement.
		 */
		atomic_store(&mx_monitor_asleep, 1);
		for (d = atomic_load(&mx_domains); d; d = d->next)
			busy |= look(d, now);
		if (busy) {
			atomic_store(&mx_monitor_asleep, 0);
			continue;
		}
		while (atomic_load(&mx_monitor_asleep))
			mx_futex_wait(&mx_monitor_asleep, 1, MX_NEVER);
	}
	return NULL;
}

/*
 * [user code] Called when there is something to look after: a domain gets its
 * second thread, or the main thread ends. A program with one thread has one
 * kernel thread, and the kernel tells it so (setns(2), unshare(2), the threads
 * in /proc/self/stat, which CPython looks at when it forks). Returns 0 or an
 * errno value.
 */
int
mx_monitor_start(void)
{
	struct mx_sig_mask old;
	pthread_attr_t attr;
	uint32_t no = 0;
	pthread_t pt;
	int rc;

	if (atomic_load_explicit(&started, memory_order_relaxed) ||
	    !atomic_compare_exchange_strong(&started, &no, 1))
		return 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 4 * MX_SMALL_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	mx_sig_shut(&old, MX_ALL_SIGNALS);
	rc = real.pthread_create(&pt, &attr, monitor, NULL);
	mx_sig_open(&old);
	pthread_attr_destroy(&attr);
	if (rc)
		atomic_store(&started, 0);
	return rc;
}

void
mx_monitor_fork(void)
{
	atomic_store(&started, 0);
	atomic_store(&mx_monitor_asleep, 0);
	atomic_store(&mx_main_gone, 0);
}
