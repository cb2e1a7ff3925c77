/* SPDX-License-Identifier: GPL-3.0-or-later */
/* c_value.c: writes Carapace values into C's memory as a declared type says, and reads them back. */
#include "modules/ffi/c_value.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "modules/ffi/c_call.h"
#include "modules/ffi/c_library.h"
#include "modules/ffi/callback.h"
#include "modules/ffi/ffi_state.h"

/* ---- Errors ---- */

const char *c_subject_text(cp_context *cp, const struct c_subject *subject) {
    cp_value text = cp_string_z(cp, "the value");
    if (subject->kind == C_SUBJECT_ARGUMENT)
        text = cp_string_format(cp, "argument %zu of %s", subject->index + 1, subject->name);
    else if (subject->kind == C_SUBJECT_FIELD) text = cp_string_format(cp, "the field %s", subject->name);
    else if (subject->kind == C_SUBJECT_ITEM) text = cp_string_format(cp, "item %zu", subject->index);
    else if (subject->kind == C_SUBJECT_RESULT) text = cp_string_format(cp, "the result of %s", subject->name);
    if (!subject->outer) return cp_text_z(cp, text);
    return cp_text_z(cp, cp_string_format(cp, "%s of %s", cp_text_z(cp, text), c_subject_text(cp, subject->outer)));
}

static bool wrong_class(cp_context *cp, const struct c_subject *subject, const struct c_type *type, const char *classes,
                        cp_value got) {
    const char *expected = cp_text_z(cp, cp_string_format(cp, "%s for C's %s", classes, c_type_text(cp, type)));
    cp_throw_type(cp, c_subject_text(cp, subject), expected, got);
    return false;
}

static bool out_of_range(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value got) {
    cp_value text = cp_to_source(cp, got);
    if (text == CP_THROWN) return false;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is out of the range of C's %s: %.60s",
             c_subject_text(cp, subject), c_type_text(cp, type), cp_text_z(cp, text));
    return false;
}

static bool wrong_count(cp_context *cp, const struct c_subject *subject, const struct c_type *type, size_t got) {
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s has %zu items (or bytes), too many for C's %s",
             c_subject_text(cp, subject), got, c_type_text(cp, type));
    return false;
}

bool c_check_text(cp_context *cp, const struct c_subject *subject, cp_value text) {
    const char *nul = memchr(cp_string_text(text), 0, cp_string_size(text));
    if (!nul) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "%s has a NUL at byte %zu, where it would end in C: pass a Binary instead", c_subject_text(cp, subject),
             (size_t)(nul - cp_string_text(text)));
    return false;
}

/* ---- blocks ---- */

struct c_block *c_block_new(cp_context *cp, size_t size) {
    /* Not scanned: addresses in it are kept alive by `kept`, and what else C writes there are no pointers of ours. */
    unsigned char *data = cp_try_alloc_atomic(cp, size ? size : 1);
    if (!data) return NULL;
    memset(data, 0, size ? size : 1);
    struct c_block *block = cp_alloc(sizeof *block);
    block->data = data;
    block->size = size;
    return block;
}

bool c_block_has(const struct c_block *block, const unsigned char *address, size_t size) {
    if (!block || !block->data) return true;
    if (address < block->data) return false;
    size_t offset = (size_t)(address - block->data);
    return offset <= block->size && size <= block->size - offset;
}

/* The place of the first entry at or behind an address; entries are in the order of their addresses. */
static uint32_t kept_place(const struct c_block *block, const unsigned char *at) {
    uint32_t low = 0, high = block->kept_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (block->kept[middle].at < at) low = middle + 1;
        else high = middle;
    }
    return low;
}

static struct c_kept *kept_at(const struct c_block *block, const unsigned char *at) {
    uint32_t place = kept_place(block, at);
    return place < block->kept_count && block->kept[place].at == at ? &block->kept[place] : NULL;
}

static void keep(struct c_block *block, struct c_kept entry) {
    uint32_t place = kept_place(block, entry.at);
    if (place < block->kept_count && block->kept[place].at == entry.at) {
        block->kept[place] = entry;
        return;
    }
    if (block->kept_count == block->kept_capacity) {
        uint32_t capacity = block->kept_capacity ? 2 * block->kept_capacity : 4;
        struct c_kept *more = cp_alloc(capacity * sizeof *more);
        if (block->kept_count) memcpy(more, block->kept, block->kept_count * sizeof *more);
        block->kept = more;
        block->kept_capacity = capacity;
    }
    memmove(block->kept + place + 1, block->kept + place, (block->kept_count - place) * sizeof *block->kept);
    block->kept[place] = entry;
    block->kept_count++;
}

/* What bytes that are copied keep alive is kept by the copy too. */
static void keep_copied(struct c_block *to, unsigned char *memory, const struct c_block *from,
                        const unsigned char *source, size_t size) {
    for (uint32_t i = kept_place(from, source); i < from->kept_count && from->kept[i].at < source + size; i++) {
        struct c_kept entry = from->kept[i];
        entry.at = memory + (entry.at - source);
        keep(to, entry);
    }
}

/* ---- storing ---- */

static bool store_integer(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                          unsigned char *memory) {
    static const struct {
        int64_t low;
        uint64_t high;
    } ranges[] = {
        [C_CHAR] = {INT8_MIN, UINT8_MAX},   [C_INT8] = {INT8_MIN, INT8_MAX},    [C_UINT8] = {0, UINT8_MAX},
        [C_INT16] = {INT16_MIN, INT16_MAX}, [C_UINT16] = {0, UINT16_MAX},       [C_INT32] = {INT32_MIN, INT32_MAX},
        [C_UINT32] = {0, UINT32_MAX},       [C_INT64] = {INT64_MIN, INT64_MAX}, [C_UINT64] = {0, UINT64_MAX}};
    if (!cp_is_integer(value)) return wrong_class(cp, subject, type, "an Integer", value);
    int64_t n = 0;
    uint64_t bits = 0;
    bool fits = cp_to_int64(value, &n);
    if (fits) {
        bits = (uint64_t)n;
        fits = n < 0 ? n >= ranges[type->kind].low : bits <= ranges[type->kind].high;
    } else fits = type->kind == C_UINT64 && cp_to_uint64(value, &bits);
    if (!fits) return out_of_range(cp, subject, type, value);
    switch (type->size) {
    case 1: *(uint8_t *)memory = (uint8_t)bits; break;
    case 2: memcpy(memory, &(uint16_t){(uint16_t)bits}, 2); break;
    case 4: memcpy(memory, &(uint32_t){(uint32_t)bits}, 4); break;
    default: memcpy(memory, &bits, 8);
    }
    return true;
}

static bool store_real(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                       unsigned char *memory) {
    if (!cp_is_number(value)) return wrong_class(cp, subject, type, "a Real or Integer", value);
    double d = cp_is_real(value) ? cp_real_value(value) : cp_to_double(value);
    if (type->kind == C_DOUBLE) {
        memcpy(memory, &d, sizeof d);
        return true;
    }
    if (isfinite(d) && fabs(d) > FLT_MAX) return out_of_range(cp, subject, type, value);
    float f = (float)d;
    memcpy(memory, &f, sizeof f);
    return true;
}

static bool store_bool(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                       unsigned char *memory) {
    bool is_true = value == cp_symbol_z(cp, "true") || value == cp_fixnum(1);
    if (!is_true && value != CP_NIL && value != cp_fixnum(0))
        return wrong_class(cp, subject, type, "true or () (1 or 0)", value);
    memcpy(memory, &is_true, sizeof is_true);
    return true;
}

int c_address(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
              void **address) {
    const struct c_type *target = type->target, *got = NULL;
    if (c_is_pointer(cp, value) || c_is_struct(cp, value)) {
        struct place *place = place_of(value);
        got = place->type;
        *address = place->address;
        if (c_type_compatible(target, got) && type->count &&
            !c_block_has(place->block, place->address, type->count * target->size)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is too small: %zu items of C's %s are needed",
                     c_subject_text(cp, subject), type->count, c_type_text(cp, target));
            return -1;
        }
    } else if (c_is_function(cp, value)) {
        got = c_function_of(value)->type;
        *address = c_function_of(value)->address;
        if (!c_library_is_open(c_function_of(value)->library)) {
            cp_throw(cp, CP_ERROR_FFI, FFI_CLOSED, "%s cannot be %s: its Library is closed",
                     c_subject_text(cp, subject), c_function_of(value)->name);
            return -1;
        }
    } else if (callback_is(cp, value)) {
        got = callback_of(value)->type;
        *address = callback_address(cp, value);
        if (!*address) return -1;
    } else return 0;
    if (c_type_compatible(target, got)) return 1;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
             "%s must be C's %s, got a pointer to %s: a Library's cast changes it", c_subject_text(cp, subject),
             c_type_text(cp, type), c_type_text(cp, got));
    return -1;
}

static bool store_pointer(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                          unsigned char *memory, struct c_block *block) {
    void *address = NULL;
    struct c_kept entry = {.at = memory, .value = value};
    if (value != CP_NIL) {
        int found = c_address(cp, subject, type, value, &address);
        if (found < 0) return false;
        bool is_text = cp_is_string(value) && c_type_is_text(type);
        if (found == 0 && is_text && block) {
            if (!c_check_text(cp, subject, value)) return false;
            size_t size = cp_string_size(value);
            if (!(address = cp_try_alloc_atomic(cp, size + 1))) return false;
            memcpy(address, cp_string_text(value), size);
            ((char *)address)[size] = 0;
            entry.block = address;
        } else if (found == 0 && cp_is_binary(value) && block && type->target->kind != C_POINTER &&
                   type->target->kind != C_FUNCTION) {
            address = entry.block = cp_binary_of(value)->data;
        } else if (found == 0 && cp_is_function(value))
            return wrong_class(cp, subject, type, "a Callback that a Library made (or a CFunction)", value);
        else if (found == 0)
            return wrong_class(
                cp, subject, type,
                block ? (c_type_is_text(type) ? "a String, Pointer, Binary or ()" : "a Pointer, Struct, Binary or ()")
                      : "a Pointer that the script keeps, or (),",
                value);
    }
    memcpy(memory, &address, sizeof address);
    entry.address = address;
    if (block && (address || kept_at(block, memory))) keep(block, entry);
    return true;
}

/* The items of a List or Array: item i, or CP_UNSET at the end. */
struct items {
    cp_value list;
    const cp_value *array;
    size_t count;
};

static bool items_of(cp_value value, struct items *items) {
    *items = (struct items){.list = value};
    if (cp_is_list(value)) items->count = cp_list_length(value);
    else if (cp_has_class(value, CP_CLASS_ARRAY)) items->array = cp_array_items(value, &items->count);
    else return false;
    return true;
}

static cp_value next_item(struct items *items, size_t i) {
    if (items->array) return items->array[i];
    cp_value item = cp_head(items->list);
    items->list = cp_tail(items->list);
    return item;
}

static bool store_array(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                        unsigned char *memory, struct c_block *block) {
    struct items items;
    const struct c_type *item = type->target;
    const char *bytes;
    size_t size;
    bool is_bytes = item->size == 1 && item->kind != C_BOOL;
    if (is_bytes && cp_bytes_of(value, &bytes, &size) && !cp_is_symbol(value)) {
        if (cp_is_string(value) && !c_check_text(cp, subject, value)) return false;
        if (size > type->size) return wrong_count(cp, subject, type, size);
        memset(memory, 0, type->size);
        memcpy(memory, bytes, size);
        return true;
    }
    if (c_is_pointer(cp, value) && c_type_compatible(place_of(value)->type, item)) {
        struct place *from = place_of(value);
        if (!c_block_has(from->block, from->address, type->size)) return wrong_count(cp, subject, type, 0);
        memmove(memory, from->address, type->size);
        if (block && from->block) keep_copied(block, memory, from->block, from->address, type->size);
        return true;
    }
    if (!items_of(value, &items))
        return wrong_class(cp, subject, type, is_bytes ? "a String, Binary, List or Array" : "a List or Array", value);
    if (items.count > type->count) return wrong_count(cp, subject, type, items.count);
    memset(memory, 0, type->size);
    for (size_t i = 0; i < items.count; i++) {
        struct c_subject inner = {subject, C_SUBJECT_ITEM, NULL, i};
        if (!c_store(cp, &inner, item, next_item(&items, i), memory + i * item->size, block)) return false;
    }
    return true;
}

static bool store_fields(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value table,
                         unsigned char *memory, struct c_block *block) {
    size_t position = 0;
    cp_value key, value;
    while (cp_table_next(table, &position, &key, &value)) {
        const char *name;
        size_t size;
        if (!cp_bytes_of(key, &name, &size)) return wrong_class(cp, subject, type, "names of fields as keys", key);
        const struct c_field *field = c_type_field(type, name, size);
        if (!field) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "%s has no field %.*s", type->name,
                     (int)(size > 60 ? 60 : size), name);
            return false;
        }
        struct c_subject inner = {subject, C_SUBJECT_FIELD, field->name, 0};
        if (!c_store(cp, &inner, field->type, value, memory + field->offset, block)) return false;
    }
    return true;
}

static bool store_struct(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
                         unsigned char *memory, struct c_block *block) {
    struct items items;
    if (c_is_struct(cp, value)) {
        struct place *from = place_of(value);
        if (from->type != type) {
            const char *expected = cp_text_z(cp, cp_string_format(cp, "a %s", c_type_text(cp, type)));
            cp_throw(cp, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH, "%s must be %s, got a %s", c_subject_text(cp, subject),
                     expected, c_type_text(cp, from->type));
            return false;
        }
        memmove(memory, from->address, type->size);
        if (block && from->block) keep_copied(block, memory, from->block, from->address, type->size);
        return true;
    }
    bool is_table = cp_has_class(value, CP_CLASS_HASH_TABLE);
    if (!is_table && !items_of(value, &items))
        return wrong_class(cp, subject, type, "a Struct, a HashTable or a List", value);
    memset(memory, 0, type->size);
    if (is_table) return store_fields(cp, subject, type, value, memory, block);
    size_t at = 0;
    for (uint32_t i = 0; i < type->field_count && at < items.count; i++) {
        const struct c_field *field = &type->fields[i];
        if (!field->name) continue;
        struct c_subject inner = {subject, C_SUBJECT_FIELD, field->name, 0};
        if (!c_store(cp, &inner, field->type, next_item(&items, at++), memory + field->offset, block)) return false;
    }
    return at == items.count || wrong_count(cp, subject, type, items.count);
}

bool c_store(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
             unsigned char *memory, struct c_block *block) {
    switch (type->kind) {
    case C_VOID:
    case C_FUNCTION: return wrong_class(cp, subject, type, "nothing: there is no value", value);
    case C_BOOL: return store_bool(cp, subject, type, value, memory);
    case C_FLOAT:
    case C_DOUBLE: return store_real(cp, subject, type, value, memory);
    case C_POINTER: return store_pointer(cp, subject, type, value, memory, block);
    case C_ARRAY: return store_array(cp, subject, type, value, memory, block);
    case C_STRUCT:
    case C_UNION: return store_struct(cp, subject, type, value, memory, block);
    default: return store_integer(cp, subject, type, value, memory);
    }
}

/* ---- loading ---- */

enum { SMALL_TEXT = 4096 }; /* bytes for which the memory limit is not asked */

cp_value c_text(cp_context *cp, const char *text, size_t size) {
    if (size > SMALL_TEXT && !cp_try_alloc_atomic(cp, size)) return CP_THROWN;
    return cp_string_n(cp, text, size);
}

static cp_value load_integer(cp_context *cp, const struct c_type *type, const unsigned char *memory) {
    int16_t n16 = 0;
    int32_t n32 = 0;
    int64_t n64 = 0;
    memcpy(&n16, memory, type->size >= 2 ? 2 : 0);
    memcpy(&n32, memory, type->size >= 4 ? 4 : 0);
    memcpy(&n64, memory, type->size >= 8 ? 8 : 0);
    switch (type->kind) {
    case C_CHAR: return cp_fixnum(*(const char *)memory);
    case C_INT8: return cp_fixnum(*(const int8_t *)memory);
    case C_UINT8: return cp_fixnum(*memory);
    case C_INT16: return cp_fixnum(n16);
    case C_UINT16: return cp_fixnum((uint16_t)n16);
    case C_INT32: return cp_fixnum(n32);
    case C_UINT32: return cp_fixnum((uint32_t)n32);
    case C_INT64: return cp_integer(cp, n64);
    default: return cp_integer_unsigned(cp, (uint64_t)n64);
    }
}

static cp_value load_pointer(cp_context *cp, const struct c_type *type, unsigned char *memory, struct c_block *block) {
    void *address;
    memcpy(&address, memory, sizeof address);
    if (!address) return CP_NIL;
    if (c_type_is_text(type)) return c_text(cp, address, strlen(address));
    /* What a script has put there comes back with the bounds it had. */
    struct c_kept *kept = block ? kept_at(block, memory) : NULL;
    if (kept && kept->address == address && kept->value != CP_NIL) {
        if (c_is_pointer(cp, kept->value) && place_of(kept->value)->type == type->target) return kept->value;
        if (c_is_pointer(cp, kept->value) || c_is_struct(cp, kept->value))
            return c_pointer(cp, type->target, address, place_block(place_of(kept->value)));
        if (cp_is_binary(kept->value)) {
            struct c_block *bytes = cp_alloc(sizeof *bytes);
            *bytes = (struct c_block){.data = address, .size = cp_binary_of(kept->value)->size, .owner = kept->value};
            return c_pointer(cp, type->target, address, bytes);
        }
    }
    if (type->target->kind == C_FUNCTION) return c_function_new(cp, type->target, "", address, CP_NIL);
    return c_pointer(cp, type->target, address, NULL);
}

static cp_value load_array(cp_context *cp, const struct c_type *type, unsigned char *memory, struct c_block *block) {
    const struct c_type *item = type->target;
    if (item->kind == C_CHAR) {
        const char *nul = memchr(memory, 0, type->size);
        return c_text(cp, (const char *)memory, nul ? (size_t)(nul - (const char *)memory) : type->size);
    }
    if (item->kind == C_UINT8) {
        if (type->size > SMALL_TEXT && !cp_try_alloc_atomic(cp, type->size)) return CP_THROWN;
        return cp_binary_n(cp, memory, type->size);
    }
    cp_list_builder list = {0};
    for (size_t i = 0; i < type->count; i++) {
        if (i % 4096 == 4095 && !cp_try_alloc_atomic(cp, (type->count - i) * sizeof(cp_cell))) return CP_THROWN;
        cp_value value = c_load(cp, item, memory + i * item->size, block);
        if (value == CP_THROWN) return value;
        cp_list_add(&list, value);
    }
    return list.list;
}

cp_value c_load(cp_context *cp, const struct c_type *type, unsigned char *memory, struct c_block *block) {
    switch (type->kind) {
    case C_VOID: return CP_NIL;
    case C_BOOL: return c_truth(cp, *memory != 0);
    case C_FLOAT: {
        float f;
        memcpy(&f, memory, sizeof f);
        return cp_real(f);
    }
    case C_DOUBLE: {
        double d;
        memcpy(&d, memory, sizeof d);
        return cp_real(d);
    }
    case C_POINTER: return load_pointer(cp, type, memory, block);
    case C_ARRAY: return load_array(cp, type, memory, block);
    case C_STRUCT:
    case C_UNION: return c_struct(cp, type, memory, block);
    case C_FUNCTION: return c_function_new(cp, type, "", memory, CP_NIL);
    default: return load_integer(cp, type, memory);
    }
}
