/* SPDX-License-Identifier: MIT */
/* twin: cflags=-U_FORTIFY_SOURCE timeout=60 */
/*
 * The databases of names: users, groups, services, protocols, networks, RPC
 * programs, hosts, shadow, netgroups; the reentrant calls with room and without.
 * Answers are counted and hashed: they are the machine's.
 */
#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <pwd.h>
#include <rpc/netdb.h>
#include <shadow.h>
#include <wordexp.h>

#include "t.h"

static char b[16384];
static const char none[] = "nobody-has-this-name";

static unsigned
h(const char *s)
{
	return s ? (unsigned)fnv(0, s, strlen(s)) % 100000 : 0;
}

static unsigned
list(char **v)
{
	unsigned n = 0;

	while (v && *v)
		n = n * 7 + h(*v++);
	return n % 100000;
}

static void
pw(const char *what, const struct passwd *p)
{
	say("%s: %s %d %u", what, p ? p->pw_name : "-",
	    p ? (int)p->pw_uid : -1, p ? h(p->pw_shell) : 0);
}

static void
gr(const char *what, const struct group *g)
{
	say("%s: %s %d %u", what, g ? g->gr_name : "-",
	    g ? (int)g->gr_gid : -1, g ? list(g->gr_mem) : 0);
}

static void
he(const char *what, const struct hostent *e, int herr)
{
	say("%s: %u %d %s herr %d", what, e ? h(e->h_name) : 0,
	    e ? e->h_addrtype : -1,
	    e && e->h_length == 4 ?
	    inet_ntoa(*(struct in_addr *)e->h_addr_list[0]) : "-", herr);
}

static void
se(const char *what, const struct servent *s)
{
	say("%s: %s %d %s %u", what, s ? s->s_name : "-",
	    s ? ntohs(s->s_port) : -1, s ? s->s_proto : "-",
	    s ? list(s->s_aliases) : 0);
}

static void
pr(const char *what, const struct protoent *p)
{
	say("%s: %s %d %u", what, p ? p->p_name : "-", p ? p->p_proto : -1,
	    p ? list(p->p_aliases) : 0);
}

static void
ne(const char *what, const struct netent *n)
{
	say("%s: %s %x", what, n ? n->n_name : "-", n ? n->n_net : 0);
}

static void
rp(const char *what, const struct rpcent *r)
{
	say("%s: %s %d", what, r ? r->r_name : "-", r ? r->r_number : -1);
}

/* Twice: room enough, and none. The second says ERANGE or finds nothing. */
#define TWICE(show, what, type, expr) \
	for (int try_ = 0; try_ < 2; try_++) { \
		struct type ret_, *res = &ret_; \
		struct type *ret = &ret_; \
		size_t len = try_ ? 1 : sizeof(b); \
		int e_ = (expr); \
		show(what, e_ == 0 ? res : NULL); \
		say("   %s", ename(e_)); \
		(void)ret; \
	}
#define HOST(what, expr) \
	for (int try_ = 0; try_ < 2; try_++) { \
		struct hostent ret_, *res = &ret_, *ret = &ret_; \
		size_t len = try_ ? 1 : sizeof(b); \
		int herr = 0, e_ = (expr); \
		he(what, e_ == 0 ? res : NULL, herr); \
		say("   %s", ename(e_)); \
	}
#define NET(what, expr) \
	for (int try_ = 0; try_ < 2; try_++) { \
		struct netent ret_, *res = &ret_, *ret = &ret_; \
		size_t len = try_ ? 1 : sizeof(b); \
		int herr = 0, e_ = (expr); \
		ne(what, e_ == 0 ? res : NULL); \
		say("   %s %d", ename(e_), herr); \
	}

static void *
work(void *arg)
{
	struct in_addr lo = { htonl(INADDR_LOOPBACK) };
	struct ether_addr ea = { { 2, 0, 0, 0, 0, 1 } };
	struct passwd *p, pbuf;
	struct group *g, gbuf;
	char host[256] = "", *x, *y, *z;
	gid_t groups[64];
	wordexp_t we;
	int n, rc;

	pw("getpwnam root", getpwnam("root"));
	errno = 0;
	pw("getpwnam none", getpwnam(none));
	pw("getpwuid 0", getpwuid(0));
	pw("getpwuid -2", getpwuid((uid_t)-2));
	TWICE(pw, "getpwnam_r", passwd, getpwnam_r("root", ret, b, len, &res));
	TWICE(pw, "getpwuid_r", passwd, getpwuid_r(0, ret, b, len, &res));
	gr("getgrnam root", getgrnam("root"));
	gr("getgrnam none", getgrnam(none));
	gr("getgrgid 0", getgrgid(0));
	gr("getgrgid -2", getgrgid((gid_t)-2));
	TWICE(gr, "getgrnam_r", group, getgrnam_r("root", ret, b, len, &res));
	TWICE(gr, "getgrgid_r", group, getgrgid_r(0, ret, b, len, &res));
	n = 64;
	R(getgrouplist("root", 0, groups, &n) > 0);
	n = 0;
	R(getgrouplist("root", 0, groups, &n));
	R(n > 0);
	n = 64;
	R(getgrouplist(none, 12345, groups, &n));
	if (getuid() == 0) {
		R(initgroups("root", 0));
		R(getgroups(64, groups) > 0);
		R(setgroups(0, NULL));
		R(getgroups(64, groups));
	}

	/* One after the other; from the start again; not from nowhere. */
	setpwent();
	n = 0;
	while ((p = getpwent()))
		n = (n * 3 + (int)h(p->pw_name)) % 100000;
	say("users %d", n);
	setpwent();
	pw("first", getpwent());
	setpwent();
	TWICE(pw, "getpwent_r", passwd, getpwent_r(ret, b, len, &res));
	rc = getpwent_r(&pbuf, b, sizeof(b), &p);
	say("then %s %d", ename(rc), p != NULL);
	endpwent();
	setgrent();
	n = 0;
	while ((g = getgrent()))
		n = (n * 3 + (int)h(g->gr_name)) % 100000;
	say("groups %d", n);
	setgrent();
	gr("first", getgrent());
	setgrent();
	TWICE(gr, "getgrent_r", group, getgrent_r(ret, b, len, &res));
	rc = getgrent_r(&gbuf, b, sizeof(b), &g);
	say("then %s %d", ename(rc), g != NULL);
	endgrent();
	say("getspnam %d", getspnam("root") != NULL);
	say("getspnam none %d", getspnam(none) != NULL);
	{
		struct spwd sb, *sp = NULL;

		rc = getspnam_r("root", &sb, b, sizeof(b), &sp);
		say("getspnam_r %s %d", ename(rc), sp != NULL);
		rc = getspnam_r(none, &sb, b, 1, &sp);
		say("getspnam_r none %s %d", ename(rc), sp != NULL);
	}

	se("getservbyname", getservbyname("http", "tcp"));
	se("getservbyname any", getservbyname("domain", NULL));
	se("getservbyname none", getservbyname(none, "tcp"));
	se("getservbyname proto", getservbyname("http", none));
	se("getservbyport", getservbyport(htons(22), "tcp"));
	se("getservbyport none", getservbyport(-1, "tcp"));
	TWICE(se, "getservbyname_r", servent,
	      getservbyname_r("ssh", "tcp", ret, b, len, &res));
	TWICE(se, "getservbyport_r", servent,
	      getservbyport_r(htons(53), "udp", ret, b, len, &res));
	pr("getprotobyname", getprotobyname("udp"));
	pr("getprotobyname none", getprotobyname(none));
	pr("getprotobynumber", getprotobynumber(6));
	pr("getprotobynumber none", getprotobynumber(-1));
	TWICE(pr, "getprotobyname_r", protoent,
	      getprotobyname_r("tcp", ret, b, len, &res));
	TWICE(pr, "getprotobynumber_r", protoent,
	      getprotobynumber_r(17, ret, b, len, &res));
	rp("getrpcbyname", getrpcbyname("nfs"));
	rp("getrpcbyname none", getrpcbyname((char *)none));
	rp("getrpcbynumber", getrpcbynumber(100000));
	rp("getrpcbynumber none", getrpcbynumber(-1));
	TWICE(rp, "getrpcbyname_r", rpcent,
	      getrpcbyname_r("mountd", ret, b, len, &res));
	TWICE(rp, "getrpcbynumber_r", rpcent,
	      getrpcbynumber_r(100005, ret, b, len, &res));
	ne("getnetbyname", getnetbyname("loopback"));
	ne("getnetbyaddr", getnetbyaddr(127, AF_INET));
	NET("getnetbyname_r",
	    getnetbyname_r("loopback", ret, b, len, &res, &herr));
	NET("getnetbyaddr_r",
	    getnetbyaddr_r(127, AF_INET, ret, b, len, &res, &herr));

	he("gethostbyname", gethostbyname("localhost"), 0);
	he("gethostbyname numeric", gethostbyname("127.0.0.3"), 0);
	he("gethostbyname2", gethostbyname2("127.0.0.2", AF_INET), 0);
	he("gethostbyname2 none", gethostbyname2("127.0.0.2", 77), h_errno);
	he("gethostbyaddr", gethostbyaddr(&lo, 4, AF_INET), 0);
	he("gethostbyaddr short", gethostbyaddr(&lo, 3, AF_INET), h_errno);
	HOST("gethostbyname_r",
	     gethostbyname_r("localhost", ret, b, len, &res, &herr));
	HOST("gethostbyname2_r", gethostbyname2_r("localhost", AF_INET, ret, b,
	     len, &res, &herr));
	HOST("gethostbyaddr_r", gethostbyaddr_r(&lo, 4, AF_INET, ret, b, len,
	     &res, &herr));
	/* In one thread: it may ask the network for this machine's address. */
	if (arg)
		R(gethostid() != 0);
	R(ether_hostton(none, &ea));
	R(ether_ntohost(host, &ea));
	R(setnetgrent(none));
	R(getnetgrent(&x, &y, &z));
	R(getnetgrent_r(&x, &y, &z, b, sizeof(b)));
	endnetgrent();
	R(innetgr(none, NULL, "root", NULL));

	R(wordexp("a $(echo b c) ~nobody", &we, 0));
	say("%zu %s %s", we.we_wordc, we.we_wordv[1], we.we_wordv[2]);
	wordfree(&we);
	R(wordexp("$(echo b)", &we, WRDE_NOCMD));
	R(wordexp("a | b", &we, 0));
	R(wordexp("$(unfinished", &we, 0));
	R(wordexp("$unset_here", &we, WRDE_UNDEF));
	if (getuid() == 0) {
		/* The lock is the process's own; whoever has it may ask again. */
		R(lckpwdf());
		R(ulckpwdf());
		R(ulckpwdf());
	}
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, b));
	say("-- kernel");
	join(spawn_kernel(work, NULL));
	return 0;
}
