/* SPDX-License-Identifier: MIT */
/*
 * A program to be looked at: threads that wait, compute and sit in calls, each
 * in a function with a name of its own.
 *
 *	debuggee MODE [N]
 *
 * says "ready" when all are where they shall be, answers each line of standard
 * input with "here", and ends at the end of it.  MODE is what the main thread
 * does besides: park, busy, hop, deaf (blocks and handles all signals), fork
 * (a child does it), many (N more threads), self (dumps itself N times into a
 * pipe that another of its threads reads).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static int quiet[2], locked;
static char lockfile[] = "/tmp/mixio-debuggee-XXXXXX";
static volatile int stop;
static volatile sig_atomic_t handled;

/* So that the compiler makes calls of calls at the end of functions. */
static void
here(void)
{
	__asm__ volatile("" ::: "memory");
}

static APART void
waits_in_recv(void)
{
	char c;

	recv(quiet[0], &c, 1, 0);
	here();
}

static APART void
waits_in_lock(void)
{
	pthread_mutex_lock(&held);
	here();
}

static APART void
sits_in_flock(void)
{
	/* An open file of its own, so that the lock is another's. */
	flock(open(lockfile, O_RDWR), LOCK_EX);
	here();
}

static APART void
computes(void)
{
	while (!stop)
		;
	here();
}

/* Without libc, so that mixio does not know. */
static APART void
sits_in_raw_call(void)
{
	struct timespec ts = { 1000, 0 };
#ifdef __x86_64__
	long rc;

	__asm__ volatile("syscall" : "=a"(rc) : "a"((long)SYS_nanosleep),
			 "D"(&ts), "S"(0L) : "rcx", "r11", "memory");
#else
	register long x8 __asm__("x8") = SYS_nanosleep;
	register long x0 __asm__("x0") = (long)&ts;
	register long x1 __asm__("x1") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
#endif
	here();
}

struct job {
	const char *name;
	void (*fn)(void);
};

static const struct job jobs[] = {
	{ "in-recv", waits_in_recv },
	{ "in-lock", waits_in_lock },
	{ "in-flock", sits_in_flock },
	{ "in-loop", computes },
	{ "in-raw-call", sits_in_raw_call },
};

static void *
run(void *arg)
{
	const struct job *job = arg;

	pthread_setname_np(pthread_self(), job->name);
	job->fn();
	return NULL;
}

static void
start(const struct job *job)
{
	pthread_attr_t attr;
	pthread_t t;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&t, &attr, run, (void *)job);
	pthread_attr_destroy(&attr);
	if (rc) {
		fprintf(stderr, "pthread_create: %s\n", strerror(rc));
		exit(3);
	}
}

/* Answers lines, in a thread of its own; its end is the program's. */
static void *
answer(void *arg)
{
	char line[16];

	pthread_setname_np(pthread_self(), "answers");
	while (fgets(line, sizeof(line), stdin))
		if (puts("here") < 0 || fflush(stdout) != 0)
			break;
	unlink(lockfile);
	_exit(0);
	return arg;
}

static void
on_signal(int sig)
{
	handled = sig;
}

/* As far as the program can tell, no signal comes through. */
static void
deafen(int sig)
{
	struct sigaction sa, old;
	sigset_t all;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sigfillset(&sa.sa_mask);
	if (sigaction(sig, &sa, NULL) != 0 || sigaction(sig, NULL, &old) != 0 ||
	    old.sa_handler != on_signal)
		exit(4);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* ---- self ---- */

static int tube[2];

static void *
drain(void *arg)
{
	static char buf[1 << 16];
	long total = 0;
	ssize_t n;

	while ((n = read(tube[0], buf, sizeof(buf))) > 0)
		total += n;
	*(long *)arg = total;
	return NULL;
}

static void
dump_self(int times)
{
	int (*dump)(int) = NULL, i, rc = 0;
	long total = 0;
	pthread_t t;

	*(void **)&dump = dlsym(RTLD_DEFAULT, "mixio_dump");
	if (!dump || pipe(tube) != 0 ||
	    pthread_create(&t, NULL, drain, &total) != 0)
		exit(5);
	for (i = 0; i < times && rc == 0; i++)
		rc = dump(tube[1]);
	close(tube[1]);
	pthread_join(t, NULL);
	printf("dumped %d %ld\n", rc, total);
}

/* ---- main ---- */

static APART void
main_parks(void)
{
	waits_in_recv();
	here();
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "park";
	int n = argc > 2 ? atoi(argv[2]) : 0, status;
	size_t i;
	pthread_t t;

	if (!strcmp(mode, "deaf"))
		deafen(n);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, quiet) != 0)
		return 3;
	locked = mkstemp(lockfile);
	if (locked < 0 || flock(locked, LOCK_EX) != 0)
		return 3;
	if (!strcmp(mode, "fork")) {
		pid_t pid;

		start(&jobs[0]);
		fflush(NULL);
		pid = fork();
		if (pid != 0) {
			waitpid(pid, &status, 0);
			return WEXITSTATUS(status);
		}
		printf("pid %d\n", (int)getpid());
	}
	pthread_mutex_lock(&held);
	if (pthread_create(&t, NULL, answer, NULL) != 0)
		return 3;
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		start(&jobs[i]);
	if (!strcmp(mode, "many") || !strcmp(mode, "self"))
		for (i = 0; i < (!strcmp(mode, "self") ? 200 : (size_t)n); i++)
			start(&jobs[0]);
	/* All have been there: the one in the loop gave its domain away. */
	usleep(300000);
	if (!strcmp(mode, "self"))
		dump_self(n);
	puts("ready");
	fflush(stdout);
	if (!strcmp(mode, "busy"))
		computes();
	if (!strcmp(mode, "hop"))
		sits_in_flock();
	if (!strcmp(mode, "deaf"))
		while (!handled)
			usleep(1000);
	main_parks();
	return handled ? 6 : 0;
}
