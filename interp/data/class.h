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
    cp_value fixnum; /* 1 when Integer is among them, which is the tag of small ones: a check without a branch more */
    bool any;        /* Object: accepts everything */
    uint32_t count;
    uint32_t numbers[]; /* class numbers */
};
/* "Integer", "Object", "NIL" (accepts everything), "String|Binary". Classes not yet known are forward-declared. Never
   NULL: a spelling that names no class, such as "|", is a type that takes only (). */
struct type *type_named(cp_context *cp, const char *name, size_t size);
struct type *type_of_symbol(cp_context *cp, cp_symbol *name);
/* Whether it is just this one class. */
static inline bool type_is(const struct type *type, uint32_t number) {
    return type->count == 1 && !type->any && type->numbers[0] == number;
}
/* The type of a package's own spelling, of which nothing is known yet, that joins these classes. */
struct type *type_joined(cp_context *cp, cp_symbol *name, cp_symbol **parts, size_t count);
bool type_accepts_slow(const struct type *type, cp_value v);
/* () is taken by every type: any variable may hold it. */
static inline bool type_accepts(const struct type *type, cp_value v) {
    if (v & type->fixnum) return true;
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
/* An empty one with room for that many parameters: result Object, all required, none of them named yet. */
struct signature *signature_new(cp_context *cp, unsigned declared);
/* How many arguments it takes, in words: "2 arguments", "1 to 3 arguments", "at least 1 argument". */
enum { SIGNATURE_COUNT_TEXT = 64 };
void signature_count_text(const struct signature *signature, char out[SIGNATURE_COUNT_TEXT]);
/* Whether one header may stand for the other: same classes and counts. Names may differ, but no name may stand in
   another place, because calls that pass it by name have been compiled to that place. Defaults do not count. */
bool signature_equal(const struct signature *a, const struct signature *b);
/* As a script would write it: (n Integer) (timeout Integer 1000). CP_THROWN when a default cannot be printed. */
cp_value signature_string(cp_context *cp, const struct signature *signature);

struct proto; /* code/proto.h: compiled code */
enum function_flags { FUNCTION_NATIVE = 1 };
/* A Function value. header.bits: enum function_flags. */
struct function {
    cp_object header;
    struct proto *proto;               /* scripted */
    cp_native native;                  /* native */
    struct signature *signature;       /* NULL for a native until first needed: use function_signature */
    const cp_function_def *definition; /* native */
    cp_symbol *name;
    cp_class *owner;     /* the class whose method it is, or NULL */
    cp_value captured[]; /* scripted: values or cells */
};
static inline struct function *function_of(cp_value v) { return (struct function *)v; }
static inline bool function_is_native(const struct function *f) { return f->header.bits & FUNCTION_NATIVE; }
/* Never NULL: a native's is read from its definition the first time; one that cannot be read ends the program. */
struct signature *function_signature(cp_context *cp, struct function *f);
cp_value function_new_native(cp_context *cp, const cp_function_def *definition, cp_class *owner);
/* "Counter::bump", "Counter:Reset::zero", "cube", "lambda": a String. */
cp_value function_title(cp_context *cp, const struct function *f);
/* ---- classes ---- */

enum member_kind { MEMBER_SLOT, MEMBER_COMPUTED, MEMBER_METHOD };
enum member_flags { MEMBER_READ_ONLY = 1, MEMBER_PRIVATE = 2 };

struct member {
    cp_symbol *name;
    uint8_t kind, flags;
    uint16_t interface;
    uint32_t slot;               /* MEMBER_SLOT: word offset from the object's start */
    struct type *type;           /* property's class; method's result */
    cp_value function;           /* MEMBER_METHOD: a Function, CP_UNSET while only declared */
    struct signature *signature; /* MEMBER_METHOD of a scripted class as declared; natives: see function_signature */
    const cp_property_def *property; /* native property */
    cp_value initial;                /* MEMBER_SLOT: the first value (a constant) */
    cp_value doc;                    /* String or () */
};

struct interface {
    cp_symbol *name;     /* NULL for the primary one */
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
    struct member *constructor; /* or NULL; scripts cannot call it by name */
    struct member *initializer; /* scripted: evaluates first values for each new object, or NULL */
    /* As in cp_class_def, from where it comes. NULL for most classes; class Error answers with its details. */
    cp_value (*missing)(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count);
};

struct class_name {
    cp_symbol *name; /* NULL: free */
    cp_class *class;
};

struct class_table {
    cp_class **classes; /* by number */
    uint32_t count, capacity;
    struct class_name *index; /* open addressing by the Symbol's hash; a class may have several names */
    uint32_t index_count, index_mask;
    struct type_table *types;
    /* Asked for a class nobody has defined: may load a module or stdlib file. True when it may exist now. It takes
       its own Errors and guards against asking itself. Set by run/; NULL until then. */
    bool (*autoload)(cp_context *cp, cp_symbol *name);
    cp_value autoload_error; /* with which the last one failed, or () */
    /* The reader, for the texts in native tables; set by lang/ before any class is used. A signature (NULL when it
       cannot be read) and one literal (CP_THROWN when it cannot be read). */
    struct signature *(*parse_signature)(cp_context *cp, const char *result, const char *arguments);
    cp_value (*read_literal)(cp_context *cp, const char *text);
};

void class_table_init(cp_context *cp); /* names the classes of fixed number, which stay undefined */
static inline cp_class *class_numbered(cp_context *cp, uint32_t number) { return cp->classes->classes[number]; }
cp_class *class_named(cp_context *cp, cp_symbol *name); /* existing or forward-declared: never NULL, may be undefined */
/* The class of that name, defined or not, without forward-declaring or loading it: NULL when nobody has named it. */
cp_class *class_lookup(cp_context *cp, const cp_symbol *name);
cp_class *class_defined(cp_context *cp, cp_symbol *name); /* autoloads; NULL when there is none (nothing is thrown) */
/* Lets a name mean a class, besides its own name. */
void class_point(cp_context *cp, cp_symbol *name, cp_class *c);
/* Asks the autoload hook for a name; false when there is nothing to load, or when it failed. */
bool class_autoload(cp_context *cp, cp_symbol *name);
/* After class_defined or class_autoload found nothing: throws the Error with which the file failed that would have
   defined it. False when there is none. */
bool class_throw_autoload(cp_context *cp);
/* Defines a native class of fixed number under its fixed name; stores the pointer, builds nothing. */
cp_class *class_define_builtin(cp_context *cp, enum cp_class_number number, const cp_class_def *definition);
/*
 * A new scripted class: members are added by class_add_member, then class_finish. A class that was only
 * forward-declared is filled in place. Redefining one makes a new class number, to which the name and every type that
 * says the name point from class_finish on; objects of the old class stay what they were. NULL with 1.2 thrown when the
 * name belongs to a built-in class of fixed number or there are more than 65,535 interfaces.
 */
cp_class *class_new_scripted(cp_context *cp, cp_symbol *name, uint32_t interface_count);
/* Adds a member whose name, kind, flags, type, initial, signature and doc are filled in; a method of the primary
   interface with the class's name becomes the constructor. False, with nothing added, when the interface already has
   a member of that name. */
bool class_add_member(cp_context *cp, cp_class *c, uint32_t interface, struct member *member);
void class_finish(cp_context *cp, cp_class *c); /* gives the slots their places */
/* Gives a declared method its body, or a new one. */
static inline void class_set_method(cp_class *c, struct member *member, cp_value function) {
    member->function = function;
    c->version++;
}
void class_build(cp_context *cp, cp_class *c); /* native: makes the member tables on first use */
/* The member of that name, or NULL. A class's primary interface is number 0. */
struct member *class_member(cp_context *cp, cp_class *c, uint32_t interface, cp_symbol *name);
/* Near names for "did you mean" among the public members of the primary interface: fills at most `limit` (16 at the
   very most), best first; returns how many. */
unsigned class_suggest(cp_context *cp, cp_class *c, cp_symbol *name, cp_symbol **result, unsigned limit);
/*
 * What (classInfo name) gives, the same for native and scripted classes:
 *
 *     ("Name" major minor
 *         (interface NAME                      # a Symbol; () for the primary one, which comes first
 *             (properties (name class access doc) ...)
 *             (methods (name result (argument ...) doc) ...)
 *             (attributes (name value) ...))   # where there are any
 *         ...
 *         (doc "text"))
 *
 * Names and classes are Symbols, access is `readWrite` or `readOnly`, doc is a String or (). An argument is written as
 * in a declaration: (name class), (name class default) when it can be left out, `...` or (... name) for any more. Only
 * public members are listed, in the order of their declaration; the constructor is the first method. After the
 * interfaces come (doc "text") and (attributes ...) where there are any: who walks the List looks at each item's head.
 * () for a class that is not defined.
 */
cp_value class_info(cp_context *cp, cp_class *c);
/* The name of a defined class that is spelled nearly like this one, or NULL. */
cp_symbol *class_suggest_class(cp_context *cp, cp_symbol *name);
cp_value class_instance(cp_context *cp, cp_class *c); /* zeroed, slots at their first values */

/* An object seen through a secondary interface. */
struct face {
    cp_object header;
    cp_value object;
    uint32_t interface;
};
static inline struct face *face_of(cp_value v) { return (struct face *)v; }

/* How like a known name is to one that was typed: 0 is the same, 1 also when only the case of letters differs;
   SPELLING_UNLIKE when there are too many mistakes for its length. */
enum { SPELLING_UNLIKE = 100 };
unsigned spelling_likeness(const cp_symbol *typed, const cp_symbol *known);
/* Spelling distance in bytes for suggestions, at most `limit` + 1: insertions, deletions, replacements and swaps of
   neighbours (optimal string alignment). Texts longer than 64 bytes are 0 (same) or limit + 1 apart. */
unsigned spelling_distance(const char *a, size_t a_size, const char *b, size_t b_size, unsigned limit);

#endif
