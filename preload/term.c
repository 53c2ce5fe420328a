/* SPDX-License-Identifier: MIT */
/*
 * Terminals and the system log: what waits for a line, a user or a daemon
 * hops. Runs in user code; takes no lock.
 */
#include "preload.h"

/* tcdrain(3). A cancellation point; restarted after a handler as libc's is. */
int
tcdrain(int fd)
{
	if (!mx_on())
		return real.tcdrain(fd);
	mx_testcancel();
	mx_why("tcdrain", (uintptr_t)fd);
	return MX_HOP(MX_HOP_CANCEL, real.tcdrain(fd));
}

int
tcflush(int fd, int queue)
{
	if (!mx_on())
		return real.tcflush(fd, queue);
	return MX_HOP(MX_HOP_LOCK, real.tcflush(fd, queue));
}

int
tcsendbreak(int fd, int duration)
{
	if (!mx_on())
		return real.tcsendbreak(fd, duration);
	return MX_HOP(MX_HOP_LOCK, real.tcsendbreak(fd, duration));
}

int
tcsetattr(int fd, int when, const struct termios *tio)
{
	if (!mx_on() || (when != TCSADRAIN && when != TCSAFLUSH))
		return real.tcsetattr(fd, when, tio);
	mx_why("tcsetattr", (uintptr_t)fd);
	return MX_HOP(MX_HOP_LOCK, real.tcsetattr(fd, when, tio));
}

/* getpass(3): reads the terminal in libc, where we cannot see it. */
char *
getpass(const char *prompt)
{
	if (!mx_on())
		return real.getpass(prompt);
	mx_testcancel();
	mx_why("getpass", 0);
	return MX_HOP(MX_HOP_CANCEL, real.getpass(prompt));
}

/* ---- syslog(3): a lock of libc's, and a socket that may be full ---- */

void
openlog(const char *ident, int option, int facility)
{
	if (!mx_on()) {
		real.openlog(ident, option, facility);
		return;
	}
	MX_HOP(MX_HOP_LOCK, (real.openlog(ident, option, facility), 0));
}

void
closelog(void)
{
	if (!mx_on()) {
		real.closelog();
		return;
	}
	MX_HOP(MX_HOP_LOCK, (real.closelog(), 0));
}

void
vsyslog(int prio, const char *fmt, va_list ap)
{
	if (!mx_on()) {
		real.vsyslog(prio, fmt, ap);
		return;
	}
	mx_why("syslog", 0);
	MX_HOP(MX_HOP_LOCK, (real.vsyslog(prio, fmt, ap), 0));
}

void
syslog(int prio, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(prio, fmt, ap);
	va_end(ap);
}

void
__vsyslog_chk(int prio, int flag, const char *fmt, va_list ap)
{
	if (!mx_on()) {
		real.__vsyslog_chk(prio, flag, fmt, ap);
		return;
	}
	mx_why("syslog", 0);
	MX_HOP(MX_HOP_LOCK, (real.__vsyslog_chk(prio, flag, fmt, ap), 0));
}

void __syslog_chk(int prio, int flag, const char *fmt, ...);
void
__syslog_chk(int prio, int flag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	__vsyslog_chk(prio, flag, fmt, ap);
	va_end(ap);
}
