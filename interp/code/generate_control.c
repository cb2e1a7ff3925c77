/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * generate_control.c: branches, loops, try, and the ways out of them.
 *
 * A way out (return, break, continue) of a try with `finally` runs a copy of the finally code in place. While such a
 * copy is written, the handler ranges of the tries that are being left are interrupted, so that an Error in the copy is
 * not caught by the very try that it leaves.
 */
#include "interp/code/generate.h"

/* ---- conditions ---- */

/* The jump when a comparison with a small constant holds; its opposite comes next in the list of instructions. */
static enum opcode constant_jump(enum opcode compare) {
    switch (compare) {
    case OP_LESS: return OP_JUMP_LESS_INTEGER;
    case OP_LESS_EQUAL: return OP_JUMP_LESS_EQUAL_INTEGER;
    case OP_GREATER: return OP_JUMP_GREATER_INTEGER;
    case OP_GREATER_EQUAL: return OP_JUMP_GREATER_EQUAL_INTEGER;
    case OP_EQUAL: return OP_JUMP_EQUAL_INTEGER;
    default: return OPCODE_COUNT;
    }
}

static enum opcode register_jump(enum opcode compare) {
    if (compare == OP_LESS || compare == OP_GREATER) return OP_JUMP_LESS;
    return compare == OP_LESS_EQUAL || compare == OP_GREATER_EQUAL ? OP_JUMP_LESS_EQUAL : OP_JUMP_EQUAL;
}

static void compare_and_jump(struct generator *g, struct node *node, bool when, struct jumps *jumps) {
    uint32_t saved = g->free, left, right;
    enum opcode compare = (enum opcode)node->number, jump = constant_jump(compare);
    if (node->b->kind == NODE_CONSTANT && generate_fits_byte(node->b->value) && jump != OPCODE_COUNT &&
        !generate_compares_raw(g, node)) {
        left = generate_any(g, node->a);
        g->position = node->position;
        emit(g, INSTRUCTION(jump + (when ? 0 : 1), left, (int8_t)cp_fixnum_value(node->b->value), 0));
    } else {
        bool raw = generate_compares_raw(g, node);
        if (raw) generate_raw_operands(g, node, &left, &right);
        else generate_operands(g, node, &left, &right);
        g->position = node->position;
        bool swapped = compare == OP_GREATER || compare == OP_GREATER_EQUAL, negated = compare == OP_NOT_EQUAL;
        jump = register_jump(compare);
        if (raw) jump += OP_JUMP_EQUAL_REAL - OP_JUMP_EQUAL;
        emit(g, INSTRUCTION(jump + (when != negated ? 0 : 1), swapped ? right : left, swapped ? left : right,
                            swapped || negated));
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
    case NODE_COMPARE: compare_and_jump(g, node, when, jumps); return;
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
        if (node->kind == NODE_CONSTANT && node->value == CP_NIL) {
            emit_return(g, 0, true);
            return;
        }
        uint32_t reg = generate_any(g, node);
        g->position = node->position;
        if (!f->is_top_level && !type_always_fits(signature->result, node->type))
            emit_check(g, reg, reg, signature->result, "the value of", f->name ? f->name->text : "a lambda");
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

enum { NEAR = 20000 }; /* words of a loop's body, to which those of its condition come */

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

/* Whether a loop's condition is written twice, before and behind the body, instead of jumping to it at first. */
static bool is_short_condition(const struct node *node) {
    if (node->kind == NODE_VARIABLE) return true;
    if (node->kind != NODE_COMPARE) return false;
    return (node->a->kind == NODE_VARIABLE || node->a->kind == NODE_CONSTANT) &&
           (node->b->kind == NODE_VARIABLE || node->b->kind == NODE_CONSTANT);
}

static bool in_register(const struct generator *g, const struct node *node) {
    return node->kind == NODE_VARIABLE && node->variable->function == g->function &&
           !variable_is_boxed(node->variable) && !generate_keeps_raw(node->variable);
}

/* The instruction for the end of most counting loops: `(set i (+ i 1))` as the body's last form, and a condition that
   compares i with a limit. 0 when the loop is none of these. */
static uint32_t counting_step(const struct generator *g, const struct node *body, const struct node *condition) {
    const struct node *set = body->kind == NODE_DO ? body->items[body->count - 1] : body;
    if (set->kind != NODE_SET || generate_needs_check(set->variable->type, set->a)) return 0;
    const struct node *sum = set->a;
    if (sum->kind != NODE_ARITHMETIC || (sum->number != OP_ADD && sum->number != OP_SUBTRACT)) return 0;
    if (!in_register(g, sum->a) || sum->a->variable != set->variable) return 0;
    if (sum->b->kind != NODE_CONSTANT || !generate_fits_byte(sum->b->value)) return 0;
    int64_t step = cp_fixnum_value(sum->b->value) * (sum->number == OP_ADD ? 1 : -1);
    if (step > 127 || condition->kind != NODE_COMPARE) return 0;
    if (condition->a->kind != NODE_VARIABLE || condition->a->variable != set->variable) return 0;
    uint32_t reg = set->variable->reg;
    const struct node *limit = condition->b;
    if (limit->kind == NODE_CONSTANT && generate_fits_byte(limit->value)) {
        int n = (int)cp_fixnum_value(limit->value);
        if (condition->number == OP_GREATER) return INSTRUCTION(OP_STEP_GREATER_INTEGER, reg, n, step);
        if (condition->number == OP_GREATER_EQUAL) return INSTRUCTION(OP_STEP_GREATER_EQUAL_INTEGER, reg, n, step);
    } else if (in_register(g, limit)) {
        if (condition->number == OP_LESS) return INSTRUCTION(OP_STEP_LESS, reg, limit->variable->reg, step);
        if (condition->number == OP_LESS_EQUAL) return INSTRUCTION(OP_STEP_LESS_EQUAL, reg, limit->variable->reg, step);
    }
    return 0;
}

/* The body of a loop; false when its last form, the step, remains to be done. */
static bool generate_body(struct generator *g, struct node *body, uint32_t step, const struct region *loop) {
    if (!step) {
        generate_effect(g, body);
        return true;
    }
    for (uint32_t i = 0; body->kind == NODE_DO && i + 1 < body->count; i++) generate_effect(g, body->items[i]);
    if (loop->continues.count == 0) return false;
    generate_effect(g, body->kind == NODE_DO ? body->items[body->count - 1] : body); /* `continue` leaves it out */
    return true;
}

static void generate_while(struct generator *g, struct node *node) {
    struct region *loop = begin_loop(g);
    struct jumps to_test = {0}, back = {0}, done = {0};
    if (node->kind == NODE_WHILE && is_short_condition(node->a)) generate_condition(g, node->a, false, &done);
    else if (node->kind == NODE_WHILE) emit_jump(g, OP_JUMP, 0, &to_test);
    uint32_t start = g->count;
    uint32_t step = counting_step(g, node->b, node->a);
    if (!generate_body(g, node->b, step, loop)) {
        /* the place of the sum, then that of the comparison */
        const struct node *set = node->b->kind == NODE_DO ? node->b->items[node->b->count - 1] : node->b;
        g->position = set->a->position;
        emit(g, step);
        g->position = node->a->position;
        emit_jump_word(g, &back);
        emit_land_at(g, &back, start);
        emit_land(g, &done);
        emit_land(g, &to_test);
        emit_land(g, &loop->breaks);
        g->region = loop->outer;
        return;
    }
    emit_land(g, &loop->continues);
    emit_land(g, &to_test);
    g->region = loop->outer; /* a `break` in the condition is meant for the loop around this one */
    if (g->count - start < NEAR) {
        generate_condition(g, node->a, true, &back);
        emit_land_at(g, &back, start);
        emit_land(g, &done);
    } else { /* too far for a conditional jump */
        generate_condition(g, node->a, false, &done);
        emit_jump(g, OP_JUMP, 0, &back);
        emit_land_at(g, &back, start);
        emit_land(g, &done);
    }
    emit_land(g, &loop->breaks);
    g->region = loop->outer;
}

/* The loop's variable lives in the register of the item, unless closures share it: then each turn makes a new cell. */
static void loop_variable(struct generator *g, struct variable *variable, uint32_t item) {
    if (variable_is_boxed(variable)) {
        emit_variable(g, variable, emit_register(g));
        emit(g, INSTRUCTION(OP_CELL_NEW, variable->reg, item, 0));
    } else emit_variable(g, variable, item);
}

static void generate_for(struct generator *g, struct node *node) {
    struct jumps back = {0};
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
    emit_jump_word(g, &back);
    emit_land_at(g, &back, start);
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
            emit_variable(g, clause->error, emit_register(g));
            emit(g, INSTRUCTION(OP_CELL_NEW, clause->error->reg, error, 0));
        } else emit_variable(g, clause->error, error);
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
