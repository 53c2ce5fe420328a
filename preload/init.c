/* SPDX-License-Identifier: MIT */
/*
 * The constructor of the preloaded object, its atfork handlers and its end.
 * Other libraries' constructors may have called us before: everything here
 * only adds to what the first-call stubs already do.
 */
#include "preload.h"

#include <dlfcn.h>

extern void mx_once_fork(void) __attribute__((visibility("hidden")));

static pid_t started;

/*
 * The program's children shall start clean: takes our file out of LD_PRELOAD
 * and forgets that the main thread was opted in.
 */
static void
clean_environment(void)
{
	char *list, *out, *item, *save = NULL;
	const char *sep = "";
	Dl_info info;

	unsetenv("MIXIO_RUN");
	list = getenv("LD_PRELOAD");
	if (!list || !dladdr((void *)mx_env_init, &info))
		return;
	list = strdup(list);
	out = list ? calloc(1, strlen(list) + 1) : NULL;
	if (!out) {
		free(list);
		return;
	}
	for (item = strtok_r(list, ": ", &save); item;
	    item = strtok_r(NULL, ": ", &save)) {
		if (!strcmp(item, info.dli_fname))
			continue;
		strcat(strcat(out, sep), item);
		sep = ":";
	}
	if (*out)
		setenv("LD_PRELOAD", out, 1);
	else
		unsetenv("LD_PRELOAD");
	free(list);
	free(out);
}

static void
prepare(void)
{
	mx_domain_fork_prepare();
}

static void
parent(void)
{
	mx_domain_fork_parent();
}

static void
child(void)
{
	mx_once_fork();
	mx_domain_fork_child();
}

/*
 * Ours are the first, also where another object's constructor runs before our
 * own (an allocator's): its prepare handler may take locks, for which a green
 * thread must be able to wait, and its child handler may call us. They stay
 * until the process is gone, hence no object that they belong to.
 */
static void
atfork_first(void)
{
	static _Atomic int done;

	if (!atomic_exchange(&done, 1))
		real.__register_atfork(prepare, parent, child, NULL);
}

/* pthread_atfork(3) is linked into each object and calls this. */
int
__register_atfork(mx_void_fn before, mx_void_fn in_parent, mx_void_fn in_child,
    void *object)
{
	atfork_first();
	return real.__register_atfork(before, in_parent, in_child, object);
}

__attribute__((constructor(101))) static void
start(void)
{
	int rc;

	mx_real_resolve();
	mx_io_init();
	mx_started = true;
	mx_arch_init();
	mx_env_init();
	started = getpid();
	if (mx_env.stats || mx_env.debug || mx_env.dump_signal)
		mx_say_keep();
	mx_dump_init();
	atfork_first();
	if (!mx_env.run)
		return;
	if (!mx_env.follow)
		clean_environment();
	rc = mx_domain_enter();
	if (rc)
		mx_say("cannot opt the main thread in: %s; the program runs "
		    "natively", strerror(rc));
}

__attribute__((destructor)) static void
end(void)
{
	if (mx_env.stats && getpid() == started)
		mx_stats_print();
}
