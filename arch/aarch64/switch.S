/* SPDX-License-Identifier: MIT */
/*
 * aarch64: switch stack and thread pointer; leave a kernel task behind; vfork.
 *
 * The frame of a stack that waits, from its saved stack pointer upwards:
 *
 *	  0  x29, x30 (frame record)
 *	 16  x19, x20
 *	 32  x21, x22
 *	 48  x23, x24
 *	 64  x25, x26
 *	 80  x27, x28
 *	 96  d8, d9
 *	112  d10, d11
 *	128  d12, d13
 *	144  d14, d15
 *	160  FPCR, padding
 *
 * struct mx_ctx: 0 stack pointer, 8 thread pointer.
 */
	.text

	.macro	SAVE_FRAME
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_offset x29, -176
	.cfi_offset x30, -168
	stp	x19, x20, [sp, #16]
	.cfi_offset x19, -160
	.cfi_offset x20, -152
	stp	x21, x22, [sp, #32]
	.cfi_offset x21, -144
	.cfi_offset x22, -136
	stp	x23, x24, [sp, #48]
	.cfi_offset x23, -128
	.cfi_offset x24, -120
	stp	x25, x26, [sp, #64]
	.cfi_offset x25, -112
	.cfi_offset x26, -104
	stp	x27, x28, [sp, #80]
	.cfi_offset x27, -96
	.cfi_offset x28, -88
	stp	d8, d9, [sp, #96]	/* AAPCS64: low halves are callee-saved */
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr		/* rounding mode: callee-saved by the ABI */
	str	x9, [sp, #160]
	mov	x29, sp
	.endm

/*
 * void mx_arch_switch(struct mx_ctx *from, const struct mx_ctx *to)
 *
 * A signal that arrives between the two halves of the change finds either
 * thread pointer in the runtime (depth > 0), so its handler only leaves a note.
 */
	.globl	mx_arch_switch
	.hidden	mx_arch_switch
	.type	mx_arch_switch, %function
	.balign	16
mx_arch_switch:
	.cfi_startproc
	hint	#34			/* bti c */
	SAVE_FRAME
	mov	x9, sp
	str	x9, [x0]
	ldp	x9, x10, [x1]
	mov	sp, x9
	msr	tpidr_el0, x10
	ldr	x9, [sp, #160]
	msr	fpcr, x9
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	mx_arch_switch, . - mx_arch_switch

/*
 * void mx_arch_leave(struct mx_ctx *self)
 *
 * Saves the frame and ends the kernel task. From its end on, which the kernel
 * announces by clearing the word given to set_tid_address(2), any kernel thread
 * may run on this stack. Returns in whoever switches to self.
 */
	.globl	mx_arch_leave
	.hidden	mx_arch_leave
	.type	mx_arch_leave, %function
	.balign	16
mx_arch_leave:
	.cfi_startproc
	hint	#34
	SAVE_FRAME
	mov	x9, sp
	str	x9, [x0]
	dmb	ish			/* the frame before the kernel's word */
	mov	x0, #0
	mov	x8, #93			/* exit, this task only */
	svc	#0
	brk	#1
	.cfi_endproc
	.size	mx_arch_leave, . - mx_arch_leave

/*
 * long mx_arch_revive(const struct mx_ctx *ctx, int *tid, int *cleared)
 *
 * Puts a new kernel task under a stack that waits: clone() with libc's flags
 * for a thread (0x3d0f00: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS,
 * PARENT_SETTID, CHILD_CLEARTID). The kernel writes the task's number to tid and
 * clears the word cleared when the task ends. Returns the number, or -errno.
 */
	.globl	mx_arch_revive
	.hidden	mx_arch_revive
	.type	mx_arch_revive, %function
	.balign	16
mx_arch_revive:
	.cfi_startproc
	hint	#34
	mov	x4, x2			/* child_tid */
	mov	x2, x1			/* parent_tid */
	ldp	x1, x3, [x0]		/* stack, tls */
	mov	x0, #0x0f00
	movk	x0, #0x3d, lsl #16
	mov	x8, #220		/* clone() */
	svc	#0
	cbz	x0, 1f
	ret
1:	.cfi_undefined x30
	ldr	x9, [sp, #160]
	msr	fpcr, x9
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #176
	ret
	.cfi_endproc
	.size	mx_arch_revive, . - mx_arch_revive

/*
 * long mx_arch_spawn(unsigned long flags, void *stack_top, void (*fn)(void *),
 *	void *arg)
 *
 * clone() of a process that begins with fn(arg) on a stack of its own, which
 * may be in memory that it shares with us. fn does not return. Returns the
 * process ID, or -errno. Keeps errno.
 */
	.globl	mx_arch_spawn
	.hidden	mx_arch_spawn
	.type	mx_arch_spawn, %function
	.balign	16
mx_arch_spawn:
	.cfi_startproc
	hint	#34
	mov	x10, x2			/* both outlive the system call */
	mov	x11, x3
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	mov	x8, #220		/* clone() */
	svc	#0
	cbz	x0, 1f
	ret
1:	.cfi_undefined x30
	mov	x29, #0
	mov	x30, #0
	mov	x0, x11
	blr	x10
	brk	#1
	.cfi_endproc
	.size	mx_arch_spawn, . - mx_arch_spawn

/*
 * pid_t vfork(void)
 *
 * clone(CLONE_VM | CLONE_VFORK | SIGCHLD): the return address is in a register
 * already and nothing is pushed. What C has to do happens in tail calls.
 */
	.globl	vfork
	.type	vfork, %function
	.balign	16
vfork:
	.cfi_startproc
	hint	#34
	mov	x0, #0x4111
	mov	x1, #0			/* the child shares the caller's stack */
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	mov	x8, #220		/* clone */
	svc	#0
	cbz	w0, 1f
	b	mx_vfork_parent
1:	b	mx_vfork_child
	.cfi_endproc
	.size	vfork, . - vfork
	.globl	__vfork
	.set	__vfork, vfork

	.section .note.GNU-stack, "", %progbits
