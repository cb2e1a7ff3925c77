/* SPDX-License-Identifier: GPL-3.0-or-later */
/* emit.c: the generator's paper and pencil: words, constants, registers, jumps. */
#include "interp/code/generate.h"

#include "interp/data/error.h"

enum { EMIT_MOST_WORDS = 1 << 22 };

const struct instruction_info instruction_infos[OPCODE_COUNT] = {
#define X(name, format, text) {#name, FORMAT_##format, text},
    INSTRUCTIONS(X)
#undef X
};

/* Makes room for one more item of an array in collected memory. */
static void *grown(void *items, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return items;
    uint32_t more = *capacity ? *capacity * 2 : 16;
    void *larger = cp_alloc(more * size);
    if (count) memcpy(larger, items, count * size);
    *capacity = more;
    return larger;
}

void emit_fail(struct generator *g, const char *text) {
    if (g->failed) return;
    g->failed = true;
    cp_throw(g->cp, CP_ERROR_PARSE, 4, "%s", text);
    source_locate_error(g->source, g->cp->error, g->position == POSITION_OF_CALL ? g->function->position : g->position);
}

void emit(struct generator *g, uint32_t word) {
    /* every way out of a try writes its finally code anew, so tries within finally code multiply */
    if (g->count >= EMIT_MOST_WORDS) emit_fail(g, "this function is too large");
    if (g->failed) return;
    if (g->count == g->capacity) {
        uint32_t capacity = g->capacity;
        g->code = grown(g->code, g->count, &capacity, sizeof *g->code);
        g->positions = grown(g->positions, g->count, &g->capacity, sizeof *g->positions);
    }
    g->positions[g->count] = g->position;
    g->code[g->count++] = word;
}

uint32_t emit_constant(struct generator *g, cp_value value) {
    uint32_t first = g->constant_count > 64 ? g->constant_count - 64 : 0;
    for (uint32_t i = first; i < g->constant_count; i++)
        if (g->constants[i] == value) return i;
    if (g->constant_count == 65535) {
        emit_fail(g, "this function is too large: more than 65,535 constants");
        return 0;
    }
    g->constants = grown(g->constants, g->constant_count, &g->constant_capacity, sizeof *g->constants);
    g->constants[g->constant_count] = value;
    return g->constant_count++;
}

uint32_t emit_cache(struct generator *g, cp_symbol *name, struct member *member) {
    g->caches = grown(g->caches, g->cache_count, &g->cache_capacity, sizeof *g->caches);
    g->caches[g->cache_count] = (struct call_cache){.name = name, .member = member};
    return g->cache_count++;
}

uint32_t emit_register(struct generator *g) {
    if (g->free >= 250) {
        emit_fail(g, "this function is too large: more than 250 variables and values at once");
        return 249;
    }
    uint32_t reg = g->free++;
    if (g->free > g->most) g->most = g->free;
    g->is_variable[reg] = false;
    return reg;
}

void emit_variable(struct generator *g, struct variable *variable, uint32_t reg) {
    variable->reg = (uint8_t)reg;
    g->is_variable[reg] = true;
}

static void note_jump(struct generator *g, struct jumps *jumps) {
    jumps->places = grown(jumps->places, jumps->count, &jumps->capacity, sizeof *jumps->places);
    jumps->places[jumps->count++] = g->count;
}

void emit_jump(struct generator *g, enum opcode op, uint32_t reg, struct jumps *jumps) {
    note_jump(g, jumps);
    emit(g, INSTRUCTION(op, reg, 0, 0));
}

void emit_jump_word(struct generator *g, struct jumps *jumps) {
    note_jump(g, jumps);
    emit(g, OPCODE_COUNT); /* no instruction: emit_land_at knows a second word by it */
}

void emit_land_at(struct generator *g, struct jumps *jumps, uint32_t target) {
    if (g->failed) return; /* the words to patch may be missing */
    for (uint32_t i = 0; i < jumps->count; i++) {
        uint32_t place = jumps->places[i], word = g->code[place];
        int32_t distance = (int32_t)target - (int32_t)(place + 1);
        enum opcode op = word & 255;
        if (word == OPCODE_COUNT) g->code[place] = (uint32_t)distance;
        else if (op == OP_JUMP) {
            if (distance > 0x7fffff || distance < -0x800000) emit_fail(g, "this function is too large");
            g->code[place] = INSTRUCTION_J(distance < 0 ? OP_LOOP : OP_JUMP, distance);
        } else {
            if (distance > 32767 || distance < -32768) emit_fail(g, "this function is too large; divide it");
            g->code[place] = INSTRUCTION_BX(op, OPERAND_A(word), distance);
        }
    }
    jumps->count = 0;
}

void emit_land(struct generator *g, struct jumps *jumps) { emit_land_at(g, jumps, g->count); }

void emit_handler(struct generator *g, struct handler handler) {
    if (handler.start == handler.end) return;
    g->handlers = grown(g->handlers, g->handler_count, &g->handler_capacity, sizeof *g->handlers);
    g->handlers[g->handler_count++] = handler;
}

void emit_check(struct generator *g, uint32_t to, uint32_t from, struct type *type, const char *what,
                const char *name) {
    cp_value text = cp_string_format(g->cp, "%s%s%s", what, *name ? " " : "", name);
    emit(g, INSTRUCTION(type_is(type, CP_CLASS_INTEGER) ? OP_CHECK_INTEGER : OP_CHECK, to, from, 0));
    emit(g, emit_constant(g, cp_cons(cp_from_object(type), text)));
}

void emit_move(struct generator *g, uint32_t to, uint32_t from) {
    if (to != from) emit(g, INSTRUCTION(OP_MOVE, to, from, 0));
}
