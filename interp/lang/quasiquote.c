/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quasiquote.c: `x ,x ,@x become calls of cons and %append, built as nodes so that a script's own `cons` cannot
 * interfere. */
#include "interp/lang/binder.h"

static struct node *quasi(struct binder *b, cp_value form, int depth, uint32_t position);

static struct node *call(struct binder *b, const char *name, struct node *x, struct node *y, uint32_t position) {
    struct node *node = node_new(b, NODE_CALL, position);
    node->symbol = cp_symbol_of(cp_symbol_z(b->cp, name));
    node->items = cp_alloc(2 * sizeof *node->items);
    node->items[0] = x;
    node->items[1] = y;
    node->count = 2;
    node->assigns = x->assigns || y->assigns;
    return node;
}

static struct node *node_cons(struct binder *b, struct node *head, struct node *tail, uint32_t position) {
    if (!head || !tail) return NULL;
    if (head->kind == NODE_CONSTANT && tail->kind == NODE_CONSTANT)
        return node_constant(b, cp_cons(head->value, tail->value), position);
    struct node *node = node_pair(b, NODE_CONS, head, tail, position);
    node->type = static_type(b, CP_CLASS_LIST);
    return node;
}

static bool is_form_of(cp_value form, cp_value name) {
    return cp_is_cell(form) && cp_head(form) == name && form_length(form) == 2;
}

/* (name x) kept as data, with x treated at another depth of quasiquotes. */
static struct node *keep(struct binder *b, cp_value name, cp_value inner, int depth, uint32_t position) {
    struct node *x = quasi(b, inner, depth, position);
    if (!x) return NULL;
    return node_cons(b, node_constant(b, name, position), node_cons(b, x, node_constant(b, CP_NIL, position), position),
                     position);
}

/* What a macro's template says of its own file's functions it says wherever it is expanded. */
static cp_value template_name(struct binder *b, cp_value form) {
    return b->file->is_package && cp_is_symbol(form) ? cp_from_object(package_name(b->cp, b->file, cp_symbol_of(form)))
                                                     : form;
}

/* Symbols that name no function: (quote name), and the member in (. object member). */
static bool is_data(struct binder *b, cp_value form, size_t index) {
    const struct well_known *known = &b->cp->known;
    return (cp_head(form) == known->sym_quote && index == 1) || (cp_head(form) == known->sym_dot && index == 2);
}

static struct node *quasi(struct binder *b, cp_value form, int depth, uint32_t position) {
    const struct well_known *known = &b->cp->known;
    if (!cp_is_cell(form)) return node_constant(b, template_name(b, form), position);
    if (cp_check_stack(b->cp) == CP_THROWN) return NULL;
    uint32_t at = item_position(b, form, position);
    if (is_form_of(form, known->sym_unquote)) {
        if (depth == 1) return bind_expression(b, form_item(form, 1), item_position(b, form_cell(form, 1), at));
        return keep(b, known->sym_unquote, form_item(form, 1), depth - 1, at);
    }
    if (is_form_of(form, known->sym_quasiquote))
        return keep(b, known->sym_quasiquote, form_item(form, 1), depth + 1, at);
    /* ,@ can only stand in a List: item by item from the end, so that long Lists need no deep recursion */
    size_t count = form_length(form);
    cp_value *items = cp_alloc(count * sizeof *items);
    cp_value rest = form;
    for (size_t i = 0; i < count; i++, rest = cp_tail(rest)) items[i] = rest;
    struct node *result = node_constant(b, rest, at); /* () or an improper tail */
    for (size_t i = count; i-- > 0;) {
        cp_value item = cp_head(items[i]);
        uint32_t item_at = item_position(b, items[i], at);
        if (is_form_of(item, known->sym_unquote_splicing) && depth == 1) {
            struct node *spliced = bind_expression(b, form_item(item, 1), item_at);
            if (!spliced) return NULL;
            result = call(b, "%append", spliced, result, item_at);
        } else if (is_form_of(item, known->sym_unquote_splicing))
            result = node_cons(b, keep(b, known->sym_unquote_splicing, form_item(item, 1), depth - 1, item_at), result,
                               item_at);
        else if (cp_is_symbol(item) && is_data(b, form, i))
            result = node_cons(b, node_constant(b, item, item_at), result, item_at);
        else result = node_cons(b, quasi(b, item, depth, item_at), result, item_at);
        if (!result) return NULL;
    }
    return result;
}

struct node *bind_quasiquote(struct binder *b, cp_value form, uint32_t position) {
    return quasi(b, form, 1, position);
}
