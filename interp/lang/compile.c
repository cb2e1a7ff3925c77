/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compile.c: runs the two passes over one top-level form, and looks ahead over a file. */
#include "interp/lang/compile.h"

#include "interp/data/error.h"
#include "interp/lang/binder.h"
#include "interp/code/generate.h"
#include "interp/lang/reader.h"

void language_init(cp_context *cp) {
    cp->classes->parse_signature = language_parse_signature;
    cp->classes->read_literal = reader_read_literal;
    special_forms_register(cp, control_forms);
    special_forms_register(cp, definition_forms);
    special_forms_register(cp, class_forms);
    special_forms_register(cp, operator_forms);
    special_forms_register(cp, error_forms);
    special_forms_register(cp, match_forms);
    cp_define_functions(cp, match_functions);
}

cp_value function_new_scripted(struct proto *proto) {
    struct function *function = cp_alloc(sizeof *function + proto->capture_count * sizeof(cp_value));
    function->header.class_number = CP_CLASS_FUNCTION;
    function->proto = proto;
    function->signature = proto->signature;
    function->name = proto->name;
    function->owner = proto->owner;
    return cp_from_object(function);
}

cp_value compile_form(cp_context *cp, struct source *source, struct file_scope *file, cp_value form,
                      uint32_t position) {
    struct binder b = {.cp = cp, .source = source, .file = file};
    struct function_state *f = cp_alloc(sizeof *f);
    f->position = position;
    f->is_top_level = true;
    f->signature = signature_new(cp, 0);
    f->signature->result = cp->known.type_object;
    f->arguments = NULL;
    f->doc = CP_NIL;
    b.function = f;
    /* the root scope holds no locals of its own: at the top level `local` declares file variables */
    scope_push(&b, false);
    b.scope->holds_locals = true;
    struct proto *proto = NULL;
    /* what was read, and so has positions, is a tree; what a program has made need not be */
    if (source->positions || bind_check_form(&b, form, position)) f->body = bind_expression(&b, form, position);
    if (f->body) proto = generate_function(cp, source, file, f);
    if (proto) return function_new_scripted(proto);
    source_locate_error(source, cp->error, position); /* of one from deeper down, where no place is known */
    return CP_THROWN;
}

cp_value compile_closed_function(struct binder *b, struct node *lambda) {
    if (lambda->function->capture_count) {
        bind_fail(b, lambda->position, CP_ERROR_PARSE, 4, "a macro cannot use variables of a surrounding let");
        return CP_THROWN;
    }
    struct proto *proto = generate_function(b->cp, b->source, b->file, lambda->function);
    return proto ? function_new_scripted(proto) : CP_THROWN;
}

/* ---- looking ahead ---- */

static bool is_form(cp_value form, const char *name) {
    return cp_is_cell(form) && cp_is_symbol(cp_head(form)) && !strcmp(cp_symbol_of(cp_head(form))->text, name);
}

static bool is_plain_name(cp_value name) {
    return cp_is_symbol(name) && !(cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD));
}

static void foresee_local(cp_context *cp, struct file_scope *file, cp_value declarations) {
    for (; cp_is_cell(declarations); declarations = cp_tail(declarations)) {
        cp_value declaration = cp_head(declarations),
                 name = cp_is_cell(declaration) ? cp_head(declaration) : declaration;
        if (!is_plain_name(name)) continue;
        cp_value type = form_item(declaration, 1);
        file_scope_declare(cp, file, cp_symbol_of(name),
                           cp_is_cell(declaration) && is_plain_name(type) ? package_type(cp, file, cp_symbol_of(type))
                                                                          : cp->known.type_object);
    }
}

/* A header further down is known before its defun is reached, so that functions that call each other are checked and
   their tail calls are seen. What is wrong with it is said when its own turn comes. */
static void foresee_function(cp_context *cp, struct source *source, struct file_scope *file, cp_value form) {
    struct binder b = {.cp = cp, .source = source, .file = file};
    size_t at = is_plain_name(form_item(form, 1)) && is_plain_name(form_item(form, 2)) ? 2 : 1;
    cp_value name = form_item(form, at);
    if (!is_plain_name(name) || strstr(cp_symbol_of(name)->text, "::")) return;
    cp_table_set(cp, file->foreseen, name, cp->known.sym_true);
    struct symbol_definition *definition = symbol_define(cp_from_object(package_define(cp, file, cp_symbol_of(name))));
    if (definition->declared || definition->form) return;
    struct signature *signature =
        bind_signature(&b, at == 2 ? cp_symbol_of(form_item(form, 1)) : NULL, form_item(form, at + 1), 0);
    if (!signature) cp_take_error(cp);
    else definition->declared = signature;
}

void compile_foresee(cp_context *cp, struct source *source, struct file_scope *file, cp_value forms) {
    package_foresee(cp, file, forms);
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        cp_value form = cp_head(forms);
        if (is_form(form, "local")) foresee_local(cp, file, cp_tail(form));
        else if (is_form(form, "set") && is_plain_name(form_item(form, 1)))
            file_scope_declare(cp, file, cp_symbol_of(form_item(form, 1)), cp->known.type_object);
        else if (is_form(form, "defun") || is_form(form, "function")) foresee_function(cp, source, file, form);
    }
}
