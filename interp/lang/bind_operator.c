/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bind_operator.c: operators and the few built-in functions that are instructions of their own. Redefined by a script,
   they are calls like any other: the table says only_while_builtin. */
#include "interp/lang/binder.h"
#include "interp/code/instructions.h"

static struct node *item(struct binder *b, cp_value form, size_t index, uint32_t position) {
    cp_value cell = form_cell(form, index);
    return bind_expression(b, cp_head(cell), item_position(b, cell, position));
}

static struct node *plain_call(struct binder *b, cp_value form, uint32_t position) {
    return bind_call_of(b, cp_symbol_of(cp_head(form)), cp_tail(form), position);
}

static bool has_keyword(cp_value form) {
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest))
        if (cp_is_symbol(cp_head(rest)) && (cp_symbol_of(cp_head(rest))->flags & CP_SYMBOL_KEYWORD)) return true;
    return false;
}

static struct type *arithmetic_type(struct binder *b, const struct node *x, const struct node *y) {
    struct type *integer = static_type(b, CP_CLASS_INTEGER), *real = static_type(b, CP_CLASS_REAL);
    if (x->type == integer && y->type == integer) return integer;
    if ((x->type == integer || x->type == real) && (y->type == integer || y->type == real)) return real;
    return b->cp->known.type_object;
}

static bool is_number(const struct node *node) {
    return type_is(node->type, CP_CLASS_REAL) || type_is(node->type, CP_CLASS_INTEGER);
}

/* An operation with a constant in a loop: the generator may keep that in a register. */
static void note_loop_constant(struct binder *b, struct node *node) {
    struct function_state *f = b->function;
    if (f->loop_depth == 0 || (node->a->kind != NODE_CONSTANT && node->b->kind != NODE_CONSTANT)) return;
    if (f->loop_constant_count == f->loop_constant_capacity) {
        f->loop_constant_capacity = f->loop_constant_capacity ? f->loop_constant_capacity * 2 : 8;
        struct node **grown = cp_alloc(f->loop_constant_capacity * sizeof(struct node *));
        if (f->loop_constant_count) memcpy(grown, f->loop_constants, f->loop_constant_count * sizeof(struct node *));
        f->loop_constants = grown;
    }
    f->loop_constants[f->loop_constant_count++] = node;
}

/* Which variables are computed with as Reals, and so should keep raw doubles. */
static void note_real_operation(struct binder *b, struct node *node) {
    bool real = type_is(node->a->type, CP_CLASS_REAL) || type_is(node->b->type, CP_CLASS_REAL);
    if (!real || !is_number(node->a) || !is_number(node->b)) return;
    struct node *operands[] = {node->a, node->b};
    for (int i = 0; i < 2; i++)
        if (operands[i]->kind == NODE_VARIABLE) operands[i]->variable->real_uses += bind_weight(b);
}

static struct node *fold(struct binder *b, cp_value form, uint32_t position, enum opcode opcode) {
    size_t count = form_length(form) - 1;
    if (count < 2 || has_keyword(form)) return plain_call(b, form, position);
    struct node *left = item(b, form, 1, position);
    if (!left) return NULL;
    for (size_t i = 2; i <= count; i++) {
        struct node *right = item(b, form, i, position);
        if (!right) return NULL;
        struct node *node = node_pair(b, NODE_ARITHMETIC, left, right, position);
        node->number = (int)opcode;
        node->type = arithmetic_type(b, left, right);
        if (opcode != OP_MODULO) note_real_operation(b, node);
        note_loop_constant(b, node);
        left = node;
    }
    return left;
}

static struct node *form_add(struct binder *b, cp_value form, uint32_t position) {
    return fold(b, form, position, OP_ADD);
}
static struct node *form_subtract(struct binder *b, cp_value form, uint32_t position) {
    return fold(b, form, position, OP_SUBTRACT);
}
static struct node *form_multiply(struct binder *b, cp_value form, uint32_t position) {
    return fold(b, form, position, OP_MULTIPLY);
}
static struct node *form_divide(struct binder *b, cp_value form, uint32_t position) {
    return fold(b, form, position, OP_DIVIDE);
}
static struct node *form_modulo(struct binder *b, cp_value form, uint32_t position) {
    return fold(b, form, position, OP_MODULO);
}

/* Two operands are one instruction; more are a call, which compares each with the next. */
static struct node *compare(struct binder *b, cp_value form, uint32_t position, enum opcode opcode) {
    if (form_length(form) != 3 || has_keyword(form)) return plain_call(b, form, position);
    struct node *left = item(b, form, 1, position);
    if (!left) return NULL;
    struct node *right = item(b, form, 2, position);
    if (!right) return NULL;
    struct node *node = node_pair(b, NODE_COMPARE, left, right, position);
    node->number = (int)opcode;
    note_real_operation(b, node);
    note_loop_constant(b, node);
    return node;
}

static struct node *form_equal(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_EQUAL);
}
static struct node *form_not_equal(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_NOT_EQUAL);
}
static struct node *form_less(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_LESS);
}
static struct node *form_less_equal(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_LESS_EQUAL);
}
static struct node *form_greater(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_GREATER);
}
static struct node *form_greater_equal(struct binder *b, cp_value form, uint32_t position) {
    return compare(b, form, position, OP_GREATER_EQUAL);
}

static struct node *unary(struct binder *b, cp_value form, uint32_t position, enum node_kind kind) {
    if (form_length(form) != 2 || has_keyword(form)) return plain_call(b, form, position);
    struct node *list = item(b, form, 1, position);
    return list ? node_pair(b, kind, list, NULL, position) : NULL;
}

static struct node *form_head_of(struct binder *b, cp_value form, uint32_t position) {
    return unary(b, form, position, NODE_HEAD);
}

static struct node *form_tail_of(struct binder *b, cp_value form, uint32_t position) {
    struct node *node = unary(b, form, position, NODE_TAIL);
    if (node && node->kind == NODE_TAIL) node->type = static_type(b, CP_CLASS_LIST);
    return node;
}

static struct node *form_cons(struct binder *b, cp_value form, uint32_t position) {
    if (form_length(form) != 3 || has_keyword(form)) return plain_call(b, form, position);
    struct node *head = item(b, form, 1, position);
    if (!head) return NULL;
    struct node *tail = item(b, form, 2, position);
    if (!tail) return NULL;
    struct node *node = node_pair(b, NODE_CONS, head, tail, position);
    node->type = static_type(b, CP_CLASS_LIST);
    return node;
}

static struct node *form_list(struct binder *b, cp_value form, uint32_t position) {
    size_t count = form_length(form) - 1;
    struct node *node = node_new(b, NODE_LIST, position);
    node->type = static_type(b, CP_CLASS_LIST);
    node->items = count ? cp_alloc(count * sizeof *node->items) : NULL;
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        struct node *one = bind_expression(b, cp_head(rest), item_position(b, rest, position));
        if (!one) return NULL;
        node->items[node->count++] = one;
        node->assigns |= one->assigns;
    }
    return node;
}

const struct special_form_entry operator_forms[] = {
    {"+", form_add, true, NULL},
    {"-", form_subtract, true, NULL},
    {"*", form_multiply, true, NULL},
    {"/", form_divide, true, NULL},
    {"%", form_modulo, true, NULL},
    {"==", form_equal, true, NULL},
    {"!=", form_not_equal, true, NULL},
    {"<", form_less, true, NULL},
    {"<=", form_less_equal, true, NULL},
    {">", form_greater, true, NULL},
    {">=", form_greater_equal, true, NULL},
    {"headOf", form_head_of, true, NULL},
    {"tailOf", form_tail_of, true, NULL},
    {"cons", form_cons, true, NULL},
    {"list", form_list, true, NULL},
    {"%list", form_list, false, NULL},
    {0},
};
