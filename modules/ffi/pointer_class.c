/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pointer_class.c: the class Pointer: an address in C's memory and the type of what lies there.
 *
 * Where the memory is ours, its bounds are known and kept. Where it is C's they are not, and a wrong access ends the
 * program: that cannot be told from here.
 */
#include "modules/ffi/c_declaration.h"
#include "modules/ffi/c_value.h"
#include "modules/ffi/ffi_state.h"

cp_value c_pointer(cp_context *cp, const struct c_type *target, void *address, struct c_block *block) {
    cp_value v = cp_new(cp, ffi_state(cp)->pointer);
    *place_of(v) = (struct place){*cp_object_of(v), target, address, block};
    return v;
}

bool c_is_pointer(cp_context *cp, cp_value v) { return cp_has_class(v, cp_class_number(ffi_state(cp)->pointer)); }

cp_value c_allocate(cp_context *cp, const struct c_type *type, cp_value initial) {
    if (type->size == 0)
        return cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE,
                        "the size of C's %s is not known: no memory can be made for it", c_type_text(cp, type));
    struct c_block *block = c_block_new(cp, type->size);
    if (!block) return CP_THROWN;
    struct c_subject subject = {NULL, C_SUBJECT_VALUE, NULL, 0};
    if (initial != CP_UNSET && !c_store(cp, &subject, type, initial, block->data, block)) return CP_THROWN;
    if (c_type_is_aggregate(type)) return c_struct(cp, type, block->data, block);
    return c_pointer(cp, type->kind == C_ARRAY ? type->target : type, block->data, block);
}

/* ---- helpers ---- */

static cp_value outside(cp_context *cp, const struct place *place) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX,
                    "outside of the memory: it has %zu bytes, and this Pointer is %td behind its beginning",
                    place->block->size, place->address - place->block->data);
}

static bool is_bounded(const struct place *place) { return place->block && place->block->data; }

/* Bytes from here to the end; 0 when the Pointer lies outside. */
static size_t bytes_left(const struct place *place) {
    if (!c_block_has(place->block, place->address, 0)) return 0;
    return place->block->size - (size_t)(place->address - place->block->data);
}

/* Bytes of an item; for void, one. */
static size_t step_of(const struct place *place) { return place->type->size ? place->type->size : 1; }

/* The address so many steps of a size away. false with 1.8 or 1.7 thrown. */
static bool move(cp_context *cp, const struct place *place, cp_value steps, size_t size, unsigned char **address) {
    int64_t n, distance;
    if (!cp_to_int64(steps, &n) || __builtin_mul_overflow(n, (int64_t)size, &distance)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the index or offset is beyond all memory");
        return false;
    }
    *address = (unsigned char *)((uintptr_t)place->address + (uintptr_t)distance);
    return true;
}

/* The place of `size` bytes at an index or offset, within the bounds. NULL with an Error thrown. */
static unsigned char *item_at(cp_context *cp, const struct place *place, cp_value index, size_t step, size_t size) {
    unsigned char *address;
    if (!move(cp, place, index, step, &address)) return NULL;
    if (c_block_has(place->block, address, size)) return address;
    outside(cp, place);
    return NULL;
}

static bool has_items(cp_context *cp, const struct place *place) {
    if (place->type->size || place->type->kind == C_FUNCTION) return true;
    cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE,
             "what lies behind a pointer to %s is not known: use read and write, or a Library's cast",
             c_type_text(cp, place->type));
    return false;
}

/* A type of C's own by name, of known size; NULL with 19.3 or 19.4 thrown. */
static const struct c_type *type_named(cp_context *cp, cp_value text) {
    struct c_names none = {0};
    const struct c_type *type = c_type_parse(cp, &none, text);
    if (!type || type->size) return type;
    cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE, "the size of C's %s is not known", c_type_text(cp, type));
    return NULL;
}

/* ---- making ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value what = arguments[0], initial = arguments[1] == CP_NIL ? CP_UNSET : arguments[1];
    int64_t size;
    if (cp_is_string(what)) {
        const struct c_type *type = type_named(cp, what);
        return type ? c_allocate(cp, type, initial) : CP_THROWN;
    }
    if (cp_is_binary(what)) size = (int64_t)cp_binary_of(what)->size;
    else if (!cp_to_int64(what, &size) || size < 0 || (uint64_t)size > C_MOST_SIZE)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a block of memory has from 0 to %zu bytes",
                        C_MOST_SIZE);
    struct c_block *block = c_block_new(cp, (size_t)size);
    if (!block) return CP_THROWN;
    if (cp_is_binary(what)) memcpy(block->data, cp_binary_of(what)->data, (size_t)size);
    return c_pointer(cp, &c_type_uint8, block->data, block);
}

/* ---- properties ---- */

static cp_value get_address(cp_context *cp, cp_value self) {
    return cp_integer_unsigned(cp, (uintptr_t)place_of(self)->address);
}

static cp_value get_type(cp_context *cp, cp_value self) {
    return cp_string_z(cp, c_type_text(cp, place_of(self)->type));
}

static cp_value get_size(cp_context *cp, cp_value self) {
    return is_bounded(place_of(self)) ? cp_integer_unsigned(cp, bytes_left(place_of(self))) : CP_NIL;
}

static cp_value get_length(cp_context *cp, cp_value self) {
    struct place *place = place_of(self);
    return is_bounded(place) ? cp_integer_unsigned(cp, bytes_left(place) / step_of(place)) : CP_NIL;
}

/* ---- methods: items ---- */

static cp_value m_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    if (!has_items(cp, place)) return CP_THROWN;
    if (!cp_is_integer(arguments[0])) {
        cp_value value = place_get_field(cp, place, arguments[0]);
        if (value != CP_UNSET) return value;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "C's %s has no field %.60s", c_type_text(cp, place->type),
                        cp_text_z(cp, arguments[0]));
    }
    unsigned char *address = item_at(cp, place, arguments[0], place->type->size, place->type->size);
    return address ? c_load(cp, place->type, address, place->block) : CP_THROWN;
}

static cp_value m_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    if (!has_items(cp, place)) return CP_THROWN;
    if (!cp_is_integer(arguments[0])) {
        cp_value value = place_set_field(cp, place, arguments[0], arguments[1]);
        if (value != CP_UNSET) return value;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "C's %s has no field %.60s", c_type_text(cp, place->type),
                        cp_text_z(cp, arguments[0]));
    }
    struct c_subject subject = {NULL, C_SUBJECT_ITEM, NULL, (size_t)cp_fixnum_value(arguments[0])};
    unsigned char *address = item_at(cp, place, arguments[0], place->type->size, place->type->size);
    if (!address || !c_store(cp, &subject, place->type, arguments[1], address, place_block(place))) return CP_THROWN;
    return arguments[1];
}

static cp_value m_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    int64_t items = 0;
    if (!has_items(cp, place)) return CP_THROWN;
    if (arguments[0] == CP_NIL && is_bounded(place)) items = (int64_t)(bytes_left(place) / step_of(place));
    else if (!cp_to_int64(arguments[0], &items) || items < 0 || (uint64_t)items > C_MOST_SIZE)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "the memory's size is not known: say how many items are there");
    cp_list_builder list = {0};
    for (int64_t i = 0; i < items; i++) {
        cp_value index = cp_fixnum(i), value = m_get(cp, self, &index, 1);
        if (value == CP_THROWN || (i % 4096 == 4095 && cp_poll(cp) == CP_THROWN)) return CP_THROWN;
        cp_list_add(&list, value);
    }
    return list.list;
}

/* ---- methods: bytes ---- */

static cp_value m_read(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const struct c_type *type = type_named(cp, arguments[0]);
    if (!type) return CP_THROWN;
    unsigned char *address = item_at(cp, place_of(self), arguments[1], 1, type->size);
    return address ? c_load(cp, type, address, place_of(self)->block) : CP_THROWN;
}

static cp_value m_write(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct c_subject subject = {NULL, C_SUBJECT_VALUE, NULL, 0};
    const struct c_type *type = type_named(cp, arguments[0]);
    if (!type) return CP_THROWN;
    unsigned char *address = item_at(cp, place_of(self), arguments[2], 1, type->size);
    if (!address || !c_store(cp, &subject, type, arguments[1], address, place_block(place_of(self)))) return CP_THROWN;
    return arguments[1];
}

/* How many bytes are wanted from here on: what is given, or what there is. */
static bool wanted_bytes(cp_context *cp, const struct place *place, cp_value given, size_t *size) {
    int64_t n;
    if (given == CP_NIL && is_bounded(place)) return *size = bytes_left(place), true;
    if (!cp_to_int64(given, &n) || n < 0 || (uint64_t)n > C_MOST_SIZE) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a number of bytes is needed, from 0 to %zu", C_MOST_SIZE);
        return false;
    }
    *size = (size_t)n;
    return item_at(cp, place, cp_fixnum(0), 1, *size) != NULL;
}

static cp_value m_text(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    size_t size;
    if (arguments[0] == CP_NIL && !is_bounded(place)) {
        if (!item_at(cp, place, cp_fixnum(0), 1, 0)) return CP_THROWN;
        return c_text(cp, (const char *)place->address, strlen((const char *)place->address));
    }
    if (!wanted_bytes(cp, place, arguments[0], &size)) return CP_THROWN;
    const unsigned char *nul = arguments[0] == CP_NIL && size ? memchr(place->address, 0, size) : NULL;
    return c_text(cp, (const char *)place->address, nul ? (size_t)(nul - place->address) : size);
}

static cp_value m_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    size_t size;
    if (!wanted_bytes(cp, place, arguments[0], &size)) return CP_THROWN;
    if (!cp_try_alloc_atomic(cp, size)) return CP_THROWN;
    return cp_binary_n(cp, place->address, size);
}

static cp_value m_set_bytes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(arguments[0], &bytes, &size)) return CP_THROWN;
    unsigned char *address = item_at(cp, place_of(self), arguments[1], 1, size);
    if (!address) return CP_THROWN;
    memmove(address, bytes, size);
    return CP_NIL;
}

/* ---- methods: addresses ---- */

static cp_value m_add(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    unsigned char *address;
    if (!move(cp, place, arguments[0], step_of(place), &address)) return CP_THROWN;
    return c_pointer(cp, place->type, address, place_block(place));
}

static cp_value m_subtract(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct place *place = place_of(self);
    int64_t n;
    if (c_is_pointer(cp, arguments[0])) {
        int64_t bytes = (int64_t)((uintptr_t)place->address - (uintptr_t)place_of(arguments[0])->address);
        return cp_integer(cp, bytes / (int64_t)step_of(place));
    }
    if (!cp_to_int64(arguments[0], &n) || n == INT64_MIN)
        return cp_throw_type(cp, "what is subtracted from a Pointer", "an Integer or a Pointer", arguments[0]);
    cp_value negative = cp_integer(cp, -n);
    return m_add(cp, self, &negative, 1);
}

static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return c_truth(cp, c_is_pointer(cp, arguments[0]) && place_of(self)->address == place_of(arguments[0])->address);
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return c_truth(cp, m_equal(cp, self, arguments, count) == CP_NIL);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct place *place = place_of(self);
    return cp_string_format(cp, "%s at %p", c_type_text(cp, place->type), (void *)place->address);
}

/* ---- table ---- */

static const cp_property_def properties[] = {
    {"address", "Integer", CP_READ_ONLY, NULL, get_address, NULL, "The address."},
    {"type", "String", CP_READ_ONLY, NULL, get_type, NULL,
     "The C type of what lies there, as \"int\" or \"struct tm\"."},
    {"size", "Integer", CP_READ_ONLY, NULL, get_size, NULL,
     "How many bytes there are from here to the end of the memory; () where it is C's and not known."},
    {"length", "Integer", CP_READ_ONLY, NULL, get_length, NULL, "The same in items of the type."},
    {0},
};

static const cp_method_def methods[] = {
    {"Pointer", "Pointer", "((what Integer|String|Binary) (initial Object ()))", construct,
     "New zeroed memory: so many bytes, or one value or array of a type of C's own such as \"int[10]\" (of "
     "declared types: a Library's `new`), with first values; or a copy of a Binary's bytes. It lives as long as a "
     "Pointer or Struct refers to it: keep one while C does. Error 1.8 for a size beyond 1 GB, 1.5 without the "
     "memory, 19.3 or 19.4 for a type that is none."},
    {"get", "Object", "((index Integer|String|Symbol 0))", m_get,
     "The item of that index, or the field of that name where a struct lies; values as Struct's get says. Error "
     "1.7 outside of memory whose size is known; elsewhere a wrong index may end the program. 19.4 when the type's "
     "size is not known."},
    {"set", "Object", "((index Integer|String|Symbol) (value Object))", m_set,
     "Changes an item or a field; values as Struct's set says. Errors as get, 1.8, 1.11."},
    {"list", "List", "((count Integer ()))", m_list,
     "So many items, or all where the size is known. Errors as get, 1.8 when it has to be said how many."},
    {"read", "Object", "((type String) (offset Integer 0))", m_read,
     "The value of a type of C's own at so many bytes from here, whatever type the Pointer has. Errors as get, "
     "19.3, 19.4."},
    {"write", "Object", "((type String) (value Object) (offset Integer 0))", m_write,
     "Writes one there. Errors as read, 1.8, 1.11."},
    {"text", "String", "((bytes Integer ()))", m_text,
     "The text from here to its NUL (or to the end of the memory), or of just so many bytes. Error 1.7 outside of "
     "the memory."},
    {"binary", "Binary", "((bytes Integer ()))", m_binary,
     "A copy of so many bytes, or of all from here where the size is known. Error 1.7 outside of the memory, 1.8 "
     "when it has to be said how many."},
    {"setBytes", "NIL", "((bytes String|Binary|Buffer) (offset Integer 0))", m_set_bytes,
     "Writes bytes there, without a NUL behind them. Error 1.7 outside of the memory."},
    {"+", "Pointer", "((items Integer))", m_add,
     "A Pointer so many items further on; bytes, where the type has no size. It may lie outside, but not be read "
     "there."},
    {"-", "Object", "((other Integer|Pointer))", m_subtract,
     "A Pointer so many items further back; of two Pointers, the items between them."},
    {"==", "Symbol", "(other)", m_equal, "true for the same address, else ()."},
    {"!=", "Symbol", "(other)", m_unequal, "The opposite."},
    {"string", "String", "()", m_string, "Type and address. Use text for what lies there."},
    {0},
};

const cp_class_def pointer_class = {
    .name = "Pointer",
    .doc = "An address in C's memory and the type of what lies there; NULL is () instead. A pointer to a struct has "
           "its fields by the dot. Memory that was made here has bounds, which are kept; in memory of C's a wrong "
           "index or an address that is no longer valid may end the program, as in C.",
    .size = sizeof(struct place),
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .properties = properties,
    .methods = methods,
    .missing = place_missing,
};
