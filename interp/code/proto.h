/* SPDX-License-Identifier: GPL-3.0-or-later */
/* proto.h: compiled code of one function, as the generator makes it and the virtual machine runs it. */
#ifndef CODE_PROTO_H
#define CODE_PROTO_H

#include "interp/data/class.h"
#include "interp/code/source.h"

/* try: an Error thrown by code in [start, end) goes to `target` with the Error in `reg`. Inner ones come first. */
struct handler {
    uint32_t start, end, target;
    uint32_t reg;
    bool is_catch; /* and not a finally */
};

/* What one call or dot of the code found last. Whatever it leads to is found again when a name's or member's function
   is another by now: the comparison is cheaper than the way to the code, which is where a call loses its time. */
struct call_cache {
    cp_symbol *name;       /* of the function or member, or NULL */
    struct member *member; /* the dot: the member, of ... */
    uint32_t class_number; /* ... receivers of this class */
    cp_value function;     /* a scripted function whose header takes the call's arguments as they are, or () */
    struct proto *proto;   /* and its code, */
    const uint32_t *entry; /* which begins here */
};

/* In place of a position: what is wrong there is the caller's doing, as an argument of a wrong class. */
#define POSITION_OF_CALL UINT32_MAX

struct proto {
    const uint32_t *code;
    cp_value *constants;
    struct call_cache *caches;
    uint32_t register_count;
    int32_t fixed_arguments;  /* number of arguments when none is optional and there is no rest; else -1 */
    const uint32_t *entry[2]; /* where calls begin: whose arguments must be checked, and whose are known to fit */
    uint32_t capture_count;
    uint32_t code_count, constant_count, cache_count, handler_count;
    const struct handler *handlers;
    const uint32_t *positions; /* byte offset in the source, one per code word; or POSITION_OF_CALL */
    struct signature *signature;
    struct source *source;
    struct file_scope *file;
    cp_symbol *name;
    cp_class *owner;    /* class whose method this is */
    uint32_t interface; /* and its interface */
    uint32_t position;  /* where the definition begins */
    cp_value doc;       /* String or () */
    bool is_constructor, is_top_level;
    uint8_t first_argument; /* 1 for methods: register 0 is `this` */
};

/* The position of a code word, for somebody to look at. */
static inline uint32_t proto_position(const struct proto *proto, uint32_t word) {
    return proto->positions[word] == POSITION_OF_CALL ? proto->position : proto->positions[word];
}

/* A cell: a variable that closures share and change. */
struct cell {
    cp_object header;
    cp_value value;
};

/* A variable of a file's top level. */
struct file_variable {
    struct cell cell;
    struct type *type;
    cp_symbol *name;
    bool declared; /* by local, or set at the top level; false: only foreseen by the scan of the file */
};

/* A name that stands for a function or variable not yet known. */
struct name_use {
    struct name_use *next;
    cp_symbol *name;
    uint32_t position;
};

/* The top level of one file, or of one prompt session. */
struct file_scope {
    cp_value variables;    /* HashTable: Symbol -> file_variable */
    cp_value foreseen;     /* HashTable: Symbols of the functions that the file defines further down */
    bool interactive;      /* a new function header replaces the old one with a warning */
    bool is_standard;      /* a file of the stdlib: what is built in means the built-in to it, always */
    bool is_package;       /* it says what it provides; the rest is its own (lang/package.c) */
    bool is_complete;      /* loaded to its end */
    bool is_published;     /* and all files know what it provides */
    cp_value names;        /* HashTable: Symbol -> the Symbol that it means in this file; () when there is none */
    cp_value provides;     /* List of Symbols */
    struct name_use *uses; /* names that nobody had defined when they were compiled, the last first */
    bool note_uses;        /* --check: whether they are noted */
};

struct file_scope *file_scope_new(cp_context *cp, bool interactive);
void file_scope_note_use(struct file_scope *file, cp_symbol *name, uint32_t position);
struct file_variable *file_scope_find(cp_context *cp, struct file_scope *file, cp_symbol *name);
struct file_variable *file_scope_declare(cp_context *cp, struct file_scope *file, cp_symbol *name, struct type *type);

#endif
