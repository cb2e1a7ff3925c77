/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as C declarations: reading ends, in an Error of class 19 or 1.5 or with types whose spelling reads back as
 * the same type, and which libffi takes or refuses. */
#include "tests/fuzz/fuzz_context.h"

#include "modules/ffi/c_declaration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

static void check_error(cp_context *cp) {
    cp_value error = cp_take_error(cp);
    check(cp_error_class_of(error) == CP_ERROR_FFI || cp_error_code_of(error) == CP_RUNTIME);
}

static void check_type(cp_context *cp, struct c_names *names, const struct c_type *type) {
    check(type->depth <= C_MOST_DEPTH && type->size <= C_MOST_SIZE);
    check(!type->size || (type->alignment && type->size % type->alignment == 0));
    size_t end = 0;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct c_field *field = &type->fields[i];
        check(field->offset <= type->size && field->type->size <= type->size - field->offset);
        check(field->offset % field->type->alignment == 0);
        if (type->kind == C_STRUCT && !field->alias) {
            check(field->offset >= end);
            end = field->offset + field->type->size;
        }
    }
    const char *text = c_type_text(cp, type);
    const char *unnamed[] = {"...", "struct)", "union)", "struct *", "union *", "struct,", "union,"};
    size_t length = strlen(text);
    if (type->kind == C_FUNCTION ? !c_type_cif(cp, type) : type->size && !c_type_ffi(cp, type)) check_error(cp);
    for (size_t i = 0; i < sizeof unnamed / sizeof *unnamed; i++)
        if (strstr(text, unnamed[i])) return;
    if (strncmp(text, "struct", 6) == 0 && (length == 6 || !strchr(text, ' '))) return;
    const struct c_type *again = c_type_parse(cp, names, cp_string_z(cp, text));
    /* Unnamed structs, and typedefs' names for them, do not read back to the same thing. */
    if (again) check(again->kind == type->kind && again->size == type->size);
    else check_error(cp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 4096) return 0;
    cp_context *cp = fuzz_context();
    struct c_names names = {0};
    cp_value text = cp_string_n(cp, (const char *)data, size);
    const char *name;
    if (!c_declare(cp, &names, text)) check_error(cp);
    for (uint32_t i = 0; i < names.count; i++)
        if (names.items[i].type) check_type(cp, &names, names.items[i].type);
    if (!c_type_parse(cp, &names, text)) check_error(cp);
    if (!c_prototype_parse(cp, &names, text, &name)) check_error(cp);
    fuzz_pause();
    return 0;
}
