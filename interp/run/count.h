/* SPDX-License-Identifier: GPL-3.0-or-later */
/* count.h: how many instructions of the virtual machine each function executes, and how often natives are called:
 * figures that are the same in every run, whatever the machine is busy with. */
#ifndef RUN_COUNT_H
#define RUN_COUNT_H

#include <stdio.h>

#include "interp/code/instructions.h"
#include "interp/run/roster.h"
#include "interp/run/vm.h"

struct count_record {
    uint64_t instructions, calls; /* calls: of natives only */
    uint64_t *by_opcode;          /* scripted functions: made at the first instruction; NULL without memory */
};

struct counts {
    struct roster *roster;
    const struct proto *last; /* what `record` belongs to */
    struct count_record *record;
    struct count_record records[ROSTER_ROOM];
};

/* Begins: before the main thread runs. NULL without memory. */
struct counts *count_start(cp_context *cp);
void count_destroy(struct counts *counts);
/* What was counted, by function; with `opcodes` also by instruction, of all and of the functions with most. */
void count_write(cp_context *cp, const struct counts *counts, bool opcodes, FILE *out);

/* What the counting virtual machine does before each instruction. */
struct count_record *count_record_of(struct counts *counts, const struct proto *proto);
static inline void count_instruction(struct counts *counts, const struct proto *proto, uint32_t opcode) {
    struct count_record *record = counts->last == proto ? counts->record : count_record_of(counts, proto);
    record->instructions++;
    if (record->by_opcode) record->by_opcode[opcode]++;
}

/* What it calls instead of call_native, call_function and member_create. */
cp_value count_call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                           uint32_t count);
cp_value count_call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                             uint32_t count);
cp_value count_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                      cp_value keywords);

#endif
