/* SPDX-License-Identifier: MIT */
/* Users, groups, services, protocols from threads. */
#include <grp.h>
#include <netdb.h>
#include <pwd.h>

#include "t.h"

static void *
work(void *arg)
{
	struct passwd pw, *pwp = NULL;
	struct group gr, *grp = NULL;
	struct protoent *pr;
	char buf[4096];
	int e;

	e = getpwuid_r(0, &pw, buf, sizeof(buf), &pwp);
	say("uid 0: %d %s", e, pwp ? pwp->pw_name : "-");
	e = getpwnam_r("root", &pw, buf, sizeof(buf), &pwp);
	say("root: %d %d", e, pwp ? (int)pwp->pw_uid : -1);
	e = getpwnam_r("nobody-has-this-name", &pw, buf, sizeof(buf), &pwp);
	say("nobody: %d %d", e, pwp != NULL);
	e = getpwnam_r("root", &pw, buf, 1, &pwp);
	say("too small: %s", ename(e));
	e = getgrgid_r(0, &gr, buf, sizeof(buf), &grp);
	say("gid 0: %d %s", e, grp ? grp->gr_name : "-");
	pr = getprotobyname("tcp");
	say("tcp: %d", pr ? pr->p_proto : -1);
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
