/* SPDX-License-Identifier: MIT */
/* twin: so=_parks.c libs=-ldl */
/* A constructor that waits, under the loader's lock, while others load. */
#include <dlfcn.h>
#include <link.h>

#include "t.h"

static int ticks, objects;

static void *
tick(void *arg)
{
	for (int i = 0; i < 10; i++) {
		ms(2);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
loads(void *arg)
{
	char path[4096];
	void *h;

	snprintf(path, sizeof(path), "%s/_parks.so", getenv("TWIN_BIN"));
	h = dlopen(path, RTLD_NOW);
	if (!h)
		say("%s", dlerror());
	MUST(h);
	say("ready %d", *(int *)dlsym(h, "ready"));
	dlclose(h);
	(void)arg;
	return NULL;
}

static int
count(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	++*(int *)arg;
	return 0;
}

/* These want the same lock. */
static void *
also(void *arg)
{
	void *h = dlopen("libm.so.6", RTLD_NOW);

	MUST(h && dlsym(h, "cos"));
	dlclose(h);
	dl_iterate_phdr(count, &objects);
	return arg;
}

int
main(void)
{
	pthread_t t[4];

	for (int round = 0; round < 2; round++) {
		t[0] = spawn(loads, NULL);
		t[1] = spawn(tick, NULL);
		ms(20);
		t[2] = spawn(also, NULL);
		t[3] = spawn_kernel(also, NULL);
		for (int i = 0; i < 4; i++)
			join(t[i]);
		say("ticks %d, objects %d", ticks, objects > 2);
	}
	return 0;
}
