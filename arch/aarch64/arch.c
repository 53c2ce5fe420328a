/* SPDX-License-Identifier: MIT */
/* aarch64: TPIDR_EL0 is always writable; nothing to ask. */
#include "arch.h"

void
mx_arch_init(void)
{
}
