/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vm.h: between the virtual machine's loop and what it calls on its slower paths. */
#ifndef RUN_VM_H
#define RUN_VM_H

#include "interp/run/thread.h"

/* Runs a scripted function whose arguments lie in base[0]... and which itself is base[-1]; they have been arranged.
   Returns its value or CP_THROWN. */
cp_value vm_run(struct thread *t, struct proto *proto, cp_value *base);
/* The same machine, watched: see profile.h. One of the three is runtime.run. */
cp_value vm_run_profiled(struct thread *t, struct proto *proto, cp_value *base);
cp_value vm_run_counted(struct thread *t, struct proto *proto, cp_value *base);

/* ---- call.c ---- */

/* Puts `count` given arguments (without `this`) into the order that the code expects: optional ones that are missing
   become CP_UNSET, further ones a List. false: 1.8 thrown. */
bool call_arrange(cp_context *cp, struct function *f, cp_value *base, uint32_t count);
/* Whether the arguments of a scripted function, arranged, are of its classes; false after a throw. */
bool call_arguments_fit(cp_context *cp, struct function *f, const cp_value *arguments);
/* Checks the arguments of a native against its signature and calls it. */
cp_value call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count);
/* Any function with arguments from anywhere; `self` is CP_UNSET for what is no method. */
cp_value call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count);
/* The Function that a value in function position means: itself, a Symbol's function, a face of one. CP_THROWN: none. */
cp_value call_resolve(cp_context *cp, cp_value callee, cp_symbol *otherwise);
/* Whether the value is an object whose class has a method `call`. */
bool call_is_object(cp_context *cp, cp_value callee);
/* The function of a Symbol, loading it from the stdlib if need be; CP_THROWN (1.4) when there is none. */
cp_value call_symbol_function(cp_context *cp, cp_symbol *name);
/* Registers for a call that are not where they belong yet: the Function, the receiver of a method (else `self` is not
   looked at), the arguments in the order that the code expects. They are arguments[-1]... of the result, in a block of
   their own. NULL: 1.8 thrown. */
cp_value *call_block(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count);
/* What (apply function argument... list) calls, when that is a scripted function but no method: its block, and *callee.
   NULL otherwise, with nothing thrown unless *callee is set. */
cp_value *call_block_of_apply(cp_context *cp, const cp_value *arguments, uint32_t count, struct function **callee);
/* Arguments of which the last are named: a new array in the order of the signature, CP_UNSET where one is missing.
   *count becomes its length; names that do not fit go to *unknown as a List (name value ...) or are 1.4 when NULL.
   A native gets its defaults for those left out before the last given one. */
cp_value *call_by_keyword(cp_context *cp, struct signature *signature, bool native, const char *title,
                          const cp_value *arguments, uint32_t *count, cp_value names, cp_value *unknown);

/* ---- tail_frames.c ---- */

/* When there is no room for another call: takes out the frames above `stop` that would only return the result of the
   one above them, and moves the others and their values down, those of the topmost up to `end`. false when too few were
   of that kind for the call to be tried again. */
bool tail_frames_drop(struct thread *t, struct frame *stop, cp_value *end);

/* ---- member.c ---- */

/* The member that `name` means for a receiver seen from code of class `from` (or NULL); throws 1.4, 1.2. Also turns
   faces into the objects behind them. NULL with *answer set: already worked out (delegate, Error details) or thrown. */
struct member *member_find(cp_context *cp, cp_value *receiver, cp_symbol *name, cp_class *from,
                           const cp_value *arguments, uint32_t count, cp_value *answer);
cp_value member_use(cp_context *cp, struct member *member, cp_value receiver, const cp_value *arguments,
                    uint32_t count);
/* The whole of the dot operator. */
cp_value member_send(cp_context *cp, cp_value receiver, cp_symbol *name, cp_class *from, const cp_value *arguments,
                     uint32_t count, cp_value keywords);
cp_value member_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                       cp_value keywords);
/* The class for create: 1.4 when unknown, 1.12 when it cannot be created. NULL: thrown. */
cp_class *member_creatable(cp_context *cp, cp_symbol *class_name);

/* ---- operator.c ---- */

cp_value operator_arithmetic(cp_context *cp, uint32_t op, cp_value a, cp_value b);
/* The Symbol true, () or CP_THROWN. */
cp_value operator_compare(cp_context *cp, uint32_t op, cp_value a, cp_value b);
/* Whether the conditional jump `jump` with the operands a, b and C is taken: 1, 0, or -1 with an Error thrown. */
int operator_jump(cp_context *cp, uint32_t jump, uint32_t c, cp_value a, cp_value b);

/* ---- unwind.c ---- */

/* Gives the Error on its way its place and trace, when it has none. */
void unwind_locate(struct thread *t);
/* Finds who catches it, dropping frames down to `stop`; NULL when nobody above `stop` does. */
const struct handler *unwind(struct thread *t, struct frame *stop);
/* Works place and trace of an Error out: cp_context.settle_error. */
void unwind_settle(cp_context *cp, cp_value error);
cp_value unwind_trace(struct thread *t, unsigned limit);

#endif
