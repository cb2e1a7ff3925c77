/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as program text: reading ends; an Error is of class 8 or 1.5 and has a place; what was read prints, and
 * what was printed reads back to an equal form. */
#include "tests/fuzz/fuzz_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

/* Symbols print bare, so one of `"a b".symbol`'s kind would not read back: the reader makes none. */
static void check_printed(cp_context *cp, cp_value form) {
    struct reader reader;
    uint32_t offset;
    form = cp_cons(form, CP_NIL); /* in brackets: three bytes at a text's beginning may be a byte order mark */
    cp_value text = cp_to_source(cp, form);
    if (text == CP_THROWN) {
        cp_take_error(cp);
        return;
    }
    /* what is nested more than a hundred deep is abbreviated */
    if (memmem(cp_string_text(text), cp_string_size(text), "...", 3)) return;
    reader_init(&reader, cp, source_new(cp, cp_string_z(cp, "<printed>"), text));
    cp_value again = reader_next(&reader, &offset);
    if (again == CP_THROWN) { /* only depth may differ */
        check(error_of(cp->error)->error_class == CP_ERROR_CARAPACE);
        cp_take_error(cp);
        return;
    }
    check(again != CP_DONE && cp_equal(cp, form, again));
    check(reader_next(&reader, &offset) == CP_DONE);
}

static void read_all(cp_context *cp, const uint8_t *data, size_t size) {
    struct source *source = source_new(cp, cp_string_z(cp, "<input>"), cp_string_n(cp, (const char *)data, size));
    struct reader reader;
    uint32_t offset = 0, before = 0;
    reader_init(&reader, cp, source);
    for (;;) {
        cp_value form = reader_next(&reader, &offset);
        if (form == CP_DONE) return;
        if (form == CP_THROWN) {
            struct error *error = error_of(cp->error);
            check(error->error_class == CP_ERROR_PARSE ? error->line > 0 && error->column > 0
                                                       : error->error_class == CP_ERROR_CARAPACE);
            cp_take_error(cp);
            return;
        }
        check(offset >= before && offset < cp_string_size(source->text));
        before = offset + 1;
        check_printed(cp, form);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_all(fuzz_context(), data, size);
    fuzz_pause();
    return 0;
}
