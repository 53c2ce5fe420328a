/* SPDX-License-Identifier: MIT */
/* sendfile, splice, tee, vmsplice that wait: others run; bad arguments. */
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "t.h"

static int ticks, file;

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

/* Once all ticks are there: the waiter must be let go by what arg says. */
struct later {
	int fd;
	const char *text;
	int drain;
};

static void *
later(void *arg)
{
	struct later *l = arg;
	char b[4096];

	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	settle();
	if (l->text)
		MUST(write(l->fd, l->text, strlen(l->text)) > 0);
	else if (l->drain)
		MUST(read_all(l->fd, b, 4096) == 4096);
	else
		close(l->fd);
	return NULL;
}

#define LATER(expr, ...) \
	do { \
		struct later l_ = { __VA_ARGS__ }; \
		pthread_t a_, b_; \
		ticks = 0; \
		a_ = spawn(later, &l_); \
		b_ = spawn(tick, NULL); \
		R(expr); \
		say("ticks %d", __atomic_load_n(&ticks, __ATOMIC_SEQ_CST)); \
		join(a_); \
		join(b_); \
	} while (0)

static void
fill(int fd)
{
	static char b[4096];
	int fl = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, fl | O_NONBLOCK);
	while (write(fd, b, sizeof(b)) > 0)
		;
	fcntl(fd, F_SETFL, fl);
}

static void
handler(int sig)
{
	(void)sig;
}

/* Until the caller is through: a first signal may come before it waits. */
static int through;

static void *
interrupts(void *arg)
{
	do {
		settle();
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	} while (!__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	return NULL;
}

static void *
work(void *arg)
{
	struct iovec iov = { "vm", 2 };
	int p[2], q[2], sv[2], x[2];
	pthread_t self = pthread_self(), t;
	struct timeval tv = { 0, 50000 };
	off_t off = 0;
	loff_t big;
	char b[64];

	MUST(pipe(p) == 0 && pipe(q) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	tcp_pair(x);
	LATER(splice(p[0], NULL, q[1], NULL, 100, 0), p[1], "pipes", 0);
	R(read(q[0], b, sizeof(b)));
	LATER(splice(sv[0], NULL, q[1], NULL, 100, 0), sv[1], "socket", 0);
	R(read(q[0], b, sizeof(b)));
	LATER(splice(x[0], NULL, q[1], NULL, 100, 0), x[1], "tcp", 0);
	R(read(q[0], b, sizeof(b)));
	LATER(tee(p[0], q[1], 100, 0), p[1], "tee", 0);
	R(read(q[0], b, sizeof(b)));
	R(read(p[0], b, sizeof(b)));
	iov.iov_base = b;
	iov.iov_len = 5;
	LATER(vmsplice(p[0], &iov, 1, 0), p[1], "again", 0);
	say("%.5s", b);
	fill(q[1]);
	iov.iov_len = 2;
	LATER(vmsplice(q[1], &iov, 1, 0), q[0], NULL, 1);
	fill(q[1]);
	big = 0;
	LATER(splice(file, &big, q[1], NULL, 10, 0), q[0], NULL, 1);
	say("offset %d", (int)big);
	fill(q[1]);
	off = 5;
	LATER(sendfile(q[1], file, &off, 10), q[0], NULL, 1);
	say("offset %d", (int)off);

	/* Interrupted, without SA_RESTART. */
	through = 0;
	t = spawn(interrupts, &self);
	R(splice(p[0], NULL, sv[0], NULL, 100, 0));
	__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
	join(t);
	through = 0;
	t = spawn(interrupts, &self);
	R(tee(p[0], q[1], 100, 0));
	__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
	join(t);
	fill(q[1]);
	through = 0;
	t = spawn(interrupts, &self);
	R(sendfile(q[1], file, NULL, 10));
	__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
	join(t);

	/* Non-blocking by its user; a time limit. */
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	R(splice(p[0], NULL, sv[0], NULL, 100, 0));
	fcntl(p[0], F_SETFL, 0);
	setsockopt(x[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	LATER(splice(sv[0], NULL, p[1], NULL, 100, 0), sv[1], "late", 0);
	R(read(p[0], b, sizeof(b)));

	/* Bad arguments. */
	big = -1;
	R(splice(-1, NULL, p[1], NULL, 1, 0));
	R(splice(p[0], NULL, -1, NULL, 1, 0));
	R(splice(p[0], &off, sv[0], NULL, 1, 0));
	R(splice(file, &big, p[1], NULL, 1, 0));
	R(splice(file, (loff_t *)8, p[1], NULL, 1, 0));
	R(splice(p[0], NULL, sv[0], NULL, 0, 0));
	R(splice(p[0], NULL, sv[0], NULL, 1, 0x100));
	R(tee(-1, p[1], 1, 0));
	R(tee(file, p[1], 1, 0));
	R(tee(p[0], p[1], 1, 0));
	R(vmsplice(-1, &iov, 1, 0));
	R(vmsplice(file, &iov, 1, 0));
	R(vmsplice(p[1], (void *)8, 1, 0));
	R(vmsplice(p[1], &iov, 5000, 0));
	R(sendfile(sv[0], -1, NULL, 1));
	R(sendfile(sv[0], file, (off_t *)8, 1));
	R(sendfile(sv[0], sv[1], NULL, 1));
	R(sendfile(sv[0], file, NULL, 0));
	close(p[1]);
	R(splice(p[0], NULL, sv[0], NULL, 100, 0));
	/* A reader that is gone. */
	close(q[0]);
	R(splice(sv[0], NULL, q[1], NULL, 1, SPLICE_F_NONBLOCK));
	R(sendfile(q[1], file, NULL, 1));
	close(sv[1]);
	R(sendfile(sv[0], file, NULL, 1));
	close(p[0]);
	close(q[1]);
	close(sv[0]);
	close(x[0]);
	close(x[1]);
	return arg;
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	catch_signal(SIGUSR1, handler, 0);
	file = open("data", O_RDWR | O_CREAT, 0600);
	MUST(write(file, "0123456789abcdefghijklmnopqrstuvwxyz", 36) == 36);
	work(NULL);
	lseek(file, 0, SEEK_SET);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
