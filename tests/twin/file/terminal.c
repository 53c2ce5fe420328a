/* SPDX-License-Identifier: MIT */
/* tcdrain, tcflush, tcsetattr, tcsendbreak on a terminal and elsewhere. */
#include <stdlib.h>
#include <termios.h>

#include "t.h"

static int master;

static void *
drains(void *arg)
{
	char b[64];
	int n = 0;

	settle();
	while (n < 9)
		n += read(master, b, sizeof(b));
	return arg;
}

static void *
work(void *arg)
{
	struct termios tio;
	pthread_t t;
	int slave, p[2];

	master = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	MUST(slave >= 0 && tcgetattr(slave, &tio) == 0);
	cfmakeraw(&tio);
	R(tcsetattr(slave, TCSANOW, &tio));
	R(tcsetattr(slave, 99, &tio));
	R(write(slave, "something", 9));
	t = spawn(drains, NULL);
	R(tcdrain(slave));
	R(tcsetattr(slave, TCSADRAIN, &tio));
	R(tcsetattr(slave, TCSAFLUSH, &tio));
	join(t);
	R(tcflush(slave, TCIOFLUSH));
	R(tcflush(slave, 99));
	R(tcsendbreak(slave, 0));
	MUST(pipe(p) == 0);
	R(tcdrain(p[0]));
	R(tcflush(-1, TCIFLUSH));
	R(tcsendbreak(-1, 0));
	R(tcsetattr(-1, TCSADRAIN, &tio));
	R(tcsetattr(p[0], TCSAFLUSH, &tio));
	close(p[0]);
	close(p[1]);
	close(slave);
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
