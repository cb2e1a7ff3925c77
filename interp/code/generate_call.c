/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generate_call.c: calls, the dot, create. The layout of a call's registers is in instructions.h. */
#include "interp/code/generate.h"

static void arguments(struct generator *g, struct node *node) {
    for (uint32_t i = 0; i < node->count; i++) generate_into(g, node->items[i], emit_register(g));
}

/* The registers of the call from `first` on; what remains is the instruction itself. */
static void prepare(struct generator *g, struct node *node, uint32_t first) {
    switch (node->kind) {
    case NODE_CALL:
        if (node->keywords)
            emit(g, INSTRUCTION_BX(OP_FUNCTION_GET, first, emit_constant(g, cp_from_object(node->symbol))));
        break;
    case NODE_CALL_VALUE: generate_into(g, node->a, first); break;
    case NODE_INVOKE:
    case NODE_INVOKE_MEMBER: generate_into(g, node->a, emit_register(g)); break;
    case NODE_CREATE: emit_register(g); break;
    default: break;
    }
    arguments(g, node);
    g->position = node->position;
}

static void finish(struct generator *g, struct node *node, uint32_t first, bool tail) {
    uint32_t count = node->count;
    switch (node->kind) {
    case NODE_CALL:
        if (node->keywords) break;
        emit(g, INSTRUCTION(tail ? OP_TAIL_CALL : OP_CALL, first, count, node->flag));
        emit(g, emit_cache(g, node->symbol, NULL));
        return;
    case NODE_CALL_VALUE:
        if (node->keywords) break;
        emit(g, INSTRUCTION(tail ? OP_TAIL_CALL_VALUE : OP_CALL_VALUE, first, count, 0));
        emit(g, emit_cache(g, node->symbol, NULL));
        return;
    case NODE_INVOKE:
        if (node->keywords) {
            emit(g, INSTRUCTION(OP_INVOKE_KEYWORDS, first, count, 0));
            emit(g, emit_constant(g, cp_cons(cp_from_object(node->symbol), node->keywords)));
        } else {
            emit(g, INSTRUCTION(OP_INVOKE, first, count, 0));
            emit(g, emit_cache(g, node->symbol, NULL));
        }
        return;
    case NODE_INVOKE_MEMBER:
        emit(g, INSTRUCTION(OP_INVOKE_MEMBER, first, count, 0));
        emit(g, emit_cache(g, node->member->name, node->member));
        return;
    case NODE_CREATE:
        emit(g, INSTRUCTION(OP_CREATE, first, count, node->keywords ? 1 : 0));
        emit(g, emit_constant(g, node->keywords ? cp_cons(cp_from_object(node->symbol), node->keywords)
                                                : cp_from_object(node->symbol)));
        return;
    default: break;
    }
    emit(g, INSTRUCTION(OP_CALL_KEYWORDS, first, count, 0));
    emit(g, emit_constant(g, node->keywords));
}

void generate_call(struct generator *g, struct node *node, uint32_t to) {
    /* a register for the result that is the last in use and no variable's serves for the call itself */
    bool in_place = to + 1 == g->free && !g->is_variable[to];
    uint32_t saved = g->free, first = in_place ? to : emit_register(g);
    prepare(g, node, first);
    finish(g, node, first, false);
    emit_move(g, to, first);
    g->free = saved;
}

void generate_tail_call(struct generator *g, struct node *node) {
    uint32_t saved = g->free, first = emit_register(g);
    prepare(g, node, first);
    finish(g, node, first, true);
    emit(g, INSTRUCTION(OP_RETURN, first, 0, 0)); /* natives come back here */
    g->free = saved;
}
