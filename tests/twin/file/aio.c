/* SPDX-License-Identifier: MIT */
/* POSIX asynchronous I/O: waiting for it, notification in a thread. */
/* twin: libs=-lrt */
#include <aio.h>

#include "t.h"

static sem_t notified;

static void
notify(union sigval v)
{
	sem_post(v.sival_ptr);
}

static void *
later(void *arg)
{
	settle();
	MUST(write(*(int *)arg, "pipe data", 9) == 9);
	return NULL;
}

static void *
work(void *arg)
{
	char b[32] = "", c[32] = "";
	struct aiocb r = { 0 }, w = { 0 }, p = { 0 };
	const struct aiocb *list[1];
	struct timespec ts = { 0, 30000000 };
	int fd = open("aio", O_RDWR | O_CREAT | O_TRUNC, 0600), pi[2];
	pthread_t t;

	w.aio_fildes = fd;
	w.aio_buf = "written";
	w.aio_nbytes = 7;
	w.aio_sigevent.sigev_notify = SIGEV_THREAD;
	w.aio_sigevent.sigev_notify_function = notify;
	w.aio_sigevent.sigev_value.sival_ptr = &notified;
	R(aio_write(&w));
	while (sem_wait(&notified) != 0)
		;
	R(aio_error(&w));
	R(aio_return(&w));
	r.aio_fildes = fd;
	r.aio_buf = b;
	r.aio_nbytes = 20;
	r.aio_sigevent.sigev_notify = SIGEV_NONE;
	R(aio_read(&r));
	list[0] = &r;
	R(aio_suspend(list, 1, NULL));
	R(aio_return(&r));
	say("%s", b);
	MUST(pipe(pi) == 0);
	p.aio_fildes = pi[0];
	p.aio_buf = c;
	p.aio_nbytes = 20;
	p.aio_sigevent.sigev_notify = SIGEV_NONE;
	R(aio_read(&p));
	list[0] = &p;
	R(aio_suspend(list, 1, &ts));
	t = spawn(later, &pi[1]);
	R(aio_suspend(list, 1, NULL));
	R(aio_return(&p));
	say("%s", c);
	join(t);
	close(pi[0]);
	close(pi[1]);
	close(fd);
	return arg;
}

int
main(void)
{
	sem_init(&notified, 0, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
