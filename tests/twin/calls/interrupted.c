/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 libs=-lrt cflags=-U_FORTIFY_SOURCE */
/*
 * A handler runs while a call waits, in the main thread and in a green one: it
 * ends the call with EINTR, or the call goes on, as SA_RESTART has it or as the
 * call always does. A call that is to end gets signals until it does; one that is
 * to go on gets three, and then what it waits for.
 */
#include <aio.h>
#include <mqueue.h>
#include <stdio_ext.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <threads.h>

#include "t.h"

/* Nothing to read in the first, no room in the second of each. */
static int pi[2], full[2], sv[2], sfull[2], dg[2], lsock, evfd, evfull, ep;
static int timer, file, locked, msg, msgfull, sem, data, pty[2];
static mqd_t mq, mqfull;
static struct sockaddr_in addr;
static pthread_mutex_t m;
static pthread_rwlock_t rw;
static pthread_cond_t c;
static pthread_spinlock_t spin;
static pthread_t thread;
static mtx_t mtx;
static cnd_t cnd;
static sem_t psem, thread_go;
static unsigned word;
static struct aiocb cb;
static pid_t pid;
static int tell[2];
static char b[4096];
static struct iovec iov = { b, 1 }, big = { b, 4096 };
static struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 },
		     mbig = { .msg_iov = &big, .msg_iovlen = 1 };
static struct mmsghdr mm[2];
static const struct timespec minute = { 60, 0 };
static FILE *in, *out;

static struct timespec
later(void)
{
	return in_ms(CLOCK_REALTIME, 60000);
}

static struct mmsghdr *
messages(struct msghdr *h)
{
	mm[0].msg_hdr = *h;
	return mm;
}

static long
new_fd(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static struct flock *
all_of(int type)
{
	static struct flock l;

	l = (struct flock){ .l_type = type, .l_whence = SEEK_SET };
	return &l;
}

static long
selects(int how)
{
	struct timeval tv = { 60, 0 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(pi[0], &r);
	return how ? pselect(pi[0] + 1, &r, NULL, NULL, &minute, NULL) :
	    select(pi[0] + 1, &r, NULL, NULL, &tv);
}

static long
polls(int how)
{
	struct pollfd p = { pi[0], POLLIN, 0 };

	return how ? ppoll(&p, 1, &minute, NULL) : poll(&p, 1, 60000);
}

static long
epolls(int how)
{
	struct epoll_event e;

	return how == 0	  ? epoll_wait(ep, &e, 1, 60000)
	       : how == 1 ? epoll_pwait(ep, &e, 1, 60000, NULL)
			  : epoll_pwait2(ep, &e, 1, &minute, NULL);
}

static long
v(int e)
{
	errno = e;
	return e ? -1 : 0;
}

static struct sembuf *
down(void)
{
	static struct sembuf s;

	s = (struct sembuf){ 0, -1, 0 };
	return &s;
}

static long
waits(int how)
{
	siginfo_t si;
	int st;
	long rc = how == 0   ? waitpid(pid, &st, 0)
		  : how == 1 ? wait4(pid, &st, 0, NULL)
		  : how == 2 ? waitid(P_PID, pid, &si, WEXITED)
		  : how == 3 ? wait(&st)
		  : how == 4 ? wait3(&st, 0, NULL)
			     : waitpid(-getpgrp(), &st, 0);

	if (rc < 0)
		return rc;
	pid = 0;
	return 1;
}

static long
timed(int how)
{
	struct timespec ts = later();
	const struct aiocb *list[] = { &cb };
	struct aiocb *mlist[] = { &cb };
	unsigned prio;

	switch (how) {
	case 0:
		return sem_timedwait(&psem, &ts);
	case 1:
		return mq_timedreceive(mq, b, 64, &prio, &ts);
	case 2:
		return mq_timedsend(mqfull, b, 1, 0, &ts);
	case 3:
		return aio_suspend(list, 1, &minute);
	case 4:
		return lio_listio(LIO_WAIT, mlist, 1, NULL);
	case 5:
		return v(pthread_mutex_timedlock(&m, &ts));
	case 6:
		return v(pthread_rwlock_timedrdlock(&rw, &ts));
	case 7:
		return v(pthread_rwlock_timedwrlock(&rw, &ts));
	case 8:
		return v(pthread_timedjoin_np(thread, NULL, &ts));
	case 9:
		return mtx_timedlock(&mtx, &ts) == thrd_success ? 0 : -1;
	default:
		ts = in_ms(CLOCK_MONOTONIC, 60000);
		return sem_clockwait(&psem, CLOCK_MONOTONIC, &ts);
	}
}

static int go_on;	/* what those wait for who wait for a condition */

static long
conds(int how)
{
	struct timespec ts = later();
	int e = 0;

	if (how == 2) {
		mtx_lock(&mtx);
		while (!go_on)
			cnd_wait(&cnd, &mtx);
		mtx_unlock(&mtx);
		return 0;
	}
	pthread_mutex_lock(&m);
	while (!go_on && e == 0)
		e = how ? pthread_cond_timedwait(&c, &m, &ts) :
		    pthread_cond_wait(&c, &m);
	pthread_mutex_unlock(&m);
	return v(e);
}

static long
opens(int how)
{
	FILE *f;

	if (how == 0)
		return new_fd(open("fifo", O_RDONLY));
	if (how == 1)
		return new_fd(openat(AT_FDCWD, "fifo", O_WRONLY));
	f = fopen("fifo", "r");
	if (!f)
		return -1;
	fclose(f);
	return 0;
}

static long
signals(int how)
{
	sigset_t s;
	siginfo_t si;
	int sig = 0;

	if (how == 0)
		return pause();
	sigemptyset(&s);
	if (how == 1)
		return sigsuspend(&s);
	sigaddset(&s, SIGUSR2);
	if (how == 2)
		return sigwaitinfo(&s, &si);
	if (how == 3)
		return sigtimedwait(&s, &si, &minute);
	return sigwait(&s, &sig) || sig != SIGUSR2;
}

/*
 * ENDS: EINTR in any case; MAY: EINTR without SA_RESTART; NOT: it goes on in any
 * case.
 */
enum { ENDS, MAY, NOT };

#define CHILD 8		/* there is to be a child */
#define LOCKS 16	/* the one who sends the signals holds the locks */
#define THREAD 32	/* there is to be a thread */
#define FIFO 64		/* somebody is to open the other end */

#define LIST \
	X(MAY, read(pi[0], b, 1)) \
	X(MAY, readv(pi[0], &iov, 1)) \
	X(MAY, preadv2(pi[0], &iov, 1, -1, 0)) \
	X(MAY, write(full[1], b, 4096)) \
	X(MAY, writev(full[1], &big, 1)) \
	X(MAY, pwritev2(full[1], &big, 1, -1, 0)) \
	X(MAY, write(sfull[1], b, 4096)) \
	X(MAY, recv(sv[0], b, 1, 0)) \
	X(MAY, recv(sv[0], b, 1, MSG_WAITALL)) \
	X(MAY, recv(sv[0], b, 1, MSG_PEEK)) \
	X(MAY, recvfrom(dg[0], b, 64, 0, NULL, NULL)) \
	X(MAY, recvmsg(sv[0], &mh, 0)) \
	X(MAY, recvmmsg(dg[0], messages(&mh), 1, 0, NULL)) \
	X(MAY, send(sfull[1], b, 4096, 0)) \
	X(MAY, sendto(sfull[1], b, 4096, 0, NULL, 0)) \
	X(MAY, sendmsg(sfull[1], &mbig, 0)) \
	X(MAY, sendmmsg(sfull[1], messages(&mbig), 1, 0)) \
	X(MAY, new_fd(accept(lsock, NULL, NULL))) \
	X(MAY, new_fd(accept4(lsock, NULL, NULL, SOCK_CLOEXEC))) \
	X(MAY, read(evfd, b, 8)) \
	X(MAY, write(evfull, "\1\0\0\0\0\0\0\0", 8)) \
	X(MAY, eventfd_read(evfd, (eventfd_t *)b)) \
	X(MAY, read(timer, b, 8)) \
	X(MAY, read(pty[0], b, 1)) \
	X(MAY, splice(pi[0], NULL, full[1], NULL, 1, 0)) \
	X(MAY, tee(pi[0], full[1], 1, 0)) \
	X(MAY, vmsplice(full[1], &big, 1, 0)) \
	X(MAY, sendfile(full[1], data, NULL, 4096)) \
	X(MAY | FIFO, opens(0)) \
	X(MAY | FIFO, opens(1)) \
	X(MAY | FIFO, opens(2)) \
	X(MAY, flock(file, LOCK_EX)) \
	X(MAY, fcntl(file, F_OFD_SETLKW, all_of(F_WRLCK))) \
	X(MAY | CHILD, fcntl(locked, F_SETLKW, all_of(F_RDLCK))) \
	X(MAY | CHILD, lockf(locked, F_LOCK, 0)) \
	X(ENDS, polls(0)) \
	X(ENDS, polls(1)) \
	X(ENDS, selects(0)) \
	X(ENDS, selects(1)) \
	X(ENDS, epolls(0)) \
	X(ENDS, epolls(1)) \
	X(ENDS, epolls(2)) \
	X(ENDS, sleep(60) > 0 ? -1 : 0) \
	X(ENDS, usleep(60000000)) \
	X(ENDS, nanosleep(&minute, NULL)) \
	X(ENDS, v(clock_nanosleep(CLOCK_MONOTONIC, 0, &minute, NULL))) \
	X(ENDS, thrd_sleep(&minute, NULL)) \
	X(ENDS, signals(0)) \
	X(ENDS, signals(1)) \
	X(ENDS, signals(2)) \
	X(ENDS, signals(3)) \
	X(NOT, signals(4)) \
	X(MAY | CHILD, waits(0)) \
	X(MAY | CHILD, waits(1)) \
	X(MAY | CHILD, waits(2)) \
	X(MAY | CHILD, waits(3)) \
	X(MAY | CHILD, waits(4)) \
	X(MAY | CHILD, waits(5)) \
	X(MAY, sem_wait(&psem)) \
	X(MAY, timed(0)) \
	X(MAY, timed(10)) \
	X(ENDS, msgrcv(msg, b, 64, 0, 0)) \
	X(ENDS, msgsnd(msgfull, "\1\0\0\0\0\0\0\0text", 4, 0)) \
	X(ENDS, semop(sem, down(), 1)) \
	X(ENDS, semtimedop(sem, down(), 1, &minute)) \
	X(MAY, mq_receive(mq, b, 64, NULL)) \
	X(MAY, timed(1)) \
	X(MAY, mq_send(mqfull, b, 1, 0)) \
	X(MAY, timed(2)) \
	X(MAY, syscall(SYS_futex, &word, 128, 0, NULL)) \
	X(MAY, fgets(b, 8, in) ? 1 : -1) \
	X(MAY, fread(b, 1, 4, in) ? 1 : -1) \
	X(MAY, getc(in) == EOF ? -1 : 1) \
	X(MAY, fputs("text\n", out) == EOF || fflush(out) == EOF ? -1 : 1) \
	X(MAY, dprintf(full[1], "%s", "text") < 0 ? -1 : 1) \
	X(NOT | LOCKS, v(pthread_mutex_lock(&m))) \
	X(NOT | LOCKS, timed(5)) \
	X(NOT | LOCKS, v(pthread_rwlock_rdlock(&rw))) \
	X(NOT | LOCKS, v(pthread_rwlock_wrlock(&rw))) \
	X(NOT | LOCKS, timed(6)) \
	X(NOT | LOCKS, timed(7)) \
	X(NOT | LOCKS, v(pthread_spin_lock(&spin))) \
	X(NOT | LOCKS, mtx_lock(&mtx)) \
	X(NOT | LOCKS, timed(9)) \
	X(NOT, conds(0)) \
	X(NOT, conds(1)) \
	X(NOT, conds(2)) \
	X(NOT | THREAD, v(pthread_join(thread, NULL))) \
	X(NOT | THREAD, timed(8))

enum { F = __COUNTER__ + 1 };
static long
call(int which)
{
	switch (which) {
#define X(kind, expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const struct {
	const char *text;
	int kind;
} rows[] = {
#define X(kind, expr) { #expr, kind },
	LIST
#undef X
};

static volatile sig_atomic_t handled;
static int through;

static void
handler(int sig)
{
	handled++;
}

static void
fill(int fd)
{
	static const char z[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, z, sizeof(z)) > 0)
		;
	while (write(fd, z, 1) > 0)
		;
	fcntl(fd, F_SETFL, 0);
}

static void
drain(int fd)
{
	static char z[65536];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (read(fd, z, sizeof(z)) > 0)
		;
	fcntl(fd, F_SETFL, 0);
}

static mqd_t
queue(int n)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 64 };
	char name[32];
	mqd_t q;

	snprintf(name, sizeof(name), "/twin.intr.%d.%d", getpid(), n);
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(q != (mqd_t)-1);
	mq_unlink(name);
	return q;
}

static void *
helper(void *arg)
{
	while (sem_wait(&thread_go) != 0)
		;
	return arg;
}

static void
set_up(int kind)
{
	struct { long type; char text[4]; } mb = { 1, "x" };
	struct msqid_ds ds;
	int size = 4096, s;
	char c1;

	MUST(pipe(pi) == 0 && pipe(full) == 0);
	fcntl(full[1], F_SETPIPE_SZ, 4096);
	fill(full[1]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dg) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sfull) == 0);
	setsockopt(sfull[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fill(sfull[1]);
	lsock = listen_tcp(&addr, 4);
	evfd = eventfd(0, 0);
	evfull = eventfd(0, 0);
	MUST(eventfd_write(evfull, UINT64_MAX - 1) == 0);
	timer = timerfd_create(CLOCK_MONOTONIC, 0);
	ep = epoll_create1(0);
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, pi[0], &(struct epoll_event){
	    .events = EPOLLIN }) == 0);
	pty[1] = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(pty[1] >= 0 && grantpt(pty[1]) == 0 && unlockpt(pty[1]) == 0);
	pty[0] = open(ptsname(pty[1]), O_RDWR | O_NOCTTY);
	file = open("locked", O_RDWR | O_CREAT, 0600);
	s = open("locked", O_RDWR);
	MUST(flock(s, LOCK_EX) == 0);
	MUST(fcntl(s, F_OFD_SETLK, all_of(F_WRLCK)) == 0);
	tell[0] = s;
	locked = open("by_child", O_RDWR | O_CREAT, 0600);
	lseek(data, 0, SEEK_SET);
	msg = msgget(IPC_PRIVATE, 0600);
	msgfull = msgget(IPC_PRIVATE, 0600);
	MUST(msgctl(msgfull, IPC_STAT, &ds) == 0);
	ds.msg_qbytes = 8;
	MUST(msgctl(msgfull, IPC_SET, &ds) == 0);
	while (msgsnd(msgfull, &mb, 4, IPC_NOWAIT) == 0)
		;
	sem = semget(IPC_PRIVATE, 1, 0600);
	mq = queue(0);
	mqfull = queue(1);
	MUST(mq_send(mqfull, "x", 1, 0) == 0);
	memset(&cb, 0, sizeof(cb));
	word = 0;
	go_on = 0;
	sem_init(&psem, 0, 0);
	sem_init(&thread_go, 0, 0);
	pthread_mutex_init(&m, NULL);
	pthread_rwlock_init(&rw, NULL);
	pthread_cond_init(&c, NULL);
	pthread_spin_init(&spin, 0);
	mtx_init(&mtx, mtx_timed);
	cnd_init(&cnd);
	in = fdopen(dup(pi[0]), "r");
	out = fdopen(dup(full[1]), "w");
	pid = 0;
	if (kind & THREAD)
		thread = spawn(helper, NULL);
	if (kind & CHILD) {
		int q[2], go[2];

		MUST(pipe(q) == 0 && pipe(go) == 0);
		pid = fork();
		if (pid == 0) {
			close(go[1]);
			MUST(fcntl(locked, F_SETLK, all_of(F_WRLCK)) == 0);
			MUST(write(q[1], "x", 1) == 1);
			/* Until it is told to end, or its parent has. */
			_exit(read(go[0], b, 1) > 1);
		}
		MUST(read(q[0], &c1, 1) == 1);
		close(q[0]);
		close(q[1]);
		close(go[0]);
		tell[1] = go[1];
	}
}

/* Everything that one could wait for. */
static void
release(int kind)
{
	struct itimerspec now = { { 0, 0 }, { 0, 1 } };
	struct { long type; char text[4]; } mb = { 1, "x" };
	struct sembuf up = { 0, 1, 0 };
	int fd;

	drain(full[0]);
	drain(sfull[0]);
	MUST(write(pi[1], "text\n", 5) == 5);
	MUST(write(sv[1], "x", 1) == 1 && write(dg[1], "x", 1) == 1);
	MUST(eventfd_write(evfd, 1) == 0);
	drain(evfull);
	MUST(write(pty[1], "x\n", 2) == 2);
	timerfd_settime(timer, 0, &now, NULL);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	/* Not waiting itself, whether somebody does or not. */
	if (kind & FIFO) {
		fd = open("fifo", O_RDWR | O_NONBLOCK);
		while (!__atomic_load_n(&through, __ATOMIC_SEQ_CST))
			ms(1);
		close(fd);
	}
	close(tell[0]);
	if (kind & CHILD)
		close(tell[1]);
	if (kind & LOCKS) {
		pthread_mutex_unlock(&m);
		pthread_rwlock_unlock(&rw);
		pthread_spin_unlock(&spin);
		mtx_unlock(&mtx);
	}
	sem_post(&psem);
	sem_post(&thread_go);
	__atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &word, 129, 1);
	pthread_mutex_lock(&m);
	mtx_lock(&mtx);
	go_on = 1;
	pthread_cond_broadcast(&c);
	cnd_broadcast(&cnd);
	mtx_unlock(&mtx);
	pthread_mutex_unlock(&m);
	msgsnd(msg, &mb, 4, IPC_NOWAIT);
	msgrcv(msgfull, b, 4, 0, IPC_NOWAIT);
	semop(sem, &up, 1);
	mq_send(mq, "x", 1, 0);
	mq_receive(mqfull, b, 64, NULL);
}

static void
tear_down(int kind)
{
	int fds[] = { pi[0],  pi[1], full[0], full[1], sv[0], sv[1],
		      dg[0],  dg[1], sfull[0], sfull[1], lsock, evfd,
		      evfull, timer, ep, pty[0], pty[1], file, locked };

	if (kind & THREAD)
		pthread_join(thread, NULL);
	fclose(in);
	__fpurge(out);
	fclose(out);
	for (size_t i = 0; i < NELEM(fds); i++)
		close(fds[i]);
	msgctl(msg, IPC_RMID, NULL);
	msgctl(msgfull, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	mq_close(mq);
	mq_close(mqfull);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static int ready, ends, current;
static pthread_t target;

static void *
sends(void *arg)
{
	int kind = current;

	if (kind & LOCKS) {
		pthread_mutex_lock(&m);
		pthread_rwlock_wrlock(&rw);
		pthread_spin_lock(&spin);
		mtx_lock(&mtx);
	}
	__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; !__atomic_load_n(&through, __ATOMIC_SEQ_CST); i++) {
		int before = handled;

		if (!ends && i == 3) {
			if ((kind & 7) == NOT)
				pthread_kill(target, SIGUSR2);
			break;
		}
		ms(1);
		pthread_kill(target, SIGUSR1);
		for (int k = 0; k < 2000 && handled == before; k++)
			ms(1);
	}
	release(kind);
	return arg;
}

static void *
work(void *arg)
{
	int flags = *(int *)arg, e;
	sigset_t usr2;
	pthread_t t;
	long rc;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &usr2, NULL);
	target = pthread_self();
	catch_signal(SIGUSR1, handler, flags);
	for (size_t i = 0; i < NELEM(rows); i++) {
		int kind = rows[i].kind, how = kind & 7;

		set_up(kind);
		current = kind;
		ends = how == ENDS || (how == MAY && !flags);
		handled = ready = through = 0;
		t = spawn(sends, NULL);
		while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
			ms(1);
		errno = 0;
		rc = call((int)i);
		e = errno;
		__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
		/* What it locked is not to stop the one who releases. */
		if ((kind & LOCKS) && rc == 0) {
			if (strstr(rows[i].text, "rwlock") ||
			    strstr(rows[i].text, "(6)") ||
			    strstr(rows[i].text, "(7)"))
				pthread_rwlock_unlock(&rw);
			else if (strstr(rows[i].text, "mtx") ||
				 strstr(rows[i].text, "(9)"))
				mtx_unlock(&mtx);
			else if (strstr(rows[i].text, "spin"))
				pthread_spin_unlock(&spin);
			else
				pthread_mutex_unlock(&m);
		}
		join(t);
		say("%s = %ld %s, handled %d", rows[i].text, rc,
		    rc == -1 ? ename(e) : "", handled > 0);
		tear_down(kind);
		sigtimedwait(&usr2, NULL, &(struct timespec){ 0, 0 });
	}
	return arg;
}

int
main(void)
{
	static int none, restart = SA_RESTART;

	signal(SIGPIPE, SIG_IGN);
	MUST(mkfifo("fifo", 0600) == 0);
	data = open("data", O_RDWR | O_CREAT, 0600);
	MUST(ftruncate(data, 4096) == 0);
	say("-- main");
	work(&none);
	say("-- main, SA_RESTART");
	work(&restart);
	say("-- green");
	join(spawn(work, &none));
	say("-- green, SA_RESTART");
	join(spawn(work, &restart));
	return 0;
}
