/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any program text read and compiled, not run: both end, and an Error has a place. Macros would run while compiling, so
 * what defines some is passed over. */
#include "tests/fuzz/fuzz_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

static void compile(cp_context *cp, struct source *source, struct file_scope *file, cp_value form, uint32_t offset) {
    cp_value function = compile_form(cp, source, file, form, offset);
    if (function == CP_THROWN) {
        check(error_of(cp->error)->line > 0);
        cp_take_error(cp);
        return;
    }
    struct proto *proto = function_of(function)->proto;
    cp_value listing = disassemble(cp, proto); /* reads every instruction: its operands must be there */
    if (listing == CP_THROWN) cp_take_error(cp);
}

static void compile_all(cp_context *cp, const uint8_t *data, size_t size) {
    struct source *source = source_new(cp, cp_string_z(cp, "<input>"), cp_string_n(cp, (const char *)data, size));
    struct file_scope *file = file_scope_new(cp, size & 1);
    struct reader reader;
    uint32_t offset = 0;
    cp_list_builder forms = {0}, offsets = {0};
    reader_init(&reader, cp, source);
    for (;;) {
        cp_value form = reader_next(&reader, &offset);
        if (form == CP_DONE) break;
        if (form == CP_THROWN) {
            cp_take_error(cp);
            break;
        }
        cp_list_add(&forms, form);
        cp_list_add(&offsets, cp_fixnum(offset));
    }
    compile_foresee(cp, source, file, forms.list);
    cp_value places = offsets.list;
    for (cp_value rest = forms.list; cp_is_cell(rest); rest = cp_tail(rest), places = cp_tail(places))
        compile(cp, source, file, cp_head(rest), (uint32_t)cp_fixnum_value(cp_head(places)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (memmem(data, size, "defmacro", 8)) return 0;
    compile_all(fuzz_context(), data, size);
    fuzz_pause();
    return 0;
}
