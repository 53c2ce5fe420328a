/* SPDX-License-Identifier: MIT */
/*
 * stdio, reading. libc's own read() is invisible to us, so before a call that
 * would make one we look at the FILE's buffer, whose pointers stdio.h publishes
 * for its macros: if it is empty, the caller parks until the descriptor can be
 * read, with the FILE locked as natively. What a call needs beyond the first
 * bytes is taken from the buffer by ourselves (fgets, getdelim, fread), or the
 * call hops (scanf, wide streams, unbuffered streams).
 *
 * Runs in user code. A FILE's lock is libc's own, recursive by thread; libc
 * unlocks it where we cannot see it, so who has to wait for one hops.
 */
#include "preload.h"
#include "stdio_file.h"

#include <sys/stat.h>
#include <wchar.h>

/* A wint_t has no sign. */
#pragma GCC diagnostic ignored "-Wtype-limits"

enum how {
	HOW_DIRECT,	/* does not wait */
	HOW_HOP,	/* may wait */
	HOW_FAIL,	/* the wait failed: errno is set */
};

/* A FILE that the calling function has locked; unlocked when it returns. */
static void
unlock(FILE **f)
{
	int saved = errno;

	if (*f)
		real.funlockfile(*f);
	errno = saved;
}

static FILE *
lock(FILE *f)
{
	if (f->_flags & F_USER_LOCK)
		return NULL;
	flockfile(f);
	return f;
}

#define LOCKED(f) \
	FILE *locked_ __attribute__((cleanup(unlock), unused)) = lock(f)

#define RUN(need, fail, expr) ({ \
	enum how how_ = (need); \
	how_ == HOW_FAIL ? (fail) : how_ == HOW_HOP ? MX_STDIO_HOP(expr) : (expr); \
})

static size_t
avail(const FILE *f)
{
	return f->_IO_read_end > f->_IO_read_ptr ?
	    (size_t)(f->_IO_read_end - f->_IO_read_ptr) : 0;
}

/* What was pushed back is used up first, then what was there before. */
static bool
empty(const FILE *f)
{
	if (avail(f))
		return false;
	return !(f->_flags & F_IN_BACKUP) ||
	    f->_IO_save_end <= f->_IO_save_base;
}

/* No descriptor (memory, cookies), or one that does not wait: libc's. */
static bool
is_file(const FILE *f)
{
	int saved = errno;
	struct stat st;
	bool yes;

	if (f->_fileno < 0)
		return true;
	yes = fstat(f->_fileno, &st) < 0 || S_ISREG(st.st_mode) ||
	    S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode);
	errno = saved;
	return yes;
}

/* Before it reads for a terminal libc shows the lines that are written. */
static void
flush_prompt(const FILE *f)
{
	int saved = errno;
	bool lines = f->_flags & (F_LINE_BUF | F_UNBUFFERED);

	if (!lines && !f->_IO_buf_base)
		lines = isatty(f->_fileno);
	if (lines && stdout && (stdout->_flags & F_LINE_BUF) &&
	    stdout->_IO_write_ptr > stdout->_IO_write_base)
		fflush(stdout);
	errno = saved;
}

/* [f locked] Its buffer is empty: waits until the descriptor can be read. */
static enum how
await(FILE *f)
{
	struct pollfd p = { .fd = f->_fileno, .events = POLLIN };
	struct mx_io io;
	int saved = errno;

	if (f->_fileno < 0 || (f->_flags & F_EOF))
		return HOW_DIRECT;
	/* Reading writes first what has been written. */
	if ((f->_flags & F_PUTTING) && f->_IO_write_ptr > f->_IO_write_base)
		return HOW_HOP;
	if (real.poll(&p, 1, 0) != 0)
		return HOW_DIRECT;
	if (mx_io_counts_time(f->_fileno))
		return HOW_HOP;
	flush_prompt(f);
	mx_io_begin(&io, f->_fileno, false);
	if (!mx_io_poll_first(&io, "stdio read")) {
		f->_flags |= F_ERR;
		return HOW_FAIL;
	}
	errno = saved;
	return HOW_DIRECT;
}

/* [f locked] One character, or the start of more. */
static enum how
first(FILE *f)
{
	return empty(f) ? await(f) : HOW_DIRECT;
}

/*
 * [f locked] The buffer is empty: fills it. 1: there is something; 0: the end;
 * -1: an error, errno is set and so is the FILE's flag.
 */
static int
fill(FILE *f)
{
	int old = f->_flags & F_ERR, rc;
	enum how how = first(f);

	if (how == HOW_FAIL)
		return -1;
	f->_flags &= ~F_ERR;
	rc = how == HOW_HOP ? MX_STDIO_HOP(real.__underflow(f)) :
	    real.__underflow(f);
	rc = rc != EOF ? 1 : f->_flags & F_ERR ? -1 : 0;
	f->_flags |= old;
	return rc;
}

static size_t
take(FILE *f, void *to, size_t n)
{
	memcpy(to, f->_IO_read_ptr, n);
	f->_IO_read_ptr += n;
	return n;
}

/*
 * Whether to leave it all to libc: a wide stream is an error there, a file
 * does not wait, and with no buffer each character would be a system call.
 */
static bool
leave(const FILE *f)
{
	return f->_mode > 0 || (f->_flags & F_EOF) || is_file(f);
}

/* ---- characters ---- */

/* getc(3) and its kin. Park; cancellation points when they wait. */
int
getc(FILE *f)
{
	if (!mx_on() || avail(f))
		return real.getc(f);
	LOCKED(f);
	return RUN(first(f), EOF, real.getc_unlocked(f));
}
MX_ALIAS_AS(fgetc, getc);
MX_ALIAS_AS(_IO_getc, getc);

int
getc_unlocked(FILE *f)
{
	if (!mx_on() || avail(f))
		return real.getc_unlocked(f);
	return RUN(first(f), EOF, real.getc_unlocked(f));
}
MX_ALIAS_AS(fgetc_unlocked, getc_unlocked);

int
getchar(void)
{
	return getc(stdin);
}

int
getchar_unlocked(void)
{
	return getc_unlocked(stdin);
}

/* What the macros call when the buffer is used up. */
int
__uflow(FILE *f)
{
	if (!mx_on())
		return real.__uflow(f);
	return RUN(first(f), EOF, real.__uflow(f));
}

int __underflow(FILE *f);
int
__underflow(FILE *f)
{
	if (!mx_on())
		return real.__underflow(f);
	return RUN(first(f), EOF, real.__underflow(f));
}

/* ---- blocks ---- */

static size_t
do_fread(void *p, size_t size, size_t n, FILE *f)
{
	size_t len = size * n, done = 0, part;
	enum how how;

	if (len == 0 || (n && len / n != size) || leave(f))
		return real.fread_unlocked(p, size, n, f);
	if (f->_flags & F_UNBUFFERED) {
		how = first(f);
		if (how == HOW_FAIL)
			return 0;
		return MX_STDIO_HOP(real.fread_unlocked(p, size, n, f));
	}
	while (done < len) {
		part = avail(f);
		if (part == 0) {
			if (fill(f) <= 0)
				break;
			continue;
		}
		if (part > len - done)
			part = len - done;
		done += take(f, (char *)p + done, part);
	}
	return done == len ? n : done / size;
}

size_t
fread(void *p, size_t size, size_t n, FILE *f)
{
	if (!mx_on() || (size < 4096 && n < 4096 && avail(f) >= size * n))
		return real.fread(p, size, n, f);
	LOCKED(f);
	return do_fread(p, size, n, f);
}
MX_ALIAS_AS(_IO_fread, fread);

size_t
fread_unlocked(void *p, size_t size, size_t n, FILE *f)
{
	if (!mx_on() || (size < 4096 && n < 4096 && avail(f) >= size * n))
		return real.fread_unlocked(p, size, n, f);
	return do_fread(p, size, n, f);
}

/* Fortified: libc ends the program if the buffer is too small. */
static bool
too_small(size_t room, size_t size, size_t n)
{
	size_t len;

	return __builtin_mul_overflow(size, n, &len) || len > room;
}

size_t __fread_chk(void *p, size_t room, size_t size, size_t n, FILE *f);
size_t
__fread_chk(void *p, size_t room, size_t size, size_t n, FILE *f)
{
	if (!mx_on() || too_small(room, size, n))
		return real.__fread_chk(p, room, size, n, f);
	return fread(p, size, n, f);
}

size_t __fread_unlocked_chk(void *p, size_t room, size_t size, size_t n,
    FILE *f);
size_t
__fread_unlocked_chk(void *p, size_t room, size_t size, size_t n, FILE *f)
{
	if (!mx_on() || too_small(room, size, n))
		return real.__fread_unlocked_chk(p, room, size, n, f);
	return fread_unlocked(p, size, n, f);
}

int
getw(FILE *f)
{
	int w;

	if (!mx_on())
		return real.getw(f);
	return fread(&w, sizeof(w), 1, f) == 1 ? w : EOF;
}

/* ---- lines ---- */

static char *
do_fgets(char *s, int n, FILE *f)
{
	size_t room = (size_t)n - 1, got = 0, part;
	char *end = NULL;
	int rc = 1;

	if (n <= 1 || leave(f))
		return real.fgets_unlocked(s, n, f);
	while (got < room && !end) {
		part = avail(f);
		if (part == 0) {
			rc = fill(f);
			if (rc <= 0)
				break;
			continue;
		}
		if (part > room - got)
			part = room - got;
		end = memchr(f->_IO_read_ptr, '\n', part);
		if (end)
			part = (size_t)(end - f->_IO_read_ptr) + 1;
		got += take(f, s + got, part);
	}
	if (got == 0 || (rc < 0 && errno != EAGAIN))
		return NULL;
	s[got] = '\0';
	return s;
}

/* True: the line is in the buffer. */
static bool
has_line(const FILE *f, int delim)
{
	size_t n = avail(f);

	return n && memchr(f->_IO_read_ptr, delim, n);
}

char *
fgets(char *s, int n, FILE *f)
{
	if (!mx_on() || has_line(f, '\n'))
		return real.fgets(s, n, f);
	LOCKED(f);
	return do_fgets(s, n, f);
}
MX_ALIAS_AS(_IO_fgets, fgets);

char *
fgets_unlocked(char *s, int n, FILE *f)
{
	if (!mx_on() || has_line(f, '\n'))
		return real.fgets_unlocked(s, n, f);
	return do_fgets(s, n, f);
}

char *__fgets_chk(char *s, size_t room, int n, FILE *f);
char *
__fgets_chk(char *s, size_t room, int n, FILE *f)
{
	if (!mx_on() || n <= 1 || (size_t)n > room)
		return real.__fgets_chk(s, room, n, f);
	return fgets(s, n, f);
}

char *__fgets_unlocked_chk(char *s, size_t room, int n, FILE *f);
char *
__fgets_unlocked_chk(char *s, size_t room, int n, FILE *f)
{
	if (!mx_on() || n <= 1 || (size_t)n > room)
		return real.__fgets_unlocked_chk(s, room, n, f);
	return fgets_unlocked(s, n, f);
}

/* gets(3) has no limit, so it is libc's own wherever that ends. */
char *gets(char *s);
char *
gets(char *s)
{
	if (!mx_on() || has_line(stdin, '\n'))
		return real.gets(s);
	LOCKED(stdin);
	return RUN(first(stdin) == HOW_FAIL ? HOW_FAIL : HOW_HOP, NULL,
	    real.gets(s));
}
MX_ALIAS_AS(_IO_gets, gets);

char *__gets_chk(char *s, size_t room);
char *
__gets_chk(char *s, size_t room)
{
	if (!mx_on() || has_line(stdin, '\n'))
		return real.__gets_chk(s, room);
	LOCKED(stdin);
	return RUN(first(stdin) == HOW_FAIL ? HOW_FAIL : HOW_HOP, NULL,
	    real.__gets_chk(s, room));
}

/* Room for need bytes at *line, as libc grows it. */
static bool
grow(char **line, size_t *size, size_t need)
{
	char *p;

	if (!*line || *size == 0) {
		p = realloc(*line, 120);
		if (!p)
			return false;
		*line = p;
		*size = 120;
	}
	if (need <= *size)
		return true;
	if (need < 2 * *size)
		need = 2 * *size;
	p = realloc(*line, need);
	if (!p)
		return false;
	*line = p;
	*size = need;
	return true;
}

ssize_t
getdelim(char **line, size_t *size, int delim, FILE *f)
{
	size_t got = 0, part;
	char *end = NULL;

	if (!mx_on() || !line || !size || has_line(f, delim))
		return real.getdelim(line, size, delim, f);
	LOCKED(f);
	/* An error or the end at once: libc's own way. */
	if (leave(f))
		return real.getdelim(line, size, delim, f);
	if (!grow(line, size, 1))
		return -1;
	while (!end) {
		part = avail(f);
		if (part == 0) {
			if (fill(f) <= 0)
				break;
			continue;
		}
		end = memchr(f->_IO_read_ptr, delim, part);
		if (end)
			part = (size_t)(end - f->_IO_read_ptr) + 1;
		if (!grow(line, size, got + part + 1))
			return -1;
		got += take(f, *line + got, part);
	}
	if (got == 0)
		return -1;
	(*line)[got] = '\0';
	return (ssize_t)got;
}
MX_ALIAS_AS(__getdelim, getdelim);

ssize_t
getline(char **line, size_t *size, FILE *f)
{
	if (!mx_on())
		return real.getline(line, size, f);
	return getdelim(line, size, '\n', f);
}

/* ---- scanf: libc's own, on a helper if the line is not all there ---- */

static enum how
scan(FILE *f)
{
	char *p = f->_IO_read_ptr;
	bool word = false;
	size_t i, n;

	if (f->_mode > 0 || (f->_flags & F_EOF))
		return HOW_DIRECT;
	if (empty(f) && !is_file(f)) {
		if (fill(f) < 0)
			return HOW_FAIL;
		p = f->_IO_read_ptr;
	}
	if (f->_flags & F_EOF)
		return HOW_DIRECT;
	n = avail(f);
	for (i = 0; i < n; i++) {
		if (p[i] == '\n' && word)
			return HOW_DIRECT;
		if (p[i] != ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r')
			word = true;
	}
	return is_file(f) ? HOW_DIRECT : HOW_HOP;
}

/*
 * The headers give the plain names to other versions, as the standard that is
 * asked for wants it: so these have the symbols' names only.
 */

int vfscanf_(FILE *f, const char *fmt, va_list ap) __asm__("vfscanf");
int
vfscanf_(FILE *f, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.vfscanf(f, fmt, ap);
	LOCKED(f);
	return RUN(scan(f), EOF, real.vfscanf(f, fmt, ap));
}

extern __typeof__(vfscanf_) vfscanf_old __asm__("__vfscanf")
    __attribute__((alias("vfscanf"), visibility("default")));

int vscanf_(const char *fmt, va_list ap) __asm__("vscanf");
int
vscanf_(const char *fmt, va_list ap)
{
	return vfscanf_(stdin, fmt, ap);
}

int fscanf_(FILE *f, const char *fmt, ...) __asm__("fscanf");
int
fscanf_(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int scanf_(const char *fmt, ...) __asm__("scanf");
int
scanf_(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc99_vfscanf_(FILE *f, const char *fmt, va_list ap) __asm__("__isoc99_vfscanf");
int
__isoc99_vfscanf_(FILE *f, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.__isoc99_vfscanf(f, fmt, ap);
	LOCKED(f);
	return RUN(scan(f), EOF, real.__isoc99_vfscanf(f, fmt, ap));
}

int __isoc99_vscanf_(const char *fmt, va_list ap) __asm__("__isoc99_vscanf");
int
__isoc99_vscanf_(const char *fmt, va_list ap)
{
	return __isoc99_vfscanf_(stdin, fmt, ap);
}

int __isoc99_fscanf_(FILE *f, const char *fmt, ...) __asm__("__isoc99_fscanf");
int
__isoc99_fscanf_(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc99_vfscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc99_scanf_(const char *fmt, ...) __asm__("__isoc99_scanf");
int
__isoc99_scanf_(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc99_vfscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc23_vfscanf_(FILE *f, const char *fmt, va_list ap) __asm__("__isoc23_vfscanf");
int
__isoc23_vfscanf_(FILE *f, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.__isoc23_vfscanf(f, fmt, ap);
	LOCKED(f);
	return RUN(scan(f), EOF, real.__isoc23_vfscanf(f, fmt, ap));
}

int __isoc23_vscanf_(const char *fmt, va_list ap) __asm__("__isoc23_vscanf");
int
__isoc23_vscanf_(const char *fmt, va_list ap)
{
	return __isoc23_vfscanf_(stdin, fmt, ap);
}

int __isoc23_fscanf_(FILE *f, const char *fmt, ...) __asm__("__isoc23_fscanf");
int
__isoc23_fscanf_(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc23_vfscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc23_scanf_(const char *fmt, ...) __asm__("__isoc23_scanf");
int
__isoc23_scanf_(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc23_vfscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

/* ---- wide streams: their own buffer is out of sight ---- */

/* Whether the descriptor has nothing to read now. */
static bool
dry(const FILE *f)
{
	struct pollfd p = { .fd = f->_fileno, .events = POLLIN };
	int saved = errno;
	bool yes;

	if (f->_fileno < 0 || avail(f) || (f->_flags & F_EOF))
		return false;
	yes = real.poll(&p, 1, 0) == 0;
	if (yes)
		flush_prompt(f);
	errno = saved;
	return yes;
}

#define WIDE(f, expr) ({ \
	FILE *wide_ = (f); \
	__typeof__(expr) wide_r_; \
	mx_testcancel(); \
	if (dry(wide_)) { \
		wide_r_ = MX_STDIO_HOP(expr); \
	} else { \
		LOCKED(wide_); \
		wide_r_ = (expr); \
	} \
	wide_r_; \
})

wint_t
fgetwc(FILE *f)
{
	if (!mx_on())
		return real.fgetwc(f);
	return WIDE(f, real.fgetwc(f));
}
MX_ALIAS_AS(getwc, fgetwc);

wint_t
fgetwc_unlocked(FILE *f)
{
	if (!mx_on())
		return real.fgetwc_unlocked(f);
	return WIDE(f, real.fgetwc_unlocked(f));
}
MX_ALIAS_AS(getwc_unlocked, fgetwc_unlocked);

wint_t
getwchar(void)
{
	if (!mx_on())
		return real.getwchar();
	return WIDE(stdin, real.getwchar());
}

wint_t
getwchar_unlocked(void)
{
	if (!mx_on())
		return real.getwchar_unlocked();
	return WIDE(stdin, real.getwchar_unlocked());
}

wint_t __wuflow(FILE *f);
wint_t
__wuflow(FILE *f)
{
	if (!mx_on())
		return real.__wuflow(f);
	return WIDE(f, real.__wuflow(f));
}

wint_t __wunderflow(FILE *f);
wint_t
__wunderflow(FILE *f)
{
	if (!mx_on())
		return real.__wunderflow(f);
	return WIDE(f, real.__wunderflow(f));
}

wchar_t *
fgetws(wchar_t *s, int n, FILE *f)
{
	if (!mx_on())
		return real.fgetws(s, n, f);
	return WIDE(f, real.fgetws(s, n, f));
}

wchar_t *
fgetws_unlocked(wchar_t *s, int n, FILE *f)
{
	if (!mx_on())
		return real.fgetws_unlocked(s, n, f);
	return WIDE(f, real.fgetws_unlocked(s, n, f));
}

wchar_t *__fgetws_chk(wchar_t *s, size_t room, int n, FILE *f);
wchar_t *
__fgetws_chk(wchar_t *s, size_t room, int n, FILE *f)
{
	if (!mx_on())
		return real.__fgetws_chk(s, room, n, f);
	return WIDE(f, real.__fgetws_chk(s, room, n, f));
}

wchar_t *__fgetws_unlocked_chk(wchar_t *s, size_t room, int n, FILE *f);
wchar_t *
__fgetws_unlocked_chk(wchar_t *s, size_t room, int n, FILE *f)
{
	if (!mx_on())
		return real.__fgetws_unlocked_chk(s, room, n, f);
	return WIDE(f, real.__fgetws_unlocked_chk(s, room, n, f));
}

int vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap) __asm__("vfwscanf");
int
vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.vfwscanf(f, fmt, ap);
	return WIDE(f, real.vfwscanf(f, fmt, ap));
}

int vwscanf_(const wchar_t *fmt, va_list ap) __asm__("vwscanf");
int
vwscanf_(const wchar_t *fmt, va_list ap)
{
	return vfwscanf_(stdin, fmt, ap);
}

int fwscanf_(FILE *f, const wchar_t *fmt, ...) __asm__("fwscanf");
int
fwscanf_(FILE *f, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfwscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int wscanf_(const wchar_t *fmt, ...) __asm__("wscanf");
int
wscanf_(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfwscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc99_vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap) __asm__("__isoc99_vfwscanf");
int
__isoc99_vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.__isoc99_vfwscanf(f, fmt, ap);
	return WIDE(f, real.__isoc99_vfwscanf(f, fmt, ap));
}

int __isoc99_vwscanf_(const wchar_t *fmt, va_list ap) __asm__("__isoc99_vwscanf");
int
__isoc99_vwscanf_(const wchar_t *fmt, va_list ap)
{
	return __isoc99_vfwscanf_(stdin, fmt, ap);
}

int __isoc99_fwscanf_(FILE *f, const wchar_t *fmt, ...) __asm__("__isoc99_fwscanf");
int
__isoc99_fwscanf_(FILE *f, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc99_vfwscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc99_wscanf_(const wchar_t *fmt, ...) __asm__("__isoc99_wscanf");
int
__isoc99_wscanf_(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc99_vfwscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc23_vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap) __asm__("__isoc23_vfwscanf");
int
__isoc23_vfwscanf_(FILE *f, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.__isoc23_vfwscanf(f, fmt, ap);
	return WIDE(f, real.__isoc23_vfwscanf(f, fmt, ap));
}

int __isoc23_vwscanf_(const wchar_t *fmt, va_list ap) __asm__("__isoc23_vwscanf");
int
__isoc23_vwscanf_(const wchar_t *fmt, va_list ap)
{
	return __isoc23_vfwscanf_(stdin, fmt, ap);
}

int __isoc23_fwscanf_(FILE *f, const wchar_t *fmt, ...) __asm__("__isoc23_fwscanf");
int
__isoc23_fwscanf_(FILE *f, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc23_vfwscanf_(f, fmt, ap);
	va_end(ap);
	return n;
}

int __isoc23_wscanf_(const wchar_t *fmt, ...) __asm__("__isoc23_wscanf");
int
__isoc23_wscanf_(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __isoc23_vfwscanf_(stdin, fmt, ap);
	va_end(ap);
	return n;
}

/* ---- locks ---- */

/* flockfile(3). libc's unlock is invisible to us, so who waits hops. */
void
flockfile(FILE *f)
{
	if (!mx_on()) {
		real.flockfile(f);
		return;
	}
	if (real.ftrylockfile(f) == 0)
		return;
	mx_why("flockfile", (uintptr_t)f);
	MX_HOP(MX_HOP_LOCK, (real.flockfile(f), 0));
}
MX_ALIAS_AS(_IO_flockfile, flockfile);
