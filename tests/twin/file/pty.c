/* SPDX-License-Identifier: MIT */
/* A terminal: reads block, lines, hang-up, reads on the other side. */
#include <stdlib.h>
#include <termios.h>

#include "t.h"

static int master, slave;

static void *
types(void *arg)
{
	settle();
	MUST(write(master, "hel", 3) == 3);
	ms(20);
	MUST(write(master, "lo\nmore\n", 8) == 8);
	return arg;
}

static void *
work(void *arg)
{
	struct termios tio;
	char b[64];
	ssize_t n;
	pthread_t t;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0) {
		say("no terminals here");
		return arg;
	}
	grantpt(master);
	unlockpt(master);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	MUST(slave >= 0);
	R(isatty(slave));
	tcgetattr(slave, &tio);
	tio.c_lflag &= ~ECHO;
	tcsetattr(slave, TCSANOW, &tio);
	t = spawn(types, NULL);
	n = read(slave, b, sizeof(b));
	say("%zd %.*s", n, (int)n - 1, b);
	n = read(slave, b, sizeof(b));
	say("%zd %.*s", n, (int)n - 1, b);
	join(t);
	R(write(slave, "out\n", 4));
	n = read(master, b, sizeof(b));
	say("%zd", n);
	R(tcdrain(slave));
	R(tcflush(slave, TCIOFLUSH));
	/* No line yet: nothing to read. */
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	R(read(slave, b, sizeof(b)));
	fcntl(slave, F_SETFL, O_RDWR);
	R(write(master, "\004", 1));
	R(read(slave, b, sizeof(b)));
	tio.c_lflag &= ~ICANON;
	tio.c_cc[VMIN] = 0;
	tio.c_cc[VTIME] = 1;
	tcsetattr(slave, TCSANOW, &tio);
	R(read(slave, b, sizeof(b)));
	close(slave);
	R(read(master, b, sizeof(b)));
	close(master);
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
