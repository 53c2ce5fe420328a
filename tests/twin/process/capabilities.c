/* SPDX-License-Identifier: MIT */
/* What the kernel keeps a thread, kept over setuid: also in a call that hops. */
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "t.h"

extern int capset(void *, const void *);
extern int capget(void *, void *);

/* Bits of CAP_NET_BIND_SERVICE: effective 1, permitted 2. */
static int
caps(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	unsigned bit = 1u << CAP_NET_BIND_SERVICE;

	MUST(capget(&h, d) == 0);
	return (d[0].effective & bit ? 1 : 0) | (d[0].permitted & bit ? 2 : 0);
}

static void *
naps(void *arg)
{
	ms(10);
	(void)arg;
	return (void *)(intptr_t)caps();
}

int
main(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { 0, 0, 0 } };
	char name[16] = "";
	pthread_t t[8];

	R(prctl(PR_SET_NAME, "a name that is too long"));
	R(prctl(PR_GET_NAME, name));
	say("%s", name);
	R(prctl(PR_SET_NAME, 8));
	R(prctl(100000));
	R(prctl(PR_SET_NO_NEW_PRIVS, 7, 0, 0, 0));
	if (getuid() != 0 || caps() != 3) {
		say("needs privileges");
		return 0;
	}
	for (int i = 0; i < 8; i++)
		t[i] = spawn(naps, NULL);
	/* Busy and hopping threads see to it that kernel threads exist. */
	R(system("true"));
	for (int i = 0; i < 8; i++)
		say("%ld", (long)join(t[i]));
	R(prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L));
	R(setuid(65534));
	say("after setuid %d", caps());
	d[0].permitted = d[0].effective = 1u << CAP_NET_BIND_SERVICE;
	R(capset(&h, d));
	say("after capset %d", caps());
	R(system("true"));
	for (int i = 0; i < 8; i++)
		t[i] = spawn(naps, NULL);
	for (int i = 0; i < 8; i++)
		say("%ld", (long)join(t[i]));
	d[0].permitted = d[0].effective = ~0u;
	R(capset(&h, d));
	R(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
	R(prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L));
	return 0;
}
