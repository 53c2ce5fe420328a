/* SPDX-License-Identifier: MIT */
/* twin: so=_plugin.c libs=-ldl */
/* Thread-local data of an object that is loaded when threads already run. */
#include <dlfcn.h>

#include "t.h"

static int *(*address)(void);
static char *(*text)(void);
static pthread_barrier_t loaded;
static int good;

static void *
work(void *arg)
{
	int *p;

	pthread_barrier_wait(&loaded);
	p = address();
	if (*p == 41 && !strcmp(text(), "plugin"))
		__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
	*p = (int)(intptr_t)arg;
	strcpy(text(), "changed");
	usleep(500);
	if (*p == (int)(intptr_t)arg && p == address())
		__atomic_add_fetch(&good, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int
main(void)
{
	char path[4096];
	pthread_t t[20];
	void *so = NULL;

	snprintf(path, sizeof(path), "%s/_plugin.so", getenv("TWIN_BIN"));
	for (int round = 0; round < 3; round++) {
		good = 0;
		pthread_barrier_init(&loaded, NULL, 21);
		for (intptr_t i = 0; i < 20; i++)
			t[i] = i % 5 == 0 ? spawn_kernel(work, (void *)i)
					  : spawn(work, (void *)i);
		if (round == 0 || round == 2) {
			so = dlopen(path, RTLD_NOW);
			MUST(so);
			address = (int *(*)(void))dlsym(so, "plugin_address");
			text = (char *(*)(void))dlsym(so, "plugin_text");
		}
		pthread_barrier_wait(&loaded);
		for (int i = 0; i < 20; i++)
			join(t[i]);
		say("good %d", good);
		if (round == 1)
			say("dlclose %d", dlclose(so));
	}
	return 0;
}
