/* SPDX-License-Identifier: MIT */
/*
 * x86-64: switch stack and thread pointer; leave a kernel task behind; vfork.
 *
 * The frame of a stack that waits, from its saved stack pointer upwards:
 *
 *	 0  MXCSR (4 bytes), x87 control word (2 bytes), padding
 *	 8  r15
 *	16  r14
 *	24  r13
 *	32  r12
 *	40  rbx
 *	48  rbp
 *	56  return address
 *
 * struct mx_ctx: 0 stack pointer, 8 thread pointer.
 */
	.text

	.macro	SAVE_FRAME
	pushq	%rbp			/* frame pointer */
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	pushq	$0			/* both control words: ABI, callee-saved */
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	.endm

/*
 * void mx_arch_switch(struct mx_ctx *from, const struct mx_ctx *to)
 *
 * A signal that arrives between the two halves of the change finds either
 * thread pointer in the runtime (depth > 0), so its handler only leaves a note.
 * The frames are alike, so the CFI holds on both sides of the change.
 */
	.globl	mx_arch_switch
	.hidden	mx_arch_switch
	.type	mx_arch_switch, @function
	.balign	16
mx_arch_switch:
	.cfi_startproc
	endbr64
	SAVE_FRAME
	movl	(%rsp), %r8d		/* our control words; read as written, */
	movzwl	4(%rsp), %r9d		/* or the stores could not be forwarded */
	movq	%rsp, (%rdi)
	movq	8(%rsi), %rdx
	movq	(%rsi), %rsp
	cmpl	$0, mx_arch_fsgsbase(%rip)
	je	2f
	wrfsbase %rdx
1:	cmpl	(%rsp), %r8d		/* mostly alike: loading them is slow */
	jne	3f
	cmpw	4(%rsp), %r9w
	jne	3f
4:	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_adjust_cfa_offset 56
	.cfi_rel_offset %rbp, 48
	.cfi_rel_offset %rbx, 40
	.cfi_rel_offset %r12, 32
	.cfi_rel_offset %r13, 24
	.cfi_rel_offset %r14, 16
	.cfi_rel_offset %r15, 8
2:	movl	$158, %eax		/* arch_prctl(ARCH_SET_FS, tp) */
	movl	$0x1002, %edi
	movq	%rdx, %rsi
	syscall
	jmp	1b
3:	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	jmp	4b
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
	.type	mx_arch_leave, @function
	.balign	16
mx_arch_leave:
	.cfi_startproc
	endbr64
	SAVE_FRAME
	movq	%rsp, (%rdi)
	xorl	%edi, %edi
	movl	$60, %eax		/* exit(0), this task only */
	syscall
	hlt
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
	.type	mx_arch_revive, @function
	.balign	16
mx_arch_revive:
	.cfi_startproc
	endbr64
	movq	8(%rdi), %r8		/* tls */
	movq	%rdx, %r10		/* child_tid */
	movq	%rsi, %rdx		/* parent_tid */
	movq	(%rdi), %rsi		/* stack */
	movl	$0x3d0f00, %edi
	movl	$56, %eax		/* clone() */
	syscall
	testq	%rax, %rax
	jz	1f
	ret
1:	.cfi_undefined %rip
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
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
	.type	mx_arch_spawn, @function
	.balign	16
mx_arch_spawn:
	.cfi_startproc
	endbr64
	movq	%rdx, %r9		/* both outlive the system call */
	movq	%rcx, %r8
	xorl	%edx, %edx		/* parent_tid */
	xorl	%r10d, %r10d		/* child_tid */
	movl	$56, %eax		/* clone() */
	syscall
	testq	%rax, %rax
	jz	1f
	ret
1:	.cfi_undefined %rip
	xorl	%ebp, %ebp
	movq	%r8, %rdi
	call	*%r9
	hlt
	.cfi_endproc
	.size	mx_arch_spawn, . - mx_arch_spawn

/* Where a handler of our own raw sigaction returns to: rt_sigreturn(). */
	.globl	mx_arch_sigreturn
	.hidden	mx_arch_sigreturn
	.type	mx_arch_sigreturn, @function
	.balign	16
mx_arch_sigreturn:
	movq	$15, %rax
	syscall
	.size	mx_arch_sigreturn, . - mx_arch_sigreturn

/*
 * pid_t vfork(void)
 *
 * The child runs on the caller's stack, so the return address must be kept in
 * a register over the system call (rdi survives it), and no C frame may be
 * below the call. What C has to do happens in tail calls, after the address is
 * back in its place: both processes put it there.
 */
	.globl	vfork
	.type	vfork, @function
	.balign	16
vfork:
	.cfi_startproc
	endbr64
	popq	%rdi
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdi
	movl	$58, %eax		/* vfork() */
	syscall
	pushq	%rdi
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rip, 0
	movl	%eax, %edi
	testl	%eax, %eax
	je	mx_vfork_child
	jmp	mx_vfork_parent
	.cfi_endproc
	.size	vfork, . - vfork
	.globl	__vfork
	.set	__vfork, vfork

	.section .note.GNU-stack, "", @progbits
