/* SPDX-License-Identifier: MIT */
/* twin: cflags=-U_FORTIFY_SOURCE libs=-lrt */
/*
 * Calls by their other names: libc's internal ones, and those for large files.
 * Each works, waits while another thread goes on, and refuses what is wrong.
 */
#include <aio.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "t.h"

extern ssize_t __read(int, void *, size_t);
extern ssize_t __write(int, const void *, size_t);
extern ssize_t __send(int, const void *, size_t, int);
extern int __connect(int, const struct sockaddr *, socklen_t);
extern int __open(const char *, int, ...);
extern int __open64(const char *, int, ...);
extern int __close(int);
extern int __dup2(int, int);
extern int __pipe(int *);
extern int __fcntl(int, int, ...);
extern int __poll(struct pollfd *, nfds_t, int);
extern int __select(int, fd_set *, fd_set *, fd_set *, struct timeval *);
extern int __nanosleep(const struct timespec *, struct timespec *);
extern int __sched_yield(void);
extern pid_t __wait(int *);
extern pid_t __waitpid(pid_t, int *, int);
extern int __clone(int (*)(void *), void *, int, void *, ...);
extern int __sigaction(int, const struct sigaction *, struct sigaction *);
extern int __sigsuspend(const sigset_t *);
extern FILE *_IO_fopen(const char *, const char *);
extern int _IO_fclose(FILE *);
extern FILE *_IO_popen(const char *, const char *);
/* Programs that were made before glibc 2.34. */
extern int old_yield(void);
__asm__(".symver old_yield,pthread_yield@" FIRST_LIBC);

static int p[2], sv[2], go;
static const struct timespec pause_ = { 0, 5000000 };

static void *
feeds(void *arg)
{
	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		sched_yield();
	ms(10);
	MUST(write(*(int *)arg, "fed", 3) == 3);
	return arg;
}

/* The call must wait for what this thread writes. */
#define FED(fd, expr) \
	do { \
		int fd_ = (fd); \
		pthread_t t_; \
		go = 0; \
		t_ = spawn(feeds, &fd_); \
		__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST); \
		R(expr); \
		join(t_); \
	} while (0)

static volatile sig_atomic_t handled;

static void
handler(int sig)
{
	handled++;
}

static int
child(void *arg)
{
	_exit(7);
}

static pid_t
ends_with(int status)
{
	pid_t pid = fork();

	if (pid == 0) {
		ms(10);
		_exit(status);
	}
	return pid;
}

static int
status_of(pid_t pid)
{
	int st = -1;

	if (pid < 0 || waitpid(pid, &st, 0) != pid)
		return -1;
	return WEXITSTATUS(st);
}

static void *
signals_it(void *arg)
{
	ms(10);
	pthread_kill(*(pthread_t *)arg, SIGUSR1);
	return arg;
}

static void *
work(void *arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct sockaddr_in addr;
	char b[64] = "";
	struct iovec iov = { b, 3 };
	struct timeval tv = { 0, 5000 };
	struct sigaction sa = { .sa_handler = handler }, old;
	struct aiocb64 cb;
	const struct aiocb64 *list[1] = { &cb };
	struct aiocb64 *mlist[1] = { &cb };
	pthread_t self = pthread_self(), t;
	struct pollfd pf;
	off64_t off = 0;
	sigset_t none, usr1;
	int fd, l, st = 0;
	fd_set r;
	FILE *f;
	pid_t pid;

	R(__pipe(p));
	R(__pipe((int *)8));
	R(pipe2(sv, O_NONBLOCK | O_CLOEXEC));
	R(__fcntl(sv[0], F_GETFL) & O_NONBLOCK);
	R(__fcntl(-1, F_GETFL));
	R(fcntl64(sv[0], F_GETFD));
	R(fcntl64(-1, F_GETFD));
	R(pipe2(sv, 0x7777));
	R(__close(sv[0]));
	R(__close(sv[0]));
	R(__close(sv[1]));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	FED(p[1], __read(p[0], b, 64));
	R(__read(-1, b, 1));
	FED(p[1], preadv64v2(p[0], &iov, 1, -1, 0));
	R(preadv64v2(-1, &iov, 1, -1, 0));
	R(__write(p[1], "abc", 3));
	R(__write(-1, "abc", 3));
	R(pwritev64v2(p[1], &iov, 1, -1, 0));
	R(pwritev64v2(p[0], &iov, 1, -1, 0));
	R(read(p[0], b, 64));
	R(__send(sv[0], "abc", 3, 0));
	R(__send(p[0], "abc", 3, 0));
	R(read(sv[1], b, 64));

	l = listen_tcp(&addr, 2);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	R(__connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	R(__connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	R(__connect(-1, (struct sockaddr *)&addr, sizeof(addr)));
	close(fd);
	close(l);

	pf = (struct pollfd){ p[0], POLLIN, 0 };
	FED(p[1], __poll(&pf, 1, 20000));
	R(read(p[0], b, 64));
	R(__poll((struct pollfd *)8, 1, 0));
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	FED(p[1], __select(p[0] + 1, &r, NULL, NULL, NULL));
	R(read(p[0], b, 64));
	R(__select(-1, NULL, NULL, NULL, &tv));
	R(__nanosleep(&pause_, NULL));
	R(__nanosleep(NULL, NULL));
	R(__sched_yield());
	R(old_yield());

	R((fd = __open("names", O_RDWR | O_CREAT, 0600)) >= 0);
	R(write(fd, "0123456789", 10));
	R(lockf64(fd, F_LOCK, -4));
	R(lockf64(fd, 99, 4));
	R(lockf64(-1, F_LOCK, 4));
	R(sendfile64(sv[0], fd, &off, 4));
	R((long)off);
	R(sendfile64(-1, fd, &off, 4));
	R(read(sv[1], b, 64));
	close(fd);
	R(__open("no/such", O_RDONLY));
	R((fd = __open64("names", O_RDONLY)) >= 0);
	close(fd);
	R(__open64(NULL, O_RDONLY));
	R((fd = open64("names", O_RDONLY)) >= 0);
	close(fd);
	R(open64("no/such", O_RDONLY));
	R((fd = openat64(AT_FDCWD, "names", O_RDONLY)) >= 0);
	close(fd);
	R(openat64(-1, "names", O_RDONLY));
	R((fd = openat(AT_FDCWD, "names", O_RDONLY)) >= 0);
	R(openat(fd, "names", O_RDONLY));
	R(__dup2(fd, 300));
	R(__dup2(-1, 300));
	close(300);
	close(fd);
	R((fd = creat64("names2", 0600)) >= 0);
	close(fd);
	R(creat64("", 0600));
	R((f = fopen64("names", "r")) != NULL);
	R((f = freopen64("names2", "w", f)) != NULL);
	R(fclose(f));
	R(fopen64("no/such", "r") != NULL);
	R((f = _IO_fopen("names", "r")) != NULL);
	R(_IO_fclose(f));
	R(_IO_fopen("names", "bad") != NULL);
	R(freopen64("no/such", "r", fopen64("names", "r")) != NULL);
	R((f = _IO_popen("echo said", "r")) != NULL);
	R(fgets(b, sizeof(b), f) == b);
	R(pclose(f));
	R(_IO_popen("true", "bad") != NULL);

	memset(&cb, 0, sizeof(cb));
	cb.aio_fildes = p[0];
	cb.aio_buf = b;
	cb.aio_nbytes = 3;
	MUST(aio_read64(&cb) == 0);
	FED(p[1], aio_suspend64(list, 1, NULL));
	R(aio_return64(&cb));
	R(aio_suspend64(list, -1, NULL));
	cb.aio_lio_opcode = LIO_READ;
	FED(p[1], lio_listio64(LIO_WAIT, mlist, 1, NULL));
	R(aio_return64(&cb));
	R(lio_listio64(99, mlist, 1, NULL));

	pid = ends_with(3);
	R(__waitpid(pid, &st, 0) == pid);
	R(WEXITSTATUS(st));
	R(__waitpid(pid, &st, 0));
	pid = ends_with(4);
	R(__wait(&st) == pid);
	R(WEXITSTATUS(st));
	R(__wait(&st));
	R(status_of(__clone(child, stack + sizeof(stack), SIGCHLD, NULL)));
	R(__clone(NULL, stack + sizeof(stack), SIGCHLD, NULL));
#if __GLIBC_PREREQ(2, 34)
	pid = _Fork();
	if (pid == 0)
		_exit(9);
	R(status_of(pid));
#endif

	R(__sigaction(SIGUSR1, &sa, &old));
	R(__sigaction(99, &sa, &old));
	R(__sigaction(SIGUSR1, NULL, &old));
	R(old.sa_handler == handler);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	handled = 0;
	t = spawn(signals_it, &self);
	R(__sigsuspend(&none));
	join(t);
	R(handled);
	R(__sigsuspend((sigset_t *)8));
	pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	close(p[0]);
	close(p[1]);
	close(sv[0]);
	close(sv[1]);
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
