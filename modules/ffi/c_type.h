/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_type.h: the types of C as declarations state them: kinds, sizes, layout, and what libffi has to know of them.
 *
 * A type is never changed once it is complete. Types lie in collected memory; the scalars are constants.
 */
#ifndef FFI_C_TYPE_H
#define FFI_C_TYPE_H

#include <ffi.h>

#include "interp/carapace.h"

/* Codes of error class 19. */
enum ffi_code {
    FFI_NOT_FOUND = 1,     /* the library */
    FFI_UNKNOWN_SYMBOL,    /* the library has no such function or variable */
    FFI_BAD_DECLARATION,   /* C text that cannot be read */
    FFI_UNKNOWN_TYPE,      /* a name that is no type here, or a struct without a body */
    FFI_CLOSED,            /* the Library or Callback is closed */
    FFI_CALLBACK,          /* a Callback was called where no script can run */
    FFI_NOT_SUPPORTED = 12 /* what this class cannot do, such as bit fields */
};

/* C_CHAR is plain char, of which text is made; signed char is C_INT8. */
enum c_kind {
    C_VOID,
    C_BOOL,
    C_CHAR,
    C_INT8,
    C_UINT8,
    C_INT16,
    C_UINT16,
    C_INT32,
    C_UINT32,
    C_INT64,
    C_UINT64,
    C_FLOAT,
    C_DOUBLE,
    C_POINTER,
    C_STRUCT,
    C_UNION,
    C_ARRAY,
    C_FUNCTION
};

enum {
    C_MOST_PARAMETERS = 64,
    C_MOST_FIELDS = 4096,
    C_MOST_DEPTH = 32, /* of types within types */
};
/* Bytes of one type: no struct or array is larger. */
#define C_MOST_SIZE ((size_t)1 << 30)

struct c_field {
    const char *name; /* NULL for a struct or union without a name, whose fields then follow as aliases */
    const struct c_type *type;
    size_t offset;
    bool alias; /* a field of an unnamed member: it takes no room of its own */
};

struct c_type {
    enum c_kind kind;
    bool target_const; /* pointer, array: what it points to or holds must not be changed */
    bool variadic;     /* function */
    bool incomplete;   /* a struct or union whose body is not known (yet) */
    unsigned depth;
    size_t size, alignment;      /* 0 for void, functions and incomplete types */
    const char *name;            /* scalars, structs, unions: as C spells it, "unsigned long", "struct tm" */
    const struct c_type *target; /* pointed to, array's item, function's result */
    size_t count;                /* array: items; pointer: the least number of items behind it, 0 = unknown */
    uint32_t field_count, parameter_count;
    const struct c_field *fields;
    const struct c_type *const *parameters;
    ffi_type *ffi; /* made by c_type_ffi when first needed */
    ffi_cif *cif;  /* function: made by c_type_cif */
};

/* The scalar that C spells so, without qualifiers: "int", "unsigned long", "size_t", "int32_t", also "int32". NULL when
   there is none. */
const struct c_type *c_type_scalar(const char *name, size_t size);
extern const struct c_type c_type_void, c_type_char, c_type_int, c_type_unsigned_int, c_type_uint8;

/* Derived types; NULL, with an Error thrown, for what C does not know (arrays of functions) or is too large. */
const struct c_type *c_type_pointer(cp_context *cp, const struct c_type *target, bool target_const, size_t count);
const struct c_type *c_type_array(cp_context *cp, const struct c_type *item, bool item_const, size_t count);
const struct c_type *c_type_function(cp_context *cp, const struct c_type *result,
                                     const struct c_type *const *parameters, uint32_t count, bool variadic);
/* A struct or union whose body is to come; name is kept. */
struct c_type *c_type_aggregate(cp_context *cp, enum c_kind kind, const char *name);
/* Gives it its body: computes offsets, size and alignment, and adds the fields of unnamed members. fields is kept.
   false with an Error thrown, and then it stays incomplete. */
bool c_type_complete(cp_context *cp, struct c_type *type, struct c_field *fields, uint32_t count);

static inline bool c_type_is_integer(const struct c_type *type) {
    return type->kind >= C_CHAR && type->kind <= C_UINT64;
}
static inline bool c_type_is_aggregate(const struct c_type *type) {
    return type->kind == C_STRUCT || type->kind == C_UNION;
}
/* char * and const char *: what scripts see as Strings. */
static inline bool c_type_is_text(const struct c_type *type) {
    return type->kind == C_POINTER && type->target->kind == C_CHAR;
}
/* Whether memory of type b may be used where a is expected: void goes with everything, Integers with those of their
   size, pointers by what they point to. */
bool c_type_compatible(const struct c_type *a, const struct c_type *b);
/* The named field, aliases included, or NULL. */
const struct c_field *c_type_field(const struct c_type *type, const char *name, size_t size);
/* As C would write it, "int (*)(const char *, ...)"; very long ones are cut short. */
const char *c_type_text(cp_context *cp, const struct c_type *type);
/* The same as the declaration of a name. */
const char *c_type_declaration(cp_context *cp, const struct c_type *type, const char *name);

/* What libffi calls the type when it is passed or returned by value; NULL with 19.12 or 19.4 thrown. */
ffi_type *c_type_ffi(cp_context *cp, const struct c_type *type);
/* How a function without variable arguments is called; NULL with an Error thrown. */
ffi_cif *c_type_cif(cp_context *cp, const struct c_type *function);

#endif
