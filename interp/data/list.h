/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * list.h: Lists of 16-byte cells, and what every user of one must know: its shape may be improper or circular.
 */
#ifndef DATA_LIST_H
#define DATA_LIST_H

#include "interp/data/context.h"

enum list_shape {
    LIST_PROPER,
    LIST_IMPROPER, /* the last tail is neither a cell nor () */
    LIST_CIRCULAR
};

/* Counts the different cells reachable by tails, in time linear in that count, and says how the List ends. */
enum list_shape list_measure(cp_value list, size_t *cells);

/* Counts the items of a List; false, with Error 1.8 thrown, when it is circular. An improper tail is not counted. */
bool list_count(cp_context *cp, cp_value list, size_t *count);

/* As list_count, but an improper List is Error 1.8 too: for whoever would lose its tail. */
bool list_count_proper(cp_context *cp, cp_value list, size_t *count);

/* A List of the items first[0], first[stride], ... */
cp_value list_from(const cp_value *first, size_t count, size_t stride);

/* Whether a List of that many new cells would fit into memory; else false and Error 1.5. For counts from outside. */
bool list_room(cp_context *cp, size_t count);

/* True for a List; else false with Error 1.11 thrown, naming `what` ("cons: list"). */
bool list_expect(cp_context *cp, cp_value v, const char *what);

#endif
