/* SPDX-License-Identifier: MIT */
/* eventfd: counter and semaphore mode, full counter, errors. */
#include <sys/eventfd.h>

#include "t.h"

static int ev, back;

static void *
adds(void *arg)
{
	settle();
	R(eventfd_write(ev, 5));
	return arg;
}

static void *
takes(void *arg)
{
	eventfd_t v;

	settle();
	R(eventfd_read(ev, &v));
	say("took %#llx", (unsigned long long)v);
	return arg;
}

static void *
ping(void *arg)
{
	eventfd_t v;

	for (int i = 0; i < 500; i++) {
		eventfd_read(ev, &v);
		eventfd_write(back, 1);
	}
	return arg;
}

int
main(void)
{
	uint64_t v;
	uint32_t small;
	pthread_t t;

	ev = eventfd(0, 0);
	t = spawn(adds, NULL);
	v = 0;
	ssize_t n = read(ev, &v, sizeof(v));
	join(t);
	say("read %zd, value %llu", n, (unsigned long long)v);
	R(read(ev, &small, sizeof(small)));
	R(write(ev, &small, sizeof(small)));
	v = ~0ull;
	R(write(ev, &v, sizeof(v)));
	v = ~0ull - 1;
	R(write(ev, &v, sizeof(v)));
	t = spawn(takes, NULL);
	v = 3;
	n = write(ev, &v, sizeof(v));
	join(t);
	say("write %zd", n);
	n = read(ev, &v, sizeof(v));
	say("value %llu", (unsigned long long)v);
	close(ev);
	ev = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
	for (int i = 0; i < 3; i++)
		R(read(ev, &v, sizeof(v)));
	R(read(ev, &v, sizeof(v)));
	close(ev);
	ev = eventfd(0, 0);
	back = eventfd(0, 0);
	for (int kind = 0; kind < 2; kind++) {
		t = kind ? spawn_kernel(ping, NULL) : spawn(ping, NULL);
		for (int i = 0; i < 500; i++) {
			eventfd_write(ev, 1);
			eventfd_read(back, &v);
		}
		join(t);
		say("done %d", kind);
	}
	return 0;
}
