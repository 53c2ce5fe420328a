/* SPDX-License-Identifier: MIT */
/*
 * aarch64: what the assembly in switch.S shares with C. The thread pointer is
 * TPIDR_EL0; glibc's struct pthread (and so pthread_t) lies below it.
 */
#ifndef MX_ARCH_H
#define MX_ARCH_H

#include <stdint.h>
#include <ucontext.h>

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
long mx_arch_spawn(unsigned long flags, void *stack_top, void (*fn)(void *),
    void *arg);

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

/*
 * Registers for those who walk a stack, by the numbers that DWARF gives them
 * (aadwarf64, 4.1): x0 to x30, sp; and where the code goes on.
 */
#define MX_ARCH_REGS 33
#define MX_ARCH_FP 29
#define MX_ARCH_SP 31
#define MX_ARCH_RA 30
#define MX_ARCH_PC 32

/* Of a signal handler's ucontext. */
static inline void
mx_arch_regs_signal(uintptr_t *regs, const ucontext_t *uc)
{
	int i;

	for (i = 0; i < 31; i++)
		regs[i] = (uintptr_t)uc->uc_mcontext.regs[i];
	regs[MX_ARCH_SP] = (uintptr_t)uc->uc_mcontext.sp;
	regs[MX_ARCH_PC] = (uintptr_t)uc->uc_mcontext.pc;
}

/* Of a stack that waits: the others are not kept over a call. */
static inline void
mx_arch_regs_parked(uintptr_t *regs, const struct mx_ctx *ctx)
{
	const uintptr_t *frame = ctx->sp;
	int i;

	regs[29] = frame[0];
	regs[30] = frame[1];
	for (i = 19; i <= 28; i++)
		regs[i] = frame[i - 17];
	regs[MX_ARCH_SP] = (uintptr_t)frame + 176;
	regs[MX_ARCH_PC] = regs[30];
}

/* Whether pc is behind a call, and of what; 0: the code alone does not tell. */
static inline int
mx_arch_behind_call(uintptr_t pc, uintptr_t *ret_target)
{
	uint32_t insn;

	*ret_target = 0;
	if (pc & 3)
		return 0;
	insn = *(const uint32_t *)(pc - 4);
	if ((insn & 0xfc000000) == 0x94000000) { /* bl, 26 bits */
		*ret_target = pc - 4 +
		    (uintptr_t)(intptr_t)((int32_t)(insn << 6) >> 4);
		return 1;
	}
	return (insn & 0xfffffc1f) == 0xd63f0000; /* blr */
}

/* A return address as it is used: without its signature (PAC), 48 bits. */
static inline uintptr_t
mx_arch_strip(uintptr_t pc)
{
	return pc & 0xffffffffffffull;
}

#endif
