/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class_native.c: classes given as a cp_class_def table. Defining one stores the pointer; members, types and Functions
 * are made when the class is first used, so that a start pays nothing for the many classes a script does not touch.
 */
#include "interp/data/class_parts.h"
#include "interp/base/memory.h"

static cp_class *define(cp_class *c, const cp_class_def *definition) {
    size_t size = definition->size > sizeof(cp_object) ? definition->size : sizeof(cp_object);
    c->definition = definition;
    c->missing = definition->missing;
    c->slot_start = (uint32_t)((size + sizeof(cp_value) - 1) / sizeof(cp_value));
    c->major = definition->major || definition->minor ? definition->major : 1;
    c->minor = definition->minor;
    c->defined = true;
    c->version++;
    return c;
}

cp_class *class_define_builtin(cp_context *cp, enum cp_class_number number, const cp_class_def *definition) {
    cp_class *c = class_numbered(cp, number);
    if (strcmp(cp_class_name(c), definition->name) != 0)
        table_is_wrong(definition->name, cp_class_name(c), "wrong name");
    return define(c, definition);
}

cp_class *cp_define_class(cp_context *cp, const cp_class_def *definition) {
    cp_symbol *name = cp_symbol_of(cp_symbol_z(cp, definition->name));
    cp_class *c = class_lookup(cp, name);
    if (c && c->defined) {
        if (c->definition == definition) return c;
        if (c->number < CP_CLASS_FIRST_OTHER) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "class %s is built in and cannot be redefined", name->text);
            return NULL;
        }
        c = NULL;
    }
    if (!c) c = class_number_new(cp, name);
    class_point_name(cp, c);
    return define(c, definition);
}

/* ---- building ---- */

static struct type *type_of_text(cp_context *cp, const char *name) {
    return name ? type_named(cp, name, strlen(name)) : cp->known.type_object;
}

static struct member *member_new(cp_context *cp, const char *name, const char *type, const char *doc) {
    struct member *member = mem_alloc(sizeof *member);
    member->name = cp_symbol_of(cp_symbol_z(cp, name));
    member->type = type_of_text(cp, type);
    member->function = CP_UNSET;
    member->doc = doc ? cp_string_z(cp, doc) : CP_NIL;
    return member;
}

static void add(cp_class *c, struct member *member) {
    if (!interface_add(&c->interfaces[0], member))
        table_is_wrong(cp_class_name(c), member->name->text, "name used twice");
}

static void add_property(cp_context *cp, cp_class *c, const cp_property_def *property) {
    struct member *member = member_new(cp, property->name, property->type, property->doc);
    member->kind = property->get ? MEMBER_COMPUTED : MEMBER_SLOT;
    member->flags = property->flags & CP_READ_ONLY ? MEMBER_READ_ONLY : 0;
    member->property = property;
    if (!property->get) {
        member->slot = c->slot_start + c->slot_count++;
        if (property->initial) member->initial = cp->classes->read_literal(cp, property->initial);
        if (member->initial == CP_THROWN || !type_accepts(member->type, member->initial))
            table_is_wrong(cp_class_name(c), property->name, "bad initial value");
    }
    add(c, member);
}

static void add_method(cp_context *cp, cp_class *c, const cp_method_def *method) {
    struct member *member = member_new(cp, method->name, method->result, method->doc);
    member->kind = MEMBER_METHOD;
    member->function = function_new_native(cp, method, c);
    if (member->name != c->name) add(c, member);
    else if (c->constructor) table_is_wrong(cp_class_name(c), method->name, "two constructors");
    else c->constructor = member;
}

void class_build(cp_context *cp, cp_class *c) {
    if (c->built || !c->definition) return;
    c->built = true;
    const cp_class_def *definition = c->definition;
    if (definition->doc) c->doc = cp_string_z(cp, definition->doc);
    c->interfaces = mem_alloc(sizeof(struct interface));
    c->interface_count = 1;
    for (const cp_property_def *p = definition->properties; p && p->name; p++) add_property(cp, c, p);
    for (const cp_method_def *m = definition->methods; m && m->name; m++) add_method(cp, c, m);
    if (!c->slot_count) return;
    c->slot_initial = mem_alloc(c->slot_count * sizeof(cp_value));
    const struct interface *primary = &c->interfaces[0];
    for (uint32_t i = 0; i < primary->count; i++) {
        const struct member *member = primary->members[i];
        if (member->kind == MEMBER_SLOT) c->slot_initial[member->slot - c->slot_start] = member->initial;
    }
}
