/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * builtin.c: the list of the classes and functions of this room.
 */
#include "interp/builtin/builtin.h"
#include "interp/data/class.h"
#include "interp/data/range.h"
#include "interp/builtin/tables.h"

static const struct {
    enum cp_class_number number;
    const cp_class_def *definition;
} classes[] = {
    {CP_CLASS_LIST, &list_class},
    {CP_CLASS_INTEGER, &integer_class},
    {CP_CLASS_REAL, &real_class},
    {CP_CLASS_SYMBOL, &symbol_class},
    {CP_CLASS_STRING, &string_class},
    {CP_CLASS_BINARY, &binary_class},
    {CP_CLASS_BUFFER, &buffer_class},
    {CP_CLASS_ARRAY, &array_class},
    {CP_CLASS_HASH_TABLE, &hash_table_class},
    {CP_CLASS_REFERENCE, &reference_class},
    {CP_CLASS_ERROR, &error_class_def},
    {CP_CLASS_FUNCTION, &function_class},
    {CP_CLASS_ENUMERATOR, &enumerator_class},
    {CP_CLASS_RANGE, &range_class},
};

void builtin_define(cp_context *cp) {
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        class_define_builtin(cp, classes[i].number, classes[i].definition);
    cp_define_functions(cp, number_functions);
    cp_define_functions(cp, collection_functions);
    cp_define_functions(cp, text_functions);
}

cp_context *builtin_context(void) {
    cp_context *cp = context_create();
    builtin_define(cp);
    return cp;
}
