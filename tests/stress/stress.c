/* SPDX-License-Identifier: MIT */
/*
 * Random work for many threads, green and kernel: items go through channels
 * of different make and every one must arrive exactly once; descriptors are
 * closed under readers, threads are cancelled, signals sent, children forked.
 * A watchdog aborts and says what is outstanding when nothing moves.
 *
 *	stress [--seed N] [--seconds N] [--live N] [--only LETTERS]
 *	       [--make N] [--alarm MS] [--threads-in-children 0]
 *
 * Prints TAP.  Natively all threads are kernel threads; closing under a
 * reader is done by way of shutdown then, since the kernel wakes nobody.
 */
#include "actors.h"
#include "channels.h"
#include "common.h"

#define MAX_LIVE 2000

static struct slot slots[MAX_LIVE];
static int live, max_live = 150, only_make = -1, alarm_ms = 7, finished;
static double seconds = 10;
static const char *only = "";
static void (*dump)(int);

static void *
wrapper(void *arg)
{
	struct slot *s = arg;
	void *(*fn)(void *) = (void *(*)(void *))s->thread;

	s->kernel = !is_green();
	fn(s);
	s->what = "ended";
	__atomic_store_n(&s->used, 0, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
launch(uint64_t *r, void *(*fn)(void *), const char *what, int channel, long of)
{
	pthread_attr_t attr;
	struct slot *s = NULL;
	pthread_t t;
	int e;

	for (int i = 0; i < MAX_LIVE && !s; i++) {
		int none = 0;

		if (__atomic_compare_exchange_n(&slots[i].used, &none, 1, 0,
						__ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			s = &slots[i];
	}
	if (!s)
		DIE("no free slot");
	s->done = 0;
	s->what = what;
	s->of = of;
	s->channel = channel;
	s->seed = rnd(r);
	s->thread = (pthread_t)fn;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (rnd(r) % 6 == 0)
		kernel_scope(&attr);
	__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
	e = pthread_create(&t, &attr, wrapper, s);
	if (e != 0)
		DIE("pthread_create: %s, %d alive", strerror(e), live);
	pthread_attr_destroy(&attr);
	__atomic_add_fetch(&progress, 1, __ATOMIC_RELAXED);
}

static int
wants(char c)
{
	return !*only || strchr(only, c);
}

/* A thread that starts others; several of them run. */
static void *
spawner(void *arg)
{
	uint64_t r = seed + (uintptr_t)arg * 7919;
	double end = now() + seconds;

	while (now() < end) {
		int c, n, k = rnd(&r) % 43;

		if (__atomic_load_n(&live, __ATOMIC_SEQ_CST) > max_live) {
			nap(&r, 1000);
			continue;
		}
		if (k < 30 && wants('i')) {
			/* Both sides of a channel, or it would never end. */
			c = only_make >= 0 ? only_make : (int)(rnd(&r) % MAKES);
			n = 1 + rnd(&r) % 300;
			launch(&r, produces, "puts", c, n);
			if (rnd(&r) % 2) {
				launch(&r, consumes, "gets", c, n);
			} else {
				launch(&r, consumes, "gets", c, n / 2);
				launch(&r, consumes, "gets", c, n - n / 2);
			}
		} else if (k < 32 && wants('c')) {
			launch(&r, does_close, "close", -1, 1 + rnd(&r) % 5);
		} else if (k < 33 && wants('f')) {
			launch(&r, does_fork, "fork", -1, 1 + rnd(&r) % 3);
		} else if (k < 35 && wants('k')) {
			launch(&r, does_kill, "kill", -1, 1 + rnd(&r) % 10);
		} else if (k < 37 && wants('x')) {
			launch(&r, does_cancel, "cancel", -1, 1 + rnd(&r) % 5);
		} else if (k < 39 && wants('b')) {
			launch(&r, does_party, "party", -1, 1 + rnd(&r) % 3);
		} else if (k < 41 && wants('h')) {
			launch(&r, does_look_up, "lookup", -1,
			       1 + rnd(&r) % 10);
		} else if (k < 42 && wants('s')) {
			launch(&r, does_spin, "spin", -1, 1 + rnd(&r) % 3);
		} else {
			nap(&r, 500);
		}
	}
	return NULL;
}

/* What others are at, as it is just now. */
__attribute__((no_sanitize("thread"))) static void
tell(void)
{
	for (int i = 0; i < MAKES; i++)
		fprintf(stderr, "# %-10s sent %llu, received %llu\n",
			make_names[i], (unsigned long long)channels[i].sent,
			(unsigned long long)channels[i].received);
	for (int i = 0; i < MAX_LIVE; i++) {
		struct slot *s = &slots[i];

		if (s->used)
			fprintf(stderr, "# %s thread: %s%s%s, %ld of %ld\n",
				s->kernel ? "kernel" : "green", s->what,
				s->channel >= 0 ? " " : "",
				s->channel >= 0 ? make_names[s->channel] : "",
				s->done, s->of);
	}
}

static void *
watchdog(void *arg)
{
	double limit = *(double *)arg, since = now();
	uint64_t last = 0;

	for (;;) {
		struct timespec ts = { 1, 0 };

		nanosleep(&ts, NULL);
		uint64_t p = __atomic_load_n(&progress, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&finished, __ATOMIC_SEQ_CST))
			return NULL;
		if (p != last) {
			last = p;
			since = now();
		} else if (now() - since > limit) {
			fprintf(stderr,
				"# nothing moved for %.0f s, seed "
				"%llu; outstanding:\n",
				limit, (unsigned long long)seed);
			tell();
			if (dump)
				dump(2);
			abort();
		}
	}
}

static int
check(int n, int good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", n, what);
	return !good;
}

int
main(int argc, char **argv)
{
	const char *slow = getenv("MIXIO_TEST_SLOW");
	double limit = 30 * (slow ? atof(slow) : 1);
	struct itimerval it = { 0 };
	struct rlimit rl;
	struct sigaction sa = { 0 };
	pthread_rwlockattr_t ra;
	pthread_attr_t attr;
	pthread_t w, sp[4];
	int bad = 0;
	uint64_t bits = 0;

	seed = (uint64_t)time(NULL) * 1000003 + getpid();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atof(argv[i + 1]);
		else if (!strcmp(argv[i], "--live"))
			max_live = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--only"))
			only = argv[i + 1];
		else if (!strcmp(argv[i], "--make"))
			only_make = atoi(argv[i + 1]) % MAKES;
		else if (!strcmp(argv[i], "--alarm"))
			alarm_ms = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--threads-in-children"))
			threads_in_children = atoi(argv[i + 1]);
		else
			return 2;
	}
	if (max_live > MAX_LIVE - 100)
		max_live = MAX_LIVE - 100;
	lookups_run = wants('h');
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..4\n# seed %llu, %g s\n", (unsigned long long)seed, seconds);
	*(void **)&entered = dlsym(RTLD_DEFAULT, "mixio_entered");
	*(void **)&dump = dlsym(RTLD_DEFAULT, "mixio_dump");
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	ledger = mmap(NULL, MAX_ITEMS / 8, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ledger == MAP_FAILED)
		return 1;
	sem_init(&handled, 0, 0);
	pthread_rwlockattr_init(&ra);
	pthread_rwlockattr_setkind_np(
		&ra, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&numbers, &ra);
	for (int i = 0; i < MAKES; i++)
		make_channel(&channels[i], i);
	sa.sa_handler = on_usr1;
	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_handler = on_alarm;
	sa.sa_flags = seed % 2 ? SA_RESTART : 0;
	sigaction(SIGALRM, &sa, NULL);
	pthread_attr_init(&attr);
	kernel_scope(&attr);
	if (pthread_create(&w, &attr, watchdog, &limit) != 0)
		return 1;
	it.it_interval.tv_usec = it.it_value.tv_usec = alarm_ms * 1000;
	setitimer(ITIMER_REAL, &it, NULL);
	for (intptr_t i = 0; i < 4; i++)
		if (pthread_create(&sp[i], i == 3 ? &attr : NULL, spawner,
				   (void *)i) != 0)
			return 1;
	for (int i = 0; i < 4; i++)
		pthread_join(sp[i], NULL);
	while (__atomic_load_n(&live, __ATOMIC_SEQ_CST) > 0)
		usleep(1000);
	__atomic_store_n(&finished, 1, __ATOMIC_SEQ_CST);
	pthread_join(w, NULL);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	for (uint64_t i = 0; i <= next_item / 8; i++)
		bits += __builtin_popcount(ledger[i]);
	printf("# items %llu, closes %llu, forks %llu, signals %llu, "
	       "cancelled %llu, barrier rounds %llu, lookups %llu, "
	       "spins %llu, alarms %d\n",
	       (unsigned long long)next_item, (unsigned long long)closes,
	       (unsigned long long)forks, (unsigned long long)kills,
	       (unsigned long long)cancels, (unsigned long long)rounds,
	       (unsigned long long)lookups, (unsigned long long)spins,
	       alarms);
	bad += check(1, received == next_item, "as many received as sent");
	bad += check(2, bits == next_item, "each of them exactly once");
	bad += check(3, live == 0, "every thread came to its end");
	bad += check(4, errors == 0, "no error");
	if (bad)
		tell();
	return bad != 0;
}
