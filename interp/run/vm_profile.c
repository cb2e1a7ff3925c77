/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm_profile.c: the virtual machine as it runs under --profile: the same code as vm.c, which lets a signal handler see
 * at any moment where it is. Each instruction is noted in its frame before it runs, and native functions while they run.
 */
#include "interp/run/profile.h"

#define VM_RUN vm_run_profiled
#define VM_STEP() (*(const uint32_t *volatile *)&frame->pc = pc)
#define VM_FRAME_READY() __atomic_signal_fence(__ATOMIC_RELEASE)
#define call_native(cp, f, self, arguments, count) profile_call_native(cp, f, self, arguments, count)
#define call_function(cp, f, self, arguments, count) profile_call_function(cp, f, self, arguments, count)
#define member_create(cp, name, arguments, count, keywords) profile_create(cp, name, arguments, count, keywords)

#include "interp/run/vm.c"
