/* SPDX-License-Identifier: MIT */
/*
 * x86-64: what the assembly in switch.S shares with C. The thread pointer is
 * the FS base; pthread_t is the thread pointer itself in glibc.
 */
#ifndef MX_ARCH_H
#define MX_ARCH_H

#include <stdint.h>
#include <ucontext.h>

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
long mx_arch_spawn(unsigned long flags, void *stack_top, void (*fn)(void *),
    void *arg);

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

/*
 * Registers for those who walk a stack, by the numbers that DWARF gives them
 * (System V ABI, figure 3.36); the last one is the return address, or where
 * the code goes on.
 */
#define MX_ARCH_REGS 17
#define MX_ARCH_FP 6
#define MX_ARCH_SP 7
#define MX_ARCH_RA 16
#define MX_ARCH_PC 16

/* Of a signal handler's ucontext. */
static inline void
mx_arch_regs_signal(uintptr_t *regs, const ucontext_t *uc)
{
	static const unsigned char from[MX_ARCH_REGS] = { REG_RAX, REG_RDX,
		REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
		REG_RIP };
	int i;

	for (i = 0; i < MX_ARCH_REGS; i++)
		regs[i] = (uintptr_t)uc->uc_mcontext.gregs[from[i]];
}

/* Of a stack that waits: the others are not kept over a call. */
static inline void
mx_arch_regs_parked(uintptr_t *regs, const struct mx_ctx *ctx)
{
	const uintptr_t *frame = ctx->sp;

	regs[15] = frame[1];
	regs[14] = frame[2];
	regs[13] = frame[3];
	regs[12] = frame[4];
	regs[3] = frame[5];
	regs[MX_ARCH_FP] = frame[6];
	regs[MX_ARCH_PC] = frame[7];
	regs[MX_ARCH_SP] = (uintptr_t)(frame + 8);
}

/*
 * Whether pc is behind a call, and of what; 0: the code alone does not tell. It
 * is e8 rel32, or ff /2 in one of its lengths.
 */
static inline int
mx_arch_behind_call(uintptr_t pc, uintptr_t *ret_target)
{
	const unsigned char *p = (const unsigned char *)pc;
	int i;

	*ret_target = 0;
	if (p[-5] == 0xe8) {
		*ret_target = pc + (uintptr_t)(intptr_t)(int32_t)(p[-4] |
		    p[-3] << 8 | p[-2] << 16 | (uint32_t)p[-1] << 24);
		return 1;
	}
	for (i = 2; i <= 7; i++)
		if (p[-i] == 0xff && (p[-i + 1] & 0x38) == 0x10)
			return 1;
	return 0;
}

/* A return address as it is used. */
static inline uintptr_t
mx_arch_strip(uintptr_t pc)
{
	return pc;
}

#endif
