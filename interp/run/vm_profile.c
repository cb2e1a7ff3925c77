/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm_profile.c: the virtual machine as it runs under --profile: the same code as vm.c, but for its table of labels,
 * which can be written. When a sample is due, the timer's signal handler makes all labels that of a trap, which takes
 * the sample at the next instruction and puts the labels back. So nothing is paid between samples, and at a sample all
 * is as it is between two instructions. Natives are noted while they run, as the next instruction may be far away then.
 */
#include "interp/run/profile.h"

#define VM_RUN vm_run_profiled
#ifdef VM_SWITCH
#define VM_STEP() (CP_UNLIKELY(profile_due()) ? profile_trapped(t, pc) : (void)0)
#else
/* Each label is loaded anew, as if it were volatile, whose loads the compiler would not make part of the jump. */
#define VM_LABELS const void *
#define VM_STEP() __atomic_signal_fence(__ATOMIC_ACQUIRE)
#define VM_TRAP() profile_trapped(t, pc)
#endif
#define call_native(cp, f, self, arguments, count) profile_call_native(cp, f, self, arguments, count)
#define call_function(cp, f, self, arguments, count) profile_call_function(cp, f, self, arguments, count)
#define member_create(cp, name, arguments, count, keywords) profile_create(cp, name, arguments, count, keywords)

#include "interp/run/vm.c"
