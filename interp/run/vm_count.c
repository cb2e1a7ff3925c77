/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm_count.c: the virtual machine as it runs under --count: the same code as vm.c, which counts each instruction. */
#include "interp/run/count.h"

#define VM_RUN vm_run_counted
#define VM_STEP() count_instruction(t->cp->runtime->counts, frame->proto, i & 255)
#define call_native(cp, f, self, arguments, count) count_call_native(cp, f, self, arguments, count)
#define call_function(cp, f, self, arguments, count) count_call_function(cp, f, self, arguments, count)
#define member_create(cp, name, arguments, count, keywords) count_create(cp, name, arguments, count, keywords)

#include "interp/run/vm.c"
