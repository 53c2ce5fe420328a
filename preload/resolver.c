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
	if (hints && (hints->ai_flags & (AI_CANONNAME | AI_ADDRCONFIG)))
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
