/* SPDX-License-Identifier: MIT */
/* An exception that nobody catches ends the process by SIGABRT. */
#include <stdexcept>

#include "t.h"

static void *
uncaught(void *)
{
	usleep(100);
	throw std::logic_error("meant to be uncaught");
}

int
main()
{
	say("before");
	join(spawn(uncaught, NULL));
	say("after");
	return 0;
}
