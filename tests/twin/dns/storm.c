/* SPDX-License-Identifier: MIT */
/* twin: timeout=60 */
/* 200 threads look up names at once; a sleeper is not held up by them. */
#include <arpa/inet.h>
#include <netdb.h>

#include "t.h"

#define N 200

static int good;

static void *
work(void *arg)
{
	struct addrinfo hints = { .ai_family = AF_INET,
				  .ai_socktype = SOCK_STREAM },
			*ai;
	struct sockaddr_in *in;
	struct hostent he, *res;
	char buf[2048], port[8];
	int k = (int)(intptr_t)arg, herr;

	snprintf(port, sizeof(port), "%d", 1000 + k);
	for (int i = 0; i < 5; i++) {
		if (getaddrinfo(i % 2 ? "127.0.0.1" : "localhost", port, &hints,
				&ai) != 0)
			continue;
		in = (struct sockaddr_in *)ai->ai_addr;
		if (in->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
		    ntohs(in->sin_port) == 1000 + k)
			__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
		freeaddrinfo(ai);
		if (gethostbyname_r("localhost", &he, buf, sizeof(buf), &res,
				    &herr) == 0 &&
		    res && res->h_addrtype == AF_INET)
			__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int
main(void)
{
	pthread_t t[N];

	for (intptr_t i = 0; i < N; i++)
		t[i] = i % 20 == 0 ? spawn_kernel(work, (void *)i)
				   : spawn(work, (void *)i);
	for (int i = 0; i < N; i++)
		join(t[i]);
	say("good %d", good);
	return 0;
}
