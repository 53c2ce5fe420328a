/* SPDX-License-Identifier: MIT */
/* uselocale, strtok, strerror, h_errno: libc's own per-thread state. */
#include <locale.h>
#include <netdb.h>

#include "t.h"

static locale_t c_locale;
static int bad;

static void *
work(void *arg)
{
	int k = (int)(intptr_t)arg;
	char text[] = "a b c d e", want[64], *p;
	const char *err;

	if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE)
		__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	if (k % 2)
		uselocale(c_locale);
	h_errno = k;
	err = strerror(100000 + k);
	p = strtok(text, " ");
	for (int i = 0; i < 4; i++) {
		usleep(100);
		if (h_errno != k || *p != 'a' + i ||
		    uselocale((locale_t)0) !=
			    (k % 2 ? c_locale : LC_GLOBAL_LOCALE))
			__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
		p = strtok_r(NULL, " ", &(char *){ p + 2 });
	}
	snprintf(want, sizeof(want), "Unknown error %d", 100000 + k);
	if (strcmp(err, want))
		__atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

int
main(void)
{
	pthread_t t[20];

	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	MUST(c_locale);
	for (int round = 0; round < 3; round++) {
		/* One at a time, too: strtok itself is not per thread. */
		for (intptr_t i = 0; i < 20; i++) {
			t[i] = spawn(work, (void *)i);
			join(t[i]);
		}
		say("bad %d", bad);
	}
	return 0;
}
