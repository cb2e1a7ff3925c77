/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tables.h: the class tables and function tables of this room, which builtin.c hands to a context. The lists of
 * functions end with a NULL name.
 */
#ifndef BUILTIN_TABLES_H
#define BUILTIN_TABLES_H

#include "interp/carapace.h"

extern const cp_class_def list_class, array_class, hash_table_class, reference_class, enumerator_class;
extern const cp_class_def string_class, symbol_class, binary_class, buffer_class, integer_class, real_class;
extern const cp_class_def function_class, error_class_def;

/* length reverse isEmpty cons headOf tailOf list join scramble unscramble range */
extern const cp_function_def collection_functions[];

/* split trim upper lower replace startsWith endsWith indexOf format parseInteger parseReal normalise foldCase graphemes
   width */
extern const cp_function_def text_functions[];

/* The methods of String that are functions too, with the arguments that their tables tell, checked. */
cp_value string_method_split(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_trim(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_upper(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_lower(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_search(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_starts_with(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value string_method_ends_with(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* bitAnd ... random: the functions of language.md 7 on numbers */
extern const cp_function_def number_functions[];

#endif
