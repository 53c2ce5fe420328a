/* SPDX-License-Identifier: MIT */
/* posix_spawn, system, popen from main and threads; others go on. */
#include <spawn.h>

#include "t.h"

static int ticks;

/* A file lets the command go once all ticks are there. */
#define UNTIL_GO "until [ -e go ]; do sleep 0.02; done; rm go; "

static void *
tick(void *arg)
{
	for (int i = 0; i < 10; i++) {
		ms(10);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	close(open("go", O_CREAT | O_WRONLY, 0600));
	return arg;
}

static void *
work(void *arg)
{
	char *argv[] = { "sh", "-c", "read x; echo got $x; exit 6", NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	int in[2], st;
	char line[64];
	sigset_t s;
	FILE *f;
	pid_t p;

	MUST(pipe(in) == 0);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in[0], 0);
	posix_spawn_file_actions_addclose(&fa, in[1]);
	E(posix_spawn(&p, "/bin/sh", &fa, NULL, argv, envp));
	MUST(write(in[1], "this\n", 5) == 5);
	R(waitpid(p, &st, 0) == p);
	say("status %d", WEXITSTATUS(st));
	close(in[0]);
	close(in[1]);
	E(posix_spawn(&p, "/no/such", NULL, NULL, argv, envp));
	argv[2] = "kill -TERM $$; exit 1";
	posix_spawnattr_init(&at);
	sigfillset(&s);
	posix_spawnattr_setsigdefault(&at, &s);
	sigemptyset(&s);
	posix_spawnattr_setsigmask(&at, &s);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSIGDEF |
					      POSIX_SPAWN_SETSIGMASK);
	E(posix_spawnp(&p, "sh", NULL, &at, argv, envp));
	R(waitpid(p, &st, 0) == p);
	say("signal %d", WTERMSIG(st));

	__atomic_store_n(&ticks, 0, __ATOMIC_SEQ_CST);
	pthread_t t = spawn(tick, NULL);
	st = system(UNTIL_GO "exit 7");
	say("system %d, ticks %d", WEXITSTATUS(st),
	    __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
	join(t);
	st = system("kill -9 $$");
	say("system: signal %d", WTERMSIG(st));
	R(system(NULL) != 0);
	st = system("exit 127");
	say("system %d", WEXITSTATUS(st));

	__atomic_store_n(&ticks, 0, __ATOMIC_SEQ_CST);
	t = spawn(tick, NULL);
	f = popen(UNTIL_GO "echo line one; echo line two; exit 8", "r");
	while (fgets(line, sizeof(line), f))
		say("%.*s", (int)strcspn(line, "\n"), line);
	st = pclose(f);
	say("pclose %d, ticks %d", WEXITSTATUS(st),
	    __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
	join(t);
	f = popen("cat >popen.out; sleep 0.1; exit 9", "w");
	fputs("to popen\n", f);
	st = pclose(f);
	say("pclose %d", WEXITSTATUS(st));
	f = fopen("popen.out", "r");
	MUST(f && fgets(line, sizeof(line), f));
	say("%.*s", (int)strcspn(line, "\n"), line);
	fclose(f);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
