/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * generate_control.c: branches, loops, try, and the ways out of them.
 *
 * A way out (return, break, continue) of a try with `finally` runs a copy of the finally code in place. While such a
 * copy is written, the handler ranges of the tries that are being left are interrupted, so that an Error in the copy is
 * not caught by the very try that it leaves.
 */
#include "interp/lang/generate.h"

#include "interp/lang/binder.h"

/* ---- conditions ---- */

static enum opcode immediate_jump(enum opcode compare) {
    switch (compare) {
    case OP_LESS: return OP_JUMP_LESS_INTEGER;
    case OP_LESS_EQUAL: return OP_JUMP_LESS_EQUAL_INTEGER;
    case OP_GREATER: return OP_JUMP_GREATER_INTEGER;
    case OP_GREATER_EQUAL: return OP_JUMP_GREATER_EQUAL_INTEGER;
    case OP_EQUAL: return OP_JUMP_EQUAL_INTEGER;
    default: return OPCODE_COUNT;
    }
}

/* `sense`: the truth with which control goes on. */
static void compare_and_jump(struct generator *g, struct node *node, bool sense, struct jumps *jumps) {
    uint32_t saved = g->free, left, right;
    enum opcode compare = (enum opcode)node->number, op;
    if (node->b->kind == NODE_CONSTANT && generate_fits_byte(node->b->value) &&
        immediate_jump(compare) != OPCODE_COUNT) {
        left = generate_any(g, node->a);
        g->position = node->position;
        emit(g, INSTRUCTION(immediate_jump(compare), left, (int8_t)cp_fixnum_value(node->b->value), sense));
    } else {
        generate_operands(g, node, &left, &right);
        g->position = node->position;
        bool swapped = compare == OP_GREATER || compare == OP_GREATER_EQUAL, negated = compare == OP_NOT_EQUAL;
        if (compare == OP_LESS || compare == OP_GREATER) op = OP_JUMP_LESS;
        else if (compare == OP_LESS_EQUAL || compare == OP_GREATER_EQUAL) op = OP_JUMP_LESS_EQUAL;
        else op = OP_JUMP_EQUAL;
        emit(g, INSTRUCTION(op, swapped ? right : left, swapped ? left : right,
                            (unsigned)(negated ? !sense : sense) | (swapped || negated ? 2u : 0u)));
    }
    emit_jump_word(g, jumps);
    g->free = saved;
}

void generate_condition(struct generator *g, struct node *node, bool when, struct jumps *jumps) {
    if (g->failed) return;
    struct jumps inside = {0};
    g->position = node->position;
    switch (node->kind) {
    case NODE_CONSTANT:
        if ((node->value != CP_NIL) == when) emit_jump(g, OP_JUMP, 0, jumps);
        return;
    case NODE_NOT: generate_condition(g, node->a, !when, jumps); return;
    case NODE_COMPARE: compare_and_jump(g, node, !when, jumps); return;
    case NODE_DO:
        for (uint32_t i = 0; i + 1 < node->count; i++) generate_effect(g, node->items[i]);
        generate_condition(g, node->items[node->count - 1], when, jumps);
        return;
    case NODE_AND:
    case NODE_OR: {
        /* the truth that decides the whole: () in an `and`, anything else in an `or` */
        bool deciding = node->kind == NODE_OR;
        for (uint32_t i = 0; i + 1 < node->count; i++)
            generate_condition(g, node->items[i], deciding, deciding == when ? jumps : &inside);
        generate_condition(g, node->items[node->count - 1], when, jumps);
        emit_land(g, &inside);
        return;
    }
    default: {
        uint32_t saved = g->free, reg = generate_any(g, node);
        emit_jump(g, when ? OP_JUMP_TRUE : OP_JUMP_NIL, reg, jumps);
        g->free = saved;
    }
    }
}

/* ---- ways out ---- */

static void close_range(struct generator *g, struct region *region) {
    if (region->open == g->count) return;
    if (region->range_count == region->range_capacity) {
        uint32_t capacity = region->range_capacity ? region->range_capacity * 2 : 4;
        struct handler *ranges = cp_alloc(capacity * sizeof *ranges);
        if (region->range_count) memcpy(ranges, region->ranges, region->range_count * sizeof *ranges);
        region->ranges = ranges;
        region->range_capacity = capacity;
    }
    region->ranges[region->range_count++] = (struct handler){.start = region->open, .end = g->count};
}

/* The finally code of every try between here and `until`, innermost first. */
static void leave_regions(struct generator *g, struct region *until) {
    struct region *here = g->region;
    for (struct region *r = here; r != until; r = r->outer) {
        if (r->kind != REGION_TRY) continue;
        close_range(g, r);
        if (r->finally) {
            g->region = r->outer;
            generate_effect(g, r->finally);
        }
    }
    g->region = here;
}

/* After the jump itself: the code that follows lies within those tries again. */
static void reenter_regions(struct generator *g, struct region *until) {
    for (struct region *r = g->region; r != until; r = r->outer)
        if (r->kind == REGION_TRY) r->open = g->count;
}

static bool inside_try(const struct generator *g) {
    for (const struct region *r = g->region; r; r = r->outer)
        if (r->kind == REGION_TRY) return true;
    return false;
}

static void emit_return(struct generator *g, uint32_t reg, bool nil) {
    leave_regions(g, NULL);
    if (nil) emit(g, INSTRUCTION(OP_RETURN_NIL, 0, 0, 0));
    else emit(g, INSTRUCTION(OP_RETURN, reg, 0, 0));
    reenter_regions(g, NULL);
}

/* The function's value is the node's, checked against the declared class where that is not known already. */
void generate_return(struct generator *g, struct node *node) {
    if (g->failed) return;
    struct function_state *f = g->function;
    struct signature *signature = f->signature;
    bool plain = f->is_top_level || f->is_constructor;
    uint32_t saved = g->free;
    if (!plain && !inside_try(g)) {
        switch (node->kind) { /* forms whose last part is in tail position too */
        case NODE_IF: {
            struct jumps no = {0};
            generate_condition(g, node->a, false, &no);
            generate_return(g, node->b);
            emit_land(g, &no);
            generate_return(g, node->c);
            return;
        }
        case NODE_DO:
            for (uint32_t i = 0; i + 1 < node->count; i++) generate_effect(g, node->items[i]);
            generate_return(g, node->items[node->count - 1]);
            return;
        case NODE_LET:
            for (uint32_t i = 0; i < node->count; i++) generate_declare(g, node->items[i]);
            generate_return(g, node->b);
            g->free = saved;
            return;
        case NODE_CALL:
        case NODE_CALL_VALUE: {
            bool nil_callee =
                signature->returns_nil && node->kind == NODE_CALL && !strcmp(node->type->name->text, "NIL");
            if (node->keywords ||
                (signature->returns_nil ? !nil_callee : !type_always_fits(signature->result, node->type)))
                break;
            generate_tail_call(g, node);
            return;
        }
        case NODE_RETURN:
            if (node->a) {
                generate_return(g, node->a);
                return;
            }
            break;
        default: break;
        }
    }
    if (node->kind == NODE_RETURN || node->kind == NODE_THROW) {
        generate_effect(g, node);
        return;
    }
    if (f->is_constructor) {
        generate_effect(g, node);
        emit_return(g, 0, false);
    } else if (!f->is_top_level && signature->returns_nil) {
        generate_effect(g, node);
        emit_return(g, 0, true);
    } else {
        uint32_t reg = generate_any(g, node);
        g->position = node->position;
        bool is_nil = node->kind == NODE_CONSTANT && node->value == CP_NIL;
        if (!f->is_top_level && !is_nil && !type_always_fits(signature->result, node->type))
            emit_check(g, reg, signature->result, "the value of", f->name ? f->name->text : "a lambda");
        if (inside_try(g) && node->kind == NODE_VARIABLE) { /* finally code may change the variable */
            uint32_t kept = emit_register(g);
            emit_move(g, kept, reg);
            reg = kept;
        }
        emit_return(g, reg, false);
    }
    g->free = saved;
}

static void generate_return_statement(struct generator *g, struct node *node) {
    static const struct node nothing = {.kind = NODE_CONSTANT, .value = CP_NIL};
    struct node nil = nothing;
    nil.position = node->position;
    nil.type = g->cp->known.type_object;
    struct node *value = node->a ? node->a : &nil;
    if (value->kind == NODE_RETURN) generate_effect(g, value);
    else generate_return(g, value);
}

/* ---- loops ---- */

static struct region *begin_loop(struct generator *g) {
    struct region *loop = cp_alloc(sizeof *loop);
    loop->kind = REGION_LOOP;
    loop->outer = g->region;
    return g->region = loop;
}

static void generate_jump(struct generator *g, struct node *node) {
    struct region *loop = g->region;
    while (loop->kind != REGION_LOOP) loop = loop->outer;
    leave_regions(g, loop);
    emit_jump(g, OP_JUMP, 0, node->kind == NODE_BREAK ? &loop->breaks : &loop->continues);
    reenter_regions(g, loop);
}

static void generate_while(struct generator *g, struct node *node) {
    struct region *loop = begin_loop(g);
    struct jumps done = {0}, to_test = {0};
    if (node->kind == NODE_WHILE) emit_jump(g, OP_JUMP, 0, &to_test);
    uint32_t start = g->count;
    generate_effect(g, node->b);
    emit_land(g, &loop->continues);
    emit_land(g, &to_test);
    g->region = loop->outer; /* a `break` in the condition is meant for the loop around this one */
    generate_condition(g, node->a, false, &done);
    emit_loop(g, start);
    emit_land(g, &done);
    emit_land(g, &loop->breaks);
    g->region = loop->outer;
}

/* The loop's variable lives in the register of the item, unless closures share it: then each turn makes a new cell. */
static void loop_variable(struct generator *g, struct variable *variable, uint32_t item) {
    if (variable_is_boxed(variable)) {
        variable->reg = (uint8_t)emit_register(g);
        emit(g, INSTRUCTION(OP_CELL_NEW, variable->reg, item, 0));
    } else variable->reg = (uint8_t)item;
}

static void generate_for(struct generator *g, struct node *node) {
    struct jumps done = {0};
    uint32_t first = g->free, item;
    enum opcode next;
    if (node->kind == NODE_FOR) {
        generate_into(g, node->a, emit_register(g));
        emit_register(g);
        item = emit_register(g);
        emit(g, INSTRUCTION(OP_FOR_PREPARE, first, 0, 0));
        next = OP_FOR_NEXT;
    } else {
        for (int i = 0; i < 3; i++) generate_into(g, node->items[i], emit_register(g));
        item = emit_register(g);
        emit(g, INSTRUCTION(OP_FOR_RANGE_PREPARE, first, 0, 0));
        next = OP_FOR_RANGE_NEXT;
    }
    struct region *loop = begin_loop(g);
    struct jumps to_next = {0};
    emit_jump(g, OP_JUMP, 0, &to_next);
    uint32_t start = g->count;
    loop_variable(g, node->variable, item);
    generate_effect(g, node->b);
    emit_land(g, &loop->continues);
    emit_land(g, &to_next);
    g->position = node->position;
    emit(g, INSTRUCTION(next, first, 0, 0));
    emit_jump_word(g, &done);
    emit_loop(g, start);
    emit_land(g, &done);
    emit_land(g, &loop->breaks);
    g->region = loop->outer;
}

/* ---- try ---- */

static struct region *begin_try(struct generator *g, struct node *finally) {
    struct region *region = cp_alloc(sizeof *region);
    region->kind = REGION_TRY;
    region->outer = g->region;
    region->finally = finally;
    region->open = g->count;
    return g->region = region;
}

static void end_try(struct generator *g, struct region *region) {
    close_range(g, region);
    g->region = region->outer;
}

static void emit_handlers(struct generator *g, struct region *region, uint32_t target, uint32_t reg, bool is_catch) {
    for (uint32_t i = 0; i < region->range_count; i++)
        emit_handler(g, (struct handler){region->ranges[i].start, region->ranges[i].end, target, reg, is_catch});
}

static void generate_catch(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    uint32_t error = emit_register(g);
    struct region *region = begin_try(g, NULL);
    struct jumps end = {0};
    generate_into(g, node->a, to);
    end_try(g, region);
    emit_jump(g, OP_JUMP, 0, &end);
    emit_handlers(g, region, g->count, error, true);
    for (uint32_t i = 0; i < node->count; i++) {
        struct catch_clause *clause = &node->clauses[i];
        struct jumps next = {0};
        uint32_t saved = g->free;
        g->position = clause->position;
        if (clause->test) {
            uint32_t test = generate_any(g, clause->test);
            emit(g, INSTRUCTION(OP_CATCH_TEST, error, test, 0));
            emit_jump_word(g, &next);
        }
        if (variable_is_boxed(clause->error)) {
            clause->error->reg = (uint8_t)emit_register(g);
            emit(g, INSTRUCTION(OP_CELL_NEW, clause->error->reg, error, 0));
        } else clause->error->reg = (uint8_t)error;
        generate_effect(g, clause->body);
        if (wanted) emit(g, INSTRUCTION(OP_LOAD_NIL, to, 0, 0));
        emit_jump(g, OP_JUMP, 0, &end);
        emit_land(g, &next);
        g->free = saved;
    }
    emit(g, INSTRUCTION(OP_RETHROW, error, 0, 0));
    emit_land(g, &end);
}

static void generate_try(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    if (!node->b) {
        generate_catch(g, node, to, wanted);
        return;
    }
    struct jumps end = {0};
    uint32_t error = emit_register(g),
             value = emit_register(g); /* `to` may be a variable that the finally code reads */
    struct region *region = begin_try(g, node->b);
    if (node->count) generate_catch(g, node, value, wanted);
    else generate_into(g, node->a, value);
    end_try(g, region);
    generate_effect(g, node->b);
    if (wanted) emit_move(g, to, value);
    emit_jump(g, OP_JUMP, 0, &end);
    emit_handlers(g, region, g->count, error, false);
    /* an Error of the finally code takes the place of the one on its way, and remembers it as its cause */
    struct region *copy = begin_try(g, NULL);
    generate_effect(g, node->b);
    end_try(g, copy);
    emit(g, INSTRUCTION(OP_RETHROW, error, 0, 0));
    emit_handlers(g, copy, g->count, value, false);
    emit(g, INSTRUCTION(OP_RETHROW, value, error, 1));
    emit_land(g, &end);
}

/* ---- branches ---- */

/* and, or: worked out in a temporary, for `to` may be a variable that the operands read. */
static void generate_logic(struct generator *g, struct node *node, uint32_t to) {
    struct jumps decided = {0};
    uint32_t value = emit_register(g);
    for (uint32_t i = 0; i < node->count; i++) {
        generate_into(g, node->items[i], value);
        if (i + 1 < node->count) emit_jump(g, node->kind == NODE_AND ? OP_JUMP_NIL : OP_JUMP_TRUE, value, &decided);
    }
    emit_land(g, &decided);
    emit_move(g, to, value);
}

static void generate_branch(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    if (wanted) generate_into(g, node, to);
    else generate_effect(g, node);
}

static void generate_if(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    struct jumps no = {0}, end = {0};
    bool has_else = wanted || node->c->kind != NODE_CONSTANT;
    generate_condition(g, node->a, false, &no);
    generate_branch(g, node->b, to, wanted);
    if (has_else) emit_jump(g, OP_JUMP, 0, &end);
    emit_land(g, &no);
    if (has_else) generate_branch(g, node->c, to, wanted);
    emit_land(g, &end);
}

void generate_control(struct generator *g, struct node *node, uint32_t to, bool wanted) {
    bool loops = false;
    switch (node->kind) {
    case NODE_DO:
        for (uint32_t i = 0; i < node->count; i++)
            generate_branch(g, node->items[i], to, wanted && i + 1 == node->count);
        return;
    case NODE_LET:
        for (uint32_t i = 0; i < node->count; i++) generate_declare(g, node->items[i]);
        generate_branch(g, node->b, to, wanted);
        return;
    case NODE_IF: generate_if(g, node, to, wanted); return;
    case NODE_AND:
    case NODE_OR:
        if (wanted) generate_logic(g, node, to);
        else { /* `(and ok (print x))`: only the branch counts */ struct jumps decided = {0};
            for (uint32_t i = 0; i + 1 < node->count; i++)
                generate_condition(g, node->items[i], node->kind == NODE_OR, &decided);
            generate_effect(g, node->items[node->count - 1]);
            emit_land(g, &decided);
        }
        return;
    case NODE_WHILE:
    case NODE_DO_WHILE:
        generate_while(g, node);
        loops = true;
        break;
    case NODE_FOR:
    case NODE_FOR_RANGE:
        generate_for(g, node);
        loops = true;
        break;
    case NODE_BREAK:
    case NODE_CONTINUE: generate_jump(g, node); return;
    case NODE_RETURN: generate_return_statement(g, node); return;
    case NODE_TRY: generate_try(g, node, to, wanted); return;
    default: return;
    }
    if (loops && wanted) emit(g, INSTRUCTION(OP_LOAD_NIL, to, 0, 0));
}
