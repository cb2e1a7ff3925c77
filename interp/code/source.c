/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source.c: program text, positions of forms, lines and columns. */
#include "interp/code/source.h"

#include <string.h>

#include "interp/data/error.h"

struct source *source_new(cp_context *cp, cp_value name, cp_value text) {
    (void)cp;
    struct source *source = cp_alloc(sizeof *source);
    source->name = name;
    source->text = text;
    source->first_line = 1;
    source->lines = cp_alloc(sizeof *source->lines);
    return source;
}

static size_t slot_of(const struct source *source, cp_value cell) {
    return (size_t)((cell >> 4) * 0x9E3779B97F4A7C15ull >> 20) & (source->position_capacity - 1);
}

static void grow(struct source *source) {
    struct position_entry *old = source->positions;
    size_t old_capacity = source->position_capacity;
    size_t most = cp_string_size(source->text) / 3; /* about twice the forms of a dense text: mostly it never grows */
    if (!old_capacity)
        for (source->position_capacity = 256; source->position_capacity < most && source->position_capacity < 1 << 16;)
            source->position_capacity *= 2;
    else source->position_capacity = old_capacity * 2;
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

/* ---- macros ---- */

void source_note_expansion(struct source *source, uint32_t offset, const cp_symbol *macro) {
    size_t count = source->expansion_count;
    if (count && source->expansions[count - 1].offset == offset) return; /* a macro within a macro's result */
    if (count == source->expansion_capacity) {
        size_t capacity = count ? count * 2 : 8;
        struct expansion *expansions = cp_alloc(capacity * sizeof *expansions);
        if (count) memcpy(expansions, source->expansions, count * sizeof *expansions);
        source->expansions = expansions;
        source->expansion_capacity = capacity;
    }
    source->expansions[source->expansion_count++] = (struct expansion){offset, macro};
}

void source_locate_error(struct source *source, cp_value error, uint32_t offset) {
    struct error *e = error_of(error);
    if (e->located || e->origin) return;
    int line, column;
    source_place(source, offset, &line, &column);
    error_locate(error, source->name, line, column);
    e->source = source;
    e->position = offset;
}

void source_tell_expansion(cp_context *cp, struct source *source, cp_value error, uint32_t offset,
                           const cp_symbol *macro) {
    struct error *e = error_of(error);
    int line, column;
    source_place(source, offset, &line, &column);
    cp_error_set_detail(cp, error, "expansion",
                        cp_string_format(cp, "%s at %s:%d:%d", macro->text, cp_text_z(cp, source->name), line, column));
    e->expansion_source = source;
    e->expansion_position = offset;
}

void source_tell_expansion_at(cp_context *cp, struct source *source, cp_value error, uint32_t offset) {
    if (error_of(error)->expansion_source) return;
    for (size_t i = 0; i < source->expansion_count; i++) {
        if (source->expansions[i].offset != offset) continue;
        source_tell_expansion(cp, source, error, offset, source->expansions[i].macro);
        return;
    }
}

/* ---- lines ---- */

static void index_lines(struct line_index *lines, const char *text, size_t size) {
    size_t count = 1;
    for (const char *p = text; (p = memchr(p, '\n', (size_t)(text + size - p))); p++) count++;
    lines->starts = cp_alloc_atomic(count * sizeof *lines->starts);
    lines->starts[0] = 0;
    for (const char *p = text; lines->count + 1 < count; p++) {
        p = memchr(p, '\n', (size_t)(text + size - p));
        lines->starts[++lines->count] = (uint32_t)(p + 1 - text);
    }
    lines->count = count;
}

void source_place(const struct source *source, uint32_t offset, int *line, int *column) {
    const char *text = cp_string_text(source->text);
    size_t size = cp_string_size(source->text);
    if (offset > size) offset = (uint32_t)size;
    if (!source->lines->count) index_lines(source->lines, text, size);
    size_t low = 0, high = source->lines->count; /* the last line that begins at or before the offset */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (source->lines->starts[middle] <= offset) low = middle;
        else high = middle;
    }
    *line = (int)(source->first_line + low);
    *column = 1;
    for (size_t i = source->lines->starts[low]; i < offset; i++) *column += ((unsigned char)text[i] & 0xC0) != 0x80;
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
