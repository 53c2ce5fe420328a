/* SPDX-License-Identifier: MIT */
/*
 * x86-64: asks once whether user space may write the FS base (HWCAP2 bit 1,
 * Linux 5.9; absent under valgrind). Called from the constructor.
 */
#include <sys/auxv.h>

#include "arch.h"

#define HWCAP2_FSGSBASE 2

int mx_arch_fsgsbase;

void
mx_arch_init(void)
{
	mx_arch_fsgsbase = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
}
