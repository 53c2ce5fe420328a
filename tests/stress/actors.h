/* SPDX-License-Identifier: MIT */
/*
 * Threads that close what others read from, fork, signal, cancel, meet at
 * barriers, look names up, compute.  Each checks what it does.
 */
#ifndef STRESS_ACTORS_H
#define STRESS_ACTORS_H

#include "common.h"

static uint64_t forks, closes, kills, cancels, rounds, lookups, spins;

/* ------------------------------------------------- close under a reader */

struct victim {
	int fd, native;               /* kernel threads make kernel threads */
	sem_t ready;
};

static void *
reads_closed(void *arg)
{
	struct victim *v = arg;
	char b[8];
	ssize_t n;

	sem_post(&v->ready);
	do
		n = recv(v->fd, b, sizeof(b), 0);
	while (n < 0 && errno == EINTR);
	if (v->native ? n > 0 : n != -1 || errno != EBADF)
		DIE("closed under recv: %zd %s", n, strerror(errno));
	return NULL;
}

static void *
does_close(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		struct victim v;
		pthread_t t[2];
		int sv[2];

		s->what = "close: waits for the numbers";
		pthread_rwlock_wrlock(&numbers);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
			DIE("socketpair: %s", strerror(errno));
		v.fd = sv[0];
		v.native = !is_green();
		sem_init(&v.ready, 0, 0);
		/* Only those of the domain are woken by a close. */
		for (int i = 0; i < 2; i++)
			if (pthread_create(&t[i], NULL, reads_closed, &v))
				DIE("pthread_create");
		s->what = "close: waits for the readers to start";
		sem_down(&v.ready);
		sem_down(&v.ready);
		if (rnd(&s->seed) % 2)
			nap(&s->seed, 500);
		if (v.native)
			shutdown(sv[0], SHUT_RDWR);
		close(sv[0]);
		s->what = "close: joins the readers";
		pthread_join(t[0], NULL);
		pthread_join(t[1], NULL);
		close(sv[1]);
		pthread_rwlock_unlock(&numbers);
		__atomic_add_fetch(&closes, 1, __ATOMIC_RELAXED);
		step(s);
		s->what = "close: naps";
		nap(&s->seed, 2000);
	}
	return s;
}

/* ------------------------------------------------------------------ fork */

static void *
in_child(void *arg)
{
	usleep(200);
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/*
 * A kernel thread that looks a name up has resolver state in its stack. If it is
 * forked away, libc gives that stack to a thread of the child, which at its end
 * waits for the resolver's lock, for ever if a third thread had it (glibc 2.36 to
 * 2.43; a lock that fork does not make new).  So children of kernel threads make
 * none while lookups run.  A sanitizer's own locks have the same fault, for all
 * children.
 */
static int lookups_run, threads_in_children = 1;

static void *
does_fork(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		int how = rnd(&s->seed) % 3, st, n = 0;
		pid_t pid, got;
		pthread_t t[3];

		if (!threads_in_children || (lookups_run && !is_green()))
			how = 0;
		s->what = "fork: in fork";
		pid = fork();
		if (pid == 0) {
			signal(SIGALRM, SIG_DFL);
			alarm(60);
			for (int i = 0; how && i < 3; i++)
				if (pthread_create(&t[i], NULL, in_child, &n))
					_exit(90);
			if (how == 2)
				usleep(500);
			for (int i = 0; how && i < 3; i++)
				if (pthread_join(t[i], NULL))
					_exit(91);
			_exit(how ? 40 + n : 40);
		}
		if (pid < 0)
			DIE("fork: %s", strerror(errno));
		s->what = "fork: waits for the child";
		do
			got = waitpid(pid, &st, 0);
		while (got < 0 && errno == EINTR);
		if (got != pid || !WIFEXITED(st) ||
		    WEXITSTATUS(st) != (how ? 43 : 40))
			DIE("child of kind %d: status %#x", how, st);
		__atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
		step(s);
		s->what = "fork: naps";
		nap(&s->seed, 5000);
	}
	return s;
}

/* --------------------------------------------------------------- signals */

static sem_t handled; /* posted by the handler */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static __thread volatile sig_atomic_t my_signals;

static void
on_usr1(int sig)
{
	int saved = errno;

	my_signals++;
	sem_post(&handled);
	errno = saved;
}

static int alarms;                    /* handled by several threads at once */

static void
on_alarm(int sig)
{
	__atomic_add_fetch(&alarms, 1, __ATOMIC_RELAXED);
}

struct target {
	sem_t park;
	int how, fd[2], stop;
};

static void *
is_target(void *arg)
{
	struct target *t = arg;
	struct timespec ts;
	struct pollfd p;
	char b;

	while (!__atomic_load_n(&t->stop, __ATOMIC_SEQ_CST)) {
		switch (t->how) {
		case 0:
			sem_wait(&t->park);
			break;
		case 1:
			if (read(t->fd[0], &b, 1) > 0)
				break;
			break;
		case 2:
			ts = (struct timespec){ 0, 50000000 };
			nanosleep(&ts, NULL);
			break;
		case 3:
			p = (struct pollfd){ t->fd[0], POLLIN, 0 };
			poll(&p, 1, -1);
			break;
		default:
			for (volatile int i = 0; i < 10000; i++)
				;
			sched_yield();
		}
	}
	return (void *)(intptr_t)my_signals;
}

static void *
does_kill(void *arg)
{
	struct slot *s = arg;
	struct target t = { .stop = 0 };
	pthread_attr_t attr;
	pthread_t victim;
	intptr_t got;
	void *ret;

	t.how = rnd(&s->seed) % 5;
	sem_init(&t.park, 0, 0);
	pthread_rwlock_rdlock(&numbers);
	if (pipe(t.fd) != 0)
		DIE("pipe: %s", strerror(errno));
	pthread_rwlock_unlock(&numbers);
	pthread_attr_init(&attr);
	if (rnd(&s->seed) % 3 == 0)
		kernel_scope(&attr);
	if (pthread_create(&victim, &attr, is_target, &t) != 0)
		DIE("pthread_create");
	while (s->done < s->of) {
		s->what = "kill: waits for its turn";
		pthread_mutex_lock(&one_at_a_time);
		if (pthread_kill(victim, SIGUSR1) != 0)
			DIE("pthread_kill");
		s->what = "kill: waits for the handler";
		sem_down(&handled);
		pthread_mutex_unlock(&one_at_a_time);
		__atomic_add_fetch(&kills, 1, __ATOMIC_RELAXED);
		step(s);
		s->what = "kill: naps";
		nap(&s->seed, 1000);
	}
	__atomic_store_n(&t.stop, 1, __ATOMIC_SEQ_CST);
	sem_post(&t.park);
	if (write(t.fd[1], "x", 1) != 1)
		DIE("write");
	s->what = "kill: joins the target";
	pthread_join(victim, &ret);
	got = (intptr_t)ret;
	if (got != s->of)
		DIE("target of kind %d handled %ld of %ld signals", t.how,
		    (long)got, s->of);
	close(t.fd[0]);
	close(t.fd[1]);
	return s;
}

/* ---------------------------------------------------------- cancellation */

static void
on_cancel(void *arg)
{
	++*(int *)arg;
}

struct canceled {
	int how, cleaned, fd;
	sem_t sem, ready;
	pthread_mutex_t m;
	pthread_cond_t c;
};

static void
unlock(void *arg)
{
	if (pthread_mutex_unlock(arg) != 0)
		DIE("cancelled without the mutex");
}

static void *
is_cancelled(void *arg)
{
	struct canceled *c = arg;
	char b;

	pthread_cleanup_push(on_cancel, &c->cleaned);
	sem_post(&c->ready);
	switch (c->how) {
	case 0:
		for (;;)
			sem_wait(&c->sem);
	case 1:
		for (;;)
			recv(c->fd, &b, 1, 0);
	case 2:
		for (;;)
			sleep(60);
	default:
		pthread_mutex_lock(&c->m);
		pthread_cleanup_push(unlock, &c->m);
		for (;;)
			pthread_cond_wait(&c->c, &c->m);
		pthread_cleanup_pop(1);
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void *
does_cancel(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		struct canceled c = { .how = rnd(&s->seed) % 4 };
		pthread_attr_t attr;
		pthread_t t;
		void *ret;
		int sv[2];

		sem_init(&c.sem, 0, 0);
		sem_init(&c.ready, 0, 0);
		pthread_mutex_init(&c.m, NULL);
		pthread_cond_init(&c.c, NULL);
		s->what = "cancel: waits for the numbers";
		pthread_rwlock_rdlock(&numbers);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) != 0)
			DIE("socketpair");
		pthread_rwlock_unlock(&numbers);
		c.fd = sv[0];
		pthread_attr_init(&attr);
		if (rnd(&s->seed) % 4 == 0)
			kernel_scope(&attr);
		if (pthread_create(&t, &attr, is_cancelled, &c) != 0)
			DIE("pthread_create");
		if (rnd(&s->seed) % 2) {
			s->what = "cancel: waits for the start";
			sem_down(&c.ready);
			nap(&s->seed, 300);
			if (pthread_cancel(t) != 0)
				DIE("pthread_cancel");
			s->what = "cancel: joins";
			pthread_join(t, &ret);
			if (ret != PTHREAD_CANCELED || c.cleaned != 1)
				DIE("cancelled in %d: %p, cleaned %d", c.how,
				    ret, c.cleaned);
		} else {
			/* Perhaps before it has even started. */
			if (pthread_cancel(t) != 0)
				DIE("pthread_cancel");
			s->what = "cancel: joins at once";
			pthread_join(t, &ret);
			if (ret != PTHREAD_CANCELED)
				DIE("not cancelled: %p", ret);
		}
		close(sv[0]);
		close(sv[1]);
		__atomic_add_fetch(&cancels, 1, __ATOMIC_RELAXED);
		step(s);
	}
	return s;
}

/* -------------------------------------------------------------- barriers */

struct party {
	pthread_barrier_t b;
	int in, serial;
};

static void *
is_guest(void *arg)
{
	struct party *p = arg;
	uint64_t r = (uintptr_t)&r ^ seed;

	for (int i = 1; i <= 5; i++) {
		__atomic_add_fetch(&p->in, 1, __ATOMIC_SEQ_CST);
		if (rnd(&r) % 4 == 0)
			nap(&r, 200);
		if (pthread_barrier_wait(&p->b) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&p->serial, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&p->in, __ATOMIC_SEQ_CST) < i * 6)
			DIE("left the barrier early");
	}
	return NULL;
}

static void *
does_party(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		struct party p = { .in = 0 };
		pthread_t t[6];
		pthread_attr_t attr;

		pthread_barrier_init(&p.b, NULL, 6);
		for (int i = 0; i < 6; i++) {
			pthread_attr_init(&attr);
			if (rnd(&s->seed) % 4 == 0)
				kernel_scope(&attr);
			if (pthread_create(&t[i], &attr, is_guest, &p) != 0)
				DIE("pthread_create");
		}
		s->what = "party: joins";
		for (int i = 0; i < 6; i++)
			pthread_join(t[i], NULL);
		if (p.serial != 5)
			DIE("%d serial threads in 5 rounds", p.serial);
		pthread_barrier_destroy(&p.b);
		__atomic_add_fetch(&rounds, 5, __ATOMIC_RELAXED);
		step(s);
	}
	return s;
}

/* --------------------------------------------------- lookups and busy work */

static void *
does_look_up(void *arg)
{
	struct slot *s = arg;
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_STREAM },
			*ai;

	while (s->done < s->of) {
		char port[8];
		int want = 1 + rnd(&s->seed) % 60000;

		snprintf(port, sizeof(port), "%d", want);
		s->what = "lookup: waits for the numbers";
		pthread_rwlock_rdlock(&numbers);
		s->what = "lookup: in getaddrinfo";
		if (getaddrinfo(rnd(&s->seed) % 2 ? "localhost" : "127.0.0.1",
				port, &hints, &ai) != 0)
			DIE("getaddrinfo");
		pthread_rwlock_unlock(&numbers);
		if (((struct sockaddr_in *)ai->ai_addr)->sin_port !=
		    htons(want))
			DIE("somebody else's result");
		freeaddrinfo(ai);
		__atomic_add_fetch(&lookups, 1, __ATOMIC_RELAXED);
		step(s);
	}
	return s;
}

static void *
does_spin(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		double end = now() + rnd(&s->seed) % 25 * 1e-3;

		s->what = "spin: computes";
		errno = (int)s->done + 1;
		while (now() < end)
			for (volatile int i = 0; i < 1000; i++)
				;
		if (errno != (int)s->done + 1)
			DIE("errno changed");
		__atomic_add_fetch(&spins, 1, __ATOMIC_RELAXED);
		step(s);
		s->what = "spin: naps";
		nap(&s->seed, 20000);
	}
	return s;
}

#endif
