/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 cflags=-O2 cflags=-D_FORTIFY_SOURCE=2 */
/* Every call that reads a FILE, on a pipe that is fed in pieces. */
#include <sys/ioctl.h>
#include <wchar.h>

#include "t.h"

static int p[2], ticks;
static const char *pieces[8];

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(1);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

/* A piece is written when the one before has been read. */
static void *
feeds(void *arg)
{
	int n;

	while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
		ms(1);
	for (int i = 0; pieces[i]; i++) {
		settle();
		MUST(write(p[1], pieces[i], strlen(pieces[i])) > 0);
		do {
			ms(5);
			MUST(ioctl(p[0], FIONREAD, &n) == 0);
		} while (n > 0);
	}
	close(p[1]);
	return arg;
}

static FILE *f;
static char text[64];
static wchar_t wide[64];
static volatile size_t ten = 10, one = 1; /* so that gcc must check them */

static void
show(const char *what, long rc)
{
	say("%s: %ld \"%.20s\" eof %d error %d", what, rc, text, feof(f) != 0,
	    ferror(f) != 0);
	memset(text, 0, sizeof(text));
}

static int
vscan(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfscanf(f, fmt, ap);
	va_end(ap);
	return n;
}

static void
call(int how)
{
	char *line = NULL;
	size_t size = 0;
	int a = 0, b = 0;
	long rc;

	switch (how) {
	case 0:
		show("fgets", fgets(text, 20, f) == text);
		show("fgets", fgets(text, 20, f) == text);
		show("fgets", fgets(text, 20, f) == text);
		break;
	case 1:
		rc = fgets(text, (int)ten, f) == text;
		show("fgets short", rc);
		show("fgets 1", fgets(text, (int)one, f) == text);
		show("fgets_unlocked", fgets_unlocked(text, 20, f) == text);
		break;
	case 2:
		for (int i = 0; i < 4; i++) {
			rc = getline(&line, &size, f);
			if (rc > 0)
				strcpy(text, line);
			show("getline", rc);
		}
		say("size %zu", size);
		free(line);
		break;
	case 3:
		rc = getdelim(&line, &size, 'x', f);
		if (rc > 0)
			strcpy(text, line);
		show("getdelim", rc);
		rc = getdelim(&line, &size, EOF, f);
		if (rc > 0)
			strcpy(text, line);
		show("getdelim", rc);
		free(line);
		break;
	case 4:
		show("fread", fread(text, 1, 3, f));
		show("fread", fread(text, 4, 2, f));
		show("fread", fread(text, ten, 2, f));
		break;
	case 5:
		show("fread_unlocked", fread_unlocked(text, 1, 7, f));
		show("fread 0", fread(text, 0, 7, f));
		show("getw", getw(f) == 0x0a6f7774);
		break;
	case 6:
		text[0] = getc(f);
		text[1] = fgetc(f);
		text[2] = getc_unlocked(f);
		text[3] = getc(f);
		ungetc('U', f);
		ungetc('V', f);
		text[4] = getc(f);
		text[5] = getc_unlocked(f);
		text[6] = getc(f);
		show("getc", 0);
		ungetc('W', f);
		show("pushed back", fgets(text, 20, f) == text);
		ungetc('X', f);
		ungetc('Y', f);
		show("pushed back", fread(text, 1, 6, f));
		break;
	case 7:
		rc = fscanf(f, "%d %d", &a, &b);
		show("fscanf", rc * 100 + a + b);
		rc = vscan("%9s", text);
		show("vfscanf", rc);
		rc = fscanf(f, " %d", &a);
		show("fscanf", rc);
		break;
	case 8:
		setvbuf(f, NULL, _IONBF, 0);
		show("unbuffered", fgets(text, 20, f) == text);
		show("unbuffered", fread(text, 1, 6, f));
		text[0] = getc(f);
		show("unbuffered", 0);
		break;
	case 9:
		show("fgetwc", fgetwc(f));
		rc = fgetws(wide, 20, f) == wide;
		show("fgetws", rc * 100 + wcslen(wide));
		rc = fwscanf(f, L"%d", &a);
		show("fwscanf", rc * 100 + a);
		show("fgetc", fgetc(f));
		show("fgetwc", fgetwc(f));
		show("fgetwc", fgetwc(f));
		break;
	}
}

static void
handler(int sig)
{
	(void)sig;
}

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
reads_for_ever(void *arg)
{
	flockfile(f); /* and so may getc when it is cancelled */
	funlockfile(f);
	getc(f);
	say("not cancelled");
	return arg;
}

static void *
work(void *arg)
{
	static const char *const feed[][8] = {
		{ "one ", "line\ntwo", " lines\nthe", " end" },
		{ "0123456789abc", "defghij\nlast" },
		{ "first\nsecond and ", "more and more and more and ",
		  "the rest\n", "third" },
		{ "abc", "defx", "ghi\n", "jkl" },
		{ "a", "b", "cdef", "ghijk", "0123456789012" },
		{ "abc", "defg", "tw", "o\n" },
		{ "a", "b", "c", "de", "f", "gh", "i\nrest", "" },
		{ "\n", "1", "2 \n", " 34 w", "ord ", "x" },
		{ "unbuf", "fered\nmore", " again" },
		{ "w", "ide ", "line\n4", "2 x", "y" },
	};
	pthread_t self = pthread_self(), a, b;
	void *ret;
	int e;

	for (int how = 0; how < (int)NELEM(feed); how++) {
		MUST(pipe(p) == 0);
		memset(pieces, 0, sizeof(pieces));
		for (int i = 0; i < 7; i++)
			pieces[i] = feed[how][i];
		f = fdopen(p[0], "r");
		ticks = 0;
		a = spawn(feeds, NULL);
		b = spawn(tick, NULL);
		call(how);
		say("ticks %d", __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
		/* Some calls leave something for the writer to wait for. */
		while (read(p[0], text, sizeof(text)) > 0)
			;
		join(a);
		join(b);
		fclose(f);
		memset(text, 0, sizeof(text));
	}

	/* A handler ends the call; the next one goes on. */
	MUST(pipe(p) == 0);
	f = fdopen(p[0], "r");
	for (int how = 0; how < 4; how++) {
		through = 0;
		a = spawn(interrupts, &self);
		errno = 0;
		switch (how) {
		case 0:
			show("getc", getc(f));
			break;
		case 1:
			show("fgets", fgets(text, 20, f) != NULL);
			break;
		case 2:
			show("fread", fread(text, 1, 5, f));
			break;
		case 3:
			show("fscanf", fscanf(f, "%9s", text));
			break;
		}
		e = errno;
		__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST);
		join(a);
		say("%s", ename(e));
		clearerr(f);
	}
	MUST(write(p[1], "go on\n", 6) == 6);
	show("fgets", fgets(text, 20, f) != NULL);

	/* Made non-blocking by its user. */
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	errno = 0;
	show("getc", getc(f));
	say("%s", ename(errno));
	clearerr(f);
	errno = 0;
	show("fgets", fgets(text, 20, f) != NULL);
	say("%s", ename(errno));
	clearerr(f);
	fcntl(p[0], F_SETFL, 0);

	/* Cancelled, which unlocks it. */
	a = spawn(reads_for_ever, NULL);
	settle();
	pthread_cancel(a);
	pthread_join(a, &ret);
	say("cancelled %d, free %d", ret == PTHREAD_CANCELED,
	    ftrylockfile(f) == 0);
	funlockfile(f);
	fclose(f);
	close(p[1]);

	/* No descriptor, the wrong direction, a closed one, a file. */
	f = fmemopen("memory\n", 7, "r");
	show("memory", fgets(text, 20, f) != NULL);
	show("memory", getc(f));
	fclose(f);
	f = fopen("/dev/null", "w");
	errno = 0;
	show("writing only", getc(f));
	say("%s", ename(errno));
	show("writing only", fgets(text, 20, f) != NULL);
	fclose(f);
	MUST(pipe(p) == 0);
	f = fdopen(p[0], "r");
	close(p[0]);
	errno = 0;
	show("closed", fgets(text, 20, f) != NULL);
	say("%s", ename(errno));
	fclose(f);
	close(p[1]);
	f = fopen("/dev/zero", "r");
	show("/dev/zero", fread(text, 1, 32, f));
	fclose(f);
	R(getline(NULL, NULL, stdin));
	return arg;
}

int
main(void)
{
	catch_signal(SIGUSR1, handler, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
