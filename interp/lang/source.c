/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source.c: program text, positions of forms, lines and columns. */
#include "interp/lang/source.h"

struct source *source_new(cp_context *cp, cp_value name, cp_value text) {
    (void)cp;
    struct source *source = cp_alloc(sizeof *source);
    source->name = name;
    source->text = text;
    source->first_line = 1;
    return source;
}

static size_t slot_of(const struct source *source, cp_value cell) {
    return (size_t)((cell >> 4) * 0x9E3779B97F4A7C15ull >> 20) & (source->position_capacity - 1);
}

static void grow(struct source *source) {
    struct position_entry *old = source->positions;
    size_t old_capacity = source->position_capacity;
    source->position_capacity = old_capacity ? old_capacity * 2 : 256;
    source->positions = cp_alloc(source->position_capacity * sizeof *source->positions);
    for (size_t i = 0; i < old_capacity; i++) {
        if (!old[i].cell) continue;
        size_t slot = slot_of(source, old[i].cell);
        while (source->positions[slot].cell) slot = (slot + 1) & (source->position_capacity - 1);
        source->positions[slot] = old[i];
    }
}

void source_note_position(struct source *source, cp_value cell, uint32_t offset) {
    if (source->position_count * 2 >= source->position_capacity) grow(source);
    size_t slot = slot_of(source, cell);
    while (source->positions[slot].cell && source->positions[slot].cell != cell)
        slot = (slot + 1) & (source->position_capacity - 1);
    if (!source->positions[slot].cell) source->position_count++;
    source->positions[slot] = (struct position_entry){cell, offset};
}

uint32_t source_position(const struct source *source, cp_value cell, uint32_t otherwise) {
    if (!source->positions || !cp_is_cell(cell)) return otherwise;
    for (size_t slot = slot_of(source, cell); source->positions[slot].cell;
         slot = (slot + 1) & (source->position_capacity - 1))
        if (source->positions[slot].cell == cell) return source->positions[slot].offset;
    return otherwise;
}

void source_forget_positions(struct source *source) {
    source->positions = NULL;
    source->position_count = source->position_capacity = 0;
}

void source_place(const struct source *source, uint32_t offset, int *line, int *column) {
    const char *text = cp_string_text(source->text);
    size_t size = cp_string_size(source->text);
    if (offset > size) offset = (uint32_t)size;
    int l = (int)source->first_line, c = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') l++, c = 1;
        else if (((unsigned char)text[i] & 0xC0) != 0x80) c++;
    }
    *line = l;
    *column = c;
}

const char *source_line_at(const struct source *source, uint32_t offset, size_t *size) {
    const char *text = cp_string_text(source->text);
    size_t total = cp_string_size(source->text), from, to;
    if (offset > total) offset = (uint32_t)total;
    for (from = offset; from > 0 && text[from - 1] != '\n';) from--;
    for (to = offset; to < total && text[to] != '\n' && text[to] != '\r';) to++;
    *size = to - from;
    return text + from;
}
