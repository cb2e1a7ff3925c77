/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scope.c: which variable a name means: lexical scopes, captures, and the top level of a file. */
#include "interp/lang/binder.h"

struct scope *scope_push(struct binder *b, bool holds_locals) {
    struct scope *scope = cp_alloc(sizeof *scope);
    scope->parent = b->scope;
    scope->function = b->function;
    scope->holds_locals = holds_locals;
    return b->scope = scope;
}

void scope_pop(struct binder *b) { b->scope = b->scope->parent; }

static struct variable *declare_in(struct scope *scope, cp_symbol *name, struct type *type) {
    struct variable *variable = cp_alloc(sizeof *variable);
    variable->name = name;
    variable->type = type;
    variable->function = scope->function;
    variable->next = scope->variables;
    scope->variables = variable;
    return variable;
}

struct variable *scope_declare(struct binder *b, cp_symbol *name, struct type *type) {
    return declare_in(b->scope, name, type);
}

struct variable *scope_hidden(struct binder *b, struct type *type) {
    return declare_in(b->scope, NULL, type);
}

struct variable *scope_declare_local(struct binder *b, cp_symbol *name, struct type *type) {
    struct scope *scope = b->scope;
    while (!scope->holds_locals) scope = scope->parent;
    for (struct variable *v = scope->variables; v; v = v->next)
        if (v->name == name && !v->is_argument && v->type == type) return v; /* declared again: the same variable */
    struct variable *variable = declare_in(scope, name, type);
    function_add_local(scope->function, variable);
    variable->needs_first_value = true;
    return variable;
}

bool scope_has_local(struct binder *b, cp_symbol *name) {
    for (struct scope *scope = b->scope; scope; scope = scope->parent) {
        for (struct variable *v = scope->variables; v; v = v->next)
            if (v->name == name) return true;
        if (scope->holds_locals) break;
    }
    return false;
}

struct variable *scope_find(struct binder *b, cp_symbol *name) {
    for (struct scope *scope = b->scope; scope; scope = scope->parent) {
        for (struct variable *v = scope->variables; v; v = v->next) {
            if (v->name != name) continue;
            if (v->function != b->function) {
                v->captured = true;
                /* every function between must hand the variable inwards */
                for (struct function_state *f = b->function; f && f != v->function; f = f->parent)
                    function_capture(f, v);
            }
            return v;
        }
    }
    return NULL;
}

struct file_scope *file_scope_new(cp_context *cp, bool interactive) {
    struct file_scope *file = cp_alloc(sizeof *file);
    file->variables = cp_table(cp);
    file->foreseen = cp_table(cp);
    file->interactive = interactive;
    return file;
}

void file_scope_note_use(struct file_scope *file, cp_symbol *name, uint32_t position) {
    if (!file->note_uses) return;
    struct name_use *use = cp_alloc(sizeof *use);
    *use = (struct name_use){file->uses, name, position};
    file->uses = use;
}

struct file_variable *file_scope_find(cp_context *cp, struct file_scope *file, cp_symbol *name) {
    cp_value found = cp_table_get(cp, file->variables, cp_from_object(name));
    return found == CP_UNSET ? NULL : (struct file_variable *)found;
}

struct file_variable *file_scope_declare(cp_context *cp, struct file_scope *file, cp_symbol *name, struct type *type) {
    struct file_variable *variable = file_scope_find(cp, file, name);
    if (!variable) {
        variable = cp_alloc(sizeof *variable);
        variable->cell.header.class_number = CP_CLASS_CELL;
        variable->name = name;
        variable->type = type;
        cp_table_set(cp, file->variables, cp_from_object(name), cp_from_object(variable));
    }
    return variable;
}
