/* SPDX-License-Identifier: MIT */
/*
 * stdio, writing. libc's own write() is invisible to us: a call that is about
 * to empty the FILE's buffer into a descriptor that cannot be written now hops,
 * and so does one that finds the FILE locked. What fits the buffer is libc's
 * own at once. A call that turns out to write more than the descriptor takes is
 * left to the monitor.
 *
 * Runs in user code. See input.c for the FILE's lock.
 */
#include "preload.h"
#include "stdio_file.h"

#include <limits.h>
#include <sys/stat.h>
#include <wchar.h>

/* A wint_t has no sign. */
#pragma GCC diagnostic ignored "-Wtype-limits"

#define UNKNOWN 512	/* what a format is taken to write */

/* Whether a write of n bytes to fd may wait. Keeps errno. */
static bool
full(int fd, size_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int saved = errno, fl;
	struct stat st;
	bool yes;

	if (fd < 0)
		return false;
	yes = real.poll(&p, 1, 0) == 0;
	if (!yes && n > PIPE_BUF)
		yes = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) &&
		    !S_ISBLK(st.st_mode);
	if (yes) {
		fl = real.fcntl(fd, F_GETFL, NULL);
		yes = fl >= 0 && !(fl & O_NONBLOCK);
	}
	errno = saved;
	return yes;
}

/* Whether n more bytes, with an end of line among them or not, may wait. */
static bool
waits(const FILE *f, size_t n, bool line)
{
	const char *used = f->_flags & F_PUTTING ? f->_IO_write_ptr :
	    f->_IO_buf_base;
	size_t room = f->_IO_buf_end > used ?
	    (size_t)(f->_IO_buf_end - used) : 0;

	if (n <= room && !(f->_flags & F_UNBUFFERED) &&
	    !(line && (f->_flags & F_LINE_BUF)))
		return false;
	return full(f->_fileno, n);
}

/* What is written and not flushed yet. */
static bool
pending(const FILE *f)
{
	return f->_mode > 0 || ((f->_flags & F_PUTTING) &&
	    f->_IO_write_ptr > f->_IO_write_base);
}

/* For fclose() and its kin. */
bool
mx_stdio_flush_waits(const FILE *f)
{
	return pending(f) && full(f->_fileno, 0);
}

/* cond is only looked at with the FILE locked. */
#define OUT(f, cond, expr) ({ \
	FILE *out_ = (f); \
	__typeof__(expr) out_r_; \
	bool user_ = out_->_flags & F_USER_LOCK; \
	if (!user_ && real.ftrylockfile(out_) != 0) { \
		out_r_ = MX_STDIO_HOP(expr); \
	} else { \
		out_r_ = (cond) ? MX_STDIO_HOP(expr) : (expr); \
		if (!user_) \
			real.funlockfile(out_); \
	} \
	out_r_; \
})

/* ---- characters and strings ---- */

int
putc(int c, FILE *f)
{
	if (!mx_on())
		return real.putc(c, f);
	return OUT(f, waits(f, 1, c == '\n'), real.putc(c, f));
}
MX_ALIAS_AS(fputc, putc);
MX_ALIAS_AS(_IO_putc, putc);

int
putchar(int c)
{
	if (!mx_on())
		return real.putchar(c);
	return OUT(stdout, waits(stdout, 1, c == '\n'), real.putchar(c));
}

int
putc_unlocked(int c, FILE *f)
{
	if (!mx_on())
		return real.putc_unlocked(c, f);
	return waits(f, 1, c == '\n') ? MX_STDIO_HOP(real.putc_unlocked(c, f)) :
	    real.putc_unlocked(c, f);
}
MX_ALIAS_AS(fputc_unlocked, putc_unlocked);

int
putchar_unlocked(int c)
{
	if (!mx_on())
		return real.putchar_unlocked(c);
	return waits(stdout, 1, c == '\n') ? MX_STDIO_HOP(real.putchar_unlocked(c)) :
	    real.putchar_unlocked(c);
}

/* What the macros call when there is no room. */
int
__overflow(FILE *f, int c)
{
	if (!mx_on())
		return real.__overflow(f, c);
	return full(f->_fileno, 0) ? MX_STDIO_HOP(real.__overflow(f, c)) :
	    real.__overflow(f, c);
}

int
putw(int w, FILE *f)
{
	if (!mx_on())
		return real.putw(w, f);
	return OUT(f, waits(f, sizeof(w), true), real.putw(w, f));
}

int
fputs(const char *s, FILE *f)
{
	if (!mx_on())
		return real.fputs(s, f);
	return OUT(f, waits(f, strlen(s), strchr(s, '\n')), real.fputs(s, f));
}
MX_ALIAS_AS(_IO_fputs, fputs);

int
fputs_unlocked(const char *s, FILE *f)
{
	if (!mx_on())
		return real.fputs_unlocked(s, f);
	return waits(f, strlen(s), strchr(s, '\n')) ? MX_STDIO_HOP(real.fputs_unlocked(s, f)) :
	    real.fputs_unlocked(s, f);
}

int
puts(const char *s)
{
	if (!mx_on())
		return real.puts(s);
	return OUT(stdout, waits(stdout, strlen(s) + 1, true), real.puts(s));
}
MX_ALIAS_AS(_IO_puts, puts);

size_t
fwrite(const void *p, size_t size, size_t n, FILE *f)
{
	if (!mx_on())
		return real.fwrite(p, size, n, f);
	return OUT(f, waits(f, size * n, true), real.fwrite(p, size, n, f));
}
MX_ALIAS_AS(_IO_fwrite, fwrite);

size_t
fwrite_unlocked(const void *p, size_t size, size_t n, FILE *f)
{
	if (!mx_on())
		return real.fwrite_unlocked(p, size, n, f);
	return waits(f, size * n, true) ? MX_STDIO_HOP(real.fwrite_unlocked(p, size, n, f)) :
	    real.fwrite_unlocked(p, size, n, f);
}

/* ---- flushing ---- */

/* fflush(3). Of all FILEs: some of them may wait. */
int
fflush(FILE *f)
{
	if (!mx_on())
		return real.fflush(f);
	if (!f)
		return MX_STDIO_HOP(real.fflush(f));
	return OUT(f, mx_stdio_flush_waits(f), real.fflush(f));
}
MX_ALIAS_AS(_IO_fflush, fflush);

int
fflush_unlocked(FILE *f)
{
	if (!mx_on())
		return real.fflush_unlocked(f);
	return !f || mx_stdio_flush_waits(f) ?
	    MX_STDIO_HOP(real.fflush_unlocked(f)) : real.fflush_unlocked(f);
}

/* ---- formats ---- */

int
vfprintf(FILE *f, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.vfprintf(f, fmt, ap);
	return OUT(f, waits(f, UNKNOWN, true), real.vfprintf(f, fmt, ap));
}

int
fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}
MX_ALIAS_AS(_IO_fprintf, fprintf);
MX_ALIAS_AS(_IO_vfprintf, vfprintf);

int
vprintf(const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.vprintf(fmt, ap);
	return OUT(stdout, waits(stdout, UNKNOWN, true), real.vprintf(fmt, ap));
}

int
printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	return n;
}
MX_ALIAS_AS(_IO_printf, printf);

int __vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap);
int
__vfprintf_chk(FILE *f, int flag, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.__vfprintf_chk(f, flag, fmt, ap);
	return OUT(f, waits(f, UNKNOWN, true), real.__vfprintf_chk(f, flag, fmt, ap));
}

int __fprintf_chk(FILE *f, int flag, const char *fmt, ...);
int
__fprintf_chk(FILE *f, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vfprintf_chk(f, flag, fmt, ap);
	va_end(ap);
	return n;
}

int __vprintf_chk(int flag, const char *fmt, va_list ap);
int
__vprintf_chk(int flag, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.__vprintf_chk(flag, fmt, ap);
	return OUT(stdout, waits(stdout, UNKNOWN, true), real.__vprintf_chk(flag, fmt, ap));
}

int __printf_chk(int flag, const char *fmt, ...);
int
__printf_chk(int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vprintf_chk(flag, fmt, ap);
	va_end(ap);
	return n;
}

/* dprintf(3) has no buffer. */

int
vdprintf(int fd, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.vdprintf(fd, fmt, ap);
	return full(fd, UNKNOWN) ? MX_STDIO_HOP(real.vdprintf(fd, fmt, ap)) :
	    real.vdprintf(fd, fmt, ap);
}

int
dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

int __vdprintf_chk(int fd, int flag, const char *fmt, va_list ap);
int
__vdprintf_chk(int fd, int flag, const char *fmt, va_list ap)
{
	if (!mx_on())
		return real.__vdprintf_chk(fd, flag, fmt, ap);
	return full(fd, UNKNOWN) ? MX_STDIO_HOP(real.__vdprintf_chk(fd, flag, fmt, ap)) :
	    real.__vdprintf_chk(fd, flag, fmt, ap);
}

int __dprintf_chk(int fd, int flag, const char *fmt, ...);
int
__dprintf_chk(int fd, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vdprintf_chk(fd, flag, fmt, ap);
	va_end(ap);
	return n;
}

/* perror(3) */
void
perror(const char *s)
{
	if (!mx_on()) {
		real.perror(s);
		return;
	}
	OUT(stderr, waits(stderr, UNKNOWN, true), (real.perror(s), 0));
}

/* ---- wide streams: their own buffer is out of sight ---- */

wint_t
fputwc(wchar_t c, FILE *f)
{
	if (!mx_on())
		return real.fputwc(c, f);
	return OUT(f, full(f->_fileno, 0), real.fputwc(c, f));
}
MX_ALIAS_AS(putwc, fputwc);

wint_t
putwchar(wchar_t c)
{
	if (!mx_on())
		return real.putwchar(c);
	return OUT(stdout, full(stdout->_fileno, 0), real.putwchar(c));
}

wint_t
fputwc_unlocked(wchar_t c, FILE *f)
{
	if (!mx_on())
		return real.fputwc_unlocked(c, f);
	return full(f->_fileno, 0) ? MX_STDIO_HOP(real.fputwc_unlocked(c, f)) :
	    real.fputwc_unlocked(c, f);
}
MX_ALIAS_AS(putwc_unlocked, fputwc_unlocked);

wint_t
putwchar_unlocked(wchar_t c)
{
	if (!mx_on())
		return real.putwchar_unlocked(c);
	return full(stdout->_fileno, 0) ? MX_STDIO_HOP(real.putwchar_unlocked(c)) :
	    real.putwchar_unlocked(c);
}

wint_t __woverflow(FILE *f, wint_t c);
wint_t
__woverflow(FILE *f, wint_t c)
{
	if (!mx_on())
		return real.__woverflow(f, c);
	return full(f->_fileno, 0) ? MX_STDIO_HOP(real.__woverflow(f, c)) :
	    real.__woverflow(f, c);
}

int
fputws(const wchar_t *s, FILE *f)
{
	if (!mx_on())
		return real.fputws(s, f);
	return OUT(f, full(f->_fileno, 0), real.fputws(s, f));
}

int
fputws_unlocked(const wchar_t *s, FILE *f)
{
	if (!mx_on())
		return real.fputws_unlocked(s, f);
	return full(f->_fileno, 0) ? MX_STDIO_HOP(real.fputws_unlocked(s, f)) :
	    real.fputws_unlocked(s, f);
}

int
vfwprintf(FILE *f, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.vfwprintf(f, fmt, ap);
	return OUT(f, waits(f, UNKNOWN, true), real.vfwprintf(f, fmt, ap));
}

int
fwprintf(FILE *f, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfwprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int
vwprintf(const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.vwprintf(fmt, ap);
	return OUT(stdout, waits(stdout, UNKNOWN, true), real.vwprintf(fmt, ap));
}

int
wprintf(const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vwprintf(fmt, ap);
	va_end(ap);
	return n;
}

int __vfwprintf_chk(FILE *f, int flag, const wchar_t *fmt, va_list ap);
int
__vfwprintf_chk(FILE *f, int flag, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.__vfwprintf_chk(f, flag, fmt, ap);
	return OUT(f, waits(f, UNKNOWN, true), real.__vfwprintf_chk(f, flag, fmt, ap));
}

int __fwprintf_chk(FILE *f, int flag, const wchar_t *fmt, ...);
int
__fwprintf_chk(FILE *f, int flag, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vfwprintf_chk(f, flag, fmt, ap);
	va_end(ap);
	return n;
}

int __vwprintf_chk(int flag, const wchar_t *fmt, va_list ap);
int
__vwprintf_chk(int flag, const wchar_t *fmt, va_list ap)
{
	if (!mx_on())
		return real.__vwprintf_chk(flag, fmt, ap);
	return OUT(stdout, waits(stdout, UNKNOWN, true), real.__vwprintf_chk(flag, fmt, ap));
}

int __wprintf_chk(int flag, const wchar_t *fmt, ...);
int
__wprintf_chk(int flag, const wchar_t *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vwprintf_chk(flag, fmt, ap);
	va_end(ap);
	return n;
}
