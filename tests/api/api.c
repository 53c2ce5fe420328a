/* SPDX-License-Identifier: MIT */
/*
 * Every call of mixio.h, without the preloaded object and with nothing but
 * LD_PRELOAD: api GROUP prints "ok NAME" or "not ok NAME" lines for api.sh.
 */
#include "mixio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DOMAINS 4
#define EACH 50
#define RING (DOMAINS * EACH)
#define ROUNDS 20

static int failed;

static void
ok(bool good, const char *name)
{
	printf("%sok %s\n", good ? "" : "not ", name);
	failed |= !good;
}

static void
is(long got, long wanted, const char *name)
{
	ok(got == wanted, name);
	if (got != wanted)
		printf("got %ld, wanted %ld\n", got, wanted);
}

static void
most(long got, long limit, const char *name)
{
	ok(got <= limit, name);
	if (got > limit)
		printf("got %ld, at most %ld\n", got, limit);
}

static int
entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Ended tasks leave the list some time after their end has been seen. */
static int
tasks(int wanted)
{
	int i, n = 0;

	for (i = 0; i < 200; i++) {
		n = entries("/proc/self/task");
		if (n <= wanted)
			break;
		usleep(10000);
	}
	return n - 2;
}

/* The kernel's idea of who calls, which no thread library can change. */
static int
kernel_tid(void)
{
	char buf[64], *p;
	ssize_t n = readlink("/proc/thread-self", buf, sizeof(buf) - 1);

	if (n < 0)
		return -1;
	buf[n] = 0;
	p = strrchr(buf, '/');
	return p ? atoi(p + 1) : -1;
}

static bool
is_task(long tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%ld", tid);
	return access(path, F_OK) == 0;
}

static void
start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	int rc = pthread_create(t, NULL, fn, arg);

	if (rc) {
		printf("not ok pthread_create: %s\n", strerror(rc));
		fflush(stdout);
		_exit(1);
	}
}

static void *
join(pthread_t t)
{
	void *ret = (void *)-1;
	int rc = pthread_join(t, &ret);

	if (rc)
		printf("not ok pthread_join: %s\n", strerror(rc));
	failed |= rc != 0;
	return ret;
}

static void *
nap(void *ms)
{
	usleep((useconds_t)(uintptr_t)ms * 1000);
	return ms;
}

static struct mixio_stats
stats(void)
{
	struct mixio_stats s = { .size = sizeof(s) };

	if (mixio_stats(&s) != 0)
		ok(false, "mixio_stats");
	return s;
}

/* ---- without the object ---- */

static void
bare(void)
{
	struct mixio_stats s = { .size = sizeof(s), .live = 4711 };

	ok(mixio_version() == NULL, "version is NULL");
	is(mixio_entered(), 0, "entered");
	is(mixio_enter(), ENOSYS, "enter");
	is(mixio_entered(), 0, "still not entered");
	is(mixio_leave(), ENOSYS, "leave");
	is(mixio_stats(&s), ENOSYS, "stats");
	is((long)s.live, 4711, "stats changes nothing");
	is(mixio_dump(1), ENOSYS, "dump");
	is(mixio_kernel_threads(1), -1, "kernel_threads");
	is(mixio_kernel_threads(0), -1, "kernel_threads again");
	is(mixio_interrupt(pthread_self()), ENOSYS, "interrupt");
	ok(mixio_domain() == 0, "domain is 0");
}

/* ---- enter, leave ---- */

static void *
in_green(void *arg)
{
	int *rc = arg;

	rc[0] = mixio_entered();
	rc[1] = mixio_enter();
	rc[2] = mixio_leave();
	rc[3] = mixio_entered();
	rc[4] = is_task(syscall(SYS_gettid));
	return arg;
}

static void *
entered(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)mixio_entered();
}

static void
enter(void)
{
	int self = kernel_tid(), before = entries("/proc/self/task") - 2, rc[5];
	pthread_t t, u[20];
	int i;

	ok(mixio_version() && mixio_version()[0] >= '0' &&
	    mixio_version()[0] <= '9', "version");
	printf("version %s\n", mixio_version());
	is(mixio_entered(), 0, "nobody is opted in by the preload alone");
	is(mixio_leave(), EINVAL, "leave: not opted in");
	is(mixio_dump(1), EINVAL, "dump: not opted in");
	start(&t, nap, (void *)300);
	is(entries("/proc/self/task") - 2, before + 1,
	    "threads are kernel threads before");
	join(t);
	errno = 4711;
	is(mixio_enter(), 0, "enter");
	is(errno, 4711, "errno is kept");
	is(mixio_entered(), 1, "entered");
	is(mixio_enter(), 0, "enter once more");
	is(mixio_entered(), 1, "entered once more");
	start(&t, in_green, rc);
	join(t);
	is(rc[0], 1, "a green thread is entered");
	is(rc[1], 0, "enter in a green thread");
	is(rc[2], EINVAL, "leave in a green thread");
	is(rc[3], 1, "and it is entered still");
	is(rc[4], 0, "a green thread's tid is none of the kernel's");
	before = tasks(0);
	for (i = 0; i < 20; i++)
		start(&u[i], nap, (void *)300);
	nap((void *)50);
	most(entries("/proc/self/task") - 2, before + 2,
	    "20 threads without kernel threads");
	is(mixio_leave(), EBUSY, "leave: threads are alive");
	is(mixio_entered(), 1, "and nothing has changed");
	for (i = 0; i < 20; i++)
		is((long)join(u[i]), 300, "join");
	start(&t, nap, (void *)1);
	nap((void *)50);
	errno = 4711;
	is(mixio_leave(), 0, "leave with an ended thread not joined");
	is(errno, 4711, "errno is kept");
	is((long)join(t), 1, "which is joined later");
	is(mixio_entered(), 0, "not entered after leave");
	is(mixio_leave(), EINVAL, "leave again");
	is(kernel_tid(), self, "back on its own kernel thread");
	is(syscall(SYS_gettid), self, "and gettid says so");
	start(&t, entered, NULL);
	is((long)join(t), 0, "threads are kernel threads again");
	is(mixio_enter(), 0, "enter anew");
	start(&t, entered, NULL);
	is((long)join(t), 1, "and threads are green anew");
}

/* The domain is moved away from a busy thread, which leaves then. */
static void
leave_busy(void)
{
	int self = kernel_tid(), i, bad = 0;
	struct timespec a, b;
	pthread_t t;

	for (i = 0; i < 10; i++) {
		bad += mixio_enter() != 0;
		start(&t, nap, (void *)5);
		clock_gettime(CLOCK_MONOTONIC, &a);
		do
			clock_gettime(CLOCK_MONOTONIC, &b);
		while ((b.tv_sec - a.tv_sec) * 1000 +
		    (b.tv_nsec - a.tv_nsec) / 1000000 < 60);
		join(t);
		bad += mixio_leave() != 0;
		bad += kernel_tid() != self;
	}
	is(bad, 0, "leave after handoffs, on its own kernel thread");
}

static void *
enter_only(void *arg)
{
	pthread_t t;

	if (mixio_enter() != 0)
		return (void *)1;
	start(&t, nap, (void *)1);
	join(t);
	return arg;
}

static void *
cycle(void *arg)
{
	intptr_t i, n = (intptr_t)arg, bad = 0;
	pthread_t t;

	for (i = 0; i < n; i++) {
		bad += mixio_enter() != 0;
		start(&t, nap, (void *)1);
		join(t);
		bad += mixio_leave() != 0;
		bad += mixio_entered() != 0;
	}
	return (void *)bad;
}

static void
cycles(void)
{
	int self = kernel_tid(), fds, kts, i;
	pthread_t t, u[8];

	is((long)cycle((void *)5), 0, "five to begin with");
	nap((void *)300);
	fds = entries("/proc/self/fd");
	kts = entries("/proc/self/task") - 2;
	is((long)cycle((void *)200), 0, "200 times enter and leave");
	is(kernel_tid(), self, "on its own kernel thread");
	is(entries("/proc/self/fd"), fds, "no descriptor is left behind");
	most(tasks(kts + 2), kts, "no kernel thread is left behind");
	for (i = 0; i < 50; i++) {
		start(&t, enter_only, NULL);
		join(t);
	}
	nap((void *)300);
	is(entries("/proc/self/fd"), fds,
	    "nor of 50 threads that end without leave");
	most(tasks(kts + 2), kts, "nor a kernel thread of theirs");
	for (i = 0; i < 8; i++)
		start(&u[i], cycle, (void *)25);
	for (i = 0; i < 8; i++)
		is((long)join(u[i]), 0, "8 threads at once, 25 times each");
	nap((void *)300);
	is(entries("/proc/self/fd"), fds, "no descriptor is left behind");
	most(tasks(kts + 2 + 8), kts + 8, "and no more than 8 helpers");
	leave_busy();
}

/* ---- stats ---- */

static void *
spin(void *ms)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do
		clock_gettime(CLOCK_MONOTONIC, &b);
	while ((b.tv_sec - a.tv_sec) * 1000 +
	    (b.tv_nsec - a.tv_nsec) / 1000000 < (intptr_t)ms);
	return NULL;
}

static void
counters(void)
{
	struct mixio_stats s = { .size = sizeof(s) }, a, b;
	pthread_t t[10], u;
	pid_t pid;
	int i;

	is(mixio_stats(&s), EINVAL, "not opted in");
	is(mixio_enter(), 0, "enter");
	is(mixio_stats(NULL), EINVAL, "NULL");
	s.size = 0;
	is(mixio_stats(&s), EINVAL, "size 0");
	s.size = 7;
	is(mixio_stats(&s), EINVAL, "size 7");
	s.size = sizeof(s) + 8;
	is(mixio_stats(&s), EINVAL, "size too large");
	memset(&s, 0xa5, sizeof(s));
	s.size = 16;
	is(mixio_stats(&s), 0, "a program with an older header");
	is((long)s.size, 16, "its size is left");
	ok(s.switches != 0xa5a5a5a5a5a5a5a5 && s.parks == 0xa5a5a5a5a5a5a5a5,
	    "nothing behind it is written");
	s.size = sizeof(s);
	is(mixio_stats(&s), 0, "size");
	is((long)s.live, 1, "one thread is alive");
	is((long)s.peak, 1, "never more so far");
	is((long)s.created, 0, "none was created");
	is((long)s.reused, 0, "nor reused");
	is((long)s.handoffs, 0, "no handoff");
	a = stats();
	for (i = 0; i < 10; i++)
		start(&t[i], nap, (void *)200);
	nap((void *)50);
	b = stats();
	is((long)b.live, 11, "11 are alive");
	is((long)b.peak, 11, "the peak is 11");
	is((long)(b.created + b.reused - a.created - a.reused), 10,
	    "10 created or reused");
	ok(b.parks - a.parks >= 11, "each of them parked, and we did");
	ok(b.switches - a.switches >= 11, "switches");
	most((long)(b.parks - a.parks), 100, "and not much more often");
	for (i = 0; i < 10; i++)
		join(t[i]);
	b = stats();
	is((long)b.live, 1, "they have ended");
	is((long)b.peak, 11, "the peak stays");
	most((long)b.created, 10, "at most 10 identities were born");
	ok(b.pooled >= 1, "some are in the pool");
	for (i = 0; i < 10; i++) {
		start(&u, nap, (void *)1);
		join(u);
	}
	a = stats();
	ok(a.reused >= b.reused + 10, "one after the other they are reused");
	is((long)a.created, (long)b.created, "and none is born");
	start(&u, spin, (void *)300);
	for (i = 0; i < 10; i++)
		nap((void *)10);
	join(u);
	b = stats();
	ok(b.handoffs > a.handoffs, "a busy thread: handoffs");
	ok(b.helpers >= 1 && b.helpers <= b.helpers_peak, "helpers");
	most((long)b.helpers_peak, 8, "a few of them");
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	a = stats();
	ok(a.live == 1 && a.created == b.created &&
	    a.switches >= b.switches && a.hops >= b.hops, "after a fork");
}

/* ---- dump ---- */

static sem_t never;
static int quiet[2];
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t free_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t no_signal = PTHREAD_COND_INITIALIZER;
static int stop;

static void *
waits(void *arg)
{
	const char *how = arg;
	char c;

	if (!strcmp(how, "in-sem"))
		sem_wait(&never);
	else if (!strcmp(how, "in-recv"))
		(void)!recv(quiet[0], &c, 1, 0);
	else if (!strcmp(how, "in-sleep"))
		usleep(1500000);
	else if (!strcmp(how, "in-mutex")) {
		pthread_mutex_lock(&held);
		pthread_mutex_unlock(&held);
	} else {
		pthread_mutex_lock(&free_mutex);
		while (!stop)
			pthread_cond_wait(&no_signal, &free_mutex);
		pthread_mutex_unlock(&free_mutex);
	}
	return NULL;
}

static char *
dumped(int *ret_rc)
{
	int fd = fileno(tmpfile());
	char *text = calloc(1, 1 << 16);

	*ret_rc = mixio_dump(fd);
	if (pread(fd, text, (1 << 16) - 1, 0) < 0)
		perror("pread");
	return text;
}

static int
lines(const char *text)
{
	const char *p;
	int n = 0;

	for (p = text; (p = strstr(p, "thread ")); p++)
		n += p == text || p[-1] == '\n';
	return n;
}

static void *
lonely_dump(void *arg)
{
	char *text;
	int rc;

	(void)arg;
	if (mixio_enter() != 0)
		return NULL;
	pthread_setname_np(pthread_self(), "lonely");
	text = dumped(&rc);
	return rc ? NULL : text;
}

static void
dump(void)
{
	static const char *const how[] = { "in-sem", "in-recv", "in-sleep",
		"in-mutex", "in-cond" };
	char *text, *p, *line, name[64];
	pthread_attr_t attr;
	pthread_t t[5], k;
	int i, rc, p2[2];

	signal(SIGPIPE, SIG_IGN);
	sem_init(&never, 0, 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, quiet) || pipe(p2))
		perror("socketpair");
	is(mixio_enter(), 0, "enter");
	pthread_setname_np(pthread_self(), "the-main");
	pthread_mutex_lock(&held);
	for (i = 0; i < 5; i++) {
		start(&t[i], waits, (void *)how[i]);
		pthread_setname_np(t[i], how[i]);
	}
	nap((void *)100);
	text = dumped(&rc);
	is(rc, 0, "dump");
	is(lines(text), 6, "a line for every thread");
	ok(strstr(text, "\"the-main\" running"), "the caller runs");
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "\"%s\" parked in ", how[i]);
		p = strstr(text, name);
		line = p ? strndup(p, strcspn(p, "\n")) : strdup("");
		printf("%s\n", line);
		ok(p, how[i]);
		snprintf(name, sizeof(name), "%s", how[i] + 3);
		ok(strstr(line + (p ? strlen(how[i]) + 2 : 0), name),
		    "what it waits in");
	}
	if (failed)
		printf("%s\n", text);
	pthread_attr_init(&attr);
	(void)mixio_kernel_threads(1);
	start(&k, lonely_dump, NULL);
	text = join(k);
	mixio_kernel_threads(0);
	ok(text && lines(text) == 1 && strstr(text, "lonely"),
	    "another domain has its own");
	is(mixio_dump(-1), EBADF, "descriptor -1");
	close(p2[0]);
	is(mixio_dump(p2[1]), EPIPE, "a pipe that nobody reads");
	i = open("/dev/full", O_WRONLY);
	is(mixio_dump(i), ENOSPC, "a full device");
	pthread_mutex_unlock(&held);
	sem_post(&never);
	(void)!send(quiet[1], "x", 1, 0);
	pthread_mutex_lock(&free_mutex);
	stop = 1;
	pthread_cond_signal(&no_signal);
	pthread_mutex_unlock(&free_mutex);
	for (i = 0; i < 5; i++)
		join(t[i]);
	text = dumped(&rc);
	is(lines(text), 1, "and none of those that have ended");
}

/* ---- kernel threads ---- */

struct kthread {
	sem_t here, go;
	long tid;
	int entered, ktid;
};

static void *
kernel(void *arg)
{
	struct kthread *k = arg;

	k->tid = syscall(SYS_gettid);
	k->ktid = kernel_tid();
	k->entered = mixio_entered();
	sem_post(&k->here);
	sem_wait(&k->go);
	return k;
}

static void
kthreads(void)
{
	struct kthread k[8] = { 0 };
	pthread_attr_t attr;
	pthread_t t[8];
	int i, j, before, bad = 0, same = 0;

	is(mixio_enter(), 0, "enter");
	nap((void *)20);
	before = tasks(0);
	is(mixio_kernel_threads(1), 0, "off at first");
	is(mixio_kernel_threads(1), 1, "on");
	for (i = 0; i < 8; i++) {
		sem_init(&k[i].here, 0, 0);
		sem_init(&k[i].go, 0, 0);
		start(&t[i], kernel, &k[i]);
	}
	for (i = 0; i < 8; i++) {
		sem_wait(&k[i].here);
		bad += k[i].entered || !is_task(k[i].tid) ||
		    k[i].tid != k[i].ktid;
		for (j = 0; j < i; j++)
			same += k[i].tid == k[j].tid;
	}
	is(bad, 0, "their tids are the kernel's, they have not entered");
	is(same, 0, "and distinct");
	ok(entries("/proc/self/task") - 2 >= before + 8,
	    "8 more kernel threads");
	is(mixio_kernel_threads(0), 1, "off again");
	for (i = 0; i < 8; i++) {
		sem_post(&k[i].go);
		ok(join(t[i]) == &k[i], "a green thread joins it");
	}
	start(&t[0], kernel, &k[0]);
	sem_wait(&k[0].here);
	ok(k[0].entered && !is_task(k[0].tid), "then threads are green");
	sem_post(&k[0].go);
	join(t[0]);
	pthread_attr_init(&attr);
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
	is(pthread_create(&t[0], &attr, kernel, &k[0]), 0, "scope: system");
	sem_wait(&k[0].here);
	ok(k[0].entered, "which most runtimes ask for: green");
	sem_post(&k[0].go);
	join(t[0]);
	pthread_attr_init(&attr);
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS);
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
	is(pthread_create(&t[0], &attr, kernel, &k[0]), 0,
	    "scope: process, then system");
	sem_wait(&k[0].here);
	ok(!k[0].entered && is_task(k[0].tid), "a kernel thread");
	sem_post(&k[0].go);
	join(t[0]);
}

/* ---- several domains ---- */

static struct slot {
	sem_t sem;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool token;
	pthread_t thread;
	bool known;
} ring[RING];
static _Atomic long passed;
static pthread_barrier_t all_made;

/* Neighbours in the ring are of different domains. */
static void *
by_sem(void *arg)
{
	long i = (long)arg, round;

	for (round = 0; round < ROUNDS; round++) {
		while (sem_wait(&ring[i].sem) != 0)
			;
		passed++;
		sem_post(&ring[(i + 1) % RING].sem);
	}
	return arg;
}

static void *
by_cond(void *arg)
{
	long i = (long)arg, round;
	struct slot *mine = &ring[i], *next = &ring[(i + 1) % RING];

	for (round = 0; round < ROUNDS; round++) {
		pthread_mutex_lock(&mine->lock);
		while (!mine->token)
			pthread_cond_wait(&mine->cond, &mine->lock);
		mine->token = false;
		pthread_mutex_unlock(&mine->lock);
		passed++;
		pthread_mutex_lock(&next->lock);
		next->token = true;
		pthread_cond_signal(&next->cond);
		pthread_mutex_unlock(&next->lock);
	}
	return arg;
}

/* All threads under one lock, and one that counts wakes everybody. */
static pthread_mutex_t crowd_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t crowd_cond = PTHREAD_COND_INITIALIZER;
static long turn;

static void *
by_broadcast(void *arg)
{
	long i = (long)arg, round;

	for (round = 0; round < 2; round++) {
		pthread_mutex_lock(&crowd_lock);
		while (turn % RING != i)
			pthread_cond_wait(&crowd_cond, &crowd_lock);
		turn++;
		passed++;
		pthread_cond_broadcast(&crowd_cond);
		pthread_mutex_unlock(&crowd_lock);
	}
	return arg;
}

struct opted {
	void *(*fn)(void *);
	long index;
	bool foreign;		/* join the next domain's threads */
	int bad;
};

static void *
opt_in(void *arg)
{
	struct opted *o = arg;
	struct mixio_stats s;
	long i, at;

	o->bad += mixio_enter() != 0;
	for (i = 0; i < EACH; i++) {
		at = i * DOMAINS + o->index;
		start(&ring[at].thread, o->fn, (void *)at);
	}
	pthread_barrier_wait(&all_made);
	for (i = 0; i < EACH; i++) {
		at = i * DOMAINS +
		    (o->foreign ? (o->index + 1) % DOMAINS : o->index);
		o->bad += join(ring[at].thread) != (void *)at;
	}
	/* Their own threads end when others join them: then nobody is left. */
	pthread_barrier_wait(&all_made);
	s = stats();
	o->bad += s.peak > EACH + 1;
	o->bad += mixio_leave() != 0;
	return NULL;
}

static void
token(void *(*fn)(void *), long rounds, bool foreign, const char *name)
{
	struct opted o[DOMAINS] = { { 0 } };
	pthread_t t[DOMAINS];
	int i, bad = 0;

	passed = turn = 0;
	pthread_barrier_init(&all_made, NULL, DOMAINS);
	for (i = 0; i < RING; i++) {
		sem_init(&ring[i].sem, 0, i == 0);
		pthread_mutex_init(&ring[i].lock, NULL);
		pthread_cond_init(&ring[i].cond, NULL);
		ring[i].token = i == 0;
	}
	for (i = 0; i < DOMAINS; i++) {
		o[i] = (struct opted){ fn, i, foreign, 0 };
		start(&t[i], opt_in, &o[i]);
	}
	for (i = 0; i < DOMAINS; i++) {
		join(t[i]);
		bad += o[i].bad;
	}
	is(passed, rounds * RING, name);
	is(bad, 0, "joins and leaves of it");
	pthread_barrier_destroy(&all_made);
}

static void
domains(void)
{
	int fds, i;

	token(by_sem, ROUNDS, false, "a token by semaphores");
	fds = entries("/proc/self/fd");
	token(by_cond, ROUNDS, false, "a token by condition variables");
	token(by_broadcast, 2, false, "a token by broadcasts");
	token(by_sem, ROUNDS, true, "semaphores, joins across domains");
	token(by_cond, ROUNDS, true, "conditions, joins across domains");
	for (i = 0; i < 10; i++)
		token(by_cond, ROUNDS, i % 2, "again");
	nap((void *)200);
	is(entries("/proc/self/fd"), fds, "no descriptor is left behind");
}

/* ---- a thread that opted in ends before its threads ---- */

static pthread_t orphan[10];
static _Atomic int steps;
static int orphan_rc[10];

static void *
lives_on(void *arg)
{
	intptr_t i = (intptr_t)arg, k;
	struct mixio_stats s = { .size = sizeof(s) };
	pthread_t t;

	for (k = 0; k < 10; k++) {
		usleep(20000);
		steps++;
	}
	start(&t, nap, (void *)10);
	orphan_rc[i] = join(t) != (void *)10;
	orphan_rc[i] += mixio_entered() != 1;
	orphan_rc[i] += mixio_leave() != EINVAL;
	orphan_rc[i] += mixio_stats(&s) != 0 || s.live < 1 || s.live > 21;
	return arg;
}

static void *
ends_early(void *arg)
{
	intptr_t i;

	if (mixio_enter() != 0)
		return NULL;
	for (i = 0; i < 10; i++)
		start(&orphan[i], lives_on, (void *)i);
	if (arg) {
		usleep(30000);
		pthread_exit(&orphan);
	}
	return &orphan;
}

static void
orphans(void)
{
	int fds = 0, i, round, bad = 0, kts = 0;
	pthread_t t;

	for (round = 0; round < 6; round++) {
		steps = 0;
		start(&t, ends_early, (void *)(intptr_t)(round % 2));
		bad += join(t) != &orphan;
		bad += steps >= 100;
		for (i = 0; i < 10; i++)
			bad += join(orphan[i]) != (void *)(intptr_t)i;
		for (i = 0; i < 10; i++)
			bad += orphan_rc[i];
		is(steps, 100, "green threads live on");
		if (round < 2) {
			nap((void *)300);
			fds = entries("/proc/self/fd");
			kts = entries("/proc/self/task");
		}
	}
	is(bad, 0, "joins, calls and threads of theirs");
	nap((void *)300);
	is(entries("/proc/self/fd"), fds, "their domains' descriptors go");
	most(tasks(kts), kts - 2, "and their kernel threads");
}

/* ---- fork ---- */

static int
child(void)
{
	int p[2], rc = 0;
	pthread_t t;
	char c = 0;

	rc |= mixio_entered() == 1 ? 0 : 1;
	start(&t, nap, (void *)20);
	nap((void *)1);
	rc |= join(t) == (void *)20 ? 0 : 2;
	rc |= pipe(p) == 0 ? 0 : 4;
	start(&t, in_green, (int[5]){ 0 });
	(void)!write(p[1], "x", 1);
	rc |= read(p[0], &c, 1) == 1 && c == 'x' ? 0 : 8;
	join(t);
	rc |= mixio_leave() == 0 ? 0 : 16;
	rc |= mixio_entered() == 0 ? 0 : 32;
	rc |= mixio_enter() == 0 ? 0 : 64;
	return rc;
}

static void *
forks(void *arg)
{
	int status = -1, i;
	intptr_t bad = 0;
	pid_t pid;

	for (i = 0; i < 5; i++) {
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			alarm(20);
			_exit(child());
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
			printf("%s: fork: status %#x\n", (char *)arg, status);
			bad++;
		}
	}
	return (void *)bad;
}

static void *
fork_domain(void *arg)
{
	intptr_t bad = 0;
	pthread_t t, u;

	if (mixio_enter() != 0)
		return (void *)1;
	start(&u, nap, (void *)200);
	bad += (intptr_t)forks("main of a domain");
	start(&t, forks, "green thread");
	bad += (intptr_t)join(t);
	bad += join(u) != (void *)200;
	return (void *)(bad + (arg == NULL && mixio_leave() != 0));
}

static void
fork_second(void)
{
	pthread_t t, u[3];
	int status = -1, i;
	pid_t pid;

	start(&t, fork_domain, NULL);
	is((long)join(t), 0, "fork in a domain, main thread not in one");
	start(&t, fork_domain, NULL);
	nap((void *)20);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		if (mixio_entered() || mixio_leave() != EINVAL)
			_exit(100);
		if (mixio_enter() != 0)
			_exit(101);
		_exit(child());
	}
	is(waitpid(pid, &status, 0), pid, "fork in a kernel thread beside it");
	is(status, 0, "whose child opts in by itself");
	join(t);
	is(mixio_enter(), 0, "enter");
	mixio_kernel_threads(1);
	for (i = 0; i < 3; i++)
		start(&u[i], fork_domain, NULL);
	mixio_kernel_threads(0);
	is((long)forks("first domain"), 0, "fork in the first domain");
	for (i = 0; i < 3; i++)
		is((long)join(u[i]), 0, "fork in three more at once");
}

/* ---- mixio_interrupt ---- */

struct victim {
	int kind;	/* which call: an index of the names below */
	int fd;		/* a pipe that stays empty */
	sem_t *sem;	/* posted by the test at the end, for sem_wait */
	int rc, error;	/* of the first call, ended before it would */
	int rc2;	/* of the same call with a short timeout, after it */
};

static void
blocking_call(struct victim *v, int ms, int *ret_rc, int *ret_error)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	struct epoll_event ev;
	fd_set set;
	char c;
	int ep;

	errno = 0;
	switch (v->kind) {
	case 0:
		*ret_rc = (int)read(v->fd, &c, 1);
		break;
	case 1:
		*ret_rc = poll(&p, 1, ms);
		break;
	case 2:
		FD_ZERO(&set);
		FD_SET(v->fd, &set);
		*ret_rc = pselect(v->fd + 1, &set, NULL, NULL, &ts, NULL);
		break;
	case 3:
		ep = epoll_create1(EPOLL_CLOEXEC);
		ev.events = EPOLLIN;
		epoll_ctl(ep, EPOLL_CTL_ADD, v->fd, &ev);
		*ret_rc = epoll_wait(ep, &ev, 1, ms);
		*ret_error = errno;
		close(ep);
		return;
	case 4:
		*ret_rc = nanosleep(&ts, NULL);
		break;
	default:
		*ret_rc = sem_wait(v->sem);
	}
	*ret_error = errno;
}

static void *
victim(void *arg)
{
	struct victim *v = arg;
	int error;

	blocking_call(v, 600000, &v->rc, &v->error);
	if (v->kind >= 1 && v->kind <= 4)
		blocking_call(v, 2, &v->rc2, &error);
	return NULL;
}

/* Interrupts t as soon as it waits. False: it does not come to that. */
static bool
hit(pthread_t t)
{
	int i, rc;

	for (i = 0; i < 10000; i++) {
		rc = mixio_interrupt(t);
		if (rc == 0)
			return true;
		if (rc != EAGAIN)
			return false;
		nap((void *)1);
	}
	return false;
}

static void *
hit_thread(void *arg)
{
	return hit(*(pthread_t *)arg) ? arg : NULL;
}

static void
interrupt(void)
{
	static const char *const names[] = { "read", "poll", "pselect",
	    "epoll_wait", "nanosleep" };
	struct victim v = { .kind = 0 };
	int fds[2], by, i, missed = 0;
	pthread_t t, u;
	char what[64];
	sem_t sem;

	is(mixio_interrupt(pthread_self()), ESRCH, "not opted in: ESRCH");
	ok(mixio_domain() == 0, "not opted in: no domain");
	is(mixio_enter(), 0, "enter");
	ok(mixio_domain() != 0, "a domain");
	is(mixio_interrupt(pthread_self()), EAGAIN, "running: EAGAIN");
	is(pipe(fds), 0, "pipe");
	for (i = 0; i < 10; i++) {
		/* By a thread of the same domain, and by a kernel thread. */
		by = i / 5;
		memset(&v, 0, sizeof(v));
		v.kind = i % 5;
		v.fd = fds[0];
		start(&t, victim, &v);
		mixio_kernel_threads(by);
		start(&u, hit_thread, &t);
		mixio_kernel_threads(0);
		missed += join(u) != &t;
		join(t);
		snprintf(what, sizeof(what), "%s fails%s", names[v.kind],
		    by ? ", from outside" : "");
		ok(v.rc == -1 && v.error == ECANCELED, what);
		is(v.rc2, 0, "and only once");
	}
	is(missed, 0, "every request met a waiting call");
	sem_init(&sem, 0, 0);
	v.kind = 5;
	v.sem = &sem;
	start(&t, victim, &v);
	nap((void *)10);
	is(mixio_interrupt(t), EAGAIN, "sem_wait cannot fail");
	sem_post(&sem);
	join(t);
	is(v.rc, 0, "and does not");
}

static const struct {
	const char *name;
	void (*fn)(void);
} groups[] = {
	{ "bare", bare },
	{ "enter", enter },
	{ "cycles", cycles },
	{ "stats", counters },
	{ "dump", dump },
	{ "kernel_threads", kthreads },
	{ "domains", domains },
	{ "orphans", orphans },
	{ "fork", fork_second },
	{ "interrupt", interrupt },
};

int
main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		if (argc > 1 && !strcmp(argv[1], groups[i].name)) {
			groups[i].fn();
			return failed;
		}
	}
	return 2;
}
