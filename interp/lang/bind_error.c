/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bind_error.c: try, catch, finally, throw, with (language.md 5). */
#include "interp/lang/binder.h"

static bool is_clause(cp_value form, const char *name) {
    return cp_is_cell(form) && cp_is_symbol(cp_head(form)) && !strcmp(cp_symbol_of(cp_head(form))->text, name);
}

/*
 * The variable `err` of a catch. An old script declares (local (err Error)) itself and may read it after the try, so a
 * declared `err` is set; otherwise the clause has one of its own.
 */
static bool bind_catch(struct binder *b, cp_value form, uint32_t position, struct catch_clause *clause) {
    clause->position = position;
    if (!cp_is_cell(cp_tail(form))) {
        bind_fail(b, position, CP_ERROR_PARSE, 4,
                  "(catch class expression ...) expected; the class -1 takes all Errors");
        return false;
    }
    cp_value cell = form_cell(form, 1);
    clause->test = bind_expression(b, cp_head(cell), item_position(b, cell, position));
    if (!clause->test) return false;
    if (clause->test->kind == NODE_CONSTANT && clause->test->value == cp_fixnum(-1)) clause->test = NULL;
    cp_symbol *err = cp_symbol_of(b->cp->known.sym_err);
    struct variable *declared = scope_find(b, err);
    bool nested = declared && declared->of_catch; /* the catch around this one keeps its own Error */
    if (nested) declared = NULL;
    struct file_variable *file = declared || nested ? NULL : file_scope_find(b->cp, b->file, err);
    scope_push(b, false);
    bool old_style = declared || (file && file->declared);
    clause->error = old_style ? scope_hidden(b, static_type(b, CP_CLASS_ERROR))
                              : scope_declare(b, err, static_type(b, CP_CLASS_ERROR));
    clause->error->of_catch = true;
    struct node *keep = NULL;
    if (old_style) {
        struct node *value = node_variable(b, clause->error, position);
        if (declared) keep = node_set(b, declared, value, position);
        else {
            keep = node_pair(b, NODE_FILE_SET, value, NULL, position);
            keep->file = file;
        }
        if (!keep) return false;
    }
    struct node *body = bind_body(b, form_cell(form, 2), position);
    scope_pop(b);
    if (!body) return false;
    if (keep) {
        struct node *both = node_new(b, NODE_DO, position);
        both->items = cp_alloc(2 * sizeof *both->items);
        both->items[0] = keep;
        both->items[1] = body;
        both->count = 2;
        body = both;
    }
    clause->body = body;
    return true;
}

static struct node *form_try(struct binder *b, cp_value form, uint32_t position) {
    cp_list_builder body_forms = {0};
    struct node *node = node_new(b, NODE_TRY, position);
    node->clauses = cp_alloc((form_length(form) + 1) * sizeof *node->clauses);
    bool clauses_began = false;
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value item = cp_head(rest);
        uint32_t at = item_position(b, rest, position);
        if (is_clause(item, "catch")) {
            clauses_began = true;
            if (node->b) return bind_fail(b, at, CP_ERROR_PARSE, 4, "finally must be the last clause of try");
            if (!bind_catch(b, item, at, &node->clauses[node->count])) return NULL;
            node->count++;
        } else if (is_clause(item, "finally")) {
            clauses_began = true;
            if (node->b) return bind_fail(b, at, CP_ERROR_PARSE, 4, "try takes one finally");
            uint32_t loops = b->function->loop_depth;
            b->function->loop_depth = 0; /* a jump out of finally would swallow the Error on its way */
            node->b = bind_body(b, cp_tail(item), at);
            b->function->loop_depth = loops;
            if (!node->b) return NULL;
        } else {
            if (clauses_began)
                return bind_fail(b, at, CP_ERROR_PARSE, 4, "the expressions of try stand before its catch and finally");
            cp_list_add(&body_forms, item);
            source_note_position(b->source, body_forms.last, at);
        }
    }
    if (!clauses_began)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "(try expression (catch class ...) (finally ...)) expected");
    node->a = bind_body(b, body_forms.list, position);
    if (!node->a) return NULL;
    node->assigns = true;
    return node;
}

static struct node *form_throw(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, 1, "(throw error)")) return NULL;
    struct node *error = bind_expression(b, form_item(form, 1), item_position(b, form_cell(form, 1), position));
    return error ? node_pair(b, NODE_THROW, error, NULL, position) : NULL;
}

static struct node *stray_clause(struct binder *b, cp_value form, uint32_t position) {
    return bind_fail(b, position, CP_ERROR_PARSE, 4, "%s stands outside of try", cp_symbol_of(cp_head(form))->text);
}

/* (with (v e) body...): a let whose variable is closed on every way out. */
static struct node *form_with(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(with (variable value) expression ...)")) return NULL;
    cp_value binding = form_item(form, 1);
    if (form_length(binding) != 2 || !cp_is_symbol(cp_head(binding)))
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "with takes (variable value) first");
    struct node *value = bind_expression(b, form_item(binding, 1), item_position(b, form_cell(binding, 1), position));
    if (!value) return NULL;
    struct node *node = node_new(b, NODE_LET, position);
    node->items = cp_alloc(sizeof *node->items);
    scope_push(b, true);
    struct variable *variable = scope_declare(b, cp_symbol_of(cp_head(binding)), b->cp->known.type_object);
    node->items[0] = node_set(b, variable, value, position);
    if (!node->items[0]) return NULL;
    node->items[0]->kind = NODE_DECLARE;
    variable->mutated = false;
    node->count = 1;
    struct node *guard = node_new(b, NODE_TRY, position);
    guard->a = bind_body(b, form_cell(form, 2), position);
    if (!guard->a) return NULL;
    struct node *close = node_new(b, NODE_CALL, position);
    close->symbol = cp_symbol_of(cp_symbol_z(b->cp, "%close"));
    close->items = cp_alloc(sizeof *close->items);
    close->items[0] = node_variable(b, variable, position);
    close->count = 1;
    guard->b = close;
    guard->assigns = true;
    node->b = guard;
    node->assigns = true;
    scope_pop(b);
    return node;
}

const struct special_form_entry error_forms[] = {
    {"try", form_try, false,
     "(try expression ... (catch class expression ...) ... (finally expression ...)): class is an Integer, -1 takes "
     "all "
     "Errors; the Error is `err`. The value is () when an Error was caught."},
    {"throw", form_throw, false, "(throw error): throws an Error, as (create Error class code text) makes one."},
    {"catch", stray_clause, false, "(catch class expression ...): a clause of try."},
    {"finally", stray_clause, false, "(finally expression ...): a clause of try, run on every way out."},
    {"with", form_with, true,
     "(with (variable value) expression ...): closes the value on every way out (its method close, else disconnect, "
     "else unlock)."},
    {0},
};
