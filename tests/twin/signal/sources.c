/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt */
/*
 * Signals that the kernel makes: the timers of a process, a descriptor that is
 * ready, a message queue, a limit on a file's size, a terminal's keys and size.
 * Some thread handles each; what waits for no signal goes on.
 */
#include <mqueue.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <termios.h>

#include "t.h"

static volatile sig_atomic_t handled, last, from;

static void
handler(int sig, siginfo_t *si, void *uc)
{
	last = sig;
	from = si->si_code;
	handled++;
}

static void
set(int sig)
{
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_RESTART };

	MUST(sigaction(sig, &sa, NULL) == 0);
}

/* Until it has come; busy, for what counts the time of the processor. */
static void
await(const char *what, int busy)
{
	double begin = now();

	while (handled == 0 && now() - begin < 20)
		if (!busy)
			ms(1);
	say("%s: signal %d, code %d", what, handled ? (int)last : 0,
	    handled ? (int)from : 0);
	handled = last = from = 0;
}

static void
by_mq(union sigval v)
{
	sem_post(v.sival_ptr);
}

static void *
work(void *arg)
{
	static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	static const int sigs[] = { SIGALRM, SIGVTALRM, SIGPROF };
	struct itimerval it = { { 0, 0 }, { 0, 5000 } }, left;
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	struct sigevent ev = { 0 };
	struct rlimit rl, small;
	struct f_owner_ex own = { F_OWNER_PID, getpid() };
	char name[32], b[16];
	int p[2], sv[2], fd;
	sem_t sem;
	mqd_t q;

	for (int i = 0; i < 3; i++) {
		set(sigs[i]);
		R(setitimer(which[i], &it, NULL));
		await("timer", 1);
		R(getitimer(which[i], &left));
		say("over %d", left.it_value.tv_usec == 0);
	}
	R(alarm(1));
	R(alarm(0));

	set(SIGIO);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	R(fcntl(sv[0], F_SETOWN, getpid()));
	R(fcntl(sv[0], F_SETFL, O_ASYNC));
	MUST(write(sv[1], "x", 1) == 1);
	await("O_ASYNC", 0);
	R(read(sv[0], b, 4));
	/* With a real-time signal it says which descriptor. */
	set(SIGRTMIN + 2);
	R(fcntl(sv[0], F_SETSIG, SIGRTMIN + 2));
	R(fcntl(sv[0], F_SETOWN_EX, &own));
	MUST(write(sv[1], "x", 1) == 1);
	await("F_SETSIG", 0);
	close(sv[0]);
	close(sv[1]);

	set(SIGUSR1);
	sem_init(&sem, 0, 0);
	snprintf(name, sizeof(name), "/twin.src.%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(q != (mqd_t)-1);
	mq_unlink(name);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGUSR1;
	R(mq_notify(q, &ev));
	R(mq_notify(q, &ev));
	R(mq_send(q, "x", 1, 0));
	await("mq_notify", 0);
	R(mq_receive(q, b, 16, NULL));
	ev.sigev_notify = SIGEV_THREAD;
	ev.sigev_notify_function = by_mq;
	ev.sigev_notify_attributes = NULL;
	ev.sigev_value.sival_ptr = &sem;
	R(mq_notify(q, &ev));
	R(mq_send(q, "y", 1, 0));
	while (sem_wait(&sem) != 0)
		;
	say("mq_notify by a thread");
	mq_close(q);

	set(SIGXFSZ);
	fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600);
	getrlimit(RLIMIT_FSIZE, &rl);
	small = rl;
	small.rlim_cur = 2;
	setrlimit(RLIMIT_FSIZE, &small);
	R(write(fd, "abcd", 4));
	R(write(fd, "abcd", 4));
	setrlimit(RLIMIT_FSIZE, &rl);
	await("RLIMIT_FSIZE", 0);
	close(fd);
	MUST(pipe(p) == 0);
	set(SIGPIPE);
	close(p[0]);
	R(write(p[1], "x", 1));
	await("nobody reads", 0);
	close(p[1]);
	return arg;
}

/* Somebody at the keys. */
static int
keys(int green)
{
	struct winsize ws = { 30, 90, 0, 0 };
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	char b[64];
	FILE *f;

	setsid();
	MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	fd = open(ptsname(master), O_RDWR);
	MUST(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0);
	set(SIGINT);
	set(SIGQUIT);
	set(SIGTSTP);
	set(SIGWINCH);
	MUST(write(master, "\3", 1) == 1);
	await("^C", 0);
	MUST(write(master, "\34", 1) == 1);
	await("^\\", 0);
	MUST(write(master, "\32", 1) == 1);
	await("^Z", 0);
	R(ioctl(master, TIOCSWINSZ, &ws));
	await("another size", 0);
	/* stdio on it: a line is there when it has ended, as it was edited. */
	f = fdopen(fd, "r+");
	MUST(write(master, "lin\177nes\177\n", 9) == 9);
	R(fgets(b, sizeof(b), f) == b);
	say("line %s", strtok(b, "\n"));
	MUST(write(master, "\4", 1) == 1);
	R(fgets(b, sizeof(b), f) == b);
	R(feof(f) != 0);
	clearerr(f);
	R(fputs("to the terminal\n", f) >= 0);
	R(fflush(f));
	set(SIGHUP);
	close(master);
	await("hung up", 0);
	R(read(fd, b, 4));
	R(write(fd, b, 4));
	return 0;
}

static void *
keys_green(void *arg)
{
	keys(1);
	return arg;
}

int
main(void)
{
	pid_t pid;
	int st;

	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	for (int i = 0; i < 2; i++) {
		say("-- keys %d", i);
		pid = fork();
		if (pid == 0) {
			if (i)
				join(spawn(keys_green, NULL));
			else
				keys(0);
			_exit(0);
		}
		MUST(waitpid(pid, &st, 0) == pid);
		say("status %x", (unsigned)st);
	}
	return 0;
}
