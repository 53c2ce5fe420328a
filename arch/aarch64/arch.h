/* SPDX-License-Identifier: MIT */
/*
 * aarch64: what the assembly in switch.S shares with C. The thread pointer is
 * TPIDR_EL0; glibc's struct pthread (and so pthread_t) lies below it.
 */
#ifndef MX_ARCH_H
#define MX_ARCH_H

/* Stack pointer and thread pointer of a stack that nobody runs. */
struct mx_ctx {
	void *sp;	/* points at the frame that switch.S draws */
	void *tp;	/* TPIDR_EL0; set once, when the identity is born */
};

/* The kernel's vDSO knows how a handler returns. */
#define MX_ARCH_SA_RESTORER 0
#define MX_ARCH_RESTORER NULL

void mx_arch_init(void);
void mx_arch_switch(struct mx_ctx *from, const struct mx_ctx *to);
void mx_arch_leave(struct mx_ctx *self);
long mx_arch_revive(const struct mx_ctx *ctx, int *tid, int *cleared);

static inline void *
mx_arch_tp(void)
{
	return __builtin_thread_pointer();
}

static inline void
mx_arch_pause(void)
{
	__asm__ volatile("yield");
}

/*
 * libc releases an object with release order only; a later load of our waiter
 * count could pass it, hence a full barrier.
 */
static inline void
mx_arch_fence_after_rmw(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

/* A new thread has its creator's rounding mode: puts ours into its frame. */
static inline void
mx_arch_inherit(struct mx_ctx *ctx)
{
	unsigned long fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	((unsigned long *)ctx->sp)[20] = fpcr;
}

/* Of a stack that waits: where it goes on, and its frame pointer. */
static inline void *
mx_arch_pc(const struct mx_ctx *ctx)
{
	return ((void **)ctx->sp)[1];
}

static inline void *
mx_arch_frame(const struct mx_ctx *ctx)
{
	return ((void **)ctx->sp)[0];
}

#endif
