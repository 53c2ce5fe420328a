/* SPDX-License-Identifier: MIT */
/*
 * Counters, and small calls of mixio.h. Reads what other kernel threads write
 * without a lock: the figures are for people.
 */
#include "config.h"

#include "mx.h"

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
