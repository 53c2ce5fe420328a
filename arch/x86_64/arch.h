/* SPDX-License-Identifier: MIT */
/*
 * x86-64: what the assembly in switch.S shares with C. The thread pointer is
 * the FS base; pthread_t is the thread pointer itself in glibc.
 */
#ifndef MX_ARCH_H
#define MX_ARCH_H

/* Stack pointer and thread pointer of a stack that nobody runs. */
struct mx_ctx {
	void *sp;	/* points at the frame that switch.S draws */
	void *tp;	/* FS base; set once, when the identity is born */
};

/* Nonzero: wrfsbase may be used (AT_HWCAP2 bit 1, Linux 5.9). */
extern int mx_arch_fsgsbase;

/* The kernel wants to be told how a handler returns: switch.S. */
#define MX_ARCH_SA_RESTORER 0x04000000
#define MX_ARCH_RESTORER mx_arch_sigreturn
void mx_arch_sigreturn(void);

void mx_arch_init(void);
void mx_arch_switch(struct mx_ctx *from, const struct mx_ctx *to);
void mx_arch_leave(struct mx_ctx *self);
long mx_arch_revive(const struct mx_ctx *ctx, int *tid, int *cleared);

static inline void *
mx_arch_tp(void)
{
	void *tp;

	__asm__("mov %%fs:0, %0" : "=r"(tp));
	return tp;
}

static inline void
mx_arch_pause(void)
{
	__builtin_ia32_pause();
}

/*
 * After libc has released an object with a locked instruction, before we look
 * for waiters: on x86 that instruction was the barrier already.
 */
static inline void
mx_arch_fence_after_rmw(void)
{
	__asm__ volatile("" ::: "memory");
}

/* A new thread has its creator's control words: puts ours into its frame. */
static inline void
mx_arch_inherit(struct mx_ctx *ctx)
{
	__asm__ volatile("stmxcsr (%0)\n\tfnstcw 4(%0)" : :
	    "r"(ctx->sp) : "memory");
}

/* Of a stack that waits: where it goes on, and its frame pointer. */
static inline void *
mx_arch_pc(const struct mx_ctx *ctx)
{
	return ((void **)ctx->sp)[7];
}

static inline void *
mx_arch_frame(const struct mx_ctx *ctx)
{
	return ((void **)ctx->sp)[6];
}

#endif
