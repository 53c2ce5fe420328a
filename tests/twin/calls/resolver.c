/* SPDX-License-Identifier: MIT */
/* twin: libs=-lresolv cflags=-U_FORTIFY_SOURCE */
/*
 * The resolver's own calls, by all their names, against a server in this
 * program: another thread answers while they wait. Then what is wrong.
 */
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include "t.h"

/* What programs import that were linked before glibc 2.34. */
#define OLD(name, ...) \
	extern int old_##name(__VA_ARGS__); \
	__asm__(".symver old_" #name ",__" #name "@" FIRST_LIBC)
OLD(res_query, const char *, int, int, unsigned char *, int);
OLD(res_search, const char *, int, int, unsigned char *, int);
OLD(res_querydomain, const char *, const char *, int, int, unsigned char *,
    int);
OLD(res_send, const unsigned char *, int, unsigned char *, int);
OLD(res_nquery, res_state, const char *, int, int, unsigned char *, int);
OLD(res_nsearch, res_state, const char *, int, int, unsigned char *, int);
OLD(res_nquerydomain, res_state, const char *, const char *, int, int,
    unsigned char *, int);
OLD(res_nsend, res_state, const unsigned char *, int, unsigned char *, int);

static int server;
static struct sockaddr_in addr;

/* An address for every name, after a while; for "gone" there is none. */
static void *
serves(void *arg)
{
	unsigned char q[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	static const unsigned char a[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9,
					   0,	 4,  10, 1, 2, 3 };
	ssize_t n;

	while ((n = recvfrom(server, q, sizeof(q) - sizeof(a), 0,
			     (struct sockaddr *)&from, &len)) > 12) {
		int gone = memcmp(q + 12, "\4gone", 5) == 0;
		ssize_t end = 12;

		ms(3);
		/* Behind the question there may be EDNS: it goes. */
		while (end < n && q[end])
			end += q[end] + 1;
		end += 5;
		q[2] |= 0x80;
		q[3] = gone ? 0x83 : 0x80;
		q[7] = !gone;
		memset(q + 8, 0, 4);
		if (!gone) {
			memcpy(q + end, a, sizeof(a));
			end += sizeof(a);
		}
		MUST(sendto(server, q, end, 0, (struct sockaddr *)&from,
			    len) == end);
	}
	return arg;
}

static unsigned char ans[512], msg[512];
static int msglen;

static void
use(res_state st)
{
	st->nscount = 1;
	st->nsaddr_list[0] = addr;
	st->options = RES_RECURSE | RES_INIT;
	st->ndots = 1;
	st->retrans = 5;
	st->retry = 3;
	strcpy(st->defdname, "example");
	st->dnsrch[0] = st->defdname;
	st->dnsrch[1] = NULL;
}

#define A C_IN, T_A, ans, sizeof(ans)
#define LIST \
	X(res_query("here.example", A)) \
	X(res_query("gone.example", A)) \
	X(res_query("here.example", C_IN, T_A, ans, 12)) \
	X(res_query("", A)) \
	X(res_search("here", A)) \
	X(res_search("gone.example.", A)) \
	X(res_querydomain("here", "example", A)) \
	X(res_querydomain("gone", "example", A)) \
	X(res_send(msg, msglen, ans, sizeof(ans))) \
	X(res_send(msg, 3, ans, 3)) \
	X(res_nquery(&st, "here.example", A)) \
	X(res_nquery(&st, "gone.example", A)) \
	X(res_nsearch(&st, "here.example", A)) \
	X(res_nquerydomain(&st, "here", "example", A)) \
	X(res_nsend(&st, msg, msglen, ans, sizeof(ans))) \
	X(old_res_query("here.example", A)) \
	X(old_res_query("gone.example", A)) \
	X(old_res_search("here.example", A)) \
	X(old_res_querydomain("here", "example", A)) \
	X(old_res_send(msg, msglen, ans, sizeof(ans))) \
	X(old_res_nquery(&st, "here.example", A)) \
	X(old_res_nsearch(&st, "here.example", A)) \
	X(old_res_nquerydomain(&st, "here", "example", A)) \
	X(old_res_nsend(&st, msg, msglen, ans, sizeof(ans)))

static void *
work(void *arg)
{
	struct __res_state st;

	memset(&st, 0, sizeof(st));
	MUST(res_init() == 0 && res_ninit(&st) == 0);
	use(&_res);
	use(&st);
	msglen = res_mkquery(QUERY, "here.example", C_IN, T_A, NULL, 0, NULL,
			     msg, sizeof(msg));
	MUST(msglen > 12);
#define X(expr) \
	h_errno = 0; \
	memset(ans, 0, sizeof(ans)); \
	R(expr); \
	say("   h_errno %d, answers %d", h_errno, ans[7]);
	LIST
#undef X
	res_nclose(&st);
	return arg;
}

int
main(void)
{
	socklen_t len = sizeof(addr);
	pthread_t t;

	server = socket(AF_INET, SOCK_DGRAM, 0);
	addr.sin_family = AF_INET;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(server, (struct sockaddr *)&addr, len) == 0);
	MUST(getsockname(server, (struct sockaddr *)&addr, &len) == 0);
	t = spawn(serves, NULL);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	/* Too short to be a question. */
	MUST(sendto(server, "end", 3, 0, (struct sockaddr *)&addr, len) == 3);
	join(t);
	return 0;
}
