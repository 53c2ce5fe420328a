/* SPDX-License-Identifier: MIT */
/*
 * The rest of stdio_in.c and stdio_in_wide.c, behind their LIST, which reads from
 * f or standard input, and rest(), which tells what a call left behind it. They
 * have f, b, n and p[2].
 */
#include "_stdio.h"

static int go;

static void *
feeds(void *arg)
{
	int fd = p[1];

	while (!__atomic_load_n(&go, __ATOMIC_SEQ_CST))
		ms(1);
	ms(4);
	MUST(write(fd, "12 wo", 5) == 5);
	ms(4);
	MUST(write(fd, "rd\nline two\n", 12) == 12);
	close(fd);
	return arg;
}

static void *
work(void *arg)
{
	pthread_t t;
	long rc;

	for (size_t i = 0; i < NELEM(rows); i++) {
		MUST(pipe(p) == 0);
		if (rows[i].std) {
			dup2(p[0], 0);
			close(p[0]);
			f = stdin;
			clearerr(f);
		} else {
			f = fdopen(p[0], "r");
		}
		memset(b, 0, sizeof(b));
		n = go = 0;
		t = spawn(feeds, NULL);
		__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
		errno = 0;
		rc = call((int)i);
		say("%s = %ld errno %s \"%.*s\" %d", rows[i].text, rc,
		    ename(errno), (int)strcspn(b, "\n"), b, n);
		join(t);
		rest();
		/* At its end, */
		errno = 0;
		rc = call((int)i);
		say("   end %ld errno %s eof %d", rc, ename(errno),
		    feof(f) != 0);
		/* with no descriptor under it, */
		clearerr(f);
		rc = dup(fileno(f));
		close(fileno(f));
		errno = 0;
		n = (int)call((int)i);
		say("   closed %d errno %s error %d", n, ename(errno),
		    ferror(f) != 0);
		dup2((int)rc, fileno(f));
		close((int)rc);
		if (rows[i].std) {
			dup2(open("/dev/null", O_RDONLY), 0);
			continue;
		}
		fclose(f);
		/* open for writing, and a directory. */
		f = fopen("out", "w");
		errno = 0;
		rc = call((int)i);
		say("   writer %ld errno %s error %d", rc, ename(errno),
		    ferror(f) != 0);
		fclose(f);
		f = fopen(".", "r");
		errno = 0;
		rc = call((int)i);
		say("   directory %ld errno %s error %d", rc, ename(errno),
		    ferror(f) != 0);
		fclose(f);
	}
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
