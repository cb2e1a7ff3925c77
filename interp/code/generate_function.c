/* SPDX-License-Identifier: GPL-3.0-or-later */
/* generate_function.c: one function: its prologue (defaults, checks of arguments, cells), its body, its proto. */
#include "interp/code/generate.h"

/* `local` forms that begin the body are always run first: their variables need no value before. */
static void find_early_locals(struct node *body) {
    if (body->kind != NODE_DO) return;
    for (uint32_t i = 0; i < body->count; i++) {
        struct node *item = body->items[i];
        if (item->kind != NODE_DO) return;
        for (uint32_t j = 0; j < item->count; j++)
            if (item->items[j]->kind != NODE_DECLARE && item->items[j]->kind != NODE_CONSTANT) return;
        for (uint32_t j = 0; j < item->count; j++) {
            if (item->items[j]->kind != NODE_DECLARE) continue;
            if (item->items[j]->a->kind != NODE_CONSTANT) return;
            item->items[j]->variable->needs_first_value = false;
        }
    }
}

/* A wrong class is shown where the function was called. */
static void check_argument(struct generator *g, struct variable *variable) {
    if (variable->type->any) return;
    uint32_t position = g->position;
    g->position = POSITION_OF_CALL;
    cp_value text = cp_string_format(g->cp, "argument %s of", variable->name->text);
    emit_check(g, variable->reg, variable->reg, variable->type, cp_text_z(g->cp, text),
               g->function->name ? g->function->name->text : "a lambda");
    g->position = position;
}

/* The same for the first value of an argument that was not given, which the caller knows nothing of. */
static void check_default(struct generator *g, struct variable *variable, const struct node *value) {
    if (variable->type->any || (value->type && type_always_fits(variable->type, value->type))) return;
    cp_value text = cp_string_format(g->cp, "the default of argument %s of", variable->name->text);
    emit_check(g, variable->reg, variable->reg, variable->type, cp_text_z(g->cp, text),
               g->function->name ? g->function->name->text : "a lambda");
}

/* Returns the offset of the code behind the checks, for callers that know their arguments to fit. */
static uint32_t generate_prologue(struct generator *g, struct function_state *f) {
    uint32_t entry = 0;
    bool optional = f->signature->required != f->signature->declared || f->signature->has_rest;
    for (uint32_t i = 0; i < f->argument_count; i++) emit_variable(g, f->arguments[i], emit_register(g));
    for (uint32_t i = 0; i < f->local_count; i++) emit_variable(g, f->locals[i], emit_register(g));
    uint32_t first = f->has_this ? 1 : 0;
    if (!optional) {
        for (uint32_t i = first; i < f->argument_count; i++) check_argument(g, f->arguments[i]);
        entry = g->count;
    }
    for (uint32_t i = 0; i < f->argument_count; i++) {
        struct variable *variable = f->arguments[i];
        if (optional && i >= first && i < first + f->signature->declared) {
            if (f->defaults[i]) {
                struct jumps given = {0};
                emit_jump(g, OP_GIVEN, variable->reg, &given);
                generate_into(g, f->defaults[i], variable->reg);
                check_default(g, variable, f->defaults[i]);
                emit_land(g, &given);
            }
            check_argument(g, variable);
        }
        if (generate_keeps_raw(variable)) emit(g, INSTRUCTION(OP_UNPACK_REAL, variable->reg, variable->reg, 0));
        if (variable_is_boxed(variable)) emit(g, INSTRUCTION(OP_CELL_NEW, variable->reg, variable->reg, 0));
    }
    for (uint32_t i = 0; i < f->local_count; i++) {
        struct variable *variable = f->locals[i];
        if (!variable->needs_first_value) continue;
        if (generate_keeps_raw(variable)) generate_raw_nil(g, variable->reg);
        else emit(g, INSTRUCTION(OP_LOAD_NIL, variable->reg, 0, 0));
        if (variable_is_boxed(variable)) emit(g, INSTRUCTION(OP_CELL_NEW, variable->reg, variable->reg, 0));
    }
    generate_loop_constants(g, f);
    return entry;
}

struct proto *generate_function(cp_context *cp, struct source *source, struct file_scope *file,
                                struct function_state *f) {
    struct generator g = {.cp = cp, .source = source, .file = file, .function = f, .position = f->position};
    if (f->capture_count > 256) emit_fail(&g, "this function uses more than 256 variables of the functions around it");
    find_early_locals(f->body);
    uint32_t entry = generate_prologue(&g, f);
    generate_return(&g, f->body);
    /* unreachable after most bodies; a body that ends in a loop without end still needs an end of its code */
    emit(&g, INSTRUCTION(OP_RETURN_NIL, 0, 0, 0));
    if (g.failed) return NULL;
    struct proto *proto = cp_alloc(sizeof *proto);
    proto->code = g.code;
    proto->positions = g.positions;
    proto->code_count = g.count;
    proto->constants = g.constants;
    proto->constant_count = g.constant_count;
    proto->caches = g.caches;
    proto->cache_count = g.cache_count;
    proto->handlers = g.handlers;
    proto->handler_count = g.handler_count;
    proto->register_count = g.most + 1;
    bool fixed = f->signature->required == f->signature->declared && !f->signature->has_rest;
    proto->fixed_arguments = fixed ? f->signature->declared : -1;
    proto->entry[0] = g.code;
    proto->entry[1] = g.code + entry;
    proto->capture_count = f->capture_count;
    proto->signature = f->signature;
    proto->source = source;
    proto->file = file;
    proto->name = f->name;
    proto->owner = f->owner;
    proto->interface = f->interface;
    proto->position = f->position;
    proto->doc = f->doc;
    proto->is_constructor = f->is_constructor;
    proto->is_top_level = f->is_top_level;
    proto->first_argument = f->has_this ? 1 : 0;
    return proto;
}
