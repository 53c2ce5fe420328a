/* SPDX-License-Identifier: MIT */
/*
 * Names: NSS may do anything, so these calls hop and are libc's there. They
 * end by themselves, so a limited number of helpers takes turns.
 */
#include "preload.h"

#include <arpa/inet.h>

/* Numeric, or nothing to look up: libc does not block then. */
static bool
numeric(const char *node, const char *service, const struct addrinfo *hints)
{
	struct in6_addr a6;
	struct in_addr a4;
	const char *s;

	if (service) {
		for (s = service; *s >= '0' && *s <= '9'; s++)
			;
		if (*s && !(hints && (hints->ai_flags & AI_NUMERICSERV)))
			return false;
	}
	if (!node || (hints && (hints->ai_flags & AI_NUMERICHOST)))
		return !(hints && (hints->ai_flags & AI_CANONNAME));
	/* AI_ADDRCONFIG asks the kernel alone, which answers at once. */
	if (hints && (hints->ai_flags & AI_CANONNAME))
		return false;
	return inet_pton(AF_INET, node, &a4) == 1 ||
	    inet_pton(AF_INET6, node, &a6) == 1;
}

/* getaddrinfo(3). Hops, but for numeric addresses. */
int
getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
	if (!mx_on() || numeric(node, service, hints))
		return real.getaddrinfo(node, service, hints, res);
	mx_why("getaddrinfo", 0);
	mx_testcancel();
	return MX_HOP(MX_HOP_BOUNDED, real.getaddrinfo(node, service, hints, res));
}

int
getnameinfo(const struct sockaddr *sa, socklen_t salen, char *host,
    socklen_t hostlen, char *serv, socklen_t servlen, int flags)
{
	if (!mx_on() || ((!host || (flags & NI_NUMERICHOST)) &&
	    (!serv || (flags & NI_NUMERICSERV))))
		return real.getnameinfo(sa, salen, host, hostlen, serv,
		    servlen, flags);
	mx_why("getnameinfo", 0);
	return MX_HOP(MX_HOP_BOUNDED, real.getnameinfo(sa, salen, host, hostlen, serv,
	    servlen, flags));
}

/*
 * getaddrinfo_a(3). Where it does not wait, libc's own kernel threads do it:
 * they must not be green, as libc waits for them where we cannot see it.
 */
int
getaddrinfo_a(int mode, struct gaicb **list, int n, struct sigevent *sev)
{
	bool old = mx_me.kernel_threads;
	int rc;

	if (!mx_on())
		return real.getaddrinfo_a(mode, list, n, sev);
	if (mode == GAI_WAIT)
		return MX_HOP(MX_HOP_LOCK, real.getaddrinfo_a(mode, list, n, sev));
	mx_me.kernel_threads = true;
	rc = real.getaddrinfo_a(mode, list, n, sev);
	mx_me.kernel_threads = old;
	return rc;
}

int
gai_suspend(const struct gaicb *const *list, int n,
    const struct timespec *timeout)
{
	if (!mx_on())
		return real.gai_suspend(list, n, timeout);
	mx_testcancel();
	return MX_HOP(MX_HOP_CANCEL, real.gai_suspend(list, n, timeout));
}

struct hostent *
gethostbyname(const char *name)
{
	if (!mx_on())
		return real.gethostbyname(name);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyname(name));
}

struct hostent *
gethostbyname2(const char *name, int af)
{
	if (!mx_on())
		return real.gethostbyname2(name, af);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyname2(name, af));
}

struct hostent *
gethostbyaddr(const void *addr, socklen_t len, int type)
{
	if (!mx_on())
		return real.gethostbyaddr(addr, len, type);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyaddr(addr, len, type));
}

int
gethostbyname_r(const char *name, struct hostent *ret, char *buf, size_t len,
    struct hostent **res, int *herr)
{
	if (!mx_on())
		return real.gethostbyname_r(name, ret, buf, len, res, herr);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyname_r(name, ret, buf, len, res, herr));
}

int
gethostbyname2_r(const char *name, int af, struct hostent *ret, char *buf,
    size_t len, struct hostent **res, int *herr)
{
	if (!mx_on())
		return real.gethostbyname2_r(name, af, ret, buf, len, res, herr);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyname2_r(name, af, ret, buf, len, res, herr));
}

int
gethostbyaddr_r(const void *addr, socklen_t alen, int type, struct hostent
    *ret, char *buf, size_t len, struct hostent **res, int *herr)
{
	if (!mx_on())
		return real.gethostbyaddr_r(addr, alen, type, ret, buf, len, res, herr);
	return MX_HOP(MX_HOP_BOUNDED, real.gethostbyaddr_r(addr, alen, type, ret, buf, len, res,
	    herr));
}

int
res_query(const char *name, int class, int type, unsigned char *answer, int
    len)
{
	if (!mx_on())
		return real.res_query(name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_query(name, class, type, answer, len));
}

int
res_search(const char *name, int class, int type, unsigned char *answer, int
    len)
{
	if (!mx_on())
		return real.res_search(name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_search(name, class, type, answer, len));
}

int
res_send(const unsigned char *msg, int mlen, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.res_send(msg, mlen, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_send(msg, mlen, answer, len));
}

int
res_nquery(res_state st, const char *name, int class, int type, unsigned char
    *answer, int len)
{
	if (!mx_on())
		return real.res_nquery(st, name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_nquery(st, name, class, type, answer, len));
}

int
res_nsearch(res_state st, const char *name, int class, int type, unsigned char
    *answer, int len)
{
	if (!mx_on())
		return real.res_nsearch(st, name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_nsearch(st, name, class, type, answer, len));
}

int
res_nsend(res_state st, const unsigned char *msg, int mlen, unsigned char
    *answer, int len)
{
	if (!mx_on())
		return real.res_nsend(st, msg, mlen, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_nsend(st, msg, mlen, answer, len));
}

int
__res_query(const char *name, int class, int type, unsigned char *answer, int
    len)
{
	if (!mx_on())
		return real.__res_query(name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_query(name, class, type, answer, len));
}

int
__res_search(const char *name, int class, int type, unsigned char *answer, int
    len)
{
	if (!mx_on())
		return real.__res_search(name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_search(name, class, type, answer, len));
}

int
__res_send(const unsigned char *msg, int mlen, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.__res_send(msg, mlen, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_send(msg, mlen, answer, len));
}

int
__res_nquery(res_state st, const char *name, int class, int type, unsigned
    char *answer, int len)
{
	if (!mx_on())
		return real.__res_nquery(st, name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_nquery(st, name, class, type, answer, len));
}

int
__res_nsearch(res_state st, const char *name, int class, int type, unsigned
    char *answer, int len)
{
	if (!mx_on())
		return real.__res_nsearch(st, name, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_nsearch(st, name, class, type, answer, len));
}

int
__res_nsend(res_state st, const unsigned char *msg, int mlen, unsigned char
    *answer, int len)
{
	if (!mx_on())
		return real.__res_nsend(st, msg, mlen, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_nsend(st, msg, mlen, answer, len));
}

struct passwd *
getpwnam(const char *name)
{
	if (!mx_on())
		return real.getpwnam(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getpwnam(name));
}

struct passwd *
getpwuid(uid_t uid)
{
	if (!mx_on())
		return real.getpwuid(uid);
	return MX_HOP(MX_HOP_BOUNDED, real.getpwuid(uid));
}

int
getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, struct
    passwd **res)
{
	if (!mx_on())
		return real.getpwnam_r(name, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getpwnam_r(name, ret, buf, len, res));
}

int
getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, struct passwd
    **res)
{
	if (!mx_on())
		return real.getpwuid_r(uid, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getpwuid_r(uid, ret, buf, len, res));
}

struct group *
getgrnam(const char *name)
{
	if (!mx_on())
		return real.getgrnam(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrnam(name));
}

struct group *
getgrgid(gid_t gid)
{
	if (!mx_on())
		return real.getgrgid(gid);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrgid(gid));
}

int
getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, struct
    group **res)
{
	if (!mx_on())
		return real.getgrnam_r(name, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrnam_r(name, ret, buf, len, res));
}

int
getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, struct group
    **res)
{
	if (!mx_on())
		return real.getgrgid_r(gid, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrgid_r(gid, ret, buf, len, res));
}

int
getgrouplist(const char *user, gid_t group, gid_t *groups, int *n)
{
	if (!mx_on())
		return real.getgrouplist(user, group, groups, n);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrouplist(user, group, groups, n));
}

/* libc's calls its own setgroups, which cannot reach all kernel threads. */
int
initgroups(const char *user, gid_t group)
{
	gid_t groups[1024];
	int n = 1024;

	if (mx_me.vfork ||
	    !atomic_load_explicit(&mx_active, memory_order_relaxed))
		return real.initgroups(user, group);
	if (getgrouplist(user, group, groups, &n) < 0)
		n = 1024; /* more than that: the first ones, as libc's limit */
	return setgroups((size_t)n, groups);
}

struct servent *
getservbyname(const char *name, const char *proto)
{
	if (!mx_on())
		return real.getservbyname(name, proto);
	return MX_HOP(MX_HOP_BOUNDED, real.getservbyname(name, proto));
}

struct servent *
getservbyport(int port, const char *proto)
{
	if (!mx_on())
		return real.getservbyport(port, proto);
	return MX_HOP(MX_HOP_BOUNDED, real.getservbyport(port, proto));
}

int
getservbyname_r(const char *name, const char *proto, struct servent *ret, char
    *buf, size_t len, struct servent **res)
{
	if (!mx_on())
		return real.getservbyname_r(name, proto, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getservbyname_r(name, proto, ret, buf, len, res));
}

int
getservbyport_r(int port, const char *proto, struct servent *ret, char *buf,
    size_t len, struct servent **res)
{
	if (!mx_on())
		return real.getservbyport_r(port, proto, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getservbyport_r(port, proto, ret, buf, len, res));
}

struct protoent *
getprotobyname(const char *name)
{
	if (!mx_on())
		return real.getprotobyname(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getprotobyname(name));
}

int
getprotobyname_r(const char *name, struct protoent *ret, char *buf, size_t
    len, struct protoent **res)
{
	if (!mx_on())
		return real.getprotobyname_r(name, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getprotobyname_r(name, ret, buf, len, res));
}

int
res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.res_querydomain(name, domain, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_querydomain(name, domain, class, type, answer, len));
}

int
__res_querydomain(const char *name, const char *domain, int class, int type, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.__res_querydomain(name, domain, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_querydomain(name, domain, class, type, answer, len));
}

int
res_nquerydomain(res_state st, const char *name, const char *domain, int class, int type, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.res_nquerydomain(st, name, domain, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.res_nquerydomain(st, name, domain, class, type, answer, len));
}

int
__res_nquerydomain(res_state st, const char *name, const char *domain, int class, int type, unsigned char *answer, int len)
{
	if (!mx_on())
		return real.__res_nquerydomain(st, name, domain, class, type, answer, len);
	return MX_HOP(MX_HOP_BOUNDED, real.__res_nquerydomain(st, name, domain, class, type, answer, len));
}

struct protoent *
getprotobynumber(int proto)
{
	if (!mx_on())
		return real.getprotobynumber(proto);
	return MX_HOP(MX_HOP_BOUNDED, real.getprotobynumber(proto));
}

int
getprotobynumber_r(int proto, struct protoent *ret, char *buf, size_t len, struct protoent **res)
{
	if (!mx_on())
		return real.getprotobynumber_r(proto, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getprotobynumber_r(proto, ret, buf, len, res));
}

struct netent *
getnetbyname(const char *name)
{
	if (!mx_on())
		return real.getnetbyname(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetbyname(name));
}

struct netent *
getnetbyaddr(uint32_t net, int type)
{
	if (!mx_on())
		return real.getnetbyaddr(net, type);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetbyaddr(net, type));
}

int
getnetbyname_r(const char *name, struct netent *ret, char *buf, size_t len, struct netent **res, int *herr)
{
	if (!mx_on())
		return real.getnetbyname_r(name, ret, buf, len, res, herr);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetbyname_r(name, ret, buf, len, res, herr));
}

int
getnetbyaddr_r(uint32_t net, int type, struct netent *ret, char *buf, size_t len, struct netent **res, int *herr)
{
	if (!mx_on())
		return real.getnetbyaddr_r(net, type, ret, buf, len, res, herr);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetbyaddr_r(net, type, ret, buf, len, res, herr));
}

struct rpcent *
getrpcbyname(const char *name)
{
	if (!mx_on())
		return real.getrpcbyname(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getrpcbyname(name));
}

struct rpcent *
getrpcbynumber(int number)
{
	if (!mx_on())
		return real.getrpcbynumber(number);
	return MX_HOP(MX_HOP_BOUNDED, real.getrpcbynumber(number));
}

int
getrpcbyname_r(const char *name, struct rpcent *ret, char *buf, size_t len, struct rpcent **res)
{
	if (!mx_on())
		return real.getrpcbyname_r(name, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getrpcbyname_r(name, ret, buf, len, res));
}

int
getrpcbynumber_r(int number, struct rpcent *ret, char *buf, size_t len, struct rpcent **res)
{
	if (!mx_on())
		return real.getrpcbynumber_r(number, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getrpcbynumber_r(number, ret, buf, len, res));
}

struct spwd *
getspnam(const char *name)
{
	if (!mx_on())
		return real.getspnam(name);
	return MX_HOP(MX_HOP_BOUNDED, real.getspnam(name));
}

int
getspnam_r(const char *name, struct spwd *ret, char *buf, size_t len, struct spwd **res)
{
	if (!mx_on())
		return real.getspnam_r(name, ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getspnam_r(name, ret, buf, len, res));
}

void
setpwent(void)
{
	if (!mx_on()) {
		real.setpwent();
		return;
	}
	MX_HOP(MX_HOP_BOUNDED, (real.setpwent(), 0));
}

struct passwd *
getpwent(void)
{
	if (!mx_on())
		return real.getpwent();
	return MX_HOP(MX_HOP_BOUNDED, real.getpwent());
}

int
getpwent_r(struct passwd *ret, char *buf, size_t len, struct passwd **res)
{
	if (!mx_on())
		return real.getpwent_r(ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getpwent_r(ret, buf, len, res));
}

void
setgrent(void)
{
	if (!mx_on()) {
		real.setgrent();
		return;
	}
	MX_HOP(MX_HOP_BOUNDED, (real.setgrent(), 0));
}

struct group *
getgrent(void)
{
	if (!mx_on())
		return real.getgrent();
	return MX_HOP(MX_HOP_BOUNDED, real.getgrent());
}

int
getgrent_r(struct group *ret, char *buf, size_t len, struct group **res)
{
	if (!mx_on())
		return real.getgrent_r(ret, buf, len, res);
	return MX_HOP(MX_HOP_BOUNDED, real.getgrent_r(ret, buf, len, res));
}

int
setnetgrent(const char *group)
{
	if (!mx_on())
		return real.setnetgrent(group);
	return MX_HOP(MX_HOP_BOUNDED, real.setnetgrent(group));
}

int
getnetgrent(char **host, char **user, char **domain)
{
	if (!mx_on())
		return real.getnetgrent(host, user, domain);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetgrent(host, user, domain));
}

int
getnetgrent_r(char **host, char **user, char **domain, char *buf, size_t len)
{
	if (!mx_on())
		return real.getnetgrent_r(host, user, domain, buf, len);
	return MX_HOP(MX_HOP_BOUNDED, real.getnetgrent_r(host, user, domain, buf, len));
}

int
innetgr(const char *group, const char *host, const char *user, const char *domain)
{
	if (!mx_on())
		return real.innetgr(group, host, user, domain);
	return MX_HOP(MX_HOP_BOUNDED, real.innetgr(group, host, user, domain));
}

int
ether_hostton(const char *host, struct ether_addr *addr)
{
	if (!mx_on())
		return real.ether_hostton(host, addr);
	return MX_HOP(MX_HOP_BOUNDED, real.ether_hostton(host, addr));
}

int
ether_ntohost(char *host, const struct ether_addr *addr)
{
	if (!mx_on())
		return real.ether_ntohost(host, addr);
	return MX_HOP(MX_HOP_BOUNDED, real.ether_ntohost(host, addr));
}

/* Not known from a file: by the host's own address. */
long
gethostid(void)
{
	if (!mx_on())
		return real.gethostid();
	return MX_HOP(MX_HOP_LOCK, real.gethostid());
}

/* Waits up to 15 seconds for the lock of the database. */
int
lckpwdf(void)
{
	if (!mx_on())
		return real.lckpwdf();
	return MX_HOP(MX_HOP_LOCK, real.lckpwdf());
}
