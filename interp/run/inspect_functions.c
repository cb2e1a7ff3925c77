/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect_functions.c: what there is: the names of all classes and functions, and what is said of a function. `help`
   and the reference in docs/classes.md are made from these and from classInfo. */
#include "interp/run/core_functions.h"

#include <stdlib.h>

#include "interp/data/symbol.h"
#include "interp/lang/binder.h"
#include "interp/run/load.h"

static int compare(const void *a, const void *b) {
    return strcmp((*(cp_symbol *const *)a)->text, (*(cp_symbol *const *)b)->text);
}

static cp_value sorted_list(cp_symbol **names, size_t count) {
    cp_list_builder list = {0};
    qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count; i++) cp_list_add(&list, cp_from_object(names[i]));
    return list.list;
}

static cp_value class_names(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    if (load_everything(cp) == CP_THROWN) return CP_THROWN;
    cp_symbol **names = cp_alloc((cp->classes->count + 1) * sizeof *names);
    size_t found = 0;
    for (uint32_t i = 0; i < cp->classes->count; i++) {
        cp_class *c = cp->classes->classes[i];
        /* not one that was replaced, nor one that only a package knows */
        cp_symbol *name = c && c->defined ? symbol_find(cp, c->name->text, c->name->size) : NULL;
        if (name && class_lookup(cp, name) == c) names[found++] = name;
    }
    return sorted_list(names, found);
}

bool inspect_is_callable(const cp_symbol *name) {
    const struct symbol_definition *definition = symbol_definition(name);
    if (name->text[0] == '%' && name->size > 1) return false; /* for the compiler alone */
    return name->function != CP_UNSET || (definition && (definition->form || definition->macro != CP_UNSET));
}

static cp_value function_names(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    if (load_everything(cp) == CP_THROWN) return CP_THROWN;
    cp_symbol **names = cp_alloc((cp->symbols->count + 1) * sizeof *names);
    size_t found = 0;
    uint32_t position = 0;
    for (cp_symbol *s; (s = symbol_walk(cp, &position));)
        if (inspect_is_callable(s)) names[found++] = s;
    return sorted_list(names, found);
}

struct callable inspect_callable(cp_context *cp, cp_symbol *name) {
    const struct symbol_definition *definition = symbol_definition(name);
    struct callable result = {.doc = CP_NIL};
    if (definition && definition->form && (!definition->only_while_builtin || name->function == CP_UNSET)) {
        result.kind = "specialForm";
        if (definition->doc) result.doc = cp_string_z(cp, definition->doc);
        return result;
    }
    cp_value function = name->function;
    result.kind = "function";
    if (definition && definition->macro != CP_UNSET) {
        function = definition->macro;
        result.kind = "macro";
    }
    if (!cp_is_function(function)) return (struct callable){.doc = CP_NIL};
    result.function = function_of(function);
    result.doc = function_doc(cp, result.function);
    return result;
}

cp_value function_doc(cp_context *cp, const struct function *function) {
    if (function->proto) return function->proto->doc;
    return function->definition->doc ? cp_string_z(cp, function->definition->doc) : CP_NIL;
}

static cp_value function_info(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_symbol *name = cp_symbol_of(arguments[0]);
    if (cp_is_string(arguments[0]))
        name = cp_symbol_of(cp_symbol_n(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0])));
    if (name->function == CP_UNSET && load_autoload_function(cp, name) == CP_THROWN) return CP_THROWN;
    struct callable found = inspect_callable(cp, name);
    if (!found.kind) return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no function %s", name->text);
    cp_value signature = CP_NIL, result = CP_NIL;
    if (found.function) {
        const struct signature *declared = function_signature(cp, found.function);
        signature = signature_string(cp, declared);
        if (signature == CP_THROWN) return signature;
        result = cp_from_object(declared->result->name);
    }
    cp_value items[] = {cp_string_n(cp, name->text, name->size), cp_symbol_z(cp, found.kind), signature, result,
                        found.doc};
    return cp_list_n(items, 5);
}

const cp_function_def inspect_functions[] = {
    {"classNames", "List", "()", class_names,
     "The names of all classes, Symbols in alphabetical order. Loads what is loaded only when needed otherwise."},
    {"functionNames", "List", "()", function_names,
     "The names of all functions, macros and special forms, Symbols in alphabetical order. Loads what is loaded only "
     "when "
     "needed otherwise."},
    {"functionInfo", "List", "((name Symbol|String))", function_info,
     "All about a function, macro or special form: (\"name\" kind \"arguments\" result \"doc\"), where kind is "
     "function, macro or "
     "specialForm. A special form has () for arguments and result; its doc begins with how it is written. 1.4 when "
     "there is none."},
    {0},
};
