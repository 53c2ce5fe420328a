/* SPDX-License-Identifier: MIT */
/* Pipes: blocking reads and writes, end of file, many writers, EPIPE. */
#include "t.h"

static int p[2];

static void *
writes(void *arg)
{
	char b[1000];

	memset(b, 'a' + (int)(intptr_t)arg, sizeof(b));
	for (int i = 0; i < 200; i++)
		if (write(p[1], b, sizeof(b)) != sizeof(b))
			say("short write");
	return NULL;
}

static void *
big_write(void *arg)
{
	size_t n = 1 << 20;
	char *b = malloc(n);

	for (size_t i = 0; i < n; i++)
		b[i] = noise(5, i);
	/* Blocks until all of it is written. */
	R(write(p[1], b, n));
	free(b);
	close(p[1]);
	return arg;
}

static void *
fills(void *arg)
{
	char b[4096] = "";

	while (write(p[1], b, sizeof(b)) > 0)
		;
	say("blocked writer: %s", ename(errno));
	return arg;
}

static void *
drips(void *arg)
{
	ms(30);
	MUST(write(p[1], "abc", 3) == 3);
	ms(60);
	MUST(write(p[1], "de", 2) == 2);
	ms(60);
	close(p[1]);
	return arg;
}

int
main(void)
{
	pthread_t t[8];
	size_t count[8] = { 0 }, pos = 0, wrong = 0;
	char b[5000];
	ssize_t n;

	MUST(pipe(p) == 0);
	t[0] = spawn(drips, NULL);
	R(read(p[0], b, 0));
	R(read(p[0], b, 2));
	R(read(p[0], b, 10));
	R(read(p[0], b, 10));
	R(read(p[0], b, 10));
	R(read(p[0], b, 10));
	join(t[0]);
	close(p[0]);

	say("-- many writers");
	MUST(pipe(p) == 0);
	for (intptr_t i = 0; i < 8; i++)
		t[i] = i % 4 == 1 ? spawn_kernel(writes, (void *)i)
				  : spawn(writes, (void *)i);
	for (int left = 8 * 200 * 1000; left > 0; left -= n) {
		n = read(p[0], b, sizeof(b));
		if (n <= 0)
			break;
		for (ssize_t k = 0; k < n; k++)
			count[b[k] - 'a']++;
	}
	for (int i = 0; i < 8; i++) {
		join(t[i]);
		say("%zu", count[i]);
	}
	say("-- one big write");
	t[0] = spawn(big_write, NULL);
	while ((n = read(p[0], b, 777)) > 0) {
		for (ssize_t k = 0; k < n; k++)
			wrong += (unsigned char)b[k] != noise(5, pos + k);
		pos += n;
	}
	join(t[0]);
	say("read %zu, wrong %zu, then %zd", pos, wrong, n);
	close(p[0]);
	say("-- reader leaves");
	signal(SIGPIPE, SIG_IGN);
	MUST(pipe(p) == 0);
	t[0] = spawn(fills, NULL);
	settle();
	close(p[0]);
	join(t[0]);
	R(write(p[1], "x", 1));
	return 0;
}
