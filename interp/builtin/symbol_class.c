/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * symbol_class.c: the class Symbol, as scripts see names.
 */
#include "interp/builtin/tables.h"
#include "interp/data/string.h"

#include "interp/base/utf8.h"

/* ---- methods ---- */

static cp_value m_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    const cp_symbol *symbol = cp_symbol_of(self);
    return cp_fixnum((int64_t)utf8_count(symbol->text, symbol->size));
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    const cp_symbol *symbol = cp_symbol_of(self);
    return cp_string_n(cp, symbol->text, symbol->size);
}

/* Symbols of the same text are the same word. */
static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return self == arguments[0] ? cp->known.sym_true : CP_NIL;
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return self == arguments[0] ? CP_NIL : cp->known.sym_true;
}

static cp_value m_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum(cp_symbol_of(self)->header.bits);
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"length", "Integer", "()", m_length, "The number of characters of the name."},
    {"string", "String", "()", m_string, "The name as text."},
    {"==", "Symbol", "(other)", m_equal, "Whether other is the same Symbol."},
    {"!=", "Symbol", "(other)", m_unequal, "Whether other is anything but the same Symbol."},
    {"hash", "Integer", "()", m_hash,
     "A number from 1 to below 2^32, the same whenever the Symbol is, in this run of the program."},
    {0}};

const cp_class_def symbol_class = {
    .name = "Symbol",
    .doc = "A name. Two Symbols of the same text are the same Symbol; made by quote or by a String's method symbol.",
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .methods = methods,
};
