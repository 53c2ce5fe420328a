/* SPDX-License-Identifier: MIT */
/* getaddrinfo_a and gai_suspend: waiting, not waiting, notified, bad input. */
/* twin: libs=-lanl */
#include <netdb.h>

#include "t.h"

static sem_t done;

static void
notify(union sigval v)
{
	sem_post(v.sival_ptr);
}

static void
result(struct gaicb *g)
{
	struct addrinfo *ai = g->ar_result;

	say("%s: %d %d", g->ar_name, gai_error(g),
	    ai ? ai->ai_family == AF_INET : -1);
	if (ai)
		freeaddrinfo(ai);
	g->ar_result = NULL;
}

static void *
work(void *arg)
{
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_STREAM };
	struct gaicb a = { .ar_name = "127.0.0.1", .ar_request = &hints },
		     b = { .ar_name = "localhost", .ar_request = &hints },
		     *list[3] = { &a, NULL, &b };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD };
	struct timespec past = { 0, 0 };
	int rc;

	R(getaddrinfo_a(GAI_WAIT, list, 3, NULL));
	result(&a);
	result(&b);
	R(getaddrinfo_a(GAI_NOWAIT, list, 3, NULL));
	while (gai_error(&a) == EAI_INPROGRESS ||
	       gai_error(&b) == EAI_INPROGRESS) {
		rc = gai_suspend((const struct gaicb *const *)list, 3, NULL);
		if (rc != 0 && rc != EAI_ALLDONE && rc != EAI_INTR)
			say("gai_suspend %d", rc);
	}
	result(&a);
	result(&b);
	ev.sigev_notify_function = notify;
	ev.sigev_value.sival_ptr = &done;
	R(getaddrinfo_a(GAI_NOWAIT, list, 3, &ev));
	while (sem_wait(&done) != 0)
		;
	result(&a);
	result(&b);
	R(getaddrinfo_a(99, list, 3, NULL));
	R(gai_suspend((const struct gaicb *const *)list, 0, NULL));
	list[0] = list[2] = NULL;
	R(gai_suspend((const struct gaicb *const *)list, 3, &past));
	return arg;
}

int
main(void)
{
	sem_init(&done, 0, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
