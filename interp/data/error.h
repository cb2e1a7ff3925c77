/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.h: what an Error is made of, for those who raise, place and show them. Modules use cp_throw and its kin of
 * carapace.h.
 */
#ifndef DATA_ERROR_H
#define DATA_ERROR_H

#include "interp/data/context.h"

struct error {
    cp_object header;
    int error_class, code;
    cp_value text, file;             /* Strings, never () */
    int line, column;                /* from 1; 0 = not known */
    cp_value trace;                  /* List of frames, innermost first */
    cp_value cause;                  /* the Error that was on its way when this one was thrown, or () */
    cp_value details;                /* List of (Symbol . value) */
    bool located;                    /* file, line and column are known */
    struct source *source;           /* code/source.h: for the line with the caret; NULL when not known */
    uint32_t position;               /* byte offset there */
    struct source *expansion_source; /* where the macro was called whose result was wrong, or NULL */
    uint32_t expansion_position;
    struct error_origin *origin; /* run/unwind.c: where it was thrown, worked out only when somebody asks; or NULL */
};
static inline struct error *error_of(cp_value v) { return (struct error *)v; }

/* Works out place and trace from where it was thrown. To be called before file, line, column, trace or located are
 * read. */
static inline void error_settle(cp_context *cp, cp_value error) {
    if (error_of(error)->origin) cp->settle_error(cp, error);
}

/* Says where it happened; file is a String. An Error that has a place already keeps it. */
void error_locate(cp_value error, cp_value file, int line, int column);

/* Has an Error remember one that was on its way when it was thrown. */
void error_remember_cause(cp_value error, cp_value earlier);

/* "error 6.1: text", with "file:line:column: " before it when `with_location` and the place is known: a String. */
cp_value error_string(cp_context *cp, cp_value error, bool with_location);

/* The detail of that name, or CP_UNSET. */
cp_value error_detail(cp_value error, const cp_symbol *name);

/* "Communications", "Smtp": the name of an error class; NULL for classes that scripts have made up. */
const char *error_class_title(int error_class);
/* "timeout": what a code of that class means in general; NULL when there is no more to say than the Error's text. */
const char *error_code_title(int error_class, int code);

/* Its answer to names that are no members: the details. */
cp_value error_missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count);

#endif
