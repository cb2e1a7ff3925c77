/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * source.h: a piece of program text and where in it each form was read. Compiled code keeps byte offsets into its
 * source; lines and columns are worked out only when somebody asks.
 */
#ifndef CODE_SOURCE_H
#define CODE_SOURCE_H

#include "interp/data/context.h"

struct position_entry {
    cp_value cell;
    uint32_t offset;
};

/* Where each line begins; made when a place is first asked for. */
struct line_index {
    uint32_t *starts;
    size_t count;
};

/* Code at `offset` was made by a macro that is called there. */
struct expansion {
    uint32_t offset;
    const cp_symbol *macro;
};

struct source {
    cp_value name;                    /* String: path, or <name> for what is no file */
    cp_value text;                    /* String */
    uint32_t first_line;              /* line number of the text's first line: the prompt counts on */
    struct position_entry *positions; /* open addressing by cell address; NULL once compiled */
    size_t position_count, position_capacity;
    struct line_index *lines;
    struct expansion *expansions; /* in the order in which they were made, the outer one first */
    size_t expansion_count, expansion_capacity;
};

struct source *source_new(cp_context *cp, cp_value name, cp_value text);
/* Remembers that the item in `cell`'s head begins at `offset`. */
void source_note_position(struct source *source, cp_value cell, uint32_t offset);
/* The offset noted for a cell, or `otherwise`. */
uint32_t source_position(const struct source *source, cp_value cell, uint32_t otherwise);
void source_forget_positions(struct source *source);
void source_note_expansion(struct source *source, uint32_t offset, const cp_symbol *macro);
/* Gives an Error without a place that of `offset`: file, line, column, the line to show. */
void source_locate_error(struct source *source, cp_value error, uint32_t offset);
/* Has an Error tell by its detail `expansion` that it comes of the macro called at `offset`. */
void source_tell_expansion(cp_context *cp, struct source *source, cp_value error, uint32_t offset,
                           const cp_symbol *macro);
/* The same if the code at `offset` was made by a macro. */
void source_tell_expansion_at(cp_context *cp, struct source *source, cp_value error, uint32_t offset);
/* 1-based line and column (in characters) of a byte offset. */
void source_place(const struct source *source, uint32_t offset, int *line, int *column);
/* The line that holds an offset, without its line end. */
const char *source_line_at(const struct source *source, uint32_t offset, size_t *size);

#endif
