/* SPDX-License-Identifier: MIT */
/* C11 threads: thrd, mtx, cnd, call_once, tss. */
#include <threads.h>

#include "t.h"

static mtx_t m;
static cnd_t c;
static tss_t key;
static once_flag flag = ONCE_FLAG_INIT;
static int ready, count, destroyed, inits;

static const char *
tname(int r)
{
	return r == thrd_success    ? "success"
	       : r == thrd_busy	    ? "busy"
	       : r == thrd_timedout ? "timedout"
	       : r == thrd_nomem    ? "nomem"
	       : r == thrd_error    ? "error"
				    : "?";
}

#define T(e) say("%s = %s", #e, tname(e))

static void
destroy(void *p)
{
	(void)p;
	__atomic_add_fetch(&destroyed, 1, __ATOMIC_SEQ_CST);
}

static void
init(void)
{
	thrd_sleep(&(struct timespec){ 0, 20000000 }, NULL);
	inits++;
}

static int
work(void *arg)
{
	call_once(&flag, init);
	tss_set(key, arg);
	mtx_lock(&m);
	while (!ready)
		cnd_wait(&c, &m);
	count++;
	mtx_unlock(&m);
	thrd_yield();
	return tss_get(key) == arg ? (int)(intptr_t)arg : -1;
}

static int
exits(void *arg)
{
	(void)arg;
	thrd_exit(77);
}

static int
timed(void *arg)
{
	struct timespec ts = in_ms(CLOCK_REALTIME, 40);

	(void)arg;
	T(mtx_trylock(&m));
	T(mtx_timedlock(&m, &ts));
	return 0;
}

int
main(void)
{
	struct timespec ts;
	thrd_t t[10];
	mtx_t r;
	int res, sum = 0;

	T(mtx_init(&m, mtx_timed));
	T(mtx_init(&r, mtx_plain | mtx_recursive));
	T(cnd_init(&c));
	T(tss_create(&key, destroy));
	T(mtx_lock(&r));
	T(mtx_lock(&r));
	T(mtx_unlock(&r));
	T(mtx_unlock(&r));
	for (intptr_t i = 0; i < 10; i++)
		MUST(thrd_create(&t[i], work, (void *)(i + 1)) == thrd_success);
	settle();
	T(mtx_lock(&m));
	ready = 1;
	T(cnd_broadcast(&c));
	T(mtx_unlock(&m));
	for (int i = 0; i < 10; i++) {
		thrd_join(t[i], &res);
		sum += res;
	}
	say("sum %d, count %d, destroyed %d, inits %d", sum, count, destroyed,
	    inits);
	T(thrd_create(&t[0], exits, NULL));
	T(thrd_join(t[0], &res));
	say("result %d", res);
	T(mtx_lock(&m));
	MUST(thrd_create(&t[0], timed, NULL) == thrd_success);
	T(thrd_join(t[0], NULL));
	ts = in_ms(CLOCK_REALTIME, 40);
	T(cnd_timedwait(&c, &m, &ts));
	T(mtx_unlock(&m));
	T(thrd_create(&t[0], exits, NULL));
	T(thrd_detach(t[0]));
	say("equal %d", !!thrd_equal(thrd_current(), thrd_current()));
	say("sleep %d", thrd_sleep(&(struct timespec){ 0, 1000 }, NULL));
	say("sleep %d", thrd_sleep(&(struct timespec){ 0, 1000000000 }, NULL));
	mtx_destroy(&m);
	cnd_destroy(&c);
	tss_delete(key);
	return 0;
}
