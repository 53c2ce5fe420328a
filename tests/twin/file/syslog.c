/* SPDX-License-Identifier: MIT */
/* twin: cflags=-O2 cflags=-D_FORTIFY_SOURCE=2 */
/* The system log, from many threads: libc's copy on standard error is whole. */
#include <syslog.h>

#include "t.h"

static void
vlog(int prio, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(prio, fmt, ap);
	va_end(ap);
}

static void *
logs(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 20; i++) {
		errno = ENOENT;
		if (i % 2)
			syslog(LOG_INFO, "%d line %d: %m", me, i);
		else
			vlog(LOG_ERR, "%d line %d: %m", me, i);
	}
	return NULL;
}

int
main(void)
{
	int p[2], n = 0, good = 0, a, b, err = dup(2);
	pthread_t t[4];
	char line[128];
	FILE *f;

	MUST(pipe(p) == 0);
	dup2(p[1], 2);
	close(p[1]);
	openlog("twin", LOG_PERROR | LOG_NDELAY, LOG_USER);
	for (intptr_t i = 0; i < 4; i++)
		t[i] = i == 3 ? spawn_kernel(logs, (void *)i)
			      : spawn(logs, (void *)i);
	for (int i = 0; i < 4; i++)
		join(t[i]);
	logs((void *)4);
	closelog();
	dup2(err, 2);
	f = fdopen(p[0], "r");
	while (fgets(line, sizeof(line), f)) {
		n++;
		good += sscanf(line, "twin: %d line %d: No such", &a, &b) == 2;
	}
	say("lines %d, whole %d", n, good);
	return 0;
}
