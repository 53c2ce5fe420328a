/* SPDX-License-Identifier: MIT */
/* twin: cflags=-U_FORTIFY_SOURCE cflags=-Wno-deprecated-declarations */
/*
 * Locks, keys, signals, vfork, the log and the terminal's password prompt by
 * their other names.
 */
#include <setjmp.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <termios.h>
#include <threads.h>

#include "t.h"

/* What programs import that were linked before glibc 2.34. */
#define OLD(name, ...) \
	extern int name(__VA_ARGS__); \
	__asm__(".symver " #name "," #name "@" FIRST_LIBC)
OLD(__pthread_mutex_init, pthread_mutex_t *, const pthread_mutexattr_t *);
OLD(__pthread_mutex_lock, pthread_mutex_t *);
OLD(__pthread_mutex_unlock, pthread_mutex_t *);
OLD(__pthread_rwlock_rdlock, pthread_rwlock_t *);
OLD(__pthread_rwlock_wrlock, pthread_rwlock_t *);
OLD(__pthread_rwlock_unlock, pthread_rwlock_t *);
OLD(__pthread_once, pthread_once_t *, void (*)(void));
OLD(__pthread_key_create, pthread_key_t *, void (*)(void *));
typedef void (*handler_fn)(int);
extern handler_fn bsd_signal(int, handler_fn);
extern handler_fn ssignal(int, handler_fn);
extern handler_fn sysv_signal(int, handler_fn);
extern handler_fn __sysv_signal(int, handler_fn);
extern pid_t __vfork(void) __attribute__((returns_twice));
extern char *getpass(const char *);

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER, checked;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static mtx_t mtx;
static cnd_t cnd;
static int value, ran;
static pthread_key_t key;

/* Holds what arg says for a while, in which others wait for it. */
static void *
holds(void *arg)
{
	if (arg) {
		__pthread_rwlock_wrlock(&rw);
		sem_post(arg);
		ms(10);
		value++;
		__pthread_rwlock_unlock(&rw);
	} else {
		__pthread_mutex_lock(&m);
		__atomic_store_n(&ran, 1, __ATOMIC_SEQ_CST);
		ms(10);
		value++;
		__pthread_mutex_unlock(&m);
	}
	return arg;
}

static void
init(void)
{
	ms(10);
	ran++;
}

static void *
onces(void *arg)
{
	int e = __pthread_once(&once, init);

	/* One line: the threads come here at once. */
	say("once %s, ran %d", ename(e), ran);
	return arg;
}

static void
dtor(void *arg)
{
	say("destructor %s", (char *)arg);
}

static void *
with_key(void *arg)
{
	pthread_setspecific(key, (void *)"of a key");
	return arg;
}

static void *
awaits(void *arg)
{
	mtx_lock(&mtx);
	while (value < 10)
		cnd_wait(&cnd, &mtx);
	mtx_unlock(&mtx);
	return arg;
}

static void
locks(void)
{
	pthread_mutexattr_t attr;
	sem_t s;
	pthread_t t[2];

	value = ran = 0;
	t[0] = spawn(holds, NULL);
	while (!__atomic_load_n(&ran, __ATOMIC_SEQ_CST))
		ms(1);
	E(__pthread_mutex_lock(&m));
	say("value %d", value);
	E(__pthread_mutex_unlock(&m));
	join(t[0]);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	E(__pthread_mutex_init(&checked, &attr));
	E(__pthread_mutex_unlock(&checked));
	E(__pthread_mutex_lock(&checked));
	E(__pthread_mutex_lock(&checked));
	E(__pthread_mutex_unlock(&checked));

	sem_init(&s, 0, 0);
	t[0] = spawn(holds, &s);
	sem_wait(&s);
	E(__pthread_rwlock_rdlock(&rw));
	say("value %d", value);
	E(__pthread_rwlock_unlock(&rw));
	join(t[0]);
	t[0] = spawn(holds, &s);
	sem_wait(&s);
	E(__pthread_rwlock_wrlock(&rw));
	say("value %d", value);
	E(__pthread_rwlock_rdlock(&rw));
	E(__pthread_rwlock_unlock(&rw));
	join(t[0]);

	ran = 0;
	once = (pthread_once_t)PTHREAD_ONCE_INIT;
	t[0] = spawn(onces, NULL);
	t[1] = spawn(onces, NULL);
	onces(NULL);
	join(t[0]);
	join(t[1]);

	E(__pthread_key_create(&key, dtor));
	join(spawn(with_key, NULL));
	E(pthread_key_delete(key));
	E(pthread_key_delete(key));

	mtx_init(&mtx, mtx_plain);
	cnd_init(&cnd);
	value = 0;
	t[0] = spawn(awaits, NULL);
	for (int i = 1; i <= 10; i++) {
		ms(1);
		mtx_lock(&mtx);
		value = i;
		R(cnd_signal(&cnd));
		mtx_unlock(&mtx);
	}
	join(t[0]);
}

static volatile sig_atomic_t handled;
static jmp_buf env;

static void
handler(int sig)
{
	handled++;
}

static void
jumps(int sig)
{
	_longjmp(env, 6);
}

static int p[2];

static int through, restarts;

/* Until the read has ended; for one that goes on, three times. */
static void *
signals_it(void *arg)
{
	for (int i = 0; !__atomic_load_n(&through, __ATOMIC_SEQ_CST); i++) {
		int before = handled;

		if (restarts && i == 3) {
			MUST(write(p[1], "x", 1) == 1);
			break;
		}
		ms(10);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		for (int k = 0; k < 1000 && handled == before; k++)
			ms(1);
	}
	return arg;
}

/* Whether the handler ends a read that waits, and stays. */
static void
reads(const char *what, int goes_on)
{
	pthread_t self = pthread_self(), t;
	struct sigaction now;
	ssize_t r;
	char c;
	int e;

	handled = through = 0;
	restarts = goes_on;
	t = spawn(signals_it, &self);
	errno = 0;
	r = read(p[0], &c, 1);
	e = errno;
	__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
	join(t);
	sigaction(SIGUSR1, NULL, &now);
	say("%s: %zd %s, handled %d, flags %x", what, r, ename(e),
	    handled > 0, (unsigned)now.sa_flags & ~0x04000000u);
}

static void
signals(void)
{
	struct sigaction now;
	sigset_t set;
	int rc;

	MUST(pipe(p) == 0);
	IS(bsd_signal(SIGUSR1, handler) == SIG_DFL);
	reads("bsd_signal", 1);
	IS(ssignal(SIGUSR1, handler) == handler);
	reads("ssignal", 1);
	R(siginterrupt(SIGUSR1, 1));
	reads("siginterrupt 1", 0);
	IS(signal(SIGUSR1, handler) == handler);
	reads("signal after siginterrupt", 0);
	R(siginterrupt(SIGUSR1, 0));
	reads("siginterrupt 0", 1);
	R(siginterrupt(99, 0));
	R(siginterrupt(SIGKILL, 1));
	IS(signal(99, handler) == SIG_ERR);
	IS(signal(SIGKILL, handler) == SIG_ERR);
	IS(bsd_signal(-1, handler) == SIG_ERR);
	IS(ssignal(0, handler) == SIG_ERR);
	IS(signal(SIGUSR1, SIG_ERR) == SIG_ERR);
	/* Once only, and its own signal is not blocked meanwhile. */
	for (int i = 0; i < 2; i++) {
		handler_fn old = i ? __sysv_signal(SIGUSR1, handler) :
		    sysv_signal(SIGUSR1, handler);

		handled = 0;
		IS(old == (i ? SIG_DFL : handler));
		pthread_kill(pthread_self(), SIGUSR1);
		sigaction(SIGUSR1, NULL, &now);
		say("sysv_signal: handled %d, then default %d", (int)handled,
		    now.sa_handler == SIG_DFL);
	}
	IS(sysv_signal(99, handler) == SIG_ERR);
	IS(__sysv_signal(SIGSTOP, handler) == SIG_ERR);
	/* Out of a handler; the mask stays as it is there. */
	signal(SIGUSR1, jumps);
	rc = _setjmp(env);
	if (rc == 0) {
		pthread_kill(pthread_self(), SIGUSR1);
		say("not jumped");
	}
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	say("jumped %d, blocked %d", rc, sigismember(&set, SIGUSR1));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGUSR1, SIG_DFL);
	close(p[0]);
	close(p[1]);
}

static void
vlog(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(LOG_ERR, fmt, ap);
	va_end(ap);
}

static void
logs(void)
{
	int q[2], err = dup(2);
	char b[256];
	ssize_t n;

	MUST(pipe(q) == 0);
	dup2(q[1], 2);
	openlog("twin", LOG_PERROR, LOG_USER);
	errno = ENOENT;
	syslog(LOG_INFO, "%s: %m", "one");
	vlog("%s: %d", "two", 2);
	syslog(0x7fff, "%s", "what priority?");
	closelog();
	dup2(err, 2);
	close(err);
	close(q[1]);
	n = read(q[0], b, sizeof(b) - 1);
	b[n > 0 ? n : 0] = '\0';
	for (char *s = strtok(b, "\n"); s; s = strtok(NULL, "\n"))
		say("log: %s", s);
	close(q[0]);
}

static int master;

static void *
types(void *arg)
{
	char b[64];
	struct termios tio;

	/* The prompt comes when the echo is off, or just before. */
	MUST(read(master, b, 8) > 0);
	do {
		ms(2);
		MUST(tcgetattr(master, &tio) == 0);
	} while (tio.c_lflag & ECHO);
	MUST(write(master, "sesame\n", 7) == 7);
	return arg;
}

static void *
asks(void *arg)
{
	pthread_t t = spawn(types, NULL);
	char *s = getpass("Prompt: ");

	join(t);
	say("getpass: %s", s ? s : "-");
	return arg;
}

/* In a session of its own, whose terminal is ours to type at. */
static void
prompts(int green)
{
	pid_t pid = fork();
	int fd, st = -1;

	if (pid == 0) {
		setsid();
		master = posix_openpt(O_RDWR | O_NOCTTY);
		MUST(master >= 0 && grantpt(master) == 0 &&
		     unlockpt(master) == 0);
		fd = open(ptsname(master), O_RDWR);
		MUST(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0);
		if (green)
			join(spawn(asks, NULL));
		else
			asks(NULL);
		_exit(0);
	}
	MUST(waitpid(pid, &st, 0) == pid);
	say("child %d", WIFEXITED(st) ? WEXITSTATUS(st) : -1);
}

static void *
work(void *arg)
{
	pthread_attr_t attr;
	int scope = 77, st = -1;
	pid_t pid;

	locks();
	signals();
	logs();
	prompts(arg != NULL);
	pid = __vfork();
	if (pid == 0)
		_exit(8);
	MUST(waitpid(pid, &st, 0) == pid);
	say("__vfork: %d", WEXITSTATUS(st));
	pthread_attr_init(&attr);
	E(pthread_attr_getscope(&attr, &scope));
	say("scope is the system's %d", scope == PTHREAD_SCOPE_SYSTEM);
	E(pthread_attr_setscope(&attr, 99));
#if __GLIBC_PREREQ(2, 32)
	{
		sigset_t set, got;

		E(pthread_attr_getsigmask_np(&attr, &got) ==
		  PTHREAD_ATTR_NO_SIGMASK_NP ? 0 : EINVAL);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		E(pthread_attr_setsigmask_np(&attr, &set));
		E(pthread_attr_getsigmask_np(&attr, &got));
		say("in it %d", sigismember(&got, SIGUSR2));
	}
#endif
	pthread_attr_destroy(&attr);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, p));
	return 0;
}
