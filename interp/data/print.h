/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * print.h: text that grows in collected memory, so that nothing leaks when a thread is dropped while a scripted method
 * is called in the middle of it.
 */
#ifndef DATA_PRINT_H
#define DATA_PRINT_H

#include "interp/data/context.h"

/*
 * What cp_to_source prints, by class:
 *     Integer, Real       as number_to_string            Symbol      bare
 *     String              "quoted", escaped              Binary      0x"A102"
 *     List                (a b c); (. a b) as a.b where that reads back as such; (%list a) as [a], (%table k v) as {k
 * v} improper, circular  (a . b), (a b ...)             HashTable   {k v ...} Array, Reference    <Array a b>,
 * <Reference a>     Range       (range 0 10), which makes it when evaluated Function            <Function name> any
 * other class     <Class>, or <Class text> with what its method `string` gives, one line of it, cut at 200 bytes
 * cp_to_string differs at the outermost level only: a String is itself, and an object with a method `string` is what
 * that gives. What stands deeper than PRINT_DEEPEST Lists prints as ..., and more than PRINT_MOST bytes are error 1.5.
 */
enum { PRINT_DEEPEST = 100, PRINT_MOST = 10 * 1000 * 1000 };

struct text {
    cp_context *cp;
    char *bytes;
    size_t size, capacity;
};

/* Adds bytes; false, with Error 1.5 thrown, when memory is short. */
bool text_add(struct text *text, const char *bytes, size_t size);
/* The String of it. CP_THROWN (1.5) when memory is short. */
cp_value text_string(struct text *text);

#endif
