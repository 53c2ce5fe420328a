/* SPDX-License-Identifier: MIT */
/* alarm, setitimer, kill(getpid()), raise: handlers run, in main. */
#include <sys/time.h>

#include "t.h"

static volatile sig_atomic_t n, in_main;
static pthread_t main_thread;

static void
handler(int sig)
{
	n++;
	in_main += pthread_equal(pthread_self(), main_thread) != 0;
}

static void *
idle(void *arg)
{
	pause();
	return arg;
}

static void
report(const char *what)
{
	say("%s: handled %d, in main %d", what, (int)n, (int)in_main);
	n = in_main = 0;
}

static void *
raises(void *arg)
{
	n = in_main = 0;
	raise(SIGUSR1);
	say("raise in a thread: handled %d, in main %d", (int)n, (int)in_main);
	pthread_kill(pthread_self(), SIGUSR1);
	say("kill itself: handled %d, in main %d", (int)n, (int)in_main);
	n = in_main = 0;
	return arg;
}

int
main(void)
{
	struct itimerval it = { { 0, 20000 }, { 0, 20000 } }, off = { 0 };

	main_thread = pthread_self();
	catch_signal(SIGALRM, handler, 0);
	catch_signal(SIGUSR1, handler, 0);
	catch_signal(SIGUSR2, handler, SA_NODEFER);
	spawn(idle, NULL);
	R(alarm(1));
	R(pause());
	report("alarm");
	R(raise(SIGUSR1));
	report("raise");
	R(kill(getpid(), SIGUSR1));
	report("kill");
	R(pthread_kill(pthread_self(), SIGUSR2));
	report("pthread_kill");
	setitimer(ITIMER_REAL, &it, NULL);
	for (int i = 0; i < 5; i++)
		pause();
	setitimer(ITIMER_REAL, &off, NULL);
	say("five ticks: enough %d, in main all %d", n >= 5, n == in_main);
	n = in_main = 0;
	/* A computation is interrupted, too. */
	it.it_interval = (struct timeval){ 0, 0 };
	setitimer(ITIMER_REAL, &it, NULL);
	while (n == 0)
		;
	report("while computing");
	R(alarm(100));
	R(alarm(0));
	join(spawn(raises, NULL));
	join(spawn_kernel(raises, NULL));
	R(kill(getpid(), 0));
	R(kill(getpid(), 999));
	R(raise(999));
	E(pthread_kill(main_thread, 0));
	E(pthread_kill(main_thread, 999));
	return 0;
}
