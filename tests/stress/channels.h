/* SPDX-License-Identifier: MIT */
/*
 * Channels of different make, threads that put items into them and threads
 * that take them out, and the ledger: every item must arrive exactly once.
 */
#ifndef STRESS_CHANNELS_H
#define STRESS_CHANNELS_H

#include "common.h"

#define RING 16 /* items in a channel of our own */
#define MAX_ITEMS (1ull << 28)

enum make {
	COND,
	TIMEDCOND,
	SEM,
	PIPE,
	SEQPACKET,
	TCP,
	EVENTFD,
	POLL,
	EPOLL,
	MAKES
};

static const char *const make_names[] = { "cond",    "timedcond", "sem",
					  "pipe",    "seqpacket", "tcp",
					  "eventfd", "poll",	  "epoll" };

struct channel {
	enum make make;
	pthread_mutex_t m, m2; /* the ring; senders and receivers */
	pthread_cond_t not_empty, not_full;
	sem_t items, room;
	uint64_t ring[RING];
	unsigned head, tail;
	int fd[2], ev, ep; /* [0] is read from, [1] written to */
	uint64_t sent, received;
};

static struct channel channels[MAKES];
static unsigned char *ledger; /* a bit for each item that arrived */
static uint64_t next_item, received;

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
			n = send(c->fd[1], (char *)&x + done, sizeof(x) - done,
				 0);
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
			n = recv(c->fd[0], (char *)&x + done, sizeof(x) - done,
				 MSG_WAITALL);
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
		uint64_t x =
			__atomic_fetch_add(&next_item, 1, __ATOMIC_RELAXED);

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
			DIE("%s: item %llu was never sent", make_names[c->make],
			    (unsigned long long)x);
		bit = 1 << x % 8;
		if (__atomic_fetch_or(&ledger[x / 8], bit, __ATOMIC_SEQ_CST) &
		    bit)
			DIE("%s: item %llu arrived twice", make_names[c->make],
			    (unsigned long long)x);
		__atomic_add_fetch(&received, 1, __ATOMIC_RELAXED);
		step(s);
		if (rnd(&s->seed) % 64 == 0)
			nap(&s->seed, 300);
	}
	return s;
}

#endif
