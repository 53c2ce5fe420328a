/* SPDX-License-Identifier: MIT */
/*
 * Identities: a complete POSIX thread (stack, TLS, TCB, pthread_t) without a
 * kernel task. glibc builds it (the donor), the donor's kernel task leaves it
 * behind, and from then on any kernel thread can run it. See
 * doc/architecture.md for the whole story.
 *
 * A used identity goes to a pool, looking new: TSD and C++ destructors have
 * run, and every object's TLS segment is back to its initial image. pool_lock
 * is a leaf, taken within mx_crit.
 */
#include "mx.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <locale.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#ifndef RSEQ_SIG
#define RSEQ_SIG 0x53053053
#endif
#define RSEQ_FLAG_UNREGISTER 1
#define HOT_BYTES (32 * 1024)	/* of a pooled stack that stays resident */
#define HOT_STACKS 64		/* pooled stacks that stay as they are */
#define NO_WORD PTRDIFF_MIN
#define TCB_HEAD 1024		/* of struct pthread: both fields are in it */

_Atomic unsigned mx_pooled;
bool mx_started;
int mx_over_error;

static ptrdiff_t self_offset;	/* &mx_me - pthread_self(), in all threads */
static ptrdiff_t tid_offset;	/* tid in the TCB, from pthread_self() */
static _Atomic ptrdiff_t clear_offset = NO_WORD; /* see cleared_word() */
static ptrdiff_t cancel_offset;	/* cancelhandling likewise; -1: unknown */
static ptrdiff_t rseq_offset;	/* from the thread pointer; 0: none */
static unsigned rseq_size;
static bool sanitized;		/* a sanitizer keeps state in TLS: no reuse */
static const void *tsan;	/* some function of its runtime, if we know it */
static size_t default_stack;	/* [pool_lock, peek] */
static size_t page;
static _Atomic unsigned next_tid; /* less MX_TID_BASE, modulo TIDS */

static _Atomic int pool_lock;
static _Atomic(struct mx_gt *) pool; /* identities with stacks of the usual size */
static struct mx_gt *pool_odd;	/* with other slab stacks */
static _Atomic(struct mx_gt *) pool_unclean; /* of any size: see clean_one() */
static unsigned pool_hot;	/* [peek] of the pool, not trimmed yet */

/* ---- set-up ---- */

/* libc describes its private fields to debuggers: bits, count, offset. */
static ptrdiff_t
field(const char *symbol)
{
	const uint32_t *desc = dlvsym(RTLD_DEFAULT, symbol, "GLIBC_PRIVATE");

	return desc ? (ptrdiff_t)desc[2] : -1;
}

#ifdef MX_TSAN
/* Linked into it, so that its TLS is in one segment with the program's? */
static bool
in_program(const void *p)
{
	Dl_info of, program;

	return !dladdr(p, &of) ||
	    !dladdr((void *)getauxval(AT_PHDR), &program) ||
	    of.dli_fbase == program.dli_fbase;
}
#endif
/*
 * Up to glibc 2.33 those symbols are in libpthread's .symtab only, which a
 * distribution may have stripped, so both fields are found by what they do.
 *
 * The tid is the word that the kernel was told to clear when the thread ends.
 * A kernel without CHECKPOINT_RESTORE does not say; then it must be the only
 * word of that value.
 */
static ptrdiff_t
probe_tid(const char *self)
{
	int *word = NULL, tid = (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	ptrdiff_t i, found = -1;

	if (real.syscall(SYS_prctl, PR_GET_TID_ADDRESS, (long)&word, 0, 0, 0,
	    0) == 0 && word) {
		found = (char *)word - self;
		return found > 0 && found < TCB_HEAD ? found : -1;
	}
	for (i = 0; i < TCB_HEAD; i += (ptrdiff_t)sizeof(int)) {
		if (*(const int *)(self + i) != tid)
			continue;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

/* The only word whose lowest bit follows pthread_setcancelstate(3). */
static ptrdiff_t
probe_cancel(const char *self)
{
	unsigned off[TCB_HEAD / sizeof(unsigned)];
	unsigned on[TCB_HEAD / sizeof(unsigned)];
	ptrdiff_t found = -1;
	int old, ignored;
	size_t i;

	real.pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	memcpy(off, self, sizeof(off));
	real.pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
	memcpy(on, self, sizeof(on));
	real.pthread_setcancelstate(old, &ignored);
	for (i = 0; i < TCB_HEAD / sizeof(unsigned); i++) {
		if ((on[i] ^ off[i]) != 1 || !(off[i] & 1))
			continue;
		if (found >= 0)
			return -1;
		found = (ptrdiff_t)(i * sizeof(unsigned));
	}
	return found;
}

/* Returns 0, or -ENOTSUP with a line that says why. */
int
mx_thread_init(void)
{
	char *self = (char *)pthread_self();
	const ptrdiff_t *off;
	const unsigned *size;
	pthread_attr_t attr;

	page = (size_t)sysconf(_SC_PAGESIZE);
	/* glibc bug 19193: later ones say 0, as POSIX wants. */
	mx_over_error = strverscmp(gnu_get_libc_version(), "2.34") < 0 ?
	    ESRCH : 0;
	self_offset = (char *)&mx_me - self;
	tid_offset = field("_thread_db_pthread_tid");
	cancel_offset = field("_thread_db_pthread_cancelhandling");
	if (tid_offset < 0) {
		tid_offset = probe_tid(self);
		cancel_offset = probe_cancel(self);
	}
	if (tid_offset < 0 || *(int *)(self + tid_offset) !=
	    (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0)) {
		mx_say("this libc (glibc %s) does not say where a thread's "
		    "tid is; mixio stays inactive", gnu_get_libc_version());
		return -ENOTSUP;
	}
	off = dlsym(RTLD_DEFAULT, "__rseq_offset");
	size = dlsym(RTLD_DEFAULT, "__rseq_size");
	if (off && size && *size) {
		rseq_offset = *off;
		rseq_size = *size;
	}
	mx_loader_init(*(int *)(self + tid_offset));
	sanitized = dlsym(RTLD_DEFAULT, "__sanitizer_print_stack_trace") !=
	    NULL;
#ifdef MX_TSAN
	/*
	 * It knows 8,000 threads at most, hence reuse: a thread of ours is the
	 * same one to it as the last user of the identity. That hides races
	 * between those two alone.
	 */
	tsan = dlsym(RTLD_DEFAULT, "__tsan_func_entry");
	sanitized = !tsan || in_program(tsan);
#endif
	(void)dlerror(); /* of the lookups: the program must not see it */
	default_stack = 8 << 20;
	if (pthread_getattr_default_np(&attr) == 0) {
		pthread_attr_getstacksize(&attr, &default_stack);
		pthread_attr_destroy(&attr);
	}
	return 0;
}

/* The record of thread pt, of whatever kind. */
MX_NO_TSAN struct mx_gt *
mx_thread_of(pthread_t pt)
{
	static struct mx_gt plain;

	/* Nobody has opted in yet, so nobody is green. */
	if (!atomic_load_explicit(&mx_active, memory_order_relaxed))
		return &plain;
	return (struct mx_gt *)((char *)pt + self_offset);
}

/* Of a thread that has not opted in: its kernel thread's number; 0: ended. */
int
mx_thread_tid(pthread_t pt)
{
	return *(volatile int *)((char *)pt + tid_offset);
}

/* ---- rseq ---- */

static int
rseq_call(char *tp, int flags)
{
	/* Kernel and glibc must agree on the length that was registered. */
	unsigned lens[] = { 32, rseq_size, (rseq_size + 31) & ~31u, 64 };
	int saved = errno, rc = -1;
	size_t i;

	for (i = 0; rc < 0 && i < sizeof(lens) / sizeof(lens[0]); i++)
		rc = (int)real.syscall(SYS_rseq, (long)(tp + rseq_offset),
		    lens[i], flags, RSEQ_SIG, 0, 0);
	errno = saved;
	return rc;
}

/*
 * A thread that moves between kernel threads must not trust its rseq area:
 * the kernel would fill in the processor of another one. Unregistering also
 * makes users such as tcmalloc fall back.
 */
static void
rseq_forget(char *tp)
{
	uint32_t *area = (uint32_t *)(tp + rseq_offset);

	if (rseq_offset && rseq_call(tp, RSEQ_FLAG_UNREGISTER) < 0)
		area[1] = (uint32_t)-2;	/* cpu_id: registration failed */
}

void
mx_rseq_forget(struct mx_gt *gt)
{
	rseq_forget(gt->ctx.tp);
}

/* ---- birth ---- */

struct birth {
	void (*role)(struct mx_gt *);
	void *arg;
	struct mx_gt *gt;
	_Atomic uint32_t task;	/* 1; the kernel clears it when the task ends */
};

static void
set_tid(struct mx_gt *gt, int tid)
{
	gt->tid = tid;
	*gt->tidp = tid;
}

/*
 * As the kernel's, numbers are given in turn and one is not given again while
 * somebody has it: a mutex whose owner has ended must not take the next thread
 * for its owner. An identity has one until it gets the next. There are as many
 * as the kernel has, which is more than there can be identities.
 */
#define TIDS (1u << 22)
static _Atomic uint64_t tids[TIDS / 64] __attribute__((aligned(4096)));

static int
newtid(void)
{
	unsigned n;

	do {
		n = atomic_fetch_add(&next_tid, 1) % TIDS;
	} while (atomic_fetch_or(&tids[n / 64], 1ull << n % 64) >> n % 64 & 1);
	return MX_TID_BASE + (int)n;
}

static void
oldtid(int tid)
{
	unsigned n = (unsigned)(tid - MX_TID_BASE);

	if (tid >= MX_TID_BASE)
		atomic_fetch_and(&tids[n / 64], ~(1ull << n % 64));
}

/*
 * The word that the kernel clears for libc when a thread ends, which join waits
 * for: the tid, but from glibc 2.43 on a word of its own, that only the kernel
 * can tell us of. A kernel may be built without that (CHECKPOINT_RESTORE).
 */
static void
learn_cleared_word(struct mx_gt *gt)
{
	int saved = errno;
	char *word = NULL;

	if (atomic_load(&clear_offset) != NO_WORD)
		return;
	if (real.prctl(PR_GET_TID_ADDRESS, (long)&word, 0, 0, 0) == 0 && word)
		atomic_store(&clear_offset, word - (char *)gt->pt);
	else if (!mx_real_has(openat2))	/* which came with it */
		atomic_store(&clear_offset, tid_offset);
	errno = saved;
}

static void *
donor(void *arg)
{
	struct birth *b = arg;
	struct mx_gt *gt = &mx_me;
	void (*role)(struct mx_gt *) = b->role;
	size_t len;

	/*
	 * All signals are blocked. When the kernel task is gone somebody else
	 * will run here, so the kernel must not know this memory any more: the
	 * robust list and rseq are forgotten, and the word that it clears at
	 * the end of a task is our creator's instead of libc's.
	 */
	gt->depth = 1;
	gt->ctx.tp = mx_arch_tp();
	gt->pt = pthread_self();
	gt->tidp = (int *)((char *)gt->pt + tid_offset);
	gt->role = role;
	gt->role_arg = b->arg;
	gt->ss.ss_flags = SS_DISABLE;
	gt->mask = MX_ALL_SIGNALS;
	if (cancel_offset >= 0) {
		gt->cancelp = (int *)((char *)gt->pt + cancel_offset);
		gt->cancel_init = *gt->cancelp;
	}
	set_tid(gt, newtid());
	b->gt = gt;
	learn_cleared_word(gt);
	real.syscall(SYS_get_robust_list, 0, (long)&gt->robust, (long)&len, 0,
	    0, 0);
	real.syscall(SYS_set_tid_address, (long)&b->task, 0, 0, 0, 0, 0);
	real.syscall(SYS_set_robust_list, 0, 24, 0, 0, 0, 0);
	rseq_forget(gt->ctx.tp);
	errno = 0;
	MX_HB_RELEASE(b);
	mx_arch_leave(&gt->ctx);
	role(gt);
	/* Only to be buried: from here on it is libc's thread again. */
	return NULL;
}

/* Returns 0 or an errno value. attr is libc's, with a stack in it. */
static int
give_birth(const pthread_attr_t *attr, struct birth *b)
{
	struct mx_sig_mask old;
	pthread_t pt;
	int rc;

	atomic_store(&b->task, 1);
	mx_sig_shut(&old, ~0ull);
	rc = real.pthread_create(&pt, attr, donor, b);
	if (rc == 0)
		while (atomic_load(&b->task))
			real.syscall(SYS_futex, (long)&b->task, FUTEX_WAIT, 1,
			    0, 0, 0);
	MX_HB_ACQUIRE(b);
	mx_sig_open(&old);
	return rc;
}

/* An identity for the runtime itself: a hub or an idle loop. errno value. */
int
mx_thread_role(void (*role)(struct mx_gt *), void *arg, struct mx_gt **ret_gt)
{
	struct birth b = { .role = role, .arg = arg };
	pthread_attr_t attr;
	void *stack;
	int rc;

	stack = mx_stack_get(MX_SMALL_STACK, page);
	if (!stack)
		return EAGAIN;
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, MX_SMALL_STACK);
	rc = give_birth(&attr, &b);
	pthread_attr_destroy(&attr);
	if (rc)
		mx_stack_put(stack, MX_SMALL_STACK, page);
	else
		*ret_gt = b.gt;
	return rc;
}

/* ---- the thread-specific data of a green thread ---- */

static struct {
	_Atomic(mx_dtor_fn) dtor;
	_Atomic bool used;
} keys[PTHREAD_KEYS_MAX];
static _Atomic unsigned keys_end; /* keys above were never created */

/* ThreadSanitizer's own key, made before it can be called here. */
MX_NO_TSAN int
mx_key_create(pthread_key_t *key, mx_dtor_fn dtor)
{
	int rc = real.pthread_key_create(key, dtor);
	unsigned end;

	if (rc || *key >= PTHREAD_KEYS_MAX)
		return rc;
#ifdef MX_TSAN
	/* Its destructor ends a thread's record, while our identity goes on. */
	if (!mx_started)
		dtor = NULL;
#endif
	atomic_store(&keys[*key].dtor, dtor);
	atomic_store(&keys[*key].used, true);
	end = atomic_load(&keys_end);
	while (end <= *key &&
	    !atomic_compare_exchange_weak(&keys_end, &end, *key + 1))
		;
	return 0;
}

int
mx_key_delete(pthread_key_t key)
{
	if (key < PTHREAD_KEYS_MAX) {
		atomic_store(&keys[key].used, false);
		atomic_store(&keys[key].dtor, NULL);
	}
	return real.pthread_key_delete(key);
}

/* POSIX: up to PTHREAD_DESTRUCTOR_ITERATIONS rounds, then forget the rest. */
static void
tsd_run(void)
{
	unsigned i, end;
	mx_dtor_fn dtor;
	bool again = true;
	void *value;
	int round;

	for (round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS;
	    round++) {
		again = false;
		end = atomic_load(&keys_end);
		for (i = 0; i < end; i++) {
			if (!atomic_load(&keys[i].used))
				continue;
			value = pthread_getspecific(i);
			if (!value)
				continue;
			dtor = atomic_load(&keys[i].dtor);
			pthread_setspecific(i, NULL);
			if (dtor) {
				dtor(value);
				again = true;
			}
		}
	}
	end = atomic_load(&keys_end);
	for (i = 0; again && i < end; i++)
		if (atomic_load(&keys[i].used) && pthread_getspecific(i))
			pthread_setspecific(i, NULL);
}

/* ---- TLS back to its initial image ---- */

#define SEGMENTS 64
struct segment {
	ptrdiff_t offset;	/* from the thread pointer */
	const void *image;
	size_t image_size, size;
};

static struct {
	_Atomic int lock;
	unsigned long long adds, subs;
	bool valid;
	bool dynamic;		/* some object's TLS is not static */
	unsigned n;
	struct segment seg[SEGMENTS];
} tls;

struct reset {
	struct mx_gt *gt;
	unsigned long long adds, subs;
	bool fill;		/* collect static segments */
	bool dynamic_only;
	bool overflow;
};

static bool
holds(const struct dl_phdr_info *info, const void *p)
{
	uintptr_t a = (uintptr_t)p;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    a >= info->dlpi_addr + info->dlpi_phdr[i].p_vaddr &&
		    a < info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
		    info->dlpi_phdr[i].p_memsz)
			return true;
	return false;
}

extern void *__tls_get_addr(void *);

/* libc, the loader and we ourselves keep what a thread has. */
static bool
exempt(const struct dl_phdr_info *info)
{
	return holds(info, (void *)mx_thread_init) ||
	    holds(info, (void *)gnu_get_libc_version) ||
	    holds(info, (void *)&_r_debug) ||
	    (tsan && holds(info, tsan)) ||
	    (info->dlpi_name && strstr(info->dlpi_name, "/libpthread"));
}

static int
tls_visit(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct reset *r = arg;
	const ElfW(Phdr) *ph = NULL;
	const char *image;
	char *data;
	int i;

	(void)size;
	r->adds = info->dlpi_adds;
	r->subs = info->dlpi_subs;
	if (!r->gt)
		return 1; /* only the counters */
	data = info->dlpi_tls_data;
	if (!info->dlpi_tls_modid)
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_TLS)
			ph = &info->dlpi_phdr[i];
	if (!ph || exempt(info))
		return 0;
	image = (const char *)info->dlpi_addr + ph->p_vaddr;
	if (r->fill && data && (uintptr_t)(data - (char *)r->gt->ctx.tp) +
	    (64 << 10) < (128 << 10)) {
		if (tls.n == SEGMENTS) {
			r->overflow = true;
			return 0;
		}
		tls.seg[tls.n].offset = data - (char *)r->gt->ctx.tp;
		tls.seg[tls.n].image = image;
		tls.seg[tls.n].image_size = ph->p_filesz;
		tls.seg[tls.n].size = ph->p_memsz;
		tls.n++;
		return 0;
	}
	if (r->fill) {
		tls.dynamic = true;
		return 0;
	}
	for (i = 0; i < (int)tls.n; i++)
		if (tls.seg[i].image == image)
			return 0; /* static, done already */
	if (data) {
		memcpy(data, image, ph->p_filesz);
		memset(data + ph->p_filesz, 0, ph->p_memsz - ph->p_filesz);
	}
	return 0;
}

/*
 * [user code, thread's own stack] Static segments are the same in all threads
 * and listed once per set of loaded objects; others are asked for each time.
 * False: nothing was done, because the loader is busy and may be for long.
 */
static bool
tls_reset(struct mx_gt *gt)
{
	struct reset now = { .gt = NULL }, r = { .gt = gt };
	struct segment *s;
	unsigned i;

	if (!mx_loader_try())
		return false;
	dl_iterate_phdr(tls_visit, &now);
	mx_crit_enter();
	mx_spin_lock(&tls.lock);
	if (!tls.valid || tls.adds != now.adds || tls.subs != now.subs) {
		mx_spin_unlock(&tls.lock);
		mx_crit_leave();
		/*
		 * Loader lock first, ours never around it. Two threads that
		 * refill at once is excluded by filling under the loader's
		 * lock only, with valid off.
		 */
		r.fill = true;
		mx_crit_enter();
		mx_spin_lock(&tls.lock);
		tls.valid = false;
		tls.n = 0;
		tls.dynamic = false;
		dl_iterate_phdr(tls_visit, &r);
		tls.adds = r.adds;
		tls.subs = r.subs;
		tls.valid = !r.overflow;
		tls.dynamic |= r.overflow;
		r.fill = false;
	}
	for (i = 0; i < tls.n; i++) {
		s = &tls.seg[i];
		memcpy((char *)gt->ctx.tp + s->offset, s->image,
		    s->image_size);
		memset((char *)gt->ctx.tp + s->offset + s->image_size, 0,
		    s->size - s->image_size);
	}
	r.dynamic_only = tls.dynamic;
	mx_spin_unlock(&tls.lock);
	mx_crit_leave();
	if (r.dynamic_only)
		dl_iterate_phdr(tls_visit, &r);
	mx_loader_done();
	return true;
}

/* ---- pool ---- */

static void
pool_put(struct mx_gt *gt)
{
	MX_POKE(gt->state, MX_STATE_POOLED);
	mx_crit_enter();
	mx_spin_lock(&pool_lock);
	if (unlikely(gt->unclean)) {
		gt->next = pool_unclean;
		pool_unclean = gt;
	} else if (gt->stack_size == default_stack && gt->guard == page) {
		gt->next = pool;
		pool = gt;
		MX_POKE(pool_hot, pool_hot + 1);
	} else {
		gt->next = pool_odd;
		pool_odd = gt;
	}
	mx_spin_unlock(&pool_lock);
	mx_crit_leave();
	atomic_fetch_add_explicit(&mx_pooled, 1, memory_order_relaxed);
}

static struct mx_gt *
pool_get(void)
{
	struct mx_gt *gt;

	if (!atomic_load_explicit(&pool, memory_order_relaxed))
		return NULL;
	mx_crit_enter();
	mx_spin_lock(&pool_lock);
	gt = pool;
	if (gt) {
		pool = gt->next;
		if (!gt->stack_hot)
			MX_POKE(pool_hot, pool_hot - 1);
	}
	mx_spin_unlock(&pool_lock);
	mx_crit_leave();
	if (gt)
		atomic_fetch_sub_explicit(&mx_pooled, 1, memory_order_relaxed);
	return gt;
}

/* pthread_setattr_default_np(3): what is pooled has another size from now on. */
void
mx_thread_default(size_t size)
{
	struct mx_gt *gt;

	mx_crit_enter();
	mx_spin_lock(&pool_lock);
	while (size != default_stack && (gt = pool) != NULL) {
		pool = gt->next;
		gt->next = pool_odd;
		pool_odd = gt;
	}
	if (size != default_stack)
		MX_POKE(pool_hot, 0);
	MX_POKE(default_stack, size);
	mx_spin_unlock(&pool_lock);
	mx_crit_leave();
}

/* One with a slab stack of just this size, or NULL. */
static struct mx_gt *
pool_get_odd(size_t size, size_t guard)
{
	struct mx_gt **p, *gt;

	mx_crit_enter();
	mx_spin_lock(&pool_lock);
	for (p = &pool_odd; (gt = *p) != NULL; p = &gt->next) {
		if (gt->stack_size == size && gt->guard == guard) {
			*p = gt->next;
			break;
		}
	}
	mx_spin_unlock(&pool_lock);
	mx_crit_leave();
	if (gt)
		atomic_fetch_sub_explicit(&mx_pooled, 1, memory_order_relaxed);
	return gt;
}

/*
 * The program's own stack goes back to the program, so libc must forget the
 * TCB in it: a kernel task is put under the identity once more and returns to
 * libc's start_thread(), which ends it as any thread. With join set this waits
 * for it (user code only), else libc frees it by itself.
 */
static void
bury(struct mx_gt *gt, bool join)
{
	uint64_t all = ~0ull, old;
	ptrdiff_t word = atomic_load(&clear_offset);
	pthread_t pt = gt->pt;
	int saved = errno;

	MX_POKE(gt->kt, NULL);
	oldtid(gt->tid);
	MX_HB_RELEASE(gt);
	if (!join)
		real.pthread_detach(pt);
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old,
	    8, 0, 0);
	/* No task to be had: libc keeps the TCB. */
	if (word == NO_WORD || mx_arch_revive(&gt->ctx, gt->tidp,
	    (int *)((char *)pt + word)) < 0)
		join = false;
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	if (join)
		real.pthread_join(pt, NULL);
	errno = saved;
}

/*
 * Nobody runs gt and nobody will join it: into the pool. joined: called in
 * user code, by the thread that joined it.
 */
void
mx_thread_release(struct mx_gt *gt, bool joined)
{
	if (!gt->stack)
		bury(gt, joined);
	else if (!sanitized)
		pool_put(gt);
}

/*
 * [hub] Gives the stacks of pooled identities back, but for a few that stay
 * warm. most bounds the time that one call takes.
 */
void
mx_thread_trim(unsigned most)
{
	struct mx_gt *gt;
	char *low, *high;
	unsigned kept = 0;

	if (MX_PEEK(pool_hot) <= HOT_STACKS)
		return;
	mx_spin_lock(&pool_lock);
	for (gt = pool; gt && most && pool_hot > HOT_STACKS; gt = gt->next) {
		if (gt->stack_hot || kept++ < HOT_STACKS)
			continue;
		low = gt->stack;
		high = (char *)(((uintptr_t)gt->ctx.sp - 512) & ~(page - 1));
		if (high > low)
			madvise(low, (size_t)(high - low), MADV_DONTNEED);
		gt->stack_hot = low;
		MX_POKE(pool_hot, pool_hot - 1);
		most--;
	}
	mx_spin_unlock(&pool_lock);
}

/* ---- life ---- */

/* Adds to or removes from the domain's list of live threads. */
void
mx_thread_list(struct mx_gt *gt, bool add)
{
	struct mx_domain *d = gt->dom;
	unsigned n;

	mx_crit_enter();
	mx_spin_lock(&d->all_lock);
	if (add) {
		n = atomic_fetch_add(&d->nlive, 1) + 1;
		if (n > d->peak)
			MX_POKE(d->peak, n);
		mx_list_add(&d->all, &gt->all);
		mx_sig_account(d, gt->mask, 1);
	} else {
		atomic_fetch_sub(&d->nlive, 1);
		mx_list_del(&gt->all);
		mx_sig_account(d, gt->mask, -1);
	}
	mx_spin_unlock(&d->all_lock);
	mx_crit_leave();
	/* After nlive is more: see the monitor's sleep. */
	if (add && unlikely(atomic_load(&mx_monitor_asleep)))
		mx_monitor_poke();
}

/* On the next stack, when nothing runs on gt's any more. */
static void
finish_after(void *arg)
{
	struct mx_gt *gt = arg;
	int fate;

	MX_POKE(gt->state, MX_STATE_DONE);
	fate = atomic_fetch_or(&gt->fate, MX_FATE_DONE);
	if (fate & MX_FATE_DETACHED)
		mx_thread_release(gt, false);
	else
		mx_lot_wake(&gt->fate, INT_MAX);
}

/* libc's sigsetjmp without the mask; pthread.h's name for it varies. */
extern int mx_setjmp(void *env, int savemask) __asm__("__sigsetjmp")
    __attribute__((returns_twice));

/* pthread.h hides these two where exceptions are on. */
extern void __pthread_register_cancel(__pthread_unwind_buf_t *buf);
extern void __pthread_unregister_cancel(__pthread_unwind_buf_t *buf);

/* Calls the start routine so that pthread_exit() can unwind to here. */
static void
body(struct mx_gt *gt)
{
	__pthread_unwind_buf_t buf;

	switch (mx_setjmp(buf.__cancel_jmp_buf, 0)) {
	case 0:
		__pthread_register_cancel(&buf);
		gt->retval = gt->fn11 ? (void *)(intptr_t)gt->fn11(gt->arg) :
		    gt->fn(gt->arg);
		__pthread_unregister_cancel(&buf);
		break;
	case 1:
		/* libc marked the thread as exiting. */
		if (gt->cancelp)
			*gt->cancelp = gt->cancel_init;
#ifdef MX_TSAN
		/* Its stack of calls has not been unwound: a jump does it. */
		real.longjmp((struct __jmp_buf_tag *)&buf, 2);
#endif
		break;
	default:
		break;
	}
	MX_POKE(gt->exiting, true);
}

/* What libc does at the end of a thread, and ours. */
static void
farewell(struct mx_gt *gt)
{
	locale_t loc;

	if (real.__call_tls_dtors)
		real.__call_tls_dtors();
	tsd_run();
	loc = uselocale((locale_t)0);
	if (loc != LC_GLOBAL_LOCALE)
		uselocale(LC_GLOBAL_LOCALE);
	if (gt->ss.ss_sp)
		gt->ss.ss_flags = SS_DISABLE;
}

static void dress(struct mx_gt *gt, struct mx_gt *by, bool detached);

/*
 * [user code] The loader has just been free: time for an identity that could not
 * be cleaned when its thread ended. Only in its own name can that be done, so
 * it runs once more for that alone, and sees to the next one if it succeeds.
 */
static void
clean_one(struct mx_gt *me)
{
	struct mx_gt *gt;

	mx_crit_enter();
	mx_spin_lock(&pool_lock);
	gt = pool_unclean;
	if (gt)
		pool_unclean = gt->next;
	mx_spin_unlock(&pool_lock);
	mx_crit_leave();
	if (!gt)
		return;
	atomic_fetch_sub_explicit(&mx_pooled, 1, memory_order_relaxed);
	dress(gt, me, true);
	mx_thread_list(gt, true);
	mx_ready(gt);
}

static void
gt_main(struct mx_gt *gt)
{
	for (;;) {
		mx_after(gt);
		MX_POKE(gt->state, MX_STATE_ALIVE);
		mx_leave(gt);
		if (likely(!gt->unclean)) {
			body(gt);
			if (unlikely(!gt->dom))
				return; /* the child of _Fork(): libc ends it */
			if (gt->is_main)
				mx_monitor_start();
			farewell(gt);
		}
		gt->unclean = !sanitized && !tls_reset(gt);
		if (unlikely(atomic_load_explicit(&pool_unclean,
		    memory_order_relaxed) != NULL) && !gt->unclean)
			clean_one(gt);
		h_errno = 0;
		errno = 0;
		mx_enter(gt);
		mx_robust_run(gt);
		mx_thread_list(gt, false);
		if (atomic_load(&gt->sigpend) || gt->sighold)
			mx_sig_bequeath(gt);
		if (gt->is_main) {
			/* Forked in a thread, and that thread is over. */
			atomic_store(&mx_main_gone, 2);
			mx_monitor_poke();
			mx_switch(gt, NULL, NULL);
		}
		mx_switch(gt, finish_after, gt);
		if (!gt->kt)
			return; /* to be buried */
	}
}

/* Fills in a thread that is about to start. */
static void
dress(struct mx_gt *gt, struct mx_gt *by, bool detached)
{
	gt->dom = by->dom;
	MX_POKE(gt->state, MX_STATE_NEW);
	gt->next = NULL;
	atomic_store_explicit(&gt->wait, MX_WAIT_NONE, memory_order_relaxed);
	atomic_store(&gt->fate, detached ? MX_FATE_DETACHED : 0);
	atomic_store(&gt->cancel, 0);
	gt->cancel_disabled = gt->cancel_async = 0;
	gt->exiting = false;
	gt->retval = NULL;
	gt->sigran = 0;
	mx_arch_inherit(&gt->ctx);
	gt->mask = by->mask;
	gt->stack_hot = NULL;
	gt->kernel_threads = false;
	gt->why.call = NULL;
	memcpy(gt->name, by->name, sizeof(gt->name));
}

/* Room for one more timer, which only the holder may make. */
static int
reserve(struct mx_domain *d)
{
	int rc;

	/* With room to spare: others may be at this point, too. */
	if (atomic_load(&d->nlive) + 1024 < MX_PEEK(d->heap_cap))
		return 0;
	mx_enter(&mx_me);
	rc = mx_timer_reserve(d, d->heap_cap * 2 + 2);
	mx_leave(&mx_me);
	return rc ? EAGAIN : 0;
}

static int
birth_attr(const pthread_attr_t *attr, struct mx_gt **ret_gt)
{
	struct birth b = { .role = gt_main };
	size_t size = MX_PEEK(default_stack), guard = page, own_size;
	void *stack = NULL, *own = NULL;
	pthread_attr_t mine;
	int rc;

	pthread_attr_init(&mine);
	if (attr) {
		pthread_attr_getstacksize(attr, &size);
		pthread_attr_getguardsize(attr, &guard);
		/* With no stack set glibc reports address 0 minus the size. */
		pthread_attr_getstack(attr, &own, &own_size);
		if (own && (uintptr_t)own + own_size == 0)
			own = NULL;
		if (own)
			size = own_size;
	}
	if (size == 0)
		size = MX_PEEK(default_stack);
	if (!own) {
		size = (size + page - 1) & ~(page - 1);
		guard = (guard + page - 1) & ~(page - 1);
		stack = mx_stack_get(size, guard);
		if (!stack) {
			pthread_attr_destroy(&mine);
			return EAGAIN;
		}
	}
	rc = pthread_attr_setstack(&mine, own ? own : stack, size);
	if (rc == 0) {
		pthread_attr_setguardsize(&mine, guard);
		rc = give_birth(&mine, &b);
	}
	pthread_attr_destroy(&mine);
	if (rc) {
		if (stack)
			mx_stack_put(stack, size, guard);
		return rc;
	}
	b.gt->stack = stack;
	b.gt->stack_low = own ? own : stack;
	b.gt->guard = guard;
	b.gt->stack_size = size;
	*ret_gt = b.gt;
	return 0;
}

static bool
is_default(const pthread_attr_t *attr)
{
	size_t size, guard, own_size;
	void *own;

	if (!attr)
		return true;
	pthread_attr_getstacksize(attr, &size);
	pthread_attr_getguardsize(attr, &guard);
	pthread_attr_getstack(attr, &own, &own_size);
	if (own && (uintptr_t)own + own_size == 0)
		own = NULL;
	return !own && (size == 0 || size == MX_PEEK(default_stack)) &&
	    guard == page;
}

/* A pooled identity for an attribute with a size of its own, or NULL. */
static struct mx_gt *
odd(const pthread_attr_t *attr)
{
	size_t size, guard, own_size;
	void *own;

	pthread_attr_getstacksize(attr, &size);
	pthread_attr_getguardsize(attr, &guard);
	pthread_attr_getstack(attr, &own, &own_size);
	if (own && (uintptr_t)own + own_size != 0)
		return NULL;
	if (size == 0)
		size = MX_PEEK(default_stack);
	return pool_get_odd((size + page - 1) & ~(page - 1),
	    (guard + page - 1) & ~(page - 1));
}

/*
 * [user code of a green thread] pthread_create(3). Returns 0 or an errno
 * value: EAGAIN when memory or a limit of the process ends.
 */
int
mx_thread_create(pthread_t *ret_pt, const pthread_attr_t *attr,
    mx_start_fn fn, mx_thrd_fn fn11, void *arg)
{
	struct mx_gt *me = &mx_me, *gt;
	int detach = PTHREAD_CREATE_JOINABLE, rc, saved = errno;
	sigset_t set;

	if (attr)
		pthread_attr_getdetachstate(attr, &detach);
	rc = reserve(me->dom);
	if (rc == 0)
		rc = mx_monitor_start();
	if (rc)
		return rc;
	gt = is_default(attr) ? pool_get() : odd(attr);
	if (gt) {
		oldtid(gt->tid);
		set_tid(gt, newtid());
		atomic_fetch_add_explicit(&me->dom->reused, 1,
		    memory_order_relaxed);
	} else {
		rc = birth_attr(attr, &gt);
		errno = saved;
		if (rc)
			return rc == ENOMEM ? EAGAIN : rc;
		atomic_fetch_add_explicit(&me->dom->created, 1,
		    memory_order_relaxed);
	}
	dress(gt, me, detach == PTHREAD_CREATE_DETACHED);
	if (attr && real.pthread_attr_getsigmask_np &&
	    real.pthread_attr_getsigmask_np(attr, &set) == 0)
		gt->mask = mx_sig_allowed(mx_sigbits(&set));
	gt->fn = fn;
	gt->fn11 = fn11;
	gt->arg = arg;
	*ret_pt = gt->pt;
	mx_thread_list(gt, true);
	mx_ready(gt);
	return 0;
}

/*
 * [user code] Ends the calling green thread: runs cleanup handlers and C++
 * destructors by libc's own unwinding, which stops in body().
 */
void
mx_thread_exit(void *retval)
{
	struct mx_gt *gt = &mx_me;

	if (gt->hopping)
		mx_hop_end();
	MX_POKE(gt->exiting, true);
	gt->retval = retval;
	if (gt->is_main && gt->role != gt_main) {
		mx_monitor_start();
		if (gt->is_process_main)
			atomic_store(&mx_main_gone, 1);
		mx_domain_release(gt);
		mx_monitor_poke();
	}
	real.pthread_exit(retval);
	__builtin_unreachable();
}

void
mx_cancel_now(void)
{
	mx_thread_exit(PTHREAD_CANCELED);
}

/*
 * [in the runtime] What the kernel does when a thread ends that holds robust
 * mutexes: marks them, and wakes a waiter. Our threads' ends it does not see.
 */
void
mx_robust_run(struct mx_gt *gt)
{
	struct robust_list_head *head = gt->robust;
	struct robust_list *e, *next;
	_Atomic uint32_t *word;
	uint32_t v;
	int n = 0;

	if (!head)
		return;
	for (e = head->list.next; e && e != &head->list && n++ < 1 << 20;
	    e = next) {
		/* The lowest bit marks priority inheritance. */
		e = (struct robust_list *)((uintptr_t)e & ~1ul);
		next = e->next;
		word = (_Atomic uint32_t *)((char *)e + head->futex_offset);
		v = atomic_load(word);
		if ((v & FUTEX_TID_MASK) != (uint32_t)gt->tid)
			continue;
		while (!atomic_compare_exchange_weak(word, &v,
		    (v & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			;
		if (v & FUTEX_WAITERS)
			real.syscall(SYS_futex, (long)word, FUTEX_WAKE, 1, 0,
			    0, 0);
		mx_lot_wake(word, 1);
	}
	head->list.next = &head->list;
}

/* ---- the thread that opts in ---- */

void
mx_thread_adopt(struct mx_gt *gt)
{
	uint64_t mask = 0;

	gt->ctx.tp = mx_arch_tp();
	gt->pt = pthread_self();
	gt->tidp = (int *)((char *)gt->pt + tid_offset);
	gt->tid = gt->ktid = *gt->tidp;
	gt->is_main = true;
	gt->is_process_main = gt->tid == getpid();
	MX_POKE(gt->state, MX_STATE_ALIVE);
	gt->exiting = false;
	atomic_store(&gt->fate, 0);
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, (long)&mask, 8, 0, 0);
	if (unlikely(mask != mx_sig_allowed(mask))) {
		mask = mx_sig_allowed(mask);
		real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		    8, 0, 0);
	}
	gt->mask = mask;
	if (real.sigaltstack(NULL, &gt->ss) < 0)
		gt->ss.ss_flags = SS_DISABLE;
	real.pthread_getname_np(gt->pt, gt->name, sizeof(gt->name));
	if (rseq_offset)
		rseq_forget(gt->ctx.tp);
}

void
mx_thread_unadopt(struct mx_gt *gt)
{
	if (rseq_offset)
		rseq_call(gt->ctx.tp, 0);
	gt->is_main = false;
}

/* The child of a fork: the others are gone; so are pooled identities. */
void
mx_thread_fork(void)
{
	atomic_store(&pool_lock, 0);
	atomic_store(&tls.lock, 0);
	tls.valid = false;
	pool = pool_odd = NULL;
	pool_unclean = NULL;
	pool_hot = 0;
	atomic_store(&mx_pooled, 0);
	madvise((void *)tids, sizeof(tids), MADV_DONTNEED); /* all of the others' */
}
