/* SPDX-License-Identifier: MIT */
/* Names: numeric, localhost, services, errors; from main and threads. */
#include <arpa/inet.h>
#include <netdb.h>

#include "t.h"

static const char *
gai_name(int e)
{
	return e == 0		   ? "0"
	       : e == EAI_NONAME   ? "EAI_NONAME"
	       : e == EAI_SERVICE  ? "EAI_SERVICE"
	       : e == EAI_BADFLAGS ? "EAI_BADFLAGS"
	       : e == EAI_FAMILY   ? "EAI_FAMILY"
	       : e == EAI_SOCKTYPE ? "EAI_SOCKTYPE"
	       : e == EAI_OVERFLOW ? "EAI_OVERFLOW"
				   : "other";
}

static void
look(const char *host, const char *serv, int flags, int family)
{
	struct addrinfo hints = { .ai_flags = flags,
				  .ai_family = family,
				  .ai_socktype = SOCK_STREAM },
			*ai = NULL;
	int e = getaddrinfo(host, serv, &hints, &ai);
	char text[64] = "", port[16] = "";

	if (e == 0)
		getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text),
			    port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	say("%s %s: %s %s %s", host ? host : "-", serv ? serv : "-",
	    gai_name(e), text, port);
	if (ai)
		freeaddrinfo(ai);
}

static void *
work(void *arg)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct hostent he, *res = NULL;
	char buf[1024], small[2];
	int herr, e;

	look("127.0.0.1", "80", AI_NUMERICHOST, AF_UNSPEC);
	look("::1", "443", AI_NUMERICHOST, AF_UNSPEC);
	look("localhost", "8080", 0, AF_INET);
	look("not numeric", "80", AI_NUMERICHOST, AF_UNSPEC);
	look(NULL, "80", AI_PASSIVE, AF_INET);
	look(NULL, NULL, 0, AF_INET);
	look("127.0.0.1", "no-such-service", 0, AF_INET);
	look("127.0.0.1", "80", 0x7000000, AF_INET);
	look("127.0.0.1", "80", 0, 99);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	e = getnameinfo((void *)&in, sizeof(in), small, sizeof(small), NULL, 0,
			NI_NUMERICHOST);
	say("getnameinfo: %s", gai_name(e));
	e = gethostbyname_r("localhost", &he, buf, sizeof(buf), &res, &herr);
	say("gethostbyname_r: %d %s", e,
	    res ? inet_ntoa(*(struct in_addr *)res->h_addr_list[0]) : "-");
	res = gethostbyname("127.0.0.1");
	say("gethostbyname: %s",
	    res ? inet_ntoa(*(struct in_addr *)res->h_addr_list[0]) : "-");
	e = gethostbyname_r("localhost", &he, small, sizeof(small), &res,
			    &herr);
	say("too small: %s", ename(e));
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
