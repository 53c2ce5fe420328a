/* SPDX-License-Identifier: MIT */
/* twin: cflags=-U_FORTIFY_SOURCE */
/*
 * What fortified programs call: with room enough, on a pipe that another thread
 * feeds or empties, and with too little room, which ends the program.
 */
#include <setjmp.h>
#include <sys/resource.h>
#include <syslog.h>
#include <wchar.h>

#include "t.h"

extern ssize_t __read_chk(int, void *, size_t, size_t);
extern ssize_t __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int,
			      struct sockaddr *, socklen_t *);
extern int __poll_chk(struct pollfd *, nfds_t, int, size_t);
extern int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
		       const sigset_t *, size_t);
extern int __open_2(const char *, int);
extern int __open64_2(const char *, int);
extern int __openat_2(int, const char *, int);
extern int __openat64_2(int, const char *, int);
extern char *__fgets_chk(char *, size_t, int, FILE *);
extern char *__fgets_unlocked_chk(char *, size_t, int, FILE *);
extern size_t __fread_chk(void *, size_t, size_t, size_t, FILE *);
extern size_t __fread_unlocked_chk(void *, size_t, size_t, size_t, FILE *);
extern char *__gets_chk(char *, size_t);
extern wchar_t *__fgetws_chk(wchar_t *, size_t, int, FILE *);
extern wchar_t *__fgetws_unlocked_chk(wchar_t *, size_t, int, FILE *);
extern int __fprintf_chk(FILE *, int, const char *, ...);
extern int __printf_chk(int, const char *, ...);
extern int __vfprintf_chk(FILE *, int, const char *, va_list);
extern int __vprintf_chk(int, const char *, va_list);
extern int __dprintf_chk(int, int, const char *, ...);
extern int __vdprintf_chk(int, int, const char *, va_list);
extern int __fwprintf_chk(FILE *, int, const wchar_t *, ...);
extern int __wprintf_chk(int, const wchar_t *, ...);
extern int __vfwprintf_chk(FILE *, int, const wchar_t *, va_list);
extern int __vwprintf_chk(int, const wchar_t *, va_list);
extern void __syslog_chk(int, int, const char *, ...);
extern void __vsyslog_chk(int, int, const char *, va_list);
extern void __longjmp_chk(struct __jmp_buf_tag *, int)
    __attribute__((noreturn));

static int p[2], sv[2], out;
static FILE *f;
static char b[64];
static wchar_t w[64];
static struct pollfd pf[2];
static const struct timespec second = { 20, 0 };

static long
got(char *s)
{
	return s ? (long)strlen(s) : -1;
}

static long
wide(wchar_t *s)
{
	if (!s)
		return -1;
	wcstombs(b, s, sizeof(b));
	return (long)wcslen(s);
}

/* Rows that wait; room is what the caller says that there is. */
#define READS \
	X(__read_chk(p[0], b, 20, room)) \
	X(__recv_chk(sv[0], b, 20, room, 0)) \
	X(__recvfrom_chk(sv[0], b, 20, room, 0, NULL, NULL)) \
	X(__poll_chk(pf, 2, 20000, room)) \
	X(__ppoll_chk(pf, 2, &second, NULL, room)) \
	X(got(__fgets_chk(b, room, 20, f))) \
	X(got(__fgets_unlocked_chk(b, room, 20, f))) \
	X((long)__fread_chk(b, room, 1, 10, f)) \
	X((long)__fread_unlocked_chk(b, room, 1, 10, f)) \
	X(got(__gets_chk(b, room))) \
	X(wide(__fgetws_chk(w, room, 20, f))) \
	X(wide(__fgetws_unlocked_chk(w, room, 20, f)))

enum { A = __COUNTER__ + 1 };
static long
reads(int which, size_t room)
{
	switch (which) {
#define X(expr) \
	case __COUNTER__ - A: \
		return expr;
		READS
#undef X
	}
	return -2;
}

static const char *const read_texts[] = {
#define X(expr) #expr,
	READS
#undef X
};

static int
v(int how, int flag, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = how == 0	? __vfprintf_chk(f, flag, fmt, ap)
	     : how == 1 ? __vprintf_chk(flag, fmt, ap)
			: __vdprintf_chk(fileno(f), flag, fmt, ap);
	va_end(ap);
	return rc;
}

static int
vw(int how, int flag, const wchar_t *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = how == 0 ? __vfwprintf_chk(f, flag, fmt, ap)
		      : __vwprintf_chk(flag, fmt, ap);
	va_end(ap);
	return rc;
}

/* A format in memory that can be written, with %n in it, ends the program. */
static char fmt[32];
static wchar_t wfmt[32];
static int n;

#define WRITES \
	X(0, __fprintf_chk(f, 1, fmt, "words", &n)) \
	X(0, v(0, 1, fmt, "words", &n)) \
	X(0, __dprintf_chk(fileno(f), 1, fmt, "words", &n)) \
	X(0, v(2, 1, fmt, "words", &n)) \
	X(1, __printf_chk(1, fmt, "words", &n)) \
	X(1, v(1, 1, fmt, "words", &n)) \
	X(0, __fwprintf_chk(f, 1, wfmt, "words", &n)) \
	X(0, vw(0, 1, wfmt, "words", &n)) \
	X(2, __wprintf_chk(1, wfmt, "words", &n)) \
	X(2, vw(1, 1, wfmt, "words", &n))

enum { B = __COUNTER__ + 1 };
static long
writes(int which)
{
	switch (which) {
#define X(out, expr) \
	case __COUNTER__ - B: \
		return expr;
		WRITES
#undef X
	}
	return -2;
}

static const struct {
	const char *text;
	int out;	/* 1: standard output; 2: and wide */
} write_rows[] = {
#define X(out, expr) { #expr, out },
	WRITES
#undef X
};

static int go;

static void *
feeds(void *arg)
{
	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		ms(1);
	ms(4);
	MUST(write(p[1], "fed to it\n", 10) == 10);
	MUST(write(sv[1], "fed to it\n", 10) == 10);
	return arg;
}

static size_t filled;
static char all[16384];

static void *
drains(void *arg)
{
	size_t k = 0;
	ssize_t r;

	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		ms(1);
	ms(4);
	while ((r = read(p[0], all + k, sizeof(all) - k)) > 0)
		k += r;
	return (void *)k;
}

static void
open_in(void)
{
	MUST(pipe(p) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	pf[0] = (struct pollfd){ p[0], POLLIN, 0 };
	pf[1] = (struct pollfd){ -1, 0, 0 };
	f = fdopen(p[0], "r");
	dup2(p[0], 0);
	clearerr(stdin);
	memset(b, 0, sizeof(b));
}

static void
close_in(void)
{
	fclose(f);
	close(p[1]);
	close(sv[0]);
	close(sv[1]);
}

/* In a child: how it ends. */
static void
dies(const char *text, int writing, int i, size_t room)
{
	struct rlimit none = { 0, 0 };
	pid_t pid = fork();
	int st = -1;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		dup2(open("/dev/null", O_WRONLY), 2);
		if (writing)
			writes(i);
		else
			reads(i, room);
		_exit(0);
	}
	MUST(waitpid(pid, &st, 0) == pid);
	say("   %s: %s %d", text, WIFSIGNALED(st) ? "signal" : "exit",
	    WIFSIGNALED(st) ? WTERMSIG(st) : WEXITSTATUS(st));
}

static sigjmp_buf env;

static int
jumps(int value)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	__longjmp_chk(env, value);
	return -1;
}

static void
vlog(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	__vsyslog_chk(LOG_DEBUG, 1, format, ap);
	va_end(ap);
}

static void *
work(void *arg)
{
	pthread_t t;
	sigset_t s;
	int fd, rc;
	void *k;
	long r;

	for (size_t i = 0; i < NELEM(read_texts); i++) {
		open_in();
		go = 0;
		t = spawn(feeds, NULL);
		__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
		r = reads((int)i, 64);
		join(t);
		say("%s = %ld \"%.*s\"", read_texts[i], r,
		    (int)strcspn(b, "\n"), b);
		close_in();
		/* Something is there to overflow with. */
		open_in();
		MUST(write(p[1], "fed to it\n", 10) == 10);
		MUST(write(sv[1], "fed to it\n", 10) == 10);
		dies("room 4", 0, (int)i, 4);
		close_in();
	}
	for (size_t i = 0; i < NELEM(write_rows); i++) {
		int to_out = write_rows[i].out;
		static char full[4096];

		MUST(pipe(p) == 0);
		fcntl(p[1], F_SETPIPE_SZ, 4096);
		MUST((filled = write(p[1], full, sizeof(full))) == 4096);
		strcpy(fmt, "%s\n");
		wcscpy(wfmt, L"%s\n");
		f = to_out ? stdout : fdopen(p[1], "w");
		if (to_out) {
			dup2(p[1], 1);
			close(p[1]);
			/* It may be narrow already. */
			if (to_out == 2)
				f = freopen(NULL, "w", stdout);
		}
		go = 0;
		t = spawn(drains, NULL);
		__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
		rc = (int)writes((int)i);
		if (to_out) {
			fflush(stdout);
			if (to_out == 2)
				freopen(NULL, "w", stdout);
			dup2(out, 1);
		} else {
			fclose(f);
		}
		k = join(t);
		say("%s = %d \"%.*s\"", write_rows[i].text, rc,
		    (int)((size_t)k - filled) - 1, all + filled);
		close(p[0]);
		strcpy(fmt, "%s%n\n");
		wcscpy(wfmt, L"%s%n\n");
		f = to_out ? stdout : fopen("/dev/null", "w");
		dies("%n", 1, (int)i, 0);
		if (!to_out)
			fclose(f);
	}

	R((fd = __open_2("/dev/null", O_RDONLY)) >= 0);
	close(fd);
	R((fd = __open64_2("/dev/null", O_RDONLY)) >= 0);
	R(__open64_2("no/such", O_RDONLY));
	R(__openat_2(fd, "x", O_RDONLY));
	R(__openat64_2(fd, "x", O_RDONLY));
	R(__openat64_2(-1, "x", O_RDONLY));
	close(fd);
	R((fd = __openat64_2(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY)) >= 0);
	R(close(__openat_2(fd, ".", O_RDONLY)));
	close(fd);
	openlog("twin", LOG_NDELAY, LOG_USER);
	__syslog_chk(LOG_DEBUG, 1, "%s", "a test's line");
	vlog("%s", "a test's line");
	closelog();
	/* Up the stack, and the mask as it was. */
	rc = sigsetjmp(env, 1);
	if (rc == 0)
		jumps(5);
	pthread_sigmask(SIG_BLOCK, NULL, &s);
	say("jumped %d, blocked %d", rc, sigismember(&s, SIGUSR2));
	return arg;
}

int
main(void)
{
	out = dup(1);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
