/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binder.h: forms to nodes: the first of the compiler's two passes. Every name is resolved here, macros are expanded,
 * declared types are checked as far as they can be before running.
 *
 * Every function that returns a node returns NULL when an Error was thrown.
 */
#ifndef LANG_BINDER_H
#define LANG_BINDER_H

#include "interp/code/node.h"
#include "interp/lang/package.h"

struct binder {
    cp_context *cp;
    struct source *source;
    struct file_scope *file;
    struct function_state *function;
    struct scope *scope;
    uint32_t depth; /* forms within forms */
    /* While a macro's result is bound: the call's own text, in which positions count. What else the result is made of
       was written in the macro and has the call's place. */
    bool expanding;
    uint32_t call_first, call_last;
};

/* Binds a form `(name argument...)`; position is where it begins. */
typedef struct node *(*special_form)(struct binder *b, cp_value form, uint32_t position);

/* What lang/ keeps with a Symbol: cp_symbol.definition. */
struct symbol_definition {
    special_form form;          /* NULL when none */
    cp_value macro;             /* Function of the argument forms, or CP_UNSET */
    struct signature *declared; /* (function ...) or defun seen: calls are checked against it */
    bool only_while_builtin;    /* the form is a short cut for a built-in function that has not been redefined */
    const char *doc;            /* of a special form */
    cp_symbol *builtin;         /* what was built in by that name: see package.c; NULL while nobody asked */
};
struct symbol_definition *symbol_define(cp_value symbol); /* makes it when there is none */
static inline struct symbol_definition *symbol_definition(const cp_symbol *s) { return s->definition; }

struct special_form_entry {
    const char *name;
    special_form form;
    bool only_while_builtin;
    const char *doc;
};
/* Tables end with a NULL name. */
extern const struct special_form_entry control_forms[], definition_forms[], class_forms[], operator_forms[],
    error_forms[], match_forms[];
extern const cp_function_def match_functions[]; /* what match calls when it runs */
void special_forms_register(cp_context *cp, const struct special_form_entry *entries);

/* binder.c */
struct node *bind_expression(struct binder *b, cp_value form, uint32_t position);
bool bind_check_form(struct binder *b, cp_value form, uint32_t position);
struct node *bind_body(struct binder *b, cp_value forms, uint32_t position); /* several forms in order */
/* Binds the items of a call's argument list; names of keyword arguments go to *keywords. false after an Error. */
bool bind_arguments(struct binder *b, cp_value forms, uint32_t position, struct node ***items, uint32_t *count,
                    cp_value *keywords);
struct node *bind_call_of(struct binder *b, cp_symbol *name, cp_value arguments, uint32_t position);
struct node *node_new(struct binder *b, enum node_kind kind, uint32_t position);
struct node *node_constant(struct binder *b, cp_value value, uint32_t position);
struct node *node_variable(struct binder *b, struct variable *variable, uint32_t position);
struct node *node_set(struct binder *b, struct variable *variable, struct node *value, uint32_t position);
struct node *node_pair(struct binder *b, enum node_kind kind, struct node *x, struct node *y, uint32_t position);
/* Throws with the place of `position`; always NULL. */
struct node *bind_fail(struct binder *b, uint32_t position, int error_class, int code, const char *format, ...)
    CP_PRINTF(5, 6);
/* Position of the item in a cell's head. */
uint32_t item_position(struct binder *b, cp_value cell, uint32_t otherwise);
struct type *static_type(struct binder *b, enum cp_class_number number);
/* Argument counting for forms: 1.8 unless the form has between least and most items after its name (most -1: any). */
bool form_has(struct binder *b, cp_value form, uint32_t position, int least, int most, const char *usage);
size_t form_length(cp_value form);
cp_value form_item(cp_value form, size_t index); /* the item, () when there is none */
cp_value form_cell(cp_value form, size_t index);

/* How much a use here counts against one outside of loops. */
static inline uint32_t bind_weight(const struct binder *b) { return b->function->loop_depth ? LOOP_WEIGHT : 1; }

/* scope.c */
struct scope *scope_push(struct binder *b, bool holds_locals);
void scope_pop(struct binder *b);
struct variable *scope_declare(struct binder *b, cp_symbol *name, struct type *type);       /* in the innermost scope */
struct variable *scope_declare_local(struct binder *b, cp_symbol *name, struct type *type); /* where `local` does */
struct variable *scope_find(struct binder *b, cp_symbol *name);     /* NULL: no lexical variable; notes captures */
bool scope_has_local(struct binder *b, cp_symbol *name);            /* a variable of that name between here and there */
struct variable *scope_hidden(struct binder *b, struct type *type); /* a variable without a name */

/* bind_define.c */
struct signature *bind_signature(struct binder *b, cp_symbol *result, cp_value arguments, uint32_t position);
struct node *bind_lambda(struct binder *b, cp_symbol *name, cp_symbol *result, cp_value arguments, cp_value body,
                         uint32_t position);
/* The function of a method's body; `this` is its first argument. */
struct node *bind_method(struct binder *b, cp_class *owner, uint32_t interface, struct signature *signature,
                         cp_symbol *name, bool is_constructor, cp_value body, uint32_t position);
struct type *bind_type(struct binder *b, cp_value name, uint32_t position); /* NULL: thrown */

/* bind_class.c */
struct node *bind_method_definition(struct binder *b, cp_symbol *result, cp_symbol *name, cp_value arguments,
                                    cp_value body, uint32_t position);
struct node *bind_member(struct binder *b, cp_value object, cp_symbol *name, cp_value arguments, uint32_t position);

/* quasiquote.c */
struct node *bind_quasiquote(struct binder *b, cp_value form, uint32_t position);

#endif
