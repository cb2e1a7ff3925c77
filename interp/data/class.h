/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class.h: the class table, where native and scripted classes are one kind of thing; declared types; signatures; and
 * Function values.
 */
#ifndef DATA_CLASS_H
#define DATA_CLASS_H

#include "interp/data/context.h"

/* ---- types ---- */

/* A declared class, or several joined by `|`. One struct per spelling, so equal types are one pointer. */
struct type {
    cp_symbol *name;
    bool any;        /* Object: accepts everything */
    uint32_t count;
    uint32_t numbers[]; /* class numbers */
};
struct type *type_named(cp_context *cp, const char *name, size_t size); /* classes not yet known are forward-declared */
struct type *type_of_symbol(cp_context *cp, cp_symbol *name);
bool type_accepts_slow(const struct type *type, cp_value v);
/* () is taken by every type: any variable may hold it. */
static inline bool type_accepts(const struct type *type, cp_value v) {
    if (type->any || v == CP_NIL) return true;
    if (CP_LIKELY(type->count == 1)) {
        uint32_t number = cp_class_number_of(v);
        if (CP_LIKELY(number == type->numbers[0])) return true;
        if (number != CP_CLASS_FACE) return false;
    }
    return type_accepts_slow(type, v);
}

/* ---- signatures and functions ---- */

struct parameter {
    cp_symbol *name;
    struct type *type;
    cp_value initial; /* native: the default value; scripted: the default's form; CP_UNSET = required */
};
struct signature {
    struct type *result;
    uint16_t required; /* these come first */
    uint16_t declared; /* required and optional */
    bool has_rest, returns_nil;
    cp_symbol *rest_name;
    struct parameter parameters[];
};
/* Reads "((n Integer) (timeout Integer 1000) ...)"; in lang/, installed as a hook because it needs the reader. */
struct signature *signature_parse(cp_context *cp, const char *result, const char *arguments);
struct signature *signature_new(cp_context *cp, unsigned declared);
bool signature_equal(const struct signature *a, const struct signature *b);
/* As a script would write it: (n Integer) (timeout Integer 1000). */
cp_value signature_string(cp_context *cp, const struct signature *signature);

struct proto; /* lang/proto.h: compiled code */
enum function_flags { FUNCTION_NATIVE = 1 };
/* A Function value. header.bits: enum function_flags. */
struct function {
    cp_object header;
    struct proto *proto;  /* scripted */
    cp_native native;     /* native */
    struct signature *signature; /* NULL for a native until first needed: use function_signature */
    const cp_function_def *definition; /* native */
    cp_symbol *name;
    cp_class *owner;      /* the class whose method it is, or NULL */
    cp_value captured[];  /* scripted: values or cells */
};
static inline struct function *function_of(cp_value v) { return (struct function *)v; }
static inline bool function_is_native(const struct function *f) { return f->header.bits & FUNCTION_NATIVE; }
struct signature *function_signature(cp_context *cp, struct function *f);
cp_value function_new_native(cp_context *cp, const cp_function_def *definition, cp_class *owner);
/* "Counter::bump", "cube", "lambda" */
cp_value function_title(cp_context *cp, const struct function *f);

/* ---- classes ---- */

enum member_kind { MEMBER_SLOT, MEMBER_COMPUTED, MEMBER_METHOD };
enum member_flags { MEMBER_READ_ONLY = 1, MEMBER_PRIVATE = 2 };

struct member {
    cp_symbol *name;
    uint8_t kind, flags;
    uint16_t interface;
    uint32_t slot;                   /* MEMBER_SLOT: word offset from the object's start */
    struct type *type;               /* property's class; method's result */
    cp_value function;               /* MEMBER_METHOD: a Function, CP_UNSET while only declared */
    struct signature *signature;     /* MEMBER_METHOD of a scripted class as declared; natives: see function_signature */
    const cp_property_def *property; /* native property */
    cp_value initial;                /* MEMBER_SLOT: the first value (a constant) */
    cp_value doc;                    /* String or () */
};

struct interface {
    cp_symbol *name;  /* NULL for the primary one */
    cp_value attributes; /* a-list of progId, library, guid, ... as written */
    cp_symbol *delegate; /* property that takes what the class lacks, or NULL */
    uint32_t count, mask;
    struct member **members; /* in order of declaration */
    struct member **table;   /* open addressing by the Symbol's hash */
};

struct cp_class {
    cp_object header; /* class number CP_CLASS_NONE: never seen by scripts as a value */
    cp_symbol *name;
    uint32_t number;
    uint32_t version; /* grows when a method is redefined: caches compare it */
    bool defined;     /* false while only forward-declared */
    bool built;       /* native: member tables made */
    unsigned major, minor;
    const cp_class_def *definition; /* NULL for a scripted class */
    cp_value doc, attributes;
    uint32_t slot_start; /* words before the first slot */
    uint32_t slot_count;
    cp_value *slot_initial;
    uint32_t interface_count;
    struct interface *interfaces;
    struct member *constructor; /* or NULL */
};

struct class_table {
    cp_class **classes; /* by number */
    uint32_t count, capacity;
    struct type_table *types;
    /* Asked for a class nobody has defined: may load a module or stdlib file. Set by run/. */
    bool (*autoload)(cp_context *cp, cp_symbol *name);
};

void class_table_init(cp_context *cp);
static inline cp_class *class_numbered(cp_context *cp, uint32_t number) { return cp->classes->classes[number]; }
cp_class *class_named(cp_context *cp, cp_symbol *name);   /* existing or forward-declared: never NULL, may be undefined */
cp_class *class_defined(cp_context *cp, cp_symbol *name); /* autoloads; NULL when there is none (nothing is thrown) */
/* A new scripted class: members are added by class_add_member, then class_finish. Redefining makes a new class number. */
cp_class *class_new_scripted(cp_context *cp, cp_symbol *name, uint32_t interface_count);
void class_add_member(cp_context *cp, cp_class *c, uint32_t interface, struct member *member);
void class_finish(cp_context *cp, cp_class *c);
void class_build(cp_context *cp, cp_class *c); /* native: makes the member tables on first use */
/* The member of that name, or NULL. A class's primary interface is number 0. */
struct member *class_member(cp_context *cp, cp_class *c, uint32_t interface, cp_symbol *name);
/* Near names for "did you mean": fills at most `limit`, best first; returns how many. */
unsigned class_suggest(cp_context *cp, cp_class *c, cp_symbol *name, cp_symbol **result, unsigned limit);
cp_value class_instance(cp_context *cp, cp_class *c); /* zeroed, slots at their first values */

/* An object seen through a secondary interface. */
struct face {
    cp_object header;
    cp_value object;
    uint32_t interface;
};
static inline struct face *face_of(cp_value v) { return (struct face *)v; }

/* Spelling distance for suggestions, at most `limit` + 1 (Damerau-Levenshtein). */
unsigned spelling_distance(const char *a, size_t a_size, const char *b, size_t b_size, unsigned limit);

#endif
