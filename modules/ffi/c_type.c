/* SPDX-License-Identifier: GPL-3.0-or-later */
/* c_type.c: the scalars of C, the types derived from them, and the layout of structs (System V ABI, AAPCS64). */
#include "modules/ffi/c_type.h"

#include <sys/types.h>
#include <time.h>
#include <wchar.h>

/* ---- scalars ---- */

#define INTEGER_KIND(type)                                                                                             \
    ((type)-1 < (type)1 ? (sizeof(type) == 1   ? C_INT8                                                                \
                           : sizeof(type) == 2 ? C_INT16                                                               \
                           : sizeof(type) == 4 ? C_INT32                                                               \
                                               : C_INT64)                                                              \
                        : (sizeof(type) == 1   ? C_UINT8                                                               \
                           : sizeof(type) == 2 ? C_UINT16                                                              \
                           : sizeof(type) == 4 ? C_UINT32                                                              \
                                               : C_UINT64))
#define SCALAR(text, c, k)                                                                                             \
    { .kind = (k), .size = sizeof(c), .alignment = _Alignof(c), .name = (text) }
#define INTEGER(text, c) SCALAR(text, c, INTEGER_KIND(c))

const struct c_type c_type_void = {.kind = C_VOID, .name = "void"};
const struct c_type c_type_char = SCALAR("char", char, C_CHAR);
const struct c_type c_type_int = INTEGER("int", int);
const struct c_type c_type_unsigned_int = INTEGER("unsigned int", unsigned);
const struct c_type c_type_uint8 = INTEGER("uint8_t", uint8_t);

static const struct c_type scalars[] = {
    SCALAR("bool", bool, C_BOOL),
    SCALAR("_Bool", bool, C_BOOL),
    INTEGER("signed char", signed char),
    INTEGER("unsigned char", unsigned char),
    INTEGER("short", short),
    INTEGER("unsigned short", unsigned short),
    INTEGER("long", long),
    INTEGER("unsigned long", unsigned long),
    INTEGER("long long", long long),
    INTEGER("unsigned long long", unsigned long long),
    SCALAR("float", float, C_FLOAT),
    SCALAR("double", double, C_DOUBLE),
    INTEGER("int8_t", int8_t),
    INTEGER("int16_t", int16_t),
    INTEGER("uint16_t", uint16_t),
    INTEGER("int32_t", int32_t),
    INTEGER("uint32_t", uint32_t),
    INTEGER("int64_t", int64_t),
    INTEGER("uint64_t", uint64_t),
    INTEGER("int8", int8_t),
    INTEGER("uint8", uint8_t),
    INTEGER("int16", int16_t),
    INTEGER("uint16", uint16_t),
    INTEGER("int32", int32_t),
    INTEGER("uint32", uint32_t),
    INTEGER("int64", int64_t),
    INTEGER("uint64", uint64_t),
    INTEGER("size_t", size_t),
    INTEGER("ssize_t", ssize_t),
    INTEGER("intptr_t", intptr_t),
    INTEGER("uintptr_t", uintptr_t),
    INTEGER("ptrdiff_t", ptrdiff_t),
    INTEGER("time_t", time_t),
    INTEGER("off_t", off_t),
    INTEGER("pid_t", pid_t),
    INTEGER("uid_t", uid_t),
    INTEGER("gid_t", gid_t),
    INTEGER("mode_t", mode_t),
    INTEGER("wchar_t", wchar_t),
};

static bool is_named(const struct c_type *type, const char *name, size_t size) {
    return strlen(type->name) == size && memcmp(type->name, name, size) == 0;
}

const struct c_type *c_type_scalar(const char *name, size_t size) {
    static const struct c_type *const first[] = {&c_type_void, &c_type_char, &c_type_int, &c_type_unsigned_int,
                                                 &c_type_uint8};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (is_named(first[i], name, size)) return first[i];
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (is_named(&scalars[i], name, size)) return &scalars[i];
    return NULL;
}

/* ---- derived types ---- */

static cp_value bad(cp_context *cp, const char *what, const struct c_type *type) {
    return cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "C has no %s: %s", what, c_type_text(cp, type));
}

static struct c_type *derive(cp_context *cp, enum c_kind kind, const struct c_type *target, unsigned depth) {
    if (depth > C_MOST_DEPTH) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "a C type has at most %d types within each other", C_MOST_DEPTH);
        return NULL;
    }
    struct c_type *type = cp_alloc(sizeof *type);
    type->kind = kind;
    type->target = target;
    type->depth = depth;
    return type;
}

const struct c_type *c_type_pointer(cp_context *cp, const struct c_type *target, bool target_const, size_t count) {
    /* A struct may point to itself: what lies behind a pointer to one is another matter. */
    struct c_type *type = derive(cp, C_POINTER, target, c_type_is_aggregate(target) ? 1 : target->depth + 1);
    if (!type) return NULL;
    type->target_const = target_const;
    type->count = count;
    type->size = sizeof(void *);
    type->alignment = _Alignof(void *);
    type->ffi = &ffi_type_pointer;
    return type;
}

const struct c_type *c_type_array(cp_context *cp, const struct c_type *item, bool item_const, size_t count) {
    if (item->kind == C_FUNCTION || item->kind == C_VOID) return (void)bad(cp, "array of this", item), NULL;
    if (item->size == 0) {
        cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE, "an array needs items of known size: %s has no body",
                 c_type_text(cp, item));
        return NULL;
    }
    if (count == 0 || count > C_MOST_SIZE / item->size) {
        cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "an array has from 1 to %zu items of type %s, not %zu",
                 C_MOST_SIZE / item->size, c_type_text(cp, item), count);
        return NULL;
    }
    struct c_type *type = derive(cp, C_ARRAY, item, item->depth + 1);
    if (!type) return NULL;
    type->target_const = item_const;
    type->count = count;
    type->size = item->size * count;
    type->alignment = item->alignment;
    return type;
}

const struct c_type *c_type_function(cp_context *cp, const struct c_type *result,
                                     const struct c_type *const *parameters, uint32_t count, bool variadic) {
    if (result->kind == C_ARRAY || result->kind == C_FUNCTION)
        return (void)bad(cp, "function that returns this", result), NULL;
    unsigned depth = result->depth;
    for (uint32_t i = 0; i < count; i++)
        if (parameters[i]->depth > depth) depth = parameters[i]->depth;
    struct c_type *type = derive(cp, C_FUNCTION, result, depth + 1);
    if (!type) return NULL;
    const struct c_type **kept = cp_alloc((count + 1) * sizeof *kept);
    for (uint32_t i = 0; i < count; i++) kept[i] = parameters[i];
    type->parameters = kept;
    type->parameter_count = count;
    type->variadic = variadic;
    return type;
}

/* ---- structs and unions ---- */

struct c_type *c_type_aggregate(cp_context *cp, enum c_kind kind, const char *name) {
    struct c_type *type = derive(cp, kind, NULL, 1);
    type->name = name;
    type->incomplete = true;
    return type;
}

/* Fields with the offsets they have, and after each unnamed member its own as aliases. NULL when a name comes twice. */
static struct c_field *with_aliases(cp_context *cp, const struct c_type *type, const struct c_field *fields,
                                    uint32_t *count) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < *count; i++) total += 1 + (fields[i].name ? 0 : fields[i].type->field_count);
    if (total > C_MOST_FIELDS) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "%s has more than %d fields", type->name, C_MOST_FIELDS);
        return NULL;
    }
    struct c_field *all = cp_alloc((total + 1) * sizeof *all);
    uint32_t at = 0;
    for (uint32_t i = 0; i < *count; i++) {
        all[at++] = fields[i];
        if (fields[i].name) continue;
        for (uint32_t k = 0; k < fields[i].type->field_count; k++) {
            struct c_field inner = fields[i].type->fields[k];
            if (!inner.name) continue;
            inner.offset += fields[i].offset;
            inner.alias = true;
            all[at++] = inner;
        }
    }
    *count = at;
    for (uint32_t i = 0; i < at; i++)
        for (uint32_t k = 0; all[i].name && k < i; k++)
            if (all[k].name && strcmp(all[k].name, all[i].name) == 0) {
                cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "%s has two fields named %s", type->name, all[i].name);
                return NULL;
            }
    return all;
}

bool c_type_complete(cp_context *cp, struct c_type *type, struct c_field *fields, uint32_t count) {
    size_t end = 0, alignment = 1;
    unsigned depth = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct c_type *field = fields[i].type;
        size_t offset = type->kind == C_UNION ? 0 : (end + field->alignment - 1) / field->alignment * field->alignment;
        fields[i].offset = offset;
        if (offset + field->size > end) end = offset + field->size;
        if (end > C_MOST_SIZE) {
            cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "%s is larger than %zu bytes", type->name, C_MOST_SIZE);
            return false;
        }
        if (field->alignment > alignment) alignment = field->alignment;
        if (field->depth > depth) depth = field->depth;
    }
    if (depth + 1 > C_MOST_DEPTH) return derive(cp, type->kind, NULL, depth + 1) != NULL;
    struct c_field *all = with_aliases(cp, type, fields, &count);
    if (!all) return false;
    type->fields = all;
    type->field_count = count;
    type->size = (end + alignment - 1) / alignment * alignment;
    type->alignment = alignment;
    type->depth = depth + 1;
    type->incomplete = false;
    return true;
}

const struct c_field *c_type_field(const struct c_type *type, const char *name, size_t size) {
    for (uint32_t i = 0; i < type->field_count; i++) {
        const char *field = type->fields[i].name;
        if (field && strlen(field) == size && memcmp(field, name, size) == 0) return &type->fields[i];
    }
    return NULL;
}

/* ---- comparing and spelling ---- */

bool c_type_compatible(const struct c_type *a, const struct c_type *b) {
    for (;;) {
        if (a == b || a->kind == C_VOID || b->kind == C_VOID) return true;
        if (c_type_is_integer(a) && c_type_is_integer(b)) return a->size == b->size;
        if (a->kind != b->kind || c_type_is_aggregate(a)) return false;
        if (a->kind != C_POINTER && (a->kind != C_ARRAY || a->count != b->count)) return true;
        a = a->target;
        b = b->target;
    }
}

enum { SPELL_MOST = 60 }; /* types named in one text */

static const char *spell(cp_context *cp, const struct c_type *type, bool is_const, const char *inner, int *left);

static const char *spell_parameters(cp_context *cp, const struct c_type *type, int *left) {
    if (type->parameter_count == 0) return type->variadic ? "..." : "void";
    const char *text = "";
    for (uint32_t i = 0; i<type->parameter_count && * left> 0; i++)
        text = cp_text_z(
            cp, cp_string_format(cp, "%s%s%s", text, i ? ", " : "", spell(cp, type->parameters[i], false, "", left)));
    return type->variadic ? cp_text_z(cp, cp_string_format(cp, "%s, ...", text)) : text;
}

/* C's declarators read inside out: `inner` is what has been spelled so far. */
static const char *spell(cp_context *cp, const struct c_type *type, bool is_const, const char *inner, int *left) {
    if (--*left < 0) return "...";
    cp_value text;
    bool separated = *inner && *inner != '[' && (*inner != '(' || inner[1] == '*');
    switch (type->kind) {
    case C_POINTER: {
        bool brackets = type->target->kind == C_ARRAY || type->target->kind == C_FUNCTION;
        text = cp_string_format(cp, "%s*%s%s%s%s", brackets ? "(" : "", is_const ? "const" : "",
                                is_const && *inner ? " " : "", inner, brackets ? ")" : "");
        return spell(cp, type->target, type->target_const, cp_text_z(cp, text), left);
    }
    case C_ARRAY:
        text = cp_string_format(cp, "%s[%zu]", inner, type->count);
        return spell(cp, type->target, type->target_const, cp_text_z(cp, text), left);
    case C_FUNCTION:
        text = cp_string_format(cp, "%s(%s)", inner, spell_parameters(cp, type, left));
        return spell(cp, type->target, false, cp_text_z(cp, text), left);
    default:
        text = cp_string_format(cp, "%s%s%s%s", is_const ? "const " : "", type->name, separated ? " " : "", inner);
        return cp_text_z(cp, text);
    }
}

const char *c_type_declaration(cp_context *cp, const struct c_type *type, const char *name) {
    int left = SPELL_MOST;
    return spell(cp, type, false, name, &left);
}

const char *c_type_text(cp_context *cp, const struct c_type *type) { return c_type_declaration(cp, type, ""); }

/* ---- libffi ---- */

enum { FFI_MOST_ITEMS = 4096 }; /* libffi takes an array as so many fields */

static ffi_type *scalar_ffi(const struct c_type *type) {
    switch (type->kind) {
    case C_VOID: return &ffi_type_void;
    case C_BOOL: return &ffi_type_uint8;
    case C_CHAR: return (char)-1 < 0 ? &ffi_type_sint8 : &ffi_type_uint8;
    case C_INT8: return &ffi_type_sint8;
    case C_UINT8: return &ffi_type_uint8;
    case C_INT16: return &ffi_type_sint16;
    case C_UINT16: return &ffi_type_uint16;
    case C_INT32: return &ffi_type_sint32;
    case C_UINT32: return &ffi_type_uint32;
    case C_INT64: return &ffi_type_sint64;
    case C_UINT64: return &ffi_type_uint64;
    case C_FLOAT: return &ffi_type_float;
    case C_DOUBLE: return &ffi_type_double;
    case C_POINTER: return &ffi_type_pointer;
    default: return NULL;
    }
}

static ffi_type *aggregate_ffi(cp_context *cp, const struct c_type *type) {
    uint32_t room = type->kind == C_ARRAY ? (uint32_t)type->count : type->field_count, count = 0;
    ffi_type *result = cp_alloc(sizeof *result), **elements = cp_alloc((room + 1) * sizeof *elements);
    for (uint32_t i = 0; i < room; i++) {
        if (type->kind != C_ARRAY && type->fields[i].alias) continue;
        elements[count] = i && type->kind == C_ARRAY
                              ? elements[0]
                              : c_type_ffi(cp, type->kind == C_ARRAY ? type->target : type->fields[i].type);
        if (!elements[count++]) return NULL;
    }
    result->type = FFI_TYPE_STRUCT;
    result->elements = elements;
    return result;
}

ffi_type *c_type_ffi(cp_context *cp, const struct c_type *type) {
    ffi_type *scalar = scalar_ffi(type);
    if (scalar) return scalar;
    if (type->ffi) return type->ffi;
    if (type->incomplete) {
        cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE, "%s has no body: only pointers to it can be passed", type->name);
        return NULL;
    }
    if (type->kind == C_UNION || type->kind == C_FUNCTION || (type->kind == C_ARRAY && type->count > FFI_MOST_ITEMS)) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED,
                 "%s cannot be passed or returned by value, also not within a struct: pass a pointer",
                 c_type_text(cp, type));
        return NULL;
    }
    /* The one part of a type that comes later: it says the same as the rest. */
    return ((struct c_type *)type)->ffi = aggregate_ffi(cp, type);
}

ffi_cif *c_type_cif(cp_context *cp, const struct c_type *function) {
    if (function->cif) return function->cif;
    ffi_type **types = cp_alloc((function->parameter_count + 1) * sizeof *types), *result;
    for (uint32_t i = 0; i < function->parameter_count; i++)
        if (!(types[i] = c_type_ffi(cp, function->parameters[i]))) return NULL;
    if (!(result = c_type_ffi(cp, function->target))) return NULL;
    ffi_cif *cif = cp_alloc(sizeof *cif);
    if (ffi_prep_cif(cif, FFI_DEFAULT_ABI, function->parameter_count, result, types) != FFI_OK) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "libffi cannot call %s", c_type_text(cp, function));
        return NULL;
    }
    return ((struct c_type *)function)->cif = cif;
}
