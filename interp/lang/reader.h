/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader.h: text to forms (language.md 2). A form is ordinary data: Lists, Symbols, literals. */
#ifndef LANG_READER_H
#define LANG_READER_H

#include "interp/code/source.h"

struct reader {
    cp_context *cp;
    struct source *source;
    const char *start, *cursor, *end;
};

void reader_init(struct reader *reader, cp_context *cp, struct source *source);
/* The next form; CP_DONE at the end of the text; CP_THROWN with an Error of class 8 whose place is set: 8.1 means that
   the text ends within a form, so a prompt should ask for more. *offset is where the form begins. */
cp_value reader_next(struct reader *reader, uint32_t *offset);
/* One literal or form from a C string that is known to be right (signatures, initial values of native tables). */
cp_value reader_read_literal(cp_context *cp, const char *text);

#endif
