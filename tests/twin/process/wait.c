/* SPDX-License-Identifier: MIT */
/* waitpid, wait, waitid, wait3, wait4: status, WNOHANG, groups, ECHILD. */
#include <sys/resource.h>

#include "t.h"

static pid_t
child(int msec, int how)
{
	pid_t pid = fork();

	if (pid == 0) {
		ms(msec);
		if (how < 0)
			raise(-how);
		_exit(how);
	}
	return pid;
}

static void
status(const char *what, pid_t got, pid_t want, int st)
{
	if (got < 0)
		say("%s: %s", what, ename(errno));
	else if (WIFEXITED(st))
		say("%s: right one %d, exit %d", what, got == want,
		    WEXITSTATUS(st));
	else if (WIFSIGNALED(st))
		say("%s: right one %d, signal %d", what, got == want,
		    WTERMSIG(st));
	else if (WIFSTOPPED(st))
		say("%s: right one %d, stopped %d", what, got == want,
		    WSTOPSIG(st));
}

static void *
work(void *arg)
{
	struct rusage ru;
	siginfo_t si;
	pid_t p, q, r;
	int st = 0, fd[2];

	p = child(60, 3);
	R(waitpid(p, &st, WNOHANG));
	r = waitpid(p, &st, 0);
	status("waitpid", r, p, st);
	R(waitpid(p, &st, 0));
	p = child(0, -SIGKILL);
	r = waitpid(p, &st, 0);
	status("killed", r, p, st);
	p = child(60, 4);
	r = waitpid(-1, &st, 0);
	status("any", r, p, st);
	p = child(60, 5);
	r = wait(&st);
	status("wait", r, p, st);
	p = child(30, 6);
	r = wait4(p, &st, 0, &ru);
	status("wait4", r, p, st);
	p = child(30, 7);
	r = wait3(&st, 0, &ru);
	status("wait3", r, p, st);
	p = child(30, 8);
	r = waitpid(0, &st, 0);
	status("own group", r, p, st);
	p = fork();
	if (p == 0) {
		setpgid(0, 0);
		ms(60);
		_exit(9);
	}
	setpgid(p, p);
	R(waitpid(0, &st, WNOHANG));
	r = waitpid(-p, &st, 0);
	status("group", r, p, st);
	/* The second to be started ends first. */
	MUST(pipe(fd) == 0);
	p = fork();
	if (p == 0) {
		close(fd[1]);
		MUST(read(fd[0], &st, 1) == 0);
		_exit(10);
	}
	q = child(30, 11);
	r = waitpid(-1, &st, 0);
	status("first to end", r, q, st);
	close(fd[0]);
	close(fd[1]);
	r = waitpid(-1, &st, 0);
	status("second", r, p, st);
	p = child(30, 12);
	memset(&si, 0, sizeof(si));
	R(waitid(P_PID, p, &si, WEXITED | WNOWAIT));
	say("waitid: right one %d, status %d, code %d", si.si_pid == p,
	    si.si_status, si.si_code == CLD_EXITED);
	R(waitid(P_PID, p, &si, WEXITED));
	R(waitid(P_PID, p, &si, WEXITED));
	p = child(30, 13);
	R(waitid(P_ALL, 0, &si, WEXITED));
	say("waitid: right one %d, status %d", si.si_pid == p, si.si_status);
	p = child(60, 14);
	si.si_pid = 77;
	R(waitid(P_PID, p, &si, WEXITED | WNOHANG));
	say("nothing yet: %d", (int)si.si_pid);
	waitpid(p, &st, 0);
	/* A stopped child. */
	p = fork();
	if (p == 0) {
		raise(SIGSTOP);
		_exit(15);
	}
	r = waitpid(p, &st, WUNTRACED);
	status("stopped", r, p, st);
	kill(p, SIGCONT);
	waitpid(p, &st, 0);
	say("exit %d", WEXITSTATUS(st));
	R(waitpid(-1, &st, 0));
	R(wait(&st));
	R(waitpid(-1, &st, WNOHANG));
	R(waitpid(1, &st, 0));
	R(waitpid(-99999, &st, 0));
	R(waitid(P_ALL, 0, &si, 0));
	R(waitpid(-1, &st, 0x7fffff));
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
