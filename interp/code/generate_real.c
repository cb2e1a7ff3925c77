/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * generate_real.c: arithmetic on raw doubles.
 *
 * A variable declared Real that is mostly computed with keeps its value as a raw double, for which the machine has
 * instructions without tags. Invariant: a register holds raw doubles only while it belongs to such a variable or to a
 * temporary of this file; whatever else wants the value packs it first. No closure, callee, Error or trace sees one,
 * and to the collector it is a word like any other: it may keep an object alive for a while, never lose one.
 *
 * () is the one pattern REAL_NIL, a NaN that no operation makes: a result that is no number has its operands looked at.
 */
#include "interp/code/generate.h"

#include "interp/code/raw_real.h"

enum { RAW_UNKNOWN, RAW_YES, RAW_NO };

bool generate_keeps_raw(const struct variable *v) {
    return type_is(v->type, CP_CLASS_REAL) && !v->captured && v->real_uses >= REAL_USES_LEAST &&
           v->real_uses >= 2 * (v->uses - v->real_uses);
}

static bool is_raw_operation(const struct node *node) {
    return node->kind == NODE_ARITHMETIC && node->number != OP_MODULO && type_is(node->type, CP_CLASS_REAL);
}

/* An Integer and a Real: as doubles they need no call. */
static bool is_mixed(const struct node *node) {
    const struct node *x = node->a, *y = node->b;
    return (type_is(x->type, CP_CLASS_INTEGER) && x->kind != NODE_CONSTANT) ||
           (type_is(y->type, CP_CLASS_INTEGER) && y->kind != NODE_CONSTANT);
}

bool generate_is_raw(const struct generator *g, struct node *node) {
    /* along the left operands, of which there may be thousands: what is found counts for all that were passed */
    struct node *last = node;
    bool raw;
    for (;; last = last->a) {
        if (last->kind == NODE_VARIABLE) {
            raw = last->variable->function == g->function && generate_keeps_raw(last->variable);
            break;
        }
        raw = last->raw == RAW_YES;
        if (last->raw != RAW_UNKNOWN || !is_raw_operation(last)) break;
        raw = is_mixed(last) || generate_is_raw(g, last->b);
        if (raw) break;
    }
    for (struct node *n = node; n != last; n = n->a) n->raw = raw ? RAW_YES : RAW_NO;
    last->raw = raw ? RAW_YES : RAW_NO;
    return raw;
}

/* ---- constants ---- */

bool generate_constant_double(const struct node *node, double *d) {
    enum { EXACT = 1 << 30 };
    if (node->kind != NODE_CONSTANT) return false;
    if (cp_is_fixnum(node->value)) {
        *d = (double)cp_fixnum_value(node->value);
        return *d >= -EXACT && *d <= EXACT;
    }
    if (!cp_is_real(node->value)) return false;
    *d = cp_real_value(node->value);
    return *d == *d;
}

static void load_raw(struct generator *g, cp_value bits, uint32_t to) {
    emit(g, INSTRUCTION_BX(OP_LOAD_CONSTANT, to, emit_constant(g, bits)));
}

void generate_raw_nil(struct generator *g, uint32_t to) { load_raw(g, REAL_NIL, to); }

static uint32_t constant_register(struct generator *g, double d) {
    int kept = generate_kept_constant(g, raw_bits(d), true);
    if (kept >= 0) return (uint32_t)kept;
    uint32_t to = emit_register(g);
    load_raw(g, raw_bits(d), to);
    return to;
}

/* ---- values ---- */

/* The register of the node's raw double. */
static uint32_t raw_operand(struct generator *g, struct node *node) {
    double d;
    if (generate_constant_double(node, &d)) return constant_register(g, d);
    if (node->kind == NODE_VARIABLE && generate_is_raw(g, node)) return node->variable->reg;
    uint32_t to = emit_register(g);
    generate_raw_into(g, node, to);
    return to;
}

static void raw_operands(struct generator *g, struct node *node, uint32_t *left, uint32_t *right) {
    *left = raw_operand(g, node->a);
    if (node->b->assigns && node->a->kind == NODE_VARIABLE && generate_is_raw(g, node->a)) {
        uint32_t kept = emit_register(g); /* the right operand changes the variable */
        emit_move(g, kept, *left);
        *left = kept;
    }
    *right = raw_operand(g, node->b);
    g->position = node->position;
}

static enum opcode raw_opcode(int number) {
    switch (number) {
    case OP_ADD: return OP_ADD_REAL;
    case OP_SUBTRACT: return OP_SUBTRACT_REAL;
    case OP_MULTIPLY: return OP_MULTIPLY_REAL;
    default: return OP_DIVIDE_REAL;
    }
}

static int pair_index(const struct generator *g, struct node *node) {
    return is_raw_operation(node) && generate_is_raw(g, node) ? generate_pair_index(node) : -1;
}

/* `(x op y) op z`, also written z op (x op y) where that is the same, as one instruction. */
static bool raw_pair(struct generator *g, struct node *node, uint32_t to) {
    struct node *inner = node->a, *third = node->b;
    int second = pair_index(g, node), first = pair_index(g, inner);
    if (second < 0) return false;
    if (first < 0 && second != 1) {
        inner = node->b;
        third = node->a;
        first = pair_index(g, inner);
    }
    if (first < 0 || !generate_is_plain(g, third)) return false;
    uint32_t left = raw_operand(g, inner->a), right = raw_operand(g, inner->b), last = raw_operand(g, third);
    g->position = inner->position;
    emit(g, INSTRUCTION(OP_ADD_ADD_REAL + first * 3 + second, to, left, right));
    g->position = node->position;
    emit(g, last);
    return true;
}

void generate_raw_into(struct generator *g, struct node *node, uint32_t to) {
    if (g->failed) return;
    if (cp_check_stack(g->cp) == CP_THROWN) {
        g->failed = true;
        return;
    }
    uint32_t saved = g->free, left, right;
    double d;
    if (generate_constant_double(node, &d)) load_raw(g, raw_bits(d), to);
    else if (node->kind == NODE_CONSTANT && node->value == CP_NIL) generate_raw_nil(g, to);
    else if (!generate_is_raw(g, node)) {
        left = generate_any(g, node);
        g->position = node->position;
        emit(g, INSTRUCTION(OP_UNPACK_REAL, to, left, 0));
    } else if (node->kind == NODE_VARIABLE) emit_move(g, to, node->variable->reg);
    else if (!raw_pair(g, node, to)) {
        raw_operands(g, node, &left, &right);
        emit(g, INSTRUCTION(raw_opcode(node->number), to, left, right));
    }
    g->free = saved;
}

void generate_pack(struct generator *g, struct node *node, uint32_t to) {
    uint32_t saved = g->free, from = raw_operand(g, node);
    emit(g, INSTRUCTION(OP_PACK_REAL, to, from, 0));
    g->free = saved;
}

/* ---- comparing jumps ---- */

static bool comparable(const struct node *node) {
    double d;
    return type_is(node->type, CP_CLASS_REAL) || generate_constant_double(node, &d);
}

bool generate_compares_raw(struct generator *g, struct node *node) {
    return comparable(node->a) && comparable(node->b) && (generate_is_raw(g, node->a) || generate_is_raw(g, node->b));
}

void generate_raw_operands(struct generator *g, struct node *node, uint32_t *left, uint32_t *right) {
    raw_operands(g, node, left, right);
}
