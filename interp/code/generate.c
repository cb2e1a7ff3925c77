/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generate.c: values, variables, operators. Calls are in generate_call.c, branches and loops in generate_control.c. */
#include "interp/code/generate.h"

#include "interp/code/raw_real.h"

static int capture_index(struct generator *g, struct variable *variable) {
    return function_capture(g->function, variable);
}

static void load_constant(struct generator *g, cp_value value, uint32_t to) {
    if (value == CP_NIL) emit(g, INSTRUCTION(OP_LOAD_NIL, to, 0, 0));
    else if (value == CP_UNSET) emit(g, INSTRUCTION(OP_LOAD_UNSET, to, 0, 0));
    else if (value == g->cp->known.sym_true) emit(g, INSTRUCTION(OP_LOAD_TRUE, to, 0, 0));
    else if (cp_is_fixnum(value) && cp_fixnum_value(value) >= -32768 && cp_fixnum_value(value) <= 32767)
        emit(g, INSTRUCTION_BX(OP_LOAD_INTEGER, to, cp_fixnum_value(value)));
    else emit(g, INSTRUCTION_BX(OP_LOAD_CONSTANT, to, emit_constant(g, value)));
}

static void load_variable(struct generator *g, struct node *node, uint32_t to) {
    struct variable *variable = node->variable;
    if (generate_is_raw(g, node)) {
        generate_pack(g, node, to);
        return;
    }
    bool boxed = variable_is_boxed(variable);
    if (variable->function == g->function) {
        if (boxed) emit(g, INSTRUCTION(OP_CELL_GET, to, variable->reg, 0));
        else emit_move(g, to, variable->reg);
    } else emit(g, INSTRUCTION(boxed ? OP_CAPTURED_GET : OP_CAPTURED, to, capture_index(g, variable), 0));
}

/* The value is in `from`; a declaration makes a new cell, a set changes the one that closures share. */
void generate_set_variable(struct generator *g, struct variable *variable, uint32_t from, bool declare) {
    if (!variable_is_boxed(variable)) emit_move(g, variable->reg, from);
    else if (declare) emit(g, INSTRUCTION(OP_CELL_NEW, variable->reg, from, 0));
    else if (variable->function == g->function) emit(g, INSTRUCTION(OP_CELL_SET, variable->reg, from, 0));
    else emit(g, INSTRUCTION(OP_CAPTURED_SET, capture_index(g, variable), from, 0));
}

static bool is_nil_constant(const struct node *node) { return node->kind == NODE_CONSTANT && node->value == CP_NIL; }

bool generate_needs_check(const struct type *type, const struct node *value) {
    return !type->any && !is_nil_constant(value) && !type_always_fits(type, value->type);
}

static void generate_set(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    struct variable *variable = node->variable;
    bool declare = node->kind == NODE_DECLARE;
    if (declare && !variable->function_level) emit_variable(g, variable, emit_register(g));
    uint32_t saved = g->free;
    bool check = generate_needs_check(variable->type, node->a);
    if (generate_keeps_raw(variable)) {
        if (check) {
            uint32_t value = generate_any(g, node->a);
            emit_check(g, value, value, variable->type, "the variable", variable->name ? variable->name->text : "");
            emit(g, INSTRUCTION(OP_UNPACK_REAL, variable->reg, value, 0));
        } else generate_raw_into(g, node->a, variable->reg);
        if (wanted) emit(g, INSTRUCTION(OP_PACK_REAL, to, variable->reg, 0));
    } else if (!check && !variable_is_boxed(variable) && variable->function == g->function) {
        generate_into(g, node->a, variable->reg);
        if (wanted) emit_move(g, to, variable->reg);
    } else {
        uint32_t value = generate_any(g, node->a);
        bool boxed = variable_is_boxed(variable) || variable->function != g->function;
        if (check)
            emit_check(g, boxed ? value : variable->reg, value, variable->type, "the variable",
                       variable->name ? variable->name->text : "");
        if (!check || boxed) generate_set_variable(g, variable, value, declare);
        if (wanted) emit_move(g, to, value);
    }
    g->free = saved;
}

void generate_declare(struct generator *g, struct node *node) { generate_set(g, node, 0, false); }

static void generate_file_set(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    uint32_t saved = g->free, value = generate_any(g, node->a);
    if (node->kind == NODE_FILE_SET) {
        if (generate_needs_check(node->file->type, node->a))
            emit_check(g, value, value, node->file->type, "the variable", node->file->name->text);
        emit(g, INSTRUCTION_BX(OP_FILE_SET, value, emit_constant(g, cp_from_object(node->file))));
    } else emit(g, INSTRUCTION_BX(OP_GLOBAL_SET, value, emit_constant(g, cp_from_object(node->symbol))));
    if (wanted) emit_move(g, to, value);
    g->free = saved;
}

static void generate_global_declare(struct generator *g, struct node *node) {
    uint32_t saved = g->free, value = generate_any(g, node->a);
    /* the Symbol and its type must be neighbours: constants of their own, not shared ones */
    g->position = node->position;
    cp_value pair = cp_cons(cp_from_object(node->symbol), cp_from_object(node->type));
    emit(g, INSTRUCTION_BX(OP_GLOBAL_DECLARE, value, emit_constant(g, pair)));
    g->free = saved;
}

void generate_operands(struct generator *g, struct node *node, uint32_t *left, uint32_t *right) {
    /* a variable's own register will not do when the right operand changes the variable */
    if (node->b && node->b->assigns && node->a->kind == NODE_VARIABLE) {
        *left = emit_register(g);
        generate_into(g, node->a, *left);
    } else *left = generate_any(g, node->a);
    if (node->b && right) *right = generate_any(g, node->b);
}

/* ---- constants of loops ---- */

int generate_kept_constant(const struct generator *g, cp_value word, bool raw) {
    for (uint32_t i = 0; i < g->kept_count; i++)
        if (g->kept[i].word == word && g->kept[i].raw == raw) return g->kept[i].reg;
    return -1;
}

static void keep_constant(struct generator *g, cp_value word, bool raw) {
    if (generate_kept_constant(g, word, raw) >= 0 || g->kept_count == LOOP_CONSTANTS_MOST) return;
    uint32_t reg = emit_register(g);
    g->is_variable[reg] = true;
    g->kept[g->kept_count].word = word;
    g->kept[g->kept_count].raw = raw;
    g->kept[g->kept_count++].reg = (uint8_t)reg;
    emit(g, INSTRUCTION_BX(OP_LOAD_CONSTANT, reg, emit_constant(g, word)));
}

void generate_loop_constants(struct generator *g, struct function_state *f) {
    for (uint32_t i = 0; i < f->loop_constant_count; i++) {
        struct node *node = f->loop_constants[i];
        bool raw = node->kind == NODE_ARITHMETIC ? generate_is_raw(g, node) : generate_compares_raw(g, node);
        const struct node *constant = node->b->kind == NODE_CONSTANT ? node->b : node->a;
        double d;
        if (raw) {
            if (generate_constant_double(constant, &d)) keep_constant(g, raw_bits(d), true);
        } else if (cp_is_number(constant->value) &&
                   (!generate_fits_byte(constant->value) || node->number == OP_MULTIPLY || node->number == OP_DIVIDE ||
                    node->number == OP_MODULO))
            keep_constant(g, constant->value, false);
    }
}

/* ---- operators ---- */

int generate_pair_index(const struct node *node) {
    if (node->kind != NODE_ARITHMETIC || node->assigns) return -1;
    return node->number == OP_ADD ? 0 : node->number == OP_SUBTRACT ? 1 : node->number == OP_MULTIPLY ? 2 : -1;
}

bool generate_is_plain(const struct generator *g, const struct node *node) {
    if (node->kind == NODE_CONSTANT) return true;
    return node->kind == NODE_VARIABLE && node->variable->function == g->function && !variable_is_boxed(node->variable);
}

/* Whether an operation adds or takes away a small constant, for which there are instructions. */
static bool is_step(const struct node *node) {
    return node->number != OP_MULTIPLY && ((node->b->kind == NODE_CONSTANT && generate_fits_byte(node->b->value)) ||
                                           (node->a->kind == NODE_CONSTANT && generate_fits_byte(node->a->value)));
}

/* `(x op y) op z` as one instruction. */
static bool generate_pair(struct generator *g, struct node *node, uint32_t to) {
    struct node *inner = node->a;
    int second = generate_pair_index(node), first = generate_pair_index(inner);
    if (first < 0 || second < 0 || is_step(node) || is_step(inner) || generate_is_raw(g, inner) ||
        !generate_is_plain(g, node->b))
        return false;
    uint32_t left = generate_any(g, inner->a), right = generate_any(g, inner->b), last = generate_any(g, node->b);
    g->position = inner->position;
    emit(g, INSTRUCTION(OP_ADD_ADD + first * 3 + second, to, left, right));
    g->position = node->position;
    emit(g, last);
    return true;
}

static void generate_arithmetic(struct generator *g, struct node *node, uint32_t to) {
    if (generate_is_raw(g, node)) {
        generate_pack(g, node, to);
        return;
    }
    uint32_t saved = g->free, left, right;
    struct node *x = node->a, *y = node->b;
    bool integer_right = type_is(y->type, CP_CLASS_INTEGER);
    if (node->number == OP_ADD && x->kind == NODE_CONSTANT && generate_fits_byte(x->value) && integer_right &&
        y->kind != NODE_CONSTANT) {
        struct node *swap = x;
        x = y;
        y = swap;
    }
    if ((node->number == OP_ADD || node->number == OP_SUBTRACT) && y->kind == NODE_CONSTANT &&
        generate_fits_byte(y->value)) {
        left = generate_any(g, x);
        g->position = node->position;
        emit(g, INSTRUCTION(node->number == OP_ADD ? OP_ADD_INTEGER : OP_SUBTRACT_INTEGER, to, left,
                            (int8_t)cp_fixnum_value(y->value)));
    } else if (!generate_pair(g, node, to)) {
        generate_operands(g, node, &left, &right);
        g->position = node->position;
        emit(g, INSTRUCTION(node->number, to, left, right));
    }
    g->free = saved;
}

static void generate_list(struct generator *g, struct node *node, uint32_t to) {
    uint32_t saved = g->free;
    if (node->count == 0) {
        emit(g, INSTRUCTION(OP_LOAD_NIL, to, 0, 0));
        return;
    }
    if (node->count <= 64) {
        uint32_t first = g->free;
        for (uint32_t i = 0; i < node->count; i++) generate_into(g, node->items[i], emit_register(g));
        g->position = node->position;
        emit(g, INSTRUCTION(OP_LIST, to, first, node->count));
    } else { /* long Lists are gathered from Lists of Lists, so that their parts need few registers at once */
        uint32_t function = emit_register(g), lists = emit_register(g), first = g->free, count = 0;
        uint32_t size = (node->count + 15) / 16;
        for (uint32_t from = 0; from < node->count; from += size, count++) {
            struct node part = *node;
            part.items += from;
            part.count = node->count - from < size ? node->count - from : size;
            generate_list(g, &part, emit_register(g));
        }
        emit(g, INSTRUCTION(OP_LIST, lists, first, count));
        emit(g, INSTRUCTION(OP_CALL, function, 1, 0));
        emit(g, emit_cache(g, cp_symbol_of(cp_symbol_z(g->cp, "%concatenate")), NULL));
        emit_move(g, to, function);
    }
    g->free = saved;
}

static void generate_lambda(struct generator *g, struct node *node, uint32_t to) {
    struct function_state *f = node->function;
    struct proto *proto = f->proto;
    if (!proto) proto = f->proto = generate_function(g->cp, g->source, g->file, f);
    if (!proto) {
        g->failed = true;
        return;
    }
    g->position = node->position;
    emit(g, INSTRUCTION_BX(OP_CLOSURE, to, emit_constant(g, cp_from_object(proto))));
    emit(g, f->capture_count);
    for (uint32_t i = 0; i < f->capture_count; i++) {
        struct variable *variable = f->captures[i];
        if (variable->function == g->function) emit(g, variable->reg * 2u);
        else emit(g, (uint32_t)capture_index(g, variable) * 2u + 1);
    }
}

static void generate_define(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    uint32_t saved = g->free, function = generate_any(g, node->a);
    g->position = node->position;
    if (node->kind == NODE_DEFINE) {
        emit(g, INSTRUCTION_BX(OP_DEFINE, function, emit_constant(g, cp_from_object(node->symbol))));
        if (wanted) load_constant(g, cp_from_object(node->symbol), to);
    } else {
        emit(g, INSTRUCTION_BX(OP_DEFINE_METHOD, function, emit_constant(g, cp_from_object(node->member))));
        if (wanted) load_constant(g, cp_from_object(node->member->name), to);
    }
    g->free = saved;
}

static void generate_slot_set(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    uint32_t saved = g->free, object = generate_any(g, node->a);
    uint32_t value = generate_any(g, node->b);
    g->position = node->position;
    if (generate_needs_check(node->member->type, node->b))
        emit_check(g, value, value, node->member->type, "the property", node->member->name->text);
    emit(g, INSTRUCTION(OP_SLOT_SET, value, object, node->member->slot));
    if (wanted) emit_move(g, to, value);
    g->free = saved;
}

/* Everything that can be worked out into `to`; `wanted` false: only its effect counts, `to` may be any free register.
 */
static void generate_node(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    if (g->failed) return;
    if (cp_check_stack(g->cp) == CP_THROWN) {
        g->failed = true;
        return;
    }
    uint32_t saved = g->free, left, right;
    g->position = node->position;
    switch (node->kind) {
    case NODE_CONSTANT:
        if (wanted) load_constant(g, node->value, to);
        break;
    case NODE_VARIABLE:
        if (wanted) load_variable(g, node, to);
        break;
    case NODE_FILE:
        if (wanted) emit(g, INSTRUCTION_BX(OP_FILE_GET, to, emit_constant(g, cp_from_object(node->file))));
        break;
    case NODE_GLOBAL: emit(g, INSTRUCTION_BX(OP_GLOBAL_GET, to, emit_constant(g, cp_from_object(node->symbol)))); break;
    case NODE_NAME: emit(g, INSTRUCTION_BX(OP_NAME_GET, to, emit_constant(g, cp_from_object(node->symbol)))); break;
    case NODE_FUNCTION_NAME:
        emit(g, INSTRUCTION_BX(OP_FUNCTION_GET, to, emit_constant(g, cp_from_object(node->symbol))));
        break;
    case NODE_SET:
    case NODE_DECLARE: generate_set(g, node, to, wanted); break;
    case NODE_FILE_SET:
    case NODE_GLOBAL_SET: generate_file_set(g, node, to, wanted); break;
    case NODE_GLOBAL_DECLARE: generate_global_declare(g, node); break;
    case NODE_EXPORT: emit(g, INSTRUCTION_BX(OP_EXPORT, 0, emit_constant(g, cp_from_object(node->symbol)))); break;
    case NODE_LAMBDA: generate_lambda(g, node, to); break;
    case NODE_DEFINE:
    case NODE_DEFINE_METHOD: generate_define(g, node, to, wanted); break;
    case NODE_ARITHMETIC: generate_arithmetic(g, node, to); break;
    case NODE_COMPARE:
        generate_operands(g, node, &left, &right);
        g->position = node->position;
        emit(g, INSTRUCTION(node->number, to, left, right));
        break;
    case NODE_NOT:
    case NODE_HEAD:
    case NODE_TAIL:
        left = generate_any(g, node->a);
        g->position = node->position;
        emit(g, INSTRUCTION(node->kind == NODE_NOT    ? OP_NOT
                            : node->kind == NODE_HEAD ? OP_HEAD
                                                      : OP_TAIL,
                            to, left, 0));
        break;
    case NODE_CONS:
        generate_operands(g, node, &left, &right);
        g->position = node->position;
        emit(g, INSTRUCTION(OP_CONS, to, left, right));
        break;
    case NODE_LIST: generate_list(g, node, to); break;
    case NODE_SLOT_GET:
        left = generate_any(g, node->a);
        emit(g, INSTRUCTION(OP_SLOT_GET, to, left, node->member->slot));
        break;
    case NODE_SLOT_SET: generate_slot_set(g, node, to, wanted); break;
    case NODE_THROW:
        left = generate_any(g, node->a);
        g->position = node->position;
        emit(g, INSTRUCTION(OP_THROW, left, 0, 0));
        break;
    case NODE_CALL:
    case NODE_CALL_VALUE:
    case NODE_INVOKE:
    case NODE_INVOKE_MEMBER:
    case NODE_CREATE: generate_call(g, node, to); break;
    case NODE_DO:
    case NODE_IF:
    case NODE_AND:
    case NODE_OR:
    case NODE_WHILE:
    case NODE_DO_WHILE:
    case NODE_FOR:
    case NODE_FOR_RANGE:
    case NODE_BREAK:
    case NODE_CONTINUE:
    case NODE_RETURN:
    case NODE_LET:
    case NODE_TRY: generate_control(g, node, to, wanted); break;
    }
    g->free = saved;
}

void generate_into(struct generator *g, struct node *node, uint32_t to) { generate_node(g, node, to, true); }

uint32_t generate_any(struct generator *g, struct node *node) {
    if (node->kind == NODE_VARIABLE && node->variable->function == g->function && !variable_is_boxed(node->variable) &&
        !generate_keeps_raw(node->variable))
        return node->variable->reg;
    if (node->kind == NODE_CONSTANT) {
        int kept = generate_kept_constant(g, node->value, false);
        if (kept >= 0) return (uint32_t)kept;
    }
    uint32_t to = emit_register(g);
    generate_into(g, node, to);
    return to;
}

void generate_effect(struct generator *g, struct node *node) {
    uint32_t saved = g->free, scratch = emit_register(g);
    generate_node(g, node, scratch, false);
    g->free = saved;
}
