/* SPDX-License-Identifier: MIT */
/*
 * Counters and mixio_dump(). Reads what other kernel threads write without a
 * lock: the figures are for people.
 */
#include "config.h"

#include "mx.h"

#include <dlfcn.h>

#define MIXIO_BUILDING
#include "mixio.h"

void
mx_stats_print(void)
{
	uint64_t switches = 0, parks = 0, hops = 0, handoffs = 0, created = 0,
	    reused = 0;
	unsigned live = 0, peak = 0;
	struct mx_domain *d;

	for (d = atomic_load(&mx_domains); d; d = d->next) {
		switches += MX_PEEK(d->switches);
		parks += MX_PEEK(d->parks);
		hops += atomic_load(&d->hops);
		handoffs += MX_PEEK(d->handoffs);
		created += atomic_load(&d->created);
		reused += atomic_load(&d->reused);
		live += atomic_load(&d->nlive);
		peak += MX_PEEK(d->peak);
	}
	mx_say("stats switches=%llu parks=%llu hops=%llu handoffs=%llu "
	    "created=%llu reused=%llu live=%u peak=%u helpers_peak=%u",
	    (unsigned long long)switches, (unsigned long long)parks,
	    (unsigned long long)hops, (unsigned long long)handoffs,
	    (unsigned long long)created, (unsigned long long)reused, live,
	    peak, atomic_load(&mx_kt_peak));
}

__attribute__((visibility("default"))) int
mixio_enter(void)
{
	return mx_domain_enter();
}

__attribute__((visibility("default"))) int
mixio_leave(void)
{
	return mx_domain_leave();
}

__attribute__((visibility("default"))) int
mixio_entered(void)
{
	return mx_me.dom != NULL;
}

__attribute__((visibility("default"))) int
mixio_kernel_threads(int on)
{
	int old = mx_me.kernel_threads;

	mx_me.kernel_threads = on != 0;
	return old;
}

__attribute__((visibility("default"))) unsigned long
mixio_domain(void)
{
	return (unsigned long)mx_me.dom;
}

__attribute__((visibility("default"))) int
mixio_interrupt(pthread_t thread)
{
	struct mx_gt *gt = mx_thread_of(thread);

	if (!gt->dom)
		return ESRCH;
	return mx_interrupt(gt) ? 0 : EAGAIN;
}

__attribute__((visibility("default"))) const char *
mixio_version(void)
{
	return PACKAGE_VERSION;
}

__attribute__((visibility("default"))) int
mixio_stats(struct mixio_stats *stats)
{
	struct mx_domain *d = mx_me.dom;
	struct mixio_stats s = { 0 };

	if (!d || !stats || stats->size < sizeof(s.size) ||
	    stats->size > sizeof(s))
		return EINVAL;
	s.size = stats->size;
	s.switches = MX_PEEK(d->switches);
	s.parks = MX_PEEK(d->parks);
	s.hops = atomic_load(&d->hops);
	s.handoffs = MX_PEEK(d->handoffs);
	s.created = atomic_load(&d->created);
	s.reused = atomic_load(&d->reused);
	s.live = atomic_load(&d->nlive);
	s.peak = MX_PEEK(d->peak);
	s.pooled = atomic_load(&mx_pooled);
	s.helpers = atomic_load(&mx_kt_count);
	s.helpers_peak = atomic_load(&mx_kt_peak);
	memcpy(stats, &s, stats->size);
	return 0;
}

/* ---- dump ---- */

static int
put(int fd, const char *s, size_t len)
{
	ssize_t n;

	while (len) {
		n = real.write(fd, s, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		s += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
put_frame(int fd, void *pc)
{
	char line[512];
	Dl_info info;
	int n;

	if (!dladdr(pc, &info) || !info.dli_fname)
		n = snprintf(line, sizeof(line), "    %p\n", pc);
	else if (info.dli_sname)
		n = snprintf(line, sizeof(line), "    %p %s+%#lx (%s)\n", pc,
		    info.dli_sname, (unsigned long)((char *)pc -
		    (char *)info.dli_saddr), info.dli_fname);
	else
		n = snprintf(line, sizeof(line), "    %p (%s+%#lx)\n", pc,
		    info.dli_fname, (unsigned long)((char *)pc -
		    (char *)info.dli_fbase));
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	return put(fd, line, (size_t)n);
}

/*
 * [held] The frames of a parked stack: its own saved frame pointer leads on
 * where code keeps frame pointers; the walk ends at the first that does not
 * stay within the stack.
 */
static int
put_stack(int fd, struct mx_gt *gt)
{
	uintptr_t low, high, *fp;
	pthread_attr_t attr;
	size_t size;
	void *stack;
	int rc, depth;

	stack = gt->stack_low;
	size = gt->stack_size;
	if (!stack) {
		if (real.pthread_getattr_np(gt->pt, &attr) != 0)
			return 0;
		rc = pthread_attr_getstack(&attr, &stack, &size);
		pthread_attr_destroy(&attr);
		if (rc)
			return 0;
	}
	low = (uintptr_t)gt->ctx.sp;
	high = (uintptr_t)stack + size;
	if (low < (uintptr_t)stack || low >= high)
		return 0;
	fp = mx_arch_frame(&gt->ctx);
	rc = put_frame(fd, mx_arch_pc(&gt->ctx));
	for (depth = 0; rc == 0 && depth < 32; depth++) {
		if ((uintptr_t)fp < low || (uintptr_t)fp > high - 16 ||
		    ((uintptr_t)fp & 7) || fp[1] == 0)
			break;
		rc = put_frame(fd, (void *)fp[1]);
		low = (uintptr_t)fp + 1;
		fp = (uintptr_t *)fp[0];
	}
	return rc;
}

static const char *
state_name(const struct mx_gt *gt, const struct mx_gt *me)
{
	struct mx_kt *kt;

	if (gt == me)
		return "running";
	if (MX_PEEK(gt->hopping))
		return "hopped";
	switch (atomic_load(&gt->wait)) {
	case MX_WAIT_ARMED:
	case MX_WAIT_ARMED_INTR:
		return "parked";
	default:
		kt = MX_PEEK(gt->kt);
		return kt && kt->cur == gt ? "running" : "ready";
	}
}

__attribute__((visibility("default"))) int
mixio_dump(int fd)
{
	struct mx_gt *me = &mx_me, *gt;
	struct mx_domain *d = me->dom;
	const char *state, *call;
	struct mx_list *l;
	uintptr_t object;
	char line[256];
	int n, rc = 0;

	if (!d)
		return EINVAL;
	/*
	 * Holding the domain nobody else in it starts or ends, and parked
	 * stacks hold still. Births by other domains' threads only append.
	 */
	mx_enter(me);
	for (l = d->all.next; rc == 0 && l != &d->all; l = l->next) {
		gt = mx_container(l, struct mx_gt, all);
		state = state_name(gt, me);
		n = snprintf(line, sizeof(line), "thread %d \"%s\" %s",
		    gt->tid, gt->name, state);
		call = MX_PEEK(gt->why.call);
		object = MX_PEEK(gt->why.object);
		if (gt != me && call && strcmp(state, "running"))
			n += snprintf(line + n, sizeof(line) - (size_t)n,
			    object < 1 << 21 ? " in %s(%lu)" : " in %s(%#lx)",
			    call, (unsigned long)object);
		/* The hub's clock is behind by what it has not seen yet. */
		if (!strcmp(state, "parked"))
			n += snprintf(line + n, sizeof(line) - (size_t)n,
			    " for %.3f s", (double)(mx_now() -
			    MX_PEEK(gt->why.since)) / 1e9);
		line[n++] = '\n';
		rc = put(fd, line, (size_t)n);
		if (rc == 0 && !strcmp(state, "parked"))
			rc = put_stack(fd, gt);
	}
	mx_leave(me);
	return rc;
}
