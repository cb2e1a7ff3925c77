/* SPDX-License-Identifier: GPL-3.0-or-later */
/* struct_class.c: the class Struct: a struct or union of C, its fields by name; and what Pointers to structs share. */
#include "modules/ffi/c_value.h"
#include "modules/ffi/ffi_state.h"

/* ---- shared with Pointer ---- */

cp_value c_struct(cp_context *cp, const struct c_type *type, void *address, struct c_block *block) {
    cp_value v = cp_new(cp, ffi_state(cp)->structure);
    *place_of(v) = (struct place){*cp_object_of(v), type, address, block};
    return v;
}

bool c_is_struct(cp_context *cp, cp_value v) { return cp_has_class(v, cp_class_number(ffi_state(cp)->structure)); }

struct c_block *place_block(struct place *place) {
    if (!place->block) place->block = cp_alloc(sizeof *place->block);
    return place->block;
}

static const struct c_field *field_named(struct place *place, cp_value name) {
    const char *text;
    size_t size;
    if (!place->type || !c_type_is_aggregate(place->type) || !cp_bytes_of(name, &text, &size)) return NULL;
    return c_type_field(place->type, text, size);
}

static cp_value outside(cp_context *cp, struct place *place, const struct c_field *field) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "the field %s of %s lies outside of the memory", field->name,
                    place->type->name);
}

cp_value place_get_field(cp_context *cp, struct place *place, cp_value name) {
    const struct c_field *field = field_named(place, name);
    if (!field) return CP_UNSET;
    if (!c_block_has(place->block, place->address + field->offset, field->type->size)) return outside(cp, place, field);
    return c_load(cp, field->type, place->address + field->offset, place->block);
}

cp_value place_set_field(cp_context *cp, struct place *place, cp_value name, cp_value value) {
    const struct c_field *field = field_named(place, name);
    if (!field) return CP_UNSET;
    if (!c_block_has(place->block, place->address + field->offset, field->type->size)) return outside(cp, place, field);
    struct c_subject subject = {NULL, C_SUBJECT_FIELD, field->name, 0};
    if (!c_store(cp, &subject, field->type, value, place->address + field->offset, place_block(place)))
        return CP_THROWN;
    return value;
}

cp_value place_missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count) {
    struct place *place = place_of(self);
    const struct c_field *field = field_named(place, name);
    if (!field) return CP_UNSET;
    if (count < 0) return CP_NIL;
    if (count > 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a field: it takes one new value, %d given",
                        field->name, count);
    return count == 0 ? place_get_field(cp, place, name) : place_set_field(cp, place, name, arguments[0]);
}

/* ---- methods ---- */

static cp_value no_field(cp_context *cp, struct place *place, cp_value name) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "%s has no field %.60s", place->type->name, cp_text_z(cp, name));
}

static cp_value m_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value value = place_get_field(cp, place_of(self), arguments[0]);
    return value == CP_UNSET ? no_field(cp, place_of(self), arguments[0]) : value;
}

static cp_value m_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value value = place_set_field(cp, place_of(self), arguments[0], arguments[1]);
    return value == CP_UNSET ? no_field(cp, place_of(self), arguments[0]) : value;
}

static cp_value m_table(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct place *place = place_of(self);
    cp_value table = cp_table(cp);
    for (uint32_t i = 0; i < place->type->field_count; i++) {
        const struct c_field *field = &place->type->fields[i];
        if (!field->name) continue;
        cp_value name = cp_string_z(cp, field->name), value = place_get_field(cp, place, name);
        if (value == CP_THROWN || cp_table_set(cp, table, name, value) == CP_THROWN) return CP_THROWN;
    }
    return table;
}

static cp_value m_pointer(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct place *place = place_of(self);
    return c_pointer(cp, place->type, place->address, place_block(place));
}

static cp_value m_copy(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return c_allocate(cp, place_of(self)->type, self);
}

/* What stands in a field as text; pointers are not followed, because they may lead anywhere. */
static cp_value field_text(cp_context *cp, struct place *place, const struct c_field *field) {
    if (field->type->kind == C_POINTER) {
        void *address;
        memcpy(&address, place->address + field->offset, sizeof address);
        return address ? cp_string_format(cp, "%p", address) : cp_string_z(cp, "()");
    }
    if (field->type->kind == C_ARRAY && field->type->target->kind == C_POINTER)
        return cp_string_format(cp, "<%s>", c_type_text(cp, field->type));
    cp_value value = c_load(cp, field->type, place->address + field->offset, place->block);
    return value == CP_THROWN ? value : cp_to_source(cp, value);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    enum { SHOWN_FIELDS = 64 };
    struct place *place = place_of(self);
    cp_value text = cp_string_z(cp, place->type->name);
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    for (uint32_t i = 0; i < place->type->field_count && i < SHOWN_FIELDS; i++) {
        const struct c_field *field = &place->type->fields[i];
        if (!field->name) continue;
        cp_value shown = field_text(cp, place, field);
        if (shown == CP_THROWN) return shown;
        text = cp_string_format(cp, "%s %s: %.200s", cp_text_z(cp, text), field->name, cp_text_z(cp, shown));
    }
    return text;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"get", "Object", "((field String|Symbol))", m_get,
     "A field's value: Integer, Real, true or (), String for char * and arrays of char, Binary for arrays of "
     "unsigned char, List for other arrays, Pointer, CFunction; a Struct for a struct within, which is a view of "
     "the same memory. Error 1.4 for a name that is no field's."},
    {"set", "Object", "((field String|Symbol) (value Object))", m_set,
     "Changes a field; an Integer, Real, String, Binary, List or Array, HashTable, Pointer, Struct, Callback or () "
     "as its type wants. What a Pointer, Binary or String put there refers to lives as long as this Struct. Error "
     "1.8 for what is out of range or too long, 1.11 for a wrong class, 1.4 for no field."},
    {"table", "HashTable", "()", m_table, "All fields by name: Strings to values. A copy, but for structs within."},
    {"pointer", "Pointer", "()", m_pointer, "A Pointer to this memory."},
    {"copy", "Struct", "()", m_copy, "A Struct of the same type and contents in memory of its own."},
    {"string", "String", "()", m_string, "The type and the fields; pointers as addresses."},
    {0},
};

const cp_class_def struct_class = {
    .name = "Struct",
    .doc = "A struct or union of C. Its fields are read and set by the dot, (tm.tm_year 99), or by get and set where a "
           "field has the name of a method. Made by a Library's `new` and by functions that return one.",
    .size = sizeof(struct place),
    .flags = CP_CLASS_NOT_CREATABLE | CP_CLASS_STRING_IS_CONTENT,
    .major = 1,
    .methods = methods,
    .missing = place_missing,
};
