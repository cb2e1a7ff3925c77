/* SPDX-License-Identifier: GPL-3.0-or-later */
/* count.c: keeps the counts of --count and writes them. */
#include "interp/run/count.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    FUNCTIONS_MOST = 40, /* rows of the report */
    NATIVES_MOST = 40,
    DETAILED_MOST = 10, /* functions whose instructions are told one by one */
    OPCODES_MOST = 10,  /* of such a function */
};

/* ---- counting ---- */

struct counts *count_start(cp_context *cp) {
    struct counts *counts = calloc(1, sizeof *counts);
    if (!counts) return NULL;
    counts->roster = roster_create();
    if (!counts->roster) return free(counts), NULL;
    cp->runtime->counts = counts;
    cp->runtime->run = vm_run_counted;
    return counts;
}

void count_destroy(struct counts *counts) {
    for (uint32_t i = 0; i < counts->roster->count; i++) free(counts->records[i].by_opcode);
    roster_destroy(counts->roster);
    free(counts);
}

struct count_record *count_record_of(struct counts *counts, const struct proto *proto) {
    struct count_record *record = &counts->records[roster_number_of_proto(counts->roster, proto)];
    if (!record->by_opcode) record->by_opcode = calloc(OPCODE_COUNT, sizeof *record->by_opcode);
    counts->last = proto;
    return counts->record = record;
}

static void count_call(cp_context *cp, const void *called, enum roster_kind kind) {
    struct counts *counts = cp->runtime->counts;
    counts->records[roster_number(counts->roster, called, kind)].calls++;
}

cp_value count_call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                           uint32_t count) {
    count_call(cp, f, ROSTER_NATIVE);
    return call_native(cp, f, self, arguments, count);
}

cp_value count_call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                             uint32_t count) {
    if (!f->proto) count_call(cp, f, ROSTER_NATIVE);
    return call_function(cp, f, self, arguments, count);
}

cp_value count_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                      cp_value keywords) {
    count_call(cp, class_name, ROSTER_CREATE);
    return member_create(cp, class_name, arguments, count, keywords);
}

/* ---- the report ---- */

struct row {
    uint32_t number;
    uint64_t count;
};

static int by_count(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return (x->number > y->number) - (x->number < y->number);
}

static double share(uint64_t count, uint64_t total) { return total ? 100.0 * (double)count / (double)total : 0; }

static void write_function(cp_context *cp, const struct counts *counts, uint32_t number, FILE *out) {
    const char *place = roster_place(cp, counts->roster, number);
    fprintf(out, "%s%s%s%s\n", roster_title(cp, counts->roster, number), *place ? " (" : "", place, *place ? ")" : "");
}

/* rows: the functions sorted by their instructions. */
static void write_functions(cp_context *cp, const struct counts *counts, const struct row *rows, uint64_t total,
                            FILE *out) {
    fprintf(out, "\n   share  instructions  function\n");
    for (uint32_t i = 0; i < FUNCTIONS_MOST && i < counts->roster->count && rows[i].count; i++) {
        fprintf(out, "  %5.1f%% %13" PRIu64 "  ", share(rows[i].count, total), rows[i].count);
        write_function(cp, counts, rows[i].number, out);
    }
}

static void write_natives(cp_context *cp, const struct counts *counts, FILE *out) {
    struct row *rows = calloc(counts->roster->count, sizeof *rows);
    if (!rows) return;
    for (uint32_t i = 0; i < counts->roster->count; i++) rows[i] = (struct row){i, counts->records[i].calls};
    qsort(rows, counts->roster->count, sizeof *rows, by_count);
    if (rows[0].count) fprintf(out, "\n                 calls  native function\n");
    for (uint32_t i = 0; i < NATIVES_MOST && i < counts->roster->count && rows[i].count; i++) {
        fprintf(out, "         %13" PRIu64 "  ", rows[i].count);
        write_function(cp, counts, rows[i].number, out);
    }
    free(rows);
}

static void write_opcodes(const uint64_t *by_opcode, uint64_t total, uint32_t most, FILE *out) {
    struct row rows[OPCODE_COUNT];
    for (uint32_t i = 0; i < OPCODE_COUNT; i++) rows[i] = (struct row){i, by_opcode[i]};
    qsort(rows, OPCODE_COUNT, sizeof rows[0], by_count);
    for (uint32_t i = 0; i < most && i < OPCODE_COUNT && rows[i].count; i++)
        fprintf(out, "  %5.1f%% %13" PRIu64 "  %s\n", share(rows[i].count, total), rows[i].count,
                instruction_infos[rows[i].number].name);
}

static void write_all_opcodes(cp_context *cp, const struct counts *counts, const struct row *rows, uint64_t total,
                              FILE *out) {
    uint64_t sums[OPCODE_COUNT] = {0};
    for (uint32_t i = 0; i < counts->roster->count; i++)
        for (uint32_t op = 0; op < OPCODE_COUNT && counts->records[i].by_opcode; op++)
            sums[op] += counts->records[i].by_opcode[op];
    fprintf(out, "\n   share  instructions  opcode\n");
    write_opcodes(sums, total, OPCODE_COUNT, out);
    for (uint32_t i = 0; i < DETAILED_MOST && i < counts->roster->count && rows[i].count; i++) {
        const struct count_record *record = &counts->records[rows[i].number];
        if (!record->by_opcode) continue;
        fprintf(out, "\nin ");
        write_function(cp, counts, rows[i].number, out);
        write_opcodes(record->by_opcode, record->instructions, OPCODES_MOST, out);
    }
}

void count_write(cp_context *cp, const struct counts *counts, bool opcodes, FILE *out) {
    struct row *rows = calloc(counts->roster->count, sizeof *rows);
    uint64_t total = 0;
    if (!rows) return;
    for (uint32_t i = 0; i < counts->roster->count; i++) {
        rows[i] = (struct row){i, counts->records[i].instructions};
        total += rows[i].count;
    }
    qsort(rows, counts->roster->count, sizeof *rows, by_count);
    fprintf(out, "count: %" PRIu64 " instructions of the virtual machine\n", total);
    if (total) {
        write_functions(cp, counts, rows, total, out);
        write_natives(cp, counts, out);
        if (opcodes) write_all_opcodes(cp, counts, rows, total, out);
    }
    free(rows);
}
