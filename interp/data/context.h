/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.h: the one struct that holds all of an interpreter's state. Rooms above `data` hang their own state on opaque
 * pointers, so that nothing here knows of the language or the virtual machine.
 */
#ifndef DATA_CONTEXT_H
#define DATA_CONTEXT_H

#include "interp/carapace.h"

struct symbol_table;
struct class_table;
struct thread;    /* run/thread.h: one Carapace Thread */
struct scheduler; /* base/scheduler.h */
struct load_state;
struct number_state;
struct type;

/* Symbols, types and classes that C code compares with; made once by context_create. */
struct well_known {
    cp_value sym_true, sym_ok, sym_dot, sym_quote, sym_quasiquote, sym_unquote, sym_unquote_splicing, sym_rest,
        sym_this, sym_err, sym_ellipsis, sym_string, sym_length, sym_close, sym_get, sym_set, sym_call, sym_hash,
        sym_equal, sym_next, sym_nil_type;
    struct type *type_object;
    cp_value empty_string;
};

struct cp_context {
    struct symbol_table *symbols;
    struct class_table *classes;
    struct number_state *numbers; /* number_functions.c: the random generator */
    struct text_cursor {          /* string.c: the last place looked up in a long text of many-byte characters */
        cp_value string;
        size_t index, offset;
    } cursor;
    struct well_known known;
    cp_value error;         /* the Error that CP_THROWN announces; CP_NIL when nothing is thrown */
    struct thread *current; /* the running Carapace Thread */
    struct scheduler *scheduler;
    cp_value *pins; /* cp_pin's table, scanned by the collector */
    uint32_t pin_count, pin_capacity, pin_free;
    bool error_show_location;                             /* Error's shared property showLocation */
    void (*settle_error)(cp_context *cp, cp_value error); /* see error_settle; set by run/ */
    struct load_state *loads;                             /* run/load.h: files, search path, stdlib */
    struct runtime *runtime;                              /* run/: threads, globals, shared region */
    uint64_t hash_seed[2]; /* random, the second odd: nobody outside can make keys whose hashes meet */
    void *module_state;    /* a table of what modules keep per context, by name: see cp_module_state */
};

/* A context without classes and functions: interp/builtin and the rooms above add theirs. Never NULL. */
cp_context *context_create(void);

#endif
