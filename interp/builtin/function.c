/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * function.c: Function values, which wrap native and scripted code alike, and the signatures they are called by.
 */
#include <stdio.h>

#include "interp/builtin/tables.h"
#include "interp/data/class_parts.h"
#include "interp/base/memory.h"
#include "interp/base/vector.h"

/* ---- signatures ---- */

struct signature *signature_new(cp_context *cp, unsigned declared) {
    struct signature *signature = mem_alloc(sizeof *signature + declared * sizeof(struct parameter));
    signature->result = cp->known.type_object;
    signature->required = signature->declared = (uint16_t)declared;
    for (unsigned i = 0; i < declared; i++) signature->parameters[i].initial = CP_UNSET;
    return signature;
}

bool signature_equal(const struct signature *a, const struct signature *b) {
    if (a == b) return true;
    if (a->result != b->result || a->returns_nil != b->returns_nil || a->required != b->required ||
        a->declared != b->declared || a->has_rest != b->has_rest)
        return false;
    for (unsigned i = 0; i < a->declared; i++) {
        if (a->parameters[i].type != b->parameters[i].type) return false;
        for (unsigned k = 0; k < b->declared; k++)
            if (k != i && a->parameters[i].name == b->parameters[k].name) return false;
    }
    return true;
}

static bool append_symbol(struct bytes *out, const cp_symbol *symbol) {
    return bytes_append(out, symbol->text, symbol->size);
}

/* False with an Error thrown, or when the text grows too long. */
static bool append_parameter(cp_context *cp, struct bytes *out, const struct parameter *parameter) {
    bool optional = parameter->initial != CP_UNSET;
    bool any = parameter->type == cp->known.type_object;
    if (any && !optional) return append_symbol(out, parameter->name);
    bytes_append_byte(out, '(');
    append_symbol(out, parameter->name);
    bytes_append_byte(out, ' ');
    append_symbol(out, parameter->type->name);
    if (optional) {
        cp_value text = cp_to_source(cp, parameter->initial);
        if (text == CP_THROWN) return false;
        bytes_append_byte(out, ' ');
        bytes_append(out, cp_string_text(text), cp_string_size(text));
    }
    return bytes_append_byte(out, ')');
}

cp_value signature_string(cp_context *cp, const struct signature *signature) {
    struct bytes out = {0};
    bool fits = true;
    for (unsigned i = 0; fits && i < signature->declared; i++) {
        if (i > 0) bytes_append_byte(&out, ' ');
        fits = append_parameter(cp, &out, &signature->parameters[i]);
    }
    if (fits && signature->has_rest) {
        if (out.length) bytes_append_byte(&out, ' ');
        bool usual = !signature->rest_name || cp_from_object(signature->rest_name) == cp->known.sym_rest;
        if (usual) bytes_append_string(&out, "...");
        else fits = bytes_printf(&out, "(... %s)", signature->rest_name->text);
    }
    cp_value text = CP_THROWN;
    if (fits) text = cp_string_n(cp, out.length ? out.data : "", out.length);
    else if (cp->error == CP_NIL)
        text = cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "the signature is too long to print");
    bytes_free(&out);
    return text;
}

/* ---- functions ---- */

cp_value function_new_native(cp_context *cp, const cp_function_def *definition, cp_class *owner) {
    struct function *f = mem_alloc(sizeof *f);
    f->header = (cp_object){.class_number = CP_CLASS_FUNCTION, .bits = FUNCTION_NATIVE};
    f->native = definition->function;
    f->definition = definition;
    f->name = cp_symbol_of(cp_symbol_z(cp, definition->name));
    f->owner = owner;
    return cp_from_object(f);
}

struct signature *function_signature(cp_context *cp, struct function *f) {
    if (CP_LIKELY(f->signature != NULL)) return f->signature;
    const cp_function_def *definition = f->definition;
    const char *result = definition->result ? definition->result : "Object";
    const char *arguments = definition->arguments ? definition->arguments : "()";
    f->signature = cp->classes->parse_signature(cp, result, arguments);
    if (!f->signature)
        table_is_wrong(f->owner ? cp_class_name(f->owner) : "functions", definition->name, "bad signature");
    return f->signature;
}

void signature_count_text(const struct signature *signature, char out[SIGNATURE_COUNT_TEXT]) {
    const char *plural = signature->declared == 1 ? "" : "s";
    if (signature->has_rest) snprintf(out, SIGNATURE_COUNT_TEXT, "at least %u argument%s", signature->required, plural);
    else if (signature->required != signature->declared)
        snprintf(out, SIGNATURE_COUNT_TEXT, "%u to %u argument%s", signature->required, signature->declared, plural);
    else snprintf(out, SIGNATURE_COUNT_TEXT, "%u argument%s", signature->declared, plural);
}

void cp_define_functions(cp_context *cp, const cp_function_def *functions) {
    for (; functions->name; functions++) {
        cp_value f = function_new_native(cp, functions, NULL);
        cp_symbol *name = function_of(f)->name;
        name->function = f;
        name->flags |= CP_SYMBOL_BUILTIN;
    }
}

/* The name of the secondary interface in which the function is a method, or NULL. */
static const cp_symbol *interface_of(const struct function *f) {
    for (uint32_t i = 1; i < f->owner->interface_count; i++) {
        const struct interface *interface = &f->owner->interfaces[i];
        const struct member *member = interface_find(interface, f->name);
        if (member && member->function == cp_from_object(f)) return interface->name;
    }
    return NULL;
}

cp_value function_title(cp_context *cp, const struct function *f) {
    if (!f->name) return cp_string_z(cp, "lambda");
    if (!f->owner) return cp_string_n(cp, f->name->text, f->name->size);
    const cp_symbol *interface = interface_of(f);
    const char *owner = cp_class_name(f->owner);
    if (interface) return cp_string_format(cp, "%s:%s::%s", owner, interface->text, f->name->text);
    return cp_string_format(cp, "%s::%s", owner, f->name->text);
}

/* ---- class Function ---- */

static cp_value function_get_name(cp_context *cp, cp_value self) { return function_title(cp, function_of(self)); }

static cp_value function_get_signature(cp_context *cp, cp_value self) {
    return signature_string(cp, function_signature(cp, function_of(self)));
}

static cp_value function_get_result(cp_context *cp, cp_value self) {
    return cp_from_object(function_signature(cp, function_of(self))->result->name);
}

static const cp_property_def function_properties[] = {
    {"name", "String", CP_READ_ONLY, .get = function_get_name,
     .doc = "The name, `Class::name` for a method, `lambda` for a function without one."},
    {"signature", "String", CP_READ_ONLY, .get = function_get_signature,
     .doc = "The arguments as they are declared, such as `(n Integer) (timeout Integer 1000)`."},
    {"result", "Symbol", CP_READ_ONLY, .get = function_get_result, .doc = "The class of the result."},
    {0},
};

const cp_class_def function_class = {
    .name = "Function",
    .doc =
        "A function as a value, made by `lambda` or by naming a function. A Function in function position is called.",
    .size = sizeof(struct function),
    .flags = CP_CLASS_NOT_CREATABLE,
    .properties = function_properties,
};
