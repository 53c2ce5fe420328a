/* SPDX-License-Identifier: MIT */
/*
 * Random work for many threads, green and kernel: items go through channels
 * of different make and every one must arrive exactly once; descriptors are
 * closed under readers, threads are cancelled, signals sent, children forked.
 * A watchdog aborts and says what is outstanding when nothing moves.
 *
 *	stress [--seed N] [--seconds N] [--live N] [--only LETTERS]
 *	       [--make N] [--alarm MS]
 *
 * Prints TAP.  Natively all threads are kernel threads; closing under a
 * reader is done by way of shutdown then, since the kernel wakes nobody.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RING 16                       /* items in a channel of our own */
#define MAX_ITEMS (1ull << 28)
#define MAX_LIVE 2000
#define DIE(...) die(__LINE__, __VA_ARGS__)

enum make {
	COND, TIMEDCOND, SEM, PIPE, SEQPACKET, TCP, EVENTFD, POLL, EPOLL,
	MAKES
};

static const char *const make_names[] = { "cond", "timedcond", "sem", "pipe",
					  "seqpacket", "tcp", "eventfd",
					  "poll", "epoll" };

struct channel {
	enum make make;
	pthread_mutex_t m, m2;        /* the ring; senders and receivers */
	pthread_cond_t not_empty, not_full;
	sem_t items, room;
	uint64_t ring[RING];
	unsigned head, tail;
	int fd[2], ev, ep;            /* [0] is read from, [1] written to */
	uint64_t sent, received;
};

/* What one thread is at: written by it, read by the watchdog. */
struct slot {
	int used;
	int kernel;                   /* it is a kernel thread */
	const char *volatile what;
	volatile long done, of;       /* steps */
	volatile int channel;
	uint64_t seed;
	pthread_t thread;
};

static struct channel channels[MAKES];
static struct slot slots[MAX_LIVE];
static unsigned char *ledger;         /* a bit for each item that arrived */
static uint64_t next_item, received, progress, forks, closes, kills, cancels;
static uint64_t rounds, errors;
static int live, max_live = 150, only_make = -1, alarm_ms = 7, finishing, under_mixio;
static double seconds = 10;
static uint64_t seed;
static const char *only = "";
/* Held for reading by whoever makes descriptors, for writing while a number
 * is closed and must not be reused. */
static pthread_rwlock_t numbers;
static void (*dump)(int);

static void
die(int line, const char *fmt, ...)
{
	char buf[300];
	va_list ap;
	int n;

	n = snprintf(buf, sizeof(buf), "# line %d (seed %llu): ", line,
		     (unsigned long long)seed);
	va_start(ap, fmt);
	n += vsnprintf(buf + n, sizeof(buf) - n - 1, fmt, ap);
	va_end(ap);
	buf[n++] = '\n';
	if (write(2, buf, n) < 0)
		_exit(3);
	__atomic_add_fetch(&errors, 1, __ATOMIC_SEQ_CST);
	abort();
}

static uint64_t
rnd(uint64_t *s)
{
	uint64_t x = *s += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void
step(struct slot *s)
{
	s->done++;
	__atomic_add_fetch(&progress, 1, __ATOMIC_RELAXED);
}

static void
nap(uint64_t *r, int most_us)
{
	struct timespec ts = { 0, (long)(rnd(r) % most_us) * 1000 };
	double begin = now(), want = ts.tv_nsec / 1e9;

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
	if (now() - begin < want - 1e-6)
		DIE("woke early");
}

static void
sem_down(sem_t *s)
{
	while (sem_wait(s) != 0)
		if (errno != EINTR)
			DIE("sem_wait: %s", strerror(errno));
}

/* ------------------------------------------------------------- channels */

static void
make_pair(struct channel *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int l;

	switch (c->make) {
	case PIPE:
		if (pipe(c->fd) != 0)
			DIE("pipe");
		break;
	case POLL:
		if (pipe2(c->fd, O_NONBLOCK) != 0)
			DIE("pipe2");
		break;
	case SEQPACKET:
	case EPOLL:
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, c->fd) != 0)
			DIE("socketpair");
		break;
	case TCP:
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		l = socket(AF_INET, SOCK_STREAM, 0);
		c->fd[1] = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(l, (void *)&in, len) || listen(l, 1) ||
		    getsockname(l, (void *)&in, &len) ||
		    connect(c->fd[1], (void *)&in, len))
			DIE("tcp");
		c->fd[0] = accept(l, NULL, NULL);
		close(l);
		break;
	default:
		break;
	}
}

static void
make_channel(struct channel *c, enum make make)
{
	struct epoll_event ev = { .events = EPOLLIN };

	c->make = make;
	pthread_mutex_init(&c->m, NULL);
	pthread_mutex_init(&c->m2, NULL);
	pthread_cond_init(&c->not_empty, NULL);
	pthread_cond_init(&c->not_full, NULL);
	sem_init(&c->items, 0, 0);
	sem_init(&c->room, 0, RING);
	c->ev = eventfd(0, EFD_SEMAPHORE);
	make_pair(c);
	c->ep = epoll_create1(0);
	if (make == EPOLL)
		epoll_ctl(c->ep, EPOLL_CTL_ADD, c->fd[0], &ev);
}

static void
put(struct channel *c, uint64_t x)
{
	struct pollfd p = { c->fd[1], POLLOUT, 0 };
	ssize_t n = sizeof(x);

	switch (c->make) {
	case COND:
	case TIMEDCOND:
	case EVENTFD:
		pthread_mutex_lock(&c->m);
		while (c->tail - c->head == RING)
			pthread_cond_wait(&c->not_full, &c->m);
		c->ring[c->tail++ % RING] = x;
		if (c->make == EVENTFD) {
			while (eventfd_write(c->ev, 1) != 0)
				if (errno != EINTR)
					DIE("eventfd_write");
		} else {
			pthread_cond_signal(&c->not_empty);
		}
		pthread_mutex_unlock(&c->m);
		break;
	case SEM:
		sem_down(&c->room);
		pthread_mutex_lock(&c->m);
		c->ring[c->tail++ % RING] = x;
		pthread_mutex_unlock(&c->m);
		sem_post(&c->items);
		break;
	case PIPE:
		while ((n = write(c->fd[1], &x, sizeof(x))) < 0 &&
		       errno == EINTR)
			;
		break;
	case POLL:
		while ((n = write(c->fd[1], &x, sizeof(x))) < 0 &&
		       (errno == EINTR || errno == EAGAIN))
			if (errno == EAGAIN)
				poll(&p, 1, -1);
		break;
	case TCP:
		/* The lock is held while it waits: others queue up. */
		pthread_mutex_lock(&c->m2);
		for (size_t done = 0; done < sizeof(x);) {
			n = send(c->fd[1], (char *)&x + done,
				 sizeof(x) - done, 0);
			if (n < 0 && errno != EINTR)
				DIE("send: %s", strerror(errno));
			done += n < 0 ? 0 : n;
		}
		n = sizeof(x);
		pthread_mutex_unlock(&c->m2);
		break;
	default:
		while ((n = send(c->fd[1], &x, sizeof(x), 0)) < 0 &&
		       errno == EINTR)
			;
	}
	if (n != sizeof(x))
		DIE("%s: sent %zd: %s", make_names[c->make], n,
		    strerror(errno));
	__atomic_add_fetch(&c->sent, 1, __ATOMIC_RELAXED);
}

static uint64_t
get(struct channel *c)
{
	struct pollfd p = { c->fd[0], POLLIN, 0 };
	struct epoll_event ev;
	struct timespec ts;
	uint64_t x = 0, one;
	ssize_t n = sizeof(x);

	switch (c->make) {
	case COND:
	case TIMEDCOND:
		pthread_mutex_lock(&c->m);
		while (c->head == c->tail) {
			if (c->make == COND) {
				pthread_cond_wait(&c->not_empty, &c->m);
				continue;
			}
			clock_gettime(CLOCK_REALTIME, &ts);
			ts.tv_nsec += 2000000;
			if (ts.tv_nsec >= 1000000000) {
				ts.tv_nsec -= 1000000000;
				ts.tv_sec++;
			}
			pthread_cond_timedwait(&c->not_empty, &c->m, &ts);
		}
		x = c->ring[c->head++ % RING];
		pthread_cond_signal(&c->not_full);
		pthread_mutex_unlock(&c->m);
		break;
	case EVENTFD:
		while (eventfd_read(c->ev, &one) != 0)
			if (errno != EINTR)
				DIE("eventfd_read");
		pthread_mutex_lock(&c->m);
		x = c->ring[c->head++ % RING];
		pthread_cond_signal(&c->not_full);
		pthread_mutex_unlock(&c->m);
		break;
	case SEM:
		sem_down(&c->items);
		pthread_mutex_lock(&c->m);
		x = c->ring[c->head++ % RING];
		pthread_mutex_unlock(&c->m);
		sem_post(&c->room);
		break;
	case PIPE:
		while ((n = read(c->fd[0], &x, sizeof(x))) < 0 &&
		       errno == EINTR)
			;
		break;
	case POLL:
		while ((n = read(c->fd[0], &x, sizeof(x))) < 0 &&
		       (errno == EINTR || errno == EAGAIN))
			if (errno == EAGAIN)
				poll(&p, 1, -1);
		break;
	case EPOLL:
		while ((n = recv(c->fd[0], &x, sizeof(x), MSG_DONTWAIT)) < 0 &&
		       (errno == EINTR || errno == EAGAIN))
			if (errno == EAGAIN)
				epoll_wait(c->ep, &ev, 1, -1);
		break;
	case TCP:
		pthread_mutex_lock(&c->m);
		for (size_t done = 0; done < sizeof(x);) {
			n = recv(c->fd[0], (char *)&x + done,
				 sizeof(x) - done, MSG_WAITALL);
			if (n == 0 || (n < 0 && errno != EINTR))
				DIE("recv: %s", strerror(errno));
			done += n < 0 ? 0 : n;
		}
		n = sizeof(x);
		pthread_mutex_unlock(&c->m);
		break;
	default:
		while ((n = recv(c->fd[0], &x, sizeof(x), 0)) < 0 &&
		       errno == EINTR)
			;
	}
	if (n != sizeof(x))
		DIE("%s: received %zd: %s", make_names[c->make], n,
		    strerror(errno));
	__atomic_add_fetch(&c->received, 1, __ATOMIC_RELAXED);
	return x;
}

static void *
produces(void *arg)
{
	struct slot *s = arg;
	struct channel *c = &channels[s->channel];

	while (s->done < s->of) {
		uint64_t x = __atomic_fetch_add(&next_item, 1,
						__ATOMIC_RELAXED);

		if (x >= MAX_ITEMS)
			DIE("more items than the ledger has");
		put(c, x);
		step(s);
		if (rnd(&s->seed) % 64 == 0)
			nap(&s->seed, 300);
	}
	return s;
}

static void *
consumes(void *arg)
{
	struct slot *s = arg;
	struct channel *c = &channels[s->channel];

	while (s->done < s->of) {
		uint64_t x = get(c);
		unsigned char bit;

		if (x >= __atomic_load_n(&next_item, __ATOMIC_SEQ_CST))
			DIE("%s: item %llu was never sent",
			    make_names[c->make], (unsigned long long)x);
		bit = 1 << x % 8;
		if (__atomic_fetch_or(&ledger[x / 8], bit, __ATOMIC_SEQ_CST) &
		    bit)
			DIE("%s: item %llu arrived twice",
			    make_names[c->make], (unsigned long long)x);
		__atomic_add_fetch(&received, 1, __ATOMIC_RELAXED);
		step(s);
		if (rnd(&s->seed) % 64 == 0)
			nap(&s->seed, 300);
	}
	return s;
}

/* ------------------------------------------------- close under a reader */

struct victim {
	int fd;
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
	if (under_mixio ? n != -1 || errno != EBADF : n > 0)
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
		if (!under_mixio)
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

static void *
does_fork(void *arg)
{
	struct slot *s = arg;

	while (s->done < s->of) {
		int how = rnd(&s->seed) % 3, st, n = 0;
		pid_t pid, got;
		pthread_t t[3];

		s->what = "fork: in fork";
		pid = fork();
		if (pid == 0) {
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

static sem_t handled;                 /* posted by the handler */
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

static volatile sig_atomic_t alarms;

static void
on_alarm(int sig)
{
	alarms++;
}

struct target {
	sem_t park;
	int how, fd[2];
	volatile int stop;
};

static void *
is_target(void *arg)
{
	struct target *t = arg;
	struct timespec ts;
	struct pollfd p;
	char b;

	while (!t->stop) {
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
		pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
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
	t.stop = 1;
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
			pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
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
				pthread_attr_setscope(&attr,
						      PTHREAD_SCOPE_SYSTEM);
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

/* ----------------------------------------------------------- the scheduler */

static void *
wrapper(void *arg)
{
	struct slot *s = arg;
	void *(*fn)(void *) = (void *(*)(void *))s->thread;

	fn(s);
	s->what = "ended";
	__atomic_store_n(&s->used, 0, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
launch(uint64_t *r, void *(*fn)(void *), const char *what, int channel,
       long of)
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
	s->kernel = rnd(r) % 6 == 0;
	if (s->kernel)
		pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
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
		int c, n, k = rnd(&r) % 40;

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
			launch(&r, does_cancel, "cancel", -1,
			       1 + rnd(&r) % 5);
		} else if (k < 39 && wants('b')) {
			launch(&r, does_party, "party", -1, 1 + rnd(&r) % 3);
		} else {
			nap(&r, 500);
		}
	}
	return NULL;
}

static void
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
		if (finishing == 2)
			return NULL;
		if (p != last) {
			last = p;
			since = now();
		} else if (now() - since > limit) {
			fprintf(stderr, "# nothing moved for %.0f s, seed "
				"%llu; outstanding:\n", limit,
				(unsigned long long)seed);
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
	int (*entered)(void), bad = 0;
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
		else
			return 2;
	}
	if (max_live > MAX_LIVE - 100)
		max_live = MAX_LIVE - 100;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..4\n# seed %llu, %g s\n", (unsigned long long)seed, seconds);
	*(void **)&entered = dlsym(RTLD_DEFAULT, "mixio_entered");
	*(void **)&dump = dlsym(RTLD_DEFAULT, "mixio_dump");
	under_mixio = entered && entered();
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
	pthread_attr_setscope(&attr, PTHREAD_SCOPE_SYSTEM);
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
	finishing = 1;
	while (__atomic_load_n(&live, __ATOMIC_SEQ_CST) > 0)
		usleep(1000);
	finishing = 2;
	pthread_join(w, NULL);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
	for (uint64_t i = 0; i <= next_item / 8; i++)
		bits += __builtin_popcount(ledger[i]);
	printf("# items %llu, closes %llu, forks %llu, signals %llu, "
	       "cancelled %llu, barrier rounds %llu, alarms %d\n",
	       (unsigned long long)next_item, (unsigned long long)closes,
	       (unsigned long long)forks, (unsigned long long)kills,
	       (unsigned long long)cancels, (unsigned long long)rounds,
	       (int)alarms);
	bad += check(1, received == next_item, "as many received as sent");
	bad += check(2, bits == next_item, "each of them exactly once");
	bad += check(3, live == 0, "every thread came to its end");
	bad += check(4, errors == 0, "no error");
	if (bad)
		tell();
	return bad != 0;
}
