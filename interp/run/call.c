/* SPDX-License-Identifier: GPL-3.0-or-later */
/* call.c: from C to functions: arranging arguments, native calls, calls by keyword, cp_call. */
#include "interp/run/vm.h"

#include <stdio.h>

#include "interp/data/error.h"
#include "interp/data/list.h"
#include "interp/data/symbol.h"
#include "interp/lang/compile.h"
#include "interp/lang/package.h"
#include "interp/run/load.h"

/* ---- errors ---- */

static cp_value count_error(cp_context *cp, struct function *f, const struct signature *signature, uint32_t count) {
    char expected[SIGNATURE_COUNT_TEXT];
    signature_count_text(signature, expected);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s takes %s, %u given",
                    cp_text_z(cp, function_title(cp, f)), expected, count);
}

static cp_value argument_error(cp_context *cp, struct function *f, const struct parameter *parameter, cp_value got) {
    char what[160];
    snprintf(what, sizeof what, "argument %.60s of %.80s", parameter->name->text, cp_text_z(cp, function_title(cp, f)));
    return cp_throw_type(cp, what, parameter->type->name->text, got);
}

/* ---- scripted functions ---- */

bool call_arrange(cp_context *cp, struct function *f, cp_value *base, uint32_t count) {
    struct signature *signature = f->proto->signature;
    cp_value *arguments = base + f->proto->first_argument;
    if (count < signature->required || (count > signature->declared && !signature->has_rest))
        return count_error(cp, f, signature, count), false;
    if (signature->has_rest) {
        cp_value rest = CP_NIL;
        for (uint32_t i = count; i > signature->declared; i--) rest = cp_cons(arguments[i - 1], rest);
        for (uint32_t i = count; i < signature->declared; i++) arguments[i] = CP_UNSET;
        arguments[signature->declared] = rest;
    } else
        for (uint32_t i = count; i < signature->declared; i++) arguments[i] = CP_UNSET;
    for (uint32_t i = 0; i < signature->required; i++)
        if (arguments[i] == CP_UNSET)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "argument %s of %s is missing",
                            signature->parameters[i].name->text, cp_text_z(cp, function_title(cp, f))),
                   false;
    return true;
}

cp_value *call_block(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count) {
    uint32_t first = f->proto->first_argument, declared = f->proto->signature->declared + 1;
    cp_value *block = cp_alloc((1 + first + (count > declared ? count : declared)) * sizeof *block);
    *block++ = cp_from_object(f);
    if (first) block[0] = self;
    if (count) memcpy(block + first, arguments, count * sizeof *block);
    return f->proto->fixed_arguments == (int32_t)count || call_arrange(cp, f, block, count) ? block : NULL;
}

cp_value *call_block_of_apply(cp_context *cp, const cp_value *arguments, uint32_t count, struct function **callee) {
    *callee = NULL;
    size_t items;
    if (count < 2 || list_measure(arguments[count - 1], &items) != LIST_PROPER || items > UINT32_MAX / 2) return NULL;
    cp_value f = arguments[0];
    if (cp_is_symbol(f)) f = cp_symbol_of(f)->function;
    if (f == CP_UNSET || !cp_is_function(f) || !function_of(f)->proto || function_of(f)->proto->first_argument)
        return NULL;
    uint32_t given = count - 2, at = given;
    cp_value *all = cp_alloc((given + items + 1) * sizeof *all);
    memcpy(all, arguments + 1, given * sizeof *all);
    for (cp_value l = arguments[count - 1]; cp_is_cell(l); l = cp_tail(l)) all[at++] = cp_head(l);
    *callee = function_of(f);
    return call_block(cp, *callee, CP_UNSET, all, at);
}

bool call_arguments_fit(cp_context *cp, struct function *f, const cp_value *arguments) {
    const struct signature *signature = f->proto->signature;
    for (uint32_t i = 0; i < signature->declared; i++) {
        const struct parameter *parameter = &signature->parameters[i];
        if (CP_LIKELY(parameter->type->any || arguments[i] == CP_UNSET || type_accepts(parameter->type, arguments[i])))
            continue;
        return argument_error(cp, f, parameter, arguments[i]), false;
    }
    return true;
}

static inline cp_value call_scripted(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                                     uint32_t count) {
    struct thread *t = cp->current;
    cp_value *base = thread_top(t) + 1;
    uint32_t first = f->proto->first_argument;
    if (first && self == CP_UNSET)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is a method: it needs an object",
                        cp_text_z(cp, function_title(cp, f)));
    if (base + count + first + 8 > t->value_limit)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "too many calls within calls: the recursion has no end");
    base[-1] = cp_from_object(f);
    if (first) base[0] = self;
    for (uint32_t i = 0; i < count; i++) base[first + i] = arguments[i];
    if (f->proto->fixed_arguments != (int32_t)count && !call_arrange(cp, f, base, count)) return CP_THROWN;
    return cp->runtime->run(t, f->proto, base);
}

/* ---- native functions ---- */

/* Required arguments of natives with classes do not take (), unless List is one of them: () is the empty List. */
static inline bool native_accepts(const struct parameter *parameter, cp_value v) {
    if (v != CP_NIL) return type_accepts(parameter->type, v);
    if (parameter->type->any || parameter->initial == CP_NIL) return true;
    for (uint32_t i = 0; i < parameter->type->count; i++)
        if (parameter->type->numbers[i] == CP_CLASS_LIST) return true;
    return false;
}

static bool check_native(cp_context *cp, struct function *f, const struct signature *signature,
                         const cp_value *arguments, uint32_t count) {
    uint32_t checked = count < signature->declared ? count : signature->declared;
    for (uint32_t i = 0; i < checked; i++) {
        const struct parameter *parameter = &signature->parameters[i];
        if (CP_LIKELY(parameter->type->any || native_accepts(parameter, arguments[i]))) continue;
        return argument_error(cp, f, parameter, arguments[i]), false;
    }
    return true;
}

static __attribute__((noinline)) cp_value call_native_padded(cp_context *cp, struct function *f,
                                                             const struct signature *signature, cp_value self,
                                                             const cp_value *arguments, uint32_t count) {
    cp_value padded[104];
    for (uint32_t i = 0; i < signature->declared; i++) {
        cp_value v = i < count ? arguments[i] : CP_UNSET;
        if (v == CP_UNSET) {
            if (i < signature->required)
                return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "argument %s of %s is missing",
                                signature->parameters[i].name->text, cp_text_z(cp, function_title(cp, f)));
            v = signature->parameters[i].initial;
        }
        padded[i] = v;
    }
    return f->native(cp, self, padded, signature->declared);
}

cp_value call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count) {
    const struct signature *signature = f->signature;
    if (CP_UNLIKELY(!signature)) signature = function_signature(cp, f);
    if (CP_UNLIKELY(count < signature->required || (count > signature->declared && !signature->has_rest)))
        return count_error(cp, f, signature, count);
    if (!check_native(cp, f, signature, arguments, count)) return CP_THROWN;
    if (CP_UNLIKELY(count < signature->declared)) return call_native_padded(cp, f, signature, self, arguments, count);
    cp_value result = f->native(cp, self, arguments, (int)count);
    return result;
}

cp_value call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments, uint32_t count) {
    if (f->proto) return call_scripted(cp, f, self, arguments, count);
    return call_native(cp, f, self == CP_UNSET ? CP_NIL : self, arguments, count);
}

/* ---- what is called ---- */

bool call_is_object(cp_context *cp, cp_value callee) {
    return cp_is_object(callee) && !cp_is_function(callee) && !cp_is_symbol(callee) &&
           cp_responds_to(cp, callee, "call");
}

/* What the name means to the file whose code is running: a quoted Symbol, or a call compiled before the load that gave
   the name to the file. */
static const cp_symbol *name_here(cp_context *cp, cp_symbol *name) {
    const struct thread *t = cp->current;
    for (const struct frame *f = t->frame; f > t->frames; f--)
        if (f->proto) return package_name(cp, f->proto->file, name);
    return name;
}

cp_value call_symbol_function(cp_context *cp, cp_symbol *name) {
    if (CP_LIKELY(name->function != CP_UNSET)) return name->function;
    if (load_autoload_function(cp, name) == CP_THROWN) return CP_THROWN;
    if (name->function != CP_UNSET) return name->function;
    const cp_symbol *meant = name_here(cp, name);
    if (meant != name && meant->function != CP_UNSET) return meant->function;
    cp_symbol *near = symbol_suggest_function(cp, name);
    if (near)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no variable or function %s; did you mean %s?",
                        name->text, near->text);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no variable or function %s", name->text);
}

cp_value call_resolve(cp_context *cp, cp_value callee, cp_symbol *otherwise) {
    if (cp_is_function(callee)) return callee;
    if (cp_is_symbol(callee)) return call_symbol_function(cp, cp_symbol_of(callee));
    if (otherwise && otherwise->function != CP_UNSET) return otherwise->function;
    cp_value text = cp_to_source(cp, callee);
    if (text == CP_THROWN) return text;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                    "%.60s is of class %s and cannot be called: a Function is needed", cp_text_z(cp, text),
                    cp_class_name(cp_class_of(cp, callee)));
}

/* ---- keywords ---- */

static int parameter_named(const struct signature *signature, const cp_symbol *name) {
    for (unsigned i = 0; i < signature->declared; i++)
        if (signature->parameters[i].name == name) return (int)i;
    return -1;
}

cp_value *call_by_keyword(cp_context *cp, struct signature *signature, bool native, const char *title,
                          const cp_value *arguments, uint32_t *count, cp_value names, cp_value *unknown) {
    uint32_t named = (uint32_t)cp_list_length(names), positional = *count - named;
    uint32_t room = positional > signature->declared ? positional : signature->declared;
    cp_value *result = cp_alloc((room + 1) * sizeof *result);
    cp_list_builder left_over = {0};
    for (uint32_t i = 0; i < room; i++) result[i] = i < positional ? arguments[i] : CP_UNSET;
    uint32_t most = positional;
    for (uint32_t i = positional; i < *count; i++, names = cp_tail(names)) {
        cp_symbol *name = cp_symbol_of(cp_head(names));
        int at = parameter_named(signature, name);
        if (at < 0) {
            if (!unknown) {
                cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "%s has no argument named %s", title, name->text);
                return NULL;
            }
            cp_list_add(&left_over, cp_head(names));
            cp_list_add(&left_over, arguments[i]);
            continue;
        }
        if (result[at] != CP_UNSET) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "argument %s of %s is given twice", name->text, title);
            return NULL;
        }
        result[at] = arguments[i];
        if ((uint32_t)at + 1 > most) most = (uint32_t)at + 1;
    }
    for (uint32_t i = 0; i < signature->required && i < most; i++)
        if (result[i] == CP_UNSET) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "argument %s of %s is missing",
                     signature->parameters[i].name->text, title);
            return NULL;
        }
    if (native) /* what scripted code does itself: defaults for those left out between */
        for (uint32_t i = signature->required; i < signature->declared && i < most; i++)
            if (result[i] == CP_UNSET) result[i] = signature->parameters[i].initial;
    *count = most;
    if (unknown) *unknown = left_over.list;
    return result;
}

/* ---- the public face ---- */

cp_value cp_call(cp_context *cp, cp_value function, const cp_value *arguments, int count) {
    if (CP_LIKELY(cp_is_function(function)) && function_of(function)->proto) /* vm_run looks at the C stack itself */
        return call_scripted(cp, function_of(function), CP_UNSET, arguments, (uint32_t)count);
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    if (!cp_is_function(function)) {
        if (call_is_object(cp, function)) return cp_send(cp, function, cp->known.sym_call, arguments, count);
        function = call_resolve(cp, function, NULL);
        if (function == CP_THROWN) return function;
    }
    return call_function(cp, function_of(function), CP_UNSET, arguments, (uint32_t)count);
}
